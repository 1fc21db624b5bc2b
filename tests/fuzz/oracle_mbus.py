"""The oracle of M-Bus records: what each record says, by EN 13757-3:2018, and its OBIS code, by OMS Volume 2 and IEC 62056-61.

It imports nothing of `telegraf_han`, and it is simple rather than fast: it walks the octets one by one, and numbers are exact fractions.
What it does not know (makers' own VIFEs, units that are spelt out) it calls unjudged, and the fuzzer counts that.
"""

import struct
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

WARSAW = ZoneInfo("Europe/Warsaw")
LARGEST = 2**53
SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 4, 6: 6, 7: 8, 9: 1, 10: 2, 11: 3, 12: 4, 14: 6}
SECONDS = (1, 60, 3600, 86400)


class What(NamedTuple):
    """What DIB and VIB of a record say."""

    quantity: str
    unit: str
    power: int
    factor: int = 1
    kind: str = "number"
    words: frozenset = frozenset()
    no_value: bool = False


class Record(NamedTuple):
    """One record."""

    header: bytes
    data: bytes


class Cut(NamedTuple):
    """The records of a telegram."""

    records: tuple
    whole: bool
    """Whether the oracle knows where every record ends. False behind a unit that is spelt out."""


def _run(first, last, quantity, unit, power):
    return {first + step: What(quantity, unit, power + step) for step in range(last - first + 1)}


def _times(first, quantity):
    return {first + step: What(quantity, "s", 0, SECONDS[step]) for step in range(4)}


def _same(codes, kind):
    return {code: What(quantity, "", 0, 1, kind) for code, quantity in codes.items()}


