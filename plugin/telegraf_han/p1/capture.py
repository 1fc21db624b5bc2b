"""Reads a recorded P1 stream into frames, whether it was saved as raw bytes or as their hex text.

People keep captures as a terminal program delivers them (raw), or as a hex dump that they can post. The first telegram of raw P1 always
holds a line feed, and a "/" or a ciphered block. So a capture is hex if its first piece holds nothing but hex digits, white space and `#`
comments. Only recordings are tested this way. A live port is not, because its first bytes may be digits by chance.
"""

import re
from typing import Final

from telegraf_han.errors import Cause
from telegraf_han.language import _
from telegraf_han.p1.framer import Framer
from telegraf_han.telegram import Event, Fault

SNIFFED_BYTES: Final = 512
_HEX: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:[0-9A-Fa-f\s:|,_-]|0x|#[^\n]*(?:\n|\Z))+")
_COMMENT: Final = rb"#[^\n]*"
_NO_DIGIT: Final = rb"[^0-9A-Fa-f]"
_SEPARATORS: Final = b" \t\r\n:|,_-\f\v\xef\xbb\xbf"
LINE_LIMIT: Final = 4096
"""Characters of a line. A longer line is read in pieces, because a whole capture may stand on one line."""
_IDENT_HEX: Final = rb"(?i:\Adb08|2f(?:[2-7][0-9a-f]){3,78}0[ad])"
_BINARY: Final = rb"[\x00-\x08\x0e-\x1a]"
"""Bytes that ciphertext has. Logs of programs do not have them, except in escape sequences."""


def looks_like_p1(first: bytes) -> bool:
    """Whether a recording begins like P1 (an ident line or ciphertext) and not like the lines of a radio receiver."""
    if _HEX.fullmatch(first[:SNIFFED_BYTES]):
        return re.search(_IDENT_HEX, re.sub(_COMMENT, b"", first).translate(None, _SEPARATORS)) is not None
    return first.startswith(b"/") or b"\n/" in first or re.search(_BINARY, first) is not None


def octets(first: bytes) -> bytes:
    """The bytes that the beginning of a recording stands for: those that its hex text spells, or the bytes themselves."""
    if not _HEX.fullmatch(first[:SNIFFED_BYTES]):
        return first
    digits = re.sub(_NO_DIGIT, b"", re.sub(_COMMENT, b"", first).replace(b"0x", b""))
    return bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))


class Capture:
    """The receiver of a recording. It decides by the first bytes whether they are hex, and from then on is a `Framer`."""

    __slots__ = ("_first", "_framer", "_half", "_hex", "_left")

    def __init__(self, *, explains: bool = True) -> None:
        """Nothing read yet. `explains` says whether noise is looked at."""
        self._framer = Framer(explains=explains)
        self._first = bytearray()
        self._hex: bool | None = None
        self._left = b""
        self._half = b""

    def start(self, now_ns: int) -> list[Event]:
        """The recording was opened."""
        self._first.clear()
        self._left = b""
        self._half = b""
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
        if self._half:
            events.append(Fault(Cause.FRAMING, _("hex text ends with half a byte"), 1))
        return events + self._framer.finish(now_ns)

    def _decided(self, now_ns: int) -> list[Event]:
        first = bytes(self._first)
        self._first.clear()
        self._hex = _HEX.fullmatch(first[:SNIFFED_BYTES]) is not None
        return self._fed(first, now_ns)

    def _fed(self, data: bytes, now_ns: int) -> list[Event]:
        if not self._hex:
            return self._framer.feed(data, now_ns)
        events: list[Event] = []
        octets = bytearray()
        *lines, rest = (self._left + data).split(b"\n")
        for line in lines:
            end = self._shortened(line, octets, events)
            octets += self._octets(end, events)
        self._left = self._shortened(rest, octets, events)
        return self._framer.feed(bytes(octets), now_ns) + events

    def _shortened(self, line: bytes, octets: bytearray, events: list[Event]) -> bytes:
        """The rest of a long line after its pieces were read. The line is always cut at the same places, and never within a "0x"."""
        while len(line) > LINE_LIMIT:
            cut = LINE_LIMIT - (line[LINE_LIMIT - 1] == ord("0"))
            octets += self._octets(line[:cut], events)
            # A comment goes on to the end of its line, however long the line is.
            line = (b"#" if b"#" in line[:cut] else b"") + line[cut:]
        return line

    def _octets(self, line: bytes, events: list[Event]) -> bytes:
        """The bytes of one line of digits. Half a byte at its end waits for the next line."""
        digits = self._half + line.partition(b"#")[0].replace(b"0x", b"").translate(None, _SEPARATORS)
        whole = len(digits) & ~1
        try:
            octets = bytes.fromhex(digits[:whole].decode("ascii"))
        except ValueError:
            self._half = b""
            events.append(Fault(Cause.FRAMING, _("a line of {size} characters that is not hex", size=len(line)), len(line)))
            return b""
        self._half = digits[whole:]
        return octets
