"""Writes the queries about all meters at once in InfluxQL, for the board of a building.

No query here names a meter. So a board of a thousand meters sends the same few queries as a board of three. The queries ask for newest
values, which InfluxDB finds without reading a range, and for first and last points of registers. So a month costs as little as a day.

Meters may have tags of their own (`tags = { staircase = "B" }`). The variable `group` is one of them, and `part` is a value of it, or
`.*`. If no tag is chosen, `group` is `-`, which no series has. InfluxDB then takes each series, because a tag that is not there is an empty
text (`AMONG`). A series has the tags that its meter had when it was written. So what groups add up (`tagged`) is found by the tags
of the newest settings, and joined with figures of all meters.
"""

from collections.abc import Mapping
from typing import Final

from grafana import billqueries, registers
from grafana import queries as q
from grafana.moneyqueries import BILL

EVERY: Final = 10_000
"""More meters than any building has. `top` needs a number."""
OWN: Final = billqueries.OWN
CHOSEN: Final = f"\"period\" = '${{period:raw}}' AND {q.Span('0${begin_s:raw}s', '0${until_s:raw}s')}"
"""The chosen period. With its begin and end InfluxDB reads one month of bills instead of years."""
BEFORE: Final = f"\"period\" = '${{before:raw}}' AND {q.Span('0${begin_s:raw}s - 40d', '0${begin_s:raw}s - 1s')}"
"""The period before the chosen one."""
NO_GROUP: Final = "-"
AMONG: Final = f'{q.OF_SITE}"${{group:raw}}" =~ /^${{part:regex}}$/'
"""The meters of the chosen part."""
ALL: Final = f"{q.OF_SITE}'${{group:raw}}' != '{NO_GROUP}' AND '${{group:raw}}' != ''"
"""All meters, if a tag is chosen to group them by; otherwise InfluxDB reads nothing."""
OUR_TAGS: Final = ("host", "interface", "meter")
"""Tags of the settings that are no group."""
MAIN: Final = f'{q.OF_SITE}"meter" =~ /^${{main:regex}}$/'
OTHERS: Final = f'{q.OF_SITE}"meter" !~ /^${{main:regex}}$/'


def of_all(columns: Mapping[str, str], span: q.Span, source: str = q.TELEGRAMS, among: str = AMONG) -> str:
    """The newest values of every meter, one row per meter. InfluxDB finds them without reading the range."""
    names = ", ".join(f'last("{field}") AS "«{name}»"' for name, field in columns.items())
    return f'SELECT {names} FROM {source} WHERE {among} AND {span} GROUP BY "meter"'


def today_of_all(name: str, among: str = AMONG) -> str:
    """Energy of the running local day by meter and register, Wh; 0 if the meter was heard only yesterday.

    It is the step from the register's highest value of yesterday to its highest value of today. If yesterday has none, it is the step
    from its last value before, or else from its first value. If the register stands lower than that, it began again: then it is what it
    counted since the lowest value of today. On the day on which a register begins again, only its energy until then counts. The
    meter's own board has the right energy.

    InfluxQL does not know when midnight was, but it can group by local days. In descending order the first row is today's and the second
    yesterday's, and `fill(0)` makes these rows always there. Each value is a sub-query with a name of its own, so InfluxDB runs it once
    only. With `difference` of sub-queries it ran all of them again for each column, which took three times as long [seen on 2.9.1].
    """
    since, before = "now() - 26h", f"now() - 26h - {24 * q.LOOK_BACK_DAYS}h"
    lately, whole = q.Span(since, "now()"), q.Span(before, "now()")
    days = ", ".join(
        f'(SELECT {function}("{q.IMPORT}") AS "{column}" FROM {q.WINDOWS} WHERE {among} AND {lately}'
        f' GROUP BY time(1d), "meter", "serial" fill(0) ORDER BY time DESC LIMIT 1 OFFSET {day} {q.ZONE})'
        for function, column, day in (("max", "high", 0), ("min", "low", 0), ("max", "yesterday", 1))
    )
    begin = _begin_of_all(q.Span(before, f"{since} - 1ms"), lately, among)
    columns = 'max("high") AS "high", max("low") AS "low", max("yesterday") AS "yesterday", first("begin") AS "begin"'
    by_register = f'WHERE {whole} GROUP BY "meter", "serial" ORDER BY time DESC'
    values = f"SELECT {columns} FROM {days}, {begin} {by_register}"
    stood = '("yesterday" + "begin" + abs("yesterday" - "begin")) / 2'  # the higher one
    steps = f'SELECT "high" - {stood} AS "rise", "high" - "low" AS "within" FROM ({values}) {by_register}'
    risen = '("rise" + abs("rise")) / 2'
    return f'SELECT {risen} + (1 - pow(0, {risen} - "rise")) * "within" AS "«{name}»" FROM ({steps}) {by_register}'


def _begin_of_all(before: q.Span, within: q.Span, among: str) -> str:
    """Sub-queries whose `first` is the begin value of each register: its last point before a span, or else its first point within."""
    points = (("last", before), ("first", within))
    return ", ".join(
        f'(SELECT {function}("{q.IMPORT}") AS "begin" FROM {q.WINDOWS} WHERE {among} AND {span} GROUP BY "meter", "serial")'
        for function, span in points
    )


