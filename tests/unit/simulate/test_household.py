"""A household's power and registers: the same for the same seed and second, exact to the Ws, and like a home."""

from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest

from telegraf_han.simulate.household import Home, Household, Moment, first_readings, tariff_zone, voltages_dv

WARSAW = ZoneInfo("Europe/Warsaw")
HOUR = 3600


def second(*wall: int) -> int:
    """UTC second of a wall-clock time in Warsaw."""
    return int(datetime(*wall, tzinfo=WARSAW).timestamp())


def moments(home: Home, begin_s: int, end_s: int, step: int = 1) -> list[Moment]:
    household = Household(home, begin_s)
    return [household.at(at_s) for at_s in range(begin_s, end_s, step)]


@pytest.mark.parametrize("home", [Home(), Home(7, 1, 0, "g11")], ids=["three phases, roof", "one phase"])
def test_a_moment_does_not_depend_on_how_often_one_asks(home: Home) -> None:
    """Asked every second or once after three hours, a household says the same."""
    start = second(2026, 5, 14, 7, 12, 34)
    often = moments(home, start, start + 3 * HOUR + 1)

    assert Household(home, start).at(start + 3 * HOUR) == often[-1]


def test_two_runs_are_equal_and_two_seeds_are_not() -> None:
    """Seed and time are all that counts."""
    start = second(2026, 5, 14, 17)
    run = moments(Home(3), start, start + HOUR)

    assert moments(Home(3), start, start + HOUR) == run
    assert [one.net_w for one in moments(Home(4), start, start + HOUR)] != [one.net_w for one in run]


def test_power_does_not_depend_on_the_start() -> None:
    """A run that begins later shows the same power. Its registers begin at its own start."""
    at = second(2026, 8, 1, 20)
    early, late = Household(Home(), at - 30 * HOUR).at(at), Household(Home(), at).at(at)

    assert early[:5] == late[:5]
    assert (late.import_ws, late.export_ws) == first_readings(Home())


@pytest.mark.parametrize(
    ("home", "begin"),
    [
        (Home(), (2026, 3, 28, 21, 45)),
        (Home(2, 1, 3_000), (2026, 10, 24, 21, 45)),
        (Home(), (2026, 6, 19, 10)),
        (Home(2, 1, 3_000), (2026, 6, 19, 10)),
    ],
    ids=["night of 23 hours", "night of 25 hours, one phase", "sunny workday", "sunny workday, one phase"],
)
def test_registers_are_the_exact_integral_of_the_power(home: Home, begin: tuple[int, ...]) -> None:
    """At every second, over changes of zone and clock, a zone's register is the sum of the integer powers in it, import and export."""
    begin_s = second(*begin)
    run = moments(home, begin_s, begin_s + 5 * HOUR)
    assert {one.zone for one in run} == {1, 2}

    for zone in (1, 2):
        for sign, name in ((1, "import_ws"), (-1, "export_ws")):
            powers = [max(sign * one.net_w, 0) if one.zone == zone else 0 for one in run]
            first = getattr(run[0], name)[zone - 1]
            assert [getattr(one, name)[zone - 1] for one in run] == list(accumulate(powers[:-1], initial=first))


def test_registers_only_rise_and_unused_zones_stay_empty() -> None:
    """Three days in steps of a minute, with sun."""
    begin_s = second(2026, 6, 1)
    run = moments(Home(), begin_s, begin_s + 3 * 24 * HOUR, 60)

    for before, after in pairwise(run):
        assert all(old <= new for old, new in zip(before.import_ws + before.export_ws, after.import_ws + after.export_ws, strict=True))
    assert run[-1].import_ws[2:] + run[-1].export_ws[2:] == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("tariff", "wall", "zone"),
    [
        ("g12", (2026, 1, 14, 21, 59, 59), 1),
        ("g12", (2026, 1, 14, 22, 0, 0), 2),
        ("g12", (2026, 1, 14, 5, 59, 59), 2),
        ("g12", (2026, 1, 14, 6, 0, 0), 1),
        ("g12", (2026, 7, 14, 12, 59, 59), 1),
        ("g12", (2026, 7, 14, 13, 0, 0), 2),
        ("g12", (2026, 7, 14, 14, 59, 59), 2),
        ("g12", (2026, 7, 14, 15, 0, 0), 1),
        ("g12", (2026, 7, 18, 10, 0, 0), 1),
        ("g12w", (2026, 7, 18, 10, 0, 0), 2),
        ("g12w", (2026, 7, 17, 10, 0, 0), 1),
        ("g11", (2026, 7, 14, 23, 0, 0), 1),
    ],
)
def test_tariff_zones(tariff: str, wall: tuple[int, ...], zone: int) -> None:
    """Warsaw's G12 is cheap from 22 to 6 and 13 to 15 local time, summer and winter; G12w all weekend too; G11 never."""
    assert tariff_zone(tariff, second(*wall)) == zone


