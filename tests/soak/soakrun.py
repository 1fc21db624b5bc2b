"""An accelerated time of four meters and two receivers through the real Telegraf into the real InfluxDB.

Two meters have a cable, two are heard by two receivers each. The plugin runs on a clock that this module moves on (`onclock.py`), Telegraf and
InfluxDB run on the real one. In each round all meters send. The clock goes on after the plugin has read every byte. So the order of all
things is the same on every machine, however busy it is.

The sender waits for the database, too: it is never ahead by more than `AHEAD_LIMIT` telegrams.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import fractionbill
import onclock
import soakfaults
import soakhomes
import soaklines
from servers import running
from soakhomes import DAY_S, METERS, Meter, Reading

import p1telegrams
import radiotelegrams

NS = 1_000_000_000
HERE = Path(__file__).parent
RECEIVERS = ("attic", "cellar")
AHEAD_LIMIT = 20_000
"""Telegrams that may be on the way to the database. Telegraf keeps ten times as many."""
COUNTERS = ("telegrams", "decoded", "duplicates", "stale", "errors_checksum", "lines_dropped")
"""Counters of `electricity_link` that must be exact."""
SAMPLES = 48
"""How often it is looked at what the processes use, at least. In a long time that is once a day."""
LOOK_S = 2.0
"""How often the database is asked how far it is."""
PATIENCE_S = 120.0

TELEGRAF = """
[agent]
  interval = "2s"
  flush_interval = "1s"
  omit_hostname = true
  metric_batch_size = 5000
  metric_buffer_limit = 200000
[[inputs.execd]]
  command = ["{python}", "{onclock}", "{clock}", "run", "--config", "{config}"]
  # Each interval the plugin gets a newline, so its counters come every two seconds of real time, too.
  signal = "STDIN"
  data_format = "influx"
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "${{INFLUX_TOKEN}}"
  organization = "home"
  bucket = "energy"
"""
CABLE = """
[[meter]]
  name = "{meter.name}"
  interface = "p1"
  port = "{port}"
  billing_day = {billing_day}
  tariff = "file:{tariffs}/{meter.name}.toml"
"""
WINDOW_S = 300
SILENCE_S = 900
BELIEVED_S = 600
"""A meter's clock that is off by more is not believed (docs/metrics.md)."""
KEYS = f"""
  encryption_key = "{p1telegrams.EK.hex()}"
  authentication_key = "{p1telegrams.AK.hex()}"
"""
RADIO = """
[[meter]]
  name = "{meter.name}"
  interface = "wmbus"
  id = "{meter.serial}"
  key = "{key}"
  billing_day = {billing_day}
  tariff = "file:{tariffs}/{meter.name}.toml"
  [meter.limits]
    silence_s = {silence_s}
"""
RECEIVER = """
[[receiver]]
  name = "{name}"
  type = "hex"
  port = "{port}"
"""


class Span(NamedTuple):
    """What is to be sent."""

    start_s: int
    days: float
    seed: int = 1
    p1_s: int = 60
    """Between two telegrams of a cable, which is one round."""
    radio_s: int = 300
    status_s: int = 600
    planned: tuple[soakfaults.Fault, ...] = ()
    damage: soakfaults.Damage = soakfaults.Damage()

    @property
    def rounds(self) -> int:
        return int(self.days * DAY_S) // self.p1_s

    @property
    def stop_s(self) -> int:
        return self.start_s + self.rounds * self.p1_s

    def every_s(self, meter: Meter) -> int:
        return self.p1_s if meter.interface == "p1" else self.radio_s

    def readings(self, meter: Meter) -> Iterator[Reading]:
        """Everything that a meter shows at the moments at which it sends."""
        return soakhomes.readings(meter, self.seed, self.start_s, self.stop_s, self.every_s(meter))


class Sample(NamedTuple):
    """What the processes use at a moment."""

    utc_s: int
    """On the moved clock."""
    life: int
    """Which plugin process it is; a restart of Telegraf begins another one."""
    descriptors: int
    threads: int
    plugin_kb: int
    telegraf_kb: int
    influx_kb: int


