"""Reads hex text into a `Key`, whose bytes are never printed.

People get keys as hex, on paper or in an e-mail, with spaces, colons or dashes, in upper or lower case. From this module to `aes` a key is
a `Key`. So no log line, exception or repr can show it. If a string is no key, only its length is reported.
"""

import re
from collections.abc import Iterator
from typing import Final

from telegraf_han.language import _, counted

_SEPARATORS: Final = str.maketrans("", "", " \t\r\n:-_")
LENGTHS: Final = (16, 32)
"""AES-128, and AES-256 of DLMS security suite 2."""
_DIGITS: Final = 32
LIKE_A_KEY: Final = 24
"""A word with this many hex digits or more may be a key, or most of a key, in the wrong place."""
WRONG_LETTERS: Final = 4
"""A key that was copied by hand has some wrong letters. It is still a secret."""
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_GROUPS: Final = {2: 12, 4: 6, 8: 3, 16: 2}
"""Digits in a group, and how many such groups may be a key."""
_WORDS: Final = r"(?<![0-9A-Za-z])[0-9A-Za-z]{24,128}(?![0-9A-Za-z])|" + "|".join(
    rf"(?<![0-9A-Za-z])(?:[0-9A-Za-z]{{{size}}}[ \t:_-]{{1,2}}){{{least - 1},}}[0-9A-Za-z]{{{size}}}" for size, least in _GROUPS.items()
)
"""Digits in one piece (two long keys at most), or in groups of one length. Other groups are no key: a UUID, a date and a time."""


class Key:
    """An AES key of 16 or 32 bytes. Printing it, comparing it with bytes and pickling it all give nothing away."""

    __slots__ = ("__weakref__", "_octets", "blocks", "gcm", "size")

    def __init__(self, octets: bytes) -> None:
        """Take the octets of a key. Raises ValueError for any other length."""
        if len(octets) not in LENGTHS:
            raise ValueError(f"a key has 16 or 32 bytes, not {len(octets)}")
        self._octets: Final = bytes(octets)
        self.size: Final = len(octets)
        self.gcm: object = None
        self.blocks: object = None
        """What `aes` prepared for this key. Nobody else looks at them."""

    def reveal(self) -> bytes:
        """The octets. Only for `aes` and the key search."""
        return self._octets

    def __repr__(self) -> str:
        """Never the key."""
        return "Key(…)"

    def __eq__(self, other: object) -> bool:
        """Equal only to a Key with the same octets."""
        return isinstance(other, Key) and self._octets == other._octets

    def __hash__(self) -> int:
        """A Key can be hashed, so that `aes` can remember what it prepared for the key."""
        return hash(self._octets)

    def __reduce__(self) -> str:
        """Raises TypeError: a key must not be stored."""
        raise TypeError("a key cannot be pickled")


class Written:
    """The text of a key as its owner wrote it, which may be no key at all. Like a Key, it is never printed."""

    __slots__ = ("_text", "place")

    def __init__(self, text: str, place: str = "") -> None:
        """Take the text as it stands, and the words for the place where it was found ("" for the configuration itself)."""
        self._text: Final = text
        self.place: Final = place

    def reveal(self) -> str:
        """The text. Only for the key search."""
        return self._text

    def __repr__(self) -> str:
        """Never the text."""
        return "Written(…)"

    def __reduce__(self) -> str:
        """Raises TypeError: the text must not be stored either."""
        raise TypeError("a key cannot be pickled")


def digits(text: str) -> str:
    """The text of a key without `0x` and without the separators between its digits."""
    bare = text.translate(_SEPARATORS)
    return bare[2:] if bare[:2] in ("0x", "0X") else bare


def may_be_key(text: str) -> bool:
    """Whether a text holds something that may be a key. No message may show such a text."""
    bare = digits(text)
    return (len(bare) >= LIKE_A_KEY and _HEX.issuperset(bare)) or next(_alike(text), None) is not None


def masked(text: str) -> str:
    """A text with "…" in the place of everything that may be a key."""
    shown, end = "", 0
    for found in _alike(text):
        shown, end = f"{shown}{text[end : found.start()]}…", found.end()
    return shown + text[end:]


def _alike(text: str) -> Iterator[re.Match[str]]:
    """The parts of a text that may be keys."""
    if sum(character in _HEX for character in text) < LIKE_A_KEY - WRONG_LETTERS:
        return  # no pattern is needed for an ordinary name
    for found in re.finditer(_WORDS, text):
        letters = [character for character in found.group() if character.isalnum()]
        wrong = sum(character not in _HEX for character in letters)
        if wrong <= WRONG_LETTERS and len(letters) >= LIKE_A_KEY:
            yield found


def keys_in(text: str) -> int:
    """The number of keys in a text, on lines of their own or one after the other, with or without labels."""
    bare = digits(text)
    if len(bare) == _DIGITS and _HEX.issuperset(bare):
        return 1  # the usual case, without the time that the patterns take
    return sum(1 for line in text.splitlines() for _ in _alike(line))


def key(text: str) -> Key:
    """Read a key as hex, with or without separators. Raises ValueError that tells the digit count, never the digits."""
    bare = digits(text)
    try:
        octets = bytes.fromhex(bare)
    except ValueError:
        others = sum(character not in "0123456789abcdefABCDEF" for character in bare)
        if others:
            said = counted(
                "32 hex digits expected, found {number} character that is not a hex digit",
                "32 hex digits expected, found {number} characters that are not hex digits",
                others,
            )
            raise ValueError(said) from None
        octets = b""  # the number of digits is odd
    if len(octets) not in LENGTHS:
        if not bare:
            raise ValueError(_("32 hex digits expected, found no hex digits"))
        said = counted("32 hex digits expected, found {number} hex digits", "32 hex digits expected, found {number} hex digits", len(bare))
        raise ValueError(said)
    return Key(octets)
