"""natsfiles: each site gets its own account, and nothing that opens another one."""

import re

import pytest

from telegraf_han.fleet import natsfiles
from telegraf_han.fleet.plan import Fleet
from telegraf_han.fleet.registry import Site

WOLA = Site("0123abcd", "2026-11-29T12:00:00Z", "2031-11-28T12:00:00Z")
USERS = {"admin": "CN=admin,OU=11111111", "watch": "CN=watch,OU=22222222", "centre": "CN=centre,OU=33333333"}
THREE = Fleet(("nats-1.test", "nats-2.test", "2001:db8::3"), port=4300, cluster_port=6300, store_gb=7)


def test_sites() -> None:
    """One account per active site, with its own subject and its own user."""
    known = {
        "wola": WOLA,
        "ursus": WOLA._replace(issue="89ef4567"),
        "gone": WOLA._replace(issue="77777777", revoked="2026-11-30T12:00:00Z"),
    }
    text = natsfiles.sites(known)

    accounts = re.findall(r'^"([^"_.]+)_([0-9a-f]+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    assert [(name, mark) for name, mark, _body in accounts] == [("ursus", "89ef4567"), ("wola", WOLA.issue)]
    for name, _mark, body in accounts:
        assert re.findall(r'user: "([^"]*)"', body) == [f"CN={name},OU={known[name].issue}"]
        assert re.findall(r'subject: "([^"]*)"', body) == [f"han.{name}.>", "$JS.API.STREAM.INFO.HAN_SITES"]
        assert "jetstream" not in body
    assert "77777777" not in text
    assert "gone" not in text


def test_no_sites() -> None:
    """A file that may be included, without an account."""
    assert natsfiles.sites({}).startswith("#")
    assert "{" not in natsfiles.sites({})


def test_a_server_of_a_cluster() -> None:
    """Routes to the others, not to itself; ports, store and users of the plan."""
    text = natsfiles.server("nats-1.test", THREE, USERS)

    assert 'server_name: "nats-1.test"' in text
    assert "port: 4300" in text
    assert "max_file_store: 7GB" in text
    assert re.search(r"routes: \[(.*)\]", text)[1] == '"nats://nats-2.test:6300", "nats://[2001:db8::3]:6300"'
    assert text.count("verify: true") == 1
    cluster = re.search(r"^cluster \{.*?^\}", text, re.MULTILINE | re.DOTALL)[0]
    assert re.findall(r'/([^/"]+)"', re.search(r"tls .*", cluster)[0]) == ["cluster.pem", "cluster.key", "cluster-ca.pem"]
    assert text.count("verify_and_map: true") == 1
    for user in USERS.values():
        assert text.count(user) == 1
    assert 'include "sites.conf"' in text
    assert 'http: "127.0.0.1:8222"' in text


def test_a_server_alone() -> None:
    """It has no cluster, and no second port."""
    text = natsfiles.server("nats.test", Fleet(("nats.test",)), USERS)

    assert "cluster" not in text
    assert "6222" not in text


def test_the_centre_may_not_publish_lines() -> None:
    """It takes and acknowledges. A centre that was broken into cannot write for a site, nor delete the stream."""
    text = natsfiles.server("nats.test", Fleet(("nats.test",)), USERS)
    publish = re.search(r"publish: \[(.*?)\]", text, re.DOTALL)[1]

    subjects = re.findall(r'"([^"]+)"', publish)
    assert "$JS.ACK.HAN.influx.>" in subjects
    assert not [subject for subject in subjects if subject.startswith("han") or "DELETE" in subject or "PURGE" in subject or subject == ">"]


@pytest.mark.parametrize("name", ["wola", "a-b-1"])
def test_subject(name: str) -> None:
    """One subject per site, which the stream takes."""
    assert natsfiles.subject(name) == f"han.{name}.lines"
