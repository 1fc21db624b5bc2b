"""commands.decode: captures in, metrics, objects or a table out, and the exit code."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dlmsframes as made
import linereader
import p1telegrams as p1
from telegraf_han import cli
from telegraf_han.p1 import signal

P1_METER = f"""
[[meter]]
name = "home"
interface = "p1"
encryption_key = "{p1.EK.hex()}"
authentication_key = "{p1.AK.hex()}"
encryption = "optional"
"""
RADIO_METER = """
[[meter]]
name = "flat"
interface = "wmbus"
id = "12345678"
key = "000102030405060708090a0b0c0d0e0f"
"""
RADIO_HEX = (
    "be44ed147856341201027a4f00b0050d0cd1688f43f1cc4c4a80646ce68888bd3878fca5ff9f1422f7dece30bcdc1f42a88c8c781b647708e4714dc5"
    "b965125f96f67325c94344727d69fdab27fa54a8d758b780dee958138f80c920e6bed3e46640ba17f2fbc6ed3e96c0754f82d8e5e78fcbf4fd757e51"
    "653a10602fe55f7f7298a78496c2919594ec20694cc4ff7ecd652af2bca7ecf476ae5c535f7c716b0b532bdc7b5551d3afeef20b6b0c7da3a4175250"
    "6c5ce68f3241160d4a456e"
)
WRONG = p1.stoen(ek=b"\x55" * 16)


class Ran:
    """What one call of `decode` said."""

    def __init__(self, code: int, out: bytes, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def meters(self) -> list[str]:
        """The meters of the wide lines, in order."""
        return [dict(metric.tags)["meter"] for metric in linereader.metrics(self.out)]


@pytest.fixture
def decode(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]):
    """`decode` over inputs given as bytes, with a configuration given as text."""

    def run(*inputs: bytes, config: str = P1_METER, options: tuple[str, ...] = ()) -> Ran:
        config_file = tmp_path / "han.toml"
        config_file.write_text(config)
        config_file.chmod(0o600)
        names = []
        for number, content in enumerate(inputs):
            names.append(tmp_path / f"{number}.bin")
            names[-1].write_bytes(content)
        code = cli.main(["decode", "--config", str(config_file), *options, *map(str, names)])
        out, err = capfdbinary.readouterr()
        return Ran(code, out, err.decode())

    return run


def child(folder: Path, *words: str, stdin: bytes | None = b"", **options) -> subprocess.CompletedProcess[bytes]:
    """The program as a process of its own."""
    (folder / "han.toml").write_text(P1_METER)
    (folder / "han.toml").chmod(0o600)
    command = [sys.executable, "-m", "telegraf_han", "decode", "--config", str(folder / "han.toml"), *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    pipes = {"stdout": subprocess.PIPE} | options
    return subprocess.run(command, input=stdin, stderr=subprocess.PIPE, env=environment, timeout=60, check=False, **pipes)


def test_good_telegrams(decode) -> None:
    """Good telegrams are lines and nothing else, exit code 0."""
    found = decode(p1.stoen() * 3)

    assert (found.code, found.err) == (0, "")
    assert found.meters() == ["home"] * 3


def test_stamp_is_the_meters_clock(decode) -> None:
    """A capture has the meter's time, not today's."""
    assert {metric.time_ns for metric in linereader.metrics(decode(p1.stoen()).out)} == {1_775_826_353_000_000_000}


@pytest.mark.parametrize(
    ("data", "count", "causes"),
    [
        (p1.stoen() + WRONG + p1.stoen(), 2, "key 1"),
        (p1.stoen() + p1.stoen()[:-6] + b"0000\r\n" + p1.stoen(), 2, "checksum 1"),
        (WRONG * 2, 0, "key 2"),
        (p1.stoen() + p1.stoen()[:-20], 1, "framing 1"),
        (b"\x55" * 100, 0, "framing 1"),
        (WRONG + p1.plain(b"nothing\r\n"), 0, "key 1, records 1"),
    ],
    ids=["wrong key", "CRC", "all wrong", "cut", "noise", "two causes"],
)
def test_failures(decode, data: bytes, count: int, causes: str) -> None:
    """A telegram that cannot be decoded gives no line. It is named with number and cause, summed up, and makes the exit code 1."""
    found = decode(data)
    *named, summary = found.err.splitlines()

    assert found.code == 1
    assert len(found.meters()) == count
    assert all(line.startswith(("E! telegram ", "E! telegrams 1 to 2: ")) or "no telegram found" in line for line in named)
    failures = sum(int(cause.split()[-1]) for cause in causes.split(", "))
    assert summary == f"E! telegrams: {count} decoded, {failures} not ({causes})"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"\r\n", "nothing but line ends, blanks or zeros"),
        (b"\r\n\r\n  \0", "nothing but line ends, blanks or zeros"),
        (made.hdlc(made.push())[:25], "an HDLC frame that is damaged or cut off"),
        (signal.inverted(p1.stoen()), "the signal looks inverted"),
        (bytes(octet | 0x80 if octet.bit_count() & 1 else octet for octet in p1.plain()), "seven bits and a parity bit"),
        (p1.stoen()[:150], 'a telegram begins with the ident line "/EGM5G35", but it is not whole'),
        (p1.plain()[60:200], "lines of P1 telegrams"),
        (p1.stoen().decode("latin-1").encode("utf-16"), "UTF-16"),
        (p1.stoen().decode("utf-8", "replace").encode(), "saved as text"),
        (b"\x1f\x8b\x08" + bytes(range(100)), "compressed by gzip"),
        (b"PK\x03\x04" + bytes(range(100)), "a zip archive"),
        (b'{"meter": "home", "time": null}\n', "JSON"),
        (b"electricity,meter=home active_power_import_w=3 1\n", "line protocol"),
        (P1_METER.encode(), "a configuration of this program"),
        (b"Dear neighbour, nothing of a meter is here.\n", "this is text, but no telegram"),
        (b"\x02F.F(00)\r\n1.8.0(000001.000*kWh)\r\n!\r\n\x03\x55", "a readout of an optical port"),
        (bytes(range(1, 30)), "bytes that belong to no telegram"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:12]),
)
def test_nothing_found(decode, data: bytes, words: str) -> None:
    """An input without any telegram is named, with what its bytes look like and what to do. The exit code is 1."""
    found = decode(data)

    assert (found.code, found.out) == (1, b"")
    assert words in found.err
    assert "0.bin: no telegram found: " in found.err or words == "bytes that belong to no telegram"


@pytest.mark.parametrize(
    ("data", "interface", "words"),
    [(p1.stoen(), "wmbus", "telegrams of a P1 port. Leave out --interface wmbus"), (RADIO_HEX.encode(), "p1", "Leave out --interface p1")],
    ids=["cable", "radio"],
)
def test_interface_that_is_another(decode, data: bytes, interface: str, words: str) -> None:
    """An interface that was given by mistake is told."""
    found = decode(data, config=P1_METER + RADIO_METER, options=("--interface", interface))

    assert found.code == 1
    assert words in found.err


def test_one_input_of_two_is_empty(decode) -> None:
    """An input without a telegram is named even if another one has some."""
    found = decode(p1.stoen(), b"")

    assert (found.code, found.meters()) == (1, ["home"])
    assert "1.bin: no telegram found" in found.err


def test_the_same_failure_is_told_once(decode) -> None:
    """The same reason is told once, with the telegrams that it is about."""
    found = decode(p1.stoen() * 2 + WRONG * 1000 + p1.stoen() + WRONG)

    assert [line.split(": ")[0] for line in found.err.splitlines()] == ["E! 1,001 of telegrams 3 to 1,004", "E! telegrams"]
    assert decode(WRONG * 1000).err.startswith("E! telegrams 1 to 1,000: key: encryption_key does not open")


def test_many_reasons_are_counted(decode) -> None:
    """After twenty reasons of one cause the rest is only counted."""
    found = decode(b"".join(p1.plain(b"1-0:1.8.0(1*kWh)\r\n" * size)[:-6] + b"0000\r\n" + p1.stoen() for size in range(1, 31)))

    assert len(found.err.splitlines()) == 21
    assert found.err.splitlines()[-1].startswith("E! telegrams: 30 decoded, 30 not (checksum ")


def test_remarks_are_no_failures(decode) -> None:
    """A tag that does not fit and a line that cannot be read are printed, but the telegrams are good."""
    found = decode(p1.stoen(ak=b"\x55" * 16) + p1.stoen(p1.LINES + b"no line\r\n"))

    assert found.code == 0
    assert [line[:30] for line in found.err.splitlines()] == ["W! telegram 1: home: authentic", "W! telegram 2: home: a line of"]


def test_changed_line_ends_are_told_once(decode) -> None:
    """A capture whose line ends were changed is read, and that is said once on stderr."""
    found = decode(p1.plain().replace(b"\r\n", b"\n") * 50)

    assert (found.code, len(found.meters())) == (0, 50)
    assert [line.split(": ")[0] for line in found.err.splitlines()] == ["W! telegram 1"] * 2
    assert found.err.count("the line ends were changed") == 1


@pytest.mark.parametrize("wrap", [made.hdlc, made.mbus], ids=["hdlc", "mbus"])
@pytest.mark.parametrize("key", [p1.EK.hex(), "55" * 16], ids=["right", "wrong"])
def test_frames_of_other_lines(decode, wrap, key: str) -> None:
    """Such frames are named. The key is blamed only if it is wrong."""
    found = decode(wrap(made.sealed(made.push())) * 3, config=P1_METER.replace(p1.EK.hex(), key))

    assert found.code == 1
    assert ("encryption_key is right" in found.err) is (key == p1.EK.hex())
    assert ("does not open" in found.err) is (key != p1.EK.hex())
    assert found.err.startswith("E! telegrams 1 to 3: ")


def test_json(decode) -> None:
    """One object a telegram, in the public contract's shape and order, numbers exact."""
    found = decode(p1.stoen() * 2, options=("--output", "json"))
    first, second = found.out.decode().splitlines()

    assert first == second
    assert first == (
        '{"meter": "home", "interface": "p1", "serial": "35000001", "model": "GAMA350", "time": "2026-04-10T15:05:53+02:00", '
        '"verified": true, "readings": ['
        '{"obis": "0-0:1.0.0", "value": "2026-04-10T15:05:53+02:00", "unit": "", "name": "clock"}, '
        '{"obis": "1-0:1.8.0", "value": 12345035, "unit": "Wh", "name": "active_energy_import"}, '
        '{"obis": "1-0:1.7.0", "value": 278, "unit": "W", "name": "active_power_import"}, '
        '{"obis": "0-0:96.1.0", "value": "35000001", "unit": "", "name": "serial_number"}, '
        '{"obis": "0-0:17.0.0", "value": 16500, "unit": "W", "name": "limiter_threshold_active"}, '
        '{"obis": "0-0:17.0.0", "value": 16600, "unit": "W", "name": "limiter_threshold_normal"}, '
        '{"obis": "0-0:17.0.0", "value": 16700, "unit": "W", "name": "limiter_threshold_emergency"}, '
        '{"obis": "0-0:96.13.0", "value": "", "unit": "", "name": "message"}]}'
    )


