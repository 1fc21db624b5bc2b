"""The board Supply quality on a real InfluxDB: voltages, balance, reactive power, gaps and the limiter, with answers known beforehand.

The meter was heard from 16 November on. Its five-minute points and its telegrams agree. Each case changes one thing.
"""

import pytest
from made import WINDOW_S, line, local

BEGIN = local("2026-11-16 00:00")
END = local("2026-11-18 00:00")
TAGS = {"interface": "p1", "meter": "home", "model": "MA309M", "serial": "30000001"}
SAID = {
    "active_energy_import_wh": 1_000_000,
    "active_power_import_w": 1000,
    "reactive_power_import_var": 300,
    "reactive_power_export_var": 50,
    "voltage_l1_v": 220,
    "voltage_l2_v": 230,
    "voltage_l3_v": 240,
    "limiter_threshold_active_w": 11000,
    "limiter_threshold_normal_w": 11000,
    "limiter_mode": 3,
}


def said(change=lambda _place: {}, silent=(), last=END):
    """A point for each five minutes, or none. `change` gives the differences of a point by its number."""
    for place, utc_s in enumerate(range(BEGIN, last, WINDOW_S)):
        if place not in silent:
            wh = {"active_energy_import_wh": 1_000_000 + 10 * place}
            yield line("electricity", TAGS, SAID | wh | change(place), utc_s)


def board(store, days=2, now=END + 3600, **more):
    """The board of the days from the 16th on."""
    return store.board("quality", now, since=f"{BEGIN}000", until=f"{BEGIN + days * 86_400 - 1}999", **more)


@pytest.mark.parametrize(
    ("volts", "percent"),
    [
        (lambda _place: 230, 100),
        (lambda place: 207 if place % 4 < 2 else 253, 100),
        (lambda place: 200 if place < 144 else 230, 75),
        (lambda place: 253.1 if place % 4 < 2 else 230, 50),
        (lambda place: 260 if place % 2 else 240, 100),
        (lambda _place: 254, 0),
    ],
    ids=["inside", "on the borders", "a quarter low", "half high", "high for five minutes, the ten-minute mean inside", "none inside"],
)
def test_en50160(store, volts, percent):
    """The share counts ten-minute means from 207 to 253 V, for each phase by itself."""
    store.windows(said(lambda place: {"voltage_l2_v": volts(place)}))

    assert board(store).shown("EN 50160").figures() == pytest.approx({"L1": 100, "L2": percent, "L3": 100})


def test_en50160_of_one_phase(store):
    """A meter with one phase has one gauge."""
    store.windows(
        line("electricity", TAGS, {"active_energy_import_wh": 1, "voltage_l1_v": 231}, utc_s) for utc_s in range(BEGIN, END, WINDOW_S)
    )

    assert board(store).shown("EN 50160").figures() == {"L1": 100}


@pytest.mark.parametrize("days", [2, 4], ids=["telegrams", "five-minute points"])
def test_voltages(store, days):
    """Each phase is a line of its own. Two days are read from telegrams, more days from five-minute points."""
    store.windows(said(lambda _place: {"voltage_l1_v": 221}))
    store.telegrams(said())
    answer = board(store, days).shown("Voltages")

    assert [set(answer.column(phase)) - {None} for phase in ("L1", "L2", "L3")] == [{220 if days == 2 else 221}, {230}, {240}]


def test_extreme_voltages(store):
    """The highest and lowest voltage are those of single telegrams, which the five-minute points keep."""
    store.windows(
        said(lambda place: {"voltage_l1_v_max": 251.5 if place == 77 else 235, "voltage_l1_v_min": 190.25 if place == 78 else 225})
    )

    assert board(store).shown("Highest voltage").figures() == {"L1": 251.5}
    assert board(store).shown("Lowest voltage").figures() == {"L1": 190.25}


