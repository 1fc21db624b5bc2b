"""Says what bytes are by their structure and their checksums, before any key, cable or line is blamed.

An owner acts on a diagnosis. So bytes that another kind of meter sends, or a meter that another network has set up, are named for what they
are: HDLC frames, wired M-Bus, blocks of general-block-transfer, a bare ciphered message, a push where text was expected, SML (BSI
TR-03109-1, the transport of version 1), a readout or a request of IEC 62056-21. `framed` is for a stream: it measures frames that have
checksums. `named` is for a recording, in which the first thing that can be recognised counts. `content` names a message, such as the
plaintext of a block: if it answers, the key was right.

[seen] the frames of HDLC and wired M-Bus, and the tags of messages, on published captures. [assumed] a bare message without checksum is
told only by its own lengths, so it must begin where the recording does.
"""

import re
from typing import Final, Literal, NamedTuple

from telegraf_han.ciphers import crc
from telegraf_han.dlms import axdr, ciphering, frames
from telegraf_han.errors import FramingError
from telegraf_han.language import _, counted, marked

_MESSAGES: Final = {
    # tag: name (Green Book 9.5)
    0x0F: marked("a data-notification (DLMS push)"),
    0x01: marked("the body of a DLMS push"),
    0x02: marked("the body of a DLMS push"),
    0xC2: marked("an event notification of DLMS"),
    ciphering.GENERAL_GLO: marked("a ciphered DLMS message (general-glo-ciphering)"),
    0xDC: marked("a ciphered DLMS message (general-ded-ciphering)"),
    0xDD: marked("a ciphered DLMS message (general-ciphering)"),
    0xDF: marked("a signed DLMS message (general-signing)"),
    frames.GENERAL_BLOCK: marked("a general-block-transfer of DLMS"),
}
_SML_START: Final = b"\x1b\x1b\x1b\x1b\x01\x01\x01\x01"
_SML_END: Final = re.compile(rb"\x1b{4}(?:\x1b{4}|\x1a[\0-\x03](..))", re.DOTALL)
_SML_TAIL: Final = 2
SML: Final = marked("an SML message")
PROVED_BYTES: Final = 12
"""So many bytes of a frame include the checksum or the second length of its head."""
_TITLE: Final = bytes([ciphering.TITLE_LIMIT])
_BLOCK: Final = re.compile(rb"(?:\0|\x08.{8})(?:\x81.|\x82..)[\x10-\x12\x20-\x22\x30-\x32\x50-\x52\x60-\x62\x70-\x72]", re.DOTALL)
"""Title, length and security control byte of a block."""
_DEDICATED: Final = 0xDC
_GENERAL: Final = frozenset(b"\xdd\xdf")
_EVENT: Final = re.compile(rb"\xc2(?:\0|\x01?\x0c.{12})\0.[\0-\x0f].{4}\xff[\0-\x7f]", re.DOTALL)
"""Time, class, OBIS code, attribute."""

_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2}[\s:|,_-]*){16,}")
_NO_DIGIT: Final = re.compile(rb"[^0-9A-Fa-f]")
_READOUT: Final = re.compile(rb"\x02[^\x00-\x08\x0e-\x1f]{8,}?![\r\n]{0,2}\x03", re.DOTALL)
_REQUEST: Final = re.compile(rb"/\?[0-9A-Za-z ]{0,32}!\r?\n")
_ACKNOWLEDGED: Final = re.compile(rb"\A\s*\x06[0-9][0-9A-Za-z][0-9]\r?\n")


class Recognised(NamedTuple):
    """Bytes that were recognised."""

    words: str
    """What they are."""
    checked: bool
    """Whether a checksum was there and fits. Without one, damage does not show."""
    apdu: bytes = b""
    """The message inside, joined from its segments and blocks. "" if there is none of DLMS."""
    start: int = 0
    end: int = 0
    """Where it stands in the bytes: from `start` to before `end`."""
    todo: str = ""
    """What to do, if that is special."""


