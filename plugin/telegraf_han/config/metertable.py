"""Reads meters from a table (CSV) as spreadsheets write it: a row for each meter, a column for each option. Also appends rows to it.

The first row has the names of the options. An inner option has a dot: `limits.daily_import_wh`, `tags.staircase`. An empty cell is an
option that is not set. The separator is `;`, `,` or a tab, whichever the first row has most. Numbers may have a decimal comma, as Polish
spreadsheets write them. All other cells stay text, so an id keeps its zeros.

This module touches no file. A row becomes the same mapping that a [[meter]] section gives, so `sections` checks both. Only a configuration
with `meters = …` needs this module.
"""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from telegraf_han.config import tags
from telegraf_han.config.rows import Errors, Place
from telegraf_han.errors import ConfigError
from telegraf_han.language import _

Columns = Mapping[str, str]
"""Name of a column → kind of its cells, see `rows.Option`."""
TAG: Final = "tags."
HEADING: Final = "name;interface;id;key"
"""The first row of a new table."""
_SEPARATORS: Final = ";,\t"
_SEP_ROW: Final = re.compile(r'"?sep=([;,\t])"?\s*')
"""A first row in which Excel names the separator."""
_TEXT_CELL: Final = re.compile(r'="(.*)"')
"""How a spreadsheet keeps the zeros of a number."""
_DECIMAL: Final = re.compile(r"-?[0-9]{1,30}(?:[.,][0-9]{1,30})?")


class Row(NamedTuple):
    """A row with at least one cell."""

    line: int
    """Number of its first line in the file."""
    cells: list[str]


class _Table(NamedTuple):
    separator: str
    rows: list[Row]
    """The first has the names of the columns."""


def _number(cell: str) -> float:
    """Return the number of a cell. Raises ValueError."""
    if not _DECIMAL.fullmatch(cell):
        raise ValueError(_("a number is expected, such as 25000 or 1.05"))
    return float(cell.replace(",", ".")) if "." in cell or "," in cell else int(cell)


def _texts(cell: str) -> list[str]:
    """Return the parts of a cell that is a list."""
    return [text.strip() for text in cell.split(",")]


_KINDS: Final[Mapping[str, Callable[[str], object]]] = {"text": str, "number": _number, "texts": _texts}
"""Kind of a cell → how it becomes what TOML would give."""


def read(text: str, file: str, columns: Columns, errors: Errors) -> list[tuple[dict[str, object], Place]]:
    """Return the options of each meter, each with its place. What is wrong is added to `errors`, and left out."""
    try:
        table = _parsed(text)
    except csv.Error as error:
        errors.append(
            ConfigError(file, "", _("a table is expected, but it cannot be read: {why}. Is a quotation mark missing?", why=error))
        )
        return []
    if not table.rows:
        errors.append(ConfigError(file, "", _("a first row with the names of options is expected, such as {heading}", heading=HEADING)))
        return []
    head, *rows = table.rows
    names = _names(head, rows, Place(file, _("line {number}", number=head.line)), columns, errors)
    return [
        (_options(row, names, columns, place, errors), place) for row in rows if (place := Place(file, _("line {number}", number=row.line)))
    ]


def _parsed(text: str) -> _Table:
    """Split a text into rows and cells. Raises csv.Error."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    told = _SEP_ROW.fullmatch(lines[0])
    if told:
        lines[0] = ""
    first = next((line for line in lines if line.strip()), "")
    separator = told[1] if told else max(_SEPARATORS, key=first.count)
    return _Table(separator, list(_rows(lines, separator)))


def _rows(lines: Iterable[str], separator: str) -> Iterator[Row]:
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, strict=True)
    begin = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield Row(begin, [_cell(cell) for cell in cells])
        begin = reader.line_num + 1


def _cell(cell: str) -> str:
    kept = _TEXT_CELL.fullmatch(cell.strip())
    return (kept[1] if kept else cell).strip()


def _names(head: Row, rows: Sequence[Row], place: Place, columns: Columns, errors: Errors) -> list[str]:
    """The option of each column. "" for a column that is wrong, or that is empty to its end."""
    names: list[str] = []
    seen: set[str] = set()  # a file that is no table may have its whole megabyte in the first row
    for at, cell in enumerate(head.cells):
        with errors:
            if not cell and any(row.cells[at] for row in rows if len(row.cells) > at):
                raise place.error(
                    _("column {number}", number=at + 1), _("the name of an option is expected, because this column is not empty")
                )
            if cell in seen:
                raise place.error(place.shown(cell), _("another option is expected, because this column stands twice"))
            if cell.startswith(TAG):
                place.tried(place.shown(cell), tags.checked_name, cell.removeprefix(TAG))
            elif cell:
                place.require_known([cell], columns)
            names.append(cell)
        names += [""] * (at + 1 - len(names))  # it is wrong
        seen.update([cell] if cell else [])
    return names


def _options(row: Row, names: Sequence[str], columns: Columns, place: Place, errors: Errors) -> dict[str, object]:
    """The options of a row. An option with a dot is in a mapping of its own, as in TOML."""
    options: dict[str, object] = {}
    if any(row.cells[len(names) :]):
        errors.append(
            place.error("", _("{number} cells are expected, but this row has more. Is a quotation mark missing?", number=len(names)))
        )
    for name, cell in zip(names, row.cells, strict=False):
        if not cell or not name:
            continue
        inner: dict[str, object] = options
        outer, dot, key = name.partition(".")
        if dot:
            inner = options.setdefault(outer, {})  # type: ignore[assignment]
        with errors:
            inner[key or outer] = place.tried(name, _KINDS[columns.get(name, "text")], cell)
    return options


def known(text: str) -> tuple[set[str], set[str]]:
    """The ids and the names of the meters in a table. Raises ConfigError if it has no columns for them."""
    names, rows = _head(text)
    ids, called = ({row.cells[at] for row in rows if len(row.cells) > at} for at in map(names.index, ("id", "name")))
    return {one.upper() for one in ids}, called


def _head(text: str) -> tuple[list[str], list[Row]]:
    try:
        rows = _parsed(text).rows
    except csv.Error:
        raise ConfigError("", "", _("a table is expected, but it cannot be read. Is a quotation mark missing?")) from None
    names = rows[0].cells if rows else []
    if not {"name", "id"}.issubset(names):
        raise ConfigError("", "", _("columns with the names name and id are expected, so that meters can be added"))
    return names, rows[1:]


def added(text: str, meters: Collection[Mapping[str, str]]) -> str:
    """Return the text that appends a row for each meter: with the columns, the separator and the line ends of the table.

    Raises ConfigError if the table has no columns for name and id.
    """
    names, _ = _head(text)
    separator = _parsed(text).separator
    end = "\r\n" if "\r\n" in text else "\n"
    rows = [separator.join(_quoted(meter.get(name, ""), separator) for name in names) + end for meter in meters]
    return ("" if text.endswith(("\n", "\r")) or not rows else end) + "".join(rows)


def _quoted(cell: str, separator: str) -> str:
    return '"{}"'.format(cell.replace('"', '""')) if separator in cell or '"' in cell else cell
