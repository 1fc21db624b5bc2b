"""Turns the text of a key option into a `Key`, from the configuration itself, a file, the environment or systemd's credentials.

The option holds either the key as hex, or the place where the key is: `file:PATH`, `env:NAME` or `credential:NAME`. A credential is a
file that systemd's LoadCredential puts into $CREDENTIALS_DIRECTORY, for this service only. A relative path starts at the folder of the
configuration file.

Text that cannot be used raises ValueError, which says what to do. A key that every user of the machine may read causes only a warning,
because such a key works. Neither the error nor the warning ever shows a key, or text that could be a key.
"""

import os
import stat
from collections.abc import Callable
from typing import Final

from telegraf_han.ciphers import secret
from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.ports import rights

KEY_FILE_LIMIT_BYTES: Final = 4096
"""A key has 32 digits. If another kind of file is given by mistake, it is not read to its end."""
_LIKE_A_KEY: Final = 24
"""Messages do not repeat a word with this many hex digits or more. It may be a key, or most of a key, in the wrong place."""


class _UnreadError(ValueError):
    """Nothing can be read at the place where a key should be."""


class Keys:
    """Finds keys, relative to one configuration file."""

    __slots__ = ("_file", "_folder", "_warn", "_warned")

    def __init__(self, file: str, warn: Callable[[str], None]) -> None:
        self._file: Final = file
        self._folder: Final = os.path.dirname(os.path.abspath(file))
        self._warn: Final = warn
        self._warned: Final[set[str]] = set()

    def resolved(self, text: str) -> Key:
        """Return the key that an option's text names. Raises ValueError, which says what to do."""
        content, where = self.written(text)
        try:
            return secret.key(content.reveal())
        except ValueError as error:
            hint = f" in {where}" if where else ". Or write file:PATH, env:NAME or credential:NAME"
            raise ValueError(f"{error}{hint}") from None

    def usable(self, text: str) -> Key | None:
        """Return the key that an option names, or None if that text is no key. Raises ValueError if nothing can be read."""
        try:
            return secret.key(self.written(text)[0].reveal())
        except _UnreadError:
            raise
        except ValueError:
            return None

    def written(self, text: str) -> tuple[Written, str]:
        """Return the text of a key and the place where it was found ("" for the configuration itself).

        Raises ValueError, which says what to do, if nothing can be read.
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
            raise _UnreadError(f"a file with 32 hex digits is expected, but {shown} cannot be read: {rights.unreadable(error)}") from None
        self._look_at_rights(path, "is a key file")
        try:
            return Written(content.decode("utf-8-sig")), shown
        except UnicodeDecodeError:
            return Written(content.decode("latin-1")), shown  # not a key, but the command `keys` may recognise it

    def _look_at_rights(self, path: str, what: str) -> None:
        """Warn if every user of the machine may read the file. A group may read it, because that is how Telegraf gets a key."""
        mode = os.stat(path).st_mode
        if not mode & stat.S_IROTH or path in self._warned:
            return
        self._warned.add(path)
        self._warn(f"{_shown(path)} {what}, and every user of this machine may read it. Run: chmod o-rwx {_shown(path)}")


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise _UnreadError(
            f"environment variable {_shown(name)} is not set. Set it in Telegraf's service, or in `environment` of inputs.execd"
        )
    return value


def _credentials() -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise _UnreadError("a systemd credential is expected, but this service has none. Add LoadCredential=NAME:PATH to its unit")
    return folder


def _shown(text: str) -> str:
    """Return a path or name for a message, or "…" if it could be a key in the wrong place."""
    digits = sum(character in "0123456789abcdefABCDEF" for character in os.path.basename(text))
    return "…" if digits >= _LIKE_A_KEY else text
