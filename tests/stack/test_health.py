"""The board Read-out health has no empty panel with the repository's own telegraf.conf.example under a real Telegraf.

A meter on a cable and one by radio, behind a virtual stick, are read for half a minute. The usual rate of telegrams is known only when the
plugin has run for some minutes. So status lines of an earlier run, half an hour ago, are already in the database.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from boardstore import Store
from servers import running

import virtualmeters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.running import Influx

EXAMPLE = Path(__file__).parents[2] / "telegraf.conf.example"
EK, AK = "000102030405060708090a0b0c0d0e0f", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
METERS = {"cable": ("ma309m",), "radio": ("gama350", "--interface", "wmbus", "--receiver", "cul", "--serial", "35000002")}
HAN = f"""
[output]
status_interval = "1s"
[[receiver]]
name = "stick"
type = "cul"
port = "radio"
[[meter]]
name = "cable"
interface = "p1"
port = "cable"
tags = {{ staircase = "B" }}
encryption_key = "{EK}"
authentication_key = "{AK}"
[[meter]]
name = "radio"
interface = "wmbus"
id = "35000002"
key = "{EK}"
"""
NO_SIGNAL = "Signal strength"
INTERVAL_S = 30
"""Panels of Telegraf's figures have intervals of this length, and a rate needs two of them."""
NS = 10**9


def before(meter: str, now_s: int) -> str:
    """Status lines of the run before: a telegram per second, for a quarter of an hour."""
    head = f"electricity_link,interface={'p1' if meter == 'cable' else 'wmbus'},meter={meter}"
    times = range(now_s - 1800, now_s - 900, 10)
    return "".join(f"{head} telegrams={at - times[0]}i,decoded={at - times[0]}i,lines_dropped=0i,errors_key=0i {at * NS}\n" for at in times)


@pytest.fixture(scope="module")
def read_out(influxd_binary: Path, telegraf_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Influx, Store, int]]:
    """The database, and the moment of the last data."""
    folder = tmp_path_factory.mktemp("health")
    command, config = folder / "telegraf-han", folder / "han.toml"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m telegraf_han "$@"\n')
    command.chmod(0o755)
    config.write_text(HAN)
    config.chmod(0o600)
    start = datetime.now().astimezone().replace(microsecond=0).isoformat()
    with running.influxd(influxd_binary, folder / "influxdb") as influx:
        store = Store(influx, "health")
        influx.write("".join(before(meter, int(time.time())) for meter in METERS), store.name)
        env = {"INFLUX_URL": influx.url, "INFLUX_TOKEN": influx.token, "INFLUX_ORG": influx.org, "INFLUX_BUCKET": store.name}
        env |= {"HAN_COMMAND": str(command), "HAN_CONFIG": str(config), "HAN_BUFFER": str(folder / "buffer")}
        meters = {name: (*words, "--start", start) for name, words in METERS.items()}
        with virtualmeters.on_terminals(folder, meters), running.telegraf(telegraf_binary, EXAMPLE, folder, env):

            def intervals() -> bool:
                rows = influx.query("SELECT metrics_written FROM internal_write", store.name, times="s")
                heard = influx.query('SELECT last(active_power_import_w) FROM electricity GROUP BY "meter"', store.name)
                return len({row["time"] // INTERVAL_S for row in rows}) >= 2 and len(heard) == len(METERS)

            running.until(intervals, "two intervals of Telegraf's figures, and telegrams of both meters", 180)
        yield influx, store, int(time.time())


@pytest.mark.parametrize("language", ["en", "pl"])
def test_no_panel_is_empty(read_out: tuple[Influx, Store, int], language: str) -> None:
    """Each panel has data. Only a cable has no signal, and a panel says so."""
    _, store, now_s = read_out
    empty = {
        meter: [panel["id"] for panel in board.panels() if not board.answer(panel).some()]
        for meter in METERS
        if (board := store.board("health", now_s, language, since="now-1h", meter=meter))
    }
    (signal,) = [panel["id"] for panel in store.board("health", now_s).panels() if panel["title"] == NO_SIGNAL]

    assert empty == {"cable": [signal], "radio": []}


def test_tags_of_a_meter_are_groups(read_out: tuple[Influx, Store, int]) -> None:
    """A tag of the configuration can be chosen on the board Building, and its value is a group with its meters."""
    _, store, now_s = read_out
    board = store.board("building", now_s, group="staircase")
    (frame,) = board.shown("Groups: now, this month, cost of ${period}").frames

    assert board.variables["group"] == ["staircase"]
    assert [row[:2] for row in frame.rows()] == [("B", 1)]
    assert frame.columns["Imported"][0] + frame.columns["Fed in"][0] > 0


def test_only_what_the_board_reads(read_out: tuple[Influx, Store, int]) -> None:
    """Of Telegraf's figures only those that the board shows are stored."""
    influx, store, _ = read_out
    rows = influx.query("SHOW MEASUREMENTS", store.name)

    assert {row["name"] for row in rows} == {
        *("electricity", "electricity_link", "electricity_settings"),
        *("internal_write", "internal_memstats"),
    }
