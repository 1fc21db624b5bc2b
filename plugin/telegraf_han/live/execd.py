"""The execd input: reads every source and writes line protocol to stdout, until Telegraf closes stdin or a signal comes.

There are few threads, and they wait most of the time: the main thread for stdin, signals and key files, one reader per source, one writer
for lines that a reader cannot write at once, and the tap for `watch`. The wake-up pipe of the readers (`threads`) ends them all. A signal,
the writer or the main thread writes one byte into this pipe. To stop the program, Telegraf (inputs.execd) closes stdin first. It sends
SIGTERM 5 s later and SIGKILL after 10 s, to this process only. It closes the pipe of stdout when it has reaped this process, so there is a
short wait after the last line.

The lines go to a copy of descriptor 1 under another number. Descriptor 1 itself then points to stderr, so that a stray print cannot become
a metric.
"""

import os
import select
import signal
import time
from collections.abc import Mapping
from typing import Final

from telegraf_han.config.file import load, placeholders
from telegraf_han.config.sections import Config, require_sources
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import reason
from telegraf_han.live import threads
from telegraf_han.live.keyfiles import KeyFiles
from telegraf_han.live.log import Log
from telegraf_han.live.outbox import write
from telegraf_han.live.reader import defect
from telegraf_han.live.threads import Readers
from telegraf_han.ports import sources

SETTINGS_INTERVAL_S: Final = 300.0
"""Time between two `electricity_settings` lines (public contract)."""
READERS_END_S: Final = 0.4
WRITER_END_S: Final = 0.3
"""A stop may take one second. Both times and the wait below are shorter than that together."""
LAST_LINES_S: Final = 0.1
"""Time for Telegraf to read the last lines before it closes the pipe."""
STDIN_BYTES: Final = 4096
TAP_AFTER_S: Final = 0.5
"""Time from the start to the tap. A start takes some 60 ms, and nobody who opens `watch` notices half a second."""


def main(config_path: str) -> int:
    """Run until stdin ends or a signal comes. Returns the exit code. Raises ConfigError."""
    output = _private_output()
    log = Log(2, threads.lock())
    warnings: list[str] = []
    config = load(config_path, warnings.append)
    require_sources(config)
    for warning in warnings:
        log.say("W", warning)
    for meter, option in placeholders(config.meters):
        log.say("W", f"{meter}: {option} is still the key from the sample configuration, 32 zeros. Write what the operator sent")
    return Runner(config, log, output).run()


def _private_output() -> int:
    """Return a descriptor for the lines that no other code knows. Descriptor 1 then is stderr.

    Before that, each of 0, 1 and 2 that is closed becomes /dev/null. Otherwise the next port to be opened could get number 2, and the log
    would be written to the meter.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    output = os.dup(1)
    os.dup2(2, 1)
    return output


class Runner:
    """The threads and what they share."""

    __slots__ = ("_config", "_key_files", "_output", "_readers", "_settings_due_s", "_shared", "_status_asked", "_status_due_s")

    def __init__(self, config: Config, log: Log, output: int) -> None:
        """`output` is the descriptor of the lines. Nothing runs yet."""
        self._config: Final = config
        self._output: Final = output
        self._readers: Final = Readers(config, Decoder(config), log)
        self._shared: Final = self._readers.shared
        self._shared.outbox.may_write(output)
        self._key_files: Final = KeyFiles(config, self._shared.decoder, self._shared.lock, log)
        self._status_due_s = time.monotonic() + config.output.status_interval_s
        self._status_asked = False
        self._settings_due_s = 0.0

    def run(self) -> int:
        """Run everything, from the first thread to the last line."""
        signal.set_wakeup_fd(self._readers.waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)  # the byte in the wake-up pipe is enough
        self._key_files.tell(self._config.meters)
        self._readers.start()
        writer = threads.started("writer", self._write)
        tap = threads.started("tap", self._tap)
        self._until_stdin_ends()
        self._readers.wake()
        self._readers.join(READERS_END_S)
        self._shared.outbox.close()
        threads.joined([writer, tap], WRITER_END_S)
        time.sleep(LAST_LINES_S)
        return 0

    def _tap(self) -> None:
        """Offer the tap, after the ports are open. This is its thread."""
        if sources.paused(TAP_AFTER_S, self._shared.wake):
            from telegraf_han.live import tap  # noqa: PLC0415, what it loads would make the start slower

            tap.live(self._config, self._shared)

    def _until_stdin_ends(self) -> None:
        """Wait for the end of stdin or the wake-up, and look at the key files meanwhile.

        A newline (execd's signal = "STDIN") makes the status lines due at once.
        """
        while True:
            ready, _, _ = select.select([0, self._shared.wake], [], [], self._key_files.wait_s())
            if self._shared.wake in ready:
                return
            self._look_at_keys()
            if not ready:
                continue
            try:
                if not os.read(0, STDIN_BYTES):
                    return
            except OSError:
                return  # the terminal is gone
            self._status_asked = True
            self._shared.outbox.nudge()

    def _look_at_keys(self) -> None:
        """A defect here must not end the program, because the keys that are there go on being right."""
        try:
            self._key_files.look()
        except Exception as error:
            self._shared.log.repeated("E", "defect", "keys", defect(error))

    def _write(self) -> None:
        """Write lines as they come, and status lines when they are due. This is the writer's thread."""
        while not self._shared.outbox.finished():
            try:
                self._put_what_is_due(time.monotonic(), time.time_ns())
                due_s = min(self._status_due_s, self._settings_due_s) - time.monotonic()
                write(self._output, self._shared.outbox.batch(max(0.0, due_s)))
            except OSError as error:
                self._shared.log.say("W", f"stdout takes no more lines ({reason(error)}), so telegraf-han stops")
                self._readers.wake()
                return
            except Exception as error:
                self._shared.log.repeated("E", "defect", "writer", defect(error))

    def _put_what_is_due(self, now_s: float, now_ns: int) -> None:
        """Queue the status lines whose time has come. The next time is set first, so that a defect in a line cannot make a busy loop."""
        shared = self._shared
        if now_s >= self._settings_due_s:
            self._settings_due_s = now_s + SETTINGS_INTERVAL_S
            with shared.lock:
                lines = shared.decoder.settings(now_ns, time.monotonic_ns())
            self._put(lines)
        if now_s >= self._status_due_s or self._status_asked:
            self._status_asked = False
            self._status_due_s = now_s + self._config.output.status_interval_s
            dropped = shared.outbox.dropped()
            with shared.lock:
                lines = shared.decoder.status(now_ns, time.monotonic_ns(), dropped)
            self._put(lines)

    def _put(self, lines: Mapping[str, bytes]) -> None:
        """Queue lines of several meters, each with its meter, so that lines that are dropped are counted."""
        for meter, data in lines.items():
            self._shared.outbox.put(meter, data)
