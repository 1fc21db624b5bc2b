"""What the program says of each odd telegram: in the log of `run`, in `check` and in `keys`. An owner acts on these words.

Each row is a case folder whose telegrams were once told wrongly, and words that each of the three must say of it. "" means that it says
nothing but that the telegrams are good. None of them may blame a key, a cable or the line, or write to the operator, unless the row says so.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import p1telegrams as p1
from telegraf_han import cli, receivers
from telegraf_han.commands import _listening
from telegraf_han.config.file import load
from telegraf_han.config.sections import Config
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import SourceError
from telegraf_han.live.log import Log
from telegraf_han.live.outbox import Outbox
from telegraf_han.live.reader import Feed, Reader, Shared
from telegraf_han.p1.capture import Capture
from telegraf_han.p1.framer import Framer

CASES = Path(__file__).parent / "cases"
BLAME = ("does not open", "wrong key", "mistyped", "noise", "cable", "inver", "contact", "Temat:", "NOT FOUND", "WRONG KEY", "defect")
"""Words that blame a key, a cable or the line. `NOT READ` and `NOT PROVEN` blame nobody."""
PUSH = "data-notification (DLMS push), which this program does not read"
PLAIN = "ok: the telegrams are not encrypted; no key is needed"


class Words(NamedTuple):
    """What each of the three must say of a case."""

    log: str = ""
    check: str = "arrive and can be read"
    keys: str = PLAIN


TABLE = {
    "p1-mbus-wrapped-push": Words(
        f"2 wired M-Bus frames with a ciphered DLMS message (general-glo-ciphering), and in it a {PUSH}",
        "encryption_key is right, so do not change it",
        "NOT READ: encryption_key is right",
    ),
    "p1-hdlc-wrapped-push": Words(
        f"an HDLC frame with a ciphered DLMS message (general-glo-ciphering), and in it a {PUSH}",
        "encryption_key is right, so do not change it",
        "NOT READ: encryption_key is right",
    ),
    "p1-hdlc-plain-push": Words(f"an HDLC frame with a {PUSH}", PUSH, "NOT READ: this is an HDLC frame"),
    "p1-dsmr-words-under-numbers": Words(),
    "p1-dsmr-kilohertz": Words(),
    "p1-ident-with-slash": Words(),
    "p1-dsmr-numbers-of-channels": Words(),
    "p1-dsmr-second-number": Words(),
    "p1-iec-date-and-time": Words(),
    "p1-clock-spelt-out": Words(),
    "p1-two-brackets": Words(),
    "p1-letter-before-a-code": Words(),
    "p1-gama350-message-of-two-lines": Words(keys="ok: encryption_key opens the telegrams and authentication_key proves them"),
    "p1-gama350-tag-binds-nothing": Words(
        "the tag fits, but without the authentication key, so it proves nothing about who sent the telegram. The telegram is dropped",
        "the tag fits, but without the authentication key",
        "NOT PROVEN: encryption_key is right; the tag fits without the authentication key",
    ),
    "p1-dsmr-stamped-readings": Words(),
    "p1-dsmr-lower-case-season": Words(),
    "p1-line-ends-changed": Words("the line ends were changed on the way here", "the line ends were changed on the way here"),
    "wmbus-compact-after-full": Words(),
    "wmbus-compact-not-heard": Words("was not heard yet", keys="NOT"),
    "wmbus-no-key-2f2f-by-chance": Words("are encrypted (mode 5), but no key is configured for this id; set key", keys="NO KEY"),
    "wmbus-status-byte": Words(),
    "wmbus-float-nan": Words(),
    "wmbus-transformer-ratio": Words(),
    "wmbus-subunit-reactive": Words(),
    "wmbus-tail-of-padding": Words("the last 2 bytes are no record"),
}


class Key(NamedTuple):
    """A key option that gives no key, and what must be said of it. "{}" is the folder."""

    option: str
    said: str
    keys: str
    """What `keys` says. It judges whatever is written, and only what cannot be read is an error as in the others."""
    todo: str = "It is read within a minute after the file is right"


UNREAD = "a file with 32 hex digits is expected, but {}/"
RESTART = "Correct encryption_key, then restart Telegraf"
MISTYPED = "WRONG KEY: encryption_key has one digit too few"
BAD_KEYS = {
    "no file": Key(
        "file:none.ek", UNREAD + "none.ek cannot be read: no such file or directory", "cannot be read: no such file or directory"
    ),
    "a folder": Key("file:folder", UNREAD + "folder is a directory", "is a directory"),
    "empty file": Key("file:empty.ek", "32 hex digits are expected, but {}/empty.ek is empty", "NO KEY: "),
    "digit missing": Key("file:short.ek", "32 hex digits expected, found 31 hex digits in {}/short.ek", MISTYPED),
    "two keys": Key("file:both.ek", "{}/both.ek holds more than one key. Write each key into a file of its own", "WRONG KEY: "),
    "no credentials": Key(
        "credential:ek", "a systemd credential is expected, but this service has none. Add LoadCredential=", "Add LoadCredential", RESTART
    ),
    "no variable": Key("env:NO_SUCH_EK", "environment variable NO_SUCH_EK is not set. Set it in", "NO_SUCH_EK is not set", RESTART),
    "mistyped here": Key(p1.EK.hex()[1:], "32 hex digits expected, found 31 hex digits. Or write file:PATH", MISTYPED, RESTART),
    "name without file:": Key(
        "short.ek", 'a key of 32 hex digits is expected. "short.ek" is a file, so write "file:short.ek"', "NO KEY: ", RESTART
    ),
}
OF_NOW = ("reading the port", "the port is gone", "so this machine's time is used")
"""Log lines of a good port, and the one about the clock of a telegram that is as old as its case."""


class Port:
    """A port that delivers a case, and then is gone or silent."""

    finite = False

    def __init__(self, data: bytes, *, then_gone: bool = False) -> None:
        self._reads = [data]
        self._then_gone = then_gone

    def read(self, wait_s: float) -> bytes:
        if self._reads:
            return self._reads.pop()
        if self._then_gone:
            raise SourceError("the port is gone")
        time.sleep(wait_s)
        return b""

    def write(self, data: bytes) -> None:
        """Nobody listens."""

    def close(self) -> None:
        """Nothing is open."""


def delivered(name: str) -> bytes:
    """What the port delivers."""
    text = (CASES / name / "input.hex").read_text()
    if name.startswith("wmbus"):
        return text.encode()
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))


def logged(config: Config, name: str, monkeypatch: pytest.MonkeyPatch, data: bytes = b"") -> list[str]:
    """The log of `run`, without what is said of a good port. `data` is what the port delivers in the place of a case."""
    is_cable = name.startswith("p1")
    source = config.meters[0].name if is_cable else config.receivers[0].name
    heard, log = os.pipe()
    wake, waker = os.pipe()
    shared = Shared(Decoder(config), threading.Lock(), Outbox(), Log(log), wake)
    receiver = Framer if is_cable else receivers.named("hex").Receiver
    monkeypatch.setattr("telegraf_han.ports.sources.paused", lambda pause_s, _: not pause_s)
    port = Port(data or delivered(name), then_gone=True)
    try:
        Reader(Feed(source, "the port", lambda: port, receiver, Capture, "W" if is_cable else "D"), shared).live()
        return [line for line in os.read(heard, 65_536).decode().splitlines() if not any(words in line for words in OF_NOW)]
    finally:
        for end in (heard, log, wake, waker):
            os.close(end)


@pytest.mark.parametrize("name", TABLE)
def test_words_of_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log says what the telegram is, once, and nothing of a good one."""
    told = logged(load(str(CASES / name / "config.toml"), lambda _: None), name, monkeypatch)

    assert len(told) == bool(TABLE[name].log), told
    assert all(TABLE[name].log in line for line in told)
    assert not [word for word in BLAME for line in told if word in line]


