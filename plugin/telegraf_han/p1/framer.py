"""Cuts the bytes of a P1 port into telegrams, each measured by its own length.

A telegram is `[ident line] content [footer]` (P1 companion 5.0.2, ch. 6; Luxmetering P1 1.1.3, 3.2). The first bytes say which parts it
has. "/" opens an ident line. After the ident line comes text up to a "!" at the beginning of a line, or a ciphered block. A block is
measured by its BER length alone, because "!", "/" and DB all occur inside ciphertext [seen]. A bare DB block has neither ident nor footer.
The footer `! XXXX` is checked here, before any key is used. So line noise is not taken for a wrong key, nor a
wrong key for line noise.

A candidate is consumed, waited for or given up. If it is given up, the search goes on one byte after its beginning. So a damaged telegram
never costs its neighbour. The state is the buffer and a note of what was already reported. No function raises.
"""

import re
from typing import Final, NamedTuple

from telegraf_han.dlms import ciphering
from telegraf_han.errors import Cause, ChecksumError, FramingError, TelegramError
from telegraf_han.p1.dialects import FOOTERS, Content
from telegraf_han.telegram import Event, Fault, Frame

TELEGRAM_LIMIT: Final = 8192
"""Bytes of the longest telegram that is waited for. Stoen's have 700. One of DSMR with a full message of 1024 octets has about 4000."""
IDENT_LIMIT: Final = 84
"""Bytes of the longest ident line with its line ends. IEC 62056-21 allows 23."""
PAUSE_NS: Final = 2_000_000_000
"""A telegram that pauses for this long will not go on. 583 bytes take 51 ms at 115200 baud, and 0.6 s on the slowest line, 9600 baud."""
NOISE_REPORTED: Final = 4096
"""After this many bytes without a telegram a fault is reported. Fewer may be the rest of a telegram whose head was missed at the start."""

_OPENING: Final = re.compile(rb"[/\xdb]")
_IDENT: Final = re.compile(rb"/[ \"-.0-~]{3,78}\r?\n(?:\r?\n)?")
"""Printable characters except "/" and "!" (IEC 62056-21, 6.3.2)."""
_IDENT_SO_FAR: Final = re.compile(rb"/[ \"-.0-~]{0,78}\r?\Z")
_WHOLE_TITLE: Final = bytes([ciphering.TITLE_LIMIT])
"""Without an ident line, a block is accepted only if it has a system title. DB alone is too frequent in noise."""
_NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\n/|/[ \"-.0-~]{3,78}\r?\n\r?\n")
"""Control bytes, or the opening of the next telegram even in the middle of a line. They show that this telegram is damaged."""
_END_OF_TEXT: Final = re.compile(rb"\n!")
_FOOTER: Final = re.compile(rb"!(?:([0-9A-Fa-f]{4})(?:\r\n)?|([0-9A-Fa-f]{0,3})\0{0,4}[\r\n])")
_NEXT_TELEGRAM: Final = re.compile(rb"![0-9A-Fa-f]{4}\r?\n/[ \"-.0-~]{3,78}\r?\n")
"""A footer and the ident line after it. In ciphertext they occur by chance once in 10^15 telegrams. So inside a block they mean that the
block's length is damaged."""
_OPENING_INSIDE: Final = re.compile(
    rb"/[A-Za-z]{3}[ \"-.0-~]{0,75}(?:\r\n\r\n|\n\n)"
    rb"|\xdb\x08[A-Z]{3}.{5}(?:\x81|(?:\x82|\x83\0|\x84\0\0)[\x00-\x1f]).[\x10-\x12\x20-\x22\x30-\x32\x50-\x52\x60-\x62\x70-\x72]",
    re.DOTALL,
)
"""The opening of another telegram. It is so strict that only one block of ciphertext in a million contains it."""
_OPENING_AT_END: Final = re.compile(rb"(?:/[ \"-.0-~]{0,78}(?:\r?\n?\r?)|\xdb(?:\x08.{0,11})?)\Z", re.DOTALL)
_FOOTER_SO_FAR: Final = re.compile(rb"!?[0-9A-Fa-f]{0,3}\0{0,4}\Z")
_UNENDED: Final = re.compile(rb"\n![0-9A-Fa-f]{0,3}\Z")
_BETWEEN: Final = b"\r\n\0 \t"


