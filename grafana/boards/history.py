"""History: the year in months and days beside the year before, and what was fed in."""

from collections.abc import Callable
from itertools import chain
from typing import Final

from grafana import moneyqueries as m
from grafana import queries as q
from grafana.boards import CURRENCY, GIVEN, METER, Board
from grafana.boards.home import in_currency
from grafana.panels import (
    AREA,
    DASHED,
    KWH,
    Json,
    Panel,
    Query,
    bars,
    by_month,
    daily_bars,
    figures,
    formatted,
    lines,
    rows,
    step,
    table,
)

_DAY_MS: Final = 86_400_000
_WAYS: Final = (("imported", q.IMPORT), ("exported", q.EXPORT))


def _of(field: str, span: q.Span) -> q.Span:
    return q.if_given(span) if field == q.EXPORT else span


def _energy(name: str, field: str) -> Callable[[str, q.Span], str]:
    return lambda suffix, span: q.days({f"{name}{suffix}": field}, _of(field, span))


def _cost(suffix: str, span: q.Span) -> str:
    return m.days({f"cost{suffix}": "total"}, span)


def _months(key: str, at: tuple[int, int, int, int], name: str, look: Json, of: Callable[[str, q.Span], str]) -> Panel:
    """A panel with months as rows and the two years as columns.

    Query A is this year. Queries B to E are the year before; all but one of them are empty.
    """
    names = {name: {}, f"{name}_before": {}}
    return Panel(
        key,
        at,
        look
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
        [table(of("", q.THE_RANGE)), *(table(of("_before", span)) for _, span in q.YEAR_BEFORE)],
    )


def _energy_months(key: str, at: tuple[int, int, int, int], name: str, field: str) -> Panel:
    return _months(key, at, name, bars(KWH, {f"{name}_before": {}, name: {}}, "Time"), _energy(name, field))


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
        [table(q.cumulated(label, field, _of(field, span))) for label, span in spans],
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
        [table(q.extreme_days(function, "imported", 8, q.THE_RANGE))],
    )


_BEFORE: Final = {f"{name}_before": {"displayName": f"«{name}_before»"} for name, _ in _WAYS} | in_currency({"cost_before": {}})
PANELS: Final = [
    Panel(
        "range_total",
        (0, 0, 12, 5),
        figures(
            KWH,
            {name: {"displayName": f"«{name}»"} for name, _ in _WAYS} | in_currency({"cost": {}, "earned": {}}),
            "sum",
            decimals=0,
        ),
        [
            *(table(q.days({name: field}, _of(field, q.THE_RANGE))) for name, field in _WAYS),
            table(m.days({"cost": "total"}, q.THE_RANGE)),
            table(m.positive_days("earned", "earned", q.THE_RANGE)),
        ],
    ),
    Panel(
        "range_before",
        (12, 0, 12, 5),
        figures(KWH, {**_BEFORE, "data_since": {"unit": "time:D.MM.YYYY"}}, "max", fields=".*", decimals=0)
        | {
            "transformations": [
                step("organize", {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": {}}, "/^[ABC]$/"),
                step("organize", {"excludeByName": {"«late»": True}, "indexByName": {}, "renameByName": {"Time": "«data_since»"}}, "/^D$/"),
            ]
        },
        [
            *(table(q.energy_before(f"{name}_before", field)) for name, field in _WAYS),
            table(m.cost_before("cost_before")),
            table(q.data_since("late")),
        ],
    ),
    _energy_months("months", (0, 5, 12, 9), "imported", q.IMPORT),
    _cumulated("year", (12, 5, 12, 9), "imported", q.IMPORT),
    _months("cost_months", (0, 14, 24, 9), "cost", bars("none", in_currency({"cost_before": {}, "cost": {}}), "Time"), _cost),
    Panel(
        "daily",
        (0, 23, 24, 10),
        daily_bars(KWH, {"imported": {}, "exported": {}}),
        [
            Query(q.days({"imported": q.IMPORT}, q.THE_RANGE)),
            Query(q.days({"exported": q.EXPORT}, q.if_given(q.THE_RANGE), factor=f"{q.KWH} * -1")),
        ],
    ),
    _list("worst", 0, "top"),
    _list("best", 12, "bottom"),
    _energy_months("feed_in_months", (0, 43, 12, 9), "exported", q.EXPORT),
    _cumulated("feed_in_year", (12, 43, 12, 9), "exported", q.EXPORT),
    Panel(
        "own_use",
        (0, 52, 24, 5),
        figures("percent", {"produced": {"unit": KWH}, "self_used": {}, "autarky": {}}, decimals=0),
        [
            table(
                m.own_use(
                    {
                        "produced": f'"produced"{q.KWH}',
                        "self_used": '"used" / "produced" * 100',
                        "autarky": '"used" / ("used" + "imported") * 100',
                    }
                )
            )
        ],
    ),
]

BOARD: Final = Board("history", PANELS, "now/y", "now/y", "5m", (METER, GIVEN, CURRENCY))
