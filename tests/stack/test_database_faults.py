"""What Telegraf loses if InfluxDB answers wrongly, with the repository's own telegraf.conf.example.

Between Telegraf and a real InfluxDB is a gate (tests/tools/gate.py). A source that counts stands in for the plugin. Each fault has a
Telegraf, a gate and a bucket of its own, and all run at the same time.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml
from likegrafana import expressions, states
from servers import running

import counting
import diskbuffer
import gate
from document import Document
from gate import Fault
from pagecommands import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "telegraf.conf.example"
COPY = ROOT / "docs/examples/telegraf-copy.conf"
PAGE = "<html>Welcome to our network. Please accept our terms.</html>"
HTML = (("Content-Type", "text/html"),)


def _said(code: str, message: str) -> str:
    return f'{{"code":"{code}","message":"{message}"}}'


KEPT = {
    "slow": Fault(wait_s=2),
    "too slow": Fault(wait_s=7),
    "hangs": Fault(503, wait_s=7),
    "half an answer": Fault(cut=True),
    "401": Fault(401, _said("unauthorized", "unauthorized access")),
    "403": Fault(403, _said("forbidden", "insufficient permissions for write")),
    "413": Fault(413, _said("request too large", "unable to read data: points batch is too large")),
    "429": Fault(429, _said("too many requests", "exceeded limit"), (("Retry-After", "1"),)),
    "500": Fault(500, _said("internal error", "unexpected error writing points to database: no space left on device")),
    "502": Fault(502, PAGE, HTML),
    "503": Fault(503, _said("unavailable", "not ready")),
    "504": Fault(504),
    "507": Fault(507, _said("insufficient storage", "no space left")),
}
LOST = {
    "400": Fault(400, _said("invalid", "unable to parse")),
    "404": Fault(404, _said("not found", 'bucket \\"energy\\" not found')),
    "422": Fault(422, _said("unprocessable entity", "failure writing points to database: partial write")),
    "a page": Fault(200, PAGE, HTML),
    "redirected to a page": Fault(302, PAGE, (("Location", "/welcome"),)),
}


SILENT, REFUSED = "telegraf-han-silent", "telegraf-han-refused"
UNSEEN = {"a page", "redirected to a page"}
"""Telegraf takes the page for InfluxDB's good answer."""
_GROUPS = yaml.safe_load((ROOT / "grafana/provisioning/alerting-en/rules.yaml").read_text())["groups"]
RULES = {rule["uid"]: rule for group in _GROUPS for rule in group["rules"]}
SLOW = ("too slow", "hangs")
TLS = "a page over TLS"
MORE = ("--config", "sooner.conf", "--config", "copy.conf")
SOONER = '[agent]\n  interval = "1s"\n  flush_interval = "1s"\n'
"""The example's 5 s would make this test twice as long."""
PATIENCE_S = 90
WAITING = re.compile(rb"active_energy_import_wh.{1,40}?\x0f\x01(\0\0\0\x0e.{4})\0{4}", re.DOTALL)
STUCK = "not attempting to open shard"
YEAR_1_S = 62_135_596_800
IN_THE_PIPE = 20
"""Telegrams of half a second."""


