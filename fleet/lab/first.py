"""The first process of a host of the lab: makes the host's own files, then stands in for systemd until it is killed.

It runs in fresh namespaces (mounts, processes, network, name), which `hosts.py` asks for. `/etc`, `/usr`, `/var`, `/opt` and `/srv` are
those of this machine, but what a host writes there stays in the host's own memory (overlayfs). `/run` begins empty. `/tmp` and the lab's
folder are shared by all hosts. If this process is killed, the kernel ends every process of the host and forgets its files.

It knows as much of systemd as the units of telegraf-han, Telegraf, NATS and InfluxDB use: users, folders, environment, restarts, reloads
and which units start with the host. It does not know dependencies or any of the settings that lock a service in.

The stand-ins for `systemctl`, `journalctl`, `ssh` and so on (`tools.py`) talk to it over a socket. Only the standard library is used.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pwd
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

OWN = ("/etc", "/usr", "/var", "/opt", "/srv")
"""Folders in which a host sees this machine's files, and writes its own."""
EMPTY = (
    "/etc/default/telegraf", "/etc/influxdb", "/etc/systemd/system", "/etc/telegraf", "/etc/telegraf-han", "/etc/telegraf-han-centre",
    "/etc/telegraf-han-nats", "/etc/telegraf-han-uplink", "/var/lib/influxdb", "/var/lib/telegraf", "/var/lib/telegraf-han-nats",
    "/var/lib/telegraf-han-uplink",
)  # fmt: skip
"""What this machine may have of its own, and a new host does not."""
UNITS = (Path("/etc/systemd/system"), Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))
WANTED = UNITS[0] / "multi-user.target.wants"
LOGS = Path("/var/log/units")
FOLDERS = {"StateDirectory": "/var/lib", "RuntimeDirectory": "/run", "LogsDirectory": "/var/log", "CacheDirectory": "/var/cache"}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STOP_S = 60.0
"""A service that has not ended by then is killed."""
_LARGEST = 1 << 20
_PRIVATE, _RECURSIVE, _BIND = 1 << 18, 1 << 14, 1 << 12


class Spec(NamedTuple):
    """What `hosts.py` says of a host."""

    name: str
    shared: str
    """The folder of the lab."""
    names: dict[str, str]
    """Name → address of every host."""
    users: dict[str, int]
    needed: list[str]
    """Folders that every user of the host must reach."""
    programs: dict[str, str]
    """Name on the PATH → the file."""
    scripts: dict[str, str]
    """The same → its text."""
    files: dict[str, str]
    """Path → text."""


# --- the files of the host


def _mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None):
        number = ctypes.get_errno()
        raise OSError(number, f"mount {source} on {target}: {os.strerror(number)}")


def _make(spec: Spec) -> None:
    """Give the host its files, its name and its loopback."""
    disk = f"{spec.shared}/{spec.name}.disk"
    _mount("none", "/", flags=_PRIVATE | _RECURSIVE)
    _mount("tmpfs", disk, "tmpfs", data="mode=755")
    os.chdir(disk)
    kept = {}
    for number, place in enumerate([spec.shared, *spec.needed]):
        kept[place] = f"kept-{number}"
        os.mkdir(kept[place])
        _mount(place, kept[place], flags=_BIND | _RECURSIVE * (place != spec.shared))
    for place in OWN:
        if os.path.isdir(place):
            upper, work = f"{disk}{place}.upper", f"{disk}{place}.work"
            os.mkdir(upper)
            os.mkdir(work)
            _mount("overlay", place, "overlay", data=f"lowerdir={place},upperdir={upper},workdir={work}")
    # The lab's folder and what all users need are seen again through folders that are new or open to all.
    covered = {"/run", *(top for place in spec.needed if (top := _closed(place)))}
    for place in covered:
        _mount("tmpfs", place, "tmpfs", data="mode=755")
    for place, source in kept.items():
        if any(place.startswith(f"{top}/") for top in covered):
            os.makedirs(place, exist_ok=True)
            _mount(source, place, flags=_BIND | _RECURSIVE)
    os.chdir("/")
    os.makedirs("/run/lock", exist_ok=True)
    _mount("proc", "/proc", "proc")
    _furnish(spec)
    socket.sethostname(spec.name)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def _closed(place: str) -> str:
    """The topmost folder above a place that not everybody may enter, "" if there is none."""
    for folder in [*reversed(Path(place).parents), Path(place)][1:]:
        if not folder.stat().st_mode & 0o001:
            return str(folder)
    return ""


