"""Telegraf's buffer on disk after a power cut: cut to what is whole, so that Telegraf starts."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from servers import build, running

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
NAME = "00000000000000000001"
NOWHERE = """
[agent]
  flush_interval = "200ms"
  buffer_strategy = "disk"
  buffer_directory = "{folder}/buffer"
[[inputs.file]]
  files = ["{folder}/metrics"]
  data_format = "influx"
[[outputs.http]]
  url = "http://127.0.0.1:9/"
  data_format = "influx"
"""


@pytest.fixture(scope="module")
def mender() -> Any:
    """Return docker/bin/mend_buffer.py as a module."""
    spec = importlib.util.spec_from_file_location("mend_buffer", ROOT / "docker/bin/mend_buffer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def metric(number: int) -> bytes:
    """A metric as Telegraf writes it: its length, the description of its type, and its content."""
    messages = [b"\x7f\x03\x01\x01\x10serializedMetric\x01\xff\x80", b"\xff\x8b" + b"d" * 130, b"\xff\x82electricity %09d" % number]
    data = b"".join((bytes([len(one)]) if len(one) < 0x80 else bytes([0xFF, len(one)])) + one for one in messages)
    return bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data


METRICS = [metric(number) for number in range(3)]
WHOLE = b"".join(METRICS)


@pytest.mark.parametrize(
    "torn",
    [b"", b"\x05abcd", b"\x80", b"\xff" * 10 + b"abc", b"\x00" * 500, b"\x05abcd" + b"\x00" * 100],
    ids=["nothing", "ends too early", "its length ends too early", "no number has this length", "zeros", "reaches into zeros"],
)
def test_whole_metrics_are_kept(mender: Any, torn: bytes) -> None:
    """Whatever stands behind the whole metrics is no metric."""
    assert mender.whole(WHOLE + torn) == WHOLE


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_every_cut(mender: Any, length: int) -> None:
    """Wherever the power was cut, what remains ends with a whole metric."""
    assert WHOLE[: length // len(METRICS[0]) * len(METRICS[0])] == mender.whole(WHOLE[:length])


@pytest.mark.parametrize("length", range(len(METRICS[0])))
def test_every_tear_in_the_middle(mender: Any, length: int) -> None:
    """After a full disk, Telegraf wrote on behind a torn metric. The metrics on both sides of it are kept."""
    torn = metric(9)[:length]

    assert mender.whole(WHOLE + torn + WHOLE) == WHOLE + WHOLE
    assert mender.whole(torn + WHOLE) == WHOLE


def test_each_file_is_mended(mender: Any, tmp_path: Path) -> None:
    """Each file of each output is mended in its place and told once. Files of others stay as they are."""
    for output in ("one", "two"):
        (tmp_path / output).mkdir()
        (tmp_path / output / NAME).write_bytes(WHOLE)
        (tmp_path / output / "00000000000000000004").write_bytes(WHOLE + (METRICS[0][:50] if output == "one" else b"") + METRICS[1])
        (tmp_path / output / "note").write_bytes(b"\x05a")

    told = mender.mend(str(tmp_path))

    kept = len(WHOLE + METRICS[1])
    assert [f"50 torn bytes were cut out, {kept} bytes were kept"] == [line.partition(": ")[2] for line in told]
    assert (
        WHOLE + METRICS[1] == (tmp_path / "one/00000000000000000004").read_bytes() == (tmp_path / "two/00000000000000000004").read_bytes()
    )
    assert (tmp_path / "one" / NAME).read_bytes() == WHOLE
    assert (tmp_path / "two/note").read_bytes() == b"\x05a"
    assert mender.mend(str(tmp_path)) == []


def test_nothing_there_is_fine(mender: Any, tmp_path: Path) -> None:
    """The first start has no buffer."""
    assert mender.mend(str(tmp_path / "none")) == []


@contextlib.contextmanager
def _telegraf(folder: Path, config: str) -> Iterator[running.Process]:
    try:
        program = build.binary("telegraf")
    except build.CannotBuildError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    file = folder / "telegraf.conf"
    file.write_text(config.format(folder=folder))
    with running.telegraf(program, file, folder, arguments=["--debug"]) as process:
        yield process


def test_telegraf_starts_again(mender: Any, tmp_path: Path) -> None:
    """A real Telegraf refuses its torn buffer; mended it starts, with the metrics that were whole."""
    (tmp_path / "metrics").write_text("".join(f"electricity,meter=home value={number}\n" for number in range(50)))
    with _telegraf(tmp_path, NOWHERE) as telegraf:
        telegraf.wait_for_log(r"Buffer fullness: [1-9]\d+ metrics")
        telegraf.kill()
    [file] = (tmp_path / "buffer").rglob(NAME)
    data = file.read_bytes()
    file.write_bytes(data[:-3])

    with _telegraf(tmp_path, NOWHERE) as telegraf:
        assert telegraf.wait() == 1
        assert "wal file is corrupt" in telegraf.log_text()
    assert len(mender.mend(str(tmp_path / "buffer"))) == 1
    kept = file.stat().st_size
    with _telegraf(tmp_path, NOWHERE) as telegraf:
        telegraf.wait_for_log(r"Buffer fullness: [1-9]\d+ metrics")

    assert 0 < kept < len(data)
