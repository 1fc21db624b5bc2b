"""Reads plain records of M-Bus (EN 13757-3, 6) into columns and values.

Everything is decoded and nothing is dropped. A record without an OBIS code keeps its header as its name. The maker's own data are given in
hex. A value that cannot be read becomes None, its reason becomes a flaw of the telegram, and the other values stay valid. The same holds
for bytes behind the last record that are no record. The status byte of a telegram's header is one more value, and its words are another if
the byte is not 0.

A meter's telegrams are built alike. So the first telegram of a kind leaves a layout: the places of headers and data, as one `struct`. The
layout cuts the next telegram in one step. If all headers and fillers are the same bytes, the walk (`walk`) would give the same result. A
property test compares the two, and the walk decides. The layout also proves a key at almost no cost, because with a wrong key a hundred
bytes of headers never come out right.
"""

import struct
from functools import lru_cache
from operator import getitem
from typing import Final, NamedTuple

from telegraf_han import clock, obis
from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError
from telegraf_han.language import _
from telegraf_han.mbus import dif, evidence, naming, transport, values, vif, vife, walk
from telegraf_han.mbus.naming import Name
from telegraf_han.mbus.walk import Record, parts, walked
from telegraf_han.telegram import Address, Body, Column, Shape, Value, of_fields

SHAPES_LIMIT: Final = 64
"""The most shapes, and the most layouts, that are remembered. A meter has one to three. Only damaged or hostile input makes more. Then
all are forgotten."""
FLAWS_LIMIT: Final = 8
_RECORDS_FOR_AN_ODD_ONE: Final = 3
"""A record with an unknown VIF or with wrong digits does not make a key wrong, if there are two other records for each such record."""
_LAYOUT_PROVES: Final = 8
"""Bytes of headers and fillers. If so many are those of a known layout, this is no chance: one in 2**64, for each of SHAPES_LIMIT
layouts."""
STATUS: Final = Column(None, "", "", "meter_status", "meter_status", 1)
STATUS_TEXT: Final = Column(None, "", "", "meter_status_text", "meter_status_text", 1)
_FILLER: Final = dif.FILLER.to_bytes(1, "big")
_MODEL: Final = b"\xfd\x0c"
"""VIF of a record that names the model itself."""


class _Clock(NamedTuple):
    """The place of the meter's clock, and its reader."""

    at: int
    time_ns: values.ReadClock
    season: tuple[int, int]
    """Byte and bit that say summer time."""


class _Plan(NamedTuple):
    """Everything that is fixed for a shape."""

    readers: tuple[values.Remembering, ...]
    dated: tuple[tuple[int, values.ReadDated], ...]
    clock: _Clock | None
    model_at: int
    model: str
    """The model that the meter's address names."""
    headers: tuple[bytes, ...]


_Shapes = tuple[Shape, Shape, Shape]
"""The shape of telegrams without a status, with a status of 0, and with another status. All three have one plan."""


class _Layout(NamedTuple):
    """The places of a shape's records, if all of them have a fixed length."""

    cut: struct.Struct
    """Cuts header, data, header, data …, and the bytes after the last record."""
    headers: tuple[bytes, ...]
    """Fillers before a header belong to it. The last entry holds the bytes after the last record."""
    shapes: _Shapes
    proves: int
    """Bytes of all headers."""


_Cut = tuple[_Shapes, tuple[bytes, ...], str]
"""Shapes of a telegram, the data of its records, and what is wrong with the bytes behind the last record."""

_Kind = tuple[str, int, int]
"""Manufacturer, version and device type, on which names depend."""

_shapes: Final[dict[object, _Shapes]] = {}
_layouts: Final[dict[tuple[_Kind, int], _Layout]] = {}
_newest: Final[list[tuple[bytes, _Layout | None, tuple[bytes, ...]]]] = [(b"", None, ())]
"""The telegram that was compared with layouts last, the layout that fits, and the data. Its key is tested first, then it is read."""


