"""Simulates a nanoCUL with culfw. It prints lines. A telegram is "b", the hex of format A with its CRCs, after X21 also LQI and RSSI.

culfw's command reference. The line buffer is long enough for every telegram, except with the fault "truncated". Then the buffer has its
usual length, which cuts at 148 characters' worth of bytes. An older firmware was built without wireless M-Bus.
"""

from typing import Final

from telegraf_han.simulate import encode, sticks

LEVEL: Final = 0x0A
"""-69 dBm."""
_LINK_QUALITY: Final = b"6A"
_LONGEST_LINE: Final = 2 * 148


class Twin(sticks.Twin):
    """See the module."""

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        self.listens = False
        self._reports = False

    def command(self, octets: bytes) -> tuple[int, bytes]:
        """See sticks.Twin."""
        end = octets.find(b"\n")
        if end < 0:
            return 0, b""
        return end + 1, self._answer(octets[:end].strip())

    def _answer(self, line: bytes) -> bytes:
        knows = self.fault != "old-firmware"
        match line:
            case b"":
                return b""
            case b"V":
                return b"V 1.67 nanoCUL868\r\n"
            case b"brt" if knows:
                self.listens = self.fault != "refuses"
                return b"TMODE\r\n" if self.listens else b"OFF\r\n"
            case b"X21" | b"X01":
                self._reports = line == b"X21"
                return b""
        return b"? (" + line + b" is unknown) Use one of A B C e F G h i K k l M O R T t U V W X x Z\r\n"

    def message(self, frame: bytes) -> bytes:
        """See sticks.Twin."""
        levels = (_LINK_QUALITY + b"%02X" % LEVEL) if self._reports else b""
        return b"b" + encode.format_a(frame).hex().upper().encode() + levels + b"\r\n"

    def cut_short(self, message: bytes) -> bytes:
        """See sticks.Twin."""
        return message.strip()[:_LONGEST_LINE] + b"\r\n"
