"""Turns a seed and a second into the power of a home, and the power into registers: the exact integral, in integers.

The power of a second is an integer in W. It depends only on seed and time: standby and its flicker, plus the appliances that are on, minus
the power of the roof. A register counts Ws. At second t it shows the energy of all seconds from the start until before t. So the difference
of two registers is the sum of the powers between them, and nothing is rounded. The meter cuts Ws to Wh only when it shows them. Three
phases are balanced before they are counted [assumed: the rule of Polish prosumers' meters since 2024]. A whole UTC hour is computed at
once. In Warsaw a UTC hour is always one hour of the local day, so it has only one tariff zone.
"""

from datetime import date
from itertools import accumulate
from operator import add, sub
from typing import Final, NamedTuple

from telegraf_han.clock import Zone
from telegraf_han.simulate.appliances import STANDBY, Span, cycle_spans, day_plan
from telegraf_han.simulate.weather import DAY_S, EPOCH_DAY, HOUR_S, dice, roof_w

ZONES: Final = 4
"""Tariff zones for which a Stoen meter has registers. A tariff uses one or two of them."""

_WARSAW: Final = Zone()
_G12_CHEAP: Final = frozenset({22, 23, 0, 1, 2, 3, 4, 5, 13, 14})
_WEEKEND: Final = frozenset({5, 6})


class Tariff(NamedTuple):
    """The local hours that count in zone 2, on workdays and on weekends. All other hours count in zone 1."""

    workday: frozenset[int]
    weekend: frozenset[int]


TARIFFS: Final = {
    "g11": Tariff(frozenset(), frozenset()),
    "g12": Tariff(_G12_CHEAP, _G12_CHEAP),
    "g12w": Tariff(_G12_CHEAP, frozenset(range(24))),
}
"""Stoen Operator's household tariffs. G12w counts public holidays as weekends, but this table leaves them out."""

_FLICKER_SPAN: Final = 8_192
_FLICKER_W: Final = 4
_FLICKER: Final = [int((2 * _FLICKER_W + 1) * dice("flicker", place).random()) - _FLICKER_W for place in range(_FLICKER_SPAN)] * 2
"""The values come twice, so that every hour finds its 3600 values in one slice."""

_GRID_DV: Final = (
    2350, 2356, 2360, 2361, 2358, 2350, 2334, 2322, 2324, 2330, 2334, 2336,
    2336, 2334, 2336, 2332, 2322, 2312, 2304, 2300, 2302, 2312, 2326, 2340,
)  # fmt: skip
"""Voltage of an unloaded line at each full local hour, 0.1 V: high at night, low when everybody cooks."""
_WATTS_PER_VOLT: Final = 600
"""Power on one phase that moves its voltage by 1 V: about 0.4 ohm of cable and transformer."""


class Home(NamedTuple):
    """What makes one household differ from another."""

    seed: int = 1
    phases: int = 3
    pv_w: int = 5_000
    """Rating of the solar roof, W, or 0 if there is none."""
    tariff: str = "g12"


class Moment(NamedTuple):
    """What a meter could show at one second."""

    utc_s: int
    zone: int
    """Tariff zone, from 1."""
    net_w: int
    """Power taken from the grid. It is negative if the home feeds the grid."""
    net_var: int
    phase_w: tuple[int, ...]
    import_ws: tuple[int, ...]
    """By tariff zone, zone 1 first; the total is their sum."""
    export_ws: tuple[int, ...]


class Hour(NamedTuple):
    """One UTC hour, with a value for each second. The two sums have one value more and begin with 0."""

    begin_s: int
    zone: int
    phase_w: tuple[list[int], ...]
    net_w: list[int]
    net_var: list[int]
    import_ws: list[int]
    export_ws: list[int]


def local_time(utc_s: int) -> tuple[int, int]:
    """Local day in Warsaw (ordinal of its date) and second of that day's wall clock."""
    wall_s = utc_s + _WARSAW.offset_s(utc_s)
    return wall_s // DAY_S + EPOCH_DAY, wall_s % DAY_S


def tariff_zone(tariff: str, utc_s: int) -> int:
    """The zone, 1 or 2, in which energy counts at that moment."""
    day, second = local_time(utc_s)
    row = TARIFFS[tariff]
    cheap = row.weekend if date.fromordinal(day).weekday() in _WEEKEND else row.workday
    return 2 if second // HOUR_S in cheap else 1


def hour_of(home: Home, begin_s: int) -> Hour:
    """The hour that begins at `begin_s`, a multiple of 3600."""
    spans = _spans(home.seed, begin_s)
    roof = roof_w(home.seed, begin_s, home.pv_w)
    loads, net_var = _loads(home, begin_s, spans)
    phase_w = _less_roof(loads, roof)
    net_w = phase_w[0] if home.phases == 1 else list(map(sum, zip(*phase_w, strict=True)))
    taken = [power if power > 0 else 0 for power in net_w]  # noqa: FURB136, `max` takes three times as long
    given = list(map(sub, taken, net_w))
    return Hour(
        begin_s,
        tariff_zone(home.tariff, begin_s),
        phase_w,
        net_w,
        net_var,
        list(accumulate(taken, initial=0)),
        list(accumulate(given, initial=0)),
    )


