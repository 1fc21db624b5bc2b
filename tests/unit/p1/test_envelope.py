"""p1.envelope: frames into plain lines, or the error that names what is wrong."""

import pytest

import p1telegrams as p1
from telegraf_han.ciphers.secret import Key
from telegraf_han.errors import ChecksumError, FramingError, RecordError, SecurityError, TelegramError, WrongKeyError
from telegraf_han.p1 import envelope
from telegraf_han.telegram import Plain

EK, AK, OTHER = Key(p1.EK), Key(p1.AK), Key(b"\x77" * 16)


def frame(telegram: bytes) -> bytes:
    """The frame that the framer makes of a telegram with footer."""
    return telegram[: telegram.rindex(b"!") + 1]


def opened(data: bytes, ek: Key | None = EK, ak: Key | None = AK, authentication: str = "preferred", encryption: str = "optional") -> Plain:
    """A frame through both steps."""
    return envelope.opened(envelope.envelope(data), ek, ak, authentication, encryption=encryption)


STOEN = frame(p1.stoen())
PLAIN = frame(p1.plain())
LUXEMBOURG = p1.luxembourg()


@pytest.mark.parametrize(
    ("data", "ident", "is_block"),
    [
        (STOEN, "EGM5G35", True),
        (PLAIN, "EGM5G35", False),
        (frame(p1.plain(ident=b"/KFM5KAIFA-METER\n\n")), "KFM5KAIFA-METER", False),
        (LUXEMBOURG, "", True),
        (frame(p1.footed(p1.IDENT + p1.luxembourg())), "EGM5G35", True),
        (frame(p1.plain(ident=rb"/ISk5\2MT382-1000" + b"\r\n")), r"ISk5\2MT382-1000", False),
    ],
    ids=["ident and block", "plain", "LF only", "bare block", "ident and DB block", "one line end"],
)
def test_envelope(data: bytes, ident: str, is_block: bool) -> None:
    """The first bytes of a frame say what it is."""
    found = envelope.envelope(data)

    assert found.ident == ident
    assert (found.block is not None) is is_block
    assert found.text == (b"" if is_block else data.split(b"\n", 1)[1].lstrip(b"\r\n")[:-1])


@pytest.mark.parametrize("data", [b"", b"/EGM5G35\r\n\r\n", b"/EGM5G35\r\n\r\n\0", STOEN[:60], LUXEMBOURG[:-1], b"\xdb\x08\x00"], ids=len)
def test_what_is_no_envelope(data: bytes) -> None:
    """A frame without content, or whose block is cut, is a framing error."""
    with pytest.raises(FramingError):
        envelope.envelope(data)


@pytest.mark.parametrize(("data", "verified"), [(STOEN, True), (LUXEMBOURG, True), (PLAIN, False)], ids=["Stoen", "Luxembourg", "plain"])
def test_opened(data: bytes, verified: bool) -> None:
    """Only the lines come out, whatever was around them."""
    found = opened(data)

    assert found.body == p1.LINES
    assert found.verified is verified
    assert (found.form, found.address) == ("dsmr", None)


@pytest.mark.parametrize(("data", "counter"), [(STOEN, 0), (p1.luxembourg(counter=0x01020304), 0x01020304), (PLAIN, None)])
def test_counter(data: bytes, counter: int | None) -> None:
    """A block's invocation counter is passed on. It is zero at Stoen."""
    assert opened(data).counter == counter


@pytest.mark.parametrize(
    ("data", "ak"),
    [(STOEN, None), (STOEN, OTHER), (frame(p1.stoen(control=0x20)), AK), (frame(p1.stoen(control=0x10)), OTHER)],
    ids=["no AK", "wrong AK", "no tag", "visible, wrong AK"],
)
def test_preferred_and_required(data: bytes, ak: Key | None) -> None:
    """Without proof, "preferred" gives the lines unverified and "required" drops them."""
    found = opened(data, EK, ak)

    assert (found.body, found.verified) == (p1.LINES, False)
    with pytest.raises(SecurityError, match="as the configuration requires"):
        opened(data, EK, ak, "required")


def test_required_and_plain() -> None:
    """If proof is required, a telegram that anybody could have made is refused."""
    with pytest.raises(SecurityError, match="not encrypted"):
        opened(PLAIN, EK, AK, "required")
    assert opened(STOEN, EK, AK, "required").verified


