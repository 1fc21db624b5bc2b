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
from telegraf_han.p1 import envelope
from telegraf_han.p1.dialects import FOOTERS, Content

TELEGRAM_LIMIT: Final = 8192
"""Bytes of the longest telegram that is waited for. Stoen's have 700. One of DSMR with a full message of 1024 octets has about 4000."""
IDENT_LIMIT: Final = 88
"""Bytes of the longest ident line with its line ends. IEC 62056-21 allows 23."""

_INNER: Final = rb"/[ \"-~]{3,78}[\r\n]"
_IDENT_LETTERS: Final = rb"/[A-Za-z]{3}[ \"-~]{0,75}[\r\n]"
"""An ident line inside another ident line. Without a CRC only the letters of a maker show that this one opens the telegram."""
_IDENT_SO_FAR: Final = rb"/[ \"-~]{0,78}[\r\n]{0,8}\Z"
_WHOLE_TITLE: Final = bytes([ciphering.TITLE_LIMIT])
"""Without an ident line, a block is accepted only if it has a system title. DB alone is too frequent in noise."""
_NO_TEXT: Final = rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|[\r\n]/|/[ \"-.0-~]{3,78}\r?\n\r?\n"
"""Control bytes, or the opening of the next telegram even in the middle of a line. They show that this telegram is damaged."""
_END_OF_TEXT: Final = rb"[\r\n]!"
_FOOTER: Final = re.compile(rb"!(?:([0-9A-Fa-f]{4})(?:\r\n)?|([0-9A-Fa-f]{0,3})[\0 ]{0,4}[\r\n])")
_NEXT_TELEGRAM: Final = rb"![0-9A-Fa-f]{4}[\r\n]{1,4}/[ \"-~]{3,78}[\r\n]"
"""A footer and the ident line after it. In ciphertext they occur by chance once in 10^15 telegrams. So inside a block they mean that the
block's length is damaged."""
_NEXT_WITHOUT_CRC: Final = rb"![\0 ]{0,4}[\r\n]{1,4}/[ \"-~]{3,78}[\r\n]"
_OPENING_INSIDE: Final = (
    rb"(?s)/[A-Za-z]{3}[ \"-~]{0,75}(?:\r\n\r\n|\n\n)"
    rb"|\xdb\x08[A-Z]{3}.{5}(?:\x81|(?:\x82|\x83\0|\x84\0\0)[\x00-\x1f]).[\x10-\x12\x20-\x22\x30-\x32\x50-\x52\x60-\x62\x70-\x72]"
)
"""The opening of another telegram. It is so strict that only one block of ciphertext in a million contains it."""
_OPENING_AT_END: Final = rb"(?s)(?:/[ \"-~]{0,78}(?:\r?\n?\r?)|\xdb(?:\x08.{0,11})?)\Z"
_FOOTER_SO_FAR: Final = rb"!?[0-9A-Fa-f]{0,3}[\0 ]{0,4}\Z"
_WHOLE_FOOTER: Final = rb"!([0-9A-Fa-f]{4})[\r\n]"
_UNENDED: Final = rb"[\r\n]![0-9A-Fa-f]{0,3}\Z"
_MARK: Final = rb"!"
_SLASH: Final = ord("/")
_PROVED_BYTES: Final = 12
"""So many bytes of a frame of another line include the checksum or the second length of its head."""


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


def measured(buffer: bytearray, start: int) -> Found:
    """How far the telegram at `start` reaches, if there is one."""
    first = buffer[start]
    if first == ciphering.GENERAL_GLO:
        return _measured_block(buffer, start, start)
    if first != _SLASH:
        return _measured_frame(buffer, start)
    ident = envelope.IDENT.match(buffer, start)
    if ident is None:
        return MORE if _late(_IDENT_SO_FAR).match(buffer, start) else NOISE
    content = ident.end()
    if content == len(buffer) or buffer[content] in b"\r\n":
        return MORE if content == len(buffer) else NOISE
    octet = buffer[content]
    if octet in envelope.OTHERS and envelope.is_other(buffer, content):
        found = _measured_block(buffer, start, content) if octet <= ciphering.TITLE_LIMIT else NOISE
        found = found if isinstance(found, Extent) else _measured_message(buffer, start, content)
    elif octet > ciphering.TITLE_LIMIT and octet != ciphering.GENERAL_GLO:
        found = _measured_text(buffer, start, content)
    else:
        found = _measured_block(buffer, start, content)
    if isinstance(found, str) or (isinstance(found, Extent) and found.checked):
        return found
    return NOISE if _holds_ident(buffer, start, _INNER if isinstance(found, Damaged) else _IDENT_LETTERS) else found


def _holds_ident(buffer: bytearray, start: int, inner: bytes) -> bool:
    """Whether another ident line begins inside the one at `start`. If no CRC proves the outer one, the inner one may open the telegram."""
    ident = envelope.IDENT.match(buffer, start)
    return ident is not None and _late(inner).search(buffer, start + 1, ident.end()) is not None


def lacks_line_end(buffer: bytearray) -> bool:
    """Whether the end of a capture lacks its last line end."""
    return bool(buffer) and _late(_UNENDED).search(buffer) is not None


def ident(data: bytes) -> str:
    """The first ident line in these bytes. "" if there is none."""
    found = _late(_IDENT_LETTERS).search(data)
    return found[0].strip(b"\r\n").decode("ascii") if found else ""


def unended(buffer: bytearray, start: int) -> Damaged | Literal["noise"]:
    """A candidate that was waited for, if nothing more comes."""
    size = len(buffer) - start
    if buffer[start] in (_SLASH, ciphering.GENERAL_GLO):
        return NOISE if _holds_ident(buffer, start, _INNER) else Damaged(FramingError(f"telegram stops after {size} bytes"), size)
    if size < _PROVED_BYTES:
        return NOISE
    kind = {"~": "an HDLC frame", "h": "a wired M-Bus frame"}.get(chr(buffer[start]), "an SML message")
    return Damaged(FramingError(f"this is {kind} that stops after {size} bytes"), size)


def _measured_frame(buffer: bytearray, start: int) -> Found:
    """Frames of another line. They are rare, so what measures them is loaded when the first one comes."""
    from telegraf_han.dlms import frames, recognised  # noqa: PLC0415

    try:
        found = recognised.framed(buffer, start)
    except (frames.BrokenMessageError, frames.DamagedFrameError) as error:
        return Damaged(error, error.end - start, error.end - 1)
    if found == "nothing":
        return NOISE
    if found is None:
        size = len(buffer) - start
        return (
            MORE if size <= TELEGRAM_LIMIT else Damaged(FramingError(f"a message in frames has no end within {TELEGRAM_LIMIT} bytes"), size)
        )
    # Two frames of HDLC may share one flag.
    return Extent(bytes(buffer[start : found.end]), found.end, int(buffer[start] == frames.FLAG), found.checked)


def _measured_message(buffer: bytearray, start: int, content: int) -> Found:
    """A message that is neither text nor a block. Only the CRC at its end, or its own structure, says where that is."""
    limit = start + TELEGRAM_LIMIT
    after = _late(_NEXT_WITHOUT_CRC).search(buffer, content, limit)
    for mark in _late(_MARK).finditer(buffer, content + 1, after.start() + 1 if after else limit):
        footer = _FOOTER.match(buffer, mark.start())
        if footer is None:
            continue
        digits = footer[1] or footer[2]
        telegram = bytes(buffer[start : mark.end()])
        if any(fits(telegram, digits) for fits in FOOTERS["block"]):
            return Extent(telegram, footer.end(), checked=True)
        if footer[1]:
            return _noisy(mark.start() - start, footer.end() - start)
        if not digits and envelope.is_known(telegram[content - start : -1]):
            return Extent(telegram, footer.end())
    if after is not None:
        size = after.start() - start
        return Damaged(FramingError(f"content of a telegram of {size} bytes is neither text nor a block nor a DLMS message"), size)
    if len(buffer) <= limit:
        return MORE
    return Damaged(FramingError(f"telegram has no end within {TELEGRAM_LIMIT} bytes"), TELEGRAM_LIMIT)


def _noisy(size: int, whole: int) -> Damaged:
    return Damaged(ChecksumError(f"CRC of a telegram of {size} bytes does not fit: noise on the line"), whole)


def _measured_block(buffer: bytearray, start: int, content: int) -> Found:
    has_ident = content > start
    if not has_ident and buffer[start + 1 : start + 2] not in (b"", _WHOLE_TITLE):
        return NOISE
    try:
        found = ciphering.extent(buffer, content)
        if found is None:
            return MORE
        _, end = found
        if end - start > TELEGRAM_LIMIT:
            raise FramingError(f"telegram announces {end - start} bytes, more than {TELEGRAM_LIMIT}")
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
        why = _changed(buffer, start, content, after.start())
        return Damaged(FramingError(why or f"telegram announces {end - start} bytes, but the next one begins after {size}"), size)
    return found_there


def _changed(buffer: bytearray, start: int, content: int, end: int) -> str:
    """What became of the line ends of a ciphered telegram that is damaged. "" if they do not tell."""
    from telegraf_han.p1 import lineends  # noqa: PLC0415, only what is damaged needs it

    return lineends.explained(bytes(buffer[start:content]), bytes(buffer[content:end]))


def _measured_bare(buffer: bytearray, start: int, end: int) -> Found:
    """A block without footer. If another telegram opens before its end, this block is cut short or its length is damaged."""
    title_end = start + 2 + ciphering.TITLE_LIMIT
    again = buffer.find(buffer[start:title_end], title_end, end)
    other = _late(_OPENING_INSIDE).search(buffer, start + 1, min(end, again + 1) if again >= 0 else end)
    next_start = other.start() if other else again
    if next_start >= 0:
        size = next_start - start
        return Damaged(FramingError(f"block announces {end - start} bytes, but the next one begins after {size}"), size)
    if end > len(buffer):
        return MORE
    opening = _late(_OPENING_AT_END).search(buffer, max(title_end, end - IDENT_LIMIT), end)
    return Extent(bytes(buffer[start:end]), end, end - opening.start() if opening else 0)


def _measured_text(buffer: bytearray, start: int, content: int) -> Found:
    limit = start + TELEGRAM_LIMIT
    last = _late(_END_OF_TEXT).search(buffer, content - 1, limit)
    wrong = _late(_NO_TEXT).search(buffer, content, last.end() - 1 if last else limit)
    if wrong:
        size = wrong.start() - start
        # Any other telegram that began before this place breaks off here, too, except a telegram whose ident line comes directly before its
        # block.
        return Damaged(FramingError(f"plain telegram breaks off after {size} bytes"), size, wrong.start() - IDENT_LIMIT)
    if last is None:
        if len(buffer) <= limit:
            return MORE
        return Damaged(FramingError(f"plain telegram has no end within {TELEGRAM_LIMIT} bytes"), TELEGRAM_LIMIT, limit - IDENT_LIMIT)
    if last.end() - 1 == content:
        return Damaged(FramingError("plain telegram has no content"), last.end() - start)
    return _measured_footer(buffer, start, content, last.end() - 1, "text")


def _measured_footer(buffer: bytearray, start: int, content: int, mark: int, kind: Content) -> Found:
    """The footer at `mark`, where a "!" must be, and its CRC."""
    footer = _FOOTER.match(buffer, mark)
    if footer is None:
        if _late(_FOOTER_SO_FAR).match(buffer, mark):
            return MORE
        return _displaced(buffer, start, content, mark)
    digits = footer[1] or footer[2]
    telegram = bytes(buffer[start : mark + 1])
    for fits in FOOTERS[kind]:
        if fits(telegram, digits):
            return Extent(telegram, footer.end(), 0, bool(digits))
    from telegraf_han.p1 import lineends  # noqa: PLC0415, only what is damaged needs it

    mended = lineends.text(telegram, digits) if kind == "text" else lineends.block(telegram, content - start, digits)
    if mended:
        return Extent(mended, footer.end(), checked=True, mended=True)
    why = _changed(buffer, start, content, mark) if kind == "block" else ""
    return Damaged(FramingError(why), footer.end() - start) if why else _noisy(mark - start, footer.end() - start)


def _displaced(buffer: bytearray, start: int, content: int, mark: int) -> Found:
    """A telegram without "!" where its block ends. Perhaps bytes were added to the block or taken from it."""
    from telegraf_han.p1 import lineends  # noqa: PLC0415, only what is damaged needs it

    ident = bytes(buffer[start:content])
    for footer in _late(_WHOLE_FOOTER).finditer(buffer, mark, mark + IDENT_LIMIT):
        mended = lineends.without_added(ident, bytes(buffer[content : footer.start() + 1]), footer[1])
        if mended and len(mended) - len(ident.rstrip(b"\r\n")) < footer.start() + 1 - content + len(b"\r\n\r\n"):
            return Extent(mended, footer.end(), checked=True, mended=True)
    why = _changed(buffer, start, content, mark)
    return Damaged(FramingError(why or f'no "!" and CRC where the telegram of {mark - start} bytes must end'), mark - start)
