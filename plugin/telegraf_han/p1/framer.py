"""Cuts the bytes of a P1 port into telegrams, each measured by its own length.

`extents` says how far the telegram at a place reaches. A candidate is consumed, waited for or given up. If it is given up, the search goes
on one byte after its beginning. So a damaged telegram never costs its neighbour. The state is the buffer, a note of what was already
reported, and how the last telegram with a block opened, because the next one does the same. No function raises.

Bytes between telegrams that are a meter's habit (NUL, blanks, line ends, XON and XOFF, some FF) are no noise [seen]. Other bytes are noise.
If noise is reported, its first bytes are looked at, because they may show what is wrong with the line (`signal`). [assumed] a line carries
one kind of telegram, so the first bytes tell as much as all.
"""

import re
from typing import Final

from telegraf_han.errors import Cause
from telegraf_han.language import _, counted
from telegraf_han.p1 import envelope, extents
from telegraf_han.p1.envelope import Opening
from telegraf_han.p1.extents import MORE, Damaged, Extent
from telegraf_han.telegram import Event, Fault, Frame, Remark, of_fields

PAUSE_NS: Final = 2_000_000_000
"""A telegram that pauses for this long will not go on. 583 bytes take 51 ms at 115200 baud, and 0.6 s on the slowest line, 9600 baud."""
NOISE_REPORTED: Final = 4096
"""After this many bytes without a telegram a fault is reported. Fewer may be the rest of a telegram whose head was missed at the start."""

_OPENING: Final = re.compile(rb"[/\xdb~h\x1b\xe0]")
"""An ident line, a bare block, or a frame of another line: HDLC, wired M-Bus, SML, blocks of general-block-transfer."""
_BETWEEN: Final = b"\r\n\0 \t\x11\x13"
"""Bytes that stand between telegrams and are no noise."""
_FILLER: Final = bytes(range(0x21)) + b"\x7f\xfe\xff"
_FILLER_LIMIT: Final = 16
"""So many bytes behind a telegram may be FF or FE, as a converter sends them when its driver switches, or control bytes such as ETX, EOT.
A line that sends nothing else is noisy."""
_SAMPLE_BYTES: Final = 1024
"""Bytes of noise that are kept, to say what they look like."""


