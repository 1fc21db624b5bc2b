"""The boards of a house and of a fleet, and the parts that are the same on all of them (variables, links between the boards, time zone).

A board is a list of `Panel` rows. `dashboard` turns it into JSON that Grafana can provision and also import: the data source is a
variable, `id` is null, and the uid is fixed for each board and language. The links keep the time range, the meter and the data source.
Only the links to and from the bill and the building do not keep the time range: one has days to come, and the other always shows the present.

A fleet has the same boards once more, for a site that is chosen (`variants`). Their links keep the site, and the first one leads back to the
list of all sites.
"""

from importlib import import_module
from typing import Any, Final, NamedTuple

from grafana import moneyqueries, queries, variants
from grafana.panels import SOURCE, Json, Panel, numbered, panels_json

SCHEMA_VERSION: Final = 41
BOARDS: Final = variants.HOUSE_BOARDS
OWN_TIME: Final = ("bill", "building")
"""Boards whose time range fits no other board."""
HIDDEN: Final = 2


class Board(NamedTuple):
    """One board. Its title and description are in `texts`, under its key."""

    key: str
    panels: list[Panel]
    since: str = "now-24h"
    until: str = "now"
    refresh: str = "10s"
    variables: tuple[Json, ...] = ()
    timepicker: Any = None


def asked(name: str, query: str, **more: Any) -> Json:
    """A variable whose value comes from the database."""
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        "definition": query,
        "refresh": 2,
        "regex": "",
        "sort": 0,
        "multi": False,
        "includeAll": False,
        "options": [],
        "current": {},
        "hide": HIDDEN,
        "skipUrlSync": True,
        **more,
    }


DATA_SOURCE: Final[Json] = {
    "name": "datasource",
    "label": "«data_source»",
    "type": "datasource",
    "query": "influxdb",
    "regex": "",
    "refresh": 1,
    "multi": False,
    "includeAll": False,
    "options": [],
    "current": {"text": "telegraf-han", "value": "telegraf-han"},
    "hide": 0,
    "skipUrlSync": False,
}
"""`telegraf-han` is the uid in provisioning/datasources. If there is no such data source, Grafana takes the first InfluxDB."""
METER: Final = asked(
    "meter",
    f'SHOW TAG VALUES FROM {queries.TELEGRAMS} WITH KEY = "meter"«where_site»',
    label="«meter»",
    refresh=1,
    sort=1,
    hide=0,
    skipUrlSync=False,
)
CURRENCY: Final = asked("currency", f'SELECT last("currency") FROM {moneyqueries.BILL}, {queries.SETTINGS} WHERE {queries.METER}')
"""The bill's, or else that of [meter.prices]."""
LIMIT: Final = asked("limit_w", queries.newest_setting("active_power_import_w"))
GIVEN: Final = asked("given", queries.newest_window(queries.EXPORT))
ZONED: Final = asked("zoned", queries.newest_window("active_energy_import_t1_wh"))
THIRD_PHASE: Final = asked("l3_v", queries.newest_window("voltage_l3_v"))
USUAL_RATE: Final = asked("due", queries.usual_rate())


SITE: Final = asked(
    "site", f'SHOW TAG VALUES FROM {queries.TELEGRAMS} WITH KEY = "site"', label="«site»", refresh=1, sort=1, hide=0, skipUrlSync=False
)


def uid(key: str, variant: variants.Variant = variants.HOUSE) -> str:
    """The beginning of a board's uid, the same in all languages."""
    kind = "" if key == variants.LIST else variant.words["kind"]
    return f"telegraf-han-{kind}{key}"


def place(key: str, panel_key: str, variant: variants.Variant = variants.HOUSE) -> tuple[str, int]:
    """A board's uid without its language, and the id of one of its panels. Raises StopIteration if the board has no such panel."""
    board: Board = import_module(f"{__name__}.{key}").BOARD
    return uid(key, variant), next(number for number, row in numbered(board.panels) if row.key == panel_key)


def _link(key: str, kept: str, *, own_time: bool) -> Json:
    return {
        "type": "link",
        "title": f"«{key}.title»",
        "tooltip": f"«{key}.description»",
        "url": f"/d/{kept}",
        "icon": "dashboard",
        "keepTime": not own_time,
        "includeVars": False,
        "targetBlank": False,
        "asDropdown": False,
        "tags": [],
    }


def _links(here: str, variant: variants.Variant) -> list[Json]:
    if here == variants.LIST:
        return []  # the rows of the list are the links
    links = []
    for key in variant.boards:
        if key == here:
            continue
        meter = "" if "building" in (key, here) else "&${meter:queryparam}"  # that board has no meter to keep
        kept = "${datasource:queryparam}" + ("" if key == variants.LIST else f"{meter}«and_site»")
        own_time = key == variants.LIST or bool({key, here} & {*OWN_TIME})
        links.append(_link(key, f"{uid(key, variant)}-«language»?{kept}", own_time=own_time))
    return links


def dashboard(board: Board, variant: variants.Variant = variants.HOUSE) -> Json:
    """The JSON of a board, before its texts are filled in."""
    of_site = variant is variants.FLEET and board.key != variants.LIST
    return {
        "id": None,
        "uid": f"{uid(board.key, variant)}-«language»",
        "title": f"«site»: «{board.key}.title»" if of_site else f"«{board.key}.title»",
        "description": f"«{board.key}.description»",
        "tags": ["telegraf-han", "«language»"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "timezone": "Europe/Warsaw",
        "weekStart": "monday",
        "time": {"from": board.since, "to": board.until},
        "timepicker": board.timepicker or {},
        "refresh": board.refresh,
        "preload": False,
        "annotations": {"list": []},
        "templating": {"list": [DATA_SOURCE, *((SITE,) if of_site else ()), *board.variables]},
        "links": _links(board.key, variant),
        "panels": panels_json(board.panels),
    }
