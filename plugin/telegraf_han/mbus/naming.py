"""Gives a record the OBIS code of the quantity that it measures. Makers that use a coding of their own have rows of their own.

OMS Specification Volume 2, Annex A maps records to codes. Records for which Annex A was not available follow the groups of IEC 62056-61: C
is the quantity and direction, D the kind of value, E the tariff (from the DIFE), F the storage (`*n`, an earlier reading). A record without
a row has no code and keeps its hex. The same holds for every record of a subunit that no maker's row explains. Codes of electricity are
given only to electricity meters, and to converters and devices of no type. So the energy of a heat meter is never taken for somebody's
consumption.

[seen] the rows of EGM, and the rows that the operators' documents spell out: import, export, reactive power and energy, clock, number.
[assumed] the phases, net and summed values, and which of EGM's three thresholds is which.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from telegraf_han.mbus import dif
from telegraf_han.mbus.dif import Dib
from telegraf_han.mbus.vif import Vib
from telegraf_han.telegram import Address


class Name(NamedTuple):
    """The code and name of a record."""

    code: str
    """`A-B:C.D.E`. In the rows, E stands for the tariff. "" for a quantity that has a name here but no code."""
    name: str = ""
    """Replaces the registry's name."""
    exponent: int = 0
    """Added to the record's own exponent. For values whose VIF has no unit."""


_Key = tuple[str, frozenset[str]]
"""Quantity and words of a value information block."""

_PHASES: Final = ((0, ""), (20, "l1"), (40, "l2"), (60, "l3"))
_FLOWS: Final = (
    # quantity          D  words: group C
    ("active_energy", "8", {"": 1, "backward": 2, "sum": 15, "net": 16}),
    ("reactive_energy", "8", {"": 3, "backward": 4, "q1": 5, "q2": 6, "q3": 7, "q4": 8}),
    ("apparent_energy", "8", {"": 9, "backward": 10}),
    ("active_power", "7", {"": 1, "backward": 2, "sum": 15, "net": 16}),
    ("reactive_power", "7", {"": 3, "backward": 4, "q1": 5, "q2": 6, "q3": 7, "q4": 8}),
    ("apparent_power", "7", {"": 9, "backward": 10}),
)
_LAST_WITH_PHASES: Final = 10
"""Higher groups C are sums over the phases."""
_STATES: Final = (
    # quantity, words, code
    ("voltage", "", "1-0:12.7.0"),
    ("voltage", "l1", "1-0:32.7.0"),
    ("voltage", "l2", "1-0:52.7.0"),
    ("voltage", "l3", "1-0:72.7.0"),
    ("voltage", "l1-l2", "1-0:124.7.0"),
    ("voltage", "l2-l3", "1-0:125.7.0"),
    ("voltage", "l3-l1", "1-0:126.7.0"),
    ("current", "", "1-0:11.7.0"),
    ("current", "l1", "1-0:31.7.0"),
    ("current", "l2", "1-0:51.7.0"),
    ("current", "l3", "1-0:71.7.0"),
    ("current", "neutral", "1-0:91.7.0"),
    ("frequency", "", "1-0:14.7.0"),
    ("power_factor", "", "1-0:13.7.0"),
    ("power_factor", "l1", "1-0:33.7.0"),
    ("power_factor", "l2", "1-0:53.7.0"),
    ("power_factor", "l3", "1-0:73.7.0"),
    ("phase_angle_voltage", "l1-l2", "1-0:81.7.1"),
    ("phase_angle_voltage", "l3-l1", "1-0:81.7.2"),
    ("phase_angle_current", "l1", "1-0:81.7.4"),
    ("phase_angle_current", "l2", "1-0:81.7.15"),
    ("phase_angle_current", "l3", "1-0:81.7.26"),
    ("date", "", "1-0:0.9.2"),
    ("firmware", "", "1-0:0.2.0"),
    ("reset_counter", "", "1-0:0.1.0"),
    ("date_time", "", "0-0:1.0.0"),
    ("fabrication_number", "", "0-0:96.1.0"),
    ("identification", "", "0-0:96.1.255"),
    ("error_flags", "", "0-0:97.97.0"),
    ("on_time", "", "0-0:96.8.0"),
    ("operating_time", "", "0-0:96.8.0"),
    ("battery_life", "", "0-0:96.6.6"),
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) if text else frozenset()


def _rows() -> Iterator[tuple[_Key, Name]]:
    for quantity, group_d, directions in _FLOWS:
        for direction, group_c in directions.items():
            for step, phase in _PHASES if group_c <= _LAST_WITH_PHASES else _PHASES[:1]:
                key = quantity, frozenset(filter(None, (direction, phase)))
                yield key, Name(f"1-0:{group_c + step}.{group_d}.E")
    for quantity, words, code in _STATES:
        yield (quantity, _words(words)), Name(code)
    # Owners see the same 70 kW in each telegram, where the contract says 8 kW. So this is no limit of a contract.
    yield ("active_power", _words("upper limit,sum")), Name("", "rated_power_max")


