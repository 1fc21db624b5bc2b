"""The last step of the practice in docs/by-hand.md: the set-up of the practice works in a real Telegraf."""

import re
from pathlib import Path

import practice
from practice import Practice


def test_practice_into_telegraf(telegraf_binary: Path, tmp_path: Path) -> None:
    """The document's own Telegraf configuration prints the lines of the cable and of the stick, the stick's lines with their signal."""
    commands = [block for block in practice.steps() if "telegraf-han watch" not in block and "telegraf-han keys" not in block]
    one = Practice(tmp_path, commands, str(telegraf_binary.parent))
    try:
        said = one.until_end()
    finally:
        one.close()

    failed = re.findall(f"^{practice.FAILED}(.*)", said, re.MULTILINE)
    # As root, `check` may find that Telegraf's user cannot read a file that root has just written. This test is not about that.
    assert [command for command in failed if not command.startswith("telegraf-han check")] == []
    assert re.search(r"^> electricity,interface=p1,meter=home,model=GAMA350,", said, re.MULTILINE)
    assert re.search(r"^> electricity,interface=wmbus,meter=egm-35000001,.*,rssi_dbm=-", said, re.MULTILINE)
