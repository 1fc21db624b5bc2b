"""The whole way: virtual meters, plugin, Telegraf, InfluxDB, and every panel and rule of every board in both languages.

Four virtual meters on a cable, and two by radio behind virtual sticks, send some minutes of the past and go on live, on pseudo
terminals. The plugin reads them under a real Telegraf with the repository's own telegraf.conf.example. Telegraf writes to a real
InfluxDB. `telegraf-han influx backfill` makes the five-minute points.

The expected numbers come from a second run of the simulator in clear text, which neither the plugin nor Telegraf has seen. This run is
written straight to a second pair of buckets, with five-minute points computed here. Every panel and rule must give the same numbers
there. tests/grafana proves that these numbers are right for such data. A few of them are computed here once more.
"""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from boardstore import Store
from made import line
from servers import running

import cleartext
import virtualmeters

ROOT = Path(__file__).parents[2]
ALERTING = str(ROOT / "tests/grafana/alerting")
if ALERTING not in sys.path:
    sys.path.insert(0, ALERTING)

from likegrafana import expressions  # noqa: E402, the folder above is known only now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boardrunner import Answer

EXAMPLE = ROOT / "telegraf.conf.example"
LANGUAGES = ("en", "pl")
BOARDS = ("home", "history", "quality", "building")
"""Boards of what the meters say; what the plugin says of itself is looked at by its own test."""


class Meter(NamedTuple):
    """A virtual meter: on a cable, or by radio, where a stick receives it."""

    model: str
    serial: str
    stick: str = ""
    level_dbm: float | None = None
    """What the virtual stick says."""
    names_itself: bool = True
    """A GAMA150 on the air does not say its model."""

    @property
    def interface(self) -> str:
        """As the configuration calls it."""
        return "wmbus" if self.stick else "p1"

    def household(self) -> tuple[str, ...]:
        """Arguments of the simulator by which telegrams are the same again."""
        return (*HOUSEHOLD, "--serial", self.serial)

    def tags(self, name: str) -> dict[str, str]:
        """Tags of its `electricity` lines."""
        model = {"model": self.model.upper()} if self.names_itself else {}
        return {"interface": self.interface, "meter": name, **model, "serial": self.serial}


METERS = {
    "gama150": Meter("gama150", "15000001"),
    "gama350": Meter("gama350", "35000001"),
    "ma110m": Meter("ma110m", "11000001"),
    "ma309m": Meter("ma309m", "30000001"),
    "radio-gama150": Meter("gama150", "15000002", "im871a", -70.0, names_itself=False),
    "radio-gama350": Meter("gama350", "35000002", "cul", -69.0),
}
ENCRYPTION_KEY, AUTHENTICATION_KEY = "000102030405060708090a0b0c0d0e0f", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
LIMITS = {
    "active_power_import_w": 10.0,
    "daily_import_wh": 1.0,
    "voltage_low_v": 207.0,
    "voltage_high_v": 253.0,
    "phase_imbalance_percent": 2.0,
}
PRICES = {"import_t0_per_kwh": 0.5, "import_t1_per_kwh": 0.75, "import_t2_per_kwh": 0.25, "export_t0_per_kwh": 0.125}
DEFAULTS = {"silence_s": 180.0, "decode_errors_percent": 10.0}
NOT_YET = {"Signal strength", "Received", "Telegrams per minute", "Errors by cause", "Lines dropped", "Telegraf: metrics written"}
"""A cable has no signal, and counters have no steps before the plugin has run for some minutes (see test_health.py)."""
WINDOW_S = 300
PAST_S = WINDOW_S
"""The past begins at the window before the present one. A meter's clock is believed within ten minutes."""
LATEST_S = 200
"""So far in a window the meters may begin. Later, the rest of the window is waited for, because the start takes some time, too."""
INTERVAL_S = 3
"""Between two telegrams. The past comes at once, and the plugin holds 4 MiB of lines for a Telegraf that is slower (telegraf_han.outbox)."""
HOUSEHOLD = ("--pv-kwp", "0", "--interval", f"{INTERVAL_S}s")
"""No roof, so that power is always drawn."""
PATIENCE_S = 180
"""For the past of all meters on a machine that does other things too; on a quiet one it takes 15 s."""
NS = 10**9


class House(NamedTuple):
    """The data that arrived, the data that were sent, and the moment at which both are compared."""

    arrived: Store
    expected: Store
    sent: dict[str, dict[int, dict[str, float]]]
    now_s: int


