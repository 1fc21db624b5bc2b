"""tap: a client gets the whole picture at once, then what changes; none of them costs the plugin a telegram."""

import contextlib
import errno
import json
import os
import select
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import p1telegrams as p1
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.live import tap
from telegraf_han.live.log import Log
from telegraf_han.live.outbox import Outbox
from telegraf_han.live.reader import Shared
from telegraf_han.ports import taps
from telegraf_han.telegram import Frame

SOON_S = 60.0
S = 1_000_000_000


class House:
    """A plugin with its tap: a decoder, a log that can be read, and the tap's thread."""

    def __init__(self, folder: Path, meters: int = 2) -> None:
        names = ["home", *(f"flat-{number}" for number in range(2, meters + 1))]
        keys = {"encryption_key": Key(p1.EK), "authentication_key": Key(p1.AK)}
        self.config = Config(str(folder / "han.toml"), Output(), tuple(MeterConfig(name, "p1", **keys) for name in names), ())
        self.decoder = Decoder(self.config)
        self._wake, self._waker = os.pipe()
        self._log, log = os.pipe()
        os.set_blocking(self._log, False)
        self.lock = threading.Lock()
        self.shared = Shared(self.decoder, self.lock, Outbox(), Log(log, threading.Lock()), self._wake)
        self.place = taps.path(self.config.file)
        self.thread = threading.Thread(target=tap.live, args=(self.config, self.shared), daemon=True)
        self._clients: list[Client] = []
        self._told = ""

    def hears(self, name: str = "home") -> None:
        """A telegram comes."""
        with self.lock:
            self.decoder.take(Frame("p1", p1.stoen(), time.time_ns(), steady_ns=time.monotonic_ns()), name)

    def client(self) -> "Client":
        """Somebody connects."""
        self._clients.append(Client(self.place))
        return self._clients[-1]

    def start(self) -> None:
        self.thread.start()
        until(self.said)

    def wake(self) -> None:
        os.write(self._waker, b"\0")

    def stop(self) -> None:
        self.wake()
        if self.thread.ident is not None:
            self.thread.join(SOON_S)
        assert not self.thread.is_alive()
        for client in self._clients:
            client.socket.close()

    def said(self) -> str:
        """The log so far."""
        with contextlib.suppress(BlockingIOError):
            self._told += os.read(self._log, 65536).decode()
        return self._told


class Client:
    """Somebody who is connected."""

    def __init__(self, place: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(place)
        self.socket.settimeout(SOON_S)
        self.data = b""

    def told(self) -> dict[str, Any]:
        """The next line; {} at the end."""
        while b"\n" not in self.data:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return {}
            self.data += more
        line, _, self.data = self.data.partition(b"\n")
        return json.loads(line)

    def silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        return not self.data and not select.select([self.socket], [], [], seconds)[0]


def until(condition, wait_s: float = SOON_S) -> None:
    end_s = time.monotonic() + wait_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.005)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tap") as name:
        monkeypatch.setenv("RUNTIME_DIRECTORY", name)
        yield Path(name)


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    one = House(folder)
    one.hears()
    one.start()
    yield one
    one.stop()


def test_the_whole_picture_at_once(house: House) -> None:
    """A new client first gets the meters, then each meter with its counters and its last telegram."""
    client = house.client()
    hello, home, flat = client.told(), client.told(), client.told()

    assert (hello["tap"], [meter["name"] for meter in hello["meters"]]) == (tap.VERSION, ["home", "flat-2"])
    assert (home["meter"], home["state"], home["telegrams"], home["decoded"]) == ("home", "ok", 1, 1)
    assert home["telegram"]["serial"] == "35000001"
    assert {
        "obis": "1-0:1.8.0",
        "value": 12345035,
        "unit": "Wh",
        "name": "active_energy_import",
        "record": None,
        "field": "active_energy_import_wh",
    } in home["telegram"]["readings"]
    assert (flat["meter"], flat["state"], flat["telegram"]) == ("flat-2", "silent", None)


def test_only_what_changes(house: House) -> None:
    """Afterwards a line comes for a meter that changed, and for no other. The second client gets everything all the same."""
    first = house.client()
    assert [first.told().get("meter") for _ in range(3)] == [None, "home", "flat-2"]
    assert first.silent(2 * tap.TURN_S)

    house.hears("flat-2")
    assert first.told()["meter"] == "flat-2"
    second = house.client()
    assert [second.told().get("meter") for _ in range(3)] == [None, "home", "flat-2"]
    assert first.silent(0.1)


