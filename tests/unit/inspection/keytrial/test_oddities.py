"""keytrial.oddities: texts that are no keys are told as what they are."""

import pytest

import p1telegrams as p1
from keytrials import AK, EK, judged

ODD = {
    "zeros": ("0" * 32, "is still the key from the sample configuration"),
    "virtual meter's": (bytes(range(16)).hex(), "is the key of the virtual meter"),
    "virtual meter's authentication key": (p1.AK.hex(), "is the authentication key of the virtual meter"),
    "nothing": ("", "is empty"),
    "a byte order mark and a line end": ("\ufeff\n", "is empty"),
    "zero bytes": ("\0" * 4, "is empty"),
    "prefix alone": ("0x", "is empty"),
    "file without its word": ("home.ek", "looks like the name of a file"),
    "path": ("/etc/telegraf/home", "looks like the name of a file"),
    "relative path": ("keys/home.key", "looks like the name of a file"),
    "path from home": ("~/home.ek", "looks like the name of a file"),
    "word with another sign": ("file=home.ek", "looks like the place of a key"),
    "word in capitals": ("FILE:home.ek", "looks like the place of a key"),
    "another word in capitals": ("Env:HOME_EK", "looks like the place of a key"),
    "sign of curl": ("@home.ek", "looks like the place of a key"),
    "variable": ("$HOME_EK", "looks like the name of an environment variable"),
    "variable in braces": ("${HOME_EK}", "looks like the name of an environment variable"),
}


@pytest.mark.parametrize("name", ODD)
def test_text_that_is_no_key_of_a_meter(name: str) -> None:
    """A sample, an empty file, a file's name: told as what it is. Nothing is called not found, and there is no letter."""
    text, words = ODD[name]
    found = judged(text, None)

    assert (found.verdict, found.what, found.letter) == ("missing", "encryption_key: odd", None)
    assert words in found.said
    assert found.todo


@pytest.mark.parametrize("text", ["?", EK.hex()[:-2] + "zz", EK.hex(".").replace("4242", "de.fe"), "Warszawa-Praga-7"])
def test_spoiled_keys_are_not_odd(text: str) -> None:
    """A spoiled key is no file's name."""
    assert judged(text, None, p1.stoen(ek=AK, ak=EK)).verdict == "unknown"


def test_odd_text_beside_the_right_key() -> None:
    """A key that opens the telegram is found, whatever the other text is."""
    assert judged("0" * 32, EK.hex()).what == "swapped"
    assert "authentication_key is still the key from the sample" in judged(EK.hex(), "0" * 32).said
    assert "authentication_key is empty" in judged(EK[::-1].hex(), "").said


def test_key_of_zeros_that_is_right() -> None:
    """A meter that really has such a key is not told otherwise."""
    assert judged("0" * 32, AK.hex(), p1.stoen(ek=bytes(16), ak=AK)).verdict == "right"
    assert judged(EK.hex(), "0" * 32, p1.stoen(ek=EK, ak=bytes(16))).verdict == "right"
