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

from collections.abc import Sequence
from typing import Final

from grafana import moneyqueries, registers

SETTINGS_LOOK_BACK: Final = "15m"
"""Settings are written every 5 minutes: two may be lost. A setting that was removed from the configuration still counts for that long."""
NO_LIMIT: Final = 1_000_000_000_000
"""Stands for a limit that is not set. It is above every reading: 1 TW, 1 TWh, 10^12 V, percent or zloty."""
NOTHING_HEARD_S: Final = 1_000_000
"""The age if there is not even a status line. It is above every `silence_s` (at most a day), and above every age with a meaning."""
STATUS_BUCKET_S: Final = 120
"""A status line is due in each interval of this length. `status_interval` must be shorter (default 10 s)."""
ZONE: Final = "tz('Europe/Warsaw')"
"""Where a day begins."""
CURRENCIES: Final = ("PLN", "EUR", "CZK", "USD")
"""A rule knows numbers only, so a currency is a number: its place here, from 1 on."""
WINDOWS: Final = '"5m"."electricity"'
_WINDOW_M: Final = 5
_COMPUTED: Final = "now() - 10m"
"""Five-minute points of the time before this are surely computed."""
_WHOLE: Final = "OFFSET 1"
"""Leaves out the first day, of which only the end is in the span. The first part of that end would be taken for the day's first part."""
_OWN: Final = "\"tariff\" = 'own'"
_PERIOD: Final = "time > now() - 745h AND time <= now()"
"""When the running billing period began: 31 days, and the hour of a clock change."""
_IMPORT: Final = "active_energy_import_wh"
_IMPORT_W: Final = "active_power_import_w"
_EXPORT_W: Final = "active_power_export_w"
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
    """A query over sub-queries of one measurement, which become one series per meter. Those of two measurements would stay two."""
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


def set_or_zero(field: str) -> str:
    """A setting; 0 if it is not set."""
    return _joined('sum("limit")', _settings(field), _every_meter(0))


def import_power_w() -> str:
    """Mean import power of the last minutes. So a load that switches on and off, such as an oven, does not restart the waiting time."""
    return 'SELECT mean("active_power_import_w") FROM "electricity" WHERE $timeFilter GROUP BY "meter"'


def demand_w(fill: str = "none") -> str:
    """Mean import power of each quarter hour, from the register. For the running quarter it is the least that the mean will be.

    Five minutes in which the register ran backwards, or showed an odd value, or ended a gap of five minutes, do not count.
    """
    steps = (
        f'SELECT {registers.rose(_IMPORT)}, elapsed(last("{_IMPORT}"), 1m) AS "minutes" FROM "electricity"'
        f' WHERE $timeFilter GROUP BY time({_WINDOW_M}m), "meter", "serial" fill(none)'
    )
    certain = f'"a" >= 0 AND "a" = "b" AND "minutes" <= {_WINDOW_M}'
    return _joined('sum("a") * 4', steps, tail=f'WHERE $timeFilter AND {certain} GROUP BY time(15m), "meter" fill({fill})')


def seconds_of_quarter() -> str:
    """How many seconds of the running quarter hour are over, one number for all meters.

    InfluxQL cannot compute with time. So a setting is repeated in every second, and the seconds are counted.
    """
    span = "time > now() - 30m AND time <= now()"
    repeated = f'SELECT last("silence_s") AS "s" FROM "electricity_settings" WHERE {span} GROUP BY time(1s) fill(previous)'
    return f'SELECT count("s") FROM ({repeated}) WHERE {span} GROUP BY time(15m) fill(0)'


def power_now_w() -> str:
    """Mean import power of the last three minutes."""
    return f'SELECT mean("{_IMPORT_W}") FROM "electricity" WHERE time > now() - 3m AND time <= now() GROUP BY "meter"'


def energy_by_day_wh() -> str:
    """Imported energy by local day; the last value is today's. A day without a point has none. A new register counts from the next midnight on.

    Registers of one meter are added up, so a new register does no harm.
    """
    days = f"SELECT {registers.rises(_IMPORT)} FROM {WINDOWS} WHERE $timeFilter GROUP BY {_BY_DAY}"
    energy = registers.energy(days, "wh")
    return _joined('sum("wh")', energy, tail=f'WHERE $timeFilter GROUP BY time(1d), "meter" fill(none) {ZONE}')


def cost_by_day() -> str:
    """What the settled hours cost by local day; the last value is today's. A day of which nothing is settled yet has cost nothing."""
    hours = moneyqueries.hours_of(["total"], f"{_OWN} AND $timeFilter")
    return f'SELECT sum("total") FROM\n  {hours}\nWHERE $timeFilter GROUP BY time(1d), "meter" fill(0) {ZONE}'


