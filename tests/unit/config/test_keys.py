"""keys: the text of a key becomes a Key, wherever it stands. An error about it never shows the key."""

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


def test_key_file_of_another(written, monkeypatch: pytest.MonkeyPatch, reason) -> None:
    """The error about a key file that may not be read names the user who tried."""
    real = open

    def refusing(path: str, *others: str) -> object:
        if str(path).endswith("home.ek"):
            raise PermissionError(13, "Permission denied")
        return real(path, *others)

    monkeypatch.setattr("builtins.open", refusing)
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_name="telegraf"))

    assert "home.ek cannot be read: user telegraf may not read it (see chown and chmod 640)" in reason(written(P1.format("file:home.ek")))


@pytest.mark.parametrize(
    ("modes", "place", "warnings"),
    [
        ((0o600, 0o644), "file:home.ek", []),
        ((0o640, 0o644), "file:home.ek", []),
        ((0o644, 0o600), "file:home.ek", ["home.ek is a key file, and every user of this machine may read it. Run: chmod o-rwx"]),
        ((0o600, 0o644), KEY, ["han.toml holds a key, and every user of this machine may read it. Run: chmod o-rwx"]),
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
