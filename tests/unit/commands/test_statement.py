"""What a statement says: readings at both ends, what is not certain, and numbers as each language writes them."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from telegraf_han.clock import Zone
from telegraf_han.commands import _statement
from telegraf_han.commands._statement import Subject
from telegraf_han.influx.settling import Statement
from telegraf_han.tariffs.bills import bills
from telegraf_han.tariffs.calendar import HOUR_S, period
from telegraf_han.tariffs.components import PER_MONTH
from telegraf_han.tariffs.energy import REGISTERS
from telegraf_han.tariffs.periods import Sums
from telegraf_han.tariffs.tariff import Fixed, Section, Timeline

SPAN = period(1_762_000_000, Zone())
"""November 2025."""
ZERO = Decimal(0)
SECTION = Section(
    "G12 <b>",
    date.min,
    date.max,
    (Fixed(by_zone=(Decimal("0.7"), Decimal("0.45"), ZERO, ZERO)), *(Fixed(),) * 5),
    (Decimal(10), *(ZERO,) * (len(PER_MONTH) - 1)),
    Decimal(23),
)


def subject(hours: int = 720, due: int = 720, **fields: float) -> Subject:
    sums = {"import_wh": 1_234_567, "billed_import_wh": 1_234_567, "t1_wh": 1_000_000, "t2_wh": 234_567} | fields
    timeline = Timeline("own", (SECTION,))
    parts = [(SPAN, [(SECTION, Sums(hours, {key: Decimal(value) for key, value in sums.items()}))])]
    (bill,) = bills(parts, timeline, Zone(), SPAN.begin_s + hours * HOUR_S)
    begin, end = [None] * len(REGISTERS), [None] * len(REGISTERS)
    begin[0], end[0] = 5_000_000.0, 6_234_567.0
    begin[3] = end[3] = 0.0  # a zone that is in no tariff
    readings = {
        "33000001": [
            (SPAN.begin_s - 600, [4_999_990.0, *begin[1:]]),
            (SPAN.begin_s - 300, begin),
            (SPAN.end_s - 300, end),
            (SPAN.end_s, [9e6, *end[1:]]),
        ],
        "gone": [(SPAN.begin_s - 300, begin)],
    }
    return Subject("flat & co", Zone(), Statement(bill, readings, due))


def rows(one: Subject, language: str = "en") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(_statement.written([one], "csv", language))))


def test_readings_at_both_ends() -> None:
    """The reading that ends the hour before counts, not the first one of the period; a meter that was gone before is not named, nor is a zone that
    never counted.
    """
    (reading,) = [row for row in rows(subject()) if row["part"] == "readings"]

    assert (reading["text"], reading["serial"], reading["begin_kwh"], reading["end_kwh"]) == ("1.8.0", "33000001", "5000", "6234.567")
    assert (reading["begin"], reading["end"]) == ("2025-11-01 00:00", "2025-12-01 00:00")


def test_lines_can_be_followed() -> None:
    """Quantity times price is the amount of each line, and their sum with VAT is what is to be paid."""
    found = rows(subject())
    lines = [row for row in found if row["part"] == "lines"]

    assert [(row["text"], row["zone"], row["quantity"], row["price"], row["amount"]) for row in lines] == [
        ("Energy", "1", "1000", "0.7", "700"),
        ("Energy", "2", "234.567", "0.45", "105.56"),
        ("Trade fee", "", "1", "10", "10"),
    ]
    sums = {row["text"]: row["amount"] for row in found if row["part"] == "sums"}
    assert sums == {"Net": "815.56", "VAT": "187.58", "Gross": "1003.14", "To pay": "1003.14"}


@pytest.mark.parametrize(
    ("one", "notes"),
    [
        (subject(), []),
        (subject(hours=718), ["Not in this statement: 2 hours without readings."]),
        (subject(hours=100, due=100), ["This period is running: 100 of 720 hours are settled."]),
        (subject(hours=100, due=99), ["This period is running: 100 of 720 hours are settled."]),
        (
            subject(hours=100, due=110),
            ["This period is running: 100 of 720 hours are settled.", "Not in this statement: 10 hours without readings."],
        ),
        (subject(estimated_wh=1500), ["Estimated: 1.500 kWh were spread over hours without readings, in proportion to time."]),
        (
            subject(unpriced_wh=250),
            ["Without a price: 0.250 kWh. Their market price is not known yet, or the meter counted them in no zone. They count 0 here."],
        ),
    ],
)
def test_what_is_not_certain(one: Subject, notes: list[str]) -> None:
    """A finished month with all readings has no remark. Everything else is said."""
    text = _statement.written([one], "table", "en")

    assert [line for line in text.splitlines()[2:] if line.endswith(".")] == notes


def test_part_of_a_fee() -> None:
    """A fee of a period that is not whole counts by its hours, and the statement says which part."""
    (fee,) = [row for row in rows(subject(hours=360)) if row["text"] == "Trade fee"]

    assert (fee["quantity"], fee["price"], fee["amount"]) == ("360/720", "10", "5")


def test_polish() -> None:
    """Words, decimal commas and thousands as in Poland; a spreadsheet still gets plain numbers."""
    text = _statement.written([subject()], "table", "pl")

    assert "1 003,14 PLN" in text
    assert "Do zapłaty" in text
    assert [row["amount"] for row in rows(subject(), "pl") if row["text"] == "Do zapłaty"] == ["1003.14"]


def test_page_escapes_names() -> None:
    """Names of meters and tariffs are text on the page, and each meter has a part of its own."""
    page = _statement.written([subject(), subject()], "html", "en")

    assert "flat &amp; co" in page
    assert "G12 &lt;b&gt;" in page
    assert "<b>" not in page
    assert page.count("<section>") == 2
    assert page.count("<table>") == page.count("</table>") == 8
