"""Makes tokens with the least rights: Telegraf's writes both buckets, and those of Grafana and of `bill` read both.

InfluxDB 2.9 keeps only hashes of tokens. So a token can be read only at the moment it is made. It is written at once into a file that only
the owner of the file may read. If the token in a file still works, the file is left alone. So set-up may run again, and Telegraf and
Grafana keep their tokens. Otherwise, or if it has not all rights, a new token is made. Then the old token of that name is removed.
"""

import os
from contextlib import suppress
from typing import Final, NamedTuple

from telegraf_han.errors import ConfigError, reason
from telegraf_han.influx import connection, downsampling, items
from telegraf_han.influx.api import Json, RefusedError, text_of
from telegraf_han.influx.connection import Place
from telegraf_han.influx.items import BUCKET, TOKEN, Say
from telegraf_han.language import _

PRIVATE: Final = 0o600


class Grant(NamedTuple):
    """The rights of a token."""

    name: str
    option: str
    """The command-line option that names the token's file."""
    action: str
    buckets: tuple[str, ...]


def write(raw: str) -> Grant:
    """Telegraf's token: it writes telegrams into one bucket, costs and prices into the other, and reads nothing."""
    return Grant("write", "--write-token-file", "write", (raw, downsampling.bucket(raw)))


def read(raw: str) -> Grant:
    """Grafana's token: it reads both buckets and changes nothing."""
    return Grant("read", "--read-token-file", "read", (raw, downsampling.bucket(raw)))


def bill(raw: str) -> Grant:
    """The token of `bill`, which Telegraf runs: it reads both buckets and changes nothing. Its file belongs to Telegraf's user."""
    return Grant("bill", "--bill-token-file", "read", (raw, downsampling.bucket(raw)))


def of(machine: str, grant: Grant) -> Grant:
    """The same rights for one machine, whose files no option names.

    Several machines may send their meters to one InfluxDB, and none removes a token of another.
    """
    return grant._replace(name=f"{grant.name}{_of(machine)}", option="")


def _of(machine: str) -> str:
    return f" of {machine}"


def prune(place: Place, machine: str, say: Say) -> list[str]:
    """Delete the tokens of one machine, and return the names of all others of this bucket. Raises RefusedError, SourceError."""
    left = []
    for there in list(items.every(place, TOKEN)):
        name = str(there.get(TOKEN.title, ""))
        if not name.startswith(items.prefix(place.bucket)):
            continue
        if name.endswith(_of(machine)):
            items.remove(place, TOKEN, there, say)
        else:
            left.append(name)
    return left


def is_settled(place: Place, grant: Grant, path: str) -> bool:
    """Whether the file holds a token with these rights. Raises ConfigError, RefusedError, SourceError."""
    return os.path.exists(path) and _works(place, grant, connection.token_in(path, grant.option))


def settle(place: Place, grant: Grant, path: str, say: Say) -> None:
    """Make sure that the file holds a working token. Raises ConfigError, RefusedError, SourceError."""
    name = f"{items.prefix(place.bucket)}{grant.name}"
    if is_settled(place, grant, path):
        say("ok", f"token {name} in {path}")
        return
    ids = {there.get("name"): there["id"] for there in items.every(place, BUCKET)}
    permissions: list[Json] = [
        {"action": grant.action, "resource": {"type": "buckets", "id": ids[bucket], "orgID": place.org_id}} for bucket in grant.buckets
    ]
    old = [there for there in items.every(place, TOKEN) if there.get("description") == name]
    file = _opened(path, grant.option)
    try:
        made = place.api.call("POST", TOKEN.path, {"orgID": place.org_id, "description": name, "permissions": permissions})
        token = text_of(made, "token")
    except BaseException:
        os.close(file)
        os.unlink(_fresh(path))
        raise
    _written(file, token, path, grant.option)
    for there in old:
        place.api.call("DELETE", f"{TOKEN.path}/{there['id']}")
    say("changed" if old else "created", f"token {name} in {path}")


def _written(file: int, token: str, path: str, option: str) -> None:
    """Write a token into the opened file and put this file in its place. Raises ConfigError, and then no half file is left."""
    try:
        with os.fdopen(file, "w", encoding="ascii") as stream:
            stream.write(token)  # without a newline, which Telegraf's secret store would take for a part of the token
            stream.flush()
            os.fsync(stream.fileno())
            _keep_owner(path, stream.fileno())
        os.replace(_fresh(path), path)
    except OSError as error:
        os.unlink(_fresh(path))
        said = _("a file that can be written is expected: {reason}", reason=reason(error))
        again = _("When it can be written, run the same command again: it makes a new token and removes this one")
        raise ConfigError(path, option, f"{said}. {again}") from None


def _fresh(path: str) -> str:
    return f"{path}.new"


def _opened(path: str, option: str) -> int:
    """Open a new file in the same folder, private from its first moment.

    Raises ConfigError. It is called before the token is made, because otherwise nobody would get that token.
    """
    try:
        with suppress(FileNotFoundError):
            os.unlink(_fresh(path))  # of a run that was ended, or put there by the folder's owner
        descriptor = os.open(_fresh(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE)
        os.fchmod(descriptor, PRIVATE)
    except OSError as error:
        raise ConfigError(path, option, _("a file that can be written is expected: {reason}", reason=reason(error))) from None
    return descriptor


def _keep_owner(path: str, file: int) -> None:
    """Keep the owner of the old file (Telegraf's or Grafana's user), if this user may give files away."""
    with suppress(OSError):
        before = os.lstat(path)
        os.fchown(file, before.st_uid, before.st_gid)


def _works(place: Place, grant: Grant, token: str) -> bool:
    """Whether a token has its rights. Raises SourceError, and RefusedError for anything except a refused token."""
    if not token or not token.isascii():
        return False
    other = place._replace(api=place.api.as_token(token))
    try:
        return _TRIALS[grant.action](other, grant)
    except RefusedError as refusal:
        if refusal.status in (401, 403):
            return False
        raise
    finally:
        other.api.close()


def _writes(place: Place, grant: Grant) -> bool:
    """Try to write a comment into each bucket: it passes all checks and stores nothing."""
    for bucket in grant.buckets:
        place.api.write(bucket, b"# telegraf-han\n")
    return True


def _reads(place: Place, grant: Grant) -> bool:
    """Whether the token sees all its buckets: InfluxDB lists only the buckets that a token may read."""
    return {there.get("name") for there in items.every(place, BUCKET)}.issuperset(grant.buckets)


_TRIALS: Final = {"write": _writes, "read": _reads}
