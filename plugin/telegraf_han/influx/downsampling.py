"""Computes one point per series and five minutes from raw data: the Flux, the tasks that run it, and the past.

For InfluxQL, the bucket `energy/5m` is the retention policy "5m" of the database `energy`, because of its name alone [seen on 2.9.1].
So one data source serves both buckets. A point has the time of its window's start. The name of a field decides how the field is
computed, because every field ends in its unit (`obis`, `units`):

- An instantaneous quantity gives its mean, under its own name. Powers and voltages also give `_max` and `_min`.
- A register, a threshold, a mode or a text gives its last value. A power that the meter itself has averaged, or whose maximum the
  meter keeps, counts as a register, too.

Status lines and settings are down-sampled, too, so that a year of them can be seen when raw data have expired. A counter and a setting give
their last value, the age of the last telegram its highest, clock offset and signal their mean. Of the states, one that is not `ok` is
kept, so no fault disappears. All these have the name of the raw field.

Tags stay as they are, also those that this module does not know.

Every run computes whole windows again. So a run may be repeated at any time, and late data are included: Telegraf's buffer delivers the
telegrams of an outage hours or days later. InfluxDB pushes each pipeline down to its storage engine. To allow this, `filter` and
`aggregateWindow` are written in a plain form.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from telegraf_han.influx.api import Api, Json

WINDOW: Final = "5m"
WINDOW_S: Final = 300
DAY_S: Final = 86_400
EARLIEST_S: Final = 946_684_800
"""2000-01-01. No meter that this program reads is older. A point with an earlier time was written while a clock stood at 1970."""

MEAN: Final = r"_(w|var|va|v|a|hz|dbm|percent|degc|deg)(_[0-9]+)?$|^power_factor"
"""Fields whose mean has a meaning."""
EXTREME: Final = r"_(w|var|va|v)(_[0-9]+)?$"
"""Fields whose highest and lowest values are also stored."""
KEPT: Final = r"threshold|_power_[a-z0-9_]*(max|average)_"
"""Fields that have such a unit but are not instantaneous: settings, and values that the meter itself averages or keeps as a maximum."""


NOW: Final = "0h"


class LookBack(NamedTuple):
    """A task: how often it runs, and how far back it computes."""

    name: str
    every: str
    offset: str
    reach: str
    until: str = NOW
    """How far back it ends."""


LOOK_BACKS: Final = (
    LookBack("down-sampling", "5m", "20s", "1h"),
    LookBack("down-sampling of late data", "1h", "3m", "2d"),
    LookBack("down-sampling of very late data", "1d", "2h", "32d"),
)
"""Telegrams that came within the hour are down-sampled after five minutes, an outage of two days after an hour, an outage of a month
the next morning. The offset is the time that Telegraf may take. The daily task runs at night. For a meter that sends every second, the
three tasks together cost a minute of computing per day, most of it at night. The status lines of each meter cost four seconds of that.
There are three tasks, because the widest one alone, run every five minutes, would cost an hour."""

FLEET: Final = (
    LookBack("down-sampling", "15m", "20s", "20m"),
    LookBack("down-sampling of late data", "1h", "8m", "2h", "1h"),
    LookBack("down-sampling of data 4 h old", "1h", "22m", "5h", "4h"),
    LookBack("down-sampling of data 1 d old", "1h", "37m", "25h", "24h"),
    LookBack("down-sampling of data 8 d old", "1h", "47m", "193h", "192h"),
    LookBack("down-sampling of data 32 d old", "1h", "52m", "769h", "768h"),
)
"""What 10,000 meters can afford. The tasks of a single house compute each telegram 92 times, these six times: as soon as it is there, and
again at each of five ages. So telegrams that were at most four hours late are down-sampled when they are four to five hours old, and so
on. The first task runs every quarter hour, because a run costs time for each series, however few its points are."""


class _Pipeline(NamedTuple):
    """One function that is applied to each window."""

    function: str
    fields: str
    """Condition on `r._field`, or `""` for all fields."""
    suffix: str = ""
    kinds: tuple[str, ...] = ("", "_production")
    """Of which measurements: what stands behind the name of the telegrams' measurement."""


