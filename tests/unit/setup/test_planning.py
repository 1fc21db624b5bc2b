"""Which steps there are, and what they depend on."""

import os
from pathlib import Path

import pytest

from telegraf_han.config.sections import Output
from telegraf_han.ports import rights
from telegraf_han.setup import machine, planning, texts
from telegraf_han.setup.planning import Setup, Wanted
from telegraf_han.setup.servers import Grafana, Influx
from telegraf_han.setup.steps import File, Folder, Member
from telegraf_han.setup.texts import Database

READY = Influx(Database("http://127.0.0.1:8086", "home", "energy"), False, "", "", "admin")
NEW = READY._replace(is_new=True, user="admin", password="secret password", token="secret token")
WANTED = Wanted(Output(), ("/dev/ttyUSB0",), False, False, (("home.ek", "00\n", "key"), ("han.toml", "[[meter]]\n", "config")))


def _written(paths, **changes):
    setup = Setup("telegraf", paths, WANTED, READY, Grafana("", False))._replace(**changes)
    plan = planning.planned(setup)
    return plan, {step.path: step for step in (*plan.before, *plan.after) if isinstance(step, File)}


def test_keys_belong_to_telegraf(paths):
    """Its user alone may read them. Everything else is root's."""
    plan, files = _written(paths)

    folder = os.path.dirname(paths.config)
    assert {path: (one.owner, one.mode) for path, one in files.items()} == {
        f"{folder}/home.ek": ("telegraf", 0o600),
        paths.config: ("root", 0o640),
        paths.telegraf: ("root", 0o644),
    }
    assert [step.path for step in (*plan.before, *plan.after) if isinstance(step, Folder)] == [paths.secrets, paths.buffer]
    assert [os.path.basename(path) for _, path in plan.tokens] == [texts.WRITE_TOKEN, texts.BILL_TOKEN]


def test_a_new_influxdb(paths):
    """What opens it is on the disk first, for root alone. Nothing else holds it."""
    plan, files = _written(paths, influx=NEW)

    assert [step.path for step in plan.before] == [paths.secrets, paths.admin_token, paths.admin_password]
    assert [(files[path].owner, files[path].mode, files[path].secret) for path in (paths.admin_token, paths.admin_password)] == [
        ("root", 0o600, True)
    ] * 2
    assert not [path for path, one in files.items() if "secret token" in one.text and path != paths.admin_token]


def test_grafana_gets_a_token_and_two_files(paths):
    """The boards come from the installed folder."""
    plan, files = _written(paths, grafana=Grafana("http://pi:3000", True))

    provisioned = [path.removeprefix(f"{paths.grafana}/provisioning/") for path in files if path.startswith(paths.grafana)]
    assert provisioned == ["datasources/telegraf-han.yaml", "dashboards/telegraf-han.yaml"]
    assert plan.tokens[-1][1] == paths.grafana_token


@pytest.mark.parametrize(
    ("line", "buffered"),
    [
        ('buffer_strategy = "disk"', True),
        ("  buffer_strategy='disk_write_through'", True),
        ('# buffer_strategy = "disk"', False),
        ('buffer_strategy = "memory"', False),
    ],
)
def test_a_telegraf_with_a_buffer_keeps_its_own(paths, line, buffered):
    """Otherwise our file has an [agent] section, and a folder is made."""
    os.makedirs(os.path.dirname(paths.telegraf))
    Path(os.path.dirname(paths.config), "telegraf.conf").write_text(f"[agent]\n{line}\n")

    plan, files = _written(paths)

    assert ("[agent]\n" in files[paths.telegraf].text) is not buffered
    assert any(isinstance(step, Folder) and step.path == paths.buffer for step in plan.after) is not buffered


@pytest.mark.parametrize(
    ("line", "is_ours"),
    [
        ('command = ["/opt/telegraf-han/bin/telegraf-han", "run", "--config", "x"]', True),
        ('command = [\n    "telegraf-han",\n    "run",\n  ]', True),
        ('command = ["python3", "-m", "telegraf_han", "run"]', True),
        ('# command = ["telegraf-han", "run"]', False),
        ('command = [\n#   "telegraf-han",\n#   "run",\n  ]', False),
        ('commands = [["telegraf-han", "bill"]]', False),
    ],
)
def test_another_input(paths, line, is_ours):
    """Two inputs would fight for the port."""
    folder = os.path.dirname(paths.telegraf)
    os.makedirs(folder)
    Path(folder, "meter.conf").write_text(f"[[inputs.execd]]\n  {line}\n")
    Path(paths.telegraf).write_text('command = ["telegraf-han", "run"]')

    assert planning.started_by(paths) == (f"{folder}/meter.conf" if is_ours else "")


def test_other_outputs(paths):
    """They are told of, because they get the metrics, too."""
    folder = os.path.dirname(paths.telegraf)
    os.makedirs(folder)
    assert not planning.has_other_outputs(paths)

    Path(folder, "other.conf").write_text("[[outputs.influxdb_v2]]\n")

    assert planning.has_other_outputs(paths)


def test_the_group_of_the_port(paths, monkeypatch):
    """Only if the user may not open it already, and never that of something else, such as a disk. A port in the network has no group."""
    monkeypatch.setattr(rights, "may_open", lambda user, path, _: path == "/dev/null")
    monkeypatch.setattr(rights, "group_of", lambda path: "disk" if path == "/dev/shm" else "dialout")
    ports = ("/dev/zero", "/dev/full", "/dev/null", "/dev/shm", "socket://10.0.0.5:2000")

    plan, _ = _written(paths, wanted=WANTED._replace(ports=ports))

    assert [step for step in plan.after if isinstance(step, Member)] == [Member("telegraf", "dialout")]


def test_systemd_gets_the_folder_of_the_socket(paths, monkeypatch):
    """Where it runs Telegraf."""
    monkeypatch.setattr(machine, "has_unit", lambda name: name == "telegraf")

    _, files = _written(paths)

    assert "RuntimeDirectory=telegraf-han\n" in files[paths.drop_in].text


def test_what_is_done_is_no_work(paths, monkeypatch):
    """After all steps none is pending."""
    monkeypatch.setattr(rights, "may_open", lambda *_: True)
    plan, _ = _written(paths, influx=NEW)
    assert len(plan.pending()) == len(plan.before) + len(plan.after)

    for step in plan.pending():
        step.do()

    assert plan.pending() == []
