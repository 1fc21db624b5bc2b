"""`run` as Telegraf starts it: a process with three pipes, fed through real ports. How fast, how soon, and for how much processor time.

The telegrams are of now, because `run` holds back what is old. To be faster than a meter without clocks that run away, the seconds of their
clocks go on slowly: many telegrams say the same second, and each has other registers.

Processor time is the process's own clock, which has nanoseconds, so a single telegram can be seen. The driver works on another core if
there is one.
"""

from __future__ import annotations

import contextlib
import os
import pty
import random
import select
import socket
import subprocess
import sys
import time
import tty
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

import captures
import rates
from cores import pinned, spread

import p1telegrams
import radiotelegrams
from telegraf_han.simulate.household import Home, Household
from telegraf_han.simulate.meters import MODELS, Settings, Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPAN_S = 600
"""Seconds that the clocks of a fast feed go on: from five minutes ago to five minutes from now. `run` believes a clock within ten minutes."""
WINDOW = 1_000
"""So many telegrams may be on their way. More than ten thousand lines do not fit into the program's queue, and it would drop some."""
SOON_S = 60.0
USB_BYTES, USB_S = 62, 0.0054
"""A USB adapter of FTDI hands on 62 bytes at a time, which take that long at 115200 baud."""
DAY_S = 86_400


class Plugin:
    """`telegraf-han run`."""

    def __init__(self, folder: Path, name: str, config: str, core: int | None, status_interval: str = "") -> None:
        path = folder / f"{name}.toml"
        path.write_text((f'[output]\nstatus_interval = "{status_interval}"\n' if status_interval else "") + config)
        path.chmod(0o600)
        words = [sys.executable, "-m", "telegraf_han", "run", "--config", str(path)]
        self.log = (folder / f"{name}.log").open("wb")
        with pinned(core):
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, bufsize=0)
        assert self.process.stdout is not None
        self.output = self.process.stdout.fileno()
        self._rest = b""

    def cpu_s(self) -> float:
        """Processor time so far, all threads (Linux: the clock of another process)."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def peak_mb(self) -> float:
        """Memory at its highest so far."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024

    def lines(self, wait_s: float) -> int:
        """Lines of telegrams that have come. Waits for some."""
        if not select.select([self.output], [], [], wait_s)[0]:
            return 0
        data = self._rest + os.read(self.output, 65536)
        if data == self._rest:
            raise SystemExit("E! telegraf-han run ended, see its log")
        whole, newline, self._rest = data.rpartition(b"\n")
        return (b"\n" + whole).count(b"\nelectricity,") if newline else 0

    def until_line(self, wait_s: float = SOON_S) -> None:
        """Wait for the line of a telegram."""
        end_s = time.monotonic() + wait_s
        while not self.lines(wait_s):
            if time.monotonic() > end_s:
                raise SystemExit("E! telegraf-han run wrote no line for a telegram, see its log")

    def close(self) -> None:
        """End it as Telegraf does."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()


class Terminal:
    """A pseudo-terminal that stands for a serial port."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.name = os.ttyname(theirs)
        self._theirs = theirs

    def connect(self) -> None:
        """Nothing to wait for: what comes before somebody reads is kept or lost, and a first telegram tells."""

    def send(self, data: bytes) -> None:
        os.write(self._ours, data)

    def close(self) -> None:
        os.close(self._ours)
        os.close(self._theirs)


