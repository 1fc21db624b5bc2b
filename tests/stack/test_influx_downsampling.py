"""`influx setup`, `backfill`, `remove` and tokens on a real InfluxDB. The five-minute points hold the right numbers."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import stat
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from servers.running import Influx, InfluxError, until

from telegraf_han import cli
from telegraf_han.influx import downsampling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from telegraf_han.influx.api import Api

    Command = Callable[..., subprocess.CompletedProcess[str]]
    Backfill = Callable[..., tuple[int, str]]

NS = 1_000_000_000
WINDOW_S = 300
TAGS = {"interface": "p1", "meter": "home", "model": "MA309M", "serial": "33000001"}
START_S = 1_790_000_100
"""The start of a window, some time in September 2026."""


@pytest.fixture
def backfill(influx: Influx, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Backfill:
    """`telegraf-han influx backfill` in this process: how many days it computed, and what it said."""
    for name, value in (("URL", influx.url), ("TOKEN", influx.token), ("ORG", influx.org), ("BUCKET", influx.bucket)):
        monkeypatch.setenv(f"INFLUX_{name}", value)
    computed, days = downsampling.computed, []

    def counted(api: Api, raw: str, measurement: str, start_s: int, stop_s: int, *, fleet: bool) -> int:
        days.append(start_s)
        return computed(api, raw, measurement, start_s, stop_s, fleet=fleet)

    monkeypatch.setattr(downsampling, "computed", counted)

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        assert cli.main(["influx", "backfill", *words]) == 0
        return len(days), capsys.readouterr().err

    return run


def telegrams(start_s: int, count: int, step_s: int = 1, serial: str = TAGS["serial"]) -> Iterator[tuple[int, dict[str, float]]]:
    """Seconds and fields of a meter. No two windows have the same numbers."""
    del serial
    for place in range(count):
        second = start_s + place * step_s
        power = 200 + (place * 7919) % 3001
        yield (
            second,
            {
                "active_energy_import_wh": 12_000_000.0 + place,
                "active_energy_import_t1_wh": 8_000_000.0 + place // 2,
                "active_power_import_w": float(power),
                "active_power_import_max_w": 3200.0 + place // 700,
                "voltage_l1_v": 225 + (place * 31) % 100 / 10,
                "current_l1_a": power / 230,
                "frequency_hz": 49.9 + place % 3 / 10,
                "power_factor": 0.9 + place % 2 / 100,
                "limiter_threshold_active_w": 11_000.0 if place < 400 else 5_500.0,
                "limiter_mode": 3.0 + place // 1000,
            },
        )


def lines(found: Iterator[tuple[int, dict[str, float]]] | list[tuple[int, dict[str, float]]], tags: dict[str, str] = TAGS) -> str:
    head = ",".join(["electricity", *(f"{key}={value}" for key, value in tags.items())])
    return "".join(
        f'{head} {",".join(f"{key}={value}" for key, value in fields.items())},message="text {second}" {second * NS}\n'
        for second, fields in found
    )


def expected(found: list[tuple[int, dict[str, float]]]) -> dict[int, dict[str, Any]]:
    """The expected five-minute points, computed here in the simplest way: window's start → fields."""
    windows: dict[int, list[tuple[int, dict[str, float]]]] = {}
    for second, fields in found:
        windows.setdefault(second // WINDOW_S * WINDOW_S, []).append((second, fields))
    result = {}
    for start_s, rows in windows.items():
        last = rows[-1][1]
        point: dict[str, Any] = {"message": f"text {rows[-1][0]}"}
        for name in last:
            values = [fields[name] for _, fields in rows]
            if name in ("active_power_import_w", "voltage_l1_v"):
                point |= {name: math.fsum(values) / len(values), f"{name}_max": max(values), f"{name}_min": min(values)}
            elif name in ("current_l1_a", "frequency_hz", "power_factor"):
                point[name] = math.fsum(values) / len(values)
            else:
                point[name] = last[name]
        result[start_s] = point
    return result


def downsampled(influx: Influx, where: str = "") -> dict[int, dict[str, Any]]:
    """The points of "5m" as InfluxQL, the language of the boards, returns them: window's start → fields."""
    rows = influx.query(f'SELECT * FROM "5m"."electricity" {where}')
    return {
        row["time"] // NS: {key: value for key, value in row.items() if key not in {"time", *TAGS} and value is not None} for row in rows
    }


def differences(found: dict[int, dict[str, Any]], wanted: dict[int, dict[str, Any]]) -> list[str]:
    """The differences: registers, extremes and texts must be equal to the last digit; means may differ by the order of adding."""
    said = [f"window {start_s}" for start_s in found.keys() ^ wanted.keys()]
    for start_s in found.keys() & wanted.keys():
        one, other = found[start_s], wanted[start_s]
        said += [
            f"{start_s} {name}: {one.get(name)} {other.get(name)}"
            for name in one.keys() | other.keys()
            if not _same(one.get(name), other.get(name))
        ]
    return said


def _same(one: Any, other: Any) -> bool:
    return one == other or (isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=1e-12))