class Framer:
    """The receiver of a P1 cable. It sends nothing. It only turns bytes into frames."""

    __slots__ = ("_arrived_ns", "_buffer", "_excused", "_explains", "_filler", "_heard", "_noise", "_opening", "_remarked", "_sample")

    def __init__(self, *, explains: bool = True) -> None:
        """Start with nothing heard. If the head of the first telegram was missed, that is no fault.

        `explains` says whether noise is looked at. Somebody who only looks for telegrams does without.
        """
        self._explains: Final = explains
        self._buffer = bytearray()
        self._arrived_ns = 0
        self._noise = 0
        self._sample = bytearray()
        self._filler = 0
        self._excused = True
        self._heard = False
        self._opening: Opening | None = None
        self._remarked = False

    def start(self, now_ns: int) -> list[Event]:
        """The port was (re)opened: forget half a telegram from before."""
        self._buffer.clear()
        self._arrived_ns = now_ns
        self._noise = 0
        self._sample.clear()
        self._excused = True
        return []

    def feed(self, data: bytes, now_ns: int) -> list[Event]:
        """Bytes arrived. The buffer keeps at most one telegram's worth afterwards."""
        self._buffer += data
        self._arrived_ns = now_ns
        return self._events(now_ns, waiting=True)

    def idle(self, now_ns: int) -> list[Event]:
        """Nothing arrived. After a pause, half a telegram will not become whole."""
        if not self._buffer or now_ns - self._arrived_ns < PAUSE_NS:
            return []
        return self._events(now_ns, waiting=False)

    def finish(self, now_ns: int) -> list[Event]:
        """The input has ended. A capture may lack its last line end."""
        if extents.lacks_line_end(self._buffer):
            self._buffer += b"\n"
        events = self._events(now_ns, waiting=False)
        told = any(isinstance(event, Fault) for event in events)
        return events + self._noise_told(least=NOISE_REPORTED if told or (self._excused and self._heard) else 1)

    def _events(self, now_ns: int, *, waiting: bool) -> list[Event]:
        events: list[Event] = []
        buffer, position = self._buffer, self._like_the_last(events, now_ns)
        while opening := _OPENING.search(buffer, position):
            start = opening.start()
            if start > position:
                self._pass_over(buffer[position:start])
            position = start
            found = extents.measured(buffer, start)
            if found is MORE:
                if waiting:
                    break
                from telegraf_han.p1 import others  # noqa: PLC0415, only what is damaged needs it

                found = others.unended(buffer, start)
            elif not (isinstance(found, Extent) and found.checked):
                found = extents.settled(buffer, start, found)
            if isinstance(found, Extent):
                if self._noise > 0:
                    events += self._noise_told(least=NOISE_REPORTED if self._excused else 1)
                events.append(Frame("p1", found.telegram, now_ns, None, found.checked))
                self._noise, self._excused, self._heard = -found.doubtful, False, True
                position = found.end - found.doubtful
                if self._sample:
                    self._sample.clear()
                    self._filler = 0
                if found.mended and not self._remarked:
                    events.append(self._remark())
                self._opening = envelope.opening(found.telegram) if found.checked and not found.mended else None
                continue
            position = start + 1
            # A candidate that ends within the doubtful bytes of a telegram belonged to that telegram.
            if not isinstance(found, Damaged) or self._noise + found.size <= 0:
                self._noise += 1
                self._keep(buffer[start:position])
                continue
            events += self._noise_told(least=NOISE_REPORTED if self._excused else 1)
            events.append(Fault(found.error.cause, str(found.error), found.size))
            position = max(position, found.resume)
            # To the search, the rest of this telegram is noise. But it is already reported.
            self._noise, self._excused, self._heard = 0, True, True
            self._sample.clear()
        else:
            if position < len(buffer):
                self._pass_over(buffer[position:])
                position = len(buffer)
        del buffer[:position]
        return events + self._noise_told(least=NOISE_REPORTED) if self._noise >= NOISE_REPORTED else events

    def _like_the_last(self, events: list[Event], now_ns: int) -> int:
        """Take the telegrams at the head of the buffer that open like the one before them. Returns where they end.

        This is only for a line on which nothing else came meanwhile. So nothing has to be noted.
        """
        buffer, position, opening = self._buffer, 0, self._opening
        if opening is None or self._noise or self._excused or self._sample:
            return 0
        while (found := extents.again(buffer, position, opening)) is not None:
            telegram, position = found
            events.append(of_fields(Frame, ("p1", telegram, now_ns, None, True, 0)))
        return position

    def _pass_over(self, skipped: bytearray) -> None:
        noise = skipped.strip(_BETWEEN)
        if self._noise <= 0 and not self._excused:
            # Only right behind a telegram, and only so many.
            rest = noise.lstrip(_FILLER)
            self._filler += len(noise) - len(rest)
            noise = rest if self._filler <= _FILLER_LIMIT else noise
        self._noise += len(noise)
        self._keep(skipped)

    def _keep(self, noise: bytearray) -> None:
        if len(self._sample) < _SAMPLE_BYTES:
            self._sample += noise

    def _noise_told(self, *, least: int) -> list[Event]:
        if self._noise < least:
            return []
        size, self._noise = self._noise, 0
        why = _explained(bytes(self._sample)) if self._explains else ""
        self._sample.clear()
        told = counted("{number} bytes that belong to no telegram", "{number} bytes that belong to no telegram", size)
        return [Fault(Cause.FRAMING, f"{told}: {why}" if why else told, size, named=why)]

    def _remark(self) -> Remark:
        """Say once that line ends were put back."""
        from telegraf_han.p1 import lineends  # noqa: PLC0415, only what is damaged needs it

        self._remarked = True
        return Remark(_(lineends.CHANGED))


def _explained(noise: bytes) -> str:
    from telegraf_han.p1 import signal  # noqa: PLC0415, only noise needs it

    return signal.wrong(noise)
