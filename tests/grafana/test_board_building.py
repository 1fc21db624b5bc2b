"""The board Building on a real InfluxDB: a few meters with known sums, and a thousand meters with as few and as small queries.

It is 15:00 on 20 November 2026. Every flat draws 1200 W times its number, which is 100 Wh in five minutes, from 25 October on.
"""

import made
import pytest
from made import Power, Steady, line, local

NOW = local("2026-11-20 15:00")
BEGIN = local("2026-10-25 00:00")
MONTH_H = (NOW - local("2026-11-01 00:00")) / 3600
SWAPPED = local("2026-11-10 12:00")
LEFT = local("2026-11-05 00:00")
ARRIVED = local("2026-11-20 06:00")
TABLE = "All meters"


def flat(number, begin=BEGIN, until=NOW, serial="", **more):
    """A meter that draws 1200 W times its number."""
    return Steady(
        begin, until, lambda _utc_s: Power(1200 * number, 120), f"flat-{number}", serial or f"3500000{number}", "GAMA350", "wmbus", **more
    )


METERS = [
    flat(1),
    flat(2, until=SWAPPED, import_wh=70_000_000),
    flat(2, begin=SWAPPED, serial="35999999", import_wh=0),
    flat(3, until=LEFT),
    flat(4, begin=ARRIVED, import_wh=12_345),
    flat(5, silent=lambda utc_s: local("2026-11-19 18:00") <= utc_s < local("2026-11-20 03:00")),
]
"""One as it should be, one replaced, one gone on the 5th, one that came today, one with a gap over midnight."""
STATES = {1: "ok", 2: "ok", 4: "noise", 5: "wrong_key"}
BILLS = {
    "flat-1": ((120.5, 96.4, 0), (300.25, 240.2, 0)),
    "flat-2": ((240, 192, 0), (600, 480, 12.5)),
    "flat-3": ((80, 64, 0), (500, 400, 0)),
    "house": ((500, 300, 0), (1600, 900, 0)),
}
"""Meter → kWh, cost and estimated kWh of November so far, and of October. The house's meter is the main one."""
BEGINS = {"2026-10": local("2026-10-01 00:00"), "2026-11": local("2026-11-01 00:00")}


@pytest.fixture(scope="module")
def building(shared):
    """The six meters' points of a month, their newest telegrams and their states."""
    for meter in METERS:
        shared.windows(meter.windows())
        last = meter.end_s - 30
        power = meter.power(last)
        shared.telegrams(
            line("electricity", meter.tags(), {"active_power_import_w": power.import_w, "active_power_export_w": power.export_w}, utc_s)
            for utc_s in (last - 60, last)
        )
    for number, state in STATES.items():
        tags = {"interface": "wmbus", "meter": f"flat-{number}"}
        shared.telegrams(
            line("electricity_link", tags, {"state": said, "rssi_dbm": -60 - number}, NOW - age) for said, age in (("ok", 7200), (state, 9))
        )
    for name, (november, october) in BILLS.items():
        for begin, until, (kwh, cost, estimated) in (
            (BEGINS["2026-10"], BEGINS["2026-11"], october),
            (BEGINS["2026-11"], local("2026-12-01 00:00"), november),
        ):
            fields = {"import_wh": kwh * 1000, "energy": cost, "estimated_wh": estimated * 1000, "hours_settled": 470.0}
            shared.settled([made.bill(begin, until, name, **fields)])
    # tariffs computed side by side are nobody's cost
    shared.settled([made.bill(BEGINS["2026-11"], local("2026-12-01 00:00"), "flat-1", "G12", import_wh=9e6, energy=999)])
    return shared


@pytest.fixture
def board(building):
    """The board at its moment."""
    return building.board("building", NOW)


MONTH_KWH = {
    "flat-1": 1.2 * MONTH_H,
    "flat-2": 2.4 * MONTH_H - 0.2,  # a new meter's first five minutes are not known
    "flat-3": 3.6 * 4 * 24,
    "flat-4": 4.8 * 9 - 0.4,
    "flat-5": 6.0 * MONTH_H,
}


def test_sums(board):
    """Power is the sum of the meters heard within a quarter hour. Energy is the sum of all meters, also of the one that is gone."""
    assert board.shown("Power now, all meters").figures() == {"Imported": 1200 * (1 + 2 + 4 + 5), "Fed in": 120 * 4}
    assert board.shown("Total this month").figures() == {"Imported": pytest.approx(1000 * sum(MONTH_KWH.values()))}


