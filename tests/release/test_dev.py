"""./dev: what it prepares is its own."""

import shutil
import subprocess
from pathlib import Path

from document import ROOT


def test_an_environment_behind_a_link_is_not_emptied(tmp_path: Path) -> None:
    """A .venv that is a link, and that does not fit, is left as it is: one line says what to do."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "kept").touch()
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("dev", "pyproject.toml"):
        shutil.copy(ROOT / name, tree)
    (tree / ".venv").symlink_to(theirs)
    done = subprocess.run([tree / "dev", "setup"], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("E! .venv is a link to an environment that does not fit this pyproject.toml. Remove the link")
    assert [path.name for path in theirs.iterdir()] == ["kept"]