def iso(second: int) -> str:
    return dt.datetime.fromtimestamp(second, dt.UTC).isoformat()


def test_five_minutes_hold_the_right_numbers(influx: Influx, command: Command) -> None:
    """Each point has its window's last register, mean, highest and lowest value, the time of its start, and nothing of its neighbours."""
    found = list(telegrams(START_S + 100, 1500))
    influx.write(lines(found))
    assert command("setup").returncode == 0

    done = command("backfill", "--start", iso(START_S), "--stop", iso(START_S + 1800))

    assert done.returncode == 0, done.stderr
    assert differences(downsampled(influx), expected(found)) == []
    assert len(downsampled(influx)) == 6


def test_computing_again_and_late_data(influx: Influx, command: Command) -> None:
    """A second run changes nothing. Telegrams that arrive late are in the numbers after the next run."""
    found = list(telegrams(START_S, 1200))
    late = found[300:700]
    influx.write(lines(found[:300] + found[700:]))
    command("setup")
    first = command("backfill")
    before = downsampled(influx)
    second = command("backfill")

    assert first.stderr == second.stderr
    assert downsampled(influx) == before
    assert differences(before, expected(found[:300] + found[700:])) == []
    influx.write(lines(late))
    command("backfill", "--start", iso(START_S + 320), "--stop", iso(START_S + 330))
    command("backfill", "--start", iso(START_S + 600), "--stop", iso(START_S + 700))

    assert differences(downsampled(influx), expected(found)) == []


@pytest.mark.parametrize("stamps_s", [[0], [0, 1, 86_400, 200_000], [-5, 946_684_799]], ids=["0", "days of 1970", "before 2000"])
@pytest.mark.parametrize("words", [[], ["--start", "1970-01-01T00:00:00Z"]], ids=["from the first telegram", "from 1970"])
def test_points_of_1970(influx: Influx, command: Command, backfill: Backfill, stamps_s: list[int], words: list[str]) -> None:
    """A host without a clock may have written points of 1970. They are ignored and told once, and the years between cost nothing."""
    found = list(telegrams(START_S, 600))
    influx.write(lines((stamp_s, {"active_energy_import_wh": 5.0}) for stamp_s in stamps_s))
    influx.write(lines(found))
    command("setup")
    days, said = backfill(*words)

    assert days <= 3
    assert said.count("a time before 2000-01-01 are ignored") == 1
    assert differences(downsampled(influx), expected(found)) == []


def test_telegrams_years_apart(influx: Influx, command: Command, backfill: Backfill) -> None:
    """Points that were written while a clock was wrong by years cost no day between them, and no telegram is missing."""
    old_s = int(dt.datetime(2004, 5, 6, 23, 58, tzinfo=dt.UTC).timestamp())
    found = [*telegrams(old_s, 300), *telegrams(START_S, 600)]
    influx.write(lines(found))
    command("setup")
    days, _ = backfill()

    assert days <= 6
    assert differences(downsampled(influx), expected(found)) == []


