"""Says how far a P1 telegram reaches, by its own length and its footer.

A telegram is `[ident line] content [footer]` (P1 companion 5.0.2, ch. 6; Luxmetering P1 1.1.3, 3.2). The first bytes say which parts it
has. "/" opens an ident line, in which a "/" may occur again [seen]. After the ident line comes text up to a "!" at the beginning of a line,
or a ciphered block. A block is measured by its BER length alone, because "!", "/" and DB all occur inside ciphertext [seen]. A bare DB
block has neither ident nor footer. Frames of other lines, which have lengths and checksums of their own, are measured by `recognised`.

The footer `! XXXX` is checked here, before any key is used. So line noise is not taken for a wrong key, nor a wrong key for line noise.
[assumed] a DLMS message behind an ident line has the same footer as a block.
"""

import re
from functools import cache
from typing import Final, Literal, NamedTuple

from telegraf_han.dlms import ciphering
from telegraf_han.errors import ChecksumError, FramingError, TelegramError
from telegraf_han.language import _
from telegraf_han.p1.dialects import Content, fits
from telegraf_han.p1.envelope import IDENT, OTHERS, Opening, is_other

TELEGRAM_LIMIT: Final = 8192
"""Bytes of the longest telegram that is waited for. Stoen's have 700. One of DSMR with a full message of 1024 octets has about 4000."""
IDENT_LIMIT: Final = 88
"""Bytes of the longest ident line with its line ends. IEC 62056-21 allows 23."""

