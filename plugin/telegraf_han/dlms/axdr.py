"""Walks data in A-XDR, and proves by that whether bytes are the body of a DLMS push.

A meter of another network sends no text but a data-notification (Green Book 9.5; IEC 62056-5-3): `0F`, four bytes, a time, and then a
structure or an array of values with a tag each. If a key is wrong, the plaintext is random. So the bytes are walked to their very end, and
the walk must find an OBIS code on its way, a time before the body or `MANY` values. Random bytes pass it less than once in 10^9 telegrams:
the first byte is right once in 128, and then a code comes at a tag's place once in 2^19, or `MANY` tags in a row are valid once in 2^27.
No value is kept: this program does not read such telegrams, it only says what they are.

[seen] the times `00`, `0C` with 12 bytes, `09 0C` with 12 bytes; the swapped tag bytes `06 09` before a code; zeros behind a body, which
the norm calls null-data. [assumed] nothing else stands behind a body.
"""

from typing import Final

from telegraf_han.dlms import ciphering
from telegraf_han.errors import FramingError
from telegraf_han.language import _

DATA_NOTIFICATION: Final = 0x0F
_STRUCTURED: Final = frozenset(b"\x01\x02")
"""Array and structure. One of them is the body of a push."""
_BODIES: Final = (b"\x01", b"\x02")
DEPTH_LIMIT: Final = 8
ELEMENTS_LIMIT: Final = 1024
"""The longest lists of real meters have about 60 elements, and a load profile some hundred."""

_FIXED: Final = {
    # tag: length of its value
    0x00: 0,  # null
    0x03: 1,  # boolean
    0x05: 4,
    0x06: 4,
    0x0D: 1,
    0x0F: 1,
    0x10: 2,
    0x11: 1,
    0x12: 2,
    0x14: 8,
    0x15: 8,
    0x16: 1,  # enum
    0x17: 4,
    0x18: 8,
    0x19: 12,  # date and time
    0x1A: 5,
    0x1B: 4,
    0x1C: 1,  # deltas
    0x1D: 2,
    0x1E: 4,
    0x1F: 1,
    0x20: 2,
    0x21: 4,
    0xFF: 0,  # not given
}
_STRINGS: Final = frozenset(b"\x09\x0a\x0c")
_BITS: Final = 0x04
_CODE: Final = (b"\x09\x06", b"\x06\x09")
"""Before an OBIS code of six bytes."""
_MEDIA_LIMIT: Final = 0x10
"""First byte of an OBIS code: the medium, 0 for things of no medium, 1 electricity, 7 gas, 15 others."""
_TIME_BYTES: Final = 12
_HEAD_BYTES: Final = 5
"""0F, then invoke id and priority."""
MANY: Final = 8
"""So many values in a row are proof enough."""
_YEARS: Final = (2000, 2099)
_ANY: Final = 0xFF


class _Walk:
    """Where a walk is, and what it has found."""

    __slots__ = ("at", "codes", "data", "elements")

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at
        self.codes = 0
        self.elements = 0

    def one(self, depth: int) -> bool:
        """Walk over one value. False if it is none."""
        tag, self.elements = self.data[self.at : self.at + 1], self.elements + 1
        if not tag or depth > DEPTH_LIMIT or self.elements > ELEMENTS_LIMIT:
            return False
        if self._code():
            return True
        self.at += 1
        kind = tag[0]
        if kind in _FIXED:
            self.at += _FIXED[kind]
            return self.at <= len(self.data)
        if kind not in _STRUCTURED and kind not in _STRINGS and kind != _BITS:
            return False
        try:
            found = ciphering.ber_length(self.data, self.at)
        except FramingError:
            return False
        if found is None:
            return False
        count, self.at = found
        if kind in _STRUCTURED:
            return all(self.one(depth + 1) for _ in range(min(count, ELEMENTS_LIMIT + 1)))
        self.at += (count + 7) // 8 if kind == _BITS else count
        return self.at <= len(self.data)

    def _code(self) -> bool:
        """Walk over an OBIS code, if there is one."""
        code = self.data[self.at + 2 : self.at + 8]
        if self.data[self.at : self.at + 2] not in _CODE or len(code) < 6 or code[0] >= _MEDIA_LIMIT:  # noqa: PLR2004, A to F
            return False
        self.at += 8
        self.codes += 1
        return True


def body_end(data: bytes, start: int, *, dated: bool = False) -> int:
    """Offset after the body of a push at `start`. -1 if there is none, or if its values are too few to prove that it is one.

    After a time (`dated`) any structure or array is one.
    """
    walk = _Walk(data, start)
    if data[start : start + 1] not in _BODIES or not walk.one(0):
        return -1
    return walk.at if dated or walk.codes or walk.elements > MANY else -1


def pushed(data: bytes) -> str:
    """What a message is, if it is a push and nothing else, to its very end. "" if it is not."""
    start, name = 0, _("the body of a DLMS push")
    if data[:1] == bytes([DATA_NOTIFICATION]):
        start, name = _behind_time(data, _HEAD_BYTES), _("a data-notification (DLMS push)")
    end = body_end(data, start, dated=start > _HEAD_BYTES + 1) if start >= 0 else -1
    return name if end >= 0 and not data[end:].strip(b"\0") else ""


def _behind_time(data: bytes, at: int) -> int:
    """Offset behind the time of a data-notification. -1 if no time stands there."""
    if data[at : at + 1] == b"\0":
        return at + 1
    at += 2 if data[at : at + 2] == b"\x09\x0c" else 1
    time = data[at : at + _TIME_BYTES]
    if data[at - 1 : at] != b"\x0c" or len(time) < _TIME_BYTES:
        return -1
    year = int.from_bytes(time[:2], "big")
    is_time = (_YEARS[0] <= year <= _YEARS[1] or time[:2] == b"\xff\xff") and all(
        octet <= limit or octet == _ANY for octet, limit in zip(time[2:8], (0xFE, 0xFE, 7, 23, 59, 59), strict=True)
    )
    return at + _TIME_BYTES if is_time else -1
