"""Turns a seed and a day into the appliances that are on in a home, as spans of constant power. There is one row per appliance.

A row says how much power the appliance draws, step by step, and when people use it. A habit has weekdays, a usual minute, a spread and a
chance. Lamps are on while it is dark and somebody is up. Fridges and pumps run in cycles of their own. The plan of a day depends only on
seed and date. A span that runs past midnight belongs to the day on which it began. Heaters that use cheap electricity run in zone 2 of
Warsaw's G12, as in a home that pays by this tariff. [assumed] all powers and habits: they are usual, and do not describe a real home.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from telegraf_han.clock import Zone
from telegraf_han.simulate.weather import DAY_S, EPOCH_DAY, dark_spans, dice, summer_share


class Step(NamedTuple):
    """A number of seconds with one power. Positive var is inductive."""

    seconds: int
    watts: int
    var: int


class Habit(NamedTuple):
    """When an appliance is used: on these weekdays (0 is Monday), about that local minute, with that chance out of 100."""

    weekdays: frozenset[int]
    minute: int
    spread: int
    chance: int


class Appliance(NamedTuple):
    """One row: phase 0 to 2, its steps, its habits."""

    name: str
    phase: int
    steps: tuple[Step, ...]
    habits: tuple[Habit, ...]


class Lamp(NamedTuple):
    """Lights of one room: on between two local minutes, give or take `spread`, while it is dark."""

    phase: int
    watts: int
    var: int
    begin: int
    end: int
    spread: int


class Cycle(NamedTuple):
    """An appliance with its own thermostat. It is on for a share of each period, depending on the season.

    Its start takes `inrush` W for 2 s.
    """

    name: str
    phase: int
    watts: int
    var: int
    period_s: int
    winter_share: float
    summer_share: float
    inrush: int


class Span(NamedTuple):
    """Constant power from `begin_s` until before `end_s` (UTC) on one phase."""

    begin_s: int
    end_s: int
    phase: int
    watts: int
    var: int


_WORK: Final = frozenset({0, 1, 2, 3, 4})
_REST: Final = frozenset({5, 6})
_ALL: Final = _WORK | _REST
_STRETCH: Final = 0.2
"""A use takes longer or shorter than its row says, by up to this share."""
_INRUSH_S: Final = 2


def _at(hour: int, minute: int = 0) -> int:
    return hour * 60 + minute


def _cycled(times: int, on: Step, off: Step) -> tuple[Step, ...]:
    return (on, off) * times


STANDBY: Final = ((58, -40), (22, -45), (18, -35))
"""The power that is always on, by phase: (W, var)."""

APPLIANCES: Final = (
    Appliance("kettle", 1, (Step(190, 2000, 0),), (
        Habit(_WORK, _at(6, 25), 20, 95), Habit(_WORK, _at(16, 50), 30, 70), Habit(_REST, _at(8, 40), 50, 95),
        Habit(_REST, _at(11, 30), 60, 60), Habit(_REST, _at(15, 40), 60, 70), Habit(_ALL, _at(19, 40), 50, 85),
    )),
    Appliance("toaster", 1, (Step(150, 850, 0),), (Habit(_WORK, _at(6, 30), 15, 50), Habit(_REST, _at(9), 40, 60))),
    Appliance("hair dryer", 0, (Step(260, 1300, 15),), (Habit(_WORK, _at(6, 50), 15, 70), Habit(_REST, _at(10, 10), 50, 40))),
    Appliance("microwave", 1, (Step(160, 1250, 180),), (Habit(_ALL, _at(17, 20), 60, 55), Habit(_REST, _at(13, 20), 50, 40))),
    Appliance("hob", 2, _cycled(22, Step(42, 1500, -60), Step(26, 0, 0)), (
        Habit(_WORK, _at(17, 30), 40, 75), Habit(_REST, _at(12, 40), 50, 90), Habit(_REST, _at(9, 10), 30, 50),
    )),
    Appliance("oven", 2, (Step(560, 2400, 30), *_cycled(16, Step(55, 2400, 30), Step(95, 70, 20))), (
        Habit(_WORK, _at(17, 50), 45, 20), Habit(_REST, _at(12, 10), 50, 55), Habit(_REST, _at(16, 30), 60, 25),
    )),
    Appliance("washing machine", 0, (
        Step(150, 25, 30), Step(840, 2050, 60), *_cycled(110, Step(14, 190, 160), Step(10, 20, 30)), Step(180, 60, 60), Step(480, 430, 260),
    ), (Habit(_WORK, _at(13, 10), 15, 30), Habit(_WORK, _at(22, 15), 20, 20), Habit(_REST, _at(13, 15), 30, 65))),
    Appliance("dishwasher", 0, (
        Step(420, 60, 45), Step(960, 1900, 60), Step(1500, 75, 50), Step(720, 1900, 60), Step(1200, 15, 10),
    ), (Habit(_ALL, _at(22, 20), 25, 75),)),
    Appliance("water heater, night", 2, (Step(6000, 2000, 0),), (Habit(_ALL, _at(22, 40), 10, 100),)),
    Appliance("water heater, noon", 2, (Step(1500, 2000, 0),), (Habit(_ALL, _at(13, 10), 5, 100),)),
    Appliance("television", 0, (Step(10_200, 95, -30),), (Habit(_WORK, _at(19, 15), 40, 85), Habit(_REST, _at(18, 10), 90, 90))),
    Appliance("computer", 0, (Step(9_000, 130, -45),), (
        Habit(_WORK, _at(17, 40), 60, 60), Habit(frozenset({1, 4}), _at(8, 20), 30, 90), Habit(_REST, _at(10, 30), 90, 65),
    )),
    Appliance("vacuum cleaner", 1, (Step(1500, 850, 120),), (Habit(frozenset({5}), _at(10, 50), 60, 85),)),
    Appliance("iron", 1, _cycled(26, Step(34, 2200, 0), Step(58, 0, 0)), (Habit(frozenset({6}), _at(20), 60, 75),)),
)  # fmt: skip

LAMPS: Final = (
    # phase, W, var, from, to (minutes of the local day), spread
    Lamp(0, 38, -12, _at(6, 10), _at(7, 40), 15),
    Lamp(1, 30, -10, _at(6, 20), _at(7, 30), 15),
    Lamp(0, 64, -20, _at(15), _at(22, 50), 30),
    Lamp(1, 45, -14, _at(16, 30), _at(21), 40),
    Lamp(2, 28, -9, _at(20), _at(23, 30), 30),
)

CYCLES: Final = (
    # name, phase, W, var, period, share on in winter and in summer, inrush
    Cycle("fridge", 1, 88, 62, 3_140, 0.30, 0.44, 420),
    Cycle("freezer", 2, 74, 55, 4_270, 0.34, 0.42, 360),
    Cycle("heating pump", 0, 46, 22, 5_400, 0.95, 0.0, 0),
)


@lru_cache(8)
def midnight_s(day: int) -> int:
    """Beginning of a local day (ordinal of its date) in Warsaw, UTC seconds. The clock never changes at midnight."""
    wall_s = (day - EPOCH_DAY) * DAY_S
    return wall_s - Zone().offset_s(wall_s - 3_600)


@lru_cache(8)
def day_plan(seed: int, day: int) -> tuple[Span, ...]:
    """All spans of appliances and lamps that begin on a local day (ordinal of its date)."""
    return (*_uses(seed, day), *_lights(seed, day))


def _uses(seed: int, day: int) -> Iterator[Span]:
    """Spans of the uses of a day. Every habit draws the same number of times, so that one row does not change another."""
    weekday = date.fromordinal(day).weekday()
    for appliance in APPLIANCES:
        roll = dice(seed, appliance.name, day).random
        for habit in appliance.habits:
            chance, shift, stretch = roll(), roll() * 2 - 1, 1 + _STRETCH * (roll() * 2 - 1)
            if weekday not in habit.weekdays or chance * 100 >= habit.chance:
                continue
            begin_s = midnight_s(day) + int((habit.minute + habit.spread * shift) * 60)
            yield from _steps(appliance, begin_s, stretch)


def _steps(appliance: Appliance, begin_s: int, stretch: float) -> Iterator[Span]:
    for step in appliance.steps:
        end_s = begin_s + max(int(step.seconds * stretch), 1)
        yield Span(begin_s, end_s, appliance.phase, step.watts, step.var)
        begin_s = end_s


def _lights(seed: int, day: int) -> Iterator[Span]:
    """Spans of lamps: the times when their hours and the dark overlap."""
    begin_of_day_s = midnight_s(day)
    roll = dice(seed, "lamps", day).random
    for lamp in LAMPS:
        on_s = begin_of_day_s + int((lamp.begin + lamp.spread * (roll() * 2 - 1)) * 60)
        off_s = begin_of_day_s + int((lamp.end + lamp.spread * (roll() * 2 - 1)) * 60)
        for dusk_s, dawn_s in dark_spans(begin_of_day_s):
            if max(on_s, dusk_s) < min(off_s, dawn_s):
                yield Span(max(on_s, dusk_s), min(off_s, dawn_s), lamp.phase, lamp.watts, lamp.var)


def cycle_spans(seed: int, day: int, begin_s: int, end_s: int) -> Iterator[Span]:
    """Spans of everything that runs in cycles and is on between two moments of a local day."""
    summer = summer_share(day)
    for cycle in CYCLES:
        on_s = int(cycle.period_s * (cycle.winter_share + (cycle.summer_share - cycle.winter_share) * summer))
        shift_s = int(dice(seed, cycle.name).random() * cycle.period_s)
        first_s = begin_s - (begin_s + shift_s) % cycle.period_s
        for start_s in range(first_s, end_s, cycle.period_s):
            yield Span(start_s, start_s + on_s, cycle.phase, cycle.watts, cycle.var)
            if on_s and cycle.inrush:
                yield Span(start_s, start_s + _INRUSH_S, cycle.phase, cycle.inrush, cycle.inrush // 2)
