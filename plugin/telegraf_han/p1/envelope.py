"""Opens a P1 frame: takes off the ident line, deciphers the block if there is one, and gives the plain lines.

The envelope is DSMR's (P1 companion 5.0.2, 6.1). Its content is plain lines or a block. A block holds either bare lines, as Stoen's meters
send [seen], or a whole DSMR telegram with its own ident and CRC-16/ARC, as in Luxembourg and Austria (Luxmetering P1 1.1.3, 3.2.5). A key
is right if the tag fits. Without AK, a key is right if the text begins as P1 text must. Random bytes begin that way once in 1e11 telegrams
(`looks_like_p1`).
"""

import re
from typing import Final, NamedTuple

from telegraf_han.ciphers import crc
from telegraf_han.ciphers.secret import Key
from telegraf_han.dlms import ciphering
from telegraf_han.errors import ChecksumError, FramingError, RecordError, SecurityError, WrongKeyError
from telegraf_han.telegram import Plain

_IDENT: Final = re.compile(rb"/([ \"-.0-~]{3,78})\r?\n(?:\r?\n)?")
_LOOKS_LIKE_P1: Final = re.compile(
    rb"(?:/[A-Za-z]{3}[ -~]{0,75}\r?\n(?:\r?\n)?)?(?:\d{1,3}-\d{1,3}:\d{1,3}\.\d|\d{1,3}\.\d{1,3}\.\d{1,3}[(*])"
)
_INNER_FOOTER: Final = re.compile(rb"!([0-9A-Fa-f]{0,4})\0*\s*\Z")


UNENCRYPTED: Final = (
    "the telegram is not encrypted, but encryption_key is set, so it is not believed. "
    'If the operator switched encryption off, write encryption = "optional"'
)


class Envelope(NamedTuple):
    """The parts of a frame, before any key is used."""

    ident: str
    """Ident line without "/". "" if the telegram has none."""
    block: ciphering.Block | None
    text: bytes
    """Data lines, if they are not ciphered."""


def envelope(data: bytes) -> Envelope:
    """Take a frame apart. Raises FramingError."""
    found = _IDENT.match(data)
    ident = found[1].decode("ascii") if found else ""
    content = found.end() if found else 0
    if content >= len(data):
        raise FramingError(f"telegram of {len(data)} bytes has no content")
    if data[content] > ciphering.TITLE_LIMIT and data[content] != ciphering.GENERAL_GLO:
        return Envelope(ident, None, data[content:].removesuffix(b"!"))
    return Envelope(ident, ciphering.block(data, content), b"")


def looks_like_p1(plaintext: bytes) -> bool:
    """Whether a plaintext begins as P1 text must: with a code, or with an ident line and a code. Its first 100 bytes are enough to tell.

    Of random bytes, one in 1.2e11 begins that way. The form `1.8.0(` is the likeliest: a digit is 10 of 256 bytes, "." is one, "(" or "*"
    are two, so (10/256)^3 * (1/256)^2 * 2/256 = 7e-12, and 8e-12 with numbers of more digits. `0-0:1.0` adds 2e-13, and an ident line adds
    nothing to speak of. An ident line alone would be one in 5 million, so a code has to follow it. `tests/tools/noise.py` measures this.
    """
    return _LOOKS_LIKE_P1.match(plaintext) is not None


def opened(
    found: Envelope,
    encryption_key: Key | None,
    authentication_key: Key | None,
    authentication: str,
    *,
    encryption: str = "required",
    system_title: bytes = b"",
) -> Plain:
    """The plain lines of an envelope.

    `authentication` is "preferred" (a tag that does not fit leaves `verified` False) or "required" (such a tag raises SecurityError).
    With an `encryption_key` and `encryption` "required", plain content that no tag proves raises SecurityError, because anybody could have
    sent it. `system_title` replaces the title that the telegram names.
    Raises WrongKeyError if the key does not open the block, RecordError if the content is no P1 text, and ChecksumError if the CRC of
    an inner telegram does not fit.
    """
    if found.block is None:
        if authentication == "required":
            raise SecurityError('the telegram is not encrypted, but the configuration says authentication = "required"')
        if encryption_key is not None and encryption == "required":
            raise SecurityError(UNENCRYPTED)
        return Plain(None, found.text, verified=False, counter=None, form="dsmr")
    plaintext, verified = ciphering.opened(found.block, encryption_key, authentication_key, system_title)
    if not (verified or found.block.control & ciphering.ENCRYPTED) and encryption_key is not None and encryption == "required":
        raise SecurityError(UNENCRYPTED)
    if not looks_like_p1(plaintext):
        if verified:
            raise RecordError(f"content begins with {plaintext[:4].hex()}, which is not a line of P1 text")
        raise WrongKeyError(_wrong_key(found.block, authentication_key))
    if authentication == "required" and not verified:
        lack = "the tag does not fit authentication_key" if found.block.tag else "the telegram carries no tag"
        raise SecurityError(f"{lack}; the telegram is dropped, as the configuration requires")
    return Plain(None, _inner(plaintext), verified, int.from_bytes(found.block.counter, "big"), "dsmr")


def _wrong_key(block: ciphering.Block, authentication_key: Key | None) -> str:
    """One sentence about a key that does not open.

    Swapped keys are tried, because owners report that mistake and the try costs nothing here.
    """
    try:
        swapped = authentication_key and ciphering.opened(block, authentication_key, None)
    except WrongKeyError:
        swapped = None
    if swapped and looks_like_p1(swapped.plaintext):
        return "encryption_key and authentication_key are swapped: authentication_key opens the telegram; exchange the two"
    return (
        "encryption_key does not open the telegram, which arrived without line errors: it is not the key of this meter, or it is mistyped"
    )


def _inner(plaintext: bytes) -> bytes:
    """The lines of a plaintext. If the plaintext is a whole telegram, its CRC-16/ARC is checked and its lines are returned."""
    ident = _IDENT.match(plaintext)
    if ident is None:
        return plaintext
    footer = _INNER_FOOTER.search(plaintext)
    if footer is None:
        raise FramingError('the telegram inside the ciphered block has no "!" at its end')
    if footer[1] and int(footer[1], 16) != crc.arc(plaintext[: footer.start() + 1]):
        raise ChecksumError("CRC of the telegram inside the ciphered block does not fit")
    return plaintext[ident.end() : footer.start()]