def test_counts(board):
    """Five meters were heard within the month, four lately, and two are in trouble."""
    assert board.shown("Meters").figures() == {"Meters": 5, "Sending": 4, "In trouble": 2}


def test_table(board):
    """One row per meter with power, today, month, last telegram, state and signal. Unknown values are empty."""
    (frame,) = board.shown(TABLE).frames
    rows = {row[0]: row[1:] for row in frame.rows()}

    assert list(frame.columns) == ["Meter", "Imported", "Fed in", "Today", "This month", "Last telegram", "State", "Signal"]
    assert rows == {
        "flat-1": (1200, 120, 18_000, pytest.approx(1000 * MONTH_KWH["flat-1"]), (NOW - 30) * 1000, "ok", -61),
        "flat-2": (2400, 120, 36_000, pytest.approx(1000 * MONTH_KWH["flat-2"]), (NOW - 30) * 1000, "ok", -62),
        "flat-3": (None, None, None, pytest.approx(1000 * MONTH_KWH["flat-3"]), (LEFT - 30) * 1000, None, None),
        "flat-4": (4800, 120, pytest.approx(4800 * 9 - 400), pytest.approx(1000 * MONTH_KWH["flat-4"]), (NOW - 30) * 1000, "noise", -64),
        # what flowed in the gap from 18 to 3 o'clock belongs to the day in which it ended
        "flat-5": (6000, 120, 6000 * 21, pytest.approx(1000 * MONTH_KWH["flat-5"]), (NOW - 30) * 1000, "wrong_key", -65),
    }


def test_table_leads_on(board):
    """A click on a meter's name opens its own board."""
    overrides = board.panel(TABLE)["fieldConfig"]["overrides"]
    (links,) = [item["value"] for entry in overrides for item in entry["properties"] if item["id"] == "links"]

    assert [link["url"] for link in links] == ["/d/telegraf-han-home-en?var-meter=${__value.raw:percentencode}&${datasource:queryparam}"]


def test_ranking(board):
    """The highest is first. The two registers of a replaced meter count as one meter."""
    (frame,) = board.shown("Most use this month").frames
    ranked = sorted(MONTH_KWH.items(), key=lambda meter: -meter[1])

    assert list(zip(frame.columns["meter"], frame.columns["Imported"], strict=True)) == [
        (name, pytest.approx(1000 * kwh)) for name, kwh in ranked
    ]


def test_power_of_all(board):
    """The sum over time is the sum of all five-minute means. Energy fed in is below zero."""
    answer = board.shown("Power of all meters, 24 hours")
    imported = answer.points("Imported")

    assert imported["2026-11-20 12:00"] == 1200 * (1 + 2 + 4 + 5)
    assert imported["2026-11-20 04:00"] == 1200 * (1 + 2 + 5)
    assert imported["2026-11-20 01:00"] == 1200 * (1 + 2)
    assert answer.points("Fed in")["2026-11-20 12:00"] == -480


def test_first_of_the_month(building):
    """In the first hours of a month, both sums begin at its midnight."""
    (frame,) = building.board("building", local("2026-11-01 02:00")).shown(TABLE).frames
    place = frame.columns["Meter"].index("flat-1")

    assert frame.columns["Today"][place] == pytest.approx(2500)
    assert frame.columns["This month"][place] == pytest.approx(2500)


def test_meters_that_need_a_look(board):
    """First come the meters whose state is not OK (4 and 5), then the one that is silent (3). Meters that are well have no row."""
    (frame,) = board.shown("Meters that need a look").frames
    rows = {row[0]: row[1:] for row in frame.rows()}

    assert list(frame.columns) == ["Meter", "State", "Last telegram"]
    assert [*rows][-1] == "flat-3"
    assert rows == {
        "flat-3": (None, (LEFT - 30) * 1000),
        "flat-4": ("noise", (NOW - 30) * 1000),
        "flat-5": ("wrong_key", (NOW - 30) * 1000),
    }


