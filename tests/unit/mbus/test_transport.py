"""mbus.transport: what CI says follows, and the headers."""

import pytest

from telegraf_han.errors import FramingError
from telegraf_han.mbus import transport

LONG = "78563412931533" + "03"


def _parsed(content: str) -> transport.Header:
    return transport.parsed(bytes.fromhex(content))


@pytest.mark.parametrize(
    ("content", "fields", "extension", "payload"),
    [
        ("78" + "0403", (0, 0, 0), "", "0403"),
        ("7a" + "2a002025" + "aabb", (0x2A, 0, 5), "", "aabb"),
        ("7a" + "2a10000a" + "1001d2040000" + "aa", (0x2A, 0x10, 10), "1001d2040000", "aa"),
        ("72" + LONG + "75002007" + "10" + "aa", (0x75, 0, 7), "10", "aa"),
        ("5b" + LONG + "75000000" + "aa", (0x75, 0, 0), "", "aa"),
        ("8b" + LONG + "75000000", (0x75, 0, 0), "", ""),
    ],
    ids=["none", "short, mode 5", "short, mode 10", "long, mode 7", "long, to the meter", "long, nothing behind"],
)
def test_fields(content: str, fields: tuple[int, int, int], extension: str, payload: str) -> None:
    """Each form of header gives access number, status, mode, what the mode adds, and what follows."""
    found = _parsed(content)

    assert (found.access, found.status, found.mode) == fields
    assert (found.extension.hex(), found.payload.hex()) == (extension, payload)


def test_address_in_link_order() -> None:
    """A long header has the number before the maker. The address has them in the order of the link layer, for the initialisation vector."""
    address = _parsed("72" + LONG + "75000000").address

    assert address is not None
    assert (address.manufacturer, address.id, address.version, address.device) == ("ELS", "12345678", 0x33, 0x03)
    assert address.raw.hex() == "9315785634123303"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("7a2a0020", "short header has 3 bytes, but it needs 4"),
        ("72785634", "long header has 3 bytes, but it needs 12"),
        ("7a2a002007", "mode 7"),
        ("99", "CI field 99"),
    ],
    ids=["short", "long", "extension", "unknown CI"],
)
def test_refused(content: str, words: str) -> None:
    """A header that is cut short, or a CI that no norm knows, is a framing error."""
    with pytest.raises(FramingError, match=words):
        _parsed(content)


@pytest.mark.parametrize(
    ("ci", "content"),
    [(0x79, "compact frame"), (0x69, "format frame"), (0x6E, "error report"), (0x71, "alarm"), (0x00, "segment"), (0xA2, "own form")],
    ids=lambda value: f"{value:02X}" if isinstance(value, int) else value,
)
def test_kinds_that_are_refused_later(ci: int, content: str) -> None:
    """Telegrams of other kinds have a name, by which they are refused."""
    assert content in _parsed(f"{ci:02x}2a000000").content


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0x00, ""),
        (0x01, "busy"),
        (0x02, "any application error"),
        (0x03, "abnormal condition or alarm"),
        (0x04, "power low"),
        (0x08, "permanent error"),
        (0x10, "temporary error"),
        (0x20, "maker's bit 5"),
        (0xFF, "abnormal condition or alarm, power low, permanent error, temporary error, maker's bit 5, maker's bit 6, maker's bit 7"),
    ],
    ids=str,
)
def test_status_text(status: int, words: str) -> None:
    """Each bit of the status byte has its words. Bits of the maker have a number."""
    assert transport.status_text(status) == words
