"""calendar: local days of 23 and 25 hours, billing periods, zones by clock, and the holidays of the library."""

from datetime import UTC, date, datetime

import pytest

from madetariffs import NIGHT, WARSAW, day_s, section, timeline
from telegraf_han.clock import Zone
from telegraf_han.tariffs import calendar
from telegraf_han.tariffs.calendar import Span
from telegraf_han.tariffs.tariff import ZoneHours

WEEKEND = ZoneHours(2, frozenset({"weekends", "holidays"}))


def utc_s(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("day", "next_day", "hours"),
    [((2026, 3, 29), (2026, 3, 30), 23), ((2026, 10, 25), (2026, 10, 26), 25), ((2026, 7, 1), (2026, 7, 2), 24)],
)
def test_days_of_23_and_25_hours(day, next_day, hours) -> None:
    """The day on which summer time begins has 23 hours, the one on which it ends has 25."""
    starts = range(day_s(*day), day_s(*next_day), 3600)

    assert len(starts) == hours
    assert {calendar.local(start_s, WARSAW)[0] for start_s in starts} == {date(*day)}


def test_the_hour_that_comes_twice_has_one_number() -> None:
    """In October both hours are the hour 2, in March no hour is."""
    october = [calendar.local(start_s, WARSAW)[1] for start_s in range(day_s(2026, 10, 25), day_s(2026, 10, 26), 3600)]
    march = [calendar.local(start_s, WARSAW)[1] for start_s in range(day_s(2026, 3, 29), day_s(2026, 3, 30), 3600)]

    assert october.count(2) == 2
    assert march.count(2) == 0


@pytest.mark.parametrize(
    ("when", "billing_day", "begin", "end", "hours"),
    [
        ((2026, 1, 1, 12), 1, (2026, 1, 1), (2026, 2, 1), 744),
        ((2026, 3, 15), 1, (2026, 3, 1), (2026, 4, 1), 743),
        ((2026, 10, 15), 1, (2026, 10, 1), (2026, 11, 1), 745),
        ((2026, 1, 14, 22, 59), 15, (2025, 12, 15), (2026, 1, 15), 744),
        ((2026, 1, 14, 23), 15, (2026, 1, 15), (2026, 2, 15), 744),
        ((2026, 3, 27), 28, (2026, 2, 28), (2026, 3, 28), 672),
        ((2026, 12, 31), 1, (2026, 12, 1), (2027, 1, 1), 744),
    ],
)
def test_billing_periods(when, billing_day, begin, end, hours) -> None:
    """A period begins at local midnight of the billing day, in the month before if that day is still to come."""
    found = calendar.period(utc_s(*when), WARSAW, billing_day)

    assert found == Span(day_s(*begin), day_s(*end))
    assert found.hours == hours


def test_periods_have_no_hole() -> None:
    """Each begins where the one before ends, and all moments are in one."""
    begin_s, end_s = utc_s(2025, 11, 20), utc_s(2026, 4, 2)
    found = list(calendar.periods(begin_s, end_s, WARSAW, 10))

    assert found[0].begin_s <= begin_s < found[0].end_s
    assert found[-1].begin_s < end_s <= found[-1].end_s
    assert [span.begin_s for span in found[1:]] == [span.end_s for span in found[:-1]]


def test_a_zone_off_by_half_an_hour() -> None:
    """Where midnight is no whole hour of UTC, a day begins with the next one."""
    found = calendar.midnight_s(date(2026, 1, 1), Zone("Asia/Kolkata"))

    assert found == utc_s(2025, 12, 31, 19)
    assert calendar.local(found, Zone("Asia/Kolkata")) == (date(2026, 1, 1), 0)


def test_parts_of_a_span() -> None:
    """A section has the part of a span between its days. Days without a section are in no part."""
    first = section(name="a", end=date(2026, 1, 10))
    second = section(name="b", begin=date(2026, 1, 20))
    found = calendar.parts(timeline(first, second), Span(day_s(2026, 1, 1), day_s(2026, 2, 1)), WARSAW)

    assert found == [(first, Span(day_s(2026, 1, 1), day_s(2026, 1, 10))), (second, Span(day_s(2026, 1, 20), day_s(2026, 2, 1)))]
    assert calendar.parts(timeline(first), Span(day_s(2026, 1, 10), day_s(2026, 2, 1)), WARSAW) == []


