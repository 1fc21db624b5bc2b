"""A configuration on disk, as its owner keeps it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from telegraf_han.config import file
from telegraf_han.config.sections import require_keys
from telegraf_han.errors import ConfigError

KEY = "00112233445566778899aabbccddeeff"


@pytest.fixture
def written(tmp_path: Path):
    """A configuration file and one key file, both for its owner only."""

    def write(text: str) -> str:
        (tmp_path / "han.toml").write_text(text)
        (tmp_path / "han.toml").chmod(0o600)
        return str(tmp_path / "han.toml")

    (tmp_path / "home.ek").write_text(f"{KEY[:16]} {KEY[16:].upper()}\n")
    (tmp_path / "home.ek").chmod(0o600)
    return write


def loaded(path: str) -> None:
    """Load a configuration and ask for all its keys. Raises ConfigError."""
    config = file.load(path)
    require_keys(config, config.meters)


@pytest.fixture
def reason() -> Callable[[str], str]:
    """Why a configuration cannot be loaded, or why a key of it cannot be had."""

    def told(path: str) -> str:
        with pytest.raises(ConfigError) as caught:
            loaded(path)
        return str(caught.value)

    return told
