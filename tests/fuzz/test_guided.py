"""The targets of the coverage-guided fuzzer, each for some hundred runs from its corpus with a fixed seed."""

import subprocess
import sys
from pathlib import Path

import pytest
import targets

GUIDED = Path(__file__).parent / "guided.py"
RUNS = {"redaction": 150}


@pytest.mark.parametrize("name", targets.TARGETS)
def test_no_rule_is_broken(name: str, tmp_path: Path) -> None:
    """Bytes that are looked for by the branches that they reach break no rule."""
    words = [sys.executable, str(GUIDED), name, str(RUNS.get(name, 1000)), "1", str(tmp_path)]

    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {RUNS.get(name, 1000)} runs" in done.stdout + done.stderr


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_corpus_is_invented_and_small(name: str) -> None:
    """The corpus is made, the same each time, and small. So nothing of a household is in it."""
    first, second = targets.corpus(name), targets.corpus(name)

    assert first == second
    assert 5 < len(first) < 200
    assert sum(map(len, first)) < 100_000
