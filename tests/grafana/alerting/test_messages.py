"""What people read on their phones: every rule's message in both languages, with numbers, units, what to do, and a link."""

import re
from pathlib import Path

import pytest
import yaml
from alerting import build, contacts, rules, texts
from likegrafana import messages

from telegraf_han.config import options

ROOT = Path(__file__).resolve().parents[3]
VALUES = {
    "telegraf-han-import-power": {"measured": 7012, "limit": 6000},
    "telegraf-han-contracted-power": {"measured": 12_480, "limit": 11_000},
    "telegraf-han-contracted-power-soon": {"measured": 11_730, "limit": 11_000},
    "telegraf-han-long-load": {"measured": 4.25, "limit": 1500},
    "telegraf-han-base-load": {"measured": 312.5, "limit": 250},
    "telegraf-han-feed-in-noon": {"measured": 12, "limit": 300},
    "telegraf-han-voltage-high": {"measured": 254.12, "limit": 253},
    "telegraf-han-voltage-low": {"measured": 201.08, "limit": 207},
    "telegraf-han-phase-imbalance": {"measured": 3.21, "limit": 2},
    "telegraf-han-limiter": {"measured": 5000},
    "telegraf-han-silent": {"measured": 425, "limit": 180},
    "telegraf-han-not-stored": {"measured": 1800, "limit": 180, "lines": 2, "told": 1},
    "telegraf-han-refused": {"measured": 120},
    "telegraf-han-decode-errors": {"measured": 23.4, "limit": 10, "refused": 0, "back": 0},
    "telegraf-han-clock": {"measured": 95, "offset": -95, "limit": 60},
    "telegraf-han-down-sampling-late": {"measured": 45},
    "telegraf-han-bill-late": {"measured": 4},
    "telegraf-han-daily-energy": {"measured": 25_340, "limit": 25_000},
    "telegraf-han-daily-cost": {"measured": 31.207, "limit": 30, "currency": 1},
    "telegraf-han-budget-80": {"measured": 241.5, "limit": 300, "currency": 1},
    "telegraf-han-budget-100": {"measured": 300.01, "limit": 300, "currency": 2},
    "telegraf-han-budget-forecast": {"measured": 356.9, "limit": 300, "spent": 118.25, "currency": 1},
}
"""Numbers of a breach, by rule."""
SAID = {
    ("telegraf-han-import-power", "en"): "flat 3: import 7.012kW, limit 6kW",
    ("telegraf-han-contracted-power-soon", "en"): "flat 3: this quarter of an hour will end at 11.73kW, contracted 11kW",
    ("telegraf-han-long-load", "pl"): "flat 3: od 4.2 godz. pobór ani razu nie spadł poniżej 1.5kW",
    ("telegraf-han-voltage-high", "en"): "flat 3: highest phase 254.1 V, limit 253.0 V",
    ("telegraf-han-phase-imbalance", "pl"): "flat 3: asymetria 3.2 %, limit 2.0 %",
    ("telegraf-han-not-stored", "en"): "flat 3: no telegram stored for more than 30m 0s, although the meter is read",
    ("telegraf-han-refused", "pl"): "flat 3: InfluxDB odrzuciło 120 wierszy w ciągu 24 godzin, przepadły",
    ("telegraf-han-clock", "en"): "flat 3: the meter's clock is 1m 35s slow, limit 1m 0s",
    ("telegraf-han-clock", "pl"): "flat 3: zegar licznika spóźnia się o 1m 35s, limit 1m 0s",
    ("telegraf-han-bill-late", "en"): "flat 3: the cost of 4 hours is not computed, limit 2 hours",
    ("telegraf-han-daily-cost", "en"): "flat 3: today 31.21 PLN, budget 30.00 PLN",
    ("telegraf-han-budget-100", "pl"): "flat 3: ten rachunek dotąd 300.01 EUR, budżet 300.00 EUR",
    ("telegraf-han-budget-forecast", "en"): "flat 3: forecast of this bill 356.90 PLN, budget 300.00 PLN, so far 118.25 PLN",
}
LINK = "https://grafana.example.org/d/telegraf-han-home-en?from=1&orgId=1&to=2&viewPanel=3"
ALL = [(uid, language) for uid in texts.RULES for language in build.FOLDERS]


