"""The questions about InfluxDB and Grafana."""

import os
from pathlib import Path

import pytest

from telegraf_han.errors import ConfigError
from telegraf_han.setup import database, servers
from telegraf_han.setup.texts import Database

from .conftest import Person, options


@pytest.fixture
def influx(monkeypatch):
    """Answer as an InfluxDB of this state. A token is accepted if it is "good"."""

    def answer(*states: str) -> None:
        left = list(states)
        monkeypatch.setattr(database, "state", lambda _: ((state := left.pop(0)), "" if state != "none" else "no InfluxDB answers."))

        def tried(_, path):
            if Path(path).read_text().strip() != "good":
                raise ConfigError(path, "--token-file", "not accepted")

        monkeypatch.setattr(database, "tried", tried)

    return answer


def test_a_new_influxdb_needs_no_words(influx, nobody, paths):
    """Its password and its token are made up."""
    influx("new")

    found = servers.influx(nobody, options(), paths, None)

    assert found.database == Database("http://127.0.0.1:8086", "home", "energy")
    assert (found.is_new, found.user, found.token_file) == (True, "admin", paths.admin_token)
    assert len(found.password) >= 64
    assert len(found.token) >= 64
    assert found.password != found.token


def test_a_password_of_the_persons_own(influx, paths, capsys):
    """InfluxDB wants eight characters."""
    influx("new")

    found = servers.influx(Person("anna", "short", "long enough"), options(), paths, None)

    assert (found.user, found.password) == ("anna", "long enough")
    assert "InfluxDB expects 8 to 72 characters." in capsys.readouterr().out


def test_no_influxdb(influx, nobody, paths, capsys):
    """Nobody can be asked, so the option is named."""
    influx("none")

    with pytest.raises(ConfigError, match="--influx-url: the address of an InfluxDB 2 that is running is expected"):
        servers.influx(nobody, options(), paths, None)
    assert "No InfluxDB answers." in capsys.readouterr().out


def test_another_address(influx, paths):
    """A person is asked until one answers."""
    influx("none", "none", "ready")

    person = Person("http://pi", "http://nas:8086/", "", "good")
    found = servers.influx(person, options(), paths, None)

    assert found.database.url == "http://nas:8086"
    assert person.asked[1].endswith("[http://127.0.0.1:8086]: ")  # and not the one that did not answer
    assert (found.is_new, found.token, found.token_file) == (False, "good", "")


def test_what_is_no_address(influx, nobody, paths, capsys):
    """Telegraf would not take it. A person is asked again."""
    influx("none", "ready")

    found = servers.influx(Person("nas:8086", "http://me:word@nas:8086", "http://nas:8086", "", "good"), options(), paths, None)

    said = capsys.readouterr().out
    assert found.database.url == "http://nas:8086"
    assert "an address that begins with http:// or https://, such as http://127.0.0.1:8086, is expected" in said
    assert "an address without a user and a password is expected" in said
    with pytest.raises(ConfigError, match="--influx-url: an address that begins with http:// or https://"):
        servers.influx(nobody, options(influx_url="nas:8086"), paths, None)


def test_a_token_is_tried(influx, paths, capsys):
    """Three times."""
    influx("ready")

    with pytest.raises(ConfigError, match="--token-file: a token that opens this InfluxDB is expected"):
        servers.influx(Person("", "bad", "", "worse"), options(), paths, None)
    said = capsys.readouterr().out
    assert said.count("This is not an all-access token that opens organisation home of this InfluxDB.") == 3
    assert "--token-file" not in said


def test_a_path_of_a_token_is_kept_whole(influx, nobody, paths, tmp_path, monkeypatch):
    """The record keeps it for `remove`, which may be called in another folder."""
    influx("ready")
    (tmp_path / "admin").write_text("good")
    monkeypatch.chdir(tmp_path)

    assert servers.influx(nobody, options(token_file="admin"), paths, None).token_file == f"{tmp_path}/admin"