def test_json_of_what_is_missing(decode) -> None:
    """Without a clock, serial number, value or proof there is null or false. A failed telegram has no object."""
    lines = b"1-0:1.8.0(NaN*kWh)\r\n1-0:32.7.0(229.6*V)\r\n1-0:99.1.0*5(caf\xe9)\r\n"
    found = decode(p1.plain(lines, ident=b"/XYZ5\r\n\r\n") + WRONG, options=("--output", "json"))
    (only,) = [json.loads(line) for line in found.out.splitlines()]

    assert {key: only[key] for key in ("serial", "model", "time", "verified")} == {
        "serial": None,
        "model": None,
        "time": None,
        "verified": False,
    }
    assert only["readings"][0] == {"obis": "1-0:1.8.0", "value": None, "unit": "Wh", "name": "active_energy_import"}
    assert only["readings"][1] == {"obis": "1-0:32.7.0", "value": 229.6, "unit": "V", "name": "voltage_l1"}
    assert only["readings"][2] == {"obis": "1-0:99.1.0*5", "value": "café", "unit": "", "name": ""}


FULL = "2D442D2C5768663230028D20E4E2C81C20878C7804041A03000004843C00000000042B0300000004AB3C00000000"
COMPACT = "27442D2C5768663230028D20E900C91C2011BA79138CCCFB1A030000000000000300000000000000"
NEIGHBOUR = "1444ED142143658701027A2A0000000C0356341200"


