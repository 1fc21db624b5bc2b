"""Seals plain content as meters do, with keys that the fuzzer knows. So damage can be done inside, before tag, MAC and CRCs are made.

Written from the norms (EN 13757-4 and -7, Green Book, P1 companion). It shares nothing with `telegraf_han`. `test_oracle.py` compares it with
published telegrams. It is quicker than the makers in `tests/tools`, because the long form seals millions of telegrams.
"""

import binascii
from functools import cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM
from cryptography.hazmat.primitives.cmac import CMAC

EK = bytes.fromhex("0f1e2d3c4b5a69788796a5b4c3d2e1f0")
AK = bytes.fromhex("a1b2c3d4e5f60718293a4b5c6d7e8f90")
RADIO_KEY = bytes.fromhex("5fb3c1d27e908a4411223344556677ee")
SECRETS = tuple(key.hex() for key in (EK, AK, RADIO_KEY))
"""Invented. None may ever be in an output."""

_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def x25(data):
    """CRC-16/X-25."""
    value = binascii.crc_hqx(data.translate(_REVERSED), 0xFFFF) ^ 0xFFFF
    return _REVERSED[value & 0xFF] << 8 | _REVERSED[value >> 8]


def _table(polynomial, *, reflected):
    table = []
    for octet in range(256):
        value = octet if reflected else octet << 8
        for _ in range(8):
            if reflected:
                value = value >> 1 ^ (polynomial if value & 1 else 0)
            else:
                value = (value << 1 ^ (polynomial if value & 0x8000 else 0)) & 0xFFFF
        table.append(value)
    return table


_ARC = _table(0xA001, reflected=True)
_LINK = _table(0x3D65, reflected=False)


def arc(data):
    """CRC-16/ARC."""
    value = 0
    for octet in data:
        value = value >> 8 ^ _ARC[(value ^ octet) & 0xFF]
    return value


def link(data):
    """CRC-16/EN-13757."""
    value = 0
    for octet in data:
        value = (value << 8 & 0xFF00) ^ _LINK[value >> 8 ^ octet]
    return value ^ 0xFFFF


# -- P1 --


@cache
def _gcm(key):
    return AESGCM(key)


def block(text, *, title=b"", counter=0, control=0x30, tag=True):
    """A ciphered block from the length of its title on."""
    octet, count = bytes([control]), counter.to_bytes(4, "big")
    whole = _gcm(EK).encrypt(title.ljust(8, b"\0") + count, text, octet + AK)
    body = octet + count + whole[:-16] + (whole[-16:-4] if tag else b"")
    return bytes([len(title)]) + title + b"\x82" + len(body).to_bytes(2, "big") + body


def stoen(text, ident=b"/EGM5G35"):
    """Ident line, bare block, X-25 with its low byte first."""
    return closed(ident, block(text))


def closed(ident, content):
    """Ident line, a block, and its footer."""
    telegram = ident + b"\r\n\r\n" + content + b"!"
    value = x25(telegram)
    return telegram + b"%02X%02X\r\n" % (value & 0xFF, value >> 8)


def plain(text, ident=b"/EGM5G35"):
    """A DSMR telegram, ARC with its high byte first."""
    telegram = ident + b"\r\n\r\n" + text + b"!"
    return telegram + b"%04X\r\n" % arc(telegram)


def luxembourg(text, counter):
    """A bare general-glo block with a whole DSMR telegram inside."""
    return b"\xdb" + block(plain(text, b"/ABC5lux"), title=b"HAN00001", counter=counter)


# -- radio --

CBC_ZERO = bytes(16)


def cbc(key, vector, text):
    """AES-CBC."""
    sealing = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return sealing.update(text) + sealing.finalize()


def ctr(key, block_, text):
    """AES-CTR."""
    sealing = Cipher(algorithms.AES(key), modes.CTR(block_)).encryptor()
    return sealing.update(text) + sealing.finalize()


def cmac(key, data):
    """AES-CMAC."""
    code = CMAC(algorithms.AES(key))
    code.update(data)
    return code.finalize()


def derived(purpose, count, number):
    """Key derivation function A of OMS."""
    return cmac(RADIO_KEY, bytes([purpose]) + count + number + b"\x07" * 7)


def filled(records):
    """Two fillers before, fillers behind up to a whole block."""
    text = b"\x2f\x2f" + records
    return text + b"\x2f" * (-len(text) % 16)


def header(mode, low, access, status=0, *, long=b""):
    """A short header or, with an address (M A in link order), a long one."""
    head = b"\x72" + long[2:6] + long[:2] + long[6:8] if long else b"\x7a"
    return head + bytes([access, status, low, mode])


def mode_0(meter, access, records, *, long=b"", status=0):
    """Without any security."""
    return header(0, 0, access, status, long=long) + records


