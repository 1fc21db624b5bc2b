"""Turns a row of a panel into Grafana's JSON (classic dashboards, schemaVersion 41): its queries, and one of a few looks.

A look is a function that returns the panel's type, options and field configuration as plain dicts in Grafana's own words. A board
passes whatever it wants differently as arguments of that function. Texts are written as `«name»` everywhere: in titles, in aliases of
queries, in names that an override looks for. They are filled in by language when the board is built. Series get their colours by name
from `colors`, never by their order.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from grafana.colors import COLORS, LANE, NEUTRAL

Json = dict[str, Any]

SOURCE: Final = {"type": "influxdb", "uid": "${datasource}"}
KWH: Final = "suffix:kWh"
"""Grafana's own unit would turn 2817 kWh into 2.82 MWh, which no bill shows."""
BRIDGED_MS: Final = 660_000
"""A line bridges two lost five-minute points, or ten missed telegrams by radio. A longer gap stays open."""


class Query(NamedTuple):
    """One query. `name` is the name of its one series; by default columns keep their own names."""

    text: str
    name: str = "$col"
    shape: str = "time_series"


def table(text: str) -> Query:
    """A query whose answer is one table."""
    return Query(text, shape="table")


class Panel(NamedTuple):
    """One panel. Its title, its description and its text without data are in `texts`, under its key."""

    key: str
    at: tuple[int, int, int, int]
    """Column (of 24), row, width, height."""
    look: Json
    queries: Sequence[Query] = ()
    folded: "Sequence[Panel]" = ()
    """If there are any, this is a row that opens and shows them. Until then their queries do not run."""


def numbered(panels: Sequence[Panel]) -> list[tuple[int, Panel]]:
    """All panels with their ids: those on the board, then those in rows."""
    return list(enumerate([*panels, *(inner for row in panels for inner in row.folded)], 1))


def panels_json(panels: Sequence[Panel]) -> list[Json]:
    """The JSON of a board's panels."""
    made = {row.key: panel(row, number) for number, row in numbered(panels)}
    for row in panels:
        if row.folded:
            place = {"x": 0, "y": row.at[1], "w": 24, "h": 1}
            inner = [made[one.key] for one in row.folded]
            made[row.key] = {
                "id": made[row.key]["id"],
                "title": f"«{row.key}.title»",
                "gridPos": place,
                "type": "row",
                "collapsed": True,
                "panels": inner,
            }
    return [made[row.key] for row in panels]


def panel(row: Panel, number: int) -> Json:
    """The JSON of a panel."""
    x, y, w, h = row.at
    made: Json = {
        "id": number,
        "title": f"«{row.key}.title»",
        "description": f"«{row.key}.description»",
        "gridPos": {"x": x, "y": y, "w": w, "h": h},
        "datasource": SOURCE,
        "targets": [_target(query, letter) for query, letter in zip(row.queries, "ABCDEFGHIJ", strict=False)],
        **row.look,
    }
    if "fieldConfig" in made:
        made["fieldConfig"]["defaults"]["noValue"] = f"«{row.key}.missing»"
    return made


def _target(query: Query, letter: str) -> Json:
    return {
        "refId": letter,
        "datasource": SOURCE,
        "rawQuery": True,
        "query": query.text,
        "resultFormat": query.shape,
        **({} if query.shape == "table" else {"alias": query.name}),
    }


# --- parts of a look ---


def override(name: str, **properties: Any) -> Json:
    """Field configuration of one series; `custom__x` is written for `custom.x`."""
    return {
        "matcher": {"id": "byName", "options": f"«{name}»"},
        "properties": [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()],
    }


def _painted(names: Mapping[str, Json]) -> list[Json]:
    """Each series in the colour of its meaning, if it has one."""
    colors = {name: {"color": {"mode": "fixed", "fixedColor": COLORS[name]}} for name in names if name in COLORS}
    return [override(name, **colors.get(name, {}), **more) for name, more in names.items() if name in COLORS or more]