def _furnish(spec: Spec) -> None:
    for place in EMPTY:
        path = Path(place)
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
    for unit in UNITS:
        unit.mkdir(parents=True, exist_ok=True)
    WANTED.mkdir()
    LOGS.mkdir()
    Path("/etc/hostname").write_text(f"{spec.name}\n", encoding="utf-8")
    hosts = "".join(f"{address} {name}\n" for name, address in spec.names.items())
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n{hosts}", encoding="utf-8")
    for file, row in (("passwd", "{name}:x:{number}:{number}::/var/lib/{name}:/usr/sbin/nologin"), ("group", "{name}:x:{number}:")):
        path = Path("/etc") / file
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.split(":")[0] not in spec.users]
        lines += [row.format(name=name, number=number) for name, number in spec.users.items()]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, program in spec.programs.items():
        link = Path("/usr/bin") / name
        link.unlink(missing_ok=True)
        link.symlink_to(program)
    for name, text in spec.scripts.items():
        script = Path("/usr/local/sbin") / name
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)
    for name, text in spec.files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


# --- units


class Unit:
    """The `[Service]` section of a unit with its drop-ins."""

    def __init__(self, name: str) -> None:
        """Read it. Raises FileNotFoundError."""
        self.name = name if name.endswith(".service") else f"{name}.service"
        self.files = [next((place / self.name for place in UNITS if (place / self.name).exists()), Path())]
        if self.files == [Path()]:
            raise FileNotFoundError(f"Unit {self.name} could not be found.")
        for place in reversed(UNITS):
            self.files += sorted((place / f"{self.name}.d").glob("*.conf"))
        self.settings: dict[str, list[str]] = {}
        for file in self.files:
            self._read(file.read_text(encoding="utf-8"))

    def _read(self, text: str) -> None:
        section = ""
        for line in re.sub(r"\\\n", " ", text).splitlines():
            if line.strip().startswith(("#", ";")) or not line.strip():
                continue
            if line.startswith("["):
                section = line.strip()
            elif section == "[Service]":
                key, _, value = line.partition("=")
                value = value.strip().replace("%H", socket.gethostname()).replace("%n", self.name)
                if value:
                    self.settings.setdefault(key.strip(), []).append(value)
                else:
                    self.settings[key.strip()] = []

    def one(self, key: str, default: str = "") -> str:
        """The last value of a setting."""
        return (self.settings.get(key) or [default])[-1]

    def seconds(self, key: str, default: float) -> float:
        """A time: `15`, `15s`, `500ms`, `2min`."""
        found = re.fullmatch(r"([\d.]+)\s*(ms|s|min|)", self.one(key))
        return float(found[1]) * {"ms": 0.001, "min": 60.0}.get(found[2], 1.0) if found else default

    def environment(self) -> dict[str, str]:
        """What the service finds in its environment."""
        user = pwd.getpwnam(self.one("User", "root"))
        found = {"PATH": PATH, "LANG": "C.UTF-8", "USER": user.pw_name, "LOGNAME": user.pw_name, "HOME": user.pw_dir}
        for key, place in FOLDERS.items():
            if key in self.settings:
                variable = re.sub(r"(?<!^)(?=[A-Z])", "_", key).upper()
                found[variable] = ":".join(f"{place}/{name}" for name in self.one(key).split())
        for value in self.settings.get("Environment", []):
            found |= dict(word.partition("=")[::2] for word in shlex.split(value))
        for value in self.settings.get("EnvironmentFile", []):
            file = Path(value.lstrip("-"))
            if file.exists() or not value.startswith("-"):
                found |= dict(word.partition("=")[::2] for word in shlex.split(file.read_text(encoding="utf-8"), comments=True))
        return found