_CODES: Final = dict(_rows())
_ABSTRACT: Final = "0-"
"""Codes without a medium. Every meter may have them."""

_KINDS: Final = {
    # how a power was obtained (function or word): group D in place of 7
    dif.MAXIMUM: "6",
    dif.MINIMUM: "3",
    "average": "4",
}

ELECTRICITY: Final = frozenset((0x00, 0x02, 0x0E, 0x0F, 0x20, 0x31, 0x36, 0x37))
"""Device types (EN 13757-7, table 13) whose energy is electric: electricity and breaker. Also the types that name no medium: other, bus
component, unknown, communication controller, radio converters."""


_NONE: Final[Mapping[Any, Any]] = {}


class Habit(NamedTuple):
    """How the records of one maker differ.

    The maker's numbers and own VIFEs mean words or quantities of the rows above. A maker may also have rows of its own.
    """

    vifes: Mapping[str, str] = _NONE
    """Word of an own VIFE (`FF09`) → word of the rows, "" for none."""
    subunits: Mapping[int, tuple[str, ...]] = _NONE
    """Subunit → the words it adds. `reactive` and `apparent` change the quantity."""
    storages: Mapping[int, tuple[str, ...]] = _NONE
    tariffs: Mapping[int, tuple[str, ...]] = _NONE
    rows: Mapping[_Key, Name] = _NONE
    """These rows are searched first, with the words as they were sent."""


_OLD_PHASES: Final = {"FF01": "l1", "FF02": "l2", "FF03": "l3"}
"""Before the norm had words for phases (FC 01 …), makers agreed on these."""
_CHANGED: Final = {
    # quantity and word of a subunit: the resulting quantity and its unit
    ("active_energy", "reactive"): ("reactive_energy", "varh"),
    ("active_energy", "apparent"): ("apparent_energy", "VAh"),
    ("active_power", "reactive"): ("reactive_power", "var"),
    ("active_power", "apparent"): ("apparent_power", "VA"),
}
_FRACTION: Final = "fraction"
"""The word of a number without a unit that can be a fraction: a float, or an integer that its VIFEs divide. Only such a number is a power
factor. The same VIF (FD 3A) with a plain integer is the ratio of a transformer."""


def _own(quantity: str, words: str, name: Name) -> tuple[_Key, Name]:
    return (quantity, _words(words)), name


_ORDINARY: Final = Habit(_OLD_PHASES, rows=dict([_own("current", "FF04", Name("1-0:91.7.0"))]))  # neutral, the fourth wire


HABITS: Final[dict[str, Habit]] = {
    "EGM": Habit(
        _OLD_PHASES,
        rows=dict(
            (
                _own("active_power", "upper limit,FF13", Name("0-0:17.0.0", "limiter_threshold_active")),
                _own("active_power", "upper limit,FF15", Name("0-0:17.0.0", "limiter_threshold_normal")),
                _own("active_power", "upper limit,FF16", Name("0-0:17.0.0", "limiter_threshold_emergency")),
                _own("active_power", "upper limit,FF17", Name("0-0:94.98.31")),
                _own("active_power", "upper limit,FF18", Name("0-0:94.98.32")),
                _own("makers_own", "FF19", Name("0-0:94.98.33")),
            )
        ),
    ),
    "SAM": Habit(_OLD_PHASES, rows=dict([_own("active_energy", "FF04", Name("1-0:1.128.0"))])),
    "ABB": Habit(
        _OLD_PHASES | {"FF04": "neutral", "FF05": "l1-l2", "FF06": "l2-l3", "FF07": "l3-l1"},
        subunits={
            1: ("backward",),
            2: ("reactive",),
            3: ("reactive", "backward"),
            4: ("apparent",),
            5: ("apparent", "backward"),
            6: ("net",),
            7: ("reactive", "net"),
            8: ("apparent", "net"),
        },
        rows=dict(
            (
                _own("makers_own", "FF59", Name("1-0:14.7.0", exponent=-2)),
                _own("makers_own", "FF59,FF00", Name("1-0:14.7.0", exponent=-2)),
                _own("makers_own", "FF60", Name("1-0:13.7.0", exponent=-3)),
                _own("makers_own", "FF60,FF00", Name("1-0:13.7.0", exponent=-3)),
            )
        ),
    ),
    "SEC": Habit(
        _OLD_PHASES | {"FF05": "l1-l2", "FF06": "l2-l3", "FF07": "l3-l1", "FF09": "backward"},
        subunits={1: ("reactive",), 2: ("apparent",)},
        rows=dict(
            (
                _own("voltage", "FF04", Name("1-0:12.7.0")),  # the averages of three phases
                _own("current", "FF00", Name("1-0:11.7.0")),
                _own("makers_own", "FF0A", Name("1-0:13.7.0")),
                _own("makers_own", "FF0B", Name("1-0:14.7.0")),
                _own("makers_own", "FF10", Name("0-0:96.14.0")),
            )
        ),
    ),
    "IME": Habit(
        _OLD_PHASES | {"FF04": "l1-l2", "FF05": "l2-l3", "FF06": "l3-l1"},
        subunits={1: (), 2: ("reactive",)},
        tariffs={1: (), 2: ("partial",)},
        rows=dict(
            (
                _own("dimensionless", "fraction", Name("1-0:13.7.0")),
                _own("dimensionless", "FF01", Name("1-0:33.7.0")),
                _own("dimensionless", "FF02", Name("1-0:53.7.0")),
                _own("dimensionless", "FF03", Name("1-0:73.7.0")),
                _own("makers_own", "FF5A", Name("1-0:14.7.0", exponent=-1)),
            )
        ),
    ),
    "GAV": Habit(
        _OLD_PHASES,
        subunits={1: ("l1",), 2: ("l2",), 3: ("l3",)},  # 4, without words here, is a voltage between phases
        rows=dict([_own("dimensionless", "fraction", Name("1-0:13.7.0"))]),
    ),
    "GSS": Habit(_OLD_PHASES, subunits={1: ("l1",), 2: ("l2",), 3: ("l3",)}),
    "NZR": Habit(_OLD_PHASES, storages={2: ("l1",), 4: ("l2",), 6: ("l3",)}),
    "ELT": Habit(_OLD_PHASES | {"FF00": ""}, subunits={1: ("reactive",)}),
}
"""Manufacturer → its habits; every other maker has the ordinary habits."""

