"""The provisioning files agree with the tables, let Grafana start with any variables set, and are alike in both languages."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import made
import pytest
import yaml
from alerting import build, queries, rules, texts
from boardrunner import flat
from likegrafana import provisioning

from telegraf_han import errors, obis
from telegraf_han.config import options
from telegraf_han.decoding import health

ROOT = Path(__file__).resolve().parents[3]
GRAFANA = ROOT / "grafana"
TELEGRAM = (ROOT / build.TELEGRAM_FILE).read_text(encoding="utf-8")


def folder(language="en"):
    """Text by file name of a language's folder."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / build.FOLDERS[language]).iterdir())}


def test_files_are_what_the_tables_say() -> None:
    """The committed files are those that build.py makes."""
    assert build.stale() == []
    assert build.main(["--check"]) == 0


def test_check_names_a_stale_file(tmp_path) -> None:
    """A file that differs and a file that is missing are named, and the exit code is 1."""
    for part in ("grafana", "fleet"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("dashboards"))
    (tmp_path / "grafana/provisioning/alerting-en/rules.yaml").write_text("apiVersion: 1\n", encoding="utf-8")
    (tmp_path / "fleet/alerting/pl/templates.yaml").unlink()

    ended = subprocess.run(
        [sys.executable, tmp_path / "grafana/alerting/build.py", "--check"], capture_output=True, text=True, timeout=60, check=False
    )

    assert build.stale(tmp_path) == ["grafana/provisioning/alerting-en/rules.yaml", "fleet/alerting/pl/templates.yaml"]
    assert ended.returncode == 1
    assert "grafana/provisioning/alerting-en/rules.yaml differs from the tables" in ended.stderr


TOKEN = {"HAN_ALERT_TELEGRAM_TOKEN": "1:a", "HAN_ALERT_TELEGRAM_CHAT": "-1001"}
STARTS = {
    "nothing set": ({}, {}),
    "e-mail": ({"HAN_ALERT_EMAIL": "me@example.org"}, {}),
    "webhook": ({"HAN_ALERT_CHANNEL": "-webhook", "HAN_ALERT_WEBHOOK_URL": "http://10.0.0.7/alert"}, {}),
    "ntfy": ({"HAN_ALERT_CHANNEL": "-ntfy", "HAN_ALERT_NTFY_URL": "https://ntfy.example.org/home"}, {}),
    "channel without its address": ({"HAN_ALERT_CHANNEL": "-ntfy"}, {}),
    "Telegram": ({"HAN_ALERT_CHANNEL": "-telegram", **TOKEN}, {"telegram.yaml": TELEGRAM}),
    "Telegram's file beside another channel": ({"HAN_ALERT_CHANNEL": "-ntfy", **TOKEN}, {"telegram.yaml": TELEGRAM}),
}


@pytest.mark.parametrize("language", build.FOLDERS)
@pytest.mark.parametrize(("env", "more"), STARTS.values(), ids=STARTS)
def test_grafana_starts(language, env, more) -> None:
    """Nothing in a language's folder is refused or ignored, with all, some or no variables set."""
    assert provisioning.problems(folder(language) | more, env) == []


OWN = {"uid": "own", "type": "email", "settings": {"addresses": "a@example.org"}}
REFUSED = {
    "Telegram without its variables": ({"HAN_ALERT_CHANNEL": "-telegram"}, {"telegram.yaml": TELEGRAM}, "bottoken is empty"),
    "Telegram without its file": ({"HAN_ALERT_CHANNEL": "-telegram", **TOKEN}, {}, "receiver 'telegraf-han-telegram' does not exist"),
    "a channel of one's own without its twin": (
        {"HAN_ALERT_CHANNEL": "-own"},
        {"own.yaml": yaml.safe_dump({"contactPoints": [{"name": "telegraf-han-own", "receivers": [OWN]}]})},
        "receiver 'telegraf-han-once-own' does not exist",
    ),
    "a channel that does not exist": ({"HAN_ALERT_CHANNEL": "-sms"}, {}, "receiver 'telegraf-han-sms' does not exist"),
    "both languages in one folder": ({}, {"pl.yaml": folder("pl")["rules.yaml"]}, "uid 'telegraf-han-silent' stands twice"),
}


@pytest.mark.parametrize(("env", "more", "sentence"), REFUSED.values(), ids=REFUSED)
def test_grafana_does_not_start(env, more, sentence) -> None:
    """Grafana refuses the settings that the manual warns about."""
    assert any(sentence in problem for problem in provisioning.problems(folder() | more, env))


