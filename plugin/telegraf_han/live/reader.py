"""Turns one source into lines, for ever: opens it, feeds its receiver, decodes, queues, and tries again when the source is gone.

Each reader runs in a thread of its own. All readers share the decoder (behind one lock, held for about 30 µs), the outbox and the log. A
reader owns only its receiver. A new receiver is made at each opening of the port, so that half a telegram from before is never put
together with what comes afterwards. It is counted as lost when the source goes.

A change of state is logged once: there, gone, there again. The tries in between are not logged. A source counts as there after its first
bytes, or after it was open for a while. So a program that starts and ends at once is not "there" each time. A stick that is asked questions
counts as there after its answers. A connection that was silent for too long is opened again, and does not count as gone. A source that ends
(a replayed file) ends its reader, and nothing is sent to such a source.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import BadKeyError, RefusedError, SilentError, SourceError, StaleError, TelegramError, WaitingError
from telegraf_han.language import _
from telegraf_han.live import keyfiles
from telegraf_han.live.log import Level, Log
from telegraf_han.live.outbox import Outbox
from telegraf_han.ports import sources
from telegraf_han.ports.sources import Source
from telegraf_han.telegram import Event, Fault, Frame, Lost, Ready, Receiver, Remark, Send, Telegram, of_fields

IDLE_S: Final = 0.5
"""After this time without bytes a receiver is informed. The receiver decides by its own times whether the silence is too long."""
FOR_EVER_NS: Final = 3_600_000_000_000
"""A pause that is longer than any receiver waits for the rest of a telegram."""
SETTLED_S: Final = 2.0
"""A port that is open for this long without a byte is there. A program that cannot work has ended by then."""

CHANGES_A_MINUTE: Final = 4
"""How often per minute a loss or a return of a source is logged. A loose plug may be pulled twice. More changes are only counted."""


class Feed(NamedTuple):
    """What a reader reads."""

    name: str
    """Name of the P1 meter or the receiver."""
    place: str
    """Port or program, as the log names it."""
    opened: Callable[[], Source]
    receiver: Callable[[], Receiver]
    capture: Callable[[], Receiver]
    """Makes the receiver of a file to replay. The file may be a hex dump."""
    noise: Level
    """The level at which lost bytes are logged. On a cable they are a fault, on the air they are normal."""


class Shared(NamedTuple):
    """What all readers use."""

    decoder: Decoder
    lock: AbstractContextManager[object]
    """Held around each use of the decoder."""
    outbox: Outbox
    log: Log
    wake: int
    """Descriptor that becomes readable when all readers have to end."""


class Reader:
    """Reads one source."""

    __slots__ = ("_feed", "_proved", "_shared", "_told")

    def __init__(self, feed: Feed, shared: Shared) -> None:
        """Nothing is opened yet."""
        self._feed: Final = feed
        self._shared: Final = shared
        self._proved = False
        self._told = ""

    def live(self) -> None:
        """Read until the wake-up or the source's end. The thread runs this: every failure is logged, and the source is tried again."""
        pauses = sources.pauses_s()
        while True:
            try:
                self._until_over()
            except SilentError as error:
                self._shared.log.repeated("D", "silent", self._feed.name, f"{self._feed.name}: {error}")
                continue  # the meter may be what is silent, so the port does not count as gone
            except SourceError as error:
                self._lost(str(error))
            except Exception as error:
                self._lost(defect(error))
            else:
                return
            if self._proved:
                pauses = sources.pauses_s()
                self._proved = False
            if not sources.paused(next(pauses), self._shared.wake):
                return

    def _until_over(self) -> None:
        """Open the source once and read it to its end, or to the wake-up. Raises SourceError."""
        source = self._feed.opened()
        try:
            self._read(source)
        finally:
            source.close()

    def _read(self, source: Source) -> None:
        receiver = self._feed.capture() if source.finite else self._feed.receiver()
        settled_s = time.monotonic() + SETTLED_S
        first = receiver.start(time.monotonic_ns())
        asked = not source.finite and any(isinstance(event, Send) for event in first)
        self._follow(first, source)
        while True:
            try:
                data = source.read(IDLE_S)
            except SourceError:
                self._break_off(receiver, source)
                raise
            now_ns = time.monotonic_ns()
            if data == b"" and not sources.paused(0, self._shared.wake):
                return
            if data is None:
                self._follow(receiver.finish(now_ns), source)
                self._shared.log.say("I", _("{name}: {place} was read to its end", name=self._feed.name, place=self._feed.place))
                return
            if not self._proved and not asked and (data or time.monotonic() >= settled_s):
                self._found(self._feed.place)
            self._follow(receiver.feed(data, now_ns) if data else receiver.idle(now_ns), source)

    def _break_off(self, receiver: Receiver, source: Source) -> None:
        """The source is gone, so the rest of a telegram will not come. To the receiver that is a pause without end, and half is a fault."""
        events = receiver.idle(time.monotonic_ns() + FOR_EVER_NS)
        self._follow((event for event in events if isinstance(event, Fault)), source)

    def _found(self, what: str) -> None:
        self._proved = True
        self._told = ""
        with self._shared.lock:
            self._shared.decoder.port(self._feed.name, there=True)
        text = _("{name}: reading {what}", name=self._feed.name, what=what)
        self._shared.log.repeated("I", "there", self._feed.name, text, a_minute=CHANGES_A_MINUTE)

    def _lost(self, reason: str) -> None:
        """Log the loss once, however often the source is tried."""
        with self._shared.lock:
            self._shared.decoder.port(self._feed.name, there=False)
        if reason != self._told:
            self._told = reason
            text = _("{name}: {why}. Trying again until it is back", name=self._feed.name, why=reason)
            self._shared.log.repeated("W", "port", self._feed.name, text, a_minute=CHANGES_A_MINUTE)

    def _follow(self, events: Iterable[Event], source: Source) -> None:
        """Handle the events of a receiver."""
        for event in events:
            match event:
                case Frame():
                    self._take(event, source)
                case Fault(cause, detail, _, lasts):
                    with self._shared.lock:
                        self._shared.decoder.fault(event, self._feed.name, time.monotonic_ns())
                    level: Level = "W" if lasts else self._feed.noise
                    self._shared.log.repeated(level, f"{level} {cause}", self._feed.name, f"{self._feed.name}: {detail}")
                case Remark(text):
                    self._shared.log.repeated("W", "remarks", self._feed.name, f"{self._feed.name}: {text}")
                case Send(data) if not source.finite:
                    source.write(data)
                case Ready(what) if not source.finite:
                    self._found(f"{self._feed.place}: {what}")
                case Lost(reason) if not source.finite:
                    raise SourceError(f"{self._feed.place}: {reason}")

    def _take(self, frame: Frame, source: Source) -> None:
        """Decode a frame and queue its lines. A file to replay waits when the queue fills, and its time stamp is the meter's clock."""
        shared = self._shared
        interface, data, steady_ns, rssi_dbm, checked, _none = frame
        frame = of_fields(Frame, (interface, data, time.time_ns(), rssi_dbm, checked, steady_ns))  # a receiver has only the steady clock
        try:
            with shared.lock:
                telegram = shared.decoder.take(frame, self._feed.name, live=not source.finite)
                lines = shared.decoder.line(telegram) if telegram else b""
        except UnknownMeterError as error:
            shared.log.repeated("D", "neighbour", self._feed.name, f"{self._feed.name}: {error}")
            return
        except WaitingError as error:
            shared.log.repeated("D", "waiting", error.meter, f"{error.meter}: {error}")
            return
        except (StaleError, RefusedError) as error:
            shared.log.repeated("W", type(error).__name__, error.meter, f"{error.meter}: {error}")
            return
        except BadKeyError as error:
            keyfiles.tell(shared.log, shared.decoder.meters[error.meter].config)
            return
        except TelegramError as error:
            about = error.meter or self._feed.name
            shared.log.repeated("W", error.cause, about, f"{about}: {error}")
            return
        if telegram is None:
            return
        self._remark(telegram)
        while source.finite and not shared.outbox.room(IDLE_S):
            if not sources.paused(0, shared.wake):
                return
        shared.outbox.put(telegram.meter, lines)

    def _remark(self, telegram: Telegram) -> None:
        """Log the warnings and flaws of a good telegram."""
        for warning in telegram.warnings:
            self._shared.log.repeated("W", "warnings", telegram.meter, f"{telegram.meter}: {warning}")
        for flaw in telegram.flaws:
            self._shared.log.once(
                "W", telegram.meter, _("{name}: {flaw}. The rest of the telegram is read", name=telegram.meter, flaw=flaw)
            )


def defect(error: BaseException) -> str:
    """Describe an error of this program by its type and place, without its text. The text may contain parts of a telegram."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace is not None else ""
    what = f"{type(error).__name__}{where}"
    return _("defect of telegraf-han, please report it: {what}", what=what)
