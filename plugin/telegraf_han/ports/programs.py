"""Starts a program and reads its stdout as bytes: rtl_433, rtl_wmbus, or any other program that prints telegrams.

The program is started without a shell and without stdin, in a process group of its own. It inherits no key and no token: neither the keys
that the configuration takes from the environment nor Telegraf's own secrets. It is ended together with all its children, first with
SIGTERM, then with SIGKILL. As long as the program is not reaped, no other group can get the id of its group. So its end is observed without
reaping (`WNOWAIT`), and the group is signalled only before the program is reaped. Each line of its stderr is logged, without anything that
may be a key. When the program ends, its last lines become part of the error, because they say why it ended. If `advice` knows them, the
error says instead what to do.

If this process is killed by SIGKILL, it cannot end the program. The program would keep its dongle, and the next start would find the dongle
in use. So a guard runs in the program's group. The guard is a shell that waits for the end of a pipe. The pipe ends when this process is
gone, for whatever reason.
"""

import math
import os
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from telegraf_han.ciphers import secret
from telegraf_han.errors import SourceError, reason
from telegraf_han.language import _
from telegraf_han.ports import advice

READ_BYTES: Final = 4096
"""A pipe delivers this much in one piece. The line of a telegram has about 500 bytes."""
END_S: Final = 0.3
"""Time that a program has to end by itself."""
LINES_A_MINUTE: Final = 30
"""Lines of its stderr that are logged per minute. Some programs print one line per telegram."""
LAST_WORDS_LIMIT_BYTES: Final = 4096
"""Length of a line of a program's stderr. A longer line is cut into several."""


SECRET_WORDS: Final = ("TOKEN", "PASSWORD", "SECRET", "CREDENTIALS_DIRECTORY")
"""Parts of the names of variables that no child gets. The last one is systemd's folder of keys."""

LAST_WORDS: Final = 3
"""Lines of stderr in the error at its end. In a pipe of two programs, the first prints the reason, the second only that nothing comes."""
LAST_WORD_CHARACTERS: Final = 200
_GUARD: Final = ("sh", "-c", "trap '' TERM; read -r _; kill -s TERM 0; sleep 1; kill -s KILL 0")
"""0 is the guard's own group. The guard itself ignores the first signal."""


def started(
    command: Sequence[str],
    wake: int,
    say: Callable[[str], None],
    *,
    needs: Mapping[str, str] | None = None,
    quiet_s: float = math.inf,
    secrets: Collection[str] = (),
) -> "Program":
    """Start a program whose stdout is the source. `say` gets each line of its stderr. Raises SourceError.

    `needs` names the programs behind a command, and where to get them. They are looked for first, because the message of a shell about a
    missing program comes too late. A program that prints nothing for `quiet_s` is given up. `secrets` names the environment variables that
    hold keys. The program does not inherit them.
    """
    missing = next((program for program in needs or () if not located(program)), "")
    if needs and missing:
        raise SourceError(
            _(
                "{program} cannot be started: no such program. Install it ({where}) or write a `command` of your own",
                program=missing,
                where=needs[missing],
            )
        )
    try:
        child = subprocess.Popen(  # noqa: S603, the words are the user's own configuration and meet no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            process_group=0,
            env=environment(secrets),
        )
    except FileNotFoundError:
        raise SourceError(
            _("{program} cannot be started: no such program. Install it or write its full path", program=command[0])
        ) from None
    except (OSError, ValueError) as error:
        raise SourceError(_("{program} cannot be started: {why}", program=command[0], why=reason(error))) from None
    return Program(_(" and ").join(needs or ()) or command[0], child, wake, say, quiet_s)


def located(program: str) -> str:
    """The path of a program that a command names, as written or found on PATH. "" if it is missing or may not be started."""
    places = [program] if "/" in program else [os.path.join(folder, program) for folder in os.get_exec_path()]
    return next((place for place in places if os.path.isfile(place) and os.access(place, os.X_OK)), "")


def environment(secrets: Collection[str] = ()) -> dict[str, str]:
    """The environment of a child: this process's, without keys, tokens and passwords. `secrets` names variables that are left out, too.

    Telegraf's own variables (INFLUX_TOKEN) come with the service's environment, and no program of a receiver needs them.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name not in secrets and not any(word in name.upper() for word in SECRET_WORDS) and not secret.may_be_key(value)
    }


def _guard(group: int) -> subprocess.Popen[bytes] | None:
    """Start the guard that ends a group when this process is gone. None if there is no shell."""
    try:
        return subprocess.Popen(  # noqa: S603, the words are constant
            _GUARD,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            process_group=group,
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
    except OSError:
        return None


class Program:
    """A program's stdout. Each line of its stderr is logged. When the source is closed, the program ends with all its children."""

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
        """`child` was started with pipes and leads its own process group."""
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
        ready = select.select(listened, [], [], wait_s)[0]
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
        """Raise SourceError if the program runs, but has printed nothing for too long. This happens if a dongle hangs."""
        if time.monotonic() - self._printed_s >= self._quiet_s:
            raise SourceError(
                _(
                    "{program} runs, but has printed nothing for {minutes:g} minutes, so it is restarted",
                    program=self._name,
                    minutes=self._quiet_s / 60,
                )
            )

    def _listen(self) -> None:
        """Pass on the lines of stderr that have come. After the end of stderr `_heard` is None."""
        heard = os.read(self._errors, READ_BYTES)
        lines = ((self._heard or b"") + heard).replace(b"\r", b"\n").split(b"\n")
        rest = lines.pop()
        if not heard or len(rest) > LAST_WORDS_LIMIT_BYTES:
            lines.append(rest)
            rest = b""
        self._heard = rest if heard else None
        for line in filter(None, (secret.masked(line.decode("utf-8", "replace").strip()) for line in lines)):
            self._last_words.append(line[:LAST_WORD_CHARACTERS])
            self._say(line)

    def _farewell(self) -> str:
        """Why the program ended, as far as this is known."""
        status = self._exited_within(END_S)
        while self._heard is not None and select.select([self._errors], [], [], 0)[0]:
            self._listen()
        if status is None:
            said = _("{program} closed its output", program=self._name)
        elif status.si_code == os.CLD_EXITED:
            said = _("{program} ended with exit code {number}", program=self._name, number=status.si_status)
        else:
            said = _("{program} was ended by signal {number}", program=self._name, number=status.si_status)
        if not self._last_words:
            return said
        if todo := advice.of_dongle(self._last_words):
            return f"{said}. {todo}"
        return _("{said}. Its last lines: {lines}", said=said, lines=" / ".join(self._last_words))

    def _exited_within(self, wait_s: float) -> os.waitid_result | None:
        """How the program ended. It is not reaped here, because until then no other group can get the id of its group."""
        until_s = time.monotonic() + wait_s
        while True:
            status = os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if status is not None or time.monotonic() >= until_s:
                return status
            time.sleep(0.01)

    def write(self, data: bytes) -> None:
        """Raise SourceError, because programs take no commands."""
        raise SourceError(_("{program} takes no commands ({size} bytes)", program=self._name, size=len(data)))

    def close(self) -> None:
        """End the program and its children, first with SIGTERM, then with SIGKILL."""
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
                continue  # it is stuck in a driver, and this program cannot do more
