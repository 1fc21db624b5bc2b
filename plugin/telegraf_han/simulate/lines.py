"""Turns a wireless frame into the lines that programs print for it. The receivers with the same names read these lines.

rtl_wmbus (`rtl_wmbus -v`) runs two decoders, so each telegram comes twice. The two lines are some microseconds apart and have different
levels, which have no unit. rtl_433 (`-F json`) prints an object with the frame in `data`. Times are the local times of the programs, here
UTC.
"""

import json
import time
from typing import Final

from telegraf_han.mbus import link

_LEVELS: Final = "46;47"


def hex_line(octets: bytes) -> bytes:
    """Upper-case digits."""
    return octets.hex().upper().encode("ascii") + b"\n"


def rtl_wmbus(frame: bytes, second: int) -> bytes:
    """Two lines, one per decoder."""
    said = f"T1;1;1;{_time(second)}.{{}};{_LEVELS};{link.address(frame[2:10]).id};0x{frame.hex()}\n"
    return b"".join((decoder + said.format(micros)).encode("ascii") for decoder, micros in (("rla;", 815544), ("t2a;", 815561)))


def rtl_433(frame: bytes, second: int) -> bytes:
    """One JSON object."""
    meter = link.address(frame[2:10])
    said = {"time": _time(second), "model": "Wireless-MBus", "mode": "T", "M": meter.manufacturer, "id": int(meter.id)}
    said |= {"version": meter.version, "type": meter.device, "type_string": "Electricity", "C": frame[1]}
    said |= {"data": frame.hex(), "data_length": len(frame), "mic": "CRC"}
    return (json.dumps(said, separators=(", ", " : ")) + "\n").encode("ascii")


def _time(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(second))
