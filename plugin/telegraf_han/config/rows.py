"""Reads the options of a section by rows: the key, the field that it fills, and how its value is read.

A key without a row is an error that suggests the nearest known key. An error names the file, the place and what is expected there. It
never shows the value found there, because that may be a key.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from telegraf_han.ciphers import secret
from telegraf_han.errors import ConfigError
from telegraf_han.language import _

UNKNOWN_SHOWN: Final = 24
"""An error repeats an unknown option up to this length. So an encryption key of 32 digits in the wrong place is never shown."""


class Option(NamedTuple):
    """One row: the field that an option fills, and how its value is read."""

    field: str
    read: Callable[[object], Any]


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

        near = get_close_matches(key, list(known), 1, 0.6)
        named = len(key) <= UNKNOWN_SHOWN and key.isprintable() and not secret.may_be_key(key)
        shown = key if named else _("an option of {size} characters", size=len(key))
        advice = _('Did you mean "{option}"?', option=near[0]) if near else _("Known options are {options}", options=", ".join(known))
        return self.error(shown, _("there is no such option. {advice}", advice=advice))

    def require_known(self, keys: Iterable[str], known: Collection[str]) -> None:
        """Raise ConfigError at the first key that is not known here."""
        for key in keys:
            if key not in known:
                raise self.unknown(key, known)


def read(table: object, rows: Rows, place: Place) -> dict[str, Any]:
    """Read the fields of one section. Raises ConfigError."""
    if not isinstance(table, Mapping):
        raise place.error("", _("a section with options is expected"))
    fields = {}
    for key, value in table.items():
        option = rows.get(key)
        if option is None:
            raise place.unknown(key, rows)
        try:
            fields[option.field] = option.read(value)
        except ValueError as error:
            raise place.error(key, str(error)) from None
    return fields
