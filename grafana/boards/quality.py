"""Supply quality: voltage, balance of the phases, reactive power, outages, and what the operator's limiter does."""

from typing import Final

from grafana import queries as q
from grafana.boards import METER, THIRD_PHASE, Board
from grafana.boards.home import LIMITER
from grafana.colors import BAD, FAIR, GOOD, NEUTRAL
from grafana.panels import AREA, DASHED, ENDLESS, Panel, Query, between, figures, judged, lines, rows, states, step, steps, table, values

_BAND: Final = steps(BAD, (q.LOW_V, "transparent"), (q.HIGH_V, BAD))
_PHASES: Final = {f"l{phase}": {} for phase in q.PHASES}
NORMAL_LIMIT: Final = "limiter_threshold_normal_w"
STATES: Final = {
    "ok": ("state_ok", GOOD),
    "silent": ("state_silent", "orange"),
    "noise": ("state_noise", FAIR),
    "wrong_key": ("state_wrong_key", BAD),
    "port_missing": ("state_port_missing", "dark-red"),
    "bad_key_file": ("state_bad_key_file", BAD),
}
"""States of `electricity_link` → text and colour."""


def _voltages() -> list[Query]:
    return [Query(text, f"«l{phase}»") for phase in q.PHASES for text in q.course(f'mean("voltage_l{phase}_v")')]


def _extreme(function: str) -> list[Query]:
    """Highest or lowest voltage of the range, by phase."""
    return [
        Query(f'SELECT {function}("voltage_l{phase}_v_{function}") FROM {q.WINDOWS} WHERE {q.METER} AND {q.IN_RANGE}', f"«l{phase}»")
        for phase in q.PHASES
    ]


_REACTIVE: Final = {"reactive_import": "reactive_power_import_var", "reactive_export": "reactive_power_export_var"}
_TAN_PHI: Final = {
    name: (f'mean("{field}") / mean("{q.IMPORT_W}")', f'"{q.IMPORT_W}" >= 100 AND "{field}" >= 0') for name, field in _REACTIVE.items()
}
"""Expression and condition. Below 100 W, the few var of standby supplies would give any ratio. Without the field there is no row at all."""

PANELS: Final = [
    Panel(
        "voltages",
        (0, 0, 18, 11),
        lines(
            "volt",
            _PHASES,
            custom={"thresholdsStyle": {"mode": "line+area"}, "axisSoftMin": 200, "axisSoftMax": 260},
            calcs=("min", "mean", "max"),
            decimals=1,
            thresholds=_BAND,
        ),
        _voltages(),
    ),
    Panel(
        "en50160",
        (18, 0, 6, 11),
        judged("percent", steps(BAD, (95, FAIR), (100, GOOD)), min=90, max=100, decimals=1),
        [Query(q.share_inside(phase), f"«l{phase}»") for phase in q.PHASES],
    ),
    Panel("highest_voltage", (0, 11, 6, 5), figures("volt", _PHASES, "max"), _extreme("max")),
    Panel("lowest_voltage", (6, 11, 6, 5), figures("volt", _PHASES, "min"), _extreme("min")),
    Panel(
        "tan_phi_range",
        (12, 11, 6, 5),
        figures("none", {"reactive_import": {}, "reactive_export": {}}, decimals=2),
        [Query(text, f"«{name}»") for name, asked in _TAN_PHI.items() for text in q.over_range(*asked)],
    ),
    Panel(
        "longest_gap",
        (18, 11, 6, 5),
        figures("s", {"gap": {}}, "max"),
        [Query(q.longest_gap("gap"))],
    ),
    Panel(
        "phase_imbalance",
        (0, 16, 12, 9),
        lines("percent", {"imbalance": AREA, "limit": DASHED}, min=0, decimals=2),
        [
            *(Query(text, "«imbalance»") for text in q.imbalance()),
            Query(q.setting("phase_imbalance_percent", "0${l3_v:raw} > 0"), "«limit»"),
        ],
    ),
    Panel(
        "reactive",
        (12, 16, 12, 9),
        lines("voltampreact", {"reactive_import": AREA, "reactive_export": AREA}),
        [
            *(Query(text, "«reactive_import»") for text in q.course('mean("reactive_power_import_var")')),
            *(Query(text, "«reactive_export»") for text in q.course('mean("reactive_power_export_var") * -1')),
        ],
    ),
    Panel(
        "tan_phi",
        (0, 25, 24, 8),
        lines(
            "none",
            {"reactive_import": {}, "reactive_export": {}},
            custom={"thresholdsStyle": {"mode": "line"}, "axisSoftMax": 0.5},
            interval="15m",
            min=0,
            max=2,
            decimals=2,
            thresholds=steps(NEUTRAL, (q.TAN_PHI, BAD)),
        ),
        [Query(text, f"«{name}»") for name, asked in _TAN_PHI.items() for text in q.course(*asked)],
    ),
    Panel(
        "outages",
        (0, 33, 14, 8),
        states(
            {
                "data": [
                    between(-ENDLESS, 0, "not_heard", BAD),
                    between(0.001, 0.989, "partly", FAIR),
                    between(0.99, ENDLESS, "heard_all", GOOD),
                ],
                "state": [values(STATES)],
            },
            interval="5m",
        ),
        [Query(q.coverage(), "«data»"), Query(q.link('last("state")'), "«state»")],
    ),
    Panel(
        "gaps",
        (14, 33, 10, 8),
        rows("s", {"meanwhile": {"unit": "watth"}, "gap": {"unit": "s"}, "until": {"unit": "time:D.MM.YYYY HH:mm"}}, [("until", "desc")])
        | {"transformations": [step("organize", {"excludeByName": {}, "indexByName": {}, "renameByName": {"Time": "«until»"}})]},
        [table(q.gaps())],
    ),
    Panel(
        "limiter_states",
        (0, 41, 24, 7),
        states({"threshold": [between(-ENDLESS, 0, "not_limited", GOOD), between(0.001, ENDLESS, "limited", BAD)], "mode": []}),
        [
            *(Query(text, "«threshold»") for text in q.course(f'last("{NORMAL_LIMIT}") - last("{LIMITER}")')),
            *(Query(text, "«mode»") for text in q.course('last("limiter_mode")')),
        ],
    ),
]

BOARD: Final = Board("quality", PANELS, "now-7d", refresh="1m", variables=(METER, THIRD_PHASE))
