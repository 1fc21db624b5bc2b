"""Turns a seed and an hour into the sun over Warsaw, and into the power that a solar roof makes from it.

The sun stands where latitude, longitude and the day's declination put it. There is no equation of time, because a quarter of an hour is not
visible on a load curve. A roof that faces south at 35 degrees is treated as a horizontal roof 35 degrees nearer the equator. Each day
draws a kind of sky. Each hour and each two minutes draw their share of cloud. All draws depend only on seed and time, so any hour can be
computed without the hours before it. Power is an integer for every second, interpolated between two-minute points.
[assumed] everything here: it has to be believable, not right.
"""

import math
from datetime import date
from functools import lru_cache
from itertools import pairwise
from random import Random
from typing import Final, NamedTuple

HOUR_S: Final = 3_600
DAY_S: Final = 86_400
EPOCH_DAY: Final = date(1970, 1, 1).toordinal()

_LATITUDE: Final = math.radians(52.23)
_ROOF_LATITUDE: Final = math.radians(52.23 - 35)
_LONGITUDE_TURNS: Final = 21.01 / 360
_TROPIC: Final = math.radians(23.44)
_SOLSTICE_DAYS: Final = 10
"""Days between the winter solstice and the end of the year."""
_YEAR_DAYS: Final = 365.25
_POINT_S: Final = 120
_POINTS: Final = HOUR_S // _POINT_S
_SYSTEM: Final = 0.85
"""Share of the panels' rating that inverter, cables, heat and dirt leave."""


class Sky(NamedTuple):
    """One kind of day."""

    name: str
    summer_chance: int
    """Days out of 100 at midsummer. `winter_chance` is the same at midwinter. Between the two it is a mixture."""
    winter_chance: int
    through: float
    """Mean share of the sun that comes through."""
    swing: float
    """How far clouds move that share up and down."""


SKIES: Final = (
    Sky("clear", 35, 15, 0.95, 0.04),
    Sky("fair", 30, 20, 0.75, 0.22),
    Sky("broken", 20, 25, 0.50, 0.40),
    Sky("overcast", 15, 40, 0.18, 0.08),
)


def dice(*parts: int | str) -> Random:
    """A generator that depends only on `parts`. Its `random()` is the same on every Python version."""
    return Random("/".join(map(str, parts)))  # noqa: S311, a household, no secret


def summer_share(day: int) -> float:
    """How near to midsummer a day (ordinal of its date) is: 0 at midwinter, 1 at midsummer."""
    day_of_year = day - date(date.fromordinal(day).year, 1, 1).toordinal()
    return 0.5 - 0.5 * math.cos(2 * math.pi * (day_of_year + _SOLSTICE_DAYS) / _YEAR_DAYS)


def _sine(latitude: float, utc_s: int) -> float:
    """Sine of the sun's height over a horizon at that latitude."""
    declination = _TROPIC * (2 * summer_share(utc_s // DAY_S + EPOCH_DAY) - 1)
    angle = 2 * math.pi * (utc_s % DAY_S / DAY_S + _LONGITUDE_TURNS - 0.5)
    return math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(angle)


def sun_share(utc_s: int) -> float:
    """Clear-sky power of the roof as a share of its rating; 0 at night."""
    height = _sine(_LATITUDE, utc_s)
    if height <= 0:
        return 0.0
    return _SYSTEM * math.sqrt(math.sqrt(height)) * max(_sine(_ROOF_LATITUDE, utc_s), 0.0)


@lru_cache(8)
def dark_spans(midnight_s: int) -> tuple[tuple[int, int], ...]:
    """(begin, end) in UTC seconds of a local day's two dark spans, to the minute; `midnight_s` is its beginning in UTC.

    Over Warsaw the sun rises every day, so there is always a bright span between them.
    """
    bright = [minute for minute in range(midnight_s, midnight_s + DAY_S, 60) if _sine(_LATITUDE, minute) > 0]
    return (midnight_s, bright[0]), (bright[-1] + 60, midnight_s + DAY_S)


@lru_cache(8)
def sky(seed: int, day: int) -> Sky:
    """The kind of sky on a day."""
    summer = summer_share(day)
    drawn = dice(seed, "sky", day).random() * 100
    for kind in SKIES:
        drawn -= kind.summer_chance * summer + kind.winter_chance * (1 - summer)
        if drawn < 0:
            return kind
    return SKIES[-1]


def _cloud(seed: int, hour_s: int) -> tuple[float, list[float]]:
    """The share of cloud of an hour, and that of each of its two-minute points, -1 to 1."""
    roll = dice(seed, "cloud", hour_s).random
    return roll() * 2 - 1, [roll() * 2 - 1 for _ in range(_POINTS)]


def roof_w(seed: int, hour_s: int, peak_w: int) -> list[int]:
    """Power of a roof rated `peak_w` in each second of the hour that begins at `hour_s`, W, never negative."""
    suns = [sun_share(hour_s + _POINT_S * point) for point in range(_POINTS + 1)]
    if not peak_w or not any(suns):
        return [0] * HOUR_S
    drift, points = _cloud(seed, hour_s)
    next_drift, next_points = _cloud(seed, hour_s + HOUR_S)
    kind = sky(seed, hour_s // DAY_S + EPOCH_DAY)
    powers = []
    for point, (sun, wave) in enumerate(zip(suns, [*points, next_points[0]], strict=True)):
        slow = drift + (next_drift - drift) * point / _POINTS
        through = min(max(kind.through + kind.swing * (slow + wave) / 2, 0.05), 1.0)
        powers.append(int(peak_w * sun * through))
    return [before + (after - before) * second // _POINT_S for before, after in pairwise(powers) for second in range(_POINT_S)]
