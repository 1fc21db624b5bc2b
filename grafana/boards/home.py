"""Home: what is going on now, what today has cost, and where the energy goes."""

from typing import Final

from grafana import queries as q
from grafana.boards import CURRENCY, LIMIT, METER, PRICES, Board
from grafana.colors import BAD, FAIR, GOOD
from grafana.panels import (
    AREA,
    DASHED,
    KWH,
    NO_LEGEND,
    STEPS,
    Panel,
    Query,
    alerts,
    bars,
    by_month,
    compared,
    figures,
    formatted,
    grouped,
    judged,
    lines,
    shares,
    states,
    step,
    steps,
    table,
)

ZONES: Final = {f"zone_{zone}": f"active_energy_import_t{zone}_wh" for zone in (1, 2, 3, 4)}
ENERGY: Final = {"imported": q.IMPORT, "exported": q.EXPORT}
MONEY: Final = {name: {"unit": "none", "decimals": 2, "displayName": f"«{name}», ${{currency}}"} for name in ("cost", "earned")}
_FIGURES: Final = {"imported": {}, "exported": {}, **MONEY}
LIMITER: Final = "limiter_threshold_active_w"


def _energy_and_money(span: q.Span) -> list[Query]:
    return [
        table(q.days(ENERGY, span, "0")),
        table(q.money("cost", "import", span)),
        table(q.money("earned", "export", span)),
    ]


def _of_a_day(key: str, x: int, span: q.Span) -> Panel:
    """The last day of a span."""
    return Panel(key, (x, 8, 8, 5), figures(KWH, _FIGURES, "last"), _energy_and_money(span))


_MONTH: Final = {"transformations": by_month(dict.fromkeys(_FIGURES, "sum"))}
_HIGHEST_OF_MONTH: Final = {"transformations": by_month({"demand": "max"})}
_NIGHT: Final = [
    formatted("Time", "HH"),
    step(
        "filterByValue",
        {
            "type": "include",
            "match": "any",
            "filters": [{"fieldName": "Time", "config": {"id": "regex", "options": {"value": "^0[1-4]$"}}}],
        },
    ),
]
"""Hours that begin at 1, 2, 3 and 4 o'clock."""
_DAY_AND_HOUR: Final = [
    step(
        "calculateField", {"mode": "reduceRow", "reduce": {"reducer": "max", "include": ["Time"]}, "alias": "Hour", "replaceFields": False}
    ),
    step("convertFieldType", {"fields": {}, "conversions": [{"targetField": "Hour", "destinationType": "time"}]}),
    formatted("Hour", "HH"),
    formatted("Time", "YYYY-MM-DD"),
    grouped(["Time", "Hour"], {"imported": "sum"})[0],
    step("groupingToMatrix", {"columnField": "Hour", "rowField": "Time", "valueField": "«imported» (sum)", "emptyValue": "null"}),
    step(
        "organize",
        {"excludeByName": {}, "renameByName": {}, "indexByName": {"Time\\Hour": 0, **{f"{hour:02}": hour + 1 for hour in range(24)}}},
    ),
    step(
        "convertFieldType",
        {"fields": {}, "conversions": [{"targetField": "Time\\Hour", "destinationType": "time", "dateFormat": "YYYY-MM-DD"}]},
    ),
]
"""Turns rows by hour into rows by day with one column per hour. In October, the two hours from 2 to 3 are added up."""

