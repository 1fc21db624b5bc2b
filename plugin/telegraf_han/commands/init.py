"""`init`: leads from a meter to the first point in InfluxDB and to the boards.

It asks, shows what it will do, and does it when the summary is confirmed. Every answer is also an option, so `init --yes` runs without a
person. Run again, it changes only what is missing. A configuration that is there is the owner's: `init` reads it and never writes it.
"""

import os
import re
import time
from argparse import ArgumentParser, Namespace
from typing import Final

from telegraf_han import language
from telegraf_han.commands import ports
from telegraf_han.commands._arguments import add_config, duration_s
from telegraf_han.config import cores
from telegraf_han.config.file import load, place
from telegraf_han.config.plans import plans
from telegraf_han.config.sections import Output, require_keys, require_sources
from telegraf_han.errors import INTERRUPTED, ConfigError
from telegraf_han.language import _, marked
from telegraf_han.ports import devices, rights
from telegraf_han.printing import complain, say
from telegraf_han.setup import doing, machine, meters, planning, servers, steps, texts
from telegraf_han.setup.console import Console
from telegraf_han.setup.meters import Offer
from telegraf_han.setup.places import Places, places, program
from telegraf_han.setup.planning import Setup, Wanted
from telegraf_han.setup.steps import Record
from telegraf_han.terminal import screen

_TYPE: Final = re.compile(r'type = "(\w+)"')
_METER_OPTIONS: Final = (
    "interface",
    "port",
    "receiver",
    "id",
    "name",
    "encryption_key_file",
    "authentication_key_file",
    "key_file",
    "listen",
)


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    add_config(parser, "to write or to use")
    parser.add_argument("--yes", action="store_true", help="ask nothing: take options and defaults, and do what the summary says")
    parser.add_argument("--dry-run", action="store_true", help="show the summary and the files, and end")
    group = parser.add_argument_group("the meter, if the configuration does not exist yet")
    group.add_argument("--interface", choices=("p1", "wmbus"), help="how the meter is read")
    group.add_argument("--port", metavar="PORT", help="device or address of the cable or the receiver")
    group.add_argument("--receiver", metavar="TYPE", help="type of the wireless M-Bus receiver")
    group.add_argument("--id", metavar="DIGITS", help="the eight digits on the front of a wireless meter")
    group.add_argument("--name", metavar="NAME", help="name of the meter on the boards (default: home)")
    group.add_argument("--encryption-key-file", metavar="FILE", help="file with the encryption key (EK, GUEK) of P1")
    group.add_argument("--authentication-key-file", metavar="FILE", help="file with the authentication key (AK, GAK) of P1")
    group.add_argument("--key-file", metavar="FILE", help="file with the key of wireless M-Bus")
    group.add_argument(
        "--listen",
        type=duration_s(zero=marked("for not at all")),
        metavar="TIME",
        help="longest time to listen to the meter (default: 12s, by radio 90s), or 0",
    )
    group = parser.add_argument_group("the servers")
    group.add_argument("--influx-url", metavar="URL", help="address of InfluxDB 2 (default: this machine)")
    group.add_argument("--org", metavar="NAME", help="organisation (default: home)")
    group.add_argument("--bucket", metavar="NAME", help="bucket of the telegrams (default: energy)")
    group.add_argument("--token-file", metavar="FILE", help="file with an all-access token, if InfluxDB is set up already")
    group.add_argument("--influx-user", metavar="NAME", help="administrator of a new InfluxDB (default: admin)")
    group.add_argument("--influx-password-file", metavar="FILE", help="file with the administrator's password (default: made up)")
    group.add_argument("--grafana-url", metavar="URL", help="address of Grafana, as the owner's browser needs it")
    group.add_argument("--user", default=rights.TELEGRAF, metavar="NAME", help="user that runs Telegraf (default: telegraf)")
    group.add_argument(
        "--wait",
        type=duration_s(zero=marked("for not at all")),
        metavar="TIME",
        help="longest time to wait for the first point (default: 60s, by radio 3m), or 0",
    )


