"""Holds the dialogue that all sticks share: bytes become messages, telegrams and answers, and questions are sent to the stick.

The set-up of a stick is a generator that follows the stick's manual. It yields a question, gets the answer, and at the end returns a
sentence about the stick. This module waits, asks again and gives up, by the times below. Nothing is ever written to a stick's memory.
Settings are lost when the stick loses power, and are made again at each opening. A stick that sent nothing for a while is asked whether it
is there, because a quiet house and a dead stick look alike.
"""

from collections.abc import Callable, Generator
from typing import Final, NamedTuple

from telegraf_han.errors import Cause, CutShortError, SourceError, TelegramError
from telegraf_han.language import _, marked
from telegraf_han.telegram import Event, Fault, Frame, Lost, Ready, Send

_S: Final = 1_000_000_000
ANSWER_NS: Final = 1 * _S
"""Sticks answer within about 100 ms. A telegram at 9600 baud may still be on its way before the answer."""
ASKED_LIMIT: Final = 5
"""How often a question is sent. Boards with a boot loader hear nothing for two seconds after opening."""
QUIET_NS: Final = 60 * _S
"""Time without a message after which a stick is asked whether it is there. A GAMA sends once per minute."""
PARTIAL_NS: Final = 1 * _S
"""Time without a byte after which a message that has begun will not end. At 9600 baud the longest message takes 0.3 s."""
_LOOKED_AT: Final = 64
"""How many bytes that are no message are kept, to guess what sends them."""

FROM_METERS: Final = frozenset({0x44, 0x46, 0x47, 0x48, 0x08, 0x18, 0x28, 0x38})
"""C fields with which a meter's telegram may begin (EN 13757-4, 12.5.3). If a stick sends bare telegrams, nothing else marks them."""

STRANGERS: Final = (
    # bytes from a port that is not the expected stick → the device that probably sends them
    (b"0-0:", marked("a meter's P1 port")),
    (b"1-0:", marked("a meter's P1 port")),
    (b" is unknown)", marked('a CUL (type = "cul")')),
    (b"\r\n\r\n", marked("a meter's P1 port")),
    (b"\xa5\x81", marked('an iM871A (type = "im871a")')),
    (b"\xa5\xe2\x03", marked('an iM871A (type = "im871a")')),
    (b"\xff\x03", marked('an AMB8465 (type = "amb8465")')),
    (b"\xff\x84\x01", marked('an AMB8465 (type = "amb8465")')),
    (b"\xc0\x09\x20", marked('an iU891A (type = "iu891a")')),
    (b"$GP", marked("a GPS receiver")),
    (b"AT+", marked("a modem")),
)


class Ask(NamedTuple):
    """One question to a stick."""

    data: bytes
    answers: Callable[[bytes], bool] | None
    """Whether a message is the answer. None if there will be no answer; then the next question may follow."""
    unanswered: str = ""
    """Why the stick is given up if no answer comes. "" for the usual reason."""
    limit: int = ASKED_LIMIT
    """How often the question is asked."""


def signed(octet: int) -> int:
    """A byte in two's complement."""
    return (octet ^ 0x80) - 0x80


def cc1101_dbm(octet: int) -> float:
    """The level in dBm of an RSSI byte of TI's CC1101 (data sheet, 17.3). Several sticks pass this byte on as it is."""
    return signed(octet) / 2 - 74


Talk = Generator[Ask, bytes, str]
"""Yields questions, gets the answers, and returns a sentence about the stick. Raises SourceError if the stick cannot be used."""


