"""Writes the queries about money in InfluxQL. They only add up what `telegraf-han bill` has settled: no panel knows a price.

`"5m"."electricity_cost"` has one point an hour, stamped with the hour's begin, with the amounts and the energy that was billed.
`"5m"."electricity_bill"` has one point a billing period, stamped with the period's begin. Both are by tariff. The meter's own is `own`.
"""

from collections.abc import Mapping
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


def _sums(columns: Mapping[str, str]) -> str:
    return ", ".join(f'sum("{field}") AS "«{name}»"' for name, field in columns.items())


def days(columns: Mapping[str, str], span: q.Span) -> str:
    """Sums of fields of the settled hours by local day: name → field. The span is one of `queries`, with its look-back days."""
    return q.by_day(_sums(columns), COST, span, "null", OWN)


def positive_days(name: str, field: str, span: q.Span, factor: str = "") -> str:
    """One field by local day, without days of nothing. If it is always zero, there is not even a name in a legend."""
    daily = q.by_day(f'sum("{field}") AS "amount"', COST, span, "0", OWN)
    return f'SELECT "amount"{factor} AS "«{name}»" FROM ({daily}) WHERE "amount" > 0 AND {span} {q.ZONE}'


def hours(columns: Mapping[str, str], span: q.Span) -> str:
    """Fields of each settled hour: name → field."""
    return f"SELECT {_sums(columns)} FROM {COST} WHERE {OWN}{span} GROUP BY time(1h) fill(none) {q.ZONE}"


def newest_bill(columns: Mapping[str, str]) -> str:
    """The running billing period: name → expression of fields. What is not known yet (a forecast) has no value."""
    return f"{bills(columns, THIS_BILL)[: -len(q.ZONE)]}ORDER BY time DESC LIMIT 1 {q.ZONE}"


def bills(columns: Mapping[str, str], span: q.Span) -> str:
    """The billing periods that began in a span: name → expression of fields."""
    names = ", ".join(f'{expression} AS "«{name}»"' for name, expression in columns.items())
    return f"SELECT {names} FROM {BILL} WHERE {OWN}{span} {q.ZONE}"


def unpriced(span: q.Span) -> str:
    """Imported energy of a span that has no price yet, Wh. Hours with feed-in are left out: the price of a whole month comes when it is over."""
    imported = f'SELECT "unpriced_wh" * pow(0, "billed_export_wh") AS "wh" FROM {COST} WHERE {OWN}{span}'
    return f'SELECT sum("wh") AS "wh" FROM ({imported}) WHERE {span}'


def estimated(name: str, span: q.Span) -> str:
    """Energy of each local day that was spread over a gap, kWh. A day without such energy has no value."""
    return q.by_day(f'sum("estimated_wh"){q.KWH} AS "«{name}»"', COST, span, "null", f'{OWN}"estimated_wh" > 0 AND ')


def estimated_cost(name: str, span: q.Span) -> str:
    """The part of each local day's cost that is due to such energy: each hour's cost times its estimated share."""
    share = f'SELECT "total" * "estimated_wh" / ("import_wh" + "export_wh") AS "part" FROM {COST} WHERE {OWN}"estimated_wh" > 0 AND {span}'
    return q.by_day(f'sum("part") AS "«{name}»"', f"({share})", span, "null")


def cost_before(name: str) -> str:
    """Cost of the range a year before, only if all of that year is settled."""
    return q.year_before(name, f"{COST} WHERE {OWN}", "total", lambda span: q.by_day('sum("total") AS "amount"', COST, span, "0", OWN))


def own_use(columns: Mapping[str, str]) -> str:
    """Sums of the range's settled hours, if anything was produced: name → expression of `produced`, `used` and `imported`, Wh."""
    sums = ", ".join(
        f'sum("{field}") AS "{name}"' for name, field in (("produced", "produced_wh"), ("used", "self_used_wh"), ("imported", "import_wh"))
    )
    names = ", ".join(f'{expression} AS "«{name}»"' for name, expression in columns.items())
    return f'SELECT {names} FROM (SELECT {sums} FROM {COST} WHERE {OWN}{q.VIEW}) WHERE "produced" > 0 AND {q.VIEW}'
