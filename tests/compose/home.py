"""The stack of a test, as its owner sees it: what runs, whose secrets are where, and what InfluxDB answers to whom."""

from __future__ import annotations

import json
import urllib.parse
from typing import TYPE_CHECKING, Any

from servers import running

if TYPE_CHECKING:
    from pathlib import Path

    from compose import containers

    Row = dict[str, Any]

__all__ = ["INFLUX", "Home"]

INFLUX = "http://127.0.0.1:8086"
START_TIMEOUT_S = 60.0


class Home:
    """A stack whose InfluxDB runs; all else is the test's to run or start."""

    def __init__(self, stack: containers.Stack) -> None:
        """InfluxDB is started and waited for, as `service_healthy` does."""
        self.stack = stack
        self.influxdb = self.start_influxdb()
        self.telegraf: containers.Container | None = None
        self.live_since = 0

    def start_influxdb(self) -> containers.Container:
        """Start InfluxDB and wait until it calls itself healthy."""
        self.influxdb = self.stack.start("influxdb")
        running.until(lambda: self.influxdb.health().returncode == 0, "InfluxDB's health", START_TIMEOUT_S)
        return self.influxdb

    def start_telegraf(self) -> containers.Container:
        """Start Telegraf."""
        self.telegraf = self.stack.start("telegraf")
        return self.telegraf

    def secret(self, user: str, name: str = "influx_token") -> Path:
        """A secret's file, seen from outside."""
        return self.stack.volumes / f"{user}-secrets" / name

    def secrets(self) -> dict[Path, str]:
        """All secrets there are; the note that the history was written is none."""
        return {path: path.read_text() for path in self.stack.volumes.glob("*-secrets/*") if path.name != "demo_history"}

    def query(self, user: str, statement: str) -> list[Row]:
        """Ask InfluxDB as one of its users."""
        return rows(self.stack.http(f"{INFLUX}/query", self.secret(user), query_form(statement)))

    def live(self) -> list[int]:
        """The seconds of which Telegraf has delivered a telegram since its first start."""
        found = self.query("grafana", f"select voltage_l3_v from electricity where time > {self.live_since}s")
        return [row["time"] for row in found]

    def objects(self, kind: str, key: str = "") -> list[Row]:
        """What InfluxDB's administrator sees of a kind: buckets, tasks, authorizations."""
        answer = self.stack.http(f"{INFLUX}/api/v2/{kind}?limit=100", self.secret("admin"))
        found: list[Row] = json.loads(answer)[key or kind]
        return found


def query_form(statement: str, database: str = "energy") -> str:
    """An InfluxQL statement as the body of a request."""
    return urllib.parse.urlencode({"db": database, "epoch": "s", "q": statement})


def rows(answer: str) -> list[Row]:
    """InfluxDB's answer to a statement, a row with its tags each."""
    assert answer.startswith("{"), answer
    series = [one for result in json.loads(answer)["results"] for one in result.get("series", [])]
    return [dict(zip(one["columns"], row, strict=True)) | one.get("tags", {}) for one in series for row in one["values"]]
