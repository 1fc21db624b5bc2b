"""Writes the queries of the boards in InfluxQL. Each query of a panel is a call of a function here.

**Energy** is what a register counted, interval by interval (`registers`). It is read from the five-minute points (`"5m"."electricity"`: the
register at the window's end, with the time of the window's start). A step belongs to the window in which the register was next seen. So
energy that flowed during a gap counts in the period in which the gap ended. Energy is computed per serial number and then added up. So a new
meter starts at its own first reading, and no difference ever runs from one meter to the next. A register that runs backwards gives no
energy, and one that rolls over gives the energy that it counted. Days, hours and months are local, by `tz()`. InfluxDB 2.9.1 computes
them correctly on the days of 23 and 25 hours [seen, and tested here].

A query by days begins `LOOK_BACK_DAYS` earlier, at noon. So the first step of the first day is there, whatever happened at midnight. The
query skips the earlier days by OFFSET. This works only with `fill(null)` or `fill(0)`, because then each day is a row. In a sub-query only
`fill(0)` works, because InfluxDB drops rows of nothing but null before it counts. An outer query repeats the limits of time of its inner query.
Without them it is right, but takes six times as long [both seen on 2.9.1].

**Everything else** is read from the telegrams and status lines themselves if the view is at most two days long, else from the five-minute
points. Both queries are sent. A condition on constants (`${__to} - ${__from} …`) makes one of them empty before InfluxDB reads any data.

Every query limits time on both sides, and writes `now()` if it means the present, so that a test can replace `now()` by any moment.
«Names» in guillemets are filled in by language (`texts.NAMES`), or by house and fleet (`variants`). `$` and `${…}` are Grafana's.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from grafana import registers

TELEGRAMS: Final = '"electricity"'
WINDOWS: Final = '"5m"."electricity"'
LINK: Final = '"electricity_link"'
LINK_WINDOWS: Final = '"5m"."electricity_link"'
SETTINGS: Final = '"electricity_settings"'
SETTINGS_WINDOWS: Final = '"5m"."electricity_settings"'
OF_SITE: Final = "«of_site»"
"""Begins every condition on what is stored. In a house it is nothing, in a fleet it limits the query to the chosen site (`variants`)."""
METER: Final = f'{OF_SITE}"meter" =~ /^${{meter:regex}}$/'
POINTS: Final = f"{WINDOWS} WHERE {METER} AND "
"""Five-minute points of the meter. A condition follows."""
ZONE: Final = "tz('Europe/Warsaw')"

IMPORT: Final = "active_energy_import_wh"
EXPORT: Final = "active_energy_export_wh"
IMPORT_W: Final = "active_power_import_w"
EXPORT_W: Final = "active_power_export_w"

LOOK_BACK_DAYS: Final = 7
"""A gap of up to this length before the first day of a view still counts in the period in which it ended."""
KWH: Final = " / 1000"
"""Converts Wh to kWh, the unit of the bill."""
WHOLE_DAY: Final = 270
"""Fewest steps of a complete day. A day has 288 steps, the day of 23 hours 276, and a few may be missing."""
QUARTER_S: Final = 900
WHOLE_QUARTER: Final = 3
"""Points of a quarter hour."""
FINE_MS: Final = 180_000_000
"""Longest view of single telegrams: two days, and the hour of a clock change."""
HALF_YEAR_MS: Final = 15_811_200_000
NEAR: Final = 0.8
"""Power from this share of a limit on is near it."""
FOUR_YEARS_MS: Final = 126_230_400_000
YEAR_MS: Final = 31_536_000_000
SINCE_MARCH_MS: Final = 58_143_600_000
"""If this is added to a time, the remainder by four years is the time since the last 29 February ended (1 March 1972, CET)."""

IS_FINE: Final = f"${{__to}} - ${{__from}} <= {FINE_MS}"
IS_COARSE: Final = f"${{__to}} - ${{__from}} > {FINE_MS}"


class Span(NamedTuple):
    """A stretch of time, as InfluxQL writes it."""

    since: str
    until: str
    condition: str = ""

    def __str__(self) -> str:
        """The condition of a WHERE clause."""
        extra = f" AND {self.condition}" if self.condition else ""
        return f"time >= {self.since} AND time <= {self.until}{extra}"


IN_RANGE: Final = "$timeFilter"
VIEW: Final = Span("${__from}ms", "${__to}ms")
"""The same as `IN_RANGE`, for queries that also read what was before."""
LATELY: Final = Span("now() - 15m", "now()")
"""A reading within this time counts as present."""


IF_GIVEN: Final = "0${given:raw} > 0"
"""A condition: the house has fed in. So one that never did shows no zeros."""


def if_given(span: Span) -> Span:
    """The span of a house that has fed in, or nothing."""
    return span._replace(condition=" AND ".join(filter(None, [span.condition, IF_GIVEN])))


def _with_look_back(days: int = 0) -> str:
    return f"{24 * (days + LOOK_BACK_DAYS) - 12}h"


def last_days(days: int, until: str = "now()") -> Span:
    """The given number of days up to today. The earlier days are skipped by OFFSET, see above."""
    return Span(f"now() - {_with_look_back(days)}", until)


THE_RANGE: Final = Span(f"${{__from}}ms - {_with_look_back()}", "${__to}ms")
"""The days of the time range of the board."""
_LEAP: Final = {365: ">=", 366: "<"}
"""Days to the same date a year before: 366 if the last 29 February ended less than a year ago."""


def _year_before(begin: int, end: int) -> Span:
    """The range a year before, for the case that its begin and end go back by these numbers of days."""
    fits = (
        f"(${{{time}}} + {SINCE_MARCH_MS}) % {FOUR_YEARS_MS} {_LEAP[days]} {YEAR_MS}" for time, days in (("__from", begin), ("__to", end))
    )
    return Span(f"${{__from}}ms - {_with_look_back(begin)}", f"${{__to}}ms - {end}d", " AND ".join(fits))


YEAR_BEFORE: Final = [(begin, _year_before(begin, end)) for begin in _LEAP for end in _LEAP]
"""The same range a year before, each with the number of days by which its begin goes back. All but one of them are empty."""
SO_FAR_BEFORE: Final = [span._replace(until=f"{span.until} AND time <= now() - {days}d") for days, span in YEAR_BEFORE]
"""The same. Of a year that is not over, they end where it ends now."""
_ANY_YEAR_BEFORE: Final = Span(f"${{__from}}ms - {_with_look_back(max(_LEAP))}", "${__to}ms - 365d")
WHOLE_S: Final = (24 * LOOK_BACK_DAYS - 12 + 24) * 3600
"""A year is complete if its first point is within its first day. Seconds from the begin of the look-back days on."""


# --- energy ---


def _counted(name: str, field: str, span: Span, every: str = "1d", source: str = WINDOWS) -> str:
    """Energy of a register by local day (or another interval), Wh, as sub-queries to be added up."""
    spans = (str(span), str(span._replace(since=f"{span.since} + {every}")))
    rises = registers.by_interval(field, source, f"{METER} AND ", spans, every=every, zone=ZONE)
    return ", ".join(f"({registers.energy(rise, name)})" for rise in rises)


def _of_days(columns: Mapping[str, str], span: Span) -> str:
    """Energy of each local day and register, Wh, as sub-queries to be added up: name → register."""
    return ", ".join(_counted(name, field, span) for name, field in columns.items())


def by_day(select: str, source: str, span: Span, fill: str, condition: str = "") -> str:
    """Sums by local day. They begin with the first day of the span, after the look-back days. A condition ends in AND."""
    return (
        f"SELECT {select} FROM {source} WHERE {condition}{span} GROUP BY time(1d) fill({fill}) LIMIT 10000 OFFSET {LOOK_BACK_DAYS} {ZONE}"
    )


def days(columns: Mapping[str, str], span: Span, fill: str = "null", factor: str = KWH) -> str:
    """Energy by local day, kWh: name → register."""
    names = ", ".join(f'sum("{name}"){factor} AS "«{name}»"' for name in columns)
    return by_day(names, _of_days(columns, span), span, fill)


def positive_days(name: str, field: str, span: Span) -> str:
    """The same of one register, without days of no energy. A register that never counts gives nothing, not even a name in a legend."""
    daily = by_day(f'sum("wh"){KWH} AS "kwh"', _of_days({"wh": field}, span), span, "0")
    return f'SELECT "kwh" AS "«{name}»" FROM ({daily}) WHERE "kwh" > 0 AND {span} {ZONE}'


def cumulated(name: str, field: str, span: Span) -> str:
    """Energy since the beginning of the span, by local day up to today, kWh. Without data at the beginning it begins where the data begins."""
    so_far = span._replace(until=f"{span.until} AND time <= now()")
    daily = by_day('sum("wh") AS "wh"', _of_days({"wh": field}, so_far), so_far, "0")
    total = f'SELECT cumulative_sum("wh"){KWH} AS "kwh" FROM ({daily}) WHERE {so_far} {ZONE}'
    return f'SELECT "kwh" AS "«{name}»" FROM ({total}) WHERE "kwh" > 0 AND {so_far} {ZONE}'


def today(name: str, field: str, condition: str = "") -> str:
    """Energy since local midnight up to the newest telegram, kWh. It is the last row; if nothing came today, that row is empty.

    It is read from the telegrams themselves, so it is right also if the five-minute points are late.
    """
    span = Span("now() - 36h", "now()", condition)
    counted = _counted("wh", field, span, source=TELEGRAMS)
    return f'SELECT sum("wh"){KWH} AS "«{name}»" FROM {counted} WHERE {span} GROUP BY time(1d) fill(null) {ZONE}'


def _begin(points: str, field: str, span: Span) -> str:
    """How long after a span's begin its first point came, seconds. It is one row, at the time of the first point.

    The first of the two rows before it has the time of the span's begin, because two selectors have no time of their own.
    """
    sources = (f'SELECT first("{field}") AS "x"{more} FROM {points}{span}' for more in (f', last("{field}") AS "y"', ""))
    return f'SELECT elapsed("x", 1s) * 1.0 AS "s" FROM {", ".join(f"({source})" for source in sources)} WHERE {span}'


def data_since(name: str) -> str:
    """The time of the first point of the year before the range, if that year is not complete."""
    begins = ", ".join(f"({_begin(POINTS, IMPORT, span)})" for span in SO_FAR_BEFORE)
    return f'SELECT "s" AS "«{name}»" FROM {begins} WHERE "s" > {WHOLE_S} AND {_ANY_YEAR_BEFORE} {ZONE}'


def year_before(name: str, points: str, field: str, daily: Callable[[Span], str], spans: Sequence[Span] = SO_FAR_BEFORE) -> str:
    """The sum of the range a year before, only if that year is complete. `daily` makes the query of its days, with the column `amount`.

    If it is not complete, a trillion is taken away, and the sum is not shown. So there is one column: for two, InfluxDB would run all
    inner queries twice.
    """
    begins = (f'SELECT floor("s" / {WHOLE_S + 1}) * -1000000000000 AS "amount" FROM ({_begin(points, field, span)})' for span in spans)
    sources = ", ".join(f"({text})" for text in chain(map(daily, spans), begins))
    return f'SELECT "amount" AS "«{name}»" FROM (SELECT sum("amount") AS "amount" FROM {sources} WHERE {_ANY_YEAR_BEFORE}) WHERE "amount" >= 0 AND {_ANY_YEAR_BEFORE}'


def energy_before(name: str, field: str) -> str:
    """Energy of the range a year before, kWh, only if that year is complete."""
    spans = [if_given(span) for span in SO_FAR_BEFORE] if field == EXPORT else SO_FAR_BEFORE
    amount = f'sum("wh"){KWH} AS "amount"'
    return year_before(name, POINTS, IMPORT, lambda span: by_day(amount, _of_days({"wh": field}, span), span, "0"), spans)


def extreme_days(function: str, name: str, count: int, span: Span) -> str:
    """The days with the most (`top`) or the least (`bottom`) energy of all complete days, kWh.

    The count is made a fraction, because InfluxDB loses a column of whole numbers beside sources of fractions [seen on 2.9.1].
    """
    seen = f'(SELECT count("{IMPORT}") * 1.0 AS "seen" FROM {WINDOWS} WHERE {METER} AND {span} GROUP BY time(1d), "meter", "serial" fill(none) {ZONE})'
    source = f"{_of_days({'wh': IMPORT}, span)}, {seen}"
    whole = by_day(f'sum("wh"){KWH} AS "kwh", sum("seen") AS "seen"', source, span, "0")
    return f'SELECT {function}("kwh", {count}) AS "«{name}»" FROM ({whole}) WHERE "seen" >= {WHOLE_DAY} AND {span} {ZONE}'


def hours(name: str, field: str, days: int) -> str:
    """Energy by local hour of the last days, kWh. The hour in which they begin has the energy since then."""
    span = Span(f"now() - {days}d - 5m", "now()")
    return f'SELECT sum("wh"){KWH} AS "«{name}»" FROM {_counted("wh", field, span, every="1h")} WHERE {span} GROUP BY time(1h) fill(none) {ZONE}'


def demand(span: Span, every: str) -> str:
    """Highest mean import power of a quarter hour, W, in each interval of time. It is computed from the register, without gaps.

    A quarter hour counts if all points of it and of the one before came. Else its first step might hold the energy of a longer time. If
    the last value did not rise as much as the highest value, the register was odd, and the quarter hour does not count either.
    """
    earlier = span._replace(since=f"{span.since} - 30m")
    quarters = (
        f'SELECT {registers.rose(IMPORT)}, elapsed(last("{IMPORT}"), 1s) AS "apart_s", moving_average(count("{IMPORT}"), 2) AS "points"'
        f' FROM {WINDOWS} WHERE {METER} AND {earlier} GROUP BY time(15m), "meter", "serial" fill(none)'
    )
    certain = f'"a" >= 0 AND "a" = "b" AND "apart_s" <= {QUARTER_S} AND "points" >= {WHOLE_QUARTER}'
    power = f'SELECT "a" * 4 AS "w" FROM ({quarters}) WHERE {certain}'
    return f'SELECT max("w") AS "«demand»" FROM ({power}) WHERE {span} GROUP BY time({every}) fill(none) {ZONE}'


def base_load(name: str) -> str:
    """Mean import power of each hour of a week, W."""
    return (
        f'SELECT mean("{IMPORT_W}") AS "«{name}»" FROM {WINDOWS} WHERE {METER} AND time > now() - 7d AND time <= now()'
        f" GROUP BY time(1h) fill(none) {ZONE}"
    )


# --- the telegrams ---


def sums(columns: Mapping[str, str]) -> str:
    """Columns of an outer query: sums of the inner query's fields."""
    return ", ".join(f'sum("{field}") AS "«{name}»"' for name, field in columns.items())


