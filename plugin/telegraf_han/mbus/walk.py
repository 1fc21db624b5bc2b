"""Cuts the octets of M-Bus records into single records: where each header ends, and how much data follow.

EN 13757-3, 6. A record is DIF, DIFEs, VIF, VIFEs, data. 2F fills the space between records and behind them. This is the plain walk.
`records` has a short cut for telegrams that are built like an earlier one. The walk looks at structure only. `dif` and `vif` say what a
record means. Bytes that are no record end the walk, and the records before them stay: a tail costs nothing that stands before it. Some
meters send a few such bytes behind the last filler in every telegram [seen by others on AMIplus]. Other tails are told (`tail`).
"""

from typing import Final, NamedTuple

from telegraf_han.errors import RecordError
from telegraf_han.language import _
from telegraf_han.mbus import dif, values, vif

RECORDS_LIMIT: Final = 256
"""The most records in one telegram. 255 bytes hold no more."""


class Record(NamedTuple):
    """One record as it stands in the telegram."""

    at: int
    """Offset of its DIF."""
    header: bytes
    """DIF to the last VIFE."""
    data: bytes
    """With the length byte of a variable field."""


def walked(octets: bytes) -> list[Record]:
    """The records in order, up to bytes that are no record. Raises RecordError if there is no record before such bytes."""
    found: list[Record] = []
    at = 0
    while at < len(octets):
        if octets[at] == dif.FILLER:
            at += 1
            continue
        try:
            record = _record(octets, at)
        except RecordError:
            if found:
                break
            raise
        found.append(record)
        at += len(record.header) + len(record.data)
        if len(found) > RECORDS_LIMIT:
            raise RecordError(_("more than {limit} records", limit=RECORDS_LIMIT))
    return found


def end(found: list[Record]) -> int:
    """The offset after the last record."""
    return found[-1].at + len(found[-1].header) + len(found[-1].data) if found else 0


def tail(octets: bytes, found: list[Record]) -> str:
    """What is wrong with the bytes behind the last record. "" if nothing, or if fillers come first, which is some meters' habit."""
    at = end(found)
    if at == len(octets) or octets[at] == dif.FILLER:
        return ""
    try:
        _record(octets, at)
    except RecordError as error:
        return _("the last {size} bytes are no record, because {why}", size=len(octets) - at, why=error)
    return ""


def header(octets: bytes) -> bytes:
    """The header at the head of octets. Raises RecordError."""
    if octets[0] in dif.MAKERS_OWN:
        return octets[:1]
    try:
        return octets[: _vib_end(octets, _chain_end(octets, 0))]
    except IndexError:
        raise RecordError(_("a header is cut short")) from None


def _record(octets: bytes, start: int) -> Record:
    """The record at an offset. Raises RecordError."""
    field = octets[start] & 0x0F
    if octets[start] in dif.MAKERS_OWN:
        return Record(start, octets[start : start + 1], octets[start + 1 :])
    if field != dif.VARIABLE and field not in dif.SIZES:
        raise RecordError(_("byte {start} of the records is {octet:02X}, which is not a DIF", start=start, octet=octets[start]))
    try:
        at = _vib_end(octets, _chain_end(octets, start))
        size = 1 + _variable_size(octets[at]) if field == dif.VARIABLE else dif.SIZES[field]
    except IndexError:
        raise RecordError(_("record at byte {start} is cut short in its header", start=start)) from None
    if at + size > len(octets):
        raise RecordError(
            _("record at byte {start} has {size} bytes of data, but {left} are left", start=start, size=size, left=len(octets) - at)
        )
    return Record(start, octets[start:at], octets[at : at + size])


def _chain_end(octets: bytes, start: int) -> int:
    """The offset after a chain of bytes, in which each byte but the last says that one more follows.

    Raises IndexError, RecordError.
    """
    at = start
    while octets[at] & dif.MORE:
        at += 1
    if at - start > dif.DIFE_LIMIT:
        raise RecordError(
            _("{size} extension bytes at byte {start}, more than {limit}", size=at - start, start=start, limit=dif.DIFE_LIMIT)
        )
    return at + 1


def _vib_end(octets: bytes, start: int) -> int:
    """The offset after VIF, VIFEs and the text of a unit, in whichever order. Raises IndexError, RecordError."""
    if octets[start] & ~dif.MORE != vif.TEXT:
        return _chain_end(octets, start)
    at = vif.text_at(octets, start)
    end = at + 1 + octets[at]
    if octets[start] & dif.MORE and at == start + 1:
        return _chain_end(octets, end)
    _chain_end(octets, start)
    return end


def _variable_size(lvar: int) -> int:
    size = values.variable_size(lvar)
    if size is None:
        raise RecordError(_("length byte {lvar:02X} of a variable field is reserved", lvar=lvar))
    return size


def parts(record: Record) -> tuple[dif.Dib, vif.Vib]:
    """What DIB and VIB of a record say. The maker's own data have no VIB."""
    if record.header[0] in dif.MAKERS_OWN:
        return dif.dib(record.header[:1]), vif.vib(b"\x7f")
    end = _chain_end(record.header, 0)
    return dif.dib(record.header[:end]), vif.vib(record.header[end:])
