"""Pace and sinks: live and past, readers that come, go and stall."""

import math
import os
import select
import socket
import time
from pathlib import Path

import pytest

from telegraf_han.errors import ConfigError
from telegraf_han.simulate.network import TcpSink
from telegraf_han.simulate.serve import FLAT_OUT, STALL_S, Pace, live, serve
from telegraf_han.simulate.sticks import Twin
from telegraf_han.simulate.sticks.port import StickPort
from telegraf_han.simulate.stream import NS, Sent
from telegraf_han.simulate.terminal import PtySink
from telegraf_han.telegram import Frame


def sent(wire: bytes, second: int = 0) -> Sent:
    return Sent(Frame("p1", wire, second * NS), wire)


class Noted:
    """A sink that notes what it is asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float]] = []

    def deliver(self, one: Sent, patience_s: float) -> None:
        self.calls.append((one.wire.decode(), patience_s))

    def idle(self, seconds: float) -> None:
        self.calls.append(("idle", math.ceil(seconds)))

    def wait_for_reader(self) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("pace", "meter_s", "due_s"),
    [
        (live(1000 * NS, 5000 * NS), 1000, 1000),
        (live(1000 * NS, 5000 * NS), 5001, 5001),
        (live(9000 * NS, 5000 * NS), 9010, 5010),
        (Pace(5000 * NS, 1000 * NS, 60.0), 1120, 5002),
        (FLAT_OUT, 1_900_000_000, 0),
    ],
    ids=["past", "present", "future start", "speed 60", "max"],
)
def test_due(pace: Pace, meter_s: int, due_s: int) -> None:
    """The past is due at once, the present on time. A start in the future begins now. Speed stretches the time."""
    assert pace.due_ns(meter_s * NS) == due_s * NS


def test_past_is_given_patience_and_the_present_none() -> None:
    """Overdue telegrams may wait for their reader, and so may the first one after them. Later telegrams are sent on time and wait for nobody."""
    now = time.time_ns() // NS
    sink = Noted()

    serve([sent(b"past", now - 100), sent(b"later", now + 50), sent(b"still later", now + 70)], sink, live((now - 100) * NS, now * NS))

    assert sink.calls == [("past", STALL_S), ("idle", 50), ("later", STALL_S), ("idle", 70), ("still later", 0.0)]


@pytest.fixture
def pty(tmp_path: Path):
    """A pty sink with a link."""
    sink = PtySink(str(tmp_path / "meter"))
    yield sink
    sink.close()


def opened(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)


def read(descriptor: int) -> bytes:
    """All there is, waiting 0.2 s for the first of it."""
    octets = b""
    while select.select([descriptor], [], [], 0.02 if octets else 0.2)[0]:
        octets += os.read(descriptor, 65536)
    return octets


def test_pty_drops_what_nobody_reads_and_begins_with_a_whole_telegram(pty: PtySink, tmp_path: Path) -> None:
    """Thousands of unread telegrams cost no time; a reader gets the next one first, in raw bytes."""
    begin = time.monotonic()
    for _ in range(5000):
        pty.deliver(sent(b"unread" * 100), STALL_S)
    assert time.monotonic() - begin < 100 * STALL_S

    reader = opened(str(tmp_path / "meter"))
    pty.deliver(sent(b"/new\r\n\x00\x03\x11\x13\x04!"), 0.0)
    assert read(reader) == b"/new\r\n\x00\x03\x11\x13\x04!"
    os.close(reader)


def test_pty_forgets_what_a_reader_left(pty: PtySink) -> None:
    """A reader that goes away leaves nothing to the next."""
    first = opened(pty.path)
    pty.deliver(sent(b"old"), 0.0)
    os.close(first)
    pty.deliver(sent(b"to nobody"), 0.0)

    second = opened(pty.path)
    pty.deliver(sent(b"new"), 0.0)
    assert read(second) == b"new"
    os.close(second)


def test_pty_drops_whole_telegrams_while_its_reader_stalls(pty: PtySink) -> None:
    """A full terminal costs whole telegrams and nothing else: the reader finds the others in order, and the newest comes through."""
    reader = opened(pty.path)
    wires = [b"<%05d%s>" % (number, b"." * 492) for number in range(500)]
    for wire in wires:
        pty.deliver(sent(wire), 0.0)

    pty.idle(0)
    octets = read(reader)
    pty.idle(0.05)
    octets += read(reader)
    pty.deliver(sent(b"<newest>"), 0.0)
    octets += read(reader)
    whole = [part + b">" for part in octets.split(b">")[:-1]]
    assert whole[-1] == b"<newest>"
    # The kernel moves on what it holds when it likes, so the gap need not be at the end.
    assert whole[:-1] == [wire for wire in wires if wire in whole]
    assert 8 <= len(whole) < len(wires)
    os.close(reader)


class Ear(Twin):
    """A stick that hands on telegrams without any change."""

    def hears(self, frame: bytes) -> bytes:
        return frame


def test_stick_sends_the_rest_of_a_telegram(tmp_path: Path) -> None:
    """A telegram that the full terminal took in part goes on as soon as its reader has read, not with the next telegram."""
    port = StickPort(str(tmp_path / "stick"), Ear())
    reader = opened(port.path)
    wires = [b"<%05d%s>" % (number, b"." * 492) for number in range(500)]
    for wire in wires:
        port.deliver(sent(wire), 0.0)

    octets = b""
    for _ in range(3):
        octets += read(reader)
        port.idle(0.05)
    octets += read(reader)
    assert octets.endswith(b">")
    assert set(octets.replace(b">", b">|").split(b"|")[:-1]) <= set(wires)
    os.close(reader)
    port.close()


def test_pty_link_is_replaced_and_removed(tmp_path: Path) -> None:
    """An old link is replaced in one step. At the end the link is removed, unless it points elsewhere by then."""
    link = tmp_path / "meter"
    link.symlink_to("/gone")
    first = PtySink(str(link))
    assert str(link.readlink()) == first.path
    second = PtySink(str(link))

    first.close()
    assert str(link.readlink()) == second.path
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_pty_link_never_replaces_a_file(tmp_path: Path) -> None:
    """A file that is not a link is never replaced. A place where no link can be made is an error."""
    (tmp_path / "file").write_text("mine")

    with pytest.raises(ConfigError):
        PtySink(str(tmp_path / "file"))
    with pytest.raises(ConfigError):
        PtySink(str(tmp_path / "no" / "where"))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.fixture
def tcp():
    """A TCP sink on a free port."""
    sink = TcpSink("127.0.0.1", 0)
    yield sink
    sink.close()


def test_tcp_clients_come_hear_and_go(tcp: TcpSink) -> None:
    """Two clients hear the same. A client that leaves does not disturb the other, and having no client is no fault."""
    tcp.deliver(sent(b"unheard"), 0.0)
    with socket.create_connection(tcp.address, 1) as one, socket.create_connection(tcp.address, 1) as two:
        tcp.idle(0.02)
        tcp.deliver(sent(b"first"), 0.0)
        assert (one.recv(99), two.recv(99)) == (b"first", b"first")
        one.sendall(b"nobody listens")
        two.close()
        tcp.idle(0.02)
        tcp.deliver(sent(b"second"), 0.0)
        assert one.recv(99) == b"second"


def test_tcp_cuts_off_a_client_that_does_not_read(tcp: TcpSink) -> None:
    """A stalled client costs no time and no memory; the others hear on."""
    with socket.create_connection(tcp.address, 1), socket.create_connection(tcp.address, 1) as quick:
        tcp.idle(0.02)
        begin, heard = time.monotonic(), 0
        for _ in range(200):
            tcp.deliver(sent(bytes(65536)), 0.0)
            while heard % 65536 or not heard or select.select([quick], [], [], 0)[0]:
                heard += len(quick.recv(65536))
        assert time.monotonic() - begin < 200 * STALL_S
        assert heard == 200 * 65536
        assert len(tcp._clients) == 1


def test_tcp_address_in_use_is_said(tcp: TcpSink) -> None:
    """The error names the option."""
    with pytest.raises(ConfigError, match=r"--to tcp:127\.0\.0\.1:\d+"):
        TcpSink(*tcp.address)