def newest(columns: Mapping[str, str], condition: str = "") -> str:
    """Values of the last telegrams: name → expression of fields."""
    extra = f" AND {condition}" if condition else ""
    names = ", ".join(f'{expression} AS "«{name}»"' for name, expression in columns.items())
    return f"SELECT {names} FROM {TELEGRAMS} WHERE {METER} AND {LATELY}{extra}"


def newest_positive(name: str, field: str) -> str:
    """A field of the last telegrams, if it is not zero now."""
    return f'SELECT "now" AS "«{name}»" FROM (SELECT last("{field}") AS "now" FROM {TELEGRAMS} WHERE {METER} AND {LATELY}) WHERE "now" > 0 AND {LATELY}'


def course(expression: str, condition: str = "", fill: str = "null") -> tuple[str, str]:
    """An expression of fields over the range: from the telegrams or, for long ranges, from the five-minute points."""
    extra = f" AND {condition}" if condition else ""
    fine, coarse = (
        f"SELECT {expression} FROM {source} WHERE {METER} AND {IN_RANGE}{extra} AND {chosen} GROUP BY time($__interval) fill({fill}) {ZONE}"
        for source, chosen in ((TELEGRAMS, IS_FINE), (WINDOWS, IS_COARSE))
    )
    return fine, coarse


