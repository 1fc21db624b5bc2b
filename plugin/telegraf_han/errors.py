"""What can go wrong, as types: who is to blame decides the class, and a telegram's class carries the counter's name.

`Cause` names the five counters `errors_<cause>` of `electricity_link`. A `TelegramError` leaf is raised by the module that
knows, with one sentence for the user, and caught in one place, the caller of the decoder. A message holds lengths, offsets,
codes and ids; never payload beyond 8 bytes and never key material.
"""

from enum import StrEnum
from typing import ClassVar, Final

INTERRUPTED: Final = 130
"""Exit code of what Ctrl-C ended before it was done, as shells have it; of what nothing else ends (`run`, `watch`) it is 0."""


class Cause(StrEnum):
    """Why a telegram was lost; the suffix of a counter in `electricity_link`."""

    CHECKSUM = "checksum"
    FRAMING = "framing"
    KEY = "key"
    SECURITY = "security"
    RECORDS = "records"


class HanError(Exception):
    """Root of all errors of this package; never raised itself."""


class ConfigError(HanError):
    """The configuration cannot be used: exit code 2 and one line."""

    def __init__(self, file: str, key: str, expected: str) -> None:
        """`file` and `key` say where (key as `meter[0].port`, or "" for the whole file), `expected` what should stand there.

        The value found is never part of the message: it may be a key.
        """
        super().__init__(file, key, expected)
        self.file = file
        self.key = key
        self.expected = expected

    def __str__(self) -> str:
        """One line: file, key, expectation."""
        return ": ".join(part for part in (self.file, self.key, self.expected) if part)


class SourceError(HanError, OSError):
    """A port, socket, file or program is gone: say so once, back off, try again."""


class PortInUseError(SourceError):
    """Another program has the port, and a port has one reader."""


class TelegramError(HanError):
    """One telegram cannot be decoded; its leaf says under which cause it counts."""

    cause: ClassVar[Cause]
    meter: str = ""
    """Name of the meter it happened to, where that is known; set by the decoder."""


class ChecksumError(TelegramError):
    """A CRC of the line or the link does not fit: noise, not keys."""

    cause = Cause.CHECKSUM


class FramingError(TelegramError):
    """Bytes that are no telegram, or one cut short, or lengths that contradict each other."""

    cause = Cause.FRAMING


class CutShortError(FramingError):
    """What a receiver hands on cut short, as it does with every telegram of that length: none will ever arrive whole."""


class WrongKeyError(TelegramError):
    """The telegram arrived whole, but no configured key opens it."""

    cause = Cause.KEY


class SecurityError(TelegramError):
    """A tag or MAC does not verify, or the security mode is one this program refuses."""

    cause = Cause.SECURITY


class RecordError(TelegramError):
    """The plain content is not what its norm says."""

    cause = Cause.RECORDS


def reason(error: Exception) -> str:
    """The system's words for an error, to end a sentence with: `no such file or directory`."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return said[:1].lower() + said[1:]
