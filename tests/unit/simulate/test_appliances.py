"""What is switched on and when: plans that depend on seed and date alone, lamps in the dark, cheap hours used."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from telegraf_han.simulate.appliances import APPLIANCES, CYCLES, LAMPS, cycle_spans, day_plan, midnight_s
from telegraf_han.simulate.household import tariff_zone
from telegraf_han.simulate.weather import DAY_S, sun_share

WARSAW = ZoneInfo("Europe/Warsaw")
HEATER_W = 2000


@pytest.mark.parametrize("day", [(2026, 1, 1), (2026, 3, 29), (2026, 3, 30), (2026, 10, 25), (2026, 10, 26)])
def test_midnight(day: tuple[int, int, int]) -> None:
    """A local day begins where the zone database says, on days with a clock change too."""
    assert midnight_s(date(*day).toordinal()) == int(datetime(*day, tzinfo=WARSAW).timestamp())


def test_plan_repeats_itself_and_differs_from_day_to_day() -> None:
    """The same seed and date give the same plan; another date or seed another."""
    day = date(2026, 5, 14).toordinal()
    plan = day_plan(1, day)
    day_plan.cache_clear()

    assert day_plan(1, day) == plan
    assert len({day_plan(1, day), day_plan(2, day), day_plan(1, day + 7)}) == 3


def test_lamps_burn_in_the_dark_only() -> None:
    """In a whole year no lamp is on while the sun is up."""
    watts = {lamp.watts for lamp in LAMPS}
    for day in range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal(), 5):
        lamps = [span for span in day_plan(1, day) if span.watts in watts and span.var < 0]
        assert all(sun_share(span.begin_s) == sun_share(span.end_s - 60) == 0 for span in lamps)


def test_water_is_heated_in_the_cheap_zone() -> None:
    """Both heatings of every day of a month begin in zone 2 of G12."""
    heaters = [span for day in range(31) for span in day_plan(1, date(2026, 1, 1).toordinal() + day) if span[2:] == (2, HEATER_W, 0)]

    assert len(heaters) == 62
    assert {tariff_zone("g12", span.begin_s) for span in heaters} == {2}


def test_no_span_is_longer_than_the_days_that_are_looked_at() -> None:
    """An hour looks at the plans of yesterday, today and tomorrow: all spans of a day end before the second midnight after it."""
    for day in range(date(2026, 1, 1).toordinal(), date(2026, 3, 1).toordinal()):
        spans = day_plan(1, day)
        assert all(midnight_s(day) - DAY_S < span.begin_s < span.end_s < midnight_s(day) + 2 * DAY_S for span in spans)


def test_cycles_take_their_share_of_the_season() -> None:
    """Over a week in winter and in summer, each cycle is on for about the share its row says."""
    for month, share in ((1, "winter_share"), (7, "summer_share")):
        day = date(2026, month, 6).toordinal()
        begin_s = midnight_s(day)
        spans = list(cycle_spans(1, day, begin_s, begin_s + 7 * DAY_S))
        for cycle in CYCLES:
            on_s = sum(span.end_s - span.begin_s for span in spans if (span.phase, span.watts) == (cycle.phase, cycle.watts))
            assert on_s / (7 * DAY_S) == pytest.approx(getattr(cycle, share), abs=0.03)


def test_names_are_unique() -> None:
    """A row's name seeds its habits, so no two rows may share one."""
    names = [row.name for row in APPLIANCES] + [row.name for row in CYCLES]

    assert len(set(names)) == len(names)
