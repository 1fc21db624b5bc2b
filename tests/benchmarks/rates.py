"""Telegrams per second of processor time: ours and its peers, in turns on one core, on the same telegrams."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import captures
import contenders
from cores import busy_s, pinned, spread

import p1telegrams
import radiotelegrams

if TYPE_CHECKING:
    from captures import Capture

HERE = Path(__file__).resolve().parent
OURS = "telegraf-han"
PASS_S = 0.3
"""Processor time of a pass. Ours reads a whole capture, and a peer as many telegrams of it as take this long."""
CUT_WH = 1.0
"""A reading may differ by so much if the peer rounds down, which is then said."""


class Entry(NamedTuple):
    """A program in a group."""

    name: str
    """In `contenders.CONTENDERS`."""
    does: str
    """What is compared."""


class Group(NamedTuple):
    """Programs that read the same telegrams."""

    title: str
    capture: str
    entries: tuple[Entry, ...]
    cannot: tuple[tuple[str, str], ...] = ()
    """Peers that do not read these telegrams, and why."""


WHOLE = "everything: frame, CRC, deciphering with tag, all values, line protocol"
WIRED_ONLY = "knows no wireless M-Bus"
GROUPS = {
    "p1": Group(
        "P1, encrypted by Stoen",
        "stoen",
        (
            Entry(OURS, WHOLE),
            Entry("ciphers", "no reader, the floor: AES-GCM, tag and CRC by the same libraries"),
            Entry("dlms-cosem, block", "deciphering with tag only, of a block cut out beforehand"),
        ),
        (
            ("dsmr_parser", "cannot read it: the block has no tag 0xDB and no system title"),
            ("amshan", "cannot read it: deciphers nothing"),
            ("pymbusparser", "cannot read it: knows no P1"),
        ),
    ),
    "lux": Group(
        "P1, encrypted as in Luxembourg",
        "luxembourg",
        (
            Entry(OURS, WHOLE),
            Entry("dsmr_parser, ciphered", "frame, CRC, deciphering with tag, the values of its list"),
            Entry("dlms-cosem, envelope", "envelope and deciphering with tag only"),
        ),
        (("amshan", "cannot read it: deciphers nothing"), ("pymbusparser", "cannot read it: knows no P1")),
    ),
    "dsmr": Group(
        "P1, plain, of a GAMA350",
        "plain",
        (
            Entry(OURS, "frame, CRC, all values, line protocol"),
            Entry("dsmr_parser", "frame, CRC, the values of its list"),
            Entry("amshan", "frame, CRC, all values"),
        ),
        (("dlms-cosem", "cannot read it: not DLMS"), ("pymbusparser", "cannot read it: knows no P1")),
    ),
    "dsmr5": Group(
        "P1, plain, three phases (DSMR 5)",
        "dsmr5",
        (
            Entry(OURS, "frame, CRC, all values, line protocol"),
            Entry("dsmr_parser", "frame, CRC, all values"),
            Entry("amshan", "frame, CRC, values of one bracket"),
        ),
        (("dlms-cosem", "cannot read it: not DLMS"), ("pymbusparser", "cannot read it: knows no P1")),
    ),
    "wmbus": Group(
        "wireless, mode 5",
        "mode5",
        (
            Entry(OURS, "deciphering, proof of the key, all records, line protocol"),
            Entry("pymbusparser", "deciphering, all records; written in Rust"),
            Entry("wmbusmeters", "deciphering, the values of its driver for AMIplus, JSON; written in C++"),
        ),
        (
            ("dsmr_parser", f"cannot read it: {WIRED_ONLY}"),
            ("amshan", f"cannot read it: {WIRED_ONLY}"),
            ("dlms-cosem", f"cannot read it: {WIRED_ONLY}"),
        ),
    ),
    "mode7": Group(
        "wireless, mode 7",
        "mode7",
        (
            Entry(OURS, "key derivation, MAC, deciphering, all records, line protocol"),
            Entry("pymbusparser", "deciphering, all records; written in Rust"),
            Entry("wmbusmeters", "MAC, deciphering, the values of that driver, JSON; written in C++"),
        ),
    ),
    "mixed": Group(
        "mixed: four meters by cable, four by radio, noise, neighbours",
        "mixed",
        (Entry(OURS, "five captures in one command; neighbours' telegrams count"),),
    ),
}


WITH_START = ("p1", "wmbus", "mixed")
"""Groups for which the whole command is measured as well."""


class Rate(NamedTuple):
    """A row of the table."""

    name: str
    does: str
    per_s: float | None
    """Telegrams per second of processor time, the median of all rounds. None if it cannot read them."""
    spread: float
    """Half of what lies between the quartiles, in parts of the median."""
    ratio: float | None
    """How many times as fast ours is, the median of the rounds."""
    ratio_spread: float
    equal: int
    """Readings that are the same as ours."""
    cut: int
    """Readings that are up to 1 Wh (or 1 W) less, because the peer rounds down."""
    differ: list[str]
    """Readings that are others."""
    ours: int
    """Readings that ours has in the same telegrams."""
    good: int
    count: int


class Found(NamedTuple):
    """A group that was measured."""

    title: str
    rates: list[Rate]
    command_s: float | None
    """Processor time of the whole command with Python's start, on the capture."""
    command_telegrams: int


