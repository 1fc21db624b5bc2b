"""Reads plain records of M-Bus (EN 13757-3, 6) into columns and values.

Everything is decoded and nothing is dropped. A record without an OBIS code keeps its header as its name. The maker's own data are given in
hex. A value that cannot be read becomes None, its reason becomes a flaw of the telegram, and the other values stay valid.

A meter's telegrams are built alike. So the first telegram of a kind leaves a layout: the places of headers and data, as one `struct`. The
layout cuts the next telegram in one step. If all headers and fillers are the same bytes, the walk (`walk`) would give the same result. A
property test compares the two, and the walk decides. The layout also proves a key at almost no cost, because with a wrong key a hundred
bytes of headers never come out right.
"""

import struct
from typing import Final, NamedTuple

from telegraf_han import clock, obis
from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError
from telegraf_han.mbus import dif, naming, values, vif, vife
from telegraf_han.mbus.naming import Name
from telegraf_han.mbus.walk import Record, parts, walked
from telegraf_han.telegram import Address, Body, Column, Shape, Value

SHAPES_LIMIT: Final = 64
"""The most shapes, and the most layouts, that are remembered. A meter has one to three. Only damaged or hostile input makes more. Then
all are forgotten."""
FLAWS_LIMIT: Final = 8
_RECORDS_FOR_AN_ODD_ONE: Final = 3
"""A record with an unknown VIF or with wrong digits does not make a key wrong, if there are two other records for each such record."""
_UNMISTAKABLE: Final = 3
_FILLER: Final = dif.FILLER.to_bytes(1, "big")
_MODEL: Final = b"\xfd\x0c"
"""VIF of a record that names the model itself."""


class _Clock(NamedTuple):
    """The place of the meter's clock, and its reader."""

    at: int
    time_ns: values.ReadClock


class _Plan(NamedTuple):
    """Everything that is fixed for a shape."""

    readers: tuple[values.Read, ...]
    dated: tuple[tuple[int, values.ReadDated], ...]
    clock: _Clock | None
    model_at: int


class _Layout(NamedTuple):
    """The places of a shape's records, if all of them have a fixed length."""

    cut: struct.Struct
    """Cuts header, data, header, data …, and the bytes after the last record."""
    headers: tuple[bytes, ...]
    """Fillers before a header belong to it. The last entry holds the bytes after the last record."""
    shape: Shape


_Kind = tuple[str, int, int]
"""Manufacturer, version and device type, on which names depend."""

_shapes: Final[dict[object, Shape]] = {}
_layouts: Final[dict[tuple[_Kind, int], _Layout]] = {}


def body(octets: bytes, address: Address, zone: Zone) -> Body:
    """Read the records of one telegram.

    `zone` is the time zone of the meter's clock. Raises RecordError if the records cannot be walked.
    """
    found = _laid_out(octets, address)
    if found is None:
        found = _walked_shape(octets, address)
    shape, data = found
    plan: _Plan = shape.plan  # type: ignore[assignment]
    flaws: list[str] = []
    try:
        read = [reader(raw) for reader, raw in zip(plan.readers, data, strict=True)]
    except ValueError:
        read = _readable(shape, plan, data, flaws)
    time_ns = None
    for place, dated in plan.dated:
        try:
            read[place] = dated(data[place], zone)
        except RecordError as error:
            flaws.append(f"{_called(shape.columns[place])}: {error}")
    if plan.clock is not None:
        time_ns = _time_ns(plan.clock, data, zone, flaws)
        read[plan.clock.at] = None if time_ns is None else clock.rfc3339(time_ns, zone)
    model = read[plan.model_at] if plan.model_at >= 0 else None
    return Body(shape, read, time_ns, address.id, str(model or naming.model(address)), tuple(flaws[:FLAWS_LIMIT]))


def plausible(octets: bytes, address: Address) -> bool:
    """Whether these bytes are records and not noise: they can be walked to the end, and most are as a meter would send them.

    One in 25 pieces of random bytes passes (most of these as a maker's own data, which cannot be judged). But a key must first get two
    bytes before them right. So one wrong key in 1.6 million passes. At one telegram per minute, that is one telegram in three years.
    """
    if _laid_out(octets, address) is not None:
        return True
    try:
        found = walked(octets)
    except RecordError:
        return False
    if not found or found[0].header[0] in dif.MAKERS_OWN:
        return bool(found) or not octets.strip(_FILLER)
    odd = sum(not _is_ordinary(record) for record in found)
    return odd * _RECORDS_FOR_AN_ODD_ONE <= len(found)


def unmistakable(octets: bytes) -> bool:
    """Whether these bytes can only be records: there is at least one, and all are ordinary.

    This is for a text whose first bytes do not prove the key.
    """
    try:
        found = walked(octets)
    except RecordError:
        return False
    return len(found) >= _UNMISTAKABLE and all(record.header[0] not in dif.MAKERS_OWN and _is_ordinary(record) for record in found)


