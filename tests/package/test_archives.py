"""The wheel and the source archive: what an index shows of them, and that they work where nothing else of the project is."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from package import conftest

from telegraf_han import __version__

if TYPE_CHECKING:
    from package.conftest import Built

ROOT = Path(__file__).parents[2]
SHARED = ("dashboards", *(f"provisioning/{name}" for name in ("alerting-en", "alerting-pl", "dashboards", "datasources")))
CASE = ROOT / "tests/cases/p1-gama350-stoen"


def _said(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["wheel", "source"])
def test_installed_with_pip(built: Built, tmp_path: Path, kind: str) -> None:
    """In a fresh virtual environment, from an empty folder: the program runs, and the boards are where `init` looks for them."""
    _said(sys.executable, "-m", "venv", "venv", cwd=tmp_path)
    _said("venv/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install", getattr(built, kind), cwd=tmp_path)
    python = "import sys, telegraf_han; print(sys.prefix, telegraf_han.__file__)"
    where = _said("venv/bin/python", "-I", "-c", python, cwd=tmp_path).split()

    assert all(place.startswith(str(tmp_path)) for place in where)
    assert _said("venv/bin/telegraf-han", "--version", cwd=tmp_path) == f"telegraf-han {__version__}\n"
    expected = (CASE / "expected.lp").read_text()
    assert _said("venv/bin/telegraf-han", "decode", "--config", CASE / "config.toml", CASE / "input.hex", cwd=tmp_path) == expected
    shared = tmp_path / "venv/share/telegraf-han/grafana"
    for folder in SHARED:
        ours = {path.relative_to(ROOT / "grafana" / folder): path.read_bytes() for path in _files(ROOT / "grafana" / folder)}
        assert ours == {path.relative_to(shared / folder): path.read_bytes() for path in _files(shared / folder)}
        assert ours


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_metadata(built: Built) -> None:
    """An index takes both files, and every link and picture of the README leads somewhere from there."""
    _said(sys.executable, "-m", "twine", "check", "--strict", built.wheel, built.source, cwd=ROOT)
    with zipfile.ZipFile(built.wheel) as content:
        (name,) = (name for name in content.namelist() if name.endswith(".dist-info/METADATA"))
        shown = HeaderParser().parsestr(content.read(name).decode())
    text = str(shown.get_payload())
    links = re.findall(r"\]\(([^)]*)\)", text)

    assert shown["Description-Content-Type"] == "text/markdown"
    assert {line.partition(",")[0] for line in shown.get_all("Project-URL", [])} >= {"Homepage", "Documentation", "Changelog", "Issues"}
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    # A link leads to this version's file, and the repository has it.
    ours = [match[1] for link in links if (match := re.match(rf"https://\S+/v{re.escape(__version__)}/([^#]*)", link))]
    assert len(ours) >= 20
    assert [name for name in ours if not (ROOT / name).exists()] == []
    assert {re.match(r"https://[^/]*", link)[0] for link in links if link.endswith(".png")} == {"https://raw.githubusercontent.com"}


def test_reproducible(built: Built, unpacked: Path, tmp_path: Path) -> None:
    """Who builds the unpacked source archive, elsewhere and later, gets the very same files."""
    again = conftest.build(unpacked, tmp_path, "amd64")

    for ours, theirs in ((built.wheel, again.wheel), (built.source, again.source), (built.packages["amd64"], again.packages["amd64"])):
        assert hashlib.sha256(ours.read_bytes()).digest() == hashlib.sha256(theirs.read_bytes()).digest(), ours.name
