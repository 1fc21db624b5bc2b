"""The tap: tells `watch` what the plugin reads, while Telegraf reads it too. It runs in a thread of its own.

A serial port has one reader, and the plugin is this reader. So `watch` connects to a Unix socket (`ports.taps`) and gets lines of JSON. The
first line names the meters. Each other line is the state of one meter: its counters and its last telegram. It holds nothing that is not in
the metrics, too: no key, and no byte of a telegram.

No reader waits for a client, and no reader even knows of one. Twice per second the thread looks at the decoder, as the status lines do. It
sends the meters that changed. A client that is slow gets fewer pictures, because a new picture is made when the one before is taken. So
each client has at most one picture waiting. A client that takes nothing for ten seconds is dropped. Nothing is ever read from a client, and
the kernel refuses what it sends. While nobody is connected, the thread sleeps.
"""

import os
import select
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from telegraf_han import __version__
from telegraf_han.config.sections import Config, MeterConfig
from telegraf_han.decoding import health
from telegraf_han.decoding.meters import MeterState
from telegraf_han.errors import Cause, PortInUseError, SourceError
from telegraf_han.live.reader import Shared, defect
from telegraf_han.ports import sources, taps
from telegraf_han.telegram import Telegram

if TYPE_CHECKING:
    import socket

VERSION: Final = 1
"""Of the lines. A client with another version cannot read them."""
CLIENTS: Final = 4
TURN_S: Final = 0.5
"""Time between two looks at the meters. This is twice as often as a P1 port sends."""
STUCK_S: Final = 10.0
"""A client that takes nothing for so long is dropped. Its terminal hangs, or it was stopped."""
ACCEPTED_A_TURN: Final = 8
"""Connections that are accepted per turn. A client that connects again and again takes no more time than this."""
RETRY_S: Final = 30.0
"""Time until the next try if another plugin with the same configuration has the socket, as in `telegraf --test`."""


class _Facts(NamedTuple):
    """What a client is told of a meter. If it is equal to the facts before, nothing is sent."""

    state: str
    telegrams: int
    decoded: int
    duplicates: int
    unverified: int
    errors: tuple[tuple[Cause, int], ...]
    clock_offset_s: float | None
    rssi_dbm: float | None
    good_ns: int | None
    """Steady clock. It is the same for all programs of a machine."""
    telegram: Telegram | None


class _Client:
    """One connection."""

    __slots__ = ("left", "moved_s", "seen", "socket")

    def __init__(self, connection: "socket.socket", first: bytes, now_s: float) -> None:
        self.socket: Final = connection
        self.left = first
        """Bytes of the picture that the client has not taken yet."""
        self.seen = 0
        """The newest turn whose changes are in its picture."""
        self.moved_s = now_s
        """When it last took something, or had taken everything."""


def live(config: Config, shared: Shared) -> None:
    """Offer the tap until the wake-up. The thread runs this. It never raises: without a tap, the plugin does everything else."""
    try:
        _offered(config, shared)
    except SourceError as error:
        shared.log.say("D", f"no tap for `telegraf-han watch`: {error}")
    except Exception as error:
        shared.log.say("E", f"no tap for `telegraf-han watch`: {defect(error)}")


def _offered(config: Config, shared: Shared) -> None:
    """Make the socket and serve it. Raises SourceError."""
    if not os.path.isdir(taps.folder()):
        raise SourceError(f"there is no folder {taps.folder()}")
    place, told = taps.path(config.file), False
    while True:
        try:
            listener = taps.listening(place)
            break
        except PortInUseError as error:
            if not told:
                shared.log.say("D", f"no tap for `telegraf-han watch` yet: {error}")
            told = True
        if not sources.paused(RETRY_S, shared.wake):
            return
    inode = os.lstat(place).st_ino
    shared.log.say("D", f"`telegraf-han watch` can read beside Telegraf, through {place}")
    try:
        with listener:
            Tap(config, shared, listener).serve()
    finally:
        taps.removed(place, inode)


