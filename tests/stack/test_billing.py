"""What `bill` reads from a real InfluxDB: registers with the hour before, across gaps and exchanges; production, prices, what was settled."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from telegraf_han.clock import Zone
from telegraf_han.influx import billing
from telegraf_han.influx.api import Api
from telegraf_han.influx.connection import Place
from telegraf_han.tariffs import energy
from telegraf_han.tariffs.calendar import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.running import Influx

NS = 1_000_000_000
HOUR_S = 3600
BEGIN_S = 1_790_000_000 // HOUR_S * HOUR_S
KEPT = "energy/5m"


@pytest.fixture
def source(influx: Influx) -> Iterator[billing.Source]:
    influx.make_bucket(KEPT)
    with closing(Api(influx.url, influx.org, influx.token)) as api:
        yield billing.Source(Place(api, "", influx.bucket), "electricity")


def store(influx: Influx, begin_s: int, values: list[float], serial: str = "1", meter: str = "home", field: str = "import") -> None:
    """Five-minute points of one register."""
    head = f"electricity,meter={meter},serial={serial} active_energy_{field}_wh"
    influx.write("".join(f"{head}={value} {(begin_s + place * 300) * NS}\n" for place, value in enumerate(values)), KEPT)


def hours(source: billing.Source, meter: str = "home", begin_s: int = BEGIN_S) -> list[float]:
    """Import of the meter's hours."""
    found = billing.readings(source, [meter], begin_s, BEGIN_S + 10 * HOUR_S)
    return [float(hour.imported_wh[0]) for hour in energy.hours(found.get(meter, {}).values(), [], begin_s)]


def test_hour_before_counts(source: billing.Source, influx: Influx) -> None:
    """The first hour of a window begins where the hour before it ended."""
    store(influx, BEGIN_S - 3 * HOUR_S, [1000 + 10 * place for place in range(48)])

    assert hours(source) == [120]


def test_reading_long_before_counts(source: billing.Source, influx: Influx) -> None:
    """A meter was silent for 20 days. The window gets its share of the step, and not all of it."""
    store(influx, BEGIN_S - 20 * 24 * HOUR_S - 300, [1000, 1000])
    store(influx, BEGIN_S + 24 * HOUR_S - 300, [1000 + 21 * 240])

    found = billing.readings(source, ["home"], BEGIN_S, BEGIN_S + 25 * HOUR_S)
    settled = energy.hours(found["home"].values(), [], BEGIN_S)

    assert [hour.start_s for hour in settled] == [BEGIN_S + place * HOUR_S for place in range(24)]
    assert sum(hour.imported_wh[0] for hour in settled) == pytest.approx(Decimal(240), abs=Decimal("0.9"))
    assert all(hour.estimated_wh == hour.imported_wh[0] for hour in settled)


def test_register_that_is_seldom_sent(source: billing.Source, influx: Influx) -> None:
    """The total comes every five minutes, the zone every two hours. The zone's step into the window is not lost."""
    store(influx, BEGIN_S - 3 * HOUR_S, [1000 + 10 * place for place in range(60)])
    store(influx, BEGIN_S - 2 * HOUR_S - 300, [700], field="import_t1")
    store(influx, BEGIN_S + 2 * HOUR_S - 300, [1180], field="import_t1")

    found = billing.readings(source, ["home"], BEGIN_S, BEGIN_S + 2 * HOUR_S)
    settled = energy.hours(found["home"].values(), [], BEGIN_S)

    assert [(float(hour.imported_wh[0]), float(hour.imported_wh[1])) for hour in settled] == [(120, 120), (120, 120)]


def test_exchanged_meter(source: billing.Source, influx: Influx) -> None:
    """The hours of a new meter begin with the window, because the old meter was there before; the step between them is no energy."""
    store(influx, BEGIN_S - 50 * HOUR_S, [90_000, 90_010], serial="old")
    store(influx, BEGIN_S + 2 * HOUR_S, [5, 10, 25], serial="new")

    assert hours(source) == [0, 0, 20]


def test_new_meter_has_no_hours_before(source: billing.Source, influx: Influx) -> None:
    """The hours of a meter begin with its first reading."""
    store(influx, BEGIN_S + 2 * HOUR_S, [5, 10, 25])

    assert hours(source) == [20]
    assert billing.first_hours(source, ["home", "other"]) == {"home": BEGIN_S + 2 * HOUR_S}


def test_names_with_marks(source: billing.Source, influx: Influx) -> None:
    """A meter's name may hold what InfluxQL uses for itself."""
    store(influx, BEGIN_S - 300, [1000, 1030], meter='it\'s\\ "home"')

    assert hours(source, 'it\'s "home"') == [30]


