"""Building: the meters in trouble, the flats' bills of a chosen month beside the main meter's, and every meter as it is now.

The board is fast with a thousand meters. What is present comes from newest values, and what is past from bills, first and last readings.
"""

from typing import Final

from grafana import allmeters
from grafana import billqueries as b
from grafana import queries as q
from grafana.boards import Board, asked
from grafana.boards.quality import STATES
from grafana.colors import BAD, FAIR, NEUTRAL
from grafana.panels import (
    AREA,
    KWH,
    Json,
    Panel,
    Query,
    bars,
    figures,
    grouped,
    joined,
    lines,
    rows,
    step,
    steps,
    table,
    values,
    without_time,
)

_HEARD: Final = q.Span("now() - 31d", "now()")
_STATUS: Final = q.Span("now() - 1d", "now()")
_THIS_MONTH: Final = {"timeFrom": "now/M", "hideTimeOverride": True}

PERIOD: Final = asked("period", allmeters.periods(), label="«period»", sort=2, hide=0, skipUrlSync=False)
BEGIN: Final = asked("begin_s", allmeters.of_period("min", b.BEGIN_OF_PERIOD))
UNTIL: Final = asked("until_s", allmeters.of_period("max", '"until_s"'))
BEFORE: Final = asked("before", allmeters.period_before())
MAIN: Final = asked("main", allmeters.by_use(), label="«main_meter»", regex=b.NOT_A_NUMBER, hide=0, skipUrlSync=False)
_NONE: Final[Json] = {"text": "All", "value": "$__all"}
GROUP: Final = asked(
    "group",
    allmeters.tags(),
    label="«group_by»",
    regex=f"/^(?!({'|'.join(allmeters.OUR_TAGS)}«or_site»)$).+/",
    includeAll=True,
    allValue=allmeters.NO_GROUP,
    current=_NONE,
    sort=1,
    hide=0,
    skipUrlSync=False,
)
PART: Final = asked(
    "part", allmeters.parts(), label="«group»", includeAll=True, allValue=".*", current=_NONE, sort=1, hide=0, skipUrlSync=False
)
CURRENCY: Final = asked("currency", f'SELECT last("currency") FROM {allmeters.BILL} WHERE {q.OF_SITE}{b.KEPT}')

_OPENS_HOME: Final = {
    "links": [
        {
            "title": "«open_meter»",
            "url": "/d/telegraf-han-«kind»home-«language»?var-meter=${__value.raw:percentencode}&${datasource:queryparam}«and_site»",
            "targetBlank": False,
        }
    ]
}
_OPENS_BILL: Final = {
    "links": [
        {
            "title": "«open_bill»",
            "url": "/d/telegraf-han-«kind»bill-«language»?var-meter=${__value.raw:percentencode}&${period:queryparam}&${datasource:queryparam}«and_site»",
            "targetBlank": False,
        }
    ]
}
_STATE: Final = {"mappings": [values(STATES)], "custom__cellOptions": {"type": "color-text"}}
_AGO: Final = {"unit": "dateTimeFromNow"}


_MONTH: Final = (
    *("serial", "«reading_begin»", "«reading_end»", "«month_kwh»", "«month_cost»"),
    *("«kwh_before»", "«cost_before_month»", "«estimated_kwh»", "«unpriced_kwh»"),
)
_SUMS: Final = ("count", "imported", "exported", "today_energy", "month_energy", "month_cost")
"""What is added up by group."""
_NOW: Final = ("«imported»", "«exported»", "«today_energy»", "«month_energy»", "Time", "«state»", "«signal»")

