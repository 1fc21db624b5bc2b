"""Measures how fast the boards and the rules of a fleet are, in a real InfluxDB: 250 sites with 40 meters each.

Run it by hand:

    python tests/grafana/fleetyear.py load [FOLDER]              once, some minutes
    python tests/grafana/fleetyear.py measure [FOLDER] [BOARD]   every panel over each range, and every rule; a table

It works as `year.py` does. The list of sites reads the sums by site (`electricity_site`), so these are there for all sites and 13 months. The
boards of a site read what its meters said. Only one site has all of that, as the house of `year.py` has it. Of the other 9,960 meters the
last half hour is stored. So the index of InfluxDB has all series, and the rules, which look at all sites, find their telegrams. Those are also
stored for the same half hour a day before, with which the rule on floods compares. Beside the time of each is the computing that it costs
InfluxDB on all cores, which other programs on the machine hardly change.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from itertools import chain
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING

import boardrunner
import made
import yaml
import year
from likegrafana import expressions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers import running

SITES = 250
METERS = 40
"""Meters of each site."""
FULL = 100
"""The site of which everything is stored."""
BOARDS = year.HERE.parents[1] / "fleet/dashboards/en"
RULES = year.HERE.parents[1] / "fleet/alerting/en/rules.yaml"
SUM_DAYS = 400
LAST_MINUTES = 30
TELEGRAM_S = 10
STRETCHES = {"fleet": ("now-7d", "now-24h", "now-30d", "now-90d"), "home": ("now-24h", "now-30d"), "building": ("now/M", "now-24h")}
"""The range each board opens with, and longer ones. Those of the other boards are as in `year`."""


class Work(year.Work):
    """One day of one kind of data of the fleet."""

    def bucket(self) -> str:
        """The bucket that it goes to."""
        return "energy/5m" if self.kind in {"sums", "windows", "settled", "last_windows"} else "energy"

    def lines(self, last: int) -> Iterator[str]:
        """Line protocol."""
        begin_s, site = self.day * made.DAY_S, site_name(FULL)
        if self.kind == "sums":
            # On the last day the sums end in the evening: the boards' now.
            for second in range(0, year.EVENING_S if self.day == last else made.DAY_S, made.QUARTER_S):
                yield from made.fleet(SITES, METERS, begin_s + second)
        elif self.kind == "windows":
            for second in range(0, made.DAY_S, made.WINDOW_S):
                yield from made.at_site(site, made.building(METERS, begin_s + second, end_s=made.WINDOW_S))
        elif self.kind == "telegrams":
            for second in range(0, made.DAY_S, year.FLAT_TELEGRAM_S):
                yield from made.at_site(site, made.building(METERS, begin_s + second, end_s=0))
        elif self.kind == "status":
            for number in range(METERS):
                yield from made.at_site(site, made.status_of(self.day, f"flat-{number:04}"))
        elif self.kind == "settled":
            for number in range(METERS):
                meter = f"flat-{number:04}"
                yield from made.at_site(site, made.settled_of(self.day, meter))
                if self.day == last:
                    yield from made.at_site(site, made.bills_of(last - year.SETTLED_DAYS + 1, last, meter))
        else:
            yield from self._others()

    def _others(self) -> Iterator[str]:
        """The last half hour before the evening, of all sites but one."""
        evening_s = self.day * made.DAY_S + year.EVENING_S
        for number in range(SITES):
            if number == FULL:
                continue
            if self.kind == "last_windows":
                for utc_s in range(evening_s - LAST_MINUTES * 60, evening_s, made.WINDOW_S):
                    yield from made.at_site(site_name(number), made.building(METERS, utc_s, end_s=made.WINDOW_S))
            else:
                for utc_s in range(evening_s - LAST_MINUTES * 60, evening_s, TELEGRAM_S):
                    yield from made.at_site(site_name(number), made.building(METERS, utc_s, end_s=0))
                for utc_s in range(evening_s - LAST_MINUTES * 60, evening_s, made.WINDOW_S):
                    yield from made.at_site(site_name(number), chain(made.building_status(METERS, utc_s), settings(utc_s)))


def site_name(number: int) -> str:
    """A site's name."""
    return f"site-{number:03}"


def settings(utc_s: int) -> Iterator[str]:
    """The settings of each meter of a site."""
    for number in range(METERS):
        limits = {"silence_s": 180, "decode_errors_percent": 10, "contracted_power_w": 6000}
        yield made.line("electricity_settings", {"interface": "wmbus", "meter": f"flat-{number:04}"}, limits, utc_s)


