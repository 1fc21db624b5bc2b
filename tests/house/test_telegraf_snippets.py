"""Every configuration of Telegraf that is shipped or shown: no tag of the computer gets onto what belongs to a meter.

Telegraf adds `host` to all it collects, unless its agent is told not to. But `telegraf-han bill --to influx` writes without it. So the
same hour would be stored as two series, and a move to another computer would do the same to every series.
"""

import re
import tomllib
from typing import Any, NamedTuple

import pytest

from document import ROOT, Document

OURS = ("run", "bill")
"""Sub-commands whose lines Telegraf takes."""


class Snippet(NamedTuple):
    """A piece of Telegraf's configuration, and where it stands."""

    place: str
    text: str


def _shown() -> list[Snippet]:
    pages = [path.relative_to(ROOT).as_posix() for folder in (".", "docs", "grafana") for path in sorted((ROOT / folder).glob("*.md"))]
    blocks = [(page, block) for page in pages for block in Document(page).blocks]
    blocks += [(page, part) for page, block in blocks for part in re.findall(r"<<'TOML'\n(.*?)\n *TOML$", block, re.DOTALL | re.MULTILINE)]
    configured = ((page, block) for page, block in blocks if "<<'TOML'" not in block)
    return [Snippet(page, block) for page, block in configured if re.search(r"^ *\[\[inputs\.", block, re.MULTILINE)]


def _shipped() -> list[Snippet]:
    files = [ROOT / "telegraf.conf.example", *(ROOT / "docker").rglob("*.conf"), *(ROOT / "docs/examples").glob("*.conf")]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}
    # A comment of one "#" is a section that the reader switches on. Sentences have two.
    return [Snippet(name, re.sub(r"^# (?=[ \[\w])", "", text, flags=re.MULTILINE)) for name, text in texts.items() if "[[inputs." in text]


def _sections(snippet: Snippet) -> list[tuple[str, dict[str, Any]]]:
    """Each input's section. Only the inputs are read, because what else a file says in a comment is no TOML."""
    found = re.findall(
        r"^ *\[\[inputs\.\w+\]\]\n(?:(?! *\[\[?(?:inputs\.\w+\]|outputs|processors|agent|secretstores)).*\n?)*", snippet.text, re.MULTILINE
    )
    parsed = [tomllib.loads(text)["inputs"] for text in found]
    return [(name, section) for inputs in parsed for name, (section,) in inputs.items()]


def _is_ours(snippet: Snippet, name: str, section: dict[str, Any]) -> bool:
    """Whether the input makes metrics of a meter: a program of ours, or an example of prices or production."""
    commands = [section["command"]] if name == "execd" else section.get("commands", [])
    return any(word in command for command in commands for word in OURS) or snippet.place.startswith("docs/examples/")


SNIPPETS = [*_shipped(), *_shown()]


def test_all_are_found() -> None:
    """The places that people copy from are among them, with all their sections."""
    found = {(snippet.place, name) for snippet in SNIPPETS for name, section in _sections(snippet) if _is_ours(snippet, name, section)}

    assert found >= {
        *(("telegraf.conf.example", name) for name in ("execd", "exec")),
        *(("docker/telegraf.conf", name) for name in ("execd", "exec")),
        *((page, name) for page in ("docs/by-hand.md", "docs/by-hand.pl.md") for name in ("execd", "exec")),
        ("docs/examples/rce-prices.conf", "http"),
        ("docs/examples/production-mqtt.conf", "mqtt_consumer"),
        ("docs/examples/production-sunspec.conf", "modbus"),
    }
    assert sum(name == "exec" for name, _ in _sections(next(one for one in SNIPPETS if one.place == "telegraf.conf.example"))) == 2


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[f"{number}-{snippet.place}" for number, snippet in enumerate(SNIPPETS)])
def test_no_tag_of_the_computer(snippet: Snippet) -> None:
    """Each such input leaves out `host`."""
    without = [
        name for name, section in _sections(snippet) if _is_ours(snippet, name, section) and "host" not in section.get("tagexclude", ())
    ]

    assert not without
