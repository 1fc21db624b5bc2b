"""The value information block (VIF and VIFE) into quantity, base unit, power of ten and what else it says of the value.

EN 13757-3:2018, 6.4, tables 10 (primary), 12 (behind FB), 14 (behind FD), 15 (VIFE) and 16 (behind VIFE FC). A row is a run of
codes whose exponent grows by one from each code to the next. Quantities are named as the OBIS registry names them where it does; a
code without row is reserved, its value stays a bare number and its record is kept under its hex. `words` are what VIFEs say, each
by a name of `_WORDS` or, where none is known, by its hex, so that no record with an unknown VIFE is taken for one without.
[seen] energies, powers, voltages, currents and their phases; the rest is the norm's.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from telegraf_han import units

Kind = Literal["number", "flags", "identity", "bits", "date"]
"""How data are read: `flags` are never negative nor invalid, `identity` is text and keeps leading zeros, `bits` is text in hex,
high byte first, as other interfaces give error flags, `date` is of types F, G, I or J."""


class Vib(NamedTuple):
    """What a value information block says."""

    quantity: str
    """"" where the code is reserved."""
    unit: str
    """Base unit."""
    exponent: int
    """Value in base units = data * 10**exponent * factor."""
    factor: int = 1
    kind: Kind = "number"
    words: frozenset[str] = frozenset()
    silent: bool = False
    """A VIFE says that there is no value (EN 13757-3, table 17): what stands there is none."""


_Row = tuple[int, int, str, str, int]

_PRIMARY: Final[tuple[_Row, ...]] = (
    # from  to    quantity                   unit    exponent of the first
    (0x00, 0x07, "active_energy",            "Wh",    -3),
    (0x08, 0x0F, "energy",                   "J",      0),
    (0x10, 0x17, "volume",                   "m3",    -6),
    (0x18, 0x1F, "mass",                     "kg",    -3),
    (0x28, 0x2F, "active_power",             "W",     -3),
    (0x30, 0x37, "power",                    "J/h",    0),
    (0x38, 0x3F, "volume_flow",              "m3/h",  -6),
    (0x40, 0x47, "volume_flow",              "m3/min", -7),
    (0x48, 0x4F, "volume_flow",              "m3/s",  -9),
    (0x50, 0x57, "mass_flow",                "kg/h",  -3),
    (0x58, 0x5B, "flow_temperature",         "°C",    -3),
    (0x5C, 0x5F, "return_temperature",       "°C",    -3),
    (0x60, 0x63, "temperature_difference",   "K",     -3),
    (0x64, 0x67, "external_temperature",     "°C",    -3),
    (0x68, 0x6B, "pressure",                 "bar",   -3),
    (0x6E, 0x6E, "heat_cost_units",          "",       0),
    (0x7A, 0x7A, "bus_address",              "",       0),
    (0x7C, 0x7C, "text_unit",                "",       0),
    (0x7F, 0x7F, "makers_own",               "",       0),
)  # fmt: skip

_BEHIND_FB: Final[tuple[_Row, ...]] = (
    (0x00, 0x01, "active_energy",            "Wh",     5),
    (0x02, 0x03, "reactive_energy",          "varh",   3),
    (0x04, 0x05, "apparent_energy",          "VAh",    3),
    (0x08, 0x09, "energy",                   "J",      8),
    (0x0C, 0x0F, "energy",                   "cal",    5),
    (0x10, 0x11, "volume",                   "m3",     2),
    (0x14, 0x17, "reactive_power",           "var",    0),
    (0x18, 0x19, "mass",                     "kg",     5),
    (0x1A, 0x1B, "relative_humidity",        "%",     -1),
    (0x28, 0x29, "active_power",             "W",      5),
    (0x2A, 0x2A, "phase_angle_voltage",      "deg",   -1),
    (0x2B, 0x2B, "phase_angle_current",      "deg",   -1),
    (0x2C, 0x2F, "frequency",                "Hz",    -3),
    (0x30, 0x31, "power",                    "J/h",    8),
    (0x34, 0x37, "apparent_power",           "VA",     0),
    (0x74, 0x77, "temperature_limit",        "°C",    -3),
    (0x78, 0x7F, "active_power_cumulated_max", "W",   -3),
)  # fmt: skip

_BEHIND_FD: Final[tuple[_Row, ...]] = (
    (0x00, 0x03, "credit",                   "",      -3),
    (0x04, 0x07, "debit",                    "",      -3),
    (0x3A, 0x3A, "dimensionless",            "",       0),
    (0x40, 0x4F, "voltage",                  "V",     -9),
    (0x50, 0x5F, "current",                  "A",    -12),
    (0x71, 0x71, "reception_level",          "dBm",    0),
)  # fmt: skip

_TIMES: Final = (("s", 1), ("s", 60), ("s", 3600), ("s", 86_400))
"""Second, minute, hour, day."""

_DURATIONS: Final = {
    # table and first of four codes (or the codes alone): quantity
    0x20: "on_time",
    0x24: "operating_time",
    0x70: "averaging_duration",
    0x74: "actuality_duration",
}
_DURATIONS_FD: Final = {
    0x24: "storage_interval",
    0x2C: "since_readout",
    0x34: "tariff_period",
    0x3C: "transmission_period",
}

_SINGLE: Final[dict[int, tuple[str, Kind]]] = {
    0x6C: ("date", "date"),
    0x6D: ("date_time", "date"),
    0x78: ("fabrication_number", "identity"),
    0x79: ("identification", "identity"),
}
_SINGLE_FD: Final[dict[int, tuple[str, Kind]]] = {
    0x08: ("message_number", "flags"),
    0x09: ("device_type", "flags"),
    0x0A: ("manufacturer", "identity"),
    0x0B: ("parameter_set", "identity"),
    0x0C: ("model", "identity"),
    0x0D: ("hardware_version", "identity"),
    0x0E: ("firmware", "identity"),
    0x0F: ("firmware", "identity"),
    0x10: ("customer_location", "identity"),
    0x11: ("customer", "identity"),
    0x17: ("error_flags", "bits"),
    0x18: ("error_mask", "flags"),
    0x1A: ("digital_output", "flags"),
    0x1B: ("digital_input", "flags"),
    0x30: ("tariff_start", "date"),
    0x60: ("reset_counter", "flags"),
    0x61: ("cumulation_counter", "flags"),
    0x66: ("parameter_state", "flags"),
    0x67: ("supplier_information", "flags"),
    0x70: ("battery_change", "date"),
}


def _spread(rows: tuple[_Row, ...], durations: dict[int, str], singles: dict[int, tuple[str, Kind]]) -> dict[int, Vib]:
    """One entry a code."""
    table = {
        first + step: Vib(quantity, unit, exponent + step)
        for first, last, quantity, unit, exponent in rows
        for step in range(last - first + 1)
    }
    for first, quantity in durations.items():
        table |= {first + step: Vib(quantity, unit, 0, factor) for step, (unit, factor) in enumerate(_TIMES)}
    return table | {code: Vib(quantity, "", 0, 1, kind) for code, (quantity, kind) in singles.items()}


_TABLES: Final = {
    # the VIF without bit 7, where the real one follows it: table
    0x7B: _spread(_BEHIND_FB, {}, {}),
    0x7D: _spread(_BEHIND_FD, _DURATIONS_FD, _SINGLE_FD) | {0x74: Vib("battery_life", "d", 0)},
}
_FIRST: Final = _spread(_PRIMARY, _DURATIONS, _SINGLE)
_RESERVED: Final = Vib("", "", 0)

TEXT: Final = 0x7C
"""VIF whose unit is text: a length and characters, the last first, right behind it."""
_BLOCKS_REMEMBERED: Final = 256
"""A meter has some 30 different ones."""
_MORE: Final = 0x80
_CODE: Final = 0x7F
_EXTENDED: Final = 0x7C
_MAKERS_OWN: Final = 0x7F

NO_VALUE: Final = frozenset((*range(0x01, 0x08), *range(0x0B, 0x10), 0x15, 0x16, 0x17, 0x18, 0x1C))
"""VIFEs by which a meter reports that it cannot say this value (EN 13757-3, table 17): no data, overflow, not implemented …"""

DATED: Final = frozenset((0x39, *(code | step for code in (0x42, 0x4A, 0x62, 0x6A) for step in (0, 1, 4, 5))))
"""VIFEs that make the value the date of something: start, begin or end of a limit being exceeded."""

_POWERS: Final = {
    # VIFE: exponent it adds
    **{0x70 + step: step - 6 for step in range(8)},
    0x7D: 3,
}
_NOTHING_NEW: Final = frozenset((0x00, 0x3B))
"""No error; only what flows forward, which a register of import is anyway."""

_WORDS: Final = {
    0x12: "average",
    0x13: "profile",
    0x1E: "profile",
    0x1F: "profile",
    0x3C: "backward",
    0x40: "lower limit",
    0x48: "upper limit",
    0x7E: "future",
}
_WORDS_EXTENDED: Final = {
    # behind VIFE FC
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
    0x11: "type c",
    0x12: "type d",
}


@lru_cache(_BLOCKS_REMEMBERED)
def vib(octets: bytes) -> Vib:
    """Read a whole value information block: VIF, the text of its unit if it has one, and VIFEs."""
    code, rest = octets[0] & _CODE, octets[1:]
    if octets[0] & _MORE and code in _TABLES:
        found, rest = _TABLES[code].get(rest[0] & _CODE, _RESERVED), rest[1:]
    elif code == TEXT:
        found, rest = _of_text(rest[1 : 1 + rest[0]]), rest[1 + rest[0] :]
    else:
        found = _FIRST.get(code, _RESERVED)
    exponent, kind, silent = found.exponent, found.kind, False
    words = []
    for space, vife in _vifes(rest, "FF" if code == _MAKERS_OWN else ""):
        word = _word(space, vife)
        exponent += _POWERS.get(vife, 0) if not space else 0
        kind = "date" if not space and vife in DATED else kind
        silent = silent or (not space and vife in NO_VALUE)
        words += [word] if word else []
    return found._replace(exponent=exponent, kind=kind, words=frozenset(words), silent=silent)


def _of_text(characters: bytes) -> Vib:
    """A unit spelled out, last character first."""
    spelled = "".join(character for character in characters[::-1].decode("latin-1") if character.isprintable()).strip()
    unit, exponent = units.base(spelled)
    return Vib("text_unit", unit, exponent)


def _vifes(octets: bytes, space: str) -> Iterator[tuple[str, int]]:
    """Each VIFE with its space: "" the norm's, FC the norm's extension for one VIFE, FF the maker's to the end."""
    for octet in octets:
        code = octet & _CODE
        if space == "" and code in (_EXTENDED, _MAKERS_OWN) and octet & _MORE:
            space = "FC" if code == _EXTENDED else "FF"
            continue
        yield space, code
        space = space if space == "FF" else ""


def _word(space: str, vife: int) -> str:
    """What a VIFE says, "" where that is nothing or is said elsewhere."""
    if space == "FC":
        return _WORDS_EXTENDED.get(vife, f"FC{vife:02X}")
    if space == "FF":
        return f"FF{vife:02X}"
    if vife in _NOTHING_NEW or vife in _POWERS or vife in NO_VALUE:
        return ""
    return _WORDS.get(vife, f"{vife:02X}")


def is_known(words: frozenset[str]) -> bool:
    """Whether the norm, or a maker, gives all these words a meaning; those that are only hex have none."""
    return all(word in _KNOWN or word.startswith("FF") for word in words)


_KNOWN: Final = frozenset((*_WORDS.values(), *_WORDS_EXTENDED.values()))