def _since_of_all(among: str = AMONG) -> str:
    """Energy since the range began by meter and register, `wh`. A register that ran backwards since then has none.

    Only first and last points are read, so a month costs as little as a day. `max` is used instead of `last`, because `last` would
    reverse the order of time inside.
    """
    within = q.Span("${__from}ms", "${__to}ms")
    before = q.Span("${__from}ms - 40d", "${__from}ms - 1ms")
    points = (("last", "begin", before), ("first", "begin", within), ("last", "end", within))
    sources = ", ".join(
        f'(SELECT {function}("{q.IMPORT}") AS "{name}" FROM {q.WINDOWS} WHERE {among} AND {span} GROUP BY "meter", "serial")'
        for function, name, span in points
    )
    return registers.between(f'SELECT max("end") - first("begin") AS "a", max("end") AS "end" FROM {sources} GROUP BY "meter", "serial"')


def sum_since_of_all(name: str) -> str:
    """Energy of all meters since the range began."""
    return f'SELECT sum("wh") AS "«{name}»" FROM ({_since_of_all()})'


def since_of_all(name: str, count: int = EVERY, among: str = AMONG) -> str:
    """Energy of each meter since the range began, Wh, or of the `count` meters with the most energy.

    The energies of a meter's registers are added up here. `top` makes one series of rows, which costs InfluxDB less than one series
    per meter.
    """
    registers = f'SELECT sum("wh") AS "wh" FROM ({_since_of_all(among)}) GROUP BY "meter"'
    return f'SELECT top("wh", "meter", {count}) AS "«{name}»" FROM ({registers})'


def sum_of_all(columns: Mapping[str, str]) -> str:
    """Sums of the newest values of all meters that were heard in the last minutes (`LATELY`)."""
    newest_of_each = ", ".join(f'last("{field}") AS "{field}"' for field in columns.values())
    return f'SELECT {q.sums(columns)} FROM (SELECT {newest_of_each} FROM {q.TELEGRAMS} WHERE {AMONG} AND {q.LATELY} GROUP BY "meter")'


def known(name: str, span: q.Span) -> str:
    """How many meters were heard."""
    return f'SELECT count("w") AS "«{name}»" FROM (SELECT last("{q.IMPORT_W}") AS "w" FROM {q.TELEGRAMS} WHERE {AMONG} AND {span} GROUP BY "meter")'


def not_ok(name: str) -> str:
    """How many meters have a read-out state other than `ok`. A zero is added, because otherwise none would give no row."""
    newest_state = f'SELECT last("state") AS "state" FROM {q.LINK} WHERE {AMONG} AND time > now() - 1d AND time <= now() GROUP BY "meter"'
    return (
        f'SELECT sum("meters") AS "«{name}»" FROM (SELECT count("state") * 0 AS "meters" FROM ({newest_state})),'
        f' (SELECT count("state") AS "meters" FROM ({newest_state}) WHERE "state" != \'ok\')'
    )


def power_of_all(field: str, sign: str = "") -> str:
    """Sum of the mean powers of all meters. Each meter has one point per five minutes.

    It is for intervals of up to an hour. They begin at the same moments in any zone, and without a zone InfluxDB is faster by a third.
    """
    factor = f"{sign}300000 / $__interval_ms"
    return f'SELECT sum("{field}") * {factor} FROM {q.WINDOWS} WHERE {AMONG} AND {q.IN_RANGE} GROUP BY time($__interval) fill(none)'


# --- groups by a tag of the meters ---


def tags() -> str:
    """The tags of meters, as the newest shards have them. Not all are groups (`OUR_TAGS`)."""
    return f"SHOW TAG KEYS FROM {q.SETTINGS}«where_site»"


def parts() -> str:
    """The values of the chosen tag."""
    return f'SHOW TAG VALUES FROM {q.SETTINGS} WITH KEY = "${{group:raw}}"«where_site»'


def tagged(group: str, count: str) -> str:
    """Each meter that has the chosen tag now: its value, and a 1 to be counted. A meter whose tag changed within 15 minutes may have two rows."""
    newest = f'SELECT last("silence_s") * 0 + 1 AS "one" FROM {q.SETTINGS} WHERE {ALL} AND "${{group:raw}}" != \'\' AND {q.LATELY} GROUP BY "meter", "${{group:raw}}"'
    return f'SELECT "${{group:raw}}" AS "«{group}»", "one" AS "«{count}»" FROM ({newest}) GROUP BY "meter"'


# --- what needs a look ---

_OF_A_BILL: Final = q.Span("now() - 32d", "now()")
"""A running bill began within this time."""