@pytest.mark.parametrize("days", [2, 4], ids=["telegrams", "five-minute points"])
@pytest.mark.parametrize(
    ("volts", "percent"),
    [((220, 230, 240), 100 / 23), ((230, 230, 230), 0), ((230, 230, 200), 1000 * 20 / 2200), ((250, 220, 220), 20 / 230 * 100)],
    ids=["even steps", "balanced", "one low", "one high"],
)
def test_imbalance(store, volts, percent, days):
    """Imbalance is the farthest phase's distance from the mean of the three, in percent of it."""
    volts = dict(zip(("voltage_l1_v", "voltage_l2_v", "voltage_l3_v"), volts, strict=True))
    store.telegrams(said(lambda _place: volts))
    store.windows(said(lambda _place: volts))
    answer = board(store, days).shown("Phase imbalance")

    assert answer.column("Imbalance")
    assert [value for value in answer.column("Imbalance") if value is not None] == pytest.approx(
        [percent] * len(answer.column("Imbalance"))
    )


def test_imbalance_limit(store):
    """The limit of the settings is a line in the same panel."""
    store.windows(said())
    settings = {"phase_imbalance_percent": 2.5, "silence_s": 180}
    store.telegrams(
        line("electricity_settings", {"interface": "p1", "meter": "home"}, settings, utc_s) for utc_s in range(BEGIN, END, WINDOW_S)
    )

    assert set(board(store).shown("Phase imbalance").column("Limit")) - {None} == {2.5}


@pytest.mark.parametrize("days", [2, 4], ids=["telegrams", "five-minute points"])
def test_tan_phi(store, days):
    """tan φ is reactive divided by active power, if 100 W or more are drawn. A quiet night with any ratio does not count."""

    def quiet(place):
        return {"active_power_import_w": 20, "reactive_power_import_var": 200} if place % 288 < 72 else {}

    store.telegrams(said(quiet))
    store.windows(said(quiet))
    found = board(store, days)

    assert found.shown("tan φ").figures() == pytest.approx({"Inductive": 0.3, "Capacitive": 0.05})
    course = found.shown("tan φ over time")
    assert set(course.column("Inductive")) - {None} == {0.3}
    assert set(course.column("Capacitive")) - {None} == {0.05}
    assert course.points("Inductive").get("2026-11-16 03:00") is None


def test_reactive_power(store):
    """Capacitive power is below zero."""
    store.telegrams(said())
    answer = board(store).shown("Reactive power")

    assert set(answer.column("Inductive")) - {None} == {300}
    assert set(answer.column("Capacitive")) - {None} == {-50}


GAPS = {*range(100, 136), *range(300, 301)}
"""From 08:20 to 11:20 on the 16th, and five minutes at 01:00 on the 17th."""


def test_gaps(store):
    """Each gap is listed with its end, its length and the energy that the register counted meanwhile."""
    stood_still = {"active_energy_import_wh": 1_000_000 + 10 * 299}
    store.windows(said(lambda place: stood_still if place == 301 else {}, GAPS))
    (frame,) = board(store).shown("Gaps").frames

    # the register of a five-minute point is that of its end: 37 steps of 10 Wh lie between the two around the gap
    assert frame.columns == {
        "Until": [local("2026-11-16 11:20") * 1000, local("2026-11-17 01:05") * 1000],
        "Gap": [3 * 3600, 300],
        "Energy meanwhile": [370, 0],
    }
    assert board(store).shown("Supply at a glance").figures()["Gap"] == 3 * 3600


def test_no_gap(store):
    """Without a gap the list says so, and there is no number for the longest one."""
    store.windows(said())

    assert not board(store).shown("Gaps").some()
    assert board(store).panel("Gaps")["fieldConfig"]["defaults"]["noValue"] == "No gap of five minutes or more."
    assert "Gap" not in board(store).shown("Supply at a glance").figures()


