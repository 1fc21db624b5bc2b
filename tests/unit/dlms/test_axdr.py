"""dlms.axdr: a push is recognised to its very end, and random bytes are not."""

import random

import pytest

import dlmsframes as made
from telegraf_han.dlms import axdr

CODE = bytes.fromhex("09060100010800ff")
SCALER = bytes.fromhex("02020f00161e")
BODIES = {
    # the shapes that makers send
    "code and value": made.VALUES,
    "flat with scalers": b"\x02\x03" + CODE + bytes.fromhex("0600003039") + SCALER,
    "array of structures": b"\x01\x02" + (b"\x02\x03" + CODE + bytes.fromhex("0600003039") + SCALER) * 2,
    "class and attribute": bytes.fromhex("02010204") + bytes.fromhex("120003") + CODE + bytes.fromhex("0f02") + bytes.fromhex("0600003039"),
    "swapped tag bytes": b"\x02\x02" + b"\x06\x09" + CODE[2:] + bytes.fromhex("120064"),
    "values alone": b"\x02\x09" + bytes.fromhex("0600003039") * 9,
    "texts": b"\x02\x03" + CODE + b"\x09\x03abc" + b"\x0a\x02de",
    "every type": b"\x02\x1b"
    + CODE
    + bytes.fromhex(
        "00 0301 040cfff0 0500000001 0600000001 0d12 0f01 100001 1101 120001 14"
        + "00" * 8
        + "15"
        + "00" * 8
        + "1601 1700000000 18"
        + "00" * 8
    )
    + b"\x19"
    + made.CLOCK
    + bytes.fromhex("1a07ea040a05 1b0f053500 1c01 1d0001 1e00000001 1f01 200001 2100000001 ff 0c0141"),
}


@pytest.mark.parametrize(
    "time", [b"\0", b"\x0c" + made.CLOCK, b"\x09\x0c" + made.CLOCK, b"\x0c" + b"\xff" * 12], ids=["none", "0C", "09 0C", "not given"]
)
@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("padding", [0, 1, 200])
def test_pushes(name: str, time: bytes, padding: int) -> None:
    """Each shape is recognised, with each form of the time, and with zeros behind it."""
    assert axdr.pushed(made.push(BODIES[name], time) + bytes(padding)) == "a data-notification (DLMS push)"
    assert axdr.pushed(BODIES[name] + bytes(padding)) == "the body of a DLMS push"


@pytest.mark.parametrize("name", BODIES)
def test_not_to_the_end(name: str) -> None:
    """A push that is cut, or has anything but zeros behind it, is none."""
    message = made.push(BODIES[name])

    assert {axdr.pushed(message[:cut]) for cut in range(len(message) - 1)} <= {""}
    assert axdr.pushed(message + b"x") == axdr.pushed(message + b"\0\0x") == ""


@pytest.mark.parametrize(
    "body",
    [
        b"\x02\0",
        b"\x02\x01\0",
        b"\x02\x02\x11\1\x11\2",
        b"\x01" * 200,
        b"\x02\x84\xff\xff\xff\xff" + CODE,
        b"\x13\0" + CODE,
        CODE,
        b"\x02\x85" + CODE,
        b"",
    ],
    ids=["empty", "null", "two values", "deep", "four milliards", "compact", "code alone", "bad length", "nothing"],
)
def test_what_proves_nothing(body: bytes) -> None:
    """What random bytes might be, or what has no end, is no push."""
    assert axdr.pushed(body) == axdr.pushed(made.push(body)) == ""


def test_random_bytes() -> None:
    """Random bytes behind the right first byte pass in none of 300,000 tries. A million times fewer begin with it."""
    noise = random.Random(2)

    for _ in range(100_000):
        size = noise.choice((20, 60, 250))
        assert axdr.pushed(b"\x02" + noise.randbytes(size)) == ""
        assert axdr.pushed(b"\x01" + noise.randbytes(size)) == ""
        assert axdr.pushed(made.push(b"\x02" + noise.randbytes(size))) == ""


@pytest.mark.parametrize("bits", [1, 7, 8, 9, 16])
def test_bit_string(bits: int) -> None:
    """A string of bits has as many bytes as its bits need."""
    body = b"\x02\x02\x04" + bytes([bits]) + bytes(-(-bits // 8)) + CODE

    assert axdr.pushed(made.push(body)) != ""
    assert axdr.pushed(made.push(body) + b"\x11") == ""


def test_most_elements() -> None:
    """A list of 1023 values is walked to its end. One of 1025 is none, because no meter sends so many."""

    def numbers(count: int) -> bytes:
        return b"\x01\x82" + count.to_bytes(2, "big") + b"\x11\x01" * count

    assert axdr.body_end(numbers(1023), 0) == len(numbers(1023))
    assert axdr.body_end(numbers(1025), 0) == -1
