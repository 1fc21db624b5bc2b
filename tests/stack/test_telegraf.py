"""The plugin under a real Telegraf, with the repository's own telegraf.conf.example.

Virtual meters send on pseudo terminals. Telegraf starts the plugin and writes the metrics to a file. A second run of the same household
in clear text shows what was sent. A few lines here read that run; they share nothing with the plugin.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from servers import running

import cleartext
import linereader
import p1telegrams
import virtualmeters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "telegraf.conf.example"
MODELS = ("gama150", "gama350", "ma110m", "ma309m")
RADIO = {"gama150": "15000007", "gama350": "35000007"}
KEYS = {"encryption_key": "000102030405060708090a0b0c0d0e0f", "authentication_key": "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"}
TO_FILE = '[[outputs.file]]\n  files = ["{file}"]\n  data_format = "influx"\n'
SOONER = '[agent]\n  flush_interval = "1s"\n  buffer_disk_sync = false\n'
"""Ten thousand lines at once take long if each is safe on disk before the next one."""


def _meters(folder: Path, start: str, models: tuple[str, ...] = MODELS, speed: str = "10") -> contextlib.AbstractContextManager[None]:
    """Virtual meters on pseudo-terminals named after them, until the block ends."""
    return virtualmeters.on_terminals(folder, {model: (model, "--start", start, "--speed", speed) for model in models})


def _configuration(folder: Path, models: tuple[str, ...] = MODELS, extra: str = "") -> Path:
    """The plugin's configuration for these meters."""
    text = '[output]\nstatus_interval = "1s"\n' + extra
    for model in models:
        keys = "".join(f'{name} = "{key}"\n' for name, key in KEYS.items())
        text += f'[[meter]]\nname = "{model}"\ninterface = "p1"\nport = "{model}"\n{keys}'
    file = folder / "han.toml"
    file.write_text(text)
    file.chmod(0o600)
    return file


@contextlib.contextmanager
def _telegraf(program: Path, folder: Path, config: Path, agent: str = "") -> Iterator[running.Process]:
    """Telegraf with the example as it is; only the output goes to a file."""
    output = folder / "file.conf"
    output.write_text(agent + TO_FILE.format(file=folder / "metrics.lp"))
    command = folder / "telegraf-han"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m telegraf_han "$@"\n')
    command.chmod(0o755)
    env = {"HAN_COMMAND": str(command), "HAN_CONFIG": str(config), "HAN_BUFFER": str(folder / "buffer")}
    arguments = ["--config", str(output), "--output-filter", "file"]
    with running.telegraf(program, EXAMPLE, folder, env, arguments) as telegraf:
        yield telegraf


def _metrics(folder: Path) -> list[linereader.Metric]:
    """The metrics that Telegraf has written so far, without a line that is still being written."""
    file = folder / "metrics.lp"
    data = file.read_bytes() if file.exists() else b""
    return linereader.metrics(data[: data.rfind(b"\n") + 1])


def _of(folder: Path, measurement: str, meter: str = "") -> list[linereader.Metric]:
    return [m for m in _metrics(folder) if m.measurement == measurement and (not meter or dict(m.tags)["meter"] == meter)]


def _now() -> str:
    return datetime.now().astimezone().replace(microsecond=0).isoformat()


