"""What `remove` takes away, and what it keeps."""

import os
from argparse import Namespace
from pathlib import Path

import pytest

from telegraf_han.errors import ConfigError, SourceError
from telegraf_han.setup import database, machine, removing
from telegraf_han.setup.steps import File, Folder, Member, Record


@pytest.fixture
def record(paths) -> Record:
    """A machine that `init` has set up."""
    record = Record(paths.record)
    folder = os.path.dirname(paths.config)
    steps = [
        Folder(paths.secrets, "root", "root", 0o700),
        File(paths.admin_token, "token", kind="admin"),
        File(f"{folder}/home.ek", "00", kind="key"),
        File(paths.config, "[[meter]]\n", kind="config"),
        Folder(paths.buffer, "root", "root", 0o750),
        File(paths.telegraf, "# ours\n"),
        Member("telegraf", "dialout"),
    ]
    for step in steps:
        record.note(step)
        if not isinstance(step, Member):
            step.do()
    token = f"{paths.secrets}/bill_token"
    record.adopt(token, "ours")
    Path(token).write_text("token")
    record.database = {"url": "http://influx.test", "org": "home", "bucket": "energy", "token_file": paths.admin_token}
    record.save()
    return record


@pytest.fixture(autouse=True)
def ran(monkeypatch) -> list[object]:
    """What was run, and removed in InfluxDB."""
    ran: list[object] = []
    monkeypatch.setattr(machine, "said_by", lambda *words: ran.append(words) or "")
    monkeypatch.setattr(database, "remove", lambda found, token, say, *, with_data: ran.append((found.url, token, with_data)))
    return ran


def _options(**given: object) -> Namespace:
    return Namespace(**{"with_keys": False, "with_data": False, "token_file": None, **given})


def test_keys_and_data_stay(record, paths, ran, tmp_path):
    """Also the configuration, and what opens InfluxDB. The record remembers them."""
    plan = removing.planned(record, paths, _options())
    removing.carried_out(plan, record)

    folder = os.path.dirname(paths.config)
    left = sorted(str(path) for path in tmp_path.rglob("*") if path.is_file())
    assert left == sorted([paths.admin_token, paths.config, f"{folder}/home.ek", paths.record])
    assert os.path.isdir(paths.buffer)
    assert ("gpasswd", "-d", "telegraf", "dialout") in ran
    assert ("http://influx.test", paths.admin_token, False) in ran
    assert any(line.startswith("These stay: ") and "home.ek" in line for line in plan.kept)
    assert removing.planned(Record(paths.record), paths, _options()).files == ()


def test_everything(record, paths, ran, tmp_path):
    """With both options nothing is left but what opens InfluxDB."""
    removing.carried_out(removing.planned(record, paths, _options(with_keys=True, with_data=True)), record)

    assert {str(path) for path in tmp_path.rglob("*") if path.is_file()} == {paths.admin_token, paths.record}
    assert not os.path.exists(paths.buffer)
    assert ("http://influx.test", paths.admin_token, True) in ran

    again = removing.planned(Record(paths.record), paths, _options(with_data=True))
    assert again.database is None
    assert not any("waits in it" in line for line in again.told)
    assert [line.partition(":")[0] for line in again.kept] == ["These stay, because they open InfluxDB"]


def test_a_changed_file_is_renamed(record, paths):
    """Telegraf does not read it any more, and nothing is lost."""
    Path(paths.telegraf).write_text("# mine\n")

    plan = removing.planned(record, paths, _options())
    removing.carried_out(plan, record)

    assert Path(f"{paths.telegraf}.removed").read_text() == "# mine\n"
    assert not os.path.exists(paths.telegraf)
    assert f"rename {paths.telegraf} to {paths.telegraf}.removed, because it was changed after `init`" in plan.told


def test_what_was_put_aside_before_is_kept(record, paths):
    """Each file gets a name of its own."""
    Path(f"{paths.telegraf}.removed").write_text("# older\n")
    Path(paths.telegraf).write_text("# mine\n")

    removing.carried_out(removing.planned(record, paths, _options()), record)

    assert Path(f"{paths.telegraf}.removed").read_text() == "# older\n"
    assert Path(f"{paths.telegraf}.removed1").read_text() == "# mine\n"


