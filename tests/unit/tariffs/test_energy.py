"""Hours of energy from five-minute points: what each odd thing that a register does is worth, and how a gap is spread."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from telegraf_han.tariffs import energy

HOUR_S = 3600
BEGIN_S = 1_790_000_000 // HOUR_S * HOUR_S
"""The start of an hour, some time in September 2026."""


def points(*hours: tuple[float, ...], begin_s: int = BEGIN_S) -> list[energy.Point]:
    """The points of a register: a tuple for each hour, its values in its last windows."""
    found = []
    for place, values in enumerate(hours):
        end_s = begin_s + (place + 1) * HOUR_S
        found += [(end_s - (len(values) - at) * 300, value) for at, value in enumerate(values)]
    return found


def by_hour(found: dict[int, Decimal]) -> dict[int, float]:
    return {(hour_s - BEGIN_S) // HOUR_S: float(wh) for hour_s, wh in found.items() if wh}


def full(*values: float) -> tuple[float, ...]:
    """An hour without a gap at its begin: its values, and the first of them before that."""
    return (values[0],) * (12 - len(values)) + values


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        pytest.param([(100, 200, 300)], {0: 200}, id="the first hour counts from its first point"),
        pytest.param([(100, 200), full(250, 400), full(500)], {0: 100, 1: 200, 2: 100}, id="an hour is last minus last"),
        pytest.param([(1000, 1100), full(1150, 600), full(1160, 1300)], {0: 100, 1: 50, 2: 150}, id="too low at an hour's end"),
        pytest.param([(1000, 1100), full(600, 1200), full(1300)], {0: 100, 1: 100, 2: 100}, id="too low inside an hour"),
        pytest.param([(1000, 1100), full(1150, 9000), full(1200)], {0: 100, 1: 7900}, id="too high at an hour's end"),
        pytest.param([(1000, 1100), full(1150, 5, 25), full(60)], {0: 100, 1: 70, 2: 35}, id="it began again inside an hour"),
        pytest.param([(1000, 1100), full(5, 25), full(60)], {0: 100, 1: 20, 2: 35}, id="it began again between two hours"),
        pytest.param([(99_999_800, 99_999_900), full(99_999_950, 150)], {0: 100, 1: 250}, id="it rolled over"),
        pytest.param([(0, 0), full(0, 10)], {1: 10}, id="a new meter"),
    ],
)
def test_odd_registers(hours: list[tuple[float, ...]], expected: dict[int, float]) -> None:
    """Each case has no gap between its hours."""
    found = energy.counted(points(*hours))

    assert by_hour(found.wh) == expected
    assert by_hour(found.estimated_wh) == {}


def test_order_does_not_matter() -> None:
    """Points that come in any order give the same."""
    ordered = points((1000, 1100), full(1150, 1300), full(1400), full(1500, 1700))
    mixed = ordered[:]
    random.Random(1).shuffle(mixed)

    assert energy.counted(mixed) == energy.counted(ordered)


def test_gap_is_spread_in_proportion_to_time() -> None:
    """A register rises by 330 Wh from 00:30 to 03:15: 60 Wh for half an hour, 120 Wh for each whole one, 30 Wh for a quarter."""
    found = energy.counted([(BEGIN_S + 25 * 60, 1000), (BEGIN_S + 3 * HOUR_S + 600, 1330), (BEGIN_S + 3 * HOUR_S + 900, 1340)])

    assert by_hour(found.estimated_wh) == {0: 60, 1: 120, 2: 120, 3: 30}
    assert by_hour(found.wh) == {0: 60, 1: 120, 2: 120, 3: 40}


def test_shares_of_a_gap_add_up() -> None:
    """A rise that cannot be divided evenly is not lost by rounding, and no share has more than three decimals."""
    found = energy.counted([(BEGIN_S + 3300, 0.0), (BEGIN_S + 7 * HOUR_S + 3300, 100.1)])

    assert sum(found.wh.values()) == Decimal("100.1")
    assert {wh.as_tuple().exponent for wh in found.wh.values()} <= {-3, -1}
    assert set(by_hour(found.wh)) == set(range(1, 8))


def test_gap_inside_one_hour_needs_no_estimate() -> None:
    """The register stood at 1000 at 01:00 and at 1200 at 01:50, so all of it belongs to that hour."""
    found = energy.counted([(BEGIN_S + 3300, 1000), (BEGIN_S + HOUR_S + 45 * 60, 1200)])

    assert by_hour(found.wh) == {1: 200}
    assert by_hour(found.estimated_wh) == {}


def test_roll_over_in_a_gap() -> None:
    """What a register counted before and after it rolled over is spread as one step."""
    found = energy.counted([(BEGIN_S + 3300, 99_999_900), (BEGIN_S + 2 * HOUR_S + 3300, 100)])

    assert by_hour(found.wh) == {1: 100, 2: 100}


def test_register_that_began_again_in_a_gap() -> None:
    """The step is no energy. What it counted afterwards is."""
    found = energy.counted([(BEGIN_S + 3300, 70_000), (BEGIN_S + 2 * HOUR_S, 50), (BEGIN_S + 2 * HOUR_S + 300, 80)])

    assert by_hour(found.wh) == {2: 30}
    assert by_hour(found.estimated_wh) == {}


def readings(begin_s: int, count: int, **columns: float) -> list[energy.Reading]:
    """Windows of a meter whose registers rise by these Wh per window."""
    steps = [columns.get(name.removeprefix("active_energy_")) for name in energy.REGISTERS]
    return [(begin_s + place * 300, [None if step is None else 1000 + step * place for step in steps]) for place in range(count)]


def test_hours_have_all_registers() -> None:
    """Import, export and zones stand at their places; what the meter does not send is 0."""
    found = energy.hours([readings(BEGIN_S - HOUR_S, 36, import_wh=10, import_t1_wh=7, import_t2_wh=3, export_wh=2)], [], BEGIN_S)

    assert [hour.start_s for hour in found] == [BEGIN_S, BEGIN_S + HOUR_S]
    assert found[0].imported_wh == (120, 84, 36, 0, 0)
    assert found[0].exported_wh == (24, 0, 0, 0, 0)
    assert found[0].estimated_wh == found[0].produced_wh == 0


def test_meter_without_a_total() -> None:
    """The sum of its zones is its total."""
    found = energy.hours([readings(BEGIN_S - HOUR_S, 24, import_t1_wh=7, import_t2_wh=3)], [], BEGIN_S)

    assert found[0].imported_wh == (120, 84, 36, 0, 0)


def test_exchanged_meter() -> None:
    """Each serial number counts from its first reading. The step between the two meters is no energy, and the hours between them have none."""
    old = readings(BEGIN_S, 12, import_wh=10)
    new = readings(BEGIN_S + 3 * HOUR_S, 12, import_wh=5)

    found = energy.hours([old, new], [], BEGIN_S)

    assert [float(hour.imported_wh[0]) for hour in found] == [110, 0, 0, 55]


def test_production_of_two_inverters() -> None:
    """Their registers are added up, and hours without a reading of the meter are left out."""
    inverter = [(BEGIN_S - 300 + place * 300, 500.0 + 20 * place) for place in range(100)]

    found = energy.hours([readings(BEGIN_S - HOUR_S, 24, import_wh=10)], [inverter, inverter], BEGIN_S)

    assert [float(hour.produced_wh) for hour in found] == [480]


def test_no_readings() -> None:
    """A meter that was never read has no hours."""
    assert energy.hours([], [], BEGIN_S) == []
