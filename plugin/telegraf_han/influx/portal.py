"""Turns the CSV of a consumption portal into line protocol: the energy of each quarter, half or whole hour.

Each line has the time of its interval's start and the interval's length as a tag. They are stored as they are (`electricity_portal`), and
`portalregister` makes the register that the boards read out of them. Every portal has a format of its own, and changes it from time to
time. The properties that portals share are detected automatically: delimiter, decimal comma or point, encoding, lines above the table, and
the role of each column (by the words of its heading). There are two layouts: one row per interval, or one row per day with one column per
hour. In both layouts, import and export may be columns, or a word in each row. The program prints what it detected, and `--columns`
overrides it. The module `intervals` reads the local times.

A column of register readings is not energy. It is refused by the words of its heading, and also if its numbers never fall in two days.
Energies after balancing within the hour are left out if they are marked so, because registers count before it, and `bill` balances.

| portal | rows, in November 2026 |
|---|---|
| Tauron eLicznik | [seen] `Data; Strefa; Wartość kWh;Rodzaj;Status;`: hours 1:00 to 24:00, and pobór or oddanie, also "po zbilansowaniu" |
| Enea eBOK | [seen] `Data` (an hour's last minute, `="2026-05-01 04:59"`, or its start); pobranej, oddanej przed and po bilansowaniu |
| PGE | [seen] a row per day and word: CP (import), CO (export), CB (balance), with one column per hour |
| an operator's file | [seen] `Data i godzina;Wartosc[kWh/kvar];Rodzaj energii`, with energia czynna pobrana and energia czynna oddana |
| others | [assumed] one row per interval, with columns for import and export |
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from telegraf_han.clock import Zone
from telegraf_han.decoding import lineprotocol
from telegraf_han.errors import ConfigError
from telegraf_han.influx import intervals, tables
from telegraf_han.influx.intervals import Label, Stamp
from telegraf_han.units import base, scaled

HOURS_AT_LEAST: Final = 23
"""With at least so many columns that are named as hours, a row is a day."""
_NS: Final = 1_000_000_000

DIRECTIONS: Final = {"import": "energy_import_wh", "export": "energy_export_wh"}
"""Role → field."""
INTERVALS: Final = {900: "15m", 1800: "30m", 3600: "1h"}
"""Length in seconds → tag."""
_ENERGIES: Final = frozenset({*DIRECTIONS, "value"})
_WORDS: Final = (
    ("end", r"^(data |czas )?(do|to|end|koniec)\b"),
    ("date", r"dat[ae]|dzie[nń]$|^day|stamp|^od\b|^from"),
    ("hour", r"godz(?!inow)|hour|czas|time"),
    ("kind", r"rodzaj|kierunek|^typ|direction"),
    ("balanced", r"(?<!przed )\bz?bilans|saldo|balanced|^cb$"),
    ("reading", r"\bstan\b|wskaz|odczyt|reading|register|rejestr"),
    ("import", r"pob[oó]r|pobran|zu[zż]y|import|consum|usage|\ba\+|1\.8\.0|^cp$"),
    ("export", r"odda|wprowadz|eksport|export|produ|generac|feed|\ba[-−]|2\.8\.0|^co$"),
    ("value", r"warto|ilo[sś][cć]|wolumen|energi|value|energy|kwh"),
)
"""The words of headings, in the order in which they are tried: "energia pobrana" is import, even if it also matches a later role."""
_LEFT_OUT: Final = frozenset({"end", "balanced", "reading"})
"""Columns that are not read."""
_ROLES: Final = {role: re.compile(pattern) for role, pattern in _WORDS}
_HOUR: Final = re.compile(r"(?:[hg]\s?)?\d{1,2}(?::\d\d)?a?(?:\s*-\s*\d{1,2}(?::\d\d)?a?)?")
_SUMMARY: Final = re.compile(r"suma|razem|total|[łl][aą]cznie|average|[sś]rednia", re.IGNORECASE)
_UNIT: Final = re.compile(r"\b([kM]?Wh)\b", re.IGNORECASE)
_RISING: Final = 48
"""In so many rows, a register only rises, and a household's energy does not."""
_LAST_MINUTE: Final = 14
"""The last minute of a quarter."""

_REGISTER: Final = (
    "energies of the intervals are expected, but the numbers of {} are readings of the register; choose the portal's file of the"
    " energy (profile) by hours, not that of the readings"
)


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
    table = _table(tables.rows_of(tables.text_of(content)), options)
    rows, wrong = _split(table, options)
    by_direction = [[row for row in rows if row.role == role] for role in DIRECTIONS]
    for found in by_direction:
        _refuse_register([row.amount for row in found])
    good = [reading for found in by_direction for reading in _stamped(found, options)]
    return table.told, sorted([*good, *wrong], key=lambda reading: reading.line)


