"""reader: one source's life, with sources and a decoder that do what a test wants."""

import os
import threading
from collections.abc import Iterator

import pytest

from telegraf_han.decoding.decoder import UnknownMeterError
from telegraf_han.errors import Cause, ChecksumError, RefusedError, SourceError, StaleError, WaitingError
from telegraf_han.live.log import Level, Log
from telegraf_han.live.outbox import Outbox
from telegraf_han.live.reader import Feed, Reader, Shared, defect
from telegraf_han.telegram import Event, Fault, Frame, Lost, Ready, Send, Shape, Telegram

SECRET = "5ec2e7"


def telegram(*, warnings: tuple[str, ...] = (), flaws: tuple[str, ...] = ()) -> Telegram:
    """A telegram of a meter."""
    return Telegram("home", "p1", "1", "M", 1, 2, True, None, Shape(()), [], flaws, warnings)


class Decoder:
    """Does with a frame what its bytes name."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def take(self, frame: Frame, source: str, *, live: bool) -> Telegram | None:
        """Decode."""
        self.live = live
        assert frame.steady_ns < frame.received_ns
        match frame.data:
            case b"stale" | b"waiting" | b"refused":
                error = {b"stale": StaleError, b"waiting": WaitingError, b"refused": RefusedError}[frame.data](
                    f"it is {frame.data.decode()}"
                )
                error.meter = "home"
                raise error
            case b"damaged":
                raise ChecksumError("does not fit")
            case b"neighbour":
                raise UnknownMeterError("EGM", "87654321")
            case b"nothing":
                return None
            case b"defect":
                raise RuntimeError(SECRET)
            case b"remarks":
                return telegram(warnings=("a warning",), flaws=("a flaw",))
        return telegram()

    def line(self, _: Telegram) -> bytes:
        """A line that says what the telegram was taken for."""
        return b"live\n" if self.live else b"captured\n"

    def fault(self, fault: Fault, source: str, steady_ns: int) -> None:
        """A fault was counted."""
        self.told.append(f"{source} {fault.cause}")

    def port(self, source: str, *, there: bool) -> None:
        """A port came or went."""
        self.told.append(f"{source} {'there' if there else 'gone'}")


class Receiver:
    """A frame a read; some words are other events."""

    def __init__(self) -> None:
        self.started = False

    def start(self, now_ns: int) -> list[Event]:
        """Nobody is asked."""
        return []

    def feed(self, data: bytes, now_ns: int) -> list[Event]:
        """What the bytes are."""
        faults = {b"noise": Fault(Cause.FRAMING, "noise", 3), b"cut": Fault(Cause.FRAMING, "it cuts all", 3, lasts=True)}
        return [faults.get(data) or Frame("p1", data, now_ns)]

    def idle(self, now_ns: int) -> list[Event]:
        """Nothing."""
        return []

    def finish(self, now_ns: int) -> list[Event]:
        """What was left."""
        return [Frame("p1", b"left", now_ns)]


class Stick(Receiver):
    """Asks something first; two words are its answers."""

    def start(self, now_ns: int) -> list[Event]:
        """Its first question."""
        return [Send(b"hello")]

    def feed(self, data: bytes, now_ns: int) -> list[Event]:
        """What the bytes are."""
        words = {b"ready": Ready("a stick that listens"), b"lost": Lost("it does not answer"), b"more": Send(b"again")}
        return [words[data]] if data in words else super().feed(data, now_ns)


class Source:
    """Gives what it was made with, then raises or ends."""

    def __init__(self, *reads: bytes | Exception | None, finite: bool = False) -> None:
        self.finite = finite
        self.sent: list[bytes] = []
        self.closed = False
        self._reads = list(reads)

    def read(self, wait_s: float) -> bytes | None:
        """The next thing."""
        found = self._reads.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def write(self, data: bytes) -> None:
        """Remember."""
        self.sent.append(data)

    def close(self) -> None:
        """Remember."""
        self.closed = True


class Stage:
    """A reader with all it needs, and what came of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.decoder = Decoder()
        self.outbox = Outbox()
        self._wake, self._waker = os.pipe()
        self._heard, self._log = os.pipe()
        self.pauses: list[float] = []
        self._sources: list[Source] = []
        monkeypatch.setattr("telegraf_han.ports.sources.paused", self._paused)

    def _paused(self, pause_s: float, wake: int) -> bool:
        """No test waits: a pause is noted, and the last source's is the end."""
        if pause_s:
            self.pauses.append(pause_s)
        return bool(self._sources) or not pause_s

    def live(self, *given: Source | SourceError, receiver: type[Receiver] = Receiver, noise: Level = "W") -> "Stage":
        """Let a reader live with these openings."""
        self._sources = list(given)

        def opened() -> Source:
            found = self._sources.pop(0)
            if isinstance(found, SourceError):
                raise found
            return found

        shared = Shared(self.decoder, threading.Lock(), self.outbox, Log(self._log), self._wake)
        Reader(Feed("home", "the port", opened, receiver, receiver, noise), shared).live()
        return self

    @property
    def lines(self) -> bytes:
        """What was queued."""
        return self.outbox.batch(0)

    @property
    def log(self) -> list[str]:
        """What was said."""
        os.set_blocking(self._heard, False)
        try:
            return os.read(self._heard, 65536).decode().splitlines()
        except BlockingIOError:
            return []

    def close(self) -> None:
        """Give the pipes back."""
        for end in (self._wake, self._waker, self._heard, self._log):
            os.close(end)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage."""
    one = Stage(monkeypatch)
    yield one
    one.close()


def test_live_source(stage: Stage) -> None:
    """Frames become lines, taken as live; the source is closed."""
    source = Source(b"", b"good", b"nothing", b"good", SourceError("the port is gone"))
    stage.live(source)

    assert stage.lines == b"live\nlive\n"
    assert stage.decoder.told == ["home there", "home gone"]
    assert stage.log == ["I! home: reading the port", "W! home: the port is gone. Trying again until it is back"]
    assert source.sent == []
    assert source.closed


def test_half_a_telegram_when_the_source_goes(stage: Stage) -> None:
    """What a receiver still waits for counts as lost. What else it would do after so long a pause is not done."""

    class Waits(Receiver):
        def idle(self, now_ns: int) -> list[Event]:
            return [Fault(Cause.FRAMING, "half", 3), Send(b"hello?"), Lost("it is quiet")]

    source = Source(b"good", SourceError("the port is gone"))
    stage.live(source, receiver=Waits)

    assert [one for one in stage.decoder.told if "half" in one or "framing" in one]
    assert stage.log[1:] == ["W! home: half", "W! home: the port is gone. Trying again until it is back"]
    assert source.sent == []


def test_stick_proves_itself_by_its_answers(stage: Stage) -> None:
    """Questions to a stick are sent. Neither bytes nor time make such a stick "there", only its readiness does."""
    source = Source(b"good", b"more", b"ready", b"good", SourceError("the port is gone"))
    stage.live(source, receiver=Stick)

    assert source.sent == [b"hello", b"again"]
    assert stage.lines == b"live\nlive\n"
    assert stage.decoder.told == ["home there", "home gone"]
    assert stage.log == [
        "I! home: reading the port: a stick that listens",
        "W! home: the port is gone. Trying again until it is back",
    ]


def test_stick_that_is_lost_is_opened_anew(stage: Stage) -> None:
    """The port is closed and opened again, each time later while it was never ready. The loss is logged once."""
    lost = [Source(b"lost") for _ in range(3)]
    stage.live(*lost, Source(b"ready", b"lost"), Source(b"lost"), receiver=Stick)

    assert all(source.closed for source in lost)
    assert stage.pauses == [0.5, 1, 2, 0.5, 1]
    assert stage.log == [
        "W! home: the port: it does not answer. Trying again until it is back",
        "I! home: reading the port: a stick that listens",
        "W! home: the port: it does not answer. Trying again until it is back",
    ]


def test_nothing_is_asked_of_a_file(stage: Stage) -> None:
    """The log of a stick is replayed as it is. Nothing is written to it, and a missing answer does not end it."""
    source = Source(b"good", b"lost", b"good", None, finite=True)
    stage.live(source, receiver=Stick)

    assert source.sent == []
    assert stage.lines == b"captured\n" * 3


def test_replayed_file(stage: Stage) -> None:
    """The telegrams of a file are no live ones. The rest at its end counts, and the file is not opened again."""
    stage.live(Source(b"good", None, finite=True), Source())

    assert stage.lines == b"captured\ncaptured\n"
    assert stage.log[-1] == "I! home: the port was read to its end"
    assert stage.pauses == []


def test_losses_are_told_once_and_pauses_grow(stage: Stage) -> None:
    """A source that stays away is logged once. The pauses double, and start again after it has delivered something."""
    away = SourceError("the port is not there")
    stage.live(away, away, away, away, Source(b"good", SourceError("the port was unplugged")), away, away)

    assert stage.pauses == [0.5, 1, 2, 4, 0.5, 1, 2]
    assert stage.log == [
        "W! home: the port is not there. Trying again until it is back",
        "I! home: reading the port",
        "W! home: the port was unplugged. Trying again until it is back",
        "W! home: the port is not there. Trying again until it is back",
    ]


def test_source_that_dies_at_once_is_never_there(stage: Stage) -> None:
    """A source that opens and ends without a byte has not come back, and the pauses go on growing."""
    stage.live(*[Source(SourceError("the program ended")) for _ in range(4)])

    assert stage.decoder.told == ["home gone"] * 4
    assert stage.log == ["W! home: the program ended. Trying again until it is back"]
    assert stage.pauses == [0.5, 1, 2, 4]


def test_silent_source_is_there_after_a_while(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that lives without a byte is there, too."""
    monkeypatch.setattr("telegraf_han.live.reader.SETTLED_S", 0.0)
    stage.live(Source(b"", SourceError("gone")))

    assert stage.decoder.told == ["home there", "home gone"]


