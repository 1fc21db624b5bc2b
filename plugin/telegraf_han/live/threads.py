"""Starts the readers of a configuration: one thread per source, and one pipe that ends them all.

`run` reads for Telegraf, `scan` and `watch` read for a person. They use the same sources, receivers and threads, but other decoders. The
pipe is `Shared.wake`. To end the readers, one byte is written into the pipe, and nobody takes that byte. The pipe is part of every
`select`, so all readers see the byte, and no exception has to cross between threads. Some commands call `require_free` first. It finds a
port that another program has before any thread is started.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Self

from telegraf_han import receivers
from telegraf_han.config.sections import Config, MeterConfig, ReceiverConfig
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import PortInUseError, SourceError
from telegraf_han.language import _, marked
from telegraf_han.live.log import Log
from telegraf_han.live.outbox import Outbox
from telegraf_han.live.reader import Feed, Reader, Shared
from telegraf_han.p1.capture import Capture
from telegraf_han.p1.framer import Framer
from telegraf_han.ports import sources
from telegraf_han.ports.sources import Source

END_S: Final = 0.5
"""Time that the readers of a command have to end."""
STOP_FIRST: Final = marked("If it is Telegraf with this plugin, stop Telegraf: sudo systemctl stop telegraf (and start it afterwards)")


def lock() -> AbstractContextManager[object]:
    """Return a lock for objects that several readers use."""
    return threading.Lock()


class Readers:
    """The readers of a configuration and what they share."""

    __slots__ = ("_config", "_threads", "shared", "waker")

    def __init__(self, config: Config, decoder: Decoder, log: Log) -> None:
        """Nothing runs yet."""
        wake, self.waker = os.pipe()
        os.set_blocking(self.waker, False)
        self._config: Final = config
        self._threads: Final[list[threading.Thread]] = []
        self.shared: Final = Shared(decoder, lock(), Outbox(), log, wake)

    def start(self) -> None:
        """Start a thread for each P1 meter and each receiver."""
        for feed in self._feeds():
            self._threads.append(started(f"reader-{feed.name}", Reader(feed, self.shared).live))

    def __enter__(self) -> Self:
        """Start the readers, for commands that read for a while."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the waits. A reader that is stuck in a driver ends with the process."""
        self.wake()
        self.join(END_S)

    def over(self) -> bool:
        """Whether every source has ended, as a replayed file does."""
        return not any(thread.is_alive() for thread in self._threads)

    def wake(self) -> None:
        """End all waits, for good."""
        try:
            os.write(self.waker, b"\0")
        except BlockingIOError:
            return  # the pipe is full of such bytes

    def join(self, wait_s: float) -> None:
        """Wait for all readers to end, in total no longer than `wait_s`."""
        joined(self._threads, wait_s)

    def require_free(self, advice: str = STOP_FIRST) -> None:
        """Raise PortInUseError if another program has a local port. A port that does not exist yet may still come.

        `advice` is the end of the message: what to do.
        """
        for feed in self._feeds():
            if not feed.place.startswith("/dev/") and not os.path.islink(feed.place):
                continue
            try:
                feed.opened().close()
            except PortInUseError as error:
                raise PortInUseError(f"{error}. {_(advice)}") from None
            except SourceError:
                continue

    def _feeds(self) -> list[Feed]:
        cables = [self._cable(meter) for meter in self._config.meters if meter.interface == "p1"]
        return cables + [self._radio(receiver) for receiver in self._config.receivers]

    def _cable(self, meter: MeterConfig) -> Feed:
        wake = self.shared.wake
        return Feed(meter.name, meter.port, lambda: sources.opened(meter.port, meter.line, wake), Framer, Capture, "W")

    def _radio(self, receiver: ReceiverConfig) -> Feed:
        kind = receivers.named(receiver.type)
        if receiver.command:
            place = " and ".join(receivers.needs(receiver.type, receiver.command)) or receiver.command[0]
            return Feed(receiver.name, place, self._program(receiver), kind.Receiver, kind.Receiver, "D")
        line, wake = receiver.line or kind.LINE, self.shared.wake
        return Feed(receiver.name, receiver.port, lambda: sources.opened(receiver.port, line, wake), kind.Receiver, kind.Receiver, "D")

    def _program(self, receiver: ReceiverConfig) -> Callable[[], Source]:
        from telegraf_han.ports import programs  # noqa: PLC0415, most configurations have none

        shared, needs, quiet_s = self.shared, receivers.needs(receiver.type, receiver.command), receivers.quiet_s(receiver.type)

        def said(text: str) -> None:
            shared.log.repeated("D", "program", receiver.name, f"{receiver.name} says: {text}", a_minute=programs.LINES_A_MINUTE)

        secrets = self._config.secrets
        return lambda: programs.started(receiver.command, shared.wake, said, needs=needs, quiet_s=quiet_s, secrets=secrets)


def started(name: str, life: Callable[[], None]) -> threading.Thread:
    """Start a thread that does not keep the process alive, because it may be stuck in a driver or in a name lookup."""
    thread = threading.Thread(target=life, name=name, daemon=True)
    thread.start()
    return thread


def joined(threads: Iterable[threading.Thread], wait_s: float) -> None:
    """Wait for all threads to end, in total no longer than `wait_s`."""
    until_s = time.monotonic() + wait_s
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))
