"""Turns past market prices into line protocol: PSE's JSON as downloaded, or a table with a column of times and a column of prices.

The result is what `docs/examples/rce-prices.conf` writes: `electricity_price`, tag `series`, field `price_per_kwh`, with the time at which
the price begins, in UTC. So a price imported twice, or imported and read by Telegraf, is one point.

- PSE's JSON: an object with the rows under `value`, or a list of rows. `dtime_utc` is the end of a row's period, `period_utc` tells its
  length (a quarter of an hour if it is missing), and `rce_pln` is in PLN per MWh.
- A table: rows of quarters, half hours, hours (`intervals` reads their local times, on the days of 23 and 25 hours, too) or months
  (`2026-10` or `10.2026`, such as RCEm), with the unit in the heading or in `--unit`. A heading with the word UTC makes the times UTC.
  PSE's own headings `dtime` and `dtime_utc` name the end of a period.

[seen] rows of PSE's JSON, and PSE's tables of hours before June 2024 (`Data;Godzina;…`, hours 1 to 24). [assumed] the rest.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, NamedTuple

from telegraf_han.clock import Zone, rfc3339
from telegraf_han.decoding import lineprotocol
from telegraf_han.errors import ConfigError
from telegraf_han.influx import intervals, tables
from telegraf_han.influx.intervals import Label, Stamp

SERIES: Final = "rce"
FIELD: Final = "price_per_kwh"
PER_KWH: Final[dict[str, int | Decimal]] = {"Wh": 1000, "kWh": 1, "MWh": Decimal("0.001")}
"""The unit of energy that a price is for → factor to a price per kWh."""
_DIGITS: Final = 10**15
"""No price has so many digits."""
_QUARTER_S: Final = 900
_DAY_S: Final = 86_400
_NS: Final = 1_000_000_000

_WORDS: Final = (
    ("date", r"dat[ae]|dzie[nń]|doba|^day|dtime|stamp|^od\b|^from|miesi|month"),
    ("hour", r"godz|hour|czas|time|okres|period"),
    ("price", r"cena|price|rce|stawka|rate|/\s?[km]?wh"),
)
"""The words of headings, in the order in which they are tried."""
_ROLES: Final = {role: re.compile(pattern) for role, pattern in _WORDS}
_UNIT: Final = re.compile(r"/\s?([kM]?Wh)\b", re.IGNORECASE)
_PSE_UNIT: Final = re.compile(r"^rce(_pln)?$", re.IGNORECASE)
_UTC: Final = re.compile(r"(?:\b|_)utc\b", re.IGNORECASE)
_ENDS: Final = re.compile(r"^dtime(_utc)?$", re.IGNORECASE)
"""PSE's names of columns, which name the end of a period."""
_MONTH: Final = re.compile(r"(?:(?P<y>\d{4})[-./](?P<m>\d{1,2})|(?P<m2>\d{1,2})[-./](?P<y2>\d{4}))")
_PERIOD: Final = re.compile(r"(\d\d):(\d\d) - (\d\d):(\d\d)")
_PSE_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::\d\d(?:\.0*)?)?Z?")


class Options(NamedTuple):
    """The user's options; "" and 0 are detected automatically."""

    zone: Zone
    measurement: str
    series: str = SERIES
    unit: str = ""
    interval_s: int = 0
    stamp: str = ""


class Price(NamedTuple):
    """A row of a file: the lines to store, or what is wrong."""

    row: int
    """Number of the line in a table, or of the row in PSE's JSON, from 1."""
    lines: bytes
    wrong: str = ""


class _Found(NamedTuple):
    row: int
    start_s: int
    per_kwh: Decimal


def prices(content: bytes, options: Options) -> tuple[str, list[Price]]:
    """A sentence about what was found, and the rows in order. Raises ConfigError if there are no prices."""
    text = tables.text_of(content)
    if text.lstrip()[:1] in ("{", "["):
        good, wrong, step_s = _of_json(text)
    else:
        good, wrong, step_s = _of_table(tables.rows_of(text), options)
    kept: dict[int, _Found] = {}
    for found in good:
        before = kept.setdefault(found.start_s, found)
        if before.per_kwh != found.per_kwh:
            wrong.append(Price(found.row, b"", f"this time already has another price in row {before.row}"))
    lines = [Price(found.row, _line(found, options)) for found in kept.values()]
    return _told(sorted(kept), step_s), sorted([*lines, *wrong], key=lambda price: price.row)


