"""Reads the text of one DSMR value: a number of base units, text, an octet-string or a serial number.

The kinds of value are those of the P1 companion (5.0.2, 6.4): Fn(x,y) and In as decimal text, Sn as hex or text. From one second to
the next most texts of a telegram do not change. So each kind remembers the values of its texts. A `Reader` is a dictionary. If it does
not hold a text, it reads it.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from telegraf_han import units
from telegraf_han.telegram import Value

REMEMBERED: Final = 4096
"""The most texts that a reader holds. Then it forgets all and starts again. A register or a power has a few hundred different texts per
hour."""
REMEMBERED_BYTES: Final = 64
"""Bytes of the longest text that is held. A number has 20, a serial number 34. A message may have 2048 and is read each time."""
DIGITS_LIMIT: Final = 18
"""Digits before and after the decimal point. A register has 8 and 3. More would not fit into an integer of 64 bits."""

_NUMBER: Final = re.compile(rb"([+-]?)(\d{0,%d})(?:\.(\d{1,%d}))?" % (DIGITS_LIMIT, DIGITS_LIMIT))
_SERIAL: Final = re.compile(r"\d+|[A-Za-z0-9 ./_-]{6,}")


class Reader(dict[bytes, Value]):
    """The texts of one kind of value, and their values.

    A text that it does not hold is read. Raises ValueError for a text that has no value.
    """

    __slots__ = ("_limit", "_read")

    def __init__(self, read: Callable[[bytes], Value], limit: int = REMEMBERED) -> None:
        """Nothing read yet."""
        super().__init__()
        self._read: Final = read
        self._limit: Final = limit

    def __missing__(self, raw: bytes) -> Value:
        """Read a text. Hold it, unless it is too long."""
        value = self._read(raw)
        if len(raw) <= REMEMBERED_BYTES:
            if len(self) >= self._limit:
                self.clear()
            self[raw] = value
        return value


def is_number(raw: bytes) -> bool:
    """Whether a value is a number, if nothing tells its kind."""
    found = _NUMBER.fullmatch(raw)
    return found is not None and bool(found[2] or found[3])


@lru_cache(REMEMBERED)
def number(exponent: int) -> Reader:
    """The reader of decimal texts in units of ten to the `exponent`. All columns share it, because there are few such units."""
    return Reader(lambda raw: _number(raw, exponent))


def _number(raw: bytes, exponent: int) -> Value:
    """Decimal text as an exact number of base units. None for empty text. Raises ValueError for anything else."""
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
    """Plain text, read as UTF-8 or else as Latin-1. Padding with FF and control bytes are removed."""
    padded = raw.rstrip(b"\xff ")
    try:
        text = padded.decode()
    except UnicodeDecodeError:
        text = padded.decode("latin-1")
    return "".join(character for character in text if character.isprintable())


def _octets(raw: bytes) -> str:
    """An octet-string that was sent in hex.

    It becomes text if it is printable (ASCII, or UTF-8 for the letters of a language). Otherwise it stays hex.
    """
    try:
        octets = bytes.fromhex(raw.decode("ascii"))
        text = octets.rstrip(b"\xff\0 ").decode()
    except ValueError:
        return _text(raw)
    return text if text.isprintable() else _text(raw)


def _serial(raw: bytes) -> str:
    """A serial number, sent in hex or as plain text.

    Digits alone may be either. `3335303030303031` is 35000001, but `5051525354` is the number of a Hungarian meter and by chance also hex
    of letters. Digits are hex if that gives digits, or a text as long as a serial number.
    """
    text = _octets(raw)
    return text if not raw.isdigit() or _SERIAL.fullmatch(text) else _text(raw)


TEXT: Final = Reader(_text)
OCTETS: Final = Reader(_octets)
SERIAL: Final = Reader(_serial)
NOTHING: Final = Reader(lambda _: None, 1)
"""For the clock, which is not read like other values. `text.body` fills in the first clock of the telegram."""