def steps(base: str, *bounds: tuple[float, str]) -> Json:
    """Thresholds: a colour from the bottom up, and other colours from given values on."""
    return {"mode": "absolute", "steps": [{"color": base, "value": None}, *({"color": color, "value": value} for value, color in bounds)]}


def values(mapping: Mapping[str, tuple[str, str]]) -> Json:
    """Texts and colours in place of values."""
    options = {value: {"index": place, "text": f"«{text}»", "color": color} for place, (value, (text, color)) in enumerate(mapping.items())}
    return {"type": "value", "options": options}


ENDLESS: Final = 1_000_000_000
"""An open end of a range of values, because Grafana reads null as 0 there."""


def between(low: float, high: float, text: str, color: str) -> Json:
    """A text in place of a range of values, both ends included."""
    return {"type": "range", "options": {"from": low, "to": high, "result": {"text": f"«{text}»", "color": color}}}


DASHED: Final = {"custom__lineStyle": {"fill": "dash", "dash": [8, 6]}, "custom__lineWidth": 2, "custom__fillOpacity": 0}
AREA: Final = {"custom__fillOpacity": 25}
_TOOLTIP: Final = {"mode": "multi", "sort": "desc", "hideZeros": False}
_LEGEND: Final = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
NO_LEGEND: Final = {**_LEGEND, "showLegend": False}
AXIS_PX: Final = 70
"""One width for all panels, so that panels above each other have the same time axis."""
_LINE: Final = {
    "drawStyle": "line",
    "lineInterpolation": "linear",
    "lineWidth": 1,
    "fillOpacity": 0,
    "showPoints": "never",
    "spanNulls": BRIDGED_MS,
    "stacking": {"mode": "none", "group": "A"},
    "thresholdsStyle": {"mode": "off"},
    "axisPlacement": "auto",
    "axisWidth": AXIS_PX,
    "scaleDistribution": {"type": "linear"},
}


def _defaults(unit: str, **more: Any) -> Json:
    return {"unit": unit, "color": {"mode": "thresholds"}, "mappings": [], "thresholds": steps(NEUTRAL), **more}


# --- looks ---


def lines(
    unit: str, names: Mapping[str, Json], *, custom: Json | None = None, calcs: Sequence[str] = (), interval: str = "1s", **defaults: Any
) -> Json:
    """Lines over time: name → the different properties of its series."""
    legend = {**_LEGEND, "displayMode": "table", "calcs": list(calcs)} if calcs else _LEGEND
    return {
        "type": "timeseries",
        "interval": interval,
        "options": {"legend": legend, "tooltip": _TOOLTIP},
        "fieldConfig": {
            "defaults": _defaults(unit, custom=_LINE | (custom or {}), **defaults) | {"color": {"mode": "palette-classic"}},
            "overrides": _painted(names),
        },
    }


STACKED_BARS: Final = {
    "drawStyle": "bars",
    "fillOpacity": 80,
    "lineWidth": 0,
    "spanNulls": False,
    "stacking": {"mode": "normal", "group": "A"},
}
MARKS: Final = {
    "custom__drawStyle": "points",
    "custom__showPoints": "always",
    "custom__pointSize": 7,
    "custom__stacking": {"mode": "none", "group": "B"},
}
"""Points on top of a curve or of bars."""
STEPS: Final = {"custom__lineInterpolation": "stepAfter", "custom__spanNulls": False}


def daily_bars(unit: str, names: Mapping[str, Json], **defaults: Any) -> Json:
    """Stacked bars on a time axis, one per day."""
    return lines(unit, names, custom=STACKED_BARS | {"barAlignment": 1}, **defaults)


