"""The board Home on a real InfluxDB: a household of seven weeks whose every five minutes are known, at noon of 20 November 2026.

It draws 1200 W, and 120 W more for each day of the month. At night (1 to 5 o'clock) it draws a tenth of that. In two quarter hours there
is a peak. The expected numbers of the panels are added up here from the same powers, window by window.
"""

import pytest
from made import CHEAP, WINDOW_S, Power, Steady, line, local, wall

NOW = local("2026-11-20 12:00")
FIRST = local("2026-10-01 00:00")
PEAKS_W = {local("2026-10-30 18:15"): 9600, local("2026-11-05 18:30"): 7200}
QUIET = range(local("2026-10-29 08:00"), local("2026-10-29 11:00"))
PRICES = {"import_t1_per_kwh": 1.22, "import_t2_per_kwh": 0.74, "import_t0_per_kwh": 0.1, "export_t0_per_kwh": 0.25}
LIMITS = {"active_power_import_w": 6000, "daily_import_wh": 25000}


def power(utc_s):
    """The power in a window, W."""
    peak = next((watts for begin, watts in PEAKS_W.items() if begin <= utc_s < begin + 900), 0)
    now = wall(utc_s)
    level = 1200 + 120 * now.day
    return Power(peak or level // (10 if 1 <= now.hour < 5 else 1), 600 if 10 <= now.hour < 14 else 0)


def kwh(since, until, *, way="import_w", cheap=None):
    """The energy between two times (UTC s or Warsaw's wall clock), in one zone or in both."""
    begin, end = (local(time) if isinstance(time, str) else time for time in (since, until))
    return sum(
        getattr(power(utc_s), way) // 12 / 1000
        for utc_s in range(begin, end, WINDOW_S)
        if cheap is None or (wall(utc_s).hour in CHEAP) is cheap
    )


@pytest.fixture(scope="module")
def household(shared):
    """The buckets of the household: five-minute points, telegrams of the last hours, settings."""
    meter = Steady(FIRST, NOW, power, silent=lambda utc_s: utc_s in QUIET)
    shared.windows(meter.windows())
    tags = meter.tags()
    now = {"active_power_import_w": 4200, "active_power_export_w": 30, "limiter_threshold_active_w": 11000}
    half_hourly = range(NOW - 30 * 3600, NOW, 60)
    shared.telegrams(line("electricity", tags, now | {"active_power_import_w": power(utc_s).import_w}, utc_s) for utc_s in half_hourly)
    shared.telegrams([line("electricity", tags, now, NOW - 10)])
    said = {"interface": "p1", "meter": "home"}
    shared.telegrams(
        line("electricity_settings", said, PRICES | LIMITS | {"currency": "PLN"}, utc_s) for utc_s in range(NOW - 86_400, NOW, 300)
    )
    shared.telegrams([line("electricity_settings", said, LIMITS | {"active_power_import_w": 5000}, NOW - 30 * 86_400)])
    return shared


@pytest.fixture
def home(household):
    """The board with its own range, the last 24 hours."""
    return household.board("home", NOW)


def test_power_now(home):
    """The power of the newest telegram is next to the set limit and the meter's own limit."""
    assert home.shown("Power now").figures() == {"Imported": 4200, "Fed in": 30, "Limit": 6000, "Limiter": 11000}


def test_nothing_of_a_silent_meter(household):
    """After a quarter hour of silence the panel shows no present value, not even the limit, and says so."""
    board = household.board("home", NOW + 1000)

    assert not board.shown("Power now").some()
    assert board.panel("Power now")["fieldConfig"]["defaults"]["noValue"] == "No telegram within 15 minutes."


def test_share_of_limits(home):
    """4200 W are 70 % of 6000 W and 38 % of 11000 W."""
    assert home.shown("Share of the limits").figures() == pytest.approx({"of the limit": 70, "of the limiter": 4200 / 110})


@pytest.mark.parametrize(
    ("title", "begin", "end"),
    [
        ("Today", "2026-11-20 00:00", "2026-11-20 12:00"),
        ("Yesterday until this time", "2026-11-19 00:00", "2026-11-19 12:00"),
        ("This month", "2026-11-01 00:00", "2026-11-20 12:00"),
    ],
)
def test_energy_and_money(home, title, begin, end):
    """Energy is the difference of registers since local midnight or the first of the month. Money is each zone's energy times its price."""
    taken, given = kwh(begin, end), kwh(begin, end, way="export_w")
    cost = kwh(begin, end, cheap=False) * 1.22 + kwh(begin, end, cheap=True) * 0.74 + taken * 0.1
    found = home.shown(title).figures()

    assert {name: found[name] for name in ("Imported", "Fed in", "Cost", "Earned")} == pytest.approx(
        {"Imported": taken, "Fed in": given, "Cost": cost, "Earned": given * 0.25}, abs=0.001
    )


def test_currency(home):
    """The money's unit is the one of the settings."""
    names = [
        item["value"]
        for entry in home.panel("Today")["fieldConfig"]["overrides"]
        for item in entry["properties"]
        if item["id"] == "displayName"
    ]

    assert [home.interpolated(name, home.range) for name in names] == ["Cost, PLN", "Earned, PLN"]


def test_power_course(home):
    """Over a day, power comes from the telegrams. Energy fed in is below zero, and the limit is a line over the whole range."""
    answer = home.shown("Power")
    imported = answer.points("Imported")

    assert imported["2026-11-19 20:00"] == 1200 + 120 * 19
    assert imported["2026-11-20 03:00"] == 360
    assert answer.points("Fed in")["2026-11-20 03:00"] == -30
    assert {value for time, value in answer.points("Limit").items() if "2026-11-19 13" <= time < "2026-11-20 12:00"} == {6000}
    assert {value for value in answer.column("Limiter") if value is not None} == {11000}


def test_power_course_of_weeks(household):
    """Over more than two days power comes from the five-minute points, and telegrams are not read."""
    board = household.board("home", NOW, since="now-30d")
    asked = len(household.asked)
    answer = board.shown("Power")

    assert answer.points("Imported")["2026-11-01 08:00"] == 1320
    assert answer.points("Fed in")["2026-11-01 12:00"] == -600
    telegrams = [query for query in household.asked[asked:] if 'FROM "electricity" ' in query]
    assert [household.ask(query) for query in telegrams] == [[]] * 3


def test_days_by_zone(home):
    """Each of the 30 days shows its two zones, also the day of 25 hours. Zones that the meter never uses are left out."""
    (frame,) = home.shown("Energy per day, 30 days").frames
    days = dict(zip(frame.columns["Time"], zip(frame.columns["Zone 1"], frame.columns["Zone 2"], strict=True), strict=True))

    assert len(days) == 30
    for day in ("25.10", "26.10", "5.11", "19.11"):
        date = "2026-{1}-{0:0>2}".format(*day.split("."))
        begin = local(f"{date} 00:00")
        end = local(f"{wall(begin + 26 * 3600):%Y-%m-%d} 00:00")
        assert days[day] == pytest.approx((kwh(begin, end, cheap=False), kwh(begin, end, cheap=True))), day
    assert set(frame.columns["Zone 3"]) == {None}


def test_share_of_zones(home):
    """The pie's parts are the sums of the 30 days."""
    figures = home.shown("Share of zones, 30 days").figures()
    begin = local("2026-10-22 00:00")

    assert figures["Zone 1"] == pytest.approx(kwh(begin, NOW, cheap=False))
    assert figures["Zone 2"] == pytest.approx(kwh(begin, NOW, cheap=True))


def test_demand(household):
    """The demand of a quarter hour is its energy times four. The quarter hour of the peak is found between its neighbours."""
    board = household.board("home", local("2026-11-05 22:00"))
    quarters = board.shown("Quarter-hour demand").points("Quarter-hour demand")

    assert quarters["2026-11-05 18:30"] == 7200
    assert quarters["2026-11-05 18:15"] == quarters["2026-11-05 18:45"] == 1800
    assert quarters["2026-11-05 04:00"] == 180


def test_demand_without_the_gap(household):
    """A step over a gap is no demand. There is no value in the gap, and no quarter hour is higher than its power."""
    board = household.board("home", local("2026-10-29 22:00"))
    quarters = board.shown("Quarter-hour demand").points("Quarter-hour demand")

    assert not [time for time in quarters if "2026-10-29 08:15" <= time < "2026-10-29 11:00"]
    assert max(quarters.values()) == 1200 + 120 * 29


def test_peak_of_month(home):
    """The month's peak is this month's, not the higher one of October."""
    assert home.shown("Peak this month").figures() == {"Quarter-hour demand": 7200}


def test_peak_of_last_month(household):
    """In October it is October's."""
    assert household.board("home", local("2026-10-31 12:00")).shown("Peak this month").figures() == {"Quarter-hour demand": 9600}


def test_base_load(home):
    """The lowest hour of the seven nights is on the 14th: a tenth of its day's power."""
    assert home.shown("Base load").figures() == {"Imported": (1200 + 120 * 14) // 10}


def test_days_with_most_use(home):
    """Eight days, the highest first. The 29th has a gap and the 20th is not over, so neither is in the list."""
    (frame,) = home.shown("Days with the most use, 30 days").frames
    whole = [local(f"2026-10-{day} 00:00") for day in range(22, 32) if day != 29] + [
        local(f"2026-11-{day:02} 00:00") for day in range(1, 20)
    ]
    totals = {f"{wall(begin):%-d.%m}": kwh(begin, local(f"{wall(begin + 26 * 3600):%Y-%m-%d} 00:00")) for begin in whole}
    expected = sorted(totals.items(), key=lambda day: -day[1])[:8]

    assert frame.rows() == [(day, pytest.approx(total)) for day, total in expected]
    assert expected[0][0] == "31.10"


@pytest.mark.parametrize(("title", "sign"), [("Days with the most use", -1), ("Days with the least use", 1)])
def test_best_and_worst(household, title, sign):
    """The lists of History do the same over the chosen time. The first day ever and the day with a gap are not complete."""
    board = household.board("history", NOW)
    (frame,) = board.shown(title).frames
    days = {local(f"2026-{month:02}-{day:02} 00:00") for month, last in ((10, 31), (11, 19)) for day in range(1, last + 1)}
    days -= {local("2026-10-29 00:00")}
    totals = {f"{wall(begin):%-d.%m.%Y}": kwh(begin, local(f"{wall(begin + 26 * 3600):%Y-%m-%d} 00:00")) for begin in days}
    totals["1.10.2026"] -= power(FIRST).import_w / 12_000
    expected = sorted(totals.items(), key=lambda day: sign * day[1])[:8]

    assert sorted(frame.rows(), key=lambda row: sign * row[1]) == [(day, pytest.approx(total)) for day, total in expected]


def test_money_without_prices(store):
    """If no price is set, energy is shown without money, and there is no error."""
    store.windows(Steady(NOW - 2 * 86_400, NOW, power).windows())
    found = store.board("home", NOW).shown("Today").figures()

    assert found["Imported"] == pytest.approx(kwh("2026-11-20 00:00", NOW))
    assert not found.get("Cost")
    assert not found.get("Earned")
