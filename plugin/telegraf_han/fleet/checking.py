"""Says what is wrong with each site, and with the whole. Pure: facts in, verdicts out.

The facts come from three places. The registry knows which sites there are. NATS knows who is connected and how much waits. InfluxDB
knows how old the data of each site are. None of them is enough alone: a site without a connection may be between two tries, a site with a
connection may send nothing, and data are old at all sites when InfluxDB was away.

A verdict is a row of the table `_VERDICTS`: its word, whether it is a trouble, and the function that finds it. A site has each verdict that
applies, and the first one is its state. A sentence says only what the facts show. If they show two causes, it names both.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from statistics import median
from typing import Final, Literal, NamedTuple

from telegraf_han.clock import span
from telegraf_han.fleet.registry import Site, Sites, active
from telegraf_han.language import _, counted, grouped, marked

ENDS_SOON_S: Final = 60 * 86_400.0
"""A certificate that ends within this time is told."""
AHEAD_S: Final = 120.0
"""Clocks of hosts may differ so much. A status line has the time of its host."""
MESSAGES_PER_MINUTE: Final = 60.0
"""More than this is far more than a small site sends: one message every 10 seconds."""
MESSAGES_PER_METER_MINUTE: Final = 0.5
"""And so many for each of its meters. A meter that sends every second fills 0.3 messages of 200 lines per minute."""
LINES_PER_METER_MINUTE: Final = 120.0
"""More readings per meter and minute than any meter sends. Some send one every second."""
MUCH: Final = 4
"""So many times as much as other sites have is far more."""
STUCK_LINES: Final = 1000
"""The uplink of a site that has so many lines is catching up. Else it has only those of the last seconds."""
NAMED: Final = 8
"""So many sites are named in one sentence."""
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


class Stream(NamedTuple):
    """The stream."""

    leader: str
    """"" if there is none."""
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
    quota: int
    """Messages of one site that the broker keeps."""
    expected: tuple[str, ...]
    """Names of the servers in the plan."""
    sites: Sites
    broker: Broker
    stored: Mapping[str, Stored]


class View(NamedTuple):
    """What is known of one site."""

    facts: Facts
    name: str
    site: Site
    stored: Stored
    waiting: int | None
    """Messages at the broker; None if it did not say."""
    usual: float
    """What waits of the other sites, in the middle."""
    links: tuple[Link, ...]
    refused: Refusal | None
    """The last try of somebody who calls himself like this site."""

    @property
    def age_s(self) -> float | None:
        """Age of the newest point."""
        newest_s = self.stored.newest_s
        return None if newest_s is None else max(0.0, self.facts.now_s - newest_s)

    @property
    def old(self) -> bool:
        """Whether nothing new is in InfluxDB. A clock that is ahead is told by itself."""
        return self.stored.future_s is None and (self.age_s is None or self.age_s > self.facts.silence_s)

    @property
    def per_minute(self) -> float:
        """Messages per minute."""
        return sum(link.per_minute for link in self.links)


class Result(NamedTuple):
    """A site in the table."""

    name: str
    state: str
    """The word of its first verdict."""
    trouble: bool
    age_s: float | None
    waiting: int | None
    ok: int
    """Meters that are read."""
    meters: int
    sentences: tuple[str, ...]


def sites(facts: Facts) -> list[Result]:
    """The result of each site, troubles first."""
    waiting = facts.broker.stream.waiting if facts.broker.stream else None
    refused = _last(facts.broker.refusals)
    found = []
    for name, site in sorted(facts.sites.items()):
        others = [waiting.get(other, 0) for other in active(facts.sites) if other != name] if waiting is not None else []
        view = View(
            facts,
            name,
            site,
            facts.stored.get(name, NOTHING),
            None if waiting is None else waiting.get(name, 0),
            median(others) if others else 0.0,
            tuple(link for link in facts.broker.links if link.site == name),
            refused.get(name),
        )
        found.append(_result(view))
    order = [word for word, _trouble, _find in _VERDICTS]
    return sorted(found, key=lambda result: (not result.trouble, order.index(result.state), result.name))


def _last(refusals: Iterable[Refusal]) -> dict[str, Refusal]:
    found: dict[str, Refusal] = {}
    for refusal in sorted(refusals, key=lambda one: one.at_s):
        found[refusal.name] = refusal
    return found


def _result(view: View) -> Result:
    told = [(word, trouble, sentence) for word, trouble, find in _VERDICTS if (sentence := find(view)) is not None]
    state, trouble, _sentence = told[0]
    stored = view.stored
    return Result(
        view.name,
        state,
        trouble,
        view.age_s,
        view.waiting,
        stored.states.get("ok", 0),
        stored.meters,
        tuple(sentence for _word, _trouble, sentence in told if sentence),
    )


# --- the verdicts: each returns a sentence, "" if there is nothing to say, None if it does not apply ---


def _admitted(view: View) -> str | None:
    """Revoked, but a server does not know that."""
    if not view.site.revoked:
        return None
    servers = {server.name for server in view.facts.broker.servers if view.name in server.accounts}
    servers |= {link.server for link in view.links}
    if not servers:
        return None
    return _(
        "{site} was revoked on {date}, but {servers} still admits it. Bring each of these servers its archive, unpack it, and reload it",
        site=view.name,
        date=shown(view.site.revoked),
        servers=_listed(sorted(servers)),
    )


def _revoked(view: View) -> str | None:
    if not view.site.revoked:
        return None
    if view.refused:
        return _(
            "{site} was revoked on {date}. It still tries to connect, and is refused: {server}, {ago} ago. Stop its uplink there",
            site=view.name,
            date=shown(view.site.revoked),
            server=view.refused.server,
            ago=_ago(view, view.refused.at_s),
        )
    return ""


def _flooding(view: View) -> str | None:
    if view.site.revoked:
        return None
    waiting, quota = view.waiting or 0, view.facts.quota
    alone = waiting > MUCH * view.usual and len(active(view.facts.sites)) > 1
    many = MESSAGES_PER_MINUTE + MESSAGES_PER_METER_MINUTE * view.stored.meters
    if waiting >= quota / 2 and alone:
        full = waiting >= quota
        said = (
            _(
                "{site}: {number} of its messages wait, which is all that it may have, so the broker refuses more.",
                site=view.name,
                number=grouped(waiting),
            )
            if full
            else _(
                "{site}: {number} of its messages wait. It may have {quota}.", site=view.name, number=grouped(waiting), quota=grouped(quota)
            )
        )
        return f"{said} " + _(
            "Other sites have far fewer. Look there for what sends so much. If it may send so much, raise site_messages in fleet.toml"
        )
    if view.per_minute > many and not view.old:
        return _(
            "{site}: it sends {number} messages per minute, and a site of its size sends fewer than {most}. Look there for the reason",
            site=view.name,
            number=grouped(round(view.per_minute)),
            most=grouped(round(many)),
        )
    if view.stored.meters and view.stored.lines_per_minute > LINES_PER_METER_MINUTE * view.stored.meters:
        return _(
            "{site}: {number} readings per minute came from its {meters} meters, and no meter sends so many. Look there for the reason",
            site=view.name,
            number=grouped(round(view.stored.lines_per_minute)),
            meters=view.stored.meters,
        )
    return None


def _new(view: View) -> str | None:
    """Never heard."""
    nothing = view.age_s is None and view.stored.uplink_s is None and view.stored.future_s is None
    if view.site.revoked or not nothing or view.links or view.waiting:
        return None
    return _("{site}: nothing ever came from it. It was made on {date}.", site=view.name, date=shown(view.site.made)) + " " + _attempt(view)


def _silent(view: View) -> str | None:
    """Nothing new, and nothing under way."""
    if view.site.revoked or not view.old or view.waiting or _new(view) is not None:
        return None
    uplink_s = view.stored.uplink_s
    if uplink_s is not None and view.facts.now_s - uplink_s <= view.facts.silence_s:
        return (
            _since(view)
            + " "
            + _("Its uplink is all right, so look there at the Telegraf that reads the meters: systemctl status telegraf")
        )
    if view.per_minute > 0:
        return None
    if view.links:
        link = min(view.links, key=lambda one: one.since_s)
        return (
            _since(view)
            + " "
            + _(
                "It has been connected for {ago}, but sends nothing. Look there: systemctl status telegraf telegraf-han-uplink",
                ago=_ago(view, link.since_s),
            )
        )
    return _since(view) + " " + _attempt(view)


def _late(view: View) -> str | None:
    """Messages come, but their data are old."""
    if view.site.revoked or not view.old:
        return None
    if view.waiting:
        said = counted(
            "{site}: {number} message of it waits at the broker.",
            "{site}: {number} messages of it wait at the broker.",
            view.waiting,
            site=view.name,
        )
        return f"{said} " + _("The centre has not written them to InfluxDB yet")
    if view.per_minute <= 0 or _silent(view) is not None:
        return None
    if view.stored.uplink_lines >= STUCK_LINES or view.per_minute > MESSAGES_PER_MINUTE:
        return (
            _since(view)
            + " "
            + _("It is catching up: {number} messages per minute come. Wait, and check again", number=grouped(round(view.per_minute)))
        )
    return (
        _since(view)
        + " "
        + _(
            "But messages come from it, {number} per minute. So it is catching up, or its clock is late. Look there: timedatectl",
            number=grouped(round(view.per_minute)),
        )
    )


def _ahead(view: View) -> str | None:
    if view.site.revoked or view.stored.future_s is None:
        return None
    return _(
        "{site}: its newest data are of {time}, which is {ahead} ahead. Its clock is wrong, or was wrong. Look there: timedatectl",
        site=view.name,
        time=at(view.stored.future_s),
        ahead=span(view.stored.future_s - view.facts.now_s),
    )


def _unread(view: View) -> str | None:
    """None of its meters can be read."""
    stored = view.stored
    if view.site.revoked or view.old or not stored.meters or "ok" in stored.states:
        return None
    states = ", ".join(f"{state} {number}" for state, number in sorted(stored.states.items()))
    return _("{site}: none of its meters is read ({states}). Look there: telegraf-han check", site=view.name, states=states)


def _former(view: View) -> str | None:
    """A certificate that is not in force: a server still admits it, or the site still has it."""
    if view.site.revoked:
        return None
    servers = sorted({link.server for link in view.links if link.mark and link.mark != view.site.issue})
    if servers:
        return _(
            "{site}: {servers} still admits its former certificate. Bring each of these servers its archive, unpack it, and reload it. "
            "Bring the site its archive, too",
            site=view.name,
            servers=_listed(servers),
        )
    if view.refused and view.links and view.refused.at_s > max(link.since_s for link in view.links):
        return _(
            "{site}: while it is connected, somebody tries a certificate that is not in force under its name: {server}, {ago} ago. "
            "If you have made the site anew, its former host still runs",
            site=view.name,
            server=view.refused.server,
            ago=_ago(view, view.refused.at_s),
        )
    return None


def _ending(view: View) -> str | None:
    """Its certificate ends soon."""
    if view.site.revoked:
        return None
    left_s = moment(view.site.until) - view.facts.now_s
    if left_s > ENDS_SOON_S:
        return None
    again = _("Make a new one, and bring it to the site and to the servers: telegraf-han fleet init {site}", site=view.name)
    if left_s <= 0:
        return _("{site}: its certificate ended on {date}.", site=view.name, date=shown(view.site.until)) + f" {again}"
    return _("{site}: its certificate ends on {date}.", site=view.name, date=shown(view.site.until)) + f" {again}"


def _fine(view: View) -> str | None:
    return None if view.site.revoked else ""


_VERDICTS: Final[tuple[tuple[str, bool, Callable[[View], str | None]], ...]] = (
    (marked("still admitted"), True, _admitted),
    (marked("revoked"), False, _revoked),
    (marked("flooding"), True, _flooding),
    (marked("silent"), True, _silent),
    (marked("late"), True, _late),
    (marked("clock ahead"), True, _ahead),
    (marked("never heard"), True, _new),
    (marked("old certificate"), True, _former),
    (marked("no meter"), True, _unread),
    (marked("certificate ends"), True, _ending),
    (marked("ok"), False, _fine),
)


def _since(view: View) -> str:
    """Since when a site is silent."""
    newest_s = view.stored.newest_s
    if newest_s is None:
        return _("{site}: InfluxDB has no data of it.", site=view.name)
    return _("{site}: its newest data are of {time}.", site=view.name, time=at(newest_s))


def _attempt(view: View) -> str:
    """What is known of a site without a connection."""
    unknown = [server.name for server in view.facts.broker.servers if view.name not in server.accounts]
    if view.refused and unknown:
        return _(
            "It tries to connect, but {servers} does not know it yet. Bring each of these servers its archive, unpack it, and reload it",
            servers=_listed(unknown),
        )
    if view.refused:
        return _(
            "It tries to connect with a certificate that is not in force: {server}, {ago} ago. "
            "Bring it the archive that `telegraf-han fleet init {site}` made last",
            server=view.refused.server,
            ago=_ago(view, view.refused.at_s),
            site=view.name,
        )
    if len(view.facts.broker.servers) < len(view.facts.expected):
        return _("It is connected to none of the servers that answer. Bring back the others first")
    return _("It is not connected. Look there at power and network, then: systemctl status telegraf-han-uplink")


# --- the whole ---


def whole(facts: Facts) -> Iterator[Finding]:
    """What is to be said of servers, stream and centre."""
    broker = facts.broker
    answering = {server.name for server in broker.servers}
    for name in facts.expected:
        if name not in answering:
            yield Finding("error", _("server {server} does not answer. Look there: systemctl status telegraf-han-nats", server=name))
    for server in broker.servers:
        yield from _server(server, facts)
    if broker.trouble:
        yield Finding("error", broker.trouble)
    if broker.stream:
        yield from _stream(broker.stream, facts)
    if broker.consumer:
        yield from _consumer(broker.consumer, broker)


def _server(server: Server, facts: Facts) -> Iterator[Finding]:
    may = active(facts.sites)
    unknown = [name for name in may if name not in server.accounts]
    foreign = sorted(server.accounts - OWN_ACCOUNTS - facts.sites.keys())
    bring = _("Bring it its archive, unpack it, and reload it: servers/{server}.tar", server=server.name)
    if unknown:
        said = _("server {server} does not know yet: {sites}.", server=server.name, sites=_listed(unknown))
        yield Finding("error", f"{said} {bring}")
    if foreign:
        said = _("server {server} admits what is no site of this fleet: {sites}.", server=server.name, sites=_listed(foreign))
        yield Finding("error", f"{said} {bring}")
    if not unknown and not foreign:
        number = len(server.accounts & may.keys())
        yield Finding(
            "ok", counted("server {server} knows {number} site", "server {server} knows {number} sites", number, server=server.name)
        )


def _stream(stream: Stream, facts: Facts) -> Iterator[Finding]:
    total = sum(stream.waiting.values())
    if not stream.leader:
        yield Finding("error", _("the stream has no leader, so it takes no messages. More than half of the servers must run"))
    for name in stream.away:
        yield Finding("warning", _("the copy of the stream on server {server} is not up to date", server=name))
    age_s = 0.0 if stream.oldest_s is None or not total else facts.now_s - stream.oldest_s
    said = counted("{shown} message waits at the broker", "{shown} messages wait at the broker", total, shown=grouped(total))
    if age_s > facts.silence_s:
        yield Finding(
            "error",
            f"{said}. "
            + _("The oldest came {ago} ago, so the centre is behind. See its log: journalctl -u telegraf-han-centre", ago=span(age_s)),
        )
    else:
        yield Finding("ok", said)


def _consumer(consumer: Consumer, broker: Broker) -> Iterator[Finding]:
    if not consumer.attached:
        yield Finding("error", _("no Telegraf of the centre takes messages. Start one: systemctl start telegraf-han-centre"))
    elif consumer.under_way >= consumer.most_under_way:
        yield Finding(
            "error",
            _(
                "the centre has {number} messages that it does not acknowledge. Is InfluxDB there, and may the centre's token write?",
                number=grouped(consumer.under_way),
            ),
        )
    else:
        yield Finding(
            "ok",
            counted("{number} Telegraf of the centre takes messages", "{number} Telegrafs of the centre take messages", broker.centres),
        )
    if consumer.redelivered:
        said = counted(
            "{shown} message was sent to the centre more than once. That does no harm, but something was away",
            "{shown} messages were sent to the centre more than once. That does no harm, but something was away",
            consumer.redelivered,
            shown=grouped(consumer.redelivered),
        )
        yield Finding("warning", said)


def endings(names_until: Mapping[str, float], now_s: float) -> Iterator[Finding]:
    """Certificates of the fleet itself that end soon, by name."""
    for name, until_s in names_until.items():
        if until_s - now_s <= ENDS_SOON_S:
            yield Finding(
                "error" if until_s <= now_s else "warning",
                _(
                    "the certificate {name} ends on {date}. Make a new one, and bring each host its archive: telegraf-han fleet create",
                    name=name,
                    date=at(until_s),
                ),
            )


# --- words ---


def moment(text: str) -> float:
    """The second of a time in the registry."""
    return dt.datetime.fromisoformat(text).timestamp()


def shown(text: str) -> str:
    """A time of the registry as a person reads it."""
    return at(moment(text))


def at(time_s: float) -> str:
    """A time as a person reads it, in the zone of this host."""
    return dt.datetime.fromtimestamp(time_s, dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def _ago(view: View, time_s: float) -> str:
    return span(max(0.0, view.facts.now_s - time_s))


def _listed(names: Iterable[str]) -> str:
    """Names in a sentence, not too many."""
    every = list(names)
    if len(every) <= NAMED:
        return ", ".join(every)
    return ", ".join(every[:NAMED]) + _(" and {number} more", number=len(every) - NAMED)
