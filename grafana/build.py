#!/usr/bin/env python3
"""Writes Grafana's dashboard files, those of a house and those of a fleet, from the tables of boards and words: `python grafana/build.py`.

With `--check` it writes nothing, and the exit code is 1 if a committed file differs from the tables. It uses only the standard library.
"""

import argparse
import json
import re
import sys
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from grafana import boards, fleettexts, texts, variants  # noqa: E402, the folder above is in the path only now

_NAME: Final = re.compile("«([^«»]*)»")


def spoken(node: Any, words: dict[str, str]) -> Any:
    """A copy of some JSON with each «name» replaced, in keys, too. Raises KeyError if a word is missing."""
    if isinstance(node, str):
        return _NAME.sub(lambda found: words[found[1]], node)
    if isinstance(node, dict):
        return {spoken(key, words): spoken(value, words) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [spoken(part, words) for part in node]
    return node


def dictionary(language: str, variant: variants.Variant) -> dict[str, str]:
    """Everything that a «name» may stand for."""
    own = fleettexts.dictionary(language) if variant is variants.FLEET else {}
    return texts.dictionary(language) | own | variant.words


def files() -> dict[str, str]:
    """The wanted content of each file, by its path in the repository."""
    made = {}
    for variant, language in product(variants.VARIANTS, texts.LANGUAGES):
        words = dictionary(language, variant)
        for key in variant.boards:
            said = spoken(boards.dashboard(import_module(f"grafana.boards.{key}").BOARD, variant), words)
            made[f"{variant.folder}/dashboards/{language}/{key}.json"] = json.dumps(said, ensure_ascii=False, indent=1) + "\n"
    return made


def stale(root: Path = ROOT) -> list[str]:
    """Paths of the files that differ from the tables."""
    return [path for path, text in files().items() if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != text]


def main(arguments: list[str] | None = None) -> int:
    """Write or check. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Write Grafana's dashboard files.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file is stale")
    if parser.parse_args(arguments).check:
        found = stale()
        for path in found:
            print(f"{path} differs from the tables. Run python grafana/build.py", file=sys.stderr)
        return 1 if found else 0
    for path, text in files().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
