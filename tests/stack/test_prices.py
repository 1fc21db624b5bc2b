"""docs/examples/rce-prices.conf under a real Telegraf, with a server that answers in PSE's form, into a real InfluxDB.

The test does not read the prices' times from PSE's rows: `marketprices.price` is a function of the UTC second at which a quarter begins.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from servers.running import until

import marketprices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.running import Influx, Process

    StartTelegraf = Callable[..., Process]

SNIPPET = Path(__file__).parents[2] / "docs/examples/rce-prices.conf"
TO_INFLUX = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
  hostname = "any"
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "${{INFLUX_TOKEN}}"
  organization = "home"
  bucket = "energy"
"""
COUNT = "SELECT count(price_per_kwh) FROM electricity_price"


@pytest.fixture
def pse() -> Iterator[marketprices.Server]:
    """PSE's interface."""
    with marketprices.server() as server:
        yield server


@pytest.fixture
def begun(pse: marketprices.Server, influx: Influx, start_telegraf: StartTelegraf) -> Callable[[], Process]:
    """A function that starts Telegraf with the snippet. Only the address and the pace differ from the file."""

    def start() -> Process:
        text = SNIPPET.read_text(encoding="utf-8")
        for before, after in {"https://api.raporty.pse.pl": pse.url, '"1h"': '"1s"', '"10m"': '"0s"'}.items():
            assert text.count(before) == 1
            text = text.replace(before, after)
        return start_telegraf(TO_INFLUX.format(url=influx.url) + text, {"INFLUX_TOKEN": influx.token})

    return start


def _prices(influx: Influx) -> dict[int, float]:
    """UTC second → PLN/kWh."""
    rows = influx.query("SELECT price_per_kwh FROM electricity_price", times="s")
    return {row["time"]: row["price_per_kwh"] for row in rows}


def _wanted(begin_s: int, count: int) -> dict[int, float]:
    """The prices of quarters from a UTC second on."""
    return {stamp: marketprices.price(stamp) / 1000 for stamp in range(begin_s, begin_s + 900 * count, 900)}


@pytest.mark.parametrize(
    ("date", "begin_s", "quarters"),
    [
        ("2026-07-01", 1_782_856_800, 96),  # 2026-06-30T22:00:00Z
        ("2026-03-29", 1_774_738_800, 92),  # 2026-03-28T23:00:00Z
        ("2026-10-25", 1_792_879_200, 100),  # 2026-10-24T22:00:00Z
    ],
    ids=["24 hours", "23 hours", "25 hours"],
)
def test_a_day(influx: Influx, pse: marketprices.Server, begun: Callable[[], Process], date: str, begin_s: int, quarters: int) -> None:
    """Each quarter has its price at the UTC second at which it begins, in one series without other tags. Repeated, it stays one point."""
    pse.rows = marketprices.day(date)
    assert len(pse.rows) == quarters
    assert min(row["rce_pln"] for row in pse.rows) < max(row["rce_pln"] for row in pse.rows)
    begun()
    influx.wait_for_rows("SELECT price_per_kwh FROM electricity_price", quarters)
    until(lambda: len(pse.asked) > 2, "two more answers")

    assert _prices(influx) == _wanted(begin_s, quarters)
    assert [row["key"] for row in influx.query("SHOW SERIES")] == ["electricity_price,series=rce"]
    assert [row["fieldKey"] for row in influx.query("SHOW FIELD KEYS")] == ["price_per_kwh"]


def test_days_that_come_late(influx: Influx, pse: marketprices.Server, begun: Callable[[], Process]) -> None:
    """Tomorrow's prices come in the afternoon, a missing day some days later, a corrected price replaces the old one."""
    today = marketprices.day("2026-11-10")
    pse.rows = marketprices.day("2026-11-08") + today
    begun()
    influx.wait_for_rows("SELECT price_per_kwh FROM electricity_price", 192)
    pse.rows = pse.rows + marketprices.day("2026-11-11")
    until(lambda: influx.query(COUNT)[0]["count"] == 288, "tomorrow's prices")
    pse.rows = pse.rows + marketprices.day("2026-11-09")
    until(lambda: influx.query(COUNT)[0]["count"] == 384, "the prices of the missing day")

    assert _prices(influx) == _wanted(1_794_092_400, 384)  # 2026-11-07T23:00:00Z
    pse.rows[0] = pse.rows[0] | {"rce_pln": -1234.5}
    until(lambda: _prices(influx)[1_794_092_400] == -1.2345, "the corrected price")
    assert len(_prices(influx)) == 384


def test_the_newest_week(influx: Influx, pse: marketprices.Server, begun: Callable[[], Process]) -> None:
    """Of a long history, the newest 700 rows are asked for: tomorrow, today and five days."""
    pse.rows = [row for number in range(1, 15) for row in marketprices.day(f"2026-11-{number:02}")]
    begun()
    influx.wait_for_rows("SELECT price_per_kwh FROM electricity_price", 700)

    last_s = 1_794_697_200  # 2026-11-14T23:00:00Z
    assert _prices(influx) == _wanted(last_s - 700 * 900, 700)


NO_PRICES = [
    (500, b"Internal Server Error"),
    (403, b'{"error": {"code": "Forbidden"}}'),
    (200, b"<html>maintenance</html>"),
    (200, b""),
    (200, b'{"value": []}'),
    (200, b'{"error": 1}'),
    (200, b'{"value": 7}'),
    *[
        (200, b'{"value": [{%b}]}' % row)
        for row in (
            b'"dtime_utc": "2026-11-10 00:15:00", "rce_pln": null',
            b'"dtime_utc": "2026-11-10 00:15:00"',
            b'"rce_pln": 12.5',
            b'"dtime_utc": null, "rce_pln": 12.5',
            b'"dtime_utc": "10.11.2026", "rce_pln": 12.5',
            b'"dtime_utc": "2026-11-10 00:15:00", "rce_pln": "much"',
        )
    ],
]
"""Answers without a price: errors, pages, other objects, rows that lack something."""


def test_no_price(influx: Influx, pse: marketprices.Server, begun: Callable[[], Process]) -> None:
    """What is no price is not stored, neither now nor under another name, and Telegraf goes on when prices come."""
    pse.raw = NO_PRICES[0]
    telegraf = begun()
    for answer in NO_PRICES:
        pse.raw, before = answer, len(pse.asked)
        until(lambda before=before: len(pse.asked) > before, "the next answer")
    pse.rows, pse.raw = marketprices.day("2026-11-10"), None
    influx.wait_for_rows("SELECT price_per_kwh FROM electricity_price", 96)

    assert telegraf.running()
    assert [row["key"] for row in influx.query("SHOW SERIES")] == ["electricity_price,series=rce"]
    assert _prices(influx) == _wanted(1_794_265_200, 96)  # 2026-11-09T23:00:00Z


def test_one_bad_row_among_good_ones(influx: Influx, pse: marketprices.Server, begun: Callable[[], Process]) -> None:
    """A row without a price takes no other row with it."""
    pse.rows = marketprices.day("2026-11-10")
    pse.rows[5] = pse.rows[5] | {"rce_pln": None}
    begun()
    influx.wait_for_rows("SELECT price_per_kwh FROM electricity_price", 95)
    until(lambda: len(pse.asked) > 2, "two more answers")

    wanted = _wanted(1_794_265_200, 96)
    del wanted[1_794_265_200 + 5 * 900]
    assert _prices(influx) == wanted
