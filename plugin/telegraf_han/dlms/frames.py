"""Takes DLMS messages out of the frames of other lines: HDLC, wired M-Bus, general-block-transfer.

Meters of other networks send their messages in HDLC frames (ISO/IEC 13239, frame format type 3: `7E A. length, addresses, control, HCS,
information, FCS 7E`) or in segments of wired M-Bus (EN 13757-2: `68 L L 68 … sum 16`; EN 13757-1 gives them the CI 00 to 1F). Both have
checksums, so such a frame can be told from noise, and a damaged one from a whole one. A long message is cut into HDLC segments, into
several M-Bus frames, or into blocks (Green Book 9.5, general-block-transfer). Here it is joined again.

Nothing is escaped inside HDLC, so 7E occurs in it, and only the length says where a frame ends. Two frames may share one 7E [seen]. L of
wired M-Bus has one byte, and one maker lets it run over: `68 01 01 68` are 257 bytes [seen]. [assumed] a message has all its segments one
after the other, with nothing between them; and a sender may leave the FCS out of the length of an HDLC frame.
"""

from typing import Final, Literal, NamedTuple

from telegraf_han.ciphers import crc
from telegraf_han.dlms import ciphering
from telegraf_han.errors import ChecksumError, FramingError
from telegraf_han.language import _, marked

FLAG: Final = 0x7E
MBUS: Final = 0x68
_MBUS_STOP: Final = 0x16
_MBUS_AROUND: Final = 6
"""68 L L 68 before C, then the sum and 16."""
_RUN_OVER: Final = 256
_C_FIELDS: Final = frozenset(b"\x08\x18\x28\x38\x43\x53\x63\x73")
"""C fields of frames that carry data (EN 13757-2, 5.4)."""
_SENDS: Final = frozenset(b"\x53\x73")
"""C field of a meter that sends by itself (SND-UD)."""
_FINAL: Final = 0x10
_NUMBER: Final = 0x0F
_LAST_CI: Final = 0x1F
"""CI up to here are segments of a DLMS message: bit 4 marks the last one, bits 0 to 3 number it."""
_MBUS_HEAD: Final = 5
"""C, A, CI, and the two addresses of the transport."""

_FORMAT: Final = 0xA0
_SEGMENTED: Final = 0x08
_LENGTH_HIGH: Final = 0x07
_ADDRESS_LIMIT: Final = 4
_CHECK: Final = 2
_LLC: Final = (b"\xe6\xe7\x00", b"\xe6\xe6\x00")
"""Before the message in the first segment: from the meter, and to the meter."""

GENERAL_BLOCK: Final = 0xE0
_LAST_BLOCK: Final = 0x80
_BLOCK_HEAD: Final = 6
"""Tag, control, block number, acknowledged block number."""
_FIRST_NUMBERS: Final = b"\0\1\0\0"
"""Block number and acknowledged block number of the first block."""
_MESSAGES: Final = (b"", b"\x0f", b"\xc2", b"\xdb", b"\xdc", b"\xdd", b"\xdf")
"""First bytes of the messages that are cut into blocks. The byte may not have come yet."""
_PARTS_LIMIT: Final = 64
"""The most HDLC frames, or blocks without frames, of one message. The longest messages of 8192 bytes have parts of 128 bytes. Each time
more bytes come, all parts are looked at again."""


class Message(NamedTuple):
    """A message that was taken out of its frames."""

    kind: Literal["hdlc", "mbus", "blocks"]
    apdu: bytes
    """The message. "" if the frames hold none of DLMS."""
    frames: int
    blocks: int
    """Blocks of general-block-transfer from which it was joined. 0 if it came in one piece."""
    end: int
    """Offset after its last frame."""
    note: str = ""
    """What is in the frames, if that is no message of DLMS."""


class _Frame(NamedTuple):
    """One frame, its checksums right."""

    content: bytes
    more: bool
    """Whether another segment follows."""
    end: int
    number: int = 0


_DAMAGED_HDLC: Final = marked("an HDLC frame of {size} bytes is damaged, because its checksum does not fit: noise on the line")
_DAMAGED_MBUS: Final = marked("a wired M-Bus frame of {size} bytes is damaged, because its checksum does not fit: noise on the line")


class BrokenMessageError(FramingError):
    """Frames whose checksums fit, but that are no whole message."""

    def __init__(self, sentence: str, end: int) -> None:
        """`end` is the offset after the last good frame."""
        super().__init__(sentence)
        self.end = end


