"""sources: real pseudo-terminals, sockets and files, read, written, lost and waited for."""

import os
import pty
import select
import socket
import stat
import threading
import time
import tty
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import serial
import serial.rfc2217

from telegraf_han.errors import SourceError
from telegraf_han.ports import advice, sources

LINE = "115200 8N1"
SOON_S = 60.0
"""Longer than anything here takes on a busy machine."""


class Wake:
    """A wake-up that can be pulled."""

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()

    def pull(self) -> None:
        """All waits end."""
        os.write(self._writing, b"\0")

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self.reading)
        os.close(self._writing)


@pytest.fixture
def wake() -> Iterator[Wake]:
    """A wake-up not pulled yet."""
    one = Wake()
    yield one
    one.close()


@pytest.fixture
def cable() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: the meter's end and the path of ours."""
    meter, ours = pty.openpty()
    tty.setraw(meter)
    path = os.ttyname(ours)
    os.close(ours)
    yield meter, path
    try:
        os.close(meter)
    except OSError:
        return


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A listening socket on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(SOON_S)
        yield listening


def url(server: socket.socket, scheme: str = "socket") -> str:
    """Where it listens."""
    return f"{scheme}://127.0.0.1:{server.getsockname()[1]}"


def heard(source: sources.Source, size: int) -> bytes:
    """So many bytes of a source."""
    data = b""
    until_s = time.monotonic() + SOON_S
    while len(data) < size and time.monotonic() < until_s:
        data += source.read(0.1) or b""
    return data


def test_serial_device_both_ways(cable: tuple[int, str], wake: Wake) -> None:
    """Bytes of all values pass a serial device unchanged in both directions."""
    meter, path = cable
    everything = bytes(range(256))
    source = sources.opened(path, LINE, wake.reading)

    os.write(meter, everything)
    received = heard(source, len(everything))
    source.write(everything)
    sent = os.read(meter, 4096)
    source.close()

    assert received == everything
    assert sent == everything
    assert not source.finite


def test_silence_is_empty(cable: tuple[int, str], wake: Wake) -> None:
    """Nothing within the time is b""."""
    source = sources.opened(cable[1], LINE, wake.reading)

    assert source.read(0.01) == b""

    source.close()


def test_wake_ends_a_read_and_a_pause(cable: tuple[int, str], wake: Wake) -> None:
    """A blocked read and a pause both end at once when all shall end."""
    source = sources.opened(cable[1], LINE, wake.reading)
    timer = threading.Timer(0.05, wake.pull)
    timer.start()
    begun_s = time.monotonic()

    assert source.read(10 * SOON_S) == b""
    assert not sources.paused(10 * SOON_S, wake.reading)
    assert time.monotonic() - begun_s < SOON_S

    timer.join()
    source.close()


def test_device_unplugged(cable: tuple[int, str], wake: Wake) -> None:
    """A device that vanishes while it is read is a SourceError that says so."""
    meter, path = cable
    source = sources.opened(path, LINE, wake.reading)
    os.close(meter)

    with pytest.raises(SourceError, match="was unplugged or has disconnected"):
        source.read(SOON_S)

    source.close()


def test_device_has_one_reader(cable: tuple[int, str], wake: Wake) -> None:
    """A second opening of a device is refused while the first lasts, and not after."""
    first = sources.opened(cable[1], LINE, wake.reading)
    with pytest.raises(SourceError, match="in use by another program"):
        sources.opened(cable[1], LINE, wake.reading)
    first.close()
    sources.opened(cable[1], LINE, wake.reading).close()


def test_socket_both_ways(server: socket.socket, wake: Wake) -> None:
    """A socket is read and written, and its end is a SourceError."""
    source = sources.opened(url(server), LINE, wake.reading)
    other, _ = server.accept()
    other.sendall(b"from the converter")
    received = heard(source, 18)
    source.write(b"to the converter")
    sent = other.recv(100)
    other.close()

    assert received == b"from the converter"
    assert sent == b"to the converter"
    with pytest.raises(SourceError, match=r"^socket://127.0.0.1:\d+ closed the connection$"):
        source.read(SOON_S)
    source.close()


def test_socket_is_kept_alive(server: socket.socket, wake: Wake) -> None:
    """A converter that lost its power is noticed: the connection is probed."""
    source = sources.opened(url(server), LINE, wake.reading)
    assert isinstance(source, sources.Descriptor)
    with socket.socket(fileno=os.dup(source._descriptor)) as same:
        assert same.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    source.close()


