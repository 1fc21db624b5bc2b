"""Hex text into a `Key`: bytes that never print.

Keys reach people as hex, on paper or in an e-mail: with spaces, colons, dashes, in either case. From here to `aes` a key is a
`Key`, so that no log line, exception or repr can show it. A string that is no key is described by its length only.
"""

from typing import Final

_SEPARATORS: Final = str.maketrans("", "", " \t\r\n:-_")
LENGTHS: Final = (16, 32)
"""AES-128, and AES-256 of DLMS security suite 2."""


class Key:
    """An AES key of 16 or 32 bytes; printing, comparing with bytes and pickling it all give nothing away."""

    __slots__ = ("__weakref__", "_octets")

    def __init__(self, octets: bytes) -> None:
        """Take the octets of a key. Raises ValueError for any other length."""
        if len(octets) not in LENGTHS:
            raise ValueError(f"a key has 16 or 32 bytes, not {len(octets)}")
        self._octets: Final = bytes(octets)

    def reveal(self) -> bytes:
        """The octets, for `aes` and the key search only."""
        return self._octets

    def __repr__(self) -> str:
        """Never the key."""
        return "Key(…)"

    def __eq__(self, other: object) -> bool:
        """Equal to a Key with the same octets only."""
        return isinstance(other, Key) and self._octets == other._octets

    def __hash__(self) -> int:
        """So that `aes` can remember what it prepared for a key."""
        return hash(self._octets)

    def __reduce__(self) -> str:
        """Raises TypeError: a key is not to be stored."""
        raise TypeError("a key cannot be pickled")


class Written:
    """The text of a key as its owner wrote it, which may be no key at all; as silent as a Key."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Take the text as it stands."""
        self._text: Final = text

    def reveal(self) -> str:
        """The text, for the key search only."""
        return self._text

    def __repr__(self) -> str:
        """Never the text."""
        return "Written(…)"

    def __reduce__(self) -> str:
        """Raises TypeError: it is not to be stored either."""
        raise TypeError("a key cannot be pickled")


def digits(text: str) -> str:
    """The text of a key without what stands between its digits."""
    bare = text.translate(_SEPARATORS)
    return bare[2:] if bare[:2] in ("0x", "0X") else bare


def key(text: str) -> Key:
    """Read a key as hex, separators allowed. Raises ValueError that tells the digit count, never the digits."""
    bare = digits(text)
    try:
        octets = bytes.fromhex(bare)
    except ValueError:
        odd = sum(character not in "0123456789abcdefABCDEF" for character in bare)
        what = f"{odd} characters that are no hex digits" if odd else f"{len(bare)} hex digits"
        raise ValueError(f"32 hex digits expected, found {what}") from None
    if len(octets) not in LENGTHS:
        raise ValueError(f"32 hex digits expected, found {len(bare)}")
    return Key(octets)
