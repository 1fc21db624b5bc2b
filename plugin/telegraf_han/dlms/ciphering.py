"""Opens a DLMS ciphered block, with or without the authentication key.

A block is `[DB] title-length title BER-length | SC counter(4) ciphertext tag(12)` (Green Book 9.2.7, general-glo-ciphering; Luxmetering P1
1.1.3, 3.2.5). Stoen's meters send it without the DB tag and with an empty title [seen]. Then the nonce is 8 zero bytes and the counter. The
counter, too, is zero in every capture [seen]. So the key stream never changes. A check of the counter would refuse every telegram, so the
counter is not checked.

The encryption key (EK) alone opens a block, because GCM is CTR underneath. The authentication key (AK) only proves the tag. The tag also
covers other bytes (AAD). For Landis+Gyr and Kamstrup these bytes are known to be SC || AK, and for Stoen this is [assumed]. `AAD_VARIANTS`
lists the variants that are tried. A tag that fits under `UNBOUND` fits for every AK. So it proves nothing about the sender: the EK alone
makes it.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import FramingError, SecurityError, WrongKeyError
from telegraf_han.language import _

GENERAL_GLO: Final = 0xDB
TITLE_LIMIT: Final = 8
"""A system title has 8 bytes. Stoen sends none."""
HEAD_BYTES: Final = 5
"""Security control and counter, inside the announced length."""
TAG_BYTES: Final = 12

AUTHENTICATED: Final = 0x10
ENCRYPTED: Final = 0x20
COMPRESSED: Final = 0x80
SUITE: Final = 0x0F
KEY_BYTES: Final = {0: 16, 1: 16, 2: 32}
"""Security suite → key length (Green Book table 22)."""
CONTROLS: Final = frozenset(control for control in range(256) if control & SUITE in KEY_BYTES and control & (AUTHENTICATED | ENCRYPTED))
"""All valid security control bytes: suite 0 to 2, encrypted or authenticated or both."""
_TWO_BYTES: Final = 0x82
"""The first byte of a BER length of two bytes."""
_GENERAL_GLO: Final = bytes([GENERAL_GLO])


class Block(NamedTuple):
    """The fields of a ciphered block."""

    title: bytes
    control: int
    counter: bytes
    ciphertext: bytes
    tag: bytes
    """12 bytes, or none if the block is only encrypted."""


Opened = tuple[bytes, bool]
"""The result of opening a block: the plaintext, and whether the tag was checked and fits with the authentication key."""

AAD_VARIANTS: Final[dict[str, Callable[[bytes, bytes], bytes]]] = {
    "SC || AK": lambda control, ak: control + ak,
    "AK": lambda _, ak: ak,
}
"""What the tag covers before the ciphertext. The norm's variant is first. Then comes a mistake that makers were seen to make elsewhere."""
UNBOUND: Final[dict[str, Callable[[bytes], bytes]]] = {
    "SC": lambda control: control,
    "nothing": lambda _: b"",
}
"""The same, without the authentication key. It shows only that the telegram arrived as it was sent."""


def ber_length(data: bytes | bytearray, offset: int) -> tuple[int, int] | None:
    """A BER length and the offset after it. None if bytes are missing. Raises FramingError for a form longer than 4 bytes."""
    if offset >= len(data):
        return None
    first = data[offset]
    if first < 0x80:  # noqa: PLR2004, BER short form
        return first, offset + 1
    if first == _TWO_BYTES and offset + 2 < len(data):  # almost every telegram
        return data[offset + 1] << 8 | data[offset + 2], offset + 3
    size = first & 0x7F
    if not 1 <= size <= 4:  # noqa: PLR2004, 84 is the longest form DLMS uses
        raise FramingError(_("length octet {first:02X} is not one that DLMS uses", first=first))
    if offset + 1 + size > len(data):
        return None
    return int.from_bytes(data[offset + 1 : offset + 1 + size], "big"), offset + 1 + size


