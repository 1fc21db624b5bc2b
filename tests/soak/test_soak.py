"""The short form of the soak: three days with the longest night of the year, and everything that goes wrong in the long form.

`./dev soak` sends a whole year (docs/reliability.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import soakcheck
import soakfaults
import soakhomes
import soakrun
from soakrun import NS

DAYS = 3
P1_S, RADIO_S = 120, 240
START = datetime(2028, 10, 28, tzinfo=soakhomes.WARSAW)
"""The clock is put back in the night after this day."""


class Soak(NamedTuple):
    """What was sent, and what was found."""

    told: soakrun.Told
    found: soakcheck.Found


@pytest.fixture(scope="module")
def soak(influxd_binary: Path, telegraf_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soak]:
    """Three days are sent once, for all tests here."""
    planned = tuple(soakfaults.planned(1, DAYS, P1_S))
    damage = soakfaults.Damage(on_the_cable=1 / 200, on_the_air=1 / 20, replayed=1 / 100)
    span = soakrun.Span(int(START.timestamp()), DAYS, 1, P1_S, RADIO_S, planned=planned, damage=damage)
    with soakrun.Run(span, influxd_binary, telegraf_binary, tmp_path_factory.mktemp("soak"), print).told() as told:
        yield Soak(told, soakcheck.everything(told, print))


def test_every_telegram_is_one_point_with_its_values(soak: Soak) -> None:
    """Nothing is missing, nothing is doubled, and every number is the one that was sent."""
    expected = sum(len(list(soak.told.span.readings(meter))) - len(soak.told.not_sent[meter.name]) for meter in soakhomes.METERS)

    assert soak.found.points.wrong == []
    assert soak.found.points.points == expected > 6000
    assert soak.found.outside == []
    assert soak.found.dropped == []


def test_counters_are_exact(soak: Soak) -> None:
    """Telegrams, duplicates, replays and damaged telegrams of each life of the plugin are as many as were sent. No line was dropped."""
    totals = soak.found.health.totals

    assert soak.found.health.wrong == []
    assert min(totals[name] for name in ("telegrams", "decoded", "duplicates", "stale", "errors_checksum")) > 10
    assert totals["lines_dropped"] == 0
    assert len(soak.told.counters) == 2


def test_settings_are_those_of_the_configuration(soak: Soak) -> None:
    """Every point of the settings says what is configured."""
    assert soak.found.settings.wrong == []
    assert soak.found.settings.points > 1000


def test_bills_are_those_of_fractions(soak: Soak) -> None:
    """Every hour and every bill, also with hours that nobody read, the hour that comes twice, and prices of the market."""
    assert soak.found.bills.wrong == []
    assert soak.found.bills.hours > 4 * 70
    assert soak.found.bills.periods == 4


def test_nothing_grows(soak: Soak) -> None:
    """The plugin has no more descriptors, threads and memory in the second half than in the first quarter."""
    # In so short a time, the first telegrams of each kind still count.
    assert soakcheck.growth(soak.told.samples, 2 * soakcheck.SLACK_KB) == []


def test_growth_is_found() -> None:
    """One descriptor too many in the second half is too many."""
    flat = [soakrun.Sample(day, 0, 20, 6, 30_000, 40_000, 50_000) for day in range(40)]

    assert soakcheck.growth(flat) == []
    assert soakcheck.growth([*flat[:39], flat[39]._replace(descriptors=21)]) == ["descriptors rose from 20 to 21"]
    assert soakcheck.growth([*flat[:39], flat[39]._replace(plugin_kb=33_000)]) == ["plugin_kb rose from 30000 to 33000"]


def test_a_wrong_number_is_found(soak: Soak) -> None:
    """If somebody changes one value in the database, or adds one point, the comparison says so."""
    influx, meter = soak.told.influx, soakhomes.METERS[0]
    kept, reading = list(soakcheck.sent(soak.told, meter))[1000]
    series = f"electricity,interface=p1,meter={meter.name},model={meter.model},serial={meter.serial}"
    influx.write(f"{series} active_power_import_w={reading.power_w + 1} {kept.low_ns}\n")
    changed = soakcheck.points(soak.told).wrong
    influx.write(f"{series} active_power_import_w={reading.power_w} {kept.low_ns}\n")
    influx.write(f"{series} active_power_import_w={reading.power_w} {kept.low_ns + NS}\n")
    added = soakcheck.points(soak.told).wrong

    assert [sentence.split(": ")[1] for sentence in changed] == [
        f"active_power_import_w is {reading.power_w + 1} instead of {reading.power_w}"
    ]
    assert "is not there" in added[-1]
