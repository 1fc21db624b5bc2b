"""Brings the resources in InfluxDB to the wanted state: makes those that are missing and changes those that differ.

A resource is the JSON that InfluxDB's API takes. It is found by its name. If a resource is as wanted, it is left alone. The name also shows
whether this program made it: for all kinds that may have any name, it begins with `telegraf-han BUCKET: `. So two buckets may have their
own sets, and resources that people made by hand are never touched. Only the wanted fields are compared. Fields that InfluxDB or a later
release of InfluxDB adds do not count as differences.

[seen] on InfluxDB 2.9.1: checks come back with their Flux formatted again and with a `_check_id` in it. So Flux is compared without
white space and without that id.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from telegraf_han.influx.api import PAGE, PAGES_LIMIT, Json, odd, resources
from telegraf_han.influx.connection import Place

Outcome = Literal["ok", "created", "changed", "removed", "kept"]
Say = Callable[[Outcome, str], None]
"""Called for each item, with what was done and the name of the item."""

_CHECK_ID: Final = re.compile(r',?\s*_check_id:\s*"[^"]*",?')
_SPACE: Final = re.compile(r"[\s,]+")


class Kind(NamedTuple):
    """How a kind of resource is reached."""

    word: str
    """The word that users see."""
    path: str
    key: str
    """The key of the list in an answer."""
    title: str = "name"
    """The field that holds the name of a resource."""
    change: str = "PUT"
    """The method that changes a resource; "" if it cannot be changed."""


BUCKET: Final = Kind("bucket", "/api/v2/buckets", "buckets", change="PATCH")
TASK: Final = Kind("task", "/api/v2/tasks", "tasks", change="PATCH")
CHECK: Final = Kind("check", "/api/v2/checks", "checks")
ENDPOINT: Final = Kind("endpoint", "/api/v2/notificationEndpoints", "notificationEndpoints")
RULE: Final = Kind("rule", "/api/v2/notificationRules", "notificationRules")
TOKEN: Final = Kind("token", "/api/v2/authorizations", "authorizations", title="description", change="")

NAMED: Final = (RULE, ENDPOINT, CHECK, TASK, TOKEN)
"""Kinds whose names we can choose, in the order in which they can be removed."""


def prefix(bucket: str) -> str:
    """The beginning of the names of everything that is made for a bucket."""
    return f"telegraf-han {bucket}: "


def found(place: Place, kind: Kind, name: str) -> Json | None:
    """The resource of that name."""
    return next((one for one in every(place, kind) if one.get(kind.title) == name), None)


def every(place: Place, kind: Kind) -> Iterator[Json]:
    """All resources of a kind. Raises RefusedError, SourceError."""
    if kind is TASK:
        return _tasks(place)
    return place.api.listed(kind.path, kind.key, {"orgID": place.org_id})


def _tasks(place: Place) -> Iterator[Json]:
    """All tasks. Each page is requested by the id of the last task before it."""
    after: Mapping[str, str] = {}
    for _ in range(PAGES_LIMIT):
        tasks = resources(place.api.call("GET", TASK.path, query={"limit": PAGE, "orgID": place.org_id, **after}), TASK.key)
        if not tasks:
            return
        yield from tasks
        after = {"after": tasks[-1]["id"]}
    raise odd(f"its list of {TASK.key} does not end")


def settle(place: Place, kind: Kind, wanted: Json, say: Say, secret: Json | None = None) -> Json:
    """Make one resource as wanted, and return it in its new state. Raises RefusedError, SourceError.

    `secret` holds fields that InfluxDB takes but never shows. They are sent each time and are not compared.
    """
    name = str(wanted[kind.title])
    there = found(place, kind, name)
    if there is None:
        made = place.api.call("POST", kind.path, {"orgID": place.org_id, **wanted, **(secret or {})})
        say("created", f"{kind.word} {name}")
        return made
    same = alike(wanted, there)
    if not same or secret:
        there = place.api.call(
            kind.change, f"{kind.path}/{there['id']}", {"id": there["id"], "orgID": place.org_id, **wanted, **(secret or {})}
        )
    say("ok" if same else "changed", f"{kind.word} {name}")
    return there


def remove(place: Place, kind: Kind, there: Json, say: Say) -> None:
    """Delete one resource. Raises RefusedError, SourceError."""
    place.api.call("DELETE", f"{kind.path}/{there['id']}")
    say("removed", f"{kind.word} {there[kind.title]}")


def prune(place: Place, kind: Kind, keep: Iterable[str], say: Say) -> None:
    """Delete the resources of a kind that were made for this bucket, except those to keep. Raises RefusedError, SourceError."""
    kept = frozenset(keep)
    start = prefix(place.bucket)
    for there in list(every(place, kind)):
        name = str(there.get(kind.title, ""))
        if name.startswith(start) and name not in kept:
            remove(place, kind, there, say)


def alike(wanted: Any, there: Any) -> bool:
    """Whether a resource is as wanted, in all fields that are wanted."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(alike(value, there.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        same_length = isinstance(there, list) and len(wanted) == len(there)
        return same_length and all(alike(one, other) for one, other in zip(wanted, there, strict=True))
    if isinstance(wanted, str) and isinstance(there, str):
        return wanted == there or _flat(wanted) == _flat(there)
    return bool(wanted == there) or (not wanted and not there)


def _flat(flux: str) -> str:
    """A script without the parts that InfluxDB changes."""
    return _SPACE.sub("", _CHECK_ID.sub("", flux))
