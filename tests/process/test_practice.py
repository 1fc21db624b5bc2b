"""docs/by-hand.md, "Practise without a meter": its commands, taken out of the document, do what it says."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import practice
from document import Document
from practice import Practice

ROOT = os.geteuid() == 0
"""Whom `check` tells that it says little of what Telegraf's user may."""


@pytest.fixture
def practise(tmp_path: Path) -> Iterator[Callable[[list[str]], Practice]]:
    """Start a shell with these commands; it and its children are gone at the test's end."""
    running: list[Practice] = []

    def started(commands: list[str]) -> Practice:
        running.append(Practice(tmp_path, commands))
        return running[-1]

    yield started
    for one in running:
        one.close()


def test_practice(practise, tmp_path: Path) -> None:
    """A newcomer who pastes the commands one after the other gets what the text promises, and a clean folder at the end."""
    commands = [block for block in practice.steps() if "telegraf --config" not in block]
    one = practise(commands)
    one.terminal.wait_for("home  p1  GAMA350  35000001", "verified", "no errors", "q quit")
    one.terminal.press("q")

    said = one.until_end()

    failed = re.findall(f"^{practice.FAILED}(.*)", said, re.MULTILINE)
    assert [command for command in failed if not (ROOT and command.startswith("telegraf-han check"))] == [
        "telegraf-han keys --config han.toml"
    ]
    assert "encryption_key and authentication_key are swapped" in said
    checked = re.findall(r"^(?:ok|warning|error) .*", said, re.MULTILINE)
    assert len(checked) >= 3 + 5
    assert [line for line in checked if not line.startswith("ok ") and not (ROOT and " user" in line)] == []
    (pasted,) = (block for block in commands if 'id = "35000001"' in block)
    section = pasted.partition("[[meter]]\n")[2].partition("\nTOML")[0]
    for line in section.splitlines():
        assert re.search(f"^{re.escape(line)}( |$)", said, re.MULTILINE), line
    assert sorted(path.name for path in (tmp_path / ".cache").iterdir()) == []


def test_words_shown_are_the_programs_own() -> None:
    """The section that `scan` prints is the same in the description and in the practice."""
    document = Document("docs/by-hand.md")
    (shown,) = (
        block for block, language in zip(document.blocks, document.languages, strict=True) if language == "text" and "maker " in block
    )
    (pasted,) = (block for block in practice.steps() if 'id = "35000001"' in block)

    for line in pasted.partition("[[meter]]\n")[2].partition("\nTOML")[0].splitlines():
        assert re.search(f"^{re.escape(line)}( |$)", shown, re.MULTILINE), line
