"""terminal.keys: a keyboard's bytes into names, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telegraf_han.terminal.keyboard import Keys


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"q", ["q"]),
        (b"Q", ["q"]),
        (b"\x03", ["q"]),
        (b"\x1b[A\x1b[B", ["up", "down"]),
        (b"\x1bOC\x1bOD", ["right", "left"]),
        (b"\x1b[5~\x1b[6~", ["page up", "page down"]),
        (b"\x1b[1;5C", []),
        (b"\x1b[15~", []),
        (b"\x1b\x1b[A", ["up"]),
        (b"\xc5\x82a", ["a"]),
        (b"\t\x1b[Z", ["right", "left"]),
        (b"\x0c", ["redraw"]),
        (b"\r\n", ["enter", "enter"]),
        (b"\x7f\x08", ["back", "back"]),
    ],
    ids=[
        "letter",
        "capital",
        "Ctrl-C",
        "arrows",
        "application",
        "pages",
        "with Ctrl",
        "F5",
        "escape first",
        "UTF-8",
        "tab",
        "Ctrl-L",
        "Enter",
        "Backspace",
    ],
)
def test_keys(data: bytes, expected: list[str]) -> None:
    """A key has one name, whatever a terminal sends for it. An unknown key has no name."""
    assert Keys().feed(data) == expected


@pytest.mark.parametrize("data", [b"a\x1b[5~q", b"\x1b[Bt\x1bOA", b"\x1b[1;5Aq"])
def test_cut_anywhere(data: bytes) -> None:
    """A slow line cuts sequences; the keys are the same, and no letter of a sequence becomes one."""
    whole = Keys().feed(data)

    for cut in range(len(data) + 1):
        keys = Keys()
        assert keys.feed(data[:cut]) + keys.feed(data[cut:]) == whole


@given(st.lists(st.binary(max_size=20)))
def test_any_bytes(pieces: list[bytes]) -> None:
    """Nothing that comes from a keyboard raises, or piles up."""
    keys = Keys()
    for piece in pieces:
        keys.feed(piece)

    assert len(keys._left) <= 16
