"""docs/fleet.md: a house moves into a fleet with all its past. The commands are taken out of the page, both InfluxDBs are real."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from servers import running

from document import Document
from pagecommands import Machine

if TYPE_CHECKING:
    from pathlib import Path

SECTION = Document("docs/fleet.md").section("Move from one machine without losing a day")
DAY_S = 86_400


def _points(influx: running.Influx, policy: str, condition: str) -> list[frozenset[tuple[str, object]]]:
    return [
        frozenset((name, value) for name, value in row.items() if name != "site")
        for measurement in ("electricity", "electricity_cost")
        for row in influx.query(f'SELECT * FROM {policy}"{measurement}" WHERE {condition}')
    ]


def test_move(influx: running.Influx, influx_binary: Path, influxd_binary: Path, tmp_path: Path) -> None:
    """Every point of both buckets is at the centre, with the site, and one that came both ways is there once. Another site is untouched."""
    now_s = int(time.time()) // 300 * 300
    with running.influxd(influxd_binary, tmp_path / "centre") as centre:
        house = Machine(tmp_path / "house", {"influx": influx_binary, "influxd": influxd_binary}, INFLUX_CONFIGS_PATH=str(tmp_path / "c"))
        (house.root / "etc/telegraf/influx-admin.token").write_text(influx.token)
        for one in (influx, centre):
            one.make_bucket("energy/5m")
        lines = [f"electricity,meter=home active_energy_import_wh={n}.5 {now_s - 10 * n}000000000\n" for n in range(2000)]
        influx.write("".join(lines))
        # Of a time whose telegrams have expired. Those of a later time would be computed again from the telegrams.
        fives = [f"electricity,meter=home active_energy_import_wh={n}.5 {now_s - 300 * n}000000000\n" for n in range(100, 1000)]
        costs = [f"electricity_cost,meter=home,tariff=own total={n}.25 {now_s - 3600 * n}000000000\n" for n in range(90)]
        influx.write("".join((*fives, *costs)), "energy/5m")
        both_ways = "".join(lines[:100]).replace("meter=home", "meter=home,site=mokotow")
        other = "electricity,meter=home,site=wola active_energy_import_wh=7.5 1700000000000000000\n"
        centre.write(both_ways + other)

        export, store = SECTION.blocks
        engine = {"/var/lib/influxdb/engine": str(tmp_path / "influxdb/engine")}
        house.typed(export, {"http://127.0.0.1:8086": influx.url, **engine})
        (house.root / "etc/telegraf-han-centre/secrets").mkdir(parents=True)
        (house.root / "etc/telegraf-han-centre/secrets/influx_token").write_text(centre.token)
        (house.root / "admin_token").write_text(centre.token)
        house.typed(store, {"http://127.0.0.1:8086": centre.url}, INFLUX_URL=centre.url)

        before = {policy: _points(influx, policy, "time > 0") for policy in ("", '"5m".')}
        assert [len(points) for points in before.values()] == [len(lines), len(fives) + len(costs)]
        assert _points(centre, "", "\"site\" = 'mokotow'") == before[""]
        # The rest are five-minute points of the telegrams, which were not there before.
        assert set(before['"5m".']) < set(_points(centre, '"5m".', "\"site\" = 'mokotow'"))
        assert [row["active_energy_import_wh"] for row in centre.query("SELECT * FROM electricity WHERE \"site\" = 'wola'")] == [7.5]
