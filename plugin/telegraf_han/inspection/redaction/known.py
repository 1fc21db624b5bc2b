"""Remembers the numbers that identify somebody, and finds them again in any form.

A telegram can hold a serial number in many forms: digits, hex of digits, packed decimal, low byte first. So a quantity that carries a
serial number is told from one that does not, and the finished telegram can be searched before it leaves the house.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

TELLING_DIGITS: Final = 7
"""A number of this length names one meter. Shorter numbers are not searched for, because they can stand anywhere by chance."""
KNOWN_LIMIT: Final = 30_000
"""Numbers remembered at most, forwards and backwards. A capture of a whole town has fewer."""
_PART_DIGITS: Final = 5
"""So many digits of the meter's own number in a row are too many for chance. A value has them by chance once in some thousand times."""
_SHORT_PART: Final = 4
"""A value of only four digits is a part of the meter's number if all four are."""
_TELLING_NONZERO: Final = 3
"""A part with fewer other digits than 0 tells nothing: 5000 and 10000 are everywhere."""
_WHOLE_DIGITS: Final = 6
"""The meter's own number is looked for as a whole if it has this length."""
_NUMBER_DIGITS: Final = 19
"""Digits of the longest number that a telegram can send as a binary number, of eight bytes."""
_DECIMAL: Final = frozenset("0123456789")
_RUN: Final = re.compile(rb"\d{%d,}" % TELLING_DIGITS)


class Known:
    """The numbers that identify somebody in one run."""

    __slots__ = ("_fours", "_parts", "_searched", "_wholes")

    def __init__(self) -> None:
        """Nothing known yet."""
        self._searched: Final[dict[int, set[bytes]]] = {}
        """Length → the octets of that length that finished telegrams are searched for."""
        self._wholes: Final[set[str]] = set()
        self._parts: Final[set[str]] = set()
        self._fours: Final[set[str]] = set()

    def remember(self, digits: str) -> None:
        """From now on look for this number, in any form, in finished telegrams and in quantities."""
        core = digits.lstrip("0")
        if len(core) >= TELLING_DIGITS and core not in self._wholes and len(self._wholes) < KNOWN_LIMIT:
            for form in _writings(core):
                self.search_for(form)
            self._wholes.update(_directions(core))

    def remember_all(self, text: bytes) -> None:
        """Remember each number in a text that is long enough."""
        for run in _RUN.findall(text):
            self.remember(run.decode("ascii"))

    def recognise(self, digits: str) -> None:
        """Remember the meter's own number. A quantity must not carry a part of it either."""
        core = digits.lstrip("0")
        if len(self._parts) >= KNOWN_LIMIT:
            return
        self.remember(core)
        self._parts.update(_parts(core, _PART_DIGITS))
        self._fours.update(_parts(core, _SHORT_PART))
        if len(core) >= _WHOLE_DIGITS:
            self._wholes.update(_directions(core))

    def search_for(self, form: bytes) -> None:
        """From now on look for these octets in finished telegrams."""
        self._searched.setdefault(len(form), set()).add(form)

    def holds(self, digits: str) -> bool:
        """Whether these digits contain a whole number that is remembered."""
        spans = ((start, end) for start in range(len(digits)) for end in range(start + _WHOLE_DIGITS, len(digits) + 1))
        return any(digits[start:end] in self._wholes for start, end in spans)

    def carries(self, digits: str) -> bool:
        """Whether the digits of a quantity are those of a number that is remembered, or contain a part of the meter's own number."""
        core = digits.lstrip("0")
        if len(core) == _SHORT_PART:
            return core in self._fours
        return not self._parts.isdisjoint(_parts(core, _PART_DIGITS)) or self.holds(core)

    def resembles(self, digits: str) -> bool:
        """Whether an invented number could be taken for one that is remembered, or for the meter's own."""
        return digits in self._wholes or not self._fours.isdisjoint(_parts(digits, _SHORT_PART))

    def leaks(self, octets: bytes) -> bool:
        """Whether any number that is remembered is in these octets, in any form."""
        return any(_is_any_in(forms, size, octets) for size, forms in self._searched.items())


def _is_any_in(forms: set[bytes], size: int, octets: bytes) -> bool:
    """Whether one of the forms, which all have this size, is in the octets. A capture of days can have many forms."""
    if len(forms) < len(octets):
        return any(form in octets for form in forms)
    return any(octets[at : at + size] in forms for at in range(len(octets) - size + 1))


def _parts(digits: str, size: int) -> set[str]:
    """All runs of `size` digits that tell something."""
    runs = {digits[start : start + size] for start in range(len(digits) - size + 1)}
    return {run for run in runs if size - run.count("0") >= _TELLING_NONZERO}


def _directions(core: str) -> set[str]:
    """A number forwards, backwards, and with its pairs of digits backwards, as packed digits are sent."""
    even = core if len(core) % 2 == 0 else f"0{core}"
    pairs = "".join(even[at : at + 2] for at in range(len(even) - 2, -1, -2))
    return {core, core[::-1].lstrip("0"), pairs.lstrip("0")}


@lru_cache(256)
def _writings(digits: str) -> tuple[bytes, ...]:
    """A number as bytes, in the ways that telegrams write numbers."""
    return tuple(dict.fromkeys(_forms(digits)))


def _forms(digits: str) -> Iterator[bytes]:
    text = digits.encode("ascii", "replace")
    yield text
    yield text[::-1]
    yield text.hex().encode("ascii")
    yield text.hex().upper().encode("ascii")
    even = digits if len(digits) % 2 == 0 else f"0{digits}"
    if not _DECIMAL.issuperset(even):
        return
    packed = bytes.fromhex(even)
    yield packed
    yield packed[::-1]
    yield packed.hex().encode("ascii")
    yield packed[::-1].hex().encode("ascii")
    if len(digits) > _NUMBER_DIGITS:
        return
    size = (int(digits).bit_length() + 7) // 8
    if size >= 4:  # noqa: PLR2004, three bytes can stand anywhere by chance
        yield int(digits).to_bytes(size, "big")
        yield int(digits).to_bytes(size, "little")
