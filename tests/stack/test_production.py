"""docs/examples/production-*.conf under a real Telegraf, with a Modbus server and an MQTT broker of the test's own."""

from __future__ import annotations

import contextlib
import socketserver
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from servers.running import until

import linereader

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
TO_FILE = (
    '[agent]\ninterval = "1s"\nflush_interval = "200ms"\nhostname = "any"\n[[outputs.file]]\nfiles = ["{file}"]\ndata_format = "influx"\n'
)
BASE = 40_000
INVERTER = BASE + 2 + 67
"""SunSpec's mark has two registers, model 1 its number, its length and 65 registers."""
LAYOUT = (
    *("ID", "L", "A", "AphA", "AphB", "AphC", "A_SF", "PPVphAB", "PPVphBC", "PPVphCA", "PhVphA", "PhVphB", "PhVphC", "V_SF", "W", "W_SF"),
    *("Hz", "Hz_SF", "VA", "VA_SF", "VAr", "VAr_SF", "PF", "PF_SF", "WH high", "WH low", "WH_SF"),
)
"""The first registers of SunSpec's models 101 to 103, in order."""


@contextlib.contextmanager
def _served(answer: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """A TCP server on a free port until the block ends."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), answer) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class Modbus(socketserver.StreamRequestHandler):
    """Answers function 3, read holding registers."""

    registers: dict[int, int]

    def handle(self) -> None:
        while len(head := self.rfile.read(12)) == 12:
            number, _, _, unit, function, start, count = struct.unpack(">HHHBBHH", head)
            assert function == 3
            values = [self.registers.get(start + place, 0xFFFF) for place in range(count)]
            body = struct.pack(">BBB", unit, function, 2 * count) + struct.pack(f">{count}H", *values)
            self.wfile.write(struct.pack(">HHH", number, 0, len(body)) + body)


def _model(**values: int) -> dict[int, int]:
    """The registers of an inverter."""
    return {
        INVERTER + LAYOUT.index(name.replace("_high", " high").replace("_low", " low")): value & 0xFFFF for name, value in values.items()
    }


def _config(name: str, folder: Path, changes: dict[str, str]) -> str:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    for before, after in changes.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    return TO_FILE.format(file=folder / "metrics.lp") + text


def _metrics(folder: Path) -> list[linereader.Metric]:
    file = folder / "metrics.lp"
    data = file.read_bytes() if file.exists() else b""
    return linereader.metrics(data[: data.rfind(b"\n") + 1])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"ID": 103, "W": 4215, "W_SF": 0, "WH_high": 0x0123, "WH_low": 0x4567, "WH_SF": 0}, {"power_w": 4215.0, "energy_wh": 19088743.0}),
        ({"ID": 101, "W": -35, "W_SF": -1, "WH_high": 0, "WH_low": 1234, "WH_SF": 1}, {"power_w": -3.5, "energy_wh": 12340.0}),
        ({"ID": 102, "W": -32768, "W_SF": -32768, "WH_high": 0, "WH_low": 7, "WH_SF": 3}, {"energy_wh": 7000.0}),
        ({"ID": 103, "W": 12, "W_SF": 0, "WH_high": 0, "WH_low": 0, "WH_SF": 0}, {"power_w": 12.0}),
    ],
    ids=["three phases", "scaled", "no power", "no energy"],
)
def test_sunspec(start_telegraf, tmp_path: Path, values: dict[str, int], expected: dict[str, float]) -> None:
    """Power and the register, with the scale factors that the inverter sends. What it does not know makes no field."""
    with _served(type("Inverter", (Modbus,), {"registers": _model(**values)})) as port:
        start_telegraf(_config("production-sunspec.conf", tmp_path, {"192.168.1.50:502": f"127.0.0.1:{port}", '"10s"': '"1s"'}))
        until(lambda: len(_metrics(tmp_path)) > 1, "two readings")

    for metric in _metrics(tmp_path):
        assert metric.measurement == "electricity_production"
        assert dict(metric.tags) == {"inverter": "roof", "meter": "home"}
        assert dict(metric.fields) == expected


def test_another_model(start_telegraf, tmp_path: Path) -> None:
    """If the address is wrong, no number that means something else is stored, and the log says which register it is."""
    with _served(type("Inverter", (Modbus,), {"registers": _model(ID=160, W=1, WH_low=5)})) as port:
        telegraf = start_telegraf(_config("production-sunspec.conf", tmp_path, {"192.168.1.50:502": f"127.0.0.1:{port}", '"10s"': '"1s"'}))
        telegraf.wait_for_log("register 160 is expected to be 101, 102 or 103")

    assert _metrics(tmp_path) == []


class Broker(socketserver.StreamRequestHandler):
    """As much of MQTT 3.1.1 as a subscriber without confirmations needs: it accepts, and sends its messages once."""

    messages: list[tuple[str, str]]

    def handle(self) -> None:
        while head := self.rfile.read(1):
            length, shift = 0, 0
            while True:
                byte = self.rfile.read(1)[0]
                length |= (byte & 0x7F) << shift
                shift += 7
                if not byte & 0x80:
                    break
            body = self.rfile.read(length)
            kind = head[0] >> 4
            if kind == 1:  # CONNECT
                self.wfile.write(b"\x20\x02\x00\x00")
            elif kind == 8:  # SUBSCRIBE: a byte of granted quality for each topic
                topics = 0
                place = 2
                while place < len(body):
                    place += 2 + int.from_bytes(body[place : place + 2]) + 1
                    topics += 1
                self.wfile.write(bytes([0x90, 2 + topics]) + body[:2] + bytes(topics))
                for topic, text in self.messages:
                    packet = struct.pack(">H", len(topic)) + topic.encode() + text.encode()
                    self.wfile.write(bytes([0x30, len(packet)]) + packet)
            elif kind == 12:  # PINGREQ
                self.wfile.write(b"\xd0\x00")


def test_mqtt(start_telegraf, tmp_path: Path) -> None:
    """Numbers in topics become power and the register in Wh. A register of 0 and a word are no readings."""
    messages = [
        ("solar/ac/power", "812.5"),
        ("solar/ac/yieldtotal", "0"),
        ("solar/ac/yieldtotal", "offline"),
        ("solar/ac/yieldtotal", "1234.567"),
        ("solar/ac/power", "0.0"),
    ]
    with _served(type("OpenDtu", (Broker,), {"messages": messages})) as port:
        start_telegraf(_config("production-mqtt.conf", tmp_path, {"127.0.0.1:1883": f"127.0.0.1:{port}"}))
        until(lambda: len(_metrics(tmp_path)) >= 3, "three readings")

    metrics = _metrics(tmp_path)
    assert [dict(metric.fields) for metric in metrics] == [{"power_w": 812.5}, {"energy_wh": 1234567.0}, {"power_w": 0.0}]
    assert {(metric.measurement, *sorted(dict(metric.tags).items())) for metric in metrics} == {
        ("electricity_production", ("inverter", "roof"), ("meter", "home"))
    }