def sent(channel, env):
    """Settings of a channel's contact point, filled in."""
    files = [*folder().values(), TELEGRAM]
    points = {point["name"]: point for text in files for point in yaml.safe_load(text).get("contactPoints", [])}
    (receiver,) = points[f"telegraf-han{channel}"]["receivers"]
    return {key: provisioning.interpolated(value, env) for key, value in receiver["settings"].items()}


def test_addresses_come_from_the_environment() -> None:
    """Each channel's address is its whole variable. The part that is added for Grafana changes nothing."""
    url = "https://example.org/alert"

    assert sent("", {"HAN_ALERT_EMAIL": "a@example.org;b@example.org"})["addresses"].rstrip(",") == "a@example.org;b@example.org"
    assert sent("-webhook", {"HAN_ALERT_WEBHOOK_URL": url})["url"].partition("#")[0] == url
    assert sent("-ntfy", {"HAN_ALERT_NTFY_URL": url, "HAN_ALERT_NTFY_TOKEN": "tk_1"})["url"].partition("?")[0] == url
    assert sent("-ntfy", {"HAN_ALERT_NTFY_TOKEN": "tk_1"})["authorization_credentials"] == "tk_1"
    assert sent("-telegram", TOKEN)["bottoken"] == "1:a"
    assert sent("-telegram", TOKEN)["chatid"] == "-1001"


def test_no_notification_policy_is_touched() -> None:
    """Rules name their contact point themselves. Nothing that belongs to the owner is replaced or deleted."""
    for language in build.FOLDERS:
        for text in folder(language).values():
            assert set(yaml.safe_load(text)) <= {"apiVersion", "groups", "contactPoints", "templates"}


def test_languages_differ_in_words_only() -> None:
    """The Polish folder has the same rules, and no sentence is left in the other language."""
    english, polish = rules.groups("en"), rules.groups("pl")
    for group, other in zip(english, polish, strict=True):
        for rule, twin in zip(group["rules"], other["rules"], strict=True):
            numbers = [one["annotations"].pop("__panelId__") for one in (rule, twin)]
            assert numbers[0] == numbers[1]
            words = [[one.pop("title"), *one.pop("annotations").values()] for one in (rule, twin)]
            assert all(a != b for a, b in zip(*words, strict=True))
    assert english == polish
    assert folder("en")["contact-points.yaml"] == folder("pl")["contact-points.yaml"]
    assert folder("en")["templates.yaml"] != folder("pl")["templates.yaml"]


def test_every_rule_has_its_texts() -> None:
    """Texts and rules name each other."""
    assert set(texts.RULES) == {rule.uid for group in rules.GROUPS for rule in group.rules}
    assert all(set(by_language) == set(build.FOLDERS) for by_language in texts.RULES.values())


COUNTERS = {f"errors_{cause}" for cause in errors.Cause} | {"decoded", "telegrams", "duplicates", "unverified", "stale", "registers_back"}
WRITTEN = {
    "electricity_cost": {*made.COST_FIELDS, "tariff"},
    "electricity_bill": {*made.BILL_FIELDS, *made.FORECAST, "tariff", "currency"},
    "electricity": {obis.column(code, None, "", number).field for code in obis.registry() for number in (1, 2, 3)},
    "electricity_link": COUNTERS | {"age_s", "state", "interface", "clock_offset_s"},
    "electricity_settings": {*health.DEFAULTS, *options.LIMITS, *options.PRICES},
    "internal_write": {"metrics_rejected", "output", "alias", "_id"},
}
"""Fields and tags by measurement, as the plugin has them; the last one is Telegraf's own."""


@pytest.mark.parametrize("rule", [rule for group in rules.GROUPS for rule in group.rules], ids=lambda rule: rule.uid)
def test_queries_name_what_the_plugin_writes(rule) -> None:
    """Every measurement, field and tag in a query is one that the plugin writes."""
    for influxql in filter(None, [*rule.measured.values(), rule.limit]):
        (measurement,) = set(re.findall(r'FROM (?:"5m"\.)?"(\w+)"', influxql))
        named = set(re.findall(r'"(\w+)"', influxql)) - set(re.findall(r'AS "(\w+)"', influxql))

        assert named - {measurement, "meter", "serial", "5m"} <= WRITTEN[measurement]


