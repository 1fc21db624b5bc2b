"""Forged, replayed and downgraded telegrams, in the real pipeline: cables and a receiver, `run`, Telegraf, InfluxDB, boards and alert rules.

One household is sent by many meters at once. Each row of `attacks` lies to one of them, and two are left in peace. A second bucket holds what
the boards must show: the points of the meters in peace, for every meter. The meters' clocks are in the last ten minutes, as live telegrams
must be, and the telegrams come as fast as the program takes them.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
import tty
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from servers import running

import attacks
import boardrunner
from attacks import ATTACKS, CALM, COUNT, Attack, Scene

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/grafana/alerting"))

import yaml  # noqa: E402
from likegrafana import expressions  # noqa: E402, the folder above is known only now

if TYPE_CHECKING:
    from collections.abc import Iterator

NS = 1_000_000_000
METERS = (*CALM, *ATTACKS)
TRUTH = "truth"
"""The bucket of what boards must show."""
SPAN_S = 580
"""The first telegram was sent so long ago. A clock is believed within ten minutes of the host's."""
HISTORY_S = 3 * 86_400
PATIENCE_S = 90
BOARDS = ("home", "history", "quality", "building")
ON_BOARDS = ("p1-plain-text", "p1-tag-stripped", "p1-replayed-often", "radio-mode-0", "radio-replayed-in-order")
"""Meters with a history, whose panels are compared. All boards show InfluxDB's points, and these are compared for each meter."""
REFUSED, UNREAD = "telegraf-han-refused", "telegraf-han-decode-errors"
RULES = {"errors_security": {REFUSED, UNREAD}, "stale": {REFUSED}, "duplicates": set(), "": set()}
"""Rules that must fire, by the counter of the false telegrams. Security errors are a half of all telegrams here."""
RARE = {"p1-plain-text-rare": {REFUSED}, "radio-mode-0-rare": {REFUSED}}
"""Few telegrams stay unread, so only one rule fires."""
TELEGRAF = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
  omit_hostname = true
  metric_buffer_limit = 100000
[[inputs.execd]]
  command = ["{python}", "-m", "telegraf_han", "run", "--config", "{config}"]
  signal = "none"
  data_format = "influx"
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "${{INFLUX_TOKEN}}"
  organization = "home"
  bucket = "energy"
"""


class Port:
    """The meter's end of a pseudo-terminal."""

    def __init__(self, link: Path) -> None:
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)  # with VMIN 1, which pyserial sets to 0
        link.symlink_to(os.ttyname(theirs))
        os.close(theirs)

    def opened(self) -> bool:
        """Whether the plugin has the port open."""
        return not select.select([self._ours], [], [], 0)[0] and not termios.tcgetattr(self._ours)[6][termios.VMIN]

    def send(self, data: bytes) -> None:
        """Waits for a reader that is slower."""
        while data:
            data = data[os.write(self._ours, data) :]

    def close(self) -> None:
        os.close(self._ours)


class House(NamedTuple):
    """What became of everything."""

    influx: running.Influx
    log: str
    sent: dict[str, int]
    """Telegrams of each meter, false ones and genuine ones."""
    scenes: dict[str, Scene]
    began_s: int
    now_s: int

    def rows(self, meter: str, bucket: str = "energy") -> list[running.Row]:
        """All points of a meter, without what is its own."""
        rows = self.influx.query(f"SELECT * FROM electricity WHERE \"meter\" = '{meter}'", bucket)
        return [{name: value for name, value in row.items() if name not in ("meter", "serial") and value is not None} for row in rows]

    def link(self, meter: str) -> running.Row:
        """The newest status of a meter."""
        (row,) = self.influx.query(f"SELECT * FROM electricity_link WHERE \"meter\" = '{meter}' ORDER BY time DESC LIMIT 1")
        return row

    def ask(self, bucket: str, influxql: str) -> list[dict[str, Any]]:
        """The series that answer a query, as Grafana asks."""
        form = urllib.parse.urlencode({"db": bucket, "q": influxql, "epoch": "ms"}).encode()
        (result,) = json.loads(self.influx.request("/query", form))["results"]
        assert "error" not in result, f"{result['error']}: {influxql}"
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def firing(self) -> dict[str, set[str]]:
        """Meter → the rules that are in breach now. A rule with a waiting time fires if this lasts."""
        found: dict[str, set[str]] = {attack.name: set() for attack in METERS}
        for uid, rule in _rules().items():
            outcome = expressions.evaluate(rule, self.now_s * 1000, self._series)
            for labels, breach in outcome.instances.items():
                if breach:
                    found[dict(labels)["meter"]].add(uid)
        return found

    def _series(self, influxql: str) -> list[expressions.Series]:
        return [
            expressions.Series(tuple(sorted(one.get("tags", {}).items())), tuple((row[0], row[column]) for row in one["values"]))
            for one in self.ask("energy", influxql)
            for column in range(1, len(one["columns"]))
        ]


