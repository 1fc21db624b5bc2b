"""`check`: finds mistakes in the configuration and on this machine, before `run` meets them.

It prints one line per finding: `ok`, `warning` or `error`, and what to do. It loads the configuration as `run` does, looks at the key
files, and opens each port as `run` would. If another program has the port, `check` names that program. Often that is Telegraf with this
configuration. `check` listens to a cable for some seconds, because the bytes show an inverted line, a wrong speed or a wrong key. It asks a
stick for its model.

`check` tests only what its own user may do. So run it as Telegraf's user. If root runs it, it also prints what Telegraf's user may not
open.
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import chain
from time import time
from typing import Final

from telegraf_han import receivers
from telegraf_han.commands import _listening
from telegraf_han.commands._arguments import add_config, config_of, duration_s
from telegraf_han.commands._listening import Finding
from telegraf_han.config.file import key_files, load, placeholders, table_files, tariff_files
from telegraf_han.config.plans import plans
from telegraf_han.config.sections import Config, MeterConfig, ReceiverConfig, require_sources
from telegraf_han.errors import ConfigError, PortInUseError, SourceError
from telegraf_han.language import _, counted, marked
from telegraf_han.p1.dialects import WITHOUT_RADIO
from telegraf_han.ports import devices, programs, rights, sources
from telegraf_han.printing import say
from telegraf_han.tariffs.calendar import local
from telegraf_han.tariffs.tariff import OWN, Plan, Section

LISTEN_S: Final = 3.0
"""Some GAMA350 send one telegram per second [seen], DSMR meters one every ten seconds."""
DEVICES: Final = "/dev/"
_REPLAY: Final = marked(
    "{name}: {port} is a file to replay. It is read once, to its end. To read a live meter, write the name of its device"
)
_LEVELS: Final = {"ok": "ok", "warning": marked("warning"), "error": marked("error")}
_NOBODY: Final = marked("this machine has no user {user}. `getent passwd` lists those that it has")
_GOOD: Final = marked("This is fine if the program is this plugin under Telegraf")


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    add_config(parser)
    parser.add_argument(
        "--listen",
        type=duration_s(zero=marked("for not at all")),
        default=LISTEN_S,
        metavar="TIME",
        help="how long to listen to each cable (default: 3s); with 0, cables are not read and sticks are not asked",
    )
    parser.add_argument(
        "--user", metavar="NAME", help="another user who must be able to open keys and ports (default: telegraf if you are root)"
    )


def run(arguments: Namespace) -> int:
    """Print the findings. Returns 0, 1 if something would not work, or 2 if the configuration cannot be used."""
    if arguments.user and not rights.exists(arguments.user):
        _print([Finding("error", f"--user: {_(_NOBODY, user=arguments.user)}")])
        return 2
    notes: list[str] = []
    try:
        config = load(config_of(arguments), notes.append)
        require_sources(config)
        tariffs = plans(config)
    except ConfigError as error:
        _print([*(Finding("warning", note) for note in notes), *(Finding("error", str(one)) for one in error.every())])
        return 2
    findings = [Finding("ok", f"{config.file}: {_size(config)}")]
    findings += [Finding("warning", note) for note in notes]
    findings += _user(arguments.user)
    _print(findings)
    failed, user = False, arguments.user or ("" if os.geteuid() else rights.TELEGRAF)
    for finding in chain(
        _keys(config), _tariffs(config, tariffs), _rights(config, user), _radios(config), _ports(config, arguments.listen)
    ):
        _print([finding])
        failed = failed or finding.level == "error"
    return 1 if failed else 0


def _print(findings: Iterable[Finding]) -> None:
    words = {level: _(word) for level, word in _LEVELS.items()}
    width = max(map(len, words.values()))
    for finding in findings:
        say(f"{words[finding.level]:<{width}}  {finding.text}")


def _size(config: Config) -> str:
    """How many meters and receivers there are."""
    meters = counted("{number} meter", "{number} meters", len(config.meters)) if config.meters else _("no meters")
    receivers_ = counted("{number} receiver", "{number} receivers", len(config.receivers)) if config.receivers else _("no receivers")
    return f"{meters}, {receivers_}"


def _user(named: str | None) -> list[Finding]:
    """Warn root, who may open everything. Such a check says little about Telegraf's user."""
    if os.geteuid():
        return []
    asked = [
        Finding(
            "warning", _("checked as root, who may open everything. Check again as Telegraf's user: sudo -u telegraf telegraf-han check …")
        )
    ]
    if not (named or rights.exists(rights.TELEGRAF)):
        nobody = _(_NOBODY, user=rights.TELEGRAF)
        asked.append(Finding("warning", f"{nobody}. " + _("If another user runs Telegraf, name it: --user NAME")))
    return asked


