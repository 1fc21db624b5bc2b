"""Writes the alert queries of a fleet in InfluxQL. The answer of each is one series per site, with the label `site` only.

What `queries` says about labels, sub-queries and time holds here, too: Grafana joins two queries by their labels alone, so each query has a
series for each site of the others. Sums by quarter of an hour are read from `"5m"."electricity_site"` (`grafana.fleetqueries`). The newest
sums began up to half an hour ago.
"""

from collections.abc import Sequence
from typing import Final

from grafana import fleetqueries
from grafana.alerting import queries

_SUMS: Final = fleetqueries.SUMS
_LINK: Final = '"electricity_link"'
_NEWEST: Final = str(fleetqueries.NEWEST)
_BY_SITE: Final = 'GROUP BY "site"'
LATE_S: Final = fleetqueries.LATE_M * 60
SILENT_S: Final = fleetqueries.SILENT_M * 60
AGES_S: Final = (LATE_S, SILENT_S, 6 * 3600, 86_400)
"""The ages that are told apart, each by whether a site was heard since then."""
STORED_AGES_S: Final = (SILENT_S, 6 * 3600, 86_400)
NOT_OK_PERCENT: Final = 10
MANY_ERRORS: Final = fleetqueries.MANY_ERRORS
_SETTINGS: Final = "60m"
"""Settings are written every five minutes. A site that is late still has its limit."""
FLOOD_M: Final = 5


def _ago(since: str, until: str = "now()") -> str:
    return f"time > now() - {since} AND time <= {until}"


def _joined(select: str, *sources: str) -> str:
    """A query over sub-queries of one measurement, which become one series per site."""
    inside = ",\n".join(f"  ({source})" for source in sources)
    return f"SELECT {select} FROM\n{inside}\n{_BY_SITE}"


def age_s(ages: Sequence[int] = AGES_S) -> str:
    """For how long nothing has come from a site, seconds: the highest of the ages that is over, or 0.

    `queries.stored_age_s` says how. A site is forgotten like a meter, after `queries.KNOWN`. None of the sources reads a range.
    """
    return _joined('sum("age_s")', *queries.age_steps("telegrams", _LINK, ages, _BY_SITE))


def stored_age_s() -> str:
    """For how long no telegram of a site was stored, of any of its meters."""
    return _joined('sum("age_s")', *queries.age_steps("active_energy_import_wh", '"electricity"', STORED_AGES_S, _BY_SITE))


def not_ok_percent() -> str:
    """Meters whose state is not ok, in percent of the meters that were read in some quarter of an hour of the last day.

    If more meters are in trouble than were ever read, they are all.
    """
    known = f'SELECT max("meters") AS "meters" FROM {_SUMS} WHERE {_ago("1d")} {_BY_SITE}'
    wrong = f'SELECT last("not_ok") AS "not_ok" FROM {_SUMS} WHERE {_NEWEST} {_BY_SITE}'
    high = '(max("meters") + max("not_ok") + abs(max("meters") - max("not_ok"))) / 2'
    return _joined(f'100 * max("not_ok") / ({high})', known, wrong)


def errors_per_meter() -> str:
    """Unreadable telegrams in the newest quarter of an hour, by meter that was read in the last day."""
    known = f'SELECT max("meters") AS "meters" FROM {_SUMS} WHERE {_ago("1d")} {_BY_SITE}'
    lost = f'SELECT last("errors") AS "errors" FROM {_SUMS} WHERE {_NEWEST} {_BY_SITE}'
    return _joined('max("errors") / max("meters")', known, lost)


def demand_w() -> str:
    """The highest mean import power of the newest quarters of an hour, of all meters of a site together."""
    return f'SELECT max("import_wh") * {fleetqueries.PER_HOUR} FROM {_SUMS}\nWHERE {_NEWEST} AND {fleetqueries.CERTAIN} {_BY_SITE}'


def contracted_w() -> str:
    """The sum of the contracted powers of a site's meters. Of a site whose meters have none, it is 0."""
    span = _ago(_SETTINGS)
    each = f'SELECT last("contracted_power_w") AS "limit" FROM "electricity_settings" WHERE {span} GROUP BY "site", "meter"'
    zero = f'SELECT last("silence_s") * 0 AS "limit" FROM "electricity_settings" WHERE {span} {_BY_SITE}'
    return _joined('sum("limit")', each, zero)


def contracted_share() -> str:
    """The share of a site's meters that have a contracted power."""
    return f'SELECT count("contracted_power_w") / count("silence_s") FROM "electricity_settings" WHERE {_ago(_SETTINGS)} {_BY_SITE}'


def _telegrams(since: str, until: str) -> str:
    return f'SELECT count("active_energy_import_wh") / {FLOOD_M} AS "n" FROM "electricity" WHERE {_ago(since, until)} {_BY_SITE}'


def telegrams_per_minute() -> str:
    """Telegrams of the last minutes, per minute, of all meters of a site."""
    return _joined('sum("n")', _telegrams(f"{FLOOD_M}m", "now()"))


def usual_per_minute() -> str:
    """The same a day before. A site of which there is nothing has 0."""
    now = f'SELECT last("active_energy_import_wh") * 0.0 AS "n" FROM "electricity" WHERE {_ago(f"{FLOOD_M}m")} {_BY_SITE}'
    return _joined('sum("n")', _telegrams(f"{24 * 60 + FLOOD_M}m", "now() - 1d"), now)
