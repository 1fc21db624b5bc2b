"""Asks InfluxDB how old the data of each site are: by InfluxQL, with a token that may read the bucket.

Each query takes only the last point of a series, or a few minutes of points. So it takes about a second at ten thousand meters. Points of
the future are asked for apart, because the newest point says nothing about a site whose clock was wrong once.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from telegraf_han.fleet.facts import Stored
from telegraf_han.influx.connection import Place

BACK: Final = "30d"
"""A site that was silent for longer counts as one that was never heard."""
AHEAD_S: Final = 120.0
"""Clocks of hosts may differ so much. A status line has the time of its host."""
COUNTED_S: Final = 300
"""Readings of so many seconds are counted."""
METER_AHEAD_S: Final = 900.0
"""A reading has the time of its meter. A meter whose clock is off by more than ten minutes gets the time of the host."""
_UPLINK: Final = "telegraf-han fleet"
"""The alias of the uplink's output."""
_POWERS: Final = ("active_energy_import_wh", "active_power_import_w", "active_energy_export_wh")
"""Every meter of electricity has one of these fields."""


class _Row(NamedTuple):
    """The newest point of a group."""

    site: str
    time_s: float
    value: Any


def read(place: Place, now_s: float, silence_s: float) -> dict[str, Stored]:
    """What InfluxDB has of each site. Raises RefusedError, SourceError."""
    past = f"time > now() - {BACK} AND time <= {int(now_s)}s"
    found: dict[str, Stored] = {}

    def put(row: _Row, **fields: Any) -> None:
        found[row.site] = found.get(row.site, Stored())._replace(**fields)

    for row in _last(place, "electricity_link", "state", past, '"site", "meter"'):
        before = found.get(row.site, Stored())
        newest_s = max(row.time_s, before.status_s or 0.0)
        # A meter whose lines ended long before those of the others is not there any more.
        states = dict(before.states)
        if row.time_s > now_s - silence_s:
            states[str(row.value)] = states.get(str(row.value), 0) + 1
        put(row, status_s=newest_s, states=states)
    for field in _POWERS:
        for row in _last(place, "electricity", field, past, '"site"'):
            put(row, reading_s=max(row.time_s, found.get(row.site, Stored()).reading_s or 0.0))
    for row in _last(place, "internal_write", "buffer_size", f"\"alias\" = '{_UPLINK}' AND {past}", '"site"'):
        put(row, uplink_s=row.time_s, uplink_lines=int(row.value))
    for name, field, ahead_s in (("electricity_link", "state", AHEAD_S), *(("electricity", field, METER_AHEAD_S) for field in _POWERS)):
        for row in _last(place, name, field, f"time > {int(now_s + ahead_s)}s", '"site"'):
            put(row, future_s=max(row.time_s, found.get(row.site, Stored()).future_s or 0.0))
    lately = f"time > {int(now_s) - COUNTED_S}s AND time <= {int(now_s)}s"
    for field in _POWERS:
        for row in _asked(place, f'count("{field}")', "electricity", lately, '"site"'):
            put(row, lines_per_minute=max(row.value * 60 / COUNTED_S, found.get(row.site, Stored()).lines_per_minute))
    return found


def compared(before: Mapping[str, Stored], after: Mapping[str, Stored]) -> dict[str, Stored]:
    """What InfluxDB has now, and by how much the newest point of each site moved since `before`."""
    found = {}
    for site, one in after.items():
        earlier_s = before[site].newest_s if site in before else None
        moved_s = 0.0 if one.newest_s is None else one.newest_s - earlier_s if earlier_s is not None else one.newest_s
        found[site] = one._replace(moved_s=moved_s)
    return found


def _last(place: Place, measurement: str, field: str, where: str, group: str) -> Iterator[_Row]:
    return _asked(place, f'last("{field}")', measurement, where, group)


def _asked(place: Place, what: str, measurement: str, where: str, group: str) -> Iterator[_Row]:
    """One row for each group that has a site."""
    query = f'SELECT {what} FROM "{measurement}" WHERE {where} GROUP BY {group}'  # noqa: S608, all words are ours
    for series in place.api.influxql(place.bucket, query):
        site = (series.get("tags") or {}).get("site", "")
        for time_s, value in series.get("values") or []:
            if site and value is not None:
                yield _Row(site, float(time_s), value)
