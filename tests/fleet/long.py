"""The long form of test_nats.py: `python tests/fleet/long.py [--rounds N] [--seed N] [--hurry]`, as root.

Every round has all faults once, in a random order. The seed is printed, so a run that failed can be repeated. The files of the fleet are as
`telegraf-han fleet` writes them, with their waiting times, unless `--hurry` shortens these as the tests in CI do. After each fault, all points
are compared with what the simulator says. A table says how much was sent, how often a message came again, and how long it took until all was in
InfluxDB after the fault was over. docs/fleet.md shows such a table.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("plugin", "tests", "tests/fleet", "tests/tools", "fleet/lab")]

import faults  # noqa: E402, its folder is known only now
import natsfleet  # noqa: E402
from natsfleet import BROKERS, CENTRE, CENTRE_UNIT, UPLINK, Fleet  # noqa: E402
from servers import build, running  # noqa: E402

from telegraf_han.fleet.natsfiles import MESSAGE_LIMIT_BYTES  # noqa: E402
from telegraf_han.fleet.telegraffiles import SHORTEST  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = 360
"""Telegrams of a meter that sends every 10 s."""
QUOTA = 200
PATIENCE_S = 1200.0
PROGRAMS = ("telegraf", "influxd", "influx", "nats-server", "nats")


class Row(NamedTuple):
    """What a fault did."""

    fault: str
    telegrams: int
    messages: int
    again: int
    """Deliveries of messages that had been delivered before."""
    caught_up_s: float
    memory_mb: int
    """Of the larger Telegraf of the centre, afterwards."""


def _until(condition: Callable[[], Any], what: str) -> Any:
    return running.until(condition, what, PATIENCE_S)


def _feed(fleet: Fleet, count: int) -> None:
    for site in fleet.sites.values():
        site.feed(count)


def _at_broker(fleet: Fleet) -> None:
    _until(lambda: not any(site.waiting() for site in fleet.sites.values()), "all telegrams at the broker")


def _nothing(fleet: Fleet, chance: random.Random) -> None:
    _feed(fleet, 120)


def _link(fleet: Fleet, chance: random.Random) -> None:
    cut = chance.choice(list(fleet.sites.values()))
    before = cut.waiting()
    cut.host.cut()
    for site in fleet.sites.values():
        site.feed(HOUR)
    _until(lambda: cut.waiting() >= before + HOUR * len(cut.meters), "an hour on disk")
    _until(lambda: fleet.arrived(*(name for name in fleet.sites if name != cut.name)), "the telegrams of other sites")
    cut.host.mend()


def _reboot(fleet: Fleet, chance: random.Random) -> None:
    site = chance.choice(list(fleet.sites.values()))
    site.host.cut()
    site.feed(HOUR // 2)
    _until(lambda: site.waiting() >= HOUR // 2 * len(site.meters), "telegrams on disk")
    seen = site.host.log(UPLINK).count("starts again")
    faults.reboot(site)
    site.feed(HOUR // 2)
    _until(lambda: site.waiting() >= HOUR * len(site.meters), "more telegrams on disk")
    _until(lambda: site.host.log(UPLINK).count("starts again") > seen, "an uplink that ended and is started again")
    site.host.mend()


def _broker(fleet: Fleet, chance: random.Random) -> None:
    led = chance.choice([fleet.stream, fleet.consumer])()["cluster"]["leader"]
    _feed(fleet, 60)
    with faults.broker_away(fleet, led):
        _feed(fleet, 60)
        _until(fleet.arrived, "all telegrams, by two brokers")
        _feed(fleet, 60)


def _majority(fleet: Fleet, chance: random.Random) -> None:
    two = chance.sample(BROKERS, 2)
    with faults.broker_away(fleet, two[0]), faults.broker_away(fleet, two[1]):
        _feed(fleet, 120)
        _until(lambda: any(site.waiting() for site in fleet.sites.values()), "telegrams that wait at the sites")


def _centre(fleet: Fleet, chance: random.Random) -> None:
    with faults.influxdb_frozen(fleet):
        for _ in range(6):
            _feed(fleet, 20)
            _at_broker(fleet)
        _until(lambda: fleet.pending() >= 6, "messages that are not acknowledged")
        for host in CENTRE:
            faults.killed(fleet.lab[host], CENTRE_UNIT)


def _influxdb(fleet: Fleet, chance: random.Random) -> None:
    again = faults.deliveries(fleet)
    with faults.influxdb_away(fleet):
        for _ in range(6):
            _feed(fleet, HOUR // 6)
            _at_broker(fleet)
        _until(lambda: faults.deliveries(fleet) > again, "messages that were sent again")


def _uplink(fleet: Fleet, chance: random.Random) -> None:
    site = chance.choice(list(fleet.sites.values()))
    for _ in range(5):
        site.feed(20)
        time.sleep(chance.random())  # the moment of the kill is what is random here
        faults.kill(site.host, UPLINK)


def _same(fleet: Fleet, chance: random.Random) -> None:
    site = chance.choice(list(fleet.sites.values()))
    own = {series: points for series, points in fleet.expected().items() if series[-1] == site.name}
    body = natsfleet.lines(own).encode()

    async def twice(connection: Any) -> None:
        for _ in range(2):
            await connection.jetstream().publish(f"han.{site.name}.lines", body, stream="HAN")

    faults.as_site(fleet, site.name, twice)


def _flood(fleet: Fleet, chance: random.Random) -> None:
    name = chance.choice(list(fleet.sites))
    with faults.flood(fleet, name) as flood:
        _until(lambda: flood.refused, "a message that is refused")
        _feed(fleet, 120)
        _until(lambda: fleet.arrived(*(other for other in fleet.sites if other != name)), "the telegrams of the others")


def _short(fleet: Fleet, chance: random.Random) -> None:
    bad, *others = chance.sample(list(fleet.sites.values()), 3)
    body = SHORTEST.encode() * (MESSAGE_LIMIT_BYTES // len(SHORTEST) - 10)

    async def send(connection: Any) -> None:
        for _ in range(24 * (1 << 20) // MESSAGE_LIMIT_BYTES):
            await connection.jetstream().publish(f"han.{bad.name}.lines", body, stream="HAN", timeout=30)

    with faults.influxdb_away(fleet):
        for site in others:
            site.feed(60)
        _at_broker(fleet)
        faults.as_site(fleet, bad.name, send)
        _until(lambda: fleet.pending() >= 90, "messages under way")
    assert "overflow" not in "".join(fleet.lab[host].log(CENTRE_UNIT) for host in CENTRE)


def _all_at_once(fleet: Fleet, chance: random.Random) -> None:
    cut = chance.choice(list(fleet.sites.values()))
    cut.host.cut()
    with faults.influxdb_away(fleet), faults.broker_away(fleet, chance.choice(BROKERS)):
        _feed(fleet, 120)
        faults.kill(fleet.lab[chance.choice(CENTRE)], CENTRE_UNIT)
    cut.host.mend()


FAULTS: dict[str, Callable[[Fleet, random.Random], None]] = {
    "nothing, to compare with": _nothing,
    "the link of a site is cut for an hour": _link,
    "a site is rebooted while its link is down": _reboot,
    "a broker that leads is killed": _broker,
    "two of three brokers are killed": _majority,
    "both consumers are killed in mid batch": _centre,
    "InfluxDB is away until messages come again": _influxdb,
    "an uplink is killed five times": _uplink,
    "the same lines are sent again": _same,
    "a site floods": _flood,
    "24 MiB of the shortest lines while InfluxDB is away": _short,
    "link, broker, InfluxDB and consumer at once": _all_at_once,
}


def _memory_mb(fleet: Fleet) -> int:
    found = 0
    for name in CENTRE:
        host = fleet.lab[name]
        status = host.sh(f"cat /proc/{host.main_pid(CENTRE_UNIT)}/status")
        found = max(found, int(status.split("VmRSS:")[1].split()[0]) // 1024)
    return found


def _suffered(fleet: Fleet, fault: str, chance: random.Random) -> Row:
    """Have a fault, and wait until all is well. Fails if a point is not there, or is not right."""
    fleet.renew(HOUR + 20)
    _feed(fleet, 10)
    _until(fleet.arrived, "telegrams before the fault")
    _until(lambda: faults.complete(fleet), "three brokers that know the same")
    sent, messages, again = fleet.total(), fleet.stream()["state"]["last_seq"], faults.deliveries(fleet)
    FAULTS[fault](fleet, chance)
    over_s = time.monotonic()
    _until(fleet.arrived, "all telegrams")
    caught_up_s = time.monotonic() - over_s
    expected, stored = fleet.expected(), fleet.stored()
    assert {series: stored.get(series) for series in expected} == expected, fault
    _until(lambda: faults.complete(fleet), "three brokers that know the same")
    now = fleet.stream()["state"]["last_seq"]
    return Row(fault, fleet.total() - sent, now - messages, faults.deliveries(fleet) - again, caught_up_s, _memory_mb(fleet))


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--hurry", action="store_true", help="shorten the waiting times of the files")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the fleet is ended in order
    print(f"seed {given.seed}", flush=True)
    chance = random.Random(given.seed)
    programs = {name: build.binary(name, say=print) for name in PROGRAMS}
    plan = {"site_messages": str(QUOTA)} | ({"redelivery": '"2s"'} if given.hurry else {})
    begun_s = time.monotonic()
    with natsfleet.up(f"long-{os.getpid()}", programs, plan, hurry=given.hurry) as fleet:
        rows: list[Row] = []
        for number in range(given.rounds):
            for fault in chance.sample(list(FAULTS), len(FAULTS)):
                rows.append(_suffered(fleet, fault, chance))
                print(f"round {number + 1}, after {time.monotonic() - begun_s:.0f} s: {rows[-1]}", flush=True)
        _until(fleet.settled, "an empty stream and empty disks")
        assert fleet.stored() == fleet.all_expected()
        total = sum(len(points) for points in fleet.stored().values())
    _told(rows)
    print(f"\n{total} telegrams of {len(fleet.all_expected())} meters are in InfluxDB once, each as the simulator sent it.")


def _told(rows: list[Row]) -> None:
    """Print the table: the fault's worst round."""
    print("\n| fault | telegrams meanwhile | messages | came again | all in InfluxDB after | memory of a consumer |")
    print("|---|---|---|---|---|---|")
    for fault in FAULTS:
        of_it = [row for row in rows if row.fault == fault]
        worst = max(of_it, key=lambda row: row.caught_up_s)
        print(f"| {fault} | {worst.telegrams} | {worst.messages} | {worst.again} | {worst.caught_up_s:.0f} s | {worst.memory_mb} MB |")


if __name__ == "__main__":
    main()
