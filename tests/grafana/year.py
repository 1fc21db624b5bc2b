"""Measures how fast the boards and the rules are, in a real InfluxDB: 13 months of a household, and a house of 200 meters.

Run it by hand:

    python tests/grafana/year.py load [FOLDER] [DAYS]       once; DAYS of the household at one telegram per second, by default 3
    python tests/grafana/year.py measure [FOLDER] [BOARD]   every panel over each range, and every rule; a table for grafana/README.md
    python tests/grafana/year.py building [FOLDER] [METERS] once; only what the board Building reads, of METERS meters, by default 1000

Each command starts an InfluxDB on the folder's data and stops it at the end. Days are loaded from the newest to the oldest. Days that are
there are not loaded again. The boards' `now` is the evening of the last loaded day, so a folder can be measured at any time. `BOARD` is a
board's file or `rules`.

Boards read single telegrams and status lines of two days at most (and of a week for the usual rate), and rules of a day and a half. What is
older is read as five-minute points, settled hours and bills. So only these are loaded for all 13 months, and a folder is full after minutes.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import sys
import time
import urllib.parse
import urllib.request
from functools import partial
from itertools import islice, product
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "alerting"), str(HERE.parent)]

import boardrunner
import made
import yaml
from likegrafana import expressions
from servers import build, running

from telegraf_han.influx import buckets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 20_000
BOARDS = HERE.parents[1] / "grafana/dashboards/en"
RULES = HERE.parents[1] / "grafana/provisioning/alerting-en/rules.yaml"
EVENING_S = 64_800
METERS = 200
SETTLED_DAYS = 400
"""Thirteen months of settled hours and bills, and of the five-minute points of status lines and settings."""
WINDOW_DAYS = 3 * 366
"""Five-minute points of the household: the longest view is two years, and the year before it."""
FLAT_WINDOW_DAYS = 75
"""Five-minute points of the building: the running month, and the 40 days before it in which a register's last value is looked for."""
FLAT_DAYS = 2
"""Telegrams and status lines of the building. Rules look back a day and a half."""
FLAT_TELEGRAM_S = 60
STATUS_DAYS = 10
"""Status lines of the household: the usual rate of telegrams is that of the last week."""
KINDS_OF_BUILDING = {"flats_5m": FLAT_WINDOW_DAYS, "flats": FLAT_DAYS, "flats_status": FLAT_DAYS}
"""Kinds of data of the building, and how many days of each."""
KEPT = ("windows", "settled", "status_5m", "flats_5m", "settled_flats", "bills_flats")
"""Kinds of data in the bucket of five-minute points and money."""
STRETCHES = {
    "home": ("now-24h", "now-48h", "now-30d", "now-1y"),
    "bill": ("now/d",),
    "history": ("now/y", "now-1y/y", "now-1y", "now-2y"),
    "quality": ("now-7d", "now-48h", "now-90d", "now-1y"),
    "health": ("now-6h", "now-48h", "now-30d", "now-1y"),
    "building": ("now/M", "now-24h", "now-1y"),
}
"""The range each board opens with, and the longest that people pick."""
CHOICES: dict[str, tuple[dict[str, int], ...]] = {"bill": ({"period": 0}, {"period": 12}), "building": ({"period": 0}, {"period": 1})}
"""Billing periods that are chosen: how many months ago they began."""
SLOW_MS = 1000
QUIET_S = 30
"""InfluxDB looks for files to put together more often than this."""
TIMES = 3
"""Of so many answers the median counts."""
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Kept(running.Influx):
    """An InfluxDB whose data and token stay. Its buckets are as `influx setup` makes them.

    It puts the files of a day together as soon as nothing more comes for it, and not after four hours. `settled` waits for the end.
    """

    def __init__(self, program: Path, data_folder: Path) -> None:
        """Write InfluxDB's configuration, and start it."""
        data_folder.mkdir(parents=True, exist_ok=True)
        cold = ("storage-compact-full-write-cold-duration", "storage-cache-snapshot-write-cold-duration")
        (data_folder / "config.toml").write_text("".join(f'{name} = "5s"\n' for name in cold), encoding="utf-8")
        super().__init__(program, data_folder)

    def settled(self) -> None:
        """Return when its files have not changed for a while."""
        changed_s, files = time.monotonic(), self._files()
        while time.monotonic() < changed_s + QUIET_S:
            time.sleep(1)
            if (found := self._files()) != files:
                changed_s, files = time.monotonic(), found

    def _files(self) -> set[Path]:
        return {*self._folder.glob("engine/data/*/autogen/*/*.tsm*")}

    def _set_up(self) -> None:
        kept = self._folder / "token"
        if kept.exists():
            self.token = kept.read_text()
            return
        super()._set_up()
        organization = json.loads(self.request("/api/v2/orgs"))["orgs"][0]["id"]
        rule = {"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": buckets.SHARD_S}
        made_of = {"orgID": organization, "name": "energy/5m", "retentionRules": [rule]}
        self.request("/api/v2/buckets", json.dumps(made_of).encode(), "application/json")
        kept.write_text(self.token)


