"""Turns an error of a port, or the last words of a program, into a sentence that tells the user what to do.

People plug in a cable once in ten years, and "Errno 13" does not help them then. One table has one row per error number. If the user may
not open a device, the sentence contains the command that gives the right. The other table has one row per sentence with which rtl_433 or
rtl_sdr gives up (rtl_433 22.11 and 25.12, librtlsdr 0.6 and 2.0).
"""

import errno
from collections.abc import Iterable
from typing import Final

from telegraf_han.errors import PortInUseError, SourceError, reason
from telegraf_han.language import _, marked
from telegraf_han.ports import rights

_IN_USE: Final = (errno.EBUSY, errno.EAGAIN)
_ADVICE: Final[dict[object, str]] = {
    errno.ENOENT: marked("{port} is not there. Is it plugged in? `telegraf-han ports` lists what is"),
    errno.ENODEV: marked("{port} is not there. Is it plugged in? `telegraf-han ports` lists what is"),
    errno.ENXIO: marked("{port} is not there. Is it plugged in? `telegraf-han ports` lists what is"),
    errno.EIO: marked("{port} does not answer. Unplug it and plug it in again"),
    errno.EBUSY: marked("{port} is in use by another program: `telegraf-han check` names it"),
    errno.EAGAIN: marked("{port} is in use by another program: `telegraf-han check` names it"),
    errno.ENOTTY: marked("{port} is not a serial port"),
    errno.EINVAL: marked("{port} does not accept these line settings"),
    errno.ECONNREFUSED: marked("{port} refuses the connection. Check that its server is on and that no other client uses it"),
    errno.EHOSTUNREACH: marked("{port} cannot be reached. Check that it is on and in this network"),
    errno.ENETUNREACH: marked("{port} cannot be reached. Check that it is on and in this network"),
    errno.ETIMEDOUT: marked("{port} does not answer. Check that it is on and in this network"),
}

_DONGLE: Final = {
    "No supported devices found": marked("It finds no RTL-SDR dongle. Plug it in. A container also needs the folder /dev/bus/usb"),
    "Please fix the device permissions": marked("It may not open the dongle. `telegraf-han check` says which right is missing"),
    "usb_claim_interface error": marked(
        "Another program or the kernel's driver for TV (dvb_usb_rtl28xxu) has the dongle. End that program, or run "
        "`sudo modprobe -r dvb_usb_rtl28xxu`"
    ),
}
"""What the programs say → what it means, and what to do."""


def source_error(port: str, error: Exception) -> SourceError:
    """Make the SourceError of a port that cannot be opened. pyserial hides the system's error behind an error of its own."""
    hidden = error.__context__ if getattr(error, "errno", None) is None else None
    # termios raises an error of its own. It has the system's number, but it is no OSError.
    cause = hidden if isinstance(hidden, Exception) and isinstance(next(iter(hidden.args), None), int) else error
    if "://" in port and _names_nobody(cause):
        return SourceError(_("{port} names an unknown host. Check the name, or write the address of the host", port=port))
    if isinstance(cause, PermissionError) or getattr(cause, "errno", None) == errno.EACCES:
        return SourceError(rights.refused(port, rights.user()))
    number = errno.ETIMEDOUT if isinstance(cause, TimeoutError) else next(iter(cause.args), None)
    if number in _IN_USE and (programs := _users_of(port)):
        return PortInUseError(
            _("{port} is in use by another program: {programs}. A port has one reader, so end one of the two", port=port, programs=programs)
        )
    kind = PortInUseError if number in _IN_USE else SourceError
    advice = _ADVICE.get(number)
    return kind(_(advice, port=port) if advice else _("{port} cannot be opened: {why}", port=port, why=reason(cause)))


def _users_of(port: str) -> str:
    """The processes that have a device, as far as this user may see them."""
    from telegraf_han.ports import devices  # noqa: PLC0415, most ports are free

    return ", ".join(devices.users_of(port))


def of_dongle(last_words: Iterable[str]) -> str:
    """What to do about a program that gave up its dongle, by its last lines. "" if they are about something else."""
    said = "\n".join(last_words)
    return next((_(advice) for sentence, advice in _DONGLE.items() if sentence in said), "")


def _names_nobody(error: BaseException) -> bool:
    """Whether no name server knows the host."""
    import socket  # noqa: PLC0415, not for a serial port's error

    return isinstance(error, socket.gaierror)
