"""A key's text into `Key`: from the configuration itself, a file, the environment or systemd's credentials.

A key is written as hex, or as the place where it is: `file:PATH`, `env:NAME`, `credential:NAME` (a file that systemd's LoadCredential puts
into $CREDENTIALS_DIRECTORY, for this service only). A path is relative to the configuration file. What cannot be used raises ValueError
with what to do. A key that every user of the machine may read is only a warning, since it works. Neither ever shows a key, nor text that
could be one.
"""

import os
import stat
from collections.abc import Callable
from typing import Final

from telegraf_han.ciphers import secret
from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.ports import rights

KEY_FILE_LIMIT_BYTES: Final = 4096
"""A key has 32 digits; a file of other things given in its place is not read to its end."""
_LIKE_A_KEY: Final = 24
"""Hex digits from which a word is not repeated, since it may be a key, or most of one, in the wrong place."""


class UnreadError(ValueError):
    """There is nothing where a key's text should be."""


class Keys:
    """Where keys are found, relative to one configuration file."""

    __slots__ = ("_file", "_folder", "_warn", "_warned")

    def __init__(self, file: str, folder: str, warn: Callable[[str], None]) -> None:
        self._file: Final = file
        self._folder: Final = folder
        self._warn: Final = warn
        self._warned: Final[set[str]] = set()

    def resolved(self, text: str) -> Key:
        """The key that a configuration's text names. Raises ValueError with what to do."""
        content, where = self.written(text)
        try:
            return secret.key(content.reveal())
        except ValueError as error:
            hint = f" in {where}" if where else "; or write file:PATH, env:NAME or credential:NAME"
            raise ValueError(f"{error}{hint}") from None

    def usable(self, text: str) -> Key | None:
        """The same, None where it is no key. Raises ValueError where there is nothing to read."""
        try:
            return secret.key(self.written(text)[0].reveal())
        except UnreadError:
            raise
        except ValueError:
            return None

    def written(self, text: str) -> tuple[Written, str]:
        """What stands where a configuration's text says, and where that is ("" for the configuration itself).

        Raises ValueError with what to do where nothing can be read.
        """
        kind, colon, place = text.partition(":")
        if colon and kind == "file":
            return self._read(os.path.join(self._folder, place))
        if colon and kind == "env":
            return Written(_variable(place)), f"environment variable {_shown(place)}"
        if colon and kind == "credential":
            return self._read(os.path.join(_credentials(), os.path.basename(place)))
        self._look_at_rights(self._file, "holds a key")
        return Written(text), ""

    def _read(self, path: str) -> tuple[Written, str]:
        shown = _shown(path)
        try:
            with open(path, "rb") as file:
                content = file.read(KEY_FILE_LIMIT_BYTES)
        except OSError as error:
            raise UnreadError(f"a file with 32 hex digits is expected in {shown}: {rights.unreadable(error)}") from None
        self._look_at_rights(path, "is a key")
        try:
            return Written(content.decode("utf-8-sig")), shown
        except UnicodeDecodeError:
            return Written(content.decode("latin-1")), shown  # no key, but `keys` may know what it is

    def _look_at_rights(self, path: str, what: str) -> None:
        """Warn where every user of the machine may read; a group may, that is how a key is given to Telegraf."""
        mode = os.stat(path).st_mode
        if not mode & stat.S_IROTH or path in self._warned:
            return
        self._warned.add(path)
        self._warn(f"{_shown(path)} {what} and every user of this machine may read it: chmod o-rwx {_shown(path)}")


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise UnreadError(
            f"environment variable {_shown(name)} is expected, but not set; give it to Telegraf's service or to `environment`"
        )
    return value


def _credentials() -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise UnreadError("a credential of systemd is expected, but this service has none: add LoadCredential=NAME:PATH to its unit")
    return folder


def _shown(text: str) -> str:
    """A path or name for a message, unless it could be a key written in the wrong place."""
    digits = sum(character in "0123456789abcdefABCDEF" for character in os.path.basename(text))
    return "…" if digits >= _LIKE_A_KEY else text
