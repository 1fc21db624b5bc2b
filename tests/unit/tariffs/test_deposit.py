"""deposit: what was fed in pays later bills, the oldest first, for twelve periods."""

from decimal import Decimal

from telegraf_han.tariffs import deposit
from telegraf_han.tariffs.deposit import Account, Entry

ZERO = Decimal(0)


def entry(number: int, deposited: object = 0, energy: object = 0, **more: object) -> Entry:
    """A period of net-billing."""
    values = {"returnable_wh": ZERO, "billed_import_wh": ZERO, "per_kwh_gross": ZERO, "finished": True, "pay_back": Decimal("0.3")} | more
    return Entry(number, Decimal(str(deposited)), Decimal(str(energy)), **values)


def used(accounts: list[Account]) -> list[Decimal]:
    return [account.deposit_used for account in accounts]


def test_a_deposit_pays_from_the_next_period_on() -> None:
    """What arises in March pays April's energy, and what is left pays May's."""
    found = deposit.ledger([entry(3, 100, 60), entry(4, 0, 70), entry(5, 0, 50)])

    assert used(found) == [0, 70, 30]
    assert [account.deposit_before for account in found] == [0, 100, 30]
    assert [account.deposit_after for account in found] == [100, 30, 0]


def test_usable_at_once() -> None:
    """usable_after_months = 0: it pays the bill of its own period."""
    assert used(deposit.ledger([entry(3, 100, 60, usable_after=0)])) == [60]


def test_the_oldest_is_used_first() -> None:
    """So less of it is lost: after January 100 and February 50, what is left is February's."""
    found = deposit.ledger([entry(1, 100), entry(2, 50, 0), entry(3, 0, 120), *(entry(number) for number in range(4, 15))])

    assert used(found)[2] == 120
    assert found[-2].deposit_after == 30
    assert (found[-1].deposit_paid_back, found[-1].deposit_lost) == (15, 15)


def test_after_twelve_periods() -> None:
    """January's value pays for the last time in the next January. Then up to 30 % of it is paid back, and the rest is lost."""
    found = deposit.ledger([entry(1, 100), *(entry(number) for number in range(2, 13)), entry(13, 0, 10), entry(14, 0, 10)])

    assert [account.deposit_paid_back for account in found[:12]] == [0] * 12
    assert found[12] == (100, 10, 30, 60, 0, 0, 0)
    assert used(found)[13] == 0


def test_less_is_left_than_may_be_paid_back() -> None:
    """Nothing is lost then."""
    found = deposit.ledger([entry(1, 100), entry(2, 0, 90), *(entry(number) for number in range(3, 14))])

    assert (found[-1].deposit_paid_back, found[-1].deposit_lost, found[-1].deposit_after) == (10, 0, 0)


def test_the_last_period_is_running() -> None:
    """Nothing is paid back before its end, because it may still pay."""
    found = deposit.ledger([entry(1, 100), entry(13, 0, 10, finished=False)])

    assert found[-1] == (100, 10, 0, 0, 90, 0, 0)


def test_periods_without_data() -> None:
    """A missing period still makes values older: after it they are gone."""
    found = deposit.ledger([entry(1, 100), entry(14, 0, 10)])

    assert found[-1] == (100, 0, 30, 70, 0, 0, 0)


def test_a_negative_month() -> None:
    """It adds nothing, and takes nothing from the others."""
    found = deposit.ledger([entry(1, 100), entry(2, -5, 10), entry(3, 0, -7)])

    assert [account.deposit_after for account in found] == [100, 90, 90]


def test_net_metering() -> None:
    """Energy may be taken back in its own period. The credit is the mean price of what was taken back: 500 of 1000 Wh save half."""
    found = deposit.ledger(
        [
            entry(1, returnable_wh=Decimal(800), billed_import_wh=Decimal(300), per_kwh_gross=Decimal("0.45")),
            entry(2, returnable_wh=ZERO, billed_import_wh=Decimal(1000), per_kwh_gross=Decimal("1.01")),
            entry(3, returnable_wh=ZERO, billed_import_wh=Decimal(1000), per_kwh_gross=Decimal("1.01")),
        ]
    )

    assert [(account.offset_wh, account.credit) for account in found] == [(300, Decimal("0.45")), (500, Decimal("0.51")), (0, 0)]


def test_energy_to_take_back_is_lost_after_twelve_periods() -> None:
    """It may be taken back twelve periods later, but not thirteen."""
    for number, offset_wh in ((13, 800), (14, 0)):
        found = deposit.ledger(
            [entry(1, returnable_wh=Decimal(800)), entry(number, billed_import_wh=Decimal(900), per_kwh_gross=Decimal(1))]
        )
        assert found[-1].offset_wh == offset_wh