class DamagedFrameError(ChecksumError):
    """A frame whose head is right, but whose checksum does not fit."""

    def __init__(self, sentence: str, size: int, end: int) -> None:
        """`sentence` has the field `size`. `end` is the offset after the frame, which its head tells."""
        super().__init__(_(sentence, size=size))
        self.end = end


def hdlc(data: bytes | bytearray, start: int) -> Message | Literal["nothing"] | None:
    """The message in the HDLC frames at `start`: None if bytes are missing, "nothing" if there is no HDLC frame.

    Raises DamagedFrameError if a frame is damaged behind its head, BrokenMessageError if segments or blocks are missing.
    """
    content, blocks, count, at = b"", b"", 0, start
    number = 0
    while True:
        frame = _hdlc_frame(data, at)
        if frame == "nothing" and count:
            raise BrokenMessageError(_("segments of an HDLC message are missing"), at)
        if frame is None or frame == "nothing":
            return frame
        count += 1
        content += frame.content
        at = _next_flag(data, frame.end)
        if count > _PARTS_LIMIT:
            raise BrokenMessageError(_("a message has more than {limit} frames or blocks", limit=_PARTS_LIMIT), frame.end)
        if frame.more:
            continue
        apdu = content.removeprefix(_LLC[0]).removeprefix(_LLC[1])
        if not apdu or apdu[0] != GENERAL_BLOCK:
            if number:
                raise BrokenMessageError(_("blocks of a general-block-transfer in HDLC frames are missing"), frame.end)
            return Message("hdlc", apdu, count, 0, frame.end, "" if apdu else "no information")
        block = _block(apdu, number + 1)
        if block is None:
            raise BrokenMessageError(_("blocks of a general-block-transfer in HDLC frames are missing or contradict each other"), frame.end)
        number, content = number + 1, b""
        blocks += block.content
        if not block.more:
            return Message("hdlc", blocks, count, number, frame.end)


def _next_flag(data: bytes | bytearray, end: int) -> int:
    """Offset of the next frame's opening flag: the last of the flags that follow, or the closing flag itself if both frames share it."""
    at = end - 1
    while data[at + 1 : at + 2] == b"\x7e":
        at += 1
    return at


def _hdlc_frame(data: bytes | bytearray, start: int) -> _Frame | Literal["nothing"] | None:
    if len(data) < start + 3:
        partial = data[start + 1 : start + 2]
        return "nothing" if partial and partial[0] & 0xF0 != _FORMAT else None
    high, low = data[start + 1], data[start + 2]
    if data[start] != FLAG or high & 0xF0 != _FORMAT:
        return "nothing"
    length, at = (high & _LENGTH_HIGH) << 8 | low, start + 3
    for _address in ("destination", "source"):
        size = 1
        while at < len(data) and not data[at] & 1:
            at, size = at + 1, size + 1
            if size > _ADDRESS_LIMIT:
                return "nothing"
        at += 1
    at += 1  # control
    end = start + 1 + length + 1
    left = end - 1 - at
    if left < _CHECK or left in (_CHECK + 1, 2 * _CHECK):
        return "nothing"
    if left > _CHECK:
        if len(data) < at + _CHECK:
            return None
        if not _fits(data[start + 1 : at], data[at : at + _CHECK]):
            return "nothing"
        at += _CHECK
    for behind in (end, end + _CHECK):
        if len(data) < behind:
            return None
        if data[behind - 1] == FLAG and _fits(data[start + 1 : behind - 3], data[behind - 3 : behind - 1]):
            return _Frame(bytes(data[at : behind - 3]), bool(high & _SEGMENTED), behind)
    if left == _CHECK:
        return "nothing"
    raise DamagedFrameError(_DAMAGED_HDLC, end - start, end)


def _fits(checked: bytes | bytearray, sum_low_first: bytes | bytearray) -> bool:
    return crc.x25(bytes(checked)) == int.from_bytes(sum_low_first, "little")