def test_data_need_a_token(record, paths):
    """Without one, nobody may remove buckets."""
    os.unlink(paths.admin_token)

    with pytest.raises(ConfigError, match="--token-file: a file with an all-access token of InfluxDB is expected, to remove data there"):
        removing.planned(record, paths, _options(with_data=True))

    plan = removing.planned(record, paths, _options())
    assert plan.database is None
    assert any(line.startswith("Tasks and tokens stay in InfluxDB at http://influx.test.") for line in plan.kept)


def test_an_influxdb_that_is_gone(record, paths, monkeypatch, capsys):
    """What is on this machine goes, and the record knows the rest. Data were asked for, so that must not fail silently."""

    def fail(*_, **__):
        raise SourceError("no InfluxDB answers")

    done = database.remove
    monkeypatch.setattr(database, "remove", fail)
    with pytest.raises(SourceError):
        removing.carried_out(removing.planned(record, paths, _options(with_data=True)), record)
    assert os.path.exists(paths.telegraf)

    assert not removing.carried_out(removing.planned(record, paths, _options()), record)
    assert not os.path.exists(paths.telegraf)
    assert "Tasks and tokens stay in InfluxDB: no InfluxDB answers" in capsys.readouterr().out

    monkeypatch.setattr(database, "remove", done)
    again = Record(paths.record)
    plan = removing.planned(again, paths, _options())
    assert "remove in InfluxDB at http://influx.test: tasks and tokens" in plan.told
    assert removing.carried_out(plan, again)


def test_what_stays_in_influxdb_is_told(record, paths):
    """A token that was typed was not kept, so InfluxDB cannot be cleaned up without one."""
    record.database["token_file"] = ""

    plan = removing.planned(record, paths, _options())

    assert plan.database is None
    assert [line for line in plan.kept if line.startswith("Tasks and tokens stay in InfluxDB at ")]


def test_a_membership_that_is_gone(record, paths, ran, monkeypatch):
    """A removal that was ended in the middle is finished without a complaint."""
    monkeypatch.setattr(removing.rights, "is_member", lambda *_: False)

    removing.carried_out(removing.planned(record, paths, _options()), record)

    assert not [words for words in ran if words[0] == "gpasswd"]


@pytest.mark.parametrize("has_boards", [True, False])
def test_grafana_forgets_the_boards(record, paths, ran, monkeypatch, has_boards):
    """It reads its folder of provisioning only when it starts."""
    monkeypatch.setattr(machine, "has_unit", lambda _: True)
    if has_boards:
        step = File(f"{paths.grafana}/provisioning/datasources/telegraf-han.yaml", "# ours\n")
        record.note(step)
        step.do()

    plan = removing.planned(record, paths, _options())
    removing.carried_out(plan, record)

    assert ("restart Grafana" in plan.told) is has_boards
    assert (("systemctl", "restart", "grafana-server") in ran) is has_boards


def test_nothing_to_remove(paths):
    """On a machine without a record."""
    assert removing.planned(Record(paths.record), paths, _options()).told == ()


def test_an_exchanged_key_is_removed(record, paths, tmp_path):
    """A key is never renamed: nobody wants to find it later. The owner's own configuration is."""
    folder = os.path.dirname(paths.config)
    Path(f"{folder}/home.ek").write_text("11")
    Path(paths.config).write_text("# mine\n")

    removing.carried_out(removing.planned(record, paths, _options(with_keys=True)), record)

    assert not list(tmp_path.rglob("*.ek*"))
    assert Path(f"{paths.config}.removed").read_text() == "# mine\n"


def test_removed_twice(record, paths):
    """What is clean in InfluxDB is not planned again. Data can still be removed later."""
    removing.carried_out(removing.planned(record, paths, _options()), record)

    again = Record(paths.record)
    assert removing.planned(again, paths, _options()).told == ()
    later = removing.planned(again, paths, _options(with_data=True))
    assert later.database is not None
    assert later.with_data
