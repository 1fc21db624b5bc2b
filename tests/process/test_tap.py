"""watch beside a running plugin: real processes, a real terminal, one cable, and a plugin that loses nothing."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import telegraf_han
from telegraf_han.ports import taps
from virtual_terminal import SOON_S, Terminal, shows

GOOD = "electricity,interface=p1,meter=home"
HAVE = "can read beside Telegraf"
MODULES = "import sys; from telegraf_han.cli import main; main(sys.argv[1:]); sys.stderr.write('\\n'.join(sys.modules))"
"""Runs a command, and says which modules it has loaded at its end."""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Telegraf's runtime directory. Every process of the test knows it."""
    with tempfile.TemporaryDirectory(prefix="tap") as name:
        Path(name).chmod(0o750)
        monkeypatch.setenv("RUNTIME_DIRECTORY", name)
        yield Path(name)


@pytest.fixture
def watch(tmp_path: Path, folder: Path) -> Iterator[Callable[..., Terminal]]:
    """Start `telegraf-han watch` with the plugin's configuration."""
    running: list[Terminal] = []

    def started(**others) -> Terminal:
        running.append(Terminal(["watch", "--config", str(tmp_path / "han.toml")], **others))
        return running[-1]

    yield started
    for one in running:
        one.close()


def connected(folder: Path) -> socket.socket:
    """A client that is connected to the only tap."""
    (place,) = folder.iterdir()
    one = socket.socket(socket.AF_UNIX)
    one.connect(str(place))
    one.settimeout(SOON_S)
    return one


def test_beside(start, watch, config, cable, telegram: bytes, folder: Path) -> None:
    """The plugin has the port, and `watch` shows what it read, at once. Each telegram is a line for Telegraf all the same."""
    plugin = start(config(cable.link))
    plugin.log.wait_for(HAVE)
    cable.send(telegram)
    plugin.output.wait_for(GOOD)

    one = watch()
    text = one.wait_for("import 278 W", "12 345.035", "limiter  active 16 500 W", "no errors")
    assert "from Telegraf's plugin" in text
    assert "home  p1  GAMA350  35000001  ok  verified" in text

    before = len(plugin.output.having(GOOD))
    for _ in range(20):
        cable.send(telegram)
    assert len(plugin.output.wait_for(GOOD, times=before + 20)) == before + 20
    one.press("q")
    assert one.wait_for_end() == 0
    assert one.restored()
    assert b"000102030405060708090a0b0c0d0e0f" not in one.raw.lower()


def test_neither_keys_nor_configuration_are_needed(start, watch, config, cable, telegram: bytes, tmp_path: Path) -> None:
    """Whoever may connect may watch. The file of the configuration only says which tap it is."""
    plugin = start(config(cable.link))
    plugin.log.wait_for(HAVE)
    (tmp_path / "han.toml").write_text("what is not TOML")

    shows(watch(), cable, telegram, "import 278 W")


def test_telegraf_restarts(start, watch, config, cable, telegram: bytes, tmp_path: Path) -> None:
    """The page says that the plugin has ended, whether in good order or not, and goes on with the next one."""
    one = None
    for end in ("close_stdin", "close"):
        plugin = start(config(cable.link))
        plugin.log.wait_for(HAVE)
        one = one or watch()
        shows(one, cable, telegram, "home  p1  GAMA350  35000001  ok  verified")
        getattr(plugin, end)()
        one.wait_for("away", "Telegraf's plugin has ended")

    last = start(config(cable.link))
    last.log.wait_for(HAVE)  # the killed plugin left its socket
    shows(one, cable, telegram, "home  p1  GAMA350  35000001  ok  verified")
    assert "has ended" not in one.text


def test_the_socket_goes_with_the_plugin(start, config, cable, folder: Path) -> None:
    """It is there with mode 660 while the plugin runs, and gone afterwards. Clients do not hold up the end."""
    plugin = start(config(cable.link))
    plugin.log.wait_for(HAVE)
    (place,) = folder.iterdir()
    assert place.stat().st_mode & 0o777 == 0o660
    clients = [connected(folder) for _ in range(3)]

    assert plugin.close_stdin() < 1.0 + SOON_S / 10

    assert list(folder.iterdir()) == []
    for one in clients:
        one.close()