def body(octets: bytes, address: Address, zone: Zone, status: int | None = None) -> Body:
    """Read the records of one telegram.

    `zone` is the time zone of the meter's clock. `status` is the byte of the header, None if there is no header. Raises RecordError if
    there is no record.
    """
    layout, data = _laid_out(octets, address)
    if layout is not None:
        shapes, tail = layout.shapes, ""
    else:
        shapes, data, tail = _walked_cut(octets, address)
    shape = shapes[0]
    plan: _Plan = shape.plan  # type: ignore[assignment]
    flaws: list[str] = []
    try:
        read: list[Value] = list(map(getitem, plan.readers, data))
    except ValueError:
        read = _readable(shape, plan, data, flaws)
    time_ns = None
    season_told = True
    for place, dated in plan.dated:
        try:
            read[place] = dated(data[place], zone)
        except RecordError as error:
            flaws.append(f"{_called(shape.columns[place])}: {error}")
    if plan.clock is not None:
        time_ns = _time_ns(plan.clock, data, zone, flaws)
        read[plan.clock.at] = None if time_ns is None else clock.rfc3339(time_ns, zone)
        byte, bit = plan.clock.season
        season_told = bool(data[plan.clock.at][byte] & bit) or _is_one_offset(zone)
    model = str(read[plan.model_at] or plan.model) if plan.model_at >= 0 else plan.model
    if status is not None:
        read.append(status)
        shape = shapes[1]
        if status:
            read.append(transport.status_text(status))
            shape = shapes[2]
    if tail:
        flaws.append(tail)
    return of_fields(Body, (shape, read, time_ns, address.id, model, tuple(flaws[:FLAWS_LIMIT]) if flaws else (), season_told))


@lru_cache(16)
def _is_one_offset(zone: Zone) -> bool:
    """Whether a zone has no summer time, so that a clock there needs no bit for it."""
    winter_s, summer_s = zone.offsets_s(_ANY_YEAR)
    return winter_s == summer_s


def headers_of(shape: Shape) -> tuple[bytes, ...]:
    """The headers of a frame of this shape."""
    plan: _Plan = shape.plan  # type: ignore[assignment]
    return plan.headers


def proves(octets: bytes, address: Address, size: int, given: float = 0.0) -> bool:
    """Whether the first `size` of these bytes can only be records of a meter, so that the key that deciphered them is right.

    `given` are the bits that bytes before them have proven already. With a wrong key, or none, less than one telegram in a thousand million
    passes: see `evidence`. A known layout proves the same at almost no cost.
    """
    layout, _ = _laid_out(octets, address)
    if layout is not None and layout.proves >= _LAYOUT_PROVES + len(octets) - size:
        return True
    return unmistakable(octets, evidence.PROOF - given, address, size)


def unmistakable(octets: bytes, wanted: float = evidence.PROOF, address: Address | None = None, size: int | None = None) -> bool:
    """Whether these bytes, or the first `size` of them, look like records by so many bits more than noise does."""
    try:
        found = walked(octets)
    except RecordError:
        found = []
    return evidence.bits(octets, found, len(octets) if size is None else size, address) >= wanted


def plausible(octets: bytes, address: Address) -> bool:
    """Whether these bytes may be records: they can be walked to the end, and most are as a meter would send them.

    One in 25 pieces of random bytes passes (most of these as a maker's own data, which cannot be judged). So this alone proves no key.
    """
    if _laid_out(octets, address)[0] is not None:
        return True
    try:
        found = walked(octets)
    except RecordError:
        return False
    if walk.tail(octets, found):
        return False
    if not found or found[0].header[0] in dif.MAKERS_OWN:
        return bool(found) or not octets.strip(_FILLER)
    odd = sum(not _is_ordinary(record) for record in found)
    return odd * _RECORDS_FOR_AN_ODD_ONE <= len(found)


def _is_ordinary(record: Record) -> bool:
    """Whether a record is of a known kind, says nothing unknown about it, and has data that can be read."""
    block, what = parts(record)
    reader = values.reader(block.field, what, record.data)
    try:
        reader.dated(record.data, _ANY_ZONE) if reader.dated else reader.read(record.data)
    except values.UNREADABLE:
        return False
    return bool(record.data) and bool(what.quantity) and vife.is_known(what.words)


_ANY_ZONE: Final = Zone()
"""Whether octets are a date does not depend on the zone."""
_ANY_YEAR: Final = 2026


def _laid_out(octets: bytes, address: Address) -> tuple[_Layout | None, tuple[bytes, ...]]:
    """Layout and data of a telegram that is built like an earlier one. None and nothing if it is not."""
    known, layout, data = _newest[0]
    if known is octets:
        return layout, data
    layout, data = _layouts.get(((address.manufacturer, address.version, address.device), len(octets))), ()
    if layout is not None:
        parts = layout.cut.unpack(octets)
        layout, data = (layout, parts[1::2]) if parts[::2] == layout.headers else (None, ())
    _newest[0] = octets, layout, data
    return layout, data


