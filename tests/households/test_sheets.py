"""The sheets a second time, in exact fractions: so an error of a formula or of floating point cannot become the standard.

Only the registers and the market's prices come from the sheets. Everything else is in `fractionbill.py`.
"""

import csv
import datetime as dt
from collections import Counter
from fractions import Fraction
from pathlib import Path

import fractionbill
import pytest
import workbook
from fractionbill import HOUSEHOLDS

HERE = Path(__file__).parent


def computed(household: str) -> dict[tuple[str, str], Fraction]:
    """(period, component) → amount, from the registers of a sheet."""
    rows = [row for row in workbook.table(HERE / f"{household}.xlsx", "Hours", "UTC day") if "import register" in row]
    moment = dt.datetime.combine(workbook.day(rows[1]["UTC day"]), dt.time(int(rows[1]["UTC hour"])), dt.UTC)
    return fractionbill.computed(household, moment, rows)


@pytest.mark.parametrize("household", HOUSEHOLDS)
def test_a_sheet_says_what_fractions_say(household: str) -> None:
    """Each cell of each bill."""
    expected = computed(household)
    seen = list(workbook.bills(HERE / f"{household}.xlsx"))
    assert len(seen) > 250
    differing = [
        (period, component, amount, float(expected[period, component]))
        for period, component, amount in seen
        if abs(Fraction(amount) - expected[period, component]) > (Fraction(1, 10**8) if component.endswith("_exact") else 0)
    ]
    assert differing == []
    assert {period for period, _ in expected} == {period for period, _, _ in seen}


def test_expected_amounts_are_the_sheets() -> None:
    """The small table holds nothing but what the sheets say."""
    with (HERE / "expected.csv").open(encoding="utf-8", newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert rows == [(household, *row) for household in HOUSEHOLDS for row in workbook.bills(HERE / f"{household}.xlsx")]


def test_the_sheets_hold_what_is_hard() -> None:
    """The days and prices because of which these four households were chosen are there."""
    rows = {name: [row for row in workbook.table(HERE / f"{name}.xlsx", "Hours", "UTC day") if "local hour" in row] for name in HOUSEHOLDS}
    for name in ("g11", "g12", "net"):
        lengths = Counter(workbook.day(row["local day"]) for row in rows[name])
        assert {day.isoformat(): hours for day, hours in lengths.items() if hours != 24} == {"2025-10-26": 25, "2026-03-29": 23}
    zones = {(workbook.day(row["local day"]).isoformat(), row["local hour"]): row["zone"] for row in rows["g12w"]}
    assert (zones["2025-06-18", "10"], zones["2025-06-19", "10"], zones["2025-06-20", "10"]) == ("1", "2", "1")
    assert (zones["2025-12-23", "10"], zones["2025-12-24", "10"], zones["2025-12-29", "10"]) == ("1", "2", "1")
    prices = [[float(row[quarter]) for quarter in ("q1", "q2", "q3", "q4") if quarter in row] for row in rows["net"]]
    assert sorted(Counter(map(len, prices))) == [3, 4]
    flows = [(float(row["billed import Wh"]), float(row["billed export Wh"])) for row in rows["net"]]
    both = [float(row["import Wh"]) > 0 and float(row["export Wh"]) > 0 for row in rows["net"]]
    assert sum(both) > 1000
    assert any(len(quarters) == 3 and fed > 0 for quarters, (_, fed) in zip(prices, flows, strict=True))
    assert any(min(quarters) < 0 < sum(quarters) and fed > 0 for quarters, (_, fed) in zip(prices, flows, strict=True))
    assert any(sum(quarters) < 0 < max(quarters) and fed > 0 for quarters, (_, fed) in zip(prices, flows, strict=True))
    below = [
        float(row["PLN/kWh"]) < -0.0917 and float(row["billed import Wh"]) > 0 and row["tariff (column)"] == "2" for row in rows["net"]
    ]
    assert any(below)
