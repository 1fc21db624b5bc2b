"""Turns the energies of a portal into a register, because the boards and the bill read registers.

`electricity_portal` in the kept bucket holds the energies as the portal gave them. The register is computed from all of them, and from
nothing else but the times at which the meter's own registers counted. So it does not matter in which order files are imported, how often,
or how they overlap. It is written into `electricity` in the kept bucket, with interface="portal", one point per five minutes as
`downsampling` would make it: the register at the end of the window, with the time of the window's start. It begins at 0.

- An interval's energy is spread evenly over its windows. If intervals of different length cover a window, the shortest one counts.
- From the first to the last point of one of the meter's own serial numbers, that register has counted everything, also during a gap in the
  data. There the portal's energy is left out, so that nothing counts twice. The portal fills the time before, after and between them.
- Each stretch between such times is a register of its own, serial="portal-1", "portal-2" … So no two serial numbers of a meter alternate
  in time. If they did, InfluxDB's LIMIT in a sub-query would begin again at each change, and boards would count energy twice [seen on 2.9.1].
- Where the portal's data begin, or begin again after a gap of their own, a point before the first window says where the register stands. So
  nothing is counted for the gap.

Every import computes the whole register again, and replaces the one before. So it also follows telegrams that came later.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from telegraf_han.decoding import lineprotocol
from telegraf_han.influx import downsampling, history, portal
from telegraf_han.influx.api import Api
from telegraf_han.influx.connection import Place
from telegraf_han.units import scaled

INTERFACE: Final = "portal"
"""Tag of the registers that are made here."""
REGISTERS: Final = {"energy_import_wh": "active_energy_import_wh", "energy_export_wh": "active_energy_export_wh"}
"""Field of the energies → field of the register."""
_LENGTHS_S: Final = {tag: seconds for seconds, tag in portal.INTERVALS.items()}
_FIRST_FIELD: Final = "active_energy_import_wh"
"""The register that every meter sends."""
_WINDOW_S: Final = downsampling.WINDOW_S
_EXACT: Final = 9
"""Digits after the point of a Wh. Sums are whole numbers of them, so that no rounding adds up."""
_READ_S: Final = 366 * 86_400
"""Energies are read year by year: ten years at once would be more than an answer may have."""
_NS: Final = 1_000_000_000


class Interval(NamedTuple):
    """One interval's energy."""

    start_s: int
    length_s: int
    energy: int
    """In the last digit of `_EXACT`."""


class Span(NamedTuple):
    """A time in which one of the meter's own registers counted, UTC seconds: from `begin_s` to before `end_s`."""

    begin_s: int
    end_s: int


class Outcome(NamedTuple):
    """What was made."""

    points: int
    left_out: int
    """Intervals that lie, at least in part, where the meter's own registers counted."""


def settle(place: Place, measurement: str, meter: str) -> Outcome:
    """Compute the register of a meter's portal and replace the one before. Raises RefusedError, SourceError."""
    kept = place._replace(bucket=downsampling.bucket(place.bucket))
    energies = _energies(place.api, kept.bucket, f"{measurement}_portal", meter)
    spans = [span for bucket in (place.bucket, kept.bucket) for span in _spans(place.api, bucket, measurement, meter)]
    _forget(kept, measurement, meter)
    writer = history.Writer(kept, history.not_taken)
    for number, window_s, fields in points(energies, spans):
        tags = {"interface": INTERFACE, "meter": meter, "serial": f"{INTERFACE}-{number}"}
        writer.put(lineprotocol.line(measurement, tags, fields, window_s * _NS))
    writer.flush()
    everything = {(one.start_s, one.length_s) for intervals in energies.values() for one in intervals}
    covered = sum(any(start_s < span.end_s and start_s + length_s > span.begin_s for span in spans) for start_s, length_s in everything)
    return Outcome(writer.stored, covered)


def points(energies: Mapping[str, Sequence[Interval]], spans: Sequence[Span]) -> Iterator[tuple[int, int, dict[str, int | float]]]:
    """The registers, in order: number from 1, start of the window in UTC seconds, and field → Wh. `energies` are by field of the energies."""
    shares = {field: _shares(intervals, spans) for field, intervals in energies.items() if intervals}
    counted = dict.fromkeys(shares, 0)
    number, before_s = 1, 0
    for window_s in sorted(set().union(*shares.values())):
        if before_s and any(before_s < span.end_s and span.begin_s <= window_s for span in spans):
            number += 1
            counted = dict.fromkeys(shares, 0)
        if window_s - _WINDOW_S != before_s:
            yield number, window_s - _WINDOW_S, _fields(counted)
        for field, share in shares.items():
            counted[field] += share.get(window_s, 0)
        yield number, window_s, _fields(counted)
        before_s = window_s


