"""Writes messages to stderr as lines that Telegraf understands: `E! W! I! D!` and one line per message.

Telegraf takes the first letters as the level (since 1.32). It blocks its child for good on a line beyond 64 KiB. So foreign text is
escaped, and the length of a line is bounded. A message that repeats is logged once per minute for each cause and meter, and counted in
between. Otherwise a fault in every telegram would fill the disk.

A line is written only if stderr takes it at once. If nobody reads stderr, the line is lost, but the program does not wait. A pipe that is
ready takes 4096 bytes whole (POSIX, PIPE_BUF). No line is that long.
"""

import os
import re
import select
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Literal

from telegraf_han.language import counted
from telegraf_han.printing import visible

Level = Literal["E", "W", "I", "D"]

LINE_LIMIT_BYTES: Final = 1000
"""Length of a line with its newline. It is enough for a sentence and some foreign text. A pipe takes far more in one piece."""
PAUSE_S: Final = 60.0
"""Time after a message in which the same cause is only counted."""
CAUSES_REMEMBERED: Final = 1024
"""Pairs of cause and meter. A configuration of a hundred meters has fewer."""
_COUNT: Final = re.compile(r"(?<![\w.:*-])\d+(?![\w:*-]|\.\d)")
"""A number that stands alone, such as the length of a line. An OBIS code is none."""
_ELLIPSIS: Final = "…".encode()


class _Recurring:
    """How often a message was logged and left out since `since_s`."""

    __slots__ = ("left_out", "said", "since_s")

    def __init__(self, since_s: float) -> None:
        self.since_s = since_s
        self.said = 0
        self.left_out = 0


class Log:
    """Writes the lines of one process. `guard` is a lock if several threads write."""

    __slots__ = ("_clock", "_descriptor", "_guard", "_lost", "_recurring", "_told")

    def __init__(
        self, descriptor: int = 2, guard: AbstractContextManager[object] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Write to `descriptor`; `clock` gives seconds."""
        self._descriptor: Final = descriptor
        self._guard: Final[AbstractContextManager[object]] = guard or nullcontext()
        self._clock: Final = clock
        self._recurring: Final[dict[tuple[str, str], _Recurring]] = {}
        self._told: Final[set[tuple[str, str]]] = set()
        self._lost = 0

    def say(self, level: Level, text: str) -> None:
        """Write one line now. Never raises, never waits."""
        with self._guard:
            self._write(level, text)

    def repeated(self, level: Level, cause: str, about: str, text: str, *, a_minute: int = 1) -> None:
        """Write a line that may repeat: at most `a_minute` per minute for each pair of `cause` and `about`. More are only counted."""
        with self._guard:
            now_s = self._clock()
            told = self._recurring.get((cause, about))
            if told is not None and now_s - told.since_s < PAUSE_S and told.said >= a_minute:
                told.left_out += 1
                return
            left_out = 0
            if told is None or now_s - told.since_s >= PAUSE_S:
                left_out = told.left_out if told else 0
                told = self._begun(cause, about, now_s)
            told.said += 1
            if left_out:
                text += " " + counted("({number} more since this was last logged)", "({number} more since this was last logged)", left_out)
            self._write(level, text)

    def once(self, level: Level, about: str, text: str) -> None:
        """Write a line that says the same as long as a meter is what it is: once per process for each text and each `about`.

        Texts that differ only in a count are the same.
        """
        key = about, _COUNT.sub("#", text)
        with self._guard:
            if key in self._told or len(self._told) >= CAUSES_REMEMBERED:
                return
            self._told.add(key)
            self._write(level, text)

    def _begun(self, cause: str, about: str, now_s: float) -> _Recurring:
        """Start a new minute for a pair."""
        if len(self._recurring) >= CAUSES_REMEMBERED:
            self._recurring.clear()
        self._recurring[cause, about] = told = _Recurring(now_s)
        return told

    def _write(self, level: Level, text: str) -> None:
        if self._lost:
            text = f"{text} ({self._lost} lines before this one were lost, because nobody read stderr)"
        try:
            _, ready, _ = select.select([], [self._descriptor], [], 0)
            if ready:
                os.write(self._descriptor, rendered(level, text))
        except (OSError, ValueError):
            ready = []  # stderr is closed, so nobody can read the line
        self._lost = 0 if ready else self._lost + 1


def rendered(level: Level, text: str) -> bytes:
    """Return the line of a message. Control characters are escaped, and a line that is too long is cut."""
    line = f"{level}! {visible(text[:LINE_LIMIT_BYTES])}".encode()
    if len(line) >= LINE_LIMIT_BYTES:
        cut = line[: LINE_LIMIT_BYTES - len(_ELLIPSIS) - 1].decode(errors="ignore")
        line = cut.encode() + _ELLIPSIS
    return line + b"\n"
