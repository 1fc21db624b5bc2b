"""inputs: files of every kind give entries with their place, or what is wrong there."""

import gzip
import io
import random
from pathlib import Path

import pytest

from telegraf_han.clock import Zone
from telegraf_han.config.file import load
from telegraf_han.config.sections import Config, Output
from telegraf_han.errors import ConfigError
from telegraf_han.influx import inputs, portal, prices, tables

CASES = Path(__file__).parents[2] / "cases"
OPTIONS = inputs.Options(
    "", "ns", None, lambda: portal.Options("home", Zone(), "electricity_portal"), prices.Options(Zone(), "electricity_price")
)


def entries(content: bytes, options: inputs.Options = OPTIONS) -> list[inputs.Entry]:
    stream = io.BufferedReader(io.BytesIO(content))  # type: ignore[arg-type]
    return list(inputs.entries(stream, inputs.recognised(stream, options), options, lambda _: None))


def case(name: str) -> tuple[bytes, inputs.Options]:
    """A case folder's input, and options with its configuration."""
    config = load(str(CASES / name / "config.toml"))
    return (CASES / name / "input.hex").read_bytes(), OPTIONS._replace(config=config)


def raw(hex_text: bytes) -> bytes:
    return bytes.fromhex(b"".join(line.partition(b"#")[0] for line in hex_text.split(b"\n")).decode())


GOOD_LINES = [
    b"a x=1 1",
    b"a,b=c x=1i,y=2u 1",
    b'a,b=c x="with, = and \\" blank",y=t,z=FALSE 1700000000000000000',
    b"a\\ b\\,c,d\\=e=f\\ g h\\ i=-1.5e-3 -5",
    b"a  x=.5  7",
    "zażółć,gęślą=jaźń x=1 1".encode(),
]


@pytest.mark.parametrize("line", GOOD_LINES)
def test_line_protocol(line: bytes) -> None:
    """A line that follows the reference is used as it is."""
    (entry,) = entries(b"# comment\n\n" + line + b"\r\n")

    assert entry.place == "line 3"
    assert entry.lines.split() == line.split()
    assert entry.lines.endswith(b"\n")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"a x=1", "a time stamp is expected"),
        (b"a", "line protocol is expected"),
        (b"a x=nan 1", "line protocol is expected"),
        (b"a x=+1 1", "line protocol is expected"),
        (b"a,b= x=1 1", "line protocol is expected"),
        (b'a x="open 1', "line protocol is expected"),
        (b"a x=1 1 1", "line protocol is expected"),
        (b"a x=1,  1", "line protocol is expected"),
        (b"a x=1.5i 1", "line protocol is expected"),
        (b"\xff\xfe\x00", "line protocol is expected"),
    ],
)
def test_wrong_lines(line: bytes, expected: str) -> None:
    """A line that InfluxDB would refuse, or store twice, is reported with its number. The lines around it are read."""
    before, wrong, after = entries(b"a x=1 1\n" + line + b"\na x=3 3\n")

    assert (before.lines, after.lines) == (b"a x=1 1\n", b"a x=3 3\n")
    assert (wrong.place, wrong.lines) == ("line 2", b"")
    assert wrong.wrong.startswith(expected)


def test_a_line_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of one endless line is read in pieces, not into memory."""
    monkeypatch.setattr(inputs, "LINE_LIMIT", 5000)
    found = entries(b"a x=1 1\n" + b"x" * 15_000)

    assert [entry.place for entry in found] == ["line 1", "line 2", "line 2", "line 2"]


@pytest.mark.parametrize(
    ("precision", "stamp"),
    [("s", 1_700_000_000), ("ms", 1_700_000_000_000), ("us", 1_700_000_000_000_000), ("ns", 1_700_000_000_000_000_000)],
)
def test_precision(precision: str, stamp: int) -> None:
    """Times come out in ns."""
    (entry,) = entries(b"a x=1 %d\n" % stamp, OPTIONS._replace(precision=precision))

    assert entry.lines == b"a x=1 1700000000000000000\n"


@pytest.mark.parametrize(
    "name", ["p1-gama350-stoen", "p1-ma309m-plain", "wmbus-gama350-stoen", "wmbus-gama350-log-lines", "wmbus-apator-amiplus"]
)
def test_captures(name: str) -> None:
    """A capture gives the same lines as `decode`."""
    content, options = case(name)

    found = entries(content, options)

    assert b"".join(entry.lines for entry in found) == (CASES / name / "expected.lp").read_bytes()
    assert not any(entry.wrong for entry in found)


@pytest.mark.parametrize("kind", ["amb8465", "cul", "im871a", "iu891a", "rc1180", "rtl_433", "rtl_wmbus"])
@pytest.mark.parametrize("said", ["", "wmbus"])
def test_what_a_receiver_delivered(kind: str, said: str) -> None:
    """A recording of any type of receiver is read as `decode` reads it, with or without `--format wmbus`."""
    content, options = case(f"receiver-{kind}-gama350")

    found = entries(raw(content) * 2, options._replace(kind=said))

    assert [(entry.lines, entry.wrong) for entry in found] == [((CASES / f"receiver-{kind}-gama350" / "expected.lp").read_bytes(), "")]


def test_a_raw_capture() -> None:
    """Raw bytes from a port are read, too. Places are counted in bytes instead of lines."""
    content, options = case("p1-gama350-one-bit-flipped")

    found = entries(raw(content), options)

    assert [bool(entry.wrong) for entry in found] == [False, True, False]
    assert all(entry.place.startswith("byte ") for entry in found)


def test_a_damaged_capture() -> None:
    """A telegram that cannot be read is reported with its line and cause."""
    content, options = case("wmbus-gama350-crc-damaged")

    wrong = [entry for entry in entries(content, options) if entry.wrong]

    assert [(entry.place, entry.wrong) for entry in wrong] == [("line 2", "checksum: link CRC of block 6 of 13 does not fit")]


def test_a_neighbours_telegram() -> None:
    """A log also holds telegrams of neighbours' meters. They are no errors, and they are not stored."""
    content, options = case("wmbus-gama350-other-meter")

    assert entries(content, options) == []


