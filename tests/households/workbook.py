"""Reads the cells of a sheet (.xlsx) with the standard library alone: values as they were computed when it was saved."""

import datetime as dt
import functools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
EPOCH = dt.date(1899, 12, 30)

Rows = list[dict[str, str]]


@functools.cache
def table(path: Path, title: str, first_head: str) -> Rows:
    """The rows of a sheet from the row of heads on, which begins with `first_head`. A cell that is empty is left out."""
    with zipfile.ZipFile(path) as book:
        shared = ["".join(part.text or "" for part in item.iter(f"{MAIN}t")) for item in _tree(book, "xl/sharedStrings.xml")]
        links = {link.get("Id"): link.get("Target", "") for link in _tree(book, "xl/_rels/workbook.xml.rels")}
        names = {sheet.get("name"): links[sheet.get(RELATION)] for sheet in _tree(book, "xl/workbook.xml").iter(f"{MAIN}sheet")}
        rows = list(_rows(_tree(book, f"xl/{names[title]}"), shared))
    start = next(place for place, row in enumerate(rows) if row.get("A") == first_head)
    heads = rows[start]
    return [{heads[column]: text for column, text in row.items() if column in heads} for row in rows[start + 1 :]]


def _tree(book: zipfile.ZipFile, name: str) -> ET.Element:
    return ET.fromstring(book.read(name))


def _rows(tree: ET.Element, shared: list[str]) -> Iterator[dict[str, str]]:
    for row in tree.iter(f"{MAIN}row"):
        cells = {}
        for cell in row:
            value = cell.find(f"{MAIN}v")
            if value is not None and value.text:
                column = re.match("[A-Z]+", cell.get("r", ""))
                assert column
                cells[column[0]] = shared[int(value.text)] if cell.get("t") == "s" else value.text
        yield cells


def day(number: str) -> dt.date:
    """A date from the sheet's number of it."""
    return EPOCH + dt.timedelta(days=int(number))


def bills(path: Path) -> Iterator[tuple[str, str, str]]:
    """Period, component and amount of each cell of the sheet's bills. Rounded amounts have two decimals, exact ones eight."""
    for row in table(path, "Bill", "period"):
        for component, value in row.items():
            if component.endswith("_exact"):
                yield day(row["period"]).isoformat(), component, f"{float(value):.8f}"
            elif component.endswith("_wh") or component == "hours":
                yield day(row["period"]).isoformat(), component, f"{float(value):.0f}"
            elif component != "period":
                yield day(row["period"]).isoformat(), component, f"{float(value):.2f}"
