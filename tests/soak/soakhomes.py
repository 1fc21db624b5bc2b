"""Four homes and their meters: what each shows at each moment, as telegrams on the line and as the numbers that must be in the database.

This is the list of what was sent. It shares nothing with `telegraf_han`, not even its simulator. Powers depend only on the seed, the meter and
the day. Registers are their exact integral. So the same year can be told twice: once to send it, and once to compare it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from math import cos, pi
from typing import NamedTuple
from zoneinfo import ZoneInfo

import fractionbill

import p1telegrams
import radiotelegrams

WARSAW = ZoneInfo("Europe/Warsaw")
HOUR_S = 3600
DAY_S = 86_400
LIMITS = (16_500, 16_600, 16_700)
DSM = (120, 340)
MODE = 3


class Reading(NamedTuple):
    """What a meter shows at a moment."""

    utc_s: int
    imported: tuple[int, int, int]
    """Wh: the total, zone 1, zone 2."""
    exported: tuple[int, int, int]
    power_w: int
    """From the grid; below zero into it."""
    reactive_var: int
    volts_dv: tuple[int, int, int]


class Meter(NamedTuple):
    """A meter: its name is that of the tariff in tests/households."""

    name: str
    model: str
    serial: str
    interface: str
    ciphered: bool
    offset_s: int
    """Seconds after the begin of a round."""
    size_w: int
    roof_w: int = 0


METERS = (
    Meter("g11", "GAMA350", "35000011", "p1", True, 3, 400),
    Meter("g12", "MA309M", "30000012", "p1", False, 11, 800),
    Meter("g12w", "GAMA350", "35000013", "wmbus", True, 20, 600),
    Meter("net", "GAMA350", "35000014", "wmbus", True, 31, 500, 4000),
)
BY_DAY = (3, 3, 3, 3, 3, 4, 7, 9, 8, 6, 6, 6, 8, 7, 6, 6, 8, 10, 13, 14, 13, 11, 8, 5)
"""How the use of a day is spread over its hours."""


def readings(meter: Meter, seed: int, start_s: int, stop_s: int, every_s: int) -> Iterator[Reading]:
    """All readings of a meter, one every `every_s` from `start_s + offset_s` on."""
    roll = random.Random(f"{seed} {meter.name}")
    taken = [roll.randrange(10**6, 10**7) * HOUR_S for _ in range(2)]
    given = [roll.randrange(10**5, 10**6) * HOUR_S if meter.roof_w else 0 for _ in range(2)]
    day = -1
    for begin_s in range(start_s, stop_s, every_s):
        if begin_s // DAY_S != day:
            day = begin_s // DAY_S
            roll = random.Random(f"{seed} {meter.name} {day}")
            busy = roll.uniform(0.5, 1.5) * meter.size_w / 7
            sun = roll.uniform(0.1, 1.0) * meter.roof_w * (0.6 - 0.4 * cos(2 * pi * (day % 365.25) / 365.25))
        utc_s = begin_s + meter.offset_s
        local_hour, zone = hour_of(meter.name, utc_s // HOUR_S)
        light = -cos(2 * pi * (utc_s % DAY_S + 5000) / DAY_S) if meter.roof_w else 0.0
        power_w = int(BY_DAY[local_hour] * busy * roll.random() * 1.5) - int(max(light, 0.0) * sun)
        flicker = roll.randrange(200)
        yield Reading(
            utc_s,
            (sum(taken) // HOUR_S, taken[0] // HOUR_S, taken[1] // HOUR_S),
            (sum(given) // HOUR_S, given[0] // HOUR_S, given[1] // HOUR_S),
            power_w,
            power_w // 5 - flicker,
            (2300 + flicker, 2310 - flicker // 2, 2305 + flicker // 3),
        )
        (taken if power_w >= 0 else given)[zone - 1] += abs(power_w) * every_s


@lru_cache(64)
def hour_of(name: str, hour: int) -> tuple[int, int]:
    """The hour that a clock in Warsaw shows, and the zone in which the meter counts."""
    local = datetime.fromtimestamp(hour * HOUR_S, WARSAW)
    return local.hour, 2 if fractionbill.cheap(name, local) else 1


# --- what is on the line ---


def telegram(meter: Meter, reading: Reading, clock_s: int, number: int) -> bytes:
    """The telegram of a reading. Its clock shows `clock_s`."""
    return _cable(meter, reading, clock_s) if meter.interface == "p1" else _radio(meter, reading, clock_s, number)


@lru_cache(64)
def _stamp_of_hour(hour: int) -> tuple[str, str]:
    local = datetime.fromtimestamp(hour * HOUR_S, UTC).astimezone(WARSAW)
    return f"{local:%y%m%d%H}", "S" if local.dst() else "W"


def _kwh(wh: int) -> str:
    return f"{wh // 1000 % 10**6:06}.{wh % 1000:03}*kWh"


def _kilo(value: int, unit: str) -> str:
    return f"{value // 1000:02}.{value % 1000:03}*k{unit}"


def _cable(meter: Meter, reading: Reading, clock_s: int) -> bytes:
    hour, rest = divmod(clock_s, HOUR_S)
    begin, season = _stamp_of_hour(hour)
    lines = [f"0-0:1.0.0({begin}{rest // 60:02}{rest % 60:02}{season})"]
    for direction, register in ((1, reading.imported), (2, reading.exported)):
        lines += [f"1-0:{direction}.8.{zone}({_kwh(wh)})" for zone, wh in enumerate((*register, 0, 0))]
    lines += [f"1-0:1.7.0({_kilo(max(reading.power_w, 0), 'W')})", f"1-0:2.7.0({_kilo(max(-reading.power_w, 0), 'W')})"]
    if meter.model == "MA309M":
        reactive = reading.reactive_var
        lines += [f"1-0:3.7.0({_kilo(max(reactive, 0), 'var')})", f"1-0:4.7.0({_kilo(max(-reactive, 0), 'var')})"]
        lines += [f"1-0:{code}.7.0({volts // 10:03}.{volts % 10}*V)" for code, volts in zip((32, 52, 72), reading.volts_dv, strict=True)]
    lines += ["0-0:96.13.0()", f"0-0:96.1.0({meter.serial.encode().hex().upper()})"]
    lines += [f"0-0:17.0.0({limit:05})" for limit in LIMITS]
    lines += [f"0-0:94.98.31({DSM[0]:05})", f"0-0:94.98.32({DSM[1]:05})", f"0-0:94.98.33({MODE})"]
    lines.append(f"0-0:96.1.1({TYPES[meter.model].encode().hex().upper()})")
    text = "".join(f"{line}\r\n" for line in lines).encode()
    return (p1telegrams.stoen if meter.ciphered else p1telegrams.plain)(text, IDENTS[meter.model])


IDENTS = {"GAMA350": b"/EGM5G35\r\n\r\n", "MA309M": b"/KFM5KAIFA-METER\r\n\r\n"}
TYPES = {"GAMA350": "GAMA 350", "MA309M": "MA309M"}
_ZONES = ("0e", "8e10", "8e20", "8e30", "8e8010")


def _radio(meter: Meter, reading: Reading, clock_s: int, number: int) -> bytes:
    """A telegram as it is on the air, without the link's CRCs."""
    records = [("066d", radiotelegrams.clock(clock_s)), ("0c78", radiotelegrams.bcd(int(meter.serial), 4))]
    records += [(f"{zone}03", radiotelegrams.bcd(wh, 6)) for zone, wh in zip(_ZONES, (*reading.imported, 0, 0), strict=True)]
    records += [(f"{zone}833c", radiotelegrams.bcd(wh, 6)) for zone, wh in zip(_ZONES, (*reading.exported, 0, 0), strict=True)]
    numbers = (max(reading.power_w, 0), max(-reading.power_w, 0), *LIMITS, *DSM)
    headers = ("0b2b", "0bab3c", "0babc8ff13", "0babc8ff15", "0babc8ff16", "0babc8ff17", "0babc8ff18")
    records += [(header, radiotelegrams.bcd(value, 3)) for header, value in zip(headers, numbers, strict=True)]
    records.append(("09ff19", radiotelegrams.bcd(MODE, 1)))
    body = b"".join(bytes.fromhex(header) + data for header, data in records)
    return radiotelegrams.mode_5(meter.serial, number & 0xFF, body)


