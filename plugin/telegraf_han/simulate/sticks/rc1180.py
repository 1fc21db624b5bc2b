"""Simulates an RC1180-MBUS. 00 opens its configuration, and it answers ">". Telegrams are bare, followed by an RSSI that L counts.

RC1180-MBUS Data Sheet 1.0, MBUS User Manual 2.01. In its normal state a byte other than 00 is the length of a telegram to send, and the
stick reads that many bytes without an answer. A stick that was left in another mode accepts "G". An older stick, or a stick with the fault
"refuses", does not.
"""

from typing import Final

from telegraf_han.simulate import sticks

LEVEL: Final = 0xB4
"""-90 dBm."""
_T1: Final = 0x01
_MODES_WITH_T: Final = (0x01, 0x02, 0x0A, 0x0B)


class Twin(sticks.Twin):
    """See the module."""

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        self._configured = False
        self._mode_follows = False
        self._mode = 0x00 if fault in ("other-mode", "refuses", "old-firmware") else _T1
        self.listens = self._mode in _MODES_WITH_T
        memory = bytearray(b"\xff" * 256)
        memory[0x00:0x06] = bytes([0x0C, 0x05, 0x03, self._mode, 0x00, 0x01])
        memory[0x30], memory[0x36] = 0x05, 0x00
        self._memory: Final = bytes(memory)

    def command(self, octets: bytes) -> tuple[int, bytes]:
        """See sticks.Twin."""
        if not self._configured:
            self._configured = octets[0] == 0
            return (1, b">") if self._configured else (min(len(octets), 1 + octets[0]), b"")
        if self._mode_follows:
            self._mode_follows = False
            self._mode = octets[0]
            self.listens = self._mode in _MODES_WITH_T
            return 1, b">"
        match octets[:1]:
            case b"0":
                return 1, self._memory + b">"
            case b"X":
                self._configured = False
                return 1, b""
            case b"G" if self.fault not in ("refuses", "old-firmware"):
                self._mode_follows = True
                return 1, b">"
            case b"M":
                self.flash_writes += 1
        return 1, b""

    def hears(self, frame: bytes) -> bytes:
        """See sticks.Twin. A stick in its configuration hears nothing."""
        return b"" if self._configured else super().hears(frame)

    def message(self, frame: bytes) -> bytes:
        """See sticks.Twin."""
        return bytes([frame[0] + 1]) + frame[1:] + bytes([LEVEL])
