"""keyfiles: a corrected key is taken at the next look, a key that is lost stays in use, and each change is told once."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from telegraf_han.ciphers import secret
from telegraf_han.config import keys
from telegraf_han.config.file import load
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.live.keyfiles import LOOK_S, KeyFiles
from telegraf_han.live.log import PAUSE_S, Log

FIRST = "00112233445566778899aabbccddeeff"
SECOND = "ffeeddccbbaa99887766554433221100"
FLAT = '[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "12345678"\nkey = "{}"\n'
HOME = '[[meter]]\nname = "home"\ninterface = "p1"\nport = "x"\nencryption_key = "file:home.ek"\nauthentication_key = "file:home.ak"\n'


class Lock:
    """A lock that counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.taken = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self.taken += 1

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Looked:
    """Key files, a clock that only a test moves, and the log."""

    def __init__(self, folder: Path, pipe: tuple[int, int], text: str) -> None:
        (folder / "han.toml").write_text(text)
        (folder / "han.toml").chmod(0o600)
        self._folder, (self._heard, log) = folder, pipe
        os.set_blocking(self._heard, False)
        self.now_s = 1000.0
        self.lock = Lock()
        config = load(str(folder / "han.toml"))
        self.decoder = Decoder(config)
        self.files = KeyFiles(config, self.decoder, self.lock, Log(log, clock=lambda: self.now_s), lambda: self.now_s)
        self.files.tell(config.meters)

    def write(self, name: str, text: str) -> None:
        """Write a file as an editor does, under its name at once."""
        new = self._folder / "new"
        new.write_text(text)
        new.chmod(0o600)
        new.replace(self._folder / name)

    def look(self, after_s: float = LOOK_S) -> list[str]:
        """What the next look says."""
        self.now_s += after_s
        self.files.look()
        return self.log()

    def log(self) -> list[str]:
        """What was said since the last time, without the name of the test's folder."""
        try:
            return os.read(self._heard, 65536).decode().replace(f"{self._folder}/", "").splitlines()
        except BlockingIOError:
            return []

    def key(self, meter: str = "flat", option: str = "key") -> secret.Key | None:
        """The key that the decoder uses now."""
        return getattr(self.decoder.meters[meter].config, option)

    def bad(self, meter: str = "flat") -> list[str]:
        """The options that are bad now."""
        return [option for option, _ in self.decoder.meters[meter].config.bad_keys]


@pytest.fixture
def looked(tmp_path: Path, pipe: tuple[int, int]) -> Callable[..., Looked]:
    """Key files of a configuration. Files that are given are there before it is loaded."""

    def made(text: str = FLAT.format("file:flat.key"), **files: str) -> Looked:
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_text(content)
            (tmp_path / name.replace("_", ".")).chmod(0o600)
        return Looked(tmp_path, pipe, text)

    return made


THEN = "This meter is not read. It is read within a minute after the file is right"
MISSING = f"E! flat: key: a file with 32 hex digits is expected, but flat.key cannot be read: no such file or directory. {THEN}"
SHORT = f"E! flat: key: 32 hex digits expected, found 31 hex digits in flat.key. {THEN}"
TAKEN = "I! flat: a new key was read from its file. It is used from now on"


def test_a_key_that_is_corrected(looked) -> None:
    """A missing file is told at the start, another reason as soon as it is seen, and the right key is taken. Nothing is told twice."""
    one = looked()
    assert one.log() == [MISSING]
    assert one.look() == []

    one.write("flat.key", FIRST[1:])
    assert one.look() == [SHORT]
    assert one.look() == []
    assert (one.key(), one.bad()) == (None, ["key"])

    one.write("flat.key", FIRST)
    assert one.look() == [TAKEN]
    assert (one.key(), one.bad()) == (secret.key(FIRST), [])
    assert one.look() == []


def test_a_key_that_is_replaced(looked) -> None:
    """A new key in the place of the old one, right or wrong, is taken. The decoder is locked for that, and only for that."""
    one = looked(flat_key=FIRST)
    assert one.look() == []
    assert one.lock.taken == 0

    one.write("flat.key", SECOND)

    assert one.look() == [TAKEN]
    assert (one.key(), one.lock.taken) == (secret.key(SECOND), 1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "a file with 32 hex digits is expected, but flat.key cannot be read: no such file or directory"),
        ("", "32 hex digits are expected, but flat.key is empty"),
        (FIRST[1:], "32 hex digits expected, found 31 hex digits in flat.key"),
        (f"{FIRST}\n{SECOND}\n", "flat.key holds more than one key. Write each key into a file of its own"),
    ],
    ids=["gone", "empty", "short", "two"],
)
def test_a_key_that_is_lost_stays_in_use(looked, tmp_path: Path, content: str | None, why: str) -> None:
    """A file that gives no key any more is told once, and once again when it is as before."""
    one = looked(flat_key=FIRST)
    one.look()
    if content is None:
        (tmp_path / "flat.key").unlink()
    else:
        one.write("flat.key", content)

    assert one.look() == [f"W! flat: key: {why}. The key that was read before stays in use"]
    assert one.look() == []
    assert (one.key(), one.bad()) == (secret.key(FIRST), [])

    one.write("flat.key", f"{FIRST}\n")
    assert one.look() == ["I! flat: key can be read again, and is the same as before"]
    assert one.look() == []


