"""Read-out health: whether telegrams come, can be read, and reach the database."""

from collections.abc import Sequence
from typing import Final

from grafana import queries as q
from grafana.boards import METER, USUAL_RATE, Board
from grafana.boards.quality import STATES
from grafana.colors import BAD, FAIR, GOOD
from grafana.panels import AREA, DASHED, STACKED_BARS, Panel, Query, figures, judged, lines, states, steps, table, values

_CAUSES: Final = {cause: f"errors_{cause}" for cause in ("checksum", "framing", "key", "security", "records")}
_COUNTERS: Final = {
    "telegrams": "telegrams",
    "decoded": "decoded",
    "duplicates": "duplicates",
    "unverified": "unverified",
    "host_stamped": "host_stamped",
    "dropped": "lines_dropped",
}
_SET_ASIDE: Final = {"refused": "errors_security"} | {
    name: name for name in ("stale", "registers_back", "flaws", "waiting", "fields_refused")
}
"""Counters of what is not believed, and of what is odd although the telegram was read. Older releases write only the first of them."""
_NOT_OK: Final = "\"state\" != 'ok'"
_TO_INFLUX: Final = '"output" =~ /«sent_by»/'
_FEW: Final = STACKED_BARS | {"axisSoftMax": 4}
"""For counters that are 0 on a good day. With this maximum, their axis still has whole numbers."""


def _both(texts: Sequence[str], *name: str) -> list[Query]:
    """The queries of a short and of a long range, of which one finds something."""
    return [Query(text, *name) for text in texts]


PANELS: Final = [
    Panel(
        "last_telegram",
        (0, 0, 5, 6),
        figures("dateTimeFromNow", {}, "max", fields="/^Time$/"),
        [table(f'SELECT last("{q.IMPORT_W}") AS "«telegram»" FROM {q.TELEGRAMS} WHERE {q.METER} AND time > now() - 40d AND time <= now()')],
    ),
    Panel(
        "age",
        (5, 0, 5, 6),
        judged("suffix:s", steps(GOOD, (60, FAIR), (180, BAD)), min=0, max=300, decimals=0),
        [Query(f'SELECT last("age_s") FROM {q.LINK} WHERE {q.METER} AND {q.LATELY}', "«age»")],
    ),
    Panel(
        "received",
        (10, 0, 5, 6),
        judged("percent", steps(BAD, (90, FAIR), (98, GOOD)), min=0, max=100, decimals=1) | {"interval": "5m"},
        _both(q.received_share(), "«received»"),
    ),
    Panel(
        "counters",
        (15, 0, 9, 6),
        figures("none", dict.fromkeys(_COUNTERS, {}), "sum", decimals=0),
        [table(text) for text in q.risen(_COUNTERS)],
    ),
    Panel(
        "states",
        (0, 11, 24, 5),
        states({"state": [values(STATES)], "fault": [values(STATES)]}),
        [*_both(q.link('last("state")'), "«state»"), *_both(q.link('last("state")', condition=_NOT_OK), "«fault»")],
    ),
    Panel(
        "rate",
        (0, 16, 12, 9),
        lines("none", {"rate": AREA, "due": DASHED}, interval="1m", min=0, decimals=0),
        [*_both(q.rate(), "«rate»"), *_both(q.due(), "«due»")],
    ),
    Panel(
        "errors",
        (12, 16, 12, 9),
        lines("short", dict.fromkeys(_CAUSES, {}), custom=_FEW, interval="1m", min=0, decimals=0),
        _both(q.counted(_CAUSES)),
    ),
    Panel(
        "ages",
        (0, 25, 12, 8),
        lines("suffix:s", {"age": AREA, "limit": DASHED}, interval="10s", min=0),
        [*_both(q.link('max("age_s")'), "«age»"), *_both(q.setting("silence_s"), "«limit»")],
    ),
    Panel("signal", (12, 25, 12, 8), lines("dBm", {"signal": {}}, interval="10s"), _both(q.link('mean("rssi_dbm")'), "«signal»")),
    Panel(
        "offset",
        (0, 33, 12, 8),
        lines("s", {"offset": {}}, interval="10s", decimals=1),
        _both(q.link('mean("clock_offset_s")'), "«offset»"),
    ),
    Panel(
        "dropped",
        (12, 33, 12, 8),
        lines("short", {"dropped": {}}, custom=_FEW, interval="1m", min=0, decimals=0),
        _both(q.counted({"dropped": "lines_dropped"})),
    ),
    Panel(
        "written",
        (0, 41, 8, 8),
        lines("cps", {"written": AREA, "dropped": {}}, interval="30s", min=0),
        [
            Query(q.telegraf('non_negative_derivative(first("metrics_written"), 1s)', "internal_write", _TO_INFLUX), "«written»"),
            Query(q.telegraf('non_negative_derivative(first("metrics_dropped"), 1s)', "internal_write", _TO_INFLUX), "«dropped»"),
        ],
    ),
    Panel(
        "buffer",
        (8, 41, 8, 8),
        lines("short", {"buffered": AREA, "limit": DASHED}, interval="30s", min=0),
        [
            Query(q.telegraf('max("buffer_size")', "internal_write", _TO_INFLUX), "«buffered»"),
            Query(q.telegraf('last("buffer_limit")', "internal_write", _TO_INFLUX), "«limit»"),
        ],
    ),
    Panel(
        "memory",
        (16, 41, 8, 8),
        lines("decbytes", {"memory": AREA}, interval="30s", min=0),
        [Query(q.telegraf('mean("heap_in_use_bytes")', "internal_memstats"), "«memory»")],
    ),
    Panel(
        "set_aside",
        (0, 6, 24, 5),
        figures("none", dict.fromkeys(_SET_ASIDE, {}), "sum", decimals=0),
        [table(text) for text in q.risen(_SET_ASIDE)],
    ),
]

BOARD: Final = Board("health", PANELS, "now-6h", refresh="30s", variables=(METER, USUAL_RATE))
