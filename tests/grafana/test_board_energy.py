"""Energy on the boards Home and History: known registers on a real InfluxDB, answers computed by hand.

The meter draws 1200 W, which is 100 Wh in five minutes and 28.8 kWh on a day of 24 hours, unless a case says otherwise.
"""

from functools import partial
from itertools import pairwise

import pytest
from made import WINDOW_S, Power, Steady, line, local, wall

EVEN = Power(1200, 600)
DAY_S = 86_400
DAILY = "Energy per day"
MONTHLY = "Imported, month by month"


def even(_utc_s):
    return EVEN


def by_hour(utc_s):
    """A power in hundreds of W: the number of the local hour, plus 12."""
    return Power(1200 + 120 * wall(utc_s).hour)


def daily(store, begin, until, **more):
    """Local date → kWh, of the days from one to another."""
    board = store.board("history", local(until) + 3600, since=f"{local(begin)}000", until=f"{local(until)}000", **more)
    return {time[:10]: value for time, value in board.shown(DAILY).points("Imported").items() if value is not None}


def edges(utc_s):
    """Silent except in the first and last window of a local day."""
    return wall(utc_s).date() == wall(utc_s - WINDOW_S).date() == wall(utc_s + WINDOW_S).date()


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29", 23), ("2026-03-30", 24), ("2026-10-25", 25), ("2026-10-26", 24), ("2028-02-29", 24)],
    ids=["23 hours", "day after", "25 hours", "day after autumn", "leap day"],
)
def test_local_days(store, day, hours):
    """A day has the energy of its hours, and so have the three days around it."""
    noon = local(f"{day} 12:00")
    store.windows(Steady(noon - 3 * DAY_S, noon + 2 * DAY_S, even).windows())
    found = daily(store, f"{wall(noon - DAY_S):%Y-%m-%d} 00:00", f"{wall(noon + DAY_S):%Y-%m-%d} 23:59")

    assert found[day] == pytest.approx(hours * 1.2)
    assert len(found) == 3
    assert sum(found.values()) == pytest.approx(
        (local(f"{wall(noon + DAY_S):%Y-%m-%d} 23:59") + 60 - local(f"{wall(noon - DAY_S):%Y-%m-%d} 00:00")) / 3600 * 1.2
    )


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-05-10 10:00", "2026-05-10 13:00", {}),
        ("2026-05-10 22:00", "2026-05-11 02:00", {"2026-05-10": 26.4, "2026-05-11": 31.2}),
        ("2026-05-10 22:00", "2026-05-12 01:00", {"2026-05-10": 26.4, "2026-05-12": 60.0}),
    ],
    ids=["within a day", "over midnight", "over a whole day"],
)
def test_gaps(store, since, until, expected):
    """Energy that flowed in a gap belongs to the day in which the gap ended. None of it is lost."""
    store.windows(
        Steady(
            local("2026-05-08 00:00"), local("2026-05-14 00:00"), even, silent=lambda utc_s: local(since) <= utc_s < local(until)
        ).windows()
    )
    found = daily(store, "2026-05-09 00:00", "2026-05-13 23:59")

    whole = dict.fromkeys((f"2026-05-{day:02}" for day in range(9, 14)), 28.8)
    if "2026-05-12" in expected:
        del whole["2026-05-11"]
    assert found == pytest.approx(whole | expected)
    assert sum(found.values()) == pytest.approx(5 * 28.8)


def test_gap_before_the_view(store):
    """The first day of a view counts from the register's last value before it, even if that was days before."""
    quiet = range(local("2026-05-06 12:00"), local("2026-05-09 06:00"))
    store.windows(Steady(local("2026-05-04 00:00"), local("2026-05-11 00:00"), even, silent=lambda utc_s: utc_s in quiet).windows())
    found = daily(store, "2026-05-09 00:00", "2026-05-10 23:59")

    assert found == pytest.approx({"2026-05-09": 28.8 * 2.5 + 28.8, "2026-05-10": 28.8})


