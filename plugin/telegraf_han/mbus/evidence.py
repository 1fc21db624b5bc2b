"""Weighs how surely bytes are records of a meter and not noise, in bits. Mode 5 has no tag, so only its content can prove a key.

With a wrong key, or none, the text of a telegram is random bytes. So the question is how often random bytes look like records. The answer
needs no experiment, because this module is a code. It says with how many bits a list of records could be written if usual headers, decimal
digits, small values and fillers had short codewords (the table below). No code can shorten many texts: of all texts of a length, at most
one in 2**n can be written with n bits less than they have. That is Kraft's inequality. So if a text saves `PROOF` bits, random bytes do
that at most once in 2**30 = 1.07e9 telegrams, whatever their length.

`tests/tools/noise.py` measures the true rate, which is lower. Weights are a choice of this program. A bad choice would make it doubt right
keys, but it could never make it believe a wrong one more often.
"""

from typing import Final

from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError
from telegraf_han.mbus import dif, values
from telegraf_han.mbus.walk import Record, parts
from telegraf_han.telegram import Address

PROOF: Final = 30.0
"""Bits that prove a text."""

# Each position of a text is one of three things. The shares of the three, and of the forms of each thing, add up to at most 1.
_FILLER_SAVES: Final = 6.0
"""A filler has a share of 1/4, so 2 bits are enough for its 8."""
_USUAL_COSTS: Final = 1.0
"""A usual record has a share of 1/2, besides what its parts save."""
_OTHER_COSTS: Final = 2.0
"""Everything else has a share of 1/4, and each of its bytes has 8 bits: another record, or the rest if it is no record."""

_DIF_SAVES: Final = 3.0
"""One of 32 codewords for a present value or storage 1, in one of 13 data fields."""
_DIF_AND_DIFE_SAVE: Final = 2.0
"""One of 13 * 128 codewords, with a share of 4/32, for a tariff or subunit."""
_VIB_BITS: Final = 7.0
"""One of 128 codewords."""
_USUAL_VIBS: Final = frozenset(
    bytes.fromhex(vib)
    for vib in (  # noqa: SIM905, a hundred quotes would hide the codes
        # energies and powers of electricity, forward and backward, and of the phases
        "00 01 02 03 04 05 06 07 803c 833c 843c 853c 28 29 2a 2b 2c 2d a83c a93c aa3c ab3c ac3c a9ff01 a9ff02 a9ff03 acff00 acff01 acff02 "
        "acff03 fb8273 fb82f33c fb8275 fb82f53c fb14 fb943c fb9772 "
        # voltages, currents, frequency, transformer ratios
        "fd48 fd49 fdc8fc01 fdc8fc02 fdc8fc03 fdc9fc01 fdc9fc02 fdc9fc03 fdc8ff01 fdc8ff02 fdc8ff03 fdc9ff01 fdc9ff02 fdc9ff03 "
        "fd59 fd5a fd5b fdd9fc01 fdd9fc02 fdd9fc03 fddafc01 fddafc02 fddafc03 fddbfc01 fddbfc02 fddbfc03 fddbff01 fddbff02 fddbff03 "
        "fb2d fb2e fd3a "
        # limits of Polish meters
        "abc8ff13 abc8ff15 abc8ff16 abc8ff17 abc8ff18 abc8fc10 "
        # other media, time, numbers, states
        "06 08 09 0e 0f 11 12 13 14 15 16 933c 20 21 22 23 24 26 3a 3b 3c 3d 3e 59 5a 5b 5d 5e 5f 61 65 66 6c 6d 6e 78 fd0b fd10 fd17 fd74"
    ).split()
)
assert len(_USUAL_VIBS) <= 2**_VIB_BITS
_USUAL_FIELDS: Final = dif.BINARY | dif.BCD | {dif.FLOAT}
_STORAGE: Final = 0x40
_FUNCTION: Final = 0x30
"""Bits of the DIF."""

