"""Says what a file is, who may open it (by owner, group and mode), and which command gives the right.

Telegraf runs as a user of its own. So Telegraf often may not open a port or key file that you can open. This module computes what the
system would decide. It does not try to open anything.
"""

import os
import stat
from typing import Final

from telegraf_han.errors import reason
from telegraf_han.language import _, marked

TELEGRAF: Final = "telegraf"
"""The user that Telegraf's packages create."""
_GROUP: Final = stat.S_IRGRP | stat.S_IWGRP
_NO_FILE: Final = marked("no file")
_KINDS: Final = {
    stat.S_IFREG: marked("a file"),
    stat.S_IFDIR: marked("a directory"),
    stat.S_IFIFO: marked("a named pipe"),
    stat.S_IFSOCK: marked("a socket"),
    stat.S_IFCHR: marked("a device"),
    stat.S_IFBLK: marked("a disk"),
}


def refused(path: str, name: str, advised: str = "") -> str:
    """A user may not open a device, and how the user `advised` (default: this user) gets the right."""
    return _("{path} may not be opened by user {user}", path=path, user=name) + permission(path, advised)


def permission(path: str, name: str = "") -> str:
    """The end of a sentence: how a user (default: this user) gets the right to open a device. Usually the user must join its group."""
    import grp  # noqa: PLC0415, only an error needs it

    try:
        status = os.stat(path)
        group = grp.getgrgid(status.st_gid).gr_name
    except OSError:
        return ""
    except KeyError:
        return ". " + _("Add the user to the device's group, number {number} (in a container: group_add)", number=status.st_gid)
    if not stat.S_ISCHR(status.st_mode):
        return " " + _("(see chown and chmod)")
    if status.st_mode & _GROUP != _GROUP or group == "root":
        return ", " + _("and its group {group} gives no right. A udev rule must give it mode 660 and a group such as dialout", group=group)
    command = f"sudo usermod -aG {group} {name or user()}"
    return ". " + _("Run: {command}, then restart Telegraf", command=command)


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


def private(path: str, name: str = "", shown: str = "") -> str:
    """The advice on the rights of every file with a key: it belongs to the user that runs Telegraf, and nobody else may read it.

    The default of `name` is this user. For root it is the file's owner, or Telegraf's user if the file belongs to root. `shown` is the path
    if the path may not be shown.
    """
    plain = all(character.isalnum() or character in "/._-+@" for character in path)
    owner, quoted = name or _keeper(path), shown or (path if plain else "'{}'".format(path.replace("'", "'\"'\"'")))
    command = f"sudo chown {owner} {quoted} && sudo chmod 600 {quoted}"
    return _("Run: {command}", command=command)


def unreadable(path: str, error: OSError, shown: str = "") -> str:
    """Why a file with keys cannot be read, which user tried, and what to do. `shown` is the path if the path may not be shown."""
    if not isinstance(error, PermissionError):
        return reason(error)
    owner = _owner(path)
    if not owner or owner in ("root", user()):
        return _("user {user} may not read it. {run}", user=user(), run=private(path, user(), shown))
    return _(
        "user {user} may not read it, because it belongs to user {owner}. Put `sudo -u {owner}` before the command, "
        "or give the file to {user}. {run}",
        user=user(),
        owner=owner,
        run=private(path, user(), shown),
    )


def what(mode: int) -> str:
    """What a file of this mode is, in words."""
    return _(_KINDS.get(stat.S_IFMT(mode), _NO_FILE))


def exists(name: str) -> bool:
    """Whether this machine knows a user."""
    import pwd  # noqa: PLC0415, only a person asks

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _keeper(path: str) -> str:
    """The user that a file with a key should belong to."""
    if os.geteuid():
        return user()
    owner = _owner(path) or "root"
    return TELEGRAF if owner == "root" and exists(TELEGRAF) else owner


def _owner(path: str) -> str:
    """The user that a file belongs to. "" if nobody knows."""
    import pwd  # noqa: PLC0415, only an error needs it

    try:
        return pwd.getpwuid(os.stat(path).st_uid).pw_name
    except (OSError, KeyError):
        return ""
