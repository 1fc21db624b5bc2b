"""Adds up the meters of each site of a fleet: one point per site and quarter hour, for boards that cannot add up 10,000 meters each time.

The sums are computed from the five-minute points and stored beside them, as the measurement `electricity_site` with the tag `site` and the
time of the window's start. Points without a tag `site` belong to a single house and are left out. The fields are floats:

- `import_wh`, `export_wh`: the energy that the registers counted. A step counts in the window in which the register was next seen.
- `import_w`, `export_w`: the sum of the mean powers of the meters.
- `meters`: how many meters had a reading. `not_ok`: of how many the state was not `ok` at any time of the window.
- `errors`: how many telegrams were lost, by the counters of the status lines. A counter that begins again counts from zero.

A window has these fields as soon as a meter had a reading or a state that is not `ok` in it.

The rule of energy is that of the boards (`grafana/registers.py`) as far as 15 minutes need it. The highest values of two following
windows are compared, so one telegram that is too low does nothing. A register that runs backwards gives no energy, one that rolls over
gives what it counted. Each serial number starts at its own first reading. A step needs the value before the window, so the last value of
seven days before is looked up. Of a register that begins again, up to two windows are lost. In the window in which a meter is replaced (or
gets another tag), both series count as meters.

**How it stays cheap.** InfluxDB's engine computes windows, first and last values itself. What it cannot do is done by Flux, and Flux costs
per table, not per row: with a table per meter, `union`, `sort` and `difference` need twice the time [seen on 2.9.1]. So all meters are
one table, in which the rows of each meter follow one another. Where a meter ends and the next begins, a difference would run from one to
the other. So before its rows each meter has one more row, with the first value that is there and a time before all others. The
difference that runs across lands on that row and is dropped with it.

For a fleet, the five-minute points themselves are computed by other tasks, too: see `downsampling.FLEET`.
"""

from collections.abc import Iterable
from typing import Final

from telegraf_han.influx import downsampling, items
from telegraf_han.influx.api import Api, Json, RefusedError, resources
from telegraf_han.influx.connection import Place
from telegraf_han.influx.downsampling import LookBack, quoted
from telegraf_han.influx.items import TASK, Say

KIND: Final = "_site"
"""What stands behind the name of the telegrams' measurement."""
WINDOW: Final = "15m"
WINDOW_S: Final = 900
LOOK_BACK: Final = "7d"
"""A register that was silent for up to this long goes on from its last value. It is the boards' `LOOK_BACK_DAYS`."""
LOOK_BACK_S: Final = 7 * 86_400
RUN_UP: Final = "1h"
"""So much earlier than the first window that is stored, windows are computed. So the odd value of one telegram before it does no harm."""
NEAR: Final = 200
"""As in `grafana/registers.py`: a register rolls over if both values are within this part of the power of ten around zero."""


TASKS: Final = (
    LookBack("sums per site", "15m", "5m", "1h"),
    LookBack("sums per site of late data", "1h", "28m", "6h"),
    LookBack("sums per site of data 1 d old", "12h", "55m", "2d", "1d"),
    LookBack("sums per site of data 8 d old", "12h", "65m", "9d", "8d"),
    LookBack("sums per site of data 32 d old", "12h", "75m", "33d", "32d"),
)
"""Late telegrams change five-minute points only when `downsampling.FLEET` computes these again, at certain ages. The sums are computed
after that, in one piece with what is around: the energy of a gap moves from the window after it into the gap. A piece has one day at most,
because it is held in memory."""

_REGISTERS: Final = 'r._field == "active_energy_import_wh" or r._field == "active_energy_export_wh"'
_POWERS: Final = 'r._field == "active_power_import_w" or r._field == "active_power_export_w"'
_ERRORS: Final = "r._field =~ /^errors_/ and r._value > 0"
"""Most counters are zero. Those are not read."""
_FAULTS: Final = 'r._field == "state" and r._value != "ok"'
_IMPORTS: Final = 'import "date"\nimport "math"\nimport "strings"\n'
_YIELDED: Final = '    |> yield(name: "sums")\n'
_NS: Final = 1_000_000_000


def tasks(raw: str, measurement: str, prefix: str) -> list[Json]:
    """The tasks of the sums as InfluxDB's API takes them."""
    return [_task(raw, measurement, prefix, task) for task in TASKS]


