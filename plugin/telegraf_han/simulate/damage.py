"""Telegrams into telegrams of a bad line: some octets flipped, the end cut off, or noise between two of them.

A share of the telegrams is hit, each by one kind of damage, drawn from the seed and the telegram's own second: the same run is
damaged in the same way. Only what goes on the wire changes, the `frame` beside it stays as the meter made it. [assumed] the
kinds, after what owners report of long cables, missing pull-ups and converters that do not invert cleanly.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from telegraf_han.simulate.stream import Sent
from telegraf_han.simulate.weather import dice

_FLIPS: Final = 4
"""At most so many octets are flipped in one telegram."""
_NOISE: Final = 64
"""At most so many octets of noise stand before a telegram."""


def _below(roll: Random, limit: int) -> int:
    return int(roll.random() * limit)


def flipped(wire: bytes, roll: Random) -> bytes:
    """One to four octets changed."""
    octets = bytearray(wire)
    for _ in range(1 + _below(roll, _FLIPS)):
        octets[_below(roll, len(octets))] ^= 1 + _below(roll, 255)
    return bytes(octets)


def cut(wire: bytes, roll: Random) -> bytes:
    """The end is missing, the whole telegram at worst."""
    return wire[: _below(roll, len(wire))]


def noise_before(wire: bytes, roll: Random) -> bytes:
    """The telegram is whole, but not the first thing on the line."""
    return bytes(_below(roll, 256) for _ in range(1 + _below(roll, _NOISE))) + wire


KINDS: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (flipped, cut, noise_before)


def damaged(telegrams: Iterator[Sent], rate: float, seed: int) -> Iterator[Sent]:
    """The same telegrams, a share `rate` (0 to 1) of them damaged on the wire."""
    for sent in telegrams:
        roll = dice(seed, "damage", sent.frame.received_ns)
        if roll.random() >= rate:
            yield sent
            continue
        kind = KINDS[_below(roll, len(KINDS))]
        yield sent._replace(wire=kind(sent.wire, roll))
