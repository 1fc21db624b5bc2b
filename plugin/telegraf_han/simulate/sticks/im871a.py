"""Simulates an iM871A-USB. Messages are HCI (A5, control, id, length, payload). A telegram has a time stamp if set, RSSI if set, and a CRC.

WMBus HCI Specification V1.6. Firmware 1.4 hears C1 and T1 at once. The older 1.3 refuses that mode. [assumed] that a set-up is answered
by one byte of status.
"""

from typing import Final

from telegraf_han.ciphers import crc
from telegraf_han.simulate import sticks

LEVEL: Final = 105
"""-70 dBm."""
_TIME_STAMP: Final = b"\x10\x20\x30\x40"
_MODES: Final = {3: "T1", 4: "T2", 10: "C1 and T1"}
_HEAD: Final = 4
_STORE, _FLAGS_1, _MODE, _FLAGS_2, _RSSI, _STAMP = range(6)


class Twin(sticks.Twin):
    """See the module."""

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        self._firmware = 0x13 if fault == "old-firmware" else 0x14
        self._rssi = False
        self._stamp = True

    def command(self, octets: bytes) -> tuple[int, bytes]:
        """See sticks.Twin."""
        if octets[0] != 0xA5:  # noqa: PLR2004, the start of a frame
            return 1, b""
        if len(octets) < _HEAD or len(octets) < _HEAD + octets[3]:
            return 0, b""
        size, payload = _HEAD + octets[3], octets[_HEAD : _HEAD + octets[3]]
        match octets[1:3]:
            case b"\x01\x01":
                return size, b"\xa5\x01\x02\x00"
            case b"\x01\x0f":
                return size, b"\xa5\x01\x10\x08\x33\x00" + bytes([self._firmware]) + b"\x16\x78\x56\x34\x12"
            case b"\x01\x03":
                return size, b"\xa5\x01\x04\x01" + bytes([self._set(payload)])
        return size, b""

    def _set(self, payload: bytes) -> int:
        """Take a configuration with link mode, RSSI and time stamp, and return the status."""
        self.flash_writes += payload[_STORE]
        wanted = payload[_MODE]
        both_asked_of_old = wanted == 10 and self.fault == "old-firmware"  # noqa: PLR2004, both modes
        if self.fault == "refuses" or both_asked_of_old or payload[_FLAGS_1] != 0x02 or payload[_FLAGS_2] != 0x30:  # noqa: PLR2004
            return 1
        self.listens = wanted in _MODES
        self._rssi, self._stamp = bool(payload[_RSSI]), bool(payload[_STAMP])
        return 0

    def message(self, frame: bytes) -> bytes:
        """See sticks.Twin."""
        control = 0x82 | 0x40 * self._rssi | 0x20 * self._stamp
        octets = bytes([control, 0x03]) + frame + _TIME_STAMP * self._stamp + bytes([LEVEL]) * self._rssi
        return b"\xa5" + octets + crc.x25(octets).to_bytes(2, "little")
