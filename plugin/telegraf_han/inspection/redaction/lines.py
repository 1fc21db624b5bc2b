"""Turns DSMR data lines into lines of the same length that identify nobody.

`harmless` says which values may be published. Everything else is replaced character by character: serial numbers, equipment identifiers,
messages, logs, and all values under unknown codes. Hex of a text is replaced by hex, a number by a number, and a known unit stays. So the
line is read as before. A line that is not a data line keeps only its punctuation.
"""

import re
from typing import Final

from telegraf_han import obis
from telegraf_han.inspection.redaction import harmless
from telegraf_han.inspection.redaction.numbers import Numbers

_CODE_LINE: Final = re.compile(
    rb"([ \t\0]*)((?:(\d{1,3})-(\d{1,3}):)?(\d{1,3}|[CFLP])\.(\d{1,3}|F)(?:\.(\d{1,3}))?(?:[*.](\d{1,3}))?)?(?=\()(.*)", re.DOTALL
)
"""A code and what follows. C, F, L and P are 96 to 99 on optical ports."""
_OCTET: Final = 255
"""The largest number in a code."""
_GROUPS: Final = re.compile(rb"((?:\([^()]*\))+)(.*)", re.DOTALL)
_GROUP: Final = re.compile(rb"\(([^()]*)\)")
_UNITED: Final = re.compile(rb"([^*]*)\*([^*]*)")
_NUMBER: Final = re.compile(rb"[+-]?\d*\.\d+|[+-]?\d+\.\d*")
_STAMP_DIGITS: Final = b"000101000000"
"""A time stamp that is replaced becomes the beginning of the year 2000."""
_CODE: Final = re.compile(r"(?:\d{1,3}-\d{1,3}:)?\d{1,3}\.\d{1,3}\.\d{1,3}")
_IDENTITY: Final = re.compile(r"\d+-(\d+):(?:0\.0\.\d+|42\.0\.\d+|96\.(?:1|50)\.\d+)(?:\*\d+)?")
"""Codes under which a meter says who it is (IEC 62056-61: 0.0 and 96.1 device addresses, 42.0 logical device name), or a device on one of
its channels."""
_ON_CHANNEL: Final = re.compile(r"\d+-[1-9]")
_LOGGED: Final = frozenset(("0-0:96.7.19", "0-0:96.7.9", "0-0:96.7.21"))
"""Codes that a log names besides those of the registry."""
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_HEX_OF_ALNUM: Final = re.compile(rb"(?:3\d|[46][1-9]|[57]\d)+(?:20)*")
_HEX_OF_WORDS: Final = re.compile(rb"(?:3\d|[46][1-9]|[57]\d|20){8,}")
"""Digits alone can be a number, too. Only a long one is taken for the hex of a text with blanks."""
_MAKER: Final = re.compile(r"[A-Za-z]{3}\d")

_UNKNOWN: Final = "values under unknown codes"
_TEXTS: Final = "texts and messages"
_LINES: Final = "lines without a code"


def redacted(text: bytes, numbers: Numbers) -> bytes:
    """Redact all data lines. Line ends stay as they are."""
    fresh: list[bytes] = []
    awaited = ""
    for line in text.splitlines(keepends=True):
        bare = line.rstrip(b"\r\n")
        masked, awaited = _line(bare, awaited, numbers)
        fresh += masked, line[len(bare) :]
    return b"".join(fresh)


def ident(line: bytes, numbers: Numbers) -> bytes:
    """Redact an ident line. A known ident stays, and so do the letters of the maker. `line` may begin with "/" and end with line ends."""
    bare = line.rstrip(b"\r\n")
    slash = bare[:1] if bare[:1] == b"/" else b""
    said = bare[len(slash) :].decode("latin-1")
    known = next((one for one in harmless.KNOWN_IDENTS if said.startswith(one)), "")
    kept = known or (said[:4] if _MAKER.match(said) else "")
    if kept:
        numbers.note_kept(harmless.MODEL if known else harmless.MAKER, f"ident line {kept}")
    rest = said[len(kept) :].encode("latin-1")
    if not rest:
        return line
    numbers.note_replaced(harmless.IDENTIFIERS, "ident line")
    numbers.known.recognise(harmless.digits_of(rest))
    return slash + kept.encode("latin-1") + numbers.masked_octets(rest) + line[len(bare) :]


def _line(bare: bytes, awaited: str, numbers: Numbers) -> tuple[bytes, str]:
    """One line without its end, and the unit of the value that it announces for the next line."""
    found = _CODE_LINE.fullmatch(bare)
    if found is None or not _is_code(found, numbers):
        return _blanked(bare, numbers), ""
    before, written, content = found[1], found[2] or b"", found[9]
    code = obis.full(written.decode("ascii")) if written else ""
    parts = _GROUPS.fullmatch(content)
    if parts is None:
        _note(code, numbers)
        return before + written + _replaced(content, numbers), ""
    groups: list[bytes] = _GROUP.findall(parts[1])
    if code:
        reasons = harmless.reasons(code, groups, numbers)
    else:
        is_reading = bool(awaited) and len(groups) == 1 and harmless.is_quantity(groups[0], awaited, numbers)
        reasons = (harmless.QUANTITY if is_reading else "",) * len(groups)
    fresh = b"".join([b"(%b)" % _value(at, groups, reasons[at], code, numbers) for at in range(len(groups))])
    tail = parts[2] if not parts[2].strip(b") ") else _blanked(parts[2], numbers)
    return before + written + fresh + tail, harmless.awaited(groups) if code and all(reasons) else ""


