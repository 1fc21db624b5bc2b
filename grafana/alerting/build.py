"""Writes Grafana's provisioning files from the tables of rules, contact points and words: `python grafana/alerting/build.py`.

With `--check` it writes nothing, and the exit code is 1 if a committed file differs from the tables. PyYAML is needed here and nowhere
else. Each language has a folder that is complete by itself. Exactly one of these folders becomes Grafana's `provisioning/alerting`,
because rules of both languages would alert twice.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
for folder in (ROOT / "grafana", ROOT):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from alerting import contacts, fleetrules, rules  # noqa: E402, the folders above are in the path only now

FOLDERS: Final = {"en": "grafana/provisioning/alerting-en", "pl": "grafana/provisioning/alerting-pl"}
FLEET_FOLDERS: Final = {"en": "fleet/alerting/en", "pl": "fleet/alerting/pl"}
TELEGRAM_FILE: Final = "grafana/alerting/contact-point-telegram.yaml"
_HEAD: Final = "# Made by grafana/alerting/build.py: change the tables there, not this file. What it means: {}.\n"
MANUAL: Final = "grafana/ALERTS.md"
FLEET_MANUAL: Final = "fleet/README.md"


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, so that people can read the queries. Writes nothing by reference."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002, PyYAML's own signature
        """Write a value that occurs twice in full, twice."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _file(manual: str, **sections: Any) -> str:
    written = yaml.dump({"apiVersion": 1, **sections}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    return f"{_HEAD.format(manual)}{written}"


def files() -> dict[str, str]:
    """The wanted content of each file, by its path in the repository."""
    made = {TELEGRAM_FILE: _file(MANUAL, contactPoints=contacts.telegram())}
    for folders, manual, scope, label in (
        (FOLDERS, MANUAL, rules.HOUSE, "meter"),
        (FLEET_FOLDERS, FLEET_MANUAL, fleetrules.FLEET, "site"),
    ):
        for language, folder in folders.items():
            made[f"{folder}/rules.yaml"] = _file(manual, groups=rules.groups(language, scope))
            made[f"{folder}/contact-points.yaml"] = _file(manual, contactPoints=contacts.always())
            made[f"{folder}/templates.yaml"] = _file(manual, templates=contacts.templates(language, label))
    return made


def stale(root: Path = ROOT) -> list[str]:
    """Paths of the files that differ from the tables."""
    return [path for path, text in files().items() if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != text]


def main(arguments: list[str] | None = None) -> int:
    """Write or check. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Write the provisioning files of Grafana's alert rules.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file is stale")
    if parser.parse_args(arguments).check:
        found = stale()
        for path in found:
            print(f"{path} differs from the tables. Run python grafana/alerting/build.py", file=sys.stderr)
        return 1 if found else 0
    for path, text in files().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
