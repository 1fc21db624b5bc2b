"""The committed boards of a fleet, without a database: each query of a site's boards names the site, and each link keeps it."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from boardrunner import flat

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from grafana import variants  # noqa: E402, the folder above is known only now

BOARDS = {
    f"{file.parent.name}/{file.stem}": json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((ROOT / "fleet/dashboards").glob("*/*.json"))
}
OF_SITES = [name for name in BOARDS if not name.endswith("/fleet")]
STORED = re.compile(r'FROM (?:(?:"5m"\.)?"\w+"(?:, )?)+')
"""A measurement, or several. Sub-queries begin with a bracket."""


def asked(board):
    """Every query of a board, also those of its variables."""
    variables = [variable for variable in board["templating"]["list"] if variable["type"] == "query" and variable["name"] != "site"]
    return [variable["query"] for variable in variables] + [target["query"] for panel in flat(board) for target in panel["targets"]]


def clause(text):
    """A WHERE clause, from what follows a measurement to the end of its query, without what is in brackets."""
    depth, outside = 0, ""
    for letter in re.split(" GROUP BY | ORDER BY ", text)[0]:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            break
        outside += letter if depth == 0 else ""
    return outside


def mixed(query):
    """The places of a query that read a measurement without limiting it to the chosen site: first the site, then only more conditions."""
    places = []
    for found in STORED.finditer(query):
        condition = clause(re.sub(r'^ WITH KEY = "[^"]+"', "", query[found.end() :]))
        if not re.fullmatch(re.escape(f" WHERE {variants.SITE}") + "( AND .*)?", condition) or " OR " in condition:
            places.append(found[0] + condition)
    return places


def test_there_are_seven_boards_in_each_language() -> None:
    """The list of sites, and the six boards of a house."""
    assert set(BOARDS) == {f"{language}/{key}" for language in ("en", "pl") for key in ("fleet", *variants.HOUSE.boards)}


@pytest.mark.parametrize("name", OF_SITES)
def test_every_query_names_the_site(name) -> None:
    """Wherever a query reads a measurement, its condition begins with the site, and goes on with AND."""
    for query in asked(BOARDS[name]):
        assert STORED.search(query), query
        assert mixed(query) == [], query


@pytest.mark.parametrize(
    "query",
    [
        'SELECT last("x") FROM "electricity" WHERE "meter" =~ /a/',
        'SELECT last("x") FROM "electricity"',
        'SHOW TAG VALUES FROM "electricity" WITH KEY = "meter"',
        """SELECT sum("x") FROM (SELECT "x" FROM "5m"."electricity" WHERE "site" = 'a' AND time > now())""",
        """SELECT "x" FROM "a", "5m"."b" WHERE time > now() AND "site" = '${site:raw}'""",
        """SELECT "x" FROM "a" WHERE "site" = '${site:raw}' AND "x" > 0 OR "y" > 0""",
        """SELECT "x" FROM (SELECT "x" FROM "a" WHERE "site" = '${site:raw}' OR "y" > 0)""",
    ],
)
def test_a_query_of_all_sites_is_found(query) -> None:
    """The search above finds queries that would mix sites."""
    assert mixed(query)


@pytest.mark.parametrize("name", OF_SITES)
def test_variables(name) -> None:
    """The site is chosen first, and it is kept in the address. All that depends on it comes after it."""
    names = [variable["name"] for variable in BOARDS[name]["templating"]["list"]]
    site = BOARDS[name]["templating"]["list"][1]

    assert names[:2] == ["datasource", "site"]
    assert site["hide"] == 0
    assert not site["skipUrlSync"]
    assert not site["multi"]
    assert not site["includeAll"]


def urls(node):
    """Every address of a board, in links and in cells."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from [value] if key == "url" else urls(value)
    elif isinstance(node, list):
        for part in node:
            yield from urls(part)


@pytest.mark.parametrize("name", BOARDS)
def test_links_stay_in_the_fleet(name) -> None:
    """Each link leads to a board of the fleet that is there, in the same language, and keeps the site, but for the one back to the list."""
    language, key = name.split("/")
    uids = {board["uid"] for other, board in BOARDS.items() if other.startswith(language)}
    found = list(urls(BOARDS[name]))

    for url in found:
        path, _, kept = url.partition("?")
        assert path.removeprefix("/d/") in uids, url
        assert "${datasource:queryparam}" in kept
        back = path == f"/d/telegraf-han-fleet-{language}"
        assert back is not ("var-site=${__" in kept or "${site:queryparam}" in kept), url
    if key != "fleet":
        assert len(BOARDS[name]["links"]) == 6
        assert BOARDS[name]["links"][0]["url"].startswith(f"/d/telegraf-han-fleet-{language}?")


def test_the_list_opens_a_site() -> None:
    """A click on a site opens the board of all its meters, and a click on what is wrong opens the read-out."""
    (panel,) = [panel for panel in flat(BOARDS["en/fleet"]) if panel["title"] == "All sites"]
    opened = {
        entry["matcher"]["options"]: item["value"][0]["url"].split("?")[0]
        for entry in panel["fieldConfig"]["overrides"]
        for item in entry["properties"]
        if item["id"] == "links"
    }

    assert opened["Site"] == "/d/telegraf-han-fleet-building-en"
    assert opened["State"] == "/d/telegraf-han-fleet-health-en"
    assert opened["Imported"] == "/d/telegraf-han-fleet-home-en"


@pytest.mark.parametrize(
    ("language", "late", "until"), [("en", "within 45 minutes", "25 minutes ago"), ("pl", "od 45 minut", "sprzed 25 minut")]
)
def test_five_minute_points_come_later(language, late, until) -> None:
    """The tasks of a fleet run every quarter of an hour. So its boards wait longer before they say that something is missing, and say so."""
    said = {panel["title"]: panel for key in ("home", "quality", "building") for panel in flat(BOARDS[f"{language}/{key}"])}
    described = " ".join(panel["description"] for panel in said.values())
    asked_for = " ".join(target["query"] for panel in said.values() for target in panel["targets"])

    assert late in described
    assert described.count(until) == 2
    assert "now() - 45m AND" in asked_for
    assert "time <= now() - 25m" in asked_for
    assert "now() - 10m" not in asked_for


def test_provisioning() -> None:
    """One provider per language, with folders and names that those of a house do not have."""
    providers = {
        folder: yaml.safe_load((ROOT / folder / "provisioning/dashboards" / file).read_text(encoding="utf-8"))["providers"]
        for folder, file in (("grafana", "telegraf-han.yaml"), ("fleet", "telegraf-han-fleet.yaml"))
    }

    assert [provider["options"]["path"] for provider in providers["fleet"]] == [
        f"/etc/grafana/fleet-dashboards/{language}" for language in ("en", "pl")
    ]
    for key in ("name", "folder", "folderUid"):
        assert len({provider[key] for found in providers.values() for provider in found}) == 4
