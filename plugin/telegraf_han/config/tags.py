"""Checks the tags that an owner gives to a meter, such as `tags = { staircase = "B" }`. They are on every line of this meter.

InfluxDB keeps a series for each set of tags, and every line repeats them. So their number and length are bounded. A tag may not have the
name of a tag or field that this program writes, or a name that InfluxDB reserves. Two such names in one line would hide each other in
queries. Only a meter with tags needs this module.
"""

import re
from collections.abc import Mapping
from typing import Final

from telegraf_han import obis
from telegraf_han.config import values
from telegraf_han.config.rows import Errors, Place
from telegraf_han.language import _
from telegraf_han.tariffs.components import BILL_FIELDS, FORECAST

TAGS_LIMIT: Final = 8
"""Tags of one meter."""
NAME_LIMIT: Final = 32
"""Characters of the name of a tag."""
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
"""InfluxDB reserves names that begin with "_"."""
_TAGS: Final = frozenset(
    {"code", "host", "interface", "inverter", "meter", "model", "name", "occurrence", "record", "serial", "series", "tariff", "unit"}
)
"""Tags of this program, and Telegraf's own."""
_COLUMNS: Final = frozenset({"field", "measurement", "result", "start", "stop", "table", "text", "time", "value"})
"""Columns of queries, and the fields of the OBIS layout."""
_FIELDS: Final = frozenset(
    {
        *("decoded", "duplicates", "fields_refused", "flaws", "host_stamped", "lines_dropped", "registers_back", "stale", "state"),
        *("telegrams", "unverified", "waiting"),
        *("billing_day", "currency", "daily_cost", "monthly_cost"),
        *("period", *BILL_FIELDS, *FORECAST),
    }
)
"""Fields of `…_link`, `…_settings`, `…_cost` and `…_bill`."""
_QUANTITY: Final = re.compile(
    r"errors_.*|obis_.*|record_.*|battery_.*"
    r"|.*_(w|wh|kwh|var|varh|va|vah|v|a|hz|s|h|d|dbm|percent|per_kwh|m3|time|text|status|state|flags|code|version)(_\d+)?"
)
"""Fields are named by quantity and unit."""


def checked_name(name: str) -> str:
    """Return the name of a tag. Raises ValueError."""
    if len(name) > NAME_LIMIT or not _NAME.fullmatch(name):
        raise ValueError(_("the name of a tag is expected: a letter, then letters, digits and _, at most {limit}", limit=NAME_LIMIT))
    plain = name.lower()
    if plain in _TAGS | _COLUMNS | _FIELDS | _registers() or _QUANTITY.fullmatch(plain):
        raise ValueError(_("another name is expected, because lines already have, or may get, a tag or field of this name"))
    return name


def _registers() -> frozenset[str]:
    """Names of registers. Most fields have a unit behind them."""
    return frozenset(row.name for row in obis.registry().values())


def read(table: Mapping[str, object], place: Place, errors: Errors) -> dict[str, str]:
    """Return the tags of one section. Wrong ones are added to `errors`."""
    found: dict[str, str] = {}
    for name, value in table.items():
        with errors:
            shown = place.shown(name)
            found[place.tried(shown, checked_name, name)] = place.tried(shown, values.name, value)
    return found


def require_together(tags: Mapping[str, str], place: Place) -> None:
    """Raise ConfigError for too many tags, or for two names that differ only in their letters' case."""
    if len(tags) > TAGS_LIMIT:
        raise place.error("tags", _("at most {limit} tags are expected, because each is repeated in every line", limit=TAGS_LIMIT))
    plain: dict[str, str] = {}
    for name in tags:
        if plain.setdefault(name.lower(), name) != name:
            raise place.error(
                "tags",
                _(
                    'one of "{first}" and "{second}" is expected, because they differ only in their case',
                    first=plain[name.lower()],
                    second=name,
                ),
            )