def _line(found: _Found, options: Options) -> bytes:
    return lineprotocol.line(options.measurement, {"series": options.series}, {FIELD: float(found.per_kwh)}, found.start_s * _NS)


def _told(starts: Sequence[int], step_s: int) -> str:
    """The first and the last time, and how many are missing between them."""
    if not starts:
        return "no prices"
    first, last = (rfc3339(start_s * _NS, Zone()) for start_s in (starts[0], starts[-1]))
    missing = sum((after - before) // step_s - 1 for before, after in pairwise(starts)) if step_s else 0
    return f"prices from {first} to {last}" + (f", {missing} times between them have no price" if missing else "")


# --- PSE's JSON ---


def _of_json(text: str) -> tuple[list[_Found], list[Price], int]:
    """The rows of PSE's answer. Raises ConfigError."""
    try:
        answer = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError):
        raise ConfigError("", "", "PSE's answer as JSON is expected, but this text is cut off or is another one") from None
    rows = answer.get("value") if isinstance(answer, dict) else answer
    if not isinstance(rows, list):
        raise ConfigError("", "", 'PSE\'s answer is expected, an object with its rows under "value"')
    good: list[_Found] = []
    wrong: list[Price] = []
    for number, row in enumerate(rows, 1):
        try:
            good.append(_of_row(number, row if isinstance(row, dict) else {}))
        except ValueError as error:
            wrong.append(Price(number, b"", str(error)))
    if isinstance(answer, dict) and answer.get("nextLink"):
        wrong.append(Price(len(rows), b"", "PSE has more rows than this answer. Ask for them with $first=20000 in the address"))
    return good, wrong, _QUARTER_S


def _of_row(number: int, row: dict[str, Any]) -> _Found:
    """One row. Raises ValueError."""
    price, named = row.get("rce_pln"), _PSE_TIME.fullmatch(str(row.get("dtime_utc")))
    if not isinstance(price, Decimal) or abs(price) >= _DIGITS:
        raise ValueError("a price is expected under rce_pln")
    try:
        end_s = int(datetime.fromisoformat(f"{named[1]} {named[2]}").replace(tzinfo=UTC).timestamp()) if named else None
    except ValueError:
        end_s = None
    if end_s is None or end_s % _QUARTER_S:
        raise ValueError("the end of a quarter of an hour is expected under dtime_utc, such as 2026-10-25 00:15:00")
    period = _PERIOD.fullmatch(str(row.get("period_utc")))
    if period is None:
        return _Found(number, end_s - _QUARTER_S, price / 1000)
    begin_s, stop_s = ((int(period[place]) * 60 + int(period[place + 1])) * 60 for place in (1, 3))
    return _Found(number, end_s - ((stop_s - begin_s) % _DAY_S or _DAY_S), price / 1000)


# --- a table ---


class _Columns(NamedTuple):
    date: int
    hour: int | None
    price: int
    factor: Decimal | int
    is_utc: bool
    names_end: bool


def _of_table(rows: tables.Rows, options: Options) -> tuple[list[_Found], list[Price], int]:
    """The rows of a table. Raises ConfigError."""
    place, columns = _heading(rows, options)
    dated: list[tuple[int, str, Decimal]] = []
    wrong: list[Price] = []
    for line, cells in rows[place:]:
        if max(columns.date, columns.hour or 0, columns.price) >= len(cells):
            wrong.append(Price(line, b"", "a row with a time and a price is expected"))
            continue
        when = cells[columns.date] if columns.hour is None else f"{cells[columns.date]} {cells[columns.hour]}"
        found = tables.number(cells[columns.price])
        if found is None or abs(found[0]) >= _DIGITS:
            wrong.append(Price(line, b"", "a price such as 412,35 or 412.35 is expected"))
        else:
            dated.append((line, when, Decimal(found[0]).scaleb(found[1]) * columns.factor))
    if dated and all(_MONTH.fullmatch(when) for _, when, _ in dated):
        return *_of_months(dated, wrong, options.zone), 0
    return _of_intervals(dated, wrong, columns, options)