def test_waiting_and_neighbours_are_no_failures(decode) -> None:
    """A compact frame before its full frame and a neighbour's telegram are named. They fail only if nothing at all could be decoded."""
    config = '[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "32666857"\n'
    good = decode(f"{COMPACT}\n{NEIGHBOUR}\n{NEIGHBOUR}\n{FULL}\n".encode(), config=config)
    nothing = decode(f"{COMPACT}\n{NEIGHBOUR}\n".encode(), config=config)

    assert (good.code, len(good.meters())) == (0, 1)
    assert [line[:40] for line in good.err.splitlines()] == [
        "W! telegram 1: waiting: compact frame (C",
        "W! telegrams 2 to 3: passed over: telegr",
    ]
    assert nothing.code == 1
    assert nothing.err.splitlines()[-1] == "E! telegrams: 0 decoded, 2 passed over"


def test_a_meter_whose_key_cannot_be_had(decode) -> None:
    """Its telegrams are named with the reason, and those of the other meters are decoded. If no meter has its keys, that is an error."""
    away = P1_METER.replace('"home"', '"away"').replace(p1.EK.hex(), "file:none.ek")
    found = decode(p1.stoen() + WRONG + p1.stoen(), config=P1_METER + away)
    alone = decode(p1.stoen(), config=away)

    assert (found.code, found.meters()) == (1, ["home", "home"])
    first, last = found.err.splitlines()
    assert re.fullmatch(
        r"E! telegram 2: key: away: encryption_key: a file with 32 hex digits is expected, but .*/none.ek cannot be .*", first
    )
    assert last == "E! telegrams: 2 decoded, 1 not (key 1)"
    assert (alone.code, alone.out) == (2, b"")
    assert re.fullmatch(r'E! .*/han.toml: \[\[meter\]\] "away": encryption_key: a file with 32 hex digits is expected, .*\n', alone.err)


