"""keytrial.nonces: a right key is proven whatever the nonce was, and a wrong one is not."""

import random

import pytest

import p1telegrams as p1
from keytrials import AK, EK, FOREIGN, judged
from telegraf_han.ciphers import aes
from telegraf_han.inspection.keytrial import nonces

TITLES = {
    # title in the nonce: how it is spelt
    b"EGM" + bytes.fromhex("0035000001"): "45474D0035000001 (the maker EGM, then 0035000001)",
    b"KFM" + (35000001).to_bytes(5, "big"): "4B464D0002160EC1 (the maker KFM, then 0002160EC1, which is the number 35000001)",
    b"35000001": '3335303030303031 (the text "35000001")',
    bytes.fromhex("ed14010000350102"): "ED14010000350102 (no maker's letters)",
    bytes.fromhex("fedcba9876543210"): "FEDCBA9876543210 (no maker's letters)",
}
READINGS = {
    # encryption key, authentication key: verdict, what
    "as written": (EK.hex(), AK.hex(), "untitled", "system_title"),
    "no authentication key": (EK.hex(), None, "untitled", "system_title, no authentication_key"),
    "another authentication key": (EK.hex(), FOREIGN.hex(), "untitled", "system_title, authentication_key: unknown"),
    "swapped": (AK.hex(), EK.hex(), "wrong", "system_title, swapped"),
    "reversed": (EK[::-1].hex(), AK.hex(), "wrong", "system_title, encryption_key: reversed"),
    "a digit missing": (EK.hex()[1:], AK.hex(), "wrong", "system_title, encryption_key: digit missing"),
    "both in one": (
        EK.hex() + AK.hex(),
        None,
        "wrong",
        "system_title, encryption_key: first of two, authentication_key: encryption_key, second of two",
    ),
}


@pytest.mark.parametrize("title", TITLES, ids=bytes.hex)
def test_hidden_title(title: bytes) -> None:
    """A title that the meter uses and does not send is found, whatever it is, and named. Then the option makes all right."""
    telegram = p1.hidden(title, ek=EK, ak=AK)
    found = judged(EK.hex(), AK.hex(), telegram)

    assert (found.verdict, found.what, found.title, found.found) == ("untitled", "system_title", title, ())
    assert f"The meter uses the system title {TITLES[title]}, which the telegram does not name" in found.said
    assert f'write system_title = "{title.hex().upper()}" into [[meter]] "home"' in found.todo
    assert judged(EK.hex(), AK.hex(), telegram, system_title=title).verdict == "right"


@pytest.mark.parametrize("name", READINGS)
def test_hidden_title_and_spoiled_key(name: str) -> None:
    """The title is found with any reading of a key, too, and both are told."""
    ek, ak, verdict, what = READINGS[name]
    title = b"EGM\0\0\1\2\3"
    found = judged(ek, ak, p1.hidden(title, ek=EK, ak=AK))

    assert (found.verdict, found.what, found.title) == (verdict, what, title)
    assert "uses the system title 45474D0000010203" in found.said
    assert all(key.reveal() == {"encryption_key": EK, "authentication_key": AK}[option] for option, key in found.found)


@pytest.mark.parametrize("seed", range(4))
def test_hidden_title_of_any_meter(seed: int) -> None:
    """Random keys and titles, and the lines that may come first."""
    source = random.Random(seed)
    ek, ak, title = source.randbytes(16), source.randbytes(16), source.randbytes(8)
    for first in (b"0-0:1.0.0(200101000000W)", b"0-0:96.1.0(3335303030303031)", b"0-0:96.13.0()", b"1-3:0.2.8(50)"):
        found = judged(ek.hex(), ak.hex(), p1.hidden(title, first + b"\r\n" + p1.LINES, ek=ek, ak=ak))
        assert (found.verdict, found.title) == ("untitled", title)


@pytest.mark.parametrize(
    "first",
    [b"0-0:1.0.0(000101000000W)", b"1-0:1.8.0(012345.035*kWh)", b"1-0:1.7.0(00.278*kW)", b"0-0:17.0.0(16500)"],
    ids=["clock of the year 2000", "register", "power", "limiter"],
)
def test_hidden_title_behind_a_rare_beginning(first: bytes) -> None:
    """Beginnings of which there are many are tried with readings that are no typing mistakes."""
    telegram = p1.hidden(b"EGM12345", first + b"\r\n" + p1.LINES, ek=EK, ak=AK)

    assert judged(EK[::-1].hex(), None, telegram).title == b"EGM12345"


