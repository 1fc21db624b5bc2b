"""What a start and a building cost: processor time and memory with one meter, with a thousand, with ten thousand.

The meters are wireless ones in a table (CSV), each with a key of its own, a tag and a limit. All of them send in turn. A capture is decoded as a
user would. A telegram's cost is counted once each meter was heard, so that start and telegrams can be told apart. The memory is that of a
process that has decoded all of it. The status lines are those that `run` writes every ten seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import captures
from cores import pinned, spread

import radiotelegrams
from telegraf_han.config.file import load
from telegraf_han.decoding.decoder import Decoder

if TYPE_CHECKING:
    from pathlib import Path

_CHILD = """
import io, os, sys, time

from telegraf_han.cli import main


class Sink(io.RawIOBase):
    marks = []
    lines = 0

    def writable(self):
        return True

    def write(self, data):
        data = bytes(data)
        self.lines += data.count(b"\\n")
        self.marks.append((self.lines, time.process_time()))
        return len(data)


sink = Sink()
sys.stdout = io.TextIOWrapper(io.BufferedWriter(sink))
main()
sys.stdout.flush()
warm = int(os.environ["BENCH_METERS"])
first, last = sink.marks[0], sink.marks[-1]
begun = next((mark for mark in sink.marks if mark[0] >= warm), first)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(*first, *begun, *last, peak.split()[1], file=sys.stderr)
"""
"""The command, and when how many lines had come: (lines, processor time) of the first piece, of that in which the last meter was heard, and of the end."""


class Building(NamedTuple):
    """What a number of meters costs."""

    meters: int
    start_ms: float
    telegram_us: float
    telegram_us_spread: float
    peak_mb: float
    status_ms: float
    """The `electricity_link` lines of all meters."""
    key_files_ms: float
    """How much longer the start takes if each key is in a file of its own."""


class Start(NamedTuple):
    """What a start costs, from the command to the end of one telegram or to the first line."""

    what: str
    cpu_ms: float
    wall_ms: float
    over_python_ms: float
    """Processor time above bare Python's."""
    peak_mb: float


def configuration(folder: Path, meters: int, *, key_files: bool) -> Path:
    """A configuration of so many wireless meters."""
    rows = ["name;id;key;tags.staircase;limits.daily_import_wh"]
    name = f"flats-{meters}{'-files' if key_files else ''}"
    for number in range(meters):
        key = _key(number).hex()
        if key_files:
            (folder / f"{name}-{number}.key").write_text(key)
            (folder / f"{name}-{number}.key").chmod(0o600)
            key = f"file:{name}-{number}.key"
        rows.append(f"flat-{number};{number:08};{key};{'ABCDEFGH'[number % 8]};25000")
    (folder / f"{name}.csv").write_text("\n".join([*rows, ""]))
    (folder / f"{name}.csv").chmod(0o600)
    path = folder / f"{name}.toml"
    path.write_text(
        f'meters = "{name}.csv"\n[defaults]\ntags = {{ street = "Polna" }}\nlimits = {{ silence_s = 600 }}\n'
        '[[receiver]]\nname = "attic"\ntype = "hex"\nport = "capture.hex"\n'
    )
    return path


def _key(number: int) -> bytes:
    """A key of its own for each meter."""
    return (number + 1).to_bytes(8, "big") * 2


def heard(path: Path, meters: int, telegrams: int) -> Path:
    """Telegrams of all meters in turn, a round each minute."""
    records, of_turn = b"", -1
    with path.open("wb") as file:
        for place in range(telegrams):
            turn, number = divmod(place, meters)
            if turn != of_turn:
                records, of_turn = radiotelegrams.records(captures.BEGIN_S + 60 * turn, (1000 + turn, 2000), 0, 300), turn
            file.write(captures.hex_line(radiotelegrams.mode_5(f"{number:08}", turn & 0xFF, records, _key(number))))
    return path


