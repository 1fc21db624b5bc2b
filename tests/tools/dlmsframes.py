"""Frames of other lines around DLMS messages, written from the norms alone: HDLC, wired M-Bus, general-block-transfer, a push.

It shares nothing with `telegraf_han`. Keys and values are invented.
"""

import p1telegrams as p1

TITLE = b"XYZ\x00\x01\x02\x03\x04"
CLOCK = bytes.fromhex("07ea040a050f053500ffc480")
VALUES = bytes.fromhex("020209060100010800ff0600003039")
"""A structure of an OBIS code and 12345."""


def push(body: bytes = VALUES, time: bytes = b"\0") -> bytes:
    """A data-notification."""
    return b"\x0f\0\0\0\1" + time + body


def sealed(plaintext: bytes, *, control: int = 0x20, **options) -> bytes:
    """A general-glo-ciphering message."""
    return b"\xdb" + p1.sealed(plaintext, control=control, title=TITLE, counter=1, **options)


def hdlc(information: bytes, *, segmented: bool = False, llc: bool = True, uncounted: int = 0, address: bytes = b"\xcf\x02\x23") -> bytes:
    """One HDLC frame. `uncounted` bytes are left out of its length."""
    content = (b"\xe6\xe7\0" if llc else b"") + information
    length = 2 + len(address) + 1 + 2 + len(content) + 2 - uncounted
    head = (0xA000 | (0x800 if segmented else 0) | length).to_bytes(2, "big") + address + b"\x13"
    head += p1.x25(head).to_bytes(2, "little")
    return b"~" + head + content + p1.x25(head + content).to_bytes(2, "little") + b"~"


def segments(message: bytes, size: int = 60) -> list[bytes]:
    """A message in HDLC segments."""
    parts = [message[at : at + size] for at in range(0, len(message), size)]
    return [hdlc(part, segmented=part is not parts[-1], llc=part is parts[0]) for part in parts]


def shared_flags(frames: list[bytes]) -> bytes:
    """Frames that share one flag each."""
    return frames[0] + b"".join(frame[1:] for frame in frames[1:])


def blocks(message: bytes, size: int = 60) -> list[bytes]:
    """A message in blocks of general-block-transfer."""
    parts = [message[at : at + size] for at in range(0, len(message), size)]
    return [
        bytes([0xE0, 0xC0 if part is parts[-1] else 0x40]) + number.to_bytes(2, "big") + b"\0\0" + bytes([0x81, len(part)]) + part
        for number, part in enumerate(parts, 1)
    ]


def mbus(data: bytes, control: int = 0x10, c: int = 0x53) -> bytes:
    """One frame of wired M-Bus."""
    content = bytes([c, 0xFF, control, 0x01, 0x67]) + data
    return bytes([0x68, len(content) & 0xFF, len(content) & 0xFF, 0x68]) + content + bytes([sum(content) & 0xFF, 0x16])


def mbus_message(message: bytes, size: int = 245) -> list[bytes]:
    """A message in frames of wired M-Bus."""
    parts = [message[at : at + size] for at in range(0, len(message), size)]
    return [mbus(part, number | (0x10 if part is parts[-1] else 0)) for number, part in enumerate(parts)]


def sml(content: bytes = bytes(64)) -> bytes:
    """An SML file of transport version 1."""
    whole = b"\x1b\x1b\x1b\x1b\1\1\1\1" + content + b"\x1b\x1b\x1b\x1b\x1a\0"
    return whole + p1.x25(whole).to_bytes(2, "little")
