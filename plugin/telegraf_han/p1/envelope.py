"""Opens a P1 frame: takes off what is around the content, deciphers the block if there is one, and gives the plain lines.

The envelope is DSMR's (P1 companion 5.0.2, 6.1). Its content is plain lines or a block. A block holds either bare lines, as Stoen's meters
send [seen], or a whole DSMR telegram with its own ident and CRC-16/ARC, as in Luxembourg and Austria (Luxmetering P1 1.1.3, 3.2.5). A block
in HDLC or wired M-Bus frames is taken out of them and opened in the same way. What is no P1 text there is named, and not read.

A key is right if the tag fits. Without AK, a key is right if the content begins as P1 text must, or if it is a DLMS message to its last
byte. Random bytes begin as P1 text once in 1e11 telegrams (`looks_like_p1`). So structure is looked at before a key is blamed.

A meter opens each telegram with the same bytes, and these bytes say where everything stands (`Opening`). So a telegram that opens like an
earlier one of its length is not taken apart again. A property test compares the two ways.
"""

import re
from typing import Final, NamedTuple

from telegraf_han.ciphers import crc
from telegraf_han.ciphers.secret import Key
from telegraf_han.dlms import ciphering
from telegraf_han.errors import ChecksumError, FramingError, RecordError, SecurityError, TelegramError, WrongKeyError
from telegraf_han.language import _, marked
from telegraf_han.telegram import Plain, of_fields

IDENT: Final = re.compile(rb"/([ \"-~]{3,78})[\r\n]{1,8}")
"""Printable characters except "!". IEC 62056-21, 6.3.2, allows no "/", but some meters send it [seen]. Line ends may have been doubled."""
_LOOKS_LIKE_P1: Final = re.compile(rb"(?:/[A-Za-z]{3}[ -~]{0,75}[\r\n]{1,8})?(?:\d{1,3}-\d{1,3}:\d{1,3}\.\d|\d{1,3}\.\d{1,3}\.\d{1,3}[(*])")
_CLOCK: Final = b"0-0:1.0"
"""The first code of nearly all texts. It looks like P1."""
_GENERAL_GLO: Final = bytes([ciphering.GENERAL_GLO])
_FRAME_OPENINGS: Final = (b"~", b"h", b"\x1b", b"\xe0")
"""First bytes of frames that are not DSMR's. No ident line stands before them."""
OTHERS: Final = b"\x01\x02\x0f~h\xc2\xdc\xdd\xdf\xe0"
"""First bytes of DLMS messages and frames that no text and no block of a P1 port begins with. 01 and 02 may be lengths of a title."""
_INNER_FOOTER: Final = rb"!([0-9A-Fa-f]{0,4})\0*\s*\Z"


_UNREAD: Final = marked(
    "{what}, which this program does not read. It reads DSMR text, plain or in a ciphered block. "
    "Ask the operator whether the port can send that"
)
SEARCH: Final = marked("`telegraf-han keys` tries typical mistakes")
"""The last sentence of a message about a wrong key."""
UNENCRYPTED: Final = marked(
    "the telegram is not encrypted, but encryption_key is set, so it is not believed. "
    'If the operator switched encryption off, write encryption = "optional"'
)


def unread(what: str) -> str:
    """What to say of a telegram that is of another kind: what it is, in words, and what this program reads."""
    return _(_UNREAD, what=what)


class Envelope(NamedTuple):
    """The parts of a frame, before any key is used."""

    ident: str
    """Ident line without "/". "" if the telegram has none."""
    block: ciphering.Block | None
    text: bytes
    """Data lines, if they are not ciphered. "" if the content is neither lines nor a block that this program opens."""
    found: str = ""
    """What the frame is, if it is not a P1 telegram with lines or a block, as words."""


class Opening(NamedTuple):
    """The first bytes of a telegram with a ciphered block, and what they say."""

    octets: bytes
    """All bytes up to the security control byte, with it."""
    ident: str
    title: bytes
    control: int
    text_end: int
    """Offset of the tag, if the block has one."""
    end: int
    """Offset of the block's end."""


OPENINGS_LIMIT: Final = 64
"""The most openings that are remembered. A meter has one. Only damaged or hostile input makes more, and then all are forgotten."""
_openings: Final[dict[int, Opening]] = {}
"""Openings by the length of their telegrams."""


def envelope(data: bytes) -> Envelope:
    """Take a frame apart. Raises FramingError."""
    known = _openings.get(len(data))
    if known is None or not data.startswith(known.octets):
        return _apart(data)
    octets, ident, title, control, text_end, end = known
    counter_at = len(octets)
    text_at = counter_at + ciphering.HEAD_BYTES - 1
    block = of_fields(ciphering.Block, (title, control, data[counter_at:text_at], data[text_at:text_end], data[text_end:end]))
    return of_fields(Envelope, (ident, block, b"", ""))


def opening(data: bytes) -> Opening | None:
    """The opening of a telegram. None if it is not one with a ciphered block."""
    try:
        envelope(data)
    except FramingError:
        return None
    known = _openings.get(len(data))
    return known if known is not None and data.startswith(known.octets) else None


