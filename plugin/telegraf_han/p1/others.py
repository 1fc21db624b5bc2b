"""Measures what is seldom on a P1 line: frames of another line, messages without text, and telegrams that were damaged.

`extents` measures what comes every second, and asks here if that is not there. So nothing of this is loaded on a good line.

HDLC, wired M-Bus and SML have lengths and checksums of their own (`dlms.recognised`). A DLMS message behind an ident line has none, so only
the CRC behind its "!" or its own structure shows where it ends. A block whose line ends were changed is put back by `lineends`, if its CRC
proves that. [assumed] a DLMS message behind an ident line has the same footer as a block.
"""

import re
from functools import lru_cache
from typing import Final, Literal

from telegraf_han.dlms import ciphering, frames, recognised
from telegraf_han.errors import FramingError
from telegraf_han.language import _
from telegraf_han.p1 import lineends
from telegraf_han.p1.dialects import Content, fits
from telegraf_han.p1.envelope import IDENT
from telegraf_han.p1.extents import (
    FOOTER,
    IDENT_LIMIT,
    MORE,
    NOISE,
    SLASH,
    TELEGRAM_LIMIT,
    Damaged,
    Extent,
    Found,
    measured,
    noisy,
)

_INNER: Final = re.compile(rb"/(?=[ \"-~]{3,78}[\r\n])")
"""An ident line inside another one."""
_IDENT_LETTERS: Final = re.compile(rb"/[A-Za-z]{3}[ \"-~]{0,75}[\r\n]")
"""Without a CRC only the letters of a maker show that an ident line inside another one opens the telegram."""
_NEXT_WITHOUT_CRC: Final = re.compile(rb"![\0 ]{0,4}[\r\n]{1,4}/[ \"-~]{3,78}[\r\n]")
_WHOLE_FOOTER: Final = re.compile(rb"!([0-9A-Fa-f]{4})[\r\n]")
_MARK: Final = re.compile(rb"!")
_MARKS_LIMIT: Final = 16
"""The most places where a message is taken to end. By chance there is one in every fourth message of 8192 bytes, and hostile bytes have
thousands. Each is looked at to its start."""


def ident(data: bytes) -> str:
    """The first ident line in these bytes. "" if there is none."""
    found = _IDENT_LETTERS.search(data)
    return found[0].strip(b"\r\n").decode("ascii") if found else ""


def unended(buffer: bytearray, start: int) -> Damaged | Literal["noise"]:
    """A candidate that was waited for, if nothing more comes."""
    size = len(buffer) - start
    if buffer[start] in (SLASH, ciphering.GENERAL_GLO):
        return Damaged(FramingError(_("telegram stops after {size} bytes", size=size)), size, _last_inner(buffer, start) + 1)
    if size < recognised.PROVED_BYTES:
        return NOISE
    ident = _IDENT_LETTERS.search(buffer, start)
    resume = ident.start() if ident else len(buffer)
    return Damaged(FramingError(_("{what}. It has {size} bytes", what=recognised.broken_off(buffer[start]), size=size)), size, resume)


def outer(buffer: bytearray, start: int, found: Extent | Damaged) -> Found:
    """The telegram at `start`, whose CRC does not prove it, unless another ident line inside its ident line opens one."""
    inner = [start + 1 + one.start() for one in _INNER.finditer(_ident_of(buffer, start))]
    if isinstance(found, Extent):
        return NOISE if any(_IDENT_LETTERS.match(buffer, at) for at in inner) else found
    if any(isinstance(measured(buffer, at), Extent) for at in inner):
        return NOISE
    return found._replace(resume=max(found.resume, _last_inner(buffer, start) + 1))


def _ident_of(buffer: bytearray, start: int) -> bytes:
    """The ident line at `start` without its first byte."""
    ident = IDENT.match(buffer, start)
    return ident[0][1:] if ident else b""


def _last_inner(buffer: bytearray, start: int) -> int:
    """Offset of the last "/" inside an ident line, or of the ident line itself."""
    return start + 1 + _ident_of(buffer, start).rfind(b"/")


