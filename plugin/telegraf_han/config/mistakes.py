"""Turns an error of the TOML parser into the line, what is expected there, and the usual mistake behind it.

The parser's own words name a rule of TOML ("Expected newline or end of document after a statement"). The owner of a meter made a simple
mistake: no quotes, one quote, a backslash. The table below has a row for each of the parser's sentences. Nothing of the line is repeated
except the option's name, because the line may hold a key. tests/unit/config/test_mistakes.py tries the rows with the parser itself.
"""

import re
from typing import Final, NamedTuple

from telegraf_han.ciphers import secret
from telegraf_han.language import _, marked

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_OPTION: Final = re.compile(r"\s*([A-Za-z0-9_.-]{1,24})\s*=")
_CURLY: Final = frozenset("“”„‟‘’‚‹›«»")
_QUOTES: Final = marked('text needs quotes, as in name = "home"')
_CLOSING: Final = marked('the closing quote is missing, as in name = "home"')
_TWICE: Final = marked("this section stands twice. Sections that may repeat have double brackets: [[meter]] and [[receiver]]")
_OPTION_TWICE: Final = marked("this option stands twice in its section, or in two forms. Delete one of them")
_STATEMENT: Final = marked('an option is expected, as in name = "home", or a section, as in [[meter]]')
_SENTENCES: Final = {
    "Unescaped '\\'": marked("a backslash means something else in double quotes. Put the text into single quotes"),
    "Invalid hex value": marked("a backslash means something else in double quotes. Put the text into single quotes"),
    "Escaped character": marked("a backslash means something else in double quotes. Put the text into single quotes"),
    "Illegal character '\\n'": _CLOSING,
    "Illegal character '\\r'": _CLOSING,
    "Illegal character": marked("there is a character that cannot be seen. Type the line anew"),
    "Found invalid character": marked("there is a character that cannot be seen. Type the line anew"),
    "Unterminated string": _CLOSING,
    'Expected "\'"': _CLOSING,
    'Expected \'"""\'': _CLOSING,
    "Expected \"'''\"": _CLOSING,
    "Expected '='": marked('an = is expected after the name of the option, as in name = "home"'),
    "Expected ']'": marked("the closing bracket of the section is missing, as in [output]"),
    "Expected ']]'": marked("the closing brackets of the section are missing, as in [[meter]]"),
    "Expected newline": marked("nothing may follow a value on its line, except a comment after #"),
    "Invalid statement": _STATEMENT,
    "Invalid initial character": _STATEMENT,
    "Invalid value": _QUOTES,
    "Invalid date": _QUOTES,
    "Unclosed array": marked("a comma or the closing bracket of the list is missing, as in [1, 2]"),
    "Unclosed inline table": marked("a comma or the closing brace is missing, as in { a = 1, b = 2 }"),
    "Cannot overwrite": _OPTION_TWICE,
    "Duplicate inline": _OPTION_TWICE,
    "Cannot declare": _TWICE,
    "Cannot redefine": _TWICE,
    "Cannot mutate": _TWICE,
}
"""The beginning of the parser's sentence, and ours."""


class Mistake(NamedTuple):
    """Where a mistake is, and what is expected there."""

    place: str
    """`line 3`, or `line 3: encryption_key` if the line names an option."""
    expected: str


def explained(text: str, said: str) -> Mistake:
    """Explain the parser's error `said` about a text."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    found = _PLACE.search(said)
    number, column = (int(found[1]), int(found[2])) if found and found[1] else (len(lines), len(lines[-1]) + 1)
    line = lines[min(number, len(lines)) - 1]
    option = _OPTION.match(line)
    named = option is not None and not secret.may_be_key(option[1])
    where = _("line {number}", number=number)
    place = f"{where}: {option[1]}" if named and option else where
    return Mistake(place, _seen(line, column - 1, said) or _sentence(said))


def _seen(line: str, at: int, said: str) -> str:
    """The mistake if the line itself shows it better than the parser's words. "" if it does not."""
    written = line.partition("=")[2].lstrip()
    if _CURLY & set(line.partition("#")[0]):
        return _('the quotes are curly. Straight ones are expected, as in name = "home"')
    if said.startswith("Invalid statement") and line.lstrip().startswith(("//", ";", "--", "/*")):
        return _("a comment begins with #")
    if said.startswith("Expected '='") and line[at : at + 1] == ":":
        return _('an = is expected after the name of the option and not a colon, as in name = "home"')
    if said.startswith("Invalid value") and not line[at:].partition("#")[0].strip():
        return _('a value is expected after =, as in name = "home"')
    if said.startswith("Invalid value") and written.lower().startswith(("true", "false", "yes", "no")):
        return _("true or false in small letters is expected, or a text in quotes")
    if said.startswith("Expected newline") and written and written[0] not in "\"'[{":
        return _(_QUOTES)
    return ""


def _sentence(said: str) -> str:
    """Our words for the parser's. The longest row that fits counts."""
    fitting = [row for row in _SENTENCES if said.startswith(row)]
    return _(_SENTENCES[max(fitting, key=len)]) if fitting else _("this line cannot be read as TOML")
