"""A real Kafka of the test's own, with the configuration of fleet/kafka, and Kafka's own commands.

The broker runs with fleet/kafka/server.properties: only what the file marks CHANGE is changed, namely addresses and folders. The
commands stand in a folder as in an unpacked Kafka (`kafka-topics.sh` …), so fleet/kafka/site.sh runs as it is.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kafkapki import Authority
from servers import maven
from servers.running import Process

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FLEET", "Kafka", "filled", "free_ports"]

FLEET = Path(__file__).resolve().parents[2] / "fleet" / "kafka"

# The classes behind Kafka's scripts, which Maven Central does not have.
_COMMANDS = {
    "kafka-acls": "org.apache.kafka.tools.AclCommand",
    "kafka-configs": "org.apache.kafka.tools.ConfigCommand",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-storage": "kafka.tools.StorageTool",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
}
START_TIMEOUT_S = 90
TOOL_TIMEOUT_S = 90


class Done(NamedTuple):
    """How far a group of consumers has come in a topic, as the broker knows it."""

    done: int
    all: int
    member: str

    @property
    def left(self) -> int:
        """The messages that were not yet marked as done."""
        return self.all - self.done


def filled(text: str, changes: Mapping[str, str]) -> str:
    """The text of a configuration with the reader's own values: each must stand in it, so a changed file is not missed here."""
    for ours, real in changes.items():
        assert ours in text, f"no {ours!r} in the configuration"
        text = text.replace(ours, real)
    return text


class Kafka:
    """One broker, which can be killed and started again, and the certificates of its fleet."""

    def __init__(self, folder: Path) -> None:
        """Make certificates and the folder of data, and start."""
        folder.mkdir(parents=True)
        self._folder = folder
        self._jars = maven.kafka()
        self.authority = Authority(folder / "pki")
        ports = free_ports(2)
        self.address = f"127.0.0.1:{ports[0]}"
        changes = {
            "kafka.example.org:9094": f"127.0.0.1:{ports[1]}",
            "SSL://:9093": f"SSL://{self.address}",
            "SSL://kafka.example.org:9093": f"SSL://{self.address}",
            "/var/lib/kafka": str(folder / "data"),
            "/etc/kafka/broker.pem": str(self.authority.issue("broker.fleet").both),
            "/etc/kafka/ca.crt": str(self.authority.certificate),
        }
        self._properties = folder / "server.properties"
        self._properties.write_text(filled((FLEET / "server.properties").read_text(encoding="utf-8"), changes), encoding="utf-8")
        admin = {
            "/etc/kafka/admin.pem": str(self.authority.issue("admin.fleet").both),
            "/etc/kafka/ca.crt": str(self.authority.certificate),
        }
        self._admin = folder / "admin.properties"
        self._admin.write_text(filled((FLEET / "admin.properties").read_text(encoding="utf-8"), admin), encoding="utf-8")
        self._bin = folder / "bin"
        self._bin.mkdir()
        for name, main in _COMMANDS.items():
            script = self._bin / f"{name}.sh"
            script.write_text(f'#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -cp "{self._jars}/*" {main} "$@"\n', encoding="utf-8")
            script.chmod(0o755)
        self.command("storage", "format", "--cluster-id", "ZmxlZXQtb2YtdGVzdHMtMQ", "--config", str(self._properties))
        self.process = self._started()

    def start(self) -> None:
        """Start again on the same data and ports, as after an outage."""
        assert not self.process.running(), "Kafka runs already"
        self.process.close()
        self.process = self._started()

    def kill(self) -> None:
        """Stop as a power cut would."""
        self.process.kill()

    def command(self, name: str, *arguments: str) -> str:
        """Run one of Kafka's own commands and return what it says."""
        return _run([str(self._bin / f"kafka-{name}.sh"), *arguments])

    def asked(self, name: str, *arguments: str) -> str:
        """The same for a command that asks the broker, as admin.fleet."""
        return self.command(name, "--bootstrap-server", self.address, "--command-config", str(self._admin), *arguments)

    def site(self, *arguments: str) -> str:
        """Run fleet/kafka/site.sh."""
        env = {"KAFKA_BIN": str(self._bin), "BOOTSTRAP": self.address, "ADMIN": str(self._admin)}
        return _run([str(FLEET / "site.sh"), *arguments], env)

    def done(self, group: str) -> dict[str, Done]:
        """Return how far the group has come in each topic of one partition."""
        told = self.asked("consumer-groups", "--describe", "--group", group)
        rows = re.findall(rf"^{group}\s+(\S+)\s+0\s+(\S+)\s+(\d+)\s+\S+\s+(\S+)", told, re.MULTILINE)
        return {topic: Done(0 if done == "-" else int(done), int(end), member) for topic, done, end, member in rows}

    def _started(self) -> Process:
        """Start the broker and return it once it serves."""
        logging = Path(maven.__file__).parent / "kafka" / "log4j2.properties"
        command = [
            "java",
            "-Xmx512m",
            f"-Dlog4j2.configurationFile={logging}",
            "-cp",
            f"{self._jars}/*",
            "kafka.Kafka",
            str(self._properties),
        ]
        process = Process(command, self._folder / "kafka.log", self._folder, os.environ)
        try:
            process.wait_for_log("Kafka Server started", START_TIMEOUT_S)
        except BaseException:
            process.close()
            raise
        return process


def _run(command: list[str], env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it says; one that fails is an error of the test."""
    done = subprocess.run(
        command,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TOOL_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def free_ports(count: int) -> list[int]:
    """Ports that the system chooses. Kafka has to know its own before it starts."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
