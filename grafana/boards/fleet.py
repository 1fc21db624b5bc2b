"""Fleet: the list of sites, those in trouble first, what all of them draw together, and which of them draw the most.

A click on a site opens its Building board. What a cell counts is on another board of the site, and a click on the cell opens that one.
"""

from collections.abc import Sequence
from typing import Final

from grafana import fleetqueries as f
from grafana.boards import Board
from grafana.colors import BAD, FAIR, GOOD, NEUTRAL
from grafana.panels import (
    AREA,
    KWH,
    Json,
    Panel,
    Query,
    bars,
    between,
    daily_bars,
    figures,
    formatted,
    grouped,
    lines,
    renamed_to,
    rows,
    step,
    steps,
    table,
    without_time,
)

_COLORS: Final = {"fine": GOOD, "errors": FAIR, "meters": "orange", "late": "orange", "silent": BAD}
_WRONG: Final = [between(low, high, f"site_{key}", _COLORS[key]) for key, (low, high) in f.MEANINGS.items()]
_BAD_IF_ANY: Final = {"thresholds": steps(NEUTRAL, (1, BAD))}
_TODAY: Final = {"today_energy": "import_wh", "errors_today": "errors"}
_MOST: Final = 10
_PARTS: Final = ("«ever»", "«prompt»", "«there»", "«wrong_meters»", "«wrong_errors»")
"""Columns whose sum is the state of a site."""
_COLUMNS: Final = (
    *("«meters_read»", "«not_ok»", "«errors_today»", "«imported»", "«exported»"),
    *("«today_energy»", "«month_energy»", "«highest_quarter»"),
)


_TEXT: Final = {"custom__cellOptions": {"type": "color-text"}}


_NUMBERS_ONLY: Final = {"transformations": [step("filterFieldsByName", {"exclude": {"names": ["Time", "site"]}})]}


def _width(pixels: int) -> Json:
    """The width of a column. All columns fit on a screen, and the names of the sites take what is left."""
    return {"custom__width": pixels}


def _opens(key: str, value: str = "${__data.fields[0]}") -> Json:
    """A link to a board of the site that the row shows."""
    kept = f"var-site={value}&${{datasource:queryparam}}"
    return {"links": [{"title": f"«open_{key}»", "url": f"/d/telegraf-han-fleet-{key}-«language»?{kept}", "targetBlank": False}]}


def _sum_of(parts: Sequence[str], name: str) -> Json:
    """A column that is the sum of others of its row."""
    return step(
        "calculateField",
        {"mode": "reduceRow", "reduce": {"reducer": "sum", "include": list(parts)}, "alias": f"«{name}»", "replaceFields": False},
    )


def _ranked(key: str, x: int, unit: str, name: str, query: str) -> Panel:
    """The sites with the most of something."""
    return Panel(
        key,
        (x, 30, 7, 11),
        bars(unit, {name: {}}, "site", orientation="horizontal", showValue="always")
        | {"transformations": [step("sortBy", {"fields": {}, "sort": [{"field": f"«{name}»", "desc": True}]})]},
        [table(query)],
    )


