"""Makes the system titles that a meter may have from its serial number. A title is eight bytes of the nonce that a telegram leaves out.

DLMS Green Book 9.2.3.4.3 asks for three letters of the maker and five bytes of the maker's choice. Each row of `_LAYOUTS` is one way in
which a serial number becomes those five bytes. Meters in Warsaw leave the title out, and zeros take its place [seen]. Nobody has shown that
some of these meters use another title [assumed], so `keys` tries other titles only when nothing else opens a telegram.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

TITLES_LIMIT: Final = 6000
"""Titles tried for one serial number: 256 device types times 16 functions, and the titles of the simpler layouts."""
SERIALS_LIMIT: Final = 8
"""Serial numbers tried. A house has only a few meters."""
DIGITS_LIMIT: Final = 16
"""Digits of a serial number that fit eight bytes in any layout."""

_LETTERS: Final = 3
_OCTETS: Final = range(256)
_FUNCTIONS: Final = range(16)
_ELECTRICITY: Final = b"\x02"
_SHORT_SERIAL: Final = 1 << 28


class Title(NamedTuple):
    """One title that may be meant."""

    layout: str
    octets: bytes


_Made = Callable[[bytes, str], Iterable[bytes]]


def _letters_only(letters: bytes, _: str) -> Iterable[bytes]:
    return [letters + bytes(5)]


def _number(letters: bytes, serial: str) -> Iterable[bytes]:
    return [letters + (int(serial) % 256**5).to_bytes(5, "big"), letters + (int(serial) % 256**5).to_bytes(5, "little")]


def _decimal(letters: bytes, serial: str) -> Iterable[bytes]:
    return [letters + bytes.fromhex(serial[-10:].zfill(10))]


def _text(letters: bytes, serial: str) -> Iterable[bytes]:
    return [letters + serial[-5:].zfill(5).encode("ascii"), serial[-8:].zfill(8).encode("ascii")]


def _typed_number(letters: bytes, serial: str) -> Iterable[bytes]:
    number = (int(serial) % 256**4).to_bytes(4, "big")
    return [letters + bytes([kind]) + number for kind in _OCTETS]


def _typed_decimal(letters: bytes, serial: str) -> Iterable[bytes]:
    decimal = bytes.fromhex(serial[-8:].zfill(8))
    return [letters + bytes([kind]) + decimal for kind in _OCTETS]


def _typed_function(letters: bytes, serial: str) -> Iterable[bytes]:
    """IDIS: device type, four bits of functions, 28 bits of serial number."""
    number = int(serial) % _SHORT_SERIAL
    return [letters + bytes([kind]) + (function << 28 | number).to_bytes(4, "big") for kind in _OCTETS for function in _FUNCTIONS]


def _wireless(letters: bytes, serial: str) -> Iterable[bytes]:
    """The address on wireless M-Bus: maker in 15 bits, number, version, type."""
    packed = 0
    for letter in letters:
        packed = packed << 5 | letter & 0x1F
    head = packed.to_bytes(2, "little") + bytes.fromhex(serial[-8:].zfill(8))[::-1]
    return [head + bytes([version]) + _ELECTRICITY for version in _OCTETS]


def _bare(_: bytes, serial: str) -> Iterable[bytes]:
    return [(int(serial) % 256**8).to_bytes(8, "big"), bytes.fromhex(serial[-16:].zfill(16))]


_LAYOUTS: Final[dict[str, _Made]] = {
    "the maker's letters, then the serial number as a number": _number,
    "the maker's letters, then the serial number's digits": _decimal,
    "the serial number as text": _text,
    "the serial number alone": _bare,
    "the maker's letters, a device type, the serial number as a number": _typed_number,
    "the maker's letters, a device type, the serial number's digits": _typed_decimal,
    "the address of wireless M-Bus": _wireless,
    "the maker's letters, a device type, functions, the serial number": _typed_function,
}
"""Layout in words → how the titles are made, the simple ones first."""
_WITHOUT_NUMBER: Final = "the maker's letters alone"


def titles(ident: str, serials: Iterable[str]) -> Iterator[Title]:
    """The titles that a meter with this ident line may have. Its serial number is one of `serials`."""
    letters = ident[:_LETTERS].upper().encode("ascii", "replace")
    if len(letters) != _LETTERS or not letters.isalpha():
        return
    for octets in _letters_only(letters, ""):
        yield Title(_WITHOUT_NUMBER, octets)
    for serial in list(dict.fromkeys(digits for digits in serials if digits.isdecimal()))[:SERIALS_LIMIT]:
        for layout, made in _LAYOUTS.items():
            for octets in made(letters, serial[-DIGITS_LIMIT:]):
                yield Title(layout, octets)
