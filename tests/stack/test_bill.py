"""`bill` with a real InfluxDB and a real Telegraf: what is settled, what is settled again, and what a statement says of it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from servers.running import PLUGIN, TO_BOTH_BUCKETS, until

from telegraf_han import cli
from telegraf_han.config.file import load
from telegraf_han.config.plans import plans
from telegraf_han.config.sections import MeterConfig
from telegraf_han.influx import settling
from telegraf_han.influx.api import Api
from telegraf_han.influx.billing import Source, newest_hours
from telegraf_han.influx.connection import Place
from telegraf_han.influx.settling import Contract, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from servers.running import Influx

NS = 1_000_000_000
HOUR_S = 3600
DAY_S = 86_400
KEPT = "energy/5m"
NEW_YEAR_S = 1_767_222_000
"""Midnight in Warsaw, 2026-01-01T00:00:00+01:00."""
EXAMPLE = Path(__file__).parents[2] / "telegraf.conf.example"
METER = """
[[meter]]
  name = "{name}"
  interface = "p1"
  port = "/dev/null-{name}"
"""
TARIFF = """
  [[meter.tariff]]
    name = "G12"
    vat_percent = 23
    zones = "registers"
    [meter.tariff.per_kwh]
      energy = {{ t1 = {t1}, t2 = 0.4 }}
      quality = 0.033
    [meter.tariff.per_month]
      trade_fee = 10.0
