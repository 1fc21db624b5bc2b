"""Three sites, three brokers and a centre of two hosts, each in namespaces of its own, and what fails in such a fleet.

The programs and the configuration are the real ones (see natsfleet.py). Each test has fresh meters, breaks something while they send, mends it,
and looks whether all has arrived. At the end every telegram of every meter must be in InfluxDB once: its time, its numbers and its tags, and no
series beside. `python tests/fleet/long.py` does the same for longer, in a random order.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import time
from typing import TYPE_CHECKING, Any

import faults
import hosts
import nats.errors
import natsfleet
import pytest
from natsfleet import CENTRE_UNIT, PATIENCE_S, UPLINK, Fleet
from servers import running

from telegraf_han.fleet import natsfiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nats.aio.client import Client

HOUR = 360
"""Telegrams of a meter that sends every 10 s."""
QUOTA = 100
PLAN = {"redelivery": '"2s"', "site_messages": str(QUOTA)}
"""A message that nobody acknowledged is sent again sooner than in reality, and a flood is short."""

CONNECTIONS = "$SYS.REQ.SERVER.PING.CONNZ"
ASKED = {
    "$JS.API.STREAM.INFO.HAN": b'{"subjects_filter": ">"}',
    "$JS.API.STREAM.NAMES": b"",
    "$JS.API.CONSUMER.INFO.HAN.influx": b"",
    "$JS.API.CONSUMER.MSG.NEXT.HAN.influx": b"",
    "$JS.API.STREAM.MSG.GET.HAN": b'{"last_by_subj": "han.edge-a.lines"}',
    "$JS.API.DIRECT.GET.HAN.han.edge-a.lines": b"",
    "$JS.API.STREAM.PURGE.HAN": b"",
    "$JS.API.STREAM.DELETE.HAN": b"",
    "$JS.API.CONSUMER.DURABLE.CREATE.HAN.spy": b'{"stream_name": "HAN", "config": {"durable_name": "spy", "ack_policy": "none"}}',
    CONNECTIONS: b"",
}
"""What a site may try with JetStream's API and the servers'."""
ANSWERED = ("$JS.API.STREAM.INFO.HAN", CONNECTIONS)
"""What of that has an answer, though an empty one, or one of the site itself."""


@pytest.fixture(scope="module")
def whole(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """The fleet of all tests here."""
    if reason := hosts.missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    names = ("telegraf", "influxd", "influx", "nats-server", "nats")
    programs: dict[str, Path] = {name: request.getfixturevalue(f"{name.replace('-', '_')}_binary") for name in names}
    with natsfleet.up(f"tests-{os.getpid()}", programs, PLAN, hurry=True) as fleet:
        yield fleet


@pytest.fixture
def fleet(whole: Fleet) -> Fleet:
    """The fleet with meters that are read, whose last telegrams have arrived."""
    whole.renew(HOUR + 20)
    for site in whole.sites.values():
        site.feed(10)
    _until(whole.arrived, "the first telegrams")
    return whole


def _until(condition: Callable[[], Any], what: str) -> Any:
    return running.until(condition, what, PATIENCE_S)


def _all_arrive(fleet: Fleet) -> None:
    """All telegrams of the meters of this test arrive, and they are right."""
    _until(fleet.arrived, "all telegrams")
    expected, stored = fleet.expected(), fleet.stored()
    assert {series: stored.get(series) for series in expected} == expected


def _logs_of_centre(fleet: Fleet) -> str:
    return "".join(fleet.lab[host].log(CENTRE_UNIT) for host in natsfleet.CENTRE)


def test_link_cut_for_an_hour(fleet: Fleet) -> None:
    """A site's telegrams of an hour wait on its disk. Those of other sites arrive meanwhile."""
    cut, *others = fleet.sites.values()
    cut.host.cut()
    for other in others:
        other.feed(30)
    cut.feed(HOUR)
    _until(lambda: cut.waiting() == HOUR * len(cut.meters), "an hour on the disk of the site")
    _until(lambda: fleet.arrived("edge-b", "edge-c"), "the telegrams of other sites")
    before = fleet.counts()["edge-a"]
    cut.host.mend()

    _all_arrive(fleet)
    assert before == (cut.sent - HOUR) * len(cut.meters)


