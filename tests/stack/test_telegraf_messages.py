"""What Telegraf's log says about InfluxDB in docs/trouble.md and docs/first-hour.md: each row provoked with the real servers.

The rows about a full disk need a disk that is full: see test_database_faults.py.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from document import Document, spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import running

CONFIG = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
[[inputs.mock]]
  metric_name = "electricity"
  [[inputs.mock.random]]
    name = "active_power_import_w"
    min = 1.0
    max = 2.0
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
"""
BY_HAND = ("no space left on device", "not attempting to open shard", "Metric buffer overflow", "wal file is corrupt", "outputs.mqtt")


def _rows() -> dict[str, list[str]]:
    """What the log says → what it means, on one page or both."""
    sections = (("docs/trouble.md", "InfluxDB and Telegraf"), ("docs/first-hour.md", "7. When no number arrives"))
    found: dict[str, list[str]] = {}
    for page, title in sections:
        (table,) = Document(page).section(title).tables
        for said, meant, _ in table[1:]:
            found.setdefault(spans(said)[0], []).append(meant)
    return found


def _only_writes(influx: running.Influx) -> str:
    """A token that may write to another bucket than the one of the test."""
    influx.make_bucket("other")
    org = json.loads(influx.request("/api/v2/orgs?org=home"))["orgs"][0]["id"]
    ids = {bucket["name"]: bucket["id"] for bucket in json.loads(influx.request("/api/v2/buckets"))["buckets"]}
    wanted = {"orgID": org, "permissions": [{"action": "write", "resource": {"type": "buckets", "id": ids["other"], "orgID": org}}]}
    made = json.loads(influx.request("/api/v2/authorizations", json.dumps(wanted).encode(), "application/json"))
    return str(made["token"])


def test_rows(influx: running.Influx, start_telegraf: Callable[[str], running.Process]) -> None:
    """Each row is said, and its metrics are dropped only where the page says that they are lost."""
    right = {"url": influx.url, "token": influx.token, "org": "home", "bucket": "energy"}
    limited = _only_writes(influx)
    wrong = {
        "(401 Unauthorized)": {"token": "mistyped"},
        "(403 Forbidden)": {"token": limited},
        "bucket": {"bucket": "nosuch"},
        "organization name": {"org": "nosuch"},
        "connection refused": {"url": "http://127.0.0.1:9"},
        "no such host": {"url": "http://influxdb.invalid:8086"},
    }
    rows = {said: meant for said, meant in _rows().items() if not any(words in said for words in BY_HAND)}
    assert len(rows) == len(wrong)
    for sign, change in wrong.items():
        (said,) = (row for row in rows if sign in row)
        process = start_telegraf(CONFIG.format(**right | change))
        pattern = ".*".join(re.escape(part) for part in said.split("…"))
        line = process.wait_for_log(rf".*outputs\.influxdb_v2.*{pattern}.*", 30)[0]
        assert [("dropped" in line) == ("lost" in meant) for meant in rows[said]] == [True] * len(rows[said]), line
        process.close()
