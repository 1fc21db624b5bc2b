"""Opens a frame in two steps: without a key into a sealed message that names its meter, then with the meter's key into plain records.

EN 13757-4 and -7. The layers come in this order: link, extended link (8C to 8F), authentication (90), transport, application. The key can
only be chosen after the meter is known. So there are two steps. `opened` reads the layers in clear. `plain` deciphers the rest, which may
contain further layers.

The meter's address is in the long header of the transport layer. If there is no long header, it is the link's address. The extended link
layer names the receiver, never the meter. `opened` raises only for a frame that is damaged. Every other fault belongs to the meter that
sent the frame, and is kept for `plain`. So a strange telegram of a neighbour's meter is not counted as an error.

Compact frames and fragments need what was heard before. A caller that keeps a `Memory` per meter gets them put together. Without a memory,
they wait.
"""

from typing import Final, NamedTuple

from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone
from telegraf_han.errors import FramingError, RecordError, TelegramError, WaitingError
from telegraf_han.language import _, marked
from telegraf_han.mbus import authentication, extended, link, records, refusals, security, transport, wired
from telegraf_han.mbus.authentication import Authentication, Fragment
from telegraf_han.mbus.extended import Extended
from telegraf_han.mbus.memory import Memory
from telegraf_han.mbus.transport import Header
from telegraf_han.telegram import Address, Body, Plain, of_fields

_WIRED: Final = bytes([wired.START])
_LINK_MODE: Final = marked("link layer, AES-CTR")
_CRC_PROVES: Final = 16.0
"""Bits that a CRC proves that fits."""


class Sealed(NamedTuple):
    """A frame, read as far as it can be read without a key."""

    link: Address
    """Who sent the frame: the meter itself or its radio adapter."""
    meter: Address
    empty: bool
    """Whether the frame carries no data at all. That is no fault."""
    content: bytes
    """All bytes that no layer has read yet: from the transport layer's CI on, a fragment, or the enciphered content of the extended link
    layer."""
    extended: Extended | None = None
    authentication: Authentication | None = None
    header: Header | None = None
    fragment: Fragment | None = None
    """Which part of a longer message the frame holds. Its header, if it has one, is a part of `content`."""
    refusal: TelegramError | None = None
    """Why `plain` will not read it."""


def opened(data: bytes) -> Sealed:
    """Read the layers of a frame (`L C M A CI …` without CRCs, or a whole wired frame). Raises FramingError, ChecksumError."""
    if data[:1] == _WIRED and wired.looks_wired(data):
        return _of_wire(wired.checked(data))
    if len(data) < link.SHORTEST or len(data) != data[0] + 1:
        raise FramingError(
            _("length field announces {announced} bytes, but the frame has {size}", announced=data[0] + 1 if data else 0, size=len(data))
        )
    carries = link.CARRIES_DATA.get(data[1])
    if carries is None:
        raise FramingError(_("C field {control:02X} is not one of wireless M-Bus", control=data[1]))
    sender = link.address(data[2 : link.HEAD_BYTES])
    sealed = _layers(sender, data[link.HEAD_BYTES :])
    return sealed if carries else sealed._replace(empty=True)


def _of_wire(data: bytes) -> Sealed:
    """Read a wired frame. Only a long header names its meter. Raises FramingError."""
    carries = wired.CARRIES_DATA.get(data[4])
    header = transport.parsed(data[wired.CONTENT_AT : -2])
    if header.address is None:
        raise FramingError(
            _("wired frame names no meter: it holds {content} without a long header (CI {ci:02X})", content=_(header.content), ci=header.ci)
        )
    sealed = Sealed(header.address, header.address, not carries, data[wired.CONTENT_AT : -2], header=header)
    return sealed._replace(empty=True) if header.content == transport.NOTHING else sealed


def _layers(sender: Address, content: bytes) -> Sealed:
    """Read all layers after the link. An error becomes the refusal. Never raises."""
    if not content:
        return Sealed(sender, sender, empty=True, content=content)
    try:
        layer = None
        if content[0] in extended.LENGTHS:
            layer, content = extended.parsed(content)
            if layer.encryption:
                return Sealed(sender, sender, empty=not content, content=content, extended=layer)
            extended.checked(layer, content)
        upper = _upper(sender, content)
        return upper if layer is None else upper._replace(extended=layer)
    except TelegramError as error:
        return Sealed(sender, sender, empty=False, content=content, refusal=error)


def _upper(sender: Address, content: bytes) -> Sealed:
    """Read the layers that the extended link layer may encipher. Raises FramingError, SecurityError, WaitingError."""
    proof, fragment = None, None
    if content and content[0] == authentication.CI:
        fragment = authentication.fragment(content) if len(content) > authentication.SHORTEST else None
        proof, content = authentication.parsed(content)
    if not content:
        return Sealed(sender, sender, empty=True, content=content, authentication=proof)
    if fragment is not None:
        meter = _first_named(sender, content, fragment[0])
        return Sealed(sender, meter, empty=False, content=content, authentication=proof, fragment=fragment)
    header = transport.parsed(content)
    meter = header.address or sender
    return of_fields(Sealed, (sender, meter, header.content == transport.NOTHING, content, None, proof, header, None, None))


def _first_named(sender: Address, content: bytes, number: int) -> Address:
    """The meter that a fragment names. Only the first fragment has a header, which may have an address."""
    try:
        return (transport.parsed(content).address if number == 1 else None) or sender
    except FramingError:
        return sender