def test_estimated_energy_needs_a_look(store):
    """A meter that is heard and ok has a row if energy of its running bill is estimated, but not if that was last month."""
    store.windows(flat(1, begin=NOW - 7200).windows())
    store.windows(flat(2, begin=NOW - 7200).windows())
    store.telegrams(line("electricity", flat(n).tags(), {"active_power_import_w": 5}, NOW - 60) for n in (1, 2))
    store.telegrams(line("electricity_link", {"meter": f"flat-{n}"}, {"state": "ok", "age_s": 1.0}, NOW - 9) for n in (1, 2))
    begin, before = BEGINS["2026-11"], BEGINS["2026-10"]
    store.settled([made.bill(begin, local("2026-12-01 00:00"), "flat-1", import_wh=9000, estimated_wh=1250)])
    store.settled([made.bill(before, begin, "flat-2", estimated_wh=5), made.bill(begin, local("2026-12-01 00:00"), "flat-2")])
    (frame,) = store.board("building", NOW).shown("Meters that need a look").frames

    assert frame.rows() == [("flat-1", "ok", (NOW - 60) * 1000, 1.25)]


def test_all_is_well(store):
    """Without trouble the table has no row, and the panel says so."""
    store.telegrams([line("electricity", flat(1).tags(), {"active_power_import_w": 5}, NOW - 60)])
    store.telegrams([line("electricity_link", {"meter": "flat-1"}, {"state": "ok", "age_s": 1.0}, NOW - 9)])
    board = store.board("building", NOW)

    assert not board.shown("Meters that need a look").some()
    assert board.panel("Meters that need a look")["fieldConfig"]["defaults"]["noValue"] == "All meters are well."


def test_months_to_choose(building):
    """The newest month is chosen at first, the meter with the most energy is the main one, and both can be chosen otherwise."""
    board = building.board("building", NOW)
    assert (board.variables["period"], board.variables["before"], board.variables["main"]) == (["2026-11"], ["2026-10"], ["house"])

    board = building.board("building", NOW, period="2026-10", main="flat-2")
    assert (board.variables["period"], board.variables["before"], board.variables["main"]) == (["2026-10"], [], ["flat-2"])
    assert board.variables["begin_s"] == [str(BEGINS["2026-10"])]
    assert board.variables["until_s"] == [str(BEGINS["2026-11"])]


@pytest.mark.parametrize(
    ("period", "figures"),
    [
        ("2026-11", (500, 440.5, 59.5, 11.9, 199.75, 352.4)),
        ("2026-10", (1600, 1400.25, 199.75, 199.75 / 16, None, 1120.2)),
    ],
    ids=["running", "with none before"],
)
def test_main_meter(building, period, figures):
    """What the main meter counted above the sum of all others is common parts and losses, beside that of the month before."""
    names = (
        "Main meter counted",
        "All others",
        "Common parts and losses",
        "Their share of the main meter",
        "The same, period before",
        "To pay, all others",
    )
    found = building.board("building", NOW, period=period).shown("Main meter and flats, ${period}").figures()

    assert [found.get(name) for name in names] == pytest.approx(list(figures))


def test_flats(building):
    """One row per meter: readings at both ends of the month, energy and cost, and those of the month before. Each column has its unit."""
    answer = building.board("building", NOW).shown("Readings and cost, ${period}")
    (frame,) = answer.frames
    rows = {row[0]: row[1:] for row in frame.rows()}

    assert answer.title == "Readings and cost, 2026-11"
    assert list(frame.columns) == [
        *("Meter", "Serial number", "First reading, kWh", "Last reading, kWh", "Imported, kWh", "To pay"),
        *("Period before, kWh", "Period before", "Estimated, kWh", "No price yet, kWh"),
    ]
    october_h = (BEGINS["2026-11"] - BEGIN) / 3600
    first = 1000 + 1.2 * october_h
    assert rows["flat-1"] == ("35000001", pytest.approx(first), pytest.approx(first + 1.2 * MONTH_H), 120.5, 96.4, 300.25, 240.2, 0, 0)
    # replaced on the 10th at 12:00: the first reading is the old meter's, the last the new one's
    replaced = (pytest.approx(70_000 + 2.4 * october_h), pytest.approx(2.4 * (NOW - SWAPPED) / 3600))
    assert rows["flat-2"] == ("35999999", *replaced, 240, 192, 600, 480, 0, 0)
    assert rows["house"] == (None, None, None, 500, 300, 1600, 900, 0, 0)
    # no bill, but readings: a meter without a tariff
    assert rows["flat-5"][3:] == (None, None, None, None, None, None)
    assert rows["flat-5"][0] == "35000005"


