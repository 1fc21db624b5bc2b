"""Three paths from bytes to a line, in instructions: a change that makes one 5 % slower fails here, on any machine.

`counts.json` has the count of each path for each minor version of Python, as a share of the reference workload's. After a change that is
meant to cost or save time, `pytest tests/benchmarks/test_paths.py --accept` writes what is counted now. The diff is then what gets reviewed.
"""

import json
import sys
from pathlib import Path

import instructions
import paths
import pytest

HERE = Path(__file__).parent
STORED = HERE / "counts.json"
FOLDERS = (HERE.parents[1] / "plugin", HERE.parent / "tools")
TOLERANCE = 0.05
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture(scope="module")
def shares(request: pytest.FixtureRequest) -> dict[str, float]:
    """The counts of all paths as shares of the reference's. With `--accept` they are stored."""
    counts = instructions.counted(HERE / "paths.py", folders=FOLDERS)
    found = {name: round(counts[name] / counts["reference"], 4) for name in paths.PATHS}
    if request.config.getoption("--accept"):
        stored = json.loads(STORED.read_text()) if STORED.exists() else {}
        stored[VERSION] = found
        STORED.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n")
    return found


def verdict(found: float, stored: float) -> str:
    """What is to be said of a share that is not the stored one. "" if they are as good as the same."""
    change = found / stored - 1
    if abs(change) <= TOLERANCE:
        return ""
    if change > 0:
        return f"{change:.1%} more instructions than stored. If that is meant, run pytest tests/benchmarks/test_paths.py --accept"
    return f"{-change:.1%} fewer instructions than stored. Keep that: run pytest tests/benchmarks/test_paths.py --accept"


@pytest.mark.parametrize("name", paths.PATHS)
def test_path(name: str, shares: dict[str, float]) -> None:
    """A telegram takes as many instructions as before, to 5 %. What became faster has to be stored, so that it stays."""
    stored = json.loads(STORED.read_text()).get(VERSION)
    assert stored is not None, f"no counts are stored for Python {VERSION}: run pytest tests/benchmarks/test_paths.py --accept"

    said = verdict(shares[name], stored[name])

    assert said == "", f"{name}: {said}"


@pytest.mark.parametrize(
    ("found", "expected"),
    [(1.0, ""), (1.049, ""), (0.951, ""), (1.06, "6.0% more instructions"), (0.94, "6.0% fewer instructions")],
)
def test_verdict(found: float, expected: str) -> None:
    """Six percent more or fewer is said, and how to accept it. Four percent is not."""
    assert verdict(found, 1.0)[: len(expected) or None] == expected
