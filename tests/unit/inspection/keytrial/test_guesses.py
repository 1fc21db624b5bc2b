"""keytrial.guesses: what a spoiled key may have been."""

import base64

import pytest

from telegraf_han.ciphers.secret import Written
from telegraf_han.inspection.keytrial import guesses
from telegraf_han.inspection.keytrial.guesses import AS_WRITTEN, GUESSES_LIMIT, MISTAKES

KEY = bytes.fromhex("7d3c9a10ffb2e4580163deadc0de4242")
HEX = KEY.hex()
LONG = bytes(range(3, 35))


def swapped(octets: bytes, size: int) -> str:
    """Octets reversed within each so many of them."""
    return b"".join(octets[at : at + size][::-1] for at in range(0, len(octets), size)).hex()


SPOILED = {
    # what was written: the mistake it is
    "as given": (HEX, AS_WRITTEN),
    "with separators": (KEY.hex(":").upper(), AS_WRITTEN),
    "with 0x": (f"0x{HEX}\n", AS_WRITTEN),
    "bytes reversed": (KEY[::-1].hex(), "reversed"),
    "digits reversed": (HEX[::-1], "digits reversed"),
    "nibbles swapped": ("".join(HEX[at + 1] + HEX[at] for at in range(0, 32, 2)), "nibbles swapped"),
    "four bytes at a time": (swapped(KEY, 4), "words reversed"),
    "two bytes at a time": (swapped(KEY, 2), "words reversed"),
    "eight bytes at a time": (swapped(KEY, 8), "words reversed"),
    "hex of hex": (HEX.encode().hex(), "hex of hex"),
    "hex of upper hex with spaces": (KEY.hex(" ").upper().encode().hex(), "hex of hex"),
    "base64": (base64.b64encode(KEY).decode(), "base64"),
    "utf-16": ("ÿþ" + "".join(f"{digit}\0" for digit in HEX), "utf-16"),
    "with another key behind": (HEX + "5" * 32, "first of two"),
    "with another key before": ("5" * 32 + HEX, "second of two"),
    "with its name": (f"GUEK={HEX} (licznik)", "other text"),
    "with blanks that do not break": ("\u00a0".join((HEX[:8], HEX[8:])), "other characters"),
    "with characters nobody sees": ("\u200b".join((HEX[:8], HEX[8:20], HEX[20:])), "other characters"),
    "as a list of bytes": (", ".join(f"0x{octet:02X}" for octet in KEY), "other characters"),
    "letter O": (HEX.replace("0", "O"), "look-alikes"),
    "letters l and I": (HEX.replace("1", "l"), "look-alikes"),
    "two spots": (HEX[:4] + "?" + HEX[5:20] + "~" + HEX[21:], "unreadable"),
    "first digit missing": (HEX[1:], "digit missing"),
    "a middle digit missing": (HEX[:13] + HEX[14:], "digit missing"),
    "last digit missing": (HEX[:-1], "digit missing"),
    "a digit doubled": (HEX[:13] + HEX[12] + HEX[13:], "digit too many"),
    "a digit put in at the end": (f"{HEX}f", "digit too many"),
    "a byte missing": (HEX[:10] + HEX[12:], "digits missing"),
    "a byte doubled": (HEX[:10] + HEX[8:10] + HEX[10:], "digits too many"),
    "two digits doubled": (HEX[:3] + HEX[2:20] + HEX[19:], "digits too many"),
    "neighbouring digits swapped": (HEX[:4] + HEX[5] + HEX[4] + HEX[6:], "neighbours swapped"),
    "neighbouring bytes swapped": (HEX[:4] + HEX[6:8] + HEX[4:6] + HEX[8:], "neighbours swapped"),
    "a wrong digit": (HEX[:9] + "5" + HEX[10:], "digit wrong"),
    "filled up at the end": (HEX[:9] + HEX[10:] + "0", "digit missing, filled up"),
    "filled up at the beginning": ("0" + HEX[:9] + HEX[10:], "digit missing, filled up"),
    "cut at the end": ((HEX[:9] + HEX[8:])[:32], "digit too many, cut"),
    "cut at the beginning": ((HEX[:9] + HEX[8:])[-32:], "digit too many, cut"),
}
OF_TEXT = {
    "sixteen characters": (b"Warszawa-Praga-7", "Warszawa-Praga-7", "text"),
    "sixteen characters that were hex-encoded": (b"Warszawa-Praga-7", b"Warszawa-Praga-7".hex(), AS_WRITTEN),
    "the first digits as characters": (HEX[:16].encode(), HEX, "ascii of hex"),
    "the last digits as characters": (HEX[-16:].upper().encode(), HEX, "ascii of hex"),
    "a file of bytes": (KEY, KEY.decode("latin-1"), "text"),
}


