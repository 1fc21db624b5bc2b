"""Says what is wrong with the whole of a fleet: servers, stream, consumer, certificates. Pure: facts in, findings out."""

from collections.abc import Iterator, Mapping
from typing import Final

from telegraf_han.clock import span
from telegraf_han.fleet.facts import ENDS_SOON_S, OWN_ACCOUNTS, Broker, Consumer, Facts, Finding, Server, Stream, at, listed
from telegraf_han.fleet.registry import active
from telegraf_han.language import _, counted, grouped, marked

NO_MAJORITY: Final = marked("the stream takes no messages now, because more than half of its servers must run. Start the others")


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
    unknown = [name for name in may if name not in server.accounts | server.former]
    foreign = sorted(server.accounts - OWN_ACCOUNTS - facts.sites.keys())
    bring = _("Bring it its archive, unpack it, and reload it: servers/{server}.tar", server=server.name)
    if unknown:
        said = _("server {server} does not know yet: {sites}.", server=server.name, sites=listed(unknown))
        yield Finding("error", f"{said} {bring}")
    if server.former:
        said = _(
            "server {server} still admits the former certificate of: {sites}.", server=server.name, sites=listed(sorted(server.former))
        )
        yield Finding("error", f"{said} {bring}")
    if foreign:
        said = _("server {server} admits what is no site of this fleet: {sites}.", server=server.name, sites=listed(foreign))
        yield Finding("error", f"{said} {bring}")
    if not unknown and not foreign and not server.former:
        number = len(server.accounts & may.keys())
        yield Finding(
            "ok", counted("server {server} knows {number} site", "server {server} knows {number} sites", number, server=server.name)
        )


def _stream(stream: Stream, facts: Facts) -> Iterator[Finding]:
    total = sum(stream.waiting.values())
    if not stream.leader or len(stream.away) * 2 >= stream.copies > 1:
        yield Finding("error", _(NO_MAJORITY))
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
        yield Finding("error", _("no Telegraf of the centre takes messages. Look there: systemctl restart telegraf-han-centre"))
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


def endings(until: Mapping[str, float], now_s: float) -> Iterator[Finding]:
    """Certificates of the fleet itself that end soon, by name."""
    for name, until_s in until.items():
        if until_s - now_s > ENDS_SOON_S:
            continue
        date = at(until_s)
        said = (
            _("the certificate {name} ended on {date}.", name=name, date=date)
            if until_s <= now_s
            else _("the certificate {name} ends on {date}.", name=name, date=date)
        )
        again = _("Make a new one, and bring each host its archive: telegraf-han fleet create")
        yield Finding("error" if until_s <= now_s else "warning", f"{said} {again}")
