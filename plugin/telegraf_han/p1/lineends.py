"""Puts back line ends that were changed on their way, and proves by the telegram's own CRC that they were.

A meter ends its lines with CR LF (P1 companion 5.0.2, 5.12). An editor, a terminal program, a converter or a serial port that is not raw
makes LF, CR, LF LF or CR CR LF of them, or adds and drops empty lines. Then the CRC does not fit, and the line looks noisy. So a telegram
whose CRC does not fit is tried again with the line ends that the meter sent. Each try would let one in 65,536 damaged telegrams pass. So a
line end that is right is not tried again.

Inside ciphertext a changed byte cannot be put back. But if only the line ends of the ident line were changed, the CRC proves the rest.
[assumed] a converter that changes CR into LF, or leaves out CR, does so in every byte.
"""

import re
from typing import Final

from telegraf_han.language import _, marked
from telegraf_han.p1.dialects import FOOTERS, fits

CHANGED: Final = marked(
    "the line ends were changed on the way here: the CRC fits only with those that the meter sends, CR LF or LF. The telegrams are read "
    "with them. Set the serial port or converter to raw mode, and record captures in binary"
)
_MISSING: Final = marked(
    "the line ends were changed on the way here, and CR is missing from the ciphertext. So it cannot be read. "
    "Set the serial port or converter to raw mode, and make the capture again in binary"
)
_ADDED: Final = marked(
    "the line ends were changed on the way here, and CR was put into the ciphertext. So it cannot be read. "
    "Set the serial port or converter to raw mode, and make the capture again in binary"
)
_ENDS: Final = re.compile(rb"[\r\n]+")
_AROUND_IDENT: Final = b"\r\n\r\n"
_CRLF: Final = b"\r\n"
_LEAST_BYTES: Final = 100
"""So many bytes of ciphertext without a single CR or with a CR before each LF say something."""


def text(telegram: bytes, digits: bytes) -> bytes:
    """The plain telegram, up to its "!", as its CRC says that it was sent. "" if no change of line ends explains the CRC."""
    if not digits:
        return b""
    ident, *lines = _ENDS.split(telegram)
    sent = ident + _AROUND_IDENT + _CRLF.join(lines)
    trimmed = ident.rstrip() + _AROUND_IDENT + _CRLF.join(line.rstrip(b" \t") for line in lines if line.strip())
    for one in dict.fromkeys((sent, trimmed)):
        if one != telegram and fits("text", one, digits):
            return one
    # Some meters end their lines with LF, and an editor may have put CR before it.
    bare = sent.replace(_CRLF, b"\n")
    return bare if b"\r" in telegram and FOOTERS["text"][0](bare, digits) else b""


def block(telegram: bytes, content: int, digits: bytes) -> bytes:
    """The same for a telegram with a block at `content`: only the line ends behind its ident line were changed."""
    ident = telegram[:content].rstrip(_CRLF)
    sent = ident + _AROUND_IDENT + telegram[content:]
    return sent if digits and sent != telegram and fits("block", sent, digits) else b""


def without_added(ident: bytes, content: bytes, digits: bytes, size: int) -> bytes:
    """The telegram with a block in which a CR was put before each LF. "" if its length and its CRC do not prove that.

    `size` is what the block announces. Without it, a CRC that fits by chance would let a damaged telegram swallow the one behind it.
    """
    block_and_mark = content.replace(_CRLF, b"\n")
    if len(block_and_mark) != size + 1:
        return b""
    sent = ident.rstrip(_CRLF) + _AROUND_IDENT + block_and_mark
    return sent if fits("block", sent, digits) else b""


def explained(ident: bytes, content: bytes) -> str:
    """What became of a ciphered telegram whose CRC or length is wrong. "" if its line ends do not tell.

    `content` reaches to the "!" as far as that was found.
    """
    if b"\r" not in ident and b"\r" not in content and len(content) >= _LEAST_BYTES:
        return _(_MISSING)
    feeds = content.count(b"\n")
    if b"\r\r\n" in ident and feeds and content.count(_CRLF) == feeds:
        return _(_ADDED)
    return ""
