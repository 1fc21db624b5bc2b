"""Shows the log's newest lines on a page, which has no room for a stream of lines. The log writes to a pipe instead of stderr.

Next to the numbers, a person wants to see why numbers are missing. Lines of level D are for people who look for a defect, so they are left
out.
"""

import os
from collections import deque
from collections.abc import Iterable
from typing import Final

from telegraf_han.live import threads
from telegraf_han.live.log import Log

SHOWN: Final = 4
"""Lines of the log at most. A page of 24 lines has room for two long ones."""
READ_BYTES: Final = 65_536
"""The size of a pipe."""
_UNTOLD: Final = "D! "


class Remarks:
    """The newest lines of a log."""

    __slots__ = ("_left", "_lines", "_pipe", "log")

    def __init__(self, warnings: Iterable[str]) -> None:
        """`warnings` are those from before there was a log."""
        self._pipe, writer = os.pipe()
        os.set_blocking(self._pipe, False)
        os.set_blocking(writer, False)
        self.log: Final = Log(writer, threads.lock())
        self._left = b""
        self._lines: Final = deque((f"W! {warning}" for warning in warnings), SHOWN)

    def newest(self) -> list[str]:
        """The last lines, the oldest first."""
        try:
            *whole, self._left = (self._left + os.read(self._pipe, READ_BYTES)).split(b"\n")
        except BlockingIOError:
            whole = []
        said = (line.decode("utf-8", "replace") for line in whole)
        self._lines.extend(line for line in said if not line.startswith(_UNTOLD))
        return list(self._lines)
