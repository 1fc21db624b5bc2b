"""Reads the data of a record into a value: BCD, binary, float, date or text, as its data field and VIF say.

EN 13757-3, 6.3.3 (data fields) and Annex A (types).

- Type A is BCD, low digits first. A leading F is a minus sign, all F is "no value", and any other letter is an error.
- Type B is two's complement. Its lowest number is "no value".
- Type C is unsigned. Its highest number is "no value".
- Type D are bits, which are never invalid.
- Type H is a float of 32 bits. Infinity and "not a number" are "no value".

A variable field names its own form in its first byte. A reader is made once per column and takes the record's octets. It raises
ValueError for octets that are no value. It returns None if the meter says that it has no value.

[seen] BCD and binary registers. [assumed] binary fields of more than 8 bytes are no numbers. They are given in hex.
"""

import struct
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final, NamedTuple

from telegraf_han import clock
from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError
from telegraf_han.mbus import dif
from telegraf_han.mbus.vif import Vib
from telegraf_han.mbus.vife import PROFILE
from telegraf_han.telegram import Value
from telegraf_han.units import scaled

Read = Callable[[bytes], Value]
ReadDated = Callable[[bytes, Zone], Value]
ReadClock = Callable[[bytes, Zone], int | None]
"""UTC ns."""

_LARGEST_NUMBER: Final = 8
"""Bytes of the longest binary number. A longer field is no quantity."""
_FLOAT: Final = struct.Struct("<f")
_DIGITS_OF_FLOAT: Final = range(6, 10)
"""Significant decimal digits: 6 always survive in 32 bits, 9 always tell two floats apart."""
_WHOLE_LIMIT: Final = 2**53
"""Databases keep numbers as floats. Beyond this, a float is not exact to the unit."""


REMEMBERED: Final = 2048
"""The most octets that are held of one kind. Then all are forgotten. They take 0.3 MB."""
KINDS_REMEMBERED: Final = 64
"""Kinds of values of which octets are held. A meter has three or four."""
_REMEMBERED_BYTES: Final = 16


class TooLargeError(ValueError):
    """A number that no database would keep as it is."""

    def __init__(self, number: float) -> None:
        super().__init__(f"{number} is too large for a float, which would change it")


class Remembering(dict[bytes, Value]):
    """The octets of one kind of value, and their values. Octets that it does not hold are read.

    Most values of a telegram are the same as in the telegram before, or as another meter's.
    """

    __slots__ = ("_read",)

    def __init__(self, read: Read) -> None:
        """Nothing read yet."""
        super().__init__()
        self._read: Final = read

    def __missing__(self, data: bytes) -> Value:
        """Read octets, and hold what is short. Raises ValueError for octets that are no value."""
        value = self._read(data)
        if len(data) <= _REMEMBERED_BYTES:
            if len(self) >= REMEMBERED:
                self.clear()
            self[data] = value
        return value


class Reader(NamedTuple):
    """How the octets of one column become its value."""

    read: Read
    text: bool
    """Whether the values are text. A column never changes between text and numbers."""
    dated: ReadDated | None = None
    """Used instead of `read` for dates, which need the meter's zone."""


_UNEXPLAINED: Final = frozenset(("", "makers_own"))
"""Quantities that the norm does not explain."""
_TEXTS: Final = frozenset(("identity", "bits", "date"))
"""Kinds of a VIF whose values are text, in whatever form they come."""


def variable_size(lvar: int) -> int | None:
    """Bytes after the length byte of a variable field. None if the code is reserved (EN 13757-3, table 5)."""
    for first, last, size in _VARIABLE:
        if first <= lvar <= last:
            return size(lvar)
    return None


