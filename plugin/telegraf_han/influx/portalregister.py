"""Turns the energies of a portal into a register, because the boards and the bill read registers.

`electricity_portal` in the kept bucket holds the energies as the portal gave them. The register is computed from all of them, and from
nothing else but the meter's own registers. So it does not matter in which order files are imported, how often, or how they overlap. It is
written into `electricity` in the kept bucket, with interface="portal", one point per five minutes as `downsampling` would make it: the
register at the end of the window, with the time of the window's start.

- An interval's energy is spread evenly over its windows. If intervals of different length cover a window, the shortest one counts.
- From the first to the last point of one of the meter's own serial numbers, that register has counted everything, also during a gap in the
  data. There the portal's energy is left out, so that nothing counts twice. The portal fills the time before, after and between them.
- Before the first point, the portal's register has that meter's serial number and runs up to its first value. After a last point it has
  that serial number and goes on from the last value. So it is what the meter itself showed, and one series for the boards.
- Without telegrams, or if the register would begin below zero (the meter is younger), the serial number is "portal", and it begins at 0.
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

PORTAL: Final = "portal"
"""The interface of the registers that are made here, and the serial number of those that continue no meter's."""
REGISTERS: Final = {"energy_import_wh": "active_energy_import_wh", "energy_export_wh": "active_energy_export_wh"}
"""Field of the energies → field of the register."""
_LENGTHS_S: Final = {tag: seconds for seconds, tag in portal.INTERVALS.items()}
_WINDOW_S: Final = downsampling.WINDOW_S
_EXACT: Final = 9
"""Digits after the point of a Wh. Sums are whole numbers of them, so that no rounding adds up."""
_READ_S: Final = 366 * 86_400
"""Energies are read year by year: ten years at once would be more than an answer may have."""
_LATEST_S: Final = 4_102_444_800
"""2100-01-01. Without an end, a range ends now, and the clock of this machine does not matter here."""
_NS: Final = 1_000_000_000


class Interval(NamedTuple):
    """One interval's energy."""

    start_s: int
    length_s: int
    energy: int
    """In the last digit of `_EXACT`."""


class Span(NamedTuple):
    """The time in which one of the meter's own registers counted, UTC seconds: from `begin_s` to before `end_s`."""

    serial: str
    begin_s: int
    """End of the window of the first point."""
    end_s: int
    first: Mapping[str, int] = {}
    """Field of the energies → the register at `begin_s`, in the last digit of `_EXACT`."""
    last: Mapping[str, int] = {}
    """The same at `end_s`."""


class Outcome(NamedTuple):
    """What was made."""

    points: int
    left_out: int
    """Intervals that lie, at least in part, where the meter's own registers counted."""


def settle(place: Place, measurement: str, meter: str) -> Outcome:
    """Compute the register of a meter's portal and replace the one before. Raises RefusedError, SourceError."""
    kept = place._replace(bucket=downsampling.bucket(place.bucket))
    energies = _energies(place.api, kept.bucket, f"{measurement}_portal", meter)
    spans = _spans(place.api, kept.bucket, measurement, meter)
    _forget(kept, measurement, meter)
    writer = history.Writer(kept, history.not_taken)
    for serial, window_s, fields in points(energies, spans):
        tags = {"interface": PORTAL, "meter": meter, "serial": serial}
        writer.put(lineprotocol.line(measurement, tags, fields, window_s * _NS))
    writer.flush()
    everything = {(one.start_s, one.length_s) for intervals in energies.values() for one in intervals}
    covered = sum(any(start_s < span.end_s and start_s + length_s > span.begin_s for span in spans) for start_s, length_s in everything)
    return Outcome(writer.stored, covered)


def points(energies: Mapping[str, Sequence[Interval]], spans: Sequence[Span]) -> Iterator[tuple[str, int, dict[str, int | float]]]:
    """The register: serial number, start of the window in UTC seconds, and field → Wh. `energies` are by field of the energies."""
    shares = {field: _shares(intervals, spans) for field, intervals in energies.items() if intervals}
    stretch: list[int] = []
    for window_s in sorted(set().union(*shares.values())):
        if stretch and any(stretch[-1] < span.end_s and span.begin_s <= window_s for span in spans):
            yield from _stretch(stretch, shares, spans)
            stretch = []
        stretch.append(window_s)
    if stretch:
        yield from _stretch(stretch, shares, spans)


