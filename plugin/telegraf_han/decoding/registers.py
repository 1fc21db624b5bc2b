"""Compares the registers of a meter with those of its last telegram. A register counts energy, so it never becomes lower by itself.

A register that is lower was reset, belongs to another meter, or is from an old telegram. It is counted and told, and no board makes energy
of it. One step back is none: after all nines a register begins at zero again.
"""

from collections.abc import Callable
from operator import itemgetter, le
from typing import Final, NamedTuple, cast

from telegraf_han.language import _
from telegraf_han.telegram import Body, Shape, Value

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
        places = tuple(place for place, column in enumerate(shape.columns) if column.unit in _UNITS and _only_grows(column.obis or ""))
        take = itemgetter(*places) if len(places) > 1 else (lambda values: tuple([values[place] for place in places]))
        found = shape.templates[_KEY] = _Registers(places, cast("Callable[[list[Value]], tuple[Value, ...]]", take))
    return found


def _only_grows(code: str) -> bool:
    """Whether a code is a register that is in force now (without "*") and no difference."""
    return _KIND_REGISTER in code and "*" not in code and not code.startswith(_NET)


class Registers:
    """The registers of one meter."""

    __slots__ = ("_last", "_serial")

    def __init__(self) -> None:
        """Nothing heard yet."""
        self._last: Final[dict[Shape, tuple[Value, ...]]] = {}
        self._serial = ""

    def noted(self, body: Body) -> str:
        """Remember the registers of a telegram that is believed. Returns what `lower` says of them."""
        shape = body.shape
        values = (shape.templates.get(_KEY) or _of(shape)).values(body.values)  # type: ignore[attr-defined]
        last = self._last.get(shape)
        self._last[shape] = values
        if last == values and body.serial == self._serial:
            return ""
        return self._changed(body, last, values)

    def _changed(self, body: Body, last: tuple[Value, ...] | None, values: tuple[Value, ...]) -> str:
        if body.serial != self._serial or len(self._last) > SHAPES_LIMIT:
            self._serial = body.serial
            self._last.clear()
            self._last[body.shape] = values
            return ""
        return "" if last is None else _lower(body.shape, _of(body.shape).places, last, values)

    def lower(self, body: Body) -> str | None:
        """Name the first register that is lower than in the last telegram that was noted. "" if there is none.

        A telegram of a new kind is compared with those of other kinds, code by code. None if no register can be compared.
        """
        if body.serial != self._serial:
            return None
        registers = _of(body.shape)
        values = registers.values(body.values)
        last = self._last.get(body.shape)
        if last is not None:
            return _lower(body.shape, registers.places, last, values) if values else None
        known: dict[str | None, Value] = {}
        for shape, noted in self._last.items():
            known |= {shape.columns[place].obis: value for place, value in zip(_of(shape).places, noted, strict=True)}
        shared = tuple(place for place in registers.places if body.shape.columns[place].obis in known)
        if not shared:
            return None
        before = tuple(known[body.shape.columns[place].obis] for place in shared)
        return _lower(body.shape, shared, before, tuple(body.values[place] for place in shared))


def _lower(shape: Shape, places: tuple[int, ...], last: tuple[Value, ...], values: tuple[Value, ...]) -> str:
    """Name the first value that is lower than the last one. "" if there is none."""
    try:
        if all(map(le, last, values)):  # type: ignore[arg-type]
            return ""
    except TypeError:
        pass  # a register without a value
    for place, before, now in zip(places, last, values, strict=True):
        if isinstance(before, int | float) and isinstance(now, int | float) and now < before and not rolled_over(before, now):
            column = shape.columns[place]
            register = column.name or column.obis
            return _("{register} went from {before} to {now} {unit}", register=register, before=before, now=now, unit=column.unit)
    return ""


def rolled_over(before: float, now: float) -> bool:
    """Whether a register went over its highest value, all nines, and began at zero again."""
    end = 10 ** len(str(int(before)))
    return bool(before >= _NEAR_THE_END * end and 0 <= now <= (1 - _NEAR_THE_END) * end)
