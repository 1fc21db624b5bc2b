"""Says what bytes are that are no telegrams: frames of another kind, a line that is set wrong, or nothing that can be recognised.

Structure comes first. If frames of another kind are there, or an ident line or data lines can be read, then the cable has an inverter and
the speed is right, and neither is blamed.

A P1 port's data line is inverted (P1 companion 5.0.2, 5.7.2). Without an inverter in the cable, the UART takes the end of each stop
bit for a start bit, one bit late. So the bytes that it reads follow from the sent bytes by a rule of their own. They are computed here
for the idents of known meters and for running text. A line that is set too fast reads runs of equal bits, so its bytes are zeros and
then ones. A line of seven bits and a parity bit reads text whose highest bits are set in every other byte or so. [assumed] a byte whose
stop bit is missing is delivered as 00, as Linux does. No cable was tried.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from telegraf_han.dlms import recognised
from telegraf_han.dlms.ciphering import GENERAL_GLO
from telegraf_han.language import _, marked
from telegraf_han.p1.dialects import IDENTS
from telegraf_han.p1.envelope import unread

LEAST_BYTES: Final = 24
"""With fewer bytes the cause cannot be seen."""
_SHARE: Final = 0.9
_RUNS: Final = frozenset((0xFF << shift) & 0xFF for shift in range(9))
"""Zeros, then ones, lowest bit first: 00, 80, C0 … FF."""
_SEEN: Final = 8
"""Number of bytes of an ident that are searched for."""
_CODE: Final = re.compile(rb"\d-\d:\d{1,2}\.\d{1,2}\.\d")
_READABLE: Final = re.compile(rb"/[A-Za-z]{3}[ \"-~]{1,75}[\r\n]|\d-\d:\d{1,3}\.\d{1,3}(?:\.\d{1,3})?[(*][^\r\n]{0,80}[\r\n]")
"""An ident line or a data line."""
_READ_BARE: Final = bytes([GENERAL_GLO])
"""A bare block is a telegram of a P1 port, too."""
_SEVEN_BITS: Final = bytes(octet & 0x7F for octet in range(256))
_IDLE_BITS: Final = 12

INVERTED: Final = marked(
    "the signal looks inverted: the cable has no inverter, or one too many; "
    "use a cable sold for P1 or DSMR, which has the inverter built in"
)
PARITY: Final = marked(
    'the line sends seven bits and a parity bit, as older meters do: set line = "9600 7E1", or the speed that is set now with 7E1'
)
TOO_FAST: Final = marked('the line looks set too fast: older meters send at 9600 baud; set line = "9600 7E1"')


def is_line_fault(said: str) -> bool:
    """Whether a sentence of `wrong` blames the line or its cable, and not the meter at its other end."""
    return said in (_(INVERTED), _(PARITY), _(TOO_FAST))


def wrong(data: bytes) -> str:
    """One sentence about bytes that are no telegrams: what they are, or what is wrong with the line. "" if they do not show it."""
    at_hand = recognised.named(data)
    if at_hand and data[at_hand.start : at_hand.start + 1] != _READ_BARE:
        return f"{at_hand.words}. {at_hand.todo}" if at_hand.todo else unread(at_hand.words)
    if len(data) < LEAST_BYTES or readable(data):
        return ""
    if any(opening in data for opening in _openings()) or _CODE.search(_running_text(data)):
        return _(INVERTED)
    if _CODE.search(data.translate(_SEVEN_BITS)):
        return _(PARITY)
    runs = sum(octet in _RUNS for octet in data)
    return _(TOO_FAST) if runs >= _SHARE * len(data) and len(set(data)) > 1 else ""


def readable(data: bytes) -> bool:
    """Whether an ident line or a data line can be read. Then the levels and the speed of the line are right."""
    return _READABLE.search(data) is not None


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