def test_replaced_meter(store):
    """A new meter has a lower register. The day's energy is that of both meters, without the new one's first five minutes."""
    swapped = local("2026-05-10 12:00")
    store.windows(Steady(local("2026-05-08 00:00"), swapped, even, import_wh=40_000_000).windows())
    store.windows(Steady(swapped, local("2026-05-13 00:00"), even, serial="39999999", import_wh=0).windows())
    found = daily(store, "2026-05-09 00:00", "2026-05-12 23:59")

    assert found == pytest.approx({"2026-05-09": 28.8, "2026-05-10": 28.7, "2026-05-11": 28.8, "2026-05-12": 28.8})


@pytest.mark.parametrize("serials", ["123", "132", "213", "231", "312", "321"])
def test_meter_replaced_twice(store, serials):
    """Each day has the energy of the meters that hung there on that day, whatever the order of their serial numbers is."""
    times = [local(f"2026-05-{day}") for day in ("08 00:00", "10 14:35", "11 03:10", "14 00:00")]
    for serial, (since, until) in zip(serials, pairwise(times), strict=True):
        store.windows(Steady(since, until, even, serial=serial, import_wh=int(serial) * 1_000_000).windows())
    found = daily(store, "2026-05-08 00:00", "2026-05-13 23:59")

    days = {"2026-05-08": 28.7, "2026-05-09": 28.8, "2026-05-10": 28.7, "2026-05-11": 28.7, "2026-05-12": 28.8, "2026-05-13": 28.8}
    assert found == pytest.approx(days)


DAYS = ("2026-05-09", "2026-05-10", "2026-05-11")
BEGIN, END = local("2026-05-08 00:00"), local("2026-05-12 00:00")


def odd(store, register):
    """Four days of a register that counts 100 Wh in five minutes, with the values that a function makes of the right ones."""
    lines = []
    for place, utc_s in enumerate(range(BEGIN, END, WINDOW_S)):
        tags = {"interface": "p1", "meter": "home", "serial": "1"}
        lines.append(line("electricity", tags, {"active_energy_import_wh": float(register(utc_s, 100 * (place + 1)))}, utc_s))
    store.windows(lines)


def shown_energy(store):
    """The days' energy, the hours' energy of the 10th, and the sum of the three days."""
    found = daily(store, "2026-05-09 00:00", "2026-05-11 23:59")
    (hours,) = store.board("home", END).shown("Energy hour by hour, 30 days").frames
    row = hours.columns["Time\\Hour"].index("2026-05-10")
    board = store.board("history", END + 3600, since=f"{local('2026-05-09 00:00')}000", until=f"{END}000")
    return found, [hours.columns[f"{hour:02}"][row] for hour in range(24)], board.shown("The chosen time").figures()["Imported"]


@pytest.mark.parametrize("clock", ["00:00", "12:00", "12:30", "23:55"])
@pytest.mark.parametrize(("before_wh", "after_wh"), [(9_007_000, 0), (99_000_000, 4_000), (123_456_789, 123_000_000)])
def test_register_that_began_again(store, clock, before_wh, after_wh):
    """A register that was reset at any time of the day gives no negative energy. Only that one step is lost, in the sum, too."""
    reset = local(f"2026-05-10 {clock}")
    counted = (reset - BEGIN) // WINDOW_S * 100
    odd(store, lambda utc_s, wh: before_wh + wh if utc_s < reset else after_wh + wh - counted)
    days, hours, total = shown_energy(store)

    assert days == pytest.approx(dict(zip(DAYS, (28.8, 28.7, 28.8), strict=True)))
    assert hours == pytest.approx([1.1 if hour == int(clock[:2]) else 1.2 for hour in range(24)])
    assert total == pytest.approx(86.3)


