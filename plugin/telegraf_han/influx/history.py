"""Line protocol into a bucket, in batches, each proven stored before the next; for imports and for a simulated past.

Writing is idempotent: the same line stored twice is one point, so whoever was interrupted just writes again. An InfluxDB that is
busy, restarting or away for a moment is waited for. Lines that it refuses (a field of another type, older than the bucket keeps)
are found by halving the batch, and told one by one, while all others are stored: [seen on 2.9.1] a line that cannot be parsed
makes it store none of a batch (400), a point it cannot take all but that (422).
"""

import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from telegraf_han.errors import SourceError
from telegraf_han.influx.api import RefusedError
from telegraf_han.influx.connection import Place

BATCH_LINES: Final = 5_000
"""What InfluxDB recommends; a batch takes some 50 ms."""
BATCH_BYTES: Final = 2 << 20
"""Wide telegrams are long: the memory a batch may take."""
PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Between tries to reach an InfluxDB that is away: a restart on a small machine takes half a minute."""
SINGLED_OUT: Final = 200
"""RefusedError lines that are looked for one by one in a run; behind them the batch's remaining refusals are only counted."""

_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_LINES_AT_FAULT: Final = frozenset({400, 422})
_DROPPED: Final = re.compile(r"dropped=(\d+)")


class Line(NamedTuple):
    """Whole lines of line protocol, and where they come from."""

    place: str
    text: bytes


class Writer:
    """Stores lines. `refused` is told the place and the reason of each line that InfluxDB does not take."""

    def __init__(self, place: Place, refused: Callable[[str, str], None], pause: Callable[[float], None] = time.sleep) -> None:
        """Nothing is written yet."""
        self._place: Final = place
        self._refused: Final = refused
        self._pause: Final = pause
        self._waiting: Final[list[Line]] = []
        self._waiting_bytes = 0
        self.stored = 0
        """Lines that are safely there."""
        self.lost = 0
        """Lines refused."""

    def put(self, text: bytes, place: str = "") -> bool:
        """Take whole lines; write when there are enough of them, and say whether it did. Raises RefusedError, SourceError."""
        self._waiting.append(Line(place, text))
        self._waiting_bytes += len(text)
        if len(self._waiting) < BATCH_LINES and self._waiting_bytes < BATCH_BYTES:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write what waits. Raises RefusedError, SourceError; what waits then still does."""
        if self._waiting:
            self._store(self._waiting)
            self._waiting.clear()
            self._waiting_bytes = 0

    def _store(self, lines: Sequence[Line]) -> None:
        """Store lines; halve them where some are refused."""
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
                    print(f"W! tried again for {sum(PAUSES_S):g} s: {error}", file=sys.stderr, flush=True)
                self._pause(pause_s)
            else:
                return
        self._place.api.write(self._place.bucket, text)


def not_taken(place: str, reason: str) -> None:
    """For those whose lines are all good: the first that is refused ends it. Raises RefusedError."""
    raise RefusedError(422, f"{place}: {reason}" if place else reason)


def _reason(words: str) -> str:
    """InfluxDB's reason without what it repeats of the line."""
    return words.rpartition("': ")[2].rpartition("partial write: ")[2]