_VARIABLE: Final[tuple[tuple[int, int, Callable[[int], int]], ...]] = (
    # from  to    bytes
    (0x00, 0xBF, lambda lvar: lvar),  # text
    (0xC0, 0xC9, lambda lvar: lvar - 0xC0),  # BCD, positive
    (0xD0, 0xD9, lambda lvar: lvar - 0xD0),  # BCD, negative
    (0xE0, 0xEF, lambda lvar: lvar - 0xE0),  # binary
    (0xF0, 0xF4, lambda lvar: 4 * (lvar - 0xEC)),
    (0xF5, 0xF5, lambda _: 48),
    (0xF6, 0xF6, lambda _: 64),
)


def reader(field: int, what: Vib, data: bytes) -> Reader:
    """The reader of a column.

    `field` is the data field. Of `data` only the length is used, and the length byte of a variable field.
    """
    if what.silent or field == dif.NO_DATA:
        return Reader(_none, text=what.kind in _TEXTS)
    if field == dif.SPECIAL:
        return Reader(_hex, text=True)
    if field == dif.VARIABLE:
        return _variable(data[0], what)
    if what.kind == "date":
        read = _DATES.get(len(data)) if field in dif.BINARY else None
        return Reader(_none, text=True, dated=read) if read else Reader(_hex, text=True)
    if what.kind == "bits":
        return Reader(_high_byte_first, text=True)
    if what.kind == "identity":
        return Reader(_digits if field in dif.BCD else _number_text, text=True)
    if field == dif.FLOAT:
        return Reader(_scaled(_float, what.exponent, what.factor), text=False)
    if field in dif.BCD and not what.exponent and what.factor == 1:
        return Reader(_whole_bcd, text=False)
    if field in dif.BCD:
        return Reader(_scaled(_bcd, what.exponent, what.factor), text=False)
    return Reader(_scaled(_NUMBERS.get(what.kind, _signed), what.exponent, what.factor), text=False)


def _variable(lvar: int, what: Vib) -> Reader:
    """The reader of a variable field. Its octets begin with the length byte."""
    size = variable_size(lvar) or 0
    if lvar <= 0xBF and PROFILE not in what.words:  # noqa: PLR2004, see _VARIABLE
        return Reader(_text_or_hex if what.quantity in _UNEXPLAINED else _reversed_text, text=True)
    if what.kind == "identity" and 0xC0 <= lvar <= 0xC9:  # noqa: PLR2004
        return Reader(lambda data: _digits(data[1:]), text=True)
    if what.kind in _TEXTS or size > _LARGEST_NUMBER or not size or PROFILE in what.words:
        return Reader(lambda data: _hex(data[1:]), text=True)
    sign = -1 if 0xD0 <= lvar <= 0xD9 else 1  # noqa: PLR2004
    number = _NUMBERS.get(what.kind, _signed) if lvar >= 0xE0 else _bcd  # noqa: PLR2004
    return Reader(lambda data: number(what.exponent, what.factor * sign, data[1:]), text=False)


def kept(read: Read, what: Vib, data: bytes) -> Read:
    """The same reader. If the length of `data` and the scale allow too large numbers, it raises TooLargeError for them."""
    if 256 ** len(data) * 10 ** max(what.exponent, 0) * what.factor <= _WHOLE_LIMIT:
        return read

    def limited(data: bytes) -> Value:
        value = read(data)
        if isinstance(value, int | float) and abs(value) > _WHOLE_LIMIT:
            raise TooLargeError(value)
        return value

    return limited


@lru_cache(KINDS_REMEMBERED)
def _scaled(number: Callable[[int, int, bytes], Value], exponent: int, factor: int) -> Read:
    """The reader of numbers in units of ten to the `exponent` times the `factor`, the same for all columns."""
    return partial(number, exponent, factor)


@lru_cache(KINDS_REMEMBERED)
def remembering(read: Read) -> Remembering:
    """The memory of a reader. Columns that have the same reader share it."""
    return Remembering(read)


def _none(_: bytes) -> Value:
    return None


def _bcd(exponent: int, factor: int, data: bytes) -> Value:
    """Type A. Raises ValueError for letters that have no meaning."""
    digits = data[::-1].hex()
    try:
        return scaled(int(digits) * factor, exponent)
    except ValueError:
        if digits.strip("f") == "":
            return None
        if digits[0] == "f" and digits[1:].isdecimal():
            return scaled(-int(digits[1:]) * factor, exponent)
        raise


