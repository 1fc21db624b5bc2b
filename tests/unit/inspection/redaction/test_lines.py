"""redaction.lines and numbers: what stays of a data line, and what is replaced."""

import pytest

from telegraf_han.inspection.redaction import lines
from telegraf_han.inspection.redaction.numbers import Numbers

STAYS = (
    b"0-0:1.0.0(260410150553S)",
    b"1-0:1.8.0(012345.035*kWh)",
    b"1-0:1.8.0(00012345.035*kWh)",
    b"1-0:1.7.0(00.278*kW)",
    b"1-0:1.7.0(-00.278*kW)",
    b"1-0:32.7.0(230.1*V)",
    b"0-1:24.2.1(101209110000W)(12785.123*m3)",
    b"0-1:24.2.1(101209110000W)(12785.123*m\xb3)",
    b"0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)",
    b"0-0:17.0.0(16500)",
    b"0-0:94.98.33(3)",
    b"0-0:96.13.0()",
    b"0-0:96.14.0(0002)",
    b"0-0:96.7.21(00004)",
    b"0-0:96.1.1(4D413330394D)",
    b"0-0:96.1.1(47414D4120333530)",
    b"1-3:0.2.8(50)",
    b"0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00024.123)",
    b"1-0:1.6.0(260106161500W)(03.291*kW)",
    b"1-0:1.6.0(03.291*kW)(2601061615)",
    b"1-0:1.8.0*01(012345.035*kWh)",
    b"0-0:1.0.0(20240111 09:35:00)",
    b"1-0:0.9.1(222553S)",
    b"1-0:0.9.2(251002)",
    b"0-0:96.14.0(TARIFF 1)",
    b"0-0:97.97.0(00000000)",
    b"1-0:0.2.0(V1.2)",
    b"1.8.0(00012.345*kWh)",
    b"1-0:1.8.0(012345.035*kWh))",
)
REPLACED = {
    # written: what must not stand there any more
    b"0-0:96.1.0(3335303030303031)": (b"3335303030303031", b"35000001"),
    b"0-0:96.1.1(4B384547303034303436333935353037)": (b"4B3845473030",),
    b"0-1:96.1.0(3232323241424344313233343536373839)": (b"32323232",),
    b"0-0:42.0.0(4547413335303030303031)": (b"4547413335",),
    b"0-0:96.13.0(4A616E204B6F77616C736B69)": (b"4A616E", b"4B6F77"),
    b"0-0:96.13.0(Jan Kowalski, +48 601 234 567)": (b"Jan", b"Kowalski", b"601"),
    b"0-0:96.13.1(3132)": (b"3132",),
    b"0-0:98.1.7(35000001)": (b"35000001",),
    b"0-0:98.1.7(ABC)": (b"ABC",),
    b"0.0.0(35000001)": (b"35000001",),
    b"1-0:0.0.1(123456)": (b"123456",),
    b"0-0:96.1.0(0012345678)": (b"12345678",),
    b"1-0:0.2.0(35000001)": (b"35000001",),
    b"0-0:97.97.0(Warszawa, Praga)": (b"Warszawa",),
    b"what is no line 35000001 Jan": (b"35000001", b"Jan"),
    b"1-0:1.8.0(012345.035*kWh) Jan": (b"Jan",),
    b"0-0:96.1.0(\xc5\xbbaneta)": (b"\xc5\xbb", b"aneta"),
    # looks like a quantity, but the code is unknown, or the unit, form or range is another
    b"0-0:99.1.0(35017.246)": (b"35017",),
    b"0-0:99.1.0(35017246*kWh)": (b"35017246",),
    b"1-0:1.8.0(35017246*kWh)": (b"35017246",),
    b"1-0:1.8.0(35017.246*V)": (b"35017",),
    b"1-0:32.7.0(35017246)": (b"35017246",),
    b"0-0:96.14.0(35017)": (b"35017",),
    b"0-0:96.7.21(35017)": (b"35017",),
    # looks like a time stamp
    b"0-0:99.1.0(260410150553)": (b"260410", b"150553"),
    b"0-0:99.1.0(260410150553S)": (b"260410", b"150553"),
    b"1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0035017246*s)": (b"101208", b"35017246"),
    # short under an unknown code
    b"0-0:99.1.0(35017)": (b"35017",),
    b"0-0:99.1.0(3501)(7246)": (b"3501", b"7246"),
    b"0-0:99.1.0(35)": (b"35",),
    # a line that only looks like the second one of DSMR 2.2
    b"(00024.123)": (b"24.123",),
    # letters and digits, in whatever brackets
    b"1-0:0.2.8((ER3501))": (b"3501", b"ER"),
    b"0-0:96.13.0(no end 35017246": (b"35017246",),
    b"C.1.0(35017246)": (b"35017246",),
    b"0-0:96.1.1(4D413530394D)": (b"4D413530394D",),
    # digits alone that are hex of punctuation
    b"0-0:96.1.0(24252627)": (b"24252627",),
    b"0-0:96.1.0(2B2C2D2E)": (b"2B2C2D2E",),
}