# Table 10 of the norm.
PRIMARY = {
    **_run(0x00, 0x07, "active_energy", "Wh", -3),
    **_run(0x08, 0x0F, "energy", "J", 0),
    **_run(0x10, 0x17, "volume", "m3", -6),
    **_run(0x18, 0x1F, "mass", "kg", -3),
    **_times(0x20, "on_time"),
    **_times(0x24, "operating_time"),
    **_run(0x28, 0x2F, "active_power", "W", -3),
    **_run(0x30, 0x37, "power", "J/h", 0),
    **_run(0x38, 0x3F, "volume_flow", "m3/h", -6),
    **_run(0x40, 0x47, "volume_flow", "m3/min", -7),
    **_run(0x48, 0x4F, "volume_flow", "m3/s", -9),
    **_run(0x50, 0x57, "mass_flow", "kg/h", -3),
    **_run(0x58, 0x5B, "flow_temperature", "°C", -3),
    **_run(0x5C, 0x5F, "return_temperature", "°C", -3),
    **_run(0x60, 0x63, "temperature_difference", "K", -3),
    **_run(0x64, 0x67, "external_temperature", "°C", -3),
    **_run(0x68, 0x6B, "pressure", "bar", -3),
    **_times(0x70, "averaging_duration"),
    **_times(0x74, "actuality_duration"),
    **_same({0x6C: "date", 0x6D: "date_time"}, "date"),
    **_same({0x78: "fabrication_number", 0x79: "identification"}, "identity"),
    0x6E: What("heat_cost_units", "", 0),
    0x7A: What("bus_address", "", 0),
    0x7F: What("makers_own", "", 0),
}
# Table 12, behind FB.
BEHIND_FB = {
    **_run(0x00, 0x01, "active_energy", "Wh", 5),
    **_run(0x02, 0x03, "reactive_energy", "varh", 3),
    **_run(0x04, 0x05, "apparent_energy", "VAh", 3),
    **_run(0x08, 0x09, "energy", "J", 8),
    **_run(0x0C, 0x0F, "energy", "cal", 5),
    **_run(0x10, 0x11, "volume", "m3", 2),
    **_run(0x14, 0x17, "reactive_power", "var", 0),
    **_run(0x18, 0x19, "mass", "kg", 5),
    **_run(0x1A, 0x1B, "relative_humidity", "%", -1),
    **_run(0x28, 0x29, "active_power", "W", 5),
    0x2A: What("phase_angle_voltage", "deg", -1),
    0x2B: What("phase_angle_current", "deg", -1),
    **_run(0x2C, 0x2F, "frequency", "Hz", -3),
    **_run(0x30, 0x31, "power", "J/h", 8),
    **_run(0x34, 0x37, "apparent_power", "VA", 0),
    **_run(0x74, 0x77, "temperature_limit", "°C", -3),
    **_run(0x78, 0x7F, "active_power_cumulated_max", "W", -3),
}
# Table 14, behind FD.
BEHIND_FD = {
    **_run(0x00, 0x03, "credit", "", -3),
    **_run(0x04, 0x07, "debit", "", -3),
    **_same({0x08: "message_number", 0x09: "device_type"}, "count"),
    **_same(dict.fromkeys((*range(0x0A, 0x14), 0x14, 0x15), "identity") | {0x0E: "firmware", 0x0F: "firmware"}, "identity"),
    **_same({0x17: "error_flags"}, "bits"),
    **_same(dict.fromkeys((0x18, 0x1A, 0x1B, 0x1F, 0x23, 0x2B, 0x62, 0x65, 0x66, 0x67, 0x72, 0x73), "flags"), "flags"),
    **_same({0x20: "first_storage", 0x21: "last_storage", 0x22: "storage_block"}, "count"),
    **_same({0x60: "reset_counter", 0x61: "cumulation_counter", 0x63: "day_of_week", 0x64: "week_number", 0x75: "meter_stops"}, "count"),
    **_same({0x30: "tariff_start", 0x70: "battery_change"}, "date"),
    0x1C: What("baud_rate", "Bd", 0),
    0x1D: What("response_delay", "", 0),
    0x1E: What("retries", "", 0),
    **_times(0x24, "storage_interval"),
    0x28: What("storage_interval", "months", 0),
    0x29: What("storage_interval", "years", 0),
    **_times(0x2C, "since_readout"),
    **{0x30 + step: What("tariff_duration", "s", 0, SECONDS[step]) for step in (1, 2, 3)},
    **_times(0x34, "tariff_period"),
    0x38: What("tariff_period", "months", 0),
    0x39: What("tariff_period", "years", 0),
    0x3A: What("dimensionless", "", 0),
    **_times(0x3C, "transmission_period"),
    **_run(0x40, 0x4F, "voltage", "V", -9),
    **_run(0x50, 0x5F, "current", "A", -12),
    **{
        code + step: What(quantity, "s", 0, SECONDS[2 + step])
        for code, quantity in ((0x68, "since_cumulation"), (0x6C, "battery_operating_time"))
        for step in (0, 1)
    },
    0x6A: What("since_cumulation", "months", 0),
    0x6B: What("since_cumulation", "years", 0),
    0x6E: What("battery_operating_time", "months", 0),
    0x6F: What("battery_operating_time", "years", 0),
    0x71: What("reception_level", "dBm", 0),
    0x74: What("battery_life", "d", 0),
}
RESERVED = What("", "", 0)
# Table 15: units in the denominator, or time as a factor.
PER = [
    "/s",
    "/min",
    "/h",
    "/d",
    "/week",
    "/month",
    "/a",
    "/revolution",
    "/pulse",
    "/pulse",
    "/pulse",
    "/pulse",
    "/l",
    "/m3",
    "/kg",
    "/K",
    "/kWh",
    "/GJ",
    "/kW",
    "/(K*l)",
    "/V",
    "/A",
    "*s",
    "*s/V",
    "*s/A",
]
SAYINGS = {0x3C: "backward", 0x12: "average", 0x40: "lower limit", 0x48: "upper limit"}
PROFILES = {0x13, 0x1E, 0x1F}
ERRORS = {*range(0x01, 0x08), *range(0x0B, 0x10), 0x15, 0x16, 0x17, 0x18, 0x1C}
DATES = {0x39, 0x42, 0x43, 0x46, 0x47, 0x4A, 0x4B, 0x4E, 0x4F, 0x6A, 0x6B, 0x6E, 0x6F}
PHASES = {
    0x01: "l1",
    0x02: "l2",
    0x03: "l3",
    0x04: "neutral",
    0x05: "l1-l2",
    0x06: "l2-l3",
    0x07: "l3-l1",
    0x08: "q1",
    0x09: "q2",
    0x0A: "q3",
    0x0B: "q4",
    0x0C: "net",
    0x10: "sum",
}


