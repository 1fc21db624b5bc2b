"""mbus.security: every mode with the right key, a wrong one and none."""

import random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from telegraf_han.ciphers import aes, secret
from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone
from telegraf_han.errors import FramingError, SecurityError, TelegramError, WaitingError, WrongKeyError
from telegraf_han.mbus import authentication, layers, link, records, security
from telegraf_han.mbus.memory import Memory
from telegraf_han.simulate import encode

KEY = Key(bytes(range(16)))
WRONG = Key(bytes(16))
RECORDS = bytes.fromhex("040367120000" + "042bfa000000" + "04ab3c00000000")
MODE_5 = ["gama350", "oms-mode5", "oms-partial", "amis-wired", "made-mode5", "made-mode5-adapter"]


@pytest.mark.parametrize("name", MODE_5)
def test_mode_5(vector, decoded, name: str) -> None:
    """Mode 5 gives the plain text that its authors print, with the bytes behind it that are not enciphered."""
    found = vector(name)
    plain = decoded(found.frame, found.key)

    expected = found.octets.get("plain", plain.body) + found.octets.get("tail", b"")
    assert plain.body == expected
    assert plain.body.startswith(b"\x2f\x2f")
    assert not plain.verified


@pytest.mark.parametrize("name", [*MODE_5, "made-mode7"])
def test_wrong_and_missing_key(vector, decoded, name: str) -> None:
    """A wrong key and a missing key have different messages. Both name the meter as it is printed on it."""
    frame = vector(name).frame

    with pytest.raises(WrongKeyError, match=r"does not open telegrams of [A-Z]{3} [0-9]{8}"):
        decoded(frame, WRONG)
    with pytest.raises(WrongKeyError, match=r"of [A-Z]{3} [0-9]{8} are encrypted .* no key"):
        decoded(frame, None)


