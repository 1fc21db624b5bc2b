"""The bills of four households, from telegrams through the real Telegraf and InfluxDB, against sheets calculated by hand.

The sheets, and how they were made, are in tests/households. Here their registers become telegrams, one every five minutes. The plugin
decodes them under Telegraf, InfluxDB down-samples them, and Telegraf runs `telegraf-han bill`. Then every component of every period is
compared: in `electricity_bill`, in the sums of `electricity_cost`, and in the statement.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import workbook
from servers.running import TO_BOTH_BUCKETS, Influx, until

import p1telegrams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pytest
    from servers.running import Process

HOUSEHOLDS = Path(__file__).parents[1] / "households"
WARSAW = ZoneInfo("Europe/Warsaw")
COMMAND = [sys.executable, "-m", "telegraf_han"]
NS = 1_000_000_000
WINDOW = timedelta(minutes=5)
BEFORE_THE_END = timedelta(seconds=10)
"""A telegram comes so long before the end of its window. Its register is the one of the window's end."""
EXACT = "_exact"
SAME = 0.001
"""PLN, or Wh. The sheets are exact to the grosz, and the bill has to be, too."""
PATIENCE_S = 150
"""For each step on a machine that does other things too. On a quiet one the whole test takes less than a minute."""


class Meter(NamedTuple):
    """The meter of a household."""

    ident: bytes
    serial: bytes
    ciphered: bool
    billing_day: int = 1


METERS = {
    "g11": Meter(b"/EGM5G35\r\n\r\n", b"35000011", ciphered=True, billing_day=10),
    "g12": Meter(b"/KFM5KAIFA-METER\r\n\r\n", b"30000012", ciphered=False),
    "g12w": Meter(b"/EGM5G35\r\n\r\n", b"35000013", ciphered=True),
    "net": Meter(b"/KFM5KAIFA-METER\r\n\r\n", b"30000014", ciphered=False),
}
KEYS = f"""
  encryption_key = "{p1telegrams.EK.hex()}"
  authentication_key = "{p1telegrams.AK.hex()}"
"""
METER = """
[[meter]]
  name = "{name}"
  interface = "p1"
  port = "{folder}/{name}.bin"
  billing_day = {billing_day}
  tariff = "file:{households}/{name}.toml"
"""

AGENT = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
  omit_hostname = true
  metric_batch_size = 5000
  metric_buffer_limit = 400000
"""
DECODE = """
[[inputs.execd]]
  command = ["{python}", "-m", "telegraf_han", "decode", "--config", "{folder}/{name}-alone.toml", "{folder}/{name}.bin", "-"]
  signal = "none"
  data_format = "influx"
"""
"""The capture of a meter. Unlike `run`, `decode` waits for a Telegraf that is slower, so no line is dropped.

"-" lets it wait for more at the end: when a program ends, Telegraf may lose the last lines in its pipe [seen on 1.39.3].
"""
BILL = """
[[inputs.exec]]
  commands = [["{python}", "-m", "telegraf_han", "bill", "--config", "{folder}/han.toml", "--since", "2025-01-01"]]
  interval = "2s"
  timeout = "120s"
  log_stderr = true
  data_format = "influx"
"""

WORDS = {
    ("lines", "Energy"): "energy",
    ("lines", "Distribution"): "distribution",
    ("lines", "Quality"): "quality",
    ("lines", "Renewables"): "renewables",
    ("lines", "Cogeneration"): "cogeneration",
    ("lines", "Other, per kWh"): "other",
    ("lines", "Trade fee"): "trade_fee",
    ("lines", "Network fee"): "network_fee",
    ("lines", "Transitional fee"): "transitional_fee",
    ("lines", "Subscription fee"): "subscription_fee",
    ("lines", "Capacity fee"): "capacity_fee",
    ("lines", "Other, per period"): "other_fee",
    ("sums", "VAT"): "vat",
    ("sums", "Gross"): "total",
    ("sums", "Value of the feed-in"): "earned",
    ("sums", "Deposit before"): "deposit_before",
    ("sums", "Deposit, used"): "deposit_used",
    ("sums", "Deposit after"): "deposit_after",
    ("sums", "To pay"): "to_pay",
    ("energies", "Import"): "import_wh",
    ("energies", "Feed-in"): "export_wh",
}
"""What a statement calls the sheets' components."""

Found = dict[tuple[str, str], dict[str, float]]
"""(household, first day of the period) → component → amount."""


class Register(NamedTuple):
    """What a meter shows at a moment, Wh."""

    moment: datetime
    imported: int
    exported: int


