"""The README's generated parts and promises, held against the program."""

import re
from pathlib import Path

import pytest

from telegraf_han import cli, obis

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"

SHOWN = {
    "Energy": r"1-0:(1|2|3|4)\.8\.[0-4]",
    "Power": r"1-0:(1|2|3|4|9|10)\.7\.0|1-0:1\.6\.0|1-0:2[1-4]\.7\.0|1-0:4[1-4]\.7\.0|1-0:6[1-4]\.7\.0",
    "Supply": r"1-0:(3[1-3]|5[1-3]|7[1-3]|14)\.7\.0",
    "Limiter and messages": r"0-0:(17\.0\.0|94\.98\.3\d|96\.13\.0|96\.14\.0)",
}
"""The codes these meters send, by heading; the registry has more, of other makers' meters."""


def _table() -> str:
    """The metrics table, from the registry."""
    lines = ["| field | code | unit |", "|---|---|---|"]
    for heading, pattern in SHOWN.items():
        lines.append(f"| **{heading}** | | |")
        for code, row in obis.REGISTRY.items():
            if not re.fullmatch(pattern, code):
                continue
            for occurrence in range(1, max(1, len(row.occurrences)) + 1):
                column = obis.column(code, None, "", occurrence)
                times = f" ({occurrence}.)" if row.occurrences else ""
                lines.append(f"| `{column.field}` | {code}{times} | {column.unit or 'text' if row.kind != 'number' else column.unit} |")
    return "\n".join(lines) + "\n"


def _between(name: str, fence: str = "") -> tuple[str, str, str]:
    """README before, inside and behind a pair of marks."""
    begin, end = f"<!-- {name} -->\n{fence}", f"{'```' if fence else ''}\n<!-- /{name.split(':', maxsplit=1)[0]} -->".removeprefix("\n")
    head, rest = README.read_text().split(begin, 1)
    inside, tail = rest.split(end, 1)
    return head + begin, inside, end + tail


@pytest.mark.parametrize(
    ("name", "fence", "wanted"),
    [
        ("metrics", "", lambda: _table()),
        ("sample: plugin/telegraf_han/han.sample.toml", "```toml\n", lambda: (ROOT / "plugin/telegraf_han/han.sample.toml").read_text()),
        (
            "example: tests/cases/p1-gama350-stoen/expected.lp",
            "```text\n",
            lambda: (ROOT / "tests/cases/p1-gama350-stoen/expected.lp").read_text(),
        ),
    ],
    ids=["metrics", "sample", "example"],
)
def test_generated_parts(name: str, fence: str, wanted, request: pytest.FixtureRequest) -> None:
    """The metrics table, the sample configuration and the example output are the program's own (`--accept` writes them)."""
    before, inside, behind = _between(name, fence)
    if request.config.getoption("--accept"):
        README.write_text(before + wanted() + behind)
        before, inside, behind = _between(name, fence)

    assert inside == wanted()


def test_commands() -> None:
    """Every command is in the README's table, and none that does not exist."""
    table = README.read_text().split("## Commands", 1)[1].split("##", 1)[0]

    assert set(re.findall(r"^\| `telegraf-han (\w+)", table, re.MULTILINE)) == set(cli.COMMANDS)


def test_links() -> None:
    """Files the README points to are there."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text()):
        assert (ROOT / target).exists(), target