def test_flats_of_a_month_before(building):
    """A month that is over ends with the reading of its last midnight."""
    (frame,) = building.board("building", NOW, period="2026-10").shown("Readings and cost, ${period}").frames
    row = next(row for row in frame.rows() if row[0] == "flat-1")

    # the data begin on the 25th: the first point has the reading of five minutes later
    assert row[2:5] == (pytest.approx(1000.1), pytest.approx(1000 + 1.2 * (BEGINS["2026-11"] - BEGIN) / 3600), 300.25)


def test_no_bills(store):
    """Without bills these panels are empty and say what is missing, and the meters are still there."""
    store.windows(flat(1).windows())
    board = store.board("building", NOW)

    for title in ("Main meter and flats, ${period}", "Readings and cost, ${period}"):
        assert not board.shown(title).some()
        assert "write a tariff for each meter" in board.panel(title)["fieldConfig"]["defaults"]["noValue"]
    assert board.shown(TABLE).some()


@pytest.mark.parametrize(
    ("heard", "today"),
    [
        ([flat(1, begin=NOW - 3 * 86_400)], 18_000),
        ([flat(1, begin=NOW - 3600)], 1_100),
        ([flat(1, until=NOW - 7200), flat(1, begin=NOW - 7200, serial="36000000", import_wh=5)], 17_900),
        ([flat(1, silent=lambda utc_s: NOW - 100 * 3600 <= utc_s < NOW - 3600)], 120_000),
        ([flat(1, until=local("2026-11-19 20:00"))], 0),
        ([flat(1, until=local("2026-11-19 20:00")), flat(1, begin=local("2026-11-19 20:00"), import_wh=0)], 18_000 - 100),
        ([flat(1, until=local("2026-11-17 12:00")), flat(1, begin=local("2026-11-17 12:00"), import_wh=0)], 18_000),
    ],
    ids=[
        "every day",
        "new today",
        "replaced today",
        "silent for four days",
        "silent since yesterday",
        "reset yesterday: but for the first five minutes",
        "reset days ago",
    ],
)
def test_today(store, heard, today):
    """Today's energy is right for a meter that came, was replaced or came back today, and 0 for one that fell silent."""
    for meter in heard:
        store.windows(meter.windows())
    (frame,) = store.board("building", NOW).shown(TABLE).frames

    assert frame.columns["Today"] == [today]


def odd(**registers):
    """Lines of a meter that draws 1200 W since the 10th, with the register that a function makes of the right one."""
    for name, register in registers.items():
        for place, utc_s in enumerate(range(local("2026-11-10 00:00"), NOW, 300)):
            tags = {"interface": "wmbus", "meter": name, "serial": name}
            yield line("electricity", tags, {"active_energy_import_wh": float(register(utc_s, 100 * place))}, utc_s)


def test_odd_registers(store):
    """A roll-over is energy. A reset, and a value that is low for a moment, are none. A month with a reset has no sum that could be wrong."""
    noon, midnight = local("2026-11-20 12:00"), local("2026-11-20 00:00")
    store.windows(
        odd(
            rolled=lambda _utc_s, wh: (99_800_000 + wh) % 100_000_000,
            reset=lambda utc_s, wh: 9_007_000 + wh if utc_s < noon else (utc_s - noon) // 3,
            low=lambda utc_s, wh: 9_007_000 + wh - 500_000 * (utc_s in (noon, midnight - 300)),
        )
    )
    board = store.board("building", NOW)
    (frame,) = board.shown(TABLE).frames
    rows = {row[0]: row[frame_place(frame, "Today") :][:2] for row in frame.rows()}
    month_wh = (NOW - local("2026-11-10 00:00")) // 3 - 100

    assert rows["rolled"] == (18_000, month_wh)
    assert rows["reset"] == (14_400, None)
    assert rows["low"] == (pytest.approx(18_000, abs=100), month_wh)
    assert board.shown("Total this month").figures()["Imported"] == pytest.approx(2 * month_wh)


def frame_place(frame, name):
    """The place of a column."""
    return list(frame.columns).index(name)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"], ids=["23 hours", "25 hours"])
def test_today_when_clocks_change(store, day):
    """Today's energy begins at local midnight on these days, too."""
    now = local(f"{day} 12:00")
    store.windows(flat(1, begin=now - 3 * 86_400, until=now).windows())
    store.telegrams([line("electricity", flat(1).tags(), {"active_power_import_w": 1200}, now - 60)])
    (row,) = store.board("building", now).shown(TABLE).frames[0].rows()

    assert row[3] == (now - local(f"{day} 00:00")) / 3600 * 1200


