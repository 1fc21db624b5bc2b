"""The long form: `./dev soak [--days N] [--seed N] …`. Prints progress on stderr, and a report on stdout."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/soak", "tests/tools", "tests/households", "tests", "plugin")]

import soakcheck  # noqa: E402, the folders above are known only now
import soakfaults  # noqa: E402
import soakhomes  # noqa: E402
import soakrun  # noqa: E402
from servers import build  # noqa: E402

NEW_YEAR = datetime(2028, 1, 1, tzinfo=soakhomes.WARSAW)
"""A leap year that begins after every release of this program so far. The year before ends in the first hour of the run."""


def options(words: list[str]) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__)
    parser.add_argument("--days", type=float, default=366.5, help="how long (default: 366.5, a leap year from an hour before its begin)")
    parser.add_argument("--seed", type=int, default=1, help="another year of the same kind (default: 1)")
    parser.add_argument("--start", help="first day, such as 2028-10-27 (default: the last hour of 2027)")
    parser.add_argument("--p1", type=int, default=60, metavar="S", help="seconds between two telegrams of a cable (default: 60)")
    parser.add_argument("--radio", type=int, default=300, metavar="S", help="seconds between two radio telegrams (default: 300)")
    parser.add_argument("--no-faults", action="store_true", help="nothing goes wrong")
    parser.add_argument("--folder", type=Path, help="where everything is kept (default: a temporary folder that is removed)")
    given = parser.parse_args(words)
    if given.radio % given.p1 or soakhomes.HOUR_S % given.p1:
        parser.error("--radio is a multiple of --p1, and an hour is, too")
    return given


def span(given: argparse.Namespace) -> soakrun.Span:
    """What is to be sent."""
    start = datetime.fromisoformat(given.start).replace(tzinfo=soakhomes.WARSAW) if given.start else NEW_YEAR
    start_s = int(start.timestamp()) - (0 if given.start else soakhomes.HOUR_S)
    planned = () if given.no_faults else tuple(soakfaults.planned(given.seed, given.days, given.p1))
    damage = soakfaults.Damage(0, 0, 0) if given.no_faults else soakfaults.Damage()
    return soakrun.Span(start_s, given.days, given.seed, given.p1, given.radio, planned=planned, damage=damage)


def say(text: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def report(told: soakrun.Told) -> bool:
    """Compare everything, and print it. Returns whether all is well."""
    began_s = time.monotonic()
    points, settings, health, bills, *_ = found = soakcheck.everything(told, say)
    totals = health.totals
    print(
        f"{told.span.days:g} days, seed {told.span.seed}, P1 every {told.span.p1_s} s, radio every {told.span.radio_s} s",
        f"telegrams read: {totals['telegrams']}, heard a second time: {totals['duplicates']}, held back: {totals['stale']}, damaged: "
        f"{totals['errors_checksum']}, decoded: {totals['decoded']}, lines dropped: {totals['lines_dropped']}",
        f"telegrams that nobody can have read: {sum(map(len, told.not_sent.values()))}",
        f"electricity: {points.points} points, {points.values} values",
        f"electricity_settings: {settings.points} points, {settings.values} values",
        f"electricity_link: {health.points} points, {health.values} values, states {dict(health.states)}",
        f"bills: {bills.hours} hours and {bills.periods} periods, {bills.values} values",
        *_uses(told),
        f"sent in {told.wall_s:.0f} s, compared in {time.monotonic() - began_s:.0f} s",
        *([f"WRONG: {sentence}" for sentence in found.wrong()] or ["nothing missing, nothing doubled, nothing wrong"]),
        sep="\n",
        flush=True,
    )
    return not found.wrong()


def _uses(told: soakrun.Told) -> list[str]:
    """What the processes used, at four moments of the plugin's longest life."""
    life = soakcheck.life_of(told.samples)
    moments = {"start": 0, "quarter": len(life) // 4, "half": len(life) // 2, "end": len(life) - 1}
    return [
        f"{name}: {one.descriptors} descriptors, {one.threads} threads; plugin {one.plugin_kb} kB, Telegraf {one.telegraf_kb} kB, "
        f"InfluxDB {one.influx_kb} kB"
        for name, one in ((name, life[place]) for name, place in moments.items())
    ]


def main(words: list[str]) -> int:
    """Send, compare, report."""
    given = options(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the servers have to end, too
    folder = given.folder or Path(tempfile.mkdtemp(prefix="soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        binaries = [build.binary(name, say) for name in ("influxd", "telegraf")]
        with soakrun.Run(span(given), *binaries, folder, say).told() as told:
            (folder / "samples.json").write_text(json.dumps([sample._asdict() for sample in told.samples]))
            return 0 if report(told) else 1
    finally:
        if given.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