def test_site_rebooted_while_its_link_is_down(fleet: Fleet) -> None:
    """What waited before a power cut is there after it. The uplink cannot start, and the meters are read nevertheless."""
    site = fleet.sites["edge-b"]
    site.host.cut()
    site.feed(60)
    _until(lambda: site.waiting() == 60 * len(site.meters), "telegrams on disk")
    faults.reboot(site)
    site.feed(60)
    _until(lambda: site.waiting() == 120 * len(site.meters), "more telegrams on disk")
    _until(lambda: "Failed to connect to [outputs.nats" in site.host.log(UPLINK), "an uplink that does not get through")
    site.host.mend()

    _all_arrive(fleet)
    assert site.host.do("systemctl", "show", "-p", "NRestarts", "telegraf") == "NRestarts=0\n"


def test_a_broker_is_killed(fleet: Fleet) -> None:
    """The broker that leads the stream is killed while sites send, and comes back later."""
    leader = fleet.stream()["cluster"]["leader"]
    for site in fleet.sites.values():
        site.feed(30)
    with faults.broker_away(fleet, leader):
        for site in fleet.sites.values():
            site.feed(60)
        _until(fleet.arrived, "all telegrams, by two brokers")
        assert fleet.stream()["cluster"]["leader"] != leader
    _until(lambda: faults.complete(fleet), "three brokers that know the same")

    _all_arrive(fleet)


def test_a_consumer_is_killed_in_mid_batch(fleet: Fleet) -> None:
    """A Telegraf of the centre is killed while it holds messages. The other one, or its successor, gets them again."""
    again = faults.deliveries(fleet)
    with faults.influxdb_frozen(fleet):
        for _ in range(6):
            for site in fleet.sites.values():
                site.feed(10)
            _until(lambda: all(not site.waiting() for site in fleet.sites.values()), "all telegrams at the broker")
        _until(lambda: fleet.pending() >= 10, "messages that are not acknowledged")
        for host in natsfleet.CENTRE:
            faults.kill(fleet.lab[host], CENTRE_UNIT)

    _all_arrive(fleet)
    assert faults.deliveries(fleet) > again


def test_influxdb_is_away(fleet: Fleet) -> None:
    """Messages wait at the broker, also when it has sent them again and again. Telegraf gives up none."""
    again = faults.deliveries(fleet)
    with faults.influxdb_away(fleet):
        for _ in range(3):
            for site in fleet.sites.values():
                site.feed(20)
            _until(lambda: all(not site.waiting() for site in fleet.sites.values()), "all telegrams at the broker")
        _until(lambda: faults.deliveries(fleet) >= again + 10, "messages that were sent again")
        assert fleet.stream()["state"]["messages"]

    _all_arrive(fleet)
    _until(fleet.settled, "an empty stream")
    logs = _logs_of_centre(fleet)
    assert "dropped" not in logs
    assert "overflow" not in logs


def test_the_uplink_is_killed(fleet: Fleet) -> None:
    """SIGKILL of the uplink while it takes lines and sends them."""
    site = fleet.sites["edge-c"]
    for _ in range(3):
        site.feed(30)
        faults.kill(site.host, UPLINK)

    _all_arrive(fleet)


def test_the_same_lines_again(fleet: Fleet) -> None:
    """A site sends lines again that are in InfluxDB already. They are the same points."""
    site = fleet.sites["edge-a"]
    site.feed(20)
    _all_arrive(fleet)
    own = {series: points for series, points in fleet.expected().items() if series[-1] == site.name}
    body = natsfleet.lines(own).encode()
    before = fleet.stored()

    async def twice(connection: Client) -> None:
        for _ in range(2):
            await connection.jetstream().publish(f"han.{site.name}.lines", body, stream="HAN")

    faults.as_site(fleet, site.name, twice)
    _until(fleet.settled, "an empty stream")

    assert fleet.stored() == before


