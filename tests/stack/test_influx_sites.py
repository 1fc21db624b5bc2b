"""`influx setup --fleet`: the sums per site on a real InfluxDB. Every number is compared with one that is computed here, in the simplest way."""

from __future__ import annotations

import json
import math
import subprocess
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from servers.running import InfluxError, until

from telegraf_han.influx import downsampling, sites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from servers.running import Influx

    Command = Callable[..., subprocess.CompletedProcess[str]]

NS = 1_000_000_000
FIVE_S, QUARTER_S, HOUR_S, DAY_S = 300, 900, 3_600, 86_400
START_S = 1_790_000_100 // DAY_S * DAY_S
"""A midnight in September 2026."""
Sums = dict[tuple[str, int], dict[str, float]]
"""Site and window's start → field → value."""


class Point(NamedTuple):
    """A five-minute point of a meter, or of its status lines."""

    tags: tuple[tuple[str, str], ...]
    second: int
    fields: dict[str, float | int | str]

    def tag(self, name: str) -> str:
        return dict(self.tags).get(name, "")

    @property
    def is_status(self) -> bool:
        return "state" in self.fields

    @property
    def window(self) -> int:
        return self.second // QUARTER_S * QUARTER_S

    def line(self) -> str:
        tags = "".join(f",{name}={value}" for name, value in sorted(self.tags))
        written = {float: str, int: "{}i".format, str: '"{}"'.format}
        fields = ",".join(f"{name}={written[type(value)](value)}" for name, value in self.fields.items())
        return f"electricity{'_link' if self.is_status else ''}{tags} {fields} {self.second * NS}\n"


