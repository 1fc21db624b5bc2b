"""Images for the compose stack's tests, built by Debian's buildah in its chroot isolation, where no container engine runs.

Those that are pulled elsewhere (Telegraf's, InfluxDB's) are stand-ins under their real names: a Debian made by mmdebstrap with the
program that `servers/build.py` builds, and what of the real image's Dockerfile the stack relies on: the users, the
folders, curl. The plugin's own is built from docker/Dockerfile as it stands.
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
from typing import Any

__all__ = ["INFLUXDB", "INFLUXDB_STEPS", "TELEGRAF", "TELEGRAF_ENTRYPOINT", "TELEGRAF_STEPS", "Images", "missing", "shell"]

BUILD_TIMEOUT_S = 900
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
            shell("mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates,curl", "bookworm", fresh)
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
        options = [line.partition("=") for line in shell(sys.executable, "-m", "pip", "config", "list").splitlines()]
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


def missing() -> str:
    """What this machine lacks to build and run containers; "" where it has it all."""
    if os.geteuid():
        return "root is needed to build images and to make namespaces"
    needed = ("buildah", "mmdebstrap", "unshare", "nsenter", "chroot")
    lacking = [program for program in needed if shutil.which(program) is None]
    return f"no {', '.join(lacking)} (Debian: apt-get install buildah mmdebstrap)" if lacking else ""
