"""From limits to a webhook, end to end: a meter on a socket, the plugin, Telegraf, InfluxDB, its checks and rule, and the called server.

The checks run every two seconds here instead of every minute; everything else is as a user has it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from servers.running import PLUGIN_TO_INFLUX, Influx, until

import p1telegrams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WARSAW = ZoneInfo("Europe/Warsaw")
BEARER = "w3bh00k-t0ken"
EVERY_S, SUSTAINED_S, SILENCE_S = 2, 6, 8
SOON_S = SUSTAINED_S + 6 * EVERY_S + 100
"""Until a call has to come: the check's own time, the rule's, and what a loaded machine adds."""
CONFIG = """
[output]
status_interval = "1s"

[[meter]]
name = "home"
interface = "p1"
port = "socket://127.0.0.1:{port}"
encryption_key = "{key}"

[meter.limits]
active_power_import_w = 6000
silence_s = {silence}
decode_errors_percent = 20

# A meter that is never heard. Its name would end any text or pattern that is built from it without care.
[[meter]]
name = "a\\"b${{c}}/d|(e€"
interface = "wmbus"
id = "12345678"

[meter.limits]
active_power_import_w = 1

[[receiver]]
name = "attic"
type = "hex"
port = "/dev/nowhere"
"""


class Meter:
    """A meter behind a converter in the network. It sends one telegram per second with the power that the test sets."""

    def __init__(self) -> None:
        self.power_w = 300
        self.peak: list[int] = []
        """Powers of the next telegrams, before `power_w` holds again."""
        self.speaks = True
        self.key = p1telegrams.EK
        self._over = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.2)
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._server.accept()
            except TimeoutError:
                continue
            with client:
                self._send_to(client)

    def _send_to(self, client: socket.socket) -> None:
        while not self._over.wait(1):
            try:
                if self.speaks:
                    client.sendall(p1telegrams.stoen(self._said(), ek=self.key))
            except OSError:
                return

    def _said(self) -> bytes:
        now = datetime.now(WARSAW)
        stamp = f"{now:%y%m%d%H%M%S}{'S' if now.dst() else 'W'}".encode()
        power = b"%08.3f" % ((self.peak.pop() if self.peak else self.power_w) / 1000)
        return p1telegrams.LINES.replace(b"260410150553S", stamp).replace(b"00.278*kW", power + b"*kW")


@pytest.fixture
def meter() -> Iterator[Meter]:
    found = Meter()
    yield found
    found.close()


class Calls:
    """The calls that the webhook received, with their times."""

    def __init__(self) -> None:
        self.all: list[tuple[float, dict[str, Any]]] = []
        self.authorizations: set[str | None] = set()
        calls = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                calls.authorizations.add(self.headers.get("Authorization"))
                calls.all.append((time.monotonic(), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def of(self, check: str, level: str) -> list[dict[str, Any]]:
        return [body for _, body in self.all if body["_check_name"] == f"telegraf-han energy: {check}" and body["_level"] == level]

    def wait(self, check: str, level: str) -> dict[str, Any]:
        """The newest such call, once there is one more than before."""
        before = len(self.of(check, level))
        until(lambda: len(self.of(check, level)) > before, f"{check}: {level}, after {self.all}", SOON_S)
        return self.of(check, level)[-1]


@pytest.fixture
def calls() -> Iterator[Calls]:
    found = Calls()
    yield found
    found.close()


@pytest.fixture
def house(influx: Influx, meter: Meter, calls: Calls, start_telegraf: Callable[..., Any], tmp_path: Path) -> None:
    """The whole pipeline, with checks made by `setup`, after some seconds of ordinary telegrams."""
    config = tmp_path / "han.toml"
    config.write_text(CONFIG.format(port=meter.port, key=p1telegrams.EK.hex(), silence=SILENCE_S))
    config.chmod(0o600)
    token = tmp_path / "webhook-token"
    token.write_text(BEARER)
    token.chmod(0o600)
    env = {"INFLUX_URL": influx.url, "INFLUX_TOKEN": influx.token}
    start_telegraf(PLUGIN_TO_INFLUX.format(python=sys.executable, config=config, url=influx.url), env)
    influx.wait_for_rows("SELECT active_power_import_w FROM electricity", 2)
    words = ["setup", "--config", str(config), "--check-every", f"{EVERY_S}s", "--sustained", f"{SUSTAINED_S}s"]
    words += ["--webhook", calls.url, "--webhook-token-file", str(token)]
    done = subprocess.run(
        [sys.executable, "-m", "telegraf_han", "influx", *words],
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert BEARER not in done.stdout + done.stderr
    until(
        lambda: _statuses(influx) >= {"import power above its limit", f"silent for {SILENCE_S} s", "telegrams unread"},
        "a status of each check",
        SOON_S,
    )
    time.sleep(2 * EVERY_S)


def _statuses(influx: Influx) -> set[str]:
    rows = influx.query('SELECT last("_message") FROM statuses GROUP BY "_check_name"', "_monitoring")
    return {row["_check_name"].removeprefix("telegraf-han energy: ") for row in rows}


@pytest.mark.usefixtures("house")
def test_power_rises(meter: Meter, calls: Calls) -> None:
    """The webhook is called once when power has been too high for long enough, not before, and once when power is right again."""
    check = "import power above its limit"
    assert calls.of(check, "crit") == []
    meter.power_w = 7300
    rose_s = time.monotonic()

    told = calls.wait(check, "crit")

    assert time.monotonic() - rose_s >= SUSTAINED_S - EVERY_S
    assert told["_message"] == f"home: import power 7300 W in {SUSTAINED_S} s, more than its limit"
    assert (told["meter"], told["source"]) == ("home", "telegraf-han energy")
    time.sleep(4 * EVERY_S)  # while it lasts nobody is told again
    meter.power_w = 300
    assert calls.wait(check, "ok")["_message"] == "home: import power within the limit"
    assert len(calls.of(check, "crit")) == 1
    assert calls.authorizations == {f"Bearer {BEARER}"}


@pytest.mark.usefixtures("house")
def test_a_short_peak(meter: Meter, calls: Calls) -> None:
    """A kettle is no overload."""
    meter.peak = [9000] * EVERY_S
    until(lambda: not meter.peak, "the peak's end")
    time.sleep(SUSTAINED_S + 3 * EVERY_S)

    assert calls.of("import power above its limit", "crit") == []


@pytest.mark.usefixtures("house")
def test_a_meter_falls_silent(meter: Meter, calls: Calls) -> None:
    """The webhook is called when telegrams stop, not before the meter's own time is over, and when they come back."""
    check = f"silent for {SILENCE_S} s"
    assert calls.of(check, "crit") == []
    meter.speaks = False
    stopped_s = time.monotonic()

    told = calls.wait(check, "crit")

    assert time.monotonic() - stopped_s >= SILENCE_S - 1
    assert (told["meter"], told["_message"]) == ("home", f"home: no telegram for {SILENCE_S} s: crit")
    meter.speaks = True
    calls.wait(check, "ok")


@pytest.mark.usefixtures("house")
def test_a_wrong_key(meter: Meter, calls: Calls) -> None:
    """With a key that no longer fits, all telegrams stay unread, and the webhook is called."""
    assert calls.of("telegrams unread", "crit") == []
    meter.key = bytes(16)

    told = calls.wait("telegrams unread", "crit")

    assert told["meter"] == "home"
    assert "home: telegrams unread " in told["_message"]
    meter.key = p1telegrams.EK
    calls.wait("telegrams unread", "ok")
