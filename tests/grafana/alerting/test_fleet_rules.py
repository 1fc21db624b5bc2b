"""The rules of a fleet: when they fire for a site and when they do not, on a real InfluxDB; their files, and their messages."""

import json
import re
from pathlib import Path

import made
import pytest
import yaml
from alerting import build, fleetrules, fleettexts, rules, sitequeries, texts
from boardrunner import flat
from likegrafana import expressions, messages, provisioning

ROOT = Path(__file__).resolve().parents[3]
NOON_S = 1_780_308_000
NEWEST_S = NOON_S // made.QUARTER_S * made.QUARTER_S - made.QUARTER_S
SILENT, LATE, NOT_STORED, METERS, ERRORS, DEMAND, FLOOD = (
    f"telegraf-han-fleet-{name}" for name in ("silent", "late", "not-stored", "meters", "errors", "demand", "flood")
)
RULES = [rule for group in fleetrules.GROUPS for rule in group.rules]


class Fleet:
    """The rules of the fleet on a test's own database."""

    def __init__(self, house):
        """`house` is the fixture that stores and asks."""
        self.house = house
        groups = yaml.safe_load((ROOT / "fleet/alerting/en/rules.yaml").read_text(encoding="utf-8"))["groups"]
        self._rules = {rule["uid"]: rule for group in groups for rule in group["rules"]}

    def raw(self, site, measurement, times, fields, meter="home"):
        """Lines of a site's meter."""
        lines = [made.line(measurement, {"interface": "p1", "meter": meter}, fields, at_s) for at_s in times]
        self.house.store("\n".join(made.at_site(site, lines)))

    def heard(self, site, age_s, meter="home"):
        """Status lines of half an hour, until so many seconds ago."""
        self.raw(site, "electricity_link", range(NOON_S - age_s - 1800, NOON_S - age_s + 1, 60), {"telegrams": 5}, meter)

    def sums(self, site, quarters=8, **newest):
        """Sums of some hours in which all is well, and the newest quarter."""
        lines = [made.site_sums(site, NEWEST_S - back * made.QUARTER_S, import_wh=250, meters=20) for back in range(1, quarters)]
        self.house.kept([*lines, made.site_sums(site, NEWEST_S, **({"import_wh": 250, "meters": 20} | newest))])

    def outcome(self, uid):
        """One evaluation at noon."""
        return expressions.evaluate(self._rules[uid], NOON_S * 1000, self.house.ask)

    def breaches(self, uid):
        """Site → whether it is in breach."""
        return {dict(labels)["site"]: breach for labels, breach in self.outcome(uid).instances.items()}

    def measured(self, uid, name="measured"):
        """Site → number."""
        return {dict(labels)["site"]: value for labels, value in self.outcome(uid).values[name].items()}


@pytest.fixture
def fleet(house):
    """An empty database, and the rules of the fleet."""
    return Fleet(house)


AGES = {"fresh": 5, "almost": 590, "late": 660, "later": 3500, "silent": 3700, "hours": 30_000, "days": 200_000}


def test_age_of_each_site(fleet) -> None:
    """Each site alerts for itself: late for an hour, then silent. Meters with one name on several sites are kept apart."""
    for site, age_s in AGES.items():
        fleet.heard(site, age_s)

    assert fleet.measured(SILENT) == {"fresh": 0, "almost": 0, "late": 600, "later": 600, "silent": 3600, "hours": 21_600, "days": 86_400}
    assert {site for site, breach in fleet.breaches(SILENT).items() if breach} == {"silent", "hours", "days"}
    assert {site for site, breach in fleet.breaches(LATE).items() if breach} == {"late", "later"}


def test_a_site_with_one_meter_heard_is_there(fleet) -> None:
    """A silent meter is no silent site."""
    fleet.heard("mill", 5, "flat-1")
    fleet.heard("mill", 9000, "flat-2")

    assert fleet.breaches(SILENT) == {"mill": False}


def test_a_site_is_forgotten(fleet) -> None:
    """A site that was taken down does not alert for ever."""
    fleet.heard("gone", 8 * made.DAY_S)
    fleet.heard("there", 5)

    assert fleet.breaches(SILENT) == {"there": False}


def test_a_site_that_reports_but_stores_nothing(fleet) -> None:
    """Status lines without telegrams for an hour are an alert. A site of which nothing comes is silent or late, and only that."""
    for site, (status_s, telegram_s) in {"lost": (5, 4000), "well": (5, 600), "away": (5000, 5000), "slow": (700, 4000)}.items():
        fleet.heard(site, status_s)
        fleet.raw(site, "electricity", range(NOON_S - telegram_s - 600, NOON_S - telegram_s + 1, 60), {"active_energy_import_wh": 5.0})

    assert fleet.breaches(NOT_STORED) == {"lost": True, "well": False, "away": False, "slow": False}
    assert fleet.measured(NOT_STORED)["lost"] == 3600


