"""The files of fleet/mqtt with a real Mosquitto, Telegraf and InfluxDB: what arrives, what is refused, and what is lost.

Some of these tests hold facts about the programs that the README tells, not promises of ours: why Telegraf's own MQTT 5 output is not
used, why consumers do not share a subscription, what a killed broker forgets. If one fails with a newer program, the page changes.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import mqttfleet
import pytest
from mqttfleet import Fleet, Link, hand_over
from servers import build, running

import cleartext
import virtualmeters
from document import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Make = Callable[..., Fleet]

START_S = 1_770_000_000
KEYS = {"encryption_key": "000102030405060708090a0b0c0d0e0f", "authentication_key": "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"}
NOBODY = "RC:16"
DENIED = "RC:135"
TAKEN = "RC:0"
WRITTEN = r"Error writing to outputs\.influxdb_v2"
PATIENCE_S = 60
SESSION = ("-c", "-i", "influx-1", "-t", "han/+/lines")
"""Options of mosquitto_sub that open the session of a consumer, as Telegraf's `persistent_session` does."""


@pytest.fixture
def make(tmp_path: Path, telegraf_binary: Path) -> Iterator[Make]:
    """A function that makes a fleet of which nothing runs yet."""
    fleets = []

    def fleet(influx: running.Influx | None = None, settings: dict[str, str] | None = None) -> Fleet:
        try:
            fleets.append(Fleet(tmp_path, telegraf_binary, influx, settings))
        except build.CannotBuildError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(str(error), pytrace=False)
            pytest.skip(str(error))
        return fleets[-1]

    yield fleet
    for one in fleets:
        one.close()


def telegrams(begin: int, end: int, tags: str = "") -> list[str]:
    """Numbered lines of the meter `home`, which every site has; the reading of a line is its number."""
    head = f"electricity,interface=p1,meter=home,model=GAMA350,serial=35000001{tags}"
    return [f"{head} active_energy_import_wh={number} {START_S + number}000000000" for number in range(begin, end)]


def stored(influx: running.Influx) -> dict[str, list[float]]:
    """Site → readings in the order of time, each as often as it is in the database."""
    found: dict[str, list[float]] = {}
    for row in influx.query("SELECT active_energy_import_wh FROM electricity WHERE meter = 'home' GROUP BY *"):
        assert {name for name, value in row.items() if value != ""} == {
            "time",
            "active_energy_import_wh",
            "interface",
            "meter",
            "model",
            "serial",
            "site",
        }
        found.setdefault(row["site"], []).append(row["active_energy_import_wh"])
    return found


def wait_for(influx: running.Influx, site: str, count: int) -> None:
    """Wait until a site has that many readings."""
    running.until(lambda: len(stored(influx).get(site, [])) >= count, f"{count} readings of {site}", PATIENCE_S)


def refusals(uplink: running.Process) -> int:
    """How often the uplink has found no broker."""
    return uplink.log_text().count("no answer of the broker")


def test_every_telegram_once(influx: running.Influx, make: Make) -> None:
    """Broker missing, nobody there to take the lines, link cut, broker restarted, uplink and consumer killed, duplicates: each line is there once."""
    fleet = make(influx)
    link = Link(fleet.port)
    try:
        # The broker is missing at the start, and then there is one without a consumer: the uplink keeps its lines.
        near, first = fleet.start_uplink("site-a")
        far, second = fleet.start_uplink("site-b", link.port)
        hand_over(first, telegrams(0, 10))
        hand_over(second, telegrams(0, 10))
        near.wait_for_log("no answer of the broker: .*Connection refused")
        broker = fleet.start_broker()
        near.wait_for_log(f"the broker did not take the lines: .*{NOBODY}")
        consumers = {name: fleet.start_consumer(name) for name in mqttfleet.CONSUMERS}
        for site in mqttfleet.SITES:
            wait_for(influx, site, 10)

        # The link of one site is cut; the other one is not held up.
        link.cut()
        said = refusals(far)
        hand_over(first, telegrams(10, 20))
        hand_over(second, telegrams(10, 20))
        wait_for(influx, "site-a", 20)
        running.until(lambda: refusals(far) > said, "a try on the dead link")
        assert len(stored(influx)["site-b"]) == 10

        # Its uplink loses its power meanwhile, and starts on what is on its disk.
        far.kill()
        far, second = fleet.start_uplink("site-b", link.port)
        link.mend()
        wait_for(influx, "site-b", 20)

        # One consumer is killed, and the broker restarts: the other one goes on, and the killed one finds its messages later.
        consumers["influx-1"].kill()
        hand_over(first, telegrams(20, 30))
        wait_for(influx, "site-a", 30)
        broker.stop()
        said = refusals(far)
        hand_over(second, telegrams(20, 30))
        running.until(lambda: refusals(far) > said, "a try without a broker")
        fleet.start_broker()
        wait_for(influx, "site-b", 30)
        late = fleet.start_consumer("influx-1")

        # Everything once more, with a lie about the site in it.
        hand_over(first, telegrams(0, 30, ",site=site-b"))
        hand_over(second, telegrams(0, 40))
        wait_for(influx, "site-b", 40)
        assert late.running()
    finally:
        link.close()

    assert stored(influx) == {"site-a": list(range(30)), "site-b": list(range(40))}


