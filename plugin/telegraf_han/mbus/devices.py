"""Gives the device type and the security mode of a telegram names for people.

EN 13757-7, 7.5.1 table 13 (device types) and 7.6 table 19 (modes); OMS Specification Volume 2, 2.3. Both can be read before any key is
used. So a person sees which devices are in range. The program decides nothing by these names. `naming` decides the meaning of a record.

[seen] 02, 04, 06, 07, 08, 16, 37 and modes 0, 5, 7 on air; the rest is the norm's table. [assumed] no maker uses a type for something
else. Some water meters are known to send 00.
"""

from typing import Final

from telegraf_han.mbus.layers import Sealed

ELECTRICITY: Final = 0x02

DEVICES: Final = {
    # device type: words
    0x00: "other",
    0x01: "oil",
    ELECTRICITY: "electricity",
    0x03: "gas",
    0x04: "heat",
    0x05: "steam",
    0x06: "warm water",
    0x07: "water",
    0x08: "heat allocator",
    0x09: "compressed air",
    0x0A: "cooling",
    0x0B: "cooling inlet",
    0x0C: "heat inlet",
    0x0D: "heat, cooling",
    0x0E: "bus, system",
    0x0F: "unknown",
    0x10: "irrigation",
    0x11: "water logger",
    0x12: "gas logger",
    0x13: "gas converter",
    0x14: "calorific value",
    0x15: "hot water",
    0x16: "cold water",
    0x17: "dual water",
    0x18: "pressure",
    0x19: "A/D converter",
    0x1A: "smoke detector",
    0x1B: "room sensor",
    0x1C: "gas detector",
    0x20: "breaker",
    0x21: "valve",
    0x25: "display",
    0x28: "waste water",
    0x29: "garbage",
    0x2A: "carbon dioxide",
    0x31: "gateway",
    0x32: "repeater",
    0x33: "repeater",
    0x36: "radio adapter",
    0x37: "radio adapter",
}
_LINK: Final = "link AES-CTR"
_MODES: Final = {
    # security mode: how the content is enciphered
    0: "none",
    2: "2 DES",
    3: "3 DES",
    4: "4 AES-CBC",
    5: "5 AES-CBC",
    7: "7 AES-CBC",
    8: "8 AES-CTR",
    9: "9 AES-GCM",
    10: "10 AES-CCM",
    13: "13 TLS",
}


def device(number: int) -> str:
    """The kind of device, in at most 15 characters."""
    return DEVICES.get(number, f"type {number:02X}")


def security(sealed: Sealed) -> str:
    """How a telegram is secured, in at most 12 characters. "?" if that is not known."""
    if sealed.extended is not None and sealed.extended.encryption:
        return _LINK
    if sealed.header is None:
        return "?"
    return _MODES.get(sealed.header.mode, str(sealed.header.mode))
