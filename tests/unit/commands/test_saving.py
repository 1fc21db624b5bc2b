"""commands.saving: a full disk and a bad folder give a sentence, and no empty or half file."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from telegraf_han.commands import _saving
from telegraf_han.errors import ConfigError


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A disk with room for so many more bytes. What does not fit is written as far as there is room, as a system does it."""
    room = [0]
    write, sync = os.write, os.fsync

    def written(descriptor: int, data: bytes) -> int:
        fits = min(len(data), room[0])
        room[0] -= fits
        if not fits:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:fits])

    def synced(descriptor: int) -> None:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "write", written)
    monkeypatch.setattr(os, "fsync", synced)
    return room


def test_new_file(tmp_path: Path) -> None:
    """A file with a key is whole, for its owner only, and alone in its folder."""
    _saving.save_new(str(tmp_path / "home.ek"), "0011\n")

    assert (tmp_path / "home.ek").read_text() == "0011\n"
    assert (tmp_path / "home.ek").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["home.ek"]


def test_existing_file_is_kept(tmp_path: Path) -> None:
    """A file, or a link to nowhere, of this name is not touched."""
    (tmp_path / "home.ek").write_text("old")
    (tmp_path / "link.ek").symlink_to(tmp_path / "none")

    for name in ("home.ek", "link.ek"):
        with pytest.raises(ConfigError, match="there is a file of this name already"):
            _saving.save_new(str(tmp_path / name), "new")
    assert (tmp_path / "home.ek").read_text() == "old"
    assert not (tmp_path / "none").exists()


def test_new_file_on_a_full_disk(tmp_path: Path, full: list[int]) -> None:
    """Nothing is left."""
    with pytest.raises(ConfigError, match=r"no space left on the disk of .*Make room, or name another folder"):
        _saving.save_new(str(tmp_path / "home.ek"), "0011\n")

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "words"), [("none/x", "a folder that exists is expected. Make it first: mkdir"), ("file/x", "a file has the name"), (".", "")]
)
def test_bad_folder(tmp_path: Path, path: str, words: str) -> None:
    """The error says what to do about the folder, for keys and for telegrams."""
    (tmp_path / "file").touch()

    for save in (lambda where: _saving.save_new(where, "x"), _saving.Appended):
        with pytest.raises(ConfigError) as caught:
            save(str(tmp_path / path))
        assert words in str(caught.value)
        assert caught.value.key == "--save"


def test_appended(tmp_path: Path) -> None:
    """Lines are appended to what is there."""
    for line in ("44 01", "44 02"):
        saved = _saving.Appended(str(tmp_path / "heard.hex"))
        saved.add(line)
        saved.close()

    assert (tmp_path / "heard.hex").read_text() == "44 01\n44 02\n"
    assert (tmp_path / "heard.hex").stat().st_mode & 0o777 == 0o600
    assert saved.failure is None


def test_nothing_heard_leaves_no_file(tmp_path: Path) -> None:
    """A new file that nothing was written to is removed. An old one stays."""
    (tmp_path / "old.hex").touch()
    for name in ("new.hex", "old.hex"):
        _saving.Appended(str(tmp_path / name)).close()

    assert os.listdir(tmp_path) == ["old.hex"]


@pytest.mark.parametrize(
    ("room", "kept", "said"), [(0, 0, "Nothing was saved"), (3, 0, "Nothing"), (15, 2, "The first 2 telegrams are saved")]
)
def test_disk_that_fills_up(tmp_path: Path, full: list[int], room: int, kept: int, said: str) -> None:
    """Whole lines stay, the half line goes, and a file without a line too. Later lines do not fill the room that comes free."""
    full[0] = room
    saved = _saving.Appended(str(tmp_path / "heard.hex"))
    for _ in range(4):
        saved.add("44 01")
    full[0] = 100
    saved.add("44 02")
    saved.close()
    saved.add("44 03")

    assert saved.failure is not None
    assert f"no space left on the disk of {tmp_path}" in str(saved.failure)
    assert said in str(saved.failure)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["44 01\n" * kept] * bool(kept)
