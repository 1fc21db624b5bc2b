"""Recognises the text of a key option that is no key of any meter: nothing at all, a sample, the name of a file.

Such a text opens no telegram, but it says nothing about the keys that the operator gave. So it is told as what it is, before the meter's
keys are called wrong.
"""

import re
from string import hexdigits
from typing import Final, NamedTuple

from telegraf_han.ciphers import demokeys, secret
from telegraf_han.ciphers.secret import Key
from telegraf_han.inspection.keytrial.findings import Holding, as_written
from telegraf_han.language import _, marked

_SAMPLES: Final[dict[Key, str]] = {
    **{Key(bytes(size)): marked("{option} is still the key from the sample configuration (only zeros)") for size in secret.LENGTHS},
    demokeys.DEMO_ENCRYPTION_KEY: marked("{option} is the key of the virtual meter, which no real meter has"),
    demokeys.DEMO_AUTHENTICATION_KEY: marked("{option} is the authentication key of the virtual meter, which no real meter has"),
}
_NOTHING: Final = str.maketrans("", "", "\0\u00a0\ufeff\u200b\"'")
"""Characters that a file may hold although a person sees nothing in it."""
_VARIABLE: Final = re.compile(r"\$\{?\w+\}?\Z|%\w+%\Z")
_SCHEME: Final = re.compile(r"(?:file|env|credential)(?=[=:/ ])|@(?=[\w./])", re.IGNORECASE)
_PATH: Final = re.compile(r"[~.]{0,2}(?:/?[\w .~-]+/)*[\w~-][\w .~-]*\.[A-Za-z]\w{0,7}\Z|[~.]{0,2}/[\w/ .~-]+\Z|[\w.~-]+(?:/[\w.~-]+)+\Z")
"""A name with an ending such as `.ek`, or with a folder."""
_LIKE_A_KEY: Final = 24
"""A text with so many hex digits is a spoiled key and no name."""
_GIVEN: Final = marked("write the key that the operator gave you")


class Oddity(NamedTuple):
    """What a text is."""

    found: str
    """A sentence that begins with the option's name."""
    todo: str


def oddity(holding: Holding, size: int) -> Oddity | None:
    """What the text of a key is, if it is no key that an operator gives."""
    text = holding.written.reveal()
    place, option = holding.written.place, holding.option
    if not secret.digits(text.translate(_NOTHING)):
        if not place:
            return Oddity(_("{option} is empty", option=option), _(_GIVEN))
        empty = _("{option} is empty: there is no key in {place}", option=option, place=place)
        return Oddity(empty, _("write the key that the operator gave you into it"))
    key = as_written(holding, size)
    if key is not None:
        return Oddity(_(_SAMPLES[key], option=option), _(_GIVEN)) if key in _SAMPLES else None
    if place or sum(character in hexdigits for character in text) >= _LIKE_A_KEY:
        return None
    if _VARIABLE.match(text):
        variable = _("{option} looks like the name of an environment variable, not like a key", option=option)
        return Oddity(variable, _('write "env:" and the name of the variable'))
    if scheme := _SCHEME.match(text):
        word = scheme[0].lower().replace("@", "file")
        return Oddity(
            _("{option} looks like the place of a key, but is not written as {word}:NAME", option=option, word=word),
            _('write "{word}:" in small letters directly before the name', word=word),
        )
    if _PATH.match(text):
        file = _("{option} looks like the name of a file, not like a key", option=option)
        return Oddity(file, _('write "file:" directly before the name, as in "file:home.ek"'))
    return None
