"""Remembers what was heard of each configured meter: counters, times, recent telegrams.

This is the only long-lived state of the core, and only `decoder` writes it. The meter of a radio telegram is found by its address, the
eight digits of the configuration. A P1 telegram has no address. Its meter is found by the cable or, in a capture, by the key that opens
the telegram. Everything here is bounded: counters are numbers, and the memory for duplicates has a fixed length.
"""

from collections import deque
from typing import TYPE_CHECKING, Final

from telegraf_han.config.sections import MeterConfig
from telegraf_han.errors import Cause, TelegramError

if TYPE_CHECKING:
    from telegraf_han.mbus.memory import Memory

DUPLICATES_REMEMBERED: Final = 16
"""Telegrams kept for comparison. Two receivers and a repeater hear one telegram within seconds, so a few would be enough."""
DUPLICATES_NS: Final = 300 * 1_000_000_000
"""Within this time the same bytes are the same telegram, heard again. Later they are a new telegram with the same values."""

ONE_READ_NS: Final = 1_000_000
"""Stamps of the telegrams of one read stay within this of the read's time. If the host's clock was put back further, stamps start again."""


class MeterState:
    """One configured meter and its history."""

    __slots__ = (
        "clock_offset_s",
        "config",
        "decoded",
        "duplicates",
        "error_ns",
        "errors",
        "good_ns",
        "host_ns",
        "host_stamped",
        "maker",
        "memory",
        "port_there",
        "recent",
        "rssi_dbm",
        "tag_failed",
        "telegrams",
        "unverified",
    )

    def __init__(self, config: MeterConfig) -> None:
        """A meter not heard yet."""
        self.config: Final = config
        self.telegrams = 0
        self.decoded = 0
        self.duplicates = 0
        self.unverified = 0
        self.errors: Final = dict.fromkeys(Cause, 0)
        self.error_ns: Final[dict[Cause, int]] = {}
        self.good_ns: int | None = None
        """Host clock at the last telegram decoded."""
        self.clock_offset_s: float | None = None
        """The meter's clock minus the host's clock."""
        self.rssi_dbm: float | None = None
        self.tag_failed = False
        self.host_stamped = 0
        """Lines stamped with the host's clock, because the meter's clock was more than an hour off."""
        self.host_ns: int | None = None
        """The newest of these stamps."""
        self.maker = ""
        """Manufacturer in the newest radio telegram that was read. Only manufacturer and number together identify one meter."""
        self.memory: Memory | None = None
        """What earlier radio telegrams said that the next one needs."""
        self.port_there = True
        self.recent: Final[deque[tuple[int, int]]] = deque(maxlen=DUPLICATES_REMEMBERED)

    def failed(self, cause: Cause, now_ns: int) -> None:
        """Count an error."""
        self.errors[cause] += 1
        self.error_ns[cause] = now_ns

    def blamed(self, error: TelegramError, now_ns: int) -> TelegramError:
        """Count an error, put this meter's name on it, and return it."""
        error.meter = self.config.name
        self.failed(error.cause, now_ns)
        return error

    def host_stamp_ns(self, received_ns: int) -> int:
        """The host's clock as a time stamp. Each telegram of one read gets its own stamp. Otherwise the last would overwrite the others."""
        if self.host_ns is not None and 0 <= self.host_ns - received_ns < ONE_READ_NS:
            received_ns = self.host_ns + 1
        self.host_ns = received_ns
        return received_ns

    def heard_before(self, data: bytes, now_ns: int) -> bool:
        """Whether the same telegram came a short time ago. Remembers the telegram."""
        digest = hash(data)
        if any(known == digest and now_ns - when_ns < DUPLICATES_NS for known, when_ns in self.recent):
            return True
        self.recent.append((digest, now_ns))
        return False