_MODELS: Final = {
    # manufacturer, version, device type: model
    ("EGM", 1, 0x02): "GAMA350",  # [seen]
}


def model(address: Address) -> str:
    """The model that an address names, "" if it names none."""
    return _MODELS.get((address.manufacturer, address.version, address.device), "")


def meant(address: Address, block: Dib, what: Vib) -> Vib:
    """What a record measures if its maker's subunits are known: reactive energy is not in Wh, though its VIF says so."""
    for word in _habit(address).subunits.get(block.subunit, ()) if block.subunit else ():
        quantity, unit = _CHANGED.get((what.quantity, word), (what.quantity, what.unit))
        what = what._replace(quantity=quantity, unit=unit)
    return what


def named(address: Address, block: Dib, what: Vib) -> Name | None:
    """The code or name of a record. None if it has neither."""
    found = _found(_habit(address), block, what)
    if found is None or (address.device not in ELECTRICITY and not found.code.startswith(_ABSTRACT)):
        return None
    return found


def _habit(address: Address) -> Habit:
    return HABITS.get(address.manufacturer, _ORDINARY)


def _found(habit: Habit, block: Dib, what: Vib) -> Name | None:
    """The row of a record with its tariff and storage filled in."""
    if block.function == dif.IN_ERROR:
        return None
    quantity, storage, tariff = what.quantity, block.storage, block.tariff
    words = {habit.vifes.get(word, word) for word in what.words} - {""}
    if block.subunit:
        if block.subunit not in habit.subunits:
            return None
        words |= set(habit.subunits[block.subunit])
    if storage in habit.storages:
        words, storage = words | set(habit.storages[storage]), 0
    if tariff in habit.tariffs:
        words, tariff = words | set(habit.tariffs[tariff]), 0
    for word in words & {"reactive", "apparent"}:
        quantity, _ = _CHANGED.get((quantity, word), (quantity, ""))
        words -= {word}
    kind = next((kind for kind in _KINDS if kind == block.function or kind in words), "")
    row = _own_row(habit, block, what) or _CODES.get((quantity, frozenset(words - {kind})))
    if row is not None and not row.code:
        return None if kind or tariff or storage or block.subunit else row
    code = _of_kind(row.code, kind) if row else ""
    if row is None or not code or (tariff and not code.endswith("E")):
        return None
    code = code.removesuffix("E") + (str(tariff) if code.endswith("E") else "")
    return row._replace(code=f"{code}*{storage}" if storage else code)


def _own_row(habit: Habit, block: Dib, what: Vib) -> Name | None:
    """The maker's own row of a record."""
    if block.field == dif.FLOAT or what.exponent < 0:
        fraction = habit.rows.get((what.quantity, what.words | {_FRACTION}))
        if fraction is not None:
            return fraction
    return habit.rows.get((what.quantity, what.words))


def _of_kind(code: str, kind: str) -> str:
    """The code of a maximum, minimum or average. "" if the quantity has none. Only maxima of powers have tariffs."""
    flow = code.endswith(".7.E")
    if not kind:
        return f"{code[:-1]}0" if flow else code
    if not flow:
        return ""
    return f"{code[:-3]}{_KINDS[kind]}.{'E' if kind == dif.MAXIMUM else '0'}"