@pytest.mark.parametrize("clock", ["00:00", "12:00", "12:30", "23:55"])
@pytest.mark.parametrize("digits", [7, 8, 9])
def test_register_that_rolled_over(store, clock, digits):
    """A register that goes from all nines to zero has counted on. Not one Wh is lost."""
    rolled = local(f"2026-05-10 {clock}")
    begin_wh = 10**digits - (rolled - BEGIN) // WINDOW_S * 100 - 30
    odd(store, lambda _utc_s, wh: (begin_wh + wh) % 10**digits)
    days, hours, total = shown_energy(store)

    assert days == pytest.approx(dict.fromkeys(DAYS, 28.8))
    assert hours == pytest.approx([1.2] * 24)
    assert total == pytest.approx(86.4)


@pytest.mark.parametrize("clock", ["00:00", "12:00", "12:55", "23:55"])
@pytest.mark.parametrize("low_wh", [500_000, 700_000_000 - 5], ids=["500 kWh", "almost all"])
@pytest.mark.parametrize("windows", [1, 2])
def test_register_that_was_low_for_a_moment(store, clock, low_wh, windows):
    """A value that is too low, and right again five or ten minutes later, is no energy, although the register rises by 500 kWh after it."""
    low = range(local(f"2026-05-10 {clock}"), local(f"2026-05-10 {clock}") + windows * WINDOW_S)
    odd(store, lambda utc_s, wh: 700_000_000 + wh - low_wh * (utc_s in low))
    days, hours, total = shown_energy(store)

    # At the end of a day or of an hour, the energy of these minutes may count in the next one.
    late = 0.1 * windows
    assert days == pytest.approx(dict.fromkeys(DAYS, 28.8), abs=late + 1e-9)
    assert hours == pytest.approx([1.2] * 24, abs=late + 1e-9)
    assert total == pytest.approx(86.4, abs=1e-6)


def test_power_of_a_register_that_was_odd(store):
    """Neither a reset nor a low value is a demand of megawatts."""
    reset, low = local("2026-05-09 12:00"), local("2026-05-10 12:10")
    odd(store, lambda utc_s, wh: wh + (9_007_000 if utc_s < reset else 0) - 50_000 * (utc_s == low))

    assert store.board("home", END).shown("Peak this month").figures() == {"Quarter-hour demand": pytest.approx(1200)}


@pytest.mark.parametrize("minute", [0, 2, 7, 34, 59])
def test_first_hours_of_a_range(store, minute):
    """The first hours of the 30 days have their energy once, wherever in the hour the range begins, and also after a gap."""
    now = local("2026-05-31 12:00") + 60 * minute
    begin = now - 30 * DAY_S
    quiet = range(begin - 9 * 60, begin + 12 * 60)
    steady = Steady(local("2026-05-01 06:00"), local("2026-05-01 18:00"), even, silent=lambda utc_s: utc_s in quiet)
    store.windows(steady.windows())
    (frame,) = store.board("home", now).shown("Energy hour by hour, 30 days").frames
    hours = {int(name): column[0] for name, column in frame.columns.items() if name.isdigit()}

    assert {hour: kwh for hour, kwh in hours.items() if hour > 13} == pytest.approx(dict.fromkeys(range(14, 18), 1.2))
    assert sum(kwh for hour, kwh in hours.items() if hour <= 13) <= 2.4 + 1e-9


def test_two_meters_are_two(store):
    """A board shows the meter that is chosen, whatever the others use."""
    for meter, watts in (("home", 1200), ("flat 2, (left)", 2400)):
        name = meter.replace(" ", "\\ ").replace(",", "\\,")
        power = partial(lambda watts, _utc_s: Power(watts), watts)
        store.windows(Steady(local("2026-05-08 00:00"), local("2026-05-11 00:00"), power, meter=name).windows())
        store.telegrams([line("electricity", {"meter": name}, {"active_power_import_w": watts}, local("2026-05-10 23:00"))])

    assert daily(store, "2026-05-10 00:00", "2026-05-10 23:59", meter="home") == pytest.approx({"2026-05-10": 28.8})
    assert daily(store, "2026-05-10 00:00", "2026-05-10 23:59", meter="flat 2, (left)") == pytest.approx({"2026-05-10": 57.6})