@pytest.mark.parametrize("line", STAYS, ids=repr)
@pytest.mark.parametrize("end", [b"", b"\r\n", b"\n"])
def test_quantities_and_times_stay(line: bytes, end: bytes) -> None:
    """Values that matter for a bug stay as they are."""
    assert lines.redacted(line + end, Numbers()) == line + end


@pytest.mark.parametrize("line", REPLACED, ids=repr)
def test_names_go(line: bytes) -> None:
    """Values that name somebody are replaced. The line stays as long as before."""
    found = lines.redacted(line + b"\r\n", Numbers())

    assert len(found) == len(line) + 2
    assert not any(secret in found for secret in REPLACED[line])


def test_code_and_form_stay() -> None:
    """Hex of text becomes hex of text, in the same case; padding stays."""
    found = lines.redacted(b"0-0:96.1.0(33353030303030312D6A61FF)\r\n0-0:42.0.0(33353030303030312d6a61)", Numbers())
    first, second = found.split(b"\r\n")

    assert bytes.fromhex(first[11:-1].decode()) == b"80000001-XX\xff"
    assert first[11:-1] == first[11:-1].upper()
    assert second[11:-1] == second[11:-1].lower()


def test_one_number_is_one() -> None:
    """A number is always replaced by the same number, whatever the width of its field. Another number gets another one."""
    numbers = Numbers()
    found = [numbers.invented(digits) for digits in ("35000001", "35000002", "35000001", "000035000001", "0", "12", "", "80000003")]

    assert found[0] == found[2] == found[3][4:]
    assert found[3][:4] == "0000"
    assert len({found[0], found[1], found[7]}) == 3
    assert "80000003" not in found
    assert (found[4], found[5], found[6]) == ("0", "00", "")


@pytest.mark.parametrize(
    "left",
    [
        b"35000017",
        b"0-0:1(3335303030303137)",
        bytes.fromhex("35000017"),
        bytes.fromhex("17000035"),
        b"17000035",
        (35000017).to_bytes(4, "big"),
        (35000017).to_bytes(4, "little"),
        b"..35000017..",
    ],
    ids=["digits", "hex", "packed", "packed, low first", "hex of packed", "number", "number, low first", "within"],
)
def test_what_is_left_is_found(left: bytes) -> None:
    """A number that was replaced is found in any form. Other numbers do not matter."""
    numbers = Numbers()

    assert not numbers.leaks(left)
    numbers.invented("35000017")
    assert numbers.leaks(left)
    assert not numbers.leaks(b"80000001 35000018")


