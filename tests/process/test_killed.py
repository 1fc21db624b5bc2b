"""`run` is killed at random moments while it writes as fast as it can, and started again: no line is torn, wrong or written twice.

Three sources stream at once: a file to replay, whose lines are known to the letter; a cable that sends a new number each time; and a program
that prints radio telegrams. A short form is part of the tests. The long form, with a seed of your own, is:

    KILLS=200 SEED=7 .venv/bin/python -m pytest -q -s tests/process/test_killed.py
"""

import fcntl
import os
import random
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

import linereader
import p1telegrams as p1
import radiotelegrams as radio
import telegraf_han
from meterend import MeterEnd

KILLS = int(os.environ.get("KILLS", "20"))
SEED = int(os.environ.get("SEED", "20261130"))
LONGEST_S = 0.6
"""A run is killed at a random moment of this time, counted from its first line."""
SOON_S = 60.0
NS = 1_000_000_000
REPLAYED = 8_000
"""More telegrams than a run can write in its time, or a run ends with nothing to write."""
REPLAYED_FROM_S = 1_767_222_000
RADIO_LINES = 500
FLAT = "35000009"


def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    end_s = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def wall(utc_s: int) -> bytes:
    """DSMR's time stamp, by the library alone."""
    local = datetime.fromtimestamp(utc_s, UTC).astimezone(radio.WARSAW)
    return f"{local:%y%m%d%H%M%S}{'S' if local.dst() else 'W'}".encode()


