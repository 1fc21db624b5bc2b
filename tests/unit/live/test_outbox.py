"""outbox: whole lines through a bounded queue, and out in writes a pipe takes whole."""

import os
import threading
import time

import pytest

from telegraf_han.live.outbox import PIECE_LIMIT, Outbox, write


def line(number: int, size: int = 100) -> bytes:
    """A line of that size that can be told from others."""
    return f"{number:08}".encode().ljust(size - 1, b"x") + b"\n"


def taken(outbox: Outbox) -> bytes:
    """All that is in it."""
    data = b""
    while more := outbox.batch(0):
        data += more
    return data


def test_lines_come_out_in_order() -> None:
    """What was put comes out once, in order."""
    outbox = Outbox()
    for number in range(200):
        outbox.put("home", line(number))

    assert taken(outbox) == b"".join(line(number) for number in range(200))
    assert outbox.dropped() == {}


@pytest.mark.parametrize("size", [10, 100, 1365, 4096], ids=str)
def test_batches_are_whole_lines(size: int) -> None:
    """A batch ends with a line's end and has at most what a pipe takes in one piece."""
    outbox = Outbox()
    outbox.put("home", b"".join(line(number, size) for number in range(100)))

    while data := outbox.batch(0):
        assert len(data) <= PIECE_LIMIT
        assert data.endswith(b"\n")
        assert len(data) % size == 0


@pytest.mark.parametrize(("lines", "octets"), [(100, 1 << 20), (1_000_000, 10_000)], ids=["lines", "bytes"])
def test_full_queue_drops_its_oldest(lines: int, octets: int) -> None:
    """Beyond its lines or its bytes the oldest go, counted with the meter they were of."""
    outbox = Outbox(lines, octets)
    for number in range(150):
        outbox.put("old" if number < 30 else "new", line(number))

    assert taken(outbox) == b"".join(line(number) for number in range(50, 150))
    assert outbox.dropped() == {"old": 30, "new": 20}


def test_many_lines_of_one_telegram_count_each() -> None:
    """Lines are counted, not puts."""
    outbox = Outbox(lines=10)
    outbox.put("home", b"a\nb\nc\n" * 2)
    outbox.put("home", b"d\n" * 5)

    assert outbox.dropped() == {"home": 6}
    assert taken(outbox) == b"d\n" * 5


def test_wait_ends_with_a_line_a_nudge_or_the_end() -> None:
    """The writer's wait ends when lines come, when it is nudged, and when nothing more will come."""
    outbox = Outbox()
    batches = []
    begun_s = time.monotonic()
    for act in (lambda: outbox.put("home", b"a\n"), outbox.nudge, outbox.close):
        timer = threading.Timer(0.02, act)
        timer.start()
        batches.append(outbox.batch(600))
        timer.join()

    assert batches == [b"a\n", b"", b""]
    assert time.monotonic() - begun_s < 300
    assert outbox.finished()


def test_finished_only_when_taken() -> None:
    """A closed outbox is finished once its last line is taken."""
    outbox = Outbox()
    outbox.put("home", b"a\n")
    assert not outbox.finished()
    outbox.close()
    assert not outbox.finished()
    assert outbox.batch(0) == b"a\n"
    assert outbox.finished()


def test_room_is_less_than_half() -> None:
    """Who can wait is told when the queue is less than half full."""
    outbox = Outbox(lines=10)
    outbox.put("home", b"a\n" * 6)
    assert not outbox.room(0)
    timer = threading.Timer(0.02, lambda: outbox.batch(0))
    timer.start()
    assert outbox.room(5)
    timer.join()


@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "not blocking"])
def test_written_whole_though_taken_in_parts(pipe: tuple[int, int], *, blocking: bool) -> None:
    """Data beyond what the pipe holds arrives whole once somebody reads, whichever kind of descriptor the parent gave."""
    os.set_blocking(pipe[1], blocking)
    data = b"".join(line(number) for number in range(5000))
    writing = threading.Thread(target=write, args=(pipe[1], data), daemon=True)
    writing.start()

    received = b""
    while len(received) < len(data):
        received += os.read(pipe[0], 1000)
    writing.join(5)

    assert received == data
    assert not writing.is_alive()


def test_reader_gone(pipe: tuple[int, int]) -> None:
    """A pipe without reader is an error of its own."""
    os.close(pipe[0])

    with pytest.raises(BrokenPipeError):
        write(pipe[1], b"a\n")
