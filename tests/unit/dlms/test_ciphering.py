"""dlms.ciphering: ciphered blocks into plaintext, with either key or both."""

import pytest

import p1telegrams as p1
from telegraf_han.ciphers.secret import Key
from telegraf_han.dlms import ciphering
from telegraf_han.dlms.ciphering import Block
from telegraf_han.errors import FramingError, SecurityError, WrongKeyError

EK, AK, OTHER = Key(p1.EK), Key(p1.AK), Key(b"\x77" * 16)
TEXT = b"1-0:1.8.0(012345.035*kWh)\r\n"


def block(**options) -> Block:
    """A block of the sample text."""
    return ciphering.block(p1.sealed(TEXT, **options), 0)


GET_REQUEST = bytes.fromhex("c0010000080000010000ff0200")
GREEN_BOOK = {
    # Green Book's worked example of a ciphered get-request: security control, ciphertext or plaintext, tag
    "authenticated": (0x10, GET_REQUEST, bytes.fromhex("06725d910f9221d263877516")),
    "encrypted": (0x20, bytes.fromhex("411312ff935a47566827c467bc"), b""),
    "both": (0x30, bytes.fromhex("411312ff935a47566827c467bc"), bytes.fromhex("7d825c3be4a77c3fcc056b6b")),
}


@pytest.mark.parametrize(("control", "content", "tag"), GREEN_BOOK.values(), ids=GREEN_BOOK)
def test_example_of_the_green_book(control: int, content: bytes, tag: bytes) -> None:
    """The norm's own example opens in all three forms; its keys are those that our demo borrowed."""
    body = bytes([control]) + bytes.fromhex("01234567") + content + tag
    sealed = ciphering.block(b"\x08" + bytes.fromhex("4d4d4d0000bc614e") + bytes([len(body)]) + body, 0)

    assert ciphering.opened(sealed, EK, AK) == (GET_REQUEST, bool(tag))
    assert ciphering.opened(sealed, EK, None) == ciphering.opened(sealed, EK, OTHER) == (GET_REQUEST, False)


def test_published_telegram() -> None:
    """The head of the Luxembourg telegram that node-dsmr-parser publishes with its key (tests/telegrams/dsmr/encrypted), as another made it."""
    ciphertext = bytes.fromhex("b5e5ee7a9ea04f21d9e320cf373ca5d2011d2840a481d20718abf74c74a0cf5fb0")
    key = Key(bytes.fromhex("0123456789abcdef01234567890abcde"))

    opened = ciphering.opened(Block(b"systitle", 0x20, bytes.fromhex("11223344"), ciphertext, b""), key, None)

    assert opened[0] == b"/Lux5\\253694471_M\r\n1-3:0.2.8(42)\r"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x00", (0, 1)),
        (b"\x7f", (127, 1)),
        (b"\x81\x80", (128, 2)),
        (b"\x82\x02\x24", (548, 3)),
        (b"\x83\x01\x00\x00", (65536, 4)),
        (b"\x84\x00\x00\x02\x24", (548, 5)),
        (b"\x81\x05", (5, 2)),
        (b"", None),
        (b"\x82\x02", None),
        (b"\x84\x00\x00\x02", None),
    ],
    ids=repr,
)
def test_ber_length(data: bytes, expected: tuple[int, int] | None) -> None:
    """Short form, and one to four octets; None where some are missing."""
    assert ciphering.ber_length(data, 0) == expected
    assert ciphering.ber_length(b"\xff\xff" + data, 2) == (expected and (expected[0], expected[1] + 2))


@pytest.mark.parametrize("data", [b"\x80", b"\x85\0\0\0\0\0", b"\xff"], ids=repr)
def test_ber_length_dlms_does_not_use(data: bytes) -> None:
    """DLMS uses neither the indefinite form nor five octets."""
    with pytest.raises(FramingError, match=f"{data[0]:02X}"):
        ciphering.ber_length(data, 0)


