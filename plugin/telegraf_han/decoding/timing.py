"""Gives each telegram of a live meter its time stamp, and holds back telegrams that are not of now.

Somebody may record a genuine telegram and send it again days later. Every key and every tag of such a telegram is right. Only its clock,
its frame counter and its registers show that it is old. So a telegram is compared with the last one that was believed: both clocks, the
meter's and the steady clock of this machine, must have gone on alike. A telegram that does not follow is held back. If the meter then goes
on as before, what was held was a replay and is dropped. If several telegrams follow one another, the meter's clock was really set (or its
counter began anew with a new key). Then all that was held is written with the host's time, and nothing is lost. If a register is lower,
too, more telegrams must follow one another, and for as long as their clocks say.

The stamp is the meter's clock while it is within `BELIEVED_NS` of the host's clock (public contract). An hour would be too much, because an
hour is the error of a clock with the wrong season. No two telegrams of a meter get the same stamp. Otherwise the second would overwrite the
first in InfluxDB (docs/adr/0005).

A capture that is decoded later is not judged here, because it is old on purpose.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from telegraf_han import RELEASED_S
from telegraf_han.clock import Zone
from telegraf_han.telegram import Body, Telegram

_NS: Final = 1_000_000_000
RELEASED_NS: Final = RELEASED_S * _NS
"""A clock that shows an earlier time cannot be right."""
BELIEVED_NS: Final = 600 * _NS
"""If a meter's clock differs from the host's by more than this, the host's clock is used (public contract)."""
_AGAIN_NS: Final = BELIEVED_NS - 60 * _NS
"""After that, the meter's clock must be this near before it is used again. So stamps do not change between the clocks all the time."""
_BACK_NS: Final = 60 * _NS
"""A clock may go back by this much: meters set their clock by some seconds, and of two receivers one is slower."""
_STANDS_NS: Final = 120 * _NS
"""A clock that shows the same time for longer than this stands still. Some meters send minutes only, so a minute would be too short."""
_PROOF: Final = 3
"""So many telegrams in order prove that the meter's clock was set, if no register is lower."""
_LONG_PROOF: Final = 60
"""The same if a register is lower, too, or none can be compared, or the clock stands still. Old telegrams have lower registers, so this is
what a replay looks like. But a meter that lost its clock and its registers must come back at some time."""
_FASTEST: Final = 2
"""A long proof must not go on faster than its clock by more than this factor. A recording can be played in less time than it took, in the
pause between two telegrams of the meter."""
_ONE_READ_NS: Final = 1_000_000
"""Stamps of the telegrams of one read stay within this of the read's time."""


class Moment(NamedTuple):
    """When a telegram came, and what it says about that."""

    time_ns: int | None
    """The meter's clock."""
    counter: int | None
    """Its frame counter."""
    host_ns: int
    steady_ns: int


class _Held(NamedTuple):
    """A telegram that is held back."""

    at: Moment
    telegram: Telegram
    lower: bool | None
    """Whether a register is lower than in the last telegram that was believed. None if no register can be compared."""


