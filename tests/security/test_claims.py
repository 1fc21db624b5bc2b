"""SECURITY.md and its tests: each claim names a test that exists, so nothing is claimed that nobody shows."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from document import Document

ROOT = Path(__file__).parents[2]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
TABLES = [table for table in Document("SECURITY.md").tables if table[0][-1] == "test"]
CLAIMS = [row for table in TABLES for row in table[1:] if not set(row[0]) <= set("-: ")]


@cache
def _named_in(path: str) -> frozenset[str]:
    """The names of a file's tests."""
    return frozenset(node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef))


def test_the_tables_are_found() -> None:
    """There is a table of what is protected, and one of each kind of attacker."""
    assert len(TABLES) >= 7
    assert len(CLAIMS) >= 40


@pytest.mark.parametrize("claim", CLAIMS, ids=range(len(CLAIMS)))
def test_each_claim_names_its_test(claim: list[str]) -> None:
    """The last cell is the path and name of one test that is there."""
    named = TEST.fullmatch(claim[-1].strip())

    assert named is not None, claim
    assert named[2] in _named_in(named[1])
