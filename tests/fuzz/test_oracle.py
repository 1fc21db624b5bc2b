"""The oracle itself: it reads published telegrams right, it shares nothing with the plugin, and it notices a wrong number."""

import ast
import json
from fractions import Fraction
from pathlib import Path

import oracle_mbus
import oracle_obis
import oracle_p1
import pytest
import sealing

import p1telegrams

HERE = Path(__file__).parent
VECTORS = json.loads((HERE.parent / "unit" / "mbus" / "vectors.json").read_text())
PUBLISHED = [
    line.split()[0] for line in (HERE.parent / "published_fields.txt").read_text().splitlines() if line and not line.startswith("#")
]


@pytest.mark.parametrize("name", ["oracle_obis", "oracle_p1", "oracle_mbus", "sealing", "mutating"])
def test_shares_nothing_with_the_plugin(name: str) -> None:
    """The oracle and the maker of telegrams import nothing of the plugin, directly or by another module."""
    imported = {
        alias.name
        for node in ast.walk(ast.parse((HERE / f"{name}.py").read_text()))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {node.module for node in ast.walk(ast.parse((HERE / f"{name}.py").read_text())) if isinstance(node, ast.ImportFrom)}

    assert [module for module in imported if module.startswith(("telegraf_han", "layers", "campaign"))] == []


def _read(records: bytes) -> list[tuple[str | None, object]]:
    """Code and value of each record, EGM's."""
    return [(oracle_mbus.code(one.header, "EGM", 2), oracle_mbus.value(one)) for one in oracle_mbus.cut(records).records]


def test_reads_the_operators_published_telegram() -> None:
    """Netz OÖ publishes a telegram together with its readings. The oracle reads the same."""
    plain = bytes.fromhex(
        "2F2F066D5F0C48C1171B040300720A0004833C84F901008410FB82731E7605008410FB82F33C263E0100042B0000000004AB3C75000000"
        "04FB140000000004FB943C000000000483FF04140000002F2F"
    )

    assert _read(plain)[1:9] == [
        ("1-0:1.8.0", (684544, 0)),
        ("1-0:2.8.0", (129412, 0)),
        ("1-0:3.8.1", (357918, 0)),
        ("1-0:4.8.1", (81446, 0)),
        ("1-0:1.7.0", (0, 0)),
        ("1-0:2.7.0", (117, 0)),
        ("1-0:3.7.0", (0, 0)),
        ("1-0:4.7.0", (0, 0)),
    ]
    assert _read(plain)[0] == ("0-0:1.0.0", oracle_mbus.Date("", 1404195151))


def test_reads_the_norms_example() -> None:
    """OMS Annex N has a gas meter with 28504.27 m³ and its date."""
    volume, date, flags = _read(bytes.fromhex(VECTORS["oms-mode5"]["plain"]))

    assert volume == (None, (Fraction(2850427, 100), 0))
    assert date == ("0-0:1.0.0", oracle_mbus.Date("", 1212270600))
    assert flags[1] == oracle_mbus.TEXT


def test_reads_the_companions_lines() -> None:
    """Numbers, units and the clock of lines as in the P1 companion."""
    said = oracle_p1.said(
        b"0-0:1.0.0(101209113020W)\r\n1-0:1.8.1(123456.789*kWh)\r\n1-0:1.7.0(01.193*kW)\r\n1-0:32.7.0(220.1*V)\r\n0-0:96.1.0(4B38)\r\n"
    )

    assert said.time_s == 1291890620
    assert said.facts == (
        ("1-0:1.8.1", 123456789, "Wh", True),
        ("1-0:1.7.0", 1193, "W", True),
        ("1-0:32.7.0", Fraction(2201, 10), "V", True),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        [("1-0:1.8.0", 1001, "Wh")],
        [("1-0:2.8.0", 1000, "Wh")],
        [("1-0:1.8.0", 1000, "W")],
        [("1-0:1.8.0", 1, "kWh")],
        [],
        [("1-0:1.8.0", 1000, "Wh")] * 2,
    ],
    ids=["value", "code", "unit", "not scaled", "missing", "doubled"],
)
def test_notices_a_wrong_number(wrong: list[tuple[str, int, str]]) -> None:
    """Another value, code or unit, a missing number and a doubled one are each noticed."""
    facts = oracle_p1.said(b"1-0:1.8.0(1*kWh)\r\n").facts

    assert oracle_p1.compared(facts, [("1-0:1.8.0", 1000, "Wh")]) == (1, "")
    assert oracle_p1.compared(facts, wrong)[1]


def test_names_are_the_published_ones() -> None:
    """Each name that the oracle gives is one of the published fields."""
    published = set(PUBLISHED)
    named = {oracle_obis.field(code, unit, 1) for code, (_, unit) in oracle_obis.NAMES.items()}

    assert sorted(named - published) == []


def test_seals_like_the_other_maker() -> None:
    """Telegrams sealed here are those of the tests' other maker, byte by byte."""
    lines = p1telegrams.LINES

    assert sealing.stoen(lines) == p1telegrams.stoen(lines, ek=sealing.EK, ak=sealing.AK)
    assert sealing.plain(lines) == p1telegrams.plain(lines)
    assert sealing.luxembourg(lines, 7) == p1telegrams.luxembourg(lines, b"/ABC5lux\r\n\r\n", counter=7, ek=sealing.EK, ak=sealing.AK)


def test_link_crcs_are_the_published_ones() -> None:
    """A published frame gets the published CRCs of format A."""
    assert sealing.format_a(bytes.fromhex(VECTORS["oms-mode5"]["frame"])).hex() == VECTORS["oms-mode5"]["format_a"]
