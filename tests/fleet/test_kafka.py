"""The fleet over Kafka, with the real programs: Kafka, Telegraf on both sides, InfluxDB, and the files of fleet/kafka.

Every line that a site gave to its uplink is in InfluxDB once, whoever is killed meanwhile. A site writes to its own topic, and does
nothing else. A site that floods slows down itself.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

import kafkabroker
from kafkabroker import filled
from kafkapki import Authority
from servers import build, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# A consumer that was killed keeps its partitions for ten seconds, and then all others are asked anew.
TAKEN_OVER_S = 60
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_TOKEN = "uplinks"  # the password of the uplink's listener on 127.0.0.1
_START_NS = 1_790_000_000_000_000_000


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

    def __init__(self, folder: Path, program: Path, config: str, port: int) -> None:
        folder.mkdir()
        self.sent = 0
        self.process: running.Process
        self._folder, self._program, self._port = folder, program, port
        (folder / "telegraf.conf").write_text(config, encoding="utf-8")
        self.start()

    def start(self) -> None:
        """Start, also again with the buffer that it left."""
        command = [str(self._program), "--config", "telegraf.conf"]
        self.process = running.Process(command, self._folder / "telegraf.log", self._folder, {**os.environ, "UPLINK_TOKEN": _TOKEN})
        self.process.wait_for_log("Started HTTP listener")

    def send(self, count: int, tags: str = "") -> None:
        """Give it lines of one meter, each a second later than the one before, as the Telegraf that reads the meters does."""
        numbers = range(self.sent, self.sent + count)
        # The longest field makes a line as long as a real one.
        lines = [
            f"electricity,meter=home,serial=35000001{tags} active_energy_import_wh={number},active_power_import_w={number % 5000}"
            f" {_START_NS + number * 1_000_000_000}\n"
            for number in numbers
        ]
        for part in (
            itertools.batched(lines, 1000) if sys.version_info >= (3, 12) else [lines[at : at + 1000] for at in range(0, count, 1000)]
        ):
            request = urllib.request.Request(
                f"http://127.0.0.1:{self._port}/api/v2/write?org=x&bucket=x&precision=ns",
                "".join(part).encode(),
                {"Authorization": f"Token {_TOKEN}"},
            )
            with _HTTP.open(request, timeout=30) as answer:
                assert answer.status == 204
        self.sent += count


class Fleet(NamedTuple):
    """One Kafka, one InfluxDB, and what starts Telegrafs beside them."""

    kafka: kafkabroker.Kafka
    influx: running.Influx
    telegraf: Path
    folder: Path
    closing: contextlib.ExitStack

    def uplink(self, site: str, topic_of: str | None = None) -> Uplink:
        """Start the uplink of a site, with its certificate; `topic_of` is the site to whose topic it tries to write."""
        issued = self.kafka.authority.issue(site)
        folder = self.folder / f"uplink-{site}-{topic_of or site}"
        port = kafkabroker.free_ports(1)[0]
        changes = {
            "127.0.0.1:8187": f"127.0.0.1:{port}",
            "kafka.example.org:9093": self.kafka.address,
            '"han.site-a.lines"': f'"han.{topic_of or site}.lines"',
            '"site-a"': f'"{site}"',
            "/var/lib/telegraf-han-uplink/buffer": str(folder / "buffer"),
            "/etc/telegraf-han-uplink/ca.crt": str(self.kafka.authority.certificate),
            "/etc/telegraf-han-uplink/site.crt": str(issued.certificate),
            "/etc/telegraf-han-uplink/site.key": str(issued.key),
            'flush_interval = "10s"': 'flush_interval = "200ms"',
        }
        config = filled((kafkabroker.FLEET / "uplink.conf").read_text(encoding="utf-8"), changes)
        uplink = Uplink(folder, self.telegraf, config, port)
        self.closing.callback(lambda: uplink.process.close())
        return uplink

    def centre(self, name: str, user: str = "centre.fleet", **other: str) -> running.Process:
        """Start a Telegraf of the centre; it is ready when it has asked for its share."""
        issued = self.kafka.authority.issue(user)
        changes = {
            "kafka.example.org:9093": self.kafka.address,
            "http://127.0.0.1:8086": self.influx.url,
            "/etc/telegraf-han-centre/ca.crt": str(self.kafka.authority.certificate),
            "/etc/telegraf-han-centre/centre.crt": str(issued.certificate),
            "/etc/telegraf-han-centre/centre.key": str(issued.key),
            'flush_interval = "2s"': 'flush_interval = "200ms"',
            **other,
        }
        folder = self.folder / name
        folder.mkdir()
        (folder / "telegraf.conf").write_text(
            filled((kafkabroker.FLEET / "centre.conf").read_text(encoding="utf-8"), changes), encoding="utf-8"
        )
        command = [str(self.telegraf), "--config", "telegraf.conf"]
        process = running.Process(command, folder / "telegraf.log", folder, {**os.environ, "INFLUX_TOKEN": self.influx.token})
        self.closing.callback(process.close)
        return process

    def stored(self, site: str) -> int:
        """How many points of a site InfluxDB has."""
        rows = self.influx.query(f"SELECT COUNT(active_energy_import_wh) AS n FROM electricity WHERE site = '{site}'")
        return int(rows[0]["n"]) if rows else 0

    def all_stored(self, *uplinks: tuple[str, Uplink]) -> None:
        """Wait until InfluxDB has every line that these sites gave to their uplinks."""
        for site, uplink in uplinks:
            running.until(lambda s=site, u=uplink: self.stored(s) >= u.sent, f"{uplink.sent} lines of {site}", TAKEN_OVER_S)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Run Kafka, with what `site.sh init` makes, and InfluxDB."""
    telegraf, influxd = _or_skip(lambda: build.binary("telegraf")), _or_skip(lambda: build.binary("influxd"))
    _or_skip(kafkabroker.maven.kafka)
    folder = tmp_path_factory.mktemp("kafka")
    with contextlib.ExitStack() as closing:
        influx = closing.enter_context(running.influxd(influxd, folder / "influxdb"))
        influx.make_bucket("energy/5m")
        kafka = kafkabroker.Kafka(folder / "kafka")
        closing.callback(lambda: kafka.process.close())
        kafka.site("init")
        yield Fleet(kafka, influx, telegraf, folder, closing)


