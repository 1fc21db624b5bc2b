"""keytrial.radio: what is wrong with a wireless meter's key."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.config.sections import MeterConfig
from telegraf_han.inspection.keytrial import radio
from telegraf_han.inspection.keytrial.findings import Finding, Held
from telegraf_han.mbus import layers
from telegraf_han.simulate import encode

VECTORS = json.loads((Path(__file__).parents[2] / "mbus" / "vectors.json").read_text())
KEY = bytes.fromhex("7d3c9a10ffb2e4580163deadc0de4242")
FOREIGN = bytes.fromhex("5a5b5c5d5e5f60616263646566676869")
ADDRESS = encode.link_address("EGM", "35000001", 1, 2)
RECORDS = bytes.fromhex("0c7801000035 0e03452301000000 8e1003452301000000 0b2b780200 0bab3c000000 0bab3c000000")


def telegram(access: int = 1, key: bytes = KEY, records: bytes = RECORDS) -> layers.Sealed:
    """A telegram of mode 5."""
    return layers.opened(encode.mode_5(ADDRESS, access, records, Key(key)))


def judged(text: str | None, *telegrams: layers.Sealed, others: dict[tuple[str, str], str] | None = None, **options) -> Finding:
    """What is found with a key as it is written, and other options of the meter."""
    texts = {("flat", "key"): text, **(others or {})}
    held = Held({place: Written(one) for place, one in texts.items() if one is not None}, [MeterConfig("flat", "wmbus", **options)])
    return radio.finding(telegrams or (telegram(),), "flat", held)


CASES = {
    "right": (KEY.hex(), "right", "right"),
    "reversed": (KEY[::-1].hex(), "wrong", "key: reversed"),
    "hex of hex": (KEY.hex().encode().hex(), "wrong", "key: hex of hex"),
    "31 digits": (KEY.hex()[:-1], "wrong", "key: digit missing"),
    "33 digits": (KEY.hex()[:9] + KEY.hex()[8:], "wrong", "key: digit too many"),
    "mistyped": ("0" + KEY.hex()[1:], "wrong", "key: digit wrong"),
    "neighbours": (KEY.hex()[:2] + KEY.hex()[4:6] + KEY.hex()[2:4] + KEY.hex()[6:], "wrong", "key: neighbours swapped"),
    "foreign": (FOREIGN.hex(), "unknown", "unknown"),
    "missing": (None, "missing", "key: missing"),
    "no text at all": ("???", "unknown", "unknown"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("count", [1, 3])
def test_wrong_key_is_named(name: str, count: int) -> None:
    """Every way has its name, with one telegram and with several, and the key found is the meter's."""
    text, verdict, what = CASES[name]
    found = judged(text, *(telegram(access) for access in range(count)))

    assert (found.verdict, found.what) == (verdict, what)
    assert found.todo or verdict == "right"
    assert not found.found or found.found[0][1].reveal() == KEY
    assert KEY.hex()[4:12] not in found.said + found.todo


@pytest.mark.parametrize(
    ("place", "what"),
    [
        (("garden", "key"), 'key: key of "garden"'),
        (("home", "encryption_key"), 'key: encryption_key of "home"'),
        (("home", "authentication_key"), 'key: authentication_key of "home"'),
    ],
    ids=["another wireless meter's", "EK", "AK"],
)
def test_keys_of_other_meters(place: tuple[str, str], what: str) -> None:
    """A key that stands elsewhere is found there."""
    assert judged(FOREIGN.hex(), others={place: KEY.hex()}).what == what
    assert judged(FOREIGN.hex(), others={place: KEY[::-1].hex()}).what == f"{what}, reversed"


@pytest.mark.parametrize("name", [name for name in VECTORS if "key" in VECTORS[name] and "frame" in VECTORS[name]])
def test_right_key_of_every_vector(name: str) -> None:
    """No key of a standard's or meter's telegram is called wrong, whatever the mode."""
    sealed = layers.opened(bytes.fromhex(VECTORS[name]["frame"]))
    if sealed.empty:
        pytest.skip("a telegram without data tells nothing of a key")

    found = judged(VECTORS[name]["key"], sealed)

    assert found.verdict in ("right", "plain", "unread")


