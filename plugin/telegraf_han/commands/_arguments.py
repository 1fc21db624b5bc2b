"""What the options of several commands have in common: where the configuration is, how a text becomes a value, which option has an effect.

The readers of texts raise ArgumentTypeError, because argparse prints its message, with exit code 2. It does not print the message of a
ValueError.

An option that would change nothing is an error, because its user expects something that does not happen. Each command has a table of
`Needs`. A row names an option and says when it has an effect.
"""

import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from telegraf_han.config import values
from telegraf_han.config.file import configured
from telegraf_han.errors import ConfigError
from telegraf_han.language import _


def add_config(parser: ArgumentParser, what: str = "") -> None:
    """Add --config. `what` says what the command takes from it."""
    default = "default: $HAN_CONFIG, else /etc/telegraf/han.toml"
    parser.add_argument("--config", metavar="FILE", help=f"configuration file (TOML){what and f' {what}'} ({default})")


def config_of(arguments: Namespace) -> str:
    """The configuration file of a command that needs one. Raises ConfigError."""
    return configured(arguments.config)


class Needs(NamedTuple):
    """A row: an option, and when it has an effect."""

    option: str
    effective: Callable[[Namespace], object]
    """Whether the option changes anything, given the other options."""
    expected: str
    """What is expected instead. A command that speaks two languages marks it for `_`."""


def require_effect(arguments: Namespace, rows: Iterable[Needs]) -> None:
    """Raise ConfigError for the first option that is given and has no effect. An option that is not given is None, False, "" or ()."""
    for option, effective, expected in rows:
        if getattr(arguments, option.strip("-").replace("-", "_")) not in (None, False, "", (), []) and not effective(arguments):
            raise ConfigError("", option, _("{expected}. Otherwise this option has no effect", expected=_(expected)))


def said(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Wrap the reader of an option, so that argparse prints the sentence of its ValueError."""

    def value(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    return value


def duration_s(least_s: float = values.SHORTEST_S, zero: str = "") -> Callable[[str], float]:
    """The reader of an option that is a time: seconds of `30s`, `10m`, `2h`, `30d`. See `values.duration_s`."""
    return said(values.duration_s(least_s, zero=zero))


def ago_s(text: str) -> int | None:
    """UTC second of `-30d`, `-2h`: so long before now. None if the text has another form. Raises ValueError."""
    return int(time.time() - values.duration_s()(text[1:])) if text.startswith("-") else None
