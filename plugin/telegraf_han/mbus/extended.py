"""Reads the extended link layer (CI 8C to 8F), and deciphers its content.

EN 13757-4, 13.2. All four kinds begin with CC and ACC. 8E and 8F name the receiver that the telegram is for (M2 A2, never the meter). 8D
and 8F have a session number and a CRC over the content. The highest three bits of the session number say whether CRC and content are
enciphered. The cipher is AES-CTR under the meter's key. Its counter block is the sender's M A, CC, session number, frame number 0, block 0.
In that block, bits 1 and 4 of CC are cleared, because repeaters change them. The key is right if the CRC fits. There is no MAC, so a
telegram with this cipher is never verified.

[seen] on OMS's sample of a water meter. [assumed] the block of 8F, too, holds the sender's address.
"""

from typing import Final, NamedTuple

from telegraf_han.ciphers import aes, crc
from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import ChecksumError, FramingError, SecurityError
from telegraf_han.language import _

LENGTHS: Final = {
    # CI: bytes after it, with CC and ACC
    0x8C: 2,
    0x8D: 8,
    0x8E: 10,
    0x8F: 16,
}
_WITH_SESSION: Final = frozenset((0x8D, 0x8F))
_SESSION_BYTES: Final = 4
_CRC_BYTES: Final = 2
_CHANGED_BY_REPEATERS: Final = 0x12
_CTR: Final = 1


class Extended(NamedTuple):
    """The fields of the layer that matter here."""

    control: int
    """CC."""
    session: bytes
    """SN as it was sent. Empty if there is none."""
    check: bytes
    """The CRC as it was sent, low byte first. It is enciphered together with the content."""

    @property
    def encryption(self) -> int:
        """0 none, 1 AES-CTR, others reserved."""
        return self.session[3] >> 5 if self.session else 0


def parsed(content: bytes) -> tuple[Extended, bytes]:
    """The layer at the head of `content` (whose first byte is in LENGTHS), and the bytes after it. Raises FramingError."""
    ci = content[0]
    end = 1 + LENGTHS[ci]
    if len(content) < end:
        raise FramingError(
            _("extended link layer {ci:02X} has {size} bytes, but it needs {needed}", ci=ci, size=len(content) - 1, needed=LENGTHS[ci])
        )
    if ci not in _WITH_SESSION:
        return Extended(content[1], b"", b""), content[end:]
    check_at = end - _CRC_BYTES
    return Extended(content[1], content[check_at - _SESSION_BYTES : check_at], content[check_at:end]), content[end:]


def checked(layer: Extended, content: bytes) -> None:
    """Check the CRC of content that is not enciphered. Raises ChecksumError."""
    if layer.check and not _fits(layer.check, content):
        raise ChecksumError(_("CRC of the extended link layer does not fit"))


def deciphered(layer: Extended, sender: bytes, key: Key, content: bytes) -> bytes | None:
    """The plain content. None if its CRC says that the key is wrong. `sender` is M A. Raises SecurityError."""
    if layer.encryption != _CTR:
        raise SecurityError(
            _("encryption {encryption} of the extended link layer is not supported, only 1 (AES-CTR) is", encryption=layer.encryption)
        )
    text = aes.ctr(key, _counter_block(layer, sender), layer.check + content)
    return text[_CRC_BYTES:] if _fits(text[:_CRC_BYTES], text[_CRC_BYTES:]) else None


def is_deciphered(layer: Extended, content: bytes) -> bool:
    """Whether the content was deciphered before, and the fields were not changed. Some programs log telegrams this way."""
    return layer.encryption == _CTR and _fits(layer.check, content)


def enciphered(layer: Extended, sender: bytes, key: Key, content: bytes) -> bytes:
    """CRC and content, enciphered as the layer sends them."""
    check = crc.en13757(content).to_bytes(_CRC_BYTES, "little")
    return aes.ctr(key, _counter_block(layer, sender), check + content)


def _counter_block(layer: Extended, sender: bytes) -> bytes:
    control = bytes([layer.control & ~_CHANGED_BY_REPEATERS])
    return sender + control + layer.session + bytes(3)


def _fits(check: bytes, content: bytes) -> bool:
    return crc.en13757(content) == check[0] | check[1] << 8
