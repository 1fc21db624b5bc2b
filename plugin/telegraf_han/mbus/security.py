"""Opens a secured transport payload into plain records, mode by mode, or raises an error that says what is wrong.

EN 13757-7, 7.6 and OMS Specification Volume 2, 9.2.

- Mode 5 is AES-CBC. Its initialisation vector is the meter's address and the access number. It has no MAC. So only the text can prove the
  key, see below.
- Mode 7 is AES-CBC under a key derived from the message counter. The MAC of the authentication layer proves it.
- Mode 10 is AES-CCM under such a key. Its tag proves it.

If the key opens the text but a MAC or tag does not fit, somebody changed the telegram (SecurityError). If neither fits, the key is
wrong (WrongKeyError).

Without MAC or tag, a text must begin with one of two openings, which one wrong key in 32768 gets right. And one of these must hold:

- The content proves the key: it can only be records (`records.proves`). With the opening this is 30 bits, one wrong key in 1.07e9.
- The content may be records, and so may that of the meter's telegram right before, with another first block. The two openings are 30 bits
  together. A single such telegram is told as waiting, because it says neither that the key is right nor that it is wrong.
- The key was proven by an earlier telegram of the meter (`Memory.key`), and the same headers came before. Then the content may be anything,
  such as the maker's own data. Headers that come for the first time wait: somebody who sends random bytes gets the opening right once in
  32768 telegrams, but hardly ever the same headers again.

The second adds less than one in 6e11 to the first, because only one random text in 25 may be records. So a wrong key is believed less
than once in 1e9 telegrams. Text that is not enciphered although the header says so is believed only if its content proves it, never with a
key that must open it.

A live telegram of a new kind waits in the same way, although its content proves the key (`layers.body`). Its first blocks may be genuine
and the rest changed by somebody who has no key: of CBC, a changed bit makes one block noise, and changes the same bit of the next block.

Bytes behind the enciphered blocks are plain, and anybody can add some to a genuine telegram. Where a key must open a telegram and no MAC
covers them, records that lie there are not believed if they measure anything, tell a time or name the model. Numbers and texts that name a
place or customer stay, as in OMS's own example of partial encryption.

[seen] modes 0, 5, 7 and 10. [assumed] mode 10 behind a long header authenticates the same fields as behind a short header, and its tag
follows the enciphered bytes directly.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import FramingError, RecordError, SecurityError, WaitingError, WrongKeyError
from telegraf_han.language import _, counted
from telegraf_han.mbus import authentication, records, refusals, transport, walk
from telegraf_han.mbus.authentication import Authentication
from telegraf_han.mbus.memory import Memory
from telegraf_han.mbus.transport import Header
from telegraf_han.mbus.walk import Record
from telegraf_han.telegram import Address, of_fields

_BLOCK: Final = 16
_CBC, _CBC_DERIVED, _CCM = 5, 7, 10
"""Modes."""
_WITH_FILLERS: Final = frozenset((_CBC, _CBC_DERIVED))
"""Modes in which the text begins with two fillers."""
_FILLERS: Final = b"\x2f\x2f"

OPENINGS: Final = {
    # how the text of mode 5 begins under the right key: what replaces these bytes before the records are read
    _FILLERS: _FILLERS,
    b"\x60\x9b": _FILLERS,  # Sanxing [seen by others]
}

OPENING_PROVES: Final = 3.0
"""One of two openings is 15 bits. `evidence` counts 12 of them, because an opening looks like two fillers."""
_FILLERS_PROVE: Final = 4.0
"""The same where there is only one opening."""
_TAG_MISSES: Final = 20.0
"""Bits that tell a changed telegram from a wrong key. Neither is believed, so less is enough here."""

_TAG_BYTES: Final = 8
_TAG_CODE: Final = 1
_TO_THE_END: Final = 0xFF
_FIRST_COUNTER: Final = b"\x01%s\x00\x01"
"""The block with which CCM enciphers its first 16 bytes (RFC 3610, 2.3, length field of two bytes)."""
_FUNCTION_A: Final = 1
"""Key derivation, bits 4 and 5 of the configuration field extension."""


class Message(NamedTuple):
    """Everything that a mode needs."""

    header: Header
    meter: Address
    authentication: Authentication | None
    octets: bytes
    """From the transport layer's CI to the end, which the MAC covers."""


