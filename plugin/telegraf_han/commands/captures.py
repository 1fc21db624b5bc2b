"""An input's name into frames and faults: a recording, or what comes through stdin, whatever it holds.

What `decode` and `keys` read alike. Nothing is asked of a recording: no port is opened and no time is waited.
"""

import time
from collections.abc import Iterator
from itertools import chain
from typing import Final

from telegraf_han import receivers
from telegraf_han.config import Config
from telegraf_han.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import ChecksumError, ConfigError, FramingError, TelegramError
from telegraf_han.p1 import capture
from telegraf_han.telegram import Event, Frame, Interface, Receiver

CHUNK_BYTES: Final = 65_536
SAMPLE_BYTES: Final = 4096
"""What of a recording is looked at to know the receiver it was made with: some ten telegrams."""
_PLAIN: Final = "hex"


def events(name: str, interface: Interface | None, config: Config) -> Iterator[list[Event]]:
    """Frames and faults of one input, piece by piece. Raises ConfigError where it cannot be read."""
    for _, found in told_events(name, interface, config):
        yield found


def told_events(name: str, interface: Interface | None, config: Config) -> Iterator[tuple[Interface, list[Event]]]:
    """The same with what the input was taken for. Raises ConfigError."""
    pieces = _pieces(name)
    first = next(pieces, b"")
    kind = interface or _kind(first, config)
    receiver: Receiver = capture.Capture() if kind == "p1" else _receiver(first[:SAMPLE_BYTES], config)
    for piece in chain([first], pieces):
        yield kind, receiver.feed(piece, time.time_ns())
    yield kind, receiver.finish(time.time_ns())


def _pieces(name: str) -> Iterator[bytes]:
    """An input's bytes. Raises ConfigError where they cannot be read."""
    is_stdin = name == "-"
    try:
        with open(0 if is_stdin else name, "rb", closefd=not is_stdin) as stream:
            while piece := stream.read1(CHUNK_BYTES):
                yield piece
    except OSError as error:
        raise ConfigError("stdin" if is_stdin else name, "", f"this input cannot be read: {error.strerror}") from None


def _kind(first: bytes, config: Config) -> Interface:
    """What an input is: the only interface configured, else what its first bytes look like."""
    configured = {meter.interface for meter in config.meters}
    if len(configured) == 1:
        return configured.pop()
    return "p1" if capture.looks_like_p1(first) else "wmbus"


def _receiver(sample: bytes, config: Config) -> Receiver:
    """The receiver, not started, whose recording begins so: of all types the one that finds most telegrams of configured meters.

    Lines of hex where none finds any, and where they do: then the others, some of which have no checksum, are not asked.
    """
    kinds = (_PLAIN,) if _hits(_PLAIN, sample, config) else (_PLAIN, *receivers.kinds())
    best = max(kinds, key=lambda kind: _hits(kind, sample, config))
    found: Receiver = receivers.named(best).Receiver()
    return found


def _hits(kind: str, sample: bytes, config: Config) -> int:
    """How many telegrams of configured meters a type of receiver finds, whether or not their keys open them."""
    receiver, decoder = receivers.named(kind).Receiver(), Decoder(config)
    found = (*receiver.feed(sample, 0), *receiver.finish(0))
    return sum(_is_known(decoder, event) for event in found if isinstance(event, Frame))


def _is_known(decoder: Decoder, frame: Frame) -> bool:
    try:
        decoder.take(frame)
    except (UnknownMeterError, FramingError, ChecksumError):
        return False
    except TelegramError:
        return True
    return True
