"""What somebody computes who listens at a P1 cable for long, and has no key.

All telegrams of a meter have one nonce, because no system title and no counter is sent. So all have one key stream, and one mask of the
tag. The tag is the first 12 bytes of `mask ^ GHASH(ciphertext)` (NIST SP 800-38D, 6.4). GHASH is a polynomial in H with the blocks of the
ciphertext as its coefficients. So two things follow, for telegrams of one length:

- The XOR of an odd number of telegrams has the XOR of their tags. This needs no mathematics at all (`Recorded.forged`).
- The differences of tags are linear equations in the powers of H. From enough of them H follows (`subkey`), and with H every other text
  gets its tag (`retagged`). That the tag is cut to 12 bytes only means that more telegrams are needed.

An element of the field is an int of 128 bits. As in the norm, the highest bit is the coefficient of x^0.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

BLOCK = 16
TAG_BYTES = 12
TAG_BITS = 8 * TAG_BYTES
FIELD_BITS = 128
_REDUCED = 0xE1 << 120
_ORDER = 2**FIELD_BITS - 1
"""Of the field's elements but 0. A power whose exponent shares no divisor with it has one root."""
_HEAD = 4
"""Of a bare block: the empty title's length, 82, and two octets of the length."""


class Sealed(NamedTuple):
    """What is seen of a telegram."""

    ciphertext: bytes
    tag: bytes


def seen(telegram: bytes) -> Sealed:
    """Ciphertext and tag of a telegram of Stoen's meters. Everything else in it is in clear."""
    start = telegram.index(b"\r\n\r\n") + 4
    end = start + _HEAD + int.from_bytes(telegram[start + 2 : start + _HEAD], "big")
    return Sealed(telegram[start + _HEAD + 5 : end - TAG_BYTES], telegram[end - TAG_BYTES : end])


def put(telegram: bytes, changed: Sealed) -> bytes:
    """The telegram with another ciphertext of the same length, and without its footer."""
    old = seen(telegram)
    at = telegram.index(old.ciphertext)
    return telegram[:at] + changed.ciphertext + changed.tag


def xor(*values: bytes) -> bytes:
    """Bit by bit."""
    sum_ = 0
    for value in values:
        sum_ ^= int.from_bytes(value, "big")
    return sum_.to_bytes(len(values[0]), "big")


class Recorded:
    """Telegrams of one length and one nonce, as differences from the first of them."""

    def __init__(self, telegrams: Sequence[Sealed]) -> None:
        """All have the length of the first."""
        self.first = telegrams[0]
        self._basis: dict[int, tuple[int, int]] = {}
        for one in telegrams[1:]:
            text, tag = self._reduced(_number(self.first.ciphertext, one.ciphertext), _number(self.first.tag, one.tag))
            if text:
                self._basis[text.bit_length()] = text, tag

    def _reduced(self, text: int, tag: int) -> tuple[int, int]:
        """What is left of a difference that cannot be made of those that are known, and of its tag."""
        while text and (known := self._basis.get(text.bit_length())):
            text, tag = text ^ known[0], tag ^ known[1]
        return text, tag

    def forged(self, change: bytes) -> Sealed | None:
        """The first telegram with this change, and a tag that fits. None if the recordings do not reach that far."""
        text, tag = self._reduced(int.from_bytes(change, "big"), 0)
        return None if text else Sealed(xor(self.first.ciphertext, change), xor(self.first.tag, tag.to_bytes(TAG_BYTES, "big")))


def _number(one: bytes, other: bytes) -> int:
    return int.from_bytes(one, "big") ^ int.from_bytes(other, "big")


# -- the field of GCM --


def times(one: int, other: int) -> int:
    """The product of two elements."""
    product = 0
    for place in range(FIELD_BITS):
        if other >> (FIELD_BITS - 1 - place) & 1:
            product ^= one
        one = one >> 1 ^ (_REDUCED if one & 1 else 0)
    return product


def power(base: int, exponent: int) -> int:
    """An element to a power."""
    result = 1 << (FIELD_BITS - 1)
    while exponent:
        if exponent & 1:
            result = times(result, base)
        base, exponent = times(base, base), exponent >> 1
    return result


def blocks(text: bytes) -> list[int]:
    """The coefficients of GHASH."""
    return [int.from_bytes(text[at : at + BLOCK].ljust(BLOCK, b"\0"), "big") for at in range(0, len(text), BLOCK)]


def retagged(known: Sealed, ciphertext: bytes, subkey: int) -> Sealed:
    """Another ciphertext of the same length with the tag that fits."""
    change, last = 0, len(blocks(ciphertext)) + 1
    for place, (old, new) in enumerate(zip(blocks(known.ciphertext), blocks(ciphertext), strict=True)):
        if old != new:
            change ^= times(old ^ new, power(subkey, last - place))
    return Sealed(ciphertext, xor(known.tag, change.to_bytes(BLOCK, "big")[:TAG_BYTES]))


def subkey(telegrams: Sequence[Sealed]) -> int | None:
    """H, from the telegrams alone. None if they are too few.

    Each changing block at place p is multiplied with one power of H. The bits of these powers are the unknowns. A telegram gives 96 linear
    equations, one for each bit of its tag.
    """
    texts = [blocks(one.ciphertext) for one in telegrams]
    changing = [place for place, column in enumerate(zip(*texts, strict=True)) if len(set(column)) > 1]
    solved: dict[int, int] = {}
    for text, one in zip(texts[1:], telegrams[1:], strict=True):
        tag = _number(telegrams[0].tag, one.tag)
        for equation in _equations([text[place] ^ texts[0][place] for place in changing], tag):
            row = equation
            while row > 1 and (known := solved.get(row.bit_length())):
                row ^= known
            if row > 1:
                solved[row.bit_length()] = row
    for number, place in enumerate(changing):
        exponent = len(texts[0]) + 1 - place
        found = _solution(solved, number) if math.gcd(exponent, _ORDER) == 1 else None
        if found is not None:
            return power(found, pow(exponent, -1, _ORDER))
    return None


def _equations(factors: Sequence[int], tag: int) -> list[int]:
    """One equation for each bit of a tag. Its lowest bit is the right side, and each unknown element has 128 bits above, the first lowest."""
    rows = [tag >> (TAG_BITS - 1 - bit) & 1 for bit in range(TAG_BITS)]
    for number, factor in enumerate(factors):
        shifted = factor
        for place in range(FIELD_BITS if factor else 0):
            unknown = 1 << (1 + number * FIELD_BITS + FIELD_BITS - 1 - place)
            rest = shifted >> (FIELD_BITS - TAG_BITS)
            while rest:
                bit = rest.bit_length() - 1
                rows[TAG_BITS - 1 - bit] ^= unknown
                rest ^= 1 << bit
            shifted = shifted >> 1 ^ (_REDUCED if shifted & 1 else 0)
    return rows


def _solution(solved: dict[int, int], number: int) -> int | None:
    """The element of that number, if the equations determine each of its bits."""
    value = 0
    for place in range(FIELD_BITS):
        row = solved.get(number * FIELD_BITS + place + 2, 0)
        if not row:
            return None
        row ^= 1 << (number * FIELD_BITS + place + 1)
        while row > 1:
            known = solved.get(row.bit_length())
            if known is None:
                return None
            row ^= known
        value |= row << place
    return value
