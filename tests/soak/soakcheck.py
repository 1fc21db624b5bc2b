"""Compares what is in the database with what was sent: every point, every number, the counters, the bills, and what the processes used.

Everything here returns sentences about what is wrong, or counts. Nothing of the program is used.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, NamedTuple

import fractionbill
import soakhomes
import soakrun
from soakhomes import DAY_S, HOUR_S, METERS, Meter, Reading
from soakrun import NS, Kept, Sample, Told

WEEK_S = 7 * DAY_S
WINDOW_S = 300
SHOWN = 20
"""So many differences are told. There may be a million."""
OUT_OF_ORDER = 64
"""Telegrams by which a stamp may come too early."""
SLACK_KB = 2048
"""Memory that may be added after the first quarter. In a year this is two bytes a telegram."""
SAME = 0.001
"""PLN, or Wh."""
TAGS = ("interface", "meter", "model", "serial")


class Points(NamedTuple):
    """How much was compared."""

    points: int
    values: int
    wrong: list[str]


def points(told: Told) -> Points:
    """Every point of `electricity` against the list of what was sent, in the order of time."""
    count = number = 0
    wrong: list[str] = []
    for meter in METERS:
        names, made = soakhomes.fields(meter), soakhomes.values(meter)
        stored = _stored(told, meter, names, wrong)
        for kept, reading in sent(told, meter):
            stamp_ns, row = next(stored, (None, ()))
            if stamp_ns is None or not kept.low_ns <= stamp_ns <= kept.high_ns:
                wrong.append(f"{meter.name}: the telegram of {_shown(reading.utc_s)} is not there, but one at {stamp_ns}")
                break
            expected = made(reading)
            if tuple(row) != expected:
                wrong += [
                    f"{meter.name}, {_shown(reading.utc_s)}: {name} is {found} instead of {value}"
                    for name, found, value in zip(names, row, expected, strict=True)
                    if found != value
                ][:SHOWN]
            count += 1
            number += len(expected)
            if len(wrong) > SHOWN:
                return Points(count, number, wrong)
        else:
            if (more := next(stored, None)) is not None:
                wrong.append(f"{meter.name}: a point at {more[0]} that nobody sent")
    return Points(count, number, wrong)


def sent(told: Told, meter: Meter) -> Iterator[tuple[Kept, Reading]]:
    """What was sent, in the order of the stamps. A clock that is put back makes another order than that of sending."""
    kept, not_sent = told.kept[meter.name], told.not_sent[meter.name]
    waiting: list[tuple[Kept, Reading]] = []
    for reading in told.span.readings(meter):
        if reading.utc_s not in not_sent:
            heappush(waiting, (kept.get(reading.utc_s) or soakrun.exact(reading.utc_s), reading))
            if len(waiting) > OUT_OF_ORDER:
                yield heappop(waiting)
    while waiting:
        yield heappop(waiting)


def _stored(told: Told, meter: Meter, names: tuple[str, ...], wrong: list[str]) -> Iterator[tuple[int, list[float]]]:
    """Stamps and values of a meter's points, in order. Series and fields that nobody expects are told."""
    tags = {"interface": meter.interface, "meter": meter.name, "model": meter.model, "serial": meter.serial}
    for begin_s in range(told.span.start_s - WEEK_S, told.span.stop_s + WEEK_S, WEEK_S):
        where = f"\"meter\" = '{meter.name}' AND time >= {begin_s}s AND time < {begin_s + WEEK_S}s"
        for row in told.influx.query(f"SELECT * FROM electricity WHERE {where}"):
            if {name: row.pop(name) for name in TAGS} != tags:
                wrong.append(f"{meter.name}: a point with other tags than {tags}")
            stamp_ns = row.pop("time")
            found = [row.pop(name, None) for name in names]
            if more := [name for name, value in row.items() if value is not None]:
                wrong.append(f"{meter.name}: fields that nobody sent: {more}")
            yield stamp_ns, found


