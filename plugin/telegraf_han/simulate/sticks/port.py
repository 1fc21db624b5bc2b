"""Puts a virtual stick on a pseudo-terminal. The stick answers commands that come through the port, and sends the telegrams on the air.

Each telegram goes through the stick, and does not leave the port in its own form (hex lines). The stick may be set to another mode and hear
nothing. When a program opens the port again, the stick still has its settings, like a stick whose power stays on.
"""

import contextlib
import os
import select
import time
from typing import Final

from telegraf_han.simulate.sticks import Twin
from telegraf_han.simulate.stream import Sent
from telegraf_han.simulate.terminal import PtySink

_LOOK_S: Final = 0.02
"""How often the port is looked at. A stick answers within about 20 ms."""
_READ_BYTES: Final = 4096
_SET_UP_S: Final = 0.3
"""The set-up is over if nothing was asked for this long."""


class StickPort(PtySink):
    """A pseudo-terminal with a stick behind it."""

    def __init__(self, link: str, twin: Twin) -> None:
        """See PtySink."""
        super().__init__(link)
        self._twin: Final = twin
        self._input: Final = select.poll()
        self._input.register(self._master, select.POLLIN)
        self._open = False
        self._told_s = 0.0

    def deliver(self, sent: Sent, patience_s: float) -> None:
        """Let the stick hear the telegram, and send what the stick makes of it."""
        self._look()
        message = self._twin.hears(sent.frame.data)
        if message:
            super().deliver(sent._replace(wire=message), patience_s)

    def idle(self, seconds: float) -> None:
        """Wait, answer, and send what is left of a telegram."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self._look()
            if self._open:
                self._flushed(0.0)
            time.sleep(min(left_s, _LOOK_S))

    def wait_for_reader(self) -> None:
        """Return when a program has opened the port and set up the stick."""
        while not (self._open and self._twin.listens and self._told_s and time.monotonic() - self._told_s > _SET_UP_S):
            self._look()
            time.sleep(_LOOK_S)

    def _look(self) -> None:
        """Answer what was written to the port, if somebody has it open."""
        is_open = self._has_reader()
        if is_open and not self._open:
            self._say(self._twin.opened())
        if not is_open:
            self._told_s = 0.0
        self._open = is_open
        if not any(event & select.POLLIN for _, event in self._input.poll(0)):
            return
        with contextlib.suppress(OSError):
            told = os.read(self._master, _READ_BYTES)
            if is_open:
                self._told_s = time.monotonic()
                self._say(self._twin.told(told))

    def _say(self, octets: bytes) -> None:
        self._rest += octets
        self._flushed(0.0)
