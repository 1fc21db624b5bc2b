"""fleet: what each action says, and its exit code. The folder's own tests are in tests/unit/fleet."""

import datetime as dt
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest

from telegraf_han.commands import _sites
from telegraf_han.commands import fleet as command
from telegraf_han.errors import ConfigError, SourceError
from telegraf_han.fleet import broker, folder, stored, watching
from telegraf_han.fleet.facts import Broker, Consumer, Link, Server, Stored, Stream
from telegraf_han.fleet.folder import Folder

OWN = frozenset(("HAN", "SYS", "$G"))
Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`telegraf-han fleet …` in a folder of the test."""

    def action(*words: str) -> int:
        parser = ArgumentParser()
        command.add_arguments(parser)
        return command.run(parser.parse_args([*words, "--folder", str(tmp_path / "fleet")]))

    return action


@pytest.fixture
def made(run: Run, capsys: pytest.CaptureFixture[str]) -> Run:
    """The same, with a fleet of one server."""
    run("create", "--server", "nats.test")
    capsys.readouterr()
    return run


def test_create_says_what_comes_next(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files that it made, and the commands for other hosts."""
    assert run("create", "--server", "nats.test", "--url", "http://influx.test:8086", "--bucket", "houses") == 0

    said = capsys.readouterr().out
    for name in ("fleet.toml", "servers/nats.test.tar", "centre.tar"):
        assert f"done: {tmp_path}/fleet/{name}\n" in said
    assert "  sudo tar -xf SERVER.tar -C /\n" in said
    assert Folder(str(tmp_path / "fleet")).fleet().influx == ("http://influx.test:8086", "home", "houses")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "--server: a name or an address of a NATS server is expected"),
        (["--server", "a", "--server", "b"], "--server: 1, 3 or 5 different names"),
        (["--server", "nats.test:4222"], "--server: 1, 3 or 5 different names or addresses of hosts are expected, without a port"),
        (["--url", "http://influx.test"], "--server: a name or an address of a NATS server is expected"),
    ],
)
def test_create_needs_servers(run: Run, tmp_path: Path, words: list[str], expected: str) -> None:
    """Nothing is made of a wrong plan."""
    with pytest.raises(ConfigError) as raised:
        run("create", *words)

    assert str(raised.value).startswith(expected)
    assert not (tmp_path / "fleet").exists()


