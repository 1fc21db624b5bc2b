"""The rules on a load left on, on the base load and on feed-in at noon; and those on late five-minute points and on the meter's clock."""

from datetime import datetime

import pytest
from localdays import WARSAW, local

LOAD, BASE, NOON, DOWN, CLOCK = (
    "telegraf-han-long-load",
    "telegraf-han-base-load",
    "telegraf-han-feed-in-noon",
    "telegraf-han-down-sampling-late",
    "telegraf-han-clock",
)
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


def hour(at_s):
    """The local hour, with its fraction."""
    wall = datetime.fromtimestamp(at_s, WARSAW)
    return wall.hour + wall.minute / 60


def told(history, meter="home"):
    """Names of the states a meter had, one after the other, with the time of the first."""
    found = []
    for at_s, named in history:
        if named.get(meter) != (found[-1][0] if found else None):
            found.append((named.get(meter), at_s))
    return found


NOON_S = local(2026, 6, 1, 12)
SETTINGS = range(NOON_S - 30 * HOUR_S, NOON_S + 30 * HOUR_S, 300)

# -- a load that has been running for hours --


def test_a_load_left_on(house) -> None:
    """An oven that is on from noon on is told after four hours, and over when it is off. Minutes of less, as of a thermostat, do not end it."""
    house.settings("home", SETTINGS, long_load_w=1500)
    house.windows(
        "home",
        range(NOON_S - DAY_S, NOON_S + 8 * HOUR_S, 300),
        active_power_import_w=lambda at_s: 1500 if NOON_S <= at_s < NOON_S + 6 * HOUR_S else 300,
    )

    (_, _), (alerting, from_s), (normal, to_s) = told(house.history(LOAD, NOON_S - HOUR_S, NOON_S + 7 * HOUR_S))

    assert (alerting, normal) == ("Alerting", "Normal")
    assert abs(from_s - NOON_S - 4 * HOUR_S) <= 900
    assert abs(to_s - NOON_S - 6 * HOUR_S) <= 1200


LOADS = {
    "no limit": ({}, 5000, False),
    "at the limit": ({"long_load_w": 1000}, 1000, True),
    "one watt less": ({"long_load_w": 1000}, 999, False),
    "two hours": ({"long_load_w": 1000, "long_load_h": 2}, 1000, True),
    "six hours": ({"long_load_w": 1000, "long_load_h": 6}, 1000, False),
    "a quarter of an hour": ({"long_load_w": 1000, "long_load_h": 0.25}, 1000, True),
}


def test_loads_by_their_own_limits(house) -> None:
    """Each meter has its own power and its own hours, side by side. A meter without a limit is left alone."""
    for meter, (limits, power_w, _) in LOADS.items():
        name = meter.replace(" ", "_")
        house.settings(name, SETTINGS, **limits)
        house.windows(
            name,
            range(NOON_S - DAY_S, NOON_S, 300),
            active_power_import_w=lambda at_s, power_w=power_w: power_w if at_s >= NOON_S - 5 * HOUR_S else 100,
        )

    assert house.breaches(LOAD, NOON_S) == {meter.replace(" ", "_"): breach for meter, (_, _, breach) in LOADS.items()}
    assert house.measured(LOAD, NOON_S)["at_the_limit"] == pytest.approx(4.75, abs=0.3)


def test_a_load_without_points(house) -> None:
    """A silent meter, or a gap within the hours, is no load: nobody knows what ran meanwhile."""
    for meter in ("gap", "silent"):
        house.settings(meter, SETTINGS, long_load_w=1000)
    times = [at_s for at_s in range(NOON_S - DAY_S, NOON_S, 300) if not 0 <= at_s - NOON_S + 3 * HOUR_S < 1800]
    house.windows("gap", times, active_power_import_w=2000)
    house.windows("silent", range(NOON_S - DAY_S, NOON_S - HOUR_S, 300), active_power_import_w=2000)

    assert house.breaches(LOAD, NOON_S) == {"gap": False, "silent": False}
    assert house.measured(LOAD, NOON_S)["gap"] == pytest.approx(2.5, abs=0.3)


def test_a_load_that_always_runs(house) -> None:
    """A load of a whole day is a day long."""
    house.settings("home", SETTINGS, long_load_w=1000)
    house.windows("home", range(NOON_S - 2 * DAY_S, NOON_S, 300), active_power_import_w=2000)

    assert house.measured(LOAD, NOON_S)["home"] == pytest.approx(24, abs=0.5)
    assert house.breaches(LOAD, NOON_S) == {"home": True}


# -- base load --


