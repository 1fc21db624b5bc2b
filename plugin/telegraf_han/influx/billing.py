"""Reads from InfluxDB what a bill is computed from, in InfluxQL, and never more in one answer than a small machine can hold.

Registers and production come from the down-sampled bucket, prices from both buckets. What was settled before (`…_cost`, `…_bill`) is in the
down-sampled bucket, too, because telegrams may be deleted after some months, and a bill should not.

To count the first hour, the hour before it is necessary. If a meter was silent then, its last earlier reading is looked up. So the step
over a gap of weeks is found without reading these weeks.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

from telegraf_han.clock import Zone
from telegraf_han.influx import downsampling
from telegraf_han.influx.api import Json
from telegraf_han.influx.connection import Place
from telegraf_han.tariffs import calendar
from telegraf_han.tariffs.calendar import Span
from telegraf_han.tariffs.energy import HOUR_S, REGISTERS, WINDOW_S, Point, Reading, exact
from telegraf_han.tariffs.periods import Sums, added

KEPT: Final = f'"{downsampling.WINDOW}".'
"""The retention policy that InfluxQL reads the down-sampled bucket by."""
ROWS_LIMIT: Final = 100_000
"""Rows of a query. A row with ten registers has 130 bytes, so an answer has 13 MB."""
METERS_LIMIT: Final = 200
"""Meters that one query names."""
INVERTER: Final = "inverter"
PRODUCED: Final = "energy_wh"

_T = TypeVar("_T")
Serials = dict[str, dict[int, list[float | None]]]
"""Serial number → window (UTC second) → values in the order of `REGISTERS`."""


class Source(NamedTuple):
    """Where to read."""

    place: Place
    measurement: str
    """The configured one, such as `electricity`. The names of the others begin with it."""


class _Counters(NamedTuple):
    """Registers of one kind: where they are, and which tag tells their series apart."""

    source: Source
    suffix: str
    tag: str
    fields: Sequence[str]

    def take(self, found: dict[str, Serials], where: str, order: str = "") -> None:
        """Add the points that a condition selects. Raises RefusedError, SourceError."""
        for one in _selected(self.source, self.suffix, _columns(self.fields), where, f'GROUP BY "meter", "{self.tag}" {order}'):
            windows = found.setdefault(one["tags"]["meter"], {}).setdefault(one["tags"][self.tag], {})
            for time_s, *values in one["values"]:
                windows[time_s] = values

    def take_hours_before(self, found: dict[str, Serials], field: str, series: Iterable[tuple[str, str]], before_s: int) -> None:
        """Add for each series the last hour before a moment that has the field. Raises RefusedError, SourceError."""
        where = f"({_any_series(self.tag, series)}) AND {_span(downsampling.EARLIEST_S, before_s)}"
        order = f'GROUP BY "meter", "{self.tag}" ORDER BY time DESC LIMIT 1'
        hours: dict[int, list[tuple[str, str]]] = {}
        for one in _selected(self.source, self.suffix, _columns((field,)), where, order):
            hour_s = one["values"][0][0] // HOUR_S * HOUR_S
            hours.setdefault(hour_s, []).append((one["tags"]["meter"], one["tags"][self.tag]))
        for hour_s, there in hours.items():
            self.take(found, f"({_any_series(self.tag, there)}) AND {_span(hour_s, hour_s + HOUR_S)}")

    def between(self, meters: Sequence[str], start_s: int, stop_s: int) -> dict[str, Serials]:
        """All points, and for each field of a series the last hour before `start_s` that has it. Raises RefusedError, SourceError."""
        found: dict[str, Serials] = {}
        for some, begin_s, end_s in _pieces(meters, start_s - HOUR_S, stop_s):
            self.take(found, f"{_any_of('meter', some)} AND {_span(begin_s, end_s)}")
        for place, field in enumerate(self.fields):
            lacking = [
                (meter, name)
                for meter, serials in found.items()
                for name, windows in serials.items()
                if _begins_later(windows, place, start_s)
            ]
            for group in _groups(lacking, METERS_LIMIT):
                self.take_hours_before(found, field, group, start_s - HOUR_S)
        return found


def readings(source: Source, meters: Sequence[str], start_s: int, stop_s: int) -> dict[str, dict[str, list[Reading]]]:
    """Readings from `start_s` (a whole hour) to before `stop_s` by meter and serial, and the last hour before that has any.

    Raises RefusedError, SourceError.
    """
    registers = _Counters(source, "", "serial", REGISTERS)
    found = registers.between(meters, start_s, stop_s)
    # A meter that has only new serial numbers: its hours begin at `start_s`, and not with the new meter.
    new = [meter for meter, serials in found.items() if all(window_s >= start_s for windows in serials.values() for window_s in windows)]
    for some in _groups(new, METERS_LIMIT):
        registers.take(found, f"{_any_of('meter', some)} AND {_span(downsampling.EARLIEST_S, start_s)}", "ORDER BY time DESC LIMIT 1")
    return {
        meter: {serial: [(window_s, values) for window_s, values in windows.items()] for serial, windows in serials.items()}
        for meter, serials in found.items()
    }


def produced(source: Source, meters: Sequence[str], start_s: int, stop_s: int) -> dict[str, list[list[Point]]]:
    """What inverters counted, by meter and inverter, as `readings`. Raises RefusedError, SourceError."""
    found = _Counters(source, "_production", INVERTER, (PRODUCED,)).between(meters, start_s, stop_s)
    return {
        meter: [[(window_s, value) for window_s, (value,) in windows.items() if value is not None] for windows in inverters.values()]
        for meter, inverters in found.items()
    }


def _begins_later(windows: Mapping[int, Sequence[float | None]], place: int, start_s: int) -> bool:
    """Whether a register has values, but none before `start_s`."""
    stamps = [window_s for window_s, values in windows.items() if values[place] is not None]
    return bool(stamps) and min(stamps) >= start_s


def _pieces(meters: Sequence[str], start_s: int, stop_s: int) -> Iterator[tuple[Sequence[str], int, int]]:
    """Groups of meters and spans of time with few enough rows."""
    at_once = max(1, min(METERS_LIMIT, ROWS_LIMIT * WINDOW_S // max(stop_s - start_s, 1)))
    piece_s = max(HOUR_S, ROWS_LIMIT * WINDOW_S // at_once)
    for some in _groups(meters, at_once):
        for begin_s in range(start_s, stop_s, piece_s):
            yield some, begin_s, min(begin_s + piece_s, stop_s)


def prices(source: Source, series: Collection[str], start_s: int, stop_s: int) -> list[tuple[str, int, Decimal]]:
    """Series, start of the period (UTC second), price per kWh. Raises RefusedError, SourceError.

    Prices that were imported are in the down-sampled bucket. Those that Telegraf reads may be in either bucket.
    """
    if not series:
        return []
    wanted = _any_of("series", sorted(series))
    found: dict[tuple[str, int], Decimal] = {}
    for begin_s in range(start_s, stop_s, _YEAR_S):
        where = f"{wanted} AND {_span(begin_s, min(begin_s + _YEAR_S, stop_s))}"
        for policy in ("", KEPT):
            for one in _selected(source, "_price", _columns(("price_per_kwh",)), where, 'GROUP BY "series"', policy=policy):
                for time_s, price in one["values"]:
                    found[one["tags"]["series"], time_s] = exact(price)
    return [(name, time_s, price) for (name, time_s), price in found.items()]


_YEAR_S: Final = 366 * 24 * HOUR_S
"""Quarter hours of a year: 35,000 rows. Days of a year of 200 meters: 73,000 rows."""
_BY_TARIFF: Final = 'GROUP BY "meter", "tariff"'


def newest_hours(source: Source, meters: Sequence[str]) -> dict[tuple[str, str], int]:
    """The newest hour that is settled, by meter and tariff (UTC second). Raises RefusedError, SourceError."""
    return _settled_at(source, meters, "ORDER BY time DESC")


def oldest_hours(source: Source, meters: Sequence[str]) -> dict[tuple[str, str], int]:
    """The oldest hour that is settled, by meter and tariff (UTC second). Raises RefusedError, SourceError."""
    return _settled_at(source, meters, "")


def _settled_at(source: Source, meters: Sequence[str], order: str) -> dict[tuple[str, str], int]:
    found = {}
    for some in _groups(meters, METERS_LIMIT):
        for one in _selected(source, "_cost", '"total"', _any_of("meter", some), f"{_BY_TARIFF} {order} LIMIT 1"):
            found[_tariff(one)] = int(one["values"][0][0])
    return found


def first_hours(source: Source, meters: Sequence[str], since_s: int = downsampling.EARLIEST_S) -> dict[str, int]:
    """The hour of the first reading since a moment, by meter (UTC second). Raises RefusedError, SourceError."""
    found: dict[str, int] = {}
    for some in _groups(meters, METERS_LIMIT):
        where = f"{_any_of('meter', some)} AND time >= {since_s}s"
        for one in _selected(source, "", _columns(REGISTERS), where, 'GROUP BY "meter" LIMIT 1'):
            found[one["tags"]["meter"]] = one["values"][0][0] // HOUR_S * HOUR_S
    return found


def days(source: Source, meters: Sequence[str], fields: Sequence[str], span: Span, zone: Zone) -> dict[tuple[str, str], dict[date, Sums]]:
    """Sums of what is settled in a span, by meter and tariff, and by local day. Raises RefusedError, SourceError.

    An hour that is stored in two series (see `_stored_twice`) counts once. Of two values it is the larger one.
    """
    found: dict[tuple[str, str], dict[date, Sums]] = {}
    columns = ", ".join(['count("total") AS "hours"', *(f'sum("{field}") AS "{field}"' for field in fields)])
    rest = f'GROUP BY time(1d), "meter", "tariff" fill(none) tz({_text(zone.name)})'
    for some in _groups(meters, METERS_LIMIT):
        for begin_s in range(span.begin_s, span.end_s, _YEAR_S):
            where = f"{_any_of('meter', some)} AND {_span(begin_s, min(begin_s + _YEAR_S, span.end_s))}"
            stored = _each_hour(source, ("total", *fields), where) if _stored_twice(source, where) else ""
            for one in _selected(source, "_cost", columns, where, rest, stored=stored):
                sums = found.setdefault(_tariff(one), {})
                for row in one["values"]:
                    day, _ = calendar.local(row[0], zone)
                    sums[day] = added(sums[day], _sums(fields, row)) if day in sums else _sums(fields, row)
    return found


def _stored_twice(source: Source, where: str) -> bool:
    """Whether a meter's hours of one tariff are in several series.

    A tag that came or went makes a second series: `host`, if Telegraf adds it, or a tag of the meter that changed while its last hours
    were settled again. This question is cheap. To ask for each hour once takes several times as long, so it is done only then.
    """
    found = [_tariff(one) for one in _selected(source, "_cost", 'last("total")', where, "GROUP BY *")]
    return len(found) > len(set(found))


def _each_hour(source: Source, fields: Sequence[str], where: str) -> str:
    """The settled hours, each once, as sub-queries: one for each field, because an outer sum runs only those that have its field."""
    name = _quoted(f"{source.measurement}_cost")
    rest = 'GROUP BY time(1h), "meter", "tariff" fill(none)'
    columns = (f'last("{field}") AS "{field}"' for field in dict.fromkeys(fields))
    return ", ".join(f"(SELECT {column} FROM {KEPT}{name} WHERE {where} {rest})" for column in columns)  # noqa: S608, texts are quoted


def _tariff(one: Json) -> tuple[str, str]:
    return one["tags"]["meter"], one["tags"]["tariff"]


def _sums(fields: Sequence[str], row: Sequence[Any]) -> Sums:
    """The sums of a row, without the last digits, which depend on the order of adding."""
    return Sums(row[1], {field: exact(value or 0.0).quantize(_DIGITS) for field, value in zip(fields, row[2:], strict=True)})


_DIGITS: Final = Decimal("1e-9")
"""Amounts have nine decimals. InfluxDB's floats have at least 15 digits, so sums up to a million are exact."""


