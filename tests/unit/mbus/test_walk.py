"""mbus.walk: octets into records."""

import re

import pytest

from telegraf_han.errors import RecordError
from telegraf_han.mbus import walk


def _cut(octets: str) -> list[tuple[str, str]]:
    return [(record.header.hex(), record.data.hex()) for record in walk.walked(bytes.fromhex(octets))]


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("", []),
        ("2f2f2f", []),
        ("0c14270485020483", [("0c14", "27048502")]),
        ("0403010203048410", [("0403", "01020304")]),
        ("040301020304de47", [("0403", "01020304")]),
        ("0c142704850204830102", [("0c14", "27048502")]),
        ("0c1427048502046d32371f15", [("0c14", "27048502"), ("046d", "32371f15")]),
        ("2f2f0c14270485022f2f2f", [("0c14", "27048502")]),
        ("0c142704850" + "2" + "2f2f046d32371f15", [("0c14", "27048502"), ("046d", "32371f15")]),
        ("8e801003112233445566", [("8e801003", "112233445566")]),
        ("0babc8ff13704500", [("0babc8ff13", "704500")]),
        ("0dfd0c03434241", [("0dfd0c", "03434241")]),
        ("027c03685768" + "0102", [("027c03685768", "0102")]),
        ("02fc036857683c" + "0102", [("02fc036857683c", "0102")]),
        ("0cfca273046c616769" + "26084275", [("0cfca273046c616769", "26084275")]),
        ("02fc14" + "4d" * 20 + "3c" + "0102", [("02fc14" + "4d" * 20 + "3c", "0102")]),
        ("02fc1203685768" + "0102" + "0403e8030000" * 3, [("02fc1203685768", "0102"), *[("0403", "e8030000")] * 3]),
        ("02fc3c03685768" + "0102", [("02fc3c03685768", "0102")]),
        ("02fc0348522574" + "440d" + "22fc0348522574" + "f10c", [("02fc0348522574", "440d"), ("22fc0348522574", "f10c")]),
        ("0403010203040f" + "a1a2a3", [("0403", "01020304"), ("0f", "a1a2a3")]),
        ("1f", [("1f", "")]),
        ("0003", [("0003", "")]),
        ("0403010203042f2fde47", [("0403", "01020304")]),
        ("0403010203042fff", [("0403", "01020304")]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_walk(octets: str, expected: list[tuple[str, str]] | None) -> None:
    """Headers and data are cut as the norm says. Fillers are removed. The maker's own data reach to the end."""
    if expected is None:
        with pytest.raises(RecordError):
            _cut(octets)
    else:
        assert _cut(octets) == expected


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("04", "byte 0 is cut short"),
        ("04030102", "4 bytes of data, but 2 are left"),
        ("2f2fde47", "byte 2"),
        ("3f03", "3F, which is not a DIF"),
        ("7f", "7F, which is not a DIF"),
        ("0803", "08, which is not a DIF"),
        ("0d03", "cut short"),
        ("0d03f7", "F7 of a variable field"),
        ("0d0305616263", "6 bytes of data, but 4 are left"),
        ("027c", "cut short"),
        ("02fc0168", "cut short"),
        ("02fca2", "cut short"),
        ("02fca273", "cut short"),
        ("02fca2730468", "cut short|bytes of data"),
        ("02fc" + "f0" * 11 + "70016801", "extension bytes"),
        ("84" + "80" * 11 + "0003", "12 extension bytes"),
        ("0483" + "f0" * 11 + "70", "extension bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused(octets: str, words: str) -> None:
    """Bytes that are no record are reported with their place if there is no record before them."""
    with pytest.raises(RecordError, match=words):
        _cut(octets)


def test_ten_extensions_are_allowed() -> None:
    """The norm allows ten DIFEs and ten VIFEs."""
    assert len(_cut("84" + "80" * 9 + "00" + "83" + "f0" * 9 + "70" + "01020304")) == 1


def test_number_of_records_is_bounded() -> None:
    """More records than a telegram can hold are refused, whoever calls."""
    with pytest.raises(RecordError, match="more than 256"):
        walk.walked(b"\x00\x03" * 257)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("0403010203042f2f", ""),
        ("0403010203042fde47", ""),
        ("040301020304ffff", "the last 2 bytes are no record.*byte 6 of the records is FF"),
        ("0403010203040403e803", "the last 4 bytes are no record.*4 bytes of data, but 2 are left"),
        ("04030102030484", "the last 1 bytes|cut short"),
    ],
    ids=["fillers", "behind a filler", "no DIF", "cut in its data", "cut in its header"],
)
def test_tail(octets: str, words: str) -> None:
    """Bytes behind the last record are told, unless a filler is before them, which is some meters' habit."""
    raw = bytes.fromhex(octets)
    found = walk.tail(raw, walk.walked(raw))

    assert bool(found) is bool(words)
    assert re.search(words, found)


def test_header() -> None:
    """A header is cut without its data."""
    assert walk.header(bytes.fromhex("04833c1122")).hex() == "04833c"
    assert walk.header(bytes.fromhex("0f1122")).hex() == "0f"
    with pytest.raises(RecordError, match="cut short"):
        walk.header(bytes.fromhex("0483"))