def _fields(counted: Mapping[str, int]) -> dict[str, int | float]:
    return {REGISTERS[field]: scaled(value, -_EXACT) for field, value in counted.items()}


def _shares(intervals: Iterable[Interval], spans: Sequence[Span]) -> dict[int, int]:
    """Start of each window that counts → its part of an interval's energy."""
    shares: dict[int, int] = {}
    for start_s, length_s, energy in sorted(intervals, key=lambda one: -one.length_s):
        parts = length_s // _WINDOW_S
        for part in range(parts):
            shares[start_s + part * _WINDOW_S] = energy * (part + 1) // parts - energy * part // parts
    for span in spans:
        for window_s in [window_s for window_s in shares if span.begin_s <= window_s < span.end_s]:
            del shares[window_s]
        # The window of the first telegram: its register does not tell the energy before. One window earlier, no register counts.
        first_s = span.begin_s - _WINDOW_S
        if first_s in shares and first_s - _WINDOW_S in shares:
            shares[first_s - _WINDOW_S] += shares.pop(first_s)
    return shares


def _energies(api: Api, bucket: str, measurement: str, meter: str) -> dict[str, list[Interval]]:
    """All energies of a portal by field. Raises RefusedError, SourceError."""
    found: dict[str, list[Interval]] = {field: [] for field in REGISTERS}
    first_s = downsampling.oldest_s(api, bucket, measurement)
    now_s = int(time.time())
    for since_s in range(now_s if first_s is None else first_s, now_s, _READ_S):
        script = (
            f"from(bucket: {downsampling.quoted(bucket)}) |> range(start: {since_s}, stop: {since_s + _READ_S})"
            f" |> filter(fn: (r) => r._measurement == {downsampling.quoted(measurement)} and r.meter == {downsampling.quoted(meter)})"
            ' |> keep(columns: ["_time", "_value", "_field", "interval"])'
        )
        for row in api.flux(script):
            energy = int(Decimal(repr(row["_value"])).scaleb(_EXACT))
            if row["_field"] in found and row.get("interval") in _LENGTHS_S:
                found[row["_field"]].append(Interval(int(row["_time"].timestamp()), _LENGTHS_S[row["interval"]], energy))
    return found


def _spans(api: Api, bucket: str, measurement: str, meter: str) -> list[Span]:
    """The times in which the meter's own registers counted, one per serial number. Raises RefusedError, SourceError."""
    bounds: dict[str, list[int]] = {}
    for function in ("first", "last"):
        script = (
            f"from(bucket: {downsampling.quoted(bucket)}) |> range(start: {downsampling.EARLIEST_S})"
            f" |> filter(fn: (r) => r._measurement == {downsampling.quoted(measurement)} and r.meter == {downsampling.quoted(meter)})"
            f" |> filter(fn: (r) => r._field == {downsampling.quoted(_FIRST_FIELD)}) |> {function}()"
        )
        for row in api.flux(script):
            if row.get("interface") != INTERFACE:
                bounds.setdefault(row.get("serial") or "", []).append(int(row["_time"].timestamp()))
    # A register counts from the end of its first window on.
    return [
        Span(min(times) // _WINDOW_S * _WINDOW_S + _WINDOW_S, max(times) // _WINDOW_S * _WINDOW_S + _WINDOW_S) for times in bounds.values()
    ]


def _forget(kept: Place, measurement: str, meter: str) -> None:
    """Delete the register that was made before. Raises RefusedError, SourceError."""
    where = {"_measurement": measurement, "meter": meter, "interface": INTERFACE}
    kept.api.call(
        "POST",
        "/api/v2/delete",
        {
            "start": "1970-01-01T00:00:00Z",
            "stop": "2262-01-01T00:00:00Z",
            "predicate": " AND ".join(f"{name}={downsampling.quoted(value)}" for name, value in where.items()),
        },
        {"org": kept.api.org, "bucket": kept.bucket},
    )
