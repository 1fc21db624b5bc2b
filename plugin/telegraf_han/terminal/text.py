"""Turns pieces of text with a role into a line that fits the columns of a terminal.

A line is a list of pieces. Each piece is a text and its role (strong, good, bad …). The look of a role depends on the terminal. Columns are
counted as a terminal counts them: a wide character takes two, and a combining character takes none. Characters that are not printable are
never passed on. Otherwise a meter's message, or a name, could send commands to the terminal. Without UTF-8 only ASCII characters are used.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from telegraf_han.printing import visible

Role = Literal["", "strong", "dim", "good", "warn", "bad", "title"]
Piece = tuple[str, Role]
Line = Sequence[Piece]


def lines(texts: Iterable[str], role: Role = "") -> list[Line]:
    """A line of one piece for each text."""
    return [[(text, role)] for text in texts]


class View(NamedTuple):
    """The part of a page that is visible, and the log lines below it."""

    columns: int
    rows: int
    top: int = 0
    """The first line of the scrolled part."""
    remarks: Sequence[str] = ()
    """The newest lines of the log."""


class Style(NamedTuple):
    """What the terminal can show."""

    wide_charset: bool = True
    """Whether it shows UTF-8."""
    colours: bool = True


_ATTRIBUTES: Final[dict[Role, str]] = {"strong": "1", "dim": "2", "bad": "1", "title": "7"}
_COLOURED: Final[dict[Role, str]] = _ATTRIBUTES | {"good": "32", "warn": "33", "bad": "1;31"}
_BARS: Final = " ▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = " .:-=+*%#"
_ASCII: Final = {"·": "-", "–": "-", "…": "~", "→": ">", "±": "+"} | dict(zip("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ", strict=True))
"""What replaces a character if only ASCII can be shown. Polish names stay readable."""
_UNKNOWN: Final = "?"


def style(environment: Mapping[str, str], *, coerced: bool) -> Style:
    """What a terminal of this environment can show. `coerced`: Python itself chose UTF-8, because the locale is "C" (PEP 538, 540)."""
    candidates = [environment.get("LC_ALL"), None if coerced else environment.get("LC_CTYPE"), environment.get("LANG")]
    charset = next(filter(None, candidates), "C").upper().replace("-", "")
    colours = not environment.get("NO_COLOR") and environment.get("TERM", "") not in MUTE
    return Style("UTF8" in charset, colours)


MUTE: Final = ("", "dumb")
"""Terminals (TERM) that cannot move their cursor."""


def shown(text: str, look: Style) -> str:
    """The text without characters that a terminal would take as a command or could not show."""
    seen = visible(text, _UNKNOWN)
    if look.wide_charset or seen.isascii():
        return seen
    seven_bit = (_ASCII.get(character, character) for character in seen)
    return "".join(character if character.isascii() else _UNKNOWN for character in seven_bit)


def cells(text: str) -> int:
    """Columns that a text takes."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(character: str) -> int:
    import unicodedata  # noqa: PLC0415, most pages do not need it

    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clipped(text: str, columns: int) -> str:
    """As much of a text as fits."""
    if cells(text) <= columns:
        return text
    kept, room = "", columns
    for character in text:
        room -= cells(character)
        if room < 0:
            break
        kept += character
    return kept


def padded(text: str, columns: int) -> str:
    """A text in exactly `columns` columns. It is cut or filled up at its right."""
    kept = clipped(text, columns)
    return kept + " " * (columns - cells(kept))


def rendered(line: Line, columns: int, look: Style) -> str:
    """A line for the terminal, at most `columns` wide."""
    attributes = _COLOURED if look.colours else _ATTRIBUTES
    parts, room = [], columns
    for text, role in line:
        kept = clipped(shown(text, look), room)
        room -= cells(kept)
        code = attributes.get(role)
        parts.append(f"\x1b[{code}m{kept}\x1b[0m" if code and kept else kept)
    return "".join(parts)


def plain(line: Line, look: Style) -> str:
    """A line for a file or a pipe: its text, nothing else."""
    return shown("".join(text for text, _ in line), look).rstrip()


def bars(values: Sequence[float | None], top: float, look: Style, rows: int = 1) -> list[str]:
    """A bar per value, `rows` lines high, the upper line first. None is a gap. Small values, even 0, still show the lowest bar."""
    levels = _BARS if look.wide_charset else _PLAIN_BARS
    highest = len(levels) - 1
    heights = [_height(value, top, rows * highest) for value in values]
    return ["".join(levels[min(highest, max(0, height - row * highest))] for height in heights) for row in range(rows - 1, -1, -1)]


def _height(value: float | None, top: float, whole: int) -> int:
    if value is None or value < 0:
        return 0
    return max(1, min(whole, round(value / top * whole))) if top > 0 else 1


def wrapped(items: Sequence[str], columns: int, gap: str = "   ", indent: str = "") -> list[str]:
    """Items side by side, in as many lines as they need. All lines but the first are indented."""
    found: list[str] = []
    for item in items:
        longer = f"{found[-1]}{gap}{item}" if found else item
        if found and cells(longer) <= columns:
            found[-1] = longer
        else:
            found.append(f"{indent if found else ''}{item}")
    return found


REMARK_ROWS: Final = 5
"""Lines of a page that the log may take: two and a half sentences."""
_REMARK_FOLDED: Final = 3
"""Lines that one sentence may take. The longest sentences of this program fit at 80 columns."""


def remarked(remarks: Sequence[str], columns: int) -> list[Line]:
    """The newest sentences of the log that fit, folded between words."""
    found: list[Line] = []
    for remark in reversed(remarks):
        sentence = wrapped(remark.split(" "), columns, " ", "   ")[:_REMARK_FOLDED]
        if len(found) + len(sentence) > REMARK_ROWS:
            break
        found = [*lines(sentence, "dim" if remark.startswith("I!") else "warn"), *found]
    return found


def folded(line: Line, columns: int) -> list[Line]:
    """Fold a line into as many lines as it needs, between its pieces. A blank at a break is left out."""
    found: list[list[Piece]] = [[]]
    room = columns
    for text, role in line:
        if found[-1] and cells(text.rstrip()) > room:
            found.append([])
            room = columns
        kept = text if found[-1] else text.lstrip()
        room -= cells(kept)
        if kept:
            found[-1].append((kept, role))
    return [*found]


def table(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[list[str]]:
    """Pad the cells of each column to one width. The columns in `right` are aligned to the right."""
    if not rows:
        return []
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    return [[_aligned(cell, width, column in right) for column, (cell, width) in enumerate(zip(row, widths, strict=True))] for row in rows]


def _aligned(cell: str, columns: int, to_the_right: bool) -> str:  # noqa: FBT001, see table
    gap = " " * (columns - cells(cell))
    return gap + cell if to_the_right else cell + gap