def run(options: Namespace) -> int:
    """Ask, show, do, wait. Returns 0, 1 if no point came, or 130 if the person does not want it. Raises ConfigError, SourceError."""
    paths, console = places(place(options.config)), Console(asks=not options.yes)
    cores.withhold()  # keys and passwords are typed before a configuration is read
    record = Record(paths.record)
    _require_possible(options, paths, record)
    say(_("Nothing is changed before you confirm the summary. Ctrl-C ends this at any time."), "")
    confirmed = False
    try:
        wanted = _wanted(console, options, paths)
        influx = servers.influx(console, options, paths, record.known())
        setup = Setup(options.user, paths, wanted, influx, servers.grafana(options, paths))
        plan = planning.planned(setup)
        pending, missing = plan.pending(), doing.lacking(plan, setup)
        is_work = doing.summed_up(pending, missing, setup)
        if options.dry_run:
            doing.contents(pending)
            return 0
        confirmed = is_work and console.confirmed(_("Do this?"))
        if is_work and not confirmed:
            say(_("Nothing was changed."))
            return INTERRUPTED
        if confirmed:
            doing.carried_out(record, plan, setup)
            doing.restarted(console, pending)
            begun_s = int(time.time())  # what the Telegraf before the restart sent proves nothing
            points_s = doing.point_from_s(setup, begun_s)
        else:
            say(_("Everything is set up already. Nothing has to be changed."))
            doing.running()
            begun_s = int(time.time() - doing.EARLIER_S)
            points_s = begun_s - doing.CLOCK_S
        found = doing.first_point(setup, begun_s, points_s, options.wait, language.wanted())
    except KeyboardInterrupt:
        complain("", _("Interrupted. Run the same command again to go on.") if confirmed else _("Interrupted. Nothing was changed."))
        return INTERRUPTED
    return 0 if found else 1


def _require_possible(options: Namespace, paths: Places, record: Record) -> None:
    """Raise ConfigError for what would fail in the middle."""
    if not machine.is_root() and not options.dry_run:
        raise ConfigError("", "init", _("root is expected, because files below /etc are written. Run: sudo telegraf-han init"))
    if not options.yes and not screen.is_input():
        raise ConfigError("", "init", _("a terminal is expected as stdin. Without one, give the answers as options, with --yes"))
    if machine.user_id(options.user) is None:
        sentence = _("this machine has no user {user}. Install Telegraf first, or name the user that runs it", user=options.user)
        raise ConfigError("", "--user", sentence)
    if not rights.may_open(options.user, program(), os.R_OK | os.X_OK):
        sentence = _("user {user} may not run this program. Install it where every user may: /opt/telegraf-han", user=options.user)
        raise ConfigError(program(), "--user", sentence)
    planning.require_own(paths, record)
    if other := planning.started_by(paths):
        raise ConfigError(
            other, "", _("this file starts telegraf-han already. Remove that section, because only one program can read a port")
        )


def _wanted(console: Console, options: Namespace, paths: Places) -> Wanted:
    """What is set up: the configuration that is there, or what the person answers. Raises ConfigError, PortInUseError."""
    if not os.path.exists(paths.config):
        answer = meters.asked(console, options, _offers())
        files: list[tuple[str, str, steps.Kind]] = [
            (name, f"{answer.keys[option].reveal()}\n", "key") for option, name in answer.meter.key_files
        ]
        files.append((os.path.basename(paths.config), texts.han(answer.meter), "config"))
        return Wanted(Output(), (answer.meter.port,), answer.meter.interface == "wmbus", False, tuple(files))
    given = next((option for option in _METER_OPTIONS if getattr(options, option) is not None), None)
    if given:
        name = f"--{given.replace('_', '-')}"
        raise ConfigError(
            "", name, _("this option has no effect, because {path} exists already. Change the meter there", path=paths.config)
        )
    config = load(paths.config, lambda warning: complain(f"W! {warning}"))
    require_sources(config)
    if all(meter.bad_keys for meter in config.meters):
        require_keys(config, config.meters)
    for meter in config.meters:
        for bad in meter.bad_keys:
            complain(f"W! {meter.name}: {bad.option}: {bad.why}")
    say(_("{path} exists and is used as it is.", path=paths.config))
    found = (*(meter.port for meter in config.meters), *(receiver.port for receiver in config.receivers))
    by_radio = any(meter.interface == "wmbus" for meter in config.meters)
    bills, wide = bool(plans(config)), config.output.layout == Output().layout
    if bills and not wide:
        complain("W! " + _("no bill is set up, because `bill` reads only the layout {layout}", layout=Output().layout))
    return Wanted(config.output, tuple(filter(None, found)), by_radio, bills and wide)


def _offers() -> list[Offer]:
    """What is plugged in."""
    found = []
    for port in ports.listed():
        words = ports.probably(port)
        kind = _TYPE.search(words)
        named = f"{port.words}, {words}" if port.words else words
        # A chip that both kinds use is offered as a cable, because every meter of the operator has that port.
        receiver = kind[1] if kind and "P1" not in words else ""
        found.append(Offer(devices.stable_name(port.device) or port.device, named, receiver, likely=port.vendor is not None))
    return found + [Offer("", dongle.words, "rtl_433", dongle=True) for dongle in devices.dongles()]