PANELS: Final = [
    Panel(
        "fleet_sites",
        (0, 0, 6, 4),
        figures("none", {"known_sites": {}, "not_heard_sites": _BAD_IF_ANY, "not_ok": _BAD_IF_ANY}, "sum")
        | {
            "transformations": [
                without_time("//"),
                renamed_to({name: name for name in ("site", "«known_sites»", "«prompt»", "«not_ok»")}),
                step("joinByField", {"byField": "site", "mode": "outer"}),
                _sum_of(("«known_sites»", "«prompt»"), "not_heard_sites"),
                step(
                    "organize",
                    {
                        "excludeByName": {"site": True, "«prompt»": True},
                        "renameByName": {},
                        "indexByName": {"«known_sites»": 0, "«not_heard_sites»": 1, "«not_ok»": 2},
                    },
                ),
            ]
        },
        [
            table(f.heard("known_sites", f.KNOWN, "+ 1")),
            table(f.heard("prompt", f.HEARD, "- 1")),
            table(f.newest({}, f'1 - pow(0, {f.NOT_OK}) AS "«not_ok»"')),
        ],
    ),
    Panel(
        "fleet_meters",
        (6, 0, 6, 4),
        figures("none", {"heard": {}, "not_ok": _BAD_IF_ANY}, "sum") | _NUMBERS_ONLY,
        [table(f.newest({"heard": "meters", "not_ok": "not_ok"}))],
    ),
    Panel(
        "fleet_power",
        (12, 0, 6, 4),
        figures("watt", {"imported": {}, "exported": {}, "highest_quarter": {}}, "sum") | _NUMBERS_ONLY,
        [table(f.newest({"imported": "import_w", "exported": "export_w"})), table(f.demand("highest_quarter"))],
    ),
    Panel(
        "fleet_energy",
        (18, 0, 6, 4),
        figures("watth", {"today_energy": {}, "month_energy": {}}, "last")
        | {"transformations": [formatted("Time", "YYYY-MM", "/^B$/"), *grouped(["Time"], {"month_energy": "sum"}, "/^B$/")]},
        [
            table(f.today({"today_energy": "import_wh"}, by_site=False)),
            table(f.month({"month_energy": "import_wh"}, by_site=False)),
        ],
    ),
    Panel(
        "fleet_list",
        (0, 4, 24, 17),
        rows(
            "none",
            {
                "site": {"custom__minWidth": 130} | _opens("building", "${__value.raw:percentencode}"),
                "state": {"mappings": _WRONG, "custom__align": "left"} | _width(170) | _TEXT | _opens("health"),
                "last_data": {"unit": "dateTimeFromNow"} | _width(150),
                "meters_read": _width(115),
                "not_ok": _BAD_IF_ANY | _width(105) | _TEXT | _opens("building"),
                "errors_today": {"decimals": 0} | _width(105) | _opens("health"),
                "imported": {"unit": "watt"} | _width(105) | _opens("home"),
                "exported": {"unit": "watt"} | _width(100),
                "today_energy": {"unit": "watth"} | _width(105),
                "month_energy": {"unit": "watth"} | _width(110) | _opens("history"),
                "highest_quarter": {"unit": "watt"} | _width(115),
            },
        )
        | {
            "transformations": [
                without_time("/^[BCDG]$/"),
                *grouped(["site"], dict.fromkeys(_TODAY, "last"), "/^E$/"),
                formatted("Time", "YYYY-MM", "/^F$/"),
                *grouped(["Time", "site"], {"month_energy": "sum"}, "/^F$/"),
                *grouped(["site"], {"month_energy": "last"}, "/^F$/"),
                renamed_to({name: name for name in ("Time", "site", *_PARTS, *_COLUMNS)}),
                step("joinByField", {"byField": "site", "mode": "outer"}),
                step(
                    "calculateField",
                    {
                        "mode": "reduceRow",
                        "reduce": {"reducer": "sum", "include": list(_PARTS)},
                        "alias": "«state»",
                        "replaceFields": False,
                    },
                ),
                step(
                    "organize",
                    {
                        "excludeByName": dict.fromkeys(_PARTS, True),
                        "renameByName": {"site": "«site»", "Time": "«last_data»"},
                        "indexByName": {name: place for place, name in enumerate(["site", "«state»", "Time", *_COLUMNS])},
                    },
                ),
                step("sortBy", {"fields": {}, "sort": [{"field": "«state»", "desc": True}]}),
            ]
        },
        [
            *(table(f.heard(name, *f.HEARD_BITS[name])) for name in ("ever", "prompt", "there")),
            table(
                f.newest(
                    {"meters_read": "meters", "not_ok": "not_ok", "imported": "import_w", "exported": "export_w"},
                    f.wrong("wrong_meters", "meters", f.NOT_OK),
                    f.wrong("wrong_errors", "errors", f.ERRORS),
                )
            ),
            table(f.today(_TODAY)),
            table(f.month({"month_energy": "import_wh"})),
            table(f.demand_of_sites("highest_quarter")),
        ],
    ),
    Panel(
        "fleet_course",
        (0, 21, 24, 9),
        lines("watt", {"imported": AREA, "exported": AREA}),
        [
            *(Query(text, "«imported»") for text in f.power("import_w")),
            *(Query(text, "«exported»") for text in f.power("export_w", " * -1")),
        ],
    ),
    Panel(
        "fleet_days",
        (0, 30, 10, 11),
        daily_bars(KWH, {"imported": {}, "exported": {}}, decimals=0),
        [Query(f.energy_of_days("imported", "import_wh")), Query(f.energy_of_days("exported", "export_wh", " * -1"))],
    ),
    _ranked("fleet_ranking", 10, "watth", "imported", f.most_energy("imported", _MOST)),
    _ranked("fleet_demand", 17, "watt", "demand", f.highest_demand("demand", _MOST)),
]

BOARD: Final = Board("fleet", PANELS, "now-7d", refresh="1m")
