"""Every query of every panel of every board, in both languages, on a real InfluxDB, for the fields that each of four meters sends.

A panel either shows something, or it names the data that the meter does not send. A table here lists these panels, so the test fails if
another panel is empty by accident.
"""

import pytest
from made import DAY_S, WINDOW_S, bills, costs, line, local, wall

import cleartext

NOW = local("2026-11-20 12:00")
MODELS = ("gama150", "gama350", "ma110m", "ma309m")
BOARDS = ("home", "bill", "history", "quality", "health", "building")

PHASES = {"Phase imbalance"}
VOLTAGES = {"Voltages", "EN 50160", "Highest voltage", "Lowest voltage"}
REACTIVE = {"Reactive power", "tan φ", "tan φ over time"}
ALWAYS = {"Signal strength", "Own production"}
"""A cable has no signal, and these houses produce nothing."""
SILENT = {
    "gama150": PHASES | VOLTAGES | REACTIVE | ALWAYS,
    "gama350": PHASES | VOLTAGES | REACTIVE | ALWAYS,
    "ma110m": PHASES | ALWAYS,
    "ma309m": ALWAYS,
}
"""What stays empty, by meter, on P1."""
SAYS = {
    "Signal strength": "P1",
    "Own production": "electricity_production",
    "Phase imbalance": "three phases",
    **dict.fromkeys(VOLTAGES, "no voltages"),
    **dict.fromkeys(REACTIVE, "no reactive power"),
}

DRAWS = {"active_power_import_w": 500}
"""At noon the roof gives all, and tan φ is of what is drawn."""


def times():
    """Windows: two points per day for 14 months, and all points of the last nine days, except for a gap of an hour on the 18th."""
    for utc_s in range(local("2025-10-01 00:00"), NOW, WINDOW_S):
        if wall(utc_s).strftime("%H:%M") in ("00:00", "23:55") or (
            utc_s > NOW - 9 * DAY_S and not NOW - 2 * DAY_S <= utc_s < NOW - 2 * DAY_S + 3600
        ):
            yield utc_s


def hour(utc_s):
    """A settled hour. Once a day it is estimated."""
    taken = {"energy": 0.4, "vat": 0.1, "earned": 0.2, "import_wh": 1200.0, "export_wh": 1200.0}
    return taken | ({"estimated_wh": 600.0} if wall(utc_s).hour == 3 else {})


def fields(said, utc_s):
    """The fields of that meter, with registers that rise by 1 Wh in 3 s."""
    return {name: value + utc_s / 3 if name.endswith("_wh") else value for name, value in said.items()}


def filled(store, models=MODELS):
    """Store the models with the fields that the simulator sends, a day of telegrams and status lines."""
    for model in models:
        said = cleartext.sent(model, "2026-11-20T12:00:00+01:00", 1)[NOW * 10**9]
        tags = {"interface": "p1", "meter": model, "model": model.upper(), "serial": f"{MODELS.index(model)}0000001"}
        extremes = {f"{name}_{end}": value for name, value in said.items() if name.endswith("_v") for end in ("min", "max")}
        store.windows(line("electricity", tags, fields(said, utc_s) | extremes | DRAWS, utc_s) for utc_s in times())
        store.telegrams(line("electricity", tags, fields(said, utc_s) | DRAWS, utc_s) for utc_s in range(NOW - DAY_S, NOW, 60))
        store.telegrams(
            line("electricity_price", {"series": "rce"}, {"price_per_kwh": 0.3}, utc_s) for utc_s in range(NOW, NOW + DAY_S, 900)
        )
        tags = {"interface": "p1", "meter": model}
        limits = {
            "active_power_import_w": 6000,
            "phase_imbalance_percent": 2,
            "silence_s": 180,
        }
        store.telegrams(line("electricity_settings", tags | {"staircase": "A"}, limits, utc_s) for utc_s in range(NOW - DAY_S, NOW, 300))
        store.settled(costs(local("2025-10-01 00:00"), NOW, hour, model))
        store.settled(bills(local("2025-10-01 00:00"), NOW, hour, model))
        store.telegrams(status(tags, utc_s) for utc_s in range(NOW - DAY_S, NOW, 60))
    written = {"metrics_written": 5, "metrics_dropped": 0, "buffer_size": 1, "buffer_limit": 10}
    store.telegrams(line("internal_write", {"output": "influxdb_v2"}, written, utc_s) for utc_s in range(NOW - DAY_S, NOW, 60))
    store.telegrams(line("internal_memstats", {}, {"heap_in_use_bytes": 1e7}, utc_s) for utc_s in range(NOW - DAY_S, NOW, 60))


