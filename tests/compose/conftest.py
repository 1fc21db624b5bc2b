"""The compose files as `docker compose` reads them, the plugin's image, and containers without an engine."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from compose import containers, image_store
from servers import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

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
        done = subprocess.run(["go", "build", *options, "."], cwd=source, env=env, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            _unavailable(f"`docker compose`'s own library cannot be built: {done.stderr.strip()[-300:]}")

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
def images(request: pytest.FixtureRequest) -> Iterator[image_store.Images]:
    """Return the stack's images: stand-ins for those that are pulled, the plugin's own really built."""
    _install_in_ci()
    if reason := image_store.missing():
        _unavailable(reason)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\nbuilding the stack's images, which takes a minute or two", flush=True)
    store = image_store.Images(CACHE / "images")
    try:
        telegraf, influxd = build.binary("telegraf"), build.binary("influxd")
    except build.CannotBuildError as error:
        _unavailable(str(error))
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may build the same
        composed = request.getfixturevalue("composed")
        _build(store, telegraf, influxd, [composed(*files)["services"]["telegraf"] for files in ((), ("docker/rtl-sdr.yml",))])
    try:
        yield store
    finally:
        store.close()


@pytest.fixture(scope="session")
def released(request: pytest.FixtureRequest) -> list[Path]:
    """Return the archives that `./dev images` writes, for amd64 and arm64. The base image is a Debian without Telegraf."""
    _install_in_ci("qemu-user-static", "arch-test")
    if reason := image_store.missing() or image_store.not_emulated():
        _unavailable(reason)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\nbuilding images for two processors, one of them emulated, which takes five minutes or more", flush=True)
    store = image_store.Images(CACHE / "platforms")
    folder = CACHE / "platforms" / image_store.recipe(ROOT, "docker/Dockerfile", "packaging/images.py")
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            store.bases(image_store.TELEGRAF, image_store.TELEGRAF_STEPS)
            env = {**os.environ, "BUILDAH": shlex.join(store.command), "BUILDAH_BUILD": shlex.join(store.build_options())}
            fresh = folder.with_suffix(".new")
            image_store.shell(
                sys.executable, ROOT / "packaging/images.py", "--to", fresh, env=env, timeout_s=image_store.EMULATED_TIMEOUT_S
            )
            fresh.rename(folder)
    return sorted(folder.iterdir())


@pytest.fixture(scope="session")
def stack_of(
    images: image_store.Images, composed: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[containers.Stack]]:
    """Return a context manager of (override files…, environment as keywords): a stack on a network of its own, nothing started."""

    @contextlib.contextmanager
    def made(*overrides: str, **environment: str) -> Iterator[containers.Stack]:
        with containers.network() as namespace:
            stack = containers.Stack(images, composed(*overrides, **environment), tmp_path_factory.mktemp("stack"), namespace)
            try:
                yield stack
            finally:
                stack.close()

    return made


def _build(store: image_store.Images, telegraf: Path, influxd: Path, services: list[dict[str, Any]]) -> None:
    """Make what is missing or stale."""
    store.stand_in(image_store.TELEGRAF, telegraf, "/usr/bin/telegraf", image_store.TELEGRAF_STEPS, image_store.TELEGRAF_ENTRYPOINT)
    store.stand_in(image_store.INFLUXDB, influxd, "/usr/local/bin/influxd", image_store.INFLUXDB_STEPS)
    for service in services:
        store.build(ROOT, "docker/Dockerfile", service["image"], service["build"].get("args") or {})


def _install_in_ci(*more: str) -> None:
    """CI starts on a clean machine, and may change it."""
    wanted = os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get") is not None
    if wanted and (more or image_store.missing()):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "buildah", "mmdebstrap", *more]):
            subprocess.run(["apt-get", "-qq", *words], env=env, check=True, timeout=600)