_NS: Final = 1_000_000_000
_INSTANT: Final = f"r._field =~ /{MEAN}/ and r._field !~ /{KEPT}/"
_REGISTER: Final = f"r._field !~ /{MEAN}/ or r._field =~ /{KEPT}/"
_SWINGING: Final = f"r._field =~ /{EXTREME}/ and r._field !~ /{KEPT}/"
_MERGED: Final = 'group(columns: ["_measurement", "_field"])'
_PIPELINES: Final = (
    _Pipeline("mean", _INSTANT),
    _Pipeline("last", _REGISTER),
    _Pipeline("max", _SWINGING, "_max"),
    _Pipeline("min", _SWINGING, "_min"),
    _Pipeline("mean", 'r._field == "clock_offset_s" or r._field == "rssi_dbm"', kinds=("_link",)),
    _Pipeline("max", 'r._field == "age_s"', kinds=("_link",)),
    _Pipeline("last", "r._field !~ /^(clock_offset_s|rssi_dbm|age_s|state)$/", kinds=("_link",)),
    _Pipeline("last", "", kinds=("_settings",)),
)


def bucket(raw: str) -> str:
    """The bucket of the down-sampled data. InfluxQL reads it as `"5m"` in the database that has the raw bucket's name."""
    return f"{raw}/{WINDOW}"


def quoted(text: str) -> str:
    """A text as Flux writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


def tasks(raw: str, measurement: str, prefix: str, *, fleet: bool = False) -> list[Json]:
    """The tasks of a bucket as InfluxDB's API takes them, for a single house or for a fleet."""
    return [_task(raw, measurement, prefix, look_back, fleet=fleet) for look_back in (FLEET if fleet else LOOK_BACKS)]


def _task(raw: str, measurement: str, prefix: str, look_back: LookBack, *, fleet: bool) -> Json:
    name = f"{prefix}{look_back.name}"
    lines = [
        'import "date"',
        "",
        f"option task = {{name: {quoted(name)}, every: {look_back.every}, offset: {look_back.offset}}}",
        "",
        "// Whole windows only: one that is cut would be stored with half its values.",
        f"start = date.truncate(t: -{look_back.reach}, unit: {WINDOW})",
        f"stop = date.truncate(t: {_back(look_back.until)}, unit: {WINDOW})",
        "",
        "\n".join(_computed(raw, measurement, merged=fleet)),
    ]
    return {"name": name, "flux": "\n".join(lines), "status": "active", "description": _description(look_back)}


def _back(time: str) -> str:
    return "now()" if time == NOW else f"-{time}"


def _description(look_back: LookBack) -> str:
    age = "" if look_back.until == NOW else f" to {look_back.until} ago"
    return f"One point per meter and {WINDOW} of the last {look_back.reach}{age}, computed again every {look_back.every}."


def past(raw: str, measurement: str, start_s: int, stop_s: int) -> str:
    """A script that computes the windows from `start_s` to before `stop_s` (UTC seconds) and yields how many points it wrote."""
    return _span(start_s, stop_s) + "\n".join(_computed(raw, measurement))


def past_of_fleet(raw: str, measurement: str, start_s: int, stop_s: int) -> list[str]:
    """The same for a fleet: several scripts, to be run one after the other."""
    return [_span(start_s, stop_s) + script for script in _computed(raw, measurement, merged=True)]


def _span(start_s: int, stop_s: int) -> str:
    return f"start = time(v: {start_s * _NS})\nstop = time(v: {stop_s * _NS})\n\n"


def _computed(raw: str, measurement: str, *, merged: bool = False) -> list[str]:
    """The pipelines; `start` and `stop` are defined before them.

    With `merged`, the points of all series of a field become one table before they are renamed, stored and counted. Each of these
    costs Flux time and memory per table. With 10,000 meters, there are half a million tables.
    """
    pipelines = [_pipeline(raw, measurement, pipeline, merged=merged) for pipeline in _PIPELINES]
    return [*pipelines, _states(raw, measurement, merged=merged)]


