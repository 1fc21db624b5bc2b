"""Reads CUL and nanoCUL (culfw, a-culfw): asks and sets up the stick and listens, line by line.

culfw's command reference: "V" asks for the version. "brt" listens to T mode, and the answer is TMODE. After "X21" the stick adds LQI and
RSSI to each telegram. A line of "b" and hex is a whole frame of format A with its link CRCs. A line of "bY" is a frame of format B. Behind
the frame follow LQI and RSSI, a byte each. The level in dBm is half the signed byte less 74 (CC1101 data sheet). A line of any other length
is refused. Otherwise a line that the stick's firmware has cut short would be taken for a frame without CRCs.

[seen] in logs: lines of at most 148 bytes, with an odd number of digits or a failing CRC behind them; culfw answers "? (… is unknown)" to a
command that it was built without.
"""

from typing import Final

from telegraf_han.errors import ChecksumError, CutShortError, FramingError, SourceError
from telegraf_han.language import _, marked
from telegraf_han.mbus import link
from telegraf_han.receivers._lines import LINE_LIMIT
from telegraf_han.receivers._stick import Ask, Stick, Talk, cc1101_dbm

LINE: Final = "38400 8N1"

_END: Final = b"\n"
_VERSION, _LISTEN, _REPORT = b"V\r\n", b"brt\r\n", b"X21\r\n"
_LISTENS: Final = b"TMODE"
_UNKNOWN: Final = b"? ("
_FIRMWARES: Final = (b"CUL", b"culfw")
_FORMAT_B: Final = b"bY"
_LEVELS: Final = 2
"""Bytes after a frame: LQI, RSSI."""
_FIRST, _BLOCK, _CRC = 10, 16, 2
_CUT: Final = marked("the stick's firmware cuts long telegrams: install a firmware with a longer buffer, or use another receiver")
_VERSION_SHOWN: Final = 48
"""Characters of a version that are shown."""


class Receiver(Stick):
    """See the module."""

    __slots__ = ()

    NAME = "CUL"

    def cut(self, buffer: bytes) -> tuple[int, bytes] | None:
        """See Stick. An empty line is no noise."""
        end = buffer.find(_END)
        if end < 0:
            return None if len(buffer) <= LINE_LIMIT else (len(buffer), b"")
        return end + 1, buffer[:end].strip() or _END

    def telegram(self, message: bytes) -> tuple[bytes, float | None] | None:
        """See Stick."""
        if not message.startswith(b"b"):
            return None
        digits = message.removeprefix(_FORMAT_B) if message.startswith(_FORMAT_B) else message[1:]
        if len(digits) % 2:
            raise CutShortError(_("line of {size} characters ends with half a byte; {how}", size=len(message), how=_(_CUT)))
        try:
            raw = bytes.fromhex(digits.decode("ascii"))
        except ValueError:
            raise FramingError(_("line of {size} characters is not hex", size=len(message))) from None
        if len(raw) < _FIRST:
            raise FramingError(_("{size} bytes are not a telegram", size=len(raw)))
        size = raw[0] + 1 if message.startswith(_FORMAT_B) else _size_of_a(raw[0])
        if len(raw) < size:
            raise CutShortError(
                _("length field announces {size} bytes, but {arrived} arrived; {how}", size=size, arrived=len(raw), how=_(_CUT))
            )
        if len(raw) - size not in (0, _LEVELS):
            raise FramingError(_("length field announces {size} bytes, but {arrived} arrived", size=size, arrived=len(raw)))
        return _checked(raw[:size]), cc1101_dbm(raw[-1]) if len(raw) > size else None

    def set_up(self) -> Talk:
        """Ask for the firmware, then set the mode."""
        version = yield Ask(_VERSION, _is_version)
        words = version[2 : 2 + _VERSION_SHOWN].decode("ascii", "replace")
        words = "".join(letter if letter.isprintable() else "?" for letter in words)
        listens = yield Ask(_LISTEN, lambda line: line.endswith(b"MODE") or line == b"OFF" or line.startswith(_UNKNOWN))
        if listens.startswith(_UNKNOWN):
            raise SourceError(
                _("the CUL's firmware ({words}) has no wireless M-Bus: install a culfw or a-culfw that was built with it", words=words)
            )
        if listens != _LISTENS:
            raise SourceError(_("the CUL's firmware ({words}) refuses to listen to T1; unplug it and plug it in again", words=words))
        yield Ask(_REPORT, None)
        return _("{stick} with firmware {version}, listening to {modes}", stick="CUL", version=words, modes="T1")

    def still_there(self) -> Talk:
        """Ask for the version."""
        yield Ask(_VERSION, _is_version)
        return ""


def _size_of_a(length: int) -> int:
    """Bytes of a whole frame of format A (EN 13757-4, 12.3): it has a CRC after the first 10 and after every 16 from there on."""
    blocks = 1 + max(0, length + 1 - _FIRST + _BLOCK - 1) // _BLOCK
    return length + 1 + _CRC * blocks


def _checked(raw: bytes) -> bytes:
    """A frame without its CRCs. A frame that had no CRCs is refused. Raises TelegramError."""
    frame = link.telegram(raw)
    if len(frame) == len(raw):
        raise ChecksumError(_("link CRC of a frame of format B does not fit"))
    return frame


def _is_version(line: bytes) -> bool:
    """Whether a line is a version of culfw."""
    return line.startswith(b"V ") and any(word in line for word in _FIRMWARES)
