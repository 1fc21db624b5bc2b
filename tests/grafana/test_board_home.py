"""The board Home on a real InfluxDB: a household of seven weeks whose every five minutes are known, at noon of 20 November 2026.

It draws 1200 W, and 120 W more for each day of the month. At night (1 to 5 o'clock) it draws a tenth of that. In two quarter hours there
is a peak. The expected numbers of the panels are added up here from the same powers, window by window.
"""

import pytest
from made import CHEAP, WINDOW_S, Power, Steady, bill, bills, costs, line, local, wall

NOW = local("2026-11-20 12:00")
FIRST = local("2026-10-01 00:00")
PEAKS_W = {local("2026-10-30 18:15"): 9600, local("2026-11-05 18:30"): 7200}
QUIET = range(local("2026-10-29 08:00"), local("2026-10-29 11:00"))
LIMITS = {"active_power_import_w": 6000, "daily_import_wh": 25000}
ESTIMATED = range(local("2026-11-12 22:00"), local("2026-11-13 03:00"))
"""Hours whose energy was spread over a gap."""


def power(utc_s):
    """The power in a window, W."""
    peak = next((watts for begin, watts in PEAKS_W.items() if begin <= utc_s < begin + 900), 0)
    now = wall(utc_s)
    level = 1200 + 120 * now.day
    return Power(peak or level // (10 if 1 <= now.hour < 5 else 1), 600 if 10 <= now.hour < 14 else 0)


def hour(utc_s):
    """A settled hour: 0.50 for a kWh at night and by the day 1.00, a fixed fee, and what is fed in at 0.25."""
    taken, given = kwh(utc_s, utc_s + 3600), kwh(utc_s, utc_s + 3600, way="export_w")
    return {
        "energy": kwh(utc_s, utc_s + 3600, cheap=False) + kwh(utc_s, utc_s + 3600, cheap=True) / 2,
        "trade_fee": 0.01,
        "earned": given / 4,
        "import_wh": taken * 1000,
        "export_wh": given * 1000,
        "estimated_wh": taken * 1000 if utc_s in ESTIMATED else 0,
    }


def cost(since, until, key="total"):
    """The sum of a field over the hours between two times."""
    begin, end = (local(time) if isinstance(time, str) else time for time in (since, until))
    hours = [hour(utc_s) for utc_s in range(begin, end, 3600)]
    return sum(one["energy"] + one["trade_fee"] if key == "total" else one[key] for one in hours)


def wh_until(end_s):
    """What the register counted since the beginning, Wh."""
    return sum(power(utc_s).import_w // 12 for utc_s in range(FIRST, end_s, WINDOW_S))


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
    later = Steady(NOW - 30 * 3600, NOW, power, import_wh=1_000_000 + wh_until(NOW - 30 * 3600), export_wh=500_000)
    shared.telegrams(later.windows())  # as telegrams, one in five minutes
    minutes = range(NOW - 30 * 3600, NOW, 60)
    shared.telegrams(line("electricity", tags, now | {"active_power_import_w": power(utc_s).import_w}, utc_s) for utc_s in minutes)
    shared.telegrams([line("electricity", tags, now, NOW - 10)])
    said = {"interface": "p1", "meter": "home"}
    shared.telegrams(line("electricity_settings", said, LIMITS, utc_s) for utc_s in range(NOW - 86_400, NOW, 300))
    shared.telegrams([line("electricity_settings", said, LIMITS | {"active_power_import_w": 5000}, NOW - 30 * 86_400)])
    shared.telegrams([line("electricity_link", said, {"telegrams": "5i", "state": "ok"}, NOW - 10).replace('"5i"', "5i")])
    shared.settled(costs(FIRST, NOW, hour))
    shared.settled(bills(FIRST, NOW, hour))
    # another tariff, and another meter, that no panel may add
    shared.settled(costs(NOW - 86_400, NOW, lambda _: {"energy": 1000.0}, tariff="G11"))
    shared.settled(costs(NOW - 86_400, NOW, lambda _: {"energy": 1000.0}, meter="flat"))
    return shared


@pytest.fixture
def home(household):
    """The board with its own range, the last 24 hours."""
    return household.board("home", NOW)


def test_power_now(home):
    """The power of the newest telegram, and what is fed in while something is."""
    assert home.shown("Power now").figures() == {"Imported": 4200, "Fed in": 30}


def test_power_without_feed_in(store):
    """A house that feeds nothing in shows no zero for it."""
    store.telegrams([line("electricity", {"meter": "home"}, {"active_power_import_w": 316, "active_power_export_w": 0}, NOW - 5)])

    assert store.board("home", NOW).shown("Power now").figures() == {"Imported": 316}


def test_nothing_of_a_silent_meter(household):
    """After a quarter hour of silence the panel shows no present value, not even the limit, and says so."""
    board = household.board("home", NOW + 1000)

    assert not board.shown("Power now").some()
    assert board.panel("Power now")["fieldConfig"]["defaults"]["noValue"] == "No telegram within 15 minutes."


@pytest.mark.parametrize(
    ("title", "begin", "end"),
    [("Energy today", "2026-11-20 00:00", "2026-11-20 12:00"), ("Energy this month", "2026-11-01 00:00", "2026-11-20 12:00")],
)
def test_energy(home, title, begin, end):
    """Energy is the difference of registers since local midnight or the first of the month."""
    assert home.shown(title).figures() == pytest.approx({"Imported": kwh(begin, end), "Fed in": kwh(begin, end, way="export_w")})


def test_cost_today(home):
    """Cost since midnight, beside the same twelve hours of the Friday before."""
    week = cost("2026-11-20 00:00", NOW) - cost("2026-11-13 00:00", "2026-11-13 12:00")

    assert home.shown("Cost today").figures() == pytest.approx({"Cost": cost("2026-11-20 00:00", NOW), "vs a week ago": week})


def test_this_bill(home):
    """The running month so far, and its forecast. The generator's forecast is the cost so far by its share of the month."""
    so_far = cost("2026-11-01 00:00", NOW)

    assert home.shown("This bill").figures() == pytest.approx({"So far": so_far, "Forecast": so_far * 30 / 19.5})


def test_bill_of_the_first_days(store):
    """A forecast that is not known yet is not that of the month before."""
    begin, until = local("2026-11-01 00:00"), local("2026-12-01 00:00")
    store.settled([bill(local("2026-10-01 00:00"), begin, energy=80.0)])
    store.settled([bill(begin, until, energy=9.0, vat=1.0, hours_settled=48)])
    store.windows(Steady(begin, begin + 48 * 3600, power).windows())
    board = store.board("home", begin + 48 * 3600)

    assert board.shown("This bill").figures() == {"So far": 10, "Forecast": None}
    properties = {
        item["id"]: item["value"]
        for entry in board.panel("This bill")["fieldConfig"]["overrides"]
        if entry["matcher"]["options"] == "Forecast"
        for item in entry["properties"]
    }
    assert properties["noValue"] == "after a week"
    assert board.shown("Bills of a year").column("To pay") == [80, 10]


@pytest.mark.parametrize(
    ("now", "week_ago"),
    [("2026-10-27 12:00", "2026-10-20 12:00"), ("2026-10-25 12:00", "2026-10-18 12:00")],
    ids=["week after", "day itself"],
)
def test_week_before_a_clock_change(store, now, week_ago):
    """Today until noon is compared with the other day until noon by the wall clock, although the two are not 168 hours apart.

    An hour costs its number, 1 to 24. The second hour from 2 to 3 costs 3, too.
    """
    now_s = local(now)
    store.windows(Steady(now_s - 86_400, now_s, power).windows())
    store.settled(costs(local("2026-10-17 00:00"), now_s, lambda utc_s: {"energy": float(wall(utc_s).hour + 1)}))
    today = sum(range(1, 13)) + (3 if "25" in now else 0)

    assert store.board("home", now_s).shown("Cost today").figures() == {"Cost": today, "vs a week ago": today - sum(range(1, 13))}


def test_only_equal_hours_are_compared(store):
    """Hours that are not settled today are not compared, and neither is the hour that is not over."""
    noon = local("2026-11-20 12:30")
    store.windows(Steady(noon - 86_400, noon, power).windows())
    store.settled(costs(local("2026-11-12 00:00"), local("2026-11-14 00:00"), lambda _: {"energy": 1.0}))
    store.settled(costs(local("2026-11-20 00:00"), local("2026-11-20 08:00"), lambda _: {"energy": 1.5}))
    late = store.board("home", noon).shown("Cost today").figures()
    store.settled(costs(local("2026-11-20 08:00"), local("2026-11-20 13:00"), lambda _: {"energy": 1.5}))
    complete = store.board("home", noon).shown("Cost today").figures()

    assert late == {"Cost": 12, "vs a week ago": 4}
    assert complete == {"Cost": 19.5, "vs a week ago": 6}


@pytest.mark.parametrize(
    ("since_midnight_s", "cost_so_far", "against"),
    [(600, None, None), (1800, 1.5, None), (5400, 3.0, 0.5)],
    ids=["nothing settled", "first hour", "second hour"],
)
def test_cost_after_midnight(store, since_midnight_s, cost_so_far, against):
    """After midnight yesterday's cost is not today's: the panel has no number until there is one."""
    midnight = local("2026-11-20 00:00")
    store.windows(Steady(midnight - 86_400, midnight + since_midnight_s, power).windows())
    store.settled(costs(local("2026-11-12 00:00"), local("2026-11-14 00:00"), lambda _: {"energy": 1.0}))
    store.settled(costs(midnight - 86_400, midnight, lambda _: {"energy": 1.5}))
    store.settled(costs(midnight, midnight + since_midnight_s - 600, lambda _: {"energy": 1.5}))
    found = store.board("home", midnight + since_midnight_s).shown("Cost today").figures()

    assert (found["Cost"], found["vs a week ago"]) == (cost_so_far, against)


def test_energy_of_today_does_not_wait(store):
    """If down-sampling has stopped, today's energy comes from the telegrams: no zero beside a live power."""
    day = Steady(local("2026-11-18 00:00"), NOW, power)
    store.windows(day._replace(end_s=local("2026-11-19 09:00")).windows())
    store.telegrams(day.windows())
    store.telegrams([line("electricity_link", {"meter": "home"}, {"telegrams": 7, "state": "ok"}, NOW - 20)])
    board = store.board("home", NOW)

    assert board.shown("Energy today").figures()["Imported"] == pytest.approx(kwh("2026-11-20 00:00", NOW))
    assert board.shown("State").figures()["State"] in saying(board, "Energy out of date")


def test_energy_of_today_after_a_reset(store):
    """A register that began again this morning has lost only the step in which it did."""
    begin, reset = local("2026-11-19 00:00"), local("2026-11-20 06:00")
    store.windows(Steady(begin, NOW, power).windows())
    store.telegrams(Steady(begin, reset, power).windows())
    store.telegrams(Steady(reset, NOW, power, import_wh=0).windows())
    lost = power(reset).import_w / 12_000

    assert store.board("home", NOW).shown("Energy today").figures()["Imported"] == pytest.approx(kwh("2026-11-20 00:00", NOW) - lost)


def test_no_energy_of_a_day_without_telegrams(store):
    """If nothing came since midnight, there is no number, neither a zero nor yesterday's."""
    store.telegrams(Steady(local("2026-11-18 00:00"), local("2026-11-19 20:00"), power).windows())

    assert store.board("home", NOW).shown("Energy today").figures()["Imported"] is None


def test_a_house_that_never_fed_in(store):
    """Whoever has no panels on the roof sees no zeros of feed-in."""
    begin = local("2026-11-01 00:00")
    meter = Steady(begin, NOW, lambda _: Power(1200), export_wh=0)
    store.windows(meter.windows())
    store.telegrams(meter._replace(begin_s=NOW - 86_400, import_wh=1_000_000 + (NOW - 86_400 - begin) // 3).windows())
    store.settled(costs(begin, NOW, lambda _: {"energy": 1.0, "import_wh": 1200.0}))
    home, history = store.board("home", NOW), store.board("history", NOW)

    assert home.shown("Energy today").figures() == {"Imported": pytest.approx(14.4)}
    assert set(home.shown("Energy this month").figures()) == {"Imported"}
    assert set(history.shown("The chosen time").figures()) == {"Imported", "Cost"}
    for title in ("Fed in, month by month", "Fed in, cumulated"):
        assert not history.shown(title).some()


@pytest.mark.parametrize("title", ["Cost today", "This bill", "Cost per day, 30 days", "Bills of a year"])
@pytest.mark.parametrize("language", ["en", "pl"])
def test_no_tariff(store, title, language):
    """Without a tariff the panels of money say how to set one, and there is no zero."""
    store.windows(Steady(NOW - 2 * 86_400, NOW, power).windows())
    english = store.board("home", NOW)
    panel = store.board("home", NOW, language).json["panels"][[one["title"] for one in english.json["panels"]].index(title)]

    assert not english.shown(title).some()
    assert "[[meter.tariff]]" in panel["fieldConfig"]["defaults"]["noValue"]


def test_currency(household):
    """The money's currency is that of the bill."""
    names = [
        item["value"]
        for panel in ("Cost today", "This bill", "Bills of a year")
        for entry in household.board("home", NOW).panel(panel)["fieldConfig"]["overrides"]
        for item in entry["properties"]
        if item["id"] == "displayName"
    ]
    board = household.board("home", NOW)

    assert {board.interpolated(name, board.range).split(", ")[1] for name in names} == {"PLN"}


def test_currency_of_settings(store):
    """Before the first bill it is that of the settings."""
    store.telegrams([line("electricity_settings", {"meter": "home"}, {"currency": "CZK"}, NOW)])
    store.telegrams([line("electricity", {"meter": "home"}, {"active_power_import_w": 316}, NOW)])

    assert store.board("home", NOW).variables["currency"] == ["CZK"]


# --- the tile that says whether all is well ---


def saying(board, text):
    """The numbers for which the tile has a text."""
    (mappings,) = [
        item["value"]
        for entry in board.panel("State" if board.json["tags"][1] == "en" else "Stan")["fieldConfig"]["overrides"]
        for item in entry["properties"]
        if item["id"] == "mappings"
    ]
    (found,) = [one["options"] for one in mappings if one["options"]["result"]["text"] == text]
    return range(found["from"], found["to"] + 1)


WELL = {"state": "ok", "telegrams": True, "points": True, "bill": True, "settled": True, "priced": True}


def lived(store, **wrong):
    """Two days of a meter up to now, with what is said to be wrong."""
    now = WELL | wrong
    meter = Steady(NOW - 2 * 86_400, NOW, power)
    store.telegrams(meter._replace(end_s=NOW if now["telegrams"] else NOW - 1200).windows())
    store.windows(meter._replace(end_s=NOW if now["points"] else NOW - 3600).windows())
    if now["state"]:
        states = [("ok", NOW - 300), (now["state"], NOW - 20)]
        store.telegrams(line("electricity_link", {"meter": "home"}, {"telegrams": 7, "state": state}, at) for state, at in states)
    if now["bill"]:
        until = NOW if now["settled"] else NOW - 6 * 3600
        unpriced = {"unpriced_wh": 0 if now["priced"] else 100.0}
        # feed-in at noon waits for the price of the month
        noon = {"export_wh": 400.0, "unpriced_wh": 400.0}
        hours = costs(NOW - 2 * 86_400, until, lambda utc_s: {"energy": 1.0, **(noon if wall(utc_s).hour == 11 else unpriced)})
        store.settled(hours)
        store.settled(bills(NOW - 2 * 86_400, until, lambda _: {"energy": 1.0}))
    return store.board("home", NOW)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({}, "All well"),
        ({"state": "port_missing", "telegrams": False}, "Port missing"),
        ({"state": "wrong_key", "telegrams": False, "points": False}, "Wrong key"),
        ({"state": "silent", "telegrams": False, "settled": False}, "Meter is silent"),
        ({"state": "noise"}, "Noise on the line"),
        ({"state": "bad_key_file", "bill": False}, "Bad key file"),
        ({"state": None}, "Read-out is off"),
        ({"state": None, "telegrams": False, "points": False, "bill": False}, "Read-out is off"),
        ({"telegrams": False}, "No data"),
        ({"telegrams": False, "points": False, "settled": False}, "No data"),
        ({"points": False}, "Energy out of date"),
        ({"points": False, "settled": False, "priced": False}, "Energy out of date"),
        ({"settled": False}, "Costs out of date"),
        ({"bill": False}, "No tariff set"),
        ({"priced": False}, "Prices missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(f"{key}={what}" for key, what in value.items()),
)
def test_what_is_wrong_first(store, wrong, text):
    """The tile says what is wrong, and of several things the most important one. Feed-in without a price is no trouble."""
    board = lived(store, **wrong)

    assert board.shown("State").figures()["State"] in saying(board, text)


def test_every_number_has_one_text(household):
    """The texts share out all numbers that the tile may have, in both languages."""
    for language, name in (("en", "State"), ("pl", "Stan")):
        board = household.board("home", NOW, language)
        (mappings,) = [
            item["value"]
            for entry in board.panel(name)["fieldConfig"]["overrides"]
            for item in entry["properties"]
            if item["id"] == "mappings"
        ]
        numbers = [number for one in mappings for number in range(one["options"]["from"], one["options"]["to"] + 1)]
        assert sorted(numbers) == list(range(224))


def test_last_telegram(household):
    """The time of the newest telegram stands beside the state, so that old numbers are known to be old."""
    answer = household.board("home", NOW + 7200).shown("State")

    assert answer.figures()["Last telegram"] == (NOW - 300) * 1000


def test_power_course(home):
    """Over a day, power comes from the telegrams. Energy fed in is below zero."""
    answer = home.shown("Power")
    imported = answer.points("Imported")

    assert imported["2026-11-19 20:00"] == 1200 + 120 * 19
    assert imported["2026-11-20 03:00"] == 360
    assert answer.points("Fed in")["2026-11-20 03:00"] == -30


@pytest.mark.parametrize(
    ("peak_w", "limit_w", "marked"), [(4799, 6000, False), (4800, 6000, True), (6500, 6000, True), (4800, None, False)]
)
def test_limits_are_marks(store, peak_w, limit_w, marked):
    """A limit is a point where the power comes near it. A limit far above the curve does not stretch its scale, and without one there is none."""
    if limit_w:
        store.telegrams([line("electricity_settings", {"meter": "home"}, {"active_power_import_w": limit_w}, NOW - 60)])
    tags = {"meter": "home", "serial": "1"}
    powers = [(NOW - 7200, 300), (NOW - 3600, peak_w), (NOW - 1800, 400)]
    fields = {"limiter_threshold_active_w": 8000}
    store.telegrams(line("electricity", tags, fields | {"active_power_import_w": watts}, at) for at, watts in powers)
    answer = store.board("home", NOW).shown("Power")

    assert answer.points("Limit") == ({f"{wall(NOW - 3600):%Y-%m-%d %H:%M}": limit_w} if marked else {})
    assert answer.points("Limiter") == ({f"{wall(NOW - 3600):%Y-%m-%d %H:%M}": 8000} if peak_w == 6500 else {})


def test_power_course_of_weeks(household):
    """Over more than two days power comes from the five-minute points, and telegrams are not read."""
    board = household.board("home", NOW, since="now-30d")
    asked = len(household.asked)
    answer = board.shown("Power")

    assert answer.points("Imported")["2026-11-01 08:00"] == 1320
    assert answer.points("Fed in")["2026-11-01 12:00"] == -600
    telegrams = [query for query in household.asked[asked:] if 'FROM "electricity" ' in query]
    assert [household.ask(query) for query in telegrams] == [[]] * 4


def test_days_by_zone(home):
    """Each of the 30 days shows its two zones, also the day of 25 hours. Zones that the meter never uses are left out."""
    answer = home.shown("Energy per day, 30 days")
    zones = [{time[:10]: value for time, value in answer.points(name).items()} for name in ("Zone 1", "Zone 2")]

    assert len(zones[0]) == 30
    for day in ("2026-10-25", "2026-10-26", "2026-11-05", "2026-11-19"):
        begin = local(f"{day} 00:00")
        end = local(f"{wall(begin + 26 * 3600):%Y-%m-%d} 00:00")
        assert [zone[day] for zone in zones] == pytest.approx([kwh(begin, end, cheap=False), kwh(begin, end, cheap=True)]), day
    assert not answer.column("Zone 3")
    assert not answer.column("Imported")


def test_days_of_a_meter_without_zones(store):
    """A meter that sends no registers by zone shows its total register."""
    meter = Steady(NOW - 3 * 86_400, NOW, power)
    fields = ("active_energy_import_t1_wh", "active_energy_import_t2_wh")
    store.windows(",".join(part for part in text.split(",") if not part.startswith(fields)) for text in meter.windows())
    found = store.board("home", NOW).shown("Energy per day, 30 days").points("Imported")

    assert found["2026-11-19 00:00"] == pytest.approx(kwh("2026-11-19 00:00", "2026-11-20 00:00"))


def test_estimated_energy_is_marked(home):
    """Days with energy that was spread over a gap have a mark, other days have none. In money, the mark is that energy's part of the cost."""
    energy = {time[:10]: value for time, value in home.shown("Energy per day, 30 days").points("Estimated").items() if value is not None}
    part = {time[:10]: value for time, value in home.shown("Cost per day, 30 days").points("Estimated").items() if value is not None}

    spans = {"2026-11-12": ("2026-11-12 22:00", "2026-11-13 00:00"), "2026-11-13": ("2026-11-13 00:00", "2026-11-13 03:00")}
    assert energy == pytest.approx({day: kwh(*span) for day, span in spans.items()})
    shares = {
        day: sum(
            (hour(at)["energy"] + 0.01) * hour(at)["import_wh"] / (hour(at)["import_wh"] + hour(at)["export_wh"])
            for at in range(local(begin), local(end), 3600)
        )
        for day, (begin, end) in spans.items()
    }
    assert part == pytest.approx(shares)


def test_cost_of_days(home):
    """Each day's cost, and below zero what was earned. The day of 25 hours has 25 fees."""
    answer = home.shown("Cost per day, 30 days")
    found, earned = ({time[:10]: value for time, value in answer.points(name).items()} for name in ("Cost", "Earned"))

    assert len(found) == 30
    assert found["2026-10-25"] == pytest.approx(cost("2026-10-25 00:00", "2026-10-26 00:00"))
    assert found["2026-11-19"] == pytest.approx(cost("2026-11-19 00:00", "2026-11-20 00:00"))
    assert earned["2026-11-19"] == pytest.approx(-4 * 0.6 / 4)


def test_bills(home):
    """One bar a billing period, and on the running one what the forecast adds."""
    (frame,) = home.shown("Bills of a year").frames
    october, november = cost("2026-10-01 00:00", "2026-11-01 00:00"), cost("2026-11-01 00:00", NOW)

    assert frame.rows() == [
        ("10.2026", pytest.approx(october), pytest.approx(0)),
        ("11.2026", pytest.approx(november), pytest.approx(november * (30 / 19.5 - 1))),
    ]


def test_zoom_does_not_change_the_first_rows(household):
    """Whoever zooms into an hour of last week still sees the present in the two first rows."""
    asked = [
        household.board("home", NOW, since=since, until=until)
        for since, until in (("now-24h", "now"), (f"{(NOW - 700_000)}000", f"{NOW - 690_000}000"))
    ]
    titles = [panel["title"] for panel in asked[0].json["panels"] if panel["gridPos"]["y"] < 8]

    assert len(titles) == 8
    for title in titles:
        assert asked[0].shown(title).figures() == asked[1].shown(title).figures(), title


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


@pytest.mark.parametrize("now", ["2026-11-03 12:00", "2026-11-03 00:30"])
def test_31_days_are_31_days(store, now):
    """The lists of days name only days of the chosen time, not the days before it that are read for the first difference."""

    def watts(utc_s):
        """The more, the earlier."""
        return Power(12 * (local("2026-11-05 00:00") - utc_s) // 86_400 * 12)

    store.windows(Steady(local("2026-09-01 00:00"), local(now), watts).windows())
    board = store.board("history", local(now), since=f"{local('2026-10-01 00:00')}000", until=f"{local('2026-11-01 00:00') - 1}999")
    most, least = ([row[0] for row in board.shown(f"Days with the {what} use").frames[0].rows()] for what in ("most", "least"))

    assert sorted(most) == [f"{day}.10.2026" for day in range(1, 9)]
    assert sorted(least) == [f"{day}.10.2026" for day in range(24, 32)]


def test_history_of_money(household):
    """The chosen time's cost and earnings, and the months', are sums of the settled hours."""
    board = household.board("history", NOW)
    since, until = "2026-10-01 00:00", NOW
    found = board.shown("The chosen time").figures()

    assert (found["Cost"], found["Earned"]) == pytest.approx((cost(since, until), cost(since, until, "earned")))
    (frame,) = board.shown("Cost, month by month").frames
    months = dict(zip(frame.columns["Time"], frame.columns["Cost"], strict=True))
    assert months["10"] == pytest.approx(cost(since, "2026-11-01 00:00"))
    assert months["11"] == pytest.approx(cost("2026-11-01 00:00", until))
    assert sum(months.values()) == pytest.approx(found["Cost"])


@pytest.fixture(scope="module")
def two_years(new_store):
    """Settled hours of 2025 and 2026, 1.00 an hour and a quarter more in the second year, of a house with panels on the roof."""
    store = new_store("two-years")

    def roofed(utc_s):
        energy = {"energy": 1.0 if wall(utc_s).year == 2025 else 1.25, "import_wh": 600.0, "export_wh": 300.0}
        return energy | ({"produced_wh": 1500.0, "self_used_wh": 1200.0} if wall(utc_s).hour == 12 else {})

    store.settled(costs(local("2025-01-01 00:00"), NOW, roofed))
    store.windows(Steady(NOW - 86_400, NOW, power).windows())
    return store


def test_cost_a_year_before(two_years):
    """The cost of the same days a year before, up to the day that is not over."""
    before = two_years.board("history", NOW).shown("A year before").figures()

    hours = (local("2025-11-20 12:00") - local("2025-01-01 00:00")) / 3600
    assert before["Cost a year before"] == pytest.approx(hours, abs=1.01)  # the hour that begins now a year ago is settled


def test_no_cost_of_a_year_that_is_not_complete(two_years):
    """If the year before was not settled from its first day on, its cost is not compared."""
    since, until = f"{local('2025-07-01 00:00')}000", f"{local('2026-07-01 00:00') - 1}999"

    assert not two_years.board("history", NOW, since=since, until=until).shown("A year before").some()


def test_own_use(two_years):
    """Of 1.5 kWh at noon 1.2 were used in the house, which is 80 %, and 7.7 % of all that it used: 24 times 0.6 kWh more came from the grid."""
    since, until = f"{local('2025-03-01 00:00')}000", f"{local('2025-03-11 00:00') - 1}999"
    figures = two_years.board("history", NOW, since=since, until=until).shown("Own production").figures()

    assert figures == pytest.approx({"Produced": 15, "Used in the house": 80, "Own share of all use": 12 / (12 + 144) * 100})


def test_no_production(household):
    """A house that produces nothing is told how to record it, not that it produced 0 kWh."""
    board = household.board("history", NOW)

    assert not board.shown("Own production").some()
    assert "electricity_production" in board.panel("Own production")["fieldConfig"]["defaults"]["noValue"]
