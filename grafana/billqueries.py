"""Writes the queries about one billing period, about tariffs side by side, and about the price of the market, in InfluxQL.

A billing period is chosen by the text `period` of `electricity_bill`: the local month in which it begins, as `2026-10`. Every other value of
the period (its begin, its end) is a hidden variable that is read from the same point. So no query here knows a calendar.
"""

from collections.abc import Mapping
from typing import Final

from grafana import moneyqueries as money
from grafana import queries as q

KEPT: Final = q.Span("now() - 1200d", "now()")
"""Billing periods that can be chosen."""
OWN: Final = "\"tariff\" = 'own'"
CHOSEN: Final = f"\"period\" = '${{period:raw}}' AND {KEPT}"
WINDOW_MS: Final = 300_000
"""A five-minute point has the register of its end and the time of its begin."""
BEGIN_OF_PERIOD: Final = '"until_s" - "hours" * 3600'
LAST_YEAR: Final = q.Span("now() - 366d", "now()")
PRICE: Final = '"electricity_price", "5m"."electricity_price"'
"""Telegraf with one output writes prices to the raw bucket, with two to the bucket that is kept."""
SERIES: Final = f'{q.OF_SITE}"series" =~ /^${{series:regex}}$/'
CHEAPEST: Final = 6
"""Hours of each day that are marked as cheap: a quarter of the day."""


NOT_A_NUMBER: Final = "/^(?!-1$).+/"
"""For variables of `names`: the number is no option."""


def names(tag: str, source: str) -> str:
    """The values of a tag in the order of a source with the column `x`. InfluxQL gives no tag without a number beside it: it is -1."""
    return f'SELECT "{tag}", "x" * 0 - 1 AS "x" FROM ({source})'


def periods(meter: str = f"{q.METER} AND ") -> str:
    """The billing periods, the newest first."""
    return f'SELECT "period" FROM {money.BILL} WHERE {meter}{OWN} AND {KEPT} ORDER BY time DESC'


def of_period(expression: str, meter: str = f"{q.METER} AND ") -> str:
    """A number of the chosen period."""
    return f'SELECT {expression} AS "s" FROM {money.BILL} WHERE {meter}{OWN} AND {CHOSEN}'


def chosen(columns: Mapping[str, str], condition: str = "") -> str:
    """The chosen period: name → expression of fields. The condition ends in AND."""
    return money.of_periods(columns, f"{money.OWN}{condition}{CHOSEN}")


def readings(columns: Mapping[str, str]) -> str:
    """The first and the last reading of each meter of the period, kWh: name → register. The time is the begin of the reading's window.

    The point before the period's begin is the reading at its begin. If it is not there, the first one that came is the reading.
    """
    span = q.Span("0${begin_s:raw}s - 5m", "0${until_s:raw}s - 5m")
    (first, *others) = columns.values()
    more = "".join(f', "{field}" AS "{field}"' for field in others)
    ends = ", ".join(
        f'(SELECT {function}("{first}") AS "{first}"{more} FROM {q.WINDOWS} WHERE {q.METER} AND {span} GROUP BY "serial")'
        for function in ("first", "last")
    )
    names = ", ".join(f'"{field}"{q.KWH} AS "«{name}»"' for name, field in columns.items())
    return f'SELECT {names} FROM {ends} WHERE {span} GROUP BY "serial" {q.ZONE}'


def deposits(columns: Mapping[str, str]) -> str:
    """The deposit of each period in which there was one: name → field."""
    some = " OR ".join(f'"{field}" > 0' for field in columns.values())
    return money.of_periods({name: f'"{field}"' for name, field in columns.items()}, f"{money.OWN}({some}) AND {money.YEAR_OF_BILLS}")


def hourly(name: str, condition: str) -> str:
    """The cost of the range by hour, or by longer intervals, of the hours that fit a condition."""
    source = money.hours_of(["total"], f"{money.OWN}{condition} AND {q.IN_RANGE}")
    return f'SELECT sum("total") AS "«{name}»" FROM {source} WHERE {q.IN_RANGE} GROUP BY time($__interval) fill(none) {q.ZONE}'


def year_of(tariffs: str) -> str:
    """What the last twelve months cost, or would have cost, by tariff."""
    each = f'SELECT last("to_pay") AS "to_pay" FROM {money.BILL} WHERE {q.METER} AND {tariffs} AND {LAST_YEAR} GROUP BY time(1d), "tariff" fill(none) {q.ZONE}'
    return f'SELECT sum("to_pay") FROM ({each}) WHERE {LAST_YEAR} GROUP BY "tariff"'


def months_of_tariffs(name: str) -> str:
    """What each month cost, or would have cost, by tariff."""
    return f'SELECT last("to_pay") AS "«{name}»" FROM {money.BILL} WHERE {q.METER} AND {LAST_YEAR} GROUP BY time(1d), "tariff" fill(none) {q.ZONE}'


# --- prices of the market ---


def series() -> str:
    """The names of all price series. They come from points, because SHOW TAG VALUES does not find those of `"5m"` [seen on 2.9.1]."""
    newest = f'SELECT last("price_per_kwh") AS "x" FROM {PRICE} WHERE {q.OF_SITE}{q.Span("now() - 400d", "now() + 3d")} GROUP BY "series"'
    return names("series", newest)


def _by_hour(span: q.Span) -> str:
    return f'SELECT mean("price_per_kwh") AS "price" FROM {PRICE} WHERE {SERIES} AND {span} GROUP BY time(1h) fill(none) {q.ZONE}'


def prices() -> str:
    """The price over the range, by quarter hour or longer."""
    return f'SELECT mean("price_per_kwh") FROM {PRICE} WHERE {SERIES} AND {q.IN_RANGE} GROUP BY time($__interval) fill(none) {q.ZONE}'


def _cheapest(name: str, span: q.Span) -> str:
    """The outer query begins an hour earlier: if its begin is within an hour, InfluxDB finds none of the hours [seen on 2.9.1]."""
    wider = span._replace(since=f"{span.since} - 1h")
    return f'SELECT bottom("price", {CHEAPEST}) AS "«{name}»" FROM ({_by_hour(span)}) WHERE {wider}'


def cheapest_of_days(name: str) -> str:
    """The cheapest hours of each day of the range."""
    return f"{_cheapest(name, q.VIEW)} GROUP BY time(1d) fill(none) {q.ZONE}"


def cheapest_to_come(name: str) -> str:
    """The cheapest of all hours to come whose price is known."""
    return f"{_cheapest(name, q.Span('now()', 'now() + 3d'))} {q.ZONE}"
