"""The pages people read: twins in two languages say the same, links lead somewhere, commands and messages are the program's."""

import ast
import re
import shlex
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterator
from functools import cache

import pytest

import catalogue
from document import ROOT, Document, spans
from telegraf_han import cli, language, receivers
from telegraf_han.ciphers.secret import Key
from telegraf_han.commands import ports
from telegraf_han.config import sections
from telegraf_han.ports import devices

REFERENCE = [
    *("by-hand", "commands", "configuration", "cost", "fleet", "fleet-growth", "home-assistant", "influxdb", "keys", "meters", "metrics"),
    *("operation", "outages", "prices", "receivers", "reliability", "trouble", "wiring"),
]
"""Pages of docs/ that answer one question each."""
TWINS = {
    "README.md": "README.pl.md",
    **{f"docs/{page}.md": f"docs/{page}.pl.md" for page in REFERENCE},
    "docs/first-hour.md": "docs/pierwsza-godzina.md",
    "docs/bill.md": "docs/bill.pl.md",
    "docs/compose.md": "docs/compose.pl.md",
    "grafana/README.md": "grafana/README.pl.md",
    "grafana/ALERTS.md": "grafana/ALERTS.pl.md",
    **{f"{folder}/README.md": f"{folder}/README.pl.md" for folder in ("fleet", "fleet/kafka", "fleet/mqtt")},
}
FLEET = ("docs/fleet.md", "docs/fleet.pl.md")
"""The pages that lead to the pages in `fleet/`. A single house needs none of them."""
SAME_CODE = ["README.md", "docs/first-hour.md", *(f"docs/{page}.md" for page in REFERENCE)]
"""Twins whose code is the same to the letter; the others' has comments and settings in their language."""
ENGLISH_ONLY = ["docs/performance.md", "docs/structure.md", "docs/releasing.md", "CONTRIBUTING.md", "SECURITY.md", "THIRD-PARTY.md"]
"""Pages for contributors, who read the code, which is English."""
ALL = [*(name for pair in TWINS.items() for name in pair), *ENGLISH_ONLY]
MESSAGES = {"docs/trouble.md": "What the messages mean", "docs/trouble.pl.md": "Co znaczą komunikaty"}
"""The pages that explain messages, and the section with their tables."""
SPEAKING = ["docs/first-hour.md", "docs/by-hand.md", "docs/trouble.md"]
"""Pages that show what a command says to a person. Their twins show it in Polish."""
SPOKEN = "<br>"
"""What a Polish page puts between a message in Polish and the same one in English, as a log has it."""
ENGLISH = {"… no telegram found: …"}
"""Messages of commands that speak English only."""
VERDICTS = {"docs/trouble.md": "What `keys` says", "docs/trouble.pl.md": "Co mówi polecenie `keys`"}
BY_HAND = ["docs/by-hand.md", "docs/by-hand.pl.md"]
FIRST_HOUR = ["docs/first-hour.md", "docs/pierwsza-godzina.md"]
FIRST_HOUR_WORDS = 3000
EXAMPLES = ["docs/examples/60-telegraf-han.rules", "docs/examples/telegraf-credentials.conf"]
ABOUT = ("port", "cable", "keys", "configuration", "radio", "values")
"""What those tables of messages are about."""
A_SENTENCE = 7
"""Characters of a sentence besides its fields, at least."""
TEN_MINUTES = 1500
"""Words that a newcomer reads, and commands that he types, in ten minutes."""
_PICTURE = re.compile(r"-(en|pl)\.png$")
FIELD = re.compile(r"{[^{}]*}")
_RUN = re.compile(r"\s*(sudo (-u \w+ )?)?telegraf-han [a-z]+ -*\w")
"""A command with what it is given."""


def place(target: str, page: str) -> str:
    """Where a link leads to: the file relative to the repository, of twins the English one; an anchor is only noted."""
    file, mark, _ = target.partition("#")
    if "://" in file:
        return target
    whole = (ROOT / page).parent.joinpath(file).resolve().relative_to(ROOT).as_posix() if file else page
    english = {there: here for here, there in TWINS.items()}.get(whole) or _PICTURE.sub("-en.png", whole)
    return english + mark


