"""Forged, replayed and downgraded telegrams, in the real pipeline: cables and a receiver, `run`, Telegraf, InfluxDB, boards and alert rules.

One household is sent by many meters at once. Each row of `attacks` lies to one of them, and two are left in peace. A second bucket holds what
the boards must show: the points of the meters in peace, for every meter.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import boardrunner
import pytest

import attacks
import livehouse
from attacks import ATTACKS, CALM, COUNT, Attack, Scene
from livehouse import CAUSES, NS, ROOT, House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import running

METERS = (*CALM, *ATTACKS)
TRUTH = "truth"
"""The bucket of what boards must show."""
SPAN_S = 350
"""The first telegram was sent so long ago. A clock is believed within ten minutes of the host's, so four minutes are left for sending."""
HISTORY_S = 3 * 86_400
BOARDS = ("home", "history", "quality", "building")
ON_BOARDS = ("p1-plain-text", "p1-tag-stripped", "p1-replayed-often", "radio-mode-0", "radio-replayed-in-order")
"""Meters with a history, whose panels are compared. All boards show InfluxDB's points, and these are compared for each meter."""
ERRORS = "telegraf-han-decode-errors"


def _telegrams(attack: Attack, scene: Scene, place: int) -> list[bytes]:
    """A genuine telegram, and the false ones behind it."""
    return [attack.genuine(scene, place), *attack.false(scene, place)]


@pytest.fixture(scope="module")
def scenes() -> dict[str, Scene]:
    """Number and first moment of each meter."""
    start_s = int(time.time()) - SPAN_S
    return {attack.name: Scene(f"{35_000_001 + number}", start_s) for number, attack in enumerate(METERS)}


@pytest.fixture(scope="module")
def house(
    influxd_binary: Path, telegraf_binary: Path, tmp_path_factory: pytest.TempPathFactory, scenes: dict[str, Scene]
) -> Iterator[House]:
    """Everything is sent once. The tests only look."""
    meters = [
        livehouse.Meter(
            one.name,
            one.interface,
            attacks.section(one.name, one.interface, scenes[one.name], one.options or attacks.KEYS),
            partial(_telegrams, one, scenes[one.name]),
        )
        for one in METERS
    ]
    with livehouse.sent(influxd_binary, telegraf_binary, tmp_path_factory.mktemp("trust"), meters, COUNT) as found:
        _truth(found, scenes)
        yield found


