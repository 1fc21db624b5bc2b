"""Options of the whole test run."""

import os

import hypothesis
import pytest

os.environ["LANGUAGE"] = "C"  # whatever the developer speaks: tests expect English, and say so if they want Polish


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--accept` writes what the program says into the case folders' expected files; the diff is then what gets reviewed."""
    parser.addoption("--accept", action="store_true", help="rewrite expected.lp and expected.obis.lp of the case folders")


# The same examples each run: a red build then means a change, never a throw of the dice. `--hypothesis-profile=search` looks further.
# How long an example takes says more about what else the machine does than about the code, so no example is ever too slow.
_PATIENT = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, max_examples=50, **_PATIENT)
hypothesis.settings.register_profile("search", max_examples=5000, database=None, **_PATIENT)
hypothesis.settings.load_profile("repeatable")