class _Extent(NamedTuple):
    """A whole telegram: its bytes up to the "!", and the offset after its footer."""

    telegram: bytes
    end: int
    doubtful: int = 0
    """Bytes at its end that may be the head of the next telegram, if no footer says that they are not."""


class _Damaged(NamedTuple):
    """A telegram that began well and went wrong."""

    error: TelegramError
    size: int
    resume: int = 0
    """Offset where the search goes on, if that is not one byte after the beginning."""


_MORE: Final = "more"
_NOISE: Final = "noise"
_Found = _Extent | _Damaged | str


class Framer:
    """The receiver of a P1 cable. It sends nothing. It only turns bytes into frames."""

    __slots__ = ("_arrived_ns", "_buffer", "_excused", "_heard", "_noise")

    def __init__(self) -> None:
        """Start with nothing heard. If the head of the first telegram was missed, that is no fault."""
        self._buffer = bytearray()
        self._arrived_ns = 0
        self._noise = 0
        self._excused = True
        self._heard = False

    def start(self, now_ns: int) -> list[Event]:
        """The port was (re)opened: forget half a telegram from before."""
        self._buffer.clear()
        self._arrived_ns = now_ns
        self._noise = 0
        self._excused = True
        return []

    def feed(self, data: bytes, now_ns: int) -> list[Event]:
        """Bytes arrived. The buffer keeps at most one telegram's worth afterwards."""
        self._buffer += data
        self._arrived_ns = now_ns
        return self._events(now_ns, waiting=True)

    def idle(self, now_ns: int) -> list[Event]:
        """Nothing arrived. After a pause, half a telegram will not become whole."""
        if not self._buffer or now_ns - self._arrived_ns < PAUSE_NS:
            return []
        return self._events(now_ns, waiting=False)

    def finish(self, now_ns: int) -> list[Event]:
        """The input has ended. A capture may lack its last line end."""
        if _UNENDED.search(self._buffer):
            self._buffer += b"\n"
        events = self._events(now_ns, waiting=False)
        told = any(isinstance(event, Fault) for event in events)
        return events + self._noise_told(least=NOISE_REPORTED if told or (self._excused and self._heard) else 1)

    def _events(self, now_ns: int, *, waiting: bool) -> list[Event]:
        events: list[Event] = []
        buffer, position = self._buffer, 0
        while opening := _OPENING.search(buffer, position):
            start = opening.start()
            if start > position:
                self._pass_over(buffer[position:start])
            position = start
            found = _measured(buffer, start)
            if found is _MORE and waiting:
                break
            if isinstance(found, _Extent):
                events += self._noise_told(least=NOISE_REPORTED if self._excused else 1)
                events.append(Frame("p1", found.telegram, now_ns))
                self._noise, self._excused, self._heard = -found.doubtful, False, True
                position = found.end - found.doubtful
                continue
            position = start + 1
            if isinstance(found, str) and found is not _NOISE:
                found = _Damaged(FramingError(f"telegram stops after {len(buffer) - start} bytes"), len(buffer) - start)
            # A candidate that ends within the doubtful bytes of a telegram belonged to that telegram.
            if isinstance(found, str) or self._noise + found.size <= 0:
                self._noise += 1
                continue
            events += self._noise_told(least=NOISE_REPORTED if self._excused else 1)
            events.append(Fault(found.error.cause, str(found.error), found.size))
            position = max(position, found.resume)
            # To the search, the rest of this telegram is noise. But it is already reported.
            self._noise, self._excused, self._heard = 0, True, True
        else:
            self._pass_over(buffer[position:])
            position = len(buffer)
        del buffer[:position]
        return events + self._noise_told(least=NOISE_REPORTED)

    def _pass_over(self, skipped: bytearray) -> None:
        self._noise += len(skipped.strip(_BETWEEN))

    def _noise_told(self, *, least: int) -> list[Event]:
        if self._noise < least:
            return []
        size, self._noise = self._noise, 0
        return [Fault(Cause.FRAMING, f"{size} bytes that belong to no telegram", size)]


