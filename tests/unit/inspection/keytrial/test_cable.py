"""keytrial.cable: which P1 key is wrong, and how. A right key is never called wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import p1telegrams as p1
from keytrials import AK, EK, FOREIGN, TELEGRAM, frame, judged, unrelated
from telegraf_han.ciphers.secret import Written
from telegraf_han.dlms import ciphering
from telegraf_han.inspection.keytrial import cable
from telegraf_han.inspection.keytrial.findings import Held

OTHER = bytes.fromhex("00112233445566778899aabbccddeeff")


CASES = {
    # encryption key, authentication key: what is found
    "right": (EK.hex(), AK.hex(), "right", "right"),
    "right, no authentication key": (EK.hex(), None, "right", "right, no authentication_key"),
    "swapped": (AK.hex(), EK.hex(), "wrong", "swapped"),
    "swapped, the other one foreign": (FOREIGN.hex(), EK.hex(), "wrong", "swapped"),
    "encryption key reversed": (EK[::-1].hex(), AK.hex(), "wrong", "encryption_key: reversed"),
    "authentication key reversed": (EK.hex(), AK[::-1].hex(), "wrong", "authentication_key: reversed"),
    "both reversed": (EK[::-1].hex(), AK[::-1].hex(), "wrong", "encryption_key: reversed, authentication_key: reversed"),
    "hex of hex": (EK.hex().encode().hex(), AK.hex(), "wrong", "encryption_key: hex of hex"),
    "31 digits": (EK.hex()[:7] + EK.hex()[8:], AK.hex(), "wrong", "encryption_key: digit missing"),
    "33 digits": (EK.hex()[:7] + EK.hex()[6:], AK.hex(), "wrong", "encryption_key: digit too many"),
    "31 digits of the authentication key": (EK.hex(), AK.hex()[1:], "wrong", "authentication_key: digit missing"),
    "mistyped": (EK.hex()[:-1] + "1", AK.hex(), "wrong", "encryption_key: digit wrong"),
    "both mistyped": (EK.hex()[:-1] + "1", "0" + AK.hex()[1:], "wrong", "encryption_key: digit wrong, authentication_key: digit wrong"),
    "swapped and reversed": (
        AK[::-1].hex(),
        EK[::-1].hex(),
        "wrong",
        "encryption_key: authentication_key, reversed, authentication_key: encryption_key, reversed",
    ),
    "the same key twice": (EK.hex(), EK.hex(), "unproven", "authentication_key: unknown"),
    "the authentication key alone, in the wrong place": (None, EK.hex(), "wrong", "encryption_key: authentication_key"),
    "both in one": (EK.hex() + AK.hex(), None, "wrong", "encryption_key: first of two, authentication_key: encryption_key, second of two"),
    "authentication key of another meter": (EK.hex(), FOREIGN.hex(), "unproven", "authentication_key: unknown"),
    "no text at all": ("?", "?", "unknown", "unknown"),
    "foreign keys": (FOREIGN.hex(), OTHER.hex(), "unknown", "unknown"),
    "no key": (None, None, "missing", "encryption_key: missing"),
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_key_is_named(name: str) -> None:
    """Every way in which a key may be wrong has its own name, and every finding that is not good says what to do."""
    ek, ak, verdict, what = CASES[name]
    found = judged(ek, ak)

    assert (found.verdict, found.what) == (verdict, what)
    assert found.todo or verdict == "right"
    for key in (EK, AK, FOREIGN, OTHER):
        assert not any(key.hex()[at : at + 8] in (found.said + found.todo).lower() for at in range(24))


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name][2] == "wrong"])
def test_found_keys_are_the_meters(name: str) -> None:
    """What `--save` would write is what opens the telegram and proves it."""
    found = dict(judged(*CASES[name][:2]).found)

    assert all(key.reveal() == {"encryption_key": EK, "authentication_key": AK}[option] for option, key in found.items())
    assert found


def test_keys_of_other_meters() -> None:
    """Keys that stand with another meter are found there, wireless ones too."""
    others = {("garden", "encryption_key"): EK.hex(), ("garden", "authentication_key"): AK.hex()}
    found = judged(FOREIGN.hex(), OTHER.hex(), others=others)
    radio = judged(FOREIGN.hex(), None, others={("flat", "key"): EK.hex()})

    assert found.what == 'encryption_key: encryption_key of "garden", authentication_key: authentication_key of "garden"'
    assert 'configured as encryption_key of "garden"' in found.said
    assert radio.what == 'encryption_key: key of "flat"'


def test_telegram_of_any_of_several_meters() -> None:
    """In a capture a telegram names no meter. It belongs to the meter whose key opens it, before any key is called wrong."""
    held = Held({
        ("home", "encryption_key"): Written(FOREIGN.hex()),
        ("garden", "encryption_key"): Written(EK.hex()),
        ("garden", "authentication_key"): Written(AK.hex()),
    })  # fmt: skip
    found = cable.finding(frame(TELEGRAM), ["home", "garden"], held)

    assert (found.meter, found.verdict) == ("garden", "right")


def test_telegram_of_none_of_several_meters() -> None:
    """If a telegram may be from any meter, the key of no single meter is called wrong."""
    texts = {(name, "encryption_key"): Written(key.hex()) for name, key in (("home", FOREIGN), ("garden", OTHER))}
    found = cable.finding(frame(TELEGRAM), ["home", "garden"], Held(texts))

    assert (found.meter, found.verdict) == ("home, garden", "unknown")
    assert "It is from another meter, or a meter holds another key" in found.said
    assert found.letter is None


@pytest.mark.parametrize(
    ("ek", "ak", "words"), [(EK, AK, "both keys are right:"), (AK, EK, "both keys are right, but swapped:")], ids=["in place", "swapped"]
)
def test_keys_that_open_what_is_no_text(ek: bytes, ak: bytes, words: str) -> None:
    """Keys that the tag proves are right, whatever the telegram holds."""
    found = judged(ek.hex(), ak.hex(), p1.stoen(b"\x0f\x00\x01\x02" * 40, ek=EK, ak=AK))

    assert (found.verdict, found.what) == ("unread", "content")
    assert found.said.startswith(words)


def test_one_key_copied_twice() -> None:
    """If one key stands in both places, the finding says so, whichever key it is."""
    assert "authentication_key is the same" in judged(EK.hex(), EK.hex()).said
    assert "the same as authentication_key" in judged(AK.hex(), AK.hex()).said
    assert "the same" not in judged(FOREIGN.hex(), AK.hex()).said


@pytest.mark.parametrize("name", ciphering.AAD_VARIANTS)
def test_data_that_run_knows(name: str) -> None:
    """A tag made in any way that `run` tries is right."""
    aad = ciphering.AAD_VARIANTS[name](b"\x30", AK)

    assert judged(EK.hex(), AK.hex(), p1.stoen(ek=EK, ak=AK, aad=aad)).what == "right"


@pytest.mark.parametrize(
    ("aad", "data"),
    [(AK + b"\x30", "AK || SC"), (b"\x30" + bytes(4) + AK, "SC || counter || AK"), (b"\x30" + AK + bytes(8), "SC || AK || title")],
    ids=["AK first", "with counter", "with title"],
)
def test_data_that_run_does_not_know(aad: bytes, data: str) -> None:
    """If the tag is made in another way, the finding says that both keys are right."""
    found = judged(EK.hex(), AK.hex(), p1.stoen(ek=EK, ak=AK, aad=aad))

    assert (found.verdict, found.what) == ("unproven", f"tag: {data}")
    assert "both keys are right" in found.said


@pytest.mark.parametrize(
    ("telegram", "verdict", "words"),
    [
        (p1.plain(), "refused", "not encrypted"),
        (p1.stoen(ek=EK, ak=AK, control=0x10), "refused", "not encrypted"),
        (p1.stoen(ek=EK, ak=AK, control=0xB0), "unread", "compressed"),
        (p1.stoen(ek=EK, ak=AK, control=0x20), "right", "no tag"),
        (p1.luxembourg(ek=EK, ak=AK), "right", "proves them"),
    ],
    ids=["plain", "only authenticated", "compressed", "only encrypted", "with title and telegram inside"],
)
def test_other_telegrams(telegram: bytes, verdict: str, words: str) -> None:
    """Telegrams that need no key, or have no tag, or cannot be read, blame no key."""
    found = judged(EK.hex(), AK.hex(), telegram)

    assert found.verdict == verdict
    assert words in found.said


@pytest.mark.parametrize("telegram", [p1.plain(), p1.stoen(ek=EK, ak=AK, control=0x10)], ids=["plain", "only authenticated"])
def test_telegrams_that_need_no_key(telegram: bytes) -> None:
    """Without a key, or with encryption = "optional", telegrams that are not encrypted are fine."""
    assert judged(None, None, telegram).verdict == "plain"
    assert judged(EK.hex(), AK.hex(), telegram, encryption="optional").verdict == "plain"


def test_long_keys() -> None:
    """Suite 2 has keys of 32 bytes."""
    ek, ak = bytes(range(7, 39)), bytes(range(60, 92))
    telegram = p1.stoen(ek=ek, ak=ak, control=0x32)

    assert judged(ek.hex(), ak.hex(), telegram).what == "right"
    assert judged(ek.hex()[1:], ak.hex(), telegram).what == "encryption_key: digit missing"
    assert judged(EK.hex(), AK.hex(), telegram).what == "unknown"


keys = st.binary(min_size=16, max_size=16)
lines = st.builds(
    lambda stamp, wh, message: b"0-0:1.0.0(%012dS)\r\n1-0:1.8.0(%09d.123*kWh)\r\n0-0:96.13.0(%s)\r\n" % (stamp, wh, message.hex().encode()),
    st.integers(0, 10**12 - 1),
    st.integers(0, 10**9 - 1),
    st.binary(max_size=200),
)


@given(keys, keys, lines, st.sampled_from(["", " ", ":", "-"]), st.booleans(), st.sampled_from([b"", p1.TITLE]))
def test_right_key_is_never_called_wrong(ek: bytes, ak: bytes, text: bytes, separator: str, upper: bool, title: bytes) -> None:
    """Whatever keys and telegram: right keys are right."""
    written = [(key.hex(separator) if separator else key.hex()) for key in (ek, ak)]
    written = [text.upper() for text in written] if upper else written

    found = judged(*written, p1.stoen(text, ek=ek, ak=ak, title=title))

    assert (found.verdict, found.what) == ("right", "right")


@pytest.mark.parametrize("seed", range(8))
def test_right_encryption_key_beside_a_wrong_one(seed: int) -> None:
    """With an authentication key that has nothing to do with the right one, the encryption key is called right, and only that."""
    ek, ak, wrong, _ = unrelated(seed)
    found = judged(ek.hex(), wrong.hex(), p1.stoen(ek=ek, ak=ak))

    assert (found.verdict, found.what, found.found) == ("unproven", "authentication_key: unknown", ())
    assert found.said.startswith("encryption_key is right; authentication_key does not fit the tag in any of")


@pytest.mark.parametrize("seed", range(3))
def test_foreign_telegram_is_not_explained(seed: int) -> None:
    """If nothing fits, the finding claims nothing."""
    ek, ak, wrong, other = unrelated(seed)
    found = judged(wrong.hex(), other.hex(), p1.stoen(ek=ek, ak=ak))

    assert (found.verdict, found.what, found.found) == ("unknown", "unknown", ())


@pytest.mark.parametrize("order", [1, -1], ids=["EK first", "AK first"])
@pytest.mark.parametrize("form", ["{}\n{}\n", "EK: {}\nAK: {}\n"], ids=["lines", "labels"])
def test_two_keys_in_one_file(form: str, order: int) -> None:
    """Both keys are found and told apart, and both can be saved, with one option or both naming the file."""
    text = form.format(*[EK.hex(" "), AK.hex(" ")][::order])
    for ak in (None, text):
        found = judged(text, ak)
        assert found.verdict == "wrong"
        assert {option: key.reveal() for option, key in found.found} == {"encryption_key": EK, "authentication_key": AK}
        lines = ("line 1", "line 2")[::order]
        assert f"holds two keys: {lines[0]} is the encryption key, {lines[1]} is the authentication key" in found.said
        assert "put each key into its own file" in found.todo
