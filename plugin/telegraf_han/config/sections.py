"""Turns a parsed TOML mapping into a `Config` that is complete, checked once and immutable.

Every option has a row: its key, the field that it fills, and how its value is read. A key without a row is an error, and the error suggests
the nearest known key. Otherwise a misspelt option would be ignored and found months later. Some mistakes cannot be seen in one row: a name
used twice, an option of the other interface, an authentication without its key. These mistakes are checked separately. So the running part
never gets a configuration that it cannot follow.

This module touches no file. Keys arrive through `resolve`, which `file` passes in. An error names the file, the place and what is expected
there. It never shows the value found there, because that may be a key.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.clock import Zone
from telegraf_han.config import values
from telegraf_han.config.rows import Option, Place, Rows, read
from telegraf_han.errors import ConfigError
from telegraf_han.telegram import Interface

if TYPE_CHECKING:  # they load decimals, which a run without a tariff does not need
    from telegraf_han.config.timelines import Files
    from telegraf_han.tariffs.tariff import Plan


class Output(NamedTuple):
    """Section [output]."""

    layout: str = "wide"
    measurement: str = "electricity"
    status_interval_s: float = 10.0


class BadKey(NamedTuple):
    """A key option that gives no key."""

    option: str
    why: str
    """What is wrong and what to do, in one sentence without the key."""


class MeterConfig(NamedTuple):
    """One [[meter]]."""

    name: str
    interface: Interface
    port: str = ""
    """P1: device path, socket://, rfc2217:// or a file to replay. "" if another source feeds the meter (`decode`)."""
    line: str = "115200 8N1"
    encryption_key: Key | None = None
    authentication_key: Key | None = None
    authentication: str = "preferred"
    encryption: str = "required"
    """Whether telegrams that are not encrypted are believed although the meter has a key: "required" (no) or "optional" (yes)."""
    system_title: bytes = b""
    """P1: the 8 bytes that the meter uses in its nonce but does not send. b"" if it sends what it uses."""
    id: str = ""
    """wM-Bus: the eight digits printed on the meter."""
    key: Key | None = None
    zone: Zone = Zone()
    limits: tuple[tuple[str, float], ...] = ()
    """Pairs of field key and number, as in `electricity_settings`."""
    prices: tuple[tuple[str, float | str], ...] = ()
    billing_day: int = 1
    """Day of the month on which a billing period begins, 1 to 28."""
    plan: "Plan | None" = None
    """Its tariffs. None if it has none. `plans` also knows the plan of [meter.prices]."""
    bad_keys: tuple[BadKey, ...] = ()
    """The keys that could not be had. The options are None then. As long as there is one, no telegram of the meter is believed."""
    key_files: tuple[tuple[str, Written], ...] = ()
    """Option and text (`file:…`) of each key that comes from a file, because the file may be corrected later."""


class ReceiverConfig(NamedTuple):
    """One [[receiver]]."""

    name: str
    type: str
    port: str = ""
    line: str = ""
    """With "" the receiver type's own line is used, e.g. `57600 8N1`."""
    command: tuple[str, ...] = ()


class Config(NamedTuple):
    """The whole configuration."""

    file: str
    output: Output
    meters: tuple[MeterConfig, ...]
    receivers: tuple[ReceiverConfig, ...]
    secrets: frozenset[str] = frozenset()
    """Names of the environment variables that keys were read from. No child inherits them."""


def _raw(value: object) -> object:
    """A value that is read apart, such as a section inside a section."""
    return value


