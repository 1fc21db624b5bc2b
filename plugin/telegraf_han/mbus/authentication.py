"""Reads the authentication and fragmentation layer (AFL, CI 90), computes its MAC, and derives the keys of one telegram.

EN 13757-7, 6 and OMS Specification Volume 2, 6.1 and 9.1. The fragmentation control field says which fields follow. They always come in the
order MCL, KI, MCR, MAC, ML. The MAC is an AES-CMAC under a derived key. It covers MCL, MCR, ML and everything from the transport layer's CI
on. Keys are derived from the meter's key, a purpose, the message counter and the meter's number (function "A"). So each telegram has its
own pair of keys. A long message comes in fragments, one per frame, each with a number and behind a layer of its own (`fragments`).

[seen] both OMS examples, key derivation and MAC. [assumed] KI is not part of the MAC.
"""

from typing import Final, NamedTuple

from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import FramingError, SecurityError, WaitingError
from telegraf_han.language import _

CI: Final = 0x90
SHORTEST: Final = 3
"""CI, AFLL and FCL have one byte more."""

_FRAGMENT_ID: Final = 0x00FF
_MORE_FRAGMENTS: Final = 0x4000
_KEY_INFORMATION: Final = 0x0200
_MAC: Final = 0x0400
_COUNTER: Final = 0x0800
_LENGTH: Final = 0x1000
_CONTROL: Final = 0x2000

_MAC_BYTES: Final = {
    # authentication type, low nibble of MCL: bytes of the CMAC sent
    3: 2,
    4: 4,
    5: 8,
    6: 12,
    7: 16,
}
PROOF_BYTES: Final = 4
"""A shorter MAC is compared but proves nothing, because one in 65536 forgeries would pass."""

ENCRYPTION: Final = 0x00
AUTHENTICATION: Final = 0x01
"""The purposes of derived keys, for the direction from the meter (DC of function A)."""
_PADDING: Final = b"\x07" * 7


class Authentication(NamedTuple):
    """The fields of the layer. Fields that were not sent are empty."""

    control: bytes
    """MCL."""
    counter: bytes
    """MCR as it was sent, low byte first."""
    mac: bytes
    length: bytes
    """ML."""


Fragment = tuple[int, bool]
"""Which fragment of a message a frame holds, from 1 on, and whether more follow."""


def parsed(content: bytes) -> tuple[Authentication, bytes]:
    """The layer at the head of `content` (which begins with CI), and the bytes after it.

    Raises FramingError, SecurityError, and WaitingError for a fragment that cannot be used.
    """
    size = content[1] if len(content) > 1 else 0
    end = 2 + size
    if size < 2 or len(content) < end:  # noqa: PLR2004, FCL
        raise FramingError(
            _("authentication layer announces {size} bytes, but {arrived} arrived", size=size, arrived=max(len(content) - 2, 0))
        )
    flags = content[2] | content[3] << 8
    at = 4
    fields: dict[int, bytes] = {}
    for flag in (_CONTROL, _KEY_INFORMATION, _COUNTER, _MAC, _LENGTH):
        size = _size(flag, fields.get(_CONTROL, b"")) if flags & flag else 0
        fields[flag] = content[at : at + size]
        at += size
    if at != end and fragment(content) is not None:
        raise WaitingError(_("one fragment of a longer message, with a layer of a kind that is not known"))
    if at != end:
        raise FramingError(
            _("fields of the authentication layer have {found} bytes, but it announces {announced}", found=at - 2, announced=end - 2)
        )
    return Authentication(fields[_CONTROL], fields[_COUNTER], fields[_MAC], fields[_LENGTH]), content[end:]


def fragment(content: bytes) -> Fragment | None:
    """Which fragment a whole layer is in front of. None if the message is not in fragments."""
    flags = content[2] | content[3] << 8
    number, more = flags & _FRAGMENT_ID, bool(flags & _MORE_FRAGMENTS)
    return (max(number, 1), more) if more or number > 1 else None


def _size(flag: int, control: bytes) -> int:
    """The size of one field in bytes. Raises SecurityError for a MAC of another kind."""
    if flag != _MAC:
        return _SIZES[flag]
    kind = control[0] & 0x0F if control else 0
    if kind not in _MAC_BYTES:
        raise SecurityError(_("authentication type {kind} is not supported, only 3 to 7 (AES-CMAC) are", kind=kind))
    return _MAC_BYTES[kind]


_SIZES: Final = {_CONTROL: 1, _KEY_INFORMATION: 2, _COUNTER: 4, _LENGTH: 2}


def derived(master: Key, purpose: int, counter: bytes, number: bytes) -> Key:
    """The key of one purpose for one telegram.

    `counter` (4 bytes) is low byte first, `number` (4 bytes) is the meter's number as it was sent.
    """
    return Key(aes.cmac(master, bytes([purpose]) + counter + number + _PADDING))


def mac(key: Key, layer: Authentication, message: bytes) -> bytes:
    """The expected MAC, cut to the length that was sent. `message` begins with the transport layer's CI."""
    return aes.cmac(key, layer.control + layer.counter + layer.length + message)[: len(layer.mac)]
