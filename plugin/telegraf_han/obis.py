"""Holds the OBIS registry: the name and unit of each code, which make the field key. There is one row per code.

Codes are written `A-B:C.D.E` (IEC 62056-61), with `*F` only if F is not 255. The electricity rows are the norm's own grid. Value group C is
the quantity (plus 20, 40 or 60 for phase L1, L2 or L3), D is the kind of value and E is the tariff zone. `_regular` makes the rows of the
grid. All other rows are in `_ROWS`.

A code may come several times in one telegram, each time with another meaning. Then its row names each occurrence ([seen] three 17.0.0 in
Stoen's telegrams; [assumed] their order is active, normal, emergency). A code that is not in the registry is its own name and is never
dropped. Optical ports write C, F, L and P for 96 to 99 (IEC 62056-61), and `C.1.0` is kept as it is. Published names do not change, because
they are an API. `tests/published_fields.txt` lists them.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from telegraf_han.telegram import Column
from telegraf_han.units import suffix


class Row(NamedTuple):
    """What the registry knows about a code."""

    name: str
    unit: str
    """Base unit. It also applies if a telegram sends no unit: Stoen's `(16500)` is W."""
    kind: str = "number"
    """`number`, `clock`, `text` (plain), `octets` (text as hex). What identifies something is a `label` (plain) or an `id` (octets or
    plain). `serial` and `model` are ids that become tags."""
    occurrences: tuple[str, ...] = ()
    """Names of the first, second … occurrence, if their meanings differ."""


CLOCK: Final = "0-0:1.0.0"
SERIAL: Final = "0-0:96.1.0"
MODEL: Final = "0-0:96.1.1"

_QUANTITIES: Final = {
    # C: (name, unit of energy, unit of power); C + 20, 40, 60 are the phases
    1: ("active_{}_import", "Wh", "W"),
    2: ("active_{}_export", "Wh", "W"),
    3: ("reactive_{}_import", "varh", "var"),
    4: ("reactive_{}_export", "varh", "var"),
    5: ("reactive_{}_q1", "varh", "var"),
    6: ("reactive_{}_q2", "varh", "var"),
    7: ("reactive_{}_q3", "varh", "var"),
    8: ("reactive_{}_q4", "varh", "var"),
    9: ("apparent_{}_import", "VAh", "VA"),
    10: ("apparent_{}_export", "VAh", "VA"),
    15: ("active_{}_sum", "Wh", "W"),
    16: ("active_{}_net", "Wh", "W"),
}
_SUMS: Final = (15, 16)
_INSTANT: Final = "7.0"
_POWERS: Final = {_INSTANT: "", "4.0": "_average", "5.0": "_last_average"}
"""D.E of powers that have no tariff zone."""
_REGISTER: Final = "8"
_MAXIMUM: Final = "6"
_PHASES: Final = {0: "", 20: "_l1", 40: "_l2", 60: "_l3"}
_MEASURED: Final = {11: ("current", "A"), 12: ("voltage", "V"), 13: ("power_factor", ""), 14: ("frequency", "Hz")}
_TARIFFS: Final = {str(zone): f"_t{zone}" if zone else "" for zone in range(9)}
"""The total and tariff zones 1 to 8. Stoen has four zones. M-Bus can send more."""