def buildings(folder: Path, counts: list[int], *, telegrams: int, rounds: int, core: int | None) -> list[Building]:
    """Measure each number of meters, in turns."""
    plans = []
    for meters in counts:
        config = configuration(folder, meters, key_files=False)
        files = configuration(folder, meters, key_files=True)
        few = heard(folder / f"few-{meters}.hex", meters, 200)
        plans.append((meters, config, files, few, heard(folder / f"many-{meters}.hex", meters, meters + telegrams)))
    taken: dict[int, list[_Decoded]] = {meters: [] for meters in counts}
    more_s: dict[int, list[float]] = {meters: [] for meters in counts}
    for number in range(rounds):
        for meters, config, files, few, many in plans:
            taken[meters].append(_decoded(config, many, meters, meters + telegrams, core))
            if number % 2 == 0:
                more_s[meters].append(_decoded(files, few, meters, 200, core).start_s - _decoded(config, few, meters, 200, core).start_s)
    found = []
    for meters, config, *_ in plans:
        costs = [one.telegram_s for one in taken[meters]]
        found.append(
            Building(
                meters,
                median(one.start_s for one in taken[meters]) * 1e3,
                median(costs) * 1e6,
                spread(costs),
                max(one.peak_mb for one in taken[meters]),
                status_ms(config, core),
                median(more_s[meters]) * 1e3,
            )
        )
    return found


def status_ms(config: Path, core: int | None) -> float:
    """Processor time of the status lines of all meters."""
    decoder = Decoder(load(str(config)))
    taken = []
    with pinned(core):
        for _ in range(5):
            before_s = time.process_time()
            lines = decoder.status(time.time_ns(), time.monotonic_ns(), {})
            taken.append(time.process_time() - before_s)
    assert len(lines) == len(decoder.meters)
    return median(taken) * 1e3


class _Decoded(NamedTuple):
    """A decode."""

    start_s: float
    """Processor time before the first telegram."""
    telegram_s: float
    """Of one, once each meter was heard."""
    peak_mb: float


def _decoded(config: Path, capture: Path, meters: int, telegrams: int, core: int | None) -> _Decoded:
    """Decode in a process of its own. Every telegram has to become a line."""
    said = capture.with_suffix(".said")
    with said.open("wb") as sink:
        environment = os.environ | {"BENCH_METERS": str(meters)}
        words = [sys.executable, "-c", _CHILD, "decode", "--config", str(config), str(capture)]
        with pinned(core):
            subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, stderr=sink, check=True)
    numbers = said.read_text().split()
    if int(numbers[4]) != telegrams:
        raise SystemExit(f"E! {numbers[4]} lines instead of {telegrams}, so the times mean nothing")
    first, first_s, begun, begun_s, last, last_s = (float(one) for one in numbers[:6])
    telegram_s = (last_s - begun_s) / (last - begun) if last > begun else last_s / last
    return _Decoded(first_s - first * telegram_s if last > begun else first_s, telegram_s, int(numbers[6]) / 1024)


def starts(folder: Path, *, rounds: int, core: int | None) -> list[Start]:
    """Measure starts, in turns with bare Python's."""
    p1, radio = captures.stoen(folder, 1), captures.mode_5(folder, 1)
    run = folder / "start.toml"
    run.write_text(captures.cable("/dev/ttyUSB-not-there"))
    run.chmod(0o600)
    commands = {
        "bare Python": ["-c", "print()"],
        "decode, a P1 telegram": ["-m", "telegraf_han", "decode", "--config", str(p1.config), str(p1.files[0])],
        "decode, a wireless telegram": ["-m", "telegraf_han", "decode", "--config", str(radio.config), str(radio.files[0])],
        "run, to its first line": ["-m", "telegraf_han", "run", "--config", str(run)],
    }
    taken: dict[str, list[tuple[float, float, float]]] = {what: [] for what in commands}
    for number in range(rounds + 1):
        for what, words in commands.items():
            one = _started([sys.executable, *words], core)
            if number:  # the first round compiles, and fills the caches of the disk
                taken[what].append(one)
    bare_s = median(one[0] for one in taken["bare Python"])
    found = []
    for what, values in taken.items():
        cpu_s = median(one[0] for one in values)
        wall_s = median(one[1] for one in values)
        found.append(Start(what, cpu_s * 1e3, wall_s * 1e3, (cpu_s - bare_s) * 1e3, max(one[2] for one in values)))
    return found


def _started(command: list[str], core: int | None) -> tuple[float, float, float]:
    """Processor time to the end, time to the first byte of output, and memory then."""
    with pinned(core):
        begun_s = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
    assert process.stdout is not None
    assert process.stdin is not None
    first = process.stdout.read(1)
    wall_s = time.perf_counter() - begun_s
    if not first:
        raise SystemExit(f"E! no output: {' '.join(command)}")
    try:
        with open(f"/proc/{process.pid}/status") as file:
            peak_mb = next((int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM")), 0.0)
    except OSError:
        peak_mb = 0.0  # it has ended already
    process.stdin.close()
    process.stdout.read()
    process.stdout.close()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime, wall_s, peak_mb
