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


@pytest.mark.parametrize(
    ("me", "owner", "there", "expected"),
    [
        (1000, "telegraf", True, "me"),
        (0, "root", True, "telegraf"),
        (0, "root", False, "root"),
        (0, "jan", True, "jan"),
    ],
    ids=["a user", "root", "root without Telegraf", "root, another user's file"],
)
def test_advice_for_a_key_file(monkeypatch: pytest.MonkeyPatch, me: int, owner: str, there: bool, expected: str) -> None:
    """The advice is one sentence. It never takes a file away from the user who runs Telegraf."""
    monkeypatch.setattr(os, "geteuid", lambda: me)
    monkeypatch.setattr(rights, "user", lambda: "me")
    monkeypatch.setattr(rights, "_owner", lambda _: owner)
    monkeypatch.setattr(rights, "exists", lambda _: there)

    assert (
        rights.private("/etc/telegraf/home.ek")
        == f"Run: sudo chown {expected} /etc/telegraf/home.ek && sudo chmod 600 /etc/telegraf/home.ek"
    )
    assert rights.private("/a b/it's", "x") == "Run: sudo chown x '/a b/it'\"'\"'s' && sudo chmod 600 '/a b/it'\"'\"'s'"


@pytest.mark.parametrize(("path", "what"), [("/dev/null", "a device"), ("/", "a directory"), (__file__, "a file")])
def test_what_a_file_is(path: str, what: str) -> None:
    """Each kind has its word."""
    assert rights.what(os.stat(path).st_mode) == what
