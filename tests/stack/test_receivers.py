"""Every receiver under a real Telegraf: telegrams that virtual meters send by radio come out of it, with their signal level."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from datetime import datetime
from pathlib import Path

from servers import running

import cleartext
import linereader
import virtualmeters

ROOT = Path(__file__).parents[2]
LEVELS = {"im871a": -70.0, "amb8465": -102.0, "rc1180": -90.0, "cul": -69.0, "iu891a": -80.0}
PROGRAMS = {
    "rtl_433": r's/.*/{"model" : "Wireless-MBus", "mode" : "T", "data" : "&", "mic" : "CRC"}/',
    "rtl_wmbus": r"s/.*/rla;T1;1;1;2026-11-22 16:42:26;46;47;1;0x&\nt2a;T1;1;1;2026-11-22 16:42:26;46;47;1;0x&/",
}
"""Type and what makes the program's line of a telegram in hex. Their levels have no unit, so none is told."""
SERIALS = {kind: f"3500000{number}" for number, kind in enumerate((*LEVELS, *PROGRAMS))}
KEY = "000102030405060708090a0b0c0d0e0f"
EACH = 5
"""Telegrams that must come through each receiver."""
PACE = ("--speed", "10", "--interval", "5s")


def _configuration(folder: Path, start: str) -> Path:
    """A receiver and a meter of each type; programs are started by the plugin."""
    text = '[output]\nstatus_interval = "1s"\n'
    for kind, serial in SERIALS.items():
        text += f'[[receiver]]\nname = "stick-{kind}"\ntype = "{kind}"\n'
        text += f'port = "{kind}"\n' if kind in LEVELS else f"command = {json.dumps(_program(kind, serial, start))}\n"
        text += f'[[meter]]\nname = "{kind}"\ninterface = "wmbus"\nid = "{serial}"\nkey = "{KEY}"\n'
    file = folder / "han.toml"
    file.write_text(text)
    file.chmod(0o600)
    return file


def _program(kind: str, serial: str, start: str) -> list[str]:
    """A program that prints a virtual meter's telegrams in the form of that program."""
    words = cleartext.simulate("gama350", "--interface", "wmbus", "--serial", serial, "--to", "-", "--start", start, *PACE)
    return ["sh", "-c", f"{shlex.join(words)} | sed -u {shlex.quote(PROGRAMS[kind])}"]


def _sticks(folder: Path, start: str) -> contextlib.AbstractContextManager[None]:
    """Virtual sticks on pseudo-terminals, the meters' seconds as long as a tenth."""
    words = ("gama350", "--interface", "wmbus", "--start", start, *PACE)
    return virtualmeters.on_terminals(folder, {kind: (*words, "--serial", SERIALS[kind], "--receiver", kind) for kind in LEVELS})


def test_every_receiver_through_telegraf(telegraf_binary: Path, tmp_path: Path) -> None:
    """All numbers are those of the household in clear text: a telegram every five seconds, each with its signal level."""
    output, command = tmp_path / "file.conf", tmp_path / "telegraf-han"
    output.write_text(f'[[outputs.file]]\n  files = ["{tmp_path}/metrics.lp"]\n  data_format = "influx"\n')
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m telegraf_han "$@"\n')
    command.chmod(0o755)
    start = datetime.now().astimezone().replace(microsecond=0).isoformat()
    env = {"HAN_COMMAND": str(command), "HAN_CONFIG": str(_configuration(tmp_path, start)), "HAN_BUFFER": str(tmp_path / "buffer")}
    arguments = ["--config", str(output), "--output-filter", "file"]

    def heard(kind: str) -> list[linereader.Metric]:
        file = tmp_path / "metrics.lp"
        data = file.read_bytes() if file.exists() else b""
        metrics = linereader.metrics(data[: data.rfind(b"\n") + 1])
        return [metric for metric in metrics if metric.measurement == "electricity" and dict(metric.tags)["meter"] == kind]

    with _sticks(tmp_path, start), running.telegraf(telegraf_binary, ROOT / "telegraf.conf.example", tmp_path, env, arguments) as telegraf:
        running.until(lambda: all(len(heard(kind)) >= EACH for kind in SERIALS), f"{EACH} telegrams through each receiver", 90)
        log = telegraf.log_text()

    assert " E! " not in log, log
    for kind, serial in SERIALS.items():
        metrics = heard(kind)
        assert {dict(metric.tags)["serial"] for metric in metrics} == {serial}
        assert {dict(metric.fields).get("rssi_dbm") for metric in metrics} == {LEVELS.get(kind)}
        clear = cleartext.sent("gama350", start, 600, "--serial", serial)
        for metric in metrics:
            said, fields = clear[metric.time_ns], dict(metric.fields)
            known = said.keys() & fields.keys()
            assert {"active_energy_import_wh", "active_power_import_w"} <= known
            assert {name: fields[name] for name in known} == {name: said[name] for name in known}
        times_s = [metric.time_ns // 10**9 for metric in metrics]
        assert times_s == list(range(times_s[0], times_s[0] + 5 * len(times_s), 5)), kind
