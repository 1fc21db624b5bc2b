"""Turns telegrams into a list of all meters in range. A row holds a meter's data in clear and, if its key fits, under the key.

The survey is a decoder that looks at each frame first. Readers feed it as they feed the decoder of `run`, so the survey hears what `run`
would hear. It makes no lines. The interval between two telegrams is the median of the last intervals, because one missed telegram must not
double it. A telegram that comes within a second is a repetition, or comes from a file that is read at once. It gives no interval. A meter
whose telegrams have no data (only "I am here") is in range, too. The number of rows is limited: a tower block has hundreds of meters, and
noise looks like more.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Literal

from telegraf_han.config.sections import Config, MeterConfig
from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import BadKeyError, Cause, TelegramError, WaitingError
from telegraf_han.mbus import devices, layers
from telegraf_han.mbus.layers import Sealed
from telegraf_han.telegram import Address, Fault, Frame, Telegram

METERS_LIMIT: Final = 512
"""More meters than one receiver hears. Telegrams of further meters are only counted."""
INTERVALS_REMEMBERED: Final = 15
"""Intervals of one meter: enough for a median that four missed telegrams do not move."""
SHORTEST_INTERVAL_NS: Final = 1_000_000_000
"""No meter sends so often (OMS Volume 2, 4.4: two seconds at least)."""

Opening = Literal["unknown", "opens", "wrong", "none", "plain", "unread", "bad"]
"""Result of the configured key: it is not tried yet, opens the telegram, is wrong, is missing, or is not needed; or the telegram fails for
another reason; or the key cannot be read or is no key."""


class Heard:
    """One meter in range."""

    __slots__ = (
        "address",
        "intervals_ns",
        "newest_ns",
        "opening",
        "rssi_dbm",
        "section",
        "security",
        "strongest_dbm",
        "telegrams",
        "trouble",
    )

    def __init__(self, address: Address, section: MeterConfig | None, now_ns: int) -> None:
        """Heard for the first time; `section` is its [[meter]], if it has one."""
        self.address: Final = address
        self.section: Final = section
        self.telegrams = 0
        self.newest_ns = now_ns
        self.intervals_ns: Final[deque[int]] = deque(maxlen=INTERVALS_REMEMBERED)
        self.rssi_dbm: float | None = None
        self.strongest_dbm: float | None = None
        self.security = "?"
        self.opening: Opening = "unknown"
        self.trouble = ""
        """Why the newest telegram could not be read."""

    def heard(self, sealed: Sealed, frame: Frame) -> None:
        """One more telegram."""
        past_ns = frame.steady_ns - self.newest_ns
        if self.telegrams and past_ns >= SHORTEST_INTERVAL_NS:
            self.intervals_ns.append(past_ns)
        if not self.telegrams or past_ns >= SHORTEST_INTERVAL_NS:
            self.newest_ns = frame.steady_ns
        self.telegrams += 1
        if frame.rssi_dbm is not None:
            self.rssi_dbm = frame.rssi_dbm
            self.strongest_dbm = max(frame.rssi_dbm, self.strongest_dbm or frame.rssi_dbm)
        if not sealed.empty:
            self.security = devices.security(sealed)

    @property
    def interval_s(self) -> float | None:
        """Seconds between two telegrams, or None as long as the interval is not known."""
        ordered = sorted(self.intervals_ns)
        return ordered[len(ordered) // 2] / 1e9 if ordered else None


class Survey(Decoder):
    """All meters in range. Readers hold their lock around each use; other code that reads the rows must hold the lock, too."""

    __slots__ = ("_keep", "_sections", "faults", "frames", "lasting", "meters_in_range", "ports", "uncounted")

    def __init__(self, config: Config, keep: Callable[[Frame], None] = lambda _: None) -> None:
        """Nothing heard yet. `keep` is called with each frame."""
        super().__init__(config)
        self._keep: Final = keep
        self._sections: Final = {meter.id: meter for meter in config.meters if meter.interface == "wmbus"}
        self.meters_in_range: Final[dict[bytes, Heard]] = {}
        self.frames = 0
        self.faults = 0
        """Telegrams that arrived damaged."""
        self.lasting: Final[dict[str, str]] = {}
        """Receiver → a fault that will happen each time, such as a P1 port in the place of a receiver."""
        self.uncounted = 0
        """Telegrams of meters beyond METERS_LIMIT."""
        self.ports: Final[dict[str, bool]] = {}
        """Receiver → whether its port is there."""

    def take(self, frame: Frame, source: str = "", *, live: bool = False) -> Telegram | None:
        """Note whose frame it is, then decode it, whether or not it is of now. Raises TelegramError as every decoder does."""
        del live
        self.frames += 1
        self._keep(frame)
        try:
            sealed = layers.opened(frame.data)
        except TelegramError:
            self.faults += 1
            return super().take(frame, source)
        heard = self._row(sealed, frame.steady_ns)
        if heard is None:
            self.uncounted += 1
            return super().take(frame, source)
        heard.heard(sealed, frame)
        return self._tried(heard, frame, source)

    def _row(self, sealed: Sealed, now_ns: int) -> Heard | None:
        """The meter's row. A new meter gets a new row, or None if there are too many."""
        row = self.meters_in_range.get(sealed.meter.raw)
        if row is None and len(self.meters_in_range) < METERS_LIMIT:
            section = self._sections.get(sealed.meter.id) or self._sections.get(sealed.link.id)
            row = self.meters_in_range[sealed.meter.raw] = Heard(sealed.meter, section, now_ns)
        return row

    def _tried(self, heard: Heard, frame: Frame, source: str) -> Telegram | None:
        """Decode, and note what the configured key did. Raises TelegramError."""
        try:
            telegram = super().take(frame, source)
        except UnknownMeterError:
            heard.opening = "plain" if heard.security == "none" else "unknown"
            return None  # the meter has its row and needs no line in the log as well
        except WaitingError:
            return None  # nothing is wrong with it
        except TelegramError as error:
            heard.opening = self._failed(heard, error)
            heard.trouble = str(error)
            raise
        if telegram is not None:
            heard.opening = "plain" if heard.security == "none" else "opens"
            heard.trouble = ""
        return telegram

    def _failed(self, heard: Heard, error: TelegramError) -> Opening:
        """The result for the meter's key, as it is now, if a telegram of a configured meter cannot be read."""
        if isinstance(error, BadKeyError):
            return "bad"
        if error.cause is not Cause.KEY:
            return "unread"
        return "wrong" if heard.section is not None and self.meters[heard.section.name].config.key is not None else "none"

    def fault(self, fault: Fault, source: str, steady_ns: int) -> None:
        """Count what a receiver gave up. A fault that lasts is no damage on the air."""
        if fault.lasts:
            self.lasting[source] = fault.detail
        else:
            self.faults += 1
        super().fault(fault, source, steady_ns)

    def port(self, source: str, *, there: bool) -> None:
        """A receiver's port appeared or vanished."""
        self.ports[source] = there
        super().port(source, there=there)

    def line(self, telegram: Telegram) -> bytes:  # noqa: ARG002, as the decoder has it
        """Return nothing, because nobody reads lines here."""
        return b""
