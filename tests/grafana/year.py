"""Measures how fast the boards are, in a real InfluxDB: a year with one telegram per second, and a building of a thousand meters.

Run it by hand:

    python tests/grafana/year.py load [FOLDER] [DAYS]     once; 31.5 million telegrams take half an hour and some GB
    python tests/grafana/year.py measure [FOLDER]         every panel of every board over each range; a table for grafana/README.md

Both commands start an InfluxDB on the folder's data and stop it at the end. Days are loaded from the newest to the oldest. Days that are
there are not loaded again. The boards' `now` is the evening of the last loaded day, so a folder can be measured at any time.
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
from itertools import islice
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import boardrunner
import made
from servers import build, running

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 20_000
BOARDS = HERE.parents[1] / "grafana/dashboards/en"
EVENING_S = 64_800
METERS = 1_000
SETTLED_DAYS = 400
"""Thirteen months of settled hours and bills."""
SETTLED_METERS = 200
"""Meters of the building that have a tariff."""
STRETCHES = {
    "home": ("now-24h", "now-48h", "now-30d", "now-1y"),
    "bill": ("now/d",),
    "history": ("now/y", "now-1y/y", "now-2y"),
    "quality": ("now-7d", "now-48h", "now-90d", "now-1y"),
    "health": ("now-6h", "now-48h", "now-30d", "now-1y"),
    "building": ("now-24h",),
}
"""The range each board opens with, and the longest that people pick."""
TIMES = 3
"""Of so many answers the median counts."""
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Kept(running.Influx):
    """An InfluxDB whose data and token stay."""

    def _set_up(self) -> None:
        kept = self._folder / "token"
        if kept.exists():
            self.token = kept.read_text()
            return
        super()._set_up()
        organization = json.loads(self.request("/api/v2/orgs"))["orgs"][0]["id"]
        for bucket in ("energy/5m", "building", "building/5m"):
            self.request(
                "/api/v2/buckets", json.dumps({"orgID": organization, "name": bucket, "retentionRules": []}).encode(), "application/json"
            )
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

    def bucket(self) -> str:
        """The bucket that it goes to."""
        return {
            "windows": "energy/5m",
            "settled": "energy/5m",
            "flats_5m": "building/5m",
            "settled_flats": "building/5m",
            "flats": "building",
        }.get(self.kind, "energy")

    def lines(self, last: int) -> Iterator[str]:
        """Line protocol."""
        if self.kind == "windows":
            yield from made.windows_of(self.day)
        elif self.kind == "status":
            yield from made.status_of(self.day)
        elif self.kind == "telegrams":
            yield from made.seconds_of(self.day)
        elif self.kind == "settled":
            yield from made.settled_of(self.day)
            if self.day == last:
                yield from made.bills_of(last - SETTLED_DAYS + 1, last)
        elif self.kind == "settled_flats":
            for number in range(SETTLED_METERS):
                yield from made.settled_of(self.day, f"flat-{number:04}")
                if self.day == last:
                    yield from made.bills_of(last - SETTLED_DAYS + 1, last, f"flat-{number:04}")
        elif self.kind == "flats_5m":
            for second in range(0, made.DAY_S, made.WINDOW_S):
                yield from made.building(METERS, self.day * made.DAY_S + second, end_s=made.WINDOW_S)
        else:
            every_s = 60 if self.day == last else 900
            for second in range(0, made.DAY_S, every_s):
                yield from made.building(METERS, self.day * made.DAY_S + second, end_s=0)
                if self.day == last:
                    yield from made.building_status(METERS, self.day * made.DAY_S + second)


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


def load(folder: Path, days: int) -> None:
    """Load the days that are not there yet."""
    journal = folder / "loaded"
    moment = folder / "last_day"
    folder.mkdir(parents=True, exist_ok=True)
    if not moment.exists():
        moment.write_text(str(int(time.time()) // made.DAY_S - 1))
    last = int(moment.read_text())
    done = set(journal.read_text().splitlines()) if journal.exists() else set()
    with influxdb(folder) as influx, Pool(2) as pool, journal.open("a") as written:
        kinds = {"windows": 3 * 366, "settled": SETTLED_DAYS, "status": days, "flats_5m": 40, "settled_flats": SETTLED_DAYS, "flats": 31}
        kinds["telegrams"] = days
        work = [Work(influx.url, influx.token, kind, last - back) for kind, count in kinds.items() for back in range(count)]
        missing = [(part, last) for part in work if f"{part.kind} {part.day}" not in done]
        begun_s, lines = time.monotonic(), 0
        for place, (name, count) in enumerate(pool.imap(loaded, missing), 1):
            lines += count
            written.write(f"{name}\n")
            written.flush()
            if place % 20 == 0 or place == len(missing):
                print(f"{place} of {len(missing)} days, {lines} lines, {time.monotonic() - begun_s:.0f} s", flush=True)


def ask(influx: running.Influx, database: str, query: str) -> list[dict[str, Any]]:
    """The series that answer a query, as Grafana asks."""
    form = urllib.parse.urlencode({"db": database, "q": query, "epoch": "ms"}).encode()
    (result,) = json.loads(influx.request("/query", form))["results"]
    assert "error" not in result, f"{result['error']}: {query}"
    series: list[dict[str, Any]] = result.get("series", [])
    return series


def measure(folder: Path) -> None:
    """Every panel over every range, slowest first."""
    now_ms = (int((folder / "last_day").read_text()) * made.DAY_S + EVENING_S) * boardrunner.MS
    figures = []
    with influxdb(folder) as influx:
        for key, stretches in STRETCHES.items():
            database = "building" if key == "building" else "energy"
            for since in stretches:
                until = since if since.endswith("/y") else "now"
                board = boardrunner.Board(BOARDS / f"{key}.json", partial(ask, influx, database), now_ms, since=since, until=until)
                for panel in board.panels():
                    answers = [board.answer(panel) for _ in range(TIMES)]
                    taken = sorted(answer.milliseconds for answer in answers)[TIMES // 2]
                    figures.append((taken, key, since, panel["title"], "" if answers[0].some() else " (empty)"))
        figures.sort(reverse=True)
    print(
        f"{len(figures)} panels and ranges, load average {os.getloadavg()[0]:.1f}, {sum(taken > 1000 for taken, *_ in figures)} above 1 s"
    )
    print("\n| board | range | panel | ms |\n|---|---|---|---:|")
    for taken, key, since, title, note in figures:
        print(f"| {key} | {since} | {title}{note} | {taken:.0f} |")


if __name__ == "__main__":
    chosen = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else HERE.parents[1] / ".cache/year"
    if sys.argv[1] == "load":
        load(chosen, int(sys.argv[3]) if len(sys.argv) > 3 else 365)
    else:
        measure(chosen)
