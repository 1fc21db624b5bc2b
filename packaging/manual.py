"""Writes what a shell and `man` know of the commands: the manual page telegraf-han(1), and completion for bash and zsh.

Everything comes from the same tables as `--help`, when the package is built. So no page can say what the program does not do. The program
itself makes only the parser of the command that is called; here one parser has them all.

    PYTHONPATH=plugin python packaging/manual.py FOLDER
"""

import sys
from argparse import SUPPRESS, Action, ArgumentParser, HelpFormatter, _SubParsersAction
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import gmtime, strftime
from typing import Any, Final

import shtab

from telegraf_han import RELEASED_S, __version__, cli

NAME: Final = "telegraf-han"
FILES: Final = ("FILE", "FOLDER", "INPUT", "PATH")
"""Metavars of options that take a file or a folder."""
_WIDE: Final = partial(HelpFormatter, width=10_000)
"""Long lines: `man` breaks them."""
_ABOUT: Final = """\
telegraf-han reads the home interface (HAN) of smart meters: the P1 port by cable, and wireless M-Bus by a stick or a radio. Telegraf starts
.B telegraf-han run
as its input
.IR inputs.execd .
All other commands are for a person at a terminal.
"""
_CODES: Final = (
    ("0", "done"),
    ("1", "some telegram could not be decoded, or none was found"),
    ("2", "wrong usage or configuration; one line says what to change"),
    ("130", "ended by Ctrl-C before it was done"),
)
_PLACES: Final = (
    ("/etc/telegraf/han.toml", "your meters"),
    ("/opt/telegraf-han", "the program, in a virtual environment of its own"),
    ("/usr/share/telegraf-han/grafana", "boards and alert rules for Grafana"),
    ("/usr/share/doc/telegraf-han/examples", "a complete configuration, and examples"),
    ("/usr/lib/udev/rules.d/60-telegraf-han.rules", "who may open cables and sticks, and their short names"),
)


def parser() -> ArgumentParser:
    """Return one parser for the whole command line."""
    whole = ArgumentParser(prog=NAME, description="Reads smart meters for Telegraf.", formatter_class=_WIDE)
    whole.add_argument("--version", action="version", version=__version__, help="show the version")
    commands = whole.add_subparsers(metavar="COMMAND", title="commands", required=True)
    for name, help_text in cli.COMMANDS.items():
        one = commands.add_parser(name, help=help_text, description=help_text, formatter_class=_WIDE)
        cli.command(name).add_arguments(one)
    for one in _parsers(whole):
        for action in one._actions:
            if action.metavar in FILES and not action.choices:
                action.complete = shtab.FILE
            if isinstance(action.choices, dict) and not isinstance(action, _SubParsersAction):
                action.choices = list(action.choices)  # shtab takes every table for one of sub-commands
    return whole


def _parsers(top: ArgumentParser) -> Iterator[ArgumentParser]:
    """A parser, and all below it."""
    yield top
    for child in _children(top).values():
        yield from _parsers(child)


def _children(one: ArgumentParser) -> dict[str, ArgumentParser]:
    """The parsers of the sub-commands, by name."""
    for action in one._actions:
        if isinstance(action, _SubParsersAction):
            return action.choices
    return {}


def page(whole: ArgumentParser) -> str:
    """Return the manual page, in the macros of man(7)."""
    lines = [
        f'.TH TELEGRAF-HAN 1 "{strftime("%Y-%m-%d", gmtime(RELEASED_S))}" "{NAME} {__version__}" "User Commands"',
        ".nh",  # options are not broken in two, and lines are not stretched
        ".ad l",
        ".SH NAME",
        "telegraf\\-han \\- read smart meters over P1 and wireless M\\-Bus for Telegraf",
        ".SH SYNOPSIS",
        ".B telegraf\\-han",
        ".I COMMAND",
        "[\\fIOPTION\\fR]...",
        ".br",
        ".B telegraf\\-han \\-\\-version",
        ".SH DESCRIPTION",
        _ABOUT.rstrip().replace("-", "\\-"),
        ".SH COMMANDS",
    ]
    for name, command in _children(whole).items():
        lines += _command(f"{NAME} {name}", command)
    lines += [".SH EXIT STATUS", *_items(_CODES), ".SH FILES", *_items(_PLACES)]
    lines += [".SH SEE ALSO", ".BR telegraf (1)", ".PP", "The documentation of the project explains each command, with examples."]
    return "\n".join(lines) + "\n"


def _command(name: str, command: ArgumentParser) -> list[str]:
    """A command's section, and those of its actions."""
    children = _children(command)
    lines = [f".SS {_plain(name)}", f"{_plain(_sentence(command.description or ''))}"]
    if not children:
        usage = command.format_usage().removeprefix("usage: ").removeprefix(command.prog).split()
        lines += [".PP", f"\\fB{_plain(name)}\\fR {_plain(' '.join(usage))}"]
        for action in command._actions:
            if action.help != SUPPRESS and action.dest != "help":
                lines += [".TP", _option(action), _plain(_help(action, command))]
    for child, below in children.items():
        lines += _command(f"{name} {child}", below)
    return lines


def _option(action: Action) -> str:
    """The first line of an option: its names and what it takes."""
    value = "" if action.nargs == 0 else action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    value = f"\\fI{_plain(str(value))}\\fR" if value else ""
    if not action.option_strings:
        return value
    return ", ".join(f"\\fB{_plain(text)}\\fR" for text in action.option_strings) + (f" {value}" if value else "")


def _help(action: Action, command: ArgumentParser) -> str:
    """The help of an option with its default put in."""
    values: dict[str, Any] = {**vars(action), "prog": command.prog}
    return (action.help or "") % values


def _sentence(text: str) -> str:
    """A text with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _items(pairs: tuple[tuple[str, str], ...]) -> list[str]:
    """A list of things and what they are."""
    return [line for thing, text in pairs for line in (".TP", f"\\fB{_plain(thing)}\\fR", _plain(_sentence(text)))]


def _plain(text: str) -> str:
    """Text in which nothing is a macro or an escape, and each hyphen can be copied into a shell."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return f"\\&{text}" if text.startswith(".") else text


def write(folder: Path) -> None:
    """Write `telegraf-han.1`, `telegraf-han.bash` and `_telegraf-han` into a folder."""
    whole = parser()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.1").write_text(page(whole))
    (folder / f"{NAME}.bash").write_text(shtab.complete(whole, shell="bash"))
    (folder / f"_{NAME}").write_text(shtab.complete(whole, shell="zsh"))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
