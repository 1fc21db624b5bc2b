"""Reads lines of rtl_433, which turns an RTL-SDR dongle into a receiver.

With `-F json` each line is an object. With `-F csv` it is a row of a table whose first line names the columns; a comma within a value has a
backslash before it. In a telegram of model "Wireless-MBus", `data` holds the whole frame from its L field on. For format A the link CRCs
are removed. For format B the last CRC is left, and `link` handles that. All other models are sensors in the neighbourhood. Only protocol
104, wireless M-Bus in modes C and T, is switched on. Levels (`-M level`) are dB of the dongle's full scale, not dBm. So no level is
reported.

[seen] in logs and in the program's source: `"mic": "CRC"` says that the link's CRCs were right. Other telegrams are not printed.
"""

import re
from json import loads
from typing import Final

from telegraf_han.errors import FramingError
from telegraf_han.language import _
from telegraf_han.mbus import link
from telegraf_han.receivers._lines import Lines

LINE: Final = "115200 8N1"
"""There is no standard for a port that sends such lines."""
COMMAND: Final = ("rtl_433", "-R", "104", "-f", "868.95M", "-s", "1200k", "-F", "json")
NEEDS: Final = {"rtl_433": "sudo apt install rtl-433"}
"""The programs in the command, and where to get them."""
QUIET_S: Final = 900.0
"""A program that hangs prints nothing. In a quiet house it prints nothing either, and starting it again costs a second. GAMA meters send
once per minute, most others within a quarter of an hour."""

_MODEL: Final = "Wireless-MBus"
_COMMA: Final = re.compile(r"(?<!\\),")


class Receiver(Lines):
    """See the module."""

    __slots__ = ("_columns",)

    def __init__(self) -> None:
        super().__init__(self._telegram, checked=True)
        self._columns: list[str] = []

    def _telegram(self, line: str) -> tuple[bytes, None] | None:
        """The frame of a line. None if it is from another sensor or no telegram. Raises FramingError, ChecksumError."""
        found = _object(line) if line.startswith("{") else self._row(line)
        if found.get("model") != _MODEL:
            return None
        digits = found.get("data")
        try:
            raw = bytes.fromhex(digits)  # type: ignore[arg-type]  # a value that is no text raises TypeError
        except (TypeError, ValueError):
            raise FramingError(_('line of {size} characters has no hex in "data"', size=len(line))) from None
        return link.telegram(raw), None

    def _row(self, line: str) -> dict[str, object]:
        """The content of a row of a table. Nothing if it is the row with the names of the columns, or no row."""
        values = _COMMA.split(line)
        if "model" in values and "data" in values:
            self._columns = values
        return dict(zip(self._columns, values, strict=True)) if len(values) == len(self._columns) else {}


def _object(line: str) -> dict[str, object]:
    """The content of an object. Raises FramingError."""
    try:
        found: dict[str, object] = loads(line)
    except (ValueError, RecursionError):
        raise FramingError(_("line of {size} characters is not a whole JSON object", size=len(line))) from None
    return found
