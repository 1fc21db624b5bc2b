"""Turns the CSV of a consumption portal into line protocol: the energy of each quarter, half or whole hour.

Each line has the time of its interval's start. Every portal has a format of its own, and changes it from time to time. The properties
that portals share are detected automatically: delimiter, decimal comma or point, encoding, lines above the table, and the role of each
column (by the words of its heading). There are two layouts: one row per interval, or one row per day with one column per hour. In both
layouts, import and export may be columns, or a word in each row. The program prints what it detected, and `--columns` overrides it. The
module `intervals` reads the local times.

[seen] one row per interval, with the word in a column, semicolon and decimal comma; one row per day, with CP (import), CO (export) and
CB (balance, which is ignored). Everything else is [assumed].
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from telegraf_han.clock import Zone
from telegraf_han.decoding import lineprotocol
from telegraf_han.errors import ConfigError
from telegraf_han.influx import intervals
from telegraf_han.influx.intervals import Label, Stamp
from telegraf_han.units import base, scaled

SIZE_LIMIT_BYTES: Final = 64 << 20
"""Ten years of quarter hours are 20 MB. The whole file has to be read before its first line can be understood."""
HEAD_LIMIT: Final = 50
"""Rows in which a heading is searched for. Portals put a few lines of customer data above the heading."""
HOURS_AT_LEAST: Final = 23
"""With at least so many columns that are named as hours, a row is a day."""
_NS: Final = 1_000_000_000

DIRECTIONS: Final = {"import": "energy_import_wh", "export": "energy_export_wh"}
"""Role → field."""
_ENERGIES: Final = frozenset({*DIRECTIONS, "value"})
_WORDS: Final = (
    ("end", r"^(data |czas )?(do|to|end|koniec)\b"),
    ("date", r"dat[ae]|dzie[nń]$|^day|stamp|^od\b|^from"),
    ("hour", r"godz|hour|czas|time"),
    ("import", r"pob[oó]r|pobran|zu[zż]y|import|consum|usage|\ba\+|1\.8\.0|^cp$"),
    ("export", r"odda|wprowadz|eksport|export|produ|generac|feed|\ba[-−]|2\.8\.0|^co$"),
    ("kind", r"rodzaj|kierunek|^typ|direction"),
    ("value", r"warto|ilo[sś][cć]|energi|value|energy|kwh"),
)
"""The words of headings, in the order in which they are tried: "energia pobrana" is import, even if it also matches a later role."""
_ROLES: Final = {role: re.compile(pattern) for role, pattern in _WORDS}
_HOUR: Final = re.compile(r"(?:[hg]\s?)?\d{1,2}(?::\d\d)?a?(?:\s*-\s*\d{1,2}(?::\d\d)?a?)?")
_SUMMARY: Final = re.compile(r"suma|razem|total|[łl][aą]cznie|average|[sś]rednia", re.IGNORECASE)
_UNIT: Final = re.compile(r"\b([kM]?Wh)\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"([+-]?)(\d+)(?:[.,](\d{1,9}))?")
_SPACES: Final = str.maketrans("", "", "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE} '")


class Options(NamedTuple):
    """The user's options; "" and 0 are detected automatically."""

    meter: str
    zone: Zone
    measurement: str
    columns: Mapping[str, str] = {}
    """Role → heading or number from 1."""
    unit: str = ""
    interval_s: int = 0
    stamp: str = ""


class Row(NamedTuple):
    """One interval's energy in one direction."""

    line: int
    when: str
    role: str
    amount: str
    unit: str


class Reading(NamedTuple):
    """A line of the file, with the lines to store or what is wrong."""

    line: int
    lines: bytes
    wrong: str = ""


class _Table(NamedTuple):
    columns: dict[str, int]
    hours: dict[int, str]
    """Column → hour, if a row is a day."""
    units: dict[int, str]
    rows: Iterator[tuple[int, list[str]]]
    told: str


