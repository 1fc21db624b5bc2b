"""settings: a TOML file, its key files, the environment and systemd's credentials into Config."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

import telegraf_han
from telegraf_han.ciphers import secret
from telegraf_han.config import file, sections
from telegraf_han.config.sections import Config
from telegraf_han.errors import ConfigError

KEY = "00112233445566778899aabbccddeeff"
P1 = '[[meter]]\nname = "home"\ninterface = "p1"\nport = "cable"\nencryption_key = "{}"\n'


@pytest.fixture
def written(tmp_path: Path):
    """A configuration file and one key file, both for its owner only."""

    def write(text: str) -> str:
        (tmp_path / "han.toml").write_text(text)
        (tmp_path / "han.toml").chmod(0o600)
        return str(tmp_path / "han.toml")

    (tmp_path / "home.ek").write_text(f"{KEY[:16]} {KEY[16:].upper()}\n")
    (tmp_path / "home.ek").chmod(0o600)
    return write


def reason(path: str) -> str:
    """Why it cannot be loaded."""
    with pytest.raises(ConfigError) as caught:
        file.load(path)
    return str(caught.value)


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
    ("port", "found"),
    [
        ("cable", "{}/cable"),
        ("./captures/a.bin", "{}/./captures/a.bin"),
        ("/dev/ttyUSB0", "/dev/ttyUSB0"),
        ("socket://10.0.0.7:2001", "socket://10.0.0.7:2001"),
        ("-", "-"),
    ],
)
def test_ports_are_relative_to_the_file(port: str, found: str, written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is meant from the configuration's folder, wherever the program was started."""
    path = written(P1.format(KEY).replace("cable", port))
    monkeypatch.chdir(tmp_path.parent)

    assert file.load(os.path.relpath(path)).meters[0].port == found.format(tmp_path)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("file:none.ek", "a file with 32 hex digits is expected in {}/none.ek: no such file or directory"),
        ("file:.", "is a directory"),
        ("file:short.ek", "32 hex digits expected, found 31 hex digits in {}/short.ek"),
        ("file:binary.ek", "characters that are no hex digits in {}/binary.ek"),
        ("env:NO_SUCH_KEY", "environment variable NO_SUCH_KEY is expected, but not set"),
        ("env:SHORT_KEY", "found 2 in environment variable SHORT_KEY"),
        ("credential:ek", "a credential of systemd is expected, but this service has none: add LoadCredential="),
        ("flie:home.ek", "no hex digits; or write file:PATH, env:NAME or credential:NAME"),
    ],
    ids=["no file", "folder", "short", "binary", "no variable", "short variable", "no credentials", "misspelt"],
)
def test_keys_that_are_not_there(place: str, sentence: str, written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with a key is said with its place and what to do, without the key."""
    monkeypatch.setenv("SHORT_KEY", "00")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "short.ek").write_text(KEY[:-1])
    (tmp_path / "binary.ek").write_bytes(bytes(range(256)))

    text = reason(written(P1.format(place)))

    assert text.startswith(f'{tmp_path}/han.toml: [[meter]] "home": encryption_key: ')
    assert sentence.format(tmp_path) in text
    assert KEY[:8] not in text


@pytest.mark.parametrize("kind", ["env", "file", "credential"])
def test_key_in_the_place_of_its_name(kind: str, written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, or most of one, that was written where its place should stand is not repeated."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert KEY[:8] not in reason(written(P1.format(f"{kind}:{KEY}")))
    assert KEY[:8] not in reason(written(P1.format(f"{kind}:{KEY[:-3]}")))


def test_key_file_of_another(written, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key file that may not be read is said so, with who tried."""
    real = open

    def refusing(path: str, *others: str) -> object:
        if str(path).endswith("home.ek"):
            raise PermissionError(13, "Permission denied")
        return real(path, *others)

    monkeypatch.setattr("builtins.open", refusing)
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_name="telegraf"))

    assert "home.ek: user telegraf may not read it, see chown and chmod 640" in reason(written(P1.format("file:home.ek")))


