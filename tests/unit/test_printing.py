"""printing: no character from outside commands a terminal."""

import unicodedata

import pytest

from telegraf_han import printing

OBEYED = ["\x1b[31m", "\x07", "\x9b31m", "\x85", "\x7f", "\u202e", "\u2066", "\u2028", "\u2029", "\u061c", "\ufeff", "\ud800", "\r", "\n"]


@pytest.mark.parametrize("text", OBEYED, ids=ascii)
def test_no_command_gets_through(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Controls of both halves, marks that turn the direction of writing and ends of lines are escaped on both streams."""
    printing.say(f"said {text}.")
    printing.complain(f"said {text}.")

    for printed in capsys.readouterr():
        assert printed.endswith(".\n")
        assert printed[:-1].isprintable()
        assert "said \\" in printed


def test_every_control_character() -> None:
    """Nothing of the categories that a terminal obeys is left."""
    others = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp")]

    assert printing.visible("".join(others)).isascii()
    assert printing.visible("".join(others), "?") == "?" * len(others)


def test_what_people_write_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Polish, other scripts and symbols are printed as they are."""
    printing.say("zażółć gęślą jaźń", "Ω 漢字 ±")

    assert capsys.readouterr().out == "zażółć gęślą jaźń\nΩ 漢字 ±\n"
