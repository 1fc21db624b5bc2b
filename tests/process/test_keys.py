"""`telegraf-han keys` as a person runs it: a child process at the far end of a cable."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import p1telegrams as p1
import telegraf_han

SOON_S = 60.0
"""Longer than anything here takes on a busy machine."""
AGAIN_S = 20.0
"""A meter sends again, but not so soon that one telegram is not enough."""
EK = "000102030405060708090a0b0c0d0e0f"
AK = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def keys(tmp_path: Path, cable) -> Iterator[Start]:
    """Start `keys` on the cable with keys as they are written; it is gone at the test's end."""
    running: list[subprocess.Popen[str]] = []

    def started(ek: str, ak: str, *words: str) -> subprocess.Popen[str]:
        path = tmp_path / "han.toml"
        path.write_text(
            f'[[meter]]\nname = "home"\ninterface = "p1"\nport = "{cable.link}"\nencryption_key = "{ek}"\nauthentication_key = "{ak}"\n'
        )
        path.chmod(0o600)
        environment = os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent)}
        command = [sys.executable, "-m", "telegraf_han", "keys", "--config", str(path), *words]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment))
        return running[-1]

    yield started
    for child in running:
        if child.poll() is None:
            child.kill()
        child.communicate()


def said(child: subprocess.Popen[str], again: Callable[[], None] = lambda: None) -> tuple[int, str, str]:
    """Exit code, stdout in one line, stderr, once it has ended.

    `again` is what the meter says once more, if nothing has come of it: a terminal throws away what comes in the moment in which it is opened.
    """
    try:
        out, err = child.communicate(timeout=AGAIN_S)
    except subprocess.TimeoutExpired:
        again()
        out, err = child.communicate(timeout=SOON_S)
    return child.returncode, " ".join(out.split()), err


@pytest.mark.parametrize(
    ("ek", "ak", "code", "words"),
    [
        (EK, AK, 0, "home: ok: encryption_key opens the telegrams and authentication_key proves them"),
        (AK, EK, 1, "encryption_key and authentication_key are swapped"),
        (EK[:-1], AK, 1, "encryption_key has one digit too few"),
    ],
    ids=["right", "swapped", "a digit short"],
)
def test_live(keys: Start, cable, telegram: bytes, ek: str, ak: str, code: int, words: str) -> None:
    """One whole telegram is enough; it ends by itself, and shows no key."""
    child = keys(ek, ak)
    cable.send(telegram[100:] + telegram)
    found, out, err = said(child, lambda: cable.send(telegram))

    assert (found, words in out) == (code, True), out + err
    assert "waiting for a telegram of home" in err
    assert not any(key[at : at + 8] in out + err for key in (EK, AK) for at in range(24))


def test_live_with_a_hidden_title(keys: Start, cable) -> None:
    """The title that the meter does not send is named from what comes through the cable."""
    random_keys = (bytes(range(90, 106)), bytes(range(140, 156)))
    child = keys(*(key.hex() for key in random_keys))
    sent = p1.hidden(b"EGM\0\2\x16\x0e\xc1", ek=random_keys[0], ak=random_keys[1])
    cable.send(sent)
    code, out, err = said(child, lambda: cable.send(sent))

    assert (code, 'write system_title = "45474D0002160EC1" into [[meter]] "home"' in out) == (1, True), out + err


def test_live_with_keys_of_another_meter(keys: Start, cable) -> None:
    """The last word, with a letter, from what comes through the cable."""
    child = keys(bytes(range(90, 106)).hex(), bytes(range(140, 156)).hex())
    sent = p1.stoen(ek=bytes(range(200, 216)), ak=bytes(range(220, 236)))
    cable.send(sent)
    code, out, err = said(child, lambda: cable.send(sent))

    assert (code, "in any reading opens this telegram under any nonce" in out) == (1, True), out + err
    assert "Temat: Interfejs HAN licznika" in out


def test_noise(keys: Start, cable, telegram: bytes) -> None:
    """A line with only damaged telegrams is not taken for a wrong key when the waiting ends."""
    child = keys(AK, EK)
    cable.send(telegram.replace(b"EGM", b"EGN", 1) * 2)
    next(line for line in child.stderr if "does not fit" in line)
    child.send_signal(signal.SIGINT)
    code, out, err = said(child)

    assert code == 1
    assert "home: NOISE: " in out, out + err
    assert "telegrams arrived, but their CRCs say that all are damaged" in out


def test_silence(keys: Start, cable) -> None:
    """If nothing comes, the report says so when the time is over."""
    code, out, _ = said(keys(EK, AK, "--time", "500ms"))

    assert code == 1
    assert "home: NO TELEGRAM: nothing arrived" in out


def test_interrupted(keys: Start, cable) -> None:
    """Ctrl-C ends the waiting, and the report says what is known."""
    child = keys(EK, AK)
    cable.opened()
    child.send_signal(signal.SIGINT)
    code, out, err = said(child)

    assert code == 1
    assert "home: NO TELEGRAM" in out
    assert "Traceback" not in err
