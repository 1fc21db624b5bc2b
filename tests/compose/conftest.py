"""The compose files as `docker compose` reads them, the plugin's image, and containers without an engine."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from compose import containers
from servers import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "compose"


def _unavailable(reason: str) -> NoReturn:
    """Skip, or fail where everything has to run."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def composed() -> Callable[..., dict[str, Any]]:
    """Return a function of (override files…, environment as keywords) that gives the project as `docker compose config` does."""
    if shutil.which("go") is None:
        _unavailable("Go is missing: `docker compose`'s own library reads the files")
    source = Path(__file__).parent / "loader"
    recipe = hashlib.sha256(b"".join((source / name).read_bytes() for name in ("go.mod", "go.sum", "main.go"))).hexdigest()[:8]
    program = CACHE / f"loader-{recipe}"
    if not program.exists():
        options = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-o", str(program)]
        env = {**os.environ, "GOWORK": "off", "CGO_ENABLED": "0"}
        subprocess.run(["go", "build", *options, "."], cwd=source, env=env, check=True, timeout=300)

    @functools.cache
    def load(*overrides: str, **environment: str) -> dict[str, Any]:
        files = [str(ROOT / name) for name in ("docker-compose.yml", *overrides)]
        # Without an .env of whoever runs the tests, and without variables of this machine that compose files ask for.
        done = subprocess.run([str(program), *files], env=environment, cwd=ROOT / "tests", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        project: dict[str, Any] = json.loads(done.stdout)
        return project

    return load


@pytest.fixture(scope="session")
def images(request: pytest.FixtureRequest) -> Iterator[containers.Images]:
    """Return the stack's images: stand-ins for those that are pulled, the plugin's own really built."""
    _install_in_ci()
    if reason := containers.missing():
        _unavailable(reason)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\nbuilding the stack's images, which takes a minute or two", flush=True)
    store = containers.Images(CACHE / "images")
    try:
        telegraf, influxd = build.binary("telegraf"), build.binary("influxd")
    except build.CannotBuildError as error:
        _unavailable(str(error))
    store.stand_in(containers.TELEGRAF, telegraf, "/usr/bin/telegraf", containers.TELEGRAF_STEPS, containers.TELEGRAF_ENTRYPOINT)
    store.stand_in(containers.INFLUXDB, influxd, "/usr/local/bin/influxd", containers.INFLUXDB_STEPS)
    store.build(ROOT, "docker/Dockerfile", request.getfixturevalue("composed")()["services"]["telegraf"]["image"])
    try:
        yield store
    finally:
        store.close()


def _install_in_ci() -> None:
    """CI starts on a clean machine, and may change it."""
    wanted = os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get") is not None
    if wanted and containers.missing():
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "buildah", "mmdebstrap"]):
            subprocess.run(["apt-get", "-qq", *words], env=env, check=True, timeout=600)
