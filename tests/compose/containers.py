"""Services of docker-compose.yml into running containers, where no container engine runs.

Images are built by Debian's buildah in its chroot isolation. Those that are pulled elsewhere (Telegraf's, InfluxDB's) are stand-ins
under their real names: a Debian made by mmdebstrap with the program that `servers/build.py` builds, and what of the real
image's Dockerfile the stack relies on: the users, the folders, curl.

A container is then a few namespaces and mounts, all by util-linux: its service's user, groups, capabilities, environment, volumes,
tmpfs, devices, and a read-only root. Volumes are folders of the test that begin with the owner
of what the image has at their place, as an engine's do. All containers share one network namespace in which only localhost exists:
no port of this machine is taken, and services find each other by name.

What an engine does besides (restart, log files, start order, publishing ports) is not done here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Container", "Images", "Stack", "network"]

Service = dict[str, Any]  # as `docker compose config` shows it

BUILD_TIMEOUT_S = 900
RUN_TIMEOUT_S = 180
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"  # a CI behind a proxy of its own trusts it there
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # an engine's, where the image names none
TELEGRAF = "docker.io/library/telegraf:1.39.3"
INFLUXDB = "docker.io/library/influxdb:2.9.1"

# buildpack-deps:bookworm-curl, useradd by Telegraf's package, and what its entrypoint does for anybody but root.
TELEGRAF_STEPS = "useradd --system --user-group --home-dir /etc/telegraf telegraf && mkdir -p /etc/telegraf /var/lib/telegraf"
TELEGRAF_ENTRYPOINT = '#!/bin/bash\nset -e\nif [ "${1:0:1}" = - ]; then set -- telegraf "$@"; fi\nexec "$@"\n'
INFLUXDB_STEPS = (
    "groupadd --system --gid 1000 influxdb && useradd --system --uid 1000 --gid influxdb influxdb"
    " && mkdir -p /var/lib/influxdb2 /etc/influxdb2 && chown influxdb:influxdb /var/lib/influxdb2 /etc/influxdb2"
)

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
while [ "$1" != -- ]; do touch "$root$2" && mount --bind "$1" "$root$2" && shift 2; done
shift
mount -o remount,bind,ro "$root"
cd "$root" && exec chroot . "$@"
"""


