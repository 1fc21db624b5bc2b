"""Makes the bills of one tariff: billing periods, what the accounts of feeding in pay of them, and a forecast of the running one."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from telegraf_han.clock import Zone
from telegraf_han.tariffs import calendar, deposit, forecast
from telegraf_han.tariffs.calendar import Span
from telegraf_han.tariffs.components import BILL_FIELDS, FORECAST
from telegraf_han.tariffs.deposit import Account, Entry
from telegraf_han.tariffs.periods import Period, Sums, added, period
from telegraf_han.tariffs.tariff import FeedIn, Section, Timeline

Parts = Sequence[tuple[Section, Sums]]
"""The sections that were in force, in order, each with the sums of its hours."""
_MONTHS: Final = 12


class Expected(NamedTuple):
    """What a billing period will come to."""

    to_pay: Decimal
    import_wh: Decimal


class Bill(NamedTuple):
    """A billing period as it is to be paid."""

    period: Period
    account: Account
    forecast: Expected | None
    """None if too little is known. For a finished period, what it has come to."""

    @property
    def to_pay(self) -> Decimal:
        """Negative if the seller has to pay."""
        return _to_pay(self.period, self.account)

    @property
    def name(self) -> str:
        """The names of the tariffs that were in force, each once."""
        return ", ".join(dict.fromkeys(section.name for section in self.period.sections))

    @property
    def currency(self) -> str:
        """All sections of a meter have the same."""
        return self.period.sections[0].currency

    def fields(self) -> dict[str, Decimal]:
        """The numbers of `electricity_bill`, in the order of `components.BILL_FIELDS`, and `components.FORECAST` if there is one."""
        span = self.period.span
        found = {
            **self.period.fields,
            "energy_gross": self.period.energy_gross,
            **self.account._asdict(),
            "to_pay": self.to_pay,
            "until_s": Decimal(span.end_s),
            "hours_settled": Decimal(self.period.hours_settled),
            "hours": Decimal(span.hours),
        }
        ordered = {key: found[key] for key in BILL_FIELDS}
        return ordered | (dict(zip(FORECAST, self.forecast, strict=True)) if self.forecast else {})


def bills(
    settled: Sequence[tuple[Span, Parts]], timeline: Timeline, zone: Zone, next_s: int, days: Sequence[tuple[date, Sums]] = ()
) -> list[Bill]:
    """The bill of each period.

    `settled` has all periods with settled hours from the first on, in order, because a deposit depends on all of them. `next_s` is the end
    of the last settled hour. A period that ends later is running. Its forecast needs `days`: the sums of the last weeks by local day.
    """
    periods = [period(span, parts) for span, parts in settled]
    entries = [_entry(one, zone, next_s) for one in periods]
    found = []
    for place, (one, account) in enumerate(zip(periods, deposit.ledger(entries), strict=True)):
        expected: Expected | None = Expected(_to_pay(one, account), one.fields["import_wh"])
        if not entries[place].finished:
            span, parts = settled[place]
            rest = forecast.expected(Span(max(next_s, span.begin_s), span.end_s), days, timeline, zone)
            expected = _forecast(entries[:place], period(span, _joined(parts, rest)), zone) if rest else None
        found.append(Bill(one, account, expected))
    return found


def _forecast(entries: Sequence[Entry], whole: Period, zone: Zone) -> Expected:
    account = deposit.ledger([*entries, _entry(whole, zone, whole.span.end_s)])[-1]
    return Expected(_to_pay(whole, account), whole.fields["import_wh"])


def _joined(parts: Parts, rest: Parts) -> Parts:
    """The hours settled and the hours expected of each section."""
    found = dict(parts)
    for section, sums in rest:
        found[section] = added(found[section], sums) if section in found else sums
    return list(found.items())


def _entry(one: Period, zone: Zone, next_s: int) -> Entry:
    day, _ = calendar.local(one.span.begin_s, zone)
    terms = _terms(one)
    return Entry(
        day.year * _MONTHS + day.month,
        one.deposited,
        one.energy_gross,
        one.returnable_wh,
        one.fields["billed_import_wh"],
        one.per_kwh_gross,
        next_s >= one.span.end_s,
        terms.usable_after,
        terms.pay_back,
    )


def _terms(one: Period) -> FeedIn:
    """How feeding in is paid at the end of the period."""
    found = [section.feed_in for section in one.sections if section.feed_in]
    return found[-1] if found else FeedIn("price")


def _to_pay(one: Period, account: Account) -> Decimal:
    return one.fields["total"] - account.deposit_used - account.credit - (one.fields["earned"] - one.deposited)
