"""docs/influxdb.md, InfluxDB 1: Debian's InfluxDB 1.6.7 beside InfluxDB 2, the same data in both, the same boards on both.

Its retention policy `5m` has the name that a query knows the bucket `energy/5m` of InfluxDB 2 by. So boards, and the queries of `bill`, mean
the same on both.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import test_board_all as all_boards
from boardstore import Store
from servers import build, debian, running
from stack.conftest import telegraf_binary  # noqa: F401, a fixture

from document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
PAGE = Document("docs/influxdb.md")
LOCAL = "http://127.0.0.1:8086"
START_S = 60.0
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Influx1:
    """An InfluxDB 1 with what the tests of boards ask of an InfluxDB 2."""

    def __init__(self, root: Path, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as web, socket.create_server(("127.0.0.1", 0)) as internal:
            port, other = web.getsockname()[1], internal.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        folders = f'[meta]\ndir = "{folder}/meta"\n[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
        addresses = f'reporting-disabled = true\nbind-address = "127.0.0.1:{other}"\n{folders}[http]\nbind-address = "127.0.0.1:{port}"\n'
        (folder / "influxdb.conf").write_text(addresses)
        command = [str(root / "usr/bin/influxd"), "-config", str(folder / "influxdb.conf")]
        self.process = running.Process(command, folder / "influxdb1.log", folder, debian.environment(root))
        self.process.wait_for_log("Listening on HTTP", START_S)

    def statement(self, text: str, db: str = "", epoch: str = "ns") -> list[dict[str, Any]]:
        """The series that answer a statement."""
        form = urllib.parse.urlencode({"q": text, "db": db, "epoch": epoch}).encode()
        (result,) = json.loads(self.request("/query", form))["results"]
        assert "error" not in result, result
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def write(self, lines: str, bucket: str) -> None:
        db, _, policy = bucket.partition("/")
        place = {"db": db, "precision": "ns"} | ({"rp": policy} if policy else {})
        self.request(f"/write?{urllib.parse.urlencode(place)}", lines.encode())

    def request(self, path: str, body: bytes | None = None, content_type: str = "application/x-www-form-urlencoded") -> bytes:
        """The answer; what InfluxDB 2 has an address for, and InfluxDB 1 a statement, becomes one."""
        if path == "/api/v2/orgs":
            return b'{"orgs": [{"id": "none"}]}'
        if path == "/api/v2/buckets" and body is not None:
            db, _, policy = json.loads(body)["name"].partition("/")
            made = f'CREATE RETENTION POLICY "{policy}" ON "{db}" DURATION INF REPLICATION 1' if policy else f'CREATE DATABASE "{db}"'
            self.statement(made)
            return b""
        with _HTTP.open(urllib.request.Request(self.url + path, body, {"Content-Type": content_type}), timeout=60) as answer:
            data: bytes = answer.read()
        return data


@pytest.fixture(scope="module")
def influx1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx1]:
    """An InfluxDB 1 out of Debian's package."""
    try:
        root = debian.unpacked("influxdb")
    except build.CannotBuildError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    made = Influx1(root, tmp_path_factory.mktemp("influxdb1"))
    yield made
    made.process.close()


def test_boards_are_the_same(influx1: Influx1, server: running.Influx) -> None:
    """Every panel of every board gets the same frames from both, for each of the four meters."""
    stores = [Store(one, "both") for one in (influx1, server)]  # type: ignore[arg-type]
    for one in stores:
        all_boards.filled(one)
    for model in all_boards.MODELS:
        old, new = (all_boards.answers(one, model) for one in stores)
        assert {key: answer.frames for key, answer in old.items()} == {key: answer.frames for key, answer in new.items()}


def test_by_the_page(influx1: Influx1, telegraf_binary: Path, tmp_path: Path) -> None:  # noqa: F811, a fixture's argument
    """The page's database, Telegraf's outputs, five-minute points of a continuous query's statement, and a bill from them."""
    make, outputs = PAGE.section("InfluxDB 1").blocks
    subprocess.run(["bash", "-ec", make.replace(LOCAL, influx1.url)], cwd=EXAMPLES.parents[1], check=True, capture_output=True)
    (named,) = influx1.statement("SHOW RETENTION POLICIES ON energy")
    assert {row[0] for row in named["values"]} == {"autogen", "5m"}
    lines = tmp_path / "lines.lp"
    begin_s = 1_790_000_100 // 300 * 300
    lines.write_text(
        "".join(
            f"electricity,meter=home,host=any active_energy_import_wh={n},active_power_import_w={n % 60} {begin_s + 10 * n}000000000\n"
            for n in range(3 * 360 + 1)
        )
        + f"electricity_cost,meter=home,tariff=own total=1 {begin_s}000000000\n"
    )
    config = (
        f'[agent]\ninterval = "1h"\n[[inputs.file]]\nfiles = ["{lines}"]\ndata_format = "influx"\n{outputs.replace(LOCAL, influx1.url)}'
    )
    (tmp_path / "telegraf.conf").write_text(config)
    once = [str(telegraf_binary), "--config", str(tmp_path / "telegraf.conf"), "--once"]
    subprocess.run(once, check=True, capture_output=True, timeout=60)
    assert influx1.statement("SELECT count(active_energy_import_wh) FROM electricity", "energy")[0]["values"][0][1] == 3 * 360 + 1
    assert influx1.statement("SHOW TAG KEYS FROM electricity", "energy")[0]["values"] == [["meter"]]
    assert influx1.statement('SELECT count(total) FROM "5m".electricity_cost', "energy")[0]["values"][0][1] == 1

    for select in re.findall(r"BEGIN(.*?)END", (EXAMPLES / "influxdb1.sql").read_text(), re.DOTALL):
        influx1.statement(select.replace("GROUP BY", f"WHERE time >= {begin_s}s AND time < {begin_s + 10800}s GROUP BY"), "energy")
    (points,) = influx1.statement('SELECT * FROM "5m".electricity', "energy", "s")
    first = dict(zip(points["columns"], points["values"][0], strict=True))
    assert (first["time"], first["active_energy_import_wh"], first["meter"]) == (begin_s, 29, "home")
    assert (first["active_power_import_w"], first["active_power_import_w_max"], first["active_power_import_w_min"]) == (14.5, 29, 0)
    assert _statement(influx1, tmp_path) == 1


def _statement(influx1: Influx1, folder: Path) -> int:
    """Run `bill` on the data; returns how many bills it writes."""
    (folder / "token").write_text("any")
    (folder / "token").chmod(0o600)
    meter = '[[meter]]\nname = "home"\ninterface = "p1"\nport = "none"\n[meter.prices]\nimport_t0_per_kwh = 1.0\n'
    (folder / "han.toml").write_text(meter)
    words = [
        "bill",
        "--config",
        str(folder / "han.toml"),
        "--token-file",
        str(folder / "token"),
        "--url",
        influx1.url,
        "--since",
        "2026-09-01",
    ]
    done = subprocess.run([sys.executable, "-m", "telegraf_han", *words], capture_output=True, text=True, timeout=60, check=True)
    return len(re.findall(r"^electricity_bill,.*import_wh=\d{3,}", done.stdout, re.MULTILINE))
