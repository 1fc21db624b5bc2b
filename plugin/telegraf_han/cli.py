"""The command line: runs the module of the command in `telegraf-han COMMAND …`.

Only the module of that command is imported, and only when the command is called. The reason: `run` starts within milliseconds, and `influx`
needs a library that takes 200 ms to load. Every error that the user can fix becomes one line and exit code 2 here. Only a fault of the
program itself prints a traceback.
"""

import gc
import io
import os
import sys
from argparse import Action, ArgumentParser, HelpFormatter, Namespace
from functools import partial
from importlib import import_module
from typing import Any, Final, Protocol, cast

from telegraf_han import __version__, language
from telegraf_han.errors import INTERRUPTED, ConfigError, SourceError
from telegraf_han.language import _
from telegraf_han.printing import complain

OK: Final = 0
USAGE: Final = 2
_HELP: Final = partial(HelpFormatter, width=100)
"""Without a width argparse asks the terminal, even if no help is wanted. It does so through modules that take 3 ms to load."""


class _Once(Action):
    """Stores the value of an option. A second value would silently replace the first, so it is an error."""

    _is_given = False

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: object, option_string: str | None = None) -> None:  # noqa: ARG002
        """Store the value. Raises ConfigError if the option has one already."""
        if self._is_given and option_string:
            raise ConfigError("", option_string, _("this option is given twice, but only one value is expected"))
        self._is_given = True
        setattr(namespace, self.dest, values)


class _Parser(ArgumentParser):
    """A parser that takes each option once, unless the option says that it may be repeated."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        for name in (None, "store"):
            self.register("action", name, _Once)


class Command(Protocol):
    """The functions that the module of a command has."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name its options."""

    def run(self, arguments: Namespace) -> int:
        """Run the command. Returns the exit code."""


COMMANDS: Final = {
    "init": "sets everything up, step by step: the meter, its keys, Telegraf, InfluxDB, the boards",
    "run": "runs as Telegraf's execd input: reads all sources until it is stopped, writes line protocol to stdout and its log to stderr",
    "decode": "decodes captures, prints the readings, and ends",
    "simulate": "sends the telegrams of a virtual GAMA150, GAMA350, MA110M or MA309M",
    "check": "finds mistakes in the configuration and on this machine, before you start `run`",
    "keys": "finds out which key is wrong and how, from a capture or from live telegrams; never prints a key",
    "ports": "lists serial devices: stable name, what it probably is, and who may open it",
    "scan": "lists wireless M-Bus meters in range: their ids, how well they are heard, whether your key opens their telegrams",
    "watch": "shows a live page in the terminal: power, registers, voltages, limiter, signal, errors",
    "bill": "computes what electricity costs: hours for Telegraf or InfluxDB, or the statement of a month",
    "remove": "takes away what `init` set up; keeps keys and data unless you say otherwise",
    "fleet": "makes the files of many sites that send through a broker to one InfluxDB, and looks after them",
    "influx": "sets up InfluxDB 2 (buckets, down-sampling, checks with notification), imports captures and history",
}
"""Each command with its line of help. The command is the module of that name in `commands`."""
SPEAKING: Final = frozenset(("init", "remove", "check", "keys", "scan", "ports", "fleet"))
"""The commands that talk to a person, in the language of LANG. The others write logs, metrics and tables, which stay English."""


def command(name: str) -> Command:
    """The module of a command."""
    return cast("Command", import_module(f"telegraf_han.commands.{name}"))


def main(argv: list[str] | None = None) -> int:
    """Run the command that `argv` (default: the process's) names. Returns the exit code."""
    if argv is None:
        gc.disable()  # see _watch_garbage
    words = sys.argv[1:] if argv is None else argv
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 shows a Polish mail with gaps, not a traceback
    if words and words[0] in COMMANDS:
        return _called(words[0], words[1:])
    description = "Reads smart meters over P1 and wireless M-Bus for Telegraf."
    parser = ArgumentParser(prog="telegraf-han", description=description, formatter_class=_HELP)
    parser.add_argument("--version", action="version", version=f"telegraf-han {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", required=True)
    for name, help_text in COMMANDS.items():
        commands.add_parser(name, help=help_text)
    parser.parse_args(words)
    return USAGE


def _called(name: str, words: list[str]) -> int:
    help_text = COMMANDS[name]
    description = f"{help_text[0].upper()}{help_text[1:]}."
    parser = _Parser(prog=f"telegraf-han {name}", description=description, formatter_class=_HELP)
    if name in SPEAKING:
        language.choose(language.wanted())
    try:
        module = command(name)
        module.add_arguments(parser)
        arguments = parser.parse_args(words)
        _watch_garbage()
        return module.run(arguments)
    except (ConfigError, SourceError) as error:
        complain(f"E! {error}")
        return USAGE
    except BrokenPipeError:
        # The reader of our output is gone (`| head`). Nobody wants what is lost.
        _forget_output()
        return OK
    except OSError as error:
        _forget_output()
        complain(f"E! {error.strerror or error}")
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED


def _watch_garbage() -> None:
    """Look for garbage from now on. What was loaded until now stays, and to look at it again and again costs 6 % of a start."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _forget_output() -> None:
    """Drop what is still in the buffer of stdout. Otherwise Python would report at its end that nobody takes it, with exit code 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
