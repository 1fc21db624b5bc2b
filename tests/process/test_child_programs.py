"""programs: the stdout of a program is a source, its stderr is logged, its end is explained, and its children end too."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from telegraf_han.errors import SourceError
from telegraf_han.ports import programs

SOON_S = 60.0


@pytest.fixture
def wake() -> Iterator[int]:
    """A wake-up nobody pulls."""
    reading, writing = os.pipe()
    yield reading
    os.close(reading)
    os.close(writing)


def python(code: str) -> list[str]:
    """A program."""
    return [sys.executable, "-c", code]


def read_until_it_ends(source: programs.Program) -> tuple[bytes, str]:
    """All it says, and why it ended."""
    data = b""
    until_s = time.monotonic() + SOON_S
    while time.monotonic() < until_s:
        try:
            data += source.read(0.2) or b""
        except SourceError as error:
            return data, str(error)
    raise AssertionError("the program did not end")


def test_output_words_and_status(wake: int) -> None:
    """Stdout is the source, stderr is passed on line by line, and the error has the exit code and the last lines."""
    told: list[str] = []
    code = "import sys; print('4e44'); print('no device\\rreally\\n', file=sys.stderr); sys.exit(3)"
    source = programs.started(python(code), wake, told.append)
    data, reason = read_until_it_ends(source)
    source.close()

    assert data == b"4e44\n"
    assert told == ["no device", "really"]
    assert reason == f"{sys.executable} ended with exit code 3. Its last lines: no device / really"


def test_last_words_that_are_known(wake: int) -> None:
    """If rtl_433 says that it has no dongle, the error says in one sentence what to do, without what else the program said."""
    code = "import sys; print('New defaults active\\nRegistered 1 out of 223\\nNo supported devices found.', file=sys.stderr); sys.exit(2)"
    source = programs.started(python(code), wake, lambda _: None)
    _, reason = read_until_it_ends(source)
    source.close()

    advice = "It finds no RTL-SDR dongle. Plug it in. A container also needs the folder /dev/bus/usb"
    assert reason == f"{sys.executable} ended with exit code 2. {advice}"


def test_no_secret_is_inherited(wake: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child gets the environment without keys, tokens and passwords. Its guard gets none of them either."""
    key = "00112233445566778899aabbccddeeff"
    hidden = {
        "FLAT_EK": "named",
        "FLAT_AK": key,
        "INFLUX_TOKEN": "t",
        "MQTT_PASSWORD": "p",
        "CREDENTIALS_DIRECTORY": "/run/c",
        "my_secret": "s",
    }
    for name, value in {**hidden, "RTLSDR_OPTION": "kept"}.items():
        monkeypatch.setenv(name, value)
    source = programs.started(["env"], wake, lambda _: None, secrets=["FLAT_EK"])
    data, _ = read_until_it_ends(source)
    guard = Path(f"/proc/{source._guard.pid}/environ").read_bytes()
    source.close()

    assert b"RTLSDR_OPTION=kept" in data
    assert b"PATH=" in data
    assert [name for name in hidden if f"{name}=".encode() in data] == []
    assert key.encode() not in data
    assert [name for name in hidden if name.encode() in guard] == []


def test_key_that_a_program_prints(wake: int) -> None:
    """A key that is an argument of a program is not repeated when the program complains about it."""
    key = "00112233445566778899aabbccddeeff"
    told: list[str] = []
    source = programs.started(python(f"import sys; sys.exit('bad option --key={key}')"), wake, told.append)
    _, reason = read_until_it_ends(source)
    source.close()

    assert told == ["bad option --key=…"]
    assert reason.endswith("Its last lines: bad option --key=…")


def test_last_words_without_newline(wake: int) -> None:
    """A last line that was never ended is told too."""
    source = programs.started(python("import sys; sys.stderr.write('so be it')"), wake, lambda _: None)
    _, reason = read_until_it_ends(source)
    source.close()

    assert reason.endswith("ended with exit code 0. Its last lines: so be it")


def test_ended_by_signal(wake: int) -> None:
    """A program that was killed is said so."""
    source = programs.started(python("import os; os.kill(os.getpid(), 9)"), wake, lambda _: None)
    _, reason = read_until_it_ends(source)
    source.close()

    assert reason.endswith("was ended by signal 9")


def test_long_line_of_stderr_is_cut(wake: int) -> None:
    """A stderr without newlines does not grow here."""
    told: list[str] = []
    source = programs.started(python("import sys; sys.stderr.write('x' * 20_000)"), wake, told.append)
    read_until_it_ends(source)
    source.close()

    assert sum(len(line) for line in told) == 20_000
    assert max(len(line) for line in told) <= programs.LAST_WORDS_LIMIT_BYTES + programs.READ_BYTES


def test_not_there(wake: int) -> None:
    """A program that is not installed is an error."""
    with pytest.raises(SourceError, match=r"no-such-program cannot be started: no such program\. Install it"):
        programs.started(["no-such-program"], wake, lambda _: None)


def test_not_executable(tmp_path: Path, wake: int) -> None:
    """A file that is no program is said so."""
    with pytest.raises(SourceError, match="cannot be started: permission denied"):
        programs.started([str(tmp_path)], wake, lambda _: None)


