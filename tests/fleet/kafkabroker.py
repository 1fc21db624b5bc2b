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

from pki import Authority
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
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-storage": "kafka.tools.StorageTool",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
}
START_TIMEOUT_S = 90
_SERVES = "Kafka Server started"
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


# With three servers: what server.properties marks THREE.
THREE = {
    "\ndefault.replication.factor=1": "\ndefault.replication.factor=3",
    "\nmin.insync.replicas=1": "\nmin.insync.replicas=2",
    "\noffsets.topic.replication.factor=1": "\noffsets.topic.replication.factor=3",
    "\ntransaction.state.log.replication.factor=1": "\ntransaction.state.log.replication.factor=3",
    "\ntransaction.state.log.min.isr=1": "\ntransaction.state.log.min.isr=2",
    "\nshare.coordinator.state.topic.replication.factor=1": "\nshare.coordinator.state.topic.replication.factor=3",
    "\nshare.coordinator.state.topic.min.isr=1": "\nshare.coordinator.state.topic.min.isr=2",
    "\nlog.flush.interval.messages=1": "",
    "\nbroker.session.timeout.ms=3000": "",
    "\nbroker.heartbeat.interval.ms=500": "",
}


class Kafka:
    """One broker or three, which can be killed and started again, and the certificates of their fleet."""

    def __init__(self, folder: Path, servers: int = 1) -> None:
        """Make certificates and the folders of data, and start."""
        folder.mkdir(parents=True)
        self._folder = folder
        self._jars = maven.kafka()
        self.authority = Authority(folder / "pki")
        ports = free_ports(2 * servers)
        self.addresses = [f"127.0.0.1:{port}" for port in ports[:servers]]
        controllers = [f"127.0.0.1:{port}" for port in ports[servers:]]
        self._bin = folder / "bin"
        self._bin.mkdir()
        for name, main in _COMMANDS.items():
            script = self._bin / f"{name}.sh"
            script.write_text(f'#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -cp "{self._jars}/*" {main} "$@"\n', encoding="utf-8")
            script.chmod(0o755)
        ours = (FLEET / "server.properties").read_text(encoding="utf-8")
        for number, (address, controller) in enumerate(zip(self.addresses, controllers, strict=True), 1):
            changes = {
                "node.id=1": f"node.id={number}",
                "\ncontroller.quorum.voters=1@kafka.example.org:9094": "\ncontroller.quorum.voters="
                + ",".join(f"{voter}@{each}" for voter, each in enumerate(controllers, 1)),
                "CONTROLLER://kafka.example.org:9094": f"CONTROLLER://{controller}",
                "SSL://:9093": f"SSL://{address}",
                "SSL://kafka.example.org:9093": f"SSL://{address}",
                "/var/lib/kafka": str(folder / f"data{number}"),
                "/etc/kafka/broker.pem": str(self.authority.issue("broker.fleet").both),
                "/etc/kafka/ca.crt": str(self.authority.certificate),
                **(THREE if servers > 1 else {}),
            }
            properties = self._properties(number)
            properties.write_text(filled(ours, changes), encoding="utf-8")
            self.command("storage", "format", "--cluster-id", "ZmxlZXQtb2YtdGVzdHMtMQ", "--config", str(properties))
        self._admin = self._client("admin.fleet")
        self.processes: dict[int, Process] = {}
        try:
            for number in range(1, servers + 1):
                self.processes[number] = self._process(number)
            for process in self.processes.values():
                process.wait_for_log(_SERVES, START_TIMEOUT_S)
        except BaseException:
            self.close()
            raise

    def start(self, number: int = 1) -> None:
        """Start a server again on the same data and ports, as after an outage."""
        assert not self.processes[number].running(), "Kafka runs already"
        self.processes[number].close()
        self.processes[number] = self._process(number)
        self.processes[number].wait_for_log(_SERVES, START_TIMEOUT_S)

    def kill(self, number: int = 1) -> None:
        """Stop a server as a power cut would."""
        self.processes[number].kill()

    def close(self) -> None:
        """End all servers."""
        for process in self.processes.values():
            process.close()

    def command(self, name: str, *arguments: str) -> str:
        """Run one of Kafka's own commands and return what it says."""
        return _run([str(self._bin / f"kafka-{name}.sh"), *arguments])

    def asked(self, name: str, *arguments: str) -> str:
        """The same for a command that asks the broker, as admin.fleet."""
        return self.command(name, "--bootstrap-server", ",".join(self.addresses), "--command-config", str(self._admin), *arguments)

    def read(self, user: str, topic: str) -> str:
        """What Kafka's own reader says and gets with somebody's certificate: from the partition itself, without a group."""
        arguments = ["--topic", topic, "--partition", "0", "--offset", "earliest", "--max-messages", "1", "--timeout-ms", "10000"]
        program = str(self._bin / "kafka-console-consumer.sh")
        command = [program, "--bootstrap-server", ",".join(self.addresses), "--command-config", str(self._client(user)), *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TOOL_TIMEOUT_S, check=False)
        return done.stdout + done.stderr

    def site(self, *arguments: str) -> str:
        """Run fleet/kafka/site.sh."""
        env = {"KAFKA_BIN": str(self._bin), "BOOTSTRAP": ",".join(self.addresses), "ADMIN": str(self._admin)}
        return _run([str(FLEET / "site.sh"), *arguments], env)

    def done(self, group: str) -> dict[str, Done]:
        """Return how far the group has come in each topic of one partition."""
        told = self.asked("consumer-groups", "--describe", "--group", group)
        rows = re.findall(rf"^{group}\s+(\S+)\s+0\s+(\S+)\s+(\d+)\s+\S+\s+(\S+)", told, re.MULTILINE)
        return {topic: Done(0 if done == "-" else int(done), int(end), member) for topic, done, end, member in rows}

    def _client(self, user: str) -> Path:
        """Write admin.properties with the certificate of somebody."""
        changes = {"/etc/kafka/admin.pem": str(self.authority.issue(user).both), "/etc/kafka/ca.crt": str(self.authority.certificate)}
        file = self._folder / f"{user}.properties"
        file.write_text(filled((FLEET / "admin.properties").read_text(encoding="utf-8"), changes), encoding="utf-8")
        return file

    def _properties(self, number: int) -> Path:
        return self._folder / f"server{number}.properties"

    def _process(self, number: int) -> Process:
        """Start a server, which does not serve yet."""
        logging = Path(maven.__file__).parent / "kafka" / "log4j2.properties"
        command = [
            "java",
            "-Xmx512m",
            "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={logging}",
            "-cp",
            f"{self._jars}/*",
            "kafka.Kafka",
        ]
        return Process([*command, str(self._properties(number))], self._folder / f"kafka{number}.log", self._folder, os.environ)


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