@pytest.mark.parametrize("language", build.FOLDERS)
@pytest.mark.parametrize("number", range(sum(len(group.rules) for group in rules.GROUPS)))
def test_texts_show_what_the_rule_has(language, number) -> None:
    """A summary names only numbers that its rule computes, and no label except the meter's."""
    rule = [rule for group in rules.groups(language) for rule in group["rules"]][number]
    numbers = {node["refId"] for node in rule["data"] if node["datasourceUid"] == "__expr__"}
    text = " ".join(rule["annotations"].values())

    assert set(re.findall(r"\$values\.(\w+)\.Value", text)) <= numbers
    assert set(re.findall(r"\$(?!values\.)([\w.]+)", text)) - {"currency"} == {"labels.meter"}


@pytest.mark.parametrize("rule", [rule for group in rules.groups("en") for rule in group["rules"]], ids=lambda rule: rule["uid"])
def test_queries_of_a_rule_share_one_range(rule) -> None:
    """Grafana may send a rule's queries together. Then it uses the first query's range for all."""
    assert len({tuple(node["relativeTimeRange"].items()) for node in rule["data"]}) == 1
    assert not [node["model"]["query"] for node in rule["data"] if "query" in node["model"] and "$__" in node["model"]["query"]]


def test_a_limit_that_is_not_set_is_beyond_every_reading() -> None:
    """The value for a limit that is not set is above anything that a house, a street or a bill can reach."""
    assert queries.NO_LIMIT >= 1e12
    assert queries.NOTHING_HEARD_S > 86_400


@pytest.mark.parametrize("name", ["ALERTS.md", "ALERTS.pl.md"])
def test_manual_is_complete(name) -> None:
    """The manual names every rule's title, every limit it is compared with, and every variable."""
    text = (GRAFANA / name).read_text(encoding="utf-8")
    language = "pl" if ".pl" in name else "en"
    variables = {variable for file in [*folder().values(), TELEGRAM] for variable in re.findall(r"\$\{(HAN_\w+)\}", file)}

    assert [rule for rule, by_language in texts.RULES.items() if by_language[language].title not in text] == []
    assert [key for key in options.LIMITS if f"`{key}`" not in text] == []
    assert [variable for variable in variables if f"`{variable}`" not in text] == []


@pytest.mark.parametrize("language", build.FOLDERS)
def test_every_rule_links_to_a_panel(language) -> None:
    """An alert leads to a panel that is there, on the board of its language."""
    files = (GRAFANA / "dashboards" / language).glob("*.json")
    ids = {board["uid"]: {str(panel["id"]) for panel in flat(board)} for board in map(json.loads, (file.read_text() for file in files))}
    for rule in (rule for group in rules.groups(language) for rule in group["rules"]):
        assert rule["annotations"]["__panelId__"] in ids[rule["annotations"]["__dashboardUid__"]]


@pytest.mark.parametrize("name", ["ALERTS.md", "ALERTS.pl.md"])
def test_rules_for_another_data_source(name, tmp_path) -> None:
    """The manual's command makes the rules ask another data source, and changes nothing else."""
    (command,) = re.findall(r"^ +(sed .*)$", (GRAFANA / name).read_text(encoding="utf-8"), re.MULTILINE)
    for language in build.FOLDERS:
        copy = tmp_path / language / "rules.yaml"
        copy.parent.mkdir()
        shutil.copy(ROOT / build.FOLDERS[language] / "rules.yaml", copy)
        subprocess.run(["sh", "-c", command.replace("UID", "P951FEA4DE68E13C5")], cwd=copy.parent, check=True, timeout=60)
        changed = copy.read_text(encoding="utf-8")
        nodes = [node for group in yaml.safe_load(changed)["groups"] for rule in group["rules"] for node in rule["data"]]

        assert {(node["datasourceUid"], node["model"]["datasource"]["uid"]) for node in nodes} == {
            ("P951FEA4DE68E13C5", "P951FEA4DE68E13C5"),
            ("__expr__", "__expr__"),
        }
        assert changed.replace("P951FEA4DE68E13C5", rules.DATASOURCE_UID) == folder(language)["rules.yaml"]
        assert provisioning.problems(folder(language) | {"rules.yaml": changed}, {}) == []


def test_data_source_is_the_boards() -> None:
    """The rules ask the data source that the boards' provisioning makes."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (GRAFANA / "provisioning/datasources").glob("*.yaml")]

    assert rules.DATASOURCE_UID in [source.get("uid") for file in files for source in file["datasources"]]
