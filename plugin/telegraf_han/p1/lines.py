"""Finds the lines of a P1 text: each becomes a code, the text of its value, and its unit.

A line is `code(value[*unit])`, sometimes with more groups (P1 companion 5.0.2, 6.4). There are two ways to read a text. `at_once` takes
all lines with one regular expression, or nothing. If one line is not simple, the whole text is read by `found`, line by line. What
`at_once` takes, `found` takes in the same way. A property test compares the two.

A line of several groups becomes simple lines, too. A time stamp beside a value (`(stamp)(value)`, or the other way round) becomes a line of
its own behind the value, with `AS_TIME` for a unit. DSMR 2.2's `(stamp)(00)(60)(1)(code)(unit)(value)` names its own code. Event logs and
profiles stay text (`AS_TEXT`). What is no line, and what is left of a line without its end, becomes a flaw. So nothing is lost in silence.

Codes are those of DSMR, without medium and channel if the meter leaves them out, and those of optical ports with C, F, L or P for group C
(IEC 62056-61). Any other letter before a code makes a line that is no line.
"""

import re
from functools import lru_cache
from typing import Final

from telegraf_han.errors import RecordError
from telegraf_han.language import _

Triple = tuple[bytes, bytes, bytes]
"""Code, value, unit."""

Lines = tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]
"""The same of many lines: all codes, all values, all units."""

LINES_LIMIT: Final = 512
"""The most lines in one telegram. The longest real ones have about 60."""
FLAWS_LIMIT: Final = 8
AS_TEXT: Final = b"(text"
"""Takes the place of a unit. It means that the value is the text of all groups of the line, unchanged. No unit is like it, because brackets
come in pairs."""
AS_TIME: Final = b"(time"
"""Takes the place of a unit. It means that the value is the time stamp of the line before."""

_DIGIT_CODE: Final = rb"(?:\d{1,3}-\d{1,3}:)?\d{1,3}\.\d{1,3}(?:\.\d{1,3})?(?:[*.]\d{1,3})?"
_LETTER_CODE: Final = rb"(?:\d{1,3}-\d{1,3}:)?[CFLP]\.(?:\d{1,3}|F)(?:\.\d{1,3}){0,2}(?:\*\d{1,3})?"
_ONE_CODE: Final = re.compile(_DIGIT_CODE)
_SIMPLE_LINE: Final = re.compile(rb"([^(\r\n]{3,23}+)\((?!\*\*)([^*()\r\n]*+)\*?+([^()\r\n]*+)\)(?:[\r\n]++|\Z)|[^\r\n]++")
"""A simple line, or a line that is not simple, with empty groups. No repetition is tried twice, and a code is as long as the longest one at
most. So the time is linear in the length of a text. Codes are checked afterwards."""

# The patterns of lines that are not simple. They are compiled when such a line comes, because many meters send none.
_CONTENT: Final = rb"(?:[^()]++|\([^()]*+\))*+"
"""What is in a group. It may hold brackets, but these hold no others."""
_GROUP: Final = rb"\((%b)\)" % _CONTENT
_GROUPED: Final = rb"(%b|%b)((?:\(%b\)[ \t]*+)++)[) \t\0]*+" % (_DIGIT_CODE, _LETTER_CODE, _CONTENT)
"""A code and its groups."""
_STAMP: Final = rb"[\dFf]{10,13}[SsWw]?|(?:20)?\d\d-\d\d-\d\d(?:,? |[T,])\d\d:\d\d(?::\d\d)?[SsWw]?"
_PART_OF_A_LINE: Final = rb"[()\d]"
"""Characters of a line. Others behind a value are noise."""
_BLANK: Final = b" \t\0"


def note(flaws: list[str], phrase: str) -> None:
    """Add a flaw, unless there are enough of them."""
    if len(flaws) < FLAWS_LIMIT:
        flaws.append(phrase)


def at_once(text: bytes) -> Lines | None:
    """The lines of a text that has simple lines only."""
    lines: list[Triple] = _SIMPLE_LINE.findall(text)
    if not 0 < len(lines) <= LINES_LIMIT:
        return None
    codes, values, units = zip(*lines, strict=True)
    return (codes, values, units) if all(map(_is_code, codes)) else None


def places(text: bytes) -> list[tuple[int, int]]:
    """Where the values stand in a text that has simple lines only."""
    return [line.span(2) for line in _SIMPLE_LINE.finditer(text)]


