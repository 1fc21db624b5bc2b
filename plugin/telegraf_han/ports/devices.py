"""Looks up devices of this machine: their kinds, their stable names, the processes that have a device open, dongles on USB.

A serial device has its own name and a stable name from udev. The processes that have a device open are found in the descriptors of all
processes. Only root sees the descriptors of other users, and those of a process that keeps its keys out of core files. But everybody sees
who holds a lock, and this program always locks its port. A dongle for rtl_433 is not a serial device. It is found by its USB id and opened
under `/dev/bus/usb`.

Only `is_locked` opens a device, and only one that another process has open, so that nothing is reset by the opening.
"""

import os
import stat
from typing import Final, NamedTuple

from telegraf_han.errors import reason
from telegraf_han.language import _
from telegraf_han.printing import visible

STABLE_NAMES: Final = "/dev/serial/by-id"
"""The folder in which udev keeps a name for each device. This name does not change with the order of plugging in."""
_CHANGING: Final = ("/dev/ttyUSB", "/dev/ttyACM")
_PROCESSES: Final = "/proc"
_LOCKS: Final = "/proc/locks"
_KINDS: Final = "/sys/dev/char"
_TERMINALS: Final = "tty"
_CONSOLES: Final = 4
"""Major number of screens and keyboards of the machine itself (minor 0 to 63), and of serial ports of the board."""
_FIRST_SERIAL: Final = 64
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


def no_port(path: str) -> str:
    """What a device is that is no serial port, in words. "" for a serial port, for no device, and if this system does not say it."""
    try:
        status = os.stat(path)
        if not stat.S_ISCHR(status.st_mode):
            return ""
        major, minor = os.major(status.st_rdev), os.minor(status.st_rdev)
        kind = os.path.basename(os.readlink(os.path.join(_KINDS, f"{major}:{minor}", "subsystem")))
    except OSError:
        return ""
    if kind != _TERMINALS:
        return _("a device of the kind {kind}", kind=kind)
    return _("the screen and keyboard of this machine") if major == _CONSOLES and minor < _FIRST_SERIAL else ""


def users_of(port: str) -> list[str]:
    """The processes that have a device open, as far as this user may see them. Only root sees all those of other users."""
    device = os.path.realpath(port)
    found = []
    for process in filter(str.isdecimal, listed(_PROCESSES)):
        folder = os.path.join(_PROCESSES, process, "fd")
        if any(_target(os.path.join(folder, descriptor)) == device for descriptor in listed(folder)):
            found.append(process)
    found += [process for process in _lockers(device) if process not in found]
    return [_("process {number} ({name})", number=process, name=_process_name(process)) for process in found]


def is_locked(port: str) -> bool:
    """Whether a process holds the lock that serial programs ask for. True if this user cannot find out."""
    import fcntl  # noqa: PLC0415, only a person asks

    try:
        descriptor = os.open(port, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lockers(device: str) -> list[str]:
    """The processes that hold a lock on a device. Every user may see them."""
    try:
        status = os.stat(device)
        with open(_LOCKS, encoding="ascii", errors="replace") as file:
            rows = [row.split() for row in file]
    except OSError:
        return []
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    return [row[4] for row in rows if place in row[5:6] and row[4].isdecimal()]


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
