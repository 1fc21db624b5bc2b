"""command and importing: the options decide what is done; the output is in order and the exit code is right."""

import gzip
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest

from telegraf_han.commands import influx as command
from telegraf_han.config import file
from telegraf_han.errors import INTERRUPTED, ConfigError
from telegraf_han.influx import connection, history, importing

CASES = Path(__file__).parents[2] / "cases"


def parsed(*words: str) -> Namespace:
    parser = ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def influx(place, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`telegraf-han influx …` against the fake."""

    @contextmanager
    def opened(_: Namespace):
        yield place

    monkeypatch.setattr(connection, "writing", opened)
    monkeypatch.setattr(connection, "opened", opened)
    monkeypatch.setattr(history, "BATCH_LINES", 10)
    return lambda *words: command.run(parsed(*words))


@pytest.fixture
def year(tmp_path: Path) -> Path:
    """A file of 95 lines, two of them wrong."""
    lines = [b"a x=%d %d\n" % (number, number) for number in range(95)]
    lines[3] = b"wrong\n"
    lines[80] = b"a x=80\n"
    path = tmp_path / "year.lp"
    path.write_bytes(b"".join(lines))
    return path


YEAR = {b"a x=%d %d" % (number, number) for number in range(95) if number not in (3, 80)}


def test_import(influx, api, year: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Good lines are stored. Wrong lines are printed with file and number, and the exit code is 1."""
    assert influx("import", str(year)) == 1

    assert set(api.written) == YEAR
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"E! {year}: line 4: line protocol is expected",
        f"E! {year}: line 81: a time stamp is expected, because without it each import would add another point",
        f"I! {year}: 93 stored, 2 wrong",
    ]
    assert [path.name for path in year.parent.iterdir()] == ["year.lp"]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("batch", range(1, 10))
def test_an_import_goes_on_after_an_interruption(
    influx, api, year: Path, capsys: pytest.CaptureFixture[str], batch: int, packed: bool
) -> None:
    """Whichever batch is cut off, the same command stores the rest. Lines that were proven stored are not stored again."""
    file = year
    if packed:
        file = year.with_suffix(".lp.gz")
        file.write_bytes(gzip.compress(year.read_bytes()))
    api.answers = [None] * (batch - 1) + [KeyboardInterrupt()]  # type: ignore[list-item]

    assert influx("import", str(file)) == INTERRUPTED
    assert len(api.written) == 10 * (batch - 1)
    before = len(api.written)
    assert influx("import", str(file)) == 1

    assert set(api.written) == YEAR
    assert len(api.written) == len(YEAR)
    err = capsys.readouterr().err
    assert "interrupted. Run the same command again to go on where this one stopped" in err
    assert err.count("line 4: ") == (2 if batch == 1 else 1)
    assert err.endswith(f"I! {file}: 93 stored, 2 wrong\n")
    assert ("going on after" in err) is (before > 0)