def _plugins(parent: int) -> list[int]:
    """Process ids of the plugin under that Telegraf."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False).stdout
    return [int(word) for word in found.split()]


def test_every_number_arrives(telegraf_binary: Path, tmp_path: Path) -> None:
    """Every number that four virtual meters send comes out of Telegraf, for every second, and nothing else comes out."""
    start = _now()
    with _meters(tmp_path, start), _telegraf(telegraf_binary, tmp_path, _configuration(tmp_path)) as telegraf:
        running.until(lambda: all(len(_of(tmp_path, "electricity", model)) >= 60 for model in MODELS), "60 telegrams of each meter", 60)
        log = telegraf.log_text()

    assert " E! " not in log, log
    for model in MODELS:
        metrics = _of(tmp_path, "electricity", model)
        sent = cleartext.sent(model, start, 600)
        for metric in metrics:
            assert dict(metric.fields) == sent[metric.time_ns]
            assert {"interface": "p1", "meter": model, "model": model.upper()}.items() <= dict(metric.tags).items()
        times_s = [metric.time_ns // 10**9 for metric in metrics]
        assert times_s == list(range(times_s[0], times_s[0] + len(times_s))), model


def test_links_are_well(telegraf_binary: Path, tmp_path: Path) -> None:
    """The status lines say that every meter is read, without an error, and arrive through Telegraf with their types."""
    with _meters(tmp_path, _now()), _telegraf(telegraf_binary, tmp_path, _configuration(tmp_path)):

        def all_well() -> bool:
            last = {dict(metric.tags)["meter"]: dict(metric.fields) for metric in _of(tmp_path, "electricity_link")}
            return len(last) == len(MODELS) and all(fields["decoded"] >= 10 for fields in last.values())

        running.until(all_well, "a status of each meter with 10 telegrams", 60)

    last = {dict(metric.tags)["meter"]: dict(metric.fields) for metric in _of(tmp_path, "electricity_link")}
    for fields in last.values():
        assert fields["state"] == "ok"
        assert fields["telegrams"] == fields["decoded"]
        assert fields["unverified"] == fields["lines_dropped"] == 0
        assert [fields[f"errors_{cause}"] for cause in ("checksum", "framing", "key", "security", "records")] == [0] * 5
        assert isinstance(fields["decoded"], int)
        assert isinstance(fields["age_s"], float)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_telegraf_ends(telegraf_binary: Path, tmp_path: Path, end: str) -> None:
    """When Telegraf is stopped or killed, the plugin ends too; nothing is left behind."""
    with _meters(tmp_path, _now(), ("gama350",)), _telegraf(telegraf_binary, tmp_path, _configuration(tmp_path, ("gama350",))) as telegraf:
        running.until(lambda: _of(tmp_path, "electricity"), "a metric", 30)
        plugins = _plugins(telegraf.pid)
        ends: Callable[[], int] = {"stop": telegraf.stop, "kill": telegraf.kill}[end]
        ends()
        running.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in plugins), "the end of the plugin", 10)

    assert plugins
    times = [metric.time_ns for metric in _of(tmp_path, "electricity")]
    assert len(times) == len(set(times))


def test_plugin_killed(telegraf_binary: Path, tmp_path: Path) -> None:
    """Telegraf starts a killed plugin again, and the plugin goes on reading. No half line becomes a metric."""
    start = _now()
    with _meters(tmp_path, start, ("gama350",)), _telegraf(telegraf_binary, tmp_path, _configuration(tmp_path, ("gama350",))) as telegraf:
        running.until(lambda: _of(tmp_path, "electricity"), "a metric", 30)
        (plugin,) = _plugins(telegraf.pid)
        os.kill(plugin, signal.SIGKILL)
        running.until(lambda: _plugins(telegraf.pid) not in ([], [plugin]), "a new plugin", 30)
        before = len(_of(tmp_path, "electricity"))
        running.until(lambda: len(_of(tmp_path, "electricity")) > before + 10, "metrics of the new plugin", 30)

    sent = cleartext.sent("gama350", start, 3600)
    for metric in _of(tmp_path, "electricity"):
        assert dict(metric.fields) == sent[metric.time_ns]


def test_telegraf_stands_still(telegraf_binary: Path, tmp_path: Path) -> None:
    """While Telegraf stands still, the plugin reads on. What Telegraf gets later and what was dropped are together what was decoded."""
    count = 11_500  # the queue takes 10,000
    with socket.create_server(("127.0.0.1", 0)) as converter:
        keys = "".join(f'{name} = "{key}"\n' for name, key in KEYS.items())
        config = tmp_path / "han.toml"
        port = converter.getsockname()[1]
        config.write_text(
            f'[output]\nstatus_interval = "1s"\n[[meter]]\nname = "home"\ninterface = "p1"\nport = "socket://127.0.0.1:{port}"\n{keys}'
        )
        config.chmod(0o600)
        with _telegraf(telegraf_binary, tmp_path, config, SOONER) as telegraf, converter.accept()[0] as connection:
            connection.settimeout(60)  # if the port is not read, sending waits
            connection.sendall(_numbered(0))
            running.until(lambda: _of(tmp_path, "electricity"), "the first telegram", 30)
            os.kill(telegraf.pid, signal.SIGSTOP)
            for number in range(1, count):
                connection.sendall(_numbered(number))
            (plugin,) = _plugins(telegraf.pid)
            running.until(lambda: _rests(plugin), "the end of decoding", 60)
            os.kill(telegraf.pid, signal.SIGCONT)
            text = tmp_path / "metrics.lp"
            running.until(lambda: f"decoded={count}i" in text.read_text(), "the status behind the last telegram", 60)
            log = telegraf.log_text()

    assert " E! " not in log, log
    metrics = _metrics(tmp_path)
    numbers = [round(float(dict(metric.fields)["active_energy_import_wh"])) for metric in metrics if metric.measurement == "electricity"]
    last = [dict(metric.fields) for metric in metrics if metric.measurement == "electricity_link"][-1]
    assert last["errors_framing"] == last["errors_checksum"] == 0
    assert last["lines_dropped"]
    assert len(numbers) + int(str(last["lines_dropped"])) == count
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == count - 1


def _rests(pid: int) -> bool:
    """Whether a process needs no processor for a moment."""

    def ticks() -> list[str]:
        return Path(f"/proc/{pid}/stat").read_text().split()[13:15]

    before = ticks()
    time.sleep(0.5)
    return ticks() == before


def _numbered(number: int) -> bytes:
    """A telegram whose import register is the number."""
    return p1telegrams.stoen(p1telegrams.LINES.replace(b"012345.035", b"%06d.%03d" % divmod(number, 1000)), counter=number)


def test_radio(telegraf_binary: Path, tmp_path: Path) -> None:
    """Two GAMA meters on wireless M-Bus, heard through a TCP port of hex lines, arrive with their registers and clocks."""
    start = _now()
    config = tmp_path / "han.toml"
    sections = [
        f'[[meter]]\nname = "{model}"\ninterface = "wmbus"\nid = "{serial}"\nkey = "{KEYS["encryption_key"]}"\n'
        for model, serial in RADIO.items()
    ]
    receivers = [f'[[receiver]]\nname = "stick-{model}"\ntype = "hex"\nport = "stick-{model}"\n' for model in RADIO]
    config.write_text('[output]\nstatus_interval = "1s"\n' + "".join(receivers + sections))
    config.chmod(0o600)
    words = ("--interface", "wmbus", "--start", start, "--speed", "60")
    meters = {f"stick-{model}": (model, *words, "--serial", serial) for model, serial in RADIO.items()}
    with virtualmeters.on_terminals(tmp_path, meters), _telegraf(telegraf_binary, tmp_path, config) as telegraf:
        running.until(lambda: all(len(_of(tmp_path, "electricity", model)) >= 5 for model in RADIO), "5 telegrams of each meter", 60)
        log = telegraf.log_text()

    assert " E! " not in log, log
    for model in RADIO:
        metrics = _of(tmp_path, "electricity", model)
        assert [dict(m.tags)["interface"] for m in metrics] == ["wmbus"] * len(metrics)
        totals = [dict(m.fields)["active_energy_import_wh"] for m in metrics]
        assert totals == sorted(totals)
        assert {b.time_ns - a.time_ns for a, b in pairwise(metrics)} == {60 * 10**9}


def test_names_with_every_character(telegraf_binary: Path, tmp_path: Path) -> None:
    """A meter's name with blanks, commas, quotes, equals signs and Polish letters goes through Telegraf's parser unharmed."""
    name = 'klatka 3, lok. 12 = "Żółw" #1'
    config = tmp_path / "han.toml"
    config.write_text(
        '[output]\nstatus_interval = "1s"\n'
        f'[[meter]]\nname = \'{name}\'\ninterface = "p1"\nport = "gama350"\n'
        + "".join(f'{key} = "{value}"\n' for key, value in KEYS.items())
    )
    config.chmod(0o600)
    with _meters(tmp_path, _now(), ("gama350",)), _telegraf(telegraf_binary, tmp_path, config) as telegraf:
        running.until(lambda: _of(tmp_path, "electricity", name) and _of(tmp_path, "electricity_link", name), "its metrics", 30)
        log = telegraf.log_text()

    assert " E! " not in log, log


def test_example(telegraf_binary: Path, tmp_path: Path) -> None:
    """Telegraf accepts every option of the example. What the pages show of it is checked in tests/house."""
    words = [str(telegraf_binary), "config", "check", "--config", str(EXAMPLE)]
    env = os.environ | {"HAN_BUFFER": str(tmp_path / "buffer")}  # it makes the folder
    checked = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path, env=env)

    assert checked.returncode == 0, checked.stderr


def test_stamps_are_now(telegraf_binary: Path, tmp_path: Path) -> None:
    """A meter whose clock is right gives points of this minute, in UTC."""
    start = _now()
    with _meters(tmp_path, start, ("ma309m",), "1"), _telegraf(telegraf_binary, tmp_path, _configuration(tmp_path, ("ma309m",))):
        running.until(lambda: len(_of(tmp_path, "electricity")) >= 3, "3 telegrams", 30)

    stamps = [metric.time_ns for metric in _of(tmp_path, "electricity")]
    assert all(abs(stamp - time.time_ns()) < 60 * 10**9 for stamp in stamps)