def alert(uid, language, **more):
    """An alert as the contact point gets it."""
    text = texts.RULES[uid][language]
    labels = {"alertname": text.title, "meter": "flat 3"}
    made = {
        name: messages.annotation(getattr(text, name), labels, VALUES[uid] | more.pop("values", {})) for name in ("summary", "description")
    }
    return {"Labels": labels, "Annotations": made, "PanelURL": LINK} | more


def message(language, *, firing=(), resolved=()):
    """Title and text of a message about alerts."""
    data = {"Alerts": {"Firing": firing, "Resolved": resolved}, "CommonLabels": [*firing, *resolved][0]["Labels"]}
    (template,) = yaml.safe_load((ROOT / build.FOLDERS[language] / "templates.yaml").read_text(encoding="utf-8"))["templates"]
    return [messages.message(template["template"], name, data) for name in ("telegraf_han.title", "telegraf_han.message")]


@pytest.mark.parametrize(("uid", "language"), ALL)
def test_message(uid, language) -> None:
    """Three parts: the meter with its numbers and their units, what to do, and a link to that meter's panel."""
    title, text = message(language, firing=[alert(uid, language)])
    summary, description, link = text.strip().split("\n")

    assert title == f"⚠ {texts.RULES[uid][language].title} (flat 3)"
    assert summary.startswith("flat 3: ")
    assert SAID.get((uid, language), summary) == summary
    assert re.search(r"\d ?(k?Wh?|V|%|PLN|EUR|hours?|godz\w*|minut\w*|m|s)(\W|$)", summary)
    assert description.endswith((".", "!"))
    assert link == f"{LINK}&var-meter=flat+3"
    assert "$" not in text
    assert "{" not in text
    assert "<no value>" not in text


@pytest.mark.parametrize(("uid", "language"), ALL)
def test_no_option_in_a_message(uid, language) -> None:
    """People who read a message do not know the configuration. It names no option, and nothing that looks like one."""
    text = " ".join(texts.RULES[uid][language])
    said = re.sub(r"\{\{.*?\}\}", "", text)

    assert not [key for key in (*options.LIMITS, *options.PRICES) if key in said]
    assert not re.findall(r"\b\w+_\w+\b|\w+ = ", said)


def test_no_currency_is_better_than_a_wrong_one() -> None:
    """A currency that the rules do not know is left out."""
    said = alert("telegraf-han-daily-cost", "en", values={"currency": 0})["Annotations"]["summary"]

    assert said == "flat 3: today 31.21, budget 30.00"


@pytest.mark.parametrize(("language", "over"), [("en", "resolved"), ("pl", "koniec")])
def test_end_of_a_trouble(language, over) -> None:
    """The message at the end says so in its first word. A rule without a panel has no link."""
    title, text = message(language, resolved=[alert("telegraf-han-silent", language, PanelURL="")])

    assert title.startswith(f"✓ {over}: ")
    assert text.strip().startswith(f"{over}: flat 3: ")
    assert "http" not in text


def test_sums_that_begin_again_have_no_end() -> None:
    """Midnight ends the alert of a day's sum, and the next bill that of a month's. No contact point of these rules tells it."""
    once = {rule.uid for group in rules.GROUPS for rule in group.rules if rule.notice.receiver == contacts.ONCE}
    points = {point["name"]: point for point in (*contacts.always(), *contacts.telegram())}

    assert once == {
        *("telegraf-han-daily-energy", "telegraf-han-daily-cost", "telegraf-han-base-load", "telegraf-han-feed-in-noon"),
        "telegraf-han-refused",
        *("telegraf-han-budget-80", "telegraf-han-budget-100", "telegraf-han-budget-forecast"),
    }
    for name, point in points.items():
        quiet = name.startswith(contacts.ONCE)
        assert [receiver.get("disableResolveMessage", False) for receiver in point["receivers"]] == [quiet]
        twin = name.replace(contacts.ONCE, contacts.NAME) if quiet else name.replace(contacts.NAME, contacts.ONCE)
        assert points[twin]["receivers"][0]["settings"] == point["receivers"][0]["settings"]


def test_what_goes_on_is_said_again_in_time() -> None:
    """A trouble is repeated twice a day, a dark noon every day, a sum when Grafana has forgotten what it said."""
    repeats = {rule["uid"]: rule["notification_settings"]["repeat_interval"] for group in rules.groups("en") for rule in group["rules"]}

    assert repeats["telegraf-han-silent"] == "12h"
    assert repeats["telegraf-han-feed-in-noon"] == "1d"
    assert repeats["telegraf-han-budget-100"] == "5d"
