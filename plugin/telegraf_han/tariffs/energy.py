"""Computes how much energy each hour had, from the readings of registers that InfluxDB keeps by five minutes.

The point of a window holds the register as it stood at the window's end. So without a gap the energy of an hour is the last value of this
hour minus that of the hour before. If something odd happened, the last and the highest values of both hours decide, as on the boards
(`grafana/registers.py` has the table of the rule and its reasons): a value that was too low counts nothing, a register that rolled over
counts on, and the step of a register that began again is no energy. No hour is ever negative, and no energy counts twice.

The boards give the energy of a gap to the hour in which readings came again. For a bill that is wrong, because that hour may have another
price. So here it is spread over the hours of the gap in proportion to time, and marked as estimated. A gap inside one hour needs no
estimate. A meter may have had several serial numbers: each has registers of its own, which begin with their first reading.

Floats are only compared and never added here. Each becomes an exact decimal before it is subtracted.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from math import ceil, log10
from typing import Final, NamedTuple

WINDOW_S: Final = 300
"""Length of the windows of the down-sampled data."""
HOUR_S: Final = 3_600
NEAR: Final = Decimal(1) / 200
"""A register rolls over if it was within this part of the power of ten below it, and is within this part above zero afterwards."""
SHARE_WH: Final = Decimal("0.001")
"""The shares of a gap are rounded to this, in such a way that they add up. So InfluxDB's sums of them can be rounded, too."""
ZONES: Final = ("", "t1_", "t2_", "t3_", "t4_")
REGISTERS: Final = tuple(f"active_energy_{direction}_{zone}wh" for direction in ("import", "export") for zone in ZONES)
"""The fields of a reading: the total and the four zones of both directions."""
_EXPORT: Final = len(ZONES)
_NOTHING: Final = Decimal(0)

Point = tuple[int, float]
"""Start of the window (UTC second), and the register at its end."""
Reading = tuple[int, Sequence[float | None]]
"""Start of the window (UTC second), and the values in the order of `REGISTERS`. None: not sent in this window."""


class Hour(NamedTuple):
    """The energy of one hour."""

    start_s: int
    """UTC second, a whole hour."""
    imported_wh: tuple[Decimal, ...]
    """Total, t1, t2, t3, t4. 0 where the meter has no such register."""
    exported_wh: tuple[Decimal, ...]
    """The same five."""
    estimated_wh: Decimal
    """How much of the two totals was spread over a gap."""
    produced_wh: Decimal


class Interval(NamedTuple):
    """The points of one register in one hour."""

    first_s: int
    """Start of the window of the first point, UTC second."""
    last_s: int
    first: float
    last: float
    low: float
    high: float


class Counted(NamedTuple):
    """Energy of one register by hour: start of the hour (UTC second) → Wh."""

    wh: dict[int, Decimal]
    estimated_wh: dict[int, Decimal]
    """The part of it that was spread over a gap."""


def hours(serials: Iterable[Sequence[Reading]], inverters: Iterable[Sequence[Point]], begin_s: int) -> list[Hour]:
    """The hours of one meter from `begin_s` on (a whole hour), without holes, up to the hour of its last reading.

    `serials` holds the readings of each serial number, `inverters` the points of each inverter. Both also hold the last hour before
    `begin_s` that has readings, if there is one. Without it the hours begin with the first reading.
    """
    readings = list(serials)
    stamps = [window_s for serial in readings for window_s, _ in serial]
    if not stamps:
        return []
    totals = [_Totals() for _ in REGISTERS]
    for serial in readings:
        for place, found in enumerate(_registers(serial)):
            totals[place].add(found)
    produced = _Totals()
    for inverter in inverters:
        produced.add(counted(inverter))
    starts = range(max(begin_s, _hour(min(stamps))), _hour(max(stamps)) + HOUR_S, HOUR_S)
    return [_summed(start_s, totals, produced) for start_s in starts]


def counted(points: Iterable[Point]) -> Counted:
    """The energy that one register counted. It begins with its first point."""
    found = Counted({}, {})
    before: Interval | None = None
    for interval in _intervals(points):
        hour_s = _hour(interval.first_s)
        if before is None:
            _add(found.wh, hour_s, _inside(interval))
        else:
            energy = _energy(before, interval)
            in_gap = max(energy - _inside(interval), _NOTHING) if interval.first_s - before.last_s > WINDOW_S else _NOTHING
            _add(found.wh, hour_s, energy - in_gap)
            if in_gap:
                _spread(found, in_gap, before.last_s + WINDOW_S, interval.first_s + WINDOW_S)
        before = interval
    return found


