"""connection: options and environment give a connection. A refusal gives a line that says what to do."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from telegraf_han.errors import ConfigError, SourceError
from telegraf_han.influx import connection
from telegraf_han.influx.api import Api, RefusedError

CANARY = "cAnaRy-t0ken_0123456789=="
NO_ADDRESS = "--url: an address that begins with http:// or https://, such as http://127.0.0.1:8086, is expected"


def options(*words: str) -> Namespace:
    parser = ArgumentParser()
    connection.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "ORG", "BUCKET", "TOKEN"):
        monkeypatch.delenv(f"INFLUX_{name}", raising=False)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{CANARY}\n")
    path.chmod(0o600)
    return path


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults are those of telegraf.conf.example."""
    monkeypatch.setenv("INFLUX_TOKEN", CANARY)

    with connection.writing(options()) as place:
        assert (place.api.url, place.api.org, place.bucket) == ("http://127.0.0.1:8086", "home", "energy")


def test_the_environment_and_options(monkeypatch: pytest.MonkeyPatch, token_file: Path) -> None:
    """The environment overrides the defaults, and options override the environment."""
    monkeypatch.setenv("INFLUX_URL", "http://nas.test:8086/")
    monkeypatch.setenv("INFLUX_ORG", "house")
    monkeypatch.setenv("INFLUX_BUCKET", "cottage")

    with connection.writing(options("--org", "flat", "--token-file", str(token_file))) as place:
        assert (place.api.url, place.api.org, place.bucket) == ("http://nas.test:8086", "flat", "cottage")
        assert place.api._token == CANARY


def test_a_token_is_in_no_text(token_file: Path) -> None:
    """Neither repr nor an error shows a token."""
    words = options("--url", "http://127.0.0.1:1", "--token-file", str(token_file))
    with connection.writing(words) as place:
        assert CANARY not in repr(place)
        with pytest.raises(SourceError) as error:
            place.api.call("GET", "/api/v2/orgs")

    assert "127.0.0.1:1" in str(error.value)
    assert CANARY not in f"{error.value!r} {error.value.__cause__!r} {error.value!s}"


def test_a_token_that_others_may_read(token_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It works, with a warning."""
    token_file.chmod(0o644)

    assert connection.token_in(str(token_file), "--token-file") == CANARY
    assert capsys.readouterr().err == f"W! every user of this machine may read the token in {token_file}. Run: chmod 600 {token_file}\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "--token-file: a file with a token of InfluxDB is expected, or the token in INFLUX_TOKEN"),
        (["--token-file", "nowhere"], "nowhere: --token-file: a file that can be read is expected: no such file or directory"),
        (
            ["--token-file", os.devnull],
            f"{os.devnull}: --token-file: a file with a token of InfluxDB is expected, or the token in INFLUX_TOKEN",
        ),
        (["--url", "nas:8086"], NO_ADDRESS),
        (["--url", "http://"], NO_ADDRESS),
        (["--url", "http://nas:80860"], NO_ADDRESS),
        (["--url", "http://nas:port"], NO_ADDRESS),
        (
            ["--bucket", "energy/5m"],
            "--bucket: the bucket of the telegrams is expected, without a /; the down-sampled bucket has the same name with /5m",
        ),
    ],
    ids=["no token", "no file", "empty file", "no address", "no host", "no port", "port in words", "wrong bucket"],
)
def test_what_is_missing(words: list[str], expected: str) -> None:
    """Options that cannot work are reported before anything is sent."""
    with pytest.raises(ConfigError) as error, connection.writing(options(*words)):
        pass

    assert str(error.value) == expected


@pytest.mark.parametrize(("orgs", "key"), [({}, "--url"), ({"orgs": []}, "--org")], ids=["another server", "a token that only writes"])
def test_no_organisation(monkeypatch: pytest.MonkeyPatch, orgs: dict[str, list[object]], key: str) -> None:
    """Another server's friendly answer is not taken for a missing organisation."""
    monkeypatch.setenv("INFLUX_TOKEN", CANARY)
    monkeypatch.setattr(Api, "call", lambda *_, **__: orgs)

    with pytest.raises(ConfigError) as error, connection.opened(options()):
        pass
    assert error.value.key == key


@pytest.mark.parametrize("status", [200, 404, 501])
def test_another_server(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """A server that is no InfluxDB is not treated as an InfluxDB that refuses. The error names the address."""
    monkeypatch.setenv("INFLUX_TOKEN", CANARY)

    with (
        pytest.raises(ConfigError, match=rf"^--url: the address of an InfluxDB 2.*; the answer was: a web page \({status}\)$"),
        connection.writing(options()),
    ):
        raise RefusedError(status, "a web page")


def test_where_the_token_came_from(monkeypatch: pytest.MonkeyPatch, token_file: Path) -> None:
    """The error names the place that a refused token came from."""
    monkeypatch.setenv("INFLUX_TOKEN", CANARY)

    for words, origin in (([], "INFLUX_TOKEN"), (["--token-file", str(token_file)], str(token_file))):
        with pytest.raises(ConfigError, match=f"the token in {origin}"), connection.writing(options(*words)):
            raise RefusedError(401, "unauthorized access")


def test_a_file_that_is_no_token(tmp_path: Path) -> None:
    """A picture given as token is not sent to anybody, and not shown."""
    path = tmp_path / "token"
    path.write_bytes(b"\x89PNG\xff\x00")

    with pytest.raises(ConfigError, match="one line of letters and digits"), connection.writing(options("--token-file", str(path))):
        pass


@pytest.mark.parametrize(
    ("status", "words", "key", "expected"),
    [
        (401, "unauthorized access", "--token-file", "a token that this InfluxDB knows"),
        (403, "insufficient permissions for write", "--token-file", "a token that may do this"),
        (404, 'bucket "nix" not found', "--bucket", "telegraf-han influx setup makes it"),
        (404, 'failed to initialize execute state: could not find bucket "nix"', "--bucket", "telegraf-han influx setup makes it"),
        (200, "retention policy not found: 5m", "--bucket", "telegraf-han influx setup makes it"),
        (404, 'organization name "nix" not found', "--org", "an organisation of this InfluxDB"),
        (500, "internal error", "", "InfluxDB 2 is expected"),
    ],
)
def test_refusals(monkeypatch: pytest.MonkeyPatch, status: int, words: str, key: str, expected: str) -> None:
    """Each refusal names the option to correct, and repeats InfluxDB's words."""
    monkeypatch.setenv("INFLUX_TOKEN", CANARY)

    with pytest.raises(ConfigError) as error, connection.writing(options()):
        raise RefusedError(status, words)

    assert error.value.key == key
    assert expected in str(error.value)
    assert f"InfluxDB says: {words} ({status})" in str(error.value)
    assert "\n" not in str(error.value)
