"""`scan --write`: appends the meters that were heard to a table of meters (`meters = "flats.csv"`).

A row is added for each meter that is neither configured nor in the table. Its key stays empty. The table keeps its columns, separator, line
ends, owner and rights, because the rows are appended and nothing else is touched. If they cannot be written whole, what was written is cut
off. A second scan that hears the same meters changes nothing. A new table is for this user only, because its owner will write keys into it.
"""

import fcntl
import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from itertools import count
from typing import Final

from telegraf_han.commands._saving import PRIVATE
from telegraf_han.config import metertable
from telegraf_han.config.sections import Config
from telegraf_han.errors import ConfigError, reason
from telegraf_han.inspection.survey import Heard
from telegraf_han.language import _
from telegraf_han.terminal.scanpage import proposed_name

OPTION: Final = "--write"
_READ_BYTES: Final = 1 << 22
"""More than a table may have. See `config.file`."""


def begun(path: str) -> bool:
    """Make the table with its first row if there is none. Returns whether it was made.

    So a mistake in its name is found before anything is heard. Raises ConfigError, also for a table to which nothing can be added.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, PRIVATE)
    except FileExistsError:
        added(path, (), ())
        return False
    except OSError as error:
        raise _error(path, error) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{metertable.HEADING}\n")
    return True


def added(path: str, heard: Iterable[Heard], taken: Collection[str]) -> list[str]:
    """Append the meters that are not in the table yet. Returns their names. `taken` are names of other meters. Raises ConfigError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOCTTY)
    except OSError as error:
        raise _error(path, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        text = os.pread(descriptor, _READ_BYTES, 0).decode("utf-8-sig")
        begin = "" if text.strip() else f"{metertable.HEADING}\n"
        text = text if text.strip() else begin
        ids, names = metertable.known(text)
        names |= set(taken)
        rows: list[dict[str, str]] = []
        for one in heard:
            if one.address.id not in ids:
                rows.append({"name": _free(proposed_name(one), names), "interface": "wmbus", "id": one.address.id})
                ids.add(one.address.id)
                names.add(rows[-1]["name"])
        _append(descriptor, f"{begin}{metertable.added(text, rows)}".encode() if rows else b"")
    except OSError as error:
        raise _error(path, error) from None
    except UnicodeDecodeError:
        raise ConfigError(path, OPTION, _("a table in UTF-8 is expected. Save it as CSV UTF-8")) from None
    except ConfigError as error:
        raise ConfigError(path, OPTION, error.expected) from None
    finally:
        os.close(descriptor)
    return [row["name"] for row in rows]


def new_meters(heard: Iterable[Heard], config: Config) -> list[Heard]:
    """The meters in range that the configuration does not have."""
    configured = {meter.id for meter in config.meters}
    return [one for one in heard if one.section is None and one.address.id not in configured]


def _free(name: str, names: Collection[str]) -> str:
    """The name, with a number behind it if another meter has it."""
    return next(one for number in count(1) if (one := name if number == 1 else f"{name}-{number}") not in names)


def _append(descriptor: int, data: bytes) -> None:
    """Write all or nothing. Raises OSError."""
    size = os.fstat(descriptor).st_size
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


def _error(path: str, error: OSError) -> ConfigError:
    return ConfigError(path, OPTION, _("a table that can be written is expected ({why})", why=reason(error)))
