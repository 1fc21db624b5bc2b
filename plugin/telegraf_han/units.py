"""Converts spellings of units to base units, and scales numbers exactly.

A register is a decimal text ("012345.035" kWh) or a raw integer with a power of ten. Both become an integer of the base unit whenever
that is exact. Only a value with digits below one base unit becomes a float, by one correctly rounded division of two integers. So
229.6 stays 229.6, and 012345.035 kWh is 12345035, never 12345034.999.
"""

from typing import Final

_PREFIXED: Final[dict[str, tuple[str, int]]] = {
    # as meters write it, without a prefix: (base unit, power of ten)
    "Wh": ("Wh", 0),
    "WH": ("Wh", 0),
    "W": ("W", 0),
    "varh": ("varh", 0),
    "Varh": ("varh", 0),
    "VArh": ("varh", 0),
    "VARh": ("varh", 0),
    "VARH": ("varh", 0),
    "var": ("var", 0),
    "Var": ("var", 0),
    "VAr": ("var", 0),
    "VAR": ("var", 0),
    "VAh": ("VAh", 0),
    "VAH": ("VAh", 0),
    "VA": ("VA", 0),
    "V": ("V", 0),
    "A": ("A", 0),
    "Hz": ("Hz", 0),
    "HZ": ("Hz", 0),
    "J": ("J", 0),
    "s": ("s", 0),
    "l": ("m3", -3),
    "L": ("m3", -3),
}
_PREFIXES: Final = {
    "": 0,
    "p": -12,
    "n": -9,
    "u": -6,
    "µ": -6,
    "μ": -6,
    "m": -3,
    "c": -2,
    "d": -1,
    "da": 1,
    "h": 2,
    "k": 3,
    "K": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
    "E": 18,
}
"""Prefix → power of ten. The micro sign and the Greek letter mu look alike, and meters send both. A large K is a kilo, because no meter
counts kelvin."""
_AS_IT_IS: Final[dict[str, tuple[str, int]]] = {
    "": ("", 0),
    "m3": ("m3", 0),
    "dm3": ("m3", -3),
    "cm3": ("m3", -6),
    "h": ("h", 0),
    "d": ("d", 0),
    "dBm": ("dBm", 0),
    "%": ("%", 0),
    "deg": ("deg", 0),
    "°C": ("°C", 0),
}
"""Units that take no prefix. In `dm3` it is not the unit that has the prefix, but its edge."""

SPELLINGS: Final[dict[str, tuple[str, int]]] = _AS_IT_IS | {
    prefix + spelling: (unit, exponent + power) for spelling, (unit, exponent) in _PREFIXED.items() for prefix, power in _PREFIXES.items()
}
"""As meters write it → base unit and power of ten: each SI prefix before each unit. Sweden writes kVAr, Lithuania kV and kA, Austria Wh."""

_CASE_TELLS: Final = ("m", "M", "p", "P", "n", "u", "µ", "μ", "c", "d", "h", "T", "E")
"""m is milli and M is mega, ha is a hectare and hA are 100 A, and so on. A spelling that begins with one of these letters is not understood
in another case than that of `SPELLINGS`, unless it is a unit that takes no prefix."""
_FOLDED: Final = {spelling.lower(): found for spelling, found in SPELLINGS.items() if not spelling.startswith(_CASE_TELLS)} | {
    spelling.lower(): found for spelling, found in _AS_IT_IS.items()
}

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
