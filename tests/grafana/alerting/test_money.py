"""The rules on money: they add up what was settled, whatever the prices were, and they know no price themselves."""

from datetime import datetime, timedelta

import made
import pytest
from localdays import DAYS, local

COST, LATE = "telegraf-han-daily-cost", "telegraf-han-bill-late"
EIGHTY, HUNDRED, FORECAST = "telegraf-han-budget-80", "telegraf-han-budget-100", "telegraf-han-budget-forecast"
HOUR_S, DAY_S = 3600, 86_400


def settle(house, begin_s, end_s, hourly=1.0, meter="home", tariff="own"):
    """Hours of even cost, and their bill."""
    house.kept([made.bill(begin_s, begin_s + 31 * DAY_S, meter, tariff, hours_settled=1.0)])
    house.kept(made.costs(begin_s, end_s, lambda _: {"energy": hourly * 0.8, "vat": hourly * 0.2, "import_wh": 1000}, meter, tariff))


# -- cost of today --


@pytest.mark.parametrize(("day", "hours"), DAYS.values(), ids=DAYS)
def test_cost_of_the_local_day(house, day, hours) -> None:
    """The settled hours since local midnight, of the meter's own tariff alone, fees and VAT included."""
    begin_s = local(*day)
    end_s = begin_s + hours * HOUR_S
    house.settings("home", range(begin_s - 600, end_s + 600, 300), daily_cost=20)
    settle(house, begin_s - 2 * DAY_S, end_s)
    settle(house, begin_s - 2 * DAY_S, end_s, 100, tariff="G11")

    assert house.measured(COST, begin_s - 1)["home"] == pytest.approx((begin_s - local(*_before(day))) / HOUR_S)
    assert house.measured(COST, begin_s + 30)["home"] == pytest.approx(1)
    assert house.measured(COST, begin_s + 12 * HOUR_S - 1)["home"] == pytest.approx(12)
    assert house.measured(COST, end_s - 1)["home"] == pytest.approx(hours)
    assert house.measured(COST, end_s + 30)["home"] == 0


def _before(day):
    return (datetime(*day) - timedelta(days=1)).timetuple()[:3]


@pytest.mark.parametrize("day", [(2026, 7, 15), (2026, 3, 29), (2026, 10, 25)], ids=["24 hours", "23 hours", "25 hours"])
def test_cost_by_time(house, day) -> None:
    """The alert comes with the hour that goes above the budget, and is over at midnight. No message is sent then."""
    begin_s = local(*day)
    house.settings("home", range(begin_s - HOUR_S, begin_s + 27 * HOUR_S, 300), daily_cost=19.5)
    settle(house, begin_s - DAY_S, begin_s + 28 * HOUR_S)

    history = house.history(COST, begin_s + 3 * HOUR_S, begin_s + 27 * HOUR_S)
    alerting = [at_s for at_s, named in history if named["home"] == "Alerting"]

    assert alerting[0] == begin_s + 19 * HOUR_S
    assert alerting[-1] == local(day[0], day[1], day[2] + 1) - 300


def test_cost_against_the_budget_of_each_meter(house) -> None:
    """One grosz decides. A meter without a budget, and one without a tariff, have no alert beside those that have one."""
    begin_s = local(2026, 7, 15)
    now_s = begin_s + 10 * HOUR_S
    for meter, limits in {"above": {"daily_cost": 9.99}, "exactly": {"daily_cost": 10}, "free": {}, "no tariff": {"daily_cost": 1}}.items():
        house.settings(meter.replace(" ", "_"), range(begin_s, now_s, 300), **limits)
    for meter in ("above", "exactly", "free"):
        settle(house, begin_s - DAY_S, now_s, meter=meter)

    assert house.breaches(COST, now_s - 1) == {"above": True, "exactly": False, "free": False}


def test_cost_without_data(house) -> None:
    """Without any settled hour, or if none is settled since midnight, nothing has cost too much."""
    begin_s = local(2026, 7, 15)
    house.settings("home", range(begin_s, begin_s + 6 * HOUR_S, 300), daily_cost=5)

    assert house.evaluated(COST, begin_s + HOUR_S).no_data

    settle(house, begin_s - DAY_S, begin_s)

    assert house.breaches(COST, begin_s - 1) == {}  # the settings are not there yet
    assert house.measured(COST, begin_s + HOUR_S)["home"] == 0
    assert {named["home"] for _, named in house.history(COST, begin_s + 300, begin_s + 5 * HOUR_S)} == {"Normal"}


def test_hours_stored_twice(house) -> None:
    """Hours that are in two series, because Telegraf added its computer's name to some, count once."""
    begin_s = local(2026, 7, 15)
    now_s = begin_s + 10 * HOUR_S
    house.settings("home", range(begin_s, now_s, 300), daily_cost=20)
    settle(house, begin_s - DAY_S, now_s)
    again = made.costs(begin_s, now_s - 3 * HOUR_S, lambda _: {"energy": 0.8, "vat": 0.2, "import_wh": 1000})
    house.kept(line.replace("meter=home", "host=pi,meter=home") for line in again)

    assert house.measured(COST, now_s - 1)["home"] == pytest.approx(10)


