"""`run`: starts the execd input (`live.execd`) for a configuration file."""

from argparse import ArgumentParser, Namespace

from telegraf_han.commands._arguments import add_config, config_of
from telegraf_han.live import execd


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    add_config(parser)


def run(arguments: Namespace) -> int:
    """Read every source until stdin closes. Returns 0. Raises ConfigError."""
    try:
        return execd.main(config_of(arguments))
    except KeyboardInterrupt:
        return 0  # Ctrl-C in the first moments; later a signal raises no exception