class Way(NamedTuple):
    """A source, its Telegraf, its gate and its bucket."""

    gate: gate.Gate
    telegraf: running.Process
    bucket: str
    end: Path
    start: Callable[..., running.Process]
    influx: running.Influx
    settings: dict[str, str]
    """Telegraf's environment."""

    @property
    def disk(self) -> Path:
        """Telegraf's buffer as Telegraf sees it."""
        return self.end.with_name("disk")

    def waiting(self) -> set[int]:
        """The numbers of the telegrams in the buffer."""
        found = {second for file in self.disk.rglob("0*") for second in WAITING.findall(file.read_bytes())}
        return {int.from_bytes(second) - YEAR_1_S - counting.BASE_S for second in found}

    def mend(self) -> None:
        """What docs/outages.md says."""
        subprocess.run([sys.executable, ROOT / "docker/bin/mend_buffer.py", f"{self.disk}/"], check=True, timeout=PATIENCE_S)

    def make_space(self, size: int) -> None:
        """Make the disk larger."""
        holder, folder = self.disk.readlink().parts[2], self.settings["HAN_BUFFER"]
        subprocess.run(["nsenter", "--target", holder, "--mount", "mount", "-o", f"remount,size={size}", folder], check=True, timeout=10)

    def again(self, config: Path = EXAMPLE, *arguments: str) -> Way:
        """Telegraf started again, after it ended."""
        return self._replace(telegraf=self.start(config, *arguments))

    def number(self) -> int:
        """How many telegrams Telegraf was given so far."""
        return int(self.end.with_name("end.sent").read_text() or 0)

    def sent(self) -> set[int]:
        """The numbers of all telegrams that Telegraf was given."""
        return set(range(self.number()))

    def breaches(self, uid: str, now_s: float) -> dict[str, bool | None]:
        """By meter, what the rule of Grafana says of the bucket at a time."""
        return {dict(labels).get("meter", ""): breach for labels, breach in self.evaluated(uid, now_s).instances.items()}

    def evaluated(self, uid: str, now_s: float) -> expressions.Outcome:
        """What comes out if Grafana evaluates a rule on the bucket at a time."""

        def ask(influxql: str) -> list[expressions.Series]:
            form = urllib.parse.urlencode({"db": self.bucket, "q": influxql, "epoch": "ms"}).encode()
            (result,) = json.loads(self.influx.request("/query", form))["results"]
            if "error" in result:
                raise expressions.NodeError(result["error"])
            return [
                expressions.Series(tuple(one.get("tags", {}).items()), tuple((row[0], row[1]) for row in one["values"]))
                for one in result.get("series", [])
            ]

        return expressions.evaluate(RULES[uid], int(now_s) * 1000, ask)

    def buckets(self) -> list[dict[str, str]]:
        """All buckets of InfluxDB."""
        found: list[dict[str, str]] = json.loads(self.influx.request("/api/v2/buckets?limit=100"))["buckets"]
        return found

    def bring_back(self) -> None:
        """Import the copy."""
        words = [sys.executable, "-m", "telegraf_han", "influx", "import", str(self.end.with_name("copy.lp"))]
        env = {
            "INFLUX_URL": self.influx.url,
            "INFLUX_TOKEN": self.influx.token,
            "INFLUX_ORG": self.influx.org,
            "INFLUX_BUCKET": self.bucket,
        }
        subprocess.run(words, env=os.environ | env, check=True, capture_output=True, timeout=PATIENCE_S)

    def there(self) -> set[int]:
        """The numbers of the telegrams in InfluxDB."""
        return {int(row["active_energy_import_wh"]) for row in self.influx.query("SELECT * FROM electricity", self.bucket)}


