"""A telegram into a table that a person reads in 80 columns: code, name, value, unit.

Numbers stand under each other with their thousands apart; a long text begins where the numbers begin and goes on below. Nothing is cut:
a table is also what somebody sends who asks for help.
"""

import textwrap
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from telegraf_han import clock
from telegraf_han.config.sections import Config
from telegraf_han.telegram import Reading, Telegram, Value

WIDTH: Final = 80
CODE_COLUMNS: Final = 16
"""The longest OBIS code; the header of a record may be longer and gets a line of its own."""
TEXT_COLUMNS: Final = 25
"""What a value gets at least, though a name be long: a time fits."""
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
    """Columns of code, name and number, so that all rows are alike."""

    code: int
    name: int
    number: int


def writer(config: Config) -> Callable[[Telegram], bytes]:
    """What writes telegrams of this configuration."""
    zones = {meter.name: meter.zone for meter in config.meters}
    return lambda telegram: table(telegram, zones[telegram.meter]).encode()


def table(telegram: Telegram, zone: clock.Zone) -> str:
    """The lines of a telegram, an empty one behind them."""
    when = "no time" if telegram.time_ns is None else clock.rfc3339(telegram.time_ns, zone)
    proof = "verified" if telegram.verified else "not verified"
    title = _GAP.join(part for part in (telegram.meter, telegram.model, telegram.serial, when, proof) if part)
    rows = [_row(reading) for reading in telegram.readings()]
    widths = _widths(rows)
    heading = _line(widths, _Row(*_HEADING, number=True))
    body = [line for row in rows for line in _lines(widths, row)]
    return "\n".join([*textwrap.wrap(title, WIDTH), "-" * max(map(len, (heading, *body))), heading, *body, "", ""])


def _row(reading: Reading) -> _Row:
    number = isinstance(reading.value, int | float)
    return _Row(reading.obis or reading.record or "", reading.name, _said(reading.value), reading.unit, number)


def _said(value: Value) -> str:
    """A value as one reads it; a number as exact as it is."""
    if isinstance(value, int | float):
        return f"{value:,}".replace(",", " ") if abs(value) >= _GROUPED_FROM else str(value)
    return _NO_VALUE if value is None else value


def _widths(rows: Iterable[_Row]) -> _Widths:
    shown = [*rows, _Row(*_HEADING, number=True)]
    code = max(len(row.code) for row in shown if len(row.code) <= CODE_COLUMNS)
    name = max(len(row.name) for row in shown)
    return _Widths(code, name, max(len(row.value) for row in shown if row.number))


def _lines(widths: _Widths, row: _Row) -> list[str]:
    """A row; more than one line where its code or its text is too long for one."""
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