def _keys(config: Config) -> Iterator[Finding]:
    """Which keys are there, and which cannot be had. Their length was checked when the configuration was loaded."""
    for meter in config.meters:
        if meter.bad_keys:
            yield from (Finding("error", f"{meter.name}: {bad.option}: {bad.why}") for bad in meter.bad_keys)
        else:
            yield _key(meter)


def _key(meter: MeterConfig) -> Finding:
    zeros = [option for _, option in placeholders([meter])]
    if zeros:
        text = counted(
            "{name}: {keys} is still the key from the sample configuration, 32 zeros. Write what the operator sent",
            "{name}: {keys} are still the keys from the sample configuration, 32 zeros. Write what the operator sent",
            len(zeros),
            name=meter.name,
            keys=_(" and ").join(zeros),
        )
        return Finding("warning", text)
    if meter.interface == "wmbus":
        if meter.key is None:
            return Finding("warning", _("{name}: there is no key, so only telegrams without encryption can be read", name=meter.name))
        return Finding("ok", _("{name}: key is there", name=meter.name))
    if meter.encryption_key is None:
        text = _("{name}: there is no encryption_key, so only telegrams without encryption can be read", name=meter.name)
        return Finding("warning", text)
    if meter.authentication_key is None:
        return Finding("ok", _("{name}: encryption_key is there. Without authentication_key nothing can be verified", name=meter.name))
    if meter.authentication_key == meter.encryption_key:
        text = _("{name}: encryption_key and authentication_key are the same, but the operator gives two", name=meter.name)
        return Finding("warning", text)
    return Finding("ok", _("{name}: encryption_key and authentication_key are there", name=meter.name))


def _tariffs(config: Config, found: Mapping[str, Plan]) -> Iterator[Finding]:
    """Which tariff is in force today."""
    for meter in config.meters:
        if meter.plan is None:
            continue  # prices without dates are always in force
        for timeline in found[meter.name].timelines:
            section = timeline.on(local(int(time()), meter.zone)[0])
            yield _in_force(meter.name, timeline.name, section)


def _in_force(meter: str, timeline: str, section: Section | None) -> Finding:
    """The finding on a meter's own tariff, or on one that is compared with it. `section` is what is in force today."""
    own = timeline == OWN
    if section is None and own:
        said = _("{name}: no tariff is in force today, so nothing is computed. Add a section that is", name=meter)
        return Finding("warning", said)
    if section is None:
        said = _(
            '{name}: no compared tariff "{tariff}" is in force today, so nothing is computed. Add a section that is',
            name=meter,
            tariff=timeline,
        )
        return Finding("warning", said)
    if section.end == date.max:
        said = (
            _('{name}: tariff "{tariff}" is in force', name=meter, tariff=section.name)
            if own
            else _('{name}: compared tariff "{tariff}" is in force', name=meter, tariff=timeline)
        )
        return Finding("ok", said)
    until = date.fromordinal(section.end.toordinal() - 1)
    said = (
        _('{name}: tariff "{tariff}" is in force until {date}', name=meter, tariff=section.name, date=until)
        if own
        else _('{name}: compared tariff "{tariff}" is in force until {date}', name=meter, tariff=timeline, date=until)
    )
    return Finding("ok", said)


def _rights(config: Config, user: str) -> Iterator[Finding]:
    """What another user (Telegraf's) may not open, although this user may."""
    for path in (config.file, *table_files(config.file), *key_files(config.file), *tariff_files(config.file)) if user else ():
        if os.path.exists(path) and not rights.may_open(user, path, os.R_OK):  # a key that is not there was told before
            text = _(
                "{path} may not be read by user {user}. {run}. Its folders need x for this user too",
                path=path,
                user=user,
                run=rights.private(path, user),
            )
            yield Finding("error", text)
    paths = [*(meter.port for meter in config.meters), *(receiver.port for receiver in config.receivers)]
    if any(map(_has_dongle, config.receivers)):
        paths += [dongle.node for dongle in devices.dongles()]
    for path in paths if user else ():
        if path.startswith(DEVICES) and os.path.exists(path) and not rights.may_open(user, path, os.R_OK | os.W_OK):
            yield Finding("error", rights.refused(path, user, user))


def _radios(config: Config) -> Iterator[Finding]:
    """Wireless meters whose name shows that the model has no radio."""
    for meter in config.meters:
        model = next((model for model in WITHOUT_RADIO if model in meter.name.upper()), "")
        if model and meter.interface == "wmbus":
            text = _('{name}: {model} has no radio. Read it over its P1 port: interface = "p1"', name=meter.name, model=model)
            yield Finding("error", text)


