"""Writes line protocol into a bucket, in batches. Each batch is proven stored before the next one is written.

Imports and the simulated past use this module. Writing is idempotent: the same line stored twice is one point. So after an
interruption the same lines can be written again. If InfluxDB is busy, restarting or away for a moment, the writer waits for it.
InfluxDB may refuse lines (a field of another type, or a time older than the bucket keeps). The writer finds these lines by halving
the batch and reports them one by one. All other lines are stored. [seen on 2.9.1] If a line cannot be parsed, InfluxDB stores
nothing of the batch (400). If it cannot take a point, it stores everything except that point (422).
"""

import re
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from telegraf_han.errors import SourceError
from telegraf_han.influx.api import RefusedError
from telegraf_han.influx.connection import Place
from telegraf_han.printing import complain

BATCH_LINES: Final = 5_000
"""InfluxDB recommends this number. A batch takes about 50 ms."""
BATCH_BYTES: Final = 2 << 20
"""The memory that a batch may take, because wide telegrams are long."""
PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Pauses between the tries to reach an InfluxDB that is away. A restart on a small machine takes half a minute."""
SINGLED_OUT: Final = 200
"""Refused lines that are searched for one by one in a run. After that number, further refused lines are only counted."""

_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_LINES_AT_FAULT: Final = frozenset({400, 422})
_DROPPED: Final = re.compile(r"dropped=(\d+)")


class Line(NamedTuple):
    """Whole lines of line protocol, and the place that they come from."""

    place: str
    text: bytes


class Writer:
    """Stores lines. Calls `refused` with the place and the reason of each line that InfluxDB does not take."""

    def __init__(self, place: Place, refused: Callable[[str, str], None], pause: Callable[[float], None] = time.sleep) -> None:
        """Nothing is written yet."""
        self._place: Final = place
        self._refused: Final = refused
        self._pause: Final = pause
        self._waiting: Final[list[Line]] = []
        self._waiting_bytes = 0
        self.stored = 0
        """Lines that are proven stored."""
        self.lost = 0
        """Lines refused."""

    def put(self, text: bytes, place: str = "") -> bool:
        """Take whole lines, and write when there are enough. Returns whether lines were written. Raises RefusedError, SourceError."""
        self._waiting.append(Line(place, text))
        self._waiting_bytes += len(text)
        if len(self._waiting) < BATCH_LINES and self._waiting_bytes < BATCH_BYTES:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write the waiting lines. Raises RefusedError, SourceError; then the lines are still waiting."""
        if self._waiting:
            self._store(self._waiting)
            self._waiting.clear()
            self._waiting_bytes = 0

    def _store(self, lines: Sequence[Line]) -> None:
        """Store lines. If some are refused, halve the batch."""
        try:
            self._write(b"".join(line.text for line in lines))
        except RefusedError as refusal:
            if refusal.status not in _LINES_AT_FAULT:
                raise
            self._halved(lines, refusal)
        else:
            self.stored += len(lines)

    def _halved(self, lines: Sequence[Line], refusal: RefusedError) -> None:
        dropped = _DROPPED.search(refusal.words)
        if len(lines) == 1:
            self.lost += 1
            self._refused(lines[0].place, _reason(refusal.words))
        elif dropped and self.lost >= SINGLED_OUT:
            count = min(int(dropped[1]), len(lines))
            self.lost += count
            self.stored += len(lines) - count
            self._refused(f"{lines[0].place} to {lines[-1].place}", f"{count} more: {_reason(refusal.words)}")
        else:
            middle = len(lines) // 2
            self._store(lines[:middle])
            self._store(lines[middle:])

    def _write(self, text: bytes) -> None:
        """One request, tried again while InfluxDB is away or busy. Raises RefusedError, SourceError."""
        for place, pause_s in enumerate(PAUSES_S):
            try:
                self._place.api.write(self._place.bucket, text)
            except (SourceError, RefusedError) as error:
                if isinstance(error, RefusedError) and error.status not in _BUSY:
                    raise
                if not place:
                    complain(f"W! trying again for at most {sum(PAUSES_S):g} s: {error}")
                self._pause(pause_s)
            else:
                return
        self._place.api.write(self._place.bucket, text)


def not_taken(place: str, reason: str) -> None:
    """A `refused` for callers whose lines are all good: the first refused line ends the run. Raises RefusedError."""
    raise RefusedError(422, f"{place}: {reason}" if place else reason)


def _reason(words: str) -> str:
    """InfluxDB's reason, without the part of the line that it repeats."""
    return words.rpartition("': ")[2].rpartition("partial write: ")[2]
