"""Makes the shape of a telegram: the column of each value, and how the value is read.

Telegrams with the same codes and units share a shape. Meters also send words and identifiers under codes of numbers (`expected`), and the
type of a column must not change. So which values are such texts is part of a shape. The readers of a shape are strict: if all of them
take their values, the telegram has this shape. So the last shape of the same codes and units is tried first, and kinds are looked at only
if a reader refuses.

The same code may come several times, with different meanings [seen: 17.0.0 at Stoen]. So no value is looked up by code alone. 0.9.1 and
0.9.2 together are the meter's clock (IEC 62056-61), and 96.1.1 is the model only where the ident line is known to go with that.
"""

from functools import lru_cache
from typing import Final, NamedTuple, cast

from telegraf_han import obis, units
from telegraf_han.p1.expected import Expected, expected, unit_of
from telegraf_han.p1.lines import AS_TEXT, AS_TIME
from telegraf_han.p1.values import NOTHING, OCTETS, SERIAL, TEXT, Reader
from telegraf_han.telegram import Column, Shape

SHAPES_LIMIT: Final = 64
"""The most shapes that are remembered. A meter has one or two. Only damaged or hostile input makes more, and then all are forgotten."""
_DATE: Final = "clock_date"
_TIME_OF_DAY: Final = "clock_time"
_PARTS: Final = {"0-0:0.9.1": _TIME_OF_DAY, "1-0:0.9.1": _TIME_OF_DAY, "0-0:0.9.2": _DATE, "1-0:0.9.2": _DATE}
"""The codes of a clock in two values → names of its parts."""
_DEVICE: Final = Column(obis.MODEL, None, "", "", "obis_0_0_96_1_1_text", 1)
"""The column of 96.1.1 where it is neither the model nor the serial number."""
_READERS: Final = {"text": TEXT, "label": TEXT, "octets": OCTETS, "id": SERIAL, "serial": SERIAL, "model": OCTETS}
"""Kind of a code → the reader of its values."""


class Plan(NamedTuple):
    """The fixed part of a shape: the reader of each value, and the places of what the telegram says about itself. -1 if it does not."""

    readers: tuple[Reader, ...]
    strict: tuple[int, ...]
    """Places whose readers take one kind of text only."""
    clock_at: int
    date_at: int
    """The date of a clock in two values."""
    time_at: int
    """The time of day of a clock in two values."""
    serial_at: int
    device_at: int
    """Where 96.1.1 is. It is the serial number in networks where 96.1.0 is missing."""
    says_model: bool
    """Whether 96.1.1 is the model."""
    stamps_at: tuple[int, ...]
    """Where the time stamps of single values are."""
    words: tuple[tuple[int, Expected], ...]
    """Where texts are although numbers are usual, and what is usual."""


Key = tuple[tuple[bytes, ...], tuple[bytes, ...], bool]
"""Codes and units of a telegram, and whether its ident line is one under which 96.1.1 names the model."""

_usual: Final[dict[Key, Shape]] = {}
"""The last shape of each key."""
_shapes: Final[dict[tuple[Key, tuple[bool, ...]], Shape]] = {}
"""Shapes by key and by which values are texts although numbers are usual."""


def plan_of(shape: Shape) -> Plan:
    """The plan of a shape that was made here."""
    return cast("Plan", shape.plan)


def usual(key: Key) -> Shape | None:
    """The last shape of these codes and units, if there is one. It fits if its readers take all values."""
    return _usual.get(key)


def shape(key: Key, raw_values: tuple[bytes, ...]) -> Shape:
    """The shape of these codes, units and kinds of values, made once."""
    raw_codes, raw_units, says_model = key
    codes = tuple([_full(code) for code in raw_codes])
    texts = tuple(map(_is_text, codes, raw_units, raw_values))
    found = _shapes.get((key, texts))
    if found is None:
        found = _made(codes, raw_units, texts, says_model=says_model)
        if len(_shapes) >= SHAPES_LIMIT:
            _shapes.clear()
            _usual.clear()
        _shapes[key, texts] = found
    _usual[key] = found
    return found


@lru_cache(1024)
def _full(raw_code: bytes) -> str:
    return obis.full(raw_code.decode("ascii"))