def _meters(folder: Path, start: str) -> contextlib.AbstractContextManager[None]:
    """All meters, until the block ends."""
    words = {
        name: (
            meter.model,
            "--start",
            start,
            *meter.household(),
            *(("--interface", "wmbus", "--receiver", meter.stick) if meter.stick else ()),
        )
        for name, meter in METERS.items()
    }
    return virtualmeters.on_terminals(folder, words)


def _configuration(folder: Path) -> None:
    text = '[output]\nstatus_interval = "1s"\n'
    for name, meter in METERS.items():
        text += f'[[receiver]]\nname = "stick-{name}"\ntype = "{meter.stick}"\nport = "{name}"\n' if meter.stick else ""
        text += f'[[meter]]\nname = "{name}"\ninterface = "{meter.interface}"\n'
        if meter.stick:
            text += f'id = "{meter.serial}"\nkey = "{ENCRYPTION_KEY}"\n'
        else:
            text += f'port = "{name}"\nencryption_key = "{ENCRYPTION_KEY}"\nauthentication_key = "{AUTHENTICATION_KEY}"\n'
        text += "[meter.limits]\n" + "".join(f"{limit} = {value}\n" for limit, value in LIMITS.items())
        text += "[meter.prices]\n" + "".join(f"{price} = {value}\n" for price, value in PRICES.items()) + 'currency = "PLN"\n'
    (folder / "han.toml").write_text(text, encoding="utf-8")
    (folder / "han.toml").chmod(0o600)
    (folder / "telegraf-han").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m telegraf_han "$@"\n', encoding="utf-8")
    (folder / "telegraf-han").chmod(0o755)


def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()