PANELS: Final = [
    Panel(
        "power_now",
        (0, 0, 10, 8),
        compared("watt", {"imported": {}, "exported": {}, "limit": {}, "limiter": {}}),
        [
            Query(q.newest({"imported": f'last("{q.IMPORT_W}")', "exported": f'last("{q.EXPORT_W}")'})),
            Query(q.newest({"limit": f'last("{q.IMPORT_W}") * 0 + 0${{limit_w:raw}}'}, "0${limit_w:raw} > 0")),
            Query(q.newest({"limiter": f'last("{LIMITER}")'}, f'"{LIMITER}" > 0')),
        ],
    ),
    Panel(
        "load",
        (10, 0, 8, 8),
        judged("percent", steps(GOOD, (80, FAIR), (100, BAD)), min=0, max=120, decimals=0),
        [
            Query(q.newest({"of_limit": f'last("{q.IMPORT_W}") / 0${{limit_w:raw}} * 100'}, "0${limit_w:raw} > 0")),
            Query(q.newest({"of_limiter": f'last("{q.IMPORT_W}") / last("{LIMITER}") * 100'}, f'"{LIMITER}" > 0')),
        ],
    ),
    Panel("alerts", (18, 0, 6, 8), alerts('{meter=~"${meter:regex}"}')),
    _of_a_day("today", 0, q.last_days(1)),
    _of_a_day("yesterday", 8, q.last_days(2, "now() - 1d - 5m")),
    Panel("month", (16, 8, 8, 5), figures(KWH, _FIGURES, "last") | _MONTH, _energy_and_money(q.last_days(32))),
    Panel(
        "power",
        (0, 13, 24, 10),
        lines("watt", {"imported": AREA, "exported": AREA, "limit": DASHED, "limiter": DASHED}),
        [
            *(Query(text, "«imported»") for text in q.course(f'mean("{q.IMPORT_W}")')),
            *(Query(text, "«exported»") for text in q.course(f'mean("{q.EXPORT_W}") * -1')),
            Query(q.setting(q.IMPORT_W), "«limit»"),
            *(Query(text, "«limiter»") for text in q.course(f'last("{LIMITER}")', f'"{LIMITER}" > 0')),
        ],
    ),
    Panel(
        "days",
        (0, 23, 16, 10),
        bars(KWH, dict.fromkeys(ZONES, {}), "Time", stacking="normal") | {"transformations": [formatted("Time", "D.MM")]},
        [table(q.days(ZONES, q.last_days(30)))],
    ),
    Panel("zones", (16, 23, 8, 10), shares(KWH, dict.fromkeys(ZONES, {})), [table(q.days(ZONES, q.last_days(30)))]),
    Panel(
        "hours",
        (0, 33, 14, 15),
        states({}, kind="status-history", interval="1h", legend=NO_LEGEND, unit=KWH, color={"mode": "continuous-BlYlRd"}, min=0)
        | {"timeFrom": "30d", "hideTimeOverride": True, "transformations": _DAY_AND_HOUR},
        [table(q.hours("imported", q.IMPORT))],
    ),
    Panel(
        "demand",
        (14, 33, 10, 8),
        lines("watt", {"demand": STEPS | AREA, "limit": DASHED}, interval="15m"),
        [Query(q.demand(q.VIEW, "$__interval"), "«demand»"), Query(q.setting(q.IMPORT_W), "«limit»")],
    ),
    Panel(
        "demand_of_month",
        (14, 41, 5, 7),
        figures("watt", {"demand": {}}, "last") | _HIGHEST_OF_MONTH,
        [table(q.demand(q.last_days(32), "1d"))],
    ),
    Panel(
        "base_load",
        (19, 41, 5, 7),
        figures("watt", {"imported": {}}, "min") | {"transformations": _NIGHT},
        [table(q.base_load("imported"))],
    ),
    Panel(
        "top_days",
        (0, 48, 24, 9),
        bars(KWH, {"imported": {}}, "Time", orientation="horizontal", showValue="always")
        | {
            "transformations": [
                step("sortBy", {"fields": {}, "sort": [{"field": "«imported»", "desc": True}]}),
                formatted("Time", "D.MM"),
            ]
        },
        [table(q.extreme_days("top", "imported", 8, q.last_days(30)))],
    ),
]

BOARD: Final = Board("home", PANELS, variables=(METER, LIMIT, *PRICES, CURRENCY))
