"""Settles an hour: its energy, the tariff in force and the prices of the market become amounts by component.

The steps: balance import and export within the hour if the tariff does, find the zone, multiply by the prices, add the hour's share of the
monthly fees, add VAT, and value what was fed in. Nothing is rounded to the grosz here, because a bill is rounded once.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from telegraf_han.clock import Zone
from telegraf_han.tariffs import calendar
from telegraf_han.tariffs.calendar import HOUR_S
from telegraf_han.tariffs.components import COMPONENTS, ENERGIES, ZONES
from telegraf_han.tariffs.energy import SHARE_WH, Hour
from telegraf_han.tariffs.tariff import Fixed, Market, Price, Section, Timeline

_NOTHING: Final = Decimal(0)
_AMOUNT: Final = Decimal("1e-9")
"""Amounts of an hour are rounded to this. A float holds them exactly enough, and a month adds up."""
_WH: Final = Decimal(1000)


class Prices:
    """Series of market prices: the prices of electricity_price, in currency per kWh."""

    __slots__ = ("_prices", "_stamps_s")

    def __init__(self, rows: Iterable[tuple[str, int, Decimal]] = ()) -> None:
        """`rows` are series, UTC second of the begin of the price, and price. Of two rows with one stamp the later counts."""
        series: dict[str, dict[int, Decimal]] = {}
        for name, stamp_s, price in rows:
            series.setdefault(name, {})[stamp_s] = price
        self._stamps_s: Final = {name: sorted(prices) for name, prices in series.items()}
        self._prices: Final = series

    def at(self, series: str, start_s: int) -> Decimal | None:
        """The mean of the prices that begin within an hour. None if there are none."""
        found = self._between(series, start_s, start_s + HOUR_S)
        return sum(found, _NOTHING) / len(found) if found else None

    def last(self, series: str, begin_s: int, end_s: int) -> Decimal | None:
        """The last price that begins between two moments. None if there is none."""
        found = self._between(series, begin_s, end_s)
        return found[-1] if found else None

    def _between(self, series: str, begin_s: int, end_s: int) -> list[Decimal]:
        stamps_s = self._stamps_s.get(series, [])
        inside = stamps_s[bisect_left(stamps_s, begin_s) : bisect_left(stamps_s, end_s)]
        return [self._prices[series][stamp_s] for stamp_s in inside]


class Settled(NamedTuple):
    """What an hour costs."""

    start_s: int
    section: Section
    amounts: tuple[Decimal, ...]
    """Net, in the order of `components.COMPONENTS`."""
    vat: Decimal
    total: Decimal
    """All amounts and VAT. What was earned is not taken off."""
    earned: Decimal
    """Gross value of what was fed in."""
    billed_import_wh: Decimal
    billed_export_wh: Decimal
    zones_wh: tuple[Decimal, ...]
    """The billed import by zone, t1 to t4."""
    unpriced_wh: Decimal
    """Billed energy, either way, without a price yet."""
    hour: Hour


def settle(hours: Iterable[Hour], timeline: Timeline, prices: Prices, zone: Zone, billing_day: int = 1) -> Iterator[Settled]:
    """The cost of each hour in which a section of the timeline is in force. `zone` is the meter's time zone."""
    for hour in hours:
        day, local_hour = calendar.local(hour.start_s, zone)
        section = timeline.on(day)
        if section is not None:
            period_hours = calendar.period(hour.start_s, zone, billing_day).hours
            yield _settled(hour, section, _Moment(day, local_hour, period_hours, zone, prices))


def fields(settled: Settled) -> dict[str, Decimal]:
    """The fields of `electricity_cost`, in the order of `components.COST_FIELDS`."""
    hour = settled.hour
    exported, produced = hour.exported_wh[0], hour.produced_wh
    energies = (
        hour.imported_wh[0],
        exported,
        settled.billed_import_wh,
        settled.billed_export_wh,
        *settled.zones_wh,
        produced,
        max(produced - exported, _NOTHING),
        hour.estimated_wh,
        settled.unpriced_wh,
    )
    sums = {"vat": settled.vat, "total": settled.total, "earned": settled.earned}
    return {**dict(zip(COMPONENTS, settled.amounts, strict=True)), **sums, **dict(zip(ENERGIES, energies, strict=True))}


class _Moment(NamedTuple):
    """Where an hour stands."""

    day: date
    hour: int
    """Local hour."""
    period_hours: int
    zone: Zone
    prices: Prices


class _Energy(NamedTuple):
    """Energy of one direction that is billed."""

    wh: Decimal
    zones_wh: tuple[Decimal, ...]