def _newest(influx: running.Influx, store: Store) -> dict[str, int]:
    """Each meter's newest telegram, seconds."""
    rows = influx.query('SELECT last("active_energy_import_wh") FROM electricity GROUP BY "meter"', store.name)
    return {row["meter"]: row["time"] // NS for row in rows}


def _windows(found: dict[int, dict[str, float]], until_s: int) -> Iterator[tuple[int, dict[str, float]]]:
    """Five-minute points, computed in the simplest way: start → last value, or mean, highest and lowest value of what varies."""
    groups: dict[int, list[dict[str, float]]] = {}
    for stamp, fields in sorted(found.items()):
        groups.setdefault(stamp // NS // WINDOW_S * WINDOW_S, []).append(fields)
    for begin, rows in groups.items():
        if begin + WINDOW_S > until_s:
            continue
        point = dict(rows[-1])
        for name in rows[-1]:
            if name.startswith(("voltage_", "active_power_", "reactive_power_")):
                column = [row[name] for row in rows]
                point |= {name: math.fsum(column) / len(column)}
                point |= {f"{name}_max": max(column), f"{name}_min": min(column)}
        yield begin, point


def _expected(influx: running.Influx, arrived: Store, now_s: int, start: str) -> tuple[Store, dict[str, dict[int, dict[str, float]]]]:
    """The second pair of buckets, and what was sent up to now."""
    store, sent = Store(influx, "sent"), {}
    for name, meter in METERS.items():
        found = cleartext.sent(meter.model, start, now_s + 1 - int(datetime.fromisoformat(start).timestamp()), *meter.household())
        level = {} if meter.level_dbm is None else {"rssi_dbm": meter.level_dbm}
        sent[name] = {stamp: fields | level for stamp, fields in found.items() if stamp <= now_s * NS}
        tags = meter.tags(name)
        store.windows(line("electricity", tags, fields, begin) for begin, fields in _windows(sent[name], now_s))
        store.telegrams(line("electricity", tags, fields, stamp // NS) for stamp, fields in sent[name].items())
        tags = {"interface": meter.interface, "meter": name}
        told = influx.query(f"SELECT silence_s FROM electricity_settings WHERE meter = '{name}'", arrived.name)
        store.telegrams(
            line("electricity_settings", tags, DEFAULTS | LIMITS | PRICES | {"currency": "PLN"}, row["time"] // NS) for row in told
        )
        store.telegrams([line("electricity_link", tags, {"state": "ok"} | level, now_s)])
    return store, sent


@pytest.fixture(scope="module")
def house(influxd_binary: Path, telegraf_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Half an hour and some seconds of four meters, all the way into InfluxDB."""
    folder = tmp_path_factory.mktemp("pipeline")
    with running.influxd(influxd_binary, folder / "influxdb") as influx:
        arrived = Store(influx, "arrived")
        _configuration(folder)
        names = {"INFLUX_URL": influx.url, "INFLUX_TOKEN": influx.token, "INFLUX_ORG": influx.org, "INFLUX_BUCKET": arrived.name}
        names |= {"HAN_COMMAND": str(folder / "telegraf-han"), "HAN_CONFIG": str(folder / "han.toml"), "HAN_BUFFER": str(folder / "buffer")}
        running.until(lambda: time.time() % WINDOW_S < LATEST_S, "the begin of a window", WINDOW_S)
        begin_s = int(time.time()) // WINDOW_S * WINDOW_S - PAST_S
        start = _iso(begin_s)
        with _meters(folder, start), running.telegraf(telegraf_binary, EXAMPLE, folder, names) as telegraf:
            live_s = time.time()
            running.until(
                lambda: min([*_newest(influx, arrived).values(), 0][: len(METERS)]) > live_s, "the past of all meters", PATIENCE_S
            )
            # Telegraf's own figures must be there before the moment at which the boards are looked at.
            influx.wait_for_rows("SELECT buffer_size FROM internal_write", 1, arrived.name, PATIENCE_S)
            now_s = int(time.time()) // INTERVAL_S * INTERVAL_S + 2 * INTERVAL_S  # counters have to rise between two lines
            running.until(lambda: min(_newest(influx, arrived).values()) >= now_s, "the present of all meters", PATIENCE_S)
            log = telegraf.log_text()
        assert " E! [inputs" not in log, log  # a slow write is tried again, and what arrived is looked at below
        words = [
            sys.executable,
            "-m",
            "telegraf_han",
            "influx",
            "backfill",
            "--start",
            _iso(begin_s // WINDOW_S * WINDOW_S),
            "--stop",
            _iso(now_s // WINDOW_S * WINDOW_S),
        ]
        subprocess.run(words, env=os.environ | names, check=True, capture_output=True, timeout=120)
        expected, sent = _expected(influx, arrived, now_s, start)
        yield House(arrived, expected, sent, now_s)


def _answers(house: House, store: Store, meter: str, language: str) -> dict[tuple[str, str], Answer]:
    found = {}
    for key in BOARDS:
        board = store.board(key, house.now_s, language, meter=meter)
        assert meter in board.variables.get("meter", [meter])
        found |= {(key, panel["title"]): board.answer(panel) for panel in board.panels()}
    return found


def _columns(answer: Answer) -> list[dict[str, list[Any]]]:
    """The values that can be compared: numbers to nine digits, without the plugin's own fields about the line."""
    return [
        {name: [float(f"{value:.9g}") if isinstance(value, float) else value for value in values] for name, values in frame.columns.items()}
        for frame in answer.frames
        if not {"State", "Stan"} & set(frame.columns) or "Meter" in frame.columns or "Licznik" in frame.columns
    ]


def _differences(found: list[dict[str, list[Any]]], wanted: list[dict[str, list[Any]]]) -> list[Any]:
    """Where two panels' tables differ: names, or a row of a column with both values."""
    if [list(frame) for frame in found] != [list(frame) for frame in wanted]:
        return [[list(frame) for frame in found], [list(frame) for frame in wanted]]
    return [
        (name, place, *both)
        for one, other in zip(found, wanted, strict=True)
        for name in one
        for place, both in enumerate(zip_longest(one[name], other[name], fillvalue="no row"))
        if both[0] != both[1]
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("meter", METERS)
def test_panels(house: House, meter: str, language: str) -> None:
    """Every panel shows what the simulator sent."""
    found, wanted = (_answers(house, store, meter, language) for store in (house.arrived, house.expected))

    assert len(found) > 30
    for name, answer in found.items():
        assert _differences(_columns(answer), _columns(wanted[name])) == [], name


@pytest.mark.parametrize("meter", METERS)
def test_figures(house: House, meter: str) -> None:
    """A few figures once more, straight from what was sent: power now, the registers' difference, voltages."""
    board, sent = house.arrived.board("home", house.now_s, meter=meter), house.sent[meter]
    last = sent[house.now_s * NS]

    # None of these houses has ever fed in, so the board does not show a 0.
    assert board.shown("Power now").figures() == {"Imported": last["active_power_import_w"]}
    course = {value for value in board.shown("Power").column("Imported") if value is not None}
    assert min(course) >= min(fields["active_power_import_w"] for fields in sent.values())
    windows = [fields["active_energy_import_wh"] for _, fields in _windows(sent, house.now_s)]
    history = house.arrived.board(
        "history", house.now_s, meter=meter, since=f"{(house.now_s - 86_400) * 1000}", until=f"{house.now_s * 1000}"
    )
    assert sum(filter(None, history.shown("Energy per day").column("Imported"))) == pytest.approx((windows[-1] - windows[0]) / 1000)
    voltages = house.arrived.board("quality", house.now_s, meter=meter, since="now-1h").shown("Voltages")
    for phase in (1, 2, 3):
        said = [fields[f"voltage_l{phase}_v"] for fields in sent.values() if f"voltage_l{phase}_v" in fields]
        shown = [value for value in voltages.column(f"L{phase}") if value is not None]
        assert bool(shown) is bool(said)
        assert all(min(said) <= value <= max(said) for value in shown)


@pytest.mark.parametrize("meter", METERS)
def test_read_out(house: House, meter: str) -> None:
    """The board Read-out health: everything sent was read, there is no error, nothing is lost, and Telegraf's own figures are there."""
    board = house.arrived.board("health", house.now_s, meter=meter)
    counters = board.shown("Counters of the chosen time").figures()
    (series,) = house.arrived.ask(
        f"SELECT last(decoded), telegrams, clock_offset_s FROM electricity_link WHERE meter = '{meter}' AND time <= {house.now_s}s"
    )
    _, decoded, telegrams, offset_s = series["values"][0]

    assert decoded == telegrams
    assert len(house.sent[meter]) - 5 <= decoded <= len(house.sent[meter]) + 1
    assert counters["Telegrams"] == counters["Decoded"] > 0
    assert counters["Tag not verified"] == (counters["Decoded"] if METERS[meter].stick else 0)  # there is no tag on the air
    assert (counters["Dropped"], counters["Duplicates"]) == (0, 0)
    assert {value for frame in board.shown("Errors by cause").frames for values in frame.numbers().values() for value in values} <= {0}
    assert [value for value in board.shown("State of the read-out").column("State") if value][-1] == "ok"
    offsets = [value for value in board.shown("Clock offset").column("Clock offset") if value is not None]
    assert min(offsets) > -PAST_S - WINDOW_S - 60  # while the past was read
    assert max(offsets) < 60
    assert abs(offset_s) < 60
    assert board.shown("Telegraf: buffer").some()
    assert board.shown("Telegraf: memory").some()
    empty = {panel["title"] for panel in board.panels() if not board.answer(panel).some()}
    assert empty <= NOT_YET
    assert ("Signal strength" in empty) is (METERS[meter].level_dbm is None)


def _rules(language: str) -> dict[str, Any]:
    text = (ROOT / f"grafana/provisioning/alerting-{language}/rules.yaml").read_text(encoding="utf-8")
    return {rule["uid"]: rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}


def _asking(store: Store) -> Any:
    def ask(influxql: str) -> list[expressions.Series]:
        return [
            expressions.Series(tuple(sorted(one.get("tags", {}).items())), tuple((row[0], row[column]) for row in one["values"]))
            for one in store.ask(influxql)
            for column in range(1, len(one["columns"]))
        ]

    return ask


@pytest.mark.parametrize("language", LANGUAGES)
def test_rules(house: House, language: str) -> None:
    """Every alert rule measures what was sent and gives the same result. The rules on the read-out find nothing wrong."""
    fired = {}
    for uid, rule in _rules(language).items():
        found, wanted = (expressions.evaluate(rule, house.now_s * 1000, _asking(store)) for store in (house.arrived, house.expected))
        fired[uid] = {dict(labels)["meter"] for labels, breach in found.instances.items() if breach}
        if "electricity_link" in str(rule["data"]):
            assert not fired[uid], uid
            continue
        assert found.instances == wanted.instances, uid
        assert found.no_data == wanted.no_data, uid
        for name, values in wanted.values.items():
            assert found.values[name] == pytest.approx(values, rel=1e-9, nan_ok=True), (uid, name)

    assert [uid for uid, meters in fired.items() if meters == set(METERS)], fired


def test_rules_agree(house: House) -> None:
    """The Polish rules judge every meter as the English ones do."""
    english, polish = (
        [expressions.evaluate(rule, house.now_s * 1000, _asking(house.arrived)).instances for rule in _rules(language).values()]
        for language in LANGUAGES
    )

    assert english == polish
    assert any(english)