_GROUPS: Final = [
    Panel(
        "groups",
        (0, 56, 24, 8),
        rows(
            "none",
            {
                "imported": {"unit": "watt"},
                "exported": {"unit": "watt"},
                "today_energy": {"unit": "watth"},
                "month_energy": {"unit": "watth"},
                "month_cost": {"decimals": 2, "displayName": "«month_cost», ${currency}"},
            },
            [("group", "asc")],
        )
        | _THIS_MONTH
        | {
            "transformations": [
                without_time("/^[ABDE]$/"),
                *grouped(["meter"], {"today_energy": "sum"}, "/^C$/"),
                *joined("meter", ("«group»", *(f"«{name}»" for name in _SUMS)), {}),
                step(
                    "filterByValue",
                    {
                        "type": "include",
                        "match": "all",
                        "filters": [{"fieldName": "«count»", "config": {"id": "greater", "options": {"value": 0}}}],
                    },
                ),
                *grouped(["«group»"], dict.fromkeys(_SUMS, "sum")),
            ]
        },
        [
            table(allmeters.tagged("group", "count")),
            table(allmeters.of_all({"imported": q.IMPORT_W, "exported": q.EXPORT_W}, q.LATELY, among=allmeters.ALL)),
            table(allmeters.today_of_all("today_energy", allmeters.ALL)),
            table(allmeters.since_of_all("month_energy", among=allmeters.ALL)),
            table(allmeters.bills({"month_cost": 'last("to_pay")'}, among=allmeters.ALL)),
        ],
    ),
]
PANELS: Final = [
    Panel(
        "troubled",
        (0, 0, 14, 8),
        rows("none", {"meter": _OPENS_HOME, "state": _STATE, "last_heard": _AGO, "estimated_kwh": {"unit": KWH, "decimals": 1}})
        | {
            "transformations": [
                without_time("/^[BCD]$/"),
                *grouped(["meter"], {"trouble": "sum"}, "/^B$/"),
                *joined("meter", ("«state»", "Time", "«estimated_kwh»"), {"Time": "«last_heard»"}, "«telegram»"),
                step(
                    "filterByValue",
                    {
                        "type": "include",
                        "match": "all",
                        "filters": [{"fieldName": "«trouble»", "config": {"id": "greater", "options": {"value": 0}}}],
                    },
                ),
                step("sortBy", {"fields": {}, "sort": [{"field": "«trouble»", "desc": True}]}),
                step("organize", {"excludeByName": {"«trouble»": True}, "indexByName": {}, "renameByName": {}}),
            ]
        },
        [
            table(allmeters.of_all({"telegram": q.IMPORT_W}, _HEARD)),
            table(allmeters.trouble("trouble", _HEARD, _STATUS)),
            table(allmeters.of_all({"state": "state"}, _STATUS, q.LINK)),
            table(allmeters.estimated_now("estimated_kwh")),
        ],
    ),
    Panel(
        "meters",
        (14, 0, 10, 4),
        figures("none", {"known": {}, "heard": {}, "not_ok": {"thresholds": steps(NEUTRAL, (1, BAD))}}),
        [Query(allmeters.known("known", _HEARD)), Query(allmeters.known("heard", q.LATELY)), Query(allmeters.not_ok("not_ok"))],
    ),
    Panel(
        "sum_power",
        (14, 4, 5, 4),
        figures("watt", {"imported": {}, "exported": {}}),
        [Query(allmeters.sum_of_all({"imported": q.IMPORT_W, "exported": q.EXPORT_W}))],
    ),
    Panel(
        "sum_energy",
        (19, 4, 5, 4),
        figures("watth", {"imported": {}}) | _THIS_MONTH,
        [Query(allmeters.sum_since_of_all("imported"))],
    ),
    Panel(
        "against_main",
        (0, 8, 24, 5),
        figures(
            KWH,
            {
                "main_kwh": {},
                "others_kwh": {},
                "common_kwh": {},
                "common_share": {"unit": "percent", "decimals": 1},
                "common_before": {},
                "others_cost": {"unit": "none", "decimals": 2, "displayName": "«others_cost», ${currency}"},
            },
            decimals=1,
        ),
        [
            Query(allmeters.against_main("main_kwh", "others_kwh", "common_kwh", "common_share")),
            Query(allmeters.common_before("common_before")),
            Query(allmeters.cost_of_others("others_cost")),
        ],
    ),
    Panel(
        "flats",
        (0, 13, 24, 14),
        rows(
            "none",
            {
                "meter": _OPENS_BILL,
                **dict.fromkeys(("reading_begin", "reading_end", "month_kwh", "kwh_before"), {"decimals": 3}),
                "month_cost": {"decimals": 2, "displayName": "«month_cost», ${currency}"},
                "cost_before_month": {"decimals": 2, "displayName": "«cost_before_month», ${currency}"},
                **dict.fromkeys(
                    ("estimated_kwh", "unpriced_kwh"),
                    {"decimals": 3, "thresholds": steps(NEUTRAL, (0.001, FAIR)), "custom__cellOptions": {"type": "color-text"}},
                ),
            },
            [("month_kwh", "desc")],
        )
        | {"transformations": [without_time("//"), *joined("meter", _MONTH, {"serial": "«serial»"})]},
        [
            table(
                allmeters.bills(
                    {
                        "month_kwh": f'last("import_wh"){q.KWH}',
                        "month_cost": 'last("to_pay")',
                        "estimated_kwh": f'last("estimated_wh"){q.KWH}',
                        "unpriced_kwh": f'last("unpriced_wh"){q.KWH}',
                    }
                )
            ),
            table(allmeters.bills({"kwh_before": f'last("import_wh"){q.KWH}', "cost_before_month": 'last("to_pay")'}, allmeters.BEFORE)),
            table(allmeters.reading("first", {"reading_begin": q.IMPORT})),
            table(allmeters.reading("last", {"reading_end": q.IMPORT}, '"serial"')),
        ],
    ),
    Panel(
        "all",
        (0, 27, 24, 16),
        rows(
            "none",
            {
                "meter": _OPENS_HOME,
                "imported": {"unit": "watt"},
                "exported": {"unit": "watt"},
                "today_energy": {"unit": "watth"},
                "month_energy": {"unit": "watth"},
                "last_heard": _AGO,
                "state": _STATE,
                "signal": {"unit": "dBm"},
            },
            [("month_energy", "desc")],
        )
        | _THIS_MONTH
        | {
            "transformations": [
                without_time("/^[BDE]$/"),
                *grouped(["meter"], {"today_energy": "sum"}, "/^C$/"),
                *joined("meter", _NOW, {"Time": "«last_heard»"}, "«telegram»"),
            ]
        },
        [
            table(allmeters.of_all({"telegram": q.IMPORT_W}, _HEARD)),
            table(allmeters.of_all({"imported": q.IMPORT_W, "exported": q.EXPORT_W}, q.LATELY)),
            table(allmeters.today_of_all("today_energy")),
            table(allmeters.since_of_all("month_energy")),
            table(allmeters.of_all({"state": "state", "signal": "rssi_dbm"}, _STATUS, q.LINK)),
        ],
    ),
    Panel(
        "ranking",
        (0, 43, 10, 12),
        bars("watth", {"imported": {}}, "meter", orientation="horizontal", showValue="always")
        | _THIS_MONTH
        | {"transformations": [step("sortBy", {"fields": {}, "sort": [{"field": "«imported»", "desc": True}]})]},
        [table(allmeters.since_of_all("imported", 10))],
    ),
    Panel(
        "power_of_all",
        (10, 43, 14, 12),
        lines("watt", {"imported": AREA, "exported": AREA}, interval="15m") | {"timeFrom": "24h", "hideTimeOverride": True},
        [Query(allmeters.power_of_all(q.IMPORT_W), "«imported»"), Query(allmeters.power_of_all(q.EXPORT_W, "-"), "«exported»")],
    ),
    Panel("by_group", (0, 55, 24, 1), {}, folded=_GROUPS),
]

BOARD: Final = Board(
    "building",
    PANELS,
    "now-24h",
    refresh="1m",
    variables=(PERIOD, BEGIN, UNTIL, BEFORE, MAIN, CURRENCY, GROUP, PART),
    timepicker={"hidden": True},
)
