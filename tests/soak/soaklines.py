"""The far ends of the lines to the plugin: a pseudo-terminal that stands for a cable, and a converter in the network."""

from __future__ import annotations

import socket
from pathlib import Path

from servers import running

import meterend

PATIENCE_S = 120.0


class Cable:
    """A pseudo-terminal under a name of its own."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self._end: meterend.MeterEnd | None = None

    @property
    def port(self) -> str:
        return str(self._link)

    @property
    def is_there(self) -> bool:
        return self._end is not None

    def plug(self) -> None:
        """Plug it in."""
        self._end = meterend.MeterEnd(self._link)

    def unplug(self) -> None:
        """Nothing comes any more, and the reader is told."""
        if self._end is not None:
            self._end.close()
            self._end = None

    def wait_for_reader(self) -> None:
        """Return when a program has opened it and thrown away what was there."""
        assert self._end is not None
        running.until(self._end.opened, f"a reader of {self._link.name}", PATIENCE_S)

    def send(self, data: bytes) -> None:
        assert self._end is not None
        self._end.send(data)


class Converter:
    """A converter in the network, at a TCP port of this machine that stays the same."""

    def __init__(self) -> None:
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None
        self._number = 0

    @property
    def port(self) -> str:
        return f"socket://127.0.0.1:{self._number}"

    @property
    def is_there(self) -> bool:
        return self._listener is not None

    def plug(self) -> None:
        """Give it power."""
        self._listener = socket.create_server(("127.0.0.1", self._number))
        self._listener.settimeout(PATIENCE_S)
        self._number = self._listener.getsockname()[1]

    def unplug(self) -> None:
        """Take its power away."""
        for end in (self._connection, self._listener):
            if end is not None:
                end.close()
        self._connection = self._listener = None

    def wait_for_reader(self) -> None:
        """Return when a program has connected."""
        assert self._listener is not None
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(PATIENCE_S)

    def send(self, data: bytes) -> None:
        assert self._connection is not None
        self._connection.sendall(data)