@pytest.mark.parametrize("name", SAME_CODE)
def test_twins_have_the_same_code(name: str) -> None:
    """Whoever copies from the Polish page types the same commands and the same configuration."""
    here, there = Document(name), Document(TWINS[name])

    assert here.languages == there.languages
    for ours, theirs, kind in zip(here.blocks, there.blocks, here.languages, strict=True):
        if kind == "text" and name in SPEAKING:
            assert len(ours.splitlines()) == len(theirs.splitlines())  # each is held against the program in its language
        else:
            assert ours == theirs


@pytest.mark.parametrize("name", TWINS)
def test_twins_have_the_same_headings(name: str) -> None:
    """Section for section: as many headings, of the same depth, in the same order."""
    here, there = Document(name), Document(TWINS[name])

    assert [heading.depth for heading in here.headings] == [heading.depth for heading in there.headings]


@pytest.mark.parametrize("name", TWINS)
def test_twins_have_the_same_tables(name: str) -> None:
    """Row for row and column for column, with the same code in each."""
    here, there = Document(name), Document(TWINS[name])

    assert len(here.tables) == len(there.tables)
    for ours, theirs in zip(here.tables, there.tables, strict=True):
        assert [len(row) for row in ours] == [len(row) for row in theirs]
        if name not in SAME_CODE:
            continue
        for row, other in zip(ours, theirs, strict=True):
            # Within a cell the other language may have them in another order.
            told = other if SPOKEN not in other[0] else [other[0].partition(SPOKEN)[2], *other[1:]]
            assert [sorted(spans(cell)) for cell in row] == [sorted(spans(cell)) for cell in told], row


@pytest.mark.parametrize("name", SAME_CODE)
def test_twins_lead_to_the_same_places(name: str) -> None:
    """Each link of one is in the other, to the Polish page where there is one."""
    here, there = Document(name), Document(TWINS[name])
    ours = {place(target, name) for target in here.links}
    theirs = {place(target, TWINS[name]) for target in there.links}

    assert ours == theirs


@pytest.mark.parametrize("name", TWINS)
def test_twins_know_each_other(name: str) -> None:
    """Below its title each page leads to the other."""
    for page, other in ((name, TWINS[name]), (TWINS[name], name)):
        assert f"]({other.rpartition('/')[2]})" in Document(page).prose[2]


@pytest.mark.parametrize("name", ALL)
def test_links(name: str) -> None:
    """Files a page leads to are there, and the headings in them, too."""
    page = Document(name)
    for target in page.links:
        if "://" in target:
            continue
        file, mark, anchor = target.partition("#")
        path = page.path.parent / file if file else page.path
        assert path.exists(), target
        if mark:
            assert anchor in Document(path.resolve().relative_to(ROOT).as_posix()).anchors, target


def test_every_page_is_known() -> None:
    """A new page is named above, with its twin or with the reason why it has none; decisions are read by contributors only."""
    pages = {path.relative_to(ROOT).as_posix() for folder in ("docs", "fleet", "grafana") for path in (ROOT / folder).rglob("*.md")}
    pages |= {path.name for path in ROOT.glob("*.md")}

    assert {page for page in pages if not page.startswith("docs/adr/")} == set(ALL) | {"CHANGELOG.md"}


@pytest.mark.parametrize("name", ["README.md", "README.pl.md"])
def test_every_page_is_led_to(name: str) -> None:
    """The README leads to every page of its language, and can be read in ten minutes."""
    language = 1 if name.endswith(".pl.md") else 0
    pages = {pair[language] for pair in TWINS.items()} - {name} | set(ENGLISH_ONLY)
    apart = {page for page in pages if page.startswith("fleet/")}

    assert pages - apart <= {target.partition("#")[0] for target in Document(name).links}
    assert {f"../{page}" for page in apart} <= {target.partition("#")[0] for target in Document(FLEET[language]).links}
    assert len(Document(name).text.split()) <= TEN_MINUTES


