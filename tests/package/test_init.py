"""From nothing to a point in InfluxDB: the package on a Debian, `init` with a virtual meter, the real Telegraf and InfluxDB; and back."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from package import conversation
from package.machine import ENVIRONMENT
from package.test_install import TELEGRAFS_USER
from servers import build, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from package.conftest import Built
    from package.machine import Machine

HERE = Path(__file__).parent
EK, AK = "000102030405060708090a0b0c0d0e0f", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
# What Telegraf's own package leaves: an agent, an input, and an output of the owner's.
BEFORE = """
[agent]
  interval = "1s"
  flush_interval = "1s"
[[inputs.mock]]
  metric_name = "room"
  [[inputs.mock.constant]]
    name = "temperature"
    value = 21.5
[[outputs.file]]
  files = ["/tmp/owners.txt"]
  namepass = ["room"]
"""
RUNNING = ("/srv/influx", "/tmp/", "/var/lib/telegraf/buffer")
"""What the servers of the machine write while they run."""
ANSWERS = [
    ("How is the meter read", "1"),
    ("Port", "/run/meter"),
    ("Name of the meter", ""),
    ("Encryption key", EK),
    ("Authentication key", AK),
    ("Name of InfluxDB's administrator", ""),
    ("Password", ""),
    (r"Do this\? \[Y/n\]", ""),
]
POLISH = [
    ("Jak czytany jest licznik", "1"),
    ("Port", "/run/meter"),
    ("Nazwa licznika", "dom"),
    ("EK, GUEK", AK),  # the letter was read in the wrong order
    ("AK, GAK", EK),
    (r"\[T/n\]", "t"),
    ("Nazwa administratora InfluxDB", ""),
    ("Hasło", ""),
    (r"\[T/n\]", "tak"),
]


def _program(name: str) -> Path:
    try:
        return build.binary(name)
    except build.CannotBuildError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


@pytest.fixture
def home(lived_in: Machine, built: Built, tmp_path: Path) -> Iterator[Machine]:
    """A machine with Telegraf, a new InfluxDB, a cable to a virtual meter, and the package, as apt leaves it."""
    machine = lived_in
    machine.do("sh", "-c", f"{TELEGRAFS_USER} && mkdir -p /etc/telegraf/telegraf.d /run/systemd/system")
    for name, place in (("telegraf", "/usr/bin/telegraf"), ("influxd", "/usr/local/bin/influxd")):
        shutil.copyfile(_program(name), machine.path(place))
    shutil.copyfile(HERE / "systemctl.sh", machine.path("/usr/local/bin/systemctl"))
    machine.do("chmod", "755", "/usr/bin/telegraf", "/usr/local/bin/influxd", "/usr/local/bin/systemctl")
    machine.path("/etc/telegraf/telegraf.conf").write_text(BEFORE)
    machine.localhost()
    machine.install(built.packages["amd64"])
    machine.do("gpasswd", "-d", "telegraf", "dialout")  # as if Telegraf's user was made later: `init` has to see it
    data = [f"--{name}-path=/srv/influx/{name}" for name in ("bolt", "engine", "sqlite")]
    machine.do("mkdir", "-p", "/srv/influx")
    machine.start(tmp_path / "influxd.log", "influxd", *data, "--http-bind-address=127.0.0.1:8086", "--reporting-disabled", user="root")
    machine.start(tmp_path / "meter.log", "telegraf-han", "simulate", "GAMA350", "--to", "pty", "--link", "/run/meter", user="root")
    running.until(lambda: "allowed" in _asked(machine, "/api/v2/setup"), "InfluxDB", 120)
    running.until(lambda: machine.path("/run/meter").is_symlink(), "the virtual meter", 60)
    machine.do("sh", "-c", "chgrp dialout $(readlink -f /run/meter) && chmod 660 $(readlink -f /run/meter)")
    yield machine
    if machine.path("/run/telegraf.pid").exists():
        machine.run("systemctl", "stop", "telegraf")


_ASK = "import sys, urllib.request as u; print(u.urlopen(u.Request('http://127.0.0.1:8086' + sys.argv[1], headers=dict([sys.argv[2:]] if sys.argv[2:] else []))).read().decode())"


def _asked(machine: Machine, path: str, token: str = "") -> str:
    return machine.run("python3", "-c", _ASK, path, *(["Authorization", f"Token {token}"] if token else [])).stdout


def _rows(machine: Machine, query: str, bucket: str = "energy") -> list[list[object]]:
    """The answer of InfluxDB to an InfluxQL query, asked with the administrator's token."""
    token = machine.path("/etc/telegraf/influx-admin.token").read_text()
    words = f"import urllib.parse as p; print(p.urlencode(dict(db='{bucket}', q={query!r})))"
    asked = machine.do("python3", "-c", words).strip()
    found = json.loads(_asked(machine, f"/query?{asked}", token))["results"][0].get("series", [])
    return [row for series in found for row in series["values"]]


