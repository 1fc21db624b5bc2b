"""Buckets of a real InfluxDB with the data of a meter, and the committed boards that read them."""

from __future__ import annotations

import json
import urllib.parse
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boardrunner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from servers.running import Influx

BOARDS = Path(__file__).parents[2] / "grafana/dashboards"
BATCH = 20_000


class Store:
    """A bucket for telegrams, one for five-minute points, and the boards that read them."""

    def __init__(self, server: Influx, name: str) -> None:
        """Make the two buckets. InfluxQL finds the second as `"5m"` by its name alone."""
        self._server, self.name = server, name
        self.asked: list[str] = []
        organization = json.loads(server.request("/api/v2/orgs"))["orgs"][0]["id"]
        for bucket in (name, f"{name}/5m"):
            made = json.dumps({"orgID": organization, "name": bucket, "retentionRules": []}).encode()
            server.request("/api/v2/buckets", made, "application/json")

    def telegrams(self, lines: Iterable[str]) -> None:
        """Store telegrams, status lines and settings."""
        self._write(lines, self.name)

    def windows(self, lines: Iterable[str]) -> None:
        """Store five-minute points. The first one is also stored as a telegram, because boards find their meters in telegrams."""
        lines = iter(lines)
        first = next(lines)
        self._write([first], self.name)
        self._write(chain([first], lines), f"{self.name}/5m")

    def settled(self, lines: Iterable[str]) -> None:
        """Store settled hours and bills. They are in the bucket that is kept for ever, as `telegraf-han bill` has them written."""
        self.kept(lines)

    def kept(self, lines: Iterable[str]) -> None:
        """Store five-minute points of anything but telegrams."""
        self._write(lines, f"{self.name}/5m")

    def _write(self, lines: Iterable[str], bucket: str) -> None:
        lines = iter(lines)
        while batch := list(islice(lines, BATCH)):
            self._server.write("\n".join(batch), bucket)

    def ask(self, influxql: str) -> list[dict[str, Any]]:
        """The series that answer a query, times in ms, as Grafana asks."""
        self.asked.append(influxql)
        form = urllib.parse.urlencode({"db": self.name, "q": influxql, "epoch": "ms"}).encode()
        (result,) = json.loads(self._server.request("/query", form))["results"]
        assert "error" not in result, f"{result['error']}: {influxql}"
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def board(self, key: str, now_s: int, language: str = "en", **more: Any) -> boardrunner.Board:
        """A committed board at a moment (UTC seconds)."""
        return boardrunner.Board(BOARDS / language / f"{key}.json", self.ask, now_s * boardrunner.MS, **more)