_IDENT_SO_FAR: Final = rb"/[ \"-~]{0,78}[\r\n]{0,8}\Z"
_WHOLE_TITLE: Final = bytes([ciphering.TITLE_LIMIT])
"""Without an ident line, a block is accepted only if it has a system title. DB alone is too frequent in noise."""
_NO_TEXT: Final = rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\n/|/[ \"-.0-~]{3,78}\r?\n\r?\n"
"""Control bytes, or the opening of the next telegram even in the middle of a line. They show that this telegram is damaged."""
_CONTROLS: Final = bytes([code for code in range(0x20) if code not in b"\t\n\r"])
_END_OF_TEXT: Final = rb"\n!"
_END_OF_CR_TEXT: Final = rb"[\r\n]!"
"""The same for a telegram in which CR alone ends a line."""
FOOTER: Final = re.compile(rb"!(?:([0-9A-Fa-f]{4})(?:\r\n)?|([0-9A-Fa-f]{0,3})[\0 ]{0,4}[\r\n])")
_NEXT_TELEGRAM: Final = rb"![0-9A-Fa-f]{4}[\r\n]{1,4}/[ \"-~]{3,78}[\r\n]"
"""A footer and the ident line after it. In ciphertext they occur by chance once in 10^15 telegrams. So inside a block they mean that the
block's length is damaged."""
_OPENING_INSIDE: Final = (
    rb"(?s)/[A-Za-z]{3}[ \"-~]{0,75}(?:\r\n\r\n|\n\n)"
    rb"|\xdb\x08[A-Z]{3}.{5}(?:\x81|(?:\x82|\x83\0|\x84\0\0)[\x00-\x1f]).[\x10-\x12\x20-\x22\x30-\x32\x50-\x52\x60-\x62\x70-\x72]"
)
"""The opening of another telegram. It is so strict that only one block of ciphertext in a million contains it."""
_OPENING_AT_END: Final = rb"(?s)(?:/[ \"-~]{0,78}(?:\r?\n?\r?)|\xdb(?:\x08.{0,11})?)\Z"
_FOOTER_SO_FAR: Final = rb"!?[0-9A-Fa-f]{0,3}[\0 ]{0,4}\Z"
_UNENDED: Final = rb"[\r\n]![0-9A-Fa-f]{0,3}\Z"
SLASH: Final = ord("/")
_CR: Final = ord("\r")


class Extent(NamedTuple):
    """A whole telegram: its bytes up to the "!", and the offset after its footer."""

    telegram: bytes
    end: int
    doubtful: int = 0
    """Bytes at its end that may be the head of the next telegram, if no footer says that they are not."""
    checked: bool = False
    """Whether a checksum was there and fits."""
    mended: bool = False
    """Whether changed line ends were put back."""


class Damaged(NamedTuple):
    """A telegram that began well and went wrong."""

    error: TelegramError
    size: int
    resume: int = 0
    """Offset where the search goes on, if that is not one byte after the beginning."""


@cache
def _late(pattern: bytes) -> re.Pattern[bytes]:
    """A pattern that is compiled when a telegram needs it. A line carries telegrams of one kind, and most are whole."""
    return re.compile(pattern)


MORE: Final = "more"
NOISE: Final = "noise"
Found = Extent | Damaged | Literal["more", "noise"]


def lacks_line_end(buffer: bytearray) -> bool:
    """Whether the end of a capture lacks its last line end."""
    return bool(buffer) and _late(_UNENDED).search(buffer) is not None


def settled(buffer: bytearray, start: int, found: Found) -> Found:
    """What was found at `start` and no CRC proves, unless a "/" inside its ident line opens a telegram."""
    if isinstance(found, str) or buffer[start] != SLASH or buffer.find(b"/", start + 1, start + IDENT_LIMIT) < 0:
        return found
    from telegraf_han.p1 import others  # noqa: PLC0415, only what is seldom or damaged needs it

    return others.outer(buffer, start, found)


def again(buffer: bytearray, start: int, opening: Opening) -> tuple[bytes, int] | None:
    """The telegram at `start` and its end, if it opens like the one before it and its CRC fits. `measured` would find the same."""
    if not buffer.startswith(opening.octets, start):
        return None
    footer = FOOTER.match(buffer, start + opening.end)
    if footer is None:
        return None
    telegram, digits = bytes(buffer[start : footer.start() + 1]), footer[1]
    return (telegram, footer.end()) if digits and fits("block", telegram, digits) else None


def measured(buffer: bytearray, start: int) -> Found:
    """How far the telegram at `start` reaches, if there is one. What no CRC proves has to be `settled`."""
    first = buffer[start]
    if first != SLASH:
        if first == ciphering.GENERAL_GLO:
            return _measured_block(buffer, start, start)
        from telegraf_han.p1 import others  # noqa: PLC0415, only what is seldom or damaged needs it

        return others.frame(buffer, start)
    ident = IDENT.match(buffer, start)
    if ident is None:
        return MORE if _late(_IDENT_SO_FAR).match(buffer, start) else NOISE
    content = ident.end()
    if content == len(buffer):
        return MORE
    octet = buffer[content]
    if octet in b"\r\n":
        return NOISE
    if octet in OTHERS and is_other(buffer, content):
        found = _measured_block(buffer, start, content) if octet <= ciphering.TITLE_LIMIT else NOISE
        from telegraf_han.p1 import others  # noqa: PLC0415, only what is seldom or damaged needs it

        return found if isinstance(found, Extent) else others.message(buffer, start, content)
    if octet > ciphering.TITLE_LIMIT and octet != ciphering.GENERAL_GLO:
        return _measured_text(buffer, start, content)
    return _measured_block(buffer, start, content)


def noisy(size: int, whole: int) -> Damaged:
    """A telegram of `size` bytes whose CRC does not fit. With its footer it has `whole` bytes."""
    return Damaged(ChecksumError(_("CRC of a telegram of {size} bytes does not fit: noise on the line", size=size)), whole)


def _measured_block(buffer: bytearray, start: int, content: int) -> Found:
    has_ident = content > start
    if not has_ident and buffer[start + 1 : start + 2] not in (b"", _WHOLE_TITLE):
        return NOISE
    try:
        found = ciphering.extent(buffer, content)
        if found is None:
            return MORE
        end = found[1]
        if end - start > TELEGRAM_LIMIT:
            raise FramingError(_("telegram announces {announced} bytes, more than {limit}", announced=end - start, limit=TELEGRAM_LIMIT))
    except FramingError as error:
        # In noise every 256th byte is a DB. A bad block means that a telegram was lost only if an ident line comes before the block.
        return Damaged(error, len(buffer) - start) if has_ident else NOISE
    if not has_ident:
        return _measured_bare(buffer, start, end)
    found_there = _measured_footer(buffer, start, content, end, "block") if end < len(buffer) else MORE
    if isinstance(found_there, Extent):
        return found_there
    if after := _late(_NEXT_TELEGRAM).search(buffer, content, end):
        size = after.start() - start
        from telegraf_han.p1 import others  # noqa: PLC0415, only what is seldom or damaged needs it

        why = others.changed(buffer, start, content, after.start())
        return Damaged(
            FramingError(
                why or _("telegram announces {announced} bytes, but the next one begins after {size}", announced=end - start, size=size)
            ),
            size,
        )
    return found_there


def _measured_bare(buffer: bytearray, start: int, end: int) -> Found:
    """A block without footer. If another telegram opens before its end, this block is cut short or its length is damaged."""
    title_end = start + 2 + ciphering.TITLE_LIMIT
    again = buffer.find(buffer[start:title_end], title_end, end)
    other = _late(_OPENING_INSIDE).search(buffer, start + 1, min(end, again + 1) if again >= 0 else end)
    next_start = other.start() if other else again
    if next_start >= 0:
        size = next_start - start
        return Damaged(
            FramingError(_("block announces {announced} bytes, but the next one begins after {size}", announced=end - start, size=size)),
            size,
        )
    if end > len(buffer):
        return MORE
    opening = _late(_OPENING_AT_END).search(buffer, max(title_end, end - IDENT_LIMIT), end)
    return Extent(bytes(buffer[start:end]), end, end - opening.start() if opening else 0)


def _measured_text(buffer: bytearray, start: int, content: int) -> Found:
    limit = start + TELEGRAM_LIMIT
    last = _late(_END_OF_TEXT).search(buffer, content - 1, limit)
    if last is None and buffer[content - 1] == _CR:
        last = _late(_END_OF_CR_TEXT).search(buffer, content - 1, limit)
    text_end = last.end() - 1 if last else limit
    wrong = _late(_NO_TEXT).search(buffer, content, text_end) if _may_be_wrong(buffer[content:text_end]) else None
    if wrong:
        size = wrong.start() - start
        # Any other telegram that began before this place breaks off here, too, except a telegram whose ident line comes directly before its
        # block.
        return Damaged(FramingError(_("plain telegram breaks off after {size} bytes", size=size)), size, wrong.start() - IDENT_LIMIT)
    if last is None:
        if len(buffer) <= limit:
            return MORE
        return Damaged(
            FramingError(_("plain telegram has no end within {limit} bytes", limit=TELEGRAM_LIMIT)), TELEGRAM_LIMIT, limit - IDENT_LIMIT
        )
    if last.end() - 1 == content:
        return Damaged(FramingError(_("plain telegram has no content")), last.end() - start)
    return _measured_footer(buffer, start, content, last.end() - 1, "text")


def _may_be_wrong(text: bytearray) -> bool:
    """Whether a text has one of the characters with which `_NO_TEXT` begins. Most texts have none, and this is ten times as fast."""
    return b"/" in text or len(text.translate(None, _CONTROLS)) < len(text)


def _measured_footer(buffer: bytearray, start: int, content: int, mark: int, kind: Content) -> Found:
    """The footer at `mark`, where a "!" must be, and its CRC."""
    footer = FOOTER.match(buffer, mark)
    if footer is None:
        if _late(_FOOTER_SO_FAR).match(buffer, mark):
            return MORE
        from telegraf_han.p1 import others  # noqa: PLC0415, only what is seldom or damaged needs it

        return others.displaced(buffer, start, content, mark)
    digits = footer[1] or footer[2]
    telegram = bytes(buffer[start : mark + 1])
    if fits(kind, telegram, digits):
        return Extent(telegram, footer.end(), 0, digits != b"")
    from telegraf_han.p1 import others  # noqa: PLC0415, only what is seldom or damaged needs it

    return others.mended(buffer, start, content, footer, kind)
