"""receivers.hex: one telegram per line, as people and programs write it."""

import json
import re
from pathlib import Path

import pytest

from telegraf_han.errors import Cause
from telegraf_han.receivers import hex as hex_lines
from telegraf_han.telegram import Fault, Frame

TEXT = "0f44ed147856341201027804032a000000"
FRAME = bytes.fromhex("1044ed147856341201027804032a000000")
PLAIN = FRAME.hex()
NOW_NS = 5


def _events(line: str) -> list[object]:
    return list(hex_lines.Receiver().feed(line.encode() + b"\n", NOW_NS))


@pytest.mark.parametrize(
    "line",
    [
        PLAIN,
        PLAIN.upper(),
        f"0x{PLAIN}",
        f"0X{PLAIN.upper()}",
        f"  {PLAIN}\t\r",
        " ".join(PLAIN[at : at + 2] for at in range(0, len(PLAIN), 2)),
        ":".join(PLAIN[at : at + 2] for at in range(0, len(PLAIN), 2)),
        f"{PLAIN[:20]}_{PLAIN[20:]}",
        f"|{PLAIN[:20]}|{PLAIN[20:]}|",
        f"telegram=|{PLAIN}|+12",
        f"telegram=|{PLAIN[:20]}|{PLAIN[20:]}|+0",
        f"(log) telegram=|{PLAIN}|+12",
        f"{PLAIN}  # a remark",
    ],
    ids=[
        "plain",
        "capitals",
        "0x",
        "0X",
        "blanks",
        "pairs",
        "colons",
        "underscore",
        "bars",
        "log",
        "log in parts",
        "log with words",
        "remark",
    ],
)
def test_ways_to_write_it(line: str) -> None:
    """One telegram, however it is written."""
    assert _events(line) == [Frame("wmbus", FRAME, NOW_NS, None)]


@pytest.mark.parametrize("line", ["", "   ", "# only a remark", "telegram=||+1", "|_|"], ids=str)
def test_nothing_there(line: str) -> None:
    """Blank lines and remarks say nothing."""
    assert _events(line) == []


@pytest.mark.parametrize(
    ("line", "cause", "words"),
    [
        ("no hex at all", Cause.FRAMING, "13 characters is not hex"),
        (PLAIN[:-1], Cause.FRAMING, "is not hex"),
        ("１２", Cause.FRAMING, "is not hex"),
        (TEXT, Cause.FRAMING, "length field announces 16 bytes"),
        (PLAIN[:-2], Cause.FRAMING, "16 arrived"),
        ("68030368080000000016", Cause.FRAMING, "wired frame announces 3 bytes, but 4"),
        ("68030368080078ff16", Cause.CHECKSUM, "sum of a wired frame"),
    ],
    ids=["words", "odd", "wide digits", "too long", "too short", "wired length", "wired sum"],
)
def test_faults(line: str, cause: Cause, words: str) -> None:
    """A line that is no telegram becomes one fault. Its detail repeats nothing of the line."""
    (found,) = _events(line)

    assert isinstance(found, Fault)
    assert (found.cause, found.size) == (cause, len(line.encode()))
    assert re.search(words, found.detail)


VECTORS = json.loads((Path(__file__).parents[1] / "mbus" / "vectors.json").read_text())


@pytest.mark.parametrize(
    ("name", "form", "checked"),
    [
        ("gama350", "frame", False),
        ("gama350", "format_a", True),
        ("made-mode5", "format_b", True),
        ("made-mode5", "chips", True),
        ("oms-wired", "frame", True),
    ],
)
def test_whether_a_checksum_was_there(name: str, form: str, checked: bool) -> None:
    """Only a line that holds a checksum says that the telegram is whole, and each line says it anew."""
    receiver = hex_lines.Receiver()
    lines = [VECTORS[name][form], VECTORS["gama350"]["frame"], VECTORS["gama350"]["format_a"]]

    events = receiver.feed("\n".join(lines).encode() + b"\n", NOW_NS)

    assert [event.checked for event in events if isinstance(event, Frame)] == [checked, False, True]
