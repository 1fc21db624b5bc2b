"""History: the year in months and days beside the year before, and what was fed in."""

from itertools import chain
from typing import Final

from grafana import queries as q
from grafana.boards import CURRENCY, METER, PRICES, Board
from grafana.boards.home import MONEY
from grafana.panels import (
    AREA,
    DASHED,
    KWH,
    STACKED_BARS,
    Json,
    Panel,
    Query,
    bars,
    by_month,
    figures,
    formatted,
    lines,
    rows,
    step,
    table,
)

_DAY_MS: Final = 86_400_000
_WAYS: Final = (("imported", q.IMPORT), ("exported", q.EXPORT))


def _both_years(name: str, field: str) -> list[Query]:
    """Query A is this year. Queries B to E are the year before; all but one of them are empty."""
    return [
        table(q.days({name: field}, q.THE_RANGE)),
        *(table(q.days({f"{name}_before": field}, span)) for _, span in q.YEAR_BEFORE),
    ]


def _months(key: str, at: tuple[int, int, int, int], name: str, field: str) -> Panel:
    """A panel with months as rows and the two years as columns."""
    names = {name: {}, f"{name}_before": {}}
    return Panel(
        key,
        at,
        bars(KWH, {f"{name}_before": {}, name: {}}, "Time")
        | {
            "transformations": [
                *by_month(dict.fromkeys(names, "sum"), "MM"),
                step("joinByField", {"byField": "Time", "mode": "outer"}),
                step("sortBy", {"fields": {}, "sort": [{"field": "Time", "desc": False}]}),
                step(
                    "organize", {"excludeByName": {}, "renameByName": {}, "indexByName": {"Time": 0, f"«{name}_before»": 1, f"«{name}»": 2}}
                ),
            ]
        },
        _both_years(name, field),
    )


def _a_year_later(query: str, name: str, days: int) -> list[Json]:
    """Move the year before to this year's axis: the given number of days is added to its times."""
    binary = {"left": {"matcher": {"id": "byName", "options": "Time"}}, "operator": "+", "right": {"fixed": str(days * _DAY_MS)}}
    only = f"/^{query}$/"
    return [
        step("calculateField", {"mode": "binary", "binary": binary, "alias": "Later", "replaceFields": False}, only),
        step("convertFieldType", {"fields": {}, "conversions": [{"targetField": "Later", "destinationType": "time"}]}, only),
        step(
            "organize",
            {"excludeByName": {"Time": True}, "indexByName": {"Later": 0, f"«{name}»": 1}, "renameByName": {"Later": "Time"}},
            only,
        ),
    ]


def _cumulated(key: str, at: tuple[int, int, int, int], name: str, field: str) -> Panel:
    before = f"{name}_before"
    spans = [(name, q.THE_RANGE), *((before, span) for _, span in q.YEAR_BEFORE)]
    later = [_a_year_later(letter, before, days) for letter, (days, _) in zip("BCDE", q.YEAR_BEFORE, strict=True)]
    return Panel(
        key,
        at,
        lines(KWH, {name: AREA | {"custom__lineWidth": 2}, before: DASHED}, custom={"spanNulls": False})
        | {"transformations": list(chain(*later))},
        [table(q.cumulated(label, field, span)) for label, span in spans],
    )


def _list(key: str, x: int, function: str) -> Panel:
    order = "desc" if function == "top" else "asc"
    return Panel(
        key,
        (x, 33, 12, 10),
        rows(KWH, {"imported": {}, "day": {}}, [("imported", order)])
        | {
            "transformations": [
                formatted("Time", "D.MM.YYYY"),
                step("organize", {"excludeByName": {}, "indexByName": {}, "renameByName": {"Time": "«day»"}}),
            ]
        },
        [table(q.extreme_days(function, "imported", 8, q.Span("${__from}ms - 10m", "${__to}ms")))],
    )


PANELS: Final = [
    Panel(
        "range_total",
        (0, 0, 16, 5),
        figures(KWH, {"imported": {}, "exported": {}, **MONEY}, "sum"),
        [
            *(table(q.days({name: field}, q.THE_RANGE)) for name, field in _WAYS),
            table(q.money("cost", "import", q.THE_RANGE)),
            table(q.money("earned", "export", q.THE_RANGE)),
        ],
    ),
    Panel(
        "range_before",
        (16, 0, 8, 5),
        figures(KWH, {}, "sum"),
        [
            table(q.days({f"{name}_before": field}, span._replace(until=f"{span.until} AND time <= now() - {days}d")))
            for days, span in q.YEAR_BEFORE
            for name, field in _WAYS
        ],
    ),
    _months("months", (0, 5, 12, 9), "imported", q.IMPORT),
    _cumulated("year", (12, 5, 12, 9), "imported", q.IMPORT),
    _months("feed_in_months", (0, 14, 12, 9), "exported", q.EXPORT),
    _cumulated("feed_in_year", (12, 14, 12, 9), "exported", q.EXPORT),
    Panel(
        "daily",
        (0, 23, 24, 10),
        lines(KWH, {"imported": {}, "exported": {}}, custom=STACKED_BARS | {"barAlignment": 1}),
        [
            Query(q.days({"imported": q.IMPORT}, q.THE_RANGE)),
            Query(q.days({"exported": q.EXPORT}, q.THE_RANGE, factor=f"{q.KWH} * -1")),
        ],
    ),
    _list("worst", 0, "top"),
    _list("best", 12, "bottom"),
]

BOARD: Final = Board("history", PANELS, "now/y", "now/y", "5m", (METER, *PRICES, CURRENCY))
