"""crc: each checksum against its published check value, and the fast ways against the slow one."""

import random

import pytest

from telegraf_han.ciphers import crc

CHECK = b"123456789"
"""The text over which the catalogues of CRCs compute their check values."""


@pytest.mark.parametrize(
    ("function", "expected"),
    [(crc.x25, 0x906E), (crc.arc, 0xBB3D), (crc.en13757, 0xC2B7), (crc.xor, 0x31), (crc.total, 0xDD)],
    ids=["x25", "arc", "en13757", "xor", "sum"],
)
def test_check_value(function, expected) -> None:
    """Each function gives the check value of its definition."""
    assert function(CHECK) == expected


@pytest.mark.parametrize(
    ("function", "expected"), [(crc.x25, 0x0000), (crc.arc, 0x0000), (crc.en13757, 0xFFFF), (crc.xor, 0), (crc.total, 0)]
)
def test_of_nothing(function, expected) -> None:
    """No bytes leave the initial value, complemented where the definition says so."""
    assert function(b"") == expected


def one_bit_at_a_time(data: bytes) -> int:
    """EN 13757-4's CRC as its polynomial says, without any table."""
    value = 0
    for octet in data:
        value ^= octet << 8
        for _ in range(8):
            value = (value << 1 ^ 0x3D65) & 0xFFFF if value & 0x8000 else value << 1
    return value ^ 0xFFFF


@pytest.mark.parametrize("length", range(34))
def test_en13757_of_every_length(length: int) -> None:
    """Four bytes at once, and the bytes left over, give the same as single bits."""
    data = random.Random(length).randbytes(length)

    assert crc.en13757(data) == one_bit_at_a_time(data)


@pytest.mark.parametrize("count", [0, 1, 2, 11, 15])
def test_blocks_that_all_fit(count: int) -> None:
    """Any number of blocks, each with its CRC, is recognised as whole."""
    rows = [random.Random(count + row).randbytes(16) for row in range(count)]

    assert crc.en13757_fits_all(b"".join([row + one_bit_at_a_time(row).to_bytes(2, "big") for row in rows]))


def test_one_flipped_bit_in_blocks() -> None:
    """Every single bit of a run of blocks is guarded, the bits of the CRCs, too."""
    rows = [bytes(range(start, start + 16)) for start in range(3)]
    good = b"".join([row + one_bit_at_a_time(row).to_bytes(2, "big") for row in rows])

    for bit in range(len(good) * 8):
        damaged = (int.from_bytes(good, "big") ^ 1 << bit).to_bytes(len(good), "big")
        assert not crc.en13757_fits_all(damaged)
