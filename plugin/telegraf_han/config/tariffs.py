"""Turns the options of one tariff section into a checked `Section`.

Every option has a row, as in `sections`. Some mistakes are seen only in the whole section: a zone without a price, hours for a zone that no
price has, brackets that do not rise. Numbers become decimals as they are written: 0.1 is exactly one tenth.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, NamedTuple, cast

from telegraf_han.config import values
from telegraf_han.config.rows import Option, Place, Rows, read
from telegraf_han.language import _
from telegraf_han.tariffs.calendar import DAYS
from telegraf_han.tariffs.components import PER_KWH, PER_MONTH, ZONES
from telegraf_han.tariffs.tariff import FeedIn, Fixed, Market, Price, Section, ZoneHours

_HUNDRED: Final = 100
_HOURS: Final = 24
_MONTHS: Final = 12
_LEAP_YEAR: Final = 2024
_NOTHING: Final = Decimal(0)
_ZONE_KEYS: Final = tuple(f"t{zone}" for zone in range(1, ZONES + 1))


class Written(NamedTuple):
    """A section and where it stands."""

    section: Section
    place: Place
    last: date | None
    """The option `to`."""

    def __str__(self) -> str:
        """The section for a message: name, first day, last day and file."""
        begin = _("without from") if self.section.begin == date.min else _("from {day}", day=self.section.begin)
        until = " " + _("to {day}", day=self.last) if self.last else ""
        return f'"{self.section.name}" {begin}{until} ({self.place.file})'


# -- values


def decimal(value: object) -> Decimal:
    """Return a number exactly as it is written. Raises ValueError."""
    return Decimal(repr(values.number(value)))


def _between(low: int, high: int) -> Callable[[object], Decimal]:
    def checked(value: object) -> Decimal:
        found = decimal(value)
        if not low <= found <= high:
            raise ValueError(_("a number from {low} to {high} is expected", low=low, high=high))
        return found

    return checked


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError(_("a date without quotes is expected, such as 2026-01-01"))


def _days(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(word in DAYS for word in value):
        raise ValueError(_("a list of these words is expected: {words}", words=", ".join(DAYS)))
    return frozenset(value)


def _hours(value: object) -> frozenset[int]:
    if not isinstance(value, list) or not value:
        raise ValueError(_('a list of whole hours is expected, such as ["13-15", "22-6"]'))
    return frozenset(hour for text in value for hour in _range(text))


def _range(text: object) -> Iterator[int]:
    begin, _dash, end = text.partition("-") if isinstance(text, str) else ("", "", "")
    if not begin.isdecimal() or not end.isdecimal() or int(begin) >= _HOURS or int(end) > _HOURS or int(begin) == int(end):
        raise ValueError(_('a list of whole hours from 0 to 24 is expected, such as ["13-15", "22-6"]'))
    last = int(end) if int(end) > int(begin) else int(end) + _HOURS
    return (hour % _HOURS for hour in range(int(begin), last))


def _season(value: object) -> tuple[tuple[int, int], tuple[int, int]]:
    first, _dots, last = value.partition("..") if isinstance(value, str) else ("", "", "")
    try:
        days = [date.fromisoformat(f"{_LEAP_YEAR}-{text.strip()}") for text in (first, last)]
    except ValueError:
        raise ValueError(_('two days of the year are expected, such as "04-01..09-30"')) from None
    return (days[0].month, days[0].day), (days[1].month, days[1].day)


def _zone(value: object) -> int:
    return values.whole(1, ZONES)(value)


def _country(value: object) -> str:
    code = value if isinstance(value, str) else ""
    if len(code) != 2 or not code.isascii() or not code.isalpha() or not code.isupper():  # noqa: PLR2004, ISO 3166-1 alpha-2
        raise ValueError(_('the code of a country is expected, such as "PL"'))
    return code


def _raw(value: object) -> object:
    """A section inside a section. It is read apart, with its own place."""
    return value


# -- rows

_SECTION: Final[Rows] = {
    "name": Option("name", values.name),
    "from": Option("begin", _day),
    "to": Option("last", _day),
    "currency": Option("currency", values.name),
    "vat_percent": Option("vat_percent", _between(0, _HUNDRED)),
    "balancing": Option("balancing", values.one_of("none", "hour")),
    "yearly_use_kwh": Option("yearly_use_kwh", values.limit),
    "zones": Option("zones", values.one_of("one", "registers", "clock")),
    "holidays": Option("holidays", _country),
    "hours": Option("hours", _raw),
    "per_kwh": Option("per_kwh", _raw),
    "per_month": Option("per_month", _raw),
    "feed_in": Option("feed_in", _raw),
}
_ZONE_HOURS: Final[Rows] = {
    "zone": Option("zone", _zone),
    "days": Option("days", _days),
    "hours": Option("hours", _hours),
    "season": Option("season", _season),
}
_MARKET: Final[Rows] = {
    "series": Option("series", values.name),
    "factor": Option("factor", decimal),
    "plus": Option("plus", decimal),
    "at_least": Option("at_least", decimal),
    "by": Option("by", values.one_of("hour", "month")),
}
_BY_ZONE: Final[Rows] = {key: Option(key, decimal) for key in _ZONE_KEYS}
_BRACKET: Final[Rows] = {"below_kwh": Option("below_kwh", decimal), "fee": Option("fee", decimal)}
_PER_KWH: Final[Rows] = {key: Option(key, _raw) for key in PER_KWH}
_PER_MONTH: Final[Rows] = {key: Option(key, _raw) for key in PER_MONTH}
_FEED_IN: Final[Rows] = {
    "model": Option("model", values.one_of("net-billing", "net-metering", "price")),
    "price": Option("price", _raw),
    "negative": Option("negative_as_is", lambda value: values.one_of("zero", "as_is")(value) == "as_is"),
    "factor": Option("factor", decimal),
    "pay_back_percent": Option("pay_back", lambda value: _between(0, _HUNDRED)(value) / _HUNDRED),
    "usable_after_months": Option("usable_after", values.whole(0, _MONTHS)),
    "share": Option("share", _between(0, 1)),
}
_MODELS: Final = {
    "price": ("net-billing", "price"),
    "negative": ("net-billing", "price"),
    "factor": ("net-billing",),
    "pay_back_percent": ("net-billing",),
    "usable_after_months": ("net-billing",),
    "share": ("net-metering",),
}
"""Which models have an option."""


# -- one section


def section(table: Mapping[str, object], place: Place, name: str, yearly_use_kwh: float | None) -> Written:
    """Read a section. `name` and `yearly_use_kwh` are what holds if it has none of its own. Raises ConfigError."""
    fields = read(table, _SECTION, place)
    last = fields.pop("last", None)
    begin = fields.setdefault("begin", date.min)
    if last is not None and last < begin:
        raise place.error("to", _("a day from {begin} on is expected, because the tariff begins on that day", begin=begin))
    fields.setdefault("name", name)
    fields["end"] = date.fromordinal(last.toordinal() + 1) if last else date.max
    use_kwh = fields.pop("yearly_use_kwh", yearly_use_kwh)
    prices = _prices(fields.get("per_kwh", {}), place._replace(prefix="per_kwh."))
    fields["per_kwh"] = tuple(prices.get(component, Fixed()) for component in PER_KWH)
    fees = read(fields.get("per_month", {}), _PER_MONTH, place._replace(prefix="per_month."))
    fields["per_month"] = tuple(
        _fee(fees[component], use_kwh, place._replace(prefix=f"per_month.{component}.")) if component in fees else _NOTHING
        for component in PER_MONTH
    )
    fields["hours"] = _zone_hours(fields.get("hours", []), place)
    feed_in = _feed_in(fields["feed_in"], place._replace(prefix="feed_in.")) if "feed_in" in fields else None
    fields["feed_in"] = feed_in
    prosumer = feed_in is not None and feed_in.model != "price"
    fields["balanced"] = fields.pop("balancing", "hour" if prosumer else "none") == "hour"
    fields["zones"] = _zones(fields, _zones_of(table), place)
    return Written(Section(**fields), place, last)


def _prices(table: object, place: Place) -> dict[str, Price]:
    raw = read(table, _PER_KWH, place)
    return {component: _price(value, place._replace(prefix=f"{place.prefix}{component}.")) for component, value in raw.items()}


def _price(value: object, place: Place) -> Price:
    """A number, prices by zone, or a series."""
    if not isinstance(value, Mapping):
        try:
            return Fixed(decimal(value))
        except ValueError:
            raise place.error("", _("a number, { t1 = …, t2 = … } or { series = … } is expected")) from None
    if "series" in value:
        return Market(**read(value, _MARKET, place))
    by_zone = read(value, _BY_ZONE, place)
    if not by_zone:
        raise place.error("", _("a number, { t1 = …, t2 = … } or { series = … } is expected"))
    return Fixed(by_zone=tuple(by_zone.get(key, _NOTHING) for key in _ZONE_KEYS))


def _fee(value: object, use_kwh: float | None, place: Place) -> Decimal:
    """A number, or the fee of the bracket that the yearly use is in."""
    if not isinstance(value, list):
        try:
            return decimal(value)
        except ValueError:
            raise place.error("", _("a number or a list of { below_kwh = …, fee = … } is expected")) from None
    brackets = [read(bracket, _BRACKET, place) for bracket in value]
    if not brackets or any("fee" not in bracket for bracket in brackets):
        raise place.error("", _("a list of { below_kwh = …, fee = … } is expected"))
    bounds = [bracket["below_kwh"] for bracket in brackets if "below_kwh" in bracket]
    if len(bounds) != len(brackets) - 1 or "below_kwh" in brackets[-1]:
        raise place.error("", _("every bracket but the last needs below_kwh, and the last must have none"))
    if any(later <= earlier for earlier, later in pairwise(bounds)):
        raise place.error("", _("brackets are expected in rising order of below_kwh"))
    if use_kwh is None:
        raise place.error("", _("this fee depends on the yearly use, so the meter or this tariff needs yearly_use_kwh"))
    return cast("Decimal", next(one["fee"] for one in brackets if "below_kwh" not in one or Decimal(repr(use_kwh)) < one["below_kwh"]))


def _zone_hours(value: object, place: Place) -> tuple[ZoneHours, ...]:
    if not isinstance(value, list):
        raise place.error("hours", _("a list of { zone = …, hours = … } is expected, or sections in double brackets"))
    rows = []
    for number, table in enumerate(value, 1):
        here = place._replace(prefix=_("hours number {number}: ", number=number))
        fields = read(table, _ZONE_HOURS, here)
        if "zone" not in fields:
            raise here.error("zone", _("a zone from 1 to {last} is expected", last=ZONES))
        rows.append(ZoneHours(**fields))
    return tuple(rows)


def _feed_in(value: object, place: Place) -> FeedIn:
    fields = read(value, _FEED_IN, place)
    if "model" not in fields:
        raise place.error("model", _('one of "net-billing", "net-metering", "price" is expected'))
    for key in cast("Mapping[str, object]", value):
        models = _MODELS.get(key, (fields["model"],))
        if fields["model"] not in models:
            shown = _(" or ").join(f'"{model}"' for model in models)
            raise place.error(key, _("only a feed_in with model = {models} has this option", models=shown))
    if "price" in fields:
        fields["price"] = _price(fields["price"], place._replace(prefix=f"{place.prefix}price."))
    elif fields["model"] in _MODELS["price"]:
        raise place.error("price", _("the value of a kWh fed in is expected: a number or { series = … }"))
    return FeedIn(**fields)


# -- zones


def _zones_of(table: Mapping[str, object]) -> dict[str, set[int]]:
    """The zones that each price by zone has: path of the option → zones. The prices have already been read."""
    prices = {f"per_kwh.{key}": value for key, value in cast("Mapping[str, object]", table.get("per_kwh", {})).items()}
    prices["feed_in.price"] = cast("Mapping[str, object]", table.get("feed_in", {})).get("price")
    return {path: {int(key[1:]) for key in value} for path, value in prices.items() if isinstance(value, Mapping) and "series" not in value}


def _zones(fields: Mapping[str, Any], priced: Mapping[str, set[int]], place: Place) -> str:
    """Where the zone of an hour comes from. Raises ConfigError if prices and zones do not fit."""
    rows: Sequence[ZoneHours] = fields["hours"]
    zones = str(fields.get("zones") or ("clock" if rows else "registers" if priced else "one"))
    if rows and zones != "clock":
        raise place.error("hours", _('hours need zones = "clock"'))
    if zones == "clock" and not rows:
        raise place.error("zones", _('zones = "clock" needs hours: [[meter.tariff.hours]] says which hours are in which zone'))
    if zones == "one" and priced:
        raise place.error(next(iter(priced)), _('one price is expected, because zones = "one"'))
    all_zones = {1, *(row.zone for row in rows)} if zones == "clock" else set().union(*priced.values())
    if zones == "clock" and not priced and len(all_zones) > 1:
        raise place.error("hours", _("there are hours for zone {zone}, but no price is by zone", zone=max(all_zones)))
    for path, found in priced.items():
        for zone in sorted(all_zones ^ found):
            if zone in all_zones:
                raise place.error(path, _("a price for zone {zone} is expected: t{zone} = …", zone=zone))
            raise place.error(path, _("there is a price for zone {zone}, but no hours are in this zone", zone=zone))
    return zones
