"""Turns a parsed TOML mapping into a `Config` that is complete, checked once and immutable.

Every option has a row in `options`. A key without a row is an error, and the error suggests the nearest known key. Otherwise a misspelt
option would be ignored and found months later. Some mistakes cannot be seen in one row: a name used twice, an option of the other
interface, an authentication without its key. These mistakes are checked separately. So the running part never gets a configuration that
it cannot follow.

[defaults] holds what applies to every meter that does not say otherwise. Limits, prices and tags are put together key by key. All else is
replaced, and a tariff and prices replace each other. All errors of a configuration are collected, and raised as one.

This module touches no file. Keys arrive through `resolve`, which `file` passes in. An error names the file, the place and what is expected
there. It never shows the value found there, because that may be a key.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.clock import Zone
from telegraf_han.config import options, values
from telegraf_han.config.rows import Errors, Place, Rows, read
from telegraf_han.errors import ConfigError
from telegraf_han.language import _, marked
from telegraf_han.telegram import Interface

if TYPE_CHECKING:  # they load decimals, which a run without a tariff does not need
    from telegraf_han.config.timelines import Files, Given
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
    """Its tariffs. None if it has none. `plans` also knows the plan of [meter.prices]. Meters with the same tariff share it."""
    tags: tuple[tuple[str, str], ...] = ()
    """Pairs of name and value, on every line of this meter."""
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


_MISSING: Final = {
    "name": marked("a name is expected, because names distinguish the sections"),
    "id": marked("the eight digits printed on the meter are expected, in quotes"),
    "type": marked("the type of the receiver is expected"),
}


Resolve = Callable[[str], Key | None]
"""Turns the text of a key option into a Key. Raises ValueError, which says what to do."""
Section = tuple[Mapping[str, object], Place]
"""A section as it stands, and its place."""
Listed = Callable[[str, Errors], tuple[Iterable[Section], Resolve]]
"""Reads the table of meters of that name. Returns its rows, and what resolves their keys. Adds what is wrong to the errors."""


def _tables(whole: Mapping[str, object], key: str, file: str) -> list[Section]:
    """The sections [[key]], each with its place. The place has the section's name, or its number if there is no usable name."""
    found = whole.get(key, [])
    if not isinstance(found, list) or not all(isinstance(table, Mapping) for table in found):
        raise ConfigError(file, key, _("[[{key}]] in double brackets is expected, once for each {key}", key=key))
    placed = []
    for number, table in enumerate(found, 1):
        try:
            section = f'[[{key}]] "{values.name(table.get("name"))}"'
        except ValueError:
            section = _("[[{key}]] number {number}", key=key, number=number)
        placed.append((table, Place(file, section)))
    return placed


