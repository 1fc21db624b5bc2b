"""Sends telegrams to a sink, at a meter's pace or faster. It defines the type of a sink, and has the simplest sink, stdout.

A real serial line does not wait for its reader. So in real time nothing here waits either. Telegrams that nobody reads are dropped whole,
and no queue grows. Behind real time (past days, `--speed max`) a reader that is there gets time to read. Otherwise most of the past would
be lost, and the first telegram after it, too. A reader that stalls for longer than `STALL_S` is treated as absent. There is one thread,
and no buffer but the kernel's. The other sinks are `terminal` and `network`. The writer into InfluxDB belongs to the caller.
"""

import os
import time
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from telegraf_han.simulate.stream import NS, Sent

STALL_S: Final = 5.0
"""How long a reader may stall while the past is sent."""


class Sink(Protocol):
    """Where telegrams go."""

    def deliver(self, sent: Sent, patience_s: float) -> None:
        """Take one telegram; wait for a slow reader no longer than `patience_s`. Raises BrokenPipeError if nobody will ever read."""

    def idle(self, seconds: float) -> None:
        """Wait, because nothing is to be sent for `seconds`, and handle readers that come and go."""

    def wait_for_reader(self) -> None:
        """Return as soon as somebody reads."""

    def finish(self) -> None:
        """Let readers get what was sent. Nothing more will be sent."""

    def close(self) -> None:
        """Close at once."""


class Pace(NamedTuple):
    """Says when a telegram is due, by the host's clock."""

    host_ns: int
    """Host clock at the beginning; 0 in `FLAT_OUT`."""
    meter_ns: int
    """Meter clock at that moment."""
    speed: float
    """Meter seconds per real second. Infinite means at once."""

    def due_ns(self, time_ns: int) -> int:
        """Host clock at which the meter's clock shows `time_ns`."""
        return self.host_ns + int((time_ns - self.meter_ns) / self.speed)


FLAT_OUT: Final = Pace(0, 0, float("inf"))


def live(start_ns: int, now_ns: int) -> Pace:
    """The pace of a live meter: the past at once, then real time. A start in the future begins now and stays ahead of the clock."""
    return Pace(now_ns, max(start_ns, now_ns), 1.0)


def serve(telegrams: Iterable[Sent], sink: Sink, pace: Pace) -> None:
    """Send all telegrams when they are due. Raises BrokenPipeError if the reader is gone for good."""
    was_behind = False
    for sent in telegrams:
        wait_s = (pace.due_ns(sent.frame.received_ns) - time.time_ns()) / NS
        is_behind = wait_s <= 0
        if not is_behind:
            sink.idle(wait_s)
        # The first telegram in real time may have to wait for the last ones of the past.
        sink.deliver(sent, STALL_S if is_behind or was_behind else 0.0)
        was_behind = is_behind


class StdoutSink:
    """Standard output. It blocks like any pipe."""

    def deliver(self, sent: Sent, patience_s: float) -> None:  # noqa: ARG002, a pipe's reader sets the pace itself
        """Write all of it. Raises BrokenPipeError."""
        rest = memoryview(sent.wire)
        while rest:
            rest = rest[os.write(1, rest) :]

    def idle(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def wait_for_reader(self) -> None:
        """Do nothing: a pipe has a reader from the start."""

    def finish(self) -> None:
        """Do nothing: what was written is in the pipe."""

    def close(self) -> None:
        """Do nothing: the interpreter closes stdout."""