class Worker:
    """A contender's process."""

    def __init__(self, name: str, capture: Capture, core: int | None) -> None:
        self.name = name
        with pinned(core):
            self._process = subprocess.Popen(
                [sys.executable, str(HERE / "contenders.py"), name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                bufsize=1,
            )
        self._tell(
            json.dumps(
                {
                    "files": [str(one) for one in capture.files],
                    "config": str(capture.config),
                    "sizes": capture.sizes,
                    "telegrams": capture.telegrams,
                    "texts": capture.texts,
                    "ek": p1telegrams.EK.hex(),
                    "ak": p1telegrams.AK.hex(),
                    "key": radiotelegrams.KEY.hex(),
                }
            )
        )
        self.ready = self._heard()
        self.cannot: str | None = self.ready.get("cannot")
        self.count = capture.telegrams
        if self.cannot is None and name != OURS:
            per_s = self.ready["count"] / max(self.ready["cpu_s"], 1e-6)
            self.count = max(20, min(capture.telegrams, int(per_s * PASS_S)))

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"cannot": f"it ended with {self._process.wait()}"}

    def run(self) -> dict[str, Any]:
        """A pass."""
        self._tell(str(self.count))
        return self._heard()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


_NAMES = {
    **{f"1-0:{sign}.7.0": f"current_power_{way}_kw" for sign, way in ((1, "consumption"), (2, "production"))},
    **{f"1-0:{sign}.8.0": f"total_energy_{way}_kwh" for sign, way in ((1, "consumption"), (2, "production"))},
    **{
        f"1-0:{sign}.8.{tariff}": f"total_energy_{way}_tariff_{tariff}_kwh"
        for sign, way in ((1, "consumption"), (2, "production"))
        for tariff in (1, 2, 3)
    },
}
"""Codes, and what wmbusmeters calls them."""


class Wmbusmeters:
    """The binary of wmbusmeters, if there is one. A run with few telegrams is measured, too, and taken off with its start.

    It knows no meter of Elgama's. With `auto` it would decipher nothing and print JSON all the same. So it is told to read with the driver for
    AMIplus, which has most of the same registers.
    """

    def __init__(self, binary: str, capture: Capture, core: int | None) -> None:
        self.name, self.cannot = "wmbusmeters", None
        self._core = core
        self.count = capture.telegrams - contenders.FIRST
        folder = capture.files[0].parent
        lines = capture.files[0].read_text().split()
        self._many, self._few = folder / "simulation_many.txt", folder / "simulation_few.txt"
        self._many.write_text("".join(f"telegram=|{one}|\n" for one in lines))
        self._few.write_text("".join(f"telegram=|{one}|\n" for one in lines[: contenders.FIRST]))
        self._binary = binary
        self._busy(self._few)
        self.ready = {"readings": self._readings()}
        if not any(self.ready["readings"]):
            self.cannot = "it reads no value of them"

    def _words(self, file: Path) -> list[str]:
        return [
            self._binary, "--silent", "--format=json", str(file), "home", "amiplus", captures.SERIAL, radiotelegrams.KEY.hex(),
        ]  # fmt: skip

    def _busy(self, file: Path) -> tuple[float, int]:
        output = file.with_suffix(".json")
        with output.open("wb") as sink:
            busy = busy_s(self._words(file), self._core, output=sink)
        return busy, output.read_bytes().count(b"\n{") + output.read_bytes().startswith(b"{")

    def _readings(self) -> list[dict[str, float | str]]:
        found: list[dict[str, float | str]] = []
        for line in self._few.with_suffix(".json").read_text().splitlines():
            if line.startswith("{"):
                said = json.loads(line)
                found.append({code: round(1000 * said[name], 3) for code, name in _NAMES.items() if name in said})
        return found

    def run(self) -> dict[str, Any]:
        """A pass."""
        few_s, few_good = self._busy(self._few)
        whole_s, good = self._busy(self._many)
        return {"cpu_s": whole_s - few_s, "good": good - few_good, "count": self.count}

    def close(self) -> None:
        """Nothing runs."""


