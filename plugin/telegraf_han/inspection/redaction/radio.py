"""Turns a wireless frame into a frame of an invented meter: same layers, same values, and the public demo key.

It does in reverse what `mbus.layers` does (EN 13757-4 and -7). Addresses get invented numbers, and records are freed of names (`records`).
Then the content that was enciphered is enciphered again under the demo key, with the invented address in its initialisation vector. MACs
and CRCs are made again. The parsers say where each layer begins. A frame that does not open keeps its headers and loses its content,
because it may be from anybody's meter. [assumed] the address of a repeater or receiver in the extended link layer names a device of the
owner, too.
"""

from typing import Final, NamedTuple

from telegraf_han.ciphers import crc
from telegraf_han.ciphers.demokeys import DEMO_ENCRYPTION_KEY
from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import TelegramError
from telegraf_han.inspection.redaction import harmless, records
from telegraf_han.inspection.redaction.numbers import Numbers
from telegraf_han.mbus import authentication, extended, layers, link, security, transport, wired
from telegraf_han.mbus.authentication import Authentication
from telegraf_han.mbus.security import Message
from telegraf_han.telegram import Address

_NUMBER: Final = slice(2, 6)
"""The digits within M A."""
_ADDRESSED: Final = {0x8E: 3, 0x8F: 3}
"""CI of an extended link layer that names a receiver → offset of the receiver's M A, counted from CI."""
_CRC_BYTES: Final = 2
_ADDRESS_BYTES: Final = 8


class Redacted(NamedTuple):
    """A frame that may be shown, or b"" if it is withheld; its meter; and why its content is gone, if it is."""

    data: bytes
    meter: str
    """The invented number."""
    opened: bool
    why: str = ""


class _Inside(NamedTuple):
    """What replaces the content of a frame."""

    body: bytes | None
    """The records to put in, or None if no key opened the frame."""
    numbers: Numbers
    deciphered: bool = False
    """Whether the records came in clear although the header says otherwise, as in logs of other programs. Then they stay in clear."""


def ids(data: bytes) -> tuple[str, str]:
    """The numbers under which a frame's meter may be configured. Raises FramingError, ChecksumError."""
    sealed = layers.opened(data)
    return sealed.meter.id, sealed.link.id


def redacted(data: bytes, key: Key | None, numbers: Numbers) -> Redacted:
    """Redact one frame with the key of its meter. Raises FramingError, ChecksumError for a broken frame."""
    sealed = layers.opened(data)
    meter = _number(sealed.meter, numbers)
    numbers.note_replaced(harmless.IDENTIFIERS, "address")
    body, why, deciphered = None, "", False
    try:
        plain = layers.plain(sealed, key, "optional")
        body = records.redacted(plain.body, numbers)
        deciphered = sealed.header is not None and plain.body == sealed.header.payload
    except TelegramError as error:
        why = "" if sealed.empty else str(error).replace(sealed.meter.id, meter)
    inside = _Inside(body, numbers, deciphered)
    if wired.looks_wired(data):
        content = _upper(data[wired.CONTENT_AT : -2], sealed.link.raw, inside)
        octets = data[4 : wired.CONTENT_AT] + content
        fresh = data[:4] + octets + bytes([crc.total(octets), wired.STOP])
    else:
        sender = _address(data[2 : link.HEAD_BYTES], numbers)
        fresh = data[:2] + sender + _content(data[link.HEAD_BYTES :], data[2 : link.HEAD_BYTES], sender, key, inside)
    if numbers.leaks(fresh) or (body is not None and numbers.leaks(body)):
        return Redacted(b"", meter, opened=False, why="a number that was replaced is still in it in another form")
    return Redacted(fresh, meter, opened=body is not None or sealed.empty, why=why)


def _number(meter: Address, numbers: Numbers) -> str:
    """The eight invented digits that stand for those of a meter."""
    return _address(meter.raw, numbers)[_NUMBER][::-1].hex().upper()


