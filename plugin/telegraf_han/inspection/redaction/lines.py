"""Turns DSMR data lines into lines of the same length that identify nobody.

A value stays if it is a quantity or a time, because bugs are about those. Everything else is replaced character by character: serial
numbers, equipment identifiers, messages, and texts under unknown codes. Hex of a text is replaced by hex. So anything that this program
has never seen is replaced and not published. A line that is not a data line keeps only its punctuation.
"""

import re
from typing import Final

from telegraf_han import obis
from telegraf_han.inspection.redaction.numbers import Numbers

_LINE: Final = re.compile(
    rb"([ \t\0]*)((?:\d{1,3}-\d{1,3}:)?\d{1,3}\.\d{1,3}(?:\.\d{1,3})?(?:[*.]\d{1,3})?)?((?:\([^()\r\n]*\))+)([^\r\n]*)"
)
_GROUP: Final = re.compile(rb"\(([^()]*)\)")
_QUANTITY: Final = re.compile(rb"[+-]?\d{0,12}(?:\.\d{1,12})?\*[A-Za-z][A-Za-z0-9]{0,5}(?:\xb3|\xc2\xb3)?|[+-]?\d{1,12}\.\d{1,12}")
_SHORT_NUMBER: Final = re.compile(rb"[+-]?\d{1,5}")
_NUMBER: Final = re.compile(rb"[+-]?\d{1,12}(?:\.\d{1,12})?")
_STAMP: Final = re.compile(rb"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?([SW]?)")
_CODE: Final = re.compile(rb"(?:\d{1,3}-\d{1,3}:)?\d{1,3}\.\d{1,3}\.\d{1,3}")
_UNIT: Final = re.compile(rb"[A-Za-z]{1,4}3?")
_LONG_RUN: Final = re.compile(rb"\d{6,}")
_TEXT_DIGITS: Final = 4
"""Digits at most in a text that names a model or a version. A serial number has more."""
_TEXT_LIMIT: Final = 12
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2})+")


def redacted(text: bytes, numbers: Numbers) -> bytes:
    """Redact all data lines. Line ends stay as they are."""
    return b"".join([_line(line, numbers) for line in text.splitlines(keepends=True)])


def ident(line: bytes, numbers: Numbers) -> bytes:
    """Redact long numbers in an ident line."""
    return _LONG_RUN.sub(lambda run: numbers.invented(run[0].decode("ascii")).encode("ascii"), line)


def _line(line: bytes, numbers: Numbers) -> bytes:
    bare = line.rstrip(b"\r\n")
    found = _LINE.fullmatch(bare)
    if found is None:
        return _blanked(bare) + line[len(bare) :]
    before, code, groups, rest = found.groups()
    name = obis.full(code.decode("ascii")) if code else ""
    alone = groups.count(b"(") == 1
    kept = _GROUP.sub(lambda group: b"(%s)" % _value(group[1], name, numbers, alone=alone), groups)
    tail = rest if not rest.strip(b") ") else _blanked(rest)
    return before + (code or b"") + kept + tail + line[len(bare) :]


def _blanked(text: bytes) -> bytes:
    """Keep only the punctuation and the length of a text."""
    return bytes([0x30 if chr(octet).isdigit() else 0x58 if octet >= ord("A") else octet for octet in text])


def _value(value: bytes, code: str, numbers: Numbers, *, alone: bool) -> bytes:
    """One group's content."""
    row = obis.row(code)
    if not value or _says_nothing(value, row.kind, alone=alone):
        return value
    if row.kind == "model" and _names_no_one(_text_of(value)):
        return value
    if row.kind == "text" and _names_no_one(value):
        return value
    if row.kind == "number" and row.name and _NUMBER.fullmatch(value):
        return value
    return _replaced(value, numbers)


def _says_nothing(value: bytes, kind: str, *, alone: bool) -> bool:
    """Whether a value is a quantity, a time or the like. Such a value does not identify the meter."""
    if kind in ("octets", "serial", "model"):
        return False
    if _QUANTITY.fullmatch(value) or _SHORT_NUMBER.fullmatch(value):
        return True
    stamp = _STAMP.fullmatch(value)
    if stamp is not None:
        return bool(stamp[1]) or kind == "clock" or not alone
    return not alone and (_CODE.fullmatch(value) is not None or _UNIT.fullmatch(value) is not None)


def _text_of(value: bytes) -> bytes:
    """The text that hex stands for, or the value itself."""
    return bytes.fromhex(value.decode("ascii")) if _HEX.fullmatch(value) else value


def _names_no_one(text: bytes) -> bool:
    """Whether a text is short and has too few digits for a serial number."""
    printable = text.rstrip(b"\xff\0 ")
    digits = sum(chr(octet).isdigit() for octet in printable)
    return digits <= _TEXT_DIGITS and len(printable) <= _TEXT_LIMIT and printable.isascii() and printable.decode("ascii").isprintable()


def _replaced(value: bytes, numbers: Numbers) -> bytes:
    """A text, or hex of one, with invented characters."""
    if not _HEX.fullmatch(value):
        return numbers.masked_octets(value)
    octets = bytes.fromhex(value.decode("ascii"))
    text = octets.rstrip(b"\xff\0 ")
    if not (text.isascii() and text.decode("ascii").isprintable()) and value.isdigit():
        return numbers.masked_octets(value)
    fresh = numbers.masked_octets(octets).hex().encode("ascii")
    return fresh.upper() if value.upper() == value else fresh
