"""The log's lines onto a page, where there is no room for a stream of them: a pipe in the place of stderr, and its last lines.

What a person needs beside the numbers is why there are none. Lines of level D are for those who look for a defect, and left out.
"""

import os
from collections import deque
from collections.abc import Iterable
from typing import Final

from telegraf_han.live import threads
from telegraf_han.live.log import Log

SHOWN: Final = 4
"""Sentences; a page of 24 lines has room for two long ones."""
READ_BYTES: Final = 65_536
"""What a pipe holds."""
_UNTOLD: Final = "D! "


class Remarks:
    """The newest lines of a log."""

    __slots__ = ("_left", "_lines", "_pipe", "log")

    def __init__(self, warnings: Iterable[str]) -> None:
        """`warnings` came before there was a log."""
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
