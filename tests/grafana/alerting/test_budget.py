"""The rules on today's energy, from registers and per local day, also on the days of 23 and 25 hours."""

import pytest
from localdays import DAYS, local

ENERGY = "telegraf-han-daily-energy"
HOUR_S = 3600


def rising(start_s, per_hour_wh=1000, first_wh=5_000_000):
    """A register that rises evenly, as five-minute points have it: at the end of the window."""
    return lambda at_s: first_wh + (at_s + 300 - start_s) * per_hour_wh // HOUR_S


@pytest.mark.parametrize(("day", "hours"), DAYS.values(), ids=DAYS)
def test_energy_of_the_local_day(house, day, hours) -> None:
    """Just before midnight the result is the whole day's energy, just after midnight it is zero, both by Warsaw's clock."""
    begin_s = local(*day)
    end_s = begin_s + hours * HOUR_S
    house.settings("home", range(begin_s - 600, end_s + 600, 300), daily_import_wh=20_000)
    house.windows("home", range(begin_s - 20 * HOUR_S, end_s + 600, 300), active_energy_import_wh=rising(begin_s))

    assert house.measured(ENERGY, begin_s + 30)["home"] == pytest.approx(0, abs=90)
    assert house.measured(ENERGY, begin_s + 12 * HOUR_S)["home"] == pytest.approx(12_000, abs=90)
    assert house.measured(ENERGY, end_s - 1)["home"] == pytest.approx(hours * 1000, abs=40)
    assert house.measured(ENERGY, end_s + 30)["home"] == pytest.approx(0, abs=90)


def test_energy_budget_by_time(house) -> None:
    """The alert starts when the budget is used up and ends at midnight, for each meter by its own budget."""
    begin_s = local(2026, 7, 15)
    for meter, budget_wh in {"home": 10_000, "thrifty": 30_000}.items():
        house.settings(meter, range(begin_s - HOUR_S, begin_s + 26 * HOUR_S, 300), daily_import_wh=budget_wh)
        house.windows(meter, range(begin_s - HOUR_S, begin_s + 26 * HOUR_S, 300), active_energy_import_wh=rising(begin_s))

    history = house.history(ENERGY, begin_s + 300, begin_s + 25 * HOUR_S)
    alerting = [(at_s - begin_s) / HOUR_S for at_s, named in history if named["home"] == "Alerting"]

    assert alerting[0] == pytest.approx(10, abs=0.2)
    assert alerting[-1] == pytest.approx(24, abs=0.2)
    assert {named["thrifty"] for _, named in history} == {"Normal"}


def test_energy_of_a_meter_silent_since_yesterday(house) -> None:
    """Yesterday's energy does not count as today's, although it is the last known energy."""
    begin_s = local(2026, 7, 15)
    house.settings("home", range(begin_s - HOUR_S, begin_s + 12 * HOUR_S, 300), daily_import_wh=5000)
    house.windows("home", range(begin_s - 26 * HOUR_S, begin_s - HOUR_S, 300), active_energy_import_wh=rising(begin_s - 26 * HOUR_S))

    assert house.breaches(ENERGY, begin_s - HOUR_S) == {"home": True}
    assert house.breaches(ENERGY, begin_s + 30) == {"home": False}
    assert {named["home"] for _, named in house.history(ENERGY, begin_s, begin_s + 2 * HOUR_S)} == {"Normal"}


def test_energy_over_midnight_without_telegrams(house) -> None:
    """Energy drawn during an outage over midnight counts on the day on which the register is seen again."""
    begin_s = local(2026, 7, 15)
    house.settings("home", range(begin_s, begin_s + 12 * HOUR_S, 300), daily_import_wh=5000)
    times = [at_s for at_s in range(begin_s - 10 * HOUR_S, begin_s + 5 * HOUR_S, 300) if not begin_s - HOUR_S < at_s < begin_s + HOUR_S]
    house.windows("home", times, active_energy_import_wh=rising(begin_s))

    assert house.measured(ENERGY, begin_s + 4 * HOUR_S)["home"] == pytest.approx(5000, abs=20)


def test_energy_of_a_replaced_meter(house) -> None:
    """A new meter's register begins at another value. The day's energy of both is added up, in full from the new one's second day."""
    begin_s = local(2026, 7, 15)
    change_s = begin_s + 8 * HOUR_S
    house.settings("home", range(begin_s, begin_s + 48 * HOUR_S, 300), daily_import_wh=100_000)
    house.windows("home", range(begin_s - HOUR_S, change_s, 300), serial="1", active_energy_import_wh=rising(begin_s))
    house.windows("home", range(change_s, begin_s + 36 * HOUR_S, 300), serial="2", active_energy_import_wh=rising(change_s, first_wh=7))

    assert house.measured(ENERGY, begin_s + 12 * HOUR_S)["home"] == pytest.approx(8000, abs=20)
    assert house.measured(ENERGY, begin_s + 36 * HOUR_S - 1)["home"] == pytest.approx(12_000, abs=40)


def test_energy_without_a_budget(house) -> None:
    """A meter without daily_import_wh never alerts, whatever it draws, also next to a meter that has the limit."""
    begin_s = local(2026, 7, 15)
    now_s = begin_s + 10 * HOUR_S
    for meter, limits in {"free": {}, "bound": {"daily_import_wh": 5000}}.items():
        house.settings(meter, range(begin_s, now_s, 300), **limits)
        house.windows(meter, range(begin_s - HOUR_S, now_s, 300), active_energy_import_wh=rising(begin_s))

    assert house.breaches(ENERGY, now_s) == {"free": False, "bound": True}


# -- registers that are odd --

ODD = {
    "reset": (lambda wh, _at_s, noon_s: wh if _at_s < noon_s else wh - 5_000_000 - 12_000, 24_000),
    "rolled over": (lambda wh, _at_s, _noon_s: (wh + 94_988_000) % 100_000_000, 24_000),
    "low for a moment": (lambda wh, at_s, noon_s: wh - 500_000 * (noon_s <= at_s < noon_s + 120), 24_000),
    "low before midnight": (lambda wh, at_s, noon_s: wh - 500_000 * (at_s == noon_s - 12 * HOUR_S - 60), 24_000),
}
"""What a function makes of the right register, and the energy of the day."""


@pytest.mark.parametrize(("register", "wh"), ODD.values(), ids=ODD)
def test_a_register_that_is_odd(house, register, wh) -> None:
    """No step backwards, and no return from one, is energy."""
    begin_s = local(2026, 7, 15)
    end_s, noon_s = begin_s + 24 * HOUR_S, begin_s + 12 * HOUR_S
    right = rising(begin_s)
    house.settings("home", range(end_s - 1800, end_s, 300), daily_import_wh=20_000)
    house.windows("home", range(begin_s - 6 * HOUR_S, end_s, 300), active_energy_import_wh=lambda at_s: register(right(at_s), at_s, noon_s))

    assert house.measured(ENERGY, end_s - 1)["home"] == pytest.approx(wh, abs=90)
