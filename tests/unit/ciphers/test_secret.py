"""secret: hex as people write it into a Key that shows nothing."""

import copy
import pickle

import pytest

from telegraf_han.ciphers import secret
from telegraf_han.ciphers.secret import Key

OCTETS = bytes.fromhex("00112233445566778899aabbccddeeff")


@pytest.mark.parametrize(
    "text",
    [
        "00112233445566778899aabbccddeeff",
        "00112233445566778899AABBCCDDEEFF",
        "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff",
        "0011-2233-4455-6677-8899-AABB-CCDD-EEFF",
        "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff",
        "00_11_22_33_44_55_66_77_88_99_aa_bb_cc_dd_ee_ff",
        "0x00112233445566778899aabbccddeeff",
        "0X00112233445566778899AABBCCDDEEFF",
        "  0011223344556677\t8899aabbccddeeff\r\n",
        "00112233 44556677\n8899aabb ccddeeff\n",
    ],
    ids=["lower", "upper", "spaces", "dashes", "colons", "underscores", "0x", "0X", "line end", "two lines"],
)
def test_key_is_read_as_people_write_it(text: str) -> None:
    """Spaces, colons, dashes, case, 0x and line ends do not matter."""
    assert secret.key(text).reveal() == OCTETS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key 00112233445566778899aabbccddeeff is wrong", "key … is wrong"),
        ("--key=00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff -v", "--key=… -v"),
        ("0011223344556677 8899AABBCCDDEEFF", "…"),
        ("00112233445566778899aabbccddeeff/ffeeddccbbaa99887766554433221100", "…/…"),
        ("tuned to 868950000 Hz at 2026-04-10 15:05:53", "tuned to 868950000 Hz at 2026-04-10 15:05:53"),
        ("", ""),
    ],
)
def test_masked(text: str, shown: str) -> None:
    """Everything in a text that may be a key is left out, and nothing else."""
    assert secret.masked(text) == shown
    assert secret.may_be_key(text) == (text != shown)


def test_key_of_suite_2() -> None:
    """AES-256 keys have 64 digits."""
    assert secret.key("ab" * 32).reveal() == b"\xab" * 32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "32 hex digits expected, found no hex digits"),
        ("00112233445566778899aabbccddeef", "32 hex digits expected, found 31 hex digits"),
        ("00112233445566778899aabbccddeeff0", "32 hex digits expected, found 33 hex digits"),
        ("00112233445566778899aabbccddee", "32 hex digits expected, found 30 hex digits"),
        ("00" * 24, "32 hex digits expected, found 48 hex digits"),
        ("O0112233445566778899aabbccddeeff", "32 hex digits expected, found 1 character that is not a hex digit"),
        ("secret", "32 hex digits expected, found 3 characters that are not hex digits"),
        ("０" * 32, "32 hex digits expected, found 32 characters that are not hex digits"),
        ("0x0x00112233445566778899aabbccddeeff", "32 hex digits expected, found 1 character that is not a hex digit"),
    ],
    ids=["empty", "one short", "one long", "one byte short", "AES-192", "letter O", "word", "full-width digits", "0x twice"],
)
def test_what_is_no_key_is_described_by_its_length(text: str, expected: str) -> None:
    """The message counts; it never repeats the text."""
    with pytest.raises(ValueError) as caught:
        secret.key(text)

    assert str(caught.value) == expected
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("length", [0, 1, 15, 17, 24, 31, 33])
def test_octets_of_a_wrong_length_are_no_key(length: int) -> None:
    """A Key has 16 or 32 bytes."""
    with pytest.raises(ValueError, match=f"not {length}"):
        Key(bytes(length))


@pytest.mark.parametrize(
    "rendered",
    [repr, str, "{}".format, "%s".__mod__, lambda key: f"{key!r:>20}", lambda key: str([key]), lambda key: str({"key": key})],
    ids=["repr", "str", "format", "percent", "f-string", "in a list", "in a dict"],
)
def test_printing_shows_nothing(rendered) -> None:
    """No text shows the digits of a key, however the key gets into it."""
    text = rendered(Key(OCTETS))

    assert "Key(…)" in text
    assert "0011" not in text
    assert "\\x11" not in text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_key_cannot_be_pickled(protocol: int) -> None:
    """No pickle holds a key."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Key(OCTETS), protocol)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_key_cannot_be_copied(copied) -> None:
    """A key cannot be copied, because a copy is made the same way as a pickle."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        copied(Key(OCTETS))


def test_key_has_no_other_way_in() -> None:
    """There is no dict, no iteration and no bytes of a Key."""
    key = Key(OCTETS)

    assert not hasattr(key, "__dict__")
    with pytest.raises(TypeError):
        bytes(key)
    with pytest.raises(TypeError):
        iter(key)


def test_equality_is_among_keys_only() -> None:
    """Equal octets make equal keys with one hash; bytes never equal a key."""
    assert Key(OCTETS) == Key(OCTETS)
    assert hash(Key(OCTETS)) == hash(Key(OCTETS))
    assert Key(OCTETS) != Key(OCTETS[::-1])
    assert Key(OCTETS) != OCTETS