# --- tags of the meters ---

STAIRCASES = {"flat-1": "A", "flat-2": "B", "flat-3": "B", "flat-4": "A"}
"""The fifth has no tag. The tags were set on the 15th. Lines from before have none."""
TAGGED = local("2026-11-15 00:00")


@pytest.fixture(scope="module")
def staircases(new_store):
    """Four flats in two staircases, and one in none."""
    made_store = new_store("staircases")

    def tagged(lines, name):
        tag = f",staircase={STAIRCASES[name]}" if name in STAIRCASES else ""
        return (text.replace(f"meter={name}", f"meter={name}{tag}") if int(text[-19:-9]) >= TAGGED else text for text in lines)

    for number in range(1, 6):
        meter, name = flat(number), f"flat-{number}"
        made_store.windows(tagged(meter.windows(), name))
        made_store.telegrams(tagged([line("electricity", meter.tags(), {"active_power_import_w": 1200 * number}, NOW - 30)], name))
        tags = {"interface": "wmbus", "meter": name}
        made_store.telegrams(tagged([line("electricity_settings", tags, {"silence_s": 180}, NOW - 200)], name))
        made_store.telegrams(
            tagged([line("electricity_link", tags, {"state": "noise" if number == 4 else "ok", "age_s": 1.0}, NOW - 9)], name)
        )
        for tag in (True, False):  # the bill was written before the tag was set, and again with it
            bills = [made.bill(BEGINS["2026-11"], local("2026-12-01 00:00"), name, import_wh=1000 * number, energy=10 * number)]
            head = f",staircase={STAIRCASES[name]}" if tag and name in STAIRCASES else ""
            made_store.settled(text.replace(f"meter={name}", f"meter={name}{head}") for text in bills)
    return made_store


GROUPS = "Groups: now, this month, cost of ${period}"


def test_tags_to_choose(staircases, building):
    """Our own tags are no groups. Without tags nothing can be chosen, and the table of groups is empty and says what to do."""
    assert staircases.board("building", NOW, group="staircase").variables["group"] == ["staircase"]
    assert staircases.board("building", NOW, group="meter").variables["group"] == ["All"]
    board = building.board("building", NOW, group="staircase")
    assert board.variables["group"] == ["All"]
    assert not board.shown(GROUPS).some()
    assert "tags = {" in board.panel(GROUPS)["fieldConfig"]["defaults"]["noValue"]


@pytest.mark.parametrize(("language", "names"), [("en", ("Group", "To pay")), ("pl", ("Grupa", "Do zapłaty"))])
def test_sums_by_group(staircases, language, names):
    """Each group has the sums of its meters, with all their energy and cost of this month, also of the time before the tags were set."""
    board = staircases.board("building", NOW, language, group="staircase")
    title = next(panel["title"] for panel in board.panels() if panel["title"].endswith("${period}") and panel["gridPos"]["y"] > 50)
    (frame,) = board.shown(title).frames
    rows = {row[0]: row[1:] for row in frame.rows()}
    month_wh = pytest.approx(1200 * 5 * MONTH_H)

    assert (frame_names := list(frame.columns))[0] == names[0]
    assert frame_names[-1].startswith(names[1])
    # number, power now, fed in, today, this month, to pay
    assert rows == {
        "A": (2, 1200 * 5, 0, 1200 * 5 * 15, month_wh, pytest.approx(50)),
        "B": (2, 1200 * 5, 0, 1200 * 5 * 15, month_wh, pytest.approx(50)),
    }


