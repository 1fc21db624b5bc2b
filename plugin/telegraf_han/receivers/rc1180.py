"""Reads Radiocrafts RC1180-MBUS: asks the module for its memory, sets it to T1 if necessary, and listens.

RC1180-MBUS Data Sheet 1.0 and MBUS User Manual 2.01. Byte 00 opens the configuration, which answers ">". There "0" lists the 256 bytes of
the memory and a ">". "G" with a mode sets the mode until the module loses power (newer modules). "X" leaves the configuration. "M" writes
the memory, which allows a limited number of writes. So "M" is never sent. A telegram is L C M A … without link CRCs. If byte 05 of the
memory (RSSI_MODE) is on, a byte of signal strength follows, -RSSI/2 dBm, and L counts it. Byte 36 (DATA_INTERFACE) must be 0.

Byte 03 (MBUS_MODE) is 1 for T1 in all editions, [seen] in a dump. 2, 10 and 11 are T2, T1+C and T2+C of newer modules. [assumed] L
counts the signal strength, and "G" is answered with ">" before and behind its argument, as other commands are.
"""

from collections.abc import Callable, Generator
from typing import Final, Literal

from telegraf_han.errors import FramingError, SourceError
from telegraf_han.language import _, marked
from telegraf_han.mbus import link
from telegraf_han.receivers._stick import FROM_METERS, Ask, Stick, Talk

LINE: Final = "19200 8N1"

_PROMPT: Final = b">"
_ENTER, _LIST, _SET_MODE, _LEAVE = b"\x00", b"0", b"G", b"X"
_T1: Final = b"\x01"
_MEMORY_BYTES: Final = 256
_MODE_AT, _LEVEL_AT, _FORM_AT = 0x03, 0x05, 0x36
_HEARS_T1: Final = {0x01: "T1", 0x02: marked("T1 and T2"), 0x0A: marked("T1 and C1"), 0x0B: marked("T2 and C2")}
_WAITING_LIMIT: Final = 512
"""Bytes that are kept while a prompt is waited for. These are more than the telegram that may be on its way."""
_BY_HAND: Final = marked('set byte 03 of its memory to 01 by hand ("M", 03 01 FF, then "X", at 19200 8N1)')

_Expected = Literal["telegram", "prompt", "memory"]


class Receiver(Stick):
    """See the module."""

    __slots__ = ("_expected", "_levels")

    NAME = "RC1180"

    def __init__(self) -> None:
        super().__init__()
        self._expected: _Expected = "telegram"
        self._levels = False

    def cut(self, buffer: bytes) -> tuple[int, bytes] | None:
        """See Stick."""
        if self._expected == "memory":
            return None if len(buffer) <= _MEMORY_BYTES else (_MEMORY_BYTES + 1, buffer[: _MEMORY_BYTES + 1])
        if self._expected == "prompt":
            # Only the silence behind a prompt shows that it is one: a telegram before it may hold the same byte.
            too_many = len(buffer) - _WAITING_LIMIT
            return (1, buffer) if buffer == _PROMPT else (too_many, b"") if too_many > 0 else None
        size = buffer[0] + 1
        if size < link.SHORTEST or (len(buffer) > 1 and buffer[1] not in FROM_METERS):
            return 1, b""
        return None if len(buffer) < size else (size, buffer[:size])

    def rest(self, buffer: bytes) -> bytes:
        """See Stick."""
        return _PROMPT if self._expected == "prompt" and buffer.endswith(_PROMPT) else b""

    def hopeless(self, buffer: bytes) -> int:
        """See Stick. Telegrams come bare, and only silence separates them from noise."""
        return len(buffer)

    def telegram(self, message: bytes) -> tuple[bytes, float | None] | None:
        """See Stick."""
        if self._expected != "telegram":
            return None
        if not self._levels:
            return link.telegram(message), None
        if message[0] < link.SHORTEST:
            raise FramingError(_("{size} bytes are not a telegram", size=len(message)))
        return link.telegram(bytes([message[0] - 1]) + message[1:-1]), -message[-1] / 2

    def _memory(self) -> Generator[Ask, bytes, bytes]:
        """Read the 256 bytes of the memory. The configuration stays open."""
        self._expected = "prompt"
        yield Ask(_ENTER, _is(_PROMPT))
        self._expected = "memory"
        memory = yield Ask(_LIST, lambda message: message.endswith(_PROMPT))
        return memory[:_MEMORY_BYTES]

    def set_up(self) -> Talk:
        """Read the memory, and set T1 if another mode is set."""
        memory = yield from self._memory()
        self._levels = bool(memory[_LEVEL_AT])
        told = "" if self._levels else "; " + _("it reports no signal strength (byte 05 of its memory is 00)")
        if memory[_FORM_AT]:
            raise SourceError(
                _(
                    "the RC1180 sends telegrams in another form (byte 36 of its memory is {octet:02X}): "
                    'set this byte to 00 by hand ("M", 36 00 FF, then "X", at 19200 8N1)',
                    octet=memory[_FORM_AT],
                )
            )
        words = _HEARS_T1.get(memory[_MODE_AT])
        if words is None:
            self._expected = "prompt"
            unanswered = _(
                "the RC1180 listens to mode {mode:02X} and this program cannot change that: {how}", mode=memory[_MODE_AT], how=_(_BY_HAND)
            )
            for octet in (_SET_MODE, _T1):
                yield Ask(octet, _is(_PROMPT), unanswered, 1)
        self._expected = "telegram"
        yield Ask(_LEAVE, None)
        modes = _(words) if words else _("T1 until it loses power")
        return _("{stick} listening to {modes}", stick="RC1180", modes=modes) + told

    def still_there(self) -> Talk:
        """Read the memory."""
        yield from self._memory()
        self._expected = "telegram"
        yield Ask(_LEAVE, None)
        return ""

    def leave(self) -> bytes:
        """See Stick. A module that is left in its configuration hears nothing."""
        return b"" if self._expected == "telegram" else _LEAVE


def _is(octets: bytes) -> Callable[[bytes], bool]:
    """Whether a message is exactly these octets."""
    return lambda message: message == octets
