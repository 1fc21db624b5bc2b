"""watching: answers of NATS become facts. What a server leaves out, or a later release adds, is no fault."""

import asyncio
from typing import Any

import pytest

from telegraf_han.errors import SourceError
from telegraf_han.fleet import broker, condition, watching
from telegraf_han.fleet.broker import Json, RefusedError
from telegraf_han.fleet.facts import Broker, Consumer, Link, Refusal, Server, Stream
from telegraf_han.fleet.folder import Folder
from telegraf_han.fleet.registry import Site

SITES = {
    name: Site(mark, "2026-11-01T00:00:00Z", "2031-11-01T00:00:00Z") for name, mark in (("wola", "aa"), ("ursus", "bb"), ("praga", "cc"))
}
START = "2026-11-29T17:47:52.438480997Z"
START_S = 1_795_974_472.0


def connection_of(cid: int, account: str, user: str, messages: int = 0, **more: Any) -> Json:
    return {"cid": cid, "account": account, "authorized_user": user, "in_msgs": messages, "start": START, "name": account, **more}


class Fake:
    """Servers that answer what the test says. Open connections are asked for twice: `later` is the second answer."""

    def __init__(self, now: list[Json], later: list[Json] | None = None, closed: list[Json] | None = None, page: int = 1000) -> None:
        self.answers = [now, now if later is None else later]
        self.closed = closed or []
        self.page = page
        self.asked: list[str] = []
        self.round = 0

    async def gathered(self, subject: str, body: Json, _count: int) -> list[Json]:
        self.asked.append(subject)
        server = {"id": "ID1", "name": "nats-1"}
        if subject == "$SYS.REQ.SERVER.PING.ACCOUNTZ":
            return [
                {"server": server, "data": {"accounts": ["HAN", "wola_aa", "ursus_b0", "praga_cc", "praga_c0"]}},
                {"server": {"id": "ID2", "name": "nats-2"}, "error": {}},
            ]
        assert subject == "$SYS.REQ.SERVER.ID1.CONNZ"
        if body.get("state") == 1:
            return [{"server": server, "data": {"connections": self.closed}}]
        every = self.answers[min(self.round, 1)]
        found = every[body["offset"] : body["offset"] + self.page]
        if body["offset"] + self.page >= len(every):
            self.round += 1
        return [{"server": server, "data": {"connections": found, "total": len(every)}}]


def watched(fake: Any, watch_s: float = 0.001) -> Broker:
    return asyncio.run(watching._watched(fake, 2, watch_s, SITES))


def test_connections_of_sites() -> None:
    """Their rate is that between the two answers. The program's own connections and the centre's are no sites."""
    now = [
        connection_of(1, "wola_aa", "CN=wola,OU=aa", 100),
        connection_of(2, "HAN", "CN=centre,OU=cc"),
        connection_of(3, "SYS", "CN=watch,OU=ww"),
        {"cid": 4, "in_msgs": 0},
    ]
    later = [connection_of(1, "wola_aa", "CN=wola,OU=aa", 103), *now[1:], connection_of(9, "ursus", "CN=ursus,OU=bb", 5)]

    assert watched(Fake(now, later), 0.01)._replace(refusals=()) == Broker(
        (Server("nats-1", frozenset({"HAN", "wola", "praga"}), frozenset({"ursus", "praga"})),),
        (Link("wola", "aa", "nats-1", START_S, 18_000.0), Link("ursus", "bb", "nats-1", START_S, 30_000.0)),
        centres=1,
    )


def test_without_watching_there_is_no_rate() -> None:
    """`--listen 0`."""
    assert [link.per_minute for link in watched(Fake([connection_of(1, "wola", "CN=wola,OU=aa", 100)]), 0.0).links] == [0.0]


def test_many_connections_come_in_pages() -> None:
    """All of them are taken, each once."""
    every = [connection_of(number, f"site-{number}", f"CN=site-{number},OU=aa") for number in range(25)]

    assert [link.site for link in watched(Fake(every, page=10)).links] == [f"site-{number}" for number in range(25)]


