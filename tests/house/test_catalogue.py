"""The Polish sentences: every sentence of the code has one, with the same fields, and the .mo that is shipped is the .po that is read."""

import ast
import gettext
import re
from pathlib import Path

import pytest

import catalogue
from telegraf_han import cli, language

LABEL = 16
"""Characters of a word in a table, which may be shortened with a full stop."""
FIELD = re.compile(r"{[^{}]*}")
MODULES = sorted(str(path.relative_to(catalogue.PACKAGE)) for path in catalogue.PACKAGE.rglob("*.py"))
MESSAGES = [message for message in catalogue.translated() if message.id]
KNOWN = {(message.id,) if isinstance(message.id, str) else tuple(message.id) for message in MESSAGES}


def both(text: str | tuple[str, ...]) -> tuple[str, ...]:
    """The forms of a sentence: one, or as many as its number needs."""
    return (text,) if isinstance(text, str) else tuple(text)


def test_every_sentence_and_no_other() -> None:
    """The .po has the sentences of the code. `./dev words` puts them there."""
    known = {both(message.id) for message in MESSAGES}

    assert known == {both(sentence) for sentence in catalogue.sentences()}


def test_nothing_is_doubtful_or_left_over() -> None:
    """No translation is a guess, none is kept for a sentence that is gone, and no place in the code makes a diff of each change."""
    text = catalogue.PO.read_text()

    assert not catalogue.translated().obsolete
    assert not [message.id for message in MESSAGES if message.fuzzy]
    assert "#, fuzzy" not in text
    assert not re.search(r"^#:|Date|Generated", text, re.MULTILINE)


def test_the_file_is_as_the_command_writes_it() -> None:
    """The .po is in the order and the form that `./dev words` gives it, so it changes only where a sentence changes."""
    assert catalogue.as_po(catalogue.updated(catalogue.translated())) == catalogue.PO.read_bytes()


def complaint(message: catalogue.Message) -> str:
    """What is wrong with a translation. "" if nothing."""
    english, polish = both(message.id), both(message.string)
    fields = [set(FIELD.findall(form)) for form in english]
    if len(polish) != (3 if len(english) > 1 else 1) or not all(polish):
        return "not translated, or not in all its forms"
    found = [set(FIELD.findall(form)) for form in polish]
    counters = {"{number}", "{count}"} if len(english) > 1 else set()
    if any(one - set.union(*fields) or fields[0] - counters - one for one in found):
        return "not the same fields"
    if len(english) > 1 and bool(fields[1] & counters) != bool(found[1] & counters and found[2] & counters):
        return "the number is missing"
    ends = ":;, " if len(polish[0]) <= LABEL else ".:;, "
    if [english[0][:1] == " ", english[0][-1:] in ends] != [polish[0][:1] == " ", polish[0][-1:] in ends]:
        return "not the same around it: it is put together with others"
    return ""


def test_translations() -> None:
    """Each sentence has its Polish, with the fields of the English one, and in all three forms if it counts."""
    assert {message.id: said for message in MESSAGES if (said := complaint(message))} == {}


def test_forms_of_numbers() -> None:
    """Polish has three: 1; 2 to 4, but not 12 to 14; all others."""
    shipped = _shipped()
    forms = {number: shipped.ngettext("{number} hour", "{number} hours", number) for number in (0, 1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 112)}

    assert [number for number, form in forms.items() if form.endswith("godzinę")] == [1]
    assert [number for number, form in forms.items() if form.endswith("godziny")] == [2, 4, 22]


def _shipped() -> gettext.GNUTranslations:
    with catalogue.MO.open("rb") as file:
        return gettext.GNUTranslations(file)


def test_the_shipped_file_is_compiled_from_the_other() -> None:
    """The .mo holds what the .po holds, whatever the order and whichever Babel made it."""
    shipped = _shipped()

    assert shipped.info()["plural-forms"] == catalogue.PLURALS
    assert shipped._catalog.keys() - {""} == {  # type: ignore[attr-defined]
        key
        for message in MESSAGES
        for key in ([message.id] if isinstance(message.id, str) else [(message.id[0], number) for number in range(3)])
    }
    for message in MESSAGES:
        if isinstance(message.id, str):
            assert shipped.gettext(message.id) == message.string
        else:
            assert [shipped.ngettext(*message.id, number) for number in (1, 2, 5)] == list(message.string)


def spoken(tree: ast.Module) -> set[str]:
    """The functions of `language` that a module imports."""
    from_language = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "telegraf_han.language")
    return {alias.name for node in from_language for alias in node.names} & set(catalogue.FUNCTIONS)


@pytest.mark.parametrize("name", MODULES)
def test_sentences_are_whole(name: str) -> None:
    """What `_` is given is a sentence that the catalogue can hold: no f-string, no sum, no text that is filled in before."""
    tree = ast.parse((catalogue.PACKAGE / name).read_text())
    functions = spoken(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            for argument in node.args[: len(catalogue.FUNCTIONS[node.func.id])]:
                assert not isinstance(argument, ast.JoinedStr | ast.BinOp), f"{name}:{node.lineno}"
                assert node.func.id == "_" or isinstance(argument, ast.Constant), f"{name}:{node.lineno}"
            # Babel does not look into an f-string.
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            assert not texts or both(tuple(texts[:2]) if node.func.id == "counted" else texts[0]) in KNOWN, f"{name}:{node.lineno}"


def test_who_speaks() -> None:
    """These commands talk to a person. All of them are there, or are being made."""
    assert {"check", "keys", "scan", "ports"} <= cli.SPEAKING
    assert cli.SPEAKING - cli.COMMANDS.keys() <= {"init", "remove"}
    assert Path(language.__file__).parent / "locale" in catalogue.MO.parents


def test_influxdb_is_feminine() -> None:
    """The pages say "ta InfluxDB" (baza). The program says it, too."""
    neuter = re.compile(r"\b(?:nowe|to|tym|tego|działającego) InfluxDB|InfluxDB (?:2 )?(?:jest (?:już )?\w+(?:ne|we)\b|\w+(?:ło|nno)\b)")
    said = [form for message in MESSAGES for form in both(message.string)]

    assert [form for form in said if neuter.search(form)] == []
