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


def days(columns: Mapping[str, str], span: q.Span, fill: str = "null", factor: str = "") -> str:
    """Sums of fields of the settled hours by local day: name → field. The span is one of `queries`, with its look-back days."""
    sums = ", ".join(f'sum("{field}"){factor} AS "«{name}»"' for name, field in columns.items())
    return q.by_day(sums, COST, span, fill, OWN)


def hours(columns: Mapping[str, str], span: q.Span, factor: str = "") -> str:
    """Fields of each settled hour: name → field."""
    sums = ", ".join(f'sum("{field}"){factor} AS "«{name}»"' for name, field in columns.items())
    return f"SELECT {sums} FROM {COST} WHERE {OWN}{span} GROUP BY time(1h) fill(none) {q.ZONE}"


def newest_bill(columns: Mapping[str, str]) -> str:
    """The running billing period: name → expression of fields. What is not known yet (a forecast) has no value."""
    return f"{bills(columns, THIS_BILL)[: -len(q.ZONE)]}ORDER BY time DESC LIMIT 1 {q.ZONE}"


def bills(columns: Mapping[str, str], span: q.Span) -> str:
    """The billing periods that began in a span: name → expression of fields."""
    names = ", ".join(f'{expression} AS "«{name}»"' for name, expression in columns.items())
    return f"SELECT {names} FROM {BILL} WHERE {OWN}{span} {q.ZONE}"
