"""The system's errors into sentences that tell what to do.

A user of this program mounts a cable once a decade; "Errno 13" is no help then. One row an error number; who may not open a
device is told the one command that lets him.
"""

import errno
import os
import stat
from typing import Final

from telegraf_han.errors import PortInUseError, SourceError

_GROUP: Final = stat.S_IRGRP | stat.S_IWGRP
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
        return SourceError(f"{port} may not be opened by user {user()}{permission(port)}")
    number = errno.ETIMEDOUT if isinstance(cause, TimeoutError) else next(iter(cause.args), None)
    kind = PortInUseError if number in _IN_USE else SourceError
    return kind(f"{port} {_ADVICE.get(number, f'cannot be opened: {words(cause)}')}")


def _names_nobody(error: BaseException) -> bool:
    """Whether the name servers know no such host."""
    import socket  # noqa: PLC0415, not for a serial port's error

    return isinstance(error, socket.gaierror)


def permission(path: str, name: str = "") -> str:
    """The end of a sentence that says how a user (default: this one) gets the right to a device: mostly as a member of its group."""
    import grp  # noqa: PLC0415, only an error needs it

    try:
        status = os.stat(path)
        group = grp.getgrgid(status.st_gid).gr_name
    except OSError:
        return ""
    except KeyError:
        return f": give it the device's group, number {status.st_gid} (in a container: group_add)"
    if not stat.S_ISCHR(status.st_mode):
        return ", see chown and chmod"
    if status.st_mode & _GROUP != _GROUP or group == "root":
        return f", nor by group {group}: a udev rule has to give it mode 660 and a group, such as dialout"
    return f": sudo usermod -aG {group} {name or user()}, then restart Telegraf"


def group_of(path: str) -> str:
    """The group that may open a device; "" where it has no name or no right."""
    import grp  # noqa: PLC0415, only a person asks

    try:
        status = os.stat(path)
        return grp.getgrgid(status.st_gid).gr_name if status.st_mode & _GROUP == _GROUP else ""
    except (OSError, KeyError):
        return ""


def is_member(name: str, group: str) -> bool:
    """Whether a user is in a group, or is root, or is none at all."""
    import grp  # noqa: PLC0415, only a person asks
    import pwd  # noqa: PLC0415

    try:
        entry, owner = grp.getgrnam(group), pwd.getpwnam(name)
    except KeyError:
        return True
    return owner.pw_uid == 0 or owner.pw_gid == entry.gr_gid or name in entry.gr_mem


def may_open(name: str, path: str, rights: int) -> bool:
    """Whether a user has all these rights (`os.R_OK | os.W_OK`), by owner, group and mode of a file or device and its folders.

    True for a user that is not here.
    """
    import pwd  # noqa: PLC0415, only a person asks

    try:
        owner = pwd.getpwnam(name)
        groups = os.getgrouplist(name, owner.pw_gid)
    except KeyError:
        return True

    def allowed(place: str, bits: int) -> bool:
        status = os.stat(place)
        shift = 6 if status.st_uid == owner.pw_uid else 3 if status.st_gid in groups else 0
        return status.st_mode >> shift & bits == bits

    folder = os.path.dirname(os.path.abspath(path))
    try:
        if owner.pw_uid == 0:
            return True
        while folder != os.path.dirname(folder):
            if not allowed(folder, os.X_OK):
                return False
            folder = os.path.dirname(folder)
        return allowed(path, rights)
    except OSError:
        return False


def user() -> str:
    """Who this process is, by name where it has one."""
    import pwd  # noqa: PLC0415, only an error needs it

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def words(error: Exception) -> str:
    """The system's words for an error."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return said[:1].lower() + said[1:]
