"""Turns telegrams into line protocol: the wide layout, the OBIS layout, and single lines for the status.

The lines follow the line protocol reference: tags are sorted, special characters are escaped, and a time stamp in ns is always there.
Every number is a float field (no `i`), because the type of a field must never change. Only the status counters are integers. NaN and
infinity cannot occur, because the parsers turn them into None. None and empty text are left out.

No line is longer than 4096 bytes, so that one `write` puts it into Telegraf's pipe whole. A longer line is split into several lines with
the same tags and time, and InfluxDB joins them again. Everything that depends only on a shape is made once and kept in `Shape.templates`.
So one `%` on a template makes the line of a telegram.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple, cast

from telegraf_han.telegram import Column, Shape, Telegram, Value

LINE_LIMIT: Final = 4096
"""PIPE_BUF: what a pipe takes in one piece (POSIX), the newline included."""
TEXT_LIMIT: Final = 1024
"""Bytes of a text field before escaping. The longest message of DSMR has as many octets."""
TAG_LIMIT: Final = 256
"""Bytes of a tag. A name of 64 characters fits in any alphabet."""
HEADS_LIMIT: Final = 16_384
"""The most beginnings of lines that are remembered, one per meter. More than one process reads."""
_STAMP_LIMIT: Final = 24
"""A blank, 20 characters of ns, the newline, and a reserve."""

Tags = tuple[tuple[str, str], ...]
"""Pairs of name and value."""
_PATTERNS_LIMIT: Final = 16
"""The most patterns that a template remembers. A text that changes with each telegram (a time) makes many, and then they are of no use."""
_OBEYED: Final = ((0, 32), (127, 160), (0x61C, 0x61D), (0x200B, 0x2010), (0x2028, 0x202F), (0x2060, 0x2070), (0xFEFF, 0xFF00))
"""Controls of ASCII and Latin-1, ends of lines, marks that turn the direction of writing or are invisible."""
_CONTROLS: Final = [chr(code) for first, end in _OBEYED for code in range(first, end)]
"""Characters that end a line or that a terminal obeys. Each becomes a blank."""
_MEASUREMENT: Final = str.maketrans(dict.fromkeys([*_CONTROLS, " "], "\\ ") | {",": "\\,"})
_KEY: Final = _MEASUREMENT | str.maketrans({"=": "\\="})
_TEXT: Final = str.maketrans(dict.fromkeys(_CONTROLS, " ") | {'"': '\\"', "\\": "\\\\"})


class _Template(NamedTuple):
    """Makes the wide line of a shape if all its numbers are there."""

    fields: list[str | None]
    """Each number's field with its place in the line, for `%`. None for a text."""
    numbers: Callable[[list[Value]], tuple[float, ...]]
    """Takes the numbers from a telegram's values."""
    texts: Callable[[list[Value]], tuple[Value, ...]]
    """Takes the texts."""
    names: list[str]
    """The fields of the texts."""
    patterns: dict[tuple[Value, ...], str]
    """The fields of a line in which only the numbers are missing, by its texts. A meter says the same texts again and again."""


def wide(telegram: Telegram, measurement: str, time_ns: int, tags: Tags = ()) -> bytes:
    """Return all readings of a telegram as one line (or several, if very long). Empty if no reading is a field.

    `tags` are those that the owner gave to the meter.
    """
    head = _head(measurement, telegram.interface, telegram.meter, telegram.model, telegram.serial, tags)
    values = telegram.values
    template: _Template | None = telegram.shape.templates.get("wide")  # type: ignore[assignment]
    if template is None:
        template = telegram.shape.templates["wide"] = _template(telegram.shape, values)
    if template.fields:
        texts, numbers = template.texts(values), template.numbers(values)
        pattern = template.patterns.get(texts) or _pattern(template, texts)
        try:
            sum(numbers)  # the cheapest test that all are numbers: adding None or text raises TypeError
        except TypeError:
            pass
        else:
            rssi = "" if telegram.rssi_dbm is None else f",rssi_dbm={telegram.rssi_dbm}"
            line_bytes = f"{head} {pattern % numbers}{rssi} {time_ns}\n".encode()
            if len(line_bytes) <= LINE_LIMIT:
                return line_bytes
    found = [(column.field, value) for column, value in zip(telegram.shape.columns, values, strict=True)]
    return _lines(head, [*found, ("rssi_dbm", telegram.rssi_dbm)], time_ns)


def tall(telegram: Telegram, time_ns: int, tags: Tags = ()) -> bytes:
    """Return each reading as a line of measurement `obis`, with its code, unit and name as tags. For `tags` see `wide`."""
    columns = telegram.shape.columns
    every = _tags_of(telegram) | dict(tags)
    lines = [
        _lines(
            _tagged("obis", every | _tags_of_column(column)),
            [("text" if isinstance(value, str) else "value", value)],
            time_ns,
        )
        for column, value in zip(columns, telegram.values, strict=True)
        if column.field
    ]
    if telegram.rssi_dbm is not None:
        lines.append(_lines(_tagged("obis", every | {"name": "rssi", "unit": "dBm"}), [("value", telegram.rssi_dbm)], time_ns))
    return b"".join(lines)


