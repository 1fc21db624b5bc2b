"""Wireless M-Bus telegrams of a GAMA350 from their parts, written from the norms alone: the tests' independent maker.

It shares nothing with `telegraf_han`: the ciphers come straight from the library (EN 13757-7 for modes and MAC, EN 13757-3 for records).
Keys, numbers and values are invented. A line has the link's CRCs. Without them, the last two bytes of one telegram in 65536 look like one.
"""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

KEY = bytes(range(16))
WARSAW = ZoneInfo("Europe/Warsaw")


def address(number: str) -> bytes:
    """Maker EGM, eight digits, version 1, electricity."""
    return bytes.fromhex("ed14") + bytes.fromhex(number)[::-1] + b"\x01\x02"


def clock(utc_s: int) -> bytes:
    """The meter's local time, type I."""
    now = datetime.fromtimestamp(utc_s, UTC).astimezone(WARSAW)
    year = now.year % 100
    _, week, weekday = now.isocalendar()
    leap = now.year % 4 == 0
    head = [now.second | 0x40 * bool(now.dst()) | 0x80 * leap, now.minute, now.hour | weekday << 5]
    return bytes([*head, now.day | (year & 7) << 5, now.month | year >> 3 << 4, week])


def bcd(value: int, octets: int) -> bytes:
    """Decimal digits, low first."""
    return bytes.fromhex(f"{value:0{2 * octets}d}")[::-1]


def records(utc_s: int, zones_wh: tuple[int, int], export_wh: int, power_w: int) -> bytes:
    """Clock, import and its two zones, export, powers, limiter."""
    found = [("066d", clock(utc_s)), ("0e03", bcd(sum(zones_wh), 6)), ("8e1003", bcd(zones_wh[0], 6)), ("8e2003", bcd(zones_wh[1], 6))]
    found += [("0e833c", bcd(export_wh, 6)), ("0b2b", bcd(power_w, 3)), ("0bab3c", bcd(0, 3)), ("09ff19", bcd(3, 1))]
    return b"".join(bytes.fromhex(header) + data for header, data in found)


def frame(number: str, content: bytes) -> bytes:
    """A frame that a meter sends unasked."""
    rest = b"\x44" + address(number) + content
    return bytes([len(rest)]) + rest


def line(telegram: bytes) -> bytes:
    """As a receiver of type `hex` reads it: format A (EN 13757-4)."""
    cuts = [0, *range(10, len(telegram), 16), len(telegram)]
    blocks = (telegram[begin:end] for begin, end in pairwise(cuts))
    return b"".join(block + crc(block).to_bytes(2, "big") for block in blocks).hex().encode() + b"\n"


def crc(data: bytes) -> int:
    """CRC-16/EN-13757."""
    value = 0
    for octet in data:
        value = (value << 8 & 0xFF00) ^ _STEPS[value >> 8 ^ octet]
    return value ^ 0xFFFF


def _step(octet: int) -> int:
    """What eight bits do to the check value."""
    value = octet << 8
    for _ in range(8):
        value = (value << 1 ^ (0x3D65 if value & 0x8000 else 0)) & 0xFFFF
    return value


_STEPS = [_step(octet) for octet in range(256)]


def filled(body: bytes) -> bytes:
    """Two fillers before, and fillers behind up to a whole block."""
    text = b"\x2f\x2f" + body
    return text + b"\x2f" * (-len(text) % 16)


def mode_0(number: str, access: int, body: bytes) -> bytes:
    """Without any security."""
    return frame(number, bytes([0x7A, access, 0, 0, 0]) + body)


def mode_5(number: str, access: int, body: bytes, key: bytes = KEY) -> bytes:
    """AES-CBC under the key itself."""
    return frame(number, _header(5, access, body) + _cbc(key, address(number) + bytes([access]) * 8, filled(body)))


def mode_5_in_plain(number: str, access: int, body: bytes) -> bytes:
    """The header of mode 5 over text that nobody enciphered."""
    return frame(number, _header(5, access, body) + filled(body))


def mode_7(number: str, counter: int, body: bytes, key: bytes = KEY, *, mac: bool = True) -> bytes:
    """AES-CBC under a derived key. An authentication layer holds the counter and, with `mac`, a MAC of 8 bytes."""
    count, access = counter.to_bytes(4, "little"), counter & 0xFF
    sealed = _cbc(_derived(key, 0, count, number), bytes(16), filled(body))
    return frame(number, _proof(key, count, number, _header(7, access, body) + b"\x10" + sealed, mac=mac))


def mode_7_in_plain(number: str, counter: int, body: bytes) -> bytes:
    """The header of mode 7 over text that nobody enciphered, with a MAC that is none."""
    return frame(
        number, _proof(bytes(16), counter.to_bytes(4, "little"), number, _header(7, counter & 0xFF, body) + b"\x10" + filled(body))
    )


def _header(mode: int, access: int, body: bytes) -> bytes:
    return bytes([0x7A, access, 0, len(filled(body)) // 16 << 4, mode])


def _proof(key: bytes, count: bytes, number: str, message: bytes, *, mac: bool = True) -> bytes:
    control = b"\x25" if mac else b"\x20"
    code = _cmac(_derived(key, 1, count, number), control + count + message)[:8] if mac else b""
    fields = (b"\x00\x2c" if mac else b"\x00\x28") + control + count + code
    return b"\x90" + bytes([len(fields)]) + fields + message


def _derived(key: bytes, purpose: int, count: bytes, number: str) -> bytes:
    return _cmac(key, bytes([purpose]) + count + bytes.fromhex(number)[::-1] + b"\x07" * 7)


def _cmac(key: bytes, data: bytes) -> bytes:
    code = CMAC(algorithms.AES(key))
    code.update(data)
    return code.finalize()


def _cbc(key: bytes, vector: bytes, text: bytes) -> bytes:
    sealing = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return sealing.update(text) + sealing.finalize()