def test_redacted_only_with_all_keys(decode) -> None:
    """A capture that is posted must not hold what a missing key would have shown."""
    away = P1_METER.replace('"home"', '"away"').replace(p1.EK.hex(), "file:none.ek")
    found = decode(p1.stoen(), config=P1_METER + away, options=("--redact",))

    assert (found.code, found.out) == (2, b"")
    assert '"away": encryption_key: a file with 32 hex digits is expected' in found.err


def test_json_of_a_radio_telegram(decode) -> None:
    """A record without OBIS code says DIF and VIF; one with a code does not."""
    found = decode(RADIO_HEX.encode(), config=RADIO_METER, options=("--output", "json"))
    (only,) = [json.loads(line) for line in found.out.splitlines()]

    assert (only["meter"], only["interface"], only["serial"]) == ("flat", "wmbus", "12345678")
    assert all(("record" in reading) is (reading["obis"] is None) for reading in only["readings"])
    assert {"obis": "1-0:1.8.0", "value": 3171835, "unit": "Wh", "name": "active_energy_import"} in only["readings"]


@pytest.mark.parametrize("output", ["influx", "json", "table"])
def test_no_command_of_a_meter_reaches_a_terminal(decode, output: str) -> None:
    """Controls of ASCII and Latin-1 in a unit or a text are escaped or left out in every form of output, and on stderr."""
    lines = p1.LINES + b"1-0:1.8.1(1.5*k\x1b[31mWh\x07)\r\n1-0:32.7.0(229.6*V\xc2\x9b)\r\n1-0:99.1.0*5(a\x1b[2J\x9b\xe2\x80\xaeb)\r\n"
    found = decode(p1.stoen(lines), options=("--output", output))

    assert found.out.decode().replace("\n", "").isprintable()
    assert found.err.replace("\n", "").isprintable()
    assert "229.6" in found.out.decode()
    if output == "json":
        assert [one["unit"] for one in json.loads(found.out)["readings"] if one["obis"] == "1-0:32.7.0"] == ["V\x9b"]


