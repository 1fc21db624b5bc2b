"""A fleet to practise on: hosts on this machine on which the commands of docs/fleet.md can be typed as they stand there.

    sudo python3 fleet/lab up             edge-a edge-b edge-c, nats-1 nats-2 nats-3, centre-1 centre-2 (InfluxDB on centre-1)
    sudo python3 fleet/lab enter edge-a   a shell on a host; with words behind it, one command there
    sudo python3 fleet/lab cut edge-a     pulls a host's network cable; `mend` plugs it in
    sudo python3 fleet/lab state          what runs where
    sudo python3 fleet/lab down           ends it all; nothing is left on this machine, also if the lab was killed before

A host has telegraf, nats-server, nats, influxd, influx and telegraf-han, the users telegraf and nats, and stand-ins for systemctl,
journalctl, ssh, scp, sudo and reboot. No service runs at first. /tmp is shared by all hosts and this machine; all else a host writes is its
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

NAME = "lab"
HOSTS = ("edge-a", "edge-b", "edge-c", "nats-1", "nats-2", "nats-3", "centre-1", "centre-2")
PROGRAMS = ("telegraf", "nats-server", "nats", "influxd", "influx")
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
    lab = hosts.up(NAME, HOSTS, programs, str(python))
    (lab.folder / "bashrc").write_text(RC, encoding="utf-8")
    print(f"{', '.join(HOSTS)} are up. Enter one: python3 fleet/lab enter {HOSTS[0]}")
    return 0


def _lab() -> hosts.Lab:
    lab = hosts.load(NAME)
    if lab is None or not lab.alive():
        raise hosts.LabError("the lab is not up. Start it: python3 fleet/lab up")
    return lab


def _host(name: str) -> hosts.Host:
    lab = _lab()
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