def _address(raw: bytes, numbers: Numbers) -> bytes:
    """M A with another number."""
    digits = "".join(digit if digit.isdecimal() else "0" for digit in raw[_NUMBER][::-1].hex())
    return raw[: _NUMBER.start] + bytes.fromhex(numbers.invented(digits))[::-1] + raw[_NUMBER.stop :]


def _content(content: bytes, old: bytes, new: bytes, key: Key | None, inside: _Inside) -> bytes:
    """Redact everything behind the link layer. `old` and `new` are the sender's M A before and after."""
    if not content or content[0] not in extended.LENGTHS:
        return _upper(content, new, inside)
    try:
        layer, rest = extended.parsed(content)
    except TelegramError:
        return content[:1] + bytes(len(content) - 1)
    head = content[: len(content) - len(rest)]
    at = _ADDRESSED.get(content[0])
    if at is not None:
        head = head[:at] + _address(head[at : at + _ADDRESS_BYTES], inside.numbers) + head[at + _ADDRESS_BYTES :]
    if not layer.check:
        return head + _upper(rest, new, inside)
    if not layer.encryption:
        fresh = _upper(rest, new, inside)
        return head[:-_CRC_BYTES] + crc.en13757(fresh).to_bytes(_CRC_BYTES, "little") + fresh
    hidden = extended.deciphered(layer, old, key, rest) if inside.body is not None and key is not None else None
    if hidden is None and inside.body is not None and extended.is_deciphered(layer, rest):
        fresh = _upper(rest, new, inside)
        return head[:-_CRC_BYTES] + crc.en13757(fresh).to_bytes(_CRC_BYTES, "little") + fresh
    if hidden is None:
        return head[:-_CRC_BYTES] + bytes(_CRC_BYTES + len(rest))
    fresh = _upper(hidden, new, inside)
    return head[:-_CRC_BYTES] + extended.enciphered(layer, new, DEMO_ENCRYPTION_KEY, fresh)


def _upper(content: bytes, sender: bytes, inside: _Inside) -> bytes:
    """Redact the authentication layer, the transport layer and the records. Content that cannot be taken apart becomes zeros."""
    try:
        return _message(content, sender, inside)
    except TelegramError:
        return content[:1] + bytes(max(len(content) - 1, 0))


def _message(content: bytes, sender: bytes, inside: _Inside) -> bytes:
    """The same as `_upper`, but raises TelegramError if the content cannot be taken apart."""
    layer, message = None, content
    if content and content[0] == authentication.CI:
        layer, message = authentication.parsed(content)
    if not message:
        return content
    before = content[: len(content) - len(message)]
    old = transport.parsed(message)
    head = message[: len(message) - len(old.payload)]
    if old.address is not None:
        digits = _address(old.address.raw, inside.numbers)[_NUMBER]
        head = head[:1] + digits + head[5:]
    header = transport.parsed(head + old.payload)
    meter = header.address or link.address(sender)
    if inside.body is None:
        return _without_mac(before, layer) + head + bytes(len(old.payload))
    if inside.deciphered and security.enciphered_bytes(header):
        return _without_mac(before, layer) + head + inside.body
    sealed = security.resealed(Message(header, meter, layer, b""), DEMO_ENCRYPTION_KEY, inside.body)
    return _with_mac(before, layer, meter, head + sealed) + head + sealed


def _with_mac(before: bytes, layer: Authentication | None, meter: Address, message: bytes) -> bytes:
    """The authentication layer with the MAC of this message."""
    if layer is None or not layer.mac or not layer.counter:
        return before
    derived = authentication.derived(DEMO_ENCRYPTION_KEY, authentication.AUTHENTICATION, layer.counter, meter.raw[2:6])
    return _mac_replaced(before, layer, authentication.mac(derived, layer, message))


def _without_mac(before: bytes, layer: Authentication | None) -> bytes:
    return before if layer is None else _mac_replaced(before, layer, bytes(len(layer.mac)))


def _mac_replaced(before: bytes, layer: Authentication, mac: bytes) -> bytes:
    """Replace the MAC. It is the last field before the message length."""
    end = len(before) - len(layer.length)
    return before[: end - len(mac)] + mac + before[end:]
