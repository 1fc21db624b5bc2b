"""Services of docker-compose.yml into running containers, where no container engine runs.

A container is a few namespaces and mounts around an image's files, all by util-linux: its service's user, groups, capabilities,
environment, volumes, tmpfs, devices, and a read-only root. Volumes are folders of the test that begin with the owner
of what the image has at their place, as an engine's do. All containers share one network namespace in which only localhost exists:
no port of this machine is taken, and services find each other by name.

What an engine does besides (restart, log files, start order, publishing ports) is not done here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compose.image_store import shell
from servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from compose.image_store import Images

__all__ = ["Container", "Stack", "network"]

Service = dict[str, Any]  # as `docker compose config` shows it

RUN_TIMEOUT_S = 900  # the history of thirty days takes a minute on two idle cores
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # an engine's, where the image names none
LOOPBACK_UP = (
    "import fcntl, os, socket, struct;"
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 0x41));"  # SIOCSIFFLAGS, up and running
    "print('up', flush=True);"
    "os.read(0, 1)"
)

# Mounts, then the root changes for good; every argument is a line of a plan: KIND SOURCE TARGET.
CONTAIN = """
set -e
root=$1
shift
mount --make-rprivate /
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  kind=$1 source=$2 target=$root$3
  shift 3
  if [ -d "$source" ] || [ "$kind" = tmpfs ]; then mkdir -p "$target"; else mkdir -p "${target%/*}"; touch "$target"; fi
  case $kind in
    tmpfs) mount -t tmpfs -o nosuid,nodev,noexec,mode=1777 tmpfs "$target" ;;
    rw) mount --bind "$source" "$target" ;;
    ro) mount --bind "$source" "$target" && mount -o remount,bind,ro "$target" ;;
  esac
done
shift
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do touch "$root/dev/$node" && mount --bind "/dev/$node" "$root/dev/$node"; done
mkdir "$root/dev/pts" && mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" && ln -s pts/ptmx "$root/dev/ptmx"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$root$2"; else touch "$root$2"; fi
  mount --bind "$1" "$root$2"
  shift 2
done
shift
mount -o remount,bind,ro "$root"
cd "$root" && exec chroot . "$@"
"""


@contextlib.contextmanager
def network() -> Iterator[str]:
    """A network namespace with localhost alone; its path."""
    holder = subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", LOOPBACK_UP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"up\n"
        yield f"/proc/{holder.pid}/ns/net"
    finally:
        holder.communicate()


class Container:
    """A service that runs."""

    def __init__(self, process: running.Process, service: Service) -> None:
        """Take over a process made by `Stack.start`."""
        self.process = process
        self._service = service

    @property
    def first_pid(self) -> int:
        """The process that the container's command became."""

        def children() -> list[str]:
            assert self.process.running(), self.process.log_text()
            return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()

        return int(running.until(children, f"a child of {self.process.pid}")[0])

    def stop(self) -> int:
        """End it as an engine does, with a signal to its first process; the exit status."""
        os.kill(self.first_pid, signal.Signals[self._service.get("stop_signal", "SIGTERM")])
        return self.process.wait()

    def kill(self) -> None:
        """End it as a power cut does."""
        os.kill(self.first_pid, signal.SIGKILL)
        self.process.wait()

    def health(self) -> subprocess.CompletedProcess[str]:
        """Run the service's health check inside."""
        kind, *command = self._service["healthcheck"]["test"]
        assert kind == "CMD"
        user, _, group = self._service["user"].partition(":")
        inside = ["nsenter", "--target", str(self.first_pid), "--mount", "--pid", "--net", "--root", "--wd=/"]
        return subprocess.run(
            [*inside, "--setuid", user, "--setgid", group or user, "--", *command], capture_output=True, text=True, timeout=30, check=False
        )


