"""Building: every meter in a row, the sums of all meters, and the meters that use most.

The board is fast with a thousand meters, because only newest values are read.
"""

from typing import Final

from grafana import allmeters
from grafana import queries as q
from grafana.boards import Board
from grafana.boards.quality import STATES
from grafana.colors import BAD, NEUTRAL
from grafana.panels import AREA, Panel, Query, bars, figures, grouped, lines, renamed_to, rows, step, steps, table, values

_HEARD: Final = q.Span("now() - 31d", "now()")
_STATUS: Final = q.Span("now() - 1d", "now()")
_THIS_MONTH: Final = {"timeFrom": "now/M", "hideTimeOverride": True}

_COLUMNS: Final = ("«today_energy»", "«imported»", "«exported»", "«month_energy»", "«state»", "«signal»")
"""Renamed to their own names, because otherwise joining would add the name of the measurement."""

PANELS: Final = [
    Panel(
        "sum_power",
        (0, 0, 8, 5),
        figures("watt", {"imported": {}, "exported": {}}),
        [Query(allmeters.sum_of_all({"imported": q.IMPORT_W, "exported": q.EXPORT_W}))],
    ),
    Panel(
        "sum_energy",
        (8, 0, 6, 5),
        figures("watth", {"imported": {}}) | _THIS_MONTH,
        [Query(allmeters.sum_since_of_all("imported"))],
    ),
    Panel(
        "meters",
        (14, 0, 10, 5),
        figures("none", {"known": {}, "heard": {}, "not_ok": {"thresholds": steps(NEUTRAL, (1, BAD))}}),
        [Query(allmeters.known("known", _HEARD)), Query(allmeters.known("heard", q.LATELY)), Query(allmeters.not_ok("not_ok"))],
    ),
    Panel(
        "all",
        (0, 5, 24, 16),
        rows(
            "none",
            {
                "meter": {
                    "links": [
                        {
                            "title": "«open_meter»",
                            "url": "/d/telegraf-han-home-«language»?var-meter=${__value.raw:percentencode}&${datasource:queryparam}",
                            "targetBlank": False,
                        }
                    ]
                },
                "imported": {"unit": "watt"},
                "exported": {"unit": "watt"},
                "today_energy": {"unit": "watth"},
                "month_energy": {"unit": "watth"},
                "last_heard": {"unit": "dateTimeFromNow"},
                "state": {
                    "mappings": [values(STATES)],
                    "custom__cellOptions": {"type": "color-text"},
                },
                "signal": {"unit": "dBm"},
            },
            [("month_energy", "desc")],
        )
        | _THIS_MONTH
        | {
            "transformations": [
                step("filterFieldsByName", {"exclude": {"names": ["Time"]}}, "/^[BDE]$/"),
                *grouped(["Time", "meter"], {"today_energy": "sum"}, "/^C$/"),
                *grouped(["meter"], {"today_energy": "last"}, "/^C$/"),
                renamed_to({name: name for name in ("Time", "meter", *_COLUMNS)}),
                step("joinByField", {"byField": "meter", "mode": "outer"}),
                step(
                    "organize",
                    {
                        "excludeByName": {"«telegram»": True},
                        "renameByName": {"Time": "«last_heard»", "meter": "«meter»"},
                        "indexByName": {
                            name: place
                            for place, name in enumerate(
                                ["meter", "«imported»", "«exported»", "«today_energy»", "«month_energy»", "Time", "«state»", "«signal»"]
                            )
                        },
                    },
                ),
            ]
        },
        [
            table(allmeters.of_all({"telegram": q.IMPORT_W}, _HEARD)),
            table(allmeters.of_all({"imported": q.IMPORT_W, "exported": q.EXPORT_W}, q.LATELY)),
            table(allmeters.days_of_all("today_energy")),
            table(allmeters.since_of_all("month_energy")),
            table(allmeters.of_all({"state": "state", "signal": "rssi_dbm"}, _STATUS, q.LINK)),
        ],
    ),
    Panel(
        "ranking",
        (0, 21, 10, 12),
        bars("watth", {"imported": {}}, "meter", orientation="horizontal", showValue="always")
        | _THIS_MONTH
        | {"transformations": [step("sortBy", {"fields": {}, "sort": [{"field": "«imported»", "desc": True}]})]},
        [table(allmeters.since_of_all("imported", 10))],
    ),
    Panel(
        "power_of_all",
        (10, 21, 14, 12),
        lines("watt", {"imported": AREA, "exported": AREA}, interval="15m") | {"timeFrom": "24h", "hideTimeOverride": True},
        [Query(allmeters.power_of_all(q.IMPORT_W), "«imported»"), Query(allmeters.power_of_all(q.EXPORT_W, "-"), "«exported»")],
    ),
]

BOARD: Final = Board("building", PANELS, "now-24h", refresh="1m", timepicker={"hidden": True})
