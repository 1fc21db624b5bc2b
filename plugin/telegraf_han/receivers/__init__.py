"""A receiver's `type` into its module: bytes of a stick, or lines of a program, into frames and faults.

Every module of this folder is a type, but those with "_" in front; its name is what `type` says, so a new receiver is a new file and
nothing else. A module has two names: `LINE`, how its port is set unless the configuration says otherwise (`57600 8N1`), and
`Receiver`, a class without arguments that follows `telegram.Receiver`. Where a program has to run it has three more: `COMMAND`, its
words, `NEEDS`, the programs of these and where to get them, and `QUIET_S`, how long one may print nothing. It may import what lies
below (`mbus.link`, `crc`, `telegram`), and from here `_lines.Lines`, on which those that read text are built (it is given one
function, a line into what it holds), or `_stick.Stick`, for those that are asked and told something. Receivers do not import each
other. Sticks deliver `L C M A CI …` to `link.telegram`, which checks what is left of the link's CRCs.
"""

from importlib import import_module
from math import inf
from types import ModuleType
from typing import Final

_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


def kinds() -> tuple[str, ...]:
    """What `type` may say, in alphabetical order."""
    from glob import glob  # noqa: PLC0415, only a configuration asks; pkgutil would load `inspect`, which takes 8 ms

    names = [path.rpartition("/")[2].removesuffix(".py") for path in glob(f"{__path__[0]}/*.py")]
    return tuple(sorted(name for name in names if _is_kind(name)))


def named(kind: str) -> ModuleType:
    """The module of a type. Raises ValueError where there is none; what fails inside a module is not hidden."""
    if not _is_kind(kind) or kind not in kinds():
        raise ValueError(f"type is one of {', '.join(kinds())}")
    return import_module(f"{__name__}.{kind}")


def command(kind: str) -> tuple[str, ...]:
    """What a type starts by itself where neither port nor command is configured; empty for sticks. Raises ValueError for no type."""
    found: tuple[str, ...] = getattr(named(kind), "COMMAND", ())
    return found


def needs(kind: str, words: tuple[str, ...]) -> dict[str, str]:
    """The programs of a type's own command, and where to get them; none for other words. Raises ValueError for no type."""
    found: dict[str, str] = named(kind).NEEDS if words and words == command(kind) else {}
    return found


def quiet_s(kind: str) -> float:
    """How long a program of this type may print nothing until it is started anew. Raises ValueError for no type."""
    found: float = getattr(named(kind), "QUIET_S", inf)
    return found


def _is_kind(name: str) -> bool:
    return not name.startswith("_") and _LETTERS.issuperset(name)