def test_one_group(staircases):
    """A chosen group leaves its meters on the board. A tag counts from the day on which it was set."""
    board = staircases.board("building", NOW, group="staircase", part="B")
    (frame,) = board.shown(TABLE).frames

    assert frame.columns["Meter"] == ["flat-2", "flat-3"]
    assert frame.columns["Today"] == [1200 * 2 * 15, 1200 * 3 * 15]
    assert frame.columns["This month"] == pytest.approx([1200 * number * (NOW - TAGGED) / 3600 - 100 * number for number in (2, 3)])
    assert board.shown("Power now, all meters").figures()["Imported"] == 1200 * 5
    assert board.shown("Meters").figures() == {"Meters": 2, "Sending": 2, "In trouble": 0}
    assert not board.shown("Meters that need a look").some()
    (flats,) = board.shown("Readings and cost, ${period}").frames
    assert flats.columns["Meter"] == ["flat-2", "flat-3"]
    ranked = board.shown("Most use this month").frames[0].columns["meter"]
    assert ranked == ["flat-3", "flat-2"]
    assert board.shown("Power of all meters, 24 hours").points("Imported")["2026-11-20 12:00"] == 1200 * 5
    assert board.shown("Main meter and flats, ${period}").figures()["Main meter counted"] == pytest.approx(5)


def test_all_groups_are_the_whole_house(staircases):
    """As long as no group is chosen, tags change nothing: every panel shows what it shows if no tag is chosen."""
    plain, grouped = staircases.board("building", NOW), staircases.board("building", NOW, group="staircase")
    for panel in plain.panels():
        if panel["title"] != GROUPS:
            assert grouped.answer(panel).frames == plain.answer(panel).frames, panel["title"]
    assert len(plain.shown(TABLE).frames[0].rows()) == 5
    assert plain.shown("Main meter and flats, ${period}").figures()["All others"] == pytest.approx(1 + 2 + 3 + 4)


# --- a thousand meters ---

THOUSAND = 1000


def crowd(meters):
    """Ten points of each meter, from the turn of the month to now."""
    for days in (20, 19, 10, 3, 2, 1):
        yield from made.building(meters, NOW - days * 86_400 - 300, end_s=300)
    for minutes in (60, 15, 10, 5):
        yield from made.building(meters, NOW - 60 * minutes, end_s=300)


@pytest.fixture(scope="module")
def thousand(new_store):
    """A thousand flats, every fiftieth in trouble."""
    made_store = new_store("thousand")
    made_store.windows(crowd(THOUSAND))
    made_store.telegrams(made.building(THOUSAND, NOW - 60, end_s=0))
    made_store.telegrams(made.building_status(THOUSAND, NOW - 30))
    for begin, until in made.months(local("2025-11-01 00:00"), NOW):
        made_store.settled(
            made.bill(begin, until, f"flat-{number:04}", import_wh=1000 * number, energy=number) for number in range(THOUSAND)
        )
    return made_store


def test_thousand_meters_in_the_table(thousand):
    """A thousand meters are a thousand rows, each complete, and the counts agree."""
    board = thousand.board("building", NOW)
    (frame,) = board.shown(TABLE).frames

    assert len(frame.rows()) == THOUSAND
    assert not [row for row in frame.rows() if None in row]
    assert frame.columns["Meter"] == sorted(frame.columns["Meter"])
    assert board.shown("Meters").figures() == {"Meters": THOUSAND, "Sending": THOUSAND, "In trouble": 15}
    assert board.shown("Total this month").figures()["Imported"] == pytest.approx(sum(frame.columns["This month"]))


def test_thousand_bills(thousand):
    """All bills of a month are in the table, and the sum of the others is the sum of their rows."""
    board = thousand.board("building", NOW)
    (frame,) = board.shown("Readings and cost, ${period}").frames
    found = board.shown("Main meter and flats, ${period}").figures()

    assert board.variables["main"] == ["flat-0999"]
    assert sorted(frame.columns["Imported, kWh"]) == list(range(THOUSAND))
    assert found["All others"] == sum(range(THOUSAND - 1))
    assert found["To pay, all others"] == pytest.approx(sum(frame.columns["To pay"]) - 999)


def test_thousand_meters_cost_no_more_queries(thousand, building):
    """A board of a thousand meters sends the same few queries as a board of five. There is no query per meter."""
    sent = []
    for store in (thousand, building):
        before = len(store.asked)
        board = store.board("building", NOW)
        for panel in board.panels():
            board.answer(panel)
        sent.append(store.asked[before:])

    assert len(sent[0]) == len(sent[1]) <= 40


def test_thousand_meters_answer_little(thousand):
    """Each query returns at most a few rows per meter, so that a browser can take them."""
    board = thousand.board("building", NOW)
    for panel in board.panels():
        for target in panel["targets"]:
            series = board.ask(target["query"], board.panel_span(panel), 900_000)
            assert sum(len(one["values"]) for one in series) <= 4 * THOUSAND, panel["title"]