@pytest.fixture
def command(command: Command) -> Command:
    """The same, but it has to succeed."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        done = command(*words)
        assert done.returncode == 0, done.stderr
        return done

    return run


def readings(
    site: str,
    meter: str,
    serial: str,
    registers: Iterable[tuple[int, float]],
    export_wh: float | None = None,
    begin_s: int = START_S,
    **more: str,
) -> list[Point]:
    """Points of a meter at these windows (numbers from `begin_s` on) with these import registers. The powers follow from the place."""
    tags = {"interface": "p1", "meter": meter, "model": "MA309M", "site": site, "serial": serial, **more}
    found = []
    for place, wh in registers:
        fields: dict[str, float | int | str] = {"active_energy_import_wh": float(wh), "active_power_import_w": float(place * 7919 % 3001)}
        if export_wh is not None:
            fields |= {"active_energy_export_wh": export_wh + place * 3, "active_power_export_w": float(place * 31 % 700)}
        found.append(Point(tuple((name, value) for name, value in tags.items() if value), begin_s + place * FIVE_S, fields))
    return found


def statuses(site: str, meter: str, told: Iterable[tuple[int, str, int, int]], begin_s: int = START_S) -> list[Point]:
    """Status points: window, state, and the counters of two causes."""
    tags = (("interface", "p1"), ("meter", meter), *([("site", site)] if site else []))
    return [
        Point(tags, begin_s + place * FIVE_S, {"errors_key": key, "errors_checksum": checksum, "flaws": 7, "age_s": 3.0, "state": state})
        for place, state, key, checksum in told
    ]


def expected(points: Iterable[Point], begin_s: int = 0, end_s: int = 1 << 40) -> Sums:
    """The sums of the windows of a range."""
    found: Sums = defaultdict(lambda: defaultdict(float))
    series = defaultdict(list)
    for point in sorted(points, key=lambda point: point.second):
        if point.tag("site"):
            series[point.tags].append(point)
    registers: dict[tuple[str, ...], dict[int, float]] = defaultdict(dict)
    for own in series.values():
        site, meter, serial = (own[0].tag(name) for name in ("site", "meter", "serial"))
        for window in sorted({point.window for point in own}):
            within = [point.fields for point in own if point.window == window]
            sums = found[site, window]
            if own[0].is_status:
                sums["not_ok"] += any(fields["state"] != "ok" for fields in within)
                continue
            sums["meters"] += 1
            for way in ("import", "export"):
                powers = [float(fields[f"active_power_{way}_w"]) for fields in within if f"active_power_{way}_w" in fields]
                if powers:
                    sums[f"{way}_w"] += math.fsum(powers) / len(powers)
                    highest = max(float(fields[f"active_energy_{way}_wh"]) for fields in within)
                    known = registers[site, meter, serial, f"{way}_wh"]
                    known[window] = max(highest, known.get(window, 0.0))
    for (site, meter, serial, field), known in registers.items():
        name = f"active_energy_{field}"
        first = next(
            point.fields[name]
            for point in sorted(points, key=lambda point: point.second)
            if (point.tag("site"), point.tag("meter"), point.tag("serial")) == (site, meter, serial) and name in point.fields
        )
        before = float(first)
        for window, value in sorted(known.items()):
            found[site, window][field] += counted(before, value)
            before = value
    for own in series.values():
        if own[0].is_status:
            before_by_cause = {"errors_key": 0, "errors_checksum": 0}
            for point in own:
                for cause, before in before_by_cause.items():
                    now = int(point.fields[cause])
                    found[point.tag("site"), point.window]["errors"] += now - before if now >= before else now
                    before_by_cause[cause] = now
    return {
        (site, window): {"not_ok": 0.0, "errors": 0.0, "meters": 0.0, **sums}
        for (site, window), sums in found.items()
        if begin_s <= window < end_s and (sums.get("meters") or sums.get("not_ok") or sums.get("errors"))
    }


def counted(before: float, now: float) -> float:
    """Energy between two values of a register."""
    top = 10.0 ** len(str(int(before)))
    if now >= before:
        return now - before
    return now + top - before if before > top * 0.995 and now < top * 0.005 else 0.0


def stored(influx: Influx) -> Sums:
    rows = influx.query('SELECT * FROM "5m"."electricity_site"', times="s")
    return {
        (row["site"], row["time"]): {name: value for name, value in row.items() if name not in ("site", "time") and value is not None}
        for row in rows
    }


def differences(found: Sums, wanted: Sums) -> list[str]:
    """What differs, window by window."""
    return [
        f"{site} {(window - START_S) // QUARTER_S}: {sums} instead of {other}"
        for site, window in sorted(found.keys() | wanted.keys())
        if (sums := found.get((site, window), {})) != pytest.approx(other := wanted.get((site, window), {}), abs=1e-6)
    ]


def write(influx: Influx, points: Iterable[Point]) -> None:
    influx.write("".join(point.line() for point in points), "energy/5m")


def steady(begin: int, end: int, wh: float, step: float = 11) -> list[tuple[int, float]]:
    return [(place, wh + (place - begin) * step) for place in range(begin, end)]


SILENT = (40, 100)
"""The windows of an outage of five hours."""


def fleet() -> list[Point]:
    """A day and a half of meters with all that happens to registers."""
    begin, end = -24, 200
    low = dict(steady(begin, end, 500_000)) | {50: 3.0}
    reset = [*steady(begin, 61, 70_000), *steady(61, end, 0.0)]
    rolled = [(place, wh % 100_000) for place, wh in steady(begin, end, 99_000, 23)]
    return [
        *readings("north", "home", "1", steady(begin, end, 1_000_000), 5_000.0),
        *readings("south", "home", "1", steady(begin, end, 3_000_000, 17), 9_000.0),
        *readings("north", "outage", "2", [point for point in steady(begin, end, 40_000) if not SILENT[0] <= point[0] < SILENT[1]]),
        *readings("north", "away", "3", [(-6 * 288, 700.0), (-5 * 288, 900.0), *steady(70, 80, 9_700)]),
        *readings("north", "low", "4", low.items()),
        *readings("south", "reset", "5", reset),
        *readings("south", "rolled", "6", rolled, 100.0),
        *readings("north", "replaced", "70", steady(begin, 62, 800_000)),
        *readings("north", "replaced", "71", steady(62, end, 12)),
        *readings("north", "replaced-later", "81", steady(begin, 30, 900_000)),
        *readings("north", "replaced-later", "80", steady(90, end, 5_000_000)),
        *readings("west", "nameless", "", steady(begin, end, 60_000, 2), model=""),
        *readings("west", "tagged", "9", steady(begin, 50, 100)),
        *readings("west", "tagged", "9", [(place, 100 + (place - begin) * 11) for place in range(51, end)], staircase="B"),
        *readings("", "home", "1", steady(begin, end, 1_000_000)),
        *statuses("north", "home", ((place, "ok", 0, max(0, place) // 9) for place in range(begin, end))),
        *statuses(
            "south", "home", ((place, "ok" if place % 50 else "noise", place % 90 if place >= 0 else 0, 4) for place in range(begin, end))
        ),
        *statuses("east", "cellar", ((place, "silent", 0, 0) for place in range(20, 60))),
        *statuses("", "home", ((place, "silent", 9, 9) for place in range(begin, end))),
    ]


def of_late() -> list[Point]:
    """What the outage kept back."""
    return readings("north", "outage", "2", [point for point in steady(-24, 200, 40_000) if SILENT[0] <= point[0] < SILENT[1]])


def iso(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def test_sums_of_a_day(influx: Influx, command: Command) -> None:
    """Whatever happens to registers, the sums are right; computing again changes nothing; late data are spread where they belong."""
    points = fleet()
    command("setup", "--fleet")
    write(influx, points)
    span = ("--start", iso(START_S), "--stop", iso(START_S + DAY_S // 2))

    for _ in range(2):
        command("backfill", *span)
        assert differences(stored(influx), expected(points, START_S)) == []

    late = of_late()
    write(influx, late)
    command("backfill", *span)
    assert differences(stored(influx), expected([*points, *late], START_S)) == []


AGES_S = (QUARTER_S, 5_400, 16_200, 88_200, 192 * HOUR_S + 1_800, 768 * HOUR_S + 1_800)
"""Half an hour before the end of what each task of `downsampling.FLEET` computes again."""


def test_the_tasks_from_telegrams_to_sums(influx: Influx, command: Command) -> None:
    """Each task of a fleet finds telegrams of its age. The points are as those of a house, tags of single meters stay, and the sums are right."""
    running_s = int(time.time()) // QUARTER_S * QUARTER_S
    begins_s = [(running_s - age_s) // QUARTER_S * QUARTER_S for age_s in AGES_S]
    points: list[Point] = []
    for begin_s in begins_s:
        meter, windows = f"m{begin_s}", range(-1 if begin_s == begins_s[0] else 0, 2)
        points += readings("north", meter, "1", [(place, 1_000 + place * 7) for place in windows], 5.0, begin_s, staircase="B")
        points += readings("south", meter, "1", [(place, 3_000 + place * 9) for place in windows], begin_s=begin_s)
        points += statuses("south", meter, [(place, "ok" if place else "noise", 3, place + 1) for place in windows], begin_s)
    # One telegram in each window, so it is the five-minute point. The window that has not ended is left out.
    running = readings("north", "home", "1", [(0, 5)], begin_s=running_s)
    influx.write("".join(point._replace(second=point.second + 7).line() for point in [*points, *running]))
    made = command("setup", "--fleet").stdout
    assert made.count("created  task ") == len(downsampling.FLEET) + len(sites.TASKS)

    for look_back in (*downsampling.FLEET, *sites.TASKS):
        run_task(influx, look_back.name, running_s)

    kept = influx.query(f'SELECT * FROM "5m"."electricity" WHERE time < {running_s}s', times="s")
    assert sorted((row["time"], row["meter"], row["staircase"] or "", row["active_energy_import_wh"]) for row in kept) == sorted(
        (point.second, point.tag("meter"), point.tag("staircase"), point.fields["active_energy_import_wh"])
        for point in points
        if not point.is_status
    )
    assert all(row["active_power_import_w_max"] == row["active_power_import_w_min"] == row["active_power_import_w"] for row in kept)
    assert differences({key: sums for key, sums in stored(influx).items() if key[1] < running_s}, expected(points)) == []


def run_task(influx: Influx, name: str, second: int) -> None:
    """Run a task as its schedule would have done at a quarter of an hour, and wait for its end."""
    tasks = json.loads(influx.request("/api/v2/tasks"))["tasks"]
    task_id = next(task["id"] for task in tasks if task["name"] == f"telegraf-han energy: {name}")
    run = json.loads(
        influx.request(f"/api/v2/tasks/{task_id}/runs", json.dumps({"scheduledFor": iso(second)}).encode(), "application/json")
    )
    ended: dict[str, Any] = {}

    def over() -> bool:
        try:
            ended.update(json.loads(influx.request(f"/api/v2/tasks/{task_id}/runs/{run['id']}")))
        except InfluxError:  # between its end and its entry in the log a run is nowhere
            return False
        return ended["status"] not in ("scheduled", "started")

    until(over, f"the end of the run of {name}")
    assert ended["status"] == "success", ended


def test_from_house_to_fleet_and_back(influx: Influx, command: Command) -> None:
    """A fleet has its own tasks, also when setup is run again without --fleet. After remove, setup makes a house."""

    def names() -> set[str]:
        tasks = json.loads(influx.request("/api/v2/tasks"))["tasks"]
        return {task["name"].removeprefix("telegraf-han energy: ") for task in tasks}

    house = {look_back.name for look_back in downsampling.LOOK_BACKS}
    fleet = {look_back.name for look_back in (*downsampling.FLEET, *sites.TASKS)}
    command("setup")
    assert names() == house
    command("setup", "--fleet")
    assert names() == fleet
    again = command("setup").stdout
    assert {line.split()[0] for line in again.splitlines()} == {"ok"}
    command("remove")
    assert names() == set()
    command("setup")
    assert names() == house
