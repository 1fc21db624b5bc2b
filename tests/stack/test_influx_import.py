"""`influx import` into a real InfluxDB: every kind of file, imports that are interrupted and go on, and lines that InfluxDB refuses."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from servers.running import Influx, until

import linereader

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., subprocess.CompletedProcess[str]]

CASES = Path(__file__).parents[1] / "cases"
WARSAW = ZoneInfo("Europe/Warsaw")
NS = 1_000_000_000
FIRST_S = 1_790_000_000
COUNT = 60_000
CONFLICT = 'input field "active_energy_import_wh" on measurement "electricity" is type string, already exists as type float dropped=1'


def _environment(influx: Influx) -> dict[str, str]:
    return {**os.environ, "INFLUX_URL": influx.url, "INFLUX_TOKEN": influx.token, "INFLUX_ORG": influx.org, "INFLUX_BUCKET": influx.bucket}


def _words(*words: str) -> list[str]:
    return [sys.executable, "-m", "telegraf_han", "influx", *words]


@pytest.fixture
def command(influx: Influx) -> Command:
    """`telegraf-han influx …` on the test's InfluxDB."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(_words(*words), env=_environment(influx), capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.fixture(params=["plain", "gzip"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of many telegrams."""
    head = "electricity,interface=p1,meter=home,model=MA309M,serial=33000001"
    text = "".join(
        f"{head} active_energy_import_wh={place},active_power_import_w={place % 3000},voltage_l1_v=230.1 {(FIRST_S + place) * NS}\n"
        for place in range(COUNT)
    ).encode()
    path = tmp_path / ("history.lp.gz" if request.param == "gzip" else "history.lp")
    path.write_bytes(gzip.compress(text, 1) if request.param == "gzip" else text)
    return path


def _stored(influx: Influx) -> tuple[int, float]:
    """Number and sum of the stored registers. Each telegram has another register value."""
    rows = influx.query("SELECT count(active_energy_import_wh), sum(active_energy_import_wh) FROM electricity")
    return (rows[0]["count"], rows[0]["sum"]) if rows else (0, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "power cut"])
def test_an_interrupted_import_goes_on(influx: Influx, command: Command, history: Path, number: signal.Signals) -> None:
    """An import that was cut off stores the rest when it is called again. All lines are there, once."""
    state = Path(f"{history}.importing")
    process = subprocess.Popen(_words("import", str(history)), env=_environment(influx), stderr=subprocess.PIPE, text=True)
    until(lambda: state.exists() or process.poll() is not None, "the first batch")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    before = _stored(influx)[0]

    assert 0 < before < COUNT, err
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    done = command("import", str(history))

    assert done.returncode == 0
    assert f"I! {history}: going on after " in done.stderr
    assert f"I! {history}: {COUNT} stored, 0 wrong\n" in done.stderr
    assert _stored(influx) == (COUNT, sum(range(COUNT)))
    assert not state.exists()


def test_an_influxdb_that_goes_away(influx: Influx, tmp_path: Path) -> None:
    """The import waits for a restart of InfluxDB, and nothing is lost."""
    path = tmp_path / "history.lp"
    path.write_text(
        "".join(f"electricity,meter=home active_energy_import_wh={place} {(FIRST_S + place) * NS}\n" for place in range(4 * COUNT))
    )
    process = subprocess.Popen(_words("import", str(path)), env=_environment(influx), stderr=subprocess.PIPE, text=True)
    until(lambda: Path(f"{path}.importing").exists() or process.poll() is not None, "the first batch")
    influx.kill()
    time.sleep(0.5)
    influx.start()
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert _stored(influx) == (4 * COUNT, sum(range(4 * COUNT)))


def test_importing_twice_is_importing_once(influx: Influx, command: Command, tmp_path: Path) -> None:
    """The same file again gives the same points."""
    path = tmp_path / "history.lp"
    path.write_text("".join(f"electricity,meter=home active_energy_import_wh={place} {FIRST_S + place}\n" for place in range(100)))

    for _ in range(2):
        assert command("import", "--precision", "s", str(path)).returncode == 0
    assert _stored(influx) == (100, sum(range(100)))


