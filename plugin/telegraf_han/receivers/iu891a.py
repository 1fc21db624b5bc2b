"""Reads IMST iU891A and iU893A: asks and sets up the stick and listens, by SLIP packets.

IMST, iU891A-XL WMBus Host Interface. A packet begins and ends with C0. Inside, DB DC means C0 and DB DD means DB. A packet holds a service
(01 device management, 09 wM-Bus gateway), a message number, a payload and X-25 over all, low byte first. An answer's payload begins with a
status, 0 for done. A received telegram is message 20 of the gateway: time stamp 4, status 2, a byte, the level in dBm as a signed byte,
then L C …. Only the active configuration is set. It is lost when the stick loses power. Everything in it except mode and options is sent
back as it was read.

[seen] in logs: the packets, their CRC and the thirty C0 that wake the stick up. [assumed] an answer with a status other than 0 is a
refusal.
"""

from collections.abc import Callable
from typing import Final

from telegraf_han.ciphers import crc
from telegraf_han.errors import FramingError, SourceError
from telegraf_han.language import _, marked
from telegraf_han.mbus import link
from telegraf_han.receivers._stick import Ask, Stick, Talk, signed

LINE: Final = "115200 8N1"

_END: Final = 0xC0
_ESCAPED_END, _ESCAPED_ESCAPE = b"\xdb\xdc", b"\xdb\xdd"
_WAKE_UP: Final = bytes([_END]) * 30
_CRC: Final = 2
_LONGEST: Final = 2 * (2 + 8 + 256 + _CRC)
"""Bytes between two C0: the longest telegram, each byte escaped."""

_INFO, _INFO_ANSWER = b"\x01\x03", b"\x01\x04"
_CONFIGURATION, _CONFIGURATION_ANSWER = b"\x09\x01", b"\x09\x02"
_CONFIGURE, _CONFIGURE_ANSWER = b"\x09\x03", b"\x09\x04"
_RECEIVED: Final = b"\x09\x20"
_LEVEL_AT, _FRAME_AT = 9, 10
_STATUS_AT, _ANSWER_AT = 2, 3
_CONFIGURATION_BYTES: Final = 11
_TELL_RECEIVED: Final = b"\x02\x00"
"""Options: no filter, received telegrams are reported, sent ones are not, no recalibration."""
_MODES: Final = ((3, marked("T1 and C1")), (2, "T1"))
"""In the order in which they are tried: the mode, and the mode in words."""
_MODULES: Final = {0x6D: "iM891A", 0x6E: "iU891A", 0x71: "iU893A", 0xA3: "iM881A"}


class Receiver(Stick):
    """See the module."""

    __slots__ = ()

    NAME = "iU891A"

    def cut(self, buffer: bytes) -> tuple[int, bytes] | None:
        """See Stick. The C0 after a packet may also be the C0 before the next one."""
        begin = len(buffer) - len(buffer.lstrip(bytes([_END])))
        end = buffer.find(_END, begin)
        if end < 0:
            return None if len(buffer) <= _LONGEST else (len(buffer), b"")
        content = _content(buffer[begin:end])
        return (end + 1, content) if content else (end, b"")

    def rest(self, buffer: bytes) -> bytes:
        """A C0 alone is the end of a packet, sent twice."""
        return buffer if not buffer.strip(bytes([_END])) else b""

    def telegram(self, message: bytes) -> tuple[bytes, float | None] | None:
        """See Stick."""
        if message[:2] != _RECEIVED:
            return None
        if len(message) < _FRAME_AT:
            raise FramingError(_("message of {size} bytes holds no telegram", size=len(message)))
        return link.telegram(message[_FRAME_AT:]), float(signed(message[_LEVEL_AT]))

    def set_up(self) -> Talk:
        """Ask which module it is, then set the mode."""
        yield Ask(_WAKE_UP, None)
        info = yield Ask(packet(_INFO), _answers(_INFO_ANSWER))
        kind = info[_ANSWER_AT]
        name = _MODULES.get(kind)
        if name is None:
            raise SourceError(
                _("an IMST module answers, but it is not for wireless M-Bus (type {kind:02X}); those for LoRa look the same", kind=kind)
            )
        read = yield Ask(packet(_CONFIGURATION), _answers(_CONFIGURATION_ANSWER))
        others = read[_ANSWER_AT + 3 : _ANSWER_AT + _CONFIGURATION_BYTES].ljust(_CONFIGURATION_BYTES - 3, b"\0")
        for mode, words in _MODES:
            wanted = bytes([mode]) + _TELL_RECEIVED + others
            done = yield Ask(packet(_CONFIGURE + wanted), _answers(_CONFIGURE_ANSWER))
            if not done[_STATUS_AT]:
                return _("{stick} listening to {modes}", stick=name, modes=_(words))
        raise SourceError(
            _(
                "the {stick} refuses to listen to {modes} (status {status:02X}); unplug it and plug it in again",
                stick=name,
                modes="T1",
                status=done[_STATUS_AT],
            )
        )

    def still_there(self) -> Talk:
        """Ask which module it is."""
        yield Ask(_WAKE_UP, None)
        yield Ask(packet(_INFO), _answers(_INFO_ANSWER))
        return ""


def packet(content: bytes) -> bytes:
    """A packet, as it is sent."""
    octets = content + crc.x25(content).to_bytes(_CRC, "little")
    escaped = octets.replace(b"\xdb", _ESCAPED_ESCAPE).replace(b"\xc0", _ESCAPED_END)
    return b"\xc0" + escaped + b"\xc0"


def _content(escaped: bytes) -> bytes:
    """The content of a packet without its CRC. b"" if the CRC does not fit."""
    octets = escaped.replace(_ESCAPED_END, b"\xc0").replace(_ESCAPED_ESCAPE, b"\xdb")
    content = octets[:-_CRC]
    return content if len(content) > 1 and crc.x25(content) == int.from_bytes(octets[-_CRC:], "little") else b""


def _answers(message: bytes) -> Callable[[bytes], bool]:
    """Whether a packet is that message, with its status and whatever else it must hold."""
    least = {_INFO_ANSWER: _ANSWER_AT + 1}.get(message, _ANSWER_AT)
    return lambda found: found[:2] == message and len(found) >= least
