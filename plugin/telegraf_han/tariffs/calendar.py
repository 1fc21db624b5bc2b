"""Knows local days: which zone an hour is in, where a billing period begins, which days are holidays.

Hours are whole hours of UTC. An hour belongs to the local day and the local hour in which it starts. So the day on which summer time begins
has 23 hours, the day on which it ends has 25, and both local hours from 2 to 3 of that day are in the same zone.

Public holidays come from the library `holidays`. Only this module imports it, and only if somebody asks for a holiday: it takes 80 ms to
load.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from telegraf_han.clock import Zone, utc_ns
from telegraf_han.language import _
from telegraf_han.tariffs.tariff import Section, Timeline, ZoneHours

HOUR_S: Final = 3_600
_DAY_S: Final = 86_400
_NS: Final = 1_000_000_000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_SATURDAY: Final = 5
_SUNDAY: Final = 6
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS: Final = ("all", "workdays", "weekends", "holidays", *WEEKDAYS)
"""Words for days. A workday is a day from Monday to Friday that is no holiday."""


class Span(NamedTuple):
    """A billing period, or a part of it. Whole hours of UTC."""

    begin_s: int
    end_s: int
    """The first second after it."""

    @property
    def hours(self) -> int:
        """How many hours it has."""
        return (self.end_s - self.begin_s) // HOUR_S


def local(utc_s: int, zone: Zone) -> tuple[date, int]:
    """The local day and the local hour of a moment."""
    day, second = divmod(utc_s + zone.offset_s(utc_s), _DAY_S)
    return date.fromordinal(day + _EPOCH_DAY), second // HOUR_S


def midnight_s(day: date, zone: Zone) -> int:
    """The first whole hour (UTC second) that starts on a local day."""
    utc_s = utc_ns((day.year, day.month, day.day, 0, 0, 0), "", zone) // _NS
    return -(-utc_s // HOUR_S) * HOUR_S


def period(utc_s: int, zone: Zone, billing_day: int = 1) -> Span:
    """The billing period that a moment is in. With 1, it is a calendar month."""
    day, _ = local(utc_s, zone)
    return _period(day.year, day.month - (day.day < billing_day), zone.name, billing_day)


def periods(begin_s: int, end_s: int, zone: Zone, billing_day: int = 1) -> Iterator[Span]:
    """The billing periods that have a part between two moments, in order."""
    moment_s = begin_s
    while moment_s < end_s:
        span = period(moment_s, zone, billing_day)
        yield span
        moment_s = span.end_s


@lru_cache(1024)
def _period(year: int, month: int, zone_name: str, billing_day: int) -> Span:
    zone = Zone(zone_name)
    return Span(midnight_s(_nth_month(year, month, billing_day), zone), midnight_s(_nth_month(year, month + 1, billing_day), zone))


def _nth_month(year: int, month: int, day: int) -> date:
    """A day of a month, where month 0 is the December before, and 13 is the January after."""
    years, place = divmod(month - 1, 12)
    return date(year + years, place + 1, day)


def parts(timeline: Timeline, span: Span, zone: Zone) -> list[tuple[Section, Span]]:
    """The sections that are in force in a span, each with its part of the span."""
    found = []
    for section in timeline.sections:
        begin_s = span.begin_s if section.begin == date.min else max(span.begin_s, midnight_s(section.begin, zone))
        end_s = span.end_s if section.end == date.max else min(span.end_s, midnight_s(section.end, zone))
        if begin_s < end_s:
            found.append((section, Span(begin_s, end_s)))
    return found


def zone_of(section: Section, day: date, hour: int) -> int:
    """The zone by clock, 1 to 4, of a local hour."""
    return _zones(section.hours, section.holidays, day)[hour]


@lru_cache(4096)
def _zones(rows: tuple[ZoneHours, ...], country: str, day: date) -> tuple[int, ...]:
    fitting = [row for row in rows if _in_season(row, day) and _fits(row.days, country, day)]
    return tuple(next((row.zone for row in fitting if hour in row.hours), 1) for hour in range(24))


def _in_season(row: ZoneHours, day: date) -> bool:
    if row.season is None:
        return True
    first, last = row.season
    here = (day.month, day.day)
    return first <= here <= last if first <= last else here >= first or here <= last


def _fits(days: frozenset[str], country: str, day: date) -> bool:
    weekday = day.weekday()
    if "all" in days or WEEKDAYS[weekday] in days or ("weekends" in days and weekday >= _SATURDAY):
        return True
    if "holidays" in days and is_holiday(day, country):
        return True
    return "workdays" in days and weekday < _SATURDAY and not is_holiday(day, country)


def is_holiday(day: date, country: str) -> bool:
    """Whether a day is a public holiday. Raises ValueError if the library does not know the country."""
    return day in holidays_of(country, day.year)


@lru_cache(256)
def holidays_of(country: str, year: int) -> frozenset[date]:
    """The public holidays of a year. Raises ValueError if the library does not know the country."""
    import holidays  # noqa: PLC0415, it takes 80 ms, and only some tariffs need it

    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        raise ValueError(
            _('no holidays are known for "{country}". A code of two letters is expected, such as "PL"', country=country)
        ) from None


def kind(day: date, country: str) -> str:
    """The kind of a day, by which days are alike: workday, Saturday, or Sunday and holidays."""
    if day.weekday() == _SUNDAY or is_holiday(day, country):
        return "sunday"
    return "saturday" if day.weekday() == _SATURDAY else "workday"