def test_refusals() -> None:
    """Only of clients that gave a name, and only for their certificate."""
    closed = [
        {"name": "wola", "reason": "Authentication Failure", "stop": START},
        {"name": "ursus", "reason": "Client Closed", "stop": START},
        {"reason": "Authentication Failure", "stop": START},
    ]

    assert watched(Fake([], closed=closed)).refusals == (Refusal("wola", "nats-1", START_S),)


class Stored:
    """The account of the stream."""

    def __init__(self, stream: Json | Exception, consumer: Json | None = None) -> None:
        self.stream = stream
        self.consumer = consumer or {"config": {"max_ack_pending": 500}}

    async def ask(self, subject: str, body: Json | None = None) -> Json:
        if subject == "$JS.API.CONSUMER.INFO.HAN.influx":
            return self.consumer
        assert subject == "$JS.API.STREAM.INFO.HAN"
        if isinstance(self.stream, Exception):
            raise self.stream
        assert body is not None
        subjects = dict(list(self.stream["state"].get("subjects", {}).items())[body["offset"] : body["offset"] + 2])
        return {**self.stream, "state": {**self.stream["state"], "subjects": subjects}}


def test_what_waits() -> None:
    """By site, in pages, with who has no copy."""
    subjects = {f"han.site-{number}.lines": number for number in range(5)} | {"han.x.y.lines": 1}
    stream = {
        "total": len(subjects),
        "config": {"num_replicas": 3},
        "state": {"messages": 11, "first_ts": START, "subjects": subjects},
        "cluster": {"leader": "nats-1", "replicas": [{"name": "b", "current": True}, {"name": "a", "current": True, "offline": True}]},
    }
    taker = {"push_bound": True, "num_ack_pending": 7, "num_redelivered": 2, "config": {"max_ack_pending": 500}}

    assert asyncio.run(watching._held(Stored(stream, taker))) == (  # type: ignore[arg-type]
        Stream("nats-1", 3, ("a",), {f"site-{number}": number for number in range(5)}, START_S),
        Consumer(True, 7, 500, 2),
    )


def test_a_server_alone() -> None:
    """It names no cluster, and no subjects while nothing waits. The time of the first message is then no time."""
    stream = {"config": {}, "state": {"messages": 0, "first_ts": "0001-01-01T00:00:00Z"}}

    assert asyncio.run(watching._held(Stored(stream))) == (Stream("-", 1, (), {}, None), Consumer(False, 0, 500, 0))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RefusedError(10059, "stream not found"), "Run: telegraf-han fleet setup"),
        (RefusedError(10014, "consumer not found"), "Run: telegraf-han fleet setup"),
        (RefusedError(10008, "JetStream system temporarily unavailable"), condition.NO_MAJORITY),
        (RefusedError(1, "other"), "NATS says: other"),
        (SourceError("no answer"), "no answer"),
    ],
)
def test_a_stream_that_cannot_be_asked(place: Folder, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str) -> None:
    """What the servers said of sites is kept, and the trouble has words."""
    fakes: list[Any] = [Fake([connection_of(1, "wola", "CN=wola,OU=aa")]), Stored(error)]
    keys: list[str] = []

    def asked(_fleet: Any, _authority: str, _certificate: str, key: str, work: Any) -> Any:
        keys.append(key)
        return asyncio.run(work(fakes.pop(0)))

    monkeypatch.setattr(broker, "asked", asked)
    found = watching.looked(place, 0.0)

    assert [link.site for link in found.links] == ["wola"]
    assert (found.stream, found.consumer) == (None, None)
    assert words in found.trouble
    assert keys == [place.place("watch.key"), place.place("admin.key")]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(START, START_S), ("2026-11-29T17:47:52Z", START_S), ("2026-11-29T18:47:52.1+01:00", START_S), ("x", None), (None, None), ("", None)],
)
def test_times(text: object, seconds: float | None) -> None:
    """NATS writes nine decimals, or none."""
    assert watching._seconds(text) == seconds
