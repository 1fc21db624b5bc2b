"""The fleet over Kafka, with the real programs: Kafka, Telegraf on both sides, InfluxDB, and the files of fleet/kafka.

Every line that a site gave to its uplink is in InfluxDB once, whoever is killed meanwhile. A site writes to its own topic, and does
nothing else. A site that floods slows down itself.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import socket
import ssl
import subprocess
import urllib.request
from typing import TYPE_CHECKING

import kafkabroker
import pytest
from kafkabroker import filled
from pki import Authority, Issued
from servers import build, maven, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# A consumer that was killed keeps its partitions for ten seconds, and then all others are asked anew.
TAKEN_OVER_S = 60
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_TOKEN = "uplinks"  # the password of the uplink's listener on 127.0.0.1
_START_NS = 1_790_000_000_000_000_000
# The clock of site-b is years ahead.
_AHEAD_NS = {"site-b": 200_000_000_000_000_000}


def _or_skip(find: Callable[[], Path]) -> Path:
    """Return a server's program. If there is none, skip the test, or fail if everything has to run."""
    try:
        return find()
    except build.CannotBuildError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


class Uplink:
    """A site's Telegraf, and how many lines it was given."""

    def __init__(self, folder: Path, program: Path, config: str, port: int, first_ns: int) -> None:
        folder.mkdir()
        self.sent = 0
        self._first_ns = first_ns
        self._buffer = folder / "buffer"
        self.process: running.Process
        self._folder, self._program, self._port = folder, program, port
        (folder / "telegraf.conf").write_text(config, encoding="utf-8")
        self.start()

    def restart(self) -> None:
        """Kill it once the last line is in its buffer on disk, and start it again with this buffer."""
        last = f"number {self.sent - 1}.".encode()
        running.until(lambda: any(last in file.read_bytes() for file in self._buffer.rglob("*") if file.is_file()), "a line on disk")
        self.end()
        self.start()

    def end(self) -> None:
        """Kill it: with lines in its buffer it would take its time to stop in order."""
        self.process.kill()
        self.process.close()

    def start(self) -> None:
        """Start it, and return when it takes lines."""
        command = [str(self._program), "--config", "telegraf.conf"]
        self.process = running.Process(command, self._folder / "telegraf.log", self._folder, {**os.environ, "UPLINK_TOKEN": _TOKEN})
        self.process.wait_for_log("Started HTTP listener")

    def send(self, count: int, tags: str = "") -> None:
        """Give it lines of one meter, each a second later than the one before, as the Telegraf that reads the meters does."""
        numbers = range(self.sent, self.sent + count)
        lines = [
            f'electricity,meter=home,serial=35000001{tags} active_energy_import_wh={number},text="number {number}."'
            f" {self._first_ns + number * 1_000_000_000}\n"
            for number in numbers
        ]
        for at in range(0, count, 1000):
            request = urllib.request.Request(
                f"http://127.0.0.1:{self._port}/api/v2/write?org=x&bucket=x&precision=ns",
                "".join(lines[at : at + 1000]).encode(),
                {"Authorization": f"Token {_TOKEN}"},
            )
            with _HTTP.open(request, timeout=30) as answer:
                assert answer.status == 204
        self.sent += count


