"""Reads a TOML file, and the keys that the file names, into a checked `Config`.

Relative paths (of ports, too) start at the folder of the configuration file. So it does not matter where Telegraf was started. A value
that cannot be used raises ConfigError, which says what to do. `keys` finds the keys, `sections` checks the options, and this module
reads the file.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, cast

from telegraf_han import receivers
from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.config.keys import Keys
from telegraf_han.config.options import COLUMNS, KEYS
from telegraf_han.config.rows import Errors, Place
from telegraf_han.config.sections import Config, MeterConfig, Resolve, parsed
from telegraf_han.errors import ConfigError
from telegraf_han.language import _, marked
from telegraf_han.ports import rights

VARIABLE: Final = "HAN_CONFIG"
DEFAULT: Final = "/etc/telegraf/han.toml"
CONFIG_LIMIT_BYTES: Final = 1 << 20
"""No configuration is longer than this. If a capture is given instead of a configuration, it is not read to its end."""
_CONFIG: Final = "configuration file"
_TARIFF: Final = "tariff file"
_TABLE: Final = "table of meters"
_UNREAD: Final = {
    _CONFIG: marked("this configuration file cannot be read: {why}"),
    _TARIFF: marked("this tariff file cannot be read: {why}"),
    _TABLE: marked("this table of meters cannot be read: {why}"),
}
_TOO_LARGE: Final = {
    _CONFIG: marked("a configuration file is expected, but this file has more than {limit} bytes"),
    _TARIFF: marked("a tariff file is expected, but this file has more than {limit} bytes"),
    _TABLE: marked("a table of meters is expected, but this file has more than {limit} bytes"),
}


def place(option: str | None) -> str:
    """Where the configuration file is, or will be: the option's place, else that of $HAN_CONFIG, else the default."""
    return option or os.environ.get(VARIABLE) or DEFAULT


def configured(option: str | None) -> str:
    """The configuration file: the option's, else that of $HAN_CONFIG, else the default. Raises ConfigError if there is none."""
    path = place(option)
    if path == DEFAULT and not os.path.exists(path):
        expected = _("this configuration file does not exist. Write it, or name another with --config FILE or HAN_CONFIG=FILE")
        raise ConfigError(DEFAULT, "", expected)
    return path


def configured_if_any(option: str | None) -> str | None:
    """The same for a command that also works without a configuration: None if there is none, or if this user may not read the default."""
    return configured(option) if option or os.environ.get(VARIABLE) or os.access(DEFAULT, os.R_OK) else None


def load(path: str, warn: Callable[[str], None] = lambda _: None) -> Config:
    """Read the configuration. `warn` gets one sentence for each setting that works but should be changed.

    A key that cannot be had becomes one of its meter's `bad_keys`. Raises ConfigError for everything else.
    """
    keys = Keys(path, warn)
    return _checked(path, mapping(path), keys.resolved)._replace(secrets=frozenset(keys.variables))


def load_written(path: str, warn: Callable[[str], None] = lambda _: None) -> tuple[Config, dict[tuple[str, str], Written]]:
    """Read the configuration and the text of each key, by meter and option.

    This is for the command `keys`, which also accepts text that is not a key. In the configuration such a key is None. A key that cannot
    be read at all is one of its meter's `bad_keys`. Raises ConfigError for everything else.
    """
    whole, keys = mapping(path), Keys(path, warn)
    config = _checked(path, whole, keys.usable)._replace(secrets=frozenset(keys.variables))
    tables = zip(config.meters, _meters(path, whole), strict=True)
    unread = {(meter.name, bad.option) for meter in config.meters for bad in meter.bad_keys}
    return config, {
        (meter.name, option): _placed(*keys.written(cast("str", table[option]).strip(), holder))
        for meter, (table, holder) in tables
        for option in KEYS
        if option in table and (meter.name, option) not in unread
    }


def _placed(text: Written, place: str) -> Written:
    """The same text, which knows its place."""
    return Written(text.reveal(), place)


def key_files(path: str) -> list[str]:
    """The files that a configuration names for its keys. Raises ConfigError."""
    folder = os.path.dirname(os.path.abspath(path))
    found = [table[option] for table, _ in _meters(path, mapping(path)) for option in KEYS if option in table]
    texts = [text.strip() for text in found if isinstance(text, str)]
    return [os.path.join(folder, text.removeprefix("file:")) for text in texts if text.startswith("file:")]


