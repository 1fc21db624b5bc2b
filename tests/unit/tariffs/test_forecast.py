"""forecast: each hour left is as the mean hour of its kind of day was."""

from datetime import date
from decimal import Decimal

from madetariffs import WARSAW, day_s, section, timeline
from telegraf_han.tariffs import forecast
from telegraf_han.tariffs.calendar import Span
from telegraf_han.tariffs.periods import Sums

TARIFF = section()
WEEK = [
    (date(2026, 1, day), Sums(24, {"import_wh": Decimal(24 * wh), "energy": Decimal(24)}))
    for day, wh in ((12, 100), (13, 200), (14, 300), (15, 100), (16, 300), (17, 1000), (18, 2000))
]
"""Monday to Sunday: 200 Wh an hour on workdays, 1000 on Saturday, 2000 on Sunday."""


def expected(begin, end, days=WEEK) -> list[tuple[str, int, Decimal]]:
    found = forecast.expected(Span(day_s(*begin), day_s(*end)), days, timeline(TARIFF), WARSAW)
    return [(tariff.name, sums.hours, sums.fields.get("import_wh")) for tariff, sums in found]


def test_kinds_of_days() -> None:
    """From Friday to Monday: one workday, a Saturday, a Sunday, a workday."""
    assert expected((2026, 1, 23), (2026, 1, 27)) == [("made", 96, 24 * (200 + 1000 + 2000 + 200))]


def test_holidays_are_like_sundays() -> None:
    """Corpus Christi is a Thursday, and the house is full."""
    assert expected((2026, 6, 4), (2026, 6, 5)) == [("made", 24, 24 * 2000)]


def test_a_part_of_a_day_and_a_long_day() -> None:
    """Only hours that are left count: the rest of a day, and the 25 hours of a Sunday in October."""
    left = Span(day_s(2026, 10, 25) - 2 * 3600, day_s(2026, 10, 26))
    ((_, sums),) = forecast.expected(left, WEEK, timeline(TARIFF), WARSAW)

    assert (sums.hours, sums.fields["import_wh"], sums.fields["energy"]) == (27, 2 * 1000 + 25 * 2000, 27)


def test_less_than_a_week() -> None:
    """Nothing is said."""
    assert expected((2026, 1, 23), (2026, 1, 27), WEEK[:-1]) == []


def test_a_kind_of_day_that_never_was() -> None:
    """The mean of all days stands in for it."""
    workdays = [(date(2026, 1, day), Sums(24, {"import_wh": Decimal(24 * 100)})) for day in (7, 8, 9, 12, 13, 14, 15)]

    assert expected((2026, 1, 24), (2026, 1, 25), workdays) == [("made", 24, 2400)]


def test_sections() -> None:
    """Each section has the hours in which it will be in force."""
    first, second = section(name="a", end=date(2026, 2, 1)), section(name="b", begin=date(2026, 2, 1))
    found = forecast.expected(Span(day_s(2026, 1, 31), day_s(2026, 2, 2)), WEEK, timeline(first, second), WARSAW)

    assert [(tariff.name, sums.hours) for tariff, sums in found] == [("a", 24), ("b", 24)]