def command(capture: Capture) -> list[str]:
    """The command as a user types it."""
    return [sys.executable, "-m", "telegraf_han", "decode", "--config", str(capture.config), *map(str, capture.files)]


def measured(name: str, folder: Path, *, scale: float, rounds: int, core: int | None, peers: bool, wmbusmeters: str | None) -> Found:
    """Measure a group."""
    group = GROUPS[name]
    maker, telegrams = captures.WORKLOADS[group.capture]
    capture = maker(folder, max(40, int(telegrams * scale)))
    binary = wmbusmeters or shutil.which("wmbusmeters")
    workers: list[tuple[Entry, Worker | Wmbusmeters]] = []
    missing: list[tuple[str, str]] = []
    for entry in group.entries:
        if not peers and entry.name not in (OURS, "ciphers"):
            continue
        if entry.name == "wmbusmeters":
            if binary is None:
                missing.append((entry.name, "not measured: no binary given (--wmbusmeters PATH)"))
                continue
            workers.append((entry, Wmbusmeters(binary, capture, core)))
        else:
            workers.append((entry, Worker(entry.name, capture, core)))
    try:
        able = [worker for _, worker in workers if worker.cannot is None]
        passes: dict[str, list[dict[str, Any]]] = {worker.name: [] for worker in able}
        commands = []
        for number in range(rounds):
            for worker in able if number % 2 == 0 else reversed(able):
                passes[worker.name].append(worker.run())
            if name in WITH_START:
                commands.append(busy_s(command(capture), core))
        rates = [_rate(entry, worker, passes, capture, workers[0][1].ready) for entry, worker in workers]
    finally:
        for _, worker in workers:
            worker.close()
    rates += [Rate(who, why, None, 0, None, 0, 0, 0, [], 0, 0, 0) for who, why in (*missing, *(group.cannot if peers else ()))]
    return Found(group.title, rates, median(commands) if commands else None, capture.telegrams)


def _rate(
    entry: Entry, worker: Worker | Wmbusmeters, passes: dict[str, list[dict[str, Any]]], capture: Capture, ours: dict[str, Any]
) -> Rate:
    if worker.cannot is not None:
        return Rate(entry.name, f"cannot read it: {worker.cannot}", None, 0, None, 0, 0, 0, [], 0, 0, 0)
    own, reference = [[one["count"] / one["cpu_s"] for one in passes[name]] for name in (worker.name, OURS)]
    ratios = [mine / peer for mine, peer in zip(reference, own, strict=True)]
    last = passes[worker.name][-1]
    if worker.name == OURS and last["good"] != capture.ours:
        raise SystemExit(f"E! {capture.files[0].name}: {last['good']} lines instead of {capture.ours}, so the rate means nothing")
    if last["good"] != last["count"] and worker.name != OURS:
        entry = entry._replace(does=f"{entry.does}; reads only {last['good']} of {last['count']}")
    equal, cut, differ = _compared(worker.ready.get("readings", []), ours.get("readings", []))
    ratio = None if worker.name == OURS else median(ratios)
    total = sum(len(one) for one in ours.get("readings", []))
    return Rate(
        entry.name, entry.does, median(own), spread(own), ratio, spread(ratios), equal, cut, differ, total, last["good"], last["count"]
    )


def _compared(theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> tuple[int, int, list[str]]:
    """Equal readings, readings that a peer rounds down, and what differs."""
    equal, cut, differ = 0, 0, []
    for one, own in zip(theirs, ours, strict=False):
        for code, value in one.items():
            if code not in own:
                differ.append(f"{code} is {value}, ours has none")
            elif abs(own[code] - value) < 1e-6:
                equal += 1
            elif 0 < own[code] - value <= CUT_WH:
                cut += 1
            else:
                differ.append(f"{code} is {value}, ours {own[code]}")
    return equal, cut, differ
