"""Asks the running NATS what `checking` needs: who is connected, which sites each server knows, and what waits.

Two certificates are necessary. `watch` sees the connections of all accounts, and nothing of their messages. `admin` sees the stream. Open
connections are asked for twice, because their counters of messages tell only together how much a site sends now. A server tells the
name of a client that it refused, but not its certificate [seen on 2.15.3]. So a refused name is what the client says of itself.
"""

import asyncio
import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Final

from telegraf_han.errors import SourceError
from telegraf_han.fleet import broker, condition, natsfiles
from telegraf_han.fleet.broker import Connection, Json, RefusedError
from telegraf_han.fleet.facts import OWN_ACCOUNTS, Broker, Consumer, Link, Refusal, Server, Stream
from telegraf_han.fleet.folder import Folder
from telegraf_han.fleet.registry import Sites
from telegraf_han.language import _, marked

PAGE: Final = 1024
"""Connections per answer. It is the servers' own default."""
PAGES_LIMIT: Final = 100
_USER: Final = re.compile(r"CN=([^,]*),OU=(.*)")
_REFUSED: Final = "Authentication Failure"
"""The servers' word for a certificate that they do not know."""
_SUBJECT: Final = re.compile(r"han\.([^.]+)\.lines")
_MISSING: Final = marked("the stream or its consumer is not there. Run: telegraf-han fleet setup")
_OTHERWISE: Final = marked("NATS says: {words}")
_ADVICE: Final = {**dict.fromkeys(broker.NOT_FOUND, _MISSING), broker.NO_MAJORITY: condition.NO_MAJORITY}

Counts = dict[tuple[str, int], int]
"""Messages of a connection: its server and its number there."""


def looked(place: Folder, watch_s: float) -> Broker:
    """All that the servers say. Raises ConfigError, SourceError, RefusedError if none of them can be asked."""
    fleet, sites = place.fleet(), place.sites()
    found = broker.asked(fleet, *place.paths(natsfiles.WATCH), lambda connection: _watched(connection, len(fleet.servers), watch_s, sites))
    try:
        stream, consumer = broker.asked(fleet, *place.paths(natsfiles.ADMIN), _held)
    except RefusedError as error:
        return found._replace(trouble=advice(error))
    except SourceError as error:
        return found._replace(trouble=str(error))
    return found._replace(stream=stream, consumer=consumer)


def advice(error: RefusedError) -> str:
    """What to do when NATS refuses, or its own words."""
    return _(_ADVICE.get(error.code, _OTHERWISE), words=error)


async def _watched(connection: Connection, count: int, watch_s: float, sites: Sites) -> Broker:
    """Over the system account: servers, connections, refusals."""
    answers = [one for one in await connection.gathered("$SYS.REQ.SERVER.PING.ACCOUNTZ", {}, count) if "data" in one]
    names = {str(one["server"]["id"]): str(one["server"]["name"]) for one in answers}
    servers = [_server(str(one["server"]["name"]), one["data"].get("accounts") or (), sites) for one in answers]
    refusals = [one for server, name in names.items() for one in _refusals(name, await _page(connection, server, closed=True))]
    before: Counts = {(server, int(one["cid"])): int(one["in_msgs"]) for server in names for one in await _open(connection, server)}
    await asyncio.sleep(watch_s)
    links: list[Link] = []
    centres = 0
    for server, name in names.items():
        every = await _open(connection, server)
        links += _links(server, name, every, before, watch_s)
        centres += sum(_parts(one)[0] == natsfiles.CENTRE for one in every if one.get("account") == "HAN")
    return Broker(tuple(sorted(servers)), tuple(links), tuple(refusals), centres)


def _server(name: str, accounts: Iterable[str], sites: Sites) -> Server:
    """What a server knows. An account of a site has the mark of its certificate behind the name, see `natsfiles.account`."""
    parts = [account.partition("_") for account in accounts]
    former = {site for site, _line, mark in parts if site in sites and not sites[site].revoked and mark != sites[site].issue}
    return Server(
        name, frozenset(site for site, _line, mark in parts if site not in former or mark == sites[site].issue), frozenset(former)
    )


