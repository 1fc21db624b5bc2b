"""packaging/notes.py: a tag is published only if every file says the same version and day."""

import shutil
from collections.abc import Callable
from pathlib import Path

import notes
import pytest

from document import ROOT

FILES = {
    "plugin/telegraf_han/__init__.py": '__version__ = "1.2.3"\n\nRELEASED_S = 1_795_305_600\n"""2026-11-22."""\n',
    "docker-compose.yml": "x:\n  image: telegraf-han:1.2.3\n",
    "docker/rtl-sdr.yml": "x:\n  image: telegraf-han:1.2.3-rtl-sdr\n",
    "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n- later\n\n## 1.2.3 - 2026-11-22\n\n### Added\n\n- this\n\n## 1.2.2 - 2026-01-01\n\n- that\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Write a repository whose files say 1.2.3, with some changes (file, before, after)."""

    def written(*changes: tuple[str, str, str]) -> Path:
        for name, text in FILES.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        for name, before, after in changes:
            assert before in FILES[name]
            (tmp_path / name).write_text(FILES[name].replace(before, after))
        return tmp_path

    return written


def test_all_say_the_same(tree: Callable[..., Path]) -> None:
    """Nothing is wrong then, and the notes are the version's own section."""
    root = tree()

    assert list(notes.mistakes("v1.2.3", root)) == []
    assert notes.section((root / "CHANGELOG.md").read_text(), "1.2.3") == ("2026-11-22", "### Added\n\n- this")


@pytest.mark.parametrize(
    ("tag", "change", "told"),
    [
        ("1.2.3", None, "the tag 1.2.3 is not a version. Write it as v1.2.3"),
        ("v1.2", None, "the tag v1.2 is not a version. Write it as v1.2.3"),
        ("v1.2.3", ("plugin/telegraf_han/__init__.py", "1.2.3", "1.2.4"), "plugin/telegraf_han/__init__.py has version 1.2.4"),
        ("v1.2.3", ("docker-compose.yml", "1.2.3", "1.2.2"), "docker-compose.yml names the image telegraf-han:1.2.2. Write 1.2.3"),
        ("v1.2.3", ("docker/rtl-sdr.yml", "1.2.3", "1.2.2"), "docker/rtl-sdr.yml names the image telegraf-han:1.2.2. Write 1.2.3"),
        ("v1.2.3", ("CHANGELOG.md", "## 1.2.3 - 2026-11-22", "## Next"), 'CHANGELOG.md has no section "## 1.2.3 - YYYY-MM-DD"'),
        ("v1.2.3", ("CHANGELOG.md", "2026-11-22", "2026-11-23"), "CHANGELOG.md says 2026-11-23, RELEASED_S in"),
    ],
)
def test_each_mistake_is_told(tree: Callable[..., Path], tag: str, change: tuple[str, str, str] | None, told: str) -> None:
    """One line says what differs, and what to write."""
    (mistake,) = notes.mistakes(tag, tree(*filter(None, [change])))

    assert mistake.startswith(told)


def test_files_of_this_repository_are_read(tmp_path: Path) -> None:
    """Where this repository names its version is where the check looks: of the version that stands there, only the changelog may be behind."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    tag = f"v{notes.version(ROOT)}"

    assert [mistake for mistake in notes.mistakes(tag, tmp_path) if not mistake.startswith("CHANGELOG.md")] == []
    assert list(notes.mistakes("v999.0.0", tmp_path)) != []