def _is_text(code: str, raw_unit: bytes, raw: bytes) -> bool:
    """Whether a value is a text although a number is usual."""
    return _is_usually_number(code, raw_unit) and expected(code, raw_unit).is_text(raw)


def _is_usually_number(code: str, raw_unit: bytes) -> bool:
    return raw_unit not in (AS_TEXT, AS_TIME) and _kind(code, raw_unit) == "number"


@lru_cache(1024)
def _kind(code: str, raw_unit: bytes) -> str:
    """The kind of a value. Under a code without a name, what has a unit is a number, even where others are identifiers."""
    row = obis.row(code)
    return row.kind if row.name or not units.known(unit_of(raw_unit)) else "number"


def _made(codes: tuple[str, ...], raw_units: tuple[bytes, ...], texts: tuple[bool, ...], *, says_model: bool) -> Shape:
    """A new shape."""
    columns: list[Column] = []
    readers: list[Reader] = []
    seen: dict[str, int] = {}
    fields: set[str] = set()
    has_parts = {_PARTS[code] for code in codes if code in _PARTS} == {*_PARTS.values()}
    has_serial = obis.SERIAL in codes
    for code, raw_unit, is_text in zip(codes, raw_units, texts, strict=True):
        occurrence = seen[code] = seen.get(code, 0) + (raw_unit != AS_TIME)
        if raw_unit == AS_TIME:
            column, reader = obis.time_column(columns[-1]), NOTHING
        elif has_parts and code in _PARTS and raw_unit != AS_TEXT and occurrence == 1:
            column, reader = Column(code, None, "", _PARTS[code], "", 1), TEXT
        elif code == obis.MODEL and has_serial and not says_model and occurrence == 1:
            column, reader = _DEVICE, _whole(SERIAL, raw_unit)
        else:
            column, reader = _column(code, raw_unit, occurrence, is_text=is_text)
        columns.append(obis.with_own_field(column, fields))
        readers.append(reader)
    at = {column.obis: place for place, column in reversed(list(enumerate(columns)))}
    named = {column.name: place for place, column in enumerate(columns)}
    plan = Plan(
        tuple(readers),
        strict=tuple(
            [place for place, (code, raw_unit) in enumerate(zip(codes, raw_units, strict=True)) if _is_usually_number(code, raw_unit)]
        ),
        clock_at=at.get(obis.CLOCK, -1),
        date_at=named.get(_DATE, -1),
        time_at=named.get(_TIME_OF_DAY, -1),
        serial_at=at.get(obis.SERIAL, at.get(obis.MODEL, -1)),
        device_at=at.get(obis.MODEL, -1),
        says_model=says_model and has_serial,
        stamps_at=tuple([place for place, raw_unit in enumerate(raw_units) if raw_unit == AS_TIME]),
        words=tuple([(place, expected(codes[place], raw_units[place])) for place, is_text in enumerate(texts) if is_text]),
    )
    return Shape(tuple(columns), plan)


def _column(code: str, raw_unit: bytes, occurrence: int, *, is_text: bool) -> tuple[Column, Reader]:
    """A column, and the reader of its values."""
    kind = _kind(code, raw_unit)
    if kind == "number" and raw_unit != AS_TEXT:
        known = expected(code, raw_unit)
        if not is_text:
            column = obis.column(code, None, known.unit, occurrence)
            return column._replace(field=known.own_field(column.field)), known.number()
        return obis.column(code, None, "", occurrence, text=True), known.text()
    column = obis.column(code, None, "", occurrence, text=True)
    if not column.field and occurrence > 1:
        column = column._replace(field=f"{column.name}_text")
    if kind == "clock" and occurrence == 1 and raw_unit != AS_TEXT:
        return column, NOTHING
    return column, _whole(TEXT if raw_unit == AS_TEXT else _READERS.get(kind, TEXT), raw_unit)


def _whole(reader: Reader, raw_unit: bytes) -> Reader:
    """The reader of a text that may hold a star. The part after the star was taken for a unit, so it is put back."""
    if raw_unit in (b"", AS_TEXT):
        return reader
    return Reader(lambda raw: reader[b"%b*%b" % (raw, raw_unit)])
