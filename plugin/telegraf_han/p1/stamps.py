"""Reads times as P1 meters write them: DSMR's `YYMMDDhhmmssX`, spelt out, or as a date and a time of day in two values.

DSMR has one form (P1 companion 5.0.2, 6.4: TST). Other meters write `2024-01-11 09:35:00`, `24-01-11 09:35`, `20240111093500` or
`2024-01-11T09:35:00+01:00`. Meters with the line list of IEC 62056-21 write the time of day under 0.9.1 and the date under 0.9.2 [seen:
`22:25:53` and `25-10-02`, `222553` and `251002`]. Their stamps may have one digit before the figures: 0 is winter, 1 is summer [seen], 2 is
UTC [assumed].

A meter that does not know the time says so with zeros, nines, set bits, dashes or nothing. That is no error. The year comes first, as in
ISO 8601. Only dots allow the day to come first, and then the year has four figures: `10.04.26` may be of 2010 or of 2026.
"""

import re
from typing import Final, NamedTuple

from telegraf_han import clock
from telegraf_han.clock import Season, Zone
from telegraf_han.errors import RecordError
from telegraf_han.language import _

# Patterns are texts. `re` compiles and keeps them when they are first needed, because a meter of DSMR needs none.
_TST: Final = rb"\d{12}[SsWw]?"
_SPELT: Final = (
    rb"(?P<date>(?:20)?\d\d([-/]?)\d\d\2\d\d|20\d\d\.\d\d\.\d\d|\d\d\.\d\d\.20\d\d)"
    rb"(?:,? |[Tt_,])?(?P<time>\d\d(:?)\d\d(?:\4\d\d)?)(?:[.,]\d{1,9})?"
    rb" ?(?P<season>[SsWw]?)(?P<zone>(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)"
)
_SEASON_DIGIT: Final = rb"([012])(\d{12}|\d{10})"
_PART_WITH_DIGIT: Final = rb"([012])(\d{6})"

_SEASONS: Final[dict[bytes, Season]] = {b"S": "summer", b"W": "winter", b"": ""}
_OF_DIGIT: Final = {b"0": b"W", b"1": b"S", b"2": b"Z"}
_SIGNS: Final = b"-:./,_ TtSsWwZz"
"""What stands between and behind the figures of a time."""
_NO_FIGURES: Final = b"09Ff?*\xff\0"
"""A time whose figures are all one of these is no time."""
_NEVER_READ: Final = b"632525252525"
"""What DSMR meters send beside a register that was never read [seen]."""
_FIRST_YEAR: Final = 10
"""No meter with a P1 port is older. `02-10-25` is no day of 2002, but of 2025 with the day first, which nobody can tell of `12-10-25`."""
_LETTERS: Final = b"SsWw"
_DATE_FIGURES: Final = 6
_NS: Final = 1_000_000_000


class Stamp(NamedTuple):
    """A time that was read."""

    time_ns: int | None
    """UTC. None if the text says that there is no time."""
    season_told: bool = True
    """False if the text does not say which of its zone's two offsets is meant, so that the zone's rule decided."""


_NONE: Final = Stamp(None)


def read(text: bytes, zone: Zone) -> Stamp:
    """Read date and time. Raises RecordError."""
    bare = text.strip()
    if _says_none(bare):
        return _NONE
    if re.fullmatch(_TST, bare):
        return _stamp(clock.tst_ns(bare, zone), zone, told=bare[-1:].isalpha())
    numbered = re.fullmatch(_SEASON_DIGIT, bare)
    if numbered is not None:
        bare = b"20" + numbered[2] + _OF_DIGIT[numbered[1]]
    found = re.fullmatch(_SPELT, bare)
    if found is None:
        raise RecordError(_("time stamp of {size} characters is not a date and a time", size=len(text)))
    wall = (*_date(found["date"]), *_time_of_day(found["time"]))
    season = _SEASONS[found["season"].upper()]
    if not found["zone"]:
        return _stamp(clock.utc_ns(wall, season, zone), zone, told=bool(season))
    winter_s = zone.offsets_s(wall[0])[0]
    return Stamp(clock.utc_ns(wall, "winter", zone) + (winter_s - _east_s(found["zone"])) * _NS)


def read_parts(day: bytes, time: bytes, zone: Zone) -> Stamp:
    """Read a date and a time of day, either of them with or without a season letter or digit. Raises RecordError."""
    bare, bare_time = day.strip().rstrip(_LETTERS), time.strip().rstrip(_LETTERS)
    letter = (time.strip()[len(bare_time) :] or day.strip()[len(bare) :])[:1]
    numbered = [re.fullmatch(_PART_WITH_DIGIT, part) for part in (bare, bare_time)]
    if numbered[0] or numbered[1]:
        letter = _OF_DIGIT[(numbered[1] or numbered[0])[1]]  # type: ignore[index]
        bare, bare_time = (one[2] if one else part for one, part in zip(numbered, (bare, bare_time), strict=True))
    if _says_none(bare) or (_says_none(bare_time) and not bare_time.startswith(b"0")):
        return _NONE
    return read(b"%b %b%b" % (bare, bare_time, letter), zone)


def _stamp(time_ns: int, zone: Zone, *, told: bool) -> Stamp:
    return Stamp(time_ns, told or not zone.changes(time_ns // _NS))


def _says_none(text: bytes) -> bool:
    figures = text.translate(None, _SIGNS)
    first = figures[:1]
    return (
        not figures
        or figures == _NEVER_READ
        or (first in _NO_FIGURES and not figures.strip(first))
        or (len(figures) > _DATE_FIGURES and not figures[:_DATE_FIGURES].strip(b"0"))
    )


def _date(text: bytes) -> tuple[int, int, int]:
    """Year, month and day."""
    parts = text.split(b".")
    figures = b"".join(parts if len(parts[0]) > 2 else parts[::-1]).translate(None, b"-/")  # noqa: PLR2004, a day has two figures
    if len(figures) <= _DATE_FIGURES:
        if int(figures[:2]) < _FIRST_YEAR:
            begin = figures[:2].decode()
            raise RecordError(_("a date begins with {begin}, which is no year of a meter: perhaps the day comes first", begin=begin))
        figures = b"20" + figures
    return int(figures[:4]), int(figures[4:6]), int(figures[6:8])


def _time_of_day(text: bytes) -> tuple[int, int, int]:
    """Hour, minute and second."""
    figures = text.translate(None, b":").ljust(_DATE_FIGURES, b"0")
    return int(figures[:2]), int(figures[2:4]), int(figures[4:6])


def _east_s(text: bytes) -> int:
    """Seconds east of UTC of `Z`, `+01:00` or `-0500`."""
    figures = text[1:].replace(b":", b"").ljust(4, b"0")
    east_s = int(figures[:2]) * 3600 + int(figures[2:]) * 60
    return -east_s if text[:1] == b"-" else east_s
