"""receivers.iu891a: SLIP packets, byte by byte as logs have them."""

import pytest

from telegraf_han.receivers import iu891a

LOGGED = bytes.fromhex("c009209f436d38000002e71844ae4c4455223368077a55000000041389e20100023b0000af59c0")
"""A packet as a user's log shows it, with its CRC."""
FRAME = bytes.fromhex("1844ae4c4455223368077a55000000041389e20100023b0000")
OTHERS = bytes.fromhex("0500640060ea0000")


def _packet(text: str) -> bytes:
    return iu891a.packet(bytes.fromhex(text))


def test_logged_telegram(bench) -> None:
    """The telegram of the log, and its level as a signed byte."""
    assert bench("iu891a").hears(LOGGED).frames() == [(FRAME, -25.0)]


def test_logged_packet_is_made_again() -> None:
    """The same bytes made from the content: CRC and ends."""
    assert iu891a.packet(LOGGED[1:-3]) == LOGGED


def test_escapes() -> None:
    """C0 and DB inside a packet are two bytes each, also in the CRC."""
    packet = iu891a.packet(bytes.fromhex("0103c0db"))

    assert packet[:8] == bytes.fromhex("c00103dbdcdbdd") + packet[7:8]
    assert packet.count(b"\xc0") == 2


def test_set_up(bench) -> None:
    """The stick is woken, asked which module it is and how it is set, and set to C+T. Its other settings stay."""
    one = bench("iu891a").opened()
    assert one.sent() == [b"\xc0" * 30, _packet("0103")]
    one.hears(_packet("0104006e78563412")).hears(_packet("0902000200 00")[:0] + iu891a.packet(bytes.fromhex("090200020200") + OTHERS))
    assert one.sent()[2:] == [_packet("0901"), iu891a.packet(bytes.fromhex("0903030200") + OTHERS)]
    one.hears(_packet("090400"))

    assert one.ready() == ["iU891A listening to T1 and C1"]


def test_second_choice(bench) -> None:
    """If both modes at once are refused, only T1 is asked for. If that is refused, too, the stick is lost."""
    begin = [_packet("0104006e78563412"), iu891a.packet(bytes.fromhex("090200020200") + OTHERS), _packet("090401")]
    one = bench("iu891a").opened().hears(*begin)
    assert one.sent()[-1] == iu891a.packet(bytes.fromhex("0903020200") + OTHERS)

    assert bench("iu891a").opened().hears(*begin, _packet("090400")).ready() == ["iU891A listening to T1"]
    (reason,) = one.hears(_packet("090402")).lost()
    assert "refuses to listen to T1 (status 02)" in reason


def test_stick_for_something_else(bench) -> None:
    """The message about a module without wireless M-Bus says that it has none."""
    (reason,) = bench("iu891a").opened().hears(_packet("0104009078563412")).lost()

    assert "not for wireless M-Bus (type 90)" in reason


@pytest.mark.parametrize(
    "stream",
    [
        LOGGED[1:] + LOGGED,
        LOGGED[:-1] + LOGGED,
        b"\xc0\xc0\xc0" + LOGGED + LOGGED,
        LOGGED + b"\xc0" + LOGGED,
        b"\x11\x22" + LOGGED + LOGGED,
    ],
    ids=["begun in the middle", "one C0 between two", "many C0 before", "C0 between", "noise before"],
)
def test_packets_are_found(bench, stream: bytes) -> None:
    """If ends are shared or doubled, no telegram is lost, in one piece or byte by byte."""
    whole = bench("iu891a").hears(stream).ends()
    pieces = bench("iu891a").hears(*[bytes([octet]) for octet in stream]).ends()

    assert whole.events == pieces.events
    assert whole.frames()[-1] == (FRAME, -25.0)
    assert len(whole.frames()) == 2


def test_doubled_end_is_no_noise(bench) -> None:
    """An end that was sent twice is not counted as noise."""
    assert bench("iu891a").hears(LOGGED + b"\xc0").waits(2).faults() == []


def test_message_too_short_for_a_telegram(bench) -> None:
    """A received telegram that ends before it begins is a fault."""
    assert bench("iu891a").hears(_packet("092001020304")).faults() == [("framing", "message of 6 bytes holds no telegram")]


def test_stream_without_end(bench) -> None:
    """A packet that never ends is given up at its limit, and what follows is read."""
    one = bench("iu891a").hears(b"\xc0" + b"\x55" * 700).hears(LOGGED)

    assert one.frames() == [(FRAME, -25.0)]
