"""`check`: a configuration and this machine into findings, before `run` meets them.

One line a finding, `ok`, `warning` or `error`, and what to do. It loads the configuration as `run` does, looks at the keys' files,
and opens each port as `run` would, unless another program has it: then it names that program, which may well be Telegraf with
this very configuration. To a cable it listens for some seconds, since what comes shows an inverted line or a wrong speed. Only what
the user who runs it may do is found out, so it is to be run as Telegraf's user; root is told what that user may not read.
"""

import os
import shutil
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, Literal, NamedTuple

from telegraf_han import advice, options, receivers, settings, sources
from telegraf_han.config import Config, MeterConfig, ReceiverConfig, require_sources
from telegraf_han.errors import ConfigError, SourceError
from telegraf_han.p1 import signal
from telegraf_han.p1.dialects import WITHOUT_RADIO
from telegraf_han.p1.framer import Framer
from telegraf_han.secret import Key
from telegraf_han.telegram import Frame

STABLE_NAMES: Final = "/dev/serial/by-id"
"""Where udev keeps a name for each device that does not change with the order of plugging in."""
SAMPLE_KEY: Final = Key(bytes(16))
"""What stands in the sample configuration."""
_PROCESSES: Final = "/proc"
_CHANGING: Final = ("/dev/ttyUSB", "/dev/ttyACM")
LISTEN_S: Final = 3.0
"""Some GAMA350 send a telegram a second [seen], DSMR meters one in ten."""
LISTENED_BYTES: Final = 65_536
"""Kept of what was heard."""
TELEGRAF: Final = "telegraf"
"""Telegraf's user in its packages."""


class Finding(NamedTuple):
    """One line of the report."""

    level: Literal["ok", "warning", "error"]
    text: str


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    parser.add_argument("--config", required=True, metavar="FILE", help="configuration (TOML)")
    parser.add_argument("--listen", type=_time, default=LISTEN_S, metavar="TIME", help="how long to each cable (default: 3s; 0: not)")
    parser.add_argument("--user", default=TELEGRAF, metavar="NAME", help="who has to read the key files, asked as root (default: telegraf)")


def _time(text: str) -> float:
    """Seconds, 0 too. Raises ArgumentTypeError."""
    try:
        return 0.0 if text == "0" else options.duration_s(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def run(arguments: Namespace) -> int:
    """Print what is found; 0, 1 where something would not work, 2 where the configuration cannot be used."""
    notes: list[str] = []
    try:
        config = settings.load(arguments.config, notes.append)
        require_sources(config)
    except ConfigError as error:
        _print([*(Finding("warning", note) for note in notes), Finding("error", str(error))])
        return 2
    findings = [Finding("ok", f"{config.file}: {_counted(len(config.meters), 'meter')}, {_counted(len(config.receivers), 'receiver')}")]
    findings += [Finding("warning", note) for note in notes]
    findings += _user()
    _print(findings)
    failed = False
    for finding in chain(_keys(config), _key_files(config.file, arguments.user), _radios(config), _ports(config, arguments.listen)):
        _print([finding])
        failed = failed or finding.level == "error"
    return 1 if failed else 0


def _print(findings: Iterable[Finding]) -> None:
    for finding in findings:
        print(f"{finding.level:<8} {finding.text}", flush=True)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number or 'no'} {what}s"


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


def _key_files(file: str, user: str) -> Iterator[Finding]:
    """As root: what Telegraf's user may not read, though root may."""
    if os.geteuid():
        return
    for path in (file, *settings.key_files(file)):
        if not advice.may_read(user, path):
            yield Finding("error", f"{path} may not be read by user {user}: sudo chown {user} {path}, and its folders need x for it")


def _radios(config: Config) -> Iterator[Finding]:
    """A wireless meter whose name says that it is a model without radio."""
    for meter in config.meters:
        model = next((model for model in WITHOUT_RADIO if model in meter.name.upper()), "")
        if model and meter.interface == "wmbus":
            yield Finding("error", f'{meter.name}: {model} has no radio, it is read over its P1 port: interface = "p1"')


