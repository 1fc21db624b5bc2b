"""The two places from which `watch` gets its data: the tap of a running plugin, or the ports themselves.

The tap comes first, because a plugin that runs has the ports. If there is none, this process reads the ports as `run` does. Both places
have the same interface, `Place`, so the page does not know which one it shows. If the plugin ends, the tap is tried again every half
second, because Telegraf may only restart.
"""

import select
import socket
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Final, Protocol, Self

from telegraf_han.errors import SourceError
from telegraf_han.inspection.recent import Recent
from telegraf_han.inspection.told import LINE_LIMIT_BYTES, Told
from telegraf_han.live.keyfiles import KeyFiles
from telegraf_han.live.threads import Readers
from telegraf_han.ports import taps
from telegraf_han.terminal.remarks import Remarks

ANSWER_S: Final = 2.0
"""A plugin that runs answers within half a second. One that was stopped (SIGSTOP) never answers."""
READ_BYTES: Final = 65_536
_ENDED: Final = "W! Telegraf's plugin has ended. These are its last values. This page goes on when the plugin runs again"


class Place(Protocol):
    """Where the data of the page comes from. A context manager."""

    words: str
    """The place in the title of the page."""

    @property
    def lock(self) -> AbstractContextManager[object]:
        """Held while the page is made."""

    @property
    def recent(self) -> Recent:
        """The data."""

    def descriptors(self) -> Sequence[int]:
        """What to wait for. `take` is called when one of them is ready, and at each turn."""

    def take(self) -> None:
        """Take what has come. Raises SourceError if it is not understood."""

    def remarks(self) -> list[str]:
        """Lines for the foot of the page."""

    def __enter__(self) -> Self:
        """Begin to read."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End."""


class Ports:
    """The ports of the configuration, read by this process."""

    words = "from the ports"

    def __init__(self, readers: Readers, recent: Recent, remarks: Remarks, key_files: KeyFiles) -> None:
        """`recent` is the decoder of the readers. Nothing runs yet."""
        self._key_files: Final = key_files
        self.recent: Final = recent
        self.lock: Final = readers.shared.lock
        self._readers: Final = readers
        self._remarks: Final = remarks

    def descriptors(self) -> Sequence[int]:
        """Nothing: the threads of the readers wait."""
        return ()

    def take(self) -> None:
        """Look at the key files. The threads of the readers take what comes."""
        self._key_files.look()

    def remarks(self) -> list[str]:
        """The newest lines of the log."""
        return self._remarks.newest()

    def __enter__(self) -> Self:
        """Start the readers."""
        self._readers.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End them."""
        self._readers.__exit__(kind, error, trace)


class Beside:
    """The tap of a running plugin."""

    words = "from Telegraf's plugin"

    def __init__(self, place: str) -> None:
        """Connect to the tap at `place` and wait for its first line.

        Raises OSError if nobody listens there or this user may not connect, TimeoutError if there is no answer, and SourceError if the
        answer is not understood.
        """
        self.lock: Final[AbstractContextManager[object]] = nullcontext()
        self._place: Final = place
        self._connection: socket.socket | None = taps.connected(place)
        self._left = b""
        self._told: Told | None = None
        until_s = time.monotonic() + ANSWER_S
        while self._told is None:
            if self._connection is None or time.monotonic() > until_s:
                self._hang_up()
                raise TimeoutError(f"{place} does not answer")
            select.select([self._connection], [], [], max(0.0, until_s - time.monotonic()))
            self.take()

    @property
    def recent(self) -> Told:
        """What the plugin told."""
        assert self._told is not None
        return self._told

    def descriptors(self) -> Sequence[int]:
        """The connection, if there is one."""
        return () if self._connection is None else (self._connection.fileno(),)

    def take(self) -> None:
        """Take the lines that have come. If the plugin has ended, try to connect again."""
        if self._connection is None:
            try:
                self._connection = taps.connected(self._place)
            except OSError:
                return
        try:
            while data := self._connection.recv(READ_BYTES):
                self._split(data)
        except BlockingIOError:
            return
        except SourceError:
            self._hang_up()
            raise
        except OSError:
            pass  # the same as its end
        self._hang_up()

    def _split(self, data: bytes) -> None:
        *whole, self._left = (self._left + data).split(b"\n")
        if len(self._left) > LINE_LIMIT_BYTES:
            raise SourceError(f"{self._place} sends a line without end, so it is no tap")
        for line in whole:
            if self._told is None or self._told.away:
                self._told = self._begun(line)
            else:
                self._told.hear(line)

    def _begun(self, hello: bytes) -> Told:
        """The meters of a plugin that was just connected to. Of meters that were there before, the history goes on."""
        before, told = self._told, Told(hello)
        for name, points in told.history.items():
            points.extend(before.history.get(name, ()) if before is not None else ())
        return told

    def _hang_up(self) -> None:
        """The plugin has ended."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._left = b""
        if self._told is not None:
            self._told.away = True

    def remarks(self) -> list[str]:
        """That the plugin has ended, if it has."""
        return [_ENDED] if self.recent.away else []

    def __enter__(self) -> Self:
        """Do nothing: the connection is there."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the connection."""
        self._hang_up()
