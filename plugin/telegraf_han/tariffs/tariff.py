"""Describes a tariff: prices and fees, from which day to which day they hold, how feeding in is paid, and which hour is in which zone.

Everything here is data that the configuration has checked. All money is net, except what is paid for feeding in. One timeline is the
contract of a meter (`own`), or one tariff that is computed side by side for comparison.
"""

from datetime import date
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from telegraf_han.tariffs.components import ZONES

OWN: Final = "own"
"""The tag `tariff` of the meter's own contract."""
_NOTHING: Final = Decimal(0)
_WITHOUT_ZONES: Final = (_NOTHING,) * ZONES


class Fixed(NamedTuple):
    """A price per kWh that is written in the configuration."""

    total: Decimal = _NOTHING
    """For each kWh, whatever its zone."""
    by_zone: tuple[Decimal, ...] = _WITHOUT_ZONES
    """For each kWh of zone 1, 2, 3, 4. It is added to `total`."""


class Market(NamedTuple):
    """A price per kWh from a series of prices: price × factor + plus."""

    series: str
    """The tag `series` of `electricity_price`."""
    factor: Decimal = Decimal(1)
    plus: Decimal = _NOTHING
    at_least: Decimal | None = None
    """The result is never below this."""
    by: Literal["hour", "month"] = "hour"
    """"month": the last price whose stamp is in the local calendar month of the hour."""


Price = Fixed | Market


class ZoneHours(NamedTuple):
    """A row of the clock's zones: its zone holds at these hours of these days."""

    zone: int
    days: frozenset[str] = frozenset({"all"})
    """Words of `calendar.DAYS`."""
    hours: frozenset[int] = frozenset(range(24))
    """Local hours, 0 to 23."""
    season: tuple[tuple[int, int], tuple[int, int]] | None = None
    """First and last (month, day) of each year. The first may be later than the last: then the season runs over New Year."""


class FeedIn(NamedTuple):
    """How energy that is fed in is paid."""

    model: Literal["net-billing", "net-metering", "price"]
    price: Price = Fixed()
    """Gross value of a kWh fed in."""
    negative_as_is: bool = False
    """Whether a negative price of the market stays negative. Otherwise it counts as 0."""
    factor: Decimal = Decimal(1)
    """What is earned is the value times this."""
    pay_back: Decimal = _NOTHING
    """Net-billing: of a period's value that is left at its end, up to this share of that value is paid back. The rest is gone."""
    usable_after: int = 1
    """Net-billing: from which period after its own the value of a period pays."""
    share: Decimal = Decimal("0.8")
    """Net-metering: kWh that may be taken back for each kWh fed in."""


class Section(NamedTuple):
    """A tariff as it holds from one day to another."""

    name: str
    begin: date
    """The first day, local. `date.min` if the tariff has no first day."""
    end: date
    """The first day after it. `date.max` if it has no last day."""
    per_kwh: tuple[Price, ...]
    """In the order of `components.PER_KWH`."""
    per_month: tuple[Decimal, ...]
    """In the order of `components.PER_MONTH`. Brackets by yearly use are already chosen."""
    vat_percent: Decimal = _NOTHING
    currency: str = "PLN"
    balanced: bool = False
    """Whether import and export are balanced within each hour."""
    zones: Literal["one", "registers", "clock"] = "one"
    hours: tuple[ZoneHours, ...] = ()
    """The first row that fits an hour decides. An hour that no row fits is in zone 1."""
    holidays: str = "PL"
    feed_in: FeedIn | None = None


class Timeline(NamedTuple):
    """Sections in the order of their days, which do not overlap."""

    name: str
    """`own`, or the name of a tariff that is compared. The tag `tariff`."""
    sections: tuple[Section, ...]

    def on(self, day: date) -> Section | None:
        """The section that is in force on a local day. There may be none."""
        return next((section for section in self.sections if section.begin <= day < section.end), None)


class Plan(NamedTuple):
    """Everything that is computed for a meter."""

    own: Timeline
    compared: tuple[Timeline, ...] = ()
    billing_day: int = 1
    """Day of the month on which a billing period begins, 1 to 28."""

    @property
    def timelines(self) -> tuple[Timeline, ...]:
        """The own tariff first."""
        return (self.own, *self.compared)
