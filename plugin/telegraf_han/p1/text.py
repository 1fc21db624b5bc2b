"""Reads DSMR data lines into columns and values.

A line is `code(value[*unit])`, sometimes with more groups (P1 companion 5.0.2, 6.4). M-Bus channels put a time stamp before the value.
Event logs and profiles have many groups. One regular expression reads all simple lines. Only lines with more groups are read one by one.
They become simple lines: the value after its time stamp, or the groups as text. Telegrams with the same codes and units share a `Shape`.
Its plan holds one reader per column. So a telegram every second costs only a few microseconds.

The same code may come several times, with different meanings [seen: 17.0.0 at Stoen]. So no value is looked up by code alone. The letter S
or W says whether a time stamp is summer or winter time. [assumed] a value without a unit is in the registry's base unit: `(16500)` of
17.0.0 is W.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import getitem, itemgetter
from typing import Final, NamedTuple, cast

from telegraf_han import clock, obis, units
from telegraf_han.errors import RecordError
from telegraf_han.p1.dialects import MODELS
from telegraf_han.p1.values import NOTHING, OCTETS, SERIAL, TEXT, Reader, is_number, number
from telegraf_han.telegram import Body, Column, Shape, Value

SHAPES_LIMIT: Final = 64
"""The most shapes that are remembered. A meter has one or two. Only damaged or hostile input makes more, and then all are forgotten."""
LINES_LIMIT: Final = 512
"""The most lines in one telegram. The longest real ones have about 60."""
FLAWS_LIMIT: Final = 8

_Triple = tuple[bytes, bytes, bytes]

_CODE: Final = rb"(?:\d{1,3}-\d{1,3}:)?\d{1,3}\.\d{1,3}(?:\.\d{1,3})?(?:[*.]\d{1,3})?"
_LINE: Final = re.compile(rb"^(" + _CODE + rb")\(([^()*\r\n]*)(?:\*([^()\r\n]*))?\)([^\r\n]*)", re.MULTILINE)
_SIMPLE_LINE: Final = re.compile(rb"([0-9][^(\r\n]*)\(([^*()\r\n]*)\*?([^()\r\n]*)\)[\r\n]*")
"""The same for a telegram that has only simple lines, at half the cost. Codes are checked when the shape is made."""
_ONE_CODE: Final = re.compile(_CODE)
_GROUPS: Final = re.compile(rb"\(([^()]*)\)")
_STAMP: Final = re.compile(rb"\d{10}(?:\d\d)?[SW]?")
_DIGITS: Final = frozenset(b"0123456789")
_AS_TEXT: Final = b"\0text"
"""Takes the place of a unit. It means that the value is the text of all groups of the line, unchanged."""


class _Plan(NamedTuple):
    """The fixed part of a shape: the reader of each value, and the places of the telegram's own tags."""

    readers: tuple[Reader, ...]
    clock_at: int
    serial_at: int
    model_at: int
    fixed: bool
    """Whether codes and units alone decide how values are read."""


class _Layout(NamedTuple):
    """A whole telegram as it was, except for the digits of its values.

    A meter pads its values, so from one second to the next nothing else in a telegram changes. One AND and one comparison of two long
    integers prove that all codes, units and brackets are in the same places. Then the values are slices.
    """

    mask: int
    """All bits are set except the four bits in which digits within values differ. So a bracket is never taken for a digit."""
    fixed: int
    """What the telegram must be under the mask."""
    values: Callable[[bytes], tuple[bytes, ...]]
    shape: Shape


_shapes: Final[dict[object, Shape]] = {}
_layouts: Final[dict[tuple[int, str], _Layout]] = {}
"""Layouts by length and ident line."""


def body(lines: bytes, ident: str, zone: clock.Zone) -> Body:
    """Read the data lines of one telegram. Raises RecordError if none of them can be read."""
    flaws: list[str] = []
    layout = _layouts.get((len(lines), ident))
    if layout is not None and int.from_bytes(lines, "little") & layout.mask == layout.fixed:
        shape, raw_values = layout.shape, layout.values(lines)
    else:
        codes, raw_values, raw_units = _lines(lines, flaws)
        shape = _shape(codes, raw_values, raw_units)
        if not flaws:
            _remember(lines, ident, shape, raw_values)
    plan: _Plan = shape.plan  # type: ignore[assignment]
    try:
        values = list(map(getitem, plan.readers, raw_values))
    except ValueError:
        values = _readable(shape, plan, raw_values, flaws)
    time_ns = None
    if plan.clock_at >= 0:
        time_ns = _time_ns(raw_values[plan.clock_at], zone, flaws)
        values[plan.clock_at] = None if time_ns is None else clock.rfc3339(time_ns, zone)
    return Body(shape, values, time_ns, *_tags(plan, values, ident), tuple(flaws))


