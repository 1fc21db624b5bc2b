"""What is released, built once for all tests of this folder, and machines to install it on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import pytest
from package import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "package"
BUILD_TIMEOUT_S = 900
BEFORE = "0.1.9"
"""The version that is upgraded. There was no Debian package before 0.2.0, so it is this program under a lower number."""
_EMPTY = ("python3", "tzdata")
"""What apt may install besides, on a machine that is empty."""


class Built(NamedTuple):
    """The files of a release."""

    wheel: Path
    source: Path
    packages: dict[str, Path]
    """By architecture."""


def build(tree: Path, to: Path, *architectures: str) -> Built:
    """Run the build of a source tree."""
    options = [word for name in architectures for word in ("--architecture", name)]
    words = [sys.executable, str(tree / "packaging/build.py"), "--to", str(to), *options]
    done = subprocess.run(words, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    (wheel,), (source,) = to.glob("*.whl"), to.glob("*.tar.gz")
    # "HASH  NAME", as sha256sum says it, for each file that is there.
    assert sorted(line.partition("  ")[2] for line in done.stdout.splitlines()) == sorted(path.name for path in to.iterdir())
    return Built(wheel, source, {path.stem.rpartition("_")[2]: path for path in to.glob("*.deb")})


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """This release."""
    if shutil.which("dpkg-deb") is None:
        _unavailable("no dpkg-deb")
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def unpacked(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive, unpacked."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(built.source) as content:
        content.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    return tree


@pytest.fixture(scope="session")
def before(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Debian package of the version before: this one, with the lower number where dpkg and the program look for it."""
    tree = tmp_path_factory.mktemp("before") / "tree"
    subprocess.run(["dpkg-deb", "--raw-extract", built.packages["amd64"], tree], check=True, timeout=BUILD_TIMEOUT_S)
    for name, head, number in (
        ("DEBIAN/control", "Version: ", BEFORE),
        ("opt/telegraf-han/lib/python3/site-packages/telegraf_han/__init__.py", "__version__ = ", f'"{BEFORE}"'),
    ):
        text = (tree / name).read_text()
        (tree / name).write_text(re.sub(f"(?m)^{head}.*$", f"{head}{number}", text))
    package = tree.parent / f"telegraf-han_{BEFORE}_amd64.deb"
    words = ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, package]
    subprocess.run(words, check=True, capture_output=True, timeout=BUILD_TIMEOUT_S)
    return package


@pytest.fixture(scope="session")
def empty(_able: None) -> Callable[[str], AbstractContextManager[machine.Machine]]:
    """Return a function of a Debian release that starts a machine on which nothing is but the release's smallest set."""
    return lambda release: machine.started(_archive(release, cached=_EMPTY))


@pytest.fixture
def lived_in(_able: None) -> Iterator[machine.Machine]:
    """A Debian 12 on which somebody works: Python, man, shells with completion."""
    with machine.started(_archive("bookworm", installed=machine.FURNITURE)) as one:
        yield one


@pytest.fixture(scope="session")
def _able() -> None:
    """Skip, or fail in CI, where no machine can be made. CI starts on a clean computer, and may change it."""
    if os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get") and machine.missing():
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "mmdebstrap", "lintian", "binutils"]):
            subprocess.run(["apt-get", "-qq", *words], env=env, check=True, timeout=600)
    if reason := machine.missing():
        _unavailable(reason)


def _archive(release: str, **packages: tuple[str, ...]) -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as left:
        lock = left.enter_context((CACHE / "lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may make the same
        return machine.archive(CACHE, release, **packages)


def _unavailable(reason: str) -> NoReturn:
    """Skip, or fail where everything has to run."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