def mbus(data: bytes | bytearray, start: int) -> Message | Literal["nothing"] | None:
    """The message in the wired M-Bus frames at `start`. Answers as `hdlc` does."""
    content, count, at = b"", 0, start
    while True:
        frame = _mbus_frame(data, at)
        if frame == "nothing" and count:
            raise BrokenMessageError(_("frames of a wired M-Bus message are missing"), at)
        if frame is None or frame == "nothing":
            return frame
        control = frame.content[2]
        if control > _LAST_CI and not count:
            return Message("mbus", b"", 1, 0, frame.end, f"CI {control:02X}")
        if control > _LAST_CI or frame.number != count or len(frame.content) <= _MBUS_HEAD:
            raise BrokenMessageError(_("frames of a wired M-Bus message are missing or out of order"), frame.end)
        count, at = count + 1, frame.end
        content += frame.content[_MBUS_HEAD:]
        if not frame.more:
            return Message("mbus", content, count, 0, at)


def _mbus_frame(data: bytes | bytearray, start: int) -> _Frame | Literal["nothing"] | None:
    head = data[start : start + 4]
    if head[:1] not in (b"", b"h") or head[3:4] not in (b"", b"h") or (len(head) > 2 and head[1] != head[2]):  # noqa: PLR2004, L comes twice
        return "nothing"
    if len(data) < start + 7:
        return None
    if data[start + 4] not in _C_FIELDS:
        return "nothing"
    length, control = data[start + 1], data[start + 6]
    is_ours = control <= _LAST_CI and data[start + 4] in _SENDS
    for size in (length, length + _RUN_OVER):
        end = start + size + _MBUS_AROUND
        if size < 3 or (is_ours and size < _MBUS_HEAD) or (size > length and not is_ours):  # noqa: PLR2004, C, A and CI
            continue
        if end > len(data):
            return None
        content = data[start + 4 : end - 2]
        if data[end - 1] == _MBUS_STOP and data[end - 2] == crc.total(bytes(content)):
            return _Frame(bytes(content), not control & _FINAL, end, control & _NUMBER)
        if data[end - 1] == _MBUS_STOP:
            break
    if is_ours:
        raise DamagedFrameError(_DAMAGED_MBUS, length + _MBUS_AROUND, start + length + _MBUS_AROUND)
    return "nothing"


def _block(apdu: bytes, number: int) -> _Frame | None:
    """The content of a block of general-block-transfer, if it is the one with this number."""
    found = _block_length(apdu, 0) if len(apdu) > _BLOCK_HEAD else None
    if found is None or found[0] + found[1] != len(apdu) or int.from_bytes(apdu[2:4], "big") != number:
        return None
    return _Frame(apdu[found[1] :], not apdu[1] & _LAST_BLOCK, 0)


def _block_length(apdu: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """The length of the content of a block, and the offset after it. None if there is none."""
    try:
        return ciphering.ber_length(apdu, at + _BLOCK_HEAD)
    except FramingError:
        return None


def blocks(data: bytes | bytearray, start: int) -> Message | Literal["nothing"] | None:
    """The message in the blocks at `start`, which stand one after the other without frames. Answers as `hdlc` does.

    Such blocks have no checksum. So the first one must have the numbers of a first block, and a message of DLMS must begin in it.
    """
    numbers = data[start + 2 : start + _BLOCK_HEAD]
    if numbers != _FIRST_NUMBERS[: len(numbers)]:
        return "nothing"
    content, at, number = b"", start, 1
    while len(data) > at + _BLOCK_HEAD:
        found = _block_length(data, at)
        if found and number == 1 and data[found[1] : found[1] + 1] not in _MESSAGES:
            return "nothing"
        if found is None or sum(found) > len(data):
            return None
        block = _block(bytes(data[at : sum(found)]), number)
        if block is None:
            raise BrokenMessageError(_("blocks of a general-block-transfer are missing or contradict each other"), sum(found))
        if number > _PARTS_LIMIT:
            raise BrokenMessageError(_("a message has more than {limit} frames or blocks", limit=_PARTS_LIMIT), sum(found))
        content, at, number = content + block.content, sum(found), number + 1
        if not block.more:
            return Message("blocks", content, 0, number - 1, at)
    return None


def joined(apdu: bytes) -> bytes:
    """The message in blocks that stand one after the other without frames. "" if they are not all there."""
    content, at, number = b"", 0, 1
    while apdu[at : at + 1] == bytes([GENERAL_BLOCK]):
        found = _block_length(apdu, at)
        end = found[0] + found[1] if found else 0
        block = _block(apdu[at:end], number) if found else None
        if block is None:
            return b""
        content, at, number = content + block.content, end, number + 1
        if not block.more:
            return content if at == len(apdu) else b""
    return b""
