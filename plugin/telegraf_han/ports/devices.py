"""Looks up devices of this machine: their stable names, the processes that have a device open, dongles on USB. Opens nothing.

A serial device has its own name and a stable name from udev. The processes that have a device open are found in the descriptors of all
processes. Only root sees the descriptors of other users. A dongle for rtl_433 is not a serial device. It is found by its USB id and opened
under `/dev/bus/usb`.
"""

import os
from typing import Final, NamedTuple

from telegraf_han.errors import reason
from telegraf_han.printing import visible

STABLE_NAMES: Final = "/dev/serial/by-id"
"""The folder in which udev keeps a name for each device. This name does not change with the order of plugging in."""
_CHANGING: Final = ("/dev/ttyUSB", "/dev/ttyACM")
_PROCESSES: Final = "/proc"
_USB: Final = "/sys/bus/usb/devices"
_NODES: Final = "/dev/bus/usb"
DONGLES: Final = frozenset({(0x0BDA, 0x2832), (0x0BDA, 0x2838)})
"""USB ids of radios with an RTL2832U."""


class Dongle(NamedTuple):
    """A radio on USB."""

    words: str
    """Its maker and product, as the dongle names them, and its USB id."""
    node: str
    """The device file that a program opens."""


def stable_name(port: str) -> str:
    """The name that udev keeps for a device whose own name depends on the order of plugging in. "" if there is none."""
    if not port.startswith(_CHANGING) or not os.path.isdir(STABLE_NAMES):
        return ""
    names = [os.path.join(STABLE_NAMES, name) for name in sorted(os.listdir(STABLE_NAMES))]
    return next((name for name in names if os.path.realpath(name) == os.path.realpath(port)), "")


def users_of(port: str) -> list[str]:
    """The processes that have a device open, as far as this user may see them. Only root sees those of other users."""
    device = os.path.realpath(port)
    found = []
    for process in filter(str.isdecimal, listed(_PROCESSES)):
        folder = os.path.join(_PROCESSES, process, "fd")
        if any(_target(os.path.join(folder, descriptor)) == device for descriptor in listed(folder)):
            found.append(f"process {process} ({_process_name(process)})")
    return found


def listed(folder: str) -> list[str]:
    """Names in a folder. None if the folder cannot be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def _process_name(process: str) -> str:
    try:
        with open(os.path.join(_PROCESSES, process, "comm"), encoding="utf-8", errors="replace") as file:
            name = file.read().strip()
    except OSError as error:
        return reason(error)
    return visible(name)


def dongles() -> list[Dongle]:
    """The RTL-SDR dongles on USB."""
    found = []
    for name in sorted(listed(_USB)):
        folder = os.path.join(_USB, name)
        try:
            ids = int(_line(folder, "idVendor"), 16), int(_line(folder, "idProduct"), 16)
            node = os.path.join(_NODES, f"{int(_line(folder, 'busnum')):03}", f"{int(_line(folder, 'devnum')):03}")
        except ValueError:
            continue
        if ids in DONGLES:
            words = f"{_line(folder, 'manufacturer')} {_line(folder, 'product')} (USB {ids[0]:04x}:{ids[1]:04x})".strip()
            found.append(Dongle(words, node))
    return found


def _line(folder: str, name: str) -> str:
    """A property of a USB device. "" if there is none."""
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            return file.read(256).strip()
    except OSError:
        return ""
