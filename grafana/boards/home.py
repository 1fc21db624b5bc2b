"""Home: what is going on now, what today and this bill cost, whether all is well, and then where the energy goes.

The two first rows never follow the chosen time range: whoever zooms into the curve still sees today. A number whose data is missing is
not shown as zero. It disappears, or the panel says why there is none.
"""

from typing import Final

from grafana import moneyqueries as m
from grafana import queries as q
from grafana import statequeries
from grafana.boards import CURRENCY, GIVEN, LIMIT, METER, ZONED, Board
from grafana.colors import BAD, GOOD, NEUTRAL
from grafana.panels import (
    AREA,
    KWH,
    MARKS,
    NO_LEGEND,
    STEPS,
    Json,
    Panel,
    Query,
    alerts,
    bars,
    between,
    by_month,
    daily_bars,
    figures,
    formatted,
    grouped,
    lines,
    renamed_to,
    states,
    step,
    steps,
    table,
)

ZONES: Final = {f"zone_{zone}": f"active_energy_import_t{zone}_wh" for zone in (1, 2, 3, 4)}
ENERGY: Final = {"imported": q.IMPORT, "exported": q.EXPORT}
LIMITER: Final = "limiter_threshold_active_w"
DAYS: Final = 30
UNKNOWN: Final = {"noValue": "–"}


def in_currency(names: dict[str, Json]) -> dict[str, Json]:
    """Amounts of money. The currency is in their names, because the unit of a field cannot be a variable."""
    return {name: {"unit": "none", "decimals": 2, "displayName": f"«{name}», ${{currency}}", **more} for name, more in names.items()}


