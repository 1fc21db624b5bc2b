"""Fixtures with real servers: the programs, a running InfluxDB, and a way to start Telegraf.

If a server can neither be found nor built, its tests are skipped with the reason. So a laptop without Go or Rust still runs all other
tests. With `CI=true` this is a failure instead, because a skip there would hide that nothing was tested.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

# The servers' scripts are no package of the plugin: they run before anything is installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from servers import build, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    StartTelegraf = Callable[..., running.Process]


@pytest.fixture(scope="session", autouse=True)
def _ended_in_order() -> Iterator[None]:
    """End the tests in order when CI ends them with SIGTERM. Otherwise servers would be left behind."""

    def ended(_number: int, _frame: FrameType | None) -> NoReturn:
        pytest.exit("ended by SIGTERM", returncode=128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, ended)
    yield
    signal.signal(signal.SIGTERM, before)


def _program(name: str, config: pytest.Config) -> Path:
    """Return a server's program. If there is none, skip the test, or fail if everything has to run."""
    capture = config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        # Printed past pytest's capture, because without a line minutes of building look like a test that hangs.
        with capture.global_and_fixture_disabled():
            print(f"\n{line}", file=sys.stderr, flush=True)

    try:
        return build.binary(name, say)
    except build.CannotBuildError as error:
        reason = f"no {name}: {error}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def telegraf_binary(request: pytest.FixtureRequest) -> Path:
    """Return Telegraf's program, building it when there is none."""
    return _program("telegraf", request.config)


@pytest.fixture(scope="session")
def influxd_binary(request: pytest.FixtureRequest) -> Path:
    """Return InfluxDB's program, building it when there is none."""
    return _program("influxd", request.config)


@pytest.fixture
def influx(influxd_binary: Path, tmp_path: Path) -> Iterator[running.Influx]:
    """Run an InfluxDB of the test's own, with an empty bucket `energy`."""
    with running.influxd(influxd_binary, tmp_path / "influxdb") as server:
        yield server


@pytest.fixture
def command(influx: running.Influx) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`telegraf-han influx …` on the test's InfluxDB."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        env = {
            **os.environ,
            "INFLUX_URL": influx.url,
            "INFLUX_TOKEN": influx.token,
            "INFLUX_ORG": influx.org,
            "INFLUX_BUCKET": influx.bucket,
        }
        return subprocess.run(
            [sys.executable, "-m", "telegraf_han", "influx", *words], env=env, capture_output=True, text=True, timeout=120, check=False
        )

    return run


@pytest.fixture
def start_telegraf(telegraf_binary: Path, tmp_path: Path) -> Iterator[StartTelegraf]:
    """Return a function that starts Telegraf in the test's folder; all it started is stopped after the test.

    It takes the configuration's text and what to add to the environment, and returns the running process.
    """
    with contextlib.ExitStack() as stack:

        def start(config: str, env: Mapping[str, str] | None = None) -> running.Process:
            file = tmp_path / "telegraf.conf"
            file.write_text(config, encoding="utf-8")
            return stack.enter_context(running.telegraf(telegraf_binary, file, tmp_path, env))

        yield start


@pytest.fixture(scope="session")
def influx_binary(request: pytest.FixtureRequest) -> Path:
    """Return InfluxDB's command line, building it when there is none."""
    return _program("influx", request.config)


@pytest.fixture(scope="session")
def nats_server_binary(request: pytest.FixtureRequest) -> Path:
    """Return the program of NATS, building it when there is none."""
    return _program("nats-server", request.config)


@pytest.fixture(scope="session")
def nats_binary(request: pytest.FixtureRequest) -> Path:
    """Return NATS's command line, building it when there is none."""
    return _program("nats", request.config)