def readings(content: bytes, options: Options) -> tuple[str, list[Reading]]:
    """A sentence about what was detected in a file, and the lines of the file in order. Raises ConfigError if no table is found."""
    table = _table(_text(content), options)
    rows, wrong = _split(table, options)
    found = [reading for role in DIRECTIONS for reading in _stamped([row for row in rows if row.role == role], options)]
    return table.told, sorted([*found, *wrong], key=lambda reading: reading.line)


def _text(content: bytes) -> str:
    """Decode the file: as UTF-16 if its first bytes say so, else as UTF-8, else as Windows' code page of central Europe."""
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1250")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _table(text: str, options: Options) -> _Table:
    """Delimiter, heading and roles. Raises ConfigError."""
    lines = text.splitlines()
    delimiter = _delimiter([line for line in lines[:HEAD_LIMIT] if line.strip()])
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ConfigError("", "", f"a table is expected, but line {reader.line_num} cannot be read: {error}") from None
    for place, (_, cells) in enumerate(rows[:HEAD_LIMIT]):
        roles = _roles(cells, options.columns)
        hours = {column: cell for column, cell in enumerate(cells) if _HOUR.fullmatch(cell.lower())}
        hours = hours if len(hours) >= HOURS_AT_LEAST else {}
        if "date" in roles and not _is_label(_when(cells, roles)) and (hours or _ENERGIES & roles.keys()):
            units = {column: unit[1] for column, cell in enumerate(cells) if (unit := _UNIT.search(cell))}
            told = ", ".join(f'{role} from "{cells[column]}"' for role, column in roles.items())
            return _Table(roles, hours, units, iter(rows[place + 1 :]), told + (f", {len(hours)} columns of hours" if hours else ""))
    return _bare(rows, options)


def _bare(rows: list[tuple[int, list[str]]], options: Options) -> _Table:
    """A table without a heading. The columns are as set, or times first, then import, then export. Raises ConfigError."""
    told = {role: int(column) - 1 for role, column in options.columns.items() if column.isdigit()}
    for _, cells in rows:
        roles = told or _by_place(cells)
        if _ENERGIES & roles.keys() and max(roles.values()) < len(cells) and _is_label(_when(cells, roles)):
            places = ", ".join(f"{role} from column {column + 1}" for role, column in roles.items())
            return _Table(roles, {}, {}, iter(rows), places)
    raise ConfigError("", "--columns", "columns with a date and an energy are expected; name them, for example date=Data,import=Energia")


def _by_place(cells: Sequence[str]) -> dict[str, int]:
    """The roles of a row that begins with a time in one or two cells."""
    roles = {"date": 0} if _is_label(cells[0]) else {"date": 0, "hour": 1}
    amounts = [column for column, cell in enumerate(cells) if column >= len(roles) and _NUMBER.fullmatch(cell.translate(_SPACES))]
    return roles | dict(zip(DIRECTIONS, amounts, strict=False))


def _when(cells: Sequence[str], roles: Mapping[str, int]) -> str:
    """The time of a row, from one or two cells."""
    return " ".join(cells[roles[role]] for role in ("date", "hour") if role in roles)


