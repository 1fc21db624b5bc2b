"""Reads the lines of a P1 text: columns, values, the meter's time and its tags.

`lines` finds the lines (P1 companion 5.0.2, 6.4), `shapes` says how their values are read. From one second to the next only digits change.
So the layout of a telegram is remembered, and a telegram every second costs only a few microseconds.

The letter S or W says whether a time stamp is summer or winter time. [assumed] a value without a unit is in the registry's base unit:
`(16500)` of 17.0.0 is W. A line or a value that cannot be read is a flaw, and the rest of the telegram is good.
"""

from collections.abc import Callable
from functools import lru_cache
from operator import getitem, itemgetter
from typing import Final, NamedTuple

from telegraf_han import clock, obis
from telegraf_han.errors import RecordError
from telegraf_han.language import _
from telegraf_han.p1 import lines, shapes
from telegraf_han.p1.dialects import DEVICE_TYPES, MODELS, SAYS_MODEL
from telegraf_han.p1.lines import note
from telegraf_han.p1.shapes import Plan, plan_of
from telegraf_han.telegram import Body, Shape, Value, of_fields

LAYOUTS_LIMIT: Final = 64
"""The most layouts that are remembered. A meter has one or two. Only damaged or hostile input makes more, and then all are forgotten."""
TAGS_LIMIT: Final = 16_384
"""The most serial numbers that are remembered with their model. More than one process reads."""
_DIGITS: Final = frozenset(b"0123456789")
_LEAST_AND_MOST: Final = [bytes.maketrans(b"0123456789", digit * 10) for digit in (b"0", b"9")]
_TST_LENGTH: Final = 13
"""Characters of YYMMDDhhmmss with S or W, which almost all clocks send."""


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


_layouts: Final[dict[tuple[int, str], _Layout]] = {}
"""Layouts by length and ident line."""


def body(text: bytes, ident: str, zone: clock.Zone) -> Body:
    """Read the data lines of one telegram. Raises RecordError if none of them can be read."""
    flaws: list[str] = []
    layout = _layouts.get((len(text), ident))
    if layout is not None and int.from_bytes(text, "little") & layout.mask == layout.fixed:
        shape, raw_values = layout.shape, layout.values(text)
        plan: Plan = shape.plan  # type: ignore[assignment]
        try:
            values: list[Value] = list(map(getitem, plan.readers, raw_values))
        except ValueError:
            shape, raw_values, values = _read(text, ident, flaws)
            plan = plan_of(shape)
    else:
        shape, raw_values, values = _read(text, ident, flaws)
        plan = plan_of(shape)
    time_ns, season_told = None, True
    if plan.clock_at >= 0:
        time_ns, values[plan.clock_at], season_told = _time(raw_values[plan.clock_at], zone, flaws)
    if time_ns is None and plan.date_at >= 0:
        time_ns, season_told = _time_of_parts(raw_values[plan.date_at], raw_values[plan.time_at], zone, flaws)
    if time_ns is None and not flaws and plan.clock_at >= 0 and raw_values[plan.clock_at]:
        flaws.append(_("{code}: the meter's clock says that it has no time", code=obis.CLOCK))
    for place, usual in plan.words:
        if usual.misses_quantity(raw_values[place]):
            _note_value(shape, place, raw_values[place], flaws)
    for place in plan.stamps_at:
        _stamp_ns, values[place], _told = _time(raw_values[place], zone, flaws, shape.columns[place].name)
    serial = values[plan.serial_at] if plan.serial_at >= 0 else None
    device = values[plan.device_at] if plan.device_at >= 0 else None
    number, model = _tags(serial, device, ident, plan.says_model, plan.device_at == plan.serial_at)
    return of_fields(Body, (shape, values, time_ns, number, model, tuple(flaws), season_told))


def _read(text: bytes, ident: str, flaws: list[str]) -> tuple[Shape, tuple[bytes, ...], list[Value]]:
    """A telegram without a layout: its shape, and its values as sent and as read."""
    simple = lines.at_once(text)
    codes, raw_values, raw_units = simple or lines.found(text, flaws)
    key = (codes, raw_units, ident.startswith(SAYS_MODEL))
    shape = shapes.usual(key)
    if shape is not None:
        try:
            values = list(map(getitem, plan_of(shape).readers, raw_values))
        except ValueError:
            shape = None
    if shape is None:
        shape = shapes.shape(key, raw_values)
        values = _readable(shape, raw_values, flaws)
    if simple and not flaws:
        _remember(text, ident, shape, raw_values)
    return shape, raw_values, values


