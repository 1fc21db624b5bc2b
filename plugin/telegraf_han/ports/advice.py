"""An error of a port into a sentence that tells what to do.

People plug in a cable once in ten years, and "Errno 13" does not help them then. The table has one row per error number. A user who may
not open a device is told the command that gives him the right.
"""

import errno
from typing import Final

from telegraf_han.errors import PortInUseError, SourceError, reason
from telegraf_han.ports import rights

_IN_USE: Final = (errno.EBUSY, errno.EAGAIN)
_ADVICE: Final[dict[object, str]] = {
    errno.ENOENT: "is not there: is it plugged in? What is, shows `telegraf-han ports`",
    errno.ENODEV: "is not there: is it plugged in? What is, shows `telegraf-han ports`",
    errno.ENXIO: "is not there: is it plugged in? What is, shows `telegraf-han ports`",
    errno.EIO: "does not answer: unplug it and plug it in again",
    errno.EBUSY: "is in use by another program, `telegraf-han check` says by which",
    errno.EAGAIN: "is in use by another program, `telegraf-han check` says by which",
    errno.ENOTTY: "is no serial port",
    errno.EINVAL: "does not take these line settings",
    errno.ECONNREFUSED: "refuses the connection: is its server on and free of other clients?",
    errno.EHOSTUNREACH: "cannot be reached: is it on and in this network?",
    errno.ENETUNREACH: "cannot be reached: is it on and in this network?",
    errno.ETIMEDOUT: "does not answer: is it on and in this network?",
}


def source_error(port: str, error: Exception) -> SourceError:
    """The SourceError of a port that cannot be opened. pyserial hides the system's error behind one of its own."""
    hidden = error.__context__ if getattr(error, "errno", None) is None else None
    # termios raises an error of its own with the system's number, which is no OSError.
    cause = hidden if isinstance(hidden, Exception) and isinstance(next(iter(hidden.args), None), int) else error
    if "://" in port and _names_nobody(cause):
        return SourceError(f"{port} names a host that is not known: check the name, or write its address")
    if isinstance(cause, PermissionError) or getattr(cause, "errno", None) == errno.EACCES:
        return SourceError(f"{port} may not be opened by user {rights.user()}{rights.permission(port)}")
    number = errno.ETIMEDOUT if isinstance(cause, TimeoutError) else next(iter(cause.args), None)
    kind = PortInUseError if number in _IN_USE else SourceError
    return kind(f"{port} {_ADVICE.get(number, f'cannot be opened: {reason(cause)}')}")


def _names_nobody(error: BaseException) -> bool:
    """Whether the name servers know no such host."""
    import socket  # noqa: PLC0415, not for a serial port's error

    return isinstance(error, socket.gaierror)
