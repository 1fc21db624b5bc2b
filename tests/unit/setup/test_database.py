"""What is made in InfluxDB, and what a look at it says. The real one is in tests/package."""

from contextlib import contextmanager

import pytest

from fakeinflux import api, place, said, say
from telegraf_han.config.sections import Output
from telegraf_han.errors import ConfigError, SourceError
from telegraf_han.influx import buckets, connection, tokens
from telegraf_han.influx.api import RefusedError
from telegraf_han.setup import database, machine, planning
from telegraf_han.setup.texts import Database

__all__ = ["api", "place", "said", "say"]

INFLUX = Database("http://influx.test", "home", "energy")


@pytest.fixture(autouse=True)
def opened(monkeypatch, place):
    """Every connection leads to the InfluxDB of the test."""

    @contextmanager
    def open_(_arguments):
        yield place

    monkeypatch.setattr(connection, "opened", open_)
    monkeypatch.setattr(connection, "writing", open_)


def test_what_is_lacking_is_then_made(api, tmp_path, say, said):
    """A look changes nothing. After the work, a look finds nothing."""
    files = [(tokens.write, str(tmp_path / "write")), (tokens.bill, str(tmp_path / "bill"))]

    missing = database.lacking(INFLUX, "admin", files, Output())
    assert {method for method, _ in api.calls} == {"GET"}
    database.settle(INFLUX, "admin", files, Output(), say, is_new=False)

    assert missing[:2] == ["bucket energy", "bucket energy/5m"]
    assert missing[-2:] == ["token write", "token bill"]
    assert len(missing) == len(said)
    assert database.lacking(INFLUX, "admin", files, Output()) == []


def test_two_machines_and_one_influxdb(api, tmp_path, monkeypatch, say, said):
    """The set-up of the second leaves the tokens of the first alone. `remove` on one leaves the other all it needs, the data, too."""
    for name in ("attic-1a2b", "cellar-3c4d"):
        monkeypatch.setattr(machine, "mark", lambda name=name: name)
        files = [(planning._here(tokens.write), str(tmp_path / name))]
        database.settle(INFLUX, "admin", files, Output(), say, is_new=False)

    database.remove(INFLUX, "admin", say, with_data=True)
    assert [one["description"] for one in api.resources["authorizations"]] == ["telegraf-han energy: write of attic-1a2b"]
    assert len(api.resources["buckets"]) == 2
    assert api.resources["tasks"]
    assert said[-1] == "kept tasks and buckets, because others use them: telegraf-han energy: write of attic-1a2b"

    monkeypatch.setattr(machine, "mark", lambda: "attic-1a2b")
    database.remove(INFLUX, "admin", say, with_data=True)
    assert [api.resources[kind] for kind in ("authorizations", "buckets", "tasks")] == [[], [], []]


def test_the_bucket_of_a_new_influxdb_is_ours(api, tmp_path, say):
    """So `remove --with-data` removes it, too."""
    api.resources["buckets"] = [{"id": "0001", "name": "energy"}]

    database.settle(INFLUX, "admin", [], Output(), say, is_new=True)

    assert [one["description"] for one in api.resources["buckets"]] == [buckets.RAW, buckets.DOWNSAMPLED]


@pytest.mark.parametrize(
    ("answer", "state", "why"),
    [
        ({"allowed": True}, "new", ""),
        ({"allowed": False}, "ready", ""),
        ({}, "none", "the server at http://influx.test/ does not answer as InfluxDB 2 does"),
        (SourceError("no InfluxDB answers"), "none", "no InfluxDB answers"),
        (RefusedError(404, "a web page"), "none", "InfluxDB says: a web page (404)"),
    ],
)
def test_the_state(monkeypatch, answer, state, why):
    """New, set up, or none at all."""

    class Answering:
        def __init__(self, url, org, token):
            assert (url, org, token) == ("http://influx.test", "", "")

        def call(self, method, path):
            assert (method, path) == ("GET", "/api/v2/setup")
            if isinstance(answer, Exception):
                raise answer
            return answer

        def close(self):
            pass

    monkeypatch.setattr(database, "Api", Answering)

    assert database.state("http://influx.test/") == (state, why)


def test_secrets_differ():
    """Nobody can guess them."""
    assert len({database.secret() for _ in range(100)}) == 100
    assert len(database.secret()) >= 64


def test_the_newest_point(api, monkeypatch):
    """By column, as soon as it is there."""
    answers = [[], [], [{"columns": ["time", "meter", "v"], "values": [[5, "home", 1.5]]}]]
    asked = []

    def influxql(bucket, query):
        asked.append((bucket, query))
        return answers.pop(0)

    api.influxql = influxql
    monkeypatch.setattr(database.time, "sleep", lambda _: None)

    assert database.newest(INFLUX, "token", Output(), 3, 60.0) == {"time": 5, "meter": "home", "v": 1.5}
    assert asked == [("energy", 'SELECT * FROM "electricity" WHERE time >= 3s ORDER BY time DESC LIMIT 1')] * 3


def test_a_name_with_quotes(api):
    """The name of a measurement stays a name."""
    asked = []
    api.influxql = lambda _, query: asked.append(query) or []

    assert database.state_of(INFLUX, "token", Output(measurement='a" FROM "b'), 3) is None

    assert asked == ['SELECT * FROM "a\\" FROM \\"b_link" WHERE time >= 3s ORDER BY time DESC LIMIT 1']


def test_a_token_that_opens_nothing(monkeypatch):
    """The reason is one sentence."""

    @contextmanager
    def refused(_arguments):
        raise ConfigError("", "--token-file", "a token that this InfluxDB knows is expected")
        yield

    monkeypatch.setattr(connection, "opened", refused)

    with pytest.raises(ConfigError, match=r"^--token-file: a token that this InfluxDB knows is expected"):
        database.tried(INFLUX, "admin")