# --- what must be in the database ---

_LIMITER = (
    "limiter_threshold_active_w", "limiter_threshold_normal_w", "limiter_threshold_emergency_w",
    "dsm_threshold_1_w", "dsm_threshold_2_w", "limiter_mode",
)  # fmt: skip
_ENERGY = tuple(f"active_energy_{way}_{zone}wh" for way in ("import", "export") for zone in ("", "t1_", "t2_", "t3_", "t4_"))
_POWER = ("active_power_import_w", "active_power_export_w")
_MORE = ("reactive_power_import_var", "reactive_power_export_var", "voltage_l1_v", "voltage_l2_v", "voltage_l3_v")


def fields(meter: Meter) -> tuple[str, ...]:
    """The fields of a meter's points, in the order of `values`."""
    more = {"MA309M": _MORE}.get(meter.model, ())
    return (*_ENERGY, *_POWER, *_LIMITER, *more, *(("meter_status",) if meter.interface == "wmbus" else ()))


def values(meter: Meter) -> Callable[[Reading], tuple[float, ...]]:
    """Makes the values of a reading."""
    fixed = (*LIMITS, *DSM, MODE)
    is_radio, has_more = meter.interface == "wmbus", meter.model == "MA309M"

    def made(reading: Reading) -> tuple[float, ...]:
        power, reactive = reading.power_w, reading.reactive_var
        found: tuple[float, ...] = (*reading.imported, 0, 0, *reading.exported, 0, 0, max(power, 0), max(-power, 0), *fixed)
        if has_more:
            found += (max(reactive, 0), max(-reactive, 0), *(volts / 10 for volts in reading.volts_dv))
        return (*found, 0) if is_radio else found

    return made
