"""mistakes: an error of the TOML parser becomes the line and the usual mistake. What stands in the line is never repeated."""

import pytest

KEY = "00112233445566778899aabbccddeeff"
GOOD = '# the meter\n[[meter]]\nname = "home"\n'

MISTAKES = {
    "no quotes": ("port = /dev/ttyUSB0", 'line 4: port: text needs quotes, as in name = "home"'),
    "no quotes around a word": ("interface = p1", "line 4: interface: text needs quotes"),
    "no quotes around digits": (f"encryption_key = {KEY}", "line 4: encryption_key: text needs quotes"),
    "no quotes around a time": ("status_interval = 10s", "line 4: status_interval: text needs quotes"),
    "no closing quote": ('port = "/dev/ttyUSB0\ninterface = "p1"', "line 4: port: the closing quote is missing"),
    "no closing single quote": ("port = '/dev/ttyUSB0\n", "line 4: port: the closing quote is missing"),
    "no closing quote at the end": ('port = "/dev/ttyUSB0', "line 4: port: the closing quote is missing"),
    "no opening quote": ('port = /dev/ttyUSB0"', "line 4: port: text needs quotes"),
    "backslash": ('port = "C:\\data\\p1.bin"', "line 4: port: a backslash means something else in double quotes"),
    "backslash before a digit": ('port = "C:\\Users\\me"', "line 4: port: a backslash means something else in double quotes"),
    "no =": ('port "/dev/ttyUSB0"', 'line 4: an = is expected after the name of the option, as in name = "home"'),
    "colon": ('port: "/dev/ttyUSB0"', "line 4: an = is expected after the name of the option and not a colon"),
    "no value": ("port =\n", "line 4: port: a value is expected after ="),
    "curly quotes": ("port = “/dev/ttyUSB0”", "line 4: port: the quotes are curly"),
    "capital True": ("x = True", "line 4: x: true or false in small letters"),
    "two values": ('port = "a" "b"', "line 4: port: nothing may follow a value on its line"),
    "comment of another language": ("// port", "line 4: a comment begins with #"),
    "web page": ("<html>", "line 4: an option is expected"),
    "option twice": ('name = "two"\nport = "x"', "line 4: name: this option stands twice"),
    "section twice": ("[output]\n[output]", "line 5: this section stands twice"),
    "single brackets": ("[meter]", "line 4: this section stands twice. Sections that may repeat have double brackets: [[meter]]"),
    "open bracket": ("[output\n", "line 4: the closing bracket of the section is missing"),
    "open brackets": ("[[meter]\n", "line 4: the closing brackets of the section are missing"),
    "open list": ('command = ["a" "b"]', "line 4: command: a comma or the closing bracket of the list is missing"),
    "open table": ("limits = { silence_s = 3", "line 4: limits: a comma or the closing brace is missing"),
    "invisible character": ('name = "a\x07b"', "line 4: name: there is a character that cannot be seen"),
}


@pytest.mark.parametrize(("mistake", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_explained(mistake: str, expected: str, written, tmp_path, reason) -> None:
    """The line, the option if the line names one, and what is expected there."""
    told = reason(written(GOOD + mistake))

    assert told.startswith(f"{tmp_path}/han.toml: {expected}")
    assert "\n" not in told


@pytest.mark.parametrize("mistake", [mistake for mistake, _ in MISTAKES.values()], ids=MISTAKES)
def test_windows_lines_have_the_same_numbers(mistake: str, written, reason) -> None:
    """CR LF at the end of lines changes nothing."""
    assert reason(written(GOOD + mistake)) == reason(written((GOOD + mistake).replace("\n", "\r\n")))


@pytest.mark.parametrize(
    "line", [KEY, f"{KEY} = 1 2", f'x = "{KEY}', f"[{KEY}]\n[{KEY}]", f'a."{KEY}" = 1\na."{KEY}" = 2', f"{KEY[:24]} = = 2", f'"{KEY}"']
)
def test_nothing_of_a_key_is_repeated(line: str, written, reason) -> None:
    """Wherever a key stands in a line that cannot be read."""
    assert KEY[:12] not in reason(written(GOOD + line))
