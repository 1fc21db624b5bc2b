"""Prints what a P1 telegram costs in `run`, when it comes after a pause: processor time, switches between threads, latency.

    .venv/bin/python tests/benchmarks/waking.py [TELEGRAMS [PER_SECOND]]

The telegrams of a simulated meter go through a pseudo terminal, each in one piece, as from a converter. The latency is the time from that
write to the line on stdout. It is real time, so it says something only on a machine that has nothing else to do.
"""

import os
import pty
import select
import subprocess
import sys
import tempfile
import time
import tty

SIMULATE = "simulate gama350 --start 2026-12-10T15:05:00+01:00 --speed max --days 0.1"
CONFIG = """
[output]
status_interval = "1h"

[[meter]]
name = "home"
interface = "p1"
port = "{port}"
encryption_key = "000102030405060708090a0b0c0d0e0f"
authentication_key = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
"""
STARTED_S = 1.5
LOST_S = 5.0


def spent(process: int) -> tuple[float, int]:
    """Processor seconds and switches of all threads of a process so far."""
    seconds, switches = 0.0, 0
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/schedstat") as stat:
            seconds += int(stat.read().split()[0]) / 1e9
        with open(f"/proc/{process}/task/{thread}/status") as status:
            switches += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
    return seconds, switches


def main(count: int, per_second: float) -> None:
    """Send so many telegrams, and print what they cost."""
    module = [sys.executable, "-m", "telegraf_han"]
    whole = subprocess.run([*module, *SIMULATE.split()], capture_output=True, check=True).stdout
    size = len(whole) // (int(0.1 * 86_400))
    telegrams = [whole[at : at + size] for at in range(0, size * count, size)]
    master, slave = pty.openpty()
    tty.setraw(slave)
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(CONFIG.format(port=os.ttyname(slave)))
        config.flush()
        with subprocess.Popen([*module, "run", "--config", config.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as plugin:  # fmt: skip
            time.sleep(STARTED_S)
            lines = plugin.stdout.fileno()
            os.read(lines, 65_536)  # the settings
            before, begin_s, latencies_s = spent(plugin.pid), time.monotonic(), []
            for number, telegram in enumerate(telegrams):
                time.sleep(max(0.0, begin_s + number / per_second - time.monotonic()))
                sent_s = time.monotonic()
                os.write(master, telegram)
                assert select.select([lines], [], [], LOST_S)[0], "a telegram was lost"
                latencies_s.append(time.monotonic() - sent_s)
                os.read(lines, 65_536)
            after = spent(plugin.pid)
            plugin.stdin.close()
    latencies_s.sort()
    print(f"{(after[0] - before[0]) / count * 1e6:.0f} us of processor and {(after[1] - before[1]) / count:.1f} switches a telegram")
    print(f"latency {latencies_s[count // 2] * 1e3:.2f} ms median, {latencies_s[int(count * 0.99)] * 1e3:.2f} ms at the 99th percentile")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300, float(sys.argv[2]) if len(sys.argv) > 2 else 50.0)
