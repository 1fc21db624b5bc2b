"""`run` and converters in the network that are killed, that hang, that refuse, whose name is gone, or to which nothing comes through any more."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

GOOD = "electricity,interface=p1,meter=home,model=GAMA350,serial=35000001 "
LINK = "electricity_link,interface=p1,meter=home "
SERVER = str(Path(__file__).with_name("rfc2217server.py"))
SOON_S = 60.0
AT_ONCE = {"FIRST_PAUSE_S": 0.05, "LONGEST_PAUSE_S": 0.2}


class Servers:
    """Processes that stand for converters."""

    def __init__(self, folder: Path, telegram: bytes) -> None:
        (folder / "telegram").write_bytes(telegram)
        self._file = str(folder / "telegram")
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, port: int, *kind: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        """One that listens."""
        words = [*before, sys.executable, "-W", "ignore", SERVER, "127.0.0.1", str(port), self._file, *kind]
        self._running.append(subprocess.Popen(words, stdout=subprocess.PIPE, bufsize=0))
        assert self._running[-1].stdout.readline() == b"listening\n"
        return self._running[-1]

    def close(self) -> None:
        """None is left."""
        for one in self._running:
            one.kill()
            one.wait(SOON_S)
            one.stdout.close()


@pytest.fixture
def servers(tmp_path: Path, telegram: bytes) -> Iterator[Servers]:
    """None yet."""
    one = Servers(tmp_path, telegram)
    yield one
    one.close()


@pytest.fixture
def port() -> int:
    """A free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def resources(process: int) -> tuple[int, int]:
    """Descriptors and threads of a process; of one that hides its keys only root sees the descriptors."""
    folder = Path(f"/proc/{process}")
    return (len(list((folder / "fd").iterdir())) if os.geteuid() == 0 else 0), len(list((folder / "task").iterdir()))


def test_rfc2217_server_is_killed(start, config, hurried, servers: Servers, port: int) -> None:
    """A server that is killed, while it sends or while it negotiates, is read again when it is back. No thread and no descriptor is left."""
    first = servers.start(port)
    plugin = start(config(f"rfc2217://127.0.0.1:{port}"), PYTHONPATH=hurried(ports__sources=AT_ONCE))
    plugin.output.wait_for(GOOD, times=3)
    before = resources(plugin.process.pid)
    for round_ in range(1, 3):
        first.kill()
        first.wait(SOON_S)
        plugin.output.wait_for(LINK, 'state="port_missing"')
        hangs = servers.start(port, "mute")
        assert hangs.stdout.readline() == b"accepted\n"
        hangs.kill()
        hangs.wait(SOON_S)
        first = servers.start(port)
        plugin.log.wait_for("I! home: reading rfc2217://", times=1 + round_)
        heard = len(plugin.output.having(GOOD))
        plugin.output.wait_for(GOOD, times=heard + 3)
        plugin.output.wait_for(LINK, 'state="ok"', times=len(plugin.output.having(LINK, 'state="ok"')) + 1)

    assert all(after <= one for after, one in zip(resources(plugin.process.pid), before, strict=True))
    assert plugin.log.having("W! home: rfc2217://", "closed the connection. Trying again until it is back")
    assert plugin.log.having("defect") == []
    assert plugin.close_stdin() < 1


def test_connection_refused_for_long(start, config, hurried, port: int, telegram: bytes) -> None:
    """A converter that refuses is asked for ever, each time after a pause that doubles up to its limit, and costs nothing meanwhile."""
    limits = {"FIRST_PAUSE_S": 0.04, "LONGEST_PAUSE_S": 0.32}
    url = f"socket://127.0.0.1:{port}"
    plugin = start(config(url), PYTHONPATH=hurried(ports__sources=limits))
    plugin.log.wait_for("W! home: ", "refuses the connection. Check that its server is on and that no other client uses it")
    before = resources(plugin.process.pid)
    plugin.output.wait_for(LINK, 'state="port_missing"', times=10)
    with socket.create_server(("127.0.0.1", port)) as listening:  # from now on it accepts, and hangs up at once
        listening.settimeout(SOON_S)
        tries_s = []
        for _ in range(8):
            listening.accept()[0].close()
            tries_s.append(time.monotonic())
        assert tries_s[-1] - tries_s[1] > 6 * 0.25  # six pauses of 0.32 s, the first one noted late on a busy machine
        assert len(plugin.log.having("W! ")) <= 4
        with listening.accept()[0] as connection:
            connection.sendall(telegram)
            plugin.output.wait_for(GOOD)
            plugin.output.wait_for(LINK, 'state="ok"')
    plugin.output.wait_for(LINK, 'state="port_missing"', times=len(plugin.output.having(LINK, 'state="port_missing"')) + 2)

    assert all(after <= one for after, one in zip(resources(plugin.process.pid), before, strict=True))
    assert plugin.process.poll() is None


# -- in a network of its own --


