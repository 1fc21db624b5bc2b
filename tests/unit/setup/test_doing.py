"""What is done when the summary is confirmed, and what is left if that ends in the middle."""

import os
from argparse import Namespace
from pathlib import Path

import pytest

from telegraf_han.config.sections import Output
from telegraf_han.errors import SourceError
from telegraf_han.setup import database, doing, machine, planning, removing, steps
from telegraf_han.setup.console import Console
from telegraf_han.setup.planning import Setup, Wanted
from telegraf_han.setup.servers import Grafana, Influx
from telegraf_han.setup.steps import Record
from telegraf_han.setup.texts import Database

READY = Influx(Database("http://127.0.0.1:8086", "home", "energy"), False, "", "", "admin")
NEW = READY._replace(is_new=True, user="admin", password="secret password", token="secret token")
WANTED = Wanted(Output(), (), False, False, (("han.toml", "[[meter]]\n", "config"),))


@pytest.fixture
def influx(monkeypatch):
    """An InfluxDB that notes what is asked of it. It may end each question with an error."""
    asked: list[object] = []
    error: list[Exception] = []

    def settle(found, token, files, output, say, *, is_new):
        asked.append(is_new)
        if error:
            raise error.pop()
        for _, path in files:
            with open(path, "w") as file:
                file.write("token")

    monkeypatch.setattr(database, "first", lambda *_: asked.append("first"))
    monkeypatch.setattr(database, "settle", settle)
    return asked, error


def _done(paths, one):
    setup = Setup("telegraf", paths, WANTED, one, Grafana("", False))
    doing.carried_out(Record(paths.record), planning.planned(setup), setup)


def test_a_bucket_of_a_run_that_was_ended(paths, influx):
    """The bucket of a new InfluxDB is ours, also if the run that set it up did not come to say so."""
    asked, error = influx
    error.append(SourceError("cut off"))
    with pytest.raises(SourceError):
        _done(paths, NEW)

    _done(paths, READY._replace(token_file=paths.admin_token))
    _done(paths, READY._replace(token_file=paths.admin_token))

    assert asked == ["first", True, True, False]


def test_a_link_among_the_tokens(paths, influx, tmp_path, monkeypatch):
    """Telegraf's user owns their folder, so it may put a link there while root writes. The set-up stops, and says where."""
    (tmp_path / "victim").write_text("root's")
    os.makedirs(paths.secrets)
    monkeypatch.setattr(database, "settle", lambda *_, **__: os.symlink(tmp_path / "victim", f"{paths.secrets}/influx_token"))

    with pytest.raises(planning.ConfigError, match="influx_token: a file that can be written is expected: "):
        _done(paths, READY)

    assert os.stat(tmp_path / "victim").st_mode & 0o777 == 0o644


def test_a_secret_that_is_passed_has_no_name():
    """However the process ends, no file is left. A program that reads the path gets all of it."""
    with machine.passed("all access") as path:
        assert Path(path).read_text() == "all access"
        assert os.readlink(path).startswith("/memfd:")
        assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_group_that_cannot_be_joined(paths, influx, monkeypatch, capsys):
    """All other steps are done, and the person is told the command."""
    monkeypatch.setattr(planning, "_groups", lambda *_: ["dialout"])
    monkeypatch.setattr("telegraf_han.setup.steps.rights.is_member", lambda *_: False)
    monkeypatch.setattr(machine, "said_by", lambda *_: "usermod: cannot lock /etc/group")

    _done(paths, READY)

    said = capsys.readouterr().out
    assert (
        "not done: user telegraf could not be added to group dialout: usermod: cannot lock /etc/group. By hand: sudo usermod -a -G dialout "
        in said
    )
    assert os.path.exists(paths.telegraf)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("stop", range(8))