def test_from_the_meter(influx: running.Influx, make: Make, telegraf_binary: Path, tmp_path: Path) -> None:
    """What a virtual meter says goes through the plugin, both Telegrafs of the site, the broker and the centre: each telegram, each field."""
    fleet = make(influx)
    fleet.start_broker()
    fleet.start_consumer("influx-1")
    _, url = fleet.start_uplink("site-a")
    start = datetime.now().astimezone().replace(microsecond=0).isoformat()
    keys = "".join(f'{name} = "{key}"\n' for name, key in KEYS.items())
    (tmp_path / "han.toml").write_text(
        f'[output]\nstatus_interval = "1s"\n[[meter]]\nname = "home"\ninterface = "p1"\nport = "cable"\n{keys}'
    )
    (tmp_path / "han.toml").chmod(0o600)
    site = running.PLUGIN.format(python=sys.executable, config="han.toml") + mqttfleet.changed("edge/telegraf.d-uplink.conf", {})
    (tmp_path / "telegraf.conf").write_text(site)
    env = {"HAN_UPLINK_LISTEN": url.removeprefix("http://"), "HAN_UPLINK_TOKEN": mqttfleet.TOKEN}
    with virtualmeters.on_terminals(tmp_path, {"cable": ("gama350", "--start", start, "--speed", "20")}):
        with running.telegraf(telegraf_binary, tmp_path / "telegraf.conf", tmp_path, env):
            influx.wait_for_rows("SELECT active_energy_import_wh FROM electricity", 20)
            influx.wait_for_rows("SELECT state FROM electricity_link")
        # Whoever stops hands over the rest first; the other side has it soon after.
        (newest,) = (row["time"] for row in influx.wait_for_rows("SELECT last(active_energy_import_wh) FROM electricity"))
    rows = influx.query(f"SELECT * FROM electricity WHERE time <= {newest}")
    said = cleartext.sent("gama350", start, 3600)
    times = [time for time in said if rows[0]["time"] <= time <= newest]

    assert [row["time"] for row in rows] == times
    for row in rows:
        assert {name: row[name] for name in said[row["time"]]} == said[row["time"]]
        assert (row["site"], row["meter"], row["serial"]) == ("site-a", "home", "35000001")
        assert "host" not in row
        assert "topic" not in row


def test_consumer_killed_in_mid_batch(influx: running.Influx, make: Make) -> None:
    """A message is acknowledged only when InfluxDB has its lines: a consumer that is killed before gets it again."""
    fleet = make(influx)
    fleet.start_broker()
    consumer = fleet.start_consumer("influx-1")
    influx.stop()
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "\n".join(telegrams(0, 50)))
    consumer.wait_for_log(WRITTEN)
    consumer.kill()
    influx.start()
    assert stored(influx) == {}
    fleet.start_consumer("influx-1")

    wait_for(influx, "site-a", 50)
    assert stored(influx) == {"site-a": list(range(50))}


