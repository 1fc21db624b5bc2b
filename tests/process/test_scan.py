"""scan as a process: a virtual meter on the air, the page in a terminal, lines elsewhere, and a report in the end."""

import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import telegraf_han
from virtual_terminal import Terminal

KEY = "000102030405060708090a0b0c0d0e0f"
INTERVAL_S = 2


@pytest.fixture
def radio(tmp_path: Path) -> Iterator[Path]:
    """A port on which a virtual GAMA350 with the demo key is heard every two seconds."""
    link = tmp_path / "radio"
    words = ["simulate", "gama350", "--interface", "wmbus", "--serial", "35000001", "--interval", f"{INTERVAL_S}s", "--to", "pty"]
    environment = os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent)}
    meter = subprocess.Popen(
        [sys.executable, "-m", "telegraf_han", *words, "--link", str(link)], env=environment, stderr=subprocess.PIPE, bufsize=0
    )
    meter.stderr.readline()
    yield link
    meter.terminate()
    meter.wait(10)
    meter.stderr.close()


@pytest.fixture
def scan(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start `telegraf-han scan` in a terminal; it is gone at the test's end."""
    running: list[Terminal] = []

    def started(config: str, *words: str, **others) -> Terminal:
        running.append(Terminal(["scan", "--config", written(tmp_path, config), *words], **others))
        return running[-1]

    yield started
    for one in running:
        one.close()


def written(folder: Path, config: str) -> str:
    """The configuration in a file."""
    (folder / "scan.toml").write_text(config)
    (folder / "scan.toml").chmod(0o600)
    return str(folder / "scan.toml")


def receiver(port: Path) -> str:
    return f'[[receiver]]\nname = "attic"\ntype = "hex"\nport = "{port}"\n'


def meter(key: str = KEY) -> str:
    return f'[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "35000001"\nkey = "{key}"\n'


def test_live(scan, radio: Path) -> None:
    """A meter nobody configured appears with its interval; q leaves the report, whose section is TOML, on the user's own screen."""
    one = scan(receiver(radio))
    one.wait_for("Nothing heard yet", "attic (hex")
    one.wait_for("1 meter ", "EGM", "35000001", "electricity", "new", "5 AES-CBC", f"{INTERVAL_S} s", "there")

    one.press("q")

    assert one.wait_for_end() == 0
    assert one.restored()
    assert one.grid.foreign == []
    (section,) = tomllib.loads(one.said[one.said.index("[[meter]]") :])["meter"]
    assert section == {"name": "egm-35000001", "interface": "wmbus", "id": "35000001", "key": "file:egm-35000001.key"}


@pytest.mark.parametrize(("key", "word"), [(KEY, "opens"), ("ff" * 16, "wrong key")], ids=["right key", "wrong key"])
def test_configured(scan, radio: Path, key: str, word: str) -> None:
    """A configured meter has its name and what its key does; there is nothing to paste, and no key on the screen."""
    one = scan(receiver(radio) + meter(key))
    one.wait_for("flat", word)

    one.process.send_signal(signal.SIGINT)

    assert one.wait_for_end() == 0
    assert word in one.said
    assert "[[meter]]" not in one.said
    assert key.encode() not in one.raw.lower()


def test_time(scan, tmp_path: Path) -> None:
    """After `--time` it ends by itself. If nothing was heard, the code is 1 and the report says what to check."""
    one = scan(receiver(tmp_path / "nothing"), "--time", "2s")
    one.wait_for("not there", "of 2 s")

    assert one.wait_for_end() == 1
    assert one.restored()
    assert "attic could not be listened to. `telegraf-han check` says why" in one.said
    assert "antenna" not in one.said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_lines(radio: Path, tmp_path: Path, number: signal.Signals) -> None:
    """If stdout is a pipe, each new meter is a line on stderr. After the signal the report is on stdout, without escape sequences."""
    environment = os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent)}
    words = [sys.executable, "-m", "telegraf_han", "scan", "--config", written(tmp_path, receiver(radio))]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, env=environment)
    try:
        said = b""
        while b"heard EGM 35000001" not in said:
            line = child.stderr.readline()
            assert line, said
            said += line
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()

    assert child.returncode == 0
    assert b'id = "35000001"' in out
    assert b"\x1b" not in out + said + err


def test_stdin_is_a_receiver(tmp_path: Path) -> None:
    """The lines of another program come through a pipe. When the program ends, the scan ends."""
    environment = os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent)}
    simulated = ["simulate", "gama350", "--interface", "wmbus", "--start", "2026-10-24T22:00:00", "--days", "0.01", "--speed", "max"]
    frames = subprocess.run(
        [sys.executable, "-m", "telegraf_han", *simulated], env=environment, capture_output=True, timeout=60, check=True
    )
    words = ["scan", "--config", written(tmp_path, receiver(Path("-")))]

    found = subprocess.run(
        [sys.executable, "-m", "telegraf_han", *words], env=environment, input=frames.stdout, capture_output=True, timeout=60, check=False
    )

    assert found.returncode == 0, found.stderr
    assert found.stdout.count(b"[[meter]]") == 1


def test_save_keeps_what_decode_reads(tmp_path: Path) -> None:
    """Every telegram is appended as a line of hex to a file that only its user may read; a file that cannot be is an error."""
    environment = os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent)}

    def ended(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "telegraf_han", *words]
        return subprocess.run(command, env=environment, input=given, capture_output=True, timeout=60, check=False)

    frames = ended(
        "simulate", "gama350", "--interface", "wmbus", "--start", "2026-10-24T22:00:00", "--days", "0.01", "--speed", "max"
    ).stdout
    config = written(tmp_path, receiver(Path("-")) + meter())
    saved = tmp_path / "heard.hex"

    assert ended("scan", "--config", config, "--save", str(saved), given=frames).returncode == 0
    assert saved.stat().st_mode & 0o777 == 0o600
    assert ended("decode", "--config", config, str(saved)).stdout == ended("decode", "--config", config, given=frames).stdout != b""
    refused = ended("scan", "--config", config, "--save", str(tmp_path / "none" / "heard.hex"), given=frames)
    assert refused.returncode == 2
    assert b"--save" in refused.stderr


def test_port_of_another_scan(scan, radio: Path) -> None:
    """A port has one reader. A second one gets an error and code 2."""
    first = scan(receiver(radio))
    first.wait_for("1 meter ")

    second = scan(receiver(radio))

    assert second.wait_for_end() == 2
    assert "sudo systemctl stop telegraf" in second.said
    time.sleep(0.1)
    assert first.process.poll() is None
