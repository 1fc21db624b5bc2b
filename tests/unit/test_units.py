"""units: spellings into base units, numbers scaled exactly."""

from fractions import Fraction

import pytest

from telegraf_han import units


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("kWh", ("Wh", 3)),
        ("Wh", ("Wh", 0)),
        ("MWh", ("Wh", 6)),
        ("kW", ("W", 3)),
        ("W", ("W", 0)),
        ("MW", ("W", 6)),
        ("kvarh", ("varh", 3)),
        ("kVArh", ("varh", 3)),
        ("kVAr", ("var", 3)),
        ("kvar", ("var", 3)),
        ("var", ("var", 0)),
        ("VAr", ("var", 0)),
        ("kVA", ("VA", 3)),
        ("kVAh", ("VAh", 3)),
        ("V", ("V", 0)),
        ("kV", ("V", 3)),
        ("mV", ("V", -3)),
        ("A", ("A", 0)),
        ("kA", ("A", 3)),
        ("mA", ("A", -3)),
        ("Hz", ("Hz", 0)),
        ("m3", ("m3", 0)),
        ("dm3", ("m3", -3)),
        ("GJ", ("J", 9)),
        ("KWH", ("Wh", 3)),
        ("MWH", ("Wh", 6)),
        ("GWh", ("Wh", 9)),
        ("Mvar", ("var", 6)),
        ("MVAr", ("var", 6)),
        ("MVArh", ("varh", 6)),
        ("MVA", ("VA", 6)),
        ("MVAh", ("VAh", 6)),
        ("kwh", ("Wh", 3)),
        ("kHz", ("Hz", 3)),
        ("MHz", ("Hz", 6)),
        ("mHz", ("Hz", -3)),
        ("KHZ", ("Hz", 3)),
        ("mW", ("W", -3)),
        ("uA", ("A", -6)),
        ("µV", ("V", -6)),
        ("μV", ("V", -6)),
        ("nA", ("A", -9)),
        ("pA", ("A", -12)),
        ("cV", ("V", -2)),
        ("dVA", ("VA", -1)),
        ("daW", ("W", 1)),
        ("hW", ("W", 2)),
        ("cl", ("m3", -5)),
        ("PJ", ("J", 15)),
        ("EWh", ("Wh", 18)),
        ("ha", ("ha", 0)),
        ("Pa", ("Pa", 0)),
        ("hPa", ("hPa", 0)),
        ("TWh", ("Wh", 12)),
        ("GVArh", ("varh", 9)),
        ("MVARH", ("varh", 6)),
        ("mvar", ("var", -3)),
        ("KVA", ("VA", 3)),
        ("ml", ("m3", -6)),
        ("hl", ("m3", -1)),
        ("cm3", ("m3", -6)),
        ("km3", ("km3", 0)),
        ("M3", ("m3", 0)),
        ("", ("", 0)),
    ],
    ids=str,
)
def test_spellings(spelling: str, expected: tuple[str, int]) -> None:
    """Each unit, as some network writes it, has its base unit and power of ten."""
    assert units.base(spelling) == expected


@pytest.mark.parametrize("spelling", ["mw", "mwh", "Mw", "Mv", "ma", "na", "furlong", "kWhx", "kh", "mdBm"], ids=str)
def test_what_is_not_understood_is_its_own_base(spelling: str) -> None:
    """m is milli and M is mega. If the case decides, another case is not guessed at."""
    assert units.base(spelling) == (spelling, 0)


@pytest.mark.parametrize(
    ("mantissa", "exponent", "expected"),
    [
        (12345035, 0, 12345035),
        (2296, -1, 229.6),
        (2300, -1, 230),
        (500, -3, 0.5),
        (-50, -1, -5),
        (-55, -1, -5.5),
        (0, -3, 0),
        (0, 6, 0),
        (3, 6, 3_000_000),
        (132, 0, 132),
        (49998, -3, 49.998),
        (1, -18, 1e-18),
        (123456789012345678, -9, 123456789.012345678),
    ],
)
def test_scaled(mantissa: int, exponent: int, expected: float) -> None:
    """An integer if that is exact, otherwise the float next to the exact value."""
    found = units.scaled(mantissa, exponent)

    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("decimals", range(1, 10))
@pytest.mark.parametrize("mantissa", [1, 7, 229_6, 12_345_035, 999_999_999, -3])
def test_scaled_is_correctly_rounded(mantissa: int, decimals: int) -> None:
    """No float is nearer to the decimal number than the one given."""
    assert units.scaled(mantissa, -decimals) == Fraction(mantissa, 10**decimals).__float__()


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("Wh", "wh"),
        ("var", "var"),
        ("°C", "degc"),
        ("%", "percent"),
        ("m3", "m3"),
        ("", ""),
        ("1/h", "per_h"),
        ("m3/h", "m3_h"),
        ("*?", ""),
    ],
)
def test_suffix(unit: str, expected: str) -> None:
    """A unit's part of a field key needs no escaping."""
    assert units.suffix(unit) == expected


def test_table_is_consistent() -> None:
    """Each base unit is in the table as itself, with power zero."""
    for base, _ in units.SPELLINGS.values():
        assert units.base(base) == (base, 0) or base == "J"


@pytest.mark.parametrize("prefix", ["n", "u", "µ", "m", "", "k", "M", "G", "T"])
@pytest.mark.parametrize("unit", ["Wh", "W", "varh", "var", "VAr", "VArh", "VAh", "VA", "V", "A", "Hz", "J", "s", "l"])
def test_every_prefix_before_every_unit(unit: str, prefix: str) -> None:
    """A prefix changes the power of ten and nothing else."""
    powers = {"n": -9, "u": -6, "µ": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12}
    base, exponent = units.base(unit)

    assert units.base(prefix + unit) == (base, exponent + powers[prefix])


def test_no_spelling_has_two_meanings() -> None:
    """What is understood in any case has one power of ten in each case."""
    for folded, found in units._FOLDED.items():
        meanings = {
            meaning
            for spelling, meaning in units.SPELLINGS.items()
            if spelling.lower() == folded and not spelling.startswith(units._CASE_TELLS)
        }
        assert meanings <= {found}


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [("kWh", True), ("KWH", True), ("m3", True), ("°c", True), ("", False), ("x", False), ("MHW", False), ("mVarH", False)],
)
def test_known(spelling: str, expected: bool) -> None:
    """A unit is known as meters write it, and in another case where only one unit can be meant."""
    assert units.known(spelling) is expected
