"""A machine of the tests' own: paths below a temporary folder, a person who answers, servers that answer as they are told."""

from argparse import Namespace
from pathlib import Path

import pytest

from telegraf_han import language
from telegraf_han.setup import machine
from telegraf_han.setup.console import Console
from telegraf_han.setup.places import Places


@pytest.fixture(autouse=True)
def english():
    """The language of the process."""
    language.choose("en")
    yield
    language.choose("en")


@pytest.fixture
def paths(tmp_path: Path, monkeypatch) -> Places:
    """Paths as on a machine, but below a folder. This user owns all files, and there is no systemd."""
    monkeypatch.setattr(machine, "is_root", lambda: False)
    monkeypatch.setattr(machine, "has_systemd", lambda: False)
    root = str(tmp_path)
    return Places(
        f"{root}/etc/telegraf/han.toml",
        f"{root}/etc/telegraf/telegraf.d/telegraf-han.conf",
        f"{root}/etc/telegraf/telegraf-han.secrets",
        f"{root}/var/lib/telegraf/buffer",
        f"{root}/etc/systemd/system/telegraf.service.d/telegraf-han.conf",
        f"{root}/var/lib/telegraf-han/init.json",
        f"{root}/etc/telegraf/influx-admin.token",
        f"{root}/etc/telegraf/influx-admin.password",
        f"{root}/etc/grafana",
        f"{root}/etc/grafana/telegraf-han.token",
    )


class Person(Console):
    """Someone who gives the answers in this order. `asked` has the questions."""

    __slots__ = ("answers", "asked")

    def __init__(self, *answers: str) -> None:
        super().__init__(asks=True)
        self.answers = list(answers)
        self.asked: list[str] = []

    def _line(self, prompt: str) -> str:
        self.asked.append(prompt)
        return self.answers.pop(0)

    def secret(self, question: str) -> str:
        return self._line(question)


@pytest.fixture
def nobody() -> Console:
    """`--yes`."""
    return Console(asks=False)


def options(**given: object) -> Namespace:
    """The options of `init`, of which these are given."""
    names = (
        "interface port receiver id name encryption_key_file authentication_key_file key_file listen influx_url org bucket token_file"
        " influx_user influx_password_file grafana_url"
    )
    return Namespace(**{name: given.get(name) for name in names.split()})
