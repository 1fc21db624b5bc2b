"""Where what is measured runs (on a core of its own, if there are several), and how far its rounds lie apart."""

from __future__ import annotations

import contextlib
import os
import subprocess
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def spare() -> int | None:
    """The core for what is measured. None if there is only one, or if this system has no such call."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return cores[-1] if len(cores) > 1 else None


def leave(core: int | None) -> None:
    """Keep this process off that core."""
    if core is not None:
        os.sched_setaffinity(0, os.sched_getaffinity(0) - {core})


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """What starts here starts on that core, and stays there."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def busy_s(command: list[str], core: int | None, *, output: Any = subprocess.DEVNULL, errors: Any = subprocess.DEVNULL) -> float:
    """Processor time of a command, from start to end."""
    with pinned(core):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime


def spread(values: list[float]) -> float:
    """Half of what lies between the quartiles, in parts of the median."""
    if len(values) < 2:
        return 0.0
    low, _, high = quantiles(values, n=4, method="inclusive")
    return (high - low) / 2 / median(values)
