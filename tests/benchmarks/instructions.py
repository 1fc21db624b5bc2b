"""Counts the machine instructions of sections of a Python program. A count does not depend on what else the machine does.

A clock says something else in each run, and on a machine that others use it may say twice as much. Valgrind's callgrind counts the
instructions that a program executes, and the same program on the same bytes gives the same count to about one in a thousand. It is some 50
times slower than the program alone. So one process counts many sections:

    from instructions import section
    section("hex of 1 kB", lambda: bytes.fromhex(text))

and `counted(path)` runs such a program and returns the count of each section. `section` marks where the section begins and ends by calling
`os.ctermid`, which nothing else calls. It leads to a function of the C library of the same name, and there callgrind writes what it has counted
since the last mark. What the marks themselves cost is counted in an empty section, and taken off.

What would make counts differ from run to run is fixed: the seed of Python's hashes, and Python's garbage collector, which is off within a
section. What would make them differ from machine to machine is fixed, too: which of a processor's vector instructions the C library
and OpenSSL use.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CannotCountError", "counted", "section"]

_MARK = "ctermid"
"""What `os.ctermid` calls in the C library."""
_NAMES = "COUNTED_SECTIONS"
"""The environment variable with the file that takes the names of sections."""
_TOTAL = re.compile(rb"^totals: (\d+)", re.MULTILINE)
_TAIL_BYTES = 100
TIMEOUT_S = 900
_FIXED = {
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    # Up to SSE4.2 and AES, which every processor of the last ten years has, and no AVX: OpenSSL has other code for each.
    "OPENSSL_ia32cap": "0x0298220b078bffff:0x0",
    # The C library's own choice: it has memcpy and strlen for each vector unit.
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2_Usable,-AVX2,-AVX512F_Usable,-AVX512F,-AVX512VL,-ERMS,-FSRM,-AVX_Fast_Unaligned_Load",
}


class CannotCountError(Exception):
    """There is no valgrind, or the program failed under it."""


def section(name: str, call: Callable[[], object]) -> None:
    """Count this call, in a program that `counted` started. In any other program it is only called."""
    if gc.get_freeze_count() == 0:
        gc.freeze()  # what was imported need not be looked at for each section again
    gc.collect()
    gc.disable()
    os.ctermid()
    call()
    os.ctermid()
    gc.enable()
    if names := os.environ.get(_NAMES):
        with open(names, "a", encoding="utf-8") as file:
            print(name, file=file)


def counted(program: Path, *words: str, folders: tuple[Path, ...] = (), python: str = sys.executable) -> dict[str, int]:
    """Run a program, and return how many instructions each of its sections took. Raises CannotCountError.

    `folders` are those from which the program imports, as in PYTHONPATH.
    """
    with tempfile.TemporaryDirectory() as folder:
        names, written = Path(folder, "names"), Path(folder, "counts")
        path = os.pathsep.join(map(str, (Path(__file__).parent, *folders, *filter(None, [os.environ.get("PYTHONPATH")]))))
        command, env = _valgrind()
        done = subprocess.run(
            [
                *command,
                "--tool=callgrind",
                f"--callgrind-out-file={written}",
                f"--dump-before={_MARK}",
                "--dump-line=no",
                python,
                str(program),
                *words,
            ],
            env={**os.environ, **env, **_FIXED, "PYTHONPATH": path, _NAMES: str(names)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode or not names.exists():
            message = f"{program.name} ended with {done.returncode} under valgrind:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
            raise CannotCountError(message)
        named = names.read_text(encoding="utf-8").splitlines()
        # counts.1 is what came before the first mark. Then each section has one file, and what comes between sections another.
        counts = [_total(Path(f"{written}.{2 * place}")) for place in range(1, len(named) + 1)]
    return dict(zip(named, counts, strict=True))


def _total(file: Path) -> int:
    if not file.exists():
        message = f"callgrind wrote no {file.name}: it did not see the calls of {_MARK}"
        raise CannotCountError(message)
    with file.open("rb") as opened:
        opened.seek(-min(_TAIL_BYTES, file.stat().st_size), os.SEEK_END)
        found = _TOTAL.search(opened.read())
    if found is None:
        message = f"{file.name} says no total"
        raise CannotCountError(message)
    return int(found[1])


def _valgrind() -> tuple[list[str], dict[str, str]]:
    """The command, and what it needs in its environment: the machine's own valgrind, or Debian's, which is unpacked into .cache."""
    if at_hand := shutil.which("valgrind"):
        return [at_hand], {}
    from servers import debian
    from servers.build import CannotBuildError

    try:
        root = debian.unpacked("valgrind")
    except CannotBuildError as error:
        raise CannotCountError(str(error)) from None
    return [str(root / "usr/bin/valgrind")], {"VALGRIND_LIB": str(root / "usr/libexec/valgrind")}