"""


@pytest.fixture(autouse=True)
def _place(influx: Influx, monkeypatch: pytest.MonkeyPatch) -> None:
    influx.make_bucket(KEPT)
    for name, value in (("URL", influx.url), ("TOKEN", influx.token), ("ORG", influx.org), ("BUCKET", influx.bucket)):
        monkeypatch.setenv(f"INFLUX_{name}", value)


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., str]:
    """A function that writes the configuration."""

    def write(*sections: str) -> str:
        path = tmp_path / "han.toml"
        path.write_text("".join(sections))
        return str(path)

    return write


def home(t1: float = 0.8, name: str = "home") -> str:
    return METER.format(name=name) + TARIFF.format(t1=t1)


def store(influx: Influx, spans: Sequence[tuple[int, int]], name: str = "home", **registers: float) -> None:
    """Five-minute points: registers that count evenly from the first of all seconds on, t1 by day and t2 by night."""
    lines = []
    for begin_s, end_s in spans:
        for window_s in range(begin_s, end_s, 300):
            wh = 10_000_000 + 17 * (window_s % (400 * DAY_S)) // 300 * 1.0
            fields = {"import_wh": wh, "import_t1_wh": wh // 3 * 2, "import_t2_wh": wh - wh // 3 * 2, "export_wh": wh // 10} | registers
            text = ",".join(f"active_energy_{field}={value}" for field, value in fields.items())
            lines.append(f"electricity,meter={name},serial=1 {text} {window_s * NS}\n")
    for place in range(0, len(lines), 5000):
        influx.write("".join(lines[place : place + 5000]), KEPT)


def settle(path: str, *words: str) -> None:
    assert cli.main(["bill", "--config", path, "--to", "influx", *words]) == 0


def settled(influx: Influx, name: str = "home", kind: str = "cost") -> dict[int, dict[str, Any]]:
    """What is in InfluxDB: start → fields."""
    rows = influx.query(f'SELECT * FROM "5m"."electricity_{kind}" WHERE meter = \'{name}\'', times="s")
    return {row["time"]: {key: value for key, value in row.items() if key not in {"time", "meter"}} for row in rows}


def hour_before(moment_s: float) -> int:
    return int(moment_s) // HOUR_S * HOUR_S


def test_settling_twice_changes_nothing(influx: Influx, config: Callable[..., str]) -> None:
    """The same points come again, also when the second run settles another part of the time."""
    now_s = hour_before(time.time())
    store(influx, [(now_s - 10 * DAY_S, now_s)])
    path = config(home())
    settle(path)
    first = settled(influx), settled(influx, kind="bill")
    assert len(first[0]) == 240

    settle(path)
    settle(path, "--back", "30h")
    settle(path, "--back", "45d")

    assert (settled(influx), settled(influx, kind="bill")) == first


def test_late_data(influx: Influx, config: Callable[..., str]) -> None:
    """Twenty days that arrive late give, settled again, what settling once with all data gives."""
    now_s = hour_before(time.time())
    path = config(home(), home(name="other"))
    whole = [(now_s - 30 * DAY_S, now_s)]
    store(influx, whole, "other")
    store(influx, [(now_s - 30 * DAY_S, now_s - 25 * DAY_S), (now_s - 5 * DAY_S, now_s)])
    settle(path)
    assert sum(fields["estimated_wh"] for fields in settled(influx).values()) > 0
    assert settled(influx) != settled(influx, "other")

    store(influx, whole)
    settle(path, "--back", "45d")

    assert settled(influx) == settled(influx, "other")
    assert settled(influx, kind="bill") == settled(influx, "other", kind="bill")


def test_after_an_outage_of_the_bill(influx: Influx, config: Callable[..., str]) -> None:
    """A run without options also settles what is missing before the last three days, with the hour that was not over."""
    now_s = hour_before(time.time())
    path = config(home(), home(name="other"))
    store(influx, [(now_s - 12 * DAY_S, now_s - 8 * DAY_S + 1800)])
    settle(path)
    store(influx, [(now_s - 12 * DAY_S, now_s)])
    store(influx, [(now_s - 12 * DAY_S, now_s)], "other")

    settle(path)

    assert settled(influx) == settled(influx, "other")
    assert len(settled(influx)) == 12 * 24


def test_gap_is_estimated(influx: Influx, config: Callable[..., str]) -> None:
    """Hours without readings have their share of the energy, marked, and the sum is what the register says.

    The first reading after the gap is that of 6:05. So five minutes of that hour are estimated, too.
    """
    now_s = hour_before(time.time())
    store(influx, [(now_s - 2 * DAY_S, now_s - DAY_S), (now_s - DAY_S + 6 * HOUR_S, now_s)])

    settle(config(home()))

    found = settled(influx)
    assert [start_s for start_s, fields in found.items() if fields["estimated_wh"]] == [now_s - DAY_S + hour * HOUR_S for hour in range(7)]
    assert found[now_s - DAY_S]["estimated_wh"] == pytest.approx(204 + 20.4, abs=3)
    assert found[now_s - DAY_S + 6 * HOUR_S]["estimated_wh"] == pytest.approx(17 + 1.7, abs=1)
    assert sum(fields["import_wh"] for fields in found.values()) == 48 * 204 - 17


def test_new_price_at_new_year(influx: Influx, config: Callable[..., str]) -> None:
    """A section from 1 January on leaves December's cost as it was, to the last hour before midnight in Warsaw."""
    store(influx, [(NEW_YEAR_S - 5 * DAY_S, NEW_YEAR_S + 5 * DAY_S)])
    settle(config(home()), "--since", "2025-12-01")
    before = settled(influx)
    second = TARIFF.format(t1=1.6).replace('name = "G12"', 'name = "G12 of 2026"\n    from = 2026-01-01')

    settle(config(home(), second), "--since", "2025-12-01")

    after = settled(influx)
    changed = [start_s for start_s in after if after[start_s] != before[start_s]]
    assert changed == list(range(NEW_YEAR_S, NEW_YEAR_S + 5 * DAY_S, HOUR_S))
    assert after[NEW_YEAR_S]["energy"] == pytest.approx(
        after[NEW_YEAR_S - HOUR_S]["energy"] + 0.8 * after[NEW_YEAR_S]["t1_wh"] / 1000, abs=1e-3
    )
    bills = settled(influx, kind="bill")
    assert [(bill["period"], bill["name"]) for bill in bills.values()] == [("2025-12", "G12"), ("2026-01", "G12 of 2026")]


