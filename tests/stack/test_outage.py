"""InfluxDB goes away, and Telegraf ends meanwhile. The tests find what is lost, with the repository's own telegraf.conf.example.

The plugin reads a virtual meter under a real Telegraf that writes to a real InfluxDB. The telegrams of ten minutes wait on disk. The
meter sends faster than in reality, so that a test takes half a minute. `HAN_OUTAGE_SPEED=1` runs the test in real time.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from servers import running

import cleartext
import diskbuffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLE = Path(__file__).parents[2] / "telegraf.conf.example"
NS = 10**9
SPEED = float(os.environ.get("HAN_OUTAGE_SPEED", "50"))
PATIENCE_S = 60 + 1200 / SPEED
"""For what takes no longer than a meter's quarter of an hour, on a machine that does other things too."""
OUTAGE = 600
"""Telegrams that wait, of a meter that sends one a second: ten minutes."""
UNDER_WAY_S = 1
"""What was sent before Telegraf ended and had not got to its buffer, on a busy machine."""
TAGS = ("interface", "meter", "model", "serial")
KEYS = {"encryption_key": "000102030405060708090a0b0c0d0e0f", "authentication_key": "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"}


class Meter(NamedTuple):
    """A virtual meter that begins when somebody reads it, and ends after `seconds` of its own."""

    port: str
    start: str
    seconds: int

    def sent(self) -> dict[int, dict[str, float]]:
        """Every telegram: time stamp in ns → fields."""
        return cleartext.sent("gama350", self.start, self.seconds)


@contextlib.contextmanager
def _meter(folder: Path, seconds: int) -> Iterator[Meter]:
    # In the middle the meter's clock is right, so that it is always within the ten minutes in which it is believed.
    ahead_s = seconds * (1 - 1 / SPEED) / 2
    start = datetime.fromtimestamp(int(time.time() - ahead_s)).astimezone()
    until = datetime.fromtimestamp(start.timestamp() + seconds).astimezone()
    times = ("--start", start.isoformat(), "--until", until.isoformat(), "--speed", f"{SPEED:g}")
    log = folder / "meter.log"
    # TCP, because the kernel buffers more data for it than for a pseudo terminal, if this machine is busy.
    with log.open("wb") as output:
        process = subprocess.Popen(cleartext.simulate("gama350", "--to", "tcp:0", "--wait", *times), stderr=output)
    try:
        port = running.until(lambda: re.search(r"socket://\S+", log.read_text()), "the meter's port")
        assert port is not None
        yield Meter(port[0], start.isoformat(), seconds)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def telegraf(influx: running.Influx, telegraf_binary: Path, tmp_path: Path) -> Iterator[Callable[[Meter], running.Process]]:
    """A function that starts Telegraf with the unchanged example, which reads a meter. All are stopped after the test."""
    command, config = tmp_path / "telegraf-han", tmp_path / "han.toml"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m telegraf_han "$@"\n')
    command.chmod(0o755)
    env = {"INFLUX_URL": influx.url, "INFLUX_TOKEN": influx.token, "INFLUX_ORG": influx.org, "INFLUX_BUCKET": influx.bucket}
    env |= {"HAN_COMMAND": str(command), "HAN_CONFIG": str(config), "HAN_BUFFER": str(tmp_path / "buffer")}
    with contextlib.ExitStack() as stack:

        def start(meter: Meter) -> running.Process:
            keys = "".join(f'{name} = "{key}"\n' for name, key in KEYS.items())
            config.write_text(f'[[meter]]\nname = "home"\ninterface = "p1"\nport = "{meter.port}"\n{keys}')
            config.chmod(0o600)
            return stack.enter_context(running.telegraf(telegraf_binary, EXAMPLE, tmp_path, env))

        yield start


def _stored(influx: running.Influx) -> dict[int, dict[str, float]]:
    """Time stamp in ns → fields, of every telegram in InfluxDB."""
    rows = influx.query("SELECT * FROM electricity")
    return {row.pop("time"): {name: value for name, value in row.items() if name not in TAGS and value is not None} for row in rows}


def _waiting(folder: Path) -> list[int]:
    """Time stamps in ns of the telegrams in Telegraf's buffer, in its order."""
    return diskbuffer.telegrams(folder / "buffer")


def test_ten_minutes_without_influxdb(influx: running.Influx, telegraf: Callable[[Meter], running.Process], tmp_path: Path) -> None:
    """InfluxDB is killed and comes back after ten minutes of telegrams. Every telegram is there, number by number."""
    with _meter(tmp_path, OUTAGE + 250) as meter:
        process = telegraf(meter)
        influx.wait_for_rows("SELECT active_energy_import_wh FROM electricity", 30, timeout_s=PATIENCE_S)
        influx.kill()
        running.until(lambda: len(_waiting(tmp_path)) >= OUTAGE, f"{OUTAGE} telegrams on disk", PATIENCE_S)
        influx.start()
        influx.wait_for_rows("SELECT active_energy_import_wh FROM electricity", meter.seconds, timeout_s=PATIENCE_S)
        running.until(lambda: not _waiting(tmp_path), "an empty buffer", PATIENCE_S)
        log = process.log_text()

    assert _stored(influx) == meter.sent()
    assert "dropped" not in log, log


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_telegraf_ends_meanwhile(
    influx: running.Influx, telegraf: Callable[[Meter], running.Process], tmp_path: Path, end: signal.Signals
) -> None:
    """Telegrams that waited when Telegraf was stopped or killed are there again. Only the telegrams sent while it was away are lost."""
    with _meter(tmp_path, 500) as meter:
        first = telegraf(meter)
        influx.wait_for_rows("SELECT active_energy_import_wh FROM electricity", 20, timeout_s=PATIENCE_S)
        influx.kill()
        running.until(lambda: len(_waiting(tmp_path)) >= 100, "telegrams on disk", PATIENCE_S)
        away_s = time.monotonic()
        before = _waiting(tmp_path)
        first.stop() if end == signal.SIGTERM else first.kill()
        kept = _waiting(tmp_path)
        telegraf(meter)
        running.until(lambda: len(_waiting(tmp_path)) >= len(kept) + 20, "more telegrams on disk", PATIENCE_S)
        away_s = time.monotonic() - away_s
        influx.start()
        influx.wait_for_rows("SELECT active_energy_import_wh FROM electricity", len(kept) + 60, timeout_s=PATIENCE_S)
        sent = meter.sent()
        last = max(sent)
        running.until(lambda: last in _stored(influx), "the meter's last telegram", PATIENCE_S)

    stored = _stored(influx)
    lost = sorted(sent.keys() - stored.keys())
    assert set(before) <= set(kept) <= stored.keys()
    assert stored == {stamp: fields for stamp, fields in sent.items() if stamp in stored}
    assert lost
    assert lost == list(range(lost[0], lost[-1] + NS, NS))
    assert lost[0] > before[-1]
    assert len(lost) < (away_s + UNDER_WAY_S) * SPEED
