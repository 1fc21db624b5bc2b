"""Writes a virtual meter's past straight into a real InfluxDB."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servers import running

START = "2026-10-25T00:00:00+02:00"


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "telegraf_han", "simulate", "gama350", "--start", START, "--speed", "max", *words]


def _environment(influx: running.Influx) -> dict[str, str]:
    given = {"INFLUX_URL": influx.url, "INFLUX_ORG": influx.org, "INFLUX_BUCKET": influx.bucket, "INFLUX_TOKEN": influx.token}
    return os.environ | given


def _simulate(influx: running.Influx, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*words), env=_environment(influx) | env, capture_output=True, text=True, check=False, timeout=120)


def test_a_day_of_25_hours(influx: running.Influx) -> None:
    """The night the clock goes back comes out whole: 25 hours, each point once, registers that only rise."""
    done = _simulate(influx, "--to", "influx", "--days", "1.0417", "--interval", "10s")

    assert done.returncode == 0, done.stderr
    rows = influx.query('SELECT "active_energy_import_wh" AS "wh" FROM "electricity"')
    assert len(rows) == 1.0417 * 86_400 // 10 + 1
    assert len({row["time"] for row in rows}) == len(rows)
    assert [row["wh"] for row in rows] == sorted(row["wh"] for row in rows)
    hours = influx.query('SELECT count("active_power_import_w") FROM "electricity" GROUP BY time(1d) fill(none) tz(\'Europe/Warsaw\')')
    assert hours[0]["count"] == 25 * 360


def test_the_same_numbers_as_on_the_wire(influx: running.Influx, tmp_path) -> None:
    """The database holds the same values that `decode` prints for the same telegrams on stdout."""
    done = _simulate(influx, "--to", "influx", "--days", "0.01")
    wire = _simulate(influx, "--to", "-", "--days", "0.01", "--plain").stdout.split("/EGM5G35")[1:]

    assert done.returncode == 0, done.stderr
    rows = influx.query('SELECT "active_power_import_w" AS "w" FROM "electricity"')
    sent = [float(telegram.split("1-0:1.7.0(")[1].split("*")[0]) * 1000 for telegram in wire]
    assert [round(value) for value in sent] == [row["w"] for row in rows]


def test_a_moment_without_influxdb(influx: running.Influx) -> None:
    """A load goes on where InfluxDB was away for a moment in its middle, and every telegram is there once."""
    with subprocess.Popen(_command("--to", "influx", "--days", "0.5"), env=_environment(influx), stderr=subprocess.PIPE, text=True) as load:
        influx.wait_for_rows('SELECT "active_power_import_w" FROM "electricity"', 5_000)
        influx.kill()
        assert load.stderr is not None
        said = next(line for line in load.stderr if line.startswith("W! trying again for "))
        influx.start()
        said += load.communicate(timeout=120)[1]

    assert load.returncode == 0, said
    (row,) = influx.query('SELECT count("active_power_import_w") FROM "electricity"')
    assert row["count"] == 43_200
    assert "I! 43200 telegrams written to " in said


def test_wrong_token(influx: running.Influx) -> None:
    """A token InfluxDB does not know is one line that says so, exit code 2, and the token is not in it."""
    done = _simulate(influx, "--to", "influx", "--days", "0.001", INFLUX_TOKEN="nobody-s-token")

    assert done.returncode == 2
    assert "--token-file" in done.stderr
    assert "nobody-s-token" not in done.stderr
