"""The six boards, and the parts that are the same on all of them (variables, links between the boards, time zone).

A board is a list of `Panel` rows. `dashboard` turns it into JSON that Grafana can provision and also import: the data source is a
variable, `id` is null, and the uid is fixed for each board and language. The links keep the time range, the meter and the data source.
Only the links to and from the bill and the building do not keep the time range: one has days to come, and the other always shows the present.
"""

from importlib import import_module
from typing import Any, Final, NamedTuple

from grafana import moneyqueries, queries
from grafana.panels import SOURCE, Json, Panel, numbered, panels_json

SCHEMA_VERSION: Final = 41
BOARDS: Final = ("home", "bill", "history", "quality", "health", "building")
"""The boards, in the order of the links."""
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
    "meter", f'SHOW TAG VALUES FROM {queries.TELEGRAMS} WITH KEY = "meter"', label="«meter»", refresh=1, sort=1, hide=0, skipUrlSync=False
)
CURRENCY: Final = asked("currency", f'SELECT last("currency") FROM {moneyqueries.BILL}, {queries.SETTINGS} WHERE {queries.METER}')
"""The bill's, or else that of [meter.prices]."""
LIMIT: Final = asked("limit_w", queries.newest_setting("active_power_import_w"))
GIVEN: Final = asked("given", queries.newest_window(queries.EXPORT))
ZONED: Final = asked("zoned", queries.newest_window("active_energy_import_t1_wh"))
THIRD_PHASE: Final = asked("l3_v", queries.newest_window("voltage_l3_v"))
USUAL_RATE: Final = asked("due", queries.usual_rate())


def uid(key: str) -> str:
    """The beginning of a board's uid, the same in all languages."""
    return f"telegraf-han-{key}"


def place(key: str, panel_key: str) -> tuple[str, int]:
    """A board's uid without its language, and the id of one of its panels. Raises StopIteration if the board has no such panel."""
    board: Board = import_module(f"{__name__}.{key}").BOARD
    return uid(key), next(number for number, row in numbered(board.panels) if row.key == panel_key)


def _link(key: str) -> Json:
    kept = "${datasource:queryparam}" if key == "building" else "${datasource:queryparam}&${meter:queryparam}"
    return {
        "type": "link",
        "title": f"«{key}.title»",
        "tooltip": f"«{key}.description»",
        "url": f"/d/{uid(key)}-«language»?{kept}",
        "icon": "dashboard",
        "keepTime": key not in OWN_TIME,
        "includeVars": False,
        "targetBlank": False,
        "asDropdown": False,
        "tags": [],
    }


def _links(here: str) -> list[Json]:
    links = [_link(key) for key in BOARDS if key != here]
    if here in OWN_TIME:
        links = [link | {"keepTime": False} for link in links]
    if here == "building":  # this board has no meter to keep
        links = [link | {"url": link["url"].replace("&${meter:queryparam}", "")} for link in links]
    return links


def dashboard(board: Board) -> Json:
    """The JSON of a board, before its texts are filled in."""
    return {
        "id": None,
        "uid": f"{uid(board.key)}-«language»",
        "title": f"«{board.key}.title»",
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
        "templating": {"list": [DATA_SOURCE, *board.variables]},
        "links": _links(board.key),
        "panels": panels_json(board.panels),
    }