class Clear(NamedTuple):
    """Plain records, whether a MAC or tag proves them, and the counter that came with them."""

    body: bytes
    verified: bool
    counter: int | None
    remarks: tuple[str, ...] = ()
    """What was not believed."""
    unproven: bytes = b""
    """The first enciphered block, if no MAC proves what a key opened."""


def clear(message: Message, key: Key | None, encryption: str = "required", memory: Memory | None = None) -> Clear:
    """Undo the security of a payload.

    With a `key` and `encryption` "required", content that this key does not open and no MAC proves is not believed. Raises WrongKeyError,
    SecurityError, FramingError, or WaitingError for a text that proves nothing about the key.
    """
    only_sealed = key is not None and encryption == "required"
    header = message.header
    mode = _MODES.get(header.mode)
    if mode is None:
        known = ", ".join(str(number) for number in _MODES)
        raise SecurityError(
            _(
                "security mode {mode} of {who} is not supported, only {known} are",
                mode=header.mode,
                who=refusals.who(message.meter),
                known=known,
            )
        )
    size = mode.enciphered(header.configuration & 0xFF, len(header.payload))
    if size > len(header.payload):
        raise FramingError(
            _("configuration word announces {size} enciphered bytes, but {arrived} arrived", size=size, arrived=len(header.payload))
        )
    if not size:
        found = _unciphered(message, key)
        if only_sealed and not found.verified:
            raise refusals.not_encrypted(message.meter)
        return found
    try:
        if key is None:
            raise refusals.missing_key(message.meter, header.mode)
        found = mode.open(message, key, size, memory or Memory())
    except WrongKeyError:
        if not _is_deciphered(message):
            raise
        if only_sealed:
            raise refusals.not_encrypted(message.meter) from None
        return Clear(header.payload, verified=False, counter=_counter(message.authentication))
    if only_sealed and size < len(header.payload) and header.content == transport.RECORDS and not _covers_all(found, header):
        return _without_plain(found, size - _TAG_BYTES if header.mode == _CCM else size)
    return found


def _is_deciphered(message: Message) -> bool:
    """Whether the payload was deciphered before, and the header was not changed. wmbusmeters logs telegrams this way.

    This is tested only if the key fails. So no meter's own telegram is taken for such a log.
    """
    header = message.header
    if header.mode not in _WITH_FILLERS or header.payload[:2] != _FILLERS:
        return False
    if header.content == transport.COMPACT:
        return True  # its own two CRCs prove it
    return header.content == transport.RECORDS and records.proves(header.payload, message.meter, len(header.payload), _FILLERS_PROVE)


def _covers_all(found: Clear, header: Header) -> bool:
    """Whether a MAC proves the plain bytes, too. A tag of mode 10 does not cover them."""
    return found.verified and header.mode != _CCM


def _without_plain(found: Clear, size: int) -> Clear:
    """The same telegram with fillers in place of those plain records that must not be believed. Its first `size` bytes were deciphered."""
    body, refused = found.body, 0
    for record in walk.walked(body):
        end = record.at + len(record.header) + len(record.data)
        if record.at >= size and not _is_harmless(record):
            body = body[: record.at] + _FILLERS[:1] * (end - record.at) + body[end:]
            refused += 1
    if not refused:
        return found
    remark = counted(
        'a record is not believed, being plain behind the encrypted part, where anybody can add some; encryption = "optional" lets them in',
        "{number} records are not believed, being plain behind the encrypted part, where anybody can add some; "
        'encryption = "optional" lets them in',
        refused,
    )
    return found._replace(body=body, remarks=(remark,))


def _is_harmless(record: Record) -> bool:
    """Whether a record says nothing that is measured, reckoned with, or a tag."""
    _, what = walk.parts(record)
    return not record.data or (what.kind == "identity" and what.quantity in _NAMES)


_NAMES: Final = frozenset(("customer_location", "customer"))


def enciphered_bytes(header: Header) -> int:
    """How many bytes of the payload are enciphered, with the tag. 0 for a mode that is not read."""
    mode = _MODES.get(header.mode)
    return 0 if mode is None else min(mode.enciphered(header.configuration & 0xFF, len(header.payload)), len(header.payload))


