"""periods: sums of hours become lines, rounded half up one by one, and VAT once for each rate."""

from datetime import date
from decimal import Decimal

import pytest

from madetariffs import WARSAW, by_zone, day_s, flat, hour, section, timeline
from telegraf_han.tariffs import calendar, periods, settlement
from telegraf_han.tariffs.components import COST_FIELDS, ENERGIES
from telegraf_han.tariffs.periods import Sums
from telegraf_han.tariffs.settlement import Prices
from telegraf_han.tariffs.tariff import FeedIn, Market

JANUARY = calendar.period(day_s(2026, 1, 15), WARSAW)


def sums(hours: int = 744, **fields: object) -> Sums:
    return Sums(hours, {key: Decimal(str(value)) for key, value in fields.items()})


def test_lines() -> None:
    """A line for each part and, if its price is by zone, for each zone. A part without a price has no line."""
    tariff = section(
        {"energy": by_zone("0.70", "0.45"), "quality": flat("0.0333"), "other": Market("rce")}, {"trade_fee": "10"}, vat_percent=Decimal(23)
    )
    found = periods.period(JANUARY, [(tariff, sums(372, billed_import_wh=100_500, t1_wh=70_100, t2_wh=30_400, other="12.3449999996"))])

    assert [(line.component, line.zone, line.wh, line.price, line.net) for line in found.lines] == [
        ("energy", 1, 70_100, Decimal("0.70"), Decimal("49.07")),
        ("energy", 2, 30_400, Decimal("0.45"), Decimal("13.68")),
        ("quality", 0, 100_500, Decimal("0.0333"), Decimal("3.35")),
        ("other", 0, 100_500, None, Decimal("12.35")),
        ("trade_fee", 0, None, Decimal(10), Decimal("5.00")),
    ]
    assert found.vat == ((Decimal(23), Decimal("83.45"), Decimal("19.19")),)
    assert (found.fields["energy"], found.fields["vat"], found.fields["total"]) == (Decimal("62.75"), Decimal("19.19"), Decimal("102.64"))
    assert found.energy_gross == Decimal("62.75") + Decimal("14.43")


@pytest.mark.parametrize(("amount", "rounded"), [("0.005", "0.01"), ("0.0049", "0.00"), ("-0.005", "-0.01"), ("2.675", "2.68")])
def test_half_up(amount: str, rounded: str) -> None:
    """Half a grosz is rounded away from zero."""
    assert periods.grosz(Decimal(amount)) == Decimal(rounded)


def test_sums_of_floats() -> None:
    """What is off by less than a float can tell changes no grosz: 0.1 + 0.2 is 0.3."""
    tariff = section({"energy": flat("0.15")})
    found = periods.period(JANUARY, [(tariff, sums(1, billed_import_wh=repr(100.1 + 200.2 - 0.3)))])

    assert found.fields["billed_import_wh"] == 300
    assert found.fields["energy"] == Decimal("0.05")


def test_two_sections_and_two_rates() -> None:
    """Each section has lines of its own, and each rate its VAT."""
    first = section({"energy": flat("0.5")}, name="a", vat_percent=Decimal(8))
    second = section({"energy": flat("0.6")}, name="b", vat_percent=Decimal(23))
    found = periods.period(JANUARY, [(first, sums(100, billed_import_wh=10_010)), (second, sums(644, billed_import_wh=20_010))])

    assert [line.net for line in found.lines] == [Decimal("5.01"), Decimal("12.01")]
    assert found.vat == ((8, Decimal("5.01"), Decimal("0.40")), (23, Decimal("12.01"), Decimal("2.76")))
    assert found.fields["total"] == Decimal("20.18")
    assert (found.hours_settled, found.sections) == (744, (first, second))


def test_monthly_fees_of_a_period_that_has_begun() -> None:
    """Only hours that are settled count. The bill of a whole period has the whole fee."""
    tariff = section(per_month={"capacity_fee": "16.00"})
    begun = periods.period(JANUARY, [(tariff, sums(100))])
    whole = periods.period(JANUARY, [(tariff, sums(744))])

    assert begun.fields["capacity_fee"] == Decimal("2.15")
    assert whole.fields["capacity_fee"] == Decimal("16.00")


def test_what_is_earned() -> None:
    """Net-billing and a price for feeding in may follow each other. Only the first goes into a deposit."""
    deposit = section(feed_in=FeedIn("net-billing", Market("rce")))
    paid = section(feed_in=FeedIn("price", flat("0.2")))
    found = periods.period(JANUARY, [(deposit, sums(earned="1.235")), (paid, sums(earned="2.00"))])

    assert (found.fields["earned"], found.deposited) == (Decimal("3.24"), Decimal("1.24"))


def test_energy_to_take_back() -> None:
    """Net-metering: the share of what was fed in and not balanced."""
    tariff = section(feed_in=FeedIn("net-metering", share=Decimal("0.7")))

    assert periods.period(JANUARY, [(tariff, sums(billed_export_wh=1000))]).returnable_wh == 700


def test_summed() -> None:
    """The sums of hours are the sums of all their fields."""
    tariff = section({"energy": flat("0.5")}, {"trade_fee": "7.44"}, vat_percent=Decimal(23))
    hours = [hour(start_s, 1000, 200) for start_s in range(JANUARY.begin_s, JANUARY.begin_s + 7200, 3600)]
    found = periods.summed(settlement.settle(hours, timeline(tariff), Prices(), WARSAW))

    assert (found.hours, tuple(found.fields)) == (2, COST_FIELDS)
    assert found.fields["energy"] == 1
    assert found.fields["trade_fee"] == Decimal("0.02")
    assert periods.added(found, found).fields["import_wh"] == 4000
    assert periods.added(sums(1, energy=2), sums(2, vat=3)) == (3, {"energy": 2, "vat": 3})


def test_no_hour_at_all() -> None:
    """Nothing added up is nothing."""
    assert periods.summed([]).hours == 0


def test_energies_are_those_of_the_hours() -> None:
    """Every energy of electricity_cost is on the bill."""
    given = {key: Decimal(place) for place, key in enumerate(ENERGIES, 1)}
    found = periods.period(JANUARY, [(section(), Sums(1, given)), (section(begin=date(2026, 1, 5)), Sums(1, given))])

    assert {key: found.fields[key] for key in ENERGIES} == {key: 2 * value for key, value in given.items()}