def _rules() -> dict[str, dict[str, Any]]:
    """The committed rules by uid."""
    text = (ROOT / "grafana/provisioning/alerting-en/rules.yaml").read_text(encoding="utf-8")
    return {rule["uid"]: rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}


@pytest.fixture(scope="module")
def house(influxd_binary: Path, telegraf_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Everything is sent once. The tests only look."""
    folder = tmp_path_factory.mktemp("trust")
    began_s = int(time.time())
    scenes = {attack.name: Scene(f"{35_000_001 + number}", began_s - SPAN_S) for number, attack in enumerate(METERS)}
    names = [attack.name for attack in METERS if attack.interface == "p1"] + ["attic"]
    ports = {name: Port(folder / name) for name in names}
    config = folder / "han.toml"
    sections = [attacks.section(attack, scenes[attack.name]) for attack in METERS]
    config.write_text(
        '[output]\nstatus_interval = "1s"\n' + "".join(sections) + '[[receiver]]\nname = "attic"\ntype = "hex"\nport = "attic"\n'
    )
    config.chmod(0o600)
    telegraf_config = folder / "telegraf.conf"
    with running.influxd(influxd_binary, folder / "influxdb") as influx:
        telegraf_config.write_text(TELEGRAF.format(python=sys.executable, config=config, url=influx.url))
        _counters_from_zero(influx, began_s - 60)
        with running.telegraf(telegraf_binary, telegraf_config, folder, {"INFLUX_TOKEN": influx.token}) as telegraf:
            running.until(lambda: all(port.opened() for port in ports.values()), "all ports open", PATIENCE_S)
            time.sleep(0.1)  # the plugin throws away what came before it opened a port
            sent = _all_sent(ports, scenes)
            found = House(influx, "", sent, scenes, began_s, 0)
            running.until(lambda: _heard(found), "all telegrams heard", PATIENCE_S)
            running.until(lambda: _written(found), "all telegrams in InfluxDB", PATIENCE_S)
            found = found._replace(log=telegraf.log_text(), now_s=int(time.time()) + 1)
        for port in ports.values():
            port.close()
        _truth(found)
        yield found


def _counters_from_zero(influx: running.Influx, at_s: int) -> None:
    """Status lines from before: the rules compare minutes, and this test does not last so long."""
    zero = ",".join(f"{name}=0i" for name in ("decoded", "stale", *(f"errors_{cause}" for cause in CAUSES)))
    influx.write("".join(f"electricity_link,interface={one.interface},meter={one.name} {zero} {at_s * NS}\n" for one in METERS))


CAUSES = ("checksum", "framing", "key", "security", "records")


def _all_sent(ports: dict[str, Port], scenes: dict[str, Scene]) -> dict[str, int]:
    """Send telegram after telegram of each meter, with the false ones behind it. Returns how many each meter got."""
    sent = dict.fromkeys(scenes, 0)
    for place in range(COUNT):
        for one in METERS:
            port = ports.get(one.name, ports["attic"])
            telegrams = [one.genuine(scenes[one.name], place), *one.false(scenes[one.name], place)]
            for telegram in telegrams:
                port.send(telegram)
            sent[one.name] += len(telegrams)
    return sent


def _heard(house: House) -> bool:
    rows = house.influx.query('SELECT last("telegrams") AS "telegrams" FROM electricity_link GROUP BY "meter"')
    return {row["meter"]: row["telegrams"] for row in rows} == house.sent


def _written(house: House) -> bool:
    """Whether a status line came behind the last telegram, so that all lines before it are written, too."""
    return all(house.link(one.name)["decoded"] >= COUNT and len(house.rows(one.name)) >= COUNT for one in METERS)


def _truth(house: House) -> None:
    """Fill the second bucket, give all meters three days of history, and down-sample both."""
    influx = house.influx
    organization = json.loads(influx.request("/api/v2/orgs"))["orgs"][0]["id"]
    for bucket in (TRUTH, f"{TRUTH}/5m", "energy/5m"):
        made = json.dumps({"orgID": organization, "name": bucket, "retentionRules": []}).encode()
        influx.request("/api/v2/buckets", made, "application/json")
    lines: dict[str, list[str]] = {"energy": [], TRUTH: []}
    calm = {one.interface: _live(house, one.name) for one in CALM}
    for one in METERS:
        tags = f"interface={one.interface},meter={one.name}"
        before = _live(house, one.name)[0]
        model = f"model={before['model']}," if "model" in before else ""
        own = f"{model}serial={_serial(one, house)}"
        start_s = house.scenes[one.name].start_s
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


def _serial(one: Attack, house: House) -> str:
    return "35000001" if one.interface == "p1" else house.scenes[one.name].number


def _live(house: House, meter: str) -> list[running.Row]:
    """The points of the telegrams, without the history."""
    return [row for row in house.rows(meter) if row["time"] >= house.scenes[meter].start_s * NS]


@pytest.mark.parametrize("one", CALM, ids=lambda one: one.name)
def test_in_peace(house: House, one: Attack) -> None:
    """What the meters send that nobody attacks arrives number by number, under the meter's clock."""
    start_s = house.scenes[one.name].start_s
    expected = [attacks.reading(start_s, place) for place in range(COUNT)]

    assert [row["time"] // NS for row in _live(house, one.name)] == [said.utc_s for said in expected]
    for row, said in zip(_live(house, one.name), expected, strict=True):
        assert attacks.fields(said).items() <= row.items()


@pytest.mark.parametrize("one", ATTACKS, ids=lambda one: one.name)
def test_no_point_is_changed(house: House, one: Attack) -> None:
    """In InfluxDB an attacked meter has the same points as a meter in peace, and no series or field more."""
    live, calm = _live(house, one.name), _live(house, _calm(one).name)

    if "model" not in live[0]:  # a general-glo block has no ident line
        calm = [{name: value for name, value in row.items() if name != "model"} for row in calm]
    assert live == calm
    assert house.influx.query(f'SHOW TAG VALUES FROM electricity WITH KEY = "serial" WHERE "meter" = \'{one.name}\'') == [
        {"key": "serial", "value": _serial(one, house)}
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
    assert len(re.findall(f"W! .*{one.name}: .*{one.told}", house.log)) == (1 if one.told else 0), house.log


def test_the_right_alerts(house: House) -> None:
    """Each attack fires the rule of its kind and no other. Meters in peace fire none."""
    assert house.firing() == {one.name: RARE.get(one.name, RULES[one.counter]) for one in METERS}


@pytest.mark.parametrize("key", BOARDS)
def test_boards_show_the_same(house: House, key: str) -> None:
    """Each panel of each board shows the numbers that it shows without the attack."""
    file = ROOT / f"grafana/dashboards/en/{key}.json"
    chosen = [{}] if key == "building" else [{"meter": name} for name in ON_BOARDS]
    shown = 0
    for more in chosen:
        found, expected = (
            boardrunner.Board(file, lambda query, bucket=bucket: house.ask(bucket, query), house.now_s * 1000, **more)
            for bucket in ("energy", TRUTH)
        )
        for panel in found.panels():
            one, other = found.answer(panel), expected.answer(panel)
            assert [frame.rows() for frame in one.frames] == [frame.rows() for frame in other.frames], (more, one.title)
            shown += one.some()
    assert shown >= len(chosen) * 6