def test_corrected_price(influx: Influx, config: Callable[..., str]) -> None:
    """After a price was corrected, `--since` settles that time anew and leaves what was before it."""
    store(influx, [(NEW_YEAR_S - 2 * DAY_S, NEW_YEAR_S + 2 * DAY_S)])
    settle(config(home(0.7)), "--since", "2025-12-01")
    before = settled(influx)

    settle(config(home(0.8)), "--since", "2026-01-01")

    after = settled(influx)
    assert [start_s for start_s in after if after[start_s] != before[start_s]] == list(range(NEW_YEAR_S, NEW_YEAR_S + 2 * DAY_S, HOUR_S))


DYNAMIC = """
  [[meter.tariff]]
    name = "dynamic"
    [meter.tariff.per_kwh]
      energy = { series = "rce", plus = 0.1 }
"""


def test_price_that_comes_later(influx: Influx, config: Callable[..., str]) -> None:
    """Hours without a price count as unpriced and cost nothing. When the price is there, the next run prices them."""
    now_s = hour_before(time.time())
    store(influx, [(now_s - 5 * HOUR_S, now_s)])
    path = config(METER.format(name="home"), DYNAMIC)
    quarters = range(now_s - 5 * HOUR_S, now_s, 900)
    influx.write("".join(f"electricity_price,series=rce price_per_kwh=0.5 {stamp_s * NS}\n" for stamp_s in quarters[:12]))
    settle(path)
    assert [fields["unpriced_wh"] for fields in settled(influx).values()] == [0, 0, 0, 204, 204]
    assert settled(influx)[now_s - HOUR_S]["total"] == 0

    influx.write("".join(f"electricity_price,series=rce price_per_kwh=-0.3 {stamp_s * NS}\n" for stamp_s in quarters[12:]), KEPT)
    settle(path)

    found = settled(influx)
    assert [fields["unpriced_wh"] for fields in found.values()] == [0] * 5
    assert found[now_s - 3 * HOUR_S]["total"] == pytest.approx(0.6 * 0.204)
    assert found[now_s - HOUR_S]["total"] == pytest.approx(-0.2 * 0.204)


PROSUMER = """
  billing_day = 12
  [[meter.tariff]]
    name = "G11"
    to = 2025-12-20
    vat_percent = 23
    balancing = "hour"
    [meter.tariff.per_kwh]
      energy = { series = "rce", plus = 0.0913, at_least = 0 }
      distribution = 0.3107
    [meter.tariff.per_month]
      trade_fee = 9.99
    [meter.tariff.feed_in]
      model = "net-billing"
      price = { series = "rce" }
      factor = 1.23
  [[meter.tariff]]
    name = "G11 later"
    from = 2025-12-21
    vat_percent = 8
    balancing = "hour"
    [meter.tariff.per_kwh]
      energy = 0.6103
    [meter.tariff.per_month]
      trade_fee = 8.01
    [meter.tariff.feed_in]
      model = "net-billing"
      price = 0.2
"""


