"""cli: words into a command, errors into one line and an exit code."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from telegraf_han import __version__, cli, commands, language
from telegraf_han.errors import ConfigError, SourceError


class Fake:
    """A command that does what its option says."""

    def __init__(self, outcome: BaseException | int) -> None:
        self.outcome = outcome

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--times", type=int, default=1)

    def run(self, arguments: Namespace) -> int:
        assert arguments.times == 3
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch):
    """`main` with one command more."""

    def run(outcome: BaseException | int) -> int:
        monkeypatch.setitem(cli.COMMANDS, "fake", "does as it is told")
        monkeypatch.setattr(cli, "command", lambda _: Fake(outcome))
        monkeypatch.setattr(cli, "_forget_output", lambda: None)
        return cli.main(["fake", "--times", "3"])

    return run


@pytest.mark.parametrize(
    ("outcome", "code", "err"),
    [
        (0, 0, ""),
        (1, 1, ""),
        (ConfigError("han.toml", "meter[0].port", "a port is expected"), 2, "E! han.toml: meter[0].port: a port is expected\n"),
        (SourceError("/dev/ttyUSB0 is not there"), 2, "E! /dev/ttyUSB0 is not there\n"),
        (OSError(28, "No space left on device"), 2, "E! No space left on device\n"),
        (BrokenPipeError(32, "Broken pipe"), 0, ""),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=["done", "some failed", "configuration", "source", "disk", "pipe", "Ctrl-C"],
)
def test_outcomes(main, capsys: pytest.CaptureFixture[str], outcome, code: int, err: str) -> None:
    """A command's code is the program's; an error the user can mend is one line and 2."""
    assert main(outcome) == code
    assert capsys.readouterr() == ("", err)


def test_a_defect_is_not_hidden(main) -> None:
    """A fault of the program itself keeps its traceback."""
    with pytest.raises(ZeroDivisionError):
        main(ZeroDivisionError())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--version"], 0, f"telegraf-han {__version__}\n"),
        (["--help"], 0, "usage: telegraf-han"),
        (["decode", "--help"], 0, "usage: telegraf-han decode"),
        ([], 2, "COMMAND"),
        (["dekode"], 2, "dekode"),
        (["--config", "x"], 2, "COMMAND"),
    ],
    ids=["version", "help", "help of a command", "nothing", "unknown", "no command"],
)
def test_words(capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str) -> None:
    """Help goes to stdout with 0; what is not understood to stderr with 2."""
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    out, err = capsys.readouterr()

    assert ended.value.code == code
    assert said in (err if code else out)
    assert (out if code else err) == ""


def test_words_of_the_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without words given, those of the process are taken."""
    monkeypatch.setattr("sys.argv", ["telegraf-han", "--version"])

    with pytest.raises(SystemExit):
        cli.main()
    assert __version__ in capsys.readouterr().out


def test_every_module_is_a_command() -> None:
    """A new module of `commands` is a command, or has "_" in front."""
    modules = {path.stem for path in Path(commands.__file__).parent.glob("*.py") if not path.stem.startswith("_")}

    assert modules == set(cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there(name: str) -> None:
    """Each name of the table has its module with both functions, and a sentence of help."""
    parser = ArgumentParser()
    command = cli.command(name)
    command.add_arguments(parser)

    assert callable(command.run)
    assert cli.COMMANDS[name]


@pytest.fixture
def polish(monkeypatch: pytest.MonkeyPatch):
    """A person who asks for Polish."""
    monkeypatch.setenv("LANGUAGE", "pl")
    yield
    language.choose("en")


@pytest.mark.parametrize("name", sorted(cli.SPEAKING & cli.COMMANDS.keys()))
def test_commands_for_a_person_speak_polish(name: str, polish: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The language is chosen before the command names its options, so all its sentences are in that language."""
    heard = []
    monkeypatch.setattr(cli, "command", lambda _: Fake(heard.append(language._("nothing arrived")) or 0))

    assert cli.main([name, "--times", "3"]) == 0
    assert heard == ["nic nie przyszło"]


@pytest.mark.parametrize("name", sorted(cli.COMMANDS.keys() - cli.SPEAKING))
def test_all_others_stay_english(name: str, polish: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log and what Telegraf gets are English, whatever LANG says."""
    heard = []
    monkeypatch.setattr(cli, "command", lambda _: Fake(heard.append(language._("nothing arrived")) or 0))

    assert cli.main([name, "--times", "3"]) == 0
    assert heard == ["nothing arrived"]


@pytest.mark.parametrize(
    ("variables", "said"), [("en_GB.UTF-8", "this option is given twice"), ("pl_PL.UTF-8", "tę opcję podano dwa razy")], ids=["en", "pl"]
)
def test_an_option_that_is_given_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: str, said: str
) -> None:
    """The second value would replace the first without a word. The error is in the person's language."""
    monkeypatch.setenv("LANGUAGE", variables)

    try:
        assert cli.main(["check", "--listen", "1s", "--listen", "2s"]) == 2
    finally:
        language.choose("en")

    assert capsys.readouterr().err.startswith(f"E! --listen: {said}")
