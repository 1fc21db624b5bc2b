"""Measures how long the down-sampling of a year of telegrams takes, with one telegram per second. Run it by hand; it is no test.

    python tests/stack/measure_influx_year.py [DAYS]

It starts an InfluxDB of its own and writes the telegrams of a three-phase meter (21 fields). Then it runs `influx setup` and
`influx backfill` as a user would, and the queries of the tasks. At last it reads the year both ways. A year loads in 20 to 30 minutes
and takes some GB in the system's folder for temporary files.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from servers import build, running

NS = 1_000_000_000
DAY_S = 86_400
BATCH = 5_000
HEAD = "electricity,interface=p1,meter=home,model=MA309M,serial=33000001"
YEAR = "SELECT difference(last(active_energy_import_wh)) FROM {} WHERE time >= {}s AND time < {}s GROUP BY time(1d) fill(none) tz('Europe/Warsaw')"


def telegram(second: int, place: int) -> str:
    """One line: registers that rise, a power that jumps, voltages that swing."""
    power = 200 + (place * 7919) % 3001
    voltage = 225 + (place * 31) % 100 / 10
    register = 12_000_000 + place // 3
    return (
        f"{HEAD} active_energy_import_wh={register},active_energy_import_t1_wh={register // 2},active_energy_import_t2_wh={register // 3},"
        f"active_energy_export_wh=1000,active_energy_export_t1_wh=500,active_energy_export_t2_wh=500,reactive_energy_q1_varh={register // 9},"
        f"reactive_energy_q4_varh={register // 8},active_power_import_w={power},active_power_export_w=0,active_power_import_l1_w={power},"
        f"active_power_import_l2_w=0,active_power_import_l3_w=0,voltage_l1_v={voltage},voltage_l2_v={voltage},voltage_l3_v={voltage},"
        f"current_l1_a={power / 230:.2f},current_l2_a=0,current_l3_a=0,limiter_threshold_active_w=11000,limiter_mode=3 {second * NS}\n"
    )


def main(days: int) -> None:
    """Measure and print."""
    stop_s = int(time.time()) // DAY_S * DAY_S
    start_s = stop_s - days * DAY_S
    with tempfile.TemporaryDirectory() as folder, running.influxd(build.binary("influxd", print), Path(folder)) as influx:
        env = {**os.environ, "INFLUX_URL": influx.url, "INFLUX_TOKEN": influx.token}

        def command(*words: str) -> None:
            subprocess.run([sys.executable, "-m", "telegraf_han", "influx", *words], env=env, check=True)

        def measured(what: str, begun_s: float) -> None:
            print(f"{what}: {time.monotonic() - begun_s:.1f} s", flush=True)

        begun_s = time.monotonic()
        for first_s in range(start_s, stop_s, BATCH):
            influx.write("".join(telegram(second, second - start_s) for second in range(first_s, min(first_s + BATCH, stop_s))))
        measured(f"{days} days written", begun_s)
        command("setup")
        begun_s = time.monotonic()
        command("backfill")
        measured(f"{days} days down-sampled by backfill", begun_s)
        for reach, reach_days in (("a day", 1), ("two days, as the hourly task", 2), ("32 days, as the daily task", min(32, days))):
            begun_s = time.monotonic()
            command("backfill", f"--start=-{reach_days}d")
            measured(reach, begun_s)
        for source in ('"5m"."electricity"', '"electricity"'):
            begun_s = time.monotonic()
            rows = influx.query(YEAR.format(source, start_s, stop_s))
            measured(f"{len(rows)} days of energy from {source}", begun_s)
        size_bytes = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        print(f"on disk: {size_bytes / 1e6:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 365)
