"""Turns InfluxDB's answers into tables of columns and runs Grafana's transformations on them, as far as the boards use them.

Each transformation is a few lines, written from its description in Grafana's documents. A transformation that is not here raises. The
real transformations run in the preview that draws the boards. The ones here are a second opinion for tests.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from made import WARSAW

Column = list[Any]


class Frame(NamedTuple):
    """One table: name of a column → its values; times are ms."""

    ref: str
    columns: dict[str, Column]

    def rows(self) -> list[tuple[Any, ...]]:
        """Rows in the order of the columns."""
        return list(zip(*self.columns.values(), strict=True))

    def numbers(self) -> dict[str, Column]:
        """All columns except the time."""
        return {name: values for name, values in self.columns.items() if name != "Time"}

    def some(self) -> bool:
        """Whether there is any value."""
        return any(value is not None for values in self.numbers().values() for value in values)


def frames_of(series: list[dict[str, Any]], target: dict[str, Any]) -> list[Frame]:
    """An answer as Grafana's InfluxDB source returns it: a table, or one frame per column and series."""
    if target["resultFormat"] == "table":
        return _table(series, target["refId"])
    made = []
    for one in series:
        for place, column in enumerate(one["columns"][1:], 1):
            name = column if target["alias"] == "$col" else _alias(target["alias"], one)
            made.append(Frame(target["refId"], {"Time": [row[0] for row in one["values"]], name: [row[place] for row in one["values"]]}))
    return made


def _alias(alias: str, series: dict[str, Any]) -> str:
    """The name of a series: a text, or the value of a tag."""
    return series["tags"][alias.removeprefix("$tag_")] if alias.startswith("$tag_") else alias


def _table(series: list[dict[str, Any]], ref: str) -> list[Frame]:
    if not series:
        return []
    tags = list(series[0].get("tags", {}))
    columns: dict[str, Column] = {"Time": [], **{tag: [] for tag in tags}, **{column: [] for column in series[0]["columns"][1:]}}
    for one in series:
        for row in one["values"]:
            for name, value in zip(columns, [row[0], *(one["tags"][tag] for tag in tags), *row[1:]], strict=True):
                columns[name].append(value)
    return [Frame(ref, columns)]


def transformed(frames: list[Frame], steps: list[dict[str, Any]]) -> list[Frame]:
    """Frames after all transformations of a panel."""
    for step in steps:
        only = step.get("filter", {}).get("options", "//").strip("/")
        chosen = [frame for frame in frames if re.search(only, frame.ref)]
        rest = [frame for frame in frames if not re.search(only, frame.ref)]
        if chosen:
            frames = rest + KNOWN[step["id"]](chosen, step["options"])
    return frames


def _each(change: Callable[[dict[str, Column], dict[str, Any]], dict[str, Column]]) -> Callable[[list[Frame], dict[str, Any]], list[Frame]]:
    return lambda frames, options: [Frame(frame.ref, change(frame.columns, options)) for frame in frames]


FORMS = {
    "YYYY-MM-DD": "%Y-%m-%d", "YYYY-MM": "%Y-%m", "MM": "%m", "HH": "%H", "D.MM": "%-d.%m", "D.MM.YYYY": "%-d.%m.%Y", "MM.YYYY": "%m.%Y", "E HH": "%u %H",
}  # fmt: skip


def _format_time(columns: dict[str, Column], options: dict[str, Any]) -> dict[str, Column]:
    assert options["timezone"] == "Europe/Warsaw"
    field = options["timeField"]
    if field not in columns:
        return columns
    texts = [datetime.fromtimestamp(ms / 1000, UTC).astimezone(WARSAW).strftime(FORMS[options["outputFormat"]]) for ms in columns[field]]
    return {**columns, field: texts}


def reduced(values: Column, reducer: str) -> Any:
    """One value of a column, as Grafana's reducer of that name makes it."""
    numbers = [value for value in values if value is not None]
    if reducer == "last":
        return values[-1]
    if reducer == "sum":
        return sum(numbers)
    if reducer == "lastNotNull":
        return numbers[-1] if numbers else None
    return {"max": max, "min": min}[reducer](numbers) if numbers else None


def _group_by(columns: dict[str, Column], options: dict[str, Any]) -> dict[str, Column]:
    fields = options["fields"]
    keys = [name for name in columns if fields.get(name, {}).get("operation") == "groupby"]
    totals = [(name, fields[name]["aggregations"][0]) for name in columns if fields.get(name, {}).get("operation") == "aggregate"]
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, key in enumerate(zip(*(columns[name] for name in keys), strict=True)):
        groups.setdefault(key, []).append(place)
    made: dict[str, Column] = {name: [key[at] for key in groups] for at, name in enumerate(keys)}
    for name, reducer in totals:
        made[f"{name} ({reducer})"] = [reduced([columns[name][place] for place in places], reducer) for places in groups.values()]
    return made


