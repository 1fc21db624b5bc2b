"""A TOML file into `Config`: the file, the key files and their rights, the environment, systemd's credentials.

A key is written as hex, or as where it is: `file:PATH`, `env:NAME`, `credential:NAME` (a file that systemd's LoadCredential puts
into $CREDENTIALS_DIRECTORY, for this service only). Relative paths, also of ports, are relative to the configuration file, so
that it does not matter where Telegraf was started. What cannot be used raises ConfigError with what to do; a key that every
user of the machine may read is a warning, since it works. Neither ever shows a key, nor text that could be one.
"""

import os
import stat
from collections.abc import Callable
from typing import Any, Final

from telegraf_han import receivers
from telegraf_han.ciphers import secret
from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.config.sections import KEYS, Config, parsed
from telegraf_han.errors import ConfigError
from telegraf_han.ports import advice

CONFIG_LIMIT_BYTES: Final = 1 << 20
"""No configuration is that long; a capture given in its place is not read to its end."""
KEY_FILE_LIMIT_BYTES: Final = 4096
"""A key has 32 digits; a file of other things given in its place is not read to its end."""
_LIKE_A_KEY: Final = 24
"""Hex digits from which a word is not repeated, since it may be a key, or most of one, in the wrong place."""


def load(path: str, warn: Callable[[str], None] = lambda _: None) -> Config:
    """Read the configuration. `warn` is given each sentence about what works but should not stay. Raises ConfigError."""
    whole = _mapping(path)
    folder = os.path.dirname(os.path.abspath(path))
    keys = _Keys(path, folder, warn)
    return parsed(whole, path, keys.resolved, lambda port: _located(port, folder), receivers.kinds, command=receivers.command)


def load_written(path: str, warn: Callable[[str], None] = lambda _: None) -> tuple[Config, dict[tuple[str, str], Written]]:
    """The configuration, and the text of each key by meter and option: for `keys`, to which a key that is none is no error.

    Such a key is None in the configuration. Raises ConfigError for everything else, so for a key file that cannot be read.
    """
    whole = _mapping(path)
    folder = os.path.dirname(os.path.abspath(path))
    keys = _Keys(path, folder, warn)
    config = parsed(whole, path, keys.usable, lambda port: _located(port, folder), receivers.kinds, command=receivers.command)
    tables = zip(config.meters, whole.get("meter", []), strict=True)
    return config, {
        (meter.name, option): keys.written(table[option].strip())[0] for meter, table in tables for option in KEYS if option in table
    }


def key_files(path: str) -> list[str]:
    """The files that a configuration names for its keys. Raises ConfigError."""
    folder = os.path.dirname(os.path.abspath(path))
    texts = [table[option] for table in _mapping(path).get("meter", []) for option in KEYS if option in table]
    return [os.path.join(folder, text.strip().removeprefix("file:")) for text in texts if text.strip().startswith("file:")]


def _mapping(path: str) -> dict[str, Any]:
    """The TOML of a file. Raises ConfigError."""
    import tomllib  # noqa: PLC0415, a decode that is given its Config does without

    try:
        return tomllib.loads(_content(path).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(path, "", f"text in UTF-8 is expected, byte {error.start} is none") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, "", f"TOML is expected: {error}") from None
    except (ValueError, RecursionError):
        raise ConfigError(path, "", "TOML of sensible numbers and depth is expected") from None


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(CONFIG_LIMIT_BYTES + 1)
    except OSError as error:
        raise ConfigError(path, "", f"a readable configuration file is expected: {_reason(error)}") from None
    if len(content) > CONFIG_LIMIT_BYTES:
        raise ConfigError(path, "", f"a configuration file is expected, this one has more than {CONFIG_LIMIT_BYTES} bytes")
    return content


def _located(port: str, folder: str) -> str:
    """A port's relative path made absolute; URLs and stdin stay."""
    return port if "://" in port or port == "-" else os.path.join(folder, port)


class _UnreadError(ValueError):
    """There is nothing where a key's text should be."""


class _Keys:
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
        except _UnreadError:
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
            raise _UnreadError(f"a file with 32 hex digits is expected in {shown}: {_reason(error)}") from None
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
        raise _UnreadError(
            f"environment variable {_shown(name)} is expected, but not set; give it to Telegraf's service or to `environment`"
        )
    return value


def _credentials() -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise _UnreadError("a credential of systemd is expected, but this service has none: add LoadCredential=NAME:PATH to its unit")
    return folder


def _reason(error: OSError) -> str:
    """Why a file cannot be read, and by whom it is tried."""
    if isinstance(error, PermissionError):
        return f"user {advice.user()} may not read it, see chown and chmod 640"
    return advice.words(error)


def _shown(text: str) -> str:
    """A path or name for a message, unless it could be a key written in the wrong place."""
    digits = sum(character in "0123456789abcdefABCDEF" for character in os.path.basename(text))
    return "…" if digits >= _LIKE_A_KEY else text
