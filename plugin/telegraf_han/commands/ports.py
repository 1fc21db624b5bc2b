"""`ports`: lists the devices that are plugged in: their stable names, their probable kinds, and whether this user may open them.

pyserial lists serial devices with what their USB reports. A dongle for rtl_433 is not a serial device, so USB is searched too. A chip says
little about the device behind it. P1 cables and sticks share the same few chips, and only the product's own name tells them apart. So the
list only says "probably". Nothing is opened, because opening a stick or a board may reset it.

[seen] in manuals and rules of other programs: the USB ids below. [assumed]: which devices are more likely behind a chip.
"""

import os
import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Final, NamedTuple

from telegraf_han.language import _, marked
from telegraf_han.ports import devices, rights
from telegraf_han.printing import say


class Kind(NamedTuple):
    """A row: USB ids, a word of the product's name, and the probable kind of such a device."""

    vendor: int
    products: frozenset[int]
    """Empty for any."""
    word: str
    """A word in the product's or maker's name, in small letters. "" for any."""
    what: str


_DEVICE: Final = marked("device")
_IS: Final = marked("is")
_PROBABLY: Final = marked("probably")
_IN_USE: Final = marked("in use")
_RIGHTS: Final = marked("rights")
_LABELS: Final = (_DEVICE, _IS, _PROBABLY, _IN_USE, _RIGHTS)
"""What stands before the lines of a device."""
_FTDI: Final = 0x0403
_SILABS: Final = 0x10C4
KINDS: Final = (
    Kind(_FTDI, frozenset(), "p1", marked("a P1 cable")),
    Kind(_FTDI, frozenset(), "smart", marked("a P1 cable")),
    Kind(_FTDI, frozenset(), "amber", marked('receiver, type = "amb8465"')),
    Kind(_FTDI, frozenset(), "wireless m-bus", marked('receiver, type = "amb8465"')),
    Kind(_FTDI, frozenset(), "radiocrafts", marked('receiver, type = "rc1180"')),
    Kind(_FTDI, frozenset(), "cul", marked('receiver, type = "cul"')),
    Kind(_FTDI, frozenset({0x6001, 0x6015}), "", marked("a P1 cable, or a receiver: amb8465, rc1180, cul")),
    Kind(_SILABS, frozenset(), "im871", marked('receiver, type = "im871a"')),
    Kind(_SILABS, frozenset({0x87ED}), "", marked('receiver, type = "im871a"')),
    Kind(_SILABS, frozenset(), "iu891", marked('receiver, type = "iu891a"')),
    Kind(_SILABS, frozenset(), "p1", marked("a P1 cable")),
    Kind(_SILABS, frozenset({0xEA60}), "", marked("a receiver: im871a, iu891a; or a P1 cable")),
    Kind(0x03EB, frozenset({0x204B}), "", marked('receiver, type = "cul"')),
    Kind(0x1A86, frozenset({0x7523, 0x5523, 0x55D4}), "", marked('a P1 cable, or a nanoCUL (type = "cul")')),
    Kind(0x067B, frozenset(), "", marked("a P1 cable")),
)
"""The first row that fits counts."""


_NOTHING: Final = marked(
    "No serial device was found. Plug in the P1 cable or the receiver and try again. `sudo dmesg | tail` shows what the system saw. "
    "In a virtual machine or a container you must pass the device in first."
)
WIDTH: Final = 80


class Port(NamedTuple):
    """A serial device as pyserial lists it."""

    device: str
    vendor: int | None
    product: int | None
    words: str
    """Maker and product, as the device names them."""


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    parser.add_argument("--user", metavar="NAME", help="print the command that lets this user open the device (default: you, and telegraf)")


def run(arguments: Namespace) -> int:
    """Print a section for each device. Returns 0, or 1 if there is none."""
    ports = listed()
    dongles = devices.dongles()
    for port in ports:
        say(*_told(port, arguments.user), "")
    for dongle in dongles:
        say(*_told_dongle(dongle, arguments.user), "")
    if ports or dongles:
        return 0
    say(*textwrap.wrap(_(_NOTHING), WIDTH, break_long_words=False, break_on_hyphens=False))
    return 1


def listed() -> list[Port]:
    """All serial devices with hardware behind them."""
    from serial.tools import list_ports  # noqa: PLC0415, only this command asks

    found = []
    for port in list_ports.comports():
        words = " ".join(word for word in (port.manufacturer, port.product) if word) or (port.description or "")
        found.append(Port(port.device, port.vid, port.pid, "" if words == "n/a" else words))
    return sorted(found)


def _told(port: Port, user: str | None) -> Iterator[str]:
    """The lines of one device."""
    stable = devices.stable_name(port.device)
    yield stable or port.device
    if stable:
        yield _labelled(_DEVICE, _("{device} (may be another device after you plug something in)", device=port.device))
    ids = "" if port.vendor is None or port.product is None else f"USB {port.vendor:04x}:{port.product:04x}"
    yield _labelled(_IS, " ".join(word for word in (port.words, f"({ids})" if ids else "") if word) or _("built in"))
    yield _labelled(_PROBABLY, probably(port))
    yield from _rights(port.device, user)
    yield from _users(port.device)


def _told_dongle(dongle: devices.Dongle, user: str | None) -> Iterator[str]:
    """The lines of one dongle."""
    yield dongle.words
    yield _labelled(_PROBABLY, _('a receiver, type = "rtl_433" or "rtl_wmbus"; it needs no port'))
    yield from _rights(dongle.node, user)
    yield from _users(dongle.node)


def _users(device: str) -> Iterator[str]:
    users = devices.users_of(device)
    if users:
        yield _labelled(_IN_USE, _("by {users}", users=", ".join(users)))


def _labelled(label: str, text: str) -> str:
    """A line of a device. The texts stand in one column, whatever the language of the labels is."""
    width = max(len(_(one)) for one in _LABELS)
    return f"  {_(label) if label else '':<{width}}  {text}"


def probably(port: Port) -> str:
    """The kind of a device, as far as its ids and names show it."""
    if port.vendor is None:
        return _("a serial port of the board itself, for a circuit on its pins")
    names = port.words.lower()
    for kind in KINDS:
        if kind.vendor == port.vendor and kind.word in names and (not kind.products or port.product in kind.products):
            return _(kind.what)
    return _("something else")


def _rights(device: str, user: str | None) -> Iterator[str]:
    """Whether this user may open the device, and the command that lets Telegraf's user open it."""
    may = os.access(device, os.R_OK | os.W_OK)
    yield _labelled(_RIGHTS, _("{user} may open it", user=rights.user()) if may else _("{user} may not open it", user=rights.user()))
    group = rights.group_of(device)
    if not group:
        return
    for name in [user] if user else [*([] if may else [rights.user()]), rights.TELEGRAF]:
        if not rights.is_member(name, group):
            then = _("then restart Telegraf") if name == rights.TELEGRAF else _("then log in again")
            yield _labelled("", f"sudo usermod -aG {group} {name}    {then}")
    if user and not rights.exists(user):
        yield _labelled("", _("this machine has no user {user}", user=user))
