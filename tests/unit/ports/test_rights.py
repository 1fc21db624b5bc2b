"""rights: who may open what, by owner, group and mode."""

import os
from pathlib import Path

import pytest

from telegraf_han.ports import rights


@pytest.mark.parametrize(("mode", "may"), [(0o644, True), (0o640, False), (0o600, False), (0o604, True)])
def test_may_open(tmp_path: Path, mode: int, may: bool) -> None:
    """By owner, group and mode; the folders count too."""
    path = tmp_path / "key"
    path.touch(mode)
    path.chmod(mode)
    for folder in (tmp_path, *list(tmp_path.parents)[:-2]):
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o001)

    assert rights.may_open("nobody", str(path), os.R_OK) == may
    assert not rights.may_open("nobody", str(path), os.R_OK | os.W_OK)
    assert rights.may_open("root", str(path), os.R_OK)
    assert rights.may_open("no-such-user", str(path), os.R_OK)
    assert not rights.may_open("nobody", str(path.with_name("missing")), os.R_OK)


def test_membership() -> None:
    """Root may everything; who or what is unknown needs no command."""
    assert rights.is_member("root", "dialout")
    assert rights.is_member("nobody-of-this-name", "dialout")
    assert not rights.is_member("nobody", "root")
