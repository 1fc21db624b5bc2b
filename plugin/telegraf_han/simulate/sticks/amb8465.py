"""Simulates an AMB8465. Commands are FF, code, length, payload, XOR. Telegrams are such commands or bare. The length counts the RSSI, too.

Manual AMBER wM-Bus modules 2.7. A stick that was left in another mode also sends its telegrams bare, as it does from the factory. An older
firmware does not know the mode that hears C1 and T1 at once.
"""

from typing import Final

from telegraf_han.ciphers import crc
from telegraf_han.simulate import sticks

LEVEL: Final = 0xC8
"""-102 dBm."""
_HEAD: Final = 3
_PARAMETERS: Final = 0x78
_AS_COMMANDS, _RSSI = 5, 69


class Twin(sticks.Twin):
    """See the module."""

    def command(self, octets: bytes) -> tuple[int, bytes]:
        """See sticks.Twin."""
        if octets[0] != 0xFF:  # noqa: PLR2004, the start of a command
            return 1, b""
        if len(octets) < _HEAD or len(octets) < (size := _HEAD + octets[2] + 1):
            return 0, b""
        if crc.xor(octets[:size]):
            return 1, b""
        code, payload = octets[1], octets[_HEAD : size - 1]
        if code == 0x0A:  # noqa: PLR2004, CMD_GET_REQ
            return size, _framed(0x8A, bytes([0, _PARAMETERS]) + self._parameters())
        if code == 0x0B:  # noqa: PLR2004, CMD_SERIALNO_REQ
            return size, _framed(0x8B, b"\x18\x00\x12\x34")
        if code == 0x04:  # noqa: PLR2004, CMD_SET_MODE_REQ
            return size, _framed(0x84, bytes([self._set(payload[0])]))
        self.flash_writes += code == 0x09  # noqa: PLR2004, CMD_SET_REQ
        return size, b""

    def _parameters(self) -> bytes:
        octets = bytearray(_PARAMETERS)
        octets[_AS_COMMANDS] = self.fault != "other-mode"
        octets[_RSSI] = 1
        return bytes(octets)

    def _set(self, mode: int) -> int:
        """Take a mode and return the status."""
        known = (0x08,) if self.fault == "old-firmware" else (0x08, 0x09)
        if self.fault == "refuses" or mode not in known:
            return 1
        self.listens = True
        return 0

    def message(self, frame: bytes) -> bytes:
        """See sticks.Twin."""
        content = frame[1:] + bytes([LEVEL])
        return bytes([len(content)]) + content if self.fault == "other-mode" else _framed(0x03, content)


def _framed(code: int, payload: bytes) -> bytes:
    octets = bytes([0xFF, code, len(payload)]) + payload
    return octets + bytes([crc.xor(octets)])
