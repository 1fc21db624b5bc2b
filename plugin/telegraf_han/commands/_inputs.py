"""Turns an input's name into frames and faults. The input is a recording, or whatever comes through stdin.

`decode` and `keys` both read their inputs with this module. No port is opened, nothing is sent to a receiver, and there is no waiting.
"""

import time
from collections.abc import Iterator
from itertools import chain
from typing import Final

from telegraf_han.config.sections import Config
from telegraf_han.errors import ConfigError, reason
from telegraf_han.inspection import captures
from telegraf_han.language import _
from telegraf_han.telegram import Event, Interface

CHUNK_BYTES: Final = 65_536


def events(name: str, interface: Interface | None, config: Config, sample: bytearray) -> Iterator[list[Event]]:
    """Yield frames and faults of one input, piece by piece. Raises ConfigError if the input cannot be read.

    `sample` gets the first bytes, so that the caller can say what they look like.
    """
    for _kind, found in told_events(name, interface, config, sample):
        yield found


def told_events(
    name: str, interface: Interface | None, config: Config, sample: bytearray | None = None
) -> Iterator[tuple[Interface, list[Event]]]:
    """Yield the same, together with the interface that the input was taken for. Raises ConfigError."""
    pieces = _pieces(name)
    first = next(pieces, b"")
    if sample is not None:
        sample += first
    kind, receiver, _ = captures.recognised(first, interface, config)
    for piece in chain([first], pieces):
        yield kind, receiver.feed(piece, time.time_ns())
    yield kind, receiver.finish(time.time_ns())


def _pieces(name: str) -> Iterator[bytes]:
    """Yield the bytes of an input. Raises ConfigError if they cannot be read."""
    is_stdin = name == "-"
    try:
        with open(0 if is_stdin else name, "rb", closefd=not is_stdin) as stream:
            while piece := stream.read1(CHUNK_BYTES):
                yield piece
    except OSError as error:
        raise ConfigError("stdin" if is_stdin else name, "", _("this input cannot be read: {why}", why=reason(error))) from None