def near(name: str, limit: str) -> tuple[str, str]:
    """A limit of import power, W, where the power comes near it. So a limit far above the curve does not flatten it. Two queries, as in `course`."""
    fine, coarse = (
        f'SELECT "limit" AS "«{name}»" FROM (SELECT max("{power}") AS "w", {limit} AS "limit" FROM {source}'
        f' WHERE {METER} AND {IN_RANGE} AND {chosen} GROUP BY time($__interval) fill(none)) WHERE "w" >= "limit" * {NEAR} AND "limit" > 0 AND {IN_RANGE} {ZONE}'
        for source, power, chosen in ((TELEGRAMS, IMPORT_W, IS_FINE), (WINDOWS, f"{IMPORT_W}_max", IS_COARSE))
    )
    return fine, coarse


def over_range(expression: str, condition: str) -> tuple[str, str]:
    """An expression of fields as one value for the whole range; two queries, as in `course`."""
    fine, coarse = (
        f"SELECT {expression} FROM {source} WHERE {METER} AND {IN_RANGE} AND {condition} AND {chosen}"
        for source, chosen in ((TELEGRAMS, IS_FINE), (WINDOWS, IS_COARSE))
    )
    return fine, coarse


def setting(field: str, condition: str = "") -> tuple[str, str]:
    """A limit from the settings, as it was in force over the range. Settings are written every five minutes. Two queries, as in `course`."""
    span = Span("${__from}ms - 10m", "${__to}ms", f"time <= now(){condition and ' AND '}{condition}")
    fine, coarse = (
        f'SELECT last("{field}") FROM {source} WHERE {METER} AND {span} AND {chosen} GROUP BY time($__interval) fill(previous) {ZONE}'
        for source, chosen in ((SETTINGS, IS_FINE), (SETTINGS_WINDOWS, IS_COARSE))
    )
    return fine, coarse


