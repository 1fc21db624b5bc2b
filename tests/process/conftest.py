"""The plugin as Telegraf runs it: a child process with three pipes, and the far ends of its ports."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

import pytest

import telegraf_han
from meterend import MeterEnd

SOON_S = 60.0
"""Longer than anything here takes on a busy machine; a test that waits so long has failed."""
ENCRYPTION_KEY = "000102030405060708090a0b0c0d0e0f"
AUTHENTICATION_KEY = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"


def until(condition: Callable[[], object], wait_s: float = SOON_S) -> None:
    """Wait until something is so."""
    end_s = time.monotonic() + wait_s
    while not condition():
        if time.monotonic() > end_s:
            raise AssertionError(f"not within {wait_s} s")
        time.sleep(0.005)


class Lines:
    """What comes out of a pipe. A thread takes it so that nothing stalls, unless a test makes it stall."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._data = b""
        self._may = threading.Event()
        self._may.set()
        self._hung_up = False
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        while not self._hung_up:
            self._may.wait()
            if not select.select([self._pipe], [], [], 0.02)[0]:
                continue
            if not (data := os.read(self._pipe.fileno(), 4096)):
                return
            self._data += data

    def hang_up(self) -> None:
        """Close this end; what comes then meets a pipe without reader."""
        self._hung_up = True
        self._may.set()
        self._thread.join()
        self._pipe.close()

    def stall(self) -> None:
        """Take nothing more (but what a read under way still gets)."""
        self._may.clear()

    def resume(self) -> None:
        """Take again."""
        self._may.set()

    def ended(self) -> bool:
        """Whether the other end is closed and everything taken."""
        return not self._thread.is_alive()

    @property
    def text(self) -> str:
        """All so far."""
        return self._data.decode()

    def having(self, *words: str) -> list[str]:
        """Whole lines so far with all these words."""
        whole = self._data[: self._data.rfind(b"\n") + 1].decode().splitlines()
        return [line for line in whole if all(word in line for word in words)]

    def wait_for(self, *words: str, times: int = 1, wait_s: float = SOON_S) -> list[str]:
        """Lines with these words, as soon as there are so many."""
        try:
            until(lambda: len(self.having(*words)) >= times, wait_s)
        except AssertionError:
            raise AssertionError(f"no {times} lines with {words} within {wait_s} s in:\n{self.text[-3000:]}") from None
        return self.having(*words)


class Plugin:
    """A running `telegraf-han`."""

    def __init__(
        self,
        words: list[str],
        stdin: int = subprocess.PIPE,
        program: tuple[str, ...] = ("-m", "telegraf_han"),
        before: tuple[str, ...] = (),
        **environment: str,
    ) -> None:
        path = str(Path(telegraf_han.__file__).parent.parent)
        self.words = [*before, sys.executable, *program, *words]
        self.process = subprocess.Popen(
            self.words,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=os.environ | {"PYTHONPATH": path} | environment,
        )
        self.output = Lines(self.process.stdout)
        self.log = Lines(self.process.stderr)

    def end_by(self, act: Callable[[], object]) -> float:
        """Let it end by what `act` does; seconds that took."""
        begun_s = time.monotonic()
        act()
        self.process.wait(SOON_S)
        took_s = time.monotonic() - begun_s
        until(self.log.ended)
        return took_s

    def close_stdin(self) -> float:
        """End it as Telegraf does; seconds that took."""
        return self.end_by(self.process.stdin.close)

    def send(self, number: signal.Signals) -> float:
        """End it by a signal; seconds that took."""
        return self.end_by(lambda: self.process.send_signal(number))

    def close(self) -> None:
        """Whatever became of it: it is gone afterwards."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(SOON_S)
        self.output.hang_up()
        self.log.hang_up()
        if self.process.stdin is not None:
            self.process.stdin.close()


class Cable:
    """A pseudo-terminal under a stable name, as udev gives a name. It can be pulled out and put back."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.plug_in()

    def plug_in(self) -> None:
        """A new device under the same name."""
        self._meter = MeterEnd(self.link)
        self._there = True

    def unplug(self) -> None:
        """The device goes, with its name."""
        if self._there:
            self.link.unlink()
            self._meter.close()
            self._there = False

    def opened(self) -> None:
        """Wait until the plugin has the device open, and has thrown away what came before."""
        until(self._meter.opened)

    def send(self, data: bytes) -> None:
        """What the meter says, to whoever has the device open."""
        self.opened()
        self._meter.send(data)

    def taken(self, path: Path | None = None) -> None:
        """Wait until the plugin has read everything that was sent. `select` first moves what the kernel still has on its way."""
        device = os.open(path or self.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            until(lambda: not select.select([device], [], [], 0)[0])
        finally:
            os.close(device)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Plugin]]:
    """Start `telegraf-han run` with a configuration's text; it is gone at the test's end."""
    running = []

    def started(config: str, **others: object) -> Plugin:
        (tmp_path / "han.toml").write_text(config)
        (tmp_path / "han.toml").chmod(0o600)
        running.append(Plugin(["run", "--config", str(tmp_path / "han.toml")], **others))
        return running[-1]

    yield started
    for plugin in running:
        plugin.close()


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    """A P1 cable."""
    one = Cable(tmp_path / "p1-cable")
    yield one
    one.unplug()


@pytest.fixture
def hurried(tmp_path: Path) -> Callable[..., str]:
    """A PYTHONPATH with which a program waits for shorter times: `hurried(ports__sources={"FIRST_PAUSE_S": 0.02})`."""

    def path(**modules: Mapping[str, object]) -> str:
        lines = [
            f"import telegraf_han.{module.replace('__', '.')} as one; one.{name} = {value!r}"
            for module, constants in modules.items()
            for name, value in constants.items()
        ]
        (tmp_path / "sitecustomize.py").write_text("\n".join(lines))
        return f"{tmp_path}:{Path(telegraf_han.__file__).parent.parent}"

    return path


@pytest.fixture
def converter() -> Iterator[socket.socket]:
    """A converter in the network, listening on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(SOON_S)
        yield listening


@pytest.fixture(scope="session")
def telegram() -> bytes:
    """A GAMA350's telegram as its P1 port sends it."""
    text = (Path(__file__).parent.parent / "cases" / "p1-gama350-stoen" / "input.hex").read_text()
    return bytes.fromhex("".join(line.partition("#")[0] for line in text.splitlines()))


@pytest.fixture
def config() -> Callable[..., str]:
    """The text of a configuration with one P1 meter."""

    def text(port: object, interval: str = "200ms", key: str = ENCRYPTION_KEY, more: str = "") -> str:
        return f"""
[output]
status_interval = "{interval}"

[[meter]]
name = "home"
interface = "p1"
port = "{port}"
encryption_key = "{key}"
authentication_key = "{AUTHENTICATION_KEY}"
{more}
"""

    return text