class Island:
    """A network namespace with a loopback and its own /etc/hosts. Both the plugin and a converter live there."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("unshare") is None or shutil.which("ip") is None:
            pytest.skip("a network of its own needs `unshare` and `ip`, which are of Linux")
        self.hosts = folder / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n")
        (folder / "resolv.conf").write_text("nameserver 127.0.0.53\noptions timeout:1 attempts:1\n")
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        script = f"ip link set lo up && mount --bind {self.hosts} /etc/hosts && mount --bind {folder}/resolv.conf /etc/resolv.conf && echo up && exec sleep 600"
        self._keeper = subprocess.Popen(
            ["unshare", *user, "--net", "--mount", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        if self._keeper.stdout.readline() != b"up\n":
            said = self._keeper.stderr.read().decode()
            self.close()
            pytest.skip(f"no network of its own for a test: {said}")
        namespaces = ["--user", "--preserve-credentials"] if user else []
        self.enter = ("nsenter", "--target", str(self._keeper.pid), *namespaces, "--net", "--mount")

    def lo(self, state: str) -> None:
        """Let nothing come through, or everything again."""
        subprocess.run([*self.enter, "ip", "link", "set", "lo", state], check=True, timeout=SOON_S)

    def close(self) -> None:
        self._keeper.kill()
        self._keeper.wait(SOON_S)
        self._keeper.stdout.close()
        self._keeper.stderr.close()


@pytest.fixture
def island(tmp_path: Path) -> Iterator[Island]:
    """The network; gone at the test's end."""
    one = Island(tmp_path)
    yield one
    one.close()


def test_nothing_comes_through(start, config, hurried, island: Island, servers: Servers, port: int) -> None:
    """A converter that is gone without a word: no FIN, no RST. The system's probes notice it, the state says so, and it is read when it is back."""
    probes = (("TCP_KEEPIDLE", 1), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 2), ("TCP_USER_TIMEOUT", 3000))
    first = servers.start(port, before=island.enter)
    url = f"rfc2217://127.0.0.1:{port}"
    plugin = start(config(url), before=island.enter, PYTHONPATH=hurried(ports__sources={**AT_ONCE, "KEEPALIVE": probes}))
    plugin.output.wait_for(GOOD, times=3)
    island.lo("down")
    first.kill()
    first.wait(SOON_S)
    plugin.output.wait_for(LINK, 'state="port_missing"')
    island.lo("up")
    servers.start(port, before=island.enter)
    heard = len(plugin.output.having(GOOD))
    plugin.output.wait_for(GOOD, times=heard + 3)
    plugin.output.wait_for(LINK, 'state="ok"', times=len(plugin.output.having(LINK, 'state="ok"')) + 1)

    assert plugin.log.having("W! home: rfc2217://", "Trying again until it is back")


def test_name_is_gone(start, config, hurried, island: Island, servers: Servers, port: int) -> None:
    """A converter whose name nobody knows any more is said so, and read as soon as the name is known, without a restart."""
    island.hosts.write_text("127.0.0.1 localhost converter\n")
    first = servers.start(port, before=island.enter)
    plugin = start(config(f"rfc2217://converter:{port}"), before=island.enter, PYTHONPATH=hurried(ports__sources=AT_ONCE))
    plugin.output.wait_for(GOOD)
    island.hosts.write_text("127.0.0.1 localhost\n")
    first.kill()
    first.wait(SOON_S)
    plugin.log.wait_for("W! home: ", "names an unknown host. Check the name, or write the address of the host")
    plugin.output.wait_for(LINK, 'state="port_missing"')
    servers.start(port, before=island.enter)
    heard = len(plugin.output.having(GOOD))
    island.hosts.write_text("127.0.0.1 localhost converter\n")

    plugin.output.wait_for(GOOD, times=heard + 2)
    plugin.output.wait_for(LINK, 'state="ok"', times=len(plugin.output.having(LINK, 'state="ok"')) + 1)


MUTE = (
    "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('127.0.0.53', 53)); print('mute', flush=True); time.sleep(600)"
)


def test_name_server_that_does_not_answer(start, config, cable, hurried, island: Island, telegram: bytes) -> None:
    """While the name of a converter is looked up in vain, another meter is read without delay, and the program ends in time."""
    (island.hosts.parent / "resolv.conf").write_text("nameserver 127.0.0.53\noptions timeout:20 attempts:2\n")
    with subprocess.Popen([*island.enter, sys.executable, "-c", MUTE], stdout=subprocess.PIPE) as server:
        assert server.stdout.readline() == b"mute\n"
        more = '[[meter]]\nname = "far"\ninterface = "p1"\nport = "socket://converter.example:2001"\n'
        plugin = start(config(cable.link, more=more), before=island.enter, PYTHONPATH=hurried(ports__sources=AT_ONCE))
        for number in range(20):
            cable.send(telegram)
            plugin.output.wait_for(GOOD, times=number + 1)
        assert plugin.log.having("far: ") == []
        took_s = plugin.close_stdin()
        server.kill()

    assert took_s < 1
    assert plugin.process.returncode == 0
