"""p1.expected: what a value may be under its code and with its unit. Which value becomes what is tested in test_text, line by line."""

import pytest

from telegraf_han.p1.expected import expected, unit_of


@pytest.mark.parametrize(
    ("raw", "unit"),
    [
        (b"kWh", "kWh"),
        (b" kW ", "kW"),
        (b"m\xb3", "m3"),
        (b"m\xc2\xb3", "m3"),
        (b"\xb0C", "°C"),
        (b"\xc2\xb0C", "°C"),
        (b"\xb5A", "µA"),
        (b"", ""),
    ],
    ids=repr,
)
def test_unit_of(raw: bytes, unit: str) -> None:
    """Signs above 7F may be one byte or two."""
    assert unit_of(raw) == unit


@pytest.mark.parametrize(
    ("unit", "found"),
    [
        (b"kWh", ("Wh", 3, "x")),
        (b"furlong", ("furlong", 0, "x")),
        (b"kWh/m3", ("kWh/m3", 0, "x")),
        (b"m3/h", ("m3/h", 0, "x")),
        (b"%", ("%", 0, "x")),
        (b"", ("", 0, "x")),
        (b"~Wh", ("~Wh", 0, "x_unit")),
        (b"Wh-", ("Wh-", 0, "x_unit")),
        (b"2", ("2", 0, "x_unit")),
        (b"**", ("**", 0, "x_unit")),
        (b"text", ("text", 0, "x_unit")),
        (b"Time", ("Time", 0, "x_unit")),
        (b"kW\x1bh", ("kW\x1bh", 0, "x_unit")),
    ],
    ids=repr,
)
def test_units(unit: bytes, found: tuple[str, int, str]) -> None:
    """A unit that is not known stays as it is. It never makes the field of another value."""
    known = expected("1-0:99.7.0", unit)

    assert (known.unit, known.exponent, known.own_field("x")) == found


@pytest.mark.parametrize(
    ("code", "unit", "raw", "missing"),
    [
        ("1-0:1.8.0", b"kWh", b"ON", True),
        ("1-0:1.8.0", b"kWh", b"9" * 17, False),
        ("1-0:99.7.0", b"W", b"ON", True),
        ("1-0:99.7.0", b"", b"ON", False),
        ("0-0:96.14.0", b"", b"ON", False),
    ],
)
def test_word_instead_of_a_quantity(code: str, unit: bytes, raw: bytes, missing: bool) -> None:
    """A state may be a word. A quantity is missing if a word stands in its place."""
    assert expected(code, unit).misses_quantity(raw) == missing


@pytest.mark.parametrize(
    ("code", "unit", "texts"),
    [
        ("1-0:1.8.0", b"kWh", [b"ON", b"9" * 17]),
        ("1-0:1.8.0", b"", [b"ON", b"9" * 17]),
        ("1-0:99.7.0", b"W", [b"ON", b"9" * 17]),
        ("0-0:96.14.0", b"", [b"ON", b"9" * 17, b"2A"]),
        ("1-0:99.7.0", b"", [b"ON", b"9" * 17, b"2A", b"1.2.3", b"FFFF", b""]),
        ("1-0:99.7.0", b"furlong", [b"ON", b"9" * 17, b"2A", b"1.2.3", b"FFFF"]),
    ],
    ids=["quantity", "quantity without unit", "known unit", "state", "no name", "unknown unit"],
)
def test_texts(code: str, unit: bytes, texts: list[bytes]) -> None:
    """What goes into a field of text. Each value is read by one of the two readers at most."""
    known = expected(code, unit)
    values = [b"ON", b"9" * 17, b"2A", b"1.2.3", b"FFFF", b"", b"----", b"5"]

    assert [raw for raw in values if known.is_text(raw)] == texts
    for raw in values:
        readable = []
        for reader in (known.number(), known.text()):
            try:
                readable.append(reader[raw])
            except ValueError:
                continue
        assert len(readable) <= 1
        assert known.is_text(raw) == (readable != [] and isinstance(readable[0], str))
