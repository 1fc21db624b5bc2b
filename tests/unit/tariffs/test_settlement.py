"""settlement: what an hour costs, step by step: balance, zone, prices, fees, VAT, feeding in."""

from datetime import date
from decimal import Decimal

import pytest

from madetariffs import NIGHT, WARSAW, by_zone, day_s, flat, hour, section, timeline
from telegraf_han.tariffs import settlement
from telegraf_han.tariffs.components import COMPONENTS, COST_FIELDS
from telegraf_han.tariffs.settlement import Prices, Settled
from telegraf_han.tariffs.tariff import FeedIn, Market

NOON_S = day_s(2026, 1, 7) + 12 * 3600
NIGHT_S = day_s(2026, 1, 7)
RCE = Market("rce")
HOURLY = Prices([("rce", NOON_S + quarter * 900, Decimal(price)) for quarter, price in enumerate(("0.4", "0.5", "0.6", "0.9"))])


def settled(energy, tariff, prices: Prices = HOURLY) -> Settled:
    """What the only hour costs."""
    (found,) = settlement.settle([energy], timeline(tariff), prices, WARSAW)
    return found


def amounts(found: Settled) -> dict[str, Decimal]:
    return {key: value for key, value in zip(COMPONENTS, found.amounts, strict=True) if value}


def test_prices_and_fees() -> None:
    """kWh times price, fee divided by the hours of the month (744), VAT of the sum."""
    tariff = section({"energy": flat("0.5"), "quality": flat("0.03")}, {"trade_fee": "7.44"}, vat_percent=Decimal(23))
    found = settled(hour(NOON_S, 2000, 500), tariff)

    assert amounts(found) == {"energy": Decimal("1.0"), "quality": Decimal("0.06"), "trade_fee": Decimal("0.01")}
    assert found.vat == Decimal("0.2461")
    assert found.total == Decimal("1.3161")
    assert (found.earned, found.unpriced_wh) == (0, 0)
    assert (found.billed_import_wh, found.billed_export_wh) == (2000, 500)


def test_fees_are_spread_over_the_hours_of_the_billing_period() -> None:
    """The March of 2026 has 743 hours."""
    tariff = section(per_month={"trade_fee": "7.43"})
    (found,) = settlement.settle([hour(day_s(2026, 3, 5))], timeline(tariff), Prices(), WARSAW, 1)
    (other,) = settlement.settle([hour(day_s(2026, 3, 5))], timeline(tariff), Prices(), WARSAW, 5)

    assert amounts(found) == {"trade_fee": Decimal("0.01")}
    assert amounts(other) == {"trade_fee": (Decimal("7.43") / 743).quantize(Decimal("1e-9"))}


@pytest.mark.parametrize(("start_s", "energy", "zones"), [(NOON_S, "0.7", (1000, 0, 0, 0)), (NIGHT_S, "0.4", (0, 1000, 0, 0))])
def test_zones_by_clock(start_s: int, energy: str, zones) -> None:
    """The hour decides, whatever the meter's registers say."""
    tariff = section({"energy": by_zone("0.7", "0.4")}, zones="clock", hours=(NIGHT,))
    found = settled(hour(start_s, 1000, zones=(300, 700)), tariff)

    assert amounts(found) == {"energy": Decimal(energy)}
    assert found.zones_wh == zones


def test_zones_by_registers() -> None:
    """The meter's own zones are priced as they were counted."""
    tariff = section({"energy": by_zone("0.7", "0.4")}, zones="registers")
    found = settled(hour(NOON_S, 1000, zones=(300, 700)), tariff)

    assert amounts(found) == {"energy": Decimal("0.21") + Decimal("0.28")}
    assert found.zones_wh == (300, 700, 0, 0)


def test_registers_of_zones_that_the_meter_does_not_have() -> None:
    """Energy in no zone has no price. It is not free, but marked."""
    found = settled(hour(NOON_S, 1000), section({"energy": by_zone("0.7", "0.4")}, zones="registers"))

    assert (found.total, found.unpriced_wh) == (0, 1000)


def test_total_and_zones_are_added() -> None:
    """So it is with [meter.prices], where t0 is the total register."""
    prices = by_zone("0.7", "0.4")._replace(total=Decimal("0.1"))
    found = settled(hour(NOON_S, 1000, zones=(300, 700)), section({"energy": prices}, zones="registers"))

    assert amounts(found) == {"energy": Decimal("0.59")}


@pytest.mark.parametrize(
    ("imported", "exported", "billed"),
    [
        ((1000, 400, 600), 250, (750, 0, (300, 450, 0, 0))),
        ((1000, 400, 600), 1500, (0, 500, (0, 0, 0, 0))),
        ((0,), 0, (0, 0, (0, 0, 0, 0))),
    ],
)
def test_balancing(imported, exported, billed) -> None:
    """Only the difference is billed. Zones keep their shares."""
    found = settled(hour(NOON_S, imported[0], exported, zones=imported[1:]), section(balanced=True, zones="registers"))

    assert (found.billed_import_wh, found.billed_export_wh, found.zones_wh) == billed
    assert settlement.fields(found)["import_wh"] == imported[0]


def test_shares_of_zones_add_up() -> None:
    """Three zones that cannot be divided exactly are rounded so that nothing is lost."""
    found = settled(hour(NOON_S, 3, 1, zones=(1, 1, 1)), section(balanced=True, zones="registers"))

    assert sum(found.zones_wh) == found.billed_import_wh == 2
    assert found.zones_wh == (Decimal("0.667"), Decimal("0.666"), Decimal("0.667"), 0)


