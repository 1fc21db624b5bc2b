"""Says what is wrong with a serial line whose bytes are no telegrams, if the bytes show the cause.

A P1 port's data line is inverted (P1 companion 5.0.2, 5.7.2). Without an inverter in the cable, the UART takes the end of each stop
bit for a start bit, one bit late. So the bytes that it reads follow from the sent bytes by a rule of their own. They are computed here
for the idents of known meters and for running text. A line that is set too fast reads runs of equal bits, so its bytes are zeros and
then ones. [assumed] a byte whose stop bit is missing is delivered as 00, as Linux does. No cable was tried.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from telegraf_han.p1.dialects import IDENTS

LEAST_BYTES: Final = 24
"""With fewer bytes the cause cannot be seen."""
_SHARE: Final = 0.9
_RUNS: Final = frozenset((0xFF << shift) & 0xFF for shift in range(9))
"""Zeros, then ones, lowest bit first: 00, 80, C0 … FF."""
_SEEN: Final = 8
"""Number of bytes of an ident that are searched for."""
_CODE: Final = re.compile(rb"\d-\d:\d{1,2}\.\d{1,2}\.\d")
_IDLE_BITS: Final = 12

INVERTED: Final = (
    "the signal looks inverted: the cable has no inverter, or one too many; "
    "use a cable sold for P1 or DSMR, which has the inverter built in"
)
TOO_FAST: Final = 'the line looks set too fast: older meters send at 9600 baud; set line = "9600 7E1"'


def wrong(data: bytes) -> str:
    """One sentence about what is wrong with a line that delivers such bytes. "" if the bytes do not show the cause."""
    if len(data) < LEAST_BYTES:
        return ""
    if any(opening in data for opening in _openings()) or _CODE.search(_running_text(data)):
        return INVERTED
    runs = sum(octet in _RUNS for octet in data)
    return TOO_FAST if runs >= _SHARE * len(data) and len(set(data)) > 1 else ""


def inverted(data: bytes) -> bytes:
    """What a UART set to 8N1 reads if these bytes arrive with the line's levels swapped."""
    bits, read, at = [0] * _IDLE_BITS + list(_swapped(data)) + [0] * _IDLE_BITS, bytearray(), 1
    while at + 9 < len(bits):
        if not (bits[at - 1] and not bits[at]):
            at += 1
            continue
        octet = sum(bits[at + 1 + place] << place for place in range(8))
        read.append(octet if bits[at + 9] else 0)
        at += 10 if bits[at + 9] else 9
    return bytes(read)


def _swapped(data: bytes) -> Iterator[int]:
    """The line's levels, bit by bit: start, eight data bits, stop, all swapped."""
    for octet in data:
        yield 1
        yield from (1 - (octet >> place & 1) for place in range(8))
        yield 0


@lru_cache(1)
def _openings() -> tuple[bytes, ...]:
    """How the telegrams of known meters begin on such a line."""
    return tuple(inverted(b"/" + ident.encode() + b"\r\n\r\n")[:_SEEN] for ident in IDENTS)


def _running_text(data: bytes) -> bytes:
    """ASCII in the middle of a telegram.

    Its highest bit is 0. So if a stop bit is taken for a start bit, seven bits follow one by one.
    """
    return bytes(~(octet >> 1) & 0x7F for octet in data if octet & 1)
