"""Meters on pseudo-terminals and on one receiver, `run` under a real Telegraf, a real InfluxDB, and what boards and alert rules read there.

The telegrams come as fast as the program takes them. Their clocks must be of now, as those of live telegrams must be.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
import urllib.parse
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from servers import running

from meterend import MeterEnd

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/grafana/alerting"))

from likegrafana import expressions  # noqa: E402, the folder above is known only now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NS = 1_000_000_000
PATIENCE_S = 90
CAUSES = ("checksum", "framing", "key", "security", "records")
STICK = "attic"
"""The receiver of all radio meters."""


class Meter(NamedTuple):
    """One meter, and what comes over its cable or in its name."""

    name: str
    interface: str
    section: str
    """Its section of the configuration. The port of a cable has the meter's name."""
    telegrams: Callable[[int], list[bytes]]
    """The telegrams of a round."""


class House(NamedTuple):
    """What is there when everything was sent."""

    influx: running.Influx
    log: str
    sent: dict[str, int]
    """Telegrams that each meter sent."""
    began_s: int
    now_s: int

    def rows(self, meter: str, bucket: str = "energy") -> list[running.Row]:
        """All points of a meter, without what is its own."""
        rows = self.influx.query(f"SELECT * FROM electricity WHERE \"meter\" = '{meter}'", bucket)
        return [{name: value for name, value in row.items() if name not in ("meter", "serial") and value is not None} for row in rows]

    def link(self, meter: str) -> running.Row:
        """The newest status of a meter."""
        (row,) = self.influx.query(f"SELECT * FROM electricity_link WHERE \"meter\" = '{meter}' ORDER BY time DESC LIMIT 1")
        return row

    def ask(self, bucket: str, influxql: str) -> list[dict[str, Any]]:
        """The series that answer a query, as Grafana asks."""
        form = urllib.parse.urlencode({"db": bucket, "q": influxql, "epoch": "ms"}).encode()
        (result,) = json.loads(self.influx.request("/query", form))["results"]
        assert "error" not in result, f"{result['error']}: {influxql}"
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def firing(self) -> dict[str, set[str]]:
        """Meter → the rules that are in breach now. A rule with a waiting time fires if this lasts."""
        found: dict[str, set[str]] = {meter: set() for meter in self.sent}
        for uid in rules():
            for labels, breach in self._evaluated(uid).instances.items():
                if breach:
                    found[dict(labels)["meter"]].add(uid)
        return found

    def measured(self, uid: str, name: str = "measured") -> dict[str, float | None]:
        """What a rule measures, by meter."""
        return {dict(labels)["meter"]: value for labels, value in self._evaluated(uid).values[name].items()}

    def _evaluated(self, uid: str) -> expressions.Outcome:
        return expressions.evaluate(rules()[uid], self.now_s * 1000, self._series)

    def _series(self, influxql: str) -> list[expressions.Series]:
        return [
            expressions.Series(tuple(sorted(one.get("tags", {}).items())), tuple((row[0], row[column]) for row in one["values"]))
            for one in self.ask("energy", influxql)
            for column in range(1, len(one["columns"]))
        ]


@lru_cache(1)
def rules() -> dict[str, dict[str, Any]]:
    """The committed rules by uid."""
    text = (ROOT / "grafana/provisioning/alerting-en/rules.yaml").read_text(encoding="utf-8")
    return {rule["uid"]: rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}


@contextlib.contextmanager
def sent(influxd: Path, telegraf: Path, folder: Path, meters: Sequence[Meter], rounds: int) -> Iterator[House]:
    """Send all telegrams of all meters, round by round. When the last of them is in InfluxDB, Telegraf ends, and InfluxDB stays."""
    began_s = int(time.time())
    ports = {name: MeterEnd(folder / name) for name in [meter.name for meter in meters if meter.interface == "p1"] + [STICK]}
    config = folder / "han.toml"
    receiver = f'[[receiver]]\nname = "{STICK}"\ntype = "hex"\nport = "{STICK}"\n'
    config.write_text('[output]\nstatus_interval = "1s"\n' + "".join(meter.section for meter in meters) + receiver)
    config.chmod(0o600)
    with running.influxd(influxd, folder / "influxdb") as influx, contextlib.ExitStack() as closed:
        for port in ports.values():
            closed.callback(port.close)
        influx.make_bucket("energy/5m")
        _counters_from_zero(influx, meters, began_s - 60)
        telegraf_config = folder / "telegraf.conf"
        telegraf_config.write_text(running.PLUGIN_TO_INFLUX.format(python=sys.executable, config=config, url=influx.url))
        with running.telegraf(telegraf, telegraf_config, folder, {"INFLUX_TOKEN": influx.token}) as process:
            running.until(lambda: all(port.opened() for port in ports.values()), "all ports open", PATIENCE_S)
            counts = dict.fromkeys((meter.name for meter in meters), 0)
            for number in range(rounds):
                for meter in meters:
                    telegrams = meter.telegrams(number)
                    ports.get(meter.name, ports[STICK]).send(b"".join(telegrams))
                    counts[meter.name] += len(telegrams)
            heard = running.until(lambda: _heard(influx, counts), f"all telegrams heard, of {counts}", PATIENCE_S)
            running.until(lambda: _heard(influx, counts) > heard, "the next status", PATIENCE_S)
            log = process.log_text()
        yield House(influx, log, counts, began_s, int(time.time()) + 1)


def _counters_from_zero(influx: running.Influx, meters: Sequence[Meter], at_s: int) -> None:
    """Status lines from before. The rules compare minutes, and no test lasts so long."""
    counters = ("decoded", "flaws", "stale", "registers_back", *(f"errors_{cause}" for cause in CAUSES))
    zero = ",".join(f"{name}=0i" for name in counters)
    influx.write("".join(f"electricity_link,interface={meter.interface},meter={meter.name} {zero} {at_s * NS}\n" for meter in meters))


def _heard(influx: running.Influx, counts: dict[str, int]) -> int:
    """Time of the newest status, if it says that all telegrams were heard. 0 if not."""
    rows = influx.query('SELECT last("telegrams") AS "telegrams" FROM electricity_link GROUP BY "meter"')
    if {row["meter"]: row["telegrams"] for row in rows} != counts:
        return 0
    newest: int = min(row["time"] for row in influx.query('SELECT last("telegrams") FROM electricity_link GROUP BY "meter"'))
    return newest