class Stack:
    """The services of a project, one at a time, as the test asks for them."""

    def __init__(self, images: Images, project: Mapping[str, Any], folder: Path, namespace: str) -> None:
        """Volumes, logs and /etc/hosts are in the folder."""
        self.volumes = folder / "volumes"
        self.replace: dict[str, str] = {}  # a file of the repository → the test's own in its place
        self._images = images
        self._project = project
        self._folder = folder
        self._namespace = namespace
        self._left = contextlib.ExitStack()
        self.volumes.mkdir(parents=True)
        (folder / "hosts").write_text("127.0.0.1 localhost " + " ".join(project["services"]) + "\n")

    def join(self, other: Stack) -> None:
        """Be on another stack's network from now on."""
        self._namespace = other._namespace

    def close(self) -> None:
        """End what still runs and forget its files."""
        self._left.close()

    def run(self, name: str, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a service, or another command in its container, to its end."""
        words = self._words(name, command, env or {})
        return subprocess.run(words, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL)

    def start(self, name: str, *command: str, env: Mapping[str, str] | None = None) -> Container:
        """Start a service, or another command in its container."""
        words = self._words(name, command, env or {})
        process = running.Process(words, self._folder / f"{name}.log", self._folder, os.environ)
        self._left.callback(_end, process)
        return Container(process, self._service(name))

    def http(self, url: str, token: Path | None = None, body: str | None = None, header: str = "") -> str:
        """What a server of the stack answers to a token's file, or to a ready Authorization header; its refusal as `HTTP 4xx`."""
        header = header or (f"Token {token.read_text()}" if token else "")
        code = (
            "import sys, urllib.request, urllib.error\n"
            "url, body = sys.argv[1:]\n"
            "header = sys.stdin.read()\n"
            "headers = {'Authorization': header} if header else {}\n"
            "opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))\n"
            "try: print(opener.open(urllib.request.Request(url, body.encode() or None, headers), timeout=20).read().decode())\n"
            "except urllib.error.HTTPError as error: print('HTTP', error.code)\n"
        )
        return shell("nsenter", f"--net={self._namespace}", sys.executable, "-c", code, url, body or "", timeout_s=60, input=header)

    def _service(self, name: str) -> Service:
        service: Service = self._project["services"][name]
        return service

    def _words(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> list[str]:
        service = self._service(name)
        assert service["read_only"], "all containers of an image share its files"
        name = service["image"].partition("@")[0]  # a stand-in has the name, and cannot have the digest
        image, root = self._images.inspect(name), self._images.root(name)
        mounts = ["ro", str(self._folder / "hosts"), "/etc/hosts"]
        mounts += [word for mount in service["volumes"] if not _is_device(mount) for word in self._mounted(mount, root)]
        mounts += [word for target in service.get("tmpfs", []) for word in ("tmpfs", "tmpfs", target)]
        devices = [word for device in service.get("devices", []) for word in (device["source"], device["target"])]
        folders = [mount for mount in service["volumes"] if _is_device(mount)]
        devices += [word for mount in folders for word in (self.replace.get(mount["source"], mount["source"]), mount["target"])]
        entrypoint = service.get("entrypoint") or (image.get("Entrypoint") if service.get("command") or command else None) or []
        values = {"PATH": PATH} | dict(entry.partition("=")[::2] for entry in image.get("Env") or [])
        values |= {key: value for key, value in service["environment"].items() if value is not None} | dict(env)
        return [
            "nsenter", f"--net={self._namespace}", "unshare", "--mount", "--pid", "--fork", "--kill-child",
            "sh", "-c", CONTAIN, "contain", str(root), *mounts, "--", *devices, "--",
            *_privileges(service), "env", "-i", *(f"{key}={value}" for key, value in values.items()),
            *entrypoint, *(command or service.get("command") or []),
        ]  # fmt: skip

    def _mounted(self, mount: Mapping[str, Any], root: Path) -> tuple[str, str, str]:
        """A volume or a folder of this machine, as a line of the plan."""
        source = Path(self.replace.get(mount["source"], mount["source"]))
        if mount["type"] == "volume":
            source = self.volumes / mount["source"]
            if not source.exists():
                source.mkdir()
                inside = root / mount["target"].lstrip("/")
                if inside.exists():
                    os.chown(source, inside.stat().st_uid, inside.stat().st_gid)
        return ("ro" if mount.get("read_only") else "rw"), str(source), mount["target"]


def _is_device(mount: Mapping[str, Any]) -> bool:
    """Whether a mount is below /dev, which is not there before the devices are."""
    return mount["target"].startswith("/dev/")


def _privileges(service: Service) -> list[str]:
    """The user, groups and capabilities of a service."""
    user, _, group = service["user"].partition(":")
    kept = "".join(f",+{capability.lower()}" for capability in service.get("cap_add", []))
    groups = ",".join(service.get("group_add", []))
    return [
        "setpriv", "--reuid", user, "--regid", group or user, *(["--groups", groups] if groups else ["--clear-groups"]),
        "--inh-caps=-all", f"--bounding-set=-all{kept}", "--no-new-privs",
    ]  # fmt: skip


def _end(process: running.Process) -> None:
    """End what a test left running; the container's first process dies with the one that holds its namespaces."""
    if process.running():
        process.kill()
    process.close()