def plain(sealed: Sealed, key: Key | None, encryption: str = "required", memory: Memory | None = None) -> Plain:
    """Undo all security, and put together what comes in parts.

    With a `key` and `encryption` "required", plain content that no MAC proves raises SecurityError. Raises WrongKeyError, SecurityError,
    FramingError, RecordError, ChecksumError, or WaitingError for one part of a telegram.
    """
    memory = memory or Memory()
    if sealed.refusal is not None:
        raise sealed.refusal
    if sealed.extended is not None and sealed.extended.encryption:
        sealed = _deciphered(sealed, sealed.extended, key, encryption)
        encryption = "optional"  # what the key opened may be plain inside
    if sealed.fragment is not None:
        sealed = _joined(sealed, sealed.fragment, memory)
    elif memory.parts:
        memory.pass_by()
    header = sealed.header
    if header is None:
        raise RecordError(_("the telegram carries no data"))
    is_full = header.content == transport.RECORDS
    if not is_full:
        _require_short(header)
    message = of_fields(security.Message, (header, sealed.meter, sealed.authentication, sealed.content))
    body, verified, counter, remarks, unproven = security.clear(message, key, encryption, memory)
    if not is_full:
        body = _full(header, sealed.meter, body, memory)
    status = None if header.ci in transport.HEADLESS else header.status
    return of_fields(Plain, (sealed.meter, body, verified, counter, "records", "", status, remarks, unproven))


def _require_short(header: Header) -> None:
    """Raise an error for content that is neither full records nor a frame in short form."""
    if header.content == transport.NOTHING:
        raise RecordError(_("the telegram carries no data"))
    if header.ci in transport.SEGMENTS:
        raise WaitingError(_("CI {ci:02X} is one segment of a DLMS message; such messages are not put together on the radio", ci=header.ci))
    if header.content not in transport.IN_SHORT:
        raise RecordError(
            _("CI {ci:02X} is a telegram of another kind ({content}); only records are read", ci=header.ci, content=_(header.content))
        )


def _joined(sealed: Sealed, fragment: Fragment, memory: Memory) -> Sealed:
    """The whole message, once all its fragments were heard. Raises WaitingError, FramingError, RecordError."""
    from telegraf_han.mbus import fragments  # noqa: PLC0415, hardly any meter sends them

    assert sealed.authentication is not None
    proof, message = fragments.joined(memory, fragment, sealed.authentication, sealed.content, sealed.meter)
    if not message:
        raise RecordError(_("the telegram carries no data"))
    header = transport.parsed(message)
    return Sealed(sealed.link, header.address or sealed.link, empty=False, content=message, authentication=proof, header=header)


def _full(header: Header, meter: Address, body: bytes, memory: Memory) -> bytes:
    """The records of a compact frame. A format frame is learned. Raises WaitingError, RecordError."""
    from telegraf_han.mbus import compact  # noqa: PLC0415, few meters send them

    if header.content == transport.COMPACT:
        return compact.restored(memory, meter, header.ci, body)
    memory.learn(meter.raw, compact.format_frame(body))
    raise WaitingError(_("format frame (CI {ci:02X}): it says how compact frames are built, and has no values", ci=header.ci))


def _deciphered(sealed: Sealed, layer: Extended, key: Key | None, encryption: str) -> Sealed:
    """Decipher the content of the extended link layer.

    Its CRC alone lets one wrong key in 65536 pass. So the content must prove the rest. Raises WrongKeyError, SecurityError.
    """
    content = None if key is None else extended.deciphered(layer, sealed.link.raw, key, sealed.content)
    if content is None and extended.is_deciphered(layer, sealed.content):
        if key is not None and encryption == "required":
            raise refusals.not_encrypted(sealed.meter)
        content = sealed.content
    if content is None:
        error = refusals.missing_key if key is None else refusals.wrong_key
        raise error(sealed.meter, _(_LINK_MODE))
    try:
        hidden = _upper(sealed.link, content)
    except FramingError:
        raise refusals.wrong_key(sealed.meter, _(_LINK_MODE)) from None
    if hidden.fragment is None and (hidden.header is None or not _makes_sense(hidden.header, hidden.meter)):
        raise refusals.wrong_key(sealed.meter, _(_LINK_MODE))
    return hidden


def _makes_sense(header: Header, meter: Address) -> bool:
    """Whether meters send such content in the extended link layer: records, or frames that hold records in short form.

    Frames in short form have CRCs of their own, and content of another security mode has its own proof.
    """
    if header.content != transport.RECORDS:
        return header.content in transport.IN_SHORT
    return bool(header.mode) or records.proves(header.payload, meter, len(header.payload), _CRC_PROVES)


def body(plain: Plain, zone: Zone, memory: Memory | None = None, *, live: bool = False) -> Body:
    """The records of a plain telegram as columns and values.

    `zone` is the time zone of the meter's clock. Raises RecordError, and WaitingError for a `live` telegram of a new kind that nothing
    proves. Without a MAC, anybody can change a recorded telegram. With AES-CBC one block then becomes noise, so the headers are others.
    """
    assert plain.address is not None
    found = records.body(plain.body, plain.address, zone, plain.status)
    if memory is not None and found.shape is not memory.shape:
        kind = plain.address.raw, records.headers_of(found.shape)
        is_new = memory.shape is not None and kind not in memory.formats
        if live and is_new and plain.unproven and not memory.again(kind[1], plain.unproven):
            raise refusals.new_kind(plain.address)
        memory.shape = found.shape
        memory.learn(*kind)
    return found._replace(flaws=(*plain.remarks, *found.flaws)) if plain.remarks else found
