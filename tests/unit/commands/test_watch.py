"""watch: what the keys choose, and what it refuses."""

import argparse
from pathlib import Path

import pytest

from telegraf_han.commands import watch
from telegraf_han.commands.watch import Sight
from telegraf_han.errors import ConfigError
from telegraf_han.terminal import screen
from telegraf_han.terminal.meterpage import Choice


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["right"], Choice("meter", 0)),
        (["left"], Choice("meter", 1)),
        (["1", "right", "right", "right", "right"], Choice("meter", 1)),
        (["3"], Choice("meter", 2)),
        (["4"], Choice("overview", 2)),
        (["0"], Choice("overview", 2)),
        (["o"], Choice("meter", 2)),
        (["o", "o"], Choice("overview", 2)),
        (["a"], Choice("readings", 2)),
        (["a", "right"], Choice("readings", 0)),
        (["a", "a"], Choice("meter", 2)),
        (["t"], Choice("overview", 2, 1)),
        (["t", "t", "t"], Choice("overview", 2, 0)),
        (["x"], Choice("overview", 2)),
        (["up"], Choice("overview", 1)),
        (["up", "up", "up", "down"], Choice("overview", 1)),
        (["down"], Choice("overview", 2)),
        (["page up", "end", "home", "down"], Choice("overview", 1)),
        (["up", "enter"], Choice("meter", 1)),
        (["enter", "down"], Choice("meter", 2)),
        (["enter", "enter", "back"], Choice("overview", 2)),
        (["enter", "a", "back"], Choice("meter", 2)),
        (["back"], Choice("overview", 2)),
    ],
)
def test_keys_choose(keys: list[str], expected: Choice) -> None:
    """Three meters, the last one chosen, all shown: where each key leads."""
    sight = Sight(Choice("overview", 2), 3)
    for key in keys:
        sight.press(key)

    assert sight.choice == expected


def test_one_meter_has_no_overview() -> None:
    """There is nothing to choose from."""
    sight = Sight(Choice(), 1)
    for key in ("o", "right", "2", "back", "enter"):
        sight.press(key)

    assert sight.choice == Choice()


def test_scrolling_is_bounded() -> None:
    """Keys pressed too often are forgotten, because the page says how far it scrolled. Another page begins at its top."""
    sight = Sight(Choice(), 1)
    tops = []
    for key in ("up", "down", "page down", "end", "down", "up", "home", "down", "a"):
        sight.press(key)
        sight.top = min(sight.top, 20)  # as the page does
        tops.append(sight.top)

    assert tops == [0, 1, 11, 20, 20, 19, 0, 1, 0]


def test_meters_that_are_gone() -> None:
    """A plugin that was restarted may have fewer meters. Then the last one is chosen."""
    sight = Sight(Choice("overview", 39), 40)
    sight.follow(3)

    assert sight.choice == Choice("overview", 2)


def run(tmp_path: Path, text: str) -> int:
    (tmp_path / "han.toml").write_text(text)
    parser = argparse.ArgumentParser()
    watch.add_arguments(parser)
    return watch.run(parser.parse_args(["--config", str(tmp_path / "han.toml")]))


def test_no_terminal(tmp_path: Path) -> None:
    """A pipe cannot show a page. The error comes at once and names the command that writes lines."""
    with pytest.raises(ConfigError, match=r"a terminal that can show a page is expected.*telegraf-han run"):
        run(tmp_path, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least one"),
        ('[[receiver]]\nname = "attic"\ntype = "hex"\nport = "x"\n', "telegraf-han scan"),
        ('[[meter]]\nname = "home"\ninterface = "p1"\n', "port"),
        ('[[meter]]\nname = "home"\ninterface = "p1"\nport = "-"\n', "stdin"),
    ],
    ids=["empty", "receiver only", "no port", "stdin"],
)
def test_configurations_without_anything_to_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    """An error comes before the page if there is nothing to watch."""
    monkeypatch.setattr(screen, "is_terminal", lambda: True)

    with pytest.raises(ConfigError, match=said):
        run(tmp_path, text)
