"""The hours of energy that `bill` computes are those of the boards' rule, which InfluxDB computes in InfluxQL."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telegraf_han.tariffs import energy

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from grafana import registers

if TYPE_CHECKING:
    from servers.running import Influx

NS = 1_000_000_000
HOUR_S = 3600
BEGIN_S = 1_790_000_000 // HOUR_S * HOUR_S
HOURS = 300


def odd_register(seed: int) -> list[tuple[int, float]]:
    """Five-minute points of a register to which everything happens: values too low or too high, resets, roll-overs."""
    chance = random.Random(seed)
    stood, found = chance.choice((0.0, 5_000.0, 99_990_000.0, 123_456.7)), []
    for place in range(HOURS * 12):
        stood = round(stood + chance.choice((0, 0, 3, 8, 40.5, 900)), 1)
        if stood >= 100_000_000:
            stood = round(stood - 100_000_000, 1)
        happens = chance.random()
        if happens < 0.004:
            stood = chance.choice((0.0, round(stood / 3, 1)))
        shown = round(max(0.0, stood + chance.choice((-500_000, -7, 7, 60_000))), 1) if 0.004 < happens < 0.02 else stood
        found.append((BEGIN_S + place * 300, shown))
    return found


@pytest.fixture
def serials(influx: Influx) -> dict[str, list[tuple[int, float]]]:
    """Registers of one meter under several serial numbers, stored where `influx setup` keeps five-minute points."""
    found = {str(seed): odd_register(seed) for seed in range(12)}
    for serial, points in found.items():
        head = f"electricity,meter=home,serial={serial} active_energy_import_wh"
        influx.write("".join(f"{head}={value} {second * NS}\n" for second, value in points))
    return found


def test_hours_are_those_of_the_boards(influx: Influx, serials: dict[str, list[tuple[int, float]]]) -> None:
    """Every hour of every register is equal to the last digit that InfluxDB's floats have."""
    spans = tuple(f"time >= {begin_s}s AND time < {BEGIN_S + HOURS * HOUR_S}s" for begin_s in (BEGIN_S, BEGIN_S + HOUR_S))
    sources = registers.by_interval("active_energy_import_wh", '"electricity"', "", spans, every="1h", zone="")
    expected: dict[str, dict[int, float]] = {serial: {} for serial in serials}
    for source in sources:
        for row in influx.query(f'SELECT "wh" FROM ({registers.energy(source, "wh")}) GROUP BY "serial"', times="s"):
            assert row["time"] not in expected[row["serial"]]
            expected[row["serial"]][row["time"]] = row["wh"]

    assert {serial: len(hours) for serial, hours in expected.items()} == dict.fromkeys(serials, HOURS)
    for serial, points in serials.items():
        computed = energy.counted(points).wh
        assert {hour_s: float(wh) for hour_s, wh in computed.items()} == pytest.approx(expected[serial], abs=1e-6)