def trouble(name: str, known_span: q.Span, status: q.Span) -> str:
    """What is wrong with each meter: 100 if its state is not ok, 10 if it is silent, 1 if its running bill has estimated energy; added up.

    A meter has a row for each measurement, because InfluxQL adds up each measurement for itself. The outer queries repeat a limit of
    time, because without one they take twice as long.
    """
    newest = f'SELECT last("state") AS "state", "age_s" FROM {q.LINK} WHERE {AMONG} AND {status} GROUP BY "meter"'
    wrong = f'SELECT count("state") * 100 AS "x" FROM ({newest}) WHERE "state" != \'ok\' GROUP BY "meter"'
    heard = ", ".join(
        f'(SELECT last("{q.IMPORT_W}") * 0 {one} AS "x" FROM {q.TELEGRAMS} WHERE {AMONG} AND {span} GROUP BY "meter")'
        for span, one in ((known_span, "+ 10"), (q.LATELY, "- 10"))
    )
    spread = f'SELECT count("wh") AS "x" FROM ({_newest_estimated()}) WHERE "wh" > 0 AND {_OF_A_BILL} GROUP BY "meter"'
    return f'SELECT sum("x") AS "«{name}»" FROM ({wrong}), {heard}, ({spread}) WHERE {_OF_A_BILL} GROUP BY "meter"'


def _newest_estimated() -> str:
    return f'SELECT last("estimated_wh") AS "wh" FROM {BILL} WHERE {AMONG} AND {OWN} AND {_OF_A_BILL} GROUP BY "meter"'


def estimated_now(name: str) -> str:
    """Energy of each meter's running bill that was spread over a gap, kWh. Nothing for a meter without such energy."""
    return f'SELECT "wh"{q.KWH} AS "«{name}»" FROM ({_newest_estimated()}) WHERE "wh" > 0 AND {_OF_A_BILL} GROUP BY "meter"'


# --- a chosen billing period ---


def periods() -> str:
    """The billing periods of all meters."""
    return f'SELECT distinct("period") FROM {BILL} WHERE {q.OF_SITE}{OWN} AND {billqueries.KEPT}'


def of_period(function: str, expression: str) -> str:
    """The lowest or highest number of all bills of the chosen period."""
    return f'SELECT {function}("s") FROM (SELECT {expression} AS "s" FROM {BILL} WHERE {q.OF_SITE}{OWN} AND {billqueries.CHOSEN})'


def period_before() -> str:
    """The period before the chosen one."""
    return f'SELECT last("period") FROM {BILL} WHERE {q.OF_SITE}{OWN} AND {q.Span("0${begin_s:raw}s - 40d", "0${begin_s:raw}s - 1s")}'


def by_use() -> str:
    """The meters, the one with the most energy in the chosen period first: if there is a main meter, it counts the most."""
    used = f'SELECT max("import_wh") AS "wh" FROM {BILL} WHERE {q.OF_SITE}{OWN} AND {CHOSEN} GROUP BY "meter"'
    return billqueries.names("meter", f'SELECT top("wh", "meter", {EVERY}) AS "x" FROM ({used})')


def bills(columns: Mapping[str, str], period: str = CHOSEN, among: str = AMONG) -> str:
    """A period's bill of every meter: name → expression of fields."""
    names = ", ".join(f'{expression} AS "«{name}»"' for name, expression in columns.items())
    return f'SELECT {names} FROM {BILL} WHERE {among} AND {OWN} AND {period} GROUP BY "meter"'


def reading(function: str, columns: Mapping[str, str], more: str = "") -> str:
    """The first or last reading of every meter in the chosen period, kWh. See `billqueries.readings`."""
    ((name, field),) = columns.items()
    extra = f", {more}" if more else ""
    span = q.Span("0${begin_s:raw}s - 5m", "0${until_s:raw}s - 5m")
    return f'SELECT {function}("{field}"){q.KWH} AS "«{name}»"{extra} FROM {q.WINDOWS} WHERE {AMONG} AND {span} GROUP BY "meter"'


def _main_and_others(period: str) -> str:
    """Sub-queries for the energy of the main meter and of all others, kWh. A period that is stored twice counts once (`moneyqueries`)."""
    return ", ".join(
        f'(SELECT sum("wh"){q.KWH} AS "{name}" FROM (SELECT max("import_wh") AS "wh" FROM {BILL} WHERE {meters} AND {OWN} AND {period} GROUP BY "meter"))'
        for name, meters in (("main", MAIN), ("others", OTHERS))
    )


def against_main(main: str, others: str, common: str, share: str) -> str:
    """Energy of the main meter, of all others, and what is between them, kWh and percent of the main meter."""
    return (
        f'SELECT max("main") AS "«{main}»", max("others") AS "«{others}»", max("main") - max("others") AS "«{common}»",'
        f' (max("main") - max("others")) / max("main") * 100 AS "«{share}»" FROM {_main_and_others(CHOSEN)}'
    )


def common_before(name: str) -> str:
    """The same difference of the period before."""
    return f'SELECT max("main") - max("others") AS "«{name}»" FROM {_main_and_others(BEFORE)}'


def cost_of_others(name: str) -> str:
    """The sum of the bills of all meters but the main one."""
    each = f'SELECT max("to_pay") AS "to_pay" FROM {BILL} WHERE {OTHERS} AND {OWN} AND {CHOSEN} GROUP BY "meter"'
    return f'SELECT sum("to_pay") AS "«{name}»" FROM ({each})'