def _remember(data: bytes, ident: str, content: int, block: ciphering.Block) -> None:
    """Keep the opening of a telegram with a block at `content`."""
    found = ciphering.extent(data, content)
    assert found is not None
    body, end = found
    if len(_openings) >= OPENINGS_LIMIT:
        _openings.clear()
    _openings[len(data)] = Opening(data[: body + 1], ident, block.title, block.control, end - len(block.tag), end)


def _apart(data: bytes) -> Envelope:
    """Take a frame apart that opens in its own way. Raises FramingError."""
    found = IDENT.match(data)
    if found:
        ident, content = found[1].decode("ascii"), found.end()
    elif data[:1] in _FRAME_OPENINGS:
        return _unframed("", data)
    else:
        ident, content = "", 0
    if content >= len(data):
        raise FramingError(_("telegram of {size} bytes has no content", size=len(data)))
    first = data[content]
    if first > ciphering.TITLE_LIMIT and first != ciphering.GENERAL_GLO and (first not in OTHERS or not is_other(data, content)):
        return Envelope(ident, None, data[content:].removesuffix(b"!"))
    try:
        block = ciphering.block(data, content)
    except FramingError:
        if not ident or not is_other(data, content):
            raise
        return _unframed(ident, data[content:].removesuffix(b"!"))
    _remember(data, ident, content, block)
    return Envelope(ident, block, b"")


def is_other(data: bytes | bytearray, content: int) -> bool:
    """Whether the content behind an ident line may be a DLMS message or frame. Text is no such thing, whatever letter it begins with."""
    first = data[content]
    return first in OTHERS and (first not in b"~h" or any(octet < 0x09 or octet > 0x7E for octet in data[content : content + 12]))  # noqa: PLR2004, ASCII


def is_known(message: bytes) -> bool:
    """Whether a message's own structure proves what it is."""
    from telegraf_han.dlms import recognised  # noqa: PLC0415, loaded where the first message of another line comes

    return bool(recognised.known(message))


def _unframed(ident: str, data: bytes) -> Envelope:
    """The parts of other frames, or of a message that stands where text or a block should. Raises FramingError."""
    from telegraf_han.dlms import recognised  # noqa: PLC0415, the same

    at_hand = recognised.framed(data, 0) if data[:1] in _FRAME_OPENINGS else recognised.Recognised(recognised.content(data), False, data)
    if not isinstance(at_hand, recognised.Recognised):
        raise FramingError(_("a frame of another line is cut short"))
    message, words = at_hand.apdu, at_hand.words
    if ident:
        words = _("{what} where text or a block was expected", what=words)
    if message[:1] == _GENERAL_GLO:
        try:
            return Envelope(ident, ciphering.block(message, 0), b"", words)
        except FramingError as error:
            raise FramingError(f"{words}: {error}") from None
    if looks_like_p1(message):
        return Envelope(ident, None, _inner(message), words)
    return Envelope(ident, None, b"", words)


def looks_like_p1(plaintext: bytes) -> bool:
    """Whether a plaintext begins as P1 text must: with a code, or with an ident line and a code. Its first 100 bytes are enough to tell.

    Of random bytes, one in 1.2e11 begins that way. The form `1.8.0(` is the likeliest: a digit is 10 of 256 bytes, "." is one, "(" or "*"
    are two, so (10/256)^3 * (1/256)^2 * 2/256 = 7e-12, and 8e-12 with numbers of more digits. `0-0:1.0` adds 2e-13, and an ident line adds
    nothing to speak of. An ident line alone would be one in 5 million, so a code has to follow it. `tests/tools/noise.py` measures this.
    """
    return plaintext.startswith(_CLOCK) or _LOOKS_LIKE_P1.match(plaintext) is not None


def opened(
    found: Envelope,
    encryption_key: Key | None,
    authentication_key: Key | None,
    authentication: str,
    *,
    encryption: str = "required",
    system_title: bytes = b"",
    checked: bool = False,
) -> Plain:
    """The plain lines of an envelope.

    `authentication` is "preferred" (a tag that does not fit leaves `verified` False) or "required" (such a tag raises SecurityError).
    With an `encryption_key` and `encryption` "required", plain content that no tag proves raises SecurityError, because anybody could have
    sent it. `system_title` replaces the title that the telegram names. `checked` says that a checksum showed that the frame arrived whole.
    Raises WrongKeyError if the key does not open the block, RecordError if the content is no P1 text, and ChecksumError if the CRC of
    an inner telegram does not fit.
    """
    if found.block is None:
        if not found.text and found.found:
            raise RecordError(unread(found.found))
        if authentication == "required":
            raise SecurityError(_('the telegram is not encrypted, but the configuration says authentication = "required"'))
        if encryption_key is not None and encryption == "required":
            raise SecurityError(_(UNENCRYPTED))
        return Plain(None, found.text, verified=False, counter=None, form="dsmr")
    try:
        plaintext, verified = ciphering.opened(found.block, encryption_key, authentication_key, system_title)
    except WrongKeyError as error:
        raise WrongKeyError(f"{found.found}: {error}" if found.found else str(error)) from None
    if not (verified or found.block.control & ciphering.ENCRYPTED) and encryption_key is not None and encryption == "required":
        raise SecurityError(_(UNENCRYPTED))
    if not looks_like_p1(plaintext):
        raise _unreadable(found, plaintext, encryption_key, authentication_key, system_title, verified=verified, checked=checked)
    counter = int.from_bytes(found.block.counter, "big")
    if verified:
        return of_fields(Plain, (None, _inner(plaintext), verified, counter, "dsmr", "", None, (), b""))
    doubt = "" if authentication_key is None else _doubt(found.block, plaintext, encryption_key, system_title)
    if authentication == "required":
        lack = doubt or _("the meter has no authentication_key in the configuration, so the tag proves nothing")
        raise SecurityError(_("{why}. The telegram is dropped, as the configuration requires", why=lack))
    return Plain(None, _inner(plaintext), verified, counter, "dsmr", doubt)