def framed(data: bytes | bytearray, start: int) -> Recognised | Literal["nothing"] | None:
    """The frames at `start`: None if bytes are missing, "nothing" if no frame begins there.

    Raises frames.DamagedFrameError, and frames.BrokenMessageError for frames that are no whole message.
    """
    first = data[start]
    if first == _SML_START[0]:
        return _sml(data, start)
    measure = _MEASURES.get(first)
    message = measure(data, start) if measure else "nothing"
    if message is None or message == "nothing":
        return message
    return Recognised(_framed_words(message), checked=message.frames > 0, apdu=message.apdu, start=start, end=message.end)


_MEASURES: Final = {frames.FLAG: frames.hdlc, frames.MBUS: frames.mbus, frames.GENERAL_BLOCK: frames.blocks}
"""First byte → what measures such frames."""


def _framed_words(message: frames.Message) -> str:
    inside = message.note or content(message.apdu)
    if message.blocks:
        inside = counted(
            "{number} blocks of a general-block-transfer, and in them {inside}",
            "{number} blocks of a general-block-transfer, and in them {inside}",
            message.blocks,
            inside=inside,
        )
    if message.kind == "blocks":
        return inside
    if message.kind == "hdlc":
        return counted("an HDLC frame with {inside}", "{number} HDLC frames with {inside}", message.frames, inside=inside)
    return counted("a wired M-Bus frame with {inside}", "{number} wired M-Bus frames with {inside}", message.frames, inside=inside)


def content(apdu: bytes) -> str:
    """The name of a message that is whole to its last byte, and otherwise what its first byte announces."""
    if not apdu:
        return _("no message")
    named = _MESSAGES.get(apdu[0])
    return known(apdu) or (_(named) if named else _("a message of type {type:02X}", type=apdu[0]))


def known(message: bytes) -> str:
    """The name of a message whose own structure proves what it is. "" for any other bytes.

    If this is a plaintext, its key was right: random bytes get a name less than once in 10^9 telegrams.
    """
    tag = message[:1]
    if not tag:
        return ""
    if tag[0] == frames.GENERAL_BLOCK:
        inner = frames.joined(message)
        return _("a general-block-transfer of DLMS with {inside}", inside=known(inner)) if inner and known(inner) else ""
    if tag[0] == ciphering.GENERAL_GLO or tag[0] == _DEDICATED:
        return _(_MESSAGES[tag[0]]) if _sealed_end(message) == len(message) else ""
    if tag[0] in _GENERAL:
        return _(_MESSAGES[tag[0]]) if _general_fits(message) else ""
    if _EVENT.match(message):
        return _(_MESSAGES[0xC2])
    return axdr.pushed(message)


def _sealed_end(message: bytes, title_at: int = 1) -> int:
    """Offset after a bare ciphered message. Behind its tag it must have a whole system title. -1 if there is none."""
    if title_at and message[title_at : title_at + 1] != _TITLE:
        return -1
    try:
        found = ciphering.extent(message, title_at)
    except FramingError:
        return -1
    return found[1] if found is not None else -1


def _general_fits(message: bytes) -> bool:
    """Whether the fields of a general-ciphering or general-signing message are there: octet strings, two of them system titles."""
    try:
        transaction = ciphering.ber_length(message, 1)
        if transaction is None or transaction[0] > 2 * ciphering.TITLE_LIMIT:
            return False
        at = sum(transaction)
        titles = message[at : at + 1], message[at + 9 : at + 10]
        return titles[0] == _TITLE and titles[1] in (_TITLE, b"\0")
    except FramingError:
        return False


