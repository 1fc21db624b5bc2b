"""The test servers themselves: the built programs run, store and answer, go away and come back."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from servers import build, running

if TYPE_CHECKING:
    from collections.abc import Callable

PIPELINE = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
  omit_hostname = true

[[inputs.execd]]
  command = ["/bin/sh", "-c", '''
    echo "electricity,meter=12345678 power_import_w=1234.5 1700000000000000000"
    cat
  ''']
  signal = "none"
  data_format = "influx"

[[outputs.influxdb_v2]]
  urls = ["${INFLUX_URL}"]
  token = "${INFLUX_TOKEN}"
  organization = "home"
  bucket = "energy"
"""


def _pipeline_environment(influx: running.Influx) -> dict[str, str]:
    """Return what the pipeline's configuration reads from the environment."""
    return {"INFLUX_URL": influx.url, "INFLUX_TOKEN": influx.token}


@pytest.mark.parametrize("name", ["telegraf", "influxd", "influx", "nats-server", "nats"])
def test_says_its_pinned_version(name: str, request: pytest.FixtureRequest) -> None:
    """Each program is the version that its go.mod pins."""
    program: Path = request.getfixturevalue(f"{name.replace('-', '_')}_binary")
    if os.environ.get(build.SERVERS[name].variable):
        pytest.skip("the environment names another program, whose version is its own affair")

    said = subprocess.run([program, build.SERVERS[name].says_version], capture_output=True, text=True, timeout=60, check=True).stdout

    assert build.version(name) in said


def test_a_point_goes_through_the_whole_pipeline(start_telegraf: Callable[..., running.Process], influx: running.Influx) -> None:
    """What an execd program prints can be read back from InfluxDB by InfluxQL."""
    telegraf = start_telegraf(PIPELINE, _pipeline_environment(influx))

    rows = influx.wait_for_rows("SELECT power_import_w, meter FROM electricity")

    assert rows == [{"time": 1700000000000000000, "power_import_w": 1234.5, "meter": "12345678"}]
    # Checked before the end, because Telegraf may log `E! … file already closed` for a plugin that ends in order.
    assert " E! " not in telegraf.log_text()
    assert telegraf.stop() == 0


def test_influxdb_keeps_its_data_and_address_over_an_outage(influx: running.Influx) -> None:
    """After a power cut, the same client can go on."""
    influx.write("electricity,meter=1 energy_import_wh=5i 1700000000000000000")
    address = influx.url

    influx.kill()
    influx.start()

    assert influx.url == address
    day = influx.query("SELECT last(energy_import_wh) FROM electricity GROUP BY meter", times="rfc3339")
    assert day == [{"meter": "1", "time": "2023-11-14T22:13:20Z", "last": 5}]


def test_a_refused_query_says_why(influx: running.Influx) -> None:
    """InfluxDB's own words reach the test that asked."""
    with pytest.raises(running.InfluxError, match=r"400 at /query: .*failed to parse query"):
        influx.query("SELECT")


def test_a_killed_telegraf_leaves_no_child(telegraf_binary: Path, tmp_path: Path) -> None:
    """A plugin that ignores the end of its input is stopped at the end of the block."""
    config = tmp_path / "telegraf.conf"
    # Telegraf turns `$$` into `$`, so the shell sees its own process id.
    config.write_text(
        """
        [[inputs.execd]]
          command = ["/bin/sh", "-c", "echo $$$$ > child.pid; while :; do sleep 0.1; done"]
          signal = "none"
          data_format = "influx"
        [[outputs.discard]]
        """,
        encoding="utf-8",
    )
    with running.telegraf(telegraf_binary, config, tmp_path) as telegraf:
        child = tmp_path / "child.pid"
        running.until(lambda: child.exists() and child.read_text(), "the child's process id")
        pid = int(child.read_text())
        telegraf.kill()

        assert telegraf.status() == -signal.SIGKILL
        assert _alive(pid)

    running.until(lambda: not _alive(pid), "the child's end", timeout_s=60)


def _alive(pid: int) -> bool:
    """Say whether a process is there and no zombie that waits for a parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
