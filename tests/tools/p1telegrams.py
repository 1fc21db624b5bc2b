"""P1 telegrams from their parts, written from the operators' documents alone: the tests' independent maker.

It shares nothing with `telegraf_han`: the CRCs go bit by bit, the ciphers come straight from the library. Keys, serials and
values are invented.
"""

from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CASES = Path(__file__).parents[1] / "cases"

EK = bytes(range(16))
AK = bytes(range(0xD0, 0xE0))
TITLE = b"HAN00001"
IDENT = b"/EGM5G35\r\n\r\n"
LINES = (
    b"0-0:1.0.0(260410150553S)\r\n"
    b"1-0:1.8.0(012345.035*kWh)\r\n"
    b"1-0:1.7.0(00.278*kW)\r\n"
    b"0-0:96.1.0(3335303030303031)\r\n"
    b"0-0:17.0.0(16500)\r\n"
    b"0-0:17.0.0(16600)\r\n"
    b"0-0:17.0.0(16700)\r\n"
    b"0-0:96.13.0()\r\n"
)


def _reflected(data: bytes, polynomial: int, value: int) -> int:
    steps = _steps(polynomial)
    for octet in data:
        value = value >> 8 ^ steps[(value ^ octet) & 0xFF]
    return value


@cache
def _steps(polynomial: int) -> list[int]:
    """What eight bits do to the check value."""
    steps = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)  # noqa: PLW2901, a shift register
        steps.append(value)
    return steps


def arc(data: bytes) -> int:
    """CRC-16/ARC."""
    return _reflected(data, 0xA001, 0)


def x25(data: bytes) -> int:
    """CRC-16/X-25."""
    return _reflected(data, 0x8408, 0xFFFF) ^ 0xFFFF


def ber(length: int) -> bytes:
    """A BER length in the form with two length octets, as all captures have it."""
    return b"\x82" + length.to_bytes(2, "big")


def sealed(
    plaintext: bytes, ek: bytes = EK, ak: bytes = AK, *, control: int = 0x30, counter: int = 0, title: bytes = b"", aad: bytes | None = None
) -> bytes:
    """A ciphered block from the title's length on; `aad` replaces SC || AK."""
    head = bytes([control])
    count = counter.to_bytes(4, "big")
    additional = head + ak if aad is None else aad
    nonce = title.ljust(8, b"\0") + count
    if control & 0x20:
        whole = AESGCM(ek).encrypt(nonce, plaintext, additional)
        content, tag = whole[:-16], whole[-16:-4]
    else:
        content, tag = plaintext, AESGCM(ek).encrypt(nonce, b"", additional + plaintext)[:12]
    body = head + count + content + (tag if control & 0x10 else b"")
    return bytes([len(title)]) + title + ber(len(body)) + body


def stoen(lines: bytes = LINES, ident: bytes = IDENT, **options) -> bytes:
    """Stoen's telegram: ident line, bare block, X-25 low byte first."""
    return footed(ident + sealed(lines, **options))


def hidden(title: bytes, lines: bytes = LINES, ident: bytes = IDENT, *, sent: bytes = b"", counter: int = 0, **options) -> bytes:
    """Stoen's telegram of a meter whose nonce holds `title` and `counter`, while the telegram names `sent` and the counter 0."""
    block = sealed(lines, title=title, counter=counter, **options)[1 + len(title) :]
    body = len(ber(0))
    return footed(ident + bytes([len(sent)]) + sent + block[: body + 1] + bytes(4) + block[body + 5 :])


def footed(telegram: bytes) -> bytes:
    """A telegram with Stoen's footer."""
    value = x25(telegram + b"!")
    return telegram + b"!%02X%02X\r\n" % (value & 0xFF, value >> 8)


def plain(lines: bytes = LINES, ident: bytes = IDENT) -> bytes:
    """A plain DSMR telegram, ARC high byte first."""
    telegram = ident + lines + b"!"
    return telegram + b"%04X\r\n" % arc(telegram)


def luxembourg(lines: bytes = LINES, ident: bytes = b"/ABC5lux\r\n\r\n", *, counter: int = 1, title: bytes = TITLE, **options) -> bytes:
    """A bare general-glo block with a whole DSMR telegram inside."""
    return b"\xdb" + sealed(plain(lines, ident), counter=counter, title=title, **options)


def captured(case: str) -> bytes:
    """The bytes of a case folder."""
    text = (CASES / case / "input.hex").read_text()
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))
