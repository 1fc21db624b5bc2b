"""Options of the whole test run."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--accept` writes what the program says into the case folders' expected files; the diff is then what gets reviewed."""
    parser.addoption("--accept", action="store_true", help="rewrite expected.lp and expected.obis.lp of the case folders")