class _Totals:
    """One register of several serial numbers."""

    def __init__(self) -> None:
        self.wh: Final[dict[int, Decimal]] = {}
        self.estimated_wh: Final[dict[int, Decimal]] = {}

    def add(self, found: Counted) -> None:
        for hour_s, wh in found.wh.items():
            _add(self.wh, hour_s, wh)
        for hour_s, wh in found.estimated_wh.items():
            _add(self.estimated_wh, hour_s, wh)


def _summed(start_s: int, totals: Sequence[_Totals], produced: _Totals) -> Hour:
    energies = tuple(total.wh.get(start_s, _NOTHING) for total in totals)
    estimated = sum((totals[place].estimated_wh.get(start_s, _NOTHING) for place in (0, _EXPORT)), _NOTHING)
    return Hour(start_s, energies[:_EXPORT], energies[_EXPORT:], estimated, produced.wh.get(start_s, _NOTHING))


def _registers(serial: Sequence[Reading]) -> list[Counted]:
    """What each register of a serial number counted. If a meter sends zones and no total, their sum is the total."""
    columns = [
        [(window_s, value) for window_s, values in serial if (value := values[place]) is not None] for place in range(len(REGISTERS))
    ]
    found = [counted(column) for column in columns]
    for total in (0, _EXPORT):
        if not columns[total]:
            both = _Totals()
            for zone in range(total + 1, total + len(ZONES)):
                both.add(found[zone])
            found[total] = Counted(both.wh, both.estimated_wh)
    return found


def _intervals(points: Iterable[Point]) -> Iterable[Interval]:
    """The points of each hour that has any, in order."""
    for _, group in groupby(sorted(points), lambda point: _hour(point[0])):
        inside = list(group)
        values = [value for _, value in inside]
        yield Interval(inside[0][0], inside[-1][0], values[0], values[-1], min(values), max(values))


def _inside(interval: Interval) -> Decimal:
    """The energy from the first to the last point of an hour."""
    begin = interval._replace(last=interval.first, high=interval.first)
    return _energy(begin, interval)


def _energy(before: Interval, now: Interval) -> Decimal:
    """The energy from the last point of an interval to the last point of the next one, by the rule of the boards."""
    end, low = exact(now.last), exact(now.low)
    last_rose = end - exact(before.last)
    highest_rose = exact(now.high) - exact(before.high)
    if last_rose >= 0:
        return last_rose if highest_rose < 0 else min(last_rose, highest_rose)
    top = _rolled_over(before.last, now.last)
    if top:
        return last_rose + top
    return max(highest_rose, _NOTHING) + end - low


def _rolled_over(before: float, now: float) -> int:
    """The power of ten that a register passed, or 0 if it was reset."""
    if before <= 0:
        return 0
    top = 10 ** ceil(log10(before + 0.5))
    return top if top - exact(before) < top * NEAR and 0 <= exact(now) < top * NEAR else 0


def _spread(found: Counted, energy: Decimal, begin_s: int, end_s: int) -> None:
    """Give the energy between two moments to the hours between them."""
    given = _NOTHING
    only_one = _hour(begin_s) == _hour(end_s - 1)
    for hour_s in range(_hour(begin_s), end_s, HOUR_S):
        up_to_s = min(hour_s + HOUR_S, end_s)
        up_to = energy if up_to_s == end_s else (energy * (up_to_s - begin_s) / (end_s - begin_s)).quantize(SHARE_WH)
        _add(found.wh, hour_s, up_to - given)
        if not only_one:
            _add(found.estimated_wh, hour_s, up_to - given)
        given = up_to


def exact(number: float) -> Decimal:
    """The number as it is written with the fewest digits: 0.1, and not the binary number next to it."""
    return Decimal(repr(number))


def _add(sums: dict[int, Decimal], hour_s: int, wh: Decimal) -> None:
    sums[hour_s] = sums.get(hour_s, _NOTHING) + wh


def _hour(time_s: int) -> int:
    return time_s - time_s % HOUR_S
