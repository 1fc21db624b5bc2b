"""Images for the compose stack's tests, built by Debian's buildah in its chroot isolation, where no container engine runs.

Those that are pulled elsewhere (Telegraf's, InfluxDB's) are stand-ins under their real names: a Debian made by mmdebstrap with the
program that `servers/build.py` builds, and what of the real image's Dockerfile the stack relies on: the users, the
folders, curl. The plugin's own is built from docker/Dockerfile as it stands.

For arm64, programs run under Debian's emulator (qemu-user-static), which the kernel starts by itself once it is registered.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "EMULATED_TIMEOUT_S", "INFLUXDB", "INFLUXDB_STEPS", "PLATFORMS", "TELEGRAF", "TELEGRAF_ENTRYPOINT", "TELEGRAF_STEPS", "Images", "missing", "not_emulated",
    "recipe", "shell",
]  # fmt: skip

BUILD_TIMEOUT_S = 900
EMULATED_TIMEOUT_S = 3600  # an emulated Debian takes two minutes on two idle cores
PLATFORMS = ("amd64", "arm64")
BINFMT = Path("/proc/sys/fs/binfmt_misc")
EMULATOR = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")  # of Debian's qemu-user-static
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"  # a CI behind a proxy of its own trusts it there
TELEGRAF = "docker.io/library/telegraf:1.39.3"
INFLUXDB = "docker.io/library/influxdb:2.9.1"

# buildpack-deps:bookworm-curl, useradd by Telegraf's package, and what its entrypoint does for anybody but root.
TELEGRAF_STEPS = "useradd --system --user-group --home-dir /etc/telegraf telegraf && mkdir -p /etc/telegraf /var/lib/telegraf"
TELEGRAF_ENTRYPOINT = '#!/bin/bash\nset -e\nif [ "${1:0:1}" = - ]; then set -- telegraf "$@"; fi\nexec "$@"\n'
INFLUXDB_STEPS = (
    "groupadd --system --gid 1000 influxdb && useradd --system --uid 1000 --gid influxdb influxdb"
    " && mkdir -p /var/lib/influxdb2 /etc/influxdb2 && chown influxdb:influxdb /var/lib/influxdb2 /etc/influxdb2"
)


def shell(*words: str | Path, timeout_s: float = BUILD_TIMEOUT_S, **more: Any) -> str:
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
        return shell(*self._buildah, *words, **more)

    def stand_in(self, name: str, program: Path, place: str, steps: str, entrypoint: str = "") -> None:
        """Make an image of that name with the program in its place, unless the same one was made before."""
        label = hashlib.sha256(f"{program} {place} {steps} {entrypoint}".encode()).hexdigest()
        if self._known(name, label):
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
        self.buildah("config", "--label", f"recipe={label}", container)
        self.buildah("commit", "--quiet", "--rm", container, name)

    def bases(self, name: str, steps: str) -> None:
        """Make an image of that name for each processor, without a program: a Debian with these steps. They are one manifest list."""
        if any(known.endswith(name) for known in self._names()):
            return
        made = []
        for processor in PLATFORMS:
            container = self.buildah("from", "--arch", processor, "scratch")
            self.buildah("add", "--quiet", container, self._debian(processor), "/")
            self.buildah("run", "--isolation", "chroot", container, "--", "sh", "-c", steps)
            self.buildah("config", "--arch", processor, container)
            made.append(f"base-{processor}")
            self.buildah("commit", "--quiet", "--rm", container, made[-1])
        self.buildah("manifest", "create", name, *made)

    def _debian(self, processor: str = "amd64") -> Path:
        """A small Debian of the release that both images stand on."""
        archive = self._folder.parent / f"bookworm-{processor}.tar"
        if not archive.exists():
            fresh = archive.with_suffix(".new.tar")
            words = ["--quiet", "--variant=minbase", f"--architectures={processor}", "--include=ca-certificates,curl"]
            shell("mmdebstrap", *words, "bookworm", fresh, timeout_s=EMULATED_TIMEOUT_S)
            fresh.rename(archive)
        return archive

    def _names(self) -> list[str]:
        """The names of all images and manifest lists."""
        return self.buildah("images", "--noheading", "--format", "{{.Name}}:{{.Tag}}").split()

    def _known(self, name: str, label: str) -> bool:
        """Whether an image of that name was made from the same."""
        return any(known.endswith(name) for known in self._names()) and (self.inspect(name).get("Labels") or {}).get("recipe") == label

    def build(self, context: Path, dockerfile: str, name: str, arguments: Mapping[str, str]) -> None:
        """Build a Dockerfile with pip as it is set up on this machine, unless it was built from the very same files before."""
        label = recipe(context, dockerfile)
        if self._known(name, label):
            return
        with contextlib.suppress(AssertionError):
            self.buildah("rmi", "--force", name)
        given = [word for key, value in arguments.items() for word in ("--build-arg", f"{key}={value}")]
        self.buildah(
            "build", "--quiet", *self.build_options(), "--layers=false", *given,
            "--label", f"recipe={label}", "--file", context / dockerfile, "--tag", name, context,
        )  # fmt: skip

    @property
    def command(self) -> list[str]:
        """The words of buildah with this store."""
        return list(self._buildah)

    def build_options(self) -> list[str]:
        """What a build needs on this machine: no engine, no registry, and pip as it is set up here."""
        settings = self._folder / "pip.conf"
        options = [line.partition("=") for line in shell(sys.executable, "-m", "pip", "config", "list").splitlines()]
        wanted = {key.partition(".")[2]: value.strip("'") for key, _, value in options if key.startswith(("global.", ":env:."))}
        kept = {key: value for key, value in wanted.items() if key in {"index-url", "extra-index-url", "cert", "timeout", "trusted-host"}}
        settings.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in kept.items()))
        mounts = [
            (settings, "/etc/pip.conf"),
            *((path, path) for path in {CERTIFICATES, kept.get("cert", CERTIFICATES)} if Path(path).exists()),
        ]
        volumes = [word for host, inside in mounts for word in ("--volume", f"{host}:{inside}:ro")]
        return ["--isolation", "chroot", "--pull-never", "--build-arg", f"TELEGRAF={TELEGRAF}", *volumes]

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


def _storage(folder: Path, driver: str) -> list[str]:
    """buildah with its store in a folder."""
    return ["buildah", "--storage-driver", driver, "--root", str(folder / driver), "--runroot", str(folder / f"{driver}-run")]


def recipe(context: Path, *files: str) -> str:
    """A hash of all that a build takes from its context, as .dockerignore lets it, and of files such as the Dockerfile."""
    lines = (context / ".dockerignore").read_text().splitlines()
    places = [context / line[1:] for line in lines if line.startswith("!")]
    found = {path for place in places for path in (place, *place.rglob("*")) if path.is_file() and "__pycache__" not in path.parts}
    digest = hashlib.sha256(b"".join((context / name).read_bytes() for name in files))
    for path in sorted(found):
        digest.update(f"{path} {path.stat().st_mode}".encode() + path.read_bytes())
    return digest.hexdigest()


def missing() -> str:
    """What this machine lacks to build and run containers; "" where it has it all."""
    if os.geteuid():
        return "root is needed to build images and to make namespaces"
    needed = ("buildah", "mmdebstrap", "unshare", "nsenter", "chroot")
    lacking = [program for program in needed if shutil.which(program) is None]
    return f"no {', '.join(lacking)} (Debian: apt-get install buildah mmdebstrap)" if lacking else ""


def not_emulated() -> str:
    """Why programs for arm64 do not run here; "" where they do. The emulator is registered if it is installed only."""
    if os.uname().machine == "aarch64":
        return ""
    if not EMULATOR.exists() or shutil.which("arch-test") is None:
        return "no emulator for arm64 (Debian: apt-get install qemu-user-static arch-test)"
    if not (BINFMT / "register").exists():
        shell("mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT)
    if not (BINFMT / "qemu-aarch64").exists():
        (BINFMT / "register").write_bytes(EMULATOR.read_bytes().strip())
    return (
        "" if subprocess.run(["arch-test", "arm64"], capture_output=True, check=False).returncode == 0 else "the kernel emulates no arm64"
    )
