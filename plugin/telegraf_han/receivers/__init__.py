"""A receiver's `type` into its module: bytes of a stick, or lines of a program, into frames and faults.

Every module of this folder is a type; the module's name is what `type` says, so a new receiver is a new file and nothing else.
A module has two names: `LINE`, how its port is set unless the configuration says otherwise (`57600 8N1`), and `Receiver`, a class
without arguments that follows `telegram.Receiver`. It may import what lies below (`mbus.link`, `crc`, `telegram`), and `Lines`
from here, on which those that read text are built: it is given one function, a line into what it holds. Receivers do not import
each other. Sticks deliver `L C M A CI …` to `link.telegram`, which checks what is left of the link's CRCs.
"""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Final

from telegraf_han.errors import Cause, TelegramError
from telegraf_han.telegram import Event, Fault, Frame, Receiver

LINE_LIMIT: Final = 2048
"""Characters of a line: the longest telegram is 290 bytes with link CRCs, 870 as spelled-out chips; logs put some words around."""

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


def lines() -> Receiver:
    """The receiver for captures: a telegram a line, in hex."""
    receiver: Receiver = named("hex").Receiver()
    return receiver


def _is_kind(name: str) -> bool:
    return not name.startswith("_") and _LETTERS.issuperset(name)


class Lines:
    """Bytes into lines and each line into events; the part that all receivers of text share.

    What a line holds says `read`: a frame without link CRCs and its level in dBm, or None where the line is no telegram's; it
    raises TelegramError for one that is broken. The buffer is bounded: of a line that does not end, LINE_LIMIT characters are
    given up at once and the rest up to its end in silence. The same bytes give the same events whatever pieces they come in.
    """

    __slots__ = ("_left", "_read", "_skipping")

    def __init__(self, read: Callable[[str], tuple[bytes, float | None] | None]) -> None:
        self._read: Final = read
        self._left = b""
        self._skipping = False

    def start(self, now_ns: int) -> list[Event]:  # noqa: ARG002, as the protocol has it
        """Nothing is sent to whom writes text."""
        return []

    def idle(self, now_ns: int) -> list[Event]:  # noqa: ARG002
        """A line may take its time."""
        return []

    def feed(self, data: bytes, now_ns: int) -> list[Event]:
        """See `telegram.Receiver`."""
        *whole, self._left = (self._left + data).split(b"\n")
        events = [event for line in whole for event in self._ended(line, now_ns)]
        if len(self._left) > LINE_LIMIT:
            events += self._too_long()
            self._left = b""
        return events

    def finish(self, now_ns: int) -> list[Event]:
        """The last line may have no end."""
        left, self._left = self._left, b""
        return self._ended(left, now_ns)

    def _ended(self, line: bytes, now_ns: int) -> list[Event]:
        """The events of a whole line, or of the end of one that was given up."""
        events = self._too_long() if len(line) > LINE_LIMIT else []
        if self._skipping:
            self._skipping = False
            return events
        text = line.decode("latin-1").strip()
        try:
            found = self._read(text) if text else None
        except TelegramError as error:
            return [Fault(error.cause, str(error), len(line))]
        return [] if found is None else [Frame("wmbus", found[0], now_ns, found[1])]

    def _too_long(self) -> list[Event]:
        """Give up a line; say so once."""
        if self._skipping:
            return []
        self._skipping = True
        return [Fault(Cause.FRAMING, f"line of more than {LINE_LIMIT} characters", LINE_LIMIT)]
