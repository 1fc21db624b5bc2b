"""Turns the text of a key into the keys that may have been meant, each with the mistake that explains the difference.

People pass keys on by paper, forms, e-mails and other programs. Each step can change a key in its own way: bytes in reverse order, hex of
hex, a digit that is missing after typing or doubled after copying. Each way is a row of `MISTAKES`, so that it has one name, one sentence
and one remedy. Cheap and likely mistakes come first. A text gives at most GUESSES_LIMIT keys, which take about 0.1 s to try.

[seen] bytes in reverse order, a digit too few (owners' reports); [assumed] all others, from what people do with hex.
"""

import base64
import binascii
import re
from collections.abc import Collection, Iterable, Iterator
from itertools import combinations, product
from typing import Final, NamedTuple

from telegraf_han.ciphers import secret
from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.language import _, marked

GUESSES_LIMIT: Final = 20_000
"""Keys tried for one text. Two digits missing from 32 make 8,000 keys, and a key of 64 digits has twice the places."""
TEXT_LIMIT: Final = 512
"""Characters of a text that are looked at. A longer text is a letter, not a key."""
_UNREADABLE_LIMIT: Final = 2
"""Characters that are not digits and may have been any digit. Two make 256 keys."""


class Mistake(NamedTuple):
    """One way to spoil a key."""

    found: str
    """A sentence about `{option}`, for `_`."""
    todo: str
    """For `_`, too."""
    typed: bool = False
    """Whether the mistake gives hundreds of keys, of which one may fit by chance."""


AS_WRITTEN: Final = "as written"
FIRST: Final = "first of two"
SECOND: Final = "second of two"
MISTAKES: Final = {
    "reversed": Mistake(
        marked("{option} has its bytes in reverse order"), marked("write its bytes (pairs of digits) from the last to the first")
    ),
    "digits reversed": Mistake(marked("{option} has its digits in reverse order"), marked("write its digits from the last to the first")),
    "nibbles swapped": Mistake(marked("{option} has the two digits of each byte swapped"), marked("swap the two digits of each pair")),
    "words reversed": Mistake(
        marked("{option} has its bytes reversed in groups of 2, 4 or 8"),
        marked("ask for the key in plain byte order, or let --save write it"),
    ),
    "hex of hex": Mistake(
        marked("{option} is the hex of the key's hex digits"), marked("turn the hex back into text once: the text is the key's digits")
    ),
    "ascii of hex": Mistake(
        marked("{option} is meant as text: the meter uses the digits themselves as characters, not the bytes that they stand for"),
        marked("let --save write the key that the meter uses"),
    ),
    "text": Mistake(marked("{option} is the key as text, not as hex"), marked("write the hex of its characters, or let --save write it")),
    "base64": Mistake(marked("{option} is the key in base64, not in hex"), marked("write it as hex, or let --save write it")),
    "utf-16": Mistake(
        marked("{option} is right, but its file is written in UTF-16, with two bytes per character"),
        marked("save the file again as plain text (ASCII or UTF-8)"),
    ),
    FIRST: Mistake(marked("{option} holds two keys, and the first is the right one"), marked("write the first key only")),
    SECOND: Mistake(marked("{option} holds two keys, and the second is the right one"), marked("write the second key only")),
    "other text": Mistake(marked("{option} holds other text as well as the key"), marked("write the key's 32 digits only")),
    "other characters": Mistake(
        marked("{option} has other characters between its digits, perhaps invisible ones from a PDF or an e-mail"),
        marked("type its digits, or let --save write it"),
    ),
    "look-alikes": Mistake(
        marked("{option} has letters that look like digits (O for 0, l for 1 and so on)"), marked("write digits instead")
    ),
    "unreadable": Mistake(
        marked("{option} has characters that are not hex digits"),
        marked("compare it with the key that you were given, digit by digit"),
        typed=True,
    ),
    "digit missing": Mistake(
        marked("{option} has one digit too few"), marked("compare it with the key that you were given: a digit is missing"), typed=True
    ),
    "digit too many": Mistake(
        marked("{option} has one digit too many"),
        marked("compare it with the key that you were given: a digit was doubled or inserted"),
        typed=True,
    ),
    "digits missing": Mistake(
        marked("{option} has two digits too few, next to each other"),
        marked("compare it with the key that you were given: a byte is missing"),
        typed=True,
    ),
    "digits too many": Mistake(
        marked("{option} has two digits too many"),
        marked("compare it with the key that you were given: two digits were doubled or inserted"),
        typed=True,
    ),
    "neighbours swapped": Mistake(
        marked("{option} has two neighbouring digits or bytes swapped"),
        marked("compare it with the key that you were given, pair by pair"),
        typed=True,
    ),
    "digit wrong": Mistake(
        marked("{option} has one wrong digit"), marked("compare it with the key that you were given, digit by digit"), typed=True
    ),
    "digit missing, filled up": Mistake(
        marked("{option} has a digit missing and was filled up at its beginning or end"),
        marked("compare it with the key that you were given, digit by digit"),
        typed=True,
    ),
    "digit too many, cut": Mistake(
        marked("{option} has a digit too many and was cut at its beginning or end"),
        marked("compare it with the key that you were given, digit by digit"),
        typed=True,
    ),
}
"""Name → what went wrong. All but the first are [assumed]."""