_ROWS: Final = {
    CLOCK: Row("clock", "", "clock"),
    SERIAL: Row("serial_number", "", "serial"),
    MODEL: Row("device_type", "", "model"),
    "0-0:17.0.0": Row(
        "limiter_threshold", "W", "number", ("limiter_threshold_active", "limiter_threshold_normal", "limiter_threshold_emergency")
    ),
    "0-0:94.98.31": Row("dsm_threshold_1", "W"),
    "0-0:94.98.32": Row("dsm_threshold_2", "W"),
    "0-0:94.98.33": Row("limiter_mode", ""),
    "0-0:96.13.0": Row("message", "", "octets"),
    "0-0:96.13.1": Row("message_code", "", "octets"),
    "0-0:96.14.0": Row("tariff", ""),
    "0-0:96.3.10": Row("breaker_state", ""),
    "0-0:96.7.21": Row("power_failures", ""),
    "0-0:96.7.9": Row("long_power_failures", ""),
    "0-0:96.8.0": Row("operating_time", "s"),
    "0-0:96.6.6": Row("battery_life", "d"),
    "0-0:97.97.0": Row("error_flags", "", "text"),
    "1-0:0.1.0": Row("reset_counter", ""),
    "1-0:0.2.0": Row("firmware", "", "text"),
    "1-0:31.4.0": Row("fuse_threshold", "A"),
    "1-0:91.7.0": Row("current_neutral", "A"),
    "1-0:124.7.0": Row("voltage_l1_l2", "V"),
    "1-0:125.7.0": Row("voltage_l2_l3", "V"),
    "1-0:126.7.0": Row("voltage_l3_l1", "V"),
    "1-0:32.32.0": Row("voltage_sags_l1", ""),
    "1-0:52.32.0": Row("voltage_sags_l2", ""),
    "1-0:72.32.0": Row("voltage_sags_l3", ""),
    "1-0:32.36.0": Row("voltage_swells_l1", ""),
    "1-0:52.36.0": Row("voltage_swells_l2", ""),
    "1-0:72.36.0": Row("voltage_swells_l3", ""),
    "1-3:0.2.8": Row("telegram_version", "", "text"),
}


_ELECTRICITY: Final = "1-0:"
_GROUPS: Final[dict[str, tuple[int, str]]] = {
    # C as written: (quantity, words of the phase). Sums over phases have no phase.
    str(quantity + offset): (quantity, phase)
    for offset, phase in _PHASES.items()
    for quantity in (*_QUANTITIES, *_MEASURED)
    if not (offset and quantity in _SUMS)
}


def _regular(code: str) -> Row | None:
    """The row of a regular code of electricity, 1-0:C.D.E. None for other codes.

    A row is made when a telegram has its code, because a telegram has 30 codes and the grid has 900.
    """
    if not code.startswith(_ELECTRICITY):
        return None
    group, _, rest = code.removeprefix(_ELECTRICITY).partition(".")
    kind, _, zone = rest.partition(".")
    quantity, phase = _GROUPS.get(group, (0, ""))
    if quantity in _MEASURED:
        name, unit = _MEASURED[quantity]
        return Row(name + phase, unit) if rest == _INSTANT else None
    if quantity not in _QUANTITIES or zone not in _TARIFFS:
        return None
    name, energy_unit, power_unit = _QUANTITIES[quantity]
    if kind == _REGISTER:
        return Row(name.format("energy") + phase + _TARIFFS[zone], energy_unit)
    if kind == _MAXIMUM:
        return Row(f"{name.format('power')}_max{phase}{_TARIFFS[zone]}", power_unit)  # maxima exist per tariff zone
    return Row(name.format("power") + _POWERS[rest] + phase, power_unit) if rest in _POWERS else None


@lru_cache(1)
def registry() -> dict[str, Row]:
    """Code → row, for all codes that have a row. Every other code has the field `obis_<A>_<B>_<C>_…`."""
    kinds = (*_POWERS, *(f"{kind}.{zone}" for zone in _TARIFFS for kind in (_REGISTER, _MAXIMUM)))
    codes = [f"{_ELECTRICITY}{group}.{kind}" for group in _GROUPS for kind in kinds]
    return {code: row for code in codes if (row := _regular(code))} | _ROWS


_UNKNOWN: Final = Row("", "")
_NAMES_THINGS: Final = {
    # C.D on any medium and channel: the kind of its values
    "0.0": Row("", "", "label"),
    "0.2": Row("", "", "text"),
    "42.0": Row("", "", "id"),
    "96.1": Row("", "", "id"),
    "C.1": Row("", "", "label"),
    "C.90": Row("", "", "label"),
    "F.F": Row("", "", "text"),
}
"""Codes whose values name a meter, a version or a set of errors. `0-1:96.1.0` is the number of a gas meter. Such a value may consist of
digits, but it is no number: its leading zeros belong to it."""