def _is_ordinary(record: Record) -> bool:
    """Whether a record is of a known kind, says nothing unknown about it, and has data that can be read."""
    block, what = parts(record)
    reader = values.reader(block.field, what, record.data)
    try:
        reader.dated(record.data, _ANY_ZONE) if reader.dated else reader.read(record.data)
    except values.UNREADABLE:
        return block.field == dif.FLOAT  # a float says "not a number" if there is no value
    return bool(record.data) and bool(what.quantity) and vife.is_known(what.words)


_ANY_ZONE: Final = Zone()
"""Whether octets are a date does not depend on the zone."""


def _laid_out(octets: bytes, address: Address) -> tuple[Shape, tuple[bytes, ...]] | None:
    """Shape and data of a telegram that is built like an earlier one. None if it is not."""
    layout = _layouts.get(((address.manufacturer, address.version, address.device), len(octets)))
    if layout is None:
        return None
    parts = layout.cut.unpack(octets)
    return (layout.shape, parts[1::2]) if parts[::2] == layout.headers else None


def _walked_shape(octets: bytes, address: Address) -> tuple[Shape, tuple[bytes, ...]]:
    """Shape and data, found by walking. Leaves a layout if it can. Raises RecordError."""
    found = walked(octets)
    if not found:
        raise RecordError("the telegram has no records")
    kind = address.manufacturer, address.version, address.device
    forms = [record.data[0] if record.header[0] & 0x0F == dif.VARIABLE else -1 for record in found]
    key = kind, tuple([record.header for record in found]), tuple(forms)
    shape = _shapes.get(key)
    if shape is None:
        shape = _made(found, address)
        _make_room(_shapes)
        _shapes[key] = shape
    fixed = max(forms) < 0 and found[-1].header[0] not in dif.MAKERS_OWN
    if fixed and not octets[found[-1].at + len(found[-1].header) + len(found[-1].data) :].strip(_FILLER):
        _make_room(_layouts)
        _layouts[kind, len(octets)] = _layout(octets, found, shape)
    return shape, tuple([record.data for record in found])


def _make_room(memory: dict) -> None:  # type: ignore[type-arg]
    if len(memory) >= SHAPES_LIMIT:
        memory.clear()


def _layout(octets: bytes, found: list[Record], shape: Shape) -> _Layout:
    """The layout that cuts the next telegram of this kind."""
    sizes = []
    end = 0
    for record in found:
        data_at = record.at + len(record.header)
        sizes += [data_at - end, len(record.data)]
        end = data_at + len(record.data)
    cut = struct.Struct("".join([f"{size}s" for size in (*sizes, len(octets) - end)]))
    return _Layout(cut, cut.unpack(octets)[::2], shape)


def _made(found: list[Record], address: Address) -> Shape:
    """Columns and readers of a new shape."""
    columns: list[Column] = []
    fields: set[str] = set()
    readers: list[values.Reader] = []
    seen: dict[str, int] = {}
    its_clock: _Clock | None = None
    model_at = -1
    for place, record in enumerate(found):
        block, what = parts(record)
        name = naming.named(address, block, what)
        if name is not None:
            what = what._replace(exponent=what.exponent + name.exponent)
        reader = values.reader(block.field, what, record.data)
        column = _column(record, name, what, reader, seen)
        readers.append(reader)
        if its_clock is None and column.obis == obis.CLOCK and reader.dated and len(record.data) in values.CLOCKS:
            its_clock = _Clock(place, values.CLOCKS[len(record.data)])
        elif not column.field and (column.obis == obis.CLOCK or column.occurrence > 1):
            column = column._replace(field=f"{column.name}_text")
        columns.append(obis.with_own_field(column, fields))
        if record.header[1:] == _MODEL:
            model_at = place
    clock_at = its_clock.at if its_clock else -1
    dated = tuple([(place, reader.dated) for place, reader in enumerate(readers) if reader.dated and place != clock_at])
    return Shape(tuple(columns), _Plan(tuple([reader.read for reader in readers]), dated, its_clock, model_at))


def _column(record: Record, name: Name | None, what: vif.Vib, reader: values.Reader, seen: dict[str, int]) -> Column:
    """The column of a record."""
    header = record.header.hex().upper()
    called = name.code if name else header
    occurrence = seen[called] = seen.get(called, 0) + 1
    unit = "" if reader.text else what.unit
    if name is None:
        return obis.column(None, header, unit, occurrence, text=reader.text)
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
            read.append(reader(raw))
        except ValueError:
            read.append(None)
            flaws.append(f"{_called(column)}: {len(raw)} bytes that are not a number")
    return read
