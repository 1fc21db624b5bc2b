"""Turns plain M-Bus records into records of the same length that identify nobody.

Values with a unit, dates and short numbers stay. Three things are replaced: numbers that identify a meter, texts, and data that only the
maker understands. So nothing unknown is published. Headers stay, so the telegram decodes as before.
"""

from typing import Final

from telegraf_han.errors import RecordError
from telegraf_han.inspection.redaction.numbers import Numbers
from telegraf_han.mbus import dif, walk
from telegraf_han.mbus.walk import Record

SHORT_BYTES: Final = 2
"""Data of so few bytes cannot tell one meter from another."""
_TEXT_END: Final = 0xC0
"""In a variable field a length byte below this value is the length of a text."""
_VERSIONS: Final = frozenset(("model", "hardware_version", "firmware", "parameter_set", "device_type", "manufacturer"))
_VERSION_DIGITS: Final = 4
_TELLING_KINDS: Final = frozenset(("date", "bits"))
_NUMBERLESS: Final = frozenset(("count", "flags"))
"""Kinds that name nobody, if their quantity is known."""


def redacted(octets: bytes, numbers: Numbers) -> bytes:
    """Redact the records. Bytes that are no record become fillers; the maker's own data become zeros."""
    try:
        found = walk.walked(octets)
    except RecordError:
        return bytes(len(octets))
    fresh = bytearray()
    for record in found:
        fresh += _between(octets[len(fresh) : record.at])
        fresh += record.header + _data(record, numbers)
    return bytes(fresh) + _between(octets[len(fresh) :])


def _between(octets: bytes) -> bytes:
    """Fillers. Other bytes between or behind the records are no record, and their meaning is unknown."""
    return octets if not octets.strip(bytes([dif.FILLER])) else bytes([dif.FILLER]) * len(octets)


def _data(record: Record, numbers: Numbers) -> bytes:
    block, what = walk.parts(record)
    if record.header[0] in dif.MAKERS_OWN:
        return bytes(len(record.data))
    if block.field == dif.VARIABLE:
        return _variable(record.data, what.quantity, numbers)
    if what.unit or what.kind in _TELLING_KINDS or len(record.data) <= SHORT_BYTES:
        return record.data
    if block.field in dif.BCD:
        return bytes.fromhex(numbers.invented(_decimal(record.data[::-1].hex())))[::-1]
    if what.quantity in _VERSIONS or (what.kind in _NUMBERLESS and what.quantity):
        return record.data
    return bytes(len(record.data))


def _decimal(digits: str) -> str:
    """Packed digits. Some makers use letters in their numbers, too. Letters become zeros."""
    return "".join(digit if digit.isdecimal() else "0" for digit in digits)


def _variable(data: bytes, quantity: str, numbers: Numbers) -> bytes:
    """A text (last character first) behind its length, or a number of another form."""
    if not data or data[0] >= _TEXT_END:
        return data[:1] + bytes(max(len(data) - 1, 0))
    text = data[:0:-1]
    if quantity in _VERSIONS and sum(chr(octet).isdigit() for octet in text) <= _VERSION_DIGITS:
        return data
    return data[:1] + numbers.masked_octets(text)[::-1]