def found(text: str, key: bytes, size: int = 16) -> str | None:
    """Under which mistake a key is guessed."""
    return next((guess.mistake for guess in guesses.guesses(Written(text), (size,)) if guess.key.reveal() == key), None)


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_key(name: str) -> None:
    """Each way to spoil a key is undone, and named."""
    text, mistake = SPOILED[name]

    assert found(text, KEY) == mistake


@pytest.mark.parametrize("name", OF_TEXT)
def test_key_that_is_text(name: str) -> None:
    """Keys that are characters, or were taken for such."""
    key, text, mistake = OF_TEXT[name]

    assert found(text, key) == mistake


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (LONG.hex(), AS_WRITTEN),
        (LONG[::-1].hex(), "reversed"),
        (LONG.hex()[:-1], "digit missing"),
        (LONG.hex().encode().hex(), "hex of hex"),
    ],
    ids=["as given", "reversed", "digit missing", "hex of hex"],
)
def test_long_key(text: str, mistake: str) -> None:
    """Keys of suite 2 are spoiled in the same ways."""
    assert found(text, LONG, 32) == mistake


@pytest.mark.parametrize("text", [*(text for text, _ in SPOILED.values()), "", " ", "0", "ż" * 16, "0" * 5000, "\0" * 40])
@pytest.mark.parametrize("size", [16, 32])
def test_bounded_and_without_doubles(text: str, size: int) -> None:
    """Whatever the text: no key twice, all of the size asked for, no more than the limit."""
    keys = [guess.key for guess in guesses.guesses(Written(text), (size,))]

    assert len(keys) == len(set(keys)) <= GUESSES_LIMIT
    assert {len(key.reveal()) for key in keys} <= {size}


def test_simple_ones_are_few_and_come_first() -> None:
    """Guesses that need no luck are tried before those that do. Every mistake has a row."""
    order = [guess.mistake for guess in guesses.guesses(Written(HEX), (16,))]
    simple = [guess.mistake for guess in guesses.simple(Written(HEX), (16,))]

    assert order[: len(simple)] == simple
    assert len(simple) < 20
    assert {*order} <= {AS_WRITTEN, *MISTAKES}
    assert not any(MISTAKES[name].typed for name in simple[1:])


TWO = {
    "two lines": ("{}\n{}\n", "line 1", "line 2"),
    "labels": ("EK: {}\nAK: {}\n", "line 1", "line 2"),
    "a remark, labels, Windows": ("# klucze 2026\r\n\r\nKlucz (EK) = {}\r\nKlucz AK = {}\r\n", "line 3", "line 4"),
    "one line": ("{};{}", "the first key", "the second key"),
    "one string": ("{}{}", "the first key", "the second key"),
}


@pytest.mark.parametrize("separator", ["", " ", ":"], ids=["plain", "blanks", "colons"])
@pytest.mark.parametrize("name", TWO)
def test_two_keys_in_one_text(name: str, separator: str) -> None:
    """Both keys are found, and the words say where they are."""
    form, *places = TWO[name]
    other = bytes(range(100, 116))
    text = form.format(*(key.hex(separator) if separator else key.hex() for key in (KEY, other)))

    assert (found(text, KEY), found(text, other)) == (guesses.FIRST, guesses.SECOND)
    assert guesses.halves(Written(text)) == tuple(places)