def test_wrong_lines(influx: Influx, command: Command, tmp_path: Path) -> None:
    """Lines that cannot be read, and lines that InfluxDB refuses, are printed with their numbers. All others are stored. The exit code is 1."""
    influx.write(f"electricity,meter=home active_energy_import_wh=1 {FIRST_S * NS}")
    path = tmp_path / "history.lp"
    rows = [f"electricity,meter=home active_energy_import_wh={place} {(FIRST_S + place) * NS}" for place in range(50)]
    rows[7] = "electricity,meter=home active_energy_import_wh=7"
    rows[20] = f'electricity,meter=home active_energy_import_wh="20" {(FIRST_S + 20) * NS}'
    rows[30] = "no line protocol"
    path.write_text("\n".join(rows))

    done = command("import", str(path))

    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if line.startswith("E!")] == [
        f"E! {path}: line 8: a time stamp is expected, because without it each import would add another point",
        f"E! {path}: line 31: line protocol is expected",
        f"E! {path}: line 21: field type conflict: {CONFLICT}",
    ]
    assert f"I! {path}: 47 stored, 3 wrong\n" in done.stderr
    assert _stored(influx) == (47, sum(range(50)) - 7 - 20 - 30)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("p1-gama350-stoen", "hex"),
        ("p1-gama350-stoen", "raw"),
        ("p1-ma309m-plain", "raw"),
        ("p1-ma309m-stoen", "gzip"),
        ("wmbus-gama350-stoen", "hex"),
        ("wmbus-gama350-log-lines", "gzip"),
        *[(f"receiver-{kind}-gama350", "raw") for kind in ("amb8465", "cul", "im871a", "iu891a", "rc1180", "rtl_433", "rtl_wmbus")],
    ],
)
def test_captures(influx: Influx, command: Command, tmp_path: Path, name: str, form: str) -> None:
    """A capture gives the points that the plugin would have sent, in whatever form it was saved."""
    content = (CASES / name / "input.hex").read_bytes()
    if form == "raw":
        content = bytes.fromhex("".join(line.partition("#")[0] for line in content.decode().splitlines()))
    path = tmp_path / "capture"
    path.write_bytes(gzip.compress(content) if form == "gzip" else content)

    done = command("import", "--config", str(CASES / name / "config.toml"), str(path))

    assert done.returncode == 0, done.stderr
    (wanted,) = linereader.metrics((CASES / name / "expected.lp").read_bytes())
    (row,) = influx.query('SELECT * FROM "electricity"')
    assert row.pop("time") == wanted.time_ns
    assert {key: value for key, value in row.items() if value is not None} == {**dict(wanted.tags), **dict(wanted.fields)}


def test_a_portals_year(influx: Influx, command: Command, tmp_path: Path) -> None:
    """A year of quarter hours: each local day has its energy, also the days of 23 and 25 hours."""
    command("setup")
    moment, rows = datetime(2025, 1, 1, tzinfo=WARSAW).astimezone(UTC), ["Data;Pobór [kWh];Oddanie [kWh]"]
    while moment.astimezone(WARSAW).year == 2025:
        rows.append(f"{moment.astimezone(WARSAW):%d.%m.%Y %H:%M};0,025;0,001")
        moment += timedelta(minutes=15)
    path = tmp_path / "portal.csv"
    path.write_bytes("\r\n".join(rows).encode("cp1250"))

    done = command("import", "--meter", "home", str(path))

    assert done.returncode == 0, done.stderr
    assert f'I! {path}: date from "Data", import from "Pobór [kWh]", export from "Oddanie [kWh]"\n' in done.stderr
    days = influx.query(
        'SELECT sum(energy_import_wh) AS import, sum(energy_export_wh) AS export FROM "5m".electricity_portal'
        " WHERE time >= '2025-01-01' AND time < '2026-01-01' GROUP BY time(1d), meter tz('Europe/Warsaw')",
        times="rfc3339",
    )
    assert len(days) == 365
    odd = {day["time"][:10]: (day["import"], day["export"]) for day in days if day["import"] != 24 * 100}
    assert odd == {"2025-03-30": (2300, 92), "2025-10-26": (2500, 100)}


