"""Says what is wrong with each site. Pure: facts in, verdicts out.

The facts come from three places. The registry knows which sites there are. NATS knows who is connected and how much waits. InfluxDB
knows how old the data of each site are. None of them is enough alone: a site without a connection may be between two tries, a site with a
connection may send nothing, and data are old at all sites when InfluxDB was away.

A verdict is a row of a table, `_ACTIVE` or `_REVOKED`: its word, whether it is a trouble, and the function that finds it. A site has each
verdict that applies, and the first one is its state. A sentence says only what the facts show. If they show two causes, it names both.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from telegraf_han.clock import span
from telegraf_han.fleet.facts import BACK_S, ENDS_SOON_S, NOTHING, Facts, Link, Refusal, Stored, at, listed, moment, shown
from telegraf_han.fleet.registry import Site, active
from telegraf_han.language import _, counted, grouped, marked

MESSAGES_PER_MINUTE: Final = 60.0
"""More than this is far more than a small site sends: one message every 10 seconds."""
MESSAGES_PER_METER_MINUTE: Final = 1.5
"""And so many for each of its meters. A meter that sends every second fills one message of 60 lines per minute."""
LINES_PER_METER_MINUTE: Final = 120.0
"""More readings per meter and minute than any meter sends. Some send one every second."""
MUCH: Final = 4
"""So many times as much as other sites have is far more."""
ON_ITS_WAY_S: Final = 60.0
"""A message that is older is not only on its way."""
CATCHING_UP_S: Final = 120.0
"""Data of so long a time come at once only if they waited somewhere."""
STUCK_LINES: Final = 1000
"""The uplink of a site that has so many lines is catching up. Else it has only those of the last seconds."""

_BRING: Final = marked("Bring each of them its archive, unpack it, and run there: systemctl reload telegraf-han-nats")


class View(NamedTuple):
    """What is known of one site."""

    facts: Facts
    name: str
    site: Site
    stored: Stored
    waiting: int | None
    """Messages at the broker; None if it did not say."""
    usual: float | None
    """The median of what waits of the other sites; None if there are no others."""
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
    def uplink(self) -> bool:
        """Whether the uplink told of itself lately. Its figures have the time of the site's host."""
        uplink_s = self.stored.uplink_s
        return uplink_s is not None and self.facts.now_s - uplink_s <= self.facts.silence_s

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
    """Age of its newest data, below 0 if they are of the future."""
    waiting: int | None
    ok: int
    """Meters that are read."""
    meters: int
    sentences: tuple[str, ...]


def sites(facts: Facts) -> list[Result]:
    """The result of each site, troubles first."""
    waiting = facts.broker.stream.waiting if facts.broker.stream else None
    counts = sorted((waiting or {}).get(name, 0) for name in active(facts.sites))
    links: dict[str, list[Link]] = {}
    for link in facts.broker.links:
        links.setdefault(link.site, []).append(link)
    refused = _last(facts)
    found = []
    for name, site in sorted(facts.sites.items()):
        count = (waiting or {}).get(name, 0)
        view = View(
            facts,
            name,
            site,
            facts.stored.get(name, NOTHING),
            None if waiting is None else count,
            None if site.revoked else _middle(counts, count),
            tuple(links.get(name, ())),
            refused.get(name),
        )
        found.append(_result(view))
    order = [word for word, _trouble, _find in (*_REVOKED[:1], *_ACTIVE, *_REVOKED[1:])]
    return sorted(found, key=lambda result: (not result.trouble, order.index(result.state), result.name))


