"""The stack's containers: the really built image, docker-compose.yml's own command lines, users, mounts and health checks.

What a stranger goes through, from the first start to a power cut: InfluxDB, the set-up, the virtual meter's past, Telegraf. Each
stage is a fixture that builds on the one before. Nothing is smaller than it will be: the virtual meter has its thirty days.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from compose import provisioned
from compose.home import INFLUX, Home, query_form, rows
from servers import running

from telegraf_han import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from compose import containers, image_store

    Done = subprocess.CompletedProcess[str]

ROOT = Path(__file__).parents[2]
PLUGIN = f"telegraf-han:{__version__}"  # the image that is built here
DAYS = 30
DAY_S = 86_400
LIVE = 15  # seconds of live data are enough to see that none is missing


@pytest.fixture(scope="module")
def home(stack_of: Callable[..., AbstractContextManager[containers.Stack]]) -> Iterator[Home]:
    """Return the stack with an empty InfluxDB."""
    with stack_of() as stack:
        yield Home(stack)


@pytest.fixture(scope="module")
def first(home: Home) -> Done:
    """Run `setup` for the first time."""
    return home.stack.run("setup")


@pytest.fixture(scope="module")
def past(home: Home, first: Done) -> Done:
    """Run `history` for the first time."""
    assert first.returncode == 0
    return home.stack.run("history")


@pytest.fixture(scope="module")
def flowing(home: Home, past: Done) -> None:
    """Start Telegraf, and wait for its health and for some seconds of data."""
    assert past.returncode == 0
    home.live_since = int(time.time())
    telegraf = home.start_telegraf()
    running.until(lambda: telegraf.health().returncode == 0, "Telegraf's health", 60)
    running.until(lambda: len(home.live()) >= LIVE, "live data", 60)


def _status(container: containers.Container) -> str:
    return Path(f"/proc/{container.first_pid}/status").read_text()


def test_image_holds_what_it_shall(images: image_store.Images, home: Home) -> None:
    """The plugin starts, under Telegraf's own entry point, and neither pip nor a key is in the image."""
    done = home.stack.run("telegraf", "telegraf-han", "--version")
    files = [path.name for path in (images.root(PLUGIN) / "opt").rglob("*")]

    assert (done.returncode, done.stdout[:13]) == (0, "telegraf-han "), done.stderr
    assert "telegraf-han" in files
    assert not [name for name in files if name in {"pip", "pip3", "han.toml", ".env"} or name.endswith((".ek", ".ak"))]
    assert images.inspect(PLUGIN)["User"] == "telegraf"


def test_influxdb(home: Home) -> None:
    """It becomes healthy as user 1000 with no capability, on a read-only root."""
    assert home.influxdb.health().returncode == 0
    assert "Uid:\t1000\t1000\t1000\t1000" in _status(home.influxdb)
    assert "CapBnd:\t0000000000000000" in _status(home.influxdb)


def test_first_set_up(home: Home, first: Done) -> None:
    """It ends well, each secret belongs to its user alone, and none is in what it says."""
    assert first.returncode == 0, first.stdout + first.stderr

    volumes, secrets = home.stack.volumes, home.secrets()
    assert {str(path.relative_to(volumes)): (path.stat().st_uid, path.stat().st_gid) for path in secrets} == {
        "admin-secrets/influx_password": (0, 0),
        "admin-secrets/influx_token": (0, 0),
        "telegraf-secrets/influx_token": (1000, 1000),
        "telegraf-secrets/bill_token": (1000, 1000),
        "telegraf-secrets/demo_ek": (1000, 1000),
        "telegraf-secrets/demo_ak": (1000, 1000),
        "grafana-secrets/influx_token": (472, 0),
        "grafana-secrets/admin_password": (472, 0),
    }
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in volumes.glob("*-secrets")} == {0o700}
    assert len({*secrets.values()}) == len(secrets)
    assert all(secret == secret.strip() and secret not in first.stdout + first.stderr for secret in secrets.values())


def test_least_rights(home: Home, first: Done) -> None:
    """Telegraf may write both buckets and not read them; Grafana and the bill read both and do not write; InfluxQL reaches both."""
    write = f"{INFLUX}/api/v2/write?org=home&bucket=energy&precision=s"

    for bucket in (write, write.replace("bucket=energy", "bucket=energy/5m")):
        assert home.stack.http(bucket, home.secret("telegraf"), "probe value=1 1000000000") == ""
        assert home.stack.http(bucket, home.secret("grafana"), "probe value=1 1000000000").startswith("HTTP 40")
        assert home.stack.http(bucket, home.secret("telegraf", "bill_token"), "probe value=1 1000000000").startswith("HTTP 40")
    assert [row["value"] for row in home.query("grafana", "select value from probe")] == [1]
    assert [row["value"] for row in home.query("grafana", 'select value from "5m".probe')] == [1]
    assert home.query("telegraf", "select value from probe") == []


