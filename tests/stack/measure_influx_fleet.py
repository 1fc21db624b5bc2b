"""Measures what down-sampling and the sums per site of a fleet cost. Run it by hand; it is no test.

    python tests/stack/measure_influx_fleet.py [METERS [SITES]]

It starts an InfluxDB of its own and writes half an hour of telegrams (one per meter and ten seconds, 22 fields each) with a status line a
minute, and a day of five-minute points. Then it runs what the tasks run, and prints the time, the time of the processor, and the most
memory that InfluxDB had. 10,000 meters take about 20 minutes on two cores.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from servers import build, running

from telegraf_han.influx import downsampling, sites
from telegraf_han.influx.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NS = 1_000_000_000
DAY_S = 86_400
BATCH = 5_000
EVERY_S, STATUS_S, FIVE_S = 10, 60, 300
TELEGRAMS_S = 1_800
NO_ERRORS = ",".join(
    f"{name}=0i" for name in ("duplicates", "lines_dropped", "flaws", "stale", "registers_back", "errors_key", "errors_framing")
)


def telegram(place: int, at: int) -> str:
    """The fields of a telegram: registers that rise, a power that jumps, voltages that swing."""
    power, voltage, register = 200 + (place * 7919) % 3001, 225 + (place * 31) % 100 / 10, 12_000_000 + place
    return (
        f"active_energy_import_wh={register},active_energy_import_t1_wh={register // 2},active_energy_import_t2_wh={register // 3},"
        f"active_energy_export_wh=1000,active_energy_export_t1_wh=500,active_energy_export_t2_wh=500,reactive_energy_q1_varh={register // 9},"
        f"reactive_energy_q4_varh={register // 8},active_power_import_w={power},active_power_export_w=0,active_power_import_l1_w={power},"
        f"active_power_import_l2_w=0,active_power_import_l3_w=0,voltage_l1_v={voltage},voltage_l2_v={voltage},voltage_l3_v={voltage},"
        f"current_l1_a={power / 230:.2f},current_l2_a=0,current_l3_a=0,limiter_threshold_active_w=11000,limiter_mode=3 {at * NS}\n"
    )


def status(place: int, at: int) -> str:
    """The fields of a status line."""
    return f'telegrams={place}i,errors_checksum={place // 60}i,{NO_ERRORS},age_s=4,clock_offset_s=0.5,state="ok" {at * NS}\n'


def lines(heads: list[str], start_s: int, stop_s: int, every_s: int, status_s: int) -> Iterator[str]:
    """All lines of all meters."""
    for at in range(start_s, stop_s, every_s):
        fields = telegram((at - start_s) // every_s, at)
        yield from (f"electricity,interface=p1,model=MA309M,{head} {fields}" for head in heads)
        if (at - start_s) % status_s == 0:
            fields = status((at - start_s) // every_s, at)
            yield from (f"electricity_link,interface=p1,{head.partition(',serial')[0]} {fields}" for head in heads)


def main(meters: int, of_sites: int) -> None:
    """Measure and print."""
    stop_s = int(time.time()) // sites.WINDOW_S * sites.WINDOW_S
    heads = [f"meter=m{number // of_sites},site=s{number % of_sites},serial={33_000_000 + number}" for number in range(meters)]
    with tempfile.TemporaryDirectory() as folder, running.influxd(build.binary("influxd", print), Path(folder)) as influx:
        influx.make_bucket("energy/5m")
        api, process = Api(influx.url, influx.org, influx.token), Path(f"/proc/{influx.process.pid}")

        def written(bucket: str, found: Iterator[str]) -> None:
            begun_s, batch, count = time.monotonic(), [], 0
            for line in found:
                batch.append(line)
                if len(batch) == BATCH:
                    influx.write("".join(batch), bucket)
                    count += len(batch)
                    batch.clear()
            influx.write("".join(batch), bucket)
            print(f"{count + len(batch)} lines into {bucket}: {time.monotonic() - begun_s:.0f} s", flush=True)

        def processor_s() -> float:
            user, system = (process / "stat").read_text().rsplit(")", 1)[1].split()[11:13]
            return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

        def measured(what: str, compute: Callable[[], int]) -> None:
            (process / "clear_refs").write_text("5")
            begun_s, begun_processor_s = time.monotonic(), processor_s()
            values = compute()
            peak_kb = next(line.split()[1] for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM"))
            print(
                f"{what}: {values} values, {time.monotonic() - begun_s:.0f} s, processor {processor_s() - begun_processor_s:.0f} s,"
                f" memory at most {int(peak_kb) / 1e6:.1f} GB, load {os.getloadavg()[0]:.1f}",
                flush=True,
            )

        def of_fleet(span_s: int) -> str:
            """What a task runs: all parts at once."""
            first, *others = downsampling.past_of_fleet(influx.bucket, "electricity", stop_s - span_s, stop_s)
            return first + "\n".join(other.partition("\n\n")[2] for other in others)

        def computed(what: str, script: str) -> None:
            measured(what, lambda: sum(row["_value"] for row in api.flux(script)))

        written("energy/5m", lines(heads, stop_s - DAY_S, stop_s - TELEGRAMS_S, FIVE_S, FIVE_S))
        written("energy", lines(heads, stop_s - TELEGRAMS_S, stop_s, EVERY_S, STATUS_S))
        for minutes in (15, 30):
            computed(f"five-minute points of {minutes} min", of_fleet(60 * minutes))
        house = downsampling.past(influx.bucket, "electricity", stop_s - FIVE_S, stop_s)
        computed("five-minute points of 5 min, as for a single house", house)
        for hours in (1, 6, 24):
            begin_s = stop_s - 3600 * hours
            measured(f"sums of {hours} h", lambda begin_s=begin_s: sites.computed(api, influx.bucket, "electricity", begin_s, stop_s))


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(*(numbers + [10_000, 500][len(numbers) :]))