class Tap:
    """A socket that listens, its clients, and what they were told."""

    __slots__ = ("_accepted", "_clients", "_config", "_due_s", "_facts", "_lines", "_listener", "_shared", "_turn")

    def __init__(self, config: Config, shared: Shared, listener: "socket.socket") -> None:
        """Nobody is connected yet."""
        self._config: Final = config
        self._shared: Final = shared
        self._listener: Final = listener
        self._clients: Final[dict[int, _Client]] = {}
        self._facts: Final[dict[str, _Facts]] = {}
        self._lines: Final[dict[str, tuple[int, bytes]]] = {}
        """Meter → the turn in which it last changed, and its line."""
        self._turn = 0
        self._due_s = 0.0
        self._accepted = 0

    def serve(self) -> None:
        """Serve clients until the wake-up."""
        try:
            while self._shared.wake not in (ready := self._ready()):
                self._follow(ready, time.monotonic())
        finally:
            for descriptor in list(self._clients):
                self._drop(descriptor)

    def _follow(self, ready: Mapping[int, int], now_s: float) -> None:
        """Handle what has happened: clients that are gone, a new client, the next turn, clients that take something."""
        for descriptor in list(self._clients):
            if ready.get(descriptor, 0) & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                self._drop(descriptor)
        if self._listener.fileno() in ready:
            self._accept(now_s)
        due = now_s >= self._due_s
        if due:
            self._due_s = now_s + TURN_S
            self._accepted = 0
        if self._clients and (due or not self._lines):
            self._look()
        for descriptor, client in list(self._clients.items()):
            if not self._sent(client, now_s):
                self._drop(descriptor)

    def _ready(self) -> dict[int, int]:
        """Wait for the wake-up, a new client, room for what is left, the end of a client, or the next turn."""
        waiting = select.poll()
        waiting.register(self._shared.wake, select.POLLIN)
        if self._accepted < ACCEPTED_A_TURN:
            waiting.register(self._listener, select.POLLIN)
        for descriptor, client in self._clients.items():
            waiting.register(descriptor, select.POLLOUT if client.left else 0)  # poll reports the end of a client in any case
        idle = not self._clients and self._accepted < ACCEPTED_A_TURN
        return dict(waiting.poll(None if idle else max(0.0, self._due_s - time.monotonic()) * 1000))

    def _accept(self, now_s: float) -> None:
        """Take a new client, or tell it that there are too many."""
        import socket  # noqa: PLC0415, loaded with the listener

        self._accepted += 1  # also if it fails: without a free descriptor, the listener stays ready all the time
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it has gone again, or this process has no descriptor left for it
        connection.setblocking(False)
        try:
            connection.shutdown(socket.SHUT_RD)  # from now on the kernel refuses what the client sends
            if len(self._clients) >= CLIENTS:
                connection.send(_line({"tap": VERSION, "refused": f"{CLIENTS} others watch already"}))
        except OSError:
            connection.close()
            return
        if len(self._clients) >= CLIENTS:
            connection.close()
            return
        self._clients[connection.fileno()] = _Client(connection, _hello(self._config), now_s)

    def _look(self) -> None:
        """Note what changed since the last turn. The lock is held for one meter at a time, so no reader waits for a thousand."""
        self._turn += 1
        steady_ns = time.monotonic_ns()
        for name, meter in self._shared.decoder.meters.items():
            with self._shared.lock:
                facts = _facts(meter, steady_ns)
            if self._facts.get(name) != facts:
                self._facts[name] = facts
                self._lines[name] = self._turn, _line(_told(name, facts))

    def _sent(self, client: _Client, now_s: float) -> bool:
        """Send what the client takes now. Returns False if it is gone or stuck."""
        try:
            while client.left or self._changed(client, now_s):
                client.left = client.left[client.socket.send(client.left) :]
                client.moved_s = now_s
        except BlockingIOError:
            return now_s - client.moved_s < STUCK_S
        except OSError:
            return False
        return True

    def _changed(self, client: _Client, now_s: float) -> bool:
        """Give a client that has taken everything what changed since. Returns whether anything did."""
        client.left = b"".join(line for turn, line in self._lines.values() if turn > client.seen)
        client.seen = self._turn
        client.moved_s = now_s
        return bool(client.left)

    def _drop(self, descriptor: int) -> None:
        """Close a connection. With the last one, forget what was told."""
        self._clients.pop(descriptor).socket.close()
        if not self._clients:
            self._facts.clear()
            self._lines.clear()


def _facts(meter: MeterState, steady_ns: int) -> _Facts:
    return _Facts(
        health.state(meter, steady_ns),
        meter.telegrams,
        meter.decoded,
        meter.duplicates,
        meter.unverified,
        tuple((cause, count) for cause, count in meter.errors.items() if count),
        meter.clock_offset_s,
        meter.rssi_dbm,
        meter.good_ns,
        meter.newest,
    )


def _hello(config: Config) -> bytes:
    """The first line: which meters there are. Their limits are in the metrics, too (`electricity_settings`)."""
    return _line({"tap": VERSION, "program": f"telegraf-han {__version__}", "meters": [_named(meter) for meter in config.meters]})


def _named(meter: MeterConfig) -> dict[str, object]:
    return {"name": meter.name, "interface": meter.interface, "timezone": meter.zone.name, "limits": dict(meter.limits)}


def _told(name: str, facts: _Facts) -> dict[str, object]:
    """The object of a meter's line. Its readings are those of `decode --output json`, each with its field."""
    telegram = facts.telegram
    values = facts._asdict() | {"errors": dict(facts.errors), "telegram": None}
    if telegram is not None:
        values["telegram"] = {
            "serial": telegram.serial,
            "model": telegram.model,
            "verified": telegram.verified,
            "readings": [
                {**reading._asdict(), "field": column.field}
                for column, reading in zip(telegram.shape.columns, telegram.readings(), strict=True)
            ],
        }
    return {"meter": name, **values}


def _line(told: dict[str, object]) -> bytes:
    import json  # noqa: PLC0415, nothing else of the plugin needs it, and without a client nobody does

    return json.dumps(told, separators=(",", ":")).encode() + b"\n"
