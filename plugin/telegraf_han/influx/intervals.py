"""Turns the local times of a portal's rows into the UTC second at which each interval starts.

The result is also right on the days of 23 and 25 hours. Portals name an interval by its start, its end, or its number in the day (1 to 24).
In October one hour comes twice. Portals write it as 2 and 2, 3 and 3, or 2 and 2A, or they count on to 25. So one label may mean several
moments. The module takes the moment that is exactly one interval after the previous row. If there is none, it takes the first moment after
the previous row. This is certain if the rows are in order and complete, as the rows of an export are. If a label has a letter A or an
offset (`+02:00`), the letter or the offset decides.

[assumed] 2A (and 02:00A) is the later of the two hours; [seen] in Polish market rules: on the long day the hours are
1, 2, 2A, 3 … 24. A label in the hour that is missing in March has no moment. The caller decides what to do with such a row.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from telegraf_han.clock import Zone

Stamp = Literal["start", "end"]

INTERVALS_S: Final = (900, 1800, 3600)
"""The intervals of portals: quarter, half and whole hours."""
YEARS: Final = range(1990, 2100)
"""Years of meters that can be read remotely. A date outside them is another number of eight digits."""
_DAY_S: Final = 86_400
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()

_DATES: Final = (
    re.compile(r"(?P<y>\d{4})[-./](?P<m>\d{1,2})[-./](?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?P<d>\d{1,2})[-./](?P<m>\d{1,2})[-./](?P<y>\d{4})(?!\d)"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?!\d)"),
)
_TIME: Final = re.compile(
    r"[hHgG]?(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))?(?:[:.]\d\d(?:[.,]\d+)?)?\s*(?P<mark>[aAsSwW](?![a-zA-Z])|CES?T)?"
    r"\s*(?P<offset>Z|\+\d\d:?\d\d)?\s*(?P<range>[-–—]\s*\d{1,2}(?:[:.]\d\d)*[aA]?)?"
)
_MARKS: Final = {"": "", "a": "winter", "w": "winter", "cet": "winter", "s": "summer", "cest": "summer"}


class Label(NamedTuple):
    """The local time that a row names."""

    day: int
    """Days since 1970."""
    second: int
    """Second of the day, up to 25 hours."""
    season: str = ""
    """`summer` or `winter`, if the label has a mark for it."""
    offset_s: int | None = None
    """Seconds east of UTC, if the label has an offset."""
    is_number: bool = False
    """Whether it is a whole hour without minutes, which may be a number instead of a time."""
    is_range: bool = False
    """Whether it is a range such as `00:00-01:00`, which begins with the start of the interval."""


def label(text: str) -> Label:
    """Read a date and a time as people write them. Raises ValueError with what was expected."""
    text = text.strip()
    dated = next((found for pattern in _DATES if (found := pattern.match(text))), None)
    if dated is None:
        raise ValueError("a date such as 2026-10-25 or 25.10.2026 is expected")
    try:
        day = date(int(dated["y"]), int(dated["m"]), int(dated["d"])).toordinal() - _EPOCH_DAY
    except ValueError:
        raise ValueError("a date of the calendar is expected") from None
    if int(dated["y"]) not in YEARS:
        raise ValueError(f"a year from {YEARS[0]} to {YEARS[-1]} is expected")
    rest = text[dated.end() :].lstrip("T ,;\t")
    timed = _TIME.fullmatch(rest)
    if timed is None:
        raise ValueError("an hour or a time such as 13:15 is expected")
    hour, minute = int(timed["hour"]), int(timed["minute"] or 0)
    if hour > 25 or minute > 59 or (hour > 23 and minute):  # noqa: PLR2004, the clock's own numbers
        raise ValueError("a time of day is expected")
    season = _MARKS[(timed["mark"] or "").lower()]
    return Label(day, hour * 3600 + minute * 60, season, _offset_s(timed["offset"]), timed["minute"] is None, timed["range"] is not None)


def _offset_s(text: str | None) -> int | None:
    if not text:
        return None
    digits = text.replace(":", "")
    return 0 if text == "Z" else int(digits[1:3]) * 3600 + int(digits[3:5]) * 60


def _clock(one: Label) -> int:
    """The time that the local clock shows, as seconds since 1970 in local time."""
    return one.day * _DAY_S + one.second


def interval_s(labels: Sequence[Label]) -> int:
    """Length of the intervals: the most frequent distance between rows. Raises ValueError if portals have no such interval."""
    moments = [_clock(one) for one in labels]
    steps = Counter(abs(second - first) for first, second in pairwise(moments))
    step_s = steps.most_common(1)[0][0] if steps else 0
    if step_s not in INTERVALS_S:
        raise ValueError("rows a quarter, half or whole hour apart are expected; if they are, set --interval")
    return step_s


def stamp(labels: Sequence[Label], step_s: int) -> Stamp:
    """Whether the labels name the start or the end of their intervals."""
    first, last = min(labels, key=_clock), max(labels, key=_clock)
    if any(one.is_range for one in labels):
        return "start"
    if any(one.second >= _DAY_S for one in labels) or (all(one.is_number for one in labels) and all(one.second for one in labels)):
        return "end"
    return "end" if first.second == step_s and last.second == 0 else "start"


def starts(labels: Sequence[Label], step_s: int, named: Stamp, zone: Zone) -> list[int | None]:
    """UTC second of each interval's start; None if the label's hour does not exist on that day, or was taken before."""
    if labels and _clock(labels[0]) > _clock(labels[-1]):
        return starts(labels[::-1], step_s, named, zone)[::-1]
    numbered = _numbered_days(labels, step_s, zone)
    found: list[int | None] = []
    before = -(1 << 62)
    for one in labels:
        start_s = numbered.get(one) or _chosen(_candidates(one, step_s, named, zone), before, step_s)
        found.append(start_s)
        before = before if start_s is None else start_s
    return found


def _numbered_days(labels: Sequence[Label], step_s: int, zone: Zone) -> dict[Label, int]:
    """The rows of days that do not have 24 hours and whose labels are exactly the numbers from 1 to the number of hours."""
    by_day: dict[int, list[Label]] = {}
    for one in labels:
        if one.is_number and not one.season:
            by_day.setdefault(one.day, []).append(one)
    found = {}
    for day, rows in by_day.items():
        midnight_s = _midnight_s(day, zone)
        hours = (_midnight_s(day + 1, zone) - midnight_s) // 3600
        if hours != 24 and step_s == 3600 and [row.second for row in rows] == [hour * 3600 for hour in range(1, hours + 1)]:  # noqa: PLR2004
            found.update({row: midnight_s + place * step_s for place, row in enumerate(rows)})
    return found


def _midnight_s(day: int, zone: Zone) -> int:
    """UTC second at which a local day begins."""
    return next(iter(_moments(day * _DAY_S, zone)), day * _DAY_S - zone.offset_s(day * _DAY_S))


def _moments(wall_s: int, zone: Zone) -> list[int]:
    """UTC seconds at which a local clock shows this time: usually one, in October two, in March none."""
    year = date.fromordinal(wall_s // _DAY_S + _EPOCH_DAY).year
    offsets = sorted(set(zone.offsets_s(year)), reverse=True)
    return [wall_s - offset_s for offset_s in offsets if zone.offset_s(wall_s - offset_s) == offset_s]


def _candidates(one: Label, step_s: int, named: Stamp, zone: Zone) -> list[int]:
    """All starts that a label can mean.

    A label that names an end may mean the interval that ends when the clock shows that time, or the one that starts when the clock
    shows one step less.
    """
    wall_s = _clock(one)
    back_s = step_s if named == "end" else 0
    if one.offset_s is not None:
        return [wall_s - one.offset_s - back_s]
    by_end = [moment - back_s for moment in _moments(wall_s, zone)]
    by_name = _moments(wall_s - back_s, zone)
    found = sorted({*by_end, *by_name})
    if one.season and len(found) > 1:
        return found[-1:] if one.season == "winter" else found[:1]
    return found


def _chosen(candidates: Sequence[int], before: int, step_s: int) -> int | None:
    """The candidate that follows the row before by one interval; else the first candidate after that row."""
    if before + step_s in candidates:
        return before + step_s
    return next((candidate for candidate in candidates if candidate > before), None)