def _task(raw: str, measurement: str, prefix: str, task: LookBack) -> Json:
    name = f"{prefix}{task.name}"
    option = f"option task = {{name: {quoted(name)}, every: {task.every}, offset: {task.offset}}}\n"
    piece = f"written(start: {_truncated(task.reach)}, stop: {_truncated(task.until)})\n{_YIELDED}"
    flux = "\n".join([_IMPORTS, option, _functions(raw, measurement), piece])
    description = f"Sums of the meters of each site by {WINDOW}, computed again every {task.every}."
    return {"name": name, "flux": flux, "status": "active", "description": description}


def _truncated(back: str) -> str:
    return f"date.truncate(t: -{back}, unit: {WINDOW})"


def past(raw: str, measurement: str, start_s: int, stop_s: int) -> str:
    """A script that computes the windows from `start_s` to before `stop_s` (UTC seconds) and yields how many values it wrote."""
    piece = f"written(start: time(v: {start_s * _NS}), stop: time(v: {stop_s * _NS}))\n{_YIELDED}"
    return "\n".join([_IMPORTS, _functions(raw, measurement), piece])


def computed(api: Api, raw: str, measurement: str, start_s: int, stop_s: int) -> int:
    """Compute the windows from `start_s` to before `stop_s` now; returns the number of values written. Raises RefusedError, SourceError."""
    return sum(row["_value"] for row in api.flux(past(raw, measurement, start_s, stop_s)))


def whole(start_s: int, stop_s: int) -> tuple[int, int]:
    """The whole windows that a range touches, without the one that has not ended at its end, UTC seconds."""
    return start_s // WINDOW_S * WINDOW_S, stop_s // WINDOW_S * WINDOW_S


def _functions(raw: str, measurement: str) -> str:
    """The functions of a script. `written(start, stop)` stores the sums of these windows and returns their number."""
    bucket = downsampling.bucket(raw)

    def points(name: str, kind: str, fields: str) -> str:
        return _chained(
            f"{name} = (start, stop) => from(bucket: {quoted(bucket)})",
            "range(start: start, stop: stop)",
            f"filter(fn: (r) => r._measurement == {quoted(measurement + kind)} and exists r.site)",
            f"filter(fn: (r) => {fields})",
        )

    stored = _chained(
        "written = (start, stop) => sums(start: start, stop: stop)",
        f'set(key: "_measurement", value: {quoted(measurement + KIND)})',
        'group(columns: ["_measurement", "site", "_field"])',
        f"to(bucket: {quoted(bucket)})",
        "group()",
        "count()",
    )
    sources = (("registers", "", _REGISTERS), ("powers", "", _POWERS), ("errors", "_link", _ERRORS), ("faults", "_link", _FAULTS))
    return "\n".join([*(points(*source) for source in sources), _SUMS, stored])


def _chained(*steps: str) -> str:
    return "\n    |> ".join(steps) + "\n"


