"""A port's name into bytes: serial devices, sockets, RFC 2217, files to replay, stdin.

All but RFC 2217 have a descriptor: `select` until something is there, then one `os.read` of what there is, so that a telegram is
one to three wake-ups and its time is taken right behind its last byte. `wake` is a descriptor that becomes readable when all
shall end; it lies in every wait, so no reader outlives its stop. Whatever fails becomes SourceError with what to do about it.

Serial devices are opened by pyserial with its advisory lock (flock), so that a second telegraf-han, or any program that asks
for the lock, is told that the port is in use instead of stealing every other byte; DTR and RTS are raised, since the P1 port's
data request must be high and cables wire it to one of them. Sockets are opened here, not by pyserial, whose `socket://` sleeps
0.3 s in close and imports logging; theirs are keep-alive, or a converter that lost its power would never be missed. A
regular file is read to its end and then over.
"""

import os
import select
import stat
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from telegraf_han.errors import SourceError, reason
from telegraf_han.ports import advice

if TYPE_CHECKING:
    import serial

READ_BYTES: Final = 4096
"""What a serial driver holds at most, and six telegrams of P1."""
WRITE_S: Final = 1.0
"""A command to a stick has some ten bytes; a port that does not take them in a second is stuck."""
CONNECT_S: Final = 5.0
"""A converter in the house answers in milliseconds, one over a telephone line in a second."""
KEEPALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
"""A minute after a silent death it is noticed."""
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
"""Between two tries to open a port: soon after a plug was pulled, seldom when it stays away."""


class Source(Protocol):
    """An open port."""

    @property
    def finite(self) -> bool:
        """Whether it ends: a file to replay, stdin. The meter's clock is then the time stamp."""

    def read(self, wait_s: float) -> bytes | None:
        """What there is, b"" if nothing came within `wait_s` or the wake-up is on, None at the end of a finite source.

        Raises SourceError where the source is gone.
        """

    def write(self, data: bytes) -> None:
        """Send all of it. Raises SourceError."""

    def close(self) -> None:
        """Give it back. Never raises."""


def opened(port: str, line: str, wake: int) -> Source:
    """Open a port by its name; `line` as `115200 8N1`. Raises SourceError."""
    scheme, url, rest = port.partition("://")
    if url and scheme in _SCHEMES:
        return _SCHEMES[scheme](port, rest, line, wake)
    if port == "-":
        return Descriptor("stdin", 0, wake, lambda: None)
    try:
        kind = stat.S_IFMT(os.stat(port).st_mode)
    except OSError as error:
        raise advice.source_error(port, error) from None
    return _serial(port, line, wake) if kind == stat.S_IFCHR else _file(port, kind, wake)


