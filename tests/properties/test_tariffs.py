"""What holds for every tariff: nothing is lost between hours, zones, sections, periods and accounts."""

from datetime import date, timedelta
from decimal import Decimal

import hypothesis.strategies as st
from hypothesis import given, settings

from madetariffs import NIGHT, WARSAW, by_zone, flat, hour, hours_between, section, timeline
from telegraf_han.tariffs import calendar, deposit, periods, settlement
from telegraf_han.tariffs.components import COMPONENTS, PER_KWH, PER_MONTH
from telegraf_han.tariffs.deposit import Entry
from telegraf_han.tariffs.energy import Hour
from telegraf_han.tariffs.settlement import Prices
from telegraf_han.tariffs.tariff import FeedIn, Market, Section

FEW = settings(max_examples=40)
DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))
CHANGES = st.sampled_from(
    [date(2026, 3, 29), date(2026, 10, 25), date(2025, 3, 30), date(2025, 10, 26), date(2026, 1, 1), date(2026, 7, 1)]
)
"""Days of 23 and 25 hours, and others."""
WH = st.integers(0, 20_000_000).map(lambda number: Decimal(number) / 1000)
PRICES = st.decimals("0", "3", places=5)
FEES = st.decimals("0", "90", places=2)


@st.composite
def hours(draw: st.DrawFn, begin_s: int, count: int) -> list[Hour]:
    """Hours of energy, whose zones add up to the total."""
    found = []
    for place in range(count):
        zones = draw(st.tuples(WH, WH, WH))
        found.append(hour(begin_s + place * 3600, sum(zones), draw(WH), zones=zones, produced_wh=draw(WH)))
    return found


@st.composite
def tariffs(draw: st.DrawFn, **options) -> Section:
    """A tariff of any form."""
    zones = draw(st.sampled_from(["one", "registers", "clock"]))
    prices = {key: flat(str(draw(PRICES))) for key in draw(st.sets(st.sampled_from(PER_KWH)))}
    if zones != "one":
        prices["energy"] = by_zone(*(str(draw(PRICES)) for _ in range(3)))
    if draw(st.booleans()):
        prices["other"] = Market("rce", plus=draw(PRICES))
    fees = {key: str(draw(FEES)) for key in draw(st.sets(st.sampled_from(PER_MONTH)))}
    return section(
        prices,
        fees,
        zones=zones,
        hours=(NIGHT,) if zones == "clock" else (),
        vat_percent=draw(st.sampled_from([Decimal(0), Decimal(8), Decimal(23)])),
        balanced=draw(st.booleans()),
        feed_in=draw(st.sampled_from([None, FeedIn("net-billing", Market("rce"), factor=Decimal("1.23")), FeedIn("price", flat("0.2"))])),
        **options,
    )


@FEW
@given(day=DAYS, billing_day=st.integers(1, 28), fee=FEES)
def test_fees_of_all_hours_are_the_fee_of_the_month(day: date, billing_day: int, fee: Decimal) -> None:
    """Spread over the hours of a billing period, whatever their number, a fee adds up to itself."""
    span = calendar.period(calendar.midnight_s(day, WARSAW), WARSAW, billing_day)
    own = timeline(section(per_month={"network_fee": str(fee)}))
    found = periods.summed(settlement.settle(map(hour, hours_between(*span)), own, Prices(), WARSAW, billing_day))

    assert found.hours == span.hours
    assert abs(found.fields["network_fee"] - fee) < Decimal("1e-6")
    assert periods.period(span, [(own.sections[0], found)]).fields["network_fee"] == fee


@FEW
@given(day=st.one_of(CHANGES, DAYS))
def test_every_day_has_its_hours(day: date) -> None:
    """Days follow each other without a hole. They have 24 hours, but for two in a year."""
    begin_s, end_s = (calendar.midnight_s(one, WARSAW) for one in (day, day + timedelta(1)))
    found = [calendar.local(start_s, WARSAW) for start_s in hours_between(begin_s, end_s)]

    assert {one for one, _ in found} == {day}
    assert len(found) == 24 + (found.count((day, 2)) - 1)
    assert found[0][1] == 0
    assert found[-1][1] == 23


