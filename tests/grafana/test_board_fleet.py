"""The list of sites: who is in trouble, energy, demand and totals, with numbers that can be computed by hand."""

import boardrunner
import pytest
from boardstore import BOARDS
from made import DAY_S, QUARTER_S, at_site, line, local, site_sums, wall

FLEET = BOARDS.parents[1] / "fleet/dashboards"
NOW = local("2026-10-28 12:20")
NEWEST = local("2026-10-28 12:00")
"""The newest quarter that is over. Three days before, the day had 25 hours."""
BEGIN = local("2026-09-20 00:00")
LISTED = {
    "anchor": ("silent", 61),
    "bakery": ("late", 12),
    "castle": ("meters", 0),
    "dairy": ("errors", 0),
    "estate": ("OK", 0),
    "farm": ("OK", 9),
}
"""Site → what is wrong with it, and how many minutes ago it was heard."""
SAID = {"silent": "Silent", "late": "Data late", "meters": "Meters in trouble", "errors": "Many errors", "OK": "OK"}
PLACE = {site: place for place, site in enumerate(LISTED, 1)}


def sums(site):
    """A month of quarters: each site draws 100 Wh per quarter times its place, and ten times as much from 7:00 to 7:15 on the 27th."""
    until = NEWEST - DAY_S if site == "anchor" else NEWEST
    for utc_s in range(BEGIN, until + 1, QUARTER_S):
        peak = 10 if utc_s == local("2026-10-27 07:00") else 1
        newest = utc_s == until
        yield site_sums(
            site,
            utc_s,
            import_wh=100 * PLACE[site] * peak,
            export_wh=40 if site == "farm" else 0,
            meters=3,
            not_ok=2 if site == "castle" and newest else 0,
            errors=30 if site == "dairy" and newest else 0,
        )


@pytest.fixture(scope="module")
def sites(shared):
    """Six sites with three meters each."""
    for site, (_, minutes) in LISTED.items():
        shared.kept(sums(site))
        for number in range(3):
            heard = range(NOW - minutes * 60 - 600, NOW - minutes * 60 + 1, 60)
            told = (line("electricity_link", {"interface": "p1", "meter": f"m{number}"}, {"telegrams": 5}, utc_s) for utc_s in heard)
            shared.telegrams(at_site(site, told))
    return shared


def board(store, language="en", **more):
    """The list at noon."""
    return boardrunner.Board(FLEET / language / "fleet.json", store.ask, NOW * boardrunner.MS, **more)


def listed(store, **more):
    """Site → its row in the list, in the order of the list."""
    (frame,) = board(store, **more).shown("All sites").frames
    columns = list(frame.columns)
    return {row[0]: dict(zip(columns, row, strict=True)) for row in frame.rows()}


def state(one, number):
    """What the column says in place of a number."""
    (panel,) = [panel for panel in boardrunner.flat(one.json) if panel["title"] == "All sites"]
    (entry,) = [entry for entry in panel["fieldConfig"]["overrides"] if entry["matcher"]["options"] == "State"]
    ranges = next(item["value"] for item in entry["properties"] if item["id"] == "mappings")
    (text,) = [one["options"]["result"]["text"] for one in ranges if one["options"]["from"] <= number <= one["options"]["to"]]
    return text


def test_trouble_comes_first(sites):
    """The worst site is on top, and each row says what is wrong and when the site was last heard."""
    rows = listed(sites)

    assert list(rows)[:4] == list(LISTED)[:4]
    assert set(rows) == set(LISTED)
    for site, (wrong, minutes) in LISTED.items():
        assert state(board(sites), rows[site]["State"]) == SAID[wrong], site
        assert rows[site]["Last data"] == (NOW - minutes * 60) * boardrunner.MS, site


def test_numbers_of_a_site(sites):
    """Meters, power, energy of today and of this month, and the highest quarter hour of the chosen time."""
    row = listed(sites)["farm"]

    assert (row["Meters read"], row["In trouble"], row["Errors today"]) == (3, 0, 0)
    assert (row["Imported"], row["Fed in"]) == (2400, 160)
    assert row["Today"] == 600 * (12 * 4 + 1)
    # October until noon of the 28th: 27 days, one of them with 25 hours.
    assert row["This month"] == 600 * ((27 * 24 + 1) * 4 + 12 * 4 + 1) + 600 * 9
    assert row["Peak, 15 min"] == 24_000
    assert listed(sites, since="now-6h")["farm"]["Peak, 15 min"] == 2400