def test_a_state_that_changes_by_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A meter that falls silent sends nothing, and its state changes. The client is told."""
    client = house.client()
    assert [client.told().get("state") for _ in range(3)] == [None, "ok", "silent"]

    monkeypatch.setattr(tap.health, "silence_s", lambda _: 0.0)

    assert client.told()["state"] == "silent"


def test_four_clients(house: House) -> None:
    """The fifth is told why it is refused. When one ends, its place is free."""
    clients = [house.client() for _ in range(tap.CLIENTS)]
    assert all(client.told()["meters"] for client in clients)

    fifth = house.client()
    assert fifth.told() == {"tap": tap.VERSION, "refused": "4 others watch already"}
    assert fifth.told() == {}

    clients[0].socket.close()

    def let_in() -> bool:
        return "meters" in house.client().told()

    until(let_in)


def test_a_client_cannot_write(house: House) -> None:
    """The kernel refuses what a client sends. What it sent before it was accepted is never read. It still gets its lines."""
    client = house.client()
    with contextlib.suppress(BrokenPipeError):  # it may be accepted already
        client.socket.send(b"run\nrm -rf /\n")
    assert client.told()["meters"]
    with pytest.raises(BrokenPipeError):
        client.socket.send(b"\n")

    assert client.told()["meter"] == "home"
    assert client.told()["meter"] == "flat-2"
    house.hears()
    assert client.told()["meter"] == "home"


def test_a_slow_client_is_no_burden(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that takes nothing has one picture waiting, not all that came since. Others get theirs. At last it is dropped."""
    monkeypatch.setattr(tap, "TURN_S", 0.01)
    monkeypatch.setattr(tap, "STUCK_S", 2.0)
    house = House(folder, meters=500)
    for name in house.decoder.meters:
        house.hears(name)
    kept = []
    monkeypatch.setattr(
        tap.Tap, "_sent", lambda self, client, now_s, sent=tap.Tap._sent: (kept.append(len(client.left)), sent(self, client, now_s))[1]
    )
    house.start()
    stuck, other = house.client(), house.client()
    whole = sum(len(json.dumps(other.told())) for _ in range(501))

    for number in range(200):
        house.hears(f"flat-{2 + number}")
        assert other.told()["meter"] == f"flat-{2 + number}"

    until(lambda: len(kept) > 200)
    assert 0 < max(kept) < 1.1 * whole
    others = [house.client() for _ in range(tap.CLIENTS - 2)]
    assert all(client.told()["meters"] for client in others)
    until(lambda: "meters" in house.client().told())
    while stuck.told():
        pass
    house.stop()


def test_clients_that_connect_again_and_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are accepted some times per turn, so they cannot keep the plugin busy."""
    accepted = []
    monkeypatch.setattr(tap.Tap, "_accept", lambda self, now_s, accept=tap.Tap._accept: (accepted.append(now_s), accept(self, now_s)))
    begin_s = time.monotonic()
    while time.monotonic() < begin_s + 1.2:
        with contextlib.suppress(BlockingIOError):
            taps.connected(house.place).close()

    assert 0 < len(accepted) <= tap.ACCEPTED_A_TURN * (2 + (time.monotonic() - begin_s) / tap.TURN_S)
    until(lambda: "meters" in house.client().told())


def test_no_descriptor_is_left(folder: Path) -> None:
    """A connection that cannot be accepted stays in the queue, and the listener stays ready. The thread tries a few times, and rests."""
    house = House(folder)
    tries = []

    class Full:
        """A process without a free descriptor."""

        def __init__(self, listener: socket.socket) -> None:
            self.fileno = listener.fileno

        def accept(self) -> None:
            tries.append(time.monotonic())
            raise OSError(errno.EMFILE, "Too many open files")

    with taps.listening(house.place) as listener, contextlib.closing(Client(house.place).socket):
        thread = threading.Thread(target=tap.Tap(house.config, house.shared, Full(listener)).serve, daemon=True)
        thread.start()
        until(lambda: len(tries) > tap.ACCEPTED_A_TURN + 1)
        house.wake()
        thread.join(SOON_S)

    assert tries[tap.ACCEPTED_A_TURN + 1] - tries[0] > tap.TURN_S / 2


def test_nobody_costs_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a client nobody looks at the meters. After the last client has gone, nothing of it is kept."""
    looks = []
    monkeypatch.setattr(tap.Tap, "_look", lambda self, look=tap.Tap._look: (looks.append(self), look(self)))
    client = house.client()
    assert [client.told().get("meter") for _ in range(3)] == [None, "home", "flat-2"]
    client.socket.close()
    until(lambda: not looks[0]._clients)
    before = len(looks)

    time.sleep(2 * tap.TURN_S)

    assert len(looks) == before
    assert (looks[0]._facts, looks[0]._lines) == ({}, {})


def test_the_end(house: House) -> None:
    """When the plugin ends, its clients see it at once, and its socket is gone."""
    client = house.client()
    assert [client.told().get("meter") for _ in range(3)] == [None, "home", "flat-2"]

    house.wake()

    assert client.told() == {}
    until(lambda: not os.path.lexists(house.place))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder.rmdir(), "there is no folder"),
        (lambda folder: folder.chmod(0o777), "others may write"),
        (lambda folder: Path(taps.path(str(folder / "han.toml"))).touch(), "is no socket"),
    ],
    ids=["no folder", "open folder", "a file"],
)
def test_no_tap_is_one_debug_line(folder: Path, make, said: str) -> None:
    """A tap that cannot be made never disturbs Telegraf's owner."""
    house = House(folder)
    make(folder)
    house.start()
    house.thread.join(SOON_S)
    log = house.said()
    folder.mkdir(exist_ok=True)
    house.stop()

    assert log.startswith("D! no tap for `telegraf-han watch`: ")
    assert said in log
    assert log.count("\n") == 1


def test_a_plugin_waits_for_the_other_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another plugin has the socket, it is left alone. When that plugin has ended, this one takes its place."""
    monkeypatch.setattr(tap, "RETRY_S", 0.01)
    first, second = House(folder), House(folder)
    first.start()
    second.thread.start()
    until(lambda: "belongs to another plugin" in second.said())
    inode = os.stat(first.place).st_ino
    time.sleep(0.1)
    assert os.stat(first.place).st_ino == inode

    first.stop()

    until(lambda: "D! `telegraf-han watch` can read beside Telegraf" in second.said())
    second.stop()


def test_a_defect_ends_the_tap_only(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the program itself is logged once, without any content, and the thread ends."""

    def broken(self) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(tap.Tap, "_look", broken)
    before = house.said()
    house.client()
    house.thread.join(SOON_S)

    log = house.said().removeprefix(before)
    assert log.startswith("E! no tap for `telegraf-han watch`: defect of telegraf-han")
    assert "ZeroDivisionError" in log
    assert "secret" not in log
    assert not os.path.lexists(house.place)
