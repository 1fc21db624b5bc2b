"""One real InfluxDB for all tests here, and a pair of buckets of its own for each test."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest
from boardstore import Store
from servers import running
from stack.conftest import _ended_in_order, influxd_binary  # noqa: F401, fixtures of the tests with real servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server(influxd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.Influx]:  # noqa: F811, a fixture's argument
    """One InfluxDB for the whole run."""
    with running.influxd(influxd_binary, tmp_path_factory.mktemp("influxdb")) as influx:
        yield influx


@pytest.fixture(scope="session")
def new_store(server: running.Influx) -> Callable[[str], Store]:
    """A function that makes empty buckets of that name."""
    return lambda name: Store(server, name)


@pytest.fixture
def store(new_store: Callable[[str], Store], request: pytest.FixtureRequest) -> Store:
    """Empty buckets of the test's own."""
    return new_store(f"boards-{zlib.crc32(request.node.nodeid.encode()):08x}")


@pytest.fixture(scope="module")
def shared(new_store: Callable[[str], Store], request: pytest.FixtureRequest) -> Store:
    """Buckets that a module's tests fill once and only read then."""
    return new_store(request.node.path.stem)
