"""`--save` on a disk that is full: a real file system of 64 KiB, in a mount namespace of its own, so that nothing else of the machine sees it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import p1telegrams as p1
import radiotelegrams as radio
import telegraf_han

FLAT = "35000009"
LINES = 800
BASE_S = 1_796_000_000
METER = f'[[receiver]]\nname = "attic"\ntype = "hex"\nport = "-"\n[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "{FLAT}"\nkey = "{radio.KEY.hex()}"\n'


@pytest.fixture
def on_small_disk(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run `telegraf-han` with `small` as its folder on the disk. What is there in the end is in `kept`."""
    if shutil.which("unshare") is None:
        pytest.skip("a small disk needs `unshare`, which is of Linux")
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = f"""
    mount -t tmpfs -o size=64k small {tmp_path}/small || exit 99
    [ "$FILLED" = no ] || head -c 61440 /dev/zero >{tmp_path}/small/filler
    [ "$FILLED" != whole ] || cat /dev/zero >>{tmp_path}/small/filler 2>/dev/null
    "$@"
    code=$?
    cp -r {tmp_path}/small {tmp_path}/kept
    exit $code
    """
    (tmp_path / "small").mkdir()

    def run(*words: str, filled: str = "no", given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = ["unshare", "--mount", *user, "sh", "-c", script, "sh", sys.executable, "-m", "telegraf_han", *words]
        environment = os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent), "FILLED": filled}
        done = subprocess.run(command, env=environment, input=given, capture_output=True, timeout=120, check=False)
        if done.returncode == 99:
            pytest.skip(f"no disk of its own for a test: {done.stderr.decode()}")
        return done

    return run


def configured(folder: Path, text: str) -> str:
    """The configuration in a file."""
    (folder / "han.toml").write_text(text)
    (folder / "han.toml").chmod(0o600)
    return str(folder / "han.toml")


def frames() -> list[bytes]:
    """Telegrams of a meter, each with another register."""
    return [radio.mode_5(FLAT, number & 0xFF, radio.records(BASE_S + number, (number, 0), 7, number)) for number in range(LINES)]


def test_scan_on_a_disk_that_fills_up(on_small_disk, tmp_path: Path) -> None:
    """The report comes, one line says that the disk is full and how much is saved, and exactly that is in the file: whole lines, readable."""
    config = configured(tmp_path, METER)
    sent = frames()
    done = on_small_disk("scan", "--config", config, "--save", f"{tmp_path}/small/heard.hex", given=b"".join(map(radio.line, sent)))
    saved = (tmp_path / "kept" / "heard.hex").read_text()
    lines = saved.splitlines()
    read = subprocess.run(
        [sys.executable, "-m", "telegraf_han", "decode", "--config", config, "--output", "influx", str(tmp_path / "kept" / "heard.hex")],
        env=os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent)},
        capture_output=True,
        timeout=60,
        check=True,
    )

    assert done.returncode == 2
    assert saved.endswith("\n")
    assert 0 < len(lines) < LINES
    assert [bytes.fromhex(line) for line in lines] == sent[: len(lines)]
    errors = [line for line in done.stderr.decode().splitlines() if line.startswith("E! ")]
    assert len(errors) == 1
    assert f"no space left on the disk of {tmp_path}/small. Make room, or name another folder" in errors[0]
    assert f"The first {len(lines)} telegrams are saved" in errors[0]
    assert f" {LINES} " in done.stdout.decode()
    assert read.stdout.count(b"electricity,") == len(lines)


def test_scan_on_a_disk_that_is_full(on_small_disk, tmp_path: Path) -> None:
    """If nothing can be saved, the report comes all the same, the line says so, and no empty file is left."""
    given = b"".join(map(radio.line, frames()[:5]))
    done = on_small_disk(
        "scan", "--config", configured(tmp_path, METER), "--save", f"{tmp_path}/small/heard.hex", given=given, filled="whole"
    )

    assert done.returncode == 2
    assert done.stderr.decode().count("E! ") == 1
    assert b"no space left on the disk of" in done.stderr
    assert b"Nothing was saved" in done.stderr
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["filler"]


def test_key_on_a_disk_that_is_full(on_small_disk, tmp_path: Path) -> None:
    """A key that was found and cannot be saved: the report and one line, no half file with a key, and the key is shown nowhere."""
    found = bytes(range(0x40, 0x50))
    (tmp_path / "capture").write_bytes(p1.stoen(ek=p1.AK, ak=p1.EK) + p1.stoen(ek=p1.AK, ak=p1.EK))
    text = f'[[meter]]\nname = "home"\ninterface = "p1"\nport = "capture"\nencryption_key = "{p1.EK.hex()}"\nauthentication_key = "{p1.AK.hex()}"\n'
    words = ("keys", "--config", configured(tmp_path, text), "--save", f"{tmp_path}/small", str(tmp_path / "capture"))
    done = on_small_disk(*words, filled="whole")

    assert done.returncode == 2
    assert b"home: WRONG KEY" in done.stdout
    assert [line for line in done.stderr.decode().splitlines() if "no space left on the disk of" in line]
    assert done.stderr.decode().count("E! ") == 1
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["filler"]
    for key in (p1.EK, p1.AK, found):
        assert key.hex() not in (done.stdout + done.stderr).decode().lower()


@pytest.mark.parametrize("command", ["decode", "scan"])
def test_output_that_is_full(tmp_path: Path, command: str) -> None:
    """If what a command prints goes to a full disk, one line says so, and the code is not 0."""
    given = b"".join(map(radio.line, frames()))
    words = [sys.executable, "-m", "telegraf_han", command, "--config", configured(tmp_path, METER)]
    with open("/dev/full", "wb") as full:
        environment = os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent)}
        done = subprocess.run(words, env=environment, input=given, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)

    assert done.returncode == 2
    assert [line for line in done.stderr.decode().splitlines() if line.startswith("E! ")] == ["E! No space left on device"]
    assert b"Traceback" not in done.stderr
