"""Writes the queries about all meters at once in InfluxQL, for the board of a building.

No query here names a meter. So a board of a thousand meters sends the same few queries as a board of three. The queries ask for newest
values, which InfluxDB finds without reading a range, and for first and last points of registers. So a month costs as little as a day.
"""

from collections.abc import Mapping
from typing import Final

from grafana import queries as q
from grafana import registers

EVERY: Final = 10_000
"""More meters than any building has. `top` needs a number."""


def of_all(columns: Mapping[str, str], span: q.Span, source: str = q.TELEGRAMS) -> str:
    """The newest values of every meter, one row per meter. InfluxDB finds them without reading the range."""
    names = ", ".join(f'last("{field}") AS "«{name}»"' for name, field in columns.items())
    return f'SELECT {names} FROM {source} WHERE {span} GROUP BY "meter"'


def days_of_all(name: str) -> str:
    """Energy of the last local days by meter and register, Wh.

    The last row of each register is today's; it is 0 if the meter was heard only yesterday. The rows are the steps from the register's
    value before these days (or else its first value) to its highest values of yesterday and today. The steps are not added up here: around
    differences of sub-queries, `last` and `sum` give wrong numbers, because they reverse the order of time inside. On the day on which a
    register begins again, only its energy until then counts, and none on the next day. The meter's own board has the right energy.
    """
    since = "now() - 26h"
    lately = q.Span(since, "now()")
    begin = _begin_of_all(q.Span(f"{since} - {24 * q.LOOK_BACK_DAYS}h", f"{since} - 1ms"), lately)
    stood = f'SELECT first("begin") AS "wh" FROM {begin} WHERE time >= {since} - {24 * q.LOOK_BACK_DAYS}h AND time <= now() GROUP BY "meter", "serial"'
    by_day = (
        f'SELECT max("{q.IMPORT}") AS "wh" FROM {q.WINDOWS} WHERE {lately} GROUP BY time(1d), "meter", "serial" fill(previous) {q.ZONE}'
    )
    rises = f'SELECT difference("wh") AS "wh" FROM ({stood}), ({by_day}) GROUP BY "meter", "serial"'
    return f'SELECT ("wh" + abs("wh")) / 2 AS "«{name}»" FROM ({rises}) GROUP BY "meter", "serial"'


def _begin_of_all(before: q.Span, within: q.Span) -> str:
    """Sub-queries whose `first` is the begin value of each register: its last point before a span, or else its first point within."""
    points = (("last", before), ("first", within))
    return ", ".join(
        f'(SELECT {function}("{q.IMPORT}") AS "begin" FROM {q.WINDOWS} WHERE {span} GROUP BY "meter", "serial")'
        for function, span in points
    )


def _since_of_all() -> str:
    """Energy since the range began by meter and register, `wh`. A register that ran backwards since then has none.

    Only first and last points are read, so a month costs as little as a day. `max` is used instead of `last`, because `last` would
    reverse the order of time inside.
    """
    within = q.Span("${__from}ms", "${__to}ms")
    before = q.Span("${__from}ms - 40d", "${__from}ms - 1ms")
    points = (("last", "begin", before), ("first", "begin", within), ("last", "end", within))
    sources = ", ".join(
        f'(SELECT {function}("{q.IMPORT}") AS "{name}" FROM {q.WINDOWS} WHERE {span} GROUP BY "meter", "serial")'
        for function, name, span in points
    )
    return registers.between(f'SELECT max("end") - first("begin") AS "a", max("end") AS "end" FROM {sources} GROUP BY "meter", "serial"')


def sum_since_of_all(name: str) -> str:
    """Energy of all meters since the range began."""
    return f'SELECT sum("wh") AS "«{name}»" FROM ({_since_of_all()})'


def since_of_all(name: str, count: int = EVERY) -> str:
    """Energy of each meter since the range began, Wh, or of the `count` meters with the most energy.

    The energies of a meter's registers are added up here. `top` makes one series of rows, which costs InfluxDB less than one series
    per meter.
    """
    registers = f'SELECT sum("wh") AS "wh" FROM ({_since_of_all()}) GROUP BY "meter"'
    return f'SELECT top("wh", "meter", {count}) AS "«{name}»" FROM ({registers})'


def sum_of_all(columns: Mapping[str, str]) -> str:
    """Sums of the newest values of all meters that were heard in the last minutes (`LATELY`)."""
    newest_of_each = ", ".join(f'last("{field}") AS "{field}"' for field in columns.values())
    return f'SELECT {q.sums(columns)} FROM (SELECT {newest_of_each} FROM {q.TELEGRAMS} WHERE {q.LATELY} GROUP BY "meter")'


def known(name: str, span: q.Span) -> str:
    """How many meters were heard."""
    return f'SELECT count("w") AS "«{name}»" FROM (SELECT last("{q.IMPORT_W}") AS "w" FROM {q.TELEGRAMS} WHERE {span} GROUP BY "meter")'


def not_ok(name: str) -> str:
    """How many meters have a read-out state other than `ok`. A zero is added, because otherwise none would give no row."""
    newest_state = f'SELECT last("state") AS "state" FROM {q.LINK} WHERE time > now() - 1d AND time <= now() GROUP BY "meter"'
    return (
        f'SELECT sum("meters") AS "«{name}»" FROM (SELECT count("state") * 0 AS "meters" FROM ({newest_state})),'
        f' (SELECT count("state") AS "meters" FROM ({newest_state}) WHERE "state" != \'ok\')'
    )


def power_of_all(field: str, sign: str = "") -> str:
    """Sum of the mean powers of all meters. Each meter has one point per five minutes."""
    factor = f"{sign}300000 / $__interval_ms"
    return f'SELECT sum("{field}") * {factor} FROM {q.WINDOWS} WHERE {q.IN_RANGE} GROUP BY time($__interval) fill(none) {q.ZONE}'
