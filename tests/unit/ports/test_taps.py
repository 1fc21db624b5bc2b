"""taps: one place for each configuration, closed to everybody but the plugin's user and group, and never another program's."""

import fcntl
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import telegraf_han
from telegraf_han.errors import PortInUseError, SourceError
from telegraf_han.ports import rights, taps


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory. Its path is short, because the path of a Unix socket must be."""
    with tempfile.TemporaryDirectory(prefix="tap") as name:
        Path(name).chmod(0o750)
        monkeypatch.setenv("RUNTIME_DIRECTORY", name)
        yield Path(name)


@pytest.fixture
def place(folder: Path) -> str:
    return taps.path(str(folder / "han.toml"))


@pytest.mark.parametrize(
    ("variable", "expected"),
    [(None, taps.FOLDER), ("", taps.FOLDER), ("/run/one", "/run/one"), ("/run/one:/run/two", "/run/one")],
    ids=["not set", "empty", "one", "two"],
)
def test_folder(monkeypatch: pytest.MonkeyPatch, variable: str | None, expected: str) -> None:
    """systemd's folder, else the folder that the package makes."""
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    if variable is not None:
        monkeypatch.setenv("RUNTIME_DIRECTORY", variable)

    assert taps.folder() == expected


def test_one_place_for_each_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file under another spelling or a link has the same socket. Another file of the same name has its own."""
    (folder / "a").mkdir()
    (folder / "a/han.toml").touch()
    (folder / "link.toml").symlink_to("a/han.toml")
    monkeypatch.chdir(folder)

    assert taps.path("a/../a/han.toml") == taps.path(str(folder / "a/han.toml")) == taps.path("link.toml")
    assert taps.path("a/han.toml") != taps.path("han.toml")
    assert taps.path("a/han.toml").startswith(f"{folder}/han-toml-")


def test_any_name_makes_one_short_name(folder: Path) -> None:
    """A name with blanks, slashes of other systems or Polish letters becomes a name that everybody can type."""
    name = os.path.basename(taps.path("/etc/licznik główny " + "x" * 200))

    assert name.isascii()
    assert " " not in name
    assert len(name) < 60


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_user_and_group_may_connect(place: str, umask: int) -> None:
    """The mode is 660, whatever the umask of the plugin is. Telegraf's unit has 022."""
    before = os.umask(umask)
    try:
        with taps.listening(place):
            assert stat.S_IMODE(os.stat(place).st_mode) == 0o660
            taps.connected(place).close()
    finally:
        os.umask(before)


def test_what_a_killed_plugin_left_is_replaced(place: str) -> None:
    """Nobody listens at it."""
    taps.listening(place).close()
    assert os.path.exists(place)

    with taps.listening(place):
        taps.connected(place).close()


def test_a_plugin_that_runs_keeps_its_socket(place: str) -> None:
    """A second plugin with the same configuration (`telegraf --test`) does not take it away."""
    with taps.listening(place) as first:
        inode = os.stat(place).st_ino
        with pytest.raises(PortInUseError, match="another plugin"):
            taps.listening(place)

        assert os.stat(place).st_ino == inode
        first.accept()[0].close()


def test_a_plugin_that_does_not_answer_keeps_its_socket(place: str) -> None:
    """One that was stopped is not dead. The system takes a few connections for it, then no more."""
    with taps.listening(place):
        waiting = [taps.connected(place) for _ in range(taps.WAITING + 1)]
        with pytest.raises(PortInUseError, match="busy"):
            taps.listening(place)
        for one in waiting:
            one.close()


def test_two_that_start_at_once(folder: Path, place: str) -> None:
    """While one makes its socket, the other waits for its next try."""
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(PortInUseError, match="being made"):
        taps.listening(place)
    os.close(held)

    taps.listening(place).close()