def _organize(columns: dict[str, Column], options: dict[str, Any]) -> dict[str, Column]:
    order = options["indexByName"]
    kept = [name for name in columns if not options["excludeByName"].get(name)]
    kept.sort(key=lambda name: order.get(name, len(order)))
    return {options["renameByName"].get(name, name): columns[name] for name in kept}


CONDITIONS: dict[str, Callable[[Any, Any], bool]] = {
    "regex": lambda value, wanted: re.search(wanted, value) is not None,
    "notEqual": lambda value, wanted: value != wanted,
    "greater": lambda value, wanted: value is not None and value > wanted,
}


def _filter_by_value(columns: dict[str, Column], options: dict[str, Any]) -> dict[str, Column]:
    (condition,) = options["filters"]
    fits, wanted = CONDITIONS[condition["config"]["id"]], condition["config"]["options"]["value"]
    places = [place for place, value in enumerate(columns.get(condition["fieldName"], [])) if fits(value, wanted)]
    return {name: [values[place] for place in places] for name, values in columns.items()}


def _reduce(frames: list[Frame], options: dict[str, Any]) -> list[Frame]:
    assert options == {"reducers": ["lastNotNull"], "mode": "seriesToRows"}
    rows = [(name, reduced(values, "lastNotNull")) for frame in frames for name, values in frame.numbers().items()]
    return [Frame("reduced", {"Field": [name for name, _ in rows], "Last *": [value for _, value in rows]})]


def _calculate(columns: dict[str, Column], options: dict[str, Any]) -> dict[str, Column]:
    if options["mode"] == "binary":
        sides = [options["binary"][side] for side in ("left", "right")]
        names = [side["matcher"]["options"] for side in sides if "matcher" in side]
        if not set(names) <= set(columns):
            return columns
        length = len(columns[names[0]])
        left, right = (columns[side["matcher"]["options"]] if "matcher" in side else [int(side["fixed"])] * length for side in sides)
        sign = {"+": 1, "-": -1}[options["binary"]["operator"]]
        return {**columns, options["alias"]: [one + sign * other for one, other in zip(left, right, strict=True)]}
    if options["reduce"]["reducer"] == "sum":
        parts = [columns[name] for name in options["reduce"]["include"] if name in columns]
        return {**columns, options["alias"]: [sum(value for value in row if value is not None) for row in zip(*parts, strict=True)]}
    assert options["reduce"] == {"reducer": "max", "include": ["Time"]}
    return {**columns, options["alias"]: list(columns["Time"])}


def _convert(columns: dict[str, Column], options: dict[str, Any]) -> dict[str, Column]:
    (conversion,) = options["conversions"]
    assert conversion["destinationType"] == "time"
    return columns  # times are numbers here, and dates are compared as text


def _matrix(columns: dict[str, Column], options: dict[str, Any]) -> dict[str, Column]:
    rows, across, values = (columns[options[field]] for field in ("rowField", "columnField", "valueField"))
    cells = dict(zip(zip(rows, across, strict=True), values, strict=True))
    made: dict[str, Column] = {f"{options['rowField']}\\{options['columnField']}": list(dict.fromkeys(rows))}
    for name in dict.fromkeys(across):
        made[name] = [cells.get((row, name)) for row in dict.fromkeys(rows)]
    return made


def _join(frames: list[Frame], options: dict[str, Any]) -> list[Frame]:
    field = options["byField"]
    if len(frames) == 1:
        return frames
    keys = list(dict.fromkeys(key for frame in frames for key in frame.columns[field]))
    if options["mode"] == "inner":
        keys = [key for key in keys if all(key in frame.columns[field] for frame in frames)]
    made: dict[str, Column] = {field: keys}
    for frame in frames:
        for name, values in frame.columns.items():
            if name != field:
                assert name not in made, f"{name} twice"
                found = dict(zip(frame.columns[field], values, strict=True))
                made[name] = [found.get(key) for key in keys]
    return [Frame("joined", made)]


def _sort(columns: dict[str, Column], options: dict[str, Any]) -> dict[str, Column]:
    (order,) = options["sort"]
    places = sorted(range(len(columns[order["field"]])), key=columns[order["field"]].__getitem__, reverse=order["desc"])
    return {name: [values[place] for place in places] for name, values in columns.items()}


def _without(columns: dict[str, Column], options: dict[str, Any]) -> dict[str, Column]:
    return {name: values for name, values in columns.items() if name not in options["exclude"]["names"]}


KNOWN: dict[str, Callable[[list[Frame], dict[str, Any]], list[Frame]]] = {
    "formatTime": _each(_format_time),
    "groupBy": _each(_group_by),
    "organize": _each(_organize),
    "filterByValue": _each(_filter_by_value),
    "calculateField": _each(_calculate),
    "convertFieldType": _each(_convert),
    "groupingToMatrix": _each(_matrix),
    "joinByField": _join,
    "reduce": _reduce,
    "sortBy": _each(_sort),
    "filterFieldsByName": _each(_without),
}