def test_a_telegram_without_time() -> None:
    """Nobody knows when a telegram without a time was received. With an invented time, each import would store it again."""
    content, options = case("wmbus-made-mode10")

    (entry,) = entries(content, options)

    assert "does not contain its time" in entry.wrong


def test_a_capture_needs_the_configuration() -> None:
    """A capture cannot be read without keys, so the error asks for the configuration."""
    content, _ = case("p1-gama350-stoen")

    with pytest.raises(ConfigError, match="--config"):
        entries(content)


@pytest.mark.parametrize(("kind", "name"), [("p1", "p1-gama350-stoen"), ("wmbus", "wmbus-gama350-stoen")])
def test_hex_of_the_only_interface(kind: str, name: str) -> None:
    """Hex of unknown origin belongs to the interface that is configured."""
    content, options = case(name)
    hidden = b"# a comment\n" + raw(content)[20:].hex().encode() + b"\n"

    assert inputs._kind(hidden, options.config) == kind
    assert inputs._kind(hidden, Config("", Output(), (), ())) == "wmbus"


def test_a_portals_table() -> None:
    """A CSV becomes lines with the row's number."""
    (entry, second) = entries("Data;Pobór\n2026-06-10 00:00;0,116\n2026-06-10 01:00;x\n".encode())

    assert entry == inputs.Entry("line 2", b"electricity_portal,interval=1h,meter=home energy_import_wh=116 1781042400000000000\n")
    assert (second.place, second.wrong) == ("line 3", "an energy such as 0,123 or 0.123 is expected")


def test_a_table_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that does not fit into memory is refused before it is read."""
    monkeypatch.setattr(tables, "SIZE_LIMIT_BYTES", 100)

    with pytest.raises(ConfigError, match="table of at most"):
        entries(b"Data;x\n" + b"1;2\n" * 100)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_opened(tmp_path: Path, packed: bool) -> None:
    """A file may be compressed. The progress counts bytes of the compressed file."""
    noise = random.Random(1)  # longer than any buffer, compressed too
    content = b"".join(b'a x="%s" %d\n' % (noise.randbytes(200).hex().encode(), number) for number in range(2000))
    path = tmp_path / "year.lp"
    path.write_bytes(gzip.compress(content) if packed else content)

    with inputs.opened(str(path), path.stat().st_size) as (stream, progress):
        found = inputs.entries(stream, inputs.recognised(stream, OPTIONS), OPTIONS, lambda _: None)
        next(found)
        begun = progress.percent()
        rest = list(found)
        assert progress.percent() == 100

    assert begun is not None
    assert begun < 100
    assert len(rest) == 1999


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (gzip.compress(b"a x=1 1\n" * 1000)[:-9], "damaged or cut short"),
        (gzip.compress(b"a x=1 1\n" * 1000)[:12] + b"\xff" * 20, "damaged"),
        (b"\x1f\x8bno gzip at all", "damaged"),
    ],
    ids=["cut", "flipped", "not gzip"],
)
def test_a_damaged_gzip(tmp_path: Path, content: bytes, expected: str) -> None:
    """A damaged archive gives one line that says so."""
    path = tmp_path / "year.lp.gz"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=expected), inputs.opened(str(path), 0) as (stream, _):
        list(inputs.entries(stream, inputs.recognised(stream, OPTIONS), OPTIONS, lambda _: None))


def test_a_file_that_is_not_there() -> None:
    """The error names it, with the system's reason."""
    with pytest.raises(ConfigError, match=r"nowhere\.lp: this input cannot be read: no such file"), inputs.opened("nowhere.lp", 0):
        pass