def test_hours_of_the_long_day(store):
    """The heat map has one column per hour. On the day of 25 hours, the two hours from 2 to 3 are added up, and the sum is the day's energy."""
    store.windows(Steady(local("2026-10-24 00:00"), local("2026-10-27 00:00"), by_hour).windows())
    board = store.board("home", local("2026-10-27 00:00"))
    (frame,) = board.shown("Energy hour by hour, 30 days").frames
    days = dict(zip(frame.columns["Time\\Hour"], zip(*(frame.columns[f"{hour:02}"] for hour in range(24)), strict=True), strict=True))

    assert days["2026-10-26"] == pytest.approx([1.2 + 0.12 * hour for hour in range(24)])
    assert days["2026-10-25"] == pytest.approx([(1.2 + 0.12 * hour) * (2 if hour == 2 else 1) for hour in range(24)])
    assert daily(store, "2026-10-25 00:00", "2026-10-25 23:59") == pytest.approx({"2026-10-25": sum(days["2026-10-25"])})


def test_hours_of_the_short_day(store):
    """On the day of 23 hours the hour from 2 to 3 is empty."""
    store.windows(Steady(local("2026-03-28 00:00"), local("2026-03-31 00:00"), by_hour).windows())
    board = store.board("home", local("2026-03-31 00:00"))
    (frame,) = board.shown("Energy hour by hour, 30 days").frames
    row = frame.columns["Time\\Hour"].index("2026-03-29")

    assert frame.columns["02"][row] is None
    assert [frame.columns[f"{hour:02}"][row] for hour in (1, 3)] == pytest.approx([1.32, 1.56])


@pytest.fixture(scope="module")
def years(shared):
    """Three years: 1200 W in 2023, 2400 W in 2024 (leap), 3600 W in 2025, up to noon of 10 May 2026."""

    def power(utc_s):
        return Power(1200 * (wall(utc_s).year - 2022), 600)

    shared.windows(Steady(local("2023-01-01 00:00"), local("2026-05-10 12:00"), power, silent=edges).windows())
    return shared


def of_year(years, year, now="2026-05-10 12:00"):
    """The board of a whole year."""
    return years.board(
        "history", local(now), since=f"{local(f'{year}-01-01 00:00')}000", until=f"{local(f'{year + 1}-01-01 00:00') - 1}999"
    )


@pytest.mark.parametrize(
    ("year", "kwh", "before"),
    [(2024, 366 * 57.6, 365 * 28.8 - 0.1), (2025, 365 * 86.4, 366 * 57.6)],
    ids=["leap after common", "common after leap"],
)
def test_whole_years(years, year, kwh, before):
    """A year begins and ends at Warsaw's midnight, and so does the one before, leap days included."""
    board = of_year(years, year)

    assert board.shown("The chosen time").figures()["Imported"] == pytest.approx(kwh)
    assert board.shown("A year before").figures()["Imported a year before"] == pytest.approx(before)


def test_months_beside_last_year(years):
    """Each month is next to the same month a year before. The leap day of February counts."""
    (frame,) = of_year(years, 2025).shown(MONTHLY).frames
    months = dict(zip(frame.columns["Time"], frame.rows(), strict=True))

    assert list(months) == [f"{month:02}" for month in range(1, 13)]
    assert months["02"][1:] == pytest.approx((29 * 57.6, 28 * 86.4))
    assert months["03"][1:] == pytest.approx((31 * 57.6 - 2.4, 31 * 86.4 - 3.6))
    assert months["10"][1:] == pytest.approx((31 * 57.6 + 2.4, 31 * 86.4 + 3.6))
    assert list(frame.columns) == ["Time", "Imported a year before", "Imported"]


