"""A program's stdout into bytes: rtl_433, rtl_wmbus, whatever prints telegrams.

It is started without a shell in a process group of its own, with no stdin, and ended with all its children: politely, then for
good. Until it is reaped its group's id can be nobody else's, so its end is looked at without reaping (`WNOWAIT`) and the group is
only signalled before. Its stderr is told line by line, and its last words are part of the error when it ends, since that is where
a program says why.

If this process dies by SIGKILL, which nobody can catch, the program would keep its dongle, and the next start would find it taken.
So a guard stands in its group: a shell that waits for the end of a pipe, which comes when this process is gone however it went.
"""

import math
import os
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from telegraf_han.errors import SourceError, reason

READ_BYTES: Final = 4096
"""A pipe delivers so much in one piece; a telegram's line has some 500."""
END_S: Final = 0.3
"""Time a program has to end by itself."""
LINES_A_MINUTE: Final = 30
"""Of its stderr that are worth a log line; some print one a telegram."""
LAST_WORDS_LIMIT_BYTES: Final = 4096
"""Of a line of a program's stderr; what is longer is cut into several."""


LAST_WORDS: Final = 3
"""Lines of stderr that are told when it ends: of two programs in a pipe the first says why, the second only that nothing comes."""
LAST_WORD_CHARACTERS: Final = 200
_GUARD: Final = ("sh", "-c", "trap '' TERM; read -r _; kill -s TERM 0; sleep 1; kill -s KILL 0")
"""0 is its own group; it does not hear the first signal itself."""


def started(
    command: Sequence[str], wake: int, say: Callable[[str], None], *, needs: Mapping[str, str] | None = None, quiet_s: float = math.inf
) -> "Program":
    """Start a program whose stdout is the source; `say` is given each line of its stderr. Raises SourceError.

    `needs` are the programs behind a command and where to get them, looked for first, since a shell's words on a missing one come
    too late; one that prints nothing for `quiet_s` is given up.
    """
    missing = next((program for program in needs or () if not located(program)), "")
    if needs and missing:
        raise SourceError(f"{missing} cannot be started: no such program; install it ({needs[missing]}) or write a `command` of your own")
    try:
        child = subprocess.Popen(  # noqa: S603, the words are the user's own configuration and meet no shell
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, process_group=0
        )
    except FileNotFoundError:
        raise SourceError(f"{command[0]} cannot be started: no such program; install it or write its whole path") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{command[0]} cannot be started: {reason(error)}") from None
    return Program(" and ".join(needs or ()) or command[0], child, wake, say, quiet_s)


def located(program: str) -> str:
    """Where a program is that a command names: by its own path, or found on PATH; "" where it is not, or may not be started."""
    places = [program] if "/" in program else [os.path.join(folder, program) for folder in os.get_exec_path()]
    return next((place for place in places if os.path.isfile(place) and os.access(place, os.X_OK)), "")


def _guard(group: int) -> subprocess.Popen[bytes] | None:
    """What ends a group when this process is gone; None where there is no shell."""
    try:
        return subprocess.Popen(  # noqa: S603, the words are constant
            _GUARD, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, bufsize=0, process_group=group
        )
    except OSError:
        return None


class Program:
    """A program's stdout. Its stderr is told line by line, and it ends with all its children when the source is closed."""

    __slots__ = (
        "_child",
        "_errors",
        "_guard",
        "_heard",
        "_last_words",
        "_name",
        "_output",
        "_printed_s",
        "_quiet_s",
        "_say",
        "_wake",
        "finite",
    )

    def __init__(self, name: str, child: subprocess.Popen[bytes], wake: int, say: Callable[[str], None], quiet_s: float = math.inf) -> None:
        """`child` was started with pipes, and leads its own process group."""
        assert child.stdout is not None
        assert child.stderr is not None
        self.finite: Final = False
        self._name: Final = name
        self._child: Final = child
        self._guard: Final = _guard(child.pid)
        self._output: Final = child.stdout.fileno()
        self._errors: Final = child.stderr.fileno()
        self._wake: Final = wake
        self._say: Final = say
        self._quiet_s: Final = quiet_s
        self._printed_s = time.monotonic()
        self._heard: bytes | None = b""
        self._last_words: Final[deque[str]] = deque(maxlen=LAST_WORDS)

    def read(self, wait_s: float) -> bytes | None:
        """See sources.Source."""
        listened = [self._output, self._wake] if self._heard is None else [self._output, self._wake, self._errors]
        ready, _, _ = select.select(listened, [], [], wait_s)
        if self._errors in ready:
            self._listen()
        if self._wake in ready:
            return b""
        if self._output not in ready:
            self._watch()
            return b""
        data = os.read(self._output, READ_BYTES)
        if not data:
            raise SourceError(self._farewell())
        self._printed_s = time.monotonic()
        return data

    def _watch(self) -> None:
        """Raise SourceError where it runs, but has printed nothing for too long: a dongle that hangs looks like that."""
        if time.monotonic() - self._printed_s >= self._quiet_s:
            raise SourceError(f"{self._name} runs, but has printed nothing for {self._quiet_s / 60:g} minutes; it is started anew")

    def _listen(self) -> None:
        """Tell the lines of stderr that have come; None in `_heard` is its end."""
        heard = os.read(self._errors, READ_BYTES)
        lines = ((self._heard or b"") + heard).replace(b"\r", b"\n").split(b"\n")
        rest = lines.pop()
        if not heard or len(rest) > LAST_WORDS_LIMIT_BYTES:
            lines.append(rest)
            rest = b""
        self._heard = rest if heard else None
        for line in filter(None, (line.decode("utf-8", "replace").strip() for line in lines)):
            self._last_words.append(line[:LAST_WORD_CHARACTERS])
            self._say(line)

    def _farewell(self) -> str:
        """Why it ended, as far as it can be told."""
        status = self._exited_within(END_S)
        while self._heard is not None and select.select([self._errors], [], [], 0)[0]:
            self._listen()
        how = "closed its output"
        if status is not None:
            how = f"ended with status {status.si_status}" if status.si_code == os.CLD_EXITED else f"was ended by signal {status.si_status}"
        return f"{self._name} {how}" + (f"; its last words: {' / '.join(self._last_words)}" if self._last_words else "")

    def _exited_within(self, wait_s: float) -> os.waitid_result | None:
        """How the program ended, without reaping it: as long as it is not reaped, its group's id can be nobody else's."""
        until_s = time.monotonic() + wait_s
        while True:
            status = os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if status is not None or time.monotonic() >= until_s:
                return status
            time.sleep(0.01)

    def write(self, data: bytes) -> None:
        """Programs take no commands; raises SourceError."""
        raise SourceError(f"{self._name} takes no commands ({len(data)} bytes)")

    def close(self) -> None:
        """End it and its children: politely, then for good."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._child.pid, number)
                self._exited_within(END_S)
            except OSError:
                continue
        for one in filter(None, (self._child, self._guard)):
            for pipe in filter(None, (one.stdin, one.stdout, one.stderr)):
                pipe.close()
            try:
                one.wait(END_S)
            except subprocess.TimeoutExpired:
                continue  # stuck in a driver; nothing more can be done from here
