"""mbus.wired: long frames of wired M-Bus."""

import pytest

from telegraf_han.errors import ChecksumError, FramingError
from telegraf_han.mbus import layers, link


def _wired(content: bytes, said: int | None = None) -> bytes:
    """A frame with C and A around a content from CI on."""
    inner = b"\x53\xf0" + content
    length = len(inner) if said is None else said
    return bytes([0x68, length, length, 0x68]) + inner + bytes([sum(inner) & 0xFF, 0x16])


@pytest.mark.parametrize("name", ["oms-wired", "amis-wired"])
def test_whole_frame_passes(vector, name: str) -> None:
    """A frame with the right sum stays as it is."""
    raw = vector(name).octets["frame"]

    assert link.telegram(raw) == raw


def test_wrong_sum(vector) -> None:
    """A wrong sum is reported with the right one."""
    raw = bytearray(vector("oms-wired").octets["frame"])
    raw[-2] ^= 1

    with pytest.raises(ChecksumError, match="is 88, but its bytes give 89"):
        link.telegram(bytes(raw))


@pytest.mark.parametrize("said", [1, 30, 200])
def test_wrong_length(said: int) -> None:
    """A frame whose length field does not fit its length is refused."""
    with pytest.raises(FramingError, match=f"announces {said} bytes, but 42 arrived"):
        link.telegram(_wired(bytes(40), said))


def test_length_that_ran_over() -> None:
    """A frame of 257 bytes may say 1, as one maker's do."""
    raw = _wired(b"\x00\x01\x67" + bytes(252), 1)

    assert link.telegram(raw) == raw


@pytest.mark.parametrize(
    ("content", "words"),
    [("000167db08", "segment of a DLMS message"), ("7a2a000000", "no meter"), ("780403", "no meter"), ("99", "CI field 99")],
    ids=["DLMS segment", "short header", "no header", "unknown"],
)
def test_frame_without_a_meter(content: str, words: str) -> None:
    """A wired frame can be used only if it has a long header, which names its meter."""
    with pytest.raises(FramingError, match=words):
        layers.opened(_wired(bytes.fromhex(content)))


def test_primary_address_is_no_meter(vector) -> None:
    """The long header names the meter, in both places where the decoder looks."""
    sealed = layers.opened(vector("amis-wired").frame)

    assert (sealed.meter.manufacturer, sealed.meter.id, sealed.link) == ("SAM", "00000000", sealed.meter)
