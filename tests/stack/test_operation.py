"""docs/operation.md with a real InfluxDB, its command line and a real Telegraf: back up, restore, keep less, move.

The commands are taken out of the page. What belongs to a whole machine (systemd, packages) stands still: see `pagecommands`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from servers import running

from document import Document
from pagecommands import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = Document("docs/operation.md")
LOCAL = "http://127.0.0.1:8086"
DAY = "2026-11-29"
COUNT = "SELECT count(active_energy_import_wh) FROM {}electricity"
COUNTED = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
  omit_hostname = true
  buffer_strategy = "disk"
  buffer_directory = "{buffer}"
[[inputs.execd]]
  command = ["/bin/sh", "-c", '''n={first}; while echo "electricity number=$n"; do n=$((n + 1)); sleep 0.02; done''']
  signal = "none"
  data_format = "influx"
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "home"
  bucket = "energy"
"""
"""Telegraf's configuration with telegrams that are numbered. The output must be the same on both machines, so the port is, too."""


def _blocks(title: str) -> list[str]:
    return PAGE.section(title).blocks


def _counts(influx: running.Influx) -> list[int]:
    """The points of the bucket of telegrams and of the one of five-minute points."""
    found = [influx.query(COUNT.format(policy)) for policy in ("", '"5m".')]
    return [rows[0]["count"] if rows else 0 for rows in found]


@pytest.fixture
def machine(influx: running.Influx, influx_binary: Path, tmp_path: Path) -> Machine:
    """A machine with the token of its InfluxDB where `init` leaves it, buckets, tasks, tokens and some points."""
    made = Machine(tmp_path, {"influx": influx_binary}, INFLUX_CONFIGS_PATH=str(tmp_path / "configs"))
    token = made.root / "etc/telegraf/influx-admin.token"
    token.write_text(influx.token)
    made.typed(f"telegraf-han influx setup --token-file {token} --write-token-file /etc/telegraf/write.token", {}, INFLUX_URL=influx.url)
    now_s = int(time.time())
    influx.write("".join(f"electricity,meter=home active_energy_import_wh={n} {now_s - n}000000000\n" for n in range(3000)))
    old = "".join(f"electricity,meter=home active_energy_import_wh={n} {now_s - 300 * n}000000000\n" for n in range(1000))
    influx.write(old, "energy/5m")
    return made


def _backed_up(machine: Machine, influx: running.Influx) -> list[int]:
    (backup,) = _blocks("Back up")
    before = _counts(influx)
    machine.typed(backup, {"$(date +%F)": DAY, LOCAL: influx.url})
    return before


def test_restore_beside(machine: Machine, influx: running.Influx) -> None:
    """A bucket of the backup comes back under another name, with all its points; the backup is for root only."""
    points, _ = _backed_up(machine, influx)
    folder = machine.root / f"var/backups/telegraf-han/{DAY}"
    beside, _ = _blocks("Restore")
    machine.typed(beside, {LOCAL: influx.url})

    (row,) = influx.query(COUNT.format(""), db="energy-old")
    assert row["count"] == points
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "etc.tar.gz").stat().st_size > 0


def test_restore_after_the_loss_of_a_disk(machine: Machine, influx: running.Influx, influxd_binary: Path, tmp_path: Path) -> None:
    """A new InfluxDB gets everything back: the points of both buckets, the tasks, and the tokens, so nothing else has to change."""
    before = _backed_up(machine, influx)
    tasks = {task["name"] for task in json.loads(influx.request("/api/v2/tasks"))["tasks"]}
    shutil.rmtree(machine.root / "etc/telegraf")
    _, whole = _blocks("Restore")
    with _not_set_up(influxd_binary, tmp_path / "new", influx) as new:
        machine.typed(whole, {LOCAL: new.url, "telegraf-han init\n": ""})

        assert _counts(new) == before
        assert {task["name"] for task in json.loads(new.request("/api/v2/tasks"))["tasks"]} == tasks
        new.token = (machine.root / "etc/telegraf/write.token").read_text().strip()
        new.write("electricity,meter=home active_energy_import_wh=1 1700000000000000000")
    assert machine.did.read_text() == "systemctl stop telegraf\nsystemctl start telegraf\n"


