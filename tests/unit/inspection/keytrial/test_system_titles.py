"""keytrial.titles: system titles made of a serial number."""

import pytest

from telegraf_han.inspection.keytrial.system_titles import SERIALS_LIMIT, TITLES_LIMIT, titles


@pytest.mark.parametrize(
    ("title", "layout"),
    [
        (b"EGM\0\0\0\0\0", "the maker's letters alone"),
        (b"EGM" + (35000001).to_bytes(5, "big"), "the maker's letters, then the serial number as a number"),
        (b"EGM" + bytes.fromhex("0035000001"), "the maker's letters, then the serial number's digits"),
        (b"35000001", "the serial number as text"),
        (b"EGM\x66" + (35000001).to_bytes(4, "big"), "the maker's letters, a device type, the serial number as a number"),
        (b"EGM\x66\x35\x00\x00\x01", "the maker's letters, a device type, the serial number's digits"),
        (bytes.fromhex("ed14010000350102"), "the address of wireless M-Bus"),
        (b"EGM\x66" + (5 << 28 | 35000001).to_bytes(4, "big"), "the maker's letters, a device type, functions, the serial number"),
    ],
    ids=lambda value: value.hex() if isinstance(value, bytes) else "",
)
def test_layout(title: bytes, layout: str) -> None:
    """Each layout known makes its title."""
    found = {made.octets: made.layout for made in reversed(list(titles("EGM5G35", ["35000001"])))}

    assert found[title] == layout


@pytest.mark.parametrize("serial", ["0", "35000001", "9" * 40, "12345678901234567890"])
def test_eight_bytes_each_and_bounded(serial: str) -> None:
    """A title has eight bytes, and no number makes more of them than the limit."""
    found = list(titles("KFM5KAIFA-METER", [serial]))

    assert {len(title.octets) for title in found} == {8}
    assert len(found) <= TITLES_LIMIT


def test_what_is_no_number_makes_none() -> None:
    """Without letters in the ident no title is made. Texts that are no numbers are skipped, and so are numbers beyond the limit."""
    assert list(titles("", ["35000001"])) == []
    assert list(titles("/5", ["35000001"])) == []
    assert len(list(titles("EGM5", ["A5", "", "²"]))) == 1
    assert len(list(titles("EGM5", map(str, range(100, 200))))) <= SERIALS_LIMIT * TITLES_LIMIT
