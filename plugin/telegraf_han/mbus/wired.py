"""Checks a frame of wired M-Bus, `68 L L 68 C A CI … sum 16`, and says where its content begins.

EN 13757-2, 5. L is sent twice. It counts the bytes from C to before the sum. The sum is the sum of all those bytes modulo 256. The long
header behind CI names the meter. The primary address A never does. One maker's frames of 257 bytes begin with `68 01 01 68` [seen]: L has
overflowed, and the number of bytes that arrived is used. A DLMS message that is sent in segments (CI 00 to 1F) is another protocol.
`transport`, which looks at the content, refuses it.
"""

from typing import Final

from telegraf_han.ciphers import crc
from telegraf_han.errors import ChecksumError, FramingError
from telegraf_han.language import _

START: Final = 0x68
STOP: Final = 0x16
OVERHEAD: Final = 6
"""68 L L 68 before C, then the sum and 16 at the end."""
SHORTEST: Final = 3
"""C, A and CI."""
CONTENT_AT: Final = 6
"""Offset of CI."""
_RUN_OVER: Final = 256

CARRIES_DATA: Final = {
    # C field: whether the frame carries a meter's data; a meter that sends by itself uses SND-UD
    0x08: True,  # RSP-UD
    0x18: True,
    0x28: True,
    0x38: True,
    0x43: True,  # SND-UD
    0x53: True,
    0x63: True,
    0x73: True,
}


def looks_wired(raw: bytes) -> bool:
    """Whether these bytes begin and end as a long frame does. No radio frame says its length twice."""
    return len(raw) > OVERHEAD and raw[0] == raw[3] == START and raw[1] == raw[2] and raw[-1] == STOP


def checked(raw: bytes) -> bytes:
    """The same frame, if its length and sum are right. Raises FramingError, ChecksumError."""
    length = len(raw) - OVERHEAD
    if length < SHORTEST or length not in (raw[1], raw[1] + _RUN_OVER):
        raise FramingError(_("wired frame announces {first} bytes, but {length} arrived", first=raw[1], length=length))
    found, expected = raw[-2], crc.total(raw[4:-2])
    if found != expected:
        raise ChecksumError(_("sum of a wired frame is {found:02X}, but its bytes give {expected:02X}", found=found, expected=expected))
    return raw
