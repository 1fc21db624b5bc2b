"""scan: its options, what it refuses, and its lines if stdout is no terminal."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from telegraf_han.commands import _roster, scan
from telegraf_han.errors import ConfigError

FRAMES = """
# a meter nobody knows, and one that is configured
1444ED147856341201027A010000000403E8030000
1444ED144433221101027A010000000403E8030000
"""
RECEIVER = '[[receiver]]\nname = "attic"\ntype = "hex"\nport = "frames.hex"\n'
METER = '[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "11223344"\n'
CABLE = '[[meter]]\nname = "home"\ninterface = "p1"\nport = "p1.bin"\n'


@pytest.fixture
def scanned(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Scan with a configuration's text and some telegrams."""

    def run(text: str, frames: str = FRAMES, *words: str) -> tuple[int, str, str]:
        (tmp_path / "han.toml").write_text(text)
        (tmp_path / "frames.hex").write_text(frames)
        parser = argparse.ArgumentParser()
        scan.add_arguments(parser)
        code = scan.run(parser.parse_args(["--config", str(tmp_path / "han.toml"), *words]))
        return code, *capfd.readouterr()

    return run


def test_a_key_that_cannot_be_had(scanned) -> None:
    """It is told, and shown in the meter's row. The other meters are listed as always."""
    code, out, err = scanned(RECEIVER + METER + 'key = "file:none.key"\n')

    assert code == 0
    assert out.splitlines()[1].split()[:5] == ["EGM", "11223344", "electricity", "bad", "key"]
    assert "flat: key: a file with 32 hex digits is expected, but " in out
    assert 'id = "12345678"' in out
    assert err.count("E! flat: key: a file with 32 hex digits is expected, but ") == 1


def test_capture(scanned) -> None:
    """A capture is read to its end: the table and what to paste on stdout, the rest on stderr, 0."""
    code, out, err = scanned(RECEIVER + METER)

    assert code == 0
    assert out.splitlines()[0].split() == ["maker", "id", "medium", "key", "name", "heard", "ago", "ver", "security"]
    assert out.splitlines()[1].split()[:5] == ["EGM", "11223344", "electricity", "not", "needed"]
    assert out.count("[[meter]]") == 1
    assert 'id = "12345678"' in out
    assert "I! heard EGM 12345678, electricity, version 01, security none" in err
    assert "heard EGM 11223344" in err
    assert "\x1b" not in out + err


def test_no_meter_needs_to_be_configured(scanned) -> None:
    """A configuration of a receiver alone is enough, and cables are not opened."""
    code, out, err = scanned(RECEIVER + CABLE)

    assert (code, out.count("[[meter]]")) == (0, 2)
    assert "p1.bin" not in out + err


def test_nothing_heard(scanned) -> None:
    """1, and what to look at."""
    code, out, _ = scanned(RECEIVER + METER, "# nothing\n")

    assert code == 1
    assert "No meter was heard" in out
    assert "flat (11223344) was not heard" in out


@pytest.mark.parametrize("case", ["p1-gama350-stoen", "p1-ma309m-plain"])
def test_receiver_on_a_meters_cable(scanned, tmp_path: Path, case: str) -> None:
    """If a P1 cable is configured as a receiver, the antenna is not to blame."""
    lines = (Path(__file__).parents[2] / "cases" / case / "input.hex").read_text().splitlines()
    (tmp_path / "cable").write_bytes(bytes.fromhex("".join(line.split("#")[0] for line in lines)) * 2)
    code, out, _ = scanned(RECEIVER.replace("frames.hex", "cable"))

    assert code == 1
    assert 'a meter\'s P1 port sends here, and a receiver cannot read it. Write this port into a [[meter]] with interface = "p1"' in out
    assert "antenna" not in out


