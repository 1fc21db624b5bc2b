"""Two sites whose meters have the same names, in one real InfluxDB: no panel and no variable of one site's boards has anything of the other.

The boards of the site are compared with the same boards of a database that has this site alone. The numbers of the other site all differ.
So whatever a query takes from it, a sum, a mean, the newest or the highest value, changes what a panel shows.
"""

import re

import boardrunner
import made
import pytest
import test_board_all as all_boards
from boardstore import BOARDS

FLEET = BOARDS.parents[1] / "fleet/dashboards"
KEYS = all_boards.BOARDS
NOW_MS = all_boards.NOW * boardrunner.MS


def other_numbers(lines):
    """The same lines with other numbers, another state and another serial number. Times and other texts stay."""
    for line in lines:
        head, fields, stamp = re.fullmatch(r'(\S+) ((?:[^ "]|"[^"]*")+) (\d+)', line).groups()
        minute = int(stamp) // 60_000_000_000
        fields = re.sub(r"=(-?[\d.]+)(i?)(?=,|$)", lambda found, minute=minute: f"={_other(*found.groups(), minute)}", fields)
        yield f"{head} {fields} {stamp}".replace("0000001", "0000009", 1).replace('state="ok"', 'state="noise"')


def _other(number, whole, minute):
    """Counters rise faster: whole numbers are counters."""
    return f"{int(number) * 3 + minute}i" if whole else str(float(number) * 3 + 7)


class Site:
    """A store as `all_boards.filled` fills it, for one site."""

    def __init__(self, store, site, change=list):
        """`change` makes other lines of those of the meters."""
        self._store, self._site, self._change = store, site, change

    def __getattr__(self, name):
        """The store's own way of writing, for lines that are changed."""
        write = getattr(self._store, name)
        return lambda lines: write(made.at_site(self._site, self._change(lines)))


@pytest.fixture(scope="module")
def stores(new_store):
    """The site alone, and beside another."""
    alone, beside = new_store("site-alone"), new_store("site-beside-another")
    for store in (alone, beside):
        all_boards.filled(Site(store, "mill"))
    all_boards.filled(Site(beside, "barn", other_numbers))
    return alone, beside


def board(store, key, site="mill", **more):
    """A board of a site."""
    chosen = {"meter": "ma309m", "group": "staircase"} | more
    return boardrunner.Board(FLEET / "en" / f"{key}.json", store.ask, NOW_MS, site=site, **chosen)


def shown(one):
    """What the panels of a board show: title → columns of its frames."""
    return {panel["title"]: [frame.columns for frame in one.answer(panel).frames] for panel in one.panels()}


@pytest.mark.parametrize("since", ["", "now-3d"])
@pytest.mark.parametrize("key", KEYS)
def test_no_panel_mixes_sites(stores, key, since):
    """Every variable and every panel is the same whether there is another site or not. A short and a long range ask different queries."""
    alone, beside = (board(store, key, since=since) for store in stores)

    for name in alone.variables.keys() - {"site"}:
        assert beside.variables[name] == alone.variables[name], name
    expected, found = shown(alone), shown(beside)
    assert any(any(values for values in columns.values()) for frames in expected.values() for columns in frames)
    for title, frames in expected.items():
        assert [list(columns) for columns in found[title]] == [list(columns) for columns in frames], title
        for columns, wanted in zip(found[title], frames, strict=True):
            for name, values in wanted.items():
                assert columns[name] == [pytest.approx(value) if isinstance(value, float) else value for value in values], (title, name)


MAY_BE_ALIKE = {"A year before", "Received", "Outages and gaps", "Last telegram", "Telegraf: metrics written"}
"""Panels of times and shares, and of a counter that stands still: the same on both sites."""


@pytest.mark.parametrize("key", KEYS)
def test_the_other_site_shows_other_numbers(stores, key):
    """The same meter of the other site shows something else in every panel that has data. So the test above can fail."""
    mill, barn = (shown(board(stores[1], key, site)) for site in ("mill", "barn"))
    same = {title for title in mill if mill[title] == barn[title] and any(values for columns in mill[title] for values in columns.values())}

    assert same <= MAY_BE_ALIKE


def test_choice_of_the_site(stores):
    """The first variable has both sites, and a meter is one of the chosen site."""
    one = board(stores[1], "home", "barn")
    sites = one.ask(one.json["templating"]["list"][1]["query"], one.range, 1)

    assert sorted(row[1] for series in sites for row in series["values"]) == ["barn", "mill"]
    assert one.variables["site"] == ["barn"]
