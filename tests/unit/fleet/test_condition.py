"""condition: what is said of servers, stream, consumer and certificates."""

import pytest

from telegraf_han.fleet import condition
from telegraf_han.fleet.facts import Broker, Consumer, Facts, Server, Stream
from telegraf_han.fleet.registry import Site

NOW = 1_800_000_000.0
SITE = Site("aa", "2026-11-01T10:00:00Z", "2031-11-01T10:00:00Z")
WELL = Broker(
    tuple(Server(name, frozenset({"HAN", "SYS", "$G", "wola"})) for name in ("nats-1", "nats-2", "nats-3")),
    centres=2,
    stream=Stream("nats-1", 3, (), {"wola": 3}, NOW - 2),
    consumer=Consumer(True, 3, 500, 0),
)
STREAM = WELL.stream
CONSUMER = WELL.consumer
assert STREAM is not None
assert CONSUMER is not None


def told(broker: Broker, level: str = "error", sites: dict[str, Site] | None = None) -> list[str]:
    facts = Facts(NOW, 600.0, 12.0, 1000, ("nats-1", "nats-2", "nats-3"), {"wola": SITE} if sites is None else sites, broker, {})
    return [finding.text for finding in condition.whole(facts) if finding.level == level]


def test_a_fleet_that_is_well() -> None:
    """One line of each server, of the stream and of the centre."""
    assert told(WELL) == told(WELL, "warning") == []
    assert told(WELL, "ok") == [
        "server nats-1 knows 1 site",
        "server nats-2 knows 1 site",
        "server nats-3 knows 1 site",
        "3 messages wait at the broker",
        "2 Telegrafs of the centre take messages",
    ]


def test_a_server_that_does_not_answer() -> None:
    """It is named, with what to look at there."""
    assert told(WELL._replace(servers=WELL.servers[:2])) == [
        "server nats-3 does not answer. Look there: systemctl status telegraf-han-nats"
    ]


def test_a_server_with_a_former_archive() -> None:
    """It does not know a new site. Many names are cut."""
    many = {f"site-{number:02}": SITE for number in range(12)}

    assert told(WELL, sites={"wola": SITE, "ursus": SITE})[0].startswith("server nats-1 does not know yet: ursus. Bring it its archive")
    assert "site-00, site-01, site-02, site-03, site-04, site-05, site-06, site-07 and 4 more" in told(WELL, sites=many)[0]


def test_a_server_that_admits_a_stranger() -> None:
    """An account that no registry knows, for example after the registry was restored from a backup."""
    stranger = WELL.servers[0]._replace(accounts=frozenset({"HAN", "SYS", "$G", "wola", "old-site"}))

    assert told(WELL._replace(servers=(stranger, *WELL.servers[1:]))) == [
        "server nats-1 admits what is no site of this fleet: old-site. Bring it its archive, unpack it, and reload it: servers/nats-1.tar"
    ]


def test_a_revoked_site_is_no_stranger() -> None:
    """Who is revoked and still admitted is told at the site, not here."""
    assert told(WELL, sites={"wola": SITE._replace(revoked="2026-11-20T10:00:00Z")}) == []


@pytest.mark.parametrize(
    ("broker", "words"),
    [
        (WELL._replace(stream=None, consumer=None, trouble="no answer"), "no answer"),
        (WELL._replace(stream=STREAM._replace(leader="")), "the stream takes no messages now"),
        (WELL._replace(stream=STREAM._replace(away=("nats-2", "nats-3"))), "the stream takes no messages now"),
        (WELL._replace(stream=STREAM._replace(oldest_s=NOW - 7200)), "3 messages wait at the broker. The oldest came 2 h|120 min ago"),
        (WELL._replace(consumer=CONSUMER._replace(attached=False)), "no Telegraf of the centre takes messages"),
        (WELL._replace(consumer=CONSUMER._replace(under_way=500)), "500 messages that it does not acknowledge"),
    ],
)
def test_an_error(broker: Broker, words: str) -> None:
    """One finding, with what to do."""
    found = told(broker)

    assert len(found) == 1
    assert any(part in found[0] for part in words.split("|"))


def test_warnings() -> None:
    """What does no harm yet: a copy that is behind, and messages that came twice."""
    behind = WELL._replace(stream=STREAM._replace(away=("nats-2",)), consumer=CONSUMER._replace(redelivered=1200))

    assert told(behind) == []
    assert told(behind, "warning") == [
        "the copy of the stream on server nats-2 is not up to date",
        "1,200 messages were sent to the centre more than once. That does no harm, but something was away",
    ]


def test_an_empty_stream_is_not_behind() -> None:
    """The time of a message that is gone says nothing."""
    assert told(WELL._replace(stream=STREAM._replace(waiting={}, oldest_s=NOW - 7200))) == []


def test_certificates_of_the_fleet() -> None:
    """They are told 60 days before their end, and are errors after it."""
    day_s = 86_400.0
    found = list(condition.endings({"ca": NOW + 61 * day_s, "watch": NOW + 59 * day_s, "servers/nats-1": NOW - 1}, NOW))

    assert [finding.level for finding in found] == ["warning", "error"]
    assert found[0].text.startswith("the certificate watch ends on 2027-03-15")
    assert found[0].text.endswith("telegraf-han fleet create")
    assert found[1].text.startswith("the certificate servers/nats-1 ended on")


def test_a_former_certificate_is_still_admitted() -> None:
    """A site has a new certificate, and a server does not know it yet: the one before, which may be stolen, is still good there."""
    behind = Server("nats-2", frozenset({"HAN", "SYS", "$G"}), frozenset({"wola"}))

    assert told(WELL._replace(servers=(WELL.servers[0], behind, WELL.servers[2]))) == [
        "server nats-2 still admits the former certificate of: wola. Bring it its archive, unpack it, and reload it: servers/nats-2.tar"
    ]
