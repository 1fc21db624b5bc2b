"""Virtual meters as processes of their own, each at the far end of a pseudo-terminal, started and ended for one test."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

from servers import running

import cleartext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

START_S = 60.0
"""A Python that starts beside several others, on a busy machine."""
END_S = 10.0


@contextlib.contextmanager
def on_terminals(folder: Path, meters: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Meters that wait for a reader, until the block ends; by the name of their port in `folder`, the words behind `simulate`."""
    processes = [
        subprocess.Popen(
            cleartext.simulate(*words, "--to", "pty", "--wait", "--link", str(folder / name)),
            stderr=subprocess.DEVNULL,
        )
        for name, words in meters.items()
    ]
    try:
        for name in meters:
            running.until((folder / name).exists, f"the pseudo-terminal of {name}", START_S)
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(END_S)
