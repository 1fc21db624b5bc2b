"""Telegrams of a household with one odd line each, of the kinds that owners report. Everything else in them is right.

A kind changes the P1 lines of `attacks`, or adds a record to its wireless telegrams. No two telegrams of a kind are odd in quite the same
way: lengths and values change from telegram to telegram.
"""

from collections.abc import Callable
from typing import NamedTuple

import attacks
import p1telegrams as p1
import radiotelegrams as radio
from attacks import Scene

SPAN_S = 500
"""The first telegram was sent so long ago. A clock is believed within ten minutes of the host's."""
IN_ONE_SECOND = 3
"""Telegrams under the same time."""


def _reading(scene: Scene, place: int) -> attacks.Reading:
    """Registers grow by 1 Wh, and the clock is so slow that a day's telegrams are of the last minutes."""
    first = attacks.reading(scene.start_s, 0)
    return first._replace(utc_s=first.utc_s + place // IN_ONE_SECOND, zones_wh=(first.zones_wh[0] + place, first.zones_wh[1]))


class Kind(NamedTuple):
    """One way to be odd."""

    name: str
    """Name of the meter, too."""
    interface: str
    telegram: Callable[[Scene, int], bytes]
    flaws: bool = True
    """Whether the odd part must be a flaw. If not, it may be one, or it may be read as a text, as no value or as no time."""


def _cable(change: Callable[[bytes, int], bytes]) -> Callable[[Scene, int], bytes]:
    return lambda scene, place: p1.stoen(change(attacks.lines(_reading(scene, place)), place))


def _added(line: Callable[[int], bytes]) -> Callable[[Scene, int], bytes]:
    return _cable(lambda lines, place: lines + line(place) + b"\r\n")


def _clock(says: bytes) -> Callable[[Scene, int], bytes]:
    return _cable(lambda lines, _place: b"0-0:1.0.0(" + says + b")" + lines[lines.index(b"\r\n") :])


def _air(more: Callable[[int], str]) -> Callable[[Scene, int], bytes]:
    def telegram(scene: Scene, place: int) -> bytes:
        body = radio.records(*_reading(scene, place)) + bytes.fromhex(more(place))
        return radio.line(radio.mode_5(scene.number, place & 0xFF, body))

    return telegram


KINDS = (
    Kind("p1-unreadable-line", "p1", _added(lambda place: b"#" * (1 + place % 50) + b" no code")),
    Kind("p1-bracket-missing", "p1", _added(lambda place: b"1-0:31.7.0(%03d*A" % (place % 1000))),
    Kind("p1-nan", "p1", _added(lambda place: b"1-0:31.7.0(%s*A)" % (b"NaN", b"-nan", b"---.--", b"")[place % 3])),
    Kind("p1-odd-log", "p1", _added(lambda place: b"1-0:99.97.0(%d)(0-0:96.7.19)(1012081" % (place % 10)), flaws=False),
    Kind("p1-clock-zero", "p1", _clock(b"000000000000W"), flaws=False),
    Kind("p1-clock-none", "p1", _clock(b"FFFFFFFFFFFFW"), flaws=False),
    Kind("radio-nan", "wmbus", _air(lambda _place: "05fd3a0000c07f"), flaws=False),
    Kind("radio-no-digits", "wmbus", _air(lambda place: f"0c59{place % 256:02x}abcdef")),
)
