"""The stack's containers one after the other: the really built image, the file's own command lines, users, mounts and health checks.

One stack serves all tests of this file, in their order: what a stranger sees from the first start to a power cut. `DEMO_DAYS` is
two instead of thirty, all else is docker-compose.yml as it stands.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import time
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from compose import containers
from servers import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Row = dict[str, Any]

ROOT = Path(__file__).parents[2]
DEMO = {"DEMO_DAYS": "2"}
INFLUX = "http://127.0.0.1:8086"
DAY_S = 86_400
LIVE = 15  # seconds of live data are enough to see that none is missing


class Home:
    """The stack of this file, and what of it runs."""

    def __init__(self, stack: containers.Stack) -> None:
        """Nothing runs yet."""
        self.stack = stack
        self.influxdb: containers.Container | None = None
        self.telegraf: containers.Container | None = None
        self.live_since = 0

    def live(self) -> list[Row]:
        """What Telegraf has delivered since its first start."""
        return self.query("grafana", f"select voltage_l3_v from electricity where time > {self.live_since}s")

    def secret(self, user: str, name: str) -> Path:
        """A secret's file, seen from outside."""
        return self.stack.volumes / f"{user}-secrets" / name

    def query(self, user: str, statement: str, database: str = "energy") -> list[Row]:
        """Ask InfluxDB as one of its users."""
        form = urllib.parse.urlencode({"db": database, "epoch": "s", "q": statement})
        answer = self.stack.http(f"{INFLUX}/query", self.secret(user, "influx_token"), form)
        assert answer.startswith("{"), answer
        series = [one for result in json.loads(answer)["results"] for one in result.get("series", [])]
        return [dict(zip(one["columns"], row, strict=True)) | one.get("tags", {}) for one in series for row in one["values"]]

    def start_influxdb(self) -> None:
        """Start InfluxDB and wait until it calls itself healthy."""
        self.influxdb = self.stack.start("influxdb")
        running.until(lambda: self.influxdb.health().returncode == 0, "InfluxDB's health", 60)

    def start_telegraf(self, stack: containers.Stack | None = None) -> containers.Container:
        """Start Telegraf."""
        self.telegraf = (stack or self.stack).start("telegraf")
        return self.telegraf


