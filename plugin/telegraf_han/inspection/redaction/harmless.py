"""Holds what may be published of a telegram. Everything that is not in this list is replaced.

The list is short on purpose. A serial number can look like a quantity, a time stamp or a version. So a value is kept only if its code is
known to hold such a value, if its form and range are those of such a value, and if it has no digits of a number that identifies the meter.
"""

import re
from collections.abc import Sequence
from typing import Final

from telegraf_han import obis, units
from telegraf_han.inspection.redaction.numbers import Numbers
from telegraf_han.p1.dialects import IDENTS, MODELS, WITHOUT_RADIO

# What is kept and what is replaced, in the words of the report.
QUANTITY: Final = "quantities in their unit and range"
CLOCK: Final = "clocks"
STATE: Final = "counts and states"
MODEL: Final = "known models"
VERSION: Final = "versions"
MAKER: Final = "makers' letters"
IDENTIFIERS: Final = "identifiers"
CARRIERS: Final = "values with digits of an identifier, or out of their form or range"

KNOWN_IDENTS: Final = (*IDENTS, "ISk5\\2MT382-1000")
"""Idents that say a type and no number. The last one is the example of DSMR's companion."""
KNOWN_MODELS: Final = frozenset((*MODELS.values(), *WITHOUT_RADIO))

LIMITS: Final = {
    # base unit: the largest number that a meter of a house, a shop or a workshop can show
    "Wh": 1e10,
    "varh": 1e10,
    "VAh": 1e10,
    "W": 1e6,
    "var": 1e6,
    "VA": 1e6,
    "V": 1e3,
    "A": 1e3,
    "Hz": 100,
    "m3": 1e6,
    "J": 1e13,
    "s": 1e9,
    "h": 3e5,
    "d": 2e4,
    "%": 1e3,
    "deg": 360,
    "°C": 1e3,
    "dBm": 200,
    "": 100,
}
"""With the unit "", a factor or a small count. A unit that is not here belongs to no known quantity."""
_COUNT_LIMIT: Final = 10_000
"""Counters of events go higher than states do."""
_COUNTERS: Final = frozenset(("power_failures", "long_power_failures", "reset_counter")) | {
    f"voltage_{what}_l{phase}" for what in ("sags", "swells") for phase in (1, 2, 3)
}
_VALUE: Final = re.compile(rb"([+-]?\d{1,10}(?:\.\d{1,4})?)(?:\*([^*]{1,8}))?")
_STAMP: Final = re.compile(rb"(\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?)[SWsw]?")
_CLOCKS: Final = {
    # C.D.E: forms
    "1.0.0": (_STAMP, re.compile(rb"20\d\d([-/.]?)[01]\d\1[0-3]\d[ T]?[0-2]\d(:?)[0-5]\d(?:\2[0-5]\d)?[SWsw]?")),
    "0.9.1": (re.compile(rb"[0-2]\d(:?)[0-5]\d\1[0-5]\d[SWsw]?"),),
    "0.9.2": (re.compile(rb"(?:20)?\d\d([-/.]?)[01]\d\1[0-3]\d"),),
}
_SHORT_CLOCK_DIGITS: Final = 8
"""Digits at most of a time alone or a date alone."""
_STATE_WORDS: Final = re.compile(rb"NaN|ON|OFF|TARIFF \d|[-?]+", re.IGNORECASE)
"""Words under a code of a number that are known to say a state, or that there is no value."""
_VERSION: Final = re.compile(rb"[A-Za-z]?\d{1,2}(?:\.\d{1,3}){0,3}")
_VERSION_DIGITS: Final = 4
"""Digits at most in a text that names a version. A serial number has more."""
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_CHANNEL: Final = re.compile(r"0-[1-9]\d?:24\.([1-4])\.\d{1,2}")
"""What an M-Bus channel says about its device: 1 the type, 2 the reading, 3 the reading of DSMR 2.2, 4 the valve."""
_DEVICE_TYPE: Final = re.compile(rb"0{0,2}\d{1,2}")
_SMALL: Final = re.compile(rb"\d{1,2}")
_OLD_READING_GROUPS: Final = 6
"""DSMR 2.2: `(stamp)(00)(60)(1)(0-1:24.2.1)(m3)`. The value is in the next line."""


def reasons(code: str, groups: Sequence[bytes], numbers: Numbers) -> tuple[str, ...]:
    """Why each group of a data line may be published, or "" for a group that may not."""
    nothing = ("",) * len(groups)
    base = code.partition("*")[0]
    channel = _CHANNEL.fullmatch(base)
    if channel is not None:
        return _of_channel(channel[1], groups, numbers) or nothing
    row = obis.row(base)
    forms = _CLOCKS.get(base.partition(":")[2])
    if forms is not None:
        return (CLOCK,) if len(groups) == 1 and _is_clock(groups[0], forms, numbers) else nothing
    if base == obis.MODEL:
        return (MODEL,) if len(groups) == 1 and is_model(_text_of(groups[0])) else nothing
    if row.kind == "text" and len(groups) == 1:
        return (VERSION,) if is_version(groups[0]) and not numbers.known.carries(digits_of(groups[0])) else nothing
    if row.kind != "number" or not row.name:
        return nothing
    if not row.unit:
        return (STATE,) if len(groups) == 1 and _is_state(groups[0], row.name, numbers) else nothing
    return _readings(groups, row.unit, numbers) or nothing