_SUMS: Final = f"""\
// All series in one table: the engine's results, with the columns that are needed.
together = (columns, tables=<-) => tables
    |> group()
    |> keep(columns: columns)

windows = (fn, tables=<-) => tables
    |> aggregateWindow(every: {WINDOW}, fn: fn, timeSrc: "_start", createEmpty: false)

bySite = (fn, tables=<-) => tables
    |> group(columns: ["site"])
    |> aggregateWindow(every: {WINDOW}, fn: fn, timeSrc: "_start", createEmpty: false)
    |> toFloat()

byField = (name, tables=<-) => tables
    |> group(columns: ["site", "_field"])
    |> aggregateWindow(every: {WINDOW}, fn: sum, timeSrc: "_start", createEmpty: false)
    |> map(fn: (r) => ({{r with _field: strings.replace(v: r._field, t: name, u: "", i: 1)}}))
    |> group()
    |> keep(columns: ["site", "_field", "_time", "_value"])

named = (name, tables=<-) => tables
    |> group()
    |> keep(columns: ["site", "_time", "_value"])
    |> set(key: "_field", value: name)

sums = (start, stop) => {{
    early = date.sub(from: start, d: {RUN_UP})
    look = date.sub(from: start, d: {LOOK_BACK})

    meter = ["site", "meter", "serial", "_field", "_time", "_value"]
    seen = registers(start: early, stop: stop) |> windows(fn: max) |> together(columns: meter)
    stood = registers(start: look, stop: early) |> last() |> together(columns: meter)
    // The row before all others of a meter. The difference that runs from the meter before it lands here.
    began = registers(start: look, stop: stop) |> first() |> duplicate(column: "_start", as: "_time") |> together(columns: meter)
    rows = union(tables: [began, stood, seen]) |> sort(columns: meter)
    rose = rows |> difference(nonNegative: true) |> filter(fn: (r) => r._time >= start)
    rolled = rows
        |> duplicate(column: "_value", as: "end")
        |> difference()
        |> filter(fn: (r) => r._time >= start and r._value < 0.0)
        |> map(fn: (r) => ({{r with top: math.pow(x: 10.0, y: math.ceil(x: math.log10(x: r.end - r._value + 0.5)))}}))
        |> filter(fn: (r) => (r.top - r.end + r._value) * {NEAR}.0 < r.top and r.end * {NEAR}.0 < r.top)
        |> map(fn: (r) => ({{site: r.site, _field: r._field, _time: r._time, _value: r._value + r.top}}))
    energy = union(tables: [rose |> keep(columns: ["site", "_field", "_time", "_value"]), rolled]) |> byField(name: "active_energy_")

    power = powers(start: start, stop: stop) |> windows(fn: mean) |> byField(name: "active_power_")

    heard = seen
        |> filter(fn: (r) => r._field == "active_energy_import_wh" and r._time >= start)
        |> bySite(fn: count)
        |> named(name: "meters")
    ill = faults(start: start, stop: stop) |> windows(fn: last) |> bySite(fn: count) |> named(name: "not_ok")
    zeros = union(tables: [heard, ill])
        |> map(fn: (r) => ({{r with _value: 0.0}}))
        |> drop(columns: ["_field"])

    reader = ["site", "meter", "interface", "_field", "_time", "_value"]
    told = errors(start: early, stop: stop) |> windows(fn: last) |> together(columns: reader)
    toldBefore = errors(start: look, stop: early) |> last() |> together(columns: reader)
    none = errors(start: look, stop: stop)
        |> first()
        |> duplicate(column: "_start", as: "_time")
        |> together(columns: reader)
        |> map(fn: (r) => ({{r with _value: 0}}))
    lost = union(tables: [none, toldBefore, told])
        |> sort(columns: reader)
        |> difference(nonNegative: true, initialZero: true)
        |> filter(fn: (r) => r._time >= start)
        |> bySite(fn: sum)

    meters = union(tables: [heard, zeros]) |> bySite(fn: sum) |> named(name: "meters")
    notOk = union(tables: [ill, zeros]) |> bySite(fn: sum) |> named(name: "not_ok")
    wrong = union(tables: [lost |> named(name: "errors"), zeros]) |> bySite(fn: sum) |> named(name: "errors")

    return union(tables: [energy, power, meters, notOk, wrong])
}}
"""


# --- which tasks a bucket has ---


def is_fleet(place: Place) -> bool:
    """Whether the tasks of a fleet were made for this bucket. A token that sees no tasks sees no fleet. Raises SourceError."""
    name = f"{items.prefix(place.bucket)}{TASKS[0].name}"
    org = {"orgID": place.org_id} if place.org_id else {"org": place.api.org}
    try:
        found = resources(place.api.call("GET", TASK.path, query={"name": name, **org}), TASK.key)
    except RefusedError:
        return False
    return any(task.get(TASK.title) == name for task in found)


def settle_tasks(place: Place, measurement: str, say: Say, *, fleet: bool = False) -> None:
    """Make the tasks of a single house, or those of a fleet. A fleet stays one. Raises RefusedError, SourceError."""
    prefix = items.prefix(place.bucket)
    fleet = fleet or is_fleet(place)
    wanted = downsampling.tasks(place.bucket, measurement, prefix, fleet=fleet)
    if fleet:
        wanted += tasks(place.bucket, measurement, prefix)
    for task in wanted:
        items.settle(place, TASK, task, say)
    _drop_others(place, {prefix + one.name for one in downsampling.LOOK_BACKS}, {task["name"] for task in wanted}, say)


def _drop_others(place: Place, of_a_house: Iterable[str], wanted: set[str], say: Say) -> None:
    """Remove the tasks that a single house had before it became a fleet."""
    for name in sorted(set(of_a_house) - wanted):
        there = items.found(place, TASK, name)
        if there is not None:
            items.remove(place, TASK, there, say)