def test_a_lost_key_is_told_again_when_the_reason_changes(looked, tmp_path: Path) -> None:
    """Another reason is another line. A new key ends both."""
    one = looked(flat_key=FIRST)
    (tmp_path / "flat.key").unlink()
    one.look()
    one.write("flat.key", "")

    assert [line[:53] for line in one.look()] == ["W! flat: key: 32 hex digits are expected, but flat.ke"]
    one.write("flat.key", SECOND)
    assert one.look() == [TAKEN]


def test_two_keys_of_one_meter(looked) -> None:
    """The meter is read when both are there. What is still wrong is told."""
    one = looked(HOME)
    assert [line.count("cannot be read") for line in one.log()] == [2]
    assert one.bad("home") == ["encryption_key", "authentication_key"]

    one.write("home.ek", FIRST)
    taken, left = one.look()
    assert taken == "I! home: a new encryption_key was read from its file. It is used from now on"
    assert left.startswith("E! home: authentication_key: a file with 32 hex digits is expected, but home.ak cannot be read")
    assert one.bad("home") == ["authentication_key"]

    one.write("home.ak", SECOND)
    assert len(one.look()) == 1
    assert (one.bad("home"), one.key("home", "authentication_key")) == ([], secret.key(SECOND))


def test_once_a_minute(looked) -> None:
    """Whoever asks more often gets no second look. The time until the next one is known."""
    one = looked()
    one.log()
    one.write("flat.key", FIRST)

    assert one.files.wait_s() == LOOK_S
    assert one.look(LOOK_S - 1) == []
    assert one.files.wait_s() == 1
    assert one.look(1) == [TAKEN]
    assert one.files.wait_s() == LOOK_S


def test_only_what_changed_is_read(looked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A good file is read at the first look, and then only if it changed, although its time may be the same."""
    read: list[str] = []
    real = keys._content
    monkeypatch.setattr(keys, "_content", lambda path: (read.append(path), real(path))[-1])
    one = looked(flat_key=FIRST)
    counts = [len(read)]
    for _ in range(3):
        one.look()
        counts.append(len(read))
    one.write("flat.key", SECOND)
    one.look()

    assert [*counts, len(read)] == [1, 2, 2, 2, 3]
    assert one.key() == secret.key(SECOND)


def test_rights_of_a_new_key(looked, tmp_path: Path) -> None:
    """A new file that every user may read is warned of. A file that is as before is not."""
    one = looked(flat_key=FIRST)
    (tmp_path / "flat.key").chmod(0o644)
    assert one.look() == []
    one.write("flat.key", SECOND)
    (tmp_path / "flat.key").chmod(0o644)

    warned, taken = one.look()
    assert warned.startswith("W! flat.key is a key file, and every user of this machine may read it")
    assert taken == TAKEN


@pytest.mark.parametrize("text", [FIRST[1:], "env:NO_SUCH_KEY", "credential:ek"], ids=["configuration", "environment", "credential"])
def test_what_cannot_change(looked, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of the configuration itself, the environment or a systemd credential is told with what to do. There is no file to look at."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    one = looked(FLAT.format(text))
    (line,) = one.log()

    assert line.startswith("E! flat: key: ")
    assert line.endswith(". This meter is not read. Correct key, then restart Telegraf")
    assert one.files.wait_s() is None
    assert one.look() == []


def test_told_again_each_minute_as_telegrams_come(looked) -> None:
    """As for every fault that repeats, the number of times is told with it."""
    one = looked()
    one.log()
    for _ in range(5):
        one.files.tell([one.decoder.meters["flat"].config])
    assert one.log() == []
    one.now_s += PAUSE_S
    one.files.tell([one.decoder.meters["flat"].config])

    assert one.log() == [f"{MISSING} (5 more since this was last logged)"]


def test_no_line_shows_a_key(looked) -> None:
    """A key in the place of its file's name, short by a digit or not, is not repeated."""
    for text in (f"file:{FIRST}", f"file:{FIRST[1:]}", FIRST[1:], f"env:{FIRST}"):
        (line,) = looked(FLAT.format(text)).log()

        assert FIRST[1:9] not in line