def test_pieces_give_the_same(source: billing.Source, influx: Influx, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small answers hold what one large answer holds."""
    meters = [f"flat-{number}" for number in range(5)]
    for number, meter in enumerate(meters):
        store(influx, BEGIN_S - 2 * HOUR_S, [1000.0 + number + 10 * place for place in range(72)], meter=meter)
    at_once = billing.readings(source, meters, BEGIN_S, BEGIN_S + 4 * HOUR_S)
    monkeypatch.setattr(billing, "ROWS_LIMIT", 30)
    monkeypatch.setattr(billing, "METERS_LIMIT", 2)

    assert billing.readings(source, meters, BEGIN_S, BEGIN_S + 4 * HOUR_S) == at_once
    assert len(at_once) == 5
    assert len(at_once["flat-0"]["1"]) == 60


def test_production(source: billing.Source, influx: Influx) -> None:
    """Each inverter has a register of its own; a meter without one has none."""
    for inverter, step in (("roof", 5), ("garage", 1)):
        head = f"electricity_production,inverter={inverter},meter=home energy_wh"
        influx.write("".join(f"{head}={500 + step * place} {(BEGIN_S - 300 + place * 300) * NS}\n" for place in range(13)), KEPT)

    found = billing.produced(source, ["home", "flat"], BEGIN_S, BEGIN_S + HOUR_S)

    assert list(found) == ["home"]
    assert [float(energy.counted(points).wh[BEGIN_S]) for points in found["home"]] == [12, 60]


def test_prices_of_both_buckets(source: billing.Source, influx: Influx) -> None:
    """Imported prices and those that Telegraf has read are one series. If both are there, the imported one is taken."""
    influx.write(f"electricity_price,series=rce price_per_kwh=0.5 {BEGIN_S * NS}\n")
    influx.write(f"electricity_price,series=rce price_per_kwh=-0.1 {(BEGIN_S + 900) * NS}\n")
    influx.write(f"electricity_price,series=other price_per_kwh=9 {BEGIN_S * NS}\n")
    influx.write(f"electricity_price,series=rce price_per_kwh=0.4 {BEGIN_S * NS}\n", KEPT)

    found = billing.prices(source, ["rce"], BEGIN_S, BEGIN_S + 10 * HOUR_S)

    assert sorted(found) == [("rce", BEGIN_S, Decimal("0.4")), ("rce", BEGIN_S + 900, Decimal("-0.1"))]
    assert billing.prices(source, [], BEGIN_S, BEGIN_S + 10 * HOUR_S) == []


def test_what_was_settled(source: billing.Source, influx: Influx) -> None:
    """Sums by day in Warsaw are exact although floats are added, and each tariff has its own."""
    for tariff, total in (("own", 0.1), ("G11", 0.3)):
        head = f"electricity_cost,meter=home,tariff={tariff}"
        influx.write("".join(f"{head} total={total},energy=0.07 {(BEGIN_S + place * HOUR_S) * NS}\n" for place in range(30)), KEPT)

    span = Span(BEGIN_S, BEGIN_S + 20 * HOUR_S)
    found = billing.days(source, ["home"], ["total", "energy"], span, Zone())

    by_day = found["home", "own"]
    assert {day: sums.hours for day, sums in by_day.items()} == {date(2026, 9, 21): 8, date(2026, 9, 22): 12}
    assert sum(sums.fields["total"] for sums in by_day.values()) == 2
    assert sum(sums.fields["energy"] for sums in found["home", "G11"].values()) == Decimal("1.4")
    assert billing.newest_hours(source, ["home"]) == {("home", "own"): BEGIN_S + 29 * HOUR_S, ("home", "G11"): BEGIN_S + 29 * HOUR_S}


def test_hours_stored_twice(source: billing.Source, influx: Influx) -> None:
    """A second series of some hours, with a tag that Telegraf or the configuration adds, changes no sum. Another tariff is another hour."""
    span = Span(BEGIN_S, BEGIN_S + 20 * HOUR_S)

    def put(tags: str, places: range) -> None:
        head = f"electricity_cost,{tags}"
        influx.write("".join(f"{head} total=0.1,energy={place} {(BEGIN_S + place * HOUR_S) * NS}\n" for place in places), KEPT)

    for tags in ("meter=home,tariff=own", "meter=home,tariff=G11", "meter=flat,tariff=own"):
        put(tags, range(20))
    once = billing.days(source, ["home", "flat"], ["energy", "total"], span, Zone())
    put("host=pi,meter=home,tariff=own", range(3, 11))
    put("meter=home,staircase=B,tariff=own", range(9, 15))

    assert billing.days(source, ["home", "flat"], ["energy", "total"], span, Zone()) == once
    assert sum(sums.hours for sums in once["home", "own"].values()) == 20