def _remember(text: bytes, ident: str, shape: Shape, raw_values: tuple[bytes, ...]) -> None:
    """Keep the places of this telegram's values, if its lines are simple and no digits make another shape of it."""
    places = lines.places(text)
    plan = plan_of(shape)
    if len(places) < 2:  # noqa: PLR2004, itemgetter gives no tuple for one
        return
    try:
        for place in plan.strict:
            for digits in _LEAST_AND_MOST:
                plan.readers[place][raw_values[place].translate(digits)]
    except ValueError:
        return
    mask = bytearray(b"\xff" * len(text))
    for begin, end in places:
        for place in range(begin, end):
            if text[place] in _DIGITS:
                mask[place] = 0xF0
    mask_number = int.from_bytes(mask, "little")
    if len(_layouts) >= LAYOUTS_LIMIT:
        _layouts.clear()
    cut = itemgetter(*[slice(*place) for place in places])
    _layouts[len(text), ident] = _Layout(mask_number, int.from_bytes(text, "little") & mask_number, cut, shape)


def _time(stamp: bytes, zone: clock.Zone, flaws: list[str], whose: str = obis.CLOCK) -> tuple[int | None, str | None, bool]:
    """A time in UTC ns and as text, and whether its season was told. None if there is none or an impossible one.

    A clock that is not set makes no register wrong.
    """
    try:
        if len(stamp) == _TST_LENGTH:
            return *clock.tst(stamp, zone), True
    except RecordError:
        pass  # one of the other forms, or none
    try:
        from telegraf_han.p1 import stamps  # noqa: PLC0415, most meters never need it

        time_ns, season_told = stamps.read(stamp, zone)
    except RecordError as error:
        note(flaws, f"{whose}: {error}")
        return None, None, True
    return time_ns, None if time_ns is None else clock.rfc3339(time_ns, zone), season_told


def _time_of_parts(day: bytes, time: bytes, zone: clock.Zone, flaws: list[str]) -> tuple[int | None, bool]:
    """The same for a clock that sends date and time of day as two values."""
    try:
        from telegraf_han.p1 import stamps  # noqa: PLC0415, as above

        return stamps.read_parts(day, time, zone)
    except RecordError as error:
        note(flaws, _("0.9.1 and 0.9.2: {error}", error=error))
        return None, True


def _readable(shape: Shape, raw_values: tuple[bytes, ...], flaws: list[str]) -> list[Value]:
    """The values of a telegram. Each that cannot be read becomes None and a flaw."""
    values: list[Value] = []
    for place, reader in enumerate(plan_of(shape).readers):
        try:
            values.append(reader[raw_values[place]])
        except ValueError:
            values.append(None)
            _note_value(shape, place, raw_values[place], flaws)
    return values


def _note_value(shape: Shape, place: int, raw: bytes, flaws: list[str]) -> None:
    """Say that a number is missing."""
    note(flaws, _("{code}: {size} characters that are not a number", code=shape.columns[place].obis, size=len(raw)))


@lru_cache(TAGS_LIMIT)
def _tags(serial: Value, device: Value, ident: str, says_model: bool, same: bool) -> tuple[str, str]:  # noqa: FBT001, keywords would cost time
    """Serial number and model, from what 96.1.0 and 96.1.1 say. `same` says that both are 96.1.1.

    In networks other than Stoen's, 96.1.1 is the serial number and 96.1.0 is missing.
    """
    number = str(serial or "").strip()
    said = str(device or "").replace(" ", "")
    if said in DEVICE_TYPES or (said and says_model):
        return "" if same else number, said
    return number, _model(ident)


@lru_cache(64)
def _model(ident: str) -> str:
    """The model that the ident line names, "" if it names none."""
    return next((model for opening, model in MODELS.items() if ident.startswith(opening)), "")