def test_takes_no_commands(wake: int) -> None:
    """A write to a program is refused."""
    source = programs.started(python("input()"), wake, lambda _: None)
    with pytest.raises(SourceError, match="takes no commands"):
        source.write(b"x")
    source.close()


def test_last_words_of_a_pipe(wake: int) -> None:
    """The error has the first program's reason and the second program's words, but not all earlier lines and not all of a long line."""
    words = "seq 9 >&2; { echo usb went away >&2; } | { cat; echo incoming data stopped >&2; }; printf '%0900d' 0 >&2"
    source = programs.started(["sh", "-c", words], wake, lambda _: None)
    _, reason = read_until_it_ends(source)
    source.close()

    assert reason == f"sh ended with exit code 0. Its last lines: usb went away / incoming data stopped / {'0' * 200}"


def test_missing_part_of_a_pipe(tmp_path: Path, wake: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs that a command needs are looked for before it is started. A missing one is named with the place to get it."""
    (tmp_path / "rtl_sdr").touch(0o755)
    (tmp_path / "rtl_wmbus").touch(0o644)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SourceError, match=r"rtl_wmbus cannot be started: no such program\. Install it \(from there\)"):
        programs.started(["sh"], wake, lambda _: None, needs={"rtl_sdr": "from here", "rtl_wmbus": "from there"})


@pytest.mark.parametrize(
    ("name", "mode", "there"),
    [
        ("tool", 0o755, True),
        ("tool", 0o644, False),
        ("folder", 0o755, False),
        ("none", 0, False),
        ("./tool", 0o755, True),
        ("/none", 0, False),
    ],
    ids=["on PATH", "not executable", "a folder", "missing", "own path", "own path, missing"],
)
def test_located(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mode: int, *, there: bool) -> None:
    """A program is found by PATH or by its own path, and it must be a file that may be started. `check` and `run` ask nothing else."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "tool").touch()
    (tmp_path / "tool").chmod(mode)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    assert programs.located(name) == ((name if "/" in name else f"{tmp_path}/{name}") if there else "")


def test_named_by_what_it_needs(wake: int) -> None:
    """Of a pipe in a shell the programs are named, not the shell."""
    source = programs.started(["sh", "-c", "true"], wake, lambda _: None, needs={"sh": "", "cat": ""})
    _, reason = read_until_it_ends(source)
    source.close()

    assert reason == "sh and cat ended with exit code 0"


def test_hangs(wake: int) -> None:
    """A program that runs and prints nothing is given up after its time. Each output starts the time again."""
    source = programs.started(["sh", "-c", "echo 44; while sleep 0.05; do echo talk >&2; done"], wake, lambda _: None, quiet_s=1.2)
    begun_s = time.monotonic()
    data, reason = read_until_it_ends(source)
    took_s = time.monotonic() - begun_s
    source.close()

    assert data == b"44\n"
    assert reason == "sh runs, but has printed nothing for 0.02 minutes, so it is restarted"
    assert took_s >= 1.2


def test_guard_ends_the_group_of_a_dead_plugin() -> None:
    """A plugin that is killed leaves neither the program nor its children nor the guard."""
    code = f"""
import os, sys, time
sys.path.insert(0, {str(Path(programs.__file__).parents[2])!r})
from telegraf_han.ports import programs
source = programs.started(["sh", "-c", "sleep 600 & echo $!; echo $$; wait"], os.pipe()[0], print)
data = b""
while data.count(b"\\n") < 2:
    data += source.read(0.2)
print(data.decode() + str(source._guard.pid), flush=True)
time.sleep(600)
"""
    plugin = subprocess.Popen(python(code), stdout=subprocess.PIPE)
    try:
        left = [int(plugin.stdout.readline()) for _ in range(3)]
        assert all(alive(process) for process in left)
    finally:
        plugin.kill()
        plugin.wait(SOON_S)
        plugin.stdout.close()
    until_s = time.monotonic() + SOON_S
    while any(alive(process) for process in left) and time.monotonic() < until_s:
        time.sleep(0.02)

    assert [process for process in left if alive(process)] == []


def test_closing_leaves_no_guard(wake: int) -> None:
    """Of a program that ended by itself nothing is left either."""
    source = programs.started(["true"], wake, lambda _: None)
    read_until_it_ends(source)
    source.close()

    assert source._guard is not None
    assert source._guard.poll() is not None


@pytest.mark.parametrize("ignoring", ["", "trap '' TERM; "], ids=["polite", "stubborn"])
def test_children_end_too(ignoring: str, wake: int) -> None:
    """Closing ends the program with its children, even if they ignore signals, and leaves no zombie."""
    source = programs.started(["sh", "-c", f"{ignoring}sleep 600 & echo $!; echo $$; wait"], wake, lambda _: None)
    data = b""
    until_s = time.monotonic() + SOON_S
    while data.count(b"\n") < 2 and time.monotonic() < until_s:
        data += source.read(0.2) or b""
    child, shell = (int(word) for word in data.split())
    begun_s = time.monotonic()
    source.close()

    assert time.monotonic() - begun_s < SOON_S
    assert not alive(shell)
    while alive(child) and time.monotonic() < until_s:
        time.sleep(0.01)
    assert not alive(child)


def alive(process: int) -> bool:
    """Whether it runs; an orphan that nobody reaps yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