def newest_setting(field: str) -> str:
    """A setting as it is now."""
    return f'SELECT last("{field}") FROM {SETTINGS} WHERE {METER}'


def newest_window(field: str) -> str:
    """A field's value in the newest five-minute point that has it. It shows whether a meter sends the field at all."""
    return f'SELECT last("{field}") FROM {WINDOWS} WHERE {METER}'


# --- quality ---

LOW_V: Final = 207
HIGH_V: Final = 253
"""230 V ± 10 % (EN 50160, 4.2.2)."""
TAN_PHI: Final = 0.4
"""Above this value, reactive energy is charged in Poland."""
PHASES: Final = (1, 2, 3)


def share_inside(phase: int) -> str:
    """Percent of the 10-minute means of a phase's voltage within the band of EN 50160.

    It takes one pass, because 0 to the power of 0 is 1, and 0 to any higher power is 0.
    """
    middle_v, half_v = (LOW_V + HIGH_V) / 2, (HIGH_V - LOW_V) / 2
    distance = f'floor(abs(mean("voltage_l{phase}_v") - {middle_v:g}) / {half_v:g}.000001)'
    means = f'SELECT pow(0, {distance}) AS "inside" FROM {WINDOWS} WHERE {METER} AND {IN_RANGE} GROUP BY time(10m) fill(none)'
    return f'SELECT mean("inside") * 100 FROM ({means})'