def test_the_task_computes_whole_windows(influx: Influx, command: Command) -> None:
    """The task computes the whole windows of the last hour. The running window is left out, and the next run includes late data."""
    now_s = int(time.time())
    running_s = now_s // WINDOW_S * WINDOW_S
    found = list(telegrams(running_s - 3 * WINDOW_S, 4 * WINDOW_S // 5, 5))
    influx.write(lines(found))
    command("setup")
    task_id = _task(influx, "down-sampling")

    _run(influx, task_id)
    whole = [row for row in found if row[0] < running_s]
    where = f"WHERE time < {running_s * NS}"
    assert differences(downsampled(influx, where), expected(whole)) == []

    late = [(second, fields) for second, fields in telegrams(running_s - 3 * WINDOW_S + 1, 50, 2) if second % 5]
    influx.write(lines(late))
    _run(influx, task_id)
    everything = sorted(whole + late)
    assert differences(downsampled(influx, where), expected(everything)) == []


def _task(influx: Influx, name: str) -> str:
    tasks = json.loads(influx.request("/api/v2/tasks"))["tasks"]
    return next(task["id"] for task in tasks if task["name"] == f"telegraf-han energy: {name}")


def _run(influx: Influx, task_id: str) -> None:
    """Run a task now, as its schedule would, and wait for its end."""
    run = json.loads(influx.request(f"/api/v2/tasks/{task_id}/runs", b"{}", "application/json"))
    ended: dict[str, Any] = {}

    def over() -> bool:
        try:
            ended.update(json.loads(influx.request(f"/api/v2/tasks/{task_id}/runs/{run['id']}")))
        except InfluxError:  # between its end and its entry in the log a run is nowhere
            return False
        return ended["status"] not in ("scheduled", "started")

    until(over, "the end of the task's run")
    assert ended["status"] == "success", ended


def test_a_replaced_meter_and_a_neighbour(influx: Influx, command: Command) -> None:
    """Each serial number and each meter has its own points, so a difference of registers never runs across them."""
    tags = [TAGS, TAGS | {"serial": "33000002"}, TAGS | {"meter": "flat-12", "interface": "wmbus"}]
    for place, of in enumerate(tags):
        influx.write(lines(telegrams(START_S, 10 * (place + 1)), of))
    command("setup")
    command("backfill")

    rows = influx.query('SELECT last("active_energy_import_wh") AS wh FROM "5m"."electricity" GROUP BY "meter", "serial"')

    assert sorted((row["meter"], row["serial"], row["wh"]) for row in rows) == [
        ("flat-12", "33000001", 12_000_029),
        ("home", "33000001", 12_000_009),
        ("home", "33000002", 12_000_019),
    ]


def test_daily_energy_from_five_minutes(influx: Influx, command: Command) -> None:
    """A month's energy by local day is the same from "5m" as from the telegrams, also on the long day of October."""
    start_s = int(dt.datetime(2026, 10, 20, tzinfo=dt.UTC).timestamp())
    influx.write(
        lines((second, {"active_energy_import_wh": float((second - start_s) // 7)}) for second in range(start_s, start_s + 10 * 86400, 60))
    )
    command("setup")
    command("backfill")
    days = (
        "SELECT difference(last(\"active_energy_import_wh\")) AS wh FROM {} WHERE time >= '2026-10-19' AND time < '2026-11-01'"
        " GROUP BY time(1d) fill(none) tz('Europe/Warsaw')"
    )

    raw = influx.query(days.format('"electricity"'), times="rfc3339")
    five = influx.query(days.format('"5m"."electricity"'), times="rfc3339")

    assert five == raw
    energy = {row["time"][:10]: row["wh"] for row in five}
    assert energy["2026-10-24"] == pytest.approx(86400 / 7, abs=9)
    assert energy["2026-10-25"] == pytest.approx(90000 / 7, abs=9)


def test_setup_twice(influx: Influx, command: Command, tmp_path: Path) -> None:
    """The second run finds everything as wanted. It repairs only what was changed by hand."""
    words = ["setup", "--retention", "90d", "--write-token-file", str(tmp_path / "write"), "--read-token-file", str(tmp_path / "read")]
    first, second = command(*words), command(*words)

    assert [line.split()[0] for line in first.stdout.splitlines()] == ["changed", *["created"] * 6]
    assert [line.split()[0] for line in second.stdout.splitlines()] == ["ok"] * 7
    task_id = _task(influx, "down-sampling")
    _patch(influx, f"/api/v2/tasks/{task_id}", {"status": "inactive"})
    third = command(*words)
    assert [line for line in third.stdout.splitlines() if not line.startswith("ok")] == ["changed  task telegraf-han energy: down-sampling"]


def _patch(influx: Influx, path: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Token {influx.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(influx.url + path, json.dumps(body).encode(), headers, method="PATCH")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60).close()


def test_tokens_have_the_least_rights(influx: Influx, command: Command, tmp_path: Path) -> None:
    """Telegraf's token writes two buckets, those of Grafana and of `bill` read them. None can do more, and only the owner reads the files."""
    write, read, bill = tmp_path / "write", tmp_path / "read", tmp_path / "bill"
    done = command("setup", "--write-token-file", str(write), "--read-token-file", str(read), "--bill-token-file", str(bill))
    admin = influx.token
    tokens = {path: path.read_text().strip() for path in (write, read, bill)}
    assert len({*tokens.values()}) == 3

    for path, token in tokens.items():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert token not in done.stdout + done.stderr
    influx.token = tokens[write]
    influx.write(f"electricity,meter=home active_power_import_w=1 {START_S * NS}")
    influx.write(f"electricity_cost,meter=home total=1 {START_S * NS}", "energy/5m")
    with pytest.raises(InfluxError, match="403"):
        influx.write("a x=1 1", "_monitoring")
    with pytest.raises(InfluxError):
        influx.query("SELECT * FROM electricity")

    for path in (read, bill):
        influx.token = tokens[path]
        assert len(influx.query("SELECT * FROM electricity")) == 1
        assert len(influx.query('SELECT * FROM "5m"."electricity_cost"')) == 1
        for bucket in ("energy", "energy/5m"):
            with pytest.raises(InfluxError, match="403"):
                influx.write("a x=1 1", bucket)
        with pytest.raises(InfluxError):
            influx.query("SELECT * FROM statuses", "_monitoring")
    influx.token = admin


def test_production_is_down_sampled(influx: Influx, command: Command) -> None:
    """What an inverter has made is computed as telegrams are, also on days without telegrams; nothing else is taken along."""
    for second in range(START_S, START_S + 900, 30):
        influx.write(f"electricity_production,inverter=roof,meter=home energy_wh={second - START_S},power_w={second % 60} {second * NS}")
        influx.write(f"electricity_price,series=rce price_per_kwh=0.5 {second * NS}")
    assert command("setup").returncode == 0

    done = command("backfill", "--start", "2026-01-01", "--stop", iso(START_S + 900))

    assert done.returncode == 0, done.stderr
    rows = influx.query('SELECT * FROM "5m"."electricity_production"', times="s")
    assert [(row["time"], row["inverter"], row["energy_wh"]) for row in rows] == [
        (START_S + 300 * place, "roof", 300 * place + 270) for place in range(3)
    ]
    assert all((row["power_w"], row["power_w_max"], row["power_w_min"]) == (15, 30, 0) for row in rows)
    assert influx.query('SELECT * FROM "5m"."electricity_price"') == []


STATES = ("ok",) * 90 + ("ok", "noise", "silent", *("ok",) * 27) + ("wrong_key",) * 30 + ("ok",) * 30
"""One each ten seconds, from `START_S` on: three windows that are well, one with a short fault, one of a fault only, one that is well."""


def status(second: int) -> dict[str, str]:
    """A status line as text: its counters rise, and the plugin starts again after 20 minutes."""
    place = (second - START_S) // 10
    counted = place if place < 120 else place - 120
    counters = {"telegrams": f"{counted}i", "errors_key": f"{counted // 7}i", "lines_dropped": "0i"}
    return counters | {
        "age_s": str(place * 7919 % 60),
        "clock_offset_s": str(-place / 10),
        "rssi_dbm": str(-60 - place % 5),
        "state": f'"{STATES[place]}"',
    }


@pytest.mark.parametrize("tags", ["interface=wmbus,meter=home", "interface=wmbus,meter=home,staircase=B"], ids=["plain", "tags of a meter"])
def test_status_lines_are_down_sampled(influx: Influx, command: Command, tags: str) -> None:
    """Counters have their last value, the age its highest, offset and signal their mean, and no fault disappears, however short. Tags stay."""
    times = range(START_S, START_S + 10 * len(STATES), 10)
    influx.write("".join(f"electricity_link,{tags} {','.join('='.join(pair) for pair in status(at).items())} {at * NS}\n" for at in times))
    assert command("setup").returncode == 0

    for _ in range(2):
        done = command("backfill", "--start", iso(START_S), "--stop", iso(times[-1]))
        assert done.returncode == 0, done.stderr

    rows = influx.query('SELECT * FROM "5m"."electricity_link"', times="s")
    assert [row["state"] for row in rows] == ["ok", "ok", "ok", "silent", "wrong_key", "ok"]
    assert {",".join(f"{name}={row[name]}" for name in sorted(row.keys() & {"interface", "meter", "staircase"})) for row in rows} == {tags}
    for begin_s, row in zip(times[::30], rows, strict=True):
        of_window = [status(at) for at in range(begin_s, begin_s + WINDOW_S, 10)]
        numbers = {name: [float(fields[name]) for fields in of_window] for name in ("age_s", "clock_offset_s", "rssi_dbm")}
        assert row["time"] == begin_s
        assert all(row[name] == int(of_window[-1][name][:-1]) for name in ("telegrams", "errors_key", "lines_dropped"))
        assert row["age_s"] == max(numbers["age_s"])
        assert [row[name] for name in ("clock_offset_s", "rssi_dbm")] == pytest.approx(
            [math.fsum(numbers[name]) / 30 for name in ("clock_offset_s", "rssi_dbm")]
        )


def test_settings_are_down_sampled(influx: Influx, command: Command) -> None:
    """Limits and prices stay what they were, whatever their unit is."""
    for place, limit in enumerate((3000, 5000, 4000)):
        at = (START_S + place * WINDOW_S + 7) * NS
        influx.write(f'electricity_settings,interface=p1,meter=home active_power_import_w={limit},silence_s=180,currency="PLN" {at}')
    assert command("setup").returncode == 0

    assert command("backfill", "--start", iso(START_S), "--stop", iso(START_S + 900)).returncode == 0

    rows = influx.query('SELECT * FROM "5m"."electricity_settings"', times="s")
    assert rows == [
        {
            "time": START_S + place * WINDOW_S,
            "interface": "p1",
            "meter": "home",
            "active_power_import_w": limit,
            "silence_s": 180,
            "currency": "PLN",
        }
        for place, limit in enumerate((3000, 5000, 4000))
    ]


def test_remove(influx: Influx, command: Command, tmp_path: Path) -> None:
    """Everything that setup made is removed, without or with its data. What people made stays, and the earlier bucket, too."""
    influx.write(lines(telegrams(START_S, 600)))
    mine = b'{"org":"home","flux":"option task = {name: \\"mine\\", every: 1h}\\nbuckets()"}'
    influx.request("/api/v2/tasks", mine, "application/json")
    command("setup", "--read-token-file", str(tmp_path / "read"))
    command("backfill")
    points = len(downsampled(influx))

    removed = command("remove")

    assert [line.split()[0] for line in removed.stdout.splitlines()] == ["removed"] * 4 + ["kept"] * 2
    assert points == 2
    assert len(downsampled(influx)) == points
    with_data = command("remove", "--with-data")
    assert with_data.stdout.splitlines() == ["kept     bucket energy, which setup did not make", "removed  bucket energy/5m"]
    assert len(influx.query("SELECT active_power_import_w FROM electricity")) == 600
    assert b'"mine"' in influx.request("/api/v2/tasks")
    assert b"telegraf-han" not in influx.request("/api/v2/tasks") + influx.request("/api/v2/authorizations") + influx.request(
        "/api/v2/buckets"
    )


@pytest.mark.parametrize(
    ("words", "expected_error"),
    [
        (["setup", "--url", "http://127.0.0.1:1"], "E! no InfluxDB answers at http://127.0.0.1:1"),
        (["setup", "--org", "nix"], "E! --org: an organisation of this InfluxDB is expected"),
        (["backfill", "--bucket", "nix"], "E! --bucket: an existing bucket is expected: telegraf-han influx setup makes it"),
        (["setup", "--token-file", os.devnull], f"E! {os.devnull}: --token-file: a file with a token of InfluxDB is expected"),
    ],
    ids=["unreachable", "organisation", "bucket", "no token"],
)
def test_what_a_user_has_to_mend(command: Command, words: list[str], expected_error: str) -> None:
    """One line, what to do, exit code 2."""
    done = command(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(expected_error)
    assert done.stderr.count("\n") == 1


def test_a_token_that_influxdb_does_not_know(influx: Influx, command: Command) -> None:
    """The error says so, and does not show the token."""
    influx.token = "n0-such-t0ken"
    done = command("setup")

    assert done.returncode == 2
    assert done.stderr.startswith("E! --token-file: a token that this InfluxDB knows is expected")
    assert "n0-such" not in done.stderr
