"""Gives the device type and the security mode of a telegram names for people.

EN 13757-7, 7.5.1 table 13 (device types) and 7.6 table 19 (modes); OMS Specification Volume 2, 2.3. Both can be read before any key is
used. So a person sees which devices are in range. The program decides nothing by these names. `naming` decides the meaning of a record.

[seen] 02, 04, 06, 07, 08, 16, 37 and modes 0, 5, 7 on air; the rest is the norm's table. [assumed] no maker uses a type for something
else. Some water meters are known to send 00.
"""

from typing import Final

from telegraf_han.language import _, marked
from telegraf_han.mbus.layers import Sealed

ELECTRICITY: Final = 0x02

DEVICES: Final = {
    # device type: words
    0x00: marked("other"),
    0x01: marked("oil"),
    ELECTRICITY: marked("electricity"),
    0x03: marked("gas"),
    0x04: marked("heat"),
    0x05: marked("steam"),
    0x06: marked("warm water"),
    0x07: marked("water"),
    0x08: marked("heat allocator"),
    0x09: marked("compressed air"),
    0x0A: marked("cooling"),
    0x0B: marked("cooling inlet"),
    0x0C: marked("heat inlet"),
    0x0D: marked("heat, cooling"),
    0x0E: marked("bus, system"),
    0x0F: marked("unknown"),
    0x10: marked("irrigation"),
    0x11: marked("water logger"),
    0x12: marked("gas logger"),
    0x13: marked("gas converter"),
    0x14: marked("calorific value"),
    0x15: marked("hot water"),
    0x16: marked("cold water"),
    0x17: marked("dual water"),
    0x18: marked("pressure"),
    0x19: marked("A/D converter"),
    0x1A: marked("smoke detector"),
    0x1B: marked("room sensor"),
    0x1C: marked("gas detector"),
    0x20: marked("breaker"),
    0x21: marked("valve"),
    0x25: marked("display"),
    0x28: marked("waste water"),
    0x29: marked("garbage"),
    0x2A: marked("carbon dioxide"),
    0x31: marked("gateway"),
    0x32: marked("repeater"),
    0x33: marked("repeater"),
    0x36: marked("radio adapter"),
    0x37: marked("radio adapter"),
}
_LINK: Final = "link AES-CTR"
_MODES: Final = {
    # security mode: how the content is enciphered
    0: marked("none"),
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
    name = DEVICES.get(number)
    return _(name) if name else _("type {number:02X}", number=number)


def security(sealed: Sealed) -> str:
    """How a telegram is secured, in at most 12 characters. "?" if that is not known."""
    if sealed.extended is not None and sealed.extended.encryption:
        return _LINK
    if sealed.header is None:
        return "?"
    return _MODES.get(sealed.header.mode, str(sealed.header.mode))
