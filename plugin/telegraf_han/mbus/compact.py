"""Puts compact frames together: a frame of bare data gets its headers back from a full frame of the same meter that was heard before.

EN 13757-3:2018, Annex H. A meter sends a full frame now and then, and compact frames between (CI 79, 7B, 73). A compact frame begins with
two numbers, low byte first. The format signature is the CRC-16 (EN 13757) of all headers of the full frame. It says which headers are
meant. The second number is the CRC-16 of the full frame's records, without fillers. So a damaged frame, or headers of another frame, do not
pass. A format frame (CI 69, 6A, 6B) has a length, the signature and the headers alone. [seen] compact frames of Kamstrup's Omnipower.
[assumed] the format frame.

A `Memory` belongs to one configured meter. It learns only from telegrams that were believed, so nobody else can teach it wrong headers.
"""

from functools import lru_cache
from typing import Final

from telegraf_han.ciphers import crc
from telegraf_han.errors import RecordError, WaitingError
from telegraf_han.language import _
from telegraf_han.mbus import dif, values, walk
from telegraf_han.mbus.memory import FORMATS_LIMIT, Memory
from telegraf_han.telegram import Address

_CRC: Final = 2
_CHECKS: Final = 2 * _CRC
"""Bytes before the data of a compact frame."""
_FORMAT_AT: Final = 1 + _CRC
"""Offset of the headers in a format frame."""
_FILLER: Final = bytes([dif.FILLER])


@lru_cache(FORMATS_LIMIT)
def signature(headers: tuple[bytes, ...]) -> int:
    """The number by which compact frames call these headers."""
    return crc.en13757(b"".join(headers))


def format_frame(content: bytes) -> tuple[bytes, ...]:
    """The headers that a format frame holds. Raises RecordError."""
    content = content.lstrip(_FILLER) if content[:_CRC] == 2 * _FILLER else content
    if len(content) <= _FORMAT_AT:
        raise RecordError(_("format frame of {size} bytes is cut short", size=len(content)))
    expected = _number(content, 1)
    octets = content[_FORMAT_AT:]
    if crc.en13757(octets) != expected:
        octets = octets.rstrip(_FILLER)  # they fill up the last enciphered block
    if crc.en13757(octets) != expected:
        raise RecordError(_("headers of a format frame do not fit its signature: it is damaged"))
    headers = []
    while octets:
        headers.append(walk.header(octets))
        octets = octets[len(headers[-1]) :]
    return tuple(headers)


def restored(memory: Memory, meter: Address, ci: int, content: bytes) -> bytes:
    """The records of the full frame that a compact frame stands for.

    Raises WaitingError if no frame with its headers was heard, and RecordError if the frame is damaged.
    """
    if content[:_CRC] == 2 * _FILLER:  # before the content of modes 5 and 7
        content = content[_CRC:]
    if len(content) < _CHECKS:
        raise RecordError(_("compact frame of {size} bytes is cut short", size=len(content)))
    called = _number(content, 0)
    fitting = [headers for address, headers in memory.formats if address == meter.raw and signature(headers) == called]
    if not fitting:
        raise WaitingError(
            _(
                "compact frame (CI {ci:02X}) of {maker} {id}: the full frame that names its values was not heard yet",
                ci=ci,
                maker=meter.manufacturer,
                id=meter.id,
            )
        )
    for headers in fitting:
        octets, end = _filled(headers, content)
        if octets is not None and not content[end:].strip(_FILLER) and crc.en13757(octets) == _number(content, _CRC):
            return octets
    raise RecordError(
        _("compact frame (CI {ci:02X}) of {maker} {id} does not fit its CRC: it is damaged", ci=ci, maker=meter.manufacturer, id=meter.id)
    )


def _filled(headers: tuple[bytes, ...], content: bytes) -> tuple[bytes | None, int]:
    """Headers with the data of a compact frame, and the offset after the data. None if there are too few data."""
    at = _CHECKS
    filled = []
    for header in headers:
        field = header[0] & 0x0F
        size = len(content) - at if header[0] in dif.MAKERS_OWN else dif.SIZES.get(field, 0)
        if field == dif.VARIABLE and at < len(content):
            size = 1 + (values.variable_size(content[at]) or 0)
        filled += [header, content[at : at + size]]
        at += size
    return (None, at) if at > len(content) else (b"".join(filled), at)


def _number(content: bytes, at: int) -> int:
    return content[at] | content[at + 1] << 8
