"""Turns plain M-Bus records into records of the same length that identify nobody.

Only values that `harmless` allows stay: quantities with a unit of the norm in a range that a meter can show, possible dates, small counts
and flags, and names of known models and versions. Everything else is replaced: numbers that identify a meter or a customer, texts, records
whose meaning only the maker knows, and units that a meter spells out itself. The rest of each header stays. So the telegram decodes as
before.

A quantity or a date with the octets of a number that identifies somebody is replaced, too.
"""

from collections.abc import Callable
from typing import Final

from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError
from telegraf_han.inspection.redaction import harmless
from telegraf_han.inspection.redaction.numbers import Numbers
from telegraf_han.mbus import dif, naming, values, vif, walk
from telegraf_han.mbus.vif import Vib
from telegraf_han.mbus.walk import Record

_SHORT_BYTES: Final = 2
"""Flags, versions and quantities of so few bytes cannot tell one meter from another."""
_COUNT_LIMIT: Final = 100_000
"""Counts and heat cost units reach five digits. Serial numbers have more."""
_TEXT_END: Final = 0xC0
"""In a variable field a length byte below this value is the length of a text."""
_VERSIONS: Final = frozenset(("model", "hardware_version", "firmware", "parameter_set", "device_type", "manufacturer"))
_OWN: Final = frozenset(key for habit in naming.HABITS.values() for key in habit.rows)
"""Quantity and words of the makers' own records whose meaning is known."""
_NO_NUMBER: Final = b"\0\0\xc0\x7f"
"""A float that is not a number."""
_UTC: Final = Zone("UTC")


def redacted(octets: bytes, numbers: Numbers) -> bytes:
    """Redact the records. Bytes that are no record become fillers; the maker's own data become zeros."""
    try:
        found = walk.walked(octets)
    except RecordError:
        return bytes(len(octets))
    fresh = bytearray()
    for record in found:
        fresh += _between(octets[len(fresh) : record.at])
        fresh += _header(record, numbers) + _data(record, numbers)
    return bytes(fresh) + _between(octets[len(fresh) :])


def _between(octets: bytes) -> bytes:
    """Fillers. Other bytes between or behind the records are no record, and their meaning is unknown."""
    return octets if not octets.strip(bytes([dif.FILLER])) else bytes([dif.FILLER]) * len(octets)


def _header(record: Record, numbers: Numbers) -> bytes:
    """The header. A unit that it spells out stays only if it is a known unit."""
    header, at = record.header, 0
    if header[0] in dif.MAKERS_OWN:
        return header
    while header[at] & dif.MORE:
        at += 1
    if header[at + 1] & ~dif.MORE != vif.TEXT:
        return header
    begin = vif.text_at(header, at + 1) + 1
    end = begin + header[begin - 1]
    spelled = header[begin:end]
    if harmless.base_unit(spelled[::-1].strip())[0] in harmless.LIMITS:
        return header
    return header[:begin] + numbers.masked_octets(spelled[::-1])[::-1] + header[end:]


def _data(record: Record, numbers: Numbers) -> bytes:
    """The data of a record as they may be published."""
    block, what = walk.parts(record)
    place = what.quantity or f"record {record.header[:4].hex().upper()}"
    why = "" if numbers.leaks(record.data) else _reason(record, block.field, what)
    if why:
        numbers.note_kept(why, place)
        return record.data
    if not record.data:
        return b""
    numbers.note_replaced(_kind(what), place)
    if record.header[0] in dif.MAKERS_OWN:
        return bytes(len(record.data))
    if block.field == dif.VARIABLE:
        return _variable(record.data, numbers)
    if block.field in dif.BCD:
        return _packed(record.data, numbers, telling=not what.unit)
    if block.field == dif.FLOAT and _value(block.field, what, record.data) is None:
        return _NO_NUMBER
    if what.kind == "identity":
        numbers.known.remember(str(int.from_bytes(record.data, "little")))
    return bytes(len(record.data))


def _kind(what: Vib) -> str:
    """What is replaced, in the words of the report."""
    if what.kind == "identity":
        return harmless.IDENTIFIERS
    return harmless.CARRIERS if what.quantity not in ("", "makers_own") else "records of unknown meaning"


def _reason(record: Record, field: int, what: Vib) -> str:
    """Why the data of a record may be published, or ""."""
    data = record.data
    if record.header[0] in dif.MAKERS_OWN or not data:
        return ""
    if what.quantity in _VERSIONS:
        return _of_version(field, data)
    if what.kind == "identity":
        return ""
    if what.kind == "date":
        return harmless.CLOCK if field in dif.BINARY and _value(field, what, data) is not None else ""
    if field == dif.VARIABLE:
        return ""
    if what.kind in ("bits", "flags"):
        return harmless.STATE if len(data) <= _SHORT_BYTES or not data.strip(b"\0") else ""
    value = _value(field, what, data)
    if what.unit:
        is_known = isinstance(value, int | float) and harmless.plausible(value, what.unit)
        return harmless.QUANTITY if is_known or len(data) <= _SHORT_BYTES or _is_nothing(value, data) else ""
    is_named = what.quantity not in ("", "makers_own") or (what.quantity, what.words) in _OWN
    is_small = isinstance(value, int | float) and abs(value) < _COUNT_LIMIT
    return harmless.STATE if is_named and (is_small or _is_nothing(value, data)) else ""


def _is_nothing(value: object, data: bytes) -> bool:
    """Whether the meter says that it has no value."""
    return value is None and set(data) <= {0x00, 0x80, 0xFF}


def _value(field: int, what: Vib, data: bytes) -> object:
    """The value of a record, None if there is none."""
    found = values.reader(field, what, data)
    read: Callable[[bytes], object] = found.read
    try:
        return found.dated(data, _UTC) if found.dated is not None else read(data)
    except values.UNREADABLE:
        return None


def _of_version(field: int, data: bytes) -> str:
    """Why a model or a version may be published, or ""."""
    if field != dif.VARIABLE:
        return harmless.VERSION if len(data) <= _SHORT_BYTES else ""
    text = data[:0:-1].strip(b" \0")
    if data[0] >= _TEXT_END:
        return ""
    if harmless.is_model(text) or harmless.is_model(text[::-1]):
        return harmless.MODEL
    return harmless.VERSION if harmless.is_version(text) else ""


def _packed(data: bytes, numbers: Numbers, *, telling: bool) -> bytes:
    """Packed digits, low digits first. Letters among them stay letters, because they are a sign or an error."""
    masked = numbers.masked_octets(data[::-1].hex().replace("f", "-").encode("ascii"), telling=telling)
    return bytes.fromhex(masked.decode("ascii").replace("X", "a").replace("-", "f"))[::-1]


def _variable(data: bytes, numbers: Numbers) -> bytes:
    """A text (last character first) behind its length, or a number of another form."""
    if not data or data[0] >= _TEXT_END:
        return data[:1] + bytes(max(len(data) - 1, 0))
    return data[:1] + numbers.masked_octets(data[:0:-1])[::-1]
