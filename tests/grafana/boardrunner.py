"""Computes the numbers that the panels of a dashboard file show, as Grafana does: variables, time ranges, macros, queries, frames.

It is written from Grafana's documents. It is small and runs at any moment: `now()` in a query is replaced by a time of the test, so a
test can read a day of 23 hours in November. `boardframes` transforms the frames. Everything that is not here (repeated panels, ad-hoc
filters, other formats of variables) raises, so that no board uses it unnoticed.
"""

import json
import re
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from boardframes import Frame, frames_of, reduced, transformed
from made import WARSAW

MS = 1000
STEPS_MS = [
    *(1, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000),
    *(60_000, 120_000, 300_000, 600_000, 900_000, 1_200_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000),
    *(86_400_000, 604_800_000, 2_592_000_000, 31_536_000_000),
]
"""Intervals that Grafana rounds to."""
BOUNDS_MS = [
    *(10, 15, 35, 75, 150, 350, 750, 1_500, 3_500, 7_500, 12_500, 17_500, 25_000, 45_000, 90_000, 210_000, 450_000, 750_000, 1_050_000),
    *(1_500_000, 2_700_000, 5_400_000, 9_000_000, 16_200_000, 32_400_000, 86_400_000, 604_800_000, 1_814_400_000, 3_628_800_000),
]
"""Up to which raw interval which step of `STEPS_MS[1:]` is taken."""
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
REFERENCE = re.compile(r"\$\{(\w+)(?::([\w:]+))?\}|\$(\w+)")


class Answer(NamedTuple):
    """What a panel got."""

    title: str
    key: int
    frames: list[Frame]
    queries: list[str]
    milliseconds: float
    calc: str
    """How the panel makes one number of a column, where it does."""

    def some(self) -> bool:
        """Whether the panel shows anything."""
        return any(frame.some() for frame in self.frames)

    def column(self, name: str) -> list[Any]:
        """The values of that name, from the frame that has any."""
        found = [frame.columns[name] for frame in self.frames if name in frame.columns]
        return next((values for values in found if values), [])

    def points(self, name: str) -> dict[str, Any]:
        """Warsaw's wall clock → value, from the frame that has any. If an hour comes twice, it is the later one."""
        found = [frame.columns for frame in self.frames if frame.columns.get(name)]
        return {_wall(ms): value for ms, value in zip(found[0]["Time"], found[0][name], strict=True)} if found else {}

    def figures(self) -> dict[str, Any]:
        """Name → the number that the panel shows."""
        return {name: reduced(values, self.calc) for frame in self.frames for name, values in frame.numbers().items()}


class Span(NamedTuple):
    """A time range in ms, and the text that it came from."""

    begin_ms: int
    end_ms: int
    raw: tuple[str, str]


Ask = Callable[[str], list[dict[str, Any]]]
"""An InfluxQL statement into InfluxDB's series."""


def local_time(text: str, now_ms: int, *, end: bool) -> int:
    """ms of Grafana's date mathematics: `now-1d/d`, or a number; `end` rounds up."""
    if text.isdigit():
        return int(text)
    moment = datetime.fromtimestamp(now_ms / MS, UTC).astimezone(WARSAW)
    for sign, count, unit, rounding in re.findall(r"([+-])(\d+)([smhdwMy])|/([dMy])", text):
        moment = _rounded(moment, rounding, end=end) if rounding else _moved(moment, int(sign + count), unit)
    return int(moment.timestamp() * MS)