def mode_5(meter, access, records, *, long=b"", status=0):
    """AES-CBC under the key itself."""
    text = filled(records)
    sealed = cbc(RADIO_KEY, (long or meter) + bytes([access]) * 8, text)
    return header(5, len(text) // 16 << 4, access, status, long=long) + sealed


def mode_7(meter, count, records, *, long=b"", mac=True, status=0):
    """AES-CBC under a derived key, with an authentication layer."""
    octets = count.to_bytes(4, "little")
    number = (long or meter)[2:6]
    text = filled(records)
    inner = header(7, len(text) // 16 << 4, count & 0xFF, status, long=long) + b"\x10" + cbc(derived(0, octets, number), CBC_ZERO, text)
    return layer(octets, number, inner) if mac else b"\x90\x07\x00\x28\x20" + octets + inner


def layer(octets, number, inner):
    """The authentication layer (AFL) with a MAC of 8 bytes."""
    code = cmac(derived(1, octets, number), b"\x25" + octets + inner)[:8]
    return b"\x90\x0f\x00\x2c\x25" + octets + code + inner


def mode_10(meter, count, records, *, access=1, status=0):
    """AES-CCM under a derived key. The tag follows the text."""
    octets = count.to_bytes(4, "little")
    extension = b"\x10\x01"
    low = len(records)
    covered = b"\x7a" + bytes([access, status, low, 0x0A]) + extension
    sealing = AESCCM(derived(0, octets, meter[2:6]), tag_length=8)
    sealed = sealing.encrypt(meter + b"\0" + octets[::-1], records, covered)
    return covered + octets + sealed


def mode_13(access, records):
    """A mode that no telegram of a meter at home has, and that is refused."""
    return b"\x7a" + bytes([access, 0, 0x20, 0x0D]) + b"\x10" + records


def extended(meter, session, content):
    """ELL II (8D), enciphered with AES-CTR, with its CRC inside."""
    number = (session & 0x1FFFFFFF | 0x20000000).to_bytes(4, "little")
    text = link(content).to_bytes(2, "little") + content
    return b"\x8d\x20\x01" + number + ctr(RADIO_KEY, meter + b"\x20" + number + bytes(3), text)


def unsealed_extended(content):
    """ELL I (8C): two bytes."""
    return b"\x8c\x20\x01" + content


def frame(meter, content):
    """L C M A CI …"""
    rest = b"\x44" + meter + content
    return bytes([len(rest)]) + rest


def format_a(telegram):
    """With the CRC of each block."""
    found = [telegram[:10], link(telegram[:10]).to_bytes(2, "big")]
    for at in range(10, len(telegram), 16):
        part = telegram[at : at + 16]
        found += [part, link(part).to_bytes(2, "big")]
    return b"".join(found)


def format_b(telegram):
    """With one CRC at the end, or two. L counts them."""
    extra = 2 if len(telegram) <= 126 else 4
    telegram = bytes([telegram[0] + extra]) + telegram[1:]
    parts = [telegram] if extra == 2 else [telegram[:126], telegram[126:]]
    return b"".join(part + link(part).to_bytes(2, "big") for part in parts)


# -- receivers, from their makers' manuals --


def im871a(telegram):
    """IMST HCI: the frame from C on, with CRC."""
    body = b"\x82\x03" + bytes([len(telegram) - 1]) + telegram[1:]
    return b"\xa5" + body + x25(body).to_bytes(2, "little")


def amb8465(telegram):
    """Command mode: FF 03, length, the frame from C on, the level (which the length counts), XOR."""
    whole = b"\xff\x03" + bytes([telegram[0] + 1]) + telegram[1:] + b"\x30"
    check = 0
    for octet in whole:
        check ^= octet
    return whole + bytes([check])


def iu891a(telegram):
    """SLIP around SAP 09, message 20, time, status, RSSI and the frame."""
    body = b"\x09\x20" + bytes(4) + bytes(2) + b"\x00" + b"\xb0" + telegram
    body += x25(body).to_bytes(2, "little")
    return b"\xc0" + body.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def rc1180(telegram):
    """The frame as it is."""
    return telegram


def cul(telegram):
    """Format A in hex behind a b, LQI and RSSI behind it."""
    return b"b" + format_a(telegram).hex().upper().encode() + b"50B4\r\n"


def rtl_wmbus(telegram):
    """A line of fields."""
    return b"T1;1;1;2026-11-22 16:42:26.815544;46;47;12345678;0x" + telegram.hex().encode() + b"\n"


def rtl_433(telegram):
    """A JSON object per line."""
    return b'{"time":"2026-11-22 16:42:26","model":"Wireless-MBus","mode":"T","data":"%s","mic":"CRC"}\n' % telegram.hex().encode()


def hexline(telegram):
    """Format A in hex."""
    return format_a(telegram).hex().encode() + b"\n"


RECEIVERS = {
    "im871a": im871a,
    "amb8465": amb8465,
    "iu891a": iu891a,
    "rc1180": rc1180,
    "cul": cul,
    "rtl_wmbus": rtl_wmbus,
    "rtl_433": rtl_433,
    "hex": hexline,
}