def _doubt(block: ciphering.Block, plaintext: bytes, encryption_key: Key | None, system_title: bytes) -> str:
    """Why a telegram that could be opened is not proven."""
    if not block.tag:
        return _("authentication_key proves nothing: the telegram has no tag")
    if encryption_key is not None and ciphering.proves_nothing(block, plaintext, encryption_key, system_title):
        return _(
            "authentication_key proves nothing: the tag fits, but without the authentication key, "
            "so it proves nothing about who sent the telegram"
        )
    if block.control & ciphering.ENCRYPTED:
        return _(
            "authentication_key proves nothing: encryption_key is right, but the tag does not fit authentication_key: this key is wrong "
            "or mistyped, or the meter makes its tag in another way"
        )
    return _(
        "authentication_key proves nothing: the tag does not fit authentication_key: this key is wrong or mistyped, "
        "or the meter makes its tag in another way"
    )


def _unreadable(
    found: Envelope,
    plaintext: bytes,
    encryption_key: Key | None,
    authentication_key: Key | None,
    system_title: bytes,
    *,
    verified: bool,
    checked: bool,
) -> TelegramError:
    """The error for a block whose content is no P1 text: the content's fault if the key is proven, otherwise the key's fault."""
    from telegraf_han.dlms import recognised  # noqa: PLC0415, the same

    assert found.block is not None
    block, name = found.block, recognised.known(plaintext)
    around = found.found or _("a ciphered block")
    if name:
        inside = _("{around}, and in it {inside}", around=around, inside=unread(name))
        return RecordError(f"{inside}. " + _("encryption_key is right, so do not change it"))
    if verified or (encryption_key is not None and ciphering.proves_nothing(block, plaintext, encryption_key, system_title)):
        return RecordError(
            _(
                "{around}, whose content begins with {begin}, which is not a line of P1 text. encryption_key is right",
                around=around,
                begin=plaintext[:4].hex(),
            )
        )
    if not block.control & ciphering.ENCRYPTED:
        return RecordError(_("{around}, whose content is neither encrypted nor P1 text", around=around))
    why = _wrong_key(block, authentication_key, system_title, checked=checked)
    return WrongKeyError(f"{found.found}: {why}" if found.found else why)


def _wrong_key(block: ciphering.Block, authentication_key: Key | None, system_title: bytes, *, checked: bool) -> str:
    """One sentence about a key that does not open.

    Swapped keys are tried, because owners report that mistake and the try costs nothing here.
    """
    try:
        swapped = authentication_key and ciphering.opened(block, authentication_key, None, system_title)
    except WrongKeyError:
        swapped = None
    if swapped and (looks_like_p1(swapped[0]) or is_known(swapped[0])):
        return _("encryption_key and authentication_key are swapped: authentication_key opens the telegram; exchange the two")
    if system_title:
        why = _("encryption_key does not open the telegram with the system_title of the configuration: one of the two is wrong")
    elif checked:
        why = _(
            "encryption_key does not open the telegram, which arrived without line errors: "
            "it is not the key of this meter, or it is mistyped"
        )
    else:
        why = _(
            "encryption_key does not open the telegram: it is not the key of this meter, or it is mistyped. The telegram has no checksum, "
            "so noise on the line may be to blame, if only some telegrams fail"
        )
    return f"{why}. {_(SEARCH)}"


def _inner(plaintext: bytes) -> bytes:
    """The lines of a plaintext. If the plaintext is a whole telegram, its CRC-16/ARC is checked and its lines are returned."""
    ident = IDENT.match(plaintext) if plaintext.startswith(b"/") else None
    if ident is None:
        return plaintext
    footer = re.search(_INNER_FOOTER, plaintext)
    if footer is None:
        raise FramingError(_('the telegram inside the ciphered block has no "!" at its end'))
    if footer[1] and int(footer[1], 16) != crc.arc(plaintext[: footer.start() + 1]):
        raise ChecksumError(_("CRC of the telegram inside the ciphered block does not fit"))
    return plaintext[ident.end() : footer.start()]
