"""Adds up the hours of a billing period, and rounds as a bill does: line by line.

A line is a part of the bill in one tariff section, and in one zone if its price is by zone. Its net amount is rounded half up to 0.01.
VAT is computed once for each rate, of the sum of its lines. So a reader can follow the statement with a calculator.

Only sums of the fields of `electricity_cost` are needed. So hours settled long ago come as one sum from the database.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from telegraf_han.tariffs import settlement
from telegraf_han.tariffs.calendar import Span
from telegraf_han.tariffs.components import COMPONENTS, COST_FIELDS, ENERGIES, PER_KWH, PER_MONTH, ZONES
from telegraf_han.tariffs.settlement import Settled
from telegraf_han.tariffs.tariff import Fixed, Section

_NOTHING: Final = Decimal(0)
_GROSZ: Final = Decimal("0.01")
_AMOUNT: Final = Decimal("1e-9")
_SMALLEST_WH: Final = Decimal("0.001")
_WH: Final = Decimal(1000)


class Sums(NamedTuple):
    """Hours added up."""

    hours: int
    fields: Mapping[str, Decimal]
    """The fields of `electricity_cost`. A field that is missing is 0."""


class Line(NamedTuple):
    """A line of the statement."""

    section: Section
    component: str
    zone: int
    """1 to 4. 0 if the price holds for all zones."""
    wh: Decimal | None
    """The energy that is multiplied. None for a monthly fee."""
    price: Decimal | None
    """Net, per kWh or per month. None if each hour has a price of the market."""
    hours: int
    """Settled hours of the section. A monthly fee counts in proportion to them."""
    net: Decimal


class Vat(NamedTuple):
    """VAT of one rate."""

    percent: Decimal
    net: Decimal
    vat: Decimal


class Period(NamedTuple):
    """A billing period, rounded."""

    span: Span
    hours_settled: int
    sections: tuple[Section, ...]
    lines: tuple[Line, ...]
    vat: tuple[Vat, ...]
    fields: Mapping[str, Decimal]
    """The fields that `electricity_bill` has in common with `electricity_cost`."""
    energy_gross: Decimal
    """The energy with its VAT. A deposit pays for nothing else."""
    per_kwh_gross: Decimal
    """All parts per kWh with their VAT, not rounded."""
    deposited: Decimal
    """What is earned by net-billing."""
    returnable_wh: Decimal
    """What may be taken back by net-metering."""


def summed(settled: Iterable[Settled]) -> Sums:
    """Add up hours."""
    sums = dict.fromkeys(COST_FIELDS, _NOTHING)
    hours = 0
    for hours, one in enumerate(settled, 1):  # noqa: B007, the last number is how many there are
        for key, value in settlement.fields(one).items():
            sums[key] += value
    return Sums(hours, sums)


def added(first: Sums, second: Sums) -> Sums:
    """Add up two sums."""
    keys = first.fields.keys() | second.fields.keys()
    return Sums(first.hours + second.hours, {key: first.fields.get(key, _NOTHING) + second.fields.get(key, _NOTHING) for key in keys})


def period(span: Span, parts: Sequence[tuple[Section, Sums]]) -> Period:
    """The billing period of these hours. `parts` has each section that was in force, in order, with the sums of its hours."""
    lines = [line for section, sums in parts for line in _lines(section, sums, span.hours)]
    fields = {component: sum((line.net for line in lines if line.component == component), _NOTHING) for component in COMPONENTS}
    vat = _vat(lines)
    energy = _vat(line for line in lines if line.component == "energy")
    fields["vat"] = sum((rate.vat for rate in vat), _NOTHING)
    fields["total"] = sum((rate.net + rate.vat for rate in vat), _NOTHING)
    fields["earned"] = grosz(sum((_amount(sums, "earned") for _, sums in parts), _NOTHING))
    fields |= {key: sum((_wh(sums, key) for _, sums in parts), _NOTHING) for key in ENERGIES}
    deposited = sum((_amount(sums, "earned") for section, sums in parts if _model(section) == "net-billing"), _NOTHING)
    return Period(
        span,
        sum(sums.hours for _, sums in parts),
        tuple(section for section, _ in parts),
        tuple(lines),
        vat,
        fields,
        sum((rate.net + rate.vat for rate in energy), _NOTHING),
        sum((line.net * (100 + line.section.vat_percent) / 100 for line in lines if line.component in PER_KWH), _NOTHING),
        grosz(deposited),
        sum((_returnable_wh(section, sums) for section, sums in parts), _NOTHING),
    )


def grosz(amount: Decimal) -> Decimal:
    """Round half up to 0.01."""
    return amount.quantize(_GROSZ, ROUND_HALF_UP)


def _lines(section: Section, sums: Sums, period_hours: int) -> Iterable[Line]:
    for component, price in zip(PER_KWH, section.per_kwh, strict=True):
        if not isinstance(price, Fixed):
            yield Line(section, component, 0, _wh(sums, "billed_import_wh"), None, sums.hours, grosz(_amount(sums, component)))
            continue
        prices = [(0, "billed_import_wh", price.total)]
        prices += [(zone, f"t{zone}_wh", price.by_zone[zone - 1]) for zone in range(1, ZONES + 1)]
        for zone, field, per_kwh in prices:
            if per_kwh:
                wh = _wh(sums, field)
                yield Line(section, component, zone, wh, per_kwh, sums.hours, grosz(wh * per_kwh / _WH))
    for component, fee in zip(PER_MONTH, section.per_month, strict=True):
        if fee:
            yield Line(section, component, 0, None, fee, sums.hours, grosz(fee * sums.hours / period_hours))


def _vat(lines: Iterable[Line]) -> tuple[Vat, ...]:
    """VAT by rate, in the order of the lines."""
    net: dict[Decimal, Decimal] = {}
    for line in lines:
        percent = line.section.vat_percent
        net[percent] = net.get(percent, _NOTHING) + line.net
    return tuple(Vat(percent, amount, grosz(amount * percent / 100)) for percent, amount in net.items())


def _model(section: Section) -> str:
    return section.feed_in.model if section.feed_in else ""


def _returnable_wh(section: Section, sums: Sums) -> Decimal:
    if section.feed_in is None or section.feed_in.model != "net-metering":
        return _NOTHING
    return (_wh(sums, "billed_export_wh") * section.feed_in.share).quantize(_SMALLEST_WH)


def _amount(sums: Sums, key: str) -> Decimal:
    return sums.fields.get(key, _NOTHING).quantize(_AMOUNT)


def _wh(sums: Sums, key: str) -> Decimal:
    """Rounded, because a sum of floats is off by less than that."""
    return sums.fields.get(key, _NOTHING).quantize(_SMALLEST_WH)
