"""docs/examples/home-assistant.conf under a real Telegraf, with a real Mosquitto: what Home Assistant would hear of two virtual meters.

Home Assistant itself does not run here. (A Home Assistant 2025.1.4 was tried once by hand: docs/home-assistant.md says what it did.) What its MQTT integration accepts of a sensor stands in `KINDS` and in `_is_a_device`. It is
taken from its source, version 2026.11: `homeassistant/components/mqtt/schemas.py` and `homeassistant/components/sensor/const.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from servers import build, debian, running

import cleartext
import virtualmeters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SNIPPET = Path(__file__).parents[2] / "docs/examples/home-assistant.conf"
KINDS = {"_wh": ("energy", "total_increasing", "Wh"), "_w": ("power", "measurement", "W"), "_v": ("voltage", "measurement", "V")}
"""End of a field's name → device class, state class and unit. A source of the Energy dashboard is an `energy` that increases."""
KEYS = {"encryption_key": "000102030405060708090a0b0c0d0e0f", "authentication_key": "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"}
SERIAL = "35000001"
PATIENCE_S = 60
SPEED = ("--speed", "10")
"""A minute in six seconds: the cable's meter is announced at the start of a minute."""


class Message(NamedTuple):
    topic: str
    retained: bool
    text: str


class Broker:
    """A Mosquitto on a port of its own."""

    def __init__(self, folder: Path, root: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._folder, self._root, self._env = folder, root, debian.environment(root)
        (folder / "mosquitto.conf").write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")

    def start(self) -> running.Process:
        command = [str(self._root / "usr/sbin/mosquitto"), "-c", str(self._folder / "mosquitto.conf")]
        process = running.Process(command, self._folder / "mosquitto.log", self._folder, self._env)
        process.wait_for_log(r"mosquitto version \S+ running")
        return process

    @contextlib.contextmanager
    def heard(self, name: str) -> Iterator[Callable[[], list[Message]]]:
        """A function that returns what a subscriber to everything has heard so far."""
        command = [str(self._root / "usr/bin/mosquitto_sub"), "-p", str(self.port), "-t", "#", "-F", "%t %r %p"]
        process = running.Process(command, self._folder / name, self._folder, self._env)
        try:
            yield lambda: [_message(line) for line in process.log_text().splitlines(keepends=True) if line.endswith("\n")]
        finally:
            process.close()


def _message(line: str) -> Message:
    topic, retained, text = line.rstrip("\n").split(" ", 2)
    return Message(topic, retained == "1", text)


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    """Debian's Mosquitto, not started yet."""
    try:
        return Broker(tmp_path, debian.unpacked("mosquitto", "mosquitto-clients"))
    except build.CannotBuildError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


@pytest.fixture
def telegraf(telegraf_binary: Path, tmp_path: Path, broker: Broker) -> Iterator[Callable[[str], running.Process]]:
    """A function that starts Telegraf with the snippet, for the meters of a configuration."""
    snippet = SNIPPET.read_text()
    assert snippet.count("127.0.0.1:1883") == 2
    (tmp_path / "telegraf.conf").write_text(
        running.PLUGIN.format(python=sys.executable, config="han.toml") + snippet.replace(":1883", f":{broker.port}")
    )
    with contextlib.ExitStack() as stack:

        def start(config: str) -> running.Process:
            (tmp_path / "han.toml").write_text(config)
            (tmp_path / "han.toml").chmod(0o600)
            return stack.enter_context(running.telegraf(telegraf_binary, tmp_path / "telegraf.conf", tmp_path))

        yield start


def _cable() -> str:
    keys = "".join(f'{name} = "{key}"\n' for name, key in KEYS.items())
    return f'[[meter]]\nname = "home"\ninterface = "p1"\nport = "cable"\n{keys}'


def _radio() -> str:
    receiver = '[[receiver]]\nname = "attic"\ntype = "im871a"\nport = "stick"\n'
    return receiver + f'[[meter]]\nname = "flat 12"\ninterface = "wmbus"\nid = "{SERIAL}"\nkey = "{KEYS["encryption_key"]}"\n'


def _announced(messages: list[Message]) -> dict[str, dict[str, Any]]:
    """Name of a device → its last announcement."""
    found = {}
    for message in messages:
        if message.topic.startswith("homeassistant/"):
            # Home Assistant takes no other topics.
            assert re.fullmatch(r"homeassistant/device/[a-zA-Z0-9_-]+/config", message.topic)
            config = json.loads(message.text)
            found[config["device"]["name"]] = config
    return found


def _is_a_device(config: Mapping[str, Any]) -> None:
    """What Home Assistant requires of an announcement, and what makes a sensor one of energy, power or voltage."""
    assert set(config) == {"device", "origin", "components"}
    assert config["device"]["identifiers"]
    assert config["origin"]["name"]
    unique = {sensor["unique_id"] for sensor in config["components"].values()}
    assert len(unique) == len(config["components"])
    for field, sensor in config["components"].items():
        assert sensor["platform"] == "sensor"
        assert sensor["name"]
        assert sensor["expire_after"] > 60
        (kind,) = (kind for end, kind in KINDS.items() if field.endswith(end))
        assert (sensor["device_class"], sensor["state_class"], sensor["unit_of_measurement"]) == kind


def test_meters_as_sensors(broker: Broker, telegraf: Callable[[str], running.Process], tmp_path: Path) -> None:
    """Home Assistant learns of a meter on a cable and of one by radio, and each value is the meter's. Later it learns from the broker."""
    start = datetime.now().astimezone().replace(microsecond=0).isoformat()
    meters = {
        "cable": ("gama350", "--start", start, *SPEED),
        "stick": ("gama350", "--interface", "wmbus", "--interval", "5s", "--receiver", "im871a", "--start", start, *SPEED),
    }
    with (
        contextlib.closing(broker.start()),
        broker.heard("heard.txt") as heard,
        virtualmeters.on_terminals(tmp_path, meters),
    ):
        telegraf(_cable() + _radio())
        running.until(lambda: set(_announced(heard())) >= {"home", "flat 12"}, "both meters", PATIENCE_S)
        devices = _announced(heard())
        topics = {sensor["state_topic"] for config in devices.values() for sensor in config["components"].values()}
        before = len(heard())
        running.until(lambda: topics <= {message.topic for message in heard()[before:]}, "a value of each sensor", PATIENCE_S)
        messages = heard()
        with broker.heard("later.txt") as later:
            running.until(lambda: set(_announced(later())) >= {"home", "flat 12"}, "both meters, from the broker", PATIENCE_S)
            kept = {message.topic for message in later() if message.retained}

    assert {config["device"]["serial_number"] for config in devices.values()} == {SERIAL}
    assert len(kept) == 2
    for name, config in devices.items():
        _is_a_device(config)
        assert {"active_energy_import_wh", "active_energy_export_wh", "active_power_import_w"} <= set(config["components"]), name
        sent = cleartext.sent("gama350", start, 1200)
        for field, sensor in config["components"].items():
            values = [float(message.text) for message in messages if message.topic == sensor["state_topic"]]
            assert values
            said = iter(fields[field] for _, fields in sorted(sent.items()))
            assert all(value in said for value in values), field  # each of them, in this order


def test_broker_comes_and_goes(broker: Broker, telegraf: Callable[[str], running.Process], tmp_path: Path) -> None:
    """Telegraf waits 15 s for its broker, and goes on when the broker is away later. The page says so, and what happens after 15 s."""
    with virtualmeters.on_terminals(tmp_path, {"cable": ("gama350", *SPEED)}):
        process = telegraf(_cable())
        process.wait_for_log(r"Failed to connect to \[outputs\.mqtt::home-assistant-values\], retrying in 15s", PATIENCE_S)
        with contextlib.closing(broker.start()), broker.heard("first.txt") as heard:
            running.until(lambda: "home" in _announced(heard()), "the meter", PATIENCE_S)
            running.until(lambda: _values(heard()), "a value", PATIENCE_S)
        with contextlib.closing(broker.start()), broker.heard("second.txt") as heard:
            running.until(lambda: _values(heard()), "a value after the broker was away", PATIENCE_S)
        assert process.running()


def _values(messages: list[Message]) -> list[Message]:
    """The messages that announce nothing."""
    return [message for message in messages if not message.topic.startswith("homeassistant/")]
