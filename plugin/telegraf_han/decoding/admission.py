"""Bounds the series and fields that one meter can make in the database.

Each serial number is a series in InfluxDB, and each new code is a field. Both stay there for years. A telegram that nothing proves may be
noise, or may come from anybody. So new names are admitted if a key or a checksum of the line proves the telegram, or if the same names come
a second time. And no meter gets more than a few dozen serial numbers and some hundred fields, whoever sends them. What is beyond that is
refused and counted.
"""

from typing import Final, NamedTuple

from telegraf_han.telegram import Shape, Telegram

SERIALS_LIMIT: Final = 24
"""Serial numbers of one meter. A meter is exchanged every ten years or so."""
FIELDS_LIMIT: Final = 400
"""Fields of one meter. The longest telegram known has about 80."""
_KINDS_LIMIT: Final = 256
"""Combinations of shape and tags that are remembered."""


class _Kind(NamedTuple):
    """What is admitted of telegrams of one kind."""

    shape: Shape
    places: tuple[int, ...] | None
    """The places of the values that are left. None if all are."""
    refused: int


class Admission:
    """The names that one meter has in the database."""

    __slots__ = ("_fields", "_kinds", "_once", "_serials")

    def __init__(self) -> None:
        """Nothing admitted yet."""
        self._kinds: Final[dict[tuple[Shape, str, str], _Kind | None]] = {}
        self._serials: Final[set[tuple[str, str]]] = set()
        self._fields: Final[set[str]] = set()
        self._once: tuple[Shape, str, str] | None = None

    def admitted(self, telegram: Telegram, *, proven: bool) -> tuple[Telegram | None, int]:
        """The telegram without what is refused, and how many fields that are. None if its serial number is refused."""
        key = telegram.shape, telegram.serial, telegram.model
        known = self._kinds.get(key)
        if known is None:
            known = self._judged(key, proven=proven)
            if known is None:
                return None, len(_fields(telegram.shape))
        if known.places is None:
            return telegram, 0
        return telegram._replace(shape=known.shape, values=[telegram.values[place] for place in known.places]), known.refused

    def _judged(self, key: tuple[Shape, str, str], *, proven: bool) -> _Kind | None:
        """What is admitted of a kind that was not seen before."""
        shape, serial, model = key
        again, self._once = self._once == key, key
        first = not self._serials
        if (serial, model) not in self._serials:
            if len(self._serials) >= SERIALS_LIMIT or not (proven or again or first):
                return None
            self._serials.add((serial, model))
        fields = _fields(shape)
        new = [field for field in fields if field not in self._fields]
        room = FIELDS_LIMIT - len(self._fields) if proven or again or first else 0
        self._fields.update(new[:room])
        refused = set(new[room:])
        if not refused:
            found = _Kind(shape, None, 0)
        else:
            places = tuple(place for place, column in enumerate(shape.columns) if column.field not in refused)
            found = _Kind(Shape(tuple(shape.columns[place] for place in places)), places, len(refused))
        if proven or again or first or not refused:
            if len(self._kinds) >= _KINDS_LIMIT:
                self._kinds.clear()
            self._kinds[key] = found
        return found


def _fields(shape: Shape) -> list[str]:
    return [column.field for column in shape.columns if column.field]
