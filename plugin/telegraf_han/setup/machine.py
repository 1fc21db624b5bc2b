"""Reaches the machine: users, groups, files with owner and mode, systemd.

A file is written under another name first and gets its own name when it is whole. systemd is asked only where it runs the machine. Where it
does not, the caller tells the user what to do by hand.
"""

import errno
import hashlib
import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from telegraf_han.errors import ConfigError, reason
from telegraf_han.language import _
from telegraf_han.printing import say
from telegraf_han.setup.places import SYSTEMD

ROOT: Final = "root"
TELEGRAF_UNIT: Final = "telegraf"
_COMMAND_S: Final = 120
"""Telegraf gets 10 s for its plugins and some more for its last write when it stops."""
_SAID_LIMIT: Final = 300


def is_root() -> bool:
    """Whether this process may write below /etc."""
    return os.geteuid() == 0


def user_id(name: str) -> int | None:
    """The number of a user. None if this machine does not know it."""
    import pwd  # noqa: PLC0415, only the set-up needs it

    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def group_id(name: str) -> int | None:
    """The number of a group. None if this machine does not know it."""
    import grp  # noqa: PLC0415

    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def group_of(user: str) -> str:
    """The name of a user's own group; root's for an unknown user."""
    import grp  # noqa: PLC0415
    import pwd  # noqa: PLC0415

    try:
        return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except KeyError:
        return ROOT


def own(path: str, owner: str, group: str, mode: int) -> None:
    """Give a file or folder its owner and mode. Raises OSError, also for a link and for a file with two names.

    Some of the folders belong to Telegraf's user. A link that this user puts there would give it another file of the machine.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not (stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1)):
            raise OSError(errno.EPERM, _("it is no file or folder of its own"))
        _own(descriptor, owner, group, mode)
    finally:
        os.close(descriptor)


def _own(descriptor: int, owner: str, group: str, mode: int) -> None:
    if is_root():
        os.fchown(descriptor, user_id(owner) or 0, group_id(group) or 0)
    os.fchmod(descriptor, mode)


def is_owned(path: str, owner: str, group: str, mode: int) -> bool:
    """Whether a file or folder has this owner and mode."""
    status = os.lstat(path)
    same = not is_root() or (status.st_uid, status.st_gid) == (user_id(owner) or 0, group_id(group) or 0)
    return same and status.st_mode & 0o7777 == mode


def is_character_device(path: str) -> bool:
    """Whether this is a device like a serial port, and no disk, file or folder."""
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)
    except OSError:
        return False


def content(path: str) -> str | None:
    """The text of a file. None if there is no such file, or none that can be read. A named pipe or a device is no such file."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), encoding="utf-8", errors="replace") as file:
            return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None


def write(path: str, text: str, owner: str, group: str, mode: int) -> None:
    """Put a file in its place, whole and private from its first moment. Raises ConfigError."""
    fresh = f"{path}.new"
    try:
        _make_parents(path)
        with suppress(FileNotFoundError):
            os.unlink(fresh)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            _own(descriptor, owner, group, mode)
            os.fsync(descriptor)
        os.replace(fresh, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(fresh)
        raise ConfigError(path, "", _("a file that can be written is expected: {reason}", reason=reason(error))) from None


def folder(path: str, owner: str, group: str, mode: int) -> None:
    """Make a folder. Raises ConfigError."""
    try:
        _make_parents(path)
        if not os.path.isdir(path):
            os.mkdir(path, 0o700)
        own(path, owner, group, mode)
    except OSError as error:
        raise ConfigError(path, "", _("a folder that can be made is expected: {reason}", reason=reason(error))) from None


def _make_parents(path: str) -> None:
    """Make the folders above a path. Telegraf's user must be able to enter them, whatever root's umask is. Raises OSError."""
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        _make_parents(parent)
        os.mkdir(parent)
        os.chmod(parent, 0o755)  # noqa: S103, what is secret has a mode of its own


@contextmanager
def passed(secret: str) -> Iterator[str]:
    """The path of a file that holds a secret as long as the `with` block runs. Only this process can open it.

    The file is in memory and has no name. So nothing is left of it, however the process ends.
    """
    with open(os.memfd_create("telegraf-han"), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(secret)
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}"


def name() -> str:
    """The name of this machine in its network."""
    return socket.gethostname() or "localhost"


def mark() -> str:
    """A name of this machine that no other one has: many have the name that their system gave them. It stays as long as the system."""
    number = (content("/etc/machine-id") or "").strip()
    return f"{name()}-{hashlib.sha256(f'telegraf-han {number}'.encode()).hexdigest()[:4]}" if number else name()


def has_systemd() -> bool:
    """Whether systemd runs this machine."""
    return os.path.isdir(SYSTEMD)


def has_unit(name: str) -> bool:
    """Whether systemd knows a service."""
    return has_systemd() and not said_by("systemctl", "cat", f"{name}.service")


def said_by(*command: str) -> str:
    """Run a program. Returns "" if it did its work, else its last words. Never raises."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMMAND_S, check=False)  # noqa: S603
    except OSError as error:
        return f"{command[0]}: {reason(error)}"
    except subprocess.TimeoutExpired:
        return _("{program} did not end within {seconds} s", program=command[0], seconds=_COMMAND_S)
    if not done.returncode:
        return ""
    words = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    return words[-1][:_SAID_LIMIT] if words else _("{program} ended with status {status}", program=command[0], status=done.returncode)


def runs_telegraf(how: str) -> bool:
    """Restart or start Telegraf through systemd (`how`). Returns whether it runs. If not, the person is told where to look."""
    if words := said_by("systemctl", how, TELEGRAF_UNIT):
        say(_("Telegraf does not start: {words}. Look at its log: journalctl -u telegraf -n 50", words=words))
    return not words
