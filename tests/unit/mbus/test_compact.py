"""mbus.compact: compact frames get the headers of a full frame that was heard before."""

import pytest

from telegraf_han.ciphers import crc
from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError, SecurityError, WaitingError
from telegraf_han.mbus import compact, layers
from telegraf_han.mbus.memory import FORMATS_LIMIT, Memory
from telegraf_han.simulate import encode
from telegraf_han.telegram import Body

KEY = Key(bytes(range(16)))
HEADERS = ("0403", "04843c", "0dfd0e", "042b")
FIRST = ("041a0300", "00000000", "03434241", "03000000")
SECOND = ("051a0300", "01000000", "024443", "04000000")
"""Data, with a text of another length."""
OTHER = "2d2c123456783002"


def _joined(data: tuple[str, ...]) -> bytes:
    return bytes.fromhex("".join(header + octets for header, octets in zip(HEADERS, data, strict=True)))


SIGNATURE = crc.en13757(bytes.fromhex("".join(HEADERS))).to_bytes(2, "little")
SHORT = SIGNATURE + crc.en13757(_joined(SECOND)).to_bytes(2, "little") + bytes.fromhex("".join(SECOND))
FORMAT = bytes([len("".join(HEADERS)) // 2]) + SIGNATURE + bytes.fromhex("".join(HEADERS))
EXPECTED = [203269, 10, "CD", 4]


def _read(memory: Memory, frame: bytes, key: Key | None = None, encryption: str = "required") -> Body:
    return layers.body(layers.plain(layers.opened(frame), key, encryption, memory), Zone(), memory)


@pytest.mark.parametrize("ci", ["79", "7b2a000000", "7378563412ed1401022a000000"], ids=["no header", "short", "long"])
@pytest.mark.parametrize("first", ["78", "7a2a000000"], ids=["no header", "short"])
def test_full_then_compact(framed, first: str, ci: str) -> None:
    """The full frame teaches the headers, whatever header of transport either frame has."""
    memory = Memory()
    _read(memory, framed(bytes.fromhex(first) + b"\x2f" + _joined(FIRST) + b"\x2f\x2f"))

    found = _read(memory, framed(bytes.fromhex(ci) + SHORT))

    assert found.values[:4] == EXPECTED
    assert [column.obis for column in found.shape.columns[:4]] == ["1-0:1.8.0", "1-0:2.8.0", "1-0:0.2.0", "1-0:1.7.0"]
    assert found.flaws == ()


def test_format_frame_then_compact(framed) -> None:
    """A format frame teaches them, too. It has no values itself."""
    memory = Memory()
    with pytest.raises(WaitingError, match="format frame"):
        _read(memory, framed(b"\x69" + FORMAT))

    assert _read(memory, framed(b"\x79" + SHORT)).values == EXPECTED


def test_not_heard_yet(framed) -> None:
    """Without a full frame, or with that of another meter, a compact frame waits and says so."""
    memory = Memory()
    with pytest.raises(WaitingError, match=r"CI 79.*EGM 12345678.*not heard yet"):
        _read(memory, framed(b"\x79" + SHORT))
    _read(memory, framed(b"\x78" + _joined(FIRST), address=OTHER))
    with pytest.raises(WaitingError):
        _read(memory, framed(b"\x79" + SHORT))
    _read(memory, framed(b"\x780403e8030000"))
    with pytest.raises(WaitingError):
        _read(memory, framed(b"\x79" + SHORT))


@pytest.mark.parametrize("place", range(2, len(SHORT)))
def test_damaged(framed, place: int) -> None:
    """A damaged byte gives nothing, because the CRC of the full frame is checked over all of it."""
    memory = Memory()
    _read(memory, framed(b"\x78" + _joined(FIRST)))
    damaged = bytearray(SHORT)
    damaged[place] ^= 0x10

    with pytest.raises(RecordError, match="damaged"):
        _read(memory, framed(b"\x79" + bytes(damaged)))


@pytest.mark.parametrize(
    "content", ["", "12", "123456", SHORT[:-1].hex(), (SHORT + b"\0").hex()], ids=["empty", "1", "3", "cut", "too long"]
)
def test_wrong_length(framed, content: str) -> None:
    """Neither too few nor too many bytes are read."""
    memory = Memory()
    _read(memory, framed(b"\x78" + _joined(FIRST)))

    with pytest.raises(RecordError):
        _read(memory, framed("79" + content))


@pytest.mark.parametrize("content", ["", "0912", "09000004030484", FORMAT[:-1].hex()], ids=["empty", "short", "signature", "cut"])
def test_broken_format_frame(content: str) -> None:
    """A format frame that does not fit its signature teaches nothing."""
    with pytest.raises(RecordError):
        compact.format_frame(bytes.fromhex(content))


def test_with_a_key(framed) -> None:
    """An enciphered compact frame begins with fillers and is filled up. A plain one is not believed if a key is set."""
    memory = Memory()
    address = bytes.fromhex("ed14785634120102")
    _read(memory, encode.mode_5(address, 1, _joined(FIRST), KEY), KEY)
    sealed = bytearray(encode.mode_5(address, 2, SHORT, KEY))
    sealed[10] = 0x7B

    assert _read(memory, bytes(sealed), KEY).values == [*EXPECTED, 0]
    with pytest.raises(SecurityError, match=r'not encrypted.*encryption = "optional"'):
        _read(memory, framed(b"\x79" + SHORT), KEY)
    with pytest.raises(SecurityError):
        _read(memory, framed(b"\x69" + FORMAT), KEY)


def test_plain_frame_teaches_a_keyed_meter_nothing(framed) -> None:
    """Headers come only from telegrams that are believed."""
    memory = Memory()
    with pytest.raises(SecurityError):
        _read(memory, framed(b"\x78" + _joined(FIRST)), KEY)

    assert not memory.formats


def test_makers_own_data_at_the_end(framed) -> None:
    """Data that reach to the end do so in a compact frame, too."""
    memory = Memory()
    full = bytes.fromhex("0403e80300000f010203")
    _read(memory, framed(b"\x78" + full))
    changed = bytes.fromhex("0403e90300000f040506")
    content = crc.en13757(bytes.fromhex("04030f")).to_bytes(2, "little") + crc.en13757(changed).to_bytes(2, "little")

    assert _read(memory, framed(b"\x79" + content + bytes.fromhex("e9030000040506"))).values == [1001, "040506"]


def test_memory_is_bounded(framed) -> None:
    """However many kinds of full frames come, only some are remembered."""
    memory = Memory()
    for count in range(1, 40):
        _read(memory, framed(b"\x78" + bytes.fromhex("0403e8030000") * count))

    assert len(memory.formats) <= FORMATS_LIMIT
