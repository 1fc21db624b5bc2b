"""Turns a value as TOML gives it into the checked value that `Config` holds.

There is one function for each kind of value. It takes a value from the file and returns what the program works with. A value that cannot
be used raises ValueError, with a sentence that says what is expected. That sentence never repeats the value, because the value may be a
key in the wrong place. Quantities come out in base units, times in seconds.
"""

from collections.abc import Callable
from math import isfinite
from string import hexdigits
from typing import Final

from telegraf_han.ciphers import secret
from telegraf_han.clock import Zone
from telegraf_han.language import _, marked

NAME_LIMIT: Final = 64
"""Characters of a name. The name is repeated in every line, and a line has 4096 bytes."""
SHORTEST_S: Final = 0.1
"""The shortest interval. It is not shorter than the time that a telegram takes on the line."""
DAY_S: Final = 86_400.0
"""The longest interval between two status lines. An alert rule that waits longer for one is useless."""
CENTURY_S: Final = 36_500 * DAY_S
"""Nothing was measured before that, and Python's calendar has an end."""
_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY_S, "w": 7 * DAY_S, "y": 366 * DAY_S}
_PLAIN: Final = frozenset("0123456789.")
"""What the number of a time consists of. Python's numbers may have more: underscores, exponents, digits of all alphabets."""
_SCHEMES: Final = ("socket://", "rfc2217://")
_PORTS: Final = marked("a device path, socket://HOST:PORT, rfc2217://HOST:PORT or a file to replay is expected")
_NOT_A_KEY: Final = marked("{expected}, but this text looks like a key. A key belongs into the option for keys")
_STABLE_NAMES: Final = "/dev/serial/by-id/"
_ID_DIGITS: Final = 8
_TITLE_DIGITS: Final = 16
_FORMS: Final = tuple(f"{bits}{parity}{stop}" for bits in "78" for parity in "NEOMS" for stop in "12")
_FASTEST_BAUD: Final = 4_000_000
_LAST_PORT: Final = 65_535


def quoted(value: object) -> str:
    """Return text that is not empty. Raises ValueError."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError(_("text in quotes is expected"))
    return value.strip()


def name(value: object) -> str:
    """Return a name that can be a tag. A backslash at its end would escape the next character. Raises ValueError, also for a key."""
    good = isinstance(value, str) and 0 < len(value) <= NAME_LIMIT and value.isprintable() and "\\" not in value and value == value.strip()
    if not good:
        raise ValueError(_("a name in quotes is expected, with 1 to {limit} printable characters and no backslash", limit=NAME_LIMIT))
    return _no_key(str(value), _("a name in quotes is expected"))


def one_of(*words: str) -> Callable[[object], str]:
    """Return the reader of an option whose value must be one of these words."""

    def read(value: object) -> str:
        if value not in words:
            raise ValueError(_("one of {kinds} is expected", kinds=", ".join(f'"{word}"' for word in words)))
        return str(value)

    return read


def number(value: object) -> float:
    """Return a finite number. Raises ValueError, also for true and false, which Python takes for 1 and 0."""
    try:
        found = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:
        found = None
    if found is None or not isfinite(found):
        raise ValueError(_("a number without quotes is expected"))
    return found


def whole(low: int, high: int) -> Callable[[object], int]:
    """Return the reader of an option whose value must be a whole number of this range."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(_("a whole number from {low} to {high} is expected", low=low, high=high))
        return value

    return read


def limit(value: object) -> float:
    """Return a finite number that is not negative. No value could ever be below a negative limit. Raises ValueError."""
    found = number(value)
    if found < 0:
        raise ValueError(_("a number of 0 or more is expected"))
    return found


