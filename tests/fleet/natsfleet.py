"""A whole fleet on hosts of its own: three sites, three brokers, two hosts of the centre. The files are those that `telegraf-han fleet` writes.

The owner of the fleet works on centre-1, where InfluxDB is, too. The archives go to their hosts by the lab's `scp`, and are unpacked there as
docs/fleet.md says. Each site has meters of the simulator with the same names, so only the tag `site` tells them apart. What they send is known
beforehand from the simulator's clear text (tests/tools/cleartext.py), which shares nothing with the decoder.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from servers import running

import cleartext
import diskbuffer

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "fleet/lab"))

import hosts  # noqa: E402, its folder is known only now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SITES = ("edge-a", "edge-b", "edge-c")
BROKERS = ("nats-1", "nats-2", "nats-3")
CENTRE = ("centre-1", "centre-2")
FOLDER = "/etc/telegraf-han/fleet"
UPLINK, CENTRE_UNIT, NATS_UNIT = "telegraf-han-uplink", "telegraf-han-centre", "telegraf-han-nats"
BUFFERS = {"reading": "/var/lib/telegraf/buffer", "uplink": "/var/lib/telegraf-han-uplink"}
TOKEN = "lab-token-of-the-fleet"
PATIENCE_S = 120.0
"""For anything that must happen, on a machine that does other things too."""
NS = 10**9
TAGS = ("interface", "meter", "model", "serial", "site")
RENEWED_S = 240.0
"""After this time the clocks of meters are too far from that of their site, whatever they have sent."""
PORT = 7001
"""The first meter's port on localhost of its site."""
METERS = (("home", "gama350"), ("flat-1", "gama150"), ("flat-2", "gama350"))
"""The same names at every site."""
HURRY = {
    "/etc/telegraf-han-uplink/telegraf.conf": 's/flush_interval = "10s"/flush_interval = "1s"/',
    "/etc/telegraf/telegraf.d/telegraf-han.uplink.conf": 's/flush_interval = "5s"/flush_interval = "1s"/',
}
"""A site takes 16 s from meter to broker, because it sends in batches. A short test sends sooner, and is otherwise the same."""

MOST = 600
"""Telegrams of a meter. They come one a second by its own clock, whenever they are sent."""
BEHIND_S = 100
"""A meter begins so far behind the clock of its site, and is 500 s ahead at most: within the ten minutes in which its clock is believed."""

Point = dict[str, float]
Series = tuple[str, ...]
"""The values of TAGS."""


class Meter(NamedTuple):
    """A virtual meter of a site."""

    site: str
    name: str
    model: str
    seed: int
    start: str

    @property
    def serial(self) -> str:
        """Eight digits, another one for each meter."""
        return f"{35_000_000 + self.seed}"

    @property
    def series(self) -> Series:
        """The one series in which all its points must be."""
        return ("p1", self.name, self.model.upper(), self.serial, self.site)

    @property
    def words(self) -> list[str]:
        """The words behind `simulate`, without where it sends to."""
        return [self.model, "--start", self.start, "--seed", str(self.seed), "--serial", self.serial]

    def sent(self, count: int) -> dict[int, Point]:
        """Its first telegrams: time stamp in ns → fields."""
        return dict(itertools.islice(_spoken(self).items(), count))


@lru_cache
def _spoken(meter: Meter) -> dict[int, Point]:
    return cleartext.sent(meter.model, meter.start, MOST, "--seed", str(meter.seed), "--serial", meter.serial)