def test_faults_and_errors_are_counted_and_told(stage: Stage) -> None:
    """Bytes that a receiver gives up are counted. Damaged telegrams are logged once. A neighbour's telegram is a debug line."""
    stage.live(Source(b"noise", b"noise", b"damaged", b"damaged", b"neighbour", b"good", SourceError("gone")))

    assert stage.lines == b"live\n"
    assert stage.decoder.told[1:3] == ["home framing", "home framing"]
    assert stage.log[1:-1] == [
        "W! home: noise",
        "W! home: does not fit",
        "D! home: telegram of EGM 87654321: no [[meter]] with this id is configured",
    ]


def test_what_is_counted_apart(stage: Stage) -> None:
    """A telegram that waits for its other part is a debug line. One that is held back or refused is a warning. Each is told once a minute."""
    stage.live(Source(*[b"waiting", b"stale", b"refused"] * 3, SourceError("gone")))

    assert stage.lines == b""
    assert stage.log[1:-1] == ["D! home: it is waiting", "W! home: it is stale", "W! home: it is refused"]


def test_faults_that_last_are_warnings(stage: Stage) -> None:
    """On the air, noise is a debug line, which Telegraf does not show. A fault that will happen each time is a warning."""
    stage.live(Source(b"noise", b"cut", b"noise", b"cut", SourceError("gone")), noise="D")

    assert stage.log[1:-1] == ["D! home: noise", "W! home: it cuts all"]