@lru_cache(4096)
def row(code: str) -> Row:
    """The registry's row of a code. A row without a name if the registry has none."""
    return _ROWS.get(code) or _regular(code) or _NAMES_THINGS.get(".".join(code.rpartition(":")[2].split(".")[:2]), _UNKNOWN)


def full(code: str) -> str:
    """A code as the registry writes it.

    A bare `1.8.0` gets its medium and channel. `*255` is removed. F after a dot becomes `*F`. A code with a letter stays as it is, because
    it is another code: `C.1.8.0` is not `1.8.0`.
    """
    group = code.rpartition(":")[2].split(".", 1)[0]
    if not group.isdigit():
        return code.removesuffix("*255")
    if code.count(".") == 3:  # noqa: PLR2004, C.D.E.F
        code = "*".join(code.rsplit(".", 1))
    code = code.removesuffix("*255")
    if ":" in code:
        return code
    electricity = 0 < int(group) < 90 and group != "17" and code != "1.0.0"  # noqa: PLR2004, group C over 90 is general; 1.0.0 is the clock
    return f"1-0:{code}" if electricity else f"0-0:{code}"


def column(obis: str | None, record: str | None, unit: str, occurrence: int = 1, name: str = "", *, text: bool = False) -> Column:
    """The column of a code, or of a bare record if `obis` is None.

    `unit` is the base unit as sent, or "" to take the registry's unit. `occurrence` counts the code within its telegram from 1. `name`
    overrides the registry (for a record that says which limiter threshold it is). `text` marks text where a number is usual. Such text
    gets a field of its own, because a database refuses the whole line if a field changes its type.
    """
    if obis is None:
        return Column(
            None, record, unit, name, _key(name or f"record_{(record or '').lower()}", unit, occurrence, text=text and not name), occurrence
        )
    found = row(obis)
    text = text and (found.kind == "number" or not found.name)
    unit = unit or ("" if text else found.unit)
    if found.kind in ("clock", "serial", "model"):
        return Column(obis, record, unit, found.name, "", occurrence)
    if name:
        return Column(obis, record, unit, name, _key(name, unit, 1, text=text), occurrence)
    if occurrence <= len(found.occurrences):
        name = found.occurrences[occurrence - 1]
        return Column(obis, record, unit, name, _key(name, unit, 1, text=text), occurrence)
    if found.name:
        return Column(obis, record, unit, found.name, _key(found.name, unit, occurrence, text=text), occurrence)
    return Column(obis, record, unit, "", _key(_plain(obis), unit, occurrence, text=text), occurrence)


def time_column(of: Column) -> Column:
    """The column of the time stamp that stands beside a value: `active_power_import_max_time`, `obis_0_1_24_2_1_time`.

    It has a name and no code, because a code leads to its value.
    """
    name = f"{of.name or _plain(of.obis or '')}_time"
    return Column(None, None, "", name, _key(name, "", of.occurrence, text=False), of.occurrence)


def _plain(obis: str) -> str:
    """The name of a code that the registry does not name."""
    return "obis_" + "".join(character if character.isalnum() else "_" for character in obis.lower())


def with_own_field(column: Column, fields: set[str]) -> Column:
    """The same column with a field that no other column of the telegram has. The field is added to `fields`.

    Without this, `1-0:99.7.0*2` and the second `1-0:99.7.0` would have the same field. A line that has a field twice loses one of the
    values.
    """
    field, number = column.field, 1
    while field and field in fields:
        number += 1
        field = f"{column.field}_{number}"
    fields.add(field)
    return column._replace(field=field)


def _key(name: str, unit: str, occurrence: int, *, text: bool) -> str:
    """`name_unit_2`. Text under a name without a fixed type gets `_text`, because a field's type must never change."""
    parts = [name, suffix(unit), "text" if text else "", str(occurrence) if occurrence > 1 else ""]
    return "_".join(part for part in parts if part)