def cut(octets):
    """The records of octets, up to those that are none."""
    found = []
    at = 0
    while at < len(octets):
        if octets[at] == 0x2F:
            at += 1
            continue
        if octets[at] in (0x0F, 0x1F):
            found.append(Record(octets[at : at + 1], octets[at + 1 :]))
            break
        end, whole = _header_end(octets, at)
        if not whole:
            return Cut(tuple(found), whole=False)
        size = None if end is None else _size(octets, at, end)
        if size is None or end + size > len(octets):
            break
        found.append(Record(octets[at:end], octets[end : end + size]))
        at = end + size
    return Cut(tuple(found), whole=True)


def _header_end(octets, at):
    """Where a header ends. None if it does not end, or is none. The second value is False for a unit that is spelt out."""
    field = octets[at] & 0x0F
    if field not in SIZES and field != 0x0D:
        return None, True
    for part in ("DIB", "VIB"):
        if part == "VIB" and at < len(octets) and octets[at] & 0x7F == 0x7C:
            return None, False
        extensions = 0
        while at < len(octets) and octets[at] & 0x80:
            at, extensions = at + 1, extensions + 1
        if at >= len(octets) or extensions > 10:
            return None, True
        at += 1
    return at, True


def _size(octets, start, end):
    """Bytes of data. None if nobody knows."""
    field = octets[start] & 0x0F
    if field != 0x0D:
        return SIZES[field]
    if end >= len(octets):
        return None
    length = variable(octets[end])
    return None if length is None else 1 + length


def variable(lvar):
    """Bytes behind the length byte of a variable field."""
    if lvar <= 0xBF:
        return lvar
    if lvar >> 4 in (0xC, 0xD):
        return lvar & 0x0F if lvar & 0x0F <= 9 else None
    if lvar >> 4 == 0xE:
        return lvar & 0x0F
    return {0xF0: 16, 0xF1: 20, 0xF2: 24, 0xF3: 28, 0xF4: 32, 0xF5: 48, 0xF6: 64}.get(lvar)


@lru_cache(20000)
def meaning(header):
    """What a header says, and its function, storage, tariff and subunit."""
    at = 0
    storage, tariff, subunit = header[0] >> 6 & 1, 0, 0
    while header[at] & 0x80:
        at += 1
        storage += (header[at] & 0x0F) << 4 * at - 3
        tariff += (header[at] >> 4 & 3) << 2 * at - 2
        subunit += (header[at] >> 6 & 1) << at - 1
    return _what(header[at + 1 :]), header[0] >> 4 & 3, storage, tariff, subunit


def _what(vib):
    """What VIF and VIFEs say."""
    code, rest = vib[0] & 0x7F, vib[1:]
    if vib[0] == 0xFB:
        what, rest = BEHIND_FB.get(rest[0] & 0x7F, RESERVED), rest[1:]
    elif vib[:2] == b"\xfd\xfd":
        what, rest = RESERVED, rest[2:]
    elif vib[0] == 0xFD:
        what, rest = BEHIND_FD.get(rest[0] & 0x7F, RESERVED), rest[1:]
    elif vib[0] == 0xEF:
        what, rest = RESERVED, rest[1:]
    else:
        what = PRIMARY.get(code, RESERVED)
    makers, extended = code == 0x7F, False
    for octet in rest:
        vife = octet & 0x7F
        if makers:
            what = what._replace(words=what.words | {f"FF{vife:02X}"})
        elif extended:
            what, extended = _extended(what, vife), False
        elif octet == 0xFF:
            makers = True
        elif octet == 0xFC:
            extended = True
        else:
            what = _changed(what, vife)
    return what


def _extended(what, vife):
    """What a VIFE behind FC says (table 16)."""
    if vife == 0x11:
        return what._replace(kind="count") if what.kind == "number" else what
    if vife == 0x12:
        return what._replace(words=what.words | {"type d"}, kind="flags" if what.kind == "number" else what.kind)
    return what._replace(words=what.words | {PHASES.get(vife, f"FC{vife:02X}")})


