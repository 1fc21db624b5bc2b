"""A page of documentation into what tests hold against the program: headings, blocks of code, tables, links, code spans.

It knows the Markdown that our pages are written in, no more: fenced blocks, blocks indented by four spaces (and by the list item they
stand in), tables with a bar at both ends.
"""

import re
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_FENCE = "```"
_INDENTED = re.compile(r" {4,}\S")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
_SPAN = re.compile(r"`([^`]+)`")
_MARK = re.compile(r"<!--.*?-->")


class Heading(NamedTuple):
    depth: int
    text: str


class Document:
    """One page."""

    def __init__(self, name: str) -> None:
        """`name` is relative to the repository."""
        self.path = ROOT / name
        self.text = self.path.read_text()
        self.prose: list[str] = []
        """Lines outside of code."""
        self.blocks: list[str] = []
        """The text of each block of code."""
        self.languages: list[str] = []
        """What stands behind each block's fence."""
        self._read()

    def _read(self) -> None:
        lines = self.text.splitlines()
        at = 0
        while at < len(lines):
            stripped = lines[at].strip()
            if stripped.startswith(_FENCE):
                end = next(row for row in range(at + 1, len(lines)) if lines[row].strip() == _FENCE)
                self._add(lines[at + 1 : end], stripped.removeprefix(_FENCE))
                at = end + 1
            elif _INDENTED.match(lines[at]) and not lines[at - 1].strip():
                end = at
                while end < len(lines) and (not lines[end].strip() or _INDENTED.match(lines[end])):
                    end += 1
                self._add(lines[at:end], "sh")
                at = end
            else:
                self.prose.append(_MARK.sub("", lines[at]))
                at += 1

    def _add(self, lines: list[str], language: str) -> None:
        self.blocks.append(dedent("\n".join(lines)).strip("\n") + "\n")
        self.languages.append(language)

    @property
    def headings(self) -> list[Heading]:
        found = (re.match(r"(#+) (.*)", line) for line in self.prose)
        return [Heading(len(match[1]), match[2]) for match in found if match]

    @property
    def tables(self) -> list[list[list[str]]]:
        """Each table's rows, each row's cells, without the line of dashes."""
        tables: list[list[list[str]]] = []
        inside = False
        for line in self.prose:
            bar = line.strip().startswith("|")
            if bar and not inside:
                tables.append([])
            if bar and set(line) - set("|- :"):
                tables[-1].append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))])
            inside = bar
        return tables

    @property
    def links(self) -> list[str]:
        """Where it leads to, pictures included."""
        text = "\n".join(self.prose)
        # A picture may be inside of a link, so they are found on their own.
        return _PICTURE.findall(text) + _LINK.findall(_PICTURE.sub("", text))

    @property
    def anchors(self) -> set[str]:
        """What may stand behind a #, as GitHub makes it of headings."""
        return {re.sub(r"[^\w\- ]", "", heading.text.lower()).replace(" ", "-") for heading in self.headings}

    def section(self, title: str) -> "Document":
        """The part below a heading, up to the next one of its depth."""
        (depth,) = {heading.depth for heading in self.headings if heading.text == title}
        part = self.text.split(f"\n{'#' * depth} {title}\n", 1)[1]
        cut = object.__new__(Document)
        cut.path, cut.text = self.path, re.split(rf"^#{{1,{depth}}} ", part, maxsplit=1, flags=re.MULTILINE)[0]
        cut.prose, cut.blocks, cut.languages = [], [], []
        cut._read()
        return cut


def spans(cell: str) -> list[str]:
    """The code spans of a text."""
    return _SPAN.findall(cell)