def _with_text(text: bytes) -> bytes:
    """A frame of mode 5 whose text begins with any bytes."""
    address = bytes.fromhex("ed14785634120102")
    sealed = aes.cbc_sealed(KEY, address + b"\x09" * 8, text)
    rest = b"\x44" + address + bytes([0x7A, 9, 0, len(text) // 16 << 4, 5]) + sealed
    return bytes([len(rest)]) + rest


@pytest.mark.parametrize("seed", range(8))
def test_wrong_key_that_makes_the_first_bytes_right(decoded, seed: int) -> None:
    """One wrong key in 65536 gives 2F 2F. The noise behind these bytes is no records, so it is still a wrong key."""
    noise = random.Random(seed).randbytes(94)

    with pytest.raises(WrongKeyError):
        decoded(_with_text(b"\x2f\x2f" + noise), KEY)


def test_noise_seldom_looks_like_records(meter) -> None:
    """Fewer than one in twenty random texts of a telegram's length could pass for records."""
    chance = random.Random(1)

    assert sum(records.plausible(b"\x2f\x2f" + chance.randbytes(174), meter) for _ in range(3000)) < 150


@pytest.mark.parametrize("opening", ["2f2f", "609b"])
def test_openings(decoded, opening: str) -> None:
    """A text may begin with two fillers, or with the two bytes that one maker's does; the records are the same."""
    rest = RECORDS + b"\x2f" * 11

    assert decoded(_with_text(bytes.fromhex(opening) + rest), KEY).body == b"\x2f\x2f" + rest


@pytest.mark.parametrize(
    "body",
    [
        "",
        "0c03" + "1a345678" + "042bfa000000" * 5,
        "0403fa000000" + "0c03" + "1a345678" + "042bfa000000",
        "0403fa000000" + "04fd7e01000000" + "042bfa000000",
        "0403fa000000" + "04835601000000" + "04ab4901000000",
        "0403fa000000" + "052b0000c07f" + "05ab3c0000c07f" + "05fb140000c07f",
    ],
    ids=[
        "fillers only",
        "one value of hex digits among good ones",
        "hex digits among two",
        "reserved VIF among two",
        "VIFEs of the norm that have no code",
        "floats that say there is no value",
    ],
)
def test_right_key_with_odd_content(decoded, body: str) -> None:
    """A text that a meter may well send is not taken for a wrong key."""
    text = b"\x2f\x2f" + bytes.fromhex(body)
    text += b"\x2f" * (-len(text) % 16)

    assert decoded(_with_text(text), KEY).body == text


@pytest.mark.parametrize("key", [None, KEY, WRONG], ids=["no key", "its key", "another key"])
@pytest.mark.parametrize("head", ["7a09001005", "7a0900100710"], ids=["mode 5", "mode 7"])
def test_deciphered_by_others(framed, decoded, head: str, key: Key | None) -> None:
    """A telegram that a program deciphered while leaving its header as it was is read if no key is required. Nothing proves it."""
    authentication_layer = "900f002c25b30a0000" + "21924d4f2fb66e01"
    body = b"\x2f\x2f" + RECORDS

    frame = framed(bytes.fromhex(authentication_layer + head) + body)
    plain = decoded(frame, key, "optional")

    assert (plain.body, plain.verified) == (body, False)
    if key is not None:
        with pytest.raises(SecurityError, match=r'not encrypted.*encryption = "optional"'):
            decoded(frame, key)


@pytest.mark.parametrize("body", [RECORDS[:16], b"\x2f\x2f" + bytes(range(0x30, 0x50))], ids=["no fillers", "no records"])
def test_not_deciphered_by_others(framed, decoded, body: bytes) -> None:
    """Bytes that are no text of mode 5 are still a key error."""
    with pytest.raises(WrongKeyError):
        decoded(framed(bytes.fromhex("7a09001005") + body), None)


OWN = bytes.fromhex("2f2f0f0102030405060708090a0b0c0d")
OTHER_OWN = bytes.fromhex("2f2f0fa1a2a3a4a5a6a7a8a9aaabacad")


def _opened(memory: Memory, text: bytes, key: Key = KEY) -> bytes:
    return layers.plain(layers.opened(_with_text(text)), key, memory=memory).body


def test_content_that_proves_nothing_waits_for_another_telegram() -> None:
    """The maker's own data may be anything. One such telegram says nothing about the key; a second, with another first block, proves it."""
    memory = Memory()

    for _ in range(2):  # the same telegram again is no other proof
        with pytest.raises(WaitingError, match=r"EGM 12345678 may be right.*does not prove"):
            _opened(memory, OWN)

    assert _opened(memory, OTHER_OWN) == OTHER_OWN
    assert _opened(memory, OWN) == OWN


def test_key_that_was_proven_may_open_anything_that_comes_again() -> None:
    """After records that can only be records, the maker's own data are believed from their second telegram, but not with another key."""
    memory = Memory()
    _opened(memory, b"\x2f\x2f" + RECORDS + b"\x2f" * 11)

    with pytest.raises(WaitingError, match="records of a new kind"):
        _opened(memory, OWN)
    assert _opened(memory, OTHER_OWN) == OTHER_OWN
    assert _opened(memory, OWN) == OWN
    with pytest.raises(WrongKeyError):
        _opened(memory, OWN, WRONG)


def test_random_bytes_under_a_proven_key() -> None:
    """Whoever sends random bytes under a meter's number gets the opening right once in 32768 telegrams, and nothing of that is believed."""
    noise, memory = random.Random(9), Memory()
    _opened(memory, b"\x2f\x2f" + RECORDS + b"\x2f" * 11)
    believed = []
    for _ in range(2_000):
        try:
            body = _opened(memory, b"\x2f\x2f" + noise.randbytes(30))
            records.body(body, link.address(encode.link_address("EGM", "12345678", 1, 2)), Zone())
            believed.append(body)
        except TelegramError:
            continue

    assert len(believed) <= 2  # only the maker's own data, which begin with one byte, can come again
    assert all(body[2] & 0x0F == 0x0F for body in believed)


@pytest.mark.parametrize("between", [bytes(32), b"\x2f\x2f" + b"\xff" * 30], ids=["no opening", "no records"])
def test_only_telegrams_in_a_row_prove_a_key(between: bytes) -> None:
    """A wrong key gets the opening right now and then. So a telegram that it does not open makes all before it void."""
    memory = Memory()
    with pytest.raises(WaitingError):
        _opened(memory, OWN)
    with pytest.raises(WrongKeyError):
        _opened(memory, between)

    with pytest.raises(WaitingError):
        _opened(memory, OTHER_OWN)


def test_two_keys_prove_nothing_together() -> None:
    """What one key opened by chance is no proof of another key."""
    memory = Memory()
    memory.candidate = (WRONG, bytes(16))

    with pytest.raises(WaitingError):
        _opened(memory, OWN)


def _with_plain(text: bytes, rest: bytes) -> bytes:
    sealed = _with_text(text)
    return bytes([len(sealed) - 1 + len(rest)]) + sealed[1:] + rest


@pytest.mark.parametrize(
    ("rest", "kept"),
    [
        ("04833cffffff00", ""),
        ("066d1e2e55323b2f", ""),
        ("0dfd0c0378595a", ""),
        ("0cfd1078563412", "0cfd1078563412"),
        ("0dfd1103434241", "0dfd1103434241"),
        ("0cfd1078563412" + "042b01000000", "0cfd1078563412"),
    ],
    ids=["an energy", "a clock", "a model", "a place", "a customer", "a place and a power"],
)
def test_records_that_anybody_could_have_added(decoded, rest: str, kept: str) -> None:
    """Plain records behind the blocks are not believed if a key has to open the telegram, unless they measure nothing."""
    text = b"\x2f\x2f" + RECORDS + b"\x2f" * 11
    frame = _with_plain(text, bytes.fromhex(rest))

    strict, lenient = decoded(frame, KEY), decoded(frame, KEY, "optional")

    assert strict.body.rstrip(b"\x2f") == (text + bytes.fromhex(kept)).rstrip(b"\x2f")
    assert bool(strict.remarks) is (kept != rest)
    assert lenient.body == text + bytes.fromhex(rest)
    assert lenient.remarks == ()


def test_added_records_are_a_flaw(decoded) -> None:
    """What was not believed is told with the telegram that holds it."""
    frame = _with_plain(b"\x2f\x2f" + RECORDS + b"\x2f" * 11, bytes.fromhex("0583ff0400000041"))

    found = layers.body(decoded(frame, KEY), Zone())

    assert found.values == [4711, 250, 0, 0]
    assert len(found.flaws) == 1
    assert 'encryption = "optional"' in found.flaws[0]


@pytest.mark.parametrize("rest", ["de47", "ff", "0c03112233", "7f"], ids=str)
def test_plain_bytes_that_are_no_records(decoded, rest: str) -> None:
    """Bytes behind the enciphered blocks that are no record cost neither the trust in the key nor the telegram's records."""
    body = bytes.fromhex("2f2f" + "040367120000" + "042bfa000000" + "0003")
    sealed = _with_text(body)
    frame = bytes([len(sealed) - 1 + len(rest) // 2]) + sealed[1:] + bytes.fromhex(rest)

    assert decoded(frame, KEY).body == body + b"\x2f" * (len(rest) // 2)
    with pytest.raises(WrongKeyError):
        decoded(frame, WRONG)


def test_nothing_enciphered(framed, decoded) -> None:
    """Mode 5 with no block enciphered needs no key."""
    assert decoded(framed(bytes.fromhex("7a2a000005") + RECORDS), None).body == RECORDS


def test_more_blocks_than_bytes(framed, decoded) -> None:
    """If a configuration word announces more than there is, the message has both numbers."""
    with pytest.raises(FramingError, match="announces 32 enciphered bytes, but 16 arrived"):
        decoded(framed(bytes.fromhex("7a2a002005") + bytes(16)), KEY)


@pytest.mark.parametrize("mode", [1, 2, 3, 4, 6, 8, 9, 13, 15, 31])
def test_other_modes(framed, decoded, mode: int) -> None:
    """A mode that is not read is refused by its number and with the meter's name."""
    with pytest.raises(SecurityError, match=f"security mode {mode} of EGM 12345678"):
        decoded(framed(bytes([0x7A, 0x2A, 0, 0x10, mode]) + bytes(24)), KEY)


def test_mode_7_without_counter(framed, decoded) -> None:
    """Mode 7 needs the counter of the authentication layer."""
    with pytest.raises(SecurityError, match="mode 7 needs a message counter"):
        decoded(framed(bytes.fromhex("7a2a00100710") + bytes(16)), KEY)


def test_mode_7_with_other_derivation(vector, decoded) -> None:
    """Keys derived in another way than function A are refused."""
    frame = bytearray(vector("made-mode7").frame)
    place = bytes(frame).index(bytes.fromhex("7a2a00400710")) + 5
    frame[place] = 0x20

    with pytest.raises(SecurityError, match="key derivation 2"):
        decoded(bytes(frame), vector("made-mode7").key)


def _mode_10(text: bytes, *, low: int = 0xFF, address: str = "ed14785634120102", rest: bytes = b"") -> bytes:
    """A frame of mode 10, enciphered by the library itself."""
    raw = bytes.fromhex(address)
    counter = (1234).to_bytes(4, "little")
    head = bytes([0x7A, 0x2A, 0x00, low, 0x0A, 0x10, 0x01])
    key = authentication.derived(KEY, authentication.ENCRYPTION, counter, raw[2:6])
    sealed = AESCCM(key.reveal(), tag_length=8).encrypt(raw + b"\0" + counter[::-1], text, head)
    content = b"\x44" + raw + head + counter + sealed + rest
    return bytes([len(content)]) + content


@pytest.mark.parametrize(("low", "rest"), [(0xFF, ""), (19, ""), (19, "0cfd1078563412")], ids=["to the end", "counted", "plain behind"])
def test_mode_10(decoded, low: int, rest: str) -> None:
    """Mode 10 is proven by its tag, whether all or a number of bytes are enciphered."""
    plain = decoded(_mode_10(RECORDS, low=low, rest=bytes.fromhex(rest)), KEY)

    assert (plain.body, plain.verified, plain.counter) == (RECORDS + bytes.fromhex(rest), True, 1234)


@pytest.mark.parametrize("place", [-1, -8])
def test_mode_10_changed(decoded, place: int) -> None:
    """A tag that does not fit although the text makes sense is a changed telegram, not a wrong key."""
    frame = bytearray(_mode_10(RECORDS))
    frame[place] ^= 1

    with pytest.raises(SecurityError, match="tag of a telegram of EGM 12345678"):
        decoded(bytes(frame), KEY)


def test_mode_10_wrong_and_missing_key(decoded) -> None:
    """Under a wrong key neither tag nor text fits."""
    for number in range(1, 100):
        with pytest.raises(WrongKeyError, match="mode 10"):
            decoded(_mode_10(RECORDS), secret.key(f"{number:032x}"))
    with pytest.raises(WrongKeyError, match="no key"):
        decoded(_mode_10(RECORDS), None)


@pytest.mark.parametrize(
    ("octets", "error", "words"),
    [
        ("7a2a00ff0a1001d2040000" + "00" * 7, FramingError, "enciphered bytes, but 7"),
        ("7a2a00ff0a1002d2040000" + "00" * 20, SecurityError, "tag size code 2"),
        ("7a2a00ff0a3001d2040000" + "00" * 20, SecurityError, "key derivation 3"),
    ],
    ids=["no room for the tag", "other tag", "other derivation"],
)
def test_mode_10_refused(framed, decoded, octets: str, error: type[Exception], words: str) -> None:
    """Variants that mode 10 allows but no vector shows are refused by name."""
    with pytest.raises(error, match=words):
        decoded(framed(octets), KEY)


def test_mac_over_a_plain_message(framed, decoded) -> None:
    """A message that is not enciphered may be authenticated. Without a key it is read, but not verified."""
    counter = (7).to_bytes(4, "little")
    message = bytes.fromhex("7a2a000000") + RECORDS
    key = authentication.derived(KEY, authentication.AUTHENTICATION, counter, bytes.fromhex("78563412"))
    layer = authentication.Authentication(b"\x25", counter, bytes(8), b"")
    mac = authentication.mac(key, layer, message)
    frame = framed(bytes.fromhex("900f002c25") + counter + mac + message)

    assert decoded(frame, KEY)[1:4] == (RECORDS, True, 7)
    assert decoded(frame, None)[1:4] == (RECORDS, False, 7)
    with pytest.raises(SecurityError, match="MAC"):
        decoded(frame, WRONG)


def test_mac_without_counter(framed, decoded) -> None:
    """A MAC whose key cannot be made is refused, even if the records need no key."""
    layer = bytes.fromhex("900b002425") + bytes(8)

    with pytest.raises(SecurityError, match="MAC needs a message counter"):
        decoded(framed(layer + bytes.fromhex("7a2a000000") + RECORDS), KEY)


def test_what_the_simulator_sends(decoded) -> None:
    """A frame the simulator enciphers opens with its key."""
    frame = encode.mode_5(encode.link_address("EGM", "87654321", 1, 2), 77, RECORDS, KEY)

    assert decoded(frame, KEY).body.rstrip(b"\x2f") == b"\x2f\x2f" + RECORDS


def test_no_message_holds_a_key(vector, decoded) -> None:
    """Neither key nor payload shows in any refusal."""
    for name in (*MODE_5, "made-mode7", "made-ell-ctr"):
        with pytest.raises(WrongKeyError) as caught:
            decoded(vector(name).frame, secret.key("c0ffee" * 5 + "c0"))
        assert "c0ffee" not in str(caught.value).lower()
        assert vector(name).frame[-8:].hex() not in str(caught.value).lower()


MODE_10 = bytes.fromhex("2f44ed147856341201027a2a00ff0a1001d2040000d9fdb119b74ff5caeaa655718f0ac0af94d84d25e22f6da448a9b8")
"""Made with AES-CCM of another library, under KEY."""


@pytest.mark.parametrize("name", ["made-mode5", "made-mode5-adapter", "made-mode7", "mode 10"])
def test_resealed_as_it_came(vector, name: str) -> None:
    """Records that are enciphered again under the same key are the bytes that the meter sent."""
    frame, key = (MODE_10, KEY) if name == "mode 10" else (vector(name).frame, vector(name).key)
    sealed = layers.opened(frame)
    message = security.Message(sealed.header, sealed.meter, sealed.authentication, sealed.content)
    body = security.clear(message, key).body
    whole = b"\x2f\x2f" + body if sealed.header.mode != 10 and not body.startswith(b"\x2f\x2f") else body

    assert security.resealed(message, key, whole) == sealed.header.payload
    assert security.enciphered_bytes(sealed.header) > 0


@pytest.mark.parametrize("mode", [0, 1, 13, 15])
def test_nothing_is_enciphered_in_a_mode_that_is_not_read(vector, mode: int) -> None:
    """A mode without a cipher of its own enciphers no byte, so its records stay as they are."""
    sealed = layers.opened(vector("made-mode5").frame)
    header = sealed.header._replace(mode=mode)

    assert security.enciphered_bytes(header) == 0
    assert security.resealed(security.Message(header, sealed.meter, None, b""), KEY, RECORDS) == RECORDS