@pytest.mark.parametrize(
    ("modes", "place", "warnings"),
    [
        ((0o600, 0o644), "file:home.ek", []),
        ((0o640, 0o644), "file:home.ek", []),
        ((0o644, 0o600), "file:home.ek", ["home.ek is a key and every user of this machine may read it: chmod o-rwx"]),
        ((0o600, 0o644), KEY, ["han.toml holds a key and every user of this machine may read it: chmod o-rwx"]),
        ((0o600, 0o640), KEY, []),
    ],
    ids=["owner", "group", "all", "all, in the configuration", "group, in the configuration"],
)
def test_rights_are_warned_of(modes: tuple[int, int], place: str, warnings: list[str], written, tmp_path: Path) -> None:
    """A key that every user may read is a warning, once a file; one for a group is as it should be."""
    path = written(P1.format(place) + f'authentication_key = "{place}"')
    for name, mode in zip(("home.ek", "han.toml"), modes, strict=True):
        (tmp_path / name).chmod(mode)
    told: list[str] = []

    file.load(path, told.append)

    assert len(told) == len(warnings)
    assert all(warning in text for warning, text in zip(warnings, told, strict=True))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[[meter]\nname = 1", "TOML is expected: "),
        (b"a = 1\nb = ?\n", "(at line 2, column "),
        (b"a = \xff", "text in UTF-8 is expected, byte 4 is none"),
        (b"a = " + b"1" * 5000, "TOML of sensible numbers and depth is expected"),
        (b"a = " + b"[" * 100_000, "TOML of sensible numbers and depth is expected"),
        (b"#" * 2_000_000, "this one has more than 1048576 bytes"),
    ],
    ids=["brackets", "line", "no text", "number", "depth", "size"],
)
def test_files_that_are_no_configuration(content: bytes, sentence: str, written, tmp_path: Path) -> None:
    """A file that is no TOML is said so in one line, with the place in it."""
    path = written("")
    (tmp_path / "han.toml").write_bytes(content)

    text = reason(path)

    assert text.startswith(f"{path}: ")
    assert sentence in text
    assert "\n" not in text


def test_no_file(tmp_path: Path) -> None:
    """A configuration that is not there is said so."""
    path = str(tmp_path / "none.toml")

    assert reason(path) == f"{path}: a readable configuration file is expected: no such file or directory"


def test_byte_order_mark(written, tmp_path: Path) -> None:
    """Editors that begin a file with a byte order mark do no harm."""
    path = written("")
    (tmp_path / "han.toml").write_text(P1.format(KEY).replace("\n", "\r\n"), encoding="utf-8-sig")

    assert file.load(path).meters[0].name == "home"


SAMPLE = Path(telegraf_han.__file__).parent / "han.sample.toml"


def sample(text: str, written, tmp_path: Path) -> Config:
    """What the sample becomes, with the keys it names at hand."""
    (tmp_path / "home.ak").write_text(KEY)
    return file.load(written(text))


def test_sample_as_it_is(written, tmp_path: Path) -> None:
    """The sample configuration is one P1 meter with all defaults."""
    found = sample(SAMPLE.read_text(), written, tmp_path)

    assert found.output == ("wide", "electricity", 10.0)
    assert [meter.name for meter in found.meters] == ["home"]
    assert found.meters[0].authentication_key is None
    assert found.receivers == ()


def test_sample_with_every_option(written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its comment marks removed the sample is a whole configuration; what it calls a default is one."""
    monkeypatch.setenv("FLAT12_KEY", KEY)
    lines = SAMPLE.read_text().splitlines()
    everything = "\n".join(line if line.lstrip().startswith("##") else line.replace("# ", "", 1) for line in lines)

    found = sample(everything, written, tmp_path)

    plain = sample(SAMPLE.read_text(), written, tmp_path)
    home, flat = found.meters
    assert found.output == plain.output
    assert home._replace(authentication_key=None, limits=(), prices=(), zone=plain.meters[0].zone) == plain.meters[0]
    assert (len(home.limits), len(home.prices)) == (8, 5)
    assert (flat.interface, flat.id, flat.key) == ("wmbus", "12345678", secret.key(KEY))
    assert [receiver.name for receiver in found.receivers] == ["attic", "roof"]


def test_sample_explains_every_option(written, tmp_path: Path) -> None:
    """Every option there is stands in the sample, with a sentence before it."""
    text = SAMPLE.read_text()
    rows = [sections._OUTPUT, *sections._METERS.values(), sections._RECEIVER, sections._LIMITS]
    missing = [key for row in rows for key in row if f"{key} = " not in text and f".{key}]" not in text]

    assert missing == []
