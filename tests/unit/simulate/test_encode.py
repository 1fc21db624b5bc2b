"""Bytes as meters send them, rebuilt from vectors that this project's encoder did not make."""

import json
from pathlib import Path

import pytest

from telegraf_han.ciphers.secret import Key
from telegraf_han.simulate import encode

VECTORS = Path(__file__).parent / "vectors"
STOEN = ["p1-stoen-gama150", "p1-stoen-gama350", "p1-stoen-ma110m", "p1-stoen-ma309m"]


def vector(name: str) -> dict[str, str]:
    return json.loads((VECTORS / f"{name}.json").read_text())


def keys(found: dict[str, str]) -> encode.Keys:
    return encode.Keys(Key(bytes.fromhex(found["encryption_key"])), Key(bytes.fromhex(found["authentication_key"])))


@pytest.mark.parametrize("name", STOEN)
def test_stoen_telegram_is_rebuilt_to_the_byte(name: str) -> None:
    """Lines and keys of a vector give its wire: ident, bare block, tag and footer."""
    found = vector(name)
    wire = bytes.fromhex(found["wire"])
    ident = wire[1 : wire.index(b"\r")].decode()

    block = encode.bare_block(encode.text_of(found["lines"]), keys(found))

    assert encode.enclosed(ident, block, "x25-low-first") == wire


def test_plain_telegram_is_rebuilt_to_the_byte() -> None:
    """A meter with encryption switched off sends the lines and CRC-16/ARC."""
    found = vector("p1-plain-ma309m")

    assert encode.enclosed("KFM5KAIFA-METER", encode.text_of(found["lines"]), "arc") == bytes.fromhex(found["wire"])


def test_general_glo_telegram_is_rebuilt_to_the_byte() -> None:
    """Title, counter, ciphertext and tag of the Luxembourg layout come out as in its vector."""
    found = vector("p1-glo-0xdb")
    wire = bytes.fromhex(found["wire"])
    title, counter = wire[2:10], int.from_bytes(wire[14:18], "big")

    assert encode.general_glo(title, counter, found["inner"].encode("ascii"), keys(found)) == wire


def test_inner_telegram_of_general_glo_is_rebuilt_to_the_byte() -> None:
    """What is inside is an ordinary telegram with CRC-16/ARC."""
    inner = vector("p1-glo-0xdb")["inner"]
    lines = inner.split("\r\n")[2:-2]

    assert encode.enclosed("EST5\\253710000_A", encode.text_of(lines), "arc") == inner.encode("ascii")


@pytest.mark.parametrize(
    ("footer", "digits"),
    [("x25-low-first", b"6E90"), ("x25-high-first", b"906E"), ("arc", b"BB3D")],
)
def test_footer_digits(footer: str, digits: bytes) -> None:
    """The catalogue's check values of X-25 and ARC over 123456789, in the byte order each footer has."""
    assert encode.FOOTERS[footer](b"123456789").encode() == digits


@pytest.mark.parametrize(
    ("value", "octets", "expected"),
    [
        (0, 3, "000000"),
        (307, 3, "070300"),
        (3_171_835, 6, "351817030000"),
        (12_345_678, 4, "78563412"),
        (1_000_001, 3, "010000"),
    ],
    ids=["zero", "power", "register", "number", "overrun"],
)
def test_bcd(value: int, octets: int, expected: str) -> None:
    """Digits stand low first, and a register that is too long loses its highest."""
    assert encode.bcd(value, octets).hex() == expected


@pytest.mark.parametrize(
    ("wall", "weekday", "week", "summer", "expected"),
    [
        ((2024, 7, 3, 23, 12, 16), 3, 27, True, "d00c7703371b"),
        ((2026, 12, 31, 0, 0, 0), 4, 53, False, "000080" + "5f" + "3c" + "35"),
    ],
    ids=["summer of a leap year", "new year's eve"],
)
def test_cp48(wall: tuple[int, int, int, int, int, int], weekday: int, week: int, *, summer: bool, expected: str) -> None:
    """Type I as the GAMA350's vector has it, and worked out by hand from EN 13757-3 Annex A."""
    assert encode.cp48(wall, weekday, week, summer=summer).hex() == expected


def test_link_address_of_the_gama350() -> None:
    """EGM is 14ED, low byte first; the id's digits are turned round."""
    assert encode.link_address("EGM", "12345678", 1, 2).hex() == "ed14785634120102"


def test_wireless_frame_has_the_link_crcs_of_its_vector() -> None:
    """Format A of the GAMA350's frame, every block's CRC."""
    found = vector("wmbus-gama350-stoen")

    assert encode.format_a(bytes.fromhex(found["frame"])).hex() == found["format_a"]


def test_mode_5_of_a_whole_number_of_blocks_gets_no_filler() -> None:
    """Fourteen bytes of records and the two check bytes are one block; the configuration word says so."""
    frame = encode.mode_5(bytes(8), 7, bytes(14), Key(bytes(16)))

    assert (len(frame), frame[0], frame[13]) == (1 + 30, 30, 0x10)
