"""Saves the progress of an import in a small state file, so that the import can go on after an interruption.

The state file is in the folder of the imported file, or in a folder that the user chooses. It counts the entries that are proven
stored. A digest in it identifies the imported file, the options and the InfluxDB. With another InfluxDB, another bucket, other options
or a changed file, the import begins again. After each batch the state file is written whole or not at all. It is deleted when the
import is complete. The state file is a help, but not necessary: importing twice gives the same points.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NamedTuple

LIMIT_BYTES: Final = 4096
"""Limit of a state file. Another file with that name is not read to its end."""
SUFFIX: Final = ".importing"


class Mark(NamedTuple):
    """How far an import has got."""

    done: int = 0
    """Entries of the file that are done."""
    stored: int = 0
    wrong: int = 0


class Resume:
    """The state file of one import."""

    def __init__(self, file: str, folder: str | None, circumstances: Iterable[str]) -> None:
        """`circumstances` are the texts that must be the same to go on."""
        status = os.stat(file)
        parts = [*circumstances, str(status.st_size), str(status.st_mtime_ns)]
        self._identity: Final = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
        where = hashlib.sha256(os.path.abspath(file).encode("utf-8", "surrogateescape")).hexdigest()[:8]
        name = os.path.basename(file)
        self.path: Final = os.path.join(folder, f"{name}-{where}{SUFFIX}") if folder else file + SUFFIX

    def mark(self) -> Mark:
        """Where to go on. Returns the beginning if nothing is known, or if the state file belongs to something else."""
        try:
            with open(self.path, "rb") as stream:
                found = json.loads(stream.read(LIMIT_BYTES))
            mark = Mark(int(found["done"]), int(found["stored"]), int(found["wrong"]))
            return mark if found["identity"] == self._identity else Mark()
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return Mark()

    def save(self, mark: Mark) -> None:
        """Save how far the import is. Raises OSError."""
        fresh = self.path + ".new"
        with open(fresh, "w", encoding="utf-8") as stream:
            json.dump({"identity": self._identity} | mark._asdict(), stream)
        os.replace(fresh, self.path)

    def forget(self) -> None:
        """Delete the state file, because the import is complete."""
        with suppress(OSError):
            os.remove(self.path)
