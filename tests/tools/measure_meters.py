"""Measures what a building costs: the start, the memory and a telegram, with few meters and with many. Run it by hand; it is no test.

    python tests/tools/measure_meters.py [METERS …]

It makes a table of wireless meters (CSV), each with a key of its own, a tag and a limit, and a capture in which all of them send in turn. Then it
decodes the capture as a user would, once with one telegram of each meter and once with many, so that start and telegrams can be told apart. The
memory is that of a process that has decoded all of it. The status lines are those that `run` writes. The keys are invented. Times are processor times, which a busy machine changes less.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugin"))

import radiotelegrams
from telegraf_han.config.file import load
from telegraf_han.decoding.decoder import Decoder

ROOT = Path(__file__).resolve().parents[2]
BEGIN_S = 1_790_000_000
TELEGRAMS = 50_000
REPEATED = 3
_PEAK = "import sys; from telegraf_han.cli import main; sys.stdout = open('/dev/null', 'w'); main(sys.argv[1:]); sys.stderr.write(open('/proc/self/status').read())"


class Cost(NamedTuple):
    """What a number of meters costs."""

    start_ms: float
    telegram_us: float
    peak_mb: float
    status_ms: float
    """The `electricity_link` lines of all meters, which `run` writes every ten seconds."""


def building(folder: Path, meters: int, *, key_files: bool) -> Path:
    """A configuration of so many wireless meters. Returns its path."""
    rows = ["name;id;key;tags.staircase;limits.daily_import_wh"]
    for number in range(meters):
        key = key_of(number).hex()
        if key_files:
            (folder / f"{number}.key").write_text(key)
            (folder / f"{number}.key").chmod(0o600)
            key = f"file:{number}.key"
        rows.append(f"flat-{number};{number:08};{key};{'ABCDEFGH'[number % 8]};25000")
    (folder / "flats.csv").write_text("\n".join([*rows, ""]))
    (folder / "flats.csv").chmod(0o600)
    path = folder / "han.toml"
    path.write_text(
        'meters = "flats.csv"\n[defaults]\ntags = { street = "Polna" }\nlimits = { silence_s = 600 }\n'
        '[[receiver]]\nname = "attic"\ntype = "hex"\nport = "capture.hex"\n'
    )
    return path


def key_of(number: int) -> bytes:
    """A key of its own for each meter."""
    return (number + 1).to_bytes(8, "big") * 2


def capture(path: Path, meters: int, telegrams: int) -> Path:
    """Telegrams of all meters in turn, a round each minute."""
    with path.open("wb") as file:
        for place in range(telegrams):
            turn, number = divmod(place, meters)
            utc_s = BEGIN_S + 60 * turn
            records = radiotelegrams.records(utc_s, (1000 + turn, 2000), 0, 300)
            content = radiotelegrams.mode_5(f"{number:08}", turn & 0xFF, records, key_of(number))
            file.write(radiotelegrams.line(content))
    return path


def cost(folder: Path, meters: int, *, key_files: bool) -> Cost:
    """Measure so many meters."""
    config = building(folder, meters, key_files=key_files)
    few = capture(folder / "few.hex", meters, meters)
    many = capture(folder / "many.hex", meters, meters + TELEGRAMS)
    first_s = min(busy_s(config, few)[0] for _ in range(REPEATED))
    whole_s, peak_mb = min(busy_s(config, many) for _ in range(REPEATED))
    telegram_s = (whole_s - first_s) / TELEGRAMS
    return Cost((first_s - meters * telegram_s) * 1e3, telegram_s * 1e6, peak_mb, status_ms(config))


def status_ms(config: Path) -> float:
    """Processor time of the status lines of all meters."""
    decoder = Decoder(load(str(config)))
    taken = []
    for _ in range(REPEATED):
        before_s = time.process_time()
        lines = decoder.status(time.time_ns(), time.monotonic_ns(), {})
        taken.append(time.process_time() - before_s)
    assert len(lines) == len(decoder.meters)
    return min(taken) * 1e3


def busy_s(config: Path, capture: Path) -> tuple[float, float]:
    """Processor time and peak memory of a decode."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "plugin")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", _PEAK, "decode", "--config", str(config), str(capture)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = next(line for line in done.stderr.splitlines() if line.startswith("VmHWM"))
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, int(peak.split()[1]) / 1024


def main() -> None:
    """Print a row for each number of meters."""
    counts = [int(word) for word in sys.argv[1:]] or [1, 10, 100, 1_000, 10_000]
    print(f"{'meters':>7} {'keys':<12} {'start ms':>9} {'telegram µs':>12} {'memory MB':>10} {'status ms':>10}")
    for meters in counts:
        for key_files in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                found = cost(Path(folder), meters, key_files=key_files)
            keys = "in files" if key_files else "in the table"
            print(
                f"{meters:>7} {keys:<12} {found.start_ms:>9.0f} {found.telegram_us:>12.1f} {found.peak_mb:>10.1f} {found.status_ms:>10.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