def resealed(message: Message, key: Key, body: bytes) -> bytes:
    """A payload with other records of the same length, secured like the message's own payload. The authentication layer makes the MAC."""
    header = message.header
    size = enciphered_bytes(header)
    if not size:
        return body
    if header.mode == _CBC:
        return aes.cbc_sealed(key, message.meter.raw + bytes([header.access]) * 8, body[:size]) + body[size:]
    counter = header.extension[2:] if message.authentication is None or header.mode == _CCM else message.authentication.counter
    enciphering = authentication.derived(key, authentication.ENCRYPTION, counter, message.meter.raw[2:6])
    if header.mode != _CCM:
        return aes.cbc_sealed(enciphering, bytes(_BLOCK), body[:size]) + body[size:]
    text, rest = body[: size - _TAG_BYTES], body[size - _TAG_BYTES :]
    nonce, covered = _ccm_fields(message)
    return aes.ccm_sealed(enciphering, nonce, text, covered, _TAG_BYTES) + rest


def _unciphered(message: Message, key: Key | None) -> Clear:
    """The records as they are. If a MAC came and there is a key for it, the MAC is checked."""
    verified = key is not None and _authentic(message, key)
    return Clear(message.header.payload, verified, _counter(message.authentication))


def _mode_5(message: Message, key: Key, size: int, memory: Memory) -> Clear:
    payload = message.header.payload
    vector = message.meter.raw + bytes([message.header.access]) * 8
    text = aes.cbc(key, vector, payload[:size])
    opening = OPENINGS.get(text[:2])
    if opening is None:
        memory.candidate = None
        raise refusals.wrong_key(message.meter, 5)
    authentic = _authentic(message, key)
    body = _believed(message, key, opening + text[2:], memory, OPENING_PROVES, authentic=authentic)
    return of_fields(Clear, (body, authentic, _counter(message.authentication), (), b"" if authentic else payload[:_BLOCK]))


def _mode_7(message: Message, key: Key, size: int, memory: Memory) -> Clear:
    layer = message.authentication
    if layer is None or not layer.counter:
        raise SecurityError(_("mode 7 needs a message counter for its keys, but the telegram has none"))
    _require_function_a(message.header)
    enciphering = authentication.derived(key, authentication.ENCRYPTION, layer.counter, message.meter.raw[2:6])
    text = aes.cbc(enciphering, bytes(_BLOCK), message.header.payload[:size])
    if text[:2] != _FILLERS:
        memory.candidate = None
        raise refusals.wrong_key(message.meter, 7)
    authentic = _authentic(message, key)
    body = _believed(message, key, text, memory, _FILLERS_PROVE, authentic=authentic)
    return Clear(body, authentic, _counter(layer), unproven=b"" if authentic else message.header.payload[:_BLOCK])


def _believed(message: Message, key: Key, text: bytes, memory: Memory, opening: float, *, authentic: bool) -> bytes:
    """A text with the right opening and the plain bytes behind it, if they may be believed. `opening` are the bits that it proves.

    Some meters send two plain bytes that are no records at all [seen by others on AMIplus]. Then fillers take their place. Such bytes are
    no reason to doubt the key or to lose the telegram. Raises WrongKeyError, WaitingError.
    """
    header, meter = message.header, message.meter
    body = text if len(text) == len(header.payload) else text + header.payload[len(text) :]
    if header.content != transport.RECORDS:
        return body  # a compact frame or a format frame has two CRCs of its own, or one
    if records.proves(body, meter, len(text), opening) or authentic:
        memory.key = key
    elif memory.key is key:
        if not memory.again(_headers(body), header.payload[:_BLOCK]):
            raise refusals.new_kind(meter)
    elif not records.plausible(_without_junk(body, len(text)), meter):
        memory.candidate = None
        raise refusals.wrong_key(meter, header.mode)
    else:
        block = header.payload[:_BLOCK]
        before, memory.candidate = memory.candidate, (key, block)
        if before is None or before[0] is not key or before[1] == block:
            raise WaitingError(
                _(
                    "a telegram of {who} may be right, but its content does not prove that key opens it; waiting for another one",
                    who=refusals.who(meter),
                )
            )
        memory.key = key
        memory.again(_headers(body), block)
    return _without_junk(body, len(text)) if len(body) > len(text) else body


def _headers(body: bytes) -> tuple[bytes, ...]:
    """The headers of all records, () if there are none."""
    try:
        return tuple(record.header for record in walk.walked(body))
    except RecordError:
        return ()


