"""What `./dev release` writes: built twice from the same sources, it is the same. The bill of materials is complete and valid."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import images
import licences
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from document import ROOT
from telegraf_han import RELEASED_S, __version__

BUILD_TIMEOUT_S = 600


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Build everything into a folder of this name, once."""
    made: dict[str, Path] = {}

    def built(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "SOURCE_DATE_EPOCH": images.released_s()} | _pip()
            for words in (
                ["-m", "hatchling", "build", "--directory", str(folder)],
                [str(ROOT / "packaging/sbom.py"), "--to", str(folder)],
            ):
                done = subprocess.run(
                    [sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
                )
                assert done.returncode == 0, done.stdout + done.stderr
            made[name] = folder
        return made[name]

    return built


def _pip() -> dict[str, str]:
    """How pip reaches its registry from this machine."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")}


@pytest.fixture(scope="module")
def bill(dist: Callable[[str], Path]) -> dict[str, Any]:
    """Return the bill of materials."""
    found: dict[str, Any] = json.loads((dist("first") / f"telegraf-han-{__version__}.cdx.json").read_text())
    return found


def test_same_sources_same_files(dist: Callable[[str], Path]) -> None:
    """Two builds in two folders give four files that are equal byte for byte."""
    sums = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in dist(name).iterdir() if path.is_file()}
        for name in ("first", "second")
    ]

    assert sums[0] == sums[1]
    assert set(sums[0]) == {
        f"telegraf_han-{__version__}-py3-none-any.whl",
        f"telegraf_han-{__version__}.tar.gz",
        f"telegraf-han-{__version__}.cdx.json",
        f"telegraf-han-{__version__}-third-party-licences.txt",
    }


def test_time_is_the_releases(dist: Callable[[str], Path], bill: dict[str, Any]) -> None:
    """The only time in what is built is the day of the release."""
    assert images.released_s() == str(RELEASED_S)
    assert datetime.fromisoformat(bill["metadata"]["timestamp"]).timestamp() == RELEASED_S
    with zipfile.ZipFile(dist("first") / f"telegraf_han-{__version__}-py3-none-any.whl") as wheel:
        assert len({member.date_time for member in wheel.infolist()}) == 1


def test_bill_is_valid(bill: dict[str, Any]) -> None:
    """It follows the published schema of CycloneDX."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None


def test_bill_is_complete(bill: dict[str, Any]) -> None:
    """It has each pinned package in its version, what needs which, and the licences of THIRD-PARTY.md."""
    pinned = licences.pinned((ROOT / "docker/requirements.txt").read_text())
    page = (ROOT / "THIRD-PARTY.md").read_text()
    root = bill["metadata"]["component"]
    needed = {one["ref"]: set(one.get("dependsOn", [])) for one in bill["dependencies"]}

    assert {component["purl"] for component in bill["components"]} == {f"pkg:pypi/{name}@{version}" for name, version in pinned.items()}
    for component in bill["components"]:
        ((licence,),) = [[one["expression"] for one in component["licenses"]]]
        assert re.search(
            rf"^\| \[{licences._normal(component['name'])}\]\(.*\) \| {re.escape(component['version'])} \| {licence} \|$",
            page,
            re.MULTILINE,
        )
    assert (root["name"], root["version"], root["type"]) == ("telegraf-han", __version__, "application")
    assert {ref.partition("==")[0] for ref in needed[root["bom-ref"]]} == {"cryptography", "holidays", "influxdb-client", "pyserial"}


def test_bill_names_no_path(bill: dict[str, Any], dist: Callable[[str], Path]) -> None:
    """Nothing of the machine that built it is in it."""
    assert str(dist("first")) not in json.dumps(bill)
    assert str(ROOT) not in json.dumps(bill)


def test_licences_are_whole(dist: Callable[[str], Path]) -> None:
    """Each pinned package has its text, also the one whose wheel has none."""
    text = (dist("first") / f"telegraf-han-{__version__}-third-party-licences.txt").read_text()
    heads = re.findall(r"^={100}\n(\S+) (\S+) \(.+\)$", text, re.MULTILINE)

    assert dict(heads) == licences.pinned((ROOT / "docker/requirements.txt").read_text())
    assert "Chris Liechti" in text
    assert "Apache License" in text