def content(number: int, utc_s: int) -> bytes:
    """P1 lines whose every value follows from their number."""
    return (
        b"0-0:1.0.0(%s)\r\n1-0:1.8.0(%06d.%03d*kWh)\r\n1-0:1.7.0(%02d.%03d*kW)\r\n1-0:32.7.0(%d.%d*V)\r\n0-0:96.1.0(3335303030303031)\r\n"
        % (wall(utc_s), number // 1000, number % 1000, number % 17, number % 1000, 220 + number % 20, number % 10)
    )


def fields(number: int) -> dict[str, float]:
    """The same values, as a line must have them."""
    power_w = float(number % 17 * 1000 + number % 1000)
    return {
        "active_energy_import_wh": float(number),
        "active_power_import_w": power_w,
        "voltage_l1_v": 220 + number % 20 + number % 10 / 10,
    }


class Household:
    """What stands around the plugin and outlives it: a capture, a cable whose meter never stops, and a program's output."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.replayed = [p1.stoen(content(number, REPLAYED_FROM_S + number)) for number in range(REPLAYED)]
        (folder / "capture").write_bytes(b"".join(self.replayed))
        self._cable = MeterEnd(folder / "cable")
        fcntl.ioctl(self._cable._ours, termios.TIOCPKT, struct.pack("i", 0))  # TIOCPKT off: nobody asks who has it open
        os.set_blocking(self._cable._ours, False)
        self.sent: list[int] = []
        """Clock of each telegram of the cable, by its number."""
        self.radio_from_s = 0
        self._over = False
        self._thread = threading.Thread(target=self._send, daemon=True)
        script = folder / "program"
        script.write_text(f"#!/bin/sh\necho $$ >>{folder}/pids\nsleep 600 & echo $! >>{folder}/pids\ncat {folder}/radio; wait\n")
        script.chmod(0o755)
        text = f"""
        [output]
        status_interval = "100ms"
        [[meter]]
        name = "past"
        interface = "p1"
        port = "capture"
        encryption_key = "{p1.EK.hex()}"
        authentication_key = "{p1.AK.hex()}"
        [[meter]]
        name = "now"
        interface = "p1"
        port = "cable"
        [[receiver]]
        name = "attic"
        type = "hex"
        command = ["{script}"]
        [[meter]]
        name = "flat"
        interface = "wmbus"
        id = "{FLAT}"
        key = "{radio.KEY.hex()}"
        """
        (folder / "han.toml").write_text(text)
        (folder / "han.toml").chmod(0o600)
        (folder / "run").mkdir(mode=0o750)
        self._thread.start()

    def _send(self) -> None:
        """A new telegram as soon as the one before is taken. Bytes wait while nobody reads."""
        left = b""
        while not self._over:
            if not left:
                self.sent.append(int(time.time()))
                left = p1.plain(content(len(self.sent) - 1, self.sent[-1]))
            if select.select([], [self._cable._ours], [], 0.05)[1]:
                with suppress(BlockingIOError):
                    left = left[os.write(self._cable._ours, left) :]

    def print_anew(self) -> None:
        """What the program prints in the next run."""
        self.radio_from_s = int(time.time()) - RADIO_LINES // 2
        frames = [
            radio.mode_5(FLAT, number & 0xFF, radio.records(self.radio_from_s + number, (number, 0), 7, number))
            for number in range(RADIO_LINES)
        ]
        (self.folder / "radio").write_bytes(b"".join(map(radio.line, frames)))

    def run(self) -> subprocess.Popen[bytes]:
        """The plugin."""
        places = {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent), "RUNTIME_DIRECTORY": str(self.folder / "run")}
        words = [sys.executable, "-m", "telegraf_han", "run", "--config", str(self.folder / "han.toml")]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0, env=os.environ | places)

    def close(self) -> None:
        self._over = True
        self._thread.join(SOON_S)
        self._cable.close()


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    """All of it; gone at the test's end."""
    one = Household(tmp_path)
    yield one
    one.close()


def taken(process: subprocess.Popen[bytes], after_s: float, *, stalled: bool) -> bytes:
    """All output of a run that is killed so long after its first bytes. `stalled`: nobody reads before the kill, so that its pipe is full."""
    pipe = process.stdout.fileno()
    assert select.select([pipe], [], [], SOON_S)[0], "no line came"
    kill_s = time.monotonic() + after_s
    parts = []
    while (left_s := kill_s - time.monotonic()) > 0:
        if stalled:
            time.sleep(left_s)
        elif select.select([pipe], [], [], left_s)[0]:
            parts.append(os.read(pipe, 1 << 16))
    process.kill()
    process.wait(SOON_S)
    while data := os.read(pipe, 1 << 16):  # without end if a process that was left behind keeps the pipe open
        parts.append(data)
    return b"".join(parts)


READING = re.compile(
    r"electricity,interface=(?:p1|wmbus),meter=(past|now|flat),model=[^ ,]+,serial=\d{8} "
    r"((?:[a-z_0-9]+=-?[0-9.]+)(?:,[a-z_0-9]+=-?[0-9.]+)*) ([0-9]{19})"
)
"""A whole line of a telegram. The strict reader that other tests use is ten times slower."""


def readings(output: bytes) -> Iterator[tuple[str, dict[str, float], int]]:
    """Meter, values and time stamp of each telegram's line. Raises ValueError if any line is not whole."""
    for line in output.decode().split("\n")[:-1]:
        if line.startswith(("electricity_link,", "electricity_settings,")):
            linereader.metric(line)
            continue
        found = READING.fullmatch(line)
        if found is None:
            raise ValueError(line)
        values = (pair.partition("=") for pair in found[2].split(","))
        yield found[1], {name: float(value) for name, _, value in values}, int(found[3])


def alive(process: int) -> bool:
    """Whether it runs; an orphan that nobody reaps yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_killed_at_any_moment(household: Household) -> None:
    """Whatever the moment, all output is whole lines. Each is of a telegram that was sent, none is written twice, and nothing is left behind."""
    dice = random.Random(SEED)
    newest = -1
    count = {"past": 0, "now": 0, "flat": 0}
    for _ in range(KILLS):
        household.print_anew()
        (household.folder / "pids").unlink(missing_ok=True)
        process = household.run()
        output = taken(process, dice.uniform(0, LONGEST_S), stalled=dice.random() < 0.3)
        over_ns = time.time_ns()
        process.stdin.close()
        process.stdout.close()

        assert process.returncode == -signal.SIGKILL
        assert output.endswith(b"\n")
        place = {"past": 0, "flat": 0}
        last_ns = 0
        for name, values, stamp_ns in readings(output):
            count[name] += 1
            if name == "past":
                assert (values, stamp_ns) == (fields(place[name]), (REPLAYED_FROM_S + place[name]) * NS)
                place[name] += 1
            elif name == "flat":
                number = place[name]
                assert (values["active_energy_import_wh"], values["active_power_import_w"]) == (number, number)
                assert stamp_ns == (household.radio_from_s + number) * NS
                place[name] += 1
            else:
                number = int(values["active_energy_import_wh"])
                assert number > newest
                newest = number
                assert values == fields(number)
                assert max(last_ns, household.sent[number] * NS - 1) < stamp_ns <= over_ns + NS
                last_ns = stamp_ns
        with suppress(FileNotFoundError):
            until(lambda: not any(map(alive, map(int, (household.folder / "pids").read_text().split()))))
        assert len(list((household.folder / "run").iterdir())) <= 1
        assert not any(place.name.startswith("han.toml") and place.name != "han.toml" for place in household.folder.iterdir())

    print(f"\n{KILLS} kills, seed {SEED}: {sum(count.values())} lines, {count}")
    assert min(count.values()) > 0
    assert "E! " not in (household.folder / "log").read_text()