def of_this_bill(field: str) -> str:
    """A field of the running billing period. A forecast that is not there yet gives nothing."""
    return f'SELECT last("{field}") FROM {moneyqueries.BILL} WHERE {_OWN} AND {_PERIOD} GROUP BY "meter"'


def currency() -> str:
    """The place of the bill's currency in `CURRENCIES`, from 1 on; 0 for one that is not there. Hours are never settled without a bill."""
    bill = f'SELECT last("to_pay") * 0 + {{}} AS "place" FROM {moneyqueries.BILL} WHERE {_OWN} AND {_PERIOD}{{}} GROUP BY "meter"'
    known = [bill.format(place, f" AND \"currency\" = '{code}'") for place, code in enumerate(CURRENCIES, 1)]
    return _joined('max("place")', bill.format(0, ""), *known)


LONG_H: Final = 4
"""Hours after which a load is long, if a meter has no `long_load_h`."""
LONG_PART_M: Final = 15
_LONG: Final = f"time > now() - 1450m AND time <= {_COMPUTED}"
"""A day."""


def lowest_power_w() -> str:
    """The lowest five-minute mean of import power in each quarter hour of a day; 0 for one of which nothing is known."""
    return f'SELECT min("{_IMPORT_W}") FROM {WINDOWS} WHERE {_LONG} GROUP BY time({LONG_PART_M}m), "meter" fill(0)'


def places() -> str:
    """The number of each quarter hour of a day, from 1 on, the same for all meters."""
    ones = f'SELECT "silence_s" * 0 + 1 AS "one" FROM "electricity_settings" WHERE {_LONG}'
    return f'SELECT cumulative_sum(max("one")) FROM ({ones}) WHERE {_LONG} GROUP BY time({LONG_PART_M}m) fill(1)'


def base_load_w() -> str:
    """The base load: of each of the last seven nights the lowest hourly mean between midnight and six, and of these the median.

    A day is cut in quarters, and its first one is the night. By day a house with solar panels may import nothing at all.
    """
    span = f"time >= now() - 7d AND time <= {_COMPUTED}"
    hours = f'SELECT mean("{_IMPORT_W}") AS "w" FROM {WINDOWS} WHERE {span} GROUP BY time(1h), "meter" fill(none)'
    quarters = f'SELECT min("w") AS "w" FROM ({hours}) WHERE {span} GROUP BY time(6h), "meter" fill(none) {ZONE}'
    nights = f'SELECT first("w") AS "w" FROM ({quarters}) WHERE {span} GROUP BY time(1d), "meter" fill(none) {_WHOLE} {ZONE}'
    return f'SELECT median("w") FROM (\n  {nights}\n) GROUP BY "meter"'


NOONS: Final = 3
"""A single dark noon is weather."""
_NOON_WINDOWS: Final = 21
"""Fewest five-minute points of a whole noon, which has 24."""


def best_noon_w() -> str:
    """The highest export power between 11 and 13 local time of the last three days. A noon that is not over does not count.

    Days begin at 11 here, and are cut in parts of two hours, of which the first is noon.
    """
    span = f"time > now() - 74h AND time <= {_COMPUTED}"
    parts = (
        f'SELECT max("{_EXPORT_W}") AS "w", count("{_EXPORT_W}") AS "points" FROM {WINDOWS}'
        f' WHERE {span} GROUP BY time(2h, 1h), "meter" fill(none) {ZONE}'
    )
    days = f'SELECT first("w") AS "w", first("points") AS "points" FROM ({parts}) WHERE {span} GROUP BY time(1d, 11h), "meter" fill(none) {_WHOLE} {ZONE}'
    noons = f'SELECT max("w") AS "w", count("w") AS "noons" FROM ({days}) WHERE {span} AND "points" >= {_NOON_WINDOWS} GROUP BY "meter"'
    return f'SELECT "w" FROM (\n  {noons}\n) WHERE "noons" >= {NOONS} GROUP BY "meter"'


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


STORED_AGES_S: Final = (1800, 3600, 3 * 3600, 6 * 3600, 86_400, 2 * 86_400)
"""The ages of the newest telegram that are told apart. A meter's clock may be ten minutes slow, so a shorter one would say nothing."""
KNOWN: Final = "7d"
"""A meter of which nothing came for so long is forgotten, so that a meter that was taken out does not alert for ever."""
_FRESH: Final = f"{2 * STATUS_BUCKET_S}s"