def lowest_share_inside(name: str) -> str:
    """The same of the phase that was least within the band."""
    return f'SELECT min("mean") AS "«{name}»" FROM {", ".join(f"({share_inside(phase)})" for phase in PHASES)}'


def extreme_voltage(function: str, name: str) -> str:
    """The highest or the lowest voltage of a single telegram, of all phases."""
    phases = ", ".join(
        f'(SELECT {function}("voltage_l{phase}_v_{function}") AS "v" FROM {WINDOWS} WHERE {METER} AND {IN_RANGE})' for phase in PHASES
    )
    return f'SELECT {function}("v") AS "«{name}»" FROM {phases}'


def imbalance() -> tuple[str, str]:
    """Distance of the phase that is farthest from the mean of the three, percent.

    It is half the sum of all absolute distances, because the signed distances add up to 0.
    """
    mean = '("a" + "b" + "c") / 3'
    away = " + ".join(f'abs("{phase}" - {mean})' for phase in "abc")
    columns = ", ".join(f'mean("voltage_l{phase}_v") AS "{name}"' for phase, name in zip(PHASES, "abc", strict=True))
    fine, coarse = (
        f"SELECT ({away}) / 2 / ({mean}) * 100 FROM ({query}) {ZONE}" for query in course(columns, '"voltage_l3_v" > 0', "none")
    )
    return fine, coarse


def gaps() -> str:
    """Times without a telegram, in seconds, with the energy that the register counted meanwhile. Each has the time of its end.

    If the register began again meanwhile, nobody knows the energy.
    """
    steps = (
        f'SELECT elapsed("{IMPORT}", 1s) - 300 AS "s", non_negative_difference("{IMPORT}") AS "wh" FROM {WINDOWS}'
        f' WHERE {METER} AND {IN_RANGE} GROUP BY "meter", "serial"'
    )
    return f'SELECT "s" AS "«gap»", "wh" AS "«meanwhile»" FROM ({steps}) WHERE "s" > 0 {ZONE}'


def longest_gap(name: str) -> str:
    """The longest time without a telegram, in seconds."""
    steps = f'SELECT elapsed("{IMPORT}", 1s) - 300 AS "s" FROM {WINDOWS} WHERE {METER} AND {IN_RANGE} GROUP BY "meter", "serial"'
    return f'SELECT max("s") AS "«{name}»" FROM ({steps}) WHERE "s" > 0'


