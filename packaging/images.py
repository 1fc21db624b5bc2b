"""Builds the plugin's images for amd64 and arm64 with buildah, each as a manifest list, and writes them into archives.

    python packaging/images.py --to dist

There are two images: telegraf-han:VERSION, and telegraf-han:VERSION-rtl-sdr, which also has rtl_433. An OCI archive has both processors:
`skopeo copy --all oci-archive:FILE docker://REGISTRY/NAME:TAG` publishes it. Files have the time of the release. buildah needs
root, or a user with subordinate ids. For the other processor it needs an emulator (Debian: qemu-user-static). `BUILDAH` may hold the
command with options of its own, and `BUILDAH_BUILD` more options of `buildah build`.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PLATFORMS: Final = ("linux/amd64", "linux/arm64")
PROCESSORS: Final = {"x86_64": "amd64", "aarch64": "arm64"}
"""What Linux calls a processor → what images call it."""
VARIANTS: Final = {"": "", "-rtl-sdr": "rtl-433"}
"""What is added to the version in the image's tag → the build argument PROGRAMS."""


def version(root: Path = ROOT) -> str:
    """The version of this project."""
    return _literal(root, r'__version__ = "(.+)"')


def released_s(root: Path = ROOT) -> str:
    """The day of this release, in seconds since 1970. It is the only time in what is built."""
    return _literal(root, r"RELEASED_S = ([\d_]+)").replace("_", "")


def _literal(root: Path, pattern: str) -> str:
    """A literal of the package. The package is not imported, because nothing of it has to be installed here."""
    found = re.search(rf"^{pattern}$", (root / "plugin/telegraf_han/__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def build(buildah: list[str], name: str, programs: str, options: list[str]) -> None:
    """Build an image for all platforms into a manifest list of that name; an older list of that name is forgotten."""
    # Both, because an image of that name would be in the way as well.
    for forget in (("manifest", "rm", name), ("rmi", "--force", name)):
        subprocess.run([*buildah, *forget], capture_output=True, check=False)
    # buildah knows this argument by itself only within a stage, not in FROM (1.28).
    here = f"BUILDPLATFORM=linux/{PROCESSORS[platform.machine()]}"
    arguments = ["--build-arg", here, "--build-arg", f"PROGRAMS={programs}", "--timestamp", released_s()]
    # One platform at a time, because their outputs would mix.
    for target in PLATFORMS:
        words = ["build", "--platform", target, "--manifest", name, *arguments]
        subprocess.run([*buildah, *words, *options, "--file", str(ROOT / "docker/Dockerfile"), str(ROOT)], check=True)


def export(buildah: list[str], name: str, archive: Path) -> None:
    """Write a manifest list with all its images into an OCI archive."""
    archive.unlink(missing_ok=True)
    subprocess.run([*buildah, "manifest", "push", "--quiet", "--all", name, f"oci-archive:{archive}"], check=True)


def main() -> int:
    """Carry out the command; the exit code."""
    parser = argparse.ArgumentParser(description="Images for amd64 and arm64")
    parser.add_argument("--to", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where the archives go (default: dist)")
    folder = parser.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    buildah = shlex.split(os.environ.get("BUILDAH", "buildah"))
    options = shlex.split(os.environ.get("BUILDAH_BUILD", ""))
    for suffix, programs in VARIANTS.items():
        name = f"localhost/telegraf-han:{version()}{suffix}"
        archive = folder / f"telegraf-han-{version()}{suffix}-image.tar"
        try:
            build(buildah, name, programs, options)
            export(buildah, name, archive)
        except FileNotFoundError:
            print(f"E! there is no {buildah[0]}. Install it (Debian: apt-get install buildah qemu-user-static)", file=sys.stderr)
            return 1
        except subprocess.CalledProcessError as error:
            print(f"E! {name} cannot be built: {error.cmd[0]} ended with {error.returncode}. Its output is above", file=sys.stderr)
            return 1
        print(archive)
    return 0


if __name__ == "__main__":
    sys.exit(main())
