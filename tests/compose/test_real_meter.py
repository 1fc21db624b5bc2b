"""The stack with HAN_METER=real: docs/compose.md's way to a meter of one's own, whose cable here is a pseudo terminal.

A meter behind a pseudo terminal of this machine sends what a MA309M sends; its keys are an owner's, files with mode 600 beside the
example's configuration as it stands. `max_time_between_metrics` is seconds instead of three minutes, all else is the file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from compose.home import INFLUX, Home, query_form, rows
from servers import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from compose import containers

ROOT = Path(__file__).parents[2]
OWNER, DIALOUT = 1000, 20
KEYS = {"home.ek": "5a1f0e2d3c4b5a69788796a5b4c3d2e1", "home.ak": "c0ffee00112233445566778899aabbcc"}
PATIENCE = ('max_time_between_metrics = "3m"', 'max_time_between_metrics = "5s"')
LIVE = 10


class Meter:
    """A virtual meter on a pseudo terminal, which stands for the cable."""

    def __init__(self, folder: Path) -> None:
        """It sends from now on; the cable may be opened by the group that Debian lets open serial devices."""
        link = folder / "cable"
        command = [sys.executable, "-m", "telegraf_han", "simulate", "ma309m", "--config", str(folder / "real/han.toml")]
        env = {**os.environ, "PYTHONPATH": str(ROOT / "plugin")}
        self.process = running.Process([*command, "--to", "pty", "--link", str(link)], folder / "meter.log", folder, env)
        running.until(lambda: link.exists() or not self.process.running(), "the cable")
        assert self.process.running(), self.process.log_text()
        self.device = str(link.resolve())
        os.chown(self.device, 0, DIALOUT)
        Path(self.device).chmod(0o660)

    def silent(self) -> None:
        """Send nothing more."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def speak(self) -> None:
        """Go on."""
        os.kill(self.process.pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def meter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meter]:
    """Return a meter, with a folder `real` beside it as its owner has filled it."""
    folder = tmp_path_factory.mktemp("owner")
    folder.chmod(0o755)
    (folder / "real").mkdir()
    shutil.copy(ROOT / "docker/real/han.toml.example", folder / "real/han.toml")
    for name, key in KEYS.items():
        (folder / "real" / name).write_text(key + "\n")
        (folder / "real" / name).chmod(0o600)
        os.chown(folder / "real" / name, OWNER, OWNER)
    meter = Meter(folder)
    try:
        yield meter
    finally:
        meter.speak()
        meter.process.close()


@pytest.fixture(scope="module")
def stack(meter: Meter, stack_of: Callable[..., AbstractContextManager[containers.Stack]]) -> Iterator[containers.Stack]:
    """Return the stack with this meter's cable and folder."""
    folder = meter.process.log.parent
    impatient = folder / "telegraf.conf"
    text = (ROOT / "docker/telegraf.conf").read_text()
    assert text.count(PATIENCE[0]) == 1
    impatient.write_text(text.replace(*PATIENCE))
    with stack_of(HAN_METER="real", HAN_DEVICE=meter.device) as stack:
        stack.replace[str(ROOT / "docker/real")] = str(folder / "real")
        stack.replace[str(ROOT / "docker/telegraf.conf")] = str(impatient)
        yield stack


@pytest.fixture(scope="module")
def home(stack: containers.Stack) -> Home:
    """Return the stack as `docker compose up` leaves it, with some seconds of data."""
    home = Home(stack)
    for name in ("setup", "history"):
        done = stack.run(name)
        assert done.returncode == 0, done.stdout + done.stderr
    home.live_since = int(time.time())
    telegraf = home.start_telegraf()
    running.until(lambda: len(home.live()) >= LIVE, "live data", 60)
    running.until(lambda: telegraf.health().returncode == 0, "Telegraf's health", 60)
    return home


def test_check_before_the_start(stack: containers.Stack) -> None:
    """The command that the manual gives says that nothing is missing, and tells no key."""
    done = stack.run("telegraf", "telegraf-han", "check", "--config", "/etc/telegraf-han/han.toml")

    assert done.returncode == 0, done.stdout + done.stderr
    assert not [key for key in KEYS.values() if key in (done.stdout + done.stderr).lower()]


def test_no_history_is_made_up(stack: containers.Stack, home: Home) -> None:
    """A real meter's past is not invented: nothing is older than the start."""
    done = stack.run("history")

    assert (done.returncode, done.stdout) == (0, "I! there is no virtual meter, so there is no history to write\n")
    [oldest] = home.query("grafana", "select first(active_power_import_w) from electricity")
    assert oldest["time"] >= home.live_since - 10