def _lines(lines: bytes, flaws: list[str]) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    """Codes, values and units of all lines. Raises RecordError if there are none or too many."""
    found: list[_Triple] = _SIMPLE_LINE.findall(lines)
    if 0 < len(found) <= LINES_LIMIT and len(found) == lines.count(b"(") == lines.count(b")") == lines.rstrip().count(b"\n") + 1:
        codes, values, raw_units = zip(*found, strict=True)
        if (codes, raw_units) in _shapes or all(map(_ONE_CODE.fullmatch, codes)):
            return codes, values, raw_units
    triples = _one_by_one(lines, flaws)
    if not triples:
        raise RecordError("no line of the telegram is an OBIS code with a value")
    if len(triples) > LINES_LIMIT:
        raise RecordError(f"telegram has {len(triples)} lines, more than {LINES_LIMIT}")
    codes, values, raw_units = zip(*triples, strict=True)
    return codes, values, raw_units


def _remember(lines: bytes, ident: str, shape: Shape, raw_values: tuple[bytes, ...]) -> None:
    """Keep the places of this telegram's values, if its lines are simple and its shape depends on codes and units alone."""
    found = list(_SIMPLE_LINE.finditer(lines))
    if not cast("_Plan", shape.plan).fixed or len(found) < 2 or tuple(line[2] for line in found) != raw_values:  # noqa: PLR2004, itemgetter
        return
    mask = bytearray(b"\xff" * len(lines))
    for line in found:
        for place in range(*line.span(2)):
            if line.string[place] in _DIGITS:
                mask[place] = 0xF0
    mask_number = int.from_bytes(mask, "little")
    if len(_layouts) >= SHAPES_LIMIT:
        _layouts.clear()
    values = cast("Callable[[bytes], tuple[bytes, ...]]", itemgetter(*[slice(*line.span(2)) for line in found]))
    _layouts[len(lines), ident] = _Layout(mask_number, int.from_bytes(lines, "little") & mask_number, values, shape)


def _time_ns(stamp: bytes, zone: clock.Zone, flaws: list[str]) -> int | None:
    """The meter's clock in UTC ns. None if it sends no time or an impossible one.

    A clock that is not set makes no register wrong.
    """
    if not stamp:
        return None
    try:
        return clock.tst_ns(stamp, zone)
    except RecordError as error:
        flaws.append(str(error))
        return None


def _readable(shape: Shape, plan: _Plan, raw_values: tuple[bytes, ...], flaws: list[str]) -> list[Value]:
    """The values of a telegram in which some cannot be read. Each unreadable value becomes None and a flaw."""
    values: list[Value] = []
    for column, reader, raw in zip(shape.columns, plan.readers, raw_values, strict=True):
        try:
            values.append(reader[raw])
        except ValueError:
            values.append(None)
            if len(flaws) < FLAWS_LIMIT:
                flaws.append(f"{column.obis}: {len(raw)} characters that are not a number")
    return values


def _tags(plan: _Plan, values: list[Value], ident: str) -> tuple[str, str]:
    """Serial number and model. In networks other than Stoen's, 96.1.1 is the serial number and 96.1.0 is missing."""
    serial = str(values[plan.serial_at] or "").strip() if plan.serial_at >= 0 else ""
    device = str(values[plan.model_at] or "").strip() if plan.model_at >= 0 else ""
    known = _model(ident)
    if plan.serial_at < 0:
        return device, known
    return serial, device.replace(" ", "") or known


@lru_cache(64)
def _model(ident: str) -> str:
    """The model that the ident line names, "" if it names none."""
    return next((model for opening, model in MODELS.items() if ident.startswith(opening)), "")


def _shape(codes: tuple[bytes, ...], raw_values: tuple[bytes, ...], raw_units: tuple[bytes, ...]) -> Shape:
    """The shape of these codes and units, made once.

    A value without a unit under a code without a name may be a number or a text. So the kind of such a value is part of the key.
    """
    found = _shapes.get((codes, raw_units))
    if found is not None:
        return found
    kinds = tuple(is_number(raw) for raw in raw_values)
    key = (codes, raw_units, kinds)
    found = _shapes.get(key)
    if found is None:
        found = _made(codes, raw_units, kinds)
        if len(_shapes) >= SHAPES_LIMIT:
            _shapes.clear()
        _shapes[(codes, raw_units) if cast("_Plan", found.plan).fixed else key] = found
    return found