def test_each_line_is_in_influxdb_once_whoever_is_killed(fleet: Fleet) -> None:
    """A consumer, the broker, InfluxDB with a consumer that holds lines: in the end every line is there, and nothing twice."""
    kafka, influx = fleet.kafka, fleet.influx
    sites = ("site-a", "site-b")
    for site in sites:
        kafka.site("add", site)
    uplinks = [(site, fleet.uplink(site)) for site in sites]

    # A consumer is killed in mid batch, and the broker with it. The uplinks go on, and one of them starts while no broker is there.
    first = fleet.centre("first")
    for _, uplink in uplinks:
        uplink.send(5000)
    running.until(lambda: fleet.stored("site-a"), "the first lines", TAKEN_OVER_S)
    first.kill()
    kafka.kill()
    for _, uplink in uplinks:
        uplink.send(500)
    uplinks[0][1].process.stop()
    uplinks[0][1].process.close()
    uplinks[0][1].start()
    kafka.start()
    at_kill = {site: fleet.stored(site) for site in sites}
    running.until(lambda: sum(kafka.lag("influx").values()) >= sum(uplink.sent - at_kill[site] for site, uplink in uplinks), "the lines")

    # Two consumers share what is left, and each has a site.
    consumers = [fleet.centre("second"), fleet.centre("third")]
    fleet.all_stored(*uplinks)

    # While InfluxDB is away nothing is marked as done. A consumer that holds lines is killed, and the other takes its site over.
    running.until(lambda: not any(kafka.lag("influx").values()), "a group that has done everything")
    influx.stop()
    for _, uplink in uplinks:
        uplink.send(300)
    for consumer in consumers:
        consumer.wait_for_log("influxdb_v2.*connection refused")
    lag = kafka.lag("influx")
    consumers[0].kill()
    influx.start()
    fleet.all_stored(*uplinks)
    running.until(lambda: not any(kafka.lag("influx").values()), "a group that has done everything", TAKEN_OVER_S)

    assert lag == {f"han.{site}.lines": 300 for site in sites}
    assert {site: fleet.stored(site) for site in sites} == {site: uplink.sent for site, uplink in uplinks}
    series = {row["key"] for row in influx.query("SHOW SERIES")}
    assert series == {f"electricity,meter=home,serial=35000001,site={site}" for site in sites}


def test_a_site_writes_to_its_own_topic_and_does_nothing_else(fleet: Fleet) -> None:
    """Not to another's topic, not reading, not as another site in its lines, and nothing at all once it is revoked."""
    kafka, influx = fleet.kafka, fleet.influx
    kafka.site("add", "site-c")
    kafka.site("add", "site-d")
    fleet.centre("fourth")
    honest, impostor = fleet.uplink("site-c"), fleet.uplink("site-d", topic_of="site-c")
    spy = fleet.centre("spy", user="site-d")

    honest.send(3, tags=",site=site-d,topic=han.site-d.lines,bucket=energy/5m,host=elsewhere")
    impostor.send(5)
    fleet.all_stored(("site-c", honest))
    impostor.process.wait_for_log("outputs.kafka.*not authorized to access this topic")
    spy.wait_for_log("not authorized to access this (group|topic)")
    kafka.site("revoke", "site-c")
    honest.send(4)
    honest.process.wait_for_log("outputs.kafka.*not authorized to access this topic")

    assert fleet.stored("site-c") == 3
    assert fleet.stored("site-d") == 0
    assert not influx.query("SELECT * FROM electricity", "energy/5m")
    kafka.site("add", "site-c")
    fleet.all_stored(("site-c", honest))
    assert fleet.stored("site-c") == 7


def test_a_flooding_site_slows_down_itself_only(fleet: Fleet) -> None:
    """Two sites send the same lines; the one with the small quota is not through when the other is."""
    for site in ("site-e", "site-f"):
        fleet.kafka.site("add", site)
    fleet.kafka.site("quota", "site-e", "2000")
    fleet.centre("fifth")
    flooding, other = fleet.uplink("site-e"), fleet.uplink("site-f")

    flooding.send(10_000)
    running.until(lambda: fleet.stored("site-e"), "the first lines of the flood")
    other.send(10_000)
    fleet.all_stored(("site-f", other))

    assert 0 < fleet.stored("site-e") < flooding.sent


@pytest.mark.parametrize("foreign", [False, True])
def test_nobody_connects_without_a_certificate_of_the_fleet(fleet: Fleet, tmp_path: Path, foreign: bool) -> None:
    """Neither without one, nor with another authority's."""
    context = ssl.create_default_context(cafile=str(fleet.kafka.authority.certificate))
    if foreign:
        stranger = Authority(tmp_path).issue("site-a")
        context.load_cert_chain(stranger.certificate, stranger.key)
    host, port = fleet.kafka.address.split(":")

    with (
        socket.create_connection((host, int(port)), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        # With TLS 1.3 the server's refusal comes with the first answer.
        connection.sendall(bytes.fromhex("0000000a 0012 0000 00000001 ffff"))
        assert not connection.recv(1)
        raise ConnectionError
