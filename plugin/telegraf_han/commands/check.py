"""`check`: a configuration and this machine into findings, before `run` meets them.

One line a finding, `ok`, `warning` or `error`, and what to do. It loads the configuration as `run` does, looks at the keys' files,
and opens each port as `run` would, unless another program has it: then it names that program, which may well be Telegraf with
this very configuration. Only what the user who runs it may do is found out, so it is to be run as Telegraf's user.
"""

import os
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from telegraf_han import advice, receivers, settings, sources
from telegraf_han.config import Config, MeterConfig, ReceiverConfig, require_sources
from telegraf_han.errors import ConfigError, SourceError
from telegraf_han.secret import Key

STABLE_NAMES: Final = "/dev/serial/by-id"
"""Where udev keeps a name for each device that does not change with the order of plugging in."""
SAMPLE_KEY: Final = Key(bytes(16))
"""What stands in the sample configuration."""
_PROCESSES: Final = "/proc"
_CHANGING: Final = ("/dev/ttyUSB", "/dev/ttyACM")


class Finding(NamedTuple):
    """One line of the report."""

    level: Literal["ok", "warning", "error"]
    text: str


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    parser.add_argument("--config", required=True, metavar="FILE", help="configuration (TOML)")


def run(arguments: Namespace) -> int:
    """Print what is found; 0, 1 where something would not work, 2 where the configuration cannot be used."""
    notes: list[str] = []
    try:
        config = settings.load(arguments.config, notes.append)
        require_sources(config)
    except ConfigError as error:
        _print([*(Finding("warning", note) for note in notes), Finding("error", str(error))])
        return 2
    findings = [Finding("ok", f"{config.file}: {len(config.meters)} meters, {len(config.receivers)} receivers")]
    findings += [Finding("warning", note) for note in notes]
    findings += _user()
    _print(findings)
    failed = False
    for finding in (*_keys(config), *_ports(config)):
        _print([finding])
        failed = failed or finding.level == "error"
    return 1 if failed else 0


def _print(findings: Iterable[Finding]) -> None:
    for finding in findings:
        print(f"{finding.level:<8} {finding.text}", flush=True)


def _user() -> list[Finding]:
    """Root may open everything, so root's check says little about Telegraf's."""
    if os.geteuid():
        return []
    return [Finding("warning", "checked as root, who may open everything; check as Telegraf's user: sudo -u telegraf telegraf-han check …")]


def _keys(config: Config) -> Iterator[Finding]:
    """Which keys there are; that they have the right length, the configuration's loading has shown."""
    for meter in config.meters:
        yield _key(meter)


def _key(meter: MeterConfig) -> Finding:
    if meter.interface == "wmbus":
        if meter.key is None:
            return Finding("warning", f"{meter.name}: no key: only telegrams without encryption can be read")
        return Finding("ok", f"{meter.name}: key is there")
    if meter.encryption_key is None:
        return Finding("warning", f"{meter.name}: no encryption_key: only telegrams without encryption can be read")
    if meter.encryption_key == SAMPLE_KEY:
        return Finding("warning", f"{meter.name}: encryption_key is still the sample's")
    if meter.authentication_key is None:
        return Finding("ok", f"{meter.name}: encryption_key is there; without authentication_key nothing can be verified")
    if meter.authentication_key == meter.encryption_key:
        return Finding("warning", f"{meter.name}: encryption_key and authentication_key are the same, the operator gives two")
    return Finding("ok", f"{meter.name}: encryption_key and authentication_key are there")


def _ports(config: Config) -> Iterator[Finding]:
    for meter in config.meters:
        if meter.interface == "p1":
            yield from _port(meter.name, meter.port, meter.line)
    for receiver in config.receivers:
        yield from _program(receiver) if receiver.command else _port(receiver.name, receiver.port, _line(receiver))


def _line(receiver: ReceiverConfig) -> str:
    return receiver.line or receivers.named(receiver.type).LINE


def _program(receiver: ReceiverConfig) -> Iterator[Finding]:
    found = shutil.which(receiver.command[0])
    if found is None:
        program = receiver.command[0]
        yield Finding("error", f"{receiver.name}: {program} is no program on this user's PATH: install it or write its whole path")
    else:
        yield Finding("ok", f"{receiver.name}: {found}")


def _port(name: str, port: str, line: str) -> Iterator[Finding]:
    """Open a port as `run` would, unless it is in use."""
    stable = _stable_name(port)
    if stable:
        yield Finding("warning", f"{name}: {port} may be another device after the next plugging in; its stable name is {stable}")
    others = _users_of(port) if port.startswith("/dev/") else []
    if others:
        yield Finding("warning", f"{name}: {port} is in use by {', '.join(others)}: good if that is this plugin under Telegraf")
        return
    wake, waker = os.pipe()
    try:
        source = sources.opened(port, line, wake)
        yield Finding("ok", f"{name}: {port} is a file to replay" if source.finite else f"{name}: {port} can be opened")
        source.close()
    except SourceError as error:
        yield Finding("error", f"{name}: {error}")
    finally:
        os.close(wake)
        os.close(waker)


def _stable_name(port: str) -> str:
    """The name that udev keeps for a device whose own name depends on the order of plugging in; "" where there is none."""
    if not port.startswith(_CHANGING) or not os.path.isdir(STABLE_NAMES):
        return ""
    names = [os.path.join(STABLE_NAMES, name) for name in sorted(os.listdir(STABLE_NAMES))]
    return next((name for name in names if os.path.realpath(name) == os.path.realpath(port)), "")


def _users_of(port: str) -> list[str]:
    """The processes that have a device open, as far as this user may know: other users' only root sees."""
    device = os.path.realpath(port)
    found = []
    for process in filter(str.isdecimal, _listed(_PROCESSES)):
        folder = os.path.join(_PROCESSES, process, "fd")
        if any(_target(os.path.join(folder, descriptor)) == device for descriptor in _listed(folder)):
            found.append(f"process {process} ({_process_name(process)})")
    return found


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def _process_name(process: str) -> str:
    try:
        with open(os.path.join(_PROCESSES, process, "comm"), encoding="utf-8", errors="replace") as file:
            name = file.read().strip()
    except OSError as error:
        return advice.words(error)
    return name if name.isprintable() else "?"
