"""Compares the registers of a meter with those of its last telegram. A register counts energy, so it never becomes lower by itself.

A register that is lower was reset, belongs to another meter, or is from an old telegram. It is counted and told, and no board makes energy
of it. One step back is none: after all nines a register begins at zero again.
"""

from collections.abc import Callable
from operator import itemgetter, le
from typing import Final, NamedTuple, cast

from telegraf_han.telegram import Shape, Telegram, Value

_UNITS: Final = frozenset(("Wh", "varh", "VAh"))
_KIND_REGISTER: Final = ".8."
"""Value group D of a register that only grows (IEC 62056-61, 5.2.3)."""
_NET: Final = ("1-0:16.8.", "1-0:36.8.", "1-0:56.8.", "1-0:76.8.")
"""Import minus export: this difference does become lower."""
_NEAR_THE_END: Final = 0.99
"""A register that rolls over was at more than this share of its highest value, and is below the rest of it afterwards."""
SHAPES_LIMIT: Final = 8
"""Telegrams of so many kinds are compared, each with the last one of its kind. A meter has one to three."""


class _Registers(NamedTuple):
    """The registers of a shape."""

    places: tuple[int, ...]
    values: Callable[[list[Value]], tuple[Value, ...]]


_KEY: Final = "registers"


def _of(shape: Shape) -> _Registers:
    found = cast("_Registers | None", shape.templates.get(_KEY))
    if found is None:
        places = tuple(
            place
            for place, column in enumerate(shape.columns)
            if column.unit in _UNITS
            and _KIND_REGISTER in (column.obis or "")
            and "*" not in (column.obis or "")
            and _grows(column.obis or "")
        )
        take = itemgetter(*places) if len(places) > 1 else (lambda values: tuple(values[place] for place in places))
        found = shape.templates[_KEY] = _Registers(places, cast("Callable[[list[Value]], tuple[Value, ...]]", take))
    return found


def _grows(code: str) -> bool:
    return not code.startswith(_NET)


class Registers:
    """The registers of one meter."""

    __slots__ = ("_last", "_newest", "_serial")

    def __init__(self) -> None:
        """Nothing heard yet."""
        self._last: Final[dict[Shape, tuple[Value, ...]]] = {}
        self._newest: Shape | None = None
        self._serial = ""

    def lower(self, telegram: Telegram) -> str | None:
        """Name the first register that is lower than in the last telegram that was noted. "" if there is none.

        None if no register can be compared.
        """
        if telegram.serial != self._serial:
            return None
        registers = _of(telegram.shape)
        values = registers.values(telegram.values)
        last = self._last.get(telegram.shape)
        if last is None:
            return self._lower_than_others(telegram, registers.places)
        try:
            if all(map(le, last, values)):  # type: ignore[arg-type]
                return "" if values else None
        except TypeError:
            pass  # a register without a value
        return _first_lower(telegram.shape, registers.places, last, values)

    def _lower_than_others(self, telegram: Telegram, places: tuple[int, ...]) -> str | None:
        """The same for a telegram of a new kind. It is compared with telegrams of other kinds, code by code."""
        known: dict[str | None, Value] = {}
        for shape in (*self._last, *([self._newest] if self._newest else [])):
            known |= {shape.columns[place].obis: value for place, value in zip(_of(shape).places, self._last[shape], strict=True)}
        shared = tuple(place for place in places if telegram.shape.columns[place].obis in known)
        if not shared:
            return None
        last = tuple(known[telegram.shape.columns[place].obis] for place in shared)
        return _first_lower(telegram.shape, shared, last, tuple(telegram.values[place] for place in shared))

    def note(self, telegram: Telegram) -> None:
        """Remember the registers of a telegram that is believed."""
        if telegram.serial != self._serial or len(self._last) > SHAPES_LIMIT:
            self._serial = telegram.serial
            self._last.clear()
        self._newest = telegram.shape
        self._last[telegram.shape] = _of(telegram.shape).values(telegram.values)


def _first_lower(shape: Shape, places: tuple[int, ...], last: tuple[Value, ...], values: tuple[Value, ...]) -> str:
    """Name the first register that is lower than before, "" if there is none."""
    for place, before, now in zip(places, last, values, strict=True):
        if isinstance(before, int | float) and isinstance(now, int | float) and now < before and not rolled_over(before, now):
            column = shape.columns[place]
            return f"{column.name or column.obis} went from {before} to {now} {column.unit}"
    return ""


def rolled_over(before: float, now: float) -> bool:
    """Whether a register went over its highest value, all nines, and began at zero again."""
    end = 10 ** len(str(int(before)))
    return bool(before >= _NEAR_THE_END * end and 0 <= now <= (1 - _NEAR_THE_END) * end)