def test_hours_over_midnight() -> None:
    """22 to 6: the hour that begins at 6 is in zone 1 again."""
    night = section(hours=(NIGHT,), zones="clock")

    assert [calendar.zone_of(night, date(2026, 1, 7), hour) for hour in (21, 22, 23, 0, 5, 6)] == [1, 2, 2, 2, 2, 1]


@pytest.mark.parametrize(
    ("day", "zone"),
    [
        (date(2026, 6, 3), 1),
        (date(2026, 6, 4), 2),  # Corpus Christi, a Thursday
        (date(2026, 6, 6), 2),
        (date(2024, 12, 24), 1),  # a Tuesday, no holiday yet
        (date(2025, 12, 24), 2),
        (date(2026, 12, 24), 2),
        (date(2026, 11, 11), 2),
    ],
)
def test_cheap_days(day: date, zone: int) -> None:
    """Weekends and public holidays, also those that move, and 24 December since 2025."""
    assert calendar.zone_of(section(hours=(WEEKEND,), zones="clock"), day, 12) == zone


def test_the_first_row_that_fits_decides() -> None:
    """A row for one day stands before the row for all."""
    rows = (ZoneHours(3, frozenset({"mon"})), ZoneHours(2, frozenset({"workdays"})), WEEKEND)
    tariff = section(hours=rows, zones="clock")

    assert [calendar.zone_of(tariff, date(2026, 1, day), 8) for day in (5, 6, 7, 10)] == [3, 2, 2, 2]
    assert calendar.zone_of(section(hours=(ZoneHours(2, frozenset({"workdays"})),), zones="clock"), date(2026, 1, 6), 8) == 1


@pytest.mark.parametrize(
    ("season", "inside", "outside"),
    [
        (((4, 1), (9, 30)), [(4, 1), (9, 30)], [(3, 31), (10, 1)]),
        (((10, 1), (3, 31)), [(10, 1), (12, 31), (1, 1), (3, 31)], [(4, 1), (9, 30)]),
    ],
)
def test_seasons(season, inside, outside) -> None:
    """Both days are included, and a season may run over New Year."""
    tariff = section(hours=(ZoneHours(2, season=season),), zones="clock")

    assert [calendar.zone_of(tariff, date(2026, *day), 0) for day in inside] == [2] * len(inside)
    assert [calendar.zone_of(tariff, date(2026, *day), 0) for day in outside] == [1] * len(outside)


def test_facts_about_polish_holidays() -> None:
    """The library knows what the docs say: 24 December from 2025, Corpus Christi on a Thursday, 13 days a year before and 14 since."""
    assert date(2024, 12, 24) not in calendar.holidays_of("PL", 2024)
    assert date(2025, 12, 24) in calendar.holidays_of("PL", 2025)
    assert {date(2024, 5, 30), date(2025, 6, 19), date(2026, 6, 4)} <= {
        day for year in (2024, 2025, 2026) for day in calendar.holidays_of("PL", year)
    }
    assert date(2026, 5, 2) not in calendar.holidays_of("PL", 2026)  # the Day of the Flag is a working day
    assert (len(calendar.holidays_of("PL", 2024)), len(calendar.holidays_of("PL", 2026))) == (13, 14)


def test_a_country_that_nobody_knows() -> None:
    """The error says what is expected."""
    with pytest.raises(ValueError, match='no holidays are known for "XX"') as caught:
        calendar.is_holiday(date(2026, 1, 1), "XX")

    assert '"PL"' in str(caught.value)


def test_kinds_of_days() -> None:
    """Days that are alike: a holiday is like a Sunday, also on a Saturday."""
    found = [calendar.kind(date(2026, *day), "PL") for day in ((6, 3), (6, 4), (6, 6), (6, 7), (8, 15))]

    assert found == ["workday", "sunday", "saturday", "sunday", "sunday"]
