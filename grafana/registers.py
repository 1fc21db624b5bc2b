"""Writes, in InfluxQL, how much energy a register counted from one interval of time to the next.

Last minus first is wrong as soon as a register runs backwards. Adding up the rising steps is wrong, too: if one telegram shows a register
500 kWh too low, the next telegram is a step of 500 kWh. So each interval is compared with the interval before it by two values: by how much
the last value rose (`a`), and by how much the highest value rose (`b`). If nothing odd happened, the two are equal.

| a | b | what happened | energy |
|---|---|---|---|
| rose | rose | nothing, or a value that was too low at the end of the interval before (then b is right), or too high (then a is right) | the smaller one |
| rose | fell | the register began again in the interval before | a |
| fell | rose | the register began again in this interval | b, and what it counted since its lowest value |
| fell | fell | the register began again between the intervals | what it counted since its lowest value |
| fell | any | the register rolled over: it stood before its last power of ten, and stands behind zero now | a, and that power of ten |

If a value was too low at the end of an interval, `a` fell as if the register had begun again. Since the lowest value nothing was counted,
so only b remains. No interval is ever negative, and no energy counts twice. Of a register that begins again, the step itself is not energy.

InfluxQL has no conditions. So a condition is a factor of 1 or 0: 0 to the power of 0 is 1, and 0 to any higher power is 0.
"""

from typing import Final

POINTS_A_DAY: Final = 300
"""Five-minute points of the longest day, which has 25 hours."""
NEAR: Final = 200
"""A register rolls over if both values are within this part of the power of ten (0.5 %) around zero: 500 kWh for a register up to 99,999
kWh. A greater distance is a reset. Then only the step itself is lost, while a reset taken for a roll-over would invent energy."""
LOWER_RISE: Final = '("a" + "b" - abs("a" - "b")) / 2'
"""The smaller one of `a` and `b`."""
_TOP: Final = 'pow(10, ceil(log10("end" - "a" + 0.5))) AS "top"'
"""The power of ten above the value before."""
_ROLLED: Final = f'pow(0, floor(("top" - "end" + "a") / "top" * {NEAR})) * pow(0, floor(abs("end") / "top" * {NEAR})) AS "rolled"'
"""Whether the value before is just below the power of ten, and the value after is just above zero.

A moving average carries rounding errors on, so an `end` of 0 may come as -1e-9. 0 to the power of -1 would be infinite.
"""


def energy(source: str, name: str) -> str:
    """The energy of each row of a source with the columns of `rises`, Wh."""
    signs = (
        'SELECT "a", "b", "end", "low", 1 - pow(0, abs("a") - "a") AS "a_fell", 1 - pow(0, abs("b") - "b") AS "b_fell",'
        f" {_TOP} FROM ({source})"
    )
    marks = f'SELECT "a", "b", "end", "low", "a_fell", "b_fell", "top", {_ROLLED} FROM ({signs})'
    risen = f'(1 - "b_fell") * {LOWER_RISE} + "b_fell" * "a"'
    fallen = '"rolled" * ("a" + "top") + (1 - "rolled") * (("b" + abs("b")) / 2 + "end" - "low")'
    return f'SELECT ((1 - "a_fell") * ({risen}) + "a_fell" * ({fallen})) AS "{name}" FROM ({marks})'


def between(source: str) -> str:
    """The energy between two values, Wh, from a source with the columns `a` (by how much it rose) and `end`. A roll-over counts.

    If the register fell, only the values between the two would tell the energy. Then there is no row.
    """
    signs = f'SELECT "a", "end", 1 - pow(0, abs("a") - "a") AS "a_fell", {_TOP} FROM ({source})'
    return f'SELECT "a" + "a_fell" * "top" AS "wh" FROM (SELECT "a", "a_fell", "top", {_ROLLED} FROM ({signs})) WHERE "a_fell" = 0 OR "rolled" = 1'


def rose(field: str) -> str:
    """Columns of an aggregation by time: how much the last and the highest value of each interval rose."""
    return f'difference(last("{field}")) AS "a", difference(max("{field}")) AS "b"'


def rises(field: str) -> str:
    """The same columns, and the last and the lowest value of each interval.

    These two are written by means of `moving_average` and `difference`, which leave out the first row as `a` and `b` do. With columns of
    different lengths, InfluxDB mixes up the rows of several serial numbers. [seen on 2.9.1]
    """
    end, low = (f'moving_average({which}("{field}"), 2) + difference({which}("{field}")) / 2' for which in ("last", "min"))
    return f'{rose(field)}, {end} AS "end", {low} AS "low"'


def rises_since_first(field: str) -> str:
    """The columns of `rises` for an interval that has none before it: compared with its own first value."""
    begin = f'first("{field}")'
    return f'last("{field}") - {begin} AS "a", max("{field}") - {begin} AS "b", last("{field}") AS "end", min("{field}") AS "low"'


def by_interval(field: str, source: str, meters: str, spans: tuple[str, str], *, every: str, zone: str) -> tuple[str, str]:
    """Sources of `energy`: the first interval of each series, and each later interval. `meters` is a condition that ends in AND, or "".

    Energy of the first interval counts from the register's first point on. Only the points of a day are read for it, because an inner
    LIMIT ends the reading. The first interval is the one in which as many points were `seen` as it has. A LIMIT 1 begins anew whenever
    the rows of another serial number come between. For differences InfluxDB reads one interval more than it is asked for, so that the
    first row has one before it. So `spans`, the two conditions on time, are the whole time, and the time from one interval later on.
    [all seen on 2.9.1]

    The serial numbers of a meter follow one another. If two of them counted in the same interval, energy of this interval is lost.
    """
    whole, later_on = spans
    points = f'SELECT "{field}" AS "wh" FROM {source} WHERE {meters}{whole} GROUP BY "meter", "serial" LIMIT {POINTS_A_DAY}'
    grouping = f'GROUP BY time({every}), "meter", "serial" fill(none)'
    seen = 'cumulative_sum(count("wh")) AS "seen", count("wh") AS "points"'
    intervals = f"SELECT {rises_since_first('wh')}, {seen} FROM ({points}) WHERE {whole} {grouping} {zone}"
    first = f'SELECT "a", "b", "end", "low" FROM ({intervals}) WHERE "seen" = "points"'
    later = f"SELECT {rises(field)} FROM {source} WHERE {meters}{later_on} {grouping} {zone}"
    return first, later
