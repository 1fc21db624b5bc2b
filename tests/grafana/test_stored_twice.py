"""Hours and bills that are stored in two series count once: boards show the same as if they were stored once.

A second series comes about when a tag comes or goes: Telegraf adds `host` to what it collects, or the tags of a meter change.
"""

import re

import made
import pytest
from grafana import boards
from made import Power, Steady, local

NOW = local("2026-11-20 15:00")
BEGIN = local("2025-10-01 00:00")
FINE = local("2026-11-17 00:00")
METERS = ("house", "flat")


def hour(utc_s):
    """What an hour cost: something estimated in one hour of ten, no price for the last two hours."""
    wh = 300 + utc_s // 3600 % 7 * 40
    return {
        "energy": wh / 1000,
        "vat": wh / 5000,
        "import_wh": wh,
        "export_wh": 20,
        "earned": 0.02,
        "produced_wh": 200,
        "self_used_wh": 180,
        "estimated_wh": 50 if utc_s // 3600 % 10 == 0 else 0,
        "unpriced_wh": wh if utc_s >= NOW - 7200 else 0,
    }


def money(meter):
    """Hours and bills of the meter's own tariff, and of one beside it."""
    for tariff in ("own", "G11"):
        yield from made.costs(BEGIN, NOW // 3600 * 3600, hour, meter, tariff)
        yield from made.bills(BEGIN, NOW, lambda utc_s: hour(utc_s) | {"deposit_used": 0.001}, meter, tariff)


def tagged(line):
    """A line as Telegraf writes it that adds its computer's name."""
    return re.sub(r"^[^ ]+", r"\g<0>,host=pi", line)


@pytest.fixture(scope="module")
def stores(new_store):
    """The same money once, and some of it twice: every third hour and every bill is in a second series."""
    once, twice = new_store("once"), new_store("twice")
    for store in (once, twice):
        for number, meter in enumerate(METERS, 1):
            store.windows(Steady(FINE, NOW, lambda _, w=number: Power(1200 * w, 120), meter=meter, serial=meter).windows())
            store.telegrams(
                made.line("electricity_settings", {"meter": meter}, {"silence_s": 180.0, "daily_cost": 1.0, "monthly_cost": 20.0}, utc_s)
                for utc_s in range(NOW - 90_000, NOW, 300)
            )
            store.settled(money(meter))
    for meter in METERS:
        hours = [line for line in money(meter) if line.startswith("electricity_cost")]
        twice.settled(map(tagged, [*hours[::3], *(line for line in money(meter) if line.startswith("electricity_bill"))]))
    return once, twice


def test_it_is_stored_twice(stores):
    """A sum over all series is wrong. So the other tests here can fail."""
    sums = [store.ask('SELECT sum("total") FROM "5m"."electricity_cost"')[0]["values"][0][1] for store in stores]

    assert sums[1] == pytest.approx(sums[0] * 4 / 3, rel=0.01)


@pytest.mark.parametrize("key", [key for key in boards.BOARDS if key not in ("quality", "health")])
def test_boards(stores, key):
    """Every panel of the boards with money."""
    made_boards = [store.board(key, NOW, meter="flat") for store in stores]
    shown = [[one.answer(panel) for panel in one.panels()] for one in made_boards]

    assert any(answer.some() for answer in shown[0])
    assert made_boards[0].variables == made_boards[1].variables
    for expected, found in zip(*shown, strict=True):
        assert len(found.frames) == len(expected.frames), found.title
        for one, other in zip(found.frames, expected.frames, strict=True):
            assert one.columns.keys() == other.columns.keys(), found.title
            for name, values in one.columns.items():
                assert len(values) == len(other.columns[name]), (found.title, name)
                for value, wanted in zip(values, other.columns[name], strict=True):
                    assert value == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), (found.title, name)