@pytest.mark.parametrize(
    ("ek", "ak", "words"),
    [
        (OTHER, AK, "encryption_key does not open the telegram"),
        (OTHER, None, "encryption_key does not open the telegram"),
        (AK, EK, "are swapped"),
        (AK, OTHER, "encryption_key does not open the telegram"),
        (Key(p1.EK[::-1]), AK, "encryption_key does not open the telegram"),
        (None, AK, "no encryption_key"),
        (None, None, "no encryption_key"),
        (Key(bytes(32)), AK, "needs keys of 16 bytes"),
        (OTHER, Key(bytes(32)), "encryption_key does not open the telegram"),
    ],
    ids=["wrong EK", "wrong EK alone", "swapped", "AK as EK", "reversed", "AK alone", "none", "EK of 32 bytes", "AK of 32 bytes"],
)
def test_wrong_keys(ek: Key | None, ak: Key | None, words: str) -> None:
    """Each way in which keys can be wrong has its own sentence. No sentence shows a key."""
    with pytest.raises(WrongKeyError, match=words) as caught:
        opened(STOEN, ek, ak)

    assert p1.EK.hex() not in str(caught.value).lower()


@pytest.mark.parametrize("text", [b"hello", b"\0\0\0\0", b"\x0f\0\0\0\0\x0c", b"0-0", b"/ABC", b""], ids=repr)
def test_verified_text_that_is_none(text: bytes) -> None:
    """If the tag proves the keys, other content is the content's fault. At most 4 bytes of it are shown."""
    data = frame(p1.stoen(text or b"x"))

    with pytest.raises(RecordError):
        opened(data)
    with pytest.raises(WrongKeyError):
        opened(data, EK, None)


@pytest.mark.parametrize("lines", [b"1.8.0(1*kWh)", b"1-0:1.8.0(1*kWh)", b"96.1.0*255(33)", b"0-0:96.13.0()"], ids=repr)
def test_text_that_is_one(lines: bytes) -> None:
    """Any OBIS code may come first."""
    assert opened(frame(p1.stoen(lines)), EK, None).body == lines


def test_chance_of_random_text() -> None:
    """Of 200,000 random plaintexts none looks like P1's."""
    import random

    noise = random.Random(1)

    assert not any(envelope._LOOKS_LIKE_P1.match(noise.randbytes(60)) for _ in range(200_000))


@pytest.mark.parametrize(
    ("inner", "error"),
    [
        (p1.plain()[:-6] + b"0000\r\n", ChecksumError),
        (p1.plain().replace(b"012345", b"012346"), ChecksumError),
        (p1.plain()[:-40], FramingError),
    ],
    ids=["CRC", "value", "cut"],
)
def test_inner_telegram_that_is_damaged(inner: bytes, error: type[TelegramError]) -> None:
    """The CRC inside a block is checked, too."""
    data = b"\xdb" + p1.sealed(inner, title=p1.TITLE)

    with pytest.raises(error):
        opened(data)


@pytest.mark.parametrize("end", [b"!\r\n", b"!", b"!\0\r\n", b"!%04x\r\n", b"!%04X", b"!%X\r\n", b"!%04X\0\r\n"], ids=repr)
def test_inner_footers(end: bytes) -> None:
    """The inner CRC may be missing, unpadded, in lower case or without line end."""
    telegram = b"/ABC5lux\r\n\r\n" + p1.LINES
    end = end % p1.arc(telegram + b"!") if b"%" in end else end

    assert opened(b"\xdb" + p1.sealed(telegram + end, title=p1.TITLE)).body == p1.LINES


def test_system_title_is_named_beside_the_key() -> None:
    """With a title of the configuration, a right key opens nothing if the title is wrong. So the key alone is not called wrong."""
    found = envelope.envelope(p1.stoen())
    with pytest.raises(WrongKeyError, match="with the system_title of the configuration: one of the two is wrong"):
        envelope.opened(found, EK, None, "preferred", system_title=b"EGM\1\2\3\4\5", checked=True)


@pytest.mark.parametrize("ak", [None, OTHER], ids=["no key for the tag", "another key"])
def test_authenticated_only_is_not_believed(ak: Key | None) -> None:
    """A block that is not encrypted and whose tag proves nothing is refused where an encryption key is set, and read where that is optional."""
    data = frame(p1.stoen(control=0x10))

    with pytest.raises(SecurityError, match=r"^the telegram is not encrypted, but encryption_key is set"):
        opened(data, EK, ak, encryption="required")
    assert opened(data, EK, ak, encryption="optional").body == p1.LINES
    assert opened(data, None, ak, encryption="required").body == p1.LINES


def test_authenticated_only_and_no_text() -> None:
    """Such a block without P1 text is told as what it is, and no key is blamed."""
    with pytest.raises(RecordError, match=r"^a ciphered block, whose content is neither encrypted nor P1 text$"):
        opened(frame(p1.stoen(b"\x01nothing", control=0x10)), EK, None)


def test_doubt_with_a_title_of_the_configuration() -> None:
    """A tag that fits without the authentication key proves nothing, also where the configuration has the title."""
    data = frame(p1.hidden(p1.TITLE, aad=b"\x30"))

    found = envelope.opened(envelope.envelope(data), EK, AK, "preferred", system_title=p1.TITLE)

    assert (found.body, found.verified) == (p1.LINES, False)
    assert found.doubt.startswith("authentication_key proves nothing: the tag fits, but without the authentication key")
