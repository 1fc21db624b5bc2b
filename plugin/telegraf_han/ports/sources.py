"""Opens a port by its name and reads bytes from it: serial devices, sockets, RFC 2217, files to replay, stdin.

All ports except RFC 2217 have a descriptor. A read waits in `select` until something is there, then takes it with one `os.read`. So a
telegram costs one to three wake-ups, and its time is taken right after its last byte. `wake` is a descriptor that becomes readable when all
readers have to end. It is part of every wait, so no reader misses the end. Every failure becomes a SourceError that says what to do.

Serial devices are opened by pyserial with its advisory lock (flock). So a second telegraf-han, or any program that asks for the lock, finds
the port in use. Otherwise the second program would take every other byte. DTR and RTS are set high, because the P1 port's data request must
be high and cables connect it to one of the two.

Sockets are opened here and not by pyserial, because its `socket://` sleeps 0.3 s in close and imports logging. A converter that loses its
power says nothing. So every connection, RFC 2217 too, is probed by the system (keep-alive), and a connection that brings nothing for a long
time is opened again. A regular file is read to its end, and then the source has ended.
"""

import os
import select
import stat
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from telegraf_han.errors import SilentError, SourceError, reason
from telegraf_han.language import _, marked
from telegraf_han.ports import advice, rights

if TYPE_CHECKING:
    import socket

    import serial

READ_BYTES: Final = 4096
"""A serial driver holds at most this much. It is six telegrams of P1."""
WRITE_S: Final = 1.0
"""A command to a stick has about ten bytes. A port that does not take them within a second is stuck."""
CONNECT_S: Final = 5.0
"""A converter in the house answers within milliseconds, a converter over a telephone line within a second."""
KEEPALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 60_000))
"""A connection whose other end is gone is noticed after one minute, also if something was sent to it (the last row, in ms)."""
SILENCE_S: Final = 300.0
"""A connection that has brought nothing for so long is opened again, because a converter, or a box between, may have forgotten it and still
answer the system's probes. A P1 port sends every 1 to 10 s, a GAMA350 by radio every minute. So five minutes are at least four lost
telegrams, and a receiver that hears nothing for that long loses nothing by a new connection."""
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
"""Pauses between tries to open a port: short right after a plug was pulled, long when the port stays away."""


class Source(Protocol):
    """An open port."""

    @property
    def finite(self) -> bool:
        """Whether the source ends, as a file to replay or stdin does. Then the meter's clock is the time stamp."""

    def read(self, wait_s: float) -> bytes | None:
        """Return the bytes that have come. b"" if nothing came within `wait_s` or the wake-up came, None at the end of a finite source.

        Raises SourceError if the source is gone.
        """

    def write(self, data: bytes) -> None:
        """Send all of it. Raises SourceError."""

    def close(self) -> None:
        """Close the port. Never raises."""


def opened(port: str, line: str, wake: int) -> Source:
    """Open a port by its name. `line` is written like `115200 8N1`. Raises SourceError."""
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
    """Yield the seconds to wait between tries, without end. They double up to the longest pause."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def paused(pause_s: float, wake: int) -> bool:
    """Wait. Returns False if the wake-up came."""
    ready, _, _ = select.select([wake], [], [], pause_s)
    return not ready


CLOSED: Final = marked("{port} closed the connection")


class Descriptor:
    """A source with a file descriptor."""

    __slots__ = ("_close", "_descriptor", "_ended", "_name", "_silence", "_wake", "finite")

    def __init__(
        self, name: str, descriptor: int, wake: int, close: Callable[[], None], ended: str = "", *, silence: "Silence | None" = None
    ) -> None:
        """`ended` is the sentence about `{port}` that is logged when the source is gone. `name` is the port's.

        A finite source has no `ended`, because its end is expected. A connection has a `silence`.
        """
        self.finite: Final = not ended
        self._name: Final = name
        self._descriptor: Final = descriptor
        self._wake: Final = wake
        self._close: Final = close
        self._ended: Final = ended
        self._silence: Final = silence

    def read(self, wait_s: float) -> bytes | None:
        """See Source."""
        ready = select.select([self._descriptor, self._wake], [], [], wait_s)[0]
        if self._wake in ready:
            return b""
        if not ready:
            if self._silence is not None:
                self._silence.goes_on()
            return b""
        if self._silence is not None:
            self._silence.broken()
        return self._taken()

    def _taken(self) -> bytes | None:
        """Return the bytes that are there. Called when there is something to read."""
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            why = self._ended or marked("{port} cannot be read")
            raise SourceError(f"{_(why, port=self._name)} ({reason(error)})") from None
        if data:
            return data
        if self.finite:
            return None
        raise SourceError(_(self._ended, port=self._name))

    def write(self, data: bytes) -> None:
        """See Source."""
        until_s = time.monotonic() + WRITE_S
        while data:
            ready = select.select([], [self._descriptor], [], max(0.0, until_s - time.monotonic()))[1]
            if not ready:
                raise SourceError(
                    _("{port} did not take {size} bytes within {seconds:g} s", port=self._name, size=len(data), seconds=WRITE_S)
                )
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise SourceError(f"{_(self._ended, port=self._name)} ({reason(error)})") from None

    def close(self) -> None:
        """See Source."""
        try:
            self._close()
        except OSError:
            return


class Silence:
    """How long a connection has brought nothing, on the steady clock."""

    __slots__ = ("_name", "_since_s")

    def __init__(self, name: str) -> None:
        """It begins when the connection is opened. `name` is the port's."""
        self._name: Final = name
        self._since_s = time.monotonic()

    def broken(self) -> None:
        """Note that something has come."""
        self._since_s = time.monotonic()

    def goes_on(self) -> None:
        """Nothing has come. Raises SilentError if that has lasted too long."""
        if time.monotonic() - self._since_s >= SILENCE_S:
            raise SilentError(
                _(
                    "{port} has brought nothing for {minutes:g} minutes, so the connection is opened again",
                    port=self._name,
                    minutes=SILENCE_S / 60,
                )
            )