class Kept(NamedTuple):
    """Between which stamps a telegram must be stored, in ns. If the meter's clock is right, both are the telegram's own time."""

    low_ns: int
    high_ns: int


def exact(utc_s: int) -> Kept:
    """Exactly this second."""
    return Kept(utc_s * NS, utc_s * NS)


def of_host(utc_s: int) -> Kept:
    """In this second. The host's clock shows a part of a second that no meter's clock shows."""
    return Kept(utc_s * NS, utc_s * NS + NS - 1)


class Told(NamedTuple):
    """What was sent, for the comparison."""

    span: Span
    influx: running.Influx
    not_sent: dict[str, set[int]]
    """Meter → moments of the telegrams that nobody can have read."""
    kept: dict[str, dict[int, Kept]]
    """Meter → moments of telegrams → stamps, if they are not the moments."""
    counters: list[dict[str, dict[str, int]]]
    """Of each life of the plugin: meter → counter → what it must be at the end."""
    samples: list[Sample]
    log: str
    wall_s: float
    folder: Path
    settings: dict[str, int]


class Clock:
    """The numbers of the file that `onclock.py` reads."""

    def __init__(self, path: Path, utc_s: int) -> None:
        path.write_bytes(bytes(onclock.SIZE))
        self.path = path
        self._page = onclock.page_of(path)
        self.now_s = utc_s
        self.move(utc_s)

    def move(self, utc_s: int) -> None:
        """Let the clock show this time."""
        self.now_s = utc_s
        onclock.NUMBER.pack_into(self._page, 0, utc_s * NS + NS // 4)

    def done(self) -> int:
        """Bytes that the plugin is done with."""
        found: int = onclock.NUMBER.unpack_from(self._page, onclock.NUMBER.size)[0]
        return found


class Run:
    """Sends, and keeps book of it."""

    def __init__(self, span: Span, influxd: Path, telegraf: Path, folder: Path, say: Callable[[str], None]) -> None:
        self._span, self._telegraf_program, self._folder, self._say = span, telegraf, folder, say
        self._influxd = influxd
        self._clock = Clock(folder / "clock", span.start_s)
        self._ports: dict[str, soaklines.Cable | soaklines.Converter] = {
            "g11": soaklines.Cable(folder / "g11"),
            "g12": soaklines.Converter(),
            **{name: soaklines.Cable(folder / name) for name in RECEIVERS},
        }
        self._not_sent: dict[str, set[int]] = {meter.name: set() for meter in METERS}
        self._kept: dict[str, dict[int, Kept]] = {meter.name: {} for meter in METERS}
        self._lives: list[dict[str, dict[str, int]]] = []
        self._samples: list[Sample] = []
        self._log: list[str] = []
        self._roll = random.Random(f"damage {span.seed}")
        self._ahead_s = 0
        self._came_back = 0
        self._sent = 0
        self._octets = 0
        self._looked_s = 0.0
        self._process: running.Process | None = None
        self._plugin = 0
        self._last_radio: dict[str, bytes] = {}
        self._replayed_s: dict[str, int] = {}

    @contextlib.contextmanager
    def told(self) -> Iterator[Told]:
        """Send everything. InfluxDB runs until the block ends."""
        began_s = time.monotonic()
        with running.influxd(self._influxd, self._folder / "influxdb") as self._influx:
            self._influx.make_bucket("energy/5m")
            for port in self._ports.values():
                port.plug()
            self._configure()
            try:
                self._start_telegraf()
                self._rounds()
                self._settled()
                self._sample()
            finally:
                if self._process is not None:
                    self._process.close()
                    self._log.append(self._process.log_text())
                for port in self._ports.values():
                    port.unplug()
            yield Told(
                self._span, self._influx, self._not_sent, self._kept, self._lives, self._samples, "".join(self._log),
                time.monotonic() - began_s, self._folder, fractionbill.HOUSEHOLDS,
            )  # fmt: skip

    # --- the programs ---

    def _configure(self) -> None:
        text = f'[output]\nstatus_interval = "{self._span.status_s}s"\n'
        for meter in METERS:
            form = CABLE if meter.interface == "p1" else RADIO
            port = self._ports[meter.name].port if meter.interface == "p1" else ""
            text += form.format(
                meter=meter,
                port=port,
                key=radiotelegrams.KEY.hex(),
                billing_day=fractionbill.HOUSEHOLDS[meter.name],
                tariffs=fractionbill.HERE,
                silence_s=SILENCE_S,
            )
            text += KEYS if meter.interface == "p1" and meter.ciphered else ""
        text += "".join(RECEIVER.format(name=name, port=self._ports[name].port) for name in RECEIVERS)
        config = self._folder / "han.toml"
        config.write_text(text)
        config.chmod(0o600)
        (self._folder / "telegraf.conf").write_text(
            TELEGRAF.format(python=sys.executable, onclock=HERE / "onclock.py", clock=self._clock.path, config=config, url=self._influx.url)
        )

    def _start_telegraf(self) -> None:
        self._lives.append({meter.name: dict.fromkeys(COUNTERS, 0) for meter in METERS})
        command = [str(self._telegraf_program), "--config", str(self._folder / "telegraf.conf")]
        env = {**os.environ, "INFLUX_TOKEN": self._influx.token}
        self._octets = 0
        self._process = running.Process(command, self._folder / "telegraf.log", self._folder, env)
        for port in self._ports.values():
            if port.is_there:
                port.wait_for_reader()
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        self._plugin = running.until(lambda: self._child(children), "the plugin's process", PATIENCE_S)

    def _child(self, children: Path) -> int:
        """The plugin's process. Any thread of Telegraf may be its parent."""
        assert self._process is not None
        for task in Path(f"/proc/{self._process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                if found := (task / "children").read_text().split():
                    return int(found[0])
        return 0

    def _restart_telegraf(self) -> None:
        assert self._process is not None
        self._settled()
        self._process.close()
        self._log.append(self._process.log_text())
        for port in self._ports.values():
            if port.is_there:
                port.unplug()
                port.plug()
        # Otherwise the first counters of the new process would have the stamp of the last ones of the old one, and replace them.
        self._clock.move(self._clock.now_s + 1)
        self._start_telegraf()

    # --- the rounds ---

    def _rounds(self) -> None:
        span = self._span
        sources = {meter.name: span.readings(meter) for meter in METERS}
        begins: dict[int, list[soakfaults.Fault]] = {}
        ends: dict[int, list[soakfaults.Fault]] = {}
        for fault in span.planned:
            begins.setdefault(fault.begin, []).append(fault)
            ends.setdefault(fault.end, []).append(fault)
        look = max(1, min(DAY_S // span.p1_s, span.rounds // SAMPLES))
        told_s = time.monotonic()
        for number in range(span.rounds):
            for fault in ends.get(number, ()):
                self._ended(fault)
            for fault in begins.get(number, ()):
                self._begun(fault)
            begin_s = span.start_s + number * span.p1_s
            for meter in METERS:
                if (begin_s - span.start_s) % span.every_s(meter) == 0:
                    self._send(meter, next(sources[meter.name]))
            if number % look == look - 1 and all(port.is_there for port in self._ports.values()):
                self._sample()
                if time.monotonic() - told_s > 10:
                    told_s = time.monotonic()
                    self._progress(number + 1)
        self._drained()

    def _send(self, meter: Meter, reading: Reading) -> None:
        if meter.interface == "p1":
            self._send_by_cable(meter, reading)
        else:
            self._send_by_radio(meter, reading)

    def _send_by_cable(self, meter: Meter, reading: Reading) -> None:
        port = self._ports[meter.name]
        moment_s = reading.utc_s
        damaged = self._roll.random() < self._span.damage.on_the_cable
        if not port.is_there:
            self._not_sent[meter.name].add(moment_s)
            return
        ahead_s = self._ahead_s if meter is METERS[0] else 0
        data = soakhomes.telegram(meter, reading, moment_s + ahead_s, 0)
        life = self._lives[-1][meter.name]
        self._drained()
        self._clock.move(moment_s)
        if damaged:
            life["errors_checksum"] += 1
            place = len(data) // 2
            data = data[:place] + bytes([data[place] ^ 0x01]) + data[place + 1 :]
            self._not_sent[meter.name].add(moment_s)
        else:
            self._counted(meter, moment_s, ahead_s)
            life["telegrams"] += 1
            life["decoded"] += 1
            self._sent += 1
        self._put(meter.name, data)

    def _put(self, port: str, data: bytes) -> None:
        self._octets += len(data)
        self._ports[port].send(data)

    def _counted(self, meter: Meter, moment_s: int, ahead_s: int) -> None:
        """Where a telegram will be stored, if its meter's clock is or was wrong."""
        if meter is not METERS[0]:
            return
        if 0 < ahead_s < BELIEVED_S:
            self._kept[meter.name][moment_s] = exact(moment_s + ahead_s)
        elif ahead_s or moment_s < self._came_back:
            self._kept[meter.name][moment_s] = of_host(moment_s)

    def _send_by_radio(self, meter: Meter, reading: Reading) -> None:
        damage, moment_s = self._span.damage, reading.utc_s
        on_air = soakhomes.telegram(meter, reading, moment_s, moment_s // self._span.radio_s)
        line = radiotelegrams.line(on_air)
        heard = [name for name in RECEIVERS if self._roll.random() >= damage.on_the_air and self._ports[name].is_there]
        # A recording that comes again within five minutes would be a duplicate.
        replay = self._roll.random() < damage.replayed and moment_s - self._replayed_s.get(meter.name, 0) > 2 * WINDOW_S
        life = self._lives[-1][meter.name]
        self._drained()
        self._clock.move(moment_s)
        for name in heard:
            self._put(name, line if name == "attic" else line.upper().replace(b"44ED14", b"44|ED14_"))
        if heard:
            life["telegrams"] += len(heard)
            life["decoded"] += 1
            life["duplicates"] += len(heard) - 1
            self._sent += 1
        else:
            self._not_sent[meter.name].add(moment_s)
        old = self._last_radio.get(meter.name)
        if replay and old is not None and self._ports["attic"].is_there:
            self._drained()
            self._clock.move(moment_s + 2)
            self._put("attic", old)
            self._replayed_s[meter.name] = moment_s
            life["telegrams"] += 1
            life["stale"] += 1
        if reading.utc_s // DAY_S != (reading.utc_s - self._span.radio_s) // DAY_S:
            self._last_radio[meter.name] = line

    # --- faults ---

    def _begun(self, fault: soakfaults.Fault) -> None:
        self._say(f"{self._now()}: {fault.kind}")
        self._drained()
        match fault.kind.partition(" ")[0]:
            case "telegraf":
                self._restart_telegraf()
            case "cable":
                self._ports["g11"].unplug()
            case "converter":
                self._ports["g12"].unplug()
            case "attic":
                self._ports["attic"].unplug()
                self._ports["attic"].plug()
                self._ports["attic"].wait_for_reader()
            case "cellar":
                self._ports["cellar"].unplug()
            case "influx":
                (self._influx.kill if "killed" in fault.kind else self._influx.stop)()
            case "clock":
                self._ahead_s = soakfaults.AHEAD_S[fault.kind]
                # The first telegrams are held back until three of them prove that the clock was set.
                self._lives[-1]["g11"]["stale"] += 2 if self._ahead_s >= BELIEVED_S else 0

    def _ended(self, fault: soakfaults.Fault) -> None:
        self._say(f"{self._now()}: the end of {fault.kind}")
        self._drained()
        match fault.kind.partition(" ")[0]:
            case "cable" | "converter" | "cellar" as kind:
                port = self._ports[{"cable": "g11", "converter": "g12"}.get(kind, kind)]
                port.plug()
                port.wait_for_reader()
            case "influx":
                self._influx.start()
            case "clock":
                self._lives[-1]["g11"]["stale"] += 2
                # A clock that was put back shows times that were stored before, so for that long the host's time is taken.
                again_s = self._ahead_s if self._ahead_s < BELIEVED_S else 0
                self._came_back = self._clock.now_s + again_s + 10 * self._span.p1_s
                self._ahead_s = 0

    # --- how far everything is ---

    def _drained(self) -> None:
        """Return when the plugin is done with every byte."""
        end_s = 0.0
        while self._clock.done() != self._octets:
            time.sleep(0.0001)
            now_s = time.monotonic()
            end_s = end_s or now_s + PATIENCE_S
            if now_s > end_s:
                message = f"{self._clock.done()} of {self._octets} bytes are read at {self._now()}:\n{self._said()}"
                raise TimeoutError(message)
        if time.monotonic() - self._looked_s > LOOK_S:
            self._looked_s = time.monotonic()
            self._caught_up(AHEAD_LIMIT)

    def _caught_up(self, limit: int) -> None:
        """Return when at most so many telegrams are on the way. While InfluxDB is down, nobody can tell."""
        if not self._influx.process.running():
            return
        end_s = time.monotonic() + PATIENCE_S
        while self._sent - self._in_database() > limit:
            if time.monotonic() > end_s:
                message = f"the database is behind at {self._now()}: {self._in_database()} of {self._sent} telegrams"
                raise TimeoutError(message)
            time.sleep(0.2)

    def _in_database(self) -> int:
        """Telegrams that are stored, as the newest counters in the database say. Telegraf keeps the order."""
        before = sum(counters["decoded"] for life in self._lives[:-1] for counters in life.values())
        return before + sum(row["decoded"] or 0 for row in self._newest())

    def _newest(self) -> list[running.Row]:
        since_s = self._clock.now_s - 3 * DAY_S
        more = ", ".join(f'"{name}"' for name in COUNTERS[1:])
        query = f'SELECT last("telegrams") AS "telegrams", {more} FROM electricity_link WHERE time >= {since_s}s GROUP BY "meter"'
        return self._influx.query(query)

    def _settled(self) -> None:
        """Return when everything that was sent is in the database. The comparison looks at the other counters."""
        self._drained()
        wanted = self._lives[-1]

        def there() -> bool:
            rows = {row["meter"]: row for row in self._newest()}
            return rows.keys() == wanted.keys() and all(
                rows[name]["telegrams"] == counters["telegrams"] for name, counters in wanted.items()
            )

        try:
            running.until(there, "all telegrams in the database", PATIENCE_S)
        except TimeoutError:
            message = f"at {self._now()} the counters are {self._newest()} instead of {wanted}:\n{self._said()}"
            raise TimeoutError(message) from None

    def _sample(self) -> None:
        """Look what the processes use."""
        assert self._process is not None
        plugin = Path(f"/proc/{self._plugin}")
        self._samples.append(
            Sample(
                self._clock.now_s,
                len(self._lives) - 1,
                len(list((plugin / "fd").iterdir())),
                len(list((plugin / "task").iterdir())),
                memory_kb(self._plugin),
                memory_kb(self._process.pid),
                memory_kb(self._influx.process.pid) if self._influx.process.running() else 0,
            )
        )

    def _progress(self, rounds: int) -> None:
        one = self._samples[-1]
        self._say(
            f"{self._now()}: {100 * rounds // self._span.rounds} %, {self._sent} telegrams, plugin {one.descriptors} descriptors, "
            f"{one.threads} threads, {one.plugin_kb // 1024} MB; Telegraf {one.telegraf_kb // 1024} MB, InfluxDB {one.influx_kb // 1024} MB"
        )

    def _said(self) -> str:
        """The end of Telegraf's log."""
        return self._process.log_text()[-3000:] if self._process else ""

    def _now(self) -> str:
        return time.strftime("%Y-%m-%d %H:%M", time.gmtime(self._clock.now_s)) + " UTC"


def memory_kb(pid: int) -> int:
    """Resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def on_clock(told: Told, utc_s: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `telegraf-han` on a clock that shows this time."""
    clock = Clock(told.folder / "clock-of-commands", utc_s)
    influx = told.influx
    env = {**os.environ, "INFLUX_URL": influx.url, "INFLUX_TOKEN": influx.token, "INFLUX_ORG": influx.org, "INFLUX_BUCKET": influx.bucket}
    command = [sys.executable, str(HERE / "onclock.py"), str(clock.path), *words]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    return done