def outside(told: Told) -> list[str]:
    """Points at other times than those of the run, and measurements or meters that nobody configured."""
    begin_s, end_s = told.span.start_s - WEEK_S, told.span.stop_s + WEEK_S
    wrong = []
    found = {row["name"] for row in told.influx.query("SHOW MEASUREMENTS")}
    if found != {"electricity", "electricity_link", "electricity_settings"}:
        wrong.append(f"measurements: {sorted(found)}")
    for name in sorted(found):
        for where in (f"time < {begin_s}s", f"time >= {end_s}s"):
            rows = told.influx.query(f'SELECT * FROM "{name}" WHERE {where} LIMIT 1')
            wrong += [f"{name}: a point at another time: {row}" for row in rows]
        meters = {row["value"] for row in told.influx.query(f'SHOW TAG VALUES FROM "{name}" WITH KEY = "meter"')}
        if meters != {meter.name for meter in METERS}:
            wrong.append(f"{name}: meters {sorted(meters)}")
    return wrong


def settings(told: Told) -> Points:
    """Every point of `electricity_settings`: what is configured, and no gap.

    They come every 5 minutes. The sender does not wait for the thread that writes them, and a moment of it is an hour of the meters.
    """
    count = number = 0
    wrong: list[str] = []
    every_s = 6 * HOUR_S
    for meter in METERS:
        silence_s = soakrun.SILENCE_S if meter.interface == "wmbus" else 180
        expected = {"silence_s": float(silence_s), "decode_errors_percent": 10.0, "billing_day": float(told.settings[meter.name])}
        before_s = told.span.start_s
        for begin_s in range(told.span.start_s, told.span.stop_s + DAY_S, WEEK_S):
            where = f"\"meter\" = '{meter.name}' AND time >= {begin_s}s AND time < {begin_s + WEEK_S}s"
            for row in told.influx.query(f"SELECT * FROM electricity_settings WHERE {where}", times="s"):
                at_s, tags = row.pop("time"), (row.pop("interface"), row.pop("meter"))
                if row != expected or tags != (meter.interface, meter.name):
                    wrong.append(f"{meter.name}, {_shown(at_s)}: settings {row}")
                if at_s - before_s > every_s:
                    wrong.append(f"{meter.name}: no settings from {_shown(before_s)} to {_shown(at_s)}")
                before_s = at_s
                count += 1
                number += len(expected)
        if told.span.stop_s - before_s > every_s:
            wrong.append(f"{meter.name}: no settings after {_shown(before_s)}")
    return Points(count, number, wrong[:SHOWN])


class Health(NamedTuple):
    """What `electricity_link` says."""

    points: int
    values: int
    states: Counter[str]
    totals: Counter[str]
    wrong: list[str]


def health(told: Told) -> Health:
    """Every point of `electricity_link`: counters never fall except at a restart, and at the end of each life they are exact."""
    count = number = 0
    states: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    wrong: list[str] = []
    for meter in METERS:
        lives = [life[meter.name] for life in told.counters]
        at, before = 0, dict.fromkeys(lives[0], 0)
        for begin_s in range(told.span.start_s, told.span.stop_s + DAY_S, WEEK_S):
            where = f"\"meter\" = '{meter.name}' AND time >= {begin_s}s AND time < {begin_s + WEEK_S}s"
            for row in told.influx.query(f"SELECT * FROM electricity_link WHERE {where}", times="s"):
                counters = {name: row[name] for name in before}
                if counters["telegrams"] < before["telegrams"]:
                    if before != lives[at]:
                        wrong.append(f"{meter.name}: counters {before} instead of {lives[at]} at the end of life {at}")
                    at, before = at + 1, dict.fromkeys(before, 0)
                if fallen := [name for name, value in counters.items() if value < before[name]]:
                    wrong.append(f"{meter.name}, {_shown(row['time'])}: {fallen} fell")
                if at >= len(lives) or any(value > lives[at][name] for name, value in counters.items()):
                    wrong.append(f"{meter.name}, {_shown(row['time'])}: {counters} is more than {lives[min(at, len(lives) - 1)]}")
                    break
                before = counters
                states[row["state"]] += 1
                count += 1
                number += sum(value is not None for value in row.values()) - 3
        if at != len(lives) - 1 or before != lives[-1]:
            wrong.append(f"{meter.name}: counters {before} instead of {lives[-1]} at the end")
        for life in lives:
            totals.update(life)
    return Health(count, number, states, totals, wrong[:SHOWN])


