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
WHOLE = b"\x03abc" + b"\x80\x01" + b"x" * 128
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


@pytest.mark.parametrize(
    ("torn", "why"),
    [
        (b"", "nothing is torn"),
        (b"\x05abcd", "a metric ends too early"),
        (b"\x80", "its length ends too early"),
        (b"\xff" * 10 + b"abc", "a length no number has"),
        (b"\x00" * 500, "zeros of the file system"),
        (b"\x05abcd" * 1 + b"\x00" * 100, "a metric that would reach into zeros"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_whole_metrics_are_kept(mender: Any, torn: bytes, why: str) -> None:
    """Whatever stands behind the whole metrics does not count as one, unless it happens to be as long as it says."""
    expected = len(WHOLE) + (6 if "reach" in why else 0)

    assert mender.whole_length(WHOLE + torn) == expected


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_every_cut(mender: Any, length: int) -> None:
    """Wherever the power was cut, what remains ends with a whole metric."""
    assert mender.whole_length(WHOLE[:length]) == (4 if length >= 4 else 0)


def test_only_the_last_file_is_touched(mender: Any, tmp_path: Path) -> None:
    """Of each output's files the last is cut, earlier ones and files of others stay as they are, and it is told once."""
    for output in ("one", "two"):
        (tmp_path / output).mkdir()
        (tmp_path / output / NAME).write_bytes(b"\x05a")
        (tmp_path / output / "00000000000000000007").write_bytes(WHOLE + (b"\x05a" if output == "one" else b""))
        (tmp_path / output / "note").write_bytes(b"\x05a")

    told = mender.mend(str(tmp_path))

    assert [line.partition(": ")[2] for line in told] == [f"2 torn bytes were cut off, {len(WHOLE)} bytes were kept"]
    assert (tmp_path / "one/00000000000000000007").read_bytes() == WHOLE
    assert (tmp_path / "one" / NAME).read_bytes() == (tmp_path / "two/note").read_bytes() == b"\x05a"
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
    kept = mender.whole_length(file.read_bytes())
    with _telegraf(tmp_path, NOWHERE) as telegraf:
        telegraf.wait_for_log(r"Buffer fullness: [1-9]\d+ metrics")

    assert 0 < kept < len(data)
