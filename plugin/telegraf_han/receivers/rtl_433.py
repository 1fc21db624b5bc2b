"""Lines of rtl_433 into frames: an RTL-SDR dongle as a receiver.

With `-F json` each line is an object, with `-F csv` a row of a table whose first line names the columns; a comma within a value has
a backslash before it. A telegram of model "Wireless-MBus" holds the whole frame from its L field on in `data`, link CRCs removed
for format A, for format B the last one left, which `link` knows. All other models are sensors of the neighbourhood. Only
protocol 104, wireless M-Bus in modes C and T, is switched on. Levels (`-M level`) are dB of the dongle's full scale, not dBm, so
none is told. [seen] in logs and in the program's source; `"mic": "CRC"` says that the link's CRCs were right, other telegrams are
not printed.
"""

import re
from json import loads
from typing import Final

from telegraf_han.errors import FramingError
from telegraf_han.mbus import link
from telegraf_han.receivers._lines import Lines

LINE: Final = "115200 8N1"
"""A port that brings such lines has no standard."""
COMMAND: Final = ("rtl_433", "-R", "104", "-f", "868.95M", "-s", "1200k", "-F", "json")
NEEDS: Final = {"rtl_433": "sudo apt install rtl-433"}
"""Programs of the command, and where to get them."""
QUIET_S: Final = 900.0
"""A program that hangs prints nothing; so does a quiet house, where a start anew costs a second. GAMA meters send once a minute, most
others within a quarter of an hour."""

_MODEL: Final = "Wireless-MBus"
_COMMA: Final = re.compile(r"(?<!\\),")


class Receiver(Lines):
    """See the module."""

    __slots__ = ("_columns",)

    def __init__(self) -> None:
        super().__init__(self._telegram)
        self._columns: list[str] = []

    def _telegram(self, line: str) -> tuple[bytes, None] | None:
        """The frame of a line, None where it is another sensor's or no telegram. Raises FramingError, ChecksumError."""
        found = _object(line) if line.startswith("{") else self._row(line)
        if found.get("model") != _MODEL:
            return None
        digits = found.get("data")
        try:
            raw = bytes.fromhex(digits)  # type: ignore[arg-type]  # what is no text raises TypeError
        except (TypeError, ValueError):
            raise FramingError(f'line of {len(line)} characters has no hex in "data"') from None
        return link.telegram(raw), None

    def _row(self, line: str) -> dict[str, object]:
        """What a row of a table says; nothing where it is the one with the columns' names, or none."""
        values = _COMMA.split(line)
        if "model" in values and "data" in values:
            self._columns = values
        return dict(zip(self._columns, values, strict=True)) if len(values) == len(self._columns) else {}


def _object(line: str) -> dict[str, object]:
    """What an object says. Raises FramingError."""
    try:
        found: dict[str, object] = loads(line)
    except (ValueError, RecursionError):
        raise FramingError(f"line of {len(line)} characters is no whole JSON object") from None
    return found
