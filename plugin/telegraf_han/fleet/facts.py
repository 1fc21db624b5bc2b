"""What is judged: facts of the registry, of NATS and of InfluxDB, in a form that needs none of them; and how they are worded."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from telegraf_han.fleet.registry import Sites
from telegraf_han.language import _

ENDS_SOON_S: Final = 60 * 86_400.0
"""A certificate that ends within this time is told."""
BACK_S: Final = 30 * 86_400.0
"""So far back data are looked for."""
NAMED: Final = 8
"""So many names stand in one sentence."""
OWN_ACCOUNTS: Final = frozenset(("HAN", "SYS", "$G", "$SYS"))
"""Accounts of a server that are no sites."""

Level = Literal["ok", "warning", "error"]


class Finding(NamedTuple):
    """A sentence about the whole."""

    level: Level
    text: str


class Link(NamedTuple):
    """An open connection of a site."""

    site: str
    """What NATS knows of it: the account."""
    mark: str
    """The issue of its certificate."""
    server: str
    since_s: float
    per_minute: float
    """Messages in the time that was watched, per minute."""


class Refusal(NamedTuple):
    """A connection that a server ended because it does not know the certificate. The name is what the client says of itself."""

    name: str
    server: str
    at_s: float


class Server(NamedTuple):
    """A server that answered."""

    name: str
    accounts: frozenset[str]
    """Accounts that it knows. Those of sites have the name of the site."""
    former: frozenset[str] = frozenset()
    """Sites of which it admits a certificate that is not in force any more."""


class Stream(NamedTuple):
    """The stream."""

    leader: str
    """"" if there is none."""
    copies: int
    """On how many servers each message is to be stored."""
    away: tuple[str, ...]
    """Servers whose copy is not up to date."""
    waiting: Mapping[str, int]
    """Messages by site."""
    oldest_s: float | None
    """When the oldest message came."""


class Consumer(NamedTuple):
    """The consumer of the centre."""

    attached: bool
    """Whether a Telegraf takes messages."""
    under_way: int
    """Messages that were sent and are not acknowledged."""
    most_under_way: int
    redelivered: int


class Broker(NamedTuple):
    """What the NATS servers say."""

    servers: tuple[Server, ...] = ()
    links: tuple[Link, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    centres: int = 0
    """Connections of the centre."""
    stream: Stream | None = None
    consumer: Consumer | None = None
    trouble: str = ""
    """Why the stream or the consumer could not be asked."""


class Stored(NamedTuple):
    """What InfluxDB has of one site. A time is None if there is nothing."""

    reading_s: float | None = None
    """Newest reading of a meter."""
    status_s: float | None = None
    """Newest status line. It has the time of the site's host, and comes even if no meter is read."""
    uplink_s: float | None = None
    """Newest figure that the uplink gave of itself."""
    uplink_lines: int = 0
    """So many lines waited in the uplink then."""
    future_s: float | None = None
    """Newest point, if it is of the future."""
    states: Mapping[str, int] = {}
    """Number of meters by state."""
    lines_per_minute: float = 0.0
    """Readings in the last minutes."""
    moved_s: float = 0.0
    """By so much the newest point became newer while messages were counted."""

    @property
    def meters(self) -> int:
        """Number of meters."""
        return sum(self.states.values())

    @property
    def newest_s(self) -> float | None:
        """Newest point that is not of the future."""
        return max((time_s for time_s in (self.reading_s, self.status_s) if time_s is not None), default=None)


NOTHING: Final = Stored()


class Facts(NamedTuple):
    """All that is known."""

    now_s: float
    silence_s: float
    watched_s: float
    """So long messages were counted; 0 for not at all."""
    quota: int
    """Messages of one site that the broker keeps."""
    expected: tuple[str, ...]
    """Names of the servers in the plan."""
    sites: Sites
    broker: Broker
    stored: Mapping[str, Stored]


def moment(text: str) -> float:
    """The second of a time in the registry."""
    return dt.datetime.fromisoformat(text).timestamp()


def shown(text: str) -> str:
    """A time of the registry as a person reads it."""
    return at(moment(text))


def at(time_s: float) -> str:
    """A time as a person reads it, in the zone of this host."""
    return dt.datetime.fromtimestamp(time_s, dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, not too many."""
    every = list(names)
    if len(every) <= NAMED:
        return ", ".join(every)
    return ", ".join(every[:NAMED]) + _(" and {number} more", number=len(every) - NAMED)