_DIGITS_SAVE: Final = 1.35
"""A byte of two decimal digits is one of 100 instead of 256."""
_ZERO_SAVES: Final = 7.0
"""The highest byte of most values is 0: a share of 1/2, so 1 bit is enough for its 8."""
_DECIMAL_COSTS: Final = 2.0
_DATE_SAVES: Final = {2: 1.0, 4: 2.9, 6: 3.0}
"""Bytes of a date that exists, in one of 32 years → bits saved. Of random bytes, 18, 6.3 and 5.9 % are such a date. Its share is 1/2."""
_UNUSUAL_COSTS: Final = 1.0
"""Other binary values and dates have a share of 1/2."""
_YEARS: Final = range(2010, 2042)
_ITS_NUMBER: Final = bytes.fromhex("0c78")
_NUMBER_SAVES: Final = 31.0
"""A fabrication number is the meter's own with a share of 1/2."""
_ANY_ZONE: Final = Zone()
"""Whether octets are a date does not depend on the zone."""


def bits(octets: bytes, found: list[Record], size: int, meter: Address | None = None) -> float:
    """The bits that records save of the first `size` of their octets. Only these are deciphered; others prove nothing about a key.

    `found` is the walk through all octets.
    """
    saved, at = 0.0, 0
    for record in found:
        if record.at >= size:
            break
        data_at = record.at + len(record.header)
        saved += _FILLER_SAVES * (record.at - at)
        at = data_at + len(record.data)
        saved += _of_record(record, meter, whole=at <= size) if data_at <= size else -_OTHER_COSTS
    if at < size:
        fillers = size - at - len(octets[at:size].lstrip(bytes([dif.FILLER])))
        saved += _FILLER_SAVES * fillers
        saved -= _OTHER_COSTS * (at + fillers < size)
    return saved


def _of_record(record: Record, meter: Address | None, *, whole: bool) -> float:
    """The bits that a record saves. Of a record that is not deciphered as a whole, only the header counts."""
    block_end = 1 + bool(record.header[0] & dif.MORE)
    head, vib = record.header[:block_end], record.header[block_end:]
    if head[0] & 0x0F not in _USUAL_FIELDS or head[0] & _FUNCTION or vib not in _USUAL_VIBS:
        return -_OTHER_COSTS
    if len(head) > 1 and (head[0] & _STORAGE or head[1] & dif.MORE):
        return -_OTHER_COSTS
    saved = 8 * len(vib) - _VIB_BITS + (_DIF_SAVES if len(head) == 1 else _DIF_AND_DIFE_SAVE) - _USUAL_COSTS
    return saved + _of_data(record, meter) if whole else saved


def _of_data(record: Record, meter: Address | None) -> float:
    """The bits that the data of a usual record save."""
    block, what = parts(record)
    data = record.data
    if record.header == _ITS_NUMBER and meter is not None and data == meter.raw[2:6]:
        return _NUMBER_SAVES
    if block.field in dif.BCD:
        if not data.hex().isdecimal():
            return -_DECIMAL_COSTS
        if data[-1] == 0 and record.header != _ITS_NUMBER:
            return _ZERO_SAVES + _DIGITS_SAVE * (len(data) - 1)
        return _DIGITS_SAVE * len(data) - _DECIMAL_COSTS
    if what.kind == "date":
        return _DATE_SAVES.get(len(data), -_UNUSUAL_COSTS) if _is_sane_date(record) else -_UNUSUAL_COSTS
    if block.field == dif.FLOAT:
        return 0.0
    return _ZERO_SAVES if data[-1] == 0 else -_UNUSUAL_COSTS


def _is_sane_date(record: Record) -> bool:
    """Whether data are a date that exists, in one of the years that count."""
    block, what = parts(record)
    reader = values.reader(block.field, what, record.data)
    try:
        text = reader.dated(record.data, _ANY_ZONE) if reader.dated else None
    except RecordError:
        return False
    return isinstance(text, str) and text[:4].isdecimal() and int(text[:4]) in _YEARS
