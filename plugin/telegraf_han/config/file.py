"""Reads a TOML file, and the keys that the file names, into a checked `Config`.

Relative paths (of ports, too) start at the folder of the configuration file. So it does not matter where Telegraf was started. A value
that cannot be used raises ConfigError, which says what to do. `keys` finds the keys, `sections` checks the options, and this module
reads the file.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from telegraf_han import receivers
from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.config.keys import Keys
from telegraf_han.config.sections import KEYS, Config, MeterConfig, parsed
from telegraf_han.errors import ConfigError
from telegraf_han.ports import rights

VARIABLE: Final = "HAN_CONFIG"
DEFAULT: Final = "/etc/telegraf/han.toml"
CONFIG_LIMIT_BYTES: Final = 1 << 20
"""No configuration is longer than this. If a capture is given instead of a configuration, it is not read to its end."""


def place(option: str | None) -> str:
    """Where the configuration file is, or will be: the option's place, else that of $HAN_CONFIG, else the default."""
    return option or os.environ.get(VARIABLE) or DEFAULT


def configured(option: str | None) -> str:
    """The configuration file: the option's, else that of $HAN_CONFIG, else the default. Raises ConfigError if there is none."""
    path = place(option)
    if path == DEFAULT and not os.path.exists(path):
        expected = f"this configuration file does not exist. Write it, or name another with --config FILE or {VARIABLE}=FILE"
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
    return _checked(path, _mapping(path), keys.resolved)._replace(secrets=frozenset(keys.variables))


def load_written(path: str, warn: Callable[[str], None] = lambda _: None) -> tuple[Config, dict[tuple[str, str], Written]]:
    """Read the configuration and the text of each key, by meter and option.

    This is for the command `keys`, which also accepts text that is not a key. In the configuration such a key is None. A key that cannot
    be read at all is one of its meter's `bad_keys`. Raises ConfigError for everything else.
    """
    whole, keys = _mapping(path), Keys(path, warn)
    config = _checked(path, whole, keys.usable)._replace(secrets=frozenset(keys.variables))
    tables = zip(config.meters, whole.get("meter", []), strict=True)
    unread = {(meter.name, bad.option) for meter in config.meters for bad in meter.bad_keys}
    return config, {
        (meter.name, option): _placed(*keys.written(table[option].strip()))
        for meter, table in tables
        for option in KEYS
        if option in table and (meter.name, option) not in unread
    }


def _placed(text: Written, place: str) -> Written:
    """The same text, which knows its place."""
    return Written(text.reveal(), place)


def key_files(path: str) -> list[str]:
    """The files that a configuration names for its keys. Raises ConfigError."""
    folder = os.path.dirname(os.path.abspath(path))
    texts = [table[option] for table in _mapping(path).get("meter", []) for option in KEYS if option in table]
    return [os.path.join(folder, text.strip().removeprefix("file:")) for text in texts if text.strip().startswith("file:")]


def tariff_files(path: str) -> list[str]:
    """The tariff files that a configuration names. Raises ConfigError."""
    folder = os.path.dirname(os.path.abspath(path))
    named = [table.get(option, []) for table in _mapping(path).get("meter", []) for option in ("tariff", "compare")]
    texts = [text for one in named for text in ([one] if isinstance(one, str) else one) if isinstance(text, str)]
    return [os.path.join(folder, text.strip().removeprefix("file:").strip()) for text in texts]


def placeholders(meters: Iterable[MeterConfig]) -> Iterator[tuple[str, str]]:
    """Meter and option of each key that still consists of the zeros of the sample configuration."""
    for meter in meters:
        for option in KEYS:
            key = getattr(meter, option)
            if key is not None and not any(key.reveal()):
                yield meter.name, option


def _checked(path: str, whole: dict[str, Any], resolve: Callable[[str], Key | None]) -> Config:
    """Turn the mapping of a file into its configuration. Raises ConfigError."""
    folder = os.path.dirname(os.path.abspath(path))

    def tariff(name: str) -> tuple[str, dict[str, Any]]:
        place = os.path.join(folder, name)
        return place, _mapping(place, "tariff file")

    return parsed(whole, path, resolve, lambda port: _located(port, folder), receivers.kinds, command=receivers.command, files=tariff)


def _mapping(path: str, what: str = "configuration file") -> dict[str, Any]:
    """Parse a TOML file. Raises ConfigError."""
    import tomllib  # noqa: PLC0415, a program that makes its Config itself does not need it

    try:
        text = _content(path, what).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(path, "", f"text in UTF-8 is expected, but byte {error.start} is not UTF-8. Save the file as UTF-8") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        from telegraf_han.config import mistakes  # noqa: PLC0415, only an error needs it

        found = mistakes.explained(text, str(error))
        raise ConfigError(path, found.place, found.expected) from None
    except (ValueError, RecursionError):
        raise ConfigError(path, "", "TOML is expected, but a number is too long or the nesting is too deep") from None


def _content(path: str, what: str) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(CONFIG_LIMIT_BYTES + 1)
    except OSError as error:
        raise ConfigError(path, "", f"this {what} cannot be read: {rights.unreadable(path, error)}") from None
    if len(content) > CONFIG_LIMIT_BYTES:
        raise ConfigError(path, "", f"a {what} is expected, but this file has more than {CONFIG_LIMIT_BYTES} bytes")
    return content


def _located(port: str, folder: str) -> str:
    """Make the relative path of a port absolute. URLs and stdin stay as they are."""
    return port if "://" in port or port == "-" else os.path.join(folder, port)
