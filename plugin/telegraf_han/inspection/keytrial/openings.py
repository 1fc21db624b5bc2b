"""Holds the beginnings that the text of a P1 telegram may have, each as the 16 bytes of one AES block.

Sixteen known bytes of text are enough to test a key without the nonce (see `nonces`). Each row below is one beginning. A date or a number
in it makes many blocks of one row. A row of `_FEW` is tried with every reading of every key. A row of `_MANY` has so many blocks that it is
tried only with readings that are no typing mistakes.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice, product
from typing import Final, NamedTuple

from telegraf_han.p1.dialects import IDENTS

BLOCK_BYTES: Final = 16
FIRST_DAY: Final = date(2020, 1, 1)
"""The first day of the clock that is tried with every reading. No meter in Warsaw had an activated P1 port before."""
LAST_DAY: Final = date(2029, 12, 31)
"""The last day if the host's own clock stands before FIRST_DAY, as that of a board without a battery may."""
CLOCK: Final = "0-0:1.0.0(%y%m%d"
"""The beginning that every published telegram of these meters has [seen]."""
_CENTURY: Final = (date(2000, 1, 1), date(2099, 12, 31))
_PIECE: Final = 100_000
"""Blocks deciphered at once. They are 1.6 MB."""
_TWO_DIGITS: Final = [b"%d%d" % digits for digits in product(range(10), repeat=2)]
_SERIAL_CODES: Final = (b"0-0:96.1.0(", b"0-0:96.1.1(")
_SECOND_LINES: Final = (b"0-0:1.0.0(", b"1-3:0.2.8(", b"0-0:96.1.0(")

_Made = Callable[[date, str], Iterable[bytes]]


class _Row(NamedTuple):
    """One beginning."""

    words: str
    made: _Made
    """Last day, ident line → blocks."""


def _clocks(first: date, last: date) -> Iterator[bytes]:
    for day in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(day).strftime(CLOCK).encode("ascii")


def _serials(_: date, __: str) -> Iterator[bytes]:
    """A serial number is ASCII in hex: each of its digits is a 3 and the digit."""
    for code, digits in product(_SERIAL_CODES, _TWO_DIGITS):
        yield code + b"3%c3%c3" % (digits[0], digits[1])


def _telegrams(_: date, ident: str) -> Iterator[bytes]:
    for name, line in product(dict.fromkeys(filter(None, (ident, *IDENTS))), _SECOND_LINES):
        yield (f"/{name}\r\n\r\n".encode("ascii") + line)[:BLOCK_BYTES]


def _sagemcom(_: date, __: str) -> Iterator[bytes]:
    yield b"/EST5\\253710000_"
    for digits in _TWO_DIGITS:
        yield b"/Lux5\\2536636" + digits + b"_"


_FEW: Final = (
    _Row("the clock", lambda last, _: _clocks(FIRST_DAY, last)),
    # [assumed] to come first, as the operator can change the list of lines; each line itself is [seen] further down
    _Row("a serial number", _serials),
    _Row("the device type", lambda _, __: [b"0-0:96.1.1(4D413"]),
    _Row("an empty message", lambda _, __: [b"0-0:96.13.0()\r\n0", b"0-0:96.13.0()\r\n1"]),
    # [assumed] for these meters: DSMR 4 and 5 begin with their version
    _Row("the version of DSMR", lambda _, __: [b"1-3:0.2.8(%d)\r\n0" % version for version in (40, 42, 50)]),
    # [assumed] for these meters: a general-glo block in Luxembourg and Styria holds a whole telegram
    _Row("a whole telegram", _telegrams),
    # [seen] as published by others: idents of Sagemcom meters, whose numbers differ in two digits
    _Row("a whole telegram of a Sagemcom meter", _sagemcom),
)
_MANY: Final = (
    # [assumed] a clock that was never set, or is years off
    _Row("the clock, any day of the century", lambda _, __: _clocks(*_CENTURY)),
    # [assumed] to come first; a register below 100,000 kWh, as a flat's is for decades
    _Row("the register of import", lambda _, __: (b"1-0:1.8.0(%06d" % kwh for kwh in range(100_000))),
    _Row("the power of import", lambda _, __: (b"1-0:1.7.0(%02d.%03d" % divmod(watts, 1000) for watts in range(100_000))),
    _Row("the limiter", lambda _, __: (b"0-0:17.0.0(%05d" % watts for watts in range(100_000))),
)


class Few(NamedTuple):
    """The blocks that are tried with every reading."""

    blocks: bytes
    first: date
    last: date
    """Days of the clock that are among them."""
    others: int
    """Blocks that do not begin with the clock."""


def few(today: date, ident: str) -> Few:
    """The blocks of the rows that have few. The clock's last day is the day after `today`, because clocks are off."""
    last = date.fromordinal(today.toordinal() + 1) if today >= FIRST_DAY else LAST_DAY
    clock, *rest = _FEW
    others = list(dict.fromkeys(block for row in rest for block in row.made(last, ident)))
    return Few(b"".join([*clock.made(last, ident), *others]), FIRST_DAY, last, len(others))


def many() -> Iterator[bytes]:
    """The blocks of the rows that have many, in pieces."""
    for row in _MANY:
        blocks = iter(row.made(LAST_DAY, ""))
        while piece := b"".join(islice(blocks, _PIECE)):
            yield piece
