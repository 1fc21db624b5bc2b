"""watch beside a real Telegraf: the page is full at once, and Telegraf loses nothing, whatever becomes of those who watch."""

from __future__ import annotations

import signal
import sys
import tempfile
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from servers import running

import cleartext
import linereader
import virtualmeters
from virtual_terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS = ("gama350", "ma309m")
METER = """
[[meter]]
name = "{model}"
interface = "p1"
port = "{model}"
encryption_key = "000102030405060708090a0b0c0d0e0f"
authentication_key = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
"""
NS = 1_000_000_000


def metrics(folder: Path, model: str) -> list[linereader.Metric]:
    """What Telegraf has written of a meter, without a line that is still being written."""
    file = folder / "metrics.lp"
    data = file.read_bytes() if file.exists() else b""
    found = linereader.metrics(data[: data.rfind(b"\n") + 1])
    return [metric for metric in found if metric.measurement == "electricity" and dict(metric.tags)["meter"] == model]


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Telegraf's runtime directory, as systemd gives one."""
    with tempfile.TemporaryDirectory(prefix="tap") as name:
        monkeypatch.setenv("RUNTIME_DIRECTORY", name)
        yield Path(name)


def test_telegraf_loses_nothing(telegraf_binary: Path, tmp_path: Path, runtime: Path) -> None:
    """Two watch. One is stopped, one is killed. Telegraf has every telegram of every second, with every number."""
    config = tmp_path / "han.toml"
    config.write_text("".join(METER.format(model=model) for model in MODELS))
    config.chmod(0o600)
    telegraf_config = tmp_path / "telegraf.conf"
    telegraf_config.write_text(
        running.PLUGIN.format(python=sys.executable, config=config)
        + f'[[outputs.file]]\n  files = ["{tmp_path / "metrics.lp"}"]\n  data_format = "influx"\n'
    )
    start = datetime.now().astimezone().replace(microsecond=0).isoformat()
    meters = virtualmeters.on_terminals(tmp_path, {model: (model, "--start", start, "--speed", "10") for model in MODELS})

    def many(count: int) -> None:
        running.until(lambda: all(len(metrics(tmp_path, model)) >= count for model in MODELS), f"{count} telegrams of each meter", 60)

    with meters, running.telegraf(telegraf_binary, telegraf_config, tmp_path) as telegraf:
        running.until(lambda: list(runtime.iterdir()), "the tap", 60)
        pages = [Terminal(["watch", "--config", str(config)]) for _ in range(2)]
        try:
            for page in pages:
                page.wait_for("from Telegraf's plugin", "all 2", "2 ok", "gama350", "ma309m")
            many(60)
            pages[0].process.send_signal(signal.SIGSTOP)
            pages[1].process.kill()
            many(200)
        finally:
            for page in pages:
                page.close()
        log = telegraf.log_text()

    assert " E! " not in log, log
    assert list(runtime.iterdir()) == []
    for model in MODELS:
        found = metrics(tmp_path, model)
        sent = cleartext.sent(model, start, 600)
        assert all(dict(metric.fields) == sent[metric.time_ns] for metric in found)
        assert all(after.time_ns - before.time_ns == NS for before, after in pairwise(found)), model
