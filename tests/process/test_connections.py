"""sources, reader: a converter that vanishes without a word is read again when it is back, over socket:// and rfc2217://."""

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import serial
import serial.rfc2217

from telegraf_han.config import file
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import SilentError
from telegraf_han.live import threads
from telegraf_han.live.log import Log
from telegraf_han.live.threads import Readers
from telegraf_han.ports import sources

SOON_S = 60.0
"""Longer than anything here takes on a busy machine."""
SILENCE_S = 1.5
EVERY_S = 0.1


class Meter:
    """A converter that sends a telegram all the time, to each connection."""

    def __init__(self, scheme: str, telegram: bytes) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._telegram = telegram
        self._speak = self._raw if scheme == "socket" else self._rfc2217
        self._over = threading.Event()
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        self._listening.settimeout(0.1)
        while not self._over.is_set():
            with suppress(TimeoutError):
                self._threads.append(threading.Thread(target=self._served, args=(self._listening.accept()[0],), daemon=True))
                self._threads[-1].start()

    def _served(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.setblocking(True)
            self._speak(connection)

    def _raw(self, connection: socket.socket) -> None:
        while not self._over.wait(EVERY_S):
            connection.sendall(self._telegram)

    def _rfc2217(self, connection: socket.socket) -> None:
        class Wire:
            def write(self, data: bytes) -> None:
                connection.sendall(data)

        far = serial.serial_for_url("loop://", timeout=0)
        manager = serial.rfc2217.PortManager(far, Wire())
        while not self._over.is_set():
            if select.select([connection], [], [], EVERY_S)[0]:
                data = connection.recv(1024)
                if not data:
                    return
                list(manager.filter(data))
            else:
                connection.sendall(b"".join(manager.escape(self._telegram)))

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(SOON_S)
        self._listening.close()


class Wall:
    """The way to a converter. When its power is cut, nothing comes through any more, and nobody is told: no FIN, no RST."""

    def __init__(self, port: int) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._target = port
        self._ways: list[tuple[socket.socket, socket.socket]] = []
        self._lost: list[tuple[socket.socket, socket.socket]] = []
        self._powered = True
        self._over = False
        self.port = self._listening.getsockname()[1]
        self.connections = 0
        self._thread = threading.Thread(target=self._forward, daemon=True)
        self._thread.start()

    def _forward(self) -> None:
        while not self._over:
            if not self._powered:
                self._lost += self._ways
                self._ways = []
                time.sleep(0.02)
                continue
            ends = [end for way in self._ways for end in way]
            ready, _, _ = select.select([self._listening, *ends], [], [], 0.02)
            if self._listening in ready:
                self._ways.append((self._listening.accept()[0], socket.create_connection(("127.0.0.1", self._target))))
                self.connections += 1
            for near, far in list(self._ways):
                for source, sink in ((near, far), (far, near)):
                    if source in ready:
                        self._passed(source, sink, (near, far))

    def _passed(self, source: socket.socket, sink: socket.socket, way: tuple[socket.socket, socket.socket]) -> None:
        try:
            data = source.recv(65536)
            sink.sendall(data)
        except OSError:
            data = b""
        if not data and way in self._ways:
            self._ways.remove(way)
            for end in way:
                end.close()

    def cut(self) -> None:
        """The power goes."""
        self._powered = False

    def restore(self) -> None:
        """The power comes back. The converter knows nothing of connections from before."""
        self._powered = True

    def close(self) -> None:
        self._over = True
        self._thread.join(SOON_S)
        for end in [end for way in (*self._ways, *self._lost) for end in way]:
            end.close()
        self._listening.close()


@pytest.fixture(params=["socket", "rfc2217"])
def way(request: pytest.FixtureRequest, telegram: bytes) -> Iterator[tuple[str, Wall]]:
    """A scheme, and the way to a converter that speaks it."""
    meter = Meter(request.param, telegram)
    wall = Wall(meter.port)
    yield request.param, wall
    wall.close()
    meter.close()


def until(condition: Callable[[], object]) -> None:
    end_s = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.02)


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
def test_power_cut(way: tuple[str, Wall], config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A converter whose power was cut is read again. While it sends, the connection is left alone."""
    scheme, wall = way
    monkeypatch.setattr(sources, "SILENCE_S", SILENCE_S)
    (tmp_path / "han.toml").write_text(config(f"{scheme}://127.0.0.1:{wall.port}"))
    loaded = file.load(str(tmp_path / "han.toml"))
    decoder = Decoder(loaded)
    unread, said = os.pipe()
    reading = Readers(loaded, decoder, Log(said, threads.lock()))
    meter = decoder.meters["home"]

    with reading:
        until(lambda: meter.decoded > 2 * SILENCE_S / EVERY_S)
        kept = wall.connections
        wall.cut()
        time.sleep(2 * EVERY_S)
        before = meter.decoded
        time.sleep(SILENCE_S)
        wall.restore()
        until(lambda: meter.decoded > before + 3)
    log = os.read(unread, 65536).decode()
    os.close(unread)
    os.close(said)

    assert kept == 1
    assert f"D! home: {scheme}://127.0.0.1:{wall.port} has brought nothing for " in log
    assert "defect" not in log


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_connections_are_probed(way: tuple[str, Wall]) -> None:
    """The system probes both kinds of connection, and gives up data that nobody acknowledges."""
    scheme, wall = way
    reading, writing = os.pipe()
    source = sources.opened(f"{scheme}://127.0.0.1:{wall.port}", "115200 8N1", reading)
    number = source._descriptor if isinstance(source, sources.Descriptor) else source._port._socket.fileno()
    with socket.socket(fileno=os.dup(number)) as same:
        assert same.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert [same.getsockopt(socket.IPPROTO_TCP, getattr(socket, option)) for option, _ in sources.KEEPALIVE] == [30, 10, 3, 60_000]
    source.close()
    os.close(reading)
    os.close(writing)


def test_meters_that_send_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """A meter that sends once per minute is never taken for a dead connection. Silence is counted on the steady clock, from the last byte."""
    now = [1000.0]
    monkeypatch.setattr(sources.time, "monotonic", lambda: now[0])
    silence = sources.Silence("socket://converter:2001")
    for _ in range(100):
        now[0] += 60.0
        silence.goes_on()
        silence.broken()
    now[0] += sources.SILENCE_S - 0.1
    silence.goes_on()
    now[0] += 0.1

    with pytest.raises(SilentError, match="has brought nothing for 5 minutes, so the connection is opened again"):
        silence.goes_on()