def _settled(hour: Hour, section: Section, moment: _Moment) -> Settled:
    bought, sold = _balanced(hour) if section.balanced else (hour.imported_wh, hour.exported_wh)
    bought_by_zone, sold_by_zone = _by_zone(bought, section, moment), _by_zone(sold, section, moment)
    per_kwh = [_value(price, bought_by_zone, hour.start_s, moment) for price in section.per_kwh]
    amounts = [_rounded(value or _NOTHING) for value in per_kwh]
    amounts += [_rounded(fee / moment.period_hours) for fee in section.per_month]
    earned = _earned(section, sold_by_zone, hour.start_s, moment)
    unpriced = bought_by_zone.wh if None in per_kwh or _in_no_zone(bought_by_zone, section) else _NOTHING
    unpriced += sold_by_zone.wh if earned is None else _NOTHING
    net = sum(amounts, _NOTHING)
    vat = _rounded(net * section.vat_percent / 100)
    return Settled(
        hour.start_s,
        section,
        tuple(amounts),
        vat,
        net + vat,
        earned or _NOTHING,
        bought_by_zone.wh,
        sold_by_zone.wh,
        bought_by_zone.zones_wh,
        unpriced,
        hour,
    )


def _balanced(hour: Hour) -> tuple[tuple[Decimal, ...], tuple[Decimal, ...]]:
    """Import and export, of which at most one is left. The zones keep their shares."""
    surplus = hour.imported_wh[0] - hour.exported_wh[0]
    return _scaled(hour.imported_wh, max(surplus, _NOTHING)), _scaled(hour.exported_wh, max(-surplus, _NOTHING))


def _scaled(energies: tuple[Decimal, ...], left: Decimal) -> tuple[Decimal, ...]:
    """The zones of what is left of a total. Rounded in such a way that they keep adding up."""
    total, *zones = energies
    if left == total:
        return energies
    found, before, given = [left], _NOTHING, _NOTHING
    for zone_wh in zones:
        before += zone_wh
        up_to = (before * left / total).quantize(SHARE_WH) if total else _NOTHING
        found.append(up_to - given)
        given = up_to
    return tuple(found)


def _by_zone(energies: tuple[Decimal, ...], section: Section, moment: _Moment) -> _Energy:
    total, *registers = energies
    if section.zones == "registers":
        return _Energy(total, tuple(registers))
    zone = calendar.zone_of(section, moment.day, moment.hour) if section.zones == "clock" else 1
    return _Energy(total, tuple(total if place == zone else _NOTHING for place in range(1, ZONES + 1)))


def _in_no_zone(energy: _Energy, section: Section) -> bool:
    """Whether a price is by zone, and the meter has counted in none. Then nobody knows which price holds."""
    by_zone = any(isinstance(price, Fixed) and any(price.by_zone) for price in section.per_kwh)
    return by_zone and energy.wh > 0 and not any(energy.zones_wh)


def _value(price: Price, energy: _Energy, start_s: int, moment: _Moment) -> Decimal | None:
    """What energy is worth. None if there is energy and no price yet."""
    if isinstance(price, Fixed):
        zones = zip(price.by_zone, energy.zones_wh, strict=True)
        return (energy.wh * price.total + sum((by_zone * wh for by_zone, wh in zones), _NOTHING)) / _WH
    if not energy.wh:
        return _NOTHING
    per_kwh = market_price(price, start_s, moment.zone, moment.prices)
    return None if per_kwh is None else energy.wh * per_kwh / _WH


def market_price(market: Market, start_s: int, zone: Zone, prices: Prices) -> Decimal | None:
    """What a kWh of the hour costs by a series of prices. None if the series has no price for it yet."""
    found = prices.last(market.series, *calendar.period(start_s, zone)) if market.by == "month" else prices.at(market.series, start_s)
    if found is None:
        return None
    price = found * market.factor + market.plus
    return price if market.at_least is None else max(price, market.at_least)


def _earned(section: Section, energy: _Energy, start_s: int, moment: _Moment) -> Decimal | None:
    """What is earned by feeding in. None if there is no price yet."""
    feed_in = section.feed_in
    if feed_in is None or feed_in.model == "net-metering":
        return _NOTHING
    value = _value(feed_in.price, energy, start_s, moment)
    if value is None:
        return None
    if value < 0 and not feed_in.negative_as_is and isinstance(feed_in.price, Market):
        return _NOTHING
    return _rounded(value * feed_in.factor)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_AMOUNT)
