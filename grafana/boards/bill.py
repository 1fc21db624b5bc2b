"""Bill: the statement of a chosen billing period, the months by part, the deposit, the price of the market, and tariffs side by side."""

from typing import Final

from grafana import billqueries as b
from grafana import moneyqueries as money
from grafana import queries as q
from grafana.boards import CURRENCY, METER, Board, asked
from grafana.colors import FAIR
from grafana.panels import (
    KWH,
    STACKED_BARS,
    STEPS,
    Json,
    Panel,
    Query,
    bars,
    compared,
    figures,
    formatted,
    lines,
    renamed_to,
    rows,
    step,
    steps,
    table,
)

PERIOD: Final = asked("period", b.periods(), label="«period»", hide=0, skipUrlSync=False)
BEGIN: Final = asked("begin_s", b.of_period(b.BEGIN_OF_PERIOD))
UNTIL: Final = asked("until_s", b.of_period('"until_s"'))
SERIES: Final = asked("series", b.series(), label="«series»", regex=b.NOT_A_NUMBER, sort=1, hide=0, skipUrlSync=False)


def _money(name: str) -> dict[str, Json]:
    """A figure with its currency."""
    return {name: {"unit": "none", "decimals": 2, "displayName": f"«{name}», ${{currency}}"}}


PARTS: Final = {
    "part_energy": ("energy",),
    "part_network": ("distribution", "network_fee", "quality", "transitional_fee", "subscription_fee"),
    "part_levies": ("renewables", "cogeneration", "capacity_fee"),
    "part_trade": ("trade_fee",),
    "part_other": ("other", "other_fee"),
    "vat": ("vat",),
}
"""Part of a bar → the components that are in it. Together they are the total."""
_COMPONENTS: Final = (
    *("energy", "distribution", "quality", "renewables", "cogeneration", "other"),
    *("trade_fee", "network_fee", "transitional_fee", "subscription_fee", "capacity_fee", "other_fee"),
)
_STATEMENT: Final = {
    **{name: f'"{name}"' for name in _COMPONENTS},
    "vat": '"vat"',
    "total": '"total"',
    "by_deposit": '"deposit_used" * -1',
    "credit": '"credit" * -1',
    "earned": '"earned"',
    "deposit_left": '"deposit_after"',
    "to_pay": '"to_pay"',
}
"""The lines of the statement, in their order."""
_ENERGY: Final = {
    "imported": "import_wh",
    **{f"zone_{zone}": f"t{zone}_wh" for zone in (1, 2, 3, 4)},
    "exported": "export_wh",
    "taken_back": "offset_wh",
    "produced": "produced_wh",
    "self_used": "self_used_wh",
    "estimated": "estimated_wh",
    "unpriced": "unpriced_wh",
}
_READINGS: Final = {
    "imported": q.IMPORT,
    "exported": q.EXPORT,
    **{f"zone_{zone}": f"active_energy_import_t{zone}_wh" for zone in (1, 2, 3, 4)},
}
_DEPOSIT: Final = {"earned": "earned", "by_deposit": "deposit_used", "deposit_left": "deposit_after"}


def _upright(value: str, match: str) -> list[Json]:
    """Turn the one row of a period into a row for each of its columns, without those that are zero."""
    return [
        step("reduce", {"reducers": ["lastNotNull"], "mode": "seriesToRows"}),
        step(
            "filterByValue",
            {"type": "include", "match": "all", "filters": [{"fieldName": "Last *", "config": {"id": match, "options": {"value": 0}}}]},
        ),
        renamed_to({"Field": "«item»", "Last *": f"«{value}»"}),
    ]


_AT_THE_END: Final = [
    step(
        "calculateField",
        {
            "mode": "binary",
            "binary": {
                "left": {"matcher": {"id": "byName", "options": "Time"}},
                "operator": "+",
                "right": {"fixed": str(b.WINDOW_MS)},
            },
            "alias": "Read",
            "replaceFields": False,
        },
    ),
    step("convertFieldType", {"fields": {}, "conversions": [{"targetField": "Read", "destinationType": "time"}]}),
    step(
        "organize",
        {
            "excludeByName": {"Time": True},
            "indexByName": {"serial": 0, "Read": 1},
            "renameByName": {"serial": "«serial»", "Read": "«read_at»"},
        },
    ),
]
"""A reading is that of its window's end."""


def _bars_of_tariffs() -> Json:
    """Bars of series that only the configuration names, each in a colour of its own. Your tariff has the colour of cost."""
    look = bars("none", {"own_tariff": {}}, "Time")
    look["options"]["legend"] = {**look["options"]["legend"], "showLegend": True}
    look["fieldConfig"]["defaults"] |= {"color": {"mode": "palette-classic-by-name"}, "decimals": 2}
    return look