def test_remarks_of_a_telegram(stage: Stage) -> None:
    """A good telegram's warnings and flaws are told, and its line goes out."""
    stage.live(Source(b"remarks", SourceError("gone")))

    assert stage.lines == b"live\n"
    assert stage.log[1:-1] == ["W! home: a warning", "W! home: a flaw. The rest of the telegram is read"]


def test_remarks_that_come_and_go_are_told_once(stage: Stage) -> None:
    """A tag that fits every other telegram would warn each time it stops fitting. One warning per minute is enough."""
    stage.live(Source(*[b"remarks", b"good"] * 50, finite=True))

    assert [line for line in stage.log if "home: a" in line] == ["W! home: a warning", "W! home: a flaw. The rest of the telegram is read"]


def test_defect_is_told_by_type_and_place(stage: Stage) -> None:
    """A fault of the program itself ends nothing. It is logged without its text, and the source is closed and opened again."""
    first = Source(b"defect")
    stage.live(first, Source(b"good", SourceError("gone")))

    assert stage.lines == b"live\n"
    assert first.closed
    told = [line for line in stage.log if "defect of telegraf-han" in line]
    assert len(told) == 1
    assert "RuntimeError at " in told[0]
    assert SECRET not in told[0]


def test_defect_without_a_place() -> None:
    """An exception that was never raised has a type only."""
    assert defect(KeyError(SECRET)) == "defect of telegraf-han, please report it: KeyError"