def _whole_bcd(data: bytes) -> Value:
    """Type A in base units already, as most registers are. This is the short way of `_bcd`. Raises ValueError."""
    try:
        return int(data[::-1].hex())
    except ValueError:
        return _bcd(0, 1, data)


def _signed(exponent: int, factor: int, data: bytes) -> Value:
    """Type B."""
    number = int.from_bytes(data, "little", signed=True)
    if number == -1 << 8 * len(data) - 1:
        return None
    return scaled(number * factor, exponent)


def _unsigned(exponent: int, factor: int, data: bytes) -> Value:
    """Type D."""
    return scaled(int.from_bytes(data, "little") * factor, exponent)


def _counted(exponent: int, factor: int, data: bytes) -> Value:
    """Type C."""
    return None if data.count(0xFF) == len(data) else _unsigned(exponent, factor, data)


_NUMBERS: Final[dict[str, Callable[[int, int, bytes], Value]]] = {"count": _counted, "flags": _unsigned}
"""Kind → how its binary numbers are read, if they are not of type B."""


def _float(exponent: int, factor: int, data: bytes) -> Value:
    """Type H as the shortest decimal that is this float: 230.1, not 230.10000610351562."""
    (number,) = _FLOAT.unpack(data)
    if number - number != 0:  # infinite, or not a number
        return None
    for digits in _DIGITS_OF_FLOAT:
        mantissa, _, power = f"{number:.{digits - 1}e}".partition("e")
        if _FLOAT.pack(float(f"{mantissa}e{power}")) == data:
            break
    found = float(f"{mantissa}e{int(power) + exponent}") * factor
    return int(found) if found.is_integer() and abs(found) < _WHOLE_LIMIT else found


def _digits(data: bytes) -> Value:
    """BCD as text with its leading zeros. Letters stay, because some makers use them in numbers."""
    digits = data[::-1].hex().upper()
    return None if digits.strip("F") == "" else digits


def _high_byte_first(data: bytes) -> Value:
    return data[::-1].hex().upper()


def _number_text(data: bytes) -> Value:
    """A number that names something, as text."""
    return str(int.from_bytes(data, "little"))


def _reversed_text(data: bytes) -> Value:
    """Characters, last one first, after their length byte."""
    return "".join(character for character in _characters(data) if character.isprintable()).strip()


def _characters(data: bytes) -> str:
    """The norm's characters are Latin-1. What can be UTF-8 is UTF-8, because newer meters send it."""
    octets = data[:0:-1]
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _text_or_hex(data: bytes) -> Value:
    """Text if it is printable, otherwise hex.

    The length byte says that this is text, but the maker's VIF does not.
    """
    return _reversed_text(data) if _characters(data).strip("\0").isprintable() else _hex(data[1:])


def _hex(data: bytes) -> Value:
    return data.hex().upper()


def _stamp(count: ReadClock) -> ReadDated:
    """A date and time in ns as local time with its offset."""

    def read(data: bytes, zone: Zone) -> Value:
        time_ns = count(data, zone)
        return None if time_ns is None else clock.rfc3339(time_ns, zone)

    return read


_DATES: Final[dict[int, ReadDated]] = {
    # bytes: type
    2: lambda data, _: clock.cp16_date(data),  # G
    3: lambda data, _: clock.cp24_time(data),  # J
    4: _stamp(clock.cp32_ns),  # F
    6: _stamp(clock.cp48_ns),  # I
}

CLOCKS: Final[dict[int, ReadClock]] = {4: clock.cp32_ns, 6: clock.cp48_ns}
"""Bytes of a date and time → the reader that gives ns."""
SEASONS: Final = {4: (1, 0x80), 6: (0, 0x40)}
"""Bytes of a date and time → byte and bit that say summer time."""

UNREADABLE: Final = (ValueError, RecordError)
"""The errors that a reader raises for octets that are no value."""