def test_a_run_that_ends_at_any_step(paths, influx, tmp_path, monkeypatch, stop):
    """`remove` cleans up after it, or the next run finishes it. Both find in the record what they need."""
    monkeypatch.setattr(planning, "_groups", lambda *_: ["dialout"])
    monkeypatch.setattr(steps.rights, "is_member", lambda *_: False)
    monkeypatch.setattr(machine, "said_by", lambda *_: "")
    monkeypatch.setattr(database, "remove", lambda *_, **__: None)
    Path(paths.telegraf).parent.mkdir(parents=True)
    before = _files(tmp_path)
    done = []

    def until_killed(do):
        def one(*words):
            done.append(words)
            if len(done) > stop:
                raise KeyboardInterrupt
            do(*words)

        return one

    with monkeypatch.context() as patch:
        for name in ("write", "folder"):
            patch.setattr(machine, name, until_killed(getattr(machine, name)))
        try:
            _done(paths, NEW._replace(token_file=paths.admin_token))
        except KeyboardInterrupt:
            assert len(done) == stop + 1
        else:
            assert stop == 7
    if stop % 2:
        _done(paths, READY._replace(token_file=paths.admin_token))
    assert len(Record(paths.record).members) <= 1
    options = Namespace(with_keys=True, with_data=True, token_file=None)
    if not os.path.exists(paths.admin_token):
        options.with_data = False  # there was no InfluxDB yet

    removing.carried_out(removing.planned(Record(paths.record), paths, options), Record(paths.record))

    admin = {os.path.relpath(path, tmp_path) for path in (paths.admin_token, paths.admin_password, paths.record)}
    kept = {"var", "var/lib", "var/lib/telegraf", "var/lib/telegraf/buffer", "var/lib/telegraf-han"}
    assert _files(tmp_path) - before <= admin | kept


@pytest.mark.parametrize(
    ("there", "from_s"),
    [(None, 9_400), ({"time": 9_700}, 9_701), (SourceError("no InfluxDB answers"), 9_400)],
    ids=["nothing", "an older point", "no answer"],
)
def test_a_meter_whose_clock_is_behind(paths, monkeypatch, there, from_s):
    """A point has the time of the meter's clock, up to ten minutes off. So a point is new if it is newer than those of before."""
    asked = []

    def newest(found, token, output, since_s, whole_s):
        asked.append((since_s, whole_s))
        if isinstance(there, Exception):
            raise there
        return there

    monkeypatch.setattr(database, "newest", newest)
    setup = Setup("telegraf", paths, WANTED, READY, Grafana("", False))

    assert doing.point_from_s(setup, 10_000) == 9_400  # no token yet
    Path(paths.secrets).mkdir(parents=True)
    Path(paths.secrets, "bill_token").write_text("token")
    assert doing.point_from_s(setup, 10_000) == from_s
    assert asked == [(9_400, 0.0)]


def test_what_is_waited_for(paths, monkeypatch, capsys):
    """Points are looked for by the meter's clock, and status lines, which say why none came, by the machine's."""
    asked = []
    monkeypatch.setattr(database, "newest", lambda *words: asked.append(words[3:]))
    monkeypatch.setattr(database, "state_of", lambda *words: asked.append(words[3:]))

    assert not doing.first_point(Setup("telegraf", paths, WANTED, READY, Grafana("", False)), 10_000, 9_400, 60.0, "en")

    assert asked == [(9_400, 60.0), (10_000,)]
    assert "No point came, and no status line of the plugin either." in capsys.readouterr().out


def test_the_summary_names_each_restart(paths, monkeypatch, capsys):
    """Nothing happens that was not agreed to."""
    monkeypatch.setattr(machine, "has_unit", lambda _: True)
    monkeypatch.setattr(machine, "said_by", lambda *words: ran.append(words) or "")
    ran: list[tuple[str, ...]] = []
    setup = Setup("telegraf", paths, WANTED, READY, Grafana("", True))
    pending = planning.planned(setup).pending()

    assert doing.summed_up(pending, [], setup)
    doing.restarted(Console(asks=False), pending)

    said = capsys.readouterr().out
    assert "  - restart Telegraf\n  - restart Grafana\n" in said
    assert [words[-1] for words in ran] == ["daemon-reload", "telegraf", "grafana-server"]


@pytest.mark.parametrize(
    ("words", "said"), [("", "done: Telegraf was stopped, and is started"), ("Unit is masked", "Telegraf does not start: Unit is masked.")]
)
def test_a_stopped_telegraf_is_started(monkeypatch, capsys, words, said):
    """Everything is set up, so it should run. One that runs is left alone."""
    is_active = []
    monkeypatch.setattr(machine, "has_unit", lambda _: True)
    monkeypatch.setattr(machine, "said_by", lambda *command: ("" if is_active else "inactive") if "is-active" in command else words)

    doing.running()
    assert said in capsys.readouterr().out

    is_active.append(True)
    doing.running()
    assert capsys.readouterr().out == ""
