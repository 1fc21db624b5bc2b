"""Measures what a fleet costs at each place that its lines pass: site, NATS, the centre's Telegraf, InfluxDB. Run it by hand; it is no test.

    python tests/fleet/measure_load.py lines                what the lines are: bytes of each kind
    python tests/fleet/measure_load.py nats                 NATS with 1 and 3 servers: CPU and disk per million lines
    python tests/fleet/measure_load.py centre [LINES NAME]  the centre's Telegraf: lines per CPU second, by lines per message
    python tests/fleet/measure_load.py pace                 the centre's Telegraf: messages per second that its limits allow
    python tests/fleet/measure_load.py influx [METERS]      InfluxDB: lines per CPU second, bytes per meter and day
    python tests/fleet/measure_load.py series [METERS …]    InfluxDB: memory and index by number of meters
    python tests/fleet/measure_load.py together [METERS]    InfluxDB: several lines of a meter in one request
    python tests/fleet/measure_load.py site                 the uplink of a site: memory and CPU
    python tests/fleet/measure_load.py accounts [SITES …]   NATS with an account per site: memory, start and reload

Each prints a table for docs/fleet-growth.md. `NATS_SERVER_BIN`, `TELEGRAF_BIN` and `INFLUXD_BIN` name programs to use; Telegraf and
InfluxDB are built if they are not named. The computer may do other things meanwhile: what counts is CPU time (/proc/PID/stat), not time.

Lines are real ones. The simulator encodes telegrams of a day of several households, and the decoder makes lines of them, as on a site. The
lines of ten thousand meters are made from these: with another name, serial number and site, and beginning at another hour of the day. The
configuration of the centre is that of `telegraf-han fleet create`, but for TLS and addresses.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from argparse import ArgumentParser
from datetime import UTC, datetime
from functools import lru_cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "plugin")]

from servers import build, running

from telegraf_han.commands import simulate
from telegraf_han.config.sections import Config, Output
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.fleet import broker, telegraffiles
from telegraf_han.fleet.plan import Fleet
from telegraf_han.simulate import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

NS = 1_000_000_000
DAY_S = 86_400
BEGIN_S = 1_793_530_800
"""The first telegram, 1 November 2026, 12:00 in Warsaw."""
HOUSEHOLDS = 6
METERS_OF_A_SITE = 10
BATCH = 5_000
"""Lines of a request to InfluxDB, as Telegraf sends them."""
MILLION = 1_000_000
KINDS = {
    "p1": ("ma309m --interval 10s", 10),
    "radio": ("gama350 --interface wmbus", 60),
}
"""Kind of meter → how it is simulated, and how many seconds lie between its telegrams."""
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


# --- lines ---


class Kind(NamedTuple):
    """Real lines of a kind of meter, taken apart."""

    head: str
    """Measurement and tags, with places for meter, serial number and site."""
    fields: list[list[str]]
    """Of each household a day."""
    every_s: int


def iso(utc_s: int) -> str:
    """A time as an option of `simulate`."""
    return datetime.fromtimestamp(utc_s, UTC).isoformat()


@lru_cache
def real(name: str) -> Kind:
    """The lines that the decoder makes from the simulator's telegrams."""
    parser = ArgumentParser()
    simulate.add_arguments(parser)
    words, every_s = KINDS[name]
    head, households = "", []
    for seed in range(1, HOUSEHOLDS + 1):
        planned = plan.planned(parser.parse_args(f"{words} --seed {seed} --start {iso(BEGIN_S - DAY_S)}".split()), BEGIN_S)
        decoder = Decoder(Config("", Output(layout="wide"), (planned.meter,), ()))
        day = []
        for sent in islice(plan.telegrams(planned), DAY_S // every_s):
            telegram = decoder.take(sent.frame)
            assert telegram is not None
            head, fields, _ = decoder.line(telegram).decode().split(" ")
            day.append(fields)
        households.append(day)
    head = re.sub("meter=[^,]+", "meter={meter}", re.sub("serial=[^,]+", "serial={serial}", head)) + "{site}"
    return Kind(head, households, every_s)


def status(name: str) -> Kind:
    """The status lines of the same meters, one per telegram."""
    parser = ArgumentParser()
    simulate.add_arguments(parser)
    words, _ = KINDS[name]
    planned = plan.planned(parser.parse_args(f"{words} --start {iso(BEGIN_S)}".split()), BEGIN_S)
    decoder = Decoder(Config("", Output(layout="wide"), (planned.meter,), ()))
    day = []
    for place, sent in enumerate(islice(plan.telegrams(planned), 1000)):
        decoder.take(sent.frame)
        (text,) = decoder.status(time.time_ns(), time.monotonic_ns(), {}).values()
        head, fields, _ = text.decode().split(" ")
        day.append(re.sub("age_s=[^,]+", f"age_s={place % 10}.{place}", fields).replace("silent", "ok"))
    head = re.sub("meter=[^,]+", "meter={meter}", head) + "{site}"
    return Kind(head, [day], 60)


def heads(kind: Kind, meters: range, *, sited: bool) -> list[str]:
    """Measurement and tags of each meter. The site is a tag only in InfluxDB; before that it is the message's subject."""
    return [
        kind.head.format(
            meter=f"flat-{number % METERS_OF_A_SITE}",
            serial=f"{30_000_000 + number}",
            site=f",site={site_of(number)}" if sited else "",
        )
        for number in meters
    ]


def site_of(number: int) -> str:
    """The name of a meter's site."""
    return f"site-{number // METERS_OF_A_SITE:05}"


def lines(kind: Kind, meters: range, count: int, begin_s: int = BEGIN_S, *, sited: bool) -> Iterator[str]:
    """The next `count` lines of each meter, all meters of one moment together, as they come to the centre."""
    names = heads(kind, meters, sited=sited)
    days = [kind.fields[number % len(kind.fields)] for number in meters]
    shifts = [number * 7919 for number in meters]
    length = len(kind.fields[0])
    for place in range(count):
        stamp = f" {begin_s + place * kind.every_s}000000000"
        for head, day, shift in zip(names, days, shifts, strict=True):
            yield f"{head} {day[(shift + place) % length]}{stamp}"


def messages(kind: Kind, total: int, size: int) -> Iterator[tuple[str, bytes]]:
    """Subject and lines of messages: what sites send. `size` lines of a message, and `total` lines in all."""
    meters = min(10_000, total // 20)
    per_site: dict[str, list[str]] = {}
    numbers = [site_of(number) for number in range(meters)]
    for place, line in enumerate(islice(lines(kind, range(meters), total // meters + 1, sited=False), total)):
        waiting = per_site.setdefault(numbers[place % meters], [])
        waiting.append(line)
        if len(waiting) == size:
            yield f"han.{numbers[place % meters]}.lines", ("\n".join(waiting) + "\n").encode()
            waiting.clear()
    for site, waiting in per_site.items():
        if waiting:
            yield f"han.{site}.lines", ("\n".join(waiting) + "\n").encode()


# --- processes ---


def cpu_s(*pids: int) -> float:
    """What processes have used on all cores so far."""
    used = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, row: str = "VmRSS") -> float:
    """Resident memory of a process, now or at most (`VmHWM`)."""
    found = re.search(rf"^{row}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000


def disk_mb(folder: Path) -> float:
    """What the files of a folder take."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def pinned(pid: int, core: int) -> None:
    """Bind a process, and all its threads, to a core."""
    subprocess.run(["taskset", "-acp", str(core), str(pid)], check=True, stdout=subprocess.DEVNULL)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def table(*columns: str) -> None:
    """Print the head of a table."""
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)


def row(*cells: object) -> None:
    """Print a row of it."""
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


# --- NATS ---


class Nats:
    """One server, or a cluster of three, without TLS and accounts."""

    def __init__(self, folder: Path, servers: int, *, pending_mb: int = 1000, ack_pending: int = 10_000) -> None:
        """Start them, and wait for the stream of `telegraf-han fleet setup`."""
        self._ack_pending = ack_pending
        program = os.environ.get("NATS_SERVER_BIN") or shutil.which("nats-server")
        assert program, "nats-server is expected on the PATH or in NATS_SERVER_BIN"
        self._ports = [free_port() for _ in range(servers)]
        self._monitors = [free_port() for _ in range(servers)]
        routes = [free_port() for _ in range(servers)]
        self.folder = folder
        self.processes = []
        for number, (port, monitor, route) in enumerate(zip(self._ports, self._monitors, routes, strict=True)):
            joined = ", ".join(f'"nats://127.0.0.1:{other}"' for other in routes if other != route)
            cluster = f'cluster {{ name: "han", listen: "127.0.0.1:{route}", routes: [{joined}] }}\n' if servers > 1 else ""
            text = f'server_name: "n{number}"\nlisten: "127.0.0.1:{port}"\nhttp: "127.0.0.1:{monitor}"\nmax_payload: 1048576\nmax_pending: {pending_mb}MB\n{cluster}'
            text += f'jetstream {{ store_dir: "{folder}/store{number}", max_file_store: 20GB }}\n'
            file = folder / f"nats{number}.conf"
            file.write_text(text, encoding="utf-8")
            self.processes.append(running.Process([program, "-c", str(file)], folder / f"nats{number}.log", folder, os.environ))
        self.url = ", ".join(f"nats://127.0.0.1:{port}" for port in self._ports)
        fleet = Fleet(tuple(f"n{number}" for number in range(servers)), site_messages=10_000_000)
        running.until(lambda: self._made(fleet), "a stream")

    def _made(self, fleet: Fleet) -> bool:
        try:
            self.ask("$JS.API.STREAM.CREATE.HAN", broker.stream(fleet))
            wanted = {**broker.consumer(fleet), "max_ack_pending": self._ack_pending}
            self.ask("$JS.API.CONSUMER.DURABLE.CREATE.HAN.influx", {"stream_name": "HAN", "config": wanted})
        except (OSError, AssertionError):
            return False
        return True

    def ask(self, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        """A request of JetStream's API."""
        with _Client(self._ports[0]) as client:
            answer: dict[str, Any] = json.loads(client.request(subject, json.dumps(body).encode()))
        assert "error" not in answer, answer
        return answer

    def publish(self, sent: Iterable[tuple[str, bytes]], window: int = 512) -> tuple[int, int]:
        """Publish messages. Returns how many, and their bytes, when JetStream has acknowledged all of them."""
        with _Client(self._ports[0]) as client:
            return client.publish(sent, window)

    def waiting(self) -> int:
        """Messages that nobody has acknowledged yet."""
        return max(_stream_messages(monitor) for monitor in self._monitors)

    def cpu_s(self) -> float:
        """Of all servers."""
        return cpu_s(*(process.pid for process in self.processes))

    def close(self) -> None:
        """End them."""
        for process in self.processes:
            process.close()


def _stream_messages(monitor: int) -> int:
    with _HTTP.open(f"http://127.0.0.1:{monitor}/jsz?streams=true", timeout=30) as answer:
        found = json.load(answer)
    return sum(stream["state"]["messages"] for account in found["account_details"] for stream in account["stream_detail"])


class _Client:
    """NATS's protocol, as much as is necessary to publish fast."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._inbox = f"_INBOX.{os.getpid()}{time.monotonic_ns()}"
        self._socket.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB %b 1\r\n' % self._inbox.encode())
        self._text = b""

    def __enter__(self) -> _Client:  # noqa: PYI034, it has no children
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def request(self, subject: str, body: bytes) -> bytes:
        self._socket.settimeout(10)
        self._socket.sendall(b"PUB %b %b %d\r\n%b\r\n" % (subject.encode(), self._inbox.encode(), len(body), body))
        while not (found := re.search(rb"MSG \S+ 1 (\d+)\r\n", self._text)) or len(self._text) < found.end() + int(found[1]):
            self._take()
        return self._text[found.end() : found.end() + int(found[1])]

    def publish(self, sent: Iterable[tuple[str, bytes]], window: int) -> tuple[int, int]:
        count = octets = acknowledged = 0
        inbox = self._inbox.encode()
        waiting: list[bytes] = []
        for subject, body in sent:
            waiting.append(b"PUB %b %b %d\r\n%b\r\n" % (subject.encode(), inbox, len(body), body))
            count, octets = count + 1, octets + len(body)
            if len(waiting) >= window // 4:
                self._socket.sendall(b"".join(waiting))
                waiting.clear()
                while count - acknowledged > window:
                    acknowledged += self._acknowledgements()
        self._socket.sendall(b"".join(waiting))
        while acknowledged < count:
            acknowledged += self._acknowledgements()
        return count, octets

    def _acknowledgements(self) -> int:
        self._take()
        found = [*re.finditer(rb"MSG \S+ 1 \d+\r\n(.*?)\r\n", self._text)]
        assert not any(b'"error"' in one[1] for one in found), found[-1][1]
        self._text = self._text[found[-1].end() :] if found else self._text
        return len(found)

    def _take(self) -> None:
        found = self._socket.recv(1 << 16)
        assert found, "NATS closed the connection"
        if b"PING\r\n" in found:
            self._socket.sendall(b"PONG\r\n")
        self._text += found


def nats(total: int = 150_000) -> None:
    """CPU and disk of NATS by servers and lines per message: publishing, and then all of it taken by a Telegraf of the centre."""
    table("servers", "kind", "lines per message", "messages", "bytes per line", "publish: CPU s per million lines",
          "take and acknowledge: CPU s per million lines", "disk per million waiting lines, MB, all servers")  # fmt: skip
    for servers in (1, 3):
        for name, size in (("p1", 1), ("p1", 20), ("p1", 200), ("radio", 20)):
            some = total // 3 if size == 1 else total
            with folder() as place, contextlib.closing(Nats(place, servers)) as stream, contextlib.closing(Sink()) as sink:
                real(name)
                before = stream.cpu_s()
                count, octets = stream.publish(messages(real(name), some, size))
                published = stream.cpu_s()
                stored = sum(disk_mb(place / f"store{number}") for number in range(servers))
                with centre(place, stream, sink.url, UNBOUND):
                    running.until(lambda: not stream.waiting(), "an empty stream", 600)
                taken = stream.cpu_s()
            millions = some / MILLION
            row(servers, name, size, count, f"{octets / some:.0f}", f"{(published - before) / millions:.1f}",
                f"{(taken - published) / millions:.1f}", f"{stored / millions:.0f}")  # fmt: skip


# --- the centre's Telegraf ---


class Sink:
    """Takes what Telegraf writes, and keeps nothing. So only Telegraf's own CPU time is measured."""

    def __init__(self) -> None:
        """Listen on a free port."""

        class Taker(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                if self.headers.get("Transfer-Encoding") == "chunked":
                    while size := int(self.rfile.readline(), 16):
                        self.rfile.read(size + 2)
                    self.rfile.readline()
                else:
                    self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder for one measurement."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def configuration(servers: str, url: str, place: Path, changes: dict[str, str]) -> str:
    """The centre's Telegraf as `telegraf-han fleet create` writes it, but for TLS and addresses. `changes` are settings and their values."""
    text = telegraffiles.centre(Fleet(("n0",), influx=Fleet(()).influx._replace(url=url)))
    text = re.sub(r"^  (secure|tls_\w+) = .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^  servers = .*$", f"  servers = {json.dumps(servers.split(', '))}", text, flags=re.MULTILINE)
    text = text.replace(f"{telegraffiles.CENTRE}/secrets", str(place))
    for name, value in changes.items():
        if name == "guards":  # everything between the processor that makes the site and Telegraf's own figures
            begin, end = text.index("## Lines of a site that does not behave"), text.index("## Figures of this Telegraf itself")
            text = text[:begin] + text[end:]
            continue
        if name.startswith("processors."):  # only this one is left out
            text = re.sub(rf"^\[\[{name}\]\]\n(?:(?!##|\[\[\w).*\n)*", "", text, flags=re.MULTILINE)
            continue
        text, found = re.subn(rf"^(\s*){name} = .*$", rf"\g<1>{name} = {value}", text, count=1, flags=re.MULTILINE)
        assert found, name
    return text


@contextlib.contextmanager
def centre(place: Path, stream: Nats, url: str, changes: dict[str, str] | None = None) -> Iterator[running.Process]:
    """A Telegraf of the centre, bound to the first core."""
    (place / telegraffiles.TOKEN).write_text("token", encoding="utf-8")
    file = place / "centre.conf"
    file.write_text(configuration(stream.url, url, place, changes or {}), encoding="utf-8")
    with running.telegraf(build.binary("telegraf", print), file, place, {"GOMAXPROCS": "1"}) as process:
        pinned(process.pid, 0)
        yield process


UNBOUND = {
    "max_undelivered_messages": "5000",
    "pending_message_limit": "10000\\n  pending_bytes_limit = 1000000000",
    "metric_buffer_limit": "1000000",
}
"""So much under way that only CPU is the limit. For what the limits of the real configuration allow, see `pace`.

`pending_bytes_limit` is 64 MB by default. What a broker sends beyond that in one go, the client throws away, and it comes again after a
minute, then after five [seen: 1,500 messages of 143 kB, of which 1,090 came a second time and later]."""
VARIANTS: dict[str, dict[str, str]] = {
    "guards": UNBOUND,
    "no guards": {**UNBOUND, "guards": ""},
    **{f"guards without {name}": {**UNBOUND, f"processors.{name}": ""} for name in ("tag_limit", "strings", "converter")},
    "guards, metric_batch_size 1000": {**UNBOUND, "metric_batch_size": "1000"},
    "guards, metric_batch_size 20000": {**UNBOUND, "metric_batch_size": "20000"},
    "guards, max_undelivered_messages 200": {},
}


def centre_cpu(total: int = 150_000, only: str = "") -> None:
    """Lines per CPU second of the centre's Telegraf on one core. `only` is a part of a configuration's name."""
    table("kind", "lines per message", "configuration", "lines per CPU second", "memory at most, MB")
    cases = [("p1", size, "guards") for size in (1, 5, 20, 200)] + [("radio", 20, "guards")]
    cases += [("p1", 20, name) for name in VARIANTS if name != "guards"]
    for kind, size, name in cases:
        if only not in name:
            continue
        some = total // 3 if size == 1 else total
        with folder() as place, contextlib.closing(Nats(place, 1)) as stream, contextlib.closing(Sink()) as sink:
            with centre(place, stream, sink.url, VARIANTS[name]) as idle:
                idle.wait_for_log("Started the NATS consumer")
                start_s = cpu_s(idle.pid)
            stream.publish(messages(real(kind), some, size))
            with centre(place, stream, sink.url, VARIANTS[name]) as process:
                running.until(lambda: not stream.waiting(), "an empty stream", 600)
                used_s, most = cpu_s(process.pid) - start_s, memory_mb(process.pid, "VmHWM")
            row(kind, size, name, f"{some / used_s:,.0f}", f"{most:.0f}")


LIMITS: dict[str, dict[str, str]] = {
    "as written": {},
    "max_undelivered_messages 1000": {"max_undelivered_messages": "1000"},
    "flush_interval 200ms": {"flush_interval": '"200ms"'},
    "max_undelivered_messages 5000": UNBOUND,
}


def pace(total: int = 20_000, seconds: float = 20) -> None:
    """Messages per second that one Telegraf takes, whatever its CPU could do.

    First small messages, as many small sites send them. Then messages of 200 lines, as all sites send them after an outage: NATS closes a
    connection that has more than `max_pending` to take, and what was under way comes again a minute later.
    """
    table("lines per message", "max_ack_pending", "max_pending, MB", "configuration", "messages per second", "lines per second",
          "CPU of one core, %", "connections that NATS closed")  # fmt: skip
    cases = [(2, total, 500, 64, name) for name in LIMITS] + [(2, total, 10_000, 64, "max_undelivered_messages 5000")]
    cases += [(200, 1_000, 500, 64, "as written"), (200, 1_000, 500, 600, "as written"), (200, 1_000, 200, 64, "as written")]
    for size, some, ack_pending, pending_mb, name in cases:
        with (
            folder() as place,
            contextlib.closing(Nats(place, 1, pending_mb=pending_mb, ack_pending=ack_pending)) as stream,
            contextlib.closing(Sink()) as sink,
        ):
            count, _ = stream.publish(messages(real("p1"), some * size, size))
            with centre(place, stream, sink.url, LIMITS[name]) as process:
                process.wait_for_log("Started the NATS consumer")
                begun_s, used_s = time.monotonic(), cpu_s(process.pid)
                with contextlib.suppress(TimeoutError):
                    running.until(lambda: not stream.waiting(), "an empty stream", seconds)
                taken_s, left = time.monotonic() - begun_s, stream.waiting()
                used_s = cpu_s(process.pid) - used_s
            rate = (count - left) / taken_s
            closed = stream.processes[0].log_text().count("Slow Consumer Detected")
            row(size, ack_pending, pending_mb, name, f"{rate:,.0f}", f"{size * rate:,.0f}", f"{100 * used_s / taken_s:.0f}", closed)


# --- InfluxDB ---


class Quick(running.Influx):
    """An InfluxDB that compacts a shard as soon as nothing more comes for it, as another one does after four hours."""

    def __init__(self, program: Path, data_folder: Path, cache_mb: int) -> None:
        """Start it. From `cache_mb` on it writes new points to a file (`storage-cache-snapshot-memory-size`)."""
        data_folder.mkdir(parents=True, exist_ok=True)
        cold = ("storage-compact-full-write-cold-duration", "storage-cache-snapshot-write-cold-duration")
        text = "".join(f'{name} = "10s"\n' for name in cold) + f'storage-cache-snapshot-memory-size = "{cache_mb}m"\n'
        (data_folder / "config.toml").write_text(text, encoding="utf-8")
        super().__init__(program, data_folder)
        self.folder = data_folder

    def packed(self, sent: Iterable[str]) -> int:
        """Write lines as Telegraf does, in batches with gzip. Returns how many."""
        count = 0
        sent = iter(sent)
        while batch := list(islice(sent, BATCH)):
            headers = {"Authorization": f"Token {self.token}", "Content-Encoding": "gzip"}
            body = gzip.compress("\n".join(batch).encode(), 1)
            request = urllib.request.Request(f"{self.url}/api/v2/write?org={self.org}&bucket={self.bucket}", body, headers)
            with _HTTP.open(request, timeout=600):
                count += len(batch)
        return count

    def settled(self) -> None:
        """Return when its files have not changed for a while."""
        changed_s, files = time.monotonic(), self._files()
        while time.monotonic() < changed_s + 30:
            time.sleep(1)
            if (found := self._files()) != files:
                changed_s, files = time.monotonic(), found

    def _files(self) -> set[Path]:
        return {*self.folder.glob("engine/data/*/autogen/*/*.tsm*")}

    def parts_mb(self) -> dict[str, float]:
        """What the parts of its files take."""
        engine = self.folder / "engine"
        found = {"wal": disk_mb(engine / "wal"), "data": 0.0, "index": 0.0}
        for file in (engine / "data").rglob("*"):
            if file.is_file():
                found["data" if file.suffix == ".tsm" else "index"] += file.stat().st_size / 1e6
        return found


@contextlib.contextmanager
def influxdb(place: Path, cache_mb: int = 25) -> Iterator[Quick]:
    """An InfluxDB on fresh data. 25 MB is its default."""
    influx = Quick(build.binary("influxd", print), place / "influxdb", cache_mb)
    try:
        yield influx
    finally:
        influx.process.close()


def influx_cpu(meters: int = 200) -> None:
    """A day of lines: CPU while they are written, CPU until they are compacted, and what they take then."""
    table("kind", "meters", "lines", "writing: lines per CPU second", "with compaction: lines per CPU second",
          "bytes per meter and day", "bytes per line", "memory at most, MB")  # fmt: skip
    kinds: dict[str, Callable[[], Kind]] = {"p1": lambda: real("p1"), "radio": lambda: real("radio"), "status": lambda: status("p1")}
    for name, made in kinds.items():
        kind = made()
        with folder() as place, influxdb(place) as influx:
            some = meters * (1 if name == "p1" else 3)
            pid = influx.process.pid
            before = cpu_s(pid)
            count = influx.packed(lines(kind, range(some), DAY_S // kind.every_s, sited=True))
            written = cpu_s(pid)
            influx.settled()
            used, parts = cpu_s(pid), influx.parts_mb()
            row(name, some, f"{count:,}", f"{count / (written - before):,.0f}", f"{count / (used - before):,.0f}",
                f"{parts['data'] * 1e6 / some:,.0f}", f"{parts['data'] * 1e6 / count:.1f}", f"{memory_mb(pid, 'VmHWM'):.0f}")  # fmt: skip


def series(numbers: tuple[int, ...] = (0, 1_000, 10_000, 100_000), caches_mb: tuple[int, ...] = (25, 500)) -> None:
    """Memory and index by number of meters. Each has telegrams and status lines, two series, and ten lines of each. Then come more."""
    table("meters", "series", "cache, MB", "lines", "new series: lines per CPU second", "then: lines per CPU second", "memory at most, MB", "memory after a new start, MB", "start, s",
          "index, MB", "data, MB")  # fmt: skip
    for meters, cache_mb in product(numbers, caches_mb):
        with folder() as place, influxdb(place, cache_mb) as influx:
            pid, before = influx.process.pid, cpu_s(influx.process.pid)
            count = sum(influx.packed(lines(kind, range(meters), 10, sited=True)) for kind in (real("p1"), status("p1")))
            used, later = cpu_s(pid) - before, 0
            if meters:
                before = cpu_s(pid)
                more = lines(real("p1"), range(meters), max(4, 400_000 // meters), BEGIN_S + 100, sited=True)
                later = round(influx.packed(more) / (cpu_s(pid) - before))
            most = memory_mb(pid, "VmHWM")
            if meters:
                influx.settled()
            influx.stop()
            begun_s = time.monotonic()
            influx.start()
            start_s = time.monotonic() - begun_s
            if meters:
                influx.query('SELECT count("active_power_import_w") FROM "electricity"')
            parts = influx.parts_mb()
            row(f"{meters:,}", f"{2 * meters:,}", cache_mb, f"{count:,}", f"{count / max(used, 0.01):,.0f}", f"{later:,}", f"{most:.0f}",
                f"{memory_mb(influx.process.pid):.0f}", f"{start_s:.1f}", f"{parts['index']:.0f}", f"{parts['data']:.0f}")  # fmt: skip


def together(meters: int = 10_000) -> None:
    """What it helps to write several lines of a meter at once: lines per CPU second, with all series there already."""
    table("meters", "cache, MB", "lines of a meter together", "lines per CPU second")
    for cache_mb, size in ((25, 1), (25, 6), (500, 1), (500, 6)):
        with folder() as place, influxdb(place, cache_mb) as influx:
            pid = influx.process.pid
            influx.packed(lines(real("p1"), range(meters), 1, sited=True))
            before = cpu_s(pid)
            parts = (
                lines(real("p1"), range(first, first + 100), size, BEGIN_S + 10 * (1 + turn * size), sited=True)
                for turn in range(24 // size)
                for first in range(0, meters, 100)
            )
            # of a hundred meters at a time, all lines of one meter after those of the other
            count = influx.packed(line for part in parts for line in sorted(part, key=lambda text: text.partition(" ")[0]))
            row(f"{meters:,}", cache_mb, size, f"{count / (cpu_s(pid) - before):,.0f}")


# --- a site ---


def site(seconds: float = 60) -> None:
    """The uplink of a site: lines come by HTTP as the first Telegraf sends them, and go on to NATS."""
    table("meters, each a line a second", "lines", "CPU ms per line", "CPU of one core at this rate, %", "memory, MB")
    for meters in (1, 10, 100):
        with folder() as place, contextlib.closing(Nats(place, 1)) as stream:
            port = free_port()
            text = telegraffiles.uplink("site-a", Fleet(("n0",)), "token").replace(str(telegraffiles.PORT), str(port))
            text = re.sub(r"^  (secure|tls_\w+) = .*\n", "", text, flags=re.MULTILINE).replace(
                "/var/lib/telegraf-han-uplink", f"{place}/buffer"
            )
            text = re.sub(r"^  servers = .*$", f'  servers = ["{stream.url}"]', text, flags=re.MULTILINE)
            file = place / "uplink.conf"
            file.write_text(text, encoding="utf-8")
            sent = lines(real("p1"), range(meters), DAY_S // 10, sited=False)
            with running.telegraf(build.binary("telegraf", print), file, place) as process:
                running.until(partial(_answers, port), "the uplink's port")
                begun, count, used = time.monotonic(), 0, cpu_s(process.pid)
                while time.monotonic() < begun + seconds:
                    body = gzip.compress("\n".join(islice(sent, meters)).encode())
                    headers = {"Authorization": "Token token", "Content-Encoding": "gzip"}
                    _HTTP.open(
                        urllib.request.Request(f"http://127.0.0.1:{port}/api/v2/write?org=fleet&bucket=fleet", body, headers)
                    ).close()
                    count += meters
                    time.sleep(1)
                used = cpu_s(process.pid) - used
                row(
                    meters,
                    count,
                    f"{1000 * used / count:.2f}",
                    f"{100 * used / (time.monotonic() - begun):.1f}",
                    f"{memory_mb(process.pid):.0f}",
                    "",
                )


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


# --- accounts ---


def accounts(numbers: tuple[int, ...] = (0, 1_000, 10_000)) -> None:
    """A NATS server with an account per site, as `telegraf-han fleet init` writes it, but with users of names instead of certificates."""
    program = os.environ.get("NATS_SERVER_BIN") or shutil.which("nats-server")
    assert program
    table("sites", "start, CPU s", "memory, MB", "reload, CPU s", "memory with all sites connected, MB")
    for sites in numbers:
        with folder() as place:
            port, monitor = free_port(), free_port()
            text = f'listen: "127.0.0.1:{port}"\nhttp: "127.0.0.1:{monitor}"\nmax_connections: 200000\njetstream {{ store_dir: "{place}/store" }}\naccounts {{\n'
            text += '  HAN { jetstream: enabled, users: [ {user: "centre", password: "x"} ], exports: [ {service: "han.>"} ] }\n'
            text += "".join(
                f'  "{site_of(number * METERS_OF_A_SITE)}" {{ users: [ {{user: "u{number}", password: "x"}} ], imports: [ {{service: {{account: "HAN", subject: "han.{site_of(number * METERS_OF_A_SITE)}.>"}}}} ] }}\n'
                for number in range(sites)
            )
            file = place / "nats.conf"
            file.write_text(text + "}\n", encoding="utf-8")
            process = running.Process([program, "-c", str(file)], place / "nats.log", place, os.environ)
            try:
                process.wait_for_log("Server is ready")
                start_s, idle = cpu_s(process.pid), memory_mb(process.pid)
                os.kill(process.pid, 1)
                process.wait_for_log("Reloaded server configuration")
                reload_s = cpu_s(process.pid) - start_s
                connected = []
                for number in range(sites):
                    one = socket.create_connection(("127.0.0.1", port))
                    one.sendall(b'CONNECT {"verbose":false,"user":"u%d","pass":"x"}\r\nPING\r\n' % number)
                    connected.append(one)
                running.until(partial(_are_connected, monitor, sites), "all connections", 300)
                row(f"{sites:,}", f"{start_s:.1f}", f"{idle:.0f}", f"{reload_s:.1f}", f"{memory_mb(process.pid):.0f}")
                for one in connected:
                    one.close()
            finally:
                process.close()


def _are_connected(monitor: int, sites: int) -> bool:
    with _HTTP.open(f"http://127.0.0.1:{monitor}/varz", timeout=30) as answer:
        return bool(json.load(answer)["connections"] == sites)


def kinds() -> None:
    """The lines."""
    table("kind", "bytes of a line", "fields", "bytes of a line in a message of 20, gzip")
    for name, kind in {"p1": real("p1"), "radio": real("radio"), "status": status("p1")}.items():
        some = [*lines(kind, range(20), 1, sited=False)]
        octets = "\n".join(some).encode()
        row(name, len(octets) // 20, kind.fields[0][0].count("="), len(gzip.compress(octets)) // 20)


def main() -> None:
    """Run the measurement that is named."""
    words = sys.argv[1:]
    given: list[Any] = [int(word) if word.isdigit() else word for word in words[1:]]
    measurements: dict[str, Callable[..., None]] = {
        "lines": kinds, "nats": nats, "centre": centre_cpu, "pace": pace, "influx": influx_cpu, "together": together, "site": site,
    }  # fmt: skip
    if words[:1] == ["series"]:
        series(*([tuple(given)] if given else []))
    elif words[:1] == ["accounts"]:
        accounts(*([tuple(given)] if given else []))
    elif words and words[0] in measurements:
        measurements[words[0]](*given)
    else:
        print(__doc__)
    print(f"\nload average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