class _NotSetUp(running.Influx):
    """An InfluxDB that nobody has set up yet; `token` is the one that it will have."""

    def _set_up(self) -> None:
        pass


@contextlib.contextmanager
def _not_set_up(program: Path, folder: Path, like: running.Influx) -> Iterator[running.Influx]:
    new = _NotSetUp(program, folder)
    new.token = like.token
    try:
        yield new
    finally:
        new.process.close()


def test_keep_less(machine: Machine, influx: running.Influx) -> None:
    """The command sets both times."""
    (keep,) = _blocks("How long data are kept")
    machine.typed(keep, {}, INFLUX_URL=influx.url)

    rules = {bucket["name"]: bucket["retentionRules"] for bucket in json.loads(influx.request("/api/v2/buckets"))["buckets"]}
    assert [rule["everySeconds"] for rule in rules["energy"]] == [90 * 86_400]
    assert sum(rule["everySeconds"] for rule in rules["energy/5m"]) == 0


def test_move(influx: running.Influx, influxd_binary: Path, telegraf_binary: Path, tmp_path: Path) -> None:
    """Telegrams that came while InfluxDB was stopped and copied are on the new machine, and so are all before; one number follows the other."""
    _, pack, unpack, pack_telegraf, unpack_telegraf = _blocks("Move to another machine")
    old, new = Machine(tmp_path / "old", {}), Machine(tmp_path / "new", {})
    buffer = "var/lib/telegraf/buffer"
    (old.root / buffer).mkdir(parents=True)

    def configured(machine: Machine, first: int) -> Path:
        file = machine.root / "etc/telegraf/telegraf.conf"
        file.write_text(COUNTED.format(buffer=machine.root / buffer, first=first, url=influx.url, token=influx.token))
        return file

    with contextlib.ExitStack() as stack:
        telegraf = stack.enter_context(running.telegraf(telegraf_binary, configured(old, 0), tmp_path))
        influx.wait_for_rows("SELECT number FROM electricity", 20)
        influx.stop()
        shutil.copytree(tmp_path / "influxdb", old.root / "var/lib/influxdb")
        old.typed(pack, {})
        shutil.copy(old.root / "root/influxdb.tar.gz", new.root / "root")
        new.typed(unpack, {})
        waited = running.until(lambda: _waiting(old.root / buffer), "telegrams that wait on disk")
        telegraf.stop()
        old.typed(pack_telegraf, {})
        shutil.copy(old.root / "root/telegraf.tar.gz", new.root / "root")
        new.typed(unpack_telegraf, {"telegraf-han init\n": ""})
        moved = _Moved(influxd_binary, new.root / "var/lib/influxdb", influx)
        stack.callback(moved.process.close)
        stack.enter_context(running.telegraf(telegraf_binary, configured(new, 1_000_000), tmp_path))
        moved.wait_for_rows("SELECT number FROM electricity WHERE number >= 1000000", timeout_s=60)
        running.until(lambda: not _waiting(new.root / buffer), "an empty buffer", 60)
        numbers = sorted(int(row["number"]) for row in moved.query("SELECT number FROM electricity WHERE number < 1000000"))

    assert waited
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 20
    did = old.did.read_text().splitlines()
    assert did == ["systemctl stop influxdb", "systemctl disable --now telegraf", "systemctl disable influxdb"]


class _Moved(running.Influx):
    """The InfluxDB of another machine on the data of the first one, at the same address and with the same token."""

    def __init__(self, program: Path, folder: Path, like: running.Influx) -> None:
        self._program, self._folder, self.token = program, folder, like.token
        self._port = int(re.sub(r".*:", "", like.url))
        self.process = self._started()


def _waiting(buffer: Path) -> int:
    """Bytes in Telegraf's buffer."""
    return sum(os.path.getsize(file) for file in buffer.glob("*/" + "[0-9]" * 20))
