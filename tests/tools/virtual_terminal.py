"""A terminal without a window: a program on a pseudo-terminal, and what its screen shows.

It understands what our pages send (ECMA-48: cursor addresses, erasing, attributes, the second screen) and refuses everything else,
so that a control character in the wrong place fails a test.
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import telegraf_han

SOON_S = 60.0
_TOKEN = re.compile(r"\x1b\[(\?)?([0-9;]*)([A-Za-z])|\r?\n|\r|[^\x1b\x00-\x1f\x7f]+|.", re.DOTALL)


class Grid:
    """Rows of characters, changed by what a program sends."""

    def __init__(self, columns: int, rows: int) -> None:
        self.resize(columns, rows)
        self.second = False
        self.cursor_shown = True
        self.codes: set[str] = set()
        self.foreign: list[str] = []
        self.after: list[str] = []

    def resize(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0

    def feed(self, text: str) -> None:
        """What has come; an escape sequence is never cut, the caller sees to that."""
        for token in _TOKEN.finditer(text):
            whole = token.group()
            if token.group(3):
                self._obey(token.group(1) or "", token.group(2), token.group(3))
            elif not self.second:
                self.after.append(whole)
            elif whole.isprintable():
                self._write(whole)
            else:
                self.foreign.append(whole)

    def _write(self, text: str) -> None:
        for character in text:
            if self.column >= self.columns or self.row >= self.rows:
                self.foreign.append(f"beyond the edge: {character}")
                return
            self.cells[self.row][self.column] = character
            self.column += 1

    def _obey(self, private: str, numbers: str, letter: str) -> None:
        match private + letter, numbers:
            case "?h" | "?l", "1049":
                self.second = letter == "h"
            case "?h" | "?l", "25":
                self.cursor_shown = letter == "h"
            case "J", "2":
                self.cells = [[" "] * self.columns for _ in range(self.rows)]
            case "K", "2":
                self.cells[self.row] = [" "] * self.columns
            case "H", _:
                row, _, column = numbers.partition(";")
                self.row, self.column = min(int(row or 1), self.rows) - 1, int(column or 1) - 1
            case "m", _:
                self.codes.update(numbers.split(";"))
            case _:
                self.foreign.append(f"{private}{numbers}{letter}")

    @property
    def lines(self) -> list[str]:
        return ["".join(row).rstrip() for row in self.cells]


class Terminal:
    """A `telegraf-han` in a terminal of its own, with keys, a size, and somebody who reads the screen."""

    def __init__(self, words: list[str], size: tuple[int, int] = (80, 24), program: str | None = None, **environment: str | None) -> None:
        """`program` is Python's text, in the place of the command."""
        self.master, self._theirs = pty.openpty()
        self.grid = Grid(*size)
        self._set_size(size)
        self.before = termios.tcgetattr(self._theirs)
        known = os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        known.pop("NO_COLOR", None)
        # A session's leader that opens a terminal gets it as its own: Ctrl-C and SIGWINCH then come from the kernel.
        shell = ["/bin/sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(self._theirs)]
        self.process = subprocess.Popen(
            [*shell, sys.executable, *(["-m", "telegraf_han"] if program is None else ["-c", program]), *words],
            start_new_session=True,
            env={name: value for name, value in (known | environment).items() if value is not None},
        )
        self.raw = b""
        self._left = ""
        self._stalled = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._closed:
            if self._stalled.is_set() or not select.select([self.master], [], [], 0.02)[0]:
                time.sleep(0.005)
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            self.raw += data
            text = self._left + data.decode("utf-8", "surrogateescape")
            cut = text.rfind("\x1b") if re.search(r"\x1b(\[[?0-9;]*)?$", text) else len(text)
            self._left = text[cut:]
            self.grid.feed(text[:cut])

    def _set_size(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """As a window that is pulled; the program gets SIGWINCH from the terminal."""
        self.grid.resize(columns, rows)
        self._set_size((columns, rows))

    def stall(self) -> None:
        """Read nothing more, as an ssh that hangs."""
        self._stalled.set()

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    @property
    def text(self) -> str:
        return "\n".join(self.grid.lines)

    @property
    def said(self) -> str:
        """What stands in the terminal outside the page."""
        return "".join(self.grid.after).replace("\r\n", "\n")

    def wait_for(self, *words: str, without: str = "\0") -> str:
        """The screen, as soon as all these stand on it."""
        self.until(lambda: all(word in self.text for word in words) and without not in self.text, f"{words} on the screen")
        return self.text

    def wait_for_end(self) -> int:
        """The exit code."""
        self.until(lambda: self.process.poll() is not None, "the end")
        end_s = time.monotonic() + 1
        while select.select([self.master], [], [], 0)[0] and time.monotonic() < end_s:
            time.sleep(0.01)
        time.sleep(0.05)
        return self.process.returncode

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition. AssertionError names what did not come."""
        end_s = time.monotonic() + SOON_S
        while not condition():
            if time.monotonic() > end_s:
                raise AssertionError(f"not within {SOON_S} s: {what}\n{self.text}\n---\n{self.said}")
            time.sleep(0.01)

    def restored(self) -> bool:
        """Whether the terminal is as it was: line discipline, cursor, first screen."""
        return termios.tcgetattr(self._theirs) == self.before and self.grid.cursor_shown and not self.grid.second

    def hang_up(self) -> None:
        """The window is closed."""
        self._closed = True
        self._thread.join()
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(SOON_S)
        self._closed = True
        self._thread.join()
        for descriptor in (self.master, self._theirs):
            with contextlib.suppress(OSError):
                os.close(descriptor)


def shows(one: Terminal, cable, telegram: bytes, *words: str) -> str:
    """The screen once it has these words; the meter speaks meanwhile, as a meter does."""
    end_s = time.monotonic() + SOON_S
    while not all(word in one.text for word in words):
        assert time.monotonic() < end_s, one.text + one.said
        cable.send(telegram)
        time.sleep(0.1)
    return one.text