def _truth(house: House, scenes: dict[str, Scene]) -> None:
    """Fill the second bucket, give all meters three days of history, and down-sample both."""
    influx = house.influx
    organization = json.loads(influx.request("/api/v2/orgs"))["orgs"][0]["id"]
    for bucket in (TRUTH, f"{TRUTH}/5m"):
        made = json.dumps({"orgID": organization, "name": bucket, "retentionRules": []}).encode()
        influx.request("/api/v2/buckets", made, "application/json")
    lines: dict[str, list[str]] = {"energy": [], TRUTH: []}
    calm = {one.interface: _live(house, scenes, one.name) for one in CALM}
    for one in METERS:
        tags = f"interface={one.interface},meter={one.name}"
        before = _live(house, scenes, one.name)[0]
        model = f"model={before['model']}," if "model" in before else ""
        own = f"{model}serial={_serial(one, scenes)}"
        start_s = scenes[one.name].start_s
        for second in range(start_s - HISTORY_S, start_s, 600) if one.name in ON_BOARDS else ():
            place = (second - start_s) // attacks.STEP_S
            said = attacks.fields(attacks.reading(start_s, place)) | {"active_power_import_w": attacks.POWER_W}
            line = f"electricity,{tags},{own} {_written_fields(said)} {second * NS}"
            lines["energy"].append(line)
            lines[TRUTH].append(line)
        for row in calm[one.interface]:
            said = {name: value for name, value in row.items() if name not in ("time", "interface", "model")}
            lines[TRUTH].append(f"electricity,{tags},{own} {_written_fields(said)} {row['time']}")
        lines[TRUTH].append(f'electricity_link,{tags} state="ok" {house.now_s * NS - NS}')
        lines[TRUTH].append(
            f"electricity_settings,{tags} silence_s=180,decode_errors_percent=10,active_power_import_w=80000 {house.began_s * NS}"
        )
    for bucket, written in lines.items():
        influx.write("\n".join(written), bucket)
        env = {**os.environ, "INFLUX_URL": influx.url, "INFLUX_TOKEN": influx.token, "INFLUX_ORG": influx.org, "INFLUX_BUCKET": bucket}
        command = [sys.executable, "-m", "telegraf_han", "influx", "backfill"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr


def _written_fields(said: dict[str, Any]) -> str:
    return ",".join(f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}" for name, value in said.items())


def _calm(one: Attack) -> Attack:
    return next(calm for calm in CALM if calm.interface == one.interface)


def _serial(one: Attack, scenes: dict[str, Scene]) -> str:
    return "35000001" if one.interface == "p1" else scenes[one.name].number


def _live(house: House, scenes: dict[str, Scene], meter: str) -> list[running.Row]:
    """The points of the telegrams, without the history."""
    return [row for row in house.rows(meter) if row["time"] >= scenes[meter].start_s * NS]


@pytest.mark.parametrize("one", CALM, ids=lambda one: one.name)
def test_in_peace(house: House, scenes: dict[str, Scene], one: Attack) -> None:
    """What the meters send that nobody attacks arrives number by number, under the meter's clock."""
    start_s = scenes[one.name].start_s
    expected = [attacks.reading(start_s, place) for place in range(COUNT)]

    assert [row["time"] // NS for row in _live(house, scenes, one.name)] == [said.utc_s for said in expected]
    for row, said in zip(_live(house, scenes, one.name), expected, strict=True):
        assert attacks.fields(said).items() <= row.items()


@pytest.mark.parametrize("one", ATTACKS, ids=lambda one: one.name)
def test_no_point_is_changed(house: House, scenes: dict[str, Scene], one: Attack) -> None:
    """In InfluxDB an attacked meter has the same points as a meter in peace, and no series or field more."""
    live, calm = _live(house, scenes, one.name), _live(house, scenes, _calm(one).name)

    if "model" not in live[0]:  # a general-glo block has no ident line
        calm = [{name: value for name, value in row.items() if name != "model"} for row in calm]
    assert live == calm
    assert house.influx.query(f'SHOW TAG VALUES FROM electricity WITH KEY = "serial" WHERE "meter" = \'{one.name}\'') == [
        {"key": "serial", "value": _serial(one, scenes)}
    ]


def test_no_field_is_new(house: House) -> None:
    """The measurement has the fields of the meters in peace, and as many series as there are meters."""
    fields = {name for one in CALM for row in house.rows(one.name) for name in row} - {"time", "interface", "model"}

    assert {row["fieldKey"] for row in house.influx.query("SHOW FIELD KEYS FROM electricity")} == fields
    assert len(house.influx.query("SHOW SERIES FROM electricity")) == len(METERS)


@pytest.mark.parametrize("one", ATTACKS, ids=lambda one: one.name)
def test_counted_and_told(house: House, one: Attack) -> None:
    """Each false telegram is counted under its cause and under no other, the log says what it is, and the meter's state is ok."""
    link = house.link(one.name)
    false = house.sent[one.name] - COUNT
    doubled = link["duplicates"] if one.counter == "stale" else 0
    counters = {name: link[name] for name in ("stale", "registers_back", "fields_refused", *(f"errors_{cause}" for cause in CAUSES))}

    assert link["state"] == "ok"
    assert link["decoded"] == COUNT
    assert counters | {"duplicates": link["duplicates"]} == dict.fromkeys(counters, 0) | {"duplicates": doubled} | {
        one.counter: false - doubled
    }
    assert doubled == (99 if one.name == "radio-replayed-often" else 0)
    assert sum(bool(re.search(f"W! .*{one.name}: .*{one.told}", line)) for line in house.log.splitlines()) == (1 if one.told else 0), (
        house.log
    )


def test_the_right_alerts(house: House) -> None:
    """Each attack fires the alert on errors, also a single false telegram, and no other. Meters in peace fire none."""
    false = {one.name: house.link(one.name)[one.counter] if one.counter in ("errors_security", "stale") else 0 for one in METERS}

    assert house.firing() == {name: {ERRORS} if count else set() for name, count in false.items()}
    assert house.measured(ERRORS, "refused") == false
    assert house.measured(ERRORS, "back") == dict.fromkeys(false, 0)


@pytest.mark.parametrize("key", BOARDS)
def test_boards_show_the_same(house: House, key: str) -> None:
    """Each panel of each board shows the numbers that it shows without the attack.

    Home's state is left out: it comes from the status lines, which only the attacked house has. No house here has a tariff.
    """
    file = ROOT / f"grafana/dashboards/en/{key}.json"
    chosen = [{}] if key == "building" else [{"meter": name} for name in ON_BOARDS]
    shown = 0
    for more in chosen:
        found, expected = (
            boardrunner.Board(file, lambda query, bucket=bucket: house.ask(bucket, query), house.now_s * 1000, **more)
            for bucket in ("energy", TRUTH)
        )
        for panel in found.panels():
            if panel["title"] == "State":
                continue
            one, other = found.answer(panel), expected.answer(panel)
            assert [frame.rows() for frame in one.frames] == [frame.rows() for frame in other.frames], (more, one.title)
            shown += one.some()
    assert shown >= len(chosen) * 5