PANELS: Final = [
    Panel(
        "bill_of",
        (0, 0, 10, 5),
        figures("none", _money("to_pay") | _money("total") | _money("forecast")),
        [
            Query(b.chosen({"to_pay": '"to_pay"', "total": '"total"'})),
            Query(b.chosen({"forecast": '"forecast_to_pay"'}, '"hours_settled" < "hours" AND ')),
        ],
    ),
    Panel(
        "use",
        (10, 0, 6, 5),
        figures(KWH, {"imported": {"decimals": 1}} | _money("per_kwh")),
        [
            Query(b.chosen({"imported": f'"import_wh"{q.KWH}'})),
            Query(b.chosen({"per_kwh": '"total" / "import_wh" * 1000'}, '"import_wh" > 0 AND ')),
        ],
    ),
    Panel(
        "provisional",
        (16, 0, 8, 5),
        figures(
            KWH,
            {"estimated": {"thresholds": steps(FAIR)}, "unpriced": {"thresholds": steps(FAIR)}, "settled": {"unit": "percent"}},
            decimals=1,
        ),
        [
            Query(b.chosen({"estimated": f'"estimated_wh"{q.KWH}'}, '"estimated_wh" > 0 AND ')),
            Query(b.chosen({"unpriced": f'"unpriced_wh"{q.KWH}'}, '"unpriced_wh" > 0 AND ')),
            Query(b.chosen({"settled": '"hours_settled" / "hours" * 100'}, '"hours_settled" < "hours" AND ')),
        ],
    ),
    Panel(
        "statement",
        (0, 5, 9, 20),
        rows("none", {"item": {}, "amount": {"decimals": 2, "custom__width": 115, "displayName": "«amount», ${currency}"}})
        | {"transformations": _upright("amount", "notEqual")},
        [table(b.chosen(_STATEMENT))],
    ),
    Panel(
        "statement_energy",
        (9, 5, 15, 13),
        rows(KWH, {"item": {}, "kwh": {"decimals": 3, "custom__width": 140}}) | {"transformations": _upright("kwh", "greater")},
        [
            table(b.chosen({name: f'"{field}"{q.KWH}' for name, field in _ENERGY.items()})),
            table(
                b.chosen(
                    {"billed_import": f'"billed_import_wh"{q.KWH}', "billed_export": f'"billed_export_wh"{q.KWH}'},
                    '"billed_import_wh" < "import_wh" AND ',
                )
            ),
        ],
    ),
    Panel(
        "readings",
        (9, 18, 15, 7),
        rows(
            KWH,
            {"serial": {"unit": "string", "custom__minWidth": 90}, "read_at": {"unit": "time:D.MM.YYYY HH:mm", "custom__minWidth": 130}}
            | dict.fromkeys(_READINGS, {"decimals": 1, "custom__minWidth": 95}),
        )
        | {"transformations": _AT_THE_END},
        [table(b.readings(_READINGS))],
    ),
    Panel(
        "parts_by_month",
        (0, 25, 16, 10),
        bars("none", dict.fromkeys(PARTS, {"decimals": 2}), "Time", stacking="normal")
        | {"transformations": [formatted("Time", "YYYY-MM")]},
        [
            table(
                money.bills(
                    {name: " + ".join(f'"{component}"' for component in components) for name, components in PARTS.items()},
                    money.YEAR_OF_BILLS,
                )
            )
        ],
    ),
    Panel(
        "deposit",
        (16, 25, 8, 10),
        bars("none", dict.fromkeys(_DEPOSIT, {"decimals": 2}), "Time") | {"transformations": [formatted("Time", "YYYY-MM")]},
        [table(b.deposits(_DEPOSIT))],
    ),
    Panel(
        "price",
        (0, 35, 16, 9),
        lines(
            "none",
            {
                "price": STEPS | {"custom__lineWidth": 2},
                "cheapest": {
                    "custom__drawStyle": "bars",
                    "custom__fillOpacity": 30,
                    "custom__lineWidth": 0,
                    "custom__barAlignment": 1,
                    "custom__spanNulls": False,
                },
            },
            interval="15m",
            decimals=2,
        ),
        [Query(b.prices(), "«price»"), Query(b.cheapest_of_days("cheapest"))],
    ),
    Panel(
        "cheapest_hours",
        (16, 35, 8, 9),
        rows(
            "none",
            {"hour": {"unit": "time:D.MM HH:mm", "custom__minWidth": 100}, "price": {"decimals": 3, "custom__width": 110}},
            [("price", "asc")],
        )
        | {"transformations": [renamed_to({"Time": "«hour»"})]},
        [table(b.cheapest_to_come("price"))],
    ),
    Panel(
        "cost_by_hour",
        (0, 44, 24, 9),
        lines("none", {"cost": {}, "estimated": {}, "unpriced": {}}, custom=STACKED_BARS | {"barAlignment": 1}, interval="1h", decimals=2)
        | {"timeFrom": "7d"},
        [
            Query(b.hourly("cost", '"estimated_wh" = 0 AND "unpriced_wh" = 0')),
            Query(b.hourly("estimated", '"estimated_wh" > 0 AND "unpriced_wh" = 0')),
            Query(b.hourly("unpriced", '"unpriced_wh" > 0')),
        ],
    ),
    Panel(
        "tariffs",
        (0, 53, 10, 10),
        compared("none", {"own_tariff": {}}),
        [Query(b.year_of(b.OWN), "«own_tariff»"), Query(b.year_of("\"tariff\" != 'own'"), "$tag_tariff")],
    ),
    Panel(
        "tariffs_by_month",
        (10, 53, 14, 10),
        _bars_of_tariffs()
        | {
            "transformations": [
                formatted("Time", "YYYY-MM"),
                step("groupingToMatrix", {"columnField": "tariff", "rowField": "Time", "valueField": "«to_pay»", "emptyValue": "null"}),
                renamed_to({"Time\\tariff": "Time", "own": "«own_tariff»"}),
                step("sortBy", {"fields": {}, "sort": [{"field": "Time", "desc": False}]}),
            ]
        },
        [table(b.months_of_tariffs("to_pay"))],
    ),
]

BOARD: Final = Board("bill", PANELS, "now/d", "now+1d/d", "1m", (METER, CURRENCY, PERIOD, BEGIN, UNTIL, SERIES))