def test_nothing_at_all(fleet) -> None:
    """If the centre stores nothing, the rule on silence alerts and no other rule does."""
    told = {}
    for rule in RULES:
        assert fleet.outcome(rule.uid).no_data, rule.uid
        told[rule.uid] = (rule.without_data, rule.in_error)

    assert {uid for uid, answer in told.items() if "Alerting" in answer} == {SILENT}


@pytest.mark.parametrize(
    ("newest", "percent", "breach"),
    [
        ({"not_ok": 2}, 10, False),
        ({"not_ok": 3, "meters": 17}, 15, True),
        ({"not_ok": 20, "meters": 0}, 100, True),
        ({"not_ok": 0}, 0, False),
    ],
    ids=["at the limit", "above", "all", "none"],
)
def test_share_of_meters_in_trouble(fleet, newest, percent, breach) -> None:
    """The share is of all meters that were read in a day, also if some or all of them are silent now."""
    fleet.sums("mill", **newest)
    fleet.sums("barn")

    assert fleet.measured(METERS) == {"mill": pytest.approx(percent), "barn": 0}
    assert fleet.breaches(METERS) == {"mill": breach, "barn": False}


def test_a_site_that_was_never_read(fleet) -> None:
    """Of a new site whose meters all have a wrong key, all meters are in trouble."""
    fleet.sums("new", quarters=1, meters=0, not_ok=1)

    assert fleet.measured(METERS) == {"new": 100}


def test_unreadable_telegrams(fleet) -> None:
    """Errors of the newest quarter by meter."""
    fleet.sums("noisy", errors=230)
    fleet.sums("radio", errors=200)

    assert fleet.measured(ERRORS) == {"noisy": 11.5, "radio": 10}
    assert fleet.breaches(ERRORS) == {"noisy": True, "radio": False}


def test_demand(fleet) -> None:
    """The demand of a site is compared with the sum of its meters' contracted powers. A site with a meter that has none is not watched."""
    for site, limits in {"over": (6000, 5000), "under": (6000, 7000), "open": (6000, None)}.items():
        for number, limit in enumerate(limits):
            fields = {"silence_s": 180} | ({"contracted_power_w": limit} if limit else {})
            fleet.raw(site, "electricity_settings", range(NOON_S - 3000, NOON_S, 300), fields, f"m{number}")
        fleet.sums(site, import_wh=3000)

    assert fleet.measured(DEMAND) == {"over": 12_000, "under": 12_000, "open": 12_000}
    assert fleet.measured(DEMAND, "limit")["over"] == 11_000
    assert fleet.breaches(DEMAND) == {"over": True, "under": False, "open": False}


def test_energy_of_a_gap_is_no_demand(fleet) -> None:
    """Energy that was counted while nothing was read comes in one quarter. Its mean power shows that it is no peak."""
    for site in ("gap", "peak"):
        fleet.raw(site, "electricity_settings", [NOON_S - 60], {"silence_s": 180, "contracted_power_w": 6000})
    fleet.sums("gap", import_wh=9000, import_w=1000)
    fleet.sums("peak", import_wh=9000)

    assert fleet.measured(DEMAND) == {"gap": 1000, "peak": 36_000}
    assert fleet.breaches(DEMAND) == {"gap": False, "peak": True}