@pytest.mark.parametrize("words", [["--url", "influx.test:8086"], ["--bucket", "energy/5m"]])
def test_create_refuses_what_is_no_influxdb(run: Run, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """As the InfluxDB commands do."""
    with pytest.raises(SystemExit):
        run("create", "--server", "nats.test", *words)

    assert "expected" in capsys.readouterr().err
    assert not (tmp_path / "fleet").exists()


def test_init_and_revoke(made: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The archive, and who needs what. A second revocation says that it is one."""
    assert made("init", "wola") == 0
    said = capsys.readouterr().out
    assert f"done: {tmp_path}/fleet/sites/wola.tar\n" in said
    assert "  sudo tar -xf SITE.tar -C /\n" in said
    assert "  sudo systemctl reload telegraf-han-nats.service\n" in said

    assert made("revoke", "wola") == 0
    assert capsys.readouterr().out.startswith("done: wola may not send any more")
    assert made("revoke", "wola") == 0
    assert capsys.readouterr().out.startswith("wola was revoked before")


def test_several_sites_and_again(made: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Sites are made together. One that is made again has to send what waits first, and one that was revoked is told."""
    assert made("init", "wola", "ursus") == 0
    first = capsys.readouterr().out
    assert first.count("done: ") == 2
    assert "systemctl stop" not in first

    assert made("revoke", "ursus") == 0
    capsys.readouterr()
    assert made("init", "wola", "ursus", "praga") == 0
    again = capsys.readouterr().out
    assert "wola has a new certificate" in again
    assert "ursus was revoked on " in again
    assert "praga " not in again
    assert again.index("  sudo systemctl stop telegraf-han-uplink.service\n") < again.index("  sudo tar -xf SITE.tar -C /\n")


@pytest.mark.parametrize("name", ["Wola", "a.b", "..", "", "ą", "x" * 33])
@pytest.mark.parametrize("action", ["init", "revoke"])
def test_a_name_that_is_no_site(made: Run, action: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, before anything is made."""
    with pytest.raises(SystemExit):
        made(action, name)

    assert "a name of 1 to 32 small letters without accents, digits and hyphens is expected" in capsys.readouterr().err


@pytest.mark.parametrize("action", [["setup"], ["init", "wola"], ["revoke", "wola"], ["check"]])
def test_without_a_folder(run: Run, action: list[str]) -> None:
    """Each action says where the folder is expected."""
    with pytest.raises(ConfigError, match=r"fleet\.toml: a folder that `telegraf-han fleet create` has made is expected"):
        run(*action)


# --- check ---


@pytest.fixture
def looked(made: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`fleet check` of a fleet with the site wola; NATS and InfluxDB say what the test wants."""
    made("init", "wola")
    monkeypatch.setenv("INFLUX_TOKEN", "t0ken")
    issue = Folder(str(tmp_path / "fleet")).sites()["wola"].issue
    now_s = _sites._now_s()
    monkeypatch.setattr(_sites, "_now_s", lambda: now_s)
    well = Broker(
        (Server("nats.test", OWN | {"wola"}),),
        (Link("wola", issue, "nats.test", now_s - 100, 6.0),),
        centres=1,
        stream=Stream("-", 1, (), {"wola": 1}, now_s),
        consumer=Consumer(attached=True, under_way=1, most_under_way=500, redelivered=0),
    )
    fresh = {"wola": Stored(status_s=now_s - 5, states={"ok": 1})}

    def check(nats: Broker | Exception = well, data: dict[str, Stored] | None = None, *words: str) -> int:
        def seen(_place: Folder, _watch_s: float) -> Broker:
            if isinstance(nats, Exception):
                raise nats
            return nats

        monkeypatch.setattr(watching, "looked", seen)
        monkeypatch.setattr(stored, "read", lambda *_words: fresh if data is None else data)
        return made("check", *words)

    return check


def test_a_fleet_that_is_well(looked: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0: the whole, and a table."""
    capsys.readouterr()
    assert looked() == 0

    assert capsys.readouterr().out.splitlines() == [
        "ok       server nats.test knows 1 site",
        "ok       1 message waits at the broker",
        "ok       1 Telegraf of the centre takes messages",
        "",
        "site  state  newest data  waiting  meters",
        "wola  ok             5 s        1     1/1",
    ]


def test_a_site_with_a_trouble(looked: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1: its sentence comes after the table."""
    capsys.readouterr()
    assert looked(data={}) == 1

    assert capsys.readouterr().out.splitlines()[-1].startswith("wola: InfluxDB has no data of its meters")


def test_a_trouble_of_the_whole(looked: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and the errors come first."""
    broken = Broker((Server("nats.test", OWN | {"wola"}),), trouble="no answer")
    capsys.readouterr()
    assert looked(broken) == 1

    assert capsys.readouterr().out.splitlines()[:2] == ["error    no answer", "ok       server nats.test knows 1 site"]


def test_a_broker_that_refuses(looked: Callable[..., int]) -> None:
    """Its words."""
    with pytest.raises(SourceError, match="NATS says: not you"):
        looked(broker.RefusedError(1, "not you"))


def test_check_takes_the_influxdb_of_the_plan(made: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option goes before the plan, and the plan before the environment, which may be that of one house."""
    asked = []

    @contextmanager
    def writing(arguments):
        asked.append((arguments.url, arguments.org, arguments.bucket, arguments.token_file))
        raise ConfigError("", "", "enough")
        yield

    monkeypatch.setenv("INFLUX_URL", "http://house.test:8086")
    monkeypatch.setattr(_sites.connection, "writing", writing)
    for words in ([], ["--url", "http://other.test:1", "--bucket", "b", "--token-file", "f"]):
        with pytest.raises(ConfigError):
            made("check", *words)

    assert asked == [("http://127.0.0.1:8086", "home", "energy", None), ("http://other.test:1", "home", "b", "f")]


def test_certificates_of_the_fleet_are_looked_at(looked: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fleet that was made nearly five years ago."""
    place = Folder(str(tmp_path / "fleet"))
    for path in Path(place.path).rglob("*.pem"):
        path.unlink() if path.name != "ca.pem" else None
    folder.create(place, dt.datetime.now(dt.UTC) - dt.timedelta(days=5 * 365 - 30))
    capsys.readouterr()
    looked()

    said = capsys.readouterr().out
    for name in ("admin", "watch", "centre", "servers/nats.test"):
        assert f"warning  the certificate {name} ends on " in said
