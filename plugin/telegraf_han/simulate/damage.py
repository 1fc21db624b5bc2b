"""Damages telegrams as a bad line does: some octets are flipped, the end is cut off, or there is noise between two telegrams.

A share of the telegrams is damaged, each by one kind of damage. The kind is drawn from the seed and the telegram's own second, so the same
run is damaged in the same way. Only the bytes on the wire change. The `frame` of a telegram stays as the meter made it. [assumed] the
kinds, after what owners report of long cables, missing pull-ups and converters that do not invert cleanly.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from telegraf_han.simulate.stream import Sent
from telegraf_han.simulate.weather import dice

_FLIPS: Final = 4
"""Octets flipped in one telegram, at most."""
_NOISE: Final = 64
"""Octets of noise before a telegram, at most."""


def _below(roll: Random, limit: int) -> int:
    return int(roll.random() * limit)


def flipped(wire: bytes, roll: Random) -> bytes:
    """One to four octets changed."""
    octets = bytearray(wire)
    for _ in range(1 + _below(roll, _FLIPS)):
        octets[_below(roll, len(octets))] ^= 1 + _below(roll, 255)
    return bytes(octets)


def cut(wire: bytes, roll: Random) -> bytes:
    """The end is missing, or at worst the whole telegram."""
    return wire[: _below(roll, len(wire))]


def noise_before(wire: bytes, roll: Random) -> bytes:
    """The telegram is whole, but not the first thing on the line."""
    return bytes(_below(roll, 256) for _ in range(1 + _below(roll, _NOISE))) + wire


KINDS: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (flipped, cut, noise_before)


def damaged(telegrams: Iterator[Sent], rate: float, seed: int) -> Iterator[Sent]:
    """The same telegrams. A share `rate` (0 to 1) of them is damaged on the wire."""
    for sent in telegrams:
        roll = dice(seed, "damage", sent.frame.received_ns)
        if roll.random() >= rate:
            yield sent
            continue
        kind = KINDS[_below(roll, len(KINDS))]
        yield sent._replace(wire=kind(sent.wire, roll))
