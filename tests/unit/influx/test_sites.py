"""sites: the scripts of the sums, and which tasks a bucket has. tests/stack proves that the results are right."""

import re
from typing import Any

import pytest

from telegraf_han.influx import downsampling, items, sites
from telegraf_han.influx.connection import Place

PREFIX = "telegraf-han energy: "
MINUTES = {"m": 1, "h": 60, "d": 1440}


def minutes(text: str) -> int:
    """A time such as 15m, in minutes."""
    return int(text[:-1]) * MINUTES[text[-1]]


def names(place: Place) -> set[str]:
    return {task["name"].removeprefix(PREFIX) for task in items.every(place, items.TASK)}


@pytest.mark.parametrize("look_back", [*downsampling.FLEET, *sites.TASKS], ids=lambda one: one.name)
def test_no_gap_between_two_runs(look_back: downsampling.LookBack) -> None:
    """A run begins no later than where the run before it ended."""
    assert minutes(look_back.reach) - minutes(look_back.until) >= minutes(look_back.every)


def test_sums_are_computed_after_the_points_of_the_same_age() -> None:
    """Each age at which five-minute points are computed again lies within a piece of the sums that a later run computes."""
    for points in downsampling.FLEET:
        older = [
            sums
            for sums in sites.TASKS
            if minutes(sums.until) <= minutes(points.until) and minutes(points.reach) + minutes(sums.every) <= minutes(sums.reach)
        ]
        assert older, points


def test_a_task_names_its_buckets_and_measurements() -> None:
    """The names are those of the configuration. Only the sums are stored, and points of a house are left out."""
    flux = sites.tasks("my bucket", 'odd "name"', PREFIX)[0]["flux"]

    assert set(re.findall(r'bucket: "(.*?)"\)', flux)) == {"my bucket/5m"}
    assert set(re.findall(r'r\._measurement == ("(?:\\.|[^"])*") and exists r\.site', flux)) == {
        '"odd \\"name\\""',
        '"odd \\"name\\"_link"',
    }
    assert flux.count("r._measurement == ") == 4
    assert re.findall(r'set\(key: "_measurement", value: (.*)\)', flux) == ['"odd \\"name\\"_site"']
    assert flux.count("to(bucket") == 1


def test_past() -> None:
    """A past range is computed as it is given."""
    script = sites.past("energy", "electricity", 900, 1800)

    assert "written(start: time(v: 900000000000), stop: time(v: 1800000000000))" in script
    assert "option task" not in script


@pytest.mark.parametrize(("start_s", "stop_s", "found"), [(0, 900, (0, 900)), (1, 899, (0, 0)), (1799, 2701, (900, 2700))])
def test_whole_windows(start_s: int, stop_s: int, found: tuple[int, int]) -> None:
    """The window that has not ended is not computed."""
    assert sites.whole(start_s, stop_s) == found


def test_the_tasks_of_a_house_and_of_a_fleet(place: Place) -> None:
    """What a fleet does not need is removed, and a fleet stays one."""
    said: list[tuple[str, str]] = []

    def say(outcome: items.Outcome, name: str) -> None:
        said.append((outcome, name))

    sites.settle_tasks(place, "electricity", say)
    assert names(place) == {look_back.name for look_back in downsampling.LOOK_BACKS}
    assert not sites.is_fleet(place)

    sites.settle_tasks(place, "electricity", say, fleet=True)
    assert names(place) == {look_back.name for look_back in (*downsampling.FLEET, *sites.TASKS)}
    assert sites.is_fleet(place)

    said.clear()
    sites.settle_tasks(place, "electricity", say)
    assert {outcome for outcome, _ in said} == {"ok"}


def test_a_token_that_sees_no_tasks_sees_no_fleet(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """`backfill` needs no right to see tasks."""
    from telegraf_han.influx.api import RefusedError

    def refused(*_words: Any, **_more: Any) -> Any:
        raise RefusedError(401, "unauthorized access")

    monkeypatch.setattr(place.api, "call", refused)

    assert not sites.is_fleet(place)