class Fleet:
    """One Kafka, one InfluxDB, the uplinks of three sites, and what starts Telegrafs of the centre."""

    sites = ("site-a", "site-b", "site-c")

    def __init__(self, folder: Path, telegraf: Path, influx: running.Influx, closing: contextlib.ExitStack, servers: int = 1) -> None:
        self.influx = influx
        self._folder, self._telegraf, self._closing = folder, telegraf, closing
        self.kafka = kafkabroker.Kafka(folder / "kafka", servers)
        closing.callback(self.kafka.close)
        # Each of Kafka's commands starts a Java, so they run side by side.
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for done in [pool.submit(self.kafka.site, *words) for words in (("init",), *(("add", site) for site in self.sites))]:
                done.result()
        self.uplinks = {site: self.uplink(site) for site in self.sites}

    def uplink(self, site: str, topic_of: str | None = None) -> Uplink:
        """Start an uplink with the certificate of a site; `topic_of` is another site, to whose topic it tries to write."""
        issued = self.kafka.authority.issue(site)
        folder = self._folder / f"uplink-{site}-{topic_of or site}"
        port = kafkabroker.free_ports(1)[0]
        changes = {
            "127.0.0.1:8187": f"127.0.0.1:{port}",
            '"kafka.example.org:9093"': ", ".join(f'"{address}"' for address in self.kafka.addresses),
            '"han.site-a.lines"': f'"han.{topic_of or site}.lines"',
            '"site-a"': f'"{site}"',
            "/var/lib/telegraf-han-uplink/buffer": str(folder / "buffer"),
            "/etc/telegraf-han-uplink/ca.crt": str(self.kafka.authority.certificate),
            "/etc/telegraf-han-uplink/site.crt": str(issued.certificate),
            "/etc/telegraf-han-uplink/site.key": str(issued.key),
            'flush_interval = "10s"': 'flush_interval = "200ms"',
        }
        config = filled((kafkabroker.FLEET / "uplink.conf").read_text(encoding="utf-8"), changes)
        uplink = Uplink(folder, self._telegraf, config, port, _START_NS + _AHEAD_NS.get(site, 0))
        self._closing.callback(uplink.end)
        return uplink

    def centre(self, name: str) -> running.Process:
        """Start a Telegraf of the centre."""
        issued = self.kafka.authority.issue("centre.fleet")
        changes = {
            '"kafka.example.org:9093"': ", ".join(f'"{address}"' for address in self.kafka.addresses),
            "http://127.0.0.1:8086": self.influx.url,
            "/etc/telegraf-han-centre/ca.crt": str(self.kafka.authority.certificate),
            "/etc/telegraf-han-centre/centre.crt": str(issued.certificate),
            "/etc/telegraf-han-centre/centre.key": str(issued.key),
            'flush_interval = "2s"': 'flush_interval = "200ms"',
        }
        folder = self._folder / f"centre-{name}"
        folder.mkdir()
        config = filled((kafkabroker.FLEET / "centre.conf").read_text(encoding="utf-8"), changes)
        (folder / "telegraf.conf").write_text(config, encoding="utf-8")
        command = [str(self._telegraf), "--config", "telegraf.conf"]
        process = running.Process(command, folder / "telegraf.log", folder, {**os.environ, "INFLUX_TOKEN": self.influx.token})
        self._closing.callback(process.close)
        return process

    def stored(self, site: str) -> int:
        """How many points of a site InfluxDB has."""
        rows = self.influx.query(f"SELECT COUNT(active_energy_import_wh) AS n FROM electricity WHERE site = '{site}'")
        return int(rows[0]["n"]) if rows else 0

    def all_stored(self, *sites: str) -> None:
        """Wait until InfluxDB has every line that these sites gave to their uplinks."""
        for site in sites:
            running.until(lambda s=site: self.stored(s) >= self.uplinks[s].sent, f"{self.uplinks[site].sent} lines of {site}", TAKEN_OVER_S)

    def all_done(self) -> dict[str, kafkabroker.Done]:
        """Wait until Kafka knows that all is done, and return how it stands."""
        found: dict[str, kafkabroker.Done] = {}

        def none_left() -> bool:
            found.update(self.kafka.done("influx"))
            return not any(topic.left for topic in found.values())

        running.until(none_left, "a group that has done all", TAKEN_OVER_S)
        return found


