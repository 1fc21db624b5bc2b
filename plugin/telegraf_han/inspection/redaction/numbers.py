"""Replaces numbers and texts that identify somebody by invented ones of the same length. The same number always gets the same replacement.

A telegram can hold a serial number in many forms: digits, hex of digits, packed decimal, low byte first. It is replaced where it is read.
`Numbers` remembers each number that was replaced. So a quantity that carries a serial number is told from one that does not, and the
finished telegram can be searched for the number in any form before it leaves the house.

A number can stand in a quantity before it stands in its own line. So a capture is read twice: `Numbers(known)` begins with what the first
reading found.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Final, Self

TELLING_DIGITS: Final = 7
"""A number of this length names one meter. Shorter numbers are not searched for, because they can stand anywhere by chance."""
NUMBERS_LIMIT: Final = 10_000
"""Different numbers remembered at most. A capture of a whole town has fewer."""
PART_DIGITS: Final = 5
"""So many digits of the meter's own number in a row are too many for chance. One value in ten thousand has them all the same."""
_SHORT_PART: Final = 4
"""A value of only four digits is a part of the meter's number if all four are."""
_TELLING_NONZERO: Final = 3
"""A part with fewer other digits than 0 tells nothing: 5000 and 10000 are everywhere."""
_WHOLE_DIGITS: Final = 6
"""A number of so few digits is still looked for as a whole, if it is the meter's own."""
_KEPT_OCTETS: Final = b"\x00\xff !#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_DECIMAL: Final = frozenset("0123456789")
_FEW: Final = 3
"""A number of so few digits names nobody. It becomes zeros."""
_FIRST: Final = "897654321"
"""The digits with which invented numbers begin. The next one is used when all numbers with the one before are taken."""
_RUN: Final = re.compile(rb"\d{%d,}" % TELLING_DIGITS)


class Numbers:
    """The memory of one run: which invented number stands for which real one, and what was kept and replaced."""

    __slots__ = ("_found", "_fours", "_invented", "_ordinals", "_parts", "_taken", "_tried", "_wholes", "kept", "replaced")

    def __init__(self, known: Self | None = None) -> None:
        """Nothing replaced yet. `known` is what another reading of the same capture found."""
        self._invented: Final[dict[str, str]] = {}
        self._taken: Final[set[str]] = set()
        self._tried: Final[dict[int, Iterator[str]]] = {}
        self._ordinals: Final[dict[bytes, int]] = {}
        self._found: Final[dict[bytes, None]] = dict(known._found) if known else {}
        self._wholes: Final[set[str]] = set(known._wholes) if known else set()
        self._parts: Final[set[str]] = set(known._parts) if known else set()
        self._fours: Final[set[str]] = set(known._fours) if known else set()
        self.kept: Final[dict[str, dict[str, None]]] = {}
        """Why something was kept → the places."""
        self.replaced: Final[dict[str, dict[str, None]]] = {}
        """What was replaced → the places."""

    def note_kept(self, why: str, place: str) -> None:
        """Report at the end that the values of this place were kept."""
        self.kept.setdefault(why, {})[place] = None

    def note_replaced(self, what: str, place: str) -> None:
        """Report at the end that a value of this place was replaced."""
        self.replaced.setdefault(what, {})[place] = None

    def invented(self, digits: str, *, telling: bool = True) -> str:
        """An invented number with as many digits. Leading zeros stay, so a number gets the same invented number in fields of any width.

        `telling` is False for the digits of a quantity. They identify nobody, so they are not looked for elsewhere.
        """
        core = digits.lstrip("0")
        if len(core) <= _FEW:
            return "0" * len(digits)
        if telling:
            self.remember(core)
        if core not in self._invented:
            if len(self._invented) >= NUMBERS_LIMIT:
                return "0" * len(digits)
            self._invented[core] = self._new(core)
            self._taken.update((core, self._invented[core]))
        return self._invented[core].rjust(len(digits), "0")

    def _new(self, core: str) -> str:
        candidates = self._tried.setdefault(len(core), _candidates(len(core)))
        return next((candidate for candidate in candidates if candidate != core and self._is_free(candidate)), "0" * len(core))

    def _is_free(self, candidate: str) -> bool:
        return candidate not in self._taken and candidate not in self._wholes and self._fours.isdisjoint(_parts(candidate, _SHORT_PART))

    def ordinal(self, octets: bytes) -> int:
        """A small number that stands for these octets, because their form is unknown."""
        if octets.strip(b"\0") and not octets.isdigit():
            self._found[octets] = None
        return self._ordinals.setdefault(octets, len(self._ordinals) + 1)

    def remember(self, digits: str) -> None:
        """From now on look for this number, in any form, in finished telegrams and in quantities."""
        core = digits.lstrip("0")
        if len(core) >= TELLING_DIGITS and core not in self._wholes and len(self._wholes) < 3 * NUMBERS_LIMIT:
            self._found.update(dict.fromkeys(_writings(core)))
            self._wholes.update(_directions(core))

    def remember_all(self, text: bytes) -> None:
        """Remember each number in a text that is long enough."""
        for run in _RUN.findall(text):
            self.remember(run.decode("ascii"))

    def recognise(self, digits: str) -> None:
        """Remember the meter's own number. A quantity must not carry a part of it either."""
        core = digits.lstrip("0")
        if len(self._parts) >= NUMBERS_LIMIT:
            return
        self.remember(core)
        self._parts.update(_parts(core, PART_DIGITS))
        self._fours.update(_parts(core, _SHORT_PART))
        if len(core) >= _WHOLE_DIGITS:
            self._wholes.update(_directions(core))

    def holds(self, digits: str) -> bool:
        """Whether these digits contain a whole number that is remembered."""
        spans = ((start, end) for start in range(len(digits)) for end in range(start + _WHOLE_DIGITS, len(digits) + 1))
        return any(digits[start:end] in self._wholes for start, end in spans)

    def carries(self, digits: str) -> bool:
        """Whether the digits of a quantity are those of a number that is remembered, or contain a part of the meter's own number."""
        core = digits.lstrip("0")
        if len(core) == _SHORT_PART:
            return core in self._fours
        return not self._parts.isdisjoint(_parts(core, PART_DIGITS)) or self.holds(core)

    def masked_octets(self, octets: bytes, *, telling: bool = True) -> bytes:
        """Mask a text: its letters become X, and its digits together become an invented number.

        Padding and punctuation stay, control bytes become dots.
        """
        text = "".join(
            chr(octet) if octet in _KEPT_OCTETS or chr(octet) in _DECIMAL else "X" if octet >= ord("A") else "." for octet in octets
        )
        digits = "".join(character for character in text if character in _DECIMAL)
        fresh = iter(self.invented(digits, telling=telling))
        return bytes([ord(next(fresh)) if character in _DECIMAL else ord(character) for character in text])

    def leaks(self, octets: bytes) -> bool:
        """Whether any number that was replaced is still in these octets, in any form."""
        return any(form in octets for form in self._found)


def _candidates(width: int) -> Iterator[str]:
    """Numbers of so many digits, in order."""
    for first in _FIRST:
        for number in count(1):
            if number >= min(10 ** (width - 1), 3 * NUMBERS_LIMIT):
                break
            yield f"{first}{number:0{width - 1}d}"


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
    size = (int(digits).bit_length() + 7) // 8
    if size >= 4:  # noqa: PLR2004, three bytes can stand anywhere by chance
        yield int(digits).to_bytes(size, "big")
        yield int(digits).to_bytes(size, "little")
