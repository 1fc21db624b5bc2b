"""Detects from its first bytes how to read a recording: the interface and, for radio, the type of receiver that made it.

People keep the bytes of a cable, raw or as hex, or the output of a stick or a program. They do not say which, but the bytes show it. A P1
telegram has a footer that fits. A radio telegram has the number of a meter. So receivers of all types read the first telegrams. The type
that finds most telegrams of configured meters wins. If no type finds one, the type wins that finds most telegrams of any meter and leaves
almost no bytes unread. Telegrams of other meters count, too. So if an owner mistyped the number of the meter, the message is about the
number. It does not say that the file is not hex.
"""

import re
from typing import Final, NamedTuple

from telegraf_han import receivers
from telegraf_han.config.sections import Config
from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import ChecksumError, FramingError, TelegramError
from telegraf_han.p1 import capture
from telegraf_han.telegram import Event, Fault, Frame, Interface, Receiver

SAMPLE_BYTES: Final = 4096
"""Bytes of a recording that are looked at: about ten telegrams of a stick, seven of a cable."""
LEFT_OVER: Final = 0.5
"""A type is believed up to this number of faults per telegram of another meter. Types without checksum find as many telegrams as faults
in any text. But a recording may well begin in the middle of a telegram, so some faults are allowed."""
PLAIN: Final = "hex"
_METER_BUS: Final = rb"(?s)h..h..[^\x00-\x1f]"
"""A frame of wired M-Bus with records. Receivers of radio deliver such frames, too, so it shows no cable."""


class Recording(NamedTuple):
    """The interface of a recording, and the receiver that reads it."""

    interface: Interface
    receiver: Receiver
    """Not started, nothing fed."""
    sure: bool
    """Whether whole telegrams were found, so that the answer is no guess."""


class _Found(NamedTuple):
    """What one type of receiver finds in a sample. The greater tuple is the better one."""

    ours: int
    """Telegrams of configured meters, whether or not their keys open them."""
    strangers: int
    """Other meters' telegrams, or 0 if too much is left over."""
    passed_over: int
    """Faults, below zero."""


def recognised(first: bytes, interface: Interface | None, config: Config) -> Recording:
    """Recognise a recording by its first bytes.

    `interface` is the owner's choice. If neither the owner nor the bytes decide, the configuration does.
    """
    sample = first[:SAMPLE_BYTES]
    if interface == "p1" or (interface is None and holds_p1(sample)):
        return Recording("p1", capture.Capture(), sure=interface is None)
    kind, found = best(sample, config)
    configured = {meter.interface for meter in config.meters}
    # If only a cable is configured, its noise can look like telegrams. But such noise is not text.
    sure = found.ours > 0 or (found.strangers > 0 and (configured != {"p1"} or sample.isascii()))
    if interface is None and not sure and (configured == {"p1"} or (len(configured) != 1 and capture.looks_like_p1(sample))):
        return Recording("p1", capture.Capture(), sure=False)
    receiver: Receiver = receivers.named(kind).Receiver()
    return Recording("wmbus", receiver, sure)


def holds_p1(sample: bytes) -> bool:
    """Whether there is a whole telegram of a cable in the sample."""
    receiver = capture.Capture(explains=False)
    # The sample's end cuts a telegram. So it is only looked at if there is nothing before it.
    return _has_frame(receiver.feed(sample, 0)) or _has_frame(receiver.finish(0))


def _has_frame(events: list[Event]) -> bool:
    return any(isinstance(event, Frame) and not re.match(_METER_BUS, event.data) for event in events)


def best(sample: bytes, config: Config) -> tuple[str, _Found]:
    """The type of receiver that finds most in a sample. If lines of hex fit, no other type is tried, because some lack a checksum."""
    plain = _found(PLAIN, sample, config)
    if plain.ours or plain.strangers:
        return PLAIN, plain
    kind, found = max(((kind, _found(kind, sample, config)) for kind in receivers.kinds()), key=lambda one: one[1])
    return (kind, found) if found.ours or found.strangers else (PLAIN, plain)


def _found(kind: str, sample: bytes, config: Config) -> _Found:
    # Imported here: it takes 10 ms, and a cable does not need it.
    from telegraf_han.mbus import layers  # noqa: PLC0415

    receiver, decoder = receivers.named(kind).Receiver(), Decoder(config)
    events = receiver.feed(sample, 0)
    # A telegram that is cut at the sample's end is not a fault.
    left_over = sum(isinstance(event, Fault) for event in events)
    ours = strangers = 0
    for event in (*events, *receiver.finish(0)):
        if not isinstance(event, Frame):
            continue
        try:
            decoder.take(event)
            ours += 1
        except UnknownMeterError:
            is_one = layers.opened(event.data).refusal is None
            strangers += is_one
            left_over += not is_one
        except (FramingError, ChecksumError):
            left_over += 1
        except TelegramError:
            ours += 1
    return _Found(ours, strangers if left_over <= LEFT_OVER * strangers else 0, -left_over)