@pytest.mark.parametrize(
    ("line", "redacted"),
    [
        (b"/EGM5G35\r\n\r\n", b"/EGM5G35\r\n\r\n"),
        (b"/KFM5KAIFA-METER\r\n", b"/KFM5KAIFA-METER\r\n"),
        (b"/EGM5G35-35017246\r\n", b"/EGM5G35-80000001\r\n"),
        (b"/XYZ5\\253663629_D\r\n", b"/XYZ5\\800000001_X\r\n"),
        (b"/XYZ5A35B017C246\r\n", b"/XYZ5X80X000X001\r\n"),
        (b"/3501724\r\n", b"/8000001\r\n"),
        (b"/ABC/35017\r\n", b"/XXX/80001\r\n"),
    ],
    ids=repr,
)
def test_ident(line: bytes, redacted: bytes) -> None:
    """An ident line keeps a known type and the maker's letters. Letters and digits behind them are replaced."""
    assert lines.ident(line, Numbers()) == redacted


def test_quantity_with_the_meters_number() -> None:
    """A quantity that carries the meter's number, or a telling part of it, is replaced. It keeps form and unit. Others stay."""
    numbers = Numbers()
    numbers.known.recognise("35017246")
    carriers = (b"35017.246*kWh", b"000350.172*kWh", b"72.46*kW", b"46720.135*kWh", b"64271053*Wh")
    found = [lines.redacted(b"1-0:1.8.0(%b)" % value, numbers) for value in carriers]

    assert [len(line) for line in found] == [len(value) + len("1-0:1.8.0()") for value in carriers]
    assert not any(value in line for value, line in zip(carriers, found, strict=True))
    assert found[0] == b"1-0:1.8.0(80000.001*kWh)"
    assert lines.redacted(b"1-0:1.8.0(012345.035*kWh)", numbers) == b"1-0:1.8.0(012345.035*kWh)"


def test_clock_with_the_meters_number() -> None:
    """A time stamp that contains the whole number of the meter is no time."""
    numbers = Numbers()
    numbers.known.recognise("26041015")

    assert b"26041015" not in lines.redacted(b"0-0:1.0.0(260410150553S)", numbers)
    assert lines.redacted(b"1-0:0.9.2(260410)", numbers) != b"1-0:0.9.2(260410)"
    assert lines.redacted(b"0-0:1.0.0(260411150553S)", numbers) == b"0-0:1.0.0(260411150553S)"


def test_invented_numbers_share_no_part_with_the_real_one() -> None:
    """An invented number never has four digits in a row of the meter's own number."""
    numbers = Numbers()
    numbers.known.recognise("80112345")
    found = {numbers.invented(str(40_000_000 + step)) for step in range(3000)}

    assert not any(part in one for one in found for part in ("8011", "0112", "1123", "1234", "2345"))


@pytest.mark.parametrize("line", [b"0-0:96.13.0(%b)", b"0-0:96.1.0(%b)", b"0-0:99.1.0(%b)", b"1-0:1.8.0(%b*kWh)", b"%b"], ids=repr)
def test_very_long_numbers(line: bytes) -> None:
    """A telegram of nothing but digits is redacted like any other."""
    number = b"12345678" * 1024

    assert b"2345678" not in lines.redacted(line % number, Numbers())


def test_what_was_kept_is_told() -> None:
    """The memory says why each code was kept and what was replaced."""
    numbers = Numbers()
    lines.redacted(b"0-0:1.0.0(260410150553S)\r\n1-0:1.8.0(1.5*kWh)\r\n0-0:96.1.0(35017246)\r\n0-0:99.1.0(1)\r\nJan\r\n", numbers)

    assert numbers.kept == {"clocks": {"0-0:1.0.0": None}, "quantities in their unit and range": {"1-0:1.8.0": None}}
    assert {what: list(where) for what, where in numbers.replaced.items()} == {
        "identifiers": ["0-0:96.1.0"],
        "values under unknown codes": ["0-0:99.1.0"],
        "lines without a code": ["3 characters"],
    }
