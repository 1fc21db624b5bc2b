"""A bench for the receiver of a stick: bytes in, events out, and a clock that is turned by hand."""

from collections.abc import Callable, Iterable

import pytest

from telegraf_han import receivers
from telegraf_han.telegram import Event, Fault, Frame, Lost, Ready, Send

S = 1_000_000_000
SHORT = bytes.fromhex("1044ed147856341201027804032a000000")
"""A telegram of 17 bytes without link CRCs."""


class Bench:
    """A receiver and all its events."""

    def __init__(self, kind: str) -> None:
        self.receiver = receivers.named(kind).Receiver()
        self.now_ns = 1000 * S
        self.events: list[Event] = []

    def opened(self) -> "Bench":
        """The port is opened."""
        return self._took(self.receiver.start(self.now_ns))

    def hears(self, *pieces: bytes) -> "Bench":
        """Bytes come out of the port."""
        for piece in pieces:
            self._took(self.receiver.feed(piece, self.now_ns))
        return self

    def waits(self, seconds: float) -> "Bench":
        """Nothing comes. The receiver is told so each half second, as the reader does."""
        for _ in range(int(seconds * 2)):
            self.now_ns += S // 2
            self._took(self.receiver.idle(self.now_ns))
        return self

    def ends(self) -> "Bench":
        """The input is over."""
        return self._took(self.receiver.finish(self.now_ns))

    def _took(self, events: Iterable[Event]) -> "Bench":
        self.events += events
        return self

    def taken(self) -> list[Event]:
        """All events since the last look."""
        events, self.events = self.events, []
        return events

    def sent(self) -> list[bytes]:
        """What was written to the port."""
        return [event.data for event in self.events if isinstance(event, Send)]

    def frames(self) -> list[tuple[bytes, float | None]]:
        """Telegrams and their level."""
        return [(event.data, event.rssi_dbm) for event in self.events if isinstance(event, Frame)]

    def faults(self) -> list[tuple[str, str]]:
        """The faults for what was given up."""
        return [(str(event.cause), event.detail) for event in self.events if isinstance(event, Fault)]

    def ready(self) -> list[str]:
        """What the receiver reports about a stick that is set up."""
        return [event.what for event in self.events if isinstance(event, Ready)]

    def lost(self) -> list[str]:
        """Why a stick was given up."""
        return [event.reason for event in self.events if isinstance(event, Lost)]


@pytest.fixture
def bench() -> Callable[[str], Bench]:
    """A bench for a type of receiver."""
    return Bench


@pytest.fixture
def short() -> bytes:
    """A telegram of 17 bytes without link CRCs."""
    return SHORT
