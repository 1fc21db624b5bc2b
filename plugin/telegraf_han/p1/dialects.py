"""Holds the differences between P1 telegrams of the networks, as rows: the footers that each content may have, and the idents of models.

The structure of a telegram is not in these rows. `framer` detects from a telegram's first bytes whether it has an ident, text or a block.

[seen] X-25 low byte first on a GAMA350 and an MA309M. ARC with upper-case digits is DSMR's rule. [assumed] the X-25 footer high byte first;
ARC behind a block (DSMR's own footer. Perhaps GAMA150 or MA110M use it: nobody has published their footers); and X-25 behind plain text (a
Stoen meter whose encryption is switched off).

With each further row, one more in 65,536 damaged telegrams is accepted. So there is no row without a reason. A block without a CRC is
refused, because with the encryption key alone nothing else would show the damage.
"""

from collections.abc import Callable
from typing import Final, Literal

from telegraf_han.ciphers import crc

Content = Literal["block", "text"]
Fits = Callable[[bytes, bytes], bool]

_CRC_DIGITS: Final = 4


def _x25_low_first(telegram: bytes, digits: bytes) -> bool:
    if len(digits) != _CRC_DIGITS:
        return False
    value = crc.x25(telegram)
    return int(digits, 16) == (value & 0xFF) << 8 | value >> 8


def _x25_high_first(telegram: bytes, digits: bytes) -> bool:
    return len(digits) == _CRC_DIGITS and int(digits, 16) == crc.x25(telegram)


def _arc(telegram: bytes, digits: bytes) -> bool:
    """DSMR's own CRC. Some meters send it without leading zeros."""
    return bool(digits) and int(digits, 16) == crc.arc(telegram)


def _none(_: bytes, digits: bytes) -> bool:
    """DSMR 2.2 and 3.0 have no CRC."""
    return not digits


FOOTERS: Final[dict[Content, tuple[Fits, ...]]] = {
    "block": (_x25_low_first, _x25_high_first, _arc),
    "text": (_arc, _none, _x25_low_first, _x25_high_first),
}
"""Content → the footers accepted after it, the usual one first."""


def fits(content: Content, telegram: bytes, digits: bytes) -> bool:
    """Whether one of the footers that this content may have fits a telegram up to its "!". It is nearly always the first."""
    footers = FOOTERS[content]
    return footers[0](telegram, digits) or any(footer(telegram, digits) for footer in footers[1:])


MODELS: Final = {
    # opening of the ident line: model; [seen] all three. The Kaifa ident is the same for MA110M and MA309M. Their
    # telegrams name the model (0-0:96.1.1).
    "EGM5G15": "GAMA150",
    "EGM5G35": "GAMA350",
}

IDENTS: Final = (*MODELS, "KFM5KAIFA-METER")
"""Beginnings of the ident lines of the meters that this program is made for [seen]."""

SAYS_MODEL: Final = IDENTS
"""Beginnings of the ident lines under which 0-0:96.1.1 names the model, if 0-0:96.1.0 is the serial number [seen on MA309M]. In other
networks 96.1.1 is a serial number or another text."""

WITHOUT_RADIO: Final = ("MA110M", "MA309M")
"""Models with a P1 port only."""

DEVICE_TYPES: Final = frozenset((*MODELS.values(), *WITHOUT_RADIO))
"""Texts of 0-0:96.1.1, without blanks, that name a model under any ident line."""
