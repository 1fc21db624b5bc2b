"""Writes what is shipped besides this project: a software bill of materials (CycloneDX), and the texts of all licences.

    python packaging/sbom.py --to dist       (./dev release builds the wheel first)

The Python packages of the image and of the Debian package are those of docker/requirements.txt. They are installed, checked by their
hashes, into an environment of their own beside the wheel of this project, and read there. Debian's own packages are not listed: an image
scanner reads them from dpkg's database. The same sources give the same bytes: the only time is the day of the release.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import licences
from images import ROOT, released_s, version

SPEC: Final = "1.6"
"""The version of CycloneDX. Scanners read it since 2024."""


def environment(wheel: Path, folder: Path) -> Path:
    """Install the wheel and the pinned packages into an environment; the folder where they are."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(folder / "bin/python"), "install"]
    pinned = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(licences.REQUIREMENTS)]
    subprocess.run([*pip, "--no-deps", *pinned], check=True)
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = (folder / "lib").glob("python3*/site-packages")
    return site


def bill_of_materials(python: Path, packages: list[licences.Package]) -> str:
    """The bill of materials of an environment. Its licences are those of THIRD-PARTY.md."""
    words = ["environment", str(python), "--pyproject", str(ROOT / "pyproject.toml"), "--spec-version", SPEC, "--output-reproducible"]
    done = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", *words],
        env={**os.environ, "SOURCE_DATE_EPOCH": released_s()},
        stdout=subprocess.PIPE,
        check=True,
    )
    bill: dict[str, Any] = json.loads(done.stdout)
    # The tool knows neither a version that pyproject.toml leaves to the package, nor one expression for old licence fields.
    bill["metadata"]["component"]["version"] = version()
    expressions = {f"pkg:pypi/{one.name}@{one.version}": one.licence for one in packages}
    for component in bill["components"]:
        component["licenses"] = [{"expression": expressions[component["purl"]], "acknowledgement": "declared"}]
    return json.dumps(bill, indent=2) + "\n"


def main() -> int:
    """Carry out the command; the exit code."""
    parser = argparse.ArgumentParser(description="Bill of materials and licence texts of what is shipped")
    parser.add_argument("--to", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where the wheel is, and where the files go")
    to = parser.parse_args().to
    wheel = to / f"telegraf_han-{version()}-py3-none-any.whl"
    if not wheel.exists():
        print(f"E! there is no {wheel}. Build it first: ./dev release", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        site = environment(wheel, Path(folder))
        packages = licences.installed(site)
        texts = {
            to / f"telegraf-han-{version()}.cdx.json": bill_of_materials(Path(folder) / "bin/python", packages),
            to / f"telegraf-han-{version()}-third-party-licences.txt": "\n".join(licences.texts(packages)),
        }
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
        print(f"{hashlib.sha256(text.encode()).hexdigest()}  {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
