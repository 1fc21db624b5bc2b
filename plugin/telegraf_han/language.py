"""Turns a sentence for a person into that person's language: Polish or English.

`_` takes the English sentence as a template and fills in the values. The template is also the key of gettext's catalogue, so the code can
be read without it. English is in force until `choose` is called. Only commands that talk to a person call it. So log lines, and all that
Telegraf gets, stay English. The catalogue is loaded only for Polish, because `run` starts within milliseconds.
"""

import os
from typing import Final, Protocol

LANGUAGES: Final = ("en", "pl")
DOMAIN: Final = "telegraf-han"
_VARIABLES: Final = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first variable that is set decides, as in gettext."""
_GROUPED_FROM: Final = 10_000
"""Polish leaves numbers of four digits as they are."""


class _Catalogue(Protocol):
    def gettext(self, message: str, /) -> str: ...
    def ngettext(self, one: str, many: str, number: int, /) -> str: ...


class _English:
    """The sentences as they are in the code."""

    def gettext(self, message: str) -> str:
        return message

    def ngettext(self, one: str, many: str, number: int) -> str:
        return one if number == 1 else many


_chosen: _Catalogue = _English()


def _(template: str, /, **values: object) -> str:
    """A sentence in the chosen language. `values` fill its fields, as in `str.format`."""
    sentence = _chosen.gettext(template) if template else ""  # a catalogue answers "" with its own head
    return sentence.format(**values) if values else sentence


def marked(template: str) -> str:
    """The same sentence. This marks it for the catalogue if it stands in a table, and `_` translates it where it is said."""
    return template


def counted(one: str, many: str, number: int, /, **values: object) -> str:
    """A sentence whose words depend on a number. The field `{number}` shows the number."""
    return _chosen.ngettext(one, many, number).format(number=number, **values)


def grouped(number: int) -> str:
    """A number with a mark between its thousands: 1,234 and 12,345, in Polish 1234 and 12 345."""
    if isinstance(_chosen, _English):
        return f"{number:,}"
    return str(number) if number < _GROUPED_FROM else f"{number:,}".replace(",", " ")


def decimal(number: float, places: int) -> str:
    """A number with a point before its fraction, in Polish with a comma."""
    text = f"{number:.{places}f}"
    return text if isinstance(_chosen, _English) else text.replace(".", ",")


def wanted() -> str:
    """The language that the environment asks for: "pl", else "en". Of a list, as in LANGUAGE, it is the first that is known here."""
    value = next((value for name in _VARIABLES if (value := os.environ.get(name))), "")
    codes = (place.partition(".")[0].partition("@")[0].partition("_")[0] for place in value.lower().split(":"))
    return next((code for code in codes if code in LANGUAGES), "en")


def choose(language: str) -> None:
    """Speak this language from now on: one of LANGUAGES."""
    global _chosen  # noqa: PLW0603, a process speaks one language
    if language == "en":
        _chosen = _English()
        return
    import gettext  # noqa: PLC0415, only Polish needs it

    _chosen = gettext.translation(DOMAIN, os.path.join(os.path.dirname(__file__), "locale"), [language], fallback=True)