def _measured(buffer: bytearray, start: int) -> _Found:
    """How far the telegram at `start` reaches, if there is one."""
    content = start
    if buffer[start] == ord("/"):
        ident = _IDENT.match(buffer, start)
        if ident is None:
            return _MORE if _IDENT_SO_FAR.match(buffer, start) else _NOISE
        content = ident.end()
        if content == len(buffer) or buffer[content] in b"\r\n":
            return _MORE if len(buffer) - content < len(b"\r\n") else _NOISE
        if buffer[content] > ciphering.TITLE_LIMIT and buffer[content] != ciphering.GENERAL_GLO:
            return _measured_text(buffer, start, content)
    return _measured_block(buffer, start, content)


def _measured_block(buffer: bytearray, start: int, content: int) -> _Found:
    has_ident = content > start
    if not has_ident and buffer[start + 1 : start + 2] not in (b"", _WHOLE_TITLE):
        return _NOISE
    try:
        found = ciphering.extent(buffer, content)
        if found is None:
            return _MORE
        _, end = found
        if end - start > TELEGRAM_LIMIT:
            raise FramingError(f"telegram announces {end - start} bytes, more than {TELEGRAM_LIMIT}")
    except FramingError as error:
        # In noise every 256th byte is a DB. A bad block means that a telegram was lost only if an ident line comes before the block.
        return _Damaged(error, len(buffer) - start) if has_ident else _NOISE
    if not has_ident:
        return _measured_bare(buffer, start, end)
    found_there = _measured_footer(buffer, start, end, "block") if end < len(buffer) else _MORE
    if isinstance(found_there, _Extent):
        return found_there
    if after := _NEXT_TELEGRAM.search(buffer, content, end):
        size = after.start() - start
        return _Damaged(FramingError(f"telegram announces {end - start} bytes, but the next one begins after {size}"), size)
    return found_there


def _measured_bare(buffer: bytearray, start: int, end: int) -> _Found:
    """A block without footer. If another telegram opens before its end, this block is cut short or its length is damaged."""
    title_end = start + 2 + ciphering.TITLE_LIMIT
    again = buffer.find(buffer[start:title_end], title_end, end)
    other = _OPENING_INSIDE.search(buffer, start + 1, min(end, again + 1) if again >= 0 else end)
    next_start = other.start() if other else again
    if next_start >= 0:
        size = next_start - start
        return _Damaged(FramingError(f"block announces {end - start} bytes, but the next one begins after {size}"), size)
    if end > len(buffer):
        return _MORE
    opening = _OPENING_AT_END.search(buffer, max(title_end, end - IDENT_LIMIT), end)
    return _Extent(bytes(buffer[start:end]), end, end - opening.start() if opening else 0)


def _measured_text(buffer: bytearray, start: int, content: int) -> _Found:
    limit = start + TELEGRAM_LIMIT
    last = _END_OF_TEXT.search(buffer, content - 1, limit)
    wrong = _NO_TEXT.search(buffer, content, last.end() - 1 if last else limit)
    if wrong:
        size = wrong.start() - start
        # Any other telegram that began before this place breaks off here, too, except a telegram whose ident line comes directly before its
        # block.
        return _Damaged(FramingError(f"plain telegram breaks off after {size} bytes"), size, wrong.start() - IDENT_LIMIT)
    if last is None:
        if len(buffer) <= limit:
            return _MORE
        return _Damaged(FramingError(f"plain telegram has no end within {TELEGRAM_LIMIT} bytes"), TELEGRAM_LIMIT, limit - IDENT_LIMIT)
    if last.end() - 1 == content:
        return _Damaged(FramingError("plain telegram has no content"), last.end() - start)
    return _measured_footer(buffer, start, last.end() - 1, "text")


def _measured_footer(buffer: bytearray, start: int, mark: int, content: Content) -> _Found:
    """The footer at `mark`, where a "!" must be, and its CRC."""
    footer = _FOOTER.match(buffer, mark)
    if footer is None:
        if _FOOTER_SO_FAR.match(buffer, mark):
            return _MORE
        return _Damaged(FramingError(f'no "!" and CRC where the telegram of {mark - start} bytes must end'), mark - start)
    digits = footer[1] or footer[2]
    telegram = bytes(buffer[start : mark + 1])
    for fits in FOOTERS[content]:
        if fits(telegram, digits):
            return _Extent(telegram, footer.end())
    return _Damaged(ChecksumError(f"CRC of a telegram of {mark - start} bytes does not fit: noise on the line"), footer.end() - start)
