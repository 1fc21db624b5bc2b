"""Turns lines of text into telegrams. All receivers that read text share this.

The bytes of a port, a pipe or a file come in pieces of any size. A line is whole at its end. Each receiver knows the meaning of its own
lines.
"""

import re
from collections.abc import Callable
from typing import Final

from telegraf_han.errors import Cause, TelegramError
from telegraf_han.language import _, marked
from telegraf_han.telegram import Event, Fault, Frame, of_fields

LINE_LIMIT: Final = 8192
"""The most characters in a line. The longest telegram has 290 bytes with link CRCs, or 870 characters as spelled-out chips. Logs put some
words around it. rtl_433 adds about 60 characters for each record of a telegram without encryption."""


P1: Final = marked('a meter\'s P1 port sends here, and a receiver cannot read it. Write this port into a [[meter]] with interface = "p1"')
_P1_LINE: Final = r"/[A-Za-z]{3}\d|\d-\d:\d{1,2}\.\d{1,2}\.\d"
"""A line of P1 text begins with the ident of a meter or an OBIS code."""


class Lines:
    """Cuts bytes into lines and turns each line into events. All receivers of text share this part.

    `read` reads a line: it returns a frame without link CRCs and its level in dBm, or None if the line is not a telegram. It raises
    TelegramError for a damaged telegram. The buffer is bounded. If a line does not end, LINE_LIMIT characters are given up at once, and the
    rest up to its end is given up without a message. The same bytes give the same events, in whatever pieces they come.
    """

    __slots__ = ("_left", "_read", "_skipping", "checked")

    def __init__(self, read: Callable[[str], tuple[bytes, float | None] | None], *, checked: bool = False) -> None:
        self._read: Final = read
        self.checked = checked
        """Whether a checksum of the link fits the telegram read last. A program that checks all its telegrams says so once."""
        self._left = b""
        self._skipping = False

    def start(self, now_ns: int) -> list[Event]:  # noqa: ARG002, as the protocol has it
        """Nothing is sent to a source that writes text."""
        return []

    def idle(self, now_ns: int) -> list[Event]:  # noqa: ARG002
        """A line may take any time to arrive."""
        return []

    def feed(self, data: bytes, now_ns: int) -> list[Event]:
        """See `telegram.Receiver`."""
        *whole, self._left = (self._left + data).split(b"\n")
        events = [event for line in whole for event in self._ended(line, now_ns)]
        if len(self._left) > LINE_LIMIT:
            events += self._too_long()
            self._left = b""
        return events

    def finish(self, now_ns: int) -> list[Event]:
        """The last line may have no end."""
        left, self._left = self._left, b""
        return self._ended(left, now_ns)

    def _ended(self, line: bytes, now_ns: int) -> list[Event]:
        """The events of a whole line, or of the end of a line that was given up."""
        events = self._too_long() if len(line) > LINE_LIMIT else []
        if self._skipping:
            self._skipping = False
            return events
        text = line.decode("latin-1").strip()
        try:
            found = self._read(text) if text else None
        except TelegramError as error:
            return [_of_p1(text) or Fault(error.cause, str(error), len(line))]
        if found is None:
            return list(filter(None, [_of_p1(text)]))
        return [of_fields(Frame, ("wmbus", found[0], now_ns, found[1], self.checked, 0))]

    def _too_long(self) -> list[Event]:
        """Give up a line. Report it once."""
        if self._skipping:
            return []
        self._skipping = True
        return [Fault(Cause.FRAMING, _("line of more than {limit} characters", limit=LINE_LIMIT), LINE_LIMIT)]


def _of_p1(text: str) -> Fault | None:
    """The fault of a line that comes from a P1 port. It lasts, because the cable is at the wrong place."""
    return Fault(Cause.FRAMING, _(P1), len(text), lasts=True) if re.match(_P1_LINE, text) else None