@pytest.mark.parametrize("name", [page for page in ALL if page.startswith("docs/")])
def test_pages_lead_back(name: str) -> None:
    """Each page of docs leads back to the README of its language."""
    readme = "README.pl.md" if name in TWINS.values() else "README.md"

    assert f"../{readme}" in {target.partition("#")[0] for target in Document(name).links}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Whatever a test speaks, the next one begins in English."""
    yield
    language.choose("en")


@cache
def _options(command: str) -> set[str]:
    """What a command takes; `influx` and others have commands of their own."""
    module = cli.command(command)
    parser = ArgumentParser(prog=command)
    module.add_arguments(parser)
    parsers = [parser]
    for action in parser._actions:
        if isinstance(action.choices, dict):
            parsers += [one for one in action.choices.values() if isinstance(one, ArgumentParser)]
    return {option for one in parsers for action in one._actions for option in action.option_strings}


@pytest.mark.parametrize("name", ALL)
def test_commands(name: str) -> None:
    """Every command that a page shows is one, and has the options that it is shown with."""
    page = Document(name)
    shown = [line for block in page.blocks for line in block.replace("\\\n", " ").splitlines()]
    shown += [span.replace("\\|", "|") for line in page.prose for span in spans(line)]
    for line in shown:
        for command, rest in re.findall(r"(?:^|[\s/])telegraf-han ([a-z]+)\b(?!:)([^|;&<>]*)", line):
            if line.lstrip().startswith(("command =", "#")) or re.match(r"\s*- ", line):
                continue
            assert command in cli.COMMANDS, line
            options = set(re.findall(r"(?<=[\s\[(])(--[a-z][a-z0-9-]*)", rest))
            assert options <= _options(command) | {"--help"}, line


@pytest.mark.parametrize("name", ALL)
def test_whole_commands(name: str) -> None:
    """What a reader copies runs: the program understands each line of a block, with its values, in their order."""
    for block in Document(name).blocks:
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(re.split(r"\s2?>|[|;&<]", line.strip())[0], comments=True) if _RUN.match(line) else []
            if words:
                command, *rest = words[words.index("telegraf-han") + 1 :]
                parser = ArgumentParser(prog=command)
                cli.command(command).add_arguments(parser)
                try:
                    parser.parse_args(rest)
                except SystemExit as end:
                    if end.code:
                        pytest.fail(line)


@pytest.mark.parametrize("name", ALL)
def test_configurations(name: str) -> None:
    """Every configuration of ours that a page shows, whole or in part, is one."""
    page = Document(name)
    for block, kind in zip(page.blocks, page.languages, strict=True):
        if kind != "toml" or "inputs." in block or "outputs." in block:
            continue
        read = sections.parsed(tomllib.loads(block), name, lambda _: Key(bytes(16)), lambda port: port, receivers.kinds)
        assert read.meters or read.receivers, block


def _language(page: str) -> str:
    """The language of a page. What it shows of a command that talks to a person is in that language."""
    return "pl" if page in TWINS.values() else "en"


@cache
def _sentences(spoken: str) -> list[str]:
    """Every text of the program's in a language; what is put in when it runs is "…"."""
    if spoken == "pl":
        polish = [form for message in catalogue.translated() if message.id for form in _forms(message.string)]
        return [FIELD.sub("…", form) for form in polish]
    found = []
    for path in sorted((ROOT / "plugin").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(FIELD.sub("…", node.value))
            elif isinstance(node, ast.JoinedStr):
                found.append("".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values))
    return found


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _is_said(message: str, spoken: str) -> bool:
    """Whether the program has a sentence with these words, in this order."""
    parts = [part.strip() for part in message.split("…") if part.strip(" ;:()")]
    pattern = re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)
    return any(pattern.search(sentence) for sentence in _sentences(spoken))


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name: str) -> None:
    """Every message that the page about trouble explains is one that the program can say."""
    tables = Document(name).section(MESSAGES[name]).tables
    assert len(tables) == len(ABOUT)
    verdicts = Document(name).section(VERDICTS[name]).tables
    assert len(verdicts) == 1
    for table in (*verdicts, *tables):
        for row in table[1:]:
            said, mark, logged = row[0].partition(SPOKEN)
            for message in spans(said) if mark else spans(said)[:1]:
                assert _is_said(message, "en" if message in ENGLISH else _language(name)), message
            if mark:
                assert _is_said(spans(logged)[0], "en"), logged


