"""recording: finds out what a recording is from its content."""

import random
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import p1telegrams as p1
from telegraf_han import receivers
from telegraf_han.ciphers.secret import Key
from telegraf_han.config import sections
from telegraf_han.config.sections import Config
from telegraf_han.inspection import captures
from telegraf_han.telegram import Fault, Frame, Interface

CASES = Path(__file__).parents[2] / "cases"
STICKS = ("amb8465", "cul", "im871a", "iu891a", "rc1180")
KINDS = (*STICKS, "rtl_433", "rtl_wmbus")
WITHOUT_CHECKSUM = ("amb8465", "rc1180")
"""Sticks that send bare telegrams. Only a pause shows where a telegram begins, and a recording has no pauses."""
CABLE = p1.stoen(ek=bytes(range(16)), ak=bytes(range(16, 32)))
LINES = (CASES / "wmbus-gama350-stoen" / "input.hex").read_bytes()
CABLED = '{name = "home", interface = "p1"}'
FLAT = '{name = "flat", interface = "wmbus", id = "12345678", key = "00000000000000000000000000000000"}'
STRANGER = FLAT.replace("12345678", "87654321")


def recorded(kind: str) -> bytes:
    """What a receiver's case holds."""
    lines = (CASES / f"receiver-{kind}-gama350" / "input.hex").read_text().splitlines()
    return bytes.fromhex("".join(line.split("#")[0] for line in lines))


def configured(*meters: str) -> Config:
    """A configuration with these meters, whose keys open nothing."""
    mapping = tomllib.loads(f"meter = [{', '.join(meters)}]")
    return sections.parsed(mapping, "han.toml", lambda _: Key(bytes(16)), lambda port: port, receivers.kinds)


def read(data: bytes, *meters: str, interface: Interface | None = None) -> tuple[Interface, list[object]]:
    """What a recording is taken for, and its events."""
    found = captures.recognised(data, interface, configured(*meters))
    return found.interface, [*found.receiver.feed(data, 0), *found.receiver.finish(0)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "meters", [(FLAT,), (CABLED, FLAT), (STRANGER,), (CABLED, STRANGER)], ids=["ours", "mixed", "stranger", "mixed stranger"]
)
def test_receiver_is_found(kind: str, meters: tuple[str, ...]) -> None:
    """The type of receiver is found, no matter whose telegrams the recording holds, with a wrong key, and with a cable configured, too."""
    interface, events = read(recorded(kind) * 3, *meters)

    assert interface == "wmbus"
    assert [type(event) for event in events] == [Frame] * 3


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in WITHOUT_CHECKSUM])
def test_recording_that_begins_anywhere(kind: str) -> None:
    """Half a telegram at the beginning hides nothing."""
    _, events = read(recorded(kind)[25:] + recorded(kind) * 4, STRANGER)
    _, (whole,) = read(recorded(kind), STRANGER)

    assert events.count(whole) >= 3


def test_lines_of_hex() -> None:
    """A file with one telegram per line is not from a stick, although some types would find telegrams in it."""
    _, events = read(LINES * 2, STRANGER)

    assert [type(event) for event in events] == [Frame] * 2


@pytest.mark.parametrize("meters", [(), (CABLED,), (FLAT,), (CABLED, FLAT)], ids=["no meter", "cable", "radio", "both"])
@pytest.mark.parametrize("data", [CABLE * 3, (CABLE * 3).hex().encode()], ids=["raw", "hex"])
def test_cable_is_found(meters: tuple[str, ...], data: bytes) -> None:
    """Whole P1 telegrams are P1, whatever is configured."""
    interface, events = read(data, *meters)

    assert interface == "p1"
    assert [type(event) for event in events] == [Frame] * 3


def test_radio_is_found_where_a_cable_is_configured() -> None:
    """A radio recording is recognised even if only a cable is configured, so the user does not hear of noise on a cable."""
    interface, events = read(LINES * 2, CABLED)

    assert interface == "wmbus"
    assert [type(event) for event in events] == [Frame] * 2


@pytest.mark.parametrize("seed", range(4))
def test_noise_of_a_cable_stays_noise(seed: int) -> None:
    """Bytes of an inverted or disturbed line are no radio's."""
    noise = random.Random(seed).randbytes(3000)
    inverted = bytes(octet ^ 0xFF for octet in CABLE * 5)

    for data in (noise, inverted, noise[:40], b""):
        assert read(data, CABLED)[0] == "p1"
        assert not captures.recognised(data, None, configured(CABLED, FLAT)).sure


def test_what_is_said_counts() -> None:
    """An interface that the owner names is not questioned."""
    assert read(CABLE, CABLED, interface="wmbus")[0] == "wmbus"
    assert read(LINES, FLAT, interface="p1")[0] == "p1"


def test_damaged_hex_stays_hex() -> None:
    """Types without checksum, which find telegrams in any text, are not believed."""
    hex_line = recorded("rc1180").hex().encode()
    _, events = read(hex_line[:101] + b"\n" + b"DD" + hex_line[3:] + b"\n", FLAT)

    assert [type(event) for event in events] == [Fault] * 2


@pytest.mark.parametrize(
    "text",
    [
        b"Data;Godzina;Pob\xf3r\n01.11.2026;1;0,188\n01.11.2026;2;0,288\n",
        b"188888888888888888888888888888888888888888888888888888888888\n",
        b"a letter, with numbers 88 and (8)\n",
    ],
    ids=["table", "eights", "letter"],
)
def test_text_is_no_recording(text: bytes) -> None:
    """Without any telegram in the file, the answer is not sure."""
    assert not captures.recognised(text * 9, None, configured(FLAT)).sure


@given(st.lists(st.one_of(st.binary(max_size=300), st.sampled_from([CABLE, LINES, *map(recorded, KINDS)])), max_size=6).map(b"".join))
def test_any_bytes(data: bytes) -> None:
    """Any file is recognised as something, and its receiver raises nothing."""
    for meters in ((), (CABLED,), (FLAT,), (CABLED, STRANGER)):
        read(data, *meters)
