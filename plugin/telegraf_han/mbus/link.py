"""Turns the bytes of one telegram into `L C M A CI …` without CRCs, and reads the address that it names.

EN 13757-4, 12.3 and 12.4. Frame format A has a CRC after its first 10 bytes and after every 16 bytes from there on. L does not count these
CRCs. Format B has one CRC after byte 126 and one at the end. L counts them. Captures come with or without CRCs, so the number of bytes
shows the form of a capture. L+1 bytes are a frame without CRCs, or of format B if the last CRC fits. L+1 bytes and the CRCs of all blocks
are format A. Anything else may be the chips of mode T, straight from a demodulator: three ones in every six (12.4.3). The L of a format B
frame is counted again. So one telegram is always the same bytes, however it was heard.

[seen] all of this on OMS Annex N and on a GAMA350's telegrams. Wired frames pass through here, too, see `wired`. [assumed] a frame of
L+1 bytes whose last two are by chance the CRC of the rest (one in 65536) may be lost.
"""

from functools import lru_cache
from itertools import pairwise
from typing import Final

from telegraf_han.ciphers import crc
from telegraf_han.errors import ChecksumError, FramingError
from telegraf_han.language import _
from telegraf_han.mbus import wired
from telegraf_han.telegram import Address

HEAD_BYTES: Final = 10
"""L C M A, the first block of format A."""
SHORTEST: Final = HEAD_BYTES
"""A link may send a frame without CI."""
_CRC: Final = 2
_STRIDE: Final = crc.BLOCK + _CRC
_FIRST_OF_B: Final = 126
"""Bytes before the first CRC of a long frame of format B."""

CARRIES_DATA: Final = {
    # C field: whether the frame carries a meter's data (EN 13757-4, 12.5.3; EN 13757-2, 5.4); bits ACD and DFC of an answer vary
    0x44: True,  # SND-NR, sent unasked
    0x46: True,  # SND-IR, during installation
    0x08: True,  # RSP-UD, an answer
    0x18: True,
    0x28: True,
    0x38: True,
    0x47: False,  # ACC-NR, "I am here"
    0x48: False,  # ACC-DMD, "I have an alarm"
    0x00: False,  # ACK
    0x10: False,
    0x20: False,
    0x30: False,
    0x06: False,  # CNF-IR and, below, what others send to a meter
    0x40: False,  # SND-NKE
    0x43: False,  # SND-UD
    0x53: False,
    0x63: False,
    0x73: False,
    0x45: False,  # SND-UD3
    0x5A: False,  # REQ-UD
    0x5B: False,
    0x7A: False,
    0x7B: False,
}

_CHIPS: Final = (0x16, 0x0D, 0x0E, 0x0B, 0x1C, 0x19, 0x1A, 0x13, 0x2C, 0x25, 0x26, 0x23, 0x34, 0x31, 0x32, 0x29)
"""The six chips of each nibble (EN 13757-4, table 10)."""
_NIBBLES: Final = {chips: nibble for nibble, chips in enumerate(_CHIPS)}
_CHIPS_A_BYTE: Final = 12
_POSTAMBLE_BITS: Final = 16
"""Eight chips may follow a frame, and the last byte is filled up."""

_ADDRESSES_REMEMBERED: Final = 16_384
"""More meters than the receivers of a town hear. An entry has half a kilobyte."""


def telegram(raw: bytes) -> bytes:
    """Check all CRCs of one telegram and remove them. A wired frame stays whole.

    Raises ChecksumError if a CRC does not fit, and FramingError if lengths contradict each other.
    """
    if wired.looks_wired(raw):
        return wired.checked(raw)
    try:
        return _radio(raw)
    except (ChecksumError, FramingError):
        from_chips = _unchipped(raw)
        if from_chips is None:
            raise
    return _without_crcs_of_a(from_chips)


def was_checked(raw: bytes, frame: bytes) -> bool:
    """Whether `telegram` found a checksum in the bytes that it made this frame of. Without one, damage does not show."""
    return len(frame) != len(raw) or (raw[0] == wired.START and wired.looks_wired(raw))


