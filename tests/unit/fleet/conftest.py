"""A folder of a fleet that `create` has made."""

import datetime as dt
from pathlib import Path

import pytest

from telegraf_han.fleet import folder
from telegraf_han.fleet.folder import Folder
from telegraf_han.fleet.plan import Fleet

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    made = Folder(str(tmp_path / "fleet"))
    folder.begin(made, Fleet(("nats-1.test", "nats-2.test", "nats-3.test")))
    folder.create(made, NOW)
    return made
