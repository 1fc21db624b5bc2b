"""terminal.text: turns pieces into text that fits the terminal's columns and holds no commands."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telegraf_han.terminal import text
from telegraf_han.terminal.text import Style

FULL, PLAIN = Style(), Style(wide_charset=False, colours=False)
ATTRIBUTE = re.compile(r"\x1b\[[0-9;]+m")


@pytest.mark.parametrize(
    ("environment", "coerced", "expected"),
    [
        ({"LANG": "pl_PL.UTF-8", "TERM": "xterm"}, False, Style(True, True)),
        ({"LANG": "pl_PL.utf8", "TERM": "xterm"}, False, Style(True, True)),
        ({"LANG": "pl_PL.UTF-8", "LC_ALL": "C", "TERM": "xterm"}, False, Style(False, True)),
        ({"LANG": "pl_PL.ISO-8859-2", "LC_CTYPE": "C.UTF-8", "TERM": "xterm"}, False, Style(True, True)),
        ({"LC_CTYPE": "C.UTF-8", "TERM": "xterm"}, True, Style(False, True)),
        ({"TERM": "xterm"}, False, Style(False, True)),
        ({"LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1"}, False, Style(True, False)),
        ({"LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": ""}, False, Style(True, True)),
        ({"LANG": "C.UTF-8", "TERM": "dumb"}, False, Style(True, False)),
    ],
    ids=["UTF-8", "utf8", "LC_ALL first", "LC_CTYPE next", "Python's own choice", "nothing said", "NO_COLOR", "empty NO_COLOR", "dumb"],
)
def test_style(environment: dict[str, str], coerced: bool, expected: Style) -> None:
    """The environment says what can be shown; what it does not say is not assumed."""
    assert text.style(environment, coerced=coerced) == expected


@pytest.mark.parametrize(
    ("written", "look", "expected"),
    [
        ("plain", FULL, "plain"),
        ("Łódź", FULL, "Łódź"),
        ("Łódź – 1", PLAIN, "Lodz - 1"),
        ("a\x1b[2Jb\x07\x9b", FULL, "a?[2Jb??"),
        ("a\x1b]0;x\x07", PLAIN, "a?]0;x?"),
        ("漢", PLAIN, "?"),
    ],
    ids=["ASCII", "Polish", "Polish in seven bits", "commands", "a title in seven bits", "another script"],
)
def test_nothing_a_terminal_obeys(written: str, look: Style, expected: str) -> None:
    """A meter's text cannot send commands to the terminal, and what cannot be shown has a stand-in."""
    assert text.shown(written, look) == expected


@given(
    st.lists(st.tuples(st.text(max_size=12), st.sampled_from(["", "strong", "bad", "good"])), max_size=5),
    st.integers(0, 30),
    st.sampled_from([FULL, PLAIN]),
)
def test_rendered_fits(line, columns: int, look: Style) -> None:
    """Any text takes no more columns than there are, and attributes are the only commands in it."""
    found = ATTRIBUTE.sub("", text.rendered(line, columns, look))

    assert text.cells(found) <= columns
    assert found.isprintable()
    assert look.wide_charset or found.isascii()


def test_colours_are_attributes_only_where_allowed() -> None:
    """A bad thing is bold red, without colours bold."""
    assert text.rendered([("x", "bad")], 9, FULL) == "\x1b[1;31mx\x1b[0m"
    assert text.rendered([("x", "bad"), ("y", "good")], 9, PLAIN) == "\x1b[1mx\x1b[0my"


def test_a_wide_character_takes_two_columns() -> None:
    """What does not fit whole is not shown at all."""
    assert (text.cells("漢字"), text.cells("e\u0301"), text.clipped("漢字", 3), text.padded("漢", 4)) == (4, 1, "漢", "漢  ")


@pytest.mark.parametrize(
    ("values", "top", "rows", "expected"),
    [
        ([0.0, 1.0, 50.0, 100.0], 100.0, 1, ["▁▁▄█"]),
        ([None, 100.0, None], 100.0, 1, [" █ "]),
        ([0.0, 50.0, 75.0, 100.0], 100.0, 2, ["  ▄█", "▁███"]),
        ([0.0, 0.0], 0.0, 1, ["▁▁"]),
        ([200.0], 100.0, 1, ["█"]),
        ([-5.0], 100.0, 1, [" "]),
        ([], 100.0, 2, ["", ""]),
    ],
    ids=["steps", "gaps", "two lines", "nothing at all", "over the top", "below nothing", "none"],
)
def test_bars(values: list[float | None], top: float, rows: int, expected: list[str]) -> None:
    """Bars in eighths of a line; zero is seen, a gap is not."""
    assert text.bars(values, top, FULL, rows) == expected


def test_bars_in_seven_bits() -> None:
    """Without UTF-8 denser characters stand for higher bars."""
    assert text.bars([None, 0.0, 50.0, 100.0], 100.0, PLAIN) == [" .=#"]


def test_table_wrapped_folded() -> None:
    """Columns of one width, items in as many lines as they need, pieces broken between each other."""
    assert text.table([["a", "bb"], ["ccc", "d"]], (1,)) == [["a  ", "bb"], ["ccc", " d"]]
    assert text.table([]) == []
    assert text.wrapped(["one", "two", "three"], 9, " ", "  ") == ["one two", "  three"]
    assert text.folded([("abc", ""), ("  ", ""), ("def", "bad"), ("  g", "")], 6) == [
        [("abc", ""), ("  ", "")],
        [("def", "bad"), ("  g", "")],
    ]


def test_remarks_are_folded_the_newest_first() -> None:
    """The newest sentences of the log are shown whole, and older ones if there is room."""
    long = "W! " + "word " * 30

    found = [line[0][0] for line in text.remarked([long, long, "I! there"], 60)]

    assert found[-1] == "I! there"
    assert sum(line.startswith("W!") for line in found) == 1
    assert len(found) <= text.REMARK_ROWS