class Guess(NamedTuple):
    """A key that may be the one meant."""

    mistake: str
    """A row of MISTAKES, or AS_WRITTEN."""
    key: Key


_HEX: Final = "0123456789abcdef"
_LOOK_ALIKES: Final = str.maketrans("oil|!szgt", "011115267")
_RUN: Final = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{32})?(?![0-9A-Fa-f])")
_SPACED: Final = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[ \t\u00a0:._-]?){15}[0-9A-Fa-f]{2}(?![0-9A-Za-z])")
"""A key within one line, perhaps with separators, and perhaps with its name before or behind it."""
_OTHER: Final = re.compile(r"0x|[^0-9a-f]")
_TWO: Final = 2
_MOST: Final = 24
"""A line with so many hex digits holds a key, and not a remark."""


def guesses(written: Written, sizes: Collection[int]) -> Iterator[Guess]:
    """The keys that a text may mean, with lengths (bytes) in `sizes`. No key comes twice, and the text as it stands comes first."""
    known: set[Key] = set()
    for mistake, octets in _octets(written.reveal()[:TEXT_LIMIT], sizes):
        if len(octets) not in sizes:
            continue
        key = Key(octets)
        if key not in known:
            known.add(key)
            yield Guess(mistake, key)
        if len(known) >= GUESSES_LIMIT:
            return


def simple(written: Written, sizes: Collection[int]) -> Iterator[Guess]:
    """The guesses that are not typing mistakes: the text is another writing of all the key's digits."""
    for guess in guesses(written, sizes):
        if guess.mistake != AS_WRITTEN and MISTAKES[guess.mistake].typed:
            return
        yield guess


def halves(written: Written) -> tuple[str, str]:
    """The words for the places of two keys in one text."""
    lines = [number for number, line in enumerate(written.reveal().splitlines(), 1) if sum(map(_HEX.__contains__, line.lower())) >= _MOST]
    if len(lines) == _TWO:
        return _("line {number}", number=lines[0]), _("line {number}", number=lines[1])
    return _("the first key"), _("the second key")


def _octets(text: str, sizes: Collection[int]) -> Iterator[tuple[str, bytes]]:
    digits = secret.digits(text).lower()
    whole = _bytes(digits)
    if whole is not None:
        yield AS_WRITTEN, whole
        yield from _turned(whole)
        yield from _halves(whole)
        yield from _as_text(digits)
    yield from _other_writings(text, digits)
    for size in sizes:
        yield from _mistyped(digits, 2 * size)


def _bytes(digits: str) -> bytes | None:
    """Hex as bytes, or None if the text is not hex."""
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


def _turned(octets: bytes) -> Iterator[tuple[str, bytes]]:
    """The same digits in another order."""
    swapped = bytes([octet >> 4 | octet << 4 & 0xF0 for octet in octets])
    yield "reversed", octets[::-1]
    yield "digits reversed", swapped[::-1]
    yield "nibbles swapped", swapped
    for size in (4, 2, 8):
        yield "words reversed", b"".join([octets[at : at + size][::-1] for at in range(0, len(octets), size)])


def _halves(octets: bytes) -> Iterator[tuple[str, bytes]]:
    """Two keys written as one."""
    half = len(octets) // 2
    yield FIRST, octets[:half]
    yield SECOND, octets[half:]