def test_at_a_glance(store):
    """The first panel has a number for each thing that the meter sends: the share heard, the worst voltages and phase, tan φ, the limiter."""
    extremes = {"voltage_l1_v_min": 219.5, "voltage_l2_v_min": 205.5, "voltage_l2_v_max": 231, "voltage_l3_v_max": 254}
    store.windows(said(lambda place: extremes | ({"voltage_l2_v": 200} if place < 144 else {}), GAPS))
    store.telegrams(said())

    assert board(store, now=END - 60).shown("Supply at a glance").figures() == pytest.approx(
        {
            "Heard": 100 * (576 - 2 - 37) / (576 - 2),  # the newest ten minutes do not count
            "Gap": 3 * 3600,
            "Limiter": 11000,
            "Lowest voltage": 205.5,
            "Highest voltage": 254,
            "EN 50160, worst phase": 100 * (1 - 54 / (288 - 18)),
            "tan φ, inductive": 0.3,
            "tan φ, capacitive": 0.05,
        }
    )


@pytest.mark.parametrize("days", [182, 184], ids=["by five minutes", "by hours"])
def test_share_heard_of_half_a_year(store, days):
    """The share heard is the same, however it is counted."""
    store.windows(said(silent=GAPS))

    assert board(store, days, now=END + days * 86_400).shown("Supply at a glance").figures()["Heard"] == pytest.approx(
        100 * (576 - len(GAPS)) / (days * 288)
    )


def test_at_a_glance_without_voltages(store):
    """A meter that sends neither voltages nor reactive power has no numbers for them, and no panel of the open board apologises."""
    few = {name: value for name, value in SAID.items() if "voltage" not in name and "reactive" not in name}
    store.windows(line("electricity", TAGS, few, utc_s) for utc_s in range(BEGIN, END, WINDOW_S))
    store.telegrams(line("electricity", TAGS, few, utc_s) for utc_s in range(BEGIN, END, WINDOW_S))
    shown = board(store, now=END - 60)

    assert shown.shown("Supply at a glance").figures() == {"Heard": 100, "Limiter": 11000}
    opened = [panel["title"] for panel in shown.json["panels"] if panel["type"] != "row"]
    assert [title for title in opened if not shown.shown(title).some()] == ["Gaps"]


def test_row_is_closed(store):
    """What only some meters send is in a closed row, below all other panels. Grafana does not ask for its data until it is opened."""
    *panels, row = board(store).json["panels"]

    assert (row["type"], row["collapsed"]) == ("row", True)
    assert {panel["title"] for panel in row["panels"]} >= {"Voltages", "EN 50160", "Phase imbalance", "Reactive power", "tan φ"}
    assert all(panel["gridPos"]["y"] < row["gridPos"]["y"] for panel in panels)
    assert all(panel["gridPos"]["y"] > row["gridPos"]["y"] for panel in row["panels"])


def test_outages(store):
    """The timeline shows each interval as heard, partly heard or not heard, next to the plugin's own state."""
    store.windows(said(silent=GAPS))
    store.telegrams(
        line("electricity_link", {"interface": "p1", "meter": "home"}, {"state": "silent" if place in GAPS else "ok"}, utc_s)
        for place, utc_s in enumerate(range(BEGIN, END, WINDOW_S))
    )
    answer = board(store, now=END + 3600, points=192).shown("Outages and gaps")
    heard, state = answer.points("Data"), answer.points("State")

    assert heard["2026-11-16 07:00"] == heard["2026-11-17 23:45"] == 1
    assert heard["2026-11-16 10:00"] == 0
    assert heard["2026-11-16 08:15"] == pytest.approx(1 / 3)
    assert heard["2026-11-17 01:00"] == pytest.approx(2 / 3)
    assert (state["2026-11-16 07:00"], state["2026-11-16 10:00"]) == ("ok", "silent")


def test_limiter(store):
    """The lane shows how far the limiter's active threshold is below its normal one, and the mode."""

    def lowered(place):
        return {"limiter_threshold_active_w": 5500, "limiter_mode": 1} if 200 <= place < 212 else {}

    store.telegrams(said(lowered))
    answer = board(store).shown("Limiter")

    assert answer.points("Limiter")["2026-11-16 12:00"] == 0
    assert answer.points("Limiter")["2026-11-16 17:00"] == 5500
    assert answer.points("Mode")["2026-11-16 12:00"] == 3
    assert answer.points("Mode")["2026-11-16 17:00"] == 1