def awaited(groups: Sequence[bytes]) -> str:
    """The unit of the value that stands in the next line, "" if none does."""
    is_opening = len(groups) == _OLD_READING_GROUPS and _CHANNEL.fullmatch(groups[-2].decode("latin-1"))
    unit = base_unit(groups[-1])[0] if is_opening else ""
    return unit if unit in LIMITS else ""


def is_quantity(value: bytes, unit: str, numbers: Numbers) -> bool:
    """Whether a value has the form and range of a quantity in this base unit, and no digits of the meter's number."""
    found = _VALUE.fullmatch(value)
    if found is None:
        return False
    sent, exponent = base_unit(found[2] or b"")
    if sent not in (unit, ""):
        return False
    return plausible(float(found[1]) * 10.0**exponent, unit) and not numbers.known.carries(digits_of(found[1]))


def plausible(value: float, unit: str) -> bool:
    """Whether a meter can show this value."""
    return unit in LIMITS and abs(value) < LIMITS[unit]


def is_channel(code: str) -> bool:
    """Whether this is a code of an M-Bus channel's reading."""
    return _CHANNEL.fullmatch(code) is not None


def is_stamp(value: bytes) -> bool:
    """Whether a value is a possible time stamp."""
    return _STAMP.fullmatch(value) is not None


def is_version(text: bytes) -> bool:
    """Whether a text is a version and too short for a serial number."""
    return not text.strip(b"0") or (_VERSION.fullmatch(text) is not None and len(digits_of(text)) <= _VERSION_DIGITS)


def is_model(text: bytes) -> bool:
    """Whether a text is the name of a known model."""
    return text.decode("latin-1").replace(" ", "").rstrip("\0\xff") in KNOWN_MODELS


def base_unit(raw: bytes) -> tuple[str, int]:
    """Base unit and power of ten of a unit as sent. ("?", 0) for an unknown one. Some meters write m³ with one byte, some in UTF-8."""
    spelling = raw.decode("latin-1").replace("Â", "").replace("³", "3")
    return units.base(spelling) if not spelling or units.known(spelling) else ("?", 0)


def digits_of(text: bytes) -> str:
    """All digits of a text as one number."""
    return bytes(octet for octet in text if chr(octet) in "0123456789").decode("ascii")


def _is_clock(value: bytes, forms: Sequence[re.Pattern[bytes]], numbers: Numbers) -> bool:
    """Whether a value is a time or a date. One without the other is short enough to be a part of the meter's number."""
    digits = digits_of(value)
    is_suspect = numbers.known.carries if len(digits) <= _SHORT_CLOCK_DIGITS else numbers.known.holds
    return any(form.fullmatch(value) for form in forms) and not is_suspect(digits)


def _readings(groups: Sequence[bytes], unit: str, numbers: Numbers) -> tuple[str, ...]:
    """A value alone, or with a time stamp before or behind it. () for anything else."""
    if len(groups) == 1:
        return (QUANTITY,) if is_quantity(groups[0], unit, numbers) else ()
    if len(groups) != 2:  # noqa: PLR2004, stamp and value
        return ()
    stamps = tuple(is_stamp(group) and not numbers.known.holds(digits_of(group)) for group in groups)
    for at, other in ((0, 1), (1, 0)):
        if stamps[at] and is_quantity(groups[other], unit, numbers):
            return (CLOCK, QUANTITY) if other else (QUANTITY, CLOCK)
    return ()


def _of_channel(what: str, groups: Sequence[bytes], numbers: Numbers) -> tuple[str, ...]:
    """What an M-Bus channel says. () if it is not known to be harmless."""
    if what in "14":
        return (STATE,) if len(groups) == 1 and _DEVICE_TYPE.fullmatch(groups[0]) else ()
    if what == "2":
        _, _, spelling = groups[-1].partition(b"*") if len(groups) > 1 else groups[0].partition(b"*")
        unit = base_unit(spelling)[0] or "m3"
        return _readings(groups, unit, numbers) if unit in LIMITS else ()
    if not awaited(groups) or not is_stamp(groups[0]) or numbers.known.holds(digits_of(groups[0])):
        return ()
    return (CLOCK, STATE, STATE, STATE, STATE, STATE) if all(map(_SMALL.fullmatch, groups[1:4])) else ()


def _is_state(value: bytes, name: str, numbers: Numbers) -> bool:
    """Whether a value is a small number or a word that says a state."""
    if _STATE_WORDS.fullmatch(value):
        return True
    found = _VALUE.fullmatch(value)
    if found is None or found[2]:
        return False
    limit = _COUNT_LIMIT if name in _COUNTERS else LIMITS[""]
    return abs(float(found[1])) < limit and not numbers.known.carries(digits_of(value))


def _text_of(value: bytes) -> bytes:
    """The text that hex stands for, or the value itself."""
    return bytes.fromhex(value.decode("ascii")) if _HEX.fullmatch(value) else value
