"""The provisioning files of boards and data source, compared with the boards, the compose stack and the manuals."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "grafana"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SOURCE_TEXT = (GRAFANA / "provisioning/datasources/telegraf-han.yaml").read_text(encoding="utf-8")
(SOURCE,) = yaml.safe_load(SOURCE_TEXT)["datasources"]
PROVIDERS = yaml.safe_load((GRAFANA / "provisioning/dashboards/telegraf-han.yaml").read_text(encoding="utf-8"))["providers"]
BOARDS = [json.loads(file.read_text(encoding="utf-8")) for file in sorted((GRAFANA / "dashboards").glob("*/*.json"))]


def test_boards_take_the_provisioned_source() -> None:
    """The boards' variable starts with the uid and the type of the provisioned source."""
    for board in BOARDS:
        (variable,) = [variable for variable in board["templating"]["list"] if variable["type"] == "datasource"]
        assert variable["current"]["value"] == SOURCE["uid"]
        assert variable["query"] == SOURCE["type"]


def test_source_speaks_influxql() -> None:
    """The source uses the language of the boards' queries, and a method that allows queries of any length."""
    assert SOURCE["jsonData"]["version"] == "InfluxQL"
    assert SOURCE["jsonData"]["httpMode"] == "POST"


def test_token_is_in_no_file() -> None:
    """The token comes from a file whose folder the stack mounts. Only the header contains it, and nothing else is secret."""
    assert SOURCE["secureJsonData"] == {"httpHeaderValue1": "Token $__file{/run/secrets/influx_token}"}
    assert SOURCE["jsonData"]["httpHeaderName1"] == "Authorization"
    assert any(volume.endswith(":/run/secrets:ro") for volume in COMPOSE["services"]["grafana"]["volumes"])


def test_variables_are_set_by_the_stack() -> None:
    """Grafana's container has all environment variables that the file uses."""
    named = set(re.findall(r"\$\{(\w+)\}", SOURCE_TEXT))

    assert named
    assert named <= set(COMPOSE["services"]["grafana"]["environment"])


def test_folders_hold_the_boards() -> None:
    """One provider per language, with the path where the stack mounts the boards. Folders and providers have different names."""
    (mounted,) = [
        volume.split(":")[1] for volume in COMPOSE["services"]["grafana"]["volumes"] if volume.startswith("./grafana/dashboards:")
    ]
    paths = [provider["options"]["path"] for provider in PROVIDERS]

    assert sorted(paths) == sorted(f"{mounted}/{folder.name}" for folder in (GRAFANA / "dashboards").iterdir())
    for key in ("name", "folder", "folderUid"):
        assert len({provider[key] for provider in PROVIDERS}) == len(PROVIDERS)


@pytest.mark.parametrize("name", ["README.md", "README.pl.md"])
def test_manual(name: str) -> None:
    """The manual names every board by its title, every variable of the environment, and leads to files that are there."""
    text = (GRAFANA / name).read_text(encoding="utf-8")
    language = "pl" if ".pl" in name else "en"

    assert [board["title"] for board in BOARDS if board["uid"].endswith(language) and f"| {board['title']} |" not in text] == []
    assert [name for name in re.findall(r"\$\{(\w+)\}", SOURCE_TEXT) if f"`{name}=" not in text] == []
    assert [path for path in re.findall(r"\]\(([^)#]+)\)", text) if not (GRAFANA / path).exists()] == []
