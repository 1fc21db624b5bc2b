"""Turns the bytes of a keyboard into names of keys. A letter is its own name, and other keys have words.

The codes are those of ECMA-48 and xterm. A key that is no character comes as ESC, then a bracket or O, then numbers, then a letter. A slow
line may cut such a sequence anywhere, so an unfinished sequence is kept. An unknown sequence is dropped as a whole, so that its letters
do nothing by accident.
"""

import re
from typing import Final

_SEQUENCE: Final = re.compile(rb"\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z]|(?=\x1b))|[^\x1b]")
_UNFINISHED_LIMIT: Final = 16
"""No key has a longer sequence. A longer sequence is no key."""
_NAMES: Final = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1bOC": "right",
    b"\x1bOD": "left",
    b"\x1b[5~": "page up",
    b"\x1b[6~": "page down",
    b"\x1b[H": "home",
    b"\x1b[1~": "home",
    b"\x1b[F": "end",
    b"\x1b[4~": "end",
    b"\x1b[Z": "left",
    b"\t": "right",
    b"\r": "enter",
    b"\n": "enter",
    b"\x7f": "back",
    b"\x08": "back",
    b"\x03": "q",
    b"\x04": "q",
    b"\x0c": "redraw",
}


class Keys:
    """Keeps the bytes that are not yet a whole key."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        """Nothing pressed yet."""
        self._left = b""

    def feed(self, data: bytes) -> list[str]:
        """The keys that these bytes complete."""
        data = self._left + data
        end = 0
        pressed = []
        while found := _SEQUENCE.match(data, end):
            end = found.end()
            pressed.append(_name(found.group()))
        self._left = data[end:] if len(data) - end <= _UNFINISHED_LIMIT else b""
        return [key for key in pressed if key]


def _name(sequence: bytes) -> str:
    """The name of a key, or "" if the key has none."""
    if sequence in _NAMES:
        return _NAMES[sequence]
    return sequence.decode("latin-1").lower() if len(sequence) == 1 and 0x20 <= sequence[0] < 0x7F else ""  # noqa: PLR2004, ASCII