def _is_label(text: str) -> bool:
    try:
        intervals.label(text)
    except ValueError:
        return False
    return True


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter that most lines have. A comma is the last choice, because it may be a decimal comma."""
    return next((mark for mark in (";", "\t") if sum(mark in line for line in lines) * 2 > len(lines)), ",")


def _roles(cells: Sequence[str], named: Mapping[str, str]) -> dict[str, int]:
    """The column of each role: as set by the user, else the first column whose heading has the words of the role."""
    plain = [" ".join(cell.split()).casefold() for cell in cells]
    if named:
        places = {role: _place(plain, column) for role, column in named.items()}
        return {role: place for role, place in places.items() if place is not None}
    roles: dict[str, int] = {}
    for column, cell in enumerate(plain):
        role = next((role for role, pattern in _ROLES.items() if pattern.search(cell)), "")
        if role and role != "end":
            roles.setdefault(role, column)
    if "date" not in roles and "hour" in roles:
        roles["date"] = roles.pop("hour")
    return roles


def _place(headings: Sequence[str], column: str) -> int | None:
    if column.isdigit():
        return int(column) - 1 if int(column) <= len(headings) else None
    wanted = " ".join(column.split()).casefold()
    return next((place for place, heading in enumerate(headings) if heading == wanted), None)


def _split(table: _Table, options: Options) -> tuple[list[Row], list[Reading]]:
    """The rows of a table, one per interval and direction, and the lines that cannot be read."""
    rows: list[Row] = []
    wrong: list[Reading] = []
    for line, cells in table.rows:
        if _SUMMARY.match(cells[0]) or max(table.columns.values()) >= len(cells):
            if not _SUMMARY.match(cells[0]):
                wrong.append(Reading(line, b"", f"a row of at least {max(table.columns.values()) + 1} cells is expected"))
            continue
        rows += _rows(line, cells, table, options)
    return rows, wrong


def _rows(line: int, cells: Sequence[str], table: _Table, options: Options) -> Iterable[Row]:
    """The intervals of one row. An empty cell is an hour that is not measured yet, or that does not exist on this day."""
    columns = table.columns
    kind = cells[columns["kind"]].casefold() if "kind" in columns else "import"
    direction = next((role for role in DIRECTIONS if _ROLES[role].search(kind) or kind == role), "")
    when = _when(cells, columns)
    if table.hours:
        amounts = [(f"{when} {hour}", direction, column) for column, hour in table.hours.items() if column < len(cells)]
    else:
        amounts = [(when, direction if role == "value" else role, columns[role]) for role in sorted(_ENERGIES & columns.keys())]
    for when, role, column in amounts:
        if role and cells[column]:
            yield Row(line, when, role, cells[column], options.unit or table.units.get(column, "kWh"))


def _stamped(rows: Sequence[Row], options: Options) -> Iterator[Reading]:
    """The lines of one direction. Raises ConfigError if the length of the intervals cannot be detected."""
    labels: list[Label] = []
    good: list[Row] = []
    for row in rows:
        try:
            labels.append(intervals.label(row.when))
        except ValueError as error:
            yield Reading(row.line, b"", str(error))
        else:
            good.append(row)
    if not good:
        return
    try:
        step_s = options.interval_s or intervals.interval_s(labels)
    except ValueError as error:
        raise ConfigError("", "--interval", str(error)) from None
    named: Stamp = "end" if (options.stamp or intervals.stamp(labels, step_s)) == "end" else "start"
    for row, start_s in zip(good, intervals.starts(labels, step_s, named, options.zone), strict=True):
        reading = _reading(row, start_s, options)
        if reading is not None:
            yield reading


def _reading(row: Row, start_s: int | None, options: Options) -> Reading | None:
    """One line; None for the hour that is missing in March, if the portal fills it with a zero."""
    try:
        energy_wh = _energy_wh(row.amount, row.unit)
    except ValueError as error:
        return Reading(row.line, b"", str(error))
    if start_s is None:
        wrong = "this hour does not exist on that day, or the file has it twice"
        return Reading(row.line, b"", wrong) if energy_wh else None
    fields = {DIRECTIONS[row.role]: energy_wh}
    return Reading(row.line, lineprotocol.line(options.measurement, {"meter": options.meter}, fields, start_s * _NS))


def _energy_wh(text: str, unit: str) -> int | float:
    """Energy in Wh, exact. Raises ValueError."""
    parts = _NUMBER.fullmatch(text.translate(_SPACES))
    if parts is None:
        raise ValueError("an energy such as 0,123 or 0.123 is expected")
    decimals = parts[3] or ""
    _, power = base(unit)
    return scaled(int(f"{parts[1]}{parts[2]}{decimals}"), power - len(decimals))
