"""The Debian package over the version before, while Telegraf runs: what the owner has stays, and the new version reads on."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from package.conftest import BEFORE
from package.test_install import TELEGRAFS_USER
from servers import build, running

from telegraf_han import __version__

if TYPE_CHECKING:
    from package.conftest import Built
    from package.machine import Machine

ROOT = Path(__file__).parents[2]
KEYS = {"ek": "000102030405060708090a0b0c0d0e0f", "ak": "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"}
HAN = """
[[meter]]
name = "home"
interface = "p1"
port = "/tmp/meter"
encryption_key = "file:home.ek"
authentication_key = "file:home.ak"
"""
# As in README, with a buffer on disk and an InfluxDB that is away.
TELEGRAF = """
[agent]
  interval = "1s"
  flush_interval = "1s"
  omit_hostname = true
  buffer_strategy = "disk"
  buffer_directory = "/var/lib/telegraf/buffer"
[[inputs.execd]]
  command = ["/opt/telegraf-han/bin/telegraf-han", "run", "--config", "/etc/telegraf/han.toml"]
  signal = "none"
  restart_delay = "1s"
  data_format = "influx"
[[outputs.influxdb_v2]]
  urls = ["http://127.0.0.1:8086"]
  token = "none"
  organization = "home"
  bucket = "energy"
"""
READER = "/opt/telegraf-han/bin/telegraf-han run"
SIMULATOR = "telegraf-han simulate GAMA350 --to pty --link /tmp/meter"


@pytest.fixture
def reading(lived_in: Machine, before: Path, tmp_path: Path) -> Machine:
    """A machine where the real Telegraf runs the version before, as its own user, and keeps on disk what it cannot send."""
    try:
        program = build.binary("telegraf")
    except build.CannotBuildError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    machine = lived_in
    machine.do("sh", "-c", f"{TELEGRAFS_USER} && mkdir -p /etc/telegraf && install -d -o telegraf -g telegraf -m 750 /var/lib/telegraf")
    shutil.copyfile(program, machine.path("/usr/bin/telegraf"))
    machine.path("/etc/telegraf/telegraf.conf").write_text(TELEGRAF)
    machine.path("/etc/telegraf/han.toml").write_text(HAN)
    for name, key in KEYS.items():
        machine.path(f"/etc/telegraf/home.{name}").write_text(f"{key}\n")
    machine.do(
        "sh", "-c", "chmod 755 /usr/bin/telegraf && cd /etc/telegraf && chmod 640 han.toml && chown root:telegraf han.toml"
        " && chmod 600 home.* && chown telegraf:telegraf home.*",
    )  # fmt: skip
    machine.install(before)
    assert machine.do("telegraf-han", "--version") == f"telegraf-han {BEFORE}\n"
    machine.start(tmp_path / "simulator.log", "telegraf-han", *SIMULATOR.split()[1:], user="telegraf")
    running.until(lambda: machine.path("/tmp/meter").is_symlink(), "the virtual meter", 60)
    machine.start(tmp_path / "telegraf.log", "/usr/bin/telegraf", "--config", "/etc/telegraf/telegraf.conf", user="telegraf")
    running.until(lambda: _buffered(machine) > 2000, "telegrams in Telegraf's buffer", 90)
    return machine


def _buffered(machine: Machine) -> int:
    """Bytes in Telegraf's buffer."""
    return sum(path.stat().st_size for path in machine.path("/var/lib/telegraf/buffer").rglob("*") if path.is_file())


def _kept(machine: Machine) -> dict[str, tuple[int, int, int, str]]:
    """Mode, owner and content of every file in /etc/telegraf."""
    found = {}
    for path in sorted(machine.path("/etc/telegraf").rglob("*")):
        about = path.stat()
        found[path.name] = (about.st_mode & 0o7777, about.st_uid, about.st_gid, hashlib.sha256(path.read_bytes()).hexdigest())
    return found


def test_while_telegraf_runs(reading: Machine, built: Built) -> None:
    """Configuration, keys and what Telegraf has not sent stay as they are; Telegraf runs on, and reads with the new version."""
    kept, (telegraf,), old = _kept(reading), reading.processes("/usr/bin/telegraf --config"), reading.processes(READER)
    stored = {path: path.read_bytes() for path in reading.path("/var/lib/telegraf/buffer").rglob("*") if path.is_file()}
    assert len(old) == 1
    assert kept["han.toml"][0] == 0o640
    assert sorted(kept) == ["han.toml", "home.ak", "home.ek", "telegraf.conf"]

    said = reading.install(built.packages["amd64"])

    assert "telegraf-han: the running reader was ended. Telegraf starts the new version in about 10 seconds (restart_delay)\n" in said
    assert "next:" not in said
    assert reading.do("telegraf-han", "--version") == f"telegraf-han {__version__}\n"
    assert _kept(reading) == kept
    (new,) = running.until(lambda: reading.processes(READER) - old, "the new version's reader", 60)
    assert reading.processes("/usr/bin/telegraf --config") == {telegraf}
    # What was stored is still there, and more comes after it.
    for path, content in stored.items():
        assert path.read_bytes()[: len(content)] == content, path
    size = _buffered(reading)
    running.until(lambda: _buffered(reading) > size + 1000, "telegrams of the new version", 60)
    assert reading.processes(READER) == {new}

    reading.do("apt-get", "--yes", "purge", "telegraf-han")

    running.until(lambda: not reading.processes(READER), "the end of the reader", 30)
    assert reading.processes("/usr/bin/telegraf --config") == {telegraf}
    assert _kept(reading) == kept
    assert _buffered(reading) > size


def test_over_an_environment_made_with_pip(lived_in: Machine, built: Built, unpacked: Path) -> None:
    """Before there was a package, README said to make /opt/telegraf-han oneself. It is put aside, and removing brings nothing back."""
    lived_in.do("python3", "-m", "venv", "--without-pip", "/opt/telegraf-han")
    site = lived_in.path("/opt/telegraf-han/lib/python3.11/site-packages")
    shutil.copytree(unpacked / "plugin/telegraf_han", site / "telegraf_han")
    (site / "telegraf_han/__init__.py").write_text('__version__ = "0.1.0"\nRELEASED_S = 0\n')
    command = lived_in.path("/opt/telegraf-han/bin/telegraf-han")
    command.write_text("#!/opt/telegraf-han/bin/python3\nfrom telegraf_han.cli import main\nmain()\n")
    command.chmod(0o755)
    lived_in.do("ln", "-s", "/opt/telegraf-han/bin/telegraf-han", "/usr/local/bin/")
    assert lived_in.do("telegraf-han", "--version") == "telegraf-han 0.1.0\n"

    said = lived_in.install(built.packages["amd64"])

    assert "telegraf-han: the virtual environment that you made with pip is in /opt/telegraf-han.pip now. You can delete it\n" in said
    assert lived_in.do("telegraf-han", "--version") == f"telegraf-han {__version__}\n"
    assert lived_in.path("/opt/telegraf-han.pip/pyvenv.cfg").exists()
    lived_in.do("apt-get", "--yes", "purge", "telegraf-han")
    assert not lived_in.path("/opt/telegraf-han").exists()
