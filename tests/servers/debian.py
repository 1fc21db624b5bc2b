"""Programs of Debian's packages for one test, unpacked into `.cache`: nothing is installed, and no service is started.

`unpacked("mosquitto", "mosquitto-clients")` downloads these packages, and whatever they need that this machine lacks, with apt's own
client, and returns a folder that looks like `/`. `environment` is what their programs need to find their libraries there. What was
unpacked stays; remove the folder to get newer packages.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from servers.build import CACHE, CannotBuildError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["environment", "unpacked"]

APT_TIMEOUT_S = 600
_LIBRARIES = ("usr/lib", "lib")


def unpacked(*packages: str) -> Path:
    """Return the folder with the packages in it. Raises CannotBuildError: no Debian, or no such package."""
    root = CACHE / f"debian-{'-'.join(packages)}"
    if root.exists():
        return root
    if shutil.which("apt-get") is None:
        message = f"{packages[0]} comes from Debian's packages, and there is no apt-get"
        raise CannotBuildError(message)
    workshop = CACHE / f"{root.name}.{os.getpid()}"
    archives = workshop / "archives"
    (archives / "partial").mkdir(parents=True)
    try:
        if not _apt("show", packages[-1], tool="apt-cache"):
            _apt("-qq", "update")
        options = ("--yes", "--no-install-recommends", "--download-only", "--reinstall")
        # An archive folder of its own, so that the machine's stays as it is; the lock is not needed, because nothing is installed.
        settings = ("-o", f"Dir::Cache::archives={archives}", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root")
        if not _apt("-qq", *settings, "install", *options, *packages):
            message = f"Debian's {' and '.join(packages)} could not be downloaded"
            raise CannotBuildError(message)
        for archive in archives.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", str(archive), str(workshop / "root")], check=True, timeout=60)
        with contextlib.suppress(OSError):  # another run has just put its own there
            (workshop / "root").rename(root)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    assert root.is_dir()
    return root


def environment(root: Path) -> dict[str, str]:
    """What a program of `unpacked` is started with."""
    folders = [str(path) for library in _LIBRARIES for path in (root / library, *(root / library).glob("*-linux-gnu*"))]
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(folders)}


def _apt(*words: str, tool: str = "apt-get") -> bool:
    """Say whether the command ended well; what it says goes to stderr, where pytest shows it of a test that failed."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run([tool, *words], env=env, capture_output=True, text=True, timeout=APT_TIMEOUT_S, check=False)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
    return done.returncode == 0