def frame(buffer: bytearray, start: int) -> Found:
    """How far the frames of another line at `start` reach."""
    try:
        found = recognised.framed(buffer, start)
    except (frames.BrokenMessageError, frames.DamagedFrameError) as error:
        return Damaged(error, error.end - start, error.end - 1)
    if found == "nothing":
        return NOISE
    if found is None:
        size = len(buffer) - start
        return (
            MORE
            if size <= TELEGRAM_LIMIT
            else Damaged(FramingError(_("a message in frames has no end within {limit} bytes", limit=TELEGRAM_LIMIT)), size)
        )
    # Two frames of HDLC may share one flag.
    return Extent(bytes(buffer[start : found.end]), found.end, int(buffer[start] == frames.FLAG), found.checked)


def message(buffer: bytearray, start: int, content: int) -> Found:
    """A message that is neither text nor a block. Only the CRC at its end, or its own structure, says where that is."""
    limit = start + TELEGRAM_LIMIT
    after = _NEXT_WITHOUT_CRC.search(buffer, content, limit)
    marks = 0
    for mark in _MARK.finditer(buffer, content + 1, after.start() + 1 if after else limit):
        footer = FOOTER.match(buffer, mark.start())
        if footer is None:
            continue
        marks += 1
        if marks > _MARKS_LIMIT:
            return _nothing_known(mark.start() - start)
        digits = footer[1] or footer[2]
        telegram = bytes(buffer[start : mark.end()])
        if fits("block", telegram, digits):
            return Extent(telegram, footer.end(), checked=True)
        if footer[1]:
            return noisy(mark.start() - start, footer.end() - start)
        if not digits and _is_known(telegram[content - start : -1]):
            return Extent(telegram, footer.end())
    if after is not None:
        return _nothing_known(after.start() - start)
    if len(buffer) <= limit:
        return MORE
    return Damaged(FramingError(_("telegram has no end within {limit} bytes", limit=TELEGRAM_LIMIT)), TELEGRAM_LIMIT)


@lru_cache(_MARKS_LIMIT)
def _is_known(message: bytes) -> bool:
    """Whether a message's structure proves what it is. It is remembered, because more bytes come, and its end is looked at again."""
    return recognised.known(message) != ""


def _nothing_known(size: int) -> Damaged:
    """What has a beginning of a message, and no end."""
    return Damaged(FramingError(_("content of a telegram of {size} bytes is neither text nor a block nor a DLMS message", size=size)), size)


def changed(buffer: bytearray, start: int, content: int, end: int) -> str:
    """What became of the line ends of a ciphered telegram that is damaged. "" if they do not tell."""
    return lineends.explained(bytes(buffer[start:content]), bytes(buffer[content:end]))


def mended(buffer: bytearray, start: int, content: int, footer: re.Match[bytes], kind: Content) -> Found:
    """A telegram whose CRC does not fit. Perhaps its line ends were changed."""
    telegram, digits = bytes(buffer[start : footer.start() + 1]), footer[1] or footer[2]
    sent = lineends.text(telegram, digits) if kind == "text" else lineends.block(telegram, content - start, digits)
    if sent:
        return Extent(sent, footer.end(), checked=True, mended=True)
    whole = footer.end() - start
    why = changed(buffer, start, content, footer.start()) if kind == "block" else ""
    return Damaged(FramingError(why), whole) if why else noisy(footer.start() - start, whole)


def displaced(buffer: bytearray, start: int, content: int, mark: int) -> Found:
    """A telegram without "!" where its block ends. Perhaps bytes were added to the block or taken from it."""
    ident = bytes(buffer[start:content])
    for footer in _WHOLE_FOOTER.finditer(buffer, mark, mark + IDENT_LIMIT):
        sent = lineends.without_added(ident, bytes(buffer[content : footer.start() + 1]), footer[1], mark - content)
        if sent:
            return Extent(sent, footer.end(), checked=True, mended=True)
    why = changed(buffer, start, content, mark)
    return Damaged(FramingError(why or _('no "!" and CRC where the telegram of {size} bytes must end', size=mark - start)), mark - start)
