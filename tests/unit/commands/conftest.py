"""The InfluxDB that the tests of `influx` talk to, and a machine without a configuration of its own."""

from pathlib import Path

import pytest

from fakeinflux import api, place
from telegraf_han.config import file

__all__ = ["api", "place"]


@pytest.fixture(autouse=True)
def no_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have a configuration in the default place."""
    monkeypatch.delenv("HAN_CONFIG", raising=False)
    monkeypatch.setattr(file, "DEFAULT", str(tmp_path / "no-default.toml"))