@pytest.mark.parametrize("tag", [b"", b"\xdb"], ids=["bare", "0xDB"])
@pytest.mark.parametrize("title", [b"", b"TITLE", b"HAN00001"], ids=["no title", "short title", "title"])
@pytest.mark.parametrize("before", [b"", b"/EGM5G35\r\n\r\n"], ids=["alone", "behind an ident"])
def test_fields(tag: bytes, title: bytes, before: bytes) -> None:
    """A block's fields are found with and without DB tag and title, at any offset."""
    data = before + tag + p1.sealed(TEXT, title=title, counter=0x01020304) + b"!0000"

    found = ciphering.block(data, len(before))

    assert (found.title, found.control, found.counter) == (title, 0x30, bytes([1, 2, 3, 4]))
    assert (len(found.ciphertext), len(found.tag)) == (len(TEXT), 12)
    assert ciphering.opened(found, EK, AK) == (TEXT, True)


@pytest.mark.parametrize("cut", range(len(p1.sealed(TEXT))))
def test_cut_block(cut: int) -> None:
    """A block cut anywhere is a framing error, never another exception."""
    with pytest.raises(FramingError):
        ciphering.block(p1.sealed(TEXT)[:cut], 0)


@pytest.mark.parametrize(
    "data",
    [b"\x09" + bytes(40), b"\x00\x05\x20\0\0\0\0", b"\x00\x11\x30" + bytes(16), b"\x00\x20\x00" + bytes(40), b"\x00\x20\x33" + bytes(40)],
    ids=["title of 9 bytes", "no content", "tag only", "no protection", "suite 3"],
)
def test_what_is_no_block(data: bytes) -> None:
    """Impossible lengths and control bytes are framing errors."""
    with pytest.raises(FramingError):
        ciphering.block(data, 0)


def test_encryption_key_alone_opens() -> None:
    """GCM is CTR underneath. So without the authentication key the text is there, but not verified."""
    assert ciphering.opened(block(), EK, None) == (TEXT, False)


def test_wrong_authentication_key() -> None:
    """The text is there, but not verified."""
    assert ciphering.opened(block(), EK, OTHER) == (TEXT, False)


def test_wrong_encryption_key() -> None:
    """This module does not say whether text makes sense. Such text is never verified."""
    found = ciphering.opened(block(), OTHER, AK)

    assert found[0] != TEXT
    assert not found[1]


@pytest.mark.parametrize("aad", [None, p1.AK], ids=["SC || AK", "AK"])
@pytest.mark.parametrize("control", [0x30, 0x10], ids=["encrypted", "visible"])
def test_variants_of_additional_data(aad: bytes | None, control: int) -> None:
    """What the tag covers besides the text is tried as the table says. Each entry verifies only with the right key."""
    assert ciphering.opened(block(aad=aad, control=control), EK, AK) == (TEXT, True)
    assert ciphering.opened(block(aad=aad, control=control), EK, OTHER) == (TEXT, False)


@pytest.mark.parametrize("aad", [b"", None], ids=["nothing", "SC"])
@pytest.mark.parametrize("control", [0x30, 0x31, 0x10], ids=["encrypted", "suite 1", "visible"])
def test_tag_that_binds_no_authentication_key(aad: bytes | None, control: int) -> None:
    """A tag that fits without the authentication key proves nothing about it, whatever the key is. The telegram is told apart."""
    sealed = block(aad=bytes([control]) if aad is None else aad, control=control)

    assert ciphering.opened(sealed, EK, AK) == ciphering.opened(sealed, EK, OTHER) == (TEXT, False)
    assert ciphering.proves_nothing(sealed, TEXT, EK)


@pytest.mark.parametrize(
    "sealed", [block(), block(aad=p1.AK), block(aad=b"x"), block(control=0x20)], ids=["SC || AK", "AK", "other", "no tag"]
)
def test_tag_that_may_prove_something(sealed: Block) -> None:
    """A tag over the authentication key or over unknown data, and no tag at all, do not fit without it."""
    assert not ciphering.proves_nothing(sealed, TEXT, EK)


def test_other_additional_data_never_verifies() -> None:
    """A variant that is not in the table does not verify."""
    assert not ciphering.opened(block(aad=b"\x30" + p1.EK), EK, AK)[1]
    assert [len(ciphering.AAD_VARIANTS), len(ciphering.UNBOUND)] == [2, 2]