_OUTPUT: Final[Rows] = {
    "layout": Option("layout", values.one_of("wide", "obis")),
    "measurement": Option("measurement", values.name),
    "status_interval": Option("status_interval_s", values.duration_s(most_s=values.DAY_S)),
}
_EVERY_METER: Final[Rows] = {
    "name": Option("name", values.name),
    "interface": Option("interface", values.one_of("p1", "wmbus")),
    "timezone": Option("zone", values.zone),
    "encryption": Option("encryption", values.one_of("required", "optional")),
    "limits": Option("limits", _raw),
    "prices": Option("prices", _raw),
    "billing_day": Option("billing_day", values.whole(1, 28)),
    "tariff": Option("tariff", _raw),
    "compare": Option("compare", _raw),
    "yearly_use_kwh": Option("yearly_use_kwh", values.limit),
}
_METERS: Final[Mapping[str, Rows]] = {
    "p1": {
        **_EVERY_METER,
        "port": Option("port", values.port),
        "line": Option("line", values.line),
        "encryption_key": Option("encryption_key", values.quoted),
        "authentication_key": Option("authentication_key", values.quoted),
        "authentication": Option("authentication", values.one_of("preferred", "required")),
        "system_title": Option("system_title", values.system_title),
    },
    "wmbus": {
        **_EVERY_METER,
        "id": Option("id", values.meter_id),
        "key": Option("key", values.quoted),
    },
}
_ANY_METER: Final[Rows] = {key: option for rows in _METERS.values() for key, option in rows.items()}
_RECEIVER: Final[Rows] = {
    "name": Option("name", values.name),
    "type": Option("type", values.quoted),
    "port": Option("port", values.port),
    "line": Option("line", values.line),
    "command": Option("command", values.command),
}
_LIMIT_KEYS: Final = (
    "active_power_import_w",
    "daily_import_wh",
    "daily_cost",
    "monthly_cost",
    "contracted_power_w",
    "long_load_w",
    "long_load_h",
    "base_load_w",
    "feed_in_noon_w",
    "voltage_low_v",
    "voltage_high_v",
    "phase_imbalance_percent",
    "clock_offset_s",
    "silence_s",
    "decode_errors_percent",
)
_LIMITS: Final[Rows] = {key: Option(key, values.limit) for key in _LIMIT_KEYS}
_PRICE_KEYS: Final = [f"{direction}_t{tariff}_per_kwh" for direction in ("import", "export") for tariff in range(5)]
_PRICES: Final[Rows] = {key: Option(key, values.number) for key in _PRICE_KEYS} | {"currency": Option("currency", values.name)}
_TARIFFS: Final = ("tariff", "compare", "yearly_use_kwh")
_INNER: Final = {"limits": _LIMITS, "prices": _PRICES}
_SECTIONS: Final = ("output", "meter", "receiver")
KEYS: Final = ("encryption_key", "authentication_key", "key")
_MISSING: Final = {
    "name": "a name is expected, because names distinguish the sections",
    "id": "the eight digits printed on the meter are expected, in quotes",
    "type": "the type of the receiver is expected",
}


def _tables(whole: Mapping[str, object], key: str, file: str) -> list[tuple[Mapping[str, object], Place]]:
    """The sections [[key]], each with its place. The place has the section's name, or its number if there is no usable name."""
    found = whole.get(key, [])
    if not isinstance(found, list) or not all(isinstance(table, Mapping) for table in found):
        raise ConfigError(file, key, f"[[{key}]] in double brackets is expected, once for each {key}")
    placed = []
    for number, table in enumerate(found, 1):
        try:
            section = f'[[{key}]] "{values.name(table.get("name"))}"'
        except ValueError:
            section = f"[[{key}]] number {number}"
        placed.append((table, Place(file, section)))
    return placed


def _meter(table: Mapping[str, object], place: Place, resolve: Callable[[str], Key | None], files: "Files") -> MeterConfig:
    interface = table.get("interface")
    rows = _METERS.get(interface) if isinstance(interface, str) else None
    if rows is None:
        place.require_known(table, _ANY_METER)  # perhaps it is the interface, misspelt
        raise place.error("interface", '"p1" or "wmbus" is expected')
    for key in table:
        others = [other for other, known in _METERS.items() if key not in rows and key in known]
        if others:
            raise place.error(key, f'only a meter with interface = "{others[0]}" has this option')
    fields = read(table, rows, place)
    for key in ("name", "id"):
        if key in rows and key not in fields:
            raise place.error(key, _MISSING[key])
    for key, inner in _INNER.items():
        fields[key] = tuple(read(fields.get(key, {}), inner, place._replace(prefix=f"{key}.")).items())
    tariffs = {key: fields.pop(key) for key in _TARIFFS if key in fields}
    if "tariff" in tariffs or "compare" in tariffs:
        from telegraf_han.config.timelines import Given, plan  # noqa: PLC0415, only a meter with a tariff needs it

        given = Given(**tariffs, prices=fields["prices"], billing_day=fields.get("billing_day", 1))
        fields["plan"] = plan(given, place, files)
    fields |= _keys({key: fields[key] for key in KEYS if key in fields}, resolve)
    if fields.get("authentication") == "required" and "authentication_key" not in fields:
        raise place.error("authentication", 'an authentication_key is expected, because authentication = "required" needs it')
    return MeterConfig(**fields)


