"""Turns a household, a meter and its keys into telegrams, one per interval: the bytes on the wire, and the frame that a link makes of them.

A telegram depends on seed, start and its own second. It never depends on how fast or to whom it is sent. Within a telegram only the
registers depend on the start. Counters on the wire (the wireless access number, the invocation counter of a general-glo APDU) count
intervals since 1970. So they rise by one per telegram, whenever a run begins.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Final, NamedTuple

from telegraf_han.ciphers.secret import Key
from telegraf_han.simulate import encode, lines
from telegraf_han.simulate.household import Home, Household, Moment
from telegraf_han.simulate.meters import DEVICE, MANUFACTURER, Writer
from telegraf_han.telegram import Frame, Interface

NS: Final = 1_000_000_000
INTERVALS_S: Final[dict[Interface, int]] = {"p1": 1, "wmbus": 60}
"""The usual intervals, both [seen] on a GAMA350."""

PROGRAMS: Final = ("rtl_wmbus", "rtl_433")
"""Envelopes that are lines of a program. The type of receiver that reads them has the program's name."""

_TITLE: Final = b"SIM\0\0\0\0\1"
"""System title in the general-glo envelope. It is not the title of any maker."""
_FOOTER_BYTES: Final = 6
"""Four digits, CR and LF. A P1 frame ends before them, with the "!"."""


class Dress(NamedTuple):
    """How telegrams are wrapped. Keys that an envelope does not use are ignored."""

    interface: Interface
    envelope: str
    """A name in `ENVELOPES`."""
    footer: str
    """A name in `encode.FOOTERS`."""
    keys: encode.Keys
    radio_key: Key


class Sent(NamedTuple):
    """One telegram: `frame` as a receiver hands it on, received when the meter sent it, and `wire` as a port delivers it."""

    frame: Frame
    wire: bytes


class _Said(NamedTuple):
    """The content that an envelope wraps."""

    writer: Writer
    moment: Moment
    number: int
    dress: Dress


Envelope = Callable[[_Said], tuple[bytes, bytes]]


def _bare(said: _Said) -> tuple[bytes, bytes]:
    block = encode.bare_block(said.writer.text(said.moment), said.dress.keys)
    wire = encode.enclosed(said.writer.model.ident, block, said.dress.footer)
    return wire[:-_FOOTER_BYTES], wire


def _plain(said: _Said) -> tuple[bytes, bytes]:
    wire = encode.enclosed(said.writer.model.ident, said.writer.text(said.moment), said.dress.footer)
    return wire[:-_FOOTER_BYTES], wire


def _glo(said: _Said) -> tuple[bytes, bytes]:
    telegram = encode.enclosed(said.writer.model.ident, said.writer.text(said.moment), "arc")
    wire = encode.general_glo(_TITLE, said.number & 0xFFFF_FFFF, telegram, said.dress.keys)
    return wire, wire


def _radio(said: _Said) -> bytes:
    """A wireless frame without link CRCs."""
    model = said.writer.model
    address = encode.link_address(MANUFACTURER, said.writer.settings.serial, model.version or 0, DEVICE)
    return encode.mode_5(address, said.number & 0xFF, said.writer.records(said.moment), said.dress.radio_key)


def _stripped(said: _Said) -> tuple[bytes, bytes]:
    frame = _radio(said)
    return frame, lines.hex_line(frame)


def _with_crc(said: _Said) -> tuple[bytes, bytes]:
    frame = _radio(said)
    return frame, lines.hex_line(encode.format_a(frame))


def _rtl_wmbus(said: _Said) -> tuple[bytes, bytes]:
    frame = _radio(said)
    return frame, lines.rtl_wmbus(frame, said.moment.utc_s)


def _rtl_433(said: _Said) -> tuple[bytes, bytes]:
    frame = _radio(said)
    return frame, lines.rtl_433(frame, said.moment.utc_s)


ENVELOPES: Final[dict[Interface, dict[str, Envelope]]] = {
    "p1": {"bare": _bare, "plain": _plain, "glo": _glo},
    "wmbus": {"stripped": _stripped, "crc": _with_crc, "rtl_wmbus": _rtl_wmbus, "rtl_433": _rtl_433},
}
"""Interface → envelope → (frame, wire). The first envelope is the usual one."""


def telegrams(home: Home, writer: Writer, dress: Dress, start_s: int, interval_s: int, *, since_s: int | None = None) -> Iterator[Sent]:
    """The telegrams of a meter, for ever: one at `start_s` (UTC), then one every `interval_s`.

    Its registers began to count at `since_s`, by default at `start_s`. The days between are only added up.
    """
    household = Household(home, start_s if since_s is None else since_s)
    envelope = ENVELOPES[dress.interface][dress.envelope]
    for second in count(start_s, interval_s):
        frame, wire = envelope(_Said(writer, household.at(second), second // interval_s, dress))
        yield Sent(Frame(dress.interface, frame, second * NS), wire)
