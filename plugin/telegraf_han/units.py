"""Converts spellings of units to base units, and scales numbers exactly.

A register is a decimal text ("012345.035" kWh) or a raw integer with a power of ten. Both become an integer of the base unit whenever
that is exact. Only a value with digits below one base unit becomes a float, by one correctly rounded division of two integers. So
229.6 stays 229.6, and 012345.035 kWh is 12345035, never 12345034.999.
"""

from typing import Final

SPELLINGS: Final[dict[str, tuple[str, int]]] = {
    # as meters write it: (base unit, power of ten)
    "": ("", 0),
    "Wh": ("Wh", 0),
    "kWh": ("Wh", 3),
    "MWh": ("Wh", 6),
    "MWH": ("Wh", 6),
    "GWh": ("Wh", 9),
    "W": ("W", 0),
    "kW": ("W", 3),
    "MW": ("W", 6),
    "varh": ("varh", 0),
    "kvarh": ("varh", 3),
    "Mvarh": ("varh", 6),
    "MVArh": ("varh", 6),
    "var": ("var", 0),
    "kvar": ("var", 3),
    "Mvar": ("var", 6),
    "MVAr": ("var", 6),
    "VAh": ("VAh", 0),
    "kVAh": ("VAh", 3),
    "MVAh": ("VAh", 6),
    "VA": ("VA", 0),
    "kVA": ("VA", 3),
    "MVA": ("VA", 6),
    "V": ("V", 0),
    "kV": ("V", 3),
    "mV": ("V", -3),
    "A": ("A", 0),
    "kA": ("A", 3),
    "mA": ("A", -3),
    "Hz": ("Hz", 0),
    "m3": ("m3", 0),
    "dm3": ("m3", -3),
    "l": ("m3", -3),
    "GJ": ("J", 9),
    "MJ": ("J", 6),
    "kJ": ("J", 3),
    "J": ("J", 0),
    "s": ("s", 0),
    "h": ("h", 0),
    "d": ("d", 0),
    "dBm": ("dBm", 0),
    "%": ("%", 0),
    "deg": ("deg", 0),
    "°C": ("°C", 0),
}
"""Sweden writes kVAr, Lithuania kV and kA, Austria Wh without a prefix. `base` looks them up in lower case, so it takes them all."""

_CASE_TELLS: Final = frozenset(spelling for spelling in SPELLINGS if spelling[:1] in ("M", "m") and spelling != "m3")
"""In these spellings m is milli and M is mega. So they are not understood in another case."""
_FOLDED: Final = {spelling.lower(): found for spelling, found in SPELLINGS.items() if spelling not in _CASE_TELLS}

_TENS: Final[tuple[int, ...]] = tuple(10**power for power in range(80))
"""More than any telegram can need: 9 decimals of a MWh, or a VIF of 10^-9 with ten VIFEs of 10^-6 each (absurd, but well-formed)."""

_SUFFIXES: Final = {"": "", "°C": "degc", "%": "percent", "1/h": "per_h"}


def base(spelling: str) -> tuple[str, int]:
    """Base unit and power of ten of a unit as written. An unknown unit is its own base."""
    found = SPELLINGS.get(spelling) or _FOLDED.get(spelling.lower())
    return found or (spelling, 0)


def known(spelling: str) -> bool:
    """Whether this is a unit as meters write it."""
    return bool(spelling) and (spelling in SPELLINGS or spelling.lower() in _FOLDED)


def suffix(unit: str) -> str:
    """The part of a field key that names the unit, such as `wh` or `degc`; "" if there is no unit."""
    known = _SUFFIXES.get(unit)
    if known is not None:
        return known
    return "".join(character if character.isalnum() else "_" for character in unit.lower()).strip("_")


def scaled(mantissa: int, exponent: int) -> int | float:
    """`mantissa` times ten to the `exponent`: an int if that is exact, otherwise the nearest float."""
    if exponent >= 0:
        return mantissa * _TENS[exponent]
    divisor = _TENS[-exponent]
    whole, rest = divmod(mantissa, divisor)
    return mantissa / divisor if rest else whole