class Remote:
    """A serial port behind RFC 2217. pyserial reads it in a thread of its own, so there is no descriptor to wait on."""

    __slots__ = ("_name", "_port", "_silence", "_wake", "finite")

    WAIT_S: Final = 0.2
    """Timeout of one read. It is set once, because pyserial negotiates the line again whenever the timeout changes."""

    def __init__(self, name: str, port: "serial.Serial", wake: int) -> None:
        """`port` is open and has `WAIT_S` as its timeout."""
        self.finite: Final = False
        self._name: Final = name
        self._port: Final = port
        self._wake: Final = wake
        self._silence: Final = Silence(name)

    def read(self, wait_s: float) -> bytes | None:  # noqa: ARG002, see WAIT_S
        """See Source."""
        if not paused(0, self._wake):
            return b""
        try:
            first = self._port.read(1)
            data = first + self._port.read(self._port.in_waiting) if first else b""
        except OSError:
            raise SourceError(_(CLOSED, port=self._name)) from None
        if data:
            self._silence.broken()
        else:
            self._silence.goes_on()
        return data

    def write(self, data: bytes) -> None:
        """See Source."""
        try:
            self._port.write(data)
        except OSError:
            raise SourceError(_(CLOSED, port=self._name)) from None

    def close(self) -> None:
        """See Source."""
        try:
            self._port.close()
        except OSError:
            return


def _line_set(port: "serial.SerialBase", line: str) -> None:
    """Set a port that is not open yet to `115200 8N1`, and set DTR and RTS high. One of the two is the data request."""
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
    return Descriptor(path, port.fileno(), wake, port.close, marked("{port} was unplugged or has disconnected"))


def _file(path: str, kind: int, wake: int) -> Source:
    """Open a regular file, which ends, or a named pipe, which does not: it is opened for writing too, so it outlives all its writers."""
    if kind not in _FILES:
        raise SourceError(_("{path} is {what}, not a serial device, a file or a named pipe", path=path, what=rights.what(kind)))
    flags, ended = _FILES[kind]
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise advice.source_error(path, error) from None
    return Descriptor(path, descriptor, wake, lambda: os.close(descriptor), ended)


def _socket(url: str, rest: str, line: str, wake: int) -> Source:  # noqa: ARG001, the converter has its own line settings
    import socket  # noqa: PLC0415, most configurations have none

    host, _, service = rest.rpartition(":")
    try:
        connection = socket.create_connection((host.strip("[]"), int(service)), CONNECT_S)
    except (OSError, ValueError) as error:
        raise advice.source_error(url, error) from None
    connection.setblocking(False)
    _probed(connection)
    return Descriptor(url, connection.fileno(), wake, connection.close, CLOSED, silence=Silence(url))


def _probed(connection: "socket.socket") -> None:
    """Let the system probe a connection, as far as the system can."""
    import socket  # noqa: PLC0415, see _socket

    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _rfc2217(url: str, rest: str, line: str, wake: int) -> Source:  # noqa: ARG001, the URL is for pyserial
    import serial  # noqa: PLC0415

    try:
        port = serial.serial_for_url(url, do_not_open=True, timeout=Remote.WAIT_S)
        _line_set(port, line)
        port.open()
        # pyserial gives no way to the connection, and without probes nobody notices that a converter lost its power
        _probed(getattr(port, "_socket"))  # noqa: B009, its type has no such attribute
    except (OSError, ValueError) as error:
        raise advice.source_error(url, error) from None
    return Remote(url, port, wake)


_FILES: Final = {stat.S_IFREG: (os.O_RDONLY, ""), stat.S_IFIFO: (os.O_RDWR | os.O_NONBLOCK, marked("{port} was closed"))}
_SCHEMES: Final = {"socket": _socket, "rfc2217": _rfc2217}
