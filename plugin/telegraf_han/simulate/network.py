"""Serves telegrams on a TCP port, as a serial-to-network converter does. A reader opens it with `socket://`.

Several clients hear the same telegrams, each client from its connection on. Bytes from clients are read and ignored, because a P1 port
takes no commands. A client that does not take a telegram in time is disconnected. Otherwise the client would get half a telegram.
"""

import contextlib
import select
import socket
import time
from typing import Final

from telegraf_han.errors import ConfigError, reason
from telegraf_han.simulate.serve import STALL_S
from telegraf_han.simulate.stream import Sent

_CLIENTS: Final = 32
"""Clients at most, more than anybody has readers. Further clients are turned away."""
_HEARD: Final = 4096
"""Bytes that a client may send between two telegrams before the kernel stops it."""


class TcpSink:
    """A listening TCP port. Every client hears every telegram from its connection on. What clients send is ignored."""

    def __init__(self, host: str, port: int) -> None:
        """Listen. Raises ConfigError if the address cannot be used."""
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listener: Final = socket.create_server((host, port), family=family)
        except OSError as error:
            raise ConfigError("", f"--to tcp:{host}:{port}", f"an address to listen on is expected: {reason(error)}") from error
        self._listener.setblocking(False)
        self.address: Final[tuple[str, int]] = self._listener.getsockname()[:2]
        self._clients: list[socket.socket] = []

    def deliver(self, sent: Sent, patience_s: float) -> None:
        """Send to all clients. A client that cannot take the telegram within `patience_s` is disconnected."""
        self._look(0)
        for client in [client for client in self._clients if not _taken(client, sent.wire, patience_s)]:
            self._drop(client)

    def idle(self, seconds: float) -> None:
        """Wait, and let clients come and go."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self._look(left_s)

    def wait_for_reader(self) -> None:
        """Return when there is a client."""
        while not self._clients:
            self._look(STALL_S)

    def finish(self) -> None:
        """Do nothing: the kernel delivers what was sent, even after this program has ended."""

    def close(self) -> None:
        """Close the connections to all clients."""
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_WR)
            client.close()
        self._listener.close()

    def _look(self, seconds: float) -> None:
        """Wait up to `seconds` for clients that come or go, and handle them."""
        ready, _, _ = select.select([self._listener, *self._clients], [], [], seconds)
        for found in ready:
            if found is self._listener:
                self._admit()
            elif _is_gone(found):
                self._drop(found)

    def _admit(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            client.setblocking(False)
            if len(self._clients) < _CLIENTS:
                self._clients.append(client)
            else:
                client.close()

    def _drop(self, client: socket.socket) -> None:
        self._clients.remove(client)
        client.close()


def _is_gone(client: socket.socket) -> bool:
    """Whether a client with something to read has closed its connection. Anything else that it sent is ignored."""
    try:
        return not client.recv(_HEARD)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _taken(client: socket.socket, data: bytes, patience_s: float) -> bool:
    """Whether the client's connection took all of `data`."""
    end_s = time.monotonic() + patience_s
    while True:
        try:
            data = data[client.send(data) :]
        except BlockingIOError:
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                return False
            select.select([], [client], [], left_s)
        except OSError:
            return False
        if not data:
            return True
