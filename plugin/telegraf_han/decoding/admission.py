"""Bounds the series and fields that one meter can make in the database.

Each serial number is a series in InfluxDB, and each new code is a field. Both stay there for years. A telegram that nothing proves may be
noise, or may come from anybody. So new names are admitted if a key or a checksum of the line proves the telegram, or if the same names come
a second time. And no meter gets more than a few dozen serial numbers and some hundred fields, whoever sends them. What is beyond that is
refused and counted.
"""

from typing import Final, NamedTuple

from telegraf_han.telegram import Body, Shape

SERIALS_LIMIT: Final = 24
"""Serial numbers of one meter. A meter is exchanged every ten years or so."""
FIELDS_LIMIT: Final = 400
"""Fields of one meter. The longest telegram known has about 80."""
_KINDS_LIMIT: Final = 256
"""Combinations of shape and tags that are remembered."""


class Kind(NamedTuple):
    """What is admitted of telegrams of one kind."""

    shape: Shape | None
    """The columns that are left. None if the whole telegram is refused."""
    places: tuple[int, ...] = ()
    """The places of the values that are left, if some are refused."""
    refused: int = 0
    """Fields that are refused."""


class Admission:
    """The names that one meter has in the database."""

    __slots__ = ("_fields", "_kinds", "_once", "_serials")

    def __init__(self) -> None:
        """Nothing admitted yet."""
        self._kinds: Final[dict[tuple[Shape, str, str], Kind]] = {}
        self._serials: Final[set[tuple[str, str]]] = set()
        self._fields: Final[set[str]] = set()
        self._once: tuple[Shape, str, str] | None = None

    def kind(self, body: Body, *, proven: bool) -> Kind:
        """What is admitted of a telegram."""
        key = body.shape, body.serial, body.model
        return self._kinds.get(key) or self._judged(key, proven=proven)

    def _judged(self, key: tuple[Shape, str, str], *, proven: bool) -> Kind:
        """What is admitted of a kind that was not seen before. A kind that only lacks a proof is judged again."""
        shape, serial, model = key
        again, self._once = self._once == key, key
        may_be_new = proven or again or not self._serials
        fields = _fields(shape)
        if (serial, model) not in self._serials:
            if len(self._serials) >= SERIALS_LIMIT or not may_be_new:
                return Kind(None, refused=len(fields))
            self._serials.add((serial, model))
        new = [field for field in fields if field not in self._fields]
        room = FIELDS_LIMIT - len(self._fields) if may_be_new else 0
        self._fields.update(new[:room])
        refused = set(new[room:])
        if not refused:
            found = Kind(shape)
        else:
            places = tuple(place for place, column in enumerate(shape.columns) if column.field not in refused)
            found = Kind(Shape(tuple(shape.columns[place] for place in places)), places, len(refused))
        if may_be_new or not refused:
            if len(self._kinds) >= _KINDS_LIMIT:
                self._kinds.clear()
            self._kinds[key] = found
        return found


def _fields(shape: Shape) -> list[str]:
    return [column.field for column in shape.columns if column.field]
