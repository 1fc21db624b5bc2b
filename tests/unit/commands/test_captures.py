"""A recording is read by the receiver that it was made with, found by what it holds."""

from pathlib import Path

import pytest

from telegraf_han import settings
from telegraf_han.commands import captures
from telegraf_han.telegram import Fault, Frame

CASES = Path(__file__).parents[2] / "cases"
STICKS = ["amb8465", "cul", "im871a", "iu891a", "rc1180"]


def recording(kind: str) -> bytes:
    """What a stick's case holds."""
    lines = (CASES / f"receiver-{kind}-gama350" / "input.hex").read_text().splitlines()
    return bytes.fromhex("".join(line.split("#")[0] for line in lines))


def read(tmp_path: Path, data: bytes, *, meter_id: str = "12345678", key: str = "0" * 32) -> list[object]:
    """The events of a recording under a configuration with one wireless meter."""
    (tmp_path / "recording").write_bytes(data)
    (tmp_path / "han.toml").write_text(f'[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "{meter_id}"\nkey = "{key}"\n')
    found = captures.events(str(tmp_path / "recording"), None, settings.load(str(tmp_path / "han.toml"), lambda _: None))
    return [event for piece in found for event in piece]


@pytest.mark.parametrize("kind", STICKS)
def test_type_is_found_though_the_key_is_wrong(tmp_path: Path, kind: str) -> None:
    """A key that does not open the telegrams does not hide which stick sent them."""
    found = read(tmp_path, recording(kind) * 3)

    assert [type(event) for event in found] == [Frame] * 3


@pytest.mark.parametrize("kind", ["cul", "im871a"])
def test_recording_of_strangers_is_taken_for_lines_of_hex(tmp_path: Path, kind: str) -> None:
    """Where no configured meter is heard, the reader says what it cannot read instead of guessing."""
    found = read(tmp_path, recording(kind), meter_id="87654321")

    assert all(isinstance(event, Fault) for event in found)
    assert found


def test_damaged_hex_stays_hex(tmp_path: Path) -> None:
    """Types without checksum, which find telegrams in any text, are not believed."""
    hex_line = recording("rc1180").hex().encode()

    assert all(isinstance(event, Fault) for event in read(tmp_path, hex_line[:101] + b"\n" + b"DD" + hex_line[3:] + b"\n"))
