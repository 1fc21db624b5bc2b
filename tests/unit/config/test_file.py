"""file: a TOML file becomes a Config, wherever the program was started."""

import os
from pathlib import Path

import pytest

import telegraf_han
from telegraf_han.ciphers import secret
from telegraf_han.config import file, options, tariffs
from telegraf_han.config.sections import Config

KEY = "00112233445566778899aabbccddeeff"
P1 = '[[meter]]\nname = "home"\ninterface = "p1"\nport = "cable"\nencryption_key = "{}"\n'


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
    """A relative path starts at the folder of the configuration, wherever the program was started."""
    path = written(P1.format(KEY).replace("cable", port))
    monkeypatch.chdir(tmp_path.parent)

    assert file.load(os.path.relpath(path)).meters[0].port == found.format(tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[[meter]\nname = 1", "line 1: the closing brackets of the section are missing"),
        (b"a = 1\nb = ?\n", "line 2: b: text needs quotes"),
        (b"a = \xff", "text in UTF-8 is expected, but byte 4 is not UTF-8"),
        (b"a = " + b"1" * 5000, "a number is too long or the nesting is too deep"),
        (b"a = " + b"[" * 100_000, "a number is too long or the nesting is too deep"),
        (b"#" * 2_000_000, "but this file has more than 1048576 bytes"),
    ],
    ids=["brackets", "line", "no text", "number", "depth", "size"],
)
def test_files_that_are_no_configuration(content: bytes, sentence: str, written, tmp_path: Path, reason) -> None:
    """The error about a file that is no TOML is one line, with the place in the file."""
    path = written("")
    (tmp_path / "han.toml").write_bytes(content)

    text = reason(path)

    assert text.startswith(f"{path}: ")
    assert sentence in text
    assert "\n" not in text


def test_no_file(tmp_path: Path, reason) -> None:
    """A configuration that does not exist is an error."""
    path = str(tmp_path / "none.toml")

    assert reason(path) == f"{path}: this configuration file cannot be read: no such file or directory"


def test_byte_order_mark(written, tmp_path: Path) -> None:
    """Editors that begin a file with a byte order mark do no harm."""
    path = written("")
    (tmp_path / "han.toml").write_text(P1.format(KEY).replace("\n", "\r\n"), encoding="utf-8-sig")

    assert file.load(path).meters[0].name == "home"


ROOT = Path(__file__).parents[3]
SAMPLE = Path(telegraf_han.__file__).parent / "han.sample.toml"


def sample(text: str, written, tmp_path: Path) -> Config:
    """What the sample becomes, with the keys it names at hand."""
    (tmp_path / "home.ak").write_text(KEY)
    (tmp_path / "flats.csv").write_text("name;id\nflat-13;87654321\n")
    (tmp_path / "g12.toml").write_text((ROOT / "docs/examples/tariff-g12.toml").read_text())
    return file.load(written(text))


def test_sample_as_it_is(written, tmp_path: Path) -> None:
    """The sample configuration is one P1 meter with all defaults."""
    found = sample(SAMPLE.read_text(), written, tmp_path)

    assert found.output == ("wide", "electricity", 10.0)
    assert [meter.name for meter in found.meters] == ["home"]
    assert found.meters[0].authentication_key is None
    assert found.receivers == ()


def test_sample_with_every_option(written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its comment marks the sample is a whole configuration. Each value that it calls a default is the default."""
    monkeypatch.setenv("FLAT12_KEY", KEY)
    lines = SAMPLE.read_text().splitlines()
    everything = "\n".join(line if line.lstrip().startswith("##") else line.replace("# ", "", 1) for line in lines)

    found = sample(everything, written, tmp_path)

    plain = sample(SAMPLE.read_text(), written, tmp_path)
    home, flat, row = found.meters
    assert found.output == plain.output
    assert [option for option, _ in home.key_files] == ["authentication_key"]
    bare = home._replace(authentication_key=None, system_title=b"", limits=(), prices=(), zone=plain.meters[0].zone, plan=None, tags=())
    bare = bare._replace(key_files=plain.meters[0].key_files)
    assert bare == plain.meters[0]
    assert (len(home.limits), len(home.prices)) == (len(options.LIMITS), 5)
    assert [timeline.name for timeline in home.plan.timelines] == ["own", "G12"]
    assert len(flat.plan.own.sections) == 1
    assert home.tags == (("staircase", "B"), ("street", "Polna"))
    assert (row.name, row.tags, row.limits) == ("flat-13", (("street", "Polna"),), (("silence_s", 300.0),))
    assert (flat.interface, flat.id, flat.key) == ("wmbus", "12345678", secret.key(KEY))
    assert [receiver.name for receiver in found.receivers] == ["attic", "roof"]


def test_sample_explains_every_option(written, tmp_path: Path) -> None:
    """Every option there is stands in the sample, with a sentence before it."""
    text = SAMPLE.read_text()
    rows = [options.OUTPUT, *options.METERS.values(), options.RECEIVER, options.LIMITS]
    rows += [tariffs._SECTION, tariffs._ZONE_HOURS, tariffs._MARKET, tariffs._BRACKET, tariffs._PER_KWH, tariffs._PER_MONTH]
    rows += [tariffs._FEED_IN]
    missing = [key for row in rows for key in row if f"{key} = " not in text and f".{key}]" not in text]

    assert missing == []
