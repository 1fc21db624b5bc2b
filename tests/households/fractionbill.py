"""A bill in exact fractions, from registers, market prices and a tariff file of this folder: the tests' independent calculation.

It uses nothing of the program. Local time comes from the time zone's data, holidays are computed from Easter, and prices are read from the
tariff files.
"""

import datetime as dt
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from math import floor
from operator import sub
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
WARSAW = ZoneInfo("Europe/Warsaw")
HOUSEHOLDS = {"g11": 10, "g12": 1, "g12w": 1, "net": 1}
"""Household → its billing day."""
PER_KWH = ("energy", "distribution", "quality", "renewables", "cogeneration", "other")
PER_MONTH = ("trade_fee", "network_fee", "transitional_fee", "subscription_fee", "capacity_fee", "other_fee")
FIXED_HOLIDAYS = {(1, 1), (1, 6), (5, 1), (5, 3), (8, 15), (11, 1), (11, 11), (12, 24), (12, 25), (12, 26)}


def easter(year: int) -> dt.date:
    """Easter Sunday (Gauss and Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * i) // 451
    month, day = divmod(h + i - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


def is_free(day: dt.date) -> bool:
    """Whether a day is a Saturday, a Sunday, or a public holiday in Poland."""
    return day.weekday() >= 5 or (day.month, day.day) in FIXED_HOLIDAYS or (day - easter(day.year)).days in {1, 60}


def cheap(household: str, local: dt.datetime) -> bool:
    """Whether an hour is in zone 2."""
    night = local.hour >= 22 or local.hour < 6
    if household == "g12":
        return night or local.hour in {13, 14}
    summer = 4 <= local.month <= 9
    return household == "g12w" and (is_free(local.date()) or night or local.hour in ({15, 16} if summer else {13, 14}))


def begin(day: dt.date, billing_day: int) -> dt.date:
    """The first day of the billing period of a day."""
    this = day.replace(day=billing_day)
    return this if this <= day else (day.replace(day=1) - dt.timedelta(days=1)).replace(day=billing_day)


def length(period: str, billing_day: int) -> int:
    """The hours of a billing period."""
    first = dt.date.fromisoformat(period)
    after = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=billing_day)
    starts = (dt.datetime.combine(one, dt.time(), WARSAW).astimezone(dt.UTC) for one in (first, after))
    return int(-sub(*starts) / dt.timedelta(hours=1))


def cents(amount: Fraction) -> Fraction:
    """Rounded half up to 0.01. No amount here is negative."""
    assert amount >= 0
    return Fraction(floor(amount * 100 + Fraction(1, 2)), 100)


def fee(price: Any, yearly_kwh: int) -> Fraction:
    """A monthly fee, or the one of its first bracket that is above the yearly use."""
    if isinstance(price, list):
        price = next(step["fee"] for step in price if step.get("below_kwh", yearly_kwh + 1) > yearly_kwh)
    return Fraction(price)


def computed(household: str, moment: dt.datetime, rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Fraction]:
    """(period, component) → amount.

    `moment` is the begin of the first hour, UTC. Each row holds the registers at the end of an hour, and perhaps the market's prices of its
    quarters. The first row has the registers before the first hour.
    """
    tariffs = tomllib.loads((HERE / f"{household}.toml").read_text(encoding="utf-8"), parse_float=Fraction)["tariff"]
    found: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    lines: dict[tuple[str, int, str, int], Fraction] = defaultdict(Fraction)  # period, tariff, component, zone → kWh, or an amount
    hours: Counter[tuple[str, int]] = Counter()
    day = HOUSEHOLDS[household]
    for before, row in pairwise(rows):
        local = moment.astimezone(WARSAW)
        period, place = (
            begin(local.date(), day).isoformat(),
            max(place for place, tariff in enumerate(tariffs) if tariff["from"] <= local.date()),
        )
        tariff, zone = tariffs[place], 2 if cheap(household, local) else 1
        imported = Fraction(row["import register"]) - Fraction(before["import register"])
        exported = Fraction(row.get("export register", 0)) - Fraction(before.get("export register", 0))
        balance = imported - exported
        used, fed = (max(balance, Fraction(0)), max(-balance, Fraction(0))) if "feed_in" in tariff else (imported, exported)
        prices = [Fraction(row[quarter]) / 1000 for quarter in ("q1", "q2", "q3", "q4") if quarter in row]
        price = sum(prices) / len(prices) if prices else Fraction(0)
        for component, unit in tariff["per_kwh"].items():
            if isinstance(unit, dict) and "series" in unit:
                lines[period, place, component, -1] += used / 1000 * max(price * unit["factor"] + unit["plus"], unit["at_least"])
            else:
                lines[period, place, component, zone if isinstance(unit, dict) else 0] += used / 1000
        if "feed_in" in tariff:
            found[period, "earned_exact"] += fed / 1000 * max(price, 0) * tariff["feed_in"]["factor"]
        for name, wh in (
            ("import_wh", imported),
            ("export_wh", exported),
            ("billed_import_wh", used),
            ("billed_export_wh", fed),
            (f"t{zone}_wh", used),
        ):
            found[period, name] += wh
        found[period, "hours"] += 1
        hours[period, place] += 1
        moment += dt.timedelta(hours=1)
    for (period, place, component, zone), amount in lines.items():
        unit = tariffs[place]["per_kwh"][component]
        exact = amount if zone == -1 else amount * Fraction(unit[f"t{zone}"] if zone else unit)
        found[period, f"{component}_exact"] += exact
        found[period, component] += cents(exact)
    for (period, place), count in hours.items():
        for component, price in tariffs[place]["per_month"].items():
            exact = fee(price, tariffs[place]["yearly_use_kwh"]) * count / length(period, day)
            found[period, f"{component}_exact"] += exact
            found[period, component] += cents(exact)
    deposit = Fraction(0)
    for period in sorted({period for period, _ in hours}):
        vat = Fraction(tariffs[0]["vat_percent"], 100)
        net, exact = (sum(found[period, component + suffix] for component in (*PER_KWH, *PER_MONTH)) for suffix in ("", "_exact"))
        found[period, "vat"], found[period, "vat_exact"] = cents(net * vat), exact * vat
        found[period, "total"], found[period, "total_exact"] = net + found[period, "vat"], exact * (1 + vat)
        found[period, "energy_gross"] = cents(found[period, "energy"] * (1 + vat))
        found[period, "earned"] = cents(found[period, "earned_exact"])
        # Nothing is 12 months old yet: the oldest value pays first, and nothing is paid back or lost.
        used = min(deposit, found[period, "energy_gross"])
        found[period, "deposit_before"], found[period, "deposit_used"] = deposit, used
        deposit = found[period, "deposit_after"] = deposit - used + found[period, "earned"]
        found[period, "to_pay"] = found[period, "total"] - used
    return found