class Converter:
    """A converter in the network."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(SOON_S)
        self.name = f"socket://127.0.0.1:{self._listening.getsockname()[1]}"
        self.connection: socket.socket | None = None

    def connect(self) -> None:
        """Wait for the program to connect."""
        self.connection, _ = self._listening.accept()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        assert self.connection is not None
        self.connection.sendall(data)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self._listening.close()


def cable_telegrams(
    count: int,
    model: str = "gama350",
    span_s: int = SPAN_S,
    begin_s: int | None = None,
    ek: bytes = p1telegrams.EK,
    ak: bytes = p1telegrams.AK,
) -> list[bytes]:
    """Encrypted telegrams whose clocks go on by `span_s` in all. Each has other registers."""
    begin_s = int(time.time()) - span_s // 2 if begin_s is None else begin_s
    kind = MODELS[model]
    home = Home(1, kind.phases, kind.pv_w, "g12")
    writer = Writer(kind, Settings(kind.serial, (kind.limit_w,) * 3, (0, 0), 3, ""), home)
    household = Household(home, begin_s - count)
    clocks = Household(home, begin_s)
    ident = f"/{kind.ident}\r\n\r\n".encode()
    found = []
    for number in range(count):
        lines = writer.text(household.at(begin_s - count + number))
        now = writer.text(clocks.at(begin_s + number * span_s // count))
        found.append(p1telegrams.stoen(_clock_of(now) + lines[len(_clock_of(lines)) :], ident, ek=ek, ak=ak))
    return found


def _clock_of(lines: bytes) -> bytes:
    """The first line, which has the clock."""
    return lines[: lines.index(b"\n") + 1]


def radio_lines(count: int, numbers: list[str], span_s: int = SPAN_S) -> list[bytes]:
    """Wireless telegrams of these meters in turn, as hex lines."""
    begin_s = int(time.time()) - span_s // 2
    kind = MODELS["gama350"]
    home = Home(1, kind.phases, kind.pv_w, "g12")
    writers = [Writer(kind, Settings(one, (kind.limit_w,) * 3, (0, 0), 3, ""), home) for one in numbers]
    household = Household(home, begin_s)
    found = []
    for place in range(count):
        turn, which = divmod(place, len(numbers))
        body = writers[which].records(household.at(begin_s + place * span_s // count))
        found.append(captures.hex_line(radiotelegrams.mode_5(numbers[which], turn & 0xFF, body)))
    return found


class Feed(NamedTuple):
    """What comes through one port."""

    telegrams: list[bytes]
    lines: list[bool]
    """Whether each makes a line."""


class Throughput(NamedTuple):
    """What `run` does when telegrams come as fast as it reads."""

    title: str
    like: str
    """Title of the group of rates with the same telegrams."""
    per_s: float
    """Per second of processor time of the whole process."""
    spread: float
    wall_per_s: float
    telegrams: int
    lines: int
    lost: int
    peak_mb: float


def p1_feeds(count: int) -> tuple[Callable[[list[str]], str], list[Feed]]:
    """A meter at a cable."""
    return lambda ports: captures.cable(ports[0]), [Feed(cable_telegrams(count), [True] * count)]


def radio_feeds(count: int) -> tuple[Callable[[list[str]], str], list[Feed]]:
    """A receiver that hears 20 meters of ours."""
    numbers = [f"{number:08}" for number in range(1, 21)]
    return lambda ports: captures.radio(ports[0], tuple(numbers)), [Feed(radio_lines(count, numbers), [True] * count)]


def mixed_feeds(count: int) -> tuple[Callable[[list[str]], str], list[Feed]]:
    """All four meters at cables with noise on the line, and a receiver that hears four meters of ours and many neighbours."""
    chance = random.Random(2)
    feeds, configs = [], []
    each = count // 8
    for place, model in enumerate(MODELS):
        ek, ak = bytes([place + 1]) * 16, bytes([place + 101]) * 16
        sent = [one + (chance.randbytes(40) if chance.random() < 0.1 else b"") for one in cable_telegrams(each, model, ek=ek, ak=ak)]
        feeds.append(Feed(sent, [True] * each))
        configs.append(captures.cable_of(model, ek, ak))
    numbers = [f"{number:08}" for number in range(1, 5)]
    strange = [f"{90_000_000 + number}" for number in range(40)]
    heard, makes = [], []
    ours = radio_lines(each, numbers)
    theirs = radio_lines(each * captures.NEIGHBOURS, strange)
    for place, one in enumerate(ours):
        heard += [one, *theirs[place * captures.NEIGHBOURS : (place + 1) * captures.NEIGHBOURS]]
        makes += [True] + [False] * captures.NEIGHBOURS
    feeds.append(Feed(heard, makes))

    def config(ports: list[str]) -> str:
        cables = "".join(one(port) for one, port in zip(configs, ports, strict=False))
        return cables + captures.radio(ports[-1], tuple(numbers))

    return config, feeds


FEEDS = {
    "P1, encrypted by Stoen": ("p1", p1_feeds),
    "wireless, mode 5, 20 meters": ("wmbus", radio_feeds),
    "mixed: four cables, a receiver, noise, neighbours": ("mixed", mixed_feeds),
}
"""Each feed, and the group of `rates` with such telegrams."""


def throughput(title: str, folder: Path, *, count: int, rounds: int, core: int | None) -> Throughput:
    """Feed a running `run` through TCP as fast as it reads. The first round warms it up, and does not count."""
    like, made = FEEDS[title]
    config, feeds = made(count * (rounds + 1))
    converters = [Converter() for _ in feeds]
    plugin = Plugin(folder, "fast", config([one.name for one in converters]), core)
    try:
        for one in converters:
            one.connect()
        speeds, walls, lines, expected, telegrams = [], [], 0, 0, 0
        for number in range(rounds + 1):
            part = [
                Feed(*(values[len(values) * number // (rounds + 1) : len(values) * (number + 1) // (rounds + 1)] for values in feed))
                for feed in feeds
            ]
            sent = sum(len(feed.telegrams) for feed in part)
            begun_s, busy_s = time.monotonic(), plugin.cpu_s()
            came = _fed(plugin, converters, part)
            if number:
                lines += came
                expected += sum(sum(feed.lines) for feed in part)
                telegrams += sent
                speeds.append(sent / (plugin.cpu_s() - busy_s))
                walls.append(sent / (time.monotonic() - begun_s))
        return Throughput(
            title,
            rates.GROUPS[like].title,
            median(speeds),
            spread(speeds),
            median(walls),
            telegrams,
            lines,
            expected - lines,
            plugin.peak_mb(),
        )
    finally:
        plugin.close()
        for one in converters:
            one.close()


def _fed(plugin: Plugin, converters: list[Converter], feeds: list[Feed]) -> int:
    """Send all, and take all lines. Returns how many came. Waits at most 5 s for a line that does not come."""
    places = [0] * len(feeds)
    came = expected = 0
    while True:
        behind = expected - came < WINDOW
        for which, feed in enumerate(feeds):
            if behind and places[which] < len(feed.telegrams):
                part = slice(places[which], places[which] + 50)
                converters[which].send(b"".join(feed.telegrams[part]))
                expected += sum(feed.lines[part])
                places[which] += 50
        done = all(place >= len(feed.telegrams) for place, feed in zip(places, feeds, strict=True))
        if done and came >= expected:
            return came
        got = plugin.lines(5.0 if done else 0.0 if behind else 5.0)
        if done and not got:
            return came
        came += got


class Latency(NamedTuple):
    """How soon a line comes after the last byte of its telegram."""

    port: str
    per_s: float
    count: int
    median_ms: float
    percentile_99_ms: float
    worst_ms: float
    cpu_us: float
    """Processor time per telegram of the whole process: reading, decoding, writing, waiting and waking, status lines."""
    share: float
    """Of one core, for a meter at this rate."""
    peak_mb: float


class _Line:
    """One `run` with its port."""

    def __init__(self, name: str, folder: Path, core: int | None, *, tcp: bool, pieces: bool) -> None:
        self.name = name
        self.pieces = pieces
        self.port = Converter() if tcp else Terminal()
        self.plugin = Plugin(folder, name.replace(" ", "-"), captures.cable(self.port.name), core)
        self.port.connect()
        self.waits_s: list[float] = []

    def first(self, telegram: Callable[[], bytes]) -> None:
        """Send until a line comes: a program that opens a port throws away what was there before."""
        end_s = time.monotonic() + SOON_S
        while time.monotonic() < end_s:
            self.port.send(telegram())
            if self.plugin.lines(1.0):
                while self.plugin.lines(0.3):
                    pass
                return
        raise SystemExit(f"E! {self.name}: no line came")

    def send(self, telegram: bytes) -> None:
        """Send a telegram, and note how long its line takes after its last byte."""
        if self.pieces:
            cuts = range(0, len(telegram) - 1, USB_BYTES)
            for cut in cuts:
                self.port.send(telegram[cut : min(cut + USB_BYTES, len(telegram) - 1)])
                time.sleep(USB_S)
        else:
            self.port.send(telegram[:-1])
            time.sleep(0.002)  # so that the head is read, as the head of a slow line is
        begun_s = time.perf_counter()
        self.port.send(telegram[-1:])
        self.plugin.until_line()
        self.waits_s.append(time.perf_counter() - begun_s)

    def close(self) -> None:
        self.plugin.close()
        self.port.close()


LINES = {
    "serial (pseudo-terminal)": {"tcp": False, "pieces": False},
    "serial, 62 bytes at a time": {"tcp": False, "pieces": True},
    "TCP": {"tcp": True, "pieces": False},
}


def latencies(folder: Path, *, per_s: float, count: int, core: int | None) -> list[Latency]:
    """Send so many telegrams a second to each of three programs, one after another."""
    names = [name for name in LINES if per_s <= 1 or not LINES[name]["pieces"]]
    lines = [_Line(name, folder, core, **LINES[name]) for name in names]
    try:
        spare = iter(cable_telegrams(100, span_s=2))
        for line in lines:
            line.first(lambda: next(spare))
        step_s = 1 / per_s
        telegrams = cable_telegrams(count, span_s=max(1, int(count / per_s)), begin_s=int(time.time()) + 2)
        busy_s = [line.plugin.cpu_s() for line in lines]
        begun_s = time.monotonic()
        for number, telegram in enumerate(telegrams):
            for place, line in enumerate(lines):
                due_s = begun_s + (number + place / len(lines)) * step_s
                time.sleep(max(0.0, due_s - time.monotonic()))
                line.send(telegram)
        time.sleep(max(0.0, begun_s + count * step_s - time.monotonic()))
        lasted_s = time.monotonic() - begun_s
        found = []
        for line, before_s in zip(lines, busy_s, strict=True):
            used_s = line.plugin.cpu_s() - before_s
            waits_ms = sorted(1e3 * one for one in line.waits_s)
            worst = quantiles(waits_ms, n=100, method="inclusive")[-1]
            found.append(
                Latency(
                    line.name,
                    per_s,
                    count,
                    median(waits_ms),
                    worst,
                    waits_ms[-1],
                    1e6 * used_s / count,
                    used_s / lasted_s,
                    line.plugin.peak_mb(),
                )
            )
        return found
    finally:
        for line in lines:
            line.close()
