"""A recorded P1 stream into frames, whether it was saved as raw bytes or as their hex text.

People keep captures as they come from a terminal program (raw) or as a hex dump to post. Raw P1 always holds a line feed and a
"/" or a ciphered block within its first telegram, so a first piece of nothing but hex digits, white space and `#` comments is
hex. Only recordings are looked at this way, never a live port, whose first bytes may well be digits.
"""

import re
from typing import Final

from telegraf_han.errors import Cause
from telegraf_han.p1.framer import Framer
from telegraf_han.telegram import Event, Fault

SNIFFED_BYTES: Final = 512
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f\s:|_-]|0x|#[^\n]*(?:\n|\Z))+")
_COMMENT: Final = re.compile(rb"#[^\n]*")
_SEPARATORS: Final = b" \t\r\n:|_-\f\v"
COMMENT_LIMIT: Final = 4096
_IDENT_HEX: Final = re.compile(rb"2f(?:[2-7][0-9a-f]){5}|db08", re.IGNORECASE)


def looks_like_p1(first: bytes) -> bool:
    """Whether the first bytes of a recording are P1's rather than lines of a radio receiver: an ident line or a ciphered block."""
    if _HEX.fullmatch(first[:SNIFFED_BYTES]):
        return _IDENT_HEX.match(_COMMENT.sub(b"", first).translate(None, _SEPARATORS)) is not None
    return b"\xdb" in first or b"\n/" in first or first.startswith(b"/")


class Capture:
    """Receiver of a recording; decides on its first bytes and then is a `Framer`."""

    __slots__ = ("_first", "_framer", "_hex", "_left")

    def __init__(self) -> None:
        """Nothing read yet."""
        self._framer = Framer()
        self._first = bytearray()
        self._hex: bool | None = None
        self._left = bytearray()

    def start(self, now_ns: int) -> list[Event]:
        """The recording was opened."""
        self._first.clear()
        self._left.clear()
        self._hex = None
        return self._framer.start(now_ns)

    def feed(self, data: bytes, now_ns: int) -> list[Event]:
        """The next piece of the recording."""
        if self._hex is not None:
            return self._fed(data, now_ns)
        self._first += data
        return self._decided(now_ns) if len(self._first) >= SNIFFED_BYTES else []

    def idle(self, now_ns: int) -> list[Event]:
        """A recording does not pause."""
        del now_ns
        return []

    def finish(self, now_ns: int) -> list[Event]:
        """The recording has ended."""
        events = self._decided(now_ns) if self._hex is None else []
        events += self._fed(b"\n", now_ns) if self._hex else []
        if self._left:
            events.append(Fault(Cause.FRAMING, "hex text ends with half a byte", len(self._left)))
        return events + self._framer.finish(now_ns)

    def _decided(self, now_ns: int) -> list[Event]:
        first = bytes(self._first)
        self._first.clear()
        self._hex = _HEX.fullmatch(first) is not None
        return self._fed(first, now_ns)

    def _fed(self, data: bytes, now_ns: int) -> list[Event]:
        if not self._hex:
            return self._framer.feed(data, now_ns)
        self._left += data
        whole, newline, rest = self._left.rpartition(b"\n")
        if not newline:
            whole, rest = (self._left, bytearray()) if b"#" not in self._left else (bytearray(), self._left)
        digits = _COMMENT.sub(b"", whole).replace(b"0x", b"").translate(None, _SEPARATORS)
        odd = digits[len(digits) & ~1 :]
        self._left = bytearray(odd) + rest if len(rest) <= COMMENT_LIMIT else bytearray()
        try:
            octets = bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))
        except ValueError:
            return [Fault(Cause.FRAMING, "text that is no hex", len(digits))]
        return self._framer.feed(octets, now_ns)
