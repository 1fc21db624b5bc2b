"""Checks that everything has the version of a tag, and prints the notes of this release: its section of CHANGELOG.md.

    python packaging/notes.py v0.2.0

A release that says different versions in different places cannot be taken back, so the workflow runs this before it builds anything.
Only the standard library is used.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from images import ROOT, released_s, version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPOSE: Final = ("docker-compose.yml", "docker/rtl-sdr.yml")
"""Files that name the image with its version."""
_SECTION: Final = re.compile(r"^## (\S+) - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)
_TAG: Final = re.compile(r"v\d+\.\d+\.\d+")


def section(changelog: str, wanted: str) -> tuple[str, str]:
    """The day and the text of a version's section. Empty if there is none."""
    for found in _SECTION.finditer(changelog):
        if found[1] == wanted:
            return found[2], changelog[found.end() :].partition("\n## ")[0].strip()
    return "", ""


def mistakes(tag: str, root: Path = ROOT) -> Iterator[str]:
    """What has another version or day than the tag, each in one line."""
    if not _TAG.fullmatch(tag):
        yield f"the tag {tag} is not a version. Write it as v1.2.3"
        return
    wanted = tag.removeprefix("v")
    if version(root) != wanted:
        yield f"plugin/telegraf_han/__init__.py has version {version(root)}, the tag {wanted}. Change __version__ or the tag"
    for name in COMPOSE:
        for image in re.findall(r"image: telegraf-han:(\d+\.\d+\.\d+)", (root / name).read_text(encoding="utf-8")):
            if image != wanted:
                yield f"{name} names the image telegraf-han:{image}. Write {wanted}"
    day, text = section((root / "CHANGELOG.md").read_text(encoding="utf-8"), wanted)
    released = datetime.fromtimestamp(int(released_s(root)), UTC).date().isoformat()
    if not text:
        yield f'CHANGELOG.md has no section "## {wanted} - YYYY-MM-DD". Give "Unreleased" this name'
    elif day != released:
        yield f"CHANGELOG.md says {day}, RELEASED_S in plugin/telegraf_han/__init__.py says {released}. Write the same day"


def main() -> int:
    """Carry out the command; the exit code."""
    if len(sys.argv) != 2:  # noqa: PLR2004, the program and its one argument
        print("E! usage: python packaging/notes.py TAG", file=sys.stderr)
        return 2
    tag = sys.argv[1]
    found = list(mistakes(tag))
    for line in found:
        print(f"E! {line}", file=sys.stderr)
    if not found:
        print(section((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), tag.removeprefix("v"))[1])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
