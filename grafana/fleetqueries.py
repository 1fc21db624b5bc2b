"""Writes the queries about all sites of a fleet in InfluxQL, for the list of sites.

They read `"5m"."electricity_site"`: sums of a site's meters by quarter of an hour, with the time of the quarter's begin. A fleet of 250
sites with 40 meters each has 250 series there instead of 10,000. A task of InfluxDB computes the sums (`telegraf-han influx setup
--fleet`) when a quarter is over. So the newest sums began up to half an hour ago, and `NEWEST` allows for one that came late.

Only when a site was last heard is read from the status lines themselves, because half an hour would be too long to wait for that. The newest
line of a site is found without reading a range. It costs a tenth of a second for 10,000 meters.

What is added up over sites, the board adds up. An outer query that does so costs InfluxDB a millisecond per site.
"""

from collections.abc import Mapping
from typing import Final

from grafana import queries as q

SUMS: Final = '"5m"."electricity_site"'
QUARTER_MS: Final = 900_000
PER_HOUR: Final = 4
"""Quarters of an hour: energy of one times this is its mean power."""
LATE_M: Final = 10
"""Minutes without a status line after which a site is late. A meter has one every ten seconds, and an uplink sends them within a minute."""
SILENT_M: Final = 60
"""Minutes after which it is silent."""
MANY_ERRORS: Final = 10
"""Unreadable telegrams per meter and quarter of an hour. A P1 meter sends 90 or more in this time, a radio meter 15."""
KNOWN: Final = q.Span("now() - 31d", "now()")
HEARD: Final = q.Span(f"now() - {LATE_M}m", "now()")
NOT_SILENT: Final = q.Span(f"now() - {SILENT_M}m", "now()")
NEWEST: Final = q.Span("now() - 45m", "now()")
_TODAY: Final = q.Span("now() - 26h", "now()")

CERTAIN: Final = f'"import_wh" * {PER_HOUR} <= "import_w" * 2 + 1000'
"""Energy that was counted while nothing was read counts in the quarter in which the meter was read again. It would look like a peak. A
quarter whose energy is more than twice that of its mean power has such energy, and does not count as demand."""

BITS: Final = {"errors": 1, "meters": 2, "late": 4, "silent": 8}
"""What is wrong with a site → its part of the number that says so. The highest part decides what the board says."""
MEANINGS: Final = {"fine": (0, 0)} | {name: (bit, 2 * bit - 1) for name, bit in BITS.items()}
"""What the board says → the lowest and the highest number that says so."""
_DAY_MS: Final = 86_400_000
STEPS: Final = (
    ("15m", 0, 3 * _DAY_MS),
    ("1h", 3 * _DAY_MS, 8 * _DAY_MS),
    ("3h", 8 * _DAY_MS, 35 * _DAY_MS),
    ("12h", 35 * _DAY_MS, 100_000 * _DAY_MS),
)
"""Step of a curve → the ranges for which it is taken. InfluxDB takes a microsecond per site and step, however many points there are. Grafana's
own steps do not fit: one of 20 minutes would have one quarter of an hour, and the next one two."""
DEMAND_DAYS: Final = 8
"""The longest range of which the highest quarter hour of all sites together is looked for, for the same reason."""
SITE_DEMAND_DAYS: Final = 35
"""The same of each site: it reads two fields of every quarter."""


def heard(name: str, span: q.Span, number: str) -> str:
    """A number for each site that was heard in a span."""
    return f'SELECT last("telegrams") * 0 {number} AS "«{name}»" FROM {q.LINK} WHERE {span} GROUP BY "site"'


def wrong(name: str, bit: str, number: str) -> str:
    """A column of `newest`: the bit if a number is above zero. 0 to the power of 0 is 1, and 0 to any higher power is 0."""
    return f'{BITS[bit]} - {BITS[bit]} * pow(0, {number}) AS "«{name}»"'


NOT_OK: Final = 'last("not_ok")'
ERRORS: Final = f'floor(last("errors") / last("meters") / {MANY_ERRORS})'
HEARD_BITS: Final = {
    "ever": (KNOWN, f"+ {BITS['late'] + BITS['silent']}"),
    "prompt": (HEARD, f"- {BITS['late']}"),
    "there": (NOT_SILENT, f"- {BITS['silent']}"),
}
"""Name of a column → its span and its number. Together they are the site's bits of silence."""


def newest(columns: Mapping[str, str], *more: str) -> str:
    """The newest sums of every site, one row per site: name → field, and more columns."""
    names = ", ".join([*(f'last("{field}") AS "«{name}»"' for name, field in columns.items()), *more])
    return f'SELECT {names} FROM {SUMS} WHERE {NEWEST} GROUP BY "site"'


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


def power(field: str, sign: str = "") -> list[str]:
    """Power of all sites over the range, a query for each of `STEPS`, of which one finds something.

    Long steps are the sum of the sites' means. So a step that is cut by the range's begin, or that is not over, is not too low.
    """
    queries = []
    for every, above_ms, most_ms in STEPS:
        span = f"{q.IN_RANGE} AND ${{__to}} - ${{__from}} > {above_ms} AND ${{__to}} - ${{__from}} <= {most_ms}"
        source, mean = f"{SUMS} WHERE {span}", field
        if above_ms:
            each = f'SELECT mean("{field}") AS "w" FROM {source} GROUP BY time({every}), "site" fill(none) {q.ZONE}'
            source, mean = f"({each}) WHERE {q.IN_RANGE}", "w"
        queries.append(f'SELECT sum("{mean}"){sign} FROM {source} GROUP BY time({every}) fill(null) {q.ZONE}')
    return queries


def _short(days: int) -> str:
    """The condition that the range is not longer than this."""
    return f"${{__to}} - ${{__from}} <= {days * _DAY_MS}"


_CERTAIN_OF_SITES: Final = f"{CERTAIN} AND {_short(SITE_DEMAND_DAYS)}"


def demand_of_sites(name: str) -> str:
    """The highest mean import power of a quarter of an hour in the range, W, by site."""
    return f'SELECT max("import_wh") * {PER_HOUR} AS "«{name}»" FROM {SUMS} WHERE {q.IN_RANGE} AND {_CERTAIN_OF_SITES} GROUP BY "site"'


def demand(name: str) -> str:
    """The same of all sites together, of a range that is not too long."""
    quarters = f'SELECT sum("import_wh") * {PER_HOUR} AS "w" FROM {SUMS} WHERE {q.IN_RANGE} AND {_short(DEMAND_DAYS)} AND {CERTAIN} GROUP BY time(15m) fill(none)'
    return f'SELECT max("w") AS "«{name}»" FROM ({quarters})'


def most_energy(name: str, sites: int) -> str:
    """The sites with the most imported energy in the range."""
    return _most(name, 'sum("import_wh")', sites, q.IN_RANGE)


def highest_demand(name: str, sites: int) -> str:
    """The sites with the highest demand in the range."""
    return _most(name, f'max("import_wh") * {PER_HOUR}', sites, f"{q.IN_RANGE} AND {_CERTAIN_OF_SITES}")


def _most(name: str, expression: str, sites: int, condition: str) -> str:
    each = f'SELECT {expression} AS "x" FROM {SUMS} WHERE {condition} GROUP BY "site"'
    return f'SELECT top("x", "site", {sites}) AS "«{name}»" FROM ({each})'
