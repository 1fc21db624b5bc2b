"""Turns values into the bytes that a meter sends: P1 telegrams and wireless M-Bus frames. It is the inverse of `p1`, `dlms` and `mbus`.

P1: the DSMR envelope (P1 companion 5.0.2, 6.1) around plain lines or around Stoen's bare ciphered block, or no envelope but a
general-glo-ciphering APDU with a whole telegram inside (Luxmetering P1 1.1.3, 3.2.5). Wireless: OMS short header, security mode 5 (EN
13757-7, 7.6.3), format A (EN 13757-4, 12.3). This module shares no code with the parsers, so neither of them proves the other. Vectors from
other sources prove both, and the tests of this module rebuild these vectors byte by byte. [seen] the bare block with its zero counter, X-25
low byte first, the GAMA350's record headers. [assumed] the AAD of Stoen's tag (security control, then AK).
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from telegraf_han.ciphers import aes, crc
from telegraf_han.ciphers.secret import Key

_SECURITY_CONTROL: Final = b"\x30"
"""Suite 0, encrypted and authenticated (DLMS Green Book 9.2.7.2.4.1)."""
_GENERAL_GLO: Final = b"\xdb"
_TAG_BYTES: Final = 12
_COUNTER_BYTES: Final = 4
_NO_TITLE: Final = bytes(8)
"""If no system title is sent, zeros take its place in the nonce [seen]."""
_LENGTH_IN_TWO_BYTES: Final = b"\x82"
"""BER. Every meter seen writes the length like this, also below 256."""

Footer = Callable[[bytes], str]

FOOTERS: Final[dict[str, Footer]] = {
    "x25-low-first": lambda telegram: f"{int.from_bytes(crc.x25(telegram).to_bytes(2, 'big'), 'little'):04X}",
    "x25-high-first": lambda telegram: f"{crc.x25(telegram):04X}",
    "arc": lambda telegram: f"{crc.arc(telegram):04X}",
}
"""Footer → its four digits over everything from "/" through "!"."""


class Keys(NamedTuple):
    """The two keys of a DLMS meter."""

    encryption: Key
    authentication: Key


def text_of(lines: Iterable[str]) -> bytes:
    """Data lines as sent, each with its CR LF."""
    return "".join([line + "\r\n" for line in lines]).encode("ascii")


def enclosed(ident: str, content: bytes, footer: str) -> bytes:
    """A P1 telegram: ident line, content, "!" and the digits of the footer (a row of `FOOTERS`)."""
    telegram = b"/%s\r\n\r\n%s!" % (ident.encode("ascii"), content)
    return b"%s%s\r\n" % (telegram, FOOTERS[footer](telegram).encode("ascii"))


def bare_block(plaintext: bytes, keys: Keys) -> bytes:
    """Stoen's ciphered block: no tag, no system title, counter zero."""
    return b"\0" + _ciphered(_NO_TITLE, 0, plaintext, keys)


def general_glo(title: bytes, counter: int, plaintext: bytes, keys: Keys) -> bytes:
    """A general-glo-ciphering APDU. `title` has 8 bytes, `counter` is the invocation counter."""
    return _GENERAL_GLO + bytes([len(title)]) + title + _ciphered(title, counter, plaintext, keys)


def _ciphered(title: bytes, counter: int, plaintext: bytes, keys: Keys) -> bytes:
    """Length, security control, counter, ciphertext and tag."""
    count = counter.to_bytes(_COUNTER_BYTES, "big")
    nonce = title + count
    tag = aes.gcm_tag(keys.encryption, nonce, plaintext, _SECURITY_CONTROL + keys.authentication.reveal())
    length = len(_SECURITY_CONTROL) + _COUNTER_BYTES + len(plaintext) + _TAG_BYTES
    sealed = aes.gcm_text(keys.encryption, nonce, plaintext)
    return _LENGTH_IN_TWO_BYTES + length.to_bytes(2, "big") + _SECURITY_CONTROL + count + sealed + tag


_SEND_NO_REPLY: Final = b"\x44"
_SHORT_HEADER: Final = b"\x7a"
_NO_STATUS: Final = b"\x00"
_MODE_5: Final = b"\x05"
_FILLER: Final = b"\x2f"
_CHECK: Final = 2 * _FILLER
"""The plaintext of mode 5 begins with two fillers, so that a wrong key is recognised."""
_BLOCK: Final = 16
_FIRST_BLOCK: Final = 10
"""Format A: L C M A, then blocks of 16, each with a CRC."""


def link_address(manufacturer: str, id_digits: str, version: int, device: int) -> bytes:
    """M and A of the link layer (8 bytes): three letters packed in 15 bits, eight BCD digits low first, version, type."""
    letters = 0
    for letter in manufacturer:
        letters = letters << 5 | ord(letter) - 64
    return letters.to_bytes(2, "little") + bytes.fromhex(id_digits)[::-1] + bytes([version, device])


def bcd(value: int, octets: int) -> bytes:
    """Type A: decimal digits, low first. Digits that do not fit are cut on the left, as in a register that runs over."""
    return bytes.fromhex(f"{value % 100**octets:0{2 * octets}d}")[::-1]


def cp48(wall: tuple[int, int, int, int, int, int], weekday: int, week: int, *, summer: bool) -> bytes:
    """Type I (EN 13757-3, Annex A): local time (year … second), weekday 1 to 7 from Monday, ISO week, summer and leap-year bits."""
    year, month, day, hour, minute, second = wall
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    short = year % 100
    return bytes([
        second | 0x40 * summer | 0x80 * leap,
        minute,
        hour | weekday << 5,
        day | (short & 0x07) << 5,
        month | (short >> 3) << 4,
        week,
    ])  # fmt: skip


def mode_5(address: bytes, access: int, records: bytes, key: Key) -> bytes:
    """A wireless frame from L on, without link CRCs: short header, records ciphered, filled up to a whole block."""
    plaintext = _CHECK + records
    plaintext += _FILLER * (-len(plaintext) % _BLOCK)
    sealed = aes.cbc_sealed(key, address + bytes([access]) * 8, plaintext)
    blocks = bytes([len(plaintext) // _BLOCK << 4])
    rest = _SEND_NO_REPLY + address + _SHORT_HEADER + bytes([access]) + _NO_STATUS + blocks + _MODE_5 + sealed
    return bytes([len(rest)]) + rest


def format_a(frame: bytes) -> bytes:
    """The frame as it is on air: a CRC after its first 10 bytes and after every 16 from there on."""
    cuts = [0, *range(_FIRST_BLOCK, len(frame), _BLOCK), len(frame)]
    blocks = [frame[begin:end] for begin, end in pairwise(cuts)]
    return b"".join([block + crc.en13757(block).to_bytes(2, "big") for block in blocks])
