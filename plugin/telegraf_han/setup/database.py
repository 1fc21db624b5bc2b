"""Finds InfluxDB, sets up a new one, makes buckets, down-sampling and tokens, and looks for the first point.

An InfluxDB that nobody has set up gives its all-access token only once, when it is set up. So the token is on the disk before InfluxDB gets
it. All other tokens have the least rights: Telegraf's writes, Grafana's and the one of `bill` read.
"""

import secrets
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, cast

from telegraf_han.config.sections import Output
from telegraf_han.errors import SourceError
from telegraf_han.influx import buckets, connection, items, sites, tokens
from telegraf_han.influx.api import Api, Json, RefusedError
from telegraf_han.influx.connection import Place
from telegraf_han.influx.items import Outcome, Say
from telegraf_han.language import _
from telegraf_han.setup import machine
from telegraf_han.setup.texts import Database

State = Literal["new", "ready", "none"]
Files = Sequence[tuple[Callable[[str], tokens.Grant], str]]
"""Each token with its file."""
_SETUP: Final = "/api/v2/setup"
_TURN_S: Final = 1.0


def state(url: str) -> tuple[State, str]:
    """Whether an InfluxDB 2 answers and has been set up, and what went wrong if none answers."""
    try:
        connection.require_address(url)
    except ValueError as error:
        return "none", str(error)
    api = Api(url.rstrip("/"), "", "")
    try:
        answer = api.call("GET", _SETUP)
    except (RefusedError, SourceError) as error:
        return "none", str(error)
    finally:
        api.close()
    if "allowed" not in answer:
        return "none", _("the server at {url} does not answer as InfluxDB 2 does", url=url)
    return ("new" if answer["allowed"] else "ready"), ""


def secret() -> str:
    """A password or token that nobody can guess."""
    return secrets.token_urlsafe(48)


def first(database: Database, user: str, password: str, token: str) -> None:
    """Set up an InfluxDB that is new. Raises ConfigError, SourceError."""
    wanted: Json = {"username": user, "password": password, "token": token, "org": database.org, "bucket": database.bucket}
    api = Api(database.url.rstrip("/"), database.org, "")
    try:
        api.call("POST", _SETUP, {**wanted, "retentionPeriodSeconds": 0})
    except RefusedError as refusal:
        raise connection.told(refusal, "") from None
    finally:
        api.close()


def settle(database: Database, token_file: str, files: Files, output: Output, say: Say, *, is_new: bool) -> None:
    """Make buckets, down-sampling and the tokens in `files`. Raises ConfigError, SourceError.

    The first set-up of a new InfluxDB has made a bucket. That one is ours, too.
    """
    with connection.opened(_arguments(database, token_file)) as place:
        if is_new:
            buckets.adopt(place)
        buckets.settle(place, None, None, say)
        sites.settle_tasks(place, output.measurement, say)
        for grant, path in files:
            tokens.settle(place, grant(place.bucket), path, say)


def lacking(database: Database, token_file: str, files: Files, output: Output) -> list[str]:
    """What `settle` would make or change, without making it. Raises ConfigError, SourceError."""
    found: list[str] = []

    def note(outcome: Outcome, name: str) -> None:
        if outcome != "ok":
            found.append(name)

    with connection.opened(_arguments(database, token_file)) as place:
        looking = place._replace(api=cast("Api", _Looking(place.api)))
        buckets.settle(looking, None, None, note)
        sites.settle_tasks(looking, output.measurement, note)
        tokens_of = [(grant(place.bucket), path) for grant, path in files]
        found += [_("token {name}", name=grant.name) for grant, path in tokens_of if not tokens.is_settled(place, grant, path)]
    return found


class _Looking:
    """An InfluxDB that is only looked at: nothing that would change it is sent."""

    def __init__(self, api: Api) -> None:
        self._api: Final = api
        self.listed: Final = api.listed

    def call(self, method: str, path: str, body: Json | None = None, query: Mapping[str, str | int] | None = None) -> Json:
        """The answer to a question. {} to everything else."""
        return self._api.call(method, path, body, query) if method == "GET" else {}


def tried(database: Database, token_file: str) -> None:
    """Open this InfluxDB and its organisation with the token in a file. Raises ConfigError, SourceError."""
    with connection.opened(_arguments(database, token_file)):
        pass


def remove(database: Database, token_file: str, say: Say, *, with_data: bool) -> None:
    """Remove what `settle` made, and the buckets only with `with_data`. Raises ConfigError, SourceError.

    While others have tokens of this bucket, such as another machine, only this machine's tokens are removed.
    """
    with connection.opened(_arguments(database, token_file)) as place:
        if others := tokens.prune(place, machine.mark(), say):
            say("kept", _("tasks and buckets, because others use them: {names}", names=", ".join(others)))
            return
        for kind in items.NAMED:
            items.prune(place, kind, (), say)
        buckets.remove(place, say, with_data=with_data)


def newest(database: Database, token_file: str, output: Output, since_s: int, whole_s: float) -> Json | None:
    """The newest point of any meter since a time, by column. Waits for it. Returns None if none came. Raises ConfigError, SourceError."""
    end_s = time.monotonic() + whole_s
    measurement = "obis" if output.layout == "obis" else output.measurement
    query = _last(measurement, since_s)
    with connection.writing(_arguments(database, token_file)) as place:
        while not (found := _row(place, query)) and time.monotonic() < end_s:
            time.sleep(_TURN_S)
    return found


def state_of(database: Database, token_file: str, output: Output, since_s: int) -> Json | None:
    """The newest status line of any meter since a time, for a look at why no telegram came. Raises ConfigError, SourceError."""
    query = _last(f"{output.measurement}_link", since_s)
    with connection.writing(_arguments(database, token_file)) as place:
        return _row(place, query)


def _last(measurement: str, since_s: int) -> str:
    """The query for the newest point."""
    quoted = measurement.replace('"', '\\"')
    return f'SELECT * FROM "{quoted}" WHERE time >= {since_s}s ORDER BY time DESC LIMIT 1'  # noqa: S608


def _row(place: Place, query: str) -> Json | None:
    series = place.api.influxql(place.bucket, query)
    return dict(zip(series[0]["columns"], series[0]["values"][0], strict=True)) if series else None


def _arguments(database: Database, token_file: str) -> Namespace:
    """The options that `connection` reads."""
    return Namespace(url=database.url, org=database.org, bucket=database.bucket, token_file=token_file)