def _middle(counts: Sequence[int], own: int) -> float | None:
    """The median of sorted numbers without one of them. Ten thousand sites are not sorted ten thousand times."""
    place, rest = bisect_left(counts, own), len(counts) - 1
    if not rest:
        return None
    low, high = (counts[at + (at >= place)] for at in ((rest - 1) // 2, rest // 2))
    return (low + high) / 2


def _last(facts: Facts) -> dict[str, Refusal]:
    """The newest refusal of each name, if it is not long ago."""
    refusals = sorted(facts.broker.refusals, key=lambda one: one.at_s)
    return {refusal.name: refusal for refusal in refusals if facts.now_s - refusal.at_s <= facts.silence_s}


def _result(view: View) -> Result:
    rows = _REVOKED if view.site.revoked else _ACTIVE
    told = [(word, trouble, sentence) for word, trouble, find in rows if (sentence := find(view)) is not None]
    state, trouble, _sentence = told[0]
    stored = view.stored
    return Result(
        view.name,
        state,
        trouble,
        view.age_s if stored.future_s is None else view.facts.now_s - stored.future_s,
        view.waiting,
        stored.states.get("ok", 0),
        stored.meters,
        tuple(sentence for _word, _trouble, sentence in told if sentence),
    )


# --- the verdicts: each returns a sentence, "" if there is nothing to say, None if it does not apply ---


def _admitted(view: View) -> str | None:
    """Revoked, but a server does not know that."""
    servers = {server.name for server in view.facts.broker.servers if view.name in server.accounts}
    servers |= {link.server for link in view.links}
    if not servers:
        return None
    return _(
        "{site} was revoked on {date}, but is still admitted by {servers}. {bring}",
        site=view.name,
        date=shown(view.site.revoked),
        servers=listed(sorted(servers)),
        bring=_(_BRING),
    )


def _revoked(view: View) -> str:
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
    waiting, quota = view.waiting or 0, view.facts.quota
    alone = view.usual is not None and waiting > MUCH * view.usual
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
            "{site}: {number} readings per minute came from it, and its meters ({meters}) cannot send so many. Look there for the reason",
            site=view.name,
            number=grouped(round(view.stored.lines_per_minute)),
            meters=view.stored.meters,
        )
    return None


def _new(view: View) -> str | None:
    """Never heard. What was made long ago may have been heard before the time that was searched."""
    nothing = view.age_s is None and view.stored.uplink_s is None and view.stored.future_s is None
    if not nothing or view.links or view.waiting or view.facts.now_s - moment(view.site.made) > BACK_S:
        return None
    return _("{site}: nothing came from it since it was made on {date}.", site=view.name, date=shown(view.site.made)) + " " + _attempt(view)


def _silent(view: View) -> str | None:
    """Nothing new, and nothing under way."""
    if not view.old or view.waiting or view.stored.moved_s or _new(view) is not None:
        return None
    if view.uplink:
        return _told(view, _("Its uplink is all right, so look there at the Telegraf that reads the meters: systemctl status telegraf"))
    if view.per_minute > 0:
        return None
    if view.links and view.waiting is None:
        return _told(view, _("It is connected. See to the stream first, as said above"))
    if view.links:
        ago = _ago(view, min(link.since_s for link in view.links))
        if not view.facts.watched_s:
            return _told(view, _("It has been connected for {ago}. Whether it sends is seen with --listen", ago=ago))
        return _told(
            view,
            _(
                "It has been connected for {ago}, but sent nothing in {watched}. Look there: systemctl status telegraf telegraf-han-uplink",
                ago=ago,
                watched=span(view.facts.watched_s),
            ),
        )
    return _told(view, _attempt(view))


def _late(view: View) -> str | None:
    """Messages come, but their data are old."""
    if not view.old or _new(view) is not None or _silent(view) is not None:
        return None
    if view.waiting and _flooding(view) is not None:
        return None  # that says it
    if view.waiting and _behind(view.facts):
        said = counted(
            "{site}: {number} message of it waits at the broker.",
            "{site}: {number} messages of it wait at the broker.",
            view.waiting,
            site=view.name,
        )
        return f"{said} " + _("The centre has not written them to InfluxDB yet")
    if view.stored.moved_s >= CATCHING_UP_S or view.stored.uplink_lines >= STUCK_LINES or (view.uplink and view.stored.moved_s):
        return _told(view, _("It is catching up: older data come now. Wait, and check again"))
    if view.stored.moved_s:
        return _told(view, _("But data come from it. So its clock is late, or it is catching up. Look there: timedatectl, and check again"))
    return _told(
        view,
        _(
            "But messages come from it. It is catching up, its clock is late, or InfluxDB refuses its data. "
            "Check again, and see the log of the centre: journalctl -u telegraf-han-centre"
        ),
    )


def _behind(facts: Facts) -> bool:
    """Whether messages stay at the broker, and are not only on their way."""
    stream, consumer = facts.broker.stream, facts.broker.consumer
    taken = consumer is not None and consumer.attached
    return not taken or (stream is not None and stream.oldest_s is not None and facts.now_s - stream.oldest_s > ON_ITS_WAY_S)


def _ahead(view: View) -> str | None:
    if view.stored.future_s is None:
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
    if view.old or not stored.meters or "ok" in stored.states:
        return None
    states = ", ".join(f"{state} {number}" for state, number in sorted(stored.states.items()))
    return _("{site}: none of its meters is read ({states}). Look there: telegraf-han check", site=view.name, states=states)


def _former(view: View) -> str | None:
    """A certificate that is not in force: a server still admits it, or the site still has it."""
    servers = sorted({link.server for link in view.links if link.mark and link.mark != view.site.issue})
    if servers:
        return _(
            "{site}: its former certificate is still admitted by {servers}. {bring}. Bring the site its archive, too",
            site=view.name,
            servers=listed(servers),
            bring=_(_BRING),
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
    left_s = moment(view.site.until) - view.facts.now_s
    if left_s > ENDS_SOON_S:
        return None
    again = _("Make a new one, and bring it to the site and to the servers: telegraf-han fleet init {site}", site=view.name)
    if left_s <= 0:
        return _("{site}: its certificate ended on {date}.", site=view.name, date=shown(view.site.until)) + f" {again}"
    return _("{site}: its certificate ends on {date}.", site=view.name, date=shown(view.site.until)) + f" {again}"


def _fine(_view: View) -> str:
    return ""


_Rows = tuple[tuple[str, bool, Callable[[View], str | None]], ...]
_REVOKED: Final[_Rows] = (
    (marked("still admitted"), True, _admitted),
    (marked("revoked"), False, _revoked),
)
_ACTIVE: Final[_Rows] = (
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


def _told(view: View, more: str) -> str:
    """Since when a site is silent, and a sentence more."""
    newest_s = view.stored.newest_s
    if newest_s is None:
        return _("{site}: InfluxDB has no data of its meters of the last 30 days. {more}", site=view.name, more=more)
    return _("{site}: its newest data are of {time}. {more}", site=view.name, time=at(newest_s), more=more)


def _attempt(view: View) -> str:
    """What is known of a site without a connection."""
    unknown = [server.name for server in view.facts.broker.servers if view.name not in server.accounts]
    if view.refused and unknown:
        return _(
            "It tries to connect, but is not known yet to {servers}. {bring}. Then run at the site: systemctl restart telegraf-han-uplink",
            servers=listed(unknown),
            bring=_(_BRING),
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
    return _("It is not connected. Look there at power and network, then: systemctl restart telegraf-han-uplink")


def _ago(view: View, time_s: float) -> str:
    return span(max(0.0, view.facts.now_s - time_s))
