"""Grafana's container as data: what it is given is there, fits together, and is what its files ask for. Grafana does not run here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from compose import provisioned

if TYPE_CHECKING:
    from collections.abc import Callable

    Composed = Callable[..., dict[str, Any]]

ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "pl")
VARIABLE = re.compile(r"\$\{(\w+)\}|\$(?!__)([A-Z]\w+)")
TELEGRAM = "docker/telegram.yml"


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Return each language in turn."""
    return str(request.param)


@pytest.fixture
def grafana(composed: Composed, language: str) -> dict[str, Any]:
    """Return Grafana's service in that language."""
    return dict(composed(HAN_LANGUAGE=language)["services"]["grafana"])


def _assigned(file: str) -> set[str]:
    """Variables that an example of an environment file sets or shows."""
    return set(re.findall(r"^#?(\w+)=", (ROOT / file).read_text(), re.MULTILINE))


def test_english_without_a_word(composed: Composed) -> None:
    """Who sets no language gets what `en` gives."""
    assert composed()["services"]["grafana"] == composed(HAN_LANGUAGE="en")["services"]["grafana"]


def test_data_source(grafana: dict[str, Any]) -> None:
    """There is one, with the uid that boards and rules know; address and database are the stack's, its token the file Grafana may read."""
    [source] = provisioned.read(grafana, "datasources")["datasources"]

    assert (source["uid"], source["type"]) == ("telegraf-han", "influxdb")
    assert (source["url"], source["jsonData"]["dbName"]) == ("http://influxdb:8086", "energy")
    place = re.fullmatch(r"Token \$__file\{(.+)\}", source["secureJsonData"]["httpHeaderValue1"])
    assert place is not None
    assert provisioned.on_host(grafana, place[1], Path("/volumes")) == Path("/volumes/grafana-secrets/influx_token")


def test_boards(grafana: dict[str, Any], language: str) -> None:
    """Every provider's folder is mounted and holds boards, each uid once, and the first board is one of the chosen language."""
    folders = [one["options"]["path"] for one in provisioned.read(grafana, "dashboards")["providers"]]
    boards = [
        json.loads(path.read_text()) for folder in folders for path in (provisioned.on_host(grafana, folder) or Path()).glob("*.json")
    ]

    assert len(folders) == len(LANGUAGES)
    assert len({board["uid"] for board in boards}) == len(boards) >= 5 * len(LANGUAGES)
    home = provisioned.on_host(grafana, grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home is not None
    assert json.loads(home.read_text())["uid"] == f"telegraf-han-home-{language}"


def test_rules_of_one_language(grafana: dict[str, Any], language: str) -> None:
    """The rules are those of the chosen language, each uid once: both would alert twice."""
    files = provisioned.files(grafana, "alerting")
    uids = [rule["uid"] for group in provisioned.read(grafana, "alerting")["groups"] for rule in group["rules"]]

    assert {file.parent.name for file in files} == {f"alerting-{language}"}
    assert {file.name for file in files} == {path.name for path in (ROOT / f"grafana/provisioning/alerting-{language}").iterdir()}
    assert len(uids) == len({*uids}) >= 10


def test_rules_lead_to_boards(grafana: dict[str, Any], language: str) -> None:
    """A rule that names a board names one that the container has, in its language."""
    folder = provisioned.on_host(grafana, f"/etc/grafana/dashboards/{language}")
    assert folder is not None
    uids = {json.loads(path.read_text())["uid"] for path in folder.glob("*.json")}
    rules = [rule for group in provisioned.read(grafana, "alerting")["groups"] for rule in group["rules"]]

    assert {rule["annotations"]["__dashboardUid__"] for rule in rules if "__dashboardUid__" in rule["annotations"]} <= uids


def test_telegram_is_one_file_more(composed: Composed) -> None:
    """The Telegram variant adds its contact point, which Grafana would not start with otherwise, and nothing else."""
    without, with_it = (composed(*files)["services"]["grafana"] for files in ((), (TELEGRAM,)))

    added = {*provisioned.files(with_it, "alerting")} - {*provisioned.files(without, "alerting")}
    assert {path.name for path in added} == {"contact-point-telegram.yaml"}
    assert without["environment"] == with_it["environment"]


def test_every_variable_of_the_files_can_be_set(composed: Composed) -> None:
    """Each variable that a provisioning file asks for is in Grafana's environment already, or shown in docker/alerts.env.example."""
    grafana = composed(TELEGRAM)["services"]["grafana"]
    files = [path for kind in ("datasources", "dashboards", "alerting") for path in provisioned.files(grafana, kind)]
    values = [
        line for path in files for line in path.read_text().splitlines() if not line.lstrip().startswith("#") and "rules" not in path.name
    ]
    asked = {name for line in values for pair in VARIABLE.findall(line.replace("$$", "")) for name in pair if name}

    assert asked >= {"INFLUX_URL", "INFLUX_BUCKET", "HAN_ALERT_EMAIL", "HAN_ALERT_TELEGRAM_TOKEN"}
    assert asked - grafana["environment"].keys() <= _assigned("docker/alerts.env.example")


def test_rules_ask_for_the_channel_alone() -> None:
    """In a rule's text a dollar sign is the rule's own, but for the channel."""
    for language in LANGUAGES:
        text = (ROOT / f"grafana/provisioning/alerting-{language}/rules.yaml").read_text()
        receivers = set(re.findall(r"receiver: (.+)", text))
        assert receivers == {"telegraf-han${HAN_ALERT_CHANNEL}", "telegraf-han-once${HAN_ALERT_CHANNEL}"}


@pytest.mark.parametrize("channel", ["", "-webhook", "-ntfy", "-telegram"])
def test_every_channel_has_its_contact_point(composed: Composed, channel: str) -> None:
    """With each channel of docker/alerts.env.example the contact point that the rules name is there."""
    grafana = composed(TELEGRAM)["services"]["grafana"]
    grafana = {**grafana, "environment": {**grafana["environment"], "HAN_ALERT_CHANNEL": channel}}
    given = provisioned.read(grafana, "alerting")
    named = {rule["notification_settings"]["receiver"] for group in given["groups"] for rule in group["rules"]}

    assert named <= {point["name"] for point in given["contactPoints"]}
    assert not channel or f"#HAN_ALERT_CHANNEL={channel}\n" in (ROOT / "docker/alerts.env.example").read_text()


def test_alerts_variables_reach_grafana() -> None:
    """docker/alerts.env is read where it is, and may be missing."""
    _, given = re.findall(r"\{path: \"?([^\s\"]+)\"?, required: (\w+)\}", (ROOT / "docker-compose.yml").read_text())

    assert given == ("./docker/alerts.env", "false")


def test_update_of_plugins_is_off(grafana: dict[str, Any]) -> None:
    """The InfluxDB data source comes with the image as a plugin; its update at the start would fail on the read-only root and take it away."""
    assert grafana["read_only"] is True
    assert grafana["environment"]["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${URL}/x", "http://db/x"),
        ("$URL", "http://db"),
        ("$__env{URL}", "http://db"),
        ("${NONE}", ""),
        ("$$URL", "$URL"),
        ("Token $__file{/run/secrets/token}", "Token s3cret"),
    ],
)
def test_expansion(tmp_path: Path, text: str, expected: str) -> None:
    """Values are expanded as Grafana does it."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/token").write_text("s3cret\n")
    mount = {"type": "volume", "source": "secrets", "target": "/run/secrets"}

    assert provisioned.expanded(text, {"environment": {"URL": "http://db"}, "volumes": [mount]}, tmp_path) == expected