def _measured(measurement: str, kinds: Iterable[str] = ("", "_production")) -> str:
    """The condition on some measurements: by default telegrams of meters, and what inverters produced."""
    return " or ".join(f"r._measurement == {quoted(measurement + kind)}" for kind in kinds)


def _pipeline(raw: str, measurement: str, pipeline: _Pipeline, *, merged: bool) -> str:
    renamed = [f'map(fn: (r) => ({{r with _field: r._field + "{pipeline.suffix}"}}))'] if pipeline.suffix else []
    name = f"{pipeline.kinds[0]} {pipeline.function}".strip(" _")
    windows = _windows(raw, _measured(measurement, pipeline.kinds), pipeline.fields, pipeline.function)
    return _chained([*windows, *([_MERGED] if merged else []), *renamed, *_stored(raw, name)])


def _states(raw: str, measurement: str, *, merged: bool) -> str:
    """The state of each window: its last state that is not `ok`, or else `ok`.

    The last state and the last other state of each window are put together, the other state first, and of one time only the first is kept.
    """
    link, field = _measured(measurement, ("_link",)), 'r._field == "state"'
    last = [*_windows(raw, link, field, "last"), 'set(key: "order", value: "2")']
    fault = [*_windows(raw, link, f'{field} and r._value != "ok"', "last"), 'set(key: "order", value: "1")']
    first = ["union(tables: [faults, states])", 'sort(columns: ["order"])', 'unique(column: "_time")', 'drop(columns: ["order"])']
    before = f"states = {_chained(last)}\nfaults = {_chained(fault)}\n"
    return before + _chained([*first, *([_MERGED] if merged else []), *_stored(raw, "link state")])


def _windows(raw: str, measurements: str, fields: str, function: str) -> list[str]:
    """The steps that compute whole windows."""
    return [
        f"from(bucket: {quoted(raw)})",
        "range(start: start, stop: stop)",
        f"filter(fn: (r) => {measurements})",
        *([f"filter(fn: (r) => {fields})"] if fields else []),
        f'aggregateWindow(every: {WINDOW}, fn: {function}, timeSrc: "_start", createEmpty: false)',
    ]


def _stored(raw: str, name: str) -> list[str]:
    """The steps that store points. Only a count is yielded: nobody reads the points, and they would be a download of the whole bucket."""
    return [f"to(bucket: {quoted(bucket(raw))})", "count()", "group()", "sum()", f'yield(name: "{name}")']


def _chained(steps: Iterable[str]) -> str:
    return "\n    |> ".join(steps) + "\n"


def computed(api: Api, raw: str, measurement: str, start_s: int, stop_s: int, *, fleet: bool = False) -> int:
    """Compute the windows from `start_s` to before `stop_s` now; returns the number of points written. Raises RefusedError, SourceError."""
    scripts = past_of_fleet(raw, measurement, start_s, stop_s) if fleet else [past(raw, measurement, start_s, stop_s)]
    return sum(row["_value"] for script in scripts for row in api.flux(script))


def whole(start_s: int, stop_s: int) -> tuple[int, int]:
    """A range of whole windows around the given one, UTC seconds."""
    return start_s // WINDOW_S * WINDOW_S, -(-stop_s // WINDOW_S) * WINDOW_S


def oldest_s(api: Api, raw: str, measurement: str, since_s: int = EARLIEST_S) -> int | None:
    """UTC second of a bucket's first telegram since a time, None if the bucket has none. Raises RefusedError, SourceError."""
    times = [int(row["_time"].timestamp()) for row in api.flux(_first(raw, measurement, f"start: {since_s}"))]
    return min(times, default=None)


def has_older(api: Api, raw: str, measurement: str) -> bool:
    """Whether a bucket has telegrams with a time that no meter can have sent. Raises RefusedError, SourceError."""
    return bool(api.flux(_first(raw, measurement, f"start: 0, stop: {EARLIEST_S}")))


def _first(raw: str, measurement: str, span: str) -> str:
    """A script that yields the time of the first telegram."""
    return (
        f"from(bucket: {quoted(raw)}) |> range({span}) |> filter(fn: (r) => {_measured(measurement)})"
        ' |> first() |> keep(columns: ["_time"]) |> min(column: "_time")'
    )