@contextlib.contextmanager
def _disk(folder: Path, size: int) -> Iterator[int]:
    """A disk of so many bytes on a folder, for programs in the mount namespace of the process that is given."""
    mount = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size={size} tmpfs "{folder}" && echo there && exec cat']
    with subprocess.Popen(mount, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"there\n"
        try:
            yield holder.pid
        finally:
            holder.stdin.close()


@pytest.fixture
def ways(influx: running.Influx, telegraf_binary: Path, tmp_path: Path) -> Iterator[Callable[..., Way]]:
    """A function that makes a way from a source to a bucket."""
    with contextlib.ExitStack() as stack:

        def make(
            name: str, *arguments: str, certificate: str = "", disk: int = 0, rate: int = 40, other: running.Influx | None = None
        ) -> Way:
            server = other or influx
            folder = tmp_path / name
            folder.mkdir()
            server.make_bucket(name)
            command, end = folder / "counting", folder / "end"
            command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -SE "{counting.__file__}" "$@"\n')
            command.chmod(0o755)
            (folder / "end.sent").touch()
            (folder / "sooner.conf").write_text(SOONER)
            (folder / "copy.conf").write_text(COPY.read_text().replace("/var/lib/telegraf/electricity.lp", str(folder / "copy.lp")))
            way = stack.enter_context(gate.before(server.url, certificate))
            settings = {"INFLUX_URL": way.url, "INFLUX_TOKEN": server.token, "INFLUX_BUCKET": name, "HAN_BUFFER": str(folder / "buffer")}
            settings |= {"HAN_COMMAND": str(command), "HAN_CONFIG": str(end)} | {"SSL_CERT_FILE": certificate}

            settings["COUNTING_RATE"] = str(rate)
            program = folder / "telegraf"
            if disk:
                (folder / "buffer").mkdir()
                holder = stack.enter_context(_disk(folder / "buffer", disk))
                program.write_text(f'#!/bin/sh\nexec nsenter --target {holder} --mount --wdns="{folder}" "{telegraf_binary}" "$@"\n')
                program.chmod(0o755)
                (folder / "disk").symlink_to(f"/proc/{holder}/root{folder}/buffer")
            else:
                program.symlink_to(telegraf_binary)

            def start(config: Path = EXAMPLE, *instead: str) -> running.Process:
                return stack.enter_context(running.telegraf(program, config, folder, settings, instead or arguments))

            return Way(way, start(), name, end, start, server, settings)

        yield make


def test_answers(ways: Callable[..., Way], tmp_path: Path) -> None:
    """If InfluxDB answers slowly, not at all, or with an error, nothing is lost. A few answers lose what they answer, and no more.

    Over TLS, a page of somebody else loses nothing. What was lost is in the copy that Telegraf writes into files, and can be imported.
    """
    ours, theirs = (gate.certificate(tmp_path / f"{host}.pem", host) for host in ("127.0.0.1", "hotel.example"))
    all_ways = {name: ways(name, *MORE) for name in KEPT | LOST}
    all_ways[TLS] = ways(TLS, *MORE, certificate=ours)
    running.until(lambda: all(way.gate.stored for way in all_ways.values()), "a telegram of each way in InfluxDB", PATIENCE_S)
    for name, way in all_ways.items():
        way.gate.breaks((KEPT | LOST | {TLS: LOST["a page"]})[name], theirs if name == TLS else "")
    running.until(
        lambda: all(way.gate.requests >= 1 + (name not in SLOW) for name, way in all_ways.items()), "answers of each kind", PATIENCE_S
    )
    for name in LOST:
        way = all_ways[name]
        newest_s = counting.BASE_S + max(way.there())
        assert way.breaches(SILENT, newest_s) == {"home": False}, name
        assert way.breaches(SILENT, newest_s + 600) == {"home": True}, name
    for name, way in all_ways.items():
        way.gate.mends(ours if name == TLS else "")
        way.end.touch()
    for name, way in all_ways.items():
        running.until(lambda way=way: way.gate.stored[max(way.sent())], f"the last telegram of {name}", PATIENCE_S)

    for name, way in all_ways.items():
        lost = way.sent() - way.there()
        print(f"{name}: sent {len(way.sent())}, answered {len(way.gate.refused)}, lost {len(lost)}")
        assert (set(way.gate.refused) if name in LOST else set()) == lost, name
    for name in LOST.keys() - UNSEEN:
        way = all_ways[name]
        running.until(lambda way=way: way.breaches(REFUSED, time.time()) == {"": True}, f"Telegraf's own count of {name}", PATIENCE_S)
    for name in KEPT.keys() | UNSEEN:
        assert all_ways[name].breaches(REFUSED, time.time()) == {"": False}, name
    assert "x509: cannot validate certificate" in all_ways[TLS].telegraf.log_text()
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: all_ways[name].bring_back(), LOST))
    for name in LOST:
        assert all_ways[name].sent() == all_ways[name].there(), name


def test_lost_bucket(ways: Callable[..., Way]) -> None:
    """If somebody deletes the bucket, the rule on silence alerts, and all that comes is lost until there is a bucket again."""
    way = ways("deleted", *MORE)
    running.until(lambda: way.gate.stored, "a telegram in InfluxDB", PATIENCE_S)
    newest_s = counting.BASE_S + max(way.there())
    machine = states.Rule(RULES[SILENT], "1m")
    machine.outcome(way.evaluated(SILENT, newest_s), newest_s)
    assert machine.named() == {"home": "Normal"}
    (number,) = (one["id"] for one in way.buckets() if one["name"] == "deleted")
    way.influx.request(f"/api/v2/buckets/{number}", method="DELETE")
    way.telegraf.wait_for_log(r'will be dropped: 404 Not Found\): not found: bucket "deleted" not found', PATIENCE_S)
    for minute in range(1, 5):
        try:
            machine.outcome(way.evaluated(SILENT, newest_s + 60 * minute), newest_s + 60 * minute)
        except (expressions.NodeError, running.InfluxError):
            machine.error(newest_s + 60 * minute)
    assert machine.named()["home"] == "Alerting"
    way.influx.make_bucket("deleted")
    running.until(lambda: way.there(), "a telegram in the new bucket", PATIENCE_S)
    way.end.touch()
    running.until(lambda: way.gate.stored[max(way.sent())], "the last telegram", PATIENCE_S)

    refused = set(way.gate.refused)
    print(f"lost bucket: sent {len(way.sent())}, refused {len(refused)}")
    assert refused
    assert way.there() == {number for number in way.sent() if number > max(refused)}


