"""Reads hex text into a `Key`, whose bytes are never printed.

People get keys as hex, on paper or in an e-mail, with spaces, colons or dashes, in upper or lower case. From this module to `aes` a key is
a `Key`. So no log line, exception or repr can show it. If a string is no key, only its length is reported.
"""

from typing import Final

_SEPARATORS: Final = str.maketrans("", "", " \t\r\n:-_")
LENGTHS: Final = (16, 32)
"""AES-128, and AES-256 of DLMS security suite 2."""


class Key:
    """An AES key of 16 or 32 bytes. Printing it, comparing it with bytes and pickling it all give nothing away."""

    __slots__ = ("__weakref__", "_octets")

    def __init__(self, octets: bytes) -> None:
        """Take the octets of a key. Raises ValueError for any other length."""
        if len(octets) not in LENGTHS:
            raise ValueError(f"a key has 16 or 32 bytes, not {len(octets)}")
        self._octets: Final = bytes(octets)

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


def key(text: str) -> Key:
    """Read a key as hex, with or without separators. Raises ValueError that tells the digit count, never the digits."""
    bare = digits(text)
    try:
        octets = bytes.fromhex(bare)
    except ValueError:
        others = sum(character not in "0123456789abcdefABCDEF" for character in bare)
        if others:
            what = "1 character that is not a hex digit" if others == 1 else f"{others} characters that are not hex digits"
            raise ValueError(f"32 hex digits expected, found {what}") from None
        octets = b""  # the number of digits is odd
    if len(octets) not in LENGTHS:
        raise ValueError(f"32 hex digits expected, found {len(bare) or 'no'} hex digits")
    return Key(octets)