@pytest.mark.parametrize(("day", "cheap_hours"), [((2026, 3, 29), 9), ((2026, 10, 25), 11), ((2026, 6, 10), 10)])
def test_cheap_hours_of_days_with_a_clock_change(day: tuple[int, int, int], cheap_hours: int) -> None:
    """The night of the change has an hour less or more, and it counts in zone 2."""
    begin = datetime(*day, tzinfo=WARSAW)
    end_s = int((begin + timedelta(days=1)).timestamp())

    hours = range(int(begin.timestamp()), end_s, HOUR)
    assert sum(tariff_zone("g12", hour) == 2 for hour in hours) == cheap_hours


def test_roof_exports_at_noon_in_june_and_never_at_night() -> None:
    """Every sixth day of a June has export between 11 and 12, and none between 23 and 3."""
    for day in range(1, 31, 6):
        noon, night = second(2026, 6, day, 11), second(2026, 6, day, 23)
        assert any(one.net_w < 0 for one in moments(Home(), noon, noon + HOUR, 10))
        assert all(one.net_w > 0 for one in moments(Home(), night, night + 4 * HOUR, 10))


def test_home_without_roof_never_exports() -> None:
    """No roof, no export, not even in the register's first reading."""
    begin_s = second(2026, 6, 10)
    last = moments(Home(pv_w=0), begin_s, begin_s + 24 * HOUR, 60)[-1]

    assert last.export_ws == (0, 0, 0, 0)


def test_phases_make_up_the_net_power() -> None:
    """Three phases are balanced before they are counted."""
    begin_s = second(2026, 6, 10, 12)

    assert all(sum(one.phase_w) == one.net_w for one in moments(Home(), begin_s, begin_s + HOUR))


def test_year_of_an_ordinary_home() -> None:
    """Three days of winter and three of summer: between 2.5 and 7 MWh a year, most of it in the cheap zone where the water is heated."""
    days = [first for month in (1, 7) for first in [second(2026, month, 5)]]
    taken = [0, 0]
    for begin_s in days:
        household = Household(Home(pv_w=0), begin_s)
        before, after = household.at(begin_s), household.at(begin_s + 3 * 24 * HOUR)
        taken = [sum_ws + new - old for sum_ws, old, new in zip(taken, before.import_ws, after.import_ws, strict=False)]

    year_kwh = sum(taken) / 3.6e6 * 365 / 3 / len(days)
    assert 2500 < year_kwh < 7000
    assert taken[1] > taken[0]


def test_workday_evening_takes_more_than_night_and_noon() -> None:
    """Ten workdays without roof: people cook and light in the evening, sleep at night, are away in the morning."""
    days = [day for day in range(12, 19) if datetime(2026, 1, day, tzinfo=WARSAW).weekday() < 5]

    def mean_w(begin: int, end: int) -> float:
        powers = []
        for day in days:
            run = moments(Home(pv_w=0), second(2026, 1, day, begin), second(2026, 1, day, end), 10)
            powers += [one.net_w for one in run]
        return sum(powers) / len(powers)

    assert mean_w(17, 22) > 2 * mean_w(2, 5)
    assert mean_w(17, 22) > 1.5 * mean_w(9, 12)


def test_voltage_sags_with_load_and_rises_with_the_roof() -> None:
    """3 kW on L1 pull it 5 V down, 3 kW from the roof push it 5 V up; the other phase does not move."""
    at = second(2026, 6, 10, 12)
    idle = Moment(at, 1, 0, 0, (0, 0, 0), (), ())

    quiet = voltages_dv(Home(), idle)
    assert voltages_dv(Home(), idle._replace(phase_w=(3000, 0, 0))) == (quiet[0] - 50, *quiet[1:])
    assert voltages_dv(Home(), idle._replace(phase_w=(-3000, 0, 0))) == (quiet[0] + 50, *quiet[1:])


def test_voltages_stay_where_the_norm_wants_them() -> None:
    """A day in June with a roof: 230 V plus or minus ten percent."""
    begin_s = second(2026, 6, 13)
    for one in moments(Home(), begin_s, begin_s + 24 * HOUR, 20):
        assert all(2070 <= voltage <= 2530 for voltage in voltages_dv(Home(), one))


def test_time_does_not_run_backwards() -> None:
    """A household holds one hour. If it is asked for an earlier hour, it raises an error instead of giving a wrong value."""
    household = Household(Home(), second(2026, 6, 10, 12))
    household.at(second(2026, 6, 10, 14))

    with pytest.raises(ValueError, match="lies before the hour"):
        household.at(second(2026, 6, 10, 13, 59, 59))