@pytest.mark.parametrize(
    ("now", "before", "breach"),
    [(10, 2, True), (10, 4, False), (1, 0.2, False), (10, 0, False)],
    ids=["five times as many", "twice as many", "few", "new"],
)
def test_flood(fleet, now, before, breach) -> None:
    """A flood is more than three times as many telegrams as a day before, and not just a few. A new site has no usual number."""
    for rate, ago_s in ((now, 0), (before, made.DAY_S)):
        for number in range(30):
            stop = NOON_S - ago_s
            times = [stop - 299 + place * 299 // max(int(rate * 5), 1) for place in range(int(rate * 5))]
            if times:
                fleet.raw("mill", "electricity", times, {"active_energy_import_wh": 5.0}, f"m{number}")
    fleet.raw("barn", "electricity", range(NOON_S - 290, NOON_S, 60), {"active_energy_import_wh": 5.0})

    assert fleet.measured(FLOOD)["mill"] == pytest.approx(now * 30)
    assert fleet.breaches(FLOOD) == {"mill": breach, "barn": False}


# --- the files ---


def folder(language):
    """Text by file name of a language's folder."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / build.FLEET_FOLDERS[language]).iterdir())}


@pytest.mark.parametrize("language", build.FLEET_FOLDERS)
def test_grafana_starts(language) -> None:
    """Nothing in a language's folder is refused or ignored."""
    assert provisioning.problems(folder(language), {}) == []
    assert provisioning.problems(folder(language), {"HAN_ALERT_CHANNEL": "-ntfy", "HAN_ALERT_NTFY_URL": "https://ntfy.example.org/x"}) == []


def test_texts_and_panels() -> None:
    """Each rule has its texts in both languages, and each leads to a panel of the fleet's boards that is there."""
    assert set(fleettexts.RULES) == set(fleetrules.FLEET.panels) == {rule.uid for rule in RULES}
    assert not set(fleettexts.RULES) & set(texts.RULES)
    for language in build.FLEET_FOLDERS:
        files = sorted((ROOT / "fleet/dashboards" / language).glob("*.json"))
        found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        ids = {board["uid"]: {str(panel["id"]) for panel in flat(board)} for board in found}
        for rule in (rule for group in rules.groups(language, fleetrules.FLEET) for rule in group["rules"]):
            assert rule["annotations"]["__panelId__"] in ids[rule["annotations"]["__dashboardUid__"]]
            assert {"meter", "site"}.isdisjoint(rule["notification_settings"]["group_by"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.uid)
def test_queries_are_of_sites(rule) -> None:
    """Each query reads one measurement and names fields that are written. Its answer has the label `site` alone."""
    written = {
        "electricity_site": {*made.SITE_FIELDS},
        "electricity_link": {"telegrams"},
        "electricity": {"active_energy_import_wh"},
        "electricity_settings": {"contracted_power_w", "silence_s"},
    }
    for influxql in filter(None, [*rule.measured.values(), rule.limit]):
        (measurement,) = set(re.findall(r'FROM (?:"5m"\.)?"(\w+)"', influxql))
        named = set(re.findall(r'"(\w+)"', influxql)) - set(re.findall(r'AS "(\w+)"', influxql))
        assert named - {measurement, "meter", "site", "5m"} <= written[measurement]
        assert influxql.endswith('GROUP BY "site"')


VALUES = {
    SILENT: ({"measured": 21_600}, "mill: nothing has come for more than 6h 0m 0s", "mill: nic nie przyszło od ponad 6h 0m 0s"),
    LATE: ({"measured": 600}, "mill: nothing newer than 10m 0s has come", "mill: najnowsze dane są sprzed ponad 10m 0s"),
    NOT_STORED: (
        {"measured": 3600},
        "mill: no telegram stored for more than 1h 0m 0s, although the site reports",
        "mill: od ponad 1h 0m 0s nie zapisano żadnego telegramu, choć obiekt się zgłasza",
    ),
    METERS: (
        {"measured": 15},
        "mill: 15 % of the meters are silent or cannot be read, limit 10 %",
        "mill: 15 % liczników milczy albo nie daje się odczytać, limit 10 %",
    ),
    ERRORS: (
        {"measured": 11.5},
        "mill: 12 unreadable telegrams per meter in 15 minutes, limit 10",
        "mill: 12 nieczytelnych telegramów na licznik w ciągu 15 minut, limit 10",
    ),
    DEMAND: (
        {"measured": 12_000, "limit": 11_000},
        "mill: mean of a quarter of an hour 12kW, contracted 11kW",
        "mill: średnia z kwadransa 12kW, moc umowna 11kW",
    ),
    FLOOD: (
        {"measured": 300, "usual": 60},
        "mill: 300 telegrams per minute, a day ago 60",
        "mill: telegramów na minutę: 300, dobę temu 60",
    ),
}


@pytest.mark.parametrize("language", ["en", "pl"])
@pytest.mark.parametrize("uid", VALUES)
def test_message(uid, language) -> None:
    """A message names the site and its numbers, says what to do, and leads to the site's panel."""
    numbers, *said = VALUES[uid]
    text = fleettexts.RULES[uid][language]
    labels = {"alertname": text.title, "site": "mill"}
    noted = {name: messages.annotation(getattr(text, name), labels, numbers) for name in ("summary", "description")}
    link = "https://grafana.example.org/d/telegraf-han-fleet-building-en?from=1"
    alert = {"Labels": labels, "Annotations": noted, "PanelURL": link}
    data = {"Alerts": {"Firing": [alert], "Resolved": ()}, "CommonLabels": labels}
    (template,) = yaml.safe_load(folder(language)["templates.yaml"])["templates"]
    title, body = (messages.message(template["template"], name, data) for name in ("telegraf_han.title", "telegraf_han.message"))

    summary, description, url = body.strip().split("\n")
    assert title == f"⚠ {text.title} (mill)"
    assert summary == said[language == "pl"]
    assert description.endswith((".", "!"))
    assert url == f"{link}&var-site=mill"


def test_limits_are_said() -> None:
    """The limits in the texts are those of the rules."""
    for uid, limit in ((METERS, sitequeries.NOT_OK_PERCENT), (ERRORS, sitequeries.MANY_ERRORS)):
        assert all(f"limit {limit}" in text.summary for text in fleettexts.RULES[uid].values())