# -- the month's budget --

BEGIN_S, END_S = local(2026, 10, 1), local(2026, 11, 1)
LATER_S = BEGIN_S + 20 * DAY_S


def billed(house, meter="home", budget=200.0, begin_s=BEGIN_S, end_s=END_S, now_s=LATER_S, **fields):
    """A running bill, the one before it, a tariff that is only compared, and the limit."""
    house.settings(meter, range(now_s - 900, now_s + 300, 300), **({"monthly_cost": budget} if budget else {}))
    running = {"hours_settled": (now_s - begin_s) / HOUR_S} | fields
    house.kept(
        [
            made.bill(begin_s - 31 * DAY_S, begin_s, meter, to_pay=9999.0),
            made.bill(begin_s, end_s, meter, **running),
            made.bill(begin_s, end_s, meter, "G11", **running | {"to_pay": 9999.0, "forecast_to_pay": 9999.0}),
        ]
    )


AMOUNTS = {
    "79 %": (159.99, 190, set()),
    "80 %": (160, 190, set()),
    "a grosz more": (160.01, 190, {EIGHTY}),
    "all of it": (200, 200, {EIGHTY}),
    "too much": (200.01, 260, {HUNDRED}),
    "will be enough": (100, 200, set()),
    "will not be enough": (100, 200.01, {FORECAST}),
    "both": (170, 230, {EIGHTY, FORECAST}),
    "nothing to forecast from": (100, None, set()),
    "the deposit pays it all": (-12, -3, set()),
}


@pytest.mark.parametrize(("so_far", "forecast", "firing"), AMOUNTS.values(), ids=AMOUNTS)
def test_budget(house, so_far, forecast, firing) -> None:
    """Three rules compare what is to pay with the budget. Only one of those that say the same speaks."""
    billed(house, to_pay=float(so_far), **({} if forecast is None else {"forecast_to_pay": float(forecast)}))

    assert {uid for uid in (EIGHTY, HUNDRED, FORECAST) if house.breaches(uid, LATER_S).get("home")} == firing


def test_budget_of_several_meters(house) -> None:
    """Each meter has its own budget. A meter without one, without a bill or without a forecast does not disturb the others."""
    billed(house, "tight", 100.0, to_pay=101.0, forecast_to_pay=120.0)
    billed(house, "wide", 1000.0, to_pay=101.0, forecast_to_pay=1200.0)
    billed(house, "free", 0, to_pay=101.0, forecast_to_pay=120.0)
    billed(house, "young", 10.0, to_pay=9.0)
    house.settings("no_tariff", range(LATER_S - 900, LATER_S, 300), monthly_cost=1)

    assert house.breaches(HUNDRED, LATER_S) == {"tight": True, "wide": False, "free": False, "young": False}
    assert house.breaches(EIGHTY, LATER_S) == {"tight": False, "wide": False, "free": False, "young": True}
    assert house.breaches(FORECAST, LATER_S) == {"tight": False, "wide": True, "free": False}


PERIODS = {
    "31 days and a clock change": (local(2026, 10, 1), local(2026, 11, 1)),
    "30 days and an hour less": (local(2026, 3, 15), local(2026, 4, 15)),
    "February": (local(2027, 2, 1), local(2027, 3, 1)),
}


@pytest.mark.parametrize(("begin_s", "end_s"), PERIODS.values(), ids=PERIODS)
def test_budget_until_the_end_of_the_period(house, begin_s, end_s) -> None:
    """The running bill counts in its first and its last minute, on whichever day it began. Then the next one counts."""
    billed(house, to_pay=201.0, begin_s=begin_s, end_s=end_s, now_s=end_s - 1)
    house.settings("home", [begin_s, end_s], monthly_cost=200)
    assert house.breaches(HUNDRED, end_s - 1) == {"home": True}
    assert house.breaches(HUNDRED, begin_s + 60) == {"home": True}

    house.kept([made.bill(end_s, end_s + 30 * DAY_S, to_pay=0.1, hours_settled=0.0)])

    assert house.breaches(HUNDRED, end_s + 60) == {"home": False}


def test_a_forecast_around_the_budget_is_told_once(house) -> None:
    """A forecast that goes above and below the budget from hour to hour is one alert. Without the bill it is none."""
    house.settings("home", range(LATER_S - 900, LATER_S + DAY_S, 300), monthly_cost=200)
    states = []
    for hour in range(20):
        house.kept([made.bill(BEGIN_S, END_S, to_pay=100.0, forecast_to_pay=201.0 if hour % 6 < 3 else 199.0, hours_settled=480.0)])
        now_s = LATER_S + hour * HOUR_S
        states.append(house.breaches(FORECAST, now_s)["home"])

    assert states == [hour % 6 < 3 for hour in range(20)]
    rule = house.rule(FORECAST)
    assert rule["for"] == "1h"
    assert rule["keepFiringFor"] == "1d"


