"""bills: periods in a row, what the accounts pay of them, and what the running one will come to."""

from datetime import date
from decimal import Decimal

import pytest

from madetariffs import WARSAW, day_s, flat, hour, hours_between, section, timeline
from telegraf_han.tariffs import bills, calendar, periods, settlement
from telegraf_han.tariffs.bills import Bill
from telegraf_han.tariffs.components import BILL_FIELDS, FORECAST
from telegraf_han.tariffs.settlement import Prices
from telegraf_han.tariffs.tariff import FeedIn, Market, Section, Timeline

PRICES = {"energy": flat("0.5"), "distribution": flat("0.25")}


def billed(own: Timeline, begin_s: int, end_s: int, energy=lambda start_s: (1000, 0), prices: Prices = Prices()) -> list[Bill]:  # noqa: B008
    """The bills of these hours."""
    settled = list(settlement.settle([hour(start_s, *energy(start_s)) for start_s in hours_between(begin_s, end_s)], own, prices, WARSAW))
    spans = []
    for span in calendar.periods(begin_s, end_s, WARSAW):
        parts = []
        for tariff, part in calendar.parts(own, span, WARSAW):
            inside = [one for one in settled if part.begin_s <= one.start_s < part.end_s]
            parts += [(tariff, periods.summed(inside))] if inside else []
        spans.append((span, parts))
    days: dict[date, list] = {}
    for one in settled[-28 * 24 :]:
        days.setdefault(calendar.local(one.start_s, WARSAW)[0], []).append(one)
    return bills.bills(spans, own, WARSAW, end_s, [(day, periods.summed(group)) for day, group in days.items()])


def test_a_finished_period() -> None:
    """January: 744 kWh. 372.00 + 186.00 + 10.00 net, 23 % VAT. Its forecast is what it came to."""
    (found,) = billed(timeline(section(PRICES, {"trade_fee": "10"}, vat_percent=Decimal(23))), day_s(2026, 1, 1), day_s(2026, 2, 1))
    fields = found.fields()

    assert tuple(fields) == (*BILL_FIELDS, *FORECAST)
    assert fields["total"] == fields["to_pay"] == fields["forecast_to_pay"] == Decimal("698.64")
    assert fields["forecast_wh"] == fields["import_wh"] == 744_000
    assert (fields["until_s"], fields["hours_settled"], fields["hours"]) == (day_s(2026, 2, 1), 744, 744)
    assert (found.name, found.currency) == ("made", "PLN")


def test_forecast_of_a_running_period() -> None:
    """Every hour is alike, so after 20 days January's forecast is what January will come to."""
    (found,) = billed(timeline(section(PRICES, {"trade_fee": "10"}, vat_percent=Decimal(23))), day_s(2026, 1, 1), day_s(2026, 1, 21))

    assert found.forecast == (Decimal("698.64"), 744_000)
    assert found.to_pay < Decimal("698.64")


def test_no_forecast_in_the_first_week() -> None:
    """The fields are left out."""
    (found,) = billed(timeline(section(PRICES)), day_s(2026, 1, 1), day_s(2026, 1, 7))

    assert tuple(found.fields()) == BILL_FIELDS


def test_forecast_with_a_new_price() -> None:
    """From the 16th on a kWh costs twice as much: 360 kWh of 1.00 and 384 kWh of 2.00, seen from the 11th."""
    first = section({"energy": flat("1")}, name="old", end=date(2026, 1, 16))
    second = section({"energy": flat("2")}, name="new", begin=date(2026, 1, 16))
    (found,) = billed(timeline(first, second), day_s(2026, 1, 1), day_s(2026, 1, 11))

    assert found.forecast == (Decimal("1128.00"), 744_000)
    assert found.name == "old"


def test_change_of_price_at_new_year() -> None:
    """December costs what it cost before, and names say what was in force."""
    old, new = section(PRICES, name="2025", end=date(2026, 1, 1)), section({"energy": flat("9")}, name="2026", begin=date(2026, 1, 1))
    before = billed(timeline(section(PRICES)), day_s(2025, 12, 1), day_s(2026, 1, 1))
    after = billed(timeline(old, new), day_s(2025, 12, 1), day_s(2026, 2, 1))

    assert after[0].to_pay == before[0].to_pay == Decimal("558.00")
    assert [one.name for one in after] == ["2025", "2026"]


def test_a_price_within_a_period() -> None:
    """Both tariffs are named, each once."""
    parts = [
        section(PRICES, name=name, begin=date(2026, 1, day), end=date(2026, 1, day + 10))
        for name, day in (("G11", 1), ("G12", 11), ("G11", 21))
    ]
    (found,) = billed(timeline(*parts), day_s(2026, 1, 1), day_s(2026, 1, 31))

    assert found.name == "G11, G12"


def prosumer(feed_in: FeedIn) -> Section:
    return section(PRICES, {"trade_fee": "10"}, vat_percent=Decimal(23), balanced=True, feed_in=feed_in)


def by_day(start_s: int) -> tuple[int, int]:
    """A house that feeds in at every second hour."""
    return (1000, 0) if start_s // 3600 % 2 else (0, 2000)


def test_net_billing() -> None:
    """January's 744 kWh are worth 223.20. In February 336 kWh of energy cost 206.64 with VAT, and the deposit pays them."""
    prices = Prices([("rce", start_s, Decimal("0.3")) for start_s in hours_between(day_s(2026, 1, 1), day_s(2026, 3, 1))])
    first, second = billed(timeline(prosumer(FeedIn("net-billing", Market("rce")))), day_s(2026, 1, 1), day_s(2026, 3, 1), by_day, prices)

    assert (first.period.fields["earned"], first.account.deposit_used, first.account.deposit_after) == (
        Decimal("223.20"),
        0,
        Decimal("223.20"),
    )
    assert second.account.deposit_used == second.period.energy_gross == Decimal("206.64")
    assert second.to_pay == second.period.fields["total"] - Decimal("206.64")


def test_feeding_in_for_a_price() -> None:
    """What is earned is taken off the bill of the same period, which may become negative."""
    (found,) = billed(timeline(prosumer(FeedIn("price", flat("0.9")))), day_s(2026, 1, 1), day_s(2026, 2, 1), by_day)

    assert found.to_pay == found.period.fields["total"] - Decimal("669.60")
    assert found.to_pay < 0


def test_net_metering() -> None:
    """0.8 of 744 kWh may be taken back, more than the 372 kWh of the month: only the fee is to be paid."""
    (found,) = billed(timeline(prosumer(FeedIn("net-metering"))), day_s(2026, 1, 1), day_s(2026, 2, 1), by_day)

    assert found.account.offset_wh == 372_000
    assert found.to_pay == pytest.approx(Decimal("12.30"))


def test_forecast_of_a_deposit() -> None:
    """The deposit pays of what is still to come, too."""
    prices = Prices([("rce", start_s, Decimal("0.3")) for start_s in hours_between(day_s(2026, 1, 1), day_s(2026, 3, 1))])
    own = timeline(prosumer(FeedIn("net-billing", Market("rce"))))
    running = billed(own, day_s(2026, 1, 1), day_s(2026, 2, 15), by_day, prices)[-1]
    finished = billed(own, day_s(2026, 1, 1), day_s(2026, 3, 1), by_day, prices)[-1]

    assert running.forecast == finished.forecast
    assert running.account.deposit_used < finished.account.deposit_used
