"""`telegraf-han run` with all sticks at once, each a virtual one on a pseudo-terminal: found, set up, unplugged, plugged in, hung."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import telegraf_han

SOURCES = str(Path(telegraf_han.__file__).parent.parent)
STICKS = {"im871a": -70.0, "amb8465": -102.0, "rc1180": -90.0, "cul": -69.0, "iu891a": -80.0}
"""Type and the level at which its twin hears, in dBm."""
MODES = {
    "im871a": "iM871A with firmware 1.4, listening to T1 and C1",
    "amb8465": "AMB8465 listening to T1 and C1",
    "rc1180": "RC1180 listening to T1",
    "cul": "CUL with firmware 1.67 nanoCUL868, listening to T1",
    "iu891a": "iU891A listening to T1 and C1",
}
KEY = "000102030405060708090a0b0c0d0e0f"
LONG_S = 60.0
"""Five simulators start at once on a busy machine."""


class Attic:
    """The virtual sticks, each with a meter of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sticks: list[subprocess.Popen[bytes]] = []

    def plug_in(self, *words: str) -> None:
        """All of them."""
        for number, kind in enumerate(STICKS):
            command = [sys.executable, "-m", "telegraf_han", "simulate", "gama350", "--interface", "wmbus", "--serial", f"3500000{number}"]
            command += ["--receiver", kind, "--to", "pty", "--link", str(self._folder / kind), "--interval", "1s", *words]
            self._sticks.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": SOURCES}))

    def unplug(self) -> None:
        """All of them; each goes with its name."""
        for stick in self._sticks:
            stick.terminate()
        for stick in self._sticks:
            stick.wait(LONG_S)
        self._sticks.clear()

    @property
    def config(self) -> str:
        """Who reads them."""
        text = '[output]\nstatus_interval = "500ms"\n'
        for number, kind in enumerate(STICKS):
            text += f'[[receiver]]\nname = "stick-{kind}"\ntype = "{kind}"\nport = "{kind}"\n'
            text += f'[[meter]]\nname = "{kind}"\ninterface = "wmbus"\nid = "3500000{number}"\nkey = "{KEY}"\n'
        return text


@pytest.fixture
def attic(tmp_path: Path) -> Iterator[Attic]:
    """The sticks; none is left behind."""
    one = Attic(tmp_path)
    yield one
    one.unplug()


def test_found_unplugged_and_plugged_in(start: Callable, attic: Attic) -> None:
    """Each stick is logged with what it listens to. Its telegrams carry their level, and a stick that was pulled out is set up again."""
    attic.plug_in("--stick-fault", "other-mode")
    plugin = start(attic.config)
    for kind, level in STICKS.items():
        plugin.log.wait_for(f"stick-{kind}: reading", MODES[kind], wait_s=LONG_S)
        plugin.output.wait_for("electricity,", f"meter={kind},", f"rssi_dbm={level}", wait_s=LONG_S)
    attic.unplug()
    for kind in STICKS:
        plugin.log.wait_for("W! ", f"stick-{kind}: ", wait_s=LONG_S)
    attic.plug_in()
    for kind in STICKS:
        plugin.log.wait_for(f"stick-{kind}: reading", times=2, wait_s=LONG_S)
        before = len(plugin.output.having("electricity,", f"meter={kind},"))
        plugin.output.wait_for("electricity,", f"meter={kind},", times=before + 1, wait_s=LONG_S)

    assert plugin.close_stdin() < 5
    assert plugin.log.having("E! ") == []


def test_hung(start: Callable, attic: Attic, tmp_path: Path) -> None:
    """A stick that says nothing any more is asked, given up, opened anew, and heard again."""
    (tmp_path / "sitecustomize.py").write_text("from telegraf_han.receivers import _stick\n_stick.QUIET_NS = 3_000_000_000\n")
    attic.plug_in("--stick-fault", "hangs")
    plugin = start(attic.config, PYTHONPATH=f"{tmp_path}:{SOURCES}")
    for kind in STICKS:
        plugin.log.wait_for("W! ", f"stick-{kind}: ", "does not answer any more", wait_s=LONG_S)
        plugin.output.wait_for("electricity,", f"meter={kind},", times=2, wait_s=LONG_S)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            "refuses",
            {
                "im871a": "refuses to listen to T1",
                "amb8465": "refuses to listen to T1",
                "rc1180": "by hand",
                "cul": "refuses to listen to T1",
                "iu891a": "refuses to listen to T1",
            },
        ),
        ("old-firmware", {"rc1180": "by hand", "cul": "has no wireless M-Bus"}),
    ],
    ids=["refuses", "old firmware"],
)
def test_what_cannot_be_used_is_told(start: Callable, attic: Attic, fault: str, words: dict[str, str]) -> None:
    """A stick that does not obey is logged once, with the reason. The other sticks are still heard."""
    attic.plug_in("--stick-fault", fault)
    plugin = start(attic.config)
    for kind, reason in words.items():
        plugin.log.wait_for("W! ", f"stick-{kind}: ", reason, "Trying again", wait_s=LONG_S)
    for kind in set(STICKS) - set(words):
        plugin.output.wait_for("electricity,", f"meter={kind},", "rssi_dbm=", wait_s=LONG_S)

    assert all(len(plugin.log.having(f"stick-{kind}: ", reason)) == 1 for kind, reason in words.items())


def test_other_stick(start: Callable, attic: Attic, tmp_path: Path) -> None:
    """A port with a stick other than the configured one is reported as such, because the right answers do not come."""
    attic.plug_in()
    config = attic.config.replace('type = "im871a"', 'type = "TYPE"').replace('type = "amb8465"', 'type = "im871a"')
    plugin = start(config.replace('type = "TYPE"', 'type = "amb8465"'))

    plugin.log.wait_for("W! ", "stick-amb8465: ", "no iM871A answers here", wait_s=LONG_S)
    plugin.log.wait_for("W! ", "stick-im871a: ", "no AMB8465 answers here", wait_s=LONG_S)
