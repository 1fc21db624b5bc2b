"""The real Telegraf and the plugin in the sandbox that docs/examples/telegraf-sandbox.conf gives the service.

systemd does not run here. `confined` does the same with the same kernel calls, as far as it says. A forbidden system call ends the process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from servers import running

import confined
import linereader
import p1telegrams as p1
from meterend import MeterEnd

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "docs/examples/telegraf-sandbox.conf"
METER = f"""
[[meter]]
name = "home"
interface = "p1"
port = "{{port}}"
encryption_key = "file:home.ek"
authentication_key = "file:home.ak"

[[meter]]
name = "flat"
interface = "wmbus"
id = "12345678"
key = "000102030405060708090a0b0c0d0e0f"

[[receiver]]
name = "program"
type = "hex"
command = ["{sys.executable}", "-c", "import time; print('started', flush=True); time.sleep(600)"]
"""
BUFFERED = """
[[outputs.influxdb_v2]]
  urls = ["http://127.0.0.1:9"]
  token = "none"
  organization = "home"
  bucket = "energy"
"""
FORBIDDEN = {
    "a file outside its folder": "open('/etc/telegraf-han-was-here', 'w')",
    "another owner of a file": "import os; os.chown('.', 0, 0)",
    "packets of its own": "import socket; socket.socket(socket.AF_PACKET)",
    "code that it wrote itself": "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "another priority": "import os; os.nice(1)",
    "a mount": "import ctypes; ctypes.CDLL(None).mount(b'none', b'.', b'tmpfs', 0, None)",
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """What is /var/lib/telegraf for the service. Only this can be written."""
    if subprocess.run(["systemd-analyze", "--version"], capture_output=True, check=False).returncode and os.environ.get("CI") != "true":
        pytest.skip("systemd-analyze is not installed")
    place = tmp_path / "state"
    place.mkdir()
    yield place
    assert os.getuid() or not Path("/etc/telegraf-han-was-here").exists()


def confine(folder: Path, *command: str) -> list[str]:
    """The command line of a program in the sandbox."""
    return [sys.executable, confined.__file__, str(UNIT), str(folder), *command]


def test_telegraf_and_the_plugin_work_in_it(telegraf_binary: Path, tmp_path: Path, folder: Path) -> None:
    """Both read the cable, start a program, keep metrics on disk, open the tap, write, and end in order. No forbidden call is made."""
    cable = MeterEnd(tmp_path / "cable")
    for name, key in (("home.ek", p1.EK), ("home.ak", p1.AK)):
        (tmp_path / name).write_text(key.hex())
    config = tmp_path / "han.toml"
    config.write_text(METER.format(port=tmp_path / "cable"))
    for file in (config, tmp_path / "home.ek", tmp_path / "home.ak"):
        file.chmod(0o600)
    output, taps = folder / "metrics.lp", folder / "run"
    taps.mkdir(mode=0o700)
    telegraf = tmp_path / "telegraf.conf"
    agent = f'[agent]\n  buffer_strategy = "disk"\n  buffer_directory = "{folder / "buffer"}"\n'
    telegraf.write_text(
        running.PLUGIN.format(python=sys.executable, config=config).replace("[agent]\n", agent)
        + f'[[outputs.file]]\n  files = ["{output}"]\n  data_format = "influx"\n'
        + BUFFERED
    )
    env = {**os.environ, "RUNTIME_DIRECTORY": str(taps), "HOME": str(folder)}
    process = running.Process(confine(folder, str(telegraf_binary), "--config", str(telegraf)), tmp_path / "telegraf.log", folder, env)
    try:
        running.until(cable.opened, "the plugin at the cable")
        for second in range(50, 60):
            cable.send(p1.stoen(p1.LINES.replace(b"150553S", b"1505%dS" % second)))
        running.until(lambda: _readings(output) >= 10, "ten readings")
        running.until(lambda: [path for path in taps.iterdir() if path.is_socket()], "the tap")
        running.until(lambda: list((folder / "buffer").rglob("0*")), "the buffer on disk")
        assert process.stop() == 0
        log = process.log_text()
    finally:
        process.close()
        cable.close()

    assert "signal" not in log
    assert "core" not in {path.name for path in folder.rglob("*")}


def _readings(output: Path) -> int:
    """Points of the meter that are whole."""
    data = output.read_bytes() if output.exists() else b""
    found = linereader.metrics(data[: data.rfind(b"\n") + 1])
    return sum(metric.measurement == "electricity" for metric in found)


@pytest.mark.parametrize("code", FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_it_forbids(folder: Path, code: str) -> None:
    """What no meter's reader does fails. So the test above shows that the sandbox is closed and Telegraf works."""
    done = subprocess.run(confine(folder, sys.executable, "-c", code), capture_output=True, timeout=60, check=False)
    last_word = done.stderr.decode()

    assert done.returncode == -signal.SIGSYS or "Read-only file system" in last_word or "Permission denied" in last_word, last_word


def test_a_plain_program_runs_in_it(folder: Path) -> None:
    """A program that only writes into its folder ends well, so nothing above fails because everything does."""
    done = subprocess.run(confine(folder, sys.executable, "-c", "open('x', 'w')"), capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")
