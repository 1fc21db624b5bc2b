"""Turns command-line options, and a section of the user's own configuration, into a plan of what to simulate.

`Plan` is complete and checked, and `telegrams(plan)` needs nothing else. So code that wants telegrams without the command (a test, or the
writer of past days into InfluxDB) takes them from here. Keys come from a configuration or are the demo keys, never from an option.
"""

from argparse import Namespace
from collections.abc import Iterator
from itertools import takewhile
from typing import Final, NamedTuple

from telegraf_han.ciphers.demokeys import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from telegraf_han.config.sections import MeterConfig, require_keys
from telegraf_han.errors import ConfigError
from telegraf_han.simulate import demo, stream
from telegraf_han.simulate.damage import damaged
from telegraf_han.simulate.encode import Keys
from telegraf_han.simulate.household import Home
from telegraf_han.simulate.meters import MODELS, Model, Settings, Writer
from telegraf_han.simulate.stream import NS, Dress, Sent
from telegraf_han.telegram import Interface

_DAY_S: Final = 86_400
_FOOTERS: Final = {"bare": "x25-low-first", "plain": "arc", "glo": "arc"}
"""Envelope → its usual footer. That of Stoen's block is [seen], the others are DSMR's own."""


class Plan(NamedTuple):
    """One virtual meter and the time it sends."""

    model: Model
    home: Home
    settings: Settings
    dress: Dress
    start_s: int
    end_s: int | None
    """The first second (UTC) that is not sent any more, or None if the meter never ends."""
    interval_s: int
    damage: float
    meter: MeterConfig
    """The [[meter]] section that reads this meter."""
    since_s: int | None = None
    """When its registers began to count, or None for `start_s`."""


def telegrams(plan: Plan) -> Iterator[Sent]:
    """All telegrams of a plan, as fast as they are taken."""
    writer = Writer(plan.model, plan.settings, plan.home)
    sent = stream.telegrams(plan.home, writer, plan.dress, plan.start_s, plan.interval_s, since_s=plan.since_s)
    if plan.end_s is not None:
        end_ns = plan.end_s * NS
        sent = takewhile(lambda one: one.frame.received_ns < end_ns, sent)
    return damaged(sent, plan.damage, plan.home.seed) if plan.damage else sent


def planned(arguments: Namespace, now_s: int) -> Plan:
    """Make the plan from options (see `commands.simulate.add_arguments`) and configuration. Raises ConfigError."""
    model: Model = MODELS[arguments.model]
    section = _section(arguments) if arguments.config else None
    interface: Interface = arguments.interface or (section.interface if section else "p1")
    if interface == "wmbus" and model.version is None:
        raise ConfigError("", "--interface", f"p1 is expected: {model.name} has no wireless M-Bus")
    if section and section.interface != interface:
        raise ConfigError(arguments.config, f'meter "{section.name}"', f"{interface} is expected as interface, or leave --interface out")
    serial = arguments.serial or (section.id if section else "") or model.serial
    envelope = _envelope(arguments, interface, section)
    meter = section or demo.meter(model.name.lower(), interface, serial, envelope)
    start_s, end_s = _time(arguments, now_s)
    return Plan(
        model,
        Home(arguments.seed, model.phases, model.pv_w if arguments.pv_kwp is None else round(arguments.pv_kwp * 1000), arguments.tariff),
        _settings(arguments, model, serial),
        _dress(meter, envelope, arguments.footer),
        start_s,
        end_s,
        arguments.interval or stream.INTERVALS_S[interface],
        arguments.damage,
        meter,
        _since(arguments, start_s),
    )


def _section(arguments: Namespace) -> MeterConfig:
    """The [[meter]] that --meter names, or the only one. Raises ConfigError."""
    from telegraf_han.config.file import load  # noqa: PLC0415, without --config it is not needed

    config = load(arguments.config)
    meters = config.meters
    named = [meter for meter in meters if arguments.meter in ("", meter.name)]
    if len(named) != 1:
        names = ", ".join(meter.name for meter in meters)
        raise ConfigError(arguments.config, "--meter", f"the name of one meter is expected: {names}")
    require_keys(config, named)
    return named[0]


def _envelope(arguments: Namespace, interface: Interface, section: MeterConfig | None) -> str:
    """The envelope: the one asked for, or the usual one, or plain if the section has no key. Raises ConfigError."""
    known = stream.ENVELOPES[interface]
    has_key = section is None or (section.key if interface == "wmbus" else section.encryption_key) is not None
    asked: str = "plain" if arguments.plain else arguments.envelope
    envelope: str = asked or ("plain" if interface == "p1" and not has_key else next(iter(known)))
    if envelope not in known:
        raise ConfigError("", "--envelope", f"{' or '.join(known)} is expected on {interface}")
    if not has_key and envelope != "plain":
        name = section.name if section else ""
        raise ConfigError(arguments.config, f'meter "{name}"', "a key is expected, because it encrypts the telegrams")
    if arguments.damage and interface != "p1":
        raise ConfigError("", "--damage", "p1 is expected: a damaged wireless frame fails its link CRC and never becomes a hex line")
    return envelope


def _dress(meter: MeterConfig, envelope: str, footer: str) -> Dress:
    """Keys and envelope. If the user has no AK, the tag is made with the demo AK, because nobody can check it."""
    keys = Keys(meter.encryption_key or DEMO_ENCRYPTION_KEY, meter.authentication_key or DEMO_AUTHENTICATION_KEY)
    radio_key = meter.key or DEMO_ENCRYPTION_KEY
    return Dress(meter.interface, envelope, footer or _FOOTERS.get(envelope, "arc"), keys, radio_key)


def _settings(arguments: Namespace, model: Model, serial: str) -> Settings:
    limits = arguments.limits or (model.limit_w,) * 3
    return Settings(serial, limits, arguments.dsm, arguments.limiter_mode, arguments.message)


def _time(arguments: Namespace, now_s: int) -> tuple[int, int | None]:
    """The first second, and the first second that is not sent any more. Raises ConfigError."""
    start_s: int = now_s if arguments.start is None else arguments.start
    end_s: int | None = arguments.until
    if arguments.days is not None:
        end_s = start_s + int(arguments.days * _DAY_S)
    if end_s is not None and end_s <= start_s:
        raise ConfigError("", "--until", "a time after --start is expected")
    if end_s is None and arguments.speed == float("inf"):
        raise ConfigError("", "--speed max", "--until or --days is expected with this option, otherwise the run would never end")
    return start_s, end_s


def _since(arguments: Namespace, start_s: int) -> int | None:
    """When the registers began to count. Raises ConfigError."""
    since_s: int | None = arguments.since
    if since_s is not None and since_s > start_s:
        raise ConfigError("", "--since", "a time before --start is expected")
    return since_s