def test_a_portals_hours(influx: Influx, command: Command, tmp_path: Path) -> None:
    """Hours numbered 1 to 25 on the long day can be imported again and again. A wrong row is printed with its number; the exit code is 1."""
    command("setup")
    rows = ["Klient;Jan Kowalski", "Dzień;Godzina;Pobrana (kWh);Oddana (kWh)"]
    rows += [f"2026-10-25;{hour};{hour / 10:.1f};0,0".replace(".", ",") for hour in range(1, 26)]
    rows += ["2026-10-26;1;zero;0,0", "2026-10-26;2;0,2;0,5", "Suma;;32,7;0,5"]
    path = tmp_path / "portal.csv"
    path.write_text("\n".join(rows), encoding="utf-8")

    for _ in range(2):
        done = command("import", "--meter", "home", str(path))

        assert done.returncode == 1
        assert [line for line in done.stderr.splitlines() if line.startswith("E!")] == [
            f"E! {path}: line 28: an energy such as 0,123 or 0.123 is expected"
        ]
        assert f"I! {path}: 53 stored, 1 wrong\n" in done.stderr
        days = influx.query(
            'SELECT sum(energy_import_wh) AS import, sum(energy_export_wh) AS export, count(energy_import_wh) AS hours FROM "5m".electricity_portal'
            " WHERE time >= '2026-10-24T22:00:00Z' AND time < '2026-10-26T23:00:00Z' GROUP BY time(1d), meter tz('Europe/Warsaw')",
            times="rfc3339",
        )
        assert [(day["import"], day["export"], day["hours"]) for day in days] == [(32_500, 0, 25), (200, 500, 1)]


def test_an_interrupted_portal(influx: Influx, command: Command, tmp_path: Path) -> None:
    """A long table goes on where a power cut left it, too."""
    command("setup")
    moment, rows = datetime(2023, 1, 1, tzinfo=UTC), ["Data;Pobór [kWh]"]
    rows += [
        f"{(moment + timedelta(minutes=15 * place)).astimezone(WARSAW):%Y-%m-%d %H:%M%z};0,{place % 1000:03}" for place in range(COUNT)
    ]
    path = tmp_path / "portal.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    state = Path(f"{path}.importing")
    process = subprocess.Popen(_words("import", "--meter", "home", str(path)), env=_environment(influx), stderr=subprocess.PIPE, text=True)
    until(lambda: state.exists() or process.poll() is not None, "the first batch", 60)
    process.kill()
    process.communicate(timeout=60)
    count = 'SELECT count(energy_import_wh), sum(energy_import_wh) FROM "5m".electricity_portal'
    before = influx.query(count)[0]["count"]

    done = command("import", "--meter", "home", str(path))

    assert 0 < before < COUNT
    assert done.returncode == 0
    assert "going on after" in done.stderr
    (row,) = influx.query(count)
    assert (row["count"], row["sum"]) == (COUNT, sum(place % 1000 for place in range(COUNT)))
    assert not state.exists()


@pytest.mark.parametrize("action", ["import", "setup"])
def test_a_server_that_is_none(influx: Influx, command: Command, tmp_path: Path, action: str) -> None:
    """For an address copied from the browser, one line says what is wrong."""
    path = tmp_path / "history.lp"
    path.write_text(f"a x=1 {FIRST_S * NS}\n")

    done = command(action, "--url", f"{influx.url}/orgs/0123456789abcdef/data-explorer", *([str(path)] if action == "import" else []))

    assert done.returncode == 2
    assert done.stderr.startswith("E! --url: the address of an InfluxDB 2")
    assert done.stderr.count("\n") == 1


def test_a_token_that_may_only_write_is_enough(influx: Influx, command: Command, tmp_path: Path) -> None:
    """An import needs no more rights than Telegraf has."""
    token, path = tmp_path / "token", tmp_path / "history.lp"
    command("setup", "--write-token-file", str(token))
    path.write_text(f"electricity,meter=home active_energy_import_wh=1 {FIRST_S * NS}\n")

    assert command("import", "--token-file", str(token), str(path)).returncode == 0
    assert _stored(influx) == (1, 1)


def test_a_bucket_that_is_not_there(command: Command, tmp_path: Path) -> None:
    """One line says so at once, and names the command that makes the bucket."""
    path = tmp_path / "history.lp"
    path.write_text(f"a x=1 {FIRST_S * NS}\n")

    done = command("import", "--bucket", "nix", str(path))

    assert done.returncode == 2
    assert done.stderr.startswith("E! --bucket: an existing bucket is expected: telegraf-han influx setup makes it")


def test_stdin(influx: Influx) -> None:
    """What another program prints can be stored too."""
    text = f"electricity,meter=home active_energy_import_wh=1 {FIRST_S * NS}\n"
    done = subprocess.run(
        _words("import", "-"), env=_environment(influx), input=text, capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr.splitlines()[0]) == (0, "I! -: 1 stored, 0 wrong")
    assert _stored(influx) == (1, 1)