def test_the_cable_is_read(home: Home) -> None:
    """Second by second, under the configured name, with the owner's limits."""
    times = home.live()
    assert times == list(range(times[0], times[-1] + 1))

    [series] = home.query("grafana", "select last(voltage_l1_v) from electricity group by *")
    assert (series["meter"], series["model"], series["interface"]) == ("home", "MA309M", "p1")
    [settings] = home.query("grafana", "select last(voltage_low_v) as low, last(voltage_high_v) as high from electricity_settings")
    assert (settings["low"], settings["high"]) == (207, 253)


def test_health_follows_the_meter(home: Home, meter: Meter) -> None:
    """A meter that falls silent makes Telegraf unhealthy, with the reason; one that speaks again makes it healthy."""
    telegraf = home.telegraf
    assert telegraf is not None
    assert telegraf.health().returncode == 0

    meter.silent()
    done = running.until(lambda: (done := telegraf.health()).returncode and done, "the no", 60)
    assert done.stdout.startswith("no reading has come")

    meter.speak()
    running.until(lambda: telegraf.health().returncode == 0, "the yes", 60)


def test_restarted_twice_nothing_is_lost(home: Home, stack: containers.Stack) -> None:
    """`docker compose restart`, twice: the data go on, and what was there stays."""
    before = home.live()
    for _ in range(2):
        assert home.telegraf is not None
        assert home.telegraf.stop() == 0
        assert home.influxdb.stop() == 0
        home.start_influxdb()
        for name in ("setup", "history"):
            assert stack.run(name).returncode == 0
        started = int(time.time())
        home.start_telegraf()
        running.until(lambda started=started: [second for second in home.live() if second > started], "live data", 60)

    assert set(home.live()) >= set(before)


def test_keys_are_nowhere_but_in_their_files(home: Home, stack: containers.Stack) -> None:
    """Neither in a log, nor in a process's arguments or environment."""
    assert home.telegraf is not None
    logs = [path.read_text().lower() for path in stack.volumes.parent.glob("*.log")]
    processes = Path(f"/proc/{home.telegraf.first_pid}")
    shown = [(processes / name).read_text().lower() for name in ("cmdline", "environ")]

    assert len(logs) >= 2
    assert not [key for key in KEYS.values() for text in (*logs, *shown) if key in text]


def test_five_volumes_are_a_backup(home: Home, stack_of: Callable[..., AbstractContextManager[containers.Stack]], tmp_path: Path) -> None:
    """What the manual says to keep is enough: in a new stack the data are there, and each secret still opens its door."""
    listed = re.search(r"for volume in ([\w -]+); do", (ROOT / "docs/compose.md").read_text())
    assert listed is not None
    assert home.telegraf is not None
    assert (home.telegraf.stop(), home.influxdb.stop()) == (0, 0)
    kept = home.stack.volumes
    with stack_of(HAN_METER="real") as stack:
        for volume in set(listed[1].split()) & {path.name for path in kept.iterdir()}:
            subprocess.run(["tar", "-czf", tmp_path / volume, "-C", kept / volume, "."], check=True)
            (stack.volumes / volume).mkdir()
            subprocess.run(["tar", "-xzf", tmp_path / volume, "-C", stack.volumes / volume], check=True)
        restored = Home(stack)
        done = stack.run("setup")

        assert done.returncode == 0, done.stdout + done.stderr
        assert restored.secrets() == {stack.volumes / path.relative_to(kept): text for path, text in home.secrets().items()}
        assert restored.query("grafana", "select count(voltage_l1_v) from electricity")[0]["count"] > LIVE
    home.start_influxdb()


@pytest.fixture
def elsewhere(stack_of: Callable[..., AbstractContextManager[containers.Stack]], tmp_path: Path) -> Iterator[Home]:
    """Return the variant with an InfluxDB that somebody has set up before, and whose token lies in a file."""
    token = tmp_path / "token"
    token.write_text("an-all-access-token-of-somebody\n")
    token.chmod(0o600)
    overrides = {"INFLUX_URL": INFLUX, "INFLUX_ADMIN_TOKEN_FILE": str(token), "INFLUX_ORG": "family"}
    with stack_of() as theirs, stack_of("docker/existing-influxdb.yml", **overrides) as ours:
        ours.join(theirs)
        home = Home(theirs)
        first = {"username": "them", "password": "their password", "org": "family", "bucket": "cellar", "token": token.read_text().strip()}
        theirs.http(f"{INFLUX}/api/v2/setup", body=json.dumps(first))
        home.stack = ours
        yield home


def test_an_influxdb_elsewhere(elsewhere: Home) -> None:
    """The set-up adds its buckets and tokens to what is there, twice without harm; what Grafana is given can read them."""
    for _ in range(2):
        done = elsewhere.stack.run("setup")
        assert done.returncode == 0, done.stdout + done.stderr

    found = rows(elsewhere.stack.http(f"{INFLUX}/query", elsewhere.secret("grafana"), query_form("show databases")))
    assert "energy" in {row["name"] for row in found}
    assert "cellar" not in {row["name"] for row in found}
    assert not (elsewhere.stack.volumes / "admin-secrets/influx_password").exists()