def _changed(what, vife):
    """What a VIFE says (table 15)."""
    if vife in (0x00, 0x3B):
        return what
    if vife in ERRORS:
        return what._replace(no_value=True)
    if 0x70 <= vife <= 0x77:
        return what._replace(power=what.power + vife - 0x76)
    if vife == 0x7D:
        return what._replace(power=what.power + 3)
    if vife in DATES:
        return what._replace(kind="date", words=what.words | {f"VIFE{vife:02X}"})
    if 0x50 <= vife <= 0x67:
        return what._replace(unit="s", power=0, factor=SECONDS[vife & 3], kind="number", words=what.words | {f"VIFE{vife:02X}"})
    if vife in (0x41, 0x49):
        return what._replace(unit="", power=0, factor=1, kind="count", words=what.words | {f"VIFE{vife:02X}"})
    word = SAYINGS.get(vife, f"VIFE{vife:02X}")
    if 0x20 <= vife < 0x20 + len(PER):
        what = what._replace(unit=what.unit + PER[vife - 0x20] if what.unit else "")
    return what._replace(words=what.words | {word})


TEXT, NONE, BROKEN = "text", None, "broken"
"""What a value may be besides a number: some text, nothing, octets that are no value."""


def value(record):
    """What the data of a record say: a fraction with its tolerance, TEXT, NONE, BROKEN, or a date."""
    header, data = record
    field = header[0] & 0x0F
    if field == 0x0F:
        return TEXT
    what = meaning(header)[0]
    if what.no_value or not field:
        return NONE
    if field == 0x0D:
        return _variable_value(what, data)
    if what.kind == "date":
        return date(data) if field <= 7 and field != 5 and len(data) in (2, 3, 4, 6) else TEXT
    if what.kind in ("bits", "identity"):
        return NONE if what.kind == "identity" and field >= 9 and set(data) == {0xFF} else TEXT
    if field == 5:
        return _float(what, data)
    if field >= 9:
        return _kept(what, _bcd(data))
    return _kept(what, _integer(what, data))


def _variable_value(what, data):
    lvar, octets = data[0], data[1:]
    if (
        lvar <= 0xBF
        or what.kind in ("bits", "identity", "date")
        or not octets
        or len(octets) > 8
        or what.words & {f"VIFE{code:02X}" for code in PROFILES}
    ):
        return TEXT
    if lvar >= 0xE0:
        return _kept(what, _integer(what, octets))
    number = _bcd(octets)
    return _kept(what, -number if lvar >> 4 == 0xD and isinstance(number, int) else number)


def _integer(what, data):
    """Types B, C, D."""
    raw = int(data[::-1].hex(), 16)
    bits = 8 * len(data)
    if what.kind == "count":
        return NONE if raw == 2**bits - 1 else raw
    if what.kind == "flags":
        return raw
    if raw == 2 ** (bits - 1):
        return NONE
    return raw - 2**bits if raw >> bits - 1 else raw


def _bcd(data):
    """Type A."""
    digits = data[::-1].hex().upper()
    if not digits.strip("F"):
        return NONE
    negative = digits[0] == "F"
    digits = digits[negative:]
    if not digits.isdigit():
        return BROKEN
    return -int(digits) if negative else int(digits)


def _kept(what, number):
    """The number in base units. It is not given if no database would keep it."""
    if not isinstance(number, int):
        return number
    digits = number * what.factor
    if what.power >= 0:
        exact = digits * 10**what.power
    else:
        whole, rest = divmod(digits, 10**-what.power)
        exact = Fraction(digits, 10**-what.power) if rest else whole
    return BROKEN if abs(exact) > LARGEST else (exact, 0)


def _float(what, data):
    """Type H. Its decimal form may differ by half of the last of its 24 bits."""
    (number,) = struct.unpack("<f", data)
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124, not a number
        return NONE
    scale = what.factor * Fraction(10) ** what.power
    exact = Fraction(number) * scale
    return exact, max(abs(exact) / 2**23, scale * Fraction(1, 2**148))


class Date(NamedTuple):
    """A date, or a date and time."""

    text: str
    """What the text begins with, "" if only the moment is judged."""
    time_s: int | None
    """UTC. None if there is no time of day, or if the oracle cannot know the season."""


