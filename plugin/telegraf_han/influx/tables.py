"""Reads the rows of a table out of a file: encoding, delimiter, quotes and numbers, as portals and spreadsheets write them.

[seen] a portal's file with quoted headings of two lines, with cells that a spreadsheet protects (`="2026-05-01 04:59"`), and with a zero
byte on both sides of such a cell. Spreadsheets also write no-break spaces between thousands.
"""

import csv
import re
from collections.abc import Sequence
from typing import Final

from telegraf_han.errors import ConfigError

SIZE_LIMIT_BYTES: Final = 64 << 20
"""Ten years of quarter hours are 20 MB. The whole file has to be read before its first line can be understood."""
HEAD_LIMIT: Final = 50
"""Rows in which a heading is searched for. Portals put a few lines of customer data above the heading."""

Rows = list[tuple[int, list[str]]]
"""Number of the line, from 1, and its cells."""

_PROTECTED: Final = re.compile(r'="(.*)"')
_NUMBER: Final = re.compile(r"([+-]?)(\d+)(?:[.,](\d{1,9}))?")
_SPACES: Final = str.maketrans(dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE} '") | {"\N{MINUS SIGN}": "-"})


def text_of(content: bytes) -> str:
    """Decode a file: as UTF-16 if its first bytes say so, else as UTF-8, else as Windows' code page of central Europe."""
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1250")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def rows_of(text: str) -> Rows:
    """All rows that have a cell with text. Raises ConfigError."""
    lines = text.replace("\0", "").splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=_delimiter([line for line in lines[:HEAD_LIMIT] if line.strip()]))
    try:
        return [(reader.line_num, [_cell(cell) for cell in row]) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ConfigError("", "", f"a table is expected, but line {reader.line_num} cannot be read: {error}") from None


def _cell(text: str) -> str:
    text = text.strip()
    protected = _PROTECTED.fullmatch(text)
    return protected[1].strip() if protected else text


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter that most lines have. A comma is the last choice, because it may be a decimal comma."""
    return next((mark for mark in (";", "\t") if sum(mark in line for line in lines) * 2 > len(lines)), ",")


def plain(heading: str) -> str:
    """A heading for comparison: without its line ends, and in small letters."""
    return " ".join(heading.split()).casefold()


def column_of(headings: Sequence[str], named: str) -> int | None:
    """The column that a user names by its heading, or by its number from 1. `headings` are plain."""
    if named.isdigit():
        return int(named) - 1 if 0 < int(named) <= len(headings) else None
    return next((column for column, heading in enumerate(headings) if heading == plain(named)), None)


def number(text: str) -> tuple[int, int] | None:
    """A number as digits and a power of ten, exact; None if the text is no number."""
    parts = _NUMBER.fullmatch(text.translate(_SPACES))
    if parts is None:
        return None
    decimals = parts[3] or ""
    return int(f"{parts[1]}{parts[2]}{decimals}"), -len(decimals)
