"""Steps: whether they are done, what they do, and what the record says."""

import os
import stat
from pathlib import Path

import pytest

from telegraf_han.errors import ConfigError
from telegraf_han.setup import machine
from telegraf_han.setup.steps import File, Folder, Member, Record
from telegraf_han.setup.texts import Database


def test_a_file_is_written_once(paths):
    """With its mode, also if its folder is missing. Then it is done."""
    step = File(paths.config, "text\n", mode=0o640)
    assert not step.is_done()
    assert step.told() == f"write {paths.config} (mode 640, root:root)"

    step.do()

    assert step.is_done()
    assert stat.S_IMODE(os.stat(paths.config).st_mode) == 0o640
    assert os.listdir(os.path.dirname(paths.config)) == ["han.toml"]


@pytest.mark.parametrize(
    "spoil", [lambda path: os.chmod(path, 0o666), lambda path: Path(path).write_text("other")], ids=["mode", "content"]
)
def test_a_file_that_differs_is_not_done(paths, spoil):
    """It is written again, and the summary says so."""
    step = File(paths.config, "text\n", mode=0o640)
    step.do()

    spoil(paths.config)

    assert not step.is_done()
    assert step.told().startswith(f"write {paths.config} again")


def test_a_file_that_cannot_be_written(paths, tmp_path):
    """One line, and nothing is left."""
    (tmp_path / "etc").write_text("no folder")

    with pytest.raises(ConfigError, match="a file that can be written is expected: "):
        File(paths.config, "text").do()


def test_a_link_is_replaced_and_not_followed(paths, tmp_path):
    """Nobody makes root write into another file."""
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    os.makedirs(os.path.dirname(paths.config))
    os.symlink(victim, f"{paths.config}.new")

    File(paths.config, "text").do()

    assert victim.read_text() == "untouched"
    assert not os.path.islink(paths.config)


@pytest.mark.parametrize("put", [os.symlink, os.link], ids=["a link", "a second name"])
def test_nobody_is_given_another_file(tmp_path, put):
    """Telegraf's user owns the folder of its tokens. A link there must not give it, say, /etc/shadow."""
    victim, token = tmp_path / "victim", tmp_path / "token"
    victim.write_text("root's")
    victim.chmod(0o600)
    put(victim, token)

    with pytest.raises(OSError, match=r"symbolic links|of its own"):
        machine.own(str(token), "root", "root", 0o666)

    assert stat.S_IMODE(victim.stat().st_mode) == 0o600
    assert put is os.link or not machine.is_owned(str(token), "root", "root", 0o600)


def test_a_folder_that_is_a_link(paths, tmp_path):
    """It is not followed: whoever owns the folder above it would choose which folder of the machine Telegraf gets."""
    os.makedirs(os.path.dirname(paths.buffer))
    (tmp_path / "victim").mkdir(mode=0o755)
    os.symlink(tmp_path / "victim", paths.buffer)
    step = Folder(paths.buffer, "telegraf", "telegraf", 0o750)

    assert not step.is_done()
    with pytest.raises(ConfigError, match="a folder that can be made is expected: "):
        step.do()

    assert stat.S_IMODE((tmp_path / "victim").stat().st_mode) == 0o755


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_has_no_content(tmp_path, make):
    """A pipe in Telegraf's folder of configurations does not stop the set-up for ever."""
    make(tmp_path / "odd.conf")

    assert machine.content(str(tmp_path / "odd.conf")) is None


def test_folders_above_may_be_entered(paths):
    """Also if root's umask is strict. Otherwise Telegraf could not reach its buffer."""
    before = os.umask(0o077)
    try:
        Folder(paths.buffer, "telegraf", "telegraf", 0o750).do()
        File(paths.drop_in, "text").do()
    finally:
        os.umask(before)

    modes = [stat.S_IMODE(os.stat(path).st_mode) for path in (os.path.dirname(paths.buffer), os.path.dirname(paths.drop_in), paths.buffer)]
    assert modes == [0o755, 0o755, 0o750]


def test_a_folder(paths):
    """It is made with its mode."""
    step = Folder(paths.secrets, "root", "root", 0o700)
    assert not step.is_done()

    step.do()

    assert step.is_done()
    assert stat.S_IMODE(os.stat(paths.secrets).st_mode) == 0o700


def test_a_group_that_cannot_be_joined(monkeypatch):
    """The words of the system are told."""
    monkeypatch.setattr(machine, "said_by", lambda *_: "usermod: user telegraf is currently used")

    with pytest.raises(ConfigError, match="user telegraf could not be added to group dialout: usermod: user telegraf is currently used"):
        Member("telegraf", "dialout").do()


def test_the_record(paths):
    """What is noted can be read again: files, folders that were missing, memberships, the InfluxDB."""
    record = Record(paths.record)
    record.note(File(paths.config, "text", kind="config"))
    record.note(Folder(paths.buffer, "telegraf", "telegraf", 0o750))
    record.note(Member("telegraf", "dialout"))
    record.adopt(f"{paths.secrets}/bill_token", "ours")
    record.database = {"url": "http://127.0.0.1:8086", "org": "home", "bucket": "energy", "token_file": ""}
    record.save()

    again = Record(paths.record)

    assert {path: row["kind"] for path, row in again.files.items()} == {paths.config: "config", f"{paths.secrets}/bill_token": "ours"}
    assert again.folders[-2:] == [os.path.dirname(paths.buffer), paths.buffer]
    assert again.members == [["telegraf", "dialout"]]
    assert again.known() == Database("http://127.0.0.1:8086", "home", "energy")
    assert stat.S_IMODE(os.stat(paths.record).st_mode) == 0o600
    again.forget()
    assert not os.path.exists(os.path.dirname(paths.record))


def test_what_was_there_before_is_not_ours(paths):
    """A configuration of the owner, or a folder, does not get into the record."""
    os.makedirs(paths.buffer)
    os.makedirs(os.path.dirname(paths.config))
    open(paths.config, "w").close()
    record = Record(paths.record)

    record.note(File(paths.config, "text", kind="config"))
    record.note(Folder(paths.buffer, "telegraf", "telegraf", 0o750))
    record.adopt(paths.config, "ours")

    assert (record.files, record.folders) == ({}, [])


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"files": 3}', '{"files": {"/x": 3, "/y": {}}, "folders": [1], "members": [2, []]}']
)
def test_a_damaged_record(paths, content):
    """It is taken for an empty one."""
    os.makedirs(os.path.dirname(paths.record))
    with open(paths.record, "w") as file:
        file.write(content)

    record = Record(paths.record)

    assert (record.files, record.folders, record.members, record.known()) == ({}, [], [], None)
