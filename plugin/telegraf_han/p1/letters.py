"""Finds out which letters the bytes of a text are: UTF-8, Windows-1250 or ISO 8859-2.

No P1 telegram says how its texts are encoded, and DSMR allows ASCII only (P1 companion 5.0.2, 6.4: Sn). Polish meters send UTF-8,
Windows-1250 or ISO 8859-2. So an encoding is right if Polish comes out: each letter is a Polish one, or it is the same in all encodings of
Western and Central Europe, as ó, ü and é are. `ą`, `ś` and `ź` tell the two Polish encodings apart. What cannot be told is not guessed at.

[assumed] no message has letters that are neither Polish nor the same everywhere. Such a message stays hex, and no letter of it is wrong.
"""

from typing import Final

_LETTERS: Final = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
_ENCODINGS: Final = ("cp1250", "iso8859-2")
_WESTERN: Final = "cp1252"
_MARKS: Final = frozenset("\xa0\xad§°„”“’‚‘–—…€«»·")
"""What a message may hold besides letters. `¦`, `¬`, `±` and `¶` would be Ś, Ź, ą and ś in the other encoding."""
_NEAR: Final = frozenset([*map(chr, range(0xA0, 0x180)), *map(chr, range(0x2010, 0x20D0))])
"""Latin letters and marks. `ZESPÓŁ` in Windows-1250 is by chance also UTF-8 with a letter that is not among them."""


def text(octets: bytes) -> str | None:
    """The text of these bytes on one line. None if nobody can tell, or if it is not printable."""
    if octets.isascii():
        return _on_one_line(octets.decode("ascii"))
    central = {found for encoding in _ENCODINGS if (found := _central(octets, encoding)) is not None}
    try:
        unicode = _on_one_line(octets.decode())
    except UnicodeDecodeError:
        unicode = None
    if unicode is not None and not (central and any(not character.isascii() and character not in _NEAR for character in unicode)):
        return unicode
    return central.pop() if len(central) == 1 else None


def _on_one_line(characters: str) -> str | None:
    """The same with blanks for line breaks, because a field or a log holds one line. None if other characters are not printable."""
    line = " ".join([part.strip() for part in characters.replace("\t", " ").replace("\xa0", " ").splitlines() if part.strip()])
    return line if line.isprintable() else None


def _central(octets: bytes, encoding: str) -> str | None:
    """The text in this encoding, if that makes Polish."""
    characters = octets.decode(encoding, "replace")
    western = octets.decode(_WESTERN, "replace")
    for character, other in zip(characters, western, strict=True):
        if not (character.isascii() or character in _LETTERS or (character == other and (character.isalpha() or character in _MARKS))):
            return None
    return _on_one_line(characters)