def test_meters_and_errors_in_trouble(sites):
    """The counts behind a state. A site that is silent has no power now."""
    rows = listed(sites)

    assert rows["castle"]["In trouble"] == 2
    assert rows["dairy"]["Errors today"] == 30
    assert rows["anchor"]["Imported"] is None
    assert rows["anchor"]["Today"] == 0


def test_a_site_without_readings_is_there(store):
    """A site whose meters are all silent has status lines only. It is in the list with its meters in trouble."""
    store.kept([site_sums("attic", NEWEST, meters=1), f"electricity_site,site=barn not_ok=1,errors=0 {NEWEST}000000000"])
    for site in ("attic", "barn"):
        store.telegrams(at_site(site, [line("electricity_link", {"meter": "home"}, {"telegrams": 5}, NOW - 5)]))

    rows = listed(store)

    assert list(rows) == ["barn", "attic"]
    assert state(board(store), rows["barn"]["State"]) == SAID["meters"]


def test_totals(sites):
    """Sites, meters, power and energy of all sites."""
    one = board(sites)

    assert one.shown("Sites").figures() == {"Sites": 6, "Not heard": 2, "In trouble": 1}
    assert one.shown("Meters").figures() == {"Sending": 15, "In trouble": 2}
    # All but the one that is silent since yesterday: 2 to 6 times 400 W.
    assert one.shown("Power of all sites").figures() == {"Imported": 8000, "Fed in": 160, "Peak, 15 min": 21 * 4000}
    energy = one.shown("Energy of all sites").figures()
    assert energy["Today"] == 100 * 20 * (12 * 4 + 1)
    assert energy["This month"] == sum(row["This month"] for row in listed(sites).values())


@pytest.mark.parametrize(("since", "steps_s"), [("now-24h", 900), ("now-5d", 3600), ("now-10d", 10800), ("now-38d", 43200)])
def test_power_of_all(sites, since, steps_s):
    """The curve is the sum of all sites, in steps that fit into the quarters. No step is cut."""
    points = {
        wall: watts for wall, watts in board(sites, since=since).shown("Power of all sites over time").points("Imported").items() if watts
    }
    usual = [watts for watts in points.values() if watts not in (8000, 8400)]

    assert len(points) == pytest.approx({900: 96, 3600: 120, 10800: 80, 43200: 76}[steps_s], abs=3)
    assert len(usual) == (0 if since == "now-24h" else 1)


def test_newest_day_has_all_that_is_known(sites):
    """Energy by day, with the day of 25 hours."""
    days = board(sites).shown("Energy per day").points("Imported")

    assert days["2026-10-25 00:00"] == pytest.approx(2.1 * 100)
    assert days["2026-10-26 00:00"] == pytest.approx(2.1 * 96)


@pytest.mark.parametrize(("title", "name"), [("Most use", "Imported"), ("Highest demand", "Quarter-hour demand")])
def test_ranking(sites, title, name):
    """The largest sites, the largest one first."""
    shown = board(sites).shown(title)

    assert shown.column("site") == list(LISTED)[::-1]
    assert shown.column(name) == sorted(shown.column(name), reverse=True)


def test_polish(sites):
    """The Polish board shows the same numbers."""
    english, polish = board(sites), board(sites, "pl")
    for one, other in zip(english.panels(), polish.panels(), strict=True):
        numbers = [
            [[tuple(value for value in row if not isinstance(value, str)) for row in frame.rows()] for frame in found.frames]
            for found in (english.answer(one), polish.answer(other))
        ]
        assert numbers[0] == numbers[1], one["title"]


def test_nothing_yet(store):
    """An empty database is no error. Panels without data say what makes the sums."""
    one = board(store)

    for panel in one.panels():
        assert not one.answer(panel).some() or panel["title"] == "Sites"
        assert panel["fieldConfig"]["defaults"]["noValue"]


def test_hours_of_a_peak(sites):
    """The quarter hour of the peak is where it was by the wall clock."""
    (peak,) = [
        when
        for when, watts in board(sites, since="now-2d").shown("Power of all sites over time").points("Imported").items()
        if watts and watts > 10_000
    ]

    assert peak == f"{wall(local('2026-10-27 07:00')):%Y-%m-%d %H:%M}"