def test_table(decode) -> None:
    """A heading and a row a reading, values in one column."""
    title, rule, heading, *rows = decode(p1.stoen(), options=("--output", "table")).out.decode().rstrip("\n").split("\n")

    assert title == "home  GAMA350  35000001  2026-04-10T15:05:53+02:00  verified"
    assert set(rule) == {"-"}
    assert heading.split() == ["code", "name", "value", "unit"]
    assert len(rows) == 8
    assert rows[1].split() == ["1-0:1.8.0", "active_energy_import", "12", "345", "035", "Wh"]
    assert rows[1].index(" Wh") == rows[2].index(" W") == heading.index(" unit")


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("p1", lambda data: data),
        ("p1", lambda data: data.hex().encode()),
        ("p1", lambda data: b"# a comment\n" + data.hex(" ").upper().encode()),
        ("p1", lambda data: data[150:] + data),
        ("wmbus", lambda data: RADIO_HEX.encode()),
        ("wmbus", lambda data: b"# a comment\n" + RADIO_HEX.upper().encode() + b"\n"),
    ],
    ids=["raw", "hex", "hex with comment", "begins in the middle", "radio hex", "radio hex with comment"],
)
@pytest.mark.parametrize("told", [False, True], ids=["found out", "told"])
def test_interface(decode, kind: str, form, told: bool) -> None:
    """With meters of both kinds configured the input itself says which it is."""
    options = ("--interface", kind) if told else ()
    found = decode(form(p1.stoen()), config=P1_METER + RADIO_METER, options=options)

    assert (found.code, found.meters()) == (0, ["home" if kind == "p1" else "flat"])


def test_interface_told_wrong(decode) -> None:
    """An input taken for what it is not has no telegrams."""
    assert decode(p1.stoen(), config=P1_METER + RADIO_METER, options=("--interface", "wmbus")).code == 1


def test_several_inputs(decode) -> None:
    """Inputs are read one after the other, each for itself: raw, hex and a cut one."""
    found = decode(p1.stoen(), p1.stoen()[:100], p1.stoen().hex().encode())

    assert found.meters() == ["home", "home"]
    assert found.code == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--config", "{}/none.toml"], "{}/none.toml: this configuration file cannot be read"),
        (["--config", "{}/han.toml", "{}/none.bin"], "{}/none.bin: this input cannot be read: no such file or directory"),
        (["--config", "{}/han.toml", "{}"], "{}: this input cannot be read: is a directory"),
        (["--config", "{}/bad.toml"], "{}/bad.toml: line 1: the closing brackets"),
        (["--config", "{}/misspelt.toml"], 'Did you mean "encryption_key"'),
        ([], "--config"),
        (["--config", "{}/han.toml", "--output", "xml"], "xml"),
        (["--config", "{}/han.toml", "--interface", "p2"], "p2"),
        (["--config", "{}/han.toml", "--bogus"], "--bogus"),
    ],
    ids=["no config", "no input", "folder", "no TOML", "misspelt", "nothing", "output", "interface", "option"],
)
def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str) -> None:
    """Exit code 2; the last line names file and what was expected, and never a key."""
    (tmp_path / "han.toml").write_text(P1_METER)
    (tmp_path / "bad.toml").write_text("[[meter]\nname=")
    (tmp_path / "misspelt.toml").write_text(P1_METER.replace("encryption_key", "encription_key"))
    try:
        code = cli.main(["decode", *[word.format(tmp_path) for word in words]])
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()

    assert (code, out) == (2, "")
    assert expected.format(tmp_path) in err.splitlines()[-1]
    assert p1.EK.hex() not in err


@pytest.mark.parametrize("words", [(), ("-",)], ids=["nothing", "dash"])
def test_stdin(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Without INPUT, or with "-", the capture comes on stdin."""
    found = child(tmp_path, *words, stdin=p1.stoen() * 2)

    assert (found.returncode, found.stderr) == (0, b"")
    assert len(linereader.metrics(found.stdout)) == 2


def test_reader_that_goes_away(tmp_path: Path) -> None:
    """`| head` ends the program quietly: no traceback, no odd exit code."""
    capture = tmp_path / "capture.bin"
    capture.write_bytes(p1.stoen() * 2000)
    reading, writing = os.pipe()
    os.close(reading)
    found = child(tmp_path, str(capture), stdout=writing)
    os.close(writing)

    assert (found.returncode, found.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_disk_that_is_full(tmp_path: Path) -> None:
    """An output that takes nothing is one line and exit code 2."""
    with open("/dev/full", "wb") as full:
        found = child(tmp_path, stdin=p1.stoen(), stdout=full)

    assert (found.returncode, found.stderr) == (2, b"E! No space left on device\n")


def test_input_that_breaks_off(tmp_path: Path) -> None:
    """An input that cannot be read on is one line and exit code 2."""
    found = child(tmp_path, "/proc/self/mem")

    assert found.returncode == 2
    assert found.stderr.startswith(b"E! /proc/self/mem: this input cannot be read: ")
    assert found.stderr.count(b"\n") == 1