def line(
    measurement: str,
    tags: Mapping[str, str],
    fields: Mapping[str, str | float | None],
    time_ns: int,
    counters: Mapping[str, int] | None = None,
) -> bytes:
    """Return one line of any measurement. `counters` become integer fields and come first. Empty if no field has a value."""
    rendered = [f"{_escaped(name, _KEY)}={count}i" for name, count in (counters or {}).items()]
    rendered += _rendered(fields.items())
    return f"{_tagged(measurement, tags)} {','.join(rendered)} {time_ns}\n".encode() if rendered else b""


def _template(shape: Shape, values: list[Value]) -> _Template:
    """Make the template of a shape. The values of the first telegram show which columns are text."""
    fields = [(place, column.field) for place, column in enumerate(shape.columns) if column.field]
    texts = [place for place, _ in fields if isinstance(values[place], str)]
    numbers = [place for place, _ in fields if place not in texts]
    if not numbers:
        fields = []
    return _Template(
        [None if place in texts else _escaped(field, _KEY).replace("%", "%%") + "=%s" for place, field in fields],
        cast("Callable[[list[Value]], tuple[float, ...]]", _taken(numbers)),
        _taken(texts),
        [field for place, field in fields if place in texts],
        {},
    )


def _taken(places: list[int]) -> Callable[[list[Value]], tuple[Value, ...]]:
    """A function that takes the values at these places. `itemgetter` gives a tuple only for two or more."""
    match places:
        case []:
            return lambda _: ()
        case [place]:
            return lambda values: (values[place],)
        case _:
            return cast("Callable[[list[Value]], tuple[Value, ...]]", itemgetter(*places))


def _pattern(template: _Template, texts: tuple[Value, ...]) -> str:
    """The fields of a line with these texts, in the order of the columns. A text that is empty is left out."""
    rest = zip(template.names, texts, strict=True)
    fields: list[str] = []
    for field in template.fields:
        fields += [text.replace("%", "%%") for text in _rendered([next(rest)])] if field is None else [field]
    pattern = ",".join(fields)
    if len(template.patterns) >= _PATTERNS_LIMIT:
        template.patterns.clear()
    template.patterns[texts] = pattern
    return pattern


@lru_cache(HEADS_LIMIT)
def _head(measurement: str, interface: str, meter: str, model: str, serial: str, tags: Tags) -> str:  # noqa: PLR0917, keywords would cost time
    return _tagged(measurement, {"interface": interface, "meter": meter, "model": model, "serial": serial, **dict(tags)})


def _tags_of(telegram: Telegram) -> dict[str, str]:
    return {"interface": telegram.interface, "meter": telegram.meter, "model": telegram.model, "serial": telegram.serial}


def _tags_of_column(column: Column) -> dict[str, str]:
    """The tags of a column. A record without an OBIS code has its DIF and VIF instead."""
    tags = {"code": column.obis or "", "name": column.name, "unit": column.unit}
    if column.obis is None:
        tags["record"] = column.record or ""
    if column.occurrence > 1:
        tags["occurrence"] = str(column.occurrence)
    return tags


def _tagged(measurement: str, tags: Mapping[str, str]) -> str:
    """Return measurement and tags. An empty tag is left out, because the parser refuses it.

    A line that begins with "#" is a comment for the parser, so a "#" there becomes "_".
    """
    escaped = [(_escaped(name, _KEY), _escaped(value, _KEY)) for name, value in sorted(tags.items())]
    name_of_all = _escaped(measurement, _MEASUREMENT)
    if name_of_all.startswith("#"):
        name_of_all = f"_{name_of_all[1:]}"
    return ",".join([name_of_all, *(f"{name}={value}" for name, value in escaped if value)])


def _escaped(text: str, table: dict[int, str]) -> str:
    """Escape the text of a name or tag. A backslash would escape the next character, and names do not need one, so it becomes "/"."""
    return _cut(text, TAG_LIMIT).replace("\\", "/").translate(table)


def _cut(text: str, limit_bytes: int) -> str:
    """Cut text to at most so many bytes, in whole characters."""
    if len(text) * 4 <= limit_bytes:
        return text
    return text.encode()[:limit_bytes].decode(errors="ignore")


def _rendered(fields: Iterable[tuple[str, Value]]) -> list[str]:
    rendered = []
    for name, value in fields:
        if not name or value is None or value == "":
            continue
        if isinstance(value, str):
            rendered.append(f'{_escaped(name, _KEY)}="{_cut(value, TEXT_LIMIT).translate(_TEXT)}"')
        else:
            rendered.append(f"{_escaped(name, _KEY)}={value}")
    return rendered


def _lines(head: str, fields: Iterable[tuple[str, Value]], time_ns: int) -> bytes:
    """Put fields into as few lines as the limit allows. A field that fits into no line (because of absurdly long tags) is left out."""
    lines: list[str] = []
    room = LINE_LIMIT - len(head.encode()) - _STAMP_LIMIT
    taken: list[str] = []
    size = 0
    for field in _rendered(fields):
        field_bytes = len(field.encode()) + 1
        if field_bytes > room:
            continue
        if taken and size + field_bytes > room:
            lines.append(f"{head} {','.join(taken)} {time_ns}\n")
            taken, size = [], 0
        taken.append(field)
        size += field_bytes
    if taken:
        lines.append(f"{head} {','.join(taken)} {time_ns}\n")
    return "".join(lines).encode()
