"""Writes the alert queries in InfluxQL: each function is one query. Its answer is one series per meter, with the label `meter` only.

Grafana joins two queries by their labels alone. So the outer query may group by nothing else. Every meter has a line of
`electricity_settings`, because the plugin writes its default limits even if none is configured. A limit that is not set becomes a
limit that nothing reaches. Both are needed: if there is exactly one series on each side of an operator, Grafana joins the two, whatever
their labels are. Then it would compare one meter with the limit of another. For the same reason, values that belong to one telegram
(two thresholds, three phases) are compared inside InfluxQL. Sub-queries inherit the outer GROUP BY, but not the outer time filter or
its time zone. So these two are repeated.

`$timeFilter` is Grafana's. It is the same for all queries of a rule, because Grafana may send them as one request with the range of
the first query. Queries for settings use the database's own clock instead: settings come every five minutes, whatever the rule's range.
"""

from typing import Final

from grafana import registers

SETTINGS_LOOK_BACK: Final = "15m"
"""Settings are written every 5 minutes: two may be lost. A setting that was removed from the configuration still counts for that long."""
NO_LIMIT: Final = 1_000_000_000_000
"""Stands for a limit that is not set. It is above every reading: 1 TW, 1 TWh, 10^12 V, percent or zloty."""
NOTHING_HEARD_S: Final = 1_000_000
"""The age if there is not even a status line. It is above every `silence_s` (at most a day), and above every age with a meaning."""
STATUS_BUCKET_S: Final = 120
"""A status line is due in each interval of this length. `status_interval` must be shorter (default 10 s)."""
GAP_MINUTES: Final = 3
"""A step of a register over a longer gap belongs to no quarter hour. A wireless meter sends every minute, so two telegrams may be lost."""
ZONE: Final = "tz('Europe/Warsaw')"
"""Where a day begins."""
ZONES: Final = range(5)
"""Registers with a price: 0 is the total, 1 to 4 the tariff zones."""
_IMPORT: Final = "active_energy_import_wh"
_BY_DAY: Final = f'time(1d), "meter", "serial" fill(previous) {ZONE}'


def _lately(look_back: str = SETTINGS_LOOK_BACK) -> str:
    return f"time > now() - {look_back} AND time <= now()"


def _settings(field: str, look_back: str = SETTINGS_LOOK_BACK) -> str:
    """The newest value of a setting, for each meter that has it."""
    return f'SELECT last("{field}") AS "limit" FROM "electricity_settings" WHERE {_lately(look_back)} GROUP BY "meter"'


def _every_meter(value: int) -> str:
    """The same value for each meter that is configured."""
    return f'SELECT last("silence_s") * 0 + {value} AS "limit" FROM "electricity_settings" WHERE {_lately()} GROUP BY "meter"'


def _joined(select: str, *sources: str, tail: str = 'GROUP BY "meter"') -> str:
    """A query over sub-queries. Sub-queries of one measurement become one series per meter."""
    inside = ",\n".join(f"  ({source})" for source in sources)
    return f"SELECT {select} FROM\n{inside}\n{tail}"


def upper_limit(field: str) -> str:
    """An upper limit. A limit that is not set is never reached."""
    return _joined('min("limit")', _settings(field), _every_meter(NO_LIMIT))


def lower_limit(field: str) -> str:
    """A lower limit. A limit that is not set is never reached."""
    return _joined('max("limit")', _settings(field), _every_meter(-NO_LIMIT))


def always_set(field: str, look_back: str = SETTINGS_LOOK_BACK) -> str:
    """A limit that has a default in the plugin."""
    return _settings(field, look_back)


def price(zone: int) -> str:
    """Price of a kWh in a tariff zone; 0 if none is set."""
    return _joined('sum("limit")', _settings(f"import_t{zone}_per_kwh"), _every_meter(0))


def import_power_w() -> str:
    """Mean import power of the last minutes. So a load that switches on and off, such as an oven, does not restart the waiting time."""
    return 'SELECT mean("active_power_import_w") FROM "electricity" WHERE $timeFilter GROUP BY "meter"'


def demand_w() -> str:
    """Mean import power of each quarter hour, from the register. For the running quarter it is the least that the mean will be."""
    steps = (
        f'SELECT difference(last("{_IMPORT}")) AS "step_wh", elapsed(last("{_IMPORT}"), 1m) AS "minutes" FROM "electricity"'
        ' WHERE $timeFilter GROUP BY time(1m), "meter", "serial"'
    )
    return _joined(
        'sum("step_wh") * 4',
        steps,
        tail=f'WHERE $timeFilter AND "minutes" <= {GAP_MINUTES} GROUP BY time(15m), "meter" fill(none)',
    )


def _energy(field: str) -> str:
    """Energy by local day and register. A day without a telegram has no energy. A new register counts from the next midnight on."""
    days = f'SELECT {registers.rises(field)} FROM "electricity" WHERE $timeFilter GROUP BY {_BY_DAY}'
    return registers.energy(days, "wh")


def energy_by_day_wh() -> str:
    """Imported energy by local day; the last value is today's. Registers of one meter are added up, so a new register does no harm."""
    return _joined('sum("wh")', _energy(_IMPORT), tail=f'WHERE $timeFilter GROUP BY time(1d), "meter" fill(none) {ZONE}')