def _words(line: str, environment: dict[str, str]) -> list[str]:
    """The words of a command of a unit. `$NAME` alone becomes several words, `${NAME}` one."""
    words: list[str] = []
    for word in shlex.split(line):
        if re.fullmatch(r"\$\w+", word):
            words += environment.get(word[1:], "").split()
        else:
            words.append(re.sub(r"\$\{(\w+)\}|\$(\w+)", lambda found: environment.get(found[1] or found[2], ""), word).replace("$$", "$"))
    return words


# --- services


class Service:
    """A unit that was started once, and the thread that watches it."""

    def __init__(self, unit: Unit) -> None:
        """Not started yet."""
        self.unit = unit
        self.state = "inactive"
        self.pid = 0
        self.restarts = 0
        self.last = ""
        self._end = threading.Event()
        self._decided = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> bool:
        """Start it. Returns whether its program was started."""
        self.state = "activating"
        self._thread.start()
        self._decided.wait()
        return self.state != "failed"

    def stop(self) -> None:
        """End it, and wait for that."""
        self._end.set()
        self.signal(signal.SIGTERM)
        self._thread.join(self.unit.seconds("TimeoutStopSec", STOP_S))
        if self._thread.is_alive():
            self.signal(signal.SIGKILL)
            self._thread.join()
        if self.state != "failed":
            self.state = "inactive"

    def give_up(self) -> None:
        """Do not start it again after its next end."""
        self._end.set()

    def signal(self, number: int) -> None:
        """Send a signal to the main process, if there is one."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def reload(self) -> bool:
        """Run its ExecReload. Returns whether it has one, and it went well."""
        environment = self.unit.environment() | {"MAINPID": str(self.pid)}
        commands = self.unit.settings.get("ExecReload", [])
        return bool(commands) and all(not self._run(line, environment) for line in commands)

    def _watch(self) -> None:
        restart = self.unit.one("Restart", "no")
        while True:
            try:
                code = self._once()
            except (OSError, KeyError, ValueError) as error:
                self._log(f"{self.unit.name}: {error}")
                code = 203
            self.pid = 0
            self.last = f"code {code}"
            again = restart == "always" or (restart.startswith("on-") and code not in (0, -signal.SIGTERM))
            if self._end.is_set() or not again:
                self.state = "failed" if code and not self._end.is_set() else "inactive"
                self._decided.set()
                return
            self.state = "activating"
            self._decided.set()
            self.restarts += 1
            pause_s = self.unit.seconds("RestartSec", 0.1)
            self._log(f"{self.unit.name}: ended with {code}, starts again in {pause_s:g} s")
            if self._end.wait(pause_s):
                return

    def _once(self) -> int:
        """Start the program and wait for its end. Returns its exit code."""
        unit, environment = self.unit, self.unit.environment()
        user = pwd.getpwnam(unit.one("User", "root"))
        for key, place in FOLDERS.items():
            for name in unit.one(key).split():
                folder = Path(place) / name
                folder.mkdir(parents=True, exist_ok=True)
                os.chown(folder, user.pw_uid, user.pw_gid)
                folder.chmod(int(unit.one(f"{key}Mode", "755"), 8))
        for line in unit.settings.get("ExecStartPre", []):
            code = self._run(line, environment)
            if code:
                return code
        log = (LOGS / f"{unit.name}.log").open("ab")
        with log:
            line = unit.one("ExecStart").lstrip("-@:+!")
            process = subprocess.Popen(
                _words(line, environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=unit.one("WorkingDirectory", "/"),
                env=environment, start_new_session=True, **_as(user),
            )  # fmt: skip
        self.pid = process.pid
        if unit.one("Type") == "oneshot":
            return process.wait()
        self.state = "active"
        self._decided.set()
        code = process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what is left of it
        return code

    def _run(self, line: str, environment: dict[str, str]) -> int:
        """Run a command beside the main one. Returns its exit code, 0 if it may fail."""
        mark = re.match(r"[-@:+!]*", line)[0]  # type: ignore[index]  # it matches nothing, too
        user = pwd.getpwnam("root" if "+" in mark or "!" in mark else self.unit.one("User", "root"))
        with (LOGS / f"{self.unit.name}.log").open("ab") as log:
            words = _words(line[len(mark) :], environment)
            code = subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, check=False, **_as(user)
            ).returncode
        return 0 if "-" in mark else code

    def _log(self, text: str) -> None:
        with (LOGS / f"{self.unit.name}.log").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n")


def _as(user: pwd.struct_passwd) -> dict[str, Any]:
    if not user.pw_uid:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": os.getgrouplist(user.pw_name, user.pw_gid)}


class Manager:
    """All services of the host."""

    def __init__(self) -> None:
        """None is started yet."""
        self.services: dict[str, Service] = {}
        self._lock = threading.RLock()

    def boot(self) -> None:
        """Start what is enabled."""
        for link in sorted(WANTED.iterdir()):
            with contextlib.suppress(FileNotFoundError):
                self._start(Unit(link.name))

    def reboot(self) -> None:
        """End every process of this host as a power cut does, forget what was in /run, and start what is enabled."""
        with self._lock:
            for service in self.services.values():
                service.give_up()
            os.kill(-1, signal.SIGKILL)  # everything in this namespace but its first process
            for service in self.services.values():
                service.stop()
            self.services.clear()
            for name in os.listdir("/run"):
                if not os.path.ismount(path := f"/run/{name}") and not name.startswith("telegraf-han-lab"):
                    subprocess.run(["rm", "-rf", path], check=False)
            self.boot()

    def systemctl(self, words: Sequence[str], say: int) -> int:
        """Answer a command line of systemctl. What it says goes to the descriptor `say`. Returns its exit code."""
        # The words behind `-p` and `-s` belong to them.
        takes = ("-p", "-s")
        joined = [f"{before}={word}" if before in takes else word for before, word in pairwise(["", *words]) if word not in takes]
        options = [word for word in joined if word.startswith("-")]
        verb, *names = [word for word in joined if not word.startswith("-")] or ["list"]
        if verb in ("daemon-reload", "daemon-reexec", "reset-failed"):
            return 0
        with self._lock:
            if verb == "reboot":
                threading.Thread(target=self.reboot).start()
                return 0
            if verb.startswith("list"):
                for name, service in sorted(self.services.items()):
                    os.write(say, f"{name:40} {service.state}\n".encode())
                return 0
            code = 0
            for name in names:
                try:
                    code = max(code, self._one(verb, options, Unit(name), say))
                except FileNotFoundError as error:
                    os.write(say, f"{error}\n".encode())
                    code = 4 if verb in ("status", "is-active") else 5
            return code

    def _one(self, verb: str, options: Sequence[str], unit: Unit, say: int) -> int:
        service = self.services.get(unit.name)
        active = service is not None and service.state in ("active", "activating")
        link = WANTED / unit.name
        if verb in ("enable", "disable"):
            link.unlink(missing_ok=True)
            if verb == "enable":
                link.symlink_to(unit.files[0])
            if "--now" not in options:
                return 0
            verb = "start" if verb == "enable" else "stop"
        if verb in ("restart", "stop", "try-restart") and service is not None:
            if verb == "try-restart" and not active:
                return 0
            service.stop()
        if verb in ("restart", "try-restart") or (verb == "start" and not active):
            return 0 if self._start(unit) else 1
        if verb in ("start", "stop"):
            return 0
        if verb in ("reload", "reload-or-restart"):
            return 0 if service is not None and active and service.reload() else 1
        if verb == "kill" and service is not None:
            names = [option.partition("=")[2] for option in options if option.startswith(("--signal=", "-s="))]
            service.signal(signal.Signals[f"SIG{(names or ['TERM'])[0].removeprefix('SIG')}"])
            return 0
        return self._tell(verb, options, unit, say)

    def _tell(self, verb: str, options: Sequence[str], unit: Unit, say: int) -> int:
        service = self.services.get(unit.name)
        state = service.state if service else "inactive"
        text = {
            "cat": "".join(f"# {file}\n{file.read_text(encoding='utf-8')}\n" for file in unit.files),
            "is-active": "" if {"-q", "--quiet"} & set(options) else f"{state}\n",
            "is-failed": f"{state}\n",
            "is-enabled": f"{'enabled' if (WANTED / unit.name).is_symlink() else 'disabled'}\n",
            "show": _properties(service, options),
            "status": f"{unit.name}: {state}"
            + (f", process {service.pid}" if service and service.pid else "")
            + (f", started again {service.restarts} times, last end: {service.last}" if service and service.restarts else "")
            + f"\n{_tail(LOGS / f'{unit.name}.log', 10)}",
        }.get(verb)
        if text is None:
            os.write(say, f"this stand-in for systemctl does not know {verb}\n".encode())
            return 1
        os.write(say, text.encode())
        good = {"is-active": state == "active", "status": state == "active", "is-failed": state == "failed"}
        if verb == "is-enabled":
            return 0 if (WANTED / unit.name).is_symlink() else 1
        return 0 if good.get(verb, True) else 3

    def _start(self, unit: Unit) -> bool:
        self.services[unit.name] = Service(unit)
        return self.services[unit.name].start()


def _properties(service: Service | None, options: Sequence[str]) -> str:
    """What `systemctl show` says: all, or the properties of `-p` and `--property`."""
    known: dict[str, object] = {"MainPID": 0, "ActiveState": "inactive", "NRestarts": 0}
    if service:
        known = {"MainPID": service.pid, "ActiveState": service.state, "NRestarts": service.restarts}
    wanted = [option.partition("=")[2] for option in options if option.startswith(("-p=", "--property="))]
    rows = {name: value for name, value in known.items() if not wanted or name in wanted}
    return "".join(f"{value}\n" if "--value" in options else f"{name}={value}\n" for name, value in rows.items())


def _tail(file: Path, count: int) -> str:
    return "".join(file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)[-count:]) if file.exists() else ""


# --- the socket


def _answer(connection: socket.socket, manager: Manager) -> None:
    """One request: JSON with the descriptors of the asker's input and outputs. The answer is an exit code."""
    with connection:
        data, descriptors, _, _ = socket.recv_fds(connection, _LARGEST, 3)
        try:
            asked = json.loads(data)
            is_ours = asked["do"] == "systemctl"
            code = manager.systemctl(asked["words"], descriptors[1]) if is_ours else _ran(asked, descriptors, connection)
        except (OSError, ValueError, KeyError) as error:
            code = 1
            with contextlib.suppress(OSError, IndexError):
                os.write(descriptors[2], f"{error}\n".encode())
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        with contextlib.suppress(OSError):
            connection.sendall(str(code).encode())


def _ran(asked: dict[str, Any], descriptors: Sequence[int], connection: socket.socket) -> int:
    """Run a command for `ssh`. It ends with who asked."""
    words, environment = asked["words"], asked["environment"]
    stdin, stdout, stderr = descriptors
    process = subprocess.Popen(
        words, stdin=stdin, stdout=stdout, stderr=stderr, cwd=asked["folder"], env=environment, start_new_session=True
    )
    ended = os.pidfd_open(process.pid)
    ready, _, _ = select.select([ended, connection.fileno()], [], [])
    os.close(ended)
    if ended not in ready and process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    return int(process.wait())


def main() -> None:
    """Make the host and serve its socket for ever."""
    spec = Spec(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    _make(spec)
    manager = Manager()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"{spec.shared}/{spec.name}.sock")
    listener.listen(64)
    print("up", flush=True)
    # From here on nobody reads what this process says.
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection, manager), daemon=True).start()


if __name__ == "__main__":
    main()
