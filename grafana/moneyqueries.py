"""Writes the queries about money in InfluxQL. They only add up what `telegraf-han bill` has settled: no panel knows a price.

`"5m"."electricity_cost"` has one point an hour, stamped with the hour's begin, with the amounts and the energy that was billed.
`"5m"."electricity_bill"` has one point a billing period, stamped with the period's begin. Both are by tariff. The meter's own is `own`.

**An hour may be stored twice**, because a tag that came or went makes a second series: Telegraf adds `host` to what it collects, and the
tags of a meter may change while its last hours are settled again. So no query here adds up points as they are. It takes one point of each
hour or period, the larger value if two differ, and adds these up.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from grafana import queries as q

COST: Final = '"5m"."electricity_cost"'
BILL: Final = '"5m"."electricity_bill"'
OWN: Final = f"{q.METER} AND \"tariff\" = 'own' AND "
"""A condition that begins every WHERE here."""
YEAR_OF_BILLS: Final = q.Span("now() - 400d", "now()")
"""The running period, and the twelve before it."""
THIS_BILL: Final = q.Span("now() - 744h - 1h", "now()")
"""The running period began within these 31 days, and the hour of a clock change."""
TWO_DAYS: Final = q.Span("now() - 2d", "now()")
EACH_HOUR: Final = 'time(1h), "meter"'
"""Groups with one point of `COST` each."""
EACH_PERIOD: Final = 'time(1d), "meter"'
"""Groups with one point of `BILL` each: a period begins at local midnight."""
_FIELD: Final = re.compile(r'"(\w+)"')


def one(expression: str) -> str:
    """An expression of fields, from one point of a group. Of two points with one stamp, `last` takes the larger value."""
    return _FIELD.sub(r'last("\1")', expression)


def hours_of(fields: Iterable[str], where: str) -> str:
    """The settled hours, each once, as sub-queries to be added up.

    Each field has a sub-query of its own, because an outer sum runs only the sub-queries that have its field. The sums of 14 fields over a
    year took 0.5 s so, and 7 s with one sub-query of all fields [seen on 2.9.1].
    """
    return ", ".join(f'(SELECT last("{field}") AS "{field}" FROM {COST} WHERE {where} GROUP BY {EACH_HOUR} fill(none))' for field in fields)


def of_periods(columns: Mapping[str, str], where: str) -> str:
    """Billing periods, each once: name → expression of fields."""
    names = ", ".join(f'{one(expression)} AS "«{name}»"' for name, expression in columns.items())
    return f"SELECT {names} FROM {BILL} WHERE {where} GROUP BY time(1d) fill(none) {q.ZONE}"


def _sums(columns: Mapping[str, str]) -> str:
    return ", ".join(f'sum("{field}") AS "«{name}»"' for name, field in columns.items())


def days(columns: Mapping[str, str], span: q.Span) -> str:
    """Sums of fields of the settled hours by local day: name → field. The span is one of `queries`, with its look-back days."""
    return q.by_day(_sums(columns), hours_of(columns.values(), f"{OWN}{span}"), span, "null")


def positive_days(name: str, field: str, span: q.Span, factor: str = "") -> str:
    """One field by local day, without days of nothing. If it is always zero, there is not even a name in a legend."""
    daily = q.by_day(f'sum("{field}") AS "amount"', hours_of([field], f"{OWN}{span}"), span, "0")
    return f'SELECT "amount"{factor} AS "«{name}»" FROM ({daily}) WHERE "amount" > 0 AND {span} {q.ZONE}'


def hours(columns: Mapping[str, str], span: q.Span) -> str:
    """Fields of each settled hour: name → field."""
    names = ", ".join(f'last("{field}") AS "«{name}»"' for name, field in columns.items())
    return f"SELECT {names} FROM {COST} WHERE {OWN}{span} GROUP BY time(1h) fill(none) {q.ZONE}"


def newest_bill(columns: Mapping[str, str]) -> str:
    """The running billing period: name → expression of fields. What is not known yet (a forecast) has no value."""
    return f"{bills(columns, THIS_BILL)[: -len(q.ZONE)]}ORDER BY time DESC LIMIT 1 {q.ZONE}"


def bills(columns: Mapping[str, str], span: q.Span) -> str:
    """The billing periods that began in a span: name → expression of fields."""
    return of_periods(columns, f"{OWN}{span}")


def unpriced(span: q.Span) -> str:
    """Imported energy of a span that has no price yet, Wh. Hours with feed-in are left out: the price of a whole month comes when it is over."""
    energy = one('"unpriced_wh" * pow(0, "billed_export_wh")')
    imported = f'SELECT {energy} AS "wh" FROM {COST} WHERE {OWN}{span} GROUP BY {EACH_HOUR} fill(none)'
    return f'SELECT sum("wh") AS "wh" FROM ({imported}) WHERE {span}'


def estimated(name: str, span: q.Span) -> str:
    """Energy of each local day that was spread over a gap, kWh. A day without such energy has no value."""
    source = hours_of(["estimated_wh"], f'{OWN}"estimated_wh" > 0 AND {span}')
    return q.by_day(f'sum("estimated_wh"){q.KWH} AS "«{name}»"', source, span, "null")


def estimated_cost(name: str, span: q.Span) -> str:
    """The part of each local day's cost that is due to such energy: each hour's cost times its estimated share."""
    part = one('"total" * "estimated_wh" / ("import_wh" + "export_wh")')
    share = f'SELECT {part} AS "part" FROM {COST} WHERE {OWN}"estimated_wh" > 0 AND {span} GROUP BY {EACH_HOUR} fill(none)'
    return q.by_day(f'sum("part") AS "«{name}»"', f"({share})", span, "null")


def cost_before(name: str) -> str:
    """Cost of the range a year before, only if all of that year is settled."""

    def daily(span: q.Span) -> str:
        return q.by_day('sum("total") AS "amount"', hours_of(["total"], f"{OWN}{span}"), span, "0")

    return q.year_before(name, f"{COST} WHERE {OWN}", "total", daily)


def own_use(columns: Mapping[str, str]) -> str:
    """Sums of the range's settled hours, if anything was produced: name → expression of `produced`, `used` and `imported`, Wh."""
    fields = {"produced": "produced_wh", "used": "self_used_wh", "imported": "import_wh"}
    sums = ", ".join(f'sum("{field}") AS "{name}"' for name, field in fields.items())
    names = ", ".join(f'{expression} AS "«{name}»"' for name, expression in columns.items())
    source = hours_of(fields.values(), f"{OWN}{q.VIEW}")
    return f'SELECT {names} FROM (SELECT {sums} FROM {source} WHERE {q.VIEW}) WHERE "produced" > 0 AND {q.VIEW}'
