"""Plans and carries out the removal of what `init` wrote, after its record.

What holds the owner's own work stays unless it is asked for: the configuration, the keys, the data in InfluxDB, what waits in the buffer.
"""

import os
import shutil
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Final, NamedTuple

from telegraf_han.errors import ConfigError, SourceError, reason
from telegraf_han.language import _, marked
from telegraf_han.ports import rights
from telegraf_han.printing import say
from telegraf_han.setup import database, machine, planning
from telegraf_han.setup.places import Places
from telegraf_han.setup.steps import Record, digest
from telegraf_han.setup.texts import Database

_OUTCOMES: Final = {"removed": marked("removed"), "kept": marked("kept")}
"""What was done to a thing in InfluxDB, in words."""


CLEANED: Final = "cleaned"
"""In the record: tasks and tokens were removed from InfluxDB, and the data are kept."""


class Removal(NamedTuple):
    """What is removed, what is renamed, and what stays."""

    files: tuple[str, ...]
    renamed: tuple[str, ...]
    """Files that their owner has changed."""
    folders: tuple[str, ...]
    trees: tuple[str, ...]
    """Folders that go with all that is in them."""
    members: tuple[tuple[str, str], ...]
    database: Database | None
    token_file: str
    with_data: bool
    told: tuple[str, ...]
    """The summary."""
    kept: tuple[str, ...]


def planned(record: Record, paths: Places, options: Namespace) -> Removal:
    """What will be done. Raises ConfigError."""
    files, renamed, kept, admins = [], [], [], []
    for path, row in sorted(record.files.items()):
        if not os.path.lexists(path):
            continue
        if row["kind"] == "admin":
            admins.append(path)
        elif row["kind"] != "ours" and not options.with_keys:
            kept.append(path)
        elif row["kind"] != "key" and row["digest"] and digest(machine.content(path) or "") != row["digest"]:
            renamed.append(path)
        else:
            files.append(path)
    trees = [paths.buffer] if options.with_data and paths.buffer in record.folders and os.path.isdir(paths.buffer) else []
    staying = (*kept, *admins, paths.record, *(() if trees else (paths.buffer,)))
    made = [path for path in reversed(record.folders) if os.path.isdir(path) and path not in trees]
    folders = [path for path in made if not any(f"{one}/".startswith(f"{path}/") for one in staying)]
    members = tuple((user, group) for user, group in record.members)
    found, token = _database(record, options)
    told = [_("remove {path}", path=path) for path in files]
    told += [_("rename {path} to {aside}, because it was changed after `init`", path=path, aside=_aside(path)) for path in renamed]
    told += [_("remove the folder {path}, if it is empty", path=path) for path in folders]
    told += [_("remove the folder {path} with all that waits in it for InfluxDB", path=path) for path in trees]
    told += [_("take user {user} out of group {group}", user=user, group=group) for user, group in members]
    if found is not None:
        told.append(_in_influx(found, with_data=options.with_data))
    if told and machine.has_unit(machine.TELEGRAF_UNIT):
        told.append(_("restart Telegraf"))
    if planning.has_boards((*files, *renamed)):
        told.append(_("restart Grafana"))
    said = [_("These stay: {paths}. With --with-keys they are removed, too.", paths=", ".join(kept))] if kept else []
    if admins:
        said.append(_("These stay, because they open InfluxDB: {paths}.", paths=", ".join(admins)))
    if record.database and found is None and not record.database.get(CLEANED):
        said.append(
            _(
                "Tasks and tokens stay in InfluxDB at {url}. To remove them, too, give a file with an all-access token: --token-file.",
                url=record.database.get("url", ""),
            )
        )
    if record.database and not options.with_data:
        said.append(_("The data stay, in InfluxDB and in Telegraf's buffer. With --with-data they are removed, too."))
    return Removal(
        tuple(files), tuple(renamed), tuple(folders), tuple(trees), members, found, token, options.with_data, tuple(told), tuple(said)
    )


def _database(record: Record, options: Namespace) -> tuple[Database | None, str]:
    """The InfluxDB to clean up, and the token for that. None if there is no token and nothing is asked for."""
    rows = dict(record.database)
    token = options.token_file or rows.get("token_file", "")
    is_clean = rows.get(CLEANED) and not (options.with_data or options.token_file)
    if not rows or is_clean:
        return None, ""  # there is nothing of ours in any InfluxDB, or only data that are kept
    if token and os.path.exists(token):
        return Database(*(rows.get(key, "") for key in Database._fields)), token
    if options.with_data or options.token_file:
        raise ConfigError("", "--token-file", _("a file with an all-access token of InfluxDB is expected, to remove data there"))
    return None, ""


def _in_influx(found: Database, *, with_data: bool) -> str:
    if with_data:
        return _("remove in InfluxDB at {url}: tasks, tokens, and the buckets that `init` made, with all data", url=found.url)
    return _("remove in InfluxDB at {url}: tasks and tokens", url=found.url)


def _tell(outcome: str, name: str) -> None:
    say(f"{_(_OUTCOMES.get(outcome, outcome)):<8} {name}")


def carried_out(plan: Removal, record: Record) -> bool:
    """Do it. Returns whether all of it was done. Raises ConfigError and, if data should go, SourceError.

    An InfluxDB that is gone does not keep the files on this machine. The record stays, so the rest can be removed later.
    """
    is_clean = plan.database is None or _cleaned(plan, plan.database)  # first, because its token may be among the files
    for path in plan.files:
        _tried(os.unlink, path)
    for path in plan.renamed:
        _tried(lambda one: os.replace(one, _aside(one)), path)
    for path in plan.trees:
        shutil.rmtree(path, ignore_errors=True)
    for path in plan.folders:
        with suppress(OSError):
            os.rmdir(path)
    for user, group in plan.members:
        if rights.is_member(user, group) and (words := machine.said_by("gpasswd", "-d", user, group)):
            say(_("User {user} stays in group {group}: {words}", user=user, group=group, words=words))
    if machine.has_systemd():
        machine.said_by("systemctl", "daemon-reload")
    if machine.has_unit(machine.TELEGRAF_UNIT):
        machine.runs_telegraf("restart")
    if plan.with_data:
        record.database.clear()
    elif plan.database is not None and is_clean:
        record.database[CLEANED] = "yes"
    if planning.has_boards((*plan.files, *plan.renamed)):
        machine.said_by("systemctl", "restart", planning.GRAFANA_UNIT)
    left = [path for path in record.files if os.path.lexists(path)]
    if left or not is_clean:
        record.keep(left)
        record.save()
    else:
        record.forget()
    say(_("Done."))
    return is_clean


def _cleaned(plan: Removal, found: Database) -> bool:
    """Clean up in InfluxDB. Returns whether that was possible. Raises ConfigError, SourceError if data should go."""
    try:
        database.remove(found, plan.token_file, _tell, with_data=plan.with_data)
    except (ConfigError, SourceError) as error:
        if plan.with_data:
            raise
        say(
            _("Tasks and tokens stay in InfluxDB: {why}", why=error),
            _("What is on this machine is removed now. Run `remove` again to remove the rest."),
        )
        return False
    return True


def _aside(path: str) -> str:
    """The name for a file that its owner has changed. It is new, so what an earlier removal put aside is not lost."""
    names = (f"{path}.removed{number or ''}" for number in count())
    return next(name for name in names if not os.path.lexists(name))


def _tried(do: Callable[[str], None], path: str) -> None:
    try:
        do(path)
    except OSError as error:
        raise ConfigError(path, "", _("a file that can be removed is expected: {reason}", reason=reason(error))) from None