def test_killed_while_it_writes(ways: Callable[..., Way]) -> None:
    """Each time Telegraf is killed, only the last lines are lost, which were on their way to its buffer. Everything else is stored."""
    rate = int(os.environ.get("KILLED_RATE", "40"))
    way = ways("killed", *MORE, rate=rate)
    ends = []
    for _ in range(3):
        ends.append(way.number() + rate * 3 // 2)
        running.until(lambda way=way: way.number() >= ends[-1], "more telegrams", PATIENCE_S)
        way.telegraf.kill()
        ends[-1] = way.number()
        way = way.again()
    running.until(lambda: way.number() >= ends[-1] + rate // 2, "more telegrams", PATIENCE_S)
    way.end.touch()
    running.until(lambda: way.gate.stored[max(way.sent())], "the last telegram", PATIENCE_S)

    lost = way.sent() - way.there()
    twice = sum(times > 1 for times in way.gate.stored.values())
    print(f"killed {len(ends)} times, {len(way.sent())} telegrams, {len(lost)} lost, {twice} written twice")
    if rate == 40:  # at other rates, the test only says what is lost
        assert {number for end in ends for number in range(end - IN_THE_PIPE, end)} >= lost


def test_upgraded(ways: Callable[..., Way]) -> None:
    """Telegraf and its source get new programs while telegrams wait. Each of them is written once, and none is lost."""
    way = ways("upgraded", *MORE)
    way.gate.breaks(KEPT["503"])
    running.until(lambda: way.number() >= 40 and way.gate.requests, "waiting telegrams", PATIENCE_S)
    for name in ("telegraf", "counting"):
        program = way.end.with_name(name)
        shutil.copy(program, program.with_name("new"))
        program.with_name("new").replace(program)
    way.telegraf.stop()
    way = way.again()
    way.gate.mends()
    running.until(lambda: way.number() >= 60, "more telegrams", PATIENCE_S)
    way.end.touch()
    running.until(lambda: way.gate.stored[max(way.sent())], "the last telegram", PATIENCE_S)

    assert way.sent() == way.there()
    assert set(way.gate.stored.values()) == {1}


def test_changed_output(ways: Callable[..., Way], telegraf_binary: Path, tmp_path: Path) -> None:
    """What waits stays behind if the output's section is changed. The commands of docs/operation.md show that, and bring it to InfluxDB."""
    asked, delivered = Document("docs/operation.md").section("Change Telegraf's output").blocks
    way = ways("changed", *MORE)
    way.gate.breaks(KEPT["503"])
    running.until(lambda: way.number() >= 40 and way.gate.requests, "waiting telegrams", PATIENCE_S)
    way.telegraf.stop()
    new = way.end.with_name("new.conf")
    new.write_text(EXAMPLE.read_text().replace("[[outputs.influxdb_v2]]", '[[outputs.influxdb_v2]]\n  alias = "new"', 1))
    left = way.sent()
    way = way.again(new, *MORE)
    way.gate.mends()
    running.until(lambda: way.number() > len(left) + 20, "more telegrams", PATIENCE_S)
    way.end.touch()
    running.until(lambda: way.gate.stored[max(way.sent())], "the last telegram", PATIENCE_S)
    way.telegraf.stop()
    assert way.sent() - way.there() == left
    machine = Machine(tmp_path, {"telegraf": telegraf_binary})
    (machine.root / "etc/default").mkdir()
    (machine.root / "etc/default/telegraf").write_text("".join(f"{name}='{value}'\n" for name, value in way.settings.items()))
    shutil.copy(EXAMPLE, machine.root / "etc/telegraf/old.conf")
    buffer = {"/var/lib/telegraf/buffer": way.settings["HAN_BUFFER"]}
    (behind,) = machine.typed(asked, buffer).split()
    assert diskbuffer.count(Path(behind).parents[1]) == len(left)
    machine.typed(delivered, {})

    assert way.sent() == way.there()
    assert machine.typed(asked, buffer) == ""


def test_full_disk(ways: Callable[..., Way]) -> None:
    """If the disk of the buffer is full, what comes is lost, and Telegraf ends when it may send again. What waits comes after mending.

    Mending alone is not enough: Telegraf needs space to take from its buffer what was sent. The copy has all but the last moments before Telegraf ends.
    """
    way = ways("full", *MORE, disk=1 << 20, rate=1000)
    way.gate.breaks(KEPT["503"])
    way.telegraf.wait_for_log(r"outputs.influxdb_v2. Metric buffer overflow; \d+ metrics have been dropped", PATIENCE_S)
    copy = way.end.with_name("copy.lp")
    running.until(lambda: "active_energy_import_wh=3000 " in copy.read_text(), "telegrams that find no space", PATIENCE_S)
    kept = diskbuffer.count(way.disk)
    way.gate.mends()
    way.telegraf.wait()
    assert "panic: failed to create start segment: write" in way.telegraf.log_text()
    assert "no space left on device" in way.telegraf.log_text()
    torn = way.again()
    torn.telegraf.wait()
    assert "wal file is corrupt, you have to manually delete the wal" in torn.telegraf.log_text()
    way.mend()
    cramped = way.again()
    cramped.telegraf.wait()
    assert "panic: failed to create start segment: write" in cramped.telegraf.log_text()
    way.make_space(8 << 20)
    way.mend()
    more = way.number()
    way = way.again()
    running.until(lambda: way.number() >= more + 20, "more telegrams", PATIENCE_S)
    way.end.touch()
    running.until(lambda: way.gate.stored[max(way.sent())], "the last telegram", PATIENCE_S)

    lost = way.sent() - way.there()
    print(f"full disk: sent {len(way.sent())}, waited {kept}, lost {len(lost)}")
    assert 0 < kept <= min(lost)
    way.bring_back()
    assert min(way.sent() - way.there(), default=more) > 3000


def test_space_while_telegraf_runs(ways: Callable[..., Way]) -> None:
    """If there is space again while Telegraf runs, it writes on behind a torn metric. Mended, what is on both sides of it is sent."""
    way = ways("space", *MORE, disk=1 << 20, rate=1000)
    way.gate.breaks(KEPT["503"])
    way.telegraf.wait_for_log(r"outputs.influxdb_v2. Metric buffer overflow; \d+ metrics have been dropped", PATIENCE_S)
    way.make_space(8 << 20)
    space = way.number()
    running.until(lambda: way.number() >= space + 1000, "telegrams that find space", PATIENCE_S)
    way.telegraf.stop()
    waiting = way.waiting()
    way.mend()
    assert way.waiting() == waiting
    way.gate.mends()
    way = way.again()
    running.until(lambda: way.gate.stored[max(waiting)], "the last telegram that waited", PATIENCE_S)
    way.end.touch()
    running.until(lambda: way.gate.stored[max(way.sent())], "the last telegram", PATIENCE_S)

    lost = way.sent() - way.there()
    print(f"space while Telegraf runs: sent {len(way.sent())}, waited {len(waiting)}, lost {len(lost)}")
    assert waiting <= way.there()
    assert max(waiting) > space + 900


def test_full_disk_of_influxdb(ways: Callable[..., Way], influxd_binary: Path, tmp_path: Path) -> None:
    """If InfluxDB's disk is full, Telegraf keeps everything. When there is space again, InfluxDB still refuses, until it is restarted."""
    engine = tmp_path / "data/engine"
    engine.mkdir(parents=True)
    program = tmp_path / "influxd"
    with _disk(engine, 16 << 20) as holder:
        program.write_text(f'#!/bin/sh\nexec nsenter --target {holder} --mount "{influxd_binary}" "$@"\n')
        program.chmod(0o755)
        with running.influxd(program, tmp_path / "data") as server:
            way = ways("cramped", *MORE, other=server)
            running.until(lambda: way.gate.stored, "a telegram in InfluxDB", PATIENCE_S)
            ballast = Path(f"/proc/{holder}/root{engine}/ballast")
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 10))
            way.telegraf.wait_for_log("500 Internal Server Error.*no space left on device", PATIENCE_S)
            ballast.unlink()
            before = way.telegraf.log_text().count(STUCK)
            running.until(lambda: way.telegraf.log_text().count(STUCK) >= before + 3, "refusals although there is space", PATIENCE_S)
            server.stop()
            server.start()
            way.end.touch()
            running.until(lambda: way.gate.stored[max(way.sent())], "the last telegram", PATIENCE_S)

            assert way.sent() == way.there()