# --- bills ---


def price(quarter: int) -> float:
    """The market's price of a quarter of an hour, PLN/kWh. Some are below zero."""
    return random.Random(quarter).randrange(-8_000, 90_000) / 100_000


def price_lines(told: Told) -> str:
    """All market prices of the time, as line protocol."""
    quarters = range((told.span.start_s - DAY_S) // 900, (told.span.stop_s + DAY_S) // 900)
    return "".join(f"electricity_price,series=rce price_per_kwh={price(quarter):.5f} {quarter * 900 * NS}\n" for quarter in quarters)


def hours(told: Told, meter: Meter) -> tuple[datetime, list[dict[str, Any]]]:
    """The begin of the first hour, the first registers, and those at the end of each hour.

    The last telegram of an hour says its registers. If five-minute windows are without any, the energy between is spread evenly
    (docs/bill.md), to a thousandth of a Wh.
    """
    windows = {kept.low_ns // NS // WINDOW_S * WINDOW_S: (reading.imported[0], reading.exported[0]) for kept, reading in sent(told, meter)}
    starts = sorted(windows)
    first_s, last_s = starts[0] // HOUR_S * HOUR_S, starts[-1] // HOUR_S * HOUR_S
    rows: list[dict[str, Any]] = [dict(zip(("import register", "export register"), map(Fraction, windows[starts[0]]), strict=True))]
    for end_s in range(first_s + HOUR_S, last_s + HOUR_S + 1, HOUR_S):
        place = bisect_left(starts, end_s)
        before_s = starts[place - 1]
        registers = tuple(map(Fraction, windows[before_s]))
        if place < len(starts) and starts[place] - before_s > WINDOW_S:
            begin_s, stop_s = before_s + WINDOW_S, starts[place] + WINDOW_S
            share = Fraction(end_s - begin_s, stop_s - begin_s)
            registers = tuple(
                was + Fraction(round((now - was) * share * 1000), 1000) for was, now in zip(registers, windows[starts[place]], strict=True)
            )
        row: dict[str, Any] = {"import register": registers[0], "export register": registers[1]}
        row |= {f"q{place + 1}": Fraction(str(price((end_s - HOUR_S) // 900 + place))) * 1000 for place in range(4)}
        rows.append(row)
    return datetime.fromtimestamp(first_s, UTC), rows


class Bills(NamedTuple):
    """What was compared of the bills."""

    hours: int
    periods: int
    values: int
    wrong: list[str]


def settle(told: Told) -> None:
    """Have the program compute the bills, on a clock that shows the end of the time."""
    first = datetime.fromtimestamp(told.span.start_s, soakhomes.WARSAW)
    told.influx.write(price_lines(told), "energy/5m")
    soakrun.on_clock(told, told.span.stop_s, "influx", "backfill", "--start", first.isoformat())
    config = str(told.folder / "han.toml")
    soakrun.on_clock(told, told.span.stop_s, "bill", "--config", config, "--since", f"{first:%Y-%m-%d}", "--to", "influx")


def bills(told: Told) -> Bills:
    """The hours of `electricity_cost` and the periods of `electricity_bill` against fractions."""
    wrong: list[str] = []
    hour_count = period_count = number = 0
    billed = {
        (row["meter"], datetime.fromtimestamp(row["time"], soakhomes.WARSAW).date().isoformat()): row
        for row in told.influx.query('SELECT * FROM "5m"."electricity_bill" WHERE "tariff" = \'own\'', times="s")
    }
    for meter in METERS:
        moment, rows = hours(told, meter)
        first_s = int(moment.timestamp())
        energy = {
            first_s + place * HOUR_S: tuple(float(after[name] - before[name]) for name in ("import register", "export register"))
            for place, (before, after) in enumerate(pairwise(rows))
        }
        where = f"\"meter\" = '{meter.name}' AND \"tariff\" = 'own' AND time >= {first_s}s"
        stored = {
            row["time"]: (row["import_wh"], row["export_wh"])
            for row in told.influx.query(f'SELECT import_wh, export_wh FROM "5m"."electricity_cost" WHERE {where}', times="s")
        }
        # The last hour may have been cut short by the end, and is there or not.
        last_s = max(energy)
        for hour_s, expected in energy.items():
            found = stored.get(hour_s)
            if hour_s != last_s and (found is None or max(abs(a - b) for a, b in zip(found, expected, strict=True)) >= SAME):
                wrong.append(f"{meter.name}: the hour of {_shown(hour_s)} is {found} instead of {expected}")
            hour_count += 1
            number += 2
        if more := sorted(stored.keys() - energy.keys()):
            wrong.append(f"{meter.name}: hours that nobody read: {[_shown(hour_s) for hour_s in more[:SHOWN]]}")
        computed = fractionbill.computed(meter.name, moment, rows)
        for period in sorted({period for period, _ in computed}):
            row = billed.get((meter.name, period))
            if row is None:
                wrong.append(f"{meter.name}: no bill of {period}")
                continue
            if row["hours_settled"] != computed[period, "hours"]:
                wrong.append(f"{meter.name}, {period}: {row['hours_settled']} hours instead of {computed[period, 'hours']}")
            period_count += 1
            for (of, component), amount in computed.items():
                if of == period and not component.endswith("_exact") and component != "hours":
                    number += 1
                    if abs((row.get(component) or 0) - float(amount)) >= SAME:
                        wrong.append(f"{meter.name}, {period}: {component} is {row.get(component)} instead of {float(amount)}")
    return Bills(hour_count, period_count, number, wrong[:SHOWN])


# --- everything ---


class Found(NamedTuple):
    """What was compared, and what is wrong."""

    points: Points
    settings: Points
    health: Health
    bills: Bills
    outside: list[str]
    grown: list[str]
    dropped: list[str]
    """What Telegraf says of metrics that it dropped."""

    def wrong(self) -> list[str]:
        """All of it. Nothing, if all is well."""
        parts = (self.points.wrong, self.outside, self.settings.wrong, self.health.wrong, self.bills.wrong, self.grown, self.dropped)
        return [sentence for part in parts for sentence in part]


def everything(told: Told, say: Callable[[str], None]) -> Found:
    """Compare everything. At last, have the bills computed, and compare them, too."""
    say("comparing every point")
    dropped = [line for line in told.log.splitlines() if "dropped" in line]
    compared = points(told), settings(told), health(told)
    elsewhere = outside(told)
    say(f"{compared[0].points} points and {compared[0].values} values of electricity compared: {compared[0].wrong or 'nothing wrong'}")
    say("having the bills computed")
    settle(told)
    return Found(*compared, bills(told), elsewhere, growth(told.samples), dropped)


# --- what the processes used ---


def life_of(samples: list[Sample]) -> list[Sample]:
    """The samples of the longest life of the plugin."""
    longest = Counter(sample.life for sample in samples).most_common(1)[0][0]
    return [sample for sample in samples if sample.life == longest]


def growth(samples: list[Sample], slack_kb: int = SLACK_KB) -> list[str]:
    """What is higher in the second half of the plugin's longest life than in its first quarter."""
    life = life_of(samples)
    early, late = life[: max(1, len(life) // 4)], life[len(life) // 2 :]
    return [
        f"{name} rose from {most} to {now}"
        for name, slack in (("descriptors", 0), ("threads", 0), ("plugin_kb", slack_kb))
        if (now := max(getattr(sample, name) for sample in late)) > (most := max(getattr(sample, name) for sample in early)) + slack
    ]


def _shown(utc_s: int) -> str:
    return datetime.fromtimestamp(utc_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