def _ports(config: Config, listen_s: float) -> Iterator[Finding]:
    for meter in config.meters:
        if meter.interface == "p1":
            listened = partial(_listening.cable, meter.name, config, listen_s=listen_s)
            yield from _port(meter.name, meter.port, meter.line, listened if listen_s else None)
    for receiver in config.receivers:
        asked = partial(_listening.stick, receiver.name, receiver.type)
        yield from (
            _programs(receiver) if receiver.command else _port(receiver.name, receiver.port, _line(receiver), asked if listen_s else None)
        )
        yield from _dongle(receiver) if _has_dongle(receiver) else ()


def _line(receiver: ReceiverConfig) -> str:
    return receiver.line or receivers.named(receiver.type).LINE


def _programs(receiver: ReceiverConfig) -> Iterator[Finding]:
    """The program that is configured, or the programs of the type's own command."""
    needs = receivers.needs(receiver.type, receiver.command)
    for program in needs or {receiver.command[0]: ""}:
        found = programs.located(program)
        if not found and needs:
            text = _(
                "{name}: {program} is not on this user's PATH. Install it ({where}) or write its full path",
                name=receiver.name,
                program=program,
                where=needs[program],
            )
            yield Finding("error", text)
        elif not found:
            text = _("{name}: {program} is not on this user's PATH. Install it or write its full path", name=receiver.name, program=program)
            yield Finding("error", text)
        else:
            yield Finding("ok", f"{receiver.name}: {found}")


def _has_dongle(receiver: ReceiverConfig) -> bool:
    """Whether the programs that a type starts by itself open a dongle. If a command is configured, nobody knows."""
    return bool(receivers.needs(receiver.type, receiver.command))


def _dongle(receiver: ReceiverConfig) -> Iterator[Finding]:
    """The dongles that such programs open."""
    found = devices.dongles()
    if not found:
        yield Finding(
            "warning",
            _(
                "{name}: no RTL-SDR dongle with a known USB id is plugged in. Plug it in. A dongle of another make may work all the same",
                name=receiver.name,
            ),
        )
    for dongle in found:
        others = devices.users_of(dongle.node)
        if not os.access(dongle.node, os.R_OK | os.W_OK):
            yield Finding("error", f"{receiver.name}: {rights.refused(dongle.node, rights.user())}")
        elif others:
            yield Finding("warning", _used(receiver.name, dongle.words, ", ".join(others)))
        else:
            yield Finding("ok", _("{name}: {what} can be opened", name=receiver.name, what=dongle.words))


def _port(name: str, port: str, line: str, listened: Callable[[sources.Source], Iterable[Finding]] | None) -> Iterator[Finding]:
    """Open a port as `run` would, unless it is in use. `listened` finds out what is behind it."""
    stable = devices.stable_name(port)
    if stable:
        text = _(
            "{name}: {port} may be another device after you plug something in. Use its stable name {stable}",
            name=name,
            port=port,
            stable=stable,
        )
        yield Finding("warning", text)
    other = devices.no_port(port)
    if other:
        text = _(
            "{name}: {port} is not a serial port, but {what}. `telegraf-han ports` lists the serial ports",
            name=name,
            port=port,
            what=other,
        )
        yield Finding("error", text)
        return
    others = devices.users_of(port) if port.startswith(DEVICES) else []
    if others:
        yield _in_use(name, port, others)
        return
    wake, waker = os.pipe()
    try:
        source = sources.opened(port, line, wake)
        yield Finding("ok", _(_REPLAY, name=name, port=port) if source.finite else _("{name}: {what} can be opened", name=name, what=port))
        try:
            if listened is not None and not source.finite:
                yield from listened(source)
        finally:
            source.close()
    except PortInUseError:
        yield _in_use(name, port, devices.users_of(port))
    except SourceError as error:
        yield Finding("error", f"{name}: {error}")
    finally:
        os.close(wake)
        os.close(waker)


def _in_use(name: str, port: str, others: Sequence[str]) -> Finding:
    """Which program has a port, as far as this user may see it."""
    if others and not devices.is_locked(port):
        unlocked = _(
            "{name}: {port} is in use by {users} without a lock. Stop it, or each program gets a part of the bytes",
            name=name,
            port=port,
            users=", ".join(others),
        )
        return Finding("warning", unlocked)
    return Finding("warning", _used(name, port, ", ".join(others)))


def _used(name: str, what: str, users: str) -> str:
    """That something is in use. `users` is "" if this user may not see by whom."""
    who = users or _("another program, and only root can see which one (sudo telegraf-han check …)")
    return _("{name}: {what} is in use by {users}", name=name, what=what, users=who) + ". " + _(_GOOD)