def _refuse_register(amounts: Sequence[str]) -> None:
    """Raises ConfigError if the numbers of a column are those of a register, which only rises (or falls, if the newest row is first)."""
    values = [Decimal(found[0]).scaleb(found[1]) for amount in amounts if (found := tables.number(amount))]
    steps = [second - first for first, second in pairwise(values)]
    if len(values) < _RISING or 2 * sum(step != 0 for step in steps) < len(steps):
        return
    if all(step >= 0 for step in steps) or all(step <= 0 for step in steps):
        raise ConfigError("", "--columns", _REGISTER.format("a column"))


def _table(rows: tables.Rows, options: Options) -> _Table:
    """The heading and the roles of a table. Raises ConfigError."""
    for place, (_, cells) in enumerate(rows[: tables.HEAD_LIMIT]):
        roles = _roles(cells, options.columns)
        hours = {column: cell for column, cell in enumerate(cells) if _HOUR.fullmatch(cell.lower())}
        hours = hours if len(hours) >= HOURS_AT_LEAST else {}
        if "date" in roles and not _is_label(_when(cells, roles)) and (hours or _ENERGIES & roles.keys()):
            units = {column: unit[1] for column, cell in enumerate(cells) if (unit := _UNIT.search(cell))}
            told = ", ".join(f'{role} from "{cells[column]}"' for role, column in roles.items())
            return _Table(roles, hours, units, iter(rows[place + 1 :]), told + (f", {len(hours)} columns of hours" if hours else ""))
        if not options.columns and (reading := _reading_column(cells)):
            raise ConfigError("", "--columns", _REGISTER.format(f'"{reading}"'))
    return _bare(rows, options)


def _bare(rows: tables.Rows, options: Options) -> _Table:
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
    amounts = [column for column, cell in enumerate(cells) if column >= len(roles) and tables.number(cell) is not None]
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


def _roles(cells: Sequence[str], named: Mapping[str, str]) -> dict[str, int]:
    """The column of each role: as set by the user, else the first column whose heading has the words of the role."""
    plain = [tables.plain(cell) for cell in cells]
    if named:
        places = {role: tables.column_of(plain, column) for role, column in named.items()}
        return {role: place for role, place in places.items() if place is not None}
    roles: dict[str, int] = {}
    for column, cell in enumerate(plain):
        role = _first_role(cell)
        if role and role not in _LEFT_OUT:
            roles.setdefault(role, column)
    if "date" not in roles and "hour" in roles:
        roles["date"] = roles.pop("hour")
    return roles


def _first_role(heading: str) -> str:
    return next((role for role, pattern in _ROLES.items() if pattern.search(heading)), "")


def _reading_column(cells: Sequence[str]) -> str:
    """The heading of a column of register readings, in a row of headings; else ""."""
    plain = [tables.plain(cell) for cell in cells]
    if not any(_ROLES["date"].search(cell) or _ROLES["hour"].search(cell) for cell in plain):
        return ""
    found = (cell for cell, words in zip(cells, plain, strict=True) if _first_role(words) == "reading")
    return " ".join(next(found, "").split())


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
    balanced = _ROLES["balanced"].search(kind)
    direction = "" if balanced else next((role for role in DIRECTIONS if _ROLES[role].search(kind) or kind == role), "")
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
    if all(one.second // 60 % 15 == _LAST_MINUTE for one in labels):
        labels = [one._replace(second=one.second + 60) for one in labels]
        named: Stamp = "end"
    else:
        named = "end" if (options.stamp or intervals.stamp(labels, step_s)) == "end" else "start"
    for row, start_s in zip(good, intervals.starts(labels, step_s, named, options.zone), strict=True):
        reading = _reading(row, start_s, step_s, options)
        if reading is not None:
            yield reading


def _reading(row: Row, start_s: int | None, step_s: int, options: Options) -> Reading | None:
    """One line; None for the hour that is missing in March, if the portal fills it with a zero."""
    try:
        energy_wh = _energy_wh(row.amount, row.unit)
    except ValueError as error:
        return Reading(row.line, b"", str(error))
    if start_s is None:
        wrong = "this hour does not exist on that day, or the file has it twice"
        return Reading(row.line, b"", wrong) if energy_wh else None
    fields = {DIRECTIONS[row.role]: energy_wh}
    tags = {"interval": INTERVALS[step_s], "meter": options.meter}
    return Reading(row.line, lineprotocol.line(options.measurement, tags, fields, start_s * _NS))


def _energy_wh(text: str, unit: str) -> int | float:
    """Energy in Wh, exact. Raises ValueError."""
    found = tables.number(text)
    if found is None:
        raise ValueError("an energy such as 0,123 or 0.123 is expected")
    return scaled(found[0], base(unit)[1] + found[1])
