"""Pinned Go modules into the real Telegraf, InfluxDB, NATS and their command lines that the tests run, without Docker.

`python tests/servers/build.py telegraf influxd influx nats-server nats` builds what is missing and prints one path a server. The folders
`telegraf/`, `influxdb/`, `influx/`, `nats/` and `natscli/` beside this file are Go modules of our own: their go.mod names the version (the
only place it is written) and their go.sum pins every source that goes in. A module of our own is needed because `go install
…@version` refuses InfluxDB, whose go.mod replaces modules.

What was built stays in `.cache/servers/<name>-<version>-<recipe>/<name>`, where <recipe> is a hash of the module files
and build options, so a changed recipe is another folder and a second run starts at once. A build happens in a
folder beside it that is renamed at the end, behind a lock, so nobody ever sees half a server.

The variables TELEGRAF_BIN, INFLUXD_BIN, INFLUX_BIN, NATS_SERVER_BIN and NATS_BIN name an existing program instead. Only the standard library is used: this
script runs before anything is installed. Sources come through Go's and cargo's own clients as they are set up.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import functools
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["SERVERS", "CannotBuildError", "Server", "binary", "built", "version"]

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "servers"

# InfluxDB takes five minutes on two idle cores; a small board may need an hour, and longer is a hang.
BUILD_TIMEOUT_S = 5400

# Exactly the sources that go.sum pins; no paths of this machine and no state of this repository in the result.
GO_BUILD = ("go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false")

# Only the plugins named here are compiled in (Telegraf's `custom` build tag): those of the examples and the tests.
TELEGRAF_PLUGINS = {
    "inputs": "exec execd file http http_listener_v2 influxdb_v2_listener internal kafka_consumer mock modbus mqtt_consumer nats_consumer socket_listener tail",
    "outputs": "discard exec execd file health http influxdb influxdb_v2 kafka mqtt nats prometheus_client socket_writer",
    "aggregators": "basicstats derivative final merge minmax quantile starlark",
    "processors": "clone converter date dedup defaults enum execd filter override pivot printer regex rename round"
    " scale split starlark strings tag_limit template unpivot",
    "parsers": "influx json json_v2 value",
    "serializers": "influx json prometheus template",
    "secretstores": "docker http systemd",
}


class CannotBuildError(Exception):
    """A server can neither be found nor built here; the message is one line for the reader of a skipped test."""


class Server(NamedTuple):
    """How one program is built: everything that differs between them."""

    folder: str  # our module, beside this file
    module: str  # whose version in our go.mod is the server's
    package: str  # what is compiled
    tags: str
    version_variable: str  # where the linker writes the version that a build elsewhere does not know; "" if the source says it
    says_version: str  # the argument that makes it print its version
    variable: str  # the environment variable that names a program to use instead
    uses_rust: bool  # it links libflux, which is Rust behind cgo; else it is pure Go, as in the official builds


SERVERS = {
    "telegraf": Server(
        folder="telegraf",
        module="github.com/influxdata/telegraf",
        package="github.com/influxdata/telegraf/cmd/telegraf",
        tags=",".join(["custom", *(f"{kind}.{name}" for kind, names in TELEGRAF_PLUGINS.items() for name in names.split())]),
        version_variable="github.com/influxdata/telegraf/internal.Version",
        says_version="--version",
        variable="TELEGRAF_BIN",
        uses_rust=False,
    ),
    "influxd": Server(
        folder="influxdb",
        module="github.com/influxdata/influxdb/v2",
        package="github.com/influxdata/influxdb/v2/cmd/influxd",
        # As in the official builds.
        tags="sqlite_foreign_keys,sqlite_json,noasm",
        version_variable="main.version",
        says_version="version",
        variable="INFLUXD_BIN",
        uses_rust=True,
    ),
    # InfluxDB's command line, with which its owners make backups.
    "influx": Server(
        folder="influx",
        module="github.com/influxdata/influx-cli/v2",
        package="github.com/influxdata/influx-cli/v2/cmd/influx",
        tags="",
        version_variable="main.version",
        says_version="version",
        variable="INFLUX_BIN",
        uses_rust=False,
    ),
    # The broker of a fleet.
    "nats-server": Server(
        folder="nats",
        module="github.com/nats-io/nats-server/v2",
        package="github.com/nats-io/nats-server/v2",
        tags="",
        version_variable="",
        says_version="--version",
        variable="NATS_SERVER_BIN",
        uses_rust=False,
    ),
    # Its command line, with which its owners look at streams and make backups.
    "nats": Server(
        folder="natscli",
        module="github.com/nats-io/natscli",
        package="github.com/nats-io/natscli/nats",
        tags="",
        version_variable="main.version",
        says_version="--version",
        variable="NATS_BIN",
        uses_rust=False,
    ),
}


def version(name: str) -> str:
    """Return the version that the server's go.mod pins, without the `v`."""
    server = SERVERS[name]
    text = (HERE / server.folder / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^\s*(?:require )?{re.escape(server.module)} v(\S+)$", text, re.MULTILINE)
    if found is None:
        message = f"{server.folder}/go.mod requires no {server.module}"
        raise CannotBuildError(message)
    return found[1]


def built(name: str) -> Path:
    """Return where the built server stands, or will stand."""
    server = SERVERS[name]
    recipe = hashlib.sha256(repr(server).encode())
    for module_file in ("go.mod", "go.sum"):
        recipe.update((HERE / server.folder / module_file).read_bytes())
    return CACHE / f"{name}-{version(name)}-{recipe.hexdigest()[:8]}" / name


def binary(name: str, say: Callable[[str], None] = lambda _line: None) -> Path:
    """Return a server's program: the one the environment names, the one built before, or one built now.

    `say` is told when there is something to wait for. Raises CannotBuildError with the reason.
    """
    named = os.environ.get(SERVERS[name].variable)
    if named:
        return _named(named, SERVERS[name].variable)
    program = built(name)
    if program.exists():
        return program
    with _lock(name, say):
        if not program.exists():  # another run may have built it while this one waited
            _build(name, program, say)
    return program


def _named(named: str, variable: str) -> Path:
    """Return the program that the environment names, as a path or as a command."""
    found = shutil.which(named)
    if found is None:
        message = f"{variable} is set, but there is no program {named}"
        raise CannotBuildError(message)
    return Path(found).absolute()


@contextlib.contextmanager
def _lock(name: str, say: Callable[[str], None]) -> Iterator[None]:
    """Keep others from building the same server; the system frees the lock even when its holder is killed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    # The cache ignores itself, whatever the repository's own .gitignore says.
    (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
    with (CACHE / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run that builds {name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(name: str, program: Path, say: Callable[[str], None]) -> None:
    """Build one server into a folder of its own and give it its name at the end; the caller holds the lock."""
    server = SERVERS[name]
    environment = _environment(server)
    say(f"building {name} {version(name)}, which takes minutes the first time")
    workshop = CACHE / f"{name}.building"
    shutil.rmtree(workshop, ignore_errors=True)  # what a killed run left
    workshop.mkdir()
    log = CACHE / f"{name}.log"
    log.unlink(missing_ok=True)
    step = functools.partial(_run, folder=HERE / server.folder, environment=environment, log=log)
    if server.uses_rust:
        # InfluxData's pkg-config builds libflux with cargo when cgo asks for its flags.
        environment["PKG_CONFIG"] = str(workshop / "pkg-config")
        step([*GO_BUILD, "-o", environment["PKG_CONFIG"], "github.com/influxdata/pkg-config"])
    result = workshop / "result" / name
    says = f" -X {server.version_variable}={version(name)}" if server.version_variable else ""
    options = ["-tags", server.tags, "-ldflags", f"-s -w{says}"]
    step([*GO_BUILD, *options, "-o", str(result), server.package])
    step([str(result), server.says_version])
    if version(name) not in log.read_text(encoding="utf-8", errors="replace"):
        message = f"{name} was built, but does not say that it is {version(name)}: see {log}"
        raise CannotBuildError(message)
    shutil.rmtree(program.parent, ignore_errors=True)  # a folder whose program somebody removed
    result.parent.rename(program.parent)
    shutil.rmtree(workshop)


def _environment(server: Server) -> dict[str, str]:
    """Return the environment of a build, having looked that the machine can build at all."""
    _need("go", "Go", " (1.26 or later)")
    environment = {**os.environ, "GOWORK": "off", "CGO_ENABLED": "1" if server.uses_rust else "0"}
    if server.uses_rust:
        _need("cargo", "Rust", " (1.83 or later)")
        _need(environment.get("CC", "cc").split()[0], "a C compiler", "")
        # libflux names a toolchain of its own, which rustup would want to download.
        if "RUSTUP_TOOLCHAIN" not in environment and shutil.which("rustup") is not None:
            environment["RUSTUP_TOOLCHAIN"] = _toolchain()
    return environment


def _need(command: str, name: str, wanted: str) -> None:
    """Refuse in one line when a tool is missing."""
    if shutil.which(command) is None:
        message = f"{name}{wanted} is missing: no `{command}` on the PATH"
        raise CannotBuildError(message)


def _toolchain() -> str:
    """Return the name of an installed Rust toolchain: the default one, else a stable one, else any."""
    listed = subprocess.run(["rustup", "toolchain", "list"], capture_output=True, text=True, timeout=60, check=False).stdout.splitlines()
    # "stable-x86_64-unknown-linux-gnu (active, default)"; without one the only line is "no installed toolchains"
    found = [line for line in listed if "-" in line.split(" ")[0]]
    if not found:
        message = "Rust is missing: rustup has no toolchain installed (`rustup toolchain install stable`)"
        raise CannotBuildError(message)
    best = max(found, key=lambda line: ("default" in line, not line.startswith(("nightly", "beta"))))
    return best.split(" ")[0]


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
    """Run one step with its output in the log; a step that fails, hangs or is interrupted leaves no process behind."""
    with log.open("ab") as output:
        # A session of its own, so that go's compilers and cargo end with it.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            status = process.wait(BUILD_TIMEOUT_S)
        except BaseException as stop:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not isinstance(stop, subprocess.TimeoutExpired):
                raise
            message = f"`{Path(command[0]).name}` did not end in {BUILD_TIMEOUT_S} s: see {log}"
            raise CannotBuildError(message) from None
    if status != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = " ".join(line.strip() for line in lines[-4:])[:400]
        message = f"`{Path(command[0]).name} {command[1]}` failed with {status}: {last} (all of it: {log})"
        raise CannotBuildError(message)


def main() -> int:
    """Build the servers named on the command line and print their paths."""
    parser = argparse.ArgumentParser(description="Build the servers that the tests run, and print where they are.")
    parser.add_argument("server", nargs="+", choices=sorted(SERVERS))
    for name in parser.parse_args().server:
        try:
            print(binary(name, say=lambda line: print(line, file=sys.stderr, flush=True)), flush=True)
        except CannotBuildError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