def test_grafana_reads_what_its_files_say(home: Home, first: Done, composed: Callable[..., dict[str, Any]]) -> None:
    """Its data source, with environment and secrets put in as Grafana does, gets an answer from InfluxDB."""
    grafana = composed()["services"]["grafana"]
    [source] = provisioned.read(grafana, "datasources", home.stack.volumes)["datasources"]

    answer = home.stack.http(
        f"{source['url']}/query".replace("influxdb:", "127.0.0.1:"),
        header=source["secureJsonData"]["httpHeaderValue1"],
        body=query_form("show retention policies", source["jsonData"]["dbName"]),
    )

    assert {row["name"] for row in rows(answer)} >= {"autogen", "5m"}


def test_tokens_for_a_grafana_elsewhere(home: Home, first: Done) -> None:
    """The manual's command shows the token that may read, and nothing else."""
    done = home.stack.run("setup", "cat", "/run/secrets/grafana/influx_token")

    assert (done.returncode, done.stdout) == (0, home.secret("grafana").read_text())


def test_set_up_again_changes_nothing(home: Home, first: Done) -> None:
    """Whoever says `docker compose up` again, and again, keeps secrets, buckets, the down-sampling and the tokens, none twice."""
    kinds = ("buckets", "tasks", "authorizations")
    before, made = home.secrets(), {kind: [one["id"] for one in home.objects(kind)] for kind in kinds}

    for _ in range(2):
        done = home.stack.run("setup")
        assert done.returncode == 0, done.stdout + done.stderr

    assert home.secrets() == before
    assert {kind: [one["id"] for one in home.objects(kind)] for kind in kinds} == made
    assert {bucket["name"] for bucket in home.objects("buckets") if bucket["type"] == "user"} == {"energy", "energy/5m"}
    assert {task["status"] for task in home.objects("tasks")} == {"active"}


def test_a_lost_token_is_made_anew(home: Home, first: Done) -> None:
    """Where a token's file was lost, the set-up writes another that works; no one else's changes."""
    file, other = home.secret("grafana"), home.secret("telegraf").read_text()
    lost = file.read_text()
    file.unlink()

    done = home.stack.run("setup")

    assert done.returncode == 0, done.stdout + done.stderr
    assert file.read_text() not in {lost, ""}
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (472, 0o600)
    assert home.query("grafana", "show databases")
    assert home.secret("telegraf").read_text() == other


def test_an_influxdb_of_somebody_else_needs_a_token(home: Home, first: Done) -> None:
    """Without its administrator's token, nothing is made and one line says what to do."""
    token = home.secret("admin")
    kept = token.read_text()
    token.unlink()
    try:
        done = home.stack.run("setup")
    finally:
        token.write_text(kept)
        token.chmod(0o600)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "provide a token of its administrator" in done.stderr


def test_history(home: Home, past: Done) -> None:
    """The virtual meter has its days, raw and down-sampled, before anybody looks; the second time nothing is done."""
    assert past.returncode == 0, past.stdout + past.stderr

    until = "time < now() - 10m"  # what came live meanwhile does not count
    [raw] = home.query("grafana", f"select count(active_power_import_w) from electricity where {until} group by meter, model")
    [small] = home.query("grafana", f'select count(active_power_import_w) from "5m".electricity where {until} group by meter')
    assert (raw["meter"], raw["model"]) == ("home", "MA309M")
    assert raw["count"] == pytest.approx(DAYS * DAY_S / 10, abs=430)
    assert small["count"] == pytest.approx(DAYS * DAY_S / 300, abs=15)
    hours = home.query("grafana", f'select count(total), sum(total) from "5m".electricity_cost where {until} group by tariff')
    assert {row["tariff"]: row["count"] for row in hours} == {name: pytest.approx(DAYS * 24, abs=2) for name in ("own", "G11")}
    assert all(row["sum"] > 50 for row in hours)
    again = home.stack.run("history")
    assert (again.returncode, again.stdout) == (0, "I! the virtual meter's history is already there\n")


def test_telegraf(home: Home, flowing: None) -> None:
    """Telegraf runs as its own user, with the serial group, without any capability, and the token is not in its environment."""
    assert "Uid:\t1000\t1000\t1000\t1000" in _status(home.telegraf)
    assert "CapBnd:\t0000000000000000" in _status(home.telegraf)
    assert "Groups:\t20" in _status(home.telegraf)
    assert home.secret("telegraf").read_text() not in Path(f"/proc/{home.telegraf.first_pid}/environ").read_text()