def expected() -> Found:
    found: Found = defaultdict(dict)
    with (HOUSEHOLDS / "expected.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["household"], row["period"]][row["component"]] = float(row["amount"])
    return found


def rows(name: str) -> list[tuple[datetime, dict[str, str]]]:
    """The hours of a sheet by their starts, and before them the row that holds the registers before the first hour."""
    found = [row for row in workbook.table(HOUSEHOLDS / f"{name}.xlsx", "Hours", "UTC day") if "import register" in row]
    first = datetime.combine(workbook.day(found[1]["UTC day"]), datetime.min.time(), UTC) + timedelta(hours=int(found[1]["UTC hour"]))
    return [(first + timedelta(hours=place), row) for place, row in enumerate(found, -1)]


def registers(name: str) -> Iterator[Register]:
    """The registers at the end of each window. Within an hour both rise evenly, in whole Wh."""
    at_ends = [
        Register(start + timedelta(hours=1), int(row["import register"]), int(row.get("export register", 0))) for start, row in rows(name)
    ]
    yield at_ends[0]
    for before, after in pairwise(at_ends):
        for twelfth in range(1, 13):
            yield Register(
                before.moment + twelfth * WINDOW,
                before.imported + (after.imported - before.imported) * twelfth // 12,
                before.exported + (after.exported - before.exported) * twelfth // 12,
            )


def telegram(meter: Meter, register: Register) -> bytes:
    local = (register.moment - BEFORE_THE_END).astimezone(WARSAW)
    lines = (
        f"0-0:1.0.0({local:%y%m%d%H%M%S}{'S' if local.dst() else 'W'})\r\n"
        f"1-0:1.8.0({register.imported // 1000:06}.{register.imported % 1000:03}*kWh)\r\n"
        f"1-0:2.8.0({register.exported // 1000:06}.{register.exported % 1000:03}*kWh)\r\n"
        f"0-0:96.1.0({meter.serial.hex()})\r\n"
    ).encode()
    return (p1telegrams.stoen if meter.ciphered else p1telegrams.plain)(lines, meter.ident)


def price_lines() -> str:
    """The market's prices, by quarter of an hour."""
    return "".join(
        f"electricity_price,series=rce price_per_kwh={float(row[f'q{quarter + 1}']) / 1000:.5f} {int(start.timestamp() + 900 * quarter) * NS}\n"
        for start, row in rows("net")
        for quarter in range(4)
        if f"q{quarter + 1}" in row
    )


def set_up(folder: Path) -> int:
    """Write captures and configurations. Returns the number of telegrams."""
    count = 0
    for name, meter in METERS.items():
        telegrams = [telegram(meter, register) for register in registers(name)]
        (folder / f"{name}.bin").write_bytes(b"".join(telegrams))
        count += len(telegrams)
        section = METER.format(name=name, folder=folder, billing_day=meter.billing_day, households=HOUSEHOLDS)
        section += KEYS if meter.ciphered else ""
        for path in (folder / f"{name}-alone.toml", folder / "han.toml"):
            with path.open("a", encoding="utf-8") as file:
                file.write(section)
            path.chmod(0o600)
    return count


def stored(influx: Influx, sql: str) -> int:
    """A count. It reads all points, so it is not asked for all the time."""
    time.sleep(0.5)
    return sum(row["count"] for row in influx.query(sql))


def bills(influx: Influx) -> Found:
    """What `electricity_bill` says."""
    return {
        (row["meter"], datetime.fromtimestamp(row["time"], WARSAW).date().isoformat()): row
        for row in influx.query('SELECT * FROM "5m"."electricity_bill" WHERE "tariff" = \'own\'', times="s")
    }


def costs(influx: Influx, periods: Iterable[tuple[str, str]], found: Found) -> Found:
    """Sums of the hours in `electricity_cost`, named as in the sheets: `energy` is `energy_exact`."""
    sums: Found = {}
    for name, period in periods:
        begin_s, end_s = (
            int(moment) for moment in (datetime.fromisoformat(period).replace(tzinfo=WARSAW).timestamp(), found[name, period]["until_s"])
        )
        where = f"\"tariff\" = 'own' AND \"meter\" = '{name}' AND time >= {begin_s}s AND time < {end_s}s"
        (row,) = influx.query(f'SELECT sum(*), count(total) FROM "5m"."electricity_cost" WHERE {where}')
        of = {key.removeprefix("sum_"): value for key, value in row.items() if key.startswith("sum_")}
        sums[name, period] = {"hours": row["count"]} | {key if key.endswith("_wh") else key + EXACT: value for key, value in of.items()}
    return sums


def statements(folder: Path, periods: Iterable[tuple[str, str]]) -> Found:
    """What the statements print, as CSV. Lines of the same component are added up."""
    meters: dict[str, list[str]] = defaultdict(list)
    for name, period in periods:
        meters[period[:7]] += ["--meter", name]
    found: Found = defaultdict(lambda: defaultdict(float))
    for month, names in meters.items():
        command = [*COMMAND, "bill", "--config", f"{folder}/han.toml", *names, "--month", month, "--output", "csv", "--language", "en"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        for row in csv.DictReader(io.StringIO(done.stdout)):
            component = WORDS.get((row["part"], row["text"]))
            if component:
                amount = float(row["quantity"]) * 1000 if component.endswith("_wh") else float(row["amount"])
                found[row["meter"], row["period"]][component] += amount
    return found


def differences(found: Found, wanted: Found, said_by: str, same: float = SAME) -> list[str]:
    """Amounts that are not those of the sheets. What is not said counts as 0."""
    return [
        f"{said_by}, {name}, {period}: {component} is {found[name, period].get(component)} instead of {amount}"
        for (name, period), amounts in wanted.items()
        for component, amount in amounts.items()
        if abs((found[name, period].get(component) or 0) - amount) >= same
    ]


def test_bills_are_those_calculated_by_hand(
    influx: Influx, start_telegraf: Callable[..., Process], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every component of every period of the four households."""
    for variable, value in (("URL", influx.url), ("TOKEN", influx.token), ("ORG", influx.org), ("BUCKET", influx.bucket)):
        monkeypatch.setenv(f"INFLUX_{variable}", value)
    subprocess.run([*COMMAND, "influx", "setup"], check=True, timeout=60, capture_output=True)
    telegrams = set_up(tmp_path)
    outputs = (AGENT + TO_BOTH_BUCKETS).format(url=influx.url)

    decode = "".join(DECODE.format(python=sys.executable, folder=tmp_path, name=name) for name in METERS)
    reader = start_telegraf(outputs + decode, os.environ)
    count = 'SELECT count(active_energy_import_wh) FROM "electricity"'
    until(lambda: stored(influx, count) >= telegrams, f"{telegrams} telegrams", PATIENCE_S)
    reader.close()
    subprocess.run([*COMMAND, "influx", "backfill"], check=True, timeout=PATIENCE_S, capture_output=True)
    assert stored(influx, count.replace("FROM", 'FROM "5m".')) == telegrams
    influx.write(price_lines(), "energy/5m")

    by_hand = expected()
    hours = sum(amounts["hours"] for amounts in by_hand.values())
    biller = start_telegraf(outputs + BILL.format(python=sys.executable, folder=tmp_path), os.environ)
    until(lambda: stored(influx, 'SELECT count(total) FROM "5m"."electricity_cost"') >= hours, f"{hours} hours", PATIENCE_S)
    until(lambda: by_hand.keys() <= bills(influx).keys(), f"{len(by_hand)} bills", PATIENCE_S)
    biller.close()

    billed = bills(influx)
    assert {key: (bill["estimated_wh"], bill["unpriced_wh"], bill["hours_settled"]) for key, bill in billed.items() if key in by_hand} == {
        key: (0, 0, amounts["hours"]) for key, amounts in by_hand.items()
    }
    rounded, exact = (
        {key: {name: amount for name, amount in amounts.items() if wanted(name)} for key, amounts in by_hand.items()}
        for wanted in (lambda name: not name.endswith(EXACT), lambda name: name.endswith((EXACT, "_wh", "hours")))
    )
    printed = {key: {name: amount for name, amount in amounts.items() if name in WORDS.values()} for key, amounts in rounded.items()}
    wrong = [
        *differences(billed, rounded, "electricity_bill"),
        *differences(costs(influx, by_hand, billed), exact, "electricity_cost", 1e-5),
        *differences(statements(tmp_path, by_hand), printed, "statement"),
    ]
    assert not wrong, "\n".join(wrong)

    # Hours before that day now come as sums from InfluxDB. It is within a period of each household that is billed then.
    subprocess.run(
        [*COMMAND, "bill", "--config", f"{tmp_path}/han.toml", "--since", "2025-12-20", "--to", "influx"], check=True, timeout=PATIENCE_S
    )
    wrong = differences(bills(influx), rounded, "electricity_bill, settled again from the middle of December on")
    assert not wrong, "\n".join(wrong)
