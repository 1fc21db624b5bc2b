"""What waits in Telegraf's buffer on disk, read from its files without Telegraf."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NS = 10**9
_STAMP = re.compile(rb"\x0f\x01(\0\0\0\x0e.{4})\0{4}", re.DOTALL)
"""A time in Telegraf's buffer: 15 bytes, of Go's time in binary version 1, seconds since the year 1, no ns."""
_YEAR_1_S = 62_135_596_800


def telegrams(folder: Path) -> list[int]:
    """Time stamps in ns of the telegrams in the buffers below a folder, in their order."""
    return [_time_ns(metric) for metric in _waiting(folder)]


def count(folder: Path) -> int:
    """How many telegrams wait there, whatever their time stamps."""
    return len(_waiting(folder))


def _waiting(folder: Path) -> list[bytes]:
    found: list[bytes] = []
    for file in sorted(folder.glob("*/" + "[0-9]" * 20)):
        with contextlib.suppress(FileNotFoundError):  # it has just been written anew under another name
            found += [metric for metric in _metrics(file.read_bytes()) if b"active_energy_import_wh" in metric]
    return found


def _metrics(data: bytes) -> Iterator[bytes]:
    """The whole metrics of a buffer's file, each behind its length (a varint)."""
    place = 0
    while place < len(data):
        length = shift = 0
        while place < len(data) and data[place] & 0x80:
            length |= (data[place] & 0x7F) << shift
            place, shift = place + 1, shift + 7
        if place == len(data):
            return
        length |= data[place] << shift
        metric = data[place + 1 : place + 1 + length]
        if len(metric) < length:
            return
        yield metric
        place += 1 + length


def _time_ns(metric: bytes) -> int:
    (second,) = _STAMP.findall(metric)
    return (int.from_bytes(second) - _YEAR_1_S) * NS
