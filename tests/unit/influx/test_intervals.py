"""intervals: a portal's local times give UTC times, on days of 23, 24 and 25 hours, however the portal writes them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from telegraf_han.clock import Zone
from telegraf_han.influx import intervals

WARSAW = ZoneInfo("Europe/Warsaw")
SPRING, PLAIN, AUTUMN = "2026-03-29", "2026-06-10", "2026-10-25"
HOURS = {SPRING: 23, PLAIN: 24, AUTUMN: 25}


def whole_day(day: str, step_s: int = 3600) -> list[int]:
    """Starts of all intervals of a local day, by Python's own time zones."""
    first = datetime.fromisoformat(day).replace(tzinfo=WARSAW)
    last = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=WARSAW)
    return list(range(int(first.timestamp()), int(last.timestamp()), step_s))


def starts(texts: list[str], step_s: int = 3600) -> list[int | None]:
    labels = [intervals.label(text) for text in texts]
    return intervals.starts(labels, step_s, intervals.stamp(labels, step_s), Zone())


def wall(day: str, step_s: int, named: str) -> list[str]:
    """Labels as a clock on the wall shows them, at the start or the end of each interval."""
    shift_s = step_s if named == "end" else 0
    return [f"{datetime.fromtimestamp(start_s + shift_s, WARSAW):%Y-%m-%d %H:%M}" for start_s in whole_day(day, step_s)]


@pytest.mark.parametrize("day", [SPRING, PLAIN, AUTUMN])
@pytest.mark.parametrize("step_s", intervals.INTERVALS_S)
@pytest.mark.parametrize("named", ["start", "end"])
@pytest.mark.parametrize("order", [1, -1], ids=["ascending", "descending"])
def test_a_clocks_labels(day: str, step_s: int, named: str, order: int) -> None:
    """The times of a wall clock are read, also if it shows an hour twice or leaves one out, in both orders."""
    texts = wall(day, step_s, named)[::order]

    assert intervals.interval_s([intervals.label(text) for text in texts]) == step_s
    assert starts(texts, step_s) == whole_day(day, step_s)[::order]


NUMBERED = {
    "1 to 24": (PLAIN, [str(hour) for hour in range(1, 25)]),
    "01:00 to 24:00": (PLAIN, [f"{hour:02}:00" for hour in range(1, 25)]),
    "ranges": (PLAIN, [f"{hour:02}:00-{hour + 1:02}:00" for hour in range(24)]),
    "October, 1 to 25": (AUTUMN, [str(hour) for hour in range(1, 26)]),
    "October, 2 and 2A": (AUTUMN, ["1", "2", "2A", *(str(hour) for hour in range(3, 25))]),
    "October, 3 and 3A": (AUTUMN, ["1", "2", "3", "3A", *(str(hour) for hour in range(4, 25))]),
    "October, 3 twice": (AUTUMN, ["1", "2", "3", "3", *(str(hour) for hour in range(4, 25))]),
    "October, 02:00 and 02:00A": (AUTUMN, ["00:00", "01:00", "02:00", "02:00A", *(f"{hour:02}:00" for hour in range(3, 24))]),
    "October, S and W": (AUTUMN, ["00:00", "01:00", "02:00 S", "02:00 W", *(f"{hour:02}:00" for hour in range(3, 24))]),
    "October, CEST and CET": (AUTUMN, ["00:00", "01:00", "02:00 CEST", "02:00 CET", *(f"{hour:02}:00" for hour in range(3, 24))]),
    "October, offsets": (AUTUMN, [f"{start:%H:%M%z}" for start in (datetime.fromtimestamp(at, WARSAW) for at in whole_day(AUTUMN))]),
    "October, ranges": (AUTUMN, [f"{hour:02}:00-{hour + 1:02}:00" for hour in (0, 1, 2, 2, *range(3, 24))]),
    "March, 1 to 23": (SPRING, [str(hour) for hour in range(1, 24)]),
    "March, without 3": (SPRING, [str(hour) for hour in range(1, 25) if hour != 3]),
    "March, without 2": (SPRING, [f"{hour:02}:00" for hour in range(1, 25) if hour != 2]),
}


@pytest.mark.parametrize(("day", "hours"), NUMBERED.values(), ids=NUMBERED)
def test_portals_labels(day: str, hours: list[str]) -> None:
    """Hours numbered, named by their end, with a letter, as a range: each row finds its own hour."""
    assert len(hours) == HOURS[day]
    assert starts([f"{day} {hour}" for hour in hours]) == whole_day(day)


def test_an_hour_that_march_leaves_out() -> None:
    """A row of the hour that does not exist gets no moment, and disturbs no other row."""
    texts = [f"{SPRING} {hour:02}:00" for hour in range(24)]

    found = starts(texts)

    assert found[2] is None
    assert found[:2] + found[3:] == whole_day(SPRING)


def test_a_gap_before_the_hour_that_comes_twice() -> None:
    """After a gap, the first of the two moments is taken."""
    texts = [f"{AUTUMN} 00:00", f"{AUTUMN} 02:00", f"{AUTUMN} 03:00"]

    day = whole_day(AUTUMN)
    assert starts(texts) == [day[0], day[2], day[4]]


def test_a_row_twice() -> None:
    """The same hour a second time gets no moment."""
    assert starts([f"{PLAIN} 01:00", f"{PLAIN} 02:00", f"{PLAIN} 02:00"])[2] is None


def test_a_year_without_a_seam() -> None:
    """A year of hours has no gap and no hour twice. The test above covers the quarters of the long and the short day."""
    first = datetime(2026, 1, 1, tzinfo=WARSAW)
    moments = list(range(int(first.timestamp()), int(datetime(2027, 1, 1, tzinfo=WARSAW).timestamp()), 3600))

    found = starts([f"{datetime.fromtimestamp(at, WARSAW):%d.%m.%Y %H:%M:%S}" for at in moments])

    assert found == moments


@pytest.mark.parametrize(
    "text",
    ["2026-10-25 13:15", "25.10.2026 13:15", "2026/10/25T13:15:00", "20261025 13:15", "25-10-2026;13:15", " 2026-10-25, 13.15 "],
)
def test_ways_to_write_a_time(text: str) -> None:
    """Dates and times are read as people and programs write them."""
    found = intervals.label(text)

    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=found.day, seconds=found.second) == datetime(2026, 10, 25, 13, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a date such as"),
        ("Suma", "a date such as"),
        ("2026-02-30 01:00", "of the calendar"),
        ("59010101 01:00", "a year from 1990"),
        ("2026-10-25", "an hour or a time"),
        ("2026-10-25 noon", "an hour or a time"),
        ("2026-10-25 26", "a time of day"),
        ("2026-10-25 24:15", "a time of day"),
        ("2026-10-25 10:60", "a time of day"),
    ],
)
def test_what_is_no_time(text: str, expected: str) -> None:
    """An error for a time that cannot be read says what was expected."""
    with pytest.raises(ValueError, match=expected):
        intervals.label(text)


@pytest.mark.parametrize("texts", [["2026-10-25 01:00"], ["2026-10-25 01:00", "2026-10-26 01:00", "2026-10-27 01:00"]], ids=["one", "days"])
def test_intervals_that_are_none(texts: list[str]) -> None:
    """One row does not show the length of an interval, and intervals of days are too long."""
    with pytest.raises(ValueError, match="--interval"):
        intervals.interval_s([intervals.label(text) for text in texts])