@contextlib.contextmanager
def running_fleet(folder: Path, servers: int = 1) -> Iterator[Fleet]:
    """Run Kafka and InfluxDB, and the uplinks of three sites, until the block ends."""
    telegraf, influxd = _or_skip(lambda: build.binary("telegraf")), _or_skip(lambda: build.binary("influxd"))
    _or_skip(maven.kafka)
    with contextlib.ExitStack() as closing:
        influx = closing.enter_context(running.influxd(influxd, folder / "influxdb"))
        influx.make_bucket("energy/5m")
        yield Fleet(folder, telegraf, influx, closing, servers)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Run a fleet for all tests."""
    with running_fleet(tmp_path_factory.mktemp("fleet")) as one:
        yield one


@pytest.fixture
def centre(fleet: Fleet, request: pytest.FixtureRequest) -> Iterator[running.Process]:
    """Run one Telegraf of the centre for the test."""
    process = fleet.centre(request.node.name)
    yield process
    process.close()


def test_each_line_is_in_influxdb_once_whoever_is_killed(fleet: Fleet) -> None:
    """A consumer, an uplink, the broker, and a consumer that holds lines while InfluxDB is away: in the end all is there, once."""
    kafka, influx = fleet.kafka, fleet.influx
    sites = fleet.sites[:2]

    # A consumer is killed in mid batch, and the broker with it. The sites go on, and an uplink is killed and starts without a broker.
    first = fleet.centre("first")
    before = {site: fleet.stored(site) for site in sites}
    for site in sites:
        fleet.uplinks[site].send(5000)
    running.until(lambda: fleet.stored(sites[0]) > before[sites[0]], "the first lines", TAKEN_OVER_S)
    first.kill()
    at_kill = {site: fleet.stored(site) for site in sites}
    kafka.kill()
    for site in sites:
        fleet.uplinks[site].send(500)
    fleet.uplinks[sites[0]].restart()
    kafka.start()
    done = kafka.done("influx")
    assert all(done[f"han.{site}.lines"].done <= at_kill[site] for site in sites)

    # Two consumers share what is left.
    consumers = [fleet.centre("second"), fleet.centre("third")]
    fleet.all_stored(*sites)
    assert len({topic.member for topic in fleet.all_done().values()}) == 2

    # While InfluxDB is away nothing is marked as done. A consumer that holds lines is killed, and the other takes its sites over.
    influx.stop()
    for site in sites:
        fleet.uplinks[site].send(300)
    for consumer in consumers:
        consumer.wait_for_log("influxdb_v2.*connection refused")
    away = kafka.done("influx")
    assert {site: away[f"han.{site}.lines"].left for site in sites} == dict.fromkeys(sites, 300)
    consumers[0].kill()
    influx.start()
    fleet.all_stored(*sites)

    assert {site: fleet.stored(site) for site in sites} == {site: fleet.uplinks[site].sent for site in sites}
    series = {row["key"] for row in influx.query("SHOW SERIES")}
    assert series >= {f"electricity,meter=home,serial=35000001,site={site}" for site in sites}
    assert len(series) <= len(fleet.sites)
    for consumer in consumers:
        consumer.close()


def test_a_site_writes_to_its_own_topic_and_does_nothing_else(fleet: Fleet, centre: running.Process) -> None:
    """Not to another's topic, not reading, not as another site in its lines, and nothing at all once it is revoked."""
    kafka, influx = fleet.kafka, fleet.influx
    honest, before = fleet.uplinks["site-a"], fleet.stored("site-b")
    impostor = fleet.uplink("site-b", topic_of="site-a")

    honest.send(3, tags=",site=site-b,topic=han.site-b.lines,bucket=energy/5m,host=elsewhere")
    impostor.send(5)
    fleet.all_stored("site-a")
    impostor.process.wait_for_log("outputs.kafka.*not authorized to access this topic")
    assert "electricity,meter=home" in kafka.read("centre.fleet", "han.site-a.lines")
    refused = kafka.read("site-b", "han.site-a.lines")
    assert "TopicAuthorizationException" in refused
    assert "electricity" not in refused
    kafka.site("revoke", "site-a")
    honest.send(4)
    honest.process.wait_for_log("outputs.kafka.*not authorized to access this topic")
    impostor.end()

    assert fleet.stored("site-a") == honest.sent - 4
    assert fleet.stored("site-b") == before
    assert not influx.query('SELECT * FROM "5m"."electricity"')
    # What it sent meanwhile waits in its buffer.
    kafka.site("add", "site-a")
    fleet.all_stored("site-a")
    assert fleet.stored("site-a") == honest.sent


def test_a_flooding_site_slows_down_itself_only(fleet: Fleet, centre: running.Process) -> None:
    """Two sites send the same lines; the one with the small quota is not through when the other is."""
    fleet.kafka.site("quota", "site-c", "1000")
    flooding, other = fleet.uplinks["site-c"], fleet.uplinks["site-a"]

    flooding.send(3000)
    running.until(lambda: fleet.stored("site-c"), "the first lines of the flood", TAKEN_OVER_S)
    other.send(3000)
    fleet.all_stored("site-a")

    assert 0 < fleet.stored("site-c") < flooding.sent


@pytest.mark.parametrize("name", ["centre.fleet", "Site", "-x", "", "a b", "a" * 33])
def test_names_that_no_site_has_are_refused(name: str) -> None:
    """A site called like the fleet's own would have their rights. `site.sh` says so before it asks Kafka."""
    done = subprocess.run(
        [kafkabroker.FLEET / "site.sh", "add", name], env={"KAFKA_BIN": "/nowhere"}, capture_output=True, timeout=30, check=False
    )

    assert done.returncode == 2
    assert b"site" in done.stderr


def asked(fleet: Fleet, identity: Issued | None) -> bytes:
    """The first bytes of Kafka's answer to somebody who asks what it can do (ApiVersions); none if it closes the connection."""
    context = ssl.create_default_context(cafile=str(fleet.kafka.authority.certificate))
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    host, port = fleet.kafka.addresses[0].split(":")
    with socket.create_connection((host, int(port)), timeout=30) as plain, context.wrap_socket(plain, server_hostname=host) as connection:
        connection.sendall(bytes.fromhex("0000000a 0012 0000 00000001 ffff"))
        return connection.recv(4)


def test_nobody_connects_without_a_certificate_of_the_fleet(fleet: Fleet, tmp_path: Path) -> None:
    """Neither without one, nor with another authority's, nor with one whose name holds another's name."""
    ours = fleet.kafka.authority
    assert asked(fleet, ours.issue("site-a"))
    for stranger in (None, Authority(tmp_path).issue("site-a")):
        # With TLS 1.3 the server's refusal comes with the first answer.
        with pytest.raises((ssl.SSLError, ConnectionError)):
            asked(fleet, stranger)
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        assert not asked(fleet, ours.issue("x,CN=admin.fleet"))
