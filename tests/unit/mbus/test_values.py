"""mbus.values: data of every type into numbers, dates and text."""

import struct

import pytest

from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError
from telegraf_han.mbus import values, vif

NUMBER = vif.Vib("active_energy", "Wh", 0)


def _read(field: int, data: str, what: vif.Vib = NUMBER):
    raw = bytes.fromhex(data)
    reader = values.reader(field, what, raw)
    return reader.dated(raw, Zone()) if reader.dated else reader.read(raw)


@pytest.mark.parametrize(
    ("field", "data", "expected"),
    [
        (0x9, "42", 42),
        (0xA, "3412", 1234),
        (0xB, "070300", 307),
        (0xC, "78563412", 12345678),
        (0xE, "351817030000", 3171835),
        (0xA, "34f2", -234),
        (0xC, "230000f0", -23),
        (0xC, "ffffffff", None),
        (0x1, "ff", -1),
        (0x1, "80", None),
        (0x2, "ff7f", 32767),
        (0x2, "0080", None),
        (0x3, "ffffff", -1),
        (0x4, "4e61bc00", 12345678),
        (0x4, "00000080", None),
        (0x6, "010000000000", 1),
        (0x6, "000000000080", None),
        (0x7, "ffffffffffffff7f", 2**63 - 1),
        (0x0, "", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_numbers(field: int, data: str, expected: int | None) -> None:
    """BCD and binary of every length. What the norm calls invalid is None."""
    assert _read(field, data) == expected


@pytest.mark.parametrize("data", ["0a", "f11f", "1f00", "1a345678", "0000c0fe", "f0ff"], ids=str)
def test_digits_that_are_none(data: str) -> None:
    """Hex digits in BCD, other than a leading F, are no number."""
    field = {1: 0x9, 2: 0xA, 4: 0xC}[len(data) // 2]

    with pytest.raises(ValueError):
        _read(field, data)


@pytest.mark.parametrize(
    ("exponent", "factor", "expected"), [(-1, 1, 230.1), (0, 1, 2301), (3, 1, 2301000), (0, 60, 138060), (-3, 1, 2.301), (-9, 1, 2.301e-6)]
)
def test_scaling(exponent: int, factor: int, expected: float) -> None:
    """Numbers are scaled by whole numbers and divided once, so nothing is rounded twice."""
    found = _read(0xA, "0123", NUMBER._replace(exponent=exponent, factor=factor))

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("number", [230.1, 0.0, -0.5, 49.98, 1e-30, 3.4028234663852886e38, 16777216.0, 1 / 3, 1e-45], ids=str)
def test_floats(number: float) -> None:
    """A float of 32 bits is given as the shortest decimal that is this float."""
    data = struct.pack("<f", number)

    found = _read(0x5, data.hex())

    assert struct.pack("<f", found) == data
    assert len(repr(abs(found)).replace(".", "").strip("0").split("e")[0]) <= 9 or isinstance(found, int)


def test_float_is_scaled() -> None:
    """The power of ten shifts the decimal, not the float: 1.234 kW are 1234 W."""
    data = struct.pack("<f", 1.234).hex()

    assert _read(0x5, data, NUMBER._replace(exponent=3)) == 1234
    assert _read(0x5, data, NUMBER._replace(exponent=-2)) == 0.01234


@pytest.mark.parametrize("data", ["0000c07f", "0000807f", "000080ff"], ids=["NaN", "infinity", "minus infinity"])
def test_floats_that_are_none(data: str) -> None:
    """NaN and infinity are what a meter sends if it has no value. A database would refuse the whole line."""
    assert _read(0x5, data) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("03" + b"abc"[::-1].hex(), "abc"),
        ("05" + b"a\x00b\x1bc"[::-1].hex(), "abc"),
        ("00", ""),
        ("c3" + "563412", 123456),
        ("d2" + "3412", -1234),
        ("e2" + "feff", -2),
        ("e4" + "4e61bc00", 12345678),
        ("e9" + "010203040506070809", "010203040506070809"),
        ("f0" + "00" * 16, "00" * 16),
        ("f5" + "11" * 48, "11" * 48),
        ("f6" + "11" * 64, "11" * 64),
        ("e0", ""),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "",
)
def test_variable(data: str, expected: object) -> None:
    """A variable field is text, BCD with its sign or a binary number, as its first byte says. Long numbers are hex."""
    assert _read(0xD, data) == expected


@pytest.mark.parametrize(
    ("lvar", "size"),
    [(0x00, 0), (0xBF, 191), (0xC9, 9), (0xD0, 0), (0xEF, 15), (0xF0, 16), (0xF4, 32), (0xF5, 48), (0xF6, 64), (0xF7, None), (0xCA, None)],
)
def test_variable_sizes(lvar: int, size: int | None) -> None:
    """Every length byte of the norm has its size, reserved ones have none."""
    assert values.variable_size(lvar) == size


@pytest.mark.parametrize(
    ("field", "data", "expected"),
    [
        (0x2, "fe04", "2007-04-30"),
        (0x2, "ffff", None),
        (0x3, "1e2e15", "21:46:30"),
        (0x4, "230a0c33", "2024-03-12T10:35:00+01:00"),
        (0x4, "32371f15", "2008-05-31T23:50:00+02:00"),
        (0x4, "a30a0c33", None),
        (0x6, "5f0c48c1171b", "2014-07-01T08:12:31+02:00"),
        (0xC, "12345678", "12345678"),
    ],
    ids=["G", "G invalid", "J", "F", "F in summer", "F invalid", "I", "no date type"],
)
def test_dates(field: int, data: str, expected: str | None) -> None:
    """Types F, G, I and J become ISO text, with the zone's offset where there is a time of day."""
    assert _read(field, data, NUMBER._replace(kind="date")) == expected


def test_date_that_is_none() -> None:
    """A month 13 is a record error."""
    with pytest.raises(RecordError):
        _read(0x2, "0c3d", NUMBER._replace(kind="date"))


@pytest.mark.parametrize(
    ("kind", "field", "data", "expected"),
    [
        ("identity", 0xC, "78563400", "00345678"),
        ("identity", 0xC, "efcdab12", "12ABCDEF"),
        ("identity", 0xC, "ffffffff", None),
        ("identity", 0x4, "4e61bc00", "12345678"),
        ("identity", 0xD, "03" + b"abc"[::-1].hex(), "abc"),
        ("identity", 0xD, "c3563412", "123456"),
        ("bits", 0x2, "0180", "8001"),
        ("flags", 0x2, "0080", 32768),
        ("flags", 0x1, "ff", 255),
        ("flags", 0xD, "e1ff", 255),
        ("count", 0x1, "fe", 254),
        ("count", 0x1, "ff", None),
        ("count", 0x4, "ffffffff", None),
        ("count", 0x4, "00000080", 2**31),
        ("count", 0xD, "e2ffff", None),
        ("count", 0xA, "3412", 1234),
    ],
)
def test_kinds(kind: vif.Kind, field: int, data: str, expected: object) -> None:
    """Numbers of things keep leading zeros and are text, bits are hex, counts (type C) and flags (type D) are never negative."""
    assert _read(field, data, NUMBER._replace(kind=kind)) == expected


@pytest.mark.parametrize("quantity", ["makers_own", ""])
def test_text_of_makers(quantity: str) -> None:
    """Data that makers send in the form of text are text if they can be read, and otherwise hex. So none of them are lost."""
    what = vif.Vib(quantity, "", 0)

    assert _read(0xD, "0b" + b"B23 111-100"[::-1].hex(), what) == "B23 111-100"
    assert _read(0xD, "05" + "0041423332", what) == "23BA"
    assert _read(0xD, "050082180000", what) == "0082180000"


def test_profile_stays_hex() -> None:
    """A compact profile is no text, although its length byte would allow it."""
    profile = NUMBER._replace(words=frozenset(["profile"]))

    assert _read(0xD, "03414243", profile) == "414243"
    assert _read(0xD, "e3414243", profile) == "414243"


def test_silent_record() -> None:
    """If a VIFE says that there is no value, the data are not looked at."""
    assert _read(0xC, "aabbccdd", NUMBER._replace(silent=True)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Łódź 7".encode(), "Łódź 7"), ("Köln".encode("latin-1"), "Köln"), (b"ABC", "ABC"), (b"00123", "00123")],
    ids=["UTF-8", "Latin-1", "ASCII", "digits"],
)
@pytest.mark.parametrize("quantity", ["customer", "makers_own"])
def test_characters(quantity: str, text: bytes, expected: str) -> None:
    """Text is Latin-1, as the norm says, or UTF-8 if it can be that. Digits stay text."""
    data = bytes([len(text)]) + text[::-1]
    what = vif.Vib(quantity, "", 0, 1, "identity" if quantity == "customer" else "number")

    assert values.reader(0xD, what, data).read(data) == expected


@pytest.mark.parametrize(("number", "factor", "expected"), [(2.5, 3600, 9000), (230.0, 1, 230), (0.5, 1, 0.5)])
def test_float_with_a_factor(number: float, factor: int, expected: float) -> None:
    """A float of hours becomes seconds. A whole number is an int, so that it is written like one."""
    read = values.reader(0x5, vif.Vib("duration", "s", 0, factor), struct.pack("<f", number)).read(struct.pack("<f", number))

    assert (read, type(read)) == (expected, type(expected))


def test_longest_number_of_a_variable_field() -> None:
    """Eight bytes are a number. Nine are given in hex as they came, because no field holds such a number."""
    assert _read(0xD, "e8" + "ff00000000000000") == 255
    assert _read(0xD, "e9" + "ff0000000000000000") == "FF0000000000000000"


def test_date_that_was_never_set() -> None:
    """A date and time of zeros is no date."""
    never = vif.Vib("time_point", "", 0, 1, "date")

    assert _read(0x4, "00000000", never) is None
    assert _read(0x4, "1e0f4a34", never).startswith("2026-04-10T15:30:00")