def test_a_site_that_floods_is_refused(fleet: Fleet) -> None:
    """It gets only its quota, and the telegrams of the others arrive meanwhile. Its own telegrams arrive when it is over."""
    with faults.flood(fleet, "edge-c") as flood:
        _until(lambda: flood.refused, "a message that is refused")
        for site in fleet.sites.values():
            site.feed(60)
        refused = flood.refused
        _until(lambda: fleet.arrived("edge-a", "edge-b"), "the telegrams of the others")
        _until(lambda: flood.refused > refused, "more that are refused")

    _all_arrive(fleet)


def test_messages_full_of_the_shortest_lines(fleet: Fleet) -> None:
    """A hostile site sends as many lines as fit into messages while InfluxDB is away. The centre has room for all of them.

    What a Telegraf has no room for it gives up, and those would be lines of other sites, too.
    """
    line = b"electricity_settings x=1\n"
    lines = 1_000_000  # 2.5 times what the buffer of both Telegrafs of the centre would have to hold for honest sites
    most = natsfiles.MESSAGE_LIMIT_BYTES - 1024

    async def much(connection: Client) -> list[str]:
        stream, subject = connection.jetstream(), "han.edge-c.lines"
        for _ in range(lines * len(line) // most):
            await stream.publish(subject, line * (most // len(line)), stream="HAN", timeout=10)
        return [await faults.outcome(stream.publish(subject, line * (2 * most // len(line)), stream="HAN", timeout=10))]

    with faults.influxdb_frozen(fleet):
        (larger,) = faults.as_site(fleet, "edge-c", much)
        for site in fleet.sites.values():
            site.feed(20)
        _until(lambda: all(not site.waiting() for site in fleet.sites.values()), "all telegrams at the broker")

    assert larger.startswith("refused")
    _all_arrive(fleet)
    assert "overflow" not in _logs_of_centre(fleet)


def test_one_site_cannot_take_all_connections(fleet: Fleet) -> None:
    """A server has only so many. A site has few of them, and others still get in."""

    async def many(connection: Client) -> str:
        more: list[Client] = []
        try:
            while len(more) < 150:
                more.append(await faults.connected(fleet, faults.tls(fleet, "edge-b")))
        except (OSError, nats.errors.Error) as error:
            other = await faults.connected(fleet, faults.tls(fleet, "edge-a"))
            await other.close()
            return str(error)
        finally:
            for one in more:
                await one.close()
        return "all of them"

    assert "maximum account active connections exceeded" in faults.as_site(fleet, "edge-b", many)
    _all_arrive(fleet)


def test_a_site_sends_rubbish(fleet: Fleet) -> None:
    """What InfluxDB would refuse, and what is no line at all, does not hold up the lines of other sites. A site writes as nobody else."""
    at = time.time_ns()
    tags = ",".join(f"t{number}={'x' * 200}" for number in range(600))
    rubbish = [
        f'electricity,meter=evil active_energy_import_wh="text" {at}',
        f"electricity,meter=evil,time=1 voltage_l1_v=1 {at}",
        f"electricity,meter=evil,_field=1 voltage_l1_v=1 {at}",
        f"electricity,meter=evil,_measurement=1 voltage_l1_v=1 {at}",
        f"electricity,meter=evil time=1 {at}",
        f"electricity,meter={'x' * 70000} voltage_l1_v=1 {at}",
        f"electricity,meter=evil,{tags} voltage_l1_v=1 {at}",
        f"electricity,meter=evil {'x' * 70000}=1 {at}",
        f"electricity,meter=evil voltage_l1_v=1 {-(2**63)}",
        f"electricity,meter=evil voltage_l1_v=1 {2**63 - 1}",
        f"electricity,meter=evil voltage_l1_v=1 {at + 400 * 86400 * natsfleet.NS}",
        f'electricity,meter=evil site="edge-a",meter="x",serial="x" {at}',
        f"electricity,meter=evil,active_energy_import_wh=1 voltage_l1_v=1 {at}",
        f"electricity,meter=evil,{'x' * 63}\\y=1 voltage_l1_v=1 {at}",
        f"electricity,meter=evil {'x' * 63}\\y=1 {at}",
        f"electricity,\0=1 voltage_l1_v=1 {at}",
        f"electricity,meter=evil \0=1 {at}",
        f"cpu,meter=evil usage_w=1 {at}",
        "no line at all",
        f"electricity,meter=forged,site=edge-a,host=x,subject=han.edge-a.lines active_power_import_w=1 {at}",
    ]

    async def send(connection: Client) -> None:
        for line in rubbish:
            await connection.jetstream().publish("han.edge-c.lines", line.encode(), stream="HAN")

    for _ in range(3):
        faults.as_site(fleet, "edge-c", send)
        for site in fleet.sites.values():
            site.feed(10)
    _all_arrive(fleet)
    _until(fleet.settled, "an empty stream")

    assert "will be dropped" not in _logs_of_centre(fleet)
    assert fleet.query("SELECT * FROM cpu") == []
    assert fleet.query(f"SELECT * FROM electricity WHERE time > {at + 86400 * natsfleet.NS}") == []
    forged = fleet.query("SELECT active_power_import_w FROM electricity WHERE meter = 'forged' GROUP BY *")
    assert [{name: value for name, value in series["tags"].items() if value} for series in forged] == [
        {"meter": "forged", "site": "edge-c"}
    ]


def test_a_clock_is_wrong(fleet: Fleet) -> None:
    """The points of a site whose clock is two hours ahead have its time. They are all there, and the other sites are untouched."""
    site = fleet.sites["edge-b"]
    before = site.sent
    with faults.clock_ahead(site, 7200):
        since_ns = time.time_ns() + 7000 * natsfleet.NS
        for one in fleet.sites.values():
            one.feed(40)
        _until(fleet.arrived, "all telegrams")
        said = fleet.check()

    expected, stored = fleet.expected(), fleet.stored()
    assert re.findall(r"^(edge-\S+) +clock ahead", said, re.MULTILINE) == [site.name]
    for series, points in expected.items():
        if series[-1] != site.name:
            assert stored[series] == points
            continue
        right = {stamp: point for stamp, point in stored[series].items() if stamp < since_ns}
        ahead = [point for stamp, point in sorted(stored[series].items()) if stamp >= since_ns]
        assert right == dict(list(points.items())[:before])
        assert ahead == list(points.values())[before:]
        fleet.agreed[series] = stored[series]


def test_a_site_is_revoked_and_admitted_again(fleet: Fleet) -> None:
    """Its telegrams wait on its disk, whether its uplink could start or not, and arrive with its new certificate. Others notice nothing."""
    site, unit = fleet.sites["edge-c"], natsfleet.NATS_UNIT
    fleet.owner.do("telegraf-han", "fleet", "revoke", site.name)
    fleet.bring(f"systemctl reload {unit}")
    for one in fleet.sites.values():
        one.feed(20)
    _until(lambda: fleet.arrived("edge-a", "edge-b"), "the telegrams of others")
    _until(lambda: site.waiting("uplink") == 20 * len(site.meters), "telegrams on the disk of the uplink")
    site.host.do("systemctl", "restart", UPLINK)
    site.feed(20)
    _until(lambda: site.waiting("reading") == 20 * len(site.meters), "telegrams on the disk of the Telegraf that reads")
    said = fleet.check()
    fleet.owner.do("telegraf-han", "fleet", "init", site.name, "--without-influx")
    fleet.bring(f"systemctl reload {unit}")
    fleet.bring_site(site.name, hurry=True)
    site.host.do("systemctl", "restart", "telegraf")

    _all_arrive(fleet)
    assert re.findall(r"^(edge-\S+) +revoked", said, re.MULTILINE) == [site.name]


def test_a_site_reaches_nothing_of_another(fleet: Fleet) -> None:
    """With its credentials, a site can neither send as another one nor hear one, nor learn which sites there are."""
    heard: list[str] = []
    found: dict[str, str] = {}

    async def note(message: Any) -> None:
        heard.append(f"{message.subject} {message.data.decode()}")

    def others_send() -> None:
        for site in fleet.sites.values():
            site.feed(20)
        _until(fleet.arrived, "telegrams that could be heard")

    async def spy(connection: Client) -> None:
        for subject in (">", "han.>", "_INBOX.>", "deliver.influx", "$JS.>"):
            await connection.subscribe(subject, cb=note)
        await connection.flush()
        await asyncio.to_thread(others_send)
        loud = list(heard)  # without what comes now from the spy itself
        found["as edge-a"] = await faults.outcome(
            connection.jetstream().publish("han.edge-a.lines", b"electricity,meter=spy x=1", timeout=2)
        )
        said = await asyncio.gather(*(faults.outcome(connection.request(subject, body, timeout=2)) for subject, body in ASKED.items()))
        found.update(zip(ASKED, said, strict=True))
        for subject in ANSWERED:  # on a busy machine an answer may take longer than it is worth waiting for the others
            if found[subject].startswith("refused"):
                found[subject] = await faults.outcome(connection.request(subject, ASKED[subject], timeout=60))
        heard[:] = loud

    faults.as_site(fleet, "edge-b", spy)
    _all_arrive(fleet)

    serials = {meter.serial for site in fleet.sites.values() for meter in site.meters if site.name != "edge-b"}
    assert any("han.edge-b.lines electricity" in message for message in heard)  # what it sends itself
    assert [message for message in heard if "edge-a" in message or any(serial in message for serial in serials)] == []
    assert "edge-a" not in "".join(found.values())
    assert found.pop("$JS.API.STREAM.INFO.HAN").startswith("answered")  # with the empty stream, which Telegraf's output asks for
    assert json.loads(found.pop(CONNECTIONS).removeprefix("answered: "))["data"]["total"] <= 2  # its uplink and this one
    assert [f"{subject}: {said}" for subject, said in found.items() if not said.startswith("refused")] == []


def test_only_a_broker_is_a_broker(fleet: Fleet) -> None:
    """A server of the cluster hears and says everything. So neither a site nor the centre gets in where the servers talk to each other."""
    site = fleet.credential("edge-b")
    centre = fleet.lab["centre-1"].root / "etc/telegraf-han-centre"
    broker = fleet.lab["nats-2"].root / "etc/telegraf-han-nats"

    assert faults.as_server(fleet, str(broker / "cluster.pem"), str(broker / "cluster.key")).startswith("INFO ")
    assert faults.as_server(fleet, site["site.pem"], site["site.key"]) == ""
    assert faults.as_server(fleet, str(centre / "centre.pem"), str(centre / "centre.key")) == ""
    assert faults.as_server(fleet, str(broker / "server.pem"), str(broker / "server.key")) == ""


def test_a_stranger_does_not_get_in(fleet: Fleet) -> None:
    """Without a certificate, no broker talks to anybody."""
    bare = ssl.create_default_context(cafile=fleet.credential("edge-a")["ca.pem"])

    with pytest.raises((OSError, nats.errors.Error)):
        asyncio.run(faults.connected(fleet, bare))


def test_every_telegram_is_there_once(whole: Fleet) -> None:
    """After all that, InfluxDB has every telegram of every meter once, and not one series more."""
    _until(whole.settled, "an empty stream and empty disks")

    expected, stored = whole.all_expected(), whole.stored()
    assert set(stored) == set(expected)
    assert {series: len(points) for series, points in stored.items()} == {series: len(points) for series, points in expected.items()}
    assert stored == expected