def _radio(raw: bytes) -> bytes:
    """Read a frame of bytes in either format. Raises ChecksumError, FramingError."""
    if len(raw) <= 1 or raw[0] < SHORTEST - 1:
        raise FramingError(_("{size} bytes are not a telegram", size=len(raw)))
    if len(raw) == raw[0] + 1:
        return _without_crcs_of_b(raw)
    if len(raw) == _length_of_a(raw[0]):
        return _without_crcs_of_a(raw)
    raise FramingError(
        _(
            "length field announces {announced} bytes, or {longer} with link CRCs, but {size} arrived",
            announced=raw[0] + 1,
            longer=_length_of_a(raw[0]),
            size=len(raw),
        )
    )


def _length_of_a(length: int) -> int:
    """Bytes of a format A frame that has this length field."""
    return length + 1 + _CRC * (1 - (HEAD_BYTES - 1 - length) // crc.BLOCK)


def _block_fits(block: bytes) -> bool:
    """Whether a block ends in its CRC."""
    return crc.en13757(block[:-_CRC]) == block[-2] << 8 | block[-1]


def _without_crcs_of_a(raw: bytes) -> bytes:
    """Format A. Raises ChecksumError."""
    first = HEAD_BYTES + _CRC
    end = first + (len(raw) - first) // _STRIDE * _STRIDE
    last = raw[end:]
    if not (_block_fits(raw[:first]) and crc.en13757_fits_all(raw[first:end]) and (not last or _block_fits(last))):
        cuts = [0, *range(first, len(raw), _STRIDE), len(raw)]
        broken = [number for number, (begin, end) in enumerate(pairwise(cuts), 1) if not _block_fits(raw[begin:end])]
        raise ChecksumError(_("link CRC of block {block} of {blocks} does not fit", block=broken[0], blocks=len(cuts) - 1))
    return b"".join([raw[:HEAD_BYTES], *[raw[at : at + crc.BLOCK] for at in range(first, end, _STRIDE)], last[:-_CRC]])


def _without_crcs_of_b(raw: bytes) -> bytes:
    """A frame of L+1 bytes: of format B if its CRCs fit, otherwise one whose CRCs were removed before. Raises FramingError."""
    first, last = (raw[: _FIRST_OF_B + _CRC], raw[_FIRST_OF_B + _CRC :]) if len(raw) > _FIRST_OF_B + _CRC else (b"", raw)
    if len(raw) > HEAD_BYTES + _CRC and len(last) > _CRC and _block_fits(last) and (not first or _block_fits(first)):
        content = first[:-_CRC] + last[:-_CRC]
        return bytes([len(content) - 1]) + content[1:]
    if raw[1] not in CARRIES_DATA:
        raise FramingError(_("C field {first:02X} is not one of wireless M-Bus", first=raw[1]))
    return raw


def _unchipped(raw: bytes) -> bytes | None:
    """A format A frame read from its chips, first chip in the highest bit. None if these are no chips or too few."""
    bits = int.from_bytes(raw, "big")
    size = len(raw) * 8
    octets = bytearray()
    wanted = 1
    while len(octets) < wanted:
        size -= _CHIPS_A_BYTE
        if size < 0:
            return None
        high, low = _NIBBLES.get(bits >> size + 6 & 0x3F), _NIBBLES.get(bits >> size & 0x3F)
        if high is None or low is None:
            return None
        octets.append(high << 4 | low)
        wanted = _length_of_a(octets[0])
    return bytes(octets) if size <= _POSTAMBLE_BITS and octets[0] >= SHORTEST - 1 else None


@lru_cache(_ADDRESSES_REMEMBERED)
def address(raw: bytes) -> Address:
    """The address in link order: manufacturer 2, identification 4, version 1, device type 1 (EN 13757-7, 7.5.1).

    The manufacturer is three letters of five bits each. Its bit 15 says that the number is unique only where it was given out. `raw` keeps
    this bit, because initialisation vectors are made of `raw`. The identification may hold digits A to F.
    """
    letters = raw[0] | raw[1] << 8
    manufacturer = "".join([chr((letters >> shift & 0x1F) + 0x40) for shift in (10, 5, 0)])
    return Address(manufacturer, raw[5:1:-1].hex().upper(), raw[6], raw[7], raw)
