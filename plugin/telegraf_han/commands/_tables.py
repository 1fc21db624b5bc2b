"""Turns a telegram into a table that a person reads in 80 columns: code, name, value, unit.

Numbers are aligned, with a space between thousands. A long text begins in the column where the numbers begin and continues on the next
line. Nothing is cut, because people also send such a table when they ask for help. A character that a terminal would obey is escaped.
"""

import textwrap
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from telegraf_han import clock
from telegraf_han.config.sections import Config
from telegraf_han.printing import visible
from telegraf_han.telegram import Reading, Telegram, Value

WIDTH: Final = 80
CODE_COLUMNS: Final = 16
"""The longest OBIS code. The header of a record may be longer, then it gets a line of its own."""
TEXT_COLUMNS: Final = 25
"""A value gets at least this many columns, even if a name is long. A time fits."""
_GAP: Final = "  "
_GROUPED_FROM: Final = 10_000
_HEADING: Final = ("code", "name", "value", "unit")
_NO_VALUE: Final = "-"


class _Row(NamedTuple):
    """One reading in words."""

    code: str
    name: str
    value: str
    unit: str
    number: bool


class _Widths(NamedTuple):
    """Widths of code, name and number, the same for all rows."""

    code: int
    name: int
    number: int


def writer(config: Config) -> Callable[[Telegram], bytes]:
    """Return the function that writes telegrams of this configuration."""
    zones = {meter.name: meter.zone for meter in config.meters}
    return lambda telegram: table(telegram, zones[telegram.meter]).encode()


def table(telegram: Telegram, zone: clock.Zone) -> str:
    """Return the lines of a telegram and an empty line after them."""
    when = "no time" if telegram.time_ns is None else clock.rfc3339(telegram.time_ns, zone)
    proof = "verified" if telegram.verified else "not verified"
    title = _GAP.join(visible(part) for part in (telegram.meter, telegram.model, telegram.serial, when, proof) if part)
    rows = [_row(reading) for reading in telegram.readings()]
    widths = _widths(rows)
    heading = _line(widths, _Row(*_HEADING, number=True))
    body = [line for row in rows for line in _lines(widths, row)]
    return "\n".join([*textwrap.wrap(title, WIDTH), "-" * max(map(len, (heading, *body))), heading, *body, "", ""])


def _row(reading: Reading) -> _Row:
    number = isinstance(reading.value, int | float)
    code, name, value, unit = map(visible, (reading.obis or reading.record or "", reading.name, _said(reading.value), reading.unit))
    return _Row(code, name, value, unit, number)


def _said(value: Value) -> str:
    """A value as a person reads it. A number keeps all its digits."""
    if isinstance(value, int | float):
        return f"{value:,}".replace(",", " ") if abs(value) >= _GROUPED_FROM else str(value)
    return _NO_VALUE if value is None else value


def _widths(rows: Iterable[_Row]) -> _Widths:
    shown = [*rows, _Row(*_HEADING, number=True)]
    code = max(len(row.code) for row in shown if len(row.code) <= CODE_COLUMNS)
    name = max(len(row.name) for row in shown)
    return _Widths(code, name, max(len(row.value) for row in shown if row.number))


def _lines(widths: _Widths, row: _Row) -> list[str]:
    """The lines of a row: more than one if its code or its text is too long."""
    if len(row.code) > widths.code:
        return [row.code, *_lines(widths, row._replace(code=""))]
    if row.number or len(row.value) <= widths.number:
        return [_line(widths, row)]
    head = f"{row.code:<{widths.code}}{_GAP}{row.name:<{widths.name}}{_GAP}"
    room = max(WIDTH - len(head), TEXT_COLUMNS)
    pieces = [row.value[at : at + room] for at in range(0, len(row.value), room)]
    return [f"{head}{pieces[0]} {row.unit}".rstrip(), *(" " * len(head) + piece for piece in pieces[1:])]


def _line(widths: _Widths, row: _Row) -> str:
    value = f"{row.value:>{widths.number}}"
    return f"{row.code:<{widths.code}}{_GAP}{row.name:<{widths.name}}{_GAP}{value} {row.unit}".rstrip()
