"""The commands of a page for owners, run in a shell as the page shows them, in a folder that stands in for `/`.

Paths below /etc, /var, /root and /opt are moved into that folder. A few commands cannot run in a test: there are stand-ins for `sudo`,
`chown`, `systemctl` and `apt`, which do nothing of their own, and for `nano`, which writes what the test has put into $TYPED. `install`
loses the options that name a user. Everything else is the real program.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import telegraf_han

_MOVED = re.compile(r"(?<![\w.])/(?=(?:etc|var|root|opt)/)")
_STAND_INS = {
    "sudo": 'while [ "${1#-}" != "$1" ]; do case "$1" in -u) shift 2;; *) shift;; esac; done\nexec "$@"',
    "chown": "exit 0",
    "systemctl": 'echo "systemctl $*" >>"$DID"',
    "nano": 'printf "%s\\n" "$TYPED" >"$1"',
    "install": 'words=(); while [ $# -gt 0 ]; do case "$1" in -o|-g) shift 2;; *) words+=("$1"); shift;; esac; done; /usr/bin/install "${words[@]}"',
}
SHELL_S = 120


class Machine:
    """A folder that stands in for a machine's `/`, and the programs that are in it."""

    def __init__(self, folder: Path, programs: Mapping[str, Path], **environment: str) -> None:
        """`programs` are real ones, by the name that a page calls them; `environment` is what the test adds."""
        self.root = folder / "root"
        self.did = folder / "did.log"
        for name in ("etc/telegraf/telegraf.d", "var/lib/telegraf-han", "var/backups", "root", "opt/telegraf-han/bin"):
            (self.root / name).mkdir(parents=True)
        commands = folder / "bin"
        commands.mkdir()
        own = f'PYTHONPATH="{Path(telegraf_han.__file__).parents[1]}" exec "{sys.executable}" -m telegraf_han "$@"'
        scripts = {**_STAND_INS, "telegraf-han": own, **{name: f'exec "{program}" "$@"' for name, program in programs.items()}}
        for name, text in scripts.items():
            _script(commands / name, text)
        _script(self.root / "opt/telegraf-han/bin/telegraf-han", own)
        path = os.pathsep.join((str(commands), os.environ["PATH"]))
        self._env = {**os.environ, "PATH": path, "DID": str(self.did), "HOME": str(self.root / "root"), **environment}

    def moved(self, text: str) -> str:
        """A text of the page with its paths moved into the folder."""
        return _MOVED.sub(f"{self.root}/", text).replace("tar -C / ", f"tar -C {self.root} ")

    def typed(self, commands: str, changes: Mapping[str, str], **environment: str) -> str:
        """Run commands of the page, with these changes; returns what they print. The first one that fails fails the test."""
        for before, after in changes.items():
            assert before in commands, before
            commands = commands.replace(before, after)
        shell = ["bash", "-e", "-u", "-c", self.moved(commands)]
        done = subprocess.run(
            shell, cwd=self.root, env=self._env | environment, capture_output=True, text=True, timeout=SHELL_S, check=False
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)