class Timing:
    """What one meter's clock and counter did so far."""

    __slots__ = (
        "_base",
        "_captured",
        "_counter_grew",
        "_held",
        "_last",
        "_newest_host_ns",
        "_newest_ns",
        "_since_ns",
        "on_host",
        "standing",
    )

    def __init__(self) -> None:
        """Nothing heard yet."""
        self._last: Moment | None = None
        self._captured: tuple[int, Sequence[object]] | None = None
        """Clock and values of the last telegram of a capture."""
        self._counter_grew = False
        self._held: Final[list[_Held]] = []
        self.on_host = False
        """Whether the host's clock is used, because the meter's is off."""
        self._since_ns = 0
        """Steady clock when the meter's clock first showed its present time."""
        self._newest_ns = 0
        """The newest stamp from the meter's clock. Such a stamp is never given twice, also if the clock is put back."""
        self._newest_host_ns = 0
        self._base: tuple[int, int] | None = None
        """The newest stamp that is surely right, and the steady clock then."""
        self.standing = False
        """Whether the meter's clock stands still."""

    def follows(self, at: Moment, lower: Callable[[Body], str | None], body: Body) -> bool:
        """Whether a telegram follows the last one that was believed. If it does, it is believed, and what was held back is not.

        `lower` names a register of this content that is lower. It is only asked if the clock went back a little.
        """
        if not self._is_next(at, lower, body):
            return False
        if self._held:
            self._held.clear()
        self._note(at)
        return True

    def held(self, at: Moment, telegram: Telegram, *, lower: bool | None) -> list[tuple[Moment, Telegram]] | None:
        """Hold a telegram back that does not follow. Returns those that were held before it as soon as it proves them, else None."""
        if self._held and not _goes_on(self._held[-1].at, at):
            self._held.clear()
        before = self._held[-1] if self._held else None
        if before is None or before.at.time_ns != at.time_ns or before.telegram.values != telegram.values:
            self._held.append(_Held(at, telegram, lower))
        if not _prove(self._held):
            del self._held[:-_LONG_PROOF]
            return None
        found = [(one.at, one.telegram) for one in self._held[:-1]]
        self._held.clear()
        self._counter_grew = False
        self.on_host = True
        self._note(at)
        return found

    def _is_next(self, at: Moment, lower: Callable[[Body], str | None], body: Body) -> bool:
        """Whether a telegram can be the next one after the last that was believed."""
        last = self._last
        if last is None:
            return True
        if self._counter_grew and at.counter is not None and last.counter is not None and at.counter <= last.counter:
            return False
        if at.time_ns is None or last.time_ns is None:
            return True
        step_ns = at.time_ns - last.time_ns
        if step_ns < -_BACK_NS or (step_ns < 0 and lower(body)):
            return False
        drift_ns = abs(step_ns - (at.steady_ns - last.steady_ns))
        if drift_ns > _BACK_NS and self._held and _is_nearer(self._held[-1].at, at, drift_ns):
            return False
        return drift_ns <= BELIEVED_NS or (at.host_ns >= RELEASED_NS and abs(at.time_ns - at.host_ns) <= BELIEVED_NS)

    def _note(self, at: Moment) -> None:
        """Remember a telegram that is believed."""
        last = self._last
        if last is not None:
            if at.counter is not None and last.counter is not None and at.counter > last.counter:
                self._counter_grew = True
            if at.time_ns is None and last.time_ns is not None:
                at = at._replace(time_ns=last.time_ns + at.steady_ns - last.steady_ns)
            if at.counter is None:
                at = at._replace(counter=last.counter)
        if last is None or at.time_ns != last.time_ns:
            self._since_ns = at.steady_ns
        self.standing = at.steady_ns - self._since_ns > _STANDS_NS
        self._last = at

    def rekeyed(self) -> None:
        """Forget the frame counter, because it begins anew with a new key. What was held back was opened with the old key."""
        if self._last is not None:
            self._last = self._last._replace(counter=None)
        self._counter_grew = False
        self._held.clear()

    def stamp(self, at: Moment) -> tuple[int | None, bool]:
        """The time stamp of a telegram that is believed, UTC, and whether it is the meter's clock.

        There is no stamp if no clock can be right: the host's is older than this program, and no meter has told the time.
        """
        if at.time_ns is not None and self._is_meters(at.time_ns, at.host_ns):
            if at.host_ns < RELEASED_NS:
                self._base = at.time_ns, at.steady_ns
            # A second telegram under the same time gets what has passed since the first.
            passed_ns = at.steady_ns - self._since_ns if at.time_ns <= self._newest_ns else 0
            stamp_ns = at.time_ns + passed_ns
            if self._newest_ns - _NS < stamp_ns <= self._newest_ns:
                stamp_ns = self._newest_ns + 1
            if stamp_ns > self._newest_ns:
                self._newest_ns = stamp_ns
                return stamp_ns, True
        host_ns = self.now_ns(at.host_ns, at.steady_ns)
        return None if host_ns is None else self._of_host(host_ns), False

    def stamp_of_capture(self, time_ns: int | None, host_ns: int, values: Sequence[object]) -> int:
        """The time stamp of a telegram of a capture: the meter's clock, however old.

        A telegram of the same second with other values gets the next nanosecond. The very same telegram stays the same point.
        """
        if time_ns is None:
            return self._of_host(host_ns)
        if self._captured is None or self._captured[0] != time_ns:
            self._newest_ns = time_ns
        elif self._captured[1] != values:
            self._newest_ns += 1
        self._captured = time_ns, values
        return self._newest_ns

    def _of_host(self, host_ns: int) -> int:
        """The host's time. Telegrams of one read came at the same time, so the second gets the next nanosecond."""
        if 0 <= self._newest_host_ns - host_ns < _ONE_READ_NS:
            host_ns = self._newest_host_ns + 1
        self._newest_host_ns = host_ns
        return host_ns

    def _is_meters(self, time_ns: int, host_ns: int) -> bool:
        """Whether the meter's clock is the one to use."""
        if host_ns < RELEASED_NS:
            return time_ns >= RELEASED_NS
        limit_ns = _AGAIN_NS if self.on_host else BELIEVED_NS
        self.on_host = self.standing or abs(time_ns - host_ns) > limit_ns
        return not self.on_host

    def now_ns(self, host_ns: int, steady_ns: int) -> int | None:
        """The host's time. If the host's clock cannot be right, the time that the meter told, with what has passed since then."""
        if host_ns >= RELEASED_NS:
            return host_ns
        return None if self._base is None else self._base[0] + steady_ns - self._base[1]


