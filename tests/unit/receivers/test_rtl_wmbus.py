"""receivers.rtl_wmbus: lines of the program and of its forks."""

import pytest

from telegraf_han import receivers
from telegraf_han.errors import Cause
from telegraf_han.receivers import rtl_wmbus
from telegraf_han.telegram import Event, Fault, Frame

FRAME = bytes.fromhex("1044ed147856341201027804032a000000")
OTHER = bytes.fromhex("1044ed147856341201027804032b000000")
NOW_NS = 5


def line(frame: bytes = FRAME, *, flags: str = "1;1", levels: str = "46;47", before: str = "") -> str:
    return f"{before}T1;{flags};2026-11-22 16:42:26.815544;{levels};12345678;0x{frame.hex()}\n"


def events(text: str) -> list[Event]:
    """The events of an input, and a check that they do not depend on the pieces in which it comes."""
    receiver, whole = rtl_wmbus.Receiver(), rtl_wmbus.Receiver()
    found = [event for octet in text.encode() for event in receiver.feed(bytes([octet]), NOW_NS)]
    assert found == whole.feed(text.encode(), NOW_NS)
    return found


@pytest.mark.parametrize("before", ["", "rla;", "t2a;"])
def test_line_of_the_program(before: str) -> None:
    """A frame. Its level has no unit, so no level is reported."""
    assert events(line(before=before)) == [Frame("wmbus", FRAME, NOW_NS, None, checked=True)]


def test_line_of_a_fork_with_dbm() -> None:
    """Empty fields, ISO time, and a level below zero, which is in dBm."""
    assert events(f"T1;1;1;2024-05-01T10:00:00Z;-65;;;0x{FRAME.hex()}\n") == [Frame("wmbus", FRAME, NOW_NS, -65.0, checked=True)]


def test_two_decoders_hear_it_twice() -> None:
    """The second of two equal lines is dropped. The same line once more is another telegram, which the decoder judges."""
    assert len(events(line(before="rla;") + line(before="t2a;"))) == 1
    assert len(events(line() + line() + line(OTHER) + line(OTHER) + line())) == 3
    assert len(events(line() * 3)) == 2


@pytest.mark.parametrize("flags", ["0;1", "1;0", "0;0", ";", "2;1"])
def test_failed_flags_are_counted_and_dropped(flags: str) -> None:
    """A telegram that the program itself doubts is a fault of the line. It costs no neighbour."""
    bad, good = events(line(OTHER, flags=flags) + line())

    assert isinstance(bad, Fault)
    assert bad.cause == Cause.CHECKSUM
    assert good == Frame("wmbus", FRAME, NOW_NS, None, checked=True)


@pytest.mark.parametrize(
    "text",
    ["", "rtl_wmbus: exiting since incoming data stopped flowing!\n", "a;b;c\n", "T1;1;1;;;;;44\n", ";;;;;;;;;;\n"],
    ids=["nothing", "message", "few fields", "no 0x", "many fields"],
)
def test_what_is_no_line_of_a_telegram(text: str) -> None:
    """Other text is passed over."""
    assert events(text) == []


@pytest.mark.parametrize("digits", ["0x", "0x4", "0xZZ", "0x44 é", "0x1044"])
def test_hex_that_is_none(digits: str) -> None:
    """A line that holds no frame is a fault."""
    (fault,) = events(f"T1;1;1;2026-11-22 16:42:26.815544;46;47;12345678;{digits}\n")

    assert isinstance(fault, Fault)
    assert fault.cause == Cause.FRAMING


@pytest.mark.parametrize("level", ["nan", "inf", "-inf", "-1e999", "", "x", "0", "-200"])
def test_levels_that_are_none(level: str) -> None:
    """A level that no receiver can have is not reported."""
    (frame,) = events(line(levels=f"{level};"))

    assert isinstance(frame, Frame)
    assert frame.rssi_dbm is None


@pytest.mark.parametrize("kind", ["rtl_wmbus", "rtl_433"])
def test_command_begins_with_a_program_and_names_what_it_needs(kind: str) -> None:
    """Each program in `NEEDS`, which says where to get it, is one that the type's own command uses."""
    command = receivers.command(kind)

    assert command
    assert all(any(name in word for word in command) for name in receivers.named(kind).NEEDS)
