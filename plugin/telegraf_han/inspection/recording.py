"""The first bytes of a recording into what reads it: which interface it is of, and for a radio which type of receiver it was made with.

People keep what a cable delivered, raw or as hex, and what a stick or a program printed, and say of neither what it is. The bytes
tell: a P1 telegram has a footer that fits, a radio telegram the number of a meter. So all types of receivers read the first telegrams,
and the one that finds most of the configured meters', else most of anybody's with hardly a byte left over, is it. That other meters'
telegrams count, too, lets an owner who mistyped his meter's number hear that, and not that his file is no hex.
"""

from typing import Final, NamedTuple

from telegraf_han import receivers
from telegraf_han.config.sections import Config
from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import ChecksumError, FramingError, TelegramError
from telegraf_han.p1 import capture
from telegraf_han.telegram import Fault, Frame, Interface, Receiver

SAMPLE_BYTES: Final = 4096
"""What of a recording is looked at: some ten telegrams of a stick, seven of a cable."""
LEFT_OVER: Final = 0.5
"""Faults for each telegram of a stranger up to which a type is believed: types without checksum find as many telegrams as faults in
any text, while a recording may well begin in the middle of a telegram."""
PLAIN: Final = "hex"


class Recording(NamedTuple):
    """What a recording is."""

    interface: Interface
    receiver: Receiver
    """Not started, nothing fed."""
    sure: bool
    """Whether whole telegrams were found, so that it is no guess."""


class _Found(NamedTuple):
    """What one type of receiver makes of a sample; the greater, the better."""

    ours: int
    """Telegrams of configured meters, whether or not their keys open them."""
    strangers: int
    """Other meters' telegrams, 0 where too much is left over."""
    passed_over: int
    """Faults, below zero."""


def recognised(first: bytes, interface: Interface | None, config: Config) -> Recording:
    """What a recording that begins so is. `interface` is what its owner says; where neither he nor the bytes do, the configuration does."""
    sample = first[:SAMPLE_BYTES]
    if interface == "p1" or (interface is None and _holds_p1(sample)):
        return Recording("p1", capture.Capture(), sure=interface is None)
    kind, found = _best(sample, config)
    configured = {meter.interface for meter in config.meters}
    # Noise of a cable is no text, and a cable is all there is.
    sure = found.ours > 0 or (found.strangers > 0 and (configured != {"p1"} or sample.isascii()))
    if interface is None and not sure and (configured == {"p1"} or (len(configured) != 1 and capture.looks_like_p1(sample))):
        return Recording("p1", capture.Capture(), sure=False)
    receiver: Receiver = receivers.named(kind).Receiver()
    return Recording("wmbus", receiver, sure)


def _holds_p1(sample: bytes) -> bool:
    """Whether there is a whole telegram of a cable in it."""
    receiver = capture.Capture()
    return any(isinstance(event, Frame) for event in (*receiver.feed(sample, 0), *receiver.finish(0)))


def _best(sample: bytes, config: Config) -> tuple[str, _Found]:
    """The type of receiver that makes most of a sample. Where lines of hex do, others, which may lack a checksum, are not asked."""
    plain = _found(PLAIN, sample, config)
    if plain.ours or plain.strangers:
        return PLAIN, plain
    kind, found = max(((kind, _found(kind, sample, config)) for kind in receivers.kinds()), key=lambda one: one[1])
    return (kind, found) if found.ours or found.strangers else (PLAIN, plain)


def _found(kind: str, sample: bytes, config: Config) -> _Found:
    # Imported here: it takes 10 ms, and who has a cable has no use for it.
    from telegraf_han.mbus import layers  # noqa: PLC0415

    receiver, decoder = receivers.named(kind).Receiver(), Decoder(config)
    events = receiver.feed(sample, 0)
    # What is cut at the sample's end is no fault of it.
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
