"""Simulates receivers: they pass on telegrams as a stick does, and answer questions and settings.

Each module of this folder is the twin of a stick. A twin shares no code with the receiver that reads it. So a mistake in one does not hide
in the other. Both must agree with the makers' manuals and with logged frames, and the tests check this byte by byte. A twin hears telegrams
only while it is set to a mode in which they are sent. It counts the writes to flash that a real stick would make, because flash has a
limited number of writes. `FAULTS` are faults that sticks have in the field. May import what `simulate` may.
"""

from importlib import import_module
from typing import Final

KINDS: Final = ("amb8465", "cul", "im871a", "iu891a", "rc1180")
FAULTS: Final = ("garbage", "old-firmware", "other-mode", "truncated", "refuses", "hangs")
_GARBAGE: Final = bytes.fromhex("0044a5e203ff0a7ac0db00c03eb1260d0a5544ff8a79")
"""The rest of a telegram, if a port is opened in its middle. It contains the first byte of every stick's messages."""


class Twin:
    """One virtual stick. `command` and `message` are as its maker defines them. The rest is common to all sticks."""

    def __init__(self, fault: str = "") -> None:
        """`fault` is one of `FAULTS` or ""."""
        self.fault: Final = fault
        self.flash_writes = 0
        self.listens = fault not in {"other-mode", "refuses"}
        """Whether the stick is in a mode in which it hears telegrams."""
        self._input = b""
        self._hangs = False

    def opened(self) -> bytes:
        """The bytes that are in the port when somebody opens it. A stick that hangs wakes up then."""
        self._input, self._hangs = b"", False
        return _GARBAGE if self.fault == "garbage" else b""

    def told(self, data: bytes) -> bytes:
        """The answers to what was written to the port."""
        if self._hangs:
            return b""
        self._input += data
        answers = b""
        while self._input:
            size, answer = self.command(self._input)
            if not size:
                break
            self._input = self._input[size:]
            answers += answer
        return answers

    def hears(self, frame: bytes) -> bytes:
        """The bytes that leave the port when a telegram (L C M A …, no link CRCs) is on the air."""
        if self._hangs or not self.listens:
            return b""
        message = self.message(frame)
        self._hangs = self.fault == "hangs"
        if self.fault == "truncated":
            message = self.cut_short(message)
        return message

    def cut_short(self, message: bytes) -> bytes:
        """A message whose second half was lost."""
        return message[: len(message) // 2]

    def command(self, octets: bytes) -> tuple[int, bytes]:
        """The number of bytes of the first command, and its answer. The number is 0 if the command is not whole yet."""
        raise NotImplementedError

    def message(self, frame: bytes) -> bytes:
        """A telegram as this stick hands it on."""
        raise NotImplementedError


def twin(kind: str, fault: str = "") -> Twin:
    """The virtual stick of a receiver's `type`."""
    made: Twin = import_module(f"{__name__}.{kind}").Twin(fault)
    return made