class Stick:
    """Turns the bytes of a stick into messages, telegrams and answers, and asks the stick. All sticks share this part.

    The module of a stick defines the methods at the end. They say how its messages are cut out of the stream, which of them are telegrams,
    and which questions are asked. Bytes that are no message are reported as one fault before the next message, or when the stick sends
    nothing.
    """

    __slots__ = ("_ask", "_asked", "_asked_ns", "_buffer", "_bytes_ns", "_heard_ns", "_ready", "_strange", "_talk", "_unread")

    NAME = ""
    """The stick's name in messages."""

    def __init__(self) -> None:
        self._ask: Ask | None = None
        self._asked = 0
        self._asked_ns = 0
        self._buffer = b""
        self._bytes_ns = 0
        self._heard_ns: int | None = None
        self._ready = False
        self._strange = b""
        self._talk: Talk | None = None
        self._unread = 0

    def start(self, now_ns: int) -> list[Event]:
        """Ask the first question."""
        self._talk = self.set_up()
        return self._continued(None, now_ns)

    def feed(self, data: bytes, now_ns: int) -> list[Event]:
        """See `telegram.Receiver`."""
        events = self._waited(now_ns) if now_ns - self._bytes_ns >= PARTIAL_NS else []
        self._buffer += data
        self._bytes_ns = now_ns
        return events + self._messages(now_ns) + self._overdue(now_ns)

    def idle(self, now_ns: int) -> list[Event]:
        """Give up a message that did not end, repeat a question that was not answered, and ask a quiet stick whether it is there."""
        waited = self._waited(now_ns) if now_ns - self._bytes_ns >= PARTIAL_NS else []
        return waited + self._overdue(now_ns)

    def finish(self, now_ns: int) -> list[Event]:
        """See `telegram.Receiver`."""
        return self._waited(now_ns)

    def _messages(self, now_ns: int) -> list[Event]:
        """The events of all messages that are whole."""
        events: list[Event] = []
        while self._buffer and (cut := self.cut(self._buffer)) is not None:
            size, message = cut
            taken, self._buffer = self._buffer[:size], self._buffer[size:]
            if message:
                events += self._noise() + self._heard(message, now_ns)
            else:
                self._strange = (self._strange + taken)[:_LOOKED_AT]
                self._unread += size
        return events

    def _heard(self, message: bytes, now_ns: int) -> list[Event]:
        """Handle a telegram, or the answer to a question.

        Any other message is of no use, but shows that the stick is there.
        """
        self._heard_ns = now_ns
        try:
            found = self.telegram(message)
        except TelegramError as error:
            return [Fault(error.cause, str(error), len(message), isinstance(error, CutShortError))]
        if found is not None:
            return [Frame("wmbus", found[0], now_ns, found[1], checked=True)]  # by the stick, or in `link`
        if self._ask is not None and self._ask.answers is not None and self._ask.answers(message):
            return self._continued(message, now_ns)
        self._strange = (self._strange + message)[:_LOOKED_AT]
        return []

    def _continued(self, answer: bytes | None, now_ns: int) -> list[Event]:
        """Continue the dialogue to its next question that has an answer, or to its end."""
        assert self._talk is not None
        events: list[Event] = []
        try:
            self._ask = next(self._talk) if answer is None else self._talk.send(answer)
            while self._ask.answers is None:
                events.append(Send(self._ask.data))
                self._ask = next(self._talk)
        except StopIteration as end:
            self._ask = self._talk = None
            self._heard_ns = now_ns
            self._ready = True
            self._strange = b""
            return events + ([Ready(end.value)] if end.value else [])
        except SourceError as error:
            return [*events, *self._given_up(str(error))]
        self._asked, self._asked_ns = 1, now_ns
        return [*events, Send(self._ask.data)]

    def _overdue(self, now_ns: int) -> list[Event]:
        """Ask again, ask whether the stick is there, or give up."""
        if self._ask is None:
            if self._heard_ns is None or now_ns - self._heard_ns < QUIET_NS:
                return []
            self._talk = self.still_there()
            return self._continued(None, now_ns)
        if now_ns - self._asked_ns < ANSWER_NS:
            return []
        if self._asked >= self._ask.limit:
            return self._given_up(self._ask.unanswered or self._no_answer())
        self._asked += 1
        self._asked_ns = now_ns
        return [Send(self._ask.data)]

    def _given_up(self, reason: str) -> list[Event]:
        """The port has to be opened again. Until then bytes are still read, but nothing more is asked."""
        self._ask = self._talk = self._heard_ns = None
        last = self.leave()
        return [*self._noise(), *([Send(last)] if last else []), Lost(reason)]

    def _no_answer(self) -> str:
        """Why a stick that did not answer is given up."""
        if self._ready:
            return _("the {stick} does not answer any more; if that lasts, unplug it and plug it in again", stick=self.NAME)
        if not self._strange:
            return _(
                "no {stick} answers here: the device is another one, needs another line setting, or hangs and must be unplugged",
                stick=self.NAME,
            )
        seen = next((what for sign, what in STRANGERS if sign in self._strange), "")
        if not seen:
            return _("no {stick} answers here, but something else sends data", stick=self.NAME)
        return _("no {stick} answers here, but something else sends data: it looks like {what}", stick=self.NAME, what=_(seen))

    def _waited(self, now_ns: int) -> list[Event]:
        """Nothing more comes. The bytes that are left are a message after all, or they are none.

        If they are none, a message may begin later in them.
        """
        events: list[Event] = []
        while self._buffer:
            rest = self.rest(self._buffer)
            if rest:
                self._buffer = b""
                return events + self._noise() + self._heard(rest, now_ns)
            hopeless = self.hopeless(self._buffer)
            self._strange = (self._strange + self._buffer[:hopeless])[:_LOOKED_AT]
            self._unread += hopeless
            self._buffer = self._buffer[hopeless:]
            events += self._messages(now_ns)
        return events + self._noise()

    def _noise(self) -> list[Event]:
        """One fault for all bytes since the last fault that were no message."""
        size, self._unread = self._unread, 0
        told = _("{size} bytes that are not a message of the {stick}", size=size, stick=self.NAME)
        return [Fault(Cause.FRAMING, told, size)] if size else []

    # --- what the module of a stick defines ---

    def cut(self, buffer: bytes) -> tuple[int, bytes] | None:
        """The number of bytes that the first message of `buffer` takes, and the message.

        The message is b"" if these bytes are no message. The result is None if more bytes must come.
        """
        raise NotImplementedError

    def rest(self, buffer: bytes) -> bytes:  # noqa: ARG002, most sticks have no such message
        """A message whose end is shown only by the silence after it, or b""."""
        return b""

    def hopeless(self, buffer: bytes) -> int:  # noqa: ARG002
        """How many bytes to give up of a message that has no end.

        All of them, if nothing in a message shows whether it is one.
        """
        return 1

    def telegram(self, message: bytes) -> tuple[bytes, float | None] | None:
        """The frame of a message and its level in dBm. None if the message holds something else. Raises TelegramError."""
        raise NotImplementedError

    def set_up(self) -> Talk:
        """The questions at opening."""
        raise NotImplementedError

    def still_there(self) -> Talk:
        """The question when nothing comes. Returns ""."""
        raise NotImplementedError

    def leave(self) -> bytes:
        """What to send before the port is closed because of a refusal, or b""."""
        return b""