@pytest.mark.parametrize("name", FIRST_HOUR)
def test_first_hour_is_an_hour(name: str) -> None:
    """The first hour stays a page that one reads while doing it."""
    assert len(Document(name).text.split()) < FIRST_HOUR_WORDS


@pytest.mark.parametrize("name", FIRST_HOUR)
def test_set_up_shown(name: str) -> None:
    """Each line that the page shows of `init` is one that `init` says."""
    (shown,) = (block for block in Document(name).blocks if "12:28:38" in block)
    # A sentence of fields and hardly a word would match anything.
    said = [one.rstrip(" :") for one in _sentences(_language(name)) if len(one.replace("…", "").strip()) >= A_SENTENCE]
    sentences = [re.compile(".+".join(map(re.escape, one.split("…")))) for one in said]
    lines = [re.sub(r"^ +(- |\d  )| \[(home|[YT]/n)\]:?$|:$", "", line) for line in shown.splitlines() if line]

    assert len(lines) >= 20
    assert [line for line in lines if not any(one.fullmatch(line) for one in sentences)] == []


@pytest.mark.parametrize("name", BY_HAND)
def test_checks_shown(name: str) -> None:
    """What the page shows of `check` is said by the program, but for names and numbers."""
    shown = [line for block in Document(name).blocks for line in re.findall(r"^(?:ok|warning|error|uwaga|błąd) +(.*)", block, re.MULTILINE)]

    assert len(shown) >= 5
    for line in shown:
        said = re.sub(r"^\S+: ", "", line)
        if re.match(r"1 (meter|licznik), ", said):
            continue  # a count
        for part in re.split(r"/\S+|, ", said):
            assert _is_said(part.strip(), _language(name)), part


@pytest.mark.parametrize("name", BY_HAND)
def test_ports_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `ports` prints of a cable that nobody may open is what the page shows."""
    language.choose(_language(name))
    (shown,) = (block for block in Document(name).blocks if f"\n  {language._('probably')} " in block)
    monkeypatch.setattr(ports.devices, "stable_name", lambda _: shown.partition("\n")[0])
    monkeypatch.setattr(ports.devices, "users_of", lambda _: [])
    monkeypatch.setattr(ports.os, "access", lambda *_: False)
    monkeypatch.setattr(ports.rights, "user", lambda: "anna")
    monkeypatch.setattr(ports.rights, "group_of", lambda _: "dialout")
    monkeypatch.setattr(ports.rights, "is_member", lambda *_: False)

    told = ports._told(ports.Port("/dev/ttyUSB0", 0x0403, 0x6001, "FTDI FT232R USB UART"), None)

    assert "\n".join(told) + "\n" == shown


def test_rule_for_every_stick() -> None:
    """The udev rule gives the right to every device that `ports` knows by its USB id."""
    rules = [
        (match[1], set(match[2].split("|")))
        for match in re.finditer(r'idVendor}=="(\w+)".*idProduct}=="([\w|]+)".*GROUP=', (ROOT / EXAMPLES[0]).read_text())
    ]
    known = {(f"{kind.vendor:04x}", f"{product:04x}") for kind in ports.KINDS for product in kind.products}
    known |= {(f"{vendor:04x}", f"{product:04x}") for vendor, product in devices.DONGLES}

    assert known <= {(vendor, product) for vendor, products in rules for product in products}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str) -> None:
    """The examples name themselves by the path where they are, and are mentioned where a newcomer looks."""
    text = (ROOT / name).read_text()

    assert name in text
    for page in BY_HAND:
        assert name.removeprefix("docs/") in Document(page).links
