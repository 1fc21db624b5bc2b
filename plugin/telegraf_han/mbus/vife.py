"""Holds the meaning of each VIFE: each further byte of a value information block says something about its value.

EN 13757-3:2018, 6.4, tables 15 (VIFE), 16 (behind VIFE FC) and 17 (record errors). Most VIFEs say something that only a name can keep:
a phase, a direction, a limit. Such a word takes part in finding the OBIS code. If the norm has no meaning for a VIFE, its word is its
hex. So no record with an unknown VIFE is taken for a record without one.

Other VIFEs change how the value is read: powers of ten, and units "per something". Some make it another value altogether: how long,
how often or when the VIF's quantity was beyond a limit. Then unit and scale of the VIF say nothing about the value. [seen] 3C, 40 to
4F, 70 to 77, phases, makers' own; the rest is the norm's.
"""

from typing import Final, Literal, NamedTuple

Kind = Literal["number", "count", "flags", "identity", "bits", "date"]
"""How data are read. `count` is unsigned (type C). `flags` is unsigned, too, and never invalid (type D). `identity` is text and keeps its
leading zeros. `bits` is text in hex, high byte first, as other interfaces give error flags. `date` is of types F, G, I or J."""

TIMES: Final = (("s", 1), ("s", 60), ("s", 3600), ("s", 86_400))
"""Second, minute, hour, day."""
PROFILE: Final = "profile"
"""The word for a series of values in one field."""

Space = Literal["", "FC", "FF"]
"""Where a code is looked up: in the norm's table, in its extension, or in the maker's own."""


class Meaning(NamedTuple):
    """What one VIFE says about the value."""

    word: str = ""
    exponent: int = 0
    """Added to the VIF's exponent."""
    per: str = ""
    """What divides or multiplies the unit, such as `/h`."""
    kind: Kind | None = None
    """Replaces the kind of a number. A date replaces every kind."""
    unit: str | None = None
    """Replaces the VIF's unit and power of ten."""
    factor: int = 1
    """Used together with `unit`."""
    silent: bool = False
    """There is no value (table 17). Then the data are not read."""


_NOTHING_NEW: Final = Meaning()
"""Means "no error", or "only what flows forward", which a register of import counts anyway."""

_PER: Final = (
    # from 20 on: the part after the unit
    ("/s", "/min", "/h", "/d", "/week", "/month", "/a", "/revolution", "/pulse", "/pulse", "/pulse", "/pulse", "/l", "/m3", "/kg", "/K"),
    # from 30 on
    ("/kWh", "/GJ", "/kW", "/(K*l)", "/V", "/A", "*s", "*s/V", "*s/A"),
)
_WORDS: Final = {
    0x12: "average",
    0x13: PROFILE,
    0x14: "deviation",
    0x1D: "standard content",
    0x1E: PROFILE,
    0x1F: PROFILE,
    0x3A: "uncorrected",
    0x3C: "backward",
    0x3D: "other units",
    0x3E: "base conditions",
    0x3F: "obis declaration",
    0x40: "lower limit",
    0x48: "upper limit",
    0x68: "during lower limit",
    0x69: "leakage",
    0x6C: "during upper limit",
    0x6D: "overflow",
    **{0x78 + step: f"less 10^{step - 3}" for step in range(4)},
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
}
_DATES: Final = (0x39, *(code | step for code in (0x42, 0x4A) for step in (0, 1, 4, 5)), 0x6A, 0x6B, 0x6E, 0x6F)
"""Start of the value; begin or end of the time beyond a limit; begin or end of the value."""
_DURATIONS: Final = range(0x50, 0x68)
"""Durations beyond a limit, and of the value. The lowest two bits are the unit."""
_COUNTS: Final = (0x41, 0x49)
"""How often a limit was exceeded."""
_NO_VALUE: Final = (*range(0x01, 0x08), *range(0x0B, 0x10), 0x15, 0x16, 0x17, 0x18, 0x1C)
"""No data, overflow, not implemented …"""


def _code(vife: int) -> str:
    return f"{vife:02X}"


_MEANINGS: Final[dict[Space, dict[int, Meaning]]] = {
    "": {
        **{0x20 + 0x10 * row + step: Meaning(per, per=per) for row, pers in enumerate(_PER) for step, per in enumerate(pers)},
        **{vife: Meaning(word) for vife, word in _WORDS.items()},
        **{vife: Meaning(f"date {_code(vife)}", kind="date") for vife in _DATES},
        **{vife: Meaning(f"duration {_code(vife)}", unit="s", factor=TIMES[vife & 3][1]) for vife in _DURATIONS},
        **{vife: Meaning(f"count {_code(vife)}", kind="count", unit="") for vife in _COUNTS},
        **{vife: Meaning(silent=True) for vife in _NO_VALUE},
        **{0x70 + step: Meaning(exponent=step - 6) for step in range(8)},
        0x7D: Meaning(exponent=3),
        0x00: _NOTHING_NEW,
        0x3B: _NOTHING_NEW,
    },
    "FC": {
        **{vife: Meaning(word) for vife, word in _WORDS_EXTENDED.items()},
        0x11: Meaning(kind="count"),
        0x12: Meaning("type d", kind="flags"),
    },
    "FF": {},
}


def meaning(space: Space, vife: int) -> Meaning:
    """What a VIFE (without bit 7) means. The word of a VIFE without a meaning is its hex."""
    return _MEANINGS[space].get(vife) or Meaning(f"{space}{_code(vife)}")


def is_known(words: frozenset[str]) -> bool:
    """Whether the norm or a maker gives all these words a meaning. Words that are only hex have none."""
    return all(word in _KNOWN or word.startswith("FF") for word in words)


_KNOWN: Final = frozenset(found.word for space in _MEANINGS.values() for found in space.values())
