"""Questions to a person, and to nobody."""

import pytest

from telegraf_han.errors import ConfigError
from telegraf_han.setup import console
from telegraf_han.setup.console import Console

from .conftest import Person


def test_a_default_is_taken_by_enter():
    """The default is shown."""
    person = Person("", "socket://10.0.0.5:2000")

    assert person.text("Port", "--port", "/dev/ttyUSB0") == "/dev/ttyUSB0"
    assert person.text("Port", "--port", "/dev/ttyUSB0") == "socket://10.0.0.5:2000"
    assert person.asked == ["Port [/dev/ttyUSB0]: "] * 2


def test_a_question_without_default_is_asked_again():
    """Until there is an answer."""
    person = Person("", "", "x")

    assert person.text("Port", "--port") == "x"


def test_a_choice(capsys):
    """By its number. Anything else is asked again."""
    person = Person("3", "two", "2", "")

    assert person.choice("Which?", ["one", "two"]) == 1
    assert person.choice("Which?", ["one", "two"], 1) == 1
    assert capsys.readouterr().out.count("A number from 1 to 2 is expected.") == 2


def test_one_answer_is_no_question():
    """Nobody is asked."""
    assert Person().choice("Which?", ["one"]) == 0


@pytest.mark.parametrize(
    ("typed", "answer"), [("", True), ("y", True), ("YES", True), ("t", True), ("tak", True), ("n", False), ("nie", False)]
)
def test_yes_and_no(typed, answer):
    """In both languages. Enter is yes, and anything else is asked again."""
    assert Person("perhaps", typed).confirmed("Do this?") is answer


def test_nobody_takes_the_defaults(nobody):
    """A question without default names its option."""
    assert nobody.text("Name", "--name", "home") == "home"
    assert nobody.choice("Which?", ["one", "two"], 1) == 1
    assert nobody.confirmed("Do this?") is True
    assert nobody.secret("Key") == ""
    with pytest.raises(ConfigError, match="--port: this answer is missing, and --yes asks no questions"):
        nobody.text("Port", "--port")


def test_the_end_of_stdin_is_an_interruption(monkeypatch):
    """The person has gone: nothing is taken for an answer."""

    def ended(_prompt):
        raise EOFError

    monkeypatch.setattr("builtins.input", ended)

    with pytest.raises(KeyboardInterrupt):
        Console(asks=True).text("Port", "--port", "x")


def test_a_secret_is_not_shown(monkeypatch):
    """It goes through getpass, which switches the echo off."""
    monkeypatch.setattr(console, "getpass", lambda prompt: f" {prompt}typed ")

    assert Console(asks=True).secret("Key") == "Key: typed"
