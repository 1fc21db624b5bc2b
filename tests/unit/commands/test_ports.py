"""ports: what is plugged in, told from what its USB says."""

import argparse
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from telegraf_han.commands import ports
from telegraf_han.ports import devices, rights


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command's exit code and lines, for serial devices as pyserial lists them and a folder of USB devices."""
    from serial.tools import list_ports

    (tmp_path / "usb").mkdir()
    monkeypatch.setattr(devices, "_USB", str(tmp_path / "usb"))
    monkeypatch.setattr(devices, "STABLE_NAMES", str(tmp_path / "by-id"))
    monkeypatch.setattr(devices, "_CHANGING", (str(tmp_path),))

    def run(*found: SimpleNamespace, words: tuple[str, ...] = ()) -> tuple[int, list[str]]:
        monkeypatch.setattr(list_ports, "comports", lambda: list(found))
        parser = argparse.ArgumentParser()
        ports.add_arguments(parser)
        code = ports.run(parser.parse_args(list(words)))
        return code, capsys.readouterr().out.splitlines()

    return run


def device(path: str, vid: int | None = 0x0403, pid: int | None = 0x6001, product: str | None = "FT232R USB UART") -> SimpleNamespace:
    return SimpleNamespace(device=path, vid=vid, pid=pid, manufacturer="FTDI" if vid else None, product=product, description="n/a")


@pytest.mark.parametrize(
    ("port", "what"),
    [
        (ports.Port("", 0x0403, 0x6001, "FTDI FT232R USB UART"), "a P1 cable, or a receiver"),
        (ports.Port("", 0x0403, 0x6015, "FTDI P1 Converter Cable"), "a P1 cable"),
        (ports.Port("", 0x0403, 0x6001, "AMBER wireless M-Bus"), '"amb8465"'),
        (ports.Port("", 0x10C4, 0xEA60, "Silicon Labs CP2102 USB to UART Bridge"), "im871a, iu891a"),
        (ports.Port("", 0x10C4, 0xEA60, "IMST iM871A-USB"), '"im871a"'),
        (ports.Port("", 0x10C4, 0x87ED, "Silicon Labs CP2102"), '"im871a"'),
        (ports.Port("", 0x03EB, 0x204B, "busware.de CUL868"), '"cul"'),
        (ports.Port("", 0x1A86, 0x7523, "USB Serial"), "nanoCUL"),
        (ports.Port("", 0x067B, 0x2303, "Prolific"), "a P1 cable"),
        (ports.Port("", 0x2341, 0x0043, "Arduino"), "something else"),
        (ports.Port("", None, None, "ttyAMA0"), "a serial port of the board"),
    ],
)
def test_what_is_probably_behind(port: ports.Port, what: str) -> None:
    """A product's own name counts before its chip."""
    assert what in ports.probably(port)


def test_device_by_its_stable_name(told, tmp_path: Path) -> None:
    """The name that stays comes first, then the device, its USB ids and the guess."""
    tty, stable = tmp_path / "ttyUSB0", tmp_path / "by-id" / "usb-FTDI_cable-if00"
    tty.touch()
    stable.parent.mkdir()
    stable.symlink_to(tty)

    code, lines = told(device(str(tty)))

    assert code == 0
    assert lines[0] == str(stable)
    assert str(tty) in lines[1]
    assert "FTDI FT232R USB UART (USB 0403:6001)" in lines[2]
    assert "may open it" in lines[4]


def test_who_may_not_is_told_the_command(told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For this user and for Telegraf's; or for the one that is named."""
    tty = tmp_path / "ttyUSB0"
    tty.touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(rights, "user", lambda: "ola")
    monkeypatch.setattr(rights, "group_of", lambda _: "dialout")
    monkeypatch.setattr(rights, "is_member", lambda name, _: name == "member")

    _, lines = told(device(str(tty)))
    _, named = told(device(str(tty)), words=("--user", "jan"))
    _, member = told(device(str(tty)), words=("--user", "member"))

    assert any("ola may not open it" in line for line in lines)
    assert [line.split("    log")[0].split("    then")[0].strip() for line in lines if "usermod" in line] == [
        "sudo usermod -aG dialout ola",
        "sudo usermod -aG dialout telegraf",
    ]
    assert next(line for line in named if "usermod" in line).strip().startswith("sudo usermod -aG dialout jan")
    assert not [line for line in member if "usermod" in line]


def test_dongle_has_no_port(told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An RTL-SDR is found by its USB ids. Other USB devices, and entries that are no device, are skipped."""
    monkeypatch.setattr(devices, "_NODES", str(tmp_path))
    (tmp_path / "001").mkdir()
    (tmp_path / "001" / "007").touch()
    for name, properties in {"1-1": ("0bda", "2838", "RTL2838UHIDIR"), "1-2": ("1d6b", "0002", "hub"), "usb1": ("", "", "")}.items():
        folder = tmp_path / "usb" / name
        folder.mkdir()
        for key, value in zip(("idVendor", "idProduct", "product", "busnum", "devnum"), (*properties, "1", "7"), strict=True):
            (folder / key).write_text(f"{value}\n")

    monkeypatch.setattr(os, "access", lambda path, _: path == str(tmp_path / "001" / "007"))
    monkeypatch.setattr(rights, "user", lambda: "ola")
    monkeypatch.setattr(rights, "group_of", lambda _: "plugdev")
    monkeypatch.setattr(rights, "is_member", lambda *_: False)
    with (tmp_path / "001" / "007").open():
        code, lines = told()

    assert code == 0
    assert lines[0] == "RTL2838UHIDIR (USB 0bda:2838)"
    assert '"rtl_433" or "rtl_wmbus"' in lines[1]
    assert lines[2] == "  rights    ola may open it"
    assert lines[3].split("    then")[0].strip() == "sudo usermod -aG plugdev telegraf"
    assert lines[4].startswith(f"  in use    by process {os.getpid()} (")
    assert len([line for line in lines if line]) == 5


def test_names_that_a_device_gives_itself(told, tmp_path: Path) -> None:
    """A device on USB may call itself anything. Nothing of it commands the terminal."""
    (tmp_path / "ttyUSB0").touch()

    code, lines = told(device(str(tmp_path / "ttyUSB0"), product="P1\x1b]0;owned\x07\x9b2J\u202ecable\nrights  all"))

    assert code == 0
    assert all(line.isprintable() for line in lines)
    assert any("P1\\x1b]0;owned\\x07\\x9b2J\\u202ecable\\nrights  all" in line for line in lines)


def test_nothing_plugged_in(told) -> None:
    """Says what to do."""
    code, lines = told()

    assert code == 1
    assert "Plug in" in lines[0]


def test_fits_a_terminal(told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is wider than 80 columns but names and commands, which one copies."""
    tty = tmp_path / "ttyUSB0"
    tty.touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(rights, "group_of", lambda _: "dialout")
    monkeypatch.setattr(rights, "is_member", lambda *_: False)

    _, lines = told(device(str(tty)), words=("--user", "telegraf"))
    _, empty = told()

    assert [line for line in (*lines, *empty) if len(line) > 80 and str(tty) not in line] == []
    assert max(len(f"  probably  {kind.what}") for kind in ports.KINDS) <= 80
