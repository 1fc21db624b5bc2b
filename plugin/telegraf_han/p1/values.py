"""The text of one DSMR value into what it says: a number of base units, text, an octet-string, a serial number.

Value kinds are those of the P1 companion (5.0.2, 6.4): Fn(x,y) and In as decimal text, Sn as hex or text. From one second to the next
most texts of a telegram do not change, so each kind remembers what its texts said: a `Reader` is a dictionary that reads what it
does not hold.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from telegraf_han import units
from telegraf_han.telegram import Value

REMEMBERED: Final = 4096
"""Texts a reader holds; then it forgets all and begins anew. A register and a power have some hundred different ones an hour."""
REMEMBERED_BYTES: Final = 64
"""Of the longest text held: a number has 20, a serial number 34; a message may have 2048 and is read each time."""
DIGITS_LIMIT: Final = 18
"""Digits before and behind the decimal point; a register has 8 and 3, and more would not fit any integer of 64 bits."""

_NUMBER: Final = re.compile(rb"([+-]?)(\d{0,%d})(?:\.(\d{1,%d}))?" % (DIGITS_LIMIT, DIGITS_LIMIT))
_SERIAL: Final = re.compile(r"\d+|[A-Za-z0-9 ./_-]{6,}")


class Reader(dict[bytes, Value]):
    """Texts of one kind of value and what they say; a text it does not hold is read. Raises ValueError where it says nothing."""

    __slots__ = ("_limit", "_read")

    def __init__(self, read: Callable[[bytes], Value], limit: int = REMEMBERED) -> None:
        """Nothing read yet."""
        super().__init__()
        self._read: Final = read
        self._limit: Final = limit

    def __missing__(self, raw: bytes) -> Value:
        """Read a text, and hold it unless it is too long."""
        value = self._read(raw)
        if len(raw) <= REMEMBERED_BYTES:
            if len(self) >= self._limit:
                self.clear()
            self[raw] = value
        return value


def is_number(raw: bytes) -> bool:
    """Whether a value whose kind nobody tells is a number."""
    found = _NUMBER.fullmatch(raw)
    return found is not None and bool(found[2] or found[3])


@lru_cache(REMEMBERED)
def number(exponent: int) -> Reader:
    """The reader of decimal texts in units of ten to the `exponent`; one for all columns, as there are few such units."""
    return Reader(lambda raw: _number(raw, exponent))


def _number(raw: bytes, exponent: int) -> Value:
    """Decimal text as an exact number of base units, None where nothing stands there. Raises ValueError for anything else."""
    whole, _, decimals = raw.partition(b".")
    if len(raw) <= DIGITS_LIMIT and whole.isdigit() and (decimals.isdigit() or not decimals):
        return units.scaled(int(whole + decimals), exponent - len(decimals))
    if not raw.strip():
        return None
    found = _NUMBER.fullmatch(raw.strip())
    if found is None or not (found[2] or found[3]):
        raise ValueError("no number")
    mantissa = int(found[2] + (found[3] or b""))
    return units.scaled(-mantissa if found[1] == b"-" else mantissa, exponent - len(found[3] or b""))


def _text(raw: bytes) -> str:
    """Text as it stands, in UTF-8 or else Latin-1; padding with FF and control bytes go."""
    padded = raw.rstrip(b"\xff ")
    try:
        text = padded.decode()
    except UnicodeDecodeError:
        text = padded.decode("latin-1")
    return "".join(character for character in text if character.isprintable())


def _octets(raw: bytes) -> str:
    """An octet-string sent in hex, as text where it is printable (ASCII, or UTF-8 for the letters of a language); else as it stands."""
    try:
        octets = bytes.fromhex(raw.decode("ascii"))
        text = octets.rstrip(b"\xff\0 ").decode()
    except ValueError:
        return _text(raw)
    return text if text.isprintable() else _text(raw)


def _serial(raw: bytes) -> str:
    """A serial number, sent in hex or as it stands.

    Digits alone may be either: `3335303030303031` is 35000001, and `5051525354` a Hungarian meter's number that happens to be hex of
    letters too. They are hex where that gives digits, or a text as long as a serial number has.
    """
    text = _octets(raw)
    return text if not raw.isdigit() or _SERIAL.fullmatch(text) else _text(raw)


TEXT: Final = Reader(_text)
OCTETS: Final = Reader(_octets)
SERIAL: Final = Reader(_serial)
NOTHING: Final = Reader(lambda _: None, 1)
"""The clock is not read like other values; `text.body` fills it in, the first one that is there."""
