"""check: what would go wrong at `run`, found before, a line each."""

import argparse
import fcntl
import os
import pty
import socket
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from telegraf_han.ciphers import secret
from telegraf_han.commands import check
from telegraf_han.config.sections import MeterConfig
from telegraf_han.ports import devices, rights

EK = "00112233445566778899aabbccddeeff"
AK = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"


class Checked:
    """A check's exit code and its lines."""

    def __init__(self, code: int, printed: str) -> None:
        self.code = code
        self.lines = printed.splitlines()

    def having(self, level: str, *words: str) -> list[str]:
        """Lines of a level with these words."""
        return [line for line in self.lines if line.startswith(f"{level:<8} ") and all(word in line for word in words)]


@pytest.fixture
def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Check a configuration's text, as an ordinary user."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    def run(text: str, *words: str, listen: str = "0") -> Checked:
        (tmp_path / "han.toml").write_text(text)
        (tmp_path / "han.toml").chmod(0o600)
        parser = argparse.ArgumentParser()
        check.add_arguments(parser)
        code = check.run(parser.parse_args(["--config", str(tmp_path / "han.toml"), "--listen", listen, *words]))
        return Checked(code, capsys.readouterr().out)

    return run


@pytest.fixture
def device() -> Iterator[str]:
    """A serial device that nobody has open."""
    meter, ours = pty.openpty()
    path = os.ttyname(ours)
    os.close(ours)
    yield path
    os.close(meter)


def meter(port: object) -> str:
    """A P1 meter."""
    return f"[[meter]]\nname = 'home'\ninterface = 'p1'\nport = '{port}'\nencryption_key = '{EK}'\nauthentication_key = '{AK}'\n"


def test_all_well(checked, device: str) -> None:
    """A good configuration is all ok, and 0."""
    found = checked(meter(device))

    assert found.code == 0
    assert len(found.lines) == len(found.having("ok")) == 3
    assert found.having("ok", "1 meter, no receivers")
    assert found.having("ok", "home: encryption_key and authentication_key are there")
    assert found.having("ok", f"home: {device} can be opened")


def test_device_in_use(checked, device: str) -> None:
    """A device that a process has open and locked, as this program does, is left alone, and the process named."""
    held = os.open(device, os.O_RDONLY | os.O_NOCTTY)
    fcntl.flock(held, fcntl.LOCK_EX)
    found = checked(meter(device))
    os.close(held)

    assert found.code == 0
    assert found.having(
        "warning", f"home: {device} is in use by process {os.getpid()} (", "This is fine if the program is this plugin under Telegraf"
    )


def test_device_open_without_a_lock(checked, device: str) -> None:
    """A program that takes no lock does not keep `run` away, so both would read a part of the bytes. That is no case of "fine"."""
    held = os.open(device, os.O_RDONLY | os.O_NOCTTY)
    found = checked(meter(device))
    os.close(held)

    assert found.having("warning", f"home: {device} is in use by process {os.getpid()} (", "without a lock. Stop it")
    assert not [line for line in found.lines if "This is fine" in line]


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("/dev/null", "/dev/null is not a serial port, but a device of the kind mem"),
        ("/dev/zero", "/dev/zero is not a serial port, but a device of the kind mem"),
        ("/dev/full", "is not a serial port, but a device of the kind mem"),
        ("/dev", "/dev is a directory, not a serial device"),
        ("socket", "socket is a socket, not a serial device"),
    ],
)
def test_what_is_no_port(checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str, words: str) -> None:
    """A device or a folder that is no port is told as what it is, without the processes that have it open, and the exit code is 1."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    found = checked(meter(port))

    assert found.having("error", "home: ", words)
    assert "process" not in "".join(found.lines)
    assert found.code == 1


@pytest.mark.parametrize("name", ["no-such-user", "telegraf ", "4242424242"])
def test_user_that_does_not_exist(checked, device: str, name: str) -> None:
    """A misspelt user is an error, not a good result."""
    found = checked(meter(device), "--user", name)

    assert found.code == 2
    assert found.having("error", f"--user: this machine has no user {name}")
    assert len(found.lines) == 1


def test_root_without_user_telegraf(checked, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root is told if nobody is there whose rights could be looked up."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(rights, "exists", lambda _: False)

    assert checked(meter(device)).having("warning", "this machine has no user telegraf", "--user NAME")


def test_no_device(checked, tmp_path: Path) -> None:
    """A device that does not exist is an error, with exit code 1."""
    found = checked(meter(tmp_path / "none"))

    assert found.code == 1
    assert found.having("error", "home: ", "none is not there. Is it plugged in?")


def test_file(checked, tmp_path: Path) -> None:
    """A file is said to be a replay."""
    (tmp_path / "capture").write_bytes(b"")

    assert checked(meter("capture")).having("ok", "capture is a file to replay")


def test_socket(checked) -> None:
    """A converter that listens is ok; one that does not is an error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        there = checked(meter(url))
    gone = checked(meter(url))

    assert (there.code, gone.code) == (0, 1)
    assert there.having("ok", f"home: {url} can be opened")
    assert gone.having("error", f"home: {url} refuses the connection")