@pytest.mark.parametrize("name", [name for name in TABLE if name.startswith("p1")])
def test_words_of_check(name: str) -> None:
    """`check` listens to the cable and says the same. It does not listen to the radio."""
    config = load(str(CASES / name / "config.toml"), lambda _: None)
    found = list(_listening.cable(config.meters[0].name, config, Port(delivered(name)), 0.05))  # type: ignore[arg-type]

    assert any(TABLE[name].check in finding.text for finding in found), found
    assert [finding.level for finding in found][-1] == ("ok" if "can be read" in found[-1].text else "error")
    assert not [word for word in BLAME for finding in found if word in finding.text]


@pytest.mark.parametrize("name", TABLE)
def test_words_of_keys(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`keys` judges the keys of a telegram only if its structure and checksum allow that, and writes no mail to the operator."""
    capture = tmp_path / "capture"
    capture.write_bytes(delivered(name))

    code = cli.main(["keys", "--config", str(CASES / name / "config.toml"), str(capture)])
    said = " ".join(capsys.readouterr().out.split())

    assert TABLE[name].keys in said, said
    assert code == (": ok: " not in said)
    assert not [word for word in BLAME if word in said]


@pytest.fixture
def badly_keyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A configuration whose only meter has this encryption key, and files that are no key files."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "folder").mkdir()
    for name, text in (("empty", "\n"), ("short", p1.EK.hex()[1:]), ("both", f"{p1.EK.hex()}\n{p1.AK.hex()}\n"), ("han", "")):
        file = tmp_path / (f"{name}.ek" if name != "han" else "han.toml")
        file.write_text(text)
        file.chmod(0o600)

    def configured(option: str) -> Path:
        port = tmp_path / "capture"
        port.write_bytes(p1.stoen())
        (tmp_path / "han.toml").write_text(f'[[meter]]\nname = "home"\ninterface = "p1"\nport = "{port}"\nencryption_key = "{option}"\n')
        return tmp_path / "han.toml"

    return configured


@pytest.mark.parametrize("name", BAD_KEYS)
def test_words_of_bad_keys(name: str, badly_keyed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The log, `check` and `keys` name the same reason. The log says when the meter is read again. None of them shows the key."""
    key = BAD_KEYS[name]
    file = badly_keyed(key.option)
    said = "encryption_key: " + key.said.format(file.parent)
    (line,) = logged(load(str(file)), "p1-home", monkeypatch, p1.stoen())
    codes = [cli.main(["check", "--config", str(file), "--listen", "0"])]
    checked = capsys.readouterr().out
    codes.append(cli.main(["keys", "--config", str(file), str(file.parent / "capture")]))
    out, error = capsys.readouterr()

    assert line.startswith(f"E! home: {said}"), line
    assert line.endswith(f". This meter is not read. {key.todo}"), line
    assert f"error    home: {said}" in checked
    assert key.keys in " ".join((out + error).split())
    assert codes == [1, 1 if out else 2]
    assert not any(digits in line + checked + out + error for digits in (p1.EK.hex()[1:9], p1.AK.hex()[:8]))
