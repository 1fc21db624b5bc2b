"""Replaces numbers and texts that identify somebody by invented ones of the same length. The same number always gets the same replacement.

A telegram can hold a serial number in many forms: digits, hex of digits, packed decimal, low byte first. It is replaced where it is read.
`Numbers` remembers each number that was replaced. So the finished telegram can be searched for the number in any form before it leaves the
house.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

TELLING_DIGITS: Final = 7
"""A number of this length names one meter. Shorter numbers are not searched for, because they can stand anywhere by chance."""
NUMBERS_LIMIT: Final = 10_000
"""Different numbers remembered at most. A capture of a whole town has fewer."""
_KEPT_OCTETS: Final = b"\x00\xff !#$%&'()*+,-./:;<=>?@[]^_`{|}~"
_DECIMAL: Final = frozenset("0123456789")
_FEW: Final = 3
"""A number of so few digits names nobody."""
_FIRST: Final = "8"
"""The digit with which invented numbers begin."""


class Numbers:
    """Remembers which invented number stands for which real one."""

    __slots__ = ("_found", "_invented", "_ordinals")

    def __init__(self) -> None:
        """Nothing replaced yet."""
        self._invented: Final[dict[str, str]] = {}
        self._ordinals: Final[dict[bytes, int]] = {}
        self._found: Final[dict[bytes, None]] = {}

    def invented(self, digits: str) -> str:
        """An invented number with as many digits. Leading zeros stay, so a number gets the same invented number in fields of any width."""
        core = digits.lstrip("0")
        if len(core) <= _FEW:
            return "0" * len(digits)
        if core not in self._invented:
            if len(self._invented) >= NUMBERS_LIMIT:
                return "0" * len(digits)
            self._invented[core] = self._new(core)
            self.remember(core)
        return self._invented[core].rjust(len(digits), "0")

    def _new(self, core: str) -> str:
        taken = {*self._invented, *self._invented.values(), core}
        width = len(core) - 1
        candidates = (_FIRST + f"{number % 10**width:0{width}d}" for number in range(1, NUMBERS_LIMIT))
        return next((candidate for candidate in candidates if candidate not in taken), "0" * len(core))

    def ordinal(self, octets: bytes) -> int:
        """A small number that stands for these octets, because their form is unknown."""
        if octets.strip(b"\0"):
            self._found[octets] = None
        return self._ordinals.setdefault(octets, len(self._ordinals) + 1)

    def remember(self, digits: str) -> None:
        """From now on look for this number, in any form, in finished telegrams."""
        if len(digits) >= TELLING_DIGITS:
            self._found.update(dict.fromkeys(_writings(digits)))

    def masked_octets(self, octets: bytes) -> bytes:
        """Mask a text: its letters become X, and its digits together become an invented number.

        Padding and punctuation stay, control bytes become dots.
        """
        text = "".join(
            chr(octet) if octet in _KEPT_OCTETS or chr(octet) in _DECIMAL else "X" if octet >= ord("A") else "." for octet in octets
        )
        digits = "".join(character for character in text if character in _DECIMAL)
        fresh = iter(self.invented(digits))
        return bytes([ord(next(fresh)) if character in _DECIMAL else ord(character) for character in text])

    def leaks(self, octets: bytes) -> bool:
        """Whether any number that was replaced is still in these octets, in any form."""
        return any(form in octets for form in self._found)


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