class _Reading:
    """The reading of one configuration: its errors, and what its meters have in common."""

    def __init__(self, files: "Files") -> None:
        """`files` reads a tariff file."""
        self.errors: Final = Errors()
        self._bad_keys: Final = Errors()
        self._files: Final = files
        self._defaults: dict[str, Any] = {}
        self._plans: Final[dict[object, Plan | None]] = {}

    def take_defaults(self, table: object, place: Place) -> None:
        """Read [defaults]."""
        if isinstance(table, Mapping):
            own = [key for key in table if key in options.EACH_ITS_OWN]
            self.errors.extend(place.error(key, _("no default is expected here, because each meter has its own")) for key in own)
            table = {key: value for key, value in table.items() if key not in own}
        self._defaults = read(table, options.DEFAULTS, place, self.errors)
        self._read_inner(self._defaults, place)
        if "tariff" in self._defaults and self._defaults["prices"]:
            self.errors.append(place.error("tariff", _("either a tariff or prices are expected, not both")))
            self._defaults["prices"] = {}

    def meter(self, table: Mapping[str, object], place: Place, resolve: Resolve) -> MeterConfig | None:
        """Read one meter. None if it cannot even be said of what kind it is."""
        interface = table.get("interface")
        rows = options.METERS.get(interface) if isinstance(interface, str) else None
        if rows is None:
            with self.errors:
                place.require_known(table, options.ANY_METER)  # perhaps it is the interface, misspelt
            self.errors.append(place.error("interface", _('"p1" or "wmbus" is expected')))
            return None
        foreign = {key: other for key in table if key not in rows for other, known in options.METERS.items() if key in known}
        for key, other in foreign.items():
            self.errors.append(place.error(key, _('only a meter with interface = "{interface}" has this option', interface=other)))
        fields = read({key: value for key, value in table.items() if key not in foreign}, rows, place, self.errors)
        self.errors.extend(place.error(key, _(_MISSING[key])) for key in ("name", "id") if key in rows and key not in table)
        self._read_inner(fields, place)
        fields = self._with_defaults(fields, rows)
        self._add_plan(fields, place)
        for key in options.INNER:
            fields[key] = tuple(fields[key].items())
        self._add_tags(fields, place)
        fields |= _keys({key: fields[key] for key in options.KEYS if key in fields}, resolve)
        self._bad_keys.extend(place.error(bad.option, bad.why) for bad in fields["bad_keys"])
        if fields.get("authentication") == "required" and "authentication_key" not in table:
            expected = _('an authentication_key is expected, because authentication = "required" needs it')
            self.errors.append(place.error("authentication", expected))
        return MeterConfig(**{"name": "", **fields})

    def _read_inner(self, fields: dict[str, Any], place: Place) -> None:
        """Read the sections inside a section. All three are mappings afterwards."""
        for key, inner in options.INNER.items():
            fields[key] = read(fields.get(key, {}), inner, place._replace(prefix=f"{key}."), self.errors)
        tags = fields.get("tags", {})
        if not isinstance(tags, Mapping):
            self.errors.append(place.error("tags", _('names and values are expected, such as { staircase = "B" }')))
            tags = {}
        if tags:
            from telegraf_han.config.tags import read as read_tags  # noqa: PLC0415, only a meter with tags needs it

            tags = read_tags(tags, place._replace(prefix="tags."), self.errors)
        fields["tags"] = tags

    def _with_defaults(self, own: dict[str, Any], rows: Rows) -> dict[str, Any]:
        """A meter's fields, and the defaults of all others that its interface has."""
        fitting = {option.field for option in rows.values()}
        fields = {field: value for field, value in self._defaults.items() if field in fitting}
        if own["prices"]:
            fields.pop("tariff", None)
        if "tariff" in own:
            fields["prices"] = {}
        for key in (*options.INNER, "tags"):
            own[key] = {**fields.get(key, {}), **own[key]}
        fields |= own
        if not fields["prices"] and "tariff" not in fields and "compare" not in own:
            fields.pop("compare", None)
        return fields

    def _add_plan(self, fields: dict[str, Any], place: Place) -> None:
        """Replace the options of a tariff by the plan. Meters with the same options share it, and its errors are told once."""
        tariffs = {key: fields.pop(key) for key in options.TARIFFS if key in fields}
        if "tariff" not in tariffs and "compare" not in tariffs:
            return
        from telegraf_han.config.timelines import Given, plan  # noqa: PLC0415, only a meter with a tariff needs it

        given = Given(**tariffs, prices=tuple(fields["prices"].items()), billing_day=fields.get("billing_day", 1))
        same = _comparable(given)
        if same not in self._plans:
            self._plans[same] = None
            by_default = given.tariff is not None and given.tariff is self._defaults.get("tariff")
            with self.errors:
                self._plans[same] = plan(given, place._replace(section="[defaults]") if by_default else place, self._files)
        fields["plan"] = self._plans[same]

    def _add_tags(self, fields: dict[str, Any], place: Place) -> None:
        if fields["tags"]:
            from telegraf_han.config.tags import require_together  # noqa: PLC0415, only a meter with tags needs it

            with self.errors:
                require_together(fields["tags"], place)
        fields["tags"] = tuple(sorted(fields["tags"].items()))

    def receiver(
        self, table: Mapping[str, object], place: Place, kinds: Collection[str], command: Callable[[str], tuple[str, ...]]
    ) -> ReceiverConfig:
        """Read one receiver."""
        fields = read(table, options.RECEIVER, place, self.errors)
        self.errors.extend(place.error(key, _(_MISSING[key])) for key in ("name", "type") if key not in table)
        kind = fields.get("type", "")
        if kind and kind not in kinds:
            self.errors.append(place.error("type", _("one of {kinds} is expected", kinds=", ".join(kinds))))
        elif "port" in table and "command" in table:
            self.errors.append(place.error("port", _("either a port or a command is expected, not both")))
        elif kind and "port" not in table and "command" not in table:
            fields["command"] = command(kind)
            if not fields["command"]:
                self.errors.append(place.error("port", _("either a port or a command is expected")))
        return ReceiverConfig(**{"name": "", "type": "", **fields})

    def tell(self) -> None:
        """Raise ConfigError if there are errors. A bad key alone stops only its meter, but who corrects the others wants to know of it."""
        if self.errors:
            self.errors.extend(self._bad_keys)
        self.errors.told()

    def require_once(self, found: Iterable[tuple[Place, str]], key: str) -> None:
        """Two sections must not have the same value."""
        first: dict[str, Place] = {}
        for place, value in found:
            if value and (other := first.setdefault(value, place)) is not place:
                where = other.section if other.file == place.file else _("{section} of {file}", section=other.section, file=other.file)
                self.errors.append(
                    place.error(key, _("another {key} is expected, because {section} has the same {key}", key=key, section=where))
                )


