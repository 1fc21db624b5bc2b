"""devices: what a device is, and which processes have it open."""

import fcntl
import os
import pty
from collections.abc import Iterator

import pytest

from telegraf_han.ports import devices


@pytest.fixture
def port() -> Iterator[str]:
    """A serial device that nobody has open."""
    meter, ours = pty.openpty()
    path = os.ttyname(ours)
    os.close(ours)
    yield path
    os.close(meter)


@pytest.mark.parametrize(("path", "kind"), [("/dev/null", "a device of the kind mem"), ("/dev", ""), ("/dev/none", "")])
def test_devices_that_are_no_port(path: str, kind: str) -> None:
    """A device of another kind is named. What is no device is left to who opens it."""
    assert devices.no_port(path) == kind


def test_a_terminal_is_a_port(port: str) -> None:
    """Nothing is said against a serial device."""
    assert devices.no_port(port) == ""


def test_lock(port: str) -> None:
    """Who holds a lock is seen as a lock; an open file alone is none."""
    held = os.open(port, os.O_RDONLY | os.O_NOCTTY)
    before = devices.is_locked(port)
    fcntl.flock(held, fcntl.LOCK_EX)
    after = devices.is_locked(port)
    os.close(held)

    assert (before, after) == (False, True)
    assert devices.is_locked("/dev/none")


def test_a_process_whose_descriptors_are_hidden(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that keeps its keys out of core files hides its descriptors. Its lock names it."""
    monkeypatch.setattr(devices, "_target", lambda _: "")
    held = os.open(port, os.O_RDONLY | os.O_NOCTTY)
    nobody = devices.users_of(port)
    fcntl.flock(held, fcntl.LOCK_EX)
    found = devices.users_of(port)
    os.close(held)

    assert nobody == []
    assert [one.split(" (")[0] for one in found] == [f"process {os.getpid()}"]