def test_a_kept_token_that_is_not_known_any_more(influx, paths, capsys):
    """Somebody set up InfluxDB again, or between a question and the summary. A person can go on with another token."""
    influx("ready")
    os.makedirs(os.path.dirname(paths.admin_token))
    Path(paths.admin_token).write_text("bad")

    found = servers.influx(Person("", "good"), options(), paths, None)

    assert (found.token, found.token_file) == ("good", "")
    assert "not accepted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "content", "words"),
    [
        ("token_file", "token", "--token-file: this option has no effect, because this InfluxDB is new"),
        ("influx_password_file", "short", "--influx-password-file: InfluxDB expects 8 to 72 characters"),
        ("influx_password_file", "ż" * 37, "--influx-password-file: InfluxDB expects 8 to 72 characters"),
        ("influx_password_file", "", "--influx-password-file: InfluxDB expects 8 to 72 characters"),
    ],
)
def test_what_a_new_influxdb_would_refuse_later(influx, nobody, paths, tmp_path, given, content, words):
    """It is an error before anything is changed."""
    influx("new")
    (tmp_path / "file").write_text(content)

    with pytest.raises(ConfigError, match=words):
        servers.influx(nobody, options(**{given: str(tmp_path / "file")}), paths, None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"bucket": "a/b"}, "--bucket: the bucket of the telegrams is expected, without a /"),
        ({"bucket": "_a"}, "--bucket: a name without quotation marks is expected, and without _ at its beginning"),
        ({"bucket": 'a"b'}, "--bucket: a name without quotation marks is expected, and without _ at its beginning"),
        ({"org": " "}, "--org: the name of an organisation is expected"),
    ],
)
@pytest.mark.parametrize("state", ["new", "ready"])
def test_names_that_influxdb_refuses(influx, nobody, paths, state, given, words):
    """A new InfluxDB refuses them when its set-up is half done. Then it has an administrator and no token."""
    influx(state)

    with pytest.raises(ConfigError, match=words):
        servers.influx(nobody, options(**given), paths, None)


def test_a_token_of_an_earlier_set_up(influx, nobody, paths):
    """The token that `init` kept is used again."""
    influx("ready")
    os.makedirs(os.path.dirname(paths.admin_token))
    Path(paths.admin_token).write_text("good")

    found = servers.influx(nobody, options(), paths, Database("http://nas:8086", "house", "power"))

    assert found == servers.Influx(Database("http://nas:8086", "house", "power"), False, "", "", paths.admin_token)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "--token-file: a file with an all-access token of InfluxDB is expected"),
        ({"token_file": "bad"}, "--token-file: not accepted"),
        ({"influx_user": "anna"}, "--influx-user: this option has no effect, because this InfluxDB is set up already"),
        ({"influx_password_file": "x"}, "--influx-password-file: this option has no effect"),
    ],
)
def test_what_a_script_has_to_say(influx, nobody, paths, tmp_path, given, words):
    """One line names the option."""
    influx("ready")
    if "token_file" in given:
        (tmp_path / "bad").write_text("bad")
        given = {"token_file": str(tmp_path / "bad")}

    with pytest.raises(ConfigError, match=words):
        servers.influx(nobody, options(**given), paths, None)


def test_grafana_on_this_machine(paths):
    """Its folder of provisioning is there, so it gets the boards."""
    os.makedirs(f"{paths.grafana}/provisioning/datasources")

    assert servers.grafana(options(grafana_url="http://pi:3000/"), paths) == servers.Grafana("http://pi:3000", True)
    assert servers.grafana(options(), paths).provisions


def test_grafana_elsewhere(paths, monkeypatch, capsys):
    """Its address is only for the person. Without one, a page says what to do."""
    monkeypatch.setattr(servers, "_answers", lambda _: False)

    assert servers.grafana(options(grafana_url="http://nas:3000"), paths) == servers.Grafana("http://nas:3000", False)
    assert servers.grafana(options(), paths) == servers.Grafana("", False)
    assert "No Grafana was found on this machine." in capsys.readouterr().out
