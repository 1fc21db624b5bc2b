"""The extended link layer (CI 8C to 8F) into its fields, and what it enciphers into plain content.

EN 13757-4, 13.2. All four begin with CC and ACC; 8E and 8F name the receiver the telegram is for (M2 A2, never the meter), 8D
and 8F have a session number and a CRC over the content. The highest three bits of the session number say whether CRC and content
are enciphered: AES-CTR under the meter's key, counter block = sender's M A, CC, session number, frame number 0, block 0. In the
block CC stands without its bits 1 and 4, which repeaters change. The CRC tells the right key; there is no MAC, so nothing read
this way is verified. [seen] on OMS's sample of a water meter; [assumed] the sender's address in the block of 8F too.
"""

from typing import Final, NamedTuple

from telegraf_han.ciphers import aes, crc
from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import ChecksumError, FramingError, SecurityError

LENGTHS: Final = {
    # CI: bytes behind it, CC and ACC included
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
    """The fields that matter here."""

    control: int
    """CC."""
    session: bytes
    """SN as sent, empty where there is none."""
    check: bytes
    """The CRC as sent, low byte first; enciphered with the content."""

    @property
    def encryption(self) -> int:
        """0 none, 1 AES-CTR, others reserved."""
        return self.session[3] >> 5 if self.session else 0


def parsed(content: bytes) -> tuple[Extended, bytes]:
    """The layer at the head of `content` (whose first byte is in LENGTHS), and what follows it. Raises FramingError."""
    ci = content[0]
    end = 1 + LENGTHS[ci]
    if len(content) < end:
        raise FramingError(f"extended link layer {ci:02X} of {len(content) - 1} bytes, {LENGTHS[ci]} belong to it")
    if ci not in _WITH_SESSION:
        return Extended(content[1], b"", b""), content[end:]
    check_at = end - _CRC_BYTES
    return Extended(content[1], content[check_at - _SESSION_BYTES : check_at], content[check_at:end]), content[end:]


def checked(layer: Extended, content: bytes) -> None:
    """Compare the CRC of content that is not enciphered. Raises ChecksumError."""
    if layer.check and not _fits(layer.check, content):
        raise ChecksumError("CRC of the extended link layer does not fit")


def deciphered(layer: Extended, sender: bytes, key: Key, content: bytes) -> bytes | None:
    """The plain content, None where its CRC says that the key is wrong. `sender` is M A. Raises SecurityError."""
    if layer.encryption != _CTR:
        raise SecurityError(f"encryption {layer.encryption} of the extended link layer is not supported, only 1 (AES-CTR) is")
    text = aes.ctr(key, _counter_block(layer, sender), layer.check + content)
    return text[_CRC_BYTES:] if _fits(text[:_CRC_BYTES], text[_CRC_BYTES:]) else None


def is_deciphered(layer: Extended, content: bytes) -> bool:
    """Whether somebody undid the layer and left its fields as they were, as programs do that log what they read."""
    return layer.encryption == _CTR and _fits(layer.check, content)


def enciphered(layer: Extended, sender: bytes, key: Key, content: bytes) -> bytes:
    """CRC and content as the layer hides them."""
    check = crc.en13757(content).to_bytes(_CRC_BYTES, "little")
    return aes.ctr(key, _counter_block(layer, sender), check + content)


def _counter_block(layer: Extended, sender: bytes) -> bytes:
    control = bytes([layer.control & ~_CHANGED_BY_REPEATERS])
    return sender + control + layer.session + bytes(3)


def _fits(check: bytes, content: bytes) -> bool:
    return crc.en13757(content) == check[0] | check[1] << 8
