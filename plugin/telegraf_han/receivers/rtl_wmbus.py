"""Reads lines of rtl_wmbus, which turns an RTL-SDR dongle into a receiver, through rtl_sdr.

A line is `[rla;|t2a;]MODE;CRC;3OUTOF6;TIME;PACKET_RSSI;CURRENT_RSSI;ID;0xHEX` (rtl_wmbus.c). It holds the frame without link CRCs, and two
flags that say whether CRCs and chips were right. Forks of the program leave fields empty. Two decoders run at once, so a telegram comes
twice. The second of two equal lines in a row is dropped here. `decoding` recognises repeats that are further apart. The level is a number
without a unit, except in forks that print it in dBm. A level in dBm is below zero.

[seen] in logs: both forms, lines with failed flags, "rla;" and "t2a;" with option -v. `-f` ends the program when samples stop, so that it
is restarted. `-o` removes the DC. Without `-o`, a dongle that is a little off frequency hears much less.
"""

from typing import Final

from telegraf_han.errors import ChecksumError, FramingError
from telegraf_han.language import _
from telegraf_han.mbus import link
from telegraf_han.receivers._lines import Lines

LINE: Final = "115200 8N1"
"""There is no standard for a port that sends such lines."""
COMMAND: Final = ("sh", "-c", "rtl_sdr -f 868.95M -s 1600000 - | rtl_wmbus -f -o")
NEEDS: Final = {"rtl_sdr": "sudo apt install rtl-sdr", "rtl_wmbus": "https://github.com/xaelsouth/rtl-wmbus"}
"""The programs in the command, and where to get them."""
QUIET_S: Final = 900.0
"""A program that hangs prints nothing. In a quiet house it prints nothing either, and starting it again costs a second. GAMA meters send
once per minute, most others within a quarter of an hour."""

_DECODERS: Final = ("rla;", "t2a;")
_FIELDS: Final = 8
_GOOD: Final = "1"


class Receiver(Lines):
    """See the module."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        super().__init__(self._telegram, checked=True)
        self._last = ""

    def _telegram(self, line: str) -> tuple[bytes, float | None] | None:
        """The frame of a line, unless the line repeats the one before, and its level in dBm if it has that unit."""
        fields = _fields(line)
        if fields is None:
            return None
        if fields[1] != _GOOD or fields[2] != _GOOD:
            raise ChecksumError(_("rtl_wmbus reports that the CRC or the chips of a telegram are wrong"))
        digits = fields[-1]
        if digits == self._last:
            self._last = ""
            return None
        self._last = digits
        try:
            raw = bytes.fromhex(digits[2:])
        except ValueError:
            raise FramingError(_("line of {size} characters is not hex after 0x", size=len(line))) from None
        return link.telegram(raw), _dbm(fields[4])


def _fields(line: str) -> list[str] | None:
    """The eight fields. None if the line is not from rtl_wmbus."""
    for decoder in _DECODERS:
        line = line.removeprefix(decoder)
    fields = [field.strip() for field in line.split(";")]
    return fields if len(fields) == _FIELDS and fields[-1][:2] in ("0x", "0X") else None


def _dbm(level: str) -> float | None:
    """A level below zero is in dBm. The program's own level has no unit."""
    try:
        value = float(level)
    except ValueError:
        return None
    return value if -200 < value < 0 else None  # noqa: PLR2004, no receiver hears less