def bars(unit: str, names: Mapping[str, Json], x: str, *, stacking: str = "none", orientation: str = "auto", **options: Any) -> Json:
    """A bar for each row of a table; `x` is the field below the bars."""
    return {
        "type": "barchart",
        "options": {
            "xField": x,
            "orientation": orientation,
            "stacking": stacking,
            "showValue": "never",
            "groupWidth": 0.8,
            "barWidth": 0.9,
            "barRadius": 0,
            "fullHighlight": False,
            "xTickLabelRotation": 0,
            "xTickLabelSpacing": 100 if orientation == "auto" else 0,
            "legend": _LEGEND if len(names) > 1 else NO_LEGEND,
            "tooltip": {**_TOOLTIP, "sort": "none"},
            **options,
        },
        "fieldConfig": {
            "defaults": _defaults(
                unit,
                custom={"fillOpacity": 85, "lineWidth": 0, "axisPlacement": "auto", "axisSoftMin": 0}
                | ({} if orientation == "horizontal" else {"axisWidth": AXIS_PX}),
            ),
            "overrides": [{"matcher": {"id": "byName", "options": x}, "properties": [{"id": "unit", "value": "string"}]}, *_painted(names)],
        },
    }


def figures(
    unit: str,
    names: Mapping[str, Json],
    calc: str = "lastNotNull",
    *,
    fields: str = "",
    orientation: str = "auto",
    text: str = "",
    **defaults: Any,
) -> Json:
    """Big numbers, one per series; `fields` is a regex of the fields to show (default: all numbers)."""
    return {
        "type": "stat",
        "options": {
            "reduceOptions": {"calcs": [calc], "fields": fields, "values": False},
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": orientation,
            "textMode": text or ("auto" if len(names) < 2 else "value_and_name"),
            "wideLayout": True,
        },
        "fieldConfig": {"defaults": _defaults(unit, **defaults), "overrides": _painted(names)},
    }


def judged(unit: str, thresholds: Json, **defaults: Any) -> Json:
    """Gauges whose colour says whether a value is good."""
    return {
        "type": "gauge",
        "options": {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "auto",
            "showThresholdLabels": False,
            "showThresholdMarkers": True,
            "sizing": "auto",
        },
        "fieldConfig": {"defaults": _defaults(unit, thresholds=thresholds, **defaults), "overrides": []},
    }


def compared(unit: str, names: Mapping[str, Json]) -> Json:
    """Horizontal bars on one scale."""
    return {
        "type": "bargauge",
        "options": {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "horizontal",
            "displayMode": "basic",
            "valueMode": "text",
            "namePlacement": "left",
            "showUnfilled": True,
            "sizing": "auto",
            "text": {"titleSize": 16, "valueSize": 26},
            "minVizHeight": 16,
            "minVizWidth": 8,
            "maxVizHeight": 300,
        },
        "fieldConfig": {"defaults": _defaults(unit, min=0), "overrides": _painted(names)},
    }


def shares(unit: str, names: Mapping[str, Json]) -> Json:
    """Parts of a whole."""
    return {
        "type": "piechart",
        "options": {
            "pieType": "donut",
            "reduceOptions": {"calcs": ["sum"], "fields": "", "values": False},
            "displayLabels": ["percent"],
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "values": ["value"]},
            "tooltip": {"mode": "multi", "sort": "desc", "hideZeros": False},
        },
        "fieldConfig": {"defaults": _defaults(unit), "overrides": _painted(names)},
    }


def states(
    lanes: Mapping[str, Sequence[Json]], *, kind: str = "state-timeline", interval: str = "1m", legend: Json = _LEGEND, **defaults: Any
) -> Json:
    """Lanes of states over time: name → the meanings of its values."""
    custom: Json = {"fillOpacity": 90, "lineWidth": 0}
    options: Json = {
        "showValue": "auto",
        "rowHeight": 0.85,
        "legend": legend,
        "tooltip": {"mode": "single", "sort": "none", "hideZeros": False},
    }
    if kind == "state-timeline":
        options |= {"mergeValues": True, "alignValue": "left"}
        custom["spanNulls"] = BRIDGED_MS
    else:
        options |= {"colWidth": 0.95}
    return {
        "type": kind,
        "interval": interval,
        "options": options,
        "fieldConfig": {
            "defaults": _defaults("none", custom=custom, thresholds=steps(LANE)) | defaults,
            "overrides": [override(name, mappings=list(mappings)) for name, mappings in lanes.items()],
        },
    }


