"""Keeps the accounts of those who feed in: the deposit of net-billing, and the energy of net-metering that may be taken back.

Both work alike. What arises in a billing period may be used in that or later periods, the oldest first. Twelve periods after its own it is
used for the last time. Of a deposit's value that is left then, a part is paid back, and the rest is lost. Energy that is left is lost.

A deposit pays for energy with its VAT, and for nothing else. The energy of net-metering is taken back with all parts per kWh. They are
taken at their mean price in the period, because bills are not by zone there.

[assumed] Periods are counted, not days. A period whose value is negative adds nothing.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from telegraf_han.tariffs.periods import grosz

LIFETIME: Final = 12
"""How many periods after its own a value may still pay. So it is with monthly periods: a value holds for twelve months."""
_NOTHING: Final = Decimal(0)


class Entry(NamedTuple):
    """What one billing period brings to the accounts, and needs from them."""

    number: int
    """Counts periods without a hole, so that a missing period is noticed."""
    deposited: Decimal
    energy_gross: Decimal
    returnable_wh: Decimal
    billed_import_wh: Decimal
    per_kwh_gross: Decimal
    finished: bool
    """Nothing is paid back or lost before a period's end."""
    usable_after: int = 1
    pay_back: Decimal = _NOTHING


class Account(NamedTuple):
    """What happens in one billing period. Before + deposited = used + paid back + lost + after."""

    deposit_before: Decimal = _NOTHING
    deposit_used: Decimal = _NOTHING
    deposit_paid_back: Decimal = _NOTHING
    deposit_lost: Decimal = _NOTHING
    deposit_after: Decimal = _NOTHING
    offset_wh: Decimal = _NOTHING
    credit: Decimal = _NOTHING
    """Gross amount that the energy taken back saves."""


class _Lot:
    """What is left of one period's value."""

    __slots__ = ("first", "last", "left", "returned")

    def __init__(self, entry: Entry, value: Decimal, usable_after: int, pay_back: Decimal = _NOTHING) -> None:
        self.left = value
        self.first: Final = entry.number + usable_after
        self.last: Final = entry.number + LIFETIME
        self.returned: Final = grosz(value * pay_back)
        """The most that is paid back."""


def ledger(entries: Iterable[Entry]) -> list[Account]:
    """The accounts of each period. The entries are all periods from the first on, in order."""
    deposits: list[_Lot] = []
    returns: list[_Lot] = []
    accounts = []
    for entry in entries:
        before = _left(deposits)
        gone = _expired(deposits, entry.number - 1)
        deposits.append(_Lot(entry, max(entry.deposited, _NOTHING), entry.usable_after, entry.pay_back))
        used = _taken(deposits, entry.number, max(entry.energy_gross, _NOTHING))
        _expired(returns, entry.number - 1)
        returns.append(_Lot(entry, entry.returnable_wh, 0))
        offset_wh = _taken(returns, entry.number, entry.billed_import_wh)
        if entry.finished:
            gone += _expired(deposits, entry.number)
            _expired(returns, entry.number)
        paid_back = sum((min(lot.left, lot.returned) for lot in gone), _NOTHING)
        accounts.append(
            Account(
                before,
                used,
                paid_back,
                _left(gone) - paid_back,
                _left(deposits),
                offset_wh,
                grosz(entry.per_kwh_gross * offset_wh / entry.billed_import_wh) if offset_wh else _NOTHING,
            )
        )
    return accounts


def _left(lots: Iterable[_Lot]) -> Decimal:
    return sum((lot.left for lot in lots), _NOTHING)


def _taken(lots: Iterable[_Lot], number: int, wanted: Decimal) -> Decimal:
    """Take what is wanted, or all that there is, from lots that may be used already. The oldest comes first, and expired ones are gone."""
    missing = wanted
    for lot in lots:
        if lot.first <= number:
            taken = min(lot.left, missing)
            lot.left -= taken
            missing -= taken
    return wanted - missing


def _expired(lots: list[_Lot], number: int) -> list[_Lot]:
    """Take away the lots that no period after this one may use, and return them."""
    gone = [lot for lot in lots if lot.last <= number]
    lots[:] = [lot for lot in lots if lot.last > number]
    return gone
