"""p1.letters: which letters the bytes of a text are."""

from itertools import product

import pytest

from telegraf_han.p1 import letters

POLISH = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1250", "iso8859-2"])
@pytest.mark.parametrize(
    "text",
    [
        "Zażółć gęślą jaźń",
        "ZAŻÓŁĆ GĘŚLĄ JAŹŃ",
        "ZESPÓŁ",
        "STÓŁ",
        "CIĘŻAR",
        "WÓŻ",
        "Przerwa w dostawie energii 10–12",
        "für",
        "50°C",
        "Awaria",
    ],
)
def test_text_comes_back(text: str, encoding: str) -> None:
    """A message in Polish is read, whichever of the three encodings it has."""
    if encoding == "iso8859-2":
        text = text.replace("–", "-")  # this encoding has no such sign

    assert letters.text(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-8", "cp1250", "iso8859-2"])
def test_no_run_of_polish_letters_is_taken_for_another(encoding: str) -> None:
    """All letters, pairs and runs of three: none is by chance a text of another encoding."""
    runs = [f"A{''.join(run)}a" for length in (1, 2, 3) for run in product(POLISH, repeat=length)]

    assert [run for run in runs if letters.text(run.encode(encoding)) != run] == []


@pytest.mark.parametrize(
    "octets",
    [
        b"\xe8t\xe9",
        b"\xb1\xb9",
        b"a\xa6\x9c",
        b"\xff\xfe",
        b"\x81",
        b"a\x1bb",
        b"\0",
        "\u202eabc".encode(),
        "\u0416\u0142".encode("utf-16"),
    ],
    ids=bytes.hex,
)
def test_what_cannot_be_told(octets: bytes) -> None:
    """Letters that differ between encodings and are not Polish, mixtures of encodings, and what is no text."""
    assert letters.text(octets) is None


def test_other_alphabets_in_utf8() -> None:
    """UTF-8 tells its letters by itself."""
    assert letters.text("Привет, čau".encode()) == "Привет, čau"


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"Przerwa\r\n10-12", "Przerwa 10-12"),
        (b"\n a \n\n\tb\tc \r", "a b\tc".replace("\t", " ")),
        ("ą\r\nś".encode("cp1250"), "ą ś"),
        ("ą\u2028ś".encode(), "ą ś"),
        (b"a\xa0\xf3", "a ó"),
        (b"", ""),
        (b" \r\n", ""),
    ],
    ids=repr,
)
def test_one_line(octets: bytes, expected: str) -> None:
    """Line breaks become blanks."""
    assert letters.text(octets) == expected