def _made(codes: tuple[bytes, ...], raw_units: tuple[bytes, ...], kinds: tuple[bool, ...]) -> Shape:
    """A new shape."""
    columns: list[Column] = []
    readers: list[Reader] = []
    seen: dict[str, int] = {}
    fields: set[str] = set()
    fixed = True
    for raw_code, raw_unit, numeric in zip(codes, raw_units, kinds, strict=True):
        code = obis.full(raw_code.decode("ascii"))
        occurrence = seen[code] = seen.get(code, 0) + 1
        row = obis.row(code)
        if row.kind == "clock" and raw_unit != _AS_TEXT:
            columns.append(obis.column(code, None, "", occurrence))
            readers.append(NOTHING if occurrence == 1 else TEXT)
        elif raw_unit == _AS_TEXT or row.kind == "text":
            columns.append(obis.column(code, None, "", occurrence, text=raw_unit == _AS_TEXT))
            readers.append(_whole(TEXT, raw_unit))
        elif row.kind in ("octets", "serial", "model"):
            columns.append(obis.column(code, None, "", occurrence))
            readers.append(_whole(SERIAL if row.kind == "serial" else OCTETS, raw_unit))
        elif row.name or numeric or units.known(_unit(raw_unit)):
            fixed = fixed and bool(row.name or units.known(_unit(raw_unit)))
            unit, exponent = units.base(_unit(raw_unit))
            columns.append(obis.column(code, None, unit, occurrence))
            readers.append(number(exponent))
        else:
            fixed = False
            columns.append(obis.column(code, None, "", occurrence, text=True))
            readers.append(_whole(TEXT, raw_unit))
        if not columns[-1].field and occurrence > 1:
            columns[-1] = columns[-1]._replace(field=f"{row.name}_text")
    columns = [obis.with_own_field(column, fields) for column in columns]
    at = {column.obis: place for place, column in reversed(list(enumerate(columns)))}
    plan = _Plan(tuple(readers), at.get(obis.CLOCK, -1), at.get(obis.SERIAL, -1), at.get(obis.MODEL, -1), fixed)
    return Shape(tuple(columns), plan)


def _unit(raw: bytes) -> str:
    """A unit as text. Some meters write m³ with one byte above 7F, some in UTF-8."""
    return raw.decode("latin-1").replace("Â", "").replace("³", "3").strip()


def _whole(reader: Reader, raw_unit: bytes) -> Reader:
    """The reader of a text that may hold a star. The part after the star was taken for a unit, so it is put back."""
    if raw_unit in (b"", _AS_TEXT):
        return reader
    return Reader(lambda raw: reader[b"%b*%b" % (raw, raw_unit)])


def _one_by_one(lines: bytes, flaws: list[str]) -> list[_Triple]:
    """Turn lines that are not all simple into simple ones. What is not a line at all becomes a flaw."""
    triples: list[_Triple] = []
    for line in _joined(lines):
        found = _LINE.match(line)
        if found is None:
            if len(flaws) < FLAWS_LIMIT:
                flaws.append(f"a line of {len(line)} characters that is not an OBIS code with a value")
            continue
        code, value, unit, rest = found[1], found[2], found[3] or b"", found[4].strip(b") ")
        triples.append(_simple(line, code) if rest else (code, value, unit))
    return triples


def _joined(lines: bytes) -> list[bytes]:
    """All lines. A line that begins with "(" continues the line before it (DSMR 2.2's gas reading)."""
    joined: list[bytes] = []
    for line in lines.replace(b"\r", b"\n").split(b"\n"):
        text = line.strip(b" \t\0")
        if text.startswith(b"(") and joined:
            joined[-1] += text
        elif text:
            joined.append(text)
    return joined


def _simple(line: bytes, code: bytes) -> _Triple:
    """A line of several groups as code, value, unit.

    In `(stamp)(value*unit)` the last group is the value. DSMR 2.2's `(stamp)(00)(60)(1)(code)(unit)(value)` names its own code. Anything
    else (event logs and profiles) stays text. Text after a single group is noise.
    """
    groups: list[bytes] = _GROUPS.findall(line)
    last, _, unit = groups[-1].partition(b"*")
    if len(groups) == 1 or (len(groups) == 2 and _STAMP.fullmatch(groups[0])):  # noqa: PLR2004, time stamp and value
        return code, last, unit
    if len(groups) > 3 and _ONE_CODE.fullmatch(groups[-3]) and groups[-2][:1].isalpha() and not unit:  # noqa: PLR2004, the three that count
        return groups[-3], last, groups[-2]
    return code, line[len(code) :], _AS_TEXT