def _selected(source: Source, suffix: str, columns: str, where: str, rest: str, *, policy: str = KEPT, stored: str = "") -> list[Json]:
    """The series that answer a query about one measurement, or about sub-queries of it (`stored`). Raises RefusedError, SourceError."""
    stored = stored or f"{policy}{_quoted(f'{source.measurement}{suffix}')}"
    text = f"SELECT {columns} FROM {stored} WHERE {where} {rest}"  # noqa: S608, names and texts are quoted
    return source.place.api.influxql(source.place.bucket, text)


def _columns(fields: Iterable[str]) -> str:
    return ", ".join(map(_quoted, fields))


def _span(begin_s: int, end_s: int) -> str:
    return f"time >= {begin_s}s AND time < {end_s}s"


def _any_of(tag: str, texts: Iterable[str]) -> str:
    return f"({' OR '.join(f'{_quoted(tag)} = {_text(text)}' for text in texts)})"


def _any_series(tag: str, series: Iterable[tuple[str, str]]) -> str:
    return " OR ".join(f'("meter" = {_text(meter)} AND {_quoted(tag)} = {_text(name)})' for meter, name in series)


def _quoted(name: str) -> str:
    """A name as InfluxQL writes it."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(text: str) -> str:
    """A text as InfluxQL writes it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _groups(all_of_them: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for begin in range(0, len(all_of_them), size):
        yield all_of_them[begin : begin + size]
