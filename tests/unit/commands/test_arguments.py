"""What options have in common: where the configuration is, times, and that no option is without effect."""

from pathlib import Path

import pytest

from telegraf_han import cli
from telegraf_han.config import file, values
from telegraf_han.errors import ConfigError

METER = '[[meter]]\nname = "home"\ninterface = "p1"\n'
RADIO = '[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "12345678"\nkey = "00112233445566778899aabbccddeeff"\n'


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose default configuration is in this folder, and nothing else is set. Returns the path of that file."""
    monkeypatch.delenv("HAN_CONFIG", raising=False)
    monkeypatch.setattr(file, "DEFAULT", str(tmp_path / "default.toml"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home.toml").write_text(METER)
    (tmp_path / "flat.toml").write_text(RADIO)
    (tmp_path / "flat.toml").chmod(0o600)
    (tmp_path / "a.lp").write_text("a x=1 1790000000000000000\n")
    (tmp_path / "a.csv").write_text("Data;Godzina;kWh\n2026-10-01;1;0,5\n")
    (tmp_path / "token").write_text("token\n")
    return tmp_path / "default.toml"


def ended(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of a command and what it says on stderr."""
    try:
        code = cli.main(words.split())
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr().err


def test_the_configuration_is_the_option_else_the_variable_else_the_default(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One order for all commands."""
    machine.write_text(METER)
    assert (file.configured(None), file.configured_if_any(None)) == (str(machine), str(machine))

    monkeypatch.setenv("HAN_CONFIG", "variable.toml")
    assert (file.configured(None), file.configured_if_any(None)) == ("variable.toml", "variable.toml")
    assert (file.configured("option.toml"), file.configured_if_any("option.toml")) == ("option.toml", "option.toml")


def test_no_configuration(machine: Path) -> None:
    """The error says all three ways. A command that works without a configuration does so."""
    with pytest.raises(ConfigError) as caught:
        file.configured(None)

    assert str(machine) in str(caught.value)
    assert "--config FILE or HAN_CONFIG=FILE" in str(caught.value)
    assert file.configured_if_any(None) is None


@pytest.mark.parametrize("command", ["run", "decode", "check", "keys", "scan", "bill", "simulate gama150 --meter home"])
def test_every_command_says_so(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No command asks for an option that it can do without."""
    code = cli.main(command.split())
    printed = capsys.readouterr()

    assert code == 2
    assert "--config FILE or HAN_CONFIG=FILE" in printed.out + printed.err


def test_a_command_finds_the_default(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`decode` without --config uses the file of this machine."""
    machine.write_text(METER)
    assert ended("decode missing.bin", capsys) == (2, "E! missing.bin: this input cannot be read: no such file or directory\n")


WITHOUT_EFFECT = {
    "keys --config home.toml --interface p1": "--interface",
    "keys --config home.toml --time 3m a.lp": "--time",
    "bill --config home.toml --tariff G11": "--tariff",
    "bill --config home.toml --output csv": "--output",
    "bill --config home.toml --language pl": "--language",
    "bill --config home.toml --month 2026-10 --since 2026-10-01": "--since",
    "bill --config home.toml --month 2026-10 --back 3d": "--back",
    "bill --config home.toml --month 2026-10 --to influx": "--to",
    "bill --config home.toml --since 2026-10-01 --back 3d": "--back",
    "check --config home.toml --config flat.toml": "--config",
    "scan --time 5m --time 6m": "--time",
    "decode --interface p1 --interface wmbus": "--interface",
    "influx setup --webhook-token-file token": "--webhook-token-file",
    "influx setup --sustained 5m": "--sustained",
    "influx setup --check-every 1m": "--check-every",
    "influx setup --bucket a --bucket b": "--bucket",
    "influx import --state . -": "--state",
    "influx import --precision ns a.csv": "--precision",
    "influx import --meter home a.lp": "--meter",
    "influx import --columns date=1,import=2 a.lp": "--columns",
    "influx import --unit kWh a.lp": "--unit",
    "influx import --interval 1h a.lp": "--interval",
    "influx import --stamp end a.lp": "--stamp",
    "influx import --timezone Europe/Warsaw a.lp": "--timezone",
    "influx import --series rcem a.csv": "--series",
    "influx import --meter home prices a.csv": "--meter",
    "simulate gama150 --plain --envelope glo": "--plain",
    "simulate gama150 --wait": "--wait",
    "simulate gama150 --wait --to influx": "--wait",
    "simulate gama150 --link x": "--link",
    "simulate gama150 --to pty --link x --link y": "--link",
    "simulate gama150 --days 1 --until 2030-01-01": "--until",
    "simulate gama150 --receiver im871a --interface wmbus": "--receiver",
    "simulate gama150 --receiver im871a --to pty": "--receiver",
    "simulate gama150 --receiver im871a --interface wmbus --to pty --envelope crc": "--envelope",
    "simulate gama150 --stick-fault hangs --interface wmbus": "--stick-fault",
    "simulate gama150 --interface wmbus --footer arc": "--footer",
    "simulate gama150 --envelope glo --footer arc": "--footer",
    "simulate gama150 --config flat.toml --footer arc": "--footer",
    "simulate gama150 --interface wmbus --message x": "--message",
    "simulate gama150 --interface wmbus --damage 0.5": "--damage",
    "simulate gama150 --to influx --damage 0.5": "--damage",
    "simulate gama150 --url http://127.0.0.1:1": "--url",
    "simulate gama150 --org x": "--org",
    "simulate gama150 --bucket x": "--bucket",
    "simulate gama150 --token-file token": "--token-file",
}
"""A command, and the option that changes nothing in it."""


@pytest.mark.parametrize(("words", "option"), WITHOUT_EFFECT.items(), ids=WITHOUT_EFFECT)
def test_an_option_without_effect_is_an_error(
    words: str, option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line names the option, and nothing is done: no server is asked."""
    monkeypatch.setenv("INFLUX_URL", "http://127.0.0.1:1")
    code, said = ended(words, capsys)

    assert (code, said.count("\n")) == (2, 1), said
    assert said.startswith(f"E! {option}: "), said


TIMES = {"500ms": 0.5, "30s": 30.0, "10m": 600.0, "2h": 7200.0, "30d": 2_592_000.0, "2w": 1_209_600.0, "2y": 63_244_800.0, "1.5 h": 5400.0}


@pytest.mark.parametrize(("text", "seconds"), TIMES.items(), ids=TIMES)
def test_times(text: str, seconds: float) -> None:
    """One grammar for the configuration and all commands."""
    assert values.duration_s()(text) == seconds


NO_TIMES = ["", "10", "10 parsecs", "-1d", "0s", "0", "nans", "infs", "1e9d", "soon", "1e2s", "1_0s", "+5s", "١٢s", "１０s", "1d2h"]


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time(text: str) -> None:
    """One sentence says how a time is written."""
    with pytest.raises(ValueError, match="written like 30s, 10m, 2h or 30d"):
        values.duration_s()(text)


@pytest.mark.parametrize(
    ("words", "span"),
    [
        ("scan --time soon", "a time from 100ms on is expected"),
        ("keys --time 3", "a time from 100ms on is expected"),
        ("check --listen x", "a time from 100ms on is expected, written like 30s, 10m, 2h or 30d, or 0 for not at all"),
        ("bill --back 0", "a time from 1h on is expected"),
        ("influx setup --retention 5m", "a time from 1h on is expected, written like 30s, 10m, 2h or 30d, or 0 for ever"),
        ("influx setup --retention-5m x", "or 0 for ever"),
        ("influx setup --sustained 0s", "a time from 1s on is expected"),
        ("influx setup --check-every x", "a time from 1s on is expected"),
        ("influx import --interval x f", "a time from 100ms on is expected"),
        ("influx backfill --start=-x", "a time from 100ms on is expected"),
        ("simulate gama150 --interval 5", "a time from 1s on is expected"),
        ("simulate gama150 --start=-x", "a time from 100ms on is expected"),
    ],
)
def test_every_command_reads_times_so(words: str, span: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each option that is a time has the same grammar, and says its own bounds."""
    code, said = ended(words, capsys)

    assert code == 2
    assert span in said
