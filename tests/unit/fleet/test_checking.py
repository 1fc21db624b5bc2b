"""checking: facts of one site give its verdict. Each verdict has the facts that just give it, and those that just do not."""

import re
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telegraf_han import language
from telegraf_han.fleet import checking
from telegraf_han.fleet.facts import Broker, Consumer, Facts, Link, Refusal, Server, Stored, Stream
from telegraf_han.fleet.registry import Site

NOW = 1_800_000_000.0
SILENCE = 600.0
SITE = Site("aa", "2027-01-10T10:00:00Z", "2031-11-01T10:00:00Z")
REVOKED = SITE._replace(revoked="2027-01-12T10:00:00Z")
FRESH = Stored(reading_s=NOW - 5, status_s=NOW - 20, uplink_s=NOW - 30, states={"ok": 2})
OLD = Stored(reading_s=NOW - 7200, status_s=NOW - 7200, uplink_s=NOW - 7200)
HERE = Link("wola", "aa", "nats-1", NOW - 3600, 6.0)
QUIET = HERE._replace(per_minute=0.0)
TRIES = Refusal("wola", "nats-2", NOW - 20)
BOTH = (
    Server("nats-1", frozenset({"HAN", "SYS", "$G", "wola", "ursus"})),
    Server("nats-2", frozenset({"HAN", "SYS", "$G", "wola", "ursus"})),
)


def facts(
    site: Site = SITE,
    stored: Stored | None = FRESH,
    links: tuple[Link, ...] = (HERE,),
    refusals: tuple[Refusal, ...] = (),
    waiting: dict[str, int] | None = None,
    servers: tuple[Server, ...] = BOTH,
    others: int = 1,
    oldest_s: float = 100.0,
    watched_s: float = 12.0,
) -> Facts:
    """Facts of the site wola, beside `others` sites that are well."""
    names = ["ursus", *(f"other-{number}" for number in range(others - 1))][:others]
    broker = Broker(servers, links, refusals, 1, Stream("nats-1", 3, (), waiting or {}, NOW - oldest_s), Consumer(True, 0, 500, 0))
    data = {**dict.fromkeys(names, FRESH), **({"wola": stored} if stored else {})}
    return Facts(NOW, SILENCE, watched_s, 1000, ("nats-1", "nats-2"), {"wola": site, **dict.fromkeys(names, SITE)}, broker, data)


def result(**given: Any) -> checking.Result:
    return next(one for one in checking.sites(facts(**given)) if one.name == "wola")


def test_a_site_that_is_well() -> None:
    """Fresh data, a connection, meters that are read: no sentence."""
    assert result() == checking.Result("wola", "ok", False, 5.0, 0, 2, 2, ())


