"""How far an import has got, into a small file, so that after an interruption it goes on there.

The file stands beside the one that is imported, or in a folder of one's choice. It counts the entries that are proven stored, and
names by a digest what they were stored of and where: another InfluxDB, another bucket, other options or a changed file begin
anew. It is written whole or not at all after each batch and vanishes when the import is through. It is an aid, never a need:
importing twice gives the same points.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NamedTuple

LIMIT_BYTES: Final = 4096
"""Of a state file; another file of that name is not read to its end."""
SUFFIX: Final = ".importing"


class Mark(NamedTuple):
    """How far."""

    done: int = 0
    """Entries of the file that need not be looked at again."""
    stored: int = 0
    wrong: int = 0


class Resume:
    """The state file of one import."""

    def __init__(self, file: str, folder: str | None, circumstances: Iterable[str]) -> None:
        """`circumstances` are what must not have changed."""
        status = os.stat(file)
        parts = [*circumstances, str(status.st_size), str(status.st_mtime_ns)]
        self._identity: Final = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
        where = hashlib.sha256(os.path.abspath(file).encode("utf-8", "surrogateescape")).hexdigest()[:8]
        name = os.path.basename(file)
        self.path: Final = os.path.join(folder, f"{name}-{where}{SUFFIX}") if folder else file + SUFFIX

    def mark(self) -> Mark:
        """Where to go on; the beginning where nothing is known, or something else."""
        try:
            with open(self.path, "rb") as stream:
                found = json.loads(stream.read(LIMIT_BYTES))
            mark = Mark(int(found["done"]), int(found["stored"]), int(found["wrong"]))
            return mark if found["identity"] == self._identity else Mark()
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return Mark()

    def save(self, mark: Mark) -> None:
        """Note how far it is. Raises OSError."""
        fresh = self.path + ".new"
        with open(fresh, "w", encoding="utf-8") as stream:
            json.dump({"identity": self._identity} | mark._asdict(), stream)
        os.replace(fresh, self.path)

    def forget(self) -> None:
        """The import is through."""
        with suppress(OSError):
            os.remove(self.path)
