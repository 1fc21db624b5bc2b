"""Turns a P1 frame into a telegram of an invented meter: same structure, same values, and the public demo keys.

A telegram that opens is read, freed of names (`lines`), enciphered again under the demo keys, and closed with a new footer. A telegram that
does not open keeps its structure and loses its content. The reason: some meters never change their nonce, so their key stream is constant
[seen]. A person who knows the text of one telegram could then read every other ciphertext that is published under the same real key. A tag
that did not fit before does not fit afterwards either. [assumed] X-25 low byte first for blocks and ARC for text: a frame does not say how
its old footer was written.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from telegraf_han.ciphers import aes, crc
from telegraf_han.ciphers.demokeys import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import MeterConfig
from telegraf_han.dlms import ciphering
from telegraf_han.dlms.ciphering import Block
from telegraf_han.errors import TelegramError
from telegraf_han.inspection.redaction import harmless, lines
from telegraf_han.inspection.redaction.numbers import Numbers
from telegraf_han.p1 import envelope
from telegraf_han.p1.envelope import Envelope

LONG_ENCRYPTION_KEY: Final = Key(bytes(range(32)))
"""For security suite 2: 00 01 02 … 1F."""
LONG_AUTHENTICATION_KEY: Final = Key(bytes(range(0xD0, 0xF0)))
_LETTERS: Final = 3
_INNER_FOOTER: Final = re.compile(rb"!([0-9A-Fa-f]{0,4})(\0*\s*)\Z")

Verdict = Literal["opened", "plain", "closed", "withheld"]
"""In this order: read and enciphered again; without cipher before and after; content taken out; a number was left in the telegram, so
nothing is shown."""


class Redacted(NamedTuple):
    """A telegram that may be shown, or b"" if it is withheld, and what became of it."""

    data: bytes
    verdict: Verdict
    why: str = ""
    key_bytes: int = 0
    """Length of the keys that open it; 0 for plain text."""


class _Keys(NamedTuple):
    """Two keys of one length."""

    encryption: Key
    authentication: Key


_DEMO: Final = {
    16: _Keys(DEMO_ENCRYPTION_KEY, DEMO_AUTHENTICATION_KEY),
    32: _Keys(LONG_ENCRYPTION_KEY, LONG_AUTHENTICATION_KEY),
}
"""Key length in bytes, which depends on the security suite → demo keys."""


class _Sealed(NamedTuple):
    """A block without its length."""

    title: bytes
    body: bytes


class _Opened(NamedTuple):
    """The content of a block, and the additional data that prove it."""

    plaintext: bytes
    additional: str
    """The row of AAD_VARIANTS under which the tag fits, or "" if it fits under none."""


def redacted(data: bytes, meters: Sequence[MeterConfig], numbers: Numbers) -> Redacted:
    """One frame. Raises FramingError."""
    found = envelope.envelope(data)
    if found.found:
        return Redacted(b"", "withheld", f"{found.found}. Numbers inside such frames cannot be found, so nothing of it is shown")
    begin = _content_at(data, found)
    head = lines.ident(data[:begin], numbers)
    if found.block is None:
        text = lines.redacted(data[begin:].removesuffix(b"!"), numbers)
        return _checked(head + text + b"!", head + text, "plain", "", numbers)
    opened, why = _opened(found, meters)
    plaintext = b"" if opened is None else _text(opened.plaintext, numbers)
    sealed = _closed(found.block, numbers) if opened is None else _sealed(found.block, plaintext, opened.additional, numbers)
    general = b"\xdb" if data[begin] == ciphering.GENERAL_GLO else b""
    whole = head + general + _with_length(sealed, _length_of(data, begin)) + (b"!" if found.ident else b"")
    size = ciphering.KEY_BYTES[found.block.control & ciphering.SUITE]
    readable = b"\n".join((head, sealed.title, plaintext))
    return _checked(whole, readable, "closed" if opened is None else "opened", why, numbers)._replace(key_bytes=size)


def _length_of(data: bytes, begin: int) -> bytes:
    """The length of a block as the meter writes it, because there are several ways."""
    found = ciphering.extent(data, begin)
    assert found is not None
    title_at = begin + (data[begin] == ciphering.GENERAL_GLO)
    return data[title_at + 1 + data[title_at] : found[0]]


def _with_length(sealed: _Sealed, written: bytes) -> bytes:
    """The whole block. If its length is the same as before, it is written in the same way."""
    size = len(sealed.body)
    same = ciphering.ber_length(written, 0) == (size, len(written))
    return bytes([len(sealed.title)]) + sealed.title + (written if same else b"\x82" + size.to_bytes(2, "big")) + sealed.body


def _content_at(data: bytes, found: Envelope) -> int:
    """Offset behind the ident line and its line ends."""
    if not found.ident:
        return 0
    at = 1 + len(found.ident)
    while data[at : at + 1] in (b"\r", b"\n"):
        at += 1
    return at


def _opened(found: Envelope, meters: Sequence[MeterConfig]) -> tuple[_Opened | None, str]:
    """The content under the keys of the first meter that open it, or None and the first reason."""
    block, why = found.block, 'no meter with interface = "p1" is configured'
    assert block is not None
    for number, meter in enumerate(meters):
        try:
            envelope.opened(found, meter.encryption_key, meter.authentication_key, "preferred", encryption="optional")
            plaintext, verified = ciphering.opened(block, meter.encryption_key, meter.authentication_key)
        except TelegramError as error:
            why = str(error) if not number else why
            continue
        return _Opened(plaintext, _variant(block, plaintext, meter) if verified else ""), ""
    return None, why


def _variant(block: Block, plaintext: bytes, meter: MeterConfig) -> str:
    """The row of AAD_VARIANTS under which the tag fits, or ""."""
    assert meter.encryption_key is not None
    assert meter.authentication_key is not None
    keys = _Keys(meter.encryption_key, meter.authentication_key)
    for name in ciphering.AAD_VARIANTS:
        if _tag(block, plaintext, name, keys) == block.tag:
            return name
    return ""


def _tag(block: Block, plaintext: bytes, name: str, keys: _Keys) -> bytes:
    """The tag that a plaintext has in a block like `block`."""
    additional = ciphering.AAD_VARIANTS[name](bytes([block.control]), keys.authentication.reveal())
    nonce = block.title.ljust(ciphering.TITLE_LIMIT, b"\0") + block.counter
    if block.control & ciphering.ENCRYPTED:
        return aes.gcm_tag(keys.encryption, nonce, plaintext, additional)
    return aes.gcm_tag(keys.encryption, nonce, b"", additional + plaintext)


def _text(plaintext: bytes, numbers: Numbers) -> bytes:
    """The redacted lines. A plaintext that is a whole telegram gets a new CRC, too."""
    footer = _INNER_FOOTER.search(plaintext)
    if not plaintext.startswith(b"/") or footer is None:
        return lines.redacted(plaintext, numbers)
    ident, end, content = plaintext[: footer.start()].partition(b"\n")
    inner = lines.ident(ident + end, numbers) + lines.redacted(content, numbers) + b"!"
    return inner + (f"{crc.arc(inner):04X}".encode("ascii") if footer[1] else b"") + footer[2]


def _sealed(block: Block, plaintext: bytes, additional: str, numbers: Numbers) -> _Sealed:
    """A block like the one that was opened, under the demo keys. It begins at the title."""
    keys = _DEMO[ciphering.KEY_BYTES[block.control & ciphering.SUITE]]
    fresh = block._replace(title=_title(block.title, numbers))
    nonce = fresh.title.ljust(ciphering.TITLE_LIMIT, b"\0") + block.counter
    content = aes.gcm_text(keys.encryption, nonce, plaintext) if block.control & ciphering.ENCRYPTED else plaintext
    tag = _tag(fresh, plaintext, additional or next(iter(ciphering.AAD_VARIANTS)), keys) if block.tag else b""
    tag = tag if additional else bytes([octet ^ 0xFF for octet in tag])
    return _Sealed(fresh.title, bytes([block.control]) + block.counter + content + tag)


def _closed(block: Block, numbers: Numbers) -> _Sealed:
    """A block whose content could not be read. The content becomes zeros, so that nobody can read it."""
    body = bytes([block.control]) + block.counter + bytes(len(block.ciphertext)) + bytes(len(block.tag))
    return _Sealed(_title(block.title, numbers), body)


def _title(title: bytes, numbers: Numbers) -> bytes:
    """A system title that keeps the maker's letters. The serial number behind them has one of many forms, so it is replaced."""
    if not title:
        return title
    letters = title[:_LETTERS] if title[:_LETTERS].isalpha() else b"XXX"
    rest = title[_LETTERS:]
    numbers.note_replaced(harmless.IDENTIFIERS, "system title")
    for digits in (harmless.digits_of(rest),) if rest.isalnum() else (str(int.from_bytes(rest, "big")), rest.hex()):
        if digits.isdecimal():
            numbers.known.remember(digits)
    return letters[: len(title)] + numbers.ordinal(rest).to_bytes(max(len(rest), _LETTERS), "big")[-len(rest) or len(title) :]


def _checked(data: bytes, readable: bytes, verdict: Verdict, why: str, numbers: Numbers) -> Redacted:
    """The telegram with its footer, or nothing if a replaced number is still in what everybody can read of it."""
    if numbers.leaks(readable):
        return Redacted(b"", "withheld", "a number that was replaced is still in it in another form")
    return Redacted(data + _footer(data, verdict), verdict, why)


def _footer(data: bytes, verdict: Verdict) -> bytes:
    """The digits behind "!", if there is one."""
    if not data.startswith(b"/"):
        return b""
    value = crc.arc(data) if verdict == "plain" else (crc.x25(data) & 0xFF) << 8 | crc.x25(data) >> 8
    return f"{value:04X}\r\n".encode("ascii")
