"""Raw telegrams into one point per meter and five minutes: the Flux that computes it, the tasks that run it, and the past.

The bucket `energy/5m` is to InfluxQL the retention policy "5m" of the database `energy`, by its name alone [seen on 2.9.1], so one
data source serves both. A point is stamped with its window's start. What a field is decides its name, since every field ends in
its unit (`obis`, `units`): an instantaneous quantity gives the mean under its own name, powers and voltages also `_max` and `_min`;
a register, a threshold, a mode, a text gives its last value. A power the meter itself has averaged or whose maximum it keeps is
a register in this sense.

Every run computes whole windows anew, so it may run as often as one likes, and late data are caught up: Telegraf's buffer
delivers an outage's telegrams hours or days later. Each of the four pipelines is one that InfluxDB pushes down to its storage
engine, therefore `filter` and `aggregateWindow` stand as plainly as they do.
"""

from typing import Final, NamedTuple

from telegraf_han.influx.api import Api, Json

WINDOW: Final = "5m"
WINDOW_S: Final = 300
DAY_S: Final = 86_400

MEAN: Final = r"_(w|var|va|v|a|hz|dbm|percent|degc|deg)(_[0-9]+)?$|^power_factor"
"""Fields of which the mean says something."""
EXTREME: Final = r"_(w|var|va|v)(_[0-9]+)?$"
"""Fields of which the highest and lowest count besides."""
KEPT: Final = r"threshold|_power_[a-z0-9_]*(max|average)_"
"""Fields with such units that are none: settings, and what the meter itself averages or keeps as a maximum."""


class LookBack(NamedTuple):
    """A task: how often it runs, and how far back it computes."""

    name: str
    every: str
    offset: str
    reach: str


LOOK_BACKS: Final = (
    LookBack("down-sampling", "5m", "20s", "1h"),
    LookBack("down-sampling of late data", "1h", "3m", "2d"),
    LookBack("down-sampling of very late data", "1d", "2h", "32d"),
)
"""What came within the hour is there after five minutes, an outage of two days after an hour, one of a month the next morning.
The offset is the time Telegraf may take; the daily one falls into the night. Together they cost a meter that sends every second
a minute of computing a day, most of it at night; they are three, since the wide one alone, run every five minutes, would cost
an hour."""


class _Pipeline(NamedTuple):
    """One function of a window."""

    function: str
    fields: str
    """Condition on `r._field`."""
    suffix: str = ""


_INSTANT: Final = f"r._field =~ /{MEAN}/ and r._field !~ /{KEPT}/"
_REGISTER: Final = f"r._field !~ /{MEAN}/ or r._field =~ /{KEPT}/"
_SWINGING: Final = f"r._field =~ /{EXTREME}/ and r._field !~ /{KEPT}/"
_PIPELINES: Final = (
    _Pipeline("mean", _INSTANT),
    _Pipeline("last", _REGISTER),
    _Pipeline("max", _SWINGING, "_max"),
    _Pipeline("min", _SWINGING, "_min"),
)


def bucket(raw: str) -> str:
    """The bucket of a raw bucket's down-sampled data; InfluxQL reads it as `"5m"` in the database of the raw one's name."""
    return f"{raw}/{WINDOW}"


def quoted(text: str) -> str:
    """A text as Flux writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


def tasks(raw: str, measurement: str, prefix: str) -> list[Json]:
    """The tasks of a bucket as InfluxDB's API takes them."""
    return [_task(raw, measurement, prefix, look_back) for look_back in LOOK_BACKS]


def _task(raw: str, measurement: str, prefix: str, look_back: LookBack) -> Json:
    name = f"{prefix}{look_back.name}"
    lines = [
        'import "date"',
        "",
        f"option task = {{name: {quoted(name)}, every: {look_back.every}, offset: {look_back.offset}}}",
        "",
        "// Whole windows only: one that is cut would be stored with half its values.",
        f"start = date.truncate(t: -{look_back.reach}, unit: {WINDOW})",
        f"stop = date.truncate(t: now(), unit: {WINDOW})",
        "",
        _computed(raw, measurement),
    ]
    return {"name": name, "flux": "\n".join(lines), "status": "active", "description": _description(look_back)}


def _description(look_back: LookBack) -> str:
    return f"One point per meter and {WINDOW} of the last {look_back.reach}, computed again every {look_back.every}."


def past(raw: str, measurement: str, start_s: int, stop_s: int) -> str:
    """A script that computes the windows from `start_s` to before `stop_s` (UTC seconds) and yields how many points it wrote."""
    return f"start = time(v: {start_s}000000000)\nstop = time(v: {stop_s}000000000)\n\n{_computed(raw, measurement)}"


def _computed(raw: str, measurement: str) -> str:
    """The pipelines; `start` and `stop` are defined before them."""
    return "\n".join(_pipeline(raw, measurement, pipeline) for pipeline in _PIPELINES)


def _pipeline(raw: str, measurement: str, pipeline: _Pipeline) -> str:
    """One pipeline. Only a count is yielded: the points themselves, a download of the whole bucket, nobody reads."""
    steps = [
        f"from(bucket: {quoted(raw)})",
        "range(start: start, stop: stop)",
        f"filter(fn: (r) => r._measurement == {quoted(measurement)})",
        f"filter(fn: (r) => {pipeline.fields})",
        f'aggregateWindow(every: {WINDOW}, fn: {pipeline.function}, timeSrc: "_start", createEmpty: false)',
        f'map(fn: (r) => ({{r with _field: r._field + "{pipeline.suffix}"}}))' if pipeline.suffix else "",
        f"to(bucket: {quoted(bucket(raw))})",
        "count()",
        "group()",
        "sum()",
        f'yield(name: "{pipeline.function}")',
    ]
    return "\n    |> ".join(step for step in steps if step) + "\n"


def computed(api: Api, raw: str, measurement: str, start_s: int, stop_s: int) -> int:
    """Compute the windows from `start_s` to before `stop_s` now; the points written. Raises RefusedError, SourceError."""
    rows = api.flux(past(raw, measurement, start_s, stop_s))
    return sum(row["_value"] for row in rows)


def whole(start_s: int, stop_s: int) -> tuple[int, int]:
    """A range of whole windows around the given one, UTC seconds."""
    return start_s // WINDOW_S * WINDOW_S, -(-stop_s // WINDOW_S) * WINDOW_S


def oldest_s(api: Api, raw: str, measurement: str) -> int | None:
    """UTC second of a bucket's first telegram, None where it has none. Raises RefusedError, SourceError."""
    text = (
        f"from(bucket: {quoted(raw)}) |> range(start: 0) |> filter(fn: (r) => r._measurement == {quoted(measurement)})"
        ' |> first() |> keep(columns: ["_time"]) |> min(column: "_time")'
    )
    times = [int(row["_time"].timestamp()) for row in api.flux(text)]
    return min(times, default=None)
