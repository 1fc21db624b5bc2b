"""Settles hours of meters from what InfluxDB holds: lines of `…_cost`, one point an hour, and of `…_bill`, one point a billing period.

The amounts are computed by `tariffs`. This module brings together what it needs: the hours of a window, the prices, and, for the billing
periods that the window touches, the sums of what was settled outside the window. So a run of the last three days does not compute the whole
month again. It only adds it up. A tariff with a deposit is different: what is left in it depends on all periods before.

Settling again gives the same points. So a run may be repeated at any time, and late readings and late prices are included.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import reduce
from itertools import groupby
from typing import Final, NamedTuple

from telegraf_han.clock import Zone
from telegraf_han.config.sections import MeterConfig
from telegraf_han.decoding import lineprotocol
from telegraf_han.influx import billing
from telegraf_han.influx.billing import Source
from telegraf_han.tariffs import calendar, energy, periods, settlement
from telegraf_han.tariffs.bills import Bill, bills
from telegraf_han.tariffs.calendar import HOUR_S, Span
from telegraf_han.tariffs.components import ENERGIES, PER_KWH
from telegraf_han.tariffs.energy import Hour, Reading
from telegraf_han.tariffs.periods import Sums
from telegraf_han.tariffs.settlement import Prices, Settled
from telegraf_han.tariffs.tariff import Market, Plan, Timeline

MONTH_S: Final = 32 * 86_400
"""Longer than a month: so far back a monthly price may be stamped."""
FORECAST_DAYS: Final = 28
"""Days that a forecast looks back, four weeks."""
DEPOSITS: Final = ("net-billing", "net-metering")
"""Models of feeding in whose periods depend on each other."""
_NOTHING: Final = Sums(0, {})
_NS: Final = 1_000_000_000


class Contract(NamedTuple):
    """A meter and what is computed for it."""

    meter: MeterConfig
    plan: Plan


class Window(NamedTuple):
    """Which hours are settled. Both are whole hours, UTC seconds."""

    begin_s: int
    end_s: int


def lines(source: Source, contracts: Sequence[Contract], window: Window) -> Iterator[bytes]:
    """Settle the hours of some meters. Raises RefusedError, SourceError."""
    names = [contract.meter.name for contract in contracts]
    readings = billing.readings(source, names, *window)
    production = billing.produced(source, names, *window)
    prices = Prices(billing.prices(source, series(contracts), window.begin_s - MONTH_S, window.end_s))
    before = _Before(source, contracts)
    for contract in contracts:
        name = contract.meter.name
        hours = energy.hours(readings.pop(name, {}).values(), production.pop(name, []), window.begin_s)
        for timeline in contract.plan.timelines:
            yield from _Settling(source, before, contract, timeline).lines(hours, prices, window)


class Statement(NamedTuple):
    """A billing period of one meter, and the readings that it was computed from."""

    bill: Bill
    readings: Mapping[str, Sequence[Reading]]
    """By serial number. Those of the hour before the period are there, too."""
    hours_due: int
    """Hours of the period that are over."""
    unsettled_since_s: int | None = None
    """If there is a deposit: since when hours before the period are not settled, UTC second. Then nobody knows what is in it."""


def statement(source: Source, contract: Contract, timeline: Timeline, span: Span, now_s: int) -> Statement | None:
    """Settle a billing period, or what is over of it. None if nothing was read. Raises RefusedError, SourceError.

    If readings are missing at its end, the next one after it is necessary, too.
    """
    name = contract.meter.name
    next_s = billing.first_hours(source, [name], span.end_s).get(name, span.end_s)
    window = Window(span.begin_s, min(next_s, now_s // HOUR_S * HOUR_S) + HOUR_S)
    readings = billing.readings(source, [name], *window).get(name, {})
    production = billing.produced(source, [name], *window).get(name, [])
    prices = Prices(billing.prices(source, series([contract]), window.begin_s - MONTH_S, window.end_s))
    hours = energy.hours(readings.values(), production, window.begin_s)
    settling = _Settling(source, _Before(source, [contract]), contract, timeline)
    bill = next((bill for bill in settling.bills(hours, prices, window) if bill.period.span == span), None)
    if bill is None:
        return None
    first_s = billing.first_hours(source, [name]).get(name, span.begin_s)
    return Statement(bill, readings, (min(span.end_s, now_s) - span.begin_s) // HOUR_S, settling.unsettled_since_s(first_s, span.begin_s))


def series(contracts: Sequence[Contract]) -> set[str]:
    """The series of prices that the tariffs name."""
    return {
        price.series
        for contract in contracts
        for timeline in contract.plan.timelines
        for section in timeline.sections
        for price in (*section.per_kwh, *([section.feed_in.price] if section.feed_in else []))
        if isinstance(price, Market)
    }


class _Before:
    """What was settled before, of the meters of a group. Each question is asked once for all of them."""

    def __init__(self, source: Source, contracts: Sequence[Contract]) -> None:
        self._source: Final = source
        self._meters: Final = [contract.meter.name for contract in contracts]
        self._fields: Final = _summed_fields(contracts)
        self._days: Final[dict[tuple[Span, str], Mapping[tuple[str, str], Mapping[date, Sums]]]] = {}
        self._newest: Mapping[tuple[str, str], int] | None = None
        self._oldest: Mapping[tuple[str, str], int] | None = None

    def days(self, meter: str, tariff: str, span: Span, zone: Zone) -> Mapping[date, Sums]:
        """Sums by local day over the settled hours of a span."""
        key = span, zone.name
        if key not in self._days:
            self._days[key] = billing.days(self._source, self._meters, self._fields, span, zone)
        return self._days[key].get((meter, tariff), {})

    def newest_s(self, meter: str, tariff: str) -> int:
        """The newest settled hour, 0 if there is none."""
        if self._newest is None:
            self._newest = billing.newest_hours(self._source, self._meters)
        return self._newest.get((meter, tariff), 0)

    def oldest_s(self, meter: str, tariff: str) -> int | None:
        """The oldest settled hour."""
        if self._oldest is None:
            self._oldest = billing.oldest_hours(self._source, self._meters)
        return self._oldest.get((meter, tariff))


class _Settling:
    """One tariff of one meter in one window."""

    def __init__(self, source: Source, before: _Before, contract: Contract, timeline: Timeline) -> None:
        self._measurement: Final = source.measurement
        self._before: Final = before
        self._meter: Final = contract.meter.name
        self._zone: Final = contract.meter.zone
        self._billing_day: Final = contract.plan.billing_day
        self._timeline: Final = timeline
        self._tags: Final = {"meter": self._meter, "tariff": timeline.name, **dict(contract.meter.tags)}

    def lines(self, hours: Sequence[Hour], prices: Prices, window: Window) -> Iterator[bytes]:
        """The lines of the settled hours, then those of their billing periods."""
        settled = self._settled(hours, prices)
        for hour in settled:
            fields = {name: float(amount) for name, amount in settlement.fields(hour).items()}
            yield lineprotocol.line(f"{self._measurement}_cost", self._tags, fields, hour.start_s * _NS)
        for bill in self._bills(settled, window):
            if bill.period.span.end_s > settled[0].start_s:
                numbers: dict[str, str | float | None] = {name: float(amount) for name, amount in bill.fields().items()}
                begin_s = bill.period.span.begin_s
                texts = {"name": bill.name, "currency": bill.currency, "period": f"{self._day(begin_s):%Y-%m}"}
                yield lineprotocol.line(f"{self._measurement}_bill", self._tags, numbers | texts, begin_s * _NS)

    def bills(self, hours: Sequence[Hour], prices: Prices, window: Window) -> list[Bill]:
        """The billing periods of the window, and all before them if there is a deposit."""
        return self._bills(self._settled(hours, prices), window)

    def unsettled_since_s(self, first_s: int, begin_s: int) -> int | None:
        """Since when hours before a period are not settled although the deposit depends on them. None if they are settled.

        `first_s` is the hour of the meter's first reading. Its own hour and the next one may have nothing to settle.
        """
        if not self._has_deposit():
            return None
        first_day = min(section.begin for section in self._timeline.sections)
        if first_day != date.min:
            first_s = max(first_s, calendar.midnight_s(first_day, self._zone))
        oldest_s = self._before.oldest_s(self._meter, self._timeline.name)
        newest_s = self._before.newest_s(self._meter, self._timeline.name)
        if first_s + HOUR_S >= begin_s:
            return None
        if oldest_s is None or oldest_s > first_s + HOUR_S:
            return first_s
        return newest_s + HOUR_S if newest_s + HOUR_S < begin_s else None

    def _has_deposit(self) -> bool:
        return any(section.feed_in and section.feed_in.model in DEPOSITS for section in self._timeline.sections)

    def _settled(self, hours: Sequence[Hour], prices: Prices) -> list[Settled]:
        return list(settlement.settle(hours, self._timeline, prices, self._zone, self._billing_day))

    def _bills(self, settled: Sequence[Settled], window: Window) -> list[Bill]:
        if not settled:
            return []
        inside = Span(window.begin_s, settled[-1].start_s + HOUR_S)
        end_s = max(inside.end_s, self._before.newest_s(self._meter, self._timeline.name) + HOUR_S)
        begin_s = settled[0].start_s
        if self._has_deposit():
            begin_s = min(begin_s, self._before.oldest_s(self._meter, self._timeline.name) or begin_s)
        begin_s = calendar.period(begin_s, self._zone, self._billing_day).begin_s
        recent = date.fromordinal(self._day(end_s).toordinal() - FORECAST_DAYS)
        days = self._days(Span(min(begin_s, calendar.midnight_s(recent, self._zone)), end_s), settled, inside)
        found = []
        for span in calendar.periods(begin_s, end_s, self._zone, self._billing_day):
            parts = [(section, self._sums(part, days)) for section, part in calendar.parts(self._timeline, span, self._zone)]
            parts = [(section, sums) for section, sums in parts if sums.hours]
            if parts:
                found.append((span, parts))
        return bills(found, self._timeline, self._zone, end_s, [(day, sums) for day, sums in days.items() if day >= recent])

    def _days(self, span: Span, settled: Sequence[Settled], inside: Span) -> dict[date, Sums]:
        """Sums by local day: of this window's hours, and of what was settled before and behind it."""
        days: dict[date, Sums] = {}
        for outside in _outside(span, inside):
            for day, sums in self._before.days(self._meter, self._timeline.name, outside, self._zone).items():
                days[day] = periods.added(days.get(day, _NOTHING), sums)
        for day, group in groupby(settled, lambda hour: self._day(hour.start_s)):
            days[day] = periods.added(days.get(day, _NOTHING), periods.summed(group))
        return dict(sorted(days.items()))

    def _sums(self, part: Span, days: Mapping[date, Sums]) -> Sums:
        """Sums over a part of a period. It consists of whole local days."""
        first, after = (self._day(moment_s) for moment_s in part)
        return reduce(periods.added, (sums for day, sums in days.items() if first <= day < after), _NOTHING)

    def _day(self, moment_s: int) -> date:
        return calendar.local(moment_s, self._zone)[0]


def _summed_fields(contracts: Sequence[Contract]) -> list[str]:
    """The fields whose sums a billing period is made of. The amount of a fixed price is computed from the energy."""
    sections = [section for contract in contracts for timeline in contract.plan.timelines for section in timeline.sections]
    market = {
        component for section in sections for component, price in zip(PER_KWH, section.per_kwh, strict=True) if isinstance(price, Market)
    }
    return [*sorted(market), "earned", *ENERGIES]


def _outside(span: Span, inside: Span) -> list[Span]:
    """The parts of a span before and behind another."""
    found = (Span(span.begin_s, min(span.end_s, inside.begin_s)), Span(max(span.begin_s, inside.end_s), span.end_s))
    return [part for part in found if part.begin_s < part.end_s]
