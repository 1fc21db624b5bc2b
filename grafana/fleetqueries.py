"""Writes the queries about all sites of a fleet in InfluxQL, for the list of sites.

They read `"5m"."electricity_site"` alone: sums of a site's meters by quarter of an hour, with the time of the quarter's begin. A fleet of
250 sites with 40 meters each has 250 series there instead of 10,000. A task of InfluxDB computes the sums (`telegraf-han influx setup
--fleet`). It runs when a quarter is over, so the newest sums are up to a quarter and some minutes old. `FRESH` allows for one more.

A site that sends status lines but no readings has `not_ok` and no `meters`. So `not_ok` says that a site is there, and `meters` that it is read.
"""

from collections.abc import Mapping
from typing import Final

from grafana import queries as q

SUMS: Final = '"5m"."electricity_site"'
QUARTER_MS: Final = 900_000
PER_HOUR: Final = 4
"""Quarters of an hour: energy of one times this is its mean power."""
EVERY: Final = 10_000
LATE_M: Final = 45
"""Age of the begin of the newest quarter, in minutes, from which on a site is late. Half an hour is usual: see above."""
SILENT_M: Final = 135
"""The same, from which on it is silent: nothing came for two hours."""
MANY_ERRORS: Final = 10
"""Unreadable telegrams per meter and quarter of an hour. A P1 meter sends 90 or more in this time, a radio meter 15."""
KNOWN: Final = q.Span("now() - 31d", "now()")
FRESH: Final = q.Span(f"now() - {LATE_M}m", "now()")
_NOT_SILENT: Final = q.Span(f"now() - {SILENT_M}m", "now()")
_TODAY: Final = q.Span("now() - 26h", "now()")

BITS: Final = {"errors": 1, "meters": 2, "late": 4, "silent": 8}
"""What is wrong with a site → its part of the number that says so. The highest part decides what the board says."""
MEANINGS: Final = {"fine": (0, 0)} | {name: (bit, 2 * bit - 1) for name, bit in BITS.items()}
"""What the board says → the lowest and the highest number that says so."""


def of_sites(columns: Mapping[str, str], span: q.Span) -> str:
    """The newest values of every site, one row per site: name → field."""
    names = ", ".join(f'last("{field}") AS "«{name}»"' for name, field in columns.items())
    return f'SELECT {names} FROM {SUMS} WHERE {span} GROUP BY "site"'


def count(name: str, span: q.Span) -> str:
    """How many sites were there."""
    return f'SELECT count("x") AS "«{name}»" FROM (SELECT last("not_ok") AS "x" FROM {SUMS} WHERE {span} GROUP BY "site")'


def sum_now(columns: Mapping[str, str]) -> str:
    """Sums of the newest values of all sites that are there: name → field."""
    newest = ", ".join(f'last("{field}") AS "{field}"' for field in columns.values())
    return f'SELECT {q.sums(columns)} FROM (SELECT {newest} FROM {SUMS} WHERE {FRESH} GROUP BY "site")'


def trouble(name: str) -> str:
    """What is wrong with each site, as the sum of `BITS`. Zero for a site that is well."""
    known = f'SELECT last("not_ok") * 0 + {BITS["late"] + BITS["silent"]} AS "x" FROM {SUMS} WHERE {KNOWN} GROUP BY "site"'
    there = [
        f'SELECT last("not_ok") * 0 - {BITS[bit]} AS "x" FROM {SUMS} WHERE {span} GROUP BY "site"'
        for bit, span in (("late", FRESH), ("silent", _NOT_SILENT))
    ]
    newest = f'SELECT last("not_ok") AS "not_ok", last("errors") / last("meters") AS "each" FROM {SUMS} WHERE {FRESH} GROUP BY "site"'
    wrong = [
        f'SELECT "{field}" * 0 + {BITS[bit]} AS "x" FROM ({newest}) WHERE "{field}" >= {least}'
        for bit, field, least in (("meters", "not_ok", 1), ("errors", "each", MANY_ERRORS))
    ]
    sources = ", ".join(f"({source})" for source in (known, *there, *wrong))
    return f'SELECT sum("x") AS "«{name}»" FROM {sources} GROUP BY "site"'


def in_trouble(name: str) -> str:
    """How many sites have something wrong. A zero is added, because otherwise none would give no row."""
    sites = trouble("trouble").replace("«trouble»", "x")
    zero = f'SELECT count("x") * 0 AS "n" FROM ({sites})'
    return f'SELECT sum("n") AS "«{name}»" FROM ({zero}), (SELECT count("x") AS "n" FROM ({sites}) WHERE "x" > 0)'


# --- energy and demand ---


def days(columns: Mapping[str, str], span: q.Span, *, by_site: bool) -> str:
    """Sums by local day: name → field. A day without a quarter has 0, so a site that is silent today has nothing today."""
    tag = ', "site"' if by_site else ""
    return f"SELECT {q.sums(columns)} FROM {SUMS} WHERE {span} GROUP BY time(1d){tag} fill(0) {q.ZONE}"


def today(columns: Mapping[str, str], *, by_site: bool = True) -> str:
    """The same of yesterday's end and of today. The last row is today's."""
    return days(columns, _TODAY, by_site=by_site)


def month(columns: Mapping[str, str], *, by_site: bool = True) -> str:
    """The same of the last 32 days, to be added up by month. The last month is this one."""
    return days(columns, q.Span("now() - 32d", "now()"), by_site=by_site)


def energy_of_days(name: str, field: str, sign: str = "") -> str:
    """Energy of all sites by local day of the range, kWh."""
    return f'SELECT sum("{field}"){q.KWH}{sign} AS "«{name}»" FROM {SUMS} WHERE {q.IN_RANGE} GROUP BY time(1d) fill(none) {q.ZONE}'


def power(field: str, sign: str = "") -> str:
    """Power of all sites over the range. Each site has one point per quarter of an hour."""
    return (
        f'SELECT sum("{field}") * {sign}{QUARTER_MS} / $__interval_ms FROM {SUMS} WHERE {q.IN_RANGE}'
        f" GROUP BY time($__interval) fill(none) {q.ZONE}"
    )


def demand_of_sites(name: str) -> str:
    """The highest mean import power of a quarter of an hour in the range, W, by site."""
    return f'SELECT max("import_wh") * {PER_HOUR} AS "«{name}»" FROM {SUMS} WHERE {q.IN_RANGE} GROUP BY "site"'


def demand(name: str) -> str:
    """The same of all sites together."""
    quarters = f'SELECT sum("import_wh") * {PER_HOUR} AS "w" FROM {SUMS} WHERE {q.IN_RANGE} GROUP BY time(15m) fill(none)'
    return f'SELECT max("w") AS "«{name}»" FROM ({quarters})'


def most(name: str, expression: str, sites: int) -> str:
    """The sites with the highest number in the range; the expression is one of fields."""
    each = f'SELECT {expression} AS "x" FROM {SUMS} WHERE {q.IN_RANGE} GROUP BY "site"'
    return f'SELECT top("x", "site", {sites}) AS "«{name}»" FROM ({each})'
