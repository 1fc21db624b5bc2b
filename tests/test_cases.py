"""Plays every case folder: whole, byte by byte, with noise around it, and twice. One runner for all telegrams.

A folder holds what a user would write (`config.toml`) and what the port delivers (`input.hex`). It also holds what must come of it:
`expected.lp` and `expected.obis.lp` (line protocol in both layouts), `expected.json` (what `decode --output json` prints) and
`expected.err` (one line per fault: its cause, or "passed" for what is no failure, then words that its reason must hold). A file that is absent means that none is
expected.

A folder's name begins with what is played: `p1`, `wmbus` (lines of hex as they stand) or `receiver-TYPE` (the bytes of that receiver).
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

import linereader
from telegraf_han import cli, receivers
from telegraf_han.config.file import load
from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import TelegramError, WaitingError
from telegraf_han.p1.framer import Framer
from telegraf_han.telegram import Event, Fault, Frame, Receiver, Remark, Telegram

FOLDER = Path(__file__).parent / "cases"
CASES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
NOW_NS = 1_795_348_800_000_000_000
PLAYS = ("whole", "byte by byte", "noise around", "twice")


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Path:
    """One case folder."""
    return FOLDER / request.param


def _expected(case: Path, name: str) -> str:
    path = case / name
    return path.read_text() if path.exists() else ""


def _interface(case: Path) -> str:
    return case.name.split("-", 1)[0]


def _input(case: Path) -> bytes:
    """What the port delivers. For `wmbus` the lines as they stand, otherwise the bytes that the lines spell out."""
    text = (case / "input.hex").read_text()
    if _interface(case) == "wmbus":
        return text.encode()
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))


def _receiver(case: Path) -> Receiver:
    """The receiver for a case."""
    interface = _interface(case)
    if interface == "p1":
        return Framer()
    found: Receiver = receivers.named(case.name.split("-")[1] if interface == "receiver" else "hex").Receiver()
    return found


def _pieces(case: Path, play: str) -> list[bytes]:
    """The input as a port delivers it: bytes for P1 and sticks, lines for sources of text."""
    data = _input(case)
    noise = random.Random(case.name)
    before, after = b"no hex\n00\n", b"zz\n\n2E44\n"
    if _interface(case) == "p1":
        before, after = noise.randbytes(300), noise.randbytes(300)
    if play == "byte by byte":
        return [bytes([octet]) for octet in data]
    return {"whole": [data], "noise around": [before, data, after], "twice": [data, data]}[play]


def _played(case: Path, play: str) -> tuple[Decoder, list[Telegram], list[tuple[str, str]]]:
    """The telegrams and faults of a play."""
    decoder = Decoder(load(str(case / "config.toml")))
    receiver = _receiver(case)
    telegrams, faults = [], []
    events: list[Event] = []  # not started: nothing is asked of a recording
    for piece in _pieces(case, play):
        events += receiver.feed(piece, NOW_NS)
    for event in events + receiver.finish(NOW_NS):
        if isinstance(event, Fault):
            faults.append((str(event.cause), event.detail))
            continue
        if isinstance(event, Remark):
            continue
        assert isinstance(event, Frame)
        try:
            telegram = decoder.take(event)
        except (WaitingError, UnknownMeterError) as error:
            faults.append(("passed", str(error)))
        except TelegramError as error:
            faults.append((str(error.cause), str(error)))
        else:
            telegrams += [telegram] if telegram else []
    return decoder, telegrams, faults


def _unmatched(case: Path, faults: list[tuple[str, str]]) -> Iterator[str]:
    """Expected faults that did not come."""
    left = list(faults)
    for line in _expected(case, "expected.err").splitlines():
        cause, _, words = line.partition(" ")
        found = next((fault for fault in left if fault[0] == cause and all(word in fault[1] for word in words.split())), None)
        if found is None:
            yield line
        else:
            left.remove(found)


@pytest.mark.parametrize("play", PLAYS)
@pytest.mark.parametrize("layout", ["wide", "obis"])
def test_case(case: Path, layout: str, play: str, request: pytest.FixtureRequest) -> None:
    """The telegrams become the expected metrics, however the bytes arrive. Nothing else does."""
    decoder, telegrams, faults = _played(case, play)
    decoder._config = decoder._config._replace(output=decoder._config.output._replace(layout=layout))
    name = "expected.lp" if layout == "wide" else "expected.obis.lp"
    lines = b"".join(decoder.line(telegram) for telegram in telegrams)
    if request.config.getoption("--accept") and play == "whole" and lines:
        (case / name).write_bytes(lines)
    expected = linereader.metrics(_expected(case, name).encode())
    found = linereader.metrics(lines)
    repeated = expected * 2 if play == "twice" and _interface(case) == "p1" else expected

    assert found == repeated
    assert list(_unmatched(case, faults)) == []
    if play in ("whole", "byte by byte"):
        assert len(faults) == len(_expected(case, "expected.err").splitlines()), faults


@pytest.mark.parametrize("name", CASES)
def test_json(name: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """`decode --output json` of a case's input prints the expected objects, and its exit code says whether all went well."""
    case = FOLDER / name
    recording = case / "input.hex"
    if _interface(case) == "receiver":
        recording = tmp_path / "recording"
        recording.write_bytes(_input(case))
    expected = [json.loads(line) for line in _expected(case, "expected.json").splitlines()]
    words = ["decode", "--config", str(case / "config.toml"), "--output", "json", str(recording)]

    code = cli.main(words)

    printed = capfdbinary.readouterr().out
    found = [json.loads(line) for line in printed.splitlines()]
    assert found == expected
    assert [type(r["value"]) for f in found for r in f["readings"]] == [type(r["value"]) for f in expected for r in f["readings"]]
    named = _expected(case, "expected.err").splitlines()
    assert code == (1 if any(not line.startswith("passed ") for line in named) or (named and not expected) else 0)


@pytest.mark.parametrize("name", CASES)
def test_origin(name: str) -> None:
    """Every input says where it comes from, and every case has an expectation."""
    first = (FOLDER / name / "input.hex").read_text().splitlines()[0]

    assert first.startswith("# origin: ")
    assert any((FOLDER / name / f"expected.{kind}").exists() for kind in ("lp", "err", "json", "nothing"))
