"""Asks a person in a terminal: plain questions with defaults. With `--yes` nobody is asked, and each default is the answer.

Every question belongs to an option. If there is neither a person nor a default, the error names the option.
"""

from collections.abc import Callable, Sequence
from getpass import getpass
from typing import Final

from telegraf_han.errors import ConfigError
from telegraf_han.language import _
from telegraf_han.printing import say, visible

YES: Final = frozenset({"y", "yes", "t", "tak"})
NO: Final = frozenset({"n", "no", "nie"})


def given(text: str, option: str, read: Callable[[str], str]) -> str:
    """The answer that an option gives, as `read` takes it. Raises ConfigError."""
    try:
        return read(text)
    except ValueError as error:
        raise ConfigError("", option, str(error)) from None


class Console:
    """One conversation."""

    __slots__ = ("asks",)

    def __init__(self, *, asks: bool) -> None:
        """With `asks`, a person answers. Otherwise the defaults do."""
        self.asks: Final = asks

    def text(self, question: str, option: str, default: str = "", read: Callable[[str], str] = str) -> str:
        """A line of text, as `read` takes it. A person is asked again until it is good. Raises ConfigError if there is no answer."""
        while True:
            answer = self._line(f"{question} [{default}]: " if default else f"{question}: ") if self.asks else ""
            if answer or default:
                try:
                    return given(answer or default, option, read)
                except ConfigError as error:
                    if not self.asks:
                        raise
                    say(error.expected)
            elif not self.asks:
                raise ConfigError("", option, _("this answer is missing, and --yes asks no questions"))

    def choice(self, question: str, choices: Sequence[str], default: int = 0) -> int:
        """The place of one of several answers. One answer is no question."""
        if not self.asks or len(choices) < 2:  # noqa: PLR2004, one answer
            return default
        say(question, *(f"  {number}  {choice}" for number, choice in enumerate(choices, 1)))
        while True:
            answer = self._line(_("Number [{default}]: ", default=default + 1))
            if not answer:
                return default
            if answer.isdecimal() and 0 < int(answer) <= len(choices):
                return int(answer) - 1
            say(_("A number from 1 to {last} is expected.", last=len(choices)))

    def secret(self, question: str) -> str:
        """A text that is not shown while it is typed. "" if nobody is asked."""
        return getpass(f"{question}: ").strip() if self.asks else ""

    def confirmed(self, question: str) -> bool:
        """Whether the answer is yes, which is also the default."""
        while self.asks:
            answer = self._line(_("{question} [Y/n]: ", question=question)).lower()
            if not answer or answer in YES:
                return True
            if answer in NO:
                return False
        return True

    def pause(self, question: str) -> None:
        """Wait until Enter is pressed."""
        if self.asks:
            self._line(question)

    @staticmethod
    def _line(prompt: str) -> str:
        """One line of stdin. Raises KeyboardInterrupt at its end, as Ctrl-C does: the person has gone."""
        try:
            return visible(input(prompt)).strip()
        except EOFError:
            raise KeyboardInterrupt from None