def _spans(seed: int, begin_s: int) -> list[Span]:
    """All spans that may fall into that hour."""
    day, _ = local_time(begin_s)
    end_s = begin_s + HOUR_S
    return [*day_plan(seed, day - 1), *day_plan(seed, day), *day_plan(seed, day + 1), *cycle_spans(seed, day, begin_s, end_s)]


def _loads(home: Home, begin_s: int, spans: list[Span]) -> tuple[list[list[int]], list[int]]:
    """The W of each phase and the var of all phases, for each second. Steps are stored as differences and summed up once."""
    steps_w = [[0] * (HOUR_S + 1) for _ in range(home.phases)]
    steps_var = [0] * (HOUR_S + 1)
    for place, (watts, var) in enumerate(STANDBY):
        steps_w[place % home.phases][0] += watts
        steps_var[0] += var
    for span in spans:
        first, last = max(span.begin_s - begin_s, 0), min(span.end_s - begin_s, HOUR_S)
        if first >= last:
            continue
        steps = steps_w[span.phase % home.phases]
        steps[first] += span.watts
        steps[last] -= span.watts
        steps_var[first] += span.var
        steps_var[last] -= span.var
    roll = dice(home.seed, "flicker", begin_s).random
    loads = []
    for steps in steps_w:
        shift = int(roll() * _FLICKER_SPAN)
        loads.append(list(map(add, accumulate(steps), _FLICKER[shift : shift + HOUR_S])))
    return loads, list(accumulate(steps_var))[:HOUR_S]


def _less_roof(loads: list[list[int]], roof: list[int]) -> tuple[list[int], ...]:
    """The loads minus an equal share of the roof on every phase. The remainder of the division goes to the first phase."""
    phases = len(loads)
    share = [power // phases for power in roof]
    first = [power - part * (phases - 1) for power, part in zip(roof, share, strict=True)]
    return (list(map(sub, loads[0], first)), *(list(map(sub, load, share)) for load in loads[1:]))


def voltages_dv(home: Home, moment: Moment) -> tuple[int, ...]:
    """Voltage of each phase, 0.1 V: that of the hour, lower with more load, higher with more power from the roof."""
    _, second = local_time(moment.utc_s)
    hour, rest = divmod(second, HOUR_S)
    before, after = _GRID_DV[hour], _GRID_DV[(hour + 1) % 24]
    line = before + (after - before) * rest // HOUR_S
    return tuple(
        line + _FLICKER[(moment.utc_s * (phase + 3) + home.seed) % _FLICKER_SPAN] - 10 * power // _WATTS_PER_VOLT
        for phase, power in enumerate(moment.phase_w)
    )


def first_readings(home: Home) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The registers at the start, import and export by zone, Ws. They hold some years of use and depend only on the seed."""
    roll = dice(home.seed, "registers").random
    zones_used = 1 if home.tariff == "g11" else 2
    taken = [int((4e6 + 12e6 * roll()) * HOUR_S) for _ in range(zones_used)]
    given = [int((1e6 + 5e6 * roll()) * HOUR_S) if home.pv_w else 0 for _ in range(zones_used)]
    unused = [0] * (ZONES - zones_used)
    return tuple(taken + unused), tuple(given + unused)


class Household:
    """A home with a meter that began to count at `start_s`. Ask for moments in rising order: it holds one hour at a time."""

    __slots__ = ("_export_ws", "_hour", "_import_ws", "home")

    def __init__(self, home: Home, start_s: int) -> None:
        """Registers at `start_s` (UTC) are `first_readings`."""
        self.home: Final = home
        self._hour = hour_of(home, start_s - start_s % HOUR_S)
        taken, given = first_readings(home)
        second, place = start_s - self._hour.begin_s, self._hour.zone - 1
        # The first hour began before the start. This makes its sums equal to the first readings at the start.
        self._import_ws = _added(taken, place, -self._hour.import_ws[second])
        self._export_ws = _added(given, place, -self._hour.export_ws[second])

    def at(self, utc_s: int) -> Moment:
        """The moment at that second. Raises ValueError for a second before the hour of the last call."""
        while utc_s >= self._hour.begin_s + HOUR_S:
            self._next_hour()
        hour = self._hour
        second, place = utc_s - hour.begin_s, hour.zone - 1
        if second < 0:
            raise ValueError(f"second {utc_s} lies before the hour that begins at {hour.begin_s}")
        return Moment(
            utc_s,
            hour.zone,
            hour.net_w[second],
            hour.net_var[second],
            tuple([phase[second] for phase in hour.phase_w]),
            _added(self._import_ws, place, hour.import_ws[second]),
            _added(self._export_ws, place, hour.export_ws[second]),
        )

    def _next_hour(self) -> None:
        hour = self._hour
        self._import_ws = _added(self._import_ws, hour.zone - 1, hour.import_ws[HOUR_S])
        self._export_ws = _added(self._export_ws, hour.zone - 1, hour.export_ws[HOUR_S])
        self._hour = hour_of(self.home, hour.begin_s + HOUR_S)


def _added(registers: tuple[int, ...], place: int, amount: int) -> tuple[int, ...]:
    """The registers with `amount` more in one place."""
    return (*registers[:place], registers[place] + amount, *registers[place + 1 :])
