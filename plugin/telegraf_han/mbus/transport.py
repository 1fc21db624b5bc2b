"""Reads the header of the transport layer: the kind of content that the CI announces, the meter's address, and how the data are secured.

EN 13757-7, 5.2 (CI) and 7 (headers). A short header has access number, status and configuration word. A long header has the meter's own
address before them. Then this address is used and not the link's, because the frame may come from a radio adapter. Bits 8 to 12 of the
configuration word are the security mode. Some modes have more bytes behind the word. Content other than full records of a meter is refused.
It has a name in the table for the message. [seen] CI 72, 78, 7A, 8B and, on wired M-Bus, 5B sent by a meter.
"""

from functools import lru_cache
from typing import Final, Literal, NamedTuple

from telegraf_han.errors import FramingError
from telegraf_han.language import _, marked
from telegraf_han.mbus import link
from telegraf_han.telegram import Address, of_fields

Form = Literal["none", "short", "long"]

RECORDS: Final = "records"
NOTHING: Final = marked("nothing")
COMPACT: Final = marked("compact frame")
FORMAT: Final = marked("format frame")
IN_SHORT: Final = frozenset((COMPACT, FORMAT))

SEGMENTS: Final = range(0x20)
"""CI of the segments of a DLMS message."""

CONTENTS: Final[dict[int, tuple[Form, str]]] = {
    # CI: header, content; RECORDS and NOTHING are read, all others are refused with the name from this table
    0x72: ("long", RECORDS),
    0x78: ("none", RECORDS),
    0x7A: ("short", RECORDS),
    0x5A: ("short", RECORDS),
    0x5B: ("long", RECORDS),
    0x80: ("long", NOTHING),
    0x8A: ("short", NOTHING),
    0x8B: ("long", NOTHING),
    0x79: ("none", COMPACT),
    0x7B: ("short", COMPACT),
    0x73: ("long", COMPACT),
    0x69: ("none", FORMAT),
    0x6A: ("short", FORMAT),
    0x6B: ("long", FORMAT),
    0x70: ("none", marked("error report")),
    0x6E: ("short", marked("error report")),
    0x6F: ("long", marked("error report")),
    0x71: ("none", marked("alarm")),
    0x74: ("short", marked("alarm")),
    0x75: ("long", marked("alarm")),
    0x7C: ("long", marked("COSEM data")),
    0x7D: ("short", marked("COSEM data")),
    0x7E: ("long", marked("OBIS data")),
    0x7F: ("short", marked("OBIS data")),
    0x81: ("none", marked("network layer")),
    0x86: ("none", marked("extended link layer of variable length")),
    **dict.fromkeys(SEGMENTS, ("none", marked("segment of a DLMS message"))),
    **dict.fromkeys(range(0xA0, 0xB8), ("none", marked("data of the maker's own form"))),
}

HEADLESS: Final = frozenset(ci for ci, (form, _) in CONTENTS.items() if form == "none")
"""CI without a header, so without a status."""

_ADDRESS_BYTES: Final = 8
_FIELDS_BYTES: Final = 4
"""Access number, status, configuration word."""
_EXTENSIONS: Final = {
    # security mode: bytes after the configuration word
    7: 1,
    8: 1,
    9: 1,
    10: 6,  # two of configuration, four of message counter
    13: 1,
}


_APPLICATION: Final = ("", "busy", "any application error", "abnormal condition or alarm")
"""Bits 0 and 1 of the status."""
_STATES: Final = {0x04: "power low", 0x08: "permanent error", 0x10: "temporary error"}
_MAKERS_BITS: Final = range(5, 8)


@lru_cache(256)
def status_text(status: int) -> str:
    """The words of EN 13757-7, 7.5.6 for a status byte: "permanent error, maker's bit 5". "" if it is 0."""
    said = [_APPLICATION[status & 0x03], *[words for bit, words in _STATES.items() if status & bit]]
    said += [f"maker's bit {bit}" for bit in _MAKERS_BITS if status >> bit & 1]
    return ", ".join(filter(None, said))


class Header(NamedTuple):
    """The fields between CI and the content. Without a header all numbers are 0."""

    ci: int
    address: Address | None
    """The meter's own address, from a long header."""
    access: int
    status: int
    mode: int
    """Security mode."""
    configuration: int
    """The whole configuration word."""
    extension: bytes
    """The bytes that the mode adds to the configuration word."""
    payload: bytes
    """The content as the mode secures it."""
    content: str
    """RECORDS, NOTHING, one of IN_SHORT, or the name of content that is refused."""


def parsed(message: bytes) -> Header:
    """The header at the head of `message`, which begins with CI. Raises FramingError."""
    ci = message[0]
    form, content = CONTENTS.get(ci, ("", ""))
    if not form:
        raise FramingError(_("CI field {ci:02X} is unknown", ci=ci))
    if form == "none":
        return Header(ci, None, 0, 0, 0, 0, b"", message[1:], content)
    at = 1 + _ADDRESS_BYTES * (form == "long")
    end = at + _FIELDS_BYTES
    if len(message) < end:
        raise FramingError(_("{form} header has {size} bytes, but it needs {needed}", form=form, size=len(message) - 1, needed=end - 1))
    address = link.address(message[5:7] + message[1:5] + message[7:9]) if form == "long" else None
    configuration = message[at + 2] | message[at + 3] << 8
    mode = configuration >> 8 & 0x1F
    extended = end + _EXTENSIONS.get(mode, 0)
    if len(message) < extended:
        raise FramingError(
            _(
                "header of security mode {mode} has {size} bytes, but it needs {needed}",
                mode=mode,
                size=len(message) - 1,
                needed=extended - 1,
            )
        )
    extension, payload = message[end:extended], message[extended:]
    return of_fields(Header, (ci, address, message[at], message[at + 1], mode, configuration, extension, payload, content))
