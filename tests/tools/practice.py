"""The practice of docs/by-hand.md as a newcomer goes through it: the document's own commands, pasted into a shell in a terminal.

In the place of a clone there is an empty folder whose `.venv` is the one the tests run in, so that the first commands, too, are the
document's. Nothing else is made up: what the commands need they have to make themselves.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import telegraf_han
from document import Document
from virtual_terminal import Terminal

LONG_S = 90.0
"""Far more than all steps together take, of which 20 s are what the document itself lets pass."""
FAILED = "## failed: "
STEP = "## step "
_SHELL = "import os, sys; os.chdir({folder!r}); os.execvp('bash', ['bash', 'session.sh'])"


def steps() -> list[str]:
    """The commands of the section, block by block."""
    section = Document("docs/by-hand.md").section("Practise without a meter")
    return [block for block, language in zip(section.blocks, section.languages, strict=True) if language == "sh"]


class Practice:
    """A shell with some of the steps in it."""

    def __init__(self, folder: Path, commands: list[str], path: str = "") -> None:
        """`path` is a folder where more programs are."""
        programs = folder / ".venv" / "bin"
        programs.mkdir(parents=True)
        _script(
            programs / "telegraf-han", f'PYTHONPATH="{Path(telegraf_han.__file__).parents[1]}" exec "{sys.executable}" -m telegraf_han "$@"'
        )
        _script(folder / "dev", "exit 0")
        marked = "".join(f"echo '{STEP}{number}'\n{block}" for number, block in enumerate(commands))
        (folder / "session.sh").write_text(f"trap 'echo \"{FAILED}$BASH_COMMAND\"' ERR\n{marked}")
        found = os.pathsep.join(filter(None, [path, os.environ["PATH"]]))
        self.terminal = Terminal([], program=_SHELL.format(folder=str(folder)), PATH=found)

    def until_end(self) -> str:
        """What stands in the terminal when the last step is done."""
        end_s = time.monotonic() + LONG_S
        while self.terminal.process.poll() is None:
            assert time.monotonic() < end_s, self.terminal.text + self.terminal.said
            time.sleep(0.05)
        self.terminal.wait_for_end()
        return self.terminal.said

    def close(self) -> None:
        """The shell and all it has started are gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.terminal.process.pid, signal.SIGKILL)
        self.terminal.close()


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
