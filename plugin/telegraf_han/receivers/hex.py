"""Reads lines of hex, one telegram per line, as other programs print, log or store wireless M-Bus.

Spaces, `|`, `_`, `:` and a leading `0x` have no meaning. `#` begins a comment. A log line `telegram=|2E44…|+12` holds its telegram after
"=", and the seconds since the log's first line after "+". These seconds are not used. Another program may have deciphered such a telegram
before it logged it. `mbus.security` detects this. A line may hold a telegram with or without link CRCs, of format A or B, as chips of mode
T, or a frame of wired M-Bus. `mbus.link` tells them apart.
"""

from typing import Final

from telegraf_han.errors import FramingError
from telegraf_han.language import _
from telegraf_han.mbus import link
from telegraf_han.receivers._lines import Lines

LINE: Final = "115200 8N1"
"""There is no standard for a port that sends hex lines. Most USB devices ignore the setting."""

_FOR_THE_EYE: Final = str.maketrans("", "", " \t\r|_:")
_LOGGED: Final = "telegram="


class Receiver(Lines):
    """One telegram per line, in hex."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(self._telegram)

    def _telegram(self, line: str) -> tuple[bytes, None] | None:
        """The frame of a line. None if the line holds only a comment. Raises FramingError, ChecksumError."""
        raw = _octets(line)
        if raw is None:
            return None
        frame = link.telegram(raw)
        self.checked = link.was_checked(raw, frame)
        return frame, None


def _octets(line: str) -> bytes | None:
    """The bytes that a line spells out. None if it holds only a comment. Raises FramingError."""
    try:
        return bytes.fromhex(line)  # most lines hold nothing else
    except ValueError:
        return _spelled_out(line)


def _spelled_out(line: str) -> bytes | None:
    """The same for a line with signs between its digits or words around them."""
    written = line.partition("#")[0]
    if _LOGGED in written:
        written = written.partition(_LOGGED)[2].partition("+")[0]
    digits = written.translate(_FOR_THE_EYE)
    digits = digits[2:] if digits[:2] in ("0x", "0X") else digits
    if not digits:
        return None
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise FramingError(_("line of {size} characters is not hex", size=len(line))) from None
