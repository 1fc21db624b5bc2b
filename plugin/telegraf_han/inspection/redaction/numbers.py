"""Replaces numbers and texts that identify somebody by invented ones of the same length. The same number always gets the same replacement.

A number can stand in a quantity before it stands in a line of its own. So a capture is read twice. The second reading begins with what the
first one got to know (`known`).
"""

from collections.abc import Iterator
from itertools import count
from typing import Final

from telegraf_han.inspection.redaction.known import Known

NUMBERS_LIMIT: Final = 10_000
"""Different numbers replaced at most. A capture of a whole town has fewer."""
_KEPT_OCTETS: Final = b"\x00\xff !#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_DECIMAL: Final = frozenset("0123456789")
_FEW: Final = 3
"""A number of so few digits names nobody. It becomes zeros."""
_FIRST: Final = "897654321"
"""The digits with which invented numbers begin. The next one is used when all numbers with the one before are taken."""


class Numbers:
    """The memory of one run: which invented number stands for which real one, and what was kept and replaced."""

    __slots__ = ("_invented", "_ordinals", "_taken", "_tried", "kept", "known", "replaced")

    def __init__(self, known: Known | None = None) -> None:
        """Nothing replaced yet. `known` is what another reading of the same capture found."""
        self._invented: Final[dict[str, str]] = {}
        self._taken: Final[set[str]] = set()
        self._tried: Final[dict[int, Iterator[str]]] = {}
        self._ordinals: Final[dict[bytes, int]] = {}
        self.known: Final = known or Known()
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
            self.known.remember(core)
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
        return candidate not in self._taken and not self.known.resembles(candidate)

    def ordinal(self, octets: bytes) -> int:
        """A small number that stands for these octets, because their form is unknown."""
        if octets.strip(b"\0") and not octets.isdigit():
            self.known.search_for(octets)
        return self._ordinals.setdefault(octets, len(self._ordinals) + 1)

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
        return self.known.leaks(octets)


def _candidates(width: int) -> Iterator[str]:
    """Numbers of so many digits, in order."""
    for first in _FIRST:
        for number in count(1):
            if number >= min(10 ** (width - 1), 3 * NUMBERS_LIMIT):
                break
            yield f"{first}{number:0{width - 1}d}"