@pytest.mark.parametrize(
    ("case", "state", "words"),
    [
        # silent
        ({"stored": OLD, "links": ()}, "silent", "its newest data are of .* It is not connected"),
        ({"stored": OLD, "links": (QUIET,)}, "silent", "connected for 60 min, but sent nothing in 12 s"),
        ({"stored": OLD._replace(uplink_s=NOW - 30)}, "silent", "Its uplink is all right.*systemctl status telegraf$"),
        ({"stored": None, "links": (QUIET,)}, "silent", "no data of its meters of the last 30 days"),
        ({"stored": OLD, "links": (), "refusals": (TRIES,)}, "silent", "not in force: nats-2, 20 s ago"),
        ({"stored": OLD, "links": (), "servers": BOTH[:1]}, "silent", "none of the servers that answer"),
        ({"stored": OLD, "links": (QUIET,), "watched_s": 0.0}, "silent", "connected for 60 min. Whether it sends is seen with --listen"),
        (
            {"stored": None, "links": (), "site": SITE._replace(made="2026-12-01T10:00:00Z")},
            "silent",
            "no data of its meters of the last 30 days",
        ),
        # late
        ({"stored": OLD, "waiting": {"wola": 40}}, "late", "40 messages of it wait"),
        ({"stored": OLD, "waiting": {"wola": 1}, "links": ()}, "late", "1 message of it waits"),
        ({"stored": OLD._replace(moved_s=600.0)}, "late", "catching up: older data come now"),
        ({"stored": OLD._replace(uplink_lines=5000)}, "late", "catching up: older data come now"),
        ({"stored": OLD._replace(uplink_s=NOW - 30, moved_s=10.0)}, "late", "catching up: older data come now"),
        ({"stored": OLD._replace(moved_s=10.0)}, "late", "its clock is late, or it is catching up"),
        ({"stored": OLD}, "late", "or InfluxDB refuses its data"),
        ({"stored": OLD._replace(moved_s=600.0), "waiting": {"wola": 1}, "oldest_s": 2.0}, "late", "catching up: older data come now"),
        ({"stored": OLD, "waiting": {"wola": 1}, "oldest_s": 2.0, "links": ()}, "late", "But messages come from it"),
        # clock ahead
        ({"stored": FRESH._replace(future_s=NOW + 7200)}, "clock ahead", "which is 2 h|120 min ahead"),
        # flooding
        ({"waiting": {"wola": 500, "ursus": 100}}, "flooding", "500 of its messages wait. It may have 1,000"),
        ({"waiting": {"wola": 1000}}, "flooding", "1,000 of its messages wait, which is all that it may have"),
        ({"links": (HERE._replace(per_minute=65.0),)}, "flooding", "65 messages per minute.*fewer than 63"),
        ({"links": (HERE._replace(per_minute=40.0), HERE._replace(per_minute=40.0))}, "flooding", "80 messages per minute"),
        ({"stored": FRESH._replace(lines_per_minute=241.0)}, "flooding", "241 readings per minute"),
        # never heard
        ({"stored": None, "links": ()}, "never heard", "nothing came from it since it was made on 2027-01-10.*not connected"),
        ({"stored": None, "links": (), "refusals": (TRIES,)}, "never heard", "not in force"),
        (
            {"stored": None, "links": (), "refusals": (TRIES,), "servers": (BOTH[0], Server("nats-2", frozenset()))},
            "never heard",
            "not known yet to nats-2",
        ),
        # certificates
        ({"links": (HERE._replace(mark="bb"),)}, "old certificate", "former certificate is still admitted by nats-1"),
        ({"refusals": (TRIES,)}, "old certificate", "while it is connected, somebody tries"),
        ({"site": SITE._replace(until="2027-03-01T00:00:00Z")}, "certificate ends", "ends on 2027-03-01.*fleet init wola"),
        ({"site": SITE._replace(until="2027-01-01T00:00:00Z")}, "certificate ends", "ended on 2027-01-01.*fleet init wola"),
        # meters
        ({"stored": FRESH._replace(states={"silent": 1, "wrong_key": 2})}, "no meter", "silent 1, wrong_key 2"),
        # revoked
        (
            {"site": REVOKED, "servers": (BOTH[0], Server("nats-2", frozenset()))},
            "still admitted",
            "revoked on 2027-01-12.*still admitted by nats-1",
        ),
        ({"site": REVOKED, "servers": ()}, "still admitted", "still admitted by nats-1"),
    ],
)
def test_a_trouble(case: dict[str, Any], state: str, words: str) -> None:
    """The first verdict is the state, and a sentence says what to do."""
    found = result(**case)

    assert (found.state, found.trouble) == (state, True)
    assert found.sentences[0].startswith("wola")
    assert re.search(words, found.sentences[0]), found.sentences


@pytest.mark.parametrize(
    "case",
    [
        {"stored": FRESH._replace(reading_s=NOW - 600, status_s=None)},  # just not silent
        {"links": ()},  # between two connections; its data are fresh
        {"waiting": {"wola": 499}},  # just not half of its quota
        {"waiting": {"wola": 900, "ursus": 800}},  # InfluxDB was away for all
        {"waiting": {"wola": 900}, "others": 0},  # the only site: nobody to compare it with
        {"links": (HERE._replace(per_minute=61.0),)},
        {"links": (HERE._replace(per_minute=300.0),), "stored": FRESH._replace(states={"ok": 1000})},  # a large building
        {"stored": FRESH._replace(lines_per_minute=240.0)},
        {"refusals": (TRIES._replace(at_s=NOW - 601),)},  # long ago
        {"refusals": (TRIES._replace(at_s=NOW - 599),), "links": (HERE._replace(since_s=NOW - 10),)},  # before it connected
        {"refusals": (TRIES._replace(name="ursus"),)},
        {"stored": FRESH._replace(states={"ok": 1, "silent": 9})},  # its board and its alerts tell that
        {"site": SITE._replace(until="2027-03-20T00:00:00Z")},
    ],
)
def test_no_trouble(case: dict[str, Any]) -> None:
    """Facts on the other side of each limit."""
    found = result(**case)

    assert (found.state, found.trouble, found.sentences) == ("ok", False, ())