def _as_text(digits: str) -> Iterator[tuple[str, bytes]]:
    """Hex that was taken for text once too often or once too seldom."""
    try:
        inner = bytes.fromhex(digits).decode("ascii")
    except ValueError:
        inner = ""
    octets = _bytes(secret.digits(inner)) if inner else None
    if octets is not None:
        yield "hex of hex", octets
    for size in secret.LENGTHS:
        for form in (digits, digits.upper()):
            yield "ascii of hex", form[:size].encode("ascii")
            yield "ascii of hex", form[-size:].encode("ascii")


def _other_writings(text: str, digits: str) -> Iterator[tuple[str, bytes]]:
    """Not hex, or not hex alone."""
    if "\0" in text:
        yield "utf-16", _bytes(secret.digits(text.replace("\0", "").replace("ÿþ", "").replace("þÿ", "")).lower()) or b""
    yield "other characters", _bytes(_OTHER.sub("", digits)) or b""
    yield "look-alikes", _bytes(digits.translate(_LOOK_ALIKES)) or b""
    spaced = [secret.digits(run.replace(".", "").replace("\u00a0", "")) for run in _SPACED.findall(text)]
    for number, run in enumerate(spaced):
        yield "other text" if len(spaced) != _TWO else (FIRST, SECOND)[number], bytes.fromhex(run)
    for run in _RUN.findall(text):
        yield "other text", bytes.fromhex(run)
    for bare in (text, text.strip()):
        try:
            yield "text", bare.encode("latin-1")
        except UnicodeEncodeError:
            continue
    try:
        yield "base64", base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return


def _mistyped(digits: str, wanted: int) -> Iterator[tuple[str, bytes]]:
    """Typing mistakes. They are tried only if all characters are digits, or all but very few."""
    strange = [at for at, digit in enumerate(digits) if digit not in _HEX]
    if strange:
        if len(digits) == wanted and len(strange) <= _UNREADABLE_LIMIT:
            yield from _named("unreadable", _filled(digits, strange))
        return
    if (short := _SHORT.get(len(digits) - wanted)) is not None:
        mistake, variants = short
        yield from _named(mistake, variants(digits))
    if len(digits) == wanted:
        yield from _named("neighbours swapped", _swapped(digits))
        yield from _named("digit wrong", _replaced(digits))
        yield from _named("digit missing, filled up", _shortened(_inserted(digits), wanted))
        yield from _named("digit too many, cut", _lengthened(_deleted(digits)))


def _named(mistake: str, variants: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for variant in variants:
        yield mistake, bytes.fromhex(variant)


def _filled(digits: str, places: list[int]) -> Iterator[str]:
    for choice in product(_HEX, repeat=len(places)):
        variant = list(digits)
        for place, digit in zip(places, choice, strict=True):
            variant[place] = digit
        yield "".join(variant)


def _inserted(digits: str) -> Iterator[str]:
    for at in range(len(digits) + 1):
        for digit in _HEX:
            yield digits[:at] + digit + digits[at:]


def _pair_inserted(digits: str) -> Iterator[str]:
    for at in range(len(digits) + 1):
        for pair in range(256):
            yield f"{digits[:at]}{pair:02x}{digits[at:]}"


def _deleted(digits: str) -> Iterator[str]:
    for at in range(len(digits)):
        yield digits[:at] + digits[at + 1 :]


def _two_deleted(digits: str) -> Iterator[str]:
    for first, second in combinations(range(len(digits)), _TWO):
        yield digits[:first] + digits[first + 1 : second] + digits[second + 1 :]


def _replaced(digits: str) -> Iterator[str]:
    for at in range(len(digits)):
        for digit in _HEX:
            yield digits[:at] + digit + digits[at + 1 :]


def _swapped(digits: str) -> Iterator[str]:
    for size in (1, _TWO):
        for at in range(0, len(digits) - 2 * size + 1, size):
            yield digits[:at] + digits[at + size : at + 2 * size] + digits[at : at + size] + digits[at + 2 * size :]


def _shortened(variants: Iterable[str], wanted: int) -> Iterator[str]:
    for variant in variants:
        yield variant[:wanted]
        yield variant[-wanted:]


def _lengthened(variants: Iterable[str]) -> Iterator[str]:
    for variant in variants:
        for digit in _HEX:
            yield variant + digit
            yield digit + variant


_SHORT: Final = {
    # digits more than wanted → the mistake, and a function that gives what may have been meant
    -1: ("digit missing", _inserted),
    1: ("digit too many", _deleted),
    -2: ("digits missing", _pair_inserted),
    2: ("digits too many", _two_deleted),
}
