"""The sandbox for Telegraf's service: systemd's own judgement of it, and what the pages say of that."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SANDBOX = ROOT / "docs/examples/telegraf-sandbox.conf"
PAGES = ("docs/operation.md", "docs/operation.pl.md")
UNIT = """\
[Service]
Type=notify
NotifyAccess=all
EnvironmentFile=-/etc/default/telegraf
User=telegraf
ExecStart=/usr/bin/telegraf -config /etc/telegraf/telegraf.conf -config-directory /etc/telegraf/telegraf.d $TELEGRAF_OPTS
Restart=on-failure
KillMode=mixed
LimitMEMLOCK=8M:8M
PrivateMounts=true
"""
"""The settings of the unit in Telegraf 1.39.3's package that count here."""
DROP_IN = "etc/systemd/system/telegraf.service.d"


def analyzed(root: Path, *words: str) -> str:
    """What systemd-analyze says."""
    if shutil.which("systemd-analyze") is None and os.environ.get("CI") != "true":
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(
        ["systemd-analyze", *words, "--no-pager", f"--root={root}", "telegraf.service"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout


def machine(folder: Path, *drop_ins: Path) -> Path:
    """A folder that has Telegraf's unit, and these drop-ins."""
    (folder / DROP_IN).mkdir(parents=True)
    (folder / DROP_IN).with_name("telegraf.service").write_text(UNIT)
    for one in drop_ins:
        shutil.copy(one, folder / DROP_IN / one.name)
    return folder


def score(folder: Path) -> float:
    """systemd's figure for what the service could do: 10 is everything."""
    told = analyzed(folder, "security", "--offline=true")
    found = re.search(r"exposure level for telegraf\.service: ([\d.]+)", told)
    assert found is not None, told
    return float(found[1])


@pytest.mark.parametrize("page", PAGES)
def test_scores_are_as_the_pages_say(tmp_path: Path, page: str) -> None:
    """Each systemd adds settings and counts a little differently. With the sandbox it is never worse than the page says."""
    bare, closed = (float(number) for number in re.findall(r"^\| .* \| (\d+\.\d) \|$", (ROOT / page).read_text(), re.MULTILINE)[:2])

    assert score(machine(tmp_path / "closed", SANDBOX)) <= closed
    assert score(machine(tmp_path / "bare")) >= bare - 0.3
    assert closed < 2


def test_every_setting_is_one(tmp_path: Path) -> None:
    """systemd warns of a setting that it does not know. A misspelt one would protect nothing."""
    machine(tmp_path, SANDBOX)
    words = ["systemd-analyze", "security", "--no-pager", "--offline=true", f"--root={tmp_path}", "telegraf.service"]
    analyzed(tmp_path, "security", "--offline=true")
    told = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False).stderr

    assert "Unknown" not in told
    assert "Failed to parse" not in told