def rows(unit: str, columns: Mapping[str, Json], sort: Sequence[tuple[str, str]] = ()) -> Json:
    """A table: name → the different properties of a column."""
    return {
        "type": "table",
        "options": {
            "showHeader": True,
            "cellHeight": "sm",
            "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
            "sortBy": [{"displayName": f"«{name}»", "desc": order == "desc"} for name, order in sort],
        },
        "fieldConfig": {
            "defaults": _defaults(unit, custom={"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": False}),
            "overrides": [override(name, noValue="–", **more) for name, more in columns.items()],
        },
    }


def alerts(labels: str) -> Json:
    """Grafana's alerts that fire or are about to fire. This look has no query."""
    return {
        "type": "alertlist",
        "options": {
            "viewMode": "list",
            "groupMode": "default",
            "groupBy": [],
            "maxItems": 20,
            "sortOrder": 1,
            "dashboardAlerts": False,
            "alertName": "",
            "alertInstanceLabelFilter": labels,
            "folder": None,
            "stateFilter": {"firing": True, "pending": True, "noData": True, "normal": False, "error": True},
        },
    }


# --- transformations: steps on tables that InfluxQL cannot do ---


def step(name: str, options: Json, only: str = "") -> Json:
    """One transformation; `only` names the queries (refId, regex) that it applies to."""
    return {"id": name, "options": options, **({"filter": {"id": "byRefId", "options": only}} if only else {})}


def formatted(field: str, form: str, only: str = "") -> Json:
    """Turn a time into text, in Warsaw's zone."""
    return step("formatTime", {"timeField": field, "outputFormat": form, "timezone": "Europe/Warsaw"}, only)


def grouped(keys: Sequence[str], totals: Mapping[str, str], only: str = "") -> list[Json]:
    """Combine rows with equal keys into one row. Each total (name → reducer) keeps its name."""
    fields: Json = {key: {"aggregations": [], "operation": "groupby"} for key in keys}
    fields |= {f"«{name}»": {"aggregations": [reducer], "operation": "aggregate"} for name, reducer in totals.items()}
    renamed = {f"«{name}» ({reducer})": f"«{name}»" for name, reducer in totals.items()}
    return [step("groupBy", {"fields": fields}, only), renamed_to(renamed, only)]


def renamed_to(names: Mapping[str, str], only: str = "") -> Json:
    """Rename fields."""
    return step("organize", {"excludeByName": {}, "indexByName": {}, "renameByName": dict(names)}, only)


def by_month(totals: Mapping[str, str], form: str = "YYYY-MM") -> list[Json]:
    """Combine daily rows into monthly rows, because InfluxQL has no months."""
    return [formatted("Time", form), *grouped(["Time"], totals)]


def without_time(only: str) -> Json:
    """Remove the times, which tables to be joined would all have."""
    return step("filterFieldsByName", {"exclude": {"names": ["Time"]}}, only)


def joined(tag: str, order: Sequence[str], renamed: Mapping[str, str], *hidden: str) -> list[Json]:
    """One row per value of a tag, from tables that have it. Each column is renamed to its own name, else joining would add the measurement's."""
    return [
        renamed_to({name: name for name in ("Time", tag, *order)}),
        step("joinByField", {"byField": tag, "mode": "outer"}),
        step(
            "organize",
            {
                "excludeByName": dict.fromkeys(hidden, True),
                "renameByName": {**renamed, tag: f"«{tag}»"},
                "indexByName": {name: place for place, name in enumerate([tag, *order])},
            },
        ),
    ]