def test_catching_up_is_no_flood() -> None:
    """After an outage many messages come, but their data are old."""
    found = result(stored=OLD._replace(moved_s=5000.0), links=(HERE._replace(per_minute=900.0),))

    assert found.state == "late"


def test_a_revoked_site_that_no_server_admits() -> None:
    """That is as it should be. If it still tries, a sentence says so."""
    gone = (Server("nats-1", frozenset()), Server("nats-2", frozenset()))
    quiet = result(site=REVOKED, servers=gone, links=(), stored=OLD)
    trying = result(site=REVOKED, servers=gone, links=(), stored=OLD, refusals=(TRIES, TRIES._replace(at_s=NOW - 400)))

    assert (quiet.state, quiet.trouble, quiet.sentences) == ("revoked", False, ())
    assert (trying.state, trying.trouble) == ("revoked", False)
    assert "It still tries to connect, and is refused: nats-2, 20 s ago" in trying.sentences[0]


def test_a_site_has_every_verdict_that_applies() -> None:
    """The worst is the state, and each has its sentence."""
    found = result(stored=OLD, links=(), site=SITE._replace(until="2027-01-16T00:00:00Z"))

    assert found.state == "silent"
    assert len(found.sentences) == 2
    assert "certificate" in found.sentences[1]


def test_troubles_come_first() -> None:
    """The rows are in the order of their verdicts, then of their names."""
    sites = {"a": SITE, "b": SITE, "c": REVOKED, "d": SITE, "e": SITE}
    stored = {"a": FRESH, "b": OLD, "d": FRESH, "e": FRESH._replace(lines_per_minute=9999.0)}
    known = facts()._replace(sites=sites, stored=stored)._replace(broker=Broker(BOTH))

    assert [(one.name, one.state) for one in checking.sites(known)] == [
        ("e", "flooding"),
        ("b", "silent"),
        ("a", "ok"),
        ("d", "ok"),
        ("c", "revoked"),
    ]


def test_a_broker_that_does_not_tell_what_waits() -> None:
    """Without the stream nothing is said of messages, and no site is called late for them."""
    known = facts(stored=OLD, links=())
    found = next(one for one in checking.sites(known._replace(broker=known.broker._replace(stream=None))) if one.name == "wola")

    assert (found.state, found.waiting) == ("silent", None)
    assert "not connected" in found.sentences[0]


def test_a_site_that_is_connected_to_a_broker_that_takes_nothing() -> None:
    """The broker is at fault, and not the site."""
    known = facts(stored=OLD, links=(QUIET,))
    found = next(one for one in checking.sites(known._replace(broker=known.broker._replace(stream=None))) if one.name == "wola")

    assert "It is connected. See to the stream first" in found.sentences[0]


def test_newest_data_of_the_future() -> None:
    """Their age is below 0, and the site is not called silent."""
    found = result(stored=OLD._replace(future_s=NOW + 3600))

    assert (found.state, found.age_s) == ("clock ahead", -3600.0)


@given(st.lists(st.integers(0, 9), min_size=2), st.data())
def test_the_median_of_the_others(counts: list[int], data: st.DataObject) -> None:
    """As the library computes it from the list without the one."""
    own = data.draw(st.sampled_from(counts))
    rest = sorted(counts)
    rest.remove(own)

    assert checking._middle(sorted(counts), own) == median(rest)
    assert checking._middle([own], own) is None


def test_every_verdict_can_be_given() -> None:
    """The table has no row that nothing reaches: the cases above give each word."""
    reached = {mark.args[1][at][1] for mark in test_a_trouble.pytestmark for at in range(len(mark.args[1]))}

    assert reached | {"ok", "revoked"} == {word for word, _trouble, _find in (*checking._REVOKED, *checking._ACTIVE)}


def test_words_of_the_table_are_translated_where_they_are_said() -> None:
    """The state of a result is the English word, which the table's printer translates."""
    language.choose("pl")
    try:
        assert result().state == "ok"
        assert result(stored=OLD, links=()).state == "silent"
    finally:
        language.choose("en")