def _stretch(
    windows: Sequence[int], shares: Mapping[str, Mapping[int, int]], spans: Sequence[Span]
) -> Iterator[tuple[str, int, dict[str, int | float]]]:
    """The points of a time in which none of the meter's own registers counted."""
    before = max((span for span in spans if span.end_s <= windows[0]), key=lambda span: span.end_s, default=None)
    after = min((span for span in spans if span.begin_s > windows[-1]), key=lambda span: span.begin_s, default=None)
    serial, counted, measured_s = PORTAL, dict.fromkeys(shares, 0), -1
    if before is not None:
        serial, counted, measured_s = before.serial, {field: before.last.get(field, 0) for field in shares}, before.end_s - _WINDOW_S
    elif after is not None:
        totals = {field: sum(share.get(window_s, 0) for window_s in windows) for field, share in shares.items()}
        begin = {field: after.first.get(field, total) - total for field, total in totals.items()}
        if min(begin.values()) >= 0:
            serial, counted, measured_s = after.serial, begin, after.begin_s - _WINDOW_S
    before_s = -1
    for window_s in windows:
        if window_s - _WINDOW_S not in (before_s, measured_s):
            yield serial, window_s - _WINDOW_S, _fields(counted)
        for field, share in shares.items():
            counted[field] += share.get(window_s, 0)
        # The window of the meter's own first point is there already.
        if window_s != measured_s:
            yield serial, window_s, _fields(counted)
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
            energy = _exact(row["_value"])
            if row["_field"] in found and row.get("interval") in _LENGTHS_S:
                found[row["_field"]].append(Interval(int(row["_time"].timestamp()), _LENGTHS_S[row["interval"]], energy))
    return found


def _spans(api: Api, bucket: str, measurement: str, meter: str) -> list[Span]:
    """The times in which the meter's own registers counted, one per serial number. Raises RefusedError, SourceError."""
    ends: dict[str, dict[str, dict[str, tuple[int, int]]]] = {}
    wanted = " or ".join(f"r._field == {downsampling.quoted(field)}" for field in REGISTERS.values())
    names = {register: field for field, register in REGISTERS.items()}
    for function, better in (("first", min), ("last", max)):
        script = (
            f"from(bucket: {downsampling.quoted(bucket)}) |> range(start: {downsampling.EARLIEST_S}, stop: {_LATEST_S})"
            f" |> filter(fn: (r) => r._measurement == {downsampling.quoted(measurement)} and r.meter == {downsampling.quoted(meter)})"
            f" |> filter(fn: (r) => {wanted}) |> {function}()"
        )
        for row in api.flux(script):
            if row.get("interface") != PORTAL:
                found = ends.setdefault(row.get("serial") or "", {"first": {}, "last": {}})[function]
                point = (int(row["_time"].timestamp()), _exact(row["_value"]))
                field = names[row["_field"]]
                found[field] = better(found.get(field, point), point)
    return [_span(serial, found["first"], found["last"]) for serial, found in ends.items()]


def _span(serial: str, first: Mapping[str, tuple[int, int]], last: Mapping[str, tuple[int, int]]) -> Span:
    begin_s, end_s = min(time_s for time_s, _ in first.values()), max(time_s for time_s, _ in last.values())
    values = [{field: value for field, (_, value) in points.items()} for points in (first, last)]
    return Span(serial, begin_s + _WINDOW_S, end_s + _WINDOW_S, *values)


def _exact(value: float) -> int:
    """A number of Wh as a whole number of the last digit of `_EXACT`."""
    return int(Decimal(repr(value)).scaleb(_EXACT))


def _forget(kept: Place, measurement: str, meter: str) -> None:
    """Delete the register that was made before. Raises RefusedError, SourceError."""
    where = {"_measurement": measurement, "meter": meter, "interface": PORTAL}
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