def test_plain_telegram_needs_no_key() -> None:
    """Whatever key is configured."""
    plain = layers.opened(bytes.fromhex("1444ED147856341201027A010000000403E8030000"))

    assert judged(FOREIGN.hex(), plain, encryption="optional").what == "plain"
    assert judged(None, plain).what == "plain"


def test_what_no_key_can_help() -> None:
    """A mode that is not supported blames no key."""
    fragment = layers.opened(bytes.fromhex("1244ED14785634120102900F002C25B30A0000"))

    assert judged(KEY.hex(), fragment).verdict == "unread"


@given(st.binary(min_size=16, max_size=16), st.integers(0, 255), st.integers(0, 99_999_999))
def test_right_key_is_never_called_wrong(key: bytes, access: int, register: int) -> None:
    """Whatever key and telegram."""
    records = bytes.fromhex("0c03") + encode.bcd(register, 4) + bytes.fromhex("0b2b") + encode.bcd(register, 3)

    assert judged(key.hex(), telegram(access, key, records)).what == "right"


def damaged(access: int, at: int) -> layers.Sealed:
    """A telegram with a bit flipped behind its link layer, as a line of hex without CRCs may have one."""
    octets = bytearray(encode.mode_5(ADDRESS, access, RECORDS, Key(KEY)))
    octets[at] ^= 0x10
    return layers.opened(bytes(octets))


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("at", [16, 30], ids=["first block", "second block"])
def test_damaged_telegram_among_others(place: int, at: int) -> None:
    """A key that opens the other telegrams is not called wrong because of a damaged one, and a mistake is still found."""
    telegrams = [telegram(access) for access in range(3)]
    telegrams[place] = damaged(9, at)

    assert judged(KEY.hex(), *telegrams).verdict == "right"
    assert judged(KEY[::-1].hex(), *telegrams).what == "key: reversed"
    assert judged(KEY.hex()[:-1], *telegrams).what == "key: digit missing"


@pytest.mark.parametrize("seed", range(8))
def test_foreign_telegram_is_not_explained(seed: int) -> None:
    """Thousands of tries make no hit by chance."""
    source = random.Random(seed)

    assert judged(source.randbytes(16).hex(), telegram(1, source.randbytes(16))).what == "unknown"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0" * 32, "is still the key from the sample"),
        (bytes(range(16)).hex(), "is the key of the virtual meter"),
        ("\n", "is empty"),
        ("flat.key", "name of a file"),
    ],
    ids=["zeros", "virtual meter's", "empty", "file"],
)
def test_text_that_is_no_key_of_a_meter(text: str, words: str) -> None:
    """A sample, an empty file, a file's name: told as what it is."""
    found = judged(text)

    assert (found.verdict, found.what) == ("missing", "key: odd")
    assert words in found.said


def test_nothing_opens_is_no_proof() -> None:
    """By radio too little of the text is known for a proof. The finding says what it rests on."""
    found = judged(FOREIGN.hex())

    assert "readings of the configured keys were tried. This is no proof" in found.basis
    assert "as the standard says" in found.basis


def test_one_odd_telegram_is_no_proof() -> None:
    """A key that opens one telegram with nothing but the maker's own data may be wrong. Two such telegrams, or ordinary records, prove it."""
    odd = bytes.fromhex("0f112233445566778899aabbccdd")
    one, two = judged(KEY.hex(), telegram(1, records=odd)), judged(KEY.hex(), telegram(1, records=odd), telegram(2, records=odd))

    assert (one.verdict, two.verdict, judged(KEY.hex(), telegram()).verdict) == ("unproven", "right", "right")
    assert "proves nothing" in one.said


def test_plain_telegram_with_a_key() -> None:
    """With a key, telegrams that are not encrypted are not believed, unless encryption = "optional"."""
    plain = layers.opened(bytes.fromhex("1444ED147856341201027A010000000403E8030000"))

    assert judged(KEY.hex(), plain).verdict == "refused"
    assert judged(KEY.hex(), plain, encryption="optional").verdict == "plain"
    assert judged(None, plain).verdict == "plain"


@pytest.mark.parametrize(("maker", "known"), [("EGM", True), ("APA", False)])
def test_letter_is_about_known_makers(maker: str, known: bool) -> None:
    """A letter is due only about meters of the makers that this program is made for."""
    address = encode.link_address(maker, "35000001", 1, 2)

    assert radio.of_known_meter(layers.opened(encode.mode_5(address, 1, RECORDS, Key(KEY)))) is known