def _is_code(found: re.Match[bytes], numbers: Numbers) -> bool:
    """Whether the numbers of a code can be those of a code, and are not the meter's number."""
    parts = [part for part in found.groups()[2:8] if part and part.isdigit()]
    return all(int(part) <= _OCTET for part in parts) and not numbers.known.holds(b"".join(parts).decode("ascii"))


def _blanked(text: bytes, numbers: Numbers) -> bytes:
    """Keep only the punctuation and the length of a text."""
    if text.strip():
        numbers.note_replaced(_LINES, f"{len(text)} characters")
    numbers.known.remember_all(text)
    return bytes([0x30 if chr(octet).isdigit() else 0x58 if octet >= ord("A") else octet for octet in text])


def _value(at: int, groups: list[bytes], reason: str, code: str, numbers: Numbers) -> bytes:
    """One group's content."""
    value = groups[at]
    if not value:
        return value
    if reason:
        numbers.note_kept(reason, code or "the line after it")
        return value
    if len(groups) > 1 and _is_structure(at, groups):
        return value
    _note(code, numbers)
    _learn(value, code, numbers)
    if len(groups) > 1 and harmless.is_stamp(value):
        return _STAMP_DIGITS[: len(value.rstrip(b"SWsw"))] + value[len(value.rstrip(b"SWsw")) :]
    return _masked(value, numbers)


def _learn(value: bytes, code: str, numbers: Numbers) -> None:
    """Remember the numbers of a value that names the meter, or that may do so.

    A device on a channel and the author of a message are no reason to doubt the meter's quantities.
    """
    identity = _IDENTITY.fullmatch(code)
    if identity is not None and identity[1] == "0":
        for text in _readings_of(value):
            numbers.known.recognise(harmless.digits_of(text))
            numbers.known.remember_all(text)
    elif not obis.row(code.partition("*")[0]).name and not _ON_CHANNEL.match(code):
        numbers.known.remember_all(value)


def _note(code: str, numbers: Numbers) -> None:
    """Report what is replaced under a code."""
    row = obis.row(code.partition("*")[0])
    if not code:
        numbers.note_replaced(_LINES, "a value alone")
    elif _IDENTITY.fullmatch(code):
        numbers.note_replaced(harmless.IDENTIFIERS, code)
    elif not row.name:
        numbers.note_replaced(_UNKNOWN, code)
    else:
        numbers.note_replaced(harmless.CARRIERS if row.kind in ("number", "clock") else _TEXTS, code)


def _is_structure(at: int, groups: list[bytes]) -> bool:
    """Whether a group only says how to read the others: a code that is known, a unit alone, or how many entries follow."""
    value = groups[at]
    if value and harmless.base_unit(value)[0] in harmless.LIMITS:
        return True
    if _is_known_code(value):
        return True
    return at == 0 and value.isdigit() and len(value) <= 2 and _is_known_code(groups[1])  # noqa: PLR2004, entries of a log


def _is_known_code(value: bytes) -> bool:
    """Whether a value is a code that the registry or `harmless` knows."""
    written = value.decode("latin-1")
    if not _CODE.fullmatch(written):
        return False
    code = obis.full(written)
    return code in obis.registry() or code in _LOGGED or harmless.is_channel(code)


def _masked(value: bytes, numbers: Numbers) -> bytes:
    """A value with invented characters. The digits of a quantity are not looked for elsewhere, because they identify nobody."""
    united = _UNITED.fullmatch(value)
    if united is not None and harmless.base_unit(united[2])[0] in harmless.LIMITS:
        return numbers.masked_octets(united[1], telling=False) + b"*" + united[2]
    if _NUMBER.fullmatch(value):
        return numbers.masked_octets(value, telling=False)
    return _replaced(value, numbers)


def _readings_of(value: bytes) -> tuple[bytes, ...]:
    """A value as it stands, and the text that it is the hex of, because digits alone may be either."""
    return (value, bytes.fromhex(value.decode("ascii"))) if _HEX.fullmatch(value) else (value,)


def _replaced(value: bytes, numbers: Numbers) -> bytes:
    """A text, or hex of one, with invented characters."""
    if not _HEX.fullmatch(value):
        return numbers.masked_octets(value)
    octets = bytes.fromhex(value.decode("ascii"))
    if not _is_hex_of_text(value, octets):
        masked = numbers.masked_octets(value)
        return masked.replace(b"X", b"a" if value.islower() else b"A")
    numbers.known.remember_all(value)
    fresh = numbers.masked_octets(octets).hex().encode("ascii")
    return fresh.upper() if value.upper() == value else fresh


def _is_hex_of_text(value: bytes, octets: bytes) -> bool:
    """Whether a value is the hex of a text. Hex of punctuation is not, because masking would leave it as it is."""
    if value.isdigit():
        return any(form.fullmatch(value) for form in (_HEX_OF_ALNUM, _HEX_OF_WORDS))
    text = octets.rstrip(b"\xff\0 ")
    spoken = sum(chr(octet).isalnum() for octet in text)
    return 2 * spoken >= len(text) > 0 and all(octet >= ord(" ") for octet in text)
