"""Reads the text of one DSMR value: a number of base units, a word, an octet-string or a serial number.

The kinds of value are those of the P1 companion (5.0.2, 6.4): Fn(x,y) and In as decimal text, Sn as hex or text. From one second to
the next most texts of a telegram do not change. So each kind remembers the values of its texts. A `Reader` is a dictionary. If it does
not hold a text, it reads it.

Meters also send words where numbers are usual (`ON`, `TARIFF 1`), identifiers that look like numbers, and signs that say that there is no
number (`----`). `said` tells them apart. The readers of numbers and words are strict: they raise ValueError for a text of another kind. So
a telegram that they read has numbers and texts in the same columns as the one before.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

from telegraf_han import units
from telegraf_han.telegram import Value

REMEMBERED: Final = 4096
"""The most texts that a reader holds. Then it forgets all and starts again. A register or a power has a few hundred different texts per
hour."""
REMEMBERED_BYTES: Final = 64
"""Bytes of the longest text that is held. A number has 20, a serial number 34. A message may have 2048 and is read each time."""
DIGITS_LIMIT: Final = 18
"""Digits before and after the decimal point of a number. A register has 8 and 3."""
EXACT: Final = 2**53
"""The largest number that is sent on, because InfluxDB keeps numbers as floats, and a float has 53 bits. A larger one is kept as text."""
_SURE_DIGITS: Final = 15
"""A number of so many digits is below `EXACT`."""
_LARGE_LIMIT: Final = 64
"""Digits of the longest number that is kept as text. A field is cut, and a longer number that is cut is another number."""

Said = Literal["number", "large", "word", "mixed", "odd", "void", "filled", ""]
"""What a text is: a number; a number that no float holds; a word (`ON`); letters behind figures (`12a`); other signs (`1,5`); a sign that
there is no value (`----`, `NaN`); a field filled with X or F; nothing."""

_NUMBER: Final = re.compile(rb"([+-]?)(\d{0,%d})(?:\.(\d{0,%d}))?" % (DIGITS_LIMIT, DIGITS_LIMIT))
_LARGE: Final = rb"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_SIGNS: Final = b"-+*?.,#_~=/:| "
_VOID: Final = rb"[+-]?(?:nan|inf|infinity)|null|nil|none|n/?a"
_FILLED: Final = rb"x{2,}|f{4,}"
_SERIAL: Final = re.compile(r"\d+|[A-Za-z0-9 ./_-]{6,}")
_CONTROLS: Final = bytes([code for code in (*range(32), 127) if code not in b"\t\n\r"])


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


def said(raw: bytes, exponent: int = 0) -> Said:
    """What a text is. A number is in units of ten to the `exponent`."""
    bare = raw.strip()
    if not bare:
        return ""
    if _number(bare, exponent) is not None:
        return "number"
    if len(bare) <= _LARGE_LIMIT and re.fullmatch(_LARGE, bare):
        return "large"
    if re.fullmatch(_VOID, bare.lower()) or _is_placeholder(bare):
        return "void"
    if re.fullmatch(_FILLED, bare.lower()):
        return "filled"
    if not any(map(str.isalpha, bare.decode(errors="replace"))):
        return "odd"
    return "mixed" if bare[:1] in b"0123456789+-." else "word"


def _is_placeholder(bare: bytes) -> bool:
    """Whether a text consists of signs where figures should be, with or without a unit behind them: `--.---`, `****.***kWh`."""
    rest = bare.lstrip(_SIGNS)
    return not rest or (len(rest) < len(bare) - 1 and units.known(rest.decode("latin-1")))


@lru_cache(256)
def number(exponent: int, *, empty: bool = True) -> Reader:
    """The reader of decimal texts in units of ten to the `exponent`. All columns share it, because there are few such units.

    `empty` says whether nothing is a value, too: None.
    """
    sure = _SURE_DIGITS - max(exponent, 0)

    def read(raw: bytes) -> Value:
        whole, _, decimals = raw.partition(b".")
        if len(raw) <= sure and whole.isdigit() and (decimals.isdigit() or not decimals):
            return units.scaled(int(whole + decimals), exponent - len(decimals))
        bare = raw.strip()
        if empty and not bare:
            return None
        value = _number(bare, exponent)
        if value is None:
            raise ValueError("no number")
        return value

    return Reader(read)


def _number(bare: bytes, exponent: int) -> int | float | None:
    """Decimal text as an exact number of base units. None if it is no number, or one that no float holds."""
    found = _NUMBER.fullmatch(bare)
    if found is None or not (found[2] or found[3]):
        return None
    decimals = found[3] or b""
    mantissa = int(found[2] + decimals)
    value = units.scaled(-mantissa if found[1] == b"-" else mantissa, exponent - len(decimals))
    return value if abs(value) <= EXACT else None


def _text(raw: bytes) -> str:
    """Plain text on one line. Padding with FF and control bytes are removed. Bytes that may be different letters become hex."""
    padded = raw.rstrip(b"\xff ")
    text = _letters(padded.translate(None, _CONTROLS))
    return padded.hex().upper() if text is None else text


def _letters(octets: bytes) -> str | None:
    """The text of these bytes on one line. None if nobody can tell, or if it is not printable."""
    if octets.isascii():
        text = octets.decode("ascii")
        if text.isprintable():
            return text.strip()
    from telegraf_han.p1 import letters  # noqa: PLC0415, most meters send ASCII on one line only

    return letters.text(octets)


def _octets(raw: bytes) -> str:
    """An octet-string that was sent in hex. It becomes text if it is printable. Otherwise it stays hex."""
    try:
        octets = bytes.fromhex(raw.decode("ascii"))
    except ValueError:
        return _text(raw)
    text = _letters(octets.rstrip(b"\xff\0 "))
    return _text(raw) if text is None else text


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