def heard_share(name: str) -> tuple[str, str]:
    """Percent of the range's five-minute windows in which the meter was heard, but for the newest ten minutes (in a fleet, 25).

    The first and the last window may be cut. From half a year on hours are counted, a tenth of the time: the first and the last hour of
    half a year are less than the first and the last window of a week. Two queries, as in `course`.
    """
    windows, by_hour = (
        f'SELECT mean("heard") * {percent} AS "«{name}»" FROM (SELECT count("{IMPORT}") AS "heard" FROM {WINDOWS} WHERE {METER} AND {IN_RANGE}'
        f" AND time <= now() - «computed» AND ${{__to}} - ${{__from}} {chosen} {HALF_YEAR_MS} GROUP BY time({every}) fill(0))"
        for every, percent, chosen in (("5m", "100", "<="), ("1h", "100 / 12", ">"))
    )
    return windows, by_hour


def coverage() -> str:
    """Share of five-minute windows in which the meter was heard. The newest ten minutes (in a fleet, 25) are left out: they may not be computed yet."""
    return (
        f'SELECT count("{IMPORT}") * 300000 / $__interval_ms FROM {WINDOWS} WHERE {METER} AND {IN_RANGE} AND time <= now() - «computed»'
        f" GROUP BY time($__interval) fill(0) {ZONE}"
    )


# --- the read-out ---


def link(expression: str, fill: str = "null", condition: str = "") -> tuple[str, str]:
    """An expression of the status lines' fields over the range. Two queries, as in `course`.

    The five-minute points have the fields of the status lines under the same names: the last value of a counter, the longest age, the mean of
    signal and offset, and a state that is not `ok` if there was one. So one expression fits both.
    """
    extra = f" AND {condition}" if condition else ""
    fine, coarse = (
        f"SELECT {expression} FROM {source} WHERE {METER} AND {IN_RANGE}{extra} AND {chosen} GROUP BY time($__interval) fill({fill}) {ZONE}"
        for source, chosen in ((LINK, IS_FINE), (LINK_WINDOWS, IS_COARSE))
    )
    return fine, coarse


def counted(columns: Mapping[str, str]) -> tuple[str, str]:
    """The increase of counters in each interval of time. Counters begin at 0 when the plugin starts. Two queries, as in `course`."""
    return link(", ".join(f'non_negative_difference(last("{field}")) AS "«{name}»"' for name, field in columns.items()), "none")


def risen(columns: Mapping[str, str]) -> list[str]:
    """The increase of counters in the range.

    For up to two days it is the sum of each counter, step by step. Each has a query of its own, because InfluxDB would run an inner query
    for all counters again for each sum of an outer query [seen on 2.9.1]. For longer ranges it is rows that the panel adds up, and an
    interval in which the plugin started again counts as nothing.
    """
    fine = [
        f'SELECT sum("{field}") AS "«{name}»" FROM (SELECT non_negative_difference("{field}") AS "{field}" FROM {LINK}'
        f' WHERE {METER} AND {IN_RANGE} AND {IS_FINE} GROUP BY "meter", "interface")'
        for name, field in columns.items()
    ]
    return [*fine, counted(columns)[1]]


def usual_rate() -> str:
    """The usual number of telegrams per minute: nine in ten five-minute means of the last week are below it."""
    rates = (
        f'SELECT non_negative_derivative(first("telegrams"), 1m) AS "rate" FROM {LINK} WHERE {METER} AND time > now() - 7d AND time <= now()'
        ' GROUP BY time(5m), "meter" fill(none)'
    )
    return f'SELECT percentile("rate", 90) FROM ({rates})'


def telegraf(expression: str, measurement: str, condition: str = "") -> str:
    """An expression of Telegraf's own figures ([[inputs.internal]])."""
    extra = f" AND {condition}" if condition else ""
    return f'SELECT {expression} FROM "{measurement}" WHERE {OF_SITE}{IN_RANGE}{extra} GROUP BY time($__interval) fill(null) {ZONE}'


def rate(extra: str = "") -> tuple[str, str]:
    """Telegrams per minute. Two queries, as in `course`."""
    return link(f'non_negative_derivative(first("telegrams"), 1m){extra}', "none")


def due() -> tuple[str, str]:
    """The usual rate, at each time at which there is a status line. Two queries, as in `course`."""
    return link('last("telegrams") * 0 + 0${due:raw}', "none", "0${due:raw} > 0")


def received_share() -> tuple[str, str]:
    """Telegrams of the range, in percent of the number that is due at the usual rate. Two queries, as in `course`."""
    fine, coarse = (f'SELECT mean("rate") / 0${{due:raw}} * 100 FROM ({rates}) WHERE 0${{due:raw}} > 0' for rates in rate(' AS "rate"'))
    return fine, coarse