def test_lines_that_influxdb_refuses(influx: running.Influx, make: Make) -> None:
    """A site that sends rubbish does not hold up another one, not even by more messages than the consumer keeps under way."""
    fleet = make(influx)
    fleet.start_broker()
    consumer = fleet.start_consumer("influx-1", {"max_undelivered_messages = 200": "max_undelivered_messages = 5"})
    at = f"{START_S}000000000"
    tags = ",".join(f"t{number}={'x' * 200}" for number in range(600))
    refused = [
        f'electricity,meter=evil active_energy_import_wh="text" {at}',
        f"electricity,meter=evil,time=1 voltage_l1_v=1 {at}",
        f"electricity,meter=evil,_field=1 voltage_l1_v=1 {at}",
        f"electricity,meter=evil,_measurement=1 voltage_l1_v=1 {at}",
        f"electricity,meter=evil time=1 {at}",
        f"electricity,meter={'x' * 70000} voltage_l1_v=1 {at}",
        f"electricity,meter=evil,{tags} voltage_l1_v=1 {at}",
        f"electricity,meter=evil {'x' * 70000}=1 {at}",
        f"cpu,meter=evil usage_w=1 {at}",
        "no line at all",
    ]
    for number, line in enumerate(refused):
        fleet.publish("site-b", "han/site-b/lines", line)
        fleet.publish("site-a", "han/site-a/lines", "\n".join(telegrams(number, number + 1)))
    wait_for(influx, "site-a", len(refused))
    told = consumer.log_text()

    assert stored(influx)["site-a"] == list(range(len(refused)))
    assert "will be dropped" not in told
    assert not influx.query("SELECT * FROM cpu")

    # What no filter knows is refused by InfluxDB (here a type that another meter has already). It stays behind, and all else goes on.
    influx.write(f"electricity_link,meter=home,site=site-a silent_s=1 {at}")
    for _ in range(8):
        fleet.publish("site-b", "han/site-b/lines", f'electricity_link,meter=evil silent_s="x" {at}')
    consumer.wait_for_log("will be dropped: 422")
    fleet.publish("site-a", "han/site-a/lines", "\n".join(telegrams(10, 20)))
    wait_for(influx, "site-a", 20)


def test_sites_are_apart(make: Make) -> None:
    """With its certificate a site neither writes under another's name nor reads, whatever it calls itself."""
    fleet = make()
    broker = fleet.start_broker()
    spy = fleet.start_subscriber("site-b", "-V", "5", "-i", "influx-1", *("-t", "#"), *("-t", "han/+/lines"), *("-t", "$SYS/#"))
    broker.wait_for_log(r"site-b \d \$SYS/#")
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "for nobody")  # but for the spy, who does not get it
    centre = fleet.start_subscriber("influx-1", "-t", "han/+/lines")
    broker.wait_for_log(r"influx-1 \d han/")
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "own")
    assert DENIED in fleet.publish("site-a", "han/site-b/lines", "another's")
    assert TAKEN in fleet.publish("site-a", "han/site-b/lines", "another's", "-V", "311")  # what MQTT 3.1.1 says of the same
    assert DENIED in fleet.publish("influx-2", "han/site-b/lines", "the centre's")
    assert DENIED in fleet.publish("site-a", "han/site-a/lines/more", "below")
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "last")
    centre.wait_for_log("last")

    assert {line for line in centre.log_text().splitlines() if "han/" in line} == {"han/site-a/lines own", "han/site-a/lines last"}
    assert spy.log_text() == ""
    assert re.findall(r"as (\S+) \(.*u'site-b'", broker.log_text()) == ["site-b"]  # and it has not ended the centre's session


def test_revoked(make: Make) -> None:
    """After a restart a site on the list of revoked certificates is refused, a site without a block in acl writes nothing, others do."""
    fleet = make()
    broker = fleet.start_broker()
    fleet.start_subscriber("influx-1", *SESSION, "-E").wait()
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "before")
    fleet.authority.revoke("site-a")
    broker.stop()
    broker = fleet.start_broker()
    assert "PUBACK" not in fleet.publish("site-a", "han/site-a/lines", "after")
    broker.wait_for_log("certificate verify failed")

    assert TAKEN in fleet.publish("site-b", "han/site-b/lines", "another site")
    acl = fleet.folder / "han/acl"
    acl.write_text(acl.read_text().replace("user site-b\ntopic write han/site-b/lines\n", ""))
    broker.stop()
    fleet.start_broker()
    assert DENIED in fleet.publish("site-b", "han/site-b/lines", "after")
    heard = fleet.start_subscriber("influx-1", *SESSION)
    heard.wait_for_log("another site")

    assert heard.log_text().splitlines() == ["han/site-a/lines before", "han/site-b/lines another site"]