def _heading(rows: tables.Rows, options: Options) -> tuple[int, _Columns]:
    """The number of the first row of prices, and the columns. Raises ConfigError."""
    for place, (_, cells) in enumerate(rows[: tables.HEAD_LIMIT]):
        by_role: dict[str, list[int]] = {}
        for column, heading in enumerate(tables.plain(cell) for cell in cells):
            role = next((role for role, pattern in _ROLES.items() if pattern.search(heading)), "")
            by_role.setdefault(role, []).append(column)
        times = [*by_role.get("date", []), *by_role.get("hour", [])]
        if not times or "price" not in by_role:
            continue
        # Of a local time and the same time in UTC, the latter is certain in every hour.
        date = next((column for column in times if _UTC.search(cells[column])), times[0])
        hours = [column for column in by_role.get("hour", []) if column != date and not _UTC.search(cells[date])]
        price = by_role["price"][0]
        names_end = _ENDS.search(cells[date]) is not None
        return place + 1, _Columns(
            date,
            hours[0] if hours and not names_end else None,
            price,
            _factor(cells[price], options),
            _UTC.search(cells[date]) is not None,
            names_end,
        )
    raise ConfigError("", "", 'a heading with a time and a price is expected, for example "time;price PLN/MWh"')


def _factor(heading: str, options: Options) -> Decimal | int:
    """From the heading's unit, or the user's, to a price per kWh. It is never guessed. Raises ConfigError."""
    unit = _UNIT.search(heading)
    named = options.unit or (unit[1] if unit else "MWh" if _PSE_UNIT.search(heading) else "")
    if not named:
        expected = f'kWh or MWh is expected, because the heading "{" ".join(heading.split())}" does not say what the price is for'
        raise ConfigError("", "--unit", expected)
    return next(factor for name, factor in PER_KWH.items() if name.casefold() == named.casefold())


def _of_months(dated: Iterable[tuple[int, str, Decimal]], wrong: list[Price], zone: Zone) -> tuple[list[_Found], list[Price]]:
    """Prices of months, each with the time at which its month begins."""
    good = []
    for line, when, per_kwh in dated:
        parts = _MONTH.fullmatch(when)
        year, month = (int(parts["y"] or parts["y2"]), int(parts["m"] or parts["m2"])) if parts else (0, 0)
        if year not in intervals.YEARS or not 1 <= month <= 12:  # noqa: PLR2004, the calendar's own number
            wrong.append(Price(line, b"", "a month such as 2026-10 is expected"))
        else:
            (start_s,) = intervals.starts([intervals.label(f"{year}-{month:02}-01 00:00")], 3600, "start", zone)
            good.append(_Found(line, start_s or 0, per_kwh))
    return good, wrong


def _of_intervals(
    dated: Iterable[tuple[int, str, Decimal]], wrong: list[Price], columns: _Columns, options: Options
) -> tuple[list[_Found], list[Price], int]:
    """Prices of hours and their parts. Raises ConfigError if the length of the intervals cannot be detected."""
    good: list[tuple[int, Label, Decimal]] = []
    for line, when, per_kwh in dated:
        try:
            label = intervals.label(when)
        except ValueError as error:
            wrong.append(Price(line, b"", str(error)))
        else:
            good.append((line, label._replace(offset_s=0) if columns.is_utc else label, per_kwh))
    if not good:
        return [], wrong, 0
    labels = [label for _, label, _ in good]
    try:
        step_s = options.interval_s or intervals.interval_s(labels)
    except ValueError as error:
        raise ConfigError("", "--interval", str(error)) from None
    named: Stamp = "end" if (options.stamp or ("end" if columns.names_end else intervals.stamp(labels, step_s))) == "end" else "start"
    found = []
    for (line, _, per_kwh), start_s in zip(good, intervals.starts(labels, step_s, named, options.zone), strict=True):
        if start_s is None:
            wrong.append(Price(line, b"", "this hour does not exist on that day, or the file has it twice"))
        else:
            found.append(_Found(line, start_s, per_kwh))
    return found, wrong, step_s