def test_an_interrupted_setup(influx, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """After Ctrl-C, the exit code shows it, as for an import, and a line says how to go on."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command.buckets, "settle", interrupted)

    assert influx("setup") == INTERRUPTED
    assert capsys.readouterr().err == "W! interrupted. Run the same command again to go on where this one stopped\n"


def test_progress(influx, year: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every few seconds a line shows how much is stored and how much of the file has been read."""
    monkeypatch.setattr(importing, "PROGRESS_S", 0)

    influx("import", str(year))

    told = [line for line in capsys.readouterr().err.splitlines() if line.endswith(" %")]
    assert told[:2] == [f"I! {year}: 10 stored, 9 %", f"I! {year}: 20 stored, 20 %"]
    assert len(told) == 9


def test_importing_twice(influx, api, year: Path) -> None:
    """The second import gives the same points."""
    influx("import", str(year))
    influx("import", str(year))

    assert set(api.written) == YEAR
    assert len(api.written) == 2 * len(YEAR)


def test_lines_that_influxdb_refuses(influx, api, year: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused line is printed like any wrong line."""
    api.bad = {b"a x=7 7": (422, "partial write: field type conflict: x")}

    assert influx("import", str(year)) == 1

    assert f"E! {year}: line 8: field type conflict: x dropped=1\n" in capsys.readouterr().err
    assert set(api.written) == YEAR - {b"a x=7 7"}


@pytest.mark.parametrize("content", [b"", b"# nothing\n\n"], ids=["empty", "comment"])
def test_an_empty_file(influx, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    """A file without anything to import gives an error, and is not read as a table or a capture."""
    path = tmp_path / "empty"
    path.write_bytes(content)

    assert influx("import", str(path)) == 1
    assert capsys.readouterr().err.endswith(f"E! {path}: nothing to import was found\n")


def test_captures_tell_how_to_go_on(influx, api, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Telegrams older than the tasks look back need a backfill. Its command is printed. A second file is imported, too."""
    folder = CASES / "wmbus-gama350-stoen"
    code = influx(
        "import", "--state", str(tmp_path), "--config", str(folder / "config.toml"), str(folder / "input.hex"), str(folder / "input.hex")
    )

    assert code == 0
    assert api.written == (folder / "expected.lp").read_bytes().splitlines() * 2
    assert (
        capsys.readouterr().err.count("telegraf-han influx backfill --start 2024-07-03T23:12:16+02:00 --stop 2024-07-03T23:12:17+02:00\n")
        == 2
    )


def test_a_portals_csv(influx, api, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The program prints what it detected before it stores anything."""
    path = tmp_path / "portal.csv"
    path.write_text("Data;Pobór\n2026-06-10 00:00;0,116\n2026-06-10 01:00;1,105\n", encoding="utf-8")

    assert influx("import", "--meter", "home", str(path)) == 0

    assert api.written[0] == b"electricity_portal,interval=1h,meter=home energy_import_wh=116 1781042400000000000"
    assert api.buckets == {"energy/5m"}
    assert capsys.readouterr().err.startswith(f'I! {path}: date from "Data", import from "Pobór"\n')


def test_the_configuration_of_this_machine(influx, api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measurement is that of the default configuration. Checks are made only if the user asks for them."""
    (tmp_path / "han.toml").write_text('[output]\nmeasurement = "energy"\n[[meter]]\nname = "home"\ninterface = "p1"\nport = "cable"\n')
    (tmp_path / "portal.csv").write_text("Data;Pobór\n2026-06-10 00:00;0,116\n2026-06-10 01:00;1,105\n", encoding="utf-8")
    monkeypatch.setattr(file, "DEFAULT", str(tmp_path / "han.toml"))

    assert influx("import", str(tmp_path / "portal.csv")) == 0
    assert api.written[0].startswith(b"energy_portal,interval=1h,meter=home ")
    assert influx("setup") == 0
    assert not api.resources.get("checks")
    assert influx("setup", "--webhook", "http://hook.test") == 0
    assert api.resources["checks"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["import", "CSV"], "CSV: --meter: the meter's name is expected"),
        (["import", "--config", "HAN", "--meter", "hom", "CSV"], "CSV: --meter: a meter of the configuration is expected: home"),
        (["import", "SECONDS"], "SECONDS: --precision: s is expected, as the time in line 2 shows"),
        (["import", "--meter", "home", "--state", "nowhere", "CSV"], "--state: an existing folder is expected"),
        (["import", "nowhere.lp"], "nowhere.lp: this input cannot be read: no such file or directory"),
        (["setup", "--webhook", "http://hook.test"], "no-default.toml: this configuration file does not exist"),
        (
            ["setup", "--config", "c", "--sustained", "10s"],
            "--sustained: a time of whole seconds, not less than --check-every, is expected",
        ),
        (["setup", "--config", "nowhere.toml"], "nowhere.toml: this configuration file cannot be read"),
        (["backfill", "--start", "2026-01-02", "--stop", "2026-01-01"], "--stop: a time after --start is expected"),
        (["backfill", "--start", "2999-01-01"], "--start: a time in the past is expected"),
    ],
    ids=["whose CSV", "nobody's CSV", "seconds", "state", "no file", "webhook", "sustained", "no configuration", "backwards", "the future"],
)
def test_what_cannot_be_done(influx, tmp_path: Path, words: list[str], expected: str) -> None:
    """One line says so before anything is changed."""
    files = {
        "CSV": "Data;Pobór\n2026-06-10 00:00;0,116\n2026-06-10 01:00;1,105\n",
        "SECONDS": "# of another program\na x=1 1790000000\n",
        "HAN": '[[meter]]\nname = "home"\ninterface = "p1"\nport = "cable"\n',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "HAN").chmod(0o600)

    with pytest.raises(ConfigError) as error:
        influx(*[str(tmp_path / word) if word in files else word for word in words])
    assert str(error.value).replace(f"{tmp_path}/", "").startswith(expected)


@pytest.mark.parametrize(("unit", "stamp"), [("s", 1_790_000_000), ("ms", 1_790_000_000_000), ("us", 1_790_000_000_000_000)])
def test_a_precision_that_is_meant(influx, api, tmp_path: Path, unit: str, stamp: int) -> None:
    """Times are stored in the unit that the user sets, even if they look like another unit."""
    path = tmp_path / "a.lp"
    path.write_text(f"a x=1 {stamp}\n")

    for said in (unit, "ns"):
        assert influx("import", "--precision", said, str(path)) == 0
    with pytest.raises(ConfigError, match=f"--precision: {unit} is expected"):
        influx("import", str(path))
    assert api.written == [b"a x=1 1790000000000000000", b"a x=1 %d" % stamp]


@pytest.mark.parametrize(
    "words",
    [
        ["setup", "--retention", "soon"],
        ["setup", "--sustained", "x"],
        ["backfill", "--start", "yesterday"],
        ["backfill", "--start=-1000000d"],
        ["import", "--columns", "when=1", "f"],
        ["import", "--columns", "import=1", "f"],
        ["import", "--interval", "7m", "f"],
        ["import", "--timezone", "Europe/Nowhere", "f"],
        ["import"],
        [],
    ],
    ids=" ".join,
)
def test_words_that_are_not_understood(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage ends with exit code 2 and says what was expected."""
    with pytest.raises(SystemExit) as ended:
        parsed(*words)

    assert ended.value.code == 2
    assert "expected" in capsys.readouterr().err or not words or words == ["import"]


@pytest.mark.parametrize(
    ("text", "moment_s"),
    [
        ("2026-01-31", 1769814000),
        ("2026-01-31T12:00", 1769857200),
        ("2026-07-01T00:00:00+02:00", 1782856800),
        ("2026-07-01T00:00:00Z", 1782864000),
    ],
)
def test_moments(text: str, moment_s: int) -> None:
    """A time without offset is local."""
    assert command.moment_s(text) == moment_s


def test_days_ago() -> None:
    """`-30d` is thirty times 24 hours before now."""
    before_s = int(time.time())
    found_s = command.moment_s("-30d") + 30 * 86400

    assert before_s <= found_s <= time.time()


def test_remove(influx, api, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything that setup made is removed; data stay."""
    assert influx("setup") == 0
    capsys.readouterr()

    assert influx("remove") == 0

    assert capsys.readouterr().out.splitlines() == [
        "removed  task telegraf-han energy: down-sampling",
        "removed  task telegraf-han energy: down-sampling of late data",
        "removed  task telegraf-han energy: down-sampling of very late data",
        "kept     bucket energy, with its data",
        "kept     bucket energy/5m, with its data",
    ]
    assert [kind for kind, left in api.resources.items() if left] == ["buckets"]
    assert influx("remove", "--with-data") == 0
    capsys.readouterr()
    assert influx("remove") == 0
    assert capsys.readouterr().err == "I! nothing to remove: setup made nothing for the bucket energy\n"
