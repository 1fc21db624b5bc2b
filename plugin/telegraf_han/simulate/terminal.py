"""Writes telegrams to a pseudo-terminal in raw mode, which replaces a serial port. A link can give it a stable name.

The kernel tells the master if nobody has the slave open (POLLHUP). The module asks this before each telegram. Without a reader the telegram
is dropped. Bytes that an earlier reader left are flushed, so that the next reader begins with a telegram that is new and whole. When the
master is closed, everything that is not read yet is lost, so there is `finish`. A pty has no bit rate: a telegram arrives in one piece and
at once, unlike at 115200 baud. [seen] on Linux; elsewhere the slave's settings may be lost after its last user.
"""

import contextlib
import fcntl
import os
import select
import struct
import termios
import time
import tty
from collections.abc import Iterator
from typing import Final

from telegraf_han.errors import ConfigError, reason
from telegraf_han.simulate.serve import STALL_S
from telegraf_han.simulate.stream import Sent

_SETTLE_S: Final = 0.2
"""A program that opens a port sets it up and flushes it. Telegrams before that would be lost."""
_GLANCE_S: Final = 0.02
"""How often to look if somebody has opened the slave. The kernel has no other way to tell."""
_QUIET_LOOKS: Final = 3
"""The slave must be found empty this many times in a row before the end, because its content moves on in two steps."""


class PtySink:
    """A pseudo-terminal in raw mode, and a symbolic link to it if `link` is not empty."""

    def __init__(self, link: str = "") -> None:
        """Open it. Raises ConfigError if `link` is a file that is not a link, or if the link cannot be made."""
        self._master, slave = os.openpty()
        self.path: Final = os.ttyname(slave)
        self._link: Final = link
        self._rest = b""
        self._stalled = False
        self._heard = False
        tty.setraw(slave)
        # The master only learns whether there is a reader after the last user has closed the slave.
        os.close(slave)
        os.set_blocking(self._master, False)
        self._poll: Final = select.poll()
        self._poll.register(self._master, select.POLLOUT)
        if link:
            _point(link, self.path)

    def deliver(self, sent: Sent, patience_s: float) -> None:
        """Write the telegram, unless nobody reads or the telegram before it is not yet sent."""
        if not self._has_reader():
            return
        if not self._flushed(0.0 if self._stalled else patience_s):
            self._stalled = True
            return
        self._stalled, self._rest = False, sent.wire
        self._flushed(0.0)

    def idle(self, seconds: float) -> None:
        """Wait, and send what is left of a telegram."""
        end_s = time.monotonic() + seconds
        if self._rest and self._has_reader():
            self._flushed(seconds)
        time.sleep(max(end_s - time.monotonic(), 0))

    def wait_for_reader(self) -> None:
        """Return when a program has opened the pty and had time to set it up."""
        while not self._has_reader():
            time.sleep(_GLANCE_S)
        time.sleep(_SETTLE_S)

    def finish(self) -> None:
        """Wait until the reader has read everything, because closing throws the rest away."""
        if self._has_reader() and self._flushed(STALL_S):
            _drained(self.path)

    def close(self) -> None:
        """Close, and remove the link if it still points here."""
        os.close(self._master)
        if self._link:
            with contextlib.suppress(OSError):
                if os.readlink(self._link) == self.path:
                    os.unlink(self._link)

    def _has_reader(self) -> bool:
        had = self._heard
        self._heard = not any(event & select.POLLHUP for _, event in self._poll.poll(0))
        if had and not self._heard:
            self._forget()
        return self._heard

    def _forget(self) -> None:
        """Throw away what the last reader left, so that the next reader begins with a telegram that is new and whole."""
        self._rest, self._stalled = b"", False
        with _slave(self.path) as slave:
            termios.tcflush(slave, termios.TCIFLUSH)

    def _flushed(self, patience_s: float) -> bool:
        """Whether the rest of the current telegram could be written."""
        end_s = time.monotonic() + patience_s
        while self._rest:
            with contextlib.suppress(OSError):
                self._rest = self._rest[os.write(self._master, self._rest) :]
                continue
            left_s = end_s - time.monotonic()
            if left_s <= 0 or not self._has_reader():
                return False
            self._poll.poll(min(left_s, _GLANCE_S) * 1000)
        return True


@contextlib.contextmanager
def _slave(path: str) -> Iterator[int]:
    """The terminal's other end, open for a moment."""
    slave = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        yield slave
    finally:
        os.close(slave)


def _point(link: str, path: str) -> None:
    """Make `link` a symbolic link to `path` in one step, in place of an older link. Raises ConfigError."""
    if os.path.lexists(link) and not os.path.islink(link):
        raise ConfigError(link, "--link", "a name that is free, or a symbolic link to replace, is expected")
    fresh = f"{link}.{os.getpid()}"
    try:
        os.symlink(path, fresh)
        os.replace(fresh, link)
    except OSError as error:
        raise ConfigError(link, "--link", f"a place where a link can be made is expected: {reason(error)}") from error


def _drained(path: str) -> None:
    """Return when nothing is left to read in the terminal, or after `STALL_S`."""
    quiet, end_s = 0, time.monotonic() + STALL_S
    with _slave(path) as slave:
        while quiet < _QUIET_LOOKS and time.monotonic() < end_s:
            waiting = struct.unpack("i", fcntl.ioctl(slave, termios.FIONREAD, bytes(4)))[0]
            quiet = 0 if waiting else quiet + 1
            time.sleep(_GLANCE_S)
