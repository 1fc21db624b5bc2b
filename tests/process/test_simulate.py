"""The simulator as a child process: its pty, TCP port and stdout, its end, and that no key leaves it."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from telegraf_han.ciphers import aes
from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone, tst_ns
from telegraf_han.simulate import demo

SOURCES = str(Path(demo.__file__).parents[2])
DEADLINE_S = 60.0
EK, AK = bytes(range(0x30, 0x40)), bytes(range(0x70, 0x80))
DAY = ("--start", "2026-10-24T22:00:00", "--days", "1", "--interval", "600s", "--speed", "max")
"""144 telegrams over the night with the hour that comes twice."""

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `telegraf-han simulate …`; what is still running in the end is killed."""
    children: list[subprocess.Popen[bytes]] = []

    def started(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "telegraf_han", "simulate", *words]
        environment = os.environ | {"PYTHONPATH": SOURCES}
        # Without buffers of ours: `communicate` reads behind them, and what they hold would be lost.
        child = subprocess.Popen(
            command, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
        )
        children.append(child)
        return child

    yield started
    for child in children:
        child.kill()
        child.communicate()


def ended(child: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    """Exit code, stdout and stderr of a child that ends by itself."""
    out, err = child.communicate(timeout=DEADLINE_S)
    return child.returncode, out, err


def announced(child: subprocess.Popen[bytes]) -> str:
    """The port named in the first line on stderr."""
    assert child.stderr is not None
    line = child.stderr.readline().decode()
    assert line.startswith("I! "), line
    return line.split(" sends to ")[1].strip()


def read(descriptor: int, size: int) -> bytes:
    """So many bytes, or what came before the deadline or the end."""
    octets, end_s = b"", time.monotonic() + DEADLINE_S
    while len(octets) < size and select.select([descriptor], [], [], max(end_s - time.monotonic(), 0))[0]:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:
            break
        if not piece:
            break
        octets += piece
    return octets


@pytest.mark.parametrize("words", [("gama350",), ("ma309m", "--damage", "0.3"), ("gama150", "--interface", "wmbus", "--envelope", "crc")])
def test_same_seed_and_time_give_the_same_bytes(start: Start, words: tuple[str, ...]) -> None:
    """Two processes write the same; another seed writes something else."""
    first, second, other = (ended(start(*words, *DAY, "--seed", seed)) for seed in ("5", "5", "6"))

    assert first[0] == second[0] == other[0] == 0
    assert first[1] == second[1] != other[1]
    assert len(first[1]) > 50_000


def test_stdout_has_telegrams_and_nothing_else(start: Start) -> None:
    """144 plain telegrams of the night in October: S before the change, W after, 02:30 twice."""
    code, out, err = ended(start("ma110m", "--plain", *DAY))

    assert code == 0
    assert out.startswith(b"/KFM5KAIFA-METER\r\n\r\n0-0:1.0.0(261024220000S)\r\n")
    assert out.count(b"/KFM5KAIFA-METER\r\n") == out.count(b"!") == 144
    assert out.count(b"(261025023000S)") == out.count(b"(261025023000W)") == 1
    assert all(line.startswith(b"I! ") for line in err.splitlines())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("words", [(), ("--to", "pty"), ("--to", "tcp:0"), ("--to", "pty", "--wait"), ("--to", "tcp:0", "--wait")])
def test_signals_end_it_quietly(start: Start, number: signal.Signals, words: tuple[str, ...]) -> None:
    """Code 0 and not a word, whatever it was doing."""
    child = start("gama350", *words)
    announced(child)
    child.send_signal(number)
    code, _, err = ended(child)

    assert code == 0
    assert all(line.startswith(b"I! ") for line in err.splitlines())


def test_reader_that_goes_ends_it_quietly(start: Start) -> None:
    """`… | head`: a broken pipe is an end like any other."""
    child = start("gama350", "--start", "2026-01-01", "--days", "300")
    assert child.stdout is not None
    read(child.stdout.fileno(), 5000)
    child.stdout.close()
    assert child.stderr is not None
    err = child.stderr.read()

    assert child.wait(DEADLINE_S) == 0
    assert all(line.startswith(b"I! ") for line in err.splitlines())


def test_pty_brings_every_telegram_of_past_days(start: Start, tmp_path: Path) -> None:
    """Through the link, with a reader from the start, a pty has what stdout has; at the end the link is gone."""
    link = tmp_path / "meter"
    words = ("gama350", *DAY)
    _, out, _ = ended(start(*words))
    child = start(*words, "--to", "pty", "--link", str(link), "--wait")
    assert announced(child) == str(link)
    reader = os.open(link, os.O_RDONLY | os.O_NOCTTY)
    octets = read(reader, len(out))
    os.close(reader)

    assert octets == out
    assert child.wait(DEADLINE_S) == 0
    assert not link.is_symlink()


def test_pty_in_real_time_sends_one_telegram_a_second(start: Start) -> None:
    """The first telegram comes at once, the next with the next second of the clock, and so on."""
    child = start("ma309m", "--plain", "--to", "pty")
    port, octets = announced(child), b""
    begin = time.monotonic()
    reader = os.open(port, os.O_RDONLY | os.O_NOCTTY)
    while octets.count(b"!") < 3 and time.monotonic() - begin < DEADLINE_S:
        octets += read(reader, 1)
    took_s = time.monotonic() - begin
    os.close(reader)

    assert octets.startswith(b"/KFM5KAIFA-METER\r\n\r\n0-0:1.0.0(")
    assert took_s > 0.9
    stamps = [tst_ns(part[:13], Zone()) // 10**9 for part in octets.split(b"0-0:1.0.0(")[1:]]
    assert len(stamps) >= 3
    assert stamps == list(range(stamps[0], stamps[0] + len(stamps)))


def test_tcp_serves_this_machine(start: Start) -> None:
    """The announced URL is what a configuration's port wants; a client gets whole telegrams at sixty times the pace."""
    child = start("gama150", "--to", "tcp:0", "--speed", "60", "--wait")
    host, port = announced(child).removeprefix("socket://").rsplit(":", 1)
    assert host == "127.0.0.1"
    with socket.create_connection((host, int(port)), DEADLINE_S) as client:
        octets = read(client.fileno(), 541 * 10)

    assert octets[:10] == b"/EGM5G15\r\n"
    assert octets[541:551] == b"/EGM5G15\r\n"


def test_configured_keys_encrypt(start: Start, tmp_path: Path) -> None:
    """The user's own key files are used."""
    config = configured(tmp_path)
    code, out, err = ended(start("gama350", "--config", str(config), "--meter", "home", *DAY))

    assert code == 0
    plain = aes.gcm_text(Key(EK), bytes(12), out[21:60])
    assert plain.startswith(b"0-0:1.0.0(261024220000S)\r\n")
    assert b'"home"' in err


def configured(folder: Path) -> Path:
    """A configuration with key files."""
    for name, octets in (("home.ek", EK), ("home.ak", AK)):
        path = folder / name
        path.touch(0o600)
        path.write_text(octets.hex(":"))
    config = folder / "han.toml"
    config.write_text(
        '[[meter]]\nname = "home"\ninterface = "p1"\nport = "/dev/null"\n'
        'encryption_key = "file:home.ek"\nauthentication_key = "file:home.ak"\n\n'
        '[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "12345678"\nkey = "file:home.ek"\n\n'
        '[[receiver]]\nname = "attic"\ntype = "hex"\nport = "frames.txt"\n'
    )
    return config


@pytest.mark.parametrize("meter", ["home", "flat"])
def test_no_key_leaves_it(start: Start, tmp_path: Path, meter: str) -> None:
    """Neither configured nor demo keys stand on stdout or stderr, as bytes or as hex, nor in the help."""
    config = configured(tmp_path)
    runs = [ended(start("gama350", "--config", str(config), "--meter", meter, *DAY)), ended(start("gama350", *DAY)), ended(start("--help"))]

    for code, out, err in runs:
        assert code == 0
        said = out + err
        squeezed = said.lower().translate(None, b" :-\n")
        for octets in (EK, AK, demo.DEMO_ENCRYPTION_KEY.reveal(), demo.DEMO_AUTHENTICATION_KEY.reveal()):
            assert octets not in said
            assert octets.hex().encode() not in squeezed


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ma110m", "--interface", "wmbus"), b"--interface"),
        (("gama150", "--speed", "max"), b"--speed max"),
        (("gama150", "--config", "/no/such.toml"), b"/no/such.toml"),
        (("gama150", "--to", "pty", "--link", "/dev/null"), b"--link"),
        (("gama150", "--link", "x"), b"--link"),
        (("gama999",), b"METER"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(start: Start, words: tuple[str, ...], told: bytes) -> None:
    """The last line says what to mend; nothing is on stdout, and no traceback."""
    code, out, err = ended(start(*words))

    assert (code, out) == (2, b"")
    assert told in err.splitlines()[-1]
    assert b"Traceback" not in err