def test_write_that_is_not_taken(server: socket.socket, wake: Wake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that takes nothing more is given up instead of waited for."""
    monkeypatch.setattr(sources, "WRITE_S", 0.05)
    source = sources.opened(url(server), LINE, wake.reading)

    with pytest.raises(SourceError, match="did not take"):
        source.write(bytes(50_000_000))

    source.close()


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
def test_rfc2217(server: socket.socket, wake: Wake) -> None:
    """A remote serial port is set to its line, read, written, and its end is a SourceError."""
    far = serial.serial_for_url("loop://", timeout=0)
    served = threading.Thread(target=serve_rfc2217, args=(server, far), daemon=True)
    served.start()

    source = sources.opened(url(server, "rfc2217"), "9600 7E1", wake.reading)
    source.write(b"there and back \xff")
    received = heard(source, 16)

    assert received == b"there and back \xff"
    assert (far.baudrate, far.bytesize, far.parity) == (9600, 7, "E")
    far.close()
    served.join(SOON_S)
    with pytest.raises(SourceError, match="closed the connection"):
        read_for_ever(source)
    source.close()


def read_for_ever(source: sources.Source) -> None:
    """Read on until it fails, or too long."""
    until_s = time.monotonic() + SOON_S
    while time.monotonic() < until_s:
        source.read(0.1)


def serve_rfc2217(server: socket.socket, far: serial.SerialBase) -> None:
    """A converter that speaks RFC 2217, until its serial port is closed."""
    connection, _ = server.accept()
    with connection:
        connection.setblocking(False)

        class Wire:
            def write(self, data: bytes) -> None:
                connection.sendall(data)

        manager = serial.rfc2217.PortManager(far, Wire())
        while far.is_open:
            if select.select([connection], [], [], 0.01)[0]:
                far.write(b"".join(manager.filter(connection.recv(1024))))
            if far.is_open and (data := far.read(1024)):
                connection.sendall(b"".join(manager.escape(data)))


def test_file_ends(tmp_path: Path, wake: Wake) -> None:
    """A file is read whole, and its end is no error."""
    content = bytes(range(256)) * 100
    (tmp_path / "capture").write_bytes(content)
    source = sources.opened(str(tmp_path / "capture"), LINE, wake.reading)

    received = b"".join(iter(lambda: source.read(SOON_S), None))
    source.close()

    assert received == content
    assert source.finite


def test_named_pipe_outlives_its_writers(tmp_path: Path, wake: Wake) -> None:
    """A named pipe is read from one writer to the next. Between two writers it is silent, not gone."""
    os.mkfifo(tmp_path / "pipe")
    source = sources.opened(str(tmp_path / "pipe"), LINE, wake.reading)
    heard = []
    for words in (b"first", b"second"):
        with (tmp_path / "pipe").open("wb") as writer:
            writer.write(words)
        heard.append(source.read(SOON_S))
        heard.append(source.read(0.01))
    source.close()

    assert heard == [b"first", b"", b"second", b""]
    assert not source.finite


def cause_of_failure(port: str, wake: Wake) -> str:
    """What is said of a port that cannot be opened."""
    with pytest.raises(SourceError) as caught:
        sources.opened(port, LINE, wake.reading)
    return str(caught.value)


def test_missing_device(wake: Wake) -> None:
    """The error about a device that does not exist says what to do."""
    assert cause_of_failure("/dev/ttyNONE", wake).startswith("/dev/ttyNONE is not there. Is it plugged in?")


def test_no_port_at_all(tmp_path: Path, wake: Wake) -> None:
    """A folder, and a device that is no serial port, are refused with a sentence."""
    assert cause_of_failure(str(tmp_path), wake) == f"{tmp_path} is a directory, not a serial device, a file or a named pipe"
    assert cause_of_failure("/dev/null", wake) == "/dev/null is not a serial port"


def test_refused_connection(server: socket.socket, wake: Wake) -> None:
    """A converter that does not listen is said so, over both schemes."""
    addresses = [url(server), url(server, "rfc2217")]
    server.close()

    for address in addresses:
        assert (
            cause_of_failure(address, wake)
            == f"{address} refuses the connection. Check that its server is on and that no other client uses it"
        )


def test_unknown_host(wake: Wake) -> None:
    """The error about a host that no name server knows says so."""
    assert "names an unknown host" in cause_of_failure("socket://no-such-host.invalid:2001", wake)


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        (stat.S_IFCHR | 0o660, ". Run: sudo usermod -aG dialout telegraf, then restart Telegraf"),
        (stat.S_IFCHR | 0o600, ", and its group dialout gives no right. A udev rule"),
        (stat.S_IFREG | 0o600, " (see chown and chmod)"),
    ],
    ids=["group may", "group may not", "file"],
)
def test_permission_is_a_command(mode: int, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who may not open a device gets the one command that helps."""

    class Named:
        pw_name = "telegraf"
        gr_name = "dialout"

    monkeypatch.setattr("pwd.getpwuid", lambda _: Named)
    monkeypatch.setattr("grp.getgrgid", lambda _: Named)
    monkeypatch.setattr(os, "stat", lambda _: os.stat_result((mode, 0, 0, 1, 0, 20, 0, 0, 0, 0)))

    error = advice.source_error("/dev/ttyUSB0", PermissionError(13, "Permission denied"))

    assert str(error).startswith(f"/dev/ttyUSB0 may not be opened by user telegraf{sentence}")


def test_pauses_double_up_to_their_limit() -> None:
    """Tries come soon at first, then every half minute, for ever."""
    assert list(islice(sources.pauses_s(), 9)) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
