"""Which language is spoken, and what a sentence becomes without a catalogue."""

import pytest

from telegraf_han import language
from telegraf_han.language import _, counted


@pytest.fixture(autouse=True)
def english():
    """Each test begins and ends in English, the language of the process."""
    language.choose("en")
    yield
    language.choose("en")


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "pl_PL.UTF-8"}, "pl"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C", "LC_ALL": "pl_PL.UTF-8"}, "pl"),
        ({"LANG": "pl_PL.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "pl_PL.UTF-8", "LC_MESSAGES": ""}, "pl"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "pl:en"}, "pl"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "en:pl"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "szl:de:pl:en"}, "pl"),
        ({"LANG": "plt_MG.UTF-8"}, "en"),
        ({"LANG": "pl"}, "pl"),
        ({"LANG": "PL_pl.ISO-8859-2@euro"}, "pl"),
        ({"LANG": "pl@x:"}, "pl"),
        ({"LANG": "/../../pl"}, "en"),
    ],
)
def test_the_first_variable_that_is_set_decides(monkeypatch, variables, wanted):
    """As gettext reads the environment: LANGUAGE, LC_ALL, LC_MESSAGES, LANG."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert language.wanted() == wanted


def test_english_needs_no_catalogue():
    """The template is the sentence, with its fields filled."""
    assert _("{name}: key is there", name="home") == "home: key is there"
    assert _("a sentence with {braces} and no values") == "a sentence with {braces} and no values"
    assert [counted("{number} meter", "{number} meters", number) for number in (0, 1, 2)] == ["0 meters", "1 meter", "2 meters"]


def test_numbers_have_their_thousands_marked():
    """A comma in English, in Polish a space, but not in a number of four digits."""
    assert [language.grouped(number) for number in (999, 1234, 12345)] == ["999", "1,234", "12,345"]

    language.choose("pl")

    assert [language.grouped(number) for number in (999, 1234, 1234567)] == ["999", "1234", "1 234 567"]


def test_polish_counts_in_three_forms():
    """The catalogue says which."""
    language.choose("pl")

    assert [counted("{number} minute", "{number} minutes", number) for number in (2, 5, 22)] == ["2 minuty", "5 minut", "22 minuty"]


def test_no_sentence_stays_none():
    """A catalogue has its own head under the empty sentence."""
    language.choose("pl")

    assert _("") == ""


def test_a_sentence_of_a_table_is_translated_where_it_is_said():
    """The table is made before anybody has chosen a language."""
    table = {"x": language.marked("nothing arrived")}

    language.choose("pl")

    assert table["x"] == "nothing arrived"
    assert _(table["x"]) == "nic nie przyszło"


def test_a_sentence_without_a_translation_stays_english():
    """A catalogue may lack a sentence, but a person always gets one."""
    language.choose("pl")

    assert _("no translator will ever see this: {what}", what="x") == "no translator will ever see this: x"


def test_a_fraction():
    """English has a point, Polish a comma."""
    assert language.decimal(26150.5174, 3) == "26150.517"
    language.choose("pl")
    assert language.decimal(26150.5174, 3) == "26150,517"
