"""The source archive stands alone: all that the documents name is in it, and nothing that is an owner's."""

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from document import ROOT, Document

PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("grafana/*.md")])
NAMED = [
    ".env.example",
    "dev",
    "docker-compose.yml",
    "docker/bin/mend_buffer.py",
    "docker/real/han.toml.example",
    "docker/virtual/g11.toml",
    "docker/virtual/han.toml",
]
PRIVATE = [".env", ".cache/demo/demo.ek", "docker/alerts.env", "docker/real/han.toml", "docker/real/home.ek", "docker/real/letter.pdf"]
NOT_OURS = (".git", ".venv", ".cache", ".hypothesis", "__pycache__", "*_cache")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[str]]:
    """The names in an archive that an owner of a meter builds in a working copy."""
    folder = tmp_path_factory.mktemp("sdist")
    tree = folder / "tree"
    shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns(*NOT_OURS))
    for name in PRIVATE:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("secret")
    words = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(folder / "out")]
    done = subprocess.run(words, cwd=tree, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (archive,) = (folder / "out").iterdir()
    with tarfile.open(archive) as content:
        yield {name.partition("/")[2] for name in content.getnames()}


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_leads_to(packed: set[str], page: str) -> None:
    """Each page is there, and each file that it leads to."""
    there = {place for name in packed for place in (name, *map(str, Path(name).parents))}
    targets = {target.partition("#")[0] for target in Document(page).links if "://" not in target}

    assert page in packed
    for target in filter(None, targets):
        assert (ROOT / page).parent.joinpath(target).resolve().relative_to(ROOT).as_posix() in there


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named(packed: set[str], name: str) -> None:
    """Files that commands and comments name."""
    assert name in packed


def test_tests_are_in_it(packed: set[str]) -> None:
    """Who unpacks it can run `./dev test`: no file of tests, boards or the plugin is missing."""
    for folder in ("plugin", "tests", "grafana", "docs"):
        ours = [path for path in (ROOT / folder).rglob("*") if path.is_file() and not _is_left_over(path)]
        assert [str(path.relative_to(ROOT)) for path in ours if str(path.relative_to(ROOT)) not in packed] == []


def _is_left_over(path: Path) -> bool:
    return any(fnmatch(part, pattern) for part in path.relative_to(ROOT).parts for pattern in NOT_OURS)


@pytest.mark.parametrize("name", PRIVATE)
def test_what_is_an_owners(packed: set[str], name: str) -> None:
    """Keys, addresses and letters in a working copy are not."""
    assert name not in packed
