"""Reads receivers of wireless M-Bus, one module per `type`: the bytes of a stick or the lines of a program become frames and faults.

Pure: no receiver opens a port. May import `mbus.link`, `ciphers.crc`, `telegram` and `errors`, and from this package only `_lines` and
`_stick`. Receivers do not import each other.

To add a receiver, add one file and nothing else. Every module of this folder is a type, except those with "_" in front. The name of the
module is the value of `type`. A module defines two names:

- `LINE`: how its port is set unless the configuration says otherwise (`57600 8N1`).
- `Receiver`: a class without arguments that follows `telegram.Receiver`.

If a program has to run, the module defines three more names:

- `COMMAND`: the words of the command.
- `NEEDS`: the programs in that command, and where to get them.
- `QUIET_S`: how long the program may print nothing.

A receiver that reads text is built on `_lines.Lines`. It gives `Lines` one function, which turns a line into its telegram or fault. A
receiver that asks and sets up a stick is built on `_stick.Stick`. Sticks pass `L C M A CI …` to `link.telegram`, which checks the CRCs of
the link that are still there.
"""

import os
from importlib import import_module
from math import inf
from types import ModuleType
from typing import Final

_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


def kinds() -> tuple[str, ...]:
    """All values that `type` may have, in alphabetical order."""
    # Not pkgutil, because it would load `inspect`, which takes 8 ms.
    names = [name.removesuffix(".py") for name in os.listdir(__path__[0]) if name.endswith(".py")]
    return tuple(sorted(filter(_is_kind, names)))


def named(kind: str) -> ModuleType:
    """The module of a type. Raises ValueError if there is none. An error inside a module is not hidden."""
    if not _is_kind(kind) or kind not in kinds():
        raise ValueError(f"type is one of {', '.join(kinds())}")
    return import_module(f"{__name__}.{kind}")


def command(kind: str) -> tuple[str, ...]:
    """The command that a type starts by itself if neither port nor command is configured.

    Empty for sticks. Raises ValueError for an unknown type.
    """
    found: tuple[str, ...] = getattr(named(kind), "COMMAND", ())
    return found


def needs(kind: str, words: tuple[str, ...]) -> dict[str, str]:
    """The programs of a type's own command, and where to get them. Empty for other words. Raises ValueError for an unknown type."""
    found: dict[str, str] = named(kind).NEEDS if words and words == command(kind) else {}
    return found


def quiet_s(kind: str) -> float:
    """How long a program of this type may print nothing before it is restarted. Raises ValueError for an unknown type."""
    found: float = getattr(named(kind), "QUIET_S", inf)
    return found


def _is_kind(name: str) -> bool:
    return not name.startswith("_") and _LETTERS.issuperset(name)
