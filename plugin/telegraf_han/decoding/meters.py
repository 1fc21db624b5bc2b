"""Remembers what was heard of each configured meter: counters, times, recent telegrams.

This is the only long-lived state of the core, and only `decoder` writes it. The meter of a radio telegram is found by its address, the
eight digits of the configuration. A P1 telegram has no address. Its meter is found by the cable or, in a capture, by the key that opens
the telegram. Everything here is bounded: counters are numbers, and the memory for duplicates has a fixed length. Ages are measured with the
steady clock, because somebody may set the host's clock.
"""

from typing import TYPE_CHECKING, Final

from telegraf_han.config.options import KEYS
from telegraf_han.config.sections import MeterConfig
from telegraf_han.decoding.admission import Admission
from telegraf_han.decoding.registers import Registers
from telegraf_han.decoding.timing import Timing
from telegraf_han.errors import Cause, TelegramError
from telegraf_han.telegram import Telegram

if TYPE_CHECKING:
    from telegraf_han.mbus.memory import Memory

DUPLICATES_REMEMBERED: Final = 16
"""Telegrams kept for comparison. Two receivers and a repeater hear one telegram within seconds, so a few would be enough."""
DUPLICATES_NS: Final = 300 * 1_000_000_000
"""Within this time the same bytes are the same telegram, heard again. Later they are a new telegram with the same values."""


class MeterState:
    """One configured meter and its history."""

    __slots__ = (
        "admission",
        "clock_offset_s",
        "clock_told",
        "config",
        "decoded",
        "duplicates",
        "error_ns",
        "errors",
        "fields_refused",
        "flaws",
        "good_ns",
        "host_stamped",
        "maker",
        "memory",
        "newest",
        "port_there",
        "proved",
        "recent",
        "registers",
        "registers_back",
        "rssi_dbm",
        "sealed",
        "stale",
        "tag_failed",
        "telegrams",
        "timing",
        "unverified",
        "waiting",
    )

    def __init__(self, config: MeterConfig) -> None:
        """A meter not heard yet."""
        self.config = config
        self.sealed = _sealed(config)
        """Whether only telegrams that a key opened are believed."""
        self.telegrams = 0
        self.decoded = 0
        self.duplicates = 0
        self.unverified = 0
        self.flaws = 0
        """Lines and records that could not be read in telegrams that were read."""
        self.waiting = 0
        """Telegrams whose other part was not heard yet."""
        self.stale = 0
        """Telegrams that were held back as a replay."""
        self.registers_back = 0
        """How often a register became lower."""
        self.fields_refused = 0
        self.errors: Final = dict.fromkeys(Cause, 0)
        self.error_ns: Final[dict[Cause, int]] = {}
        """Steady clock at the newest error of each cause."""
        self.good_ns: int | None = None
        """Steady clock at the last telegram decoded."""
        self.clock_offset_s: float | None = None
        """The meter's clock minus the host's clock."""
        self.clock_told = ""
        """What was last told about the meter's clock."""
        self.rssi_dbm: float | None = None
        self.tag_failed = False
        self.proved = False
        """Whether a tag or MAC of this meter was proven once. Then telegrams without any are not believed."""
        self.host_stamped = 0
        """Lines stamped with the host's clock although the meter sends a clock."""
        self.maker = ""
        """Manufacturer in the newest radio telegram that was read. Only manufacturer and number together identify one meter."""
        self.memory: Memory | None = None
        """What earlier radio telegrams said that the next one needs."""
        self.newest: Telegram | None = None
        """The last telegram decoded. A page that is opened later begins with it."""
        self.port_there = True
        self.recent: Final[dict[int, int]] = {}
        """Hash and steady clock of the newest telegrams, oldest first."""
        self.timing: Final = Timing()
        self.registers: Final = Registers()
        self.admission: Final = Admission()

    def rekey(self, config: MeterConfig) -> None:
        """Go on with a configuration that differs only in its keys, and in what is said of them.

        What telegrams proved, they proved under the old key. So the meter is proved, and wrong, only by telegrams that come from now on.
        """
        old, self.config = self.config, config
        if all(getattr(old, option) == getattr(config, option) for option in KEYS):
            return
        self.sealed = _sealed(config)
        self.proved = self.tag_failed = False
        self.memory = None
        self.recent.clear()
        self.error_ns.pop(Cause.KEY, None)
        self.timing.rekeyed()

    def failed(self, cause: Cause, steady_ns: int) -> None:
        """Count an error."""
        self.errors[cause] += 1
        self.error_ns[cause] = steady_ns

    def named(self, error: TelegramError) -> TelegramError:
        """Put this meter's name on an error, and return it."""
        error.meter = self.config.name
        return error

    def blamed(self, error: TelegramError, steady_ns: int) -> TelegramError:
        """Count an error, put this meter's name on it, and return it."""
        self.failed(error.cause, steady_ns)
        return self.named(error)

    def heard_before(self, data: bytes, steady_ns: int) -> bool:
        """Whether the same telegram came a short time ago. Remembers the telegram."""
        digest = hash(data)
        when_ns = self.recent.pop(digest, None)
        if when_ns is not None and steady_ns - when_ns < DUPLICATES_NS:
            self.recent[digest] = when_ns
            return True
        if len(self.recent) >= DUPLICATES_REMEMBERED:
            del self.recent[next(iter(self.recent))]
        self.recent[digest] = steady_ns
        return False


def _sealed(config: MeterConfig) -> bool:
    return config.encryption == "required" and (config.encryption_key is not None or config.key is not None)
