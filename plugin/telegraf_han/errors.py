"""Defines the errors of this program as types. The class says where the fault is. A telegram's error class also names its counter.

`Cause` names the five counters `errors_<cause>` of `electricity_link`. The module that finds an error raises a leaf of `TelegramError`,
with one sentence for the user. Only the caller of the decoder catches it. A message holds lengths, offsets, codes and ids. It never holds
more than 8 bytes of payload, and never key material.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar, Final

from telegraf_han.language import _, marked

INTERRUPTED: Final = 130
"""Exit code of a command that Ctrl-C ended before it was done, as in shells. For commands that nothing else ends (`run`, `watch`) it is
0."""


class Cause(StrEnum):
    """Why a telegram was lost. This is the suffix of a counter in `electricity_link`."""

    CHECKSUM = "checksum"
    FRAMING = "framing"
    KEY = "key"
    SECURITY = "security"
    RECORDS = "records"


class HanError(Exception):
    """Root of all errors of this package; never raised itself."""


class ConfigError(HanError):
    """The configuration cannot be used. The user gets one line, and the exit code is 2."""

    def __init__(self, file: str, key: str, expected: str, others: Iterable["ConfigError"] = ()) -> None:
        """`file` and `key` say where (key as `meter[0].port`, or "" for the whole file). `expected` says what should stand there.

        The value that was found is never part of the message, because it may be a key. `others` are further errors of the
        same configuration.
        """
        super().__init__(file, key, expected)
        self.file = file
        self.key = key
        self.expected = expected
        self.others = tuple(others)

    def __str__(self) -> str:
        """One line: file, key, expectation, and how many errors there are besides."""
        line = ": ".join(part for part in (self.file, self.key, self.expected) if part)
        return _("{line} (and {number} more: telegraf-han check lists them)", line=line, number=len(self.others)) if self.others else line

    def every(self) -> list["ConfigError"]:
        """Return this error and all others, each by itself."""
        return [ConfigError(self.file, self.key, self.expected), *self.others]


class SourceError(HanError, OSError):
    """A port, socket, file or program is gone. Whoever reads it logs that once, waits and tries again."""


class SilentError(SourceError):
    """A connection has brought nothing for too long. It may be dead, so it is opened again at once."""


class PortInUseError(SourceError):
    """Another program has the port, and a port can have only one reader."""


class TelegramError(HanError):
    """One telegram cannot be decoded. The leaf class says under which cause it counts."""

    cause: ClassVar[Cause]
    meter: str = ""
    """Name of the meter that sent the telegram, if it is known. Set by the decoder."""


class ChecksumError(TelegramError):
    """A CRC of the line or the link does not fit. Noise is to blame, not a key."""

    cause = Cause.CHECKSUM


class FramingError(TelegramError):
    """Bytes that are no telegram, a telegram that is cut short, or lengths that contradict each other."""

    cause = Cause.FRAMING


class CutShortError(FramingError):
    """A receiver delivers the telegram cut short. It does so with every telegram of that length, so none of them will ever arrive whole."""


class WrongKeyError(TelegramError):
    """The telegram arrived whole, but no configured key opens it."""

    cause = Cause.KEY


class BadKeyError(TelegramError):
    """The telegram belongs to a meter whose configured key cannot be read, or is no key. Nothing of it was tried."""

    cause = Cause.KEY


class SecurityError(TelegramError):
    """A tag or MAC does not verify, or this program refuses the security mode."""

    cause = Cause.SECURITY


class WaitingError(TelegramError):
    """One part of a telegram, whose other part was not heard yet. It is no failure: it is counted apart, and no alarm is raised."""

    cause = Cause.RECORDS


class StaleError(TelegramError):
    """A genuine telegram that is not of now. It is held back, and counted apart."""

    cause = Cause.SECURITY


class RefusedError(TelegramError):
    """A telegram whose names would make new series in the database although nothing proves it. Its fields are counted apart."""

    cause = Cause.SECURITY


class RecordError(TelegramError):
    """The plain content does not follow its norm."""

    cause = Cause.RECORDS


def reason(error: Exception) -> str:
    """The system's words for an error, such as `no such file or directory`. They fit at the end of a sentence."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    small = said[:1].lower() + said[1:]
    return _(small)


SYSTEM: Final = (
    marked("no such file or directory"),
    marked("permission denied"),
    marked("is a directory"),
    marked("not a directory"),
    marked("input/output error"),
    marked("no space left on device"),
    marked("read-only file system"),
    marked("file exists"),
    marked("too many levels of symbolic links"),
    marked("connection refused"),
    marked("connection reset by peer"),
    marked("no such device"),
    marked("exec format error"),
)
"""Words of the system that people meet. This program has them in both languages, whether the system's own catalogue is there or not."""