def _talked(machine: Machine, words: list[str], answers: list[tuple[str, str]], **environment: str) -> tuple[int, str]:
    return conversation.held(machine.words(*words), ENVIRONMENT | {"TERM": "xterm"} | environment, answers)


def _changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_from_nothing_to_a_point_and_back(home: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """One command and eight answers lead to a point in InfluxDB. Again, it changes nothing. What it wrote can be removed."""
    files = home.files()
    begun_s = time.monotonic()
    status, screen = _talked(home, ["telegraf-han", "init"], ANSWERS)
    with capsys.disabled():
        print(f"\ninit: {time.monotonic() - begun_s:.1f} s from the first question to the first point in InfluxDB")

    assert status == 0, screen
    assert re.search(r"The telegram can be read: GAMA350, 35000001, \d+\.\d{3} kWh, \d+ W\.", screen)
    assert re.search(r"The first point is in InfluxDB, of [\d:]{8}: home, \d+\.\d{3} kWh, \d+ W\.", screen)
    assert EK not in screen
    assert AK not in screen
    found = {name: about.split(maxsplit=1) for name, about in home.files().items() if name.startswith("/etc/telegraf/")}
    rights = {name: about.strip() for name, (kind, about) in found.items() if kind == "f"}
    assert rights == {
        "/etc/telegraf/han.toml": "640 root telegraf",
        "/etc/telegraf/home.ak": "600 telegraf telegraf",
        "/etc/telegraf/home.ek": "600 telegraf telegraf",
        "/etc/telegraf/influx-admin.password": "600 root root",
        "/etc/telegraf/influx-admin.token": "600 root root",
        "/etc/telegraf/telegraf-han.secrets/bill_token": "600 telegraf telegraf",
        "/etc/telegraf/telegraf-han.secrets/influx_token": "600 telegraf telegraf",
        "/etc/telegraf/telegraf.conf": "644 root root",
        "/etc/telegraf/telegraf.d/telegraf-han.conf": "644 root root",
    }

    # The owner's output has its metrics and no others; ours has the meter's, without the computer's name; the buffer on disk is only ours.
    assert {line.split(",")[0] for line in home.path("/tmp/owners.txt").read_text().splitlines()} == {"room"}
    (columns,) = json.loads(_asked(home, "/query?db=energy&q=SHOW+TAG+KEYS+FROM+electricity", _token(home)))["results"][0]["series"]
    assert [row[0] for row in columns["values"]] == ["interface", "meter", "model", "serial"]
    assert len(list(home.path("/var/lib/telegraf/buffer").iterdir())) == 2
    assert 'database="energy/5m"' not in home.path("/tmp/telegraf.log").read_text()

    # Telegraf's user may do all that the pages tell an owner to do as that user.
    assert "can be opened" in home.do("telegraf-han", "check", "--listen", "0", user="telegraf") or home.path("/run/telegraf-han").exists()

    once = home.files()
    said = home.path("/run/systemctl.said").read_text()
    status, screen = _talked(home, ["telegraf-han", "init"], [("Organisation", "")])
    assert status == 0, screen
    assert "Everything is set up already. Nothing has to be changed." in screen
    assert [name for name in _changed(once, home.files()) if not name.startswith(RUNNING)] == []
    assert "restart" not in home.path("/run/systemctl.said").read_text().removeprefix(said)

    # If somebody has stopped Telegraf, it is started.
    home.do("systemctl", "stop", "telegraf")
    assert "done: Telegraf was stopped, and is started" in home.do("telegraf-han", "init", "--yes")

    # With a tariff, it adds the bill.
    han = home.path("/etc/telegraf/han.toml")
    han.write_text(han.read_text() + "[meter.prices]\nimport_t0_per_kwh = 1.0\n")
    said = home.do("telegraf-han", "init", "--yes")
    assert "write /etc/telegraf/telegraf.d/telegraf-han.conf again" in said
    commands = tomllib.loads(home.path("/etc/telegraf/telegraf.d/telegraf-han.conf").read_text())["inputs"]["exec"]
    assert [one["commands"][0][1] for one in commands] == ["bill", "bill"]
    home.do(*commands[0]["commands"][0], user="telegraf")  # Telegraf would run it within a quarter of an hour

    said = home.do("telegraf-han", "remove", "--yes")
    assert "kept     bucket energy, with its data" in said
    left = _changed(files, home.files())
    assert {name for name in left if not name.startswith(RUNNING)} == {
        "/etc/telegraf/han.toml",
        "/etc/telegraf/home.ak",
        "/etc/telegraf/home.ek",
        "/etc/telegraf/influx-admin.password",
        "/etc/telegraf/influx-admin.token",
        "/var/lib/telegraf",
        "/var/lib/telegraf-han",
        "/var/lib/telegraf-han/init.json",
    }
    assert "dialout" not in home.do("id", "-nG", "telegraf").split()
    assert _rows(home, "SELECT count(active_energy_import_wh) FROM electricity")

    home.do("telegraf-han", "remove", "--yes", "--with-keys", "--with-data")
    left = _changed(files, home.files())
    assert {name for name in left if not name.startswith(("/srv/influx", "/tmp/"))} == {
        "/etc/telegraf/han.toml.removed",  # its owner had written prices into it
        "/etc/telegraf/influx-admin.password",
        "/etc/telegraf/influx-admin.token",
        "/var/lib/telegraf-han",
        "/var/lib/telegraf-han/init.json",
    }
    assert json.loads(_asked(home, "/query?db=energy&q=SHOW+MEASUREMENTS", _token(home))).get("error") or not _rows(
        home, "SHOW MEASUREMENTS"
    )


def _token(machine: Machine) -> str:
    return machine.path("/etc/telegraf/influx-admin.token").read_text()


def test_in_polish_with_swapped_keys(home: Machine) -> None:
    """The mistake is named and mended, and the owner's own name of the meter is on its points."""
    status, screen = _talked(home, ["telegraf-han", "init"], POLISH, LANG="pl_PL.UTF-8")

    assert status == 0, screen
    assert "encryption_key" in screen
    assert "Pierwszy punkt jest w InfluxDB" in screen
    assert home.path("/etc/telegraf/dom.ek").read_text() == f"{EK}\n"
    assert _rows(home, "SELECT last(active_energy_import_wh) FROM electricity WHERE meter = 'dom' AND interface = 'p1'")


def test_a_script_needs_no_person(home: Machine) -> None:
    """Every answer is an option. Without a terminal and without --yes nothing happens."""
    for name, key in (("ek", EK), ("ak", AK)):
        home.path(f"/root/{name}").write_text(key)
    words = ["telegraf-han", "init", "--port", "/run/meter", "--encryption-key-file", "/root/ek", "--authentication-key-file", "/root/ak"]
    files = home.files()

    done = home.run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "a terminal is expected as stdin. Without one, give the answers as options, with --yes" in done.stderr

    shown = home.do(*words, "--yes", "--dry-run")
    assert "[[outputs.influxdb_v2]]" in shown
    assert EK not in shown
    assert _changed(files, home.files()) == set()

    assert "The first point is in InfluxDB" in home.do(*words, "--yes")
