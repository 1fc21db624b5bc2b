"""Reads IMST iM871A-USB and iM170A: asks and sets up the stick and listens, by HCI messages.

WMBus HCI Specification V1.6. A message is A5, control field, message id, length and payload, and then the fields that the control field
announces. The low nibble of the control field is the endpoint. In its high nibble, 2, 4 and 8 announce time stamp, RSSI and CRC. The CRC is
X-25 over all bytes after A5. A received telegram is message 03 of endpoint 2 and begins at its C field. The length of the payload is its L.
Set Configuration with 0 in front is not stored.

[seen] in logs: the messages, with time stamp, RSSI and CRC as in E2; firmware 0x14 is the first that hears C1 and T1 at once, and link mode
10 is C1 with T1 on the iM871A, N1a on the iM170A (169 MHz). dBm is computed from RSSI by the straight part of the curve in the data sheet
of the radio. [assumed] a set-up was refused if the first byte of the answer is not 0, or if no answer comes.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from telegraf_han.ciphers import crc
from telegraf_han.errors import SourceError
from telegraf_han.language import _, marked
from telegraf_han.mbus import link
from telegraf_han.receivers._stick import Ask, Stick, Talk

LINE: Final = "57600 8N1"

_START: Final = 0xA5
_HEAD: Final = 4
_STAMPED, _LEVELLED, _CHECKED, _RESERVED = 0x20, 0x40, 0x80, 0x10
_LAST_MESSAGE: Final = {0x1: 0x27, 0x2: 0x05, 0x3: 0x07, 0x4: 0x02}
"""Endpoint → its highest message id. Bytes with another endpoint or id are no message."""
_MANAGEMENT: Final = 0x1
_RECEIVED: Final = (0x2, 0x03)
"""Endpoint and message id of a telegram."""
_LEVEL_AT_MINUS_100: Final = 45

_PING: Final = b"\xa5\x01\x01\x00"
_DEVICE_INFO: Final = b"\xa5\x01\x0f\x00"
_SET_CONFIGURATION: Final = b"\xa5\x01\x03\x06\x00\x02%c\x30\x01\x00"
"""Not stored. The first group holds the link mode. The second sets RSSI on and time stamp off."""
_PING_ANSWER, _SET_ANSWER, _INFO_ANSWER = 0x02, 0x04, 0x10
_INFO_BYTES: Final = 4


class _Module(NamedTuple):
    """The modes that a module can hear, and the first firmware for each."""

    name: str
    modes: tuple[tuple[int, int, str], ...]
    """The first firmware, the link mode, and the mode in words. Newest first."""


_MODULES: Final = {
    0x33: _Module("iM871A", ((0x14, 10, marked("T1 and C1")), (0x00, 3, "T1"))),
    0x36: _Module("iM170A", ((0x00, 10, "N1a at 169 MHz, where it cannot hear meters of 868 MHz"),)),
}


class Receiver(Stick):
    """See the module."""

    __slots__ = ()

    NAME = "iM871A"

    def cut(self, buffer: bytes) -> tuple[int, bytes] | None:
        """See Stick."""
        begin = buffer.find(_START)
        if begin:
            return (begin if begin > 0 else len(buffer)), b""
        if not _plausible(buffer):
            return 1, b""
        if len(buffer) < _HEAD or len(buffer) < (size := _HEAD + buffer[3] + _behind(buffer[1])):
            return None
        message = buffer[:size]
        return (size, message) if _fits(message) else (1, b"")

    def telegram(self, message: bytes) -> tuple[bytes, float | None] | None:
        """See Stick."""
        control, end = message[1], _HEAD + message[3]
        if (control & 0x0F, message[2]) != _RECEIVED:
            return None
        level = message[end + (4 if control & _STAMPED else 0)] if control & _LEVELLED else None
        return link.telegram(message[3:end]), None if level is None else dbm(level)

    def set_up(self) -> Talk:
        """Ask which module it is, then set the mode."""
        info = yield Ask(_DEVICE_INFO, _answers(_INFO_ANSWER))
        payload = info[_HEAD : _HEAD + info[3]]
        module = _MODULES.get(payload[0]) if len(payload) >= _INFO_BYTES else None
        if module is None:
            kind = payload[:1].hex() or _("unknown")
            raise SourceError(_("an IMST module answers, but it is neither an iM871A nor an iM170A (type {kind})", kind=kind))
        firmware = payload[2]
        version = f"{firmware >> 4}.{firmware & 0xF}"
        who = _("{stick} with firmware {version}", stick=module.name, version=version)
        mode, words = next((mode, words) for since, mode, words in module.modes if firmware >= since)
        done = yield Ask(_SET_CONFIGURATION % mode, _answers(_SET_ANSWER))
        if done[3] and done[_HEAD]:
            raise SourceError(
                _(
                    "the {stick} refuses to listen to {modes} (status {status:02X}); unplug it and plug it in again",
                    stick=who,
                    modes=_(words),
                    status=done[_HEAD],
                )
            )
        return _("{stick} with firmware {version}, listening to {modes}", stick=module.name, version=version, modes=_(words))

    def still_there(self) -> Talk:
        """A ping."""
        yield Ask(_PING, _answers(_PING_ANSWER))
        return ""


def dbm(level: int) -> float:
    """The level in dBm of an RSSI byte."""
    return min(0.0, -100 + (level - _LEVEL_AT_MINUS_100) / 2)


def _plausible(message: bytes) -> bool:
    """Whether these bytes can be the head of a message, or as much of a head as there is."""
    control, number = message[1:2], message[2:3]
    if not control:
        return True
    last = _LAST_MESSAGE.get(control[0] & 0x0F, 0)
    return not control[0] & _RESERVED and last > 0 and (not number or 0 < number[0] <= last)


def _answers(number: int) -> Callable[[bytes], bool]:
    """Whether a message is the one with that id from the device management."""
    return lambda message: (message[1] & 0x0F, message[2]) == (_MANAGEMENT, number)


def _behind(control: int) -> int:
    """Bytes after the payload."""
    return (4 if control & _STAMPED else 0) + (1 if control & _LEVELLED else 0) + (2 if control & _CHECKED else 0)


def _fits(message: bytes) -> bool:
    """Whether the CRC fits, where there is one."""
    return not message[1] & _CHECKED or crc.x25(message[1:-2]) == int.from_bytes(message[-2:], "little")
