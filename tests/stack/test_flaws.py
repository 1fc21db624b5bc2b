"""A day of telegrams with one odd line each, in the real pipeline: they are read, counted as flaws and told once, and no alert fires.

A day is 1,440 telegrams, as many as a radio meter sends. tests/grafana/alerting/test_flawed_day.py looks at each hour of a day.
"""

from __future__ import annotations

import re
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

import attacks
import livehouse
import oddlines
from livehouse import CAUSES, House
from oddlines import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import running

DAY = 1_440
WRONG_KEY = Kind("wrong-key", "p1", lambda scene, place: attacks.cable(scene, place % 10, ek=attacks.ATTACKERS_KEY))
"""It shows that the rule on unread telegrams can fire."""
METERS = (*KINDS, WRONG_KEY)
UNREAD = "telegraf-han-decode-errors"


@pytest.fixture(scope="module")
def house(influxd_binary: Path, telegraf_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Everything is sent once. The tests only look."""
    begun_s = int(time.time()) - oddlines.SPAN_S
    meters = []
    for number, kind in enumerate(METERS):
        scene = attacks.Scene(f"{35_000_001 + number}", begun_s)
        section = attacks.section(kind.name, kind.interface, scene)
        meters.append(livehouse.Meter(kind.name, kind.interface, section, partial(_telegrams, kind, scene)))
    with livehouse.sent(influxd_binary, telegraf_binary, tmp_path_factory.mktemp("flaws"), meters, DAY) as found:
        yield found


def _telegrams(kind: Kind, scene: attacks.Scene, place: int) -> list[bytes]:
    return [kind.telegram(scene, place)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_read_and_counted_apart(house: House, kind: Kind) -> None:
    """Every telegram is a point with its right register. Its odd part is a flaw, and no error."""
    link = house.link(kind.name)
    registers = [row["active_energy_import_wh"] for row in _rows(house, kind)]

    assert registers == [attacks.BASE_WH + place for place in range(DAY)]
    assert [link[f"errors_{cause}"] for cause in CAUSES] == [0] * len(CAUSES)
    assert [link[name] for name in ("waiting", "stale", "registers_back", "fields_refused", "lines_dropped")] == [0] * 5
    assert (link["decoded"], link["state"]) == (DAY, "ok")
    assert link["flaws"] in ((DAY,) if kind.flaws else (0, DAY))


def _rows(house: House, kind: Kind) -> list[running.Row]:
    return house.influx.query(f"SELECT active_energy_import_wh FROM electricity WHERE \"meter\" = '{kind.name}'")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_told_once(house: House, kind: Kind) -> None:
    """The log has one line about it, however often it came and however long it was."""
    told = re.findall(rf".*\bW! .*\b{kind.name}: .*", house.log)

    assert len(told) == (1 if house.link(kind.name)["flaws"] else 0), told
    assert all("The rest of the telegram is read" in line for line in told)


def test_no_alert(house: House) -> None:
    """No rule is in breach for any of these meters. The rule on unread telegrams knows them, and it fires for a meter with a wrong key."""
    firing = house.firing()

    assert UNREAD in firing.pop(WRONG_KEY.name)
    assert firing == {kind.name: set() for kind in KINDS}
    assert house.measured(UNREAD) == {kind.name: 0 for kind in KINDS} | {WRONG_KEY.name: 100}
