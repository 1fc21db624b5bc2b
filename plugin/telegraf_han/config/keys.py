"""Turns the text of a key option into a `Key`, from the configuration itself, a file, the environment or systemd's credentials.

The option holds either the key as hex, or the place where the key is: `file:PATH`, `env:NAME` or `credential:NAME`. A credential is a
file that systemd's LoadCredential puts into $CREDENTIALS_DIRECTORY, for this service only. A relative path starts at the folder of the
configuration file. Only a regular file is read: a named pipe would make the program wait, and some devices never end.

Text that cannot be used raises ValueError, which says what to do. A key that every user of the machine may read causes only a warning,
because such a key works. Neither the error nor the warning ever shows a key, or text that could be a key. Before the first key is read,
this process is kept out of core files.
"""

import os
import re
import stat
from collections.abc import Callable
from typing import Final

from telegraf_han.ciphers import secret
from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.config import cores
from telegraf_han.language import _, marked
from telegraf_han.ports import rights

KEY_FILE_LIMIT_BYTES: Final = 4096
"""A key has 32 digits. If another kind of file is given by mistake, it is not read to its end."""
SHOWN_LIMIT: Final = 64
"""Characters of a text that an error repeats, if the text is no key but the name of a file or of a variable."""
_VARIABLE: Final = r"\$\{?(\w+)\}?|([A-Z_][A-Z0-9_]+)"
"""How people write a variable: as in Telegraf's configuration, or its bare name."""
_HOLDS: Final = marked("{path} holds a key, and every user of this machine may read it")
_IS: Final = marked("{path} is a key file, and every user of this machine may read it")
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class _UnreadError(ValueError):
    """Nothing can be read at the place where a key should be."""