def extent(data: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """Offsets of the security control byte and of the block's end. None if bytes are missing. Raises FramingError."""
    at = start + 1 if data[start : start + 1] == _GENERAL_GLO else start
    if at >= len(data):
        return None
    title_bytes = data[at]
    if title_bytes > TITLE_LIMIT:
        raise FramingError(_("block announces a system title of {size} bytes, which is too long", size=title_bytes))
    found = ber_length(data, at + 1 + title_bytes)
    if found is None:
        return None
    length, body = found
    least = HEAD_BYTES
    if body < len(data):
        control = data[body]
        if control not in CONTROLS:
            raise FramingError(_("security control byte {control:02X} is not one of DLMS", control=control))
        least += TAG_BYTES if control & AUTHENTICATED else 0
    if length <= least:
        raise FramingError(_("ciphered block announces {length} bytes, which is too few for any content", length=length))
    return body, body + length


def block(data: bytes, start: int) -> Block:
    """Read the block at `start`. Raises FramingError if it is cut short or contradicts itself."""
    found = extent(data, start)
    if found is None or found[1] > len(data):
        raise FramingError(_("ciphered block is cut short"))
    body, end = found
    title_at = start + (data[start] == GENERAL_GLO)
    control = data[body]
    text_end = end - TAG_BYTES if control & AUTHENTICATED else end
    return Block(
        data[title_at + 1 : title_at + 1 + data[title_at]],
        control,
        data[body + 1 : body + HEAD_BYTES],
        data[body + HEAD_BYTES : text_end],
        data[text_end:end],
    )


def opened(sealed: Block, encryption_key: Key | None, authentication_key: Key | None, system_title: bytes = b"") -> Opened:
    """Decrypt a block, and check its tag if there is a key for that. The caller decides whether the text makes sense.

    With `system_title` (8 bytes), the nonce holds this title and not the one that the block names.

    Raises WrongKeyError if a key is missing or has the wrong length. Raises SecurityError for what the norm offers but no meter of
    this kind uses (compression).
    """
    control = sealed.control
    if control & COMPRESSED:
        raise SecurityError(_("security control {control:02X}: compressed content is not supported", control=control))
    if encryption_key is None and not control & ENCRYPTED:
        return sealed.ciphertext, False
    if encryption_key is None:
        raise WrongKeyError(_("the telegram is encrypted, but the meter has no encryption_key in the configuration"))
    size = encryption_key.size
    if size != KEY_BYTES[control & SUITE]:
        raise WrongKeyError(
            _(
                "security suite {suite} needs keys of {needed} bytes, encryption_key has {size}",
                suite=control & SUITE,
                needed=KEY_BYTES[control & SUITE],
                size=size,
            )
        )
    nonce = (system_title or sealed.title).ljust(TITLE_LIMIT, b"\0") + sealed.counter
    plaintext = aes.gcm_text(encryption_key, nonce, sealed.ciphertext) if control & ENCRYPTED else sealed.ciphertext
    if not control & AUTHENTICATED or authentication_key is None:
        return plaintext, False
    octet, ak = control.to_bytes(), authentication_key.reveal()
    for additional in AAD_VARIANTS.values():
        if _tag_fits(sealed, plaintext, nonce, encryption_key, additional(octet, ak)):
            return plaintext, True
    return plaintext, False


def proves_nothing(sealed: Block, plaintext: bytes, encryption_key: Key, system_title: bytes = b"") -> bool:
    """Whether the tag fits without the authentication key. The tag of such a telegram does not show who sent it."""
    if not sealed.tag:
        return False
    nonce, octet = (system_title or sealed.title).ljust(TITLE_LIMIT, b"\0") + sealed.counter, bytes([sealed.control])
    return any(_tag_fits(sealed, plaintext, nonce, encryption_key, additional(octet)) for additional in UNBOUND.values())


def _tag_fits(sealed: Block, plaintext: bytes, nonce: bytes, encryption_key: Key, aad: bytes) -> bool:
    """Whether the tag covers this content and these bytes before it."""
    hidden = sealed.control & ENCRYPTED
    return aes.gcm_tag_fits(encryption_key, nonce, plaintext if hidden else b"", aad if hidden else aad + plaintext, sealed.tag)
