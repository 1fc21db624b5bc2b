"""mbus.dif: data information blocks."""

import pytest

from telegraf_han.mbus import dif


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("04", (4, "instant", 0, 0, 0)),
        ("0e", (0xE, "instant", 0, 0, 0)),
        ("1b", (0xB, "maximum", 0, 0, 0)),
        ("2b", (0xB, "minimum", 0, 0, 0)),
        ("34", (4, "error state", 0, 0, 0)),
        ("44", (4, "instant", 1, 0, 0)),
        ("8e10", (0xE, "instant", 0, 1, 0)),
        ("8e30", (0xE, "instant", 0, 3, 0)),
        ("8e8010", (0xE, "instant", 0, 4, 0)),
        ("8e9010", (0xE, "instant", 0, 5, 0)),
        ("8201", (2, "instant", 2, 0, 0)),
        ("c203", (2, "instant", 7, 0, 0)),
        ("c2ff7f", (2, "instant", 0x1FF, 0xF, 3)),
        ("8440", (4, "instant", 0, 0, 1)),
        ("848040", (4, "instant", 0, 0, 2)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_dib(octets: str, expected: tuple[int, str, int, int, int]) -> None:
    """Storage, tariff and subunit grow with every DIFE: four, two and one bit."""
    assert dif.dib(bytes.fromhex(octets)) == expected