@pytest.fixture(scope="module")
def meters(shared):
    """Four meters, for all tests here."""
    filled(shared)
    return shared


def status(tags, utc_s):
    """A status line as `run` writes it on a cable."""
    counted = (utc_s - NOW + DAY_S) // 60
    counters = {"telegrams": counted, "decoded": counted, "duplicates": 0, "unverified": 0, "lines_dropped": 0, "host_stamped": 0}
    counters |= {f"errors_{cause}": 0 for cause in ("checksum", "framing", "key", "security", "records")}
    text = ",".join(f"{name}={value}i" for name, value in counters.items())
    return f'electricity_link,interface=p1,meter={tags["meter"]} {text},age_s=0.5,clock_offset_s=-1.5,state="ok" {utc_s}000000000'


def answers(store, model, language="en", **more):
    """Title → answer, of all panels of all boards."""
    found = {}
    for key in BOARDS:
        board = store.board(key, NOW, language, meter=model, group="staircase", **more)
        found |= {(key, panel["title"]): board.answer(panel) for panel in board.panels()}
    return found


@pytest.mark.parametrize("model", MODELS)
def test_every_panel(meters, model):
    """All panels answer. Only the panels whose data this meter does not send are empty."""
    found = answers(meters, model)
    empty = {title for (_, title), answer in found.items() if not answer.some()}

    assert empty == SILENT[model]
    assert len(found) > 40


@pytest.mark.parametrize("model", MODELS)
def test_empty_panels_say_why(meters, model):
    """A panel without data names the reason, in both languages."""
    for language in ("en", "pl"):
        for key in BOARDS:
            board = meters.board(key, NOW, language, meter=model)
            for panel, english in zip(board.panels(), meters.board(key, NOW, meter=model).panels(), strict=True):
                if english["title"] in SILENT[model]:
                    said = panel["fieldConfig"]["defaults"]["noValue"]
                    assert (
                        SAYS[english["title"]] in said
                        if language == "en"
                        else said not in ("", english["fieldConfig"]["defaults"]["noValue"])
                    )


@pytest.mark.parametrize("model", ["gama350", "ma309m"])
def test_polish_numbers(meters, model):
    """The Polish boards show the same numbers under Polish names."""
    english, polish = (answers(meters, model, language) for language in ("en", "pl"))

    assert len(english) == len(polish)
    for (key, title), one, other in zip(english, english.values(), polish.values(), strict=True):
        assert one.key == other.key
        assert numbers(one) == numbers(other), (key, title)


def numbers(answer):
    """The rows of all frames, without names of columns that a transformation has turned into cells."""
    return [[tuple(value for value in row if not isinstance(value, str)) for row in frame.rows()] for frame in answer.frames]


@pytest.mark.parametrize("since", ["now-1h", "now-3d", "now-90d"])
def test_every_range(meters, since):
    """With any range, InfluxDB answers every query, and the main lines are there."""
    found = answers(meters, "ma309m", since=since)

    for title in ("Power", "Voltages", "Phase imbalance", "Reactive power", "tan φ", "Limiter"):
        (answer,) = [answer for (_, name), answer in found.items() if name == title]
        assert answer.some(), title


def test_empty_database(store):
    """Before the first telegram every query of every board is answered, with nothing or with a count of nothing."""
    found = answers(store, "home")

    assert {title for (_, title), answer in found.items() if answer.some()} <= {"Meters"}


def test_title_of_variables(meters):
    """The list of meters is complete and sorted, and an unknown choice falls back to the first meter."""
    board = meters.board("home", NOW, meter="gone")
    names = [row[1] for series in board.ask(board.json["templating"]["list"][1]["query"], board.range, 1) for row in series["values"]]

    assert sorted(names) == list(MODELS)
    assert board.variables["meter"] == ["gama150"]
