"""Reads AMBER / Würth AMB8465 and AMB3665: asks the stick for its parameters, sets its mode and listens.

Manual AMBER wM-Bus modules 2.7. A command is FF, its code, a length, a payload and the XOR of all bytes before. Its answer has bit 7 of the
code set. A telegram comes as code 03 with its length in place of L. If parameter 5 (UART_CMD_Out_Enable) is off, the telegram comes bare,
from L on. If parameter 69 (RSSI_Enable) is on, a byte of signal strength follows, and the length counts it. So these two parameters are
read first. They are never written, because parameters are stored in flash. CMD_SET_MODE is not stored. The mode stays until the stick loses
power.

[seen] in logs and in the manual's examples: all commands here, 0x78 parameters of the AMB8465, 0x80 of the AMB3665 (169 MHz, its mode is
not changed). [assumed] the length counts the RSSI in bare telegrams, too, and in a capture without an answer about it RSSI is on.
"""

from collections.abc import Callable
from typing import Final

from telegraf_han.ciphers import crc
from telegraf_han.errors import FramingError, SourceError
from telegraf_han.language import _, marked
from telegraf_han.mbus import link
from telegraf_han.receivers._stick import FROM_METERS, Ask, Stick, Talk, cc1101_dbm

LINE: Final = "9600 8N1"

_START: Final = 0xFF
_HEAD: Final = 3
_TELEGRAM: Final = 0x03
_ANSWER: Final = 0x80
_LONGEST_BARE: Final = 0xFA
"""L of the longest telegram. A byte above this begins no bare telegram."""

_SET_MODE, _GET, _SERIAL = 0x04, 0x0A, 0x0B
_ALL_PARAMETERS: Final = b"\x00\x80"
_PARAMETERS: Final = 70
"""A stick reports at least this many."""
_OUTPUT_AS_COMMANDS, _LEVEL_APPENDED = 5, 69
_MODES: Final = ((0x09, marked("T1 and C1")), (0x08, "T1"))
"""In the order in which they are tried: CMD_SET_MODE's argument, and the mode in words."""
_OTHER_BAND: Final = 0x80
"""How many parameters the module for 169 MHz has."""


class Receiver(Stick):
    """See the module."""

    __slots__ = ("_bare", "_levels")

    NAME = "AMB8465"

    def __init__(self) -> None:
        super().__init__()
        self._bare: bool | None = None
        self._levels = True

    def cut(self, buffer: bytes) -> tuple[int, bytes] | None:
        """See Stick."""
        return _command(buffer) if buffer[0] == _START else self._bare_telegram(buffer)

    def _bare_telegram(self, buffer: bytes) -> tuple[int, bytes] | None:
        """A telegram from L on, unless the stick is known to send no bare telegrams."""
        size = buffer[0] + 1
        if self._bare is False or not link.SHORTEST <= size <= _LONGEST_BARE + 1:
            return 1, b""
        if len(buffer) > 1 and buffer[1] not in FROM_METERS:
            return 1, b""
        return None if len(buffer) < size else (size, buffer[:size])

    def hopeless(self, buffer: bytes) -> int:
        """See Stick. In a bare telegram, only the first byte of a command can begin something new."""
        begin = buffer.find(_START)
        return max(1, begin) if begin >= 0 else len(buffer)

    def telegram(self, message: bytes) -> tuple[bytes, float | None] | None:
        """See Stick."""
        if message[0] != _START:
            return self._levelled(message)
        return self._levelled(message[2:-1]) if message[1] == _TELEGRAM else None

    def _levelled(self, body: bytes) -> tuple[bytes, float | None]:
        """A telegram from its length on. The length counts the byte of signal strength. Raises TelegramError."""
        if not self._levels:
            return link.telegram(body), None
        if body[0] < link.SHORTEST:
            raise FramingError(_("{size} bytes are not a telegram", size=len(body)))
        return link.telegram(bytes([body[0] - 1]) + body[1:-1]), cc1101_dbm(body[-1])

    def set_up(self) -> Talk:
        """Ask for the parameters, then set the mode."""
        answer = yield Ask(command(_GET, _ALL_PARAMETERS), _answers(_GET))
        parameters = answer[_HEAD + 2 : -1]
        if len(parameters) < _PARAMETERS:
            raise SourceError(
                _("a module of this family answers, but reports {size} parameters: it is not a known module", size=len(parameters))
            )
        self._bare = not parameters[_OUTPUT_AS_COMMANDS]
        self._levels = bool(parameters[_LEVEL_APPENDED])
        told = "" if self._levels else "; " + _("it reports no signal strength (parameter RSSI_Enable is 0)")
        if answer[_HEAD + 1] == _OTHER_BAND:
            return _("AMB3665, at 169 MHz, where it cannot hear meters of 868 MHz") + told
        for mode, words in _MODES:
            done = yield Ask(command(_SET_MODE, bytes([mode])), _answers(_SET_MODE))
            if not done[_HEAD]:
                return _("{stick} listening to {modes}", stick="AMB8465", modes=_(words)) + told
        raise SourceError(
            _(
                "the AMB8465 refuses to listen to T1 (status {status:02X}); unplug it, or reset it to its factory settings",
                status=done[_HEAD],
            )
        )

    def still_there(self) -> Talk:
        """Ask for the serial number."""
        yield Ask(command(_SERIAL, b""), _answers(_SERIAL))
        return ""


def command(code: int, payload: bytes) -> bytes:
    """A command, as it is sent."""
    octets = bytes([_START, code, len(payload)]) + payload
    return octets + bytes([crc.xor(octets)])


def _command(buffer: bytes) -> tuple[int, bytes] | None:
    """A message that begins with FF."""
    if len(buffer) > 1 and buffer[1] != _TELEGRAM and buffer[1] < _ANSWER:
        return 1, b""
    if len(buffer) < _HEAD or len(buffer) < (size := _HEAD + buffer[2] + 1):
        return None
    message = buffer[:size]
    return (size, message) if size > _HEAD + 1 and not crc.xor(message) else (1, b"")


def _answers(code: int) -> Callable[[bytes], bool]:
    """Whether a message is the answer to that command."""
    return lambda message: message[:2] == bytes([_START, code | _ANSWER])
