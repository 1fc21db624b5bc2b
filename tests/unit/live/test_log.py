"""log: messages become lines on stderr, limited in length and number, and never block a reader."""

import os
import select
import threading

import pytest

from telegraf_han.live.log import CAUSES_REMEMBERED, LINE_LIMIT_BYTES, Log, rendered


class Clock:
    """Seconds that stand until they are moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def heard(reading: int) -> list[str]:
    """All lines in a pipe."""
    data = b""
    while select.select([reading], [], [], 0)[0] and (more := os.read(reading, 65536)):
        data += more
    return data.decode().splitlines()


def test_level_and_text(pipe: tuple[int, int]) -> None:
    """A message is one line that begins with its level as Telegraf reads it."""
    log = Log(pipe[1])

    log.say("E", "one")
    log.say("D", "zwei äöü")

    assert heard(pipe[0]) == ["E! one", "D! zwei äöü"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nE! b", "W! a\\nE! b"),
        ("a\r\x1b[31mb\x00", "W! a\\r\\x1b[31mb\\x00"),
        ("a\u2028b\x85", "W! a\\u2028b\\x85"),
        ("a\udcffb", "W! a\\udcffb"),
    ],
    ids=["newline", "controls", "separators", "surrogate"],
)
def test_foreign_text_stays_in_its_line(text: str, line: str) -> None:
    """Control characters are escaped, so no foreign text can make a line of its own."""
    assert rendered("W", text) == line.encode() + b"\n"


@pytest.mark.parametrize("text", ["x" * 5000, "ż" * 5000, "\x00" * 5000], ids=["ascii", "two bytes", "escaped"])
def test_line_is_bounded(text: str) -> None:
    """A line stays below its limit, ends whole, and shows that it was cut."""
    line = rendered("W", text)

    assert len(line) <= LINE_LIMIT_BYTES
    assert line.decode().endswith("…\n")


def test_told_once_whatever_the_count(pipe: tuple[int, int]) -> None:
    """Texts that differ only in a count are told once. Texts about another code or meter are told, too."""
    log = Log(pipe[1])

    for count in (3, 40, 3):
        log.once("W", "home", f"1-0:32.7.0: {count} characters")
        log.once("W", "home", f"1-0:52.7.0: {count} characters")
        log.once("W", "home", f"a line of {count} characters stops at byte {count}.")
        log.once("W", "shop", f"record 04833C: {count} characters")
        log.once("W", "shop", f"record 04833D: {count} characters")

    assert heard(pipe[0]) == [
        "W! 1-0:32.7.0: 3 characters",
        "W! 1-0:52.7.0: 3 characters",
        "W! a line of 3 characters stops at byte 3.",
        "W! record 04833C: 3 characters",
        "W! record 04833D: 3 characters",
    ]


def test_recurring_fault_is_counted(pipe: tuple[int, int]) -> None:
    """A cause is said once a minute for each meter, and then how often it was left out."""
    clock = Clock()
    log = Log(pipe[1], clock=clock)

    for _ in range(5):
        log.repeated("W", "checksum", "home", "noise")
        log.repeated("W", "checksum", "shop", "noise")
        log.repeated("W", "key", "home", "key")
    clock.now_s += 59
    log.repeated("W", "checksum", "home", "noise")
    first = heard(pipe[0])
    clock.now_s += 1
    log.repeated("W", "checksum", "home", "noise")
    log.repeated("W", "checksum", "home", "noise")

    assert first == ["W! noise", "W! noise", "W! key"]
    assert heard(pipe[0]) == ["W! noise (5 more since this was last logged)"]


def test_some_lines_a_minute(pipe: tuple[int, int]) -> None:
    """A cause may be allowed several lines a minute; the rest is counted."""
    clock = Clock()
    log = Log(pipe[1], clock=clock)

    for number in range(5):
        log.repeated("D", "program", "attic", f"line {number}", a_minute=3)
    clock.now_s += 60
    log.repeated("D", "program", "attic", "line 5", a_minute=3)

    assert heard(pipe[0]) == ["D! line 0", "D! line 1", "D! line 2", "D! line 5 (2 more since this was last logged)"]


def test_memory_of_causes_is_bounded(pipe: tuple[int, int]) -> None:
    """However many pairs of cause and meter there are, what is remembered stays within its limit."""
    log = Log(pipe[1])

    for number in range(3 * CAUSES_REMEMBERED):
        log.repeated("W", "key", f"meter {number}", "x")
        heard(pipe[0])

    assert len(log._recurring) <= CAUSES_REMEMBERED


def test_reader_that_does_not_read_costs_lines_not_time(pipe: tuple[int, int]) -> None:
    """If stderr is full, lines are lost at once and nobody waits. The next line that goes through says how many were lost."""
    log = Log(pipe[1])
    writing = threading.Thread(target=lambda: [log.say("W", "x" * 500) for _ in range(1000)], daemon=True)
    writing.start()
    writing.join(5)
    assert not writing.is_alive()

    lines = heard(pipe[0])
    log.say("I", "back")
    log.say("I", "again")

    lost = 1000 - len(lines)
    assert lost > 0
    assert set(lines) == {"W! " + "x" * 500}
    assert heard(pipe[0]) == [f"I! back ({lost} lines before this one were lost, because nobody read stderr)", "I! again"]


def test_closed_stderr_is_no_error(pipe: tuple[int, int]) -> None:
    """A log without anybody at the other end, or without a descriptor, stays silent."""
    os.close(pipe[0])
    log = Log(pipe[1])
    log.say("W", "nobody reads")
    os.close(pipe[1])
    log.say("W", "nowhere to write")
    Log(-1).say("W", "no number at all")
