"""What goes wrong in an accelerated time, and which telegrams are therefore not sent. Everything follows from the seed.

A fault has a begin and an end in rounds. A round is one `every_s` of the meters' time.
"""

from __future__ import annotations

import random
from typing import NamedTuple

DAY_S = 86_400
HOUR_S = 3600
SHORTEST_S = 2 * HOUR_S + 600
"""A day is never shorter than this, so that some hours have no telegrams at all."""


class Fault(NamedTuple):
    """Something that begins in one round and ends before another."""

    kind: str
    begin: int
    end: int


class Damage(NamedTuple):
    """How often single telegrams go wrong, as shares."""

    on_the_cable: float = 1 / 2000
    """Telegrams of a P1 meter with one wrong byte."""
    on_the_air: float = 1 / 50
    """Telegrams that one of the two receivers does not hear."""
    replayed: float = 1 / 1000
    """Radio telegrams after which somebody sends a recording of a day ago."""


KINDS = {
    # kind: where in the year, of its length; how long it lasts, s
    "telegraf": (0.04, 0),
    "cable": (0.12, DAY_S),
    "influx killed": (0.20, 3600),
    "converter": (0.30, DAY_S),
    "attic": (0.38, 0),
    "cellar": (0.42, 10 * DAY_S),
    "influx stopped": (0.52, 3600),
    "clock two hours ahead": (0.60, DAY_S),
    "clock four minutes ahead": (0.70, DAY_S),
    "influx slow to return": (0.80, 6 * 3600),
    "attic again": (0.90, 0),
}
AHEAD_S = {"clock two hours ahead": 7200, "clock four minutes ahead": 240}
"""How far the clock of the first P1 meter is ahead."""


def planned(seed: int, days: float, every_s: int) -> list[Fault]:
    """The faults of a year, each somewhere in its own part of it. A shorter time has shorter faults."""
    roll = random.Random(f"faults {seed}")
    found = []
    for kind, (place, lasts_s) in KINDS.items():
        begin_s = (place + roll.uniform(0, 0.02)) * days * DAY_S
        end_s = begin_s + max(lasts_s * min(1.0, days / 100), min(lasts_s, SHORTEST_S))
        if kind in AHEAD_S:
            # In the middle of an hour, so that the last telegram of each hour is the one with the highest register.
            begin_s, end_s = (moment_s // HOUR_S * HOUR_S + HOUR_S // 2 for moment_s in (begin_s, end_s + HOUR_S))
        begin = int(begin_s / every_s)
        found.append(Fault(kind, begin, max(begin + 1, int(end_s / every_s))))
    return found