class Keys:
    """Finds keys, relative to one configuration file."""

    __slots__ = ("_file", "_folder", "_warn", "_warned", "variables")

    def __init__(self, file: str, warn: Callable[[str], None]) -> None:
        self._file: Final = file
        self._folder: Final = os.path.dirname(os.path.abspath(file))
        self._warn: Final = warn
        self._warned: Final[set[str]] = set()
        self.variables: Final[set[str]] = set()
        """Names of the environment variables that keys were read from."""

    def resolved(self, text: str, holder: str = "") -> Key:
        """Return the key that an option's text names. Raises ValueError, which says what to do.

        `holder` is the file that the text stands in, if it is not the configuration file.
        """
        content, place = self.written(text, holder)
        try:
            return _only(content.reveal())
        except _TwoKeysError:
            where = _shown(place)
            text = where or _("the text")
            raise ValueError(_("{place} holds more than one key. Write each key into a file of its own", place=text)) from None
        except ValueError as error:
            where = _shown(place)
            if where and not content.reveal().strip():
                raise ValueError(_("32 hex digits are expected, but {place} is empty", place=where)) from None
            raise ValueError(_("{wrong} in {place}", wrong=error, place=where) if where else self._told(text, str(error))) from None

    def usable(self, text: str, holder: str = "") -> Key | None:
        """Return the key that an option names, or None if that text is no key. Raises ValueError if nothing can be read."""
        try:
            return _only(self.written(text, holder)[0].reveal())
        except _UnreadError:
            raise
        except ValueError:
            return None

    def stamp(self, text: str) -> tuple[int, ...] | None:
        """What changes when the file that `file:…` names is written or replaced. None if it cannot be looked at."""
        try:
            found = os.stat(self._path(text.partition(":")[2]))
        except (OSError, ValueError):
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def written(self, text: str, holder: str = "") -> tuple[Written, str]:
        """Return the text of a key and the place where it was found ("" for the file that the option stands in).

        Raises ValueError, which says what to do, if nothing can be read.
        """
        cores.withhold()
        kind, _colon, place = text.partition(":")
        kind, place = kind.strip().lower(), place.strip()
        if place and kind == "file":
            return self._read(self._path(place))
        if place and kind == "env":
            self.variables.add(place)
            return Written(_variable(place)), _("environment variable {name}", name=place)
        if place and kind == "credential":
            return self._read(os.path.join(_credentials(), os.path.basename(place)))
        if secret.may_be_key(text):
            file = holder or self._file
            self._look_at_rights(file, os.stat(file).st_mode, _HOLDS)
        return Written(text), ""

    def _path(self, place: str) -> str:
        return os.path.join(self._folder, place.strip())

    def _told(self, text: str, wrong: str) -> str:
        """What is wrong with a text that is neither a key nor the place of one. The text is repeated if it is a name."""
        variable = re.fullmatch(_VARIABLE, text)
        if len(text) > SHOWN_LIMIT or secret.may_be_key(text) or ":" in text:
            return f"{wrong}. " + _("Or write file:PATH, env:NAME or credential:NAME")
        if os.path.isfile(os.path.join(self._folder, text)):
            return _('a key of 32 hex digits is expected. "{text}" is a file, so write "file:{text}"', text=text)
        if variable and not text.isdecimal():
            name = variable[1] or variable[2]
            return _('a key of 32 hex digits is expected. If that is an environment variable, write "env:{name}"', name=name)
        if "." in text or "/" in text:
            return _('a key of 32 hex digits is expected. If that is a file, write "file:{text}"', text=text)
        return f"{wrong}. " + _("Or write file:PATH, env:NAME or credential:NAME")

    def _read(self, path: str) -> tuple[Written, str]:
        try:
            mode = os.stat(path).st_mode
            content = _content(path) if stat.S_ISREG(mode) else None
        except OSError as error:
            why = rights.unreadable(path, error, _instead(path))
            said = _("a file with 32 hex digits is expected, but {path} cannot be read: {why}", path=_shown(path), why=why)
            raise _UnreadError(said) from None
        if content is None:
            raise _UnreadError(_("a file with 32 hex digits is expected, but {path} is {what}", path=_shown(path), what=rights.what(mode)))
        self._look_at_rights(path, mode, _IS)
        try:
            return Written(content.decode("utf-8-sig")), path
        except UnicodeDecodeError:
            return Written(content.decode("latin-1")), path  # not a key, but the command `keys` may recognise it

    def _look_at_rights(self, path: str, mode: int, sentence: str) -> None:
        """Warn if every user of the machine may read the file. A group may read it, because some owners give Telegraf a key that way."""
        if not mode & stat.S_IROTH or path in self._warned:
            return
        self._warned.add(path)
        shown = _shown(path)
        self._warn(_(sentence, path=shown) + ". " + rights.private(path, shown="" if shown == path else shown))


def _content(path: str) -> bytes:
    """The beginning of a file. Raises OSError, also if the disk fails while it is read."""
    with open(os.open(path, _FLAGS), "rb") as file:
        return file.read(KEY_FILE_LIMIT_BYTES)


class _TwoKeysError(ValueError):
    """A text holds more than one key."""


def _only(text: str) -> Key:
    """The key in a text that holds nothing else. Raises ValueError."""
    if secret.keys_in(text) > 1:
        raise _TwoKeysError
    return secret.key(text)


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise _UnreadError(
            _(
                "environment variable {name} is not set. Set it in Telegraf's service, or in `environment` of inputs.execd",
                name=_shown(name),
            )
        )
    return value


def _credentials() -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise _UnreadError(_("a systemd credential is expected, but this service has none. Add LoadCredential=NAME:PATH to its unit"))
    return folder


def _shown(text: str) -> str:
    """Return a path or name for a message, or "…" if it could be a key in the wrong place."""
    return "…" if secret.may_be_key(text) else text


def _instead(path: str) -> str:
    """The text that replaces a path in a command, "" if the path may be shown."""
    return "" if _shown(path) == path else _shown(path)
