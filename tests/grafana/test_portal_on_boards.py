"""`influx import` of a portal's table, and what History shows of it: the real InfluxDB, the committed board, energies counted by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from made import WARSAW, Power, Steady, local, wall

if TYPE_CHECKING:
    from pathlib import Path

    from boardstore import Store


@pytest.fixture
def imported(store: Store, server, tmp_path: Path):
    """A function that imports hours of a portal, from one local time to another: 0.3 kWh of import and 0.1 kWh of export in each."""

    def run(begin: str, until: str, kwh: str = "0,3", name: str = "portal.csv") -> str:
        moment, end = datetime.fromtimestamp(local(begin), UTC), datetime.fromtimestamp(local(until), UTC)
        rows = ["Data;Wartość kWh;Rodzaj"]
        while moment < end:
            rows += [
                f"{moment.astimezone(WARSAW):%Y-%m-%d %H:%M%z};{amount};{kind}" for amount, kind in ((kwh, "pobór"), ("0,1", "oddanie"))
            ]
            moment += timedelta(hours=1)
        path = tmp_path / name
        path.write_text("\n".join(rows), encoding="utf-8")
        env = {**os.environ, "INFLUX_URL": server.url, "INFLUX_TOKEN": server.token, "INFLUX_ORG": "home", "INFLUX_BUCKET": store.name}
        words = [sys.executable, "-m", "telegraf_han", "influx", "import", "--meter", "home", str(path)]
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr

    return run


def shown(store: Store, begin: str, until: str, name: str = "Imported") -> dict[str, float]:
    """Local date → kWh on History, of the days that have any."""
    board = store.board("history", local(until) + 3600, since=f"{local(begin)}000", until=f"{local(until)}000", meter="home")
    return {time[:10]: round(value, 6) for time, value in board.shown("Energy per day").points(name).items() if value}


def counted(store: Store) -> dict[str, float]:
    """Local date → kWh, by adding up the steps between the points of each serial number."""
    days: dict[str, float] = {}
    for series in store.ask('SELECT "active_energy_import_wh" FROM "5m"."electricity" GROUP BY "serial"'):
        for (_, before), (time_ms, after) in pairwise(series["values"]):
            assert after >= before
            day = f"{wall(time_ms // 1000):%Y-%m-%d}"
            days[day] = round(days.get(day, 0) + (after - before) / 1000, 6)
    return {day: kwh for day, kwh in days.items() if kwh}


def registers(store: Store) -> list[list[float]]:
    """All points of the portal's register."""
    (series,) = store.ask(
        'SELECT "active_energy_import_wh", "active_energy_export_wh" FROM "5m"."electricity" WHERE "interface" = \'portal\''
    )
    return series["values"]


def present(store: Store, begin: str, until: str, **more: object) -> None:
    """The meter's own telegrams: 1200 W all the time."""
    store.windows(Steady(local(begin), local(until), lambda _: Power(1200, 600), **more).windows())


def test_days_of_23_and_25_hours(store, imported) -> None:
    """Each local day has the energy of its hours, from the first hour to the last."""
    present(store, "2026-12-01 00:00", "2026-12-01 01:00")
    imported("2026-03-28 00:00", "2026-03-31 00:00")
    imported("2026-10-24 00:00", "2026-10-27 00:00")

    assert shown(store, "2026-03-01 00:00", "2026-03-31 23:59") == {"2026-03-28": 7.2, "2026-03-29": 6.9, "2026-03-30": 7.2}
    assert shown(store, "2026-10-01 00:00", "2026-10-31 23:59") == {"2026-10-24": 7.2, "2026-10-25": 7.5, "2026-10-26": 7.2}
    fed_in = shown(store, "2026-10-01 00:00", "2026-10-31 23:59", "Fed in")
    assert fed_in == {"2026-10-24": -2.4, "2026-10-25": -2.5, "2026-10-26": -2.4}


def test_order_repetition_and_overlap_do_not_matter(store, imported) -> None:
    """Files in any order, again and overlapping, give the same register to the last digit."""
    present(store, "2026-12-01 00:00", "2026-12-01 01:00")
    imported("2026-05-04 00:00", "2026-05-07 00:00")
    imported("2026-05-01 00:00", "2026-05-05 00:00")
    imported("2026-05-04 00:00", "2026-05-07 00:00")
    several = registers(store)
    days = shown(store, "2026-05-01 00:00", "2026-05-31 23:59")
    assert days == {f"2026-05-0{day}": 7.2 for day in range(1, 7)}

    imported("2026-05-01 00:00", "2026-05-07 00:00")
    assert registers(store) == several
    # It runs up to the first register of the meter: 1000 kWh and 100 Wh in its first five minutes.
    assert several[-1][1:] == [1_000_100, 500_050]
    assert several[0][1:] == [1_000_100 - 6 * 24 * 300, 500_050 - 6 * 24 * 100]


def test_before_the_first_telegram(store, imported) -> None:
    """History shows the portal's months up to the meter's first telegram, and its own register from then on."""
    present(store, "2026-05-05 14:35", "2026-05-09 00:00")
    said = imported("2026-05-01 00:00", "2026-05-08 00:00")

    assert "; 58 intervals lie where the meter's own registers counted" in said
    assert shown(store, "2026-05-01 00:00", "2026-05-31 23:59") == counted(store)
    assert counted(store) == {
        **{f"2026-05-0{day}": 7.2 for day in range(1, 5)},
        # 14 h 40 min of the portal. A register begins at the end of the window of the first telegram.
        "2026-05-05": pytest.approx(14 * 0.3 + 0.2 + (9 * 12 + 4) * 0.1),
        **{f"2026-05-0{day}": 28.8 for day in range(6, 9)},
    }


def test_nothing_counts_twice(store, imported) -> None:
    """From the first to the last telegram of a meter, its own register counts, also over its gap. The portal has the days before and after."""
    silent = local("2026-05-04 00:00")
    present(store, "2026-05-03 00:00", "2026-05-06 00:00", silent=lambda utc_s: silent <= utc_s < silent + 6 * 3600)
    said = imported("2026-05-01 00:00", "2026-05-09 00:00")

    assert "; 72 intervals lie where the meter's own registers counted" in said
    assert shown(store, "2026-05-01 00:00", "2026-05-31 23:59") == counted(store)
    assert counted(store) == {
        "2026-05-01": 7.2,
        "2026-05-02": 7.2,
        # A register begins at the end of the window of the first telegram. That window is the portal's: 25 Wh.
        "2026-05-03": 28.725,
        "2026-05-04": 28.8,
        "2026-05-05": 28.8,
        "2026-05-06": 7.2,
        "2026-05-07": 7.2,
        "2026-05-08": 7.2,
    }


def test_telegrams_that_come_later(store, imported) -> None:
    """The next import of anything leaves out what the meter has counted by itself meanwhile."""
    present(store, "2026-12-01 00:00", "2026-12-01 00:05", serial="30000002")
    imported("2026-05-01 00:00", "2026-05-05 00:00")
    present(store, "2026-05-02 00:00", "2026-05-04 00:00")
    imported("2026-05-04 00:00", "2026-05-05 00:00")

    assert shown(store, "2026-05-01 00:00", "2026-05-31 23:59") == counted(store)
    assert counted(store) == {
        "2026-05-01": 7.2,
        "2026-05-02": 28.725,
        "2026-05-03": 28.8,
        "2026-05-04": 7.2,
    }
