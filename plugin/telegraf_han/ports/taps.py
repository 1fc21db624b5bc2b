"""The Unix socket of the tap: where it is, who may connect to it, and when an old one is replaced.

The plugin listens at this socket, and `watch` connects to it. The folder is RUNTIME_DIRECTORY, which systemd sets for a unit with
`RuntimeDirectory=`. Without it, the folder is /run/telegraf-han, which `telegraf-han.tmpfiles.conf` makes at each boot. The name of the
socket depends on the path of the configuration. So two plugins on one machine do not meet, and `watch` finds the socket of its own
configuration.

Only the user and the group of the plugin may connect (mode 660). The folder must belong to this user or to root, and nobody else may write
there. So nobody can put a link in the socket's place, and nobody can stand in for the plugin. A socket that nobody listens at is what a
killed plugin left. It is replaced. The lock on the folder makes the look and the replacement one step. Anything else at this place (a file,
a link, the socket of a plugin that runs) stays as it is.
"""

import os
import stat
from binascii import crc32
from typing import TYPE_CHECKING, Final

from telegraf_han.errors import PortInUseError, SourceError, reason
from telegraf_han.ports import rights

if TYPE_CHECKING:
    import socket

FOLDER: Final = "/run/telegraf-han"
"""The folder without systemd's RuntimeDirectory."""
VARIABLE: Final = "RUNTIME_DIRECTORY"
MODE: Final = 0o660
WAITING: Final = 4
"""Connections that the system keeps until they are accepted."""
_NAME_LIMIT: Final = 40
"""Characters of the configuration's own name. A path of a Unix socket has at most 107 bytes."""


def folder() -> str:
    """The folder of the taps. It may be missing. Of several folders that systemd names, the first one is taken."""
    return os.environ.get(VARIABLE, "").partition(":")[0] or FOLDER


def path(config_path: str) -> str:
    """The place of the socket of the plugin with this configuration file."""
    whole = os.path.realpath(config_path)
    name = "".join(character if character.isalnum() and character.isascii() else "-" for character in os.path.basename(whole)[:_NAME_LIMIT])
    return os.path.join(folder(), f"{name}-{crc32(os.fsencode(whole)):08x}.sock")


def listening(place: str) -> "socket.socket":
    """Return a socket that listens at `place`. Raises PortInUseError if another plugin does, SourceError if it cannot be made there."""
    try:
        return _listening(place)
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"{place} cannot be made: {reason(error)}") from None


def _listening(place: str) -> "socket.socket":
    import fcntl  # noqa: PLC0415, loaded after everything else runs
    import socket  # noqa: PLC0415, the same

    parent = os.open(os.path.dirname(place), os.O_RDONLY | os.O_DIRECTORY)
    try:
        _require_private(place, os.fstat(parent))
        try:
            fcntl.flock(parent, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PortInUseError(f"{place} is being made by another plugin") from None
        _make_room(place)
        one = socket.socket(socket.AF_UNIX)
        try:
            one.bind(place)
            os.chmod(place, MODE)
            one.listen(WAITING)
            one.setblocking(False)
        except BaseException:
            one.close()
            raise
        return one
    finally:
        os.close(parent)


def _require_private(place: str, status: os.stat_result) -> None:
    """Raise SourceError if anybody else could put something at the socket's place."""
    if status.st_uid not in (0, os.geteuid()):
        raise SourceError(f"{os.path.dirname(place)} belongs to another user than {rights.user()}, who runs the plugin")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SourceError(f"others may write in {os.path.dirname(place)}. Run: chmod 750 {os.path.dirname(place)}")


def _make_room(place: str) -> None:
    """Remove the socket that a killed plugin left. Raises PortInUseError, or SourceError if it is no socket."""
    try:
        status = os.lstat(place)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise SourceError(f"{place} is no socket, so it is left alone. Remove it")
    try:
        connected(place).close()
    except ConnectionRefusedError:
        os.unlink(place)  # nobody listens
    except BlockingIOError:
        raise PortInUseError(f"{place} belongs to a plugin that is busy") from None
    else:
        raise PortInUseError(f"{place} belongs to another plugin with this configuration")


def connected(place: str) -> "socket.socket":
    """Return a socket that is connected to the tap at `place`. It never waits. Raises OSError."""
    import socket  # noqa: PLC0415, only a tap needs it

    one = socket.socket(socket.AF_UNIX)
    try:
        one.setblocking(False)
        one.connect(place)
    except BaseException:
        one.close()
        raise
    return one


def removed(place: str, inode: int) -> None:
    """Remove the socket if it is still the one with this inode. Never raises."""
    try:
        if os.lstat(place).st_ino == inode:
            os.unlink(place)
    except OSError:
        return


def access(place: str, config_path: str) -> str:
    """The advice for a user who may not connect: which user may, and which group."""
    import grp  # noqa: PLC0415, only an error needs it
    import pwd  # noqa: PLC0415, the same

    try:
        status = os.stat(os.path.dirname(place))
        owner, group = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        owner = group = rights.TELEGRAF
    return (
        f"To watch beside Telegraf, run: sudo -u {owner} telegraf-han watch --config {config_path} "
        f"(or join its group: sudo usermod -aG {group} {rights.user()}, and log in again)"
    )


def missing(place: str) -> str:
    """The advice for a user who finds no tap although a plugin may run."""
    parent = os.path.dirname(place)
    if os.path.isdir(parent):
        return "If it should go on, restart it once: a plugin that starts now lets `watch` read beside it"
    who = rights.TELEGRAF
    return f"To watch beside it from now on, run: sudo install -d -o {who} -g {who} -m 750 {parent}, then restart Telegraf"
