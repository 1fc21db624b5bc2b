"""Converts a meter's local time to UTC nanoseconds, also in the hour that comes twice.

A meter sends local time with a mark of the season. The mark is the letter S or W (DSMR, `YYMMDDhhmmssX`) or a summer-time bit (EN
13757-3 Annex A, types F and I). A mark gives the offset by itself. If the mark is missing, the rule of the time zone decides. In
the hour that October repeats, and in the hour that March leaves out, a missing mark means winter. The time zone of the host is never
used.

Warsaw's rule is written out here (European summer time, directive 2000/84/EC: last Sundays of March and October, 01:00 UTC). So the
usual meter needs neither `zoneinfo` nor a zone database on the machine. A test compares this rule with `zoneinfo`. Any other zone is
looked up in `zoneinfo`.

[seen] the letter on real P1 telegrams, and the summer bit in type I of a real GAMA350. [assumed] if the bit is not set in July, the meter
does not use the bit. It does not mean that the meter stays on winter time.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import Final, Literal

from telegraf_han.errors import RecordError
from telegraf_han.language import _, counted

Season = Literal["summer", "winter", ""]

_DAY_S: Final = 86_400
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_HOUR_S: Final = 3_600
_NS: Final = 1_000_000_000
_TST_DIGITS: Final = 12
_MINUTE_DIGITS: Final = 10
_SEASONS: Final[dict[bytes, Season]] = {b"S": "summer", b"W": "winter", b"": ""}


class Zone:
    """A time zone's offsets, looked up when first needed."""

    __slots__ = ("name",)

    def __init__(self, name: str = "Europe/Warsaw") -> None:
        """`name` is a name of the IANA database. Raises ValueError if nothing is known about it."""
        self.name: Final = name
        if name not in _EUROPEAN:
            _offsets_of_year(name, 2026)

    def offsets_s(self, year: int) -> tuple[int, int]:
        """Seconds east of UTC in winter and in summer of that year."""
        return _EUROPEAN.get(self.name) or _offsets_of_year(self.name, year)

    def offset_s(self, utc_s: int) -> int:
        """Seconds east of UTC at that moment."""
        european = _EUROPEAN.get(self.name)
        if european is None:
            offset = datetime.fromtimestamp(utc_s, _zoneinfo(self.name)).utcoffset()
            return int(offset.total_seconds()) if offset else 0
        begin_s, end_s = _summer_of_day(utc_s // _DAY_S)
        return european[1] if begin_s <= utc_s < end_s else european[0]

    def changes(self, utc_s: int) -> bool:
        """Whether winter and summer differ in the year of that moment."""
        winter_s, summer_s = self.offsets_s(date.fromordinal(utc_s // _DAY_S + _EPOCH_DAY).year)
        return winter_s != summer_s


_EUROPEAN: Final = {"Europe/Warsaw": (_HOUR_S, 2 * _HOUR_S)}


def _zoneinfo(name: str):  # type: ignore[no-untyped-def] # noqa: ANN202, the type would import zoneinfo for everybody
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    try:
        return ZoneInfo(name)
    except (OSError, KeyError, ValueError):
        # The message does not repeat the name: it may be a key in the wrong place.
        raise ValueError(_('a time zone that this machine knows is expected, such as "Europe/Warsaw"')) from None


@lru_cache(256)
def _offsets_of_year(name: str, year: int) -> tuple[int, int]:
    zone = _zoneinfo(name)
    offsets = [datetime(year, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)]
    seconds = sorted(int(offset.total_seconds()) for offset in offsets if offset is not None)
    return seconds[0], seconds[-1]


@lru_cache(16)
def _summer_of_year(year: int) -> tuple[int, int]:
    """First second (UTC) of European summer time, and the first second after it."""
    bounds = []
    for month in (3, 10):
        last = date(year, month, 31)
        sunday = last.toordinal() - last.isoweekday() % 7
        bounds.append((sunday - _EPOCH_DAY) * _DAY_S + _HOUR_S)
    return bounds[0], bounds[1]


@lru_cache(64)
def _summer_of_day(day: int) -> tuple[int, int]:
    return _summer_of_year(date.fromordinal(day + _EPOCH_DAY).year)


def utc_ns(wall: tuple[int, int, int, int, int, int], season: Season, zone: Zone) -> int:
    """Local time (year, month, day, hour, minute, second) to UTC ns. Raises RecordError if there is no such time."""
    *_date, hour, minute, second = wall
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004, the clock's own numbers
        raise RecordError(
            _("clock says {hour:02}:{minute:02}:{second:02}, which is not a time of day", hour=hour, minute=minute, second=second)
        )
    if season or zone.name in _EUROPEAN:
        return _hour_ns(wall[:4], season, zone) + (minute * 60 + second) * _NS
    return _wall_ns(wall, season, zone)


@lru_cache(64)
def _hour_ns(hour: tuple[int, int, int, int], season: Season, zone: Zone) -> int:
    """Start of an hour in UTC ns. Raises RecordError if there is no such date.

    It is remembered, because a meter sends the same hour 3,600 times. Poland's offset does not change within an hour. In a few other zones
    it does.
    """
    return _wall_ns((*hour, 0, 0), season, zone)


def _wall_ns(wall: tuple[int, int, int, int, int, int], season: Season, zone: Zone) -> int:
    """Local time to UTC ns, if the time of day is one. Raises RecordError if there is no such date."""
    year, month, day, hour, minute, second = wall
    try:
        days = date(year, month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        raise RecordError(_("clock says {year:04}-{month:02}-{day:02}, which is not a date", year=year, month=month, day=day)) from None
    wall_s = days * _DAY_S + hour * _HOUR_S + minute * 60 + second
    winter_s, summer_s = zone.offsets_s(year)
    if not season:
        is_winter = zone.offset_s(wall_s - winter_s) == winter_s or zone.offset_s(wall_s - summer_s) != summer_s
        season = "winter" if is_winter else "summer"
    return (wall_s - (summer_s if season == "summer" else winter_s)) * _NS


def tst_ns(text: bytes, zone: Zone) -> int:
    """DSMR's TST `YYMMDDhhmmss` with S, W or no letter to UTC ns. Raises RecordError."""
    digits, letter = text[:_TST_DIGITS], text[_TST_DIGITS:].upper()
    if len(digits) != _TST_DIGITS or not digits.isdigit() or letter not in _SEASONS:
        raise RecordError(_("time stamp of {size} characters is not YYMMDDhhmmss with S or W", size=len(text)))
    minute, second = int(digits[-4:-2]), int(digits[-2:])
    if minute > 59 or second > 59:  # noqa: PLR2004, the clock's own numbers
        raise RecordError(_("clock says {minute:02} minutes and {second:02} seconds, which is not a time", minute=minute, second=second))
    year, month, day, hour = (int(digits[place : place + 2]) for place in (0, 2, 4, 6))
    return utc_ns((2000 + year, month, day, hour, minute, second), _SEASONS[letter], zone)


def tst(text: bytes, zone: Zone) -> tuple[int, str]:
    """The same in UTC ns, and as `rfc3339` writes it. Raises RecordError."""
    minute = _minute_of(text[:_MINUTE_DIGITS], text[_TST_DIGITS:], zone)
    second = text[_MINUTE_DIGITS:_TST_DIGITS]
    if minute is None or len(second) != _TST_DIGITS - _MINUTE_DIGITS or not second.isdigit() or second > b"59":
        time_ns = tst_ns(text, zone)
        return time_ns, rfc3339(time_ns, zone)
    begin_ns, before, behind = minute
    return begin_ns + int(second) * _NS, f"{before}{second.decode()}{behind}"


@lru_cache(64)
def _minute_of(digits: bytes, letter: bytes, zone: Zone) -> tuple[int, str, str] | None:
    """A minute `YYMMDDhhmm`: its start in UTC ns, and the text before and after the seconds. None if it is none.

    It is remembered, because a meter sends the same minute 60 times.
    """
    try:
        begin_ns = tst_ns(digits + b"00" + letter, zone)
    except RecordError:
        return None
    return begin_ns, *_minute_text(begin_ns // _NS // 60, zone)


def rfc3339(time_ns: int, zone: Zone) -> str:
    """UTC ns as local time with its offset, to the second: 2026-04-10T15:05:53+02:00."""
    minute, second = divmod(time_ns // _NS, 60)
    before, behind = _minute_text(minute, zone)
    return f"{before}{second:02}{behind}"


@lru_cache(64)
def _minute_text(minute: int, zone: Zone) -> tuple[str, str]:
    """The text before and after the seconds.

    It is remembered, because a meter sends the same minute 60 times. Offsets are whole minutes.
    """
    if zone.name in _EUROPEAN:
        before, behind = _hour_text(minute // 60, zone)
        return f"{before}{minute % 60:02}:", behind
    return _before_and_behind(minute, zone)


@lru_cache(64)
def _hour_text(hour: int, zone: Zone) -> tuple[str, str]:
    """The text before and after minute and second, where offsets are whole hours and change at full hours."""
    before, behind = _before_and_behind(hour * 60, zone)
    return before.removesuffix("00:"), behind


def _before_and_behind(minute: int, zone: Zone) -> tuple[str, str]:
    offset_s = zone.offset_s(minute * 60)
    day, minute_of_day = divmod(minute + offset_s // 60, _DAY_S // 60)
    sign, east_s = ("-", -offset_s) if offset_s < 0 else ("+", offset_s)
    date_text = date.fromordinal(day + _EPOCH_DAY).isoformat()
    return f"{date_text}T{minute_of_day // 60:02}:{minute_of_day % 60:02}:", f"{sign}{east_s // _HOUR_S:02}:{east_s // 60 % 60:02}"


_SPANS_S: Final = (_DAY_S, _HOUR_S, 60)
_UNITS: Final = ("d", "h", "min")


def span(seconds: float, *, in_words: bool = False) -> str:
    """A time in the largest unit of which there are at least two: 45 s, 3 min, 2 h. `in_words`: 45 s, 3 minutes, 2 hours."""
    for size_s, unit in zip(_SPANS_S, _UNITS, strict=True):
        if seconds >= 2 * size_s:
            number = round(seconds / size_s)
            return _in_words(number, unit) if in_words else f"{number} {unit}"
    return f"{seconds:.0f} s"


def _in_words(number: int, unit: str) -> str:
    if unit == "d":
        return counted("{number} day", "{number} days", number)
    if unit == "h":
        return counted("{number} hour", "{number} hours", number)
    return counted("{number} minute", "{number} minutes", number)


_EVERY_YEAR: Final = 127
"""With this year, a date of type F, G or I is not one date (EN 13757-3 Annex A). It comes again each year, like a meter's closing day."""


def _recurs(low: int, high: int) -> bool:
    """Whether a date comes again each year and so is not one date."""
    return low >> 5 | (high & 0xF0) >> 1 == _EVERY_YEAR


def _calendar(low: int, high: int) -> tuple[int, int, int]:
    """Year, month, day of EN 13757-3's types F, G, I: day and year in `low`, month and year in `high`."""
    year = low >> 5 | (high & 0xF0) >> 1
    return (1900 if year > 80 else 2000) + year, high & 0x0F, low & 0x1F  # noqa: PLR2004, EN 13757-3 Annex A


_NEVER_SET: Final = b"\0\0"
"""Day, month and year of a date that the meter has not reached yet, or of a clock that nobody has set. This is in no norm, but usual."""


def cp16_date(raw: bytes) -> str | None:
    """Type G (2 bytes) as ISO date.

    None for the norm's "invalid", for a date that was never set and for one that comes each year. Raises RecordError.
    """
    if raw in (b"\xff\xff", _NEVER_SET) or _recurs(raw[0], raw[1]):
        return None
    year, month, day = _calendar(raw[0], raw[1])
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise RecordError(_("{octets} (type G) is not a date", octets=raw.hex())) from None


def cp24_time(raw: bytes) -> str | None:
    """Type J (3 bytes: second, minute, hour) as hh:mm:ss. None for the norm's "invalid". Raises RecordError."""
    if raw == b"\xff\xff\xff":
        return None
    second, minute, hour = raw[0] & 0x3F, raw[1] & 0x3F, raw[2] & 0x1F
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004, the clock's own numbers
        raise RecordError(_("{octets} (type J) is not a time", octets=raw.hex()))
    return f"{hour:02}:{minute:02}:{second:02}"


def cp32_ns(raw: bytes, zone: Zone) -> int | None:
    """Type F (4 bytes: minute, hour, day, month) to UTC ns.

    None if its invalid bit is set, if it was never set or if it comes each year. Raises RecordError.
    """
    if raw[0] & 0x80 or raw[2:4] == _NEVER_SET or _recurs(raw[2], raw[3]):
        return None
    season: Season = "summer" if raw[1] & 0x80 else ""
    return utc_ns((*_calendar(raw[2], raw[3]), raw[1] & 0x1F, raw[0] & 0x3F, 0), season, zone)


def cp48_ns(raw: bytes, zone: Zone) -> int | None:
    """Type I (6 bytes: second, minute, hour, day, month, week) to UTC ns.

    None if its invalid bit is set, if it was never set or if it comes each year. Raises RecordError.
    """
    if raw[1] & 0x80 or raw[3:5] == _NEVER_SET or _recurs(raw[3], raw[4]):
        return None
    season: Season = "summer" if raw[0] & 0x40 else ""
    return utc_ns((*_calendar(raw[3], raw[4]), raw[2] & 0x1F, raw[1] & 0x3F, raw[0] & 0x3F), season, zone)