@pytest.fixture(scope="module")
def home(images: containers.Images, composed: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Return the stack with nothing started and no data."""
    with containers.network() as namespace:
        stack = containers.Stack(images, composed(), tmp_path_factory.mktemp("stack"), namespace)
        try:
            yield Home(stack)
        finally:
            stack.close()


def test_image_holds_what_it_shall(images: containers.Images, home: Home) -> None:
    """The plugin starts, under Telegraf's own entry point, and neither pip nor a key is in the image."""
    done = home.stack.run("telegraf", "telegraf-han", "--version")
    assert (done.returncode, done.stdout[:13]) == (0, "telegraf-han "), done.stderr

    root = images.root("telegraf-han:0.1.0")
    files = [str(path.relative_to(root)) for path in (root / "opt").rglob("*")]
    assert not [name for name in files if name.endswith((".ek", ".ak", ".env", "/pip", "/pip3"))]
    assert images.inspect("telegraf-han:0.1.0")["User"] == "telegraf"


def test_influxdb_becomes_healthy(home: Home) -> None:
    """Unhealthy before it answers, healthy then, as user 1000 on a read-only root."""
    home.start_influxdb()

    status = Path(f"/proc/{home.influxdb.first_pid}/status").read_text()
    assert "Uid:\t1000\t1000\t1000\t1000" in status
    assert "CapBnd:\t0000000000000000" in status


def test_first_set_up(home: Home) -> None:
    """It ends well, each secret belongs to its user alone, and none is in what it says."""
    done = home.stack.run("setup", env=DEMO)

    assert done.returncode == 0, done.stdout + done.stderr
    volumes = home.stack.volumes
    files = {str(path.relative_to(volumes)): path.stat() for path in volumes.glob("*-secrets/*")}
    assert {name: (stat.st_uid, stat.st_gid) for name, stat in files.items()} == {
        "admin-secrets/influx_password": (0, 0),
        "admin-secrets/influx_token": (0, 0),
        "telegraf-secrets/influx_token": (1000, 1000),
        "telegraf-secrets/demo_ek": (1000, 1000),
        "telegraf-secrets/demo_ak": (1000, 1000),
        "grafana-secrets/influx_token": (472, 0),
        "grafana-secrets/admin_password": (472, 0),
    }
    assert {stat.st_mode & 0o777 for stat in files.values()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in volumes.glob("*-secrets")} == {0o700}
    secrets = [(volumes / name).read_text() for name in files]
    assert len({*secrets}) == len(files)
    assert all(secret == secret.strip() and secret not in done.stdout + done.stderr for secret in secrets)


def test_least_rights(home: Home) -> None:
    """Telegraf may write the bucket and not read it, Grafana read both and not write; InfluxQL reaches the down-sampled data."""
    write = f"{INFLUX}/api/v2/write?org=home&bucket=energy&precision=s"
    assert home.stack.http(write, home.secret("telegraf", "influx_token"), "probe value=1 1000000000") == ""
    assert home.stack.http(write, home.secret("grafana", "influx_token"), "probe value=1 1000000000").startswith("HTTP 40")
    assert [row["value"] for row in home.query("grafana", "select value from probe")] == [1]
    assert home.query("grafana", 'select * from "5m".electricity') == []
    assert home.query("telegraf", "select value from probe") == []


def test_second_set_up_changes_nothing(home: Home) -> None:
    """Whoever says `docker compose up` again keeps secrets and data."""
    before = {path: path.read_text() for path in home.stack.volumes.glob("*-secrets/*")}

    done = home.stack.run("setup", env=DEMO)

    assert done.returncode == 0, done.stdout + done.stderr
    assert {path: path.read_text() for path in home.stack.volumes.glob("*-secrets/*")} == before


def test_history(home: Home) -> None:
    """The virtual meter has its days, raw and down-sampled, before anybody looks; the second time nothing is done."""
    done = home.stack.run("history")
    assert done.returncode == 0, done.stdout + done.stderr

    [raw] = home.query("grafana", "select count(active_power_import_w) from electricity group by meter, model")
    assert (raw["meter"], raw["model"]) == ("home", "MA309M")
    assert raw["count"] == pytest.approx(2 * DAY_S / 10, abs=360)
    [small] = home.query("grafana", 'select count(active_power_import_w) from "5m".electricity group by meter')
    assert small["count"] == pytest.approx(2 * DAY_S / 300, abs=13)
    again = home.stack.run("history")
    assert (again.returncode, again.stdout) == (0, "I! the virtual meter's history is there\n")


def test_telegraf_flows(home: Home) -> None:
    """Under its own user, without any capability, Telegraf delivers the meter's seconds and becomes healthy."""
    telegraf = home.start_telegraf()
    home.live_since = int(time.time())

    running.until(lambda: telegraf.health().returncode == 0, "Telegraf's health", 60)
    running.until(lambda: len(home.live()) >= LIVE, "live data", 60)
    status = Path(f"/proc/{telegraf.first_pid}/status").read_text()
    assert "Uid:\t1000\t1000\t1000\t1000" in status
    assert "CapBnd:\t0000000000000000" in status
    assert "Groups:\t20" in status
    assert home.secret("telegraf", "influx_token").read_text() not in Path(f"/proc/{telegraf.first_pid}/environ").read_text()


def test_live_data_go_on_where_the_history_ends(home: Home) -> None:
    """The registers never fall, and rise no more between history and live data than the meter could have drawn: it is one series."""
    rows = home.query("grafana", "select active_energy_import_wh as wh from electricity order by time desc limit 200")
    rows = list(reversed(rows))
    steps = [(after["wh"] - before["wh"], after["time"] - before["time"]) for before, after in itertools.pairwise(rows)]

    assert all(0 <= wh <= 20_000 * seconds / 3600 + 1 for wh, seconds in steps)
    assert len(home.query("grafana", "show series from electricity")) == 1
    assert {row["last"] for row in home.query("grafana", "select last(active_power_import_w) from electricity_settings")} == {6000}


def test_telegraf_ends_in_time(home: Home) -> None:
    """SIGTERM ends Telegraf, plugin and virtual meter within what compose grants, with nothing lost on the way."""
    begun = time.time()
    assert home.telegraf.stop() == 0
    assert time.time() - begun < 20

    times = [row["time"] for row in home.live()]
    assert times == list(range(times[0], times[-1] + 1))
    assert times[-1] - int(begun) <= 1


def test_power_cut(home: Home) -> None:
    """InfluxDB away, then the power: with a torn buffer Telegraf starts all the same, and brings what it had kept."""
    assert home.influxdb.stop() == 0
    telegraf = home.start_telegraf()
    buffer = home.stack.volumes / "telegraf/buffer"

    def kept() -> Path | None:
        return next((path for path in buffer.rglob("0*") if path.read_bytes().count(b"voltage_l3_v") >= LIVE), None)

    begun = int(time.time())
    file = running.until(kept, "a buffer with some seconds in it", 60)
    telegraf.kill()
    ended = int(time.time())
    file.write_bytes(file.read_bytes()[:-3])

    home.start_influxdb()
    telegraf = home.start_telegraf()
    telegraf.process.wait_for_log("torn bytes cut off")
    wanted = f"select voltage_l3_v from electricity where time > {begun}s and time < {ended - 1}s"
    found = running.until(lambda: (rows := home.query("grafana", wanted)) and len(rows) >= LIVE - 3 and rows, "the buffer's data", 60)
    times = [row["time"] for row in found]
    assert times == list(range(times[0], times[-1] + 1))


def test_nothing_is_written_beside_the_volumes(home: Home) -> None:
    """A container that tries to write its root is refused: the read-only root is one."""
    done = home.stack.run("telegraf", "sh", "-c", "touch /opt/x /etc/telegraf-han/x /run/secrets/x")

    assert done.stderr.count("Read-only file system") == 3


@pytest.fixture
def impatient(
    home: Home, images: containers.Images, composed: Callable[..., dict[str, Any]], tmp_path: Path
) -> Iterator[Callable[[str], containers.Container]]:
    """Return a function that starts Telegraf with the stack's configuration but for one replaced text, beside no meter."""
    if home.telegraf.process.running():
        home.telegraf.stop()
    with containers.network() as namespace:
        stack = containers.Stack(images, composed(HAN_METER="real"), tmp_path / "stack", namespace)
        for name in ("telegraf-secrets", "telegraf"):
            shutil.copytree(home.stack.volumes / name, stack.volumes / name, ignore=shutil.ignore_patterns("buffer"))
        (stack.volumes / "telegraf/buffer").mkdir()
        for path in (*stack.volumes.rglob("*"), stack.volumes / "telegraf", stack.volumes / "telegraf-secrets"):
            os.chown(path, 1000, 1000)

        def start(old: str, new: str) -> containers.Container:
            text = (ROOT / "docker/telegraf.conf").read_text()
            assert text.count(old) == 1
            (tmp_path / "telegraf.conf").write_text(text.replace(old, new))
            stack.replace[str(ROOT / "docker/telegraf.conf")] = str(tmp_path / "telegraf.conf")
            return stack.start("telegraf")

        try:
            yield start
        finally:
            stack.close()


def test_a_silent_meter_is_unhealthy(impatient: Callable[..., containers.Container]) -> None:
    """Healthy at first, then not, since no reading comes; the reason is told."""
    telegraf = impatient('max_time_between_metrics = "3m"', 'max_time_between_metrics = "4s"')
    telegraf.process.wait_for_log("Listening on unix:///tmp/waiting.sock")

    done = running.until(lambda: (done := telegraf.health()).returncode == 1 and "reading" in done.stdout and done, "the no", 30)
    assert done.stdout.startswith("no reading has come")


def test_an_influxdb_that_takes_nothing_is_unhealthy(impatient: Callable[..., containers.Container]) -> None:
    """More waiting than allowed is a no; here one metric is too much, and there is no InfluxDB."""
    telegraf = impatient("lt = 600.0", "lt = 1.0")
    telegraf.process.wait_for_log("Listening on unix:///tmp/waiting.sock")

    running.until(lambda: telegraf.health().stdout.startswith("InfluxDB does not take"), "the no", 40)
