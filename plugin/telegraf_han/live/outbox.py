"""Takes whole lines from the readers to Telegraf's pipe, through a bounded queue that never makes a reader wait.

When Telegraf does not read, its pipe fills. A reader that waited for the pipe would not read its port, and the port's driver would lose
bytes in the middle of a telegram. So back-pressure would not help: readers only `put`, and one thread writes. A full queue drops its oldest
lines, because newer lines of the same meter replace them best. The dropped lines are counted for each meter.

Nearly always the queue is empty and the pipe takes a line at once. Then `put` writes it itself, and no other thread has to wake up, which
takes longer than to decode the telegram (docs/adr/0014). It does so only if nobody else is writing, so lines keep their order, and a pipe
that says it is ready takes what it gets without a wait.

Each write holds whole lines and at most 4096 bytes. A pipe takes that in one piece (POSIX, PIPE_BUF). So the program's end can never cut a
line in two, and no cut line is read as a wrong value.
"""

import os
import select
import stat
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

LINES_LIMIT: Final = 10_000
"""As many metrics as Telegraf itself keeps by default (metric_buffer_limit). One meter makes that many in two and three quarter hours."""
OCTETS_LIMIT: Final = 4 << 20
"""Memory that these lines may take. The line of a P1 telegram has about 400 bytes."""
PIECE_LIMIT: Final = 4096
"""PIPE_BUF on Linux: what a pipe takes whole or not at all."""


class _Piece(NamedTuple):
    """Lines of one meter that go out in one write."""

    meter: str
    data: bytes
    lines: int


class Outbox:
    """The queue. `put` is for the readers, `batch` for the writer, `dropped` for the status lines."""

    __slots__ = (
        "_at_once",
        "_closed",
        "_dropped",
        "_lines",
        "_lines_limit",
        "_nudged",
        "_octets",
        "_octets_limit",
        "_out",
        "_pieces",
        "_there",
    )

    def __init__(self, lines: int = LINES_LIMIT, octets: int = OCTETS_LIMIT) -> None:
        """Start empty. `lines` and `octets` bound the queue."""
        self._at_once: Callable[[bytes], bool] | None = None
        self._out = False
        """Whether the writer has a batch that it may not have written yet."""
        self._lines_limit: Final = lines
        self._octets_limit: Final = octets
        self._pieces: Final[deque[_Piece]] = deque()
        self._there: Final = threading.Condition()
        self._dropped: Final[dict[str, int]] = {}
        self._lines = 0
        self._octets = 0
        self._nudged = False
        self._closed = False

    def may_write(self, descriptor: int) -> None:
        """From now on, `put` may write to the pipe of the lines itself. If it is no pipe, only the writer writes."""
        with self._there:
            self._at_once = _writer_at_once(descriptor)

    def put(self, meter: str, data: bytes) -> None:
        """Write whole lines, or queue them. Never waits. If they do not fit, the oldest lines are dropped and counted with their meter."""
        with self._there:
            is_first = not self._pieces and not self._out
            if is_first and self._at_once is not None and 0 < len(data) <= PIECE_LIMIT and self._at_once(data):
                return
            for piece in _pieces(meter, data):
                self._pieces.append(piece)
                self._lines += piece.lines
                self._octets += len(piece.data)
            while self._lines > self._lines_limit or self._octets > self._octets_limit:
                lost = self._popped()
                self._dropped[lost.meter] = self._dropped.get(lost.meter, 0) + lost.lines
            self._there.notify_all()

    def _popped(self) -> _Piece:
        piece = self._pieces.popleft()
        self._lines -= piece.lines
        self._octets -= len(piece.data)
        return piece

    def batch(self, wait_s: float) -> bytes:
        """Take the oldest lines, at most 4096 bytes. b"" if none came within `wait_s`, or if `nudge` or `close` ended the wait."""
        with self._there:
            self._out = False
            if not self._pieces and not self._closed and not self._nudged:
                self._there.wait(wait_s)
            self._nudged = False
            parts: list[bytes] = []
            room = PIECE_LIMIT
            while self._pieces and (len(self._pieces[0].data) <= room or not parts):
                parts.append(self._popped().data)
                room -= len(parts[-1])
            self._there.notify_all()
            self._out = bool(parts)
            return b"".join(parts)

    def room(self, wait_s: float) -> bool:
        """Wait until at most half of the queue is in use. Returns whether it is. A file that is replayed can wait, a port cannot."""
        with self._there:
            return self._there.wait_for(self._half_empty, wait_s)

    def _half_empty(self) -> bool:
        return self._lines <= self._lines_limit // 2 and self._octets <= self._octets_limit // 2

    def dropped(self) -> dict[str, int]:
        """Lines lost so far, by meter."""
        with self._there:
            return dict(self._dropped)

    def nudge(self) -> None:
        """End the writer's wait once."""
        with self._there:
            self._nudged = True
            self._there.notify_all()

    def close(self) -> None:
        """Nothing more will come. The writer takes the lines that are left and ends."""
        with self._there:
            self._closed = True
            self._there.notify_all()

    def finished(self) -> bool:
        """Whether the queue is closed and everything is taken."""
        with self._there:
            return self._closed and not self._pieces


def _pieces(meter: str, data: bytes) -> list[_Piece]:
    """Lines in pieces that a write takes whole."""
    if len(data) <= PIECE_LIMIT:
        return [_Piece(meter, data, data.count(b"\n"))] if data else []
    return [_Piece(meter, line + b"\n", 1) for line in data.split(b"\n") if line]


def _writer_at_once(descriptor: int) -> Callable[[bytes], bool] | None:
    """A function that writes at most 4096 bytes if that needs no wait, and says whether it did. None if this is no pipe."""
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return None
    ready = select.poll()
    ready.register(descriptor, select.POLLOUT)

    def written(data: bytes) -> bool:
        try:
            return ready.poll(0) == [(descriptor, select.POLLOUT)] and os.write(descriptor, data) == len(data)
        except OSError:
            return False  # the writer gets the same error, and ends the program

    return written


def write(descriptor: int, data: bytes) -> None:
    """Write all of it, however long that takes. Raises BrokenPipeError if the reader is gone.

    A write that was taken in part goes on where it stopped. The parent may have given a descriptor that does not block. Then this waits
    until the descriptor takes more.
    """
    while data:
        try:
            data = data[os.write(descriptor, data[:PIECE_LIMIT]) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