def test_a_second_plugin_takes_nothing_away(start, config, cable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`telegraf --test` beside a running Telegraf: the tap stays with the first plugin, and the second says so only to who debugs."""
    first = start(config(cable.link))
    first.log.wait_for(HAVE)
    (place,) = folder.iterdir()
    inode = place.stat().st_ino

    second = start(config(cable.link))
    assert second.log.wait_for("belongs to another plugin")[0].startswith("D! ")
    second.close_stdin()

    assert place.stat().st_ino == inode
    connected(folder).close()


def test_a_client_that_reads_nothing(start, config, cable, telegram: bytes, folder: Path) -> None:
    """A client that is stopped, one that floods with bytes and one that is killed cost Telegraf no telegram."""
    plugin = start(config(cable.link))
    plugin.log.wait_for(HAVE)
    stopped = connected(folder)
    hostile = connected(folder)
    hostile.setblocking(False)
    noisy = subprocess.Popen([sys.executable, "-c", f"import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect({str(next(folder.iterdir()))!r})\nprint(s.recv(99), flush=True)\nsys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert noisy.stdout is not None
    assert b"tap" in noisy.stdout.readline()
    noisy.kill()
    noisy.communicate()

    for number in range(50):
        cable.send(telegram)
        plugin.output.wait_for(GOOD, times=number + 1)
        try:
            hostile.send(b"x" * 4096)
        except (BlockingIOError, BrokenPipeError):
            continue

    assert len(plugin.output.having(GOOD)) == 50
    status = plugin.output.wait_for("electricity_link")[-1]
    assert "lines_dropped=0i" in status
    stopped.close()
    hostile.close()


def test_a_killed_watch_frees_its_place(start, watch, config, cable, folder: Path) -> None:
    """Four may watch. A fifth is told so. A watch that is killed makes room."""
    plugin = start(config(cable.link))
    plugin.log.wait_for(HAVE)
    pages = [watch() for _ in range(4)]
    for one in pages:
        one.wait_for("from Telegraf's plugin")
    fifth = watch()
    assert fifth.wait_for_end() == 2
    assert "4 others watch already" in fifth.said

    pages[0].process.kill()
    pages[0].process.wait(SOON_S)

    end_s = time.monotonic() + SOON_S
    while True:
        client = connected(folder)
        hello = json.loads(client.makefile("rb").readline())
        client.close()
        if "meters" in hello:
            break
        assert time.monotonic() < end_s


def test_a_plugin_of_another_version(watch, folder: Path, tmp_path: Path) -> None:
    """After an update the old plugin still runs: one line, and the terminal as it was."""
    listener = taps.listening(taps.path(str(tmp_path / "han.toml")))
    listener.setblocking(True)
    one = watch()
    connection, _ = listener.accept()
    connection.sendall(b'{"tap": 2}\n')

    assert one.wait_for_end() == 2
    assert "Restart Telegraf" in one.said
    assert one.restored()
    connection.close()
    listener.close()


@pytest.mark.parametrize(
    ("runtime", "word", "expected"),
    [(False, "no tap", set()), (True, HAVE, {"socket"})],
    ids=["no folder", "nobody watches"],
)
def test_what_it_costs(config, folder: Path, tmp_path: Path, runtime: bool, word: str, expected: set[str]) -> None:
    """Without the folder nothing is loaded for the tap. With it, and without a client, only what listens. Nothing writes JSON."""
    (tmp_path / "run.toml").write_text(config(tmp_path / "nothing"))
    (tmp_path / "run.toml").chmod(0o600)
    path = os.pathsep.join([str(Path(telegraf_han.__file__).parent.parent), *filter(None, sys.path)])
    run = subprocess.Popen(
        [sys.executable, "-S", "-c", MODULES, "run", "--config", str(tmp_path / "run.toml")],
        env={"PYTHONPATH": path, "RUNTIME_DIRECTORY": str(folder if runtime else folder / "nothing")},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert run.stdin is not None
    assert run.stderr is not None
    while word not in (line := run.stderr.readline().decode()):
        assert line
    run.stdin.close()
    loaded = set(run.stderr.read().decode().split())
    run.stderr.close()

    assert run.wait(SOON_S) == 0
    assert "telegraf_han.live.tap" in loaded
    assert loaded & {"socket", "json", "telegraf_han.inspection", "telegraf_han.terminal"} == expected
