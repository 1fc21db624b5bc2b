"""Saves what is secret into files that only this user may read: keys that were found, telegrams that were heard.

A disk may be full, and a folder may be missing. Then the report is printed all the same, the error says what to do, and no empty or half
file is left. An existing file is never overwritten. A key is written to a file of another name, which gets its own name when it is safely
on the disk. Telegrams are appended for hours, so only whole lines stay in their file.
"""

import errno
import os
from contextlib import suppress
from typing import Final

from telegraf_han.errors import ConfigError, reason
from telegraf_han.language import _, counted, marked

PRIVATE: Final = 0o600
_OPTION: Final = "--save"
_ADVICE: Final = {
    errno.ENOENT: marked("a folder that exists is expected. Make it first: mkdir {folder}"),
    errno.ENOTDIR: marked("a folder is expected, but a file has the name {folder}"),
    errno.EACCES: marked("a folder where you may write is expected, but you may not write into {folder}. Name another one"),
    errno.EPERM: marked("a folder where you may write is expected, but you may not write into {folder}. Name another one"),
    errno.EROFS: marked("a folder where you may write is expected, but {folder} is read-only. Name another one"),
    errno.EISDIR: marked("a file is expected, but this is a folder. Add the name of a file"),
    errno.ENOSPC: marked("no space left on the disk of {folder}. Make room, or name another folder"),
    errno.EDQUOT: marked("your quota on the disk of {folder} is used up. Make room, or name another folder"),
}


def save_new(path: str, text: str) -> None:
    """Write a text into a new file. Raises ConfigError, and then no file is left."""
    if os.path.lexists(path):
        raise ConfigError(
            path,
            _OPTION,
            _(
                "a new file in a folder where you may write is expected, but there is a file of this name already. "
                "Move it away, or name another folder"
            ),
        )
    half = f"{path}.{os.getpid()}"
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE)
    except OSError as error:
        raise _error(path, error) from None
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.rename(half, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(half)
        raise _error(path, error) from None


class Appended:
    """A file to which whole lines are appended. After the first failure nothing more is written, and `failure` says why."""

    __slots__ = ("_descriptor", "_new", "_open", "_path", "_size", "failure", "lines")

    def __init__(self, path: str) -> None:
        """Open the file, so that a mistake in its name is found before anything is heard. Raises ConfigError."""
        self._path: Final = path
        self._new: Final = not os.path.lexists(path)
        self.lines = 0
        self._open = True
        self.failure: ConfigError | None = None
        try:
            self._descriptor: Final = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOCTTY, PRIVATE)
        except OSError as error:
            raise _error(path, error) from None
        self._size = os.fstat(self._descriptor).st_size

    def add(self, line: str) -> None:
        """Append a line, or remember why that is not possible. Never raises."""
        data = f"{line}\n".encode("ascii")
        if self.failure is not None or not self._open:
            return  # a reader that is stuck may come back when the file is closed
        try:
            if os.write(self._descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._failed(error)
        else:
            self._size += len(data)
            self.lines += 1

    def close(self) -> None:
        """Make sure that the lines are on the disk. A new file without a line is removed. Never raises."""
        self._open = False
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a pipe or a device has no disk
                self._failed(error)
        os.close(self._descriptor)
        if self._new and not self.lines:
            with suppress(OSError):
                os.unlink(self._path)

    def _failed(self, error: OSError) -> None:
        """Remember the first failure, and cut off the half line that it left."""
        said = _error(self._path, error)
        kept = (
            counted("The first {number} telegrams are saved", "The first {number} telegrams are saved", self.lines)
            if self.lines
            else _("Nothing was saved")
        )
        self.failure = self.failure or ConfigError(said.file, said.key, f"{said.expected}. {kept}")
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            return  # a pipe or a device keeps nothing


def _error(path: str, error: OSError) -> ConfigError:
    """The error about a file that cannot be saved."""
    folder = os.path.dirname(path) or "."
    advice = _ADVICE.get(error.errno or 0)
    said = _(advice, folder=folder) if advice else _("a file that can be written is expected ({why})", why=reason(error))
    return ConfigError(path, _OPTION, said)
