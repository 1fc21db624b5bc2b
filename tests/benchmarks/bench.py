"""`./dev bench`: how fast the program is, beside its peers, in one run on one machine. Prints a table of ratios.

    ./dev bench                       everything but the boards, in about five minutes
    ./dev bench --only p1,latency     parts of it: p1 lux dsmr dsmr5 wmbus mode7 mixed run start meters latency
    ./dev bench --boards              the slowest panels as well; this needs InfluxDB (`./dev servers`) and minutes
    ./dev bench --markdown            the tables as docs/performance.md has them
    ./dev bench --into docs/performance.md   put them there, in place of those of the last run
    ./dev bench --json FILE           all figures for a program

Seconds are one machine's, so what counts are ratios, and what is compared takes turns: ours, a peer, ours again. Times are processor times, and
what is measured has a core of its own if there are two. A row whose rounds lie far apart is marked, because another program disturbed them.

The peers are libraries from PyPI, pinned in the group `bench` of pyproject.toml and installed into .cache/bench. All telegrams are
invented (`captures.py`). `contenders.py` says how each peer is called.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(1, str(ROOT / "tests/tools"))

import cores
import liveruns
import meters
import rates

WIDE = 0.15
"""Rounds that lie further apart than this, up and down, prove little."""
PARTS = (*rates.GROUPS, "run", "start", "meters", "latency")
PEERS = ("dsmr-parser", "dlms-cosem", "amshan", "pymbusparser", "cryptography")
LATENCIES = ((1, 80), (10, 200), (100, 1000))
"""Telegrams a second, and how many in all."""
COUNTS = "1,1000,10000"
METERS_TELEGRAMS = 20_000
DAY_S = 86_400
BEGIN, END = "<!-- ./dev bench --into: begin -->", "<!-- end -->"


class Table(NamedTuple):
    """A table of the result."""

    title: str
    head: list[str]
    rows: list[list[str]]
    notes: list[str]


def arguments(words: list[str] | None = None) -> Namespace:
    """The options."""
    parser = ArgumentParser(prog="./dev bench", description="Measures how fast the program is, beside its peers.")
    parser.add_argument("--only", metavar="PARTS", default=",".join(PARTS), help=f"parts, with commas: {' '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="rounds of each comparison (default: 7)")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="share of the usual number of telegrams and samples")
    parser.add_argument("--meters", metavar="COUNTS", default=COUNTS, help=f"numbers of meters of the part meters (default: {COUNTS})")
    parser.add_argument("--no-peers", action="store_true", help="only ours")
    parser.add_argument("--no-pin", action="store_true", help="let the system choose the cores")
    parser.add_argument("--wmbusmeters", metavar="PATH", help="its binary (default: the one in PATH, if any)")
    parser.add_argument(
        "--boards", metavar="FOLDER", nargs="?", const=str(ROOT / ".cache/year"), help="the slowest panels, with the data in FOLDER"
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--into", metavar="PAGE", help="replace the tables between the two comments of this page")
    parser.add_argument("--json", metavar="FILE", help="write all figures")
    found = parser.parse_args(words)
    found.only = found.only.split(",")
    unknown = [part for part in found.only if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {' '.join(unknown)}: {' '.join(PARTS)}")
    return found


def measured(chosen: Namespace, folder: Path) -> dict[str, Any]:
    """All figures."""
    core = None if chosen.no_pin else cores.spare()
    cores.leave(core)
    found: dict[str, Any] = {"machine": machine(core) | {"rounds": chosen.rounds, "scale": chosen.scale}, "rates": []}
    many = chosen.scale
    for name in rates.GROUPS:
        if name in chosen.only:
            progress(name)
            found["rates"].append(
                rates.measured(
                    name,
                    folder,
                    scale=many,
                    rounds=chosen.rounds,
                    core=core,
                    peers=not chosen.no_peers,
                    wmbusmeters=chosen.wmbusmeters,
                )
            )
    if "run" in chosen.only:
        progress("run")
        count = max(80, int(4_000 * many))
        found["run"] = [liveruns.throughput(title, folder, count=count, rounds=chosen.rounds, core=core) for title in liveruns.FEEDS]
    if "start" in chosen.only:
        progress("start")
        found["start"] = meters.starts(folder, rounds=max(3, int(3 * chosen.rounds * min(1, many))), core=core)
    if "meters" in chosen.only:
        progress("meters")
        telegrams = max(2_000, int(METERS_TELEGRAMS * many))
        found["meters"] = meters.buildings(
            folder, [int(count) for count in chosen.meters.split(",")], telegrams=telegrams, rounds=min(3, chosen.rounds), core=core
        )
    if "latency" in chosen.only:
        progress("latency")
        found["latency"] = [
            row for per_s, count in LATENCIES for row in liveruns.latencies(folder, per_s=per_s, count=max(4, int(count * many)), core=core)
        ]
    if chosen.boards:
        progress("boards")
        found["boards"] = boards(Path(chosen.boards))
    found["machine"]["load_after"] = round(os.getloadavg()[0], 2)
    found["machine"]["took_s"] = round(time.time() - found["machine"]["begun_s"])
    return found


def machine(core: int | None) -> dict[str, Any]:
    """What it was measured on."""
    name = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    versions = {}
    for one in PEERS:
        try:
            versions[one] = metadata.version(one)
        except metadata.PackageNotFoundError:
            versions[one] = "missing"
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "pinned_to": core,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
        "begun_s": time.time(),
        "versions": versions,
    }


def progress(part: str) -> None:
    """Say what goes on."""
    print(f"I! {part}", file=sys.stderr, flush=True)


def boards(folder: Path) -> list[list[str]]:
    """The slowest panels and rules, by the tool that measures all of them."""
    python = ROOT / ".venv/bin/python"
    tool = [str(python if python.exists() else sys.executable), str(ROOT / "tests/grafana/year.py")]
    if not (folder / "loaded").exists():
        subprocess.run([*tool, "load", str(folder)], check=True, stdout=sys.stderr)
    said = subprocess.run([*tool, "measure", str(folder)], check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in said.splitlines() if line.startswith("|")]
    return [row for row in rows if row[3].isdigit()][:10]


# -- tables


def tables(found: dict[str, Any]) -> list[Table]:
    """All figures as tables."""
    made = []
    if found["rates"]:
        made.append(rate_table(found["rates"]))
    if "run" in found or any(one.command_s for one in found["rates"]):
        made.append(command_table(found))
    if "start" in found:
        made.append(
            Table(
                "Start",
                ["what", "processor ms", "over bare Python", "ms to the first byte", "memory, MB"],
                [
                    [
                        one.what,
                        f"{one.cpu_ms:.0f}",
                        f"{one.over_python_ms:.0f}",
                        f"{one.wall_ms:.0f}",
                        f"{one.peak_mb:.0f}" if one.peak_mb else "–",
                    ]
                    for one in found["start"]
                ],
                [],
            )
        )
    if "meters" in found:
        made.append(meters_table(found["meters"]))
    if "latency" in found:
        made += [latency_table(found["latency"]), day_table(found["latency"])]
    if "boards" in found:
        made.append(
            Table(
                "Slowest panels and alert rules", ["board", "range", "panel or rule", "ms", "InfluxDB's processor ms"], found["boards"], []
            )
        )
    return made


def rate_table(groups: list[rates.Found]) -> Table:
    """Ours and its peers."""
    rows, notes = [], []
    for group in groups:
        for rate in group.rates:
            if rate.per_s is None:
                rows.append([group.title, rate.name, "–", "–", "–", rate.does])
                continue
            mark = "!" if max(rate.spread, rate.ratio_spread) > WIDE else ""
            ratio = "1" if rate.ratio is None else f"{rate.ratio:.2f}" if rate.ratio < 1 else f"{rate.ratio:.1f}"
            same = "–"
            if rate.name == rates.OURS:
                same = str(rate.ours) if rate.ours else "–"
            elif rate.equal + rate.cut:
                same = f"{rate.equal} of {rate.ours}"
            does = rate.does + (f"; {rate.cut} readings are 1 W or 1 Wh too small" if rate.cut else "")
            if rate.differ:
                notes.append(f"{group.title}, {rate.name}: {len(rate.differ)} readings are others, the first: {rate.differ[0]}")
            rows.append([group.title, rate.name, f"{round(rate.per_s, -2):,.0f} ±{rate.spread:.0%}{mark}", ratio, same, does])
    head = ["telegrams", "program", "a second of processor time", "ours ÷ it", "equal readings", "what it does"]
    return Table("Telegrams per second, one core, without the start", rows=rows, head=head, notes=notes)


def command_table(found: dict[str, Any]) -> Table:
    """The whole command, and `run`."""
    rows = []
    for group in found["rates"]:
        if group.command_s:
            inside = next(rate.per_s for rate in group.rates if rate.name == rates.OURS)
            outside = group.command_telegrams / group.command_s
            rows.append(
                [
                    f"decode with its start, {group.title}",
                    f"{group.command_telegrams:,}",
                    f"{round(outside, -2):,.0f}",
                    f"{outside / inside:.2f}",
                    "–",
                    "–",
                ]
            )
    for one in found.get("run", ()):
        mark = "!" if one.spread > WIDE else ""
        inside = next(
            (rate.per_s for group in found["rates"] if group.title == one.like for rate in group.rates if rate.name == rates.OURS), None
        )
        ratio = f"{one.per_s / inside:.2f}" if inside else "–"
        rows.append(
            [
                f"run, {one.title}",
                f"{one.telegrams:,}",
                f"{round(one.per_s, -2):,.0f} ±{one.spread:.0%}{mark}",
                ratio,
                str(one.lost),
                f"{one.peak_mb:.0f}",
            ]
        )
    head = ["command", "telegrams", "a second of processor time", "÷ decode without start", "lines missing", "memory, MB"]
    return Table("Whole commands", head, rows, [])


def meters_table(found: list[meters.Building]) -> Table:
    """By number of meters."""
    one = found[0]
    rows = [
        [
            f"{row.meters:,}",
            f"{row.start_ms:.0f}",
            f"{row.key_files_ms:+.0f}",
            f"{row.peak_mb:.0f}",
            f"{row.telegram_us:.1f} ±{row.telegram_us_spread:.0%}{'!' if row.telegram_us_spread > WIDE else ''}",
            f"{row.telegram_us / one.telegram_us:.2f}",
            f"{row.status_ms:.1f}",
        ]
        for row in found
    ]
    head = ["meters", "start, ms", "with a file for each key, ms", "memory, MB", "a telegram, µs", "÷ with one meter", "status lines, ms"]
    return Table("By number of wireless meters", head, rows, [])


def latency_table(found: list[liveruns.Latency]) -> Table:
    """How soon."""
    rows = [
        [row.port, f"{row.per_s:g}", str(row.count), f"{row.median_ms:.2f}", f"{row.percentile_99_ms:.2f}", f"{row.worst_ms:.2f}"]
        for row in found
    ]
    head = ["port", "telegrams a second", "telegrams", "median, ms", "99th percentile, ms", "longest, ms"]
    return Table("From the last byte of a P1 telegram to its line at stdout", head, rows, [])


def day_table(found: list[liveruns.Latency]) -> Table:
    """How much of a day."""
    rows = [
        [
            row.port,
            f"{row.per_s:g}",
            f"{row.cpu_us:.0f}",
            f"{row.share:.2%}",
            f"{row.share * DAY_S:.0f}" if row.per_s == 1 else "–",
            f"{row.peak_mb:.0f}",
        ]
        for row in found
    ]
    head = ["port", "telegrams a second", "processor time a telegram, µs", "of a core", "s in a day", "memory, MB"]
    notes = ["The day is extrapolated from the telegrams of the table above. It includes waiting, waking and status lines."]
    return Table("Processor time of one meter in run", head, rows, notes)


def printed(table: Table, *, markdown: bool) -> str:
    """A table as text."""
    if markdown:
        lines = [f"### {table.title}", "", f"| {' | '.join(table.head)} |", "|" + "---|" * len(table.head)]
        lines += [f"| {' | '.join(row)} |" for row in table.rows]
    else:
        cells = [table.head, *table.rows]
        widths = [max(len(row[place]) for row in cells) for place in range(len(table.head))]
        lines = [table.title, ""]
        lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([*lines, *([""] if table.notes else []), *table.notes, ""])


def of_machine(found: dict[str, Any]) -> str:
    """A sentence on the machine."""
    one = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in one["versions"].items())
    pinned = "" if one["pinned_to"] is None else f", measured on core {one['pinned_to']}"
    return (
        f"{one['processor']}, {one['cores']} cores{pinned}, Python {one['python']}, {one['system']}, load average {one['load_before']} before and "
        f"{one['load_after']} after, {one['took_s']} s with --rounds {one['rounds']} --scale {one['scale']:g}. {versions}."
    )


def replace(page: Path, tables_text: str) -> None:
    """Put the tables of this run in place of those of the last one."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"E! {page} has no {BEGIN} … {END}")
    page.write_text(f"{before}{begin}\n\n{tables_text}\n{end}{after}")


def plain(value: Any) -> Any:
    """NamedTuples as objects."""
    if hasattr(value, "_asdict"):
        return {name: plain(one) for name, one in value._asdict().items()}
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def main(words: list[str] | None = None) -> int:
    """Measure and print. Returns 1 if rounds lie too far apart, so that nobody takes the figures over without a look."""
    chosen = arguments(words)
    with tempfile.TemporaryDirectory(prefix="han-bench-") as folder:
        found = measured(chosen, Path(folder))
    made = tables(found)
    print(of_machine(found) + "\n")
    for table in made:
        print(printed(table, markdown=chosen.markdown))
    if chosen.into:
        replace(Path(chosen.into), "\n".join([of_machine(found), "", *(printed(table, markdown=True) for table in made)]))
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(plain(found), indent=1, ensure_ascii=False) + "\n")
    wide = sum(cell.endswith("!") for table in made for row in table.rows for cell in row)
    if wide:
        print(
            f"W! {wide} rows (marked !) have rounds that lie more than ±{WIDE:.0%} apart: the machine is busy, run it again",
            file=sys.stderr,
        )
    return 1 if wide else 0


if __name__ == "__main__":
    sys.exit(main())