def night(base_w, day_w=900):
    """Power of a house at rest from 1 to 4 o'clock, with a fridge."""
    return lambda at_s: (base_w + 60 * (at_s // 900 % 2) - 30) if 1 <= hour(at_s) < 4 else day_w


@pytest.mark.parametrize(
    "now", [(2026, 6, 10, 2), (2026, 6, 10, 12), (2026, 3, 31, 12), (2026, 10, 27, 12), (2026, 3, 29, 23), (2026, 10, 25, 23)]
)
def test_base_load(house, now) -> None:
    """The quietest hour of the night counts, by local time, also after both clock changes. A watt decides."""
    now_s = local(*now)
    for meter, limit in {"above": 199, "below": 201, "free": None}.items():
        house.settings(meter, range(now_s - 900, now_s, 300), **({} if limit is None else {"base_load_w": limit}))
        house.windows(meter, range(now_s - 10 * DAY_S, now_s, 300), active_power_import_w=night(200))

    assert house.measured(BASE, now_s) == pytest.approx({"above": 200, "below": 200, "free": 200})
    assert house.breaches(BASE, now_s) == {"above": True, "below": False, "free": False}


def test_base_load_of_a_house_with_sun(house) -> None:
    """By day a house with solar panels imports nothing. This is no low base load."""
    house.settings("home", SETTINGS, base_load_w=150)
    house.windows("home", range(NOON_S - 10 * DAY_S, NOON_S, 300), active_power_import_w=lambda at_s: 0 if 7 <= hour(at_s) < 20 else 210)

    assert house.measured(BASE, NOON_S)["home"] == pytest.approx(210)


def test_base_load_rises_slowly(house) -> None:
    """A party of two nights gives no alert. A device that stays does, when it has been there for most of a week."""
    house.settings("party", range(NOON_S - DAY_S, NOON_S + 11 * DAY_S, 300), base_load_w=250)
    house.settings("stays", range(NOON_S - DAY_S, NOON_S + 11 * DAY_S, 300), base_load_w=250)
    times = range(NOON_S - 10 * DAY_S, NOON_S + 10 * DAY_S, 300)
    house.windows("party", times, active_power_import_w=lambda at_s: 500 if 0 <= at_s - NOON_S < 2 * DAY_S else 200)
    house.windows("stays", times, active_power_import_w=lambda at_s: 500 if at_s >= NOON_S else 200)

    firing = {day: house.breaches(BASE, NOON_S + day * DAY_S) for day in range(10)}

    assert not any(breaches["party"] for breaches in firing.values())
    assert 4 <= min(day for day, breaches in firing.items() if breaches["stays"]) <= 5


# -- no feed-in at noon --


def sun(peaks, first_s):
    """Export power of days with different peaks, between 9 and 15 o'clock."""
    return lambda at_s: peaks[(at_s - first_s) // DAY_S] if 9 <= hour(at_s) < 15 else 0


PEAKS = [900, 499, 499, 499, 499, 500, 499, 499]


def noons(house, first_s):
    """Local times at which the alert of a week begins and ends; three dark noons come after a bright one, and two more before the next."""
    house.settings("home", range(first_s, first_s + 8 * DAY_S, 300), feed_in_noon_w=500)
    house.windows("home", range(first_s, first_s + 7 * DAY_S, 300), active_power_export_w=sun(PEAKS, first_s))
    names = told(house.history(NOON, first_s + 2 * DAY_S, first_s + 7 * DAY_S - HOUR_S))
    pairs = zip(names, [("Normal", 0), *names], strict=False)
    begins = [datetime.fromtimestamp(at_s, WARSAW) for (name, at_s), (before, _) in pairs if name == "Alerting" and before != "Recovering"]
    return begins, [datetime.fromtimestamp(at_s, WARSAW) for name, at_s in names if name == "Recovering"]


def test_three_dark_noons(house) -> None:
    """The alert comes after the third noon in a row and goes on, without a word at night, until the first bright one."""
    (begin,), (end,) = noons(house, local(2026, 6, 1))

    assert (begin.day, end.day) == (4, 6)
    assert all(12.8 <= when.hour + when.minute / 60 <= 13 for when in (begin, end))


@pytest.mark.parametrize("month", [(2026, 3, 27), (2026, 10, 23)], ids=["23 hours", "25 hours"])
def test_dark_noons_around_a_clock_change(house, month) -> None:
    """InfluxDB cuts a day with a clock change wrongly into parts of two hours. The alert may be a day late, but it comes once, at noon."""
    (begin,), _ = noons(house, local(*month))

    assert begin.day - month[2] in {3, 4}
    assert 12.8 <= begin.hour + begin.minute / 60 <= 14


def test_noon_of_each_meter(house) -> None:
    """A watt decides. Without a limit, for a meter that feeds nothing in, or after less than three noons, there is no alert."""
    now_s = NOON_S + 4 * HOUR_S
    for meter, limit in {"dark": 301, "bright": 300, "free": None, "young": 301, "no_export": 301}.items():
        house.settings(meter, range(now_s - 900, now_s, 300), **({} if limit is None else {"feed_in_noon_w": limit}))
        if meter != "no_export":
            days = 2 if meter == "young" else 6
            begin_s = NOON_S + 2 * HOUR_S - days * DAY_S
            house.windows(meter, range(begin_s, now_s, 300), active_power_export_w=lambda at_s: 300 if 11 <= hour(at_s) < 13 else 0)

    assert house.breaches(NOON, now_s) == {"dark": True, "bright": False, "free": False}
    assert house.measured(NOON, now_s)["dark"] == 300


def test_noon_of_a_silent_meter(house) -> None:
    """Noons without points are not dark: the rule on silence has said so."""
    house.settings("home", range(NOON_S - HOUR_S, NOON_S + 2 * DAY_S, 300), feed_in_noon_w=500)
    house.windows("home", range(NOON_S - 5 * DAY_S, NOON_S - DAY_S, 300), active_power_export_w=10)

    assert house.evaluated(NOON, NOON_S + 3 * HOUR_S).no_data


# -- five-minute points are late --


def test_down_sampling_stops(house) -> None:
    """Telegrams without five-minute points for half an hour give an alert. It is over when the points come."""
    house.telegrams("home", range(NOON_S - 3 * HOUR_S, NOON_S + 3 * HOUR_S, 60), active_energy_import_wh=lambda at_s: at_s)
    house.windows("home", range(NOON_S - 3 * HOUR_S, NOON_S, 300), active_energy_import_wh=lambda at_s: at_s)

    (normal, _), (alerting, at_s) = told(house.history(DOWN, NOON_S - HOUR_S, NOON_S + 2 * HOUR_S))

    assert (normal, alerting) == ("Normal", "Alerting")
    assert 30 * MINUTE_S < at_s - NOON_S <= 50 * MINUTE_S
    house.windows("home", range(NOON_S, NOON_S + 2 * HOUR_S, 300), active_energy_import_wh=lambda at_s: at_s)
    assert house.breaches(DOWN, NOON_S + 2 * HOUR_S) == {"home": False}


def test_down_sampling_of_each_meter(house) -> None:
    """A silent meter has nothing to compute. Radio telegrams that are lost make no difference."""
    house.telegrams("fine", range(NOON_S - 3 * HOUR_S, NOON_S, 700), active_energy_import_wh=1)
    house.windows("fine", [at_s // 300 * 300 for at_s in range(NOON_S - 3 * HOUR_S, NOON_S, 700)], active_energy_import_wh=1)
    house.telegrams("late", range(NOON_S - 3 * HOUR_S, NOON_S, 60), active_energy_import_wh=1)
    house.telegrams("silent", range(NOON_S - 3 * HOUR_S, NOON_S - 2 * HOUR_S, 60), active_energy_import_wh=1)

    assert house.breaches(DOWN, NOON_S) == {"fine": False, "late": True}


# -- the meter's clock --


@pytest.mark.parametrize(("offset_s", "breach"), [(59.9, False), (60.1, True), (-60.1, True), (-3600.0, True), (0.0, False)])
def test_clock(house, offset_s, breach) -> None:
    """A clock may be fast or slow. Its own meter's limit counts, and without a limit nothing is told."""
    house.settings("home", SETTINGS, clock_offset_s=60)
    house.settings("free", SETTINGS)
    house.settings("no_time", SETTINGS, clock_offset_s=60)
    for meter in ("home", "free"):
        house.write(
            ("electricity_link", f"interface=p1,meter={meter}", {"clock_offset_s": offset_s}, at_s)
            for at_s in range(NOON_S - 900, NOON_S, 10)
        )

    assert house.breaches(CLOCK, NOON_S) == {"home": breach, "free": False}
    assert house.measured(CLOCK, NOON_S, "offset")["home"] == offset_s


def test_one_late_telegram_is_no_wrong_clock(house) -> None:
    """A telegram that was held up for a minute is no wrong clock: the median counts."""
    house.settings("home", SETTINGS, clock_offset_s=60)
    house.write(
        ("electricity_link", "interface=p1,meter=home", {"clock_offset_s": -90.0 if at_s % 300 < 60 else -0.5}, at_s)
        for at_s in range(NOON_S - 900, NOON_S, 10)
    )

    assert house.breaches(CLOCK, NOON_S) == {"home": False}