def _ports(config: Config, listen_s: float) -> Iterator[Finding]:
    for meter in config.meters:
        if meter.interface == "p1":
            yield from _port(meter.name, meter.port, meter.line, listen_s)
    for receiver in config.receivers:
        yield from _programs(receiver) if receiver.command else _port(receiver.name, receiver.port, _line(receiver), 0.0)


def _line(receiver: ReceiverConfig) -> str:
    return receiver.line or receivers.named(receiver.type).LINE


def _programs(receiver: ReceiverConfig) -> Iterator[Finding]:
    """The program that is configured, or those of the type's own command."""
    needs = receivers.needs(receiver.type, receiver.command)
    for program in needs or {receiver.command[0]: ""}:
        found = shutil.which(program)
        where = f" ({needs[program]})" if needs else ""
        if found is None:
            yield Finding(
                "error", f"{receiver.name}: {program} is no program on this user's PATH: install it{where} or write its whole path"
            )
        else:
            yield Finding("ok", f"{receiver.name}: {found}")


def _port(name: str, port: str, line: str, listen_s: float) -> Iterator[Finding]:
    """Open a port as `run` would, unless it is in use, and listen."""
    stable = stable_name(port)
    if stable:
        yield Finding("warning", f"{name}: {port} may be another device after the next plugging in; its stable name is {stable}")
    others = users_of(port) if port.startswith("/dev/") else []
    if others:
        yield Finding("warning", f"{name}: {port} is in use by {', '.join(others)}: good if that is this plugin under Telegraf")
        return
    wake, waker = os.pipe()
    try:
        source = sources.opened(port, line, wake)
        yield Finding("ok", f"{name}: {port} is a file to replay" if source.finite else f"{name}: {port} can be opened")
        try:
            if listen_s and not source.finite:
                yield _listened(name, source, listen_s)
        finally:
            source.close()
    except SourceError as error:
        yield Finding("error", f"{name}: {error}")
    finally:
        os.close(wake)
        os.close(waker)


def _listened(name: str, source: sources.Source, listen_s: float) -> Finding:
    """What a cable delivers: telegrams, nothing, or bytes that tell what is wrong. Raises SourceError."""
    framer, data, until_s = Framer(), b"", time.monotonic() + listen_s
    while (left_s := until_s - time.monotonic()) > 0:
        piece = source.read(left_s) or b""
        data = (data + piece)[-LISTENED_BYTES:]
        if any(isinstance(event, Frame) for event in framer.feed(piece, 0)):
            return Finding("ok", f"{name}: whole telegrams arrive; whether the keys open them, says `telegraf-han keys`")
    if not data:
        return Finding(
            "warning",
            f"{name}: nothing came within {listen_s:g} s: is the port activated, the data-request pin high? For meters that send seldom"
            " take --listen 15s",
        )
    why = signal.wrong(data) or "a bad contact, a long cable, another speed (`line`), or no P1 port"
    return Finding("warning", f"{name}: {len(data)} bytes came within {listen_s:g} s, but no whole telegram: {why}")


def stable_name(port: str) -> str:
    """The name that udev keeps for a device whose own name depends on the order of plugging in; "" where there is none."""
    if not port.startswith(_CHANGING) or not os.path.isdir(STABLE_NAMES):
        return ""
    names = [os.path.join(STABLE_NAMES, name) for name in sorted(os.listdir(STABLE_NAMES))]
    return next((name for name in names if os.path.realpath(name) == os.path.realpath(port)), "")


def users_of(port: str) -> list[str]:
    """The processes that have a device open, as far as this user may know: other users' only root sees."""
    device = os.path.realpath(port)
    found = []
    for process in filter(str.isdecimal, listed(_PROCESSES)):
        folder = os.path.join(_PROCESSES, process, "fd")
        if any(_target(os.path.join(folder, descriptor)) == device for descriptor in listed(folder)):
            found.append(f"process {process} ({_process_name(process)})")
    return found


def listed(folder: str) -> list[str]:
    """Names in a folder; none where it cannot be read."""
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
