"""Measures how long `bill` takes: a year of one meter, and the last hours of many meters. Run it by hand; it is no test.

    python tests/stack/measure_bill.py [METERS]

It starts an InfluxDB of its own and writes five-minute points as down-sampling does: a year of one meter, then four days of 1,000 meters, whose
hours of a month are settled, because a bill and its forecast need them. Then it runs the commands as a user or Telegraf would. To write the
points takes some minutes.
"""

from __future__ import annotations

import os
import resource
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
BILLED = ' [[meter]]\nname = "{name}"\ninterface = "wmbus"\nid = "{number:08}"\n'
TARIFF = """
[[meter.tariff]]
name = "G12w"
vat_percent = 23
balancing = "hour"
hours = [ { zone = 2, days = ["weekends", "holidays"] }, { zone = 2, hours = ["13-15", "22-6"] } ]
[meter.tariff.per_kwh]
energy = { t1 = 0.70, t2 = 0.45 }
distribution = { t1 = 0.33, t2 = 0.08 }
quality = 0.033
[meter.tariff.per_month]
trade_fee = 10.0
capacity_fee = 16.0
[meter.tariff.feed_in]
model = "net-billing"
price = 0.25
"""


def store(influx: running.Influx, name: str, begin_s: int, end_s: int) -> None:
    """Five-minute points of six registers of a house with panels."""
    lines = []
    for place, window_s in enumerate(range(begin_s, end_s, 300)):
        sold = place * 5 if place % 288 > 100 else 0
        wh = 10_000_000 + place * 23
        lines.append(
            f"electricity,interface=wmbus,meter={name},model=GAMA350,serial=1 active_energy_import_wh={wh},active_energy_import_t1_wh={wh * 2 // 3},"
            f"active_energy_import_t2_wh={wh - wh * 2 // 3},active_energy_export_wh={1_000_000 + max(sold, place * 4)},"
            f"active_energy_export_t1_wh={place},active_energy_export_t2_wh={place * 3} {window_s * NS}\n"
        )
    for place in range(0, len(lines), BATCH):
        influx.write("".join(lines[place : place + BATCH]), "energy/5m")


def main(meters: int) -> None:
    """Measure and print."""
    now_s = int(time.time()) // 3600 * 3600
    with tempfile.TemporaryDirectory() as folder, running.influxd(build.binary("influxd", print), Path(folder)) as influx:
        env = {**os.environ, "INFLUX_URL": influx.url, "INFLUX_TOKEN": influx.token}
        influx.make_bucket("energy/5m")

        def measured(what: str, config: str, *words: str) -> bytes:
            path = Path(folder) / "han.toml"
            path.write_text(config)
            begun_s = time.monotonic()
            command = [sys.executable, "-m", "telegraf_han", "bill", "--config", str(path), *words]
            done = subprocess.run(command, env=env, check=True, capture_output=True)
            lines = f", {done.stdout.count(b'electricity_cost')} hours printed" if done.stdout else ""
            print(f"{what}: {time.monotonic() - begun_s:.1f} s{lines}", flush=True)
            return done.stdout

        one = BILLED.format(name="home", number=1) + TARIFF
        store(influx, "home", now_s - 365 * DAY_S, now_s)
        measured("a year of one meter, printed", one)
        measured(
            "a year of one meter, stored", one, "--since", time.strftime("%Y-%m-%d", time.gmtime(now_s - 365 * DAY_S)), "--to", "influx"
        )
        measured("the last three days of one meter", one)
        store(influx, "flat", now_s - 31 * DAY_S, now_s)
        month = measured("a month of one meter, printed", BILLED.format(name="flat", number=1) + TARIFF)
        for number in range(meters):
            store(influx, f"flat-{number}", now_s - 4 * DAY_S, now_s)
            influx.write(month.replace(b"meter=flat,", f"meter=flat-{number},".encode()), "energy/5m")
        many = "".join(BILLED.format(name=f"flat-{number}", number=number + 2) + TARIFF for number in range(meters))
        measured(f"the last hour of {meters} meters", many, "--back", "1h")
        measured(f"the last three days of {meters} meters", many)
        kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print(f"the largest of these commands: {kilobytes / 1024:.0f} MB of memory", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
