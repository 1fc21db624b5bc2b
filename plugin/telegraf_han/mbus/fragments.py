"""Joins the fragments of a long message, which come one per frame and in order (OMS Specification Volume 2, 6.1; EN 13757-7, 6).

Each fragment has a number, and says whether more follow. The first begins with the transport layer's CI. The fields of the authentication
layer come with the first fragment or with the last. A fragment that is heard twice is no harm. If one is missing, the others are of no use,
and the message waits for the next one that is whole. [assumed] all of this: no electricity meter is known to send fragments.
"""

from typing import Final

from telegraf_han.errors import FramingError, WaitingError
from telegraf_han.language import _
from telegraf_han.mbus.authentication import Authentication, Fragment
from telegraf_han.mbus.memory import Memory
from telegraf_han.telegram import Address

LIMIT: Final = 16
"""The most fragments of a message. 16 frames of 255 bytes are more than a meter has to say."""


def joined(memory: Memory, which: Fragment, layer: Authentication, part: bytes, meter: Address) -> tuple[Authentication, bytes]:
    """The whole message and its authentication layer, once the last fragment is there.

    Raises WaitingError as long as a fragment is missing, and FramingError if the message has not the length that it announces.
    """
    parts, (number, more) = memory.parts, which
    memory.others = 0
    if number == 1:
        parts.clear()
    if number == len(parts) + 1 and number <= LIMIT:
        parts.append((layer, part))
    elif number > len(parts):
        parts.clear()
    if more or number != len(parts):
        raise WaitingError(
            _(
                "fragment {number} of a longer message of {maker} {id}: not all the other fragments were heard yet",
                number=number,
                maker=meter.manufacturer,
                id=meter.id,
            )
        )
    message = b"".join([octets for _, octets in parts])
    fields = zip(*[head for head, _ in parts], strict=True)
    whole = Authentication(*[next(filter(None, sent), b"") for sent in fields])
    parts.clear()
    if whole.length and int.from_bytes(whole.length, "little") != len(message):
        raise FramingError(
            _(
                "fragments have {size} bytes together, but the message announces {announced}",
                size=len(message),
                announced=int.from_bytes(whole.length, "little"),
            )
        )
    return whole, message