def duration_s(least_s: float = SHORTEST_S, most_s: float = CENTURY_S, zero: str = "") -> Callable[[object], float]:
    """Return the reader of a time in seconds: `30s`, `10m`, `2h`, `30d`, or a number of seconds without quotes.

    This is the only grammar of times, for the configuration and for all commands. The time must be in this range. If it may also be 0,
    `zero` says what 0 means.
    """

    def read(value: object) -> float:
        written = value if isinstance(value, str) else f"{value}s"
        digits = written.rstrip("abcdefghijklmnopqrstuvwxyz ")
        unit_s = _UNITS_S.get(written[len(digits) :].strip(), 0.0)
        try:
            seconds = float(digits) * unit_s if _PLAIN.issuperset(digits.strip()) else 0.0
        except ValueError:
            seconds = 0.0
        if zero and digits == "0":
            return 0.0
        if not least_s <= seconds <= most_s:
            least, most = _shown_s(least_s), _shown_s(most_s)
            said = (
                _("a time from {least} to {most} is expected, written like 30s, 10m, 2h or 30d", least=least, most=most)
                if most_s < CENTURY_S
                else _("a time from {least} on is expected, written like 30s, 10m, 2h or 30d", least=least)
            )
            raise ValueError(_("{said}, or 0 {zero}", said=said, zero=_(zero)) if zero else said)
        return seconds

    return read


def _shown_s(seconds: float) -> str:
    """A time in its largest unit that gives a whole number."""
    unit = max((unit for unit, size_s in _UNITS_S.items() if seconds % size_s == 0), key=_UNITS_S.__getitem__, default="ms")
    return f"{seconds / _UNITS_S[unit]:.0f}{unit}"


def line(value: object) -> str:
    """`115200 8N1`: baud, data bits, parity, stop bits. Raises ValueError."""
    baud, _blank, form = value.upper().partition(" ") if isinstance(value, str) else ("", "", "")
    if form.strip() not in _FORMS or not _whole(baud, _FASTEST_BAUD):
        raise ValueError(_('baud, data bits, parity and stop bits are expected, such as "115200 8N1"'))
    return f"{int(baud)} {form.strip()}"


def port(value: object) -> str:
    """Return a path, or socket:// or rfc2217:// with host and port. Raises ValueError."""
    found = quoted(value)
    if found.startswith(_STABLE_NAMES):
        return found  # some have a serial number as long as a key
    if "://" not in found:
        return _no_key(found, _(_PORTS))
    host, _colon, service = found.partition("://")[2].rpartition(":")
    if not found.startswith(_SCHEMES) or not host or not _whole(service, _LAST_PORT):
        raise ValueError(_(_PORTS))
    return found if host.startswith("[") else _no_key(found, _(_PORTS))


def command(value: object) -> tuple[str, ...]:
    """Return a program and its arguments. Raises ValueError."""
    words = value if isinstance(value, list) else []
    if not words or not words[0] or not all(isinstance(word, str) and "\0" not in word for word in words):
        raise ValueError(_('a list of words is expected, such as ["rtl_433", "-F", "json"]. No shell reads this list'))
    _no_key(words[0], _("a program is expected"))
    return tuple(words)


def meter_id(value: object) -> str:
    """Return the digits on the meter. Some makers also use A to F. Raises ValueError."""
    digits = value.strip().upper() if isinstance(value, str) else ""
    if len(digits) != _ID_DIGITS or any(digit not in "0123456789ABCDEF" for digit in digits):
        raise ValueError(_("the eight digits printed on the meter are expected, in quotes. In a spreadsheet, format the column as text"))
    return digits


def system_title(value: object) -> bytes:
    """Return the 8 bytes of a system title (Green Book 9.2.2.4.4), written as 16 hex digits. Raises ValueError."""
    digits = value.strip() if isinstance(value, str) else ""
    if len(digits) != _TITLE_DIGITS or any(digit not in hexdigits for digit in digits):
        raise ValueError(_("16 hex digits in quotes are expected, as the command `keys` prints them"))
    return bytes.fromhex(digits)


def zone(value: object) -> Zone:
    """Return a time zone that this machine knows. Raises ValueError."""
    return Zone(quoted(value))


def _no_key(text: str, expected: str) -> str:
    """Return a text that messages and metrics may repeat. Raises ValueError for a text that may hold a key."""
    if secret.may_be_key(text):
        raise ValueError(_(_NOT_A_KEY, expected=expected))
    return text


def _whole(digits: str, limit: int) -> bool:
    """Whether this is a whole number from 1 to `limit`."""
    return digits.isascii() and digits.isdecimal() and len(digits) <= len(str(limit)) and 0 < int(digits) <= limit
