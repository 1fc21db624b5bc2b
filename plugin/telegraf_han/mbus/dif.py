"""Reads the data information block (DIF and DIFE): a value's data field, function, storage, tariff and subunit.

EN 13757-3, 6.3. Bit 7 of every byte says that one more byte follows. In the DIF, bit 6 is storage, bits 5 and 4 are the function, and bits
3 to 0 are the data field. In a DIFE, bit 6 is the subunit, bits 5 and 4 are the tariff, and bits 3 to 0 are storage. Each further DIFE adds
higher bits of all three. So a fourth tariff needs a second DIFE [seen]. Storage 0 is the present value. The other storages have another
meaning in each meter. So they get a number and no date.
"""

from typing import Final, NamedTuple

MORE: Final = 0x80
DIFE_LIMIT: Final = 10
"""EN 13757-3, 6.3.4. The same limit holds for VIFE."""

NO_DATA: Final = 0x0
FLOAT: Final = 0x5
VARIABLE: Final = 0xD
SPECIAL: Final = 0xF
BCD: Final = frozenset((0x9, 0xA, 0xB, 0xC, 0xE))
BINARY: Final = frozenset((0x1, 0x2, 0x3, 0x4, 0x6, 0x7))

SIZES: Final = {
    # data field: bytes; VARIABLE says its own length, SPECIAL has none, and no meter sends 8 (selection for readout)
    0x0: 0,
    0x1: 1,
    0x2: 2,
    0x3: 3,
    0x4: 4,
    0x5: 4,
    0x6: 6,
    0x7: 8,
    0x9: 1,
    0xA: 2,
    0xB: 3,
    0xC: 4,
    0xE: 6,
}

FILLER: Final = 0x2F
MAKERS_OWN: Final = frozenset((0x0F, 0x1F))
"""All bytes to the end are the maker's own. 1F means that more follows in the next telegram."""

INSTANT: Final = "instant"
MAXIMUM: Final = "maximum"
MINIMUM: Final = "minimum"
IN_ERROR: Final = "error state"
_FUNCTIONS: Final = (INSTANT, MAXIMUM, MINIMUM, IN_ERROR)


class Dib(NamedTuple):
    """What a data information block says."""

    field: int
    """Data field, the low nibble of DIF."""
    function: str
    storage: int
    """0 is now. Higher numbers are earlier readings."""
    tariff: int
    """0 is the total."""
    subunit: int


def dib(octets: bytes) -> Dib:
    """Read DIF and its DIFEs."""
    first = octets[0]
    storage, tariff, subunit = first >> 6 & 1, 0, 0
    for place, dife in enumerate(octets[1:]):
        storage |= (dife & 0x0F) << 1 + 4 * place
        tariff |= (dife >> 4 & 0x03) << 2 * place
        subunit |= (dife >> 6 & 0x01) << place
    return Dib(first & 0x0F, _FUNCTIONS[first >> 4 & 0x03], storage, tariff, subunit)