class Site:
    """A site that runs, and its meters."""

    def __init__(self, host: hosts.Host, meters: list[Meter]) -> None:
        """Meters begin when somebody reads them."""
        self.name = host.name
        self.host = host
        self.meters = meters
        self.sent = 0
        """Telegrams of each meter so far."""
        self._feed = subprocess.Popen(
            host.on_network(
                sys.executable, str(ROOT / "tests/fleet/feed.py"), json.dumps([(PORT + n, m.words) for n, m in enumerate(meters)])
            ),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ready(self) -> None:
        """Wait until its meters are there."""
        assert self._feed.stdout is not None
        assert self._feed.stdout.readline() == "ready\n"

    def feed(self, count: int) -> None:
        """Let every meter send so many telegrams, and wait until the plugin has taken them from the cable."""
        assert self._feed.stdin is not None
        assert self._feed.stdout is not None
        self._feed.stdin.write(f"{count}\n")
        self._feed.stdin.flush()
        self.sent += count
        assert self._feed.stdout.readline() == f"{self.sent}\n", f"{self.name}: a meter cannot send"

    def waiting(self, *names: str) -> int:
        """Telegrams in these buffers of this host."""
        return sum(diskbuffer.count(self.host.root / BUFFERS[name].lstrip("/")) for name in names or BUFFERS)

    def close(self) -> None:
        """End the meters."""
        assert self._feed.stdin is not None
        assert self._feed.stdout is not None
        self._feed.stdin.close()
        self._feed.stdout.close()
        self._feed.terminate()
        self._feed.wait(10)


class Fleet:
    """The fleet that runs."""

    def __init__(self, lab: hosts.Lab) -> None:
        """Take over hosts on which nothing runs yet."""
        self.lab = lab
        self.owner = lab["centre-1"]
        self.sites: dict[str, Site] = {}
        self.agreed: dict[Series, dict[int, Point]] = {}
        """Points of meters that are there no more, and points that a test has compared in its own way."""
        self._seed = 0
        self._fresh_s = 0.0
        self._influx = f"http://{self.owner.address}:8086"

    def settle(self, plan: Mapping[str, str], *, hurry: bool) -> None:
        """Do what docs/fleet.md does: brokers, centre, InfluxDB, sites. `plan` are settings of fleet.toml in front of `[influx]`."""
        owner = self.owner
        owner.do("systemctl", "enable", "--now", "influxdb")
        running.until(self.influx_answers, "InfluxDB")
        setup = f"influx setup --force --username admin --password {TOKEN} --org home --bucket energy --token {TOKEN} --name lab"
        owner.sh(setup)
        owner.put("admin_token", TOKEN, mode=0o600)
        tokens = "--token-file admin_token --read-token-file grafana_token --write-token-file influx_token"
        owner.sh(f"telegraf-han influx setup --fleet {tokens}")
        servers = " ".join(f"--server {broker}" for broker in BROKERS)
        owner.sh(f"telegraf-han fleet create {servers} --url {self._influx}")
        text = re.sub(rf"^({'|'.join(plan)}) = .*\n", "", owner.read(f"{FOLDER}/fleet.toml"), flags=re.MULTILINE)
        owner.put(f"{FOLDER}/fleet.toml", "".join(f"{name} = {value}\n" for name, value in plan.items()) + text, mode=0o600)
        owner.sh("telegraf-han fleet create")
        for site in SITES:
            owner.sh(f"telegraf-han fleet init {site} --without-influx")
        self.bring(f"systemctl enable --now {NATS_UNIT}")
        running.until(lambda: not owner.run("telegraf-han", "fleet", "setup").returncode, "a broker that takes the stream", PATIENCE_S)
        for host in CENTRE:
            owner.sh(f"scp {FOLDER}/centre.tar {host}:")
            if host != owner.name:
                owner.sh(f"scp influx_token {host}:")
            self.lab[host].sh("tar -xf centre.tar -C / && install -o telegraf -m 600 influx_token /etc/telegraf-han-centre/secrets/")
            if hurry:
                _restart_soon(self.lab[host], CENTRE_UNIT)
            self.lab[host].do("systemctl", "enable", "--now", CENTRE_UNIT)
        for site in SITES:
            self.bring_site(site, hurry=hurry)

    def bring(self, then: str) -> None:
        """Bring each broker its archive, and run a command there."""
        for broker in BROKERS:
            self.owner.sh(f"scp {FOLDER}/servers/{broker}.tar {broker}:")
            self.lab[broker].sh(f"tar -xf {broker}.tar -C / && {then}")

    def bring_site(self, site: str, *, hurry: bool) -> None:
        """Bring a site its archive, and start its uplink, or start it again."""
        host = self.lab[site]
        self.owner.sh(f"scp {FOLDER}/sites/{site}.tar {site}:")
        host.sh(f"tar -xf {site}.tar -C /")
        if hurry:
            for file, change in HURRY.items():
                host.sh(f"sed -i '{change}' {file}")
            _restart_soon(host, UPLINK)
        host.sh(f"systemctl enable {UPLINK} && systemctl restart {UPLINK}")

    def renew(self, count: int) -> None:
        """See to it that every meter can send so many telegrams. Sites get fresh meters if those that are there have sent too many.

        What the meters before have sent is still expected.
        """
        enough = self.sites and max(site.sent for site in self.sites.values()) + count <= MOST
        if enough and time.monotonic() < self._fresh_s + RENEWED_S and not self.agreed.keys() & self.expected().keys():
            return
        self.agreed = self.expected() | self.agreed
        start = datetime.fromtimestamp(int(time.time()) - BEHIND_S, UTC).astimezone().isoformat()
        self._seed += 100
        self._fresh_s = time.monotonic()
        for number, name in enumerate(SITES):
            host = self.lab[name]
            if name in self.sites:
                host.do("systemctl", "stop", "telegraf")
                self.sites[name].close()
            meters = [Meter(name, meter, model, self._seed + 10 * number + n, start) for n, (meter, model) in enumerate(METERS)]
            host.put(
                "/etc/telegraf/han.toml", "".join(map(_section, meters, range(PORT, PORT + len(meters)))), owner="telegraf", mode=0o600
            )
            self.sites[name] = Site(host, meters)
        for site in self.sites.values():
            site.ready()
            site.host.do("systemctl", "enable", "--now", "telegraf")

    def expected(self) -> dict[Series, dict[int, Point]]:
        """All points of the meters that are there, as the simulator says them."""
        return {meter.series: meter.sent(site.sent) for site in self.sites.values() for meter in site.meters}

    def all_expected(self) -> dict[Series, dict[int, Point]]:
        """The same, of all meters that ever were there."""
        return self.expected() | self.agreed

    def stored(self) -> dict[Series, dict[int, Point]]:
        """All telegrams in InfluxDB by series. A tag that does not belong there makes a series of its own."""
        found: dict[Series, dict[int, Point]] = {}
        for series in self.query("SELECT * FROM electricity WHERE \"serial\" != '' GROUP BY *"):  # a test has also sent what is no telegram
            tags = dict(series["tags"])
            key = (*(tags.pop(name, "") for name in TAGS), *(f"{name}={value}" for name, value in sorted(tags.items()) if value))
            rows = [dict(zip(series["columns"], row, strict=True)) for row in series["values"]]
            found[key] = {row.pop("time"): {name: value for name, value in row.items() if value is not None} for row in rows}
        return found

    def counts(self) -> dict[str, int]:
        """Telegrams in InfluxDB of the meters that are there, by site."""
        found = dict.fromkeys(SITES, 0)
        serials = {meter.serial for site in self.sites.values() for meter in site.meters}
        for series in self.query("SELECT count(active_energy_import_wh) FROM electricity GROUP BY site, serial"):
            if series["tags"]["serial"] in serials:
                found[series["tags"]["site"]] += series["values"][0][1]
        return found

    def total(self) -> int:
        """Telegrams that all meters sent, also those that are there no more."""
        return sum(map(len, self.all_expected().values()))

    def arrived(self, *sites: str) -> bool:
        """Whether all telegrams of these sites (none: of all) are in InfluxDB."""
        counts = self.counts()
        return all(counts[name] >= site.sent * len(site.meters) for name, site in self.sites.items() if not sites or name in sites)

    def query(self, influxql: str) -> list[dict[str, Any]]:
        """The series that answer a query. Raises OSError while InfluxDB is away."""
        form = urllib.parse.urlencode({"db": "energy", "q": influxql, "epoch": "ns"}).encode()
        (result,) = json.loads(self._asked("/query", form))["results"]
        assert "error" not in result, f"{result['error']}: {influxql}"
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def influx_answers(self) -> bool:
        """Whether InfluxDB is there."""
        try:
            return bool(json.loads(self._asked("/health"))["status"] == "pass")
        except (OSError, ValueError):
            return False

    def _asked(self, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self._influx + path, body, {"Authorization": f"Token {TOKEN}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as response:
            answer: bytes = response.read()
        return answer

    def check(self) -> str:
        """What `telegraf-han fleet check` says."""
        return self.owner.run("telegraf-han", "fleet", "check", "--token-file", "grafana_token").stdout

    def nats(self, *words: str) -> str:
        """What NATS's own command line says to the administrator."""
        servers = ",".join(f"tls://{broker}:4222" for broker in BROKERS)
        tls = ("--tlsca", f"{FOLDER}/ca.pem", "--tlscert", f"{FOLDER}/admin.pem", "--tlskey", f"{FOLDER}/admin.key")
        return self.owner.do("nats", "--no-context", "--server", servers, *tls, *words)

    def stream(self) -> dict[str, Any]:
        """What the stream has and who leads it."""
        found: dict[str, Any] = json.loads(self.nats("stream", "info", "HAN", "--json"))
        return found

    def consumer(self) -> dict[str, Any]:
        """What the consumer has delivered and who leads it."""
        found: dict[str, Any] = json.loads(self.nats("consumer", "info", "HAN", "influx", "--json"))
        return found

    def pending(self) -> int:
        """Messages that some Telegraf of the centre has, and has not acknowledged."""
        return int(self.consumer()["num_ack_pending"])

    def settled(self) -> bool:
        """Whether the stream is empty and all buffers of the sites are."""
        return not self.stream()["state"]["messages"] and not any(site.waiting() for site in self.sites.values())

    def credential(self, site: str) -> dict[str, str]:
        """The paths, from here, of a site's credentials."""
        place = self.lab[site].root / "etc/telegraf-han-uplink"
        return {name: str(place / name) for name in ("ca.pem", "site.pem", "site.key")}

    def close(self) -> None:
        """End the meters; the lab ends the rest."""
        for site in self.sites.values():
            site.close()


def _restart_soon(host: hosts.Host, unit: str) -> None:
    host.put(f"/etc/systemd/system/{unit}.service.d/hurry.conf", "[Service]\nRestartSec=1\n")


def _section(meter: Meter, port: int) -> str:
    keys = {"encryption_key": "000102030405060708090a0b0c0d0e0f", "authentication_key": "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"}
    lines = "".join(f'{name} = "{key}"\n' for name, key in keys.items())
    return f'[[meter]]\nname = "{meter.name}"\ninterface = "p1"\nport = "socket://127.0.0.1:{port}"\n{lines}'


def lines(points: Mapping[Series, Mapping[int, Point]]) -> str:
    """Points as a site writes them: line protocol without the tag `site`."""
    found = []
    for series, rows in points.items():
        tags = ",".join(f"{name}={value}" for name, value in zip(TAGS, series, strict=True) if name != "site")
        found += [f"electricity,{tags} {','.join(f'{k}={v}' for k, v in row.items())} {stamp}\n" for stamp, row in rows.items()]
    return "".join(found)


@contextlib.contextmanager
def up(name: str, programs: Mapping[str, Path], plan: Mapping[str, str], *, hurry: bool) -> Iterator[Fleet]:
    """A fleet without meters, until the block ends."""
    lab = hosts.up(name, [*SITES, *BROKERS, *CENTRE], programs, sys.executable, until_end_of_parent=True)
    fleet = Fleet(lab)
    try:
        fleet.settle(plan, hurry=hurry)
        yield fleet
    finally:
        fleet.close()
        lab.down()


def errors(log: str) -> list[str]:
    """The lines of a Telegraf's log that are errors."""
    return re.findall(r"^.* E! .*$", log, re.MULTILINE)