def test_piece_by_piece(influx: Influx, config: Callable[..., str]) -> None:
    """A prosumer's hours settled in small pieces, as Telegraf does, give the bills that settling them at once gives, to the last digit.

    There is a gap over the end of a piece, a change of tariff and of VAT within a period, and a deposit over three periods.
    """
    begin_s, end_s = NEW_YEAR_S - 60 * DAY_S, NEW_YEAR_S + 10 * DAY_S
    plan = plans(load(config(METER.format(name="home"), PROSUMER)))["home"]
    for name in ("once", "pieces"):
        lines, imported, exported = [], 5_000_000, 100_000
        for window_s in range(begin_s, end_s, 300):
            hour = window_s // HOUR_S
            imported += 3 + hour % 7
            exported += 30 if hour % 24 in (10, 11, 12) else hour % 2
            if not NEW_YEAR_S - 9 * HOUR_S < window_s < NEW_YEAR_S + 5 * HOUR_S:
                values = f"active_energy_import_wh={imported},active_energy_export_wh={exported}"
                lines.append(f"electricity,meter={name},serial=1 {values} {window_s * NS}\n")
        for place in range(0, len(lines), 5000):
            influx.write("".join(lines[place : place + 5000]), KEPT)
    prices = (
        f"electricity_price,series=rce price_per_kwh={stamp_s % 7919 / 10_000 - 0.05:.5f} {stamp_s * NS}\n"
        for stamp_s in range(begin_s, end_s, 900)
    )
    influx.write("".join(prices), KEPT)
    with closing(Api(influx.url, influx.org, influx.token)) as api:
        source = Source(Place(api, "", influx.bucket), "electricity")

        def settle_between(name: str, window: Window) -> None:
            contract = Contract(MeterConfig(name, "p1"), plan)
            influx.write(b"".join(settling.lines(source, [contract], window)), KEPT)

        settle_between("once", Window(begin_s, end_s))
        for piece_s in range(begin_s, end_s, 29 * HOUR_S):
            newest = newest_hours(source, ["pieces"]).get(("pieces", "own"), piece_s)
            settle_between("pieces", Window(min(newest, piece_s - 3 * HOUR_S), min(piece_s + 29 * HOUR_S, end_s)))

    assert settled(influx, "pieces") == settled(influx, "once")
    bills = settled(influx, "once", kind="bill")
    last = settled(influx, "pieces", kind="bill")
    assert len(bills) == 3
    assert [bill["deposit_used"] > 0 for bill in bills.values()] == [False, True, True]
    assert {start_s: bill | {"forecast_to_pay": 0, "forecast_wh": 0} for start_s, bill in last.items()} == {
        start_s: bill | {"forecast_to_pay": 0, "forecast_wh": 0} for start_s, bill in bills.items()
    }
    assert list(last.values())[-1] == list(bills.values())[-1]