def _walked_cut(octets: bytes, address: Address) -> _Cut:
    """Shapes and data, found by walking. Leaves a layout if it can. Raises RecordError."""
    found = walked(octets)
    if not found:
        raise RecordError(_("the telegram has no records"))
    kind = address.manufacturer, address.version, address.device
    forms = [record.data[0] if record.header[0] & 0x0F == dif.VARIABLE else -1 for record in found]
    key = kind, tuple([record.header for record in found]), tuple(forms)
    shapes = _shapes.get(key)
    if shapes is None:
        shapes = _made(found, address)
        _make_room(_shapes)
        _shapes[key] = shapes
    fixed = max(forms) < 0 and found[-1].header[0] not in dif.MAKERS_OWN
    if fixed and not octets[walk.end(found) :].strip(_FILLER):
        _make_room(_layouts)
        _layouts[kind, len(octets)] = _layout(octets, found, shapes)
    return shapes, tuple([record.data for record in found]), walk.tail(octets, found)


def _make_room(memory: dict) -> None:  # type: ignore[type-arg]
    if len(memory) >= SHAPES_LIMIT:
        memory.clear()


def _layout(octets: bytes, found: list[Record], shapes: _Shapes) -> _Layout:
    """The layout that cuts the next telegram of this kind."""
    sizes = []
    end = 0
    for record in found:
        data_at = record.at + len(record.header)
        sizes += [data_at - end, len(record.data)]
        end = data_at + len(record.data)
    cut = struct.Struct("".join([f"{size}s" for size in (*sizes, len(octets) - end)]))
    headers = cut.unpack(octets)[::2]
    return _Layout(cut, headers, shapes, sum(map(len, headers)))


def _made(found: list[Record], address: Address) -> _Shapes:
    """Columns and readers of a new shape, without and with a status."""
    columns: list[Column] = []
    fields: set[str] = set()
    readers: list[values.Reader] = []
    seen: dict[str, int] = {}
    its_clock: _Clock | None = None
    model_at = -1
    for place, record in enumerate(found):
        block, what = parts(record)
        what = naming.meant(address, block, what)
        name = naming.named(address, block, what)
        if name is not None:
            what = what._replace(exponent=what.exponent + name.exponent)
        reader = values.reader(block.field, what, record.data)
        column = _column(record, name, what, reader, seen)
        readers.append(reader if block.field == dif.FLOAT else reader._replace(read=values.kept(reader.read, what, record.data)))
        if its_clock is None and column.obis == obis.CLOCK and reader.dated and len(record.data) in values.CLOCKS:
            its_clock = _Clock(place, values.CLOCKS[len(record.data)], values.SEASONS[len(record.data)])
        elif not column.field and (column.obis == obis.CLOCK or column.occurrence > 1):
            column = column._replace(field=f"{column.name}_text")
        columns.append(obis.with_own_field(column, fields))
        if record.header[1:] == _MODEL:
            model_at = place
    clock_at = its_clock.at if its_clock else -1
    dated = tuple([(place, reader.dated) for place, reader in enumerate(readers) if reader.dated and place != clock_at])
    plan = _Plan(
        tuple([values.remembering(reader.read) for reader in readers]),
        dated,
        its_clock,
        model_at,
        naming.model(address),
        tuple([record.header for record in found]),
    )
    return Shape(tuple(columns), plan), Shape((*columns, STATUS), plan), Shape((*columns, STATUS, STATUS_TEXT), plan)


def _column(record: Record, name: Name | None, what: vif.Vib, reader: values.Reader, seen: dict[str, int]) -> Column:
    """The column of a record."""
    header = record.header.hex().upper()
    called = (name.code if name else "") or header
    occurrence = seen[called] = seen.get(called, 0) + 1
    unit = "" if reader.text else what.unit
    if name is None or not name.code:
        return obis.column(None, header, unit, occurrence, name.name if name else "", text=reader.text)
    if not reader.text:
        unit = obis.row(name.code).unit or unit
    return obis.column(name.code, header, unit, occurrence, name.name, text=reader.text)


def _time_ns(its_clock: _Clock, data: tuple[bytes, ...], zone: Zone, flaws: list[str]) -> int | None:
    """The meter's clock in UTC ns. None if it is not set or shows a time that does not exist."""
    try:
        return its_clock.time_ns(data[its_clock.at], zone)
    except RecordError as error:
        flaws.append(f"{obis.CLOCK}: {error}")
        return None


def _called(column: Column) -> str:
    return column.obis or f"record {column.record}"


def _readable(shape: Shape, plan: _Plan, data: tuple[bytes, ...], flaws: list[str]) -> list[Value]:
    """The values of a telegram in which some cannot be read. Each unreadable value becomes None and a flaw."""
    read: list[Value] = []
    for column, reader, raw in zip(shape.columns, plan.readers, data, strict=True):
        try:
            read.append(reader[raw])
        except values.TooLargeError as error:
            read.append(None)
            flaws.append(f"{_called(column)}: {error}")
        except ValueError:
            read.append(None)
            flaws.append(_("{what}: {size} bytes that are not a number", what=_called(column), size=len(raw)))
    return read
