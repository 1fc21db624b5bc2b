"""The fleet's MQTT variant on one machine: the files of fleet/mqtt under real programs, with ports, folders and times of a test.

`Fleet` holds the authority, the broker and what is started beside it. What a test needs changed in a shipped file is a row of a table,
and a row that no longer fits the file is an error.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import subprocess
import threading
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pki
from servers import debian, running

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CONSUMERS", "SITES", "Fleet", "Link", "changed", "free_port", "hand_over"]

SHIPPED = Path(__file__).parents[2] / "fleet/mqtt"
SITES = ("site-a", "site-b")
"""The sites of the shipped acl."""
CONSUMERS = ("influx-1", "influx-2")
TOKEN = "uplink-of-a-test"
CHUNK = 65536
POLL_S = 0.1
PATIENCE_S = 60
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def changed(name: str, rows: dict[str, str]) -> str:
    """A shipped file with the rows' left sides replaced by their right ones."""
    text = (SHIPPED / name).read_text(encoding="utf-8")
    for old, new in rows.items():
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new)
    return text


class Fleet:
    """A broker, its certificates, and the Telegrafs on both sides of it."""

    def __init__(self, folder: Path, telegraf: Path, influx: running.Influx | None = None, settings: dict[str, str] | None = None) -> None:
        """Nothing runs yet. `settings` are changes of the broker's configuration."""
        self.folder, self._telegraf, self._influx = folder, telegraf, influx
        self._root = debian.unpacked("mosquitto", "mosquitto-clients")
        self.env = debian.environment(self._root)
        self.env["PATH"] = f"{self._root / 'usr/bin'}{os.pathsep}{self.env['PATH']}"
        self.authority = pki.Authority(folder / "han")
        for name in ("broker", *SITES, *CONSUMERS):
            self.authority.issue(name)
        self.port = free_port()
        (folder / "data").mkdir()
        (folder / "han/acl").write_text(changed("broker/acl", {}))
        (folder / "han/acl").chmod(0o600)
        rows = {
            "listener 8883\n": f"listener {self.port} 127.0.0.1\n",
            "/etc/mosquitto/han/": f"{folder}/han/",
            "persistence_location /var/lib/mosquitto/": f"persistence_location {folder}/data/",
            "log_dest stderr": f"log_dest stderr\nlog_type information\nlog_type subscribe\n{_unprivileged()}",
        }
        (folder / "mosquitto.conf").write_text(changed("broker/mosquitto.conf", rows | (settings or {})))
        self._stack = contextlib.ExitStack()

    def close(self) -> None:
        """End all that was started."""
        self._stack.close()

    def start_broker(self) -> running.Process:
        command = [str(self._root / "usr/sbin/mosquitto"), "-c", str(self.folder / "mosquitto.conf")]
        process = running.Process(command, self.folder / "mosquitto.log", self.folder, self.env)
        self._stack.callback(process.close)
        process.wait_for_log(r"mosquitto version \S+ running")
        return process

    def start_uplink(self, site: str, port: int | None = None, rows: dict[str, str] | None = None) -> tuple[running.Process, str]:
        """The site's second Telegraf, and the address where it takes lines; `port` is where it finds the broker."""
        place = self.folder / site
        for name, file in (("ca.crt", "ca.crt"), ("site.crt", f"{site}.crt"), ("site.key", f"{site}.key")):
            place.mkdir(exist_ok=True)
            (place / name).write_bytes((self.folder / "han" / file).read_bytes())
        (place / "uplink.conf").write_text(
            changed("edge/uplink.conf", {'flush_interval = "10s"': 'flush_interval = "200ms"'} | (rows or {}))
        )
        listen = free_port()
        env = {
            "HAN_SITE": site,
            "HAN_BROKER": "localhost",
            "HAN_BROKER_PORT": str(port or self.port),
            "HAN_CERTIFICATES": str(place),
            "HAN_PUBLISH": str(SHIPPED / "edge/publish"),
            "HAN_PUBLISH_TIMEOUT_S": "2",
            "HAN_UPLINK_BUFFER": str(place / "buffer"),
            "HAN_UPLINK_LISTEN": f"127.0.0.1:{listen}",
            "HAN_UPLINK_TOKEN": TOKEN,
        }
        process = self._stack.enter_context(running.telegraf(self._telegraf, place / "uplink.conf", place, self.env | env))
        running.until(lambda: _open(listen), "the listener of the uplink", PATIENCE_S)
        return process, f"http://127.0.0.1:{listen}"

    def start_consumer(self, name: str, rows: dict[str, str] | None = None) -> running.Process:
        """A Telegraf of the centre; it has subscribed when this returns."""
        assert self._influx is not None
        place = self.folder / name
        place.mkdir(exist_ok=True)
        (place / "telegraf.conf").write_text(
            changed("centre/telegraf.conf", {'flush_interval = "5s"': 'flush_interval = "200ms"'} | (rows or {}))
        )
        env = {
            "HAN_CONSUMER": name,
            "HAN_BROKER": "localhost",
            "HAN_BROKER_PORT": str(self.port),
            "HAN_CERTIFICATES": str(self.folder / "han"),
            "INFLUX_URL": self._influx.url,
            "INFLUX_TOKEN": self._influx.token,
        }
        process = self._stack.enter_context(running.telegraf(self._telegraf, place / "telegraf.conf", place, self.env | env))
        process.wait_for_log(r"\[inputs.mqtt_consumer\] Connected")
        return process

    def start_subscriber(self, name: str, *options: str) -> running.Process:
        """mosquitto_sub with a certificate: its log is what it heard."""
        command = ["mosquitto_sub", *self._as(name), "-q", "1", "-F", "%t %p", *options]
        process = running.Process(command, self.folder / f"heard-{name}.txt", self.folder, self.env)
        self._stack.callback(process.close)
        return process

    def publish(self, name: str, topic: str, text: str, *options: str) -> str:
        """What mosquitto_pub tells of one message with somebody's certificate."""
        command = ["mosquitto_pub", "-d", "-q", "1", *self._as(name), "-t", topic, "-s", *(options or ("-V", "5"))]
        done = subprocess.run(command, input=text, env=self.env, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        return done.stdout + done.stderr

    def _as(self, name: str) -> list[str]:
        folder = self.folder / "han"
        files = ["--cafile", f"{folder}/ca.crt", "--cert", f"{folder}/{name}.crt", "--key", f"{folder}/{name}.key"]
        return ["-h", "localhost", "-p", str(self.port), *files]


def _unprivileged() -> str:
    """A broker that root starts becomes another user, who may not read a test's files."""
    return "user root\n" if os.geteuid() == 0 else ""


def _open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def hand_over(url: str, lines: Sequence[str]) -> None:
    """Lines to an uplink, as the site's first Telegraf writes them."""
    target = f"{url}/api/v2/write?org=-&bucket=-"
    request = urllib.request.Request(target, "\n".join(lines).encode(), {"Authorization": f"Token {TOKEN}"})
    with _HTTP.open(request, timeout=PATIENCE_S) as response:
        assert response.status == 204


class Link:
    """A wire between two ports of this machine that can be cut: nothing passes, and nobody is told."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._passing, self._ended = threading.Event(), threading.Event()
        self._passing.set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """From now on bytes stay where they are."""
        self._passing.clear()

    def mend(self) -> None:
        """They flow again."""
        self._passing.set()

    def close(self) -> None:
        """End the wire."""
        self._ended.set()
        self._passing.set()
        self._thread.join()

    def _run(self) -> None:
        with self._server, selectors.DefaultSelector() as waiting, contextlib.ExitStack() as stack:
            waiting.register(self._server, selectors.EVENT_READ)
            while not self._ended.is_set():
                for key, _ in waiting.select(POLL_S):
                    self._passing.wait()
                    if key.data is None:
                        self._join(waiting, stack)
                    else:
                        self._pass(key.fileobj, key.data, waiting)

    def _join(self, waiting: selectors.BaseSelector, stack: contextlib.ExitStack) -> None:
        here, _ = self._server.accept()
        stack.enter_context(here)
        try:
            there = stack.enter_context(socket.create_connection(("127.0.0.1", self._target)))
        except OSError:
            here.close()
            return
        waiting.register(here, selectors.EVENT_READ, there)
        waiting.register(there, selectors.EVENT_READ, here)

    @staticmethod
    def _pass(here: object, there: socket.socket, waiting: selectors.BaseSelector) -> None:
        assert isinstance(here, socket.socket)
        with contextlib.suppress(OSError):
            if data := here.recv(CHUNK):
                there.sendall(data)
                return
        for one in (here, there):
            with contextlib.suppress(KeyError, ValueError):
                waiting.unregister(one)
            one.close()