def test_meter_without_a_tariff(influx: Influx, config: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is passed over, and named once. Asked for by its name, it is an error."""
    now_s = hour_before(time.time())
    store(influx, [(now_s - DAY_S, now_s)])
    store(influx, [(now_s - DAY_S, now_s)], "cellar")
    path = config(METER.format(name="cellar"), home())

    settle(path)

    assert capsys.readouterr().err.count("cellar") == 1
    assert settled(influx, "cellar") == {}
    assert len(settled(influx)) == 24
    assert cli.main(["bill", "--config", path, "--meter", "cellar"]) == 2
    assert "a tariff is expected" in capsys.readouterr().err


def test_compared_tariff_that_comes_later(influx: Influx, config: Callable[..., str], tmp_path: Path) -> None:
    """A tariff that is compared has no hours yet, so all of them are settled, and the own ones stay."""
    now_s = hour_before(time.time())
    store(influx, [(now_s - 9 * DAY_S, now_s)])
    settle(config(home()))
    own = settled(influx)
    (tmp_path / "g11.toml").write_text('name = "G11"\n[per_kwh]\nenergy = 0.5\n')

    settle(config(METER.format(name="home"), '  compare = ["file:g11.toml"]\n', TARIFF.format(t1=0.8)))

    rows = influx.query('SELECT total, import_wh, tariff FROM "5m"."electricity_cost"', times="s")
    assert {row["time"]: row["total"] for row in rows if row["tariff"] == "own"} == {
        start_s: fields["total"] for start_s, fields in own.items()
    }
    compared = [row for row in rows if row["tariff"] == "G11"]
    assert len(compared) == len(own)
    assert all(row["total"] == pytest.approx(row["import_wh"] * 0.0005) for row in compared)


def test_statement(influx: Influx, config: Callable[..., str], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """The statement has the readings at both ends, and its sums are those of `electricity_bill`; all three forms show them."""
    store(influx, [(NEW_YEAR_S - 32 * DAY_S, NEW_YEAR_S + 2 * DAY_S)])
    path = config(home())
    settle(path, "--since", "2025-11-01")
    bill = settled(influx, kind="bill")[NEW_YEAR_S - 31 * DAY_S]
    capsysbinary.readouterr()

    forms = {}
    for output in ("table", "csv", "html"):
        assert cli.main(["bill", "--config", path, "--month", "2025-12", "--output", output, "--language", "pl"]) == 0
        forms[output] = capsysbinary.readouterr().out.decode()

    rows = list(csv.DictReader(io.StringIO(forms["csv"])))
    energy = [row for row in rows if row["part"] == "lines" and row["text"] == "Energia czynna"]
    assert [row["zone"] for row in energy] == ["1", "2"]
    for row in energy:
        assert float(row["amount"]) == pytest.approx(float(row["quantity"]) * float(row["price"]), abs=0.005)
    net = sum(float(row["amount"]) for row in rows if row["part"] == "lines")
    assert net == pytest.approx(bill["total"] - bill["vat"])
    (to_pay,) = [row for row in rows if row["text"] == "Do zapłaty"]
    assert float(to_pay["amount"]) == bill["to_pay"] == bill["total"] > 100
    (total,) = [row for row in rows if row["part"] == "readings" and row["text"] == "1.8.0"]
    assert (total["serial"], total["begin"], total["end"]) == ("1", "2025-12-01 00:00", "2026-01-01 00:00")
    assert (float(total["end_kwh"]) - float(total["begin_kwh"])) * 1000 == pytest.approx(bill["import_wh"])
    shown = f"{bill['to_pay']:.2f}".replace(".", ",")
    assert f"{shown} PLN" in forms["table"]
    assert f"{shown} PLN" in forms["html"]
    assert forms["html"].count("<section>") == 1
    assert "http" not in forms["html"]


def test_statement_of_a_month_without_readings(influx: Influx, config: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is one line and exit code 1."""
    assert cli.main(["bill", "--config", config(home()), "--month", "2020-02"]) == 1
    assert capsys.readouterr().err == "E! no statement: home has no readings or no tariff in 2020-02\n"


BILL = """
[[inputs.exec]]
  commands = [["{python}", "-m", "telegraf_han", "bill", "--config", "{config}"]]
  interval = "2s"
  timeout = "30s"
  log_stderr = true
  data_format = "influx"
"""


def test_whole_way(influx: Influx, start_telegraf: Callable[..., Any], config: Callable[..., str], tmp_path: Path) -> None:
    """From telegrams to money: the plugin under Telegraf, InfluxDB, down-sampling, and the bill that the same Telegraf runs."""
    command = [sys.executable, "-m", "telegraf_han"]
    begin_s = hour_before(time.time()) - 2 * DAY_S
    begin, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment_s)) for moment_s in (begin_s, begin_s + 30 * HOUR_S))
    span = ["--start", begin, "--until", end, "--interval", "60s", "--speed", "max", "--tariff", "g12"]
    with (tmp_path / "telegrams.bin").open("wb") as file:
        subprocess.run([*command, "simulate", "MA309M", "--to", "-", "--envelope", "plain", *span], stdout=file, check=True, timeout=60)
    path = config(home().replace("/dev/null-home", str(tmp_path / "telegrams.bin")))
    start_telegraf((PLUGIN + BILL + TO_BOTH_BUCKETS).format(python=sys.executable, config=path, url=influx.url), {**os.environ})
    until(lambda: influx.query('SELECT count(active_energy_import_wh) FROM "electricity"')[:1], "telegrams", 60)
    until(lambda: influx.query('SELECT count(active_energy_import_wh) FROM "electricity"')[0]["count"] >= 1800, "all telegrams", 60)
    subprocess.run([*command, "influx", "backfill", "--start", begin], check=True, timeout=60, capture_output=True)

    until(lambda: len(settled(influx)) >= 30, "the settled hours", 60)

    raw = influx.query("SELECT first(active_energy_import_wh), last(active_energy_import_wh) FROM electricity")[0]
    found = settled(influx)
    assert sum(fields["import_wh"] for fields in found.values()) == pytest.approx(raw["last"] - raw["first"], abs=60)
    for fields in found.values():
        net = 0.8 * fields["t1_wh"] / 1000 + 0.4 * fields["t2_wh"] / 1000 + 0.033 * fields["import_wh"] / 1000
        assert fields["total"] == pytest.approx(1.23 * (net + fields["trade_fee"]), abs=1e-6)
    assert sum(fields["total"] for fields in found.values()) > 1
    assert settled(influx, kind="bill")
    assert influx.query("SELECT total FROM electricity_cost") == []


