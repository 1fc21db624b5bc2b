"""settling: the lines of hours and bills. tests/stack settles whole months of a real InfluxDB."""

from datetime import date
from decimal import Decimal

import pytest

import linereader
from telegraf_han.config.sections import MeterConfig
from telegraf_han.influx import billing, settling
from telegraf_han.influx.billing import Source
from telegraf_han.influx.settling import Contract, Window
from telegraf_han.tariffs.calendar import HOUR_S
from telegraf_han.tariffs.components import PER_KWH, PER_MONTH
from telegraf_han.tariffs.energy import REGISTERS, WINDOW_S
from telegraf_han.tariffs.tariff import Fixed, Plan, Section, Timeline

BEGIN_S = 1_790_000_000 // HOUR_S * HOUR_S
END_S = BEGIN_S + 2 * HOUR_S


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """An InfluxDB with two hours of readings, of which nothing is settled."""
    register = REGISTERS.index("active_energy_import_wh")
    windows = range(BEGIN_S - HOUR_S, END_S, WINDOW_S)
    points = [(at_s, [float(at_s - BEGIN_S) if place == register else None for place in range(len(REGISTERS))]) for at_s in windows]
    monkeypatch.setattr(billing, "readings", lambda *_: {"flat": {"1": points}})
    for name in ("produced", "days", "newest_hours", "oldest_hours"):
        monkeypatch.setattr(billing, name, lambda *_: {})
    monkeypatch.setattr(billing, "prices", lambda *_: [])


def test_tags_of_the_meter(hours) -> None:
    """What the owner calls the meter's place is on its hours and on its bill, too."""
    section = Section("G11", date.min, date.max, (Fixed(), *[Fixed()] * (len(PER_KWH) - 1)), (Decimal(0),) * len(PER_MONTH))
    meter = MeterConfig("flat", "p1", tags=(("floor", "3"), ("staircase", "B 2")))
    lines = settling.lines(Source(None, "electricity"), [Contract(meter, Plan(Timeline("own", (section,))))], Window(BEGIN_S, END_S))
    metrics = linereader.metrics(b"".join(lines))

    assert {metric.measurement for metric in metrics} == {"electricity_cost", "electricity_bill"}
    assert {metric.tags for metric in metrics} == {(("floor", "3"), ("meter", "flat"), ("staircase", "B 2"), ("tariff", "own"))}
