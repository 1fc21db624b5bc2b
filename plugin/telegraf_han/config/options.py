"""Lists the options of the configuration: one row for each, with the field that it fills and how its value is read.

A new option is a row here, and stands in `han.sample.toml`. `sections` reads the sections by these rows, and looks for the mistakes that
cannot be seen in one row.
"""

from collections.abc import Mapping
from typing import Final

from telegraf_han.config import values
from telegraf_han.config.rows import Option, Rows


def _raw(value: object) -> object:
    """A value that is read apart, such as a section inside a section."""
    return value


OUTPUT: Final[Rows] = {
    "layout": Option("layout", values.one_of("wide", "obis")),
    "measurement": Option("measurement", values.name),
    "status_interval": Option("status_interval_s", values.duration_s(most_s=values.DAY_S)),
}
_EVERY_METER: Final[Rows] = {
    "name": Option("name", values.name),
    "interface": Option("interface", values.one_of("p1", "wmbus")),
    "timezone": Option("zone", values.zone),
    "encryption": Option("encryption", values.one_of("required", "optional")),
    "limits": Option("limits", _raw, ""),
    "prices": Option("prices", _raw, ""),
    "tags": Option("tags", _raw, ""),
    "billing_day": Option("billing_day", values.whole(1, 28), "number"),
    "tariff": Option("tariff", _raw),
    "compare": Option("compare", _raw, "texts"),
    "yearly_use_kwh": Option("yearly_use_kwh", values.limit, "number"),
}
METERS: Final[Mapping[str, Rows]] = {
    "p1": {
        **_EVERY_METER,
        "port": Option("port", values.port),
        "line": Option("line", values.line),
        "encryption_key": Option("encryption_key", values.quoted),
        "authentication_key": Option("authentication_key", values.quoted),
        "authentication": Option("authentication", values.one_of("preferred", "required")),
        "system_title": Option("system_title", values.system_title),
    },
    "wmbus": {
        **_EVERY_METER,
        "id": Option("id", values.meter_id),
        "key": Option("key", values.quoted),
    },
}
ANY_METER: Final[Rows] = {key: option for rows in METERS.values() for key, option in rows.items()}
RECEIVER: Final[Rows] = {
    "name": Option("name", values.name),
    "type": Option("type", values.quoted),
    "port": Option("port", values.port),
    "line": Option("line", values.line),
    "command": Option("command", values.command),
}
_LIMIT_KEYS: Final = (
    "active_power_import_w",
    "daily_import_wh",
    "daily_cost",
    "monthly_cost",
    "contracted_power_w",
    "long_load_w",
    "long_load_h",
    "base_load_w",
    "feed_in_noon_w",
    "voltage_low_v",
    "voltage_high_v",
    "phase_imbalance_percent",
    "clock_offset_s",
    "silence_s",
    "decode_errors_percent",
)
LIMITS: Final[Rows] = {key: Option(key, values.limit, "number") for key in _LIMIT_KEYS}
_PRICE_KEYS: Final = [f"{direction}_t{tariff}_per_kwh" for direction in ("import", "export") for tariff in range(5)]
PRICES: Final[Rows] = {key: Option(key, values.number, "number") for key in _PRICE_KEYS} | {"currency": Option("currency", values.name)}
TARIFFS: Final = ("tariff", "compare", "yearly_use_kwh")
INNER: Final = {"limits": LIMITS, "prices": PRICES}
SECTIONS: Final = ("output", "defaults", "meters", "meter", "receiver")
KEYS: Final = ("encryption_key", "authentication_key", "key")
EACH_ITS_OWN: Final = frozenset({"name", "interface", "port", "id", "system_title", *KEYS})
"""Options that no two meters share, so [defaults] does not have them."""
DEFAULTS: Final[Rows] = {key: option for key, option in ANY_METER.items() if key not in EACH_ITS_OWN}
COLUMNS: Final[Mapping[str, str]] = {key: option.kind for key, option in ANY_METER.items() if option.kind} | {
    f"{outer}.{key}": option.kind for outer, inner in INNER.items() for key, option in inner.items()
}
"""Columns that a table of meters may have, besides `tags.NAME`. Name → kind of its cells."""
