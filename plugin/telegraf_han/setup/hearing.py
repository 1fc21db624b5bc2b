"""Listens to a meter before it is configured: what is heard, whose it is, whether the keys open it.

The readers and the search for mistakes in keys are those of the command `keys`. A cable is heard within seconds. By radio, meters send once
a minute, so the person sees each meter as soon as it is heard.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, cast

from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.config.sections import Config, MeterConfig, Output, ReceiverConfig
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import TelegramError
from telegraf_han.inspection.keytrial import judgement
from telegraf_han.inspection.keytrial.collection import Collection
from telegraf_han.inspection.keytrial.findings import Held
from telegraf_han.inspection.keytrial.judgement import Judged
from telegraf_han.live.threads import Readers
from telegraf_han.mbus import devices
from telegraf_han.p1 import envelope, signal
from telegraf_han.p1.dialects import MODELS
from telegraf_han.printing import say
from telegraf_han.telegram import Frame, Telegram
from telegraf_han.terminal.remarks import Remarks

KEPT: Final = 64
"""Frames that are kept, to read one when the keys are known."""
_TURN_S: Final = 0.2
_ALL_WELL: Final = "I! "
_FILE: Final = "han.toml"
_TITLE: Final = 3
"""Letters of the maker at the beginning of a system title (DLMS Green Book 4.3.4)."""


class Hearing(Collection):
    """All that was heard of one port."""

    __slots__ = ("frames",)

    def __init__(self, config: Config) -> None:
        """Nothing yet."""
        super().__init__(config)
        self.frames: Final[list[Frame]] = []

    def take(self, frame: Frame, source: str = "", *, live: bool = False) -> Telegram | None:
        """Keep the frame. Raises TelegramError for one that names no meter."""
        if len(self.frames) < KEPT:
            self.frames.append(frame)
        return super().take(frame, source, live=live)


class Meter(NamedTuple):
    """A meter in range of the radio."""

    id: str
    maker: str
    medium: str
    enciphered: bool


def cable(name: str, port: str) -> Config:
    """A configuration that only listens to a cable."""
    return Config(_FILE, Output(), (MeterConfig(name, "p1", port),), ())


def radio(kind: str, port: str, command: tuple[str, ...]) -> Config:
    """A configuration that only listens with a receiver."""
    return Config(_FILE, Output(), (), (ReceiverConfig("receiver", kind, port, "", command),))


def listen(config: Config, whole_s: float, enough: Callable[[Hearing], bool]) -> Hearing:
    """Listen until it is enough, or for the whole time. Raises PortInUseError."""
    hearing, remarks = Hearing(config), Remarks(())
    reading = Readers(config, hearing, remarks.log)
    reading.require_free()
    end_s = time.monotonic() + whole_s
    with reading:
        while time.monotonic() < end_s:
            over = reading.over()
            with reading.shared.lock:
                done = enough(hearing)
            if done or over:
                break
            time.sleep(_TURN_S)
    # What the log says of a port that works is no news here.
    say(*(line for line in remarks.newest() if not line.startswith(_ALL_WELL)))
    return hearing


def whose(frame: Frame) -> tuple[str, bool]:
    """The meter that a P1 telegram names in clear, "" if it names none, and whether the telegram is enciphered. Never raises."""
    try:
        found = envelope.envelope(frame.data)
    except TelegramError:
        return "", False
    model = next((model for ident, model in MODELS.items() if found.ident.startswith(ident)), "")
    title = found.block.title[:_TITLE] if found.block is not None else b""
    named = model or found.ident or (title.decode("ascii") if title.isalpha() and title.isascii() else "")
    return named, found.block is not None


def line_fault(hearing: Hearing) -> str:
    """Why nothing whole came through a cable, in one sentence. "" if nobody knows."""
    faults = [cable for cable in hearing.cables.values() if cable.named]
    return faults[0].named if faults and signal.is_line_fault(faults[0].named) else ""


def in_range(hearing: Hearing) -> list[Meter]:
    """The electricity meters that were heard by radio, then all others."""
    found = {}
    for sealed in (sealed for heard in hearing.meters_heard.values() for sealed in heard[:1]):
        address = sealed.meter
        is_plain = devices.security(sealed) == "none"
        found[address.id] = (
            address.device != devices.ELECTRICITY,
            Meter(address.id, address.manufacturer, devices.DEVICES.get(address.device, "?"), not is_plain),
        )
    return [meter for _, meter in sorted(found.values())]


def judged(hearing: Hearing, meter: MeterConfig, written: Mapping[str, Written]) -> list[Judged]:
    """What is right or wrong with the keys of a meter. `written` has the text of each key by option."""
    held = Held({(meter.name, option): text for option, text in written.items()}, [meter])
    today = datetime.fromtimestamp(time.time(), UTC).date()
    return judgement.all_of([meter], hearing, held, today)


def read(hearing: Hearing, meter: MeterConfig, keys: Mapping[str, Key]) -> Telegram | None:
    """One telegram of the meter, read with its keys. None if no telegram can be read."""
    decoder = Decoder(Config(_FILE, Output(), (meter._replace(**cast("Any", keys)),), ()))
    for frame in hearing.frames:
        try:
            telegram = decoder.take(frame, meter.name if meter.interface == "p1" else "")
        except TelegramError:
            continue
        if telegram is not None:
            return telegram
    return None
