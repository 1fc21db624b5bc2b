"""The lab for people, with its own commands: the way from one house to three of docs/fleet.md, typed as it stands there."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import hosts
import pytest
from servers import running

from document import ROOT, Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HUB, SITES = "hub.example.net", ("mokotow", "ursus", "wola")
UP_S = 300.0
TEN = 10
POINTS_S = 120.0


def _lab(name: str, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """A command of the lab, for a lab of this name."""
    command = [sys.executable, str(ROOT / "fleet/lab"), *words]
    return subprocess.run(
        command, env={**os.environ, "HAN_LAB": name}, input=typed, capture_output=True, text=True, timeout=UP_S, check=False
    )


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a lab that is up."""
    if reason := hosts.missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    for program in ("telegraf", "influxd", "influx", "nats_server", "nats"):
        request.getfixturevalue(f"{program}_binary")
    name = f"people-{os.getpid()}"
    try:
        done = _lab(name, "up")
        assert done.returncode == 0, done.stderr
        yield name
    finally:
        _lab(name, "down")


@pytest.fixture
def on(lab: str) -> Callable[[str, str], str]:
    """A function that types lines into a shell on a host, and returns what they say."""

    def typed(host: str, lines: str) -> str:
        done = _lab(lab, "enter", host, "bash", "-e", typed=lines)
        assert done.returncode == 0, f"{host}: {lines}\n{done.stdout}{done.stderr}"
        return done.stdout

    return typed


def _section(heading: str) -> list[str]:
    """The blocks of commands of a section of docs/fleet.md."""
    text = Document("docs/fleet.md").text
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [
        "".join(f"{line}\n" for line in block.splitlines())
        for block in Document("docs/fleet.md").blocks
        if block.splitlines()[0] in section
    ]


def test_from_one_house_to_three(lab: str, on: Callable[[str, str], str]) -> None:
    """Ten commands lead to three sites whose points are in InfluxDB, and of which `fleet check` knows nothing bad."""
    hub, init, house, look = _section("From one house to three")
    on(HUB, hub)
    assert len(f"{hub}{init}".splitlines()) + len(SITES) * len(house.splitlines()) == TEN
    on(HUB, init.replace("mokotow ursus wola", f"{' '.join(SITES)} --without-influx"))  # the virtual houses have no InfluxDB
    for site in SITES:
        on(HUB, f"scp /etc/telegraf-han/fleet/sites/{site}.tar {site}:")
        on(site, house.replace("mokotow", site))
    flux = 'import "influxdata/influxdb/schema" schema.tagValues(bucket: "energy", tag: "site")'
    query = f"influx query --token \"$(cat admin_token)\" --org home '{flux}'"
    running.until(lambda: all(site in on(HUB, query) for site in SITES), "points of three sites", POINTS_S)
    said = on(HUB, look)

    assert [line.split()[:2] for line in said.splitlines() if line.startswith(SITES)] == [[site, "ok"] for site in SITES]


def test_nothing_is_left(lab: str) -> None:
    """Also a lab whose processes were killed is gone after `down`: its network, its files, its processes."""
    found = hosts.load(lab)
    assert found is not None
    second = _lab(lab, "up")
    for host in list(found.hosts.values())[:4]:
        host.first.end()
    done = _lab(lab, "down")

    assert second.returncode == 1
    assert "the lab is up" in second.stderr
    assert done.stdout == "the lab is down\n"
    assert not found.folder.exists()
    assert not found.switch.alive()
    assert not any(host.first.alive() for host in found.hosts.values())
    assert f"hanlab{found.network}" not in os.listdir("/sys/class/net")