def nearest(time_ns: int, host_ns: int, zone: Zone) -> int:
    """The time of a clock that does not tell the season: in that season which is nearest to the host's clock.

    `time_ns` follows the zone's own rule.
    """
    if host_ns < RELEASED_NS:
        return time_ns
    second = time_ns // _NS
    winter_s, summer_s = zone.offsets_s(1970 + second // 31_556_952)
    other_ns = time_ns + (summer_s - winter_s if zone.offset_s(second) == summer_s else winter_s - summer_s) * _NS
    return min(time_ns, other_ns, key=lambda one: abs(one - host_ns))


def _goes_on(before: Moment, after: Moment) -> bool:
    """Whether a held telegram goes on from the one that was held before it."""
    if before.counter is not None and after.counter is not None and after.counter < before.counter:
        return False
    if before.time_ns is None or after.time_ns is None:
        return True
    step_ns = after.time_ns - before.time_ns
    return step_ns >= 0 and step_ns - (after.steady_ns - before.steady_ns) <= _BACK_NS


def _is_nearer(held: Moment, at: Moment, drift_ns: int) -> bool:
    """Whether a telegram goes on from one that is held back rather than from the last one that was believed.

    That is so if the clock was set back by some minutes. Otherwise what is held would be dropped when the clock is nearly there again.
    """
    if held.time_ns is None or at.time_ns is None:
        return False
    return abs(at.time_ns - held.time_ns - (at.steady_ns - held.steady_ns)) < drift_ns


def _prove(held: Sequence[_Held]) -> bool:
    """Whether telegrams that were held back one after another prove that the meter's clock was set."""
    if all(one.lower is False for one in held) and all(_advances(one.at, after.at) for one, after in pairwise(held)):
        return len(held) >= _PROOF
    first, last = held[0].at, held[-1].at
    shown_ns = 0 if first.time_ns is None or last.time_ns is None else last.time_ns - first.time_ns
    return len(held) >= _LONG_PROOF and shown_ns <= _FASTEST * (last.steady_ns - first.steady_ns)


def _advances(before: Moment, after: Moment) -> bool:
    return before.time_ns is not None and after.time_ns is not None and after.time_ns > before.time_ns
