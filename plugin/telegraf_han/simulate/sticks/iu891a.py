"""Simulates an iU891A. Its messages are SLIP packets of service, message, payload and CRC.

IMST, iU891A-XL WMBus Host Interface. The stick sleeps until some C0 wake it. An older firmware refuses to hear C1 and T1 at once.
"""

from typing import Final

from telegraf_han.ciphers import crc
from telegraf_han.simulate import sticks

LEVEL: Final = 0xB0
"""-80 dBm."""
_MODES_WITH_T: Final = (2, 3)
_TELL_RECEIVED: Final = 0x02
_WAKE_UP: Final = 10
"""This many C0 wake the stick [assumed]. Users send thirty."""
_END: Final = b"\xc0"


class Twin(sticks.Twin):
    """See the module."""

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        self._awake = False
        self._configuration = bytes.fromhex("01" if fault == "other-mode" else "02") + bytes.fromhex("0200 0500 6400 60EA0000")

    def opened(self) -> bytes:
        """See sticks.Twin."""
        self._awake = False
        return super().opened()

    def command(self, octets: bytes) -> tuple[int, bytes]:
        """See sticks.Twin."""
        ends = len(octets) - len(octets.lstrip(_END))
        if ends:
            self._awake = self._awake or ends >= _WAKE_UP
        end = octets.find(_END, ends)
        if end < 0:
            return 0, b""
        content = octets[ends:end].replace(b"\xdb\xdc", _END).replace(b"\xdb\xdd", b"\xdb")
        fits = crc.x25(content[:-2]) == int.from_bytes(content[-2:], "little")
        return end + 1, self._answer(content[:-2]) if fits and self._awake else b""

    def _answer(self, content: bytes) -> bytes:
        match content[:2]:
            case b"\x01\x03":
                return _packet(b"\x01\x04\x00\x6e\x78\x56\x34\x12\x01\x02\x03\x04")
            case b"\x09\x01":
                return _packet(b"\x09\x02\x00" + self._configuration)
            case b"\x09\x03":
                return _packet(b"\x09\x04" + bytes([self._set(content[2:])]))
        return b""

    def _set(self, wanted: bytes) -> int:
        """Take a configuration and return the status."""
        both_asked_of_old = wanted[0] == 3 and self.fault == "old-firmware"  # noqa: PLR2004, both modes
        if self.fault == "refuses" or both_asked_of_old or wanted[3:] != self._configuration[3:]:
            return 1
        self._configuration = wanted
        self.listens = wanted[0] in _MODES_WITH_T and bool(wanted[1] & _TELL_RECEIVED)
        return 0

    def message(self, frame: bytes) -> bytes:
        """See sticks.Twin."""
        return _packet(b"\x09\x20\x9f\x43\x6d\x38\x00\x00\x02" + bytes([LEVEL]) + frame)


def _packet(content: bytes) -> bytes:
    octets = content + crc.x25(content).to_bytes(2, "little")
    return _END + octets.replace(b"\xdb", b"\xdb\xdd").replace(_END, b"\xdb\xdc") + _END
