"""Opens a secured transport payload into plain records, mode by mode, or raises an error that says what is wrong.

EN 13757-7, 7.6 and OMS Specification Volume 2, 9.2.

- Mode 5 is AES-CBC. Its initialisation vector is the meter's address and the access number. It has no MAC. So the key is right if the text
  begins as it must and the rest is made of plausible records to its end. One wrong key in millions passes this test (`records.plausible`).
- Mode 7 is AES-CBC under a key derived from the message counter. The MAC of the authentication layer proves it.
- Mode 10 is AES-CCM under such a key. Its tag proves it.

If the key opens the text but a MAC or tag does not fit, somebody changed the telegram (SecurityError). If neither fits, the key is
wrong (WrongKeyError).

[seen] modes 0, 5, 7 and 10. [assumed] mode 10 behind a long header authenticates the same fields as behind a short header, and its tag
follows the enciphered bytes directly.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import FramingError, SecurityError, WrongKeyError
from telegraf_han.mbus import authentication, records
from telegraf_han.mbus.authentication import Authentication
from telegraf_han.mbus.transport import Header
from telegraf_han.telegram import Address

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


def clear(message: Message, key: Key | None, encryption: str = "required") -> Clear:
    """Undo the security of a payload.

    With a `key` and `encryption` "required", content that this key does not open and no MAC proves is not believed. Raises WrongKeyError,
    SecurityError or FramingError.
    """
    only_sealed = key is not None and encryption == "required"
    header = message.header
    mode = _MODES.get(header.mode)
    if mode is None:
        known = ", ".join(str(number) for number in _MODES)
        raise SecurityError(f"security mode {header.mode} of {_who(message.meter)} is not supported, only {known} are")
    size = mode.enciphered(header.configuration & 0xFF, len(header.payload))
    if size > len(header.payload):
        raise FramingError(f"configuration word announces {size} enciphered bytes, but {len(header.payload)} arrived")
    if not size:
        found = _unciphered(message, key)
        if only_sealed and not found.verified:
            raise SecurityError(
                f"a telegram of {_who(message.meter)} is not encrypted, but key is set, so it is not believed. "
                'If the operator switched encryption off, write encryption = "optional"'
            )
        return found
    try:
        if key is None:
            raise missing_key(message.meter, header.mode)
        return mode.open(message, key, size)
    except WrongKeyError:
        if only_sealed or not _is_deciphered(message):
            raise
    return Clear(header.payload, verified=False, counter=_counter(message.authentication))


def _is_deciphered(message: Message) -> bool:
    """Whether the payload was deciphered before, and the header was not changed. wmbusmeters logs telegrams this way.

    This is tested only if the key fails. So no meter's own telegram is taken for such a log. The test does not weaken security, because
    anybody could send a telegram of mode 0.
    """
    header = message.header
    return header.mode in _WITH_FILLERS and header.payload[:2] == _FILLERS and records.plausible(header.payload, message.meter)


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


def wrong_key(meter: Address, how: str) -> WrongKeyError:
    """The error for a key that opens nothing. `how` names the mode."""
    return WrongKeyError(
        f"the key does not open telegrams of {_who(meter)} ({how}); "
        "use the key of the meter with this id, all 32 digits in the order in which you got them"
    )


def missing_key(meter: Address, mode: int | str) -> WrongKeyError:
    """The error for a meter without a key."""
    return WrongKeyError(f"telegrams of {_who(meter)} are encrypted (mode {mode}), but no key is configured for this id; set key")


def _who(meter: Address) -> str:
    return f"{meter.manufacturer} {meter.id}"


def _unciphered(message: Message, key: Key | None) -> Clear:
    """The records as they are. If a MAC came and there is a key for it, the MAC is checked."""
    verified = key is not None and _authentic(message, key)
    return Clear(message.header.payload, verified, _counter(message.authentication))


def _mode_5(message: Message, key: Key, size: int) -> Clear:
    payload = message.header.payload
    vector = message.meter.raw + bytes([message.header.access]) * 8
    text = aes.cbc(key, vector, payload[:size])
    opening = OPENINGS.get(text[:2])
    body = b"" if opening is None else _plausible(opening + text[2:], payload[size:], message.meter)
    if not body:
        raise wrong_key(message.meter, "mode 5")
    return Clear(body, _authentic(message, key), _counter(message.authentication))


def _mode_7(message: Message, key: Key, size: int) -> Clear:
    layer = message.authentication
    if layer is None or not layer.counter:
        raise SecurityError("mode 7 needs a message counter for its keys, but the telegram has none")
    _require_function_a(message.header)
    enciphering = authentication.derived(key, authentication.ENCRYPTION, layer.counter, message.meter.raw[2:6])
    payload = message.header.payload
    text = aes.cbc(enciphering, bytes(_BLOCK), payload[:size])
    body = b"" if text[:2] != _FILLERS else _plausible(text, payload[size:], message.meter)
    if not body:
        raise wrong_key(message.meter, "mode 7")
    return Clear(body, _authentic(message, key), _counter(layer))


def _plausible(text: bytes, rest: bytes, meter: Address) -> bytes:
    """The records of deciphered blocks and of the plain bytes behind them, b"" if they are none.

    A record may begin in the blocks and end in the plain bytes. Some meters send two plain bytes that are no records at all [seen by others
    on AMIplus]. Then fillers take their place. Such bytes are no reason to doubt the key or to lose the telegram.
    """
    if records.plausible(text + rest, meter):
        return text + rest
    alone = text + _FILLERS[:1] * len(rest)
    return alone if rest and records.plausible(alone, meter) else b""


def _mode_10(message: Message, key: Key, size: int) -> Clear:
    header = message.header
    _require_function_a(header)
    if header.extension[1] & 0x0F != _TAG_CODE:
        raise SecurityError(f"mode 10 with tag size code {header.extension[1] & 0x0F} is not supported, only 1 (8 bytes) is")
    counter = header.extension[2:]
    enciphering = authentication.derived(key, authentication.ENCRYPTION, counter, message.meter.raw[2:6])
    nonce, covered = _ccm_fields(message)
    text_end = size - _TAG_BYTES
    sealed, tag, rest = header.payload[:text_end], header.payload[text_end:size], header.payload[size:]
    text = aes.ccm(enciphering, nonce, sealed, covered, tag)
    if text is not None:
        return Clear(text + rest, verified=True, counter=int.from_bytes(counter, "little"))
    unproven = aes.ctr(enciphering, _FIRST_COUNTER % nonce, sealed)
    if records.unmistakable(unproven + rest):
        raise SecurityError(
            f"the tag of a telegram of {_who(message.meter)} does not fit although the key opens it: the telegram was changed"
        )
    raise wrong_key(message.meter, "mode 10")


def _ccm_fields(message: Message) -> tuple[bytes, bytes]:
    """Nonce and additional data of mode 10."""
    header = message.header
    covered = bytes([header.ci, header.access, header.status]) + header.configuration.to_bytes(2, "little") + header.extension[:2]
    return message.meter.raw + b"\0" + header.extension[2:][::-1], covered


def _require_function_a(header: Header) -> None:
    """Raise SecurityError if keys are derived in another way."""
    function = header.extension[0] >> 4 & 0x03
    if function != _FUNCTION_A:
        raise SecurityError(f"mode {header.mode} with key derivation {function} is not supported, only 1 (function A) is")


def _authentic(message: Message, key: Key) -> bool:
    """Whether a MAC proves the message. False if none came. Raises SecurityError if one came and does not fit."""
    layer = message.authentication
    if layer is None or not layer.mac:
        return False
    if not layer.counter:
        raise SecurityError("the MAC needs a message counter for its key, but the telegram has none")
    derived = authentication.derived(key, authentication.AUTHENTICATION, layer.counter, message.meter.raw[2:6])
    if authentication.mac(derived, layer, message.octets) != layer.mac:
        raise SecurityError(
            f"the MAC of a telegram of {_who(message.meter)} does not fit: the telegram was changed on its way"
            " or, if nothing in it is encrypted, the key is another meter's"
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
    open: Callable[[Message, Key, int], Clear]


_MODES: Final = {
    0: _Mode(lambda _low, _there: 0, lambda message, key, _: _unciphered(message, key)),
    _CBC: _Mode(_blocks, _mode_5),
    _CBC_DERIVED: _Mode(_blocks, _mode_7),
    _CCM: _Mode(_bytes_and_tag, _mode_10),
}
