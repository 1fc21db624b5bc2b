"""The forge's workflows: valid, pinned, with the least rights, and built of what this repository has. They cannot run here."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from document import ROOT

FOLDER = ROOT / ".github/workflows"
NAMES = sorted(path.name for path in FOLDER.iterdir())
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
WRITES = {"pypi": {"id-token": "write"}, "images": {"packages": "write"}, "release": {"contents": "write"}}
"""The jobs that publish, and the one right of each."""


def workflow(name: str) -> dict[str, Any]:
    """A workflow. YAML reads its key `on` as True."""
    read: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text())
    read["on"] = read.pop(True)
    return read


def steps(name: str) -> list[dict[str, Any]]:
    """All steps of all jobs."""
    return [step for job in workflow(name)["jobs"].values() for step in job.get("steps", [])]


@pytest.mark.parametrize("name", NAMES)
def test_published_schema(name: str) -> None:
    """The file is one that the forge takes, as far as its published schema says it."""
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(FOLDER / name)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned(name: str) -> None:
    """Each action is a commit, with its version beside it. The same version is the same commit in all workflows."""
    used = re.findall(r"uses: (.+)", (FOLDER / name).read_text())
    all_used = {use for other in NAMES for use in re.findall(r"uses: (.+)", (FOLDER / other).read_text()) if "@" in use}

    assert used
    for use in used:
        assert use.startswith("./") or PINNED.fullmatch(use), use
    assert len({use.partition("@")[0] for use in all_used}) == len(all_used)


@pytest.mark.parametrize("name", NAMES)
def test_least_rights(name: str) -> None:
    """A workflow has no right. A job has one only if it publishes, else it reads. No job keeps the token of its checkout, and each ends."""
    read = workflow(name)

    assert read["permissions"] == {}
    for title, job in read["jobs"].items():
        assert job["permissions"] == WRITES.get(title, {"contents": "read"}), title
        assert "timeout-minutes" in job or "uses" in job
    for step in steps(name):
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_put_into_a_script(name: str) -> None:
    """What others may name, such as a branch, never becomes part of a script: it is a variable of the environment."""
    assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_run_is_there(name: str) -> None:
    """Each stage of ./dev, and each script of this repository, exists."""
    stages = set(re.findall(r"^stage_(\w+)\(\)", (ROOT / "dev").read_text(), re.MULTILINE))
    runs = "\n".join(step["run"] for step in steps(name) if "run" in step)

    for words in re.findall(r"\./dev ((?:\w+ ?)+)", runs):
        assert set(words.split()) <= stages
    for script in re.findall(r"(?:python3|bash) ([\w./-]+)", runs):
        assert (ROOT / script).is_file()


def test_ci_runs_the_one_script() -> None:
    """CI of the forge runs what any other CI runs."""
    assert steps("ci.yml")[-1] == {"run": "sudo --preserve-env=PATH,HOME bash .ci/run"}
    assert set(workflow("ci.yml")["on"]) == {"push", "pull_request", "workflow_call"}


def test_only_a_tag_publishes() -> None:
    """A release starts with a tag, after all tests. The jobs that write run after the build, and check out nothing."""
    read = workflow("release.yml")
    jobs = read["jobs"]

    assert read["on"] == {"push": {"tags": ["v*"]}}
    assert jobs["test"]["uses"] == "./.github/workflows/ci.yml"
    assert jobs["build"]["needs"] == "test"
    assert {title: jobs[title]["needs"] for title in WRITES} == {"pypi": "build", "images": "build", "release": ["pypi", "images"]}
    assert all("checkout" not in step.get("uses", "") for title in WRITES for step in jobs[title]["steps"])
    assert jobs["pypi"]["environment"] == "pypi"


def test_what_is_downloaded_was_uploaded() -> None:
    """The publishing jobs take what the build gave, under the same names."""
    jobs = workflow("release.yml")["jobs"]
    given = {step["with"]["name"] for step in jobs["build"]["steps"] if "upload-artifact" in step.get("uses", "")}
    taken = {step["with"]["name"] for title in WRITES for step in jobs[title]["steps"] if "download-artifact" in step.get("uses", "")}

    assert given == taken