def test_reload(make: Make) -> None:
    """A reload instead of a restart: what comes until a consumer that is away is back is lost, although the site is told that it is taken."""
    fleet = make()
    broker = fleet.start_broker()
    fleet.start_subscriber("influx-1", *SESSION, "-E").wait()
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "before")
    os.kill(broker.pid, signal.SIGHUP)
    broker.wait_for_log("Reloading config(?s:.*)Client influx-1 disconnected")
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "lost")
    heard = fleet.start_subscriber("influx-1", *SESSION)
    broker.wait_for_log(r"Reloading config(?s:.*)influx-1 1 han/")
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "after")
    heard.wait_for_log("after")

    assert heard.log_text().splitlines() == ["han/site-a/lines before", "han/site-a/lines after"]


def test_killed_broker(make: Make) -> None:
    """Of what waits for a consumer, a killed broker keeps what was there at its last save. The sites were told that it had arrived."""
    fleet = make(settings={"autosave_interval 10": "autosave_interval 3600"})
    broker = fleet.start_broker()
    fleet.start_subscriber("influx-1", *SESSION, "-E").wait()
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "before the save")
    os.kill(broker.pid, signal.SIGUSR1)
    running.until(lambda: (fleet.folder / "data/mosquitto.db").exists(), "the save")
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "after the save")
    broker.kill()
    fleet.start_broker()
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "after the kill")
    heard = fleet.start_subscriber("influx-1", *SESSION)
    heard.wait_for_log("after the kill")

    assert heard.log_text().splitlines() == ["han/site-a/lines before the save", "han/site-a/lines after the kill"]


def test_consumer_removed(make: Make) -> None:
    """After the page's command no messages wait for a consumer any more."""
    fleet = make()
    fleet.start_broker()
    fleet.start_subscriber("influx-1", *SESSION, "-E").wait()
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "waits")
    fleet.start_subscriber("influx-1", "-i", "influx-1", "-t", "han/none/lines", "-E").wait()

    assert NOBODY in fleet.publish("site-a", "han/site-a/lines", "nobody is there")


@pytest.mark.parametrize("page", ["README.md", "README.pl.md"])
def test_certificates_of_the_page(make: Make, page: str) -> None:
    """The commands of the page make certificates that the broker takes, and end one of them."""
    blocks = [block for block in Document(f"fleet/mqtt/{page}").blocks if "openssl ca" in block]
    assert len(blocks) == 2
    fleet = make()
    authority = fleet.folder / "han"
    for refused, block in enumerate(blocks):
        subprocess.run(["sh", "-e", "-c", block], cwd=authority, check=True, capture_output=True, timeout=PATIENCE_S)
        broker = fleet.start_broker()
        assert (NOBODY in fleet.publish("site-a", "han/site-a/lines", "own")) != bool(refused)
        assert NOBODY in fleet.publish("site-b", "han/site-b/lines", "own")
        broker.stop()


def test_full_broker(make: Make) -> None:
    """A broker whose memory is full takes nothing more. With a higher limit it has all that it took."""
    fleet = make(settings={"memory_limit 1073741824": "memory_limit 4000000"})
    broker = fleet.start_broker()
    fleet.start_subscriber("influx-1", *SESSION, "-E").wait()
    taken = 0
    while TAKEN in fleet.publish("site-a", "han/site-a/lines", f"{taken} {'x' * 300_000}"):
        taken += 1
        assert taken < 100
    assert taken
    broker.wait_for_log("Client site-a disconnected due to out of memory")

    settings = fleet.folder / "mosquitto.conf"
    settings.write_text(settings.read_text().replace("memory_limit 4000000", "memory_limit 100000000"))
    broker.stop()
    fleet.start_broker()
    assert TAKEN in fleet.publish("site-a", "han/site-a/lines", "last")
    heard = fleet.start_subscriber("influx-1", *SESSION)
    heard.wait_for_log("last")

    assert [line.split()[1] for line in heard.log_text().splitlines()] == [*map(str, range(taken)), "last"]