def _sh(*words: str | Path, timeout_s: float = BUILD_TIMEOUT_S, **more: Any) -> str:
    """Run a command; its output. AssertionError with what it said where it fails."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=timeout_s, check=False, **more)
    assert done.returncode == 0, f"{words[0]} {words[1]} … failed with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}"
    return done.stdout.strip()


class Images:
    """A store of images of the tests' own."""

    def __init__(self, folder: Path) -> None:
        """Everything stays in the folder."""
        self._folder = folder
        self._roots: dict[str, Path] = {}
        self._left = contextlib.ExitStack()
        folder.mkdir(parents=True, exist_ok=True)
        self._buildah = _storage(folder, "overlay")
        if subprocess.run([*self._buildah, "info"], capture_output=True, timeout=60, check=False).returncode:
            self._buildah = _storage(folder, "vfs")  # a container in a container; each step then copies all files

    def buildah(self, *words: str | Path, **more: Any) -> str:
        """What buildah answers."""
        return _sh(*self._buildah, *words, **more)

    def stand_in(self, name: str, program: Path, place: str, steps: str, entrypoint: str = "") -> None:
        """Make an image of that name with the program in its place, unless the same one was made before."""
        recipe = hashlib.sha256(f"{program} {place} {steps} {entrypoint}".encode()).hexdigest()
        if self._known(name, recipe):
            return
        container = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", container, self._debian(), "/")
        self.buildah("copy", "--quiet", container, program, place)
        self.buildah("run", "--isolation", "chroot", container, "--", "sh", "-c", steps)
        if entrypoint:
            script = self._folder / "entrypoint.sh"
            script.write_text(entrypoint)
            script.chmod(0o755)
            self.buildah("copy", "--quiet", container, script, "/entrypoint.sh")
            self.buildah("config", "--entrypoint", '["/entrypoint.sh"]', container)
        self.buildah("config", "--label", f"recipe={recipe}", container)
        self.buildah("commit", "--quiet", "--rm", container, name)

    def _debian(self) -> Path:
        """A small Debian of the release that both images stand on."""
        archive = self._folder / "bookworm.tar"
        if not archive.exists():
            fresh = self._folder / "bookworm.new.tar"
            _sh("mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates,curl", "bookworm", fresh)
            fresh.rename(archive)
        return archive

    def _known(self, name: str, recipe: str) -> bool:
        """Whether an image of that name was made from the same."""
        names = self.buildah("images", "--noheading", "--format", "{{.Name}}:{{.Tag}}").split()
        return any(known.endswith(name) for known in names) and (self.inspect(name).get("Labels") or {}).get("recipe") == recipe

    def build(self, context: Path, dockerfile: str, name: str) -> None:
        """Build a Dockerfile with pip as it is set up on this machine, unless it was built from the very same files before."""
        recipe = _recipe(context, dockerfile)
        if self._known(name, recipe):
            return
        settings = self._folder / "pip.conf"
        options = [line.partition("=") for line in _sh(sys.executable, "-m", "pip", "config", "list").splitlines()]
        wanted = {key.partition(".")[2]: value.strip("'") for key, _, value in options if key.startswith(("global.", ":env:."))}
        kept = {key: value for key, value in wanted.items() if key in {"index-url", "extra-index-url", "cert", "timeout", "trusted-host"}}
        settings.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in kept.items()))
        mounts = [
            (settings, "/etc/pip.conf"),
            *((path, path) for path in {CERTIFICATES, kept.get("cert", CERTIFICATES)} if Path(path).exists()),
        ]
        volumes = [word for host, inside in mounts for word in ("--volume", f"{host}:{inside}:ro")]
        with contextlib.suppress(AssertionError):
            self.buildah("rmi", "--force", name)
        self.buildah(
            "build", "--quiet", "--isolation", "chroot", "--pull-never", "--layers=false", *volumes,
            "--label", f"recipe={recipe}", "--file", context / dockerfile, "--tag", name, context,
        )  # fmt: skip

    def inspect(self, name: str) -> dict[str, Any]:
        """The image's configuration: Env, Entrypoint, Cmd, User, Labels."""
        config: dict[str, Any] = json.loads(self.buildah("inspect", "--type", "image", name))["OCIv1"]["config"]
        return config

    def root(self, name: str) -> Path:
        """The image's files, for all containers of it: they cannot change them."""
        if name not in self._roots:
            container = self.buildah("from", "--pull-never", name)
            self._left.callback(self.buildah, "rm", container)
            self._roots[name] = Path(self.buildah("mount", container))
        return self._roots[name]

    def close(self) -> None:
        """Forget the files of all images; the images stay."""
        self._left.close()
        self._roots.clear()


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

    def close(self) -> None:
        """End what still runs and forget its files."""
        self._left.close()

    def run(self, name: str, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a service, or another command in its container, to its end."""
        words = self._words(name, command, env or {})
        return subprocess.run(words, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL)

    def start(self, name: str, env: Mapping[str, str] | None = None) -> Container:
        """Start a service."""
        words = self._words(name, (), env or {})
        process = running.Process(words, self._folder / f"{name}.log", self._folder, os.environ)
        self._left.callback(_end, process)
        return Container(process, self._service(name))

    def http(self, url: str, token: Path | None = None, body: str | None = None) -> str:
        """What a server of the stack answers; its refusal as `HTTP 4xx`."""
        code = (
            "import sys, urllib.request, urllib.error\n"
            "url, token, body = sys.argv[1:]\n"
            "headers = {'Authorization': 'Token ' + open(token).read()} if token else {}\n"
            "opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))\n"
            "try: print(opener.open(urllib.request.Request(url, body.encode() or None, headers), timeout=20).read().decode())\n"
            "except urllib.error.HTTPError as error: print('HTTP', error.code)\n"
        )
        return _sh("nsenter", f"--net={self._namespace}", sys.executable, "-c", code, url, token or "", body or "", timeout_s=60)

    def _service(self, name: str) -> Service:
        service: Service = self._project["services"][name]
        return service

    def _words(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> list[str]:
        service = self._service(name)
        assert service["read_only"], "all containers of an image share its files"
        image, root = self._images.inspect(service["image"]), self._images.root(service["image"])
        mounts = ["ro", str(self._folder / "hosts"), "/etc/hosts"]
        mounts += [word for mount in service["volumes"] for word in self._mounted(mount, root)]
        mounts += [word for target in service.get("tmpfs", []) for word in ("tmpfs", "tmpfs", target)]
        devices = [word for device in service.get("devices", []) for word in (device["source"], device["target"])]
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


def _privileges(service: Service) -> list[str]:
    """The user, groups and capabilities of a service."""
    user, _, group = service["user"].partition(":")
    kept = "".join(f",+{capability.lower()}" for capability in service.get("cap_add", []))
    groups = ",".join(service.get("group_add", []))
    return [
        "setpriv", "--reuid", user, "--regid", group or user, *(["--groups", groups] if groups else ["--clear-groups"]),
        "--inh-caps=-all", f"--bounding-set=-all{kept}", "--no-new-privs",
    ]  # fmt: skip


def _storage(folder: Path, driver: str) -> list[str]:
    """buildah with its store in a folder."""
    return ["buildah", "--storage-driver", driver, "--root", str(folder / driver), "--runroot", str(folder / f"{driver}-run")]


def _recipe(context: Path, dockerfile: str) -> str:
    """A hash of all that a build takes from its context, as .dockerignore lets it."""
    lines = (context / ".dockerignore").read_text().splitlines()
    places = [context / line[1:] for line in lines if line.startswith("!")]
    files = {path for place in places for path in (place, *place.rglob("*")) if path.is_file() and "__pycache__" not in path.parts}
    digest = hashlib.sha256((context / dockerfile).read_bytes())
    for path in sorted(files):
        digest.update(f"{path} {path.stat().st_mode}".encode() + path.read_bytes())
    return digest.hexdigest()


def _end(process: running.Process) -> None:
    """End what a test left running; the container's first process dies with the one that holds its namespaces."""
    if process.running():
        process.kill()
    process.close()


def missing() -> str:
    """What this machine lacks to build and run containers; "" where it has it all."""
    if os.geteuid():
        return "root is needed to build images and to make namespaces"
    needed = ("buildah", "mmdebstrap", "unshare", "nsenter", "chroot")
    lacking = [program for program in needed if shutil.which(program) is None]
    return f"no {', '.join(lacking)} (Debian: apt-get install buildah mmdebstrap)" if lacking else ""