@pytest.mark.parametrize("kind", ["file", "link", "link to a socket", "link to nothing", "folder"])
def test_nothing_else_is_touched(folder: Path, place: str, kind: str) -> None:
    """What lies at the socket's place and is no socket stays as it is, and so does what a link leads to."""
    other = folder / "other"
    other.write_text("precious")
    other.chmod(0o600)
    target = {"file": None, "folder": None, "link": other, "link to nothing": folder / "nothing", "link to a socket": folder / "socket"}[
        kind
    ]
    with socket.socket(socket.AF_UNIX) as neighbour:
        neighbour.bind(str(folder / "socket"))
        if kind == "file":
            Path(place).write_text("mine")
        elif kind == "folder":
            Path(place).mkdir()
        else:
            assert target is not None
            Path(place).symlink_to(target)
        before = {path.name: os.lstat(path)[:4] for path in folder.iterdir()}

        with pytest.raises(SourceError, match="is no socket, so it is left alone"):
            taps.listening(place)

        assert {path.name: os.lstat(path)[:4] for path in folder.iterdir()} == before
        assert other.read_text() == "precious"


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777, 0o752])
def test_a_folder_that_others_may_write_in_is_refused(folder: Path, place: str, mode: int) -> None:
    """Otherwise somebody could put a link in the socket's place, or stand in for the plugin."""
    folder.chmod(mode)

    with pytest.raises(SourceError, match=r"others may write in .* Run: chmod 750"):
        taps.listening(place)

    assert not os.path.lexists(place)


@pytest.mark.parametrize(("owner", "allowed"), [(0, True), (1234, True), (4321, False)])
def test_a_folder_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch, owner: int, allowed: bool) -> None:
    """The folder's owner can always write there, so it is root or the plugin's own user."""
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.setattr(rights, "user", lambda: "telegraf")
    status = os.stat_result((stat.S_IFDIR | 0o750, 1, 1, 1, owner, 0, 0, 0, 0, 0))

    if allowed:
        taps._require_private("/run/x/y.sock", status)
    else:
        with pytest.raises(SourceError, match="/run/x belongs to another user than telegraf"):
            taps._require_private("/run/x/y.sock", status)


def test_no_place_at_all(folder: Path) -> None:
    """A folder that is not there, and a path that is too long for a socket, are errors in words."""
    for place in (f"{folder}/nothing/x.sock", f"{folder}/{'x' * 120}.sock"):
        with pytest.raises(SourceError, match="cannot be made: "):
            taps.listening(place)


def test_only_its_own_socket_is_removed(place: str) -> None:
    """A plugin that ends late does not remove the socket of the plugin that was started instead."""
    taps.listening(place).close()
    inode = os.stat(place).st_ino

    taps.removed(place, inode + 1)
    assert os.path.exists(place)
    taps.removed(place, inode)
    assert not os.path.exists(place)
    taps.removed(place, inode)


def test_advice_names_user_and_group(place: str) -> None:
    """A user who may not connect gets one line with both ways."""
    said = taps.access(place, "/etc/telegraf/han.toml")

    assert f"sudo -u {rights.user()} telegraf-han watch --config /etc/telegraf/han.toml" in said
    assert "usermod -aG" in said
    assert "sudo -u telegraf " in taps.access("/run/nobody/made/this.sock", "han.toml")


def test_advice_without_a_tap(folder: Path, place: str) -> None:
    """Without the folder, the line says how to make it. With the folder, a plugin that starts now uses it."""
    assert "restart it once" in taps.missing(place)
    assert f"install -d -o telegraf -g telegraf -m 750 {folder}/run" in taps.missing(f"{folder}/run/x.sock")


def test_the_file_for_systemd_makes_the_folder() -> None:
    """The package and `init` install this file. It makes the folder that the plugin looks for, closed to others."""
    file = Path(telegraf_han.__file__).parent / "telegraf-han.tmpfiles.conf"
    lines = [line.split() for line in file.read_text().splitlines() if line and not line.startswith("#")]

    assert lines == [["d", taps.FOLDER, "0750", "telegraf", "telegraf", "-"]]
