"""Prints lines for a person, and makes sure that no character of a meter or a server commands the terminal.

A terminal takes some characters as commands: ESC and the other controls of ASCII, the controls from 80 to 9F, and the marks that turn the
direction of writing. A meter's message, a unit, a server's answer or the name of a USB device may hold all of them. So every line for a
person goes through `visible`, and nothing else in this package calls `print`.

The log (`live.log`) and the pages (`terminal.text`) use `visible`, too. Imports nothing else of ours.
"""

import sys
from collections.abc import Iterable
from typing import TextIO


def visible(text: str, mark: str = "") -> str:
    """The text without characters that a terminal obeys or does not show. Each becomes its escape, as in Python, or `mark`."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else mark or character.encode("unicode_escape").decode() for character in text)


def say(*lines: str) -> None:
    """Write lines to stdout now. A newline inside a line is escaped, because it may come from outside."""
    _write(sys.stdout, lines)


def complain(*lines: str) -> None:
    """Write lines to stderr now."""
    _write(sys.stderr, lines)


def _write(stream: TextIO, lines: Iterable[str]) -> None:
    # Everything in one write: `print` makes two, and a signal between the two would leave half a line.
    stream.write("".join(f"{visible(line)}\n" for line in lines))
    stream.flush()