def _keys(texts: Mapping[str, str], resolve: Callable[[str], Key | None]) -> dict[str, Any]:
    """The keys of a meter, and the reasons why some of them cannot be had. A meter without its key must not stop the others."""
    fields: dict[str, Any] = dict.fromkeys(texts)
    bad = []
    for key, text in texts.items():
        try:
            fields[key] = resolve(text)
        except ValueError as error:
            bad.append(BadKey(key, str(error)))
    files = tuple((key, Written(text)) for key, text in texts.items() if text.partition(":")[0].strip().lower() == "file")
    return fields | {"bad_keys": tuple(bad), "key_files": files}


def _receiver(
    table: Mapping[str, object], place: Place, kinds: Collection[str], command: Callable[[str], tuple[str, ...]]
) -> ReceiverConfig:
    fields = read(table, _RECEIVER, place)
    for key in ("name", "type"):
        if key not in fields:
            raise place.error(key, _MISSING[key])
    if fields["type"] not in kinds:
        raise place.error("type", f"one of {', '.join(kinds)} is expected")
    if "port" in fields and "command" in fields:
        raise place.error("port", "either a port or a command is expected, not both")
    if "port" not in fields and "command" not in fields:
        fields["command"] = command(fields["type"])
        if not fields["command"]:
            raise place.error("port", "either a port or a command is expected")
    return ReceiverConfig(**fields)


def _used_once(places: Iterable[Place], found: Iterable[str], key: str) -> None:
    """Raise ConfigError if two sections have the same value."""
    first: dict[str, Place] = {}
    for place, value in zip(places, found, strict=False):  # the places of the meters come first
        if value and first.setdefault(value, place) is not place:
            raise place.error(key, f"another {key} is expected, because {first[value].section} has the same {key}")


def parsed(
    whole: Mapping[str, object],
    file: str,
    resolve: Callable[[str], Key | None],
    locate: Callable[[str], str],
    kinds: Callable[[], Collection[str]],
    *,
    command: Callable[[str], tuple[str, ...]] = lambda _: (),
    files: "Files" = lambda name: (name, {}),
) -> Config:
    """Turn a mapping, as TOML gives it, into the configuration. Raises ConfigError at the first value that cannot be used.

    `file` is named in errors. `resolve` turns a key's text (hex, `file:…`) into a Key and raises ValueError, which says what to do and
    becomes one of the meter's `bad_keys`. For the command `keys`, which accepts text that is not a key, `resolve` returns None instead.
    `locate` makes the relative path of a port absolute. `kinds` returns the types that a receiver may have, and `command` returns the
    command that a type starts by itself. `files` reads a tariff file.
    """
    Place(file).require_known(whole, _SECTIONS)
    output = Output(**read(whole.get("output", {}), _OUTPUT, Place(file, "[output]")))
    meter_tables = _tables(whole, "meter", file)
    receiver_tables = _tables(whole, "receiver", file)
    meters = [_meter(table, place, resolve, files) for table, place in meter_tables]
    receivers = [_receiver(table, place, kinds(), command) for table, place in receiver_tables]
    meters = [meter._replace(port=meter.port and locate(meter.port)) for meter in meters]
    receivers = [receiver._replace(port=receiver.port and locate(receiver.port)) for receiver in receivers]
    places = [place for _, place in (*meter_tables, *receiver_tables)]
    _used_once(places, [*(meter.name for meter in meters), *(receiver.name for receiver in receivers)], "name")
    _used_once(places, [*(meter.port for meter in meters), *(receiver.port for receiver in receivers)], "port")
    _used_once(places, [meter.id for meter in meters], "id")
    return Config(file, output, tuple(meters), tuple(receivers))


def require_keys(config: Config, meters: Iterable[MeterConfig]) -> None:
    """Raise ConfigError at the first key of these meters that cannot be had, for commands that can do nothing without it."""
    for meter in meters:
        for bad in meter.bad_keys:
            raise Place(config.file, f'[[meter]] "{meter.name}"').error(bad.option, bad.why)


def require_sources(config: Config) -> None:
    """Raise ConfigError if live reading would read nothing: a meter without a port, a radio meter without a receiver."""
    for meter in config.meters:
        place = Place(config.file, f'[[meter]] "{meter.name}"')
        if meter.interface == "p1" and not meter.port:
            raise place.error("port", "the port that this meter is read from is expected")
        if meter.interface == "wmbus" and not config.receivers:
            raise place.error("", "a [[receiver]] is expected too, because radio telegrams come through a receiver")
    if "-" in [*(meter.port for meter in config.meters), *(receiver.port for receiver in config.receivers)]:
        raise ConfigError(config.file, "port", 'a port, a file or a command is expected, because stdin ("-") belongs to Telegraf here')
    if not config.meters and not config.receivers:
        raise ConfigError(config.file, "", "at least one [[meter]] is expected")
