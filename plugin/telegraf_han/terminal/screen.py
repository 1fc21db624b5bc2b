"""Writes lines to the terminal, reads keys and signals, and restores the terminal at the end.

This is the only module of the package that does input and output. The page is on the terminal's second screen (xterm calls it 1049), so the
user's own text is there again afterwards. Only lines that changed are sent, because a connection may be slow. Signals become bytes in a
pipe, so nothing is interrupted halfway. Ctrl-Z is switched off, because a stopped program could not restore the terminal. A terminal may
take nothing for a while (Ctrl-S, a dead ssh). The wait for such a terminal is also a wait for signals, so it never delays the end.
"""

import os
import select
import signal
import sys
import termios
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import Any, Final, NamedTuple, Self

from telegraf_han.terminal import text
from telegraf_han.terminal.keyboard import Keys
from telegraf_han.terminal.text import Line, Style

IN: Final = 0
OUT: Final = 1
ERRORS: Final = 2
DEFAULT_SIZE: Final = (80, 24)
"""Columns and rows if the terminal does not say its size, as on a serial console."""
PIECE_BYTES: Final = 256
"""Bytes written at once. A terminal that says it is ready takes this much without making the writer wait."""
LAST_WORDS_S: Final = 0.5
"""How long it may take to restore the terminal. A terminal that is stopped keeps its page."""
READ_BYTES: Final = 1024
_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE: Final = "\x1b[0m\x1b[?25h\x1b[?1049l"
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def is_terminal() -> bool:
    """Whether stdout is a terminal that can show a page."""
    return os.isatty(OUT) and os.environ.get("TERM", "") not in text.MUTE


def is_input() -> bool:
    """Whether a person can answer through stdin."""
    return os.isatty(IN)


def look() -> Style:
    """What the terminal (or the reader of stdout) can show."""
    return text.style(os.environ, coerced=bool(sys.flags.utf8_mode))


class Woken(NamedTuple):
    """Why a wait ended."""

    ended: bool = False
    """A signal asked for the end, or said that the terminal is gone (SIGHUP)."""
    ready: Sequence[int] = ()
    """Descriptors with something to read."""
    room: bool = False
    """The descriptor to write to is ready."""


class Signals:
    """Waits for signals while the context lasts: SIGINT, SIGTERM and SIGHUP mean the end, SIGWINCH is a reason to draw again."""

    __slots__ = ("_before", "_pipe", "_waker", "_wakeup_before", "ended")

    def __init__(self) -> None:
        """Nothing is set yet."""
        self._pipe, self._waker = os.pipe()
        self._before: Final[dict[int, Any]] = {}
        self._wakeup_before = -1
        self.ended = False

    def __enter__(self) -> Self:
        """Take the signals over. Main thread only."""
        os.set_blocking(self._waker, False)
        self._wakeup_before = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (*_ENDING, signal.SIGWINCH):
            self._before[number] = signal.signal(number, _noted)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Give them back."""
        for number, before in self._before.items():
            signal.signal(number, before)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._pipe)
        os.close(self._waker)

    def wait(self, seconds: float | None, *descriptors: int, writable: int | None = None) -> Woken:
        """Wait for a signal, for something to read or for room to write, but no longer than `seconds`."""
        wanted = [] if writable is None else [writable]
        ready, room, _ = select.select([self._pipe, *descriptors], wanted, [], seconds)
        if self._pipe in ready:
            numbers = os.read(self._pipe, READ_BYTES)
            self.ended = self.ended or any(number in _ENDING for number in numbers)
        return Woken(self.ended, [descriptor for descriptor in ready if descriptor != self._pipe], bool(room))


def _noted(number: int, frame: FrameType | None) -> None:
    """Do nothing: the byte in the pipe is enough."""


class Screen:
    """Uses the terminal as a page while the context lasts. If stdin is no terminal, there are no keys."""

    __slots__ = ("_before", "_drawn", "_keys", "_look", "_signals", "_size", "gone", "has_keys")

    def __init__(self, look: Style, signals: Signals) -> None:
        """Nothing is touched yet."""
        self._look: Final = look
        self._signals: Final = signals
        self._keys: Final = Keys()
        self._before: list[Any] | None = None
        self._drawn: list[str] = []
        self._size = (0, 0)
        self.has_keys = os.isatty(IN)
        self.gone = False
        """The terminal has hung up."""

    def __enter__(self) -> Self:
        """Take the terminal."""
        if self.has_keys:
            self._before = termios.tcgetattr(IN)
            mode = termios.tcgetattr(IN)
            mode[3] &= ~(termios.ICANON | termios.ECHO)
            mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
            mode[6][termios.VSUSP] = b"\0"
            termios.tcsetattr(IN, termios.TCSANOW, mode)
        self._write(_ENTER)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Restore the terminal, whatever happened. Never raises."""
        try:
            if select.select([], [OUT], [], LAST_WORDS_S)[1]:
                os.write(OUT, _LEAVE.encode())
            if self._before is not None:
                termios.tcflush(IN, termios.TCIFLUSH)
        except (OSError, termios.error):
            self.gone = True
        try:
            if self._before is not None:
                termios.tcsetattr(IN, termios.TCSANOW, self._before)
        except termios.error:
            self.gone = True

    def size(self) -> tuple[int, int]:
        """Columns and rows now."""
        try:
            columns, rows = os.get_terminal_size(OUT)
        except OSError:
            return DEFAULT_SIZE
        return columns or DEFAULT_SIZE[0], rows or DEFAULT_SIZE[1]

    def draw(self, lines: Sequence[Line], size: tuple[int, int]) -> None:
        """Show these lines from the top. Only lines that changed are sent."""
        columns, rows = size
        page = [text.rendered(line, columns, self._look) for line in lines[:rows]]
        page += [""] * (rows - len(page))
        parts = []
        if size != self._size:
            parts.append("\x1b[2J")
            self._drawn = [""] * rows
        for row, (line, before) in enumerate(zip(page, self._drawn, strict=True), 1):
            if line != before:
                parts.append(f"\x1b[{row};1H\x1b[2K{line}")
        self._size, self._drawn = size, page
        self._write("".join(parts))

    def forget(self) -> None:
        """Draw the next page whole, because something else may have written on the terminal."""
        self._size = (0, 0)

    def pressed(self) -> list[str]:
        """Names of the keys that were pressed. Sets `gone` if the terminal is gone."""
        try:
            data = os.read(IN, READ_BYTES)
        except OSError:
            data = b""
        self.gone = self.gone or not data
        return self._keys.feed(data)

    def _write(self, page: str) -> None:
        """Send it all, unless the end comes first."""
        data = page.encode("utf-8", "replace")
        while data and not self.gone:
            woken = self._signals.wait(None, writable=OUT)
            if woken.ended:
                return
            if woken.room:
                self._write_piece(data[:PIECE_BYTES])
                data = data[PIECE_BYTES:]

    def _write_piece(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(OUT, data) :]
        except OSError:
            self.gone = True
