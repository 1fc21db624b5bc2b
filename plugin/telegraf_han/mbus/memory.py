"""Remembers of one configured meter what makes sense of its next telegram: formats, fragments, and the key that proved right.

The decoder keeps one `Memory` per meter. Everything in it comes from telegrams that were believed, so nobody else can change how the next
one is read. The exceptions are fragments and the candidate, which prove nothing alone. All of it is bounded.

[seen] compact frames of one meter. [assumed] 16 formats and 16 telegrams between fragments are more than any meter needs.
"""

from typing import Final

from telegraf_han.ciphers.secret import Key
from telegraf_han.mbus.authentication import Authentication
from telegraf_han.telegram import Shape

FORMATS_LIMIT: Final = 16
"""The most formats that are remembered. A meter has one or two. Only damaged or hostile input makes more. Then all are forgotten."""
PARTS_FORGOTTEN: Final = 16
"""So many other telegrams of the meter may come between fragments. Then the missing ones will not come any more."""


class Memory:
    """What was heard of one meter."""

    __slots__ = ("candidate", "formats", "key", "odd", "others", "parts", "shape")

    def __init__(self) -> None:
        """Nothing was heard yet."""
        self.formats: Final[set[tuple[bytes, tuple[bytes, ...]]]] = set()
        """The address and the headers of full frames. Compact frames are built like one of them."""
        self.shape: Shape | None = None
        """The shape of the newest telegram, whose headers are among these."""
        self.parts: Final[list[tuple[Authentication, bytes]]] = []
        """The fragments of a message, from the first on."""
        self.others = 0
        """Telegrams since the newest fragment."""
        self.key: Key | None = None
        """The key that opened a telegram whose content proves it."""
        self.odd: Final[dict[tuple[bytes, ...], bytes]] = {}
        """The headers of telegrams that the proven key opened, but which nothing proves, and the first enciphered block of each."""
        self.candidate: tuple[Key, bytes] | None = None
        """A key that may be right, because a text began as it must, and that text's first enciphered block. Its content proved nothing."""

    def learn(self, address: bytes, headers: tuple[bytes, ...]) -> None:
        """Remember the headers of a full frame."""
        if len(self.formats) >= FORMATS_LIMIT:
            self.formats.clear()
        self.formats.add((address, headers))

    def again(self, headers: tuple[bytes, ...], block: bytes) -> bool:
        """Whether another telegram of these headers, which proved nothing, came before. Remembers them.

        A meter never sends the same first block twice. So the same block is the same telegram, which somebody sends again.
        """
        if headers in self.odd:
            if self.odd[headers] == block:
                return False
            self.odd[headers] = b""  # from now on any block
            return True
        if len(self.odd) >= FORMATS_LIMIT:
            self.odd.clear()
        self.odd[headers] = block
        return False

    def pass_by(self) -> None:
        """Note a telegram that is no fragment."""
        self.others += 1
        if self.others > PARTS_FORGOTTEN:
            self.parts.clear()