@lru_cache(1024)
def _is_code(text: bytes) -> bool:
    """Whether this is a code. It is remembered, because a meter sends the same codes each second."""
    return _ONE_CODE.fullmatch(text) is not None


def found(text: bytes, flaws: list[str]) -> Lines:
    """The lines of any text. What cannot be read becomes a flaw. Raises RecordError if there are no lines or too many."""
    triples: list[Triple] = []
    for line in _joined(text):
        simple = _SIMPLE_LINE.fullmatch(line)
        if simple is not None and simple[1] and _is_code(simple[1]):
            triples.append(simple.groups())  # type: ignore[arg-type]
        else:
            triples += _of_line(line, flaws)
    if not triples:
        raise RecordError(_("no line of the telegram is an OBIS code with a value"))
    if len(triples) > LINES_LIMIT:
        raise RecordError(_("telegram has {size} lines, more than {limit}", size=len(triples), limit=LINES_LIMIT))
    codes, values, units = zip(*triples, strict=True)
    return codes, values, units


@lru_cache
def _pattern(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text)


def _joined(text: bytes) -> list[bytes]:
    """All lines.

    A line that begins with "(" continues the line before it (DSMR 2.2's gas reading). A line whose bracket stays open is continued by the
    lines behind it that open none, up to the one that closes it (a message of several lines).
    """
    lines: list[list[bytes]] = []
    open_at = -1
    for raw in text.splitlines():
        line = raw.strip(_BLANK)
        if not line:
            continue
        if line.startswith(b"(") and lines:
            lines[-1].append(line)
            continue
        lines.append([line])
        if b"(" in line:
            open_at = len(lines) - 1 if line.count(b"(") > line.count(b")") else -1
        elif b")" in line and open_at >= 0:
            lines[open_at:] = [[b"\n".join([b"".join(parts) for parts in lines[open_at:]])]]
            open_at = -1
    return [b"".join(parts) for parts in lines]


def _of_line(line: bytes, flaws: list[str]) -> list[Triple]:
    """What one line says. Each flaw names the code before it."""
    triples: list[Triple] = []
    at, code = 0, ""
    while (line_found := _pattern(_GROUPED).match(line, at)) is not None:
        if code:
            note(flaws, _("{code}: another line follows the value without a line end", code=code))
        code = line_found[1].decode("ascii")
        triples += _simple(line_found[1], line_found[2])
        at = line_found.end()
    if not code:
        note(flaws, _("a line of {size} characters that is not an OBIS code with a value", size=len(line)))
    elif _pattern(_PART_OF_A_LINE).search(line, at):
        note(flaws, _("{code}: {size} characters after the value that are not a line", code=code, size=len(line) - at))
    return triples


def _simple(code: bytes, groups: bytes) -> list[Triple]:
    """A line as simple ones. What has another form (event logs and profiles) stays text."""
    contents: list[bytes] = _pattern(_GROUP).findall(groups)
    first, last = contents[0], contents[-1]
    if len(contents) == 1:
        return [(code, *_parted(_bare(first)))]
    if len(contents) == 2:  # noqa: PLR2004, a value and its time stamp
        if _pattern(_STAMP).fullmatch(first) or (not first and b"*" in last):
            return [(code, *_parted(last)), (code, first, AS_TIME)]
        if _pattern(_STAMP).fullmatch(last) and (last[-1:].isalpha() or b"*" in first or b"." in first):
            return [(code, *_parted(first)), (code, last, AS_TIME)]
    elif len(contents) > 3 and _is_code(contents[-3]) and contents[-2][:1].isalpha() and b"*" not in last:  # noqa: PLR2004, the three that count
        stamp = [(contents[-3], first, AS_TIME)] if _pattern(_STAMP).fullmatch(first) else []
        return [(contents[-3], last, contents[-2]), *stamp]
    return [(code, groups, AS_TEXT)]


def _parted(content: bytes) -> tuple[bytes, bytes]:
    """Value and unit. Several stars at the beginning are no sign of a unit, but stand for figures that the meter does not have."""
    if content.startswith(b"**"):
        return content, b""
    value, _, unit = content.partition(b"*")
    return value, unit


def _bare(content: bytes) -> bytes:
    """The content of a group without a second pair of brackets around it: some meters send `((ER11))` [seen]."""
    inner = content[1:-1]
    return inner if content == b"(%b)" % inner and b"(" not in inner and b")" not in inner else content