def _comparable(given: "Given") -> tuple[object, ...]:
    """The options of a tariff as a key of a dictionary. Sections are the same only if they are the same object."""

    def one(option: object) -> object:
        named = isinstance(option, list) and all(isinstance(text, str) for text in option)
        return option if isinstance(option, str) else tuple(option) if named else id(option)  # type: ignore[arg-type]

    return one(given.tariff), one(given.compare), given.prices, given.billing_day, given.yearly_use_kwh


def _keys(texts: Mapping[str, str], resolve: Resolve) -> dict[str, Any]:
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


def _with_interface(row: Mapping[str, object]) -> Mapping[str, object]:
    """A row of a table with its interface, which its other columns show if it does not say it."""
    shown = "wmbus" if "id" in row and "port" not in row else "p1" if "port" in row and "id" not in row else ""
    return {"interface": shown, **row} if shown else row


def parsed(
    whole: Mapping[str, object],
    file: str,
    resolve: Resolve,
    locate: Callable[[str], str],
    kinds: Callable[[], Collection[str]],
    *,
    command: Callable[[str], tuple[str, ...]] = lambda _: (),
    files: "Files" = lambda name: (name, {}),
    listed: Listed = lambda _, __: ((), lambda _: None),
) -> Config:
    """Turn a mapping, as TOML gives it, into the configuration. Raises ConfigError, which knows all values that cannot be used.

    `file` is named in errors. `resolve` turns a key's text (hex, `file:…`) into a Key and raises ValueError, which says what to do and
    becomes one of the meter's `bad_keys`. For the command `keys`, which accepts text that is not a key, `resolve` returns None instead.
    `locate` makes the relative path of a port absolute. `kinds` returns the types that a receiver may have, and `command` returns the
    command that a type starts by itself. `files` reads a tariff file, and `listed` a table of meters.
    """
    place, reading = Place(file), _Reading(files)
    errors = reading.errors
    with errors:
        place.require_known(whole, options.SECTIONS)
    output = Output(**read(whole.get("output", {}), options.OUTPUT, Place(file, "[output]"), errors))
    reading.take_defaults(whole.get("defaults", {}), Place(file, "[defaults]"))
    meters: list[tuple[Place, MeterConfig]] = []
    receivers: list[tuple[Place, ReceiverConfig]] = []
    with errors:
        for table, where in _tables(whole, "meter", file):
            if (meter := reading.meter(table, where, resolve)) is not None:
                meters.append((where, meter._replace(port=meter.port and locate(meter.port))))
    with errors:
        if "meters" in whole:
            rows, resolve_row = listed(place.tried("meters", values.quoted, whole["meters"]), errors)
            for row, where in rows:
                if (meter := reading.meter(_with_interface(row), where, resolve_row)) is not None:
                    meters.append((where, meter._replace(port=meter.port and locate(meter.port))))
    with errors:
        for table, where in _tables(whole, "receiver", file):
            receiver = reading.receiver(table, where, kinds(), command)
            receivers.append((where, receiver._replace(port=receiver.port and locate(receiver.port))))
    for key, found in (
        ("name", [*((where, meter.name) for where, meter in meters), *((where, one.name) for where, one in receivers)]),
        ("port", [*((where, meter.port) for where, meter in meters), *((where, one.port) for where, one in receivers)]),
        ("id", [(where, meter.id) for where, meter in meters]),
    ):
        reading.require_once(found, key)
    reading.tell()
    return Config(file, output, tuple(meter for _, meter in meters), tuple(receiver for _, receiver in receivers))


def require_keys(config: Config, meters: Iterable[MeterConfig]) -> None:
    """Raise ConfigError at the first key of these meters that cannot be had, for commands that can do nothing without it."""
    for meter in meters:
        for bad in meter.bad_keys:
            raise Place(config.file, f'[[meter]] "{meter.name}"').error(bad.option, bad.why)


def require_sources(config: Config) -> None:
    """Raise ConfigError if live reading would read nothing: a meter without a port, a radio meter without a receiver."""
    errors = Errors()
    for meter in config.meters:
        place = Place(config.file, f'[[meter]] "{meter.name}"')
        if meter.interface == "p1" and not meter.port:
            errors.append(place.error("port", _("the port that this meter is read from is expected")))
        if meter.interface == "wmbus" and not config.receivers:
            errors.append(place.error("", _("a [[receiver]] is expected too, because radio telegrams come through a receiver")))
    if "-" in [*(meter.port for meter in config.meters), *(receiver.port for receiver in config.receivers)]:
        expected = _('a port, a file or a command is expected, because stdin ("-") belongs to Telegraf here')
        errors.append(ConfigError(config.file, "port", expected))
    if not config.meters and not config.receivers:
        errors.append(ConfigError(config.file, "", _("at least one [[meter]] is expected")))
    errors.told()
