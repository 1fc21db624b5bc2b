"""p1.signal: how a wrong line changes bytes, worked out by hand; and good bytes are not blamed."""

import random
from pathlib import Path

import pytest

import dlmsframes as made
from telegraf_han.p1 import signal
from telegraf_han.p1.dialects import IDENTS

CASES = Path(__file__).parents[2] / "cases"


def case(name: str) -> bytes:
    lines = (CASES / name / "input.hex").read_text().splitlines()
    return bytes.fromhex("".join(line.split("#")[0] for line in lines))


def test_bits_by_hand() -> None:
    """ "/" is 1111 0100 lowest bit first, "E" 1010 0010: swapped, each begins one bit late, at its lowest bit."""
    assert signal.inverted(b"/EG")[:2] == bytes([0b0110_1000, 0b0101_1101])


@pytest.mark.parametrize("name", ["p1-gama150-stoen", "p1-gama350-stoen", "p1-ma110m-stoen", "p1-ma309m-stoen", "p1-ma309m-plain"])
def test_inverted_telegrams_are_recognised(name: str) -> None:
    """Encrypted telegrams are recognised by their ident, plain ones also by their text, even from the middle on."""
    read = signal.inverted(case(name))

    assert signal.wrong(read) == signal.INVERTED
    assert signal.wrong(b"\0" * 3 + read) == signal.INVERTED
    if name.endswith("plain"):
        assert signal.wrong(read[200:]) == signal.INVERTED


@pytest.mark.parametrize("name", ["p1-gama150-stoen", "p1-gama350-stoen", "p1-ma309m-stoen", "p1-ma309m-plain", "p1-luxembourg-0xdb"])
def test_good_telegrams_are_not_blamed(name: str) -> None:
    """Good telegrams are not blamed, and neither are parts of them."""
    data = case(name)

    assert signal.wrong(data) == ""
    assert {signal.wrong(data[at : at + 64]) for at in range(0, len(data), 16)} == {""}


def test_noise_is_not_blamed() -> None:
    """Random bytes show nothing. Neither do no bytes at all or a line that is held low."""
    noise = random.Random(1)

    assert {signal.wrong(noise.randbytes(600)) for _ in range(200)} == {""}
    assert signal.wrong(b"") == signal.wrong(bytes(500)) == ""


def test_slow_line() -> None:
    """Bytes of zeros and then ones only, as 9600 baud reads at 115200."""
    noise = random.Random(2)
    read = bytes(noise.choice([0x00, 0x80, 0xF8, 0xFE, 0xC0]) for _ in range(200))

    assert signal.wrong(read) == signal.TOO_FAST


def test_every_ident_has_an_opening_of_its_own() -> None:
    """Long enough to stand in no noise."""
    assert len({signal.inverted(f"/{ident}\r\n\r\n".encode())[:8] for ident in IDENTS}) == len(IDENTS)


@pytest.mark.parametrize("name", ["p1-gama350-stoen", "p1-ma309m-plain"])
@pytest.mark.parametrize("zeros", [0, 5000])
def test_readable_telegram_means_a_right_line(name: str, zeros: int) -> None:
    """If an ident line can be read, the inversion and the speed are right, whatever else came. So neither is blamed."""
    data = case(name)[:500] + bytes(zeros) + b"\x80\xf8" * (zeros // 2)

    assert signal.readable(data)
    assert signal.wrong(data) == ""


def test_frames_of_other_lines_are_named() -> None:
    """Structure comes first: zeros inside a frame do not make the line too fast."""
    frame = made.hdlc(made.push() + bytes(1000))

    assert signal.wrong(frame * 2).startswith("an HDLC frame with a data-notification (DLMS push), which this program does not read")


def test_parity() -> None:
    """Text with a parity bit in each byte."""
    read = bytes(octet | 0x80 if octet.bit_count() & 1 else octet for octet in case("p1-ma309m-plain"))

    assert signal.wrong(read) == signal.PARITY
