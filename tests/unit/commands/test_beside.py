"""_beside: a connection to a tap, whatever is at its other end and whenever that ends."""

import contextlib
import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from telegraf_han.commands import _beside, watch
from telegraf_han.commands._beside import Beside
from telegraf_han.errors import PortInUseError, SourceError
from telegraf_han.inspection.recent import Point
from telegraf_han.ports import taps

HELLO = {"tap": 1, "meters": [{"name": "home", "interface": "p1", "timezone": "Europe/Warsaw", "limits": {}}]}
HOME = {
    "meter": "home", "state": "ok", "telegrams": 7, "decoded": 7, "duplicates": 0, "unverified": 0, "errors": {}, "clock_offset_s": None,
    "rssi_dbm": None, "good_ns": 5, "telegram": {"serial": "1", "model": "m", "verified": True, "readings": []},
}  # fmt: skip


class Server:
    """A tap that says what a test wants."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.open()

    def open(self) -> None:
        self.listener = taps.listening(self.place)
        self.listener.setblocking(True)
        self._connections: list[socket.socket] = []

    def says(self, *told: object) -> None:
        """To the client that has just connected, or the one before."""
        self.listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self._connections.append(self.listener.accept()[0])
        self._connections[-1].sendall(b"".join(json.dumps(one).encode() + b"\n" for one in told))

    def ends(self) -> None:
        for one in (*self._connections, self.listener):
            one.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(_beside, "ANSWER_S", 0.3)
    with tempfile.TemporaryDirectory(prefix="tap") as name:
        monkeypatch.setenv("RUNTIME_DIRECTORY", name)
        one = Server(taps.path(f"{name}/han.toml"))
        yield one
        one.ends()


@pytest.fixture
def connect(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Beside]:
    """Connect, while the server says something as soon as somebody waits for it."""

    def connected(*told: object) -> Beside:
        wait = _beside.select.select

        def said(*arguments):
            nonlocal told
            if told:
                server.says(*told)
                told = ()
            return wait(*arguments)

        monkeypatch.setattr(_beside.select, "select", said)
        return Beside(server.place)

    return connected


def test_lines_cut_anywhere(server: Server, connect) -> None:
    """A line may come in pieces."""
    with connect(HELLO) as place:
        line = json.dumps(HOME).encode() + b"\n"
        for octet in range(0, len(line), 40):
            server._connections[-1].sendall(line[octet : octet + 40])
            place.take()

        assert place.recent.meters["home"].telegrams == 7
        assert place.descriptors()


def test_no_answer(connect) -> None:
    """A plugin that was stopped takes the connection and says nothing. Then there is no tap."""
    with pytest.raises(TimeoutError):
        connect()


@pytest.mark.parametrize("told", [{"tap": 2}, {"tap": 1, "refused": "4 others watch already"}, []])
def test_refused(connect, told: object) -> None:
    """An answer that is no welcome is an error in words."""
    with pytest.raises(SourceError):
        connect(told)


def test_a_line_without_end(server: Server, connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """What never ends its line is not kept for ever."""
    monkeypatch.setattr(_beside, "LINE_LIMIT_BYTES", 1000)
    place = connect(HELLO)
    server._connections[-1].sendall(b"x" * 2000)

    with pytest.raises(SourceError, match="no tap"):
        place.take()
    assert place.descriptors() == ()


def test_the_plugin_ends_and_comes_back(server: Server, connect) -> None:
    """The page keeps what it has, says so, and goes on with the new plugin. The chart has its history."""
    with connect(HELLO, HOME) as place:
        place.take()
        place.recent.history["home"].append(point := Point(1, 2.0, 3.0))
        server.ends()
        os.unlink(server.place)
        place.take()
        assert place.recent.away
        assert "has ended" in place.remarks()[0]
        assert place.descriptors() == ()
        place.take()  # nobody is there yet

        server.open()
        place.take()
        assert place.recent.away
        server.says(HELLO, HOME | {"telegrams": 1})
        place.take()

        assert not place.recent.away
        assert place.remarks() == []
        assert place.recent.meters["home"].telegrams == 1
        assert point in place.recent.history["home"]


def test_a_defect_at_the_other_end(server: Server, connect) -> None:
    """A line that is not understood ends the page with words, because the next lines would not be understood either."""
    place = connect(HELLO)
    server.says({"meter": "attic"})

    with pytest.raises(SourceError, match="another version"):
        place.take()


CONFIG = '[[meter]]\nname = "home"\ninterface = "p1"\nport = "{}"\n'


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(), "To watch beside Telegraf, run: sudo -u "),
        (FileNotFoundError(), "stop Telegraf: sudo systemctl stop telegraf.*To watch beside it from now on"),
        (ConnectionRefusedError(), "stop Telegraf"),
        (BlockingIOError(), "stop Telegraf"),
    ],
    ids=["no right", "no tap", "stale", "busy"],
)
def test_what_to_do_if_the_port_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str) -> None:
    """Without a tap the ports are read. If the plugin has them, the error says which way there is to the tap."""

    def fails(place: str) -> socket.socket:
        raise error

    monkeypatch.setattr(taps, "connected", fails)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    master, theirs = os.openpty()
    (tmp_path / "cable").symlink_to(os.ttyname(theirs))
    (tmp_path / "han.toml").write_text(CONFIG.format(tmp_path / "cable"))
    watch._place(str(tmp_path / "han.toml")).__exit__(None, None, None)

    fcntl.flock(theirs, fcntl.LOCK_EX)
    with pytest.raises(PortInUseError, match=f"is in use by another program.*{said}"):
        watch._place(str(tmp_path / "han.toml"))
    os.close(theirs)
    os.close(master)
