"""Says who may open a file or a device (by owner, group and mode), and which command gives the right.

Telegraf runs as a user of its own. So Telegraf often may not open a port or key file that you can open. This module computes what the
system would decide. It does not try to open anything.
"""

import os
import stat
from typing import Final

from telegraf_han.errors import reason

_GROUP: Final = stat.S_IRGRP | stat.S_IWGRP


def permission(path: str, name: str = "") -> str:
    """The end of a sentence: how a user (default: this user) gets the right to open a device. Usually the user must join its group."""
    import grp  # noqa: PLC0415, only an error needs it

    try:
        status = os.stat(path)
        group = grp.getgrgid(status.st_gid).gr_name
    except OSError:
        return ""
    except KeyError:
        return f". Add the user to the device's group, number {status.st_gid} (in a container: group_add)"
    if not stat.S_ISCHR(status.st_mode):
        return " (see chown and chmod)"
    if status.st_mode & _GROUP != _GROUP or group == "root":
        return f", and its group {group} gives no right. A udev rule must give it mode 660 and a group such as dialout"
    return f". Run: sudo usermod -aG {group} {name or user()}, then restart Telegraf"


def group_of(path: str) -> str:
    """The group that may open a device. "" if the group has no name or no right."""
    import grp  # noqa: PLC0415, only a person asks

    try:
        status = os.stat(path)
        return grp.getgrgid(status.st_gid).gr_name if status.st_mode & _GROUP == _GROUP else ""
    except (OSError, KeyError):
        return ""


def is_member(name: str, group: str) -> bool:
    """Whether a user is in a group or is root. True also if this machine does not know the user or the group."""
    import grp  # noqa: PLC0415, only a person asks
    import pwd  # noqa: PLC0415

    try:
        entry, owner = grp.getgrnam(group), pwd.getpwnam(name)
    except KeyError:
        return True
    return owner.pw_uid == 0 or owner.pw_gid == entry.gr_gid or name in entry.gr_mem


def may_open(name: str, path: str, rights: int) -> bool:
    """Whether a user has all these rights (`os.R_OK | os.W_OK`), by owner, group and mode of a file or device and its folders.

    True for a user that this machine does not know.
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
    """The user of this process: the name, or the number if there is no name."""
    import pwd  # noqa: PLC0415, only an error needs it

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def unreadable(error: OSError) -> str:
    """Why a file cannot be read, and which user tried."""
    if isinstance(error, PermissionError):
        return f"user {user()} may not read it (see chown and chmod 640)"
    return reason(error)