def _sml(data: bytes | bytearray, start: int) -> Recognised | Literal["nothing"] | None:
    head = data[start : start + len(_SML_START)]
    if head != _SML_START:
        return None if _SML_START.startswith(head) else "nothing"
    for found in _SML_END.finditer(data, start + len(_SML_START)):
        if found[1] is not None:
            fits = crc.x25(bytes(data[start : found.end() - _SML_TAIL])) == int.from_bytes(found[1], "little")
            return Recognised(_(SML), checked=fits, start=start, end=found.end())
    return None


def named(data: bytes) -> Recognised | None:
    """The first thing in a recording that is recognised. Its bytes may be written in hex."""
    return _binary(data) or _text(data) or _spelt(data)


_PLACES: Final = re.compile(rb"~[\xa0-\xaf]|h(.)\1h|\x1b{4}\x01{4}", re.DOTALL)
"""Where frames may begin."""


def _binary(data: bytes) -> Recognised | None:
    for place in _PLACES.finditer(data):
        try:
            found = framed(data, place.start())
        except frames.DamagedFrameError as error:
            return Recognised(str(error), checked=False, start=place.start(), end=error.end)
        except frames.BrokenMessageError as error:
            words = (
                _("a message in HDLC frames that is not whole: {why}", why=error)
                if data[place.start()] == frames.FLAG
                else _("a message in wired M-Bus frames that is not whole: {why}", why=error)
            )
            return Recognised(words, checked=True, start=place.start(), end=error.end)
        if isinstance(found, Recognised):
            return found
        if found is None and len(data) - place.start() >= PROVED_BYTES:
            return Recognised(broken_off(data[place.start()]), checked=False, start=place.start(), end=len(data))
    message = data.lstrip(b"\r\n ")
    name = known(message) or (known(message[: _sealed_end(message)]) if _sealed_end(message) > 0 else "")
    at = len(data) - len(message)
    if name:
        return Recognised(_("{what} without a frame", what=name), checked=False, apdu=message, start=at, end=len(data))
    if _BLOCK.match(message) and 0 < (end := _sealed_end(message, 0)) <= len(message) and not message[end:].strip(b"\r\n\0 "):
        words = _("a ciphered block without an ident line before it")
        return Recognised(words, checked=False, apdu=message, start=at, end=len(data))
    return None


_BROKEN_SML: Final = marked("an SML message that is damaged or cut off")
_BROKEN_OFF: Final = {
    frames.FLAG: marked("an HDLC frame that is damaged or cut off"),
    frames.MBUS: marked("a wired M-Bus frame that is damaged or cut off"),
    frames.GENERAL_BLOCK: marked("a general-block-transfer of DLMS that is damaged or cut off"),
}


def broken_off(first: int) -> str:
    """What a frame is that began with this byte, and whose end did not come."""
    return _(_BROKEN_OFF.get(first, _BROKEN_SML))


def _text(data: bytes) -> Recognised | None:
    """What a reader and a meter say to each other at an optical port."""
    for pattern, words, todo in _SAID:
        if found := pattern.search(data):
            return Recognised(_(words), checked=False, start=found.start(), end=found.end(), todo=_(todo))
    return None


_SAID: Final = (
    (
        _READOUT,
        marked("a readout of an optical port (IEC 62056-21)"),
        marked("This program reads what a P1 port sends by itself"),
    ),
    (
        _REQUEST,
        marked("a request to an optical port (IEC 62056-21, /?!)"),
        marked("A P1 port is not asked. Nothing answers such a request there"),
    ),
    (_ACKNOWLEDGED, marked("an answer to an optical port (IEC 62056-21, ACK)"), marked("A P1 port is not asked")),
)


def _spelt(data: bytes) -> Recognised | None:
    """The same, spelt in hex."""
    spelt = _HEX.search(data)
    if spelt is None:
        return None
    digits = _NO_DIGIT.sub(b"", spelt[0])
    inside = _binary(bytes.fromhex(digits[: len(digits) & ~1].decode("ascii")))
    if inside is None:
        return None
    return inside._replace(words=_("hex text of {what}", what=inside.words), start=spelt.start(), end=spelt.end())
