"""Repairs Telegraf's buffer on disk after a power cut, so that Telegraf opens it: cuts off the torn end of the last file.

Telegraf 1.39 writes each metric as its length (a varint, as in protocol buffers) and then that many bytes. Each file is named
by the number of its first metric, and each output has a folder of its own (github.com/tidwall/wal). If the last file ends in the
middle of a metric, Telegraf refuses to start ("wal file is corrupt, you have to manually delete the wal") [seen]. A file system
may also leave zeros behind, and on these Telegraf fails again and again. All whole metrics before the torn end are kept.

Run it before Telegraf starts, while Telegraf is not running: `python3 mend_buffer.py FOLDER`.
"""

import os
import sys
from typing import Final

LONGEST_VARINT: Final = 10
"""Bytes of a 64-bit number."""
_NAME_DIGITS: Final = 20


def whole_length(data: bytes) -> int:
    """How many bytes at the beginning of a file are whole metrics."""
    end = 0
    while end < len(data):
        size, start = _varint(data, end)
        if not size or start + size > len(data):
            break
        end = start + size
    return end


def _varint(data: bytes, start: int) -> tuple[int, int]:
    """A number and the offset behind it; the number is 0 if it is torn."""
    number = 0
    for place, octet in enumerate(data[start : start + LONGEST_VARINT]):
        number |= (octet & 0x7F) << 7 * place
        if octet < 0x80:  # noqa: PLR2004, the bit that says "more"
            return number, start + place + 1
    return 0, len(data)


def mend(folder: str) -> list[str]:
    """Cut the last file of every output's buffer to its whole metrics. Returns one sentence for each file that was cut."""
    told = []
    for path, _, names in os.walk(folder):
        files = sorted(name for name in names if len(name) == _NAME_DIGITS and name.isdecimal())
        if not files:
            continue
        last = os.path.join(path, files[-1])
        with open(last, "r+b") as file:
            data = file.read()
            whole = whole_length(data)
            if whole < len(data):
                file.truncate(whole)
                told.append(f"{last}: {len(data) - whole} torn bytes were cut off, {whole} bytes were kept")
    return told


if __name__ == "__main__":
    for sentence in mend(sys.argv[1]):
        print(f"W! {sentence}", file=sys.stderr)
