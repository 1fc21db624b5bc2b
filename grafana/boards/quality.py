"""Supply quality: outages and gaps, what the operator's limiter does, and voltages, phases and reactive power of a meter that sends them.

Which of these a meter sends is known only when it sends. Grafana cannot hide a panel without data, and a panel that repeats over an empty
variable is still drawn once [its source, 2025]. So the first row is one panel whose numbers are there only if the meter sends them, the
next panels are for every meter, and curves of what only some meters send are in a row that one opens.
"""

from typing import Final

from grafana import queries as q
from grafana.boards import METER, THIRD_PHASE, Board
from grafana.boards.home import LIMITER
from grafana.colors import BAD, FAIR, GOOD, NEUTRAL
from grafana.panels import AREA, DASHED, ENDLESS, Panel, Query, between, figures, judged, lines, rows, states, step, steps, table, values

_BAND: Final = steps(BAD, (q.LOW_V, "transparent"), (q.HIGH_V, BAD))
_BAND_OF_NUMBERS: Final = steps(BAD, (q.LOW_V, GOOD), (q.HIGH_V, BAD))
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

_FOLDED: Final = [
    Panel(
        "voltages",
        (0, 22, 18, 11),
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
        (18, 22, 6, 11),
        judged("percent", steps(BAD, (95, FAIR), (100, GOOD)), min=90, max=100, decimals=1),
        [Query(q.share_inside(phase), f"«l{phase}»") for phase in q.PHASES],
    ),
    Panel("highest_voltage", (0, 33, 8, 5), figures("volt", _PHASES, "max"), _extreme("max")),
    Panel("lowest_voltage", (8, 33, 8, 5), figures("volt", _PHASES, "min"), _extreme("min")),
    Panel(
        "tan_phi_range",
        (16, 33, 8, 5),
        figures("none", {"reactive_import": {}, "reactive_export": {}}, decimals=2),
        [Query(text, f"«{name}»") for name, asked in _TAN_PHI.items() for text in q.over_range(*asked)],
    ),
    Panel(
        "phase_imbalance",
        (0, 38, 12, 9),
        lines("percent", {"imbalance": AREA, "limit": DASHED}, min=0, decimals=2),
        [
            *(Query(text, "«imbalance»") for text in q.imbalance()),
            *(Query(text, "«limit»") for text in q.setting("phase_imbalance_percent", "0${l3_v:raw} > 0")),
        ],
    ),
    Panel(
        "reactive",
        (12, 38, 12, 9),
        lines("voltampreact", {"reactive_import": AREA, "reactive_export": AREA}),
        [
            *(Query(text, "«reactive_import»") for text in q.course('mean("reactive_power_import_var")')),
            *(Query(text, "«reactive_export»") for text in q.course('mean("reactive_power_export_var") * -1')),
        ],
    ),
    Panel(
        "tan_phi",
        (0, 47, 24, 8),
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
]
"""What only some meters send. Their places are below the row that opens them."""

PANELS: Final = [
    Panel(
        "supply",
        (0, 0, 24, 5),
        figures(
            "volt",
            {
                "heard_share": {"unit": "percent", "decimals": 2},
                "gap": {"unit": "s"},
                "limiter": {"unit": "watt"},
                "lowest": {"thresholds": _BAND_OF_NUMBERS, "decimals": 1},
                "highest": {"thresholds": _BAND_OF_NUMBERS, "decimals": 1},
                "within": {"unit": "percent", "decimals": 1, "thresholds": steps(BAD, (95, FAIR), (100, GOOD))},
                "tan_inductive": {"unit": "none", "decimals": 2},
                "tan_capacitive": {"unit": "none", "decimals": 2},
            },
        ),
        [
            *map(Query, q.heard_share("heard_share")),
            Query(q.longest_gap("gap")),
            Query(q.newest({"limiter": f'last("{LIMITER}")'}, f'"{LIMITER}" > 0')),
            Query(q.extreme_voltage("min", "lowest")),
            Query(q.extreme_voltage("max", "highest")),
            Query(q.lowest_share_inside("within")),
            *(
                Query(text, f"«{name}»")
                for name, asked in zip(("tan_inductive", "tan_capacitive"), _TAN_PHI.values(), strict=True)
                for text in q.over_range(*asked)
            ),
        ],
    ),
    Panel(
        "outages",
        (0, 5, 14, 9),
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
        [Query(q.coverage(), "«data»"), *(Query(text, "«state»") for text in q.link('last("state")'))],
    ),
    Panel(
        "gaps",
        (14, 5, 10, 9),
        rows("s", {"meanwhile": {"unit": "watth"}, "gap": {"unit": "s"}, "until": {"unit": "time:D.MM.YYYY HH:mm"}}, [("until", "desc")])
        | {"transformations": [step("organize", {"excludeByName": {}, "indexByName": {}, "renameByName": {"Time": "«until»"}})]},
        [table(q.gaps())],
    ),
    Panel(
        "limiter_states",
        (0, 14, 24, 7),
        states({"threshold": [between(-ENDLESS, 0, "not_limited", GOOD), between(0.001, ENDLESS, "limited", BAD)], "mode": []}),
        [
            *(Query(text, "«threshold»") for text in q.course(f'last("{NORMAL_LIMIT}") - last("{LIMITER}")')),
            *(Query(text, "«mode»") for text in q.course('last("limiter_mode")')),
        ],
    ),
    Panel("sent_by_some", (0, 21, 24, 1), {}, folded=_FOLDED),
]

BOARD: Final = Board("quality", PANELS, "now-7d", refresh="1m", variables=(METER, THIRD_PHASE))