@pytest.mark.parametrize(("currency", "number"), [("PLN", 1), ("EUR", 2), ("USD", 4), ("XYZ", 0)])
def test_currency(house, currency, number) -> None:
    """The bill's currency is known to the rules as a number."""
    house.settings("home", range(LATER_S - 900, LATER_S, 300), monthly_cost=200)
    house.kept([made.bill(BEGIN_S, END_S, currency=currency, to_pay=201.0)])

    for uid in (EIGHTY, HUNDRED, FORECAST):
        assert house.measured(uid, LATER_S, "currency") == {"home": number}


# -- the bill is not computed --


def test_a_bill_that_stands_still(house) -> None:
    """More than two hours without a cost give an alert. It is over when they are settled, all at once."""
    now_s = local(2026, 7, 15, 12)
    house.windows("home", range(now_s - DAY_S, now_s + 8 * HOUR_S, 300), active_energy_import_wh=lambda at_s: at_s)
    settle(house, now_s - 10 * DAY_S, now_s)

    history = house.history(LATE, now_s - 2 * HOUR_S, now_s + 5 * HOUR_S)
    names = [named["home"] for _, named in history]

    assert [name for name, before in zip(names, [None, *names], strict=False) if name != before] == ["Normal", "Pending", "Alerting"]
    assert 2 <= (history[names.index("Alerting")][0] - now_s) / HOUR_S <= 3
    settle(house, now_s, now_s + 5 * HOUR_S)
    assert house.breaches(LATE, now_s + 5 * HOUR_S) == {"home": False}


def test_hours_stored_twice_do_not_stand_for_late_ones(house) -> None:
    """Four hours have no cost, and four others are in four series: the bill is late."""
    now_s = local(2026, 7, 15, 12)
    house.windows("home", range(now_s - DAY_S, now_s, 300), active_energy_import_wh=lambda at_s: at_s)
    settle(house, now_s - 2 * DAY_S, now_s - 4 * HOUR_S)
    for host in ("pi", "old", "test"):
        again = made.costs(now_s - 8 * HOUR_S, now_s - 4 * HOUR_S, lambda _: {"energy": 1.0})
        house.kept(line.replace("meter=home", f"host={host},meter=home") for line in again)

    assert house.breaches(LATE, now_s) == {"home": True}


def test_only_a_meter_with_a_tariff_has_a_bill(house) -> None:
    """A meter without a tariff, and one that is silent itself, are no late bill, also beside one that is late."""
    now_s = local(2026, 7, 15, 12)
    for meter in ("no_tariff", "late", "fine"):
        house.windows(meter, range(now_s - DAY_S, now_s, 300), active_energy_import_wh=lambda at_s: at_s)
    house.windows("silent", range(now_s - 2 * DAY_S, now_s - DAY_S, 300), active_energy_import_wh=lambda at_s: at_s)
    settle(house, now_s - 2 * DAY_S, now_s - 6 * HOUR_S, meter="late")
    settle(house, now_s - 2 * DAY_S, now_s - 6 * HOUR_S, meter="late", tariff="G11")
    settle(house, now_s - 2 * DAY_S, now_s, meter="fine")
    settle(house, now_s - 2 * DAY_S, now_s - DAY_S, meter="silent")

    assert house.breaches(LATE, now_s) == {"late": True, "fine": False, "silent": False}


def test_a_silent_meter_beside_one_without_a_tariff(house) -> None:
    """Grafana joins two single series whatever their labels are. The hours of one meter are never missed in the bill of another."""
    now_s = local(2026, 7, 15, 12)
    house.windows("no_tariff", range(now_s - DAY_S, now_s, 300), active_energy_import_wh=lambda at_s: at_s)
    house.windows("silent", range(now_s - 2 * DAY_S, now_s - DAY_S, 300), active_energy_import_wh=lambda at_s: at_s)
    settle(house, now_s - 2 * DAY_S, now_s - DAY_S, meter="silent")

    assert house.breaches(LATE, now_s) == {"silent": False}


@pytest.mark.parametrize("minute", range(0, 60, 7))
def test_the_running_hour_is_not_late(house, minute) -> None:
    """At no minute of an hour is a bill late that is settled every quarter of an hour."""
    now_s = local(2026, 7, 15, 12, minute)
    house.windows("home", range(now_s - DAY_S - minute * 60, now_s - 600, 300), active_energy_import_wh=lambda at_s: at_s)
    settle(house, local(2026, 7, 14), now_s - 900)

    assert house.measured(LATE, now_s)["home"] in {-1, 0, 1}