SHARED = "$share/influx/han/+/lines"


def test_shared_subscription(influx: running.Influx, make: Make) -> None:
    """Telegraf takes a shared subscription. But what falls to a consumer that is away waits for it, and a site that joins makes lines vanish."""
    fleet = make(influx)
    broker = fleet.start_broker()
    rows = {'topics = ["han/+/lines"]': f'topics = ["{SHARED}"]'}
    consumers = {name: fleet.start_consumer(name, rows) for name in mqttfleet.CONSUMERS}
    for number in range(10):
        assert TAKEN in fleet.publish("site-a", "han/site-a/lines", *telegrams(number, number + 1))
    wait_for(influx, "site-a", 10)

    consumers["influx-1"].kill()
    for number in range(10, 20):
        assert TAKEN in fleet.publish("site-a", "han/site-a/lines", *telegrams(number, number + 1))
    wait_for(influx, "site-a", 15)
    assert len(stored(influx)["site-a"]) == 15
    fleet.start_consumer("influx-1", rows)
    wait_for(influx, "site-a", 20)

    thief = fleet.start_subscriber("site-b", "-V", "5", "-t", SHARED)
    broker.wait_for_log(r"site-b \d \$share/")
    for number in range(20, 50):
        assert TAKEN in fleet.publish("site-a", "han/site-a/lines", *telegrams(number, number + 1))
    wait_for(influx, "site-a", 40)
    assert thief.log_text() == ""

    # One more for each consumer, so that nothing of before can still be under way.
    thief.close()
    broker.wait_for_log("Client site-b disconnected")
    for number in (50, 51):
        assert TAKEN in fleet.publish("site-a", "han/site-a/lines", *telegrams(number, number + 1))
    running.until(lambda: {50, 51} <= set(stored(influx)["site-a"]), "the last two")
    assert len(stored(influx)["site-a"]) == 42


OUTPUT = """[[outputs.mqtt]]
  servers = ["ssl://localhost:{port}"]
  protocol = "{protocol}"
  topic = "han/site-a/lines"
  qos = 1
  keep_alive = 10
  timeout = "2s"
  layout = "batch"
  client_id = "site-a"
  {session}
  tls_ca = "{folder}/ca.crt"
  tls_cert = "{folder}/site-a.crt"
  tls_key = "{folder}/site-a.key"
  data_format = "influx"
"""


@pytest.mark.parametrize(
    ("protocol", "session", "lost"), [("5", "", True), ("3.1.1", "persistent_session = true", False)], ids=["5", "3.1.1"]
)
def test_telegrafs_own_output(make: Make, protocol: str, session: str, lost: bool) -> None:
    """While the broker is away, outputs.mqtt of Telegraf loses lines with MQTT 5, and keeps them with 3.1.1. So `publish` sends, not outputs.mqtt."""
    fleet = make()
    broker = fleet.start_broker()
    fleet.start_subscriber("influx-1", *SESSION, "-E").wait()
    shipped = (mqttfleet.SHIPPED / "edge/uplink.conf").read_text()
    own = OUTPUT.format(port=fleet.port, protocol=protocol, session=session, folder=fleet.folder / "han")
    uplink, url = fleet.start_uplink("site-a", rows={shipped[shipped.index("[[outputs.exec]]") :]: own})
    hand_over(url, ["n value=1 1"])
    heard = fleet.start_subscriber("influx-1", *SESSION)
    heard.wait_for_log("value=1")
    broker.stop()
    hand_over(url, ["n value=2 2"])
    uplink.wait_for_log(r"Could not publish message to MQTT server: connection|could not publish message to MQTT server: command timed out")
    fleet.start_broker()

    def arrived() -> bool:
        hand_over(url, ["n value=3 3"])
        return "value=3" in heard.log_text()

    running.until(arrived, "a line after the broker was away", PATIENCE_S)
    assert ("value=2" not in heard.log_text()) == lost