def pauses_s() -> Iterator[float]:
    """Seconds to wait between tries, doubling, for ever."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def paused(pause_s: float, wake: int) -> bool:
    """Wait; false where the wake-up came instead."""
    ready, _, _ = select.select([wake], [], [], pause_s)
    return not ready


class Descriptor:
    """A source with a file descriptor."""

    __slots__ = ("_close", "_descriptor", "_ended", "_name", "_wake", "finite")

    def __init__(self, name: str, descriptor: int, wake: int, close: Callable[[], None], ended: str = "") -> None:
        """`name` and `ended` make the sentence that is said when it is gone; a finite source has none, its end is expected."""
        self.finite: Final = not ended
        self._name: Final = name
        self._descriptor: Final = descriptor
        self._wake: Final = wake
        self._close: Final = close
        self._ended: Final = ended

    def read(self, wait_s: float) -> bytes | None:
        """See Source."""
        ready, _, _ = select.select([self._descriptor, self._wake], [], [], wait_s)
        if self._wake in ready or not ready:
            return b""
        return self._taken()

    def _taken(self) -> bytes | None:
        """What there is, once there is something."""
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise SourceError(f"{self._name} {self._ended or 'cannot be read'} ({reason(error)})") from None
        if data:
            return data
        if self.finite:
            return None
        raise SourceError(f"{self._name} {self._ended}")

    def write(self, data: bytes) -> None:
        """See Source."""
        until_s = time.monotonic() + WRITE_S
        while data:
            _, ready, _ = select.select([], [self._descriptor], [], max(0.0, until_s - time.monotonic()))
            if not ready:
                raise SourceError(f"{self._name} did not take {len(data)} bytes within {WRITE_S:g} s")
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise SourceError(f"{self._name} {self._ended} ({reason(error)})") from None

    def close(self) -> None:
        """See Source."""
        try:
            self._close()
        except OSError:
            return


class Remote:
    """A serial port behind RFC 2217, which pyserial reads in a thread of its own: there is no descriptor to wait on."""

    __slots__ = ("_name", "_port", "finite")

    WAIT_S: Final = 0.2
    """Of one read, set once: pyserial negotiates the line anew whenever it changes."""

    def __init__(self, name: str, port: "serial.Serial") -> None:
        """`port` is open and has `WAIT_S` as its timeout."""
        self.finite: Final = False
        self._name: Final = name
        self._port: Final = port

    def read(self, wait_s: float) -> bytes | None:  # noqa: ARG002, see WAIT_S
        """See Source."""
        try:
            first = self._port.read(1)
            return first + self._port.read(self._port.in_waiting) if first else b""
        except OSError:
            raise SourceError(f"{self._name} closed the connection") from None

    def write(self, data: bytes) -> None:
        """See Source."""
        try:
            self._port.write(data)
        except OSError:
            raise SourceError(f"{self._name} closed the connection") from None

    def close(self) -> None:
        """See Source."""
        try:
            self._port.close()
        except OSError:
            return


def _line_set(port: "serial.SerialBase", line: str) -> None:
    """Set a port that is not open yet to `115200 8N1`, and its two lines, one of which is the data request, high."""
    baud, form = line.split()
    port.baudrate, port.bytesize, port.parity, port.stopbits = int(baud), int(form[0]), form[1], int(form[2])
    port.dtr = port.rts = True


def _serial(path: str, line: str, wake: int) -> Source:
    import termios  # noqa: PLC0415, a socket does without

    import serial  # noqa: PLC0415

    port = serial.Serial(exclusive=True, timeout=0)
    port.port = path
    _line_set(port, line)
    try:
        port.open()
    except (OSError, ValueError, termios.error) as error:
        raise advice.source_error(path, error) from None
    return Descriptor(path, port.fileno(), wake, port.close, "was unplugged or has hung up")


def _file(path: str, kind: int, wake: int) -> Source:
    """A regular file, which ends, or a named pipe, which does not: held open for writing too, it outlives each of its writers."""
    if kind not in _FILES:
        raise SourceError(f"{path} is neither a serial device nor a file nor a named pipe")
    flags, ended = _FILES[kind]
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise advice.source_error(path, error) from None
    return Descriptor(path, descriptor, wake, lambda: os.close(descriptor), ended)


def _socket(url: str, rest: str, line: str, wake: int) -> Source:  # noqa: ARG001, the line is the converter's own
    import socket  # noqa: PLC0415, most configurations have none

    host, _, service = rest.rpartition(":")
    try:
        connection = socket.create_connection((host.strip("[]"), int(service)), CONNECT_S)
    except (OSError, ValueError) as error:
        raise advice.source_error(url, error) from None
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return Descriptor(url, connection.fileno(), wake, connection.close, "closed the connection")


def _rfc2217(url: str, rest: str, line: str, wake: int) -> Source:  # noqa: ARG001, see Remote
    import serial  # noqa: PLC0415

    try:
        port = serial.serial_for_url(url, do_not_open=True, timeout=Remote.WAIT_S)
        _line_set(port, line)
        port.open()
    except (OSError, ValueError) as error:
        raise advice.source_error(url, error) from None
    return Remote(url, port)


_FILES: Final = {stat.S_IFREG: (os.O_RDONLY, ""), stat.S_IFIFO: (os.O_RDWR | os.O_NONBLOCK, "was closed")}
_SCHEMES: Final = {"socket": _socket, "rfc2217": _rfc2217}