_DAY: Final = {"mode": "reduceRow", "reduce": {"reducer": "max", "include": ["Time"]}, "alias": "Day", "replaceFields": False}
_HOURS: Final = {"mode": "binary", "operator": "-"} | {
    side: {"matcher": {"id": "byName", "options": f"«{name}»"}} for side, name in (("left", "hour"), ("right", "hour_before"))
}
_AGAINST_A_WEEK_AGO: Final = [
    step("calculateField", _DAY, "/^A$/"),
    step("convertFieldType", {"fields": {}, "conversions": [{"targetField": "Day", "destinationType": "time"}]}, "/^A$/"),
    formatted("Day", "YYYY-MM-DD", "/^A$/"),
    formatted("Time", "E HH", "/^[AB]$/"),
    *grouped(["Time", "Day"], {"hour": "sum"}, "/^A$/"),
    *grouped(["Time"], {"hour_before": "sum"}, "/^B$/"),
    step("joinByField", {"byField": "Time", "mode": "inner"}, "/^[AB]$/"),
    step("calculateField", {"mode": "binary", "binary": _HOURS, "alias": "«against_week»", "replaceFields": False}),
    formatted("Time", "YYYY-MM-DD", "/^C$/"),
    renamed_to({"Time": "Day"}, "/^C$/"),
    *grouped(["Day"], {"cost": "last", "against_week": "sum"}),
    step("joinByField", {"byField": "Day", "mode": "outer"}),
    step("sortBy", {"fields": {}, "sort": [{"field": "Day", "desc": False}]}),
    step("organize", {"excludeByName": {}, "renameByName": {"Day": "Time"}, "indexByName": {"Day": 0, "«cost»": 1, "«against_week»": 2}}),
]
"""Today's hours (A) less the same hours of the same weekday a week ago (B), added up by day and put beside the day's cost (C).

Hours are paired by weekday and hour of the local clock, so the pairs are right also in the week after a clock change. Only hours that
are over and that are settled on both days count. So the difference compares like with like, however late the costs are.
"""
_STATE: Final = [
    step("organize", {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": {}}, "/^A$/"),
    step("organize", {"excludeByName": {"«imported»": True}, "indexByName": {}, "renameByName": {"Time": "«last_heard»"}}, "/^B$/"),
]
_STATE_COLORS: Final = {
    "all_well": GOOD,
    "no_tariff": NEUTRAL,
    **dict.fromkeys(("noise", "energy_late", "cost_late", "prices_missing"), "orange"),
}
"""Colours of what the tile of the state says; all else is bad."""
_WRONG: Final = [between(low, high, f"wrong_{key}", _STATE_COLORS.get(key, BAD)) for key, (low, high) in statequeries.MEANINGS.items()]


def _small(key: str, x: int, look: Json, *queries: str) -> Panel:
    """A number of the second row."""
    return Panel(key, (x, 4, 6, 4), look, [table(text) for text in queries])


_MONTH_WIDE: Final = {"timeFrom": f"{DAYS}d", "hideTimeOverride": True}
_MONTH: Final = {"transformations": by_month(dict.fromkeys(ENERGY, "sum"))}
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
        (0, 0, 6, 4),
        figures("watt", {"imported": {}, "exported": {}}),
        [Query(q.newest({"imported": f'last("{q.IMPORT_W}")'})), Query(q.newest_positive("exported", q.EXPORT_W))],
    ),
    Panel(
        "cost_today",
        (6, 0, 6, 4),
        figures(
            "none",
            in_currency({"cost": UNKNOWN, "against_week": UNKNOWN | {"thresholds": steps(GOOD, (0.005, BAD))}}),
            "last",
        )
        | {"transformations": _AGAINST_A_WEEK_AGO},
        [
            table(m.hours({"hour": "total"}, q.Span("now() - 26h", "now() - 1h"))),
            table(m.hours({"hour_before": "total"}, q.Span("now() - 197h", "now() - 167h"))),
            table(m.days({"cost": "total"}, q.last_days(1))),
        ],
    ),
    Panel(
        "this_bill",
        (12, 0, 6, 4),
        figures("none", in_currency({"so_far": UNKNOWN, "forecast": {"noValue": "«after_a_week»"}}), "last"),
        [table(m.newest_bill({"so_far": '"to_pay"', "forecast": '"forecast_to_pay"'}))],
    ),
    Panel(
        "all_well",
        (18, 0, 6, 4),
        figures(
            "none",
            {"state": {"mappings": _WRONG}, "last_heard": {"unit": "time:[«data_until»] D.MM\u00a0HH:mm"}},
            "sum",
            fields=".*",
            orientation="horizontal",
            text="value",
        )
        | {"transformations": _STATE},
        [
            table(statequeries.state("state")),
            table(f'SELECT last("{q.IMPORT}") AS "«imported»" FROM {q.TELEGRAMS} WHERE {q.METER} AND time > now() - 40d AND time <= now()'),
        ],
    ),
    _small(
        "today",
        0,
        figures(KWH, dict.fromkeys(ENERGY, {}), "last", decimals=1),
        q.today("imported", q.IMPORT),
        q.today("exported", q.EXPORT, q.IF_GIVEN),
    ),
    _small(
        "month",
        6,
        figures(KWH, dict.fromkeys(ENERGY, {}), "last", decimals=0) | _MONTH,
        q.days({"imported": q.IMPORT}, q.last_days(32)),
        q.days({"exported": q.EXPORT}, q.if_given(q.last_days(32))),
    ),
    _small("demand_of_month", 12, figures("watt", {"demand": {}}, "last") | _HIGHEST_OF_MONTH, q.demand(q.last_days(32), "1d")),
    _small("base_load", 18, figures("watt", {"imported": {}}, "min") | {"transformations": _NIGHT}, q.base_load("imported")),
    Panel(
        "power",
        (0, 8, 24, 9),
        lines("watt", {"imported": AREA, "exported": AREA, "limit": MARKS, "limiter": MARKS}),
        [
            *(Query(text, "«imported»") for text in q.course(f'mean("{q.IMPORT_W}")')),
            *(Query(text, "«exported»") for text in q.course(f'mean("{q.EXPORT_W}") * -1', f'"{q.EXPORT_W}" > 0')),
            *(Query(text, "«limit»") for text in q.near("limit", f'max("{q.IMPORT_W}") * 0 + 0${{limit_w:raw}}')),
            *(Query(text, "«limiter»") for text in q.near("limiter", f'last("{LIMITER}")')),
        ],
    ),
    Panel(
        "days",
        (0, 17, 12, 9),
        daily_bars(KWH, {**dict.fromkeys(ZONES, {}), "imported": {}, "estimated": MARKS}) | _MONTH_WIDE,
        [
            *(Query(q.positive_days(name, field, q.last_days(DAYS))) for name, field in ZONES.items()),
            Query(q.positive_days("imported", q.IMPORT, q.last_days(DAYS)._replace(condition="0${zoned:raw} = 0"))),
            Query(m.estimated("estimated", q.last_days(DAYS))),
        ],
    ),
    Panel(
        "cost_of_days",
        (12, 17, 12, 9),
        daily_bars("none", in_currency({"cost": {}, "earned": {}}) | {"estimated": MARKS}, decimals=2) | _MONTH_WIDE,
        [
            Query(m.positive_days("cost", "total", q.last_days(DAYS))),
            Query(m.positive_days("earned", "earned", q.last_days(DAYS), " * -1")),
            Query(m.estimated_cost("estimated", q.last_days(DAYS))),
        ],
    ),
    Panel(
        "hours",
        (0, 26, 14, 12),
        states({}, kind="status-history", interval="1h", legend=NO_LEGEND, unit=KWH, color={"mode": "continuous-BlYlRd"}, min=0)
        | _MONTH_WIDE
        | {"transformations": _DAY_AND_HOUR},
        [table(q.hours("imported", q.IMPORT, DAYS))],
    ),
    Panel(
        "bills",
        (14, 26, 10, 12),
        bars("none", in_currency({"to_pay": {}, "to_come": {}}), "Time", stacking="normal")
        | {"transformations": [formatted("Time", "MM.YYYY")]},
        [table(m.bills({"to_pay": '"to_pay"', "to_come": '"forecast_to_pay" - "to_pay"'}, m.YEAR_OF_BILLS))],
    ),
    Panel(
        "demand",
        (0, 38, 14, 8),
        lines("watt", {"demand": STEPS | AREA}, interval="15m"),
        [Query(q.demand(q.VIEW, "$__interval"), "«demand»")],
    ),
    Panel("alerts", (14, 38, 10, 8), alerts("{«alerts_of»}")),
]

BOARD: Final = Board("home", PANELS, variables=(METER, LIMIT, ZONED, GIVEN, CURRENCY))