@pytest.mark.parametrize("ident", [b"/EGM5G35\r\n\r\n", b"/KFM5KAIFA-METER\r\n\r\n", b"/Lux5\\253663629_A\r\n\r\n", b"/ABC5lux\r\n\r\n"])
@pytest.mark.parametrize("bare", [False, True], ids=["with ident", "bare"])
def test_other_title_than_the_one_on_the_wire(ident: bytes, bare: bool) -> None:
    """A block that names a title, but not the one in its nonce. Its content is a whole telegram."""
    telegram = p1.hidden(b"SAG\0\1\2\3\4", p1.plain(ident=ident), ident, sent=p1.TITLE, ek=EK, ak=AK)
    if bare:
        ident = b"/EGM5G35\r\n\r\n" if b"ABC" in ident else ident  # nothing names the ident of a bare block
        telegram = p1.hidden(b"SAG\0\1\2\3\4", p1.plain(ident=ident), ident, sent=p1.TITLE, ek=EK, ak=AK)
        telegram = b"\xdb" + telegram[len(ident) : telegram.rindex(b"!")]
    found = judged(EK.hex(), AK.hex(), telegram)

    assert (found.verdict, found.title) == ("untitled", b"SAG\0\1\2\3\4")
    assert "another one than the telegram names (48414E3030303031)" in found.said


def test_title_of_zeros() -> None:
    """A meter that names a title and uses none."""
    assert judged(EK.hex(), AK.hex(), p1.hidden(bytes(8), sent=p1.TITLE, ek=EK, ak=AK)).title == bytes(8)


@pytest.mark.parametrize("sent", [b"", p1.TITLE], ids=["none", "another"])
def test_system_title_that_is_wrong(sent: bytes) -> None:
    """A configured title that the meter does not use is told: remove it, or write the right one."""
    without = judged(EK.hex(), AK.hex(), p1.stoen(ek=EK, ak=AK, title=sent), system_title=b"EGM00000")
    other = judged(EK.hex(), AK.hex(), p1.hidden(b"EGM12345", sent=sent, ek=EK, ak=AK), system_title=b"EGM00000")

    assert (without.verdict, without.what, without.title) == ("untitled", "system_title", None)
    assert 'remove system_title from [[meter]] "home"' in without.todo
    assert (other.verdict, other.title) == ("untitled", b"EGM12345")


def test_hidden_counter() -> None:
    """If the counter is hidden, too, `run` cannot follow. The finding says so, and offers no option."""
    found = judged(EK.hex(), AK.hex(), p1.hidden(b"EGM12345", counter=7, ek=EK, ak=AK))

    assert (found.verdict, found.what, found.title) == ("unread", "counter", None)
    assert "the meter's nonce is 45474D3132333435 and the counter 00000007" in found.said
    assert "`run` cannot read such telegrams" in found.said
    assert "system_title =" not in found.todo


@pytest.mark.parametrize("length", [1, 15, 16])
def test_short_telegram(length: int) -> None:
    """A text that is shorter than a block proves nothing, and breaks nothing."""
    found = judged(FOREIGN.hex(), None, p1.stoen(p1.LINES[:length], ek=EK, ak=AK))

    assert found.verdict == "unknown"
    assert (found.letter is not None) == (length == 16)


def test_each_reading_costs_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """All days and other beginnings are tried in one call for each key, and no key is tried twice."""
    tried: list[bytes] = []
    real = aes.blocks

    def counted(key, data: bytes) -> bytes:
        if len(data) == len(few):
            tried.append(key.reveal())
        return real(key, data)

    few = nonces.openings.few(nonces.openings.LAST_DAY, "EGM5G35").blocks
    monkeypatch.setattr(aes, "blocks", counted)
    found = judged(FOREIGN.hex(), FOREIGN[::-1].hex())

    assert found.letter is not None
    assert len(tried) == len(set(tried)) == found.letter.readings


@pytest.mark.parametrize("block", [bytes(15) + b"\3", b"\1" * 12 + b"\0\0\1\2", b"\0" * 11 + b"\1\0\1\0\2"])
def test_no_first_counter(block: bytes) -> None:
    """Only a block that ends as a first counter does is one. Zeros in other places are not."""
    assert list(nonces.counters(b"\5" * 16 + block + b"\5" * 16)) == []


def test_first_counter_behind_zeros() -> None:
    """A nonce of zeros, and zeros before it, hide no counter."""
    assert list(nonces.counters(bytes(12) + b"\5" * 4 + bytes(15) + b"\2")) == [bytes(15) + b"\2"]
