"""Remembers of one configured meter what makes sense of its next telegram: formats, fragments, and the key that proved right.

The decoder keeps one `Memory` per meter. Everything in it comes from telegrams that were believed, except fragments and the candidate, which
prove nothing alone. All of it is bounded.
"""

from typing import Final, NamedTuple

from telegraf_han.ciphers.secret import Key
from telegraf_han.mbus import fragments
from telegraf_han.mbus.compact import Formats
from telegraf_han.telegram import Shape


class Candidate(NamedTuple):
    """A key that may be right: a text began as it must, but its content proved nothing."""

    key: Key
    block: bytes
    """The first enciphered block. Only another block is another proof."""


class Memory:
    """What was heard of one meter."""

    __slots__ = ("candidate", "formats", "key", "others", "parts", "shape")

    def __init__(self) -> None:
        """Nothing was heard yet."""
        self.formats: Final[Formats] = {}
        self.shape: Shape | None = None
        """The shape of the newest telegram, whose format is known."""
        self.parts: Final[fragments.Parts] = []
        self.others = 0
        """Telegrams since the newest fragment."""
        self.key: Key | None = None
        """The key that opened a telegram whose content proves it."""
        self.candidate: Candidate | None = None