def test_live_data_go_on_where_the_history_ends(home: Home, flowing: None) -> None:
    """The registers never fall and rise no faster than the meter could have drawn, from the past into live data: one series."""
    rows = home.query("grafana", "select active_energy_import_wh as wh from electricity order by time desc limit 200")
    steps = [(after["wh"] - before["wh"], after["time"] - before["time"]) for after, before in itertools.pairwise(rows)]

    assert {seconds for _, seconds in steps} >= {1, 10}
    assert all(0 <= wh <= 20_000 * seconds / 3600 + 1 for wh, seconds in steps)
    assert len(home.query("grafana", "show series from electricity")) == 1
    assert [row["last"] for row in home.query("grafana", "select last(active_power_import_w) from electricity_settings")] == [6000]


def test_end_and_power_cut(home: Home, flowing: None) -> None:
    """SIGTERM ends all in time with nothing lost; after a power cut with InfluxDB away, Telegraf starts with a torn buffer and brings it."""
    begun = time.time()
    assert home.telegraf.stop() == 0
    assert time.time() - begun < 30  # stop_grace_period
    times = home.live()
    assert times == list(range(times[0], times[-1] + 1))
    assert times[-1] - int(begun) <= 1

    assert home.influxdb.stop() == 0
    telegraf, buffer = home.start_telegraf(), home.stack.volumes / "telegraf/buffer"

    def kept() -> Path | None:
        return next((path for path in buffer.rglob("0*") if path.read_bytes().count(b"voltage_l3_v") >= LIVE), None)

    since = int(time.time())
    file = running.until(kept, "a buffer with some seconds in it", 60)
    telegraf.kill()
    until = int(time.time())
    file.write_bytes(file.read_bytes()[:-3])
    home.start_influxdb()
    home.start_telegraf().process.wait_for_log("torn bytes were cut out")

    def brought() -> list[int]:
        found = [second for second in home.live() if since < second < until - 1]
        return found if len(found) >= LIVE - 3 else []

    times = running.until(brought, "the buffer's data", 60)
    assert times == list(range(times[0], times[-1] + 1))


def test_nothing_is_written_beside_the_volumes(home: Home) -> None:
    """A container that tries to write its root, its configuration or its secrets is refused."""
    done = home.stack.run("telegraf", "sh", "-c", "touch /opt/x /etc/telegraf-han/x /run/secrets/x")

    assert done.stderr.count("Read-only file system") == 3


@pytest.fixture
def impatient(
    home: Home, first: Done, stack_of: Callable[..., AbstractContextManager[containers.Stack]], tmp_path: Path
) -> Iterator[Callable[[str, str], containers.Container]]:
    """Return a function that starts Telegraf with one text of its configuration replaced, where there is neither meter nor InfluxDB."""
    with stack_of(HAN_METER="real") as stack:
        shutil.copytree(home.stack.volumes / "telegraf-secrets", stack.volumes / "telegraf-secrets")
        (stack.volumes / "telegraf/buffer").mkdir(parents=True)
        for path in (stack.volumes, *stack.volumes.rglob("*")):
            os.chown(path, 1000, 1000)

        def start(old: str, new: str) -> containers.Container:
            text = (ROOT / "docker/telegraf.conf").read_text()
            assert text.count(old) == 1
            (tmp_path / "telegraf.conf").write_text(text.replace(old, new))
            stack.replace[str(ROOT / "docker/telegraf.conf")] = str(tmp_path / "telegraf.conf")
            telegraf = stack.start("telegraf")
            telegraf.process.wait_for_log("Listening on unix:///tmp/waiting.sock")
            return telegraf

        yield start


def test_no_meter_is_unhealthy(impatient: Callable[[str, str], containers.Container]) -> None:
    """Healthy at first, then not, since no reading comes; the reason is told."""
    telegraf = impatient('max_time_between_metrics = "3m"', 'max_time_between_metrics = "4s"')

    done = running.until(lambda: (done := telegraf.health()).returncode and done, "the no", 30)
    assert done.stdout.startswith("no reading has come")


def test_an_influxdb_that_takes_nothing_is_unhealthy(impatient: Callable[[str, str], containers.Container]) -> None:
    """More waiting than allowed is a no; here one metric is too much, and there is no InfluxDB."""
    telegraf = impatient("lt = 600.0", "lt = 1.0")

    done = running.until(lambda: (done := telegraf.health()).returncode and done, "the no", 40)
    assert done.stdout.startswith("InfluxDB does not take")