def tariff_files(path: str) -> list[str]:
    """The tariff files that a configuration names, each once. Raises ConfigError."""
    folder = os.path.dirname(os.path.abspath(path))
    whole = mapping(path)
    tables = [whole.get("defaults", {}), *(table for table, _ in _meters(path, whole))]
    named = [table.get(option, []) for table in tables for option in ("tariff", "compare")]
    texts = [text for one in named for text in ([one] if isinstance(one, str) else cast("list[object]", one)) if isinstance(text, str)]
    return list(dict.fromkeys(os.path.join(folder, text.strip().removeprefix("file:").strip()) for text in texts))


def table_files(path: str) -> list[str]:
    """The table of meters that a configuration names, if it names one. Raises ConfigError."""
    whole = mapping(path)
    return [_table_file(path, whole["meters"])] if "meters" in whole else []


def placeholders(meters: Iterable[MeterConfig]) -> Iterator[tuple[str, str]]:
    """Meter and option of each key that still consists of the zeros of the sample configuration."""
    for meter in meters:
        for option in KEYS:
            key = getattr(meter, option)
            if key is not None and not any(key.reveal()):
                yield meter.name, option


def _checked(path: str, whole: dict[str, Any], resolve: Callable[[str, str], Key | None]) -> Config:
    """Turn the mapping of a file into its configuration. Raises ConfigError.

    `resolve` turns the text of a key into a key. It also gets the file that holds the text.
    """
    folder = os.path.dirname(os.path.abspath(path))

    @cache
    def tariff(name: str) -> tuple[str, dict[str, Any]]:
        place = os.path.join(folder, name)
        return place, mapping(place, _TARIFF)

    def listed(name: str, errors: Errors) -> tuple[list[tuple[dict[str, object], Place]], Resolve]:
        table = _table_file(path, name)
        return _rows(table, errors), lambda text: resolve(text, table)

    def own(text: str) -> Key | None:
        return resolve(text, path)

    def locate(port: str) -> str:
        return _located(port, folder)

    return parsed(whole, path, own, locate, receivers.kinds, command=receivers.command, files=tariff, listed=listed)


def _table_file(path: str, name: str) -> str:
    return os.path.join(os.path.dirname(os.path.abspath(path)), name)


def _rows(table: str, errors: Errors) -> list[tuple[dict[str, object], Place]]:
    """The rows of a table of meters. Raises ConfigError if it cannot be read."""
    from telegraf_han.config import metertable  # noqa: PLC0415, only a configuration with a table needs it

    return metertable.read(_text(table, _TABLE), table, COLUMNS, errors)


def _meters(path: str, whole: dict[str, Any]) -> list[tuple[Mapping[str, object], str]]:
    """The meters of a configuration that was found to be right, each with its file: sections, then rows of the table."""
    rows = _rows(_table_file(path, whole["meters"]), Errors()) if "meters" in whole else []
    return [*((table, path) for table in whole.get("meter", [])), *((row, place.file) for row, place in rows)]


def mapping(path: str, what: str = _CONFIG) -> dict[str, Any]:
    """Parse a TOML file. Raises ConfigError."""
    import tomllib  # noqa: PLC0415, a program that makes its Config itself does not need it

    text = _text(path, what)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        from telegraf_han.config import mistakes  # noqa: PLC0415, only an error needs it

        found = mistakes.explained(text, str(error))
        raise ConfigError(path, found.place, found.expected) from None
    except (ValueError, RecursionError):
        raise ConfigError(path, "", _("TOML is expected, but a number is too long or the nesting is too deep")) from None


def _text(path: str, what: str) -> str:
    """The text of a file. Raises ConfigError."""
    try:
        return _content(path, what).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            path, "", _("text in UTF-8 is expected, but byte {at} is not UTF-8. Save the file as UTF-8", at=error.start)
        ) from None


def _content(path: str, what: str) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(CONFIG_LIMIT_BYTES + 1)
    except OSError as error:
        raise ConfigError(path, "", _(_UNREAD[what], why=rights.unreadable(path, error))) from None
    if len(content) > CONFIG_LIMIT_BYTES:
        raise ConfigError(path, "", _(_TOO_LARGE[what], limit=CONFIG_LIMIT_BYTES))
    return content


def _located(port: str, folder: str) -> str:
    """Make the relative path of a port absolute. URLs and stdin stay as they are."""
    return port if "://" in port or port == "-" else os.path.join(folder, port)
