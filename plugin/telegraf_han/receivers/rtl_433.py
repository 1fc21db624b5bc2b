"""Lines of rtl_433 into frames: an RTL-SDR dongle as a receiver.

With `-F json` each line is an object; one of model "Wireless-MBus" holds the whole frame from its L field on in `data`, link CRCs
removed for format A, for format B the last one left, which `link` knows. All other models are sensors of the neighbourhood. Only
protocol 104, wireless M-Bus in modes C and T, is switched on. Levels (`-M level`) are dB of the dongle's full scale, not dBm, so
none is told. [seen] in logs: the objects; `"mic": "CRC"` says that the link's CRCs were right, other telegrams are not printed.
"""

from json import loads
from typing import Final

from telegraf_han.errors import FramingError
from telegraf_han.mbus import link
from telegraf_han.receivers import Lines

LINE: Final = "115200 8N1"
"""A port that brings such lines has no standard."""
COMMAND: Final = ("rtl_433", "-R", "104", "-f", "868.95M", "-s", "1200k", "-F", "json")
NEEDS: Final = {"rtl_433": "sudo apt install rtl-433"}
"""Programs of the command, and where to get them."""
QUIET_S: Final = 900.0
"""A program that hangs prints nothing; so does a quiet house, where a start anew costs a second. GAMA meters send once a minute, most
others within a quarter of an hour."""

_MODEL: Final = "Wireless-MBus"


class Receiver(Lines):
    """See the module."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(telegram)


def telegram(line: str) -> tuple[bytes, None] | None:
    """The frame of a line, None where it is another sensor's or no object. Raises FramingError, ChecksumError."""
    if not line.startswith("{"):
        return None
    try:
        found = loads(line)
    except (ValueError, RecursionError):
        raise FramingError(f"line of {len(line)} characters is no whole JSON object") from None
    if found.get("model") != _MODEL:
        return None
    digits = found.get("data")
    try:
        raw = bytes.fromhex(digits)
    except (TypeError, ValueError):
        raise FramingError(f'line of {len(line)} characters has no hex in "data"') from None
    return link.telegram(raw), None
