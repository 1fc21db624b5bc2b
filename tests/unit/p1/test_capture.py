"""p1.capture: recordings, raw or as hex text, into the same frames."""

import pytest

import p1telegrams as p1
from telegraf_han.errors import Cause
from telegraf_han.p1 import capture
from telegraf_han.p1.capture import LINE_LIMIT, SNIFFED_BYTES, Capture
from telegraf_han.telegram import Event, Fault, Frame

RAW = p1.captured("p1-gama350-stoen")
LONG = RAW * 40
BLOCK = p1.luxembourg()


def events(data: bytes, chunk_bytes: int = 1 << 20) -> list[Event]:
    """All events of a recording read in chunks."""
    receiver = Capture()
    found = receiver.start(0)
    for at in range(0, len(data), chunk_bytes):
        found += receiver.feed(data[at : at + chunk_bytes], 0)
        found += receiver.idle(1 << 62)
    return found + receiver.finish(0)


def frames(found: list[Event]) -> list[bytes]:
    """The telegrams among events."""
    return [event.data for event in found if isinstance(event, Frame)]


def faults(found: list[Event]) -> list[Fault]:
    """The faults among events."""
    return [event for event in found if isinstance(event, Fault)]


def lines(data: bytes, width: int, line_end: bytes = b"\n") -> bytes:
    """Hex in lines of some digits."""
    digits = data.hex().encode()
    return b"".join(digits[at : at + width] + line_end for at in range(0, len(digits), width))


FORMS = {
    "raw": LONG,
    "one line": LONG.hex().encode(),
    "upper case": LONG.hex().upper().encode(),
    "lines": lines(LONG, 96),
    "lines of odd length": lines(LONG, 33),
    "CR LF": lines(LONG, 64, b"\r\n"),
    "spaces": LONG.hex(" ").encode(),
    "colons": LONG.hex(":").encode(),
    "dashes": LONG.hex("-").encode(),
    "bars": lines(LONG, 64).replace(b"\n", b" |\n"),
    "0x": b" ".join(b"0x%02x" % octet for octet in LONG),
    "array": b", ".join(b"0x%02X" % octet for octet in LONG),
    "comments": b"# a capture\n" + lines(LONG, 64).replace(b"\n", b"  # 00 and more\n") + b"# the end",
    "comment of 20 KB": b"#" + b"11 " * 7000 + b"\n" + lines(LONG, 64),
    "comment behind one line": LONG.hex().encode() + b" # the end",
    "byte order mark": b"\xef\xbb\xbf" + lines(LONG, 64),
    "blank lines": lines(LONG, 64, b"\n\n\n"),
}


@pytest.mark.parametrize("chunk_bytes", [1 << 20, 4096, 1000, 511], ids=["whole", "4096", "1000", "511"])
@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str, chunk_bytes: int) -> None:
    """Each way to write a recording gives all its telegrams and no fault, whatever pieces it is read in."""
    found = events(FORMS[form], chunk_bytes)

    assert frames(found) == [RAW[:-6]] * 40
    assert faults(found) == []


@pytest.mark.parametrize("form", FORMS)
def test_byte_by_byte(form: str) -> None:
    """A recording that comes byte by byte is the same; where the line limit cuts a 0x no digit is lost."""
    data = FORMS[form][:12_000]

    assert events(data, 1) == events(data)


def test_a_bad_line_costs_itself() -> None:
    """Text among the digits is a fault that names its length. Only the telegram around it is lost."""
    text = lines(RAW * 3, 64).replace(b"\n", b"\nreceived at noon\n", 20).removesuffix(b"\n")
    found = events(lines(RAW, 64) + b"received at 12:00\n" + lines(RAW, 64))

    assert frames(found) == [RAW[:-6]] * 2
    assert faults(found) == [Fault(Cause.FRAMING, "a line of 17 characters that is not hex", 17)]
    assert frames(events(b"00\n" * 200 + text)) == [RAW[:-6]] * 3


def test_half_a_byte_at_the_end() -> None:
    """A digit too many is reported."""
    found = events(RAW.hex().encode() + b"f")

    assert frames(found) == [RAW[:-6]]
    assert faults(found) == [Fault(Cause.FRAMING, "hex text ends with half a byte", 1)]


def test_short_recordings() -> None:
    """A recording that ends before the decision is decided at its end."""
    short = p1.plain(b"1-0:1.8.0(1*kWh)\r\n")

    assert len(short) < SNIFFED_BYTES
    assert frames(events(short)) == frames(events(short.hex().encode())) == [short[:-6]]
    assert events(b"") == []


def test_restart_forgets() -> None:
    """A second recording is decided again."""
    receiver = Capture()
    receiver.feed(lines(LONG, 64)[:-7], 0)
    receiver.start(0)

    assert frames(receiver.feed(LONG, 0)) == [RAW[:-6]] * 40


@pytest.mark.parametrize("filling", [b"0", b"# ", b"x", b"0x", b"\n"], ids=repr)
def test_memory_is_bounded(filling: bytes) -> None:
    """Lines without end are not kept."""
    receiver = Capture()
    receiver.feed(b"00" * SNIFFED_BYTES, 0)
    for _ in range(50):
        receiver.feed(filling * 5000, 0)
        assert len(receiver._left) <= LINE_LIMIT
        assert len(receiver._half) <= 1


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (RAW, True),
        (RAW[100:], True),
        (RAW[100:].hex().encode(), False),
        (lines(RAW[100:] + RAW, 63), True),
        (p1.plain()[30:] + p1.plain(), True),
        (b"\r\n" + RAW, True),
        (BLOCK, True),
        (lines(RAW, 64), True),
        (b"# comment\n" + lines(RAW, 64), True),
        (lines(BLOCK, 64), True),
        (RAW.hex(" ").encode(), True),
        (b"2E44931555150000000037" * 3, False),
        (b"|2e44ed14010000350102|\n", False),
        (b'{"time" : "2026-04-10", "model" : "Wireless-MBus", "data" : "2e44"}\n', False),
        (b"T1;1;1;2026-04-10 15:05:53.000;65;80;35000001;0x2e44\n", False),
        (b"", False),
    ],
    ids=[
        "raw", "middle of a block", "middle in hex", "middle in hex and one more", "middle of text", "line end first", "bare block", "hex", "comment", "bare block in hex", "spaced hex", "radio hex",
        "radio hex in bars", "rtl_433", "rtl_wmbus", "nothing",
    ],
)  # fmt: skip
def test_looks_like_p1(first: bytes, expected: bool) -> None:
    """An ident line or a ciphered block shows that a recording is of a cable and not a log of the air."""
    assert capture.looks_like_p1(first) is expected
