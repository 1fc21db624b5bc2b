"""What the pages quote or list of the program, in both languages, held against the program."""

import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from document import ROOT, Document, spans
from telegraf_han import cli, obis, receivers


class Words(NamedTuple):
    """What the table of metrics says in the language of its page."""

    head: str
    text: str
    headings: dict[str, str]


WORDS = {
    ".md": Words("| field | code | unit |", "text", {}),
    ".pl.md": Words(
        "| pole | kod | jednostka |",
        "tekst",
        {"Energy": "Energia", "Power": "Moc", "Supply": "Zasilanie", "Limiter and messages": "Strażnik mocy i komunikaty"},
    ),
}
"""By the ending of a page's name."""

SHOWN = {
    "Energy": r"1-0:(1|2|3|4)\.8\.[0-4]",
    "Power": r"1-0:(1|2|3|4|9|10)\.7\.0|1-0:1\.6\.0|1-0:2[1-4]\.7\.0|1-0:4[1-4]\.7\.0|1-0:6[1-4]\.7\.0",
    "Supply": r"1-0:(3[1-3]|5[1-3]|7[1-3]|14)\.7\.0",
    "Limiter and messages": r"0-0:(17\.0\.0|94\.98\.3\d|96\.13\.0|96\.14\.0)",
}
"""The codes these meters send, by heading; the registry has more, of other makers' meters."""


def _metrics(words: Words) -> str:
    """The metrics table, from the registry."""
    lines = [words.head, "|---|---|---|"]
    for heading, pattern in SHOWN.items():
        lines.append(f"| **{words.headings.get(heading, heading)}** | | |")
        for code, row in obis.registry().items():
            if not re.fullmatch(pattern, code):
                continue
            for occurrence in range(1, max(1, len(row.occurrences)) + 1):
                column = obis.column(code, None, "", occurrence)
                times = f" ({occurrence}.)" if row.occurrences else ""
                unit = column.unit if row.kind == "number" else column.unit or words.text
                lines.append(f"| `{column.field}` | {code}{times} | {unit} |")
    return "\n".join(lines) + "\n"


def _between(page: Path, name: str, fence: str) -> tuple[str, str, str]:
    """A page before, inside and behind a pair of marks."""
    begin, end = f"<!-- {name} -->\n{fence}", f"{'```' if fence else ''}\n<!-- /{name.split(':', maxsplit=1)[0]} -->".removeprefix("\n")
    head, rest = page.read_text().split(begin, 1)
    inside, tail = rest.split(end, 1)
    return head + begin, inside, end + tail


def _file(name: str) -> Callable[[Words], str]:
    return lambda _: (ROOT / name).read_text()


@pytest.mark.parametrize("ending", WORDS, ids=["en", "pl"])
@pytest.mark.parametrize(
    ("name", "mark", "fence", "wanted"),
    [
        ("docs/metrics", "metrics", "", _metrics),
        ("docs/configuration", "sample: plugin/telegraf_han/han.sample.toml", "```toml\n", _file("plugin/telegraf_han/han.sample.toml")),
        ("README", "example: tests/cases/p1-gama350-stoen/expected.lp", "```text\n", _file("tests/cases/p1-gama350-stoen/expected.lp")),
    ],
    ids=["metrics", "sample", "example"],
)
def test_generated_parts(
    ending: str, name: str, mark: str, fence: str, wanted: Callable[[Words], str], request: pytest.FixtureRequest
) -> None:
    """The metrics table, the sample configuration and the example output are the program's own (`--accept` writes them)."""
    page, expected = ROOT / f"{name}{ending}", wanted(WORDS[ending])
    before, inside, behind = _between(page, mark, fence)
    if request.config.getoption("--accept"):
        page.write_text(before + expected + behind)
        before, inside, behind = _between(page, mark, fence)

    assert inside == expected


@pytest.mark.parametrize("ending", WORDS, ids=["en", "pl"])
def test_commands(ending: str) -> None:
    """Every command is in the page's first table, and none that does not exist."""
    table = Document(f"docs/commands{ending}").tables[0]

    assert {re.match(r"`telegraf-han (\w+)", row[0])[1] for row in table[1:]} == set(cli.COMMANDS)


@pytest.mark.parametrize("ending", WORDS, ids=["en", "pl"])
def test_receivers(ending: str) -> None:
    """Every type of receiver is in the page's table, with its port's settings and the program that it starts."""
    (table,) = Document(f"docs/receivers{ending}").tables
    shown = {spans(row[0])[0]: row for row in table[1:]}

    assert set(shown) == set(receivers.kinds())
    for kind, row in shown.items():
        module = receivers.named(kind)
        assert spans(row[2]) == [module.LINE], kind
        started = shlex.join(getattr(module, "COMMAND", ()))
        assert not started or started in [span.replace("\\|", "|") for span in spans(row[3])], kind


def test_layers() -> None:
    """The layers that a contributor reads of are those that the build checks, in the same order."""
    table = Document("docs/structure.md").section("The layers").tables[0]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    checked = next(contract["layers"] for contract in contracts if contract["containers"] == ["telegraf_han"])

    assert [" | ".join(spans(row[0])) for row in table[1:]] == checked


def test_modules_named() -> None:
    """A contributor is sent to modules that are there."""
    named = {span for line in Document("docs/structure.md").prose for span in spans(line) if span.endswith(".py")}

    assert len(named) >= 10
    assert {name for name in named if not (ROOT / "plugin/telegraf_han" / name).exists()} == set()
