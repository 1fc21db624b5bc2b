"""Reads the options of a section by rows: the key, the field that it fills, and how its value is read.

A key without a row is an error that suggests the nearest known key. An error names the file, the place and what is expected there. It
never shows the value found there, because that may be a key.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, TypeVar

from telegraf_han.ciphers import secret
from telegraf_han.errors import ConfigError
from telegraf_han.language import _

UNKNOWN_SHOWN: Final = 24
"""An error repeats an unknown option up to this length. So an encryption key of 32 digits in the wrong place is never shown."""


_T = TypeVar("_T")
_V = TypeVar("_V")


class Errors(list[ConfigError]):
    """Collects errors, so that the user sees all of them at once. `with errors:` goes on behind the block after an error in it."""

    def __enter__(self) -> None:
        """Begin a block. An error ends it."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Keep a ConfigError. Everything else passes."""
        if not isinstance(error, ConfigError):
            return False
        self += error.every()
        return True

    def told(self) -> None:
        """Raise the first error, with all others. Does nothing if there is none."""
        if self:
            first, *others = self
            raise ConfigError(first.file, first.key, first.expected, others)


class Option(NamedTuple):
    """One row: the field that an option fills, and how its value is read."""

    field: str
    read: Callable[[object], Any]
    kind: str = "text"
    """What a cell of a table holds: "text", "number" or "texts". "" if the option has no cell."""


Rows = Mapping[str, Option]


class Place(NamedTuple):
    """A place in the file. Makes the errors about that place."""

    file: str
    section: str = ""
    prefix: str = ""

    def error(self, key: str, expected: str) -> ConfigError:
        """Return the error about one key of this place. `key` may be "" for the section itself."""
        inside = f"{self.prefix}{key}".removesuffix(".")
        return ConfigError(self.file, f"{self.section}: {inside}" if self.section and inside else self.section or inside, expected)

    def unknown(self, key: str, known: Iterable[str]) -> ConfigError:
        """Return the error about a key without a row, with the nearest known key."""
        from difflib import get_close_matches  # noqa: PLC0415, only an error needs it

        if key == "meters" and self.section:
            return self.error(key, _("this option is expected at the top of the file, before the first section"))
        near = get_close_matches(key.lower(), list(known), 1, 0.6)
        advice = _('Did you mean "{option}"?', option=near[0]) if near else _("Known options are {options}", options=", ".join(known))
        return self.error(self.shown(key), _("there is no such option. {advice}", advice=advice))

    @staticmethod
    def shown(key: str) -> str:
        """The name of an option that the user wrote, or its length if it may be a key."""
        named = len(key.rpartition(".")[2]) <= UNKNOWN_SHOWN and key.isprintable() and not secret.may_be_key(key)
        return key if named else _("an option of {size} characters", size=len(key))

    def require_known(self, keys: Iterable[str], known: Collection[str]) -> None:
        """Raise ConfigError for the keys that are not known here."""
        errors = Errors(self.unknown(key, known) for key in keys if key not in known)
        errors.told()

    def tried(self, key: str, read: Callable[[_V], _T], value: _V) -> _T:
        """Read the value of an option. Raises ConfigError."""
        try:
            return read(value)
        except ValueError as error:
            raise self.error(key, str(error)) from None


def read(table: object, rows: Rows, place: Place, errors: Errors | None = None) -> dict[str, Any]:
    """Read the fields of one section.

    What is wrong is left out and added to `errors`. Without `errors` it is raised, as one ConfigError that knows all.
    """
    found = Errors()
    fields = {}
    if isinstance(table, Mapping):
        for key, value in table.items():
            with found:
                place.require_known([key], rows)
                fields[rows[key].field] = place.tried(key, rows[key].read, value)
    else:
        found.append(place.error("", _("a section with options is expected")))
    if errors is None:
        found.told()
    else:
        errors += found
    return fields