def date(data):
    """Types G, J, F and I."""
    if len(data) == 3:
        if data == b"\xff\xff\xff":
            return NONE
        second, minute, hour = data[0] & 0x3F, data[1] & 0x3F, data[2] & 0x1F
        return Date(f"{hour:02}:{minute:02}:{second:02}", None) if hour < 24 and minute < 60 and second < 60 else BROKEN
    low, high = (data[0], data[1]) if len(data) == 2 else (data[2], data[3]) if len(data) == 4 else (data[3], data[4])
    if (len(data) == 2 and data == b"\xff\xff") or low == high == 0 or (low >> 5) + (high >> 4) * 8 == 127:
        return NONE
    if (len(data) == 4 and data[0] & 0x80) or (len(data) == 6 and data[1] & 0x80):
        return NONE
    year = (low >> 5) + (high >> 4) * 8
    day = (1900 if year > 80 else 2000) + year, high & 0x0F, low & 0x1F
    if len(data) == 2:
        time = (0, 0, 0)
    elif len(data) == 4:
        time = data[1] & 0x1F, data[0] & 0x3F, 0
    else:
        time = data[2] & 0x1F, data[1] & 0x3F, data[0] & 0x3F
    try:
        wall = datetime(*day, *time, tzinfo=UTC)
    except ValueError:
        return BROKEN
    if len(data) == 2:
        return Date(wall.date().isoformat(), None)
    summer = data[1] & 0x80 if len(data) == 4 else data[0] & 0x40
    if summer:
        return Date("", int((wall - timedelta(hours=2)).timestamp()))
    if day[0] < 1996:
        return Date("", None)  # before the rule of summer time that holds today
    offsets = {wall.replace(tzinfo=WARSAW, fold=fold).utcoffset() for fold in (0, 1)}
    return Date("", int((wall - offsets.pop()).timestamp()) if len(offsets) == 1 else None)


GRID = {
    # quantity: group D, words of the direction → group C
    "active_energy": (8, {"": 1, "backward": 2, "sum": 15, "net": 16}),
    "reactive_energy": (8, {"": 3, "backward": 4, "q1": 5, "q2": 6, "q3": 7, "q4": 8}),
    "apparent_energy": (8, {"": 9, "backward": 10}),
    "active_power": (7, {"": 1, "backward": 2, "sum": 15, "net": 16}),
    "reactive_power": (7, {"": 3, "backward": 4, "q1": 5, "q2": 6, "q3": 7, "q4": 8}),
    "apparent_power": (7, {"": 9, "backward": 10}),
}
SINGLE = {
    ("voltage", ""): "1-0:12.7.0",
    ("voltage", "l1"): "1-0:32.7.0",
    ("voltage", "l2"): "1-0:52.7.0",
    ("voltage", "l3"): "1-0:72.7.0",
    ("voltage", "l1-l2"): "1-0:124.7.0",
    ("voltage", "l2-l3"): "1-0:125.7.0",
    ("voltage", "l3-l1"): "1-0:126.7.0",
    ("current", ""): "1-0:11.7.0",
    ("current", "l1"): "1-0:31.7.0",
    ("current", "l2"): "1-0:51.7.0",
    ("current", "l3"): "1-0:71.7.0",
    ("current", "neutral"): "1-0:91.7.0",
    ("frequency", ""): "1-0:14.7.0",
    ("phase_angle_voltage", "l1-l2"): "1-0:81.7.1",
    ("phase_angle_voltage", "l3-l1"): "1-0:81.7.2",
    ("phase_angle_current", "l1"): "1-0:81.7.4",
    ("phase_angle_current", "l2"): "1-0:81.7.15",
    ("phase_angle_current", "l3"): "1-0:81.7.26",
    ("date", ""): "1-0:0.9.2",
    ("date_time", ""): "0-0:1.0.0",
    ("firmware", ""): "1-0:0.2.0",
    ("reset_counter", ""): "1-0:0.1.0",
    ("fabrication_number", ""): "0-0:96.1.0",
    ("identification", ""): "0-0:96.1.255",
    ("error_flags", ""): "0-0:97.97.0",
    ("on_time", ""): "0-0:96.8.0",
    ("operating_time", ""): "0-0:96.8.0",
    ("battery_life", ""): "0-0:96.6.6",
}
LIMITS = {"FF13": "0-0:17.0.0", "FF15": "0-0:17.0.0", "FF16": "0-0:17.0.0", "FF17": "0-0:94.98.31", "FF18": "0-0:94.98.32"}
OLD_PHASES = {"FF01": "l1", "FF02": "l2", "FF03": "l3"}
ELECTRIC = {0x00, 0x02, 0x0E, 0x0F, 0x20, 0x31, 0x36, 0x37}