@pytest.mark.parametrize("at", [0, 5, -13, -12, -1], ids=["text", "later text", "last of text", "tag", "last of tag"])
def test_damage_never_verifies(at: int) -> None:
    """If one bit under the tag changes, the tag does not fit."""
    data = bytearray(p1.sealed(TEXT))
    data[at + 9 if at >= 0 else at] ^= 1

    assert not ciphering.opened(ciphering.block(bytes(data), 0), EK, AK)[1]


@pytest.mark.parametrize("control", [0x30, 0x31, 0x70], ids=["suite 0", "suite 1", "broadcast key"])
def test_suites_of_128_bits(control: int) -> None:
    """Suites 0 and 1, and the broadcast bit, are under the tag as sent."""
    assert ciphering.opened(block(control=control), EK, AK) == (TEXT, True)


def test_suite_2() -> None:
    """Suite 2 takes keys of 32 bytes."""
    ek, ak = bytes(range(32)), bytes(range(100, 132))

    assert ciphering.opened(block(ek=ek, ak=ak, control=0x32), Key(ek), Key(ak)) == (TEXT, True)


@pytest.mark.parametrize(("control", "key", "size"), [(0x32, EK, 16), (0x30, Key(bytes(32)), 32), (0x31, Key(bytes(32)), 32)])
def test_key_of_the_wrong_length(control: int, key: Key, size: int) -> None:
    """A key that cannot fit the suite is refused, and the message names its length."""
    sealed = p1.sealed(TEXT, ek=bytes(16), control=control)

    with pytest.raises(WrongKeyError, match=f"encryption_key has {size}"):
        ciphering.opened(ciphering.block(sealed, 0), key, AK)


@pytest.mark.parametrize("control", [0x20, 0x21], ids=hex)
def test_encrypted_only(control: int) -> None:
    """Without a tag nothing is verified, and the text reaches to the block's end."""
    assert ciphering.opened(block(control=control), EK, AK) == (TEXT, False)


def test_authenticated_only() -> None:
    """A tag over visible text is checked. Without keys the text is there, too."""
    visible = block(control=0x10)

    assert visible.ciphertext == TEXT
    assert ciphering.opened(visible, EK, AK) == (TEXT, True)
    assert ciphering.opened(visible, EK, OTHER) == (TEXT, False)
    assert ciphering.opened(visible, None, None) == (TEXT, False)


@pytest.mark.parametrize("control", [0xB0, 0xA0], ids=hex)
def test_compression_is_refused(control: int) -> None:
    """Compressed content is refused, and the message names its control byte."""
    with pytest.raises(SecurityError, match=f"{control:02X}"):
        ciphering.opened(block(control=control), EK, AK)


def test_no_key() -> None:
    """For an encrypted block without any key, the message says what is missing."""
    with pytest.raises(WrongKeyError, match="no encryption_key"):
        ciphering.opened(block(), None, AK)


@pytest.mark.parametrize(
    ("title", "counter"),
    [(b"", 0), (b"", 7), (b"HAN00001", 0), (b"HAN00001", 0xFFFFFFFF), (b"KFM", 1)],
    ids=["zero", "counter", "title", "both", "short"],
)
def test_nonce(title: bytes, counter: int) -> None:
    """The nonce is the title, zero-filled to 8 bytes, and the counter. Any counter is accepted, also the same one twice."""
    sealed = block(title=title, counter=counter)

    assert ciphering.opened(sealed, EK, AK) == ciphering.opened(sealed, EK, AK) == (TEXT, True)


def test_errors_hold_no_key() -> None:
    """No exception of this module repeats a key."""
    for sealed, ek in ((block(), None), (block(control=0xB0), EK), (block(control=0x32), EK)):
        with pytest.raises((WrongKeyError, SecurityError)) as caught:
            ciphering.opened(sealed, ek, AK)
        assert p1.EK.hex() not in repr(caught.value)
        assert p1.AK.hex() not in repr(caught.value)


def test_words_of_a_block_that_is_wrong() -> None:
    """A block that is cut short and a title that is too long are told as what they are."""
    with pytest.raises(FramingError, match=r"^ciphered block is cut short$"):
        ciphering.block(b"\0\x82\x01\x00\x30\0\0\0\0abc", 0)
    with pytest.raises(FramingError, match=r"^block announces a system title of 9 bytes, which is too long$"):
        ciphering.extent(b"\xdb\x09" + bytes(40), 0)
