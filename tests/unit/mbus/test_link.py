"""mbus.link: frames with and without link CRCs, chips, and addresses."""

import pytest

from telegraf_han.errors import ChecksumError, FramingError
from telegraf_han.mbus import link
from telegraf_han.simulate import encode

ALL = ["gama350", "oms-mode5", "oms-mode7", "oms-partial", "made-mode5", "made-mode5-adapter", "made-mode7", "made-ell-ctr"]


@pytest.mark.parametrize("name", ALL)
def test_every_form_is_the_same_telegram(vector, name: str) -> None:
    """With CRCs of format A or B, as chips or without any, a telegram comes out as the same bytes."""
    found = vector(name)

    assert {link.telegram(form) for form in found.forms} == {found.frame}


def test_format_b_sample(vector) -> None:
    """The norm's sample of format B loses its CRC, and its length field counts what is left."""
    raw = vector("oms-format-b").octets["frame"]

    assert link.telegram(raw) == b"\x12" + raw[1:-2]


def _format_b(frame: bytes) -> bytes:
    """A frame with the CRCs of format B."""
    first, rest = frame[:126], frame[126:]
    whole = bytes([frame[0] + (4 if rest else 2)]) + first[1:]
    whole += encode.crc.en13757(whole).to_bytes(2, "big")
    return whole + rest + encode.crc.en13757(rest).to_bytes(2, "big") if rest else whole


@pytest.mark.parametrize("length", [11, 40, 125, 126, 127, 128, 190, 251])
def test_format_b_of_every_size(framed, length: int) -> None:
    """Format B has a second CRC once a frame is longer than 128 bytes."""
    frame = framed(bytes(length - 10))

    assert link.telegram(_format_b(frame)) == frame


@pytest.mark.parametrize("length", [10, 11, 25, 26, 27, 42, 43, 255])
def test_format_a_of_every_size(framed, length: int) -> None:
    """Format A's last block may have 1 to 16 bytes, or be missing."""
    frame = framed(bytes(length - 10))

    assert link.telegram(encode.format_a(frame)) == frame


@pytest.mark.parametrize("block", range(1, 14))
def test_damaged_block_of_format_a(vector, block: int) -> None:
    """A wrong CRC is reported with the number of its block."""
    raw = bytearray(vector("gama350").octets["format_a"])
    raw[0 if block == 1 else 12 + (block - 2) * 18] ^= 0x01 if block > 1 else 0x00
    raw[11] ^= block == 1

    with pytest.raises(ChecksumError, match=f"block {block} of 13"):
        link.telegram(bytes(raw))


@pytest.mark.parametrize(
    "raw",
    ["", "00", "2e44", "0944ed1478563412", "ff" * 40, "0a00"],
    ids=["nothing", "one byte", "head only", "no address", "length too large", "length too small"],
)
def test_no_telegram(raw: str) -> None:
    """Bytes whose number contradicts their length field are no telegram."""
    with pytest.raises(FramingError):
        link.telegram(bytes.fromhex(raw))


def test_unknown_control_field(framed) -> None:
    """A frame that fits by its length but has a C field that is in no norm is noise."""
    with pytest.raises(FramingError, match="C field 99"):
        link.telegram(framed("7a00000000", control=0x99))


def test_length_error_names_both_lengths() -> None:
    """The message says how long a frame should be with and without CRCs, and how long it was."""
    with pytest.raises(FramingError, match="47 bytes, or 55 with link CRCs, but 20 arrived"):
        link.telegram(bytes.fromhex("2e") + bytes(19))


def test_chips_with_an_illegal_one(vector) -> None:
    """Six chips that stand for no nibble make the whole no telegram."""
    raw = bytearray(vector("made-mode5").octets["chips"])
    raw[40] = 0xFF

    with pytest.raises(FramingError):
        link.telegram(bytes(raw))


def test_chips_with_a_wrong_crc(vector) -> None:
    """Chips that are all legal but stand for other nibbles fail by CRC."""
    raw = int.from_bytes(vector("made-mode5").octets["chips"], "big")
    size = len(vector("made-mode5").octets["chips"]) * 8
    place = size - 12 * 20
    swapped = raw & ~(0x3F << place) | (0x16 if raw >> place & 0x3F != 0x16 else 0x0D) << place

    with pytest.raises(ChecksumError):
        link.telegram(swapped.to_bytes(size // 8, "big"))


@pytest.mark.parametrize(
    ("raw", "manufacturer", "number", "version", "device"),
    [
        ("ed14785634120102", "EGM", "12345678", 0x01, 0x02),
        ("0106452301000202", "APA", "00012345", 0x02, 0x02),
        ("2d2c692845631b16", "KAM", "63452869", 0x1B, 0x16),
        ("ed94785634120102", "EGM", "12345678", 0x01, 0x02),
        ("ed14efcdab120102", "EGM", "12ABCDEF", 0x01, 0x02),
    ],
    ids=["EGM", "APA", "KAM", "bit 15 set", "hex digits"],
)
def test_address(raw: str, manufacturer: str, number: str, version: int, device: int) -> None:
    """An address gives the maker's letters and the number as printed, and keeps its bytes for initialisation vectors."""
    found = link.address(bytes.fromhex(raw))

    assert found == (manufacturer, number, version, device, bytes.fromhex(raw))
