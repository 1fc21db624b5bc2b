"""Tariffs and hours of energy for tests. All prices are invented."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from telegraf_han.clock import Zone
from telegraf_han.tariffs import calendar
from telegraf_han.tariffs.components import PER_KWH, PER_MONTH
from telegraf_han.tariffs.energy import Hour
from telegraf_han.tariffs.tariff import Fixed, Price, Section, Timeline, ZoneHours

WARSAW = Zone()
NIGHT = ZoneHours(2, hours=frozenset({22, 23, 0, 1, 2, 3, 4, 5}))


def flat(price: str) -> Fixed:
    """One price for all zones."""
    return Fixed(Decimal(price))


def by_zone(*prices: str) -> Fixed:
    """A price for each zone, from zone 1 on."""
    return Fixed(by_zone=tuple(Decimal(price) for price in (*prices, "0", "0", "0", "0")[:4]))


def section(per_kwh: dict[str, Price] | None = None, per_month: dict[str, str] | None = None, **options) -> Section:
    """A tariff without dates, with these prices and fees."""
    prices, fees = per_kwh or {}, per_month or {}
    assert not {*prices} - {*PER_KWH}
    assert not {*fees} - {*PER_MONTH}
    whole = {"name": "made", "begin": date.min, "end": date.max} | options
    return Section(
        per_kwh=tuple(prices.get(key, Fixed()) for key in PER_KWH),
        per_month=tuple(Decimal(fees.get(key, "0")) for key in PER_MONTH),
        **whole,
    )


def timeline(*sections: Section) -> Timeline:
    """The own tariff."""
    return Timeline("own", sections)


def hour(
    start_s: int, imported: object = 0, exported: object = 0, *, zones: Iterable[object] = (), sold_zones: Iterable[object] = (), **more
) -> Hour:
    """The energy of an hour in Wh."""
    parts = {"estimated_wh": Decimal(0), "produced_wh": Decimal(0)} | {key: Decimal(str(value)) for key, value in more.items()}
    return Hour(start_s, _five(imported, zones), _five(exported, sold_zones), **parts)


def _five(total: object, zones: Iterable[object]) -> tuple[Decimal, ...]:
    return tuple(Decimal(str(value)) for value in [total, *zones, 0, 0, 0, 0][:5])


def day_s(year: int, month: int, day: int) -> int:
    """The first hour of a day in Warsaw, as UTC second."""
    return calendar.midnight_s(date(year, month, day), WARSAW)


def hours_between(begin_s: int, end_s: int) -> range:
    """The starts of the hours between two moments."""
    return range(begin_s, end_s, 3600)