def _moved(moment: datetime, count: int, unit: str) -> datetime:
    if unit in "My":
        months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "y" else 1)
        return moment.replace(year=months // 12, month=months % 12 + 1)
    if unit in "dw":  # by the wall clock
        return moment + timedelta(**{UNITS[unit]: count})
    return (moment.astimezone(UTC) + timedelta(**{UNITS[unit]: count})).astimezone(WARSAW)


def _rounded(moment: datetime, unit: str, *, end: bool) -> datetime:
    begin = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit in "My":
        begin = begin.replace(day=1)
    if unit == "y":
        begin = begin.replace(month=1)
    if not end:
        return begin
    return _moved(begin, 1, unit) - timedelta(milliseconds=1)


def interval_ms(span: Span, points: int, least: str) -> int:
    """$__interval: the range by the panel's points, rounded, not below the least."""
    number, unit = re.fullmatch(r"(\d+)(\w+)", least).groups()
    floor_ms = int(number) * UNITS_MS[unit]
    raw_ms = (span.end_ms - span.begin_ms) / points
    rounded = next((step for step, bound in zip(STEPS_MS[1:], BOUNDS_MS, strict=False) if raw_ms < bound), STEPS_MS[-1])
    return max(rounded if raw_ms >= BOUNDS_MS[0] else 1, floor_ms)


def _text_of(ms: int) -> str:
    for unit in ("d", "h", "m", "s"):
        if ms % UNITS_MS[unit] == 0:
            return f"{ms // UNITS_MS[unit]}{unit}"
    return f"{ms}ms"


def _escaped(value: str) -> str:
    return re.sub(r"[\\^$*+?.()|[\]{}/]", r"\\\g<0>", value)


def _formatted(values: list[str], form: str | None, name: str) -> str:
    if form == "regex":
        return _escaped(values[0]) if len(values) == 1 else "(" + "|".join(map(_escaped, values)) + ")"
    if form == "queryparam":
        return "&".join(f"var-{name}={urllib.parse.quote(value)}" for value in values)
    if form in (None, "raw") and len(values) <= 1:
        return values[0] if values else ""
    raise NotImplementedError(f"${{{name}:{form}}} of {len(values)} values")


class Board:
    """One dashboard file at one moment."""

    def __init__(self, file: Path, ask: Ask, now_ms: int, *, since: str = "", until: str = "", points: int = 1000, **chosen: str) -> None:
        """`since` and `until` are the range chosen, by default the board's own; `chosen` are values of variables."""
        self.json = json.loads(file.read_text(encoding="utf-8"))
        self._ask = ask
        self._now_ms = now_ms
        self._points = points
        time = self.json["time"]
        self.range = self._span(since or time["from"], until or time["to"])
        self.variables: dict[str, list[str]] = {}
        self._every: dict[str, str] = {}
        """Variables for which everything is chosen, and what stands for everything in a query, as it is."""
        for definition in self.json["templating"]["list"]:
            self.variables[definition["name"]] = self._value(definition, chosen.get(definition["name"]))

    def _span(self, since: str, until: str) -> Span:
        return Span(local_time(since, self._now_ms, end=False), local_time(until, self._now_ms, end=True), (since, until))

    def _value(self, definition: dict[str, Any], chosen: str | None) -> list[str]:
        if definition["type"] == "datasource":
            return ["telegraf-han"]
        assert definition["type"] == "query"
        assert not definition["multi"]
        options = _options(definition["query"], self.ask(definition["query"], self.range, 1))
        if definition["regex"]:
            options = [option for option in options if re.search(definition["regex"].strip("/"), option)]
        if definition["sort"]:
            options.sort(reverse={1: False, 2: True}[definition["sort"]])
        if definition["includeAll"] and chosen not in options:
            self._every[definition["name"]] = definition["allValue"]
            return ["All"]
        return [chosen] if chosen in options else options[:1]

    def panel_span(self, panel: dict[str, Any]) -> Span:
        """A panel's own range. It applies only if the board's range is relative."""
        own = panel.get("timeFrom")
        if not own or "now" not in self.range.raw[0] + self.range.raw[1]:
            return self.range
        return self._span(own if own.startswith("now") else f"now-{own}", "now")

    def interpolated(self, text: str, span: Span) -> str:
        """Replace the board's variables and the built-in ones."""
        known = self.variables | {"__from": [str(span.begin_ms)], "__to": [str(span.end_ms)]}

        def replaced(found: re.Match[str]) -> str:
            name = found[1] or found[3]
            if name in self._every:
                return self._every[name]
            return _formatted(known[name], found[2], name) if name in known else found[0]

        return REFERENCE.sub(replaced, text)

    def statement(self, query: str, span: Span, every_ms: int) -> str:
        """A query as InfluxDB gets it, with the test's moment as now()."""
        text = self.interpolated(query, span)
        text = text.replace("$timeFilter", f"time >= {span.begin_ms}ms and time <= {span.end_ms}ms")
        text = text.replace("$__interval_ms", str(every_ms)).replace("$__interval", _text_of(every_ms))
        assert "$" not in re.sub(r"[=!]~ /[^/]*/", "", text), text
        return text.replace("now()", f"{self._now_ms}ms")

    def ask(self, query: str, span: Span, every_ms: int) -> list[dict[str, Any]]:
        """The series that answer a query."""
        return self._ask(self.statement(query, span, every_ms))

    def panels(self) -> list[dict[str, Any]]:
        """All panels with a query, also those in rows that one has to open."""
        return [panel for panel in flat(self.json) if panel["targets"]]

    def panel(self, title: str) -> dict[str, Any]:
        """A panel by its title."""
        return next(panel for panel in flat(self.json) if panel["title"] == title)

    def answer(self, panel: dict[str, Any]) -> Answer:
        """What a panel shows."""
        span = self.panel_span(panel)
        every_ms = interval_ms(span, panel.get("maxDataPoints", self._points), panel.get("interval", "1s"))
        frames: list[Frame] = []
        queries = []
        begun = datetime.now(UTC)
        for target in panel["targets"]:
            query = self.statement(target["query"], span, every_ms)
            queries.append(query)
            frames += frames_of(self._ask(query), target)
        taken = (datetime.now(UTC) - begun).total_seconds() * MS
        return Answer(
            self.interpolated(panel["title"], span),
            panel["id"],
            transformed(frames, panel.get("transformations", [])),
            queries,
            taken,
            panel.get("options", {}).get("reduceOptions", {}).get("calcs", [""])[0],
        )

    def shown(self, title: str) -> Answer:
        """What the panel of that title shows."""
        return self.answer(self.panel(title))


def _wall(time: int | str) -> str:
    """A time as text. A value that a transformation has turned into text stays."""
    return f"{datetime.fromtimestamp(time / MS, UTC).astimezone(WARSAW):%Y-%m-%d %H:%M}" if isinstance(time, int) else time


def _options(query: str, series: list[dict[str, Any]]) -> list[str]:
    """Texts of a variable's options: values of tags, or else the values of all columns but the time, one column after the other."""
    if query.startswith("SHOW"):
        return [str(row[-1]) for one in series for row in one["values"]]
    columns = [column for one in series for column in list(zip(*one["values"], strict=True))[1:]]
    found = [_text(value) for column in columns for value in column if value is not None]
    return list(dict.fromkeys(found))


def _text(value: float | str) -> str:
    """A value as JavaScript writes it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def flat(board: dict[str, Any]) -> list[dict[str, Any]]:
    """All panels of a board, those of rows instead of the rows."""
    return [inner for panel in board["panels"] for inner in (panel["panels"] if panel["type"] == "row" else [panel])]
