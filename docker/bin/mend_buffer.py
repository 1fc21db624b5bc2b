"""Repairs Telegraf's buffer on disk after a power cut or a full disk, so that Telegraf opens it: takes torn metrics out of its files.

Telegraf 1.39 writes each metric as its length (a varint, as in protocol buffers) and then that many bytes. Each file is named
by the number of its first metric, and each output has a folder of its own (github.com/tidwall/wal). A metric is torn in two ways:

- A power cut tears the last one. Telegraf refuses to start ("wal file is corrupt, you have to manually delete the wal") [seen]. A file
  system may also leave zeros behind, and on these Telegraf fails again and again.
- A full disk tears one, and if there is space again while Telegraf runs, it writes on behind the torn one. Telegraf starts, takes half a
  metric and the beginning of the next one for a metric, and fails each time that it wants to send it [seen].

A metric is a stream of Go's encoding/gob that begins with the description of its type. So the beginning of each metric is known, and those
behind a torn one are kept, too.

Run it before Telegraf starts, while Telegraf is not running: `python3 mend_buffer.py FOLDER`.
"""

import os
import sys
from typing import Final

LONGEST_VARINT: Final = 10
"""Bytes of a 64-bit number."""
MARK: Final = b"\x10serializedMetric"
"""The name of the type, near the beginning of each metric."""
_MARK_END: Final = 8 + len(MARK)
"""Before the name are a length, the number of the type and three small numbers."""
_NAME_DIGITS: Final = 20


def whole(data: bytes) -> bytes:
    """What is left of a file if all torn metrics are taken out."""
    kept: list[tuple[int, int]] = []
    place = 0
    while place < len(data):
        end = _end(data, place)
        if not end:
            place, end = _next(data, place)
            if kept and place < kept[-1][1]:
                kept.pop()  # it ended in the beginning of this one, so it was torn
            if not end:
                break
        kept.append((place, end))
        place = end
    return b"".join(data[start:end] for start, end in kept)


def _end(data: bytes, place: int) -> int:
    """Where the metric ends that begins at `place`; 0 if none begins there, or if it is torn."""
    size, start = _varint(data, place)
    if not size or start + size > len(data):
        return 0
    mark = data.find(MARK, start, start + _MARK_END)
    if mark < 0 or data.find(MARK, mark + 1, start + size) >= 0 or not _is_gob(data, start, start + size):
        return 0
    return start + size


def _next(data: bytes, place: int) -> tuple[int, int]:
    """Begin and end of the next whole metric; the end is 0 if there is none. It begins before `place` if a torn one reached into it."""
    mark = data.find(MARK, max(0, place - _MARK_END))
    while mark >= 0:
        for begin in range(mark - 1, max(-1, mark - _MARK_END), -1):
            end = _end(data, begin)
            if end > mark:
                return begin, end
        mark = data.find(MARK, mark + 1)
    return len(data), 0


def _varint(data: bytes, start: int) -> tuple[int, int]:
    """A number and the offset behind it; the number is 0 if it is torn."""
    number = 0
    for place, octet in enumerate(data[start : start + LONGEST_VARINT]):
        number |= (octet & 0x7F) << 7 * place
        if octet < 0x80:  # noqa: PLR2004, the bit that says "more"
            return number, start + place + 1
    return 0, len(data)


def _is_gob(data: bytes, place: int, end: int) -> bool:
    """Whether these bytes are whole messages of encoding/gob. Each begins with its length, which above 127 is bytes with their number."""
    while place < end:
        size, place = data[place], place + 1
        if size >= 0x80:  # noqa: PLR2004, the sign of a length of several bytes
            behind = place + 0x100 - size
            size, place = int.from_bytes(data[place:behind], "big"), behind
        place += size
    return place == end


def mend(folder: str) -> list[str]:
    """Take the torn metrics out of every output's files. Returns one sentence for each file that was changed."""
    told = []
    for path, _, names in os.walk(folder):
        for name in sorted(names):
            if len(name) != _NAME_DIGITS or not name.isdecimal():
                continue
            with open(os.path.join(path, name), "r+b") as file:
                data = file.read()
                left = whole(data)
                if left == data:
                    continue
                # In its place, because a full disk has no space for a second file, and because the file keeps its owner.
                file.seek(0)
                file.write(left)
                file.truncate()
                told.append(f"{file.name}: {len(data) - len(left)} torn bytes were cut out, {len(left)} bytes were kept")
    return told


if __name__ == "__main__":
    for sentence in mend(sys.argv[1]):
        print(f"W! {sentence}", file=sys.stderr)
