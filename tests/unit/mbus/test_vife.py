"""mbus.vife: what VIFEs say, and how they change what the VIF says."""

import pytest

from telegraf_han.mbus import vif, vife


@pytest.mark.parametrize(
    ("octets", "unit", "factor"),
    [
        ("2b50", "s", 1),
        ("3b56", "s", 3600),
        ("ab5b", "s", 86400),
        ("2b5d", "s", 60),
        ("2d60", "s", 1),
        ("2d67", "s", 86400),
        ("fdc862", "s", 3600),
        ("2b41", "", 1),
        ("3b49", "", 1),
    ],
    ids=str,
)
def test_another_value_altogether(octets: str, unit: str, factor: int) -> None:
    """A VIFE for how long or how often a limit was exceeded keeps nothing of the VIF's unit and scale."""
    found = vif.vib(bytes([int(octets[:2], 16) | 0x80]) + bytes.fromhex(octets[2:]))

    assert (found.unit, found.exponent, found.factor) == (unit, 0, factor)
    assert found.words


@pytest.mark.parametrize("code", [0x39, 0x42, 0x43, 0x46, 0x47, 0x4A, 0x4B, 0x4E, 0x4F, 0x6A, 0x6B, 0x6E, 0x6F], ids=hex)
def test_dates(code: int) -> None:
    """Start, begin or end: E100 uf1b and E110 1f1b are dates."""
    assert vif.vib(bytes([0xAB, code])).kind == "date"


@pytest.mark.parametrize("code", [0x41, 0x49, 0x50, 0x5F, 0x60, 0x62, 0x63, 0x66, 0x67, 0x68, 0x6C], ids=hex)
def test_no_dates(code: int) -> None:
    """Durations (E110 0fnn among them), counts and values during a limit are numbers."""
    assert vif.vib(bytes([0xAB, code])).kind in ("number", "count")


@pytest.mark.parametrize(
    ("code", "unit"),
    [(0x20, "Wh/s"), (0x22, "Wh/h"), (0x26, "Wh/a"), (0x28, "Wh/pulse"), (0x2D, "Wh/m3"), (0x30, "Wh/kWh"), (0x38, "Wh*s/A")],
)
def test_units_per_something(code: int, unit: str) -> None:
    """A value per hour is no energy: its unit says so."""
    assert vif.vib(bytes([0x83, code])).unit == unit


@pytest.mark.parametrize(("octets", "exponent"), [("83f073", -9), ("83fd7d", 6), ("fdc0" + "f0" * 8 + "70", -63)], ids=str)
def test_powers_add_up(octets: str, exponent: int) -> None:
    """Several VIFEs may scale a value."""
    assert vif.vib(bytes.fromhex(octets)).exponent == exponent


def test_type_c() -> None:
    """FC 11 says how data are written, not what they are: the value keeps its name."""
    found = vif.vib(bytes.fromhex("fdc8fc91fc01"))

    assert (found.kind, found.words) == ("count", {"l1"})


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ({"l1", "backward"}, True),
        ({"/h"}, True),
        ({"duration 56"}, True),
        ({"FF13"}, True),
        ({"08"}, False),
        ({"FC55"}, False),
        (set(), True),
    ],
)
def test_known(words: set[str], known: bool) -> None:
    """Words of the norm and of makers are known, a bare code is not."""
    assert vife.is_known(frozenset(words)) is known


def test_no_code_is_written_in_two_ways() -> None:
    """VIFEs that say different things say them in different words, except the three forms of a profile and four of pulses."""
    for space in vife._MEANINGS.values():
        words = [said.word for said in space.values() if said.word]
        assert len(words) - len(set(words)) == (2 + 3 if len(words) > 20 else 0)
