"""keytrial.lastword: what is said if nothing opens a telegram, and what it rests on."""

import pytest

import p1telegrams as p1
from keytrials import AK, EK, judged, unrelated
from telegraf_han.inspection.keytrial import nonces


def test_last_word() -> None:
    """If no reading opens the telegram under any nonce, that is said with what it rests on, and a letter is due."""
    ek, ak, wrong, other = unrelated(1)
    found = judged(wrong.hex(), other.hex(), p1.hidden(b"EGM12345", ek=ek, ak=ak))

    assert found.verdict == "unknown"
    assert (
        "None of your keys in any reading opens this telegram under any nonce: it is another meter's key, or the meter holds another one"
    ) in found.said
    assert found.letter is not None
    assert (found.letter.keys, found.letter.complete) == (2, True)
    assert found.letter.readings > 4000
    assert f"{found.letter.readings:,} readings of 2 keys were tried" in found.basis
    assert "This rests on two assumptions: the text begins with the clock" in found.basis


def test_more_readings_than_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """If there are more readings than the limit, the finding does not speak for all of them, and there is no letter."""
    monkeypatch.setattr(nonces, "READINGS_LIMIT", 100)
    wrong, other = unrelated(3)[:2]
    found = judged(wrong.hex(), other.hex())

    assert "None of the first 100 readings of your keys opens this telegram" in found.said
    assert found.letter is None


@pytest.mark.parametrize(
    ("telegram", "words"),
    [
        (p1.luxembourg(ek=EK, ak=AK), "these telegrams have no checksum, so damage cannot be excluded"),
        (p1.stoen(ek=EK, ak=AK, ident=b"/ISK5\\2M550\r\n\r\n"), "not those of a meter that this program knows"),
    ],
    ids=["no checksum", "another maker"],
)
def test_no_letter_about_other_telegrams(telegram: bytes, words: str) -> None:
    """If structure and checksum are not those of the meters in Warsaw, the keys are not called wrong, and there is no letter."""
    wrong, other = unrelated(2)[:2]
    found = judged(wrong.hex(), other.hex(), telegram)

    assert (found.verdict, found.letter) == ("unknown", None)
    assert "That does not prove the keys wrong" in found.said
    assert words in found.said


@pytest.mark.parametrize("key", [EK, unrelated(4)[0]], ids=["right", "foreign"])
@pytest.mark.parametrize("frame", ["hdlc", "mbus"])
def test_message_in_frames_of_another_line(frame: str, key: bytes) -> None:
    """A ciphered message in HDLC or wired M-Bus frames is named for what it is. No key is called wrong, and there is no letter."""
    push = bytes.fromhex("0f000000010002020906010001 0800ff0600003039")
    apdu = b"\xdb" + p1.sealed(push, EK, AK, title=p1.TITLE, counter=7)
    found = judged(key.hex(), None, FRAMES[frame](apdu))

    assert (found.verdict, found.letter) == ("unread", None)
    assert {"hdlc": "this is an HDLC frame", "mbus": "this is a wired M-Bus frame"}[frame] in found.said
    assert ("encryption_key is right" in found.said) == (key == EK)
    assert ("the keys cannot be judged" in found.said) == (key != EK)
    assert "not open" not in found.said


def _hdlc(apdu: bytes) -> bytes:
    head = bytes([0xCF, 0x02, 0x23, 0x13])
    content = b"\xe6\xe7\0" + apdu
    start = (0xA000 | len(head) + len(content) + 6).to_bytes(2, "big") + head
    checked = start + p1.x25(start).to_bytes(2, "little") + content
    return b"\x7e" + checked + p1.x25(checked).to_bytes(2, "little") + b"\x7e"


def _mbus(apdu: bytes) -> bytes:
    content = b"\x53\xff\x10\x01\x67" + apdu
    return b"\x68" + bytes([len(content)] * 2) + b"\x68" + content + bytes([sum(content) & 0xFF, 0x16])


FRAMES = {"hdlc": _hdlc, "mbus": _mbus}


@pytest.mark.parametrize("key", [EK, unrelated(4)[0]], ids=["right", "foreign"])
def test_push_behind_an_ident_line(key: bytes) -> None:
    """A push where text was expected: the right key is right."""
    push = bytes.fromhex("0f000000010002020906010001 0800ff0600003039")
    found = judged(key.hex(), None, p1.stoen(push, ek=EK, ak=AK))

    assert found.verdict == ("unread" if key == EK else "unknown")
    assert ("a data-notification (DLMS push)" in found.said) == (key == EK)