def test_programs(checked) -> None:
    """A program that is installed is ok with its path; one that is not is an error."""
    text = "[[receiver]]\nname = '{0}'\ntype = 'hex'\ncommand = ['{0}', '-x']\n"
    found = checked(text.format("sh") + text.format("no-such-program"))

    assert found.code == 1
    assert found.having("ok", "sh: /")
    assert found.having("error", "no-such-program is not on this user's PATH")


def test_changing_name(checked, tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device under a name that may change has its stable one told."""
    (tmp_path / "by-id").mkdir()
    (tmp_path / "by-id" / "usb-cable").symlink_to(device)
    monkeypatch.setattr(devices, "STABLE_NAMES", str(tmp_path / "by-id"))
    monkeypatch.setattr(devices, "_CHANGING", (device,))

    assert checked(meter(device)).having("warning", f"Use its stable name {tmp_path}/by-id/usb-cable")


def test_root_is_told(checked, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's check says that it says little."""
    monkeypatch.setattr("os.geteuid", lambda: 0)

    assert checked(meter(device)).having("warning", "checked as root")


def test_rights(checked, tmp_path: Path, device: str) -> None:
    """A key file that every user may read is a warning."""
    (tmp_path / "home.ek").write_text(EK)
    (tmp_path / "home.ek").chmod(0o644)

    found = checked(meter(device).replace(EK, "file:home.ek"))

    assert found.code == 0
    assert found.having("warning", "home.ek is a key file, and every user of this machine may read it")


@pytest.mark.parametrize("text", ["x = 1", "", "[[meter]]\nname = 'home'\ninterface = 'p1'"], ids=["unknown", "empty", "no port"])
def test_bad_configuration(text: str, checked) -> None:
    """A configuration that cannot be used is one error, and 2."""
    found = checked(text)

    assert found.code == 2
    assert len(found.lines) == len(found.having("error", "han.toml")) == 1


KEYS = {
    "wM-Bus with key": ({"key": EK}, "ok", "key is there"),
    "wM-Bus without": ({"interface": "wmbus"}, "warning", "there is no key, so only telegrams without encryption"),
    "P1 without": ({}, "warning", "there is no encryption_key, so only telegrams without encryption"),
    "P1 with one": ({"encryption_key": EK}, "ok", "Without authentication_key nothing can be verified"),
    "P1 with the same twice": ({"encryption_key": EK, "authentication_key": EK}, "warning", "are the same"),
    "the sample's": ({"encryption_key": "00" * 16}, "warning", "encryption_key is still the key from the sample configuration"),
    "the sample's AK": ({"encryption_key": EK, "authentication_key": "00" * 16}, "warning", "authentication_key is still the key from"),
    "both": ({"encryption_key": "00" * 16, "authentication_key": "00" * 32}, "warning", "and authentication_key are still the keys from"),
    "wM-Bus, zeros": ({"key": "00" * 16}, "warning", "key is still the key from the sample configuration"),
}


@pytest.mark.parametrize(("given", "level", "words"), KEYS.values(), ids=KEYS)
def test_keys(given: dict[str, str], level: str, words: str) -> None:
    """Which keys there are is said, and what is missing."""
    keys = {name: secret.key(text) for name, text in given.items() if name != "interface"}
    interface = "wmbus" if "key" in given or "interface" in given else "p1"
    finding = check._key(MeterConfig("home", interface, **keys))

    assert finding.level == level
    assert finding.text.startswith("home: ")
    assert words in finding.text


def test_bad_keys(checked, tmp_path: Path, device: str) -> None:
    """Each key that cannot be had is an error, and all else is checked, too: the other key, the other meter, the port."""
    flats = "".join(
        f"[[meter]]\nname = '{name}'\ninterface = 'wmbus'\nid = '{number}'\nkey = '{key}'\n"
        for name, number, key in (("flat-1", "11111111", EK), ("flat-2", "22222222", "file:flat-2.key"))
    )
    (tmp_path / "home.ek").write_text(EK[1:])
    (tmp_path / "home.ek").chmod(0o600)
    found = checked(
        meter(device).replace(EK, "file:home.ek").replace(AK, "env:NO_SUCH_AK")
        + flats
        + "[[receiver]]\nname = 'attic'\ntype = 'hex'\ncommand = ['no-such-program']\n"
    )

    assert found.code == 1
    assert found.having("error", "home: encryption_key: 32 hex digits expected, found 31 hex digits in ", "home.ek")
    assert found.having("error", "home: authentication_key: environment variable NO_SUCH_AK is not set")
    assert found.having("error", "flat-2: key: a file with 32 hex digits is expected", "no such file or directory")
    assert found.having("ok", "flat-1: key is there")
    assert found.having("ok", f"home: {device} can be opened")
    assert found.having("error", "attic: no-such-program is not on this user's PATH")
    assert not any(key[1:9] in line for key in (EK, AK) for line in found.lines)


def test_key_file_that_is_not_there_is_told_once(checked, device: str) -> None:
    """Nobody is sent to change the rights of a file that does not exist."""
    found = checked(meter(device).replace(EK, "file:none.ek"), "--user", "nobody")

    assert len([line for line in found.lines if "none.ek" in line]) == 1


@pytest.fixture
def line() -> Iterator[tuple[str, int]]:
    """A serial device and the descriptor of what its cable hangs on."""
    meter_end, ours = pty.openpty()
    tty.setraw(ours)
    yield os.ttyname(ours), meter_end
    os.close(ours)
    os.close(meter_end)


def telegram(name: str) -> bytes:
    """A case's bytes."""
    lines = (Path(__file__).parents[2] / "cases" / name / "input.hex").read_text().splitlines()
    return bytes.fromhex("".join(text.split("#")[0] for text in lines))


def test_cable_is_listened_to(checked, line: tuple[str, int], monkeypatch) -> None:
    """A telegram on a real terminal ends the listening."""
    device, cable = line
    monkeypatch.setattr(devices, "users_of", lambda _: [])
    sending = threading.Event()

    def send() -> None:
        while not sending.wait(0.05):
            os.write(cable, telegram("p1-gama350-stoen"))

    writer = threading.Thread(target=send)
    writer.start()
    try:
        found = checked(meter(device), listen="60s")
    finally:
        sending.set()
        writer.join()

    assert found.having("error", "home: whole telegrams arrive, but cannot be opened: encryption_key does not open the telegram")
    assert found.code == 1


def test_device_in_use_by_whom_nobody_may_know(checked, device: str, monkeypatch) -> None:
    """If only the lock shows that another user's program has a device, `check` does not refer to itself."""
    held = os.open(device, os.O_RDONLY | os.O_NOCTTY)
    fcntl.flock(held, fcntl.LOCK_EX)
    monkeypatch.setattr(devices, "users_of", lambda _: [])
    found = checked(meter(device))
    os.close(held)

    assert found.code == 0
    assert found.having("warning", f"home: {device} is in use by another program, and only root can see which one", "This is fine if")


def test_meter_without_radio(checked, tmp_path: Path) -> None:
    """MA110M and MA309M are not heard by any receiver."""
    (tmp_path / "lines.hex").touch()
    receiver = f"[[receiver]]\nname = 'r'\ntype = 'hex'\nport = '{tmp_path}/lines.hex'\n"
    found = checked(f"[[meter]]\nname = 'MA309M cellar'\ninterface = 'wmbus'\nid = '12345678'\nkey = '{EK}'\n{receiver}")

    assert found.having("error", "MA309M has no radio", "P1")
    assert found.code == 1


def test_root_is_told_what_telegraf_may_not_read(checked, tmp_path: Path, device: str, monkeypatch) -> None:
    """Root may read every file; whether Telegraf's user may is looked up."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (tmp_path / "home.ek").write_text(EK)
    monkeypatch.setattr(rights, "may_open", lambda name, path, _: name == "telegraf" and not path.endswith("home.ek"))

    found = checked(meter(device).replace(EK, "file:home.ek"))

    assert found.having("error", "home.ek may not be read by user telegraf", "chown telegraf")
    assert found.code == 1


@pytest.mark.parametrize(("user", "words"), [(0, ()), (1000, ("--user", "telegraf"))], ids=["root", "named"])
def test_port_that_telegraf_may_not_open(checked, device: str, monkeypatch, user: int, words: tuple[str, ...]) -> None:
    """The group of a device is printed for the user who will open it: Telegraf's user if root checks, or the user who is named."""
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr(rights, "exists", lambda _: True)
    monkeypatch.setattr(rights, "may_open", lambda name, path, rights: not (name == "telegraf" and path == device and rights & os.W_OK))
    monkeypatch.setattr(rights, "permission", lambda path, name="": f". Run: sudo usermod -aG dialout {name}" if path == device else "")

    found = checked(meter(device), *words)

    assert found.having("error", f"{device} may not be opened by user telegraf. Run: sudo usermod -aG dialout telegraf")
    assert found.code == 1


def test_only_who_is_named_is_looked_up(checked, device: str, monkeypatch) -> None:
    """An ordinary user's check is about himself."""
    monkeypatch.setattr(rights, "may_open", lambda *_: False)

    assert checked(meter(device)).code == 0


@pytest.mark.parametrize(
    ("there", "may", "held", "level", "words"),
    [
        (False, True, [], "warning", "no RTL-SDR dongle with a known USB id"),
        (True, True, [], "ok", "RTL2838 (USB 0bda:2838) can be opened"),
        (True, True, ["process 7 (rtl_tcp)"], "warning", "is in use by process 7 (rtl_tcp)"),
        (True, False, [], "error", "may not be opened by user"),
    ],
    ids=["none", "free", "in use", "no right"],
)
def test_dongle_of_programs(checked, tmp_path: Path, monkeypatch, there: bool, may: bool, held: list[str], level: str, words: str) -> None:
    """What a type starts by itself needs a dongle; of a command of one's own nobody knows."""
    node = tmp_path / "004"
    node.touch()
    monkeypatch.setattr(devices, "dongles", lambda: [devices.Dongle("RTL2838 (USB 0bda:2838)", str(node))] * there)
    monkeypatch.setattr(devices, "users_of", lambda _: held)
    monkeypatch.setattr(os, "access", lambda *_: may)
    own = "[[receiver]]\nname = 'own'\ntype = 'rtl_433'\ncommand = ['sh']\n"
    found = checked(f"{own}[[receiver]]\nname = 'roof'\ntype = 'rtl_433'\n")

    assert found.having(level, "roof: ", words)
    assert len([line for line in found.lines if "own: " in line]) == 1


@pytest.mark.parametrize("kind", ["rtl_433", "rtl_wmbus"])
def test_programs_that_a_type_starts_itself(checked, kind: str, monkeypatch) -> None:
    """Each is looked for, and where it is missing one is told where to get it."""
    monkeypatch.setenv("PATH", "/nowhere")
    found = checked(f"[[receiver]]\nname = 'roof'\ntype = '{kind}'\n")

    assert len(found.having("error", "is not on this user's PATH", "Install it (")) == (1 if kind == "rtl_433" else 2)


TARIFF = """
[[meter]]
name = "home"
interface = "p1"
port = "capture"
"""


def test_tariffs_in_force(checked, tmp_path: Path) -> None:
    """Which tariff is in force today is said, for the meter's own and for those that are compared."""
    (tmp_path / "capture").write_bytes(b"")
    (tmp_path / "g11.toml").write_text("to = 2999-12-31")
    (tmp_path / "old.toml").write_text("to = 1999-12-31")
    found = checked(TARIFF + 'compare = ["file:g11.toml", "file:old.toml"]\n[[meter.tariff]]\nname = "G12"')

    assert found.having("ok", "home: tariff") == ['ok       home: tariff "G12" is in force']
    assert found.having("ok", "compared") == ['ok       home: compared tariff "g11" is in force until 2999-12-31']
    assert found.having("warning", "compared") == [
        'warning  home: no compared tariff "old" is in force today, so nothing is computed. Add a section that is'
    ]


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[[meter.tariff]]\nholidays = "XX"', 'tariff "tariff": holidays: no holidays are known for "XX"'),
        ("[[meter.tariff]]\nto = 2026-01-01\n[[meter.tariff]]\nfrom = 2026-01-01", "two tariffs hold on 2026-01-01"),
        ('tariff = "file:none.toml"', "none.toml: this tariff file cannot be read: no such file or directory"),
        ('tariff = "file:han.toml"', "han.toml: meter: there is no such option"),
    ],
)
def test_wrong_tariff(checked, tmp_path: Path, toml: str, said: str) -> None:
    """It is one line, and the configuration cannot be used."""
    (tmp_path / "capture").write_bytes(b"")
    found = checked(TARIFF + toml)

    assert found.code == 2
    assert len(found.having("error", said)) == len(found.lines) == 1


