"""The steps of a set-up as data: files, folders, group memberships. Each can be compared with the machine and carried out.

A step that is done already does nothing. So `init` may run again, and changes nothing the second time. What was done is kept in a record,
with a digest of each file. `remove` reads the record: it removes what `init` wrote and what was not there before, and nothing else.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, Literal, NamedTuple, TypeVar

from telegraf_han.errors import ConfigError
from telegraf_han.language import _
from telegraf_han.ports import rights
from telegraf_han.setup import machine
from telegraf_han.setup.machine import ROOT
from telegraf_han.setup.texts import Database

Kind = Literal["ours", "key", "config", "admin"]
"""What a file is: one of `init`, which may write it again; a key; the owner's configuration; what opens InfluxDB as its administrator."""


class File(NamedTuple):
    """A file with its content, owner and mode."""

    path: str
    text: str
    owner: str = ROOT
    group: str = ROOT
    mode: int = 0o644
    kind: Kind = "ours"

    @property
    def secret(self) -> bool:
        """Whether the content is never shown."""
        return self.kind in ("key", "admin")

    def is_done(self) -> bool:
        """Whether the file is as it should be."""
        return machine.content(self.path) == self.text and machine.is_owned(self.path, self.owner, self.group, self.mode)

    def do(self) -> None:
        """Write it. Raises ConfigError."""
        machine.write(self.path, self.text, self.owner, self.group, self.mode)

    def told(self) -> str:
        """What will be done, for the summary."""
        values = {"path": self.path, "mode": f"{self.mode:o}", "owner": f"{self.owner}:{self.group}"}
        if os.path.lexists(self.path):
            return _("write {path} again (mode {mode}, {owner})", **values)
        return _("write {path} (mode {mode}, {owner})", **values)


class Folder(NamedTuple):
    """A folder with its owner and mode."""

    path: str
    owner: str
    group: str
    mode: int

    def is_done(self) -> bool:
        """Whether the folder is as it should be."""
        return os.path.isdir(self.path) and machine.is_owned(self.path, self.owner, self.group, self.mode)

    def do(self) -> None:
        """Make it. Raises ConfigError."""
        machine.folder(self.path, self.owner, self.group, self.mode)

    def told(self) -> str:
        """What will be done, for the summary."""
        values = {"path": self.path, "mode": f"{self.mode:o}", "owner": f"{self.owner}:{self.group}"}
        return _("make the folder {path} (mode {mode}, {owner})", **values)


class ByHandError(ConfigError):
    """A step could not be done. All others can, and a person can do this one later."""

    def __init__(self, sentence: str, command: str) -> None:
        """What went wrong, and the command that does the same."""
        super().__init__("", "", sentence)
        self.command: Final = command


class Member(NamedTuple):
    """A user in a group, so that it may open a port."""

    user: str
    group: str

    def is_done(self) -> bool:
        """Whether the user is in the group."""
        return rights.is_member(self.user, self.group)

    def do(self) -> None:
        """Add the user. Raises ByHandError."""
        if words := machine.said_by("usermod", "-a", "-G", self.group, self.user):
            sentence = _("user {user} could not be added to group {group}: {words}", **self._asdict(), words=words)
            raise ByHandError(sentence, f"sudo usermod -a -G {self.group} {self.user}")

    def told(self) -> str:
        """What will be done, for the summary."""
        return _("add user {user} to group {group}, which may open the port", **self._asdict())


Step = File | Folder | Member
T = TypeVar("T")


class Record:
    """What `init` has done on this machine."""

    def __init__(self, path: str) -> None:
        """Read the record, if there is one. A record that cannot be read is taken for an empty one."""
        self._path: Final = path
        whole: object = None
        with suppress(ValueError):
            whole = json.loads(machine.content(path) or "{}")
        found = whole if isinstance(whole, dict) else {}

        def part(key: str, kind: type[T]) -> T:
            value = found.get(key)
            return value if isinstance(value, kind) else kind()

        self.files: Final[dict[str, dict[str, str]]] = {
            path: row for path, row in part("files", dict).items() if isinstance(row, dict) and {"digest", "kind"} <= row.keys()
        }
        """Path → digest and kind."""
        self.folders: Final[list[str]] = [one for one in part("folders", list) if isinstance(one, str)]
        self.members: Final[list[list[str]]] = [one for one in part("members", list) if isinstance(one, list) and len(one) == 2]  # noqa: PLR2004, user and group
        self.database: dict[str, str] = part("database", dict)
        self.first_bucket: str = part("first_bucket", str)
        """The bucket that comes with a new InfluxDB's set-up, until it is described as ours."""

    def note(self, step: Step) -> None:
        """Note a step that is about to be done. What was there before is not ours."""
        if not isinstance(step, Member):
            self.folders.extend(one for one in _missing(os.path.dirname(step.path)) if one not in self.folders)
        match step:
            case File():
                if step.path in self.files or not os.path.lexists(step.path) or step.kind == "ours":
                    self.files[step.path] = {"digest": digest(step.text), "kind": step.kind}
            case Folder():
                if not os.path.isdir(step.path) and step.path not in self.folders:
                    self.folders.append(step.path)
            case Member():
                if [step.user, step.group] not in self.members:  # a run before may have been ended before it added the user
                    self.members.append([step.user, step.group])

    def adopt(self, path: str, kind: Kind) -> None:
        """Note a file that another part is about to write, such as a token. One that is there already is its owner's."""
        if not os.path.lexists(path):
            self.files.setdefault(path, {"digest": "", "kind": kind})

    def known(self) -> Database | None:
        """The InfluxDB that an earlier `init` was told."""
        values = [self.database.get(key, "") for key in Database._fields]
        return Database(*values) if all(values) else None

    def keep(self, paths: Iterable[str]) -> None:
        """Keep only these files in the record, and no membership. For a removal that leaves them."""
        kept = {path: self.files[path] for path in paths}
        self.files.clear()
        self.files.update(kept)
        self.members.clear()

    def save(self) -> None:
        """Write the record. Raises ConfigError."""
        whole: dict[str, object] = {"files": self.files, "folders": self.folders, "members": self.members, "database": self.database}
        if self.first_bucket:
            whole["first_bucket"] = self.first_bucket
        text = json.dumps(whole, indent=1, sort_keys=True) + "\n"
        if machine.content(self._path) != text:
            machine.write(self._path, text, ROOT, ROOT, 0o600)

    def forget(self) -> None:
        """Remove the record and its folder."""
        with suppress(OSError):
            os.unlink(self._path)
            os.rmdir(os.path.dirname(self._path))


def _missing(folder: str) -> list[str]:
    """The folders that have to be made first, the outermost first."""
    found: list[str] = []
    while not os.path.isdir(folder):
        found.insert(0, folder)
        folder = os.path.dirname(folder)
    return found


def digest(text: str) -> str:
    """A fingerprint of a text. Keys have 128 random bits, so it gives nothing away."""
    return hashlib.sha256(text.encode()).hexdigest()
