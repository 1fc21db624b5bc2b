"""Says what a value is expected to be under its code and with its unit, and reads what is not expected.

A number under a code goes into a field of the code's name and unit. The type of a field must never change (InfluxDB refuses the line), so a
text under the same code goes into another field, whose name ends in `_text`. What counts as a text depends on the code (P1 companion 5.0.2,
6.4 knows numbers, texts and octet-strings, but says it for its own codes only):

- A quantity, which has a unit: a word, or a number that no float holds. A word is kept, but it is a flaw, too, because the quantity is
  missing. `12a` is a damaged number, and that is a flaw.
- A count or a state, which has a name and no unit: also `12a`.
- A code without a name: everything that is no number.

A sign that there is no value (`----`, `NaN`) is a flaw everywhere. A unit that is not known stays with its number, which is not scaled. If
it is no word, it could give the field the name of another field (`~Wh`), so such a field ends in `_unit`.
"""

from functools import lru_cache
from typing import Final

from telegraf_han import obis, units
from telegraf_han.p1 import values
from telegraf_han.p1.values import Reader, Said
from telegraf_han.telegram import Value

_QUANTITY: Final[frozenset[Said]] = frozenset({"word", "large"})
_COUNT: Final[frozenset[Said]] = _QUANTITY | {"mixed"}
_UNNAMED: Final[frozenset[Said]] = _COUNT | {"odd", "filled"}
_EMPTY: Final[frozenset[Said]] = frozenset({""})
_TAKEN: Final = ("text", "time")
"""Endings of other fields."""


class Expected:
    """What a value may be."""

    __slots__ = ("behind", "exponent", "texts", "unit")

    def __init__(self, spelling: str, texts: frozenset[Said], behind: bytes) -> None:
        """`texts` are the kinds of text that go into a field of their own. `behind` stands behind the value: a star and its unit."""
        self.unit, self.exponent = units.base(spelling)
        self.texts: Final = texts
        self.behind: Final = behind

    def is_text(self, raw: bytes) -> bool:
        """Whether this is one of the texts."""
        return values.said(raw, self.exponent) in self.texts

    def misses_quantity(self, raw: bytes) -> bool:
        """Whether this is a word where a quantity should be."""
        return self.texts is _QUANTITY and values.said(raw, self.exponent) == "word"

    def number(self) -> Reader:
        """The reader of numbers."""
        return values.number(self.exponent, empty="" not in self.texts)

    def text(self) -> Reader:
        """The reader of texts. A word is the same with and without a known unit. Anything else needs it."""
        drops_unit = units.known(unit_of(self.behind[1:]))

        def read(raw: bytes) -> Value:
            if not self.is_text(raw):
                raise ValueError("not a text")
            return values.TEXT[raw if drops_unit and values.said(raw, self.exponent) == "word" else raw + self.behind]

        return Reader(read)

    def own_field(self, field: str) -> str:
        """The field of a number under this unit, which must not be that of another unit or kind."""
        return field if not self.unit or units.known(self.unit) or _is_word(self.unit) else f"{field}_unit"


@lru_cache(1024)
def expected(code: str, raw_unit: bytes) -> Expected:
    """What is expected under a code, if a number is usual there."""
    row = obis.row(code)
    spelling = unit_of(raw_unit)
    if row.unit or units.known(spelling):
        texts = _QUANTITY
    elif row.name:
        texts = _COUNT
    else:
        texts = _UNNAMED if raw_unit else _UNNAMED | _EMPTY
    return Expected(spelling, texts, b"*" + raw_unit if raw_unit else b"")


def unit_of(raw: bytes) -> str:
    """A unit as text. Some meters write m³ with one byte above 7F, some in UTF-8."""
    try:
        spelling = raw.decode()
    except UnicodeDecodeError:
        spelling = raw.decode("latin-1")
    return spelling.replace("³", "3").strip()


def _is_word(spelling: str) -> bool:
    """Whether a unit is a word that leaves no sign out of its field's name."""
    first, last = spelling[0], spelling[-1]
    return (
        spelling.isprintable()
        and (first.isalpha() or first in "%°")
        and (last.isalnum() or last == "%")
        and units.suffix(spelling) not in _TAKEN
    )
