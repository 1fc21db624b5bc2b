"""The committed dashboard files, without a database: how they are built, what they may name, and what every panel must explain."""

import json
import re
import sys
from collections import Counter
from pathlib import Path

import made
import pytest
from boardrunner import flat

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from grafana import boards, build, colors, fleettexts, texts, variants  # noqa: E402, the folder above is known only now

from telegraf_han.config import options  # noqa: E402
from telegraf_han.errors import Cause  # noqa: E402


def committed(folder):
    """The boards of a folder: language and key → JSON."""
    files = sorted((ROOT / folder / "dashboards").glob("*/*.json"))
    return {f"{file.parent.name}/{file.stem}": json.loads(file.read_text(encoding="utf-8")) for file in files}


BOARDS = committed("grafana")
FLEET = committed("fleet")
EVERY = {
    f"{folder}/dashboards/{name}.json": board for folder, found in (("grafana", BOARDS), ("fleet", FLEET)) for name, board in found.items()
}
PUBLISHED = {
    line.split()[0] for line in (ROOT / "tests/published_fields.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
}
WINDOWS = PUBLISHED | {f"{name}_{end}" for name in PUBLISHED if name.endswith(("_w", "_var", "_va", "_v")) for end in ("max", "min")}
LINK = {
    *("telegrams", "decoded", "duplicates", "unverified", "host_stamped", "lines_dropped", "age_s", "clock_offset_s", "rssi_dbm", "state"),
    *("flaws", "waiting", "stale", "registers_back", "fields_refused"),
    *(f"errors_{cause}" for cause in Cause),
}
SETTINGS = {*options.LIMITS, *options.PRICES}
TELEGRAF = {"metrics_written", "metrics_dropped", "buffer_size", "buffer_limit", "heap_in_use_bytes"}
FIELDS = {
    "electricity": PUBLISHED,
    "5m.electricity": WINDOWS,
    "5m.electricity_cost": {*made.COST_FIELDS},
    "5m.electricity_bill": {*made.BILL_FIELDS, *made.FORECAST, "name", "currency", "period"},
    "electricity_price": {"price_per_kwh"},
    "5m.electricity_price": {"price_per_kwh"},
    "electricity_link": LINK,
    "5m.electricity_link": LINK,
    "electricity_settings": SETTINGS,
    "5m.electricity_settings": SETTINGS,
    "internal_write": TELEGRAF,
    "internal_memstats": TELEGRAF,
    "5m.electricity_site": {*made.SITE_FIELDS},
}
TAGS = {"meter", "serial", "output", "interface", "tariff", "series", "site", "${group:raw}"}
"""The last one is a tag that the user chooses on the board."""


@pytest.fixture(params=EVERY)
def board(request):
    """Each file's JSON, of a house and of a fleet."""
    return EVERY[request.param]


def asked(board):
    """Every query of a board, also those of its variables."""
    variables = [variable["query"] for variable in board["templating"]["list"] if variable["type"] == "query"]
    return variables + [target["query"] for panel in flat(board) for target in panel["targets"]]


def strings(node):
    """Every text in some JSON, also keys."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from strings(value)
    elif isinstance(node, list):
        for part in node:
            yield from strings(part)


def test_files_are_fresh():
    """The committed files agree with the tables. `python grafana/build.py` writes them."""
    assert build.stale() == []


def test_no_file_is_left_over():
    """Every file belongs to a board and a language."""
    assert set(EVERY) == set(build.files())


def test_stale_files_are_told(tmp_path, capsys):
    """A file that differs by one character, or is not there, is named."""
    for path, text in build.files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    changed = {"grafana/dashboards/pl/home.json", "fleet/dashboards/pl/fleet.json"}
    for path in changed:
        (tmp_path / path).write_text("{}\n", encoding="utf-8")
    (tmp_path / "grafana/dashboards/en/health.json").unlink()

    assert set(build.stale(tmp_path)) == changed | {"grafana/dashboards/en/health.json"}


def test_languages_say_all():
    """Every text has both languages, none of them empty, and no two names of one language are the same by mistake."""
    for name, both in (*texts.NAMES.items(), *fleettexts.NAMES.items()):
        assert all(word.strip() for word in both), name
    for key, both in [*texts.BOARDS.items(), *texts.PANELS.items(), *fleettexts.BOARDS.items(), *fleettexts.PANELS.items()]:
        assert both.en.title.strip(), key
        assert both.pl.title.strip(), key
        assert both.en.description.strip() != both.pl.description.strip(), key
        assert bool(both.en.missing) == bool(both.pl.missing), key


def test_no_text_is_unused():
    """Every panel's text belongs to a panel, and every name occurs."""

    def used(variant):
        tables = [__import__(f"grafana.boards.{key}", fromlist=["BOARD"]).BOARD for key in variant.boards]
        return set(re.findall("«([^«»]*)»", json.dumps([boards.dashboard(table, variant) for table in tables], ensure_ascii=False)))

    in_house, in_fleet = used(variants.HOUSE), used(variants.FLEET)
    assert {f"{key}.title" for key in texts.BOARDS | texts.PANELS} | set(texts.NAMES) <= in_house
    assert {f"{key}.title" for key in fleettexts.BOARDS | fleettexts.PANELS} | set(fleettexts.NAMES) <= in_fleet
    assert set(variants.HOUSE.words) == set(variants.FLEET.words) <= in_house


def test_languages_ask_the_same():
    """Both languages have the same panels at the same places with the same queries, except for the names of columns."""
    for key, english in EVERY.items():
        polish = EVERY[key.replace("/en/", "/pl/")]
        shapes = [
            [
                (
                    panel["id"],
                    panel["type"],
                    panel["gridPos"],
                    [re.sub(r'AS "[^"]*"', "AS", target["query"]) for target in panel["targets"]],
                )
                for panel in flat(one)
            ]
            for one in (english, polish)
        ]
        bare = [
            [(*row[:3], [re.sub(r'"[^"]*[^\x00-\x7f][^"]*"|"[A-Z][^"]*"', '"name"', query) for query in row[3]]) for row in shape]
            for shape in shapes
        ]
        assert bare[0] == bare[1], key


def test_no_name_is_left_open(board):
    """No «name» is left in a file."""
    assert not [text for text in strings(board) if "«" in text or "»" in text]


def test_identity(board):
    """The uid is fixed for each board and language and short enough for Grafana. No id of a database is in the file."""
    language = board["tags"][1]
    assert board["id"] is None
    keys = [*variants.HOUSE.boards, "fleet", *(f"fleet-{key}" for key in variants.HOUSE.boards)]
    assert board["uid"] in {f"telegraf-han-{key}-{language}" for key in keys}
    assert len(board["uid"]) <= 40
    assert board["timezone"] == "Europe/Warsaw"
    assert board["schemaVersion"] == boards.SCHEMA_VERSION


def test_uids_are_unique():
    """No two files have one uid, and the titles of a language differ, also those of a house and of a fleet. A house has twelve files."""
    assert len(BOARDS) == 12
    assert len({board["uid"] for board in EVERY.values()}) == len(EVERY) == 26
    assert len({(board["tags"][1], board["title"]) for board in EVERY.values()}) == 26


def test_panels_are_told_apart(board):
    """Panel ids and titles are unique, each query of a panel has its own letter, and no two panels overlap."""
    panels = flat(board)
    assert max(Counter(panel["id"] for panel in panels).values()) == 1
    assert max(Counter(panel["title"] for panel in panels).values()) == 1
    for panel in panels:
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == sorted(set(letters)), panel["title"]
    taken = Counter(
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    )
    assert max(taken.values()) == 1
    assert max(x for x, _ in taken) < 24


def test_data_source_is_a_variable(board):
    """Every panel, query and variable reads the chosen data source, so one file works for provisioning and import."""
    sources = [panel["datasource"] for panel in flat(board)]
    sources += [target["datasource"] for panel in flat(board) for target in panel["targets"]]
    sources += [variable["datasource"] for variable in board["templating"]["list"] if variable["type"] == "query"]

    assert all(source == {"type": "influxdb", "uid": "${datasource}"} for source in sources)
    assert board["templating"]["list"][0]["name"] == "datasource"
    assert "__inputs" not in board


def test_every_panel_explains_itself(board):
    """Every panel has a title and a description. A panel with a query has a unit, and a text for the case without data."""
    for panel in flat(board):
        assert panel["title"].strip(), panel["id"]
        assert len(panel["description"]) > 20, panel["title"]
        if not panel["targets"]:
            assert panel["type"] == "alertlist"
            continue
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"], panel["title"]
        assert defaults["noValue"].strip(), panel["title"]
        assert defaults["thresholds"]["steps"][0]["value"] is None, panel["title"]


@pytest.mark.parametrize("name", BOARDS)
def test_links(name):
    """Every board links to the five others of its language, with the data source, and with the meter if the board has one."""
    board = BOARDS[name]
    language = board["tags"][1]
    others = {f"/d/telegraf-han-{key}-{language}" for key in boards.BOARDS} - {f"/d/{board['uid']}"}
    assert {link["url"].split("?")[0] for link in board["links"]} == others
    meter = "telegraf-han-building" not in board["uid"]
    for link in board["links"]:
        assert "${datasource:queryparam}" in link["url"]
        assert ("${meter:queryparam}" in link["url"]) is (meter and "-building-" not in link["url"])
        assert link["title"]


def test_one_colour_for_one_meaning():
    """A name has the same colour on every board and in both languages, and no two kinds of energy or phases share one."""
    found = {}
    for name, board in EVERY.items():
        for panel in flat(board):
            for entry in panel.get("fieldConfig", {}).get("overrides", []):
                for item in entry["properties"]:
                    if item["id"] == "color":
                        key = (name.split("/")[2], entry["matcher"]["options"])
                        found.setdefault(key, set()).add(item["value"]["fixedColor"])
    assert {key: paints for key, paints in found.items() if len(paints) > 1} == {}
    for family in (("imported", "exported", "limit"), ("zone_1", "zone_2", "zone_3", "zone_4"), ("l1", "l2", "l3")):
        assert len({colors.COLORS[name] for name in family}) == len(family), family


def test_time_has_two_ends(board):
    """Every query of points limits its range on both sides, by the dashboard's filter or by its own."""
    for query in asked(board):
        if query.startswith("SHOW") or re.fullmatch(r'SELECT last\("\w+"\) FROM [\w"., ]+ WHERE (\S+ = \S+ AND )?"meter" =~ \S+', query):
            continue
        innermost = re.findall(r"WHERE ((?:(?!SELECT|WHERE).)*)", query)
        assert innermost, query
        for condition in innermost:
            bounded = "$timeFilter" in condition or (re.search(r"time >=? ", condition) and re.search(r"time <=? ", condition))
            assert bounded or "time" not in condition, query
        assert any("$timeFilter" in condition or "time >" in condition for condition in innermost), query


def sources_and_fields(query):
    """(measurement, name) of every quoted field, with the measurement that it is read from, without names that sub-queries make."""
    made = set(re.findall(r'AS "([^"]+)"', query))
    for select, source in re.findall(r'SELECT ((?:(?!SELECT|FROM).)*) FROM ((?:"5m"\.)?"[a-z_]+")', query):
        for name in re.findall(r'"([^"]+)"', re.sub(r'AS "[^"]+"', "", select)):
            if name not in TAGS:
                yield source.replace('"', ""), name
    for condition, source in (
        (tail, head) for head, tail in re.findall(r'FROM ((?:"5m"\.)?"[a-z_]+") WHERE ((?:(?!SELECT|FROM).)*)', query)
    ):
        for name in re.findall(r'"([^"]+)"', condition):
            if name not in made and name not in TAGS:
                yield source.replace('"', ""), name


def test_fields_exist(board):
    """Every field in a query is one that the plugin, its five-minute points or Telegraf write to that measurement."""
    for query in asked(board):
        for source, name in sources_and_fields(query):
            assert name in FIELDS[source], f"{name} is not written to {source}: {query}"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('SELECT last("a") AS "A" FROM "electricity" WHERE "meter" =~ /x/ AND "b" > 0', [("electricity", "a"), ("electricity", "b")]),
        ('SELECT sum("w") FROM (SELECT mean("c") AS "w" FROM "5m"."electricity" WHERE time > 1) WHERE time > 1', [("5m.electricity", "c")]),
    ],
    ids=["flat", "nested"],
)
def test_fields_are_found(query, found):
    """The search for fields finds those of flat and nested queries, and not the names that a query makes itself."""
    assert list(sources_and_fields(query)) == found