@FEW
@given(data=st.data(), day=CHANGES)
def test_a_day_of_any_length_is_the_sum_of_its_hours(data: st.DataObject, day: date) -> None:
    """Energy and amounts of a day of 23 or 25 hours are complete: zones by clock add up to the total."""
    begin_s, end_s = (calendar.midnight_s(one, WARSAW) for one in (day, day + timedelta(1)))
    energy = data.draw(hours(begin_s, (end_s - begin_s) // 3600))
    own = timeline(section({"energy": by_zone("0.7", "0.4")}, zones="clock", hours=(NIGHT,), vat_percent=Decimal(23)))
    found = periods.summed(settlement.settle(energy, own, Prices(), WARSAW)).fields

    assert found["import_wh"] == found["t1_wh"] + found["t2_wh"] == sum(one.imported_wh[0] for one in energy)
    assert abs(found["energy"] - (found["t1_wh"] * Decimal("0.7") + found["t2_wh"] * Decimal("0.4")) / 1000) < Decimal("1e-6")


@FEW
@given(data=st.data(), day=CHANGES)
def test_a_new_price_at_midnight_leaves_the_hours_before(data: st.DataObject, day: date) -> None:
    """Hours before local midnight cost what they cost before. Hours after it do not depend on the old price."""
    midnight_s = calendar.midnight_s(day, WARSAW)
    energy = data.draw(hours(midnight_s - 4 * 3600, 8))
    old, new, other = (data.draw(tariffs()) for _ in range(3))
    prices = Prices([("rce", one.start_s, Decimal("0.3")) for one in energy])

    def settled(*sections: Section) -> list:
        return [one._replace(section=None) for one in settlement.settle(energy, timeline(*sections), prices, WARSAW)]

    both = settled(old._replace(end=day), new._replace(begin=day))
    assert both[:4] == settled(old)[:4]
    assert both[4:] == settled(new)[4:]
    assert both[4:] == settled(other._replace(end=day), new._replace(begin=day))[4:]


@FEW
@given(data=st.data(), tariff=tariffs())
def test_the_order_of_settling_does_not_matter(data: st.DataObject, tariff: Section) -> None:
    """Settled in any order, in one run or in several, twice or once: each hour costs the same."""
    begin_s = calendar.midnight_s(date(2026, 10, 25), WARSAW)
    energy = data.draw(hours(begin_s, 8))
    prices = Prices([("rce", one.start_s, Decimal(place) / 7) for place, one in enumerate(energy)])
    shuffled = data.draw(st.permutations(energy))
    at_once = list(settlement.settle(energy, timeline(tariff), prices, WARSAW))
    apart = [one for part in shuffled for one in settlement.settle([part], timeline(tariff), prices, WARSAW)]

    assert sorted(apart, key=lambda one: one.start_s) == at_once
    halves = [periods.summed(at_once[:3]), periods.summed(at_once[3:])]
    assert periods.added(*halves) == periods.summed(at_once)


@FEW
@given(data=st.data(), tariff=tariffs())
def test_balanced_or_not_the_difference_is_the_same(data: st.DataObject, tariff: Section) -> None:
    """Balancing takes the same from both sides, and leaves at most one of them. Zones of registers still add up."""
    (energy,) = data.draw(hours(calendar.midnight_s(date(2026, 5, 5), WARSAW), 1))
    (found,) = settlement.settle([energy], timeline(tariff), Prices(), WARSAW)

    assert found.billed_import_wh - found.billed_export_wh == energy.imported_wh[0] - energy.exported_wh[0]
    assert sum(found.zones_wh) == found.billed_import_wh
    assert not tariff.balanced or not found.billed_import_wh or not found.billed_export_wh
    assert min(found.billed_import_wh, found.billed_export_wh, *found.zones_wh) >= 0


@FEW
@given(data=st.data(), tariff=tariffs())
def test_total_is_the_sum_of_what_is_shown(data: st.DataObject, tariff: Section) -> None:
    """Of an hour and of a bill: components and VAT are the total, and lines are the components."""
    span = calendar.period(calendar.midnight_s(date(2026, 5, 5), WARSAW), WARSAW)
    settled = list(settlement.settle(data.draw(hours(span.begin_s, 6)), timeline(tariff), Prices(), WARSAW))
    bill = periods.period(span, [(tariff, periods.summed(settled))])

    for fields in [*map(settlement.fields, settled), bill.fields]:
        assert fields["total"] == sum(fields[key] for key in COMPONENTS) + fields["vat"]
    assert sum(line.net for line in bill.lines) == sum(bill.fields[key] for key in COMPONENTS)
    assert abs(bill.fields["total"] - sum(one.total for one in settled)) < Decimal("0.01") * (len(bill.lines) + 1)


ENTRIES = st.lists(
    st.tuples(
        st.decimals("0", "500", places=2), st.decimals("0", "400", places=2), st.decimals("0", "900000", places=0), st.integers(1, 3)
    ),
    max_size=40,
)


@settings(max_examples=200)
@given(rows=ENTRIES, usable_after=st.integers(0, 12), pay_back=st.decimals("0", "1", places=2), finished=st.booleans())
def test_nothing_is_lost_in_an_account(rows: list, usable_after: int, pay_back: Decimal, finished: bool) -> None:
    """What was earned was used, paid back, lost, or is left. No bill is paid with more than its energy, and no energy is taken back twice."""
    number, entries = 0, []
    for place, (earned, energy, wh, step) in enumerate(rows):
        number += step
        last = place == len(rows) - 1
        entries.append(Entry(number, earned, energy, wh, Decimal(300_000), energy, finished or not last, usable_after, pay_back))
    found = deposit.ledger(entries)
    before = Decimal(0)
    for entry, account in zip(entries, found, strict=True):
        gone = account.deposit_used + account.deposit_paid_back + account.deposit_lost
        assert account.deposit_before == before
        assert account.deposit_before + entry.deposited == gone + account.deposit_after
        assert 0 <= account.deposit_used <= entry.energy_gross
        assert 0 <= account.offset_wh <= entry.billed_import_wh
        assert 0 <= account.credit <= entry.per_kwh_gross
        assert min(account) >= 0
        before = account.deposit_after
    used = sum(account.deposit_used + account.deposit_paid_back + account.deposit_lost for account in found)
    assert sum(entry.deposited for entry in entries) == used + before
    assert sum(account.offset_wh for account in found) <= sum(entry.returnable_wh for entry in entries)
