"""A process in a Polish environment: what talks to a person speaks Polish, and a log stays English."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import telegraf_han

SOON_S = 60.0
"""Longer than anything here takes on a busy machine."""
CASE = Path(__file__).parents[1] / "cases/p1-gama350-stoen"
POLISH = {"LANG": "pl_PL.UTF-8", "LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": ""}


def child(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that has ended. Its stdin is empty."""
    environment = os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent)} | POLISH | variables
    return subprocess.run(
        [sys.executable, "-m", "telegraf_han", *words],
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=SOON_S,
        check=False,
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with both keys exchanged, and a capture as its port."""
    path = tmp_path / "han.toml"
    text = (CASE / "config.toml").read_text().replace('port = "input.hex"', f'port = "{CASE / "input.hex"}"')
    path.write_text(
        text.replace("encryption_key", "x").replace("authentication_key", "encryption_key").replace("x =", "authentication_key =")
    )
    path.chmod(0o600)
    return path


def test_keys(config: Path) -> None:
    """A verdict and what to do, in lines of a terminal's width."""
    found = child("keys", "--config", str(config), str(CASE / "input.hex"))

    assert found.stdout.startswith("home: ZŁY KLUCZ: encryption_key i authentication_key są zamienione miejscami.\n")
    assert "\n  Co zrobić: zamień miejscami te dwie opcje" in found.stdout
    assert all(len(line) <= 80 for line in found.stdout.splitlines())


def test_check(config: Path) -> None:
    """The levels, and the error of a configuration with its place."""
    assert "\nok     home: encryption_key i authentication_key są wpisane\n" in child("check", "--config", str(config)).stdout

    config.write_text('[[meter]]\nname = "home"\ninterface = "p3"\n')

    found = child("check", "--config", str(config))
    assert found.stdout == f'błąd   {config}: [[meter]] "home": interface: potrzebne jest "p1" lub "wmbus"\n'
    assert found.returncode == 2


def test_scan_and_ports(config: Path) -> None:
    """A configuration without a receiver, and a machine with or without ports."""
    assert "potrzebna jest sekcja [[receiver]]" in child("scan", "--config", str(config)).stderr
    told = " ".join(child("ports").stdout.split())
    assert "zapewne" in told or "Nie znaleziono żadnego urządzenia szeregowego" in told


@pytest.mark.parametrize("command", ["run", "decode", "bill"])
def test_logs_and_errors_of_the_others_stay_english(command: str, config: Path) -> None:
    """What Telegraf logs is English, so that anybody can help with it."""
    config.write_text('[[meter]]\nname = "home"\ninterface = "p3"\n')

    found = child(command, "--config", str(config))

    assert f'{config}: [[meter]] "home": interface: "p1" or "wmbus" is expected' in found.stderr


def test_a_log_of_faults_stays_english(config: Path) -> None:
    """The decoder's sentences are the same ones that `keys` and `check` say in Polish."""
    assert "encryption_key and authentication_key are swapped" in child("decode", "--config", str(config), str(CASE / "input.hex")).stderr


def test_another_language_is_english(config: Path) -> None:
    """There is no third."""
    found = child("keys", "--config", str(config), str(CASE / "input.hex"), LANG="de_DE.UTF-8")

    assert "home: WRONG KEY: encryption_key and authentication_key are swapped.\n" in found.stdout