def _without_junk(body: bytes, size: int) -> bytes:
    """The same bytes, with fillers in place of those behind the first `size` that are no record."""
    try:
        end = max(walk.end(walk.walked(body)), size)
    except RecordError:
        return body
    return body[:end] + _FILLERS[:1] * (len(body) - end)


def _mode_10(message: Message, key: Key, size: int, _memory: Memory) -> Clear:
    header = message.header
    _require_function_a(header)
    if header.extension[1] & 0x0F != _TAG_CODE:
        raise SecurityError(_("mode 10 with tag size code {code} is not supported, only 1 (8 bytes) is", code=header.extension[1] & 15))
    counter = header.extension[2:]
    enciphering = authentication.derived(key, authentication.ENCRYPTION, counter, message.meter.raw[2:6])
    nonce, covered = _ccm_fields(message)
    text_end = size - _TAG_BYTES
    sealed, tag, rest = header.payload[:text_end], header.payload[text_end:size], header.payload[size:]
    text = aes.ccm(enciphering, nonce, sealed, covered, tag)
    if text is not None:
        return Clear(text + rest, verified=True, counter=int.from_bytes(counter, "little"))
    unproven = aes.ctr(enciphering, _FIRST_COUNTER % nonce, sealed)
    if records.unmistakable(unproven, _TAG_MISSES):
        raise SecurityError(
            _(
                "the tag of a telegram of {who} does not fit although the key opens it: the telegram was changed",
                who=refusals.who(message.meter),
            )
        )
    raise refusals.wrong_key(message.meter, 10)


def _ccm_fields(message: Message) -> tuple[bytes, bytes]:
    """Nonce and additional data of mode 10."""
    header = message.header
    covered = bytes([header.ci, header.access, header.status]) + header.configuration.to_bytes(2, "little") + header.extension[:2]
    return message.meter.raw + b"\0" + header.extension[2:][::-1], covered


def _require_function_a(header: Header) -> None:
    """Raise SecurityError if keys are derived in another way."""
    function = header.extension[0] >> 4 & 0x03
    if function != _FUNCTION_A:
        raise SecurityError(
            _("mode {mode} with key derivation {function} is not supported, only 1 (function A) is", mode=header.mode, function=function)
        )


def _authentic(message: Message, key: Key) -> bool:
    """Whether a MAC proves the message. False if none came. Raises SecurityError if one came and does not fit."""
    layer = message.authentication
    if layer is None or not layer.mac:
        return False
    if not layer.counter:
        raise SecurityError(_("the MAC needs a message counter for its key, but the telegram has none"))
    derived = authentication.derived(key, authentication.AUTHENTICATION, layer.counter, message.meter.raw[2:6])
    if authentication.mac(derived, layer, message.octets) != layer.mac:
        raise SecurityError(
            _(
                "the MAC of a telegram of {who} does not fit: the telegram was changed on its way or, "
                "if nothing in it is encrypted, the key is another meter's",
                who=refusals.who(message.meter),
            )
        )
    return len(layer.mac) >= authentication.PROOF_BYTES


def _counter(layer: Authentication | None) -> int | None:
    """The message counter, if one was sent."""
    return int.from_bytes(layer.counter, "little") if layer is not None and layer.counter else None


def _blocks(low: int, _: int) -> int:
    """Bytes enciphered in modes 5 and 7: a whole number of blocks."""
    return (low >> 4) * _BLOCK


def _bytes_and_tag(low: int, there: int) -> int:
    """Bytes enciphered in mode 10, with the tag behind them."""
    return max(there, _TAG_BYTES + 1) if low == _TO_THE_END else low and low + _TAG_BYTES


class _Mode(NamedTuple):
    enciphered: Callable[[int, int], int]
    """Takes the low byte of the configuration word and the number of bytes there. Returns the number of bytes enciphered."""
    open: Callable[[Message, Key, int, Memory], Clear]


_MODES: Final = {
    0: _Mode(lambda _low, _there: 0, lambda message, key, *_: _unciphered(message, key)),
    _CBC: _Mode(_blocks, _mode_5),
    _CBC_DERIVED: _Mode(_blocks, _mode_7),
    _CCM: _Mode(_bytes_and_tag, _mode_10),
}
