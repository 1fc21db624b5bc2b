"""Numbers and texts that name somebody into invented ones of the same length, the same for the same each time.

A serial number stands in a telegram in many writings: digits, hex of digits, packed decimal, low byte first. It is replaced where it
is read; `Numbers` remembers what was replaced, so that the finished telegram can be searched for any writing of it before it leaves
the house.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

TELLING_DIGITS: Final = 7
"""A number so long names one meter; shorter ones are looked for nowhere, since they are anywhere."""
NUMBERS_LIMIT: Final = 10_000
"""Different numbers remembered; a capture of a town has fewer."""
_KEPT_OCTETS: Final = b"\x00\xff !#$%&'()*+,-./:;<=>?@[]^_`{|}~"
_DECIMAL: Final = frozenset("0123456789")
_FEW: Final = 3
"""Digits of a number that names nobody."""
_FIRST: Final = "8"
"""What invented numbers begin with."""


class Numbers:
    """What stands for what."""

    __slots__ = ("_found", "_invented", "_ordinals")

    def __init__(self) -> None:
        """Nothing replaced yet."""
        self._invented: Final[dict[str, str]] = {}
        self._ordinals: Final[dict[bytes, int]] = {}
        self._found: Final[dict[bytes, None]] = {}

    def invented(self, digits: str) -> str:
        """As many digits, none of them the number's own; leading zeros stay, so that one number is one in fields of any width."""
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
        """A small number that stands for these octets, whose form nobody knows."""
        if octets.strip(b"\0"):
            self._found[octets] = None
        return self._ordinals.setdefault(octets, len(self._ordinals) + 1)

    def remember(self, digits: str) -> None:
        """Look for this number, in any writing, in what is written."""
        if len(digits) >= TELLING_DIGITS:
            self._found.update(dict.fromkeys(_writings(digits)))

    def masked_octets(self, octets: bytes) -> bytes:
        """Characters whose letters become X and whose digits, taken together, an invented number.

        Padding and punctuation stay, control bytes become dots.
        """
        text = "".join(
            chr(octet) if octet in _KEPT_OCTETS or chr(octet) in _DECIMAL else "X" if octet >= ord("A") else "." for octet in octets
        )
        digits = "".join(character for character in text if character in _DECIMAL)
        fresh = iter(self.invented(digits))
        return bytes([ord(next(fresh)) if character in _DECIMAL else ord(character) for character in text])

    def leaks(self, octets: bytes) -> bool:
        """Whether any number that was replaced still stands here, in any writing."""
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
    if size >= 4:  # noqa: PLR2004, three bytes are anywhere
        yield int(digits).to_bytes(size, "big")
        yield int(digits).to_bytes(size, "little")