@pytest.mark.parametrize("disk", ["/dev/full"])
def test_save_on_a_full_disk(scanned, disk: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The report is printed all the same, then the error."""
    with pytest.raises(ConfigError, match=r"--save: no space left on the disk of /dev. .*Nothing was saved"):
        scanned(RECEIVER, FRAMES, "--save", disk)

    assert capfd.readouterr().out.count("[[meter]]") == 2


def test_stdin(scanned, tmp_path: Path) -> None:
    """A pipe may be the receiver."""
    (tmp_path / "pipe").write_text(FRAMES)
    before, piped = os.dup(0), os.open(tmp_path / "pipe", os.O_RDONLY)
    os.dup2(piped, 0)
    try:
        code, out, _ = scanned(RECEIVER.replace("frames.hex", "-"))
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(piped)

    assert (code, out.count("[[meter]]")) == (0, 2)


def test_without_receiver(scanned) -> None:
    """There is nothing to listen with."""
    with pytest.raises(ConfigError, match=r"a \[\[receiver\]\] is expected.*listens to its port"):
        scanned(CABLE)


def test_time(scanned, tmp_path: Path) -> None:
    """A port that never ends is read for the time in `--time`."""
    os.mkfifo(tmp_path / "radio")

    code, out, _ = scanned(RECEIVER.replace("frames.hex", "radio"), "", "--time", "300ms")

    assert code == 1
    assert "No meter was heard" in out


@pytest.mark.parametrize("words", [["--time", "soon"], ["--time", "0"], ["--time", "5 weeks"]])
def test_usage(scanned, words: list[str]) -> None:
    """A time that is none is wrong usage."""
    with pytest.raises(SystemExit) as ended:
        scanned(RECEIVER, FRAMES, *words)

    assert ended.value.code == 2


TABLE = "name;interface;id;key\negm-12345678;wmbus;12345678;\negm-11223344;wmbus;11223344;\n"


def test_write_makes_a_table(scanned, tmp_path: Path) -> None:
    """A row for each meter that was heard, for this user only, and a second scan changes nothing."""
    table = tmp_path / "flats.csv"
    code, out, _ = scanned(RECEIVER, FRAMES, "--write", str(table))

    assert (code, table.read_text(), table.stat().st_mode & 0o777) == (0, TABLE, 0o600)
    assert f"2 meters were added to {table}." in out
    assert f'write this line at the top of {tmp_path}/han.toml: meters = "{table}"' in out
    assert "[[meter]]" not in out
    _, out, _ = scanned(RECEIVER, FRAMES, "--write", str(table))
    assert table.read_text() == TABLE
    assert "Nothing was added" in out


def test_write_appends_what_is_not_configured(scanned, tmp_path: Path) -> None:
    """The table keeps its rows, columns, separator, line ends and rights. Configured meters are not added, and names stay unique."""
    table = tmp_path / "flats.csv"
    table.write_bytes(b"\xef\xbb\xbfid,tags.floor,name\r\n00000009,3,egm-12345678")
    table.chmod(0o640)
    code, out, _ = scanned(f'meters = "flats.csv"\n{RECEIVER}{METER}', FRAMES, "--write", str(table))

    assert code == 0
    assert table.read_bytes() == b"\xef\xbb\xbfid,tags.floor,name\r\n00000009,3,egm-12345678\r\n12345678,,egm-12345678-2\r\n"
    assert table.stat().st_mode & 0o777 == 0o640
    assert f"One meter was added to {table}." in out
    assert "write this line" not in out


def test_write_to_the_table_that_is_configured_and_not_there_yet(scanned, tmp_path: Path) -> None:
    """The first scan of a building may name the table before there is one. An empty file is a table without meters, too."""
    table = tmp_path / "flats.csv"
    for made in (lambda: None, table.touch):
        table.unlink(missing_ok=True)
        made()
        code, _, _ = scanned(f'meters = "{table}"\n{RECEIVER}' if not table.exists() else RECEIVER, FRAMES, "--write", str(table))
        assert (code, table.read_text()) == (0, TABLE)


def test_write_leaves_nothing_behind_an_error(scanned, tmp_path: Path) -> None:
    """If the configuration cannot be used, no table is left that was not there before."""
    with pytest.raises(ConfigError):
        scanned("[[meter]]\n", FRAMES, "--write", str(tmp_path / "flats.csv"))

    assert not (tmp_path / "flats.csv").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name;key\n", "columns with the names name and id are expected"),
        ("name;id\nwieża;1\n".encode("utf-16"), "a table in UTF-8 is expected"),
        (b'name;id\n"', "a table is expected, but it cannot be read"),
    ],
    ids=["columns", "encoding", "quote"],
)
def test_write_to_what_is_no_table(scanned, tmp_path: Path, content: bytes, said: str) -> None:
    """Before anything is heard, the user learns that nothing could be added."""
    (tmp_path / "flats.csv").write_bytes(content)
    with pytest.raises(ConfigError, match=f"--write: {said}"):
        scanned(RECEIVER, FRAMES, "--write", str(tmp_path / "flats.csv"))

    assert (tmp_path / "flats.csv").read_bytes() == content


@pytest.mark.parametrize("path", ["nowhere/flats.csv", "."])
def test_write_where_nothing_can_be_written(scanned, tmp_path: Path, path: str) -> None:
    """A mistake in the name of the table is found before anything is heard."""
    with pytest.raises(ConfigError, match="--write: a table that can be written is expected"):
        scanned(RECEIVER, FRAMES, "--write", str(tmp_path / path))


def test_write_all_or_nothing(scanned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk is full in the middle of a row, what was written of it is cut off, and the report was printed."""
    table = tmp_path / "flats.csv"
    table.write_text("name;id\n")
    write = os.write
    left = [9]

    def full(descriptor: int, data: bytes) -> int:
        if b"egm-" not in data and b";" not in data:
            return write(descriptor, data)
        if not left[0]:
            raise OSError(28, "No space left on device")
        taken = write(descriptor, data[: left[0]])
        left[0] -= taken
        return taken

    monkeypatch.setattr(_roster.os, "write", full)
    with pytest.raises(ConfigError, match="no space left on device"):
        scanned(RECEIVER, FRAMES, "--write", str(table))

    assert table.read_text() == "name;id\n"
