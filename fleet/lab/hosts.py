"""Hosts on one machine: each has namespaces of its own, and all are on one switch. For the tests and for people (`__main__.py`).

A host has its own network address, files, processes and name. It is started by `first.py`, which also stands in for systemd. The switch is
a bridge in a namespace of its own, so no firewall of this machine has to know of it. A cable is a pair of virtual interfaces, and it can be
pulled (`cut`). This machine has a cable, too, with the first address, so its programs reach the hosts.

Everything ends with the processes that hold the namespaces. Their numbers are kept with their start times in the lab's folder, so `down`
also finds what a killed lab has left, and never ends anything else. Only the standard library is used. Root is needed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = Path("/run/telegraf-han-lab")
USERS = {"telegraf": 771, "nats": 772, "influxdb": 773}
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "USER": "root"}
NEEDED = ("ip", "nsenter", "setpriv", "unshare")
START_S = 60.0
RUN_S = 300.0
_NETWORKS = range(1, 250)
"""The third number of the lab's addresses: 10.87.N.0/24."""

TELEGRAF_UNIT = """\
[Unit]
Description=Telegraf
[Service]
EnvironmentFile=-/etc/default/telegraf
User=telegraf
ExecStart=/usr/bin/telegraf -config /etc/telegraf/telegraf.conf -config-directory /etc/telegraf/telegraf.d $TELEGRAF_OPTS
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
[Install]
WantedBy=multi-user.target
"""  # as in Telegraf's package
INFLUXDB_UNIT = """\
[Unit]
Description=InfluxDB
[Service]
User=influxdb
StateDirectory=influxdb
Environment=INFLUXD_BOLT_PATH=/var/lib/influxdb/influxd.bolt INFLUXD_ENGINE_PATH=/var/lib/influxdb/engine
Environment=INFLUXD_SQLITE_PATH=/var/lib/influxdb/influxd.sqlite INFLUXD_REPORTING_DISABLED=true
ExecStart=/usr/bin/influxd
Restart=on-failure
[Install]
WantedBy=multi-user.target
"""  # as InfluxDB's package sets it up
TELEGRAF_CONF = """\
[agent]
  interval = "10s"
  flush_interval = "10s"
"""  # what matters of the file in Telegraf's package: an output is not in it
FILES = {
    "/usr/lib/systemd/system/telegraf.service": TELEGRAF_UNIT,
    "/usr/lib/systemd/system/influxdb.service": INFLUXDB_UNIT,
    "/etc/telegraf/telegraf.conf": TELEGRAF_CONF,
    "/etc/telegraf/telegraf.d/.keep": "",
}
TOOLS = ("systemctl", "journalctl", "ssh", "scp", "sudo", "reboot")


class LabError(Exception):
    """The lab cannot be made; the message is one line for a person."""


class Held(NamedTuple):
    """A process that holds namespaces."""

    pid: int
    started: str
    """When it was started, in the kernel's own words. A number alone could be another process by now."""

    def alive(self) -> bool:
        """Whether it is still there."""
        return _started(self.pid) == self.started

    def end(self) -> None:
        """Kill it, and with it all that is in its process namespace, and wait for that."""
        with contextlib.suppress(ProcessLookupError):
            if self.alive():
                os.kill(self.pid, signal.SIGKILL)
        end_s = time.monotonic() + START_S
        while self.alive() and time.monotonic() < end_s:
            time.sleep(0.01)


