"""A fleet to practise on: hosts on this machine on which the commands of docs/fleet.md can be typed as they stand there.

    sudo python3 fleet/lab up             edge-a edge-b edge-c, nats-1 nats-2 nats-3, centre-1 centre-2 (InfluxDB on centre-1)
    sudo python3 fleet/lab enter edge-a   a shell on a host; with words behind it, one command there
    sudo python3 fleet/lab cut edge-a     pulls a host's network cable; `mend` plugs it in
    sudo python3 fleet/lab state          what runs where
    sudo python3 fleet/lab down           ends it all; nothing is left on this machine, also if the lab was killed before

InfluxDB runs on centre-1, and its all-access token is there in the file admin_token. Each edge has a virtual meter that sends every
second, and the configuration that reads it. No other service runs at first. The names of the document lead to hosts, too: hub.example.net
is centre-1, nats-1.example.net is nats-1, and the sites mokotow, ursus and wola are the three edges.

A host has telegraf, nats-server, nats, influxd, influx and telegraf-han, the users telegraf and nats, and stand-ins for systemctl,
journalctl, ssh, scp, sudo and reboot. /tmp is shared by all hosts and this machine; all else a host writes is its
own. This machine reaches a host by its address (`state` names it), and a host reaches this machine as `machine`.

Needed: root, iproute2, and what builds the programs (tests/servers/build.py: Go, and Rust for InfluxDB) or variables that name them.
telegraf-han runs from .venv, which `./dev setup` makes.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests")]

import hosts  # noqa: E402, its folder is known only now
from servers import build  # noqa: E402

NAME = os.environ.get("HAN_LAB", "lab")
"""The tests have a lab of their own beside that of a person."""
HOSTS = ("edge-a", "edge-b", "edge-c", "nats-1", "nats-2", "nats-3", "centre-1", "centre-2")
PROGRAMS = ("telegraf", "nats-server", "nats", "influxd", "influx")
ALIASES = {
    "mokotow": "edge-a",
    "ursus": "edge-b",
    "wola": "edge-c",
    "hub.example.net": "centre-1",
    **{f"nats-{number}.example.net": f"nats-{number}" for number in (1, 2, 3)},
}
METER_UNIT = """\
[Service]
User=telegraf
ExecStart=/usr/local/sbin/telegraf-han simulate gama350 --to tcp:7001 --seed {seed} --serial {serial}
Restart=always
[Install]
WantedBy=multi-user.target
"""
METER = """\
[[meter]]
name = "home"
interface = "p1"
port = "socket://127.0.0.1:7001"
# The virtual meter's keys are public. They protect nothing.
encryption_key = "000102030405060708090a0b0c0d0e0f"
authentication_key = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
"""
INFLUX_SETUP = """\
systemctl enable --now influxdb
until influx ping >/dev/null 2>&1; do sleep 0.1; done
head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \\n' >admin_token
chmod 600 admin_token
influx setup --force --username admin --password "$(cat admin_token)" --org home --bucket energy --token "$(cat admin_token)" --name lab
"""
RC = """\
PS1='\\u@\\h:\\w# '
"""


def up() -> int:
    """Make the hosts."""
    python = ROOT / ".venv/bin/python"
    if not python.exists():
        raise hosts.LabError("no .venv with telegraf-han. Run first: ./dev setup")
    if reason := hosts.missing():
        raise hosts.LabError(reason)
    before = hosts.load(NAME)
    if before is not None:
        if before.alive():
            raise hosts.LabError("the lab is up. End it with: python3 fleet/lab down")
        before.down()
    programs = {name: build.binary(name, say=lambda line: print(line, file=sys.stderr, flush=True)) for name in PROGRAMS}
    lab = hosts.up(NAME, HOSTS, programs, str(python), aliases=ALIASES)
    (lab.folder / "bashrc").write_text(RC, encoding="utf-8")
    try:
        lab["centre-1"].sh(INFLUX_SETUP)
        for number, edge in enumerate(HOSTS[:3], 1):
            lab[edge].put("/etc/systemd/system/virtual-meter.service", METER_UNIT.format(seed=number, serial=35_000_000 + number))
            lab[edge].put("/etc/telegraf/han.toml", METER, owner="telegraf", mode=0o600)
            lab[edge].do("systemctl", "enable", "--now", "virtual-meter")
    except BaseException:
        lab.down()
        raise
    print(f"{', '.join(HOSTS)} are up. Enter one: python3 fleet/lab enter {HOSTS[0]}")
    return 0


def _lab() -> hosts.Lab:
    lab = hosts.load(NAME)
    if lab is None or not lab.alive():
        raise hosts.LabError("the lab is not up. Start it: python3 fleet/lab up")
    return lab


def _host(name: str) -> hosts.Host:
    lab = _lab()
    name = ALIASES.get(name, name)
    if name not in lab.hosts:
        raise hosts.LabError(f"one of these hosts is expected: {', '.join(lab.hosts)}")
    return lab[name]


def enter(name: str, command: list[str]) -> int:
    """Become a shell, or one command, on a host."""
    host = _host(name)
    words = host.words(*(command or ["bash", "--rcfile", f"{host.lab}/bashrc", "-i"]))
    os.execvpe(words[0], words, host.environment() | {"TERM": os.environ.get("TERM", "dumb")})


def state() -> int:
    """Say what runs where."""
    for host in _lab().hosts.values():
        units = host.do("systemctl", "list-units").split("\n")
        print(f"{host.name:10} {host.address:13} {'; '.join(' '.join(unit.split()) for unit in units if unit) or '-'}")
    return 0


def down() -> int:
    """End the hosts."""
    lab = hosts.load(NAME)
    if lab is None:
        print("there is no lab")
        return 0
    lab.down()
    print("the lab is down")
    return 0


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="fleet/lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("up", "enter", "cut", "mend", "state", "down"))
    parser.add_argument("host", nargs="?", default="")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="a command instead of a shell")
    given = parser.parse_args()
    try:
        if given.command == "enter":
            return enter(given.host, given.words)
        if given.command in ("cut", "mend"):
            host = _host(given.host)
            host.cut() if given.command == "cut" else host.mend()
            return 0
        return {"up": up, "state": state, "down": down}[given.command]()
    except (hosts.LabError, build.CannotBuildError) as error:
        print(f"E! {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
