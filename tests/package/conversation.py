"""Somebody who answers a program in a terminal of a machine: waits for each question, then types."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

QUESTION_TIMEOUT_S = 120
"""A question may come after a wait for a telegram or a server, on a machine that is busy."""


def held(words: Sequence[str], env: Mapping[str, str], answers: Iterable[tuple[str, str]]) -> tuple[int, str]:
    """Run a command and answer each question (a pattern) when it is asked. Returns the exit code and all that was on the screen."""
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(words[0], list(words), dict(env))
    screen, seen = "", 0
    try:
        for question, answer in answers:
            end_s = time.monotonic() + QUESTION_TIMEOUT_S
            while not (asked := re.compile(question).search(screen, seen)):
                piece = _read(terminal, end_s)
                assert piece, f"never asked: {question}\n{screen}"
                screen += piece
            seen = asked.end()
            os.write(terminal, f"{answer}\n".encode())
        while piece := _read(terminal, time.monotonic() + QUESTION_TIMEOUT_S):
            screen += piece
    except BaseException:
        os.kill(process, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(process, 0)
        os.close(terminal)
    return os.waitstatus_to_exitcode(status), screen.replace("\r\n", "\n")


def _read(terminal: int, end_s: float) -> str:
    """What the program writes next. "" at its end, and if it writes nothing for too long."""
    if not select.select([terminal], [], [], max(0.0, end_s - time.monotonic()))[0]:
        return ""
    try:
        return os.read(terminal, 4096).decode("utf-8", "replace")
    except OSError:  # the program has ended
        return ""