def _started(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if words[0] in "ZX" else words[19]


class Host(NamedTuple):
    """A host that runs."""

    name: str
    address: str
    first: Held
    """Its first process."""
    switch: Held
    lab: str

    @property
    def root(self) -> Path:
        """Its files, seen from here; an absolute link in it is not followed well."""
        return Path(f"/proc/{self.first.pid}/root")

    def words(self, *words: str, user: str = "root", folder: str = "") -> list[str]:
        """A command of the host as a command from here."""
        home = folder or f"{self.lab}/{self.name}.home"
        as_user = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        inside = ["--mount", "--uts", "--ipc", "--net", "--pid", f"--wdns={home}"]
        return ["nsenter", f"--target={self.first.pid}", *inside, "--", *as_user, *words]

    def on_network(self, *words: str) -> list[str]:
        """A command of this machine that only uses the host's network, as a device beside the host does."""
        return ["nsenter", f"--target={self.first.pid}", "--net", "--", *words]

    def environment(self) -> dict[str, str]:
        """What a shell on the host finds in its environment."""
        return ENVIRONMENT | {"HOME": f"{self.lab}/{self.name}.home", "LAB": self.lab}

    def run(self, *words: str, user: str = "root", stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on the host to its end."""
        return subprocess.run(
            self.words(*words, user=user), input=stdin, env=self.environment(), capture_output=True, text=True, timeout=RUN_S, check=False
        )

    def do(self, *words: str, user: str = "root", stdin: str = "") -> str:
        """What a command says that must not fail: both streams."""
        done = self.run(*words, user=user, stdin=stdin)
        assert done.returncode == 0, f"{self.name}: {' '.join(words)} failed with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def sh(self, line: str) -> str:
        """What a line of shell says that must not fail."""
        return self.do("sh", "-ec", line)

    def put(self, path: str, text: str, owner: str = "root", mode: int = 0o644) -> None:
        """Write a file of the host."""
        self.do("install", "-D", f"--owner={owner}", f"--group={owner}", f"--mode={mode:o}", "/dev/stdin", path, stdin=text)

    def read(self, path: str) -> str:
        """A file of the host."""
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8", errors="replace")

    def log(self, unit: str) -> str:
        """All that a unit has said. "" if it was never started."""
        try:
            return self.read(f"/var/log/units/{unit}.service.log")
        except FileNotFoundError:
            return ""

    def main_pid(self, unit: str) -> int:
        """The number, on the host, of a unit's main process; 0 if it has none."""
        return int(self.do("systemctl", "show", "--value", "-p", "MainPID", unit))

    def cut(self) -> None:
        """Pull its cable: what it sends and what is sent to it is gone, and nobody is told."""
        self._switch("ip", "link", "set", self.name, "down")

    def mend(self) -> None:
        """Plug its cable in again."""
        self._switch("ip", "link", "set", self.name, "up")

    def _switch(self, *words: str) -> None:
        subprocess.run(["nsenter", f"--target={self.switch.pid}", "--net", "--", *words], check=True, timeout=RUN_S)


class Lab:
    """Hosts that run, and their switch."""

    def __init__(self, name: str, network: int, switch: Held, hosts: Iterable[tuple[str, str, Held]]) -> None:
        """Take over what `up` has made, now or in another process."""
        self.name = name
        self.network = network
        self.switch = switch
        self.folder = PLACE / name
        self.hosts = {host: Host(host, address, first, switch, str(self.folder)) for host, address, first in hosts}

    def __getitem__(self, name: str) -> Host:
        """A host by its name."""
        return self.hosts[name]

    @property
    def machine(self) -> str:
        """The address of this machine on the switch."""
        return f"10.87.{self.network}.1"

    def alive(self) -> bool:
        """Whether all its hosts are there."""
        return self.switch.alive() and all(host.first.alive() for host in self.hosts.values())

    def note(self) -> None:
        """Keep what `load` needs."""
        rows = [(host.name, host.address, host.first) for host in self.hosts.values()]
        fresh = self.folder / "lab.json.new"
        fresh.write_text(json.dumps({"name": self.name, "network": self.network, "switch": self.switch, "hosts": rows}), encoding="utf-8")
        fresh.replace(self.folder / "lab.json")

    def down(self) -> None:
        """End all hosts. Nothing of them is left."""
        if self.switch.alive():  # otherwise the cable is gone, and its name may be another lab's by now
            subprocess.run(["ip", "link", "delete", f"hanlab{self.network}"], stderr=subprocess.DEVNULL, check=False)
        for held in [*(host.first for host in self.hosts.values()), self.switch]:
            held.end()
        shutil.rmtree(self.folder, ignore_errors=True)
        for process in _holders.pop(self.name, []):
            process.wait(START_S)


def load(name: str) -> Lab | None:
    """A lab that was made before, also if some of it was killed meanwhile. None if there is none."""
    try:
        kept: dict[str, Any] = json.loads((PLACE / name / "lab.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Lab(
        kept["name"], kept["network"], Held(*kept["switch"]), [(host, address, Held(*first)) for host, address, first in kept["hosts"]]
    )


def missing() -> str:
    """What this machine lacks to make hosts; "" if it has it all."""
    if os.geteuid():
        return "root is needed to make namespaces"
    lacking = [program for program in NEEDED if shutil.which(program) is None]
    return f"no {', '.join(lacking)} (Debian: apt-get install iproute2 util-linux)" if lacking else ""


def up(
    name: str,
    hosts: Sequence[str],
    programs: Mapping[str, Path],
    python: str,
    *,
    until_end_of_parent: bool = False,
    needed: Sequence[Path] = (),
    aliases: Mapping[str, str] | None = None,
) -> Lab:
    """Make a lab. `python` runs telegraf-han on its hosts. Raises LabError if there is one of this name, or this machine cannot.

    With `until_end_of_parent` the hosts end with the thread that calls this. `aliases` are more names of hosts.
    """
    if reason := missing():
        raise LabError(reason)
    if load(name) is not None:
        raise LabError(f"the lab {name} is there. End it first")
    _swept()
    folder = PLACE / name
    shutil.rmtree(folder, ignore_errors=True)  # a lab that was killed before it was noted
    folder.mkdir(parents=True, mode=0o755)
    switch = _held(name, ["unshare", "--net", "sh", "-c", "echo up; exec sleep infinity"], until_end_of_parent=until_end_of_parent)
    lab = Lab(name, 0, switch, [])
    try:
        _in(switch, "ip", "link", "add", "lan", "type", "bridge")
        _in(switch, "ip", "link", "set", "lan", "up")
        lab.network = _cable_to_machine(switch)
        lab.note()
        addresses = {host: f"10.87.{lab.network}.{10 + number}" for number, host in enumerate(hosts, 1)}
        names = addresses | {"machine": lab.machine} | {alias: addresses[host] for alias, host in (aliases or {}).items()}
        for alias, host in (aliases or {}).items():
            for kind in ("sock", "home"):
                (folder / f"{alias}.{kind}").symlink_to(f"{host}.{kind}")
        for host, address in addresses.items():
            spec = _spec(host, folder, names, programs, python, needed)
            first = _first(host, folder, spec, until_end_of_parent=until_end_of_parent)
            lab.hosts[host] = Host(host, address, first, switch, str(folder))
            lab.note()
            _in(switch, "ip", "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", str(first.pid))
            _in(switch, "ip", "link", "set", host, "master", "lan", "up")
            _in(first, "ip", "address", "add", f"{address}/24", "dev", "eth0")
            _in(first, "ip", "link", "set", "eth0", "up")
    except BaseException:
        lab.down()
        raise
    return lab


def _swept() -> None:
    """Remove what is left of labs whose processes have all ended, as those of killed tests."""
    for kept in PLACE.glob("*/lab.json"):
        lab = load(kept.parent.name)
        if lab is not None and not lab.switch.alive() and not any(host.first.alive() for host in lab.hosts.values()):
            lab.down()


def _spec(host: str, folder: Path, names: Mapping[str, str], programs: Mapping[str, Path], python: str, needed: Sequence[Path]) -> str:
    base = os.path.realpath(sys.executable)
    program = f'#!/bin/sh\nexport PYTHONPATH="{ROOT}/plugin"\nexec "{python}" -m telegraf_han "$@"\n'
    tool = f'#!/bin/sh\nexport LAB="{folder}"\nexec "{base}" "{HERE}/tools.py" {{}} "$@"\n'
    # Where the files of the interpreter, of the plugin and of the programs really are.
    reached = {
        os.path.realpath(place) for place in [str(ROOT), sys.prefix, sys.base_prefix, str(Path(python).parents[1]), *map(str, needed)]
    }
    reached |= {os.path.dirname(os.path.realpath(program)) for program in programs.values()}
    reached |= {str(Path(os.path.realpath(python)).parents[1])}
    # A folder in another one of them, or of the system, needs nothing of its own.
    system = ("/usr", "/opt", "/var", "/srv", "/bin")
    own = [
        place for place in sorted(reached) if not place.startswith(system) and not any(place.startswith(f"{other}/") for other in reached)
    ]
    return json.dumps(
        {
            "name": host,
            "shared": str(folder),
            "names": dict(names),
            "users": USERS,
            "needed": own,
            "programs": {command: os.path.realpath(path) for command, path in programs.items()},
            "scripts": {"telegraf-han": program} | {word: tool.format(word) for word in TOOLS},
            "files": FILES,
        }
    )


def _first(host: str, folder: Path, spec: str, *, until_end_of_parent: bool) -> Held:
    (folder / f"{host}.disk").mkdir()
    (folder / f"{host}.home").mkdir()
    unshare = ["unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]
    base = os.path.realpath(sys.executable)
    (folder / f"{host}.json").write_text(spec, encoding="utf-8")
    holder = _held(
        folder.name, [*unshare, base, "-I", str(HERE / "first.py"), str(folder / f"{host}.json")], until_end_of_parent=until_end_of_parent
    )
    (child,) = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text(encoding="utf-8").split()
    return Held(int(child), _started(int(child)))


_holders: dict[str, list[subprocess.Popen[str]]] = {}
"""Those that this process started, by their lab, so that they are reaped."""


def _held(lab: str, words: Sequence[str], *, until_end_of_parent: bool) -> Held:
    """Start a process that says `up` when it is ready."""
    before = ["setpriv", "--pdeathsig=KILL"] if until_end_of_parent else []
    process = subprocess.Popen(
        [*before, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env=ENVIRONMENT,
    )  # fmt: skip
    _holders.setdefault(lab, []).append(process)
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stdout.readline()
    if said != "up\n":
        process.kill()
        raise LabError(f"a host cannot be made here: {(said + process.stderr.read()).strip()[-500:]}")
    process.stdout.close()
    process.stderr.close()
    if not until_end_of_parent:
        process.returncode = 0  # it outlives this program, which is no leak
    return Held(process.pid, _started(process.pid))


def _in(held: Held, *words: str) -> None:
    done = subprocess.run(
        ["nsenter", f"--target={held.pid}", "--net", "--", *words], capture_output=True, text=True, timeout=RUN_S, check=False
    )
    if done.returncode:
        raise LabError(f"{' '.join(words)}: {done.stderr.strip()}")


def _cable_to_machine(switch: Held) -> int:
    """Plug this machine in. Returns the number of the network, the first one that is free."""
    for network in _NETWORKS:
        cable = f"hanlab{network}"
        words = ["ip", "link", "add", cable, "type", "veth", "peer", "name", "machine", "netns", str(switch.pid)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=RUN_S, check=False)
        if done.returncode == 0:
            _in(switch, "ip", "link", "set", "machine", "master", "lan", "up")
            subprocess.run(["ip", "address", "add", f"10.87.{network}.1/24", "dev", cable], check=True, timeout=RUN_S)
            subprocess.run(["ip", "link", "set", cable, "up"], check=True, timeout=RUN_S)
            return network
        if "File exists" not in done.stderr:
            raise LabError(f"{' '.join(words)}: {done.stderr.strip()}")
    raise LabError("there are too many labs on this machine")