def test_turn_of_the_year(years):
    """The last minutes of December are December's: the step at midnight belongs to neither year twice."""
    found = daily(years, "2024-12-30 00:00", "2025-01-02 23:59")

    assert found == pytest.approx({"2024-12-30": 57.6, "2024-12-31": 57.6, "2025-01-01": 86.4, "2025-01-02": 86.4})


def test_cumulated(years):
    """Both years begin with the first day's energy and grow to the year's energy. The year before ends on the same axis."""
    this, *before = of_year(years, 2025).shown("Imported, cumulated").frames
    (before,) = [frame for frame in before if frame.some()]

    assert this.columns["Imported"][0] == pytest.approx(86.4)
    assert this.columns["Imported"][-1] == pytest.approx(365 * 86.4)
    assert this.columns["Time"][-1] == local("2025-12-31 00:00") * 1000
    assert before.columns["Imported a year before"][:2] == pytest.approx([57.6, 115.2])
    assert before.columns["Imported a year before"][-1] == pytest.approx(366 * 57.6)
    assert abs(before.columns["Time"][0] - this.columns["Time"][0]) <= DAY_S * 1000


def test_year_that_is_not_over(years):
    """In May the cumulated line ends today, and the year before is compared up to the same day."""
    board = years.board("history", local("2026-05-10 12:00"))
    cumulated = board.shown("Imported, cumulated").frames[0].columns

    assert cumulated["Time"][-1] == local("2026-05-10 00:00") * 1000
    assert cumulated["Imported"][-1] == pytest.approx(board.shown("The chosen time").figures()["Imported"])
    # 129 whole days, less the hour of March, and today until it was last heard: at its first window
    assert cumulated["Imported"][-1] == pytest.approx(129 * 115.2 - 4.8 + 0.4)
    assert board.shown("A year before").figures()["Imported a year before"] == pytest.approx(129 * 86.4 - 3.6 + 0.3)


def test_year_before_that_is_not_complete(years):
    """The year before that began in the middle is not compared: the panel says since when there is data."""
    board = years.board(
        "history", local("2023-06-01 12:00"), since=f"{local('2023-03-01 00:00')}000", until=f"{local('2024-03-01 00:00') - 1}999"
    )
    assert not board.shown("A year before").some()

    board = years.board(
        "history", local("2024-06-01 12:00"), since=f"{local('2023-07-01 00:00')}000", until=f"{local('2024-07-01 00:00') - 1}999"
    )
    answer = board.shown("A year before")
    assert answer.figures() == {"Not a whole year: data since": local("2023-01-01 00:00") * 1000}


def test_cumulated_from_the_first_data_on(years):
    """The line of a year before that is not complete begins where its data begins, not with zeros."""
    board = years.board(
        "history", local("2024-06-01 12:00"), since=f"{local('2023-07-01 00:00')}000", until=f"{local('2024-07-01 00:00') - 1}999"
    )
    _, *before = board.shown("Imported, cumulated").frames
    (before,) = [frame for frame in before if frame.some()]

    assert before.columns["Imported a year before"][0] == pytest.approx(28.7)
    assert wall(before.columns["Time"][0] // 1000).date() == wall(local("2024-01-01 12:00")).date()


def test_feed_in(years):
    """Energy that was fed in has its own months and its own cumulated year."""
    board = of_year(years, 2025)
    (frame,) = board.shown("Fed in, month by month").frames

    assert frame.columns["Fed in"][0] == pytest.approx(31 * 14.4)
    assert board.shown("Fed in, cumulated").frames[0].columns["Fed in"][-1] == pytest.approx(365 * 14.4)
    assert min(board.shown(DAILY).column("Fed in")) == pytest.approx(-15.0)  # 25 hours