DAYS = {"sums": SUM_DAYS, "windows": year.FLAT_WINDOW_DAYS, "telegrams": 2, "status": 2, "settled": year.SETTLED_DAYS}
DAYS |= {"last_windows": 1, "last_telegrams": 2}
"""Kind of data → how many days of it are stored."""


def load(folder: Path) -> None:
    """Load what is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    journal, moment = folder / "loaded", folder / "last_day"
    if not moment.exists():
        moment.write_text(str(int(time.time()) // made.DAY_S - 1))
    last = int(moment.read_text())
    done = set(journal.read_text().splitlines()) if journal.exists() else set()
    with year.influxdb(folder) as influx, Pool(2) as pool, journal.open("a") as written:
        work = [Work(influx.url, influx.token, kind, last - back, METERS) for kind, count in DAYS.items() for back in range(count)]
        missing = [(part, last) for part in work if f"{part.kind} {part.day}" not in done]
        begun_s, lines = time.monotonic(), 0
        for place, (name, count) in enumerate(pool.imap(year.loaded, missing), 1):
            lines += count
            written.write(f"{name}\n")
            written.flush()
            if place % 20 == 0 or place == len(missing):
                print(f"{place} of {len(missing)} days, {lines} lines, {time.monotonic() - begun_s:.0f} s", flush=True)


def measured(influx: running.Influx, run: Callable[[], object], *named: str) -> year.Figure:
    """The median time and the mean computing of a few runs."""
    return year.Figure(*year.median_ms(influx, run), *named)


def panels(influx: running.Influx, now_ms: int, only: str) -> Iterator[year.Figure]:
    """Every panel and every variable of every board (or of one) over each range, for the site of which everything is stored."""
    for key in (file.stem for file in sorted(BOARDS.glob("*.json"))):
        if only not in {"", key}:
            continue
        for since in STRETCHES.get(key) or year.STRETCHES[key]:
            given = {"site": site_name(FULL), "meter": "flat-0000"}
            asked = partial(year.ask, influx, "energy")
            until = since if since.endswith("/y") else "now"
            board = boardrunner.Board(BOARDS / f"{key}.json", asked, now_ms, since=since, until=until, **given)
            for panel in board.panels():
                note = "" if board.answer(panel).some() else " (empty)"
                title = board.interpolated(panel["title"], board.panel_span(panel))
                yield measured(influx, partial(board.answer, panel), key, since, title, note)
            for definition in board.json["templating"]["list"]:
                if definition["type"] == "query":
                    asking = partial(board.ask, definition["query"], board.range, 1)
                    yield measured(influx, asking, key, since, f"variable {definition['name']}", "")


def series(influx: running.Influx, query: str) -> list[expressions.Series]:
    """The answer to a rule's query, as Grafana reads it: one series per column."""
    return [
        expressions.Series(tuple(sorted(one.get("tags", {}).items())), tuple((row[0], row[column]) for row in one["values"]))
        for one in year.ask(influx, "energy", query)
        for column in range(1, len(one["columns"]))
    ]


def rules(influx: running.Influx, now_ms: int) -> Iterator[year.Figure]:
    """Every rule, over all sites."""
    asked = partial(series, influx)
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            found = expressions.evaluate(rule, now_ms, asked)
            note = f" ({len(found.instances)} sites)" if found.instances else " (no data)"
            yield measured(influx, partial(expressions.evaluate, rule, now_ms, asked), "rule", "", rule["title"], note)


def measure(folder: Path, only: str) -> None:
    """Every panel over every range, every variable and every rule, slowest first."""
    now_ms = (int((folder / "last_day").read_text()) * made.DAY_S + year.EVENING_S) * boardrunner.MS
    with year.influxdb(folder) as influx:
        figures = list(panels(influx, now_ms, only))
        if only in {"", "rules"}:
            figures += rules(influx, now_ms)
    figures.sort(reverse=True)
    slow = sum(figure.ms > year.SLOW_MS for figure in figures)
    print(f"{len(figures)} panels, variables, ranges and rules, load average {os.getloadavg()[0]:.1f}, {slow} above {year.SLOW_MS} ms")
    print("\n| board | range | panel | ms | computing, ms |\n|---|---|---|---:|---:|")
    for figure in figures:
        print(f"| {figure.board} | {figure.span} | {figure.title}{figure.note} | {figure.ms:.0f} | {figure.cpu_ms:.0f} |")


if __name__ == "__main__":
    chosen_folder = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else year.HERE.parents[1] / ".cache/fleetyear"
    if sys.argv[1] == "load":
        load(chosen_folder)
    else:
        measure(chosen_folder, sys.argv[3] if len(sys.argv) > 3 else "")