def stored_age_s() -> str:
    """How old a meter's newest telegram in the database is, seconds: the highest of the ages that is over, or 0.

    InfluxQL cannot compute with time. So each age is a query that finds a telegram since then or not, and each that finds one takes away
    the step to the age below.
    """
    return _joined('sum("age_s")', *age_steps(_IMPORT, '"electricity"', STORED_AGES_S, 'GROUP BY "meter"'))


def age_steps(field: str, measurement: str, ages_s: Sequence[int], tail: str) -> list[str]:
    """The sources whose sum is the highest of the ages that is over: the whole age, and a step for each one that is not over."""
    newest = f'SELECT last("{field}") * 0.0 {{}} AS "age_s" FROM {measurement} WHERE {{}} {tail}'
    steps = [newest.format(f"- {age_s - below_s}", _lately(f"{age_s}s")) for age_s, below_s in zip(ages_s, (0, *ages_s), strict=False)]
    return [newest.format(f"+ {ages_s[-1]}", _lately(KNOWN)), *steps]


def status_lines() -> str:
    """2 if a status line of the meter came in the last minutes, 1 if only in the hours that the rule on silence sees, else 0."""
    line = 'SELECT last("decoded") * 0.0 + {} AS "lines" FROM "electricity_link" WHERE {} GROUP BY "meter"'
    return _joined('sum("lines")', *(line.format(*one) for one in ((0, _lately(KNOWN)), (1, _lately("6h")), (1, _lately(_FRESH)))))


def told_age_s() -> str:
    """Seconds since the last telegram, as the newest status line says; very long if there was none since the plugin's start."""
    known = f'SELECT last("decoded") * 0.0 AS "age_s" FROM "electricity_link" WHERE {_lately(KNOWN)} GROUP BY "meter"'
    told = f'SELECT last("age_s") * 1.0 AS "age_s" FROM "electricity_link" WHERE {_lately(_FRESH)} GROUP BY "meter"'
    never = (
        f'SELECT last("decoded") * 0.0 + {NOTHING_HEARD_S} AS "age_s" FROM "electricity_link"'
        f' WHERE {_lately(_FRESH)} AND "decoded" = 0 GROUP BY "meter"'
    )
    return _joined('sum("age_s")', known, told, never)


def refused_by_influxdb() -> str:
    """Lines that InfluxDB refused for good in the last day, all outputs of Telegraf together. Telegraf counts them, and does not keep them."""
    risen = (
        'SELECT non_negative_difference("metrics_rejected") AS "lines" FROM "internal_write"'
        f' WHERE {_lately("1d")} GROUP BY "output", "alias", "_id"'
    )
    return f'SELECT sum("lines") FROM (\n  {risen}\n)'


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


def minutes_not_down_sampled() -> str:
    """Of how many minutes of an hour there are telegrams, but no five-minute points."""
    span = f"time >= now() - 70m AND time <= {_COMPUTED}"
    sources = [
        f'SELECT last("{_IMPORT}") * 0 {sign} {_WINDOW_M}.0 AS "minutes" FROM {source} WHERE {span} GROUP BY time({_WINDOW_M}m), "meter" fill(none)'
        for source, sign in (('"electricity"', "+"), (WINDOWS, "-"))
    ]
    return _joined('sum("minutes")', *sources)


def hours_down_sampled() -> str:
    """Of how many of the last hours there are five-minute points. A meter that was silent has 0: otherwise another's number might take its place."""
    zero = f'SELECT last("{_IMPORT}") * 0.0 AS "hours" FROM {WINDOWS} WHERE {_lately("7d")} GROUP BY "meter"'
    hours = f'SELECT last("{_IMPORT}") * 0 + 1.0 AS "hours" FROM {WINDOWS} WHERE {_lately("305m")} GROUP BY time(1h), "meter" fill(none)'
    return _joined('sum("hours")', hours, zero)


def hours_settled() -> str:
    """How many of the same hours have a cost, for each meter that had one in two weeks. An hour is stamped with its beginning."""
    zero = f'SELECT last("total") * 0.0 AS "hours" FROM {moneyqueries.COST} WHERE {_OWN} AND {_lately("14d")} GROUP BY "meter"'
    hours = (
        f'SELECT last("total") * 0 + 1.0 AS "hours" FROM {moneyqueries.COST}'
        f" WHERE {_OWN} AND {_lately('6h')} GROUP BY {moneyqueries.EACH_HOUR} fill(none)"
    )
    return _joined('sum("hours")', hours, zero)


def clock_offset_s() -> str:
    """How far the meter's clock is from the computer's."""
    return 'SELECT median("clock_offset_s") FROM "electricity_link" WHERE $timeFilter GROUP BY "meter"'