def test_tariff_file_that_telegraf_may_not_read(checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read it, but Telegraf's user may not."""
    (tmp_path / "capture").write_bytes(b"")
    (tmp_path / "g11.toml").write_text("")
    monkeypatch.setattr(rights, "may_open", lambda user, path, mode: not path.endswith("g11.toml"))
    monkeypatch.setattr(rights, "exists", lambda user: True)
    found = checked(TARIFF + 'tariff = ["file:g11.toml"]', "--user", "telegraf")

    assert len(found.having("error", "g11.toml may not be read by user telegraf")) == 1


def test_all_errors_of_a_configuration(checked, device: str) -> None:
    """Everything that has to be changed is told in one run, a line each, and the exit code is 2."""
    text = meter(device).replace(EK, EK[:-1]).replace(AK, "file:none") + "prot = 1\nbiling_day = 1\nlimits = { silnce_s = 1 }\n"
    found = checked(text + meter(device))

    assert found.code == 2
    assert len(found.lines) == len(found.having("error")) == 7
    assert [line.partition(": ")[2].partition(": ")[2].partition(": ")[0] for line in found.lines] == [
        "prot", "biling_day", "limits.silnce_s", "name", "port", "encryption_key", "authentication_key",
    ]  # fmt: skip
    assert not found.having("error", "more")


def test_ports_and_receivers_that_are_missing(checked) -> None:
    """Each meter that nothing reads is told, not only the first."""
    found = checked("".join(f"[[meter]]\nname = '{name}'\ninterface = 'p1'\n" for name in ("a", "b")))

    assert len(found.having("error", "port: the port that this meter is read from is expected")) == 2


def test_meters_of_a_table(checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted, their keys are looked at, and another user must be able to read the table and the key files in it."""
    (tmp_path / "a.key").write_text(EK)
    (tmp_path / "a.key").chmod(0o600)
    (tmp_path / "flats.csv").write_text("name;id;key\nflat-1;00000001;file:a.key\nflat-2;00000002;\n")
    (tmp_path / "frames").write_text("")
    monkeypatch.setattr(rights, "exists", lambda _: True)
    monkeypatch.setattr(rights, "may_open", lambda _, path, __: not path.endswith((".csv", ".key")))
    receiver = "[[receiver]]\nname = 'attic'\ntype = 'hex'\nport = 'frames'\n"
    found = checked(f"meters = 'flats.csv'\n{receiver}", "--user", "telegraf")

    assert found.having("ok", "2 meters, 1 receiver")
    assert found.having("ok", "flat-1: key is there")
    assert found.having("warning", "flat-2: there is no key")
    assert found.having("error", f"{tmp_path}/flats.csv may not be read by user telegraf")
    assert found.having("error", f"{tmp_path}/a.key may not be read by user telegraf")