@contextlib.contextmanager
def influxdb(folder: Path) -> Iterator[Kept]:
    """The folder's InfluxDB, until the block ends."""
    influx = Kept(build.binary("influxd", print), folder)
    try:
        yield influx
    finally:
        influx.process.close()


class Work(NamedTuple):
    """One day of one kind of data."""

    url: str
    token: str
    kind: str
    day: int
    meters: int
    """Of the building."""

    def bucket(self) -> str:
        """The bucket that it goes to."""
        return "energy/5m" if self.kind in KEPT else "energy"

    def lines(self, last: int) -> Iterator[str]:
        """Line protocol."""
        if self.kind == "windows":
            yield from made.windows_of(self.day)
        elif self.kind == "status":
            yield from made.status_of(self.day)
        elif self.kind == "status_5m":
            yield from made.status_of(self.day, every_s=made.WINDOW_S)
        elif self.kind == "telegrams":
            yield from made.seconds_of(self.day)
        elif self.kind == "prices":
            for utc_s in range((self.day + 1) * made.DAY_S, (self.day + 2) * made.DAY_S, 900):
                yield made.line("electricity_price", {"series": "rce"}, {"price_per_kwh": utc_s // 900 % 96 / 100}, utc_s)
        elif self.kind == "settled":
            yield from made.settled_of(self.day)
            if self.day == last:
                yield from made.bills_of(last - SETTLED_DAYS + 1, last)
        elif self.kind == "settled_flats":
            for number in range(self.meters):
                yield from made.settled_of(self.day, f"flat-{number:04}")
                if self.day == last:
                    yield from made.bills_of(last - SETTLED_DAYS + 1, last, f"flat-{number:04}")
        elif self.kind == "bills_flats":
            for number in range(self.meters):
                yield from made.bills_of(last - SETTLED_DAYS + 1, last, f"flat-{number:04}")
        elif self.kind == "flats_5m":
            for second in range(0, made.DAY_S, made.WINDOW_S):
                yield from made.building(self.meters, self.day * made.DAY_S + second, end_s=made.WINDOW_S)
        elif self.kind == "flats_status":
            for number in range(self.meters):
                meter = f"flat-{number:04}"
                yield from (text.replace(meter, f"{meter},staircase={number // 50}") for text in made.status_of(self.day, meter))
        else:
            for second in range(0, made.DAY_S, FLAT_TELEGRAM_S):
                yield from made.building(self.meters, self.day * made.DAY_S + second, end_s=0)


def loaded(task: tuple[Work, int]) -> tuple[str, int]:
    """Write a day; returns its name and the number of lines."""
    work, last = task
    count, lines = 0, work.lines(last)
    while batch := list(islice(lines, BATCH)):
        target = urllib.parse.urlencode({"org": "home", "bucket": work.bucket(), "precision": "ns"})
        headers = {"Authorization": f"Token {work.token}", "Content-Encoding": "gzip", "Content-Type": "text/plain"}
        request = urllib.request.Request(f"{work.url}/api/v2/write?{target}", gzip.compress("\n".join(batch).encode(), 1), headers)
        with _HTTP.open(request, timeout=600):
            count += len(batch)
    return f"{work.kind} {work.day}", count


def kinds_of_all(days: int) -> dict[str, int]:
    """Kinds of data, and how many days of each, for all boards."""
    household = {"windows": WINDOW_DAYS, "settled": SETTLED_DAYS, "status_5m": SETTLED_DAYS, "prices": SETTLED_DAYS, "status": STATUS_DAYS}
    return household | KINDS_OF_BUILDING | {"settled_flats": SETTLED_DAYS, "telegrams": days}


def load(folder: Path, kinds: dict[str, int], meters: int) -> None:
    """Load the days that are not there yet."""
    journal = folder / "loaded"
    moment = folder / "last_day"
    folder.mkdir(parents=True, exist_ok=True)
    if not moment.exists():
        moment.write_text(str(int(time.time()) // made.DAY_S - 1))
    last = int(moment.read_text())
    done = set(journal.read_text().splitlines()) if journal.exists() else set()
    with influxdb(folder) as influx, Pool(2) as pool, journal.open("a") as written:
        work = [Work(influx.url, influx.token, kind, last - back, meters) for kind, count in kinds.items() for back in range(count)]
        missing = [(part, last) for part in work if f"{part.kind} {part.day}" not in done]
        begun_s, lines = time.monotonic(), 0
        for place, (name, count) in enumerate(pool.imap(loaded, missing), 1):
            lines += count
            written.write(f"{name}\n")
            written.flush()
            if place % 20 == 0 or place == len(missing):
                print(f"{place} of {len(missing)} days, {lines} lines, {time.monotonic() - begun_s:.0f} s", flush=True)
        influx.settled()


def ask(influx: running.Influx, database: str, query: str) -> list[dict[str, Any]]:
    """The series that answer a query, as Grafana asks."""
    form = urllib.parse.urlencode({"db": database, "q": query, "epoch": "ms"}).encode()
    (result,) = json.loads(influx.request("/query", form))["results"]
    assert "error" not in result, f"{result['error']}: {query}"
    series: list[dict[str, Any]] = result.get("series", [])
    return series


class Figure(NamedTuple):
    """How long one panel over one range, or one rule, takes."""

    ms: float
    cpu_ms: float
    """Of InfluxDB on all cores. It does not depend on what else the computer does."""
    board: str
    span: str
    title: str
    note: str


def median_ms(influx: running.Influx, run: Callable[[], object]) -> tuple[float, float]:
    """The median time of a few runs, and their mean CPU time."""
    taken, used_s = [], cpu_s(influx.process.pid)
    for _ in range(TIMES):
        begun_s = time.perf_counter()
        run()
        taken.append((time.perf_counter() - begun_s) * boardrunner.MS)
    return sorted(taken)[TIMES // 2], (cpu_s(influx.process.pid) - used_s) / TIMES * boardrunner.MS


def cpu_s(pid: int) -> float:
    """What a process has used on all cores so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def panels(influx: running.Influx, now_ms: int, only: str) -> Iterator[Figure]:
    """Every panel of every board (or of one) over each range. The household is the meter, and on the board of the building all are, by staircase."""
    for key, stretches in STRETCHES.items():
        if only not in {"", key}:
            continue
        for since, chosen in product(stretches, CHOICES.get(key, ({},))):
            until = since if since.endswith("/y") else "now"
            given = {"meter": "home", "group": "staircase"} | {name: billing_period(now_ms, back) for name, back in chosen.items()}
            board = boardrunner.Board(BOARDS / f"{key}.json", partial(ask, influx, "energy"), now_ms, since=since, until=until, **given)
            for panel in board.panels():
                some = board.answer(panel).some()
                yield Figure(
                    *median_ms(influx, partial(board.answer, panel)),
                    key,
                    since,
                    board.interpolated(panel["title"], board.panel_span(panel)),
                    "" if some else " (empty)",
                )


def billing_period(now_ms: int, back: int) -> str:
    """The name of the billing period that began this many months ago."""
    now = made.wall(now_ms // boardrunner.MS)
    year, month = divmod(now.year * 12 + now.month - 1 - back, 12)
    return f"{year}-{month + 1:02}"


def rules(influx: running.Influx, now_ms: int) -> Iterator[Figure]:
    """Every alert rule with all its queries, over all meters."""

    def series(query: str) -> list[expressions.Series]:
        return [
            expressions.Series(tuple(sorted(one.get("tags", {}).items())), tuple((row[0], row[column]) for row in one["values"]))
            for one in ask(influx, "energy", query)
            for column in range(1, len(one["columns"]))
        ]

    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            found = expressions.evaluate(rule, now_ms, series)
            note = f" ({len(found.instances)} meters)" if found.instances else " (no data)"
            yield Figure(*median_ms(influx, partial(expressions.evaluate, rule, now_ms, series)), "rule", "", rule["title"], note)


def measure(folder: Path, only: str) -> None:
    """Every panel over every range, and every rule, slowest first."""
    now_ms = (int((folder / "last_day").read_text()) * made.DAY_S + EVENING_S) * boardrunner.MS
    with influxdb(folder) as influx:
        figures = list(panels(influx, now_ms, only))
        if only in {"", "rules"}:
            figures += rules(influx, now_ms)
    figures.sort(reverse=True)
    slow = sum(figure.ms > SLOW_MS for figure in figures)
    print(f"{len(figures)} panels, ranges and rules, load average {os.getloadavg()[0]:.1f}, {slow} above {SLOW_MS} ms")
    print("\n| board | range | panel | ms | CPU ms |\n|---|---|---|---:|---:|")
    for figure in figures:
        print(f"| {figure.board} | {figure.span} | {figure.title}{figure.note} | {figure.ms:.0f} | {figure.cpu_ms:.0f} |")


if __name__ == "__main__":
    command, given = sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else ""
    chosen_folder = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else HERE.parents[1] / ".cache/year"
    if command == "load":
        load(chosen_folder, kinds_of_all(int(given or 3)), METERS)
    elif command == "building":
        load(chosen_folder, {"bills_flats": 1} | KINDS_OF_BUILDING, int(given or 1000))
    else:
        measure(chosen_folder, given)
