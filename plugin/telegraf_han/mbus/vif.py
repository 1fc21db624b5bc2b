"""Reads the value information block (VIF and VIFE): quantity, base unit, power of ten, and all else that it says about the value.

EN 13757-3:2018, 6.4, tables 10 (primary), 12 (behind FB) and 14 (behind FD). A row is a run of codes. The exponent grows by one from each
code to the next. A quantity has the OBIS registry's name if the registry has one. A code without a row is reserved. Its value stays a bare
number, and its record is named by its hex. The module `vife` reads VIFEs. [seen] energies, powers, voltages, currents and their phases; the
rest is the norm's.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from telegraf_han import units
from telegraf_han.mbus import vife
from telegraf_han.mbus.vife import TIMES, Kind, Meaning, Space


class Vib(NamedTuple):
    """What a value information block says."""

    quantity: str
    """"" if the code is reserved."""
    unit: str
    """Base unit."""
    exponent: int
    """Value in base units = data * 10**exponent * factor."""
    factor: int = 1
    kind: Kind = "number"
    words: frozenset[str] = frozenset()
    """Words of VIFEs that are not in the fields above."""
    silent: bool = False
    """A VIFE says that there is no value (EN 13757-3, table 17). Then the data are not read."""


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
    (0x1C, 0x1C, "baud_rate",                "Bd",     0),
    (0x1D, 0x1D, "response_delay",           "",       0),
    (0x1E, 0x1E, "retries",                  "",       0),
    (0x28, 0x28, "storage_interval",         "months", 0),
    (0x29, 0x29, "storage_interval",         "years",  0),
    (0x38, 0x38, "tariff_period",            "months", 0),
    (0x39, 0x39, "tariff_period",            "years",  0),
    (0x3A, 0x3A, "dimensionless",            "",       0),
    (0x40, 0x4F, "voltage",                  "V",     -9),
    (0x50, 0x5F, "current",                  "A",    -12),
    (0x6A, 0x6A, "since_cumulation",         "months", 0),
    (0x6B, 0x6B, "since_cumulation",         "years",  0),
    (0x6E, 0x6E, "battery_operating_time",   "months", 0),
    (0x6F, 0x6F, "battery_operating_time",   "years",  0),
    (0x71, 0x71, "reception_level",          "dBm",    0),
    (0x74, 0x74, "battery_life",             "d",      0),
)  # fmt: skip

_DURATIONS: Final = {
    # first of four codes: quantity
    0x20: "on_time",
    0x24: "operating_time",
    0x70: "averaging_duration",
    0x74: "actuality_duration",
}
_DURATIONS_FD: Final = {
    0x24: "storage_interval",
    0x2C: "since_readout",
    0x30: "tariff_duration",  # 30 itself is a date, below
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
    0x08: ("message_number", "count"),
    0x09: ("device_type", "count"),
    0x0A: ("manufacturer", "identity"),
    0x0B: ("parameter_set", "identity"),
    0x0C: ("model", "identity"),
    0x0D: ("hardware_version", "identity"),
    0x0E: ("firmware", "identity"),
    0x0F: ("firmware", "identity"),
    0x10: ("customer_location", "identity"),
    0x11: ("customer", "identity"),
    0x12: ("access_code_user", "identity"),
    0x13: ("access_code_operator", "identity"),
    0x14: ("access_code_system_operator", "identity"),
    0x15: ("access_code_developer", "identity"),
    0x17: ("error_flags", "bits"),
    0x18: ("error_mask", "flags"),
    0x1A: ("digital_output", "flags"),
    0x1B: ("digital_input", "flags"),
    0x1F: ("remote_control", "flags"),
    0x20: ("first_storage", "count"),
    0x21: ("last_storage", "count"),
    0x22: ("storage_block", "count"),
    0x23: ("tariff_descriptor", "flags"),
    0x2B: ("second_of_time", "flags"),
    0x30: ("tariff_start", "date"),
    0x60: ("reset_counter", "count"),
    0x61: ("cumulation_counter", "count"),
    0x62: ("control_signal", "flags"),
    0x63: ("day_of_week", "count"),
    0x64: ("week_number", "count"),
    0x65: ("time_of_day_change", "flags"),
    0x66: ("parameter_state", "flags"),
    0x67: ("supplier_information", "flags"),
    0x70: ("battery_change", "date"),
    0x72: ("daylight_saving", "flags"),
    0x73: ("listening_window", "flags"),
    0x75: ("meter_stops", "count"),
}


def _spread(rows: tuple[_Row, ...], durations: dict[int, str], singles: dict[int, tuple[str, Kind]]) -> dict[int, Vib]:
    """One entry per code."""
    table = {
        first + step: Vib(quantity, unit, exponent + step)
        for first, last, quantity, unit, exponent in rows
        for step in range(last - first + 1)
    }
    for first, quantity in durations.items():
        table |= {first + step: Vib(quantity, unit, 0, factor) for step, (unit, factor) in enumerate(TIMES)}
    return table | {code: Vib(quantity, "", 0, 1, kind) for code, (quantity, kind) in singles.items()}


_IN_HOURS_AND_DAYS: Final = {
    # first of two codes behind FD: quantity
    0x68: "since_cumulation",
    0x6C: "battery_operating_time",
}

_TABLES: Final[dict[bytes, dict[int, Vib]]] = {
    # codes (without bit 7) that lead to a table: table; the norm keeps two empty for later, so that a true VIF in them is not
    # taken for a VIFE
    b"": _spread(_PRIMARY, _DURATIONS, _SINGLE),
    b"\x6f": {},
    b"\x7b": _spread(_BEHIND_FB, {}, {}),
    b"\x7d": _spread(_BEHIND_FD, _DURATIONS_FD, _SINGLE_FD)
    | {first + step: Vib(quantity, "s", 0, TIMES[2 + step][1]) for first, quantity in _IN_HOURS_AND_DAYS.items() for step in (0, 1)},
    b"\x7d\x7d": {},
}
_RESERVED: Final = Vib("", "", 0)

TEXT: Final = 0x7C
"""VIF whose unit is text: a length and characters, the last one first."""
_BLOCKS_REMEMBERED: Final = 256
"""A meter has about 30 different ones."""
_MORE: Final = 0x80
_CODE: Final = 0x7F
_EXTENDED: Final = 0x7C
_MAKERS_OWN: Final = 0x7F


@lru_cache(_BLOCKS_REMEMBERED)
def vib(octets: bytes) -> Vib:
    """Read a whole value information block: VIF, the text of its unit if it has one, and VIFEs."""
    found, rest = _vif(octets)
    said = [vife.meaning(space, code) for space, code in _vifes(rest, "FF" if octets[0] & _CODE == _MAKERS_OWN else "")]
    for one in said:
        found = _changed(found, one)
    return found._replace(words=frozenset([one.word for one in said if one.word]))


def _vif(octets: bytes) -> tuple[Vib, bytes]:
    """The meaning of the VIF, from the table that has it, and the VIFEs after it."""
    if octets[0] & _CODE == TEXT:
        at = text_at(octets, 0)
        end = at + 1 + octets[at]
        return _of_text(octets[at + 1 : end]), octets[1:at] + octets[end:]
    table, at = b"", 0
    while octets[at] & _MORE and (further := table + bytes([octets[at] & _CODE])) in _TABLES:
        table, at = further, at + 1
    return _TABLES[table].get(octets[at] & _CODE, _RESERVED), octets[at + 1 :]


def text_at(octets: bytes, vif_at: int) -> int:
    """The offset of the length byte of a unit's text. Its VIF is at `vif_at`. Raises IndexError.

    In the norm's own example (EN 13757-3:2018, table C.2), VIFEs are before the text. Some meters send them behind the text [seen by
    others: Elvaco CMa10]. They count as behind it if the bytes after the VIF can be a length and a unit. A VIFE cannot be such a length,
    because the length byte behind it is no character.
    """
    at = vif_at + 1
    if not octets[vif_at] & _MORE:
        return at
    size = octets[at]
    spelled = octets[at + 1 : at + 1 + size]
    if 0 < size < _MORE and len(spelled) == size and spelled.decode("latin-1").isprintable():
        return at
    while octets[at] & _MORE:
        at += 1
    return at + 1


def _changed(found: Vib, said: Meaning) -> Vib:
    """The meaning of a block after one more VIFE is read."""
    if said.unit is not None:
        found = found._replace(unit=said.unit, exponent=0, factor=said.factor, kind="number")
    if said.kind is not None and (said.kind == "date" or found.kind == "number"):
        found = found._replace(kind=said.kind)
    return found._replace(
        unit=found.unit + said.per if found.unit else "",
        exponent=found.exponent + said.exponent,
        silent=found.silent or said.silent,
    )


def _of_text(characters: bytes) -> Vib:
    """A unit that is spelled out, last character first."""
    spelled = "".join(character for character in characters[::-1].decode("latin-1") if character.isprintable()).strip()
    unit, exponent = units.base(spelled)
    return Vib("text_unit", unit, exponent)


def _vifes(octets: bytes, space: Space) -> Iterator[tuple[Space, int]]:
    """Each VIFE with its space.

    "" is the norm's, FC is the norm's extension for one VIFE, FF is the maker's to the end.
    """
    for octet in octets:
        code = octet & _CODE
        if space == "" and code in (_EXTENDED, _MAKERS_OWN) and octet & _MORE:
            space = "FC" if code == _EXTENDED else "FF"
            continue
        yield space, code
        space = space if space == "FF" else ""
