"""The meter's end of a pseudo-terminal that stands for a serial cable.

A program that opens a serial port throws away what is waiting there. What a meter sends before that moment is lost, so a test has to know when
it was. In packet mode, the kernel says so: a read at this end then returns a byte with `TIOCPKT_FLUSHREAD`. No waiting for some
milliseconds is necessary, which would not be enough on a busy machine.
"""

import fcntl
import os
import pty
import select
import struct
import termios
import tty
from pathlib import Path


class MeterEnd:
    """One end of a new pseudo-terminal. The other end has a name, as udev gives a name."""

    def __init__(self, link: Path) -> None:
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        fcntl.ioctl(self._ours, termios.TIOCPKT, struct.pack("i", 1))
        new = link.with_name(f"{link.name}.new")
        new.symlink_to(os.ttyname(theirs))
        new.replace(link)
        os.close(theirs)
        self._emptied = False

    def opened(self) -> bool:
        """Whether a program has the other end open, and has thrown away what came before."""
        while select.select([self._ours], [], [], 0)[0]:
            try:
                event = os.read(self._ours, 4096)
            except OSError:  # nobody has it open
                self._emptied = False
                return False
            self._emptied |= bool(event[0] & termios.TIOCPKT_FLUSHREAD)
        return self._emptied

    def send(self, data: bytes) -> None:
        """Waits for a reader that is slower."""
        while data:
            data = data[os.write(self._ours, data) :]

    def close(self) -> None:
        """As if the cable were pulled out."""
        os.close(self._ours)