async def _page(connection: Connection, server: str, offset: int = 0, *, closed: bool = False) -> Json:
    """One page of a server's connections; of closed ones the newest."""
    wanted: Json = {"auth": True, "limit": PAGE, "offset": offset, **({"state": 1, "sort": "stop"} if closed else {"sort": "cid"})}
    answers = await connection.gathered(f"$SYS.REQ.SERVER.{server}.CONNZ", wanted, 1)
    found = answers[0].get("data") if answers else None
    return found if isinstance(found, dict) else {}


async def _open(connection: Connection, server: str) -> list[Json]:
    """All open connections of a server."""
    found: list[Json] = []
    for _number in range(PAGES_LIMIT):
        page = await _page(connection, server, len(found))
        new = page.get("connections") or []
        found += new
        if not new or len(found) >= int(page.get("total", 0)):
            break
    return found


def _refusals(server: str, page: Json) -> Iterator[Refusal]:
    for one in page.get("connections") or []:
        if one.get("reason") == _REFUSED and one.get("name"):
            yield Refusal(str(one["name"]), server, _seconds(one.get("stop")) or 0.0)


def _links(server: str, name: str, every: Iterable[Json], before: Counts, watch_s: float) -> Iterator[Link]:
    """The connections of sites."""
    for one in every:
        account = str(one.get("account", ""))
        if account and account not in OWN_ACCOUNTS:
            more = int(one["in_msgs"]) - before.get((server, int(one["cid"])), 0)
            rate = more * 60 / watch_s if watch_s else 0.0
            yield Link(account.partition("_")[0], _parts(one)[1], name, _seconds(one.get("start")) or 0.0, rate)


def _parts(one: Json) -> tuple[str, str]:
    """Name and mark in the certificate of a connection."""
    parts = _USER.fullmatch(str(one.get("authorized_user", "")))
    return (parts[1], parts[2]) if parts else ("", "")


async def _held(connection: Connection) -> tuple[Stream, Consumer]:
    """Over the account of the stream: what waits, and who takes it. Raises RefusedError, SourceError."""
    waiting: dict[str, int] = {}
    found: Json = {}
    for _number in range(PAGES_LIMIT):
        found = await connection.ask(f"{natsfiles.INFO}{natsfiles.STREAM}", {"subjects_filter": natsfiles.SUBJECTS, "offset": len(waiting)})
        new = found["state"].get("subjects") or {}
        waiting.update(new)
        if not new or len(waiting) >= int(found.get("total", 0)):
            break
    cluster, state = found.get("cluster"), found["state"]
    sites = {parts[1]: number for subject, number in waiting.items() if (parts := _SUBJECT.fullmatch(subject))}
    stream = Stream(
        # A server that stands alone has no cluster, and leads.
        str(cluster.get("leader", "")) if isinstance(cluster, dict) else "-",
        int(found["config"].get("num_replicas", 1)),
        tuple(sorted(str(one["name"]) for one in (cluster or {}).get("replicas") or [] if one.get("offline") or not one.get("current"))),
        sites,
        _seconds(state.get("first_ts")) if state.get("messages") else None,
    )
    taker = await connection.ask(f"$JS.API.CONSUMER.INFO.{natsfiles.STREAM}.{natsfiles.CONSUMER}")
    consumer = Consumer(
        bool(taker.get("push_bound")),
        int(taker.get("num_ack_pending", 0)),
        int(taker["config"].get("max_ack_pending", 0)),
        int(taker.get("num_redelivered", 0)),
    )
    return stream, consumer


def _seconds(text: object) -> float | None:
    """The second of a time of NATS, which has nine decimals."""
    if not isinstance(text, str):
        return None
    whole, _point, rest = text.partition(".")
    try:
        return dt.datetime.fromisoformat(whole if whole.endswith("Z") else f"{whole}{rest.lstrip('0123456789')}").timestamp()
    except ValueError:
        return None