@lru_cache(20000)
def code(header, maker, device):
    """The OBIS code of a record of EGM or of a maker without habits of its own. None if it has none."""
    if header[0] in (0x0F, 0x1F):
        return None
    what, function, storage, tariff, subunit = meaning(header)
    found = None if function == 3 or subunit else _code(what, function, tariff, maker)
    if found is None or (device not in ELECTRIC and not found.startswith("0-")):
        return None
    return f"{found}*{storage}" if storage else found


def _code(what, function, tariff, maker):
    words = set(what.words)
    single = None
    if maker == "EGM" and what.quantity == "active_power" and len(words) == 2 and "upper limit" in words:
        single = LIMITS.get((words - {"upper limit"}).pop())
    if maker == "EGM" and (what.quantity, words) == ("makers_own", {"FF19"}):
        single = "0-0:94.98.33"
    if maker != "EGM" and (what.quantity, words) == ("current", {"FF04"}):
        single = "1-0:91.7.0"
    if single is not None:
        return single if not function and not tariff else None
    words = {OLD_PHASES.get(word, word) for word in words}
    kind = {1: "6", 2: "3"}.get(function, "")
    if not kind and "average" in words:
        kind, words = "4", words - {"average"}
    if what.quantity not in GRID:
        joined = words.pop() if len(words) == 1 else "" if not words else "?"
        return None if kind or tariff else SINGLE.get((what.quantity, joined))
    group_d, groups = GRID[what.quantity]
    phases = words & {"l1", "l2", "l3"}
    rest = words - phases
    group = groups.get(rest.pop() if len(rest) == 1 else "" if not rest else "?")
    if group is None or len(phases) > 1 or (phases and group > 10):
        return None
    group += 20 * int(phases.pop()[1]) if phases else 0
    if group_d == 8:
        return None if kind else f"1-0:{group}.8.{tariff}"
    if kind == "6":
        return f"1-0:{group}.6.{tariff}"
    return None if tariff else f"1-0:{group}.{kind or 7}.0"


UNITS = {"0-0:17.0.0": "W", "0-0:94.98.31": "W", "0-0:94.98.32": "W", "0-0:96.8.0": "s", "0-0:96.6.6": "d"}


def compared(records, columns, values):
    """Compare each value that came out with its record. Returns how many were compared, how many are unjudged, and what is wrong.

    `columns` are tuples of code, record, unit. `records` are those of `cut`, with the code of each (or "?" if the oracle does not judge codes).
    """
    good = 0
    for (record, own_code), (its_code, its_record, its_unit), found in zip(records, columns, values, strict=False):
        if its_record != record.header.hex().upper():
            return good, f"record {record.header.hex()} came out as {its_record}"
        if own_code not in ("?", its_code):
            return good, f"record {record.header.hex()} is {own_code}, but came out as {its_code}"
        said = value(record)
        wrong = _wrong(said, found)
        if wrong:
            return good, f"record {record.header.hex()} with {record.data.hex()}: {wrong}, but {found!r} came out"
        if isinstance(said, tuple) and isinstance(found, int | float) and own_code != "?":
            what = meaning(record.header)[0]
            unit = UNITS.get((own_code or "").partition("*")[0], what.unit)
            if its_unit != unit:
                return good, f"record {record.header.hex()} is in {unit}, but came out in {its_unit!r}"
        good += found is not None and not isinstance(found, str)
    return good, ""


def _wrong(said, found):
    """What is wrong with a value, "" if nothing is."""
    if said is NONE or said == BROKEN:
        return "" if found is None else "it has no value"
    if said == TEXT:
        return "" if found is None or isinstance(found, str) else "it is text"
    if isinstance(said, Date):
        if found is None or not isinstance(found, str):
            return f"it is {said}"
        if said.text:
            return "" if found == said.text else f"it is {said.text}"
        return "" if said.time_s is None or datetime.fromisoformat(found).timestamp() == said.time_s else f"it is {said.time_s}"
    exact, tolerance = said
    if found is None or isinstance(found, str):
        return f"it is {float(exact)}"
    if tolerance:
        return "" if abs(Fraction(found) - exact) <= tolerance else f"it is about {float(exact)}"
    if isinstance(found, int):
        return "" if exact == found else f"it is {exact}"
    return "" if not isinstance(exact, int) and float(exact) == found else f"it is {exact}"
