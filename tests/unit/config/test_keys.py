"""keys: the text of a key becomes a Key, wherever it stands. An error about it never shows the key."""

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from telegraf_han.ciphers import secret
from telegraf_han.config import file

KEY = "00112233445566778899aabbccddeeff"
P1 = '[[meter]]\nname = "home"\ninterface = "p1"\nport = "cable"\nencryption_key = "{}"\n'


WAYS = [KEY, KEY.upper(), "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff", "file:home.ek", "env:HOME_EK", "credential:ek"]


@pytest.mark.parametrize("place", WAYS)
def test_ways_to_write_a_key(place: str, written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key may stand as hex, in a file beside the configuration, in the environment, in a credential."""
    monkeypatch.setenv("HOME_EK", f" {KEY}\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "ek").write_text(KEY)

    meter = file.load(written(P1.format(place))).meters[0]

    assert meter.encryption_key == secret.key(KEY)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("file:none.ek", "a file with 32 hex digits is expected, but {}/none.ek cannot be read: no such file or directory"),
        ("file:.", "is a directory"),
        ("file:short.ek", "32 hex digits expected, found 31 hex digits in {}/short.ek"),
        ("file:binary.ek", "characters that are not hex digits in {}/binary.ek"),
        ("env:NO_SUCH_KEY", "environment variable NO_SUCH_KEY is not set"),
        ("env:SHORT_KEY", "found 2 hex digits in environment variable SHORT_KEY"),
        ("credential:ek", "a systemd credential is expected, but this service has none. Add LoadCredential="),
        ("flie:home.ek", "not hex digits. Or write file:PATH, env:NAME or credential:NAME"),
    ],
    ids=["no file", "folder", "short", "binary", "no variable", "short variable", "no credentials", "misspelt"],
)
def test_keys_that_are_not_there(place: str, sentence: str, written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason) -> None:
    """An error about a key has its place and what to do, but not the key."""
    monkeypatch.setenv("SHORT_KEY", "00")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "short.ek").write_text(KEY[:-1])
    (tmp_path / "binary.ek").write_bytes(bytes(range(256)))

    text = reason(written(P1.format(place)))

    assert text.startswith(f'{tmp_path}/han.toml: [[meter]] "home": encryption_key: ')
    assert sentence.format(tmp_path) in text
    assert KEY[:8] not in text


@pytest.mark.parametrize("kind", ["env", "file", "credential"])
def test_key_in_the_place_of_its_name(kind: str, written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason) -> None:
    """A key, or most of a key, is not repeated if it was written where its place should stand."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert KEY[:8] not in reason(written(P1.format(f"{kind}:{KEY}")))
    assert KEY[:8] not in reason(written(P1.format(f"{kind}:{KEY[:-3]}")))


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("file:pipe", "is a named pipe"),
        ("file:folder", "is a directory"),
        ("file:socket", "is a socket"),
        ("file:/dev/zero", "is a device"),
        ("file:/dev/stdin", "is a "),
    ],
)
def test_only_a_regular_file_is_read(place: str, what: str, written, tmp_path: Path, monkeypatch, reason) -> None:
    """A pipe without a writer would make the program wait for ever, and a device may never end."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)  # the path of a socket must be short
        listening.bind("socket")

    assert what in reason(written(P1.format(place)))


def test_key_file_on_a_disk_that_fails(written, tmp_path: Path, reason) -> None:
    """A file may be opened, and then its disk fails. The file is named all the same. Linux answers so for /proc/self/mem, too."""
    (tmp_path / "bad.ek").symlink_to("/proc/self/mem")

    assert reason(written(P1.format("file:bad.ek"))).endswith("bad.ek cannot be read: input/output error")


@pytest.mark.parametrize("content", ["", "\n", " \t\r\n", "\ufeff"])
def test_empty_key_file(content: str, written, tmp_path: Path, reason) -> None:
    """An empty file is called empty, in whatever form."""
    path = written(P1.format("file:home.ek"))
    (tmp_path / "home.ek").write_text(content, encoding="utf-8")

    assert reason(path).endswith(f"encryption_key: 32 hex digits are expected, but {tmp_path}/home.ek is empty")


OTHER = "ffeeddccbbaa99887766554433221100"


@pytest.mark.parametrize(
    "content",
    [
        f"{KEY}\n{OTHER}\n",
        f"{KEY}\r\n\r\n{OTHER}",
        f"EK: {KEY}\nAK: {OTHER}\n",
        f"EK {KEY} AK {OTHER}",
        f"{KEY} {OTHER}",
        f"encryption_key = {KEY}\nauthentication_key = {OTHER}\n",
        "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff\nff:ee:dd:cc:bb:aa:99:88:77:66:55:44:33:22:11:00\n",
        f"# keys\n{KEY}\n{OTHER}\n",
    ],
    ids=["lines", "Windows", "labels", "one line", "blank", "options", "groups", "comment"],
)
@pytest.mark.parametrize("kind", ["file", "env"])
def test_two_keys_in_one_place(kind: str, content: str, written, tmp_path: Path, monkeypatch, reason) -> None:
    """Two keys together are not taken for one of 64 digits."""
    (tmp_path / "both").write_text(content)
    monkeypatch.setenv("both", content)

    told = reason(written(P1.format(f"{kind}:both")))

    assert "both holds more than one key. Write each key into a file of its own" in told
    assert KEY[:8] not in told


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("home.ek", '"home.ek" is a file, so write "file:home.ek"'),
        ("keys/flat.key", 'If that is a file, write "file:keys/flat.key"'),
        ("/etc/telegraf/other.ek", 'If that is a file, write "file:/etc/telegraf/other.ek"'),
        ("HOME_EK", 'If that is an environment variable, write "env:HOME_EK"'),
        ("$HOME_EK", 'If that is an environment variable, write "env:HOME_EK"'),
        ("${HOME_EK}", 'If that is an environment variable, write "env:HOME_EK"'),
    ],
)
def test_place_without_its_kind(text: str, advice: str, written, tmp_path: Path) -> None:
    """The name of a file or of a variable alone is not called bad hex, and nobody is warned about rights."""
    path = written(P1.format(text))
    Path(path).chmod(0o644)
    told: list[str] = []

    ((option, why),) = file.load(path, told.append).meters[0].bad_keys

    assert option == "encryption_key"
    assert advice in why
    assert "characters that are not" not in why
    assert told == []


def test_kind_in_capitals_and_with_a_blank(written) -> None:
    """`File: home.ek` is understood."""
    assert file.load(written(P1.format("File: home.ek"))).meters[0].encryption_key == secret.key(KEY)


def test_key_file_of_another(written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason) -> None:
    """The error about a key file that may not be read names the user who tried."""
    real = os.open

    def refusing(path: str, *others: int) -> int:
        if str(path).endswith("home.ek"):
            raise PermissionError(13, "Permission denied")
        return real(path, *others)

    monkeypatch.setattr(os, "open", refusing)
    monkeypatch.setattr("pwd.getpwuid", lambda number: SimpleNamespace(pw_name="telegraf" if number == os.geteuid() else "jan"))
    path = written(P1.format("file:home.ek"))

    expected = f"home.ek cannot be read: user telegraf may not read it. Run: sudo chown telegraf {tmp_path}/home.ek && sudo chmod 600 "
    assert expected in reason(path)

    os.chown(tmp_path / "home.ek", os.geteuid() + 1, -1)
    told = reason(path)
    assert (
        "may not read it, because it belongs to user jan. Put `sudo -u jan` before the command, or give the file to telegraf. Run" in told
    )


@pytest.mark.parametrize(
    ("modes", "place", "warnings"),
    [
        ((0o600, 0o644), "file:home.ek", []),
        ((0o640, 0o644), "file:home.ek", []),
        ((0o644, 0o600), "file:home.ek", ["home.ek is a key file, and every user of this machine may read it. Run: sudo chown "]),
        ((0o600, 0o644), KEY, ["han.toml holds a key, and every user of this machine may read it. Run: sudo chown "]),
        ((0o600, 0o640), KEY, []),
    ],
    ids=["owner", "group", "all", "all, in the configuration", "group, in the configuration"],
)
def test_rights_are_warned_of(modes: tuple[int, int], place: str, warnings: list[str], written, tmp_path: Path) -> None:
    """A key that every user may read causes one warning per file. A key that a group may read causes none."""
    path = written(P1.format(place) + f'authentication_key = "{place}"')
    for name, mode in zip(("home.ek", "han.toml"), modes, strict=True):
        (tmp_path / name).chmod(mode)
    told: list[str] = []

    file.load(path, told.append)

    assert len(told) == len(warnings)
    assert all(warning in text for warning, text in zip(warnings, told, strict=True))
