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


def test_a_line_goes_to_a_free_pipe_at_once(pipe: tuple[int, int]) -> None:
    """If nothing waits and the pipe takes it, a line is in the pipe when `put` returns, and the queue stays empty."""
    outbox = Outbox()
    outbox.may_write(pipe[1])
    outbox.put("home", b"a\n")

    assert os.read(pipe[0], 100) == b"a\n"
    assert outbox.batch(0) == b""


def test_nothing_overtakes_what_waits(pipe: tuple[int, int]) -> None:
    """As long as the writer has lines, or lines wait, a new one waits behind them, although the pipe would take it."""
    outbox = Outbox()
    outbox.put("home", b"a\n")
    outbox.may_write(pipe[1])
    outbox.put("home", b"b\n")
    assert outbox.batch(0) == b"a\nb\n"
    outbox.put("home", b"c\n")
    assert outbox.batch(0) == b"c\n"
    assert outbox.batch(0) == b""

    outbox.put("home", b"d\n")

    assert os.read(pipe[0], 100) == b"d\n"


def test_put_never_waits_for_a_full_pipe(pipe: tuple[int, int]) -> None:
    """If nobody reads, lines go into the pipe as long as it takes them whole, then into the queue, and all come out in order."""
    outbox = Outbox()
    outbox.may_write(pipe[1])
    putting = threading.Thread(target=lambda: [outbox.put("home", line(number, 1000)) for number in range(500)], daemon=True)
    putting.start()
    putting.join(60)
    assert not putting.is_alive()

    os.set_blocking(pipe[0], False)
    received = os.read(pipe[0], 1 << 20)
    received += taken(outbox)

    assert received == b"".join(line(number, 1000) for number in range(500))


def test_several_readers_put_whole_lines(pipe: tuple[int, int]) -> None:
    """Lines of several readers, written at once or by the writer, arrive whole, and those of each reader in order."""
    outbox = Outbox()
    outbox.may_write(pipe[1])
    threads = [
        threading.Thread(
            target=lambda name=name: [outbox.put(name, f"{name}{number}\n".encode().rjust(900, b" ")) for number in range(300)]
        )
        for name in "abc"
    ]
    writing = threading.Thread(target=lambda: [write(pipe[1], outbox.batch(0.1)) for _ in iter(outbox.finished, True)])
    for thread in (*threads, writing):
        thread.start()
    received = b""
    while received.count(b"\n") < 900:
        received += os.read(pipe[0], 65536)
    for thread in threads:
        thread.join(60)
    outbox.close()
    writing.join(60)
    found = [one.strip().decode() for one in received.splitlines()]

    assert {name: [one for one in found if one[0] == name] for name in "abc"} == {
        name: [f"{name}{number}" for number in range(300)] for name in "abc"
    }
    assert outbox.dropped() == {}


def test_only_a_pipe_is_written_at_once(tmp_path) -> None:
    """A file or a socket may take a line in parts or slowly, so only the writer writes there."""
    outbox = Outbox()
    with (tmp_path / "lines").open("wb") as file:
        outbox.may_write(file.fileno())
        outbox.put("home", b"a\n")

        assert outbox.batch(0) == b"a\n"
    assert (tmp_path / "lines").read_bytes() == b""


def test_a_pipe_without_reader_is_left_to_the_writer(pipe: tuple[int, int]) -> None:
    """`put` does not fail if Telegraf is gone. The line stays for the writer, who ends the program."""
    outbox = Outbox()
    outbox.may_write(pipe[1])
    os.close(pipe[0])
    outbox.put("home", b"a\n")

    assert outbox.batch(0) == b"a\n"


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
