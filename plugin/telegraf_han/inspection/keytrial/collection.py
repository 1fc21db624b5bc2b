"""Keeps a few frames of each source, on which keys are tried, and counts the telegrams that arrived damaged.

`Collection` is a decoder that decodes nothing. Readers feed it as they feed the decoder of `run`. It keeps only the first telegrams of each
cable and of each wireless meter. Noise invents meters, so the number of meters is limited, too.
"""

from collections import Counter
from typing import Final

from telegraf_han.config.sections import Config
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import Cause, TelegramError
from telegraf_han.mbus import layers
from telegraf_han.mbus.layers import Sealed
from telegraf_han.telegram import Fault, Frame, Interface, Telegram

KEPT: Final = 8
"""Telegrams kept of one source or meter. They are enough to tell two meters in one capture apart, and a typed key from a chance hit."""
METERS_LIMIT: Final = 512
"""Wireless meters at most. A tower block has hundreds."""


class Cable:
    """What came from one P1 source."""

    __slots__ = ("faults", "kept", "named", "telegrams")

    def __init__(self) -> None:
        self.telegrams = 0
        self.kept: Final[list[bytes]] = []
        self.faults: Final[Counter[Cause]] = Counter()
        self.named = ""
        """What bytes are that belong to no telegram, if the receiver says so: a sentence."""

    def lost(self, fault: Fault) -> None:
        """Count what a receiver gave up."""
        self.faults[fault.cause] += 1
        self.named = fault.named or self.named


class Collection(Decoder):
    """All that arrived."""

    __slots__ = ("_wanted", "cables", "meters_heard", "radio_faults")

    def __init__(self, config: Config) -> None:
        """Nothing yet."""
        super().__init__(config)
        self._wanted: Final = config.meters
        self.cables: Final[dict[str, Cable]] = {}
        """By source: the P1 meter's name, or "" for a capture."""
        self.meters_heard: Final[dict[str, list[Sealed]]] = {}
        """By the meter's id, and also by the id of its radio adapter if that is another id."""
        self.radio_faults = 0

    def take(self, frame: Frame, source: str = "", *, live: bool = False) -> Telegram | None:  # noqa: ARG002, as the decoder has it
        """Keep a frame, or count it. Raises TelegramError for one that names no meter."""
        if frame.interface == "p1":
            cable = self.cables.setdefault(source, Cable())
            cable.telegrams += 1
            if len(cable.kept) < KEPT and frame.data not in cable.kept:
                cable.kept.append(frame.data)
            return None
        try:
            sealed = layers.opened(frame.data)
        except TelegramError:
            self.radio_faults += 1
            raise
        if not sealed.empty:
            self._heard(sealed)
        return None

    def _heard(self, sealed: Sealed) -> None:
        for number in dict.fromkeys((sealed.meter.id, sealed.link.id)):
            if number not in self.meters_heard and len(self.meters_heard) >= METERS_LIMIT:
                continue
            kept = self.meters_heard.setdefault(number, [])
            if len(kept) < KEPT and sealed not in kept:
                kept.append(sealed)

    def fault(self, fault: Fault, source: str, steady_ns: int) -> None:
        """Count what a receiver gave up."""
        del steady_ns
        meter = self.meters.get(source)
        if meter is None or meter.config.interface == "wmbus":
            self.radio_faults += 1
            return
        self.cables.setdefault(source, Cable()).lost(fault)

    def captured_fault(self, fault: Fault, interface: Interface) -> None:
        """Count what a capture's receiver gave up. A capture has no source name."""
        if interface == "wmbus":
            self.radio_faults += 1
            return
        self.cables.setdefault("", Cable()).lost(fault)

    def port(self, source: str, *, there: bool) -> None:
        """Do nothing: the readers' log says whether a port is there."""

    def line(self, telegram: Telegram) -> bytes:  # noqa: ARG002, as the decoder has it
        """Return nothing, because nobody reads lines here."""
        return b""

    def lacking(self) -> list[str]:
        """Meters from which no whole telegram has come yet."""
        return [
            meter.name
            for meter in self._wanted
            if not (self.cables.get(meter.name, _NONE).kept if meter.interface == "p1" else self.meters_heard.get(meter.id))
        ]


_NONE: Final = Cable()