AGENT = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
  hostname = "pi"
"""
"""Telegraf's default: it adds the tag `host` to everything."""


def example_of_bill() -> str:
    """The first section of the example that runs `bill`, switched on, as quick as a test."""
    text = re.sub(r"^# (?=[ \[\w])", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    section = re.search(r"\[\[inputs\.exec\]\]\n(?:  .*\n)+", text)
    assert section is not None
    return re.sub("collection_offset = .*\n", "", section[0]).replace('"15m"', '"1s"')


def test_each_hour_once(influx: Influx, start_telegraf: Callable[..., Any], config: Callable[..., str], tmp_path: Path) -> None:
    """What Telegraf stores and what `--to influx` stores are the same points, also if Telegraf adds its computer's name."""
    now_s = hour_before(time.time())
    store(influx, [(now_s - 2 * DAY_S, now_s)])
    path = config(home())
    command, token = tmp_path / "telegraf-han", tmp_path / "bill.token"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m telegraf_han "$@"\n')
    command.chmod(0o755)
    token.write_text(influx.token)
    token.chmod(0o600)
    section = example_of_bill().replace("/etc/telegraf/bill.token", str(token))
    other = '[[inputs.exec]]\n  commands = ["echo other value=1"]\n  data_format = "influx"\n'
    env = {"HAN_COMMAND": str(command), "HAN_CONFIG": path}
    start_telegraf(AGENT + section + other + TO_BOTH_BUCKETS.format(url=influx.url), env)
    until(lambda: len(settled(influx)) == 48 and settled(influx, kind="bill"), "the settled hours", 60)
    influx.wait_for_rows("SELECT * FROM other WHERE host = 'pi'")  # this Telegraf does add it

    settle(path, "--since", "2020-01-01")

    for kind, field in (("cost", "total"), ("bill", "to_pay")):
        rows = influx.query(f'SELECT "{field}" FROM "5m"."electricity_{kind}" GROUP BY *', times="s")
        assert len(rows) == len({row["time"] for row in rows}) >= 1
        assert {key for row in rows for key in row} == {"time", "meter", "tariff", field}


def test_what_a_computer_added_can_be_deleted(influx: Influx, config: Callable[..., str]) -> None:
    """The command of docs/bill.md removes the second series, and settling again leaves each hour once."""
    now_s = hour_before(time.time())
    store(influx, [(now_s - 2 * DAY_S, now_s)])
    influx.write(
        "".join(f"electricity_cost,host=pi,meter=home,tariff=own total=9 {(now_s - back * HOUR_S) * NS}\n" for back in (1, 30)), KEPT
    )
    page = Path(__file__).parents[2] / "docs/bill.md"
    (predicate,) = re.findall(r"--predicate '(.*)'", page.read_text(encoding="utf-8"))

    span = {"start": "1970-01-01T00:00:00Z", "stop": "2100-01-01T00:00:00Z", "predicate": predicate.replace("raspberrypi", "pi")}
    influx.request(f"/api/v2/delete?org={influx.org}&bucket=energy%2F5m", json.dumps(span).encode(), "application/json")
    settle(config(home()))

    assert len(influx.query('SELECT total FROM "5m"."electricity_cost"')) == 48
    assert len(influx.query('SELECT total FROM "5m"."electricity_cost" WHERE host != \'\'')) == 0
