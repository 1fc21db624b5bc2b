"""Runs `telegraf-han` on a clock that another process moves on: `onclock.py CLOCKFILE WORD…`.

The plugin compares three clocks: the meter's, the host's, and the steady one. So an accelerated year needs a host whose clocks go as fast
as the meters'. A clock that runs by itself, 8,000 times as fast, is wrong on a busy machine: a pause of 0.1 s is a quarter of an hour. So
here the clocks stand still until the sender has moved them on. Waits for bytes take real time. A thread that waits for something to be due
looks again after a moment, because it may be due sooner.

The first number in the file is the UTC time in nanoseconds. The second one goes back to the sender: how many bytes were read and are done
with. A thread is done with what it read when it waits again. Only these functions of Python are replaced, before any module of the program
is loaded: the clocks of `time`, `os.read`, `select.select` and `Condition.wait`.
"""

import mmap
import os
import runpy
import select
import struct
import sys
import threading
import time
from pathlib import Path

NS = 1_000_000_000
NUMBER = struct.Struct("q")
"""In the machine's own form, which Python copies at once. In any other form it goes byte by byte, and a reader may see half a change."""
SIZE = 2 * NUMBER.size
STDIN = 0
MOMENT_S = 0.01


def page_of(path: Path) -> mmap.mmap:
    """The numbers of a file, in both processes."""
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), SIZE)


def _on_clock(page: mmap.mmap) -> None:
    def now_ns() -> int:
        moment: int = NUMBER.unpack_from(page)[0]
        return moment

    def now_s() -> float:
        return now_ns() / NS

    real_wait = threading.Condition.wait

    def wait(self: threading.Condition, timeout: float | None = None) -> bool:
        return real_wait(self, None if timeout is None else min(timeout, MOMENT_S))

    time.time_ns = time.monotonic_ns = now_ns
    time.time = time.monotonic = now_s
    threading.Condition.wait = wait


def _told(page: mmap.mmap) -> None:
    """Tell how many bytes are done with."""
    real_read, real_select = os.read, select.select
    lock, mine = threading.Lock(), threading.local()
    NUMBER.pack_into(page, NUMBER.size, 0)

    def read(descriptor: int, size: int) -> bytes:
        data = real_read(descriptor, size)
        if descriptor != STDIN:
            mine.taken = getattr(mine, "taken", 0) + len(data)
        return data

    def waited(*arguments):
        if getattr(mine, "taken", 0):
            with lock:
                NUMBER.pack_into(page, NUMBER.size, NUMBER.unpack_from(page, NUMBER.size)[0] + mine.taken)
            mine.taken = 0
        return real_select(*arguments)

    os.read, select.select = read, waited


def main() -> None:
    page = page_of(Path(sys.argv[1]))
    _on_clock(page)
    _told(page)
    sys.argv[:] = ["telegraf-han", *sys.argv[2:]]
    runpy.run_module("telegraf_han", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
