"""Telegrams to a sink, at a meter's pace or faster; what a sink is, and the plainest one, stdout.

A real serial line does not wait for its reader, so in real time nothing here waits either: what nobody reads is dropped, whole
telegrams at a time, and nothing grows. Behind real time (past days, `--speed max`) a reader that is there is given time to read,
since otherwise most of the past would be lost, and the first telegram after it too; one that stalls for longer than `STALL_S` is
treated as absent. One thread, no buffer but the kernel's. The other sinks are `terminal` and `network`; the writer into InfluxDB is
the caller's.
"""

import os
import time
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from telegraf_han.simulate.stream import NS, Sent

STALL_S: Final = 5.0
"""How long a reader may stand still while the past is sent."""


class Sink(Protocol):
    """Where telegrams go."""

    def deliver(self, sent: Sent, patience_s: float) -> None:
        """Take one telegram; wait for a slow reader no longer than `patience_s`. Raises BrokenPipeError where nobody will ever read."""

    def idle(self, seconds: float) -> None:
        """Nothing to send for so long: wait, and look after whoever comes and goes."""

    def wait_for_reader(self) -> None:
        """Return as soon as somebody reads."""

    def finish(self) -> None:
        """There is nothing more to send: let readers have what was sent."""

    def close(self) -> None:
        """Close at once."""


class Pace(NamedTuple):
    """When a telegram is due, by the host's clock."""

    host_ns: int
    """Host clock at the beginning; 0 in `FLAT_OUT`."""
    meter_ns: int
    """Meter clock at that moment."""
    speed: float
    """Meter seconds per second; infinite means at once."""

    def due_ns(self, time_ns: int) -> int:
        """Host clock at which the meter's clock shows `time_ns`."""
        return self.host_ns + int((time_ns - self.meter_ns) / self.speed)


FLAT_OUT: Final = Pace(0, 0, float("inf"))


def live(start_ns: int, now_ns: int) -> Pace:
    """The past at once, then real time; a start in the future begins now and keeps its distance."""
    return Pace(now_ns, max(start_ns, now_ns), 1.0)


def serve(telegrams: Iterable[Sent], sink: Sink, pace: Pace) -> None:
    """Send all telegrams when they are due. Raises BrokenPipeError where the reader is gone for good."""
    was_behind = False
    for sent in telegrams:
        wait_s = (pace.due_ns(sent.frame.received_ns) - time.time_ns()) / NS
        is_behind = wait_s <= 0
        if not is_behind:
            sink.idle(wait_s)
        # The first in real time may find the end of the past still in the way.
        sink.deliver(sent, STALL_S if is_behind or was_behind else 0.0)
        was_behind = is_behind


class StdoutSink:
    """Standard output: blocks like any pipe."""

    def deliver(self, sent: Sent, patience_s: float) -> None:  # noqa: ARG002, a pipe's reader sets the pace itself
        """Write all of it. Raises BrokenPipeError."""
        rest = memoryview(sent.wire)
        while rest:
            rest = rest[os.write(1, rest) :]

    def idle(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def wait_for_reader(self) -> None:
        """A pipe has one from the start."""

    def finish(self) -> None:
        """What was written is in the pipe."""

    def close(self) -> None:
        """The interpreter closes it."""
