"""The colours: one colour for one meaning, on every board and in both languages.

Each colour can be distinguished from the others on dark and on light backgrounds. Names are those of `texts.NAMES`. The tariff zones are
shades of the blue of import, because they are parts of import. The phases have the colours of their wires (IEC 60445), with violet
instead of black, because black cannot be seen. A pale colour means the same quantity a year before.
"""

from typing import Final

COLORS: Final = {
    "imported": "#3274D9",
    "exported": "#56A64B",
    "imported_before": "#A9C4EB",
    "exported_before": "#B5DAAF",
    "cost": "#C0497B",
    "cost_before": "#E3B1C6",
    "produced": "#E0B400",
    "earned": "#7FB800",
    "part_energy": "#C0497B",
    "part_network": "#3D71D9",
    "part_levies": "#E0A84F",
    "part_trade": "#7A6BB5",
    "part_other": "#6E7A89",
    "vat": "#A9B3BE",
    "by_deposit": "#56A64B",
    "deposit_left": "#2F9E9E",
    "price": "#8F3BB8",
    "cheapest": "#56A64B",
    "unpriced": "#FF9830",
    "own_tariff": "#C0497B",
    "so_far": "#C0497B",
    "to_pay": "#C0497B",
    "to_come": "#E3B1C6",
    "estimated": "#F2CC0C",
    "limit": "#E02F44",
    "limiter": "#FF9830",
    "zone_1": "#1F60C4",
    "zone_2": "#7EB1F5",
    "zone_3": "#33B5C4",
    "zone_4": "#123A7D",
    "l1": "#A8612A",
    "l2": "#9F6BD4",
    "l3": "#8E959E",
    "reactive_import": "#8F3BB8",
    "reactive_export": "#E685B3",
    "imbalance": "#D9A404",
    "demand": "#4C5FD7",
    "age": "#5AA9A3",
    "rate": "#2F9E9E",
    "due": "#6E7A89",
    "signal": "#B0A12B",
    "offset": "#7A6BB5",
    "checksum": "#F2CC0C",
    "framing": "#E0A84F",
    "key": "#C4162A",
    "security": "#FF5C8A",
    "records": "#8AB800",
    "dropped": "#D44A3A",
    "written": "#6FBF73",
    "buffered": "#B877D9",
    "memory": "#6C8EBF",
}
"""Meaning → colour of its series."""

GOOD: Final = "green"
FAIR: Final = "yellow"
BAD: Final = "red"
NEUTRAL: Final = "text"
"""Judgements, which are not series. They use Grafana's own names, so that each theme has its shade."""
LANE: Final = "#6E7A89"
"""A state that is neither good nor bad."""