def zone_energy_by_day_wh(zone: int) -> str:
    """Imported energy of a tariff zone by local day; 0 if the meter sends only other registers, which the last hour shows."""
    zero = [
        f'SELECT last("{field}") * 0 AS "wh" FROM "electricity" WHERE {_lately("1h")} GROUP BY "meter"' for field in (_IMPORT, _zone(1))
    ]
    return _joined('sum("wh")', _energy(_zone(zone)), *zero, tail=f'WHERE $timeFilter GROUP BY time(1d), "meter" fill(none) {ZONE}')


def _zone(zone: int) -> str:
    """Field of a zone's register; 0 is the total."""
    return _IMPORT.replace("_wh", f"_t{zone}_wh") if zone else _IMPORT


def _phases() -> list[str]:
    """Mean voltage of each phase that the meter sends."""
    return [f'SELECT mean("voltage_l{phase}_v") AS "v" FROM "electricity" WHERE $timeFilter GROUP BY "meter"' for phase in (1, 2, 3)]


def highest_voltage_v() -> str:
    """Mean voltage of the phase with the highest mean."""
    return _joined('max("v")', *_phases())


def lowest_voltage_v() -> str:
    """Mean voltage of the phase with the lowest mean."""
    return _joined('min("v")', *_phases())


def phase_imbalance_percent() -> str:
    """Distance of the phase that is farthest from the mean of the phases, in percent of that mean; 0 for a single phase."""
    spread = _joined('max("v") AS "high", min("v") AS "low", mean("v") AS "mean"', *_phases())
    indented = spread.replace("\n", "\n  ")
    share = '50 * ("high" - "low" + abs("high" + "low" - 2 * "mean")) / "mean" AS "percent"'
    return f'SELECT last("percent") FROM (\n  SELECT {share} FROM (\n  {indented}\n  ) GROUP BY "meter"\n) GROUP BY "meter"'


def age_s() -> str:
    """Seconds since a meter's last telegram.

    For a meter that was never heard since the plugin's start, the age is the time for which status lines have said so. If the status
    lines stop, too, nothing is heard at all.
    """
    waited = (
        f'SELECT cumulative_sum(max("waited_s")) AS "age_s" FROM (SELECT "decoded" * 0 + {STATUS_BUCKET_S} AS "waited_s"'
        ' FROM "electricity_link" WHERE $timeFilter AND "decoded" = 0)'
        f' WHERE $timeFilter GROUP BY time({STATUS_BUCKET_S}s), "meter" fill(none)'
    )
    return _joined(
        'last("age_s")',
        'SELECT "age_s" FROM "electricity_link" WHERE $timeFilter GROUP BY "meter"',
        waited,
        tail=f'WHERE $timeFilter GROUP BY time({STATUS_BUCKET_S}s), "meter" fill({NOTHING_HEARD_S})',
    )


def decode_errors_percent() -> str:
    """Telegrams that could not be read, in percent of all that came.

    By radio, checksum and framing errors do not count: they may belong to any meter, because a receiver cannot say whose telegram it lost.
    Nowhere do `flaws`, `waiting` and `stale` count: a telegram with an odd line was read, and one that waits or is held back is not lost.
    """
    causes = {"p1": ("checksum", "framing", "key", "security", "records"), "wmbus": ("key", "security", "records")}
    sources = [
        f'SELECT {" + ".join(f"""non_negative_difference(last("errors_{cause}"))""" for cause in counted)} AS "unread",'
        ' non_negative_difference(last("decoded")) AS "read" FROM "electricity_link"'
        f' WHERE $timeFilter AND "interface" = \'{interface}\' GROUP BY time(1m), "meter"'
        for interface, counted in causes.items()
    ]
    return _joined('100 * sum("unread") / (sum("unread") + sum("read"))', *sources, tail='WHERE $timeFilter GROUP BY "meter"')


def _risen(field: str, name: str) -> str:
    """By how much a counter of the status lines rose in each minute. A counter that an older release does not write gives nothing.

    It is made a fraction, because InfluxDB loses a column of whole numbers that another source does not have [seen on 2.9.1].
    """
    return f'SELECT non_negative_difference(last("{field}")) * 1.0 AS "{name}" FROM "electricity_link" WHERE $timeFilter GROUP BY time(1m), "meter"'


def refused() -> str:
    """Telegrams that were refused, or held back as a replay, of a meter of which other telegrams were read.

    If none is read, the share of unreadable telegrams says so.
    """
    sources = (_risen("errors_security", "refused"), _risen("stale", "refused"), _risen("decoded", "read"))
    return _joined('sum("refused") * (1 - pow(0, sum("read")))', *sources, tail='WHERE $timeFilter GROUP BY "meter"')


def registers_back() -> str:
    """How often a register ran backwards. A zero is added for each meter, because a meter that one query lacks has no alert at all."""
    zero = 'SELECT "decoded" * 0.0 AS "times" FROM "electricity_link" WHERE $timeFilter GROUP BY "meter"'
    return _joined('sum("times")', _risen("registers_back", "times"), zero, tail='WHERE $timeFilter GROUP BY "meter"')


def limited_by_w() -> str:
    """How far the limiter's present threshold is below the normal threshold, as the meter itself reports."""
    return (
        'SELECT last("limiter_threshold_normal_w") - last("limiter_threshold_active_w") FROM "electricity"\n'
        'WHERE $timeFilter GROUP BY "meter"'
    )
