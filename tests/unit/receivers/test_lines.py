"""receivers._lines: cuts bytes into lines."""

import pytest

from telegraf_han.errors import Cause, ChecksumError
from telegraf_han.receivers import _lines
from telegraf_han.telegram import Fault, Frame

NOW_NS = 1_000


def _read(line: str) -> tuple[bytes, float | None] | None:
    if line == "bad":
        raise ChecksumError("made to fail")
    return None if line.startswith("#") else (line.encode(), -70.5)


def _events(*pieces: bytes) -> list[object]:
    receiver = _lines.Lines(_read)
    events: list[object] = list(receiver.start(NOW_NS))
    for piece in pieces:
        events += receiver.feed(piece, NOW_NS)
        events += receiver.idle(NOW_NS)
    return events + list(receiver.finish(NOW_NS))


A = Frame("wmbus", b"a", NOW_NS, -70.5)
B = Frame("wmbus", b"b", NOW_NS, -70.5)
LONG = Fault(Cause.FRAMING, "line of more than 8192 characters", 8192)
BAD = Fault(Cause.CHECKSUM, "made to fail", 3)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n\n \r\n", []),
        (b"a\nb\n", [A, B]),
        (b"a\r\nb", [A, B]),
        (b"# remark\na\n", [A]),
        (b"a\nbad\nb\n", [A, BAD, B]),
        (b"x" * 8192 + b"\na\n", [Frame("wmbus", b"x" * 8192, NOW_NS, -70.5), A]),
        (b"x" * 8193 + b"\na\n", [LONG, A]),
        (b"x" * 20_000 + b"\na\n", [LONG, A]),
        (b"a\n" + b"x" * 20_000, [A, LONG]),
        (b"x" * 8193 + b"\n" + b"x" * 8193 + b"\na\n", [LONG, LONG, A]),
        (b"x" * 9000 + b"\n\na\n", [LONG, A]),
    ],
    ids=[
        "nothing",
        "blank",
        "two",
        "no end",
        "remark",
        "bad",
        "longest",
        "too long",
        "far too long",
        "no end and too long",
        "two too long",
        "blank behind",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
def test_lines(data: bytes, expected: list[object], size: int) -> None:
    """Lines become events, in whatever pieces they come. A line that does not end is given up once, and its rest is skipped."""
    pieces = [data[at : at + size] for at in range(0, len(data), size)]

    assert _events(*pieces) == expected


def test_buffer_is_bounded() -> None:
    """Input that never ends a line is not kept."""
    receiver = _lines.Lines(_read)
    for _ in range(100):
        receiver.feed(b"x" * 5000, NOW_NS)

    assert len(receiver._left) <= _lines.LINE_LIMIT