def test_market_prices() -> None:
    """An hour costs the mean of its prices: (0.4 + 0.5 + 0.6 + 0.9) / 4 = 0.6."""
    found = settled(hour(NOON_S, 1000), section({"energy": Market("rce", Decimal(2), Decimal("0.09"))}))

    assert amounts(found) == {"energy": Decimal("1.29")}


def test_market_price_at_least() -> None:
    """A price below the least is the least."""
    found = settled(hour(NOON_S, 1000), section({"energy": RCE._replace(at_least=Decimal("0.8"))}))

    assert amounts(found) == {"energy": Decimal("0.8")}


def test_no_market_price_yet() -> None:
    """The energy costs 0 until the price comes, and is marked. Other parts are not affected."""
    tariff = section({"energy": RCE, "quality": flat("0.03")}, feed_in=FeedIn("price", RCE))
    found = settled(hour(NOON_S + 3600, 1000, 200), tariff)

    assert amounts(found) == {"quality": Decimal("0.03")}
    assert (found.unpriced_wh, found.earned) == (1200, 0)
    assert settled(hour(NOON_S + 3600), tariff).unpriced_wh == 0


def test_price_of_the_month() -> None:
    """One price in a calendar month is that of all its hours, whatever the billing period."""
    prices = Prices([("rcem", day_s(2026, 1, 1), Decimal("0.3")), ("rcem", day_s(2026, 2, 1), Decimal("0.2"))])
    tariff = section(feed_in=FeedIn("net-billing", Market("rcem", by="month")))
    hours = [hour(day_s(2026, 1, 31) + 23 * 3600, 0, 1000), hour(day_s(2026, 2, 1), 0, 1000), hour(day_s(2026, 3, 1), 0, 1000)]
    found = list(settlement.settle(hours, timeline(tariff), prices, WARSAW, 15))

    assert [one.earned for one in found] == [Decimal("0.3"), Decimal("0.2"), 0]
    assert [one.unpriced_wh for one in found] == [0, 0, 1000]


@pytest.mark.parametrize(("as_is", "earned"), [(False, "0"), (True, "-0.123")])
def test_negative_market_price(as_is: bool, earned: str) -> None:
    """It counts as 0, or as it is."""
    prices = Prices([("rce", NOON_S, Decimal("-0.1"))])
    feed_in = FeedIn("net-billing", RCE, factor=Decimal("1.23"), negative_as_is=as_is)
    found = settled(hour(NOON_S, 0, 1000), section(feed_in=feed_in), prices)

    assert found.earned == Decimal(earned)


def test_factor_of_the_deposit() -> None:
    """What is earned is the value times the factor."""
    found = settled(hour(NOON_S, 0, 1000), section(feed_in=FeedIn("net-billing", RCE, factor=Decimal("1.23"))))

    assert found.earned == Decimal("0.738")
    assert found.total == 0


def test_feeding_in_by_register() -> None:
    """The short form has a price for each register of what was fed in."""
    tariff = section(zones="registers", feed_in=FeedIn("price", by_zone("0.2", "0.1")))

    assert settled(hour(NOON_S, 0, 1000, sold_zones=(400, 600)), tariff).earned == Decimal("0.14")


def test_net_metering_earns_no_money() -> None:
    """Energy is taken back later instead."""
    assert settled(hour(NOON_S, 0, 1000), section(feed_in=FeedIn("net-metering"))).earned == 0


def test_hours_without_a_tariff_are_left_out() -> None:
    """Before the first day and after the last nothing is computed."""
    tariff = section(begin=date(2026, 1, 2), end=date(2026, 1, 3))
    hours = [hour(start_s) for start_s in range(day_s(2026, 1, 1), day_s(2026, 1, 5), 3600)]
    found = list(settlement.settle(hours, timeline(tariff), Prices(), WARSAW))

    assert [one.start_s for one in found] == list(range(day_s(2026, 1, 2), day_s(2026, 1, 3), 3600))


def test_fields() -> None:
    """All fields of electricity_cost, always, in order."""
    tariff = section({"energy": flat("0.5")}, vat_percent=Decimal(23), balanced=True, feed_in=FeedIn("price", flat("0.2")))
    found = settlement.fields(settled(hour(NOON_S, 200, 700, produced_wh=1500, estimated_wh=30), tariff))

    assert tuple(found) == COST_FIELDS
    assert {key: value for key, value in found.items() if value} == {
        "earned": Decimal("0.1"), "import_wh": 200, "export_wh": 700, "billed_export_wh": 500, "produced_wh": 1500, "self_used_wh": 800, "estimated_wh": 30,
    }  # fmt: skip


def test_without_production_nothing_is_used_by_the_house_itself() -> None:
    """Where no production is known, more is fed in than produced."""
    assert settlement.fields(settled(hour(NOON_S, 0, 700), section()))["self_used_wh"] == 0


def test_of_two_prices_with_one_stamp_the_later_row_counts() -> None:
    """A price that was corrected replaces the first."""
    assert Prices([("rce", NOON_S, Decimal(1)), ("rce", NOON_S, Decimal(2))]).at("rce", NOON_S) == 2
    assert Prices().at("rce", NOON_S) is None
    assert Prices([("rce", NOON_S, Decimal(1))]).last("rce", NOON_S + 1, NOON_S + 900) is None
